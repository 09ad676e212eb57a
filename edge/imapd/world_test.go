package imapd_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"rem"
	"rem/edge/blobstore"
	"rem/edge/imapd"
	"rem/edge/mailstore"
	"rem/internal/testkit"
	"rem/internal/testkit/tlskit"
	"rem/internal/testkit/vaulttest"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/retrieval"
	"rem/person/account"
	"rem/privacy"
	"rem/privacy/inventory"
)

const (
	address  = "ayse@hs01.kep.test"
	password = "dogru-parola-1234"
)

// A world is a server over a real store of mailboxes, with messages in memory.
type world struct {
	t      testing.TB
	srv    *imapd.Server
	addr   string
	cert   tls.Certificate
	box    *mailbox.Box
	store  *mailstore.Store
	ledger *ledger
	clock  *testkit.Clock
	who    mailbox.Visitor
	gone   atomic.Bool // the password was replaced
	items  int
}

// A ledger has messages, and counts what opening them records.
type ledger struct {
	mu     sync.Mutex
	views  map[rem.MessageID]*message.View
	bodies map[message.Ref]message.Content
	opened map[rem.MessageID]int // evidence made, by message
	peeked atomic.Int64
	pause  chan struct{} // not nil: openings wait for it
}

func (l *ledger) Message(_ context.Context, id rem.MessageID) (*message.View, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if v, ok := l.views[id]; ok {
		return v, nil
	}
	return nil, message.ErrNotFound
}

func (l *ledger) Evidence(context.Context, rem.EvidenceID) (message.Filed, error) {
	return message.Filed{}, message.ErrNotFound
}

func (l *ledger) EvidenceOf(context.Context, rem.MessageID) ([]message.Filed, error) { return nil, nil }

func (l *ledger) Open(_ context.Context, ref message.Ref) (message.Content, error) {
	l.peeked.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if c, ok := l.bodies[ref]; ok {
		return c, nil
	}
	return nil, message.ErrNotFound
}

func (l *ledger) Usage(context.Context, rem.AccountID) (message.Usage, error) {
	return message.Usage{}, nil
}

// A retriever counts the first openings.
type retriever struct{ *ledger }

func (r retriever) Open(ctx context.Context, _ retrieval.Login, id rem.MessageID, _ int) (message.Content, error) {
	r.mu.Lock()
	pause := r.pause
	v := r.views[id]
	r.mu.Unlock()
	if pause != nil {
		select {
		case <-pause:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if v == nil {
		return nil, message.ErrNotFound
	}
	r.mu.Lock()
	r.opened[id]++
	r.mu.Unlock()
	return r.ledger.Open(ctx, v.Record.Original)
}

func (l *ledger) openings() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.opened {
		n += k
	}
	return n
}

type accounts struct{ a account.Account }

func (s accounts) Account(_ context.Context, id rem.AccountID) (account.Account, error) {
	if id != s.a.ID {
		return account.Account{}, account.ErrNotFound
	}
	return s.a, nil
}

type nobodysName struct{}

func (nobodysName) Acting(context.Context, mailbox.Visitor, account.Account) (privacy.Value, error) {
	return privacy.Value{}, nil
}

func (nobodysName) Holding(context.Context, mailbox.Visitor, account.Account) (privacy.Value, error) {
	return privacy.Value{}, nil
}

// Authenticate implements imapd.Backend.
func (w *world) Authenticate(_ context.Context, _ string, _ netip.AddrPort, user, secret string) (imapd.Principal, error) {
	if user == "suspended@hs01.kep.test" {
		return imapd.Principal{}, rem.Refuse(rem.PolicyViolation, "Hesap askıda.", "The account is suspended.")
	}
	if user == "broken@hs01.kep.test" {
		return imapd.Principal{}, errors.New("the disk of Ayşe is broken")
	}
	if user != address || secret != password {
		return imapd.Principal{}, fmt.Errorf("%w", imapd.ErrCredentials)
	}
	return imapd.Principal{Visitor: w.who}, nil
}

// Holds implements imapd.Backend.
func (w *world) Holds(context.Context, imapd.Principal) error {
	if w.gone.Load() {
		return imapd.ErrLoggedOut
	}
	return nil
}

// A spool in memory.
type spool struct {
	*message.Memory
	b []byte
}

func (s *spool) Write(p []byte) (int, error) { s.b = append(s.b, p...); return len(p), nil }
func (s *spool) Seal() error                 { s.Memory = message.InMemory(s.b); return nil }
func (s *spool) Close() error                { return nil }

func newWorld(t testing.TB, change func(*imapd.Config)) *world {
	t.Helper()
	clock := testkit.NewClock(time.Time{})
	w := &world{t: t, clock: clock, ledger: &ledger{views: map[rem.MessageID]*message.View{}, bodies: map[message.Ref]message.Content{}, opened: map[rem.MessageID]int{}}}
	vault := vaulttest.New(t, inventory.Today())
	names, err := privacy.NewBlindIndexer(t.Context(), vault.Keys, mailstore.FolderIndex)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files, err := blobstore.Disk(filepath.Join(dir, "files"))
	if err != nil {
		t.Fatal(err)
	}
	w.store, err = mailstore.Open(t.Context(), mailstore.Config{Path: filepath.Join(dir, "mail.sqlite"), Files: files, Vault: vault.Vault, Names: names, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	a := account.Account{ID: "acc-1", Address: rem.MustAddress(address), State: account.Open, Created: clock.Now(),
		Holder: account.Holder{Person: "p-ayse"}, Operators: []account.Operator{{Person: "p-ayse", May: account.Everything}}}
	w.who = mailbox.Visitor{Actor: rem.Actor{Account: a.ID, Holder: "p-ayse", Person: "p-ayse", Method: "urn:rem:authentication:application-password"}, Case: "imap-test"}
	w.box = &mailbox.Box{
		Ledger: w.ledger, Store: w.store, Accounts: accounts{a}, Retriever: retriever{w.ledger}, Names: nobodysName{},
		Spool: func() mailbox.Spool { return &spool{} }, Clock: clock, Domain: "hs01.kep.test", WordKey: make([]byte, 32),
	}
	w.cert = tlskit.Identity(t, "localhost")
	c := imapd.Config{TLS: &tls.Config{Certificates: []tls.Certificate{w.cert}}, Backend: w, Box: w.box,
		Limits: imapd.Limits{FailurePause: time.Millisecond}}
	if change != nil {
		change(&c)
	}
	if w.srv, err = imapd.New(c); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- w.srv.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := w.srv.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, imapd.ErrClosed) {
			t.Error(err)
		}
	})
	return w
}

// letter is a message of two parts; n stands in it so that no two are alike.
func letter(n int, subject string) string {
	return fmt.Sprintf("From: =?utf-8?Q?Zeynep_=C3=96z?= <zeynep@hs02.kep.test>\r\nTo: %s\r\nSubject: %s\r\nDate: Mon, 23 Nov 2026 10:00:00 +0300\r\n"+
		"Message-ID: <m%d@hs02.kep.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n"+
		"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSay=C4=B1n Ay=C5=9Fe,\r\ngizli metin %d\r\n"+
		"--b\r\nContent-Type: application/pdf; name=\"ek.pdf\"\r\nContent-Disposition: attachment; filename=\"ek.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8sIHdvcmxkIQ==\r\n--b--\r\n",
		address, subject, n, n)
}

// arrive puts messages into the mailbox.
func (w *world) arrive(kind mailbox.Kind, bodies ...string) {
	w.t.Helper()
	news := make([]mailbox.News, 0, len(bodies))
	for _, b := range bodies {
		w.items++
		id := rem.MessageID(fmt.Sprintf("msg-%06d", w.items))
		ref := message.Ref(fmt.Sprintf("ref-%d", w.items))
		c := message.InMemory([]byte(b))
		v := &message.View{Record: message.Record{ID: id, Size: c.Size(), Length: c.Size(), Original: ref, Digest: c.Digest(),
			Recipients: []message.Recipient{{Party: message.Party{Address: rem.MustAddress(address)}, Account: "acc-1"}}},
			Standings: []message.Standing{{Recipient: 1, State: message.Delivered}}}
		item := &mailbox.Item{Kind: kind, Message: id, Recipient: 1, At: w.clock.Now(), Size: c.Size(), Attachments: -1}
		if kind == mailbox.Sent {
			item.Recipient, item.Flags = 0, mailbox.Seen
			v.Record.Actor = w.who.Actor
			if i := strings.Index(b, "Message-ID: "); i >= 0 {
				v.Record.UAMessageID, _, _ = strings.Cut(b[i+12:], "\r\n")
			}
		}
		w.ledger.mu.Lock()
		w.ledger.views[id], w.ledger.bodies[ref] = v, c
		w.ledger.mu.Unlock()
		news = append(news, mailbox.News{Account: "acc-1", About: id, Item: item})
	}
	for len(news) > 0 {
		some := news[:min(len(news), 500)]
		news = news[len(some):]
		if err := w.store.Follow(w.t.Context(), some, fmt.Sprint(w.items-len(news))); err != nil {
			w.t.Fatal(err)
		}
	}
}

// certificate is the server's, as PEM.
func (w *world) certificate() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.cert.Certificate[0]}))
}

func (w *world) dial() *imapclient.Client {
	w.t.Helper()
	return w.dialWith(nil)
}

func (w *world) dialWith(o *imapclient.Options) *imapclient.Client {
	w.t.Helper()
	if o == nil {
		o = &imapclient.Options{}
	}
	o.TLSConfig = &tls.Config{InsecureSkipVerify: true}
	c, err := imapclient.DialTLS(w.addr, o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (w *world) login() *imapclient.Client {
	w.t.Helper()
	c := w.dial()
	if err := c.Login(address, password).Wait(); err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) selected(name string) *imapclient.Client {
	w.t.Helper()
	c := w.login()
	if _, err := c.Select(name, nil).Wait(); err != nil {
		w.t.Fatal(err)
	}
	return c
}

// A raw is a conversation octet by octet.
type raw struct {
	t testing.TB
	*tls.Conn
	in *bufio.Reader
}

func (w *world) raw() *raw {
	w.t.Helper()
	c, err := tls.Dial("tcp", w.addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Close() })
	r := &raw{t: w.t, Conn: c, in: bufio.NewReader(c)}
	r.until("* OK")
	return r
}

func (r *raw) send(s string) {
	r.t.Helper()
	if _, err := r.Write([]byte(s)); err != nil {
		r.t.Fatal(err)
	}
}

// until reads lines up to the one that begins so, or to the end of the connection.
func (r *raw) until(begins string) string {
	r.t.Helper()
	_ = r.SetReadDeadline(time.Now().Add(time.Minute))
	var out strings.Builder
	for {
		l, err := r.in.ReadString('\n')
		out.WriteString(l)
		if err != nil {
			if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
				r.t.Fatalf("waiting for %q, after %q", begins, out.String())
			}
			return out.String() + "(closed)"
		}
		if strings.HasPrefix(l, begins) {
			return out.String()
		}
	}
}

// do runs a command and gives everything up to its answer.
func (r *raw) do(command string) string {
	r.t.Helper()
	r.send("x " + command + "\r\n")
	return r.until("x ")
}

func (w *world) rawLogin() *raw {
	w.t.Helper()
	r := w.raw()
	if got := r.do("LOGIN " + address + " " + password); !strings.Contains(got, "x OK") {
		w.t.Fatal(got)
	}
	return r
}

func insecure() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

func seqs(n uint32) imap.SeqSet { return imap.SeqSet{{Start: 1, Stop: n}} }
