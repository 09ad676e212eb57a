package html

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
	"pgregory.net/rapid"
)

var allowedAttrs = map[string]string{
	"style": "*", "href": "a", "target": "a", "rel": "a", "data-target": "a", "src": "img", "data-cid": "img", "alt": "img", "width": "img", "height": "img",
	"colspan": "td th", "rowspan": "td th", "start": "ol", "type": "ol", "data-hidden": "mark",
}

// checkBody fails for anything in a body that is not on the list, or could be
// read as something else.
func checkBody(t interface {
	Helper()
	Fatalf(string, ...any)
}, body string) {
	t.Helper()
	if !utf8.ValidString(body) {
		t.Fatalf("not UTF-8: %q", body)
	}
	z := html.NewTokenizer(strings.NewReader(body))
	var stack []string
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(stack) > 0 {
				t.Fatalf("%v stay open in %q", stack, body)
			}
			return
		case html.StartTagToken:
			tok := z.Token()
			e, ok := elements[tok.Data]
			if !ok {
				t.Fatalf("element %s in %q", tok.Data, body)
			}
			for _, a := range tok.Attr {
				if on := allowedAttrs[a.Key]; on == "" || on != "*" && !strings.Contains(" "+on+" ", " "+tok.Data+" ") {
					t.Fatalf("attribute %s of %s in %q", a.Key, tok.Data, body)
				}
				low := strings.ToLower(a.Val)
				switch a.Key {
				case "style":
					if strings.ContainsAny(a.Val, "\\<>\"'()@*&") || strings.Contains(low, "//") {
						t.Fatalf("style %q", a.Val)
					}
				case "href":
					if !strings.HasPrefix(a.Val, "https://") && !strings.HasPrefix(a.Val, "http://") && !strings.HasPrefix(a.Val, "mailto:") {
						t.Fatalf("link to %q", a.Val)
					}
				case "src":
					if !local(a.Val) && !strings.HasPrefix(a.Val, "data:image/png;base64,") && !strings.HasPrefix(a.Val, "data:image/gif;base64,") && !strings.HasPrefix(a.Val, "data:image/jpeg;base64,") && !strings.HasPrefix(a.Val, "cid:") {
						t.Fatalf("picture from %q", a.Val)
					}
				}
			}
			if !e.void {
				stack = append(stack, tok.Data)
			}
		case html.EndTagToken:
			tok := z.Token()
			if len(stack) == 0 || stack[len(stack)-1] != tok.Data {
				t.Fatalf("the end of %s, where %v are open, in %q", tok.Data, stack, body)
			}
			stack = stack[:len(stack)-1]
		case html.CommentToken, html.DoctypeToken, html.SelfClosingTagToken:
			t.Fatalf("%s in %q", z.Raw(), body)
		}
	}
}

func picture(cid string) (string, bool) { return "/parca/" + percent(cid, "&"), len(cid) < 20 }

// checkSafe holds for every input. AT-10.
func checkSafe(t interface {
	Helper()
	Fatalf(string, ...any)
}, in string, o Options) {
	t.Helper()
	p := Safe(in, o)
	checkBody(t, p.Body)
	again := Safe(p.Body, o)
	if again.Body != p.Body {
		t.Fatalf("safe of %q\n is %q\nand safe of that\n    %q", in, p.Body, again.Body)
	}
	if whole := Safe(p.Document, o); whole.Body != p.Body {
		t.Fatalf("safe of the document of %q\n is %q\nand not %q", in, whole.Body, p.Body)
	}
	if strings.ContainsFunc(p.Text, func(r rune) bool { return turns(r) || r < ' ' && r != '\n' && r != '\t' }) {
		t.Fatalf("text %q", p.Text)
	}
	c := ForCompose(in, o)
	checkBody(t, c.HTML)
	if again := ForCompose(c.HTML, o); again.HTML != c.HTML {
		t.Fatalf("composed %q\n is %q\nand that is\n    %q", in, c.HTML, again.HTML)
	}
}

var pieces = []string{
	"<p>", "</p>", "<div>", "</div>", "<b>", "</b>", "<a href=https://a.example/x>", "<a href='javascript:x'>", "</a>", "<table>", "<tr>", "<td>", "</td>", "</tr>", "</table>", "<th colspan=3>",
	"<ul>", "<ol start=2 type=a>", "<li>", "</li>", "</ul>", "<svg>", "</svg>", "<math>", "<style>", "</style>", "<script>", "</script>", "<title>", "</title>", "<textarea>", "</textarea>",
	"<!--", "-->", "<![CDATA[", "]]>", "<?", ">", "<", "&", "&lt;", "&#0;", "&nbsp;", "\u00a0", "<br>", "<br/>", "<hr>", "<img src=cid:a>", "<img src=https://x.example/i alt='x\"y'>", "<mark data-hidden=1>", "<mark>", "</mark>",
	"<p style='display:none'>", "<p style='color:#fff'>", "<span style='font-size:.1em'>", "<span style='font-size:2em'>", "<font color=white size=1>", "</font>", "<div style='background:#000;color:red'>", "</span>", "<body bgcolor=black text=white>", "<center>",
	"<blockquote>", "</blockquote>", "<pre>", "</pre>", "<plaintext>", "<xmp>", "</xmp>", "<noscript>", "</noscript>", "<form action=x>", "<template>", "<dl>", "<dt>", "<dd>", "<caption>", "<thead>", "<tbody>", "<x-y style='color:blue'>", "<o:p>",
	"metin", " ", "\n", "\t", "\u202e", "\u200b", "\u200d", "\xff", "\x00", "\r", "</", "<a", "href=\"", "\"", "'", "`", "=", "/", "<img data-cid=a>", "<select><option>", "<details>", "<marquee>", "<frameset>", "<dialog open>", "<bdo dir=rtl>",
	"<style>.x{display:none}p{color:#fff}</style>", "<p class=x>", "<div style=\"width:300px;padding:5px;border:1px solid\">", "<td background=//x.example bgcolor=#eee width=300>", "<p align=center>", "<img src=\"data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=\">",
}

func TestSafeOfSafeIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 60).Draw(t, "pieces"), "")
		checkSafe(t, in, Options{Links: rapid.Bool().Draw(t, "links"), Picture: picture})
	})
}

func FuzzSafe(f *testing.F) {
	for _, a := range attacks(f) {
		f.Add(a.html)
	}
	for _, p := range pieces {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, in string) { checkSafe(t, in, Options{Links: true, Picture: picture}) })
}

func FuzzHost(f *testing.F) {
	for _, s := range []string{"a.example", "ÖRNEK.com.tr", "xn--80ak6aa.com", "1.2.3.4", "a..b", "\u0430.com", "a_b.example", "ß.example", "a\u200d.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		ascii, _, ok := Host(in)
		if !ok {
			return
		}
		if again, _, ok := Host(ascii); !ok || again != ascii {
			t.Fatalf("%q is %q, and that is %q %v", in, ascii, again, ok)
		}
		if a, ok := link("https://" + ascii + "/"); !ok || a.host != ascii {
			t.Fatalf("%q does not lead to itself: %+v", ascii, a)
		}
	})
}
