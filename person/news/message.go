package news

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"rem"
	"rem/person"
)

// An ID names a message. Whoever tells chooses it, from what the message is
// about ("login.7f3a.code", "application.a-12.step4.sms"), so that a step that
// runs twice tells once. It is visible ASCII, holds nothing personal, and is the
// key by which gateways know a repeated question.
type ID string

// A Channel is by what way somebody is told.
type Channel string

// The channels.
const (
	SMS  Channel = "sms"
	Mail Channel = "mail"
)

// A Language is that of the text. Both are sent by mail, the chosen one first;
// a text message has one.
type Language string

// The languages; the zero Language is Turkish.
const (
	Turkish Language = "tr"
	English Language = "en"
)

// A Kind is what is told. It is written in records, so the list only grows.
type Kind string

// The kinds.
const (
	Code        Kind = "code"        // a one-time code
	Activation  Kind = "activation"  // the link that activates an account
	NewDevice   Kind = "new-device"  // a log-in from a device that was not seen before
	Application Kind = "application" // an application has moved; the page says how
	Reminder    Kind = "reminder"    // something becomes due; the page says what
	Arrived     Kind = "arrived"     // a registered message has arrived; without content
	Filling     Kind = "filling"     // a mailbox is filling; it still receives
	Invited     Kind = "invited"     // somebody is asked to act on an account; the link leads there
	Confirmed   Kind = "confirmed"   // an application that opens no account was approved; the link completes it
	Unsent      Kind = "unsent"      // a signed message could not be sent at its time; the page says why
	Security    Kind = "security"    // a password, a factor or the state of the account has changed
)

// Kinds lists them.
func Kinds() []Kind {
	return []Kind{Code, Activation, NewDevice, Application, Reminder, Arrived, Filling, Invited, Confirmed, Unsent, Security}
}

// A Message is one thing to tell one person. Its destination is the whole value;
// it is sealed before it is kept.
type Message struct {
	ID     ID
	Person rem.PersonID
	Kind   Kind
	// To is where it goes; one of the two.
	Mobile person.Phone
	Mail   person.MailAddress

	Language Language
	// Code is the one-time code, 4 to 10 digits; of Code alone.
	Code string
	// Link leads to a page of ours, and holds nothing personal; https. Activation
	// needs one, the others but Code may have one. A link with a secret goes by
	// mail, never beside its code.
	Link string
	// After is when it is sent at the earliest; zero: at once. Until counts from then.
	After time.Time
	// Until is when it stops being worth sending, and when a code or a link ends;
	// zero: [Kind.Worth] after it was told.
	Until time.Time
	// Day is the day that a reminder is about; zero: none is named.
	Day time.Time
}

// Channel is by what way the message goes.
func (m *Message) Channel() Channel {
	if m.Mobile.IsZero() {
		return Mail
	}
	return SMS
}

// To is the destination, whole.
func (m *Message) To() string {
	if m.Mobile.IsZero() {
		return m.Mail.Reveal()
	}
	return m.Mobile.Reveal()
}

// Worth is how long a message of the kind is worth sending when nobody says
// otherwise: a code ends soon, news of yesterday are still news.
func (k Kind) Worth() time.Duration {
	switch k {
	case Code:
		return 5 * time.Minute
	case NewDevice, Security, Arrived, Filling:
		return 24 * time.Hour
	}
	return 72 * time.Hour
}

// ErrMessage is wrapped when a message is not one that can be told.
var ErrMessage = errors.New("not a message that can be told")

// MaxID bounds an identifier, in octets.
const MaxID = 100

// maxLink bounds a link: a text message has to hold it.
const maxLink = 300

// Check refuses what cannot be told: a message without identifier, person or
// exactly one destination, a code that is none, a link that leads elsewhere than
// https, a kind that lacks what it is about. The error holds no value.
func (m *Message) Check() error {
	fault := ""
	switch {
	case !name(string(m.ID), MaxID):
		fault = "its identifier is empty, too long or no name"
	case !name(string(m.Person), MaxID):
		fault = "whom it is for is not said"
	case texts[m.Kind] == nil:
		fault = "nobody knows its kind"
	case m.Mobile.IsZero() == m.Mail.IsZero():
		fault = "it needs one destination, a mobile number or a mail address"
	case m.Language != "" && m.Language != Turkish && m.Language != English:
		fault = "nobody knows its language"
	case (m.Kind == Code) != (m.Code != "") || m.Code != "" && !code(m.Code):
		fault = "a message of kind code has a code of 4 to 10 digits, and no other has"
	case (m.Kind == Activation || m.Kind == Invited || m.Kind == Confirmed) && m.Link == "", m.Kind == Code && m.Link != "":
		fault = "an activation needs a link, and beside a code there is none"
	case m.Link != "" && !link(m.Link):
		fault = "its link is not one of https without user, query of spaces or fragment"
	}
	if fault != "" {
		return fmt.Errorf("%w: %s", ErrMessage, fault)
	}
	return nil
}

// name allows visible ASCII.
func name(s string, most int) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= most
}

func code(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) >= 4 && len(s) <= 10
}

func link(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxLink && name(s, maxLink) && !strings.ContainsAny(s, "<>\"'`\\") &&
		u.Scheme == "https" && u.Host != "" && u.User == nil && u.Fragment == ""
}
