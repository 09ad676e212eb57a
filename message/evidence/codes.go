package evidence

import (
	"slices"
	"strconv"
	"strings"

	"rem"
	"rem/message"
)

// The code lists of TS 102 640-2, as data. The URIs really have no "//": that
// is how two implementations that met each other in production write them, and
// a reader compares the bytes. Whatever was met elsewhere is read (REQ-60).
const (
	eventPrefix  = "http:uri.etsi.org/02640/Event#"
	reasonPrefix = "http:uri.etsi.org/REM/EventReason#"
)

// An event lists the words of an EventCode for one kind: the first of each
// outcome is written, all are read.
type event struct {
	kind               Kind
	positive, negative []string
}

// events is in the order of the kinds. Where no code was found the word is
// chosen by analogy: Download like Retrieval, the two non-REM kinds like the
// relay between REM-MDs. docs/formats/evidence.md says which.
var events = []event{
	{SubmissionAcceptanceRejection, []string{"Acceptance"}, []string{"Rejection"}},
	{RelayREMMDAcceptanceRejection, []string{"Acceptance"}, []string{"Rejection"}},
	{RelayREMMDFailure, nil, []string{"DeliveryExpiration", "Rejection", "NonDelivery"}},
	{DeliveryNonDeliveryToRecipient, []string{"Delivery"}, []string{"NonDelivery", "DeliveryExpiration"}},
	{DownloadNonDownloadByRecipient, []string{"Download"}, []string{"DownloadExpiration", "NonDownload", "NonDownloadExpiration"}},
	{RetrievalNonRetrievalByRecipient, []string{"Retrieval"}, []string{"RetrievalExpiration", "NonRetrieval", "NonRetrievalExpiration"}},
	{AcceptanceRejectionByRecipient, []string{"Acceptance"}, []string{"Rejection"}},
	{RelayToNonREMSystem, []string{"Acceptance", "Delivery"}, []string{"Rejection", "NonDelivery"}},
	{ReceivedFromNonREMSystem, []string{"Acceptance", "Delivery"}, nil},
}

// expiration is the word of a negative delivery that only says that no
// information came in time: nobody knows where the message is. NonDelivery says
// that it is not in the mailbox.
const expiration = "DeliveryExpiration"

// Claim returns what the evidence asserts. A negative delivery or relay failure
// whose reason is that no information came claims only that.
func (d *Draft) Claim() message.Claim {
	c := message.Claim{Kind: d.Kind, Outcome: d.Outcome}
	if c.Outcome == Negative && (c.Kind == DeliveryNonDeliveryToRecipient || c.Kind == RelayREMMDFailure) {
		c.NoInformation = slices.ContainsFunc(d.Reasons, func(r Reason) bool { return r.Code == rem.NoDeliveryInformation })
	}
	return c
}

// Claim is [Draft.Claim]; a DeliveryExpiration without any reason claims only
// that no information came, too.
func (e *Evidence) Claim() message.Claim {
	c := e.Draft.Claim()
	if c.Kind == DeliveryNonDeliveryToRecipient && len(e.Reasons) == 0 && strings.HasSuffix(e.Event, expiration) {
		c.NoInformation = true
	}
	return c
}

// eventOf returns the word that is written behind eventPrefix for a draft.
func eventOf(d *Draft) string {
	if d.Kind == DeliveryNonDeliveryToRecipient && d.Claim().NoInformation {
		return expiration
	}
	return eventWord(d.Kind, d.Outcome)
}

// eventWord returns the word written for a kind and outcome that go together,
// "" for two that do not.
func eventWord(k Kind, o Outcome) string {
	for _, e := range events {
		switch {
		case e.kind != k:
		case o == Positive && len(e.positive) > 0:
			return e.positive[0]
		case o == Negative && len(e.negative) > 0:
			return e.negative[0]
		}
	}
	return ""
}

// outcomeOf reads an EventCode of TS 102 640-2 in every spelling met: with and
// without "//", under either path, or as a bare word.
func outcomeOf(k Kind, code string) (Outcome, bool) {
	word := code
	for _, prefix := range []string{eventPrefix, "http://uri.etsi.org/02640/Event#", "http:uri.etsi.org/REM/Event#", "http://uri.etsi.org/REM/Event#"} {
		if rest, ok := strings.CutPrefix(code, prefix); ok {
			word = rest
			break
		}
	}
	for _, e := range events {
		switch {
		case e.kind != k:
		case slices.Contains(e.positive, word):
			return Positive, true
		case slices.Contains(e.negative, word):
			return Negative, true
		}
	}
	return 0, false
}

// A reason is one line of the reason list.
type reason struct {
	number int
	code   rem.Reason
	text   rem.Text
	// kinds are those that the reason may stand in; none means any.
	kinds []Kind
	// others are further spellings that are read.
	others []string
}

// The kinds that only some reasons can be true of.
var (
	nonREM = []Kind{RelayToNonREMSystem}
	relay  = []Kind{RelayREMMDFailure, DeliveryNonDeliveryToRecipient}
)

var reasons = []reason{
	{1, rem.InvalidMessageFormat, rem.Text{Turkish: "İletinin biçimi geçersiz", English: "The message is not well formed"}, nil, nil},
	{2, rem.MalwareFound, rem.Text{Turkish: "İletide zararlı yazılım bulundu", English: "Malware was found in the message"}, nil, nil},
	{3, rem.InvalidUserSignature, rem.Text{Turkish: "Göndericinin imzası geçersiz", English: "The sender's signature is not valid"}, nil, nil},
	{4, rem.UserCertExpiredOrRevoked, rem.Text{Turkish: "Göndericinin sertifikasının süresi dolmuş ya da iptal edilmiş", English: "The sender's certificate has expired or was revoked"}, nil, nil},
	{5, rem.PolicyViolation, rem.Text{Turkish: "Hizmet sağlayıcının kurallarına aykırı", English: "Against the provider's policy"}, nil, nil},
	{6, rem.PeerMalfunction, rem.Text{Turkish: "Alıcının KEPHS'si düzgün çalışmıyor", English: "The recipient's REM-MD does not work properly"}, relay, nil},
	{7, rem.PeerNotIdentified, rem.Text{Turkish: "Alıcının KEPHS'si tanınamadı", English: "The recipient's REM-MD cannot be identified"}, relay, []string{"R_REMMD_NotIdenified"}},
	{8, rem.PeerUnreachable, rem.Text{Turkish: "Alıcının KEPHS'sine ulaşılamadı", English: "The recipient's REM-MD cannot be reached"}, relay, nil},
	{9, rem.NoDeliveryInformation, rem.Text{Turkish: "Alıcının KEPHS'sinden süresi içinde teslim bilgisi gelmedi", English: "No delivery information came from the recipient's REM-MD in time"}, relay, nil},
	{10, rem.UnknownRecipient, rem.Text{Turkish: "Böyle bir alıcı yok", English: "There is no such recipient"}, nil, nil},
	{11, rem.MailboxFull, rem.Text{Turkish: "Alıcının kutusu dolu", English: "The recipient's mailbox is full"}, nil, nil},
	{12, rem.TechnicalMalfunction, rem.Text{Turkish: "Teknik arıza", English: "Technical malfunction"}, nil, nil},
	{13, rem.AttachmentNotAccepted, rem.Text{Turkish: "Ekin türü kabul edilmiyor", English: "The attachment's type is not accepted"}, nil, []string{"AttachmentFormatNotAccepted"}},
	{14, rem.RecipientRejection, rem.Text{Turkish: "Alıcı reddetti", English: "The recipient refused"}, []Kind{AcceptanceRejectionByRecipient, DeliveryNonDeliveryToRecipient}, nil},
	{15, rem.RetentionPeriodExpired, rem.Text{Turkish: "Süre doldu", English: "The period has ended"}, nil, nil},
	{16, rem.RegularMailUnreachable, rem.Text{Turkish: "Standart e-posta sistemine ulaşılamadı", English: "The ordinary mail system cannot be reached"}, nonREM, nil},
	{17, rem.RegularMailNonOperational, rem.Text{Turkish: "Standart e-posta sistemi çalışmıyor", English: "The ordinary mail system does not operate"}, nonREM, nil},
	{18, rem.RegularMailRejection, rem.Text{Turkish: "Standart e-posta sistemi reddetti", English: "The ordinary mail system refused"}, nonREM, nil},
	{19, rem.PrintingUnreachable, rem.Text{Turkish: "Basım sistemine ulaşılamadı", English: "The printing system cannot be reached"}, nonREM, nil},
	{20, rem.PrintingNonOperational, rem.Text{Turkish: "Basım sistemi çalışmıyor", English: "The printing system does not operate"}, nonREM, nil},
	{21, rem.PrintingBufferFull, rem.Text{Turkish: "Basım kuyruğu dolu", English: "The printing queue is full"}, nonREM, nil},
	{22, rem.Other, rem.Text{Turkish: "Diğer", English: "Other"}, nil, nil},
}

func lookup(code rem.Reason) (reason, bool) {
	i := slices.IndexFunc(reasons, func(r reason) bool { return r.code == code })
	if i < 0 {
		return reason{}, false
	}
	return reasons[i], true
}

// ReasonText returns the reason list's own words, Turkish and English.
func ReasonText(code rem.Reason) rem.Text {
	r, _ := lookup(code)
	return r.text
}

// ReasonURI returns what is written into Code for a reason of the list.
func ReasonURI(code rem.Reason) string { return reasonPrefix + string(code) }

// EventURI returns what is written into EventCode for kind and outcome, "" for
// two that do not go together.
func EventURI(k Kind, o Outcome) string {
	if word := eventWord(k, o); word != "" {
		return eventPrefix + word
	}
	return ""
}

// reasonOf reads a reason of TS 102 640-2. Some writers put the URI into Code,
// others the number into Code and the URI into Details; misspellings and "//"
// were met too. ok is false for a reason that is not on the list.
func reasonOf(code string, details []string) (rem.Reason, bool) {
	if r, ok := reasonURI(code); ok {
		return r, true
	}
	if len(details) > 0 {
		if r, ok := reasonURI(details[0]); ok {
			return r, true
		}
	}
	if n, err := strconv.Atoi(code); err == nil && 1 <= n && n <= len(reasons) {
		return reasons[n-1].code, true
	}
	return rem.Other, false
}

// reasonURI reads the URI, under the misspelt host too that one writer has in
// one of its URIs, or the bare name.
func reasonURI(s string) (rem.Reason, bool) {
	name := s
	if scheme, rest, ok := strings.Cut(s, ":"); ok && scheme == "http" {
		rest = strings.TrimPrefix(rest, "//")
		host, path, _ := strings.Cut(rest, "/")
		after, ok := strings.CutPrefix(path, "REM/EventReason#")
		if !ok || host != "uri.etsi.org" && host != "uri.etXsi.org" {
			return "", false
		}
		name = after
	}
	for _, r := range reasons {
		if string(r.code) == name || slices.Contains(r.others, name) {
			return r.code, true
		}
	}
	return "", false
}
