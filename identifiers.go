package rem

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"strings"
	"time"
)

type (
	// A MessageID names a registered message everywhere: it is the
	// MessageIdentifierByREMMD of TS 102 640-2, in the form of RFC 5322 3.6.4
	// without the angle brackets.
	MessageID string

	// An EvidenceID names one evidence: EvidenceIdentifier of TS 102 640-2. It
	// is also the evidence's xs:ID, so it begins with an underscore.
	EvidenceID string

	// An AccountID names an account for ever. A closed address may be read
	// again, an AccountID never means a second account.
	AccountID string

	// A PersonID names a natural or legal person.
	PersonID string
)

// crockford is the base32 alphabet of our identifiers: it sorts as its value
// does and holds no letters that are read as digits.
var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewToken returns 26 characters that sort by time: 48 bits of milliseconds and
// 80 bits read from random, which must be a cryptographic source. Keys in time
// order keep an index from being written all over (docs/performance.md, growth).
func NewToken(now time.Time, random io.Reader) (string, error) {
	var b [16]byte
	ms := uint64(now.UnixMilli())
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	if _, err := io.ReadFull(random, b[6:]); err != nil {
		return "", fmt.Errorf("drawing an identifier: %w", err)
	}
	return crockford.EncodeToString(b[:]), nil
}

// NewMessageID makes a message's identifier in the provider's domain.
func NewMessageID(token, domain string) MessageID {
	return MessageID(token + "@" + domain)
}

// Token returns the part of the identifier that other names are made from. An
// identifier of our own form gives its own 26 characters; any other gives a
// digest of the whole, so that no foreign identifier reaches a path or a query
// as it is (AT-11). The first bit tells the two apart: whoever chooses an
// identifier cannot choose one that has the token of another (AT-14).
func (id MessageID) Token() string {
	local, domain, ok := strings.Cut(string(id), "@")
	if ok && len(local) == 26 && isToken(local) && len(domain) <= 64 {
		return local
	}
	sum := sha256.Sum256([]byte(id))
	sum[0] |= 0x80
	return crockford.EncodeToString(sum[:16])
}

// isToken reports whether NewToken can have made it: of our alphabet, and with
// a first bit that is zero until the year 6429.
func isToken(s string) bool {
	if s[0] >= 'g' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z' || strings.IndexByte("ilou", c) >= 0) {
			return false
		}
	}
	return true
}

// NewEvidenceID makes an evidence's identifier from what it is about, so that a
// step that runs twice makes the same evidence: the message, the written code
// of kind and outcome, the recipient's place (0 when it concerns all) and the
// issuer's hs code.
func NewEvidenceID(id MessageID, code string, recipient int, issuer string) EvidenceID {
	_, domain, _ := strings.Cut(string(id), "@")
	origin := crockford.EncodeToString(digest4(domain))
	return EvidenceID(fmt.Sprintf("_%s-%s.%s.%d.%s", id.Token(), origin, code, recipient, issuer))
}

// digest4 tells two domains that chose the same local part apart.
func digest4(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:5]
}

// A Digest is a SHA-256 value. The zero Digest is that of nothing known.
type Digest [sha256.Size]byte

// DigestOf returns the digest of b.
func DigestOf(b []byte) Digest { return sha256.Sum256(b) }

// IsZero reports whether no digest is known.
func (d Digest) IsZero() bool { return d == Digest{} }

// String returns the digest in lower-case hexadecimal digits.
func (d Digest) String() string { return fmt.Sprintf("%x", d[:]) }
