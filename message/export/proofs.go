package export

import (
	"rem"
	"rem/message"
	"rem/trust/validation"
)

// The names of proof lists, and the version that is written.
const (
	proofsName = "proofs.json"
	sumsName   = "proofs.txt"
	stampName  = "proofs.tst"
	version    = 1
)

// proofs is the proof list of the whole: proofs.json at the top.
type proofs struct {
	Version int      `json:"version"`
	Made    string   `json:"made"` // RFC 3339, UTC
	Parts   []listed `json:"parts"`
	Files   []listed `json:"files"`
}

// partProofs is that of one part.
type partProofs struct {
	Version  int             `json:"version"`
	Part     int             `json:"part"`
	Messages []messageProofs `json:"messages"`
	Files    []listed        `json:"files"`
}

// listed is a file of which the bytes are known.
type listed struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// messageProofs ties a message to its files.
type messageProofs struct {
	Message   rem.MessageID    `json:"message"`
	Direction string           `json:"direction"` // sent or received
	Recipient int              `json:"recipient,omitempty"`
	Original  *originalProof   `json:"original,omitempty"`
	LeftOut   string           `json:"leftOut,omitempty"` // unopened
	Evidence  []evidenceProofs `json:"evidence"`
}

// originalProof says where the original is. In a mailbox file it is the span
// From, Length, in the quoting of mboxrd; Size and SHA256 are of the original.
type originalProof struct {
	File   string `json:"file"`
	From   int64  `json:"from,omitempty"`
	Length int64  `json:"length,omitempty"`
	Mbox   bool   `json:"mbox,omitempty"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

type evidenceProofs struct {
	listed
	ID        rem.EvidenceID `json:"id"`
	Kind      string         `json:"kind"`
	Outcome   string         `json:"outcome"`
	Recipient int            `json:"recipient"`
	// Conflict: it contradicts the others and is verified apart from them.
	Conflict bool `json:"conflict,omitempty"`
}

// A Trouble is what is wrong with a file of an export.
type Trouble string

// The troubles.
const (
	Missing   Trouble = "missing"   // listed, and not there
	Changed   Trouble = "changed"   // other bytes than listed
	Unlisted  Trouble = "unlisted"  // there, and not listed
	Twice     Trouble = "twice"     // two files of one name, or listed twice
	BadName   Trouble = "bad-name"  // a name that no export has
	Misplaced Trouble = "misplaced" // an evidence, but not the one of the list
	Foreign   Trouble = "foreign"   // an evidence about another message, or another original
	BadList   Trouble = "bad-list"  // the proof list cannot be read
	Unstamped Trouble = "bad-stamp" // its time stamp does not hold
)

var troubles = map[Trouble]rem.Text{
	Missing:   {Turkish: "Listede var, dosya yok.", English: "It is listed and not there."},
	Changed:   {Turkish: "Dosya değişmiş: özeti listedekiyle aynı değil.", English: "The file was changed: its digest is not the one of the list."},
	Unlisted:  {Turkish: "Dosya listede yok: sonradan eklenmiş.", English: "The file is not in the list: it was added."},
	Twice:     {Turkish: "Aynı ad iki kez var.", English: "The name is there twice."},
	BadName:   {Turkish: "Dışa aktarımda böyle bir ad olmaz.", English: "No export has such a name."},
	Misplaced: {Turkish: "Listede başka bir delil yazıyor.", English: "The list names another evidence."},
	Foreign:   {Turkish: "Delil bu iletiye ait değil.", English: "The evidence is not about this message."},
	BadList:   {Turkish: "Kanıt listesi okunamıyor.", English: "The proof list cannot be read."},
	Unstamped: {Turkish: "Kanıt listesinin zaman damgası tutmuyor ya da doğrulanamıyor.", English: "The time stamp of the proof list does not hold, or cannot be verified."},
}

// Text says a trouble in a sentence.
func (t Trouble) Text() rem.Text { return troubles[t] }

// A Problem is a trouble with one file.
type Problem struct {
	File    string  `json:"file"`
	Trouble Trouble `json:"trouble"`
	Detail  string  `json:"detail,omitempty"`
}

// verdict of a trouble: what cannot be judged is not failed.
func (p Problem) verdict() validation.Verdict {
	if p.Trouble == Unstamped && p.Detail == validation.Indeterminate.String() {
		return validation.Indeterminate
	}
	return validation.TotalFailed
}

func evidenceProof(l listed, f *message.Filed) evidenceProofs {
	return evidenceProofs{listed: l, ID: f.ID, Kind: f.Kind.String(), Outcome: f.Outcome.String(), Recipient: f.Recipient, Conflict: f.Conflict}
}
