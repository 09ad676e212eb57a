package account

import (
	"context"
	"fmt"
	"time"

	"rem"
)

// A NoticeKind is what the account's people are told.
type NoticeKind string

// The kinds.
const (
	TermEnding         NoticeKind = "term-ending"          // renew before Due
	TermOver           NoticeKind = "term-over"            // sending is blocked; renew before Due, or it closes
	StateChanged       NoticeKind = "state-changed"        // to the state that it has now
	Renewed            NoticeKind = "renewed"              // until Due
	OperatorEnding     NoticeKind = "operator-ending"      // the authority of Person ends at Due
	LastOperatorEnding NoticeKind = "last-operator-ending" // and with it nobody is left who may act
	OperatorAppointed  NoticeKind = "operator-appointed"   // Person may act from now on
	OperatorRemoved    NoticeKind = "operator-removed"     // Person may not act any more
)

// A Notice is one thing to tell. It is decided in the same step as what it tells,
// and stays with the account until it was told.
type Notice struct {
	Kind   NoticeKind
	At     time.Time    // when it was decided
	Person rem.PersonID // whom it speaks of, where it does
	Due    time.Time    // by when, where it says so
}

func (n *Notice) equal(m *Notice) bool {
	return n.Kind == m.Kind && n.At.Equal(m.At) && n.Person == m.Person && n.Due.Equal(m.Due)
}

// Key names the notice of an account for ever; it holds identifiers alone.
func (n *Notice) Key(id rem.AccountID) string {
	return fmt.Sprintf("account/%s/%s/%s/%d", id, n.Kind, n.Person, n.At.UnixMicro())
}

// A Messenger tells the account's people, in the mailbox and by the ways that
// they chose. It returns nil when telling is assured; the same key again is
// harmless. Whom it tells follows from the account as it is given.
type Messenger interface {
	Tell(ctx context.Context, key string, a Account, n Notice) error
}

// Sessions ends what people are logged in to.
type Sessions interface {
	// End ends every session of the person on the account; an empty person: of
	// everybody. None of them does anything after it returned nil. Repeating it is
	// harmless.
	End(ctx context.Context, id rem.AccountID, p rem.PersonID) error
}
