package submission_test

import (
	"testing"

	"rem"
	"rem/internal/testkit/world"
	"rem/message"
	"rem/message/submission"
	"rem/person/account"
	"rem/privacy"
	"rem/provider"
)

// REQ-41: on an account that asks for two persons, who hands a message in is not
// who signed it. A refusal is evidence as any other.
func TestUnderFourEyesTheSignatureIsAnothersThanTheLogin(t *testing.T) {
	k := world.NewKit(t)
	w := k.New(t, world.Options{Practice: func(p *provider.Practice) { p.Signing = provider.SigningAccepted }})
	p := w.Providers[world.Domain("hs90")]
	update(t, w, func(a *account.Account) {
		a.FourEyes = true
		a.Operators = append(a.Operators,
			account.Operator{Person: "hazirlayan", May: account.Preparing, By: a.Holder.Person},
			account.Operator{Person: "okuyan", May: account.Reading, By: a.Holder.Person})
	})
	a := world.Account("ayse", p.Domain)
	letter := func(subject string) world.Letter {
		return world.Letter{From: ayse, To: []string{bora}, Subject: subject, Body: "Merhaba.\r\n"}
	}
	for _, c := range []struct {
		name string
		by   rem.PersonID
		raw  []byte
		want rem.Reason // "" is taken
	}{
		{"prepared by one, signed by another", "hazirlayan", k.Sign(t, letter("1"), 0), ""},
		{"signed by who hands in", a.Holder.Person, k.Sign(t, letter("2"), 0), rem.PolicyViolation},
		{"unsigned", "hazirlayan", letter("3").Unsigned(), rem.InvalidUserSignature},
		{"handed in by who may not", "okuyan", k.Sign(t, letter("4"), 0), rem.PolicyViolation},
		{"signed by a stranger", "hazirlayan", k.Sign(t, letter("5"), 1), rem.InvalidUserSignature},
	} {
		login := submission.Login{
			Actor:          rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: c.by, Method: "urn:rem:authentication:application-password"},
			Authentication: message.Authentication{Time: w.Clock.Now().UTC(), Method: "urn:rem:authentication:application-password"},
			Holder:         privacy.NewValue("Ayşe", privacy.ByDeclaration(w.Clock.Now())),
		}
		r, err := p.Submitter.Submit(t.Context(), login, world.Transaction(ayse, bora), message.InMemory(c.raw))
		if err != nil {
			t.Fatal(err)
		}
		if got := refusalReason(r); got != c.want {
			t.Errorf("%s: refused for %q, want %q", c.name, got, c.want)
		}
		v, err := p.Store.Message(t.Context(), r.Message)
		if err != nil || v.Record.Actor.Person != c.by || len(v.Filed) == 0 {
			t.Errorf("%s: the record names %q (%v)", c.name, v.Record.Actor.Person, err)
		}
	}
}

func refusalReason(r submission.Receipt) rem.Reason {
	if r.Refusal == nil {
		return ""
	}
	return r.Refusal.Reason
}
