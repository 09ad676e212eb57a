package account

import (
	"context"
	"fmt"
	"log/slog"

	"rem"
	"rem/privacy"
)

// Unsealed are the names and certificate numbers of a record of the first
// version, which had them in clear. It prints as nothing. It is there for
// [Seal] alone.
type Unsealed struct {
	Holder    string
	Operators []UnsealedOperator // as many as the account has
}

// An UnsealedOperator is what such a record says in clear of an operator.
type UnsealedOperator struct{ Name, Identity string }

// String says nothing.
func (Unsealed) String() string { return privacy.Hidden }

// GoString says nothing.
func (Unsealed) GoString() string { return privacy.Hidden }

// LogValue says nothing.
func (Unsealed) LogValue() slog.Value { return slog.StringValue(privacy.Hidden) }

// String says nothing.
func (UnsealedOperator) String() string { return privacy.Hidden }

// GoString says nothing.
func (UnsealedOperator) GoString() string { return privacy.Hidden }

// LogValue says nothing.
func (UnsealedOperator) LogValue() slog.Value { return slog.StringValue(privacy.Hidden) }

// A Sealer seals values; *privacy.Vault is one.
type Sealer interface {
	Seal(ctx context.Context, person rem.PersonID, id privacy.FieldID, v privacy.Value) (privacy.SealedValue, error)
}

// Tokens gives the token of a certificate's serialNumber in the blind index
// "account.signatory"; *privacy.BlindIndexer is one.
type Tokens interface {
	Token(serialNumber string) privacy.IndexToken
}

// TokenOf is the token of a certificate's serialNumber; the zero token for none.
func TokenOf(t Tokens, serialNumber string) privacy.IndexToken {
	if serialNumber == "" {
		return privacy.IndexToken{}
	}
	return t.Token(serialNumber)
}

// Seal moves into the account's fields, sealed, what an old record had in clear.
// An account without any is left as it is. The names count as imported when the
// account was opened: nobody can say any more how they were shown.
func Seal(ctx context.Context, v Sealer, t Tokens, a *Account) error {
	if a.Before == nil {
		return nil
	}
	from, err := privacy.ByImport("account-record-v1", a.Created)
	if err != nil {
		return fmt.Errorf("sealing account %s: %w", a.ID, err)
	}
	seal := func(person rem.PersonID, field privacy.FieldID, clear string) (privacy.SealedValue, error) {
		if clear == "" {
			return privacy.SealedValue{}, nil
		}
		return v.Seal(ctx, person, field, privacy.NewValue(clear, from))
	}
	sealed := a.Clone()
	if sealed.Holder.Name, err = seal(a.Holder.Person, HolderName, a.Before.Holder); err != nil {
		return fmt.Errorf("sealing account %s: %w", a.ID, err)
	}
	for i := range min(len(sealed.Operators), len(a.Before.Operators)) {
		o, before := &sealed.Operators[i], &a.Before.Operators[i]
		if o.Name, err = seal(o.Person, OperatorName, before.Name); err != nil {
			return fmt.Errorf("sealing account %s: %w", a.ID, err)
		}
		o.Identity = TokenOf(t, before.Identity)
	}
	sealed.Before = nil
	*a = sealed
	return nil
}
