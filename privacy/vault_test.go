package privacy_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/internal/testkit/vaulttest"
	"rem/privacy"
)

const (
	identityField privacy.FieldID = "test.Applicant.Identity"
	nameField     privacy.FieldID = "test.Applicant.Name"
	pageField     privacy.FieldID = "test.Applicant.Page" // holds two data, of which one has fewer purposes
	secret                        = "kanarya-10000000146-Işıl"
)

// register is a small inventory with three sealed fields.
func register() *privacy.Register {
	text := rem.Text{Turkish: "x", English: "x"}
	return &privacy.Register{
		Purposes:   privacy.Purposes(),
		Retentions: privacy.Retentions(),
		Data: []privacy.Datum{
			{ID: "identity", Name: rem.Text{Turkish: "kimlik numarası", English: "identity number"}, Purposes: []privacy.PurposeID{privacy.Identification, privacy.LegalRecord, privacy.Advertisement}},
			{ID: "name", Name: rem.Text{Turkish: "ad", English: "name"}, Purposes: []privacy.PurposeID{privacy.Identification, privacy.AccountUse}},
		},
		Holdings: []privacy.Holding{
			{Kind: privacy.Field, Name: string(identityField), Data: []privacy.DatumID{"identity"}, Form: privacy.Sealed, Retention: privacy.KeepAccount},
			{Kind: privacy.Field, Name: string(nameField), Data: []privacy.DatumID{"name"}, Form: privacy.Sealed, Retention: privacy.KeepAccount},
			{Kind: privacy.Field, Name: string(pageField), Data: []privacy.DatumID{"identity", "name"}, Form: privacy.Sealed, Retention: privacy.KeepRecord},
			{Kind: privacy.Field, Name: "test.Applicant.Plain", Data: []privacy.DatumID{"name"}, Form: privacy.Plain, Retention: privacy.KeepAccount},
			{Kind: privacy.Field, Name: "test.Applicant.Number", Technical: text},
		},
	}
}

var at = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)

func officer() privacy.Access {
	return privacy.Access{Actor: rem.Actor{Person: "staff-1"}, Role: privacy.AsOfficer, Purpose: privacy.Identification, Case: "case-1"}
}

func seal(t *testing.T, w *vaulttest.World, person rem.PersonID, field privacy.FieldID, text string) privacy.SealedValue {
	t.Helper()
	s, err := w.Seal(t.Context(), person, field, privacy.NewValue(text, privacy.ByDeclaration(at)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func verified(t *testing.T) privacy.Provenance {
	t.Helper()
	from, err := privacy.ByVerification("e-signature", "ev-1", at)
	if err != nil {
		t.Fatal(err)
	}
	return from
}

// P-03, P-12: what was sealed comes back whole, through its written form.
func TestAValueIsSealedAndOpens(t *testing.T) {
	w := vaulttest.New(t, register())
	imported, err := privacy.ByImport("mersis", at)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]privacy.Value{
		"text":     privacy.NewValue(secret, verified(t)),
		"empty":    privacy.NewValue("", privacy.ByDeclaration(at)),
		"bytes":    privacy.NewBytes([]byte{0, 1, 2, 255}, imported),
		"largest":  privacy.NewBytes(bytes.Repeat([]byte{7}, privacy.MaxValue), privacy.ByDerivation(at)),
		"one byte": privacy.NewValue("x", privacy.ByDerivation(at)),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := w.Seal(t.Context(), "p-1", identityField, value)
			if err != nil {
				t.Fatal(err)
			}
			if text := value.Text(); len(text) > 4 && bytes.Contains(s.Bytes(), []byte(text)) {
				t.Error("the value stands in its sealed form")
			}
			read, err := privacy.ParseSealed(s.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			got, err := w.Open(t.Context(), officer(), "p-1", identityField, read)
			if err != nil {
				t.Fatal(err)
			}
			if got.Text() != value.Text() || !got.Provenance().Equal(value.Provenance()) || !read.Provenance().Equal(value.Provenance()) {
				t.Errorf("got another value, or from %v", got.Provenance())
			}
			again, err := w.Seal(t.Context(), "p-1", identityField, value)
			if err != nil || again.Equal(s) {
				t.Errorf("sealed twice, the bytes are the same (%v)", err)
			}
		})
	}
}

// P-02: nothing is verified without an evidence, and nothing is sealed of which
// nobody says where it comes from.
func TestAProvenanceIsWhole(t *testing.T) {
	for name, make := range map[string]func() (privacy.Provenance, error){
		"verified without evidence": func() (privacy.Provenance, error) { return privacy.ByVerification("office", "", at) },
		"verified without method":   func() (privacy.Provenance, error) { return privacy.ByVerification("", "ev-1", at) },
		"verified at no time":       func() (privacy.Provenance, error) { return privacy.ByVerification("office", "ev-1", time.Time{}) },
		"imported from nowhere":     func() (privacy.Provenance, error) { return privacy.ByImport("", at) },
		"a name as evidence":        func() (privacy.Provenance, error) { return privacy.ByVerification("office", "Işıl Çağ", at) },
		"an evidence without an end": func() (privacy.Provenance, error) {
			return privacy.ByVerification("office", strings.Repeat("e", 200), at)
		},
	} {
		if p, err := make(); !errors.Is(err, privacy.ErrProvenance) || !p.IsZero() {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
	w := vaulttest.New(t, register())
	for name, v := range map[string]privacy.Value{"none": {}, "no provenance": privacy.NewValue("x", privacy.Provenance{}), "no time": privacy.NewValue("x", privacy.ByDeclaration(time.Time{}))} {
		if _, err := w.Seal(t.Context(), "p-1", identityField, v); !errors.Is(err, privacy.ErrProvenance) {
			t.Errorf("sealing a value with %s: %v", name, err)
		}
	}
}

// P-03: a ciphertext opens for its own person and field, as it was written, and
// nowhere else.
func TestACiphertextCannotBeMoved(t *testing.T) {
	w := vaulttest.New(t, register())
	s := seal(t, w, "p-1", identityField, secret)
	seal(t, w, "p-2", identityField, "another")
	open := func(person rem.PersonID, field privacy.FieldID, s privacy.SealedValue) error {
		_, err := w.Open(t.Context(), officer(), person, field, s)
		return err
	}
	if err := open("p-1", identityField, s); err != nil {
		t.Fatal(err)
	}
	if err := open("p-2", identityField, s); !errors.Is(err, privacy.ErrSealed) {
		t.Errorf("for another person: %v", err)
	}
	if err := open("p-1", nameField, s); !errors.Is(err, privacy.ErrSealed) {
		t.Errorf("in another field: %v", err)
	}
	if err := open("p-3", identityField, s); !errors.Is(err, privacy.ErrNoKey) {
		t.Errorf("for a person without a key: %v", err)
	}
	// Every bit of it is covered: version, class, key, provenance, nonce, text, tag.
	for i := range s.Bytes() {
		for bit := range 8 {
			b := bytes.Clone(s.Bytes())
			b[i] ^= 1 << bit
			changed, err := privacy.ParseSealed(b)
			if err == nil {
				err = open("p-1", identityField, changed)
			}
			if err == nil {
				t.Fatalf("bit %d of octet %d may be changed", bit, i)
			}
		}
	}
	for n := range s.Bytes() {
		cut, err := privacy.ParseSealed(s.Bytes()[:n])
		if err == nil && n > 0 {
			err = open("p-1", identityField, cut)
		}
		if err == nil && n > 0 {
			t.Fatalf("it opens cut to %d octets", n)
		}
	}
}

// P-03, S03, S43: who may open what, for which purpose.
func TestOpeningIsRefused(t *testing.T) {
	type change = func(*privacy.Access)
	cases := map[string]struct {
		field privacy.FieldID
		a     change
		want  error
	}{
		"nobody":                    {identityField, func(a *privacy.Access) { a.Actor = rem.Actor{} }, privacy.ErrNobody},
		"a company alone":           {identityField, func(a *privacy.Access) { a.Actor = rem.Actor{Account: "a-1", Holder: "h-1"} }, privacy.ErrNobody},
		"no role":                   {identityField, func(a *privacy.Access) { a.Role = "" }, privacy.ErrRole},
		"a role of one's own":       {identityField, func(a *privacy.Access) { a.Role = "root" }, privacy.ErrRole},
		"staff without a case":      {identityField, func(a *privacy.Access) { a.Case = "" }, privacy.ErrNoCase},
		"no purpose":                {identityField, func(a *privacy.Access) { a.Purpose = "" }, privacy.ErrNotDeclared},
		"another purpose":           {identityField, func(a *privacy.Access) { a.Purpose = privacy.AccountUse }, privacy.ErrNotDeclared},
		"a purpose that is off":     {identityField, func(a *privacy.Access) { a.Purpose = privacy.Advertisement }, privacy.ErrNotDeclared},
		"a purpose of one datum":    {pageField, func(a *privacy.Access) { a.Purpose = privacy.LegalRecord }, privacy.ErrNotDeclared},
		"a holder looks at another": {identityField, func(a *privacy.Access) { a.Role, a.Case = privacy.AsHolder, "" }, privacy.ErrNoCase},
		"an operator looks at another": {identityField, func(a *privacy.Access) {
			*a = privacy.Access{Actor: rem.Actor{Account: "a-1", Holder: "h-1", Person: "p-9"}, Role: privacy.AsOperator, Purpose: privacy.Identification}
		}, privacy.ErrNoCase},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := vaulttest.New(t, register())
			s := seal(t, w, "p-1", c.field, secret)
			a := officer()
			c.a(&a)
			v, err := w.Open(t.Context(), a, "p-1", c.field, s)
			if _, ok := errors.AsType[*rem.Refusal](err); !ok || !errors.Is(err, c.want) || !v.IsZero() {
				t.Errorf("%v, want a refusal because %v", err, c.want)
			}
			if n := len(w.Log.Entries()); n != 0 {
				t.Errorf("%d entries of what did not happen", n)
			}
		})
	}
	t.Run("a field that the inventory does not seal", func(t *testing.T) {
		w := vaulttest.New(t, register())
		for _, f := range []privacy.FieldID{"test.Applicant.Plain", "test.Applicant.Number", "religion", ""} {
			if _, err := w.Seal(t.Context(), "p-1", f, privacy.NewValue("x", privacy.ByDeclaration(at))); !errors.Is(err, privacy.ErrUnregistered) {
				t.Errorf("sealing %q: %v", f, err)
			}
			if _, err := w.Open(t.Context(), officer(), "p-1", f, privacy.SealedValue{}); !errors.Is(err, privacy.ErrUnregistered) {
				t.Errorf("opening %q: %v", f, err)
			}
		}
	})
}

// S44: people open their own data without a case, companies through operators.
func TestPeopleOpenTheirOwn(t *testing.T) {
	for name, a := range map[string]privacy.Access{
		"the holder":   {Actor: rem.Actor{Account: "a-1", Holder: "p-1", Person: "p-1"}, Role: privacy.AsHolder, Purpose: privacy.Identification},
		"the operator": {Actor: rem.Actor{Account: "a-1", Holder: "p-1", Person: "p-2"}, Role: privacy.AsOperator, Purpose: privacy.Identification},
	} {
		w := vaulttest.New(t, register())
		s := seal(t, w, "p-1", identityField, secret)
		v, err := w.Open(t.Context(), a, "p-1", identityField, s)
		if err != nil || v.Text() != secret {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// slowLog lets a test look while an entry is being recorded.
type slowLog struct {
	vaulttest.Log
	during func()
}

func (l *slowLog) Record(ctx context.Context, e ...privacy.AccessEntry) error {
	l.during()
	return l.Log.Record(ctx, e...)
}

// countingKeys says whether a data key was asked for.
type countingKeys struct {
	*vaulttest.Data
	mu   sync.Mutex
	gets int // guarded by mu
}

func (c *countingKeys) Get(ctx context.Context, n privacy.KeyName) (privacy.WrappedKey, error) {
	c.mu.Lock()
	c.gets++
	c.mu.Unlock()
	return c.Data.Get(ctx, n)
}

// P-21: the entry is there before the value is opened, and without it nothing is.
func TestTheEntryComesFirst(t *testing.T) {
	w := vaulttest.New(t, register())
	s := seal(t, w, "p-1", identityField, secret)
	keys := &countingKeys{Data: w.Data}
	log := &slowLog{during: func() {}}
	vault, err := privacy.NewVault(privacy.VaultConfig{Register: register(), Keys: w.Keys, Data: keys, Log: log, Clock: w.Clock})
	if err != nil {
		t.Fatal(err)
	}
	asked := -1
	log.during = func() { asked = keys.gets }
	full := errors.New("no room")
	log.Fail(full)
	if v, err := vault.Open(t.Context(), officer(), "p-1", identityField, s); !errors.Is(err, full) || !v.IsZero() {
		t.Errorf("without its entry: %v", err)
	}
	if asked != 0 || keys.gets != 0 {
		t.Error("the key was asked for before the entry was durable")
	}
	log.Fail(nil)
	if _, err := vault.Open(t.Context(), officer(), "p-1", identityField, s); err != nil || asked != 0 || keys.gets != 1 {
		t.Errorf("%v: %d keys before the entry, %d after", err, asked, keys.gets)
	}
	want := []privacy.AccessEntry{{Number: 1, Act: privacy.Opened, Actor: "staff-1", Role: privacy.AsOfficer, Purpose: privacy.Identification,
		Case: "case-1", Person: "p-1", Fields: []privacy.FieldID{identityField}}}
	if d := cmp.Diff(want, log.Entries()); d != "" {
		t.Error(d)
	}
}

// P-21: a page is one entry for each person, with all fields; one refused field
// refuses all.
func TestAPageIsOneEntryForEachPerson(t *testing.T) {
	w := vaulttest.New(t, register())
	items := []privacy.Item{
		{"p-1", identityField, seal(t, w, "p-1", identityField, "1")},
		{"p-2", nameField, seal(t, w, "p-2", nameField, "2")},
		{"p-1", nameField, seal(t, w, "p-1", nameField, "3")},
		{"p-1", identityField, seal(t, w, "p-1", identityField, "4")},
		{"p-1", pageField, privacy.SealedValue{}},
	}
	values, err := w.OpenAll(t.Context(), officer(), items)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range values {
		got = append(got, v.Text())
	}
	if d := cmp.Diff([]string{"1", "2", "3", "4", ""}, got); d != "" {
		t.Error(d)
	}
	entries := w.Log.Entries()
	if len(entries) != 2 || !slices.Equal(entries[0].Fields, []privacy.FieldID{identityField, nameField, pageField}) || entries[1].Person != "p-2" {
		t.Errorf("entries %v", entries)
	}
	a := officer()
	a.Purpose = privacy.LegalRecord // declared for the identity, not for the name
	if values, err := w.OpenAll(t.Context(), a, items); !errors.Is(err, privacy.ErrNotDeclared) || values != nil || len(w.Log.Entries()) != 2 {
		t.Errorf("%v, %d entries", err, len(w.Log.Entries()))
	}
	if _, err := w.OpenAll(t.Context(), officer(), make([]privacy.Item, privacy.MaxItems+1)); err == nil {
		t.Error("a table was opened at once")
	}
}

// P-12: destroying the key erases what it sealed, what was prepared included, and
// nothing else; the record stays.
func TestErasingAClassErasesIt(t *testing.T) {
	w := vaulttest.New(t, register())
	identity := seal(t, w, "p-1", identityField, secret) // account class
	page := seal(t, w, "p-1", pageField, secret)         // record class
	other := seal(t, w, "p-2", identityField, secret)
	open := func(p rem.PersonID, f privacy.FieldID, s privacy.SealedValue) error {
		_, err := w.Open(t.Context(), officer(), p, f, s)
		return err
	}
	if err := open("p-1", identityField, identity); err != nil {
		t.Fatal(err)
	}
	a := officer()
	if err := w.Erase(t.Context(), a, "p-1", privacy.AccountClass, "account-record-ended"); err != nil {
		t.Fatal(err)
	}
	if err := open("p-1", identityField, identity); !errors.Is(err, privacy.ErrDestroyed) {
		t.Errorf("after erasing: %v", err)
	}
	if _, err := w.Seal(t.Context(), "p-1", identityField, privacy.NewValue("x", privacy.ByDeclaration(at))); !errors.Is(err, privacy.ErrDestroyed) {
		t.Errorf("sealing after erasing: %v", err)
	}
	if err := open("p-1", pageField, page); err != nil {
		t.Errorf("another class: %v", err)
	}
	if err := open("p-2", identityField, other); err != nil {
		t.Errorf("another person: %v", err)
	}
	if err := w.Erase(t.Context(), a, "p-1", privacy.AccountClass, "again"); !errors.Is(err, privacy.ErrDestroyed) {
		t.Errorf("erasing again: %v", err)
	}
	records, err := w.Data.Destroyed(t.Context(), "p-1")
	want := []privacy.Destruction{{Key: privacy.KeyName{Person: "p-1", Class: privacy.AccountClass, Serial: 1}, At: w.Clock.Now(), By: "staff-1", Reason: "account-record-ended"}}
	if d := cmp.Diff(want, records); d != "" || err != nil {
		t.Error(err, d)
	}
	if i := slices.IndexFunc(w.Log.Entries(), func(e privacy.AccessEntry) bool { return e.Act == privacy.Erased }); i < 0 || w.Log.Entries()[i].Person != "p-1" {
		t.Error("the log does not say that it was erased")
	}
	// Somebody comes back: a further key, and what was erased stays so.
	if err := w.Renew(t.Context(), "p-1", privacy.AccountClass); err != nil {
		t.Fatal(err)
	}
	if err := w.Renew(t.Context(), "p-1", privacy.AccountClass); err != nil {
		t.Error(err)
	}
	if err := open("p-1", identityField, seal(t, w, "p-1", identityField, "new")); err != nil {
		t.Error(err)
	}
	if err := open("p-1", identityField, identity); !errors.Is(err, privacy.ErrDestroyed) {
		t.Errorf("after coming back, what was erased: %v", err)
	}
}

func TestErasingIsRefused(t *testing.T) {
	w := vaulttest.New(t, register())
	seal(t, w, "p-1", identityField, secret)
	holder := privacy.Access{Actor: rem.Actor{Account: "a-1", Holder: "p-1", Person: "p-1"}, Role: privacy.AsHolder, Purpose: privacy.Identification}
	noCase := officer()
	noCase.Case = ""
	off := officer()
	off.Purpose = privacy.Advertisement
	for name, a := range map[string]privacy.Access{"by the holder himself": holder, "without a case": noCase, "for a purpose that is off": off} {
		err := w.Erase(t.Context(), a, "p-1", privacy.AccountClass, "x")
		if _, ok := errors.AsType[*rem.Refusal](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.Erase(t.Context(), officer(), "p-1", "everything", "x"); err == nil {
		t.Error("a class of one's own was erased")
	}
	w.Log.Fail(errors.New("no room"))
	if err := w.Erase(t.Context(), officer(), "p-1", privacy.AccountClass, "x"); err == nil {
		t.Error("erased without an entry")
	}
	w.Log.Fail(nil)
	seal(t, w, "p-1", identityField, "still there")
}

// Wrapping keys have numbers; after a rotation old values open before and after
// their data keys are wrapped anew, and their bytes stay.
func TestKeysAreWrappedAnewWithoutTouchingValues(t *testing.T) {
	w := vaulttest.New(t, register())
	sealed := map[rem.PersonID]privacy.SealedValue{}
	for i := range 600 { // more than two groups
		p := rem.PersonID(fmt.Sprintf("p-%d", i))
		sealed[p] = seal(t, w, p, identityField, string(p))
	}
	w.Keys.Rotate()
	check := func() {
		t.Helper()
		fresh, err := privacy.NewVault(privacy.VaultConfig{Register: register(), Keys: w.Keys, Data: w.Data, Log: w.Log, Clock: w.Clock})
		if err != nil {
			t.Fatal(err)
		}
		for p, s := range sealed {
			if v, err := fresh.Open(t.Context(), officer(), p, identityField, s); err != nil || v.Text() != string(p) {
				t.Fatalf("%s: %v", p, err)
			}
		}
	}
	check()
	if n, err := w.Rewrap(t.Context()); n != 600 || err != nil {
		t.Errorf("%d keys, %v", n, err)
	}
	check()
	if n, err := w.Rewrap(t.Context()); n != 0 || err != nil {
		t.Errorf("again: %d keys, %v", n, err)
	}
}

// Many seal for one person at once: one data key is made.
func TestTheFirstDataKeyIsMadeOnce(t *testing.T) {
	w := vaulttest.New(t, register())
	var wg sync.WaitGroup
	sealed := make([]privacy.SealedValue, 32)
	for i := range sealed {
		wg.Go(func() {
			var err error
			if sealed[i], err = w.Seal(t.Context(), "p-1", identityField, privacy.NewValue("x", privacy.ByDeclaration(at))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, s := range sealed {
		if _, err := w.Open(t.Context(), officer(), "p-1", identityField, s); err != nil {
			t.Fatal(err)
		}
	}
}

// An erasure is final also for whoever read the key just before it.
func TestNothingOpensAfterErasing(t *testing.T) {
	for range 50 {
		w := vaulttest.New(t, register())
		s := seal(t, w, "p-1", identityField, secret)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 20 {
					_, err := w.Open(t.Context(), officer(), "p-1", identityField, s)
					if err != nil && !errors.Is(err, privacy.ErrDestroyed) {
						t.Error(err)
					}
				}
			})
		}
		if err := w.Erase(t.Context(), officer(), "p-1", privacy.AccountClass, "x"); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if _, err := w.Open(t.Context(), officer(), "p-1", identityField, s); !errors.Is(err, privacy.ErrDestroyed) {
			t.Fatalf("after erasing: %v", err)
		}
	}
}

// hidden are structs in which a value may stand when it is printed.
type (
	exported struct{ V privacy.Value }
	inside   struct{ v privacy.Value }
	sealedIn struct {
		S privacy.SealedValue
		s privacy.SealedValue
	}
)

// P-03, AT-34: whatever way a value or its sealed form is printed, marshalled,
// logged or panicked with, nothing of it arrives.
func TestValuesNeverShow(t *testing.T) {
	w := vaulttest.New(t, register())
	v := privacy.NewValue(secret, privacy.ByDeclaration(at))
	s := seal(t, w, "p-1", identityField, secret)
	things := map[string]any{
		"a value": v, "a pointer": &v, "in a struct": exported{v}, "in a field that is not exported": inside{v}, "pointer to it": &inside{v},
		"a slice": []privacy.Value{v}, "a map": map[string]privacy.Value{"k": v}, "an interface": []any{v}, "an item": privacy.Item{Person: "p-1", Field: "f", Sealed: s},
		"sealed": s, "sealed in a struct": sealedIn{s, s}, "pointer to sealed": &sealedIn{s, s}, "sealed in a slice": []privacy.SealedValue{s},
	}
	shows := func(t *testing.T, way string, out []byte) {
		t.Helper()
		for _, canary := range []string{secret, "kanarya", "10000000146", hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte("kanarya"))),
			fmt.Sprint([]byte("kanarya"))[1:10], hex.EncodeToString(s.Bytes()[40:56])} {
			if bytes.Contains(out, []byte(canary)) {
				t.Errorf("%s: %s", way, out)
			}
		}
	}
	page := template.Must(template.New("x").Parse(`{{.}} {{printf "%s %x" . .}} <a title="{{.}}">`))
	for name, thing := range things {
		t.Run(name, func(t *testing.T) {
			for _, verb := range "vTtbcdoOqxXUeEfFgGsp" {
				for _, form := range []string{"%", "%+", "%#", "% ", "%020", "%-5.2"} {
					if form == "%#" && verb == 'p' {
						continue
					}
					shows(t, form+string(verb), fmt.Appendf(nil, form+string(verb), thing))
				}
			}
			shows(t, "print", []byte(fmt.Sprint(thing)))
			shows(t, "error", []byte(fmt.Errorf("with %v and %w", thing, errors.New("x")).Error()))
			var b bytes.Buffer
			for _, log := range []*slog.Logger{slog.New(slog.NewJSONHandler(&b, nil)), slog.New(slog.NewTextHandler(&b, nil))} {
				log.Info("x", "thing", thing, slog.Any("any", thing), slog.Group("g", "thing", thing))
			}
			shows(t, "slog", b.Bytes())
			b.Reset()
			if err := page.Execute(&b, thing); err != nil {
				t.Error(err)
			}
			shows(t, "template", b.Bytes())
			out, jsonErr := json.Marshal(thing)
			shows(t, "json", out)
			out, _ = xml.Marshal(thing)
			shows(t, "xml", out)
			b.Reset()
			gobErr := gob.NewEncoder(&b).Encode(thing)
			shows(t, "gob", b.Bytes())
			if name == "a value" || name == "sealed" {
				_, xmlErr := xml.Marshal(thing)
				for way, err := range map[string]error{"json": jsonErr, "gob": gobErr, "xml": xmlErr} {
					if !errors.Is(err, privacy.ErrHidden) {
						t.Errorf("%s of a value is no error of ours: %v", way, err)
					}
				}
			}
			func() {
				defer func() { shows(t, "panic", fmt.Append(nil, recover())) }()
				panic(thing)
			}()
		})
	}
	if got := v.String() + v.GoString(); got != privacy.Hidden+privacy.Hidden {
		t.Errorf("a value shows %q", got)
	}
	if got := s.String(); got != s.Pseudonym() || !strings.HasPrefix(got, "sealed-") {
		t.Errorf("a sealed value shows %q", got)
	}
	for _, f := range []func() ([]byte, error){v.MarshalText, v.MarshalBinary, v.GobEncode, v.MarshalJSON, s.MarshalText, s.MarshalBinary, s.GobEncode, s.MarshalJSON} {
		if b, err := f(); !errors.Is(err, privacy.ErrHidden) || b != nil {
			t.Errorf("marshalled: %q, %v", b, err)
		}
	}
}

// AT-27: tokens are equal for values that fold to the same ASCII, and only then;
// each index and each version has a key of its own.
func TestABlindIndexAnswersEqualityAlone(t *testing.T) {
	keys := vaulttest.NewKeys()
	index := func(name string, version uint32) *privacy.BlindIndexer {
		x, err := privacy.NewBlindIndexer(t.Context(), keys, privacy.BlindIndex{Name: name, Version: version})
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	x := index("application.identity", 1)
	for _, same := range [][2]string{{"10000000146", "10000000146"}, {"Ali@HS90.kep.test", "ali@hs90.KEP.test"}} {
		if x.Token(same[0]) != x.Token(same[1]) {
			t.Errorf("%q and %q have two tokens", same[0], same[1])
		}
	}
	seen := map[privacy.IndexToken]string{}
	for _, v := range []string{"10000000146", "10000000147", "1000000014", "10000000146 ", "", "i", "ı", "İ", "ﬁ", "k", "\u212a", "s", "\u017f"} {
		if other, ok := seen[x.Token(v)]; ok {
			t.Errorf("%q and %q have one token", v, other)
		}
		seen[x.Token(v)] = v
	}
	if bytes.Equal(x.Token("a").Bytes()[4:], index("account.address", 1).Token("a").Bytes()[4:]) || bytes.Equal(x.Token("a").Bytes()[4:], index("application.identity", 2).Token("a").Bytes()[4:]) {
		t.Error("two indexes or versions have one key")
	}
	if x.Token("a") != index("application.identity", 1).Token("a") {
		t.Error("the same index gives another token when it is opened again")
	}
	read, err := privacy.ParseIndexToken(x.Token("a").Bytes())
	if err != nil || read != x.Token("a") || read.Version() != 1 {
		t.Errorf("%v, %v", read, err)
	}
	for _, b := range [][]byte{nil, make([]byte, 19), make([]byte, 20), make([]byte, 21)} {
		if _, err := privacy.ParseIndexToken(b); err == nil {
			t.Errorf("%d octets are a token", len(b))
		}
	}
	for _, i := range []privacy.BlindIndex{{}, {Name: "x"}, {Version: 1}, {Name: "a b", Version: 1}} {
		if _, err := privacy.NewBlindIndexer(t.Context(), keys, i); err == nil {
			t.Errorf("%v is an index", i)
		}
	}
}

// The retention rule decides which key seals; a rule without a class cannot be
// that of a sealed field, and two fields cannot have one name.
func TestAVaultNeedsAnInventoryThatSeals(t *testing.T) {
	w := vaulttest.New(t, register())
	if s := seal(t, w, "p-1", identityField, "x"); s.Class() != privacy.AccountClass {
		t.Errorf("sealed under %s", s.Class())
	}
	for name, change := range map[string]func(*privacy.Register){
		"a rule without a class": func(r *privacy.Register) { r.Holdings[0].Retention = privacy.KeepAnswer },
		"two of one name":        func(r *privacy.Register) { r.Holdings[1].Name = r.Holdings[0].Name },
		"a long name":            func(r *privacy.Register) { r.Holdings[0].Name = strings.Repeat("x", 300) },
	} {
		r := register()
		change(r)
		if _, err := privacy.NewVault(privacy.VaultConfig{Register: r, Keys: w.Keys, Data: w.Data, Log: w.Log, Clock: w.Clock}); err == nil {
			t.Errorf("%s makes a vault", name)
		}
	}
	if _, err := privacy.NewVault(privacy.VaultConfig{Register: register()}); err == nil {
		t.Error("nothing makes a vault")
	}
}

// docs/formats/sealed.md: the sample of version 1 opens with the key that the
// page names. It is never made again.
func TestFrozenSealedValueOpens(t *testing.T) {
	dir := filepath.Join("testdata", "v1")
	raw, err := os.ReadFile(filepath.Join(dir, "sealed.hex"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := privacy.ParseSealed(b)
	if err != nil {
		t.Fatal(err)
	}
	w := vaulttest.New(t, register())
	w.Data.Put(t, w.Keys, privacy.KeyName{Person: "p-sample", Class: privacy.AccountClass, Serial: 1}, sampleKey())
	v, err := w.Open(t.Context(), officer(), "p-sample", identityField, s)
	if err != nil {
		t.Fatal(err)
	}
	if v.Text() != "10000000146" || !v.Provenance().Equal(verified(t)) {
		t.Errorf("the sample opens as another value, from %v", v.Provenance())
	}
}

func sampleKey() []byte {
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(i)
	}
	return key
}

func FuzzParseSealed(f *testing.F) {
	raw, err := os.ReadFile(filepath.Join("testdata", "v1", "sealed.hex"))
	if err != nil {
		f.Fatal(err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:20])
	f.Add([]byte{})
	f.Add([]byte{1, 0x80, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := privacy.ParseSealed(b)
		if err != nil {
			return
		}
		if !bytes.Equal(s.Bytes(), b) {
			t.Fatal("what was read is not what is written")
		}
		again, err := privacy.ParseSealed(s.Bytes())
		if err != nil || !again.Provenance().Equal(s.Provenance()) || again.Class() != s.Class() {
			t.Fatalf("read again: %v", err)
		}
	})
}
