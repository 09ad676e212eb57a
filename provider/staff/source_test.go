package staff_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// The gate cannot be gone around: in the whole program nothing but this package
// and provider/partner says of somebody that he is an officer, an approver or a
// partner. Asking what somebody is, by comparing, is everybody's.
func TestNothingElseMakesAnOfficer(t *testing.T) {
	allowed := map[string]bool{"provider/staff": true, "provider/partner": true, "person/application": true}
	reads := map[ast.Node]bool{} // a case of a switch asks, and makes nothing
	makers := map[string]bool{}
	err := filepath.WalkDir("../..", func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel("../..", file)
		if err != nil {
			return err
		}
		if e.IsDir() && (e.Name() == "testdata" || name == "internal/testkit" || strings.HasPrefix(e.Name(), ".") && name != ".") {
			return filepath.SkipDir
		}
		if e.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(name))
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CaseClause:
				for _, e := range n.List {
					reads[e] = true
				}
			case *ast.BinaryExpr:
				if n.Op == token.EQL || n.Op == token.NEQ || n.Op == token.AND {
					reads[n.X], reads[n.Y] = true, true
				}
			}
			if e, ok := n.(ast.Expr); ok && reads[e] {
				return true
			}
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if !ok || x.Name != "application" {
				return true
			}
			switch sel.Sel.Name {
			case "Officer", "Approver", "Partner":
				if makers[dir] = true; !allowed[dir] {
					t.Errorf("%s names application.%s: ask staff.Book.Act or partner.Desk for who acts", name, sel.Sel.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !makers["provider/staff"] {
		t.Error("the search finds nothing where something is")
	}
}
