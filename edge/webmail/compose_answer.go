package webmail

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"rem"
	"rem/edge/web"
	"rem/mail/reading"
	"rem/message"
	"rem/message/mailbox"
)

// answering notes which message a new draft answers, when it is in the mailbox.
func (p *pages) answering(v *visit, f *web.Form, d *mailbox.Draft) error {
	id := rem.MessageID(f.Get("answers"))
	if id == "" || d.Version > 0 {
		return nil
	}
	if _, err := p.Box.Message(v.Context(), v.who, id); err != nil {
		return err
	}
	d.Answers = id
	return nil
}

// quotable opens a message that somebody answers or passes on: one that was sent, or
// that somebody of the account has opened already.
func (p *pages) quotable(v *visit, item string) (row mailbox.Row, c message.Content, err error) {
	n, err := strconv.ParseInt(item, 10, 64)
	if err != nil || n <= 0 {
		return row, nil, web.ErrNotFound
	}
	row, err = p.Box.Row(v.Context(), v.who, mailbox.ItemID(n))
	if err != nil {
		return row, nil, err
	}
	if row.Kind != mailbox.Received && row.Kind != mailbox.Sent || row.Kind == mailbox.Received && !p.isOpened(v, &row) {
		return row, nil, web.ErrNotFound // what nobody opened is not quoted
	}
	c, err = p.Box.Open(v.Context(), v.who, row.ID)
	return row, c, err
}

// answerTo begins an answer to an opened message, or passes it on.
func (p *pages) answerTo(v *visit, d *mailbox.Draft, item, how string) error {
	row, c, err := p.quotable(v, item)
	if err != nil {
		return err
	}
	defer closeContent(c)
	doc, err := reading.Read(c, reading.Options{Quick: true})
	if err != nil {
		return fmt.Errorf("reading what is answered: %w", err)
	}
	var body strings.Builder
	for _, s := range doc.Sections {
		if left := maxQuoted - body.Len(); len(s.Plain) > left {
			body.WriteString(strings.ToValidUTF8(s.Plain[:left], "") + "…\n")
			break
		}
		body.WriteString(s.Plain)
	}
	rec := row.Record
	mine := v.account.Address.String()
	own := func(a string) bool { return rem.FoldASCII(a) == rem.FoldASCII(mine) }
	prefix := "Ynt: "
	switch {
	case how == "forward":
		prefix, d.Forwards = "İlt: ", rec.ID
	case row.Kind == mailbox.Received:
		d.To, d.Answers = []string{rec.Sender.Address.String()}, rec.ID
	}
	if how == "all" || how != "forward" && row.Kind == mailbox.Sent {
		for i := range rec.Recipients {
			r := &rec.Recipients[i]
			if r.Address.IsZero() || own(r.Address.String()) {
				continue
			}
			if r.Copy {
				d.Cc = append(d.Cc, r.Address.String())
			} else {
				d.To = append(d.To, r.Address.String())
			}
		}
		once(d)
	}
	subject := shown(rec.Subject)
	if !strings.HasPrefix(rem.FoldName(subject), rem.FoldName(strings.TrimSpace(prefix))) {
		subject = prefix + subject
	}
	if r := []rune(subject); len(r) > mailbox.MaxSubject {
		subject = string(r[:mailbox.MaxSubject])
	}
	d.Subject, d.Text = subject, quote(partyName(rec.Sender), rec.Submitted, body.String(), v)
	return nil
}

// maxQuoted bounds what an answer repeats; all of it goes along as an attachment.
const maxQuoted = 64 << 10

// once leaves each address in once, the first time.
func once(d *mailbox.Draft) {
	seen := map[string]bool{}
	keep := func(list []string) (kept []string) {
		for _, t := range list {
			key := rem.FoldASCII(t)
			if a, _, ok := addressOf(t); ok {
				key = a.String()
			}
			if !seen[key] {
				seen[key] = true
				kept = append(kept, t)
			}
		}
		return kept
	}
	d.To = keep(d.To)
	d.Cc = keep(d.Cc)
}

// quote writes what a message said before an answer to it.
func quote(from string, at time.Time, body string, v *visit) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n\n%s, %s:\n", at.In(istanbul).Format("02.01.2006 15:04"), shown(from))
	lines := strings.Split(strings.TrimRight(body, "\n"), "\n")
	for _, l := range lines {
		b.WriteString(strings.TrimRight("> "+l, " "))
		b.WriteByte('\n')
	}
	return b.String()
}
