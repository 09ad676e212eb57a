package submission_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit/world"
	"rem/message"
	"rem/message/submission"
	"rem/person/account"
	"rem/privacy"
	"rem/provider"
	"rem/trust/trustlist"
)

// away is a scanner that cannot be reached.
type away struct{}

func (away) Scan(context.Context, io.Reader, int64) (string, error) {
	return "", errors.New("nobody answers")
}

// finds finds malware in everything.
type finds struct{}

func (finds) Scan(context.Context, io.Reader, int64) (string, error) { return "Deneme.Zararli", nil }

var ayse = world.Address("ayse", "hs90")

// Every refusal is durable evidence with its reason, whose text is Turkish and
// English, and it names everybody whom it can. REQ-47, REQ-48, REQ-50, AT-05.
func TestSubmissionIsRefusedWithEvidenceThatSaysWhy(t *testing.T) {
	k := world.NewKit(t)
	base := func() world.Letter {
		return world.Letter{From: ayse, To: []string{bora}, Subject: "Ret", Body: "Merhaba.\r\n"}
	}
	signed := func(change func(*world.Letter)) func() []byte {
		return func() []byte {
			l := base()
			change(&l)
			return k.Sign(t, l, 0)
		}
	}
	for _, c := range []struct {
		name   string
		mail   func() []byte
		from   string   // of the transaction; "" is the account's
		to     []string // of the transaction; nil is bora
		before func(t *testing.T, w *world.World)
		scan   submission.Scanner
		change func(*provider.Practice)
		want   rem.Reason
	}{
		{name: "unsigned", mail: func() []byte { return base().Unsigned() }, want: rem.InvalidUserSignature},
		{name: "signed by somebody else", mail: func() []byte { return k.Sign(t, base(), 1) }, want: rem.InvalidUserSignature},
		{name: "changed after signing", mail: func() []byte {
			return []byte(strings.Replace(string(k.Sign(t, base(), 0)), "Merhaba", "Merhabo", 1))
		}, want: rem.InvalidUserSignature},
		{name: "no operator's certificate on record", mail: func() []byte { return k.Sign(t, base(), 0) }, before: func(t *testing.T, w *world.World) {
			update(t, w, func(a *account.Account) { a.Operators[0].Identity = privacy.IndexToken{} })
		}, want: rem.InvalidUserSignature},
		{name: "blocked for sending", mail: func() []byte { return k.Sign(t, base(), 0) }, before: func(t *testing.T, w *world.World) {
			update(t, w, func(a *account.Account) { a.State = account.SendBlocked })
		}, want: rem.PolicyViolation},
		{name: "suspended", mail: func() []byte { return k.Sign(t, base(), 0) }, before: func(t *testing.T, w *world.World) {
			update(t, w, func(a *account.Account) { a.State = account.Suspended })
		}, want: rem.PolicyViolation},
		{name: "operator may not send", mail: func() []byte { return k.Sign(t, base(), 0) }, before: func(t *testing.T, w *world.World) {
			update(t, w, func(a *account.Account) { a.Operators[0].May &^= account.Sending })
		}, want: rem.PolicyViolation},
		{name: "operator's authority is over", mail: func() []byte { return k.Sign(t, base(), 0) }, before: func(t *testing.T, w *world.World) {
			update(t, w, func(a *account.Account) { a.Operators[0].Until = w.Clock.Now() })
		}, want: rem.PolicyViolation},
		{name: "From of another", mail: signed(func(l *world.Letter) { l.From = world.Address("cem", "hs90") }), want: rem.PolicyViolation},
		{name: "two in From", mail: signed(func(l *world.Letter) { l.From = ayse + ", " + bora }), want: rem.InvalidMessageFormat},
		{name: "Sender of another", mail: signed(func(l *world.Letter) { l.Fields = "Sender: " + bora + "\r\n" }), want: rem.PolicyViolation},
		{name: "transaction of another", mail: signed(func(*world.Letter) {}), from: bora, want: rem.PolicyViolation},
		{name: "Bcc", mail: signed(func(l *world.Letter) { l.Fields = "Bcc: " + world.Address("cem", "hs90") + "\r\n" }), want: rem.PolicyViolation},
		{name: "blind copy in the transaction", mail: signed(func(*world.Letter) {}), to: []string{bora, world.Address("cem", "hs91")}, want: rem.PolicyViolation},
		{name: "named and not asked for", mail: signed(func(l *world.Letter) { l.Cc = []string{world.Address("cem", "hs91")} }), want: rem.PolicyViolation},
		{name: "no recipient in the header", mail: signed(func(l *world.Letter) { l.To = nil }), want: rem.PolicyViolation},
		{name: "address outside KEP", mail: signed(func(l *world.Letter) { l.To = []string{"bora@posta.test"} }), to: []string{"bora@posta.test"}, want: rem.PolicyViolation},
		{name: "provider that is not on the list", mail: signed(func(l *world.Letter) { l.To = []string{"bora@hs77.kep.test"} }), to: []string{"bora@hs77.kep.test"}, want: rem.PolicyViolation},
		{name: "provider that ended", mail: signed(func(*world.Letter) {}), before: func(_ *testing.T, w *world.World) { w.SetStatus("hs91", trustlist.Ended) }, want: rem.PolicyViolation},
		{name: "too many recipients", mail: signed(func(l *world.Letter) { l.To = []string{bora, world.Address("cem", "hs91")} }), to: []string{bora, world.Address("cem", "hs91")}, change: func(p *provider.Practice) { p.MaxRecipients = 1 }, want: rem.PolicyViolation},
		{name: "too large", mail: signed(func(l *world.Letter) { l.Body = strings.Repeat("Uzun.\r\n", 8<<10) }), change: func(p *provider.Practice) { p.MaxPackage = 64 << 10 }, want: rem.PolicyViolation},
		{name: "too many trace fields", mail: signed(func(l *world.Letter) {
			l.Fields = strings.Repeat("Received: from a by b; Mon, 23 Nov 2026 10:00:00 +0300\r\n", 31)
		}), want: rem.PolicyViolation},
		{name: "says that it is a REM-MD envelope", mail: signed(func(l *world.Letter) { l.Fields = "X-REM-Msg-Type: dispatch\r\n" }), want: rem.PolicyViolation},
		{name: "malware", mail: signed(func(*world.Letter) {}), scan: finds{}, want: rem.MalwareFound},
		{name: "no header at all", mail: func() []byte { return []byte("bu bir ileti değil\r\n") }, want: rem.InvalidMessageFormat},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := k.New(t, world.Options{Practice: c.change, Scanners: map[string]submission.Scanner{"hs90": c.scan}})
			if c.before != nil {
				c.before(t, w)
			}
			p, original := w.Providers[world.Domain("hs90")], c.mail()
			from, to := c.from, c.to
			if from == "" {
				from = ayse
			}
			if to == nil {
				to = []string{bora}
			}
			a := world.Account("ayse", world.Domain("hs90"))
			login := submission.Login{
				Actor:          rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person, Method: "urn:rem:authentication:application-password"},
				Authentication: message.Authentication{Time: w.Clock.Now(), Method: "urn:rem:authentication:application-password"},
			}
			submit := func() submission.Receipt {
				r, err := p.Submitter.Submit(t.Context(), login, world.Transaction(from, to...), message.InMemory(original))
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			r := submit()
			if r.Refusal == nil || r.Refusal.Reason != c.want {
				t.Fatalf("the answer is %v, want %s", r.Refusal, c.want)
			}
			if r.Refusal.Detail.Turkish == "" || r.Refusal.Detail.English == "" {
				t.Errorf("the text is %q", r.Refusal.Detail)
			}
			f, err := p.Store.Evidence(t.Context(), r.Evidence)
			if err != nil {
				t.Fatal(err)
			}
			if f.Kind != message.SubmissionAcceptanceRejection || f.Outcome != message.Negative || len(f.Reasons) != 1 || f.Reasons[0] != c.want {
				t.Errorf("the evidence is %s %s %v", f.Kind, f.Outcome, f.Reasons)
			}
			// The same again repeats the rejection, and makes no second one.
			if again := submit(); again.Evidence != r.Evidence || again.Refusal == nil || again.Refusal.Reason != c.want {
				t.Errorf("the second answer is %v, the first was %v", again, r)
			}
			w.Rest()
			w.MustHold()
		})
	}
}

// update changes the sender's account.
func update(t *testing.T, w *world.World, change func(*account.Account)) {
	t.Helper()
	a := world.Account("ayse", world.Domain("hs90"))
	change(&a)
	if err := w.Providers[world.Domain("hs90")].Store.Update(t.Context(), a); err != nil {
		t.Fatal(err)
	}
}

// A message that could not be scanned waits: no evidence either way, and it is
// never taken unscanned.
func TestMessageWaitsForItsScanner(t *testing.T) {
	k := world.NewKit(t)
	w := k.New(t, world.Options{Scanners: map[string]submission.Scanner{"hs90": away{}}})
	p := w.Providers[world.Domain("hs90")]
	original := letter(t, k, "Taranmayan")
	if r, err := w.SubmitOnce("ayse", "hs90", original, bora); err == nil {
		t.Fatalf("it was answered: %v", r)
	}
	w.Rest()
	if ids, _, err := p.Store.Messages(t.Context(), 0, 10); err != nil || len(ids) > 0 {
		t.Errorf("the provider has %v, %v", ids, err)
	}
	p.Submitter.Scanner = nil
	if r := w.Submit("ayse", "hs90", original, bora); r.Refusal != nil {
		t.Errorf("it is refused: %v", r.Refusal)
	}
	w.Rest()
	w.MustHold()
}

// Identity is who, which bytes and to whom: the same submission is one message
// and has one receipt, any other is another.
func TestSameSubmissionGetsTheFirstReceipt(t *testing.T) {
	k := world.NewKit(t)
	w := k.New(t, world.Options{})
	original := letter(t, k, "Aynı")
	first := w.Submit("ayse", "hs90", original, bora)
	w.Run(47 * time.Hour)
	if again := w.Submit("ayse", "hs90", original, strings.ToUpper(bora[:1])+bora[1:]); again.Message != first.Message || again.Evidence != first.Evidence {
		t.Errorf("the second receipt is %v, the first was %v", again, first)
	}
	other := letter(t, k, "Başka")
	if r := w.Submit("ayse", "hs90", other, bora); r.Message == first.Message {
		t.Error("another message has the first one's receipt")
	}
	w.Rest()
	ids, _, err := w.Providers[world.Domain("hs90")].Store.Messages(t.Context(), 0, 10)
	if err != nil || len(ids) != 2 {
		t.Errorf("there are %d messages, want 2 (%v)", len(ids), err)
	}
}
