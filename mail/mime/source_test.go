package mime

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

// Rooms are lent to one message after the other; what was read of the first
// stays.
func TestWhatWasReadOutlivesItsRoom(t *testing.T) {
	in := letter(3000)
	m, err := Parse(bytes.NewReader(in), Options{})
	if err != nil {
		t.Fatal(err)
	}
	h, err := ReadHeader(bytes.NewReader(in), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	content, _, err := m.Parts[1].Bytes(bytes.NewReader(in), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	before, kept := outline(m.Source, m.Part), bytes.Clone(content)
	other := bytes.ToUpper(letter(60_000))
	for range 10 {
		if _, err := Parse(bytes.NewReader(other), Options{}); err != nil {
			t.Fatal(err)
		}
		if err := (Span{0, int64(len(other))}).Copy(new(bytes.Buffer), bytes.NewReader(other)); err != nil {
			t.Fatal(err)
		}
	}
	if outline(m.Source, m.Part) != before || h.Get("Message-ID") != "<1@hs90.kep.test>" || !bytes.Equal(content, kept) {
		t.Error("what was read has changed")
	}
}

func TestSpanIsCopiedWhole(t *testing.T) {
	in := bytes.Repeat([]byte("0123456789"), windowSize/4)
	for _, s := range []Span{{}, {0, 10}, {7, int64(len(in))}, {5, windowSize + 5}, {windowSize - 1, 2*windowSize + 1}} {
		for _, src := range []Source{Memory(in), bytes.NewReader(in)} {
			var out bytes.Buffer
			if err := s.Copy(&out, src); err != nil || !bytes.Equal(out.Bytes(), in[s.Start:s.End]) {
				t.Errorf("%v: %d bytes, %v", s, out.Len(), err)
			}
		}
	}
	for _, s := range []Span{{-1, 5}, {5, 4}, {0, int64(len(in)) + 1}} {
		for _, src := range []Source{Memory(in), bytes.NewReader(in)} {
			if err := s.Copy(new(bytes.Buffer), src); err == nil {
				t.Errorf("%v lies outside and is copied", s)
			}
			if _, _, err := (&Part{Body: s, Encoding: "base64"}).Bytes(src, len(in)); err == nil {
				t.Errorf("%v lies outside and is decoded", s)
			}
		}
	}
	if err := (Span{0, 10}).Copy(fullDisk{}, Memory(in)); !errors.Is(err, errFull) {
		t.Errorf("a writer that fails: %v", err)
	}
}

var errFull = errors.New("full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

// RFC 2045 6.8, RFC 4648 4.
func TestBase64IsWrittenInLines(t *testing.T) {
	p := make([]byte, 300)
	for i := range p {
		p[i] = byte(i * 37)
	}
	for n := range p {
		plain := base64.StdEncoding.EncodeToString(p[:n])
		var want []string
		for len(plain) > 76 {
			want, plain = append(want, plain[:76]), plain[76:]
		}
		want = append(want, plain)
		b := NewBuilder([]byte("before"))
		b.Base64(p[:n])
		got, err := b.Bytes()
		if err != nil || string(got) != "before"+strings.Join(want, "\r\n") {
			t.Errorf("%d bytes: %q, %v", n, got, err)
		}
		if Base64Len(n) != len(got)-len("before") {
			t.Errorf("%d bytes: length %d of %d", n, Base64Len(n), len(got))
		}
		part := &Part{Body: Span{6, int64(len(got))}, Encoding: "base64"}
		if back, odd, err := part.Bytes(Memory(got), n); err != nil || odd || !bytes.Equal(back, p[:n]) {
			t.Errorf("%d bytes: %x, odd %v, %v", n, back, odd, err)
		}
	}
}
