package html

import (
	"strings"
	"testing"
)

// AT-10: what is hidden from the reader is found and shown.
func TestHiddenTextIsFoundAndShown(t *testing.T) {
	for name, c := range map[string]string{
		"display":                    `<p style="display:none">GIZLI</p>`,
		"display, escaped":           `<p style="d\69 splay:n\6fne">GIZLI</p>`,
		"display, with a comment":    `<p style="dis/**/play:none;display:/*x*/none">GIZLI</p>`,
		"display, important":         `<p style="DISPLAY: NONE !important">GIZLI</p>`,
		"visibility":                 `<p style="visibility:hidden">GIZLI</p>`,
		"opacity":                    `<p style="opacity:0.01">GIZLI</p>`,
		"opacity of two":             `<div style="opacity:.3"><p style="opacity:.3">GIZLI</p></div>`,
		"font size":                  `<p style="font-size:0">GIZLI</p>`,
		"font size of a pixel":       `<p style="font-size:1px">GIZLI</p>`,
		"font":                       `<p style="font:0/0 a">GIZLI</p>`,
		"font size by parts":         `<div style="font-size:.2em"><p style="font-size:.5em">GIZLI</p></div>`,
		"colour of the paper":        `<p style="color:#fff">GIZLI</p>`,
		"nearly that":                `<p style="color:#fdfdfe">GIZLI</p>`,
		"rgb":                        `<p style="color:rgb(255, 255, 254)">GIZLI</p>`,
		"hsl":                        `<p style="color:hsl(0,0%,100%)">GIZLI</p>`,
		"transparent":                `<p style="color:transparent">GIZLI</p>`,
		"colour of its ground":       `<div style="background:#123456"><p style="color:#123457">GIZLI</p></div>`,
		"font element":               `<table bgcolor=red><tr><td><font color="#ff0000">GIZLI</font></td></tr></table>`,
		"beside the window":          `<p style="position:absolute;left:-9999px">GIZLI</p>`,
		"indented away":              `<p style="text-indent:-999em">GIZLI</p>`,
		"no room":                    `<div style="max-height:0;overflow:hidden">GIZLI</div>`,
		"a pixel of room":            `<div style="width:1px;height:1px;overflow:hidden">GIZLI</div>`,
		"clipped":                    `<p style="position:absolute;clip:rect(0 0 0 0)">GIZLI</p>`,
		"clipped by a path":          `<p style="clip-path:inset(100%)">GIZLI</p>`,
		"made small":                 `<p style="transform:scale(0)">GIZLI</p>`,
		"the attribute":              `<p hidden>GIZLI</p>`,
		"for Outlook":                `<p style="mso-hide:all">GIZLI</p>`,
		"by a sheet":                 `<style>.x{display:none}</style><p class="a x">GIZLI</p>`,
		"by a sheet that follows":    `<p id=y>GIZLI</p><style>#y{visibility:hidden}</style>`,
		"by a sheet, when forwarded": `<style>.moz-text-html>div>.kobold{display:none}</style><p class=kobold>GIZLI</p>`,
		"by a sheet's colour":        `<style>p.w{color:white}</style><p class=w>GIZLI</p>`,
		"in a comment's sheet":       `<style><!-- .x{font-size:0px} --></style><p class=x>GIZLI</p>`,
		"a template":                 `<template>GIZLI</template>`,
		"inside of something hidden": `<div style="display:none"><table><tr><td style="color:#000;font-size:20px">GIZLI</td></tr></table></div>`,
		"a ground that is blocked":   `<td background="https://x.example/y.png"><font color=white>GIZLI</font></td>`,
	} {
		t.Run(name, func(t *testing.T) {
			p := Safe("<p>Sayın Bora</p>"+c, Options{})
			if !p.Has(HiddenText) {
				t.Fatalf("nothing found; body %s", p.Body)
			}
			if !strings.Contains(p.Body, `<mark data-hidden="1">GIZLI</mark>`) {
				t.Errorf("it is not shown: %s", p.Body)
			}
			if !strings.Contains(p.Text, "[gizli metin: GIZLI]") {
				t.Errorf("the plain text is %q", p.Text)
			}
			if got := p.Findings[len(p.Findings)-1]; got.Kind == HiddenText && got.Samples[0] != "GIZLI" {
				t.Errorf("the sample is %q", got.Samples)
			}
		})
	}
}

// What an honest letter does is not found.
func TestTextThatIsSeenIsNotFound(t *testing.T) {
	for name, c := range map[string]string{
		"white on blue":       `<div style="background:#003366"><p style="color:#fff">Görünür</p></div>`,
		"white on a cell":     `<table><tr><td bgcolor="#003366"><font color="#ffffff">Görünür</font></td></tr></table>`,
		"a page of its own":   `<body bgcolor="black" text="white"><p>Görünür</p></body>`,
		"grey":                `<p style="color:#999">Görünür</p>`,
		"small print":         `<p style="font-size:8px">Görünür</p>`,
		"visible again":       `<div style="visibility:hidden"><p style="visibility:visible">Görünür</p></div>`,
		"large in small":      `<div style="font-size:0"><p style="font-size:14px">Görünür</p></div>`,
		"dark inside of dark": `<div style="color:#fff"><div style="background:#000">Görünür</div></div>`,
		"on phones only":      `<style>@media (max-width:600px){.d{display:none}}</style><p class=d>Görünür</p>`,
		"hidden overflow":     `<div style="overflow:hidden;width:600px">Görünür</div>`,
		"red on green":        `<p style="background:#00a000;color:#c00000">Görünür</p>`,
	} {
		t.Run(name, func(t *testing.T) {
			if p := Safe(c, Options{}); len(p.Findings) > 0 || !strings.Contains(p.Text, "Görünür") || strings.Contains(p.Body, "mark") {
				t.Errorf("found %v in %s", p.Findings, p.Body)
			}
		})
	}
}

func TestFindings(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     Kind
		sample   string
	}{
		{"a picture from elsewhere", `<img src="https://iz.example.com/p.gif?u=1" width=1 height=1>`, RemoteContent, "iz.example.com"},
		{"without a scheme", `<img src="//iz.example.com/p.gif">`, RemoteContent, "iz.example.com"},
		{"a ground", `<div style="background:url('https://iz.example.com/b')">`, RemoteContent, "iz.example.com"},
		{"an escaped ground", `<div style="background:u\72l(https://iz.example.com/b)">`, RemoteContent, "iz.example.com"},
		{"a set", `<img srcset="https://iz.example.com/a 1x, https://iz2.example.com/b 2x">`, RemoteContent, "iz.example.com"},
		{"a sheet", `<link rel=stylesheet href="https://iz.example.com/a.css">`, RemoteContent, "iz.example.com"},
		{"an import", `<style>@import "https://iz.example.com/a.css";</style>`, RemoteContent, "iz.example.com"},
		{"a font", `<style>@font-face{font-family:x;src:url(//iz.example.com/f)}</style>`, RemoteContent, "iz.example.com"},
		{"a filter's picture", `<svg><filter><feImage href="https://iz.example.com/x"/></filter></svg>`, RemoteContent, "iz.example.com"},
		{"a script", `<script>alert(1)</script>`, Script, "script"},
		{"a handler", `<p onclick="x()">a</p>`, Script, "onclick"},
		{"a script's address", `<a href="java&#10;script:x()">a</a>`, Script, "javascript"},
		{"a form", `<form action="https://x.example"><input name=p></form>`, Form, "form"},
		{"a refresh", `<meta http-equiv=refresh content="0;url=https://x.example">`, Redirect, ""},
		{"a base", `<base href="https://x.example/">`, Redirect, "base"},
		{"a frame", `<iframe src="https://x.example/"></iframe>`, Embedded, "iframe"},
		{"another host", `<a href="https://kotu.example/giris">https://www.banka.com.tr</a>`, DeceptiveLink, "www.banka.com.tr → kotu.example"},
		{"another host in bold", `<a href="https://kotu.example/"><b>banka</b>.com.tr giriş</a>`, DeceptiveLink, "banka.com.tr → kotu.example"},
		{"a host before the host", `<a href="https://banka.com.tr@kotu.example/">giriş</a>`, DeceptiveLink, "https://banka.com.tr@kotu.example/"},
		{"another address", `<a href="mailto:biri@kotu.example">biri@banka.com.tr</a>`, DeceptiveLink, "biri@banka.com.tr → biri@kotu.example"},
		{"Cyrillic", "<a href=\"https://b\u0430nka.com.tr/\">giriş</a>", OddHost, "xn--bnka-53d.com.tr"},
		{"wholly Cyrillic", "<a href=\"https://\u0430\u0440\u0440\u0435.com/\">giriş</a>", OddHost, "xn--80ak6aa.com"},
		{"data", `<a href="data:text/html,x">a</a>`, OddLink, "data:text/html,x"},
		{"a number", `<a href="http://0x7f000001/">a</a>`, OddLink, "http://0x7f000001/"},
		{"turned", "<p>fatura\u202Efdp.exe</p>", TurnedText, ""},
		{"unseen", "<p>ban\u200bka</p>", InvisibleChars, "U+200b"},
		{"for one program", `<!--[if mso]><p>Yalnız size</p><![endif]-->`, Comment, "Yalnız size"},
		{"pushed down", "a" + strings.Repeat("<br>", 80) + "b", PushedText, ""},
		{"pushed aside", "a" + strings.Repeat("&nbsp;", 800) + "b", PushedText, ""},
		{"pushed by paragraphs", "a" + strings.Repeat("<p>&nbsp;</p>", 80) + "b", PushedText, ""},
		{"a drawing", `<img src="data:image/svg+xml;base64,PHN2Zz4=">`, OddImage, "data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := Safe(c.in, Options{Links: true})
			for _, f := range p.Findings {
				if f.Kind == c.want && (c.sample == "" || len(f.Samples) > 0 && f.Samples[0] == c.sample) {
					if text := f.Text(); text.Turkish == "" || text.English == "" {
						t.Error("it has no text")
					}
					return
				}
			}
			t.Errorf("found %v", p.Findings)
		})
	}
}

func TestWhatIsWritten(t *testing.T) {
	picture := func(cid string) (string, bool) { return "/tr/parca/1.2", cid == "logo@x" }
	for _, c := range []struct{ name, in, want string }{
		{"paragraphs that do not end", `<p>a<p>b`, `<p>a</p><p>b</p>`},
		{"crossed", `<b>a<i>b</b>c</i>`, `<b>a<i>b</i></b>c`},
		{"text", `a &lt;b&gt; &amp; "c"`, `a &lt;b&gt; &amp; &#34;c&#34;`},
		{"style", `<p style="color:RED;position:fixed;background:url(x)">a</p>`, `<p style="color:#ff0000">a</p>`},
		{"link", `<a href="https://www.örnek.com.tr/a b?c=ş#d">x</a>`, `<a href="https://www.xn--rnek-4qa.com.tr/a%20b?c=%C5%9F#d" target="_blank" rel="noopener noreferrer nofollow" data-target="https://www.xn--rnek-4qa.com.tr/a%20b?c=%C5%9F#d">x</a>`},
		{"mail", `<a href="mailto:a@b.example?subject=Merhaba&bcc=c@d.example">x</a>`, `<a href="mailto:a@b.example?subject=Merhaba" target="_blank" rel="noopener noreferrer nofollow" data-target="mailto:a@b.example?subject=Merhaba">x</a>`},
		{"inline picture", `<img src="cid:logo@x" alt="Amblem" width=20>`, `<img src="/tr/parca/1.2" data-cid="logo@x" alt="Amblem" width="20">`},
		{"picture from elsewhere", `<img src="https://x.example/a.png" alt="Amblem">`, `[Amblem]`},
		{"table", `<table><tr><td colspan=2>a<tr><td>b</table>`, `<table><tr><td colspan="2">a</td></tr><tr><td>b</td></tr></table>`},
		{"list", `<ul><li>a<li>b<ul><li>c</ul></ul>`, `<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>`},
		{"foreign", `<svg><style><img src=x onerror=y></style><text>yazı</text></svg>`, `yazı`},
		{"raw", `<noscript><p title="</noscript><img src=x onerror=y>">a`, `<div><p>a</p></div>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Safe(c.in, Options{Links: true, Picture: picture}).Body; got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestTextIsReadable(t *testing.T) {
	got := Text(`<html><head><title>x</title><style>p{}</style></head><body><h1>Fatura</h1><p>Sayın   <b>Bora</b>,<br>ekte.</p><ul><li>bir<li>iki</ul>
<table><tr><td>Tutar</td><td>10 TL</td></tr></table><blockquote>eski</blockquote><a href="https://x.example/y">burada</a></body></html>`, Limits{})
	want := "Fatura\n\nSayın Bora,\nekte.\n\n- bir\n- iki\n\nTutar\t10 TL\n\n> eski\n\nburada <https://x.example/y>\n"
	if got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestWhatIsComposedIsPlainAndSmall(t *testing.T) {
	c := ForCompose(`<div style="color:#fff;background:#000;text-align:center">Merhaba <b onclick=x>Bora</b></div><script>x</script><p style="display:none">gizli</p><img src="https://x.example/a"><a href="x.pdf">dosya</a> <a href="https://x.example/">bağ</a><ol start=3><li>a</ol>`, Options{})
	if want := `<div style="text-align:center">Merhaba <b>Bora</b></div>` + `<p></p>dosya <a href="https://x.example/">bağ</a><ol start="3"><li>a</li></ol>`; c.HTML != want {
		t.Errorf("got  %s\nwant %s", c.HTML, want)
	}
	if want := "Merhaba Bora\n\ndosya bağ <https://x.example/>\n1. a\n"; c.Plain != want {
		t.Errorf("got %q, want %q", c.Plain, want)
	}
}
