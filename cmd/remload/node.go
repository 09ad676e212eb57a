package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"rem"
	"rem/edge/clock"
	"rem/edge/config"
	"rem/internal/node"
	"rem/message"
	"rem/message/retrieval"
	accounts "rem/person/account"
	"rem/privacy"
	"rem/trust/tsp"
)

// nodeCmd is the program that remload starts for each provider: the provider of
// remd, and beside it somebody who counts and opens mail. It works until its
// input ends, so that it does not outlive who started it.
type nodeCmd struct {
	Config  string        `required:"" help:"Configuration file."`
	TSA     string        `help:"Stamp in process with this certificate and key (NAME.crt.pem, NAME.key.pem) in place of asking over HTTP." placeholder:"NAME"`
	Window  time.Duration `help:"Commit window of the journal; 0 is the usual one, -1ns none."`
	Hold    bool          `help:"Let nothing happen after submission."`
	Opens   bool          `help:"Open every message that arrives."`
	Profile string        `help:"File for a CPU profile." placeholder:"FILE"`
	Trace   string        `help:"File for an execution trace." placeholder:"FILE"`
}

// A tally of what a node did, one line for each line that it is asked.
type tally struct {
	Syncs, Records uint64
	Sent           int64  // by our holders
	Finished       int64  // of these, with the last evidence that is waited for
	Pending        string // one that is not, and where it stands
	Fault          string
}

// Run is the child's main.
func (c *nodeCmd) Run(ctx context.Context) error {
	return profiled(c.Profile, func() error { return traced(c.Trace, func() error { return c.run(ctx) }) })
}

func (c *nodeCmd) run(ctx context.Context) (err error) {
	node.CollectSeldom()
	cfg, err := config.Read(c.Config)
	if err != nil {
		return err
	}
	o := node.Options{Window: c.Window, Hold: c.Hold, Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	if c.TSA != "" {
		if o.Authority, err = stamper(c.TSA); err != nil {
			return err
		}
	}
	n, err := node.Open(ctx, cfg, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	asked := make(chan struct{})
	err = n.Run(ctx, func() {
		fmt.Println("ready")
		go func() {
			defer close(asked)
			cancel(c.answer(ctx, n))
		}()
	})
	cancel(nil)
	os.Stdin.Close()
	<-asked
	if cause := context.Cause(ctx); err == nil && !errors.Is(cause, context.Canceled) && !errors.Is(cause, io.EOF) {
		err = cause
	}
	return err
}

// stamper is an authority in process.
func stamper(name string) (tsp.Authority, error) {
	pair, err := tls.LoadX509KeyPair(name+".crt.pem", name+".key.pem")
	if err != nil {
		return nil, fmt.Errorf("reading the stamper's key: %w", err)
	}
	id, err := identity(pair)
	if err != nil {
		return nil, err
	}
	return tsp.NewResponder(tsp.ResponderOptions{Key: id.Key, Chain: id.Chain, Policy: stampPolicy, Accuracy: time.Second, Clock: clock.System{}})
}

// answer tells what the node did, a line for each line of the input, and io.EOF
// when the input has ended. With Opens it opens mail meanwhile.
func (c *nodeCmd) answer(ctx context.Context, n *node.Node) error {
	w := watcher{node: n, last: message.Delivered, seen: map[rem.AccountID]rem.MessageID{}, read: map[rem.AccountID]int64{}}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			lines <- in.Text()
		}
	}()
	var look <-chan time.Time
	if c.Opens {
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		look = ticker.C
	}
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return io.EOF
			}
			var a tally
			if last, ok := questions[line]; ok {
				w.last = last
				if err := w.check(ctx); err != nil {
					a.Fault = err.Error()
				}
			}
			s := n.Store.Stats()
			a.Syncs, a.Records, a.Sent, a.Finished, a.Pending = s.Syncs, s.Records, w.sent, w.finished, w.pending
			if err := json.NewEncoder(os.Stdout).Encode(a); err != nil {
				return err
			}
		case <-look:
			if err := w.open(ctx); err != nil && ctx.Err() == nil {
				return fmt.Errorf("opening mail: %w", err)
			}
		}
	}
}

// questions are those that make the watcher look at every message, with what is
// the last thing to happen to one.
var questions = map[string]message.State{"check submission": message.None, "check": message.Delivered, "check retrieval": message.Retrieved}

// A watcher looks at what the ledger says, and opens mail.
type watcher struct {
	node           *node.Node
	last           message.State // that every message is to reach
	sent, finished int64
	pending        string
	seen           map[rem.AccountID]rem.MessageID // the newest that is finished, with all before it
	read           map[rem.AccountID]int64         // the highest UID that was opened
	readers        []accounts.Account              // who open: accounts do not change once mail arrives
	names          []privacy.Value                 // of those who open
}

func (w *watcher) each(ctx context.Context, do func(rem.AccountID) error) error {
	var after rem.AccountID
	for {
		page, err := w.node.Store.Accounts(ctx, after, 100)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, a := range page {
			if err := do(a.ID); err != nil {
				return err
			}
			after = a.ID
		}
	}
}

// owed is the evidence that a finished message of ours has.
func owed(last message.State, leg message.Leg) []message.Kind {
	kinds := []message.Kind{message.SubmissionAcceptanceRejection}
	if last == message.None {
		return kinds
	}
	kinds = append(kinds, message.DeliveryNonDeliveryToRecipient)
	if leg == message.Outbound {
		kinds = append(kinds, message.RelayREMMDAcceptanceRejection)
	}
	if last == message.Retrieved {
		kinds = append(kinds, message.RetrievalNonRetrievalByRecipient)
	}
	return kinds
}

// check counts the messages that our holders sent and those whose every owed
// evidence is filed, positive and once.
func (w *watcher) check(ctx context.Context) error {
	w.pending = ""
	return w.each(ctx, func(id rem.AccountID) error {
		var before, newest rem.MessageID
		whole, sent, finished := true, int64(0), int64(0)
		for {
			page, err := w.node.Store.Sent(ctx, id, before, 500)
			if err != nil {
				return err
			}
			for _, m := range page {
				if m == w.seen[id] {
					page = nil
					break
				}
				if newest == "" {
					newest = m
				}
				before = m
				sent++
				v, err := w.node.Store.Message(ctx, m)
				if err != nil {
					return err
				}
				if w.complete(v) {
					finished++
				} else {
					whole = false
				}
			}
			if len(page) == 0 {
				break
			}
		}
		if whole { // the next check begins here
			w.sent, w.finished = w.sent+sent, w.finished+finished
			if newest != "" {
				w.seen[id] = newest
			}
		}
		return nil
	})
}

func (w *watcher) complete(v *message.View) bool {
	if s := v.Standing(1).State; w.last != message.None && s != w.last && s != message.Retrieved {
		w.pending = fmt.Sprintf("%s is %s", v.Record.ID, s)
		return false
	}
	for _, kind := range owed(w.last, v.Record.Recipients[0].Leg) {
		n := len(slices.DeleteFunc(slices.Clone(v.Filed), func(f message.Filed) bool {
			return f.Kind != kind || f.Outcome != message.Positive || f.Conflict
		}))
		if n != 1 {
			w.pending = fmt.Sprintf("%s has %d times the evidence %s", v.Record.ID, n, kind)
			return false
		}
	}
	return true
}

// open opens what arrived since the last time.
func (w *watcher) open(ctx context.Context) error {
	if len(w.read) == 0 { // nothing came yet: more accounts may be opened
		list, err := w.node.Store.Accounts(ctx, "", 100)
		if err != nil {
			return err
		}
		w.readers, w.names = list, nil
		for _, a := range list {
			// Once, as for somebody who logs in and reads for the whole run.
			by := privacy.Access{Actor: rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Operators[0].Person}, Role: privacy.AsOperator, Purpose: privacy.Carriage, Case: "load"}
			name, err := w.node.Records.Vault.Open(ctx, by, a.Operators[0].Person, accounts.OperatorName, a.Operators[0].Name)
			if err != nil {
				return err
			}
			w.names = append(w.names, name)
		}
	}
	for i, a := range w.readers {
		entries, err := w.node.Store.Mailbox(ctx, a.ID, w.read[a.ID], 256)
		if err != nil {
			return err
		}
		const method = "urn:rem:authentication:application-password"
		who := retrieval.Login{
			Actor:          rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Operators[0].Person, Method: method},
			Authentication: message.Authentication{Time: time.Now().UTC(), Method: method},
			Name:           w.names[i],
		}
		work := make(chan error, len(entries))
		for _, e := range entries {
			go func() {
				_, err := w.node.Retriever.Open(ctx, who, e.Message, e.Recipient)
				work <- err
			}()
			w.read[a.ID] = e.UID
		}
		for range entries {
			err = errors.Join(err, <-work)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
