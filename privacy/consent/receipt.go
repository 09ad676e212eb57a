package consent

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"rem"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/trust/cades"
	"rem/trust/validation"
)

const (
	receiptKind    = "rem-consent-receipt"
	receiptVersion = 1
	// signatureBlock is the label of RFC 7468 9 for CMS.
	signatureBlock = "CMS"
	// maxSignature bounds a signature with its chain, token and revocation data.
	maxSignature = 64 << 10
	maxReceipt   = canon.MaxBytes + 2*maxSignature
)

// An Issuer is the provider as a receipt names it.
type Issuer struct {
	Domain     string   // such as hs90.kep.test
	Controller rem.Text // who answers for the data
	// NoticeAddress is where the notice can be read for ever, by its digest.
	NoticeAddress string
}

// A Receipt is what a person gets about an entry: the entry itself, and enough
// words to understand it.
type Receipt struct {
	Issuer  Issuer
	Issued  time.Time
	Purpose rem.Text // its name
	Entry   *Entry
	Digest  rem.Digest // of the entry's bytes
}

// Receipt makes a receipt about an entry of the ledger. noticeAddress is called
// with the digest of the notice of that time.
func (l *Ledger) Receipt(ctx context.Context, number uint64, domain string, controller rem.Text, noticeAddress func(rem.Digest) string) (*Receipt, error) {
	b, err := l.chain.Entry(ctx, number)
	if err != nil {
		return nil, fmt.Errorf("making a receipt: %w", err)
	}
	e, err := ParseEntry(b)
	if err != nil {
		return nil, fmt.Errorf("making a receipt: %w", err)
	}
	r := &Receipt{Issuer: Issuer{domain, controller, noticeAddress(e.Notice)}, Issued: canon.Instant(l.chain.Clock().Now()), Entry: e, Digest: rem.DigestOf(b)}
	for _, p := range privacy.Purposes() {
		if p.ID == e.Purpose {
			r.Purpose = p.Name
		}
	}
	return r, nil
}

// Bytes writes the receipt in canonical form.
func (r *Receipt) Bytes() ([]byte, error) {
	entry, err := r.Entry.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing a receipt: %w", err)
	}
	w := canon.NewWriter(receiptKind, receiptVersion)
	w.Word("provider", r.Issuer.Domain)
	w.Field("controller-tr", r.Issuer.Controller.Turkish)
	w.Field("controller-en", r.Issuer.Controller.English)
	w.Time("issued", r.Issued)
	w.Field("purpose-tr", r.Purpose.Turkish)
	w.Field("purpose-en", r.Purpose.English)
	w.Field("notice-address", r.Issuer.NoticeAddress)
	w.Digest("entry-digest", r.Digest)
	w.Blank()
	w.Lines("entry", strings.TrimSuffix(string(entry), "\n"))
	b, err := w.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing a receipt: %w", err)
	}
	return b, nil
}

// ParseReceipt reads the bytes of a receipt, without its signature. The error
// wraps canon.ErrForm.
func ParseReceipt(b []byte) (*Receipt, error) {
	c := canon.NewReader(b, receiptKind, receiptVersion)
	r := &Receipt{}
	r.Issuer.Domain = c.Word("provider")
	r.Issuer.Controller = rem.Text{Turkish: c.Field("controller-tr"), English: c.Field("controller-en")}
	r.Issued = c.Time("issued")
	r.Purpose = rem.Text{Turkish: c.Field("purpose-tr"), English: c.Field("purpose-en")}
	r.Issuer.NoticeAddress = c.Field("notice-address")
	r.Digest = c.Digest("entry-digest")
	c.Blank()
	entry := []byte(c.Lines("entry") + "\n")
	if err := c.Done(); err != nil {
		return nil, fmt.Errorf("reading a receipt: %w", err)
	}
	var err error
	if r.Entry, err = ParseEntry(entry); err != nil {
		return nil, fmt.Errorf("reading a receipt: %w", err)
	}
	if rem.DigestOf(entry) != r.Digest {
		return nil, fmt.Errorf("reading a receipt: %w: its digest is of another entry", canon.ErrForm)
	}
	return r, nil
}

// A Signer signs for the provider; *cades.Signer is one.
type Signer interface {
	Hash() crypto.Hash
	Sign(ctx context.Context, digest []byte, signingTime time.Time) ([]byte, error)
}

// Sign returns the receipt with the provider's signature: the canonical bytes and
// behind them a detached CAdES signature over exactly those, as a PEM block of
// CMS (RFC 7468 9).
func Sign(ctx context.Context, r *Receipt, s Signer) ([]byte, error) {
	b, err := r.Bytes()
	if err != nil {
		return nil, err
	}
	h := s.Hash().New()
	h.Write(b)
	der, err := s.Sign(ctx, h.Sum(nil), r.Issued)
	if err != nil {
		return nil, fmt.Errorf("signing a receipt: %w", err)
	}
	return append(b, pem.EncodeToMemory(&pem.Block{Type: signatureBlock, Bytes: der})...), nil
}

// IsReceipt reports whether a file begins as a receipt does.
func IsReceipt(file []byte) bool {
	return bytes.HasPrefix(file, []byte(receiptKind+" "))
}

// split separates a receipt from its signature. There is one spelling of both.
func split(file []byte) (receipt, der []byte, err error) {
	begin := []byte("\n-----BEGIN " + signatureBlock + "-----\n")
	at := bytes.Index(file, begin)
	if len(file) > maxReceipt || at < 0 {
		return nil, nil, fmt.Errorf("reading a receipt: %w: there is no signature behind it", canon.ErrForm)
	}
	receipt = file[:at+1]
	block, rest := pem.Decode(file[at+1:])
	if block == nil || len(rest) > 0 || len(block.Headers) > 0 || len(block.Bytes) > maxSignature || !bytes.Equal(pem.EncodeToMemory(block), file[at+1:]) {
		return nil, nil, fmt.Errorf("reading a receipt: %w: its signature is not in PEM", canon.ErrForm)
	}
	return receipt, block.Bytes, nil
}

// A Verified is what was found out about a signed receipt.
type Verified struct {
	Receipt *Receipt
	// Report judges the signature. Nothing of the receipt is believed unless it
	// passed.
	Report *validation.Report
	// Issuer is why the signer may not speak for the provider that the receipt
	// names; nil when he may.
	Issuer error
}

// Passed reports whether the provider that the receipt names made it.
func (v *Verified) Passed() bool { return v.Report.Passed() && v.Issuer == nil }

// MayIssue says whether a certificate may sign for a provider's domain at a time.
type MayIssue func(cert *x509.Certificate, domain string, at time.Time) error

var errOtherDomain = errors.New("the signer's certificate is not one of the provider's domain")

// NamedIn is a MayIssue for those who have no list of providers: the certificate
// is made out to the domain.
func NamedIn(cert *x509.Certificate, domain string, _ time.Time) error {
	for _, n := range cert.DNSNames {
		if rem.FoldASCII(n) == domain {
			return nil
		}
	}
	for _, a := range cert.EmailAddresses {
		if _, at, ok := strings.Cut(a, "@"); ok && rem.FoldASCII(at) == domain {
			return nil
		}
	}
	return fmt.Errorf("%w: %s", errOtherDomain, domain)
}

// Verify reads a signed receipt and judges it, offline: it asks nobody but the
// validator, and that one only what it was given. The error is about bytes that
// are no signed receipt; everything else is in the report.
func Verify(ctx context.Context, file []byte, v *validation.Validator, may MayIssue) (*Verified, error) {
	b, der, err := split(file)
	if err != nil {
		return nil, err
	}
	receipt, err := ParseReceipt(b)
	if err != nil {
		return nil, err
	}
	result := &Verified{Receipt: receipt}
	signature, err := cades.Verify(der, func(h crypto.Hash) []byte {
		d := h.New()
		d.Write(b)
		return d.Sum(nil)
	}, cades.VerifyOptions{})
	if err != nil {
		result.Report = validation.Refused(validation.Operation, err)
		return result, nil
	}
	result.Report = v.CAdES(ctx, validation.Operation, signature)
	result.Issuer = may(signature.Certificate, receipt.Issuer.Domain, result.Report.Proof)
	return result, nil
}
