package directory

import (
	"context"
	"fmt"

	"rem"
	"rem/person"
	"rem/privacy"
)

// Tokens makes the tokens under which records are found and look-ups are remembered.
// Each kind of number has an index of its own. It may be used from many goroutines.
type Tokens struct {
	index  map[Key]*privacy.BlindIndexer // never changed
	asked  *privacy.BlindIndexer
	record *privacy.BlindIndexer
	asker  []byte
}

// numbers are the keys that are found by a token.
var numbers = []Key{KeyIdentity, KeyMERSIS, KeyTax, KeyDETSIS, KeyRegistry}

// NewTokens asks the key store for the keys of the indexes.
func NewTokens(ctx context.Context, keys privacy.KeyStore) (*Tokens, error) {
	t := &Tokens{index: map[Key]*privacy.BlindIndexer{}}
	var err error
	open := func(name string) *privacy.BlindIndexer {
		x, e := privacy.NewBlindIndexer(ctx, keys, privacy.BlindIndex{Name: "directory." + name, Version: 1})
		if err == nil {
			err = e
		}
		return x
	}
	for _, k := range numbers {
		t.index[k] = open(string(k))
	}
	t.asked, t.record = open("asked"), open("record")
	if err == nil {
		t.asker, err = keys.IndexKey(ctx, "directory askers", 1)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the directory's indexes: %w", err)
	}
	return t, nil
}

func (t *Tokens) of(k Key, value string) privacy.IndexToken { return t.index[k].Token(value) }

// registryKey is a registry number with the office that gave it, which it means
// nothing without.
func registryKey(n person.RegistryNumber, office person.Line) string {
	return n.Reveal() + "\x00" + rem.FoldName(office.Reveal())
}

// tokensOf are those of the numbers of a record.
func (t *Tokens) tokensOf(p *Particulars) (list []privacy.IndexToken) {
	add := func(k Key, v string) {
		if v != "" {
			list = append(list, t.of(k, v))
		}
	}
	add(KeyIdentity, p.Identity.Reveal())
	add(KeyMERSIS, p.MERSIS.Reveal())
	add(KeyTax, p.Tax.Reveal())
	add(KeyDETSIS, p.DETSIS.Reveal())
	if !p.Registry.IsZero() {
		add(KeyRegistry, registryKey(p.Registry, p.RegistryOffice))
	}
	return list
}
