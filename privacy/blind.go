package privacy

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"

	"rem"
)

// A BlindIndex finds a sealed value that must be found exactly, such as an
// identity number or an address: what is kept beside it is a keyed digest. It
// answers equality and nothing else, not order and not beginnings. Each index
// has a key of its own, so that two indexes over the same value cannot be joined.
type BlindIndex struct {
	// Name is the index's, such as "application.identity"; it chooses the key.
	Name string
	// Version is that of the key. It grows when the index is made anew.
	Version uint32
}

// tokenOctets: HMAC-SHA-256 cut to 128 bits. Whoever has no key learns nothing
// from any length, and whoever has it tries the ten thousand million identity
// numbers whatever the length is; so nothing is gained by fewer bits, and a
// collision would find another person. 128 bits give one for two persons among
// a thousand million with probability below 2^-69; the further 128 would double
// an index of a million accounts for nothing.
const tokenOctets = 16

// An IndexToken is what an index keeps for a value: the key's version and the
// digest. It may be compared, and prints its first digits only.
type IndexToken struct{ b [4 + tokenOctets]byte }

// A BlindIndexer makes tokens of one index. It may be used from many goroutines.
type BlindIndexer struct {
	index BlindIndex
	key   []byte
}

// NewBlindIndexer asks the key store for the index's key.
func NewBlindIndexer(ctx context.Context, keys KeyStore, index BlindIndex) (*BlindIndexer, error) {
	if index.Name == "" || !sourceName(index.Name) || index.Version == 0 {
		return nil, errors.New("opening a blind index: it needs a name and a version")
	}
	key, err := keys.IndexKey(ctx, "index "+index.Name, index.Version)
	if err != nil {
		return nil, fmt.Errorf("opening the blind index %s: %w", index.Name, err)
	}
	return &BlindIndexer{index, key}, nil
}

const tokenContext = "rem blind index\x00"

// Token returns the token of a value, which is folded as ASCII alone
// ([rem.FoldASCII], AT-27). While an index is made anew, whoever looks up asks
// both versions' indexers.
func (x *BlindIndexer) Token(value string) IndexToken {
	m := hmac.New(sha256.New, x.key)
	m.Write([]byte(tokenContext))
	m.Write([]byte(rem.FoldASCII(value)))
	var sum [sha256.Size]byte
	var t IndexToken
	binary.BigEndian.PutUint32(t.b[:4], x.index.Version)
	copy(t.b[4:], m.Sum(sum[:0])[:tokenOctets])
	return t
}

// Bytes returns the token as it is kept.
func (t IndexToken) Bytes() []byte { return t.b[:] }

// Version returns the key's version.
func (t IndexToken) Version() uint32 { return binary.BigEndian.Uint32(t.b[:4]) }

// ParseIndexToken reads what Bytes gave.
func ParseIndexToken(b []byte) (t IndexToken, err error) {
	if len(b) != len(t.b) || binary.BigEndian.Uint32(b) == 0 {
		return IndexToken{}, errors.New("not a token of a blind index")
	}
	copy(t.b[:], b)
	return t, nil
}

// String returns the first digits.
func (t IndexToken) String() string { return "index-" + hex.EncodeToString(t.b[4:8]) }

// LogValue gives a log line the first digits.
func (t IndexToken) LogValue() slog.Value { return slog.StringValue(t.String()) }
