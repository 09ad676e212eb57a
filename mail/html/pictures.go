package html

import (
	"slices"
	"strings"

	"rem"
)

func (w *walker) picture(a attrs) {
	alt := Sample(a.alt, 200)
	instead := func() {
		if alt != "" {
			w.readText("[" + alt + "]")
		}
	}
	src := tidyAddress(a.src)
	cid := a.cid
	folded := rem.FoldASCII(src[:min(len(src), 8)])
	if cid == "" && strings.HasPrefix(folded, "cid:") {
		cid = src[4:]
		if un := unpercent(cid); un != "" {
			cid = un
		}
	}
	switch {
	case cid != "":
		path, ok := "", false
		if w.o.Picture != nil {
			path, ok = w.o.Picture(cid)
		}
		if ok && w.compose {
			src = "cid:" + percent(cid, "")
		} else if ok && local(path) {
			src = path
		} else {
			w.find(OddImage, "cid")
			instead()
			return
		}
		if !slices.Contains(w.pictures, cid) && len(w.pictures) < 1000 {
			w.pictures = append(w.pictures, cid)
		}
	case strings.HasPrefix(folded, "data:"):
		if w.compose {
			w.find(OddImage, "data")
			instead()
			return
		}
		at := strings.Index(rem.FoldASCII(src[:8]), "data:")
		out, n, ok := dataImage(src[at:], min(w.l.Image, w.l.Images-w.images), w.l.Pixels)
		if !ok {
			w.find(OddImage, "data")
			instead()
			return
		}
		src, w.images = out, w.images+n
	default:
		s := scheme(src)
		switch {
		case s == "javascript" || s == "vbscript":
			w.find(Script, s)
		case s == "http" || s == "https" || strings.HasPrefix(src, "//") || strings.HasPrefix(src, "\\\\") || s == "ftp":
			w.find(RemoteContent, hostOf(src))
		case src != "":
			w.find(OddImage, s)
		}
		instead()
		return
	}
	if w.written++; w.written > w.l.Elements {
		w.full = true
		return
	}
	w.write(`<img src="`, escape(src), `"`)
	if cid != "" && !w.compose {
		w.write(` data-cid="`, escape(cid), `"`)
	}
	w.write(` alt="`, escape(alt), `"`)
	if n := count(strings.TrimSuffix(a.width, "px"), 2000); n != "" {
		w.write(` width="`, n, `"`)
	}
	if n := count(strings.TrimSuffix(a.height, "px"), 2000); n != "" {
		w.write(` height="`, n, `"`)
	}
	w.write(">")
	w.lines, w.spaces = 0, 0
	if alt != "" {
		w.text.word("[" + alt + "]")
	}
}

// local reports whether an address is a path on our own server.
func local(p string) bool {
	return strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "//") && !strings.ContainsAny(p, "\\\"'<> \t\r\n")
}

func unpercent(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && hexDigit(s[i+1]) >= 0 && hexDigit(s[i+2]) >= 0 {
			b = append(b, byte(hexDigit(s[i+1])<<4|hexDigit(s[i+2])))
			i += 2
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}
