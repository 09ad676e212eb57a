package soap

import (
	"io"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"rem"
)

// pattern is a content of a size that lies nowhere.
type pattern int64

func (p pattern) ReadAt(b []byte, at int64) (int, error) {
	n := min(int64(len(b)), int64(p)-at)
	for i := range b[:n] {
		b[i] = byte(at) + byte(i)
	}
	if n < int64(len(b)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

func (p pattern) Size() int64        { return int64(p) }
func (p pattern) Digest() rem.Digest { return rem.Digest{} }

// drain counts what leaves.
type drain struct {
	*httptest.ResponseRecorder
	n    int64
	last string
}

func (d *drain) Write(b []byte) (int, error) {
	d.n, d.last = d.n+int64(len(b)), string(b[max(0, len(b)-80):])
	return len(b), nil
}

// AT-07: a file of 25 MB leaves in both forms without standing in memory, and whole.
func TestAnswersAreWrittenAsTheyAreRead(t *testing.T) {
	const size = 25 << 20
	for _, mtom := range []bool{false, true} {
		p := &post{form: soap11, xop: mtom}
		w := &drain{ResponseRecorder: httptest.NewRecorder()}
		answer := []node{is("durum", "0"), {name: "ePaket", content: pattern(size), media: "message/rfc822", file: `"<ğ>.eml`}, is("hataaciklama", "")}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := p.write(w, find("Indir"), answer); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		want := int64(size)
		end := "--\r\n"
		if !mtom {
			want, end = (size+2)/3*4, "</soap:Envelope>"
		}
		if w.n < want || w.n > want+2000 || !strings.HasSuffix(w.last, end) {
			t.Errorf("mtom %v: %d octets leave, want %d and the XML; the end is %q", mtom, w.n, want, w.last)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("mtom %v: it takes %d octets of memory", mtom, used)
		}
	}
}
