package account

import (
	"errors"
	"testing"
	"time"

	"rem"
	"rem/privacy"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// REQ-34: what each state allows and where each event leads, all of it.
func TestEveryEventInEveryStateIsInTheTable(t *testing.T) {
	const none = State("")
	states := []State{Open, SendBlocked, Suspended, Closed, none}
	for act, want := range map[Act][5]bool{
		//        open, blocked, suspended, closed, no state
		Receive:  {true, true, true, false, false},
		Read:     {true, true, false, false, false},
		Send:     {true, false, false, false, false},
		LogIn:    {true, true, true, false, false},
		BeFound:  {true, true, true, false, false},
		TakeAway: {true, true, false, true, false},
		Extend:   {true, true, false, false, false},
		Appoint:  {true, true, false, false, false},
		0:        {},
		99:       {},
	} {
		for i, s := range states {
			if got := s.Allows(act); got != want[i] {
				t.Errorf("state %q, act %d: got %t, want %t", s, act, got, want[i])
			}
		}
	}
	for event, want := range map[Event][5]State{
		Block:    {SendBlocked, none, SendBlocked, none, none},
		Suspend:  {Suspended, Suspended, none, none, none},
		Restore:  {none, Open, Open, none, none},
		Close:    {Closed, Closed, Closed, none, none},
		EndTerm:  {SendBlocked, none, none, none, none},
		EndGrace: {none, Closed, none, none, none},
		Renew:    {Open, SendBlocked, none, none, none},
		Reopen:   {},
		"":       {},
	} {
		for i, s := range states {
			if got, ok := s.Next(event); got != want[i] || ok != (want[i] != none) {
				t.Errorf("state %q, event %q: got %q, want %q", s, event, got, want[i])
			}
		}
	}
}

func TestEveryReasonAndWordHasItsTexts(t *testing.T) {
	full := func(what string, text rem.Text) {
		if text.Turkish == "" || text.English == "" {
			t.Errorf("%s has no text", what)
		}
	}
	for e := range moves {
		if e != Renew && len(Reasons(e)) == 0 {
			t.Errorf("event %s has no reason", e)
		}
		for _, r := range Reasons(e) {
			full(string(r.Value), r.Text)
		}
	}
	var all Permissions
	for _, p := range AllPermissions() {
		full("a permission", p.Text)
		if p.Value == 0 || p.Value&(p.Value-1) != 0 || all&p.Value != 0 {
			t.Errorf("%b is no single permission", p.Value)
		}
		all |= p.Value
	}
	if all != Everything {
		t.Errorf("the list has %b, want %b", all, Everything)
	}
	for _, k := range ProofKinds() {
		full(string(k.Value), k.Text)
	}
	for _, s := range States() {
		full(string(s.Value), s.Text)
	}
}

// token is the n-th token of an index.
func token(n byte) privacy.IndexToken {
	b := make([]byte, 20)
	b[3], b[19] = 1, n
	t, err := privacy.ParseIndexToken(b)
	if err != nil {
		panic(err)
	}
	return t
}

var paper = Proof{Kind: SignatureCircular, Digest: rem.DigestOf([]byte("paper"))}

// company is a legal person's account with one operator, "chief".
func company() Account {
	return Account{
		ID: "acc-1", State: Open, Holder: Holder{Person: "company", Legal: true}, Created: noon.Add(-time.Hour),
		Operators: []Operator{{Person: "chief", Identity: token(1), May: Everything, Proof: paper}},
	}
}

func staff() By { return By{Actor: rem.Actor{Person: "officer"}, Staff: true} }
func own(p rem.PersonID) By {
	return By{Actor: rem.Actor{Account: "acc-1", Holder: "company", Person: p}}
}
func refused(err error) bool { _, ok := errors.AsType[*rem.Refusal](err); return ok }
func sub(p rem.PersonID, may Permissions) Operator {
	return Operator{Person: p, May: may, Proof: Proof{Kind: Appointment, Digest: rem.DigestOf([]byte(p))}}
}

// REQ-38: each permission alone allows exactly its action.
func TestEachPermissionAloneAllowsItsAction(t *testing.T) {
	for _, p := range AllPermissions() {
		a := company()
		a.Operators = append(a.Operators, sub("sub", p.Value))
		a.Operators[1].By = "chief"
		for _, q := range AllPermissions() {
			if got := a.May("sub", q.Value, noon); got != (p.Value == q.Value) {
				t.Errorf("with %s alone, %s is %t", p.Text.English, q.Text.English, got)
			}
		}
		if got := a.MaySend("sub", noon) == nil; got != (p.Value == Sending) {
			t.Errorf("with %s alone, sending is %t", p.Text.English, got)
		}
		if got := a.MayRead("sub", noon) == nil; got != (p.Value == Reading) {
			t.Errorf("with %s alone, reading is %t", p.Text.English, got)
		}
		if _, err := a.Appoint(own("sub"), sub("other", p.Value), noon); (err == nil) != (p.Value == Operators) {
			t.Errorf("with %s alone, appointing: %v", p.Text.English, err)
		}
		if _, err := a.Move(own("sub"), Close, ByRequest, Terms{}, noon); (err == nil) != (p.Value == Contract) {
			t.Errorf("with %s alone, closing: %v", p.Text.English, err)
		}
	}
}

func TestAnAppointmentIsNeverMoreThanItsMaker(t *testing.T) {
	a := company()
	until := noon.Add(24 * time.Hour)
	half := sub("half", Reading|Operators)
	half.Until = until
	a, err := a.Appoint(own("chief"), half, noon)
	if err != nil {
		t.Fatal(err)
	}
	bounded := func(o Operator) Operator { o.Until = until; return o }
	for name, c := range map[string]struct {
		by   By
		o    Operator
		want bool
	}{
		"as much":                 {own("half"), bounded(sub("x", Reading)), true},
		"more":                    {own("half"), bounded(sub("x", Reading|Sending)), false},
		"for longer":              {own("half"), sub("x", Reading), false},
		"above himself":           {own("half"), bounded(sub("chief", Reading)), false},
		"to himself":              {own("half"), bounded(sub("half", Reading)), false},
		"by a stranger":           {own("nobody"), sub("x", Reading), false},
		"by nobody":               {By{Staff: true}, sub("x", Reading), false},
		"nothing":                 {own("chief"), sub("x", 0), false},
		"what is no permission":   {own("chief"), sub("x", end), false},
		"without a proof":         {own("chief"), Operator{Person: "x", May: Reading}, false},
		"with a proof of no kind": {own("chief"), Operator{Person: "x", May: Reading, Proof: Proof{"hearsay", rem.DigestOf(nil)}}, false},
		"another's certificate":   {own("chief"), Operator{Person: "x", May: Reading, Proof: paper, Identity: token(1)}, false},
		"in the past":             {own("chief"), Operator{Person: "x", May: Reading, Proof: paper, Until: noon}, false},
		"a sub-operator by staff": {staff(), bounded(sub("half", Reading)), false},
		"one of staff's":          {staff(), sub("second", Everything), true},
	} {
		b, err := a.Appoint(c.by, c.o, noon)
		if (err == nil) != c.want || err != nil && !refused(err) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && b.Powers(c.o.Person, noon) != c.o.May {
			t.Errorf("%s: he has %b, want %b", name, b.Powers(c.o.Person, noon), c.o.May)
		}
	}
	// What the maker loses, those under him lose at once.
	a, err = a.Appoint(own("half"), bounded(sub("x", Reading)), noon)
	if err != nil {
		t.Fatal(err)
	}
	if a.MayRead("x", noon) != nil || a.MayRead("x", until) == nil {
		t.Error("a sub-operator's term is not that of his line")
	}
	half.May = Operators
	if a, err = a.Appoint(own("chief"), half, noon); err != nil || a.MayRead("x", noon) == nil {
		t.Errorf("he still reads (%v)", err)
	}
}

// REQ-40.
func TestALegalPersonKeepsSomebodyWhoActs(t *testing.T) {
	a := company()
	for name, by := range map[string]By{"himself": own("chief"), "staff": staff()} {
		if _, err := a.Remove(by, "chief", noon); !refused(err) {
			t.Errorf("%s removed the last: %v", name, err)
		}
	}
	ends := a.Operators[0]
	ends.From = noon.Add(time.Hour)
	if _, err := a.Appoint(staff(), ends, noon); !refused(err) {
		t.Errorf("the last one's authority was put off: %v", err)
	}
	a, err := a.Appoint(staff(), Operator{Person: "second", May: Everything, Proof: paper}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if a, err = a.Remove(staff(), "chief", noon); err != nil || a.Operator("chief") != nil {
		t.Fatalf("with a second: %v", err)
	}
	if again, err := a.Remove(staff(), "chief", noon); err != nil || !again.Equal(&a) {
		t.Errorf("again: %v", err)
	}
}

// REQ-41.
func TestUnderFourEyesWhoPreparesDoesNotSign(t *testing.T) {
	a := company()
	if _, err := a.SetFourEyes(own("chief"), true, noon); !refused(err) {
		t.Errorf("one person alone: %v", err)
	}
	a, err := a.Appoint(own("chief"), sub("clerk", Preparing), noon)
	if err == nil {
		a, err = a.SetFourEyes(own("chief"), true, noon)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		prepares, signs rem.PersonID
		may             bool
	}{
		{"clerk", "chief", true}, {"chief", "chief", false}, {"clerk", "clerk", false}, {"chief", "clerk", false}, {"nobody", "chief", false},
	} {
		if got := a.MaySubmit(c.prepares, noon) == nil && a.MaySign(c.prepares, c.signs, noon) == nil; got != c.may {
			t.Errorf("%s prepares, %s signs: %t", c.prepares, c.signs, got)
		}
	}
	if _, err := a.Remove(own("chief"), "clerk", noon); !refused(err) {
		t.Errorf("the second person was removed: %v", err)
	}
	if a, err = a.SetFourEyes(own("chief"), false, noon); err != nil || a.MaySubmit("clerk", noon) == nil || a.MaySign("chief", "chief", noon) != nil {
		t.Errorf("without it: %v", err)
	}
}

// REQ-31.
func TestAnAccountForReceivingSendsNothing(t *testing.T) {
	a := company()
	a.ReceiveOnly = true
	if a.MaySend("chief", noon) == nil || a.MaySubmit("chief", noon) == nil || a.MayRead("chief", noon) != nil {
		t.Error("it sends, or does not read")
	}
}

func TestWhoMovesAnAccountAndWhy(t *testing.T) {
	for name, c := range map[string]struct {
		by   By
		from State
		was  Reason
		e    Event
		why  Reason
		want State
	}{
		"the holder blocks":              {own("chief"), Open, "", Block, ByRequest, SendBlocked},
		"and opens again":                {own("chief"), SendBlocked, ByRequest, Restore, ByRequest, Open},
		"not what we blocked":            {own("chief"), SendBlocked, BySecurity, Restore, ByRequest, ""},
		"not what is suspended":          {own("chief"), Suspended, ByOrder, Close, ByRequest, ""},
		"nor with our reasons":           {own("chief"), Open, "", Block, BySecurity, ""},
		"he does not suspend":            {own("chief"), Open, "", Suspend, BySecurity, ""},
		"he closes":                      {own("chief"), Open, "", Close, ByRequest, Closed},
		"staff suspends":                 {staff(), Open, "", Suspend, ByOrder, Suspended},
		"and restores":                   {staff(), Suspended, ByOrder, Restore, Settled, Open},
		"not without a reason":           {staff(), Open, "", Suspend, "", ""},
		"not with another event's":       {staff(), Open, "", Suspend, Settled, ""},
		"a closed one stays closed":      {staff(), Closed, ByRequest, Restore, Settled, ""},
		"nor is reopened":                {staff(), Closed, ByRequest, Reopen, Settled, ""},
		"nobody makes the end of a term": {staff(), Open, "", EndTerm, ByTerm, ""},
		"nobody unnamed":                 {By{Staff: true}, Open, "", Close, ByOrder, ""},
		"nobody who may not":             {own("stranger"), Open, "", Close, ByRequest, ""},
	} {
		a := company()
		a.State, a.Standing = c.from, Standing{Reason: c.was}
		b, err := a.Move(c.by, c.e, c.why, Terms{Export: time.Hour}, noon)
		if c.want == "" {
			if !refused(err) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		export := time.Time{}
		if c.want == Closed {
			export = noon.Add(time.Hour)
		}
		if want := (Standing{noon, c.why, c.by.Actor.Person, export}); err != nil || b.State != c.want || b.Standing != want {
			t.Errorf("%s: %s, %+v, %v", name, b.State, b.Standing, err)
		}
		if len(b.Notices) != 1 || b.Notices[0].Kind != StateChanged {
			t.Errorf("%s: notices %+v", name, b.Notices)
		}
	}
}
