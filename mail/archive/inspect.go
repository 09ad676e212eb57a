package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"unicode"

	"rem"
)

// Inspect looks into a container of size bytes and everything in it, within the
// limits. What is no container has a report without format and entries. The error
// is that of a source that fails; whatever a container does is in the report.
//
// It is asked before a scanner (AT-09): what is not [Report.Complete] was not looked
// through.
func Inspect(src io.ReaderAt, size int64, l Limits) (*Report, error) {
	in := &inspection{l: l.OrDefault(), r: &Report{}, source: &watched{ReaderAt: src}}
	head := make([]byte, min(size, HeadBytes))
	if n, err := in.source.ReadAt(head, 0); n < len(head) && err != io.EOF {
		return nil, err
	}
	switch Sniff(head) {
	case "application/zip":
		in.r.Format = "zip"
		in.zip(in.source, size, 1, "")
	case "application/gzip", "application/x-bzip2", "application/x-tar", "application/x-xz", "application/x-7z-compressed", "application/vnd.rar",
		"application/vnd.ms-cab-compressed", "application/zstd", "application/lzip", "application/x-arj", "application/x-iso9660-image":
		in.stream(bufio.NewReaderSize(io.NewSectionReader(in.source, 0, size), HeadBytes), size, 1, "")
	default:
		if len(head) > 2 && zipBehind(in.source, size) {
			// A program, or a picture, with a zip behind it: some readers see the zip.
			in.r.Format = "zip"
			in.find(BytesAround, "")
			in.zip(in.source, size, 1, "")
		}
	}
	if in.source.err != nil {
		return nil, in.source.err
	}
	return in.r, nil
}

// watched remembers an error of a source that is not its end.
type watched struct {
	io.ReaderAt
	err error
}

func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.ReaderAt.ReadAt(p, off)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// zipBehind reports whether the file ends as a zip does.
func zipBehind(src io.ReaderAt, size int64) bool {
	if size < lenEnd+lenCentral {
		return false
	}
	tail := make([]byte, lenEnd)
	if err := readAt(src, tail, size-lenEnd); err != nil {
		return false
	}
	return bytes.HasPrefix(tail, []byte("PK\x05\x06")) && tail[20] == 0 && tail[21] == 0
}

type inspection struct {
	l       Limits
	r       *Report
	source  *watched
	entries int
	seen    map[string]bool
	stop    bool
}

// maxFindings bounds the findings of one report; each kind and name stands once.
const maxFindings = 100

func (in *inspection) find(k Kind, name string) {
	name = display(name)
	key := string(k) + "\x00" + name
	if in.seen == nil {
		in.seen = map[string]bool{}
	}
	if in.seen[key] {
		return
	}
	if len(in.r.Findings) >= maxFindings {
		if in.r.Has(k) {
			return // said of another
		}
		name = ""
	}
	in.seen[key] = true
	in.r.Findings = append(in.r.Findings, Finding{k, name})
}

// display makes a name one short line.
func display(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || 0x7f <= r && r < 0xa0 || 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069 || r == 0x2028 || r == 0x2029 || !unicode.IsPrint(r) && r != ' ' {
			return '\uFFFD'
		}
		return r
	}, s)
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}

// entry counts an entry; it reports whether there is room for it.
func (in *inspection) entry(e Entry) bool {
	if in.entries++; in.entries > in.l.Entries {
		in.find(TooMany, "")
		in.stop = true
		return false
	}
	in.r.Entries = append(in.r.Entries, e)
	if outside(e.Name) {
		in.find(NameOutside, e.Name)
	}
	return true
}

// outside reports whether a name leads out of the folder it would be unpacked in,
// on any system.
func outside(name string) bool {
	name = strings.ReplaceAll(name, "\\", "/")
	if strings.HasPrefix(name, "/") || len(name) >= 2 && name[1] == ':' {
		return true
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return true
		}
	}
	return false
}

func (in *inspection) zip(src io.ReaderAt, size int64, depth int, name string) {
	z, err := Zip(src, size, in.l.Entries-in.entries)
	if err != nil {
		switch {
		case errors.Is(err, errOverlap):
			in.find(Overlap, name)
		case errors.Is(err, errTwo):
			in.find(TwoReadings, name)
		case errors.Is(err, ErrLimit):
			in.find(TooMany, name)
		default:
			in.find(Malformed, name)
		}
		return
	}
	if z.Around {
		in.find(BytesAround, name)
	}
	names := map[string]bool{}
	for _, e := range z.Entries {
		if in.stop {
			return
		}
		if !in.entry(Entry{Name: e.Name, Size: -1, Depth: depth, Dir: e.Dir()}) {
			return
		}
		at := len(in.r.Entries) - 1
		// Many systems take names for the same that differ in case alone.
		if folded := rem.FoldASCII(e.Name); names[folded] {
			in.find(NameTwice, e.Name)
		} else {
			names[folded] = true
		}
		switch {
		case e.Link:
			in.find(Link, e.Name)
			continue
		case e.Encrypted:
			in.find(Encrypted, e.Name)
			continue
		case e.Method != 0 && e.Method != 8:
			in.find(UnknownMethod, e.Name)
			continue
		}
		r, err := e.Open()
		if err != nil {
			in.find(Malformed, e.Name)
			continue
		}
		in.content(r, e.Packed, depth, e.Name, at)
	}
}

// A meter counts what comes out of an entry, and ends it at the limits.
type meter struct {
	in     *inspection
	r      io.Reader
	packed int64
	out    int64
	err    error
}

var errStop = errors.New("stopped at a limit")

func (m *meter) Read(p []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	n, err := m.r.Read(p)
	m.out += int64(n)
	m.in.r.Total += int64(n)
	switch {
	case m.in.r.Total > m.in.l.Total:
		m.in.find(TooMuch, "")
		m.in.stop = true
		err = errStop
	case m.out > 64<<10 && m.packed >= 0 && m.out/m.in.l.Ratio > m.packed:
		m.in.find(TooDense, "")
		err = errStop
	}
	m.err = err
	return n, err
}

// content looks at the content of one entry, and into it where it is a container.
// packed is how many bytes it takes in its container, -1 where that is not known.
func (in *inspection) content(r io.Reader, packed int64, depth int, name string, at int) {
	m := &meter{in: in, r: r, packed: packed}
	b := bufio.NewReaderSize(m, HeadBytes)
	head, err := b.Peek(HeadBytes)
	kind := Sniff(head)
	in.r.Entries[at].Type = kind
	if Program(name, kind) {
		in.find(Executable, name)
	}
	if base := name[strings.LastIndexAny(name, "/\\")+1:]; rem.FoldASCII(base) == "vbaproject.bin" || rem.FoldASCII(base) == "xlmacro.bin" {
		in.find(Macro, name)
	}
	switch kind {
	case "application/zip":
		if depth >= in.l.Depth {
			in.find(TooDeep, name)
			break
		}
		inner, rerr := io.ReadAll(io.LimitReader(b, in.l.Nested+1))
		switch {
		case rerr != nil:
			err = rerr
		case int64(len(inner)) > in.l.Nested:
			in.find(TooLarge, name)
		default:
			in.zip(bytes.NewReader(inner), int64(len(inner)), depth+1, name)
		}
	case "application/gzip", "application/x-bzip2", "application/x-tar", "application/x-xz", "application/x-7z-compressed", "application/vnd.rar",
		"application/vnd.ms-cab-compressed", "application/zstd", "application/lzip", "application/x-arj", "application/x-iso9660-image":
		if depth >= in.l.Depth {
			in.find(TooDeep, name)
			break
		}
		in.stream(b, packed, depth+1, name)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, b)
	}
	if m.err != nil && m.err != io.EOF {
		err = m.err
	}
	switch {
	case err == nil, err == io.EOF:
		in.r.Entries[at].Size = m.out
	case errors.Is(err, errStop):
	default:
		in.find(WrongSum, name)
	}
}

// stream looks into a container that is read from its beginning to its end.
func (in *inspection) stream(b *bufio.Reader, packed int64, depth int, name string) {
	head, _ := b.Peek(HeadBytes)
	set := func(format string) {
		if depth == 1 {
			in.r.Format = format
		}
	}
	switch Sniff(head) {
	case "application/gzip":
		set("gzip")
		g, err := gzip.NewReader(b)
		if err != nil {
			in.find(Malformed, name)
			return
		}
		inner := display(g.Name)
		if inner == "" {
			inner = strings.TrimSuffix(name, ".gz")
		}
		in.packedStream(g, packed, depth, inner)
	case "application/x-bzip2":
		set("bzip2")
		in.packedStream(bzip2.NewReader(b), packed, depth, strings.TrimSuffix(name, ".bz2"))
	case "application/x-tar":
		set("tar")
		in.tar(b, depth, name)
	default:
		in.find(Unread, name)
	}
}

func (in *inspection) packedStream(r io.Reader, packed int64, depth int, name string) {
	if !in.entry(Entry{Name: name, Size: -1, Depth: depth}) {
		return
	}
	in.content(r, packed, depth, name, len(in.r.Entries)-1)
}

func (in *inspection) tar(r io.Reader, depth int, name string) {
	t := tar.NewReader(r)
	names := map[string]bool{}
	for !in.stop {
		h, err := t.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			if !errors.Is(err, errStop) {
				in.find(Malformed, name)
			}
			return
		}
		entry := strings.ToValidUTF8(h.Name, "\uFFFD")
		if !in.entry(Entry{Name: entry, Size: -1, Depth: depth, Dir: h.Typeflag == tar.TypeDir}) {
			return
		}
		if folded := rem.FoldASCII(entry); names[folded] {
			in.find(NameTwice, entry)
		} else {
			names[folded] = true
		}
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeGNUSparse:
			in.content(t, -1, depth, entry, len(in.r.Entries)-1)
		case tar.TypeDir:
		case tar.TypeLink, tar.TypeSymlink, tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
			in.find(Link, entry)
		default:
			in.find(Malformed, entry)
		}
	}
}
