package verification

import (
	"bytes"
	"context"
	"crypto"
	"encoding/hex"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"rem/trust/tsp"
	"rem/trust/validation"
)

// digests compares an original with the evidence that came in one envelope with
// it. All of it is about this original, so each digest has to be its own.
func (r *run) digests(d *data, inside []*found) error {
	named := false
	for _, e := range inside {
		if e.DigestHash == 0 {
			continue
		}
		named = true
		same, err := d.is(e.DigestHash, e.DigestValue)
		if err != nil {
			return err
		}
		d.finding.part(compared(string(e.ID), e.DigestHash, e.DigestValue, same))
	}
	if !named {
		d.finding.part(unknown(Digest, "", validation.SignedDataNotFound, "no evidence beside it names a digest"))
	}
	return nil
}

func compared(name string, h crypto.Hash, digest []byte, same bool) *Finding {
	f := passed(Digest, name)
	if !same {
		f = failed(Digest, name, validation.HashFailure, "the original is not the one that the evidence is about")
	}
	f.fact("digest", h.String()+" "+hex.EncodeToString(digest))
	return f
}

// compare holds the files against each other: originals that came alone, tokens
// that came alone, and files that are only bytes to be found in one of them.
func (r *run) compare() error {
	for _, d := range r.originals {
		if d.compared {
			continue
		}
		any, matched := false, false
		for _, e := range r.evidences {
			if e.DigestHash == 0 {
				continue
			}
			any = true
			same, err := d.is(e.DigestHash, e.DigestValue)
			if err != nil {
				return err
			}
			if same {
				matched = true
				d.finding.part(compared(string(e.ID), e.DigestHash, e.DigestValue, true))
			}
		}
		if err := r.stamped(d, &matched); err != nil {
			return err
		}
		switch {
		case matched:
		case any:
			d.finding.part(failed(Digest, "", validation.HashFailure,
				"none of the evidence given is about exactly these bytes; a copy whose line ends are not CRLF is another message"))
		default:
			d.finding.part(unknown(Digest, "", validation.SignedDataNotFound, "no evidence was given that names its digest"))
		}
	}
	for _, d := range r.data {
		matched := false
		for _, e := range r.evidences {
			if e.DigestHash == 0 {
				continue
			}
			same, err := d.is(e.DigestHash, e.DigestValue)
			if err != nil {
				return err
			}
			if same {
				matched = true
				d.finding.part(compared(string(e.ID), e.DigestHash, e.DigestValue, true))
			}
		}
		if err := r.stamped(d, &matched); err != nil {
			return err
		}
		if matched {
			r.report.Findings = append(r.report.Findings, d.finding)
		} else {
			r.report.Unreadable = append(r.report.Unreadable, d.finding.Name)
		}
	}
	for _, b := range r.tokens {
		if r.carried(b); b.over() {
			continue
		}
		b.finding.part(unknown(Digest, "", validation.SignedDataNotFound, "none of the files given is what the token stamps"))
	}
	return nil
}

// stamped notes the tokens that are over the bytes.
func (r *run) stamped(d *data, matched *bool) error {
	for _, b := range r.tokens {
		same, err := d.is(b.token.Hash, b.token.Imprint)
		if err != nil {
			return err
		}
		if same {
			*matched = true
			b.finding.part(passed(Digest, d.finding.Name))
		}
	}
	return nil
}

// carried notes the evidences whose signature carries the token.
func (r *run) carried(b *bare) {
	for _, e := range r.evidences {
		for _, t := range e.tokens {
			if bytes.Equal(t.DER, b.token.DER) {
				b.finding.part(passed(Digest, string(e.ID)))
			}
		}
	}
}

// over reports whether what the token stamps was found.
func (b *bare) over() bool {
	for _, p := range b.finding.Parts {
		if p.Subject == Digest {
			return true
		}
	}
	return false
}

// token verifies a time-stamp token or the response that brought one, RFC 3161
// 2.4.2. It returns nil for DER that is neither.
func (r *run) token(ctx context.Context, src []byte) *Finding {
	der := src
	if inner, ok := granted(src); ok {
		der = inner
	}
	t, err := tsp.Parse(der)
	if err != nil {
		if !looksLikeToken(der) {
			return nil
		}
		return r.judged(Token, "", validation.Refused(validation.TimeStamping, err))
	}
	f := r.judged(Token, "", r.evidence.Token(ctx, t))
	f.fact("policy", t.Policy.String())
	f.fact("serial", t.Serial.String())
	f.fact("imprint", t.Hash.String()+" "+hex.EncodeToString(t.Imprint))
	r.tokens = append(r.tokens, &bare{f, t})
	return f
}

// granted takes the token out of a response with status granted (0) or granted
// with modifications (1).
func granted(src []byte) ([]byte, bool) {
	in := cryptobyte.String(src)
	var response, status, token cryptobyte.String
	var code int
	if !in.ReadASN1(&response, asn1.SEQUENCE) || !in.Empty() || !response.ReadASN1(&status, asn1.SEQUENCE) ||
		!status.ReadASN1Integer(&code) || code < 0 || code > 1 || !response.ReadASN1Element(&token, asn1.SEQUENCE) || !response.Empty() {
		return nil, false
	}
	return token, true
}

// looksLikeToken: whatever begins as signed data and holds the OID of TSTInfo
// is judged as a token, so that a broken one is not taken for something else.
func looksLikeToken(der []byte) bool {
	const tstInfo = "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04"
	return bytes.Contains(der, []byte(tstInfo))
}
