package cms

import (
	"bytes"
	"fmt"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Bounds on what strangers send. They are far above what any writer needs.
const (
	// MaxSize bounds a SignedData in bytes: a signature that carries the
	// revocation lists of its chain reaches megabytes.
	MaxSize = 8 << 20
	// maxDepth bounds nesting; names in certificate policies reach about 12.
	maxDepth = 32
	// maxElements bounds the elements of one attribute or content.
	maxElements = 1 << 14
	// maxCertificates and maxRevocations bound the bags.
	maxCertificates = 32
	maxRevocations  = 64
	// maxAttributes bounds the attributes of each kind, and maxValues the
	// values of one.
	maxAttributes = 32
	maxValues     = 32
	// maxOID bounds an object identifier in bytes.
	maxOID = 64
	// maxInteger bounds serial numbers, in bytes. RFC 5280 4.1.2.2 has 20.
	maxInteger = 32
)

const (
	tagBoolean     = 0x01
	tagInteger     = 0x02
	tagBitString   = 0x03
	tagOctetString = 0x04
	tagNull        = 0x05
	tagOID         = 0x06
	tagEnumerated  = 0x0a
	tagUTF8        = 0x0c
	tagPrintable   = 0x13
	tagIA5         = 0x16
	tagUTCTime     = 0x17
	tagTime        = 0x18
	tagBMP         = 0x1e
	tagSequence    = 0x30
	tagSet         = 0x31
	tagContext0    = 0xa0 // [0], constructed
	tagContext1    = 0xa1
)

const context0, context1 = asn1.Tag(tagContext0), asn1.Tag(tagContext1)

// AppendHeader appends a tag of one byte and a length in DER.
func AppendHeader(dst []byte, tag byte, length int) []byte {
	dst = append(dst, tag)
	switch {
	case length < 0x80:
		return append(dst, byte(length))
	case length < 1<<8:
		return append(dst, 0x81, byte(length))
	case length < 1<<16:
		return append(dst, 0x82, byte(length>>8), byte(length))
	case length < 1<<24:
		return append(dst, 0x83, byte(length>>16), byte(length>>8), byte(length))
	}
	return append(dst, 0x84, byte(length>>24), byte(length>>16), byte(length>>8), byte(length))
}

// Size gives the bytes of an element with its header.
func Size(length int) int {
	switch {
	case length < 0x80:
		return 2 + length
	case length < 1<<8:
		return 3 + length
	case length < 1<<16:
		return 4 + length
	case length < 1<<24:
		return 5 + length
	}
	return 6 + length
}

// Element gives one element in DER: a tag of one byte, the length and the
// parts one after another.
func Element(tag byte, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	der := AppendHeader(make([]byte, 0, Size(n)), tag, n)
	for _, p := range parts {
		der = append(der, p...)
	}
	return der
}

func appendTLV(dst []byte, tag byte, content []byte) []byte {
	return append(AppendHeader(dst, tag, len(content)), content...)
}

// CheckDER tells whether der is exactly one element in DER, nested no deeper
// and no richer than the bounds of this package (X.690 8 and 10). What an
// implicit context tag hides in primitive form is not looked into.
func CheckDER(der []byte) error {
	left := maxElements
	in := cryptobyte.String(der)
	if err := checkElement(&in, maxDepth, &left); err != nil {
		return err
	}
	if !in.Empty() {
		return malformed("bytes after the element")
	}
	return nil
}

func checkElement(in *cryptobyte.String, depth int, left *int) error {
	var content cryptobyte.String
	var tag asn1.Tag
	if !in.ReadAnyASN1(&content, &tag) {
		return malformed("not an element in DER")
	}
	if *left--; *left < 0 {
		return malformed("more than %d elements", maxElements)
	}
	const class, universal, context, constructed = 0xc0, 0x00, 0x80, 0x20
	switch {
	case tag&class == context && tag&constructed == 0:
		return nil
	case tag&class == context, tag == tagSequence, tag == tagSet:
		if depth == 0 {
			return malformed("nested deeper than %d", maxDepth)
		}
		var previous []byte
		for !content.Empty() {
			start := content
			if err := checkElement(&content, depth-1, left); err != nil {
				return err
			}
			element := start[:len(start)-len(content)]
			if tag == tagSet && bytes.Compare(previous, element) > 0 {
				return malformed("set that is not sorted")
			}
			previous = element
		}
		return nil
	case tag&class == universal && tag&constructed == 0:
		return checkPrimitive(byte(tag), content)
	}
	return malformed("tag %#02x", byte(tag))
}

func checkPrimitive(tag byte, c []byte) error {
	ok := true
	switch tag {
	case tagBoolean:
		ok = len(c) == 1 && (c[0] == 0 || c[0] == 0xff)
	case tagInteger, tagEnumerated:
		ok = shortest(c)
	case tagBitString:
		ok = len(c) == 1 && c[0] == 0 ||
			len(c) > 1 && c[0] < 8 && c[len(c)-1]&(1<<c[0]-1) == 0
	case tagNull:
		ok = len(c) == 0
	case tagOID:
		ok = OID(c).valid()
	case tagUTF8:
		ok = utf8.Valid(c)
	case tagPrintable, tagIA5:
		ok = !bytes.ContainsFunc(c, func(r rune) bool { return r >= 0x80 })
	case tagBMP:
		ok = len(c)%2 == 0
	case tagUTCTime, tagTime:
		_, err := parseTime(tag, c)
		ok = err == nil
	case 0, tagSequence &^ 0x20, tagSet &^ 0x20:
		ok = false
	}
	if !ok {
		return malformed("element with tag %#02x is not in DER", tag)
	}
	return nil
}

// shortest tells whether c is an integer without padding.
func shortest(c []byte) bool {
	if len(c) == 0 {
		return false
	}
	return len(c) == 1 || !(c[0] == 0 && c[1] < 0x80 || c[0] == 0xff && c[1] >= 0x80)
}

// parseTime reads the content of a UTCTime (X.690 11.8) or a GeneralizedTime
// (X.690 11.7): UTC, with seconds, and with a fraction only where it is not
// zero and does not end in one.
func parseTime(tag byte, c []byte) (time.Time, error) {
	var year int
	rest, ok := c, true
	digits := func(n int) (value int) {
		if len(rest) < n {
			ok = false
			return 0
		}
		for _, d := range rest[:n] {
			ok = ok && '0' <= d && d <= '9'
			value = value*10 + int(d-'0')
		}
		rest = rest[n:]
		return value
	}
	if tag == tagUTCTime {
		// RFC 5280 4.1.2.5.1: two digits of a year from 1950 to 2049.
		if year = 2000 + digits(2); year >= 2050 {
			year -= 100
		}
	} else {
		year = digits(4)
	}
	month, day := digits(2), digits(2)
	hour, minute, second := digits(2), digits(2), digits(2)
	nanosecond := 0
	if tag == tagTime && len(rest) > 2 && len(rest) <= 11 && rest[0] == '.' && rest[len(rest)-2] != '0' {
		rest = rest[1:]
		n := len(rest) - 1
		for nanosecond = digits(n); n < 9; n++ {
			nanosecond *= 10
		}
	}
	if !ok || len(rest) != 1 || rest[0] != 'Z' || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, malformed("time %q", c)
	}
	// A day that there is not becomes another one.
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanosecond, time.UTC)
	if t.Month() != time.Month(month) || t.Day() != day {
		return time.Time{}, malformed("time %q", c)
	}
	return t, nil
}

// ReadTime reads a GeneralizedTime in DER, which may have a fraction of a
// second (X.690 11.7).
func ReadTime(in *cryptobyte.String, out *time.Time) bool {
	var c cryptobyte.String
	if !in.ReadASN1(&c, tagTime) {
		return false
	}
	t, err := parseTime(tagTime, c)
	*out = t
	return err == nil
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrStructure, fmt.Sprintf(format, args...))
}
