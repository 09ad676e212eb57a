package smime

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"time"

	"rem/mail/mime"
)

// A Signer signs content by its digest, detached, in DER. *cades.Signer is one.
type Signer interface {
	Hash() crypto.Hash
	Sign(ctx context.Context, digest []byte, signingTime time.Time) ([]byte, error)
}

// Micalg names a digest in the micalg parameter (RFC 8551 3.5.3.2); "" for one
// that we do not sign with.
func Micalg(h crypto.Hash) string {
	switch h {
	case crypto.SHA256:
		return "sha-256"
	case crypto.SHA384:
		return "sha-384"
	case crypto.SHA512:
		return "sha-512"
	}
	return ""
}

// Before writes the fields of MIME, and what stands before the signed part.
func Before(b *mime.Builder, boundary, micalg string) {
	b.Word("MIME-Version", "1.0")
	b.Media("Content-Type", "multipart/signed",
		mime.Param{Name: "protocol", Value: "application/pkcs7-signature"},
		mime.Param{Name: "micalg", Value: micalg},
		mime.Param{Name: "boundary", Value: boundary})
	b.Word("Content-Transfer-Encoding", "8bit")
	b.End()
	b.Delimiter(boundary)
}

// After writes what stands behind the signed part: the signature.
func After(b *mime.Builder, boundary string, der []byte) {
	b.Delimiter(boundary)
	b.Media("Content-Type", "application/pkcs7-signature", mime.Param{Name: "name", Value: "smime.p7s"}, mime.Param{Name: "smime-type", Value: "signed-data"})
	b.Word("Content-Transfer-Encoding", "base64")
	b.Media("Content-Disposition", "attachment", mime.Param{Name: "filename", Value: "smime.p7s"})
	b.End()
	b.Base64(der)
	b.Close(boundary)
}

// Sign makes a message of header and a signed entity. header is complete fields
// without those of MIME, each ending in CRLF; entity is fields of MIME, an empty
// line and a body, in CRLF form. Both are kept byte for byte. The boundary must
// not occur in the entity.
func Sign(ctx context.Context, header, entity []byte, boundary string, s Signer, at time.Time) ([]byte, error) {
	if bytes.Contains(entity, []byte("--"+boundary)) {
		return nil, fmt.Errorf("signing a message: the boundary occurs in it")
	}
	if Micalg(s.Hash()) == "" {
		return nil, fmt.Errorf("signing a message: no name is known for the digest %s", s.Hash())
	}
	sum := s.Hash().New()
	sum.Write(entity)
	der, err := s.Sign(ctx, sum.Sum(nil), at)
	if err != nil {
		return nil, fmt.Errorf("signing a message: %w", err)
	}
	b := mime.NewBuilder(make([]byte, 0, len(header)+len(entity)+2*len(der)+1024))
	b.Raw(header...)
	Before(b, boundary, Micalg(s.Hash()))
	b.Raw(entity...)
	After(b, boundary, der)
	return b.Bytes()
}
