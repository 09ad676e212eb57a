package console

import (
	"context"
	"embed"
	"errors"
	"io"
	"time"

	"rem"
	"rem/edge/web"
	"rem/person"
	"rem/person/account"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/person/news"
	"rem/privacy"
	"rem/provider/partner"
	"rem/provider/staff"
)

//go:embed templates
var templates embed.FS

// Cases are the applications, as their ledger has them.
type Cases interface {
	application.Lists
	Application(ctx context.Context, id person.ApplicationID) (application.View, error)
	History(ctx context.Context, id person.ApplicationID) ([]application.StepData, error)
}

// Desk carries out what people decide about applications, by the rules, and opens
// cases for them: *enrolment.Desk. What it does is durable when it returns nil. An
// *application.Denial or a *rem.Refusal is an answer for whoever asked;
// application.ErrMoved says that somebody else's step came first.
type Desk interface {
	Open(ctx context.Context, by application.By, id person.ApplicationID) (*enrolment.File, error)
	Paper(ctx context.Context, by application.By, id person.ApplicationID, digest rem.Digest) ([]byte, error)
	Appointments(ctx context.Context, by application.By, o enrolment.OfficeID, from, until time.Time) ([]enrolment.Appointment, error)

	HandIn(ctx context.Context, by application.By, id person.ApplicationID, k application.PaperKind, r io.Reader) (application.Paper, error)
	Capture(ctx context.Context, by application.By, id person.ApplicationID, r io.Reader) (identity.Evidence, error)
	Identify(ctx context.Context, by application.By, id person.ApplicationID, seen enrolment.Seen) error
	Visited(ctx context.Context, by application.By, o *partner.Order) error
	Clear(ctx context.Context, by application.By, id person.ApplicationID, reason string) error
	Return(ctx context.Context, by application.By, id person.ApplicationID, why application.Reason) error
	TakeUp(ctx context.Context, by application.By, id person.ApplicationID) error
	GiveBack(ctx context.Context, by application.By, id person.ApplicationID) error
	// Looked returns enrolment.ErrUnread for who did not open the answers.
	Looked(ctx context.Context, by application.By, id person.ApplicationID) error
	Approve(ctx context.Context, by application.By, id person.ApplicationID) error
	Refuse(ctx context.Context, by application.By, id person.ApplicationID, why application.Reason) error
}

var _ Desk = (*enrolment.Desk)(nil)

// Accounts are looked up.
type Accounts interface {
	Account(ctx context.Context, id rem.AccountID) (account.Account, error)
	ByAddress(ctx context.Context, a rem.Address) (account.Account, error)
}

// Keeper moves accounts: *account.Keeper.
type Keeper interface {
	Move(ctx context.Context, by account.By, id rem.AccountID, e account.Event, why account.Reason) error
}

// Deliveries are what support may know of messages to a person: news.Outbox.
type Deliveries interface {
	Deliveries(ctx context.Context, p rem.PersonID, before time.Time, limit int) ([]news.Delivery, error)
}

// A Key is a one-time key that is shown once. It does not print itself.
type Key interface{ Reveal() string }

// Services are what the pages ask. Those that may be nil have no pages then.
type Services struct {
	Clock rem.Clock
	Staff *staff.Book
	// Invite makes the one-time key by which somebody sets his first credentials;
	// nil: the book's own ([staff.Book.Invite]).
	Invite func(ctx context.Context, by staff.Hand, p rem.PersonID) (Key, error)
	// PolicyText gives the text of a policy by its digest; nil: there are no pages on
	// which policies are acknowledged.
	PolicyText func(ctx context.Context, digest rem.Digest) ([]byte, error)
	Vault      *privacy.Vault

	Cases Cases
	Desk  Desk
	// Offices are where people come with an appointment.
	Offices []enrolment.Office

	Partners *partner.Desk
	// Keep keeps an evidence of a visit, sealed: enrolment.Service.KeepEvidence.
	Keep func(ctx context.Context, id person.ApplicationID) func(identity.Kept) error

	Accounts   Accounts
	Keeper     Keeper
	Deliveries Deliveries // may be nil
}

// pages are the handlers with what they ask.
type pages struct {
	Services
	views *web.Views
}

// The roles that may call, as the table of provider/staff has them: who moves
// applications works on cases, an auditor reads them, support and security work on
// accounts, a manager on staff and institutions.
var (
	anyStaff []staff.Role
	readers  = []staff.Role{staff.Officer, staff.Approver, staff.Auditor}
	workers  = []staff.Role{staff.Officer, staff.Approver}
	officer  = []staff.Role{staff.Officer}
	approver = []staff.Role{staff.Approver}
	manager  = []staff.Role{staff.Manager}
	roll     = []staff.Role{staff.Manager, staff.Auditor}
	orders   = []staff.Role{staff.Officer, staff.Auditor}
	helpers  = []staff.Role{staff.Support, staff.Security, staff.Privacy}
	keepers  = []staff.Role{staff.Support, staff.Security}
)

// gated asks the gate before the page: who has none of the roles in force, or lacks
// training or an acknowledgement, reads why (S41, S42). The overview is for
// everybody of the staff, and says what he lacks.
func (p *pages) gated(roles []staff.Role, h web.Handler) web.Handler {
	if len(roles) == 0 {
		return h
	}
	return func(r *web.Request) (web.Answer, error) {
		err := staff.ErrNoAct
		for _, role := range roles {
			if !r.Principal.Has(role) {
				continue
			}
			if err = p.Staff.May(r.Context(), r.Principal.Person(), role); err == nil {
				return h(r)
			}
		}
		if why := staffRefusal(err); why != (rem.Text{}) {
			return nil, &web.Forbidden{Why: why}
		}
		return nil, err
	}
}

// The largest bodies: a paper is scanned and sealed whole.
const (
	maxPaper = enrolment.MaxPaper
	maxSign  = 64 << 10
)

// Parts returns the desk and the partner's pages.
func Parts(s Services) []web.Part {
	if s.Invite == nil {
		s.Invite = func(ctx context.Context, by staff.Hand, p rem.PersonID) (Key, error) {
			return s.Staff.Invite(ctx, by, p)
		}
	}
	p := &pages{s, web.MustViews(templates, "templates")}
	desk, institution := p.desk(), p.partner()
	if s.PolicyText != nil {
		for path, part := range map[string]*web.Part{"/desk/policy": &desk, "/partner/policy": &institution} {
			who := web.Staff()
			if part == &institution {
				who = web.Partner
			}
			part.Menu = append(part.Menu, web.MenuItem{Text: text("Politika", "Policy"), Path: path})
			part.Routes = append(part.Routes, web.Route{Name: "policy", Method: "GET", Pattern: path, Who: who, Handler: p.policy(path)},
				web.Route{Name: "policy.acknowledge", Method: "POST", Pattern: path, Who: who, Handler: p.acknowledge(path)})
		}
	}
	return []web.Part{desk, institution}
}

func (p *pages) desk() web.Part {
	get := func(name, pattern string, roles []staff.Role, h web.Handler) web.Route {
		return web.Route{Name: name, Method: "GET", Pattern: pattern, Who: web.Staff(roles...), Handler: p.gated(roles, h)}
	}
	post := func(name, pattern string, roles []staff.Role, h web.Handler) web.Route {
		return web.Route{Name: name, Method: "POST", Pattern: pattern, Who: web.Staff(roles...), Handler: p.gated(roles, h)}
	}
	fresh := func(r web.Route) web.Route { r.Fresh = true; return r }
	large := func(r web.Route) web.Route { r.MaxBody, r.Busy = maxPaper+web.FormSize, true; return r }
	const one = "/desk/applications/{id}"
	return web.Part{
		Name: "console", Title: text("Masa", "Desk"),
		Menu: []web.MenuItem{
			{Text: text("Genel bakış", "Overview"), Path: "/desk"},
			{Text: text("Başvurular", "Applications"), Path: "/desk/applications"},
			{Text: text("İş emirleri", "Work orders"), Path: "/desk/orders"},
			{Text: text("Hesaplar", "Accounts"), Path: "/desk/accounts"},
			{Text: text("Görevliler", "Staff"), Path: "/desk/staff"},
			{Text: text("Kurumlar", "Institutions"), Path: "/desk/partners"},
		},
		Routes: []web.Route{
			get("overview", "/desk", anyStaff, p.overview),

			get("queue", "/desk/applications", readers, p.queue),
			get("case", one, readers, p.one),
			post("case.answers", one+"/answers", workers, p.answers),
			post("case.paper", one+"/paper", workers, p.paper),
			get("case.hand-in", one+"/hand-in", officer, p.handIn),
			large(post("case.handed-in", one+"/hand-in", officer, p.handedIn)),
			get("case.office", one+"/office", officer, p.office),
			large(post("case.identified", one+"/office", officer, p.identified)),
			get("case.clear", one+"/clear", officer, p.clear),
			post("case.cleared", one+"/clear", officer, p.cleared),
			get("case.return", one+"/return", workers, p.giveReason(returning)),
			post("case.returned", one+"/return", workers, p.reasoned(returning)),
			fresh(get("case.refuse", one+"/refuse", workers, p.giveReason(refusing))),
			fresh(post("case.refused", one+"/refuse", workers, p.reasoned(refusing))),
			post("case.take-up", one+"/take-up", approver, p.takeUp),
			post("case.give-back", one+"/give-back", approver, p.giveBack),
			fresh(get("case.approve", one+"/approve", approver, p.approve)),
			fresh(post("case.approved", one+"/approve", approver, p.approved)),
			get("case.issue", one+"/issue", officer, p.issue),
			post("case.issued", one+"/issue", officer, p.issued),

			get("orders", "/desk/orders", orders, p.orders),
			get("order", "/desk/orders/{id}", orders, p.order),
			get("order.hand-over", "/desk/orders/{id}/hand-over", officer, p.handOver),
			post("order.handed-over", "/desk/orders/{id}/hand-over", officer, p.handedOver),
			post("order.finish", "/desk/orders/{id}/finish", officer, p.finish),
			get("order.cancel", "/desk/orders/{id}/cancel", officer, p.cancel),
			post("order.cancelled", "/desk/orders/{id}/cancel", officer, p.cancelled),

			get("staff", "/desk/staff", roll, p.staff),
			post("staff.names", "/desk/staff/names", manager, p.staffNames),
			fresh(get("staff.new", "/desk/staff/new", manager, p.newMember)),
			fresh(post("staff.appoint", "/desk/staff/new", manager, p.appoint)),
			fresh(post("staff.confirm", "/desk/staff/confirm", manager, p.answerProposal(true))),
			fresh(post("staff.decline", "/desk/staff/decline", manager, p.answerProposal(false))),
			get("member", "/desk/staff/member/{id}", roll, p.member),
			fresh(post("member.propose", "/desk/staff/member/{id}/propose", manager, p.propose)),
			post("member.train", "/desk/staff/member/{id}/train", manager, p.train),
			fresh(get("member.end", "/desk/staff/member/{id}/end", manager, p.ending)),
			fresh(post("member.ended", "/desk/staff/member/{id}/end", manager, p.ended)),
			fresh(get("member.invite", "/desk/staff/member/{id}/invite", manager, p.inviting)),
			fresh(post("member.invited", "/desk/staff/member/{id}/invite", manager, p.invited)),

			get("partners", "/desk/partners", roll, p.institutions),
			get("institution", "/desk/partners/{id}", roll, p.institution),
			fresh(get("institution.new", "/desk/partners/new", manager, p.newInstitution)),
			fresh(post("institution.add", "/desk/partners/new", manager, p.addInstitution)),
			fresh(get("institution.end", "/desk/partners/{id}/end", manager, p.endingInstitution)),
			fresh(post("institution.ended", "/desk/partners/{id}/end", manager, p.endInstitution)),

			get("accounts", "/desk/accounts", helpers, p.accounts),
			post("accounts.find", "/desk/accounts", helpers, p.findAccount),
			get("account", "/desk/accounts/{id}", helpers, p.account),
			post("account.names", "/desk/accounts/{id}/names", helpers, p.accountNames),
			fresh(get("account.move", "/desk/accounts/{id}/move/{event}", keepers, p.moveAccount)),
			fresh(post("account.moved", "/desk/accounts/{id}/move/{event}", keepers, p.accountMoved)),
		},
	}
}

func (p *pages) partner() web.Part {
	route := func(method, name, pattern string, h web.Handler) web.Route {
		return web.Route{Name: name, Method: method, Pattern: pattern, Who: web.Partner, Handler: h}
	}
	signed := route("POST", "result.signed", "/partner/order/{id}/result", p.visited)
	signed.MaxBody = maxSign + web.FormSize
	return web.Part{
		Name: "partner", Title: text("Kurum", "Institution"),
		Menu: []web.MenuItem{{Text: text("İş emirleri", "Work orders"), Path: "/partner"}},
		Routes: []web.Route{
			route("GET", "orders", "/partner", p.partnerOrders),
			route("GET", "order", "/partner/order/{id}", p.partnerOrder),
			route("POST", "see", "/partner/order/{id}/see", p.see),
			route("POST", "accept", "/partner/order/{id}/accept", p.accept),
			route("POST", "give-back", "/partner/order/{id}/give-back", p.leave),
			route("GET", "return", "/partner/order/{id}/return", p.returnOrder),
			route("POST", "returned", "/partner/order/{id}/return", p.orderReturned),
			route("GET", "visit", "/partner/order/{id}/visit", p.visit),
			route("POST", "result", "/partner/order/{id}/visit", p.result),
			route("POST", "result.text", "/partner/order/{id}/text", p.resultText),
			signed,
			route("GET", "take", "/partner/order/{id}/take", p.take),
			route("POST", "taken", "/partner/order/{id}/take", p.taken),
		},
	}
}

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

// method is how who asks proved to be himself in this session.
func method(r *web.Request) string { return string(r.Principal.Session.Method) }

// act makes who moves an application: the gate does, from the session.
func (p *pages) act(r *web.Request, role staff.Role) (application.By, error) {
	return p.Staff.Act(r.Context(), r.Principal.Person(), role, method(r))
}

// hand makes who writes in the book of staff.
func hand(r *web.Request) staff.Hand {
	return staff.Hand{Person: r.Principal.Person(), Door: staff.Console, Method: method(r)}
}

var errMoved = rem.Refuse(rem.PolicyViolation,
	"Bu sırada başka biri işlem yaptı. Kaydın yeni hâline bakıp yeniden karar veriniz.", "Somebody else came first. Look at what it is now, and decide again.")

var errLater = rem.Refuse(rem.PolicyViolation,
	"Sorulması gereken bir sistem (tarayıcı, sicil) şu anda yanıt vermiyor. Hiçbir şey kaydedilmedi; biraz sonra yeniden deneyiniz.",
	"A system that has to be asked (scanner, registry) does not answer now. Nothing was recorded; try again in a while.")

// answered gives an error of a service its page: what is not there, what somebody
// else did first, what the rules do not allow.
func answered(err error) error {
	var denial *application.Denial
	switch {
	case err == nil:
		return nil
	case errors.As(err, &denial):
		return rem.Refuse(rem.PolicyViolation, denial.Text.Turkish, denial.Text.English)
	case errors.Is(err, application.ErrMoved), errors.Is(err, partner.ErrMoved):
		return errMoved
	case errors.Is(err, application.ErrNotFound), errors.Is(err, partner.ErrNotFound), errors.Is(err, account.ErrNotFound), errors.Is(err, staff.ErrNotFound),
		errors.Is(err, enrolment.ErrNoPaper):
		return web.ErrNotFound
	case errors.Is(err, enrolment.ErrLater):
		return errLater
	}
	return err
}
