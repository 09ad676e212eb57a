package api_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
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
