package privacy

import "encoding/binary"

// The spelling of our binary forms (docs/formats/sealed.md): num is an unsigned
// varint, int a zigzag one, text a num of octets and the octets. There is one
// spelling of each number: the shortest.

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// A reader reads fields from the front. After the first fault bad stays true and
// everything read is zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) num() uint64 {
	n, size := binary.Uvarint(r.b)
	if r.bad || size <= 0 || size > 1 && r.b[size-1] == 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) int() int64 {
	n := r.num()
	return int64(n>>1) ^ -int64(n&1)
}

func (r *reader) octet() byte {
	if r.bad || len(r.b) == 0 {
		r.bad, r.b = true, nil
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) text(most int) string {
	n := r.num()
	if r.bad || n > uint64(most) || n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}
