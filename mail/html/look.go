package html

import (
	"math"
	"strconv"
	"strings"
)

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
