package conformance

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"rem/edge/config"
	"rem/edge/simulator"
	"rem/internal/setup"
	"rem/internal/testkit/wiretap"
	"rem/provider"
	"rem/trust/trustlist"
)

// world [-NAME=VALUE]... DOMAIN... makes PKI, time-stamp authority, trust list
// and configurations. The names are those of the practice statement's settings
// (durations), and rsa=DOMAIN, ended=DOMAIN, clamd=DOMAIN, unsigned=DOMAIN;
// key=KIND is that of everybody's operation certificate.
func world(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	s := of(ts)
	var o setup.Options
	settings := map[string]time.Duration{}
	rsa, scanned, unsigned := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, a := range args {
		name, value, setting := strings.Cut(strings.TrimPrefix(a, "-"), "=")
		switch {
		case !setting:
			o.Domains = append(o.Domains, a)
		case name == "rsa":
			rsa[value] = true
		case name == "key":
			o.Key = simulator.KeyKind(value)
		case name == "ended":
			o.Ended = append(o.Ended, value)
		case name == "clamd":
			scanned[value] = true
		case name == "unsigned":
			unsigned[value] = true
		default:
			d, err := time.ParseDuration(value)
			fatal(ts, err, "setting "+name)
			settings[name] = d
		}
	}
	o.KeyOf = func(domain string) simulator.KeyKind {
		if rsa[domain] {
			return simulator.RSA3072
		}
		return ""
	}
	o.Practice = func(domain string, p *config.Practice) {
		if unsigned[domain] {
			p.Signing = provider.SigningAccepted
		}
		p.FirstRetry, p.LastRetry = 200*time.Millisecond, time.Second
		fields := map[string]*time.Duration{
			"relayPeriod": &p.RelayPeriod, "answerPeriod": &p.AnswerPeriod, "retrievalPeriod": &p.RetrievalPeriod,
			"askAgain": &p.AskAgain, "firstRetry": &p.FirstRetry, "lastRetry": &p.LastRetry,
		}
		for name, d := range settings {
			field, ok := fields[name]
			if !ok {
				ts.Fatalf("the practice statement has no %s", name)
			}
			*field = d
		}
	}
	o.Change = func(c *config.Config) {
		if scanned[c.Provider.Domain] {
			c.Scanner = config.Scanner{Clamd: "unix:" + s.socket()}
		}
		c.TrustList.Every = 100 * time.Millisecond
	}
	var err error
	s.world, err = setup.New(filepath.Join(s.dir, "world"), o)
	fatal(ts, err, "making a world")
	for _, p := range s.world.Providers {
		code := strings.TrimSuffix(filepath.Base(filepath.Dir(p.File)), "/")
		ts.Setenv(code+"_data", p.Config.Data)
		ts.Setenv(code+"_smtps", p.Config.Listen.Submission)
		ts.Setenv(code+"_smtp", p.Config.Listen.SubmissionStartTLS)
		ts.Setenv(code+"_config", p.File)
	}
	ts.Setenv("ANCHORS", s.world.Anchors())
}

func (s *scenario) provider(ts *testscript.TestScript, code string) *setup.Provider {
	for _, p := range s.world.Providers {
		if strings.HasPrefix(p.Domain, code+".") {
			return p
		}
	}
	ts.Fatalf("the world has no %s", code)
	return nil
}

// A program that runs beside the script.
type program struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended
	err   error         // of Wait; read after ended
	out   *bytes.Buffer // stdout and stderr; read after ended
	store string        // of rempeer
}

// run starts a program and waits until ready says so.
func (s *scenario) run(ts *testscript.TestScript, name string, ready func() bool, command string, args ...string) *program {
	if s.running[name] != nil {
		ts.Fatalf("%s runs already", name)
	}
	path := filepath.Join(built.dir, command)
	if filepath.IsAbs(command) {
		path = command
	}
	p := &program{cmd: exec.Command(path, args...), ended: make(chan struct{}), out: new(bytes.Buffer)}
	log, err := os.OpenFile(filepath.Join(s.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	fatal(ts, err, "opening a log")
	p.cmd.Stdout, p.cmd.Stderr = log, log
	fatal(ts, p.cmd.Start(), "starting "+name)
	go func() {
		p.err = p.cmd.Wait()
		log.Close()
		close(p.ended)
	}()
	s.running[name] = p
	for deadline := time.Now().Add(20 * time.Second); !ready(); {
		select {
		case <-p.ended:
			delete(s.running, name)
			ts.Fatalf("%s ended at once: %v\n%s", name, p.err, s.log(name))
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s does not get ready:\n%s", name, s.log(name))
		}
	}
	return p
}

func (s *scenario) log(name string) string {
	b, _ := os.ReadFile(filepath.Join(s.dir, name+".log"))
	return string(b)
}

// start CODE... runs remd for providers.
func start(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	s := of(ts)
	for _, code := range args {
		p := s.provider(ts, code)
		s.run(ts, code, func() bool {
			res, err := http.Get("http://" + p.Config.Listen.Operations + "/readyz")
			if err != nil {
				return false
			}
			res.Body.Close()
			return res.StatusCode == http.StatusOK
		}, "remd", "serve", "--config", p.File)
	}
}

// terminate CODE... ends programs with SIGTERM; each has to end well.
func terminate(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	for _, code := range args {
		of(ts).signal(ts, code, syscall.SIGTERM, true)
	}
}

// crash CODE... ends programs with SIGKILL.
func crash(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	for _, code := range args {
		of(ts).signal(ts, code, syscall.SIGKILL, false)
	}
}

func (s *scenario) signal(ts *testscript.TestScript, code string, sig syscall.Signal, well bool) {
	p := s.running[code]
	if p == nil {
		ts.Fatalf("%s does not run", code)
	}
	fatal(ts, p.cmd.Process.Signal(sig), "ending "+code)
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		ts.Fatalf("%s does not end:\n%s", code, s.log(code))
	}
	delete(s.running, code)
	if well && p.err != nil {
		ts.Fatalf("%s ended badly: %v\n%s", code, p.err, s.log(code))
	}
}

// peer CODE [FLAG]... runs rempeer as a provider. What comes lies in CODE-in.
func peer(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	s := of(ts)
	code := args[0]
	store := filepath.Join(s.dir, code+"-in")
	before := strings.Count(s.log(code), "ready ")
	p := s.run(ts, code, func() bool { return strings.Count(s.log(code), "ready ") > before }, "rempeer",
		append([]string{"serve", "--config", s.provider(ts, code).File, "--store", store}, args[1:]...)...)
	p.store = store
}

func (s *scenario) socket() string { return filepath.Join(s.dir, "clamd.sock") }

// sample is what the scenarios' own signature database calls malware.
const sample = "REM-TEST-MALWARE-SAMPLE-5f1c"

// clamd runs a real one with a signature database of one sample.
func clamd(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	s := of(ts)
	daemon, err := exec.LookPath("clamd")
	if err != nil {
		daemon = "/usr/sbin/clamd"
	}
	database := filepath.Join(s.dir, "clamd.db")
	fatal(ts, os.MkdirAll(database, 0o755), "making a signature database")
	signature := "Rem.Test.Sample:0:*:" + hex.EncodeToString([]byte(sample)) + "\n"
	fatal(ts, os.WriteFile(filepath.Join(database, "test.ndb"), []byte(signature), 0o644), "writing a signature")
	file := filepath.Join(s.dir, "clamd.conf")
	text := fmt.Sprintf("Foreground yes\nDatabaseDirectory %s\nLocalSocket %s\nTemporaryDirectory %s\nAlertExceedsMax yes\n", database, s.socket(), s.dir)
	fatal(ts, os.WriteFile(file, []byte(text), 0o644), "configuring clamd")
	s.run(ts, "clamd", func() bool { return exists(s.socket()) }, daemon, "--config-file="+file)
}

// list CODE STATE publishes a trust list in which a provider has a state from
// the next whole second on: granted, suspended or ended. Running providers have
// it in force when the command returns.
func list(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	s := of(ts)
	code, state := args[0], trustlist.Status(args[1])
	from := time.Now().UTC().Truncate(time.Second).Add(time.Second) // after all that was signed so far
	relay := s.provider(ts, code).Config.Listen.Relay
	if t := s.taps[code]; t != nil {
		relay = t.Address
	}
	fatal(ts, s.world.ChangeList(code, func(p *trustlist.Provider) {
		p.History = append(p.History, trustlist.Change{Status: state, From: from})
		p.Relays = []string{relay}
		if state == trustlist.Ended {
			p.Relays = nil
		}
	}), "changing the trust list")
	published, err := os.ReadFile(s.world.TrustList())
	fatal(ts, err, "reading the trust list")
	signer, err := os.ReadFile(filepath.Join(s.world.Dir, "pki", "list.crt.pem"))
	fatal(ts, err, "reading the list's signer")
	block, _ := pem.Decode(signer)
	pinned, err := x509.ParseCertificate(block.Bytes)
	fatal(ts, err, "reading the list's signer")
	verified, err := trustlist.Verify(published, []*x509.Certificate{pinned})
	fatal(ts, err, "reading the trust list")
	sequence := verified.Sequence
	time.Sleep(time.Until(from))
	for running, p := range s.running {
		if p.store != "" || running == "clamd" {
			continue // rempeer reads it each time
		}
		until(ts, "trust list "+strconv.FormatUint(sequence, 10)+" at "+running, 10*time.Second, func() bool {
			out, err := exec.Command(filepath.Join(built.dir, "remctl"), "--data", s.provider(ts, running).Config.Data, "--json", "trustlist").Output()
			return err == nil && bytes.Contains(out, fmt.Appendf(nil, `"sequence": %d,`, sequence))
		})
	}
}

// entry [-domain=DOMAIN]... [-service=ADDRESS] CODE changes a provider's entry in
// the trust list before anybody runs: further domains, and its service address,
// which becomes that of its configuration too.
func entry(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	s := of(ts)
	code := args[len(args)-1]
	fatal(ts, s.world.ChangeList(code, func(p *trustlist.Provider) {
		for _, a := range args[:len(args)-1] {
			name, value, _ := strings.Cut(a, "=")
			switch name {
			case "-domain":
				p.Domains = append(p.Domains, value)
			case "-service":
				p.Service = value
				file := s.provider(ts, code).File
				b, err := os.ReadFile(file)
				fatal(ts, err, "reading a configuration")
				b = regexp.MustCompile(`rem-service@[a-z0-9.]+`).ReplaceAll(b, []byte(value))
				fatal(ts, os.WriteFile(file, b, 0o600), "writing a configuration")
			default:
				ts.Fatalf("an entry has no %s", name)
			}
		}
	}), "changing the trust list")
}

// tap CODE... puts a tap in front of providers' doors for other providers, before
// they start. What comes lies in CODE-tap, and check examines it.
func tap(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	s := of(ts)
	load := func(k config.KeyPair) tls.Certificate {
		pair, err := tls.LoadX509KeyPair(k.Certificate, k.Key)
		fatal(ts, err, "reading a certificate for TLS")
		return pair
	}
	var callers []tls.Certificate
	for _, p := range s.world.Providers {
		callers = append(callers, load(p.Config.RelayTLS))
	}
	for _, code := range args {
		p := s.provider(ts, code)
		dir := filepath.Join(s.dir, code+"-tap")
		t, err := wiretap.Start(wiretap.Options{Identity: load(p.Config.RelayTLS), Callers: callers, To: p.Config.Listen.Relay, Dir: dir})
		fatal(ts, err, "opening a tap")
		s.taps[code] = t
		fatal(ts, s.world.ChangeList(code, func(p *trustlist.Provider) { p.Relays = []string{t.Address} }), "changing the trust list")
	}
}

// until looks again and again until something is so.
func until(ts *testscript.TestScript, what string, patience time.Duration, so func() bool) {
	for deadline := time.Now().Add(patience); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("after %s there is no %s", patience, what)
		}
	}
}

// await PATTERN [N] waits until N files (1) match, as in hs91-in/*-dispatch.eml.
func await(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	n := 1
	if len(args) > 1 {
		var err error
		n, err = strconv.Atoi(args[1])
		fatal(ts, err, "reading a number")
	}
	until(ts, args[0], 20*time.Second, func() bool { return len(matches(ts, args[0])) >= n })
}

// files PATTERN N says that exactly N files match.
func files(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	found := matches(ts, args[0])
	if strconv.Itoa(len(found)) != args[1] {
		ts.Fatalf("%d files match %s, not %s: %v", len(found), args[0], args[1], found)
	}
}

func matches(ts *testscript.TestScript, pattern string) []string {
	found, err := filepath.Glob(ts.MkAbs(pattern))
	fatal(ts, err, "looking for "+pattern)
	slices.Sort(found)
	return found
}

// metric CODE TEXT says that the provider's metrics hold a line with the text.
func metric(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	res, err := http.Get("http://" + s.provider(ts, args[0]).Config.Listen.Operations + "/metrics")
	fatal(ts, err, "asking for metrics")
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	fatal(ts, err, "asking for metrics")
	if bytes.Contains(b, []byte(args[1])) == neg {
		ours := slices.DeleteFunc(strings.Split(string(b), "\n"), func(l string) bool { return !strings.HasPrefix(l, "rem_") })
		ts.Fatalf("metrics, with or without %q:\n%s", args[1], strings.Join(ours, "\n"))
	}
}

// report shows a program's log, for looking into a failure.
func report(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	ts.Logf("%s", of(ts).log(args[0]))
}
