package apply

import (
	"errors"

	"rem"
	"rem/edge/web"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/login"
)

// activate is where the link leads that came by mail when the application was
// approved. Opening it changes nothing.
func (p *pages) activate(r *web.Request) (web.Answer, error) {
	linked := r.Query("s")
	if _, err := login.ParseSecret(linked); err != nil {
		linked = ""
	}
	return p.activatePage(r, web.NewForm(nil), linked)
}

func (p *pages) activatePage(r *web.Request, f *web.Form, linked string) (web.Answer, error) {
	lead := text("E-postanıza gelen bağlantıyı açın ya da içindeki anahtarı buraya yazın.", "Open the link that came by mail, or type the key that is in it here.")
	if linked != "" {
		lead = text("Bağlantınız okundu; sırada cep telefonunuza gelecek kod var.", "Your link was read; next comes the code that your phone gets.")
	}
	return web.Page{View: p.views.Page("activate"), Title: text("Hesabınızı açın", "Open your account"), Lead: lead, Form: f, Data: key{Form: f, Linked: linked, Mail: true}}, nil
}

// arrive takes the secret of that link, and opens the session of its application.
func (p *pages) arrive(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	secret, err := login.ParseSecret(typed(f, "secret"))
	if err != nil {
		err = enrolment.ErrLink
	}
	var b enrolment.Bearer
	if err == nil {
		b, err = p.Applicants.Arrive(r.Context(), secret)
	}
	if err == nil {
		if err := p.enterAs(r, b); err != nil {
			return nil, err
		}
		return web.Redirect{To: "/apply/activate/code"}, nil
	}
	if err := say(f, "secret", err); err != nil {
		return nil, err
	}
	return p.activatePage(r, f, "")
}

// opening is what the page of the code shows.
type opening struct {
	Form    *web.Form
	Open    bool // the account is open already; a log-in is set again
	Sent    bool
	Results enrolment.Results
	// Returns: he knew what using it means before, and is not asked again.
	Returns bool
}

// Code asks for the code.
func (o opening) Code() web.Field {
	return o.Form.Field(web.Field{Name: "code", Label: text("Kod", "Code"), Help: text("Cep telefonunuza gelen 6 rakam.", "The 6 digits that your phone got."), Mode: "numeric", Auto: "one-time-code", Short: true, Max: 8})
}

// Signature asks for a signature over the activation text.
func (o opening) Signature() web.Field { return signatureField(o.Form) }

// Known asks whether the legal results were read (REQ-98).
func (o opening) Known() web.Field {
	return o.Form.Field(web.Field{Name: "known", Type: web.CheckInput, Label: text("KEP kullanmanın yukarıdaki hukuki sonuçlarını okudum.", "I have read the legal results of using registered mail above.")})
}

var notKnown = text("Hesabı açmadan önce bunları okumanız gerekir.", "This has to be read before the account is opened.")

// Digest says which text stood on the page.
func (o opening) Digest() web.Field {
	return web.Field{Name: "results", Type: web.HiddenInput, Value: o.Results.Read.Digest.String()}
}

// read is what the applicant ticked that he read: the text that stood on the page,
// where it is today's. Nothing where he did not tick it.
func (p *pages) read(v *visit, f *web.Form) []application.Agreement {
	today := p.Applicants.Results().Read
	switch {
	case v.Aim == application.ToReturn || v.State == application.Activated:
		return nil
	case f.Get("known") != "yes":
		f.Fail("known", notKnown)
	case digestOf(f.Get("results")) != today.Digest:
		f.Fail("known", enrolment.ErrResults.Text)
	default:
		return []application.Agreement{today}
	}
	return nil
}

// opens reports whether the account can be opened, or is open.
func (v *visit) opens() bool {
	return v.State == application.Activated || v.can(application.Activate)
}

func (p *pages) code(v *visit) (web.Answer, error) { return p.codePage(v, web.NewForm(nil)) }

func (p *pages) codePage(v *visit, f *web.Form) (web.Answer, error) { return p.openPage(v, f, false) }

func (p *pages) openPage(v *visit, f *web.Form, sent bool) (web.Answer, error) {
	if !v.opens() {
		return toStatus, nil
	}
	o := opening{Form: f, Open: v.State == application.Activated, Sent: sent, Results: p.Applicants.Results(), Returns: v.Aim == application.ToReturn}
	page := web.Page{View: p.views.Page("code"), Title: doneTexts[v.Aim].open, Form: f, Data: o, Lead: doneTexts[v.Aim].lead}
	if o.Open {
		page.Title = text("Giriş bilgilerinizi belirleyin", "Set how you log in")
		page.Lead = text("Hesabınız açık. Giriş yolunu belirlemek için bağlantıyı yeni açmış olmanız ve yeni bir kod gerekir.", "Your account is open. To set a way to log in you need to have opened the link just now, and a new code.")
	}
	return page, nil
}

func (p *pages) send(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	if err := p.Applicants.SendCode(v.Context(), v.bearer); err != nil {
		return p.again(v, f, "", err, p.codePage)
	}
	return p.openPage(v, web.NewForm(nil), true)
}

// enter takes the code and opens the account. The box comes first: a code that was
// entered is used up.
func (p *pages) enter(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	if !v.opens() {
		return toStatus, nil
	}
	read := p.read(v, f)
	if typed(f, "code") == "" {
		f.Fail("code", text("Kodu yazın.", "Type the code."))
	}
	if !f.Good() {
		return p.codePage(v, f)
	}
	if err := p.Applicants.Enter(v.Context(), v.bearer, typed(f, "code")); err != nil {
		return p.again(v, f, "code", err, p.codePage)
	}
	if v.State != application.Activated {
		if _, err := p.Applicants.Activate(v.Context(), v.bearer, read...); err != nil {
			return p.again(v, f, "", mailMissing(err), p.codePage)
		}
	}
	return p.granted(v, f, p.codePage)
}

// mailMissing says which of the two channels is missing where the code was right.
func mailMissing(err error) error {
	if errors.Is(err, application.ErrChannels) || errors.Is(err, enrolment.ErrProofs) {
		return &application.Denial{Code: application.ErrChannels.Code, Text: text(
			"Kod doğru. Şimdi e-postanıza gelen bağlantıyı açın, sonra yeni bir kodla tamamlayın.", "The code is right. Now open the link that came by mail, and complete with a new code.")}
	}
	return err
}

// grant is the one-time key with which somebody sets his first credentials: it
// goes from this page to the next in a hidden field, and stands nowhere else.
type grant struct {
	Secret string
	Name   string // his log-in name, where it is not the account's address
}

// doneTexts are the words of each aim on the way's last pages.
var doneTexts = map[application.Aim]struct{ open, title, lead rem.Text }{
	application.ToOpen: {
		open: text("Hesabınızı açın", "Open your account"), title: text("Hesabınız açıldı", "Your account is open"),
		lead: text("Hesap, e-postanızdaki bağlantı ve cep telefonunuza gelen kodla birlikte açılır.", "The account is opened by the link in your mail together with the code on your phone."),
	},
	application.ToOperate: {
		open: text("Yetkinizi başlatın", "Begin to act"), title: text("Artık işlem yetkilisisiniz", "You are an operator now"),
		lead: text("Yetkiniz, e-postanızdaki bağlantı ve cep telefonunuza gelen kodla birlikte başlar.", "You may act once you have shown the link in your mail and the code on your phone."),
	},
	application.ToReturn: {
		open: text("Yeniden giriş yapın", "Get back in"), title: text("Eski giriş yollarınız kapatıldı", "Your old ways to log in have ended"),
		lead: text("E-postanızdaki bağlantı ve cep telefonunuza gelen kodla eski giriş yollarınız, oturumlarınız ve uygulama parolalarınız sona erer; yenilerini belirlersiniz.", "With the link in your mail and the code on your phone your old ways in, sessions and application passwords end, and you set new ones."),
	},
}

// granted gives the applicant, who has shown both channels or signed, the key to
// his first credentials.
func (p *pages) granted(v *visit, f *web.Form, page func(*visit, *web.Form) (web.Answer, error)) (web.Answer, error) {
	entrance, err := p.Applicants.LogIn(v.Context(), v.bearer)
	w := doneTexts[v.Aim]
	g := grant{entrance.Secret.Reveal(), entrance.Name}
	switch {
	case errors.Is(err, login.ErrReady):
		return web.Page{View: p.views.Page("ready"), Title: w.title, Data: g,
			Lead: text("Bizde daha önce belirlediğiniz giriş yolları bu hesap için de geçerlidir.", "The ways to log in that you set before are good for this account, too.")}, nil
	case err != nil:
		return p.again(v, f, "", mailMissing(err), page)
	}
	return web.Page{View: p.views.Page("granted"), Title: w.title, Data: g,
		Lead: text("Son adım: nasıl gireceğinizi belirleyin.", "The last step: set how you log in.")}, nil
}

// activation is the page for who opens the account by signing.
func (p *pages) activation(v *visit) (web.Answer, error) {
	return p.activationPage(v, web.NewForm(nil))
}

func (p *pages) activationPage(v *visit, f *web.Form) (web.Answer, error) {
	if !v.can(application.Activate) {
		return toStatus, nil
	}
	return web.Page{View: p.views.Page("sign"), Title: text("İmzalayarak tamamlayın", "Complete by signing"), Form: f, Data: opening{Form: f, Results: p.Applicants.Results(), Returns: v.Aim == application.ToReturn},
		Lead: text("Bağlantı ve kod yerine nitelikli sertifikanızla imzalayabilirsiniz.", "In place of the link and the code you can sign with your qualified certificate.")}, nil
}

func (p *pages) activationText(v *visit) (web.Answer, error) {
	if !v.can(application.Activate) {
		return toStatus, nil
	}
	b, err := p.Applicants.ActivationText(v.Context(), v.bearer)
	if err != nil {
		return nil, err
	}
	return web.Download{Name: "kep-hesap-acma.txt", Type: "text/plain; charset=utf-8", Body: b}, nil
}

func (p *pages) activated(v *visit) (web.Answer, error) {
	f, signature, err := upload(v.Request, "signature", maxSignature)
	if err != nil {
		return nil, err
	}
	if !v.opens() {
		return toStatus, nil
	}
	read := p.read(v, f)
	if !f.Good() {
		return p.activationPage(v, f)
	}
	if _, err := p.Applicants.ActivateSigned(v.Context(), v.bearer, signature, read...); err != nil {
		return p.again(v, f, "signature", err, p.activationPage)
	}
	return p.granted(v, f, p.activationPage)
}
