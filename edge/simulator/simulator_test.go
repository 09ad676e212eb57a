package simulator_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rem/edge/simulator"
	"rem/internal/testkit"
)

func world(t *testing.T, o simulator.Options) *simulator.PKI {
	t.Helper()
	if o.Clock == nil {
		o.Clock = testkit.NewClock(time.Time{})
	}
	pki, err := simulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return pki
}

func identity(t *testing.T) func(*simulator.Identity, error) *simulator.Identity {
	return func(id *simulator.Identity, err error) *simulator.Identity {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
}

func TestEverythingIsMarkedAsSimulated(t *testing.T) {
	pki, made := world(t, simulator.Options{}), identity(t)
	ids := []*simulator.Identity{
		made(pki.Operation("KEPHS A", "hs90.kep.test", "")),
		made(pki.TLS("hs90.kep.test")),
		made(pki.TSA("TSA 1")),
		made(pki.Person(simulator.People[0], "isil@hs90.kep.test", "")),
		&pki.Root().Identity,
	}
	for _, id := range ids {
		for _, name := range []pkix.Name{id.Certificate.Subject, id.Certificate.Issuer} {
			if !strings.Contains(name.String(), "SIMULATOR") {
				t.Errorf("%s is not marked", name)
			}
		}
	}
	if _, err := pki.Person(simulator.Subject{GivenName: "A", FamilyName: "B", IdentityNumber: "10000000078"}, "", ""); !errors.Is(err, simulator.ErrNotSynthetic) {
		t.Errorf("a person outside the set: %v, want %v", err, simulator.ErrNotSynthetic)
	}
}

func TestIdentityNumbersPassTheirCheckDigits(t *testing.T) {
	for _, who := range simulator.People {
		n := who.IdentityNumber
		if len(n) != 11 {
			t.Fatalf("%s: %d digits, want 11", who.FamilyName, len(n))
		}
		d := func(i int) int { return int(n[i-1] - '0') }
		tenth := ((7*(d(1)+d(3)+d(5)+d(7)+d(9))-(d(2)+d(4)+d(6)+d(8)))%10 + 10) % 10
		sum := 0
		for i := 1; i <= 10; i++ {
			sum += d(i)
		}
		if d(10) != tenth || d(11) != sum%10 {
			t.Errorf("%s: the check digits are %d%d, want %d%d", who.FamilyName, d(10), d(11), tenth, sum%10)
		}
	}
}

func TestASeedRepeatsTheWorld(t *testing.T) {
	one := world(t, simulator.Options{Random: testkit.Rand(t, 7)})
	two := world(t, simulator.Options{Random: testkit.Rand(t, 7)})
	a, b := identity(t)(one.TSA("TSA")), identity(t)(two.TSA("TSA"))
	if !bytes.Equal(a.Certificate.RawSubjectPublicKeyInfo, b.Certificate.RawSubjectPublicKeyInfo) ||
		a.Certificate.SerialNumber.Cmp(b.Certificate.SerialNumber) != 0 {
		t.Error("one seed gave two worlds")
	}
}

// The tools that nobody here wrote build the chains and read the CRL.
func TestOpenSSLVerifiesChainsAndCRLs(t *testing.T) {
	openssl := testkit.Tool(t, "openssl", "openssl")
	clock := testkit.NewClock(time.Now())
	pki, made := world(t, simulator.Options{Clock: clock}), identity(t)
	for _, kind := range simulator.KeyKinds {
		if strings.HasPrefix(string(kind), "rsa3") && !testkit.Long() {
			continue // a second of searching primes; the RSA 2048 case takes the same path
		}
		t.Run(string(kind), func(t *testing.T) {
			id := made(pki.Operation("KEPHS", "hs90.kep.test", kind))
			dir := t.TempDir()
			if err := pki.Write(dir); err != nil {
				t.Fatal(err)
			}
			cert, key, err := id.Write(dir, "op")
			if err != nil {
				t.Fatal(err)
			}
			if mode := stat(t, key).Mode().Perm(); mode != 0o600 {
				t.Errorf("the key's mode is %o, want 600", mode)
			}
			verify := func() (string, error) {
				out, err := exec.Command(openssl, "verify", "-x509_strict", "-purpose", "smimesign", "-crl_check_all",
					"-CAfile", filepath.Join(dir, "anchors.pem"), "-untrusted", cert,
					"-CRLfile", filepath.Join(dir, "root.crl.pem"), "-CRLfile", filepath.Join(dir, "operation.crl.pem"), cert).CombinedOutput()
				return string(out), err
			}
			if out, err := verify(); err != nil {
				t.Fatalf("openssl verify: %v\n%s", err, out)
			}
			if err := pki.Revoke(id.Certificate, clock.Now().Add(-time.Minute), simulator.KeyCompromise); err != nil {
				t.Fatal(err)
			}
			if err := pki.Write(dir); err != nil {
				t.Fatal(err)
			}
			if out, err := verify(); err == nil || !strings.Contains(out, "certificate revoked") {
				t.Errorf("openssl verify of a revoked certificate: %v\n%s", err, out)
			}
		})
	}
}

func stat(t *testing.T, file string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestOpenSSLUnderstandsTheResponder(t *testing.T) {
	openssl := testkit.Tool(t, "openssl", "openssl")
	clock := testkit.NewClock(time.Now())
	server := httptest.NewUnstartedServer(nil)
	pki, made := world(t, simulator.Options{Clock: clock, BaseURL: "http://" + server.Listener.Addr().String()}), identity(t)
	server.Config.Handler = pki.Handler()
	server.Start()
	defer server.Close()

	good := made(pki.Operation("good", "hs90.kep.test", ""))
	revoked := made(pki.Operation("revoked", "hs91.kep.test", ""))
	if err := pki.Revoke(revoked.Certificate, clock.Now().Add(-time.Hour), simulator.Superseded); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := pki.Write(dir); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		id     *simulator.Identity
		digest string
		want   string
	}{
		{"good, SHA-1 identifier", good, "-sha1", ": good"},
		{"good, SHA-256 identifier", good, "-sha256", ": good"},
		{"revoked", revoked, "-sha256", ": revoked"},
		{"issued by nobody", good, "-serial", ": unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cert, _, err := c.id.Write(dir, "leaf")
			if err != nil {
				t.Fatal(err)
			}
			args := []string{"ocsp", "-no_nonce", "-CAfile", filepath.Join(dir, "anchors.pem"),
				"-verify_other", filepath.Join(dir, "operation.crt.pem"), "-issuer", filepath.Join(dir, "operation.crt.pem"),
				"-url", c.id.Certificate.OCSPServer[0]}
			if c.digest == "-serial" {
				args = append(args, "-serial", "0x1234")
			} else {
				args = append(args, c.digest, "-cert", cert)
			}
			out, err := exec.Command(openssl, args...).CombinedOutput()
			if err != nil || !strings.Contains(string(out), c.want) || !strings.Contains(string(out), "Response verify OK") {
				t.Errorf("openssl ocsp: %v, want %q\n%s", err, c.want, out)
			}
		})
	}

	t.Run("the CRL and the issuer are where the certificate says", func(t *testing.T) {
		list, err := x509.ParseRevocationList(get(t, good.Certificate.CRLDistributionPoints[0]))
		if err != nil {
			t.Fatal(err)
		}
		issuer, err := x509.ParseCertificate(get(t, good.Certificate.IssuingCertificateURL[0]))
		if err != nil {
			t.Fatal(err)
		}
		if err := list.CheckSignatureFrom(issuer); err != nil {
			t.Error(err)
		}
		if len(list.RevokedCertificateEntries) != 1 || list.RevokedCertificateEntries[0].SerialNumber.Cmp(revoked.Certificate.SerialNumber) != 0 {
			t.Errorf("the list holds %v", list.RevokedCertificateEntries)
		}
	})
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("getting %s: %s, %v", url, resp.Status, err)
	}
	return b
}

// RFC 3161 2.3.
func TestTheTSACertificateHasOneCriticalUsage(t *testing.T) {
	id := identity(t)(world(t, simulator.Options{}).TSA("TSA"))
	if len(id.Certificate.ExtKeyUsage) != 1 || id.Certificate.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping {
		t.Errorf("the usages are %v", id.Certificate.ExtKeyUsage)
	}
	for _, e := range id.Certificate.Extensions {
		if e.Id.String() == "2.5.29.37" && !e.Critical {
			t.Error("the extended key usage is not critical")
		}
	}
}

// BenchmarkNew shows that a demonstration can afford a world of its own.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := simulator.New(simulator.Options{Clock: testkit.NewClock(time.Time{})}); err != nil {
			b.Fatal(err)
		}
	}
}
