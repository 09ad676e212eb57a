package provider

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rem"
)

// A REMMD is one management domain: a provider as others know it.
type REMMD struct {
	// Domain is the provider's domain, such as hs90.kep.test. Its first label
	// is the hs code.
	Domain string
	Name   rem.Text
	// Service is the address that evidence and envelopes come from and go to.
	Service rem.Address
}

// HSCode returns the provider's code, such as hs90.
func (r REMMD) HSCode() string { return r.Service.HSCode() }

// Signing says whether an original message must carry its sender's signature.
type Signing string

// The choices. Required is the law's rule for what a sender submits (REQ-47);
// Accepted is for a practice statement that identifies senders in another way.
const (
	SigningRequired Signing = "required"
	SigningAccepted Signing = "accepted"
)

// A Practice holds the settings of the practice statement. The zero value is
// not usable; [DefaultPractice] is.
type Practice struct {
	// PolicyIDs are the URIs that every evidence names (EvidenceIssuerPolicyID).
	PolicyIDs []string
	// Signing of original messages.
	Signing Signing
	// MaxPackage is the largest signed package between providers, in octets.
	MaxPackage int64
	// MaxRecipients of one message.
	MaxRecipients int
	// RelayPeriod is how long we try to get a message taken by the other REM-MD.
	RelayPeriod time.Duration
	// AnswerPeriod is how long we wait to learn what became of it.
	AnswerPeriod time.Duration
	// RetrievalPeriod is how long a message may lie unopened before there is
	// evidence of that.
	RetrievalPeriod time.Duration
	// DeemedRead ends the retrieval period earlier with the words that the
	// message is deemed read. Zero, the default, is off: no text of law was
	// found for such a rule (REQ-69).
	DeemedRead time.Duration
	// FirstRetry and LastRetry bound the pause between attempts, which doubles.
	FirstRetry, LastRetry time.Duration
	// AskAgain is how often a REM-MD that owes an answer is asked again.
	AskAgain time.Duration
	// AccountTerm is how long an account is opened and renewed for; 0: it has no
	// end. AccountGrace is how long after that it receives and is read, with
	// sending blocked, before it closes. AccountExport is how long after closing its
	// holder can have the messages (REQ-33, REQ-35).
	AccountTerm, AccountGrace, AccountExport time.Duration
	// AccountReminders are how long before the end of a term, of an account or of
	// an operator's authority, its people are reminded.
	AccountReminders []time.Duration
	// MaxHops ends loops: a message with more trace fields is refused.
	MaxHops int
}

const day = 24 * time.Hour

// DefaultPractice returns the settings that hold when nothing else is said.
func DefaultPractice() Practice {
	return Practice{
		PolicyIDs:       []string{"urn:oid:2.16.792.3.0.4.90.1"},
		Signing:         SigningRequired,
		MaxPackage:      25 << 20,
		MaxRecipients:   500,
		RelayPeriod:     24 * time.Hour,
		AnswerPeriod:    24 * time.Hour,
		RetrievalPeriod: 30 * 24 * time.Hour,
		FirstRetry:      30 * time.Second,
		LastRetry:       30 * time.Minute,
		AskAgain:        time.Hour,
		AccountTerm:     365 * day, AccountGrace: 30 * day, AccountExport: 90 * day,
		AccountReminders: []time.Duration{30 * day, 7 * day, day},
		MaxHops:          30,
	}
}

// Validate returns an error that names the first setting which cannot be.
func (p Practice) Validate() error {
	positive := []struct {
		name string
		d    time.Duration
	}{
		{"relayPeriod", p.RelayPeriod}, {"answerPeriod", p.AnswerPeriod}, {"retrievalPeriod", p.RetrievalPeriod},
		{"firstRetry", p.FirstRetry}, {"lastRetry", p.LastRetry}, {"askAgain", p.AskAgain},
	}
	for _, s := range positive {
		if s.d <= 0 {
			return fmt.Errorf("practice: %s must be longer than nothing, not %s", s.name, s.d)
		}
	}
	switch {
	case len(p.PolicyIDs) == 0:
		return errors.New("practice: policyIDs needs at least one URI: every evidence names its policy")
	case p.Signing != SigningRequired && p.Signing != SigningAccepted:
		return fmt.Errorf("practice: signing is %q, not %q or %q", p.Signing, SigningRequired, SigningAccepted)
	case p.MaxPackage < 64<<10:
		return fmt.Errorf("practice: maxPackage is %d octets; the least is 65536", p.MaxPackage)
	case p.MaxRecipients < 1 || p.MaxRecipients > 1000:
		return fmt.Errorf("practice: maxRecipients is %d, not 1 to 1000", p.MaxRecipients)
	case p.AccountTerm < 0 || p.AccountGrace < 0 || p.AccountExport < 0:
		return errors.New("practice: accountTerm, accountGrace and accountExport are not negative; accountTerm 0 is a term without end")
	case slices.ContainsFunc(p.AccountReminders, func(d time.Duration) bool { return d <= 0 }) || len(p.AccountReminders) > 20:
		return errors.New("practice: accountReminders are up to 20 periods before an end, each longer than nothing")
	case p.DeemedRead < 0:
		return errors.New("practice: deemedRead is negative; 0 turns the rule off")
	case p.MaxHops < 2:
		return errors.New("practice: maxHops must be at least 2")
	}
	return nil
}

// Backoff returns the pause before the attempt after the given number of failed
// ones; it is never longer than LastRetry.
func (p Practice) Backoff(failed int) time.Duration {
	d := min(p.FirstRetry, p.LastRetry)
	for range failed - 1 {
		if d *= 2; d >= p.LastRetry {
			return p.LastRetry
		}
	}
	return d
}

func durations(list []time.Duration) string {
	var words []string
	for _, d := range list {
		words = append(words, d.String())
	}
	return strings.Join(words, " ")
}

// A Setting is one value with where its default comes from.
type Setting struct {
	Name, Value string
	Source      rem.Text
}

// Settings lists the practice for people: each value with its source.
func (p Practice) Settings() []Setting {
	text := func(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }
	deemed := "off"
	if p.DeemedRead > 0 {
		deemed = p.DeemedRead.String()
	}
	return []Setting{
		{"policyIDs", strings.Join(p.PolicyIDs, " "), text("Bizim seçimimiz; her delil bunları adlandırır.", "Our choice; every evidence names them.")},
		{"signing", string(p.Signing), text("Orijinal ileti göndericinin güvenli elektronik imzasını taşır (REQ-47).", "The original message carries its sender's secure electronic signature (REQ-47).")},
		{"maxPackage", fmt.Sprint(p.MaxPackage), text("Sağlayıcılar arası uygulama: 25 MB; mevzuat kaynağı doğrulanmadı (REQ-52).", "Practice between providers: 25 MB; no source of law was verified (REQ-52).")},
		{"maxRecipients", fmt.Sprint(p.MaxRecipients), text("Bizim seçimimiz.", "Our choice.")},
		{"relayPeriod", p.RelayPeriod.String(), text("EN 319 532-4 ek D.4.4'teki örnek: 86 400 s.", "The example of EN 319 532-4 annex D.4.4: 86,400 s.")},
		{"answerPeriod", p.AnswerPeriod.String(), text("EN 319 532-4 ek D.4.4'teki örnek: 86 400 s.", "The example of EN 319 532-4 annex D.4.4: 86,400 s.")},
		{"retrievalPeriod", p.RetrievalPeriod.String(), text("Bizim seçimimiz; mevzuat kaynağı doğrulanmadı.", "Our choice; no source of law was verified.")},
		{"deemedRead", deemed, text("Mevzuat metni bulunamadı; kapalı (REQ-69).", "No text of law was found; off (REQ-69).")},
		{"firstRetry", p.FirstRetry.String(), text("Bizim seçimimiz.", "Our choice.")},
		{"lastRetry", p.LastRetry.String(), text("EN 319 532-4 ek D.4.4'teki geçici hata süresi örneği: 1 800 s.", "The example of a transient-error time in EN 319 532-4 annex D.4.4: 1,800 s.")},
		{"askAgain", p.AskAgain.String(), text("Bizim seçimimiz.", "Our choice.")},
		{"accountTerm", p.AccountTerm.String(), text("Bizim seçimimiz; 0 süresizdir. Süre ve yenileme uygulama esaslarında yer alır, uzunluğu için mevzuat kaynağı doğrulanmadı (REQ-35).", "Our choice; 0 is without end. Term and renewal stand in the practice statement; no source of law was verified for their length (REQ-35).")},
		{"accountGrace", p.AccountGrace.String(), text("Bizim seçimimiz: süre dolunca hesap önce gönderime kapanır, bildirimden sonra bu kadar bekler (REQ-35).", "Our choice: at the end of the term sending is blocked first, and this long after the notice of that the account closes (REQ-35).")},
		{"accountExport", p.AccountExport.String(), text("Bizim seçimimiz: kapanıştan sonra iletiler sahibine bu süre içinde verilir (REQ-33).", "Our choice: this long after closing the holder can have the messages (REQ-33).")},
		{"accountReminders", durations(p.AccountReminders), text("Bizim seçimimiz (REQ-35).", "Our choice (REQ-35).")},
		{"maxHops", fmt.Sprint(p.MaxHops), text("RFC 5321 6.3.", "RFC 5321 6.3.")},
	}
}
