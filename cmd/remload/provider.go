package main

import (
	"bufio"
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"rem/edge/config"
	"rem/edge/control"
	"rem/edge/simulator"
	"rem/internal/setup"
)

// stampPolicy is the policy of tokens made in process.
var stampPolicy = asn1.ObjectIdentifier{2, 16, 792, 3, 0, 4, 90, 2}

// identity turns a key pair of files into what signers want.
func identity(pair tls.Certificate) (*simulator.Identity, error) {
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key cannot sign")
	}
	id := &simulator.Identity{Key: key, Certificate: pair.Leaf}
	for _, der := range pair.Certificate {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		id.Chain = append(id.Chain, c)
	}
	return id, nil
}

// The domains of the two providers.
const (
	senders    = "hs90.kep.test"
	recipients = "hs91.kep.test"
)

// wiring says how our providers are run.
type wiring struct {
	Key     string        `help:"Kind of operation certificate: ${enum}." enum:"p256,p384,rsa2048,rsa3072" default:"p256"`
	HTTP    bool          `name:"tsa-over-http" help:"Ask the time-stamp authority over HTTP. Otherwise each provider stamps in process: an authority is somebody else's machine."`
	Window  time.Duration `help:"Commit window of the journal; 0 is the usual one, -1ns none."`
	Workers int           `help:"Messages that each stage works on at once." default:"32"`
	Profile string        `help:"Folder for CPU profiles of the providers." type:"path" placeholder:"DIR"`
	Trace   string        `help:"Folder for execution traces of the providers, from their start on; short runs, for they are large." type:"path" placeholder:"DIR"`
}

// A provider is one of ours that runs as a program of its own.
type provider struct {
	config  *config.Config
	process *exec.Cmd
	ask     io.WriteCloser
	answers *bufio.Reader
	log     *tail // of what it complained about
}

// A world is what our providers live in.
type world struct {
	*setup.World
	wiring    wiring
	providers []*provider
	password  string
}

// newWorld makes certificates, trust list and configurations for two providers.
func newWorld(dir string, w wiring) (*world, error) {
	made, err := setup.New(dir, setup.Options{
		Domains: []string{senders, recipients}, Key: simulator.KeyKind(w.Key),
		Change: func(c *config.Config) {
			c.Limits.Workers = w.Workers
			c.Practice.MaxPackage = 40 << 20 // originals of 25 MB with what is around them
		},
	})
	if err != nil {
		return nil, err
	}
	return &world{World: made, wiring: w, password: setup.Password()}, nil
}

// start runs the n-th provider in a process of its own.
func (w *world) start(ctx context.Context, n int, more ...string) (*provider, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("starting a provider: %w", err)
	}
	return w.startProgram(ctx, self, n, more...)
}

// startProgram is start with this or another build of this program.
func (w *world) startProgram(ctx context.Context, program string, n int, more ...string) (_ *provider, err error) {
	of := w.Providers[n]
	args := []string{"node", "--config", of.File, "--window", w.wiring.Window.String()}
	if !w.wiring.HTTP {
		args = append(args, "--tsa", filepath.Join(w.Dir, "pki", "tsa"))
	}
	if w.wiring.Profile != "" {
		args = append(args, "--profile", filepath.Join(w.wiring.Profile, of.Domain+".pprof"))
	}
	if w.wiring.Trace != "" {
		args = append(args, "--trace", filepath.Join(w.wiring.Trace, of.Domain+".trace"))
	}
	p := &provider{config: of.Config, process: exec.Command(program, append(args, more...)...), log: new(tail)}
	p.process.Stderr = p.log
	if p.ask, err = p.process.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting a provider: %w", err)
	}
	out, err := p.process.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting a provider: %w", err)
	}
	p.answers = bufio.NewReader(out)
	if err := p.process.Start(); err != nil {
		return nil, fmt.Errorf("starting a provider: %w", err)
	}
	w.providers = append(w.providers, p)
	if line, err := p.answers.ReadString('\n'); err != nil || line != "ready\n" {
		return nil, fmt.Errorf("provider %s did not start: %w: %s", of.Domain, errors.Join(err, p.stop()), p.log)
	}
	return p, nil
}

// A tail keeps the end of what is written to it.
type tail struct {
	mu sync.Mutex
	b  []byte // guarded by mu
}

const maxTail = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	t.b = t.b[max(0, len(t.b)-maxTail):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}

// stop has a provider end cleanly.
func (p *provider) stop() error {
	p.ask.Close()
	if err := p.process.Wait(); err != nil {
		return fmt.Errorf("provider %s: %w: %s", p.config.Provider.Domain, err, p.log)
	}
	return nil
}

// close stops the providers and the world's authorities.
func (w *world) close() error {
	var err error
	for _, p := range w.providers {
		if p.process.ProcessState == nil {
			err = errors.Join(err, p.stop())
		}
	}
	return errors.Join(err, w.World.Close())
}

// tells asks a node what it did.
func (p *provider) tells(question string) (a tally, err error) {
	if _, err := io.WriteString(p.ask, question+"\n"); err != nil {
		return a, fmt.Errorf("asking %s: %w: %s", p.config.Provider.Domain, err, p.log)
	}
	line, err := p.answers.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &a)
	}
	if err != nil {
		return a, fmt.Errorf("asking %s: %w: %s", p.config.Provider.Domain, err, p.log)
	}
	if a.Fault != "" {
		return a, fmt.Errorf("asking %s: %s", p.config.Provider.Domain, a.Fault)
	}
	return a, nil
}

// perAccount is how many sessions one account may have: smtpin.Limits.
const perAccount = 16

// holders opens accounts at a provider, enough for some sessions, and gives
// their addresses.
func (w *world) holders(ctx context.Context, p *provider, sessions int) ([]*setup.Person, error) {
	c := control.Dial(p.config.Data, "remload")
	var out []*setup.Person
	for i := range max(4, (sessions+perAccount-1)/perAccount) {
		who, err := w.Person(i, fmt.Sprintf("holder%d@%s", i, p.config.Provider.Domain))
		if err != nil {
			return nil, err
		}
		if _, err := c.AddAccount(ctx, control.NewAccount{
			Address: who.Address, Holder: who.Name(), Identity: who.IdentityNumber, Password: w.password, Quota: 1 << 40,
		}); err != nil {
			return nil, fmt.Errorf("opening account %d: %w", i, err)
		}
		out = append(out, who)
	}
	return out, nil
}

// bags prepares mail for each session, from a provider's holders to others.
func (w *world) bags(ctx context.Context, s *shape, from, to []*setup.Person) ([]*mailbag, error) {
	out := make([]*mailbag, s.Sessions)
	for i := range out {
		of := from[i%len(from)]
		b, err := prepare(ctx, bag{from: of.Address, name: of.Name(), to: to[(i+1)%len(to)].Address, size: s.Size, distinct: s.distinct(), signer: of.Signer})
		if err != nil {
			return nil, err
		}
		out[i] = b
	}
	return out, nil
}

// load is the submission of some mailbags to a provider.
func (w *world) load(s *shape, p *provider, bags []*mailbag) *load {
	return &load{sessions: s.Sessions, time: s.Time, count: s.Count,
		dial: func(ctx context.Context, i int) (*session, error) {
			return dial(ctx, endpoint{
				address: p.config.Listen.Submission, user: bags[i].from, password: w.password,
				tls: &tls.Config{RootCAs: w.Root(), ServerName: p.config.Provider.Domain},
			})
		},
		write: func(i int) *original { return bags[i].take() }}
}
