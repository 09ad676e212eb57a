package keystore

import "rem/edge/blobstore"

// cheap takes no memory to speak of: most tests are not about the cost.
var cheap = header{memoryKiB: 64, passes: 1, lanes: 1}

// CreateCheap is Create at a low cost.
func CreateCheap(folder blobstore.FS, passphrase string, o Options) (*File, error) {
	return create(folder, passphrase, cheap, o)
}

// CreateDemoCheap is CreateDemo at a low cost.
func CreateDemoCheap(folder blobstore.FS, o Options) (*File, error) {
	h := cheap
	h.demo = true
	return createDemo(folder, h, o)
}

// ReadForm reads the parts of a file that outside bytes reach, without the
// passphrase's cost, and writes them again.
func ReadForm(b []byte) ([]byte, error) {
	h, rest, err := parseHeader(b)
	if err != nil {
		return nil, err
	}
	return append(h.append(nil), rest...), nil
}

// ReadContents does so with what the encryption covers.
func ReadContents(b []byte) ([]byte, error) {
	c, err := parseContents(b)
	if err != nil {
		return nil, err
	}
	return c.append(nil), nil
}

// ReadRecord does so with a record of the list of destroyed keys.
func ReadRecord(b []byte) ([]byte, error) {
	r, err := parseRecord(b)
	if err != nil {
		return nil, err
	}
	return appendRecord(nil, r), nil
}
