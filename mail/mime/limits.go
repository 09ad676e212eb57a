package mime

import (
	"errors"
	"fmt"
)

// Limits bound what one message may ask of us. Everything that grows with the
// input has a bound here; time is linear below it (AT-07).
type Limits struct {
	HeaderBytes int // of all header blocks of the message together
	Fields      int // header fields in one block
	Parts       int // parts in the whole tree
	Depth       int // multiparts and messages within one another
	Parameters  int // of one Content-Type or Content-Disposition
	Addresses   int // mailboxes in one field
}

// DefaultLimits are what a provider's mail needs, with room.
var DefaultLimits = Limits{
	HeaderBytes: 512 << 10, // large trace and DKIM blocks stay below 64 KiB; many parts have one each
	Fields:      1000,      // the longest seen in practice are near 200
	Parts:       1000,      // one letter with hundreds of attachments still passes
	Depth:       32,        // forwarded ten times, each with three levels
	Parameters:  64,        // RFC 2231 continuations of a 4 KB file name
	Addresses:   1000,      // RFC 5321 4.5.3.1.8 asks for 100 recipients at least
}

// ErrLimit is wrapped when a message is beyond a limit.
var ErrLimit = errors.New("beyond the limit")

// ErrSyntax is wrapped when bytes are not what the RFC asks for and no reading
// of them is safe.
var ErrSyntax = errors.New("malformed mail")

func over(what string, limit int) error {
	return fmt.Errorf("%w: more than %d %s", ErrLimit, limit, what)
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrSyntax, fmt.Sprintf(format, args...))
}

// A Doubt is a construct that two readers may understand in two ways.
type Doubt uint8

// The doubts. None of them makes a message unreadable.
const (
	_                    Doubt = iota
	BareLineEnd                // a CR or LF alone near a boundary line
	SimilarBoundary            // a line that begins as a boundary line and goes on
	BoundaryReused             // two open multiparts share a boundary, or one begins with the other
	BoundaryMissing            // a multipart without a usable boundary
	Unclosed                   // a multipart without its closing line
	NoParts                    // a multipart in which no part begins
	AfterClosing               // a boundary after the closing one
	PartHeader                 // a part's header block is not fields
	FieldTwice                 // a field that may stand once stands more often
	EightBitHeader             // bytes beyond ASCII in a header block
	BlankContinuation          // a continuation line of white space alone
	MediaSyntax                // a Content-Type or -Disposition that is not the grammar's
	MediaComment               // a comment inside of one
	ParameterTwice             // a parameter twice, or once in each of two forms
	EncodedComposite           // a multipart or message under base64 or quoted-printable
	UnknownEncoding            // a Content-Transfer-Encoding that RFC 2045 does not know
	OddEncoding                // base64 or quoted-printable with bytes that are neither
	AddressInDisplayName       // a display name that looks like an address (AT-05)
	AddressComment             // a comment in an address field (AT-05)
	OddText                    // a text in an unknown character set, or not in its own
)

var doubts = [...]string{
	BareLineEnd:          "a bare CR or LF beside a boundary",
	SimilarBoundary:      "a line that only begins as a boundary does",
	BoundaryReused:       "a boundary that is, or begins with, one already in use",
	BoundaryMissing:      "a multipart without a usable boundary",
	Unclosed:             "a multipart that is not closed",
	NoParts:              "a multipart without parts",
	AfterClosing:         "a boundary after the closing one",
	PartHeader:           "a part whose header is malformed",
	FieldTwice:           "a field that stands twice",
	EightBitHeader:       "unencoded bytes in a header",
	BlankContinuation:    "a blank continuation line",
	MediaSyntax:          "a malformed content field",
	MediaComment:         "a comment in a content field",
	ParameterTwice:       "a parameter given twice",
	EncodedComposite:     "an encoded multipart or message",
	UnknownEncoding:      "an unknown transfer encoding",
	OddEncoding:          "stray bytes in an encoded body",
	AddressInDisplayName: "a display name that looks like an address",
	AddressComment:       "a comment in an address field",
	OddText:              "text not in its character set",
}

// String describes the doubt in words.
func (d Doubt) String() string {
	if int(d) < len(doubts) && doubts[d] != "" {
		return doubts[d]
	}
	return "unknown doubt"
}

// A Finding is a doubt and where it lies.
type Finding struct {
	Doubt  Doubt
	Offset int64
}

// String gives the doubt and its place.
func (f Finding) String() string { return fmt.Sprintf("%s at byte %d", f.Doubt, f.Offset) }
