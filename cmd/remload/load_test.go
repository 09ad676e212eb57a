package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"rem/edge/simulator"
	"rem/internal/testkit/pki"
	"rem/mail/mime"
	"rem/mail/smime"
	"rem/trust/cades"
)

// mails prepares a bag of signed originals.
func mails(t *testing.T, size, distinct int) *mailbag {
	t.Helper()
	w := pki.New(t, simulator.Options{})
	id := w.Signatory(0, "isil@hs90.kep.test")
	signer, err := cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain, Hash: crypto.SHA256})
	if err != nil {
		t.Fatal(err)
	}
	b, err := prepare(t.Context(), bag{from: "isil@hs90.kep.test", name: "Işıl Çağrı Öğütçü", to: "bora@hs91.kep.test", size: size, distinct: distinct, signer: signer})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOriginalsAreSignedAndOfTheSizeThatWasAskedFor(t *testing.T) {
	for _, size := range []int{5 << 10, 16 << 10, 1 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			b := mails(t, size, 2)
			seen := map[string]bool{}
			for range 4 {
				m := b.take()
				if seen[m.id] {
					t.Errorf("Message-ID %s came twice", m.id)
				}
				seen[m.id] = true
				whole := append(bytes.Clone(m.head), bytes.TrimSuffix(m.body, []byte(".\r\n"))...)
				if got := len(whole); got < size*9/10 || got > size*11/10 {
					t.Errorf("an original has %d octets, want about %d", got, size)
				}
				src := mime.Memory(whole)
				read, err := mime.Parse(src, mime.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := smime.Verify(src, read.Part, cades.VerifyOptions{}); err != nil {
					t.Errorf("the signature of an original: %v", err)
				}
			}
		})
	}
}

// A taker is the least SMTP server: it takes what comes, and refuses the message
// whose number is given.
type taker struct {
	refuse int
	mu     sync.Mutex
	got    [][]byte // guarded by mu
}

func (k *taker) listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { k.serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); serving.Wait() })
	return l.Addr().String()
}

func (k *taker) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	fmt.Fprint(c, "220 taker\r\n")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(strings.TrimSpace(line), " "); verb {
		case "EHLO":
			fmt.Fprint(c, "250-taker\r\n250 PIPELINING\r\n")
		case "QUIT":
			fmt.Fprint(c, "221 bye\r\n")
			return
		case "DATA":
			fmt.Fprint(c, "354 go on\r\n")
			var data []byte
			for !bytes.HasSuffix(data, []byte("\r\n.\r\n")) {
				line, err := in.ReadSlice('\n')
				if err != nil {
					return
				}
				data = append(data, line...)
			}
			k.mu.Lock()
			k.got = append(k.got, data)
			n := len(k.got)
			k.mu.Unlock()
			if n == k.refuse {
				fmt.Fprint(c, "550 5.7.1 no\r\n")
				continue
			}
			fmt.Fprint(c, "250 taken\r\n")
		default:
			fmt.Fprint(c, "250 ok\r\n")
		}
	}
}

func loadOf(t *testing.T, address string, sessions int, count int64) *load {
	bags := make([]*mailbag, sessions)
	for i := range bags {
		bags[i] = mails(t, 5<<10, 2)
	}
	return &load{sessions: sessions, time: time.Minute, count: count,
		dial:  func(ctx context.Context, _ int) (*session, error) { return dial(ctx, endpoint{address: address}) },
		write: func(i int) *original { return bags[i].take() }}
}

func TestEveryMessageOfALoadArrivesOnceAndIsCounted(t *testing.T) {
	k := new(taker)
	sent, err := loadOf(t, k.listen(t), 4, 50).run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if sent.accepted != 50 || len(k.got) != 50 {
		t.Errorf("%d were counted and %d arrived, want 50", sent.accepted, len(k.got))
	}
	seen := map[string]bool{}
	for _, m := range k.got {
		id, _, _ := bytes.Cut(m, []byte("\r\n"))
		if seen[string(id)] {
			t.Errorf("%s arrived twice", id)
		}
		seen[string(id)] = true
	}
	if sent.latency.quantile(0.5) <= 0 {
		t.Error("no time passed between sending and acceptance")
	}
}

func TestAMessageThatIsRefusedEndsTheLoadWithAnError(t *testing.T) {
	k := &taker{refuse: 7}
	_, err := loadOf(t, k.listen(t), 2, 50).run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "550 5.7.1 no") {
		t.Errorf("got %v, want the refusal", err)
	}
}

func TestAServerThatIsNotThereEndsTheLoadWithAnError(t *testing.T) {
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := loadOf(t, address, 2, 50).run(t.Context()); err == nil {
		t.Error("got nil, want an error")
	}
}
