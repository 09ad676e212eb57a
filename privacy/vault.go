package privacy

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"rem"
)

// A VaultConfig is what a vault works with. All fields are needed.
type VaultConfig struct {
	Register *Register // the inventory: which fields are sealed, and for which purposes they open
	Keys     KeyStore
	Data     DataKeys
	Log      AccessLog
	Clock    rem.Clock
}

// A Vault seals and opens personal values. Everybody who keeps or reads one
// does it here: a value is opened for a declared purpose, by a natural person,
// and the access entry is durable before the first octet is decrypted (P-03,
// P-21). It may be used from many goroutines.
type Vault struct {
	VaultConfig
	fields map[FieldID]*field // never changed
	cache  keyCache
	sat    sittings
}

// NewVault returns a vault over the sealed fields of the register.
func NewVault(c VaultConfig) (*Vault, error) {
	if c.Register == nil || c.Keys == nil || c.Data == nil || c.Log == nil || c.Clock == nil {
		return nil, errors.New("making a vault: something that it works with is missing")
	}
	fields, err := sealedFields(c.Register)
	if err != nil {
		return nil, fmt.Errorf("making a vault: %w", err)
	}
	return &Vault{VaultConfig: c, fields: fields}, nil
}

// Seal encrypts a value for a field of a person, under the data key of the
// field's purpose class, which is made when it is the first. Each call gives
// other bytes. The provenance must be whole (P-02). It returns [ErrDestroyed]
// when the person's key of the class was destroyed and [Vault.Renew] was not
// called since.
func (v *Vault) Seal(ctx context.Context, person rem.PersonID, id FieldID, value Value) (SealedValue, error) {
	f, err := v.field(person, id)
	if err != nil {
		return SealedValue{}, err
	}
	from, err := value.Provenance().whole()
	if err != nil {
		return SealedValue{}, fmt.Errorf("sealing %s: %w", id, err)
	}
	clear := value.Bytes()
	if len(clear) > MaxValue {
		return SealedValue{}, fmt.Errorf("sealing %s: the value is longer than %d octets", id, MaxValue)
	}
	serial, aead, err := v.newest(ctx, person, f.class)
	if err != nil {
		return SealedValue{}, fmt.Errorf("sealing %s: %w", id, err)
	}
	// One allocation: head, nonce, ciphertext, tag.
	raw := make([]byte, 0, 64+len(f.class)+len(from.method)+len(from.evidence)+len(clear))
	raw = appendHead(raw, f.class, serial, from)
	k := &keptValue{head: len(raw), class: f.class, serial: serial, from: from}
	var buf [256]byte
	bound := appendBound(buf[:0], raw, person, id)
	var nonce [nonceOctets]byte
	rand.Read(nonce[:])
	raw = append(raw, nonce[:]...)
	k.raw = aead.Seal(raw, raw[k.head:], clear, bound)
	return k.sealed(), nil
}

// An Item is one sealed value with where it was found.
type Item struct {
	Person rem.PersonID
	Field  FieldID
	Sealed SealedValue
}

// Open gives a value in the clear, after the access entry is durable. It is
// refused, with an error that wraps a *rem.Refusal, when no natural person asks,
// when the purpose is not declared for the field, and when staff, or somebody
// whom the value is not about, names no case. It returns [ErrDestroyed] when the
// value was erased, and [ErrSealed] when it is not one of this person and field.
func (v *Vault) Open(ctx context.Context, a Access, person rem.PersonID, id FieldID, s SealedValue) (Value, error) {
	items := [1]Item{{person, id, s}}
	values, err := v.OpenAll(ctx, a, items[:])
	if err != nil {
		return Value{}, err
	}
	return values[0], nil
}

// MaxItems bounds what OpenAll opens at once: a page of a queue, not a table.
const MaxItems = 256

// OpenAll opens several values as Open does, all or none. The log gets one entry
// for each person concerned, with all fields of that person, in one write. A zero
// SealedValue gives a zero Value and is named too. There may be [MaxItems]. Within a
// [Sitting] the entry may be one that was made a short time ago.
func (v *Vault) OpenAll(ctx context.Context, a Access, items []Item) ([]Value, error) {
	if len(items) == 0 {
		return nil, nil
	}
	if len(items) > MaxItems {
		return nil, fmt.Errorf("opening values: %d at once; there may be %d", len(items), MaxItems)
	}
	entries := make([]AccessEntry, 0, 1)
	for i := range items {
		it := &items[i]
		f, err := v.field(it.Person, it.Field)
		if err == nil {
			err = a.check(it.Person)
		}
		if err == nil {
			err = f.allows(a.Purpose)
		}
		if err != nil {
			return nil, fmt.Errorf("opening %s: %w", it.Field, err)
		}
		j := slices.IndexFunc(entries, func(e AccessEntry) bool { return e.Person == it.Person })
		if j < 0 {
			j = len(entries)
			entries = append(entries, a.entry(Opened, it.Person))
		}
		if !slices.Contains(entries[j].Fields, it.Field) {
			entries[j].Fields = append(entries[j].Fields, it.Field)
		}
	}
	// What another entry of this sitting says is durable already.
	now := v.Clock.Now()
	if entries = v.sat.missing(&a, entries, now); len(entries) > 0 {
		if err := v.Log.Record(ctx, entries...); err != nil {
			return nil, fmt.Errorf("opening values: recording the access: %w", err)
		}
		v.sat.add(&a, entries, now)
	}
	values := make([]Value, len(items))
	for i := range items {
		var err error
		if values[i], err = v.open(ctx, &items[i]); err != nil {
			return nil, fmt.Errorf("opening %s: %w", items[i].Field, err)
		}
	}
	return values, nil
}

func (a *Access) entry(act Act, person rem.PersonID) AccessEntry {
	return AccessEntry{Act: act, Actor: a.Actor.Person, Account: a.Actor.Account, Role: a.Role, Purpose: a.Purpose, Case: a.Case, Person: person}
}

func (v *Vault) open(ctx context.Context, it *Item) (Value, error) {
	if it.Sealed.IsZero() {
		return Value{}, nil
	}
	k := *it.Sealed.kept
	aead, err := v.key(ctx, KeyName{it.Person, k.class, k.serial})
	if err != nil {
		return Value{}, err
	}
	var buf [256]byte
	bound := appendBound(buf[:0], k.raw[:k.head], it.Person, it.Field)
	clear, err := aead.Open(nil, k.raw[k.head:k.head+nonceOctets], k.raw[k.head+nonceOctets:], bound)
	if err != nil {
		return Value{}, ErrSealed
	}
	return NewBytes(clear, k.from), nil
}

// Erase destroys the data key of a person and class: everything that it sealed,
// here and in every copy and backup, can no longer be opened (P-12). The access
// log gets its entry first, and the record of the destruction is kept. Only
// staff erases, for a case and a purpose in use. reason is a code.
func (v *Vault) Erase(ctx context.Context, a Access, person rem.PersonID, class PurposeClass, reason string) error {
	err := a.check(person)
	if err == nil && !a.Role.Staff() {
		err = refuseAccess(ErrRole, "İmha bu rolle yapılamaz.", "Nothing can be erased in this role.")
	}
	if p := v.Register.Purpose(a.Purpose); err == nil && (p == nil || !p.InUse()) {
		err = refuseAccess(ErrNotDeclared, "İmha bu amaçla yapılamaz.", "Nothing can be erased for this purpose.")
	}
	if err == nil && (person == "" || !known(PurposeClasses(), class) || reason == "" || !sourceName(reason)) {
		err = errors.New("the person, the class or the reason is missing or unknown")
	}
	if err != nil {
		return fmt.Errorf("erasing: %w", err)
	}
	e := a.entry(Erased, person)
	e.Fields = []FieldID{classField(class)}
	if err := v.Log.Record(ctx, e); err != nil {
		return fmt.Errorf("erasing: recording the access: %w", err)
	}
	err = v.Data.Destroy(ctx, person, class, v.Clock.Now(), a.Actor.Person, reason)
	v.cache.forget(person, class)
	if err != nil {
		return fmt.Errorf("erasing: %w", err)
	}
	return nil
}

// Renew begins a further data key for a person and class whose key was destroyed:
// somebody whose data was erased comes back, or consents again. What was erased
// stays so. When the newest key lives it does nothing.
func (v *Vault) Renew(ctx context.Context, person rem.PersonID, class PurposeClass) error {
	name, _, err := v.Data.Newest(ctx, person, class)
	if err == nil {
		return nil
	}
	if !errors.Is(err, ErrDestroyed) {
		return fmt.Errorf("beginning a further data key: %w", err)
	}
	name.Serial++
	if _, err := v.add(ctx, name); err != nil {
		return fmt.Errorf("beginning a further data key: %w", err)
	}
	v.cache.forget(person, class)
	return nil
}

// rewrapGroup is how many keys Rewrap asks for at a time.
const rewrapGroup = 256

// Rewrap wraps every data key anew that is not under the newest wrapping key,
// and returns how many. No value is touched. A crash in the middle leaves keys
// of both numbers, which all open; the next call goes on.
func (v *Vault) Rewrap(ctx context.Context) (int, error) {
	done := 0
	for {
		newest := v.Keys.Newest()
		names, wrapped, err := v.Data.Behind(ctx, newest, rewrapGroup)
		if err != nil {
			return done, fmt.Errorf("wrapping data keys anew: %w", err)
		}
		if len(names) == 0 {
			return done, nil
		}
		for i, name := range names {
			bound := appendKeyName(nil, name)
			key, err := v.Keys.Unwrap(ctx, wrapped[i], bound)
			if err != nil {
				return done, fmt.Errorf("wrapping data keys anew: %w", err)
			}
			now, err := v.Keys.Wrap(ctx, key, bound)
			clear(key)
			if err == nil {
				err = v.Data.Replace(ctx, name, wrapped[i], now)
			}
			if err != nil {
				return done, fmt.Errorf("wrapping data keys anew: %w", err)
			}
			done++
		}
	}
}

func (v *Vault) field(person rem.PersonID, id FieldID) (*field, error) {
	f, ok := v.fields[id]
	if !ok {
		return nil, fmt.Errorf("field %s: %w", id, ErrUnregistered)
	}
	if person == "" || len(person) > maxName {
		return nil, fmt.Errorf("field %s: whose value it is is not said", id)
	}
	return f, nil
}

const keyContext = "rem data key\x00"

// appendKeyName writes what a wrapped data key is bound to.
func appendKeyName(b []byte, n KeyName) []byte {
	b = append(b, keyContext...)
	b = appendText(b, string(n.Person))
	b = appendText(b, string(n.Class))
	return binary.AppendUvarint(b, n.Serial)
}

// dataKeyOctets: AES-256.
const dataKeyOctets = 32

// newest finds the key to seal with, and makes the first.
func (v *Vault) newest(ctx context.Context, person rem.PersonID, class PurposeClass) (uint64, cipher.AEAD, error) {
	if serial, aead := v.cache.newest(person, class); aead != nil {
		return serial, aead, nil
	}
	epoch := v.cache.epoch()
	name, w, err := v.Data.Newest(ctx, person, class)
	if errors.Is(err, ErrNoKey) {
		name = KeyName{person, class, 1}
		w, err = v.add(ctx, name)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("finding the data key: %w", err)
	}
	aead, err := v.unwrap(ctx, name, w)
	if err != nil {
		return 0, nil, err
	}
	v.cache.keep(epoch, name, aead, true)
	return name.Serial, aead, nil
}

// key finds the key of a sealed value.
func (v *Vault) key(ctx context.Context, name KeyName) (cipher.AEAD, error) {
	if aead := v.cache.get(name); aead != nil {
		return aead, nil
	}
	epoch := v.cache.epoch()
	w, err := v.Data.Get(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("finding the data key: %w", err)
	}
	aead, err := v.unwrap(ctx, name, w)
	if err != nil {
		return nil, err
	}
	v.cache.keep(epoch, name, aead, false)
	return aead, nil
}

func (v *Vault) add(ctx context.Context, name KeyName) (WrappedKey, error) {
	key := make([]byte, dataKeyOctets)
	rand.Read(key)
	defer clear(key)
	w, err := v.Keys.Wrap(ctx, key, appendKeyName(nil, name))
	if err != nil {
		return WrappedKey{}, fmt.Errorf("wrapping a new data key: %w", err)
	}
	return v.Data.Add(ctx, name, w)
}

func (v *Vault) unwrap(ctx context.Context, name KeyName, w WrappedKey) (cipher.AEAD, error) {
	key, err := v.Keys.Unwrap(ctx, w, appendKeyName(nil, name))
	if err != nil {
		return nil, fmt.Errorf("unwrapping the data key: %w", err)
	}
	defer clear(key)
	if len(key) != dataKeyOctets {
		return nil, fmt.Errorf("unwrapping the data key: %w: it has %d octets", ErrWrapped, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("preparing the data key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("preparing the data key: %w", err)
	}
	return aead, nil
}
