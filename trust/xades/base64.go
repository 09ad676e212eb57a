package xades

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
)

var errBase64 = errors.New("not base64")

// decode decodes base64 without white space and with zeros in the unused bits:
// one text for each string of bytes.
func decode[T string | []byte](text T) ([]byte, error) {
	return appendDecoded(make([]byte, 0, base64.StdEncoding.DecodedLen(len(text))), []byte(text))
}

// appendDecoded is decode behind what is there. A token has thousands of letters,
// and this takes three fifths of the time of encoding/base64, which passes over line
// ends; see there for what is the same.
func appendDecoded(dst, text []byte) ([]byte, error) {
	n := len(text)
	if n == 0 || n%4 != 0 {
		return dst, errBase64
	}
	missing := 0 // octets of the last four letters
	if text[n-1] == '=' {
		if missing = 1; text[n-2] == '=' {
			missing = 2
		}
	}
	from, size := len(dst), n/4*3-missing
	grown := slices.Grow(dst, size)[:from+size]
	out := grown[from:]
	v := &base64Letters
	var seen uint32
	for ; len(text) > 4; text, out = text[4:], out[3:] {
		group := v[0][text[0]] | v[1][text[1]] | v[2][text[2]] | v[3][text[3]]
		seen |= group
		binary.BigEndian.PutUint32(out, group<<8) // the next group writes over the fourth octet
	}
	last := v[0][text[0]] | v[1][text[1]]
	switch missing {
	case 0:
		last |= v[2][text[2]] | v[3][text[3]]
		out[2] = byte(last)
		out[1] = byte(last >> 8)
	case 1:
		last |= v[2][text[2]]
		out[1] = byte(last >> 8)
	}
	if unused := last & (1<<(8*missing) - 1); unused != 0 {
		seen = notALetter
	}
	out[0] = byte(last >> 16)
	if (seen|last)&notALetter != 0 {
		return dst, errBase64
	}
	return grown, nil
}

// notALetter marks an octet that is none of the 64.
const notALetter = 1 << 24

// base64Letters gives what a letter adds to a group of four, by its place in it.
var base64Letters = func() (v [4][256]uint32) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for place := range v {
		for i := range v[place] {
			v[place][i] = notALetter
		}
		for value, letter := range []byte(letters) {
			v[place][letter] = uint32(value) << (18 - 6*place)
		}
	}
	return v
}()
