package signing_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/simulator"
	"rem/internal/testkit/signtest"
	"rem/mail/mime"
	"rem/message/signing"
	"rem/person/account"
)

// refusedFor fails unless an error is a refusal with this reason.
func refusedFor(t *testing.T, name string, err error, want rem.Reason) {
	t.Helper()
	r, ok := errors.AsType[*rem.Refusal](err)
	if !ok || r.Reason != want || r.Detail.Turkish == "" || r.Detail.English == "" {
		t.Errorf("%s: %v, want a refusal for %s", name, err, want)
	}
}

// opensslAccepts lets OpenSSL verify a message as CAdES (EN 319 122-1).
func opensslAccepts(t *testing.T, d *signtest.Desk, raw []byte) {
	t.Helper()
	dir := t.TempDir()
	var anchors []byte
	for _, c := range d.Kit.Anchors() {
		anchors = append(anchors, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	for name, b := range map[string][]byte{"anchors.pem": anchors, "mail.eml": raw} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("openssl", "cms", "-verify", "-cades", "-in", filepath.Join(dir, "mail.eml"), "-CAfile", filepath.Join(dir, "anchors.pem"),
		"-purpose", "any", "-attime", "1795420800", "-out", filepath.Join(dir, "out")).CombinedOutput()
	if err != nil {
		t.Errorf("openssl: %v\n%s", err, out)
	}
}

// REQ-47, REQ-48, REQ-55: a batch with keys that never came here; each message has
// its own signature, is submitted once, and verifies by the program of others.
func TestABatchIsSignedElsewhereAndSubmittedOnce(t *testing.T) {
	for _, kind := range []simulator.KeyKind{simulator.P256, simulator.RSA2048} {
		t.Run(string(kind), func(t *testing.T) {
			d := signtest.New(t, signing.Policy{Batch: 20})
			id := d.Kit.Identity(t, 0, kind)
			v, a := d.Begin(t, 20)
			if v.Items[3].Subject != "Sozlesme 4" || v.Items[3].To[0] != "bora@hs91.kep.test" || v.Sender != "ayse@hs90.kep.test" {
				t.Errorf("shown is %+v", v.Items[3])
			}
			choice, err := d.Choose(t.Context(), a, signtest.Chain(id))
			if err != nil {
				t.Fatal(err)
			}
			values := signtest.Sign(t, id, choice)
			done, err := d.Complete(t.Context(), a, values)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[rem.MessageID]bool{}
			for n, i := range done.Items {
				if i.Outcome == nil || i.Outcome.Refusal != nil || seen[i.Outcome.Message] {
					t.Fatalf("message %d: %+v", n, i.Outcome)
				}
				seen[i.Outcome.Message] = true
			}
			if !done.Done() || done.Signer == "" {
				t.Error("it is not done")
			}
			again, err := d.Complete(t.Context(), a, values)
			if err != nil || again.Items[0].Outcome.Message != done.Items[0].Outcome.Message || len(d.Sent()) != 20 {
				t.Errorf("again: %v, %d submissions", err, len(d.Sent()))
			}
			opensslAccepts(t, d, d.Sent()[0])
			opensslAccepts(t, d, d.Sent()[19])
		})
	}
}

func TestNothingIsSubmittedWhenOneValueIsWrong(t *testing.T) {
	d := signtest.New(t, signing.Policy{Batch: 20})
	id, other := d.Kit.Identity(t, 0, ""), d.Kit.Identity(t, 0, "")
	_, a := d.Begin(t, 3)
	if _, err := d.Complete(t.Context(), a, make([][]byte, 3)); err == nil {
		t.Error("values before a certificate")
	}
	choice, err := d.Choose(t.Context(), a, signtest.Chain(id))
	if err != nil {
		t.Fatal(err)
	}
	good := signtest.Sign(t, id, choice)
	for name, change := range map[string]func([][]byte) [][]byte{
		"one is missing":     func(v [][]byte) [][]byte { return v[:2] },
		"one is empty":       func(v [][]byte) [][]byte { v[2] = nil; return v },
		"two are exchanged":  func(v [][]byte) [][]byte { v[1], v[2] = v[2], v[1]; return v },
		"one byte differs":   func(v [][]byte) [][]byte { v[2] = bytes.Clone(v[2]); v[2][len(v[2])-1] ^= 1; return v },
		"one is of another":  func(v [][]byte) [][]byte { v[2] = signtest.Sign(t, other, choice)[2]; return v },
		"one is much longer": func(v [][]byte) [][]byte { v[2] = make([]byte, 1<<20); return v },
	} {
		_, err := d.Complete(t.Context(), a, change(append([][]byte(nil), good...)))
		if _, ok := errors.AsType[*rem.Refusal](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(d.Sent()) != 0 {
		t.Fatalf("%d were submitted", len(d.Sent()))
	}
	if v, err := d.Complete(t.Context(), a, good); err != nil || !v.Done() {
		t.Errorf("the right values: %v", err)
	}
}

// REQ-48: another's certificate, one that is not qualified, expired or revoked signs
// nothing, and its holder learns it before he types his PIN.
func TestACertificateThatMayNotSignIsRefusedBeforeItSigns(t *testing.T) {
	d := signtest.New(t, signing.Policy{})
	_, a := d.Begin(t, 1)
	choose := func(id *simulator.Identity) error {
		_, err := d.Choose(t.Context(), a, signtest.Chain(id))
		return err
	}
	refusedFor(t, "another person", choose(d.Kit.Identity(t, 1, "")), rem.InvalidUserSignature)

	foreign := d.Kit.Identity(t, 0, "")
	foreign.Chain = foreign.Chain[:1]
	self := *foreign
	der, err := x509.CreateCertificate(d.World, self.Chain[0], self.Chain[0], self.Key.Public(), self.Key)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Choose(t.Context(), a, [][]byte{der})
	refusedFor(t, "a certificate that nobody vouches for", err, rem.InvalidUserSignature)

	revoked := d.Kit.Identity(t, 0, "")
	d.World.Revoke(t, revoked)
	refusedFor(t, "a revoked one", choose(revoked), rem.UserCertExpiredOrRevoked)

	for name, chain := range map[string][][]byte{"none": nil, "no certificate": {[]byte("x")}, "a huge one": {make([]byte, 1<<20)}, "too many": make([][]byte, 100)} {
		_, err := d.Choose(t.Context(), a, chain)
		refusedFor(t, name, err, rem.InvalidUserSignature)
	}
	if err := choose(d.Kit.Identity(t, 0, "")); err != nil {
		t.Errorf("the holder's own: %v", err)
	}
}

// AT-28: a request is its account's and its person's alone, and ends with its term.
func TestARequestIsOfWhoBeganItAndForAWhile(t *testing.T) {
	d := signtest.New(t, signing.Policy{Term: time.Minute})
	_, a := d.Begin(t, 1)
	for name, change := range map[string]func(*signing.Access){
		"another account": func(a *signing.Access) { a.Actor.Account = "hesap-cem" },
		"another person":  func(a *signing.Access) { a.Actor.Person = "kisi-cem" },
		"another request": func(a *signing.Access) { a.ID = "01" },
		"a made-up ticket": func(a *signing.Access) {
			a.Ticket = "0123456789abcdefghjkmnpqrs"
		},
	} {
		other := a
		change(&other)
		if _, err := d.View(other); !errors.Is(err, signing.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := d.Unsigned(other, 0); !errors.Is(err, signing.ErrNotFound) {
			t.Errorf("%s, content: %v", name, err)
		}
		if _, err := d.Code(other); !errors.Is(err, signing.ErrNotFound) {
			t.Errorf("%s, code: %v", name, err)
		}
		if err := d.Cancel(other); !errors.Is(err, signing.ErrNotFound) {
			t.Errorf("%s, cancelling: %v", name, err)
		}
	}
	id := d.Kit.Identity(t, 0, "")
	choice, err := d.Choose(t.Context(), a, signtest.Chain(id))
	if err != nil {
		t.Fatal(err)
	}
	d.World.Clock.Advance(time.Minute)
	if _, err := d.Complete(t.Context(), a, signtest.Sign(t, id, choice)); !errors.Is(err, signing.ErrNotFound) || len(d.Sent()) != 0 {
		t.Errorf("after its term: %v", err)
	}
}

func TestACodeIsGoodOnce(t *testing.T) {
	d := signtest.New(t, signing.Policy{})
	v, a := d.Begin(t, 1)
	first, err := d.Code(a)
	if err != nil {
		t.Fatal(err)
	}
	code, err := d.Code(a)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Redeem(first); !errors.Is(err, signing.ErrNotFound) {
		t.Errorf("a code that was replaced: %v", err)
	}
	// As somebody writes it who reads it from a screen.
	var won sync.Map
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if got, ticket, err := d.Redeem(strings.ReplaceAll(code, "-", " ")); err == nil {
				won.Store(ticket, got.ID)
			} else if !errors.Is(err, signing.ErrNotFound) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	n, ticket := 0, ""
	won.Range(func(k, id any) bool {
		n++
		ticket = k.(string)
		if id != v.ID {
			t.Errorf("the code led to %v", id)
		}
		return true
	})
	if n != 1 {
		t.Fatalf("%d of a hundred uses succeeded", n)
	}
	by := signing.Access{Ticket: ticket}
	id := d.Kit.Identity(t, 0, "")
	choice, err := d.Choose(t.Context(), by, signtest.Chain(id))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := d.Complete(t.Context(), by, signtest.Sign(t, id, choice)); err != nil || !v.Done() {
		t.Errorf("signing by a ticket: %v", err)
	}
	// A new code takes the ticket back.
	if _, err := d.Code(a); err != nil {
		t.Fatal(err)
	}
	if _, err := d.View(by); !errors.Is(err, signing.ErrNotFound) {
		t.Errorf("a ticket of a code that was replaced: %v", err)
	}
}

// A fault between signing and answer: the same bytes go again, and are one message.
func TestAFaultAfterSigningSubmitsTheSameBytesAgain(t *testing.T) {
	d := signtest.New(t, signing.Policy{Batch: 3})
	faults := 0
	d.Before = func() error {
		if faults++; faults == 2 {
			return errors.New("the disk is away")
		}
		return nil
	}
	id := d.Kit.Identity(t, 0, "")
	_, a := d.Begin(t, 3)
	choice, err := d.Choose(t.Context(), a, signtest.Chain(id))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Complete(t.Context(), a, signtest.Sign(t, id, choice)); err == nil {
		t.Fatal("a fault was no fault")
	}
	v, err := d.View(a)
	if err != nil || v.Items[0].Outcome == nil || v.Items[1].Outcome != nil || v.Items[2].Outcome != nil {
		t.Fatalf("in between: %+v, %v", v.Items, err)
	}
	// A second turn with other values (ECDSA signs differently each time) changes nothing.
	choice, err = d.Choose(t.Context(), a, signtest.Chain(id))
	if err != nil {
		t.Fatal(err)
	}
	values := make([][]byte, 3)
	if v, err = d.Complete(t.Context(), a, values); err != nil || !v.Done() {
		t.Fatalf("again: %v", err)
	}
	sent := d.Sent()
	if len(sent) != 4 || !bytes.Equal(sent[1], sent[2]) {
		t.Errorf("%d submissions, the repeated one is the same: %v", len(sent), len(sent) == 4 && bytes.Equal(sent[1], sent[2]))
	}
	if len(choice.Items[1].Attributes) != 0 {
		t.Error("a signed message is asked to be signed again")
	}
}

// A message that was signed in another program has to be the one that was shown.
func TestAnUploadIsTheShownMessageAndSigned(t *testing.T) {
	d := signtest.New(t, signing.Policy{})
	_, a := d.Begin(t, 1)
	letter := func(change func(s string) string) mime.Source {
		return mime.Memory(change(string(signtest.Draft(1).Original.(mime.Memory))))
	}
	_, err := d.Upload(t.Context(), a, 0, letter(func(s string) string { return s }))
	refusedFor(t, "unsigned", err, rem.InvalidUserSignature)
	_, err = d.Upload(t.Context(), a, 0, mime.Memory("x"))
	if _, ok := errors.AsType[*rem.Refusal](err); !ok {
		t.Errorf("no message: %v", err)
	}
	signed := signedElsewhere(t, d, signtest.Draft(1))
	for name, change := range map[string][2]string{
		"another subject":   {"Sozlesme 1", "Sozlesme 2"},
		"another recipient": {"bora@hs91", "cem@hs91"},
		"another sender":    {"From: ayse@hs90", "From: cem@hs90"},
	} {
		_, err := d.Upload(t.Context(), a, 0, mime.Memory(strings.Replace(string(signed), change[0], change[1], 1)))
		refusedFor(t, name, err, rem.PolicyViolation)
	}
	_, err = d.Upload(t.Context(), a, 0, mime.Memory(strings.Replace(string(signed), "numaral", "numarac", 1)))
	refusedFor(t, "changed after signing", err, rem.InvalidUserSignature)
	if len(d.Sent()) != 0 {
		t.Fatal("something was submitted")
	}
	v, err := d.Upload(t.Context(), a, 0, mime.Memory(signed))
	if err != nil || !v.Done() || !bytes.Equal(d.Sent()[0], signed) {
		t.Errorf("the shown one: %v", err)
	}
	if _, err := d.Upload(t.Context(), a, 1, mime.Memory(signed)); !errors.Is(err, signing.ErrNotFound) {
		t.Errorf("a message that is not there: %v", err)
	}
}

// signedElsewhere signs a draft at another desk of the same world.
func signedElsewhere(t *testing.T, d *signtest.Desk, draft signing.Draft) []byte {
	t.Helper()
	return d.Kit.SignUnsigned(t, draft.Original, 0)
}

func TestTooMuchIsNotBegun(t *testing.T) {
	d := signtest.New(t, signing.Policy{Batch: 2})
	for name, drafts := range map[string][]signing.Draft{
		"none": nil, "three of two": signtest.Drafts(3),
		"no message":     {{ID: "x", Original: mime.Memory("nothing")}},
		"signed already": {{ID: "x", Original: mime.Memory(signedElsewhere(t, d, signtest.Draft(1)))}},
	} {
		_, err := d.Service.Begin(t.Context(), d.Login, drafts)
		if _, ok := errors.AsType[*rem.Refusal](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The oldest request of a person gives way.
	first, a := d.Begin(t, 1)
	for range 16 {
		d.World.Clock.Advance(time.Millisecond)
		d.Begin(t, 1)
	}
	if _, err := d.View(a); !errors.Is(err, signing.ErrNotFound) {
		t.Errorf("the oldest of many, %s: %v", first.ID, err)
	}
}

// REQ-38: without the permission to send, nothing is begun.
func TestWhoMayNotSendBeginsNothing(t *testing.T) {
	d := signtest.New(t, signing.Policy{})
	x, err := d.Provider.Store.Account(t.Context(), d.Login.Actor.Account)
	if err != nil {
		t.Fatal(err)
	}
	x.Operators[0].May &^= account.Sending
	if err := d.Provider.Store.Update(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	_, err = d.Service.Begin(t.Context(), d.Login, signtest.Drafts(1))
	refusedFor(t, "an operator without it", err, rem.PolicyViolation)
}

// What is shown cannot act on the page or the terminal that shows it.
func TestWhatIsShownIsText(t *testing.T) {
	d := signtest.New(t, signing.Policy{})
	raw := strings.Replace(string(signtest.Draft(1).Original.(mime.Memory)), "Sozlesme 1", "=?utf-8?q?a=1B[2Jb=E2=80=AEc?=", 1)
	v, err := d.Service.Begin(t.Context(), d.Login, []signing.Draft{{ID: "x", Original: mime.Memory(raw)}})
	if err != nil {
		t.Fatal(err)
	}
	if got := v.Items[0].Subject; strings.ContainsAny(got, "\x1b\u202e") || !strings.Contains(got, "a") {
		t.Errorf("shown is %q", got)
	}
}

func FuzzBegin(f *testing.F) {
	f.Add([]byte(signtest.Draft(1).Original.(mime.Memory)))
	d := signtest.New(f, signing.Policy{})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := d.Service.Begin(t.Context(), d.Login, []signing.Draft{{ID: "x", Original: mime.Memory(b)}})
		if _, ok := errors.AsType[*rem.Refusal](err); err != nil && !ok {
			t.Errorf("%q: %v", b, err)
		}
	})
}
