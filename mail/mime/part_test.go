package mime

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// crlf writes a message of a test with CRLF line ends.
func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// outline draws the tree: type, body, parts.
func outline(src Source, p *Part) string {
	var b strings.Builder
	b.WriteString(p.Type.Type)
	if len(p.Parts) == 0 {
		body, err := io.ReadAll(p.Body.Reader(src))
		fmt.Fprintf(&b, " %q", body)
		if err != nil {
			fmt.Fprintf(&b, " %v", err)
		}
		return b.String()
	}
	b.WriteString(" [")
	for i, c := range p.Parts {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(outline(src, c))
	}
	return b.String() + "]"
}

func doubtsOf(m *Message) []Doubt {
	var d []Doubt
	for _, f := range m.Findings {
		if !slices.Contains(d, f.Doubt) {
			d = append(d, f.Doubt)
		}
	}
	return d
}

var trees = []struct {
	name, in, want string
	messages       bool
	doubts         []Doubt
}{
	{name: "no parts", in: "A: b\n\nx\n", want: `text/plain "x\r\n"`},
	{name: "no body", in: "A: b\n", want: `text/plain ""`},
	{name: "two parts", in: "Content-Type: multipart/mixed; boundary=b\n\npre\n--b\n\none\n--b\nContent-Type: text/html\n\ntwo\n\n--b--\nepi\n",
		want: `multipart/mixed [text/plain "one", text/html "two\r\n"]`},
	{name: "nested, with its boundary beginning with the outer one",
		in:     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=bb\n\n--bb\n\none\n--bb\n\ntwo\n--bb--\n\n--b\n\nthree\n--b--\n",
		want:   `multipart/mixed [multipart/alternative [text/plain "one", text/plain "two"], text/plain "three"]`,
		doubts: []Doubt{BoundaryReused}},
	{name: "padding after a boundary", in: "Content-Type: multipart/mixed; boundary=b\n\n--b \t\n\none\n--b-- \n", want: `multipart/mixed [text/plain "one"]`},
	{name: "a boundary inside a line", in: "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx --b\n---b\n--b--\n", want: `multipart/mixed [text/plain "x --b\r\n---b"]`},
	{name: "a boundary that goes on", in: "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--bx\n--b--x\n--b--\n", want: `multipart/mixed [text/plain "x\r\n--bx\r\n--b--x"]`,
		doubts: []Doubt{SimilarBoundary}},
	{name: "not closed", in: "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n", want: `multipart/mixed [text/plain "x\r\n"]`, doubts: []Doubt{Unclosed}},
	{name: "closed by the outer one", in: "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--a--\n",
		want: `multipart/mixed [multipart/mixed [text/plain "x"]]`, doubts: []Doubt{Unclosed}},
	{name: "no boundary", in: "Content-Type: multipart/mixed\n\n--b\n\nx\n--b--\n", want: `multipart/mixed "--b\r\n\r\nx\r\n--b--\r\n"`, doubts: []Doubt{BoundaryMissing}},
	{name: "no part", in: "Content-Type: multipart/mixed; boundary=b\n\nx\n--b--\n", want: `multipart/mixed "x\r\n--b--\r\n"`, doubts: []Doubt{NoParts}},
	{name: "an empty part", in: "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--b\n--b--\n", want: `multipart/mixed [text/plain "", text/plain ""]`, doubts: []Doubt{PartHeader}},
	{name: "a boundary in a header", in: "Content-Type: multipart/mixed; boundary=b\n\n--b\nX: y\n--b--\n", want: `multipart/mixed [text/plain ""]`, doubts: []Doubt{PartHeader}},
	{name: "a header that is none", in: "Content-Type: multipart/mixed; boundary=b\n\n--b\nhello\n\nx\n--b--\n", want: `multipart/mixed [application/octet-stream "x"]`, doubts: []Doubt{PartHeader}},
	{name: "a message, opaque", in: "Content-Type: message/rfc822\n\nA: b\n\nx\n", want: `message/rfc822 "A: b\r\n\r\nx\r\n"`},
	{name: "a message, read", messages: true, in: "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nA: b\n\nx\n\n--b--\n",
		want: `multipart/mixed [message/rfc822 [text/plain "x\r\n"]]`},
	{name: "a digest's default", in: "Content-Type: multipart/digest; boundary=b\n\n--b\n\nA: b\n\nx\n--b--\n", want: `multipart/digest [message/rfc822 "A: b\r\n\r\nx"]`},
	{name: "an encoded multipart", in: "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n--b\n\nx\n--b--\n",
		want: `multipart/mixed [text/plain "x"]`, doubts: []Doubt{EncodedComposite}},
}

func TestTree(t *testing.T) {
	for _, c := range trees {
		src := Memory(crlf(c.in))
		m, err := Parse(src, Options{Messages: c.messages})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := outline(src, m.Part); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
		if got := doubtsOf(m); !slices.Equal(got, c.doubts) {
			t.Errorf("%s: doubts: got %v, want %v", c.name, got, c.doubts)
		}
		checkSpans(t, c.name, m.Part, Span{0, src.Size()})
	}
}

// checkSpans holds every span against the span around it.
func checkSpans(t *testing.T, name string, p *Part, around Span) {
	t.Helper()
	inside := func(what string, s, in Span) {
		t.Helper()
		if s.Start < in.Start || s.End > in.End || s.Start > s.End {
			t.Fatalf("%s: %s %v is not inside of %v", name, what, s, in)
		}
	}
	inside("whole", p.Whole, around)
	inside("header", p.Header.Span, p.Whole)
	inside("body", p.Body, p.Whole)
	if len(p.Parts) > 0 {
		at := p.Body.Start
		for _, c := range p.Parts {
			checkSpans(t, name, c, Span{at, p.Body.End})
			at = c.Whole.End
		}
	}
}

// The signed bytes of RFC 1847 2.1: the first part without the CRLF before the
// second boundary.
func TestWholeIsWhatASignatureCovers(t *testing.T) {
	const multipart = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--"
	for name, signed := range map[string]string{
		"a multipart with an empty epilogue": multipart + "\r\n",
		// The line end of the closing boundary is then that of the next one.
		"a multipart without epilogue":             multipart,
		"a multipart with padding and no epilogue": multipart + " \t",
		"a multipart with an epilogue":             multipart + "\r\nepilogue",
		"nested ones without epilogue":             "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n" + multipart + "\r\n--c--",
		"a leaf":                                   "\r\nx",
		"an empty leaf":                            "\r\n",
	} {
		src := Memory("Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n" + signed + "\r\n--s\r\nContent-Type: application/pkcs7-signature\r\n\r\nMIIB\r\n--s--\r\n")
		m, err := Parse(src, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Parts[0].Whole.Bytes(src, 1<<10)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != signed {
			t.Errorf("%s: got %q, want %q", name, got, signed)
		}
		checkSpans(t, name, m.Part, m.Part.Whole)
	}
}

func TestALoneLFBesideABoundaryIsFound(t *testing.T) {
	for name, in := range map[string]string{
		"before":      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\n--b--\r\n",
		"after":       "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\n",
		"a CR before": "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r--b\r\n--b--\r\n",
	} {
		m, err := Parse(Memory(in), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Contains(doubtsOf(m), BareLineEnd) {
			t.Errorf("%s: found %v", name, m.Findings)
		}
	}
}

func TestTreeLimits(t *testing.T) {
	l := DefaultLimits
	deep := func(n int) Memory {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=x%dy\n\n--x%dy\n", i, i)
		}
		b.WriteString("\nx\n")
		for i := n - 1; i >= 0; i-- {
			fmt.Fprintf(&b, "--x%dy--\n", i)
		}
		return Memory(crlf(b.String()))
	}
	wide := func(n int) Memory {
		return Memory(crlf("Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", n) + "--b--\n"))
	}
	for _, c := range []struct {
		name string
		in   Memory
		want error
	}{
		{"as deep as allowed", deep(l.Depth), nil},
		{"deeper", deep(l.Depth + 1), ErrLimit},
		{"messages in messages", Memory(strings.Repeat("Content-Type: message/rfc822\r\n\r\n", l.Depth+1) + "A: b\r\n\r\n"), ErrLimit},
		{"as wide as allowed", wide(l.Parts - 1), nil},
		{"wider", wide(l.Parts), ErrLimit},
		{"headers of parts beyond the sum", Memory(crlf("Content-Type: multipart/mixed; boundary=b\n\n" +
			strings.Repeat("--b\nX: "+strings.Repeat("y", 900)+"\n\nx\n", 700) + "--b--\n")), ErrLimit},
	} {
		if _, err := Parse(c.in, Options{Messages: true}); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

// A message is the same whether it lies in memory or is read by pieces.
func TestReadingByPiecesGivesTheSameTree(t *testing.T) {
	const seed = 20261123
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	pieces := []string{"--b\r\n", "--bb\r\n", "--b--\r\n", "--bb--\r\n", "\r\n", "--b \t\r\n", "--bx\r\n", "\n", "\r", "-", "--",
		"Content-Type: multipart/mixed; boundary=bb\r\n\r\n", "X: y\r\n", "x", strings.Repeat("-", 700), strings.Repeat("z", 9000), "--b" + strings.Repeat(" ", 600) + "\r\n"}
	for n := range 300 {
		var b strings.Builder
		b.WriteString("Content-Type: multipart/mixed; boundary=b\r\n\r\n")
		for b.Len() < 3*windowSize {
			b.WriteString(pieces[r.IntN(len(pieces))])
			if r.IntN(100) == 0 {
				b.WriteString(strings.Repeat("z", windowSize-r.IntN(40)))
			}
		}
		in := []byte(b.String())
		want, wantErr := Parse(Memory(in), Options{})
		got, gotErr := Parse(bytes.NewReader(in), Options{})
		if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
			t.Fatalf("round %d: by pieces %v, in memory %v", n, gotErr, wantErr)
		}
		if wantErr != nil {
			continue
		}
		if diff := cmp.Diff(want.Part, got.Part, cmp.AllowUnexported(Header{})); diff != "" {
			t.Fatalf("round %d (-memory +pieces):\n%s", n, diff)
		}
		if diff := cmp.Diff(want.Findings, got.Findings); diff != "" {
			t.Fatalf("round %d (-memory +pieces):\n%s", n, diff)
		}
	}
}

// A source that fails is an error, never a shorter message.
func TestAFailingSourceIsAnError(t *testing.T) {
	in := []byte(crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + strings.Repeat("x\n", 100_000) + "--b--\n"))
	for n := 0; n < len(in); n += 7919 {
		if m, err := Parse(failing{in, n}, Options{}); err == nil {
			t.Fatalf("failing after %d of %d bytes: read %v", n, len(in), m.Whole)
		}
	}
}

type failing struct {
	b []byte
	n int
}

func (f failing) Size() int64 { return int64(len(f.b)) }
func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > int64(f.n) {
		return copy(p, f.b[min(off, int64(f.n)):f.n]), errors.New("disk")
	}
	return copy(p, f.b[off:]), nil
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		name, encoding, in, want string
		odd                      bool
	}{
		{"identity", "8bit", "a\r\nğ", "a\r\nğ", false},
		{"base64", "base64", "xLDF\r\nn3Rl\r\n", "İşte", false},
		{"base64 padded", "base64", "YQ==\r\n", "a", false},
		{"base64 without padding", "base64", "YWI", "ab", true},
		{"base64 with junk", "base64", "Y!W*I=", "ab", true},
		{"base64 after padding", "base64", "YQ==YQ==", "a", true},
		{"quoted-printable", "quoted-printable", "=C4=B0=\r\n=C5=9Fte  \r\nx", "İşte\r\nx", false},
		{"quoted-printable with a loose sign", "quoted-printable", "a=b=\r\n=4", "a=b=4", true},
		{"8-bit in quoted-printable", "quoted-printable", "ğ", "ğ", true},
		{"unknown", "x-uuencode", "abc", "abc", true},
	} {
		p := &Part{Encoding: c.encoding, Body: Span{0, int64(len(c.in))}}
		d := p.Decode(Memory(c.in))
		got, err := io.ReadAll(d)
		if err != nil || string(got) != c.want || d.Odd() != c.odd {
			t.Errorf("%s: got %q, odd %v, %v; want %q, odd %v", c.name, got, d.Odd(), err, c.want, c.odd)
		}
	}
}
