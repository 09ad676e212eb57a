package smtpout

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// A Sender sends messages. Its methods may be called from many goroutines.
type Sender struct {
	name        string
	certificate tls.Certificate
	dial        func(ctx context.Context, network, address string) (net.Conn, error)
	limits      Limits

	mu     sync.Mutex
	closed bool              // guarded by mu
	peers  map[peerKey]*pool // guarded by mu; those in use or with idle links
}

type peerKey struct {
	name, address string
	implicit      bool
}

// A pool is the connections to one peer.
type pool struct {
	slots chan struct{} // one for each connection in use
	users int           // guarded by Sender.mu
	idle  []*link       // guarded by Sender.mu; the last used is the last
}

func (p Peer) key() peerKey { return peerKey{p.Name, p.Address, p.Implicit} }

// enter waits for a slot to the peer.
func (s *Sender) enter(ctx context.Context, k peerKey) (*pool, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, ErrClosed
	}
	p := s.peers[k]
	if p == nil {
		p = &pool{slots: make(chan struct{}, s.limits.PerPeer)}
		s.peers[k] = p
	}
	p.users++
	s.mu.Unlock()
	select {
	case p.slots <- struct{}{}:
		return p, nil
	case <-ctx.Done():
		s.forget(k, p)
		return nil, fmt.Errorf("waiting for a connection: %w", ctx.Err())
	}
}

// leave gives the slot back, and the link if it can be used again.
func (s *Sender) leave(k peerKey, p *pool, l *link) {
	if l != nil && !s.keep(k, p, l) {
		l.quit()
	}
	<-p.slots
	s.forget(k, p)
}

func (s *Sender) forget(k peerKey, p *pool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.users--
	if p.users == 0 && len(p.idle) == 0 && s.peers[k] == p {
		delete(s.peers, k)
	}
}

// keep puts a link by, to be used again or closed when its time is over.
func (s *Sender) keep(k peerKey, p *pool, l *link) bool {
	if l.broken || l.uses >= s.limits.Uses || l.r.Buffered() > 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(p.idle) >= s.limits.IdlePerPeer {
		return false
	}
	p.idle = append(p.idle, l)
	l.timer = time.AfterFunc(s.limits.Idle, func() {
		s.mu.Lock()
		i := slices.Index(p.idle, l)
		if i >= 0 {
			p.idle = slices.Delete(p.idle, i, i+1)
			if p.users == 0 && len(p.idle) == 0 && s.peers[k] == p {
				delete(s.peers, k)
			}
		}
		s.mu.Unlock()
		if i >= 0 {
			l.quit()
		}
	})
	return true
}

// reuse takes the idle link that was used last, if its certificate is one that
// is still pinned: pins may have changed since.
func (s *Sender) reuse(p *pool, peer Peer) *link {
	for {
		s.mu.Lock()
		if len(p.idle) == 0 {
			s.mu.Unlock()
			return nil
		}
		l := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		s.mu.Unlock()
		l.timer.Stop()
		if slices.Contains(peer.Pins, l.pin) {
			return l
		}
		l.quit()
	}
}

// Close ends the idle connections. Messages on the way are finished; their
// connections are closed then.
func (s *Sender) Close() {
	s.mu.Lock()
	s.closed = true
	var idle []*link
	for _, p := range s.peers {
		idle = append(idle, p.idle...)
		p.idle = nil
	}
	s.mu.Unlock()
	for _, l := range idle {
		l.timer.Stop()
		l.quit()
	}
}
