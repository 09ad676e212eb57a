package html

import "rem"

// FrameCSP is the Content-Security-Policy that what Safe writes is served with. It
// sandboxes the document even where it is opened by itself. Pictures come from
// the server that serves it, or are in the document.
const FrameCSP = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// FrameSandbox is the sandbox attribute of the frame that shows it. Links open in
// a window of their own, since they were clicked; nothing else is allowed.
const FrameSandbox = "allow-popups allow-popups-to-escape-sandbox"

// Limits bound what Safe, Text and ForCompose take and give. A field that is zero
// stands for its default.
type Limits struct {
	Input    int // bytes read; what follows is left out and found (Cut)
	Output   int // bytes written
	Depth    int // elements open at once; deeper ones lose their tags, not their text
	Image    int // bytes of one picture within the text, decoded
	Images   int // bytes of all of them together
	Pixels   int // of one picture: what a browser has to make room for
	Samples  int // examples that a finding keeps
	Elements int // elements written
}

// DefaultLimits have room for the largest newsletters.
var DefaultLimits = Limits{
	Input:    4 << 20,
	Output:   16 << 20,
	Depth:    128, // newsletters of tables within tables reach 60
	Image:    1 << 20,
	Images:   4 << 20,
	Pixels:   16 << 20, // 64 MB in a browser
	Samples:  5,
	Elements: 200000,
}

// Options say how a page is made safe. The zero Options show no picture that is
// not in the text, and links that cannot be clicked.
type Options struct {
	// Picture gives the address of an inline image by its Content-ID, as a path on
	// our own server ("/…"); ok is false when the message has none. Anything that
	// is not such a path is refused.
	Picture func(cid string) (path string, ok bool)

	// Links can be clicked. They open in a new window and do not say where from.
	Links bool

	// Language is "tr" or "en", of our own words in the document; "" is "tr".
	Language string

	Limits Limits
}

// A Page is what Safe made.
type Page struct {
	Document string // whole, for a frame; serve it with FrameCSP
	Body     string // what stands between <body> and </body>
	Text     string // the same as readable plain text
	Findings []Finding
	Pictures []string // Content-IDs that the text shows, each once
}

// Has reports whether something of the kind was found.
func (p *Page) Has(k Kind) bool {
	for _, f := range p.Findings {
		if f.Kind == k {
			return true
		}
	}
	return false
}

// A Kind is what was found in a page.
type Kind string

// The kinds.
const (
	HiddenText     Kind = "hidden-text"     // text that its reader would not have seen
	RemoteContent  Kind = "remote-content"  // something would have been fetched, and reading reported
	Script         Kind = "script"          // a script, or an attribute or address that is one
	Form           Kind = "form"            // fields that ask the reader for something
	DeceptiveLink  Kind = "deceptive-link"  // a link whose text names another host than its target
	OddLink        Kind = "odd-link"        // a link that leads to no web or mail address
	OddHost        Kind = "odd-host"        // a host that can be taken for another
	TurnedText     Kind = "turned-text"     // characters that turn the direction of writing
	InvisibleChars Kind = "invisible-chars" // characters that are not seen
	Redirect       Kind = "redirect"        // the page would have led elsewhere by itself
	Embedded       Kind = "embedded"        // frames, objects, media, foreign content
	OddImage       Kind = "odd-image"       // a picture that is not shown: kind, size or place
	Comment        Kind = "comment"         // a comment for some readers only
	PushedText     Kind = "pushed-text"     // room that pushes text out of sight
	Cut            Kind = "cut"             // longer than what is shown
)

var texts = map[Kind]rem.Text{
	HiddenText:     {Turkish: "İletide gizlenmiş metin var. Aşağıda işaretlenerek gösterildi.", English: "The message holds hidden text. It is shown below, marked."},
	RemoteContent:  {Turkish: "Uzak içerik engellendi. Yüklenseydi, iletiyi okuduğunuz gönderene ya da başkalarına bildirilirdi.", English: "Remote content was blocked. Loading it would have told the sender, or others, that you read the message."},
	Script:         {Turkish: "İletideki betik kaldırıldı.", English: "A script in the message was removed."},
	Form:           {Turkish: "İletideki form kaldırıldı. İleti içinden sizden bilgi istenmez.", English: "A form in the message was removed. Nothing should be asked of you inside a message."},
	DeceptiveLink:  {Turkish: "Yazısı başka, hedefi başka bir adres olan bağlantı var.", English: "A link reads as one address and leads to another."},
	OddLink:        {Turkish: "Web ya da e-posta adresine gitmeyen bağlantı kaldırıldı.", English: "A link that leads to no web or mail address was removed."},
	OddHost:        {Turkish: "Başka bir adresle karıştırılabilecek bir adres var.", English: "There is an address that can be taken for another."},
	TurnedText:     {Turkish: "Metnin yönünü değiştiren gizli karakterler var; yerleri işaretlendi.", English: "Hidden characters turn the direction of the text; their places are marked."},
	InvisibleChars: {Turkish: "Görünmeyen karakterler var.", English: "There are characters that cannot be seen."},
	Redirect:       {Turkish: "İletinin başka bir sayfaya yönlendirmesi engellendi.", English: "The message would have led to another page by itself; that was blocked."},
	Embedded:       {Turkish: "Gömülü içerik (çerçeve, nesne, ses, video ya da çizim) kaldırıldı.", English: "Embedded content (a frame, object, sound, video or drawing) was removed."},
	OddImage:       {Turkish: "Bir resim gösterilmedi: türü, boyutu ya da yeri uygun değil.", English: "A picture is not shown: its kind, size or place does not allow it."},
	Comment:        {Turkish: "Yalnız bazı programların gösterdiği bölüm kaldırıldı.", English: "A section that only some programs show was removed."},
	PushedText:     {Turkish: "Metin uzun boşluklarla görünen alanın dışına itilmiş; boşluklar kısaltıldı.", English: "Text was pushed out of sight by long gaps; they were shortened."},
	Cut:            {Turkish: "İleti çok uzun; tamamı gösterilmedi.", English: "The message is very long; not all of it is shown."},
}

// A Finding is something that the page did, or would have done, to its reader.
type Finding struct {
	Kind    Kind
	Count   int
	Samples []string // of the hidden texts, hosts, links …; each one line and short
}

// Text tells a person what was found.
func (f Finding) Text() rem.Text { return texts[f.Kind] }

func (l Limits) orDefault() Limits {
	d := DefaultLimits
	for _, f := range []struct {
		to *int
		v  int
	}{{&d.Input, l.Input}, {&d.Output, l.Output}, {&d.Depth, l.Depth}, {&d.Image, l.Image}, {&d.Images, l.Images}, {&d.Pixels, l.Pixels}, {&d.Samples, l.Samples}, {&d.Elements, l.Elements}} {
		if f.v > 0 {
			*f.to = f.v
		}
	}
	return d
}
