package mailbox_test

import (
	"context"
	"errors"

	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit/mailboxtest"
	"rem/internal/testkit/world"
	"rem/mail/mime"
	"rem/message"
	"rem/message/mailbox"
	"rem/person/account"
	"rem/privacy"
)

var kit *world.Kit

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var key = []byte(strings.Repeat("k", 32))

// nobody keeps no names.
type nobody struct{}

func (nobody) Acting(context.Context, mailbox.Visitor, account.Account) (privacy.Value, error) {
	return privacy.Value{}, nil
}
func (nobody) Holding(context.Context, mailbox.Visitor, account.Account) (privacy.Value, error) {
	return privacy.Value{}, nil
}

// A side is one provider of a world with its mailboxes.
type side struct {
	p        *world.Provider
	store    *mailboxtest.Memory
	follower *mailbox.Follower
	box      *mailbox.Box
}

func sideOf(t testing.TB, w *world.World, code string) *side {
	t.Helper()
	p := w.Providers[world.Domain(code)]
	s := &side{p: p, store: mailboxtest.NewMemory()}
	s.follower = &mailbox.Follower{Feed: p.Store, Ledger: p.Store, Store: s.store, Domain: p.Domain, WordKey: key, Texts: func(_ context.Context, c message.Content) ([]string, int, error) {
		b := make([]byte, c.Size())
		if _, err := c.ReadAt(b, 0); err != nil {
			return nil, 0, err
		}
		return []string{string(b)}, 1, nil
	}}
	s.box = &mailbox.Box{Ledger: p.Store, Store: s.store, Accounts: p.Store, Retriever: p.Retriever, Names: nobody{}, Clock: w.Clock, Domain: p.Domain, WordKey: key}
	return s
}

func (s *side) visitor(user string) mailbox.Visitor {
	a := world.Account(user, s.p.Domain)
	return mailbox.Visitor{Actor: rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person, Method: "urn:test"}, Authentication: message.Authentication{Time: mailboxtest.At, Method: "urn:test"}, Case: "session"}
}

func (s *side) follow(t testing.TB) {
	t.Helper()
	_, err := s.follower.Follow(t.Context())
	must(t, err)
	for more := true; more; {
		more, err = s.follower.Index(t.Context(), 3)
		must(t, err)
	}
}

func kinds(rows []mailbox.Row) (list []mailbox.Kind) {
	for _, r := range rows {
		list = append(list, r.Kind)
	}
	return list
}

func setUp(t *testing.T) (w *world.World, here, there *side) {
	t.Helper()
	if kit == nil {
		kit = world.NewKit(t)
	}
	w = kit.New(t, world.Options{})
	return w, sideOf(t, w, world.Codes[0]), sideOf(t, w, world.Codes[1])
}

func letter(t *testing.T, w *world.World, from, to string) []byte {
	return kit.Sign(t, world.Letter{From: world.Address(from, world.Codes[0]), To: []string{world.Address(to, world.Codes[1])}, Subject: "=?utf-8?Q?I=C5=9F=C4=B1k_faturas=C4=B1?=", Body: "Dilekçe ektedir."}, 0)
}

// REQ-68: a message is sent, arrives, is listed, found and peeked at without an
// evidence; opening it makes one, once.
func TestAMessageIsFollowedThroughTwoProviders(t *testing.T) {
	w, here, there := setUp(t)
	sender, reader := world.Users[0], world.Users[1]
	receipt := w.Submit(sender, world.Codes[0], letter(t, w, sender, reader), world.Address(reader, world.Codes[1]))
	here.follow(t)
	me, you := here.visitor(sender), there.visitor(reader)
	rows, err := here.box.List(t.Context(), me, mailbox.Query{Folder: mailbox.SentBox}, "")
	must(t, err)
	if len(rows) != 1 || rows[0].Message != receipt.Message || rows[0].Progress != mailbox.Waiting || rows[0].Record == nil || rows[0].Size != rows[0].Record.Size {
		t.Fatalf("sent: %+v", rows)
	}
	w.Run(time.Hour)
	here.follow(t)
	there.follow(t)
	rows, err = here.box.List(t.Context(), me, mailbox.Query{Folder: mailbox.SentBox}, "")
	must(t, err)
	if len(rows) != 1 || rows[0].Progress != mailbox.Delivered {
		t.Fatalf("sent, after it was delivered: %+v", rows)
	}
	proofs, err := here.box.List(t.Context(), me, mailbox.Query{Folder: mailbox.Proofs}, "")
	must(t, err)
	before := len(proofs)
	if before == 0 || proofs[0].Filed == nil {
		t.Fatalf("evidence: %+v", proofs)
	}
	for _, p := range proofs {
		c, err := here.box.Open(t.Context(), me, p.ID)
		must(t, err)
		if c.Size() != p.Size {
			t.Errorf("evidence %s has %d octets, and its item says %d", p.Evidence, c.Size(), p.Size)
		}
	}
	// Listing, searching, peeking: no evidence.
	evidence := func() int {
		list, err := there.p.Store.EvidenceOf(t.Context(), receipt.Message)
		must(t, err)
		return len(list)
	}
	at := evidence()
	var item mailbox.Item
	for _, question := range []string{"", "ISIK", "ışık fatu", "isik faturası", "dilekçe", "DİLEK"} {
		rows, err := there.box.List(t.Context(), you, mailbox.Query{}, question)
		must(t, err)
		if len(rows) != 1 || rows[0].Kind != mailbox.Received || rows[0].Message != receipt.Message || !rows[0].Opened.IsZero() || rows[0].Attachments != 1 {
			t.Fatalf("%q finds %+v", question, rows)
		}
		item = rows[0].Item
	}
	for _, question := range []string{"karanlık", "ışık karanlık", "ektedirler"} {
		if rows, err := there.box.List(t.Context(), you, mailbox.Query{}, question); err != nil || len(rows) != 0 {
			t.Errorf("%q finds %v, %v", question, rows, err)
		}
	}
	peeked, err := there.box.Peek(t.Context(), you, item.ID)
	must(t, err)
	_, err = mime.ReadHeader(peeked, mime.DefaultLimits)
	must(t, err)
	if got := evidence(); got != at {
		t.Fatalf("%d evidences after looking at lists, %d before", got, at)
	}
	if err := there.box.Remove(t.Context(), you, []mailbox.ItemID{item.ID}); !isRefusal(err) {
		t.Errorf("removing what was never opened: %v", err)
	}
	for range 2 {
		c, err := there.box.Open(t.Context(), you, item.ID)
		must(t, err)
		if c.Digest() != peeked.Digest() {
			t.Error("what is opened is not what was there")
		}
	}
	if got := evidence(); got != at+1 {
		t.Errorf("%d evidences after opening twice, %d before", got, at)
	}
	w.Run(time.Hour)
	there.follow(t)
	here.follow(t)
	item, err = there.store.Item(t.Context(), you.Actor.Account, item.ID)
	must(t, err)
	if item.Opened.IsZero() || item.Person != you.Actor.Person {
		t.Errorf("opened: %+v", item)
	}
	rows, err = here.box.List(t.Context(), me, mailbox.Query{Progress: mailbox.Retrieved}, "")
	must(t, err)
	if !slices.Equal(kinds(rows), []mailbox.Kind{mailbox.Sent}) {
		t.Errorf("retrieved: %+v", rows)
	}
	proofs, err = here.box.List(t.Context(), me, mailbox.Query{Folder: mailbox.Proofs}, "")
	must(t, err)
	if len(proofs) <= before {
		t.Errorf("no evidence of the opening came: %d, %d before", len(proofs), before)
	}
	must(t, there.box.Remove(t.Context(), you, []mailbox.ItemID{item.ID}))

	// Followed again from the beginning, nothing comes twice and nothing comes back.
	for _, s := range []*side{here, there} {
		must(t, s.store.Follow(t.Context(), nil, ""))
		s.follow(t)
	}
	again, err := here.box.List(t.Context(), me, mailbox.Query{Folder: mailbox.Proofs}, "")
	must(t, err)
	if len(again) != len(proofs) {
		t.Errorf("%d evidences when followed again, %d before", len(again), len(proofs))
	}
	if rows, err := there.box.List(t.Context(), you, mailbox.Query{}, ""); err != nil || len(rows) != 0 {
		t.Errorf("what was removed is there again: %v, %v", rows, err)
	}
	// Another account sees nothing of it.
	stranger := here.visitor(world.Users[2])
	if _, err := here.box.Message(t.Context(), stranger, receipt.Message); !errors.Is(err, mailbox.ErrNotFound) {
		t.Errorf("a stranger gets %v", err)
	}
	if rows, err := here.box.List(t.Context(), stranger, mailbox.Query{}, "ışık"); err != nil || len(rows) != 0 {
		t.Errorf("a stranger finds %v, %v", rows, err)
	}
}

func isRefusal(err error) bool {
	_, ok := errors.AsType[*rem.Refusal](err)
	return ok
}

// A message that nobody opens, and one that nobody takes over.
func TestProgressIsThatOfTheRecipients(t *testing.T) {
	for _, c := range []struct {
		name string
		to   string
		days int
		want mailbox.Progress
	}{
		{"not opened in time", world.Address(world.Users[1], world.Codes[1]), 3, mailbox.NotOpened},
		{"no such address", world.Address("nobody", world.Codes[1]), 3, mailbox.Failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, here, _ := setUp(t)
			sender := world.Users[0]
			original := kit.Sign(t, world.Letter{From: world.Address(sender, world.Codes[0]), To: []string{c.to}, Subject: "x", Body: "y"}, 0)
			w.Submit(sender, world.Codes[0], original, c.to)
			w.Run(time.Duration(c.days) * 24 * time.Hour)
			here.follow(t)
			rows, err := here.box.List(t.Context(), here.visitor(sender), mailbox.Query{Kinds: []mailbox.Kind{mailbox.Sent}}, "")
			must(t, err)
			if len(rows) != 1 || rows[0].Progress != c.want {
				t.Errorf("got %+v, want %b", rows, c.want)
			}
		})
	}
}
