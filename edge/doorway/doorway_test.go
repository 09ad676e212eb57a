package doorway_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"

	"rem/edge/doorway"
)

var errOver = errors.New("the door is shut")

// scarce is a listener without descriptors for its first connections.
type scarce struct {
	net.Listener
	left int
	err  error
}

func (s *scarce) Accept() (net.Conn, error) {
	if s.left--; s.left >= 0 {
		return nil, s.err
	}
	return s.Listener.Accept()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestADoorStaysOpenForWantOfDescriptorsUntilItIsShut(t *testing.T) {
	d := &doorway.Doorway{Name: "test", Closed: errOver, Log: slog.New(slog.DiscardHandler)}
	l := &scarce{listen(t), 2, &net.OpError{Op: "accept", Err: syscall.EMFILE}}
	came, served := make(chan net.Conn), make(chan error)
	go func() { served <- d.Serve(l, func(c net.Conn) { came <- c }) }()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	inside := <-came
	defer inside.Close()
	if got, want := doorway.Remote(inside).String(), c.LocalAddr().String(); got != want {
		t.Errorf("the other end is %s, want %s", got, want)
	}
	d.Shut()
	if err := <-served; !errors.Is(err, errOver) {
		t.Errorf("Serve: %v, want %v", err, errOver)
	}
	late := listen(t)
	if err := d.Serve(late, func(net.Conn) { t.Error("somebody came through a door that is shut") }); !errors.Is(err, errOver) {
		t.Errorf("Serve after Shut: %v, want %v", err, errOver)
	}
	if _, err := late.Accept(); err == nil {
		t.Error("the listener is open still")
	}
}

func TestAListenersOwnFaultIsReturned(t *testing.T) {
	d := &doorway.Doorway{Name: "test", Closed: errOver, Log: slog.New(slog.DiscardHandler)}
	err := d.Serve(&scarce{listen(t), 1, syscall.EBADF}, nil)
	if !errors.Is(err, syscall.EBADF) || !strings.Contains(err.Error(), "accepting test") {
		t.Errorf("got %v", err)
	}
}

func TestWhoIsInsideIsWaitedForWhileThereIsTime(t *testing.T) {
	var inside sync.WaitGroup
	inside.Add(1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := doorway.Empty(ctx, &inside); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	inside.Done()
	if err := doorway.Empty(t.Context(), &inside); err != nil {
		t.Error(err)
	}
}

func TestAPseudonymIsOneForAnAddressAndOneRun(t *testing.T) {
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	m := doorway.NewMask()
	first := m.Of(a)
	if m.Of(a) != first || m.Of(b) == first || doorway.NewMask().Of(a) == first || strings.Contains(first, "192") {
		t.Errorf("%s and %s", first, m.Of(b))
	}
}
