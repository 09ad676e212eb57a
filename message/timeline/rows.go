package timeline

import (
	"slices"
	"time"

	"rem"
	"rem/message"
)

// A Row is one line of the message-status list: one message for one recipient.
type Row struct {
	Message   rem.MessageID
	Subject   string
	Sender    string
	Recipient string
	Number    int
	State     message.State
	Stands    rem.Text
	Submitted time.Time
	// The times of the steps; zero for what has not happened, or is known from a
	// later step alone.
	TakenOver, InMailbox, Read time.Time
	// Ended is when it was found that it would not arrive; zero otherwise.
	Ended    time.Time
	Reasons  []Reason
	Until    time.Time
	Evidence int // how many evidences are about this recipient
	Conflict bool
}

// Rows are a message's lines of the message-status list.
func (m *Message) Rows() []Row {
	rows := make([]Row, 0, len(m.Recipients))
	for i := range m.Recipients {
		r := &m.Recipients[i]
		row := Row{
			Message: m.ID, Subject: m.Subject, Sender: m.Sender.Address, Recipient: r.Address, Number: r.Number,
			State: r.State, Stands: r.Stands, Submitted: m.Submitted.UTC(), Until: r.Until, Evidence: len(r.Others), Conflict: r.Conflict,
		}
		for _, s := range r.Steps {
			row.Evidence += len(s.Evidence)
			switch {
			case s.Progress == Failed && s.Place != Read:
				if row.Ended.IsZero() {
					row.Ended = s.Time
				}
				row.Reasons = append(row.Reasons, s.Reasons...)
			case s.Progress == Unknown:
				row.Reasons = append(row.Reasons, s.Reasons...)
			case s.Progress != Done:
			case s.Place == TakenOver:
				row.TakenOver = s.Time
			case s.Place == InMailbox:
				row.InMailbox = s.Time
			case s.Place == Read:
				row.Read = s.Time
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// A BoxRow is one line of the evidence box.
type BoxRow struct {
	Evidence
	Message rem.MessageID
	Subject string
	// About is the address of the recipient concerned; "" when it concerns all.
	About string
}

// Box are a message's lines of the evidence box, in order of time.
func (m *Message) Box() []BoxRow {
	rows := make([]BoxRow, 0, len(m.Evidence))
	for _, e := range m.Evidence {
		row := BoxRow{Evidence: e, Message: m.ID, Subject: m.Subject}
		if r := m.Find(e.Recipient); r != nil {
			row.About = r.Address
		}
		rows = append(rows, row)
	}
	return rows
}

// A Range is a range of time: From and what follows, and before Until. A zero
// end is open.
type Range struct{ From, Until time.Time }

// Days is the range of whole days in Türkiye, the last one included; a zero
// date leaves its end open.
func Days(first, last time.Time) Range {
	day := func(t time.Time, more int) time.Time {
		if t.IsZero() {
			return t
		}
		y, m, d := t.Date()
		return time.Date(y, m, d+more, 0, 0, 0, 0, Türkiye).UTC()
	}
	return Range{day(first, 0), day(last, 1)}
}

// Has reports whether a time is in the range.
func (r Range) Has(t time.Time) bool {
	return (r.From.IsZero() || !t.Before(r.From)) && (r.Until.IsZero() || t.Before(r.Until))
}

// InBox keeps the lines of the evidence box whose event is in the range, in
// order of time.
func InBox(rows []BoxRow, r Range) []BoxRow {
	var out []BoxRow
	for _, row := range rows {
		if r.Has(row.Time) {
			out = append(out, row)
		}
	}
	slices.SortStableFunc(out, func(a, b BoxRow) int { return a.Time.Compare(b.Time) })
	return out
}
