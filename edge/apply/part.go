package apply

import (
	"context"
	"embed"
	"errors"
	"io"
	"time"

	"rem"
	"rem/edge/throttle"
	"rem/edge/web"
	"rem/person"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/person/login"
	"rem/privacy/notice"
)

//go:embed all:templates
var templates embed.FS

// Applicants carry applications; *enrolment.Applicants does.
type Applicants interface {
	Begin(ctx context.Context, k person.Kind, shown enrolment.Shown) (enrolment.Begun, error)
	Resume(ctx context.Context, secret login.Secret) (enrolment.Bearer, error)
	Bearer(ctx context.Context, p rem.PersonID) (enrolment.Bearer, error)
	Told(ctx context.Context, b enrolment.Bearer, shown enrolment.Shown) error
	View(ctx context.Context, b enrolment.Bearer) (enrolment.Standing, error)

	Save(ctx context.Context, b enrolment.Bearer, represented bool, in application.Input) error
	Typed(ctx context.Context, b enrolment.Bearer) (in application.Input, represented bool, err error)
	Check(ctx context.Context, b enrolment.Bearer, represented bool, in application.Input) (person.Problems, error)
	Proposals(ctx context.Context, b enrolment.Bearer, in application.Input, most int) ([]rem.Address, error)
	Submit(ctx context.Context, b enrolment.Bearer, represented bool, in application.Input, accepted []application.Agreement) error
	Withdraw(ctx context.Context, b enrolment.Bearer) error

	HandIn(ctx context.Context, b enrolment.Bearer, k application.PaperKind, r io.Reader) (application.Paper, error)

	Methods(ctx context.Context, b enrolment.Bearer) ([]identity.Choice, error)
	Choose(ctx context.Context, b enrolment.Bearer, m identity.Method) error
	FormToSign(ctx context.Context, b enrolment.Bearer) ([]byte, error)
	Sign(ctx context.Context, b enrolment.Bearer, signature []byte) error
	Slots(ctx context.Context, b enrolment.Bearer, id enrolment.OfficeID, day time.Time) ([]enrolment.Slot, error)
	Book(ctx context.Context, b enrolment.Bearer, id enrolment.OfficeID, at time.Time) error
	Cancel(ctx context.Context, b enrolment.Bearer) error
	Visit(ctx context.Context, b enrolment.Bearer) (enrolment.Way, error)
	Came(ctx context.Context, b enrolment.Bearer, back enrolment.Return) error

	Arrive(ctx context.Context, secret login.Secret) (enrolment.Bearer, error)
	SendCode(ctx context.Context, b enrolment.Bearer) error
	Enter(ctx context.Context, b enrolment.Bearer, digits string) error
	Results() enrolment.Results
	Activate(ctx context.Context, b enrolment.Bearer, read ...application.Agreement) (rem.AccountID, error)
	ActivationText(ctx context.Context, b enrolment.Bearer) ([]byte, error)
	ActivateSigned(ctx context.Context, b enrolment.Bearer, signature []byte, read ...application.Agreement) (rem.AccountID, error)
	LogIn(ctx context.Context, b enrolment.Bearer) (enrolment.Entrance, error)

	Lost(ctx context.Context, shown enrolment.Shown) (enrolment.Begun, error)
	Asked(ctx context.Context, secret login.Secret) (begun bool, err error)
	Accept(ctx context.Context, secret login.Secret, shown enrolment.Shown) (enrolment.Begun, error)
}

// Notices give the privacy notice in force, or notice.ErrNotFound. *notice.Ledger
// does.
type Notices interface {
	InForce(at time.Time) (*notice.Version, error)
}

// Sessions open the session of an applicant. *login.Service does.
type Sessions interface {
	Resume(ctx context.Context, v login.Visitor, applicant rem.PersonID) (login.Opened, error)
}

// Services are what the pages ask.
type Services struct {
	Applicants Applicants
	Sessions   Sessions
	Notices    Notices
	// Texts are the versions that an applicant accepts now; enrolment.Service.Texts.
	Texts func() ([]application.Agreement, error)
	// Offices are where people can come; enrolment.Service.Offices.
	Offices func() []enrolment.Office
	// Offer returns which methods there are now, for the page that says what will be
	// needed; enrolment.Service.Offer.
	Offer func(context.Context) (identity.Offer, error)
	// Corporate and Company are for companies that apply for their people; without
	// them there is no such page.
	Corporate Corporate
	Company   Company
}

// The pages to which links in messages lead. A link is the page, a question mark,
// "s=", and the secret: see [Link].
const (
	ResumePath     = "/apply/resume"
	ActivationPath = "/apply/activate"
	InvitationPath = "/apply/invited"
	// LostPath is for who cannot log in any more (REQ-44).
	LostPath = "/apply/lost"
	// ReturnPath is where the e-Devlet gate sends people back to.
	ReturnPath = "/apply/method/return"
)

// Link makes the address that a link in a message leads to: base is that of the
// site, such as "https://kep.example", path one of the above.
func Link(base, path string) func(login.Secret) string {
	return func(s login.Secret) string { return base + path + "?s=" + s.Reveal() }
}

type pages struct {
	Services
	views  *web.Views
	begins *throttle.Throttle // by network
}

// Part returns the pages.
func Part(s Services) web.Part {
	p := &pages{s, web.MustViews(templates, "templates"), throttle.New(beginWindow)}
	get := func(name, pattern string, h handler) web.Route {
		return web.Route{Name: name, Method: "GET", Pattern: pattern, Who: web.Applicant, Handler: p.on(h)}
	}
	post := func(name, pattern string, h handler) web.Route {
		return web.Route{Name: name, Method: "POST", Pattern: pattern, Who: web.Applicant, Handler: p.on(h)}
	}
	upload := func(r web.Route, size int64) web.Route {
		r.MaxBody, r.Busy = size+uploadFrame, true
		return r
	}
	open := func(name, method, pattern string, h web.Handler) web.Route {
		return web.Route{Name: name, Method: method, Pattern: pattern, Who: web.Public, Handler: h}
	}
	part := web.Part{
		Name: "apply", Title: text("Başvuru", "Application"),
		Menu: []web.MenuItem{
			{Text: text("Başvurunun durumu", "Where it stands"), Path: "/apply/status"},
			{Text: text("Form", "Form"), Path: "/apply/form"},
			{Text: text("Belgeler", "Papers"), Path: "/apply/papers"},
			{Text: text("Kimlik doğrulama", "Identification"), Path: "/apply/method"},
		},
		Routes: []web.Route{
			open("begin", "GET", "/apply", p.begin), open("begun", "POST", "/apply", p.begun),
			open("resume", "GET", ResumePath, p.resume), open("resumed", "POST", ResumePath, p.resumed),
			open("lost", "GET", LostPath, p.lost), open("lostbegun", "POST", LostPath, p.lostBegun),
			open("invited", "GET", InvitationPath, p.invited), open("accepted", "POST", InvitationPath, p.accepted),
			get("notice", "/apply/notice", p.notice), post("told", "/apply/notice", p.told),

			get("form", "/apply/form", p.formStart),
			get("step", "/apply/form/{step}", p.formStep), post("saved", "/apply/form/{step}", p.formSave),
			get("check", "/apply/check", p.check), post("submitted", "/apply/check", p.submit),

			get("papers", "/apply/papers", p.papers), upload(post("paper", "/apply/papers/{paper}", p.handIn), enrolment.MaxPaper),

			get("method", "/apply/method", p.method), post("chosen", "/apply/method", p.choose),
			get("identify", "/apply/method/proof", p.identify),
			get("tosign", "/apply/method/form", p.formToSign), upload(post("signed", "/apply/method/sign", p.sign), maxSignature),
			post("book", "/apply/method/book", p.book), post("cancel", "/apply/method/cancel", p.cancel),
			post("visit", "/apply/method/visit", p.visit),
			get("return", ReturnPath, p.returning), post("returned", ReturnPath, p.returned),
			upload(post("package", "/apply/method/package", p.handed), maxPackage),

			get("status", "/apply/status", p.status),
			get("withdrawing", "/apply/withdraw", p.withdrawing), post("withdrawn", "/apply/withdraw", p.withdraw),

			open("activate", "GET", ActivationPath, p.activate), open("arrive", "POST", ActivationPath, p.arrive),
			get("code", "/apply/activate/code", p.code), post("send", "/apply/activate/send", p.send), post("open", "/apply/activate/code", p.enter),
			get("activation", "/apply/activate/sign", p.activation), get("activationtext", "/apply/activate/text", p.activationText),
			upload(post("activated", "/apply/activate/sign", p.activated), maxSignature),
		},
	}
	if s.Corporate != nil && s.Company != nil {
		part.Menu = append(part.Menu, web.MenuItem{Text: bulkTitle, Path: "/apply/bulk"})
		part.Routes = append(part.Routes,
			web.Route{Name: "bulk", Method: "GET", Pattern: "/apply/bulk", Who: web.Holder, Handler: p.bulk},
			web.Route{Name: "applied", Method: "POST", Pattern: "/apply/bulk", Who: web.Holder, Fresh: true, Handler: p.applied, MaxBody: application.MaxBulk + uploadFrame, Busy: true})
	}
	return part
}

// The sizes of what is handed in, in octets.
const (
	// maxSignature bounds a signature, which may carry certificates and revocation lists.
	maxSignature = 512 << 10
	// maxPackage bounds what a program or a card's reader makes.
	maxPackage = 1 << 20
	// uploadFrame is what a form adds around its file.
	uploadFrame = 16 << 10
)

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

// A visit is a request of somebody about his application, and how it stands.
type visit struct {
	*web.Request
	bearer enrolment.Bearer
	enrolment.Standing
}

type handler func(*visit) (web.Answer, error)

// on finds the application whose session it is.
func (p *pages) on(h handler) web.Handler {
	return func(r *web.Request) (web.Answer, error) {
		b, err := p.Applicants.Bearer(r.Context(), r.Principal.Person())
		if err == nil {
			v := &visit{Request: r, bearer: b}
			if err = p.look(v); err == nil {
				return h(v)
			}
		}
		if errors.Is(err, enrolment.ErrLink) {
			return nil, &web.Forbidden{Why: enrolment.ErrLink.Text}
		}
		return nil, err
	}
}

// look reads how the application stands.
func (p *pages) look(v *visit) (err error) {
	v.Standing, err = p.Applicants.View(v.Context(), v.bearer)
	return err
}

// can reports whether the applicant may do something now.
func (v *visit) can(e application.Event) bool {
	for _, x := range v.Can {
		if x == e {
			return true
		}
	}
	return false
}

var (
	toStatus = web.Redirect{To: "/apply/status"}

	laterText = text("Sormamız gereken bir hizmete şu anda ulaşılamıyor; hiçbir şey kaydedilmedi. Biraz sonra yeniden deneyin.", "A service that has to be asked cannot be reached now; nothing was recorded. Please try again in a while.")
	movedText = text("Başvuru bu arada değişti; durumuna bakıp yeniden deneyin.", "The application was changed meanwhile; look where it stands and try again.")
	unsigned  = text("Dosya bu metnin ayrık CAdES imzası değil ya da okunamıyor.", "The file is no detached CAdES signature over this text, or cannot be read.")
)

// say puts an answer beside a field; what is no answer to a person is returned.
func say(f *web.Form, field string, err error) error {
	if problems, ok := errors.AsType[person.Problems](err); ok {
		f.FailAll(problems)
		return nil
	}
	if denial, ok := errors.AsType[*application.Denial](err); ok {
		f.Fail(field, denial.Text)
		return nil
	}
	for _, known := range []struct {
		err  error
		text rem.Text
	}{
		{enrolment.ErrLater, laterText}, {identity.ErrLater, laterText}, {identity.ErrUnreadable, unsigned},
		{application.ErrMoved, movedText}, {web.ErrTooLarge, enrolment.ErrTooLarge.Text},
	} {
		if errors.Is(err, known.err) {
			f.Fail(field, known.text)
			return nil
		}
	}
	return err
}

// again shows a page anew with what is wrong, as the application stands now.
func (p *pages) again(v *visit, f *web.Form, field string, err error, page func(*visit, *web.Form) (web.Answer, error)) (web.Answer, error) {
	if errors.Is(err, enrolment.ErrNotice) {
		return web.Redirect{To: "/apply/notice"}, nil
	}
	if err := say(f, field, err); err != nil {
		return nil, err
	}
	if err := p.look(v); err != nil {
		return nil, err
	}
	return page(v, f)
}

// upload reads a form with one file of bounded size. What is too large is read to
// its end, which the route bounds, so that its sender gets an answer.
func upload(r *web.Request, field string, most int64) (*web.Form, []byte, error) {
	var body []byte
	large := false
	f, err := r.Upload(func(_ *web.Form, file web.File) error {
		if file.Field != field {
			return web.ErrForm
		}
		b, err := io.ReadAll(io.LimitReader(file, most+1))
		if err != nil {
			return err
		}
		body, large = b, int64(len(b)) > most
		_, err = io.Copy(io.Discard, file)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	switch {
	case large:
		f.Fail(field, text("Dosya çok büyük.", "The file is too large."))
	case len(body) == 0:
		f.Fail(field, text("Bir dosya seçin.", "Choose a file."))
	}
	return f, body, nil
}
