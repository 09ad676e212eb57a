package portal

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"rem"
	"rem/edge/web"
	"rem/privacy"
	"rem/privacy/consent"
	"rem/privacy/notice"
	"rem/provider/directory"
)

// asks is the exact text in which each purpose is asked for: one at a time.
func ask(name rem.Text) rem.Text {
	return rem.Text{
		Turkish: "Şu amaçla kişisel verilerimin işlenmesine açık rıza veriyorum: " + name.Turkish + ". Rızamı istediğim zaman geri çekebilirim; vermemem hizmetin geri kalanını etkilemez.",
		English: "I explicitly consent to the processing of my personal data for this purpose: " + name.English + ". I can withdraw my consent at any time; not giving it does not affect the rest of the service.",
	}
}

// question makes the question about a purpose, if consent decides about it.
func (p *pages) question(id privacy.PurposeID) (consent.Question, error) {
	purpose := p.Register.Purpose(id)
	if purpose == nil {
		return consent.Question{}, consent.ErrNotAsked
	}
	return consent.Ask(p.Register, id, ask(purpose.Name))
}

// asked is one question with where the person stands.
type asked struct {
	Name  rem.Text
	Text  string
	Path  string
	State web.Cell
	Given bool
	Time  web.Cell
}

type choicesPage struct {
	Asked []asked
	Old   web.Table
	Form  *web.Form
	// Notice is the version that has to be read first, Digest its digest; 0: it was.
	Notice uint64
	Digest string
}

var standings = map[consent.State]web.Cell{
	consent.Unasked:   {Say: text("seçim yapılmadı", "not chosen"), Badge: true},
	consent.Given:     {Say: text("rıza verildi", "given"), Badge: true, Tone: web.Good},
	consent.Refused:   {Say: text("rıza verilmedi", "refused"), Badge: true},
	consent.Withdrawn: {Say: text("geri çekildi", "withdrawn"), Badge: true},
}

func (p *pages) choices(v *visit) (web.Answer, error) { return p.choicesPage(v, web.NewForm(nil)) }

func (p *pages) choicesPage(v *visit, f *web.Form) (web.Answer, error) {
	me := v.Principal.Person()
	c := choicesPage{Form: f, Old: web.Table{
		Caption: text("Seçimlerinizin geçmişi", "History of your choices"),
		Columns: []web.Column{{Head: text("Zaman", "Time")}, {Head: text("Amaç", "Purpose")}, {Head: text("Seçim", "Choice")}, {Head: text("Makbuz", "Receipt")}},
		Empty:   text("Henüz bir seçim yapmadınız.", "You have not chosen anything yet."),
	}}
	version, digest, err := p.Notices.NoticeInForce(v.Now())
	if err != nil && !errors.Is(err, notice.ErrNotFound) {
		return nil, err
	}
	if err != nil || !p.Notices.WasTold(me, digest) {
		c.Notice, c.Digest = version, digest.String()
	}
	for i := range p.Register.Purposes {
		purpose := &p.Register.Purposes[i]
		q, err := p.question(purpose.ID)
		if err != nil {
			continue // the law or the contract decides, and nobody is asked
		}
		s := p.Consents.Standing(me, purpose.ID)
		c.Asked = append(c.Asked, asked{
			Name: purpose.Name, Text: q.Text(v.Language), Path: "/account/choices/" + string(purpose.ID), State: standings[s.State], Given: s.State == consent.Given,
			Time: web.Cell{Time: s.Time},
		})
	}
	history, err := p.Consents.History(v.Context(), me)
	if err != nil {
		return nil, err
	}
	for _, e := range slices.Backward(history) {
		name := rem.Text{Turkish: string(e.Purpose), English: string(e.Purpose)}
		if purpose := p.Register.Purpose(e.Purpose); purpose != nil {
			name = purpose.Name
		}
		what := rem.Text{}
		for _, w := range consent.Actions() {
			if w.ID == e.Action {
				what = w.Name
			}
		}
		n := strconv.FormatUint(e.Link.Number, 10)
		c.Old.Rows = append(c.Old.Rows, []web.Cell{
			{Time: e.Link.Time}, {Say: name}, {Say: what},
			{Say: text("imzalı makbuz", "signed receipt"), Path: "/account/choices/receipt/" + n, Label: rem.Text{Turkish: "imzalı makbuz " + n, English: "signed receipt " + n}},
		})
	}
	return web.Page{
		View: p.views.Page("choices"), Title: text("Rızalarım", "My consents"), Data: c, Form: f,
		Lead: text("Her amaç ayrı sorulur; hiçbiri önceden seçili değildir. Geri çekmek, vermek kadar kolaydır ve hemen etkilidir.", "Each purpose is asked for by itself, and none is chosen beforehand. Withdrawing is as easy as giving, and takes effect at once."),
	}, nil
}

// read records that the person says that he read the notice in force. It is no
// consent (S02), and another version than the one that he was shown is none.
func (p *pages) read(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	_, digest, err := p.Notices.NoticeInForce(v.Now())
	if errors.Is(err, notice.ErrNotFound) {
		return nil, web.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if f.Get("notice") == digest.String() {
		if _, err := p.Notices.Deliver(v.Context(), notice.Delivery{
			Person: v.Principal.Person(), Digest: digest, Language: v.Language, Channel: privacy.Portal, Act: notice.Acknowledged,
		}); err != nil {
			return nil, err
		}
	}
	return web.Redirect{To: "/account/choices"}, nil
}

// choose takes one answer, to one question.
func (p *pages) choose(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	purpose := privacy.PurposeID(v.Var("purpose"))
	c := consent.Circumstances{Person: v.Principal.Person(), Actor: v.actor(), Capacity: consent.Self, Channel: privacy.Portal}
	q, err := p.question(purpose)
	if errors.Is(err, consent.ErrNotAsked) {
		return nil, web.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if f.Get("answer") == "withdraw" {
		_, err = p.Consents.Withdraw(v.Context(), purpose, c)
	} else {
		var answer consent.Answer
		if answer, err = q.Read(f.Get("answer"), v.Language); err == nil {
			_, err = p.Consents.Record(v.Context(), answer, c)
		}
	}
	switch {
	case errors.Is(err, consent.ErrUnanswered), errors.Is(err, consent.ErrNothingGiven):
		return nil, web.ErrForm
	case errors.Is(err, consent.ErrNotTold):
		f.Fail("", text("Önce yürürlükteki aydınlatma bildirimini okumanız gerekir.", "The privacy notice in force has to be read first."))
		return p.choicesPage(v, f)
	case err != nil:
		return nil, err
	}
	if p.Directory != nil {
		// What rests on a consent that is gone leaves the record now; queries did not
		// wait for it.
		if _, err := p.Directory.Settle(v.Context(), v.account.ID); err != nil && !errors.Is(err, directory.ErrNotFound) {
			return nil, err
		}
	}
	return web.Redirect{To: "/account/choices"}, nil
}

// receipt gives the signed receipt of one of the person's own entries.
func (p *pages) receipt(v *visit) (web.Answer, error) {
	n, err := strconv.ParseUint(v.Var("number"), 10, 64)
	if err != nil {
		return nil, web.ErrNotFound
	}
	history, err := p.Consents.History(v.Context(), v.Principal.Person())
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(history, func(e *consent.Entry) bool { return e.Link.Number == n }) {
		return nil, web.ErrNotFound
	}
	b, err := p.Receipt(v.Context(), n)
	if err != nil {
		return nil, err
	}
	return web.Download{Name: fmt.Sprintf("riza-makbuzu-%d.p7m", n), Type: "application/pkcs7-mime", Body: b}, nil
}
