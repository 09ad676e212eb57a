package archive

import (
	"errors"
	"fmt"

	"rem"
)

// ErrForm is wrapped when the bytes are not the container that they begin as, or
// can be read in two ways.
var ErrForm = errors.New("malformed archive")

// ErrLimit is wrapped when a container is beyond a limit.
var ErrLimit = errors.New("archive beyond the limit")

// Limits bound what looking into one container may cost. A field that is zero
// stands for its default.
type Limits struct {
	Total   int64 // bytes that come out, of all levels together
	Ratio   int64 // bytes out for each byte in, of one entry, beyond the first 64 KiB
	Entries int   // of all levels together
	Depth   int   // containers within one another; the outermost is 1
	Nested  int64 // bytes of a zip within another container: it is kept in memory meanwhile
}

// DefaultLimits have room for the largest message there is.
var DefaultLimits = Limits{
	Total:   512 << 20, // twenty times a message of 25 MB: office files shrink to a tenth
	Ratio:   200,       // deflate reaches 1032; text reaches 20, logs 100
	Entries: 10000,
	Depth:   5,
	Nested:  16 << 20,
}

// OrDefault gives the limits with their defaults written out.
func (l Limits) OrDefault() Limits {
	d := DefaultLimits
	if l.Total > 0 {
		d.Total = l.Total
	}
	if l.Ratio > 0 {
		d.Ratio = l.Ratio
	}
	if l.Entries > 0 {
		d.Entries = l.Entries
	}
	if l.Depth > 0 {
		d.Depth = l.Depth
	}
	if l.Nested > 0 {
		d.Nested = l.Nested
	}
	return d
}

// A Kind is what was found in a container.
type Kind string

// The kinds. Those with an asterisk leave something that was not looked into.
const (
	TooMuch       Kind = "too-much"       // * more bytes than the limit come out
	TooDense      Kind = "too-dense"      // * an entry swells beyond the ratio
	TooMany       Kind = "too-many"       // * more entries than the limit
	TooDeep       Kind = "too-deep"       // * more levels than the limit
	TooLarge      Kind = "too-large"      // * a container inside is too large to be looked into
	Encrypted     Kind = "encrypted"      // * an entry is encrypted
	UnknownMethod Kind = "unknown-method" // * an entry is packed in a way that is not known here
	Unread        Kind = "unread"         // * a container of a form that is not known here (7z, rar)
	Malformed     Kind = "malformed"      // * not what it begins as
	Overlap       Kind = "overlap"        // * two entries share bytes
	TwoReadings   Kind = "two-readings"   // * another program may see other entries
	NameTwice     Kind = "name-twice"     // two entries have one name
	NameOutside   Kind = "name-outside"   // a name that leads out of the folder it is unpacked in
	Link          Kind = "link"           // an entry that stands for a file elsewhere
	BytesAround   Kind = "bytes-around"   // bytes before, between or behind the entries
	WrongSum      Kind = "wrong-sum"      // the content is not what its checksum or length says
	Executable    Kind = "executable"     // an entry that is a program, by name or content
	Macro         Kind = "macro"          // an entry is a program within an office document
)

var texts = map[Kind]rem.Text{
	TooMuch:       {Turkish: "Açıldığında sınırdan büyük oluyor; tümüne bakılmadı.", English: "It grows beyond the limit when unpacked; not all of it was looked at."},
	TooDense:      {Turkish: "Açıldığında olağan dışı büyüyor (arşiv bombası olabilir); içine bakılmadı.", English: "It grows out of proportion when unpacked (it may be an archive bomb); it was not looked into."},
	TooMany:       {Turkish: "Sınırdan çok dosya içeriyor; tümüne bakılmadı.", English: "It holds more files than the limit; not all of them were looked at."},
	TooDeep:       {Turkish: "Arşiv içinde arşiv sayısı sınırı aşıyor; en içtekilere bakılmadı.", English: "Archives lie within archives beyond the limit; the innermost were not looked into."},
	TooLarge:      {Turkish: "İçindeki bir arşiv, bakılamayacak kadar büyük.", English: "An archive inside is too large to be looked into."},
	Encrypted:     {Turkish: "Şifreli dosya içeriyor; içine bakılamadı.", English: "It holds an encrypted file; it could not be looked into."},
	UnknownMethod: {Turkish: "Bilinmeyen bir yöntemle sıkıştırılmış dosya içeriyor; içine bakılamadı.", English: "It holds a file packed in an unknown way; it could not be looked into."},
	Unread:        {Turkish: "Burada açılamayan türde bir arşiv; içine bakılamadı.", English: "An archive of a kind that is not opened here; it could not be looked into."},
	Malformed:     {Turkish: "Arşiv bozuk; tümüne bakılamadı.", English: "The archive is malformed; not all of it could be looked at."},
	Overlap:       {Turkish: "Arşivdeki dosyalar birbirinin üzerine biniyor.", English: "Files of the archive lie on top of one another."},
	TwoReadings:   {Turkish: "Arşiv iki farklı biçimde okunabiliyor; başka bir program başka dosyalar gösterebilir.", English: "The archive can be read in two ways; another program may show other files."},
	NameTwice:     {Turkish: "Aynı adda birden çok dosya var.", English: "Several files have the same name."},
	NameOutside:   {Turkish: "Açıldığında başka bir klasöre yazmaya çalışan dosya adı var.", English: "A file name tries to write into another folder when unpacked."},
	Link:          {Turkish: "Başka bir dosyanın yerini gösteren bağlantı içeriyor.", English: "It holds a link to a file elsewhere."},
	BytesAround:   {Turkish: "Arşivin önünde, arasında ya da arkasında başka veri var.", English: "There is other data before, between or behind the files."},
	WrongSum:      {Turkish: "Bir dosyanın içeriği, arşivde yazılı uzunluk ya da sağlama değeriyle uyuşmuyor.", English: "The content of a file is not what its length or checksum says."},
	Executable:    {Turkish: "Çalıştırılabilir dosya içeriyor.", English: "It holds a program."},
	Macro:         {Turkish: "Makro içeren belge bulunuyor.", English: "It holds a document with macros."},
}

// A Finding is something in a container that its reader should know.
type Finding struct {
	Kind Kind
	Name string // of the entry, cleaned for display; "" for the container itself
}

// Text tells a person what was found.
func (f Finding) Text() rem.Text { return texts[f.Kind] }

// Incomplete reports whether it means that something was not looked into.
func (f Finding) Incomplete() bool {
	switch f.Kind {
	case NameTwice, NameOutside, Link, BytesAround, WrongSum, Executable, Macro:
		return false
	}
	return true
}

// Beyond reports whether a scanner, which unpacks everything, is better kept out: the
// container swells, goes on or nests beyond the limits, or its files lie on one
// another. What is encrypted, damaged or of an unknown form costs a scanner nothing.
func (f Finding) Beyond() bool {
	switch f.Kind {
	case TooMuch, TooDense, TooMany, TooDeep, TooLarge, Overlap:
		return true
	}
	return false
}

// An Entry is one file of a container.
type Entry struct {
	Name  string // as written, made valid UTF-8; a text, never a path
	Size  int64  // of its content, as it came out; -1 where it was not read
	Depth int    // 1 in the outermost container
	Type  string // by content; "" where it was not read
	Dir   bool
}

// A Report says what is in a container.
type Report struct {
	Format   string  // "zip", "tar", "gzip", "bzip2", "" for none that is known
	Entries  []Entry // at most as many as the limit
	Findings []Finding
	Total    int64 // bytes that came out
}

// Complete reports whether everything was looked into.
func (r *Report) Complete() bool {
	for _, f := range r.Findings {
		if f.Incomplete() {
			return false
		}
	}
	return true
}

// Has reports whether something of the kind was found.
func (r *Report) Has(k Kind) bool {
	for _, f := range r.Findings {
		if f.Kind == k {
			return true
		}
	}
	return false
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrForm, fmt.Errorf(format, args...))
}
