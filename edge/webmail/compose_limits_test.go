package webmail_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit/world"
	"rem/message/mailbox"
)

// REQ-52: the page for writing shows the limit of each destination and where it comes
// from, with scripts and without; what is over one is refused before signing.
func TestThePageShowsWhatEachDestinationTakes(t *testing.T) {
	d := writers(t)
	d.box.Limit = func(domain string) mailbox.Limit {
		l := mailbox.Limit{Domain: domain, Octets: 25 << 20, Known: mailbox.Assumed}
		if domain == "hs91.kep.test" {
			l.Octets, l.Known, l.At = 40<<10, mailbox.Stated, time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC)
		}
		return l
	}
	at := d.begin("ayse", "")
	form := []string{"to", "x@hs92.kep.test", "cc", world.Address("cem", "hs91"), "subject", "s", "text", "t"}
	d.sendForm("ayse", at, map[string]string{"a.bin": strings.Repeat("\x00", 20_000)}, append([]string{"version", "0", "do", "save"}, form...)...)
	must(t, d.get("ayse", at), 200, `class="over">hs91.kep.test: 40 KB (sağlayıcının kendisi bildirdi, 24.11.2026)`, `<li>hs92.kep.test: 25 MB (bildirmedi; sağlayıcılar arası uygulama)`, "sınır 40 KB", "gönderilemez")
	must(t, d.sendForm("ayse", at, nil, append([]string{"version", "1", "do", "review"}, form...)...), 200, "şu alıcı sağlayıcıların sınırını aşıyor: hs91.kep.test: 40 KB")
	if a := d.sendForm("ayse", at, nil, append([]string{"version", "2", "do", "review"}, form...)...); strings.Contains(a.body, `action="/tr/sign"`) {
		t.Error("it can be signed")
	}
	var kept struct {
		Limits []struct {
			Says string
			Over bool
		}
		Over bool
	}
	v := []string{"version", "3"}
	a := d.post("ayse", at+"/keep", append(v, form...)...)
	if err := json.Unmarshal([]byte(a.body), &kept); err != nil || len(kept.Limits) != 2 || !kept.Limits[0].Over || kept.Limits[1].Over || !kept.Over || !strings.HasPrefix(kept.Limits[0].Says, "hs91.kep.test: 40 KB") {
		t.Errorf("the script is told %s (%v)", a.body, err)
	}
	// Without the one that takes little it can be signed.
	must(t, d.sendForm("ayse", at, nil, "version", "4", "to", "x@hs92.kep.test", "subject", "s", "text", "t", "do", "review"), 200, `action="/tr/sign"`)
}
