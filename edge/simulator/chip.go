package simulator

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
)

// A State is the simulated authority of a state for its documents: it has its own
// anchor (CSCA), which leads to no other, and signers of chips below it.
type State struct {
	world  *PKI
	csca   *Authority
	Signer *Identity // the newest signer of documents
}

// The identifiers of what a chip holds.
var (
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSecurity      = asn1.ObjectIdentifier{2, 23, 136, 1, 1, 1}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidECDSASHA256   = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	oidRSASHA256     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
)

// NewState makes the authority with its anchor and a signer.
func (p *PKI) NewState(name string) (*State, error) {
	csca, err := p.newAuthority(nil, name, func(c *x509.Certificate) { c.MaxPathLenZero = true })
	if err != nil {
		return nil, err
	}
	s := &State{world: p, csca: csca}
	s.Signer, err = csca.Issue(Request{
		Subject: pkix.Name{CommonName: "Simulated document signer: " + name},
		Change:  func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature },
	})
	return s, err
}

// Anchor is the certificate that vouches for the state's documents.
func (s *State) Anchor() *x509.Certificate { return s.csca.Certificate }

// Authority is who issues to signers and revokes them.
func (s *State) Authority() *Authority { return s.csca }

// ChipFiles are the files of a simulated chip.
type ChipFiles struct{ SOD, DG1, DG2 []byte }

// Chip writes the chip of a citizen's card or passport. The picture says that it
// is none.
func (s *State) Chip(c *Citizen, passport bool) (*ChipFiles, error) {
	f := &ChipFiles{DG1: element(0x61, append([]byte{0x5f, 0x1f}, lengthAnd([]byte(c.Zone(passport)))...)), DG2: element(0x75, []byte("SIMULATOR/BENZETIM: no picture of anybody"))}
	var err error
	f.SOD, err = s.Sign(map[int][]byte{1: f.DG1, 2: f.DG2})
	return f, err
}

// Sign signs the digests of data groups, as a chip's EF.SOD has them.
func (s *State) Sign(groups map[int][]byte) ([]byte, error) {
	type algorithm struct{ OID asn1.ObjectIdentifier }
	type groupDigest struct {
		Number int
		Digest []byte
	}
	security := struct {
		Version int
		Digest  algorithm
		Groups  []groupDigest
	}{0, algorithm{oidSHA256}, nil}
	for n := 1; n <= 16; n++ {
		if file, ok := groups[n]; ok {
			d := sha256.Sum256(file)
			security.Groups = append(security.Groups, groupDigest{n, d[:]})
		}
	}
	content, err := asn1.Marshal(security)
	if err != nil {
		return nil, fmt.Errorf("writing a chip: %w", err)
	}
	digest := sha256.Sum256(content)
	attributes := [][]byte{
		element(0x30, oid(oidContentType), element(0x31, oid(oidSecurity))),
		element(0x30, oid(oidMessageDigest), element(0x31, element(0x04, digest[:]))),
	}
	slices.SortFunc(attributes, bytes.Compare)
	signed := bytes.Join(attributes, nil)
	over := sha256.Sum256(element(0x31, signed))
	value, err := s.Signer.Key.Sign(s.world.random, over[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("signing a chip: %w", err)
	}
	method := element(0x30, oid(oidECDSASHA256))
	if s.Signer.Certificate.PublicKeyAlgorithm == x509.RSA {
		method = element(0x30, oid(oidRSASHA256), []byte{5, 0})
	}
	serial, err := asn1.Marshal(s.Signer.Certificate.SerialNumber)
	if err != nil {
		return nil, fmt.Errorf("writing a chip: %w", err)
	}
	sha := element(0x30, oid(oidSHA256))
	signer := element(0x30, []byte{2, 1, 1}, element(0x30, s.Signer.Certificate.RawIssuer, serial), sha, element(0xa0, signed), method, element(0x04, value))
	body := element(0x30, []byte{2, 1, 3}, element(0x31, sha), element(0x30, oid(oidSecurity), element(0xa0, element(0x04, content))), element(0xa0, s.Signer.Certificate.Raw), element(0x31, signer))
	return element(0x77, element(0x30, oid(oidSignedData), element(0xa0, body))), nil
}

func oid(id asn1.ObjectIdentifier) []byte { return must(asn1.Marshal(id)) }

func element(tag byte, parts ...[]byte) []byte {
	return append([]byte{tag}, lengthAnd(bytes.Join(parts, nil))...)
}

func lengthAnd(content []byte) []byte {
	n := len(content)
	switch {
	case n < 0x80:
		return append([]byte{byte(n)}, content...)
	case n < 0x100:
		return append([]byte{0x81, byte(n)}, content...)
	}
	return append([]byte{0x82, byte(n >> 8), byte(n)}, content...)
}
