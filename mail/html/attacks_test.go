package html

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An attack is one letter of the corpus: testdata/attacks/*.txt, whose README says
// how it is written.
type attack struct{ name, html string }

func attacks(t testing.TB) (list []attack) {
	t.Helper()
	files, err := filepath.Glob("testdata/attacks/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		group := strings.TrimSuffix(filepath.Base(file), ".txt")
		for i, one := range strings.Split("\n"+string(b), "\n=== ") {
			if i == 0 {
				continue // what stands before the first
			}
			name, body, _ := strings.Cut(one, "\n")
			list = append(list, attack{group + ": " + name, unescapeCorpus(strings.TrimSuffix(body, "\n"))})
		}
	}
	return list
}

// unescapeCorpus undoes \xHH, with which the corpus writes bytes that would not
// survive an editor.
func unescapeCorpus(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if strings.HasPrefix(s[i:], `\x`) && i+3 < len(s) && hexDigit(s[i+2]) >= 0 && hexDigit(s[i+3]) >= 0 {
			b.WriteByte(byte(hexDigit(s[i+2])<<4 | hexDigit(s[i+3])))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
