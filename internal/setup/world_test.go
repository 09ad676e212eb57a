package setup

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rem/edge/config"
	"rem/trust/trustlist"
)

func TestTheFilesOfAWorldSayWhatItRuns(t *testing.T) {
	w, err := New(t.TempDir(), Options{
		Domains: []string{"hs90.kep.test", "hs91.kep.test"},
		Practice: func(domain string, p *config.Practice) {
			if domain == "hs91.kep.test" {
				p.RelayPeriod, p.DeemedRead = 90*time.Second, 36*time.Hour
			}
		},
		Change: func(c *config.Config) { c.Limits.Workers = 3 },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, p := range w.Providers {
		got, err := config.Read(p.File)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p.Config, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: the file says other than the world (-world +file):\n%s", p.Domain, diff)
		}
		got.Mode = config.Production
		err = got.Validate()
		for _, want := range []string{
			"timestamp[0] is a simulator", "identification.gate is a simulator", "identification.registry is a simulator", "identification.states[0] is a simulator",
			"sms is a simulator", "mobileSignature is a simulator", "mailNotices is a simulator", "scanner.none",
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("production takes the world of %s: %v", p.Domain, err)
			}
		}
	}
}

func TestEveryIssueOfTheListVerifiesAndCountsOn(t *testing.T) {
	w, err := New(t.TempDir(), Options{Domains: []string{"hs90.kep.test", "hs91.kep.test"}, Ended: []string{"hs91.kep.test"}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	read := func() *trustlist.List {
		t.Helper()
		b, err := os.ReadFile(w.TrustList())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trustlist.Verify(b, w.PKI.Anchors()); err == nil {
			t.Fatal("a list that the root did not sign verifies with the root as its signer")
		}
		signer, err := os.ReadFile(filepath.Join(w.Dir, "pki", "list.crt.pem"))
		if err != nil {
			t.Fatal(err)
		}
		l, err := trustlist.Verify(b, certificates(t, signer))
		if err != nil {
			t.Fatal(err)
		}
		return l.List
	}
	first := read()
	if got := first.Providers[1].StatusAt(time.Now()); got != trustlist.Ended {
		t.Errorf("hs91 is %s, want ended", got)
	}
	if err := w.ChangeList("hs90", func(p *trustlist.Provider) { p.Relays = []string{"127.0.0.1:1"} }); err != nil {
		t.Fatal(err)
	}
	second := read()
	if second.Sequence != first.Sequence+1 || second.Providers[0].Relays[0] != "127.0.0.1:1" {
		t.Errorf("issue %d says %v", second.Sequence, second.Providers[0].Relays)
	}
	if err := w.ChangeList("hs99", func(*trustlist.Provider) {}); err == nil {
		t.Error("a provider that is not there was changed")
	}
}

// Keys of throw-away identities are still keys.
func TestKeysAreForTheirOwnerAlone(t *testing.T) {
	w, err := New(t.TempDir(), Options{Domains: []string{"hs90.kep.test"}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Person(0, "isil@hs90.kep.test"); err != nil {
		t.Fatal(err)
	}
	keys := 0
	err = filepath.WalkDir(w.Dir, func(file string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(b), "PRIVATE KEY") {
			return err
		}
		keys++
		info, err := e.Info()
		if err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", file, info.Mode().Perm())
		}
		return err
	})
	if err != nil || keys < 3 {
		t.Errorf("%d keys were found, %v", keys, err)
	}
}

func certificates(t *testing.T, b []byte) (certs []*x509.Certificate) {
	t.Helper()
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		certs = append(certs, c)
	}
	return certs
}
