package enrolment_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/internal/testkit/enrolmenttest"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
)

// sound says what holds of every account and every application, whatever happened.
func sound(t *testing.T, w *enrolmenttest.World, ids []person.ApplicationID) {
	t.Helper()
	ctx := context.Background()
	for _, a := range w.Opened() {
		id := person.ApplicationID(strings.TrimPrefix(string(a.ID), "acc-"))
		v, err := w.Ledger.Application(ctx, id)
		if err != nil {
			t.Fatalf("account %s is of no application: %v", a.ID, err)
		}
		if _, err := application.OpeningOf(v); err != nil {
			t.Fatalf("account %s rests on nothing: %v", a.ID, err)
		}
		r := v.Newest()
		if _, err := identity.Complete(*r); err != nil || r.Form != v.Submitted.Form {
			t.Fatalf("account %s: %v", a.ID, err)
		}
		if by := v.Decision.By; by == "" || slices.Contains(v.Hands, by) || slices.Contains(r.Hands(), by) || by == v.Applicant || by == v.Submitted.Holder || by == v.Submitted.Shower {
			t.Fatalf("account %s: approved by %s, collected by %v", a.ID, by, v.Hands)
		}
		history, err := w.Ledger.History(ctx, id)
		if err != nil || history[len(history)-1].On != application.Activate {
			t.Fatalf("account %s: %v", a.ID, err)
		}
	}
	for _, id := range ids {
		history, err := w.Ledger.History(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		n := history[0].Notice
		if n == nil || n.At.After(history[0].At) || !w.Notices.WasTold(history[0].By.Actor.Person, n.Digest) {
			t.Fatalf("application %s began before the notice was shown", id)
		}
		for _, d := range history {
			if d.On == application.Refuse && d.By.Actor.Person == "" {
				t.Fatalf("a machine refused %s", id)
			}
		}
	}
}

// REQ-9, REQ-20, REQ-22, P-06: whoever does whatever in whichever order, no account
// is there without a completed record and a second officer's approval.
func TestNoOrderOfCallsOpensAnAccountThatNobodyChecked(t *testing.T) {
	random := testkit.Rand(t, 7)
	ctx := context.Background()
	opened, refused := 0, 0
	sequences := 25
	if testkit.Long() {
		sequences = 400
	}
	for range sequences {
		w := enrolmenttest.NewWorld(t)
		s := w.Service(t)
		a, d := s.Applicants(), s.Desk()
		var bearers []enrolment.Bearer
		var ids []person.ApplicationID
		var kinds []person.Kind
		for range 2 {
			k := person.Kinds()[random.IntN(3)]
			b, err := a.Begin(ctx, k, w.Shown(t))
			if err != nil {
				t.Fatal(err)
			}
			bearers, ids, kinds = append(bearers, b.Bearer), append(ids, b.Bearer.Application()), append(kinds, k)
		}
		roles := []application.Role{application.Officer, application.Approver, application.Officer | application.Approver, application.Partner, application.Applicant, application.System, 0}
		for range 350 {
			i := random.IntN(len(bearers))
			b, id, in := bearers[i], ids[i], personledgertest.Input(1+random.IntN(2), kinds[i], false)
			by := personledgertest.By(rem.PersonID(fmt.Sprint("staff-", 1+random.IntN(3))), application.Officer)
			second := personledgertest.By(rem.PersonID(fmt.Sprint("staff-", 1+random.IntN(3))), application.Approver)
			if random.IntN(8) == 0 { // somebody in a role that he does not have
				by.Role, second.Role = roles[random.IntN(len(roles))], roles[random.IntN(len(roles))]
			}
			if random.IntN(20) == 0 {
				by.Actor.Person, second.Actor.Person = b.Person(), b.Person()
			}
			if random.IntN(30) == 0 {
				b = bearers[random.IntN(len(bearers))]
			}
			w.AdapterSays = random.IntN(4) > 0
			w.Clock.Advance(time.Duration(random.IntN(60)) * time.Minute)
			p := &traveller{t: t, w: w, s: s, kind: kinds[i], in: in, begun: enrolment.Begun{Bearer: b}}
			var err error
			switch random.IntN(24) {
			case 0:
				err = a.Save(ctx, b, false, in)
			case 1, 2:
				texts, terr := s.Texts()
				if terr != nil {
					t.Fatal(terr)
				}
				err = a.Submit(ctx, b, false, in, texts[random.IntN(2):])
			case 3, 4, 5:
				papers := application.Papers(kinds[i], false)
				if len(papers) > 0 {
					_, err = a.HandIn(ctx, b, papers[random.IntN(len(papers))], bytes.NewReader(pdf))
				}
			case 6, 7:
				methods := []identity.Method{identity.Office, identity.EDevlet, identity.Signature, identity.OnSite}
				err = a.Choose(ctx, b, methods[random.IntN(len(methods))])
			case 8:
				var form []byte
				if form, err = a.FormToSign(ctx, b); err == nil {
					if random.IntN(3) == 0 {
						form = []byte("another")
					}
					err = a.Sign(ctx, b, slices.Concat(enrolmenttest.Signature, form))
				}
			case 9:
				if _, err = a.Visit(ctx, b); err == nil && random.IntN(4) > 0 {
					err = a.Came(ctx, b, enrolment.Return{Code: []string{"good", "bad"}[random.IntN(2)]})
				}
			case 10, 11:
				p.method = identity.Office
				seen, serr := p.seen(ctx)
				if serr == nil && random.IntN(3) == 0 {
					seen.Checklist = seen.Checklist[:random.IntN(len(seen.Checklist))]
				}
				if random.IntN(4) == 0 {
					seen.Shown = shownOf(personledgertest.Input(1, person.Natural, true), person.Natural, true)
				}
				err = d.Identify(ctx, by, id, seen)
			case 12:
				if o, oerr := p.order(ctx); oerr == nil {
					err = d.Visited(ctx, by, o)
				}
			case 13:
				err = d.Clear(ctx, by, id, "name-changed")
			case 14, 15:
				err = d.TakeUp(ctx, second, id)
			case 16, 17:
				if _, err = d.Open(ctx, second, id); err == nil {
					err = d.Approve(ctx, second, id)
				}
			case 18:
				if random.IntN(5) == 0 {
					err = d.Return(ctx, second, id, application.WrongForm)
				} else {
					err = d.GiveBack(ctx, second, id)
				}
			case 19:
				if random.IntN(10) == 0 {
					err = d.Refuse(ctx, second, id, application.NotEntitled)
				}
			case 20:
				if secret, ok := w.Link(t, "etkinlestir"); ok {
					_, err = a.Arrive(ctx, secret)
				}
			case 21:
				if err = a.SendCode(ctx, b); err == nil && random.IntN(3) > 0 {
					err = a.Enter(ctx, b, w.Code())
				}
			case 22:
				if _, err = a.Activate(ctx, b, a.Results().Read); err != nil && random.IntN(2) == 0 {
					var text []byte
					if text, err = a.ActivationText(ctx, b); err == nil {
						_, err = a.ActivateSigned(ctx, b, slices.Concat(enrolmenttest.Signature, text), a.Results().Read)
					}
				}
			case 23:
				if random.IntN(3) == 0 {
					if _, err := s.Tick(ctx); err != nil {
						t.Fatal(err)
					}
				}
			}
			if denial, ok := errors.AsType[*application.Denial](err); ok && denial.Text.Turkish == "" {
				t.Fatalf("a denial without words: %v", err)
			}
			if err != nil {
				refused++
			}
		}
		sound(t, w, ids)
		opened += len(w.Opened())
	}
	if opened == 0 || refused == 0 {
		t.Fatalf("%d opened, %d refused: the orders show nothing", opened, refused)
	}
	t.Logf("%d accounts were opened, %d calls refused", opened, refused)
}
