package conformance

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"rem/edge/control"
	"rem/internal/testkit"
	"rem/mail/mime"
	"rem/message/envelope"
)

// check CODE... asks programs that nobody here wrote about everything that
// providers have: xmllint, xmlsec1 and openssl ts about each evidence, openssl
// cms about each envelope, and remverify about all of a message together. Where
// a tap stands in front of a provider, what came over the wire is examined too:
// the REM-MD messages between two providers are stored nowhere. A provider's own
// audit has to find nothing either.
func check(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	s := of(ts)
	e := &examination{s: s, ts: ts}
	for _, code := range args {
		if p := s.running[code]; p != nil && p.store != "" {
			e.peer(p.store)
			continue
		}
		e.provider(code)
		e.tap(code)
		fatal(ts, ts.Exec("remctl", "--data", s.provider(ts, code).Config.Data, "audit"), "audit of "+code)
	}
	if e.evidence == 0 {
		ts.Fatalf("there is no evidence to check")
	}
	e.all.Wait()
	if len(e.problems) > 0 {
		slices.Sort(e.problems)
		ts.Fatalf("%s", strings.Join(e.problems, "\n"))
	}
	ts.Logf("%d evidences and %d envelopes hold", e.evidence, e.envelopes)
}

// An examination runs tools beside one another.
type examination struct {
	s         *scenario
	ts        *testscript.TestScript
	evidence  int
	envelopes int

	all      sync.WaitGroup
	mu       sync.Mutex
	problems []string // guarded by mu
}

// slots bounds how many tools run at once, of all scenarios together.
var slots = make(chan struct{}, 4)

func (e *examination) tool(about, name string, args ...string) {
	e.all.Go(func() {
		slots <- struct{}{}
		defer func() { <-slots }()
		out, err := exec.Command(name, args...).CombinedOutput()
		if err != nil {
			e.problem("%s: %s: %v\n%s", about, name, err, out)
		}
	})
}

func (e *examination) problem(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.problems = append(e.problems, fmt.Sprintf(format, args...))
}

// ask runs remctl and reads its answer; ok is false for the answer no.
func (e *examination) ask(v any, args ...string) bool {
	cmd := exec.Command(filepath.Join(built.dir, "remctl"), append([]string{"--json"}, args...)...)
	var text strings.Builder
	cmd.Stderr = &text
	out, err := cmd.Output()
	if err != nil {
		if cmd.ProcessState.ExitCode() == 1 {
			return false
		}
		e.ts.Fatalf("remctl %s: %v\n%s", strings.Join(args, " "), err, &text)
	}
	if v != nil {
		fatal(e.ts, json.Unmarshal(out, v), "reading what remctl says")
	}
	return true
}

// provider examines every message that an account of a remd sent or got.
func (e *examination) provider(code string) {
	data := e.s.provider(e.ts, code).Config.Data
	var accounts []control.Account
	e.ask(&accounts, "--data", data, "account", "list")
	seen := map[string]bool{}
	for _, a := range accounts {
		var sent []control.Timeline
		e.ask(&sent, "--data", data, "sent", a.Address, "--limit", "0")
		for _, m := range sent {
			e.message(data, string(m.Message), a.Address, seen)
		}
		var entries []control.Entry
		if e.ask(&entries, "--data", data, "mailbox", "list", "--user", a.Address, "--password-file", e.s.passwordFile(a.Address)) {
			for _, m := range entries {
				reader := a.Address
				if m.Opened.IsZero() {
					reader = "" // having the dispatch would open it
				}
				e.message(data, string(m.Message), reader, seen)
			}
		}
	}
}

// message examines what a provider has of a message: its evidence, and its
// dispatch with the password of the reader, if there is one.
func (e *examination) message(data, id, reader string, seen map[string]bool) {
	if seen[id] {
		return
	}
	seen[id] = true
	dir, err := os.MkdirTemp(e.s.dir, "check")
	fatal(e.ts, err, "making a folder")
	var names []string
	e.ask(&names, "--data", data, "evidence", "save", id, filepath.Join(dir, "evidence"))
	if len(names) == 0 {
		e.problem("%s has no evidence", id)
	}
	relayed := false
	for _, name := range names {
		b := e.xml(name)
		relayed = relayed || strings.Contains(string(b), "<rem:RelayREMMDAcceptanceRejection") || strings.Contains(string(b), "<RelayREMMDAcceptanceRejection")
	}
	dispatch := filepath.Join(dir, "dispatch.eml")
	switch {
	case reader == "":
	case e.ask(nil, "--data", data, "--json", "dispatch", "get", id, "--user", reader, "--password-file", e.s.passwordFile(reader), "--out", dispatch):
		if b, err := os.ReadFile(dispatch); err == nil && strings.Contains(string(b), "X-REM-Msg-Type") || strings.Contains(string(b), "REM-MessageType") {
			e.envelope(dispatch)
		}
		names = append(names, dispatch)
	case relayed:
		e.problem("%s was relayed and has no dispatch", id)
	}
	e.together(id, names)
}

// together asks remverify about all that is known of a message.
func (e *examination) together(about string, files []string) {
	w := e.s.world
	e.tool(about, filepath.Join(built.dir, "remverify"), append([]string{"--lang", "en", "--trust", w.Anchors(),
		"--trust", filepath.Join(w.Dir, "pki", "list.crt.pem"), "--trust", w.TrustList()}, files...)...)
}

// peer examines what came to a rempeer.
func (e *examination) peer(store string) {
	found, err := filepath.Glob(filepath.Join(store, "*"))
	fatal(e.ts, err, "reading what came")
	for _, file := range found {
		if strings.HasSuffix(file, ".xml") {
			e.xml(file)
		} else {
			e.envelope(file)
		}
		e.together(filepath.Base(file), []string{file})
	}
}

// tap examines what was sent to a provider, as it was on the wire.
func (e *examination) tap(code string) {
	if e.s.taps[code] == nil {
		return
	}
	fatal(e.ts, e.s.taps[code].Close(), "listening to what comes to "+code) // nothing more comes
	dir := filepath.Join(e.s.dir, code+"-tap")
	found, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	fatal(e.ts, err, "reading what came to "+code)
	if len(found) == 0 {
		e.problem("nothing came to %s by its tap", code)
	}
	for _, file := range found {
		e.envelope(file)
		e.together(filepath.Base(file), []string{file})
		b, err := os.ReadFile(file)
		fatal(e.ts, err, "reading an envelope")
		read, err := envelope.Read(mime.Memory(b))
		if err != nil || len(read.Evidence) == 0 {
			e.problem("%s is no envelope with evidence: %v", file, err)
			continue
		}
		for i, part := range read.Evidence {
			name := fmt.Sprintf("%s-%d.xml", strings.TrimSuffix(file, ".eml"), i+1)
			fatal(e.ts, os.WriteFile(name, part.Content, 0o644), "writing evidence")
			e.xml(name)
		}
	}
}

func (e *examination) envelope(file string) {
	e.envelopes++
	e.tool(filepath.Base(file), "openssl", "cms", "-verify", "-cades", "-purpose", "any", "-CAfile", e.s.world.Anchors(), "-in", file, "-out", os.DevNull)
}

var (
	signatureValue = regexp.MustCompile(`(?s)<ds:SignatureValue.*?</ds:SignatureValue>`)
	stamp          = regexp.MustCompile(`(?s)<xades:EncapsulatedTimeStamp[^>]*>(.*?)</xades:EncapsulatedTimeStamp>`)
)

// xml examines one evidence, and gives it.
func (e *examination) xml(file string) []byte {
	e.evidence++
	about := filepath.Base(file)
	b, err := os.ReadFile(file)
	fatal(e.ts, err, "reading evidence")
	e.all.Go(func() {
		slots <- struct{}{}
		defer func() { <-slots }()
		if err := testkit.CheckXML(testkit.SchemaREM, b); err != nil {
			e.problem("%s: %v", about, err)
		}
	})
	e.tool(about, "xmlsec1", "--verify", "--trusted-pem", e.s.world.Anchors(), "--enabled-reference-uris", "empty,same-doc",
		"--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", file)

	// The token is over the signature's value in canonical form, in which it
	// was written.
	value, token := signatureValue.Find(b), stamp.FindSubmatch(b)
	if value == nil || token == nil {
		e.problem("%s has no signature with a token", about)
		return b
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(token[1])), ""))
	if err != nil {
		e.problem("%s: its token is no base64: %v", about, err)
		return b
	}
	fatal(e.ts, os.WriteFile(file+".value", value, 0o644), "writing a value")
	fatal(e.ts, os.WriteFile(file+".tst", der, 0o644), "writing a token")
	e.tool(about, "openssl", "ts", "-verify", "-in", file+".tst", "-token_in", "-data", file+".value", "-CAfile", e.s.world.Anchors())
	return b
}
