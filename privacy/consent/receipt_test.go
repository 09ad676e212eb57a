package consent_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/internal/testkit/chaintest"
	"rem/internal/testkit/noticetest"
	"rem/internal/testkit/pki"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/privacy/consent"
	"rem/privacy/notice"
	"rem/trust/cades"
	"rem/trust/validation"
)

var update = flag.Bool("update", false, "rewrite golden files")

var _ consent.Signer = (*cades.Signer)(nil)

var _ consent.Notices = (*notice.Ledger)(nil)

// A world has a provider that signs receipts and somebody who checks them
// offline.
type world struct {
	*desk
	pki    *pki.World
	signer *cades.Signer
}

func newWorld(t testing.TB, domain string) *world {
	t.Helper()
	w := &world{desk: newDesk(t, chaintest.InMemory), pki: pki.New(t, simulator.Options{Key: simulator.P256})}
	id := w.pki.REMMD(domain)
	s, err := cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain, Authority: w.pki.Stamper("Damga")})
	if err != nil {
		t.Fatal(err)
	}
	w.signer = s
	return w
}

// validator believes the world's root, and asks nobody.
func (w *world) validator(t testing.TB) *validation.Validator {
	t.Helper()
	policy := validation.Usual(w.pki.Anchors())
	policy.Operation.Revocation = validation.RevocationIfKnown
	policy.TimeStamping.Revocation = validation.RevocationIfKnown
	v, err := validation.New(policy, w.pki.Clock, nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (w *world) receipt(t testing.TB, number uint64) *consent.Receipt {
	t.Helper()
	r, err := w.Receipt(t.Context(), number, "hs90.kep.test", rem.Text{Turkish: "Örnek KEP Hizmetleri A.Ş.", English: "Sample Registered Mail Inc."},
		func(d rem.Digest) string { return "https://hs90.kep.test" + notice.PathOfDigest(d) })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) signed(t testing.TB, number uint64) []byte {
	t.Helper()
	b, err := consent.Sign(t.Context(), w.receipt(t, number), w.signer)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// choose gives and withdraws: entries 1 and 2.
func (w *world) choose(t testing.TB) {
	t.Helper()
	if _, err := w.Record(t.Context(), ask(t, privacy.DirectoryEntry).Give(privacy.Turkish), self(ayse)); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Minute)
	if _, err := w.Withdraw(t.Context(), privacy.DirectoryEntry, self(ayse)); err != nil {
		t.Fatal(err)
	}
}

// P-05: a person can show, offline and with the provider's root alone, what was
// chosen; of each act there is a receipt.
func TestReceiptVerifiesOffline(t *testing.T) {
	w := newWorld(t, "hs90.kep.test")
	w.choose(t)
	for number, action := range map[uint64]consent.Action{1: consent.Give, 2: consent.Withdraw} {
		file := w.signed(t, number)
		if !consent.IsReceipt(file) {
			t.Error("it does not begin as a receipt does")
		}
		got, err := consent.Verify(t.Context(), file, w.validator(t), consent.NamedIn)
		if err != nil {
			t.Fatal(err)
		}
		if !got.Passed() {
			t.Errorf("%s, %v", got.Report, got.Issuer)
		}
		if e := got.Receipt.Entry; e.Action != action || e.Person != ayse || e.Purpose != privacy.DirectoryEntry {
			t.Errorf("it says %+v", e)
		}
	}
	// The withdrawal names the consent that it ends.
	history, err := w.History(t.Context(), ayse)
	if err != nil || history[1].Withdraws != w.receipt(t, 1).Digest {
		t.Errorf("%v", err)
	}
	if _, err := w.Receipt(t.Context(), 3, "hs90.kep.test", rem.Text{}, func(rem.Digest) string { return "" }); err == nil {
		t.Error("a receipt about nothing")
	}
}

// Whoever changes an octet of a receipt has a receipt of nobody.
func TestChangedReceiptDoesNotPass(t *testing.T) {
	w := newWorld(t, "hs90.kep.test")
	w.choose(t)
	file := w.signed(t, 1)
	v := w.validator(t)
	step := 7
	if testkit.Long() {
		step = 1
	}
	for i := 0; i < len(file); i += step {
		b := bytes.Clone(file)
		b[i] ^= 1
		got, err := consent.Verify(t.Context(), b, v, consent.NamedIn)
		if err == nil && got.Passed() {
			t.Fatalf("octet %d was changed, and it passed", i)
		}
	}
	// The signature of one entry under another.
	other := w.signed(t, 2)
	begin := []byte("-----BEGIN CMS-----")
	swapped := append(bytes.Clone(file[:bytes.Index(file, begin)]), other[bytes.Index(other, begin):]...)
	got, err := consent.Verify(t.Context(), swapped, v, consent.NamedIn)
	if err != nil || got.Report.Verdict != validation.TotalFailed {
		t.Errorf("%v, %v", got, err)
	}
}

func TestReceiptOfAnotherProviderDoesNotPass(t *testing.T) {
	for name, other := range map[string]*world{"a stranger's root": newWorld(t, "hs90.kep.test"), "another domain": newWorld(t, "hs91.kep.test")} {
		other.choose(t)
		v := other.validator(t)
		if name == "a stranger's root" {
			v = newWorld(t, "hs90.kep.test").validator(t)
		}
		got, err := consent.Verify(t.Context(), other.signed(t, 1), v, consent.NamedIn)
		if err != nil || got.Passed() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReceiptHasOneSpelling(t *testing.T) {
	w := newWorld(t, "hs90.kep.test")
	w.choose(t)
	file := string(w.signed(t, 1))
	for name, change := range map[string][2]string{
		"no signature":         {"-----BEGIN CMS-----", "-----BEGIN PKCS7-----"},
		"a header in the PEM":  {"-----BEGIN CMS-----\n", "-----BEGIN CMS-----\nX: y\n\n"},
		"something behind":     {"-----END CMS-----\n", "-----END CMS-----\nmore\n"},
		"no last line end":     {"-----END CMS-----\n", "-----END CMS-----"},
		"a space":              {"provider: hs90", "provider:  hs90"},
		"other digest":         {"entry-digest: ", "entry-digest: 0"},
		"other line ends":      {"\n", "\r\n"},
		"another entry number": {"entry: number: 1", "entry: number: 2"},
		"another text":         {"entry: text: Adımın", "entry: text: Soyadımın"},
	} {
		changed := strings.Replace(file, change[0], change[1], 1)
		if changed == file {
			t.Fatalf("%s changes nothing", name)
		}
		if _, err := consent.Verify(t.Context(), []byte(changed), w.validator(t), consent.NamedIn); !errors.Is(err, canon.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReceiptIsWhatThePageSays(t *testing.T) {
	w := newWorld(t, "hs90.kep.test")
	w.choose(t)
	for number, file := range map[uint64]string{1: "testdata/give.golden", 2: "testdata/withdraw.golden"} {
		got, err := w.receipt(t, number).Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(file, got, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%s (-want +got):\n%s", file, d)
		}
	}
}

// Frozen samples are read for ever, with their signature.
func TestFrozenReceiptIsRead(t *testing.T) {
	file, err := os.ReadFile("testdata/v1/receipt.txt")
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.ReadFile("testdata/v1/root.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(root)
	anchor, err := parseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	policy := validation.Usual(anchor)
	policy.Operation.Revocation = validation.RevocationIfKnown
	policy.TimeStamping.Revocation = validation.RevocationIfKnown
	v, err := validation.New(policy, testkit.NewClock(testkit.Epoch.Add(time.Hour)), nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := consent.Verify(t.Context(), file, v, consent.NamedIn)
	if err != nil || !got.Passed() || got.Receipt.Entry.Person != ayse {
		t.Errorf("%+v, %v", got, err)
	}
}

// The ledger of consents on the ledger of notices itself, from being told to
// being asked again.
func TestConsentGoesWithTheNotice(t *testing.T) {
	clock := testkit.NewClock(testkit.Epoch)
	r := noticetest.Register(t, privacy.DirectoryEntry, privacy.Personalisation)
	publications, deliveries, consents := &chaintest.Memory{}, &chaintest.Memory{}, &chaintest.Memory{}
	notices, err := notice.Open(t.Context(), publications, deliveries, clock)
	if err != nil {
		t.Fatal(err)
	}
	l, err := consent.Open(t.Context(), consents, clock, r, notices)
	if err != nil {
		t.Fatal(err)
	}
	q := ask(t, privacy.DirectoryEntry)
	give := func() error {
		_, err := l.Record(t.Context(), q.Give(privacy.Turkish), self(ayse))
		return err
	}
	if err := give(); !errors.Is(err, consent.ErrNotTold) {
		t.Errorf("without a notice: %v", err)
	}
	publish := func(version uint64, edit func(n *notice.Notice)) *notice.Version {
		t.Helper()
		v, err := notices.Publish(t.Context(), noticetest.Own(t, version, func(n *notice.Notice) {
			noticetest.AskFor(n, privacy.DirectoryEntry, privacy.Personalisation)
			if edit != nil {
				edit(n)
			}
		}), notice.Terms{By: "p-officer", Register: r})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	tell := func(v *notice.Version) {
		t.Helper()
		if _, err := notices.Deliver(t.Context(), notice.Delivery{Person: ayse, Digest: v.Digest, Language: privacy.Turkish, Channel: privacy.Portal, Act: notice.Shown}); err != nil {
			t.Fatal(err)
		}
	}
	first := publish(1, nil)
	if err := give(); !errors.Is(err, consent.ErrNotTold) {
		t.Errorf("before being told: %v", err)
	}
	tell(first)
	if err := give(); err != nil {
		t.Fatal(err)
	}
	if err := l.Allowed(t.Context(), ayse, privacy.DirectoryEntry); err != nil {
		t.Error(err)
	}
	clock.Advance(time.Hour)
	publish(2, func(n *notice.Notice) { n.Section(notice.LawSection).Text[0].English += " Indeed." })
	if err := l.Allowed(t.Context(), ayse, privacy.DirectoryEntry); err != nil {
		t.Errorf("a wording ended a consent: %v", err)
	}
	clock.Advance(time.Hour)
	third := publish(3, func(n *notice.Notice) {
		for i, f := range n.Section(notice.ControllerSection).Facts {
			if f.Name == "name-tr" {
				n.Section(notice.ControllerSection).Facts[i].Value = "Başka Posta A.Ş."
			}
		}
	})
	if got := state(l.Allowed(t.Context(), ayse, privacy.DirectoryEntry)); got != "paused" {
		t.Errorf("another controller, and consent is %s", got)
	}
	tell(third)
	if err := give(); err != nil {
		t.Fatal(err)
	}
	if err := l.Allowed(t.Context(), ayse, privacy.DirectoryEntry); err != nil {
		t.Error(err)
	}
}

func parseCertificate(der []byte) ([]*x509.Certificate, error) {
	c, err := x509.ParseCertificate(der)
	return []*x509.Certificate{c}, err
}

func FuzzEntry(f *testing.F) {
	w := newWorld(f, "hs90.kep.test")
	w.choose(f)
	for n := range uint64(2) {
		b, err := w.receipt(f, n+1).Entry.Bytes()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := consent.ParseEntry(b)
		if err != nil {
			return
		}
		if again, err := e.Bytes(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%q became %q (%v)", b, again, err)
		}
	})
}

func FuzzReceipt(f *testing.F) {
	w := newWorld(f, "hs90.kep.test")
	w.choose(f)
	f.Add(w.signed(f, 1))
	f.Add(w.signed(f, 2))
	f.Add([]byte("rem-consent-receipt 1\n-----BEGIN CMS-----\n-----END CMS-----\n"))
	v := w.validator(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := consent.Verify(context.Background(), b, v, consent.NamedIn)
		if err != nil {
			return
		}
		receipt, err := got.Receipt.Bytes()
		if err != nil || !bytes.HasPrefix(b, receipt) {
			t.Errorf("%q became %q (%v)", b, receipt, err)
		}
	})
}
