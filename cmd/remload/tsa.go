package main

import (
	"bufio"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rem/internal/node"
	"rem/internal/setup"
	"rem/trust/tsp"
)

// tsaCmd measures time stamps over HTTP.
type tsaCmd struct {
	Connections int           `help:"Connections at once." default:"16"`
	Time        time.Duration `help:"How long each side is measured in a round." default:"2s"`
	Rounds      int           `help:"Undisturbed rounds of each side." default:"3"`
	Peer        string        `help:"Program of sigstore's timestamp-authority (timestamp-server), to take turns with." type:"existingfile" placeholder:"FILE"`
}

// Run asks the authority of the simulated world, and a peer's, with the same
// questions.
func (c *tsaCmd) Run(ctx context.Context, r *report) error {
	node.CollectSeldom() // as remd, in which the authority works
	dir, err := os.MkdirTemp("", "remload-tsa-")
	if err != nil {
		return fmt.Errorf("making the run's folder: %w", err)
	}
	defer os.RemoveAll(dir)
	w, err := setup.New(filepath.Join(dir, "world"), setup.Options{Domains: []string{senders}})
	if err != nil {
		return err
	}
	defer w.Close()
	ours, path, _ := strings.Cut(strings.TrimPrefix(w.Providers[0].Config.Timestamp[0].URL, "http://"), "/")
	columns := []string{"tokens/s", "p50 ms", "p99 ms", "CPU µs/token"}
	sides := []side{{"rem", func(ctx context.Context) ([]float64, error) { return c.round(ours, "/"+path) }}}
	if c.Peer == "" {
		return takeTurns(ctx, r, fmt.Sprintf("time stamps over HTTP, %d connections", c.Connections), c.Rounds, columns, sides, nil)
	}
	theirs, stop, err := startPeer(c.Peer)
	if err != nil {
		return err
	}
	defer stop()
	sides = append(sides, side{"timestamp-authority", func(ctx context.Context) ([]float64, error) { return c.round(theirs, "/api/v1/timestamp") }})
	return takeTurns(ctx, r, fmt.Sprintf("time stamps over HTTP, %d connections", c.Connections), c.Rounds, columns, sides,
		[]share{{"tokens/s ÷ timestamp-authority's", 0, 1, 0, 0, 1, "G9 ≥ 3, aim 6"}, {"timestamp-authority's CPU ÷ ours, the asker's included", 1, 0, 3, 3, 1, ""}})
}

// startPeer runs sigstore's authority with a key in memory.
func startPeer(program string) (address string, stop func(), err error) {
	if address, err = freeAddress(); err != nil {
		return "", nil, err
	}
	host, port, _ := strings.Cut(address, ":")
	log := new(tail)
	p := exec.Command(program, "serve", "--host", host, "--port", port, "--timestamp-signer", "memory", "--disable-ntp-monitoring", "--log-type", "prod")
	p.Stdout, p.Stderr = log, log
	if err := p.Start(); err != nil {
		return "", nil, fmt.Errorf("starting the peer: %w", err)
	}
	stop = func() { p.Process.Kill(); p.Wait() }
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return address, stop, nil
		}
	}
	stop()
	return "", nil, fmt.Errorf("the peer does not answer: %s", log)
}

// round asks from many connections, each with its next question when it has an
// answer. The first answer of each is read as a token, the others by their
// status and length.
func (c *tsaCmd) round(address, path string) ([]float64, error) {
	digest := sha256.Sum256([]byte("remload"))
	request := tsp.Request{Hash: crypto.SHA256, Imprint: digest[:], Certificates: true}
	der, err := request.DER()
	if err != nil {
		return nil, err
	}
	question := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/timestamp-query\r\nContent-Length: %d\r\n\r\n%s", path, address, len(der), der)
	m, err := newMeter()
	if err != nil {
		return nil, err
	}
	parts := make([]histogram, c.Connections)
	var failed atomic.Pointer[error]
	var asking sync.WaitGroup
	start := time.Now()
	for i := range parts {
		asking.Go(func() {
			if err := c.connection(address, question, &request, start, &parts[i]); err != nil {
				failed.Store(&err)
			}
		})
	}
	asking.Wait()
	took := time.Since(start)
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	used, _, err := m.read()
	if err != nil {
		return nil, err
	}
	var h histogram
	for i := range parts {
		h.merge(&parts[i])
	}
	n := float64(h.total)
	return []float64{n / took.Seconds(), micro(h.quantile(0.5)) / 1000, micro(h.quantile(0.99)) / 1000, used / n * 1e6}, nil
}

func (c *tsaCmd) connection(address string, question []byte, request *tsp.Request, start time.Time, h *histogram) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for time.Since(start) < c.Time {
		began := time.Now()
		if err := conn.SetDeadline(began.Add(patience)); err != nil {
			return err
		}
		if _, err := conn.Write(question); err != nil {
			return err
		}
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		b, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			return err
		}
		// 200 and 201 are both given for a token; whether it is one is looked at once.
		if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusCreated {
			return fmt.Errorf("the authority answered %s: %.200s", answer.Status, b)
		}
		if h.total == 0 {
			if err := isToken(request, b); err != nil {
				return err
			}
		}
		h.add(time.Since(began))
	}
	return nil
}

// isToken checks an answer against the question, whoever signed it.
func isToken(request *tsp.Request, answer []byte) error {
	// The token is the second element of the answer (RFC 3161 2.4.2): its own
	// certificates say whom to expect.
	for at := 0; at < len(answer)-4 && at < 32; at++ {
		if t, err := tsp.Parse(answer[at:]); err == nil {
			_, err = request.Check(answer, tsp.Expectation{Authorities: []*x509.Certificate{t.Certificates[0]}, Known: t.Certificates})
			return err
		}
	}
	return fmt.Errorf("the answer holds no token: %x", answer[:min(len(answer), 32)])
}
