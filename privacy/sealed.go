package privacy

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"rem"
)

// A FieldID names a sealed field: it is the name of a holding of the inventory
// whose form is [Sealed], such as "application.Applicant.Identity". What the
// field holds, and for which purposes it may be opened, says the inventory.
type FieldID string

// A SealedValue is a personal value as it is kept: encrypted under the data key
// of its person and purpose class, and bound to the person and the field, so that
// it opens nowhere else (P-03, P-12). Its bytes are docs/formats/sealed.md.
//
// It prints as a pseudonym that says nothing, and is not marshalled: whoever
// keeps it keeps [SealedValue.Bytes]. The zero SealedValue is none.
//
// The second pointer is for package fmt, as the function of a [Value] is.
type SealedValue struct{ kept **keptValue }

func (k *keptValue) sealed() SealedValue { return SealedValue{&k} }

type keptValue struct {
	raw    []byte
	head   int // octets before the nonce
	class  PurposeClass
	serial uint64
	from   Provenance
}

// ErrSealed is wrapped when bytes are no sealed value, or are not the one of
// this person and field.
var ErrSealed = errors.New("not a sealed value of this person and field")

// Octets of the written form.
const (
	sealedVersion = 1
	nonceOctets   = 12
	tagOctets     = 16
	// maxSealed bounds what ParseSealed looks at.
	maxSealed = MaxValue + 1024
	maxName   = 200 // of a person, a field, a class
)

// Bytes returns the written form; it must not be changed. That of the zero
// SealedValue is empty.
func (s SealedValue) Bytes() []byte {
	if s.kept == nil {
		return nil
	}
	return (*s.kept).raw
}

// Provenance returns where the value comes from. It is not encrypted, so that a
// page can say how a value was verified without opening it; [Vault.Open] checks it.
func (s SealedValue) Provenance() Provenance {
	if s.kept == nil {
		return Provenance{}
	}
	return (*s.kept).from
}

// Class returns the purpose class whose data key sealed it.
func (s SealedValue) Class() PurposeClass {
	if s.kept == nil {
		return ""
	}
	return (*s.kept).class
}

// IsZero reports whether there is no value.
func (s SealedValue) IsZero() bool { return s.kept == nil }

// Equal reports whether two have the same bytes. Two sealings of one value are
// not equal; equality of values is asked of a [BlindIndex].
func (s SealedValue) Equal(o SealedValue) bool { return bytes.Equal(s.Bytes(), o.Bytes()) }

// Pseudonym names the sealed value in logs: the same bytes give the same digits.
func (s SealedValue) Pseudonym() string {
	if s.kept == nil {
		return "none"
	}
	sum := sha256.Sum256((*s.kept).raw)
	return "sealed-" + hex.EncodeToString(sum[:6])
}

// ParseSealed reads a written form; b must not change afterwards. It says
// nothing about whether the value opens. Empty bytes are the zero SealedValue.
func ParseSealed(b []byte) (SealedValue, error) {
	if len(b) == 0 {
		return SealedValue{}, nil
	}
	k := &keptValue{raw: b}
	if err := k.read(); err != nil {
		return SealedValue{}, fmt.Errorf("reading a sealed value: %w", err)
	}
	return k.sealed(), nil
}

func (k *keptValue) read() error {
	if len(k.raw) > maxSealed {
		return fmt.Errorf("%w: longer than %d octets", ErrSealed, maxSealed)
	}
	r := reader{b: k.raw}
	if v := r.num(); v != sealedVersion {
		return fmt.Errorf("%w: its version is not %d", ErrSealed, sealedVersion)
	}
	k.class = PurposeClass(r.text(maxName))
	k.serial = r.num()
	k.from = Provenance{origin: Origin(r.octet())}
	k.from.at = time.UnixMicro(r.int()).UTC()
	k.from.method = r.text(maxSource)
	k.from.evidence = r.text(maxSource)
	if r.bad {
		return fmt.Errorf("%w: its head is cut or spelt otherwise", ErrSealed)
	}
	if _, err := k.from.whole(); err != nil {
		return fmt.Errorf("%w: %w", ErrSealed, err)
	}
	k.head = len(k.raw) - len(r.b)
	if k.class == "" || k.serial == 0 || len(r.b) < nonceOctets+tagOctets {
		return fmt.Errorf("%w: it is cut", ErrSealed)
	}
	return nil
}

// appendHead writes what stands before the nonce.
func appendHead(b []byte, class PurposeClass, serial uint64, from Provenance) []byte {
	b = binary.AppendUvarint(b, sealedVersion)
	b = appendText(b, string(class))
	b = binary.AppendUvarint(b, serial)
	b = append(b, byte(from.origin))
	b = binary.AppendVarint(b, from.at.UnixMicro())
	b = appendText(b, from.method)
	return appendText(b, from.evidence)
}

const sealedContext = "rem sealed value\x00"

// appendBound writes what the encryption is bound to: the whole head (version,
// class, key, provenance), the person and the field.
func appendBound(b, head []byte, person rem.PersonID, field FieldID) []byte {
	b = append(b, sealedContext...)
	b = append(b, head...)
	b = appendText(b, string(person))
	return appendText(b, string(field))
}
