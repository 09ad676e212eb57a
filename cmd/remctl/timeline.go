package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"rem"
	"rem/edge/control"
	"rem/mail/archive"
	"rem/message"
	"rem/message/timeline"
)

type sentCommand struct {
	Address string `arg:"" help:"Whose messages."`
	Limit   int    `help:"How many, newest first; 0 for all." default:"50"`
}

// Run implements the command.
func (c *sentCommand) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	ask := 0
	if c.Limit > 0 {
		ask = c.Limit + 1 // one more tells whether there are more
	}
	list, err := provider.Sent(s.ctx, c.Address, ask)
	if err != nil {
		return err
	}
	list = cut(s, list, c.Limit)
	return s.show(list, func(t *table) {
		t.row(s.words.heads("TIME MESSAGE SUBJECT STATE")...)
		for _, m := range list {
			t.row(moment(m.Submitted), m.Message, m.Subject, s.standings(&m))
		}
	})
}

// standings sums the recipients' states up, in their order: "2 delivered".
func (s *session) standings(m *control.Timeline) string {
	count := map[string]int{}
	var order []string
	for _, r := range m.Recipients {
		if count[r.State]++; count[r.State] == 1 {
			order = append(order, r.State)
		}
	}
	for i, state := range order {
		order[i] = fmt.Sprintf("%d %s", count[state], s.words.say(state))
	}
	return strings.Join(order, ", ")
}

type timelineCommand struct {
	Message string        `arg:"" help:"The message's identifier, as send prints it."`
	Wait    []string      `help:"Wait for an evidence: its kind (the schema's element), its outcome (positive or negative) and its recipient (an address, a number, or nothing). May be given several times." placeholder:"KIND,OUTCOME,RECIPIENT" sep:"none"`
	Timeout time.Duration `help:"How long to wait." default:"1m"`
}

// lookAgain is how often a wait asks.
const lookAgain = 100 * time.Millisecond

// Run implements the command.
func (c *timelineCommand) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	var waits []awaited
	for _, w := range c.Wait {
		a, err := parseAwaited(w)
		if err != nil {
			return err
		}
		waits = append(waits, a)
	}
	ctx, cancel := context.WithTimeout(s.ctx, c.Timeout)
	defer cancel()
	for {
		t, err := provider.Timeline(s.ctx, rem.MessageID(c.Message))
		if err != nil && (len(waits) == 0 || !notThere(err)) {
			return err
		}
		left := missing(waits, t)
		if err == nil && len(left) == 0 {
			return s.showTimeline(t)
		}
		select {
		case <-ctx.Done():
			if t != nil {
				if err := s.showTimeline(t); err != nil {
					return err
				}
			}
			fmt.Fprintf(s.side, "remctl: after %s there is no %s\n", c.Timeout, strings.Join(left, " and no "))
			return errNo
		case <-time.After(lookAgain):
		}
	}
}

func notThere(err error) bool {
	answer, ok := errors.AsType[*control.Error](err)
	return ok && answer.Status == 404
}

func (s *session) showTimeline(m *control.Timeline) error {
	return s.show(m, func(t *table) {
		t.row(s.words.say("message"), m.Message)
		t.row(s.words.say("sender"), m.Sender)
		t.row(s.words.say("subject"), m.Subject)
		t.row(s.words.say("submitted"), moment(m.Submitted))
		t.row(s.words.say("size"), s.words.say("octets", m.Size))
		t.row(s.words.say("digest"), m.Digest)
		for _, k := range m.Unscanned {
			t.row(s.words.say("unscanned"), s.words.pick(archive.Finding{Kind: k}.Text()))
		}
		t.row()
		t.row(append([]any{"#"}, s.words.heads("RECIPIENT STATE SINCE DUE")...)...)
		for _, r := range m.Recipients {
			t.row(r.Number, r.Address, s.words.say(r.State), moment(r.Since), moment(r.Due))
		}
		t.row()
		t.row(append([]any{"#"}, s.words.heads("STEP STATE TIME DUE")...)...)
		told := timeline.Of(viewed(m), timeline.Options{})
		for _, r := range told.Recipients {
			for _, step := range r.Steps {
				t.row(r.Number, s.words.pick(step.Place.Name()), s.words.pick(step.Progress.Name()), moment(step.Time), moment(step.Until))
			}
		}
		t.row()
		s.lines(t, m.Lines)
	})
}

// viewed gives a timeline as the ledger has it, as far as its steps need it.
func viewed(m *control.Timeline) *message.View {
	v := &message.View{Record: message.Record{ID: m.Message, Submitted: m.Submitted}}
	for _, r := range m.Recipients {
		to := message.Recipient{Party: message.Party{Raw: r.Address}, Leg: message.Outbound}
		for _, leg := range []message.Leg{message.Inbound, message.Local} {
			if leg.String() == r.Leg {
				to.Leg = leg
			}
		}
		v.Record.Recipients = append(v.Record.Recipients, to)
		state, _ := message.StateNamed(r.State)
		v.Standings = append(v.Standings, message.Standing{Recipient: r.Number, State: state, Since: r.Since, Due: r.Due})
	}
	for _, l := range m.Lines {
		v.Filed = append(v.Filed, filed(&l))
	}
	return v
}

// filed is the evidence of a line.
func filed(l *control.Line) message.Filed {
	f := message.Filed{ID: l.Evidence, Recipient: l.Recipient, Issuer: l.Issuer, Time: l.Time, Reasons: l.Reasons, NoInformation: l.NoInformation, Conflict: l.Conflict}
	f.Kind, _ = message.KindNamed(l.Kind)
	if f.Outcome = message.Negative; l.Outcome == message.Positive.String() {
		f.Outcome = message.Positive
	}
	return f
}

// lines writes evidence, a line each.
func (s *session) lines(t *table, lines []control.Line) {
	t.row(s.words.heads("TIME ABOUT ISSUER EVIDENCE ID")...)
	for i := range lines {
		l := &lines[i]
		t.row(moment(l.Time), s.words.about(l.Recipient), l.Issuer, s.words.evidence(l), l.Evidence)
	}
}

// An awaited evidence.
type awaited struct {
	text          string
	kind, outcome string
	recipient     string // address, number or ""
}

func parseAwaited(text string) (awaited, error) {
	fields := strings.SplitN(text, ",", 3)
	a := awaited{text: text, kind: fields[0]}
	if len(fields) > 1 {
		a.outcome = fields[1]
	}
	if len(fields) > 2 {
		a.recipient = fields[2]
	}
	kind, ok := message.KindNamed(a.kind)
	outcome := map[string]message.Outcome{"positive": message.Positive, "negative": message.Negative}[a.outcome]
	if !ok || !kind.Allows(outcome) {
		return a, fmt.Errorf("--wait %s: write KIND,OUTCOME or KIND,OUTCOME,RECIPIENT, such as DeliveryNonDeliveryToRecipient,positive,bora@hs91.kep.test", text)
	}
	return a, nil
}

// missing names what is awaited and not there yet.
func missing(waits []awaited, t *control.Timeline) (left []string) {
	for _, w := range waits {
		if t == nil || !w.in(t) {
			left = append(left, w.text)
		}
	}
	return left
}

func (w awaited) in(t *control.Timeline) bool {
	for _, l := range t.Lines {
		if l.Kind != w.kind || l.Outcome != w.outcome || l.Conflict {
			continue
		}
		if w.recipient == "" || w.recipient == fmt.Sprint(l.Recipient) {
			return true
		}
		for _, r := range t.Recipients {
			if (r.Number == l.Recipient || l.Recipient == 0) && rem.FoldASCII(r.Address) == rem.FoldASCII(w.recipient) {
				return true
			}
		}
	}
	return false
}
