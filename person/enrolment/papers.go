package enrolment

import (
	"bytes"
	"context"
	"encoding/asn1"
	"encoding/xml"
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"time"

	"rem"
	"rem/person/application"
	"rem/person/identity"
	"rem/privacy"
)

// Bounds on papers.
const (
	// MaxPaper bounds one paper, in octets: a signature circular of many scanned
	// pages, and a revocation list of an authority, are smaller.
	MaxPaper = 10 << 20
	// maxPapers bounds how many one application has, so that nobody fills the disk
	// with one form.
	maxPapers = 40
	// paperChunk is what is sealed in one piece.
	paperChunk = 512 << 10
	// maxPixels bounds a picture that is looked at later: a scan of A4 at 600 dpi has 35 million.
	maxPixels = 100 << 20
)

// The kinds of contents that are taken.
const (
	PDF       = "application/pdf"
	JPEG      = "image/jpeg"
	PNG       = "image/png"
	Signed    = "application/pkcs7-signature" // CMS SignedData in DER
	SignedXML = "application/xml"             // with a signature of XML Signature
)

// MediaOf says what bytes are, by what is in them and nothing else; "" for what is
// not taken.
func MediaOf(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("%PDF-")):
		if bytes.Contains(b[max(0, len(b)-1024):], []byte("%%EOF")) {
			return PDF
		}
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		if c, err := jpeg.DecodeConfig(bytes.NewReader(b)); err == nil && c.Width > 0 && c.Height > 0 && c.Width <= maxPixels/c.Height {
			return JPEG
		}
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		if c, err := png.DecodeConfig(bytes.NewReader(b)); err == nil && c.Width > 0 && c.Height > 0 && c.Width <= maxPixels/c.Height {
			return PNG
		}
	case bytes.HasPrefix(b, []byte{0x30}):
		var content struct {
			Type asn1.ObjectIdentifier
			Rest asn1.RawValue `asn1:"optional,explicit,tag:0"`
		}
		if rest, err := asn1.Unmarshal(b, &content); err == nil && len(rest) == 0 && content.Type.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}) {
			return Signed
		}
	case bytes.HasPrefix(bytes.TrimPrefix(b, []byte("\ufeff")), []byte("<")):
		if signedXML(b) {
			return SignedXML
		}
	}
	return ""
}

// signedXML: well-formed, without a document type, with a signature in it. Whether
// it holds is not said here.
func signedXML(b []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff"))))
	signature := false
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return signature
		}
		if err != nil {
			return false
		}
		switch t := t.(type) {
		case xml.Directive:
			return false
		case xml.StartElement:
			signature = signature || t.Name == xml.Name{Space: "http://www.w3.org/2000/09/xmldsig#", Local: "Signature"}
		}
	}
}

// take reads a paper to its end, recognises and scans it. ErrTooLarge, ErrMedia,
// ErrInfected; ErrLater when the scanner could not tell: then it is not taken.
func (s *Service) take(ctx context.Context, r io.Reader) (b []byte, media string, scan application.Scan, err error) {
	b, err = io.ReadAll(io.LimitReader(r, MaxPaper+1))
	if err != nil {
		return nil, "", application.NotYet, fmt.Errorf("reading a paper: %w", err)
	}
	if len(b) > MaxPaper {
		return nil, "", application.NotYet, ErrTooLarge
	}
	if media = MediaOf(b); media == "" {
		return nil, "", application.NotYet, ErrMedia
	}
	found, err := s.Scanner.Scan(ctx, bytes.NewReader(b), int64(len(b)))
	if errors.Is(err, ErrNoScanner) {
		return b, media, application.Unscanned, nil
	}
	if err != nil {
		return nil, "", application.NotYet, fmt.Errorf("scanning a paper: %w: %w", ErrLater, err)
	}
	if found != "" {
		return nil, "", application.NotYet, ErrInfected
	}
	return b, media, application.Scanned, nil
}

// keep seals bytes for the application's own pseudonym, so that destroying its key
// erases all of its papers and nothing else, and keeps them.
func (s *Service) keep(ctx context.Context, v *application.View, b []byte, at time.Time) (rem.Digest, error) {
	d := rem.DigestOf(b)
	if len(b) == 0 || len(b) > MaxPaper {
		return d, fmt.Errorf("keeping a paper of application %s: it has %d octets", v.ID, len(b))
	}
	var sealed [][]byte
	for chunk := range slices.Chunk(b, paperChunk) {
		x, err := s.Vault.Seal(ctx, v.Applicant, PaperField, privacy.NewBytes(chunk, privacy.ByDeclaration(at)))
		if err != nil {
			return d, fmt.Errorf("keeping a paper of application %s: %w", v.ID, err)
		}
		sealed = append(sealed, x.Bytes())
	}
	if err := s.Papers.Put(ctx, v.ID, d, sealed); err != nil {
		return d, fmt.Errorf("keeping a paper of application %s: %w", v.ID, err)
	}
	return d, nil
}

// paper opens a paper, after the access log has who does.
func (s *Service) paper(ctx context.Context, a privacy.Access, v *application.View, d rem.Digest) ([]byte, error) {
	sealed, err := s.Papers.Get(ctx, v.ID, d)
	if err != nil {
		return nil, fmt.Errorf("reading a paper of application %s: %w", v.ID, err)
	}
	items := make([]privacy.Item, len(sealed))
	for i, b := range sealed {
		x, err := privacy.ParseSealed(b)
		if err != nil {
			return nil, fmt.Errorf("reading a paper of application %s: %w", v.ID, err)
		}
		items[i] = privacy.Item{Person: v.Applicant, Field: PaperField, Sealed: x}
	}
	values, err := s.Vault.OpenAll(ctx, a, items)
	if err != nil {
		return nil, fmt.Errorf("opening a paper of application %s: %w", v.ID, err)
	}
	var b []byte
	for _, x := range values {
		b = append(b, x.Bytes()...)
	}
	if rem.DigestOf(b) != d {
		return nil, fmt.Errorf("opening a paper of application %s: its digest is another", v.ID)
	}
	return b, nil
}

// HandIn takes a paper (step 4). The same bytes of the same kind again change
// nothing.
func (a *Applicants) HandIn(ctx context.Context, b Bearer, k application.PaperKind, r io.Reader) (application.Paper, error) {
	v, err := a.s.view(ctx, b)
	if err != nil {
		return application.Paper{}, err
	}
	return a.s.handIn(ctx, v, k, r, b.by(&v, byLink))
}

// Paper gives back a paper that was handed in.
func (a *Applicants) Paper(ctx context.Context, b Bearer, d rem.Digest) ([]byte, error) {
	v, err := a.s.view(ctx, b)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(v.Papers, func(p application.Paper) bool { return p.Digest == d }) {
		return nil, ErrNoPaper
	}
	return a.s.paper(ctx, access(&v, b.by(&v, byLink), privacy.AccountOpening), &v, d)
}

func (s *Service) handIn(ctx context.Context, v application.View, k application.PaperKind, r io.Reader, by application.By) (application.Paper, error) {
	none := application.Paper{}
	if PaperName(k) == (rem.Text{}) {
		return none, application.ErrPapers
	}
	// First whether it can be handed in at all: strangers' bytes are not read for nothing.
	now := s.Clock.Now().UTC()
	p := application.Paper{Kind: k, At: now}
	if _, err := s.Rules.HandIn(v, []application.Paper{p}, by, now); err != nil {
		return none, err
	}
	if len(v.Papers) >= maxPapers {
		return none, ErrTooMany
	}
	b, media, scan, err := s.take(ctx, r)
	if err != nil {
		return none, err
	}
	p.Size, p.Media, p.Digest, p.Scan = int64(len(b)), media, rem.DigestOf(b), scan
	for _, had := range v.Papers {
		if had.Kind == k && had.Digest == p.Digest {
			return had, nil
		}
	}
	if _, err := s.keep(ctx, &v, b, now); err != nil {
		return none, err
	}
	_, err = s.from(ctx, v, application.HandIn, by, func(d *application.StepData) bool { return slices.Contains(d.Papers, p) },
		func(v application.View, by application.By, now time.Time) (application.Step, error) {
			return s.Rules.HandIn(v, []application.Paper{p}, by, now)
		})
	if err != nil {
		return none, err
	}
	return p, nil
}

var paperNames = map[application.PaperKind]rem.Text{
	application.RegistryCertificate: {Turkish: "Ticaret sicil belgesi veya faaliyet belgesi", English: "Registry certificate or certificate of activity"},
	application.SignatureCircular:   {Turkish: "İmza sirküleri", English: "Signature circular"},
	application.Authorisation:       {Turkish: "Yetkilendirme yazısı", English: "Written authorisation"},
	application.RepresentationPaper: {Turkish: "Yasal temsil belgesi (velayet, vesayet kararı)", English: "Proof of representation at law (custody, guardianship)"},
}

// PaperName is what pages call a kind of paper; the zero Text for none of the list.
func PaperName(k application.PaperKind) rem.Text { return paperNames[k] }

// keepAll keeps the bytes of evidences, and returns what a record says of them.
// One without bytes is kept by whom its maker names.
func (s *Service) keepAll(ctx context.Context, v *application.View, list []identity.Kept) error {
	for _, k := range list {
		if k.Bytes == nil {
			continue
		}
		if rem.DigestOf(k.Bytes) != k.Digest {
			return fmt.Errorf("keeping an evidence of application %s: its digest is of other bytes", v.ID)
		}
		if _, err := s.keep(ctx, v, k.Bytes, s.Clock.Now()); err != nil {
			return err
		}
	}
	return nil
}

// said is whom the form names as the one who has to show himself.
func said(f *application.Form) identity.Shown {
	w := f.Shower()
	return identity.Shown{Identity: w.Identity, Given: w.Given, Family: w.Family, Birth: w.Born}
}

func claimed(f *application.Form) identity.Claimed {
	w := f.Shower()
	return identity.Claimed{Identity: w.Identity, Given: w.Given, Family: w.Family}
}
