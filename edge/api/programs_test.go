package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rem"
	"rem/edge/api"
	"rem/edge/apistore"
	"rem/edge/hook"
	"rem/edge/outward"
	"rem/internal/testkit/mailboxtest"
	"rem/internal/testkit/vaulttest"
	"rem/internal/testkit/world"
	"rem/message"
	"rem/message/bulk"
	"rem/message/happening"
	"rem/message/mailbox"
	"rem/message/verification"
	"rem/person/account"
	"rem/person/token"
	"rem/privacy"
	"rem/privacy/inventory"
)

// names knows everybody.
type names struct{}

func (names) Acting(context.Context, mailbox.Visitor, account.Account) (privacy.Value, error) {
	return privacy.NewValue("Cem Örnek", privacy.ByDeclaration(time.Now())), nil
}

func (names) Holding(context.Context, mailbox.Visitor, account.Account) (privacy.Value, error) {
	return privacy.NewValue("Ayşe Örnek", privacy.ByDeclaration(time.Now())), nil
}

// A house is two providers, one of which has a door for programs.
type house struct {
	*world.World
	t       *testing.T
	kit     *world.Kit
	here    *world.Provider
	tokens  *token.Service
	store   *apistore.Store
	box     *mailbox.Box
	follow  *mailbox.Follower
	handler *api.Handler
	happens *happening.Follower
	vault   *privacy.Vault
	bulk    *bulk.Service
	log     *bytes.Buffer
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return (&house{kit: world.NewKit(t)}).another(t)
}

// another is a house with the same people.
func (h *house) another(t *testing.T) *house {
	t.Helper()
	h = &house{t: t, kit: h.kit, log: &bytes.Buffer{}}
	h.World = h.kit.New(t, world.Options{})
	h.here = h.Providers[world.Domain("hs90")]
	var err error
	if h.store, err = apistore.Open(t.Context(), filepath.Join(t.TempDir(), "api.sqlite"), apistore.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.store.Close() })
	h.tokens = &token.Service{Store: h.store.Tokens(), Accounts: h.here.Store, Sealer: vaulttest.New(t, inventory.Today()), Clock: h.Clock}
	boxes := mailboxtest.NewMemory()
	boxes.Clock = h.Clock
	h.box = &mailbox.Box{
		Ledger: h.here.Store, Store: boxes, Accounts: h.here.Store, Retriever: h.here.Retriever, Submitter: h.here.Submitter, Names: names{},
		Spool: func() mailbox.Spool { return h.here.Store.Spool() }, Clock: h.Clock, Domain: h.here.Domain, WordKey: bytes.Repeat([]byte{7}, 32),
	}
	h.follow = &mailbox.Follower{Feed: h.here.Store, Ledger: h.here.Store, Store: boxes, Domain: h.here.Domain, WordKey: h.box.WordKey}
	verifier, err := verification.New(verification.Options{Policy: h.Policy(), Clock: h.Clock})
	if err != nil {
		t.Fatal(err)
	}
	h.handler = api.New(&backend{}, h.Clock, slog.New(slog.NewTextHandler(h.log, nil)))
	h.happens = &happening.Follower{Feed: h.here.Store, Ledger: h.here.Store, Store: h.store, Clock: h.Clock}
	guard, err := outward.NewGuard([]outward.Host{{Name: "erp.example", Country: outward.Home}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	h.vault = vaulttest.New(t, inventory.Today()).Vault
	h.bulk = h.service()
	h.handler.Serve(api.Programs{
		Events: h.store, Bulk: h.bulk,
		Hooks:  &happening.Hooks{Store: h.store, Events: h.store, Accounts: h.here.Store, Sealer: hook.Sealer{Keys: vaulttest.NewKeys()}, Clock: h.Clock, Check: guard.Check},
		Tokens: h.tokens, Box: h.box, Accounts: h.here.Store, Answers: h.store, Verifier: verifier, MaxSize: 1 << 20, Base: "https://kep.example",
	})
	return h
}

// token makes one of a user of hs90.
func (h *house) token(user string, scopes ...token.Scope) string {
	h.t.Helper()
	a := world.Account(user, h.here.Domain)
	_, secret, err := h.tokens.Create(h.t.Context(), rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person},
		token.Wish{Kind: token.Personal, Scopes: scopes, Term: 24 * time.Hour})
	if err != nil {
		h.t.Fatal(err)
	}
	return secret.Reveal()
}

// ask makes a request; body is sent as it is when it is a string or bytes, as JSON
// otherwise.
func (h *house) ask(secret, method, path string, body any, change ...func(*http.Request)) *httptest.ResponseRecorder {
	h.t.Helper()
	var r io.Reader
	media := "application/json"
	switch b := body.(type) {
	case nil:
	case []byte:
		r, media = bytes.NewReader(b), "message/rfc822"
	case string:
		r = strings.NewReader(b)
	default:
		p, err := json.Marshal(b)
		if err != nil {
			h.t.Fatal(err)
		}
		r = bytes.NewReader(p)
	}
	q := httptest.NewRequest(method, "https://kep.example"+api.Prefix+path, r)
	q.RemoteAddr = "192.0.2.1:4711"
	if r != nil {
		q.Header.Set("Content-Type", media)
	}
	if secret != "" {
		q.Header.Set("Authorization", "Bearer "+secret)
	}
	for _, c := range change {
		c(q)
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, q)
	return w
}

// get reads an answer into v, which has to have the status.
func (h *house) get(w *httptest.ResponseRecorder, status int, v any) {
	h.t.Helper()
	if w.Code != status {
		h.t.Fatalf("%d %s, want %d\n%s", w.Code, w.Body, status, h.log)
	}
	if v != nil {
		if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
			h.t.Fatalf("%s: %v", w.Body, err)
		}
	}
}

// arrive brings mailboxes up to what happened.
func (h *house) arrive() {
	h.t.Helper()
	h.Now()
	if _, err := h.follow.Follow(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.follow.Index(h.t.Context(), 100); err != nil {
		h.t.Fatal(err)
	}
}

// service is that of bulk sending, as a process has it that has just begun.
func (h *house) service() *bulk.Service {
	return &bulk.Service{
		Box: h.box, Accounts: h.here.Store, Store: h.store.Bulk(), Events: h.store, Ledger: h.here.Store, Vault: h.vault, Clock: h.Clock, MaxSize: 1 << 20,
	}
}

// happen brings events up to what happened.
func (h *house) happen() {
	h.t.Helper()
	if _, err := h.happens.Follow(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) letter(subject string, to ...string) []byte {
	return h.kit.Sign(h.t, world.Letter{From: world.Address("ayse", "hs90"), To: to, Subject: subject, Body: "Merhaba.\r\n"}, 0)
}

type page struct {
	Items []struct {
		ID                              int64
		Kind, Folder, Message, Evidence string
		From, Subject, Draft            string
		To                              []string
		Opened                          *time.Time
		Summary                         *struct{ TR, EN string }
	}
	Next int64
}

// A program sends, follows what becomes of it, and reads at the other side: with
// evidence of each step, made once.
func TestAProgramSendsFollowsAndReads(t *testing.T) {
	h := newHouse(t)
	ayse, cem := h.token("ayse", token.List, token.Read, token.Send), h.token("cem", token.List, token.Read)
	to := world.Address("cem", "hs90")
	original := h.letter("Sözleşme", to)
	var receipt struct{ Message, Evidence string }
	key := func(q *http.Request) { q.Header.Set("Idempotency-Key", "siparis-7") }
	h.get(h.ask(ayse, "POST", "messages", original, key), 201, &receipt)
	var again struct{ Message, Evidence string }
	h.get(h.ask(ayse, "POST", "messages", original, key), 201, &again)
	if again != receipt || receipt.Message == "" || receipt.Evidence == "" {
		t.Errorf("sent twice under one key: %+v and %+v", receipt, again)
	}
	h.get(h.ask(ayse, "POST", "messages", h.letter("Başka", to), key), 422, nil)
	h.arrive()

	var inbox page
	h.get(h.ask(cem, "GET", "items?folder=inbox", nil), 200, &inbox)
	if len(inbox.Items) != 1 || inbox.Items[0].Opened != nil || inbox.Items[0].Subject != "Sözleşme" || inbox.Items[0].From != world.Address("ayse", "hs90") {
		t.Fatalf("the inbox has %+v", inbox.Items)
	}
	item := fmt.Sprint("items/", inbox.Items[0].ID)
	// AT-30: a GET opens nothing for the first time.
	h.get(h.ask(cem, "GET", item+"/content", nil), 409, nil)
	h.get(h.ask(cem, "GET", item, nil), 200, nil)
	if n := h.evidence(receipt.Message, message.RetrievalNonRetrievalByRecipient); n != 0 {
		t.Fatalf("looking at it made %d evidences of retrieval", n)
	}
	var opened struct {
		Opened   time.Time
		Evidence string
	}
	h.get(h.ask(cem, "POST", item+"/acknowledge", nil), 200, &opened)
	h.get(h.ask(cem, "POST", item+"/acknowledge", nil), 200, &opened)
	if n := h.evidence(receipt.Message, message.RetrievalNonRetrievalByRecipient); n != 1 || opened.Evidence == "" {
		t.Errorf("acknowledging twice made %d evidences (%+v)", n, opened)
	}
	w := h.ask(cem, "GET", item+"/content", nil)
	if h.get(w, 200, nil); !bytes.Equal(w.Body.Bytes(), original) {
		t.Error("what is given is not the original, byte for byte")
	}

	h.arrive()
	var journey struct {
		Summary    struct{ TR string }
		Recipients []struct {
			State string
			Steps []struct {
				Place, Progress string
				Evidence        []struct{ ID, Verdict string }
			}
		}
	}
	h.get(h.ask(ayse, "GET", "messages/"+receipt.Message, nil), 200, &journey)
	if len(journey.Recipients) != 1 || journey.Recipients[0].State != "retrieved" {
		t.Fatalf("the timeline says %+v", journey)
	}
	verdicts := 0
	for _, s := range journey.Recipients[0].Steps {
		for _, e := range s.Evidence {
			verdicts++
			if e.Verdict != "TOTAL-PASSED" {
				t.Errorf("%s %s has the verdict %q", s.Place, e.ID, e.Verdict)
			}
			w := h.ask(ayse, "GET", "messages/"+receipt.Message+"/evidence/"+e.ID, nil)
			if h.get(w, 200, nil); w.Header().Get("Content-Type") != "application/xml" {
				t.Errorf("an evidence is %q", w.Header().Get("Content-Type"))
			}
			var report struct{ Verdict string }
			h.get(h.ask(ayse, "POST", "verify", w.Body.Bytes(), func(q *http.Request) { q.Header.Set("Content-Type", "application/octet-stream") }), 200, &report)
			if report.Verdict != "TOTAL-PASSED" {
				t.Errorf("verifying %s gives %q", e.ID, report.Verdict)
			}
		}
	}
	if verdicts < 3 {
		t.Errorf("the timeline has %d evidences, want those of submission, delivery and retrieval", verdicts)
	}
	var box page
	h.get(h.ask(ayse, "GET", "items?kind=evidence&message="+receipt.Message, nil), 200, &box)
	if len(box.Items) != verdicts {
		t.Errorf("the evidence box has %d of %d", len(box.Items), verdicts)
	}
	h.get(h.ask(ayse, "POST", "items/search", map[string]string{"words": "SOZLESME"}), 200, &box)
	if len(box.Items) == 0 {
		t.Error("the message is not found by a word of its subject")
	}
	h.Rest()
	h.MustHold()
}

// evidence counts those of a kind.
func (h *house) evidence(id string, kind message.Kind) (n int) {
	h.t.Helper()
	all, err := h.here.Store.EvidenceOf(h.t.Context(), rem.MessageID(id))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, f := range all {
		if f.Kind == kind {
			n++
		}
	}
	return n
}

// A refusal is an answer with its reason and its evidence; it stands for the key.
func TestARefusalIsAProblemWithEvidence(t *testing.T) {
	h := newHouse(t)
	ayse := h.token("ayse", token.Send)
	unsigned := world.Letter{From: world.Address("ayse", "hs90"), To: []string{"biri@ornek.example"}, Subject: "KEP dışına", Body: "Merhaba.\r\n"}.Unsigned()
	for range 2 {
		w := h.ask(ayse, "POST", "messages", unsigned, func(q *http.Request) {
			q.Header.Set("Idempotency-Key", "x")
			q.Header.Set("Accept-Language", "en")
		})
		var p struct{ Type, Title, TitleTR, Evidence, Reason string }
		h.get(w, 422, &p)
		if p.Type != "/problems/submission-refused" || p.Evidence == "" || p.Reason == "" || p.Title == p.TitleTR || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%+v %s", p, w.Header().Get("Content-Type"))
		}
	}
	h.get(h.ask(ayse, "POST", "messages", bytes.Repeat([]byte("x"), 1<<20+1)), 413, nil)
}

// A draft becomes the message that its fields say, and nobody else's is there.
func TestADraftIsWrittenByAProgram(t *testing.T) {
	h := newHouse(t)
	ayse, cem := h.token("ayse", token.Send, token.List), h.token("cem", token.Send, token.List)
	var d struct {
		ID      string
		Version int64
		Files   []struct {
			ID, Name string
			Size     int64
		}
	}
	body := map[string]any{"to": []string{world.Address("cem", "hs90")}, "subject": "Fatura", "text": "Ekte.\n", "version": 0}
	h.get(h.ask(ayse, "POST", "drafts", body), 201, &d)
	at := "drafts/" + d.ID
	h.get(h.ask(ayse, "POST", at+"/files?name=fatura.txt&type=text/plain", "on lira", func(q *http.Request) { q.Header.Set("Content-Type", "application/octet-stream") }), 201, &d)
	if len(d.Files) != 1 || d.Files[0].Size != 7 {
		t.Fatalf("the draft has %+v", d.Files)
	}
	w := h.ask(ayse, "GET", at+"/original", nil)
	if h.get(w, 200, nil); !strings.Contains(w.Body.String(), "Subject: Fatura\r\n") || !strings.Contains(w.Body.String(), "b24gbGlyYQ==") {
		t.Errorf("it is composed as\n%s", w.Body)
	}
	body["version"] = d.Version - 1
	h.get(h.ask(ayse, "PUT", at, body), 409, nil)
	body["version"] = d.Version
	h.get(h.ask(ayse, "PUT", at, body), 200, &d)
	// AT-28: absent and another's look the same.
	for _, path := range []string{at, "drafts/00000000000000000000000000000000"} {
		a, b := h.ask(cem, "GET", path, nil), h.ask(cem, "GET", "drafts/1", nil)
		if a.Code != 404 || a.Body.String() != b.Body.String() {
			t.Errorf("%s: %d %s", path, a.Code, a.Body)
		}
		h.get(h.ask(cem, "DELETE", path, nil), 204, nil) // made again, it changes nothing: what is gone is gone
		h.get(h.ask(cem, "PUT", path, body), 404, nil)
		h.get(h.ask(cem, "GET", path+"/original", nil), 404, nil)
	}
	h.get(h.ask(ayse, "DELETE", at+"/files/"+d.Files[0].ID, nil), 200, &d)
	h.get(h.ask(ayse, "DELETE", at, nil), 204, nil)
	h.get(h.ask(ayse, "GET", at, nil), 404, nil)
}

// AT-28: every operation, as somebody else, as nobody, and with a token that has
// every scope but the one it needs. The list comes from the description itself.
func TestEveryOperationAsksForItsScope(t *testing.T) {
	h := newHouse(t)
	h.get(h.ask(h.token("ayse", token.Send), "POST", "messages", h.letter("Gizli", world.Address("cem", "hs90"))), 201, nil)
	h.arrive()
	n := 0
	for path, item := range h.handler.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete} {
			if op == nil {
				continue
			}
			if len(op.Security) != 2 || len(op.Security[1]["client"]) != 1 {
				t.Fatalf("%s %s asks for %v", method, path, op.Security)
			}
			n++
			need := token.Scope(op.Security[1]["client"][0])
			var others []token.Scope
			for _, s := range token.Scopes {
				if s != need {
					others = append(others, s)
				}
			}
			at := strings.NewReplacer("{item}", "1", "{folder}", "inbox", "{message}", "m", "{evidence}", "e", "{draft}", "d", "{file}", "f", "{signature}", "s", "{person}", "p").Replace(strings.TrimPrefix(path, api.Prefix))
			for name, secret := range map[string]string{"nobody": "", "no secret": "rem_p_" + strings.Repeat("A", 43), "other scopes": h.token("ayse", others...)} {
				want := 401
				if name == "other scopes" {
					want = 403
				}
				w := h.ask(secret, method, at, nil)
				if w.Code != want {
					t.Errorf("%s %s as %s: %d %s, want %d", method, path, name, w.Code, w.Body, want)
				}
				var p struct{ TitleTR, TitleEN string }
				if err := json.Unmarshal(w.Body.Bytes(), &p); strings.HasPrefix(at, "directory/") == false && (err != nil || p.TitleTR == "" || p.TitleEN == "") {
					t.Errorf("%s %s as %s: %s", method, path, name, w.Body)
				}
			}
			h.Clock.Advance(20 * time.Minute) // wrong attempts are bounded
		}
	}
	if n < 25 {
		t.Errorf("%d operations were looked at", n)
	}
}

// A client of OAuth 2 gets access by its secret, in the body or by Basic, never in
// the address, and learns nothing from being wrong.
func TestAClientGetsAccess(t *testing.T) {
	h := newHouse(t)
	a := world.Account("ayse", h.here.Domain)
	k, secret, err := h.tokens.Create(t.Context(), rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person},
		token.Wish{Kind: token.Client, Scopes: []token.Scope{token.List, token.Account}, Term: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	form := func(change ...string) *httptest.ResponseRecorder {
		f := map[string]string{"grant_type": "client_credentials", "client_id": string(k.ID), "client_secret": secret.Reveal(), "scope": "account"}
		for i := 0; i < len(change); i += 2 {
			f[change[i]] = change[i+1]
		}
		var parts []string
		for k, v := range f {
			parts = append(parts, k+"="+v)
		}
		return h.ask("", "POST", "token"+f["query"], strings.Join(parts, "&"), func(q *http.Request) { q.Header.Set("Content-Type", "application/x-www-form-urlencoded") })
	}
	var got struct {
		Access string `json:"access_token"`
		Type   string `json:"token_type"`
		Scope  string
		Term   int `json:"expires_in"`
	}
	h.get(form(), 200, &got)
	if got.Type != "Bearer" || got.Scope != "account" || got.Term != 3600 {
		t.Errorf("%+v", got)
	}
	h.get(h.ask(got.Access, "GET", "account", nil), 200, nil)
	h.get(h.ask(got.Access, "GET", "items", nil), 403, nil)
	for name, c := range map[string]struct {
		change []string
		status int
	}{
		"another grant":        {[]string{"grant_type", "password"}, 400},
		"a wrong secret":       {[]string{"client_secret", "rem_c_x"}, 401},
		"an unknown client":    {[]string{"client_id", "x"}, 401},
		"a scope too much":     {[]string{"scope", "mail.send"}, 400},
		"a scope that is none": {[]string{"scope", "root"}, 400},
		"in the address":       {[]string{"query", "?client_secret=" + secret.Reveal()}, 400},
	} {
		if w := form(c.change...); w.Code != c.status {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, c.status)
		}
	}
	if strings.Contains(h.log.String(), secret.Reveal()) || strings.Contains(h.log.String(), got.Access) {
		t.Error("a secret stands in the log")
	}
}
