package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"rem/internal/testkit/postfix"
)

// A mailServer is a Postfix that is measured.
type mailServer struct{ *postfix.Instance }

// startPostfix starts an instance. With a relay host it takes everything and
// hands it on; without, it takes everything into its maildir.
func startPostfix(ctx context.Context, dir, relay string) (*mailServer, error) {
	p, err := postfix.Start(ctx, postfix.Options{Dir: dir, Relay: relay})
	if errors.Is(err, postfix.ErrMissing) || errors.Is(err, postfix.ErrNotRoot) {
		err = fmt.Errorf("%w; or leave Postfix out with --alone", err)
	}
	if err != nil {
		return nil, err
	}
	return &mailServer{p}, nil
}

func (p *mailServer) endpoint() endpoint { return endpoint{address: p.Address} }

// arrived waits until the maildir holds n messages and gives the time when the
// last one was complete there.
func (p *mailServer) arrived(ctx context.Context, n int64) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		names, err := names(p.Maildir)
		if err != nil {
			return time.Time{}, err
		}
		if int64(len(names)) > n {
			return time.Time{}, fmt.Errorf("found %d messages where Postfix took %d", len(names), n)
		}
		if int64(len(names)) == n {
			return p.latest(names)
		}
		select {
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("found %d messages where Postfix took %d: %w", len(names), n, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func names(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // nothing was delivered yet
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

func (p *mailServer) latest(names []string) (last time.Time, err error) {
	for _, name := range names {
		info, err := os.Stat(filepath.Join(p.Maildir, name))
		if err != nil {
			return last, err
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok { // renamed into the maildir
			if at := time.Unix(stat.Ctim.Unix()); at.After(last) {
				last = at
			}
		}
	}
	return last, nil
}

// empty takes the messages of a round away, so that the next one finds the
// folder as this one did.
func (p *mailServer) empty() error {
	names, err := names(p.Maildir)
	for _, name := range names {
		err = errors.Join(err, os.Remove(filepath.Join(p.Maildir, name)))
	}
	return err
}
