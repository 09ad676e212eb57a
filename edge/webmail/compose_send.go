package webmail

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/edge/web"
	"rem/mail/mime"
	"rem/message/mailbox"
	"rem/person/account"
	"rem/provider/directory"
)

// Writing are what the pages for writing ask.
type Writing struct {
	// Sign is the address of the pages for signing: a form whose fields "draft" name
	// what is to be signed goes there.
	Sign string
	// Check asks the directory about addresses, as a sender may, in their order; its
	// quotas hold. Nil: the pages say that nobody was asked.
	Check func(ctx context.Context, who mailbox.Visitor, addresses []rem.Address) ([]directory.Status, error)
	// Known reports whether the domain is that of a provider on the trust list, or
	// ours. Nil: every domain counts as one.
	Known func(domain string) bool
	// MaxPackage is how large a signed package may be, in octets; 0: 25 MiB.
	MaxPackage int64
}

// A recipient as a page shows it before signing.
type recipient struct {
	Address string
	Copy    bool
	Tone    web.Tone
	Says    rem.Text
	// Stops: the message would be refused.
	Stops bool
}

// addressOf reads one address as it was typed.
func addressOf(typed string) (a rem.Address, written string, ok bool) {
	m, err := mime.ParseMailboxes(typed, mime.DefaultLimits)
	if err != nil || len(m) != 1 {
		return a, shown(typed), false
	}
	a, err = rem.ParseAddress(m[0].Address)
	return a, shown(m[0].Address), err == nil
}

// checked says of each recipient what is known before anything is signed. What the
// directory does not answer now is said so, and stops nothing.
func (p *pages) checked(v *visit, to, cc []string) ([]recipient, error) {
	var list []recipient
	var ask []rem.Address
	var at []int
	for i, t := range slices.Concat(to, cc) {
		a, written, ok := addressOf(t)
		r := recipient{Address: written, Copy: i >= len(to), Tone: web.Plain, Says: text("Rehberde denetlenmedi.", "Not checked in the directory.")}
		switch {
		case !ok:
			r.Tone, r.Stops, r.Says = web.Bad, true, text("Bu bir KEP adresi değil; KEP dışına gönderilmez.", "This is no registered address; nothing is sent outside KEP.")
		case p.Known != nil && !p.Known(a.Provider()):
			r.Tone, r.Stops, r.Says = web.Bad, true, text("Bu adresin sağlayıcısı güven listesinde yok; ileti kabul edilmez.", "The provider of this address is not on the trust list; the message would be refused.")
		default:
			ask, at = append(ask, a), append(at, len(list))
		}
		list = append(list, r)
	}
	if p.Check == nil || len(ask) == 0 {
		return list, nil
	}
	for some := range slices.Chunk(at, checkAtOnce) {
		n := len(some)
		statuses, err := p.Check(v.Context(), v.who, ask[:n])
		ask = ask[n:]
		refusal, refused := errors.AsType[*rem.Refusal](err)
		if err != nil && !refused {
			return nil, err
		}
		for i, where := range some {
			r := &list[where]
			if refused { // the quota; it is said beside each
				r.Tone, r.Says = web.Attention, refusal.Detail
				continue
			}
			r.Says = statuses[i].Text()
			switch statuses[i] {
			case directory.Exists:
				r.Tone = web.Good
			case directory.ClosedFor:
				r.Tone, r.Says = web.Bad, text("Bu hesap kapatılmış: ileti teslim edilemez ve bu, delille bildirilir.", "This account was closed: the message cannot be delivered, and evidence will say so.")
			case directory.NotListed, directory.NotAnswered:
				r.Tone = web.Attention
			}
		}
	}
	return list, nil
}

// checkAtOnce is how many addresses the directory is asked about in one question.
const checkAtOnce = 50

// checkRecipients answers compose.js about addresses that were typed.
func (p *pages) checkRecipients(v *visit) (web.Answer, error) {
	if !v.writes() {
		return nil, &web.Forbidden{Why: text("Bu hesapta ileti hazırlama yetkiniz yok.", "You have no authority to write messages on this account.")}
	}
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	asked := f.All("address")
	if len(asked) > checkAtOnce {
		return nil, web.ErrTooLarge
	}
	list, err := p.checked(v, asked, nil)
	if err != nil {
		return nil, err
	}
	type says struct {
		Address string   `json:"address"`
		Tone    web.Tone `json:"tone"`
		Says    string   `json:"says"`
	}
	answer := []says{}
	for _, r := range list {
		answer = append(answer, says{r.Address, r.Tone, v.Say(r.Says)})
	}
	return web.JSON{Value: answer}, nil
}

// A review is what somebody sees before he signs, or hands over.
type review struct {
	Draft      mailbox.Draft
	Path       string
	Subject    string
	Recipients web.Table
	Meter      meter
	Files      []draftFile
	Facts      []web.Fact
	Stops      []rem.Text
	Sign       string // "" where the visitor cannot sign it himself
	Hand       *web.Field
	FourEyes   bool
}

// review checks everything once more, and says what sending means. It is the answer
// to a form, since asking the directory is a question that is recorded.
func (p *pages) review(v *visit, d *mailbox.Draft) (web.Answer, error) {
	list, err := p.checked(v, d.To, d.Cc)
	if err != nil {
		return nil, err
	}
	size, err := p.Box.Measure(v.Context(), v.who, *d)
	if err != nil {
		return nil, err
	}
	r := review{Draft: *d, Path: composePath(d.ID), Subject: orNone(v, d.Subject), Meter: p.meterOf(size, d), FourEyes: v.account.FourEyes}
	r.Recipients = web.Table{
		Caption: text("Alıcılar; her biri ötekileri görür ve her biri için ayrı delil alırsınız", "Recipients; each sees the others, and you get evidence for each"),
		Columns: []web.Column{{Head: text("Adres", "Address")}, {Head: text("Alan", "Field")}, {Head: text("Bilinen", "What is known")}},
		Empty:   text("Alıcı yok.", "There is no recipient."),
	}
	for _, x := range list {
		field := text("Kime", "To")
		if x.Copy {
			field = text("Bilgi", "Cc")
		}
		r.Recipients.Rows = append(r.Recipients.Rows, []web.Cell{{Text: x.Address}, {Say: field}, {Say: x.Says, Badge: true, Tone: x.Tone}})
		if x.Stops {
			r.Stops = append(r.Stops, text(x.Address+": "+x.Says.Turkish, x.Address+": "+x.Says.English))
		}
	}
	if refusal := d.Sendable(); refusal != nil && len(r.Stops) == 0 {
		r.Stops = append(r.Stops, refusal.Detail)
	}
	switch refusal := mailbox.TooLarge(size, p.Box.Limits(d)); {
	case refusal != nil:
		r.Stops = append(r.Stops, refusal.Detail)
	case r.Meter.Over:
		r.Stops = append(r.Stops, r.Meter.Says)
	}
	for _, f := range d.Files {
		r.Files = append(r.Files, fileOf(d.ID, f))
	}
	if !d.SendAt.IsZero() {
		r.Facts = append(r.Facts, web.Fact{Term: text("Gönderim zamanı", "Time of sending"), Value: web.Cell{Time: d.SendAt},
			Help: text("Şimdi imzalanır, o zaman gönderilir: imzadaki zaman, gönderim delilindekinden önce olur. Zamanına kadar geri alabilirsiniz; imzalama yetkisi o zaman yeniden denetlenir.", "It is signed now and sent then: the signature's time is earlier than that of the evidence of submission. Until then you can take it back; the authority to send is judged again at that time.")})
	}
	if len(r.Stops) > 0 {
		return p.reviewPage(v, r), nil
	}
	now := v.Now()
	if v.account.MaySubmit(v.who.Actor.Person, now) == nil {
		r.Sign = p.Sign
	}
	if r.Hand, err = p.signers(v); err != nil {
		return nil, err
	}
	return p.reviewPage(v, r), nil
}

func (p *pages) reviewPage(v *visit, r review) web.Answer {
	page := web.Page{View: p.views.Page("compose-review"), Title: text("İmzadan önce", "Before signing"), Data: r, Wide: true,
		Lead: text("İmzalanan ileti gönderilir ve geri alınamaz.", "What is signed is sent, and cannot be recalled.")}
	for _, why := range r.Stops {
		page.Notices = append(page.Notices, web.Notice{Tone: web.Bad, Text: why})
	}
	return page
}

// signers asks to whom a draft is handed; nil where nobody else can sign.
func (p *pages) signers(v *visit) (*web.Field, error) {
	names, err := p.people(v)
	if err != nil {
		return nil, err
	}
	f := web.Field{Name: "signer", Type: web.SelectInput, Label: text("İmzalayacak kişi", "Who is to sign"), Help: text("Seçmezseniz imza yetkisi olan herkes imzalayabilir.", "When you choose nobody, everybody who may sign can."), Optional: true}
	for _, o := range v.account.Operators {
		if o.Person == v.who.Actor.Person || v.account.MaySign(v.who.Actor.Person, o.Person, v.Now()) != nil {
			continue
		}
		name := names[o.Person]
		if name == "" {
			name = string(o.Person)
		}
		f.Choices = append(f.Choices, web.Choice{Value: string(o.Person), Label: same(name)})
	}
	if len(f.Choices) == 0 {
		return nil, nil
	}
	return &f, nil
}

// handOver gives a draft to its signer.
func (p *pages) handOver(v *visit) (web.Answer, error) {
	f, id, version, err := v.draftForm()
	if err != nil {
		return nil, err
	}
	signer := rem.PersonID(f.Get("signer"))
	if signer != "" && v.account.Operator(signer) == nil {
		return nil, web.ErrForm
	}
	_, err = p.Box.HandOver(v.Context(), v.who, id, version, signer)
	if errors.Is(err, mailbox.ErrChanged) {
		return web.Redirect{To: composePath(id) + "?done=changed"}, nil
	}
	if err != nil {
		return nil, err
	}
	return web.Redirect{To: "/mail/drafts?done=handed"}, nil
}

// onItsWay shows a draft that waits for its signer, for its time, or for submission.
type waiting struct {
	Draft  mailbox.Draft
	Path   string
	Facts  []web.Fact
	Text   string
	Files  []draftFile
	Back   bool
	Sign   string
	Button rem.Text
}

func (p *pages) onItsWay(v *visit, d *mailbox.Draft) (web.Answer, error) {
	w := waiting{Draft: *d, Path: composePath(d.ID), Text: d.Text, Back: d.Step != mailbox.Sending, Button: text("Düzenlemeye geri al", "Take it back to edit it")}
	names, err := p.people(v)
	if err != nil {
		return nil, err
	}
	person := func(p rem.PersonID) web.Cell {
		if name := names[p]; name != "" {
			return web.Cell{Text: name}
		}
		return web.Cell{Text: string(p), Code: true}
	}
	w.Facts = []web.Fact{
		{Term: text("Konu", "Subject"), Value: web.Cell{Text: orNone(v, d.Subject)}},
		{Term: text("Kime", "To"), Value: web.Cell{Text: shown(strings.Join(d.To, ", "))}},
	}
	if len(d.Cc) > 0 {
		w.Facts = append(w.Facts, web.Fact{Term: text("Bilgi", "Cc"), Value: web.Cell{Text: shown(strings.Join(d.Cc, ", "))}})
	}
	w.Facts = append(w.Facts, web.Fact{Term: text("Hazırlayan", "Prepared by"), Value: person(d.Author)})
	for _, f := range d.Files {
		w.Files = append(w.Files, fileOf(d.ID, f))
	}
	page := web.Page{View: p.views.Page("compose-waiting"), Wide: true}
	switch d.Step {
	case mailbox.ToSign:
		page.Title, page.Lead = text("İmza bekliyor", "To be signed"), text("Bu taslak imzalayacak kişiye verildi.", "This draft was handed to who is to sign it.")
		cell := web.Cell{Say: text("imza yetkisi olan herkes", "everybody who may sign")}
		if d.Signer != "" {
			cell = person(d.Signer)
		}
		w.Facts = append(w.Facts, web.Fact{Term: text("İmzalayacak", "To be signed by"), Value: cell})
		if p.maySign(v, d) {
			w.Sign = p.Sign
		}
	case mailbox.Scheduled:
		page.Title, page.Lead = text("Gönderim zamanını bekliyor", "Waiting for its time"), text("İleti imzalandı. İmzadaki zaman, gönderim delilindeki zamandan önce olacaktır; delil, iletinin gönderildiği zamanı gösterir.", "The message is signed. The time in the signature will be earlier than that in the evidence of submission, which shows when it was sent.")
		w.Facts = append(w.Facts, sendFact(d.SendAt), timeFact(text("İmzalandı", "Signed"), d.Saved), web.Fact{Term: text("Gönderen kişi", "Handed in by"), Value: person(d.Handed.Person)})
		w.Button = text("Göndermekten vazgeç", "Do not send it")
	case mailbox.Sending:
		page.Title, page.Lead = text("Gönderiliyor", "Being sent"), text("İleti imzalandı ve gönderim kuyruğunda; sonucu birazdan Gönderilenler'de görürsünüz. Yeniden imzalamanız gerekmez.", "The message is signed and is being submitted; you will see it among the sent ones in a moment. There is no need to sign again.")
	}
	page.Data = w
	return page, nil
}

// maySign reports whether a draft that was handed over waits for the visitor.
func (p *pages) maySign(v *visit, d *mailbox.Draft) bool {
	me := v.who.Actor.Person
	return d.Step == mailbox.ToSign && (d.Signer == "" || d.Signer == me) && v.account.MaySign(d.Author, me, v.Now()) == nil
}

type toSignPage struct {
	Rows []toSignRow
	Sign string
	More bool
}

type toSignRow struct {
	ID      mailbox.DraftID
	Path    string
	Subject string
	Who     string
	By      string
	Saved   web.Cell
	SendAt  web.Cell
	Later   bool
}

// toSign lists what waits for the visitor's signature; he signs one or many at once.
func (p *pages) toSign(v *visit) (web.Answer, error) {
	if !v.may.Has(account.Sending) {
		return nil, &web.Forbidden{Why: text("Bu hesapta imza yetkiniz yok.", "You have no authority to sign on this account.")}
	}
	rows, err := p.Box.List(v.Context(), v.who, mailbox.Query{Folder: mailbox.Drafts, Limit: mailbox.MaxPage}, "")
	if err != nil {
		return nil, err
	}
	names, err := p.people(v)
	if err != nil {
		return nil, err
	}
	d := toSignPage{Sign: p.Sign}
	for i := range rows {
		x := rows[i].Draft
		if x == nil || !p.maySign(v, x) {
			continue
		}
		if len(d.Rows) == maxToSign {
			d.More = true
			break
		}
		by := names[x.Author]
		if by == "" {
			by = string(x.Author)
		}
		d.Rows = append(d.Rows, toSignRow{
			ID: x.ID, Path: composePath(x.ID), Subject: orNone(v, x.Subject), Who: shown(strings.Join(slices.Concat(x.To, x.Cc), ", ")), By: by,
			Saved: web.Cell{Time: x.Saved}, SendAt: web.Cell{Time: x.SendAt}, Later: !x.SendAt.IsZero(),
		})
	}
	return web.Page{View: p.views.Page("compose-to-sign"), Title: text("İmza bekleyenler", "To be signed"), Data: d, Wide: true,
		Lead: text("Size verilen taslaklar. Her ileti ayrı imzalanır; birden çoğunu seçerseniz tek işlemde imzalarsınız.", "Drafts that were handed to you. Each gets its own signature; choose several to sign them in one go.")}, nil
}

// sendFact says when a signed draft is sent.
func sendFact(at time.Time) web.Fact {
	if at.Equal(mailbox.InTurn) {
		return web.Fact{Term: text("Gönderilecek", "To be sent"), Value: web.Cell{Say: text("toplu gönderimdeki sırası gelince", "when its turn comes in the bulk sending")}}
	}
	return timeFact(text("Gönderilecek", "To be sent"), at)
}

// maxToSign is how many one request for signatures holds.
const maxToSign = 200
