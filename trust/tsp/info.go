package tsp

import (
	"crypto"
	"encoding/asn1"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"rem/trust/algorithm"
	"rem/trust/cms"
)

const (
	context0, context1 = tag.Tag(0xa0), tag.Tag(0xa1) // constructed
	// maxNumber bounds serial numbers and nonces, in bytes. RFC 3161 2.4.2
	// wants 160 bits of a serial number to be understood; some go beyond.
	maxNumber = 32
	// maxName bounds an authority's name, in bytes.
	maxName = 4 << 10
)

// readInfo reads a TSTInfo, RFC 3161 2.4.2, in DER.
func (t *Token) readInfo(der []byte) error {
	in := cryptobyte.String(der)
	var body cryptobyte.String
	var version int
	if !in.ReadASN1(&body, tag.SEQUENCE) || !in.Empty() || !body.ReadASN1Integer(&version) || version != 1 {
		return malformed("time-stamp info of another version")
	}
	var oid cryptobyte.String
	peek := body
	if !peek.ReadASN1(&oid, tag.OBJECT_IDENTIFIER) || len(oid) > maxNumber || !body.ReadASN1ObjectIdentifier(&t.Policy) {
		return malformed("policy")
	}
	var err error
	if t.Hash, t.Imprint, err = readImprint(&body); err != nil {
		return err
	}
	if !readNumber(&body, &t.Serial) || !cms.ReadTime(&body, &t.Time) {
		return malformed("serial number or time")
	}
	if body.PeekASN1Tag(tag.SEQUENCE) {
		if !t.readAccuracy(&body) {
			return malformed("accuracy")
		}
	}
	if body.PeekASN1Tag(tag.BOOLEAN) {
		// FALSE is the default and left out in DER.
		if !body.ReadASN1Boolean(&t.Ordering) || !t.Ordering {
			return malformed("ordering")
		}
	}
	if body.PeekASN1Tag(tag.INTEGER) && !readNumber(&body, &t.Nonce) {
		return malformed("nonce")
	}
	if body.PeekASN1Tag(context0) {
		var name cryptobyte.String
		if !body.ReadASN1(&name, context0) || len(name) > maxName || cms.CheckDER(name) != nil {
			return malformed("name of the authority")
		}
		t.Name = name
	}
	if body.PeekASN1Tag(context1) {
		var extensions cryptobyte.String
		if !body.ReadASN1(&extensions, context1) || !readExtensions(extensions) {
			return malformed("extensions")
		}
	}
	if !body.Empty() {
		return malformed("time-stamp info goes on")
	}
	return nil
}

// readAccuracy reads an Accuracy: seconds, [0] milliseconds, [1] microseconds,
// each left out when zero.
func (t *Token) readAccuracy(in *cryptobyte.String) bool {
	const maxSeconds = 1 << 31 // some 68 years: nobody is less exact
	var body cryptobyte.String
	if !in.ReadASN1(&body, tag.SEQUENCE) {
		return false
	}
	var seconds, millis, micros int64
	if body.PeekASN1Tag(tag.INTEGER) && (!body.ReadASN1Integer(&seconds) || seconds < 0 || seconds > maxSeconds) {
		return false
	}
	for i, part := range []*int64{&millis, &micros} {
		tag := tag.Tag(i).ContextSpecific()
		if body.PeekASN1Tag(tag) && (!body.ReadASN1Int64WithTag(part, tag) || *part < 1 || *part > 999) {
			return false
		}
	}
	t.Accuracy = time.Duration(seconds)*time.Second + time.Duration(millis)*time.Millisecond + time.Duration(micros)*time.Microsecond
	return body.Empty()
}

// readExtensions passes over extensions that may be passed over. A critical one
// may not, and we know none.
func readExtensions(in cryptobyte.String) bool {
	const maxExtensions = 16
	for n := 0; !in.Empty(); n++ {
		var element, body, oid, value cryptobyte.String
		if n == maxExtensions || !in.ReadASN1Element(&element, tag.SEQUENCE) || cms.CheckDER(element) != nil ||
			!element.ReadASN1(&body, tag.SEQUENCE) || !body.ReadASN1(&oid, tag.OBJECT_IDENTIFIER) ||
			!body.ReadASN1(&value, tag.OCTET_STRING) || !body.Empty() {
			return false
		}
	}
	return true
}

// readImprint reads a MessageImprint whose length is that of its digest.
func readImprint(in *cryptobyte.String) (crypto.Hash, []byte, error) {
	var imprint, digest, octets cryptobyte.String
	if !in.ReadASN1(&imprint, tag.SEQUENCE) || !imprint.ReadASN1Element(&digest, tag.SEQUENCE) ||
		!imprint.ReadASN1(&octets, tag.OCTET_STRING) || !imprint.Empty() {
		return 0, nil, malformed("message imprint")
	}
	h, err := algorithm.ParseDigestIdentifier(digest)
	if err != nil {
		return 0, nil, err
	}
	if len(octets) != h.Size() {
		return 0, nil, malformed("message imprint of %d bytes", len(octets))
	}
	return h, octets, nil
}

// readNumber reads an integer of bounded size.
func readNumber(in *cryptobyte.String, out **big.Int) bool {
	var content cryptobyte.String
	peek := *in
	if !peek.ReadASN1(&content, tag.INTEGER) || len(content) > maxNumber {
		return false
	}
	n := new(big.Int)
	*out = n
	return in.ReadASN1Integer(n)
}

// element gives an object identifier as an element in DER, nil when it is not
// one that can be written.
func element(id asn1.ObjectIdentifier) []byte {
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(id)
	der, err := b.Bytes()
	if err != nil {
		return nil
	}
	return der
}

// number gives an integer as an element in DER.
func number(n *big.Int) []byte {
	var b cryptobyte.Builder
	b.AddASN1BigInt(n)
	der, err := b.Bytes()
	if err != nil {
		return nil
	}
	return der
}
