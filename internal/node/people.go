package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rem"
	"rem/edge/api"
	"rem/edge/apistore"
	"rem/edge/apply"
	"rem/edge/centraldirectory"
	"rem/edge/config"
	"rem/edge/console"
	"rem/edge/entrance"
	"rem/edge/notify"
	"rem/edge/paperstore"
	"rem/edge/passkey"
	"rem/edge/portal"
	"rem/edge/revocation"
	signingpages "rem/edge/signing"
	"rem/edge/site"
	"rem/edge/soap"
	"rem/edge/web"
	"rem/person/account"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/person/login"
	"rem/person/token"
	"rem/privacy"
	"rem/privacy/consent"
	"rem/privacy/notice"
	"rem/provider/directory"
	"rem/provider/partner"
	"rem/provider/staff"
)

// People is the person's side of a provider: who works here, how people log in,
// by what they are told, and the pages. Its fields are for reading.
type People struct {
	Staff     *staff.Book
	Login     *login.Service
	Messenger *notify.Messenger
	Contacts  *notify.Book
	Directory *directory.Directory
	Enrolment *enrolment.Service // nil: nobody can apply
	Tokens    *token.Service     // of programs; nil: there is no door for them
	Site      *web.Site          // nil: there are no pages

	papers   *paperstore.Store
	programs *apistore.Store
	// happenings are told and sent from programs.
	happenings happenings
	partners   *partner.Desk
	central    *centraldirectory.Runner // nil: there is no central directory
	judge      *identity.SignatureJudge
}

// alarms of what works for people beside their requests.
const (
	alarmLogins = "log-ins could not be looked after"
	alarmNews   = "people could not be told"
)

// openPeople opens the person's side, over the records and the stages.
func (n *Node) openPeople(ctx context.Context) error {
	guard, err := n.Config.Guard()
	if err != nil {
		return err
	}
	if err := n.openNews(guard); err != nil {
		return err
	}
	p := &n.People
	if p.Staff, err = staff.Open(ctx, staff.Config{
		Store: n.Records.Persons.StaffChain(), Vault: n.Records.Vault, Clock: n.clock, Sessions: endings{n},
	}); err != nil {
		return err
	}
	if err := n.openDirectory(ctx, guard); err != nil {
		return err
	}
	if n.Config.Listen.Web == "" {
		return nil
	}
	if err := n.openLogins(ctx); err != nil {
		return err
	}
	if err := n.openEnrolment(ctx, guard); err != nil {
		return err
	}
	if err := n.openPrograms(ctx); err != nil {
		return err
	}
	if err := n.openHappenings(guard); err != nil {
		return err
	}
	return n.openSite()
}

// endings ends the sessions of whoever loses a role.
type endings struct{ n *Node }

// EndAll implements staff.Sessions.
func (e endings) EndAll(ctx context.Context, p rem.PersonID) error {
	if e.n.People.Login == nil { // it opens later, over what the store has
		return e.n.Records.Persons.Logins().EndAll(ctx, p)
	}
	return e.n.People.Login.EndAll(ctx, p)
}

// gate asks the book of staff at each request of one of them.
type gate struct{ book *staff.Book }

// May implements login.Gate.
func (g gate) May(ctx context.Context, who login.Who) error {
	return g.book.Enter(ctx, who.Person, who.Kind == login.Partner)
}

func (n *Node) openLogins(ctx context.Context) error {
	base, err := url.Parse(n.Config.Web.Base)
	if err != nil {
		return fmt.Errorf("web.base: %w", err)
	}
	keys, err := passkey.New(base.Hostname(), n.Config.Web.Base, n.Provider.Name.Turkish)
	if err != nil {
		return err
	}
	messenger, err := notify.NewForLogin(n.People.Contacts, codeTerm, n.Config.Web.Base+"/security/history")
	if err != nil {
		return err
	}
	anchors, err := readAnchors(n.Config)
	if err != nil {
		return err
	}
	c := login.Config{
		Store: n.Records.Persons.Logins(), Vault: n.Records.Vault, Keys: n.Records.Keys, Clock: n.clock, Hasher: n.hasher, Passkeys: keys,
		Messenger: messenger, Gate: gate{n.People.Staff}, Origin: n.Config.Web.Base, Issuer: n.Provider.Name.Turkish,
		Settings: login.Settings{Code: codeTerm},
	}
	policy := anchors.policy(n.Config)
	if n.Config.Revocation.Require {
		judge, err := login.NewJudge(policy, n.clock, revocation.New(nil))
		if err != nil {
			return err
		}
		c.Signatures = judge
	}
	n.People.Login, err = login.New(ctx, c)
	return err
}

// codeTerm is how long a one-time code that was sent is good.
const codeTerm = 3 * time.Minute

// webSessions ends the sessions of the pages when an account's people change. Those
// of mail programs need no end: each of their commands looks at the account as it
// is then ([Node.holds]).
type webSessions struct{ n *Node }

// End implements account.Sessions.
func (s webSessions) End(ctx context.Context, id rem.AccountID, p rem.PersonID) error {
	l := s.n.People.Login
	if l == nil {
		return nil
	}
	if p != "" {
		return l.EndAll(ctx, p)
	}
	a, err := s.n.Store.Account(ctx, id)
	if err != nil {
		return err
	}
	var errs []error
	for _, o := range a.Operators {
		errs = append(errs, l.EndAll(ctx, o.Person))
	}
	return errors.Join(errs...)
}

// roles are those of somebody of the staff, or of a partner, now: with training
// and policies in order, or none but the right to enter.
func (n *Node) roles(ctx context.Context, who login.Who) ([]staff.Role, error) {
	return n.People.Staff.Ready(ctx, who.Person)
}

// label is what an authenticator shows for somebody.
func (n *Node) label(ctx context.Context, x login.Session) (string, error) {
	if x.Who.Kind != login.Holder || x.Account == "" {
		return doorName(n.Config), nil
	}
	a, err := n.Store.Account(ctx, x.Account)
	if errors.Is(err, account.ErrNotFound) {
		return doorName(n.Config), nil
	}
	if err != nil {
		return "", err
	}
	return a.Address.String(), nil
}

// openSite makes the pages.
func (n *Node) openSite() error {
	parts, err := n.parts()
	if err != nil {
		return err
	}
	n.People.Site, err = web.New(n.siteConfig(web.Logins(n.People.Login, n.roles)), parts...)
	return err
}

func (n *Node) siteConfig(sessions web.Sessions) web.Config {
	return web.Config{
		Base: n.Config.Web.Base, Name: n.Provider.Name, Clock: n.clock, Log: n.Log, Sessions: sessions, Simulated: n.simulated(),
		Menu: append(site.Menu(),
			web.MenuItem{Text: rem.Text{Turkish: "Posta", English: "Mail"}, Path: "/mail"},
			web.MenuItem{Text: rem.Text{Turkish: "Hesabım", English: "My account"}, Path: "/account"},
			web.MenuItem{Text: rem.Text{Turkish: "Masa", English: "Desk"}, Path: "/desk"},
			web.MenuItem{Text: rem.Text{Turkish: "Kurum", English: "Institution"}, Path: "/partner"}), Foot: site.Foot(),
	}
}

// parts joins the pages with what they ask.
func (n *Node) parts() ([]web.Part, error) {
	r := &n.Records
	verifier, err := n.verifier()
	if err != nil {
		return nil, err
	}
	gates := entrance.Services{Login: n.People.Login, Label: n.label, Invited: n.invited, Signatures: n.People.Login.Signatures != nil}
	mine := portal.Services{
		Accounts: n.Store, Keeper: n.Keeper, Hasher: n.hasher, Vault: r.Vault, Looks: r.Access, Viewer: r.Viewer, Register: r.Register,
		Notices: r.Notices, Consents: r.Consents, Directory: n.People.Directory, Answers: answers{r.Persons.Enrolment()}, Receipt: n.receipt, Switch: n.People.Login, Server: n.Config.Listen.Submission, Reader: n.Config.Listen.IMAP, Export: "/mail/export",
	}
	if n.People.Enrolment != nil {
		gates.Lost, mine.Crew = apply.LostPath, n.People.Enrolment.Crew()
	}
	parts := []web.Part{
		site.Part(site.Services{
			Provider: n.Provider, Practice: n.Practice, Notices: r.Notices, Documents: r.Published, Verifier: verifier, Health: n.health,
			Base: n.Config.Web.Base, Security: n.Config.Web.Security, Login: true, Apply: n.People.Enrolment != nil, Directory: n.People.Directory != nil,
		}),
		entrance.Part(gates),
		n.accountPart(mine),
	}
	sign, err := n.signingPart()
	if err != nil {
		return nil, err
	}
	parts = append(parts, sign)
	parts = append(parts, n.webmail(verifier))
	if n.People.Enrolment != nil {
		parts = append(parts, console.Parts(console.Services{
			Clock: n.clock, Staff: n.People.Staff, PolicyText: n.policyText, Vault: r.Vault, Cases: r.Persons, Desk: n.People.Enrolment.Desk(), Offices: offices(n.Config),
			Partners: n.People.partners, Keep: n.People.Enrolment.KeepEvidence, Accounts: n.Store, Keeper: n.Keeper, Deliveries: n.People.Messenger,
		})...)
		parts = append(parts, apply.Part(apply.Services{
			Applicants: n.People.Enrolment.Applicants(), Sessions: n.People.Login, Notices: r.Notices, Texts: n.People.Enrolment.Texts,
			Offices: n.People.Enrolment.Offices, Offer: n.People.Enrolment.Offer,
			Corporate: n.People.Enrolment.Corporate(), Company: n.company,
		}))
	}
	return parts, nil
}

// answers are what account holders said when they applied.
type answers struct{ store enrolment.Store }

// maxProfiles bounds the accounts of one person whose answers are shown.
const maxProfiles = 8

// AnswersOf implements portal.Answers.
func (a answers) AnswersOf(ctx context.Context, p rem.PersonID) (list []portal.Said, err error) {
	profiles, err := a.store.ProfilesOf(ctx, p, maxProfiles)
	if err != nil {
		return nil, err
	}
	for _, x := range profiles {
		if x.Holder != p {
			continue // who represents somebody sees his own
		}
		labels := map[string]rem.Text{}
		for _, represented := range []bool{false, true} {
			for _, f := range application.Fields(x.Kind, represented) {
				labels[f.Name] = f.Label
			}
		}
		for _, d := range x.Details {
			list = append(list, portal.Said{Label: labels[d.Name], Before: d.Name + ": ", Item: privacy.Item{Person: x.Holder, Field: enrolment.DetailField, Sealed: d.Value}})
		}
	}
	return list, nil
}

// health says how the parts of the service are, for everybody to read.
func (n *Node) health(context.Context) []site.Condition {
	text := func(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }
	ledger := site.Condition{Name: text("İleti kayıtları", "Records of messages"), Well: n.Store.Fault() == nil}
	if !ledger.Well {
		ledger.Note = text("Yeni ileti kabulü gecikebilir; kabul edilen iletiler korunur.", "New messages may be delayed; what was accepted is safe.")
	}
	list := site.Condition{Name: text("Diğer sağlayıcılarla iletim", "Exchange with other providers"), Well: true}
	if current := n.list(); current == nil || current.Overdue(n.clock.Now()) {
		list.Well, list.Note = false, text("Sağlayıcı listesi güncel değil; iletiler beklemede kalabilir.", "The list of providers is not up to date; messages may wait.")
	}
	return []site.Condition{ledger, list}
}

// invited turns an invitation of the book of staff into a grant of the log-in.
func (n *Node) invited(ctx context.Context, invitation string) (login.Secret, error) {
	p, err := n.People.Staff.Redeem(ctx, invitation)
	if errors.Is(err, staff.ErrInvitation) {
		return login.Secret{}, login.ErrGrant
	}
	if err != nil {
		return login.Secret{}, err
	}
	m, err := n.People.Staff.Member(ctx, p)
	if err != nil {
		return login.Secret{}, err
	}
	who := login.Who{Kind: login.Staff, Person: p}
	if m.Institution != "" {
		who.Kind = login.Partner
	}
	secret, err := n.People.Login.Grant(ctx, login.Granting{Who: who})
	if errors.Is(err, login.ErrReady) {
		// He was invited because he lost his ways in, or they are to be others.
		if err = n.People.Login.Reset(ctx, who); err == nil {
			secret, err = n.People.Login.Grant(ctx, login.Granting{Who: who})
		}
	}
	return secret, err
}

// receipt signs a receipt over an entry of the consents.
func (n *Node) receipt(ctx context.Context, number uint64) ([]byte, error) {
	r, err := n.Records.Consents.Receipt(ctx, number, n.Provider.Domain, n.Provider.Name, func(d rem.Digest) string {
		return n.Config.Web.Base + notice.PathOfDigest(d)
	})
	if err != nil {
		return nil, err
	}
	return consent.Sign(ctx, r, n.signer)
}

// webDoor serves the pages.
func (n *Node) webDoor() (*http.Server, error) {
	pair := n.Config.Web.TLS
	if pair == (config.KeyPair{}) {
		pair = n.Config.SubmissionTLS
	}
	certificates, leaf, err := tlsConfig(pair)
	if err != nil {
		return nil, err
	}
	if err := refuseSimulators(n.Config.Mode, leaf); err != nil {
		return nil, err
	}
	server := n.People.Site.Server(certificates)
	programs, err := n.programDoor()
	if err != nil {
		return nil, err
	}
	compatible, err := n.compatibleDoor()
	if err != nil {
		return nil, err
	}
	pages, codes := server.Handler, signingpages.NewPrograms(n.signing, n.clock, n.Log)
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if strings.HasPrefix(q.URL.Path, signingpages.Prefix) {
			codes.ServeHTTP(w, q)
			return
		}
		if strings.HasPrefix(q.URL.Path, api.Prefix) {
			programs.ServeHTTP(w, q)
			return
		}
		if q.URL.Path == soap.Path {
			compatible.ServeHTTP(w, q)
			return
		}
		pages.ServeHTTP(w, q)
	})
	return server, nil
}

// Pauses of what works for people beside their requests.
const (
	loginsEvery = 5 * time.Second
	sweepEvery  = time.Hour
)

// lookAfterLogins tells people what waits, and deletes what is over.
func (n *Node) lookAfterLogins(ctx context.Context) {
	deliver, sweep := time.NewTicker(loginsEvery), time.NewTicker(sweepEvery)
	defer deliver.Stop()
	defer sweep.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-deliver.C:
			_, err = n.People.Login.Deliver(ctx, 100)
		case <-sweep.C:
			for gone := 1; gone > 0 && err == nil; {
				gone, err = n.People.Login.Sweep(ctx)
			}
		}
		if err != nil && ctx.Err() == nil {
			n.alarmOf(alarmLogins)(err)
		}
	}
}

var _ account.Sessions = webSessions{}
