package webmail

import (
	"context"
	"io"
	"iter"
	"strconv"

	"rem"
	"rem/edge/web"
	"rem/message"
	"rem/message/export"
	"rem/message/mailbox"
	"rem/person/account"
)

type exportPage struct {
	Items    []mailbox.ItemID
	Chosen   rem.Text
	Form     web.Field
	Unopened web.Field
}

func (p *pages) mayExport(v *visit) error {
	if p.Record == nil {
		return &web.Forbidden{Why: text("Dışa aktarma bu sağlayıcıda açık değil.", "This provider has no export.")}
	}
	if !v.may.Has(account.Exporting) {
		return &web.Forbidden{Why: text("Bu hesabın iletilerini dışa aktarma yetkiniz yok.", "You have no authority to take this account's messages away.")}
	}
	return nil
}

// exporting asks what is taken away: everything, or what was ticked in a list.
func (p *pages) exporting(v *visit) (web.Answer, error) { return p.exportPage(v, nil) }

func (p *pages) exportPage(v *visit, items []mailbox.ItemID) (web.Answer, error) {
	if err := p.mayExport(v); err != nil {
		return nil, err
	}
	d := exportPage{Items: items, Chosen: text("Bütün iletiler", "All messages")}
	if n := strconv.Itoa(len(items)); len(items) > 0 {
		d.Chosen = text("Seçilen "+n+" ileti", n+" chosen messages")
	}
	d.Form = web.Field{Name: "form", Label: text("Biçim", "Form"), Type: web.RadioInput, Choices: []web.Choice{
		{Value: "eml", Label: text("Her ileti ayrı dosya (.eml)", "A file for each message (.eml)"), Chosen: true},
		{Value: "mbox", Label: text("Tek posta kutusu dosyası (mbox)", "One mailbox file (mbox)")},
	}}
	d.Unopened = web.Field{Name: "unopened", Label: text("Hiç açılmamış iletiler", "Messages that nobody opened"), Type: web.RadioInput, Choices: []web.Choice{
		{Value: "leave", Label: text("İçeriklerini alma", "Leave their content out"), Help: text("Delilleri alınır; içerikleri alınmaz ve açılmış sayılmazlar.", "Their evidence is taken; their content is not, and they are not opened."), Chosen: true},
		{Value: "open", Label: text("Aç ve al", "Open and take them"), Help: text("Her biri sizin adınıza açılır: adınızı ve zamanı gösteren okundu delili üretilir ve gönderene bildirilir.", "Each is opened by you: evidence with your name and the time is made, and the sender is told.")},
	}}
	return web.Page{
		View: p.views.Page("export"), Title: text("Dışa aktarma", "Export"), Data: d,
		Lead: text("İletileriniz ve delilleri tek bir zip dosyasında: bağlantısız açılan sayfalar ve remverify ile doğrulanabilen bir kanıt listesi içerir.", "Your messages and their evidence in one zip file, with pages that open offline and a list of proofs that remverify checks."),
	}, nil
}

// export writes the zip file while it is sent. Who takes what away is recorded
// before the first octet leaves.
func (p *pages) export(v *visit) (web.Answer, error) {
	if err := p.mayExport(v); err != nil {
		return nil, err
	}
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	ids, err := chosen(f)
	if err != nil {
		return nil, err
	}
	if f.Get("form") == "" { // from a list: the page asks how
		return p.exportPage(v, ids)
	}
	o := export.Options{Mbox: f.Get("form") == "mbox", LeaveUnopened: f.Get("unopened") != "open"}
	done := Exported{Everything: len(ids) == 0, Messages: len(ids), Opening: !o.LeaveUnopened}
	if err := p.Record(v.Context(), v.who, done); err != nil {
		return nil, err
	}
	return p.zip(v, "kep-disa-aktarma.zip", ids, o)
}

// zip streams an export. ids are the items; none: all messages.
func (p *pages) zip(v *visit, name string, ids []mailbox.ItemID, o export.Options) (web.Answer, error) {
	s := &source{p: p, who: v.who, ids: ids, received: map[copyOf]mailbox.ItemID{}}
	o.Source, o.Opener, o.Made, o.Account, o.Provider, o.Verifier, o.Authority = s, opener{s}, v.Now(), v.account.Address.String(), p.Provider, p.Verifier, p.Stamp
	if p.Trust != nil {
		var err error
		if o.Trust, err = p.Trust(v.Context()); err != nil {
			return nil, err
		}
	}
	return p.stream(v, name, "application/zip", func(ctx context.Context, w io.Writer) error {
		_, err := export.Write(ctx, w, o)
		return err
	}), nil
}

// source gives an export what the visitor sees in the box.
type source struct {
	p   *pages
	who mailbox.Visitor
	ids []mailbox.ItemID
	// received are the items that were given and not opened yet; an export has one
	// user.
	received map[copyOf]mailbox.ItemID
}

// copyOf is a received message.
type copyOf struct {
	message   rem.MessageID
	recipient int
}

// Items implements export.Source.
func (s *source) Items(ctx context.Context) iter.Seq2[export.Item, error] {
	return func(yield func(export.Item, error) bool) {
		one := func(r *mailbox.Item) bool {
			e := export.Item{Message: r.Message, Folder: string(r.Folder)}
			if r.Kind == mailbox.Received {
				e.Recipient, e.Opened = r.Recipient, !r.Opened.IsZero()
				s.received[copyOf{r.Message, r.Recipient}] = r.ID
			}
			return yield(e, nil)
		}
		for _, id := range s.ids {
			row, err := s.p.Box.Row(ctx, s.who, id)
			if err != nil {
				yield(export.Item{}, err)
				return
			}
			if (row.Kind == mailbox.Received || row.Kind == mailbox.Sent) && !one(&row.Item) {
				return
			}
		}
		if len(s.ids) > 0 {
			return
		}
		q := mailbox.Query{Kinds: []mailbox.Kind{mailbox.Received, mailbox.Sent}, Limit: mailbox.MaxPage}
		for {
			items, err := s.p.Box.Items(ctx, s.who, q)
			if err != nil {
				yield(export.Item{}, err)
				return
			}
			for i := range items {
				if !one(&items[i]) {
					return
				}
			}
			if len(items) < q.Limit {
				return
			}
			q.Before = items[len(items)-1].ID
		}
	}
}

// Message implements export.Source.
func (s *source) Message(ctx context.Context, id rem.MessageID) (*message.View, error) {
	return s.p.Box.Message(ctx, s.who, id)
}

// EvidenceOf implements export.Source.
func (s *source) EvidenceOf(ctx context.Context, id rem.MessageID) ([]message.Filed, error) {
	return s.p.Box.EvidenceOf(ctx, s.who, id)
}

// Open implements export.Source: what the account sent.
func (s *source) Open(ctx context.Context, ref message.Ref) (message.Content, error) {
	return s.p.Box.Ledger.Open(ctx, ref)
}

// opener opens received messages for the visitor, with evidence.
type opener struct{ s *source }

// Open implements export.Opener.
func (o opener) Open(ctx context.Context, id rem.MessageID, recipient int) (message.Content, error) {
	key := copyOf{id, recipient}
	item, ok := o.s.received[key]
	if !ok {
		return nil, mailbox.ErrNotFound
	}
	delete(o.s.received, key)
	return o.s.p.Box.Open(ctx, o.s.who, item)
}
