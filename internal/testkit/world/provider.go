package world

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"rem"
	"rem/edge/blobstore"
	"rem/edge/sqlstore"
	"rem/internal/testkit/broken"
	"rem/message"
	"rem/message/delivery"
	"rem/message/envelope"
	"rem/message/evidence"
	"rem/message/relay"
	"rem/message/retrieval"
	"rem/message/submission"
	"rem/provider"
	"rem/trust/algorithm"
	"rem/trust/cades"
	"rem/trust/trustlist"
	"rem/trust/tsp"
	"rem/trust/validation"
	"rem/trust/xades"
)

// segment is the length of the journal's segments: long enough for a message
// to twenty recipients, short enough to copy at every crash.
const segment = 1 << 20

// A Provider is a REM-MD with its process. The stages are those of the process
// that runs now; a crash replaces them.
type Provider struct {
	Domain   string
	REMMD    provider.REMMD
	Practice provider.Practice
	// Scanner, when not nil, looks at what is submitted.
	Scanner submission.Scanner
	// Accounts, when not nil, takes the place of the ledger's own for the
	// stages, to show what an account that changed hands does.
	Accounts Accounts

	Store     *sqlstore.Store
	Submitter *submission.Submitter
	Relay     *relay.Relay
	Deliverer *delivery.Deliverer
	Retriever *retrieval.Retriever

	w      *World
	dir    string // of the index
	disk   *broken.FS
	folder *folder
	dead   atomic.Bool
	opened int
	left   []leftover
	// hindsight is that of the process that runs now, for each stage.
	hindsight map[message.Stage]*message.Hindsight

	mu     sync.Mutex
	hit    bool     // guarded by mu: an effect failed, and the process did not stop since
	after  After    // guarded by mu: what follows
	alarms []string // guarded by mu
}

// Accounts is what the stages ask about accounts.
type Accounts interface {
	submission.Accounts
}

// Alarms returns what the stages alarmed.
func (p *Provider) Alarms() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.alarms...)
}

// Disk returns the folder as the running process has it.
func (p *Provider) Disk() *broken.FS { return p.disk }

func (p *Provider) struck(plan Plan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hit, p.after = true, plan.After
}

// kill ends the process where it stands.
func (p *Provider) kill() {
	p.dead.Store(true)
	p.disk.Killed() // from here its folder answers nothing
}

// open begins a process on the folder and finishes what another left.
func (p *Provider) open(ctx context.Context) error {
	p.dead.Store(false)
	p.mu.Lock()
	p.hit = false
	p.mu.Unlock()
	p.opened++
	p.folder = &folder{FS: p.disk, p: p}
	contents, err := blobstore.Open(p.folder, blobstore.Options{
		Segment: segment, MinFree: p.w.minFree, Clock: p.w.Clock.Now,
		Alarm: func(a blobstore.Alarm) { p.alarm("contents", "", a.Err.Error()) },
	})
	if err != nil {
		return err
	}
	p.Store, err = sqlstore.Open(ctx, sqlstore.Options{
		Dir: p.dir, Contents: contents,
		Alarm: func(err error) { p.alarm("index", "", err.Error()) },
		Fault: func(op string) error {
			if p.dead.Load() {
				return broken.ErrCrashed
			}
			return p.effect("index "+op, func() error { return nil })
		},
	})
	if err != nil {
		return err
	}
	if err := p.stages(); err != nil {
		return err
	}
	p.hindsight = map[message.Stage]*message.Hindsight{}
	for _, stage := range stages {
		p.hindsight[stage] = &message.Hindsight{Queue: p.Store, Stage: stage, Longest: message.Longest(&p.Practice, stage)}
	}
	return p.resume(ctx)
}

// resume is the order of internal/node. What cannot be finished yet is tried
// again with every step of the world.
func (p *Provider) resume(ctx context.Context) error {
	p.left = nil
	for _, l := range []leftover{
		{stage: message.SubmissionStage, finish: p.Submitter.Finish},
		{stage: message.RelayStage, finish: p.Relay.Finish},
		{stage: message.DeliveryStage, finish: p.Deliverer.Finish},
		{stage: message.RetrievalStage, finish: p.Retriever.Finish},
	} {
		var err error
		if l.kept, err = message.Resume(ctx, p.Store, l.stage, nil, l.finish); err == nil {
			continue
		}
		if p.dead.Load() || len(l.kept) == 0 {
			return err
		}
		p.left = append(p.left, l)
	}
	return nil
}

// A leftover is what a stage could not finish when its process began.
type leftover struct {
	stage  message.Stage
	finish func(context.Context, message.Kept) error
	kept   []message.Kept
}

// finish tries again what the start left.
func (p *Provider) finish(ctx context.Context) {
	var left []leftover
	for _, l := range p.left {
		var err error
		if l.kept, err = message.Resume(ctx, p.Store, l.stage, l.kept, l.finish); err != nil {
			left = append(left, l)
		}
	}
	p.left = left
}

func (p *Provider) stages() error {
	id := p.w.kit.operation[p.Domain]
	key := &signingKey{id.Key, p}
	authority, err := p.w.kit.stamper(p.w.tsaClock)
	if err != nil {
		return err
	}
	x, err := xades.NewSigner(xades.SignerOptions{Key: key, Chain: id.Chain, Authority: &stamper{authority, p}})
	if err != nil {
		return err
	}
	signer, err := evidence.NewSigner(x, p.REMMD.HSCode(), p.w.Clock)
	if err != nil {
		return err
	}
	c, err := cades.NewSigner(cades.Options{Key: key, Chain: id.Chain})
	if err != nil {
		return err
	}
	validator, err := validation.New(p.w.policy(), p.w.Clock, nil)
	if err != nil {
		return err
	}
	var accounts Accounts = p.Store
	if p.Accounts != nil {
		accounts = p.Accounts
	}
	p.Submitter = &submission.Submitter{
		Provider: p.REMMD, Practice: p.Practice, Ledger: p.Store, Accounts: accounts, Peers: known{p.w}, Scanner: p.Scanner,
		Signatures: submission.SignatureReader{Validator: validator}, Tokens: Tokens{}, Signer: signer, Clock: p.w.Clock, Random: p.w,
	}
	p.Relay = &relay.Relay{
		Provider: p.REMMD, Practice: p.Practice, Ledger: p.Store, Accounts: accounts,
		Courier:  courier{p.w.Net, p},
		Envelope: &envelope.Maker{Provider: p.REMMD, Signer: c},
		Verifier: &relay.TrustedReader{List: p.w.List, Validator: validator, Algorithms: algorithm.Default, Cache: xades.NewCache(64)},
		Scanner:  p.Scanner,
		Service:  p.w.service, Signer: signer, Clock: p.w.Clock, Alarm: p.alarm, Log: slog.New(slog.DiscardHandler),
	}
	p.Deliverer = &delivery.Deliverer{
		Provider: p.REMMD, Practice: p.Practice, Ledger: p.Store, Accounts: accounts, Signer: signer, Clock: p.w.Clock,
	}
	p.Retriever = &retrieval.Retriever{
		Provider: p.REMMD, Practice: p.Practice, Ledger: p.Store, Accounts: accounts, Signer: signer, Clock: p.w.Clock,
	}
	return nil
}

func (p *Provider) alarm(what string, id rem.MessageID, detail string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alarms = append(p.alarms, what+" "+string(id)+": "+detail)
}

// close drops the process.
func (p *Provider) close() {
	if p.Store != nil {
		_ = p.Store.Close() // a process that crashed has nobody to tell
		p.Store = nil
	}
}

// Restart stops the process in the given way and begins another on what is
// left.
func (p *Provider) Restart(after After) error {
	p.kill()
	p.close()
	if after == PowerCut || after == OldIndex {
		p.disk = p.disk.PowerLost(p.w.random)
	} else {
		p.disk = p.disk.Killed()
	}
	if after == OldIndex || after == NoIndex {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(filepath.Join(p.dir, "index.sqlite"+suffix)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		if after == OldIndex && len(p.w.blank[p.Domain].index) > 0 {
			if err := os.WriteFile(filepath.Join(p.dir, "index.sqlite"), p.w.blank[p.Domain].index, 0o600); err != nil {
				return err
			}
		}
	}
	return p.open(context.Background())
}

// tries bounds how often a process is begun again after failures while it
// began.
const tries = 8

// settle does what follows when an effect of the process has failed, and
// reports whether something did.
func (p *Provider) settle() bool {
	p.mu.Lock()
	hit, after := p.hit, p.after
	p.hit = false
	p.mu.Unlock()
	dead := p.dead.Load()
	if !dead && (!hit || after == LivesOn) {
		return hit
	}
	p.restart(after)
	return true
}

// Again is Restart, and again after failures while it begins.
func (p *Provider) Again(after After) { p.restart(after) }

func (p *Provider) restart(after After) {
	var err error
	for range tries {
		if err = p.Restart(after); err == nil {
			p.w.Recoveries++
			return
		}
		after = Crash
	}
	p.w.fatalf("%s does not start again: %v", p.Domain, err)
}

// A signingKey makes each signature an effect.
type signingKey struct {
	crypto.Signer
	p *Provider
}

func (k *signingKey) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) (sig []byte, err error) {
	err = k.p.effect("sign", func() (err error) { sig, err = k.Signer.Sign(random, digest, o); return err })
	return sig, err
}

// A stamper makes each token an effect.
type stamper struct {
	tsp.Authority
	p *Provider
}

func (s *stamper) Stamp(ctx context.Context, h crypto.Hash, imprint []byte) (token *tsp.Token, err error) {
	err = s.p.effect("stamp", func() (err error) { token, err = s.Authority.Stamp(ctx, h, imprint); return err })
	return token, err
}

// known answers from the trust list.
type known struct{ w *World }

func (k known) Known(domain string, at time.Time) bool {
	_, err := k.w.List().ByDomain(domain, at)
	return err == nil
}

// service is where evidence for a provider goes, ended or not.
func (w *World) service(domain string) (rem.Address, bool) {
	p, err := w.List().ByDomain(domain, w.Clock.Now())
	if p == nil || err != nil && !errors.Is(err, trustlist.ErrNotGranted) {
		return rem.Address{}, false
	}
	return rem.MustAddress("kep@" + domain), true
}

func (w *World) fatalf(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), w.Story())
}

// later puts tasks back as a Runner does after a fault.
func (p *Provider) later(ctx context.Context, tasks []message.Task) error {
	now := p.w.Clock.Now()
	again := make([]message.Task, len(tasks))
	for i, t := range tasks {
		t.Due = now.Add(p.Practice.Backoff(t.Attempts + 1))
		again[i] = t
	}
	return p.Store.Hint(ctx, message.Step{Message: tasks[0].Message, At: now, Again: again})
}
