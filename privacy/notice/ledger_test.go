package notice_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/chaintest"
	"rem/internal/testkit/noticetest"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/privacy/notice"
)

// A desk is a ledger of notices that can be opened again.
type desk struct {
	*notice.Ledger
	clock *testkit.Clock
	open  func() *notice.Ledger
}

func newDesk(t testing.TB, shelf chaintest.Shelf) *desk {
	t.Helper()
	d := &desk{clock: testkit.NewClock(testkit.Epoch)}
	publications, deliveries := shelf.New(t), shelf.New(t)
	d.open = func() *notice.Ledger {
		l, err := notice.Open(t.Context(), publications(), deliveries(), d.clock)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	d.Ledger = d.open()
	return d
}

var version = noticetest.Own

func terms(t testing.TB) notice.Terms {
	t.Helper()
	return notice.Terms{By: "p-officer", Register: noticetest.Register(t)}
}

func (d *desk) publish(t testing.TB, source []byte) *notice.Version {
	t.Helper()
	v, err := d.Publish(t.Context(), source, terms(t))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func onShelves(t *testing.T, run func(t *testing.T, d *desk)) {
	for _, shelf := range chaintest.Shelves {
		t.Run(shelf.Name, func(t *testing.T) { run(t, newDesk(t, shelf)) })
	}
}

func comma(n *notice.Notice) { n.Section(notice.LawSection).Text[0].English += " Indeed." }

// S46, S47, P-04: a version holds from its publication, stays under its own
// addresses byte for byte, and the newest is under the common one.
func TestEveryVersionStaysWhereItIs(t *testing.T) {
	onShelves(t, func(t *testing.T, d *desk) {
		if _, err := d.Resolve(notice.CurrentPath); !errors.Is(err, notice.ErrNotFound) {
			t.Errorf("before the first version: %v", err)
		}
		sources := [][]byte{version(t, 1, nil), version(t, 2, comma), version(t, 3, nil)}
		for i, source := range sources {
			d.clock.Advance(time.Hour)
			v := d.publish(t, source)
			if v.Effective != d.clock.Now() || v.By != "p-officer" || v.Digest != rem.DigestOf(source) {
				t.Errorf("version %d: %+v", i+1, v.Publication)
			}
			again, err := d.Publish(t.Context(), source, terms(t))
			if err != nil || again != v {
				t.Errorf("publishing it again: %v", err)
			}
		}
		for range 2 {
			for i, source := range sources {
				for _, path := range []string{notice.PathOf(uint64(i + 1)), notice.PathOfDigest(rem.DigestOf(source))} {
					v, err := d.Resolve(path)
					if err != nil || !bytes.Equal(v.Source, source) {
						t.Errorf("%s: %v", path, err)
					}
				}
			}
			v, err := d.Resolve(notice.CurrentPath)
			if err != nil || v.Notice.Version != 3 || d.StatusOf(v, d.clock.Now()) != notice.InForce {
				t.Errorf("in force: %v", err)
			}
			if first, _ := d.Version(1); d.StatusOf(first, d.clock.Now()) != notice.Superseded {
				t.Error("the first version is still in force")
			}
			if then, err := d.InForce(testkit.Epoch.Add(90 * time.Minute)); err != nil || then.Notice.Version != 1 {
				t.Errorf("half an hour after the first: %v", err)
			}
			d.Ledger = d.open()
		}
	})
}

func TestAddressesHaveOneSpelling(t *testing.T) {
	d := newDesk(t, chaintest.InMemory)
	v := d.publish(t, version(t, 1, nil))
	for _, path := range []string{
		"", "/", "/notice/", "/NOTICE", "/notice/v", "/notice/v0", "/notice/v01", "/notice/v+1", "/notice/v1/", "/notice/v2", "/notice/v18446744073709551616",
		"/notice/sha256/", "/notice/sha256/" + strings.ToUpper(v.Digest.String()), notice.PathOfDigest(rem.Digest{}), "/notice/../notice", notice.PathOfDigest(v.Digest) + "/",
	} {
		if got, err := d.Resolve(path); !errors.Is(err, notice.ErrNotFound) {
			t.Errorf("%q leads to %v, %v", path, got, err)
		}
	}
}

// S46, S49, P-04.
func TestWhatCannotBePublishedIsRefused(t *testing.T) {
	empty, err := os.ReadFile("testdata/empty-contact.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		source []byte
		is     error
		says   string
	}{
		{"no notice", []byte("Aydınlatma"), notice.ErrRefused, "not in canonical form"},
		{"empty contact block", empty, notice.ErrRefused, "the contact block is empty (S49)"},
		{"sample", filled(t), notice.ErrRefused, "it is a sample"},
		{"places left", notice.Sample(), notice.ErrRefused, "the place {contact.kep} is not filled"},
		{"other number", version(t, 2, nil), notice.ErrRefused, "it says version 2, and the next one is 1"},
		{"other purposes than the inventory", version(t, 1, func(n *notice.Notice) { n.Section(notice.PurposeSection).Items[0].ID = "quality" }), notice.ErrRefused, `"quality"`},
		{"yesterday", version(t, 1, func(n *notice.Notice) { n.Effective = testkit.Epoch.Add(-24 * time.Hour) }), notice.ErrBackdated, "earlier time"},
		{"a moment ago", version(t, 1, func(n *notice.Notice) { n.Effective = testkit.Epoch.Add(-time.Microsecond) }), notice.ErrBackdated, "earlier time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, chaintest.InMemory)
			_, err := d.Publish(t.Context(), c.source, terms(t))
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
			if len(d.Versions()) != 0 || len(d.open().Versions()) != 0 {
				t.Error("it is a version all the same")
			}
		})
	}
	t.Run("sample in a demonstration", func(t *testing.T) {
		terms := terms(t)
		terms.AllowSample = true
		if _, err := newDesk(t, chaintest.InMemory).Publish(t.Context(), filled(t), terms); err != nil {
			t.Error(err)
		}
	})
	t.Run("by nobody", func(t *testing.T) {
		terms := terms(t)
		terms.By = ""
		if _, err := newDesk(t, chaintest.InMemory).Publish(t.Context(), version(t, 1, nil), terms); !errors.Is(err, canon.ErrForm) {
			t.Errorf("got %v", err)
		}
	})
}

// S46: a later date is announced until it comes, and nothing overtakes it.
func TestAnnouncedVersionHoldsFromItsDate(t *testing.T) {
	onShelves(t, func(t *testing.T, d *desk) {
		d.publish(t, version(t, 1, nil))
		when := testkit.Epoch.Add(30 * 24 * time.Hour)
		v := d.publish(t, version(t, 2, func(n *notice.Notice) { n.Effective = when }))
		if d.StatusOf(v, d.clock.Now()) != notice.Announced {
			t.Error("it is in force already")
		}
		if _, err := d.Publish(t.Context(), version(t, 3, comma), terms(t)); !errors.Is(err, notice.ErrBackdated) {
			t.Errorf("a third one overtakes it: %v", err)
		}
		d.Ledger = d.open()
		for _, c := range []struct {
			at   time.Time
			want uint64
		}{{when.Add(-time.Microsecond), 1}, {when, 2}, {when.Add(time.Hour), 2}} {
			if v, err := d.InForce(c.at); err != nil || v.Notice.Version != c.want {
				t.Errorf("at %s: %v", c.at, err)
			}
		}
	})
}

func to(person rem.PersonID, v *notice.Version) notice.Delivery {
	return notice.Delivery{Person: person, Digest: v.Digest, Language: privacy.Turkish, Channel: privacy.Website, Act: notice.Shown}
}

// S02, P-06: that somebody was told is a record of its own, with the version, the
// channel, the time and who did it.
func TestBeingToldIsRecorded(t *testing.T) {
	onShelves(t, func(t *testing.T, d *desk) {
		v := d.publish(t, version(t, 1, nil))
		if d.WasTold("p-ayse", v.Digest) {
			t.Error("told before anybody told her")
		}
		d.clock.Advance(time.Minute)
		first, err := d.Deliver(t.Context(), to("p-ayse", v))
		if err != nil || first.Link.Time != d.clock.Now() || first.Version != 1 {
			t.Fatalf("%+v, %v", first, err)
		}
		d.clock.Advance(time.Minute)
		again, err := d.Deliver(t.Context(), to("p-ayse", v))
		if err != nil || *again != *first {
			t.Errorf("once more: %+v, %v", again, err)
		}
		read := to("p-ayse", v)
		read.Act, read.Channel, read.By = notice.Acknowledged, privacy.AtOffice, "p-officer"
		if _, err := d.Deliver(t.Context(), read); err != nil {
			t.Error(err)
		}
		visitor := to("", v)
		visitor.Visitor = "v-8f3a"
		for range 2 {
			if _, err := d.Deliver(t.Context(), visitor); err != nil {
				t.Error(err)
			}
		}
		for range 2 {
			list, err := d.DeliveriesTo(t.Context(), "p-ayse")
			if err != nil || len(list) != 2 || list[1].By != "p-officer" || list[1].Act != notice.Acknowledged || *list[0] != *first {
				t.Errorf("%v, %v", list, err)
			}
			if !d.WasTold("p-ayse", v.Digest) || d.WasTold("p-bora", v.Digest) || d.WasTold("p-ayse", rem.Digest{}) {
				t.Error("who was told is not who was told")
			}
			if _, deliveries := d.Heads(); deliveries.Number != 4 {
				t.Errorf("%d deliveries", deliveries.Number)
			}
			d.Ledger = d.open()
		}
	})
}

func TestOnlyTheVersionInForceIsDelivered(t *testing.T) {
	d := newDesk(t, chaintest.InMemory)
	if _, err := d.Deliver(t.Context(), notice.Delivery{Person: "p-ayse", Language: privacy.Turkish, Channel: privacy.Website, Act: notice.Shown}); !errors.Is(err, notice.ErrNotFound) {
		t.Errorf("before the first version: %v", err)
	}
	first := d.publish(t, version(t, 1, nil))
	d.clock.Advance(time.Hour)
	second := d.publish(t, version(t, 2, comma))
	if _, err := d.Deliver(t.Context(), to("p-ayse", first)); !errors.Is(err, notice.ErrNotHeld) {
		t.Errorf("the first version: %v", err)
	}
	for name, edit := range map[string]func(d *notice.Delivery){
		"to nobody":       func(d *notice.Delivery) { d.Person = "" },
		"to two":          func(d *notice.Delivery) { d.Visitor = "v-1" },
		"to a name":       func(d *notice.Delivery) { d.Person = "Ayşe Yılmaz" },
		"to an address":   func(d *notice.Delivery) { d.Person = "ayse@hs90.kep.test" },
		"in no language":  func(d *notice.Delivery) { d.Language = "de" },
		"by no channel":   func(d *notice.Delivery) { d.Channel = "pigeon" },
		"by no act":       func(d *notice.Delivery) { d.Act = "" },
		"accepted":        func(d *notice.Delivery) { d.Act = "accepted" },
		"told by oneself": func(d *notice.Delivery) { d.By = "p-ayse" },
		"told by a title": func(d *notice.Delivery) { d.By = "the officer" },
	} {
		delivery := to("p-ayse", second)
		edit(&delivery)
		if _, err := d.Deliver(t.Context(), delivery); !errors.Is(err, canon.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.Deliver(t.Context(), to("p-ayse", second)); err != nil {
		t.Error(err)
	}
}

// AT-38: strangers who ask for the page again and again fill no disk.
func TestVisitorsAreBounded(t *testing.T) {
	d := newDesk(t, chaintest.InMemory)
	v := d.publish(t, version(t, 1, nil))
	visit := func(n int) error {
		delivery := to("", v)
		delivery.Visitor = fmt.Sprint("v-", n)
		_, err := d.Deliver(t.Context(), delivery)
		return err
	}
	for n := range 10_000 {
		if err := visit(n); err != nil {
			t.Fatalf("visitor %d: %v", n, err)
		}
	}
	if err := visit(10_000); !errors.Is(err, notice.ErrTooMany) {
		t.Errorf("got %v", err)
	}
	if _, err := d.Deliver(t.Context(), to("p-ayse", v)); err != nil {
		t.Errorf("and a person is turned away: %v", err)
	}
	d.clock.Advance(time.Hour)
	if err := visit(10_001); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}

// S46: what a consent rests on is the same until a version in force changes it.
func TestAMaterialChangeEndsWhatWasSaid(t *testing.T) {
	d := newDesk(t, chaintest.InMemory)
	first := d.publish(t, version(t, 1, nil))
	d.clock.Advance(time.Hour)
	d.publish(t, version(t, 2, comma))
	if !d.StillSays(first.Digest, d.clock.Now()) {
		t.Error("a comma changed what is said")
	}
	when := d.clock.Now().Add(24 * time.Hour)
	d.publish(t, version(t, 3, func(n *notice.Notice) {
		n.Effective = when
		set(n.Section(notice.ControllerSection).Facts, "name-tr", "Başka Posta A.Ş.")
	}))
	if !d.StillSays(first.Digest, when.Add(-time.Microsecond)) {
		t.Error("it changed before the new version holds")
	}
	if d.StillSays(first.Digest, when) || d.StillSays(rem.Digest{}, when) {
		t.Error("it did not change")
	}
}

// A chain whose publications or deliveries were touched is not opened.
func TestTouchedNoticesAreNotOpened(t *testing.T) {
	m, none := &chaintest.Memory{}, &chaintest.Memory{}
	clock := testkit.NewClock(testkit.Epoch)
	l, err := notice.Open(t.Context(), m, none, clock)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Publish(t.Context(), version(t, 1, nil), terms(t)); err != nil {
		t.Fatal(err)
	}
	e := m.Entries()[0]
	for name, touched := range map[string][]byte{
		"the controller": bytes.Replace(e, []byte("name-en: Sample"), []byte("name-en: Simple"), 1),
		"its digest":     bytes.Replace(e, []byte("notice: "+rem.DigestOf(version(t, 1, nil)).String()), []byte("notice: "+(rem.Digest{}).String()), 1),
		"its version":    bytes.Replace(e, []byte("source: version: 1"), []byte("source: version: 2"), 1),
		"a date in it":   bytes.Replace(e, []byte("by: p-officer\n"), []byte("by: p-officer\neffective: 2030-01-01T00:00:00.000000Z\n"), 1),
	} {
		if bytes.Equal(touched, e) {
			t.Fatalf("%s changes nothing", name)
		}
		if _, err := notice.Open(t.Context(), chaintest.With(touched), none, clock); err == nil {
			t.Errorf("%s was touched, and it opened", name)
		}
	}
}

// Frozen samples are read for ever.
func TestFrozenSamplesAreRead(t *testing.T) {
	read := func(name string) []byte {
		b, err := os.ReadFile("testdata/v1/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	p, err := notice.ParsePublication(read("publication.txt"))
	if err != nil || p.By != "p-officer" || p.Link.Number != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	d, err := notice.ParseDelivery(read("delivery.txt"))
	if err != nil || d.Person != "p-ayse" || d.Digest != p.Digest {
		t.Errorf("%+v, %v", d, err)
	}
	l, err := notice.Open(t.Context(), chaintest.With(read("publication.txt")), chaintest.With(read("delivery.txt")), testkit.NewClock(testkit.Epoch))
	if err != nil || !l.WasTold("p-ayse", rem.DigestOf(p.Source)) {
		t.Error(err)
	}
	if !bytes.Equal(p.Source, read("notice.txt")) {
		t.Error("the publication holds another notice")
	}
}

func TestManyAreToldAtOnce(t *testing.T) {
	d := newDesk(t, chaintest.OnDisk)
	v := d.publish(t, version(t, 1, nil))
	done := make(chan error)
	for n := range 20 {
		go func() {
			_, err := d.Deliver(context.WithoutCancel(t.Context()), to(rem.PersonID(fmt.Sprint("p-", n%10)), v))
			done <- err
		}()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if _, deliveries := d.Heads(); deliveries.Number != 10 {
		t.Errorf("%d deliveries to ten people", deliveries.Number)
	}
}

func fuzzSeed(f *testing.F, name string) {
	b, err := os.ReadFile("testdata/v1/" + name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(slices.Concat(b, b))
}

func FuzzPublication(f *testing.F) {
	fuzzSeed(f, "publication.txt")
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := notice.ParsePublication(b)
		if err != nil {
			return
		}
		if again, err := p.Bytes(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%q became %q (%v)", b, again, err)
		}
		if p.Effective.Before(p.Link.Time) {
			t.Error("it holds from before it was published")
		}
	})
}

func FuzzDelivery(f *testing.F) {
	fuzzSeed(f, "delivery.txt")
	f.Add([]byte("rem-notice-delivery 1\nnumber: 1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := notice.ParseDelivery(b)
		if err != nil {
			return
		}
		if again, err := d.Bytes(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%q became %q (%v)", b, again, err)
		}
	})
}
