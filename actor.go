package rem

import "log/slog"

// An Actor is who acted: the account's holder and the natural person, who for a
// company's account is an operator. Every record names both (REQ-37, S43).
type Actor struct {
	Account AccountID
	Holder  PersonID
	Person  PersonID
	// How the person proved to be himself, as the URI that evidence names.
	Method string
}

// LogValue keeps names out of logs: identifiers alone are written.
func (a Actor) LogValue() slog.Value {
	return slog.GroupValue(slog.String("account", string(a.Account)), slog.String("person", string(a.Person)))
}
