package submission_test

import (
	"fmt"
	"strings"
	"testing"

	"rem"
	"rem/internal/testkit/world"
	"rem/provider"
)

// Whatever a person writes is accepted or refused, with evidence; it is never a
// fault of ours, which his program would meet again and again.
func TestEveryOriginalIsAcceptedOrRefusedWithEvidence(t *testing.T) {
	k := world.NewKit(t)
	w := k.New(t, world.Options{Practice: func(p *provider.Practice) { p.Signing = provider.SigningAccepted }})
	const from = "From: ayse@hs90.kep.test\r\n"
	const id = "Message-ID: <%d@posta.test>\r\n"
	cem, ayse := "cem@hs90.kep.test", "ayse@hs90.kep.test"
	accepted := rem.Reason("")
	for i, c := range []struct {
		name     string
		original string
		to       []string
		want     rem.Reason
	}{
		{"nothing", "", []string{bora}, rem.InvalidMessageFormat},
		{"an end of line", "\r\n", []string{bora}, rem.InvalidMessageFormat},
		{"a body alone", "\r\nMerhaba\r\n", []string{bora}, rem.InvalidMessageFormat},
		{"a header alone", from + "To: " + bora + "\r\n" + id, []string{bora}, accepted},
		{"no end of line at the end", from + "To: " + bora + "\r\n" + id + "\r\nMerhaba", []string{bora}, accepted},
		{"no subject and no identifier", from + "To: " + bora + "\r\n\r\nx\r\n", []string{bora}, accepted},
		{"an empty subject", from + "To: " + bora + "\r\nSubject:\r\n" + id + "\r\nx\r\n", []string{bora}, accepted},
		{"a subject in eight bits", from + "To: " + bora + "\r\nSubject: \xd6deme \xff\xfe\r\n" + id + "\r\nx\r\n", []string{bora}, accepted},
		{"a subject of many lines", from + "To: " + bora + "\r\nSubject: " + strings.Repeat("uzun\r\n ", 900) + "son\r\n" + id + "\r\nx\r\n", []string{bora}, accepted},
		{"control characters in words", from + "To: " + bora + "\r\nSubject: =?utf-8?B?AAECA38gwoXigKggdQ==?=\r\n" + id + "\r\nx\r\n", []string{bora}, accepted},
		{"a huge identifier", from + "To: " + bora + "\r\nMessage-ID: <" + strings.Repeat("a\r\n ", 900) + "@x>\r\n\r\nx\r\n", []string{bora}, accepted},
		{"a name in eight bits", from + "To: \"B\xf6ra\" <" + bora + ">\r\n" + id + "\r\nx\r\n", []string{bora}, accepted},
		{"an address in eight bits", from + "To: b\xf6ra@hs91.kep.test\r\n" + id + "\r\nx\r\n", []string{bora}, rem.InvalidMessageFormat},
		{"no address between brackets", from + "To: Bora <>\r\n" + id + "\r\nx\r\n", []string{bora}, rem.InvalidMessageFormat},
		{"a group of nobody", from + "To: Herkes:;\r\n" + id + "\r\nx\r\n", []string{bora}, rem.InvalidMessageFormat},
		{"the same twice, in To and Cc and in capitals", from + "To: " + bora + ", BORA@HS91.kep.test\r\nCc: " + bora + "\r\n" + id + "\r\nx\r\n", []string{bora, "BORA@hs91.KEP.test", bora}, accepted},
		{"strangers that differ in what cannot be shown", from + "To: \"a\x01b\"@x.test, \"a\x02b\"@x.test, \"a b\"@x.test\r\n" + id + "\r\nx\r\n", []string{bora}, rem.InvalidMessageFormat},
		{"strangers that differ at their end", from + "To: " + strings.Repeat("a", 1200) + "1@x.test,\r\n " + strings.Repeat("a", 1200) + "2@x.test\r\n" + id + "\r\nx\r\n", []string{bora}, rem.InvalidMessageFormat},
		{"a stranger in two spellings of case", from + "To: Kim@x.test, kim@X.test\r\n" + id + "\r\nx\r\n", []string{bora}, rem.PolicyViolation},
		{"two senders", from + from + "To: " + bora + "\r\n" + id + "\r\nx\r\n", []string{bora}, rem.InvalidMessageFormat},
		{"the sender to himself", from + "To: " + ayse + "\r\n" + id + "\r\nx\r\n", []string{ayse}, accepted},
		{"one here and one elsewhere", from + "To: " + cem + "\r\nCc: " + bora + "\r\n" + id + "\r\nx\r\n", []string{bora, cem}, accepted},
		{"an unknown provider", from + "To: x@hs77.kep.test\r\n" + id + "\r\nx\r\n", []string{"x@hs77.kep.test"}, rem.PolicyViolation},
		{"nobody at our provider", from + "To: yok@hs90.kep.test\r\n" + id + "\r\nx\r\n", []string{"yok@hs90.kep.test"}, accepted},
		{"a provider itself", from + "To: hs91.kep.test\r\n" + id + "\r\nx\r\n", []string{bora}, rem.InvalidMessageFormat},
		{"an envelope of its own", from + "To: " + bora + "\r\nREM-MessageType: REMDispatch\r\n" + id + "\r\nx\r\n", []string{bora}, rem.PolicyViolation},
		{"a colon alone", ":\r\n" + from + "To: " + bora + "\r\n" + id + "\r\nx\r\n", []string{bora}, rem.InvalidMessageFormat},
		{"a field of a megabyte", from + "To: " + bora + "\r\nX-Y: " + strings.Repeat("a", 1<<20) + "\r\n" + id + "\r\nx\r\n", []string{bora}, rem.InvalidMessageFormat},
		{"a thousand fields", from + "To: " + bora + "\r\n" + strings.Repeat("X-Y: a\r\n", 5000) + id + "\r\nx\r\n", []string{bora}, rem.InvalidMessageFormat},
		{"a million recipients", from + "To: " + strings.Repeat(bora+",\r\n ", 20000) + bora + "\r\n" + id + "\r\nx\r\n", []string{bora}, rem.InvalidMessageFormat},
	} {
		original := []byte(strings.Replace(c.original, "%d", fmt.Sprint(i), 1))
		r, err := w.SubmitOnce("ayse", "hs90", original, c.to...)
		switch {
		case err != nil:
			t.Errorf("%s: a fault: %v", c.name, err)
		case r.Refusal == nil && c.want != accepted:
			t.Errorf("%s: accepted, want a refusal for %s", c.name, c.want)
		case r.Refusal != nil && r.Refusal.Reason != c.want:
			t.Errorf("%s: refused for %s, want %s", c.name, r.Refusal.Reason, c.want)
		}
	}
	w.Rest()
	for _, p := range w.Providers {
		for _, a := range p.Alarms() {
			t.Errorf("%s: %s", p.Domain, a)
		}
	}
	w.MustHold()
}
