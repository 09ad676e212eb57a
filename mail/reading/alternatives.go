package reading

import (
	"io"
	"strings"
	"unicode/utf8"

	"rem"
	"rem/mail/html"
	"rem/mail/mime"
)

// alternatives makes the sections.
func (r *reader) alternatives() {
	for _, f := range r.forms {
		s := Section{}
		if f.plain != nil {
			text, cut := r.text(f.plain, f.plainPath, "")
			turned := false
			s.Path, s.Cut = f.plainPath, cut
			if s.Plain, turned = plainText(text); turned {
				r.find(Finding{Kind: "text/turned", Weight: Warning, Text: rem.Text{Turkish: "Metinde yön değiştiren gizli karakterler vardı; yerleri işaretlendi.", English: "Hidden characters turned the direction of the text; their places are marked."}, Path: s.Path})
			}
		}
		if f.html != nil {
			text, cut := r.text(f.html, f.htmlPath, "html")
			o := r.o.HTML
			o.Picture = func(id string) (string, bool) {
				path, ok := r.cids[id]
				if !ok || r.o.Picture == nil {
					return "", false
				}
				r.used[path] = true
				return r.o.Picture(path), true
			}
			s.HTML, s.HTMLPath, s.Cut = html.Safe(text, o), f.htmlPath, s.Cut || cut
			for _, x := range s.HTML.Findings {
				r.find(Finding{Kind: "html/" + string(x.Kind), Weight: htmlWeight(x.Kind), Text: x.Text(), Detail: strings.Join(x.Samples, " · "), Path: f.htmlPath})
			}
			switch {
			case f.plain == nil:
				s.Path, s.Plain, s.Made = f.htmlPath, s.HTML.Text, true
			case !similar(s.Plain, s.HTML.Text):
				r.find(Finding{Kind: "form/alternatives", Weight: Warning, Text: rem.Text{
					Turkish: "İletinin düz metni ile biçimli metni birbirinden farklı. İkisine de bakın.",
					English: "The plain text and the formatted text of the message differ. Look at both.",
				}, Path: f.htmlPath})
			}
		}
		if s.Cut {
			r.find(Finding{Kind: "form/cut", Text: rem.Text{Turkish: "Metin çok uzun; tamamı gösterilmedi.", English: "The text is very long; not all of it is shown."}, Path: s.Path})
		}
		r.d.Sections = append(r.d.Sections, s)
	}
	for i := range r.d.Attachments {
		a := &r.d.Attachments[i]
		a.Inline = r.used[a.Path]
	}
}

// plainText makes a text safe to show as it is: LF, and no controls. turned says
// that characters turned its direction; U+FFFD stands for them.
func plainText(s string) (text string, turned bool) {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t':
		case r == '\r':
			r = '\n'
		case 0x202a <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069:
			turned = true
			r = utf8.RuneError
		case r < ' ', 0x7f <= r && r < 0xa0:
			r = utf8.RuneError
		case r == 0x2028 || r == 0x2029:
			r = '\n'
		}
		b.WriteRune(r)
	}
	return b.String(), turned
}

func htmlWeight(k html.Kind) Weight {
	switch k {
	case html.DeceptiveLink, html.OddHost, html.Form, html.Redirect:
		return Danger
	case html.HiddenText, html.TurnedText, html.Script, html.PushedText, html.OddLink, html.Comment:
		return Warning
	}
	return Note
}

// text reads a text within the limits.
func (r *reader) text(p *mime.Part, path, kind string) (text string, cut bool) {
	limit := min(r.o.Limits.Text, r.o.Limits.Texts-r.texts)
	if limit <= 0 {
		return "", true
	}
	d := p.Decode(r.m.Source)
	b, err := io.ReadAll(io.LimitReader(d, int64(limit)+1))
	if err != nil {
		return "", true
	}
	if len(b) > limit {
		b, cut = b[:limit], true
		for len(b) > 0 && !utf8.RuneStart(b[len(b)-1]) {
			b = b[:len(b)-1]
		}
		if n := len(b); n > 0 && b[n-1] >= 0xc0 {
			b = b[:n-1]
		}
	}
	r.texts += len(b)
	charset, _ := p.Type.Param("charset")
	if kind == "html" && charset == "" {
		charset = metaCharset(b)
	}
	text, odd := decode(b, charset)
	if odd || !cut && d.Odd() {
		r.find(Finding{Kind: "text/odd", Text: rem.Text{
			Turkish: "Metin, söylediği kodlamada değil; bazı harfler yanlış görünebilir.",
			English: "The text is not in the encoding that it names; some letters may be wrong.",
		}, Detail: charset, Path: path})
	}
	return text, cut
}

// similar reports whether two texts say about the same: most words of the shorter
// one occur in the other.
func similar(a, b string) bool {
	words := func(s string) map[string]bool {
		m := map[string]bool{}
		for w := range strings.FieldsFuncSeq(rem.FoldASCII(s), func(r rune) bool { return r <= ' ' || strings.ContainsRune(".,;:!?()[]{}<>\"'*_=-#|>\u00a0\u200c", r) }) {
			if len(w) >= 3 && !strings.Contains(w, "/") && len(m) < 100000 {
				m[w] = true
			}
		}
		return m
	}
	x, y := words(a), words(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(x) == 0 {
		return len(y) < 10
	}
	common := 0
	for w := range x {
		if y[w] {
			common++
		}
	}
	return common*2 >= len(x) && len(y) <= 4*len(x)+20
}
