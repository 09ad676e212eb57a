package main

import (
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"rem/edge/simulator"
	"rem/internal/testkit/signtest"
	"rem/internal/testkit/softhsm"
	"rem/mail/mime"
	"rem/message/signing"
)

// provider serves a desk with TLS; change sees each answer to remsign before it goes.
func serveDesk(t *testing.T, d *signtest.Desk, change func(path string, body []byte) []byte) (base, ca string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base = "https://" + l.Addr().String()
	site := d.Site(t, base)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if change == nil {
			site.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		site.ServeHTTP(rec, r)
		for k, v := range rec.Header() {
			if k != "Content-Length" {
				w.Header()[k] = v
			}
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(change(r.URL.Path, rec.Body.Bytes()))
	}))
	_ = s.Listener.Close()
	s.Listener = l
	s.StartTLS()
	t.Cleanup(s.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return base, ca
}

// withCode is a program that is given a new code.
func withCode(t *testing.T, d *signtest.Desk, token *softhsm.Token, n int, base, ca string) (*program, *person) {
	t.Helper()
	_, a := d.Begin(t, n)
	code, err := d.Code(a)
	if err != nil {
		t.Fatal(err)
	}
	p, h := newProgram(t, nil, d.World.Clock)
	if token != nil {
		p.Module = []string{token.Module}
	}
	p.Sign.At, p.Sign.Code, p.Sign.CA = base, code, ca
	return p, h
}

// REQ-55: without a browser on this computer. What is shown was read from the message
// itself, which is kept for reading where that is asked for.
func TestARequestIsFetchedByItsCodeAndSigned(t *testing.T) {
	d := signtest.New(t, signing.Policy{Batch: 20, OnePIN: true})
	token := softhsm.New(t, "Kart")
	token.Put(t, d.Kit.Identity(t, 0, simulator.RSA2048))
	base, ca := serveDesk(t, d, nil)
	p, h := withCode(t, d, token, 20, base, ca)
	p.Sign.Keep = t.TempDir()
	h.does([]string{"evet"}, softhsm.PIN)
	if err := p.pull(t.Context()); err != nil {
		t.Fatal(err, h.saw())
	}
	if len(d.Sent()) != 20 || !strings.Contains(h.saw(), "Sozlesme 20") || !strings.Contains(h.saw(), "✓ 20: gönderildi") {
		t.Errorf("%d sent, shown %s", len(d.Sent()), h.saw())
	}
	kept, err := filepath.Glob(filepath.Join(p.Sign.Keep, "*-1.eml"))
	if err != nil || len(kept) != 1 {
		t.Fatal(kept, err)
	}
	if b, err := os.ReadFile(kept[0]); err != nil || string(b) != string(signtest.Draft(1).Original.(mime.Memory)) {
		t.Errorf("kept is %q, %v", b, err)
	}
	p.Sign.Keep = ""
	if err := p.pull(t.Context()); err == nil || !strings.Contains(p.words(err), "bulunamadı") {
		t.Errorf("the code again: %v", err)
	}
}

// A provider, or whoever stands between, cannot show one message and have another one
// signed.
func TestAProviderThatLiesGetsNoSignature(t *testing.T) {
	d := signtest.New(t, signing.Policy{})
	token := softhsm.New(t, "Kart")
	token.Put(t, d.Kit.Identity(t, 0, ""))
	for name, change := range map[string]func(path string, body []byte) []byte{
		"another message": func(path string, b []byte) []byte {
			if strings.Contains(path, "original") {
				return []byte(strings.Replace(string(b), "sözleşme", "borçlanma", 1))
			}
			return b
		},
		"no message": func(path string, b []byte) []byte {
			if strings.Contains(path, "original") {
				return []byte("x")
			}
			return b
		},
		"other attributes": func(path string, b []byte) []byte {
			if strings.HasSuffix(path, "certificate") {
				return []byte(strings.Replace(string(b), `"attributes":"MY`, `"attributes":"MZ`, 1))
			}
			return b
		},
		"too many messages": func(path string, b []byte) []byte {
			if strings.HasSuffix(path, "redeem") {
				return []byte(strings.Replace(string(b), `"items":[`, `"items":[`+strings.Repeat(`{"done":true},`, 300), 1))
			}
			return b
		},
		"no answer": func(path string, b []byte) []byte {
			if strings.HasSuffix(path, "certificate") {
				return []byte("<html>")
			}
			return b
		},
	} {
		base, ca := serveDesk(t, d, change)
		p, h := withCode(t, d, token, 1, base, ca)
		h.does([]string{"evet", "evet"}, softhsm.PIN)
		if err := p.pull(t.Context()); err == nil || h.pinsAsked() != 0 {
			t.Errorf("%s: %v, the PIN was asked for %d times", name, err, h.pinsAsked())
		}
	}
	if len(d.Sent()) != 0 {
		t.Error("something was sent")
	}
	// And whose certificate does not lead to an authority is not spoken with.
	base, _ := serveDesk(t, d, nil)
	p, _ := withCode(t, d, token, 1, base, "")
	if err := p.pull(t.Context()); err == nil || !strings.Contains(p.words(err), "ulaşılamadı") {
		t.Errorf("an unknown authority: %v", err)
	}
}

// For tests there is PKCS #12; the certificate of somebody else is refused.
func TestAFileSignsForTests(t *testing.T) {
	d := signtest.New(t, signing.Policy{})
	base, ca := serveDesk(t, d, nil)
	for n, want := range []string{"", "hesap sahibinin"} {
		id := d.Kit.Identity(t, n, "")
		b, err := pkcs12.Modern.Encode(id.Key, id.Chain[0], []*x509.Certificate{id.Chain[1]}, "parola")
		if err != nil {
			t.Fatal(err)
		}
		p, h := withCode(t, d, nil, 1, base, ca)
		p.P12 = filepath.Join(t.TempDir(), "k.p12")
		if err := os.WriteFile(p.P12, b, 0o600); err != nil {
			t.Fatal(err)
		}
		h.does([]string{"evet"}, "parola")
		err = p.pull(t.Context())
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(p.words(err), want)) {
			t.Errorf("person %d: %v", n, err)
		}
		h.does(nil, "yanlis")
		if err := p.certificates(); err == nil {
			t.Error("a wrong password")
		}
	}
}

// The program as it is given to people, without cgo, loads a module and lists what
// is on it.
func TestTheBuiltProgramFindsATokenWithoutCgo(t *testing.T) {
	d := signtest.New(t, signing.Policy{})
	token := softhsm.New(t, "Kart")
	token.Put(t, d.Kit.Identity(t, 0, ""))
	file := filepath.Join(t.TempDir(), "remsign")
	build := exec.Command("go", "build", "-trimpath", "-o", file, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for args, want := range map[string]string{"check": "kart: Kart", "certificates": "Işıl Çağrı Öğütçü"} {
		out, err := exec.Command(file, "--module", token.Module, args).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v\n%s", args, err, out)
		}
	}
}
