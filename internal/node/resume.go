package node

import (
	"context"

	"rem/message"
)

// A leftover is what one stage could not finish at start.
type leftover struct {
	stage  message.Stage
	finish func(context.Context, message.Kept) error
	left   []message.Kept // nil at first: all
}

// resume finishes what was intended before a crash, before anything new. What
// cannot be finished, as while no time-stamp authority answers, does not keep
// the provider from starting: mailboxes are read meanwhile, and resumeLater goes
// on. An error means that the ledger cannot tell what there is.
func (n *Node) resume(ctx context.Context) error {
	for _, o := range []*leftover{
		{stage: message.SubmissionStage, finish: n.Submitter.Finish},
		{stage: message.RelayStage, finish: n.Relay.Finish},
		{stage: message.DeliveryStage, finish: n.Deliverer.Finish},
		{stage: message.RetrievalStage, finish: n.Retriever.Finish},
	} {
		switch err := n.finish(ctx, o); {
		case err == nil:
		case len(o.left) == 0:
			return err
		default:
			n.Alarm("what was begun before the start cannot be finished yet", "", o.stage.String())
			n.left = append(n.left, o)
		}
	}
	return nil
}

func (n *Node) finish(ctx context.Context, o *leftover) (err error) {
	o.left, err = message.Resume(ctx, n.Store, o.stage, o.left, o.finish)
	if err != nil {
		n.Log.Error("finishing what was begun before the start", "stage", o.stage.String(), "left", len(o.left), "err", err)
	}
	return err
}

// resumeLater tries what resume left, again and again, until nothing is left or
// ctx ends.
func (n *Node) resumeLater(ctx context.Context) {
	for tries := 1; len(n.left) > 0; tries++ {
		if n.clock.Wait(ctx, n.Practice.Backoff(tries)) != nil {
			return
		}
		var left []*leftover
		for _, o := range n.left {
			if n.finish(ctx, o) != nil {
				left = append(left, o)
			}
		}
		n.left = left
	}
}
