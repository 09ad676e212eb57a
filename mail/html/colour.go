package html

import (
	"math"
	"strconv"
	"strings"
)

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
