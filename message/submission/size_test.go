package submission_test

import (
	"fmt"
	"strings"
	"testing"

	"rem/internal/testkit/world"
	"rem/message"
	"rem/provider"
)

// The limit is on the signed package between providers. What we accept fits into
// it with its envelope and evidence, however many recipients that names.
func TestWhatIsAcceptedFitsIntoThePackageBetweenProviders(t *testing.T) {
	const limit = 1 << 20
	k := world.NewKit(t)
	w := k.New(t, world.Options{Practice: func(p *provider.Practice) {
		p.Signing, p.MaxPackage = provider.SigningAccepted, limit
	}})
	var to, named []string
	for i := range 120 {
		a := fmt.Sprintf("alici-%03d.%s@hs91.kep.test", i, strings.Repeat("a", 40))
		to = append(to, a)
		named = append(named, fmt.Sprintf("\"%s %03d\" <%s>", strings.Repeat("&", 100), i, a))
	}
	p := w.Providers[world.Domain("hs90")]
	for size := limit; ; size -= 16 << 10 {
		l := world.Letter{From: world.Address("ayse", "hs90"), To: named, Subject: strings.Repeat("&", 900), ID: fmt.Sprintf("%d@boy", size)}
		l.Body = strings.Repeat(strings.Repeat("x", 62)+"\r\n", (size-len(l.Unsigned()))/64)
		r, err := w.SubmitOnce("ayse", "hs90", l.Unsigned(), to...)
		if err != nil {
			t.Fatal(err)
		}
		if r.Refusal != nil {
			continue
		}
		t.Logf("an original of %d of %d octets is accepted", size, limit)
		w.Step()
		view, err := p.Store.Message(t.Context(), r.Message)
		if err != nil {
			t.Fatal(err)
		}
		if s := view.Standing(1).State; s == message.NotRelayed {
			t.Errorf("the largest original that is accepted is refused by the other provider: %s", s)
		}
		return
	}
}
