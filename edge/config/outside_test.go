package config

import (
	"path/filepath"
	"strings"
	"testing"
)

const outside = `residency:
  - {host: gate.example, country: TR}
  - {host: sms.example, country: TR, networks: [203.0.113.0/24]}
  - {host: mail.example, country: TR}
identification:
  gate: {url: "https://gate.example/v1", anchors: gate.pem}
  gatePage: https://gate.example/login
  gateReturn: https://hs90.kep.test/apply/gate
  registry: {url: "https://GATE.example/mersis", anchors: gate.pem, certificate: us.pem, key: us.key}
  states: [{state: TUR, anchors: csca.pem}]
  attester: faces.pem
sms: {url: "https://sms.example/", anchors: sms.pem, timeout: 5s}
centralDirectory: {url: "https://sms.example/rehber", anchors: central.pem, certificate: us.pem, key: us.key}
mailNotices: {address: "mail.example:465", anchors: mail.pem, user: rem, password: mail.secret, from: bildirim@saglayici.example}
`

func TestWhatIsAskedOutsideIsConfigured(t *testing.T) {
	name := file(t, least+outside)
	c, err := Read(name)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(name)
	if c.Identification.Gate.Anchors != filepath.Join(dir, "gate.pem") || c.MailNotices.Password != filepath.Join(dir, "mail.secret") || c.Identification.States[0].Anchors != filepath.Join(dir, "csca.pem") {
		t.Errorf("%+v", c.Identification)
	}
	g, err := c.Guard()
	if err != nil || g.Check("sms.example") != nil || g.Check("elsewhere.example") == nil {
		t.Error(err)
	}
}

// S39, P-15, REQ-95: whatever is abroad, or not said to be in the country, keeps
// the provider from starting, and so does a simulator in production.
func TestAHostThatIsNotOnTheListKeepsUsFromStarting(t *testing.T) {
	for _, c := range []struct{ name, from, to, want string }{
		{"abroad", "{host: gate.example, country: TR}", "{host: gate.example, country: DE}", "everything stays in TR"},
		{"no country", "{host: gate.example, country: TR}", "{host: gate.example}", "everything stays in TR"},
		{"the gate is not listed", "{host: gate.example, country: TR}", "{host: another.example, country: TR}", "identification.gate.url"},
		{"its page is not listed", "gatePage: https://gate.example/login", "gatePage: https://login.example/", "identification.gatePage"},
		{"the gateway is not listed", `"https://sms.example/"`, `"https://sms.example.elsewhere.example/"`, "sms.url"},
		{"the mail server is not listed", `"mail.example:465"`, `"mail.elsewhere.example:465"`, "mailNotices.address"},
		{"a network that is none", "203.0.113.0/24", "203.0.113.0", "no network"},
		{"not over TLS", `"https://sms.example/"`, `"http://sms.example/"`, "sms.url"},
		{"no anchors", ", anchors: sms.pem", "", "sms.anchors"},
		{"a key alone", "certificate: us.pem, ", "", "identification.registry"},
		{"a pin of other digits", "anchors: sms.pem", "anchors: sms.pem, pins: [abc]", "sms.pins"},
		{"a central directory that does not know us", "anchors: central.pem, certificate: us.pem, key: us.key", "anchors: central.pem", "centralDirectory: give certificate and key"},
		{"a simulated central directory", "anchors: central.pem", "anchors: central.pem, simulator: true", "centralDirectory is a simulator"},
		{"a simulated gateway", "anchors: sms.pem", "anchors: sms.pem, simulator: true", "sms is a simulator"},
		{"a simulated gate", "anchors: gate.pem}\n  gatePage", "anchors: gate.pem, simulator: true}\n  gatePage", "identification.gate is a simulator"},
		{"a simulated state", "anchors: csca.pem", "anchors: csca.pem, simulator: true", "identification.states[0] is a simulator"},
		{"a simulated mail server", "anchors: mail.pem", "anchors: mail.pem, simulator: true", "mailNotices is a simulator"},
		{"chips without an attester", "  attester: faces.pem\n", "", "attester"},
		{"a user without password", ", password: mail.secret", "", "user and password"},
		{"notices from registered mail", "bildirim@saglayici.example", "bildirim@hs90.kep.tr", "mailNotices.from"},
	} {
		text := strings.Replace(outside, c.from, c.to, 1)
		if text == outside {
			t.Fatalf("%s: nothing was changed", c.name)
		}
		if _, err := Read(file(t, least+text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
