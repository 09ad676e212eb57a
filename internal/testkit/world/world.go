package world

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/internal/testkit/broken"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/retrieval"
	"rem/message/submission"
	"rem/person/account"
	"rem/privacy"
	"rem/provider"
	"rem/trust/trustlist"
	"rem/trust/validation"
)

// A World is one run.
type World struct {
	Clock     *testkit.Clock
	Net       *Network
	Faults    *Faults
	Providers map[string]*Provider // by domain
	// Promises are the answers that users got, in order.
	Promises []Promise
	// Openings are the messages that were read, in order.
	Openings []Opening
	// Recoveries counts the processes that were begun again after a fault.
	Recoveries int

	mu       sync.Mutex // guards Promises, random and story
	t        testing.TB
	kit      *Kit
	order    []*Provider
	random   *rand.Rand
	minFree  int64
	tsaClock rem.Clock
	list     trustlist.List
	blank    map[string]blank
	story    []string
}

// A Promise is what a user was told about a submission.
type Promise struct {
	At       *Provider
	Original []byte
	To       []string
	Receipt  submission.Receipt
}

// An Opening is a content that a reader got.
type Opening struct {
	At        *Provider
	Message   rem.MessageID
	Recipient int
	Time      time.Time
}

// Options of a world. The zero Options are two providers with empty mailboxes.
type Options struct {
	Seed  uint64
	Codes []string // providers that run; nil: the first two of [Codes]
	// Practice changes the settings of every provider.
	Practice func(*provider.Practice)
	// Scanners look for malware, by provider; nil: nobody does.
	Scanners map[string]submission.Scanner
	// TSA is the clock of the time-stamp authority; nil: that of the world.
	TSA rem.Clock
}

// blank is a provider with its accounts, before anything happened.
type blank struct{ index []byte }

// New makes a world with accounts for the users of [User].
func (k *Kit) New(t testing.TB, o Options) *World {
	t.Helper()
	w := &World{
		Clock: testkit.NewClock(time.Time{}), Faults: &Faults{}, Providers: map[string]*Provider{},
		t: t, kit: k, random: rand.New(rand.NewPCG(o.Seed, 7)), minFree: 1 << 20, list: k.list, blank: map[string]blank{},
	}
	w.Net = &Network{w: w, counts: map[string]int{}}
	if w.tsaClock = o.TSA; w.tsaClock == nil {
		w.tsaClock = w.Clock
	}
	if o.Codes == nil {
		o.Codes = Codes[:2]
	}
	for _, code := range o.Codes {
		p := &Provider{
			Domain: Domain(code), w: w, dir: t.TempDir(), disk: broken.NewFS(), Practice: practice(), Scanner: o.Scanners[code],
			REMMD: provider.REMMD{Domain: Domain(code), Name: rem.Text{Turkish: "KEPHS " + code, English: "REM-MD " + code}, Service: rem.MustAddress("kep@" + Domain(code))},
		}
		if o.Practice != nil {
			o.Practice(&p.Practice)
		}
		w.Providers[p.Domain] = p
		w.order = append(w.order, p)
		if err := w.begin(p); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, p := range w.order {
			p.close()
		}
	})
	return w
}

// practice has shorter periods than a practice statement, and the same order
// among them.
func practice() provider.Practice {
	p := provider.DefaultPractice()
	p.RelayPeriod, p.AnswerPeriod, p.RetrievalPeriod = 2*time.Hour, 2*time.Hour, 12*time.Hour
	p.FirstRetry, p.LastRetry, p.AskAgain = time.Minute, 20*time.Minute, 30*time.Minute
	return p
}

// begin opens a provider for the first time and gives it its users. What it is
// then stays as the blank that old indexes are taken from.
func (w *World) begin(p *Provider) error {
	if err := p.open(context.Background()); err != nil {
		return err
	}
	for _, name := range Users {
		if err := p.Store.Create(context.Background(), Account(name, p.Domain)); err != nil {
			return err
		}
	}
	p.close()
	index, err := os.ReadFile(filepath.Join(p.dir, "index.sqlite"))
	if err != nil {
		return err
	}
	w.blank[p.Domain] = blank{index: index}
	return p.open(context.Background())
}

// Users are the local parts that have an account at every provider. The n-th
// signs with the key of the n-th synthetic person, as far as there are persons.
var Users = []string{"ayse", "bora", "cem", "derya", "emre", "fatma", "gul", "hasan", "isil", "jale"}

// Address returns a user's address.
func Address(user, code string) string { return user + "@" + Domain(code) }

// Tokens makes the tokens of certificates' serialNumbers. A provider has a key
// for them, which a world does not need.
type Tokens struct{}

// Token implements account.Tokens.
func (Tokens) Token(serialNumber string) privacy.IndexToken {
	d := rem.DigestOf([]byte(serialNumber))
	t, err := privacy.ParseIndexToken(append([]byte{0, 0, 0, 1}, d[:16]...))
	if err != nil {
		panic(err)
	}
	return t
}

// Account returns a user's account. Its names are nowhere: nothing in a world is
// sealed, and who logs in brings his.
func Account(user, domain string) account.Account {
	person := rem.PersonID("kisi-" + user + "-" + domain)
	o := account.Operator{Person: person, May: account.Everything}
	for i, u := range Users {
		if u == user && i < len(simulator.People) {
			o.Identity = Tokens{}.Token(simulator.People[i].IdentityNumber)
		}
	}
	return account.Account{
		ID: rem.AccountID("hesap-" + user), Address: rem.MustAddress(user + "@" + domain), State: account.Open, Created: testkit.Epoch,
		Holder: account.Holder{Person: person}, Operators: []account.Operator{o},
	}
}

// List returns the trust list in force.
func (w *World) List() *trustlist.List { return &w.list }

// SetStatus changes a provider's standing on the trust list from now on.
func (w *World) SetStatus(code string, s trustlist.Status) {
	list := w.list
	list.Providers = append([]trustlist.Provider(nil), list.Providers...)
	for i := range list.Providers {
		if p := &list.Providers[i]; p.Code == code {
			p.History = append(append([]trustlist.Change(nil), p.History...), trustlist.Change{Status: s, From: w.Clock.Now().Truncate(time.Second)})
		}
	}
	list.Sequence++
	w.list = list
}

func (w *World) policy() validation.Policy {
	p := validation.Usual(w.kit.pki.Anchors())
	p.Operation.Revocation, p.TimeStamping.Revocation, p.Personal.Revocation = validation.RevocationIfKnown, validation.RevocationIfKnown, validation.RevocationIfKnown
	return p
}

// Read gives the seeded bytes that identifiers are drawn from.
func (w *World) Read(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range p {
		p[i] = byte(w.random.Uint32())
	}
	return len(p), nil
}

func (w *World) tell(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.story = append(w.story, w.Clock.Now().Format("02 15:04:05 ")+fmt.Sprintf(format, args...))
}

// Story tells what happened, for a failure's message.
func (w *World) Story() string {
	var b strings.Builder
	for _, line := range w.story {
		fmt.Fprintln(&b, line)
	}
	w.Faults.mu.Lock()
	for _, f := range w.Faults.fired {
		fmt.Fprintln(&b, "failed:", f)
	}
	w.Faults.mu.Unlock()
	for _, p := range w.order {
		for _, a := range p.Alarms() {
			fmt.Fprintf(&b, "alarm at %s: %s\n", p.Domain, a)
		}
	}
	return b.String()
}

// settle restarts what has to be, and reports whether anything failed.
func (w *World) settle() bool {
	any := false
	for _, p := range w.order {
		any = p.settle() || any
	}
	return any
}

// Login returns how a user's person proved to be himself just now.
func (w *World) login(user, domain string) (rem.Actor, message.Authentication) {
	a := Account(user, domain)
	const method = "urn:rem:authentication:application-password"
	return rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person, Method: method},
		message.Authentication{Time: w.Clock.Now().UTC(), Method: method}
}

// name is what a vault gives when somebody logs in.
func name(user string) privacy.Value {
	return privacy.NewValue(user, privacy.ByDeclaration(testkit.Epoch))
}

// Transaction is what a mail program says with a message.
func Transaction(from string, to ...string) smtp.Transaction {
	tx := smtp.Transaction{Sender: smtp.Path(from), EightBit: true}
	for _, a := range to {
		tx.Recipients = append(tx.Recipients, smtp.Recipient{Path: smtp.Path(a)})
	}
	return tx
}

// SubmitOnce gives a message to the provider of its sender, and keeps the
// answer if there is one. It may be called from many goroutines.
func (w *World) SubmitOnce(user, code string, original []byte, to ...string) (submission.Receipt, error) {
	p := w.Providers[Domain(code)]
	actor, authentication := w.login(user, p.Domain)
	r, err := p.Submitter.Submit(context.Background(), submission.Login{Actor: actor, Authentication: authentication, Holder: name(user)},
		Transaction(Address(user, code), to...), message.InMemory(original))
	if err != nil {
		w.tell("%s: submission fails: %v", p.Domain, err)
		return r, err
	}
	w.tell("%s: submission answered: %s %v", p.Domain, r.Message, r.Refusal)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Promises = append(w.Promises, Promise{p, original, to, r})
	return r, nil
}

// Submit is SubmitOnce as a mail program does it: after a fault it comes back
// a minute later, with the same bytes.
func (w *World) Submit(user, code string, original []byte, to ...string) submission.Receipt {
	w.t.Helper()
	for range tries {
		r, err := w.SubmitOnce(user, code, original, to...)
		w.settle()
		if err == nil {
			return r
		}
		w.Clock.Advance(time.Minute)
	}
	w.fatalf("submitting fails %d times", tries)
	return submission.Receipt{}
}

// OpenOnce opens a message as a recipient's program does, and returns the bytes
// that the reader gets.
func (w *World) OpenOnce(user, code string, id rem.MessageID, n int) ([]byte, error) {
	p := w.Providers[Domain(code)]
	actor, authentication := w.login(user, p.Domain)
	c, err := p.Retriever.Open(context.Background(), retrieval.Login{Actor: actor, Authentication: authentication, Name: name(user)}, id, n)
	if err != nil {
		w.tell("%s: opening fails: %v", p.Domain, err)
		return nil, err
	}
	w.Openings = append(w.Openings, Opening{p, id, n, w.Clock.Now()})
	b := make([]byte, c.Size())
	if n, err := c.ReadAt(b, 0); n < len(b) {
		return nil, err
	}
	return b, nil
}

// Open is OpenOnce, and again after a fault.
func (w *World) Open(user, code string, id rem.MessageID, n int) ([]byte, error) {
	w.t.Helper()
	for range tries {
		b, err := w.OpenOnce(user, code, id, n)
		failed := w.settle()
		if _, refused := errors.AsType[*rem.Refusal](err); err == nil || refused || errors.Is(err, message.ErrNotFound) && !failed {
			return b, err
		}
		w.Clock.Advance(time.Minute)
	}
	w.fatalf("opening fails %d times", tries)
	return nil, nil
}

// perStep bounds the tasks of one stage that a step takes.
const perStep = 256

// stages are those that have a queue.
var stages = []message.Stage{message.RelayStage, message.DeliveryStage, message.ReturnStage, message.RetrievalStage}

// Step carries out what is due now at every provider, a stage at a time, and
// reports whether anything was.
func (w *World) Step() bool {
	w.t.Helper()
	busy := false
	for _, p := range w.order {
		if len(p.left) > 0 {
			p.finish(context.Background())
			w.settle()
		}
		for _, stage := range stages {
			tasks := w.look(p, stage)
			for len(tasks) > 0 {
				busy = true
				id := tasks[0].Message
				var mine, others []message.Task
				for _, t := range tasks {
					if t.Message == id {
						mine = append(mine, t)
					} else {
						others = append(others, t)
					}
				}
				w.do(p, stage, mine)
				tasks = others
			}
		}
	}
	return busy
}

// look gives what a Runner would begin: what was put off by a wrong clock, or else
// what is due.
func (w *World) look(p *Provider, stage message.Stage) []message.Task {
	w.t.Helper()
	ctx, now := context.Background(), w.Clock.Now()
	h := p.hindsight[stage]
	if h.Seen(now) {
		tasks, err := h.PutOff(ctx, now)
		if err != nil {
			w.fatalf("reading the queue of %s at %s: %v", stage, p.Domain, err)
		}
		if len(tasks) > 0 {
			return tasks
		}
	}
	tasks, _, err := p.Store.Due(ctx, stage, now, perStep)
	if err != nil {
		w.fatalf("reading the queue of %s at %s: %v", stage, p.Domain, err)
	}
	return tasks
}

func (w *World) do(p *Provider, stage message.Stage, tasks []message.Task) {
	w.t.Helper()
	ctx := context.Background()
	var do func(context.Context, []message.Task) error
	switch stage {
	case message.RelayStage:
		do = message.EachTask(p.Relay.Out)
	case message.DeliveryStage:
		do = message.EachTask(p.Deliverer.Do)
	case message.RetrievalStage:
		do = message.EachTask(p.Retriever.Do)
	default:
		do = p.Relay.Back
	}
	err := do(ctx, tasks)
	w.settle()
	if err == nil {
		return
	}
	w.tell("%s: %s of %s fails: %v", p.Domain, stage, tasks[0].Message, err)
	for range tries {
		if err = p.later(ctx, tasks); err == nil {
			return
		}
		if !w.settle() {
			break
		}
	}
	w.fatalf("putting tasks back at %s: %v", p.Domain, err)
}

// next returns when the next task is due at any provider.
func (w *World) next() time.Time {
	w.t.Helper()
	var next time.Time
	for _, p := range w.order {
		for stage := message.RelayStage; stage <= message.ReturnStage; stage++ {
			tasks, after, err := p.Store.Due(context.Background(), stage, w.Clock.Now(), 1)
			if err != nil {
				w.fatalf("reading the queue of %s at %s: %v", stage, p.Domain, err)
			}
			if len(tasks) > 0 {
				return w.Clock.Now()
			}
			if !after.IsZero() && (next.IsZero() || after.Before(next)) {
				next = after
			}
		}
	}
	return next
}

// maxSteps ends a world that does not come to rest (AT-12).
const maxSteps = 5000

// Run carries out everything that is due until d from now, moving the clock
// from one due time to the next. It returns how many steps there were.
func (w *World) Run(d time.Duration) (steps int) {
	w.t.Helper()
	end := w.Clock.Now().Add(d)
	for ; steps < maxSteps; steps++ {
		if w.Step() {
			continue
		}
		next := w.next()
		if next.IsZero() || next.After(end) {
			if d > 0 && w.Clock.Now().Before(end) {
				w.Clock.Set(end)
			}
			return steps
		}
		w.Clock.Set(next)
	}
	w.fatalf("no rest after %d steps", maxSteps)
	return steps
}

// Now carries out what is due at this moment.
func (w *World) Now() {
	w.t.Helper()
	for range maxSteps {
		if !w.Step() {
			return
		}
	}
	w.fatalf("no rest after %d steps", maxSteps)
}

// Rest runs until nothing is left to do: every deadline passes.
func (w *World) Rest() {
	w.t.Helper()
	w.Run(60 * 24 * time.Hour)
}

// Must does an operator's act, again after a fault.
func (w *World) Must(act func() error) {
	w.t.Helper()
	var err error
	for range tries {
		err = act()
		w.settle()
		if err == nil {
			return
		}
	}
	w.fatalf("an act fails %d times: %v", tries, err)
}
