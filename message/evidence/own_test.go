package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/internal/testkit"
	"rem/trust/c14n"
	"rem/trust/strictxml"
	"rem/trust/xades"
)

// checkOwn holds the reader of our own form against the parser: what the one
// reads is canonical XML, in which the other reads the same.
func checkOwn(t testing.TB, src []byte) bool {
	t.Helper()
	got, ok := readOwn(src, nil)
	cut := max(0, bytes.LastIndexByte(src, '<'))
	passing := bytes.Clone(src)
	again, alike := readOwn(passing[:cut], passing[cut:])
	clear(passing) // the evidence keeps nothing of the bytes that it was read from
	if ok != alike {
		t.Fatalf("in one piece %t, in two %t:\n%s", ok, alike, src)
	}
	if !ok {
		return false
	}
	if diff := cmp.Diff(again, got, compareDrafts); diff != "" {
		t.Errorf("read in two pieces (-) and in one (+):\n%s\n%s", diff, src)
	}
	doc, err := strictxml.Parse(src, strictxml.DefaultLimits)
	if err != nil {
		t.Fatalf("it was read and is no XML: %v\n%s", err, src)
	}
	if doc.Comments > 0 || !c14n.IsCanonical(doc, doc.Root, c14n.Exclusive, c14n.Options{}) {
		t.Errorf("it was read and is not canonical:\n%s", src)
	}
	want, err := Parse(doc)
	if err != nil {
		t.Fatalf("it was read and is refused: %v\n%s", err, src)
	}
	if diff := cmp.Diff(got, want, compareDrafts); diff != "" {
		t.Errorf("read without a tree (-) and with one (+):\n%s\n%s", diff, src)
	}
	return true
}

func TestOurOwnFormIsReadAsTheParserReadsIt(t *testing.T) {
	samples(t, func(t *testing.T, d Draft) {
		if !checkOwn(t, prepare(t, d).XML()) {
			t.Error("it was not taken for one of ours")
		}
	})
	for name, change := range map[string]func(*Draft){
		"reason in own words": func(d *Draft) { d.Reasons = []Reason{{rem.Other, rem.Text{Turkish: "Ş & Ğ", English: "a < b"}}} },
		"control characters":  func(d *Draft) { d.Message.Subject = "a\r\n\tb\x00\xff" },
		"many recipients": func(d *Draft) {
			for i := len(d.Recipients); i < MaxRecipients; i++ {
				d.Recipients = append(d.Recipients, Party{Address: rem.MustAddress(fmt.Sprintf("kisi%d@hs91.kep.test", i))})
			}
		},
		"bare": func(d *Draft) {
			d.Log, d.Answers, d.ReplyTo, d.Message.Size = nil, Answer{}, rem.Address{}, 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := sampleDraft(DeliveryNonDeliveryToRecipient, Negative)
			change(&d)
			if !checkOwn(t, prepare(t, d).XML()) {
				t.Error("it was not taken for one of ours")
			}
		})
	}
}

// No octet can be changed, left out or doubled so that the two readers differ.
func TestChangedFormsAreReadAsTheParserReadsThem(t *testing.T) {
	read, tried := 0, 0
	for _, d := range []Draft{
		sampleDraft(DeliveryNonDeliveryToRecipient, Negative), sampleDraft(DownloadNonDownloadByRecipient, Positive),
		sampleDraft(RetrievalNonRetrievalByRecipient, Positive), sampleDraft(RelayToNonREMSystem, Positive),
	} {
		src := prepare(t, d).XML()
		try := func(changed []byte) {
			tried++
			if checkOwn(t, changed) {
				read++
			}
		}
		for i := range src {
			for _, c := range []byte("< &\"x0/-\r\x00\xc5") {
				changed := bytes.Clone(src)
				changed[i] = c
				try(changed)
				if !testkit.Long() {
					break
				}
			}
			try(append(bytes.Clone(src[:i]), src[i+1:]...))
			try(append(append(bytes.Clone(src[:i]), src[i]), src[i:]...))
			changed := bytes.Clone(src)
			changed[i] ^= 1
			try(changed)
		}
	}
	t.Logf("%d of %d changed forms are evidence of another content", read, tried)
	if read == 0 || read == tried {
		t.Error("the changes show nothing")
	}
}

// The identifiers of the signature are derived from what is signed; a document
// that has one of them is for the parser.
func TestIdentifiersOfSignaturesAreNotOurs(t *testing.T) {
	d := sampleDraft(DeliveryNonDeliveryToRecipient, Positive)
	d.ID = "s-0123456789abcdef0123456789abcdef"
	src := prepare(t, d).XML()
	if _, ok := readOwn(src, nil); ok {
		t.Error("read without a look at the whole document")
	}
	if _, err := parse(t, src); err != nil {
		t.Errorf("and the parser refuses it: %v", err)
	}
}

// AT-16: bytes that are signed in our form and are not canonical are refused,
// whoever signed them.
func TestSignedBytesThatAreNotCanonicalAreRefused(t *testing.T) {
	w := newWorld(t, "hs91")
	x, err := xades.NewSigner(xades.SignerOptions{Key: w.operation.Key, Chain: w.operation.Chain, Authority: w.authority})
	if err != nil {
		t.Fatal(err)
	}
	good := prepare(t, sampleDraft(DeliveryNonDeliveryToRecipient, Positive)).XML()
	for name, test := range map[string]struct{ old, new string }{
		"as written":    {"", ""},
		"comment":       {"<EventTime>", "<!-- no --><EventTime>"},
		"white space":   {"<EventTime>", "<EventTime >"},
		"empty element": {"<EventCode>", "<EventCode/><EventCode>"},
		"no XML":        {"<EventTime>", "<EventTime><"},
	} {
		t.Run(name, func(t *testing.T) {
			signed, err := x.Sign(t.Context(), bytes.Replace(good, []byte(test.old), []byte(test.new), 1), w.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			_, v, err := Verify(signed.XML, xades.VerifyOptions{})
			if (err == nil) != (name == "as written") || err != nil && !errors.Is(err, xades.ErrForm) {
				t.Fatalf("verified %v, error %v", v, err)
			}
			if err == nil && v.Document != nil {
				t.Error("our own form was parsed")
			}
		})
	}
}
