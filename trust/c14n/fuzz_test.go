package c14n_test

import (
	"bytes"
	"testing"

	"rem/trust/c14n"
	"rem/trust/strictxml"
)

// FuzzCanonicalise shows that a canonical form is one: it is read again, and
// everything read from it has the forms that it had before, by every method.
// Every element's exclusive form is one too, and IsCanonical tells the truth.
func FuzzCanonicalise(f *testing.F) {
	for _, s := range []string{
		"<a></a>",
		"<!--1--><a b='&quot;&#13;&#10;'>&#13;\r\n<![CDATA[<]]>></a><!--2-->",
		"<p:a xmlns:p='urn:p'><b xmlns:p='urn:q'><p:c xmlns:p='urn:p' p:d='1'/></b></p:a>",
		"<a xmlns='urn:d'><p:b xmlns:p='urn:p' xmlns=''><c xmlns='urn:d'/></p:b></a>",
		"<a xml:base='b/' xml:lang='tr'><c xml:base='../d' xml:id='i'/></a>",
		"<a z='1' xml:lang='tr' xmlns:q='urn:1' q:a='2' xmlns:p='urn:2' p:b='3' a='4'/>",
		"<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
		"<a xmlns='urn:&amp;&quot;'>x<!-- \r -->y</a>",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		d, err := strictxml.Parse(src, strictxml.Limits{MaxBytes: 1 << 14, MaxElements: 64, MaxAttributes: 16})
		if err != nil {
			return
		}
		// A form may be longer than its source, and its start tags fuller.
		wide := strictxml.Limits{MaxBytes: 1 << 22, MaxAttributes: 256}
		form := func(d *strictxml.Document, m c14n.Method) []byte {
			b, err := c14n.AppendDocument(nil, d, m, c14n.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		again, err := strictxml.Parse(form(d, c14n.InclusiveWithComments), wide)
		if err != nil {
			t.Fatalf("a canonical form is not read: %v\n%s", err, form(d, c14n.InclusiveWithComments))
		}
		for _, m := range methods {
			before, after := form(d, m), form(again, m)
			if !bytes.Equal(before, after) {
				t.Fatalf("%s:\nbefore %q\nafter  %q", m, before, after)
			}
			once, err := strictxml.Parse(before, wide)
			if err != nil {
				t.Fatalf("%s: a canonical form is not read: %v\n%s", m, err, before)
			}
			if twice := form(once, m); !bytes.Equal(twice, before) {
				t.Fatalf("%s:\nonce  %q\ntwice %q", m, before, twice)
			}
			if !c14n.IsCanonical(once, once.Root, m, c14n.Options{}) {
				t.Fatalf("%s: IsCanonical denies %q", m, before)
			}
		}
		var walk func(e *strictxml.Element)
		walk = func(e *strictxml.Element) {
			for _, m := range methods {
				b, err := c14n.Append(nil, e, m, c14n.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if got, want := c14n.IsCanonical(d, e, m, c14n.Options{}), bytes.Equal(b, src[e.Start:e.End]); got != want {
					t.Fatalf("%s: IsCanonical gives %v for %q, whose form is %q", m, got, src[e.Start:e.End], b)
				}
				if m != c14n.ExclusiveWithComments {
					continue
				}
				alone, err := strictxml.Parse(b, wide)
				if err != nil {
					t.Fatalf("the form of an element is not read: %v\n%s", err, b)
				}
				if c, err := c14n.Append(nil, alone.Root, m, c14n.Options{}); err != nil || !bytes.Equal(b, c) {
					t.Fatalf("in its document %q\nalone           %q", b, c)
				}
			}
			for c := range e.ChildElements() {
				walk(c)
			}
		}
		walk(d.Root)
	})
}
