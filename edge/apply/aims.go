package apply

import (
	"errors"

	"rem"
	"rem/edge/throttle"
	"rem/edge/web"
	"rem/person/enrolment"
	"rem/person/login"
	"rem/privacy/notice"
)

// aimed is what the first page of an application shows that opens no account.
type aimed struct {
	Form    *web.Form
	Path    string
	Notice  told
	Secret  web.Field // of an invitation
	Linked  string
	Begun   bool // by this invitation
	Methods []web.Fact
	Points  []rem.Text
}

// lost is where somebody begins who cannot log in any more (REQ-44). The page and
// what follows it are the same whether he has an account or not.
func (p *pages) lost(r *web.Request) (web.Answer, error) { return p.lostPage(r, web.NewForm(nil)) }

func (p *pages) lostPage(r *web.Request, f *web.Form) (web.Answer, error) {
	needed, err := p.needed(r.Context())
	if err != nil {
		return nil, err
	}
	a := aimed{Form: f, Path: LostPath, Methods: needed[0].Methods, Points: []rem.Text{
		text("Kimliğinizi yeniden doğrularsınız; başvurunuzu ikinci bir görevli onaylar. Başka bir yol yoktur: telefonda veya e-postayla parola verilmez.", "You are identified anew, and a second officer approves. There is no other way: nobody gives passwords by telephone or mail."),
		text("Onaydan sonra eski parolanız, geçiş anahtarlarınız, posta programı parolalarınız ve açık oturumlarınız sona erer; yenilerini belirlersiniz. İletileriniz ve adresiniz değişmez.", "After the approval your old password, passkeys, passwords of mail programs and sessions end, and you set new ones. Your messages and your address stay."),
		text("T.C. kimlik numarası veya yabancı kimlik numarası gerekir. Hesabını pasaportla açanlar ofisimize gelir.", "A citizen's or a foreigner's identity number is needed. Who opened an account with a passport comes to our office."),
	}}
	return p.aimedPage(r, "lost", text("Giriş yapamıyorum", "I cannot log in"), text("Giriş bilgilerini kaybedenler kimliklerini yeniden doğrular.", "Who has lost the ways to log in is identified anew."), &a)
}

// aimedPage shows the notice before anything is asked.
func (p *pages) aimedPage(r *web.Request, view string, title, lead rem.Text, a *aimed) (web.Answer, error) {
	page := web.Page{View: p.views.Page(view), Title: title, Lead: lead, Form: a.Form}
	v, err := p.Notices.InForce(r.Now())
	if errors.Is(err, notice.ErrNotFound) {
		page.View, page.Lead = p.views.Page("closed"), rem.Text{}
		return page, nil
	}
	if err != nil {
		return nil, err
	}
	if v.Notice.Sample {
		page.Notices = append(page.Notices, sampleNotice)
	}
	a.Notice = showNotice(r, v)
	page.Data = a
	return page, nil
}

// lostBegun begins the application.
func (p *pages) lostBegun(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	if !p.begins.Take(r.Now(), throttle.AddressKey(r.Visitor().Address), maxBegins) {
		return nil, web.ErrBusy
	}
	begun, err := p.Applicants.Lost(r.Context(), shown(r, f))
	if errors.Is(err, enrolment.ErrNotice) {
		f.Fail("", otherNotice)
		return p.lostPage(r, f)
	}
	if err != nil {
		return nil, err
	}
	return p.begunPage(r, begun)
}

// invited is where the link leads by which somebody is asked to act on an account.
// Opening it changes nothing.
func (p *pages) invited(r *web.Request) (web.Answer, error) {
	linked := r.Query("s")
	if _, err := login.ParseSecret(linked); err != nil {
		linked = ""
	}
	return p.invitedPage(r, web.NewForm(nil), linked)
}

func (p *pages) invitedPage(r *web.Request, f *web.Form, linked string) (web.Answer, error) {
	needed, err := p.needed(r.Context())
	if err != nil {
		return nil, err
	}
	a := aimed{Form: f, Path: InvitationPath, Linked: linked, Methods: needed[0].Methods, Points: []rem.Text{
		text("Bir KEP hesabının yetkilisi sizi kendi hesabında işlem yetkilisi olarak atamak istiyor. İsterseniz bu sayfayı kapatın: hiçbir şey olmaz.", "Somebody who may do so wants you as an operator of his registered mail account. Close this page if you would rather not: nothing happens."),
		text("Kabul ederseniz kimliğiniz doğrulanır ve ikinci bir görevli onaylar. Hesapta yaptığınız her işlem sizin adınızı da taşır.", "If you accept, you are identified, and a second officer approves. Everything that you do on the account names you."),
	}}
	a.Secret = f.Field(web.Field{Name: "secret", Label: text("Davetteki anahtar", "Key from the invitation"), Max: 64,
		Help: text("Bağlantının sonundaki, “s=” işaretinden sonra gelen 43 karakter.", "The 43 characters at the end of the link, after “s=”.")})
	if secret, err := login.ParseSecret(linked); err == nil {
		begun, err := p.Applicants.Asked(r.Context(), secret)
		switch {
		case err != nil:
			if err := say(f, "secret", err); err != nil {
				return nil, err
			}
			a.Linked, a.Secret = "", f.Field(a.Secret)
		case begun:
			a.Begun = true
		}
	}
	return p.aimedPage(r, "invited", text("İşlem yetkilisi daveti", "You are asked to be an operator"), text("Başlamadan önce aydınlatma bildirimini okuyun.", "Please read the privacy notice before you begin."), &a)
}

// accepted begins the application, or leads back to one that has begun.
func (p *pages) accepted(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	secret, err := login.ParseSecret(typed(f, "secret"))
	if err != nil {
		f.Fail("secret", enrolment.ErrLink.Text)
		return p.invitedPage(r, f, "")
	}
	if !p.begins.Take(r.Now(), throttle.AddressKey(r.Visitor().Address), maxBegins) {
		return nil, web.ErrBusy
	}
	begun, err := p.Applicants.Accept(r.Context(), secret, shown(r, f))
	if errors.Is(err, enrolment.ErrNotice) {
		f.Fail("", otherNotice)
		return p.invitedPage(r, f, secret.Reveal())
	}
	if err != nil {
		if err := say(f, "secret", err); err != nil {
			return nil, err
		}
		return p.invitedPage(r, f, "")
	}
	if begun.Secret.IsZero() {
		if err := p.enterAs(r, begun.Bearer); err != nil {
			return nil, err
		}
		return toStatus, nil
	}
	return p.begunPage(r, begun)
}
