package submission_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/world"
	"rem/message"
	"rem/person/account"
	"rem/provider"
)

// A churn is accounts whose address changes hands while the stages look: before and
// after each look-up, as many steps of the script are made as the schedule says.
type churn struct {
	world.Accounts
	store    account.Store
	address  rem.Address
	schedule []int // for each step of the script, the place at which it is made
	place    int
	step     int
	holders  []rem.AccountID // the accounts of the address, in their order
	resolved []rem.AccountID // what the address led to, each time that it was asked
	fault    error
}

// script: the holder closes, somebody else tries, the holder comes back twice.
const script = "cxrcr"

func (c *churn) turn() {
	for c.step < len(script) && c.schedule[c.step] <= c.place {
		c.fault = errors.Join(c.fault, c.make(script[c.step]))
		c.step++
	}
	c.place++
}

func (c *churn) make(what byte) error {
	ctx, newest := context.Background(), c.holders[len(c.holders)-1]
	a, err := c.store.Account(ctx, newest)
	if err != nil {
		return err
	}
	switch what {
	case 'c':
		a.State = account.Closed
		return c.store.Update(ctx, a)
	case 'x':
		a.ID, a.State, a.Version = newest+"-thief", account.Open, 0
		a.Holder.Person, a.Operators = "kisi-hirsiz", nil
		if err := c.store.Create(ctx, a); !errors.Is(err, account.ErrTaken) {
			return fmt.Errorf("somebody else got the address: %v", err)
		}
		return nil
	default:
		a.ID, a.State, a.Version = newest+"+", account.Open, 0
		c.holders = append(c.holders, a.ID)
		return c.store.Create(ctx, a)
	}
}

func (c *churn) Account(ctx context.Context, id rem.AccountID) (account.Account, error) {
	c.turn()
	defer c.turn()
	return c.Accounts.Account(ctx, id)
}

func (c *churn) ByAddress(ctx context.Context, address rem.Address) (account.Account, error) {
	c.turn()
	defer c.turn()
	a, err := c.Accounts.ByAddress(ctx, address)
	if address == c.address {
		c.resolved = append(c.resolved, a.ID)
	}
	return a, err
}

// schedules gives every way to put the steps of a script at places, in their order.
func schedules(steps, places int) (all [][]int) {
	var put func(at []int)
	put = func(at []int) {
		if len(at) == steps {
			all = append(all, slices.Clone(at))
			return
		}
		from := 0
		if len(at) > 0 {
			from = at[len(at)-1]
		}
		for p := from; p < places; p++ {
			put(append(at, p))
		}
	}
	put(nil)
	return all
}

// AT-15: a recipient is resolved once, to an account, which has one address and one
// holder for ever. However its closing, another's attempt and its return fall between
// the look-ups of submission, of taking over from another provider, and of delivery:
// the address is asked once, and the message's record, the mailbox and the evidence of
// delivery say the same.
func TestARecipientIsResolvedOnceWhateverHappensToHisAddress(t *testing.T) {
	k := world.NewKit(t)
	w := k.New(t, world.Options{Practice: func(p *provider.Practice) { p.Signing = provider.SigningAccepted }})
	here := w.Providers[world.Domain("hs90")]
	every := 5 // of the ordinary run; each schedule is a message of its own
	if testkit.Long() {
		every = 1
	}
	delivered, refused := 0, 0
	for _, from := range []string{"hs90", "hs91"} {
		// The places are before and after each of the look-ups that a journey makes, and one
		// after all.
		places := map[string]int{"hs90": 7, "hs91": 5}[from]
		for i, schedule := range schedules(len(script), places) {
			if i%every != 0 {
				continue
			}
			user := fmt.Sprintf("alici%d%s", i, from)
			a := world.Account(user, here.Domain)
			if err := here.Store.Create(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			c := &churn{Accounts: here.Store, store: here.Store, address: a.Address, schedule: schedule, holders: []rem.AccountID{a.ID}}
			here.Submitter.Accounts, here.Relay.Accounts, here.Deliverer.Accounts = c, c, c
			l := world.Letter{From: world.Address("ayse", from), To: []string{a.Address.String()}, Subject: user, Body: user + "\r\n"}
			r := w.Submit("ayse", from, l.Unsigned(), a.Address.String())
			if r.Refusal != nil {
				t.Fatal(r.Refusal)
			}
			w.Now()
			if c.place < places-1 {
				t.Fatalf("%s %v: %d places, want %d", from, schedule, c.place, places)
			}
			c.place = places
			c.turn() // what has not happened yet
			if c.fault != nil {
				t.Fatalf("%s %v: %v", from, schedule, c.fault)
			}
			if len(c.resolved) != 1 || len(c.holders) != 3 {
				t.Fatalf("%s %v: the address was asked %d times; it had %d accounts", from, schedule, len(c.resolved), len(c.holders))
			}
			v, err := here.Store.Message(t.Context(), r.Message)
			if err != nil {
				t.Fatal(err)
			}
			to := v.Record.Recipient(1)
			if to.Account != c.resolved[0] || to.Address != a.Address {
				t.Errorf("%s %v: the record has account %s, the look-up gave %s", from, schedule, to.Account, c.resolved[0])
			}
			arrived := v.Standing(1).State == message.Delivered
			for _, id := range c.holders {
				entries, err := here.Store.Mailbox(t.Context(), id, 0, 10)
				if err != nil {
					t.Fatal(err)
				}
				if has := len(entries) == 1; has != (arrived && id == to.Account) || len(entries) > 1 {
					t.Errorf("%s %v: mailbox %s of %v has %d messages; it is %s for %s", from, schedule, id, c.holders, len(entries), v.Standing(1).State, to.Account)
				}
			}
			said := slices.DeleteFunc(slices.Clone(v.Filed), func(f message.Filed) bool { return f.Kind != message.DeliveryNonDeliveryToRecipient })
			if len(said) != 1 || said[0].Outcome == message.Positive != arrived {
				t.Errorf("%s %v: %s, and the evidence is %v", from, schedule, v.Standing(1).State, said)
			}
			if arrived {
				delivered++
			} else {
				refused++
			}
		}
	}
	t.Logf("%d delivered, %d refused", delivered, refused)
	if delivered == 0 || refused == 0 {
		t.Error("only one outcome was driven")
	}
}

// AT-15, in parallel, for the race detector: senders send to an address, which is
// closed and comes back all the time, and delivery goes on meanwhile. No message is in
// another mailbox than the one that its record names, and none is in two.
func TestSendersAndAnAddressThatComesBackRace(t *testing.T) {
	k := world.NewKit(t)
	w := k.New(t, world.Options{Practice: func(p *provider.Practice) { p.Signing = provider.SigningAccepted }})
	here := w.Providers[world.Domain("hs90")]
	a := world.Account("gidengelen", here.Domain)
	if err := here.Store.Create(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	rounds := 40
	if testkit.Long() {
		rounds = 4000
	}
	c := &churn{store: here.Store, holders: []rem.AccountID{a.ID}}
	var all sync.WaitGroup
	ended := make(chan struct{})
	all.Go(func() {
		for {
			select {
			case <-ended:
				return
			default:
			}
			for _, what := range []byte("cxr") {
				if err := c.make(what); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	receipts := make([][]rem.MessageID, 3)
	var senders sync.WaitGroup
	for s := range receipts {
		senders.Go(func() {
			for i := range rounds {
				subject := fmt.Sprint("yarış ", s, " ", i)
				l := world.Letter{From: world.Address("ayse", "hs90"), To: []string{a.Address.String()}, Subject: subject, Body: subject + "\r\n"}
				r, err := w.SubmitOnce("ayse", "hs90", l.Unsigned(), a.Address.String())
				if err != nil || r.Refusal != nil {
					t.Errorf("%v, %v", err, r.Refusal)
					return
				}
				receipts[s] = append(receipts[s], r.Message)
				task := message.Task{Stage: message.DeliveryStage, Message: r.Message, Target: "1"}
				if err := here.Deliverer.Do(t.Context(), task); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	senders.Wait()
	close(ended)
	all.Wait()
	where := map[rem.MessageID]rem.AccountID{}
	for _, id := range c.holders {
		for after := int64(0); ; {
			entries, err := here.Store.Mailbox(t.Context(), id, after, 1000)
			if err != nil {
				t.Fatal(err)
			}
			if len(entries) == 0 {
				break
			}
			for _, e := range entries {
				if before, twice := where[e.Message]; twice {
					t.Errorf("%s is in %s and in %s", e.Message, before, id)
				}
				where[e.Message], after = id, e.UID
			}
		}
	}
	for _, m := range slices.Concat(receipts...) {
		v, err := here.Store.Message(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		to, state := v.Record.Recipient(1), v.Standing(1).State
		if box, in := where[m]; in != (state == message.Delivered) || in && box != to.Account {
			t.Errorf("%s is %s for %s, and in %q", m, state, to.Account, box)
		}
	}
	t.Logf("%d messages, %d accounts of the address, %d arrived", 3*rounds, len(c.holders), len(where))
	if len(c.holders) < 3 {
		t.Error("the address did not come back")
	}
}
