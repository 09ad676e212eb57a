package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/message"
	"rem/person/account"
)

const (
	isil     = "isil.canary@hs90.kep.test"
	password = "doğru parola 12"
)

// fake is a provider that tells what it was asked and answers as it is told.
type fake struct {
	mu    sync.Mutex
	asked []string // guarded by mu
	err   error    // guarded by mu
}

func (f *fake) hear(format string, args ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, fmt.Sprintf(format, args...))
	return f.err
}

func (f *fake) last() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.asked) == 0 {
		return ""
	}
	return f.asked[len(f.asked)-1]
}

func (f *fake) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

var (
	day      = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	accounts = []Account{{ID: "a1", Address: isil, Holder: "h-1", State: account.Open, Operators: []rem.PersonID{"h-1"}}}
	names    = AccountNames{Holder: "Işıl Öğütçü", Operators: []string{"Işıl Öğütçü"}}
	life     = Timeline{Message: "m1@hs90.kep.test", Sender: isil, Subject: "Şikâyet", Submitted: day,
		Recipients: []Recipient{{Number: 1, Address: "bora@hs91.kep.test", State: "delivered", Since: day}},
		Lines:      []Line{{Evidence: "_e1", Kind: "SubmissionAcceptanceRejection", Outcome: "positive", Issuer: "hs90.kep.test", Time: day}}}
	box       = []Entry{{UID: 7, Message: "m1@hs90.kep.test", Recipient: 1, Sender: isil, Subject: "Şikâyet", Arrived: day, Size: 9}}
	tasks     = []message.Task{{Stage: message.RelayStage, Message: "m1@hs90.kep.test", Target: "hs91.kep.test", Due: day, Attempts: 2}}
	contract  = Document{Kind: "contract", Version: 1, Digest: "00", Published: day, Effective: day, Status: "in-force", By: "op"}
	published = Notice{Version: 1, Digest: "00", Published: day, Effective: day, Status: "in-force", By: "op"}

	compared = DirectoryReport{Begun: day, Ended: day, Ours: 3, Theirs: 2, Pending: 1, Faults: 1, Missing: []rem.AccountID{"a1"}}

	list = TrustList{Sequence: 3, IssueTime: day, NextUpdate: day, Digest: "00", Providers: []Peer{{Code: "hs91", Domains: []string{"hs91.kep.test"}}}}
	raw  = []byte("Subject: x\r\n\r\n\x00\xffiki satır\r\n")
)

func (f *fake) AddAccount(_ context.Context, by string, a NewAccount) (rem.AccountID, error) {
	return "a1", f.hear("add by %s: %+v", by, a)
}

func (f *fake) SetPassword(_ context.Context, by, address, password string) error {
	return f.hear("password by %s: %s %s", by, address, password)
}

func (f *fake) SetState(_ context.Context, by, address string, s account.State, why account.Reason) error {
	return f.hear("state by %s: %s %s %s", by, address, s, why)
}

func (f *fake) AccountNames(_ context.Context, by, address, matter string) (*AccountNames, error) {
	return &names, f.hear("names by %s: %s %s", by, address, matter)
}

func (f *fake) Accounts(_ context.Context, after rem.AccountID, limit int) ([]Account, error) {
	return accounts, f.hear("accounts after %q, %d", after, limit)
}

func (f *fake) Timeline(_ context.Context, id rem.MessageID) (*Timeline, error) {
	return &life, f.hear("timeline %q", id)
}

func (f *fake) Sent(_ context.Context, address string, before rem.MessageID, limit int) ([]Timeline, error) {
	return []Timeline{life}, f.hear("sent %s before %q, %d", address, before, limit)
}

func (f *fake) Evidence(_ context.Context, id rem.EvidenceID) (message.Filed, error) {
	return message.Filed{XML: raw}, f.hear("evidence %q", id)
}

func (f *fake) Dispatch(_ context.Context, by, address, password string, id rem.MessageID) (message.Content, error) {
	return message.InMemory(raw), f.hear("dispatch by %s: %s %s %q", by, address, password, id)
}

func (f *fake) Mailbox(_ context.Context, address, password string, after int64, limit int) ([]Entry, error) {
	return box, f.hear("mailbox %s %s after %d, %d", address, password, after, limit)
}

func (f *fake) Open(_ context.Context, address, password string, uid int64) (message.Content, error) {
	return message.InMemory(raw), f.hear("open %s %s %d", address, password, uid)
}

func (f *fake) Queue(_ context.Context, s message.Stage, limit int) ([]message.Task, error) {
	return tasks, f.hear("queue %s, %d", s, limit)
}

func (f *fake) TrustList(context.Context) (*TrustList, error) { return &list, f.hear("list") }

func (f *fake) PublishNotice(_ context.Context, by, source string) (*Notice, error) {
	return &published, f.hear("publish %s %s", by, source)
}

func (f *fake) PublishDocument(_ context.Context, by, source string) (*Document, error) {
	return &contract, f.hear("publish by %s: %s", by, source)
}

func (f *fake) Documents(context.Context) ([]Document, error) {
	return []Document{contract}, f.hear("documents")
}

func (f *fake) Notices(context.Context) ([]Notice, error) {
	return []Notice{published}, f.hear("notices")
}

func (f *fake) ReconcileDirectory(_ context.Context, by string, again bool) (*DirectoryReport, error) {
	return &compared, f.hear("reconcile by %s: %t", by, again)
}

func (f *fake) Audit(ctx context.Context, report func(Finding) error) error {
	if err := report(Finding{Done: 1, Total: 2}); err != nil {
		return err
	}
	if err := f.hear("audit"); err != nil {
		return err
	}
	return report(Finding{Message: "m1@hs90.kep.test", Problem: "a digest differs", Done: 2, Total: 2})
}

// serve gives a provider behind a socket, its folder and what it logs.
func serve(t *testing.T, p Provider) (folder string, log *bytes.Buffer) {
	t.Helper()
	// Not t.TempDir: it holds the test's name, and a socket's path is short.
	folder, err := os.MkdirTemp("", "rem")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	log = new(bytes.Buffer)
	s, err := Listen(folder, p, slog.New(slog.NewJSONHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
			t.Errorf("the folder is left with %v, %v", left, err)
		}
	})
	return folder, log
}

func TestEveryRouteAsksTheProviderAndAnswersWhatItSays(t *testing.T) {
	f := &fake{}
	folder, _ := serve(t, f)
	c, ctx := Dial(folder, "Ayşe Operatör"), t.Context()
	var found []Finding
	for _, r := range []struct {
		name  string
		ask   func() (any, error)
		asked string
		want  any
	}{
		{"add", func() (any, error) { return c.AddAccount(ctx, NewAccount{Address: isil, Holder: "Işıl", Quota: 5}) },
			"add by Ayşe Operatör: {Address:" + isil + " Holder:Işıl Legal:false Operator: Identity: Quota:5 Password:}", rem.AccountID("a1")},
		{"password", func() (any, error) { return nil, c.SetPassword(ctx, isil, password) }, "password by Ayşe Operatör: " + isil + " " + password, nil},
		{"state", func() (any, error) { return nil, c.SetState(ctx, isil, account.Closed, account.ByDeath) }, "state by Ayşe Operatör: " + isil + " closed death", nil},
		{"names", func() (any, error) { return c.AccountNames(ctx, isil, "dosya 7") }, "names by Ayşe Operatör: " + isil + " dosya 7", &names},
		{"accounts", func() (any, error) { return c.Accounts(ctx, "a0&limit=3") }, `accounts after "a0&limit=3", 1000`, accounts},
		{"timeline", func() (any, error) { return c.Timeline(ctx, "m/../1?x=%2f@hs90.kep.test") }, `timeline "m/../1?x=%2f@hs90.kep.test"`, &life},
		{"sent", func() (any, error) { return c.Sent(ctx, isil, 5) }, "sent " + isil + ` before "", 5`, []Timeline{life}},
		{"sent without a limit", func() (any, error) { return c.Sent(ctx, isil, 0) }, "sent " + isil + ` before "", 1000`, []Timeline{life}},
		{"sent beyond the limit", func() (any, error) { return c.Sent(ctx, isil, 1<<40) }, "sent " + isil + ` before "", 1000`, []Timeline{life}},
		{"evidence", func() (any, error) { return c.Evidence(ctx, "_e/1") }, `evidence "_e/1"`, raw},
		{"dispatch", func() (any, error) {
			var b bytes.Buffer
			err := c.Dispatch(ctx, isil, password, "m1", &b)
			return b.Bytes(), err
		}, "dispatch by Ayşe Operatör: " + isil + " " + password + ` "m1"`, raw},
		{"mailbox", func() (any, error) { return c.Mailbox(ctx, isil, password) }, "mailbox " + isil + " " + password + " after 0, 1000", box},
		{"open", func() (any, error) {
			var b bytes.Buffer
			err := c.Open(ctx, isil, password, 7, &b)
			return b.Bytes(), err
		}, "open " + isil + " " + password + " 7", raw},
		{"queue", func() (any, error) { return c.Queue(ctx, "relay", 3) }, "queue relay, 3", tasks},
		{"list", func() (any, error) { return c.TrustList(ctx) }, "list", &list},
		{"publish", func() (any, error) { return c.PublishNotice(ctx, "metin") }, "publish Ayşe Operatör metin", &published},
		{"publish a document", func() (any, error) { return c.PublishDocument(ctx, "metin") }, "publish by Ayşe Operatör: metin", &contract},
		{"documents", func() (any, error) { return c.Documents(ctx) }, "documents", []Document{contract}},
		{"notices", func() (any, error) { return c.Notices(ctx) }, "notices", []Notice{published}},
		{"reconcile", func() (any, error) { return c.ReconcileDirectory(ctx, true) }, "reconcile by Ayşe Operatör: true", &compared},
		{"audit", func() (any, error) {
			return nil, c.Audit(ctx, func(x Finding) error { found = append(found, x); return nil })
		}, "audit", nil},
	} {
		t.Run(r.name, func(t *testing.T) {
			got, err := r.ask()
			if err != nil {
				t.Fatal(err)
			}
			if f.last() != r.asked {
				t.Errorf("the provider heard %s, want %s", f.last(), r.asked)
			}
			if diff := cmp.Diff(r.want, got); diff != "" {
				t.Errorf("the answer differs (-want +got):\n%s", diff)
			}
		})
	}
	if want := []Finding{{Done: 1, Total: 2}, {Message: "m1@hs90.kep.test", Problem: "a digest differs", Done: 2, Total: 2}}; !cmp.Equal(found, want) {
		t.Errorf("the audit told %v", found)
	}
}

func TestEveryErrorHasItsStatus(t *testing.T) {
	f := &fake{}
	folder, _ := serve(t, f)
	c, ctx := Dial(folder, "op"), t.Context()
	for _, e := range []struct {
		name   string
		err    error
		status int
		text   string
	}{
		{"no message", fmt.Errorf("reading: %w", message.ErrNotFound), 404, "not found"},
		{"no account", account.ErrNotFound, 404, "not found"},
		{"taken", account.ErrTaken, 409, "taken"},
		{"denied", ErrDenied, 403, ErrDenied.Error()},
		{"refused", fmt.Errorf("x: %w", rem.Refuse(rem.PolicyViolation, "Olmaz.", "No.")), 403, "Olmaz. / No."},
		{"no address", fmt.Errorf("%w: why", rem.ErrAddress), 400, "why"},
		{"fault", errors.New("disk full"), 500, "disk full"},
	} {
		t.Run(e.name, func(t *testing.T) {
			f.fail(e.err)
			for name, ask := range map[string]func() error{
				"json":     func() error { _, err := c.Timeline(ctx, "m"); return err },
				"write":    func() error { return c.SetState(ctx, isil, account.Open, "") },
				"evidence": func() error { _, err := c.Evidence(ctx, "e"); return err },
				"content":  func() error { return c.Open(ctx, isil, password, 1, io.Discard) },
			} {
				err := ask()
				answer, ok := errors.AsType[*Error](err)
				if !ok || answer.Status != e.status || !strings.Contains(answer.Text, e.text) {
					t.Errorf("%s: got %v, want %d with %q", name, err, e.status, e.text)
				}
			}
		})
	}
	f.fail(errors.New("index broken"))
	var last Finding
	if err := c.Audit(ctx, func(x Finding) error { last = x; return nil }); err != nil || last.Problem != "the audit stopped: index broken" {
		t.Errorf("an audit that stops says %v, %v", last, err)
	}
}

// request asks by hand.
func request(t *testing.T, folder, method, path, body string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://provider"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	h := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", filepath.Join(folder, Socket))
		},
	}}
	res, err := h.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestWhatIsNoRequestChangesNothing(t *testing.T) {
	f := &fake{}
	folder, _ := serve(t, f)
	for _, r := range []struct {
		name, method, path, body, person string
		status                           int
	}{
		{"nobody asks", "GET", "/accounts", "", "", 400},
		{"nobody writes", "POST", "/accounts", `{"address":"a"}`, "", 400},
		{"no such route", "GET", "/secrets", "", "op", 404},
		{"a write by another method", "DELETE", "/accounts/" + isil + "/state", "", "op", 405},
		{"a write by GET", "GET", "/accounts/" + isil + "/password", "", "op", 405},
		{"a new account that is no JSON", "POST", "/accounts", "x", "op", 400},
		{"a new account with an unknown field", "POST", "/accounts", `{"adress":"a"}`, "op", 400},
		{"a password that is no JSON", "PUT", "/accounts/" + isil + "/password", "x", "op", 400},
		{"a password with an unknown field", "PUT", "/accounts/" + isil + "/password", `{"passwort":"x"}`, "op", 400},
		{"a state of another type", "PUT", "/accounts/" + isil + "/state", `{"state":5}`, "op", 400},
		{"a large request", "POST", "/accounts", `{"holder":"` + strings.Repeat("a", maxRequest) + `"}`, "op", 400},
		{"a uid that is no number", "POST", "/mailbox/x/open", "", "op", 400},
		{"an unknown stage", "GET", "/queue/submission", "", "op", 404},
	} {
		t.Run(r.name, func(t *testing.T) {
			var header []string
			if r.person != "" {
				header = []string{PersonHeader, r.person}
			}
			if status, text := request(t, folder, r.method, r.path, r.body, header...); status != r.status {
				t.Errorf("got %d %s, want %d", status, text, r.status)
			}
			if f.last() != "" {
				t.Errorf("the provider heard %s", f.last())
			}
		})
	}
}

func TestTheLogNamesWhoAskedAndWhichRouteWithoutAddresses(t *testing.T) {
	folder, log := serve(t, &fake{})
	c := Dial(folder, "operator-7")
	if err := c.SetPassword(t.Context(), isil, password); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Mailbox(t.Context(), isil, password); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"route":"PUT /accounts/{address}/password"`, `"route":"GET /mailbox"`, `"by":"operator-7"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s: %s", want, log)
		}
	}
	for _, canary := range []string{"canary", "parola"} {
		if strings.Contains(log.String(), canary) {
			t.Errorf("the log says %q: %s", canary, log)
		}
	}
}

func TestTheSocketIsForItsOwnerAlone(t *testing.T) {
	folder, _ := serve(t, &fake{})
	info, err := os.Stat(filepath.Join(folder, Socket))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode(); got.Perm() != 0o600 || got&os.ModeSocket == 0 {
		t.Errorf("got %v", got)
	}
}

func TestASecondProgramDoesNotTakeTheSocket(t *testing.T) {
	f := &fake{}
	folder, _ := serve(t, f)
	if s, err := Listen(folder, &fake{}, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("it took it")
		s.Close(t.Context())
	}
	if _, err := Dial(folder, "op").TrustList(t.Context()); err != nil || f.last() != "list" {
		t.Errorf("the first no longer answers: %v", err)
	}
}

func TestASocketThatACrashLeftIsReplaced(t *testing.T) {
	folder, err := os.MkdirTemp("", "rem")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	l, err := net.Listen("unix", filepath.Join(folder, Socket))
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	s, err := Listen(folder, &fake{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(folder, "op").TrustList(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAFolderWithoutAProviderSaysWhatToDo(t *testing.T) {
	_, err := Dial(t.TempDir(), "op").TrustList(t.Context())
	if err == nil || !strings.Contains(err.Error(), "remd serve") {
		t.Errorf("got %v", err)
	}
	long := filepath.Join(t.TempDir(), strings.Repeat("d", 120))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(long, &fake{}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "shorter") {
		t.Errorf("a path that is too long: %v", err)
	}
}

// slow is a provider whose audit tells one line and goes on until it is told to
// stop.
type slow struct{ fake }

func (s *slow) Audit(ctx context.Context, report func(Finding) error) error {
	if err := report(Finding{Done: 1, Total: 9}); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

func TestAnAuditIsToldAsItGoesAndDoesNotHoldUpAStop(t *testing.T) {
	folder, err := os.MkdirTemp("", "rem")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	s, err := Listen(folder, &slow{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	told, ended := make(chan Finding, 2), make(chan error, 1)
	go func() {
		ended <- Dial(folder, "op").Audit(context.Background(), func(f Finding) error { told <- f; return nil })
	}()
	if f := <-told; f.Done != 1 { // while the audit goes on
		t.Errorf("got %v", f)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Errorf("the stop waited for the audit: %v", err)
	}
	if f := <-told; !strings.Contains(f.Problem, "stopped") {
		t.Errorf("the audit ends with %v", f)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAClientThatStopsListeningEndsTheAudit(t *testing.T) {
	folder, _ := serve(t, &slow{})
	stop := errors.New("enough")
	if err := Dial(folder, "op").Audit(t.Context(), func(Finding) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}

// A many is a provider with more than an answer holds.
type many struct {
	fake
	n int
}

func (m *many) Sent(_ context.Context, _ string, before rem.MessageID, limit int) (page []Timeline, err error) {
	next := m.n
	if before != "" {
		if _, err := fmt.Sscanf(string(before), "m%d", &next); err != nil {
			return nil, err
		}
		next--
	}
	for ; next > 0 && len(page) < limit; next-- {
		page = append(page, Timeline{Message: rem.MessageID(fmt.Sprintf("m%d", next))})
	}
	return page, nil
}

func (m *many) Mailbox(_ context.Context, _, _ string, after int64, limit int) (page []Entry, err error) {
	for uid := after + 1; uid <= int64(m.n) && len(page) < limit; uid++ {
		page = append(page, Entry{UID: uid})
	}
	return page, nil
}

// Every line is given once, in order, however many there are.
func TestListsAreGivenWholePageByPage(t *testing.T) {
	for _, n := range []int{0, 1, 999, 1000, 1001, 2000, 2500} {
		folder, _ := serve(t, &many{n: n})
		c := Dial(folder, "Ayşe")
		box, err := c.Mailbox(t.Context(), isil, password)
		if err != nil || len(box) != n {
			t.Fatalf("%d entries of %d, %v", len(box), n, err)
		}
		for i, e := range box {
			if e.UID != int64(i+1) {
				t.Fatalf("entry %d is %d", i, e.UID)
			}
		}
		for _, limit := range []int{0, 1, 1000, 1500, 9999} {
			want := n
			if limit > 0 {
				want = min(n, limit)
			}
			sent, err := c.Sent(t.Context(), isil, limit)
			if err != nil || len(sent) != want {
				t.Fatalf("%d messages of %d, at most %d: %v", len(sent), n, limit, err)
			}
			for i, m := range sent {
				if m.Message != rem.MessageID(fmt.Sprintf("m%d", n-i)) {
					t.Fatalf("message %d is %s", i, m.Message)
				}
			}
		}
	}
}
