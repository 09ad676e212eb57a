package account

import (
	"time"

	"rem"
)

// Permissions are what an operator may do, one bit each (REQ-38). The numbers
// are written in records: a bit keeps its meaning for ever.
type Permissions uint32

// The single permissions.
const (
	Reading     Permissions = 1 << iota // list and open messages
	Sending                             // sign messages and submit them
	Preparing                           // submit for somebody else to sign, under four eyes
	Deleting                            // remove from the mailbox
	Archiving                           // move into the archive
	SMSNotices                          // is told of arrivals by SMS
	MailNotices                         // is told of arrivals by e-mail
	Operators                           // appoints sub-operators, changes and removes those under him
	Directory                           // decides on the directory entry
	Exporting                           // takes the account's messages away
	Contract                            // renews, has sending blocked, closes
	end
)

// Everything is all of them: what the holder has.
const Everything = end - 1

// Has reports whether all of what are among them.
func (p Permissions) Has(what Permissions) bool { return p&what == what }

// A Word is one word of a closed list, for pages.
type Word[T any] struct {
	Value T
	Text  rem.Text
}

// AllPermissions lists the single permissions with their names, in the order in
// which pages show them.
func AllPermissions() []Word[Permissions] {
	return []Word[Permissions]{
		{Reading, rem.Text{Turkish: "İletileri okuma", English: "Read messages"}},
		{Sending, rem.Text{Turkish: "İleti imzalama ve gönderme", English: "Sign and send messages"}},
		{Preparing, rem.Text{Turkish: "İleti hazırlama (başkasının imzasına)", English: "Prepare messages for another's signature"}},
		{Deleting, rem.Text{Turkish: "İleti silme", English: "Delete messages"}},
		{Archiving, rem.Text{Turkish: "Arşive taşıma", English: "Move messages to the archive"}},
		{SMSNotices, rem.Text{Turkish: "SMS ile bildirim alma", English: "Be told by SMS"}},
		{MailNotices, rem.Text{Turkish: "E-posta ile bildirim alma", English: "Be told by e-mail"}},
		{Operators, rem.Text{Turkish: "Alt işlem yetkilisi atama", English: "Appoint sub-operators"}},
		{Directory, rem.Text{Turkish: "Rehber kaydını yönetme", English: "Decide on the directory entry"}},
		{Exporting, rem.Text{Turkish: "İletileri dışa aktarma", English: "Take messages away"}},
		{Contract, rem.Text{Turkish: "Hesabı yenileme, gönderime kapatma ve kapatma", English: "Renew, block sending, close the account"}},
	}
}

// Powers are what the person can do on the account now, whatever its state: what
// he was given, as far as his term holds and everybody in the line of those who
// appointed him can do it now too (REQ-38). Nobody's are none.
func (a *Account) Powers(p rem.PersonID, now time.Time) Permissions {
	left := Everything
	for range a.Operators { // nobody is in a line twice
		o := a.Operator(p)
		if o == nil || !o.Active(now) {
			return 0
		}
		if left &= o.May; o.By == "" {
			return left
		}
		p = o.By
	}
	return 0
}

// May reports whether the person has the permissions now, whatever the state.
func (a *Account) May(p rem.PersonID, what Permissions, now time.Time) bool {
	return what != 0 && a.Powers(p, now).Has(what)
}

// A ProofKind is a kind of paper on which an operator's authority rests.
type ProofKind string

// The kinds of proof.
const (
	SignatureCircular ProofKind = "signature-circular"
	Authorisation     ProofKind = "authorisation"
	PowerOfAttorney   ProofKind = "power-of-attorney"
	OfficialLetter    ProofKind = "official-letter" // of a public body
	Appointment       ProofKind = "appointment"     // by an operator who may appoint, as he signed or confirmed it
)

// ProofKinds is the closed list.
func ProofKinds() []Word[ProofKind] {
	return []Word[ProofKind]{
		{SignatureCircular, rem.Text{Turkish: "İmza sirküleri", English: "Signature circular"}},
		{Authorisation, rem.Text{Turkish: "Yetkilendirme yazısı", English: "Written authorisation"}},
		{PowerOfAttorney, rem.Text{Turkish: "Vekâletname", English: "Power of attorney"}},
		{OfficialLetter, rem.Text{Turkish: "Kurumun resmî yazısı", English: "Official letter of the body"}},
		{Appointment, rem.Text{Turkish: "İşlem yetkilisinin ataması", English: "Appointment by an operator"}},
	}
}

func policy(turkish, english string) *rem.Refusal {
	return rem.Refuse(rem.PolicyViolation, turkish, english)
}

func (a *Account) notOpenFor(act Act) *rem.Refusal {
	switch act {
	case Send:
		return policy("Hesap gönderime açık değil.", "The account is not open for sending.")
	case Read:
		return policy("Hesap okumaya açık değil.", "The account is not open for reading.")
	}
	return policy("Hesabın bugünkü durumu buna izin vermiyor.", "The account's state does not allow this.")
}

// MaySend reports whether the person may sign and send from the account now, and
// why not otherwise.
func (a *Account) MaySend(p rem.PersonID, now time.Time) *rem.Refusal {
	switch {
	case !a.State.Allows(Send):
		return a.notOpenFor(Send)
	case a.ReceiveOnly:
		return policy("Hesap yalnızca almaya açıldı.", "The account was opened for receiving alone.")
	case !a.May(p, Sending, now):
		return policy("Bu kişinin bu hesaptan gönderme yetkisi yok.", "This person may not send from this account.")
	}
	return nil
}

// MaySubmit reports whether the person may hand a message in, and why not
// otherwise. Under four eyes who prepares is enough: somebody else has signed.
func (a *Account) MaySubmit(p rem.PersonID, now time.Time) *rem.Refusal {
	if a.FourEyes && a.State.Allows(Send) && !a.ReceiveOnly && a.May(p, Preparing, now) {
		return nil
	}
	return a.MaySend(p, now)
}

// MaySign reports whether signer may sign what preparer hands in, and why not
// otherwise (REQ-41, REQ-48).
func (a *Account) MaySign(preparer, signer rem.PersonID, now time.Time) *rem.Refusal {
	if a.FourEyes && preparer == signer {
		return policy("Bu hesapta iletiyi hazırlayan imzalayamaz; imza başka bir yetkilinin olmalıdır.", "On this account who prepares a message cannot sign it; the signature has to be another operator's.")
	}
	return a.MaySend(signer, now)
}

// MayRead reports whether the person may open the account's messages now.
func (a *Account) MayRead(p rem.PersonID, now time.Time) *rem.Refusal {
	switch {
	case !a.State.Allows(Read):
		return a.notOpenFor(Read)
	case !a.May(p, Reading, now):
		return policy("Bu kişinin bu hesabı okuma yetkisi yok.", "This person may not read this account.")
	}
	return nil
}

// MayLogIn reports whether the person can log in to the account now: its state
// allows it, and he can do anything at all.
func (a *Account) MayLogIn(p rem.PersonID, now time.Time) bool {
	return a.State.Allows(LogIn) && a.Powers(p, now) != 0
}
