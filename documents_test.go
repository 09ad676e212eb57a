package rem_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	link = regexp.MustCompile(`\]\(([^)#: ]+)(?:#[^)]*)?\)`)
	// A name of ours in backticks: a package, a file or a folder of the tree.
	named = regexp.MustCompile("`((?:cmd|conformance|docs|edge|internal|mail|message|person|provider|scripts|trust)(?:/[A-Za-z0-9._-]+)+/?)`")
)

// TestDocumentsNameWhatIsThere follows every link and every path of the tree
// that a document names.
func TestDocumentsNameWhatIsThere(t *testing.T) {
	pages := 0
	walk(t, ".md", func(file string, text []byte) {
		if strings.Contains(file, "testdata/") {
			return
		}
		pages++
		for _, m := range link.FindAllSubmatch(text, -1) {
			if _, err := os.Stat(filepath.FromSlash(path.Join(path.Dir(file), string(m[1])))); err != nil {
				t.Errorf("%s leads to %s, which is not there", file, m[1])
			}
		}
		for _, m := range named.FindAllSubmatch(text, -1) {
			if _, err := os.Stat(filepath.FromSlash(string(m[1]))); err != nil {
				t.Errorf("%s names %s, which is not there", file, m[1])
			}
		}
	})
	if pages < 20 {
		t.Errorf("%d documents; were they moved?", pages)
	}
}

// TestAlarmsAreExplained looks for every alarm and every metric in the
// operators' page.
func TestAlarmsAreExplained(t *testing.T) {
	const page = "docs/operations/alarms.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	alarms, metrics := 0, 0
	walk(t, ".go", func(file string, src []byte) {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "internal/testkit/") || strings.HasPrefix(file, "cmd/") {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				// Alarm(what, message, detail): relay's field and the node's method.
				sel, ok := n.Fun.(*ast.SelectorExpr)
				if !ok || sel.Sel.Name != "Alarm" || len(n.Args) != 3 {
					break
				}
				what, ok := literal(n.Args[0])
				if !ok {
					t.Errorf("%s: an alarm's name is not a text that can be looked up", file)
					break
				}
				alarms++
				if !strings.Contains(string(text), "\n| "+what+" |") {
					t.Errorf("%s does not explain the alarm %q of %s", page, what, file)
				}
			case *ast.BasicLit:
				if name, ok := literal(n); ok && strings.HasPrefix(name, "rem_") && file == "internal/node/health.go" {
					metrics++
					if !strings.Contains(string(text), "`"+name) {
						t.Errorf("%s does not explain the metric %s", page, name)
					}
				}
			}
			return true
		})
	})
	if alarms < 5 || metrics < 5 {
		t.Errorf("%d alarms and %d metrics were found; is this test looking in the right place?", alarms, metrics)
	}
}

func literal(e ast.Expr) (string, bool) {
	b, ok := e.(*ast.BasicLit)
	if !ok || b.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(b.Value)
	return s, err == nil
}

// walk gives every file of the tree with the suffix.
func walk(t *testing.T, suffix string, do func(file string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(".", func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if strings.HasPrefix(e.Name(), ".") && file != "." || suffix == ".go" && e.Name() == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, suffix) {
			return nil
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		do(filepath.ToSlash(file), b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
