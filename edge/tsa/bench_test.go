package tsa_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"rem/edge/tsa"
	"rem/trust/tsp"
)

// BenchmarkHTTP measures the door with 16 connections kept alive. "load" asks as
// a load generator does, with one request in bytes and answers unread but for
// their length; "client" is our own client, which verifies every token; "raw"
// is the signature alone.
func BenchmarkHTTP(b *testing.B) {
	const connections = 16
	w := newWorld(b)
	url := serve(b, tsa.NewHandler(w.responder, nil))
	sum := imprint("hello")
	b.Run("raw", func(b *testing.B) {
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if _, err := w.holder.Key.Sign(rand.Reader, sum, crypto.SHA256); err != nil {
					b.Error(err)
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
	})
	b.Run("16/load", func(b *testing.B) {
		der, err := (&tsp.Request{Hash: crypto.SHA256, Imprint: sum, Certificates: true}).DER()
		if err != nil {
			b.Fatal(err)
		}
		host := strings.TrimPrefix(url, "http://")
		request := append(fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Type: application/timestamp-query\r\nContent-Length: %d\r\n\r\n", host, len(der)), der...)
		share(b, connections, func(n int) error {
			conn, err := net.Dial("tcp", host)
			if err != nil {
				return err
			}
			defer conn.Close()
			in := bufio.NewReader(conn)
			for range n {
				if _, err := conn.Write(request); err != nil {
					return err
				}
				size, err := skip(in)
				if err != nil || size < 500 {
					return fmt.Errorf("answer of %d bytes: %v", size, err)
				}
			}
			return nil
		})
	})
	b.Run("16/client", func(b *testing.B) {
		c := w.client(b, nil, url)
		share(b, connections, func(n int) error {
			for range n {
				if _, err := c.Stamp(context.Background(), crypto.SHA256, sum); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// share divides b.N among goroutines and reports tokens a second.
func share(b *testing.B, parts int, work func(n int) error) {
	errs := make(chan error)
	b.ResetTimer()
	for i := range parts {
		go func() { errs <- work((b.N + i) / parts) }()
	}
	for range parts {
		if err := <-errs; err != nil {
			b.Error(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}

// skip reads past an answer with status 200 and gives the length of its body.
func skip(in *bufio.Reader) (int, error) {
	size := -1
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
			return 0, fmt.Errorf("status %q", line)
		}
		if length, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if size, err = strconv.Atoi(string(bytes.TrimSpace(length))); err != nil {
				return 0, err
			}
		}
		if len(line) == 2 {
			return in.Discard(size)
		}
	}
}
