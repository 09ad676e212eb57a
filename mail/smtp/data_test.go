package smtp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reading is what a reader makes of the octets after DATA.
type reading struct {
	Ended   bool
	Refused bool
	Content string // of a message that is taken
	Rest    string // what follows the end
}

// plainly reads as the sentences of RFC 5321 4.1.1.4 and 4.5.2 say, slowly.
func plainly(stream string) reading {
	whole := "\r\n" + stream // the CRLF of the DATA line
	end := strings.Index(whole, "\r\n.\r\n")
	if end < 0 {
		return reading{}
	}
	r := reading{Ended: true, Rest: whole[end+len("\r\n.\r\n"):]}
	message := whole[:end+2]
	if strings.ContainsAny(strings.ReplaceAll(message, "\r\n", ""), "\r\n\x00") {
		r.Refused = true
		return r
	}
	r.Content = strings.ReplaceAll(message, "\r\n.", "\r\n")[2:]
	return r
}

// inPieces reads the stream with cuts where the bits of cuts say.
func inPieces(stream []byte, cuts uint64, d *Data, b *bytes.Buffer) reading {
	b.Reset()
	d.Reset(b, 0, 0)
	for from := 0; from < len(stream); {
		to := from + 1
		for to < len(stream) && cuts>>(to-1)&1 == 0 {
			to++
		}
		n, done := d.Take(stream[from:to])
		if done {
			return ended(d, b, stream[from+n:])
		}
		if n != to-from {
			panic("bytes before the end were left")
		}
		from = to
	}
	return reading{}
}

func ended(d *Data, b *bytes.Buffer, rest []byte) reading {
	r := reading{Ended: true, Rest: string(rest), Refused: d.Err() != nil}
	if !r.Refused {
		r.Content = b.String()
	}
	return r
}

// material calls do with all 97,655 strings of 1 to 7 of CR, LF, dot, NUL and x.
// The slice is do's only until it returns.
func material(do func(s []byte)) (count int) {
	const alphabet = "\r\n.\x00x"
	var walk func(prefix []byte)
	walk = func(prefix []byte) {
		if len(prefix) > 0 {
			do(prefix)
			count++
		}
		if len(prefix) == 7 {
			return
		}
		for i := range len(alphabet) {
			walk(append(prefix, alphabet[i]))
		}
	}
	walk(make([]byte, 0, 8))
	return count
}

// AT-01: a message ends at CRLF.CRLF alone, and a bare CR, LF or NUL refuses it,
// whatever the body and however TCP cuts it. Each string stands at the beginning
// of a body, then CRLF.CRLF and a command follow. The splits are every single
// cut, all octets alone, and every set of cuts for strings up to 5 (up to 7 with
// REM_LONG=1).
func TestMessageEndsAtDotLineAloneWhateverTheSplits(t *testing.T) {
	long := os.Getenv("REM_LONG") != ""
	var (
		d       Data
		b       bytes.Buffer
		splits  int
		refused int
		joined  []byte
	)
	strings := material(func(s []byte) {
		joined = append(append(joined[:0], s...), "\r\n.\r\nQ"...)
		want := plainly(string(joined))
		if want.Refused {
			refused++
		}
		try := func(cuts uint64) {
			splits++
			if got := inPieces(joined, cuts, &d, &b); got != want {
				t.Fatalf("%q cut at %b: got %+v, want %+v", joined, cuts, got, want)
			}
		}
		all := uint64(1)<<(len(joined)-1) - 1
		if long || len(s) <= 5 {
			for cuts := range all + 1 {
				try(cuts)
			}
			return
		}
		try(0)
		try(all)
		for i := range len(joined) - 1 {
			try(1 << i)
		}
	})
	if strings != 97655 {
		t.Fatalf("%d strings, want 97,655", strings)
	}
	t.Logf("%d strings, %d splits, %d strings refused", strings, splits, refused)
}

// AT-01, outgoing: what the Writer lets through comes out of Data as it went in,
// and everything else is not sent to its end.
func TestWriterSendsTheSameBytesOrNone(t *testing.T) {
	var (
		d          Data
		wire, b    bytes.Buffer
		sent, kept int
	)
	material(func(s []byte) {
		for cut := range len(s) {
			wire.Reset()
			w := NewWriter(&wire)
			_, err := w.Write(s[:cut])
			if err == nil {
				_, err = w.Write(s[cut:])
			}
			if err == nil {
				err = w.End()
			}
			clean := !strings.ContainsAny(strings.ReplaceAll(string(s), "\r\n", ""), "\r\n\x00") && bytes.HasSuffix(s, []byte("\r\n"))
			if clean != (err == nil) {
				t.Fatalf("%q cut at %d: got %v, clean is %v", s, cut, err, clean)
			}
			if err != nil {
				if !errors.Is(err, ErrNotClean) {
					t.Fatalf("%q: got %v, want ErrNotClean", s, err)
				}
				if plainly(wire.String()).Ended {
					t.Fatalf("%q cut at %d: refused and ended on the wire all the same: %q", s, cut, wire.Bytes())
				}
				kept++
				continue
			}
			sent++
			want := reading{Ended: true, Content: string(s)}
			if got := inPieces(wire.Bytes(), 0, &d, &b); got != want {
				t.Fatalf("%q on the wire %q: got %+v", s, wire.Bytes(), got)
			}
			if got := plainly(wire.String()); got != want {
				t.Fatalf("%q on the wire %q: read plainly %+v", s, wire.Bytes(), got)
			}
		}
	})
	t.Logf("%d sent, %d kept back", sent, kept)
}

// The faults of other readers that were seen (AT-01): each sequence stands
// between two messages and makes two of them for some server.
var smuggling = []struct{ name, end string }{
	{"LF dot LF", "\n.\n"},
	{"LF dot CRLF", "\n.\r\n"},
	{"CRLF dot LF", "\r\n.\n"},
	{"CR dot CR", "\r.\r"},
	{"CR dot CRLF", "\r.\r\n"},
	{"CRLF dot CR", "\r\n.\r"},
	{"CRLF dot CR CRLF", "\r\n.\r\r\n"},
	{"CR CRLF dot LF", "\r\r\n.\n"},
	{"CRLF NUL dot CRLF", "\r\n\x00.\r\n"},
	{"CRLF dot NUL CRLF", "\r\n.\x00\r\n"},
}

func TestSmugglingSequencesEndNothingAndAreRefused(t *testing.T) {
	for _, c := range smuggling {
		t.Run(c.name, func(t *testing.T) {
			stream := "Subject: 1\r\n\r\nx" + c.end + "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nSubject: 2\r\n\r\ny\r\n.\r\nQUIT\r\n"
			var d Data
			var b bytes.Buffer
			want := reading{Ended: true, Refused: true, Rest: "QUIT\r\n"}
			for cut := range len(stream) - 1 {
				got := reading{}
				d.Reset(&b, 0, 0)
				b.Reset()
				n, done := d.Take([]byte(stream[:cut]))
				if !done {
					n, done = d.Take([]byte(stream[cut:]))
					n += cut
				}
				if done {
					got = ended(&d, &b, []byte(stream[n:]))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("cut at %d: (-want +got)\n%s", cut, diff)
				}
			}
		})
	}
}

// The faults that a well-known reader has: it drops the CR of CRLF "." CR x, and
// never sees the end of a body that ends in a bare CR.
func TestNoByteIsLostAndNoEndIsMissedAtBareCR(t *testing.T) {
	for _, stream := range []string{"a\r\n.\rb\r\n.\r\nQ", "a\r\r\n.\r\nQ", "a\r\n.\r\r\n.\r\nQ"} {
		var d Data
		d.Reset(io.Discard, 0, 0)
		n, done := d.Take([]byte(stream))
		if !done || stream[n:] != "Q" || d.Err() != ErrBareCR {
			t.Errorf("%q: ended %v, left %q, %v", stream, done, stream[n:], d.Err())
		}
	}
}

func TestMessagesAreBoundedAndReadToTheirEnd(t *testing.T) {
	line := strings.Repeat("x", 98) + "\r\n"
	for _, c := range []struct {
		name       string
		body       string
		size, line int64
		want       error
	}{
		{"as large as allowed", line + line, 200, 100, nil},
		{"dots count once", "..\r\n", 3, 100, nil},
		{"an octet too large", line + line + ".x\r\n", 202, 100, ErrTooLarge},
		{"a line an octet too long", "x" + line, 1000, 100, ErrTextTooLong},
		{"a line without end", strings.Repeat("x", 5000) + "\r\n", 10000, 100, ErrTextTooLong},
		{"3,000 octets on a line", strings.Repeat("x", 3000) + "\r\n", 0, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, piece := range []int{1, 7, 100, 1 << 20} {
				var b bytes.Buffer
				d := NewData(&b, c.size, c.line)
				stream := []byte(c.body + ".\r\nNOOP\r\n")
				var done bool
				for !done {
					n, end := d.Take(stream[:min(piece, len(stream))])
					stream, done = stream[n:], end
				}
				if got := d.Err(); got != c.want {
					t.Fatalf("in pieces of %d: got %v, want %v", piece, got, c.want)
				}
				if c.size > 0 && int64(b.Len()) > c.size {
					t.Errorf("in pieces of %d: %d octets handed on, the bound is %d", piece, b.Len(), c.size)
				}
				if want := len(c.body) + 3; d.Octets() < int64(want) {
					t.Errorf("in pieces of %d: %d octets read, want %d", piece, d.Octets(), want)
				}
			}
		})
	}
}

// failing refuses its second write, and notes whether a third came.
type failing struct{ writes int }

func (f *failing) Write(p []byte) (int, error) {
	f.writes++
	if f.writes == 2 {
		return 0, errors.New("the disk is full")
	}
	return len(p), nil
}

func TestFailingWriterIsLeftAloneAndTheMessageReadToItsEnd(t *testing.T) {
	f := &failing{}
	d := NewData(f, 0, 0)
	for range 5 {
		if _, done := d.Take([]byte("text\r\n")); done {
			t.Fatal("ended early")
		}
	}
	if _, done := d.Take([]byte(".\r\n")); !done {
		t.Fatal("did not end")
	}
	if f.writes != 2 || d.Err() == nil || d.Err().Error() != "the disk is full" {
		t.Errorf("%d writes, %v", f.writes, d.Err())
	}
}

func TestMessageWithoutEndIsAnError(t *testing.T) {
	d := NewData(io.Discard, 0, 0)
	d.Take([]byte("text\r\n."))
	if !errors.Is(d.Err(), io.ErrUnexpectedEOF) {
		t.Errorf("got %v", d.Err())
	}
}

// Differential: any octets, any cuts, against the plain reading.
func FuzzData(f *testing.F) {
	for _, c := range smuggling {
		f.Add([]byte("x"+c.end+"y\r\n.\r\nz"), uint64(0x5555))
	}
	f.Add([]byte("..\r\n.a\r\n.\r\n"), uint64(0))
	f.Add([]byte(".\r\n"), ^uint64(0))
	f.Fuzz(func(t *testing.T, stream []byte, cuts uint64) {
		if len(stream) > 4096 {
			return
		}
		want := plainly(string(stream))
		var b bytes.Buffer
		d := NewData(&b, 0, 0)
		for rest, bit := stream, 0; len(rest) > 0; bit++ {
			size := 1 + int(cuts>>(bit%64)&0xf)*3
			size = min(size, len(rest))
			n, done := d.Take(rest[:size])
			if done {
				got := ended(d, &b, rest[n:])
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%q (-want +got)\n%s", stream, diff)
				}
				return
			}
			rest = rest[n:]
		}
		if want.Ended {
			t.Fatalf("%q: the end was missed", stream)
		}
	})
}

// Whatever the Writer sends, Data reads back.
func FuzzWriter(f *testing.F) {
	f.Add([]byte(".\r\n..\r\nx\r\n"), 3)
	f.Add([]byte("\r\n.\r\r\n"), 4)
	f.Fuzz(func(t *testing.T, message []byte, cut int) {
		if cut < 0 || cut > len(message) {
			return
		}
		var wire, b bytes.Buffer
		w := NewWriter(&wire)
		w.Write(message[:cut])
		w.Write(message[cut:])
		if w.End() != nil {
			if plainly(wire.String()).Ended {
				t.Fatalf("%q was refused and ended on the wire: %q", message, wire.Bytes())
			}
			return
		}
		d := NewData(&b, int64(len(message))+1, int64(len(message))+1)
		if n, done := d.Take(wire.Bytes()); !done || n != wire.Len() || d.Err() != nil || !bytes.Equal(b.Bytes(), message) {
			t.Fatalf("%q came back as %q: %v", message, b.Bytes(), d.Err())
		}
	})
}

func BenchmarkData(b *testing.B) {
	for _, c := range []struct {
		name string
		line string
	}{
		{"lines-76", strings.Repeat("x", 74) + "\r\n"},
		{"lines-2", "\r\n"},
		{"lines-dots", "..\r\n"},
		{"lines-bare-cr", "x\rx\r\n"},
	} {
		b.Run(c.name, func(b *testing.B) {
			stream := []byte(strings.Repeat(c.line, 16<<10/len(c.line)))
			d := NewData(io.Discard, 1<<62, 0)
			b.SetBytes(int64(len(stream)))
			b.ReportAllocs()
			for b.Loop() {
				if _, done := d.Take(stream); done {
					b.Fatal("ended")
				}
			}
		})
	}
}

func BenchmarkWriter(b *testing.B) {
	message := []byte(strings.Repeat(strings.Repeat("x", 74)+"\r\n", 200))
	b.SetBytes(int64(len(message)))
	for b.Loop() {
		w := NewWriter(io.Discard)
		if _, err := w.Write(message); err != nil {
			b.Fatal(err)
		}
		if err := w.End(); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleWriter() {
	var wire bytes.Buffer
	w := NewWriter(&wire)
	w.Write([]byte("Subject: x\r\n\r\n.hidden\r\n"))
	w.End()
	fmt.Printf("%q\n", wire.String())
	// Output: "Subject: x\r\n\r\n..hidden\r\n.\r\n"
}
