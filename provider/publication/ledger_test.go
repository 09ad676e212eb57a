package publication_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rem"
	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/internal/testkit/chaintest"
	"rem/internal/testkit/pki"
	"rem/privacy/canon"
	"rem/provider/publication"
	"rem/trust/tsp"
)

var values = map[string]string{
	"provider.name-tr": "Örnek KEP Hizmetleri A.Ş. (BENZETİM)", "provider.name-en": "Sample Registered Mail Inc. (SIMULATION)",
	"provider.code": "hs90", "provider.domain": "hs90.kep.test", "contact.address": "Örnek Mahallesi, Deneme Sokağı 1, 06000 Ankara",
	"contact.phone": "+90 312 000 00 00", "contact.kep": "destek@hs90.kep.test", "contract.court": "Ankara",
}

// filled is the sample of a kind with its places filled and, where edit says so,
// otherwise changed.
func filled(t testing.TB, k publication.Kind, edit func(*publication.Document)) []byte {
	t.Helper()
	mine := map[string]string{}
	for _, name := range canon.Placeholders(publication.Sample(k)) {
		mine[name] = values[name]
	}
	b, err := publication.Fill(publication.Sample(k), mine)
	if err != nil {
		t.Fatal(err)
	}
	if edit == nil {
		return b
	}
	d, err := publication.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	edit(d)
	if b, err = d.Bytes(); err != nil {
		t.Fatal(err)
	}
	return b
}

type stage struct {
	clock *testkit.Clock
	store *chaintest.Memory
	stamp tsp.Authority
}

func newStage(t *testing.T) *stage {
	s := &stage{clock: testkit.NewClock(time.Time{}), store: &chaintest.Memory{}}
	s.stamp = pki.New(t, simulator.Options{Clock: s.clock}).Stamper("TSA")
	return s
}

func (s *stage) open(t *testing.T) *publication.Ledger {
	t.Helper()
	l, err := publication.Open(t.Context(), s.store, s.clock, s.stamp)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// stamped verifies the token of a version.
func stamped(v *publication.Version) error {
	token, err := tsp.Parse(v.Token)
	if err == nil {
		_, err = token.Verify(crypto.SHA256, v.Digest[:], tsp.VerifyOptions{})
	}
	return err
}

var demo = publication.Terms{By: "staff-a", AllowSample: true}

// Each kind that the program has comes with a document, whole in both languages.
func TestEverySampleCanBePublishedInADemonstration(t *testing.T) {
	s := newStage(t)
	l := s.open(t)
	for _, k := range publication.Kinds() {
		if k.Name().Turkish == "" || k.Name().English == "" {
			t.Errorf("%s has no name", k)
		}
		v, err := l.Publish(t.Context(), filled(t, k, nil), demo)
		if err != nil {
			t.Errorf("%s: %v", k, err)
			continue
		}
		if err := stamped(v); err != nil {
			t.Errorf("%s: its token: %v", k, err)
		}
		if _, err := l.Publish(t.Context(), filled(t, k, func(d *publication.Document) { d.Version = 2 }), publication.Terms{By: "staff-a"}); !errors.Is(err, publication.ErrRefused) {
			t.Errorf("%s: a sample is published outside of demonstrations: %v", k, err)
		}
	}
}

// REQ-4, REQ-97: a version is there for ever, with its digest and its stamp, and
// in force from its publication or later, never from before.
func TestVersionsFollowOneAnotherAndStay(t *testing.T) {
	s := newStage(t)
	l := s.open(t)
	first, err := l.Publish(t.Context(), filled(t, publication.Contract, nil), demo)
	if err != nil {
		t.Fatal(err)
	}
	again, err := l.Publish(t.Context(), filled(t, publication.Contract, nil), demo)
	if err != nil || again != first {
		t.Errorf("the same bytes again: %v, %v", again, err)
	}
	s.clock.Advance(24 * time.Hour)
	later := s.clock.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	second := filled(t, publication.Contract, func(d *publication.Document) {
		d.Version, d.Effective = 2, later
		d.Sections[0].Text[0].Turkish = "Değişti."
	})
	if _, err := l.Publish(t.Context(), second, demo); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Time]uint64{first.Effective: 1, later.Add(-time.Microsecond): 1, later: 2, later.AddDate(20, 0, 0): 2} {
		if v, err := l.InForce(publication.Contract, at); err != nil || v.Document.Version != want {
			t.Errorf("in force at %s: %v, %v, want version %d", at, v, err, want)
		}
	}
	if _, err := l.InForce(publication.Contract, first.Effective.Add(-time.Microsecond)); !errors.Is(err, publication.ErrNotFound) {
		t.Errorf("before the first: %v", err)
	}
	if _, err := l.InForce(publication.Tariff, later); !errors.Is(err, publication.ErrNotFound) {
		t.Errorf("of another kind: %v", err)
	}
	for what, edit := range map[string]func(*publication.Document){
		"backdated": func(d *publication.Document) { d.Version, d.Effective = 3, s.clock.Now().Add(-time.Hour).UTC() },
		"in force before the one before": func(d *publication.Document) {
			d.Version, d.Effective = 3, later.Add(-time.Hour)
		},
		"in force at once, before the one before": func(d *publication.Document) { d.Version = 3 },
	} {
		if _, err := l.Publish(t.Context(), filled(t, publication.Contract, edit), demo); !errors.Is(err, publication.ErrBackdated) {
			t.Errorf("%s: %v", what, err)
		}
	}
	reopened := s.open(t)
	for n := uint64(1); n <= 2; n++ {
		a, errA := l.Version(publication.Contract, n)
		b, errB := reopened.Version(publication.Contract, n)
		if errA != nil || errB != nil || !bytes.Equal(a.Source, b.Source) || !a.Effective.Equal(b.Effective) || a.Digest != b.Digest || !bytes.Equal(a.Token, b.Token) || a.By != b.By {
			t.Errorf("version %d after a start: %v %v", n, errA, errB)
		}
	}
	if _, err := reopened.Version(publication.Contract, 3); !errors.Is(err, publication.ErrNotFound) {
		t.Error(err)
	}
}

func TestWhatIsNotWholeIsNotPublished(t *testing.T) {
	s := newStage(t)
	l := s.open(t)
	for what, source := range map[string][]byte{
		"no document":     []byte("rem-notice 1\n"),
		"places left":     publication.Sample(publication.Contract),
		"a brace":         filled(t, publication.Contract, func(d *publication.Document) { d.Title.English = "Contract }" }),
		"another version": filled(t, publication.Contract, func(d *publication.Document) { d.Version = 2 }),
		"no words":        filled(t, publication.Contract, func(d *publication.Document) { d.Sections[2].Text = nil }),
		"no sections":     filled(t, publication.Contract, func(d *publication.Document) { d.Sections = nil }),
	} {
		if v, err := l.Publish(t.Context(), source, demo); !errors.Is(err, publication.ErrRefused) {
			t.Errorf("%s: %v, %v", what, v, err)
		}
	}
	if _, err := l.Publish(t.Context(), filled(t, publication.Contract, nil), publication.Terms{AllowSample: true}); !errors.Is(err, publication.ErrRefused) {
		t.Errorf("published by nobody: %v", err)
	}
	s.stamp = nobody{}
	if _, err := s.open(t).Publish(t.Context(), filled(t, publication.Contract, nil), demo); err == nil {
		t.Error("published without a token")
	}
	if n := l.Head().Number; n != 0 {
		t.Errorf("%d entries were kept", n)
	}
}

// nobody is an authority that is away.
type nobody struct{}

func (nobody) Stamp(context.Context, crypto.Hash, []byte) (*tsp.Token, error) {
	return nil, errors.New("away")
}

// A byte that is changed anywhere in the chain is found when it is opened.
func TestAChangedPublicationIsNotOpened(t *testing.T) {
	s := newStage(t)
	l := s.open(t)
	if _, err := l.Publish(t.Context(), filled(t, publication.Tariff, nil), demo); err != nil {
		t.Fatal(err)
	}
	entry, err := s.store.Entry(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	published := l.Versions(publication.Tariff)[0]
	digest := bytes.Index(entry, []byte("\ndocument: ")) + 1
	passed := 0
	for i := digest; i < len(entry); i++ { // what is before is the link, and who published it: the head's digest covers them
		touched := slices.Clone(entry)
		touched[i] ^= 1
		opened, err := publication.Open(t.Context(), chaintest.With(touched), s.clock, s.stamp)
		if err != nil {
			continue
		}
		v := opened.Versions(publication.Tariff)[0]
		if stamped(v) == nil && !bytes.Equal(v.Token, published.Token) {
			t.Logf("octet %d of the entry is in the token and not signed: %q", i, entry[max(0, i-8):min(len(entry), i+8)])
		}
		if v.Digest != published.Digest || !bytes.Equal(v.Source, published.Source) {
			t.Fatalf("other words with octet %d changed: %q", i, entry[max(0, i-20):min(len(entry), i+20)])
		}
		passed++
	}
	if passed == len(entry)-digest {
		t.Error("nothing was refused")
	}
}

func TestADocumentIsWrittenAsItWasRead(t *testing.T) {
	word := rapid.StringMatching(`[a-zçğıöşüA-ZÇĞİÖŞÜ0-9.,]{1,12}( [a-zçğıöşü]{1,9}){0,4}`)
	text := rapid.Custom(func(t *rapid.T) rem.Text { return rem.Text{Turkish: word.Draw(t, "tr"), English: word.Draw(t, "en")} })
	rapid.Check(t, func(t *rapid.T) {
		d := &publication.Document{
			Kind: rapid.SampledFrom(publication.Kinds()).Draw(t, "kind"), Version: rapid.Uint64Range(1, 1<<40).Draw(t, "version"),
			Sample: rapid.Bool().Draw(t, "sample"), Title: text.Draw(t, "title"),
		}
		if rapid.Bool().Draw(t, "stated") {
			d.Effective = time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "effective")).UTC()
		}
		for i, n := 0, rapid.IntRange(0, 5).Draw(t, "sections"); i < n; i++ {
			d.Sections = append(d.Sections, publication.Section{ID: strings.Repeat("s", i+1), Title: text.Draw(t, "title"), Text: rapid.SliceOfN(text, 0, 4).Draw(t, "text")})
		}
		b, err := d.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		read, err := publication.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		again, err := read.Bytes()
		if err != nil || !bytes.Equal(b, again) {
			t.Fatalf("%v\n%s\n%s", err, b, again)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, k := range publication.Kinds() {
		f.Add(publication.Sample(k))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := publication.Parse(b)
		if err != nil {
			return
		}
		again, err := d.Bytes()
		if err != nil || !bytes.Equal(b, again) {
			t.Errorf("read and written again it is another: %v", err)
		}
	})
}
