package xades

import (
	"bytes"
	"crypto"
	"fmt"
	"slices"

	"rem/trust/algorithm"
	"rem/trust/c14n"
	"rem/trust/strictxml"
)

// readOwn reads a signature of the form that [Signer.Sign] writes, and tells
// whether it is one. If it is not, nothing was found out and c is of no use:
// the other reader tells what it is.
//
// The form is matched letter by letter, so that what lies between two letters
// of it is known to be canonical, and no tree of the signature is built. The
// document around it is parsed as it is read later, without the signature, and
// must be its own canonical form. Then the bytes hashed are those of the
// source, and the result is that of the other reader.
func readOwn(src []byte, o VerifyOptions, c *claim) bool {
	limit := o.Limits.MaxBytes
	if limit == 0 {
		limit = strictxml.DefaultMaxBytes
	}
	if len(src) > limit {
		return false
	}
	start := signatureStart(src)
	if start < 0 {
		return false
	}
	s := &scanner{rest: src[start:], decoded: c.room.values[:0]}
	c.keyInfo, c.references, c.stamps = c.room.keyInfo[:0], c.room.references[:0], c.room.stamps[:0]
	id := readOwnSignature(s, o, c)
	end := s.rest
	if s.failed || len(end) < 4 || !bytes.HasPrefix(end, []byte("</")) || bytes.LastIndexByte(end, '<') != 0 {
		return false
	}

	c.id = id
	if o.Unparsed {
		c.root.data, c.root.rest = slices.Clip(src[:start]), slices.Clip(end)
		return true
	}
	root := slices.Concat(src[:start], end)
	c.root.data = root
	document, err := parseOwn(root, id, o.Limits)
	c.document = document
	return err == nil
}

// signatureStart gives the place of the first "<ds:Signature ", -1 when there is
// none. It looks for the capital letter, which is rarer in XML than '<'.
func signatureStart(src []byte) int {
	const before, name = "<ds:", "Signature "
	for from := 0; ; {
		i := bytes.Index(src[from:], []byte(name))
		if i < 0 {
			return -1
		}
		from += i
		if start := from - len(before); start >= 0 && string(src[start:from]) == before {
			return start
		}
		from += len(name)
	}
}

// parseOwn parses a document, without its signature, that has to be in
// exclusive canonical form. id is the identifier of the signature.
func parseOwn(root, id []byte, limits strictxml.Limits) (*strictxml.Document, error) {
	document, err := strictxml.Parse(root, limits)
	if err != nil {
		return nil, fmt.Errorf("%w: reading what was signed: %w", ErrForm, err)
	}
	if document.Comments > 0 || document.Root.Start != 0 || document.Root.End != len(root) ||
		!c14n.IsCanonical(document, document.Root, c14n.Exclusive, c14n.Options{}) {
		return nil, malformed("what was signed is not in canonical form")
	}
	// Identifiers are unique in the whole document, or it is none.
	var buffer [2 + 2*idBytes]byte
	for _, kind := range []string{"s-", "r-", "p-"} {
		if document.ByID(string(append(append(buffer[:0], kind...), id...))) != nil {
			return nil, malformed("an identifier stands twice")
		}
	}
	return document, nil
}

// readOwnSignature reads from ds:Signature to its end tag and gives the ID.
func readOwnSignature(s *scanner, o VerifyOptions, c *claim) (id []byte) {
	s.literal(signatureOpen)
	id = s.hexadecimal()
	s.literal(`">`)

	info := s.rest
	s.literal(infoOpen)
	uri := s.value('"')
	s.literal(infoReference)
	s.bytes(id)
	s.literal(infoTransforms)
	c.root.hash = s.digestMethod()
	s.literal(infoDigest)
	c.root.digest = s.base64(c.root.hash.Size())
	s.literal(infoProperties)
	s.bytes(id)
	s.literal(infoTransform)
	c.properties.hash = s.digestMethod()
	s.literal(infoDigest)
	c.properties.digest = s.base64(c.properties.hash.Size())
	s.literal(infoClose)
	c.info = s.since(info)
	if s.failed {
		return nil
	}
	var err error
	if c.algorithm, err = algorithm.SignatureByURI(string(uri)); err != nil {
		s.failed = true
		return nil
	}

	element := s.rest
	s.literal(valueOpen)
	c.value = s.base64(0)
	s.literal(valueClose)
	imprinted := s.since(element)

	s.literal(keyOpen)
	readOwnCertificates(s, o.Cache, c)
	s.literal(keyClose)

	s.literal(objectOpen)
	s.bytes(id)
	s.literal(`">`)
	properties := s.rest
	readOwnProperties(s, id, c)
	c.properties.data = s.since(properties)
	if s.next(stampOpen) {
		der, err := decode(s.text('<'))
		s.failed = s.failed || err != nil
		s.literal(stampClose)
		c.stamps = append(c.stamps, stamp{der: der, value: imprinted})
	}
	s.literal(objectClose)
	s.literal(signatureClose)
	return id
}

func readOwnCertificates(s *scanner, cache *Cache, c *claim) {
	for s.next(certificateOpen) && len(c.keyInfo) < maxCertificates {
		text := s.text('<')
		s.literal(certificateClose)
		if s.failed {
			return
		}
		k, err := cache.decode(text)
		if err != nil {
			s.failed = true
			return
		}
		c.keyInfo = append(c.keyInfo, k)
	}
}

func readOwnProperties(s *scanner, id []byte, c *claim) {
	s.literal(propertiesOpen)
	s.bytes(id)
	s.literal(propertiesTime)
	at, err := parseTime(s.value('<'))
	if err != nil {
		s.failed = true
	}
	c.signingTime = at
	s.literal(propertiesCerts)
	for s.next(propertiesCert) && len(c.references) < maxCertificates {
		var r certificateReference
		r.hash = s.digestMethod()
		s.literal(propertiesDigest)
		r.digest = s.base64(r.hash.Size())
		s.literal(propertiesSerial)
		r.issuerSerial = s.base64(0)
		s.literal(propertiesNext)
		c.references = append(c.references, r)
	}
	s.failed = s.failed || len(c.references) == 0
	s.literal(propertiesPolicy)
	if s.next(policyOpen) {
		c.policy = readOwnPolicy(s)
	}
	s.literal(propertiesFormat)
	s.bytes(id)
	s.literal(propertiesMime)
	s.value('<')
	s.literal(propertiesClose)
}

func readOwnPolicy(s *scanner) *SignaturePolicy {
	p := new(SignaturePolicy)
	s.next(policyOID)
	s.literal(">")
	p.Identifier = string(s.value('<'))
	s.literal(policyHash)
	p.Hash = s.digestMethod()
	s.literal(propertiesDigest)
	p.Digest = bytes.Clone(s.base64(p.Hash.Size())) // the rest of the claim is let go
	s.literal(policyDigestEnd)
	if s.next(policyQualifier) {
		p.URI = string(s.value('<'))
		s.literal(policyQualifiers)
	}
	s.literal(policyClose)
	return p
}

// A scanner goes through bytes of a known form. Once something does not match
// it has failed, and what it gives from then on means nothing.
type scanner struct {
	rest   []byte
	failed bool
	// decoded is where base64 is decoded to, one after the other, in one piece
	// of memory for the small values of a signature.
	decoded []byte
}

// next goes past the literal if it stands here.
func (s *scanner) next(literal string) bool {
	if s.failed || len(s.rest) < len(literal) || string(s.rest[:len(literal)]) != literal {
		return false
	}
	s.rest = s.rest[len(literal):]
	return true
}

func (s *scanner) literal(literal string) {
	if !s.next(literal) {
		s.failed = true
	}
}

func (s *scanner) bytes(b []byte) {
	if s.failed || !bytes.HasPrefix(s.rest, b) {
		s.failed = true
		return
	}
	s.rest = s.rest[len(b):]
}

// since gives what was gone past from a place on.
func (s *scanner) since(from []byte) []byte { return slices.Clip(from[:len(from)-len(s.rest)]) }

// text goes up to a byte and gives what stands before it.
func (s *scanner) text(end byte) []byte {
	i := bytes.IndexByte(s.rest, end)
	if s.failed || i <= 0 {
		s.failed = true
		return nil
	}
	text := s.rest[:i]
	s.rest = s.rest[i:]
	return text
}

// smallValues has room for digests, a value and two issuers with their serial
// numbers, with keys of P-256. More takes more memory, not another way.
const smallValues = 512

// value is text that is plain, and so is written as it is meant.
func (s *scanner) value(end byte) []byte {
	text := s.text(end)
	if !plain(text) {
		s.failed = true
		return nil
	}
	return text
}

// hexadecimal gives an identifier: as many lower-case digits as idBytes make.
func (s *scanner) hexadecimal() []byte {
	id := s.text('"')
	if len(id) != 2*idBytes || len(bytes.Trim(id, "0123456789abcdef")) > 0 {
		s.failed = true
	}
	return id
}

// digestMethod gives the digest whose identifier stands here in an attribute,
// whose end the caller looks for.
func (s *scanner) digestMethod() crypto.Hash {
	for _, h := range [...]crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		if s.next(algorithm.DigestURI(h)) {
			return h
		}
	}
	s.failed = true
	return crypto.SHA256
}

// base64 decodes text of base64: of so many bytes, or of any number if size is
// zero.
func (s *scanner) base64(size int) []byte {
	from := len(s.decoded)
	out, err := appendDecoded(s.decoded, s.text('<'))
	if err != nil || size != 0 && len(out)-from != size {
		s.failed = true
		return nil
	}
	s.decoded = out
	return slices.Clip(out[from:])
}
