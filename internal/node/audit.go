package node

import (
	"context"
	"fmt"

	"rem"
	"rem/edge/blobstore"
	"rem/edge/control"
	"rem/mail/mime"
	"rem/message"
	"rem/message/verification"
	"rem/trust/validation"
)

// auditPage is how many messages are listed at once.
const auditPage = 500

// Audit implements control.Provider: a separate reader verifies again what the
// signing path stored. It shares formats with it and no decisions.
func (c controller) Audit(ctx context.Context, report func(control.Finding) error) error {
	v, err := c.n.verifier()
	if err != nil {
		return err
	}
	total, err := c.n.count(ctx)
	if err != nil {
		return err
	}
	var done, after int64
	for {
		ids, last, err := c.n.Store.Messages(ctx, after, auditPage)
		if err != nil {
			return fmt.Errorf("listing messages: %w", err)
		}
		if len(ids) == 0 {
			return report(control.Finding{Done: done, Total: done})
		}
		after = last
		for _, id := range ids {
			done++
			problems, err := c.n.audit(ctx, v, id)
			if ctx.Err() != nil {
				return fmt.Errorf("auditing %s: %w", id, ctx.Err())
			}
			if err != nil {
				problems = append(problems, control.Finding{Message: id, Problem: err.Error()})
			}
			for _, p := range problems {
				p.Done, p.Total = done, max(total, done)
				if err := report(p); err != nil {
					return err
				}
			}
			if done%50 == 0 {
				if err := report(control.Finding{Done: done, Total: max(total, done)}); err != nil {
					return err
				}
			}
		}
	}
}

func (n *Node) verifier() (*verification.Verifier, error) {
	anchors, err := readAnchors(n.Config)
	if err != nil {
		return nil, err
	}
	p := anchors.policy(n.Config)
	p.Personal.Revocation = validation.RevocationIfKnown // the original was judged when it came
	return verification.New(verification.Options{Policy: p, Clock: n.clock, MayIssue: n.mayIssue})
}

// count is how many messages there are, for the progress of an audit.
func (n *Node) count(ctx context.Context) (total int64, err error) {
	for after := int64(0); ; {
		ids, last, err := n.Store.Messages(ctx, after, 10*auditPage)
		if err != nil {
			return 0, fmt.Errorf("counting messages: %w", err)
		}
		if len(ids) == 0 {
			return total, nil
		}
		total, after = total+int64(len(ids)), last
	}
}

// audit verifies one message: every evidence, and the original against it.
func (n *Node) audit(ctx context.Context, v *verification.Verifier, id rem.MessageID) (problems []control.Finding, err error) {
	view, err := n.Store.Message(ctx, id)
	if err != nil {
		return nil, err
	}
	filed, err := n.Store.EvidenceOf(ctx, id)
	if err != nil {
		return nil, err
	}
	var files []verification.Input
	for _, f := range filed {
		if err := n.onDisk(f.Ref); err != nil {
			return nil, fmt.Errorf("evidence %s: %w", f.ID, err)
		}
		if !f.Conflict {
			files = append(files, verification.Input{Name: string(f.ID), Source: mime.Memory(f.XML)})
		}
	}
	if view.Record.Original != "" {
		if err := n.onDisk(view.Record.Original); err != nil {
			return nil, fmt.Errorf("original: %w", err)
		}
		whole, err := n.Store.Open(ctx, view.Record.Original)
		if err != nil {
			return nil, err
		}
		files = append(files, verification.Input{Name: "original", Source: message.OriginalIn(whole, &view.Record)})
	}
	r, err := v.Verify(ctx, files...)
	if err != nil {
		return nil, err
	}
	for _, f := range r.Findings {
		if f.Verdict != validation.TotalPassed {
			problems = append(problems, control.Finding{Message: id, Problem: fmt.Sprintf("%s %s: %s %s %s", f.Subject, f.Name, f.Verdict, f.Sub, f.Detail)})
		}
	}
	return problems, nil
}

// onDisk reads a content from the disk, of which the ledger may have answered
// from memory: what an audit is about is what will be there in twenty years.
func (n *Node) onDisk(ref message.Ref) error {
	r, err := blobstore.ParseRef(string(ref))
	if err != nil {
		return err
	}
	return n.Store.Contents().Check(r)
}
