package submission

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"rem"
	"rem/mail/mime"
	"rem/mail/reading"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/evidence"
	"rem/person/account"
	"rem/provider"
)

// What a dispatch adds to its original: introduction, submission evidence and
// signature, and for each recipient what the evidence says of him. A text may
// grow fivefold in XML ("&amp;") and by a third in base64, and stands in the
// header fields beside; the introduction holds the subject again.
const (
	envelopeRoom  = 32 << 10
	recipientRoom = 2 << 10
	textRoom      = 9
)

// room is how much larger than its original a dispatch may be.
func room(r *message.Record) int64 {
	texts := 2*len(r.Subject) + len(r.UAMessageID) + len(r.Sender.Name)
	for i := range r.Recipients {
		texts += len(r.Recipients[i].Name)
	}
	return envelopeRoom + recipientRoom*int64(len(r.Recipients)) + textRoom*int64(texts)
}

// A checked submission: the record, and the refusal if there is one.
type checked struct {
	record  message.Record
	refusal *rem.Refusal
}

// fingerprint is the durable identity of a submission: who, which bytes, to
// whom. A program that repeats a submission whose answer it did not get meets
// its first one (rule: identity is signed content, not the transport's).
func (c *checked) fingerprint(login Login, tx smtp.Transaction) rem.Digest {
	h := sha256.New()
	fmt.Fprintf(h, "submission\x00%s\x00%s\x00%s\x00", login.Actor.Account, c.record.UAMessageID, c.record.Digest)
	for _, r := range tx.Recipients {
		fmt.Fprintf(h, "%s\x00", rem.FoldASCII(string(r.Path)))
	}
	return rem.Digest(h.Sum(nil))
}

// check runs every check of a submission, the cheap ones first. The result
// names whom it can even when it refuses; an error is a fault.
func (s *Submitter) check(ctx context.Context, login Login, tx smtp.Transaction, original message.Content, now time.Time) (*checked, error) {
	sender, err := s.Accounts.Account(ctx, login.Actor.Account)
	if err != nil {
		return nil, fmt.Errorf("looking for the sender's account: %w", err)
	}
	c := &checked{record: message.Record{
		Origin: s.Provider.Domain,
		Sender: message.Party{Address: sender.Address, Name: login.Holder.Text()},
		Actor:  login.Actor, SenderAuthentication: login.Authentication,
		Digest: original.Digest(), Size: original.Size(),
	}}
	c.refuse(sender.MaySubmit(login.Actor.Person, now))

	header, err := mime.ReadHeader(original, mime.DefaultLimits)
	if err != nil {
		c.refuse(rem.Refuse(rem.InvalidMessageFormat, "İletinin başlık alanları okunamıyor.", "The message's header fields cannot be read."))
		header = &mime.Header{}
	}
	subject, _ := mime.DecodeText(header.Get("Subject"))
	c.record.Subject = oneLine(subject)
	c.record.UAMessageID = oneLine(header.Get("Message-ID"))
	addresses, err := header.Addresses(mime.DefaultLimits)
	if err != nil {
		c.refuse(rem.Refuse(rem.InvalidMessageFormat, "Gönderici ve alıcı alanları okunamıyor.", "The sender and recipient fields cannot be read."))
	}
	if err := s.recipients(ctx, c, addresses, tx, now); err != nil {
		return nil, err
	}
	s.sender(c, addresses, sender.Address, tx)
	s.size(c, header)
	if c.refusal != nil {
		return c, nil
	}
	if err := s.signature(ctx, c, &sender, login.Actor.Person, original, now); err != nil {
		return nil, err
	}
	if c.refusal != nil {
		return c, nil
	}
	if err := s.containers(ctx, c, original); err != nil {
		return nil, err
	}
	if c.refusal != nil || s.Scanner == nil {
		return c, nil
	}
	found, err := s.Scanner.Scan(ctx, io.NewSectionReader(original, 0, original.Size()), original.Size())
	if err != nil {
		return nil, fmt.Errorf("scanning for malware: %w", err)
	}
	if found != "" {
		c.refuse(rem.Refuse(rem.MalwareFound, "İletide zararlı yazılım bulundu.", "The message holds malware."))
	}
	return c, nil
}

// containers refuses what a scanner could not look through, before there is one to
// be harmed (AT-09): with evidence, while the sender can still pack it otherwise. What
// is encrypted or damaged is the sender's to send.
func (s *Submitter) containers(ctx context.Context, c *checked, original message.Content) error {
	list, err := reading.Containers(ctx, original, s.Archives)
	if errors.Is(err, mime.ErrSyntax) || errors.Is(err, mime.ErrLimit) {
		c.refuse(rem.Refuse(rem.InvalidMessageFormat, "İletinin yapısı okunamıyor.", "The message's structure cannot be read."))
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking into attachments: %w", err)
	}
	for i := range list {
		if f := list[i].Beyond(); f != nil {
			text := f.Text()
			c.refuse(rem.Refuse(rem.AttachmentNotAccepted,
				"Ekteki bir arşiv zararlı yazılıma karşı taranamadı. "+text.Turkish, "An attached archive cannot be scanned for malware. "+text.English))
		}
	}
	return nil
}

// refuse keeps the first refusal.
func (c *checked) refuse(r *rem.Refusal) {
	if c.refusal == nil {
		c.refusal = r
	}
}

func policy(turkish, english string) *rem.Refusal {
	return rem.Refuse(rem.PolicyViolation, turkish, english)
}

// recipients fills in who is addressed: To, then Cc (REQ-50). The transaction
// and the header must name the same: who is in the transaction alone would be
// a blind copy, of whom the other recipients' evidence says nothing.
func (s *Submitter) recipients(ctx context.Context, c *checked, addresses mime.Addresses, tx smtp.Transaction, now time.Time) error {
	if addresses.Bcc {
		c.refuse(policy("Gizli alıcı (Bcc) kabul edilmez: her alıcı delilde görünür.", "A blind copy (Bcc) is not accepted: every recipient is named in the evidence."))
	}
	asked := map[string]bool{}
	for _, r := range tx.Recipients {
		asked[rem.FoldASCII(string(r.Path))] = true
	}
	named := map[string]bool{}
	for i, m := range slices.Concat(addresses.To, addresses.Cc) {
		key := rem.FoldASCII(m.Address)
		if named[key] {
			continue
		}
		named[key] = true
		to := message.Recipient{Party: message.Party{Name: oneLine(m.Name)}, Copy: i >= len(addresses.To)}
		if err := s.route(ctx, c, &to, m.Address, now); err != nil {
			return err
		}
		if len(c.record.Recipients) < evidence.MaxRecipients {
			c.record.Recipients = append(c.record.Recipients, to)
		}
		if !asked[key] {
			c.refuse(policy("Başlıkta adı geçen bir alıcı için gönderim istenmedi.", "A recipient named in the header was not asked for in the transaction."))
		}
	}
	for key := range asked {
		if !named[key] {
			c.refuse(policy("Kime veya Bilgi alanında olmayan alıcıya (gizli alıcı) gönderilmez.", "A recipient that stands in neither To nor Cc (a blind copy) is not accepted."))
		}
	}
	if len(named) > s.Practice.MaxRecipients {
		c.refuse(policy("Alıcı sayısı sınırın üstünde.", "There are more recipients than allowed."))
	}
	if len(c.record.Recipients) == 0 {
		c.refuse(policy("İletinin alıcısı yok.", "The message has no recipient."))
		// Evidence of the refusal still names somebody: whom the transaction named.
		if len(tx.Recipients) > 0 {
			var to message.Recipient
			if err := s.route(ctx, c, &to, string(tx.Recipients[0].Path), now); err != nil {
				return err
			}
			c.record.Recipients = append(c.record.Recipients, to)
		}
	}
	return nil
}

// route finds the way to one recipient. Our own are resolved to an account
// here, once, so that a reissued address cannot take the message (AT-14, AT-15).
func (s *Submitter) route(ctx context.Context, c *checked, to *message.Recipient, written string, now time.Time) error {
	address, err := rem.ParseAddress(written)
	if err != nil {
		to.Raw, to.Leg = oneLine(written), message.Outbound
		c.refuse(policy("Alıcılardan biri KEP adresi değil; KEP dışına gönderilmez.", "One of the recipients is not a KEP address; nothing is sent outside KEP."))
		return nil
	}
	to.Address = address
	if address.Provider() != s.Provider.Domain {
		to.Leg = message.Outbound
		if !s.Peers.Known(address.Provider(), now) {
			c.refuse(policy("Alıcılardan birinin sağlayıcısı güven listesinde yok.", "The provider of one of the recipients is not on the trust list."))
		}
		return nil
	}
	to.Leg = message.Local
	switch a, err := s.Accounts.ByAddress(ctx, address); {
	case errors.Is(err, account.ErrNotFound):
		// Delivery will say so, with its own evidence.
	case err != nil:
		return fmt.Errorf("looking for a recipient's account: %w", err)
	default:
		to.Account = a.ID
	}
	return nil
}

// sender checks that the message says what the login says (AT-05).
func (s *Submitter) sender(c *checked, addresses mime.Addresses, his rem.Address, tx smtp.Transaction) {
	is := func(written string) bool {
		a, err := rem.ParseAddress(written)
		return err == nil && a == his
	}
	ok := is(string(tx.Sender)) && is(addresses.From.Address) && len(addresses.From.Doubts) == 0
	if addresses.Sender != nil {
		ok = ok && is(addresses.Sender.Address)
	}
	if !ok {
		c.refuse(policy("Gönderici adresi bu hesabın adresi değil.", "The sender's address is not the address of this account."))
	}
}

func (s *Submitter) size(c *checked, header *mime.Header) {
	if c.record.Size+room(&c.record) > s.Practice.MaxPackage {
		c.refuse(policy("İmzalı paket boyut sınırının üstünde.", "The signed package is larger than allowed."))
	}
	if header.Count("Received") > s.Practice.MaxHops {
		c.refuse(policy("İleti döngüde: çok fazla aktarım izi var.", "The message loops: it has too many trace fields."))
	}
	if header.Count("X-REM-Msg-Type") > 0 || header.Count("REM-MessageType") > 0 {
		c.refuse(policy("KEP iletisi ve delil, kullanıcı tarafından gönderilemez.", "Envelopes and evidence of REM-MDs cannot be submitted by a user."))
	}
}

// signature compares who signed with who may sign for the account (REQ-47,
// REQ-48), and under four eyes with who hands in (REQ-41).
func (s *Submitter) signature(ctx context.Context, c *checked, a *account.Account, by rem.PersonID, original mime.Source, now time.Time) error {
	signatory, err := s.Signatures.Signatory(ctx, original, now)
	if errors.Is(err, ErrUnsigned) {
		if s.Practice.Signing == provider.SigningRequired || a.FourEyes {
			c.refuse(rem.Refuse(rem.InvalidUserSignature, "Orijinal ileti göndericinin elektronik imzasını taşımıyor.", "The original message does not carry its sender's electronic signature."))
		}
		return nil
	}
	if refusal, ok := errors.AsType[*rem.Refusal](err); ok {
		c.refuse(refusal)
		return nil
	}
	if err != nil {
		return fmt.Errorf("verifying the sender's signature: %w", err)
	}
	o := a.Signatory(account.TokenOf(s.Tokens, signatory.Identity))
	switch {
	case o == nil || !a.May(o.Person, account.Sending, now):
		c.refuse(rem.Refuse(rem.InvalidUserSignature, "İmza, hesap sahibinin ya da yetkili bir işlem yetkilisinin değil.", "The signature is not that of the holder or of an operator who may send."))
	default:
		c.refuse(a.MaySign(by, o.Person, now))
	}
	return nil
}

// oneLine makes a decoded header text fit for evidence and lists: no control
// characters, a bounded length.
func oneLine(s string) string {
	const maxSubject = 998 // RFC 5322 2.1.1: one line of a header
	out := make([]rune, 0, min(len(s), maxSubject))
	for _, r := range s {
		switch {
		case r < ' ' || 0x7f <= r && r < 0xa0 || r == 0x2028 || r == 0x2029:
			r = ' '
		case r == 0xfffe || r == 0xffff: // no characters of XML 1.0
			r = 0xfffd
		}
		if len(out) == maxSubject {
			break
		}
		out = append(out, r)
	}
	return string(out)
}
