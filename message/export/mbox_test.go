package export

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func quoted(t interface{ Fatal(...any) }, original []byte, cut int) []byte {
	var b bytes.Buffer
	q := newQuoter(&b)
	for _, part := range [][]byte{original[:cut], original[cut:]} {
		if _, err := q.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if q.n != int64(b.Len()) || b.Len() > 0 && q.last != b.Bytes()[b.Len()-1] {
		t.Fatal("the quoter counts", q.n, "of", b.Len())
	}
	return b.Bytes()
}

func TestQuotingOfMailboxFiles(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"From x\r\n", ">From x\r\n"}, {">From x\n>>From \n", ">>From x\n>>>From \n"}, {"From\n", "From\n"}, {" From x", " From x"},
		{">Fro", ">Fro"}, {"a\nFrom b", "a\n>From b"}, {"\r\nFrom b", "\r\n>From b"}, {"FFrom b", "FFrom b"}, {"a From b", "a From b"}, {"", ""}, {">", ">"},
	} {
		if got := string(quoted(t, []byte(c.in), len(c.in)/2)); got != c.want {
			t.Errorf("%q becomes %q, want %q", c.in, got, c.want)
		}
	}
}

// Whatever a message holds comes back byte for byte, and no line of it begins as
// the line before a message does.
func TestQuotingComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.SampledFrom([]string{"From ", "From", ">", "\n", "\r\n", "F", " ", "x", "\r", "\x00", "ş", strings.Repeat(">", 5000)}))
		original := []byte(strings.Join(words.Draw(t, "words"), ""))
		b := quoted(t, original, rapid.IntRange(0, len(original)).Draw(t, "cut"))
		if bytes.HasPrefix(b, []byte("From ")) || bytes.Contains(b, []byte("\nFrom ")) {
			t.Fatalf("%q becomes %q", original, b)
		}
		got, err := io.ReadAll(unquoted(bufio.NewReaderSize(bytes.NewReader(b), 16)))
		if err != nil || !bytes.Equal(got, original) {
			t.Fatalf("%q comes back as %q, %v", original, got, err)
		}
	})
}
