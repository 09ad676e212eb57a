package c14n_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rem/trust/c14n"
	"rem/trust/strictxml"
)

func parse(t testing.TB, src string) *strictxml.Document {
	t.Helper()
	d, err := strictxml.Parse([]byte(src), strictxml.Limits{})
	if err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	return d
}

// The element of a case is the one whose local name is "apex", or the root.
func apex(d *strictxml.Document) *strictxml.Element {
	var find func(e *strictxml.Element) *strictxml.Element
	find = func(e *strictxml.Element) *strictxml.Element {
		if e.Local == "apex" {
			return e
		}
		for c := range e.ChildElements() {
			if f := find(c); f != nil {
				return f
			}
		}
		return nil
	}
	if e := find(d.Root); e != nil {
		return e
	}
	return d.Root
}

func TestCanonicalForms(t *testing.T) {
	const (
		exc    = c14n.Exclusive
		inc    = c14n.Inclusive
		eleven = c14n.Inclusive11
	)
	tests := []struct {
		name     string
		method   c14n.Method
		prefixes string
		src      string
		want     string
	}{
		{"empty element", exc, "", `<a/>`, `<a></a>`},
		{"white space in tags", exc, "", "<a\n  b = '1'\t></a >", `<a b="1"></a>`},
		{"text is escaped", exc, "", `<a>&lt;&gt;&amp;&quot;&apos;&#13;&#9;` + "\n</a>", "<a>&lt;&gt;&amp;\"'&#xD;\t\n</a>"},
		{"long text is escaped", exc, "", `<a>` + strings.Repeat("x", 100) + `>&#13;&lt;&amp;</a>`, "<a>" + strings.Repeat("x", 100) + "&gt;&#xD;&lt;&amp;</a>"},
		{"values are escaped", exc, "", `<a b='&lt;>&amp;"&apos;&#13;&#9;&#10;'/>`, `<a b="&lt;>&amp;&quot;'&#xD;&#x9;&#xA;"></a>`},
		{"namespace names are escaped", exc, "", `<a xmlns="urn:&amp;"/>`, `<a xmlns="urn:&amp;"></a>`},
		{"CDATA is replaced", exc, "", `<a>x<![CDATA[<&>]]>y</a>`, `<a>x&lt;&amp;&gt;y</a>`},
		{"attributes in order", exc, "",
			`<a p:b="1" c="2" b="3" xmlns:q="urn:1" q:a="4" xmlns:p="urn:2"/>`,
			`<a xmlns:p="urn:2" xmlns:q="urn:1" b="3" c="2" q:a="4" p:b="1"></a>`},
		{"order is by character, not by length or case", exc, "",
			"<a \U00010400='1' \uFB01='2' ab='3' B='4' a='5' a.='6' a-='7'/>",
			"<a B=\"4\" a=\"5\" a-=\"7\" a.=\"6\" ab=\"3\" \uFB01=\"2\" \U00010400=\"1\"></a>"},
		{"xml attributes go by their namespace", exc, "",
			`<a xml:lang="tr" xmlns:p="urn:a" p:b="1" xmlns:q="a:b" q:c="2" z="3"/>`,
			`<a xmlns:p="urn:a" xmlns:q="a:b" z="3" q:c="2" xml:lang="tr" p:b="1"></a>`},

		{"what is not used is not written", exc, "", `<a xmlns:p="urn:p"><p:b/></a>`, `<a><p:b xmlns:p="urn:p"></p:b></a>`},
		{"siblings declare each for itself", exc, "", `<a xmlns:p="urn:p"><p:b/><p:c/></a>`, `<a><p:b xmlns:p="urn:p"></p:b><p:c xmlns:p="urn:p"></p:c></a>`},
		{"what is declared above is not declared again", exc, "", `<p:a xmlns:p="urn:p"><b xmlns:p="urn:p"><p:c/></b></p:a>`, `<p:a xmlns:p="urn:p"><b><p:c></p:c></b></p:a>`},
		{"a prefix bound anew", exc, "", `<p:a xmlns:p="urn:p"><p:b xmlns:p="urn:q"><p:c xmlns:p="urn:p"/></p:b></p:a>`, `<p:a xmlns:p="urn:p"><p:b xmlns:p="urn:q"><p:c xmlns:p="urn:p"></p:c></p:b></p:a>`},
		{"a prefix bound anew and back without use", exc, "", `<p:a xmlns:p="urn:p"><b xmlns:p="urn:q"><p:c xmlns:p="urn:p"/></b></p:a>`, `<p:a xmlns:p="urn:p"><b><p:c></p:c></b></p:a>`},
		{"used by an attribute alone", exc, "", `<a xmlns:p="urn:p"><b p:c="1"/></a>`, `<a><b xmlns:p="urn:p" p:c="1"></b></a>`},
		{"attributes do not use the default namespace", exc, "", `<p:a xmlns="urn:d" xmlns:p="urn:p" b="1"/>`, `<p:a xmlns:p="urn:p" b="1"></p:a>`},
		{"default taken away", exc, "", `<a xmlns="urn:d"><b xmlns=""><c/></b></a>`, `<a xmlns="urn:d"><b xmlns=""><c></c></b></a>`},
		{"default taken away under a prefix", exc, "", `<a xmlns="urn:d"><p:b xmlns:p="urn:p" xmlns=""><c/></p:b></a>`, `<a xmlns="urn:d"><p:b xmlns:p="urn:p"><c xmlns=""></c></p:b></a>`},
		{"default taken away where there is none", exc, "", `<a xmlns=""><b xmlns=""/></a>`, `<a><b></b></a>`},
		{"xml is never declared", exc, "", `<a xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:lang="tr"/>`, `<a xml:lang="tr"></a>`},
		{"apex declares what it uses of its ancestors", exc, "", `<r xmlns="urn:d" xmlns:p="urn:p" xmlns:q="urn:q" xml:lang="tr"><apex p:b="1"><q:c/></apex></r>`, `<apex xmlns="urn:d" xmlns:p="urn:p" p:b="1"><q:c xmlns:q="urn:q"></q:c></apex>`},
		{"apex without a default takes none away", exc, "", `<r xmlns="urn:d"><apex xmlns=""/></r>`, `<apex></apex>`},

		{"prefix of the list, unused", exc, "p", `<r xmlns:p="urn:p" xmlns:q="urn:q"><apex><p:b/></apex></r>`, `<apex xmlns:p="urn:p"><p:b></p:b></apex>`},
		{"prefix of the list, bound anew below", exc, "p", `<apex xmlns:p="urn:p"><b xmlns:p="urn:q"/><c xmlns:p="urn:p"/></apex>`, `<apex xmlns:p="urn:p"><b xmlns:p="urn:q"></b><c></c></apex>`},
		{"default in the list", exc, "#default", `<r xmlns="urn:d"><p:apex xmlns:p="urn:p"><b/></p:apex></r>`, `<p:apex xmlns="urn:d" xmlns:p="urn:p"><b></b></p:apex>`},
		{"default in the list, taken away", exc, "#default p", `<r xmlns="urn:d"><p:apex xmlns:p="urn:p"><p:b xmlns=""><c/></p:b></p:apex></r>`, `<p:apex xmlns="urn:d" xmlns:p="urn:p"><p:b xmlns=""><c></c></p:b></p:apex>`},
		{"default in the list, taken away before the apex", exc, "#default", `<s xmlns="urn:d"><r xmlns=""><apex/></r></s>`, `<apex></apex>`},
		{"prefix of the list that is not bound", exc, "x", `<apex/>`, `<apex></apex>`},

		{"inclusive keeps what is not used", inc, "", `<a xmlns:q="urn:q" xmlns:p="urn:p" xmlns="urn:d"><b/></a>`, `<a xmlns="urn:d" xmlns:p="urn:p" xmlns:q="urn:q"><b></b></a>`},
		{"inclusive drops what is said again", inc, "", `<a xmlns:p="urn:p"><b xmlns:p="urn:p"><c xmlns:p="urn:q"/></b></a>`, `<a xmlns:p="urn:p"><b><c xmlns:p="urn:q"></c></b></a>`},
		{"inclusive apex takes over namespaces", inc, "", `<s xmlns="urn:e" xmlns:p="urn:p"><r xmlns="urn:d" xmlns:q="urn:q"><apex xmlns:p="urn:x"/></r></s>`, `<apex xmlns="urn:d" xmlns:p="urn:x" xmlns:q="urn:q"></apex>`},
		{"inclusive apex under a default taken away", inc, "", `<s xmlns="urn:e"><r xmlns=""><apex><b/></apex></r></s>`, `<apex><b></b></apex>`},
		{"inclusive apex takes over xml attributes", inc, "", `<s xml:lang="en" xml:space="preserve" xml:base="b"><r xml:lang="tr" xml:id="r" xml:other="o"><apex xml:space="default" c="1"/></r></s>`, `<apex c="1" xml:base="b" xml:id="r" xml:lang="tr" xml:other="o" xml:space="default"></apex>`},
		{"xml attributes are not repeated below the apex", inc, "", `<r xml:lang="tr"><apex><b/></apex></r>`, `<apex xml:lang="tr"><b></b></apex>`},

		{"1.1 leaves xml:id and unknown ones", eleven, "", `<s xml:lang="en" xml:space="preserve"><r xml:lang="tr" xml:id="r" xml:other="o"><apex xml:id="x"/></r></s>`, `<apex xml:id="x" xml:lang="tr" xml:space="preserve"></apex>`},
		{"1.1 joins bases", eleven, "", `<s xml:base="http://x.test/a/b"><r xml:base="c/"><apex xml:base="../d"/></r></s>`, `<apex xml:base="http://x.test/a/d"></apex>`},
		{"1.1 takes over a base", eleven, "", `<r xml:base="a/b"><apex/></r>`, `<apex xml:base="a/b"></apex>`},
		{"1.1 keeps a base of its own", eleven, "", `<r><apex xml:base="a/../b"/></r>`, `<apex xml:base="a/../b"></apex>`},
		{"1.1 drops a base that comes to nothing", eleven, "", `<s xml:base="abc/"><r xml:base="../"><apex b="1"/></r></s>`, `<apex b="1"></apex>`},

		{"1.1 drops a base of its own that comes to nothing", eleven, "", `<r xml:base="abc/"><apex xml:base="../"/></r>`, `<apex></apex>`},
		{"1.1 keeps an empty base of its own", eleven, "", `<r><apex xml:base=""/></r>`, `<apex xml:base=""></apex>`},

		{"comments are left out", exc, "", `<a>x<!-- c -->y</a>`, `<a>xy</a>`},
		{"comments are kept", c14n.ExclusiveWithComments, "", "<a>x<!-- c\r\n<&> -->y</a>", "<a>x<!-- c\n<&> -->y</a>"},
		{"comments are kept, inclusive", c14n.InclusiveWithComments, "", `<a><!----></a>`, `<a><!----></a>`},
		{"comments are kept, 1.1", c14n.Inclusive11WithComments, "", `<a><!--x--></a>`, `<a><!--x--></a>`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := parse(t, test.src)
			o := c14n.Options{Prefixes: strings.Fields(test.prefixes)}
			got, err := c14n.Append([]byte("before "), apex(d), test.method, o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(got), "before "+test.want); diff != "" {
				t.Errorf("%s (-got +want):\n%s", test.src, diff)
			}
			if got, want := c14n.IsCanonical(d, apex(d), test.method, o), string(d.Source[apex(d).Start:apex(d).End]) == test.want; got != want {
				t.Errorf("%s: IsCanonical gives %v", test.src, got)
			}
		})
	}
}

// Canonical XML 1.0, 2.3: comments outside the root stand on lines of their own.
func TestCommentsAroundTheRoot(t *testing.T) {
	d := parse(t, "<?xml version='1.0'?>\n<!--1--> <!--2-->\n\n<a/>\n<!--3--><!--4-->\n")
	for method, want := range map[c14n.Method]string{
		c14n.InclusiveWithComments: "<!--1-->\n<!--2-->\n<a></a>\n<!--3-->\n<!--4-->",
		c14n.Inclusive:             "<a></a>",
		c14n.ExclusiveWithComments: "<!--1-->\n<!--2-->\n<a></a>\n<!--3-->\n<!--4-->",
		c14n.Exclusive:             "<a></a>",
	} {
		got, err := c14n.AppendDocument(nil, d, method, c14n.Options{})
		if err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v; want %q", method, got, err, want)
		}
	}
}

func TestOmittedElementsLeaveNothing(t *testing.T) {
	src := `<a xmlns="urn:a">x<s:Signature xmlns:s="urn:s"><a></a></s:Signature>y<b><s:Signature xmlns:s="urn:s"></s:Signature></b></a>`
	d := parse(t, src)
	o := c14n.Options{Omit: func(e *strictxml.Element) bool { return e.Is("urn:s", "Signature") }}
	got, err := c14n.Append(nil, d.Root, c14n.Exclusive, o)
	if want := `<a xmlns="urn:a">xy<b></b></a>`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
	if !c14n.IsCanonical(d, d.Root, c14n.Exclusive, o) {
		t.Error("what is left is canonical, IsCanonical says no")
	}

	// The omitted part need not be canonical, the rest must be.
	for _, test := range []struct {
		src  string
		want bool
	}{
		{`<a>x<s:Signature xmlns:s='urn:s'/>y</a>`, true},
		{`<a>x<s:Signature xmlns:s='urn:s'/>y<b/></a>`, false},
		{`<a>x<![CDATA[]]><s:Signature xmlns:s='urn:s'/>y</a>`, false},
		{`<a>x<!----><s:Signature xmlns:s='urn:s'/>y</a>`, false},
		{`<a >x<s:Signature xmlns:s='urn:s'/>y</a>`, false},
		{`<a>x<s:Signature xmlns:s='urn:s'/>y</a >`, false},
		{`<a>x<s:Signature xmlns:s='urn:s'/><!----></a>`, false},
	} {
		d := parse(t, test.src)
		if got := c14n.IsCanonical(d, d.Root, c14n.Exclusive, o); got != test.want {
			t.Errorf("%s: IsCanonical gives %v", test.src, got)
		}
	}
}

func TestWhatCannotBeCanonicalisedIsAnError(t *testing.T) {
	d := parse(t, `<a></a>`)
	many := make([]string, c14n.MaxPrefixes+1)
	tests := []struct {
		name   string
		method c14n.Method
		o      c14n.Options
		want   error
	}{
		{"no method", "", c14n.Options{}, c14n.ErrMethod},
		{"unknown method", "http://www.w3.org/2010/xml-c14n2", c14n.Options{}, c14n.ErrMethod},
		{"almost a method", c14n.Exclusive + " ", c14n.Options{}, c14n.ErrMethod},
		{"prefixes for an inclusive method", c14n.Inclusive, c14n.Options{Prefixes: []string{"p"}}, c14n.ErrPrefixes},
		{"too many prefixes", c14n.Exclusive, c14n.Options{Prefixes: many}, c14n.ErrPrefixes},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, err := c14n.Append(nil, d.Root, test.method, test.o); !errors.Is(err, test.want) || len(got) > 0 {
				t.Errorf("got %q, %v; want %v", got, err, test.want)
			}
			if got, err := c14n.AppendDocument(nil, d, test.method, test.o); !errors.Is(err, test.want) || len(got) > 0 {
				t.Errorf("document: got %q, %v; want %v", got, err, test.want)
			}
			if c14n.IsCanonical(d, d.Root, test.method, test.o) {
				t.Error("IsCanonical gives true")
			}
		})
	}
}

// Canonical XML 1.1, 2.4: bases of elements that are not written are joined to
// the base of the apex, outermost first. What is relative stays relative, and
// what comes to nothing is not written. The first three are the examples of the
// recommendation.
func TestBasesAreJoined(t *testing.T) {
	tests := []struct {
		bases []string // of the apex last
		want  string
	}{
		{[]string{"abc/", "../"}, ""},
		{[]string{"../", "../"}, "../../"},
		{[]string{"..", ".."}, "../../"},
		{[]string{"test1/somefile1.ext#abc", "test2/somefile2.ext"}, "test1/test2/somefile2.ext"},
		{[]string{"a/b", "c"}, "a/c"},
		{[]string{"a/b/", "c"}, "a/b/c"},
		{[]string{"a/b/", "../c/./d"}, "a/c/d"},
		{[]string{"a/b/", "."}, "a/b/"},
		{[]string{"a/b/", ".."}, "a/"},
		{[]string{"a/b/", "../../.."}, "../"},
		{[]string{"a", "b", "c"}, "c"},
		{[]string{"../a/", "../../b"}, "../../b"},
		{[]string{"/a/b", "../../c"}, "/c"},
		{[]string{"/a", ".."}, "/"},
		{[]string{"a//b/", "c"}, "a/b/c"},
		{[]string{"http://x.test/a/b?c#d", "e"}, "http://x.test/a/e"},
		{[]string{"http://x.test/a/b?c#d", "?e"}, "http://x.test/a/b?e"},
		{[]string{"http://x.test/a/b?c#d", ""}, "http://x.test/a/b?c"},
		{[]string{"http://x.test/a/b", "/c/../d"}, "http://x.test/d"},
		{[]string{"http://x.test/a/b", "//y.test/c"}, "http://y.test/c"},
		{[]string{"http://x.test/a/b", "urn:c"}, "urn:c"},
		{[]string{"http://x.test", "a"}, "http://x.test/a"},
		{[]string{"http://x.test", ".."}, "http://x.test/"},
		{[]string{"//x.test/a", "b"}, "//x.test/b"},
		{[]string{"a", "http://x.test/b/../c"}, "http://x.test/c"},
		{[]string{"a/", "b/../c"}, "a/c"},
		{[]string{"b/../c"}, "b/../c"},
	}
	for _, test := range tests {
		src := `<apex xml:base="` + test.bases[len(test.bases)-1] + `"/>`
		for i := len(test.bases) - 2; i >= 0; i-- {
			src = `<r xml:base="` + test.bases[i] + `"><between>` + src + `</between></r>`
		}
		want := `<apex xml:base="` + test.want + `"></apex>`
		if test.want == "" {
			want = `<apex></apex>`
		}
		got, err := c14n.Append(nil, apex(parse(t, src)), c14n.Inclusive11, c14n.Options{})
		if err != nil || string(got) != want {
			t.Errorf("%q: got %s, %v; want %s", test.bases, got, err, want)
		}
	}
}
