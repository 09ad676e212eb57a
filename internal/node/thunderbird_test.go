package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"rem/edge/config"
	"rem/internal/setup"
	"rem/internal/testkit/thunderbird"
	"rem/message"
	"rem/provider"
)

// One account of Thunderbird's reads and sends. Where the practice takes unsigned
// messages it arrives; where it does not, what is missing stands on the screen, and its
// own signature is not enough: it names no certificate (AT-20).
func TestThunderbirdSends(t *testing.T) {
	s := newStage(t, setup.Options{Practice: func(domain string, p *config.Practice) {
		if domain == there {
			p.Signing = provider.SigningAccepted
		}
	}})
	s.start(here, there)
	from := s.holder(0, isil)
	s.holder(1, bora)
	id, err := s.world.PKI.Person(from.Subject, isil, "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := pkcs12.Modern.Encode(id.Key, id.Chain[0], id.Chain[1:], "parola-12")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "isil.p12")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	open := func(address string) *thunderbird.Program {
		_, domain, _ := strings.Cut(address, "@")
		p := thunderbird.Start(t, thunderbird.OnDemand, s.world.PKI.Anchors()...)
		n := s.nodes[domain]
		thunderbird.Do[any](p, `await account(args[0])`, map[string]any{"address": address, "password": password,
			"imap": thunderbird.At(t, n.Address("imap").String()), "smtp": thunderbird.At(t, n.Address("submission").String())})
		return p
	}
	p := open(bora)
	if told := thunderbird.Do[string](p, `return send(args[0], "İmzasız", "Merhaba")`, isil); told != "" {
		t.Fatal(told)
	}
	s.reaches(there, s.sent(bora)[0].Message, message.Delivered)

	p = open(isil)
	told := thunderbird.Do[string](p, `return send(args[0], "İmzasız", "Merhaba")`, bora)
	if !strings.Contains(told, "elektronik imzasini tasimiyor. Delil:") {
		t.Errorf("of an unsigned message its user is told %q", told)
	}
	thunderbird.Do[string](p, `return sign(args[0], args[1])`, file, "parola-12")
	told = thunderbird.Do[string](p, `return send(args[0], "İmzalı", "Merhaba", {signed: true})`, bora)
	if !strings.Contains(told, "iletiyi web sayfasinda imzalayin. Delil:") {
		t.Errorf("of a message that Thunderbird signed its user is told %q", told)
	}
}
