package login

import (
	"rem"
)

// A Kind is as what somebody logs in. Credentials and sessions of one kind never
// open another's doors.
type Kind string

// The kinds.
const (
	Holder    Kind = "holder"    // an account's holder or operator, a natural person
	Staff     Kind = "staff"     // the provider's
	Partner   Kind = "partner"   // of a contracted institution
	Applicant Kind = "applicant" // has an application and its secret, and nothing else
)

// Known reports whether the kind is of the list.
func (k Kind) Known() bool { return k == Holder || k == Staff || k == Partner || k == Applicant }

// gated reports whether the Gate is asked about the kind.
func (k Kind) gated() bool { return k == Staff || k == Partner }

// Who is a natural person as one kind. Credentials belong to it.
type Who struct {
	Kind   Kind
	Person rem.PersonID
}

// A Level is how well the person of a session has shown who he is. A higher one
// includes the lower; none of them is one factor of two.
type Level uint8

// The levels.
const (
	// Resumed: by the secret of an application. Opens the application alone.
	Resumed Level = iota + 1
	// Enrolling: by a grant. Sets the first credentials and does nothing else.
	Enrolling
	// TwoFactors: by a password and a one-time code.
	TwoFactors
	// Strong: by a passkey with user verification, or a qualified signature.
	Strong
)

// A Method is how a session was opened.
type Method string

// The methods.
const (
	ByPasswordAndTOTP Method = "password+totp"
	ByPasswordAndSMS  Method = "password+sms"
	ByPasskey         Method = "passkey"
	BySignature       Method = "signature"
	ByGrant           Method = "grant"
	ByApplication     Method = "application"
	// ByPassword and ByCode stand in the history of failures only.
	ByPassword Method = "password"
	ByCode     Method = "code"
)

// methods gives the level that each method opens, and its name.
var methods = map[Method]struct {
	level Level
	name  rem.Text
}{
	ByPasswordAndTOTP: {TwoFactors, rem.Text{Turkish: "parola ve doğrulama uygulamasının kodu", English: "password and a code of the authenticator app"}},
	ByPasswordAndSMS:  {TwoFactors, rem.Text{Turkish: "parola ve SMS kodu", English: "password and a code by SMS"}},
	ByPasskey:         {Strong, rem.Text{Turkish: "geçiş anahtarı", English: "passkey"}},
	BySignature:       {Strong, rem.Text{Turkish: "nitelikli elektronik imza", English: "qualified electronic signature"}},
	ByGrant:           {Enrolling, rem.Text{Turkish: "etkinleştirme bağlantısı", English: "activation link"}},
	ByApplication:     {Resumed, rem.Text{Turkish: "başvuru bağlantısı", English: "link of the application"}},
	ByPassword:        {0, rem.Text{Turkish: "parola", English: "password"}},
	ByCode:            {0, rem.Text{Turkish: "tek kullanımlık kod", English: "one-time code"}},
}

// Level returns what a session opened by the method is worth; zero: it opens none.
func (m Method) Level() Level { return methods[m].level }

// Text names the method for people.
func (m Method) Text() rem.Text { return methods[m].name }

// A Factor is what may follow a password.
type Factor string

// The factors.
const (
	TOTP Factor = "totp"
	SMS  Factor = "sms"
)
