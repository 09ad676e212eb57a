package strictxml_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rem/trust/strictxml"
)

func parse(t *testing.T, src string) *strictxml.Document {
	t.Helper()
	d, err := strictxml.Parse([]byte(src), strictxml.Limits{})
	if err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	return d
}

// AT-17, AT-18: each of these is read differently by two readers in the field,
// or costs more than it should. The rule and the place are part of the answer.
func TestWhatTwoReadersCouldReadDifferentlyIsRefused(t *testing.T) {
	const p = `xmlns:p="urn:p"`
	tests := []struct {
		name, src string
		rule      strictxml.Rule
		offset    int
	}{
		{"document type", `<!DOCTYPE a><a/>`, strictxml.Doctype, 0},
		{"document type after the XML declaration", `<?xml version="1.0"?><!DOCTYPE a><a/>`, strictxml.Doctype, 21},
		{"document type with an external entity", `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`, strictxml.Doctype, 0},
		{"document type inside the root", `<a><!DOCTYPE a></a>`, strictxml.Doctype, 3},
		{"document type after the root", `<a/><!DOCTYPE a>`, strictxml.Doctype, 4},
		{"document type in small letters", `<!doctype a><a/>`, strictxml.BadName, 1},
		{"processing instruction before the root", `<?x y?><a/>`, strictxml.ProcessingInstruction, 0},
		{"processing instruction in the root", `<a><?x y?></a>`, strictxml.ProcessingInstruction, 3},
		{"processing instruction after the root", `<a/><?x y?>`, strictxml.ProcessingInstruction, 4},
		{"style sheet", `<?xml-stylesheet href="x"?><a/>`, strictxml.ProcessingInstruction, 0},
		{"XML declaration after white space", ` <?xml version="1.0"?><a/>`, strictxml.ProcessingInstruction, 1},
		{"XML declaration twice", `<?xml version="1.0"?><?xml version="1.0"?><a/>`, strictxml.ProcessingInstruction, 21},
		{"XML declaration in the root", `<a><?xml version="1.0"?></a>`, strictxml.ProcessingInstruction, 3},

		{"XML 1.1", `<?xml version="1.1"?><a/>`, strictxml.BadDeclaration, 19},
		{"no version", `<?xml encoding="UTF-8"?><a/>`, strictxml.BadDeclaration, 5},
		{"ISO 8859-9", `<?xml version="1.0" encoding="ISO-8859-9"?><a/>`, strictxml.BadDeclaration, 41},
		{"UTF-16 by its declaration", `<?xml version="1.0" encoding="UTF-16"?><a/>`, strictxml.BadDeclaration, 37},
		{"encoding before version", `<?xml encoding="UTF-8" version="1.0"?><a/>`, strictxml.BadDeclaration, 5},
		{"standalone perhaps", `<?xml version="1.0" standalone="perhaps"?><a/>`, strictxml.BadDeclaration, 40},
		{"encoding after standalone", `<?xml version="1.0" standalone="yes" encoding="UTF-8"?><a/>`, strictxml.BadDeclaration, 37},
		{"unknown part of the XML declaration", `<?xml version="1.0" x="y"?><a/>`, strictxml.BadDeclaration, 20},
		{"no space in the XML declaration", `<?xml version="1.0"encoding="UTF-8"?><a/>`, strictxml.BadDeclaration, 19},
		{"XML declaration that does not end", `<?xml version="1.0"`, strictxml.BadDeclaration, 19},
		{"version without its end quote", `<?xml version="1.0`, strictxml.BadDeclaration, 5},

		{"attribute twice", `<a b="1" b="1"/>`, strictxml.AttributeAgain, 0},
		{"attribute twice by another prefix", `<a xmlns:p="urn:x" xmlns:q="urn:x" p:b="1" q:b="2"/>`, strictxml.AttributeAgain, 0},
		{"declaration twice", `<a xmlns:p="urn:x" xmlns:p="urn:x"/>`, strictxml.DeclarationAgain, 0},
		{"default declaration twice", `<a xmlns="urn:x" xmlns="urn:y"/>`, strictxml.DeclarationAgain, 0},
		{"Id twice", `<a Id="x"><b Id="x"/></a>`, strictxml.IdentifierAgain, 10},
		{"Id and ID", `<a Id="x"><b ID="x"/></a>`, strictxml.IdentifierAgain, 10},
		{"id and xml:id", `<a id="x"><b xml:id="x"/></a>`, strictxml.IdentifierAgain, 10},
		{"Id twice through a reference", `<a Id="x"><b Id="&#x78;"/></a>`, strictxml.IdentifierAgain, 10},
		{"two identifiers on one element", `<a Id="x" id="y"/>`, strictxml.IdentifierAgain, 0},
		{"xml:id that is no name", `<a xml:id="1"/>`, strictxml.BadIdentifier, 0},
		{"empty xml:id", `<a xml:id=""/>`, strictxml.BadIdentifier, 0},
		{"xml:id with a colon", `<a xml:id="a:b"/>`, strictxml.BadIdentifier, 0},

		{"lone continuation byte", "<a>\x80</a>", strictxml.NotUTF8, 3},
		{"overlong slash", "<a>\xC0\xAF</a>", strictxml.NotUTF8, 3},
		{"surrogate", "<a>\xED\xA0\x80</a>", strictxml.NotUTF8, 3},
		{"beyond Unicode", "<a>\xF4\x90\x80\x80</a>", strictxml.NotUTF8, 3},
		{"cut short", "<a/><!--\xC3", strictxml.NotUTF8, 8},
		{"UTF-16", "\xFF\xFE<\x00a\x00/\x00>\x00", strictxml.BadCharacter, 3},
		{"ISO 8859-9 without saying so", "<a>\xFD\xFE</a>", strictxml.NotUTF8, 3},
		{"a replacement character is fine, what follows is not", "<a>\uFFFD\xFF</a>", strictxml.NotUTF8, 6},
		{"NUL", "<a>\x00</a>", strictxml.BadCharacter, 3},
		{"NUL after the root", "<a/>\x00", strictxml.BadCharacter, 4},
		{"escape", "<a>\x1B</a>", strictxml.BadCharacter, 3},
		{"unit separator, in the last of eight bytes", "<a>1234\x1F</a>", strictxml.BadCharacter, 7},
		{"form feed as white space", "<a\fb=\"1\"/>", strictxml.BadCharacter, 2},
		{"U+FFFE", "<a>\uFFFE</a>", strictxml.BadCharacter, 3},
		{"U+FFFF", "<a b=\"\uFFFF\"/>", strictxml.BadCharacter, 6},
		{"byte order mark twice", "\uFEFF\uFEFF<a/>", strictxml.OutsideRoot, 3},

		{"NUL by reference", `<a>&#0;</a>`, strictxml.BadReference, 3},
		{"U+FFFF by reference", `<a>&#xFFFF;</a>`, strictxml.BadReference, 3},
		{"surrogate by reference", `<a>&#xD800;</a>`, strictxml.BadReference, 3},
		{"beyond Unicode by reference", `<a>&#x110000;</a>`, strictxml.BadReference, 3},
		{"beyond 64 bits by reference", `<a>&#x10000000000000041;</a>`, strictxml.BadReference, 3},
		{"reference without digits", `<a>&#;</a>`, strictxml.BadReference, 3},
		{"reference without hexadecimal digits", `<a>&#x;</a>`, strictxml.BadReference, 3},
		{"capital X", `<a>&#X41;</a>`, strictxml.BadReference, 3},
		{"hexadecimal digit in a decimal", `<a>&#4A;</a>`, strictxml.BadReference, 3},
		{"signed number", `<a>&#+65;</a>`, strictxml.BadReference, 3},
		{"reference that does not end", `<a>&lt</a>`, strictxml.BadReference, 3},
		{"number that does not end", `<a>&#65</a>`, strictxml.BadReference, 3},
		{"entity of HTML", `<a>&nbsp;</a>`, strictxml.BadReference, 3},
		{"entity of our own", `<a b="&x;"/>`, strictxml.BadReference, 6},
		{"lone ampersand", `<a>R & D</a>`, strictxml.BadReference, 5},

		{"]]> in text", `<a>x]]>y</a>`, strictxml.CDATAEndInText, 4},
		{"]]> after a CDATA section", `<a><![CDATA[x]]>]]></a>`, strictxml.CDATAEndInText, 16},
		{"CDATA that does not end", `<a><![CDATA[x</a>`, strictxml.BadCDATA, 12},
		{"CDATA outside the root", `<a/><![CDATA[x]]>`, strictxml.OutsideRoot, 4},
		{"cdata in small letters", `<a><![cdata[x]]></a>`, strictxml.BadMarkup, 3},
		{"-- in a comment", `<a><!-- x -- y --></a>`, strictxml.BadComment, 10},
		{"comment that ends in --->", `<a><!-- x ---></a>`, strictxml.BadComment, 10},
		{"comment that does not end", `<a><!-- x </a>`, strictxml.BadComment, 7},
		{"comment of one hyphen", `<!--->-<a/>`, strictxml.BadComment, 4},
		{"conditional section", `<a><![INCLUDE[x]]></a>`, strictxml.BadMarkup, 3},

		{"< in a value", `<a b="<"/>`, strictxml.BadAttribute, 6},
		{"value without quotes", `<a b=1/>`, strictxml.BadAttribute, 5},
		{"value without its end quote", `<a b="1/>`, strictxml.BadAttribute, 9},
		{"attribute without a value", `<a b/>`, strictxml.BadAttribute, 4},
		{"attributes side by side", `<a b="1"c="2"/>`, strictxml.BadAttribute, 8},
		{"space in an empty tag's end", `<a / >`, strictxml.BadMarkup, 3},
		{"tag that does not end", `<a b="1"`, strictxml.BadMarkup, 8},

		{"unbound prefix", `<p:a/>`, strictxml.PrefixUnbound, 0},
		{"unbound prefix of an attribute", `<a p:b="1"/>`, strictxml.PrefixUnbound, 0},
		{"prefix bound by a sibling", `<a><b ` + p + `/><p:c/></a>`, strictxml.PrefixUnbound, 23},
		{"prefix bound to nothing", `<a xmlns:p=""/>`, strictxml.PrefixUndeclared, 0},
		{"relative namespace name", `<a xmlns="x"/>`, strictxml.RelativeNamespace, 0},
		{"relative namespace name with a slash before its colon", `<a xmlns="a/b:c"/>`, strictxml.RelativeNamespace, 0},
		{"namespace name with a space", `<a xmlns="urn:x y"/>`, strictxml.RelativeNamespace, 0},
		{"namespace name that begins with its colon", `<a xmlns=":x"/>`, strictxml.RelativeNamespace, 0},
		{"xml bound to another namespace", `<a xmlns:xml="urn:x"/>`, strictxml.ReservedNamespace, 0},
		{"another prefix for xml's namespace", `<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>`, strictxml.ReservedNamespace, 0},
		{"xml's namespace as the default", `<a xmlns="http://www.w3.org/XML/1998/namespace"/>`, strictxml.ReservedNamespace, 0},
		{"xmlns declared", `<a xmlns:xmlns="http://www.w3.org/2000/xmlns/"/>`, strictxml.ReservedNamespace, 0},
		{"prefix for xmlns's namespace", `<a xmlns:p="http://www.w3.org/2000/xmlns/"/>`, strictxml.ReservedNamespace, 0},
		{"element of prefix xmlns", `<xmlns:a/>`, strictxml.ReservedNamespace, 0},
		{"element of prefix xml", `<xml:a/>`, strictxml.ReservedNamespace, 0},

		{"two colons", `<a:b:c ` + p + `/>`, strictxml.BadName, 1},
		{"colon at the start", `<:a/>`, strictxml.BadName, 1},
		{"colon at the end", `<p: ` + p + `/>`, strictxml.BadName, 1},
		{"declaration of no prefix", `<a xmlns:="urn:x"/>`, strictxml.BadName, 3},
		{"name that begins with a digit", `<1/>`, strictxml.BadName, 1},
		{"local part that begins with a digit", `<p:1 ` + p + `/>`, strictxml.BadName, 1},
		{"name that begins with a combining mark", "<\u0301a/>", strictxml.BadName, 1},
		{"no name", `< a/>`, strictxml.BadName, 1},
		{"name with a multiplication sign", "<a\u00D7/>", strictxml.BadAttribute, 2},
		{"name in another normalisation form", "<e\u0301/>", strictxml.NameNotNFC, 1},
		{"attribute name in another normalisation form", "<a e\u0301=\"1\"/>", strictxml.NameNotNFC, 3},

		{"nothing", ``, strictxml.NoRoot, 0},
		{"white space alone", " \n", strictxml.NoRoot, 2},
		{"a comment alone", `<!-- x -->`, strictxml.NoRoot, 10},
		{"two roots", `<a/><b/>`, strictxml.OutsideRoot, 4},
		{"text before the root", `x<a/>`, strictxml.OutsideRoot, 0},
		{"text after the root", `<a/>x`, strictxml.OutsideRoot, 4},
		{"reference after the root", `<a/>&#32;`, strictxml.OutsideRoot, 4},
		{"no-break space after the root", "<a/>\u00A0", strictxml.OutsideRoot, 4},
		{"root without its end", `<a>`, strictxml.Unclosed, 0},
		{"child without its end", `<a><b>x`, strictxml.Unclosed, 3},
		{"child without its end after a CDATA section", `<a><b><![CDATA[x]]>`, strictxml.Unclosed, 3},
		{"< at the end", `<a><`, strictxml.BadMarkup, 3},
		{"end tag of another element", `<a><b></a></b>`, strictxml.MismatchedEnd, 6},
		{"end tag of a longer name", `<a></ab>`, strictxml.MismatchedEnd, 3},
		{"end tag by another prefix", `<p:a xmlns:p="urn:x" xmlns:q="urn:x"></q:a>`, strictxml.MismatchedEnd, 37},
		{"end tag with an attribute", `<a></a b="1">`, strictxml.BadMarkup, 7},
		{"end tag with a space before its name", `<a></ a>`, strictxml.MismatchedEnd, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, err := strictxml.Parse([]byte(test.src), strictxml.Limits{})
			e, ok := errors.AsType[*strictxml.Error](err)
			if !ok {
				t.Fatalf("%q: got document %v, error %v; want an *Error", test.src, d, err)
			}
			if e.Rule != test.rule || e.Offset != test.offset {
				t.Errorf("%q:\n got %v\nwant %v", test.src, e, &strictxml.Error{Rule: test.rule, Offset: test.offset})
			}
		})
	}
}

// outline writes a tree without any of the code under test for canonical XML:
// expanded names, values quoted, and every node by itself.
func outline(e *strictxml.Element) string {
	var b strings.Builder
	fmt.Fprintf(&b, "{%s}%s", e.Space, e.Local)
	for _, a := range e.Attrs {
		fmt.Fprintf(&b, " {%s}%s=%q", a.Space, a.Local, a.Value)
	}
	b.WriteByte('(')
	for i, n := range e.Children {
		if i > 0 {
			b.WriteByte(' ')
		}
		switch n.Kind {
		case strictxml.ElementNode:
			b.WriteString(outline(n.Element))
		case strictxml.TextNode:
			fmt.Fprintf(&b, "%q", n.Text)
		case strictxml.CommentNode:
			fmt.Fprintf(&b, "!%q", n.Text)
		}
	}
	b.WriteByte(')')
	return b.String()
}

func TestDocumentsHaveOneMeaning(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"empty", `<a/>`, `{}a()`},
		{"start and end", `<a></a>`, `{}a()`},
		{"white space in tags", "<a\r\n\tb = '1'\n></a\n>", `{}a {}b="1"()`},
		{"byte order mark", "\uFEFF<?xml version='1.0' encoding='utf-8' standalone='no' ?>\r\n<a/>", `{}a()`},
		{"declaration without a break", `<?xml version = "1.0"?><a/>`, `{}a()`},
		{"comments and white space around the root", "<!--x-->\n<a/>\r\n<!--y--> ", `{}a()`},

		{"line ends (XML 1.0 2.11)", "<a>1\r\n2\r3\n\r4\r\r\n5</a>", `{}a("1\n2\n3\n\n4\n\n5")`},
		{"line ends in CDATA", "<a><![CDATA[1\r\n2\r]]></a>", `{}a("1\n2\n")`},
		{"line ends in comments", "<a><!--1\r\n2\r--></a>", `{}a(!"1\n2\n")`},
		{"CR by reference stays", "<a>&#13;\r\n&#xD;</a>", `{}a("\r\n\r")`},
		{"CR LF across a CDATA section's start are two", "<a>\r<![CDATA[\n]]></a>", `{}a("\n\n")`},
		{"values (XML 1.0 3.3.3)", "<a b='\t1\r\n2\r3\n\r4 '/>", `{}a {}b=" 1 2 3  4 "()`},
		{"values keep what came by reference", "<a b='&#9;&#10;&#13; &#x20;'/>", `{}a {}b="\t\n\r  "()`},
		{"values are not trimmed and not collapsed", "<a b='  x  y  '/>", `{}a {}b="  x  y  "()`},
		{"next line and line separator are characters", "<a b='\u0085\u2028'>\u0085\u2028</a>", `{}a {}b="\u0085\u2028"("\u0085\u2028")`},
		{"delete is a character", "<a>\x7F</a>", `{}a("\x7f")`},
		{"both quotes", `<a b='"' c="'"/>`, `{}a {}b="\"" {}c="'"()`},
		{"> in a value", `<a b=">]]>"/>`, `{}a {}b=">]]>"()`},

		{"predefined entities", `<a b="&lt;&gt;&amp;&quot;&apos;">&lt;&gt;&amp;&quot;&apos;</a>`, `{}a {}b="<>&\"'"("<>&\"'")`},
		{"references are not read twice", `<a>&amp;lt;&#38;amp;</a>`, `{}a("&lt;&amp;")`},
		{"references beyond the basic plane", `<a>&#x1F4E7;&#128231;&#x0010FFFF;</a>`, `{}a("📧📧\U0010ffff")`},
		{"leading zeros", `<a>&#000000000000000000000000065;</a>`, `{}a("A")`},
		{"]]> with a reference", `<a>]]&gt;</a>`, `{}a("]]>")`},
		{"CDATA is text", `<a>x<![CDATA[<y>&amp;]]>z<![CDATA[]]></a>`, `{}a("x<y>&amp;z")`},
		{"CDATA with brackets", `<a><![CDATA[]]]]><![CDATA[>]]></a>`, `{}a("]]>")`},
		{"empty CDATA is nothing", `<a><![CDATA[]]></a>`, `{}a()`},
		{"text is not joined across a comment (AT-17)", `<a>user@evil.test<!-- -->.kep.test</a>`, `{}a("user@evil.test" !" " ".kep.test")`},
		{"text is not joined across an element", `<a>x<b/>y</a>`, `{}a("x" {}b() "y")`},
		{"comment with markup", `<a><!--<b>&x;]]>--></a>`, `{}a(!"<b>&x;]]>")`},
		{"comment that begins with a hyphen", `<a><!-- - --></a>`, `{}a(!" - ")`},
		{"empty comment", `<a><!----></a>`, `{}a(!"")`},

		{"default namespace", `<a xmlns="urn:x" b="1"><c/></a>`, `{urn:x}a {}b="1"({urn:x}c())`},
		{"default namespace taken away", `<a xmlns="urn:x"><c xmlns=""/><d/></a>`, `{urn:x}a({}c() {urn:x}d())`},
		{"prefix redeclared", `<p:a xmlns:p="urn:x"><p:b xmlns:p="urn:y" p:c="1"/><p:d/></p:a>`, `{urn:x}a({urn:y}b {urn:y}c="1"() {urn:x}d())`},
		{"declared after use in the tag", `<p:a p:b="1" xmlns:p="urn:x"/>`, `{urn:x}a {urn:x}b="1"()`},
		{"one local name in two namespaces", `<p:a b="1" p:b="2" xmlns:p="urn:x"/>`, `{urn:x}a {}b="1" {urn:x}b="2"()`},
		{"one local name, one in the default namespace", `<a b="1" p:b="2" xmlns="urn:x" xmlns:p="urn:x"/>`, `{urn:x}a {}b="1" {urn:x}b="2"()`},
		{"namespace name by reference", `<a xmlns="urn:&#x78;"/>`, `{urn:x}a()`},
		{"xml is bound", `<a xml:lang="tr"/>`, `{}a {http://www.w3.org/XML/1998/namespace}lang="tr"()`},
		{"xml may be declared as what it is", `<a xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:space="preserve"/>`, `{}a {http://www.w3.org/XML/1998/namespace}space="preserve"()`},
		{"names in Turkish", `<çağrı ünvan="Müdür">ı</çağrı>`, `{}çağrı {}ünvan="Müdür"("ı")`},
		{"names beyond the basic plane", "<\U00010400\u00B7-.0/>", "{}\U00010400\u00B7-.0()"},
		{"many identifiers", `<a>` + identified(40) + `</a>`, `{}a(` + strings.Join(outlined(40), " ") + `)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(outline(parse(t, test.src).Root), test.want); diff != "" {
				t.Errorf("%q (-got +want):\n%s", test.src, diff)
			}
		})
	}
}

func identified(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `<b Id="i%d"/>`, i)
	}
	return b.String()
}

func outlined(n int) (s []string) {
	for i := range n {
		s = append(s, fmt.Sprintf(`{}b {}Id="i%d"()`, i))
	}
	return s
}

func TestElementsAreCutOutOfTheSource(t *testing.T) {
	src := "\uFEFF<?xml version='1.0'?>\n<p:a xmlns:p='urn:x'\n>ğ<b c='1' /><p:d ><![CDATA[</p:d>]]></p:d\t><!--x--></p:a>\n"
	d := parse(t, src)
	got := []string{src[d.Root.Start:d.Root.End]}
	for e := range d.Root.ChildElements() {
		got = append(got, src[e.Start:e.End])
		if e.Parent != d.Root {
			t.Errorf("%s: parent is not the root", e.Local)
		}
	}
	want := []string{
		"<p:a xmlns:p='urn:x'\n>ğ<b c='1' /><p:d ><![CDATA[</p:d>]]></p:d\t><!--x--></p:a>",
		"<b c='1' />",
		"<p:d ><![CDATA[</p:d>]]></p:d\t>",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	if d.Elements != 3 || d.Comments != 1 {
		t.Errorf("got %d elements and %d comments, want 3 and 1", d.Elements, d.Comments)
	}
}

func TestCommentsOutsideTheRootAreKept(t *testing.T) {
	d := parse(t, "<!--1--><!--2--><a/><!--3-->")
	if diff := cmp.Diff(append(d.Before, d.After...), []string{"1", "2", "3"}); diff != "" || len(d.After) != 1 || d.Comments != 3 {
		t.Errorf("got %q before, %q after, %d in all", d.Before, d.After, d.Comments)
	}
}

// AT-16: one identifier, one element, whichever attribute says it.
func TestIdentifiersFindTheirElement(t *testing.T) {
	few := `<a Id="r"><b ID="x"/><c id="y"/><d xml:id="z"/><e xmlns:p="urn:p" p:Id="x"/><f Id=""/></a>`
	many := strings.Replace(few, `</a>`, identified(30)+`</a>`, 1)
	for _, src := range []string{few, many} {
		d := parse(t, src)
		for id, want := range map[string]string{"r": "a", "x": "b", "y": "c", "z": "d"} {
			if e := d.ByID(id); e == nil || e.Local != want {
				t.Errorf("%s: got %v, want element %s", id, e, want)
			}
		}
		for _, id := range []string{"", "X", "none"} {
			if e := d.ByID(id); e != nil {
				t.Errorf("%q: got element %s, want none", id, e.Local)
			}
		}
	}
}

func TestReadingAnElement(t *testing.T) {
	d := parse(t, `<a xmlns="urn:x"><b>1</b><c/><b>2</b><d>x<!----></d><e>x<f/></e></a>`)
	root := d.Root
	if got, _ := root.Child("urn:x", "b").Text(); got != "1" {
		t.Errorf("Child gave %q, want the first", got)
	}
	if e := root.Child("", "b"); e != nil {
		t.Error("Child ignored the namespace")
	}
	if _, err := root.Only("urn:x", "b"); err == nil {
		t.Error("Only accepted two")
	}
	if _, err := root.Only("urn:x", "g"); err == nil {
		t.Error("Only accepted none")
	}
	c, err := root.Only("urn:x", "c")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := c.Text(); text != "" || err != nil {
		t.Errorf("empty element: got %q, %v", text, err)
	}
	for _, name := range []string{"d", "e"} {
		if text, err := root.Child("urn:x", name).Text(); err == nil {
			t.Errorf("%s: got text %q, want an error", name, text)
		}
	}
}

// The characters are looked at many at once; no place in the source escapes.
func TestEveryByteIsLookedAt(t *testing.T) {
	for _, around := range []string{"x", "ğ", "\t"} {
		for length := range 80 {
			text := strings.Repeat(around, length/len(around))
			for at := 0; at <= len(text); at += len(around) {
				for _, c := range []string{"\x00", "\x08", "\x0B", "\x1F", "\x80", "\xFF", "\uFFFE"} {
					src := "<a>" + text[:at] + c + text[at:] + "</a>"
					_, err := strictxml.Parse([]byte(src), strictxml.Limits{})
					e, ok := errors.AsType[*strictxml.Error](err)
					if !ok || e.Offset != len("<a>")+at || e.Rule != strictxml.BadCharacter && e.Rule != strictxml.NotUTF8 {
						t.Fatalf("%q: got %v, want an error at byte %d", src, err, len("<a>")+at)
					}
				}
			}
		}
	}
}
