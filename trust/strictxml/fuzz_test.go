package strictxml_test

import (
	"bytes"
	"errors"
	"testing"
	"unicode/utf8"

	"rem/trust/strictxml"
)

// FuzzParse shows that reading ends, without a panic, in a tree that keeps what
// the package promises of it, or in an error that says where.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"<a/>",
		"\uFEFF<?xml version='1.0' encoding='UTF-8'?>\r\n<!--1--><a><b c='&lt;&#13;\r\n'/></a><!--2-->\n",
		"<p:a xmlns:p='urn:p' xmlns='urn:d' p:b='1' b='2'><c xmlns=''>x<![CDATA[<&>\r]]>y</c></p:a>",
		"<a>user@evil.test<!-- -->.kep.test</a>",
		"<a xml:lang='tr' xml:id='i' xmlns:xml='http://www.w3.org/XML/1998/namespace'><b Id='j'/></a>",
		"<çağrı ünvan='ı'>\U0010FFFF\u0085\u2028]]&gt;</çağrı>",
		"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
		"<a b='1' b='2'/>",
		"<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='1' q:b='2'/>",
		"<a><?x?></a>",
		"<a>]]></a>",
		"<a><!-- -- --></a>",
		"<a>\xED\xA0\x80</a>",
		"<a b='1'",
		"<a><![CDATA[",
		"<a>&#x10000000000000041;</a>",
		"<a:b:c/>",
	} {
		f.Add([]byte(s))
	}
	limits := strictxml.Limits{MaxBytes: 1 << 16, MaxDepth: 16, MaxElements: 256, MaxAttributes: 16}
	f.Fuzz(func(t *testing.T, src []byte) {
		kept := bytes.Clone(src)
		d, err := strictxml.Parse(src, limits)
		if !bytes.Equal(src, kept) {
			t.Fatal("the source was changed")
		}
		if err != nil {
			e, ok := errors.AsType[*strictxml.Error](err)
			if !ok || d != nil || e.Rule == "" || e.Offset < 0 || e.Offset > len(src) {
				t.Fatalf("got document %v, error %#v", d, err)
			}
			return
		}
		if len(src) > limits.MaxBytes || !utf8.Valid(src) || d.Elements > limits.MaxElements {
			t.Fatal("over a limit")
		}
		elements, comments := 0, len(d.Before)+len(d.After)
		ids := map[string]*strictxml.Element{}
		var walk func(e *strictxml.Element, depth int)
		walk = func(e *strictxml.Element, depth int) {
			elements++
			if depth > limits.MaxDepth || len(e.Attrs)+len(e.Decls) > limits.MaxAttributes {
				t.Fatal("over a limit")
			}
			if src[e.Start] != '<' || src[e.End-1] != '>' {
				t.Fatalf("element %s is %q", e.Local, src[e.Start:e.End])
			}
			if e.Prefix != "" && e.Space == "" {
				t.Fatalf("prefix %s is unbound", e.Prefix)
			}
			for i, a := range e.Attrs {
				if (a.Prefix == "") != (a.Space == "") {
					t.Fatalf("attribute %s of prefix %q in namespace %q", a.Local, a.Prefix, a.Space)
				}
				for _, b := range e.Attrs[:i] {
					if a.Local == b.Local && a.Space == b.Space {
						t.Fatalf("attribute %s twice", a.Local)
					}
				}
				if a.Space == "" && (a.Local == "Id" || a.Local == "ID" || a.Local == "id") || a.Space == strictxml.XML && a.Local == "id" {
					if ids[a.Value] != nil {
						t.Fatalf("identifier %q twice", a.Value)
					}
					if ids[a.Value] = e; a.Value != "" && d.ByID(a.Value) != e {
						t.Fatalf("identifier %q does not find its element", a.Value)
					}
				}
			}
			at := e.Start
			var last strictxml.Kind
			for i, n := range e.Children {
				switch n.Kind {
				case strictxml.TextNode:
					if n.Text == "" || i > 0 && last == strictxml.TextNode {
						t.Fatalf("text %q beside text", n.Text)
					}
				case strictxml.CommentNode:
					comments++
				case strictxml.ElementNode:
					if n.Element.Parent != e || n.Element.Start <= at || n.Element.End >= e.End {
						t.Fatal("a child is not within its parent, or not in order")
					}
					at = n.Element.End - 1
					walk(n.Element, depth+1)
				}
				last = n.Kind
			}
		}
		if d.Root.Parent != nil {
			t.Fatal("the root has a parent")
		}
		walk(d.Root, 1)
		if elements != d.Elements || comments != d.Comments {
			t.Fatalf("got %d elements and %d comments, the document says %d and %d", elements, comments, d.Elements, d.Comments)
		}
		if e, err := strictxml.Parse(src, limits); err != nil || outline(e.Root) != outline(d.Root) {
			t.Fatalf("read again, it is another: %v", err)
		}
	})
}
