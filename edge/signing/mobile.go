package signing

import (
	"errors"
	"fmt"

	"rem"
	"rem/edge/web"
	"rem/message/signing"
)

// A way is the telephone as a way to sign, on the page of a request.
type way struct {
	Number string   // masked; "": nothing is known to be his
	Many   rem.Text // why it is no way for this request; zero: it is one
}

func (p *pages) byTelephone(r *web.Request, v signing.View) (*way, error) {
	if p.Telephone == nil {
		return nil, nil
	}
	left := 0
	for _, i := range v.Items {
		if i.Outcome == nil {
			left++
		}
	}
	if left > signing.MaxByTelephone {
		return &way{Many: text(fmt.Sprintf("Mobil imzayla bir kerede en çok %d ileti imzalanır; her biri telefonda ayrı onaylanır.", signing.MaxByTelephone),
			fmt.Sprintf("By telephone at most %d messages are signed in one go; each is confirmed on its own.", signing.MaxByTelephone))}, nil
	}
	number, err := p.Telephone(r.Context(), r.Principal.Session)
	if err != nil {
		return nil, err
	}
	return &way{Number: number.String()}, nil
}

// telephone asks the telephone of whoever is logged in: the number is the one that he
// showed to be his, and is never taken from a page.
func (p *pages) telephone(r *web.Request) (web.Answer, error) {
	if p.Telephone == nil {
		return nil, web.ErrNotFound
	}
	v, err := p.Desk.View(access(r))
	if err != nil {
		return nil, err
	}
	number, err := p.Telephone(r.Context(), r.Principal.Session)
	if err != nil {
		return nil, err
	}
	if number.IsZero() {
		return p.refused(r, v, noNumber)
	}
	_, err = p.Desk.AskMobile(r.Context(), access(r), number)
	if refusal, ok := errors.AsType[*rem.Refusal](err); ok {
		return p.refused(r, v, refusal.Detail)
	}
	if err != nil {
		return nil, err
	}
	return web.Redirect{To: "/sign/" + string(v.ID) + "/telephone"}, nil
}

var noNumber = text("Hesabınızda doğrulanmış bir cep telefonu numarası yok.", "Your account has no mobile number that you showed to be yours.")

// refused is the page of a request with the reason why a telephone is not asked.
func (p *pages) refused(r *web.Request, v signing.View, why rem.Text) (web.Answer, error) {
	page, err := p.page(r, v)
	if err != nil {
		return nil, err
	}
	page.Status = 422
	page.Notices = []web.Notice{{Tone: web.Bad, Title: text("Mobil imza istenemedi", "The telephone was not asked"), Text: why}}
	return page, nil
}

// A waitPage is how it stands with a telephone.
type waitPage struct {
	Path, Poll, State string
	Stage             signing.MobileStage
	Phone             *signing.MobileState
	Title             string // of the message that it is asked about
	Number, Count     int    // of the message, from 1; of all
	Until             web.Cell
	Word              Outcome
	Still, Back, Sent string
	Again             bool
}

// stateOf changes whenever the page would look different.
func stateOf(v signing.View) string {
	if v.Done() {
		return "done"
	}
	if v.Mobile == nil {
		return "none"
	}
	return fmt.Sprintf("%s-%d-%d-%t", v.Mobile.Stage, v.Mobile.Item, v.Mobile.Signed, v.Mobile.Trouble)
}

// refreshEvery is after how many seconds a page without scripts is asked for again.
const refreshEvery = 5

// waiting shows how it stands with a telephone. It changes nothing: who goes away while
// it waits, and confirms, has signed and sent.
func (p *pages) waiting(r *web.Request) (web.Answer, error) {
	v, err := p.Desk.View(access(r))
	if err != nil {
		return nil, err
	}
	path := "/sign/" + string(v.ID)
	if v.Done() {
		return web.Redirect{To: path + "/result"}, nil
	}
	m := v.Mobile
	if m == nil {
		return web.Redirect{To: path}, nil
	}
	still := r.Query("still") != ""
	d := waitPage{
		Path: path, Poll: r.Link(path + "/telephone/state"), State: stateOf(v), Stage: m.Stage, Phone: m, Title: v.Items[m.Item].Subject, Number: m.Item + 1, Count: len(v.Items),
		Until: web.Cell{Time: m.Until}, Word: wordOf(m, len(v.Items)), Back: p.Back, Sent: p.Sent, Again: !m.Stage.Active(),
	}
	if d.Title == "" {
		d.Title = r.Say(untitled)
	}
	page := web.Page{View: views.Page("telephone"), Title: text("Mobil imza", "Mobile signature"), Data: &d}
	if m.Stage.Active() {
		page.Script = web.Waiting
		if !still {
			page.Refresh, d.Still = refreshEvery, path+"/telephone?still=1"
		}
	}
	return page, nil
}

// wordOf says how it stands.
func wordOf(m *signing.MobileState, count int) Outcome {
	unsent := text("Hiçbir şey gönderilmedi; taslağınız olduğu gibi duruyor.", "Nothing was sent; your draft is as it was.")
	if count > 1 && m.Signed > 0 {
		unsent = text(fmt.Sprintf("%d iletiden %d tanesi imzalandı, hiçbiri gönderilmedi. Yeniden isterseniz kalanlarla sürer.", count, m.Signed),
			fmt.Sprintf("%[2]d of %[1]d messages are signed, and none was sent. If you ask again, it goes on with the rest.", count, m.Signed))
	}
	with := func(t rem.Text) rem.Text {
		return rem.Text{Turkish: t.Turkish + " " + unsent.Turkish, English: t.English + " " + unsent.English}
	}
	switch m.Stage {
	case signing.MobileAsking:
		return Outcome{web.Info, text("Telefonunuza gönderiliyor", "Being sent to your telephone"), rem.Text{}}
	case signing.MobileWaiting:
		return Outcome{web.Attention, text("Telefonda onayınız bekleniyor", "Waiting for you to confirm on the telephone"), rem.Text{}}
	case signing.MobileSending:
		return Outcome{web.Info, text("İmza alındı; ileti gönderiliyor", "Signed; the message is being sent"), rem.Text{}}
	case signing.MobileDeclined:
		return Outcome{web.Bad, text("Telefonda reddedildi", "Declined on the telephone"), unsent}
	case signing.MobileExpired:
		return Outcome{web.Bad, text("Süre doldu", "The time passed"), with(text("Telefonda zamanında onaylanmadı; artık onaylansa da geçersizdir.", "It was not confirmed in time; confirming it now has no effect."))}
	case signing.MobileWithdrawn:
		return Outcome{web.Info, text("İstek geri alındı", "The request was taken back"), with(text("Telefonunuzda hâlâ görünüyorsa reddedin; onaylansa da geçersizdir.", "If your telephone still shows it, decline it; confirming has no effect."))}
	case signing.MobileRefused:
		o := Outcome{web.Bad, text("İmza kabul edilmedi", "The signature was not accepted"), unsent}
		if m.Why != nil {
			o.Why = m.Why.Detail
			if m.Signed < count {
				o.Why = with(o.Why)
			}
		}
		return o
	}
	return Outcome{web.Bad, text("Operatörden yanıt alınamadı", "The operator gave no answer"), with(text("Telefonunuzda bir istek görünüyorsa reddedin; onaylansa da geçersizdir.", "If your telephone shows a request, decline it; confirming has no effect."))}
}

// state answers waiting.js.
func (p *pages) state(r *web.Request) (web.Answer, error) {
	v, err := p.Desk.View(access(r))
	if err != nil {
		return nil, err
	}
	return web.JSON{Value: map[string]string{"state": stateOf(v)}}, nil
}

// withdraw stops waiting for a telephone.
func (p *pages) withdraw(r *web.Request) (web.Answer, error) {
	v, err := p.Desk.WithdrawMobile(access(r))
	if err != nil {
		return nil, err
	}
	return web.Redirect{To: "/sign/" + string(v.ID) + "/telephone"}, nil
}

// gone is the page of a request that is not there: that of another, one that is over,
// or one that a restart forgot. Which, is not told (AT-28).
func (p *pages) gone() web.Page {
	return web.Page{
		View: views.Page("gone"), Status: 404, Title: text("Bu imza isteği yok ya da sona erdi", "There is no such request for a signature, or it is over"),
		Data: struct{ Back, Sent string }{p.Back, p.Sent},
	}
}
