package mailbox_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit/mailboxtest"
	"rem/message/mailbox"
)

// REQ-52: what is larger than one of its destinations takes is refused before it is
// signed, with who says so and since when; what fits all is composed.
func TestWhatADestinationDoesNotTakeIsRefusedBeforeItIsSigned(t *testing.T) {
	p := newPen(t)
	ctx, box := t.Context(), p.side.box
	stated := map[string]mailbox.Limit{
		"hs91.kep.test": {Octets: 100 << 10, Known: mailbox.Stated, At: mailboxtest.At}, "hs90.kep.test": {Octets: 25 << 20, Known: mailbox.Ours},
	}
	box.Limit = func(domain string) mailbox.Limit {
		l, ok := stated[domain]
		if !ok {
			l = mailbox.Limit{Octets: 25 << 20, Known: mailbox.Assumed}
		}
		l.Domain = domain
		return l
	}
	d := mailbox.Draft{ID: "large", To: []string{"a@hs90.kep.test", "Ğ <b@hs92.kep.test>", "c@hs90.kep.test", "no address"}, Cc: []string{"d@hs91.kep.test"}}
	if got := strings.Join(d.Destinations(), " "); got != "hs90.kep.test hs92.kep.test hs91.kep.test" {
		t.Errorf("destinations %s", got)
	}
	list := box.Limits(&d)
	if len(list) != 3 || list[0].Domain != "hs91.kep.test" {
		t.Errorf("limits %+v", list)
	}
	for i, want := range []string{"hs91.kep.test: 100 KB (sağlayıcının kendisi bildirdi, ", "hs90.kep.test: 25 MB (bu sağlayıcının sınırı)", "hs92.kep.test: 25 MB (bildirmedi; sağlayıcılar arası uygulama)"} {
		if got := list[i].Text().Turkish; !strings.HasPrefix(got, want) {
			t.Errorf("limit %d: %s", i, got)
		}
	}
	d.To = d.To[:3]
	size, digest, err := box.Attach(ctx, p.me, d.ID, "f", bytes.NewReader(make([]byte, 60<<10)), 1<<20)
	must(t, err)
	d.Files = []mailbox.File{{ID: "f", Name: "f.bin", Type: "application/octet-stream", Size: size, Digest: digest}}
	_, err = box.Save(ctx, p.me, d)
	must(t, err)
	_, err = box.ComposeToSign(ctx, p.me, d.ID)
	if !isRefusal(err) || !strings.Contains(err.Error(), "hs91.kep.test") || strings.Contains(err.Error(), "hs92") {
		t.Errorf("over the limit: %v", err)
	}
	if _, err := box.Compose(ctx, p.me, d.ID); err != nil {
		t.Errorf("it is not composed for whoever looks at it: %v", err)
	}
	stated["hs91.kep.test"] = mailbox.Limit{Octets: 200 << 10, Known: mailbox.Stated, At: mailboxtest.At.Add(time.Hour)}
	c, err := box.ComposeToSign(ctx, p.me, d.ID)
	must(t, err)
	whole(t, c)
}
