package canon_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/privacy/canon"
)

var at = time.Date(2026, 11, 23, 7, 0, 0, 123456000, time.UTC)

func sample() *canon.Writer {
	w := canon.NewWriter("rem-test", 1)
	w.Word("person", "p-1")
	w.Number("number", 7)
	w.Digest("digest", rem.DigestOf([]byte("x")))
	w.Time("time", at)
	w.Maybe("note", "")
	w.Blank()
	w.Lines("text", "Kişisel verileriniz.\n\nİkinci satır: açık rıza")
	return w
}

const written = `rem-test 1
person: p-1
number: 7
digest: 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881
time: 2026-11-23T07:00:00.123456Z

text: Kişisel verileriniz.
text:
text: İkinci satır: açık rıza
`

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	b, err := sample().Bytes()
	if err != nil || string(b) != written {
		t.Fatalf("%v\n%s", err, b)
	}
	r := canon.NewReader(b, "rem-test", 1)
	if r.Word("person") != "p-1" || r.Number("number") != 7 || r.Digest("digest") != rem.DigestOf([]byte("x")) || r.Time("time") != at || r.Maybe("note") != "" {
		t.Error("other values came back")
	}
	r.Blank()
	if !r.More() || r.Next() != "text" || r.Lines("text") != "Kişisel verileriniz.\n\nİkinci satır: açık rıza" || r.More() {
		t.Error("another text came back")
	}
	if err := r.Done(); err != nil {
		t.Error(err)
	}
}

func TestValuesThatCannotStandInARecordAreNotWritten(t *testing.T) {
	for name, write := range map[string]func(*canon.Writer){
		"empty":              func(w *canon.Writer) { w.Field("f", "") },
		"two lines":          func(w *canon.Writer) { w.Field("f", "a\nb") },
		"carriage return":    func(w *canon.Writer) { w.Lines("f", "a\r\nb") },
		"tab":                func(w *canon.Writer) { w.Field("f", "a\tb") },
		"no-break space":     func(w *canon.Writer) { w.Field("f", "a\u00a0b") },
		"space in front":     func(w *canon.Writer) { w.Field("f", " a") },
		"space behind":       func(w *canon.Writer) { w.Field("f", "a ") },
		"two spaces":         func(w *canon.Writer) { w.Field("f", "a  b") },
		"decomposed letter":  func(w *canon.Writer) { w.Field("f", "s\u0327") },
		"no UTF-8":           func(w *canon.Writer) { w.Field("f", "\xff") },
		"unseen character":   func(w *canon.Writer) { w.Field("f", "a\u200bb") },
		"turned direction":   func(w *canon.Writer) { w.Field("f", "a\u202eb") },
		"line separator":     func(w *canon.Writer) { w.Field("f", "a\u2028b") },
		"replaced character": func(w *canon.Writer) { w.Field("f", "a\ufffdb") },
		"long line":          func(w *canon.Writer) { w.Field("f", strings.Repeat("a", canon.MaxLine+1)) },
		"name with a space":  func(w *canon.Writer) { w.Field("a b", "x") },
		"name in capitals":   func(w *canon.Writer) { w.Field("F", "x") },
		"empty text":         func(w *canon.Writer) { w.Lines("f", "") },
		"address as a word":  func(w *canon.Writer) { w.Word("f", "ayse@hs90.kep.test") },
		"name as a word":     func(w *canon.Writer) { w.Word("f", "Ayşe") },
		"local time":         func(w *canon.Writer) { w.Time("f", at.In(time.FixedZone("TRT", 3*3600))) },
		"nanoseconds":        func(w *canon.Writer) { w.Time("f", at.Add(1)) },
		"too much": func(w *canon.Writer) {
			for range 40 {
				w.Field("f", strings.Repeat("a", canon.MaxLine))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := canon.NewWriter("rem-test", 1)
			write(w)
			if b, err := w.Bytes(); !errors.Is(err, canon.ErrForm) {
				t.Errorf("%v, %.60q", err, b)
			}
		})
	}
}

func read(b []byte) error {
	r := canon.NewReader(b, "rem-test", 1)
	r.Word("person")
	r.Number("number")
	r.Digest("digest")
	r.Time("time")
	r.Blank()
	r.Lines("text")
	return r.Done()
}

func TestThereIsOneSpelling(t *testing.T) {
	if err := read([]byte(written)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"other kind":              {"rem-test 1", "rem-text 1"},
		"other version":           {"rem-test 1", "rem-test 2"},
		"number with a zero":      {"number: 7", "number: 07"},
		"number with a sign":      {"number: 7", "number: +7"},
		"digest in capitals":      {"digest: 2d", "digest: 2D"},
		"short digest":            {"4881\n", "48\n"},
		"long digest":             {"4881\n", "488100\n"},
		"time without fraction":   {".123456Z", "Z"},
		"time with a zone":        {".123456Z", ".123456+00:00"},
		"no space":                {"person: p", "person:p"},
		"two spaces":              {"person: p", "person:  p"},
		"space behind":            {"p-1\n", "p-1 \n"},
		"field of another name":   {"person", "persons"},
		"missing empty line":      {"\n\n", "\n"},
		"carriage returns":        {"\n", "\r\n"},
		"no end of line":          {"açık rıza\n", "açık rıza"},
		"something more":          {"açık rıza\n", "açık rıza\nmore: x\n"},
		"text with a lone space":  {"text:\n", "text: \n"},
		"order":                   {"person: p-1\nnumber: 7", "number: 7\nperson: p-1"},
		"field without its value": {"person: p-1", "person:"},
	} {
		changed := strings.ReplaceAll(written, change[0], change[1])
		if changed == written {
			t.Fatalf("%s changes nothing", name)
		}
		if err := read([]byte(changed)); !errors.Is(err, canon.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a reader took to its end, a writer makes again, byte for byte.
func FuzzReader(f *testing.F) {
	f.Add([]byte(written))
	f.Add([]byte("rem-test 1\n"))
	f.Add([]byte("rem-test 1\na: b\na:\nc: \xff\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := canon.NewReader(b, "rem-test", 1)
		w := canon.NewWriter("rem-test", 1)
		for r.More() {
			name := r.Next()
			if name == "" {
				r.Blank()
				w.Blank()
				continue
			}
			w.Lines(name, r.Lines(name))
		}
		if r.Done() != nil {
			return
		}
		again, err := w.Bytes()
		if err != nil || string(again) != string(b) {
			t.Errorf("%q became %q (%v)", b, again, err)
		}
	})
}
