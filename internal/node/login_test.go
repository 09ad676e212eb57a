package node

import (
	"testing"
	"time"

	"rem"
	"rem/edge/smtpin"
	"rem/edge/sqlstore"
	"rem/internal/testkit"
	"rem/person/account"
)

// A mail program may keep its session for hours. What its evidence says about
// the login is when the login was.
func TestEvidenceTellsWhenTheSenderLoggedIn(t *testing.T) {
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	clock := testkit.NewClock(time.Time{})
	n := &Node{Store: store, clock: clock, hasher: account.NewHasher(1)}
	a := account.Account{
		ID: "hesap", Address: rem.MustAddress("ayse@hs90.kep.test"), State: account.Open, Created: clock.Now(),
		Holder: account.Holder{Person: "kisi", Name: "Ayşe"}, Operators: []account.Operator{{Person: "kisi", Name: "Ayşe", Send: true, Read: true}},
	}
	hash, err := n.hasher.Hash(t.Context(), password)
	if err == nil {
		err = store.Create(t.Context(), a)
	}
	if err == nil {
		err = store.SetPassword(t.Context(), a.ID, "kisi", hash)
	}
	if err != nil {
		t.Fatal(err)
	}
	began := clock.Now().UTC()
	p, err := submissionDoor{n}.Authenticate(t.Context(), &smtpin.Session{}, "ayse@hs90.kep.test", password)
	if err != nil {
		t.Fatal(err)
	}
	clock.Advance(3 * time.Hour)
	login := loginOf(p)
	if got := login.Authentication.Time; !got.Equal(began) || got.Location() != time.UTC {
		t.Errorf("the login was at %s, want %s in UTC", got, began)
	}
	if login.Actor.Person != "kisi" || login.Authentication.Method != methodPassword {
		t.Errorf("%+v", login)
	}
}
