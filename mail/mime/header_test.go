package mime

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHeaderKeepsEveryByte(t *testing.T) {
	const block = "Subject: Bir\r\n iki\r\n\tüç\r\nX-Empty:\r\nFROM:a@b\r\n\r\n"
	h, err := ParseHeader([]byte(block), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	var joined strings.Builder
	for _, f := range h.Fields {
		if got := block[f.Span.Start:f.Span.End]; got != f.Raw {
			t.Errorf("field %s: span holds %q, Raw %q", f.Name, got, f.Raw)
		}
		joined.WriteString(f.Raw)
	}
	if got := joined.String() + "\r\n"; got != block {
		t.Errorf("fields joined: got %q, want %q", got, block)
	}
	if got, want := h.Get("subject"), "Bir iki\tüç"; got != want {
		t.Errorf("unfolded: got %q, want %q", got, want)
	}
	if got := h.Get("x-EMPTY"); got != "" || h.Count("X-Empty") != 1 {
		t.Errorf("empty field: got %q, %d times", got, h.Count("X-Empty"))
	}
	if got := h.Get("From"); got != "a@b" {
		t.Errorf("field without space: got %q", got)
	}
}

func TestHeaderRefusesWhatHasNoSafeReading(t *testing.T) {
	for name, block := range map[string]string{
		"nothing":                   "",
		"a fold at the beginning":   " x\r\nA: b\r\n",
		"a line without a colon":    "A: b\r\nhello\r\n",
		"a space before the colon":  "A : b\r\n",
		"no name":                   ": b\r\n",
		"a bare LF":                 "A: b\nC: d\r\n",
		"a bare CR":                 "A: b\rC: d\r\n",
		"a bare CR at the end":      "A: b\r",
		"a NUL":                     "A: b\x00\r\n",
		"an 8-bit name":             "Ä: b\r\n",
		"a blank line in between":   "A: b\r\n\r\nC: d\r\n",
		"an mbox line":              "From ali@x Mon\r\nA: b\r\n",
		"Kelvin sign in Message-ID": "Message-ID\u212a: b\r\n",
	} {
		if h, err := ParseHeader([]byte(block), DefaultLimits); !errors.Is(err, ErrSyntax) {
			t.Errorf("%s: got %v, %v; want ErrSyntax", name, h, err)
		}
	}
}

func TestHeaderLimits(t *testing.T) {
	l := DefaultLimits
	l.Fields, l.HeaderBytes = 3, 100
	if _, err := ParseHeader([]byte(strings.Repeat("A: b\r\n", 3)), l); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if _, err := ParseHeader([]byte(strings.Repeat("A: b\r\n", 4)), l); !errors.Is(err, ErrLimit) {
		t.Errorf("one field over: got %v", err)
	}
	if _, err := ParseHeader([]byte("A: "+strings.Repeat("b", 100)+"\r\n"), l); !errors.Is(err, ErrLimit) {
		t.Errorf("too many bytes: got %v", err)
	}
	endless := Memory("A: " + strings.Repeat("b", 1<<20))
	if _, err := Parse(endless, Options{}); !errors.Is(err, ErrLimit) {
		t.Errorf("a header without end: got %v", err)
	}
	if _, err := ReadHeader(bytes.NewReader(endless), DefaultLimits); !errors.Is(err, ErrLimit) {
		t.Errorf("a header without end, read alone: got %v", err)
	}
}

func TestReadHeaderLeavesTheBodyUnread(t *testing.T) {
	h, err := ReadHeader(Memory("A: b\r\nC: d\r\n\r\nE: f\r\n"), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := h.Span, (Span{0, 14}); got != want {
		t.Errorf("span: got %v, want %v", got, want)
	}
	if len(h.Fields) != 2 {
		t.Errorf("got %d fields, want 2", len(h.Fields))
	}
}

func TestHeaderDoubts(t *testing.T) {
	for _, c := range []struct {
		name, block string
		want        []Finding
	}{
		{"two subjects", "Subject: a\r\nsubject: b\r\n", []Finding{{FieldTwice, 12}}},
		{"8-bit text", "Subject: \xfe\r\n", []Finding{{EightBitHeader, 9}}},
		{"a blank fold", "Subject: a\r\n \r\n b\r\n", []Finding{{BlankContinuation, 12}}},
		{"two trace fields", "Received: a\r\nReceived: b\r\n", nil},
	} {
		h, err := ParseHeader([]byte(c.block), DefaultLimits)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, h.Doubts()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
