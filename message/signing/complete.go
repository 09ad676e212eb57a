package signing

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"rem"
	"rem/mail/mime"
	"rem/message"
	"rem/message/submission"
	"rem/person/account"
	"rem/trust/algorithm"
	"rem/trust/cades"
	"rem/trust/cms"
	"rem/trust/validation"
)

// A ToSign is what a device signs for one message.
type ToSign struct {
	// Attributes are the signed attributes, a SET in DER; the device signs their
	// digest. Whoever holds the device can read in them what he signs.
	Attributes []byte
	Digest     []byte
}

// A Choice is a certificate that may sign a request, and what it signs.
type Choice struct {
	Algorithm algorithm.Signature
	Time      time.Time // the claimed signing time
	Items     []ToSign  // in the request's order; those that have an outcome are empty
}

// Choose takes the certificate that will sign: its chain in DER, leaf first. It is
// refused when it is not qualified as the provider's policy wants it, not valid now,
// or not that of the holder or an operator who may sign for the account; the final
// word on all of that has the verification of Complete. Choosing again replaces the
// choice.
func (s *Service) Choose(ctx context.Context, a Access, chain [][]byte) (Choice, error) {
	certificates, err := parseChain(chain)
	if err != nil {
		return Choice{}, err
	}
	r, done, err := s.work(a)
	if err != nil {
		return Choice{}, err
	}
	defer done()
	taken, c, err := s.choose(ctx, r, certificates)
	if err != nil {
		return Choice{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.chosen = taken
	return c, nil
}

func parseChain(chain [][]byte) ([]*x509.Certificate, error) {
	unreadable := rem.Refuse(rem.InvalidUserSignature, "Sertifika okunamıyor.", "The certificate cannot be read.")
	if len(chain) == 0 || len(chain) > maxChain {
		return nil, unreadable
	}
	var out []*x509.Certificate
	for _, der := range chain {
		if len(der) > maxCert {
			return nil, unreadable
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, unreadable
		}
		out = append(out, c)
	}
	return out, nil
}

// choose judges a certificate for whoever works on r, and says what it would sign.
func (s *Service) choose(ctx context.Context, r *request, chain []*x509.Certificate) (*chosen, Choice, error) {
	now := s.Clock.Now().UTC().Truncate(time.Second)
	chain = s.extend(chain)
	remote, err := cades.NewRemote(cades.RemoteOptions{Chain: chain, Authority: s.Authority})
	if err != nil {
		return nil, Choice{}, rem.Refuse(rem.InvalidUserSignature, "Bu sertifikanın anahtar türüyle imza kabul edilmiyor.", "Signatures with this certificate's kind of key are not accepted.")
	}
	if err := s.mayChoose(ctx, r, chain, remote.Algorithm(), now); err != nil {
		return nil, Choice{}, err
	}
	c := Choice{Algorithm: remote.Algorithm(), Time: now, Items: make([]ToSign, len(r.items))}
	for n, i := range r.items {
		if i.signed != nil {
			continue // its signature is made, and only submission is to be asked again
		}
		digest := r.view.Items[n].Digest
		p, err := remote.Begin(digest[:], now)
		if err != nil {
			return nil, Choice{}, err
		}
		c.Items[n] = ToSign{Attributes: p.Attributes, Digest: p.Digest}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.view.Signer = visible(chain[0].Subject.CommonName)
	return &chosen{remote, now}, c, nil
}

// extend follows the issuers of a chain's last certificate among those that are known
// here. Many cards hold their owner's certificate alone.
func (s *Service) extend(chain []*x509.Certificate) []*x509.Certificate {
	for len(chain) < maxChain {
		last := chain[len(chain)-1]
		at := slices.IndexFunc(s.Known, func(c *x509.Certificate) bool {
			return bytes.Equal(c.RawSubject, last.RawIssuer) && !bytes.Equal(c.RawSubject, c.RawIssuer) && !slices.ContainsFunc(chain, c.Equal) && last.CheckSignatureFrom(c) == nil
		})
		if at < 0 {
			break
		}
		chain = append(chain, s.Known[at])
	}
	return chain
}

func (s *Service) mayChoose(ctx context.Context, r *request, chain []*x509.Certificate, method algorithm.Signature, now time.Time) error {
	if s.Judge != nil {
		report := s.Judge.Judge(ctx, validation.Signature{
			Role: validation.Personal, Level: "B-B", Certificate: chain[0], Carried: chain, Algorithm: method,
			Digests: []crypto.Hash{crypto.SHA256}, SigningTime: now,
		})
		switch {
		case report.Passed():
		case report.Sub == validation.TryLater:
			return fmt.Errorf("judging a certificate before it signs: %s", report)
		case report.RevokedOrExpired():
			return rem.Refuse(rem.UserCertExpiredOrRevoked, "Sertifikanın süresi dolmuş ya da sertifika iptal edilmiş.", "The certificate has expired or was revoked.")
		default:
			return rem.Refuse(rem.InvalidUserSignature, "Bu sertifika, güvenilen bir nitelikli elektronik sertifika değil.", "This certificate is not a qualified certificate that is relied on.")
		}
	}
	a, err := s.Accounts.Account(ctx, r.view.Actor.Account)
	if err != nil {
		return fmt.Errorf("looking for the account that signs: %w", err)
	}
	o := a.Signatory(account.TokenOf(s.Tokens, chain[0].Subject.SerialNumber))
	// The time of the signature has no fractions, and may lie before his appointment.
	if o == nil || !a.May(o.Person, account.Sending, s.Clock.Now()) {
		return rem.Refuse(rem.InvalidUserSignature, "Bu sertifika hesap sahibinin ya da gönderme yetkisi olan bir işlem yetkilisinin değil.", "This certificate is not that of the holder or of an operator who may send.")
	}
	return nil
}

// Complete takes the values that a device made, in the request's order; those of
// messages that have an outcome are ignored and may be empty. All of them are
// completed to S/MIME and verified first: a value that does not fit is a refusal,
// and nothing was submitted. Then the messages are submitted one after the other. A
// fault in between is an error; what was submitted has its outcome in the view, and
// Complete may be called again.
func (s *Service) Complete(ctx context.Context, a Access, values [][]byte) (View, error) {
	r, done, err := s.work(a)
	if err != nil {
		return View{}, err
	}
	defer done()
	return s.complete(ctx, r, values)
}

func (s *Service) complete(ctx context.Context, r *request, values [][]byte) (View, error) {
	if len(values) != len(r.items) {
		return View{}, rem.Refuse(rem.PolicyViolation, "İmza sayısı, ileti sayısından farklı.", "There are not as many signatures as messages.")
	}
	for n, i := range r.items {
		if i.signed != nil {
			continue
		}
		if r.chosen == nil {
			return View{}, rem.Refuse(rem.PolicyViolation, "Önce imzalayacak sertifika seçilmeli.", "The certificate that signs has to be chosen first.")
		}
		signed, err := s.join(ctx, r, n, r.chosen, values[n])
		if err != nil {
			return View{}, err
		}
		// Kept at once: a stamp, and an ECDSA value of another try, would make
		// other bytes of the same message.
		i.signed = signed
	}
	return s.submit(ctx, r)
}

// join makes S/MIME of one value, and verifies it as submission will.
func (s *Service) join(ctx context.Context, r *request, n int, by *chosen, value []byte) (message.Content, error) {
	wrong := rem.Refuse(rem.InvalidUserSignature, "İmza, gösterilen iletinin bu sertifikayla atılmış imzası değil.", "The signature is not that of the shown message with this certificate.")
	if len(value) == 0 || len(value) > maxValue {
		return nil, wrong
	}
	digest := r.view.Items[n].Digest
	der, err := by.remote.Complete(ctx, cades.Pending{Content: digest[:], Time: by.at}, value)
	if errors.Is(err, cms.ErrSignature) {
		return nil, wrong
	}
	if err != nil {
		return nil, err
	}
	src, err := r.items[n].unsigned.Complete(by.remote.Hash(), der)
	if err != nil {
		return nil, err
	}
	return s.verified(ctx, r, src)
}

// verified reads a signed message as submission will, and compares its signer
// with those who may sign for the account.
func (s *Service) verified(ctx context.Context, r *request, src mime.Source) (message.Content, error) {
	now := s.Clock.Now().UTC()
	who, err := s.Signatures.Signatory(ctx, src, now)
	if errors.Is(err, submission.ErrUnsigned) {
		return nil, rem.Refuse(rem.InvalidUserSignature, "İletide elektronik imza yok.", "The message carries no electronic signature.")
	}
	if err != nil {
		return nil, err
	}
	a, err := s.Accounts.Account(ctx, r.view.Actor.Account)
	if err != nil {
		return nil, fmt.Errorf("looking for the account that signs: %w", err)
	}
	o := a.Signatory(account.TokenOf(s.Tokens, who.Identity))
	if o == nil || !a.May(o.Person, account.Sending, now) {
		return nil, rem.Refuse(rem.InvalidUserSignature, "İmza, hesap sahibinin ya da yetkili bir işlem yetkilisinin değil.", "The signature is not that of the holder or of an operator who may send.")
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(src, 0, src.Size())); err != nil {
		return nil, fmt.Errorf("reading a signed message: %w", err)
	}
	return content{src, rem.Digest(sum.Sum(nil))}, nil
}

// submit hands over what is signed and has no outcome yet.
func (s *Service) submit(ctx context.Context, r *request) (View, error) {
	for n, i := range r.items {
		if i.signed == nil || r.view.Items[n].Outcome != nil {
			continue
		}
		receipt, err := s.Door.Submit(ctx, r.login, i.draft, i.tx, i.signed)
		if err != nil {
			return View{}, fmt.Errorf("submitting what was signed: %w", err)
		}
		s.mu.Lock()
		r.view.Items = slices.Clone(r.view.Items) // views that were given out stay as they were
		r.view.Items[n].Outcome = &Outcome{Message: receipt.Message, Evidence: receipt.Evidence, Refusal: receipt.Refusal}
		s.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.view.Done() {
		s.hangUp(r) // another way was quicker
		if p := r.phone; p != nil && p.state.Stage == MobileSending {
			p.state.Stage = MobileSent
		}
	}
	return r.copy(), nil
}

// Upload takes the n-th message signed in another program, whole. It has to be the
// message that was shown: from the same sender, to the same recipients, with the
// same subject. Its text is what its signature covers. signed is read before Upload
// returns, and not after: after a fault the same file is uploaded again.
func (s *Service) Upload(ctx context.Context, a Access, n int, signed mime.Source) (View, error) {
	r, done, err := s.work(a)
	if err != nil {
		return View{}, err
	}
	defer done()
	if n < 0 || n >= len(r.items) {
		return View{}, ErrNotFound
	}
	i := r.items[n]
	if r.view.Items[n].Outcome == nil {
		shown, tx, err := shownOf(signed)
		if err != nil {
			return View{}, rem.Refuse(rem.InvalidMessageFormat, "Yüklenen dosya bir ileti olarak okunamıyor.", "The uploaded file cannot be read as a message.")
		}
		if want := &r.view.Items[n]; shown.Subject != want.Subject || !same(shown.From, want.From) || !sameAll(shown.To, want.To) || !sameAll(shown.Cc, want.Cc) {
			return View{}, rem.Refuse(rem.PolicyViolation,
				"Yüklenen ileti bu taslak değil: göndericisi, alıcıları ve konusu aynı olmalı.", "The uploaded message is not this draft: sender, recipients and subject have to be the same.")
		}
		if i.signed, err = s.verified(ctx, r, signed); err != nil {
			return View{}, err
		}
		i.tx = tx
	}
	v, err := s.submit(ctx, r)
	if err != nil {
		i.signed = nil
	}
	return v, err
}

func same(a, b string) bool { return rem.FoldASCII(a) == rem.FoldASCII(b) }

func sameAll(a, b []string) bool { return slices.EqualFunc(a, b, same) }

// content is a signed message with its digest.
type content struct {
	mime.Source
	digest rem.Digest
}

// Digest implements message.Content.
func (c content) Digest() rem.Digest { return c.digest }
