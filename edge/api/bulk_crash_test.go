package api_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/apistore"
	"rem/internal/testkit/world"
	"rem/message"
	"rem/message/bulk"
	"rem/message/happening"
	"rem/message/mailbox"
)

var errKilled = errors.New("the process was killed")

// reopen has the house's store in a file, whose n-th effect and all later ones fail;
// 0: none does. It returns how many effects there were.
func (h *house) reopen(path string, n int) (effects *int) {
	h.t.Helper()
	effects = new(int)
	s, err := apistore.Open(context.Background(), path, apistore.Options{Effect: func(string) error {
		if *effects++; n > 0 && *effects >= n {
			return errKilled
		}
		return nil
	}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { s.Close() })
	h.store = s
	h.happens = &happening.Follower{Feed: h.here.Store, Ledger: h.here.Store, Store: s, Clock: h.Clock}
	h.bulk = h.service()
	return effects
}

type content struct{ b []byte }

func (c content) ReadAt(p []byte, off int64) (int, error) { return bytes.NewReader(c.b).ReadAt(p, off) }
func (c content) Size() int64                             { return int64(len(c.b)) }
func (c content) Digest() rem.Digest                      { return rem.DigestOf(c.b) }

func (h *house) visitor() mailbox.Visitor {
	a := world.Account("ayse", h.here.Domain)
	return mailbox.Visitor{
		Actor:          rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person, Method: "urn:rem:authentication:token"},
		Authentication: message.Authentication{Time: h.Clock.Now(), Method: "urn:rem:authentication:token"}, Case: "api-test",
	}
}

// round is one of everything that works behind the door.
func (h *house) round() error {
	ctx := h.t.Context()
	if err := h.bulk.Round(ctx); err != nil {
		return err
	}
	s := &mailbox.Sender{Box: h.box, Follow: func(ctx context.Context) error { _, err := h.follow.Follow(ctx); return err }, Alarm: func(err error) { h.t.Error(err) }}
	if err := s.Due(ctx); err != nil {
		return err
	}
	h.arrive()
	_, err := h.happens.Follow(ctx)
	return err
}

// Whatever effect of the store is the last one before the process ends, each message
// goes out once, or nothing of the job does and no draft is left.
func TestABulkSendingSurvivesEveryCrash(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	kit := newHouse(t)
	for i := range 3 {
		w, err := z.Create(fmt.Sprintf("%d.eml", i))
		if err == nil {
			_, err = w.Write(kit.letter(fmt.Sprint("Bildirim ", i), world.Address("cem", "hs90")))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	request := bulk.Request{Kind: bulk.Presigned, Package: content{b.Bytes()}}
	for n := 1; ; n++ {
		h := kit.another(t)
		path := filepath.Join(t.TempDir(), "crash.sqlite")
		h.reopen(path, 0) // migrated
		if err := h.store.Close(); err != nil {
			t.Fatal(err)
		}
		effects := h.reopen(path, n)
		id, _, err := h.bulk.Create(t.Context(), h.visitor(), request)
		for i := 0; i < 4 && err == nil; i++ {
			err = h.round()
		}
		if err == nil && *effects < n {
			if n < 8 {
				t.Fatalf("there were %d effects alone", n)
			}
			return // every one was the last once
		}
		_ = h.store.Close()
		h.reopen(path, 0)
		var last bulk.Job
		for i := 0; ; i++ {
			if err := h.round(); err != nil {
				t.Fatalf("after effect %d: %v", n, err)
			}
			jobs, err := h.store.Bulk().Jobs(t.Context(), h.visitor().Actor.Account, 10)
			if err != nil {
				t.Fatal(err)
			}
			if len(jobs) == 0 {
				break
			}
			if last = jobs[0]; last.State == bulk.Done || last.State == bulk.Abandoned {
				break
			}
			if i > 10 {
				t.Fatalf("after effect %d it stays %+v", n, last)
			}
			h.Clock.Advance(time.Minute)
		}
		drafts, err := h.box.Store.Items(t.Context(), h.visitor().Actor.Account, mailbox.Query{Kinds: []mailbox.Kind{mailbox.Drafted}, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		sent, err := h.box.Store.Items(t.Context(), h.visitor().Actor.Account, mailbox.Query{Kinds: []mailbox.Kind{mailbox.Sent}, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		if last.State == bulk.Done && last.Counts[bulk.Cancelled] == 0 {
			want = 3
		}
		if len(drafts) != 0 || len(sent) != want || last.Counts[bulk.Submitted] != want {
			t.Errorf("after effect %d (%s): %d drafts, %d sent, %+v", n, id, len(drafts), len(sent), last)
		}
	}
}

// A thousand letters of one list are a thousand drafts, whole and in their order.
func TestAThousandLetters(t *testing.T) {
	h := newHouse(t)
	h.bulk.Rate = bulk.MaxRate
	var list bytes.Buffer
	list.WriteString("adres,ad\n")
	for i := range 1000 {
		fmt.Fprintf(&list, "alici%d@%s,Alıcı %d\n", i, h.here.Domain, i)
	}
	id, report, err := h.bulk.Create(t.Context(), h.visitor(), bulk.Request{Kind: bulk.Templated, Subject: "Sayın {{ad}}", Text: "Merhaba {{AD}}", List: list.Bytes()})
	if err != nil || len(report.Faults) != 0 || report.Rows != 1000 || report.Bytes < 1000*mailbox.Allowance {
		t.Fatalf("%+v, %v", report, err)
	}
	seen := map[mailbox.DraftID]bool{}
	for batch := 0; ; batch++ {
		ids, err := h.bulk.Batch(t.Context(), h.visitor(), id)
		if err != nil {
			t.Fatal(err)
		}
		if len(ids) == 0 {
			break
		}
		for i, d := range ids {
			if seen[d] {
				t.Fatalf("draft %s is given out twice", d)
			}
			seen[d] = true
			if i == 0 {
				got, err := h.box.Draft(t.Context(), h.visitor(), d)
				if want := fmt.Sprint("Sayın Alıcı ", batch*200); err != nil || got.Subject != want {
					t.Errorf("batch %d begins with %q (%v), want %q", batch, got.Subject, err, want)
				}
			}
		}
	}
	if len(seen) != 1000 {
		t.Errorf("%d drafts were given out", len(seen))
	}
	var out bytes.Buffer
	if err := h.bulk.Results(t.Context(), h.visitor(), id, &out); err != nil || bytes.Count(out.Bytes(), []byte("\r\n")) != 1001 {
		t.Errorf("the results have %d lines: %v", bytes.Count(out.Bytes(), []byte("\r\n")), err)
	}
}

// A cut is a mailbox whose n-th effect on drafts and all later ones fail, the n-th
// before it is made or after; 0: none does.
type cut struct {
	mailbox.Store
	mu   sync.Mutex
	n    int
	done int // guarded by mu
}

// fails is asked twice for each effect.
func (c *cut) fails() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done++
	return c.n > 0 && c.done >= c.n
}

func (c *cut) SaveDraft(ctx context.Context, by rem.Actor, d mailbox.Draft) (int64, error) {
	if c.fails() {
		return 0, errKilled
	}
	v, err := c.Store.SaveDraft(ctx, by, d)
	if err == nil && c.fails() {
		err = errKilled
	}
	return v, err
}

func (c *cut) PutFile(ctx context.Context, by rem.Actor, id mailbox.DraftID, file string, in io.Reader, most int64) (int64, rem.Digest, error) {
	if c.fails() {
		return 0, rem.Digest{}, errKilled
	}
	size, d, err := c.Store.PutFile(ctx, by, id, file, in, most)
	if err == nil && c.fails() {
		err = errKilled
	}
	return size, d, err
}

func (c *cut) DropDraft(ctx context.Context, by rem.Actor, id mailbox.DraftID) error {
	if c.fails() {
		return errKilled
	}
	err := c.Store.DropDraft(ctx, by, id)
	if err == nil && c.fails() {
		err = errKilled
	}
	return err
}

// Whatever effect on drafts is the last one before the process ends: a list with a
// template is whole and waits to be signed, or nothing of it is left; signed messages
// go out once each, or none does.
func TestABulkSendingSurvivesEveryCrashOfItsMailbox(t *testing.T) {
	kit := newHouse(t)
	var files, signed bytes.Buffer
	pack := func(into *bytes.Buffer, name func(int) string, content func(int) []byte) {
		z := zip.NewWriter(into)
		for i := range 3 {
			w, err := z.Create(name(i))
			if err == nil {
				_, err = w.Write(content(i))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	pack(&files, func(i int) string { return fmt.Sprintf("%d.txt", i) }, func(i int) []byte { return []byte("ek") })
	pack(&signed, func(i int) string { return fmt.Sprintf("%d.eml", i) }, func(i int) []byte {
		return kit.letter(fmt.Sprint("Bildirim ", i), world.Address("cem", "hs90"))
	})
	var list bytes.Buffer
	list.WriteString("adres,ad,dosya\n")
	for i := range 3 {
		fmt.Fprintf(&list, "%s,Cem %d,%d.txt\n", world.Address("cem", "hs90"), i, i)
	}
	for _, request := range []bulk.Request{
		{Kind: bulk.Templated, Subject: "Sayın {{ad}}", Text: "Merhaba", List: list.Bytes(), Package: content{files.Bytes()}},
		{Kind: bulk.Presigned, Package: content{signed.Bytes()}},
	} {
		t.Run(string(request.Kind), func(t *testing.T) {
			for n := 1; ; n++ {
				h := kit.another(t)
				whole := h.box.Store
				c := &cut{Store: whole, n: n}
				h.box.Store = c
				_, _, err := h.bulk.Create(t.Context(), h.visitor(), request)
				for i := 0; i < 3 && err == nil; i++ {
					err = h.bulk.Round(t.Context())
				}
				c.mu.Lock()
				over := c.done < n
				c.mu.Unlock()
				h.box.Store = whole
				h.bulk = h.service() // as after a restart
				for range 5 {
					if err := h.round(); err != nil {
						t.Fatalf("after effect %d: %v", n, err)
					}
					h.Clock.Advance(time.Minute)
				}
				account := h.visitor().Actor.Account
				jobs, err := h.store.Bulk().Jobs(t.Context(), account, 10)
				if err != nil || len(jobs) != 1 {
					t.Fatalf("after effect %d there are %d jobs: %v", n, len(jobs), err)
				}
				drafts, err := h.box.Store.Items(t.Context(), account, mailbox.Query{Kinds: []mailbox.Kind{mailbox.Drafted}, Limit: 10})
				if err != nil {
					t.Fatal(err)
				}
				sent, err := h.box.Store.Items(t.Context(), account, mailbox.Query{Kinds: []mailbox.Kind{mailbox.Sent}, Limit: 10})
				if err != nil {
					t.Fatal(err)
				}
				want := map[bulk.State][2]int{bulk.Abandoned: {0, 0}, bulk.Running: {3, 0}}
				if request.Kind == bulk.Presigned {
					want = map[bulk.State][2]int{bulk.Abandoned: {0, 0}, bulk.Done: {0, 3}}
				}
				if is, ok := want[jobs[0].State]; !ok || is != [2]int{len(drafts), len(sent)} {
					t.Errorf("after effect %d it is %s with %d drafts and %d sent", n, jobs[0].State, len(drafts), len(sent))
				}
				if over {
					if n < 10 {
						t.Errorf("there were %d effects alone", n)
					}
					return
				}
			}
		})
	}
}
