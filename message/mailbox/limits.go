package mailbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/mail/mime"
	"rem/message"
)

// A Limit is how large a signed package a provider takes, and how we know.
type Limit struct {
	Domain string
	Octets int64
	Known  Knowledge
	At     time.Time // when it was Stated
}

// A Knowledge is how a limit is known.
type Knowledge uint8

// The ways.
const (
	// Ours: it is that of this provider's own practice statement.
	Ours Knowledge = iota + 1
	// Stated: the provider said it when we last came to it (RFC 1870 4).
	Stated
	// Assumed: it said nothing; what providers take by practice (REQ-52).
	Assumed
)

// A StatedLimit is what another provider last said of how large a message it takes.
// Octets is 0 where it said that there is no fixed bound, or did not say.
type StatedLimit struct {
	Domain string
	Octets int64
	At     time.Time
}

// says names how a limit is known, for people.
func (l Limit) says() rem.Text {
	switch l.Known {
	case Stated:
		day := l.At.In(time.FixedZone("Europe/Istanbul", 3*60*60)).Format("02.01.2006")
		return rem.Text{Turkish: "sağlayıcının kendisi bildirdi, " + day, English: "stated by the provider itself, " + day}
	case Ours:
		return rem.Text{Turkish: "bu sağlayıcının sınırı", English: "the limit of this provider"}
	}
	return rem.Text{Turkish: "bildirmedi; sağlayıcılar arası uygulama", English: "not stated; the practice between providers"}
}

// Text says a limit to people: whose, how much, and where it comes from.
func (l Limit) Text() rem.Text {
	why := l.says()
	return rem.Text{Turkish: l.Domain + ": " + amount(l.Octets, ",") + " (" + why.Turkish + ")", English: l.Domain + ": " + amount(l.Octets, ".") + " (" + why.English + ")"}
}

// amount writes octets in megabytes with one decimal place, cut off and not rounded up: a limit
// is never said to be more than it is.
func amount(n int64, point string) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KB", n>>10)
	}
	tenths := n * 10 >> 20
	if tenths%10 == 0 {
		return fmt.Sprintf("%d MB", tenths/10)
	}
	return fmt.Sprintf("%d%s%d MB", tenths/10, point, tenths%10)
}

// Destinations are the providers of a draft's recipients, each once, in their order.
func (d *Draft) Destinations() (domains []string) {
	for _, typed := range slices.Concat(d.To, d.Cc) {
		m, err := mime.ParseMailboxes(typed, mime.DefaultLimits)
		if err != nil || len(m) != 1 {
			continue
		}
		a, err := rem.ParseAddress(m[0].Address)
		if err == nil && !slices.Contains(domains, a.Provider()) {
			domains = append(domains, a.Provider())
		}
	}
	return domains
}

// Limits are those of a draft's destinations, the smallest first; of none, and where
// nobody knows of any, there is none.
func (b *Box) Limits(d *Draft) (list []Limit) {
	if b.Limit == nil {
		return nil
	}
	for _, domain := range d.Destinations() {
		list = append(list, b.Limit(domain))
	}
	slices.SortStableFunc(list, func(a, b Limit) int { return int(max(-1, min(1, a.Octets-b.Octets))) })
	return list
}

// Fits refuses a draft whose signed package would be larger than one of its
// destinations takes: before anything is signed (REQ-52).
func (b *Box) Fits(ctx context.Context, who Visitor, d *Draft) error {
	list := b.Limits(d)
	if len(list) == 0 {
		return nil
	}
	size, err := b.Measure(ctx, who, *d)
	if err != nil {
		return err
	}
	if refusal := TooLarge(size, list); refusal != nil {
		return refusal
	}
	return nil
}

// TooLarge says which of the limits a signed package of the size is over; nil: none.
func TooLarge(size int64, list []Limit) *rem.Refusal {
	var tr, en []string
	for _, l := range list {
		if size > l.Octets {
			t := l.Text()
			tr, en = append(tr, t.Turkish), append(en, t.English)
		}
	}
	if len(tr) == 0 {
		return nil
	}
	return refuse("İmzalı paket yaklaşık "+amount(size, ",")+" olacak ve şu alıcı sağlayıcıların sınırını aşıyor: "+strings.Join(tr, "; ")+". Ek çıkarın ya da iletiyi bölün.",
		"The signed package will have about "+amount(size, ".")+", more than these recipients' providers take: "+strings.Join(en, "; ")+". Remove an attachment, or send several messages.")
}

// ComposeToSign is [Box.Compose] for who is about to sign: what a destination would
// not take is refused.
func (b *Box) ComposeToSign(ctx context.Context, who Visitor, id DraftID) (message.Content, error) {
	d, err := b.Draft(ctx, who, id)
	if err != nil {
		return nil, err
	}
	if err := b.Fits(ctx, who, &d); err != nil {
		return nil, err
	}
	return b.Compose(ctx, who, id)
}
