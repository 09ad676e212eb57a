package html

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"rem"
)

// maxLink bounds an address: longer ones carry something else.
const maxLink = 4096

// A target is where a link leads, in the one form that we write.
type target struct {
	href string // in ASCII
	host string // in ASCII, "" for mail
	mail string // the address, for mail
	odd  bool   // the host can be taken for another
	user bool   // there was something before the host, which reads as a host
}

var hosts = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule())

// Host gives the ASCII form of a host as a browser would ask for it, and whether
// it can be taken for another: letters of several scripts in one name, or one made
// wholly of letters that look like Latin ones. ok is false for what is no name of
// a host, numbers among it.
func Host(s string) (ascii string, odd, ok bool) {
	s = strings.TrimSuffix(s, ".")
	if s == "" || len(s) > 253 || !utf8.ValidString(s) || strings.ContainsAny(s, "%:/\\@[]") {
		return "", false, false
	}
	ascii, err := hosts.ToASCII(s)
	if err != nil || ascii == "" {
		return "", false, false
	}
	ascii = rem.FoldASCII(ascii)
	if again, err := hosts.ToASCII(ascii); err != nil || again != ascii {
		return "", false, false // no name that anybody registers
	}
	labels := strings.Split(ascii, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 {
			return "", false, false
		}
		for i := range len(l) {
			if c := l[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return "", false, false
			}
		}
	}
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' {
		return "", false, false // a number, in whatever notation, is read as an address
	}
	shown, err := hosts.ToUnicode(ascii)
	if err != nil {
		return ascii, true, true
	}
	for l := range strings.SplitSeq(shown, ".") {
		odd = odd || confusable(l)
	}
	return ascii, odd, true
}

// lookalike are letters of other scripts that are drawn as Latin ones.
const lookalike = "аеорсухіјѕԁһӏԛԝмтнвкгпзьᴀοανικρτυχωѵոսցյզօհ"

// confusable reports whether a label, in Unicode, can be taken for another one.
func confusable(label string) bool {
	latin, other, like, foreign := false, "", 0, 0
	for _, r := range label {
		script := ""
		switch {
		case r < 0x80:
			latin = latin || unicode.IsLetter(r)
			continue
		case unicode.Is(unicode.Latin, r):
			latin = true
			if strings.ContainsRune("ɑɡɩıłøđħŀꞌʼ", r) { // garantı for garanti too
				return true
			}
			continue
		case unicode.Is(unicode.Cyrillic, r):
			script = "Cyrl"
		case unicode.Is(unicode.Greek, r):
			script = "Grek"
		case unicode.Is(unicode.Armenian, r):
			script = "Armn"
		case unicode.Is(unicode.Cherokee, r), unicode.Is(unicode.Common, r), unicode.Is(unicode.Inherited, r), r == 0x2cc7:
			return true
		default:
			continue
		}
		if other != "" && other != script {
			return true
		}
		other, foreign = script, foreign+1
		if strings.ContainsRune(lookalike, r) {
			like++
		}
	}
	return latin && other != "" || foreign > 0 && like == foreign
}

// tidyAddress does to an address what browsers do before they read it.
func tidyAddress(s string) string {
	s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
	if strings.ContainsAny(s, "\t\r\n") {
		s = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(s)
	}
	return s
}

// scheme gives the folded scheme of an address, "" for one without.
func scheme(s string) string {
	for i := range len(s) {
		c := s[i]
		switch {
		case c == ':' && i > 0:
			return rem.FoldASCII(s[:i])
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return ""
		}
	}
	return ""
}

// link reads the target of a link. ok is false for what is not followed.
func link(s string) (t target, ok bool) {
	s = tidyAddress(s)
	if len(s) > maxLink {
		return t, false
	}
	kind := scheme(s)
	switch kind {
	case "mailto":
		address, query, _ := strings.Cut(s[len("mailto:"):], "?")
		address, err := url.PathUnescape(address)
		if err != nil || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune("<>\"\\,;:", r) }) || strings.Count(address, "@") != 1 {
			return t, false
		}
		user, host, _ := strings.Cut(address, "@")
		ascii, odd, good := Host(host)
		if !good || user == "" {
			return t, false
		}
		t.mail, t.odd = user+"@"+ascii, odd
		t.href = "mailto:" + percent(user, "@?&#%/") + "@" + ascii
		// Of the rest only the subject goes on: other fields would fill in a letter.
		if v, err := url.ParseQuery(query); err == nil && v.Get("subject") != "" {
			subject := strings.Map(func(r rune) rune {
				if r < ' ' || r == 0x7f {
					return ' '
				}
				return r
			}, v.Get("subject"))
			t.href += "?subject=" + strings.ReplaceAll(url.QueryEscape(subject), "+", "%20")
		}
		return t, true
	case "http", "https":
	default:
		return t, false
	}
	rest := s[len(kind)+1:]
	// Browsers take a backslash for a slash, and any number of them before the host.
	rest = strings.TrimLeft(rest, "/\\")
	end := strings.IndexAny(rest, "/\\?#")
	if end < 0 {
		end = len(rest)
	}
	authority, rest := rest[:end], rest[end:]
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		t.user, authority = true, authority[at+1:]
	}
	if un, err := url.PathUnescape(authority); err == nil {
		authority = un
	}
	host, port := authority, ""
	if i := strings.LastIndexByte(authority, ':'); i >= 0 {
		host, port = authority[:i], authority[i+1:]
		if len(port) > 5 || strings.Trim(port, "0123456789") != "" {
			return t, false
		}
	}
	ascii, odd, good := Host(host)
	if !good {
		return t, false
	}
	t.host, t.odd = ascii, odd
	t.href = kind + "://" + ascii
	if port = strings.TrimLeft(port, "0"); port != "" && !(kind == "https" && port == "443") && !(kind == "http" && port == "80") {
		t.href += ":" + port
	}
	path, fragment, hasFragment := strings.Cut(rest, "#")
	path, query, hasQuery := strings.Cut(path, "?")
	if path = percent(strings.ReplaceAll(path, "\\", "/"), ""); path == "" {
		path = "/"
	}
	t.href += path
	if hasQuery {
		t.href += "?" + percent(query, "")
	}
	if hasFragment {
		t.href += "#" + percent(fragment, "")
	}
	return t, true
}

// percent writes bytes that an address does not hold, and those of also, in their
// percent form. A percent sign stays, so that it may be done again.
func percent(s, also string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}'", c) >= 0 || also != "" && strings.IndexByte(also, c) >= 0 {
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// files are endings of file names, which the last label of a host could be too.
var files = map[string]bool{
	"pdf": true, "doc": true, "docx": true, "xls": true, "xlsx": true, "ppt": true, "pptx": true, "txt": true, "rtf": true, "csv": true, "xml": true, "htm": true, "html": true,
	"jpg": true, "jpeg": true, "png": true, "gif": true, "bmp": true, "tif": true, "tiff": true, "svg": true, "eml": true, "msg": true, "eyp": true, "udf": true, "json": true,
	"exe": true, "js": true, "css": true, "php": true, "asp": true, "aspx": true, "jsp": true, "mp3": true, "mp4": true, "avi": true, "rar": true, "dwg": true, "odt": true, "ods": true,
}

// named gives the host, or the mail address, that a text reads as; "" where it
// names none.
func named(text string) (host, mail string) {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool {
		return r <= ' ' || unicode.IsSpace(r) || strings.ContainsRune("<>()[]{}\"'“”‘’«»,;|", r)
	}) {
		s := word
		if k := scheme(s); k == "http" || k == "https" {
			s = strings.TrimLeft(s[len(k)+1:], "/\\")
		} else if k == "mailto" {
			s = s[len("mailto:"):]
		}
		if i := strings.IndexAny(s, "/\\?#"); i >= 0 {
			s = s[:i]
		}
		user, after, at := strings.Cut(s, "@")
		if at {
			s = after
		}
		s, _, _ = strings.Cut(s, ":")
		s = strings.Trim(s, ".!…-–—*_")
		dot := strings.LastIndexByte(s, '.')
		if dot <= 0 || len(s)-dot < 3 {
			continue
		}
		last := rem.FoldASCII(s[dot+1:])
		if files[last] && !at && !strings.Contains(word, "://") {
			continue
		}
		ascii, _, ok := Host(s)
		if !ok {
			continue
		}
		if last = ascii[strings.LastIndexByte(ascii, '.')+1:]; strings.Trim(last, "abcdefghijklmnopqrstuvwxyz") != "" && !strings.HasPrefix(last, "xn--") {
			continue
		}
		if at && user != "" {
			return ascii, user + "@" + ascii
		}
		return ascii, ""
	}
	return "", ""
}

// sameSite reports whether two hosts belong to one owner, as far as their names
// say: the last two labels, or three where the last but one is a kind (com.tr).
func sameSite(a, b string) bool { return site(a) == site(b) }

func site(host string) string {
	labels := strings.Split(host, ".")
	n := 2
	if k := len(labels); k >= 3 && len(labels[k-1]) == 2 && len(labels[k-2]) <= 3 {
		n = 3
	}
	return strings.Join(labels[max(0, len(labels)-n):], ".")
}
