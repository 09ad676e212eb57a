package bulk

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"time"

	"rem"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/timeline"
	"rem/privacy"
)

// Header is that of results.
var Header = []string{"row", "address", "step", "state", "message", "evidence", "evidence_kind", "positive", "time", "reason_code", "reason"}

// Results writes where every item stands now, as CSV (RFC 4180) in UTF-8: in English
// words of the formats, with reasons in both languages. Cells that a spreadsheet would
// compute are defused. The addresses are opened for who asks.
func (s *Service) Results(ctx context.Context, who mailbox.Visitor, id ID, w io.Writer) error {
	j, err := s.Job(ctx, who.Actor, id)
	if err != nil {
		return err
	}
	as := privacy.AsOperator
	if who.Actor.Person == who.Actor.Holder {
		as = privacy.AsHolder
	}
	access := privacy.Access{Actor: who.Actor, Role: as, Purpose: privacy.AccountUse, Case: privacy.CaseID("bulk-" + string(id))}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(Header); err != nil {
		return err
	}
	for after := 0; ; {
		items, err := s.Store.Items(ctx, j.ID, nil, after, itemsAtOnce)
		if err != nil {
			return err
		}
		if len(items) == 0 {
			break
		}
		sealed := make([]privacy.Item, len(items))
		for i, x := range items {
			sealed[i] = privacy.Item{Person: j.Actor.Holder, Field: AddressField, Sealed: x.Address}
		}
		addresses, err := s.Vault.OpenAll(ctx, access, sealed)
		if err != nil {
			return err
		}
		for i := range items {
			cells, err := s.line(ctx, &items[i], addresses[i].Text())
			if err != nil {
				return err
			}
			for k := range cells {
				cells[k] = timeline.Defused(cells[k])
			}
			if err := out.Write(cells); err != nil {
				return err
			}
		}
		after = items[len(items)-1].Row
	}
	out.Flush()
	return out.Error()
}

// line is one item with the newest evidence of its message.
func (s *Service) line(ctx context.Context, x *Item, address string) ([]string, error) {
	var state, evidence, kind, positive, code string
	at, why := x.At, x.Why
	if x.Message != "" {
		view, err := s.Ledger.Message(ctx, x.Message)
		if err != nil && !errors.Is(err, message.ErrNotFound) {
			return nil, fmt.Errorf("looking at %s: %w", x.Message, err)
		}
		if err == nil {
			state = view.Standing(1).State.String()
			for _, f := range view.Filed {
				if f.Conflict || f.Recipient > 1 {
					continue
				}
				evidence, kind, positive, at, code = string(f.ID), f.Kind.String(), fmt.Sprint(f.Outcome == message.Positive), f.Time, ""
				why = rem.Text{}
				if len(f.Reasons) > 0 {
					code = string(f.Reasons[0])
				}
			}
		}
	}
	reason := why.Turkish
	if why.English != "" {
		reason += " / " + why.English
	}
	return []string{number(x.Row), address, string(x.Step), state, string(x.Message), evidence, kind, positive, at.UTC().Format(time.RFC3339), code, reason}, nil
}
