package rem_test

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The register is docs/requirements/*.md: one table row a requirement, with its
// number, our words, its state, and where it is carried out.
var (
	registerRow = regexp.MustCompile(`^\| ([A-Z]+-?[0-9]+) \| (.+) \| (met|partly|later|not ours) \| [^|]*\|$`)
	anyRow      = regexp.MustCompile(`^\| *[A-Z]+-?[0-9]+ *\|`)
	citation    = regexp.MustCompile(`\b(?:REQ-[0-9]{1,3}|S[0-9]{2}|P-[0-9]{2}|AT-[0-9]{2}|I[1-8])\b`)
	// AT-16/17/18 and AT-16, 17 cite each; a range is not understood.
	several = regexp.MustCompile(`\b(REQ|P|AT)-([0-9]+)((?:(?:/|, )[0-9]+)+)\b`)
)

// families are the numbers that the register must hold, each one once.
var families = []struct {
	name string // as it is written before the number
	last int
}{{"REQ-%d", 116}, {"S%02d", 49}, {"P-%02d", 32}, {"AT-%02d", 45}, {"I%d", 8}, {"G-%02d", 28}}

// TestRequirements joins the register with code and tests, both ways: a
// citation of an unknown number fails, and so does a requirement that is met
// without code or without a test that cites it.
func TestRequirements(t *testing.T) {
	state := map[string]string{}
	files, err := filepath.Glob("docs/requirements/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			row := registerRow.FindStringSubmatch(lines.Text())
			if row == nil {
				if anyRow.MatchString(lines.Text()) {
					t.Errorf("%s: a row that cannot be read: %s", file, lines.Text())
				}
				continue
			}
			if _, twice := state[row[1]]; twice {
				t.Errorf("%s: %s stands twice", file, row[1])
			}
			state[row[1]] = row[3]
		}
		f.Close()
	}
	known := 0
	for _, f := range families {
		for n := 1; n <= f.last; n++ {
			number := fmt.Sprintf(f.name, n)
			if _, ok := state[number]; !ok {
				t.Errorf("docs/requirements has no line for %s", number)
			}
			known++
		}
	}
	if len(state) > known {
		t.Errorf("the register holds %d numbers, and its families only %d", len(state), known)
	}

	code, tests := map[string][]string{}, map[string][]string{}
	err = filepath.WalkDir(".", func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		// Scenarios are tests, and lie in the testdata of conformance.
		if e.IsDir() && (e.Name() == "testdata" && filepath.ToSlash(file) != "conformance/testdata" || strings.HasPrefix(e.Name(), ".") && file != ".") {
			return filepath.SkipDir
		}
		script := strings.HasSuffix(file, ".txtar")
		if e.IsDir() || !strings.HasSuffix(file, ".go") && !script || file == "requirements_test.go" {
			return nil
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		into := code
		if strings.HasSuffix(file, "_test.go") || script || strings.HasPrefix(filepath.ToSlash(file), "internal/testkit/") {
			into = tests
		}
		for _, number := range cited(string(b)) {
			into[number] = append(into[number], file)
			if _, known := state[number]; !known {
				t.Errorf("%s cites %s, which is not in the register", file, number)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for number, s := range state {
		count[s]++
		// A figure is not cited: its line says which run reaches it.
		if s != "met" || strings.HasPrefix(number, "G-") {
			continue
		}
		// An attack is met by a test that names it; what withstands it may be
		// the whole of a package.
		if len(code[number]) == 0 && !strings.HasPrefix(number, "AT-") {
			t.Errorf("%s is met, says the register, and no code cites it", number)
		}
		if len(tests[number]) == 0 {
			t.Errorf("%s is met, says the register, and no test cites it", number)
		}
	}
	t.Logf("requirements: %d met, %d partly, %d later, %d not ours", count["met"], count["partly"], count["later"], count["not ours"])
}

func cited(text string) []string {
	numbers := citation.FindAllString(text, -1)
	for _, m := range several.FindAllStringSubmatch(text, -1) {
		for more := range strings.FieldsFuncSeq(m[3], func(r rune) bool { return r == '/' || r == ',' || r == ' ' }) {
			numbers = append(numbers, fmt.Sprintf("%s-%s", m[1], more))
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}
