package reading

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"rem"
)

var charsets = map[string]encoding.Encoding{
	"iso-8859-1": charmap.Windows1252, "latin1": charmap.Windows1252, "windows-1252": charmap.Windows1252, "cp1252": charmap.Windows1252,
	"iso-8859-9": charmap.Windows1254, "latin5": charmap.Windows1254, "windows-1254": charmap.Windows1254, "cp1254": charmap.Windows1254, "iso-8859-3": charmap.ISO8859_3,
	"iso-8859-2": charmap.ISO8859_2, "iso-8859-4": charmap.ISO8859_4, "iso-8859-5": charmap.ISO8859_5, "iso-8859-6": charmap.ISO8859_6, "iso-8859-7": charmap.ISO8859_7,
	"iso-8859-8": charmap.ISO8859_8, "iso-8859-10": charmap.ISO8859_10, "iso-8859-13": charmap.ISO8859_13, "iso-8859-14": charmap.ISO8859_14, "iso-8859-15": charmap.ISO8859_15,
	"iso-8859-16": charmap.ISO8859_16, "windows-1250": charmap.Windows1250, "windows-1251": charmap.Windows1251, "windows-1253": charmap.Windows1253, "windows-1255": charmap.Windows1255,
	"windows-1256": charmap.Windows1256, "windows-1257": charmap.Windows1257, "windows-1258": charmap.Windows1258, "koi8-r": charmap.KOI8R, "koi8-u": charmap.KOI8U,
	"utf-16": unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "utf-16le": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "utf-16be": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
}

// decode gives a text in UTF-8. odd says that it was not in the set that it names,
// or names none that is known; what has no better reading is then taken as
// Windows' set for Turkish, which old programs write without a word.
func decode(b []byte, charset string) (text string, odd bool) {
	charset = rem.FoldASCII(strings.TrimSpace(charset))
	switch charset {
	case "", "utf-8", "utf8", "us-ascii", "ascii", "unicode-1-1-utf-8":
		b := strings.TrimPrefix(string(b), "\ufeff")
		if utf8.ValidString(b) {
			return b, false
		}
		if charset == "utf-8" || charset == "utf8" {
			return strings.ToValidUTF8(b, "\uFFFD"), true
		}
		out, err := charmap.Windows1254.NewDecoder().String(b)
		if err != nil {
			return strings.ToValidUTF8(b, "\uFFFD"), true
		}
		return out, true
	}
	if e := charsets[charset]; e != nil {
		if out, err := e.NewDecoder().Bytes(b); err == nil {
			return strings.ToValidUTF8(string(out), "\uFFFD"), false
		}
	}
	return strings.ToValidUTF8(string(b), "\uFFFD"), true
}

// metaCharset finds the set that a page names for itself in its first bytes.
func metaCharset(b []byte) string {
	head := rem.FoldASCII(string(b[:min(len(b), 2048)]))
	for {
		i := strings.Index(head, "<meta")
		if i < 0 {
			return ""
		}
		head = head[i+5:]
		tag, _, _ := strings.Cut(head, ">")
		if _, after, ok := strings.Cut(tag, "charset="); ok {
			after = strings.TrimLeft(after, "\"' ")
			if end := strings.IndexAny(after, "\"' ;/"); end >= 0 {
				after = after[:end]
			}
			return after
		}
	}
}
