package message

import (
	"fmt"
	"testing"
)

// A world is everything that two providers and the network between them can be
// about one message and one recipient.
//
// An answer that was made may arrive at any time, any number of times, in any
// order, or never: the network is not modelled further, since loss, delay,
// repetition and reordering are all among those. A crash between signing and
// recording leaves no trace and is therefore the same as not having begun; a
// crash during an attempt is LeaveAttempt.
type world struct {
	a, b State
	// sent: the dispatch of some attempt may reach the other REM-MD, now or
	// whenever.
	sent bool
	// flying: the present attempt is one that may reach it.
	flying bool
	// made are the evidences in the world, by issuer.
	madeA, madeB claims
	// known are those of B that A has filed.
	known claims
}

type claims uint32

func bit(c Claim) claims {
	n := uint(c.Kind)*3 + uint(c.Outcome)
	if c.NoInformation {
		n = 30
	}
	return 1 << n
}

func (s claims) list() []Claim {
	var out []Claim
	for k := SubmissionAcceptanceRejection; k.Valid(); k++ {
		for _, o := range []Outcome{Positive, Negative} {
			if s&bit(Claim{Kind: k, Outcome: o}) != 0 {
				out = append(out, Claim{Kind: k, Outcome: o})
			}
		}
	}
	if n := (Claim{DeliveryNonDeliveryToRecipient, Negative, true}); s&bit(n) != 0 {
		out = append(out, n)
	}
	return out
}

func (s claims) oneOutcomeEach() bool {
	for k := SubmissionAcceptanceRejection; k.Valid(); k++ {
		if s&bit(Claim{Kind: k, Outcome: Positive}) != 0 && s&bit(Claim{Kind: k, Outcome: Negative}) != 0 {
			return false
		}
	}
	return true
}

// next gives every world that can follow, with what led there.
func (w world) next(leg Leg) map[string]world {
	out := map[string]world{}
	stepA := func(on Event, then func(*world)) {
		t, ok := Next(leg, w.a, on)
		if !ok {
			return
		}
		n := w
		n.a = t.To
		if !t.Owes.IsZero() {
			n.madeA |= bit(Claim(t.Owes))
		}
		name := "A " + on.String()
		if then != nil {
			then(&n)
			name += fmt.Sprint(n.flying)
		}
		out[name] = n
	}
	stepB := func(on Event) {
		t, ok := Next(Inbound, w.b, on)
		if !ok {
			return
		}
		n := w
		n.b = t.To
		n.madeB |= bit(Claim(t.Owes))
		out["B "+on.String()] = n
	}

	stepA(AcceptSubmission, nil)
	stepA(RefuseSubmission, nil)
	if leg == Local {
		stepA(Deliver, nil)
		stepA(RefuseDelivery, nil)
		stepA(Open, nil)
		stepA(RetrievalDeadline, nil)
		return out
	}

	// An attempt either reaches the other side (then we can at best not know)
	// or does not (then we may know, or may not).
	stepA(BeginAttempt, func(n *world) { n.flying = false })
	if t, ok := Next(leg, w.a, BeginAttempt); ok {
		n := w
		n.a, n.flying, n.sent = t.To, true, true
		out["A begin-attempt that arrives"] = n
	}
	// Asking again with the same dispatch.
	if w.a == Asked {
		n := w
		n.sent = true
		out["A asks again"] = n
	}
	if w.a == Attempting && !w.flying {
		stepA(FailAttempt, nil)
		stepA(RefuseAttempt, nil)
	}
	stepA(LeaveAttempt, nil)
	stepA(RelayDeadline, nil)
	stepA(AnswerDeadline, nil)

	if w.sent {
		stepB(TakeOver)
		stepB(RefuseRelay)
	}
	stepB(Deliver)
	stepB(RefuseDelivery)
	stepB(Open)
	stepB(RetrievalDeadline)

	for _, c := range w.madeB.list() {
		on, ok := PeerEvent(c.Kind, c.Outcome)
		if !ok {
			continue
		}
		n := w
		n.known |= bit(c)
		if t, ok := Next(leg, w.a, on); ok {
			n.a = t.To
			if !t.Owes.IsZero() {
				n.madeA |= bit(Claim(t.Owes))
			}
		}
		out["A hears "+on.String()] = n
	}
	return out
}

// explore visits every world that can be reached and returns how each was.
func explore(leg Leg) (came map[world]world, by map[world]string) {
	start := world{}
	came, by = map[world]world{start: start}, map[world]string{}
	for queue := []world{start}; len(queue) > 0; queue = queue[1:] {
		for name, n := range queue[0].next(leg) {
			if _, seen := came[n]; !seen {
				came[n], by[n] = queue[0], name
				queue = append(queue, n)
			}
		}
	}
	return came, by
}

func path(w world, came map[world]world, by map[world]string) string {
	var s string
	for by[w] != "" {
		s = "\n\t" + by[w] + s
		w = came[w]
	}
	return s
}

// REQ-59, REQ-83; AT-13: whatever is lost, repeated, late or out of order.
func TestNoTwoEvidencesDisagreeUnderAnyOrderOfEvents(t *testing.T) {
	for _, leg := range []Leg{Outbound, Local} {
		came, by := explore(leg)
		t.Logf("%s: %d worlds", leg, len(came))
		if len(came) < 7 {
			t.Fatalf("%s: only %d worlds were reached", leg, len(came))
		}
		for w := range came {
			if !w.madeA.oneOutcomeEach() || !w.madeB.oneOutcomeEach() {
				t.Fatalf("an issuer says both of one kind: %+v%s", w, path(w, came, by))
			}
			all := append(w.madeA.list(), w.madeB.list()...)
			for i, a := range all {
				for _, b := range all[i+1:] {
					if Disagree(a, b) {
						t.Fatalf("%v and %v disagree%s", a, b, path(w, came, by))
					}
				}
			}
		}
	}
}

// What an honest REM-MD tells us never contradicts what we already know, so a
// contradiction is always somebody's fault and worth an alarm.
func TestAnHonestPeerNeverConflicts(t *testing.T) {
	came, by := explore(Outbound)
	for w := range came {
		for _, c := range w.madeB.list() {
			for _, known := range append(w.madeA.list(), w.known.list()...) {
				if Disagree(c, known) {
					t.Fatalf("%v contradicts %v%s", c, known, path(w, came, by))
				}
			}
		}
	}
}

// From every world an end can be reached in which both sides agree about the
// mailbox, or we have said that we know nothing.
func TestEveryMessageCanComeToAnEndThatBothSidesShare(t *testing.T) {
	came, by := explore(Outbound)
	good := func(w world) bool {
		switch w.a {
		case Refused:
			return w.b == None
		case NotRelayed:
			return w.b == None || w.b == RelayRefused
		case NotDelivered:
			return w.b == NotDelivered
		case Retrieved, NotRetrieved:
			return w.a == w.b
		case Overdue: // nothing ever arrived, and we said that we know nothing
			return w.b == None && !w.sent
		}
		return false
	}
	reach := map[world]bool{}
	for w := range came {
		reach[w] = good(w)
	}
	for changed := true; changed; {
		changed = false
		for w := range came {
			if reach[w] {
				continue
			}
			for _, n := range w.next(Outbound) {
				if reach[n] {
					reach[w], changed = true, true
					break
				}
			}
		}
	}
	for w, ok := range reach {
		if !ok {
			t.Fatalf("no shared end from %+v%s", w, path(w, came, by))
		}
	}
}

func TestEveryTransitionOwesOnlyWhatItsKindAllows(t *testing.T) {
	seen := map[step]bool{}
	for _, tr := range Table {
		key := step{tr.Leg, tr.From, tr.On}
		if seen[key] {
			t.Errorf("%s %s %s stands twice", tr.Leg, tr.From, tr.On)
		}
		seen[key] = true
		if !tr.Owes.IsZero() && !tr.Owes.Kind.Allows(tr.Owes.Outcome) {
			t.Errorf("%s %s %s owes %s %s, which is no event", tr.Leg, tr.From, tr.On, tr.Owes.Kind, tr.Owes.Outcome)
		}
		if !tr.Owes.IsZero() && tr.Tells == 0 {
			t.Errorf("%s %s %s makes an evidence and tells nobody", tr.Leg, tr.From, tr.On)
		}
	}
}

func TestEveryStateOfTheTableIsReached(t *testing.T) {
	reached := map[State]bool{}
	for _, leg := range []Leg{Outbound, Local} {
		came, _ := explore(leg)
		for w := range came {
			reached[w.a], reached[w.b] = true, true
		}
	}
	for s := Refused; s <= NotRetrieved; s++ {
		if !reached[s] {
			t.Errorf("nothing leads to %s", s)
		}
	}
}

func TestDisagreementIsSymmetricAndNobodyDisagreesWithHimself(t *testing.T) {
	all := claims(1<<31 - 1).list()
	for _, a := range all {
		if Disagree(a, a) {
			t.Errorf("%v disagrees with itself", a)
		}
		for _, b := range all {
			if Disagree(a, b) != Disagree(b, a) {
				t.Errorf("%v and %v: not symmetric", a, b)
			}
		}
	}
	delivery := Claim{Kind: DeliveryNonDeliveryToRecipient, Outcome: Positive}
	for _, other := range []Claim{
		{Kind: DeliveryNonDeliveryToRecipient, Outcome: Negative},
		{Kind: RelayREMMDFailure, Outcome: Negative},
		{Kind: RelayREMMDAcceptanceRejection, Outcome: Negative},
		{Kind: SubmissionAcceptanceRejection, Outcome: Negative},
	} {
		if !Disagree(delivery, other) {
			t.Errorf("a delivery and %v should disagree", other)
		}
	}
}
