package node

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"rem"
	"rem/edge/api"
	"rem/edge/centraldirectory"
	"rem/edge/ldapd"
	"rem/edge/outward"
	"rem/edge/smtpin"
	"rem/person/account"
	"rem/provider/directory"
)

// alarmCentral is raised when a change waits too long for the central directory.
const alarmCentral = "the central directory is behind"

// openDirectory opens the directory, and the way to the central one where the
// configuration has it.
func (n *Node) openDirectory(ctx context.Context, guard *outward.Guard) error {
	r, p := &n.Records, &n.People
	tokens, err := directory.NewTokens(ctx, r.Keys)
	if err != nil {
		return err
	}
	c := directory.Config{
		Provider: n.Provider.Domain, Store: r.Persons.Directory(), Vault: r.Vault, Consents: r.Consents, Tokens: tokens, Clock: n.clock, Random: rand.Reader,
	}
	if n.Config.CentralDirectory.Given() {
		o, err := n.outwardOptions("central-directory", &n.Config.CentralDirectory, guard)
		if err != nil {
			return err
		}
		if c.Central, err = centraldirectory.New(o, n.Provider.Domain); err != nil {
			return err
		}
		p.central = &centraldirectory.Runner{Clock: n.clock, Log: n.Log, Alarm: func(lag time.Duration, waiting int) {
			n.alarmOf(alarmCentral)(fmt.Errorf("%d changes wait, the oldest for %s", waiting, lag.Round(time.Second)))
		}}
		p.central.Prepare()
		c.Wake = p.central.Wake
	}
	if p.Directory, err = directory.New(c); err != nil {
		return err
	}
	if p.central != nil {
		p.central.Directory = p.Directory
		if err := p.central.Register(n.metrics.registry); err != nil {
			return err
		}
	}
	// A crash may have come between a withdrawal and the record.
	_, err = p.Directory.SettleAll(ctx)
	return err
}

// ldapServers are the doors of address books.
func (n *Node) ldapServers(certificates *tls.Config) (list []door, err error) {
	for _, d := range []struct {
		name, address string
		implicit      bool
	}{{"directory", n.Config.Listen.Directory, true}, {"directoryStartTLS", n.Config.Listen.DirectoryStartTLS, false}} {
		if d.address == "" {
			continue
		}
		server, err := ldapd.New(ldapd.Config{
			Provider: n.Provider.Domain, TLS: certificates, Implicit: d.implicit, Backend: &addressBooks{n: n}, Clock: n.clock, Log: n.Log,
		})
		if err != nil {
			return list, err
		}
		l, err := net.Listen("tcp", d.address)
		if err != nil {
			return list, fmt.Errorf("opening the door %s: %w", d.name, err)
		}
		serving, end := context.WithCancel(context.Background())
		list = append(list, door{d.name, l, func(l net.Listener) error { return server.Serve(serving, l) }, func(context.Context) error { end(); return nil }})
	}
	return list, nil
}

// directoryDoor answers programs that ask the directory with an application
// password.
type directoryDoor struct{ n *Node }

var _ api.Backend = directoryDoor{}

// Login implements api.Backend.
func (d directoryDoor) Login(ctx context.Context, user, password string) (rem.Actor, error) {
	p, _, err := d.n.login(ctx, user, password)
	if errors.Is(err, account.ErrPassword) {
		return rem.Actor{}, fmt.Errorf("%w: %w", api.ErrCredentials, err)
	}
	return p.Actor, err
}

// Query implements api.Backend.
func (d directoryDoor) Query(ctx context.Context, who directory.Asker, q directory.Question) (directory.Answer, error) {
	return d.n.People.Directory.Query(ctx, who, q)
}

// Check implements api.Backend.
func (d directoryDoor) Check(ctx context.Context, who directory.Asker, use directory.Use, addresses []rem.Address) ([]directory.Status, error) {
	return d.n.People.Directory.Check(ctx, who, use, addresses)
}

// addressBooks answers address books of one door. Their connections last, so what
// somebody logged in with is looked at again at each question (AT-29).
type addressBooks struct {
	n *Node

	mu  sync.Mutex
	who map[rem.Actor]smtpin.Principal // guarded by mu: the newest log-in of each
}

var _ ldapd.Backend = (*addressBooks)(nil)

// Login implements ldapd.Backend.
func (b *addressBooks) Login(ctx context.Context, _ netip.AddrPort, address rem.Address, password string) (directory.Asker, error) {
	p, _, err := b.n.login(ctx, address.String(), password)
	if errors.Is(err, account.ErrPassword) {
		return directory.Asker{}, fmt.Errorf("%w: %w", ldapd.ErrCredentials, err)
	}
	if err != nil {
		return directory.Asker{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.who == nil {
		b.who = map[rem.Actor]smtpin.Principal{}
	}
	b.who[p.Actor] = p
	return directory.Asker{Actor: p.Actor, Door: directory.ByLDAP}, nil
}

// Query implements ldapd.Backend.
func (b *addressBooks) Query(ctx context.Context, who directory.Asker, q directory.Question) (directory.Answer, error) {
	b.mu.Lock()
	p := b.who[who.Actor]
	b.mu.Unlock()
	err := b.n.holds(ctx, p)
	if errors.Is(err, smtpin.ErrLoggedOut) {
		return directory.Answer{}, fmt.Errorf("%w: %w", ldapd.ErrLoggedOut, err)
	}
	if err != nil {
		return directory.Answer{}, err
	}
	return b.n.People.Directory.Query(ctx, who, q)
}
