package webmail

import (
	"context"
	"errors"
	"io"
	"strconv"
	"time"

	"rem/edge/web"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/timeline"
	"rem/privacy"
)

type listsPage struct {
	From, Until web.Field
	Table       web.Table
	Query       string // of the addresses of the files: days and nothing else
	Wrong       bool
}

// asked reads the days of the address. They name nobody.
func asked(v *visit) (timeline.Range, *web.Form) {
	f := web.NewForm(map[string]string{"from": v.Query("from"), "until": v.Query("until")})
	from, until := day(f, "from"), day(f, "until")
	r := timeline.Days(from, until)
	if !from.IsZero() && !until.IsZero() && until.Before(from) {
		f.Fail("until", text("Son gün ilk günden önce olamaz.", "The last day is before the first."))
	}
	return r, f
}

// written is a good day as addresses have it.
func written(f *web.Form, field string) string {
	if t := day(f, field); !t.IsZero() {
		return t.Format(time.DateOnly)
	}
	return ""
}

// lists shows where each message stands for each recipient.
func (p *pages) lists(v *visit) (web.Answer, error) {
	r, f := asked(v)
	d := listsPage{
		From:  f.Field(dayField("from", text("İlk gün", "First day"))),
		Until: f.Field(dayField("until", text("Son gün", "Last day"))),
		Wrong: !f.Good(),
		Table: web.Table{
			Caption: text("İletilerin durumu, alıcı alıcı", "Where messages stand, recipient by recipient"),
			Columns: []web.Column{{Head: text("Konu", "Subject")}, {Head: text("Alıcı", "Recipient")}, {Head: text("Gönderildi", "Submitted")}, {Head: text("Durum", "State")}},
			Empty:   text("Bu günlerde gönderilmiş ileti yok.", "Nothing was sent in these days."),
		},
	}
	days := ""
	if f.Good() {
		days = "from=" + written(f, "from") + "&until=" + written(f, "until")
		d.Query = "?" + days
		before, err := v.before()
		if err != nil {
			return nil, err
		}
		rows, err := p.Box.List(v.Context(), v.who, mailbox.Query{Kinds: []mailbox.Kind{mailbox.Sent}, From: r.From, Until: r.Until, Before: before, Limit: perPage + 1}, "")
		if err != nil {
			return nil, err
		}
		d.Table.Pager = &web.Pager{}
		if before > 0 {
			d.Table.Pager.Before = "/mail/lists?" + days
		}
		if len(rows) > perPage {
			rows = rows[:perPage]
			d.Table.Pager.After = "/mail/lists?" + days + "&before=" + strconv.FormatInt(int64(rows[perPage-1].ID), 10)
		}
		for i := range rows {
			row := &rows[i]
			for _, x := range timeline.Of(&message.View{Record: *row.Record, Standings: row.Standings}, timeline.Options{}).Rows() {
				subject := shown(x.Subject)
				if subject == "" {
					subject = v.Say(text("(konu yok)", "(no subject)"))
				}
				d.Table.Rows = append(d.Table.Rows, []web.Cell{{Text: subject, Path: itemPath(row.ID)}, {Text: shown(x.Recipient)}, {Time: x.Submitted}, {Say: x.Stands}})
			}
		}
	}
	return web.Page{
		View: p.views.Page("lists"), Title: text("Durum listeleri", "Status lists"), Data: d, Form: f, Wide: true,
		Lead: text("Gönderdiğiniz iletilerin her alıcı için durumu ve delil kutusu; tarih aralığıyla, CSV olarak da.", "Where your messages stand for each recipient, and the evidence box, by days; as CSV too."),
	}, nil
}

// listFile writes a list as CSV, as it goes.
func (p *pages) listFile(v *visit) (web.Answer, error) {
	r, f := asked(v)
	if !f.Good() {
		return nil, web.ErrForm
	}
	t := timeline.Table{English: v.Language == privacy.English, Mark: true}
	if t.English {
		t.Comma = ','
	}
	switch which := v.Var("list"); which {
	case "status":
		return p.stream(v, "ileti-durumlari.csv", "text/csv; charset=utf-8", func(ctx context.Context, w io.Writer) error {
			c, err := t.Status(w)
			if err != nil {
				return err
			}
			err = p.each(ctx, v.who, mailbox.Query{Kinds: []mailbox.Kind{mailbox.Sent}, From: r.From, Until: r.Until}, func(item mailbox.Item, view *message.View) error {
				for _, row := range timeline.Of(view, timeline.Options{}).Rows() {
					if err := c.Add(row); err != nil {
						return err
					}
				}
				return nil
			})
			return errors.Join(err, c.Flush())
		}), nil
	case "evidence":
		return p.stream(v, "delil-kutusu.csv", "text/csv; charset=utf-8", func(ctx context.Context, w io.Writer) error {
			c, err := t.Box(w)
			if err != nil {
				return err
			}
			err = p.each(ctx, v.who, mailbox.Query{Kinds: []mailbox.Kind{mailbox.Evidence}, From: r.From, Until: r.Until}, func(item mailbox.Item, view *message.View) error {
				for _, row := range timeline.Of(view, timeline.Options{}).Box() {
					if row.ID == item.Evidence {
						if err := c.Add(row); err != nil {
							return err
						}
					}
				}
				return nil
			})
			return errors.Join(err, c.Flush())
		}), nil
	}
	return nil, web.ErrNotFound
}

// each goes through the messages of items, the newest first, a page at a time.
func (p *pages) each(ctx context.Context, who mailbox.Visitor, q mailbox.Query, do func(mailbox.Item, *message.View) error) error {
	q.Limit = mailbox.MaxPage
	for {
		items, err := p.Box.Items(ctx, who, q)
		if err != nil {
			return err
		}
		for _, item := range items {
			view, err := p.Box.Message(ctx, who, item.Message)
			if err != nil {
				return err
			}
			if err := do(item, view); err != nil {
				return err
			}
		}
		if len(items) < q.Limit {
			return nil
		}
		q.Before = items[len(items)-1].ID
	}
}

// stream sends what write writes, while it writes.
func (p *pages) stream(v *visit, name, kind string, write func(context.Context, io.Writer) error) web.Answer {
	ctx, cancel := context.WithCancel(v.Context())
	r, w := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.CloseWithError(write(ctx, w))
	}()
	return web.Stream{Name: name, Type: kind, Size: -1, ReadCloser: &flow{r, func() { cancel(); r.Close(); <-done }}}
}

// flow is a pipe whose writer has ended when it is closed.
type flow struct {
	io.Reader
	end func()
}

func (f *flow) Close() error { f.end(); return nil }
