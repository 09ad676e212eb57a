package node

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"rem"
	"rem/edge/clock"
	"rem/edge/config"
	"rem/edge/control"
	"rem/edge/imapd"
	"rem/edge/revocation"
	"rem/edge/smtpin"
	"rem/edge/smtpout"
	"rem/edge/sqlstore"
	"rem/edge/trustlistfile"
	"rem/message"
	"rem/message/delivery"
	"rem/message/envelope"
	"rem/message/evidence"
	"rem/message/mailbox"
	"rem/message/relay"
	"rem/message/retrieval"
	"rem/message/signing"
	"rem/message/submission"
	"rem/person/account"
	"rem/provider"
	"rem/trust/algorithm"
	"rem/trust/cades"
	"rem/trust/cms"
	"rem/trust/trustlist"
	"rem/trust/tsp"
	"rem/trust/validation"
	"rem/trust/xades"
)

// commitWindow bounds how long a commit of the journal lets others go first
// who may come to join it. It ends when nobody comes, so it costs a lone writer
// nothing (docs/performance.md).
const commitWindow = 2 * time.Millisecond

// stopPatience bounds how long a stop waits for sessions that are under way.
const stopPatience = 20 * time.Second

// maxCertificates is how many parsed certificates are kept: those of all
// providers and their authorities.
const maxCertificates = 1024

// Options are what a configuration file cannot say.
type Options struct {
	Log *slog.Logger // nil: nowhere
	// Authority takes the place of the configured time-stamp authorities; for
	// measuring without a network between.
	Authority tsp.Authority
	// Window is the journal's commit window; 0 is the usual one, -1 none.
	Window time.Duration
	// Hold keeps the stages after submission from working: what is accepted
	// waits for a start without it. For measuring submission alone.
	Hold bool
}

// A Node is a provider put together. Its fields are for reading.
type Node struct {
	Config    *config.Config
	Provider  provider.REMMD
	Practice  provider.Practice
	Store     *sqlstore.Store
	Submitter *submission.Submitter
	Relay     *relay.Relay
	Deliverer *delivery.Deliverer
	Retriever *retrieval.Retriever
	Keeper    *account.Keeper // changes accounts by their rules
	Validator *validation.Validator
	Records   Records
	Mailbox   *mailbox.Box // what people see of their messages
	People    People
	Log       *slog.Logger

	clock     rem.Clock
	hasher    *account.Hasher
	boxes     mailboxes
	signing   *signing.Service
	trust     *trustlistfile.Watcher
	peers     peers
	metrics   *metrics
	authority tsp.Authority
	signer    *cades.Signer
	scanner   submission.Scanner // nil: none, on purpose
	sender    *smtpout.Sender
	runners   []*message.Runner
	lock      *os.File
	relayTLS  *tls.Config
	left      []*leftover // owned by Open, then by Run

	mu      sync.Mutex
	address map[string]net.Addr // guarded by mu: doors that are open, by name
	imap    *imapd.Server       // guarded by mu; nil: its door is closed
}

// Open builds a provider and finishes what an earlier run left. It listens
// nowhere yet.
func Open(ctx context.Context, c *config.Config, o Options) (_ *Node, err error) {
	n := &Node{Config: c, Log: o.Log, clock: clock.System{}, hasher: account.NewHasher(2), address: map[string]net.Addr{}}
	if n.Log == nil {
		n.Log = slog.New(slog.DiscardHandler)
	}
	if n.Provider, err = c.REMMD(); err != nil {
		return nil, err
	}
	n.Practice = c.PracticeSettings()
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	if n.lock, err = lock(c.Data); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
		}
	}()
	if err := n.openTrust(c, o); err != nil {
		return nil, err
	}
	if err := n.sealAccounts(ctx); err != nil {
		return nil, fmt.Errorf("sealing accounts: %w", err)
	}
	if err := n.resume(ctx); err != nil {
		return nil, err
	}
	return n, nil
}

// lock keeps a second program off the folder.
func lock(folder string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another program works on %s: stop it first (%w)", folder, err), f.Close())
	}
	return f, nil
}

func (n *Node) openTrust(c *config.Config, o Options) error {
	anchors, err := readAnchors(c)
	if err != nil {
		return err
	}
	key, chain, err := readKeyPair(c.Operation)
	if err != nil {
		return err
	}
	if err := refuseSimulators(c.Mode, chain...); err != nil {
		return err
	}
	n.Validator, err = validation.New(anchors.policy(c), n.clock, revocation.New(nil))
	if err != nil {
		return err
	}
	n.authority = o.Authority
	if n.authority == nil {
		if n.authority, err = n.authorities(c); err != nil {
			return err
		}
	}
	xs, err := xades.NewSigner(xades.SignerOptions{Key: key, Chain: chain, Authority: n.authority})
	if err != nil {
		return err
	}
	signer, err := evidence.NewSigner(xs, n.Provider.HSCode(), n.clock)
	if err != nil {
		return err
	}
	cs, err := cades.NewSigner(cades.Options{Key: key, Chain: chain})
	if err != nil {
		return err
	}
	if n.trust, err = openTrustList(c, n); err != nil {
		return err
	}
	n.peers = peers{n.list, n.clock}

	n.metrics = newMetrics(n) // first: opening the ledger may find damage

	window := o.Window
	if window == 0 {
		window = commitWindow
	}
	n.Store, err = sqlstore.Open(context.Background(), sqlstore.Options{
		Dir: c.Data, Window: max(window, 0),
		Alarm: n.ledgerAlarm,
	})
	if err != nil {
		return err
	}
	if err := n.classified(); err != nil {
		return err
	}
	if err := n.openRecords(context.Background()); err != nil {
		return err
	}
	relayTLS, leaf, err := tlsConfig(c.RelayTLS)
	if err != nil {
		return err
	}
	if err := refuseSimulators(c.Mode, leaf); err != nil {
		return err
	}
	// Who a client is says the trust list; no authority stands for it.
	relayTLS.ClientAuth = tls.RequireAnyClientCert
	n.relayTLS = relayTLS
	if n.sender, err = smtpout.New(smtpout.Config{
		Name: doorName(c), Certificate: relayTLS.Certificates[0],
		Limits: smtpout.Limits{PerPeer: c.Limits.Workers, IdlePerPeer: c.Limits.Workers},
	}); err != nil {
		return err
	}
	n.signer = cs
	if err := n.stages(c, o, signer, cs); err != nil {
		return err
	}
	if err := n.openMailbox(context.Background()); err != nil {
		return err
	}
	if err := n.openSigning(); err != nil {
		return err
	}
	return n.openPeople(context.Background())
}

// list is the trust list in force; nil before the first.
func (n *Node) list() *trustlist.List {
	if v := n.trust.Current(); v != nil {
		return v.List
	}
	return nil
}

func (n *Node) stages(c *config.Config, o Options, signer *evidence.Signer, cs *cades.Signer) error {
	if !c.Scanner.None {
		daemon, err := newScanner(c.Scanner.Clamd)
		if err != nil {
			return err
		}
		n.scanner = daemon
	}
	n.Submitter = &submission.Submitter{
		Provider: n.Provider, Practice: n.Practice, Ledger: n.Store, Accounts: n.Store, Peers: n.peers,
		Scanner: n.scanner, Signatures: submission.SignatureReader{Validator: n.Validator, Cache: cms.NewCache(maxCertificates)}, Tokens: n.Records.Signatory,
		Signer: signer, Clock: n.clock, Random: rand.Reader,
	}
	n.Relay = &relay.Relay{
		Provider: n.Provider, Practice: n.Practice, Ledger: n.Store, Accounts: n.Store,
		Courier: courier{n, n.sender}, Scanner: n.scanner,
		Envelope: &envelope.Maker{Provider: n.Provider, Signer: cs},
		Verifier: &relay.TrustedReader{List: n.list, Validator: n.Validator, Algorithms: algorithm.Default, Cache: xades.NewCache(maxCertificates)},
		Service:  n.peers.service, Same: n.peers.same, Signer: signer, Clock: n.clock, Alarm: n.Alarm, Log: n.Log,
	}
	n.Deliverer = &delivery.Deliverer{
		Provider: n.Provider, Practice: n.Practice, Ledger: n.Store, Accounts: n.Store,
		Notices: arrivalNews{n}, Signer: signer, Clock: n.clock,
	}
	n.Keeper = &account.Keeper{Store: n.Store, Sessions: webSessions{n}, Messenger: accountNews{n}, Clock: n.clock, Terms: n.terms()}
	n.Retriever = &retrieval.Retriever{
		Provider: n.Provider, Practice: n.Practice, Ledger: n.Store, Accounts: n.Store, Signer: signer, Clock: n.clock,
	}
	if o.Hold {
		return nil
	}
	run := func(stage message.Stage, do func(context.Context, []message.Task) error) {
		n.runners = append(n.runners, &message.Runner{
			Stage: stage, Queue: n.Store, Do: do, Parallel: c.Limits.Workers,
			Pause: n.Practice.Backoff, Longest: message.Longest(&n.Practice, stage), Clock: n.clock, Log: n.Log,
		})
	}
	run(message.RelayStage, message.EachTask(n.Relay.Out))
	run(message.DeliveryStage, message.EachTask(n.Deliverer.Do))
	run(message.RetrievalStage, message.EachTask(n.Retriever.Do))
	run(message.ReturnStage, n.Relay.Back)
	return nil
}

// A door is a listener with what serves it.
type door struct {
	name   string
	listen net.Listener
	serve  func(net.Listener) error
	stop   func(context.Context) error
}

// Run opens the doors and works until ctx ends, then stops in order: doors,
// stages. What was answered before is durable. ready is called once when all
// doors are open; it may be nil.
func (n *Node) Run(ctx context.Context, ready func()) error {
	doors, err := n.doors()
	if err != nil {
		return err
	}
	socket, err := control.Listen(n.Config.Data, controller{n}, n.Log)
	if err != nil {
		closeDoors(doors)
		return err
	}
	work, stopWork := context.WithCancel(context.Background())
	defer stopWork()
	var stages, serving sync.WaitGroup
	failed := make(chan error, len(doors)+len(n.runners)+1)
	for _, r := range n.runners {
		stages.Go(func() {
			if err := r.Run(work); err != nil {
				failed <- fmt.Errorf("stage %s: %w", r.Stage, err)
			}
		})
	}
	stages.Go(func() { n.resumeLater(work) })
	stages.Go(func() { n.watchTerms(work) })
	stages.Go(func() { n.followMailboxes(work) })
	stages.Go(func() { n.sendDrafts(work) })
	stages.Go(func() { n.signing.Watch(work) })
	stages.Go(func() {
		if err := n.People.Messenger.Run(work); err != nil && work.Err() == nil {
			n.alarmOf(alarmNews)(err)
		}
	})
	if n.People.Login != nil {
		stages.Go(func() { n.lookAfterLogins(work) })
	}
	if n.People.Enrolment != nil {
		stages.Go(func() { n.carryOn(work) })
	}
	if n.People.Tokens != nil {
		stages.Go(func() { n.lookAfterPrograms(work) })
		stages.Go(func() { n.tellHappenings(work) })
		stages.Go(func() { n.sendHappenings(work) })
	}
	if n.People.central != nil {
		stages.Go(func() { n.People.central.Run(work) })
	}
	stages.Go(func() {
		if err := n.trust.Run(work); err != nil {
			failed <- err
		}
	})
	for _, d := range doors {
		serving.Go(func() {
			if err := d.serve(d.listen); err != nil && !errors.Is(err, smtpin.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("door %s: %w", d.name, err)
			}
		})
	}
	if ready != nil {
		ready()
	}
	n.Log.Info("provider runs", "domain", n.Provider.Domain, "mode", string(n.Config.Mode))
	var fault error
	select {
	case <-ctx.Done():
	case fault = <-failed:
	}
	n.Log.Info("provider stops", "domain", n.Provider.Domain)
	patience, cancel := context.WithTimeout(context.Background(), stopPatience)
	defer cancel()
	for _, d := range doors {
		fault = errors.Join(fault, d.stop(patience))
	}
	serving.Wait()
	fault = errors.Join(fault, socket.Close(patience))
	stopWork()
	stages.Wait()
	return fault
}

func closeDoors(doors []door) {
	for _, d := range doors {
		d.listen.Close()
	}
}

// doors opens every configured listener, or none.
func (n *Node) doors() (doors []door, err error) {
	defer func() {
		if err != nil {
			closeDoors(doors)
			doors = nil
		}
	}()
	userTLS, leaf, err := tlsConfig(n.Config.SubmissionTLS)
	if err != nil {
		return nil, err
	}
	if err := refuseSimulators(n.Config.Mode, leaf); err != nil {
		return nil, err
	}
	limits := smtpin.Limits{
		Connections: n.Config.Limits.Connections, PerAddress: n.Config.Limits.PerAddress, Recipients: n.Practice.MaxRecipients,
		// Beyond the package limit there is still evidence of a refusal; beyond
		// twice that the protocol refuses.
		MessageSize: 2 * n.Practice.MaxPackage,
	}
	for _, d := range []struct {
		name, address string
		config        smtpin.Config
	}{
		{"submission", n.Config.Listen.Submission, smtpin.Config{Face: smtpin.Submission, TLS: userTLS, Implicit: true, Backend: submissionDoor{n}}},
		{"submissionStartTLS", n.Config.Listen.SubmissionStartTLS, smtpin.Config{Face: smtpin.Submission, TLS: userTLS, Backend: submissionDoor{n}}},
		{"relay", n.Config.Listen.Relay, smtpin.Config{Face: smtpin.Peer, TLS: n.relayTLS, Implicit: true, Backend: peerDoor{n}}},
	} {
		if d.address == "" {
			continue
		}
		d.config.Name, d.config.Limits, d.config.Log = doorName(n.Config), limits, n.Log
		if d.config.Face == smtpin.Peer {
			// All messages of a provider come from one address.
			d.config.Limits.PerAddress = n.Config.Limits.Connections
		}
		server, err := smtpin.New(d.config)
		if err != nil {
			return doors, err
		}
		l, err := net.Listen("tcp", d.address)
		if err != nil {
			return doors, fmt.Errorf("opening the door %s: %w", d.name, err)
		}
		doors = append(doors, door{d.name, l, server.Serve, server.Shutdown})
	}
	mail, err := n.imapServer(userTLS)
	doors = append(doors, mail...)
	if err != nil {
		return doors, err
	}
	books, err := n.ldapServers(userTLS)
	doors = append(doors, books...)
	if err != nil {
		return doors, err
	}
	if address := n.Config.Listen.Web; address != "" {
		server, err := n.webDoor()
		if err != nil {
			return doors, err
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			return doors, fmt.Errorf("opening the door web: %w", err)
		}
		site := n.People.Site
		doors = append(doors, door{"web", l, func(l net.Listener) error { return server.ServeTLS(site.Listen(l), "", "") }, server.Shutdown})
	}
	if address := n.Config.Listen.Operations; address != "" {
		server, l, err := n.operations(address)
		if err != nil {
			return doors, err
		}
		doors = append(doors, door{"operations", l, server.Serve, server.Shutdown})
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, d := range doors {
		n.address[d.name] = d.listen.Addr()
	}
	return doors, nil
}

// Address returns where a door listens, after Run has opened it: submission,
// submissionStartTLS, relay or operations.
func (n *Node) Address(door string) net.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.address[door]
}

// Close ends the ledger and frees the folder. Run must have returned.
func (n *Node) Close() error {
	var err error
	if n.sender != nil {
		n.sender.Close()
	}
	n.endSigning()
	err = n.closeMailbox()
	if n.Store != nil {
		err = errors.Join(err, n.Store.Close())
	}
	if n.People.programs != nil {
		err = errors.Join(err, n.People.programs.Close())
	}
	if n.People.papers != nil {
		err = errors.Join(err, n.People.papers.Close())
	}
	err = errors.Join(err, n.Records.close())
	if n.lock != nil {
		err = errors.Join(err, n.lock.Close())
	}
	return err
}
