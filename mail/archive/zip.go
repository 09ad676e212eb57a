package archive

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// A ZipReader holds the directory of a zip file that has one reading. It reads
// from its source as entries are opened, and may be used concurrently if the
// source may.
type ZipReader struct {
	Entries []*ZipEntry // in the order of the directory
	Around  bool        // there are bytes that belong to no entry
	src     io.ReaderAt
}

// A ZipEntry is one entry of a zip file.
type ZipEntry struct {
	Name      string // as written, made valid UTF-8; a text, never a path
	Size      int64  // as the directory says
	Packed    int64
	Encrypted bool
	Method    uint16 // 0 stored, 8 deflate
	Link      bool   // it stands for a file elsewhere

	sum         uint32
	local, data int64
	src         io.ReaderAt
}

// Dir reports whether the entry is a folder.
func (e *ZipEntry) Dir() bool { return strings.HasSuffix(e.Name, "/") }

// Signatures and sizes of the records of a zip file.
const (
	sigLocal, sigCentral, sigEnd, sigEnd64, sigLocator64, sigData = 0x04034b50, 0x02014b50, 0x06054b50, 0x06064b50, 0x07064b50, 0x08074b50

	lenLocal, lenCentral, lenEnd, lenEnd64, lenLocator64 = 30, 46, 22, 56, 20
)

// errTwo is wrapped beside ErrForm where two readers may see two archives.
var errTwo = errors.New("it can be read in two ways")

var errOverlap = errors.New("entries share bytes")

// Zip reads the directory of a zip file of size bytes. It refuses, with ErrForm, a
// file with two directories, entries that share bytes, headers of one entry that
// differ, and archives in several files; with ErrLimit, more than entries of them.
func Zip(src io.ReaderAt, size int64, entries int) (*ZipReader, error) {
	end, at, err := zipEnd(src, size)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	total, dirSize, dirAt := int64(le.Uint16(end[10:])), int64(le.Uint32(end[12:])), int64(le.Uint32(end[16:]))
	if le.Uint16(end[4:]) != 0 || le.Uint16(end[6:]) != 0 {
		return nil, malformed("an archive in several files")
	}
	dirEnd := at
	if total == 0xffff || dirSize == 0xffffffff || dirAt == 0xffffffff {
		loc := make([]byte, lenLocator64)
		if at < lenLocator64+lenEnd64 {
			return nil, malformed("no directory")
		}
		if err := readAt(src, loc, at-lenLocator64); err != nil {
			return nil, err
		}
		if le.Uint32(loc) == sigLocator64 {
			e64 := make([]byte, lenEnd64)
			where := int64(le.Uint64(loc[8:]))
			if where != at-lenLocator64-lenEnd64 {
				return nil, malformed("a directory of zip64 that is elsewhere: %w", errTwo)
			}
			if err := readAt(src, e64, where); err != nil {
				return nil, err
			}
			if le.Uint32(e64) != sigEnd64 || le.Uint64(e64[4:]) != lenEnd64-12 {
				return nil, malformed("no directory of zip64")
			}
			total, dirSize, dirAt, dirEnd = int64(le.Uint64(e64[32:])), int64(le.Uint64(e64[40:])), int64(le.Uint64(e64[48:])), where
		}
	}
	if total < 0 || dirSize < 0 || dirAt < 0 || dirAt > dirEnd || dirSize != dirEnd-dirAt {
		return nil, malformed("a directory that is not where it should be: %w", errTwo)
	}
	if total > int64(entries) {
		return nil, fmt.Errorf("%w: %d entries", ErrLimit, total)
	}
	if dirSize < total*lenCentral {
		return nil, malformed("fewer entries than the directory says: %w", errTwo)
	}
	z := &ZipReader{src: src}
	dir := io.NewSectionReader(src, dirAt, dirSize)
	fixed := make([]byte, lenCentral)
	read := int64(0)
	for read < dirSize {
		if int64(len(z.Entries)) == total {
			return nil, malformed("more entries than the directory says: %w", errTwo)
		}
		if dirSize-read < lenCentral {
			return nil, malformed("a directory with an end of its own: %w", errTwo)
		}
		if _, err := io.ReadFull(dir, fixed); err != nil {
			return nil, cut(err)
		}
		if le.Uint32(fixed) != sigCentral {
			return nil, malformed("a directory with other records: %w", errTwo)
		}
		n, x, c := int64(le.Uint16(fixed[28:])), int64(le.Uint16(fixed[30:])), int64(le.Uint16(fixed[32:]))
		if read += lenCentral + n + x + c; read > dirSize {
			return nil, malformed("a directory that is cut")
		}
		rest := make([]byte, n+x+c)
		if _, err := io.ReadFull(dir, rest); err != nil {
			return nil, cut(err)
		}
		flags := le.Uint16(fixed[8:])
		e := &ZipEntry{
			Encrypted: flags&1 != 0, Method: le.Uint16(fixed[10:]), sum: le.Uint32(fixed[16:]),
			Packed: int64(le.Uint32(fixed[20:])), Size: int64(le.Uint32(fixed[24:])), local: int64(le.Uint32(fixed[42:])), src: src,
		}
		if mode := le.Uint32(fixed[38:]) >> 16; fixed[5] == 3 && mode&0o170000 == 0o120000 {
			e.Link = true
		}
		e.Name = zipName(rest[:n], flags)
		if err := e.large(rest[n : n+x]); err != nil {
			return nil, err
		}
		if err := e.header(src, dirAt, flags, rest[:n]); err != nil {
			return nil, err
		}
		z.Entries = append(z.Entries, e)
	}
	if int64(len(z.Entries)) != total {
		return nil, malformed("fewer entries than the directory says: %w", errTwo)
	}
	return z, z.apart(dirAt)
}

// zipEnd finds the record at the end of a zip file. Its comment reaches to the
// end of the file, and no other place in it looks like such a record.
func zipEnd(src io.ReaderAt, size int64) (end []byte, at int64, err error) {
	if size < lenEnd {
		return nil, 0, malformed("too short for a zip")
	}
	tail := make([]byte, min(size, lenEnd+0xffff))
	from := size - int64(len(tail))
	if err := readAt(src, tail, from); err != nil {
		return nil, 0, err
	}
	found := -1
	for i := len(tail) - lenEnd; i >= 0; i-- {
		if tail[i] != 'P' || binary.LittleEndian.Uint32(tail[i:]) != sigEnd {
			continue
		}
		n := int(binary.LittleEndian.Uint16(tail[i+20:]))
		switch {
		case i+lenEnd+n == len(tail):
			if found >= 0 {
				return nil, 0, malformed("two directories: %w", errTwo)
			}
			found = i
		case found < 0 && i+lenEnd+n < len(tail):
			return nil, 0, malformed("bytes behind the directory: %w", errTwo)
		}
	}
	if found < 0 {
		return nil, 0, malformed("no directory")
	}
	return tail[found : found+lenEnd], from + int64(found), nil
}

// large reads the sizes of zip64.
func (e *ZipEntry) large(extra []byte) error {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		extra = extra[4:]
		if n > len(extra) {
			return nil // some writers pad with less
		}
		field := extra[:n]
		extra = extra[n:]
		if id != 1 {
			continue
		}
		for _, v := range []*int64{&e.Size, &e.Packed, &e.local} {
			if *v != 0xffffffff {
				continue
			}
			if len(field) < 8 {
				return malformed("a size of zip64 that is cut")
			}
			*v = int64(binary.LittleEndian.Uint64(field))
			field = field[8:]
		}
	}
	if e.Size < 0 || e.Packed < 0 || e.local < 0 {
		return malformed("a size that is none")
	}
	return nil
}

// header reads the header that stands before the entry's content. It says the
// same as the directory, or the archive has two readings.
func (e *ZipEntry) header(src io.ReaderAt, dirAt int64, flags uint16, name []byte) error {
	le := binary.LittleEndian
	if e.local+lenLocal > dirAt {
		return malformed("an entry beyond the directory")
	}
	h := make([]byte, lenLocal)
	if err := readAt(src, h, e.local); err != nil {
		return err
	}
	if le.Uint32(h) != sigLocal {
		return malformed("an entry without its header")
	}
	n, x := int64(le.Uint16(h[26:])), int64(le.Uint16(h[28:]))
	local := make([]byte, n)
	if e.data = e.local + lenLocal + n + x; e.data+e.Packed > dirAt || e.data+e.Packed < e.data {
		return malformed("an entry that reaches beyond the directory: %w", errOverlap)
	}
	if err := readAt(src, local, e.local+lenLocal); err != nil {
		return err
	}
	if !bytes.Equal(local, name) {
		return malformed("an entry with two names: %w", errTwo)
	}
	lflags := le.Uint16(h[6:])
	if le.Uint16(h[8:]) != e.Method || lflags&1 != flags&1 {
		return malformed("an entry with two methods: %w", errTwo)
	}
	if lflags&8 == 0 { // the sizes stand here too, and not behind the content
		packed, size := int64(le.Uint32(h[18:])), int64(le.Uint32(h[22:]))
		if packed != 0xffffffff && packed != e.Packed || size != 0xffffffff && size != e.Size {
			return malformed("an entry with two sizes: %w", errTwo)
		}
	}
	if e.Method == 0 && !e.Encrypted && e.Packed != e.Size {
		return malformed("a stored entry with two sizes: %w", errTwo)
	}
	return nil
}

// apart checks that every entry has its own bytes. Where entries share them, a
// few kilobytes unpack to any size.
func (z *ZipReader) apart(dirAt int64) error {
	order := slices.Clone(z.Entries)
	slices.SortFunc(order, func(a, b *ZipEntry) int {
		switch {
		case a.local < b.local:
			return -1
		case a.local > b.local:
			return 1
		}
		return 0
	})
	at := int64(0)
	for _, e := range order {
		if e.local < at {
			return malformed("%w", errOverlap)
		}
		if e.local > at+24 { // a data descriptor has at most 24 bytes
			z.Around = true
		}
		at = e.data + e.Packed
	}
	if dirAt > at+24 {
		z.Around = true
	}
	return nil
}

// Open gives the content of the entry: no more than its stated size comes out, and
// reading ends with an error of ErrForm where less comes, or other content than its
// checksum says. Encrypted entries and unknown methods are an error at once.
func (e *ZipEntry) Open() (io.Reader, error) {
	if e.Encrypted {
		return nil, malformed("an encrypted entry")
	}
	packed := io.NewSectionReader(e.src, e.data, e.Packed)
	r := &summed{left: e.Size, want: e.sum}
	switch e.Method {
	case 0:
		r.r = packed
	case 8:
		r.r = flate.NewReader(packed)
	default:
		return nil, malformed("method %d", e.Method)
	}
	return r, nil
}

// summed checks length and checksum as it is read.
type summed struct {
	r         io.Reader
	left      int64
	sum, want uint32
	end       error
}

func (s *summed) Read(p []byte) (int, error) {
	if s.end != nil {
		return 0, s.end
	}
	if int64(len(p)) > s.left+1 {
		p = p[:s.left+1] // one more, to see that there is none
	}
	n, err := s.r.Read(p)
	if int64(n) > s.left {
		n, err = int(s.left), malformed("more content than stated")
	}
	s.left -= int64(n)
	s.sum = crc32.Update(s.sum, crc32.IEEETable, p[:n])
	switch {
	case err == nil:
		return n, nil
	case err == io.EOF && s.left > 0, err == io.ErrUnexpectedEOF:
		err = malformed("less content than stated")
	case err == io.EOF && s.sum != s.want:
		err = malformed("other content than its checksum says")
	case err != io.EOF && !errors.Is(err, ErrForm):
		var corrupt flate.CorruptInputError
		if errors.As(err, &corrupt) {
			err = malformed("%w", err)
		}
	}
	s.end = err
	return n, err
}

// zipName gives a name as text. Without the flag it is in some character set of
// its writer; what is UTF-8 is taken as that, anything else as the character set of DOS.
func zipName(b []byte, flags uint16) string {
	s := string(b)
	if flags&0x800 != 0 || strings.ToValidUTF8(s, "") == s {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	out, err := charmap.CodePage858.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return string(out)
}

func readAt(src io.ReaderAt, p []byte, off int64) error {
	if n, err := src.ReadAt(p, off); n < len(p) {
		return cut(err)
	}
	return nil
}

// cut tells an archive that ends early from a source that fails.
func cut(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF || err == nil {
		return malformed("it ends early")
	}
	return err
}
