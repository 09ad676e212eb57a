package eyp

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"errors"

	"rem"
	"rem/trust/algorithm"
	"rem/trust/cades"
	"rem/trust/cms"
)

// signature verifies a signature over the summary that it stands for. Signatures
// in packages carry their content; it is compared with the summary, byte for
// byte, and the signature is then verified as a detached one: what is signed is
// the same (RFC 5652 5.4).
func (r *reader) signature(key, over string, kind rem.Text) error {
	p := r.parts[key]
	if p == nil {
		return nil
	}
	s := Signature{Path: p.Path, Kind: kind, State: Present}
	defer func() { r.p.Signatures = append(r.p.Signatures, s) }()
	summary := r.parts[over]
	if summary == nil {
		s.Reason = "the summary that it stands for is not in the package"
		return nil
	}
	s.Over = summary.Path
	raw, err := r.small(p, maxSignature)
	if err != nil {
		return err
	}
	der, err := cms.ToDER(raw)
	if err != nil {
		s.Reason = err.Error()
		return nil
	}
	detached, content, err := detach(der)
	if err != nil {
		s.Reason = err.Error()
		return nil
	}
	if content != nil {
		want, err := r.small(summary, r.o.XML)
		if err != nil {
			return err
		}
		if !bytes.Equal(content, want) {
			s.State, s.Reason = Broken, "it signs another summary than the one in the package"
			r.broken(p.Path)
			return nil
		}
	}
	signed, err := cades.Verify(detached, func(h crypto.Hash) []byte { return summary.sums[h] }, r.o.Verify)
	switch {
	case err == nil:
		s.State, s.Signed = Verified, signed
	case errors.Is(err, algorithm.ErrUnknown), errors.Is(err, cms.ErrStructure), errors.Is(err, cms.ErrNoSigner):
		s.Reason = err.Error()
	default:
		s.State, s.Reason = Broken, err.Error()
		r.broken(p.Path)
	}
	return nil
}

func (r *reader) broken(path string) {
	r.find("signature-broken", rem.Text{Turkish: "Paketteki bir imza ya da mühür geçersiz.", English: "A signature or seal in the package does not hold."}, path)
}

var errNoSignature = errors.New("no signed data")

// detach takes the content out of signed data. content is nil when there is none.
func detach(der []byte) (detached, content []byte, err error) {
	var outer, wrapped, data asn1.RawValue
	if err := whole(der, &outer); err != nil || outer.Tag != asn1.TagSequence {
		return nil, nil, errNoSignature
	}
	var id asn1.ObjectIdentifier
	rest, err := asn1.Unmarshal(outer.Bytes, &id)
	if err != nil || id.String() != "1.2.840.113549.1.7.2" {
		return nil, nil, errNoSignature
	}
	if err := whole(rest, &wrapped); err != nil || wrapped.Class != asn1.ClassContextSpecific {
		return nil, nil, errNoSignature
	}
	if err := whole(wrapped.Bytes, &data); err != nil || data.Tag != asn1.TagSequence {
		return nil, nil, errNoSignature
	}
	var fields []asn1.RawValue
	for rest := data.Bytes; len(rest) > 0; {
		var f asn1.RawValue
		if rest, err = asn1.Unmarshal(rest, &f); err != nil {
			return nil, nil, errNoSignature
		}
		fields = append(fields, f)
	}
	if len(fields) < 4 || fields[2].Tag != asn1.TagSequence {
		return nil, nil, errNoSignature
	}
	var kind, inner, octets asn1.RawValue
	more, err := asn1.Unmarshal(fields[2].Bytes, &kind)
	if err != nil {
		return nil, nil, errNoSignature
	}
	if len(more) == 0 {
		return der, nil, nil
	}
	if err := whole(more, &inner); err != nil || inner.Class != asn1.ClassContextSpecific {
		return nil, nil, errNoSignature
	}
	if err := whole(inner.Bytes, &octets); err != nil || octets.Tag != asn1.TagOctetString || octets.IsCompound {
		return nil, nil, errNoSignature
	}
	var body []byte
	for i, f := range fields {
		if i == 2 {
			body = append(body, cms.Element(0x30, kind.FullBytes)...)
			continue
		}
		body = append(body, f.FullBytes...)
	}
	oid, err := asn1.Marshal(id)
	if err != nil {
		return nil, nil, err
	}
	detached = cms.Element(0x30, oid, cms.Element(0xa0, cms.Element(0x30, body)))
	return detached, append([]byte{}, octets.Bytes...), nil
}

// whole reads one value that nothing follows.
func whole(der []byte, v *asn1.RawValue) error {
	rest, err := asn1.Unmarshal(der, v)
	if err == nil && len(rest) > 0 {
		err = errNoSignature
	}
	return err
}
