package happening

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/person/account"
)

// Errors of hooks.
var (
	// ErrNotFound: there is no such hook on the account.
	ErrNotFound = errors.New("no such hook")
	// ErrTooMany: the account has MaxHooks.
	ErrTooMany = errors.New("there are too many hooks")
)

// Accounts finds accounts as they are now.
type Accounts interface {
	Account(ctx context.Context, id rem.AccountID) (account.Account, error)
}

// A HookStore keeps hooks. Methods that write are durable when they return nil; all
// may be called concurrently.
type HookStore interface {
	// AddHook keeps a new one with its sealed secret; ErrTooMany when there are max.
	AddHook(ctx context.Context, h Hook, sealed []byte, max int) error
	// Hooks are those of an account; Hook is one of it, or ErrNotFound.
	Hooks(ctx context.Context, a rem.AccountID) ([]Hook, error)
	Hook(ctx context.Context, a rem.AccountID, id HookID) (Hook, error)
	// HookSecret gives the sealed secret.
	HookSecret(ctx context.Context, id HookID) ([]byte, error)
	// DropHook removes one, with its secret.
	DropHook(ctx context.Context, a rem.AccountID, id HookID) error
	// SetHook replaces state and cursor of what its person changes, and forgets its
	// failures; cursor < 0 leaves it.
	SetHook(ctx context.Context, a rem.AccountID, id HookID, s State, cursor int64, due time.Time) error
	// DueHooks are running ones whose time has come and that have something to send.
	DueHooks(ctx context.Context, now time.Time, limit int) ([]Hook, error)
	// SetKinds replaces what is sent; a batch that is being tried is made anew.
	SetKinds(ctx context.Context, a rem.AccountID, id HookID, kinds []Kind) error
	// Confirm moves the cursor of a hook from d.After to d.Upto, which the receiver
	// confirmed. When the cursor is another it changes nothing: its person moved it
	// meanwhile. So do Fail and Skip.
	Confirm(ctx context.Context, id HookID, d Delivery) error
	// Fail keeps a failure of a batch.
	Fail(ctx context.Context, id HookID, d Delivery, s State, failing, due time.Time) error
	// Skip moves the cursor over numbers of which nothing is to be sent: they are not
	// wanted, or not kept any more.
	Skip(ctx context.Context, id HookID, from, to int64, at time.Time) error
	// Deliveries are the last ones of a hook of the account, the newest first,
	// MaxDeliveries at most; Tries is counted by the store.
	Deliveries(ctx context.Context, a rem.AccountID, id HookID) ([]Delivery, error)
}

// A SecretSealer seals the secrets of hooks for the program alone.
type SecretSealer interface {
	SealSecret(ctx context.Context, id HookID, secret string) ([]byte, error)
}

// Hooks makes and changes hooks. Its fields are set before its first use; it may be
// used concurrently.
type Hooks struct {
	Store    HookStore
	Events   Store
	Accounts Accounts
	Sealer   SecretSealer
	Clock    rem.Clock
	// Check says whether a host is on the provider's residency list; outward.Guard
	// does. Nil: no hooks are offered.
	Check func(host string) error
}

func refuse(tr, en string) *rem.Refusal { return rem.Refuse(rem.PolicyViolation, tr, en) }

// may fails unless the person may see the account's events now.
func (h *Hooks) may(ctx context.Context, by rem.Actor) error {
	a, err := h.Accounts.Account(ctx, by.Account)
	if err != nil {
		return fmt.Errorf("looking at account %s: %w", by.Account, err)
	}
	if !MaySee(&a, by.Person, h.Clock.Now()) {
		return refuse("Bu hesapta bu işlem için yetkiniz yok.", "You have no authority for this on this account.")
	}
	return nil
}

// MaySee reports whether a person may be told the events of an account.
func MaySee(a *account.Account, p rem.PersonID, now time.Time) bool {
	return a.MayLogIn(p, now) && a.May(p, account.Reading, now)
}

// chosen are kinds in their order, each once; all of them, and none, are none: then
// kinds that come later are sent too.
func chosen(kinds []Kind) ([]Kind, error) {
	var out []Kind
	for _, k := range Kinds {
		if slices.Contains(kinds, k) {
			out = append(out, k)
		}
	}
	for _, k := range kinds {
		if !slices.Contains(Kinds, k) {
			return nil, refuse("Seçtiğiniz olay türlerinden biri yok.", "One of these kinds of event does not exist.")
		}
	}
	if len(out) == len(Kinds) {
		out = nil
	}
	return out, nil
}

// Create makes a hook and returns its secret, which is not to be had again. It begins
// with what happens after it was made, of some kinds of event or, where none is named,
// all.
func (h *Hooks) Create(ctx context.Context, by rem.Actor, address string, kinds ...Kind) (Hook, string, error) {
	if err := h.may(ctx, by); err != nil {
		return Hook{}, "", err
	}
	kinds, err := chosen(kinds)
	if err != nil {
		return Hook{}, "", err
	}
	whole, host, err := ParseURL(address)
	if err != nil {
		return Hook{}, "", err
	}
	if h.Check == nil || h.Check(host) != nil {
		return Hook{}, "", refuse("Bu sunucu, sağlayıcının izinli sunucular listesinde değil. Veriler Türkiye'de kalmalıdır; sunucunun listeye alınması için sağlayıcıya başvurunuz.",
			"This host is not on the provider's list. Data has to stay in Türkiye; please ask the provider to put the host on the list.")
	}
	now := h.Clock.Now().UTC()
	id, err := rem.NewToken(now, rand.Reader)
	if err != nil {
		return Hook{}, "", err
	}
	var random [32]byte
	rand.Read(random[:])
	secret := "rem_h_" + base64.RawURLEncoding.EncodeToString(random[:])
	_, newest, err := h.Events.After(ctx, by.Account, 0, 1)
	if err != nil {
		return Hook{}, "", err
	}
	k := Hook{ID: HookID(id), Account: by.Account, Person: by.Person, URL: whole, Kinds: kinds, Made: now, State: Running, Cursor: newest, Due: now}
	sealed, err := h.Sealer.SealSecret(ctx, k.ID, secret)
	if err != nil {
		return Hook{}, "", fmt.Errorf("making a hook: %w", err)
	}
	if err := h.Store.AddHook(ctx, k, sealed, MaxHooks); err != nil {
		return Hook{}, "", fmt.Errorf("making a hook: %w", err)
	}
	return k, secret, nil
}

// List gives the hooks of the account.
func (h *Hooks) List(ctx context.Context, by rem.Actor) ([]Hook, error) {
	if err := h.may(ctx, by); err != nil {
		return nil, err
	}
	return h.Store.Hooks(ctx, by.Account)
}

// Hook is one of the account; newest is the number of the account's newest event.
func (h *Hooks) Hook(ctx context.Context, by rem.Actor, id HookID) (k Hook, newest int64, err error) {
	if err := h.may(ctx, by); err != nil {
		return Hook{}, 0, err
	}
	if k, err = h.Store.Hook(ctx, by.Account, id); err != nil {
		return Hook{}, 0, err
	}
	_, newest, err = h.Events.After(ctx, by.Account, k.Cursor, 1)
	return k, newest, err
}

// Deliveries are the last ones of a hook, the newest first.
func (h *Hooks) Deliveries(ctx context.Context, by rem.Actor, id HookID) ([]Delivery, error) {
	if err := h.may(ctx, by); err != nil {
		return nil, err
	}
	return h.Store.Deliveries(ctx, by.Account, id)
}

// Choose replaces the kinds of event that are sent from now on; none: all. What waits
// is chosen anew too, and what was skipped comes with Replay alone.
func (h *Hooks) Choose(ctx context.Context, by rem.Actor, id HookID, kinds []Kind) error {
	if err := h.may(ctx, by); err != nil {
		return err
	}
	kinds, err := chosen(kinds)
	if err != nil {
		return err
	}
	return h.Store.SetKinds(ctx, by.Account, id, kinds)
}

// Pause stops deliveries until Resume.
func (h *Hooks) Pause(ctx context.Context, by rem.Actor, id HookID) error {
	return h.set(ctx, by, id, Paused, -1)
}

// Resume goes on where the receiver's last confirmation was, also with one that was
// given up.
func (h *Hooks) Resume(ctx context.Context, by rem.Actor, id HookID) error {
	return h.set(ctx, by, id, Running, -1)
}

// Replay sends again everything after the number, as far as it is kept.
func (h *Hooks) Replay(ctx context.Context, by rem.Actor, id HookID, after int64) error {
	_, newest, err := h.Events.After(ctx, by.Account, 0, 1)
	if err != nil {
		return err
	}
	if after < 0 || after > newest {
		return refuse("Bu hesapta bu numarada bir olay yok.", "There is no event with this number on the account.")
	}
	return h.set(ctx, by, id, Running, after)
}

func (h *Hooks) set(ctx context.Context, by rem.Actor, id HookID, s State, cursor int64) error {
	if err := h.may(ctx, by); err != nil {
		return err
	}
	return h.Store.SetHook(ctx, by.Account, id, s, cursor, h.Clock.Now().UTC())
}

// Remove ends a hook for good.
func (h *Hooks) Remove(ctx context.Context, by rem.Actor, id HookID) error {
	if err := h.may(ctx, by); err != nil {
		return err
	}
	return h.Store.DropHook(ctx, by.Account, id)
}
