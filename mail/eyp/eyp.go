package eyp

import (
	"errors"
	"time"

	"rem"
	"rem/mail/archive"
	"rem/trust/cades"
)

// MediaType is what a package is called in mail.
const MediaType = "application/eyazisma"

// ErrForm is wrapped when the bytes are not an e-Yazışma package. Bytes that are
// no proper zip give archive.ErrForm, and those beyond a limit archive.ErrLimit.
var ErrForm = errors.New("malformed e-Yazışma package")

// Options say how a package is read. The zero Options are the defaults.
type Options struct {
	Archive archive.Limits
	XML     int                 // bytes of one XML part; 0 for 4 MB
	Verify  cades.VerifyOptions // of signatures
}

// A Package is what an e-Yazışma package holds.
type Package struct {
	Version    string // "1.x" or "2.x", by its namespaces; "" where unknown
	Encrypted  bool   // its letter is inside of an encrypted part, which is not opened
	Metadata   Metadata
	Letter     *Part  // the letter itself (üst yazı); nil when it is encrypted or missing
	Others     []Part // attachments in the package and whatever else it holds
	Signatures []Signature
	Findings   []Finding
	Unverified []rem.Text // what nobody has checked here
}

// Metadata is what the package says of itself (üstveri).
type Metadata struct {
	ID          string // BelgeId
	Subject     string // Konu
	Number      string // BelgeNo
	Date        string // Tarih, as written
	Time        time.Time
	Security    string // GuvenlikKodu as written; see SecurityText
	Language    string
	FileName    string // DosyaAdi
	From        []Party
	To          []Party // of the distribution list (dağıtım)
	Attachments []Listed
	References  []Reference
}

// A Party is a body, company or person that the metadata names.
type Party struct {
	Kind rem.Text // public body, company, person
	Name string
	ID   string   // KKK, MERSİS … as written
	Role rem.Text // what the list says: purpose of the distribution, urgency
}

// Listed is an attachment that the metadata names.
type Listed struct {
	ID, Name, File string
	Kind           string // "DED", "HRF", "FZK": in the package, elsewhere, physical
	Part           string // the part that holds it; "" when it is not in the package
}

// A Reference is a letter that this one refers to (ilgi).
type Reference struct{ Label, Number, Name string }

// A Part is one part of the container.
type Part struct {
	Path     string // "/UstYazi/yazi.pdf", in the container; a text
	Name     string // the last part of it, cleaned
	Declared string // media type by [Content_Types].xml
	Type     string // by content
	Size     int64
	Digest   rem.Digest
	Sum      Sum // what the summaries say of it
}

// A Sum is the outcome of comparing a part with the digests in the summaries.
type Sum string

// The outcomes.
const (
	NotSummed  Sum = "not-summed" // no summary names it
	SumAgrees  Sum = "agrees"     // the part has the digest that the summary says
	SumDiffers Sum = "differs"    // it has not
	SumUnknown Sum = "unknown"    // the digest's algorithm is not known here, or too weak
)

// A Signature is a signature or seal that lies in the package.
type Signature struct {
	Path   string
	Kind   rem.Text // signature, seal, initials
	Over   string   // the summary that it stands for: "/PaketOzeti/PaketOzeti.xml"
	State  State
	Reason string          // for an expert, why it is not Verified
	Signed *cades.Verified // when State is Verified: who says what; whether to believe him is trust/validation's
}

// A State says how far a signature was checked.
type State string

// The states.
const (
	Verified State = "verified" // the value holds over the summary in this package; the certificate was not judged
	Broken   State = "broken"   // it does not hold over it
	Present  State = "present"  // there, and of a form that is not verified here
)

// A Finding is something that its reader should know.
type Finding struct {
	Kind string
	Text rem.Text
	Path string // of the part, where it is about one
}
