package signing

import (
	"encoding/base64"
	"time"

	"rem"
	"rem/message/signing"
)

// What page, provider and remsign tell each other (docs/formats/signing.md). Octets
// are in base64, times in RFC 3339.

// Words is a text in both languages.
type Words struct {
	Turkish string `json:"Turkish"`
	English string `json:"English"`
}

// A Problem says why not.
type Problem struct {
	Code string `json:"code"`
	Text Words  `json:"text"`
}

// A Shown is what a signer is shown of a request.
type Shown struct {
	Request string      `json:"request"`
	Account string      `json:"account"` // its address
	Until   time.Time   `json:"until"`
	OnePIN  bool        `json:"onePIN"`
	Items   []ShownItem `json:"items"`
}

// A ShownItem is one message of it.
type ShownItem struct {
	Subject string   `json:"subject"`
	From    string   `json:"from"`
	To      []string `json:"to"`
	Cc      []string `json:"cc,omitempty"`
	Size    int64    `json:"size"`
	Digest  string   `json:"digest"` // SHA-256 of the part that is signed, in hexadecimal
	Done    bool     `json:"done,omitempty"`
}

// Show gives what a signer is shown.
func Show(v signing.View) Shown {
	s := Shown{Request: string(v.ID), Account: v.Sender, Until: v.Until, OnePIN: v.OnePIN}
	for _, i := range v.Items {
		s.Items = append(s.Items, ShownItem{i.Subject, i.From, i.To, i.Cc, i.Size, i.Digest.String(), i.Outcome != nil})
	}
	return s
}

// A Choice is what a certificate signs.
type Choice struct {
	Hash  string       `json:"hash"` // "sha-256"
	PSS   bool         `json:"pss"`
	Time  time.Time    `json:"time"`
	Items []ChoiceItem `json:"items"`
}

// A ChoiceItem is what is signed for one message: the signed attributes in DER, empty
// for one that is done.
type ChoiceItem struct {
	Attributes string `json:"attributes"`
}

// ChoiceOf writes a choice.
func ChoiceOf(c signing.Choice) Choice {
	out := Choice{Hash: "sha-256", PSS: c.Algorithm.PSS, Time: c.Time}
	for _, i := range c.Items {
		out.Items = append(out.Items, ChoiceItem{base64.StdEncoding.EncodeToString(i.Attributes)})
	}
	return out
}

// Results are what became of a request.
type Results struct {
	Items []Result `json:"items"`
}

// A Result is what became of one message.
type Result struct {
	Message  string `json:"message,omitempty"`
	Evidence string `json:"evidence,omitempty"`
	Refusal  *Words `json:"refusal,omitempty"`
}

// ResultsOf writes what became of a request.
func ResultsOf(v signing.View) Results {
	var out Results
	for _, i := range v.Items {
		var r Result
		if o := i.Outcome; o != nil {
			r.Message, r.Evidence = string(o.Message), string(o.Evidence)
			if o.Refusal != nil {
				w := words(o.Refusal.Detail)
				r.Refusal = &w
			}
		}
		out.Items = append(out.Items, r)
	}
	return out
}

func words(t rem.Text) Words { return Words(t) }
