package enrolmenttest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit/chaintest"
	"rem/internal/testkit/noticetest"
	"rem/internal/testkit/personledgertest"
	"rem/internal/testkit/vaulttest"
	"rem/person"
	"rem/person/account"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/person/login"
	"rem/person/news"
	"rem/privacy"
	"rem/privacy/inventory"
	"rem/privacy/notice"
	"rem/provider/directory"
	"rem/provider/publication"
)

// Domain is that of the world's provider.
const Domain = "hs90.kep.test"

// Site is where its links lead.
const Site = "https://basvuru.hs90.kep.test/"

// A World is everything that an enrolment.Service asks, in memory. What stands for
// somebody outside answers as its fields say.
type World struct {
	*vaulttest.World
	// Ledger, Store and Papers are in memory; a test may put others there before
	// Service.
	Ledger  enrolment.Ledger
	Store   enrolment.Store
	Papers  enrolment.Papers
	Notices *notice.Ledger
	// Judge answers about signatures; a test may put another one there.
	Judge enrolment.Judge
	// Business is what the registry has, Away that it cannot be asked now.
	Business     identity.Business
	RegistryAway bool
	// Says is what the adapters show of a person; nil: exactly what he says.
	Says func(identity.Shown) identity.Shown
	// AdapterSays: the first item of an adapter passes. AdapterErr is why there is no answer.
	AdapterSays bool
	AdapterErr  error
	ScannerAway bool
	Production  bool // of the rules; before Service
	NoDirectory bool // before Service

	mu       sync.Mutex
	fail     Fail // guarded by mu, as all below
	accounts map[rem.AccountID]account.Account
	entries  map[rem.AccountID]directory.Entry
	contacts map[rem.PersonID]news.Contact
	told     []Told
	granted  map[login.Who]login.Granting
	ready    map[login.Who]bool
	named    []login.Granting
	taken    []Taken
	faults   []error
}

// Told is a message with where it went.
type Told struct {
	news.Message
	Channel news.Channel
}

// NewWorld returns one in which a sample notice is in force.
func NewWorld(t testing.TB) *World {
	t.Helper()
	ledger, store, papers := personledgertest.NewMemory(), NewMemory(), &Papers{}
	w := &World{
		World: vaulttest.New(t, inventory.Today()), Ledger: ledger, Store: store, Papers: papers,
		AdapterSays: true,
		accounts:    map[rem.AccountID]account.Account{}, entries: map[rem.AccountID]directory.Entry{}, contacts: map[rem.PersonID]news.Contact{},
		granted: map[login.Who]login.Granting{}, ready: map[login.Who]bool{},
	}
	w.Log.Clock = w.Clock
	var err error
	ctx := context.Background()
	w.Notices, err = notice.Open(ctx, &chaintest.Memory{}, &chaintest.Memory{}, w.Clock)
	must(t, err)
	_, err = w.Notices.Publish(ctx, noticetest.Own(t, 1, nil), notice.Terms{By: "staff-n", Register: noticetest.Register(t)})
	must(t, err)
	w.Business = Company(t)
	w.Judge = judge{w}
	ask := func(what string, done bool) error {
		w.mu.Lock()
		f := w.fail
		w.mu.Unlock()
		if f == nil {
			return nil
		}
		return f(what, done)
	}
	ledger.Fail = func(method string, done bool) error { return ask("Ledger."+method, done) }
	store.Fail, papers.Fail = ask, ask
	return w
}

// Break makes every part ask f; nil ends that.
func (w *World) Break(f Fail) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail = f
}

// do does an outside part's work, with the failures that the test wants.
func (w *World) do(what string, work func() error) error {
	w.mu.Lock()
	f := w.fail
	w.mu.Unlock()
	return f.Do(what, func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		return work()
	})
}

// Offices are those of the world.
func Offices() []enrolment.Office {
	return []enrolment.Office{{
		ID: "ankara", Name: rem.Text{Turkish: "Ankara", English: "Ankara"}, Address: "Örnek Mahallesi 1, Ankara",
		Days: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday},
		From: 9 * time.Hour, Until: 17 * time.Hour, Slot: 30 * time.Minute, Seats: 2,
	}}
}

// Service returns a service over the world, as a process that starts has one.
func (w *World) Service(t testing.TB) *enrolment.Service {
	t.Helper()
	ctx := context.Background()
	index := func(name string) *privacy.BlindIndexer {
		x, err := privacy.NewBlindIndexer(ctx, w.Keys, privacy.BlindIndex{Name: name, Version: 1})
		must(t, err)
		return x
	}
	c := enrolment.Config{
		Settings: enrolment.Settings{
			Provider: rem.Text{Turkish: "Örnek KEP", English: "Sample"}, Domain: Domain, Forms: personledgertest.Forms, Offices: Offices(),
			Resume:     func(s login.Secret) string { return Site + "devam?s=" + s.Reveal() },
			Activation: func(s login.Secret) string { return Site + "etkinlestir?s=" + s.Reveal() },
			Invitation: func(s login.Secret) string { return Site + "davet?s=" + s.Reveal() },
			Term:       func(at time.Time) time.Time { return at.AddDate(1, 0, 0) },
		},
		Rules: application.Rules{
			Periods: application.UsualPeriods, Offer: identity.Offer{Methods: identity.Methods(), Institutions: person.Provinces()}, Production: w.Production,
		},
		Ledger: w.Ledger, Store: w.Store, Papers: w.Papers, Vault: w.Vault, Keys: w.Keys, Notices: notices{w}, Documents: documents{}, Accounts: accounts{w},
		Logins: logins{w}, Keeper: keeper{w}, Messenger: messenger{w}, Scanner: scanner{w}, Looks: w.Log, Judge: w.Judge, Registry: registry{w},
		Adapters: map[identity.Method]enrolment.Adapter{identity.EDevlet: adapter{w, identity.EDevlet}, identity.Chip: adapter{w, identity.Chip}, identity.ChipCard: adapter{w, identity.ChipCard}},
		Identity: index("person.identity"), Signatory: index("account.signatory"), Clock: w.Clock, Random: rand.Reader,
		Fault: func(err error) { w.mu.Lock(); defer w.mu.Unlock(); w.faults = append(w.faults, err) },
	}
	if !w.NoDirectory {
		c.Directory = listing{w}
	}
	s, err := enrolment.New(ctx, c)
	must(t, err)
	return s
}

// Shown is the notice in force, as a page shows it.
func (w *World) Shown(t testing.TB) enrolment.Shown {
	t.Helper()
	_, d, err := w.Notices.NoticeInForce(w.Clock.Now())
	must(t, err)
	return enrolment.Shown{Notice: d, Language: privacy.Turkish, Channel: privacy.Website}
}

// Told lists what people were told, oldest first.
func (w *World) Told() []Told {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.told)
}

// Faults lists what went wrong where nobody waited.
func (w *World) Faults() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.faults)
}

// Opened lists the accounts, by their identifiers.
func (w *World) Opened() []account.Account {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []account.Account
	for _, id := range slices.Sorted(maps.Keys(w.accounts)) {
		a := w.accounts[id]
		list = append(list, a.Clone())
	}
	return list
}

// Open puts an account there that came of no application.
func (w *World) Open(a account.Account) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.accounts[a.ID] = a
}

// Forget takes an account away, as a backup that is older than it.
func (w *World) Forget(id rem.AccountID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.accounts, id)
}

// Entry gives what the directory has of an account.
func (w *World) Entry(id rem.AccountID) (directory.Entry, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, ok := w.entries[id]
	return e, ok
}

// Granted says whether a log-in was granted to somebody.
func (w *World) Granted(p rem.PersonID) (login.Granting, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, ok := w.granted[login.Who{Kind: login.Holder, Person: p}]
	return g, ok
}

// Ready makes somebody able to log in already.
func (w *World) Ready(p rem.PersonID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ready[login.Who{Kind: login.Holder, Person: p}] = true
}

// Link gives the secret of the newest link by mail whose page has the name.
func (w *World) Link(t testing.TB, page string) (login.Secret, bool) {
	t.Helper()
	for _, m := range slices.Backward(w.Told()) {
		if text, ok := strings.CutPrefix(m.Link, Site+page+"?s="); ok {
			s, err := login.ParseSecret(text)
			must(t, err)
			return s, true
		}
	}
	return login.Secret{}, false
}

// Code gives the newest code that was sent.
func (w *World) Code() string {
	for _, m := range slices.Backward(w.Told()) {
		if m.Kind == news.Code {
			return m.Code
		}
	}
	return ""
}

type notices struct{ w *World }

func (n notices) NoticeInForce(at time.Time) (uint64, rem.Digest, error) {
	return n.w.Notices.NoticeInForce(at)
}
func (n notices) WasTold(p rem.PersonID, v rem.Digest) bool { return n.w.Notices.WasTold(p, v) }
func (n notices) Deliver(ctx context.Context, d notice.Delivery) (made *notice.Delivery, err error) {
	err = n.w.do("Notices.Deliver", func() (err error) { made, err = n.w.Notices.Deliver(ctx, d); return err })
	return made, err
}

// documents has one version of each text.
type documents struct{}

func (documents) InForce(k publication.Kind, _ time.Time) (*publication.Version, error) {
	return &publication.Version{Publication: publication.Publication{Digest: rem.DigestOf([]byte(k))}, Document: &publication.Document{Kind: k, Version: 1}}, nil
}

type accounts struct{ w *World }

func (a accounts) Create(_ context.Context, x account.Account) error {
	return a.w.do("Accounts.Create", func() error {
		for _, o := range a.w.accounts {
			if o.Address == x.Address && !o.Equal(&x) {
				return account.ErrTaken
			}
		}
		a.w.accounts[x.ID] = x.Clone()
		return nil
	})
}

func (a accounts) Account(_ context.Context, id rem.AccountID) (account.Account, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	x, ok := a.w.accounts[id]
	if !ok {
		return x, account.ErrNotFound
	}
	return x.Clone(), nil
}

func (a accounts) ByAddress(_ context.Context, address rem.Address) (account.Account, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	for _, x := range a.w.accounts {
		if x.Address == address {
			return x.Clone(), nil
		}
	}
	return account.Account{}, account.ErrNotFound
}

func (a accounts) SetPassword(_ context.Context, id rem.AccountID, p rem.PersonID, hash string) error {
	return a.w.do("Accounts.SetPassword", func() error {
		if hash == "" {
			a.w.taken = append(a.w.taken, Taken{id, p})
		}
		return nil
	})
}

// Taken is a password of mail programs that was taken.
type Taken struct {
	Account rem.AccountID
	Person  rem.PersonID
}

// keeper appoints by the rules of accounts.
type keeper struct{ w *World }

func (k keeper) Appoint(_ context.Context, by account.By, id rem.AccountID, o account.Operator) error {
	return k.w.do("Keeper.Appoint", func() error {
		a, ok := k.w.accounts[id]
		if !ok {
			return account.ErrNotFound
		}
		after, err := a.Appoint(by, o, k.w.Clock.Now())
		if err == nil {
			k.w.accounts[id] = after
		}
		return err
	})
}

// Passwords lists the passwords of mail programs that were taken.
func (w *World) Passwords() []Taken {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.taken)
}

// Named lists the names that people got who could log in already.
func (w *World) Named() []login.Granting {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.named)
}

// listing is a directory that holds particulars against its table.
type listing struct{ w *World }

func (l listing) Enter(_ context.Context, _ directory.By, e directory.Entry) (directory.Version, error) {
	return directory.Version{}, l.w.do("Directory.Enter", func() error {
		if problems := e.Particulars.Check(); len(problems) > 0 {
			return problems
		}
		l.w.entries[e.Account] = e
		return nil
	})
}

type logins struct{ w *World }

func (l logins) Grant(_ context.Context, g login.Granting) (login.Secret, error) {
	err := l.w.do("Logins.Grant", func() error {
		if l.w.ready[g.Who] {
			return login.ErrReady
		}
		l.w.granted[g.Who] = g
		return nil
	})
	if err != nil {
		return login.Secret{}, err
	}
	return login.NewSecret(), nil
}

func (l logins) Name(_ context.Context, g login.Granting) error {
	return l.w.do("Logins.Name", func() error { l.w.named = append(l.w.named, g); return nil })
}

func (l logins) AccountsOf(_ context.Context, who login.Who) (list []rem.AccountID, err error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(l.w.accounts)) {
		a := l.w.accounts[id]
		if a.Operator(who.Person) != nil {
			list = append(list, id)
		}
	}
	return list, nil
}

func (l logins) Reset(_ context.Context, who login.Who) error {
	return l.w.do("Logins.Reset", func() error {
		delete(l.w.ready, who)
		delete(l.w.granted, who)
		return nil
	})
}

func (l logins) EndAll(_ context.Context, _ rem.PersonID) error {
	return l.w.do("Logins.EndAll", func() error { return nil })
}

// Contact says whether somebody can be told.
func (w *World) Contact(p rem.PersonID) (news.Contact, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, ok := w.contacts[p]
	return c, ok
}

// messenger tells once for each identifier.
type messenger struct{ w *World }

func (m messenger) Set(_ context.Context, p rem.PersonID, c news.Contact) error {
	return m.w.do("Messenger.Set", func() error {
		if c.IsZero() {
			delete(m.w.contacts, p)
			return nil
		}
		m.w.contacts[p] = c
		return nil
	})
}

func (m messenger) Tell(_ context.Context, ch news.Channel, x news.Message) error {
	return m.w.do("Messenger.Tell", func() error {
		x, ok := m.w.contacts[x.Person].At(ch, x)
		if !ok {
			return news.ErrNoContact
		}
		if err := x.Check(); err != nil {
			return err
		}
		if !slices.ContainsFunc(m.w.told, func(y Told) bool { return y.ID == x.ID }) {
			m.w.told = append(m.w.told, Told{x, ch})
		}
		return nil
	})
}

// Infected is what the world's scanner finds.
const Infected = "X5O!P%@AP[4"

type scanner struct{ w *World }

func (s scanner) Scan(_ context.Context, r io.Reader, _ int64) (found string, err error) {
	err = s.w.do("Scanner.Scan", func() error {
		if s.w.ScannerAway {
			return errors.New("no scanner")
		}
		b, err := io.ReadAll(r)
		if bytes.Contains(b, []byte(Infected)) {
			found = "Test.File"
		}
		return err
	})
	return found, err
}

// Signature is what the world's judge believes: these bytes, and then what was
// signed.
var Signature = []byte("signed by who is named over ")

type judge struct{ w *World }

func (j judge) Verify(_ context.Context, form, signature []byte, _ identity.Claimed) (r *identity.SignedResult, err error) {
	err = j.w.do("Judge.Verify", func() error {
		if len(signature) == 0 {
			return identity.ErrUnreadable
		}
		now := j.w.Clock.Now()
		r = &identity.SignedResult{Finding: identity.SignatureFinding{
			Verdict: "TOTAL-PASSED", Certificate: rem.DigestOf([]byte("certificate")), Chain: []rem.Digest{rem.DigestOf([]byte("anchor"))}, Claimed: now, Proof: now}}
		if !bytes.Equal(signature, slices.Concat(Signature, form)) {
			r.Finding.Verdict = "TOTAL-FAILED HASH_FAILURE"
		}
		for _, p := range []identity.Part{identity.PartNumber, identity.PartGiven, identity.PartFamily} {
			r.Compared = append(r.Compared, identity.Comparison{Part: p, Same: true})
		}
		for k, b := range map[identity.EvidenceKind][]byte{identity.SignedForm: form, identity.FormSignature: signature, identity.SignerCert: []byte("certificate"), identity.AuthorityCert: []byte("authority"), identity.OCSPAnswer: []byte("good")} {
			r.Evidence = append(r.Evidence, identity.KeepBytes(k, b, now))
		}
		return nil
	})
	return r, err
}

// Company is the one that personledgertest's form is of.
func Company(t testing.TB) identity.Business {
	t.Helper()
	form, problems := application.Check{Forms: personledgertest.Forms, Now: at}.Read(person.Private, false, personledgertest.Input(1, person.Private, false))
	if problems != nil {
		t.Fatal(problems)
	}
	b, who := form.Business()
	b.Active, b.Representatives = true, []identity.Representative{who}
	return b
}

type registry struct{ w *World }

func (r registry) Look(_ context.Context, key string, number person.MERSIS) (e *enrolment.Entry, err error) {
	err = r.w.do("Registry.Look", func() error {
		if r.w.RegistryAway {
			return fmt.Errorf("the registry: %w", enrolment.ErrLater)
		}
		e = &enrolment.Entry{Found: number == r.w.Business.Number, Business: r.w.Business, Answer: identity.KeepBytes(identity.RegistryAnswer, []byte("answer to "+key), r.w.Clock.Now())}
		return nil
	})
	return e, err
}

// adapter is a remote method whose visit is the form's digest.
type adapter struct {
	w *World
	m identity.Method
}

func (a adapter) Begin(id person.ApplicationID, form rem.Digest) (visit []byte, way enrolment.Way, err error) {
	err = a.w.do("Adapter.Begin", func() error {
		visit = slices.Concat([]byte(id), []byte{0}, form[:])
		way = enrolment.Way{URL: "https://gate.example.test/", Reference: "visit"}
		return nil
	})
	return visit, way, err
}

func (a adapter) Finish(_ context.Context, visit, form []byte, back enrolment.Return, said identity.Shown) (x *identity.Answer, err error) {
	err = a.w.do("Adapter.Finish", func() error {
		if a.w.AdapterErr != nil {
			return a.w.AdapterErr
		}
		d := rem.DigestOf(form)
		if back.Code != "good" || !bytes.HasSuffix(visit, d[:]) {
			return enrolment.ErrNotThis
		}
		now, shown := a.w.Clock.Now(), said
		if a.w.Says != nil {
			shown = a.w.Says(said)
		}
		x = &identity.Answer{By: identity.Collector{Role: identity.ByAdapter, Adapter: "simulator", Simulated: true}, At: now, Compared: identity.CompareShown(said, shown),
			Evidence: []identity.Kept{identity.KeepBytes(identity.AdapterAnswer, []byte("answer"), now)}}
		for i, item := range identity.Required(a.m, false) {
			x.Checklist = append(x.Checklist, identity.Checked{Item: item, Passed: a.w.AdapterSays || i > 0})
		}
		switch a.m {
		case identity.Chip:
			x.Document = &identity.Document{Kind: identity.PassportBook, Number: "*****01", Issuer: "TUR", Until: now.AddDate(1, 0, 0), Genuine: true}
			x.Evidence = append(x.Evidence, identity.Kept{Evidence: identity.Evidence{Kind: identity.Recording, Digest: rem.DigestOf([]byte("recording")), Size: 9, At: now}})
		case identity.ChipCard:
			x.Evidence = append(x.Evidence, identity.KeepBytes(identity.FormSignature, []byte("signature"), now))
		}
		return nil
	})
	return x, err
}
