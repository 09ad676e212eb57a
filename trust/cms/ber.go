package cms

import "slices"

// ToDER rewrites BER as the mail programs of others send it: indefinite
// lengths, lengths with padding and octet strings in pieces become DER. What is
// in DER comes back as it is. Sets keep their order and numbers their padding,
// so what was signed as DER stays what was signed, and Parse still refuses what
// is wrong about the rest. The result is the caller's.
func ToDER(ber []byte) ([]byte, error) {
	if len(ber) > MaxSize {
		return nil, malformed("%d bytes", len(ber))
	}
	r := berReader{in: ber, left: maxSignedElements}
	der, err := r.element(make([]byte, 0, len(ber)), maxDepth)
	if err != nil {
		return nil, err
	}
	if len(r.in) > 0 {
		return nil, malformed("bytes after the element")
	}
	return der, nil
}

// maxSignedElements bounds the elements of a whole SignedData: a large
// revocation list has some hundred thousand.
const maxSignedElements = 1 << 20

type berReader struct {
	in   []byte // what is still to be read
	left int    // elements
}

// header reads a tag and a length; n is -1 when the length is indefinite.
func (r *berReader) header() (tag byte, n int, err error) {
	if len(r.in) < 2 || r.left == 0 {
		return 0, 0, malformed("element is cut short, or there are too many")
	}
	r.left--
	tag, first := r.in[0], r.in[1]
	r.in = r.in[2:]
	if tag&0x1f == 0x1f {
		return 0, 0, malformed("tag of several bytes")
	}
	switch {
	case first < 0x80:
		n = int(first)
	case first == 0x80:
		if tag&0x20 == 0 {
			return 0, 0, malformed("primitive element of indefinite length")
		}
		return tag, -1, nil
	default:
		count := int(first & 0x7f)
		if count > 8 || count > len(r.in) {
			return 0, 0, malformed("length of %d bytes", count)
		}
		for _, b := range r.in[:count] {
			if n = n<<8 | int(b); n > MaxSize {
				return 0, 0, malformed("length above %d", MaxSize)
			}
		}
		r.in = r.in[count:]
	}
	if n > len(r.in) {
		return 0, 0, malformed("element is cut short")
	}
	return tag, n, nil
}

// element appends the next element in DER.
func (r *berReader) element(dst []byte, depth int) ([]byte, error) {
	tag, n, err := r.header()
	if err != nil {
		return nil, err
	}
	if tag&0x20 == 0 {
		dst = appendTLV(dst, tag, r.in[:n])
		r.in = r.in[n:]
		return dst, nil
	}
	if depth == 0 {
		return nil, malformed("nested deeper than %d", maxDepth)
	}
	start := len(dst)
	appendNext := func() error {
		dst, err = r.element(dst, depth-1)
		return err
	}
	pieces := tag == tagOctetString|0x20
	if pieces {
		tag = tagOctetString
		appendNext = func() error {
			at := len(dst)
			if dst, err = r.element(dst, depth-1); err != nil {
				return err
			}
			if dst[at] != tagOctetString {
				return malformed("octet string of other pieces")
			}
			header := 2
			if first := dst[at+1]; first >= 0x80 {
				header += int(first & 0x7f)
			}
			dst = slices.Delete(dst, at, at+header)
			return nil
		}
	}
	if n < 0 {
		for !endOfContents(r.in) {
			if err := appendNext(); err != nil {
				return nil, err
			}
		}
		r.in = r.in[2:]
	} else {
		rest := r.in[n:]
		r.in = r.in[:n]
		for len(r.in) > 0 {
			if err := appendNext(); err != nil {
				return nil, err
			}
		}
		r.in = rest
	}
	length := len(dst) - start
	return slices.Insert(dst, start, AppendHeader(nil, tag, length)...), nil
}

func endOfContents(in []byte) bool { return len(in) >= 2 && in[0] == 0 && in[1] == 0 }
