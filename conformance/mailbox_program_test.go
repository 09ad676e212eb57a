package conformance_test

import (
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"rem/internal/testkit"
	"rem/internal/testkit/browser"
	"rem/internal/testkit/softhsm"
)

// pairingCode is how remsign shows one.
var pairingCode = regexp.MustCompile(`\b(\d{3}) (\d{3})\b`)

// A signer is remsign as somebody runs it: in a terminal, which it reads PINs from.
type signer struct {
	t    *testing.T
	out  *seen
	in   io.WriteCloser
	read int // how much of what is shown was looked at
}

// remsign starts the program in a terminal until the test ends.
func (p *post) remsign(t *testing.T, args ...string) *signer {
	t.Helper()
	line := strings.Join(append([]string{filepath.Join(p.bin, "remsign")}, args...), " ")
	cmd := exec.Command(testkit.Tool(t, "script", "bsdutils"), "-qfec", line, "/dev/null")
	s := &signer{t: t, out: &seen{}}
	cmd.Stdout, cmd.Stderr = s.out, s.out
	var err error
	if s.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := io.WriteString(s.in, "\x03")         // Ctrl-C
		_ = errors.Join(err, s.in.Close(), cmd.Wait()) // it may have ended by itself
	})
	return s
}

// sees waits until the terminal shows something, and returns what is new up to there.
func (s *signer) sees(what string) string {
	s.t.Helper()
	for end := time.Now().Add(stepTime); ; time.Sleep(10 * time.Millisecond) {
		shown := s.out.String()[s.read:]
		if n := strings.Index(shown, what); n >= 0 {
			s.read += n + len(what)
			return shown[:n+len(what)]
		}
		if time.Now().After(end) {
			s.t.Fatalf("the terminal does not show %q but %q", what, shown)
		}
	}
}

// types types a line.
func (s *signer) types(line string) {
	s.t.Helper()
	if _, err := io.WriteString(s.in, line+"\n"); err != nil {
		s.t.Fatal(err)
	}
}

// eventually waits for what scripts of a page do.
func (h *holder) eventually(what, expression string) {
	h.s.t.Helper()
	if !browser.Eval[bool](h.Page, `new Promise((done) => {
		const end = performance.now() + 30000;
		const look = () => { try { if (`+expression+`) return done(true); } catch {} if (performance.now() > end) return done(false); setTimeout(look, 20); };
		look();
	})`) {
		h.s.t.Fatalf("it never happened: %s; %s shows %s", what, h.Here(), h.Text("main"))
	}
}

// chooses waits for the certificates of the card.
func (h *holder) chooses() {
	h.s.t.Helper()
	h.eventually("certificates", `document.querySelectorAll("[data-sign-certificates] button").length === 1`)
}

// token makes a token with a key of somebody's. As many cards, it holds the
// certificate of its owner alone; the provider knows who issued it (anchors.issuers).
func (p *post) token(t *testing.T, h *holder) *softhsm.Token {
	t.Helper()
	id, err := p.world.PKI.Person(h.who.Subject, h.who.Address, "")
	p.must(err)
	k := softhsm.New(t, "Kart")
	k.Put(t, id)
	return k
}

// p12 is a file with a key of somebody's, and its password.
func (p *post) p12(t *testing.T, h *holder) (file, password string) {
	t.Helper()
	id, err := p.world.PKI.Person(h.who.Subject, h.who.Address, "")
	p.must(err)
	b, err := pkcs12.Modern.Encode(id.Key, id.Chain[0], id.Chain[1:], "parola-12")
	p.must(err)
	return keeps(t, "imza.p12", b), "parola-12"
}
