package tsp

import (
	"fmt"
	"math/bits"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"rem/trust/cms"
)

// A Failure is the number of a bit of PKIFailureInfo, RFC 3161 2.4.2.
type Failure int

// The failures of RFC 3161 2.4.2.
const (
	BadAlgorithm         Failure = 0
	BadRequest           Failure = 2
	BadDataFormat        Failure = 5
	TimeNotAvailable     Failure = 14
	UnacceptedPolicy     Failure = 15
	UnacceptedExtension  Failure = 16
	AddInfoNotAvailable  Failure = 17
	SystemFailure        Failure = 25
	noFailure            Failure = -1
	granted, withMods            = 0, 1 // PKIStatus
	rejection, lastKnown         = 2, 5
	maxText                      = 1 << 10
	maxTexts                     = 8
)

func (f Failure) String() string {
	switch f {
	case BadAlgorithm:
		return "badAlg"
	case BadRequest:
		return "badRequest"
	case BadDataFormat:
		return "badDataFormat"
	case TimeNotAvailable:
		return "timeNotAvailable"
	case UnacceptedPolicy:
		return "unacceptedPolicy"
	case UnacceptedExtension:
		return "unacceptedExtension"
	case AddInfoNotAvailable:
		return "addInfoNotAvailable"
	case SystemFailure:
		return "systemFailure"
	}
	return "no failure given"
}

// A Rejection is an authority's answer without a token.
type Rejection struct {
	Status  int // PKIStatus, 2 to 5
	Failure Failure
	Text    string // the authority's words: for logs, not for people
}

func (r *Rejection) Error() string {
	return fmt.Sprintf("time-stamping authority refused (%v): %q", r.Failure, r.Text)
}

func reject(f Failure, text string) *Rejection { return &Rejection{rejection, f, text} }

// DER writes the answer.
func (r *Rejection) DER() []byte {
	failure := make([]byte, 1+int(r.Failure)/8+1)
	failure[0] = byte(7 - int(r.Failure)%8) // unused bits
	failure[len(failure)-1] = 1 << failure[0]
	text := cms.Element(0x30, cms.Element(0x0c, []byte(r.Text)))
	return cms.Element(0x30, cms.Element(0x30, []byte{2, 1, byte(r.Status)}, text, cms.Element(0x03, failure)))
}

// grant writes the answer with a token.
func grant(token []byte) []byte {
	return cms.Element(0x30, []byte{0x30, 3, 2, 1, granted}, token)
}

// readResponse reads a TimeStampResp, RFC 3161 2.4.2, and gives its token as
// it stands there. The error is a *Rejection when there is none.
func readResponse(der []byte) ([]byte, error) {
	if len(der) > MaxToken {
		return nil, malformed("response of %d bytes", len(der))
	}
	in := cryptobyte.String(der)
	var body, info, texts, text, failure cryptobyte.String
	var status int
	if !in.ReadASN1(&body, tag.SEQUENCE) || !in.Empty() || !body.ReadASN1(&info, tag.SEQUENCE) ||
		!info.ReadASN1Integer(&status) || status < 0 || status > lastKnown {
		return nil, malformed("status of the response")
	}
	r := &Rejection{Status: status, Failure: noFailure}
	if info.PeekASN1Tag(tag.SEQUENCE) {
		if !info.ReadASN1(&texts, tag.SEQUENCE) {
			return nil, malformed("text of the response")
		}
		for n := 0; !texts.Empty(); n++ {
			if n == maxTexts || !texts.ReadASN1(&text, tag.UTF8String) || len(text) > maxText || !utf8.Valid(text) {
				return nil, malformed("text of the response")
			}
			if r.Text != "" {
				r.Text += " "
			}
			r.Text += string(text)
		}
	}
	if info.PeekASN1Tag(tag.BIT_STRING) {
		if !info.ReadASN1(&failure, tag.BIT_STRING) || len(failure) < 2 || len(failure) > 5 || failure[0] > 7 {
			return nil, malformed("failure of the response")
		}
		for i, b := range failure[1:] {
			if b != 0 && r.Failure == noFailure {
				r.Failure = Failure(8*i + bits.LeadingZeros8(b))
			}
		}
	}
	if !info.Empty() {
		return nil, malformed("status of the response goes on")
	}
	if status != granted && status != withMods {
		if !body.Empty() {
			return nil, malformed("token beside a rejection")
		}
		return nil, r
	}
	var token cryptobyte.String
	if !body.ReadASN1Element(&token, tag.SEQUENCE) || !body.Empty() || r.Failure != noFailure {
		return nil, malformed("granted without a token, or with a failure")
	}
	return token, nil
}
