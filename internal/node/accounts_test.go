package node

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/control"
	"rem/edge/sqlstore"
	"rem/internal/setup"
	"rem/internal/testkit"
	"rem/internal/testkit/vaulttest"
	"rem/person/account"
	"rem/privacy"
	"rem/privacy/inventory"
)

// P-03, AT-34: what is known of the account's people lies nowhere in clear, in no
// file and in no log line. (Evidence shows the holder's name, by law, as soon as he
// sends; nothing was sent here.)
func TestNothingOfAnAccountsPeopleLiesInClear(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	c, ctx := s.control(here), t.Context()
	const holder, operator, identity = "KANARYA Dokuma Anonim Şirketi", "Kanarya Çağrı Öğütçü", "98765432150"
	if _, err := c.AddAccount(ctx, control.NewAccount{Address: isil, Holder: holder, Legal: true, Operator: operator, Identity: identity, Password: password}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.mailer(here, isil, password); err != nil {
		t.Fatal(err)
	}
	list, err := c.Accounts(ctx, "")
	if err != nil || len(list) != 1 || strings.Contains(string(list[0].Holder)+string(list[0].Operators[0]), "anarya") {
		t.Fatalf("%+v, %v", list, err)
	}
	if _, err := c.AccountNames(ctx, isil, ""); err == nil {
		t.Error("names were opened for no case")
	}
	names, err := c.AccountNames(ctx, isil, "destek-7")
	if err != nil || names.Holder != holder || len(names.Operators) != 1 || names.Operators[0] != operator {
		t.Errorf("%+v, %v", names, err)
	}
	entries, err := s.nodes[here].Records.Access.Concerning(ctx, list[0].Holder, 0, 10)
	if err != nil || len(entries) != 2 || entries[0].Case != "destek-7" || entries[0].Role != privacy.AsSupport {
		t.Errorf("the access log has %+v, %v", entries, err)
	}
	if err := c.SetState(ctx, isil, account.Closed, account.ByEnd); err != nil {
		t.Fatal(err)
	}
	folder := s.nodes[here].Config.Data
	s.stop(here)
	read := 0
	look := func(what string, b []byte) {
		for _, secret := range []string{"KANARYA Dokuma", "Kanarya Çağrı", identity, password} {
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s has %q in clear", what, secret)
			}
		}
	}
	err = filepath.WalkDir(folder, func(file string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(file)
		read++
		look(file, b)
		return err
	})
	if err != nil || read < 5 {
		t.Fatalf("%d files, %v", read, err)
	}
	look("the log", []byte(s.logs[here].String()))
}

// The name that evidence shows is opened once for a session, however many
// messages it brings, with an entry that names the person himself.
func TestASessionOpensTheHoldersNameOnce(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	from := s.holder(0, isil)
	m, err := s.mailer(here, isil, password)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, id := range []string{"1@ev", "2@ev", "3@ev"} {
		if err := hand(m, isil, []string{isil}, s.sign(from, letter{id: id, subject: "x", to: []string{isil}})); err != nil {
			t.Fatal(err)
		}
	}
	n := s.nodes[here]
	a, err := n.Store.ByAddress(t.Context(), rem.MustAddress(isil))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := n.Records.Access.Concerning(t.Context(), a.Holder.Person, 0, 10)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d entries, want 1: %+v, %v", len(entries), entries, err)
	}
	e := entries[0]
	if e.Actor != a.Holder.Person || e.Account != a.ID || e.Role != privacy.AsHolder || e.Purpose != privacy.Carriage ||
		!strings.HasPrefix(string(e.Case), "smtp-in-") || len(e.Fields) != 1 || e.Fields[0] != account.HolderName {
		t.Errorf("%+v", e)
	}
	sent, err := n.Store.Sent(t.Context(), a.ID, "", 10)
	if err != nil || len(sent) != 3 {
		t.Fatalf("%d messages, %v", len(sent), err)
	}
	for _, id := range sent {
		v, err := n.Store.Message(t.Context(), id)
		if err != nil || v.Record.Sender.Name != from.Name() {
			t.Errorf("the sender is %q, want %q (%v)", v.Record.Sender.Name, from.Name(), err)
		}
	}
}

// A record of the first release had names in clear. The first start seals them;
// a second one finds nothing to do.
func TestAccountsOfTheFirstReleaseAreSealedAtTheStart(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "contents"), os.DirFS("../../edge/sqlstore/testdata/v1/contents")); err != nil {
		t.Fatal(err)
	}
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{Dir: dir, MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	v := vaulttest.New(t, inventory.Today())
	index, err := privacy.NewBlindIndexer(t.Context(), v.Keys, signatoryIndex)
	if err != nil {
		t.Fatal(err)
	}
	n := &Node{Store: store, clock: testkit.NewClock(time.Time{}), Log: slog.New(slog.DiscardHandler), Records: Records{Vault: v.Vault, Signatory: index}}
	if a, err := store.Account(t.Context(), "acc-1"); err != nil || a.Before == nil {
		t.Fatalf("the sample has nothing in clear: %v", err)
	}
	for range 2 {
		if err := n.sealAccounts(t.Context()); err != nil {
			t.Fatal(err)
		}
		a, err := store.Account(t.Context(), "acc-1")
		if err != nil || a.Before != nil || a.Version != 1 {
			t.Fatalf("%+v, %v", a, err)
		}
		self := privacy.Access{Actor: rem.Actor{Account: a.ID, Holder: "per-1", Person: "per-1"}, Role: privacy.AsHolder, Purpose: privacy.Carriage}
		name, err := v.Open(t.Context(), self, a.Holder.Person, account.HolderName, a.Holder.Name)
		if err != nil || name.Text() != "Ayşe" || !a.May("per-1", account.Sending|account.Reading, n.clock.Now()) {
			t.Errorf("%+v, %v", a, err)
		}
	}
}
