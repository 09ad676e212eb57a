package node

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"rem"
	"rem/internal/setup"
	"rem/person/account"
	"rem/person/token"
)

// REQ-39: a program with the scope lists who may act on the account, changes what one
// of them may, and ends his authority; it holds at the next question. AT-28: a program
// of another account finds none of them.
func TestAProgramChangesAndEndsOperators(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n, ctx := s.nodes[here], t.Context()
	open := func(i int, address string) (account.Account, func(method, path, body string) (int, []byte)) {
		s.holder(i, address)
		a, err := n.Store.ByAddress(ctx, rem.MustAddress(address))
		if err != nil {
			t.Fatal(err)
		}
		by := rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person, Method: "passkey"}
		_, secret, err := n.People.Tokens.Create(ctx, by, token.Wish{Kind: token.Personal, Label: "program", Scopes: []token.Scope{token.Account, token.Appoint}, Term: 24 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.world.Root()}}}
		t.Cleanup(client.CloseIdleConnections)
		return a, func(method, path, body string) (int, []byte) {
			t.Helper()
			q, err := http.NewRequestWithContext(ctx, method, n.Config.Web.Base+"/api/v1/"+path, bytes.NewReader([]byte(body)))
			if err != nil {
				t.Fatal(err)
			}
			q.Header.Set("Authorization", "Bearer "+secret.Reveal())
			q.Header.Set("Content-Type", "application/json")
			r, err := client.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			answer, err := io.ReadAll(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			return r.StatusCode, answer
		}
	}
	a, ask := open(0, isil)
	_, stranger := open(4, "bora.agaoglu@"+here)
	by := account.By{Actor: rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person, Method: "passkey"}}
	if err := n.Keeper.Appoint(ctx, by, a.ID, account.Operator{Person: "per-second", May: account.Reading | account.Deleting, Proof: account.Proof{Kind: account.Appointment, Digest: rem.DigestOf([]byte("x"))}}); err != nil {
		t.Fatal(err)
	}
	hash, err := n.hasher.Hash(ctx, password)
	if err == nil {
		err = n.Store.SetPassword(ctx, a.ID, "per-second", hash)
	}
	if err != nil {
		t.Fatal(err)
	}
	may := func() (list []string) {
		t.Helper()
		var all []struct {
			Person string
			May    []string
		}
		status, answer := ask("GET", "operators", "")
		if err := json.Unmarshal(answer, &all); err != nil || status != 200 {
			t.Fatalf("%d %s", status, answer)
		}
		for _, o := range all {
			if o.Person == "per-second" {
				return o.May
			}
		}
		return nil
	}
	if got := may(); len(got) != 2 {
		t.Errorf("he may %v", got)
	}
	// Another account's program, and somebody who is not there. Who has no authority
	// there has none after it was ended, so that ending it again is answered alike.
	for method, want := range map[string]int{"PUT": http.StatusNotFound, "DELETE": http.StatusNoContent} {
		theirs, one := stranger(method, "operators/per-second", `{"may":["read"]}`)
		none, two := stranger(method, "operators/per-nobody", `{"may":["read"]}`)
		if theirs != want || none != theirs || !bytes.Equal(one, two) {
			t.Errorf("%s: %d %s for another account's operator, %d %s for none", method, theirs, one, none, two)
		}
	}
	if got := may(); len(got) != 2 {
		t.Errorf("after another account's program he may %v", got)
	}
	if status, answer := ask("PUT", "operators/per-second", `{"may":["fly"]}`); status != http.StatusUnprocessableEntity {
		t.Errorf("a permission that is none: %d %s", status, answer)
	}
	if status, answer := ask("PUT", "operators/per-second", `{"may":["read"]}`); status >= 300 {
		t.Errorf("changing: %d %s", status, answer)
	}
	if got := may(); len(got) != 1 || got[0] != "read" {
		t.Errorf("he may %v", got)
	}
	if status, answer := ask("DELETE", "operators/per-second", ""); status >= 300 {
		t.Errorf("ending: %d %s", status, answer)
	}
	after, err := n.Store.Account(ctx, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := n.Store.Passwords(ctx, a.ID); err != nil || left["per-second"] != "" {
		t.Errorf("his password of mail programs is left (%v)", err)
	}
	if p := after.Powers("per-second", n.clock.Now()); p != 0 {
		t.Errorf("he may %v after his authority ended", p)
	}
}
