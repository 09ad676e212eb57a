package reading

import (
	"time"

	"rem"
	"rem/mail/archive"
	"rem/mail/eyp"
	"rem/mail/html"
	"rem/mail/mime"
)

// Limits bound what reading one message costs beyond its tree. A field that is
// zero stands for its default.
type Limits struct {
	Text     int   // bytes of one text that are shown
	Texts    int   // bytes of all texts together
	Look     int64 // bytes of an attachment that is looked into as an archive
	Findings int   // of the whole document
	Archive  archive.Limits
}

// DefaultLimits have room for what people read in one sitting.
var DefaultLimits = Limits{
	Text:     2 << 20, // a book is 1 MB
	Texts:    8 << 20,
	Look:     32 << 20, // more than a message holds
	Findings: 200,
}

// Options say how a message is read. The zero Options are fit for a page without
// inline pictures.
type Options struct {
	Mail   mime.Limits // zero for its default
	Limits Limits
	HTML   html.Options // its Picture is not used: see the one below

	// Picture gives the address at which the page serves an inline picture, by the
	// path of its part; nil shows none of them.
	Picture func(part string) string

	// Verified is the part that the caller has found covered by a good signature,
	// of a root that mime.Parse read from the same source with Messages set or not:
	// its place is what counts. Nothing else of the message is read. nil reads the
	// signed part of a multipart/signed as SignatureUnchecked.
	Verified *mime.Part

	// Quick leaves out digests, sizes, types by content, archives and the
	// comparison of readers: enough for a list of parts, not for a page.
	Quick bool
}

// A Document is a message as a page shows it.
type Document struct {
	Head        Head
	Sections    []Section    // the text, in order
	Attachments []Attachment // everything else, in order
	Signature   Signature
	Difference  string // where readers part (AT-06), in words for an expert; "" where they agree
	Findings    []Finding

	parts  map[string]*mime.Part
	source mime.Source
}

// A Signature says what stands between the text and its signer.
type Signature string

// The signatures.
const (
	Unsigned           Signature = ""          // the message is not signed
	SignatureUnchecked Signature = "unchecked" // signed; the signed part is shown, nobody has verified it here
	SignatureVerified  Signature = "verified"  // what is shown are the bytes that the caller verified
)

// A Head is what the header says. It is the sender's word: who sent a registered
// message says its evidence.
type Head struct {
	From      *mime.Mailbox // nil when there is none that can be read
	Sender    *mime.Mailbox
	ReplyTo   []mime.Mailbox
	To, Cc    []mime.Mailbox
	Subject   string
	Date      time.Time // as its sender says, in UTC; zero when absent or unreadable
	MessageID string
	InReplyTo []string
	Fields    []Field // all of them, in order, for the view of the header
}

// A Field is a header field as text for people.
type Field struct{ Name, Value string }

// A Section is one text of the message, in the forms that it has.
type Section struct {
	Path  string     // of the part that is shown, "1.2"
	Plain string     // UTF-8 with LF; made from HTML where the sender wrote none
	Made  bool       // Plain was made from HTML
	HTML  *html.Page // nil when there is none

	HTMLPath string // of the part that HTML was made of; "" when there is none
	Cut      bool   // longer than the limit
}

// An Attachment is a part that is not shown as text.
type Attachment struct {
	Path     string // of its part; opens it with [Document.Open]
	Name     string // cleaned for display and for saving; never empty, never a path
	Declared string // the type that the sender says, folded
	Type     string // the type by its content
	Label    rem.Text
	Size     int64 // decoded
	Digest   rem.Digest
	Inline   bool   // shown within the text
	CID      string // Content-ID, "" when it has none
	Findings []Finding

	Archive *archive.Report // of a container; nil otherwise, and where it could not be looked into
	Package *eyp.Package    // of an e-Yazışma package
	Message *Head           // of an attached message
}

// Risky reports whether a person should think before opening it.
func (a *Attachment) Risky() bool {
	for _, f := range a.Findings {
		if f.Weight >= Warning {
			return true
		}
	}
	return false
}

// A Weight orders findings for display.
type Weight uint8

// The weights.
const (
	Note    Weight = iota // good to know
	Warning               // look twice
	Danger                // made to deceive or to harm, most likely
)

// A Finding is something that a careful person would notice.
type Finding struct {
	Kind   string // stable, for tests and styles: "html/hidden-text", "name/double-extension"
	Weight Weight
	Text   rem.Text
	Detail string // one line from the message, cleaned; may be personal
	Path   string // of the part; "" for the message
}
