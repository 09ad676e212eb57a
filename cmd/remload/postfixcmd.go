package main

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"rem/edge/clock"
	"rem/edge/simulator"
	"rem/trust/cades"
)

// A shape is what load looks like.
type shape struct {
	Sessions int           `help:"Sessions at once." default:"16" short:"s"`
	Size     int           `help:"Octets of an original." default:"5120"`
	Time     time.Duration `help:"How long a round sends." default:"4s"`
	Count    int64         `help:"How many messages a round sends at most." default:"40000"`
	Rounds   int           `help:"Undisturbed rounds of each side." default:"3"`
	Dir      string        `help:"Folder for all that is stored. Default: the folder for temporary files." type:"path" placeholder:"DIR"`
}

// distinct is how many originals are signed beforehand for each session.
func (s *shape) distinct() int { return min(max(1, 4<<20/s.Size), 64) }

// folder makes the run's folder, which others may pass: Postfix and its
// maildirs are not root's.
func (s *shape) folder() (string, error) {
	dir, err := os.MkdirTemp(s.Dir, "remload-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		return "", fmt.Errorf("making the run's folder: %w", err)
	}
	return dir, nil
}

// begin makes a world in a folder of the run; end gives both back.
func (s *shape) begin(how wiring) (dir string, w *world, end func() error, err error) {
	if dir, err = s.folder(); err != nil {
		return "", nil, nil, err
	}
	if w, err = newWorld(filepath.Join(dir, "rem"), how); err != nil {
		return "", nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return dir, w, func() error { return errors.Join(w.close(), os.RemoveAll(dir)) }, nil
}

// postfixCmd measures Postfix.
type postfixCmd struct {
	shape
	Relay bool `help:"From one Postfix to another into its maildir, in place of one into its maildir."`
}

var postfixColumns = []string{"accepted/s", "through/s", "p50 ms", "p99 ms", "CPU µs/msg"}

func (c *postfixCmd) Run(ctx context.Context, r *report) error {
	dir, err := c.folder()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bags, err := c.strangers(ctx)
	if err != nil {
		return err
	}
	round, stop, err := c.postfix(ctx, dir, c.Relay, bags)
	if err != nil {
		return err
	}
	defer stop()
	return takeTurns(ctx, r, fmt.Sprintf("Postfix, %d B, %d sessions", c.Size, c.Sessions), c.Rounds, postfixColumns,
		[]side{{c.postfixName(c.Relay), round}}, nil)
}

func (s *shape) postfixName(relay bool) string {
	if relay {
		return "Postfix, relay to a second Postfix, maildir"
	}
	return "Postfix, accept to maildir"
}

// strangers prepares mail for Postfix, a bag a session, signed as ours are.
func (s *shape) strangers(ctx context.Context) ([]*mailbag, error) {
	pki, err := simulator.New(simulator.Options{Clock: clock.System{}})
	if err != nil {
		return nil, err
	}
	who := simulator.People[0]
	from := "isil.ogutcu@hs90.kep.test"
	id, err := pki.Person(who, from, simulator.P256)
	if err != nil {
		return nil, err
	}
	signer, err := cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain, Hash: crypto.SHA256})
	if err != nil {
		return nil, err
	}
	out := make([]*mailbag, s.Sessions)
	for i := range out {
		out[i], err = prepare(ctx, bag{from: from, name: who.GivenName + " " + who.FamilyName, to: "bora@hs91.kep.test",
			size: s.Size, distinct: s.distinct(), signer: signer})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// postfix starts one Postfix, or two in a row, and gives a side of rounds.
func (s *shape) postfix(ctx context.Context, dir string, relay bool, bags []*mailbag) (round func(context.Context) ([]float64, error), stop func(), err error) {
	last, err := startPostfix(ctx, filepath.Join(dir, "postfix-b"), "")
	if err != nil {
		return nil, nil, err
	}
	first, stop := last, last.Stop
	if relay {
		if first, err = startPostfix(ctx, filepath.Join(dir, "postfix-a"), last.Address); err != nil {
			last.Stop()
			return nil, nil, err
		}
		stop = func() { first.Stop(); last.Stop() }
	}
	return func(ctx context.Context) ([]float64, error) {
		m, err := newMeter()
		if err != nil {
			return nil, err
		}
		l := load{sessions: s.Sessions, time: s.Time, count: s.Count,
			dial:  func(ctx context.Context, _ int) (*session, error) { return dial(ctx, first.endpoint()) },
			write: func(i int) *original { return bags[i].take() }}
		sent, err := l.run(ctx)
		if err != nil {
			return nil, err
		}
		at, err := last.arrived(ctx, sent.accepted)
		if err != nil {
			return nil, err
		}
		ours, _, err := m.read()
		if err != nil {
			return nil, err
		}
		n := float64(sent.accepted)
		return []float64{sent.rate(), n / at.Sub(sent.start).Seconds(), micro(sent.latency.quantile(0.5)) / 1000,
			micro(sent.latency.quantile(0.99)) / 1000, ours / n * 1e6}, last.empty()
	}, stop, nil
}
