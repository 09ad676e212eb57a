package mailbox

import (
	"context"

	"rem"
	"rem/person/account"
)

// Preferences are what the visitor chose on the account; who chose nothing has
// [DefaultPreferences].
func (b *Box) Preferences(ctx context.Context, who Visitor) (Preferences, error) {
	if _, err := b.may(ctx, who, account.Reading); err != nil {
		return Preferences{}, err
	}
	return b.Store.Preferences(ctx, who.Actor.Account, who.Actor.Person)
}

// SetPreferences keeps what the visitor chooses from now on.
func (b *Box) SetPreferences(ctx context.Context, who Visitor, o Preferences) error {
	if _, err := b.may(ctx, who, account.Reading); err != nil {
		return err
	}
	hour := func(h int) bool { return h >= 0 && h < 24 }
	if o.Digest != -1 && !hour(o.Digest) || !hour(o.QuietFrom) || !hour(o.QuietUntil) {
		return rem.Refuse(rem.PolicyViolation, "Saat 0 ile 23 arasında olmalıdır.", "An hour is from 0 to 23.")
	}
	return b.Store.SetPreferences(ctx, who.Actor.Account, who.Actor.Person, o)
}

// Items gives items alone, the newest first, for who counts or goes through many.
func (b *Box) Items(ctx context.Context, who Visitor, q Query) ([]Item, error) {
	if _, err := b.may(ctx, who, account.Reading); err != nil {
		return nil, err
	}
	return b.Store.Items(ctx, who.Actor.Account, q)
}
