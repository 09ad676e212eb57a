package envelope

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"

	"rem"
	"rem/mail/mime"
	"rem/mail/smime"
	"rem/trust/cades"
	"rem/trust/cms"
)

// A Kind says what an envelope holds.
type Kind uint8

// The kinds. The first two are those of TS 102 640 and the only ones that are
// written; EN 319 532-3 calls Message a receipt.
const (
	Dispatch     Kind = iota + 1 // an original and evidence
	Message                      // evidence alone
	Notification                 // neither: a notice that something waits
	Payload                      // an original alone
)

// String names the kind as EN 319 532-3 does.
func (k Kind) String() string {
	switch k {
	case Dispatch:
		return "dispatch"
	case Message:
		return "receipt"
	case Notification:
		return "notification"
	case Payload:
		return "payload"
	}
	return "unknown kind"
}

// Errors of Read and Verify.
var (
	// ErrNotEnvelope: mail, but none that claims to be a REM-MD envelope.
	ErrNotEnvelope = errors.New("not a REM-MD envelope")
	// ErrStructure: an envelope whose parts are not those of one, or that two
	// readers could read in two ways.
	ErrStructure = errors.New("malformed REM-MD envelope")
)

// An Envelope is an envelope as it came. All spans lie inside Signed.
type Envelope struct {
	Kind Kind
	// Header is the envelope's own. Protected says that it is signed, as ours
	// are: then it is the header inside the signed part, and every byte outside
	// of Signed was found to be what its maker wrote. Without it no signature
	// covers the header, and nothing in it is relied on, not even its kind.
	Header    *mime.Header
	Protected bool
	// Signed is what the signature covers, and Signature its CMS.
	Signed    mime.Span
	Signature []byte

	Introduction mime.Span // zero when there is none
	// Original is the original message, up to and including its last CRLF; zero
	// when the envelope has none.
	Original   mime.Span
	Evidence   []Part
	Extensions []Part
	Others     []Part // a PDF of the evidence, what is not known; without content

	src     mime.Source
	micalg  string // of a protected envelope
	digests map[crypto.Hash][]byte
}

// A Part is one part of an envelope, its transfer encoding undone.
type Part struct {
	Name    string // as its maker calls it; a text, never a path (AT-11)
	Type    string
	Span    mime.Span // the body as it lies in the source
	Content []byte
}

// What is read of one envelope, beside package mime's limits.
const (
	maxEvidenceBytes = 4 << 20   // an evidence with 1,000 named recipients has less than 1 MB
	maxContentBytes  = 32 << 20  // of all evidence and extensions together
	maxSignature     = 256 << 10 // a CMS with its chain, tokens and revocation data
	maxExtensions    = 16
)

// Read reads the structure of an envelope of TS 102 640 or EN 319 532-3. It
// is strict about where parts begin and end, and takes others' habits in
// everything that changes no meaning: names, orders, encodings, missing
// dispositions, either set of header fields. Whether the signature holds is
// asked with [Envelope.Verify].
//
// An error wraps ErrNotEnvelope, ErrStructure, mime.ErrSyntax or
// mime.ErrLimit; any other is the source's.
func Read(src mime.Source) (*Envelope, error) {
	e, err := read(src)
	if err != nil {
		return nil, fmt.Errorf("reading an envelope: %w", err)
	}
	return e, nil
}

func structure(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrStructure, fmt.Sprintf(format, args...))
}

func read(src mime.Source) (*Envelope, error) {
	m, err := mime.Parse(src, mime.Options{})
	if err != nil {
		return nil, err
	}
	if !m.Type.Is("multipart/signed") || len(m.Parts) == 0 || !claims(m.Part) {
		return nil, ErrNotEnvelope
	}
	for _, f := range m.Findings {
		if !harmless(f.Doubt) {
			return nil, structure("%s", f)
		}
	}
	if len(m.Parts) != 2 {
		return nil, structure("%d parts around the signature", len(m.Parts))
	}
	e := &Envelope{Header: m.Header, Signed: m.Parts[0].Whole, src: src}
	if err := e.signature(m); err != nil {
		return nil, err
	}
	if !m.Parts[0].Type.Is("multipart/mixed") {
		return nil, structure("%s is signed, not multipart/mixed", m.Parts[0].Type.Type)
	}
	if err := e.protect(m); err != nil {
		return nil, err
	}
	left := maxContentBytes
	for _, p := range m.Parts[0].Parts {
		if err := e.part(p, &left); err != nil {
			return nil, err
		}
	}
	switch {
	case !e.Original.IsZero() && len(e.Evidence) > 0:
		e.Kind = Dispatch
	case !e.Original.IsZero():
		e.Kind = Payload
	case len(e.Evidence) > 0:
		e.Kind = Message
	default:
		e.Kind = Notification
	}
	return e, e.agrees()
}

// harmless are the doubts that leave the parts and their content as they are.
func harmless(d mime.Doubt) bool {
	switch d {
	case mime.EightBitHeader, mime.BlankContinuation, mime.MediaComment, mime.OddText:
		return true
	}
	return false
}

// claims reports whether mail says of itself that it is an envelope; the
// signed mail of a person, with whatever attached, does not.
func claims(p *mime.Part) bool {
	for _, name := range []string{fieldMsgType, fieldMessageType522, fieldMessageID, "REM-MetadataVersion"} {
		if p.Header.Count(name) > 0 {
			return true
		}
	}
	for _, c := range p.Parts[0].Parts {
		if section(c) != "" {
			return true
		}
	}
	return false
}

// section gives the part's mark, in the words of EN 319 532-3.
func section(p *mime.Part) string {
	for _, name := range []string{fieldSection522, fieldSection} {
		v := rem.FoldASCII(p.Header.Get(name))
		for _, word := range []string{"introduction", "original", "extension", "pdf_evidence", "evidence"} {
			if strings.Contains(v, word) {
				return word
			}
		}
	}
	return ""
}

func (e *Envelope) signature(m *mime.Message) error {
	p := m.Parts[1]
	const plain, old = "application/pkcs7-signature", "application/x-pkcs7-signature"
	if p.Type.Type != plain && p.Type.Type != old {
		return structure("the second part is %s, not a signature", p.Type.Type)
	}
	if protocol, ok := m.Type.Param("protocol"); ok && rem.FoldASCII(protocol) != plain && rem.FoldASCII(protocol) != old {
		return structure("it is signed by %.80q", protocol)
	}
	der, err := content(p, e.src, maxSignature)
	if err != nil {
		return fmt.Errorf("reading the signature: %w", err)
	}
	if len(der) == 0 {
		return structure("the signature is empty")
	}
	e.Signature = der
	return nil
}

// part puts one part of the multipart/mixed where it belongs: by its mark, or
// without one by its type.
func (e *Envelope) part(p *mime.Part, left *int) error {
	mark := section(p)
	if mark == "" {
		mark = e.guess(p)
	}
	keep := func(list *[]Part, most int) error {
		if len(*list) >= most {
			return structure("more than %d parts of one kind", most)
		}
		b, err := content(p, e.src, min(maxEvidenceBytes, *left))
		if err != nil {
			return fmt.Errorf("reading the part %.80q: %w", p.FileName(), err)
		}
		*left -= len(b)
		*list = append(*list, Part{p.FileName(), p.Type.Type, p.Body, b})
		return nil
	}
	switch mark {
	case "introduction":
		if !e.Introduction.IsZero() {
			return structure("two introductions")
		}
		e.Introduction = p.Whole
	case "original":
		switch {
		case !e.Original.IsZero():
			return structure("two original messages")
		case !p.Type.Is("message/rfc822") || p.Encoding != "7bit" && p.Encoding != "8bit" && p.Encoding != "binary":
			return structure("the original is %s in %s", p.Type.Type, p.Encoding)
		case p.Body.Len() == 0:
			return structure("the original is empty")
		}
		e.Original = p.Body
	case "extension":
		return keep(&e.Extensions, maxExtensions)
	case "evidence":
		if p.Type.Is("application/pdf") {
			return e.other(p)
		}
		return keep(&e.Evidence, MaxEvidence)
	default:
		return e.other(p)
	}
	return nil
}

func (e *Envelope) other(p *mime.Part) error {
	if len(e.Others) >= maxExtensions {
		return structure("more than %d other parts", maxExtensions)
	}
	e.Others = append(e.Others, Part{Name: p.FileName(), Type: p.Type.Type, Span: p.Body})
	return nil
}

// guess tells a part without a mark by what it is.
func (e *Envelope) guess(p *mime.Part) string {
	name := rem.FoldASCII(p.FileName())
	switch {
	case p.Header.Count(fieldExtensionCode)+p.Header.Count(fieldExtensionCode522) > 0 || name == "remextensions.xml":
		return "extension"
	case p.Type.Is("message/rfc822"):
		return "original"
	case p.Type.Is("application/xml") || p.Type.Is("text/xml") || p.Type.Is("application/octet-stream") && strings.HasSuffix(name, ".xml"):
		return "evidence"
	case (p.Type.Is("multipart/alternative") || p.Type.Is("text/")) && e.Introduction.IsZero():
		return "introduction"
	}
	return ""
}

// content decodes a leaf. Bytes that its encoding does not know are refused:
// two readers would see two contents.
func content(p *mime.Part, src mime.Source, most int) ([]byte, error) {
	if len(p.Parts) > 0 {
		return nil, structure("it has parts of its own")
	}
	b, odd, err := p.Bytes(src, most)
	switch {
	case err != nil:
		return nil, err
	case odd:
		return nil, structure("stray bytes in %s", p.Encoding)
	}
	return b, nil
}

// said are the kinds that a header may mean.
var said = map[string][]Kind{
	"dispatch": {Dispatch}, "message": {Message, Notification}, "receipt": {Message}, "payload": {Payload},
	"serviceinfo": {Notification, Message}, "notification": {Notification, Message},
}

// agrees holds what the header says against what is there. The header is not
// signed; but two readers of which one goes by it must not differ.
func (e *Envelope) agrees() error {
	for _, name := range []string{fieldMsgType, fieldMessageType522} {
		v := rem.FoldASCII(e.Header.Get(name))
		if v == "" {
			continue
		}
		kinds, known := said[v[strings.LastIndexByte(v, '/')+1:]]
		if known && !slices.Contains(kinds, e.Kind) {
			return structure("%s says %.80q and the parts are those of a %s", name, v, e.Kind)
		}
	}
	return nil
}

// Source returns where the envelope lies.
func (e *Envelope) Source() mime.Source { return e.src }

// OriginalReader returns the original message, nil when there is none.
func (e *Envelope) OriginalReader() *io.SectionReader {
	if e.Original.IsZero() {
		return nil
	}
	return e.Original.Reader(e.src)
}

// OriginalDigest returns the digest of the original, nil when there is none or
// the hash is not known to the program.
func (e *Envelope) OriginalDigest(h crypto.Hash) ([]byte, error) {
	if e.Original.IsZero() || !h.Available() {
		return nil, nil
	}
	sum := h.New()
	if err := digest(sum, e.src, e.Original); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}

func digest(h hash.Hash, src mime.Source, s mime.Span) error {
	if err := s.Copy(h, src); err != nil {
		return fmt.Errorf("digesting the envelope: %w", err)
	}
	return nil
}

// Verify checks the envelope's signature over its signed bytes, which stream
// past once a digest. A signature in BER, as others' programs write, is brought
// into DER; a protected envelope's is DER. An error of the source is a fault; any other says that the
// signature does not hold. Whether its certificate may sign is for package
// validation. Not for concurrent use.
func (e *Envelope) Verify(o cades.VerifyOptions) (*cades.Verified, error) {
	var fault error
	contentDigest := func(h crypto.Hash) []byte {
		if d, ok := e.digests[h]; ok {
			return d
		}
		if !h.Available() {
			return nil
		}
		sum := h.New()
		if fault = digest(sum, e.src, e.Signed); fault != nil {
			return nil
		}
		if e.digests == nil {
			e.digests = map[crypto.Hash][]byte{}
		}
		e.digests[h] = sum.Sum(nil)
		return e.digests[h]
	}
	v, err := cades.Verify(e.Signature, contentDigest, o)
	if errors.Is(err, cms.ErrStructure) && !e.Protected {
		if der, notBER := cms.ToDER(e.Signature); notBER == nil && !bytes.Equal(der, e.Signature) {
			v, err = cades.Verify(der, contentDigest, o)
		}
	}
	switch {
	case fault != nil:
		return nil, fault
	case err != nil:
		return nil, err
	case e.Protected && smime.Micalg(v.Digests[0]) != e.micalg:
		return nil, structure("it announces %s and is signed over another digest", e.micalg)
	}
	return v, nil
}
