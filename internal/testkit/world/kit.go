package world

import (
	"context"
	"crypto"
	"encoding/asn1"
	"fmt"
	"testing"
	"time"

	"rem"
	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/mail/smime"
	"rem/trust/cades"
	"rem/trust/trustlist"
	"rem/trust/tsp"
)

// A Kit is what worlds share: keys, certificates, the trust list. It does not
// change and may be used from many goroutines.
type Kit struct {
	pki       *simulator.PKI
	operation map[string]*simulator.Identity // by domain
	tsa       *simulator.Identity
	people    []*cades.Signer
	list      trustlist.List
}

// Codes are the providers of a kit, the sender's first.
var Codes = []string{"hs90", "hs91", "hs92", "hs93", "hs94"}

// Domain returns the domain of a provider's code.
func Domain(code string) string { return code + ".kep.test" }

// NewKit makes the certificates of all providers of [Codes], of a time-stamp
// authority and of the synthetic persons.
func NewKit(t testing.TB) *Kit {
	t.Helper()
	k := &Kit{operation: map[string]*simulator.Identity{}}
	var err error
	if k.pki, err = simulator.New(simulator.Options{Clock: testkit.NewClock(testkit.Epoch.Add(-time.Hour))}); err != nil {
		t.Fatal(err)
	}
	if k.tsa, err = k.pki.TSA("Damga"); err != nil {
		t.Fatal(err)
	}
	past := testkit.Epoch.Add(-24 * time.Hour)
	k.list = trustlist.List{
		Sequence: 1, IssueTime: past, NextUpdate: past.AddDate(20, 0, 0),
		Operator: rem.Text{Turkish: "Deneme Kurumu", English: "Trial authority"},
	}
	for _, code := range Codes {
		id, err := k.pki.Operation("KEPHS "+code, Domain(code), "")
		if err != nil {
			t.Fatal(err)
		}
		k.operation[Domain(code)] = id
		k.list.Providers = append(k.list.Providers, trustlist.Provider{
			Code: code, Domains: []string{Domain(code)}, Name: rem.Text{Turkish: "KEPHS " + code, English: "REM-MD " + code},
			Relays: []string{"127.0.0.1:2525"}, Operation: []trustlist.Certificate{{Certificate: id.Certificate, From: past}},
			Profile: trustlist.TS102640, SizeLimit: 25 << 20, History: []trustlist.Change{{Status: trustlist.Granted, From: past}},
		})
	}
	for _, p := range simulator.People {
		id, err := k.pki.Person(p, "", "")
		if err != nil {
			t.Fatal(err)
		}
		s, err := cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain})
		if err != nil {
			t.Fatal(err)
		}
		k.people = append(k.people, s)
	}
	return k
}

func (k *Kit) stamper(clock rem.Clock) (*tsp.Responder, error) {
	return tsp.NewResponder(tsp.ResponderOptions{
		Key: k.tsa.Key, Chain: k.tsa.Chain, Hash: crypto.SHA256, Policy: asn1.ObjectIdentifier{2, 999, 1}, Accuracy: time.Second, Clock: clock,
	})
}

// A Letter is an original message before it is signed.
type Letter struct {
	From    string
	To, Cc  []string
	Subject string
	ID      string // Message-ID without brackets; "" makes one of the subject
	Fields  string // further fields, each ending in CRLF
	Body    string // lines ending in CRLF
	// Entity is what is signed, with its fields of MIME, in CRLF form; nil makes it of
	// Body.
	Entity []byte
}

func (l Letter) header() []byte {
	b := fmt.Appendf(nil, "From: %s\r\n", l.From)
	for _, list := range []struct {
		name string
		who  []string
	}{{"To", l.To}, {"Cc", l.Cc}} {
		for i, a := range list.who {
			if i == 0 {
				b = fmt.Appendf(b, "%s: %s", list.name, a)
			} else {
				b = fmt.Appendf(b, ",\r\n %s", a)
			}
		}
		if len(list.who) > 0 {
			b = append(b, "\r\n"...)
		}
	}
	id := l.ID
	if id == "" {
		id = rem.DigestOf([]byte(l.Subject)).String()[:16] + "@posta.test"
	}
	return fmt.Appendf(b, "Subject: %s\r\nMessage-ID: <%s>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0300\r\n%s", l.Subject, id, l.Fields)
}

func (l Letter) entity() []byte {
	if l.Entity != nil {
		return l.Entity
	}
	return []byte("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + l.Body + "\r\n")
}

// Unsigned writes the letter as it is.
func (l Letter) Unsigned() []byte {
	return append(append(l.header(), "MIME-Version: 1.0\r\n"...), l.entity()...)
}

// Sign writes the letter with the signature of the n-th synthetic person.
func (k *Kit) Sign(t testing.TB, l Letter, person int) []byte {
	t.Helper()
	b, err := smime.Sign(context.Background(), l.header(), l.entity(), "=_imza", k.people[person], testkit.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
