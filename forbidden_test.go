package rem_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// forbidden lists what the module's code, tests aside, does in the named places
// and nowhere else.
var forbidden = []struct {
	name   string
	why    string
	finds  func(n ast.Node) bool
	places []string // file, and function where that says more
}{
	{
		name: "Unicode case mapping",
		why:  "identifiers fold with rem.FoldASCII: four code points outside ASCII reach its letters (AT-27)",
		finds: calls(map[string][]string{
			"strings": {"ToLower", "ToUpper", "ToTitle", "Title", "EqualFold", "ToLowerSpecial", "ToUpperSpecial", "ToTitleSpecial"},
			"bytes":   {"ToLower", "ToUpper", "ToTitle", "Title", "EqualFold", "ToLowerSpecial", "ToUpperSpecial", "ToTitleSpecial"},
			"unicode": {"ToLower", "ToUpper", "ToTitle", "SimpleFold", "To"},
		}),
		places: []string{
			"fold.go FoldName",                     // names of people, by Turkish rules
			"cmd/rempeer/compose.go peer.envelope", // a constant: the name of a digest, as an odd provider writes it
		},
	},
	{
		name:  "trust in any TLS certificate",
		why:   "a peer is known by the trust list (AT-03)",
		finds: sets("InsecureSkipVerify", "true"),
		places: []string{
			"edge/smtpout/link.go Sender.tlsConfig", // pins from the signed trust list take the chain's place
		},
	},
	{
		name:  "a lenient XML reader",
		why:   "it leaves entities as they are (AT-18)",
		finds: sets("Strict", "false"),
	},
}

// calls finds pkg.Func for the given packages, called or not.
func calls(of map[string][]string) func(ast.Node) bool {
	return func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		x, ok := sel.X.(*ast.Ident)
		return ok && slices.Contains(of[x.Name], sel.Sel.Name)
	}
}

// sets finds a field that gets the value, in a literal or by assignment.
func sets(field, value string) func(ast.Node) bool {
	is := func(e ast.Expr, name string) bool {
		switch e := e.(type) {
		case *ast.Ident:
			return e.Name == name
		case *ast.SelectorExpr:
			return e.Sel.Name == name
		}
		return false
	}
	return func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			return is(n.Key, field) && is(n.Value, value)
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if is(left, field) && i < len(n.Rhs) && is(n.Rhs[i], value) {
					return true
				}
			}
		}
		return false
	}
}

// AT-03, AT-18, AT-27.
func TestForbiddenCallsStandOnlyWhereTheyAreAllowed(t *testing.T) {
	used := map[string]bool{}
	err := filepath.WalkDir(".", func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && (e.Name() == "testdata" || strings.HasPrefix(e.Name(), ".") && file != ".") {
			return filepath.SkipDir
		}
		if e.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range f.Decls {
			place := filepath.ToSlash(file) + " " + declared(d)
			ast.Inspect(d, func(n ast.Node) bool {
				for _, rule := range forbidden {
					if n == nil || !rule.finds(n) {
						continue
					}
					used[rule.name+place] = true
					if !slices.Contains(rule.places, strings.TrimSpace(place)) {
						t.Errorf("%s (%s): %s: %s", fset.Position(n.Pos()), declared(d), rule.name, rule.why)
					}
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range forbidden {
		for _, p := range rule.places {
			file, _, _ := strings.Cut(p, " ")
			if _, err := os.Stat(file); err == nil && !used[rule.name+p] {
				t.Errorf("%s: %s no longer does it; take it off the list", rule.name, p)
			}
		}
	}
}

// declared names a function, with its receiver.
func declared(d ast.Decl) string {
	f, ok := d.(*ast.FuncDecl)
	if !ok {
		return ""
	}
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	of := f.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	if x, ok := of.(*ast.Ident); ok {
		return x.Name + "." + f.Name.Name
	}
	return f.Name.Name
}

func TestForbiddenCallsAreFound(t *testing.T) {
	for src, want := range map[string]string{
		`strings.EqualFold(a, b)`:                 "Unicode case mapping",
		`f := strings.ToLower`:                    "Unicode case mapping",
		`tls.Config{InsecureSkipVerify: true}`:    "trust in any TLS certificate",
		`c.InsecureSkipVerify = true`:             "trust in any TLS certificate",
		`d.Strict = false`:                        "a lenient XML reader",
		`d := &xml.Decoder{Strict: false}`:        "a lenient XML reader",
		`strings.Contains(a, b); d.Strict = true`: "",
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nfunc x() { "+src+" }", parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		found := ""
		ast.Inspect(f, func(n ast.Node) bool {
			for _, rule := range forbidden {
				if n != nil && rule.finds(n) {
					found = rule.name
				}
			}
			return true
		})
		if found != want {
			t.Errorf("%s: found %q, want %q", src, found, want)
		}
	}
}
