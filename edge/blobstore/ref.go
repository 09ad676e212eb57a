package blobstore

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"rem"
)

// ErrRef is wrapped by every error of ParseRef.
var ErrRef = errors.New("not a reference to a content")

// A Ref says where a content is and which bytes it must have. It is comparable;
// the zero Ref is none.
type Ref struct {
	segment uint64 // 0 for a file of its own
	offset  int64  // of the content in its segment
	file    string // token of a file of its own
	size    int64
	digest  rem.Digest

	part         bool // only part of the content is meant
	from, length int64
}

// Size returns the length in octets of what is meant.
func (r Ref) Size() int64 {
	if r.part {
		return r.length
	}
	return r.size
}

// Part refers to length octets of the content from the given one on. They are
// checked with the whole, so that no part needs a digest of its own.
func (r Ref) Part(from, length int64) Ref {
	r.from += from
	r.part, r.length = true, length
	return r
}

// IsZero reports whether the reference is to nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// String gives the durable form: "s12.4096.512.DIGEST" in a segment and
// "fTOKEN.2500000.DIGEST" in a file of its own, the digest in base64url, and
// ".FROM.LENGTH" after it for a part; the zero Ref gives "".
// docs/formats/segment.md.
func (r Ref) String() string {
	if r.IsZero() {
		return ""
	}
	b := make([]byte, 0, 96)
	if r.file != "" {
		b = append(b, 'f')
		b = append(b, r.file...)
	} else {
		b = append(b, 's')
		b = strconv.AppendUint(b, r.segment, 10)
		b = append(b, '.')
		b = strconv.AppendInt(b, r.offset, 10)
	}
	b = append(b, '.')
	b = strconv.AppendInt(b, r.size, 10)
	b = append(b, '.')
	b = base64.RawURLEncoding.AppendEncode(b, r.digest[:])
	if r.part {
		b = append(b, '.')
		b = strconv.AppendInt(b, r.from, 10)
		b = append(b, '.')
		b = strconv.AppendInt(b, r.length, 10)
	}
	return string(b)
}

// ParseRef reads the form of [Ref.String], and only that.
func ParseRef(s string) (Ref, error) {
	if s == "" {
		return Ref{}, nil
	}
	if len(s) > 200 {
		return Ref{}, fmt.Errorf("%w: too long", ErrRef)
	}
	var r Ref
	parts := strings.Split(s[1:], ".")
	ok := true
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		ok = ok && err == nil && n >= 0
		return n
	}
	switch {
	case s[0] == 's' && (len(parts) == 4 || len(parts) == 6):
		r.segment, r.offset = uint64(number(parts[0])), number(parts[1])
		parts = parts[2:]
		ok = ok && r.segment > 0 && r.offset >= headerSize+frameSize
	case s[0] == 'f' && (len(parts) == 3 || len(parts) == 5) && isToken(parts[0]):
		r.file = parts[0]
		parts = parts[1:]
	default:
		return Ref{}, fmt.Errorf("%w: neither in a segment nor a file", ErrRef)
	}
	r.size = number(parts[0])
	if len(parts) == 4 {
		r.part, r.from, r.length = true, number(parts[2]), number(parts[3])
		ok = ok && r.from <= r.size && r.length <= r.size-r.from
	}
	digest, err := base64.RawURLEncoding.Strict().DecodeString(parts[1])
	if !ok || err != nil || len(digest) != len(r.digest) {
		return Ref{}, fmt.Errorf("%w: a number or the digest is wrong", ErrRef)
	}
	copy(r.digest[:], digest)
	if r.String() != s {
		return Ref{}, fmt.Errorf("%w: not in its one form", ErrRef)
	}
	return r, nil
}

// tokenLength is that of rem.NewToken.
const tokenLength = 26

func isToken(s string) bool {
	if len(s) != tokenLength {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
