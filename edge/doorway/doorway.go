package doorway

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// pause is the wait after an accept that failed for want of resources.
const pause = 50 * time.Millisecond

// A Doorway accepts connections on listeners. Its exported fields are set before its
// first use; it may be used from many goroutines.
type Doorway struct {
	// Name is the protocol's, in events and errors.
	Name string
	// Closed is what Serve returns after Shut.
	Closed error
	Log    *slog.Logger

	mu        sync.Mutex
	shut      bool                      // guarded by mu
	listeners map[net.Listener]struct{} // guarded by mu
}

// Serve hands the connections of l to admit, which does not wait, until Shut, and
// closes l. Otherwise it returns the listener's error.
func (d *Doorway) Serve(l net.Listener, admit func(net.Conn)) error {
	defer l.Close()
	if !d.add(l) {
		return d.Closed
	}
	defer d.remove(l)
	for {
		c, err := l.Accept()
		if err == nil {
			admit(c)
			continue
		}
		if d.isShut() {
			return d.Closed
		}
		if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() || passes(err) {
			// Out of descriptors, most likely. A pause lets sessions end.
			d.Log.Warn(d.Name+" accept", "err", err.Error())
			time.Sleep(pause)
			continue
		}
		return fmt.Errorf("accepting %s: %w", d.Name, err)
	}
}

// Shut accepts nobody any more.
func (d *Doorway) Shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = true
	for l := range d.listeners {
		_ = l.Close()
	}
}

func (d *Doorway) add(l net.Listener) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut {
		return false
	}
	if d.listeners == nil {
		d.listeners = map[net.Listener]struct{}{}
	}
	d.listeners[l] = struct{}{}
	return true
}

func (d *Doorway) remove(l net.Listener) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.listeners, l)
}

func (d *Doorway) isShut() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shut
}

// passes reports an accept error that passes: no descriptors, no memory, or a client
// that went away while it waited.
func passes(err error) bool {
	for _, e := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Empty waits until those inside have left, or ctx ends, whose error it returns then.
func Empty(ctx context.Context, inside *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() {
		inside.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Remote is the address of who is at the other end of TCP, zero otherwise.
func Remote(c net.Conn) netip.AddrPort {
	if t, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return t.AddrPort()
	}
	return netip.AddrPort{}
}

// A Mask turns network addresses into pseudonyms for logs. It lives as long as the
// process: lines of one run belong together, and nobody can go back from a pseudonym to
// an address by trying all of them.
type Mask [16]byte

// NewMask makes one.
func NewMask() (m Mask) {
	_, _ = rand.Read(m[:]) // never fails
	return m
}

// Of is the pseudonym of an address.
func (m Mask) Of(a netip.Addr) string {
	mac := hmac.New(sha256.New, m[:])
	mac.Write(a.AsSlice())
	return "net-" + hex.EncodeToString(mac.Sum(nil)[:6])
}
