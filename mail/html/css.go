package html

import (
	"math"
	"strconv"
	"strings"

	"rem"
)

// A decl is one declaration of a style, folded, without !important.
type decl struct{ name, value string }

// maxDecls bounds one style: no honest one has more, and what follows is ignored.
const maxDecls = 200

// unescapeCSS undoes escapes and takes comments away, so that nothing is hidden
// from the reading that follows. What is written anew later is made from values
// that were understood, never from this text.
func unescapeCSS(s string) string {
	if !strings.ContainsAny(s, "\\\x00") && !strings.Contains(s, "/*") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == 0:
		case strings.HasPrefix(s[i:], "/*"):
			end := strings.Index(s[i+2:], "*/")
			if end < 0 {
				return b.String()
			}
			i += 2 + end + 1
		case s[i] == '\\':
			n, digits := rune(0), 0
			for digits < 6 && i+1 < len(s) && hexDigit(s[i+1]) >= 0 {
				n = n<<4 | rune(hexDigit(s[i+1]))
				i, digits = i+1, digits+1
			}
			if digits > 0 {
				if i+1 < len(s) && isSpace(s[i+1]) {
					i++
				}
				b.WriteRune(n)
			} else if i+1 < len(s) && s[i+1] != '\n' {
				i++
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }

// declarations splits a style at the semicolons outside of quotes and brackets.
func declarations(s string) (list []decl) {
	s = unescapeCSS(s)
	for s != "" && len(list) < maxDecls {
		one, rest := s, ""
		quote, depth := byte(0), 0
	scan:
		for i := range len(s) {
			switch c := s[i]; {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '(':
				depth++
			case c == ')' && depth > 0:
				depth--
			case c == ';' && depth == 0:
				one, rest = s[:i], s[i+1:]
				break scan
			}
		}
		s = rest
		name, value, ok := strings.Cut(one, ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(rem.FoldASCII(value))
		if i := strings.IndexByte(value, '!'); i >= 0 {
			value = strings.TrimSpace(value[:i])
		}
		list = append(list, decl{strings.TrimSpace(rem.FoldASCII(name)), value})
	}
	return list
}

// A rgb is a colour; a is its opacity from 0 to 1.
type rgb struct {
	r, g, b uint8
	a       float64
}

var (
	black = rgb{0, 0, 0, 1}
	white = rgb{255, 255, 255, 1}
	// linkBlue is what our own style sheet gives links.
	linkBlue = rgb{0x0b, 0x4f, 0x9e, 1}
)

var colours = map[string]rgb{
	"black": black, "white": white, "silver": {192, 192, 192, 1}, "gray": {128, 128, 128, 1}, "grey": {128, 128, 128, 1},
	"maroon": {128, 0, 0, 1}, "red": {255, 0, 0, 1}, "purple": {128, 0, 128, 1}, "fuchsia": {255, 0, 255, 1}, "magenta": {255, 0, 255, 1},
	"green": {0, 128, 0, 1}, "lime": {0, 255, 0, 1}, "olive": {128, 128, 0, 1}, "yellow": {255, 255, 0, 1}, "navy": {0, 0, 128, 1},
	"blue": {0, 0, 255, 1}, "teal": {0, 128, 128, 1}, "aqua": {0, 255, 255, 1}, "cyan": {0, 255, 255, 1}, "orange": {255, 165, 0, 1},
	"darkred": {139, 0, 0, 1}, "darkblue": {0, 0, 139, 1}, "darkgreen": {0, 100, 0, 1}, "darkgray": {169, 169, 169, 1}, "darkgrey": {169, 169, 169, 1},
	"lightgray": {211, 211, 211, 1}, "lightgrey": {211, 211, 211, 1}, "dimgray": {105, 105, 105, 1}, "gainsboro": {220, 220, 220, 1},
	"whitesmoke": {245, 245, 245, 1}, "snow": {255, 250, 250, 1}, "ivory": {255, 255, 240, 1}, "ghostwhite": {248, 248, 255, 1},
	"floralwhite": {255, 250, 240, 1}, "azure": {240, 255, 255, 1}, "mintcream": {245, 255, 250, 1}, "honeydew": {240, 255, 240, 1},
	"aliceblue": {240, 248, 255, 1}, "seashell": {255, 245, 238, 1}, "linen": {250, 240, 230, 1}, "beige": {245, 245, 220, 1},
	"lightyellow": {255, 255, 224, 1}, "lightblue": {173, 216, 230, 1}, "pink": {255, 192, 203, 1}, "gold": {255, 215, 0, 1},
	"brown": {165, 42, 42, 1}, "crimson": {220, 20, 60, 1}, "indigo": {75, 0, 130, 1}, "violet": {238, 130, 238, 1}, "tomato": {255, 99, 71, 1},
	"steelblue": {70, 130, 180, 1}, "royalblue": {65, 105, 225, 1}, "slategray": {112, 128, 144, 1}, "midnightblue": {25, 25, 112, 1},
	"transparent": {0, 0, 0, 0},
}

// colour reads a colour; attribute values may lack the number sign.
func colour(s string) (rgb, bool) {
	if c, ok := colours[s]; ok {
		return c, true
	}
	if strings.HasPrefix(s, "#") || len(s) == 6 && isHex(s) {
		return hexColour(strings.TrimPrefix(s, "#"))
	}
	name, rest, ok := strings.Cut(s, "(")
	if !ok || !strings.HasSuffix(rest, ")") {
		return rgb{}, false
	}
	fields := strings.FieldsFunc(rest[:len(rest)-1], func(r rune) bool { return r == ',' || r == ' ' || r == '/' })
	if len(fields) != 3 && len(fields) != 4 {
		return rgb{}, false
	}
	var v [4]float64
	v[3] = 1
	for i, f := range fields {
		n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSuffix(f, "%"), "deg"), 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return rgb{}, false
		}
		if strings.HasSuffix(f, "%") {
			if n /= 100; i < 3 && strings.HasPrefix(name, "rgb") {
				n *= 255
			}
		}
		v[i] = n
	}
	a := math.Min(math.Max(v[3], 0), 1)
	switch name {
	case "rgb", "rgba":
		return rgb{byteOf(v[0]), byteOf(v[1]), byteOf(v[2]), a}, true
	case "hsl", "hsla":
		h, s, l := math.Mod(math.Mod(v[0], 360)+360, 360)/30, math.Min(math.Max(v[1], 0), 1), math.Min(math.Max(v[2], 0), 1)
		f := func(n float64) uint8 {
			k := math.Mod(n+h, 12)
			return byteOf(255 * (l - s*math.Min(l, 1-l)*math.Max(-1, math.Min(math.Min(k-3, 9-k), 1))))
		}
		return rgb{f(0), f(8), f(4), a}, true
	}
	return rgb{}, false
}

func byteOf(v float64) uint8 { return uint8(math.Round(math.Min(math.Max(v, 0), 255))) }

func isHex(s string) bool {
	for i := range len(s) {
		if hexDigit(s[i]) < 0 {
			return false
		}
	}
	return s != ""
}

func hexColour(s string) (rgb, bool) {
	if !isHex(s) {
		return rgb{}, false
	}
	at := func(i int) uint8 {
		if len(s) < 6 {
			return uint8(hexDigit(s[i]) * 17)
		}
		return uint8(hexDigit(s[2*i])<<4 | hexDigit(s[2*i+1]))
	}
	switch len(s) {
	case 3, 6:
		return rgb{at(0), at(1), at(2), 1}, true
	case 4, 8:
		return rgb{at(0), at(1), at(2), float64(at(3)) / 255}, true
	}
	return rgb{}, false
}

// String writes the colour without its opacity.
func (c rgb) String() string {
	const digits = "0123456789abcdef"
	return string([]byte{'#', digits[c.r>>4], digits[c.r&15], digits[c.g>>4], digits[c.g&15], digits[c.b>>4], digits[c.b&15]})
}

func (c rgb) luminance() float64 {
	f := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*f(c.r) + 0.7152*f(c.g) + 0.0722*f(c.b)
}

// legible is the contrast below which text is taken as not seen. White and
// #e8e8e8 have 1.22: a person sees that something stands there, and not what.
const legible = 1.25

func (c rgb) seenOn(bg rgb) bool {
	if c.a < 0.15 {
		return false
	}
	if c == bg {
		return false
	}
	x, y := c.luminance(), bg.luminance()
	if x < y {
		x, y = y, x
	}
	if (x+0.05)/(y+0.05) >= legible {
		return true
	}
	// Two colours as light as each other may still differ, as red and green do.
	d := func(a, b uint8) int { return (int(a) - int(b)) * (int(a) - int(b)) }
	return d(c.r, bg.r)+d(c.g, bg.g)+d(c.b, bg.b) > 90*90
}

// length reads a length in CSS pixels. Percentages and units of the font are of
// base; auto and what is not known are not ok.
func length(s string, base float64) (px float64, ok bool) {
	unit := strings.TrimLeft(s, "+-.0123456789")
	n, err := strconv.ParseFloat(s[:len(s)-len(unit)], 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, false
	}
	switch unit {
	case "px", "":
		return n, true
	case "pt":
		return n * 4 / 3, true
	case "em", "ex", "ch":
		return n * base, true
	case "rem":
		return n * 16, true
	case "%":
		return n / 100 * base, true
	case "cm":
		return n * 96 / 2.54, true
	case "mm":
		return n * 96 / 25.4, true
	case "in":
		return n * 96, true
	case "pc":
		return n * 16, true
	case "vw", "vh", "vmin", "vmax":
		return n * 8, true
	}
	return 0, false
}

var fontSizes = map[string]float64{
	"xx-small": 9, "x-small": 10, "small": 13, "medium": 16, "large": 18, "x-large": 24, "xx-large": 32,
}

// A look is what decides whether text is seen.
type look struct {
	gone      bool // not displayed, clipped, beside the window, see-through
	invisible bool // visibility: a child may take it back
	font      float64
	ink, bg   rgb
	opacity   float64
}

// plainLook is how a page begins.
var plainLook = look{font: 16, ink: black, bg: white, opacity: 1}

// smallest is the size in pixels from which on text is taken as seen.
const smallest = 4

func (l look) seen() bool {
	return !l.gone && !l.invisible && l.font >= smallest && l.opacity >= 0.15 && l.ink.seenOn(l.bg)
}

// apply gives the look of an element with these declarations. hidingOnly leaves
// out colours and sizes of text.
func (l look) apply(list []decl, hidingOnly bool) look {
	noRoom, clipped, away := false, false, false
	for _, d := range list {
		v := d.value
		switch d.name {
		case "display":
			l.gone = l.gone || v == "none"
		case "visibility":
			l.invisible = v == "hidden" || v == "collapse"
		case "mso-hide":
			l.gone = l.gone || v == "all"
		case "content-visibility":
			l.gone = l.gone || v == "hidden"
		case "opacity":
			n, err := strconv.ParseFloat(strings.TrimSuffix(v, "%"), 64)
			if err == nil && strings.HasSuffix(v, "%") {
				n /= 100
			}
			if err == nil {
				l.opacity *= math.Max(0, math.Min(1, n))
			}
		case "filter", "-webkit-filter", "-ms-filter":
			l.gone = l.gone || strings.Contains(v, "opacity(0)") || strings.Contains(v, "opacity(0%)") || strings.Contains(v, "opacity=0)")
		case "overflow", "overflow-x", "overflow-y":
			clipped = clipped || v == "hidden" || v == "clip"
		case "width", "height", "max-width", "max-height", "line-height", "inline-size", "block-size", "max-block-size", "max-inline-size":
			if px, ok := length(v, l.font); ok && px < smallest && (d.name != "line-height" || strings.Trim(v, "0.px%em") == "") {
				noRoom = true
			}
		case "position":
			away = away || v == "absolute" || v == "fixed"
		case "left", "top", "right", "bottom", "inset", "margin-left", "margin-top", "text-indent", "margin":
			first, _, _ := strings.Cut(v, " ")
			if px, ok := length(first, l.font); ok && (px <= -500 || px >= 5000) {
				l.gone = true
			}
		case "clip":
			l.gone = l.gone || strings.HasPrefix(strings.ReplaceAll(strings.ReplaceAll(v, " ", ""), "px", ""), "rect(0,0,0,0") ||
				strings.HasPrefix(strings.ReplaceAll(v, "px", ""), "rect(0 0 0 0") || strings.HasPrefix(strings.ReplaceAll(strings.ReplaceAll(v, " ", ""), "px", ""), "rect(1,1,1,1")
		case "clip-path", "-webkit-clip-path":
			l.gone = l.gone || strings.HasPrefix(v, "inset(50%") || strings.HasPrefix(v, "inset(100%") || strings.HasPrefix(v, "circle(0") || strings.HasPrefix(v, "polygon(0 0, 0 0") || strings.HasPrefix(v, "polygon(0 0,0 0")
		case "transform", "-webkit-transform":
			t := strings.ReplaceAll(v, " ", "")
			l.gone = l.gone || strings.Contains(t, "scale(0)") || strings.Contains(t, "scale(0,") || strings.Contains(t, "scalex(0)") || strings.Contains(t, "scaley(0)") ||
				strings.Contains(t, "scale3d(0") || strings.Contains(t, "translate(-9") || strings.Contains(t, "translatex(-9") || strings.Contains(t, "rotatex(90deg") || strings.Contains(t, "rotatey(90deg")
		case "z-index":
			if n, err := strconv.Atoi(v); err == nil && n <= -1 && away {
				l.gone = true
			}
		case "font-size", "font":
			if hidingOnly {
				continue
			}
			if px, ok := fontSize(d, l.font); ok {
				l.font = px
			}
		case "color", "-webkit-text-fill-color":
			if c, ok := colour(v); ok && !hidingOnly {
				l.ink = c
			}
		case "background-color", "background":
			if c, ok := background(v); ok && !hidingOnly {
				l.bg = c
			}
		}
	}
	if noRoom && clipped {
		l.gone = true
	}
	return l
}

// background gives the colour of a background that is opaque enough to count.
func background(v string) (rgb, bool) {
	if c, ok := colour(v); ok {
		return c, c.a >= 0.5
	}
	for _, word := range strings.Fields(v) {
		if c, ok := colour(word); ok {
			return c, c.a >= 0.5
		}
	}
	return rgb{}, false
}

func fontSize(d decl, parent float64) (float64, bool) {
	for i, word := range strings.Fields(d.value) {
		if d.name == "font-size" && i > 0 {
			break
		}
		word, _, _ = strings.Cut(word, "/")
		if px, ok := fontSizes[word]; ok {
			return px, true
		}
		switch word {
		case "smaller":
			return parent / 1.2, true
		case "larger":
			return parent * 1.2, true
		}
		if d.name == "font" && len(word) == 3 && strings.Trim(word, "0123456789") == "" {
			continue // a weight
		}
		if px, ok := length(word, parent); ok {
			return px, true
		}
	}
	return 0, false
}

// written is the style that we write for these declarations: values that were
// understood, in our own words and in a fixed order. font is the size that the
// element has in what we write, 0 for that of its parent.
func written(list []decl, font float64) (style string, size float64) {
	var ink, bg, weight, slant, line, align, valign, wrap, border string
	var padding, width float64 = -1, -1
	for _, d := range list {
		v := d.value
		switch d.name {
		case "color":
			if c, ok := colour(v); ok && c.a >= 0.5 {
				ink = c.String()
			}
		case "background-color", "background":
			if c, ok := background(v); ok {
				bg = c.String()
			}
		case "font-weight":
			switch {
			case v == "bold", v == "bolder", len(v) == 3 && v >= "600" && v <= "900":
				weight = "bold"
			case v == "normal", v == "lighter", len(v) == 3 && v >= "100" && v < "600":
				weight = "normal"
			}
		case "font-style":
			switch v {
			case "italic", "oblique":
				slant = "italic"
			case "normal":
				slant = "normal"
			}
		case "text-decoration", "text-decoration-line":
			for _, w := range strings.Fields(v) {
				switch w {
				case "underline", "line-through", "none":
					line = w
				}
			}
		case "text-align":
			switch v {
			case "left", "right", "center", "justify":
				align = v
			case "start":
				align = "left"
			case "end":
				align = "right"
			}
		case "vertical-align":
			switch v {
			case "top", "middle", "bottom", "baseline", "sub", "super":
				valign = v
			}
		case "white-space":
			if strings.HasPrefix(v, "pre") {
				wrap = "pre-wrap"
			}
		case "border":
			if px, ok := length(strings.Fields(v + " x")[0], 16); ok && px > 0 && strings.Contains(v, "solid") {
				border = "1px solid #767676"
			}
		case "padding":
			if px, ok := length(strings.Fields(v + " x")[0], 16); ok && px >= 0 {
				padding = math.Min(math.Round(px), 40)
			}
		case "width":
			if px, ok := length(v, 0); ok && px >= 1 && !strings.HasSuffix(v, "%") {
				width = math.Min(math.Round(px), 1200)
			}
		case "font-size", "font":
			if px, ok := fontSize(d, cmpOr(size, font)); ok {
				size = math.Round(math.Min(math.Max(px, 11), 36))
			}
		}
	}
	var b strings.Builder
	put := func(name, value string) {
		if value == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteByte(';')
		}
		b.WriteString(name)
		b.WriteByte(':')
		b.WriteString(value)
	}
	px := func(v float64) string {
		if v < 0 {
			return ""
		}
		return strconv.Itoa(int(v)) + "px"
	}
	put("color", ink)
	put("background-color", bg)
	if size > 0 {
		put("font-size", px(size))
	}
	put("font-weight", weight)
	put("font-style", slant)
	put("text-decoration", line)
	put("text-align", align)
	put("vertical-align", valign)
	put("white-space", wrap)
	put("border", border)
	put("padding", px(padding))
	put("width", px(width))
	return b.String(), size
}

func cmpOr(a, b float64) float64 {
	if a > 0 {
		return a
	}
	return b
}

// A sheet is what style sheets of a page say about text that is not seen. It is
// asked by the last part of a selector alone, and so finds rather more than a
// browser hides. Rules for some media only are not in it.
type sheet struct {
	rules map[string][]rule
	n     int
	used  int // declarations applied, of all elements
}

type rule struct {
	decls  []decl
	hiding bool // colours do not count: the rule is for some ancestors only
}

// maxRules and maxPerKey bound a sheet; each element asks for a few keys.
const (
	maxRules  = 5000
	maxPerKey = 8
	// maxUsed bounds the work of all elements. Beyond it the sheet is not asked,
	// and what it hides is shown as any text.
	maxUsed = 4 << 20
)

// add reads a style sheet.
func (s *sheet) add(text string) {
	text = unescapeCSS(text)
	text = strings.NewReplacer("<!--", " ", "-->", " ").Replace(text)
	for s.n < maxRules {
		open := strings.IndexAny(text, "{;")
		if open < 0 {
			return
		}
		head := strings.TrimSpace(text[:open])
		if text[open] == ';' { // @import and the like, or a stray one
			text = text[open+1:]
			continue
		}
		body := text[open+1:]
		if strings.HasPrefix(head, "@") {
			words := strings.Fields(rem.FoldASCII(head))
			if words[0] == "@media" && (len(words) == 1 || len(words) == 2 && (words[1] == "all" || words[1] == "screen")) ||
				words[0] == "@layer" || words[0] == "@supports" {
				text = body // its rules are taken as any; the bracket that ends it is stepped over below
				continue
			}
			text = body[blockEnd(body):]
			continue
		}
		end := strings.IndexByte(body, '}')
		if end < 0 {
			end = len(body)
		}
		list := declarations(body[:end])
		text = body[min(end+1, len(body)):]
		if !matters(list) {
			continue
		}
		for selector := range strings.SplitSeq(head, ",") {
			key, exact := selectorKey(selector)
			if key == "" || len(s.rules[key]) >= maxPerKey {
				continue
			}
			if s.rules == nil {
				s.rules = map[string][]rule{}
			}
			s.rules[key] = append(s.rules[key], rule{list, !exact})
			s.n++
		}
	}
}

// blockEnd gives the place behind the bracket that ends a block.
func blockEnd(s string) int {
	depth := 1
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

func matters(list []decl) bool {
	for _, d := range list {
		switch d.name {
		case "display", "visibility", "mso-hide", "content-visibility", "opacity", "filter", "overflow", "overflow-x", "overflow-y", "width", "height", "max-width", "max-height",
			"line-height", "position", "left", "top", "right", "bottom", "inset", "margin-left", "margin-top", "margin", "text-indent", "clip", "clip-path", "transform", "z-index",
			"font-size", "font", "color", "background-color", "background", "-webkit-text-fill-color":
			return true
		}
	}
	return false
}

// selectorKey gives the most telling name of the last part of a selector: #id,
// .class or a tag. exact says that no other elements or classes are asked for.
func selectorKey(s string) (key string, exact bool) {
	s = strings.TrimLeft(strings.TrimSpace(s), "}")
	s = strings.TrimSpace(s)
	last := s
	if i := strings.LastIndexAny(s, " >+~\t\n"); i >= 0 {
		last = s[i+1:]
	}
	if i := strings.IndexAny(last, ":["); i >= 0 {
		if i == 0 || last[i] == ':' {
			return "", false
		}
		last = last[:i]
	}
	exact = last == s
	if i := strings.IndexByte(last, '#'); i >= 0 {
		id, more, _ := strings.Cut(last[i+1:], ".")
		return "#" + id, exact && more == ""
	}
	if i := strings.IndexByte(last, '.'); i >= 0 {
		class, more, _ := strings.Cut(last[i+1:], ".")
		return "." + class, exact && more == ""
	}
	return rem.FoldASCII(last), exact
}

// apply gives the look of an element under the sheet.
func (s *sheet) apply(l look, tag, id, class string) look {
	if s.n == 0 {
		return l
	}
	use := func(key string) {
		for _, r := range s.rules[key] {
			if s.used += len(r.decls); s.used > maxUsed {
				return
			}
			l = l.apply(r.decls, r.hiding)
		}
	}
	use("*")
	use(tag)
	n := 0
	for c := range strings.FieldsSeq(class) {
		if n++; n > 20 {
			break
		}
		use("." + c)
	}
	if id != "" {
		use("#" + id)
	}
	return l
}
