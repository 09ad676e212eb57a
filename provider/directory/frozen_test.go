package directory

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The records of every release are read, and written again as they are. The samples
// are never made again (docs/formats/directory.md).
func TestFrozenRecordsAreRead(t *testing.T) {
	for name, again := range map[string]func([]byte) ([]byte, error){
		"natural":  func(b []byte) ([]byte, error) { p, err := parseCard(b); return rewritten(p.card, err) },
		"passport": func(b []byte) ([]byte, error) { p, err := parseCard(b); return rewritten(p.card, err) },
		"private":  func(b []byte) ([]byte, error) { p, err := parseCard(b); return rewritten(p.card, err) },
		"public":   func(b []byte) ([]byte, error) { p, err := parseCard(b); return rewritten(p.card, err) },
		"place": func(b []byte) ([]byte, error) {
			var p Particulars
			err := p.setOptional(Postal, b)
			return rewritten(p.Postal.card, err)
		},
		"operator":    func(b []byte) ([]byte, error) { o, err := parseOperator("p-1", b); return rewritten(o.card, err) },
		"listing":     func(b []byte) ([]byte, error) { var l Listing; err := l.SetBody(b); return rewritten(l.Body, err) },
		"lookup":      func(b []byte) ([]byte, error) { l, err := ParseLookup(b); return rewritten(l.Entry, err) },
		"transaction": func(b []byte) ([]byte, error) { x, err := ParseTransaction(b); return rewritten(x.Entry, err) },
	} {
		b, err := os.ReadFile(filepath.Join("testdata/v1", name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := again(b)
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
}

func rewritten(write func() ([]byte, error), err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return write()
}

// What is no record is refused, and the error quotes nothing of it.
func FuzzRecords(f *testing.F) {
	files, err := filepath.Glob("testdata/v1/*.txt")
	if err != nil || len(files) < 9 {
		f.Fatal(files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		same := func(name string, write func() ([]byte, error), err error) {
			if err != nil {
				return
			}
			once, err := write()
			if err != nil {
				t.Fatalf("%s is read and cannot be written: %v", name, err)
			}
			if name != "listing" && name != "lookup" && name != "transaction" {
				return // values have one spelling of several that are read
			}
			if !bytes.Equal(once, b) {
				t.Fatalf("%s has two spellings:\n%s\n%s", name, b, once)
			}
		}
		p, err := parseCard(b)
		same("card", p.card, err)
		var q Particulars
		same("place", q.Postal.card, q.setOptional(Postal, b))
		o, err := parseOperator("p-1", b)
		same("operator", o.card, err)
		var l Listing
		same("listing", l.Body, l.SetBody(b))
		x, err := ParseLookup(b)
		same("lookup", x.Entry, err)
		y, err := ParseTransaction(b)
		same("transaction", y.Entry, err)
	})
}
