package reading

import (
	"bytes"
	"strings"

	"rem"
	"rem/mail/archive"
)

// signs are what a content is searched for as it passes: things that stand
// anywhere in it.
var signs = []struct {
	sign string
	of   string // a type, or the beginning of one
	kind string
}{
	{"_\x00V\x00B\x00A\x00_\x00P\x00R\x00O\x00J\x00E\x00C\x00T\x00", "application/x-ole-storage", "macro"},
	{"E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00", "application/x-ole-storage", "encrypted"},
	{"W\x00o\x00r\x00d\x00D\x00o\x00c\x00u\x00m\x00e\x00n\x00t\x00", "application/x-ole-storage", "word"},
	{"W\x00o\x00r\x00k\x00b\x00o\x00o\x00k\x00", "application/x-ole-storage", "excel"},
	{"P\x00o\x00w\x00e\x00r\x00P\x00o\x00i\x00n\x00t\x00", "application/x-ole-storage", "powerpoint"},
	{"/JavaScript", "application/pdf", "pdf-script"},
	{"/JS", "application/pdf", "pdf-script"},
	{"/Launch", "application/pdf", "pdf-launch"},
	{"/EmbeddedFile", "application/pdf", "pdf-file"},
	{"/RichMedia", "application/pdf", "pdf-media"},
	{"/Encrypt", "application/pdf", "encrypted"},
	{"\\objdata", "application/rtf", "rtf-object"},
	{"<script", "image/svg+xml", "svg-script"},
	{"<script", "text/html", "html-script"},
}

// A searcher finds signs in what is written to it, across the borders of writes.
type searcher struct {
	kind  string
	buf   []byte // the end of what was written before
	found map[string]bool
}

func (s *searcher) Write(p []byte) (int, error) {
	longest := 0
	for _, g := range signs {
		if g.of == s.kind && !s.found[g.kind] {
			longest = max(longest, len(g.sign))
		}
	}
	if longest == 0 {
		return len(p), nil
	}
	s.buf = append(s.buf, p...)
	for _, g := range signs {
		if g.of == s.kind && !s.found[g.kind] && bytes.Contains(s.buf, []byte(g.sign)) {
			if s.found == nil {
				s.found = map[string]bool{}
			}
			s.found[g.kind] = true
		}
	}
	keep := min(longest-1, len(s.buf))
	s.buf = s.buf[:copy(s.buf, s.buf[len(s.buf)-keep:])]
	return len(p), nil
}

var contentTexts = map[string]struct {
	w    Weight
	text rem.Text
}{
	"macro":       {Danger, rem.Text{Turkish: "Belge makro (program) içeriyor.", English: "The document holds macros, which are programs."}},
	"encrypted":   {Warning, rem.Text{Turkish: "Dosya parola ile şifrelenmiş; içine bakılamadı.", English: "The file is encrypted with a password; it could not be looked into."}},
	"pdf-script":  {Warning, rem.Text{Turkish: "PDF dosyası betik içeriyor.", English: "The PDF file holds a script."}},
	"pdf-launch":  {Danger, rem.Text{Turkish: "PDF dosyası bir program başlatmak istiyor.", English: "The PDF file would start a program."}},
	"pdf-file":    {Note, rem.Text{Turkish: "PDF dosyasının içinde başka dosya var.", English: "There is another file within the PDF file."}},
	"pdf-media":   {Note, rem.Text{Turkish: "PDF dosyası gömülü ortam içeriyor.", English: "The PDF file holds embedded media."}},
	"rtf-object":  {Danger, rem.Text{Turkish: "Belgede gömülü bir nesne var.", English: "There is an embedded object in the document."}},
	"svg-script":  {Danger, rem.Text{Turkish: "Çizim betik içeriyor.", English: "The drawing holds a script."}},
	"html-script": {Warning, rem.Text{Turkish: "Sayfa betik içeriyor.", English: "The page holds a script."}},
	"program":     {Danger, rem.Text{Turkish: "Çalıştırılabilir dosya: açıldığında bilgisayarda program çalıştırabilir.", English: "A program: opening it may run something on your computer."}},
	"differs":     {Warning, rem.Text{Turkish: "Dosyanın içeriği, adında ya da türünde söylenenle uyuşmuyor.", English: "The content of the file is not what its name or type says."}},
	"unlooked":    {Note, rem.Text{Turkish: "Arşivin içine bakılamadı.", English: "The archive could not be looked into."}},
	"bad-package": {Warning, rem.Text{Turkish: "e-Yazışma paketi gibi görünüyor, ama okunamadı.", English: "It looks like an e-Yazışma package and could not be read."}},
	"odd":         {Note, rem.Text{Turkish: "Ek, kodlamasına uymayan baytlar içeriyor; başka bir program farklı gösterebilir.", English: "The attachment holds bytes outside of its encoding; another program may show it otherwise."}},
	"page":        {Warning, rem.Text{Turkish: "Web sayfası: açıldığında başka bir siteye bağlanabilir ya da sizden bilgi isteyebilir.", English: "A web page: opened, it may connect to a site or ask you for something."}},
}

func contentFinding(kind, detail, path string) Finding {
	c := contentTexts[kind]
	return Finding{Kind: "content/" + kind, Weight: c.w, Text: c.text, Detail: oneLine(detail, 200), Path: path}
}

// labels name types for people.
var labels = []struct {
	kind string // a type, or the beginning of one with "/"
	text rem.Text
}{
	{"application/pdf", rem.Text{Turkish: "PDF belgesi", English: "PDF document"}},
	{"application/eyazisma", rem.Text{Turkish: "e-Yazışma paketi", English: "e-Yazışma package"}},
	{"application/msword", rem.Text{Turkish: "Word belgesi (eski)", English: "Word document (old)"}},
	{"application/vnd.ms-excel", rem.Text{Turkish: "Excel tablosu (eski)", English: "Excel sheet (old)"}},
	{"application/vnd.ms-powerpoint", rem.Text{Turkish: "PowerPoint sunusu (eski)", English: "PowerPoint slides (old)"}},
	{"application/vnd.openxmlformats-officedocument.wordprocessingml", rem.Text{Turkish: "Word belgesi", English: "Word document"}},
	{"application/vnd.openxmlformats-officedocument.spreadsheetml", rem.Text{Turkish: "Excel tablosu", English: "Excel sheet"}},
	{"application/vnd.openxmlformats-officedocument.presentationml", rem.Text{Turkish: "PowerPoint sunusu", English: "PowerPoint slides"}},
	{"application/vnd.oasis.opendocument", rem.Text{Turkish: "OpenDocument belgesi", English: "OpenDocument file"}},
	{"application/java-archive", rem.Text{Turkish: "Java programı", English: "Java program"}},
	{"application/vnd.android.package-archive", rem.Text{Turkish: "Android programı", English: "Android program"}},
	{"application/zip", rem.Text{Turkish: "ZIP arşivi", English: "ZIP archive"}},
	{"application/gzip", rem.Text{Turkish: "GZIP arşivi", English: "GZIP archive"}},
	{"application/x-tar", rem.Text{Turkish: "TAR arşivi", English: "TAR archive"}},
	{"application/x-7z-compressed", rem.Text{Turkish: "7z arşivi", English: "7z archive"}},
	{"application/vnd.rar", rem.Text{Turkish: "RAR arşivi", English: "RAR archive"}},
	{"application/pkcs7-signature", rem.Text{Turkish: "Elektronik imza", English: "Electronic signature"}},
	{"application/pkcs7-mime", rem.Text{Turkish: "İmzalı ya da şifreli veri", English: "Signed or encrypted data"}},
	{"application/x-x509-cert", rem.Text{Turkish: "Sertifika", English: "Certificate"}},
	{"application/x-msdownload", rem.Text{Turkish: "Windows programı", English: "Windows program"}},
	{"application/x-executable", rem.Text{Turkish: "Program", English: "Program"}},
	{"application/x-mach-binary", rem.Text{Turkish: "Program", English: "Program"}},
	{"application/x-ms-shortcut", rem.Text{Turkish: "Windows kısayolu", English: "Windows shortcut"}},
	{"text/x-script", rem.Text{Turkish: "Betik", English: "Script"}},
	{"application/rtf", rem.Text{Turkish: "RTF belgesi", English: "RTF document"}},
	{"message/rfc822", rem.Text{Turkish: "E-posta iletisi", English: "Mail message"}},
	{"text/calendar", rem.Text{Turkish: "Takvim çağrısı", English: "Calendar invitation"}},
	{"text/vcard", rem.Text{Turkish: "Kişi kartı", English: "Contact card"}},
	{"text/html", rem.Text{Turkish: "Web sayfası", English: "Web page"}},
	{"text/xml", rem.Text{Turkish: "XML dosyası", English: "XML file"}},
	{"image/svg+xml", rem.Text{Turkish: "SVG çizimi", English: "SVG drawing"}},
	{"image/", rem.Text{Turkish: "Resim", English: "Picture"}},
	{"audio/", rem.Text{Turkish: "Ses kaydı", English: "Sound"}},
	{"video/", rem.Text{Turkish: "Video", English: "Video"}},
	{"text/", rem.Text{Turkish: "Metin", English: "Text"}},
}

func label(kind string) rem.Text {
	for _, l := range labels {
		if strings.HasPrefix(kind, l.kind) {
			return l.text
		}
	}
	return rem.Text{Turkish: "Dosya", English: "File"}
}

// refine tells more of a type from what was found in the content.
func refine(kind string, found map[string]bool, r *archive.Report) string {
	switch kind {
	case "application/x-ole-storage":
		switch {
		case found["word"]:
			return "application/msword"
		case found["excel"]:
			return "application/vnd.ms-excel"
		case found["powerpoint"]:
			return "application/vnd.ms-powerpoint"
		}
	case "application/zip":
		if r == nil {
			return kind
		}
		has := func(prefix string) bool {
			for _, e := range r.Entries {
				if e.Depth == 1 && strings.HasPrefix(e.Name, prefix) {
					return true
				}
			}
			return false
		}
		switch {
		case has("word/"):
			return "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
		case has("xl/"):
			return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		case has("ppt/"):
			return "application/vnd.openxmlformats-officedocument.presentationml.presentation"
		case has("mimetype") && has("content.xml"):
			return "application/vnd.oasis.opendocument"
		case has("AndroidManifest.xml"):
			return "application/vnd.android.package-archive"
		case has("META-INF/MANIFEST.MF"):
			return "application/java-archive"
		}
	}
	return kind
}

// groups are endings and declared types that go with a type by content. A type
// that is in no group is not compared.
var groups = []struct {
	kinds   []string // beginnings of types by content
	endings string
	types   []string // beginnings of declared types
}{
	{[]string{"application/pdf"}, "pdf", []string{"application/pdf", "application/x-pdf"}},
	{[]string{"image/png"}, "png", []string{"image/png"}},
	{[]string{"image/jpeg"}, "jpg jpeg jpe jfif", []string{"image/jpeg", "image/jpg", "image/pjpeg"}},
	{[]string{"image/gif"}, "gif", []string{"image/gif"}},
	{[]string{"image/tiff"}, "tif tiff", []string{"image/tiff"}},
	{[]string{"application/msword", "application/x-ole-storage"}, "doc dot xls ppt msg", []string{"application/msword"}},
	{[]string{"application/vnd.ms-excel"}, "xls xlt", []string{"application/vnd.ms-excel", "application/excel"}},
	{[]string{"application/vnd.openxmlformats-officedocument.wordprocessingml"}, "docx docm dotx dotm", []string{"application/vnd.openxmlformats-officedocument.wordprocessingml", "application/vnd.ms-word"}},
	{[]string{"application/vnd.openxmlformats-officedocument.spreadsheetml"}, "xlsx xlsm xltx xltm xlsb", []string{"application/vnd.openxmlformats-officedocument.spreadsheetml", "application/vnd.ms-excel"}},
	{[]string{"application/vnd.openxmlformats-officedocument.presentationml"}, "pptx pptm ppsx", []string{"application/vnd.openxmlformats-officedocument.presentationml", "application/vnd.ms-powerpoint"}},
	{[]string{"application/eyazisma"}, "eyp", []string{"application/eyazisma"}},
	{[]string{"application/zip"}, "zip udf kmz epub", []string{"application/zip", "application/x-zip"}},
	{[]string{"application/rtf"}, "rtf doc", []string{"application/rtf", "text/rtf"}},
	{[]string{"text/html"}, "htm html mht", []string{"text/html"}},
	{[]string{"image/svg+xml"}, "svg", []string{"image/svg"}},
	{[]string{"application/x-msdownload"}, "exe dll scr com sys", []string{"application/x-msdownload", "application/x-dosexec", "application/vnd.microsoft.portable-executable"}},
	{[]string{"application/vnd.rar"}, "rar", nil},
	{[]string{"application/x-7z-compressed"}, "7z", nil},
}

// differs reports whether a content is something else than its name, or the type
// that its sender says, lets one think.
func differs(kind, declared, name string) bool {
	ending := archive.Ending(name)
	content, said, ended := -1, -1, -1
	for i, g := range groups {
		for _, k := range g.kinds {
			if content < 0 && strings.HasPrefix(kind, k) {
				content = i
			}
		}
		for _, k := range g.types {
			if said < 0 && strings.HasPrefix(declared, k) {
				said = i
			}
		}
		for e := range strings.FieldsSeq(g.endings) {
			if ended < 0 && e == ending {
				ended = i
			}
		}
	}
	fits := func(i int) bool {
		if i < 0 || i == content {
			return true
		}
		for e := range strings.FieldsSeq(groups[max(content, 0)].endings) { // doc may be RTF, and OLE xls
			if content >= 0 && e == ending {
				return true
			}
		}
		return false
	}
	if content < 0 && (strings.HasPrefix(kind, "text/") || kind == "application/octet-stream") {
		// Data of no known form, under a name that promises one.
		return ended >= 0 && groups[ended].kinds[0] != "text/html" && groups[ended].kinds[0] != "image/svg+xml"
	}
	if content < 0 && archive.Program("", kind) {
		return ended >= 0 || said >= 0
	}
	return content >= 0 && (!fits(ended) || ended < 0 && !fits(said))
}
