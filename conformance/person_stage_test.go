package conformance_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/smtp"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/clock"
	"rem/edge/config"
	"rem/edge/control"
	"rem/edge/simulator"
	"rem/internal/node"
	"rem/internal/setup"
	"rem/internal/testkit/browser"
	"rem/mail/mime"
	"rem/mail/smime"
	"rem/message"
	"rem/message/verification"
	"rem/trust/validation"
)

const (
	ownDomain, otherDomain = "hs90.kep.test", "hs91.kep.test"
	// stepTime is how long something that happens by itself may take.
	stepTime = 30 * time.Second
)

// A stage is two whole providers in this process, with everything outside simulated.
type stage struct {
	t     *testing.T
	world *setup.World
	nodes map[string]*node.Node
	stops map[string]func() error
	log   *safeBuffer // of both
	house *setup.House
	team  setup.Team
}

// A safeBuffer may be read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (s *safeBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// openStage runs both, and founds the staff of the first one from all but the
// applicant.
func openStage(t *testing.T, applicant *simulator.Subject) *stage {
	t.Helper()
	// Not t.TempDir: it holds the test's name, and a socket's path is short.
	dir, err := os.MkdirTemp("", "rem")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &stage{t: t, nodes: map[string]*node.Node{}, stops: map[string]func() error{}, log: new(safeBuffer)}
	if s.world, err = setup.New(dir, setup.Options{
		Domains: []string{ownDomain, otherDomain}, Change: func(c *config.Config) { c.Identification.VideoCalls = true },
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.must(s.world.Close()) })
	for _, p := range s.world.Providers {
		s.run(p)
	}
	n := s.nodes[ownDomain]
	s.house = &setup.House{
		World: s.world, Own: s.world.Providers[0], Provider: n.Provider, Register: n.Records.Register, Notices: n.Records.Notices, Documents: n.Records.Published,
		Staff: n.People.Staff, Enrolment: n.People.Enrolment, Login: n.People.Login,
	}
	others := slices.DeleteFunc(slices.Clone(simulator.People), func(o simulator.Subject) bool { return o == *applicant })
	s.team, err = s.house.Found(t.Context(), [4]simulator.Subject(others))
	s.must(err)
	return s
}

// run runs a provider until the test ends.
func (s *stage) run(p *setup.Provider) {
	s.t.Helper()
	n, err := node.Open(s.t.Context(), p.Config, node.Options{Log: slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	s.must(err)
	s.nodes[p.Domain] = n
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- n.Run(ctx, func() { close(ready) }) }()
	again := s.stops[p.Domain] != nil
	s.stops[p.Domain] = func() error {
		cancel()
		return errors.Join(<-ended, n.Close())
	}
	if !again {
		s.t.Cleanup(func() { s.must(s.stops[p.Domain]()) })
	}
	select {
	case <-ready:
	case err := <-ended:
		ended <- err
		s.t.Fatalf("%s does not run: %v", p.Domain, err)
	}
}

// again stops the first provider and starts it anew, as an operator does.
func (s *stage) again() {
	s.t.Helper()
	s.must(s.stops[ownDomain]())
	s.run(s.world.Providers[0])
	n := s.nodes[ownDomain]
	s.house.Register, s.house.Notices, s.house.Documents = n.Records.Register, n.Records.Notices, n.Records.Published
	s.house.Staff, s.house.Enrolment, s.house.Login = n.People.Staff, n.People.Enrolment, n.People.Login
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// until waits for something to be so.
func (s *stage) until(what string, is func() bool) {
	s.t.Helper()
	for end := time.Now().Add(stepTime); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("waiting for %s: nothing for %s", what, stepTime)
		}
	}
}

// control is the socket of a provider, as remctl asks it for somebody.
func (s *stage) control(domain string, person rem.PersonID) *control.Client {
	return control.Dial(s.nodes[domain].Config.Data, string(person))
}

// mail waits for a mail to somebody, and returns what a pattern finds in the newest.
func (s *stage) mail(to string, find func(body string) string) (found string) {
	s.t.Helper()
	s.until("a mail", func() bool {
		for _, m := range s.world.Mails() {
			if m.To == to && find(m.Body) != "" {
				found = find(m.Body)
			}
		}
		return found != ""
	})
	return found
}

// texts are the text messages to a phone.
func (s *stage) texts(to string) (bodies []string) {
	for _, x := range s.house.Own.Services.Texts() {
		if x.To == to {
			bodies = append(bodies, x.Body)
		}
	}
	return bodies
}

// send submits a signed message as a mail program does, and returns its identifier.
func (s *stage) send(from *setup.Person, password, to string, entity string) rem.MessageID {
	s.t.Helper()
	header := fmt.Sprintf("From: %s\r\nTo: %s\r\nSubject: Ilk ileti\r\nDate: %s\r\nMessage-ID: <ilk@posta.test>\r\n", from.Address, to, time.Now().Format(time.RFC1123Z))
	raw, err := smime.Sign(s.t.Context(), []byte(header), []byte(entity), "=_imza", from.Signer, time.Now())
	s.must(err)
	n := s.nodes[ownDomain]
	conn, err := tls.Dial("tcp", n.Address("submission").String(), &tls.Config{RootCAs: s.world.Root(), ServerName: ownDomain})
	s.must(err)
	c, err := smtp.NewClient(conn, ownDomain)
	s.must(err)
	defer c.Close()
	s.must(c.Auth(smtp.PlainAuth("", from.Address, password, ownDomain)))
	s.must(c.Mail(from.Address))
	s.must(c.Rcpt(to))
	w, err := c.Data()
	s.must(err)
	_, err = w.Write(raw)
	s.must(errors.Join(err, w.Close(), c.Quit()))
	a, err := n.Store.ByAddress(s.t.Context(), rem.MustAddress(from.Address))
	s.must(err)
	sent, err := n.Store.Sent(s.t.Context(), a.ID, "", 2)
	s.must(err)
	if len(sent) != 1 {
		s.t.Fatalf("%d messages were sent", len(sent))
	}
	return sent[0]
}

// delivered waits until a message is in its recipient's mailbox.
func (s *stage) delivered(id rem.MessageID) {
	s.t.Helper()
	var state message.State
	s.until("the delivery", func() bool {
		v, err := s.nodes[ownDomain].Store.Message(s.t.Context(), id)
		s.must(err)
		state = v.Standing(1).State
		return state == message.Delivered
	})
}

// verdict is that of anybody over all evidence of a message and the dispatch as the
// other provider has it, from the bytes alone. kinds are those of the evidence.
func (s *stage) verdict(id rem.MessageID, to, password string) (report *verification.Report, kinds []message.Kind) {
	s.t.Helper()
	p := validation.Usual(s.world.PKI.Anchors())
	p.Operation.Revocation, p.TimeStamping.Revocation, p.Personal.Revocation = validation.RevocationIfKnown, validation.RevocationIfKnown, validation.RevocationIfKnown
	v, err := verification.New(verification.Options{Policy: p, Clock: clock.System{}})
	s.must(err)
	all, err := s.nodes[ownDomain].Store.EvidenceOf(s.t.Context(), id)
	s.must(err)
	var inputs []verification.Input
	for _, e := range all {
		inputs, kinds = append(inputs, verification.Input{Name: string(e.ID), Source: mime.Memory(e.XML)}), append(kinds, e.Kind)
	}
	var dispatch bytes.Buffer
	s.must(s.control(otherDomain, "operator-7").Dispatch(s.t.Context(), to, password, id, &dispatch))
	report, err = v.Verify(s.t.Context(), append(inputs, verification.Input{Name: "dispatch", Source: mime.Memory(dispatch.Bytes())})...)
	s.must(err)
	return report, kinds
}

// A desk is somebody's browser, at the pages of the first provider in Turkish.
type desk struct {
	*browser.Page
	s    *stage
	base string
}

func (s *stage) desk(b *browser.Browser, options ...browser.Option) *desk {
	return &desk{b.Page(s.t, options...), s, s.house.Own.Config.Web.Base}
}

func (d *desk) open(path string) {
	d.s.t.Helper()
	d.Open(d.base + "/tr" + path)
}

// is fails the test when somebody is elsewhere.
func (d *desk) is(path string) {
	d.s.t.Helper()
	if got, _, _ := strings.Cut(d.Here(), "?"); got != d.base+"/tr"+path {
		d.s.t.Fatalf("at %s, want %s:\n%s", got, path, d.Text("main"))
	}
}

// reads fails the test when the page does not say something.
func (d *desk) reads(all ...string) {
	d.s.t.Helper()
	said := strings.Join(strings.Fields(d.Text("main")), " ")
	for _, x := range all {
		if !strings.Contains(said, x) {
			d.s.t.Fatalf("%s does not say %q:\n%s", d.Here(), x, d.Text("main"))
		}
	}
}

// tick sets the box of a field.
func (d *desk) tick(name string) {
	d.s.t.Helper()
	d.Click(`input[name="` + name + `"]`)
}

// look keeps a picture of a page, and fails the test where the page has a barrier.
func (d *desk) look(name string) {
	d.s.t.Helper()
	d.Check()
	d.Shot("journey-" + name)
}
