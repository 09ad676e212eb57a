package rem

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// The bounds of RFC 5321 4.5.3.1 on the parts of an address, in octets.
const (
	maxLocalPart = 64
	maxAddress   = 254
)

// ErrAddress is wrapped by every error of ParseAddress.
var ErrAddress = errors.New("not an address of registered mail")

// An Address is a KEP address in its one folded form: user@hsNN.root or
// user@name.hsNN.root, ASCII and lower case (REQ-25). The zero Address is none.
// An Address is comparable and never shows itself in a log.
type Address struct{ local, domain string }

// ParseAddress reads a bare address, without brackets or display name.
//
// The grammar is that of the directory and address communique for legal
// persons, and of practice for natural ones (REQ-25): labels of a-z, 0-9, "-"
// and "_", joined by single dots. Upper case is accepted and folded as ASCII.
// The root (kep.tr) is the provider's setting, so it is not checked here;
// [Address.Domain] is looked up in the trust list.
func ParseAddress(s string) (Address, error) {
	if len(s) > maxAddress {
		return Address{}, fmt.Errorf("%w: longer than %d octets", ErrAddress, maxAddress)
	}
	folded := FoldASCII(s)
	local, domain, ok := strings.Cut(folded, "@")
	if !ok || strings.Contains(domain, "@") {
		return Address{}, fmt.Errorf("%w: it needs exactly one @", ErrAddress)
	}
	if len(local) > maxLocalPart {
		return Address{}, fmt.Errorf("%w: the user part is longer than %d octets", ErrAddress, maxLocalPart)
	}
	if !labels(local, true) || !labels(domain, false) {
		return Address{}, fmt.Errorf("%w: a part holds something else than a-z, 0-9, dots between and hyphens inside", ErrAddress)
	}
	if _, _, ok := hsCode(domain); !ok {
		return Address{}, fmt.Errorf("%w: the domain has no provider code (hs and two digits)", ErrAddress)
	}
	return Address{local, domain}, nil
}

// MustAddress is ParseAddress for constants and tests; it panics on an error.
func MustAddress(s string) Address {
	a, err := ParseAddress(s)
	if err != nil {
		panic(err)
	}
	return a
}

// hsCode finds the provider's code in a domain: "hs90.kep.test" and
// "name.hs90.kep.test" give "hs90" and "hs90.kep.test".
func hsCode(domain string) (code, providerDomain string, ok bool) {
	rest := domain
	for range 2 {
		label, root, more := strings.Cut(rest, ".")
		if !more {
			return "", "", false
		}
		if len(label) == 4 && label[:2] == "hs" && isDigit(label[2]) && isDigit(label[3]) {
			return label, rest, true
		}
		rest = root
	}
	return "", "", false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func labels(s string, user bool) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if ('a' > c || c > 'z') && !isDigit(c) && c != '-' && (c != '_' || !user) {
				return false
			}
		}
	}
	return true
}

// String returns the address for protocols and people. Logs get [Address.LogValue].
func (a Address) String() string {
	if a.IsZero() {
		return ""
	}
	return a.local + "@" + a.domain
}

// Local and Domain return the two sides of the @.
func (a Address) Local() string  { return a.local }
func (a Address) Domain() string { return a.domain }

// Provider returns the domain of the provider, without a company's own label:
// hs90.kep.test for ali@firma.hs90.kep.test.
func (a Address) Provider() string {
	_, domain, _ := hsCode(a.domain)
	return domain
}

// HSCode returns the provider's code, such as "hs90".
func (a Address) HSCode() string {
	code, _, _ := hsCode(a.domain)
	return code
}

// IsZero reports whether there is no address.
func (a Address) IsZero() bool { return a == Address{} }

// Pseudonym names the address in logs and file names: the same address gives
// the same 12 digits, and the provider's code stays readable for operators.
func (a Address) Pseudonym() string {
	if a.IsZero() {
		return "none"
	}
	sum := sha256.Sum256([]byte("rem address\x00" + a.String()))
	return "addr-" + hex.EncodeToString(sum[:6]) + "@" + a.HSCode()
}

// LogValue keeps the address out of every log line.
func (a Address) LogValue() slog.Value { return slog.StringValue(a.Pseudonym()) }

// MarshalText gives the address for the ledger's own records.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText gave; empty text is no address.
func (a *Address) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*a = Address{}
		return nil
	}
	read, err := ParseAddress(string(b))
	if err != nil {
		return err
	}
	*a = read
	return nil
}
