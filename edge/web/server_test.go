package web

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// started opens the server of a frame on this machine.
func started(t *testing.T, f *frame) (address string, certificates *tls.Config) {
	t.Helper()
	borrowed := httptest.NewUnstartedServer(http.NotFoundHandler())
	borrowed.StartTLS()
	t.Cleanup(borrowed.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := f.Server(&tls.Config{Certificates: borrowed.TLS.Certificates, MinVersion: tls.VersionTLS10})
	done := make(chan error, 1)
	go func() { done <- server.ServeTLS(f.Listen(l), "", "") }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	client := borrowed.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	client.ServerName = "example.com"
	return l.Addr().String(), client
}

func dial(t *testing.T, address string, c *tls.Config) (*tls.Conn, error) {
	t.Helper()
	conn, err := tls.Dial("tcp", address, c)
	if err == nil {
		t.Cleanup(func() { conn.Close() })
	}
	return conn, err
}

// Older TLS than 1.2 is not spoken, whatever the configuration asks for.
func TestTheServerSpeaksModernTLSAlone(t *testing.T) {
	address, c := started(t, newFrame(t))
	for version, want := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		old := c.Clone()
		old.MinVersion, old.MaxVersion = version, version
		if _, err := dial(t, address, old); (err == nil) != want {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
}

// AT-07, AT-38: a header is bounded, and so are connections from one address; one
// that ends makes room.
func TestConnectionsAndHeadersAreBounded(t *testing.T) {
	f := newFrame(t, Route{Name: "home", Method: "GET", Pattern: "/", Who: Public})
	f.config.Limits.PerAddress = 3
	address, c := started(t, f)
	ask := func(conn *tls.Conn, more string) (int, error) {
		if _, err := fmt.Fprintf(conn, "GET /tr HTTP/1.1\r\nHost: kep.test\r\n%s\r\n", more); err != nil {
			return 0, err
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return 0, err
		}
		_, err = io.Copy(io.Discard, answer.Body)
		return answer.StatusCode, err
	}
	var open []*tls.Conn
	for range 3 {
		conn, err := dial(t, address, c)
		if err != nil {
			t.Fatal(err)
		}
		if code, err := ask(conn, ""); code != 200 || err != nil {
			t.Fatal(code, err)
		}
		open = append(open, conn)
	}
	if _, err := dial(t, address, c); err == nil {
		t.Error("a fourth connection is served")
	}
	if code, err := ask(open[0], "X: "+strings.Repeat("x", 2*headerSize)+"\r\n"); code != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a large header: %d %v", code, err)
	}
	open[1].Close()
	for deadline := time.Now().Add(time.Minute); ; {
		conn, err := dial(t, address, c)
		if err == nil {
			if code, err := ask(conn, ""); code != 200 || err != nil {
				t.Errorf("after one ended: %d %v", code, err)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("one that ended makes no room")
		}
	}
	if got := network(&net.TCPAddr{IP: net.ParseIP("2001:db8::1:2:3:4"), Port: 1}); got.String() != "2001:db8::/64" {
		t.Errorf("a house of IPv6 is %s", got)
	}
	if got := network(&net.TCPAddr{IP: net.ParseIP("::ffff:192.0.2.7"), Port: 1}); got.String() != "192.0.2.7/32" {
		t.Errorf("an IPv4 address is %s", got)
	}
}
