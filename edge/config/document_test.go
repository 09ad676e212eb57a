package config

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

//go:generate go test -run TestDocumentIsFresh -update .

var update = flag.Bool("update", false, "write docs/operations/config.md")

const documentFile = "../../docs/operations/config.md"

const documentHead = `# Configuration

Made from the field comments of ` + "`edge/config/config.go`" + ` by ` + "`go generate ./edge/config`" + `; change them there.

One YAML file, read strictly: a field that does not exist is an error with its line. A field that is absent has its default; one without a default is needed or may stay empty, as its text says.
Paths are relative to the file's folder. Durations are written as ` + "`90s`, `30m`, `24h`" + `. ` + "`remd check-config -c remd.yaml`" + ` names every fault at once and shows what would run;
a new value takes effect at the next start.
`

// TestDocumentIsFresh compares docs/operations/config.md with the comments and
// the defaults of Config.
func TestDocumentIsFresh(t *testing.T) {
	got := document(t)
	if *update {
		if err := os.WriteFile(documentFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is stale, run go generate ./edge/config (-file +fields):\n%s", documentFile, diff)
	}
}

// A described struct is a type's comment and those of its fields.
type described struct {
	doc    string
	fields map[string]string
}

func document(t *testing.T) []byte {
	f, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]described{}
	for _, decl := range f.Decls {
		g, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			ts, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			if s, ok := ts.Type.(*ast.StructType); ok {
				types[ts.Name.Name] = described{oneLine(g.Doc), comments(s)}
			}
		}
	}
	var b bytes.Buffer
	b.WriteString(documentHead)
	section(t, &b, types, "", "Config", reflect.ValueOf(*defaults()))
	return b.Bytes()
}

// comments gives the comment of each field. Fields that stand together share
// that of the first.
func comments(s *ast.StructType) map[string]string {
	m, last := map[string]string{}, ""
	for _, f := range s.Fields.List {
		if f.Doc != nil {
			last = oneLine(f.Doc)
		}
		for _, n := range f.Names {
			m[n.Name] = last
		}
	}
	return m
}

func oneLine(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }

// section writes the fields of one struct, then those of the structs in it.
func section(t *testing.T, b *bytes.Buffer, types map[string]described, path, name string, v reflect.Value) {
	d, ok := types[name]
	if !ok {
		t.Fatalf("config.go has no type %s", name)
	}
	heading := "The file"
	if path != "" {
		heading = "`" + path + "`"
	}
	fmt.Fprintf(b, "\n## %s\n\n| field | value | default | what it is |\n| --- | --- | --- | --- |\n", heading)
	type deeper struct {
		path, name string
		v          reflect.Value
	}
	var below []deeper
	for i := range v.NumField() {
		field := v.Type().Field(i)
		key := field.Tag.Get("yaml")
		text := d.fields[field.Name]
		if text == "" {
			text = d.doc // what the fields are, the type's comment says
		}
		kind, given := kindOf(field.Type), defaultOf(v.Field(i))
		switch t := field.Type; {
		case t.Kind() == reflect.Struct:
			below = append(below, deeper{join(path, key), t.Name(), v.Field(i)})
		case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
			below = append(below, deeper{join(path, key) + "[]", t.Elem().Name(), reflect.Zero(t.Elem())})
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", key, kind, given, strings.ReplaceAll(text, "|", `\|`))
	}
	described := map[string]bool{}
	for _, s := range below {
		// The three key pairs are described once, with the first.
		if described[s.name] && s.name == "KeyPair" {
			continue
		}
		described[s.name] = true
		if s.name == "KeyPair" {
			s.path = "operation`, `submissionTLS` and `relayTLS"
		}
		section(t, b, types, s.path, s.name, s.v)
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func kindOf(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "duration"
	case t.Kind() == reflect.Struct:
		return "fields"
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return "list of fields"
	case t.Kind() == reflect.Slice:
		return "list of text"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.String:
		return "text"
	}
	return "number"
}

func defaultOf(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.Struct || v.IsZero() && v.Kind() != reflect.Bool && v.Type() != reflect.TypeFor[time.Duration]():
		return ""
	case v.Kind() == reflect.Slice:
		return "`" + strings.Trim(fmt.Sprint(v.Interface()), "[]") + "`"
	}
	return fmt.Sprintf("`%v`", v.Interface())
}
