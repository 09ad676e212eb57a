package xades

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"rem/trust/tsp"
)

// Signed is a signed document.
type Signed struct {
	XML   []byte     // the document, complete
	Token *tsp.Token // over its signature value; nil at level B-B
}

// tokenRoom is what the first token is expected to need in base64; the next
// ones need what the one before them did, give or take a few bytes, so that the
// document grows in place. A larger token costs a copy.
const tokenRoom, tokenMore = 2900, 16

// maxDigest is the length in bytes of the longest digest of the list.
const maxDigest = 64

// Sign signs a document and, where the signer has an authority, has the
// signature stamped. The root element is given in exclusive canonical form,
// from its start tag to its end tag, without a signature in it; nothing before
// it and nothing after it. Sign does not prove that form: whoever writes the
// document does, in the tests of that package. The signing time is written in
// UTC and whole seconds; it is the signer's claim, the token is the proof.
//
// The result is root with ds:Signature as its last child. Equal roots signed
// at equal times by one signer have equal ds:SignedInfo. Identifiers in the
// signature are taken from the document's digest, so that signed documents can
// stand side by side in one.
//
// Sign may be called concurrently. It fails when the key or the authority
// does, and then nothing was signed that anybody could see.
func (s *Signer) Sign(ctx context.Context, root []byte, signingTime time.Time) (Signed, error) {
	cut, err := endTag(root)
	if err != nil {
		return Signed{}, fmt.Errorf("signing a document: %w", err)
	}
	h := s.algorithm.Hash
	var space [3]struct {
		digest [maxDigest]byte
		id     [2 * idBytes]byte
	}
	digest := appendSum(space[0].digest[:0], h, root)
	id := space[0].id[:]
	hex.Encode(id, digest[:idBytes])

	var fixed [2048]byte // a longer policy moves it to the heap
	properties := append(fixed[:0], s.properties[0]...)
	properties = append(properties, id...)
	properties = append(properties, propertiesTime...)
	properties = signingTime.UTC().AppendFormat(properties, timeForm)
	properties = append(properties, s.properties[1]...)
	properties = append(properties, id...)
	properties = append(properties, s.properties[2]...)

	room := len(root) + s.size
	if s.authority != nil {
		room += int(s.tokenRoom.Load())
	}
	out := make([]byte, 0, room)
	out = append(out, root[:cut]...)
	out = append(out, signatureOpen...)
	out = append(out, id...)
	out = append(out, `">`...)

	info := len(out)
	out = append(out, s.info[0]...)
	out = append(out, id...)
	out = append(out, s.info[1]...)
	out = base64.StdEncoding.AppendEncode(out, digest)
	out = append(out, infoProperties...)
	out = append(out, id...)
	out = append(out, s.info[2]...)
	out = base64.StdEncoding.AppendEncode(out, appendSum(space[1].digest[:0], h, properties))
	out = append(out, infoClose...)

	value, err := s.algorithm.SignXML(s.key, appendSum(space[2].digest[:0], h, out[info:]))
	if err != nil {
		return Signed{}, fmt.Errorf("signing a document: %w", err)
	}
	imprinted := len(out)
	out = append(out, valueOpen...)
	out = base64.StdEncoding.AppendEncode(out, value)
	out = append(out, valueClose...)

	var token *tsp.Token
	if s.authority != nil {
		token, err = s.authority.Stamp(ctx, h, appendSum(space[0].digest[:0], h, out[imprinted:]))
		if err != nil {
			return Signed{}, fmt.Errorf("stamping a signature: %w", err)
		}
	}
	out = append(out, s.keyInfo...)
	out = append(out, objectOpen...)
	out = append(out, id...)
	out = append(out, `">`...)
	out = append(out, properties...)
	if token != nil {
		if n := base64.StdEncoding.EncodedLen(len(token.DER)) + tokenMore; n != int(s.tokenRoom.Load()) {
			s.tokenRoom.Store(int64(n))
		}
		out = append(out, stampOpen...)
		out = base64.StdEncoding.AppendEncode(out, token.DER)
		out = append(out, stampClose...)
	}
	out = append(out, objectClose...)
	out = append(out, signatureClose...)
	out = append(out, root[cut:]...)
	return Signed{XML: out, Token: token}, nil
}

// endTag finds where the end tag of the root element begins.
func endTag(root []byte) (int, error) {
	cut := bytes.LastIndex(root, []byte("</"))
	if cut < 0 || root[0] != '<' || root[len(root)-1] != '>' {
		return 0, errors.New("not one element with a start tag and an end tag")
	}
	name := root[cut+2 : len(root)-1]
	after, ok := bytes.CutPrefix(root[1:], name)
	if !ok || len(name) == 0 || after[0] != '>' && after[0] != ' ' {
		return 0, errors.New("the end tag is not that of the root")
	}
	return cut, nil
}
