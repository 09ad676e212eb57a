package submission

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/mail/mime"
	"rem/mail/smime"
	"rem/trust/cades"
	"rem/trust/cms"
	"rem/trust/validation"
)

// A SignatureReader is a Signatures that reads S/MIME multipart/signed and
// judges who signed by the personal rule of a validator.
type SignatureReader struct {
	Validator *validation.Validator
	// Cache keeps the certificates of those who sign often; nil keeps none. What
	// a certificate is worth is judged each time.
	Cache *cms.Cache
}

// Signatory implements Signatures.
func (r SignatureReader) Signatory(ctx context.Context, original mime.Source, at time.Time) (Signatory, error) {
	m, err := mime.Parse(original, mime.Options{})
	if err != nil {
		return Signatory{}, unreadable(err)
	}
	signed, err := smime.Verify(original, m.Part, cades.VerifyOptions{Cache: r.Cache})
	switch {
	case errors.Is(err, smime.ErrUnsigned):
		return Signatory{}, ErrUnsigned
	case errors.Is(err, smime.ErrSource):
		return Signatory{}, err
	case errors.Is(err, cms.ErrUnnamed): // what mail programs leave out
		return Signatory{}, rem.Refuse(rem.InvalidUserSignature,
			"İmza, hangi sertifikayla atıldığını söylemiyor (signing-certificate-v2). Posta programının imzası yeterli değil; iletiyi web sayfasında imzalayın.",
			"The signature does not say which certificate made it (signing-certificate-v2). A mail program's signature is not enough; sign the message on the pages.")
	case err != nil:
		return Signatory{}, rem.Refuse(rem.InvalidUserSignature, "Göndericinin imzası geçerli değil.", "The sender's signature is not valid.")
	}
	report := r.Validator.CAdES(ctx, validation.Personal, signed.Signature)
	switch {
	case report.Passed():
	case report.Sub == validation.TryLater:
		return Signatory{}, fmt.Errorf("judging the sender's signature: %s", report)
	case report.RevokedOrExpired():
		return Signatory{}, rem.Refuse(rem.UserCertExpiredOrRevoked, "Göndericinin sertifikasının süresi dolmuş ya da sertifika iptal edilmiş.", "The sender's certificate has expired or was revoked.")
	default:
		return Signatory{}, rem.Refuse(rem.InvalidUserSignature, "Göndericinin imzasına güvenilemiyor.", "The sender's signature cannot be relied on.")
	}
	return signatory(signed.Signature.Certificate), nil
}

// signatory reads whom a certificate names: serialNumber of the subject is the
// identity number of a person (EN 319 412-2; REQ-48).
func signatory(c *x509.Certificate) Signatory {
	return Signatory{Identity: c.Subject.SerialNumber, Name: c.Subject.CommonName}
}

func unreadable(err error) error {
	if errors.Is(err, mime.ErrSyntax) || errors.Is(err, mime.ErrLimit) {
		return rem.Refuse(rem.InvalidMessageFormat, "İletinin yapısı okunamıyor.", "The message's structure cannot be read.")
	}
	return fmt.Errorf("reading the original message: %w", err)
}
