package inventory_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"rem"
)

// A tree is the module's code, tests and test kits aside, by file name.
type tree map[string]*ast.File

const moduleRoot = "../.."

func readTree(t *testing.T) tree {
	t.Helper()
	code, err := parsedOnce()
	if err != nil {
		t.Fatal(err)
	}
	return code
}

var parsedOnce = sync.OnceValues(func() (tree, error) {
	code := tree{}
	err := filepath.WalkDir(moduleRoot, func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(moduleRoot, file)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if e.IsDir() && (e.Name() == "testdata" || name == "internal/testkit" || strings.HasPrefix(e.Name(), ".") && name != ".") {
			return filepath.SkipDir
		}
		if e.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		code[name], err = parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		return err
	})
	return code, err
})

// with returns the tree with one more file.
func (code tree) with(t *testing.T, name, src string) tree {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	more := maps.Clone(code)
	more[name] = f
	return more
}

// each calls visit for every node, with its file and the function it is in.
func (code tree) each(visit func(file, function string, n ast.Node)) {
	for _, file := range slices.Sorted(maps.Keys(code)) {
		for _, d := range code[file].Decls {
			function := ""
			if f, ok := d.(*ast.FuncDecl); ok {
				function = f.Name.Name
			}
			ast.Inspect(d, func(n ast.Node) bool {
				if n != nil {
					visit(file, function, n)
				}
				return true
			})
		}
	}
}

// discards gives net/http a logger that keeps nothing.
const discards = "edge/web/server.go"

// packageOf is the last element of a file's folder: the package's name.
func packageOf(file string) string {
	if dir := path.Dir(file); dir != "." {
		return path.Base(dir)
	}
	return "rem"
}

func literal(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
}

// lastName gives b of a.b, and a of a.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// selected gives the two names of pkg.Name.
func selected(e ast.Expr) (pkg, name string) {
	if s, ok := e.(*ast.SelectorExpr); ok {
		if x, ok := s.X.(*ast.Ident); ok {
			return x.Name, s.Sel.Name
		}
	}
	return "", ""
}

// A found is what a scan finds: names, and places where it could not tell.
type found struct{ names, faults []string }

func (f *found) add(name string) {
	if !slices.Contains(f.names, name) {
		f.names = append(f.names, name)
	}
}

func (f *found) fault(format string, args ...any) {
	f.faults = append(f.faults, fmt.Sprintf(format, args...))
}

var (
	attrMakers = []string{"String", "Int", "Int64", "Uint64", "Float64", "Bool", "Time", "Duration", "Group", "Any"}
	// where the message stands among the arguments of a logger's method
	logMethods = map[string]int{
		"Debug": 0, "Info": 0, "Warn": 0, "Error": 0, "DebugContext": 1, "InfoContext": 1, "WarnContext": 1, "ErrorContext": 1,
		"Log": 2, "LogAttrs": 2, "With": -1, "WithGroup": -1,
	}
)

// logKeys finds the keys of every log line, as package:key. A logger has the
// name log or Log everywhere, so that it is known without types; one that has
// another name is a fault, and so is a key that is not written out.
func (code tree) logKeys() (f found) {
	isLogger := func(e ast.Expr) bool { return rem.FoldASCII(lastName(e)) == "log" }
	called := map[ast.Node]bool{} // a call is met before the function it calls
	for file, parsed := range code {
		for _, spec := range parsed.Imports {
			if spec.Path.Value == `"log"` || spec.Path.Value == `"log/slog"` && spec.Name != nil {
				f.fault("%s imports %s: lines go through log/slog, by its own name", file, spec.Path.Value)
			}
		}
	}
	code.each(func(file, function string, n ast.Node) {
		key := func(e ast.Expr) {
			if s, ok := literal(e); ok {
				f.add(packageOf(file) + ":" + s)
			} else {
				f.fault("%s, %s: a log key is not written out", file, function)
			}
		}
		switch n := n.(type) {
		case *ast.Field:
			if star, ok := n.Type.(*ast.StarExpr); ok {
				if pkg, name := selected(star.X); pkg == "slog" && name == "Logger" {
					for _, id := range n.Names {
						if !isLogger(id) {
							f.fault("%s, %s: the logger %s has another name than log", file, function, id.Name)
						}
					}
				}
			}
		case *ast.AssignStmt:
			for i, right := range n.Rhs {
				call, ok := right.(*ast.CallExpr)
				if !ok || i >= len(n.Lhs) {
					continue
				}
				if pkg, name := selected(call.Fun); pkg == "slog" && (name == "New" || name == "Default") && !isLogger(n.Lhs[i]) {
					f.fault("%s, %s: the logger %s has another name than log", file, function, lastName(n.Lhs[i]))
				}
			}
		case *ast.SelectorExpr:
			if _, method := logMethods[n.Sel.Name]; method && isLogger(n.X) && !called[n] {
				f.fault("%s, %s: %s of a logger goes elsewhere", file, function, n.Sel.Name)
			}
			if pkg, name := selected(n); pkg == "slog" && (name == "Record" || name == "NewRecord" || name == "NewLogLogger" && file != discards && !worlds.MatchString(file)) {
				f.fault("%s, %s: slog.%s", file, function, name)
			}
		case *ast.CompositeLit:
			if pkg, name := selected(n.Type); pkg == "slog" && name == "Attr" {
				f.fault("%s, %s: an attribute is not made by slog's own functions", file, function)
			}
		case *ast.CallExpr:
			called[n.Fun] = true
			pkg, name := selected(n.Fun)
			if pkg == "slog" && slices.Contains(attrMakers, name) && len(n.Args) > 0 {
				key(n.Args[0])
				return
			}
			sel, ok := n.Fun.(*ast.SelectorExpr)
			if !ok {
				return
			}
			first, ok := logMethods[sel.Sel.Name]
			if !ok || pkg != "slog" && !isLogger(sel.X) {
				return
			}
			args := n.Args[min(first+1, len(n.Args)):]
			for i := 0; i < len(args); i++ {
				if call, ok := args[i].(*ast.CallExpr); ok {
					if pkg, _ := selected(call.Fun); pkg == "slog" {
						continue // an attribute; its maker is met by itself
					}
				}
				if n.Ellipsis.IsValid() && i == len(args)-1 {
					continue // attributes made elsewhere
				}
				key(args[i])
				i++ // its value
			}
		}
	})
	return f
}

var snake = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)+$`)

// metrics finds names and labels: in a file that speaks to Prometheus every
// literal of that spelling is a metric's name, and a vector's labels are
// written out.
func (code tree) metrics() (names, labels found) {
	speaks := map[string]bool{}
	for file, f := range code {
		for _, spec := range f.Imports {
			if strings.Contains(spec.Path.Value, "prometheus/client_golang/prometheus\"") {
				speaks[file] = true
			}
		}
	}
	code.each(func(file, function string, n ast.Node) {
		if !speaks[file] {
			return
		}
		switch n := n.(type) {
		case *ast.BasicLit:
			if s, ok := literal(n); ok && snake.MatchString(s) {
				names.add(s)
			}
		case *ast.KeyValueExpr:
			s, ok := literal(n.Value)
			if key := lastName(n.Key); ok && (key == "Name" || key == "Namespace" || key == "Subsystem") {
				names.add(s)
			}
			if lastName(n.Key) == "ConstLabels" {
				labels.fault("%s, %s: constant labels", file, function)
			}
		case *ast.CallExpr:
			if pkg, name := selected(n.Fun); pkg != "prometheus" || !strings.HasPrefix(name, "New") || !strings.HasSuffix(name, "Vec") {
				return
			}
			list, ok := n.Args[len(n.Args)-1].(*ast.CompositeLit)
			if !ok {
				labels.fault("%s, %s: labels are not written out", file, function)
				return
			}
			for _, e := range list.Elts {
				if s, ok := literal(e); ok {
					labels.add(s)
				} else {
					labels.fault("%s, %s: a label is not written out", file, function)
				}
			}
		}
	})
	return names, labels
}

// A typeName is a struct of the module: its folder and its name.
type typeName struct{ dir, name string }

func (n typeName) String() string { return packageOf(n.dir+"/x") + "." + n.name }

// leaves are structs that are written as one value.
var leaves = []typeName{{".", "Address"}, {"privacy", "SealedValue"}, {"privacy", "IndexToken"}}

// fields finds the fields of the given structs and of every struct of the
// module that they hold, as package.Type.Field.
func (code tree) fields(roots ...typeName) (f found) {
	type definition struct {
		*ast.StructType
		in *ast.File
	}
	structs := map[typeName][]definition{}
	for file, parsed := range code {
		for _, d := range parsed.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				if ts, ok := spec.(*ast.TypeSpec); ok {
					if s, ok := ts.Type.(*ast.StructType); ok {
						n := typeName{path.Dir(file), ts.Name.Name}
						structs[n] = append(structs[n], definition{s, parsed})
					}
				}
			}
		}
	}
	seen := map[typeName]bool{}
	for len(roots) > 0 {
		n := roots[0]
		roots = roots[1:]
		if seen[n] || slices.Contains(leaves, n) {
			continue
		}
		seen[n] = true
		if structs[n] == nil {
			f.fault("there is no struct %s in %s", n.name, n.dir)
		}
		for _, d := range structs[n] {
			for _, field := range d.Fields.List {
				ids := field.Names
				if len(ids) == 0 {
					ids = []*ast.Ident{{Name: lastName(field.Type)}} // embedded
				}
				for _, id := range ids {
					f.add(n.String() + "." + id.Name)
				}
				ast.Inspect(field.Type, func(e ast.Node) bool {
					held := typeName{}
					switch e := e.(type) {
					case *ast.SelectorExpr:
						pkg, name := selected(e)
						held = typeName{importedAs(d.in, pkg), name}
					case *ast.Ident:
						held = typeName{n.dir, e.Name}
					}
					if structs[held] != nil {
						roots = append(roots, held)
					}
					_, ok := e.(*ast.SelectorExpr)
					return !ok
				})
			}
		}
	}
	return f
}

// sealedFields finds, among the fields of the given structs and of every struct
// that they hold, those whose type is a sealed value.
func (code tree) sealedFields(roots ...typeName) (names []string) {
	all := code.fields(roots...).names
	for file, parsed := range code {
		for _, d := range parsed.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				ts, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				s, ok := ts.Type.(*ast.StructType)
				if !ok {
					continue
				}
				for _, field := range s.Fields.List {
					sealed := false
					ast.Inspect(field.Type, func(e ast.Node) bool {
						x, ok := e.(*ast.SelectorExpr)
						if ok {
							pkg, name := selected(x)
							sealed = sealed || pkg == "privacy" && name == "SealedValue"
						}
						return !ok
					})
					if !sealed {
						continue
					}
					for _, id := range field.Names {
						if name := packageOf(file) + "." + ts.Name.Name + "." + id.Name; slices.Contains(all, name) {
							names = append(names, name)
						}
					}
				}
			}
		}
	}
	return names
}

// importedAs finds the folder of a package of the module by its name in a file.
func importedAs(f *ast.File, name string) string {
	for _, spec := range f.Imports {
		imp, _ := strconv.Unquote(spec.Path.Value)
		local := path.Base(imp)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		if local != name {
			continue
		}
		if imp == "rem" {
			return "."
		}
		if dir, ok := strings.CutPrefix(imp, "rem/"); ok {
			return dir
		}
	}
	return "not of the module"
}

// jsonFields finds, in the files of a folder, the JSON fields of every struct,
// as Type.field; those of a struct without a name are function.field.
func (code tree) jsonFields(dir string) (f found) {
	code.each(func(file, function string, n ast.Node) {
		if path.Dir(file) != dir {
			return
		}
		owner := function
		if ts, ok := n.(*ast.TypeSpec); ok {
			owner, n = ts.Name.Name, ts.Type
		} else if function == "" {
			return // a named struct, which was met with its name
		}
		s, ok := n.(*ast.StructType)
		if !ok {
			return
		}
		for _, field := range s.Fields.List {
			if field.Tag == nil {
				continue
			}
			tag, _ := strconv.Unquote(field.Tag.Value)
			for part := range strings.FieldsSeq(tag) {
				if name, ok := strings.CutPrefix(part, `json:"`); ok {
					name, _, _ = strings.Cut(strings.TrimSuffix(name, `"`), ",")
					f.add(owner + "." + name)
				}
			}
		}
	})
	return f
}

// constants finds the constants of a file whose names begin so.
func (code tree) constants(file, prefix string) (f found) {
	if code[file] == nil {
		f.fault("there is no file %s", file)
		return f
	}
	for _, d := range code[file].Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			for i, id := range v.Names {
				if strings.HasPrefix(id.Name, prefix) && i < len(v.Values) {
					f.add(strings.Trim(v.Values[i].(*ast.BasicLit).Value, "'"))
				}
			}
		}
	}
	return f
}
