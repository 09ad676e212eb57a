package account

import (
	"slices"
	"time"

	"rem"
)

// Terms are the settings of the practice statement about an account's time
// (REQ-33, REQ-35). The zero Terms have no end.
type Terms struct {
	// Term is how long an account is opened and renewed for; 0: it has no end.
	Term time.Duration
	// Reminders are how long before an end its people are reminded.
	Reminders []time.Duration
	// Grace is how long after the end the account still receives and reads, with
	// sending blocked, before it closes. A renewal in that time opens it again.
	Grace time.Duration
	// Export is how long after closing the holder can have the messages.
	Export time.Duration
}

// maxNotices bounds what waits to be told of one account while nobody can be told:
// the oldest goes, but that of the term's end, without which nothing closes.
const maxNotices = 100

// End is the end of a term that begins now; zero: there is none.
func (t Terms) End(now time.Time) time.Time {
	if t.Term == 0 {
		return time.Time{}
	}
	return now.Add(t.Term)
}

func (a *Account) notice(n Notice) {
	a.Notices = append(a.Notices, n)
	if len(a.Notices) <= maxNotices {
		return
	}
	if i := slices.IndexFunc(a.Notices, func(n Notice) bool { return n.Kind != TermOver }); i >= 0 {
		a.Notices = slices.Delete(a.Notices, i, i+1)
	}
}

// Move is the account after an event of the table, for a reason, by a person.
// The account's own people need the permission Contract, block and close at their
// own request alone, and restore what was blocked so. The events of the term are
// made by [Account.Pass], and Renew by [Account.Extended].
func (a *Account) Move(by By, e Event, why Reason, t Terms, now time.Time) (Account, error) {
	to, ok := a.State.Next(e)
	switch {
	case e == EndTerm || e == EndGrace || e == Renew || !ok:
		return Account{}, policy("Hesabın bugünkü durumunda bu yapılamaz.", "This cannot be done in the account's state.")
	case by.Actor.Person == "":
		return Account{}, policy("İşlemi yapan gerçek kişi belli olmalıdır.", "The natural person who acts has to be known.")
	case !mayBe(e, why):
		return Account{}, policy("Listeden bir gerekçe seçilmelidir.", "A reason of the list has to be given.")
	case e == Restore && a.over(now):
		return Account{}, policy("Hesabın süresi doldu; önce yenilenmelidir.", "The account's term is over; it has to be renewed first.")
	}
	if !by.Staff {
		switch {
		case !a.May(by.Actor.Person, Contract, now):
			return Account{}, policy("Bu kişinin hesabın durumunu değiştirme yetkisi yok.", "This person may not change the account's state.")
		case e == Suspend || why != ByRequest || e == Restore && a.Standing.Reason != ByRequest || a.State == Suspended:
			return Account{}, policy("Bunu yalnızca sağlayıcı yapabilir.", "Only the provider can do this.")
		}
	}
	b := a.Clone()
	b.to(to, why, by.Actor.Person, t, now)
	return b, nil
}

func (a *Account) to(s State, why Reason, by rem.PersonID, t Terms, now time.Time) {
	a.State, a.Standing = s, Standing{Since: now, Reason: why, By: by}
	if s == Closed {
		a.Standing.Export = now.Add(t.Export)
	}
	a.notice(Notice{Kind: StateChanged, At: now, Due: a.Standing.Export})
}

// over reports whether the term has ended.
func (a *Account) over(now time.Time) bool { return !a.Until.IsZero() && !now.Before(a.Until) }

// Extended is the account with a further term. It begins where the last one ends,
// and now when that is past by more than a term. What the term's end had blocked is
// open again; what something else blocked stays so.
func (a *Account) Extended(by By, t Terms, now time.Time) (Account, error) {
	to, ok := a.State.Next(Renew)
	switch {
	case by.Actor.Person == "" || !by.Staff && !a.May(by.Actor.Person, Contract, now):
		return Account{}, policy("Bu kişinin hesabı yenileme yetkisi yok.", "This person may not renew the account.")
	case !ok || !a.State.Allows(Extend):
		return Account{}, a.notOpenFor(Extend)
	case a.Until.IsZero() || t.Term == 0:
		return Account{}, policy("Hesabın süresi sınırsızdır.", "The account's term has no end.")
	case a.Until.After(now.Add(t.Term)):
		return Account{}, policy("Hesap zaten bir sonraki dönem için yenilendi.", "The account is renewed for the next term already.")
	}
	b := a.Clone()
	if b.Until = a.Until.Add(t.Term); !b.Until.After(now) {
		b.Until = now.Add(t.Term)
	}
	if a.State == SendBlocked && a.Standing.Reason == ByTerm {
		to = Open
	}
	if to != a.State {
		b.State, b.Standing = to, Standing{Since: now, By: by.Actor.Person}
	}
	b.notice(Notice{Kind: Renewed, At: now, Due: b.Until})
	return b, nil
}

// Pass is the account as time alone makes it at now, and whether that is a
// change: reminders before the term's and the operators' ends, one for all that are
// due; the block at the end of the term; the closing after the grace period. What was decided once is
// not decided again, so a change that was made twice is made once.
func (a *Account) Pass(t Terms, now time.Time) (Account, bool) {
	if a.State == Closed || a.Before != nil {
		return *a, false
	}
	b := a.Clone()
	changed := b.remind(t, now)
	if b.over(now) {
		to, ok := b.State.Next(EndTerm)
		if ok {
			b.State, b.Standing = to, Standing{Since: now, Reason: ByTerm}
			b.notice(Notice{Kind: TermOver, At: now, Due: now.Add(t.Grace)})
			return b, true
		}
		// Grace counts from the block, which people were told of, and not from an
		// end that was met late: nothing closes without its notice (REQ-35). What was
		// blocked or suspended for another reason waits for whoever did that.
		if b.State == SendBlocked && b.Standing.Reason == ByTerm && !now.Before(b.Standing.Since.Add(t.Grace)) && !b.waits(TermOver) {
			if to, ok := b.State.Next(EndGrace); ok {
				b.to(to, ByTerm, "", t, now)
				return b, true
			}
		}
	}
	return b, changed
}

// waits reports whether a notice of the kind was not told yet.
func (a *Account) waits(k NoticeKind) bool {
	return slices.ContainsFunc(a.Notices, func(n Notice) bool { return n.Kind == k })
}

// remind decides which reminders became due since the last time.
func (a *Account) remind(t Terms, now time.Time) bool {
	due := func(end time.Time) bool {
		return !end.IsZero() && now.Before(end) && slices.ContainsFunc(t.Reminders, func(before time.Duration) bool {
			at := end.Add(-before)
			return at.After(a.Reminded) && !at.After(now) && at.After(a.Created)
		})
	}
	var told []Notice
	if a.Standing.Reason != ByTerm && due(a.Until) {
		told = append(told, Notice{Kind: TermEnding, At: now, Due: a.Until})
	}
	for i := range a.Operators {
		if o := &a.Operators[i]; due(o.Until) && o.Until.After(o.From) {
			kind := OperatorEnding
			if a.Holder.Legal && !a.without(o.Person).Active(o.Until) {
				kind = LastOperatorEnding
			}
			told = append(told, Notice{Kind: kind, At: now, Person: o.Person, Due: o.Until})
		}
	}
	if len(told) == 0 {
		return false
	}
	a.Reminded = now
	for _, n := range told {
		a.notice(n)
	}
	return true
}

// without is the account without an operator, to see what is left.
func (a *Account) without(p rem.PersonID) *Account {
	b := a.Clone()
	b.Operators = slices.DeleteFunc(b.Operators, func(o Operator) bool { return o.Person == p })
	return &b
}
