package trustlist_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rem"
	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/internal/testkit/pki"
	"rem/trust/trustlist"
)

var day = 24 * time.Hour

// sample is a list of three providers: one granted, one suspended for a while,
// one that ended.
func sample(w *pki.World) *trustlist.List {
	now := testkit.Epoch
	term := func(domain string) []trustlist.Certificate {
		return []trustlist.Certificate{{Certificate: w.REMMD(domain).Certificate, From: now}}
	}
	tls := func(domain string) []trustlist.Certificate {
		return []trustlist.Certificate{{Certificate: w.Must(w.TLS(domain)).Certificate, From: now}}
	}
	renewed := term("hs91.kep.test")
	renewed[0].Until = now.Add(30 * day)
	renewed = append(renewed, trustlist.Certificate{Certificate: w.REMMD("hs91.kep.test").Certificate, From: now.Add(20 * day)})
	return &trustlist.List{
		Sequence:   7,
		IssueTime:  now,
		NextUpdate: now.Add(180 * day),
		Operator:   rem.Text{Turkish: "Benzetim işleticisi <A & B>", English: "Simulated operator"},
		Providers: []trustlist.Provider{
			{
				Code: "hs90", Domains: []string{"hs90.kep.test", "hs90.example"},
				Name:      rem.Text{Turkish: "Işık KEP Hizmetleri A. Ş.", English: "Isik Registered Mail"},
				Relays:    []string{"127.0.0.1:2525", "relay.hs90.kep.test:25"},
				Operation: term("hs90.kep.test"), TLS: tls("hs90.kep.test"),
				Policies: []string{"urn:oid:2.999.1"}, Profile: trustlist.TS102640, SizeLimit: 25 << 20,
				History: []trustlist.Change{{Status: trustlist.Granted, From: now}},
			},
			{
				Code: "hs91", Domains: []string{"hs91.kep.test"},
				Name:      rem.Text{Turkish: "Örnek KEP", English: "Example"},
				Relays:    []string{"relay.hs91.kep.test:25"},
				Operation: renewed, TLS: tls("hs91.kep.test"),
				Profile: trustlist.TS102640, SizeLimit: 25 << 20,
				History: []trustlist.Change{
					{Status: trustlist.Granted, From: now.Add(-day)},
					{Status: trustlist.Suspended, From: now.Add(5 * day)},
					{Status: trustlist.Granted, From: now.Add(6 * day)},
				},
			},
			{
				Code: "hs92", Domains: []string{"hs92.kep.test"},
				Name:      rem.Text{Turkish: "Eski KEP", English: "Former"},
				Operation: term("hs92.kep.test"), TLS: tls("hs92.kep.test"),
				Profile: trustlist.TS102640, SizeLimit: 25 << 20,
				History: []trustlist.Change{
					{Status: trustlist.Granted, From: now.Add(-day)},
					{Status: trustlist.Ended, From: now.Add(10 * day)},
				},
			},
		},
	}
}

var byDER = cmp.Comparer(func(a, b *x509.Certificate) bool { return bytes.Equal(a.Raw, b.Raw) })

func TestWhatIsWrittenIsRead(t *testing.T) {
	w := pki.New(t, simulator.Options{})
	l := sample(w)
	keeper := w.REMMD("list.kep.test")
	src, err := l.Sign(t.Context(), w.Signer(keeper, nil))
	if err != nil {
		t.Fatal(err)
	}
	v, err := trustlist.Verify(src, []*x509.Certificate{keeper.Certificate})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l, v.List, byDER, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the list changed on its way (-written +read):\n%s", diff)
	}
	if !bytes.Equal(v.Signer.Raw, keeper.Certificate.Raw) {
		t.Error("the signer is not the pinned certificate")
	}
}

// Nothing in a list speaks for itself (AT-19): the signer is pinned, and no
// authority of the signer stands for another.
func TestOnlyAPinnedCertificateSigns(t *testing.T) {
	w := pki.New(t, simulator.Options{})
	keeper, other := w.REMMD("list.kep.test"), w.REMMD("list.kep.test")
	src, err := sample(w).Sign(t.Context(), w.Signer(keeper, nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		pinned []*x509.Certificate
		ok     bool
	}{
		{"the signer", []*x509.Certificate{other.Certificate, keeper.Certificate}, true},
		{"another of the same name", []*x509.Certificate{other.Certificate}, false},
		{"its authority", []*x509.Certificate{w.Authority(simulator.Operation).Certificate, w.Root().Certificate}, false},
		{"nobody", nil, false},
	} {
		_, err := trustlist.Verify(src, c.pinned)
		if (err == nil) != c.ok || !c.ok && !errors.Is(err, trustlist.ErrSigner) {
			t.Errorf("pinned %s: %v", c.name, err)
		}
	}

	late := sample(w)
	late.IssueTime, late.NextUpdate = testkit.Epoch.Add(4*365*day), testkit.Epoch.Add(5*365*day)
	src, err = late.Sign(t.Context(), w.Signer(keeper, nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trustlist.Verify(src, []*x509.Certificate{keeper.Certificate}); !errors.Is(err, trustlist.ErrSigner) {
		t.Errorf("issued after its signer's term: %v", err)
	}
}

func TestNoChangedByteOfAListIsBelieved(t *testing.T) {
	w := pki.New(t, simulator.Options{})
	keeper := w.REMMD("list.kep.test")
	l := sample(w)
	src, err := l.Sign(t.Context(), w.Signer(keeper, nil))
	if err != nil {
		t.Fatal(err)
	}
	step := 101
	if testkit.Long() {
		step = 1
	}
	end := bytes.Index(src, []byte("<ds:Signature "))
	for i := 0; i < end; i += step {
		changed := bytes.Clone(src)
		changed[i] ^= 1
		if _, err := trustlist.Verify(changed, []*x509.Certificate{keeper.Certificate}); err == nil {
			t.Errorf("byte %d changed from %q to %q, and the list is believed", i, src[i], changed[i])
		}
	}
}

// REQ-81, REQ-84: who is who, at which time.
func TestLookups(t *testing.T) {
	w := pki.New(t, simulator.Options{})
	l := sample(w)
	now := testkit.Epoch
	hs91, hs92 := l.Providers[1], l.Providers[2]
	stranger := w.REMMD("hs90.kep.test").Certificate
	for _, c := range []struct {
		name string
		ask  func() (*trustlist.Provider, error)
		code string
		err  error
	}{
		{"a domain", func() (*trustlist.Provider, error) { return l.ByDomain("hs90.kep.test", now) }, "hs90", nil},
		{"a domain in capitals", func() (*trustlist.Provider, error) { return l.ByDomain("HS90.KEP.TEST", now) }, "hs90", nil},
		{"a domain with a Kelvin sign", func() (*trustlist.Provider, error) { return l.ByDomain("hs90.\u212Aep.test", now) }, "", trustlist.ErrUnknown},
		{"a second domain", func() (*trustlist.Provider, error) { return l.ByDomain("hs90.example", now) }, "hs90", nil},
		{"an unknown domain", func() (*trustlist.Provider, error) { return l.ByDomain("hs93.kep.test", now) }, "", trustlist.ErrUnknown},
		{"before the list knew it", func() (*trustlist.Provider, error) { return l.ByDomain("hs90.kep.test", now.Add(-time.Second)) }, "hs90", trustlist.ErrNotGranted},
		{"while suspended", func() (*trustlist.Provider, error) { return l.ByDomain("hs91.kep.test", now.Add(5*day)) }, "hs91", trustlist.ErrNotGranted},
		{"granted again", func() (*trustlist.Provider, error) { return l.ByDomain("hs91.kep.test", now.Add(6*day)) }, "hs91", nil},
		{"after the end", func() (*trustlist.Provider, error) { return l.ByCode("hs92", now.Add(10*day)) }, "hs92", trustlist.ErrNotGranted},
		{"before the end", func() (*trustlist.Provider, error) { return l.ByCode("hs92", now.Add(10*day-time.Second)) }, "hs92", nil},
		{"evidence of an ended provider, from its time", func() (*trustlist.Provider, error) {
			return l.ByOperationCertificate(hs92.Operation[0].Certificate, now.Add(9*day))
		}, "hs92", nil},
		{"evidence of an ended provider, from after its end", func() (*trustlist.Provider, error) {
			return l.ByOperationCertificate(hs92.Operation[0].Certificate, now.Add(11*day))
		}, "hs92", trustlist.ErrNotGranted},
		{"the old certificate", func() (*trustlist.Provider, error) {
			return l.ByOperationCertificate(hs91.Operation[0].Certificate, now.Add(25*day))
		}, "hs91", nil},
		{"the old certificate, too late", func() (*trustlist.Provider, error) {
			return l.ByOperationCertificate(hs91.Operation[0].Certificate, now.Add(30*day))
		}, "hs91", trustlist.ErrNotInForce},
		{"the new certificate, too early", func() (*trustlist.Provider, error) {
			return l.ByOperationCertificate(hs91.Operation[1].Certificate, now.Add(19*day))
		}, "hs91", trustlist.ErrNotInForce},
		{"the new certificate, while both hold", func() (*trustlist.Provider, error) {
			return l.ByOperationCertificate(hs91.Operation[1].Certificate, now.Add(25*day))
		}, "hs91", nil},
		{"a certificate after its own term", func() (*trustlist.Provider, error) {
			return l.ByOperationCertificate(hs91.Operation[1].Certificate, now.Add(4*365*day))
		}, "hs91", trustlist.ErrNotInForce},
		{"a certificate of the same name", func() (*trustlist.Provider, error) { return l.ByOperationCertificate(stranger, now) }, "", trustlist.ErrUnknown},
		{"a TLS certificate signs", func() (*trustlist.Provider, error) {
			return l.ByOperationCertificate(hs91.TLS[0].Certificate, now)
		}, "", trustlist.ErrUnknown},
		{"a TLS certificate connects", func() (*trustlist.Provider, error) { return l.ByTLSCertificate(hs91.TLS[0].Certificate, now) }, "hs91", nil},
	} {
		p, err := c.ask()
		code := ""
		if p != nil {
			code = p.Code
		}
		if code != c.code || !errors.Is(err, c.err) {
			t.Errorf("%s: got %q, %v, want %q, %v", c.name, code, err, c.code, c.err)
		}
	}
}

func TestListsThatContradictThemselvesAreNotWritten(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*trustlist.List)
	}{
		{"no sequence number", func(l *trustlist.List) { l.Sequence = 0 }},
		{"due before it is issued", func(l *trustlist.List) { l.NextUpdate = l.IssueTime }},
		{"a fraction of a second", func(l *trustlist.List) { l.IssueTime = l.IssueTime.Add(time.Millisecond) }},
		{"a time of another zone", func(l *trustlist.List) { l.IssueTime = l.IssueTime.In(time.FixedZone("", 3600)) }},
		{"no name in Turkish", func(l *trustlist.List) { l.Operator.Turkish = "" }},
		{"a name of two lines", func(l *trustlist.List) { l.Operator.English = "a\nb" }},
		{"a name that turns around", func(l *trustlist.List) { l.Providers[0].Name.English = "a\u202eb" }},
		{"a name that is not UTF-8", func(l *trustlist.List) { l.Providers[0].Name.English = "a\xffb" }},
		{"a code twice", func(l *trustlist.List) { l.Providers[1].Code = "hs90"; l.Providers[1].Domains = []string{"hs90.other"} }},
		{"a domain twice", func(l *trustlist.List) { l.Providers[0].Domains[1] = "hs90.kep.test" }},
		{"a domain of another code", func(l *trustlist.List) { l.Providers[0].Domains[0] = "hs91.kep.example" }},
		{"a domain in capitals", func(l *trustlist.List) { l.Providers[0].Domains[0] = "hs90.KEP.test" }},
		{"a certificate for two", func(l *trustlist.List) { l.Providers[1].Operation = l.Providers[0].Operation }},
		{"a relay without a port", func(l *trustlist.List) { l.Providers[0].Relays = []string{"relay.hs90.kep.test"} }},
		{"a relay at port 0", func(l *trustlist.List) { l.Providers[0].Relays = []string{"relay.hs90.kep.test:0"} }},
		{"a service address of nobody", func(l *trustlist.List) { l.Providers[0].Service = "rem-service" }},
		{"a service address of another provider", func(l *trustlist.List) { l.Providers[0].Service = "rem-service@hs91.kep.test" }},
		{"a service address in capitals", func(l *trustlist.List) { l.Providers[0].Service = "Rem-Service@hs90.kep.test" }},
		{"a policy that is no URI", func(l *trustlist.List) { l.Providers[0].Policies = []string{"a b"} }},
		{"no profile", func(l *trustlist.List) { l.Providers[0].Profile = "" }},
		{"no size limit", func(l *trustlist.List) { l.Providers[0].SizeLimit = 0 }},
		{"no state", func(l *trustlist.List) { l.Providers[0].History = nil }},
		{"an unknown state", func(l *trustlist.List) { l.Providers[0].History[0].Status = "maybe" }},
		{"states out of order", func(l *trustlist.List) { l.Providers[1].History[1].From = l.Providers[1].History[0].From }},
		{"a state after the end", func(l *trustlist.List) {
			l.Providers[2].History = append(l.Providers[2].History, trustlist.Change{Status: trustlist.Granted, From: testkit.Epoch.Add(20 * day)})
		}},
		{"a certificate that ends before it begins", func(l *trustlist.List) { l.Providers[0].TLS[0].Until = l.Providers[0].TLS[0].From }},
		{"a missing certificate", func(l *trustlist.List) { l.Providers[0].TLS[0].Certificate = nil }},
		{"too many providers", func(l *trustlist.List) { l.Providers = make([]trustlist.Provider, 257) }},
	} {
		l := sample(pki.New(t, simulator.Options{}))
		c.change(l)
		if _, err := l.Encode(); err == nil {
			t.Errorf("%s: no error", c.name)
		}
	}
}

// A list has one written form; every other is refused, however harmless.
func TestOtherSpellingsOfAListAreRefused(t *testing.T) {
	src, err := sample(pki.New(t, simulator.Options{})).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trustlist.Parse(src); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new string }{
		{"white space between elements", "<IssueTime>", "\n<IssueTime>"},
		{"a comment", "<IssueTime>", "<!-- --><IssueTime>"},
		{"a comment in a domain (AT-17)", ">hs91.kep.test<", ">hs91.<!-- -->kep.test<"},
		{"a further element", "<IssueTime>", "<Extra></Extra><IssueTime>"},
		{"another order", "<SequenceNumber>7</SequenceNumber>", ""},
		{"a number with a zero in front", ">7<", ">07<"},
		{"a number with a sign", ">7<", ">+7<"},
		{"a time with a fraction", "07:00:00Z</IssueTime>", "07:00:00.0Z</IssueTime>"},
		{"a time in another zone", "07:00:00Z</IssueTime>", "10:00:00+03:00</IssueTime>"},
		{"a character reference", ">hs91<", ">&#104;s91<"},
		{"a further attribute", `<Name lang="tr">`, `<Name dir="ltr" lang="tr">`},
		{"another namespace", "trust-list:1", "trust-list:2"},
		{"another namespace within", "<Code>", `<Code xmlns="">`},
		{"white space in a certificate", `<TLSCertificate from="2026-11-23T07:00:00Z">`, `<TLSCertificate from="2026-11-23T07:00:00Z"> `},
		{"an empty end", `<TLSCertificate from="2026-11-23T07:00:00Z">`, `<TLSCertificate from="2026-11-23T07:00:00Z" until="">`},
		{"a second status of one time", "</Status>", `</Status><Status from="2026-11-23T07:00:00Z">ended</Status>`},
	} {
		changed := strings.Replace(string(src), c.old, c.new, 1)
		if changed == string(src) {
			t.Fatalf("%s: nothing was changed", c.name)
		}
		if _, err := trustlist.Parse([]byte(changed)); err == nil {
			t.Errorf("%s: no error", c.name)
		}
	}
}

// REQ-84: a change needs no restart, and never goes back.
func TestTheSequenceNeverFalls(t *testing.T) {
	w := pki.New(t, simulator.Options{})
	keeper := w.REMMD("list.kep.test")
	base := sample(w)
	issue := func(change func(*trustlist.List)) *trustlist.Verified {
		l := *base
		change(&l)
		src, err := l.Sign(t.Context(), w.Signer(keeper, nil))
		if err != nil {
			t.Fatal(err)
		}
		v, err := trustlist.Verify(src, []*x509.Certificate{keeper.Certificate})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	var h trustlist.Holder
	if h.Current() != nil {
		t.Fatal("an empty holder holds a list")
	}
	for _, step := range []struct {
		name    string
		change  func(*trustlist.List)
		changed bool
		err     error
		now     uint64
	}{
		{"the first", func(*trustlist.List) {}, true, nil, 7},
		{"the same again", func(*trustlist.List) {}, false, nil, 7},
		{"an older one", func(l *trustlist.List) { l.Sequence = 6 }, false, trustlist.ErrRollback, 7},
		{"another of the same number", func(l *trustlist.List) { l.Providers = l.Providers[:2] }, false, trustlist.ErrFork, 7},
		{"a newer number of an older time", func(l *trustlist.List) { l.Sequence, l.IssueTime = 8, l.IssueTime.Add(-time.Minute) }, false, trustlist.ErrRollback, 7},
		{"a newer one", func(l *trustlist.List) { l.Sequence, l.IssueTime = 9, l.IssueTime.Add(day) }, true, nil, 9},
		{"the one before", func(*trustlist.List) {}, false, trustlist.ErrRollback, 9},
	} {
		changed, err := h.Replace(issue(step.change))
		if changed != step.changed || !errors.Is(err, step.err) || h.Current().Sequence != step.now {
			t.Errorf("%s: changed %v, %v, now %d; want %v, %v, %d", step.name, changed, err, h.Current().Sequence, step.changed, step.err, step.now)
		}
	}
}

// A list without service addresses stays in version 1, which readers of version 1
// know; with one it is of version 2, and no list has two forms.
func TestAListsVersionIsTheFirstThatCanSayIt(t *testing.T) {
	l := sample(pki.New(t, simulator.Options{}))
	without, err := l.Encode()
	if err != nil || !bytes.Contains(without, []byte(`xmlns="urn:rem:trust-list:1"`)) {
		t.Fatalf("%.80s, %v", without, err)
	}
	l.Providers[0].Service = "delil@hs90.example"
	with, err := l.Encode()
	if err != nil || !bytes.Contains(with, []byte(`xmlns="urn:rem:trust-list:2"`)) || !bytes.Contains(with, []byte("<Service>delil@hs90.example</Service>")) {
		t.Fatalf("%.80s, %v", with, err)
	}
	got, err := trustlist.Parse(with)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l, got, byDER, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the list changed on its way (-written +read):\n%s", diff)
	}
	if a, b := got.Providers[0].ServiceAddress("hs90.kep.test"), got.Providers[1].ServiceAddress("hs91.kep.test"); a != "delil@hs90.example" || b != "rem-service@hs91.kep.test" {
		t.Errorf("evidence goes to %s and %s", a, b)
	}
	for name, src := range map[string][]byte{
		"version 1 with a service address": bytes.Replace(with, []byte("list:2"), []byte("list:1"), 1),
		"version 2 without one":            bytes.Replace(without, []byte("list:1"), []byte("list:2"), 1),
		"a version 3":                      bytes.Replace(with, []byte("list:2"), []byte("list:3"), 1),
		"an empty address":                 bytes.Replace(with, []byte("delil@hs90.example"), nil, 1),
		"two addresses":                    bytes.Replace(with, []byte("<Service>"), []byte("<Service>a@hs90.example</Service><Service>"), 1),
	} {
		if _, err := trustlist.Parse(src); !errors.Is(err, trustlist.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheDomainsOfAnEntryAreOneProvider(t *testing.T) {
	l := sample(pki.New(t, simulator.Options{}))
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"hs90.kep.test", "hs90.example", true}, {"HS90.EXAMPLE", "hs90.kep.test", true}, {"hs92.kep.test", "hs92.kep.test", true},
		{"hs90.kep.test", "hs91.kep.test", false}, {"hs93.kep.test", "hs93.kep.test", false}, {"", "", false},
	} {
		if got := l.SameProvider(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %v", c.a, c.b, got)
		}
	}
}

// The frozen samples of all versions are read for ever
// (docs/formats/trust-list.md). The second names a service address.
func TestFrozenSamplesAreRead(t *testing.T) {
	for version, service := range map[string]string{"v1": "rem-service@hs90.kep.test", "v2": "delil@hs90.example"} {
		t.Run(version, func(t *testing.T) { frozen(t, filepath.Join("testdata", version), service) })
	}
}

func frozen(t *testing.T, dir, service string) {
	src, err := os.ReadFile(filepath.Join(dir, "list.xml"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "signer.b64"))
	if err != nil {
		t.Fatal(err)
	}
	der, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	v, err := trustlist.Verify(src, []*x509.Certificate{signer})
	if err != nil {
		t.Fatal(err)
	}
	if v.Sequence != 7 || len(v.Providers) != 3 || v.Providers[1].Name.Turkish != "Örnek KEP" || v.Overdue(v.IssueTime) {
		t.Errorf("got %+v", v.List)
	}
	if p, err := v.ByOperationCertificate(v.Providers[2].Operation[0].Certificate, testkit.Epoch); err != nil || p.Code != "hs92" {
		t.Errorf("the ended provider's evidence: %v", err)
	}
	if got := v.Providers[0].ServiceAddress("hs90.kep.test"); got != service {
		t.Errorf("evidence goes to %s, want %s", got, service)
	}
}

// Lists of outside bytes: no panic, and what is read is written the same.
func FuzzParse(f *testing.F) {
	for _, version := range []string{"v1", "v2"} {
		src, err := os.ReadFile(filepath.Join("testdata", version, "list.xml"))
		if err != nil {
			f.Fatal(err)
		}
		cut := bytes.Index(src, []byte("<ds:Signature "))
		f.Add(append(bytes.Clone(src[:cut]), "</TrustList>"...))
		f.Add(src)
	}
	f.Add([]byte(`<TrustList xmlns="urn:rem:trust-list:1"><SequenceNumber>1</SequenceNumber><IssueTime>2026-11-23T07:00:00Z</IssueTime><NextUpdate>2026-11-24T07:00:00Z</NextUpdate><Operator><Name lang="tr">a</Name><Name lang="en">b</Name></Operator></TrustList>`))
	f.Add([]byte(`<TrustList xmlns="urn:rem:trust-list:1"><Provider><Code>hs90</Code><Status from="x">granted</Status></Provider></TrustList>`))
	f.Fuzz(func(t *testing.T, src []byte) {
		l, err := trustlist.Parse(src)
		if err != nil {
			return
		}
		again, err := l.Encode()
		if err != nil || !bytes.Equal(again, src) {
			t.Errorf("what was read is written otherwise: %v", err)
		}
	})
}
