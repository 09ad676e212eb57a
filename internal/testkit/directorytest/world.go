package directorytest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/vaulttest"
	"rem/person"
	"rem/privacy"
	"rem/privacy/consent"
	"rem/privacy/inventory"
	"rem/provider/directory"
)

// Provider is the domain of the world's own accounts.
const Provider = "hs90.kep.test"

// Consents are given and taken by a test. They may be used from many goroutines.
type Consents struct {
	mu    sync.Mutex
	given map[string]bool // guarded by mu
	fault error           // guarded by mu
	asked int             // guarded by mu
}

// Give gives consents.
func (c *Consents) Give(p rem.PersonID, purposes ...privacy.PurposeID) { c.set(p, true, purposes) }

// Withdraw takes them back.
func (c *Consents) Withdraw(p rem.PersonID, purposes ...privacy.PurposeID) {
	c.set(p, false, purposes)
}

func (c *Consents) set(p rem.PersonID, to bool, purposes []privacy.PurposeID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.given == nil {
		c.given = map[string]bool{}
	}
	for _, purpose := range purposes {
		c.given[string(p)+" "+string(purpose)] = to
	}
}

// Fail makes every question a fault; nil ends that.
func (c *Consents) Fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault = err
}

// Asked is how often somebody asked.
func (c *Consents) Asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

// Allowed implements directory.Consents.
func (c *Consents) Allowed(_ context.Context, p rem.PersonID, purpose privacy.PurposeID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if c.fault != nil {
		return c.fault
	}
	if !c.given[string(p)+" "+string(purpose)] {
		return &consent.Denied{Purpose: purpose}
	}
	return nil
}

// Central is a central directory in memory. It may be used from many goroutines.
type Central struct {
	mu      sync.Mutex
	records map[rem.AccountID]directory.Record // guarded by mu
	keys    []string                           // guarded by mu
	others  []directory.Result                 // guarded by mu
	before  error                              // guarded by mu: nothing is taken
	behind  error                              // guarded by mu: it is taken and the answer lost
	// Took, when it is not nil, sees each record as it is put.
	Took func(directory.Record)
}

// Fail makes the next calls fail, before they do anything or behind it; nil ends that.
func (c *Central) Fail(before, behind error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.before, c.behind = before, behind
}

// Others are entries of other providers' accounts that it finds for any question.
func (c *Central) Others(list ...directory.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.others = list
}

// Put implements directory.Central.
func (c *Central) Put(_ context.Context, key string, r directory.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.before != nil {
		return c.before
	}
	if c.records == nil {
		c.records = map[rem.AccountID]directory.Record{}
	}
	c.keys = append(c.keys, key)
	if c.Took != nil {
		c.Took(r)
	}
	if old, ok := c.records[r.Account]; !ok || r.Number >= old.Number {
		c.records[r.Account] = r
	}
	return c.behind
}

// Find implements directory.Central.
func (c *Central) Find(context.Context, string, directory.Question) ([]directory.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.others), errors.Join(c.before, c.behind)
}

// List implements directory.Central.
func (c *Central) List(_ context.Context, _ string, after rem.AccountID, limit int) ([]directory.Record, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return page(slices.Collect(maps.Values(c.records)), func(r *directory.Record) rem.AccountID { return r.Account }, after, limit), errors.Join(c.before, c.behind)
}

// Records returns what it has.
func (c *Central) Records() map[rem.AccountID]directory.Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.records)
}

// Edit changes what it has behind our back.
func (c *Central) Edit(edit func(map[rem.AccountID]directory.Record)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	edit(c.records)
}

// Keys returns the keys of what it took, in order.
func (c *Central) Keys() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.keys)
}

// A World is a directory with everything that it works with.
type World struct {
	*directory.Directory
	Store    directory.Store
	Vault    *vaulttest.World
	Clock    *testkit.Clock
	Consents *Consents
	Central  *Central
	Config   directory.Config
}

// New returns a world over a store; nil is one in memory.
func New(t testing.TB, store directory.Store, edit ...func(*directory.Config)) *World {
	t.Helper()
	if store == nil {
		store = NewMemory()
	}
	w := &World{Store: store, Vault: vaulttest.New(t, inventory.Today()), Consents: &Consents{}, Central: &Central{}}
	w.Clock = w.Vault.Clock
	tokens, err := directory.NewTokens(t.Context(), w.Vault.Keys)
	if err != nil {
		t.Fatal(err)
	}
	w.Config = directory.Config{Provider: Provider, Store: store, Vault: w.Vault, Consents: w.Consents, Tokens: tokens, Clock: w.Clock, Random: rand.Reader, Central: w.Central,
		Limits: directory.Limits{PerDay: 1 << 30, Burst: 1 << 30}}
	for _, e := range edit {
		e(&w.Config)
	}
	w.Again(t)
	return w
}

// Again is the world after a restart.
func (w *World) Again(t testing.TB) {
	t.Helper()
	var err error
	if w.Directory, err = directory.New(w.Config); err != nil {
		t.Fatal(err)
	}
}

// must is for values that a test chose.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Must gives the value of a Parse function, and panics when it has none.
func Must[T any](v T, err error) T { return must(v, err) }

// Citizen is a synthetic citizen's number that passes its check.
func Citizen(n int) person.IdentityNumber {
	d := []byte(strconv.Itoa(100_000_000 + n%800_000_000))
	odd, even := 0, 0
	for i, c := range d {
		if i%2 == 0 {
			odd += int(c - '0')
		} else {
			even += int(c - '0')
		}
	}
	tenth := (7*odd + 9*even) % 10
	return must(person.ParseIdentityNumber(fmt.Sprintf("%s%d%d", d, tenth, (odd+even+tenth)%10)))
}

// Account, Holder and Address name the n-th account.
func Account(n int) rem.AccountID { return rem.AccountID(fmt.Sprintf("a-%08d", n)) }
func Holder(n int) rem.PersonID   { return rem.PersonID(fmt.Sprintf("p-%08d", n)) }
func address(n int) rem.Address   { return rem.MustAddress(fmt.Sprintf("kisi.no.%d@%s", n, Provider)) }
func companyAt(n int) rem.Address { return rem.MustAddress(fmt.Sprintf("firma%d@%s", n, Provider)) }
func mersis(n int) person.MERSIS  { return must(person.ParseMERSIS(fmt.Sprintf("0%015d", n))) }
func detsis(n int) person.DETSIS  { return must(person.ParseDETSIS(fmt.Sprintf("%08d", n))) }
func line(s string) person.Line   { return must(person.ParseLine(s)) }
func name(s string) person.Name   { return must(person.ParseName(s)) }
func title(s string) person.Title { return must(person.ParseTitle(s)) }
func seat(s string) directory.Place {
	return directory.Place{Line: line(s), District: line("Çankaya"), Code: must(person.ParsePostalCode("06690")), Province: "06"}
}

// Person are the particulars of a natural person, with every optional field.
func Person(n int, given, family string) directory.Particulars {
	return directory.Particulars{Kind: person.Natural, Address: address(n), Given: name(given), Family: name(family), Identity: Citizen(n),
		Service: directory.SendAndReceive, Title: title("Avukat"), Phone: must(person.ParsePhone(fmt.Sprintf("0532%07d", n))), Certificate: directory.NewCertificate([]byte{0x30, 3, 2, 1, byte(n)}), Postal: seat("Deneme Sokak 5")}
}

// Company are those of a private legal person.
func Company(n int, fullName string) directory.Particulars {
	return directory.Particulars{Kind: person.Private, Address: companyAt(n), FullName: title(fullName), MERSIS: mersis(n), Activity: line("Yazılım"), Province: "06", Postal: seat("Sanayi Caddesi 1")}
}

// Body are those of a public body.
func Body(n int, fullName string) directory.Particulars {
	return directory.Particulars{Kind: person.Public, Address: companyAt(n), FullName: title(fullName), DETSIS: detsis(n), Activity: line("Kamu hizmeti"), Province: "06", Postal: seat("Kurum Meydanı 1")}
}

// By is the holder of the n-th account, acting for himself.
func By(n int) directory.By {
	return directory.By{Actor: rem.Actor{Account: Account(n), Holder: Holder(n), Person: Holder(n), Method: "urn:rem:authentication:password"}, Role: privacy.AsHolder}
}

// Asker is the holder of the n-th account, who asks.
func Asker(n int) directory.Asker {
	return directory.Asker{Actor: By(n).Actor, Door: directory.ByWeb}
}

// Enter enters an account and fails the test when that does not work.
func (w *World) Enter(t testing.TB, n int, p directory.Particulars, open bool) directory.Version {
	t.Helper()
	v, err := w.Directory.Enter(t.Context(), By(n), directory.Entry{Account: Account(n), Holder: Holder(n), Particulars: p, Open: open})
	if err != nil {
		t.Fatal(err)
	}
	return v
}
