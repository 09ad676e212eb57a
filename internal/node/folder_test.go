package node

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rem"
	"rem/edge/config"
	"rem/edge/control"
	"rem/internal/setup"
	"rem/internal/testkit"
	"rem/mail/smtp"
	"rem/message"
)

func TestASecondProgramOnTheSameFolderIsRefused(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n, err := Open(t.Context(), s.config(here), Options{})
	if err == nil {
		n.Close()
		t.Fatal("it was opened")
	}
	if !strings.Contains(err.Error(), "another program") {
		t.Errorf("got %v", err)
	}
	s.stop(here)
	s.start(here) // a stop frees the folder
}

func TestAFaultAtTheStartFreesTheFolder(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	for name, breaks := range map[string]func(c *config.Config){
		"no key":                        func(c *config.Config) { c.Operation.Key = "/nowhere" },
		"the key of another":            func(c *config.Config) { c.Operation.Key = c.RelayTLS.Key },
		"no anchors":                    func(c *config.Config) { c.Anchors.Personal = "/nowhere" },
		"anchors that are none":         func(c *config.Config) { c.Anchors.Personal = c.TrustList.File },
		"no trust list":                 func(c *config.Config) { c.TrustList.File = "/nowhere" },
		"a list of somebody else":       func(c *config.Config) { c.TrustList.Signers = c.Operation.Certificate },
		"a policy that is none":         func(c *config.Config) { c.Timestamp[0].Policy = "1.x" },
		"no certificate for peers":      func(c *config.Config) { c.RelayTLS.Certificate = "/nowhere" },
		"a simulated CA in production":  func(c *config.Config) { c.Mode = config.Production },
		"no keys":                       func(c *config.Config) { c.Keys = config.Keys{Folder: "/nowhere", Passphrase: "/nowhere"} },
		"an address that is no service": func(c *config.Config) { c.Provider.Service = "x" },
	} {
		c := s.config(here)
		breaks(c)
		if n, err := Open(t.Context(), c, Options{}); err == nil {
			n.Close()
			t.Errorf("%s: it was opened", name)
		}
	}
	s.start(here)
}

// REQ-1: among the faults is a simulator in production.
func TestCheckSaysWhatWouldRunAndEveryFault(t *testing.T) {
	s := newStage(t, setup.Options{})
	c := s.config(here)
	facts, err := Check(c)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(facts, "\n")
	for _, want := range []string{"operation", "submissionTLS", "relayTLS", "number 1", "2 providers"} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing is said of %s: %s", want, text)
		}
	}
	if entries, err := os.ReadDir(c.Data); err == nil {
		t.Errorf("checking made %v", entries)
	}
	c.Mode = config.Production
	if _, err := Check(c); !errors.Is(err, ErrSimulator) {
		t.Errorf("production takes simulators: %v", err)
	} else {
		for _, want := range []string{"operation:", "submissionTLS:", "relayTLS:", "timestamp"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("nothing is said of %s: %v", want, err)
			}
		}
	}
	c = s.config(here)
	c.Operation.Key, c.Anchors.Personal, c.Timestamp[0].Policy = "/nowhere/1", "/nowhere/2", "not an OID"
	c.Timestamp = append(c.Timestamp, config.Authority{Certificates: "/nowhere/3"})
	c.TrustList.Signers = "/nowhere/4"
	_, err = Check(c)
	for _, want := range []string{"operation: ", "/nowhere/2", "/nowhere/3", "/nowhere/4", "not an OID"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nothing is said of %s: %v", want, err)
		}
	}
}

// REQ-65, S43: what is stored is verified again by a separate reader.
func TestAnAuditFindsAFlippedByte(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	from := s.holder(0, isil)
	for n := range 3 {
		if err := s.submit(from, []string{isil}, s.sign(from, letter{id: fmt.Sprintf("%d@ev", n), subject: fmt.Sprintf("konu-%d", n), to: []string{isil}})); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range s.sent(isil) {
		s.reaches(here, l.Message, message.Delivered)
	}
	audit := func() (problems []string, done int64) {
		t.Helper()
		if err := s.control(here).Audit(t.Context(), func(f control.Finding) error {
			if f.Problem != "" {
				problems = append(problems, fmt.Sprintf("%s: %s", f.Message, f.Problem))
			}
			done = f.Done
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return problems, done
	}
	if problems, done := audit(); len(problems) > 0 || done != 3 {
		t.Fatalf("before anything was changed %d are audited: %v", done, problems)
	}
	// A byte of the second original, where it lies. The provider runs on, and has
	// the original in its memory.
	changed := 0
	err := filepath.WalkDir(s.config(here).Data, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.Contains(file, "contents") {
			return err
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if at := bytes.Index(b, []byte("kanarya-gövde. 1@ev")); at >= 0 {
			changed++
			f, err := os.OpenFile(file, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteAt([]byte{b[at] ^ 1}, int64(at))
			return errors.Join(err, f.Close())
		}
		return nil
	})
	if err != nil || changed != 1 {
		t.Fatalf("%d files were changed, %v", changed, err)
	}
	problems, done := audit()
	if len(problems) == 0 || done != 3 {
		t.Fatalf("%d are audited, and nothing is found", done)
	}
	second := s.sent(isil)[1]
	for _, p := range problems {
		if !strings.HasPrefix(p, string(second.Message)) {
			t.Errorf("found in another message: %s", p)
		}
	}
	t.Log(problems)
	// Whoever watches the metrics hears of it too.
	_, metrics := s.get(here, "/metrics")
	if !strings.Contains(metrics, `rem_alarms_total{what="`+alarmDamage+`"}`) || !strings.Contains(s.logs[here].String(), alarmDamage) {
		t.Errorf("the damage is no alarm:\n%s", metrics)
	}
}

// ours are the names that a data folder may hold.
var ours = regexp.MustCompile(`^(\.|lock|control\.sock|trustlist\.sequence|(index|datakeys|persons|programs)\.sqlite(-wal|-shm)?|mailbox\.db(-wal|-shm)?|drafts|drafts/(lock|files)|drafts/files/[0-9a-z]{26}|policies|policies/[0-9a-f]{64}|papers|papers/(lock|new|papers)(/[0-9a-z-]+){0,2}|keys|keys/(keys|passphrase\.demo|lock)|(access|destroyed|notices|deliveries|consents|publications)(/(segments|large|tmp|corrupt|lock|reserve|segments/[0-9]{10}))?|contents|contents/(segments|large|tmp|corrupt|lock|reserve)|contents/segments/[0-9]{10}|contents/large/[0-9a-z]{4}|contents/large/[0-9a-z]{4}/[0-9a-z]{26})$`)

// AT-11: identifiers and file names of users stay inside messages.
func TestHostileNamesNeverReachAPath(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	from := s.holder(0, isil)
	names := hostile(60)
	if testkit.Long() {
		names = hostile(5000)
	}
	c, err := s.mailer(here, isil, password)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	accepted := 0
	for _, name := range names {
		switch err := hand(c, isil, []string{isil}, s.sign(from, letter{id: name, subject: "x", to: []string{isil}, file: name})); {
		case err == nil:
			accepted++
		case refusal(err) != 550:
			t.Fatalf("%q: %v", name, err)
		}
	}
	if accepted < len(names)/2 {
		t.Errorf("only %d of %d were accepted, so little was tried", accepted, len(names))
	}
	s.until("the delivery of all", func() (bool, error) {
		tasks, err := s.control(here).Queue(t.Context(), "delivery", 1)
		return len(tasks) == 0, err
	})
	// Hostile identifiers from the operator's side, too.
	for _, name := range names[:40] {
		for what, ask := range map[string]func() error{
			"timeline": func() error { _, err := s.control(here).Timeline(t.Context(), rem.MessageID(name)); return err },
			"evidence": func() error { _, err := s.control(here).Evidence(t.Context(), rem.EvidenceID(name)); return err },
		} {
			if err := ask(); err == nil {
				t.Errorf("%s of %q is there", what, name)
			}
		}
	}
	data := s.config(here).Data
	found := 0
	err = filepath.WalkDir(filepath.Dir(data), func(file string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(data, file)
		if err != nil || strings.HasPrefix(rel, "..") {
			return err
		}
		found++
		if !ours.MatchString(filepath.ToSlash(rel)) {
			t.Errorf("the data folder holds %q", rel)
		}
		return nil
	})
	if err != nil || found < 5 {
		t.Errorf("%d names were looked at, %v", found, err)
	}
	beside, err := filepath.Glob(filepath.Join(filepath.Dir(data), "*"))
	if err != nil || len(beside) != 6 { // configuration, data, and two key pairs
		t.Errorf("beside the data folder lie %v, %v", beside, err)
	}
}

// hostile makes names of one line that try to be paths and other things.
func hostile(n int) []string {
	pieces := []string{"../", "..\\", "/etc/passwd", "%2e%2e%2f", "..%c0%af", "C:\\x", "\\\\host\\share", "~root/", "$(id)", "`id`", ";rm -rf .", "|", "' OR 1=1 --",
		"<script>", "CON", "nul.", "a:b", "\u202e", "ﬀ", "İ", "..", ".", "-rf", "*", "?", "{}", "%s%n", "lock", "control.sock", "index.db", "../../remd.yaml",
		strings.Repeat("A", 300), strings.Repeat("../", 40), "contents/segments/0000000001", "0123456789abcdefghjkmnpqrs"}
	names := make([]string, 0, n)
	for i := range n {
		name := pieces[i%len(pieces)]
		for k := i / len(pieces); k > 0; k /= len(pieces) {
			name += pieces[(k*7+i)%len(pieces)]
		}
		if i%2 == 0 {
			name += fmt.Sprintf("@%s%d", pieces[(i*3)%len(pieces)], i)
		}
		names = append(names, name)
	}
	return names
}

func TestWhatAPeerSaysIsNotLogged(t *testing.T) {
	reply := &smtp.Reply{Code: 550, Enhanced: "5.1.1", Text: "<kanarya@hs91.kep.test> Kanarya Bey\nis not here"}
	for name, err := range map[string]error{
		"a reply":         reply,
		"a wrapped reply": fmt.Errorf("sending the message: %w", reply),
		"an address":      errors.New("no route to kanarya@hs91.kep.test today"),
	} {
		got := quiet(err)
		if strings.Contains(strings.ReplaceAll(got, "K", "k"), "kanarya") || got == "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got, want := quiet(fmt.Errorf("sending: %w", reply)), "sending: 550 5.1.1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
