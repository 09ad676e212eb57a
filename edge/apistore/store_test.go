package apistore_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/edge/apistore"
	"rem/edge/sqlitefile"
	"rem/internal/testkit/vaulttest"
	"rem/message/bulk"
	"rem/message/happening"
	"rem/message/mailbox"
	"rem/person/token"
	"rem/privacy"
	"rem/privacy/inventory"
)

var at = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func open(t testing.TB, path string, effect func(string) error) *apistore.Store {
	t.Helper()
	s, err := apistore.Open(context.Background(), path, apistore.Options{Effect: effect})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sealed(t testing.TB, w *vaulttest.World, field privacy.FieldID, clear string) privacy.SealedValue {
	t.Helper()
	v, err := w.Seal(t.Context(), "per-1", field, privacy.NewValue(clear, privacy.ByDeclaration(at)))
	must(t, err)
	return v
}

// A story is everything that programs do once, as steps that can be made again.
type story struct {
	key   token.Key
	items []bulk.Item
}

// The canaries are what must not lie in the file in the clear.
const (
	labelCanary   = "kanarya-etiket"
	addressCanary = "kanarya-alici@hs90.kep.test"
	secretCanary  = "rem_h_kanarya-anahtar"
	tokenCanary   = "rem_p_kanarya-belirtec"
)

func newStory(t testing.TB) *story {
	w := vaulttest.New(t, inventory.Today())
	x := &story{key: token.Key{
		ID: "key-1", Kind: token.Client, Account: "acc-1", Person: "per-1", Label: sealed(t, w, token.LabelField, labelCanary),
		Secret: token.Digest(rem.DigestOf([]byte(tokenCanary))), Scopes: []token.Scope{token.List, token.Send}, Made: at, Until: at.Add(time.Hour),
	}}
	for i, draft := range []mailbox.DraftID{"d-1", "d-2", "d-3"} {
		x.items = append(x.items, bulk.Item{Row: i + 1, Address: sealed(t, w, bulk.AddressField, addressCanary), Draft: draft, Step: bulk.Prepared, At: at})
	}
	return x
}

func told(n int, kind happening.Kind) (all []happening.Told) {
	for range n {
		all = append(all, happening.Told{Account: "acc-1", Event: happening.Event{At: at, Kind: kind, Message: "m-1"}})
	}
	return all
}

var request = rem.DigestOf([]byte("request"))

// steps are in their order.
func (x *story) steps(s *apistore.Store) []func(context.Context) error {
	hook := happening.Hook{ID: "hook-1", Account: "acc-1", Person: "per-1", URL: "https://erp.example/kep", Kinds: []happening.Kind{happening.Arrived}, Made: at, State: happening.Running, Due: at}
	access := token.Access{Secret: token.Digest(rem.DigestOf([]byte("access"))), Key: "key-1", Scopes: []token.Scope{token.List}, Made: at, Until: at.Add(time.Minute)}
	job := bulk.Job{ID: "job-1", Actor: rem.Actor{Account: "acc-1", Holder: "per-1", Person: "per-1", Method: "m"}, Kind: bulk.Templated, Made: at, State: bulk.Preparing}
	return []func(context.Context) error{
		func(ctx context.Context) error { return s.Tokens().Add(ctx, x.key, 5) },
		func(ctx context.Context) error { return s.Tokens().Use(ctx, "key-1", at.Add(time.Second)) },
		func(ctx context.Context) error { return s.Tokens().AddAccess(ctx, access) },
		func(ctx context.Context) error { _, _, err := s.Begin(ctx, request, request, at); return err },
		func(ctx context.Context) error { return s.End(ctx, request, 201, []byte(`{"message":"m-1"}`)) },
		func(ctx context.Context) error { return s.Append(ctx, told(2, happening.Submitted), "", "p-1") },
		func(ctx context.Context) error { return s.AddHook(ctx, hook, []byte("sealed"), happening.MaxHooks) },
		func(ctx context.Context) error { return s.Append(ctx, told(1, happening.Arrived), "p-1", "p-2") },
		func(ctx context.Context) error {
			return s.Confirm(ctx, "hook-1", happening.Delivery{Upto: 2, Events: 2, At: at})
		},
		func(ctx context.Context) error { return s.Skip(ctx, "hook-1", 2, 3, at) },
		func(ctx context.Context) error { return s.SetKinds(ctx, "acc-1", "hook-1", nil) },
		func(ctx context.Context) error { return s.Bulk().AddJob(ctx, job, x.items) },
		func(ctx context.Context) error {
			_, err := s.Bulk().SetState(ctx, "job-1", []bulk.State{bulk.Preparing}, bulk.Running)
			return err
		},
		func(ctx context.Context) error {
			return s.Bulk().Apply(ctx, "job-1", []bulk.Change{{Rows: []int{1, 2}, From: []bulk.Step{bulk.Prepared}, To: bulk.Submitted, At: at, Message: "m-1"}}, 2)
		},
		func(ctx context.Context) error { return s.Tokens().Revoke(ctx, "acc-1", "key-1", "per-1", at) },
	}
}

// state is all that the store says.
func state(t testing.TB, s *apistore.Store) string {
	t.Helper()
	ctx := t.Context()
	keys, err := s.Tokens().Keys(ctx, "acc-1", "per-1")
	must(t, err)
	_, _, access := s.Tokens().Access(ctx, token.Digest(rem.DigestOf([]byte("access"))))
	a, begun, err := s.Begin(ctx, request, request, at)
	must(t, err)
	if begun { // it was not there
		must(t, s.Leave(ctx, request))
	}
	position, err := s.Position(ctx)
	must(t, err)
	events, newest, err := s.After(ctx, "acc-1", 0, 100)
	must(t, err)
	hooks, err := s.Hooks(ctx, "acc-1")
	must(t, err)
	var deliveries []happening.Delivery
	if len(hooks) > 0 {
		deliveries, err = s.Deliveries(ctx, "acc-1", "hook-1")
		must(t, err)
	}
	jobs, err := s.Bulk().Jobs(ctx, "acc-1", 10)
	must(t, err)
	items, err := s.Bulk().Items(ctx, "job-1", nil, 0, 100)
	must(t, err)
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintln(&b, k.ID, k.Kind, k.Scopes, k.Made, k.Until, k.Used, k.Revoked, k.By)
	}
	fmt.Fprintln(&b, access, begun, a.Status, string(a.Body), position, events, newest, hooks, deliveries)
	for _, j := range jobs {
		fmt.Fprintln(&b, j.ID, j.State, j.Cursor, j.Counts)
	}
	for _, i := range items {
		fmt.Fprintln(&b, i.Row, i.Draft, i.Step, i.At, i.Message)
	}
	return b.String()
}

var errDown = errors.New("the disk is gone")

// Whatever effect fails, once unmade and once made but reported as failed: the process
// ends there, and the next one makes its steps again from the first. What is there in
// the end is what was there without any fault; and what was answered before the end
// is there at the start.
func TestEveryStepSurvivesACrash(t *testing.T) {
	x := newStory(t)
	folder := t.TempDir()
	whole := open(t, filepath.Join(folder, "whole.sqlite"), nil)
	for i, step := range x.steps(whole) {
		if err := step(t.Context()); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	want := state(t, whole)
	must(t, whole.Close())
	if got := state(t, open(t, filepath.Join(folder, "whole.sqlite"), nil)); got != want {
		t.Errorf("after a restart:\n%s", cmp.Diff(want, got))
	}
	for n := 1; ; n++ {
		path := filepath.Join(folder, fmt.Sprint(n, ".sqlite"))
		must(t, open(t, path, nil).Close()) // migrated
		effects := 0
		s := open(t, path, func(string) error {
			if effects++; effects >= n {
				return errDown
			}
			return nil
		})
		done := 0
		var err error
		for _, step := range x.steps(s) {
			if err = step(t.Context()); err != nil {
				break
			}
			done++
		}
		_ = s.Close()
		if err == nil {
			if n <= len(x.steps(s)) {
				t.Fatalf("there were %d effects alone", n)
			}
			return // every one was the last once
		}
		if !errors.Is(err, errDown) && !errors.Is(err, sqlitefile.ErrUnknown) {
			t.Errorf("effect %d failed as %v", n, err)
		}
		// What was answered is there without making it again.
		s = open(t, path, nil)
		prefix := open(t, filepath.Join(folder, fmt.Sprint(n, "-prefix.sqlite")), nil)
		for _, step := range x.steps(prefix)[:done] {
			must(t, step(t.Context()))
		}
		unmade := state(t, prefix)
		if done < len(x.steps(prefix)) {
			must(t, x.steps(prefix)[done](t.Context()))
		}
		if got := state(t, s); got != unmade && got != state(t, prefix) {
			t.Errorf("effect %d, after %d steps, left half a step:\n%s", n, done, cmp.Diff(unmade, got))
		}
		for i, step := range x.steps(s) {
			if i < done { // what was answered is not asked again
				continue
			}
			if err := step(t.Context()); err != nil {
				t.Fatalf("effect %d, step %d made again: %v", n, i, err)
			}
		}
		if got := state(t, s); got != want {
			t.Errorf("effect %d:\n%s", n, cmp.Diff(want, got))
		}
		must(t, s.Close())
	}
}

// Sealed values and secrets are nowhere in the file, not even after their rows went.
func TestNothingSealedLiesInTheClear(t *testing.T) {
	x := newStory(t)
	path := filepath.Join(t.TempDir(), "api.sqlite")
	s := open(t, path, nil)
	for _, step := range x.steps(s) {
		must(t, step(t.Context()))
	}
	look := func(when string) {
		t.Helper()
		for _, name := range []string{path, path + "-wal"} {
			b, err := os.ReadFile(name)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			for _, canary := range []string{labelCanary, addressCanary, secretCanary, tokenCanary} {
				if bytes.Contains(b, []byte(canary)) {
					t.Errorf("%s: %s is in %s", when, canary, filepath.Base(name))
				}
			}
			if name == path && len(b) > 0 && !bytes.Contains(b, []byte("erp.example")) && when == "closed" {
				t.Error("the file does not even have what is kept in the clear: this test looks at nothing")
			}
		}
	}
	look("open")
	must(t, s.Close())
	look("closed")
}

// One of many requests with a key is begun; its first answer stays, until it is
// forgotten.
func TestAnIdempotencyKeyIsAnsweredOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "api.sqlite")
	s := open(t, path, nil)
	ctx := t.Context()
	key, other := rem.DigestOf([]byte("key")), rem.DigestOf([]byte("other"))
	var all sync.WaitGroup
	begun := make(chan bool, 20)
	for range cap(begun) {
		all.Go(func() {
			_, did, err := s.Begin(ctx, key, request, at)
			if err != nil {
				t.Error(err)
			}
			begun <- did
		})
	}
	all.Wait()
	close(begun)
	n := 0
	for did := range begun {
		if did {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d requests with one key were begun", n)
	}
	must(t, s.End(ctx, key, 201, []byte("first")))
	must(t, s.End(ctx, key, 500, []byte("second")))
	must(t, s.Leave(ctx, key)) // it has an answer, which stays
	must(t, s.Close())
	s = open(t, path, nil)
	a, did, err := s.Begin(ctx, key, other, at.Add(time.Hour))
	if err != nil || did || a.Status != 201 || string(a.Body) != "first" || a.Request != request || !a.At.Equal(at) {
		t.Errorf("after a restart it is %+v, begun %v: %v", a, did, err)
	}
	// One that was being answered when the process ended says so, and can be left.
	if _, did, err := s.Begin(ctx, other, other, at); err != nil || !did {
		t.Fatal(did, err)
	}
	if a, did, err := s.Begin(ctx, other, other, at); err != nil || did || a.Status != 0 {
		t.Errorf("a request that is being answered: %+v %v %v", a, did, err)
	}
	must(t, s.Leave(ctx, other))
	if _, did, err := s.Begin(ctx, other, other, at); err != nil || !did {
		t.Errorf("after leaving it was not begun: %v", err)
	}
	must(t, s.ForgetAnswers(ctx, at)) // nothing is older
	if _, did, _ := s.Begin(ctx, key, request, at); did {
		t.Error("it was forgotten too early")
	}
	must(t, s.ForgetAnswers(ctx, at.Add(time.Microsecond)))
	if _, did, _ := s.Begin(ctx, key, request, at); !did {
		t.Error("it was not forgotten")
	}
}

// An access token ends with its time or with its key.
func TestAccessEndsWithItsTimeAndItsKey(t *testing.T) {
	x := newStory(t)
	s := open(t, filepath.Join(t.TempDir(), "api.sqlite"), nil)
	ctx := t.Context()
	must(t, s.Tokens().Add(ctx, x.key, 1))
	second := x.key
	second.ID, second.Secret = "key-2", token.Digest{2}
	if err := s.Tokens().Add(ctx, second, 1); !errors.Is(err, token.ErrTooMany) {
		t.Errorf("one more than there may be: %v", err)
	}
	second.Made = x.key.Until // the first one holds no more
	must(t, s.Tokens().Add(ctx, second, 1))
	for i, until := range []time.Duration{time.Minute, time.Hour} {
		must(t, s.Tokens().AddAccess(ctx, token.Access{Secret: token.Digest{byte(10 + i)}, Key: "key-1", Scopes: []token.Scope{token.List}, Made: at, Until: at.Add(until)}))
	}
	must(t, s.Tokens().Forget(ctx, at.Add(2*time.Minute)))
	if _, _, err := s.Tokens().Access(ctx, token.Digest{10}); !errors.Is(err, token.ErrUnknown) {
		t.Errorf("what is over is still there: %v", err)
	}
	if a, k, err := s.Tokens().Access(ctx, token.Digest{11}); err != nil || a.Key != "key-1" || k.ID != "key-1" {
		t.Errorf("what holds is %+v: %v", a, err)
	}
	if err := s.Tokens().Revoke(ctx, "acc-2", "key-1", "per-2", at); !errors.Is(err, token.ErrUnknown) {
		t.Errorf("another account's key: %v", err)
	}
	must(t, s.Tokens().Revoke(ctx, "acc-1", "key-1", "per-1", at))
	if _, _, err := s.Tokens().Access(ctx, token.Digest{11}); !errors.Is(err, token.ErrUnknown) {
		t.Errorf("the access of a revoked key: %v", err)
	}
	must(t, s.Tokens().AddAccess(ctx, token.Access{Secret: token.Digest{12}, Key: "key-1", Made: at, Until: at.Add(time.Hour)}))
	if _, _, err := s.Tokens().Access(ctx, token.Digest{12}); !errors.Is(err, token.ErrUnknown) {
		t.Errorf("a revoked key got access: %v", err)
	}
}

// A hook of the schema before kinds were chosen sends everything after its migration.
func TestHooksOfTheSchemaBeforeSendEverything(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "api.sqlite")
	before := fstest.MapFS{}
	for _, name := range []string{"0001.sql", "0002.sql"} {
		b, err := os.ReadFile(filepath.Join("migrations", name))
		must(t, err)
		before[name] = &fstest.MapFile{Data: b}
	}
	f, err := sqlitefile.Open(ctx, path, sqlitefile.Options{Migrations: before})
	must(t, err)
	must(t, f.Update(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO hook (id, account, person, url, secret, made, state, cursor, upto, attempts, due, fault) VALUES ('hook-0', 'acc-1', 'per-1', 'https://erp.example/', x'01', 1, 'running', 7, 0, 0, 1, '')`)
		return err
	}))
	must(t, f.Close())
	s := open(t, path, nil)
	h, err := s.Hook(ctx, "acc-1", "hook-0")
	must(t, err)
	for _, k := range append(happening.Kinds, "of a later year") {
		if !h.Sends(k) {
			t.Errorf("it does not send %s", k)
		}
	}
	if h.Cursor != 7 || h.URL != "https://erp.example/" {
		t.Errorf("it is %+v", h)
	}
}
