package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// imapCmd measures how fast a mail program gets what is in a mailbox.
type imapCmd struct {
	wiring
	Messages int    `help:"Messages in the mailbox." default:"10000"`
	Size     int    `help:"Octets of an original." default:"10000"`
	Rounds   int    `help:"Rounds that are kept." default:"5"`
	Dir      string `help:"Folder for all that is stored. Default: the folder for temporary files." type:"path" placeholder:"DIR"`
}

// Run fills a mailbox by submission, opens all of it for the first time, with the
// evidence that this makes, and then has us and Dovecot give the same messages in
// turns. Both are asked by the same client, over TLS, for FETCH 1:* BODY.PEEK[].
func (c *imapCmd) Run(ctx context.Context, r *report) (err error) {
	s := &shape{Sessions: 16, Size: c.Size, Time: time.Hour, Count: int64(c.Messages), Dir: c.Dir}
	dir, w, end, err := s.begin(c.wiring)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	p, err := w.start(ctx, 0)
	if err != nil {
		return err
	}
	people, err := w.holders(ctx, p, s.Sessions)
	if err != nil {
		return err
	}
	bags, err := w.bags(ctx, s, people[1:], people[:1])
	if err != nil {
		return err
	}
	if _, err := w.round(ctx, s, p, p, bags, "check"); err != nil {
		return err
	}
	ours := reader{server: p.process.Process.Pid, address: p.config.Listen.IMAP, user: people[0].Address, password: w.password, tls: &tls.Config{RootCAs: w.Root(), ServerName: p.config.Provider.Domain}}
	if err := ours.wait(ctx, c.Messages); err != nil {
		return fmt.Errorf("%w\n%s", err, p.log)
	}
	r.say("%d messages are in the mailbox", c.Messages)

	first, err := ours.fetch(ctx, c.Messages, nil)
	if err != nil {
		return fmt.Errorf("opening for the first time: %w\n%s", err, p.log)
	}
	t := r.table(fmt.Sprintf("first opening over IMAP, %d messages of %d B, evidence for each", c.Messages, c.Size), "", readColumns...)
	t.add("rem", first...)
	r.say("opened for the first time: %s messages/s", figure(first[0]))
	// The mailbox follows the openings, and the search what came; who reads old mail
	// does so long after that.
	if err := rests(ctx, ours.server); err != nil {
		return err
	}

	box := filepath.Join(dir, "Maildir")
	if err := os.MkdirAll(filepath.Join(box, "cur"), 0o755); err != nil {
		return fmt.Errorf("making the maildir: %w", err)
	}
	_, err = ours.fetch(ctx, c.Messages, func(i int, body []byte) error {
		return os.WriteFile(filepath.Join(box, "cur", fmt.Sprintf("%d.M%06d.host:2,S", 1700000000+i, i)), body, 0o644)
	})
	if err != nil {
		return fmt.Errorf("copying the mailbox: %w", err)
	}
	d, err := startDovecot(ctx, filepath.Join(dir, "dovecot"), box)
	if err != nil {
		return err
	}
	defer d.stop()
	theirs := reader{server: d.process.Process.Pid, address: d.address, user: "user", password: d.password, tls: &tls.Config{RootCAs: d.root, ServerName: "localhost"}}
	if _, err := theirs.fetch(ctx, c.Messages, nil); err != nil { // it makes its index
		return fmt.Errorf("asking Dovecot: %w\n%s", err, d.log)
	}
	if err := sameCipher(ctx, r, &ours, &theirs); err != nil {
		return err
	}
	return takeTurns(ctx, r, fmt.Sprintf("FETCH 1:* BODY.PEEK[], %d messages of %d B, opened before", c.Messages, c.Size), c.Rounds, readColumns,
		[]side{
			{"rem", func(ctx context.Context) ([]float64, error) { return ours.fetch(ctx, c.Messages, nil) }},
			{"Dovecot", func(ctx context.Context) ([]float64, error) { return theirs.fetch(ctx, c.Messages, nil) }},
		},
		[]share{
			{name: "rem / Dovecot, messages", over: 0, under: 1, factor: 1, goal: "≥ 1"},
			{name: "Dovecot / rem, processor time of a message", over: 1, overColumn: 3, under: 0, underColumn: 3, factor: 1},
		})
}

// The processor time is the server's alone, user and system, with all its processes.
var readColumns = []string{"messages/s", "MB/s", "log in and select, ms", "CPU µs/msg"}

// A reader is a mail program: one connection, one folder, everything in it.
type reader struct {
	address, user, password string
	tls                     *tls.Config
	server                  int // its first process
}

// A mailProgram is one connection of a reader.
type mailProgram struct {
	*tls.Conn
	in *bufio.Reader
}

func (r *reader) dial(ctx context.Context) (*mailProgram, error) {
	d := tls.Dialer{Config: r.tls}
	c, err := d.DialContext(ctx, "tcp", r.address)
	if err != nil {
		return nil, fmt.Errorf("calling %s: %w", r.address, err)
	}
	m := &mailProgram{c.(*tls.Conn), bufio.NewReaderSize(c, 64<<10)}
	if _, err := m.in.ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("reading a greeting: %w", err), c.Close())
	}
	return m, nil
}

// do gives a command and passes what is answered to line and literal, which may be
// nil.
func (m *mailProgram) do(command string, line func(string), literal func(io.Reader) error) error {
	if _, err := fmt.Fprintf(m, "x %s\r\n", command); err != nil {
		return err
	}
	for {
		b, err := m.in.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("reading an answer: %w", err)
		}
		s := strings.TrimRight(string(b), "\r\n")
		if rest, ok := strings.CutPrefix(s, "x "); ok {
			if !strings.HasPrefix(rest, "OK") {
				return fmt.Errorf("answered: %s", rest)
			}
			return nil
		}
		if line != nil {
			line(s)
		}
		if !strings.HasSuffix(s, "}") {
			continue
		}
		n, err := strconv.ParseInt(s[strings.LastIndexByte(s, '{')+1:len(s)-1], 10, 64)
		if err != nil {
			continue
		}
		body := io.LimitReader(m.in, n)
		if literal != nil {
			if err := literal(body); err != nil {
				return err
			}
		}
		if _, err := m.in.Discard(int(body.(*io.LimitedReader).N)); err != nil {
			return fmt.Errorf("reading a literal: %w", err)
		}
	}
}

func (m *mailProgram) enter(r *reader) error {
	return m.do(fmt.Sprintf("LOGIN %q %q", r.user, r.password), nil, nil)
}

// fetch gets every body of the inbox.
func (r *reader) fetch(ctx context.Context, want int, keep func(i int, body []byte) error) ([]float64, error) {
	began := time.Now()
	m, err := r.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	if err := m.enter(r); err != nil {
		return nil, err
	}
	if err := m.do("SELECT INBOX", nil, nil); err != nil {
		return nil, err
	}
	before, err := usedBy(r.server)
	if err != nil {
		return nil, err
	}
	ready := time.Now()
	messages, octets := 0, int64(0)
	err = m.do("FETCH 1:* BODY.PEEK[]", nil, func(in io.Reader) error {
		messages++
		octets += in.(*io.LimitedReader).N
		if keep == nil {
			return nil
		}
		body, err := io.ReadAll(in)
		if err != nil {
			return err
		}
		return keep(messages, body)
	})
	if err != nil {
		return nil, err
	}
	if messages != want {
		return nil, fmt.Errorf("%d messages came, not %d", messages, want)
	}
	took := time.Since(ready).Seconds()
	after, err := usedBy(r.server)
	if err != nil {
		return nil, err
	}
	return []float64{float64(messages) / took, float64(octets) / 1e6 / took, float64(ready.Sub(began).Microseconds()) / 1000, (after - before) / float64(messages) * 1e6}, m.do("LOGOUT", nil, nil)
}

// wait waits until the mailbox has followed what was delivered.
func (r *reader) wait(ctx context.Context, want int) error {
	m, err := r.dial(ctx)
	if err != nil {
		return err
	}
	defer m.Close()
	if err := m.enter(r); err != nil {
		return err
	}
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(200 * time.Millisecond) {
		there := false
		if err := m.do("STATUS INBOX (MESSAGES)", func(s string) { there = there || strings.Contains(s, fmt.Sprintf("(MESSAGES %d)", want)) }, nil); err != nil {
			return err
		}
		if there {
			return nil
		}
	}
	return errors.New("the mailbox does not follow what was delivered")
}

// sameCipher has both servers speak the same: encrypting is a good part of what is
// compared.
func sameCipher(ctx context.Context, r *report, readers ...*reader) error {
	var spoken []string
	for _, one := range readers {
		m, err := one.dial(ctx)
		if err != nil {
			return err
		}
		state := m.ConnectionState()
		spoken = append(spoken, tls.VersionName(state.Version)+" with "+tls.CipherSuiteName(state.CipherSuite))
		if err := m.Close(); err != nil {
			return fmt.Errorf("asking for the cipher: %w", err)
		}
	}
	if len(slices.Compact(slices.Clone(spoken))) > 1 {
		return fmt.Errorf("they cannot be compared: they speak %s", strings.Join(spoken, " and "))
	}
	r.note("Both speak %s.", spoken[0])
	return nil
}
