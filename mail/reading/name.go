package reading

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"rem"
	"rem/mail/archive"
)

// maxName bounds a name in characters: file systems hold 255 bytes.
const maxName = 120

// fileName makes a declared name fit to be shown and to be saved under, and tells
// what was odd about it. The result is never empty and never a path (AT-11).
func fileName(declared, fallback string) (name string, found []Finding) {
	note := func(kind string, w Weight, tr, en string) {
		found = append(found, Finding{Kind: "name/" + kind, Weight: w, Text: rem.Text{Turkish: tr, English: en}, Detail: oneLine(declared, 200)})
	}
	if declared == "" {
		return fallback, nil
	}
	turned, controls := false, false
	name = strings.Map(func(r rune) rune {
		switch {
		case 0x202a <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c:
			turned = true
			return -1
		case r < ' ', 0x7f <= r && r < 0xa0, r == 0x2028, r == 0x2029, r == utf8.RuneError:
			// mime gives what turns or controls as U+FFFD
			controls = true
			return -1
		case unicode.Is(unicode.Cf, r) && r != 0x200d && r != 0x200c, r == 0x3164, r == 0x2800, r == 0x115f, r == 0x1160:
			controls = true
			return -1
		case unicode.Is(unicode.Zs, r):
			return ' '
		}
		return r
	}, declared)
	if turned || controls {
		note("control", Danger, "Dosya adında, gerçek uzantıyı gizleyebilen görünmez karakterler vardı.", "The file name held invisible characters, which can hide its real ending.")
	}
	if i := strings.LastIndexAny(name, "/\\"); i >= 0 {
		note("path", Warning, "Dosya adı bir klasör yolu içeriyordu.", "The file name held a path.")
		name = name[i+1:]
	}
	if strings.Contains(name, "     ") {
		note("gap", Danger, "Dosya adında uzantıyı gözden uzaklaştıran uzun boşluk var.", "The file name has a long gap, which pushes its ending out of sight.")
	}
	name = strings.Join(strings.Fields(name), " ")
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`<>:"|?*`, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.TrimRight(strings.TrimLeft(name, ". "), ". ")
	stem, _, _ := strings.Cut(rem.FoldASCII(name), ".")
	switch stem {
	case "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "desktop":
		name = "_" + name
	}
	if runes := []rune(name); len(runes) > maxName {
		ending := archive.Ending(name)
		if len(ending) > 10 {
			ending = ""
		}
		name = string(runes[:maxName-len(ending)-2]) + "…"
		if ending != "" {
			name += "." + ending
		}
	}
	if name == "" {
		return fallback, found
	}
	parts := strings.Split(rem.FoldASCII(name), ".")
	if n := len(parts); n >= 3 && documents[strings.TrimSpace(parts[n-2])] && archive.Program(name, "") {
		note("double-ending", Danger, "Dosya adı bir belge gibi görünüyor, ama çalıştırılabilir bir dosyanın uzantısıyla bitiyor.", "The file name looks like that of a document and ends as that of a program.")
	}
	return name, found
}

// documents are endings that people take for harmless.
var documents = map[string]bool{
	"pdf": true, "doc": true, "docx": true, "xls": true, "xlsx": true, "ppt": true, "pptx": true, "txt": true, "rtf": true, "csv": true, "jpg": true, "jpeg": true, "png": true,
	"gif": true, "zip": true, "eyp": true, "udf": true, "xml": true, "html": true, "htm": true, "mp3": true, "mp4": true, "odt": true, "ods": true,
}

// oneLine makes a text of the message one short harmless line.
func oneLine(s string, runes int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r < ' ', 0x7f <= r && r < 0xa0, 0x202a <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069, r == 0x2028, r == 0x2029:
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if n := []rune(s); len(n) > runes {
		s = string(n[:runes]) + "…"
	}
	return strings.TrimSpace(s)
}
