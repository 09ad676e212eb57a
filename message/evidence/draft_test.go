package evidence

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sampleDraft is a full draft of the kind and outcome, the same every time.
func sampleDraft(k Kind, o Outcome) Draft {
	at := time.Date(2026, 11, 23, 9, 30, 0, 125e6, time.UTC)
	id := rem.NewMessageID("01jd8f0s2k4w9q7x3v5n6p8r1t", "hs90.kep.test")
	d := Draft{
		ID:             rem.NewEvidenceID(id, k.Code(o), 2, "hs91"),
		Kind:           k,
		Outcome:        o,
		PolicyIDs:      []string{"urn:oid:2.16.792.0.0.0.1"},
		Issuer:         Party{Name: "Örnek KEPHS İki", Address: rem.MustAddress("kanit@hs91.kep.test")},
		EventTime:      at,
		SubmissionTime: at.Add(-90 * time.Second),
		ReplyTo:        rem.MustAddress("ayse.yilmaz@hs90.kep.test"),
		Sender:         Party{Name: "Ayşe Yılmaz", Address: rem.MustAddress("ayse.yilmaz@hs90.kep.test")},
		Recipients: []Party{
			{Name: "Bora Işık", Address: rem.MustAddress("bora.isik@hs91.kep.test")},
			{Name: "Deniz & Ortakları <A.Ş.>", Address: rem.MustAddress("bilgi@deniz.hs91.kep.test")},
		},
		RefersTo: 2,
		Message: MessageDetails{
			Subject:     "Sözleşme \"2026\"\tİptal & <yenileme>",
			UAMessageID: "<1732354200.abc@posta.test>",
			ID:          id,
			Digest:      rem.DigestOf([]byte("original")),
			Size:        5120,
		},
		Log: []LogEntry{
			{Event: "received", Time: at.Add(-90 * time.Second), Actor: "addr-0123456789ab@hs90"},
			{Event: "decided", Time: at, Actor: "hs91"},
		},
		Answers: Answer{"_01jd8f0s2k4w9q7x3v5n6p8r1t-aaaaaaaa.10.0.hs90", rem.DigestOf([]byte("submission evidence"))},
	}
	strong := Authentication{at.Add(-5 * time.Minute), "urn:oid:1.3.6.1.4.1.0.1"}
	switch k {
	case SubmissionAcceptanceRejection:
		d.Answers, d.SenderAuthentication, d.RefersTo = Answer{}, strong, 0
		d.Issuer = Party{Name: "Örnek KEPHS Bir", Address: rem.MustAddress("kanit@hs90.kep.test")}
		d.ID = rem.NewEvidenceID(id, k.Code(o), 0, "hs90")
	case RetrievalNonRetrievalByRecipient, AcceptanceRejectionByRecipient:
		d.RecipientAuthentication = strong
		d.Delegates = []Delegate{{Party{Name: "Deniz Ünlü", Person: "p-7f3a"}, []int{2}}}
	case DownloadNonDownloadByRecipient:
		d.RecipientAuthentication = strong
		d.Notification = MessageDetails{Subject: "Bildirim", ID: "n-1@hs91.kep.test", Digest: rem.DigestOf([]byte("notice")), Size: 900}
	case RelayToNonREMSystem:
		d.ForwardedTo = "mx.posta.test"
		d.Recipients[1] = Party{Foreign: "çağrı@posta.test"}
	case ReceivedFromNonREMSystem:
		d.Sender, d.ForwardedTo = Party{Foreign: "biri@posta.test"}, "from posta.test by hs91.kep.test"
		d.Answers = Answer{}
	}
	if o == Negative {
		reason := map[Kind]rem.Reason{
			SubmissionAcceptanceRejection: rem.InvalidUserSignature, RelayREMMDAcceptanceRejection: rem.MalwareFound,
			RelayREMMDFailure: rem.PeerUnreachable, DeliveryNonDeliveryToRecipient: rem.UnknownRecipient,
			DownloadNonDownloadByRecipient: rem.RetentionPeriodExpired, RetrievalNonRetrievalByRecipient: rem.RetentionPeriodExpired,
			AcceptanceRejectionByRecipient: rem.RecipientRejection, RelayToNonREMSystem: rem.RegularMailRejection,
		}[k]
		d.Reasons = []Reason{{Code: reason}, {Code: rem.Other, Detail: rem.Text{Turkish: "Ayrıntı", English: "Detail"}}}
	}
	return d
}

// samples calls f with a full draft of every kind and outcome that go together.
func samples(t *testing.T, f func(t *testing.T, d Draft)) {
	n := 0
	for k := SubmissionAcceptanceRejection; k.Valid(); k++ {
		for _, o := range []Outcome{Positive, Negative} {
			if !k.Allows(o) {
				continue
			}
			n++
			t.Run(fmt.Sprintf("%s-%s", k, o), func(t *testing.T) { f(t, sampleDraft(k, o)) })
		}
	}
	if n != 16 {
		t.Errorf("%d kinds with outcomes, want 16: nine kinds, two of which know one outcome", n)
	}
}

func prepare(t testing.TB, d Draft) *Prepared {
	t.Helper()
	p, err := Prepare(d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// REQ-60.
func TestUnsignedEvidenceIsTheGoldenFile(t *testing.T) {
	samples(t, func(t *testing.T, d Draft) {
		got := prepare(t, d).XML()
		file := filepath.Join("testdata", "golden", filepath.Base(t.Name())+".xml")
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(got), string(want)); diff != "" {
			t.Errorf("unsigned evidence (-got +want):\n%s", diff)
		}
	})
}

func TestSameDraftGivesTheSameBytes(t *testing.T) {
	samples(t, func(t *testing.T, d Draft) {
		stored, err := UnmarshalDraft(MarshalDraft(d))
		if err != nil {
			t.Fatal(err)
		}
		got, want := string(prepare(t, stored).XML()), string(prepare(t, d).XML())
		if got != want {
			t.Errorf("a stored and reloaded draft gives\n%s\nwant\n%s", got, want)
		}
	})
}

func TestBrokenDraftIsRefusedByItsCheck(t *testing.T) {
	deliver := func(f func(*Draft)) Draft {
		d := sampleDraft(DeliveryNonDeliveryToRecipient, Negative)
		f(&d)
		return d
	}
	submit := func(f func(*Draft)) Draft {
		d := sampleDraft(SubmissionAcceptanceRejection, Positive)
		f(&d)
		return d
	}
	tests := map[string]struct {
		draft Draft
		check string
	}{
		"identifier begins with a digit":    {deliver(func(d *Draft) { d.ID = "6f1c" }), "identifier"},
		"identifier with a quote":           {deliver(func(d *Draft) { d.ID = `_a"b` }), "identifier"},
		"identifier missing":                {deliver(func(d *Draft) { d.ID = "" }), "identifier"},
		"relay failure that went well":      {deliver(func(d *Draft) { d.Kind, d.Outcome = RelayREMMDFailure, Positive }), "kind and outcome"},
		"no kind":                           {deliver(func(d *Draft) { d.Kind = 0 }), "kind and outcome"},
		"no outcome":                        {deliver(func(d *Draft) { d.Outcome = 0 }), "kind and outcome"},
		"negative without a reason":         {deliver(func(d *Draft) { d.Reasons = nil }), "reasons"},
		"reason off the list":               {deliver(func(d *Draft) { d.Reasons = []Reason{{Code: "Bored"}} }), "reasons"},
		"Other without words":               {deliver(func(d *Draft) { d.Reasons = []Reason{{Code: rem.Other}} }), "reasons"},
		"printing reason on a delivery":     {deliver(func(d *Draft) { d.Reasons = []Reason{{Code: rem.PrintingBufferFull}} }), "reasons"},
		"two reasons for success":           {submit(func(d *Draft) { d.Reasons = []Reason{{Code: rem.Other}, {Code: rem.Other}} }), "reasons"},
		"no policy":                         {deliver(func(d *Draft) { d.PolicyIDs = nil }), "policies"},
		"policy with a space":               {deliver(func(d *Draft) { d.PolicyIDs = []string{"urn:a b"} }), "policies"},
		"issuer without a name":             {deliver(func(d *Draft) { d.Issuer.Name = "" }), "issuer"},
		"issuer without an address":         {deliver(func(d *Draft) { d.Issuer.Address = rem.Address{} }), "issuer"},
		"sender without an address":         {deliver(func(d *Draft) { d.Sender.Address = rem.Address{} }), "sender"},
		"sender with two addresses":         {deliver(func(d *Draft) { d.Sender.Foreign = "a@b.test" }), "sender"},
		"no recipient":                      {deliver(func(d *Draft) { d.Recipients, d.RefersTo = nil, 0 }), "recipients"},
		"recipient named twice":             {deliver(func(d *Draft) { d.Recipients[1] = d.Recipients[0] }), "recipients"},
		"accepted for ordinary mail":        {submit(func(d *Draft) { d.Recipients[1] = Party{Foreign: "a@b.test"} }), "recipients"},
		"too many recipients":               {deliver(func(d *Draft) { d.Recipients = make([]Party, MaxRecipients+1) }), "recipients"},
		"delivery to nobody in particular":  {deliver(func(d *Draft) { d.RefersTo = 0 }), "recipient referred to"},
		"recipient beyond the list":         {deliver(func(d *Draft) { d.RefersTo = 3 }), "recipient referred to"},
		"delivery outside registered mail":  {deliver(func(d *Draft) { d.Recipients[1] = Party{Foreign: "a@b.test"} }), "recipient referred to"},
		"delegate without a name":           {deliver(func(d *Draft) { d.Delegates = []Delegate{{Recipients: []int{2}}} }), "delegates"},
		"delegate of another recipient":     {deliver(func(d *Draft) { d.Delegates = []Delegate{{Party{Name: "A"}, []int{1}}} }), "delegates"},
		"no event time":                     {deliver(func(d *Draft) { d.EventTime = time.Time{} }), "times"},
		"event time of a local zone":        {deliver(func(d *Draft) { d.EventTime = d.EventTime.In(time.FixedZone("TRT", 3*3600)) }), "times"},
		"no submission time":                {deliver(func(d *Draft) { d.SubmissionTime = time.Time{} }), "times"},
		"accepted before it was submitted":  {submit(func(d *Draft) { d.SubmissionTime = d.EventTime.Add(time.Second) }), "times"},
		"accepted from nobody in session":   {submit(func(d *Draft) { d.SenderAuthentication = Authentication{} }), "authentication"},
		"authentication without a method":   {submit(func(d *Draft) { d.SenderAuthentication.Method = "" }), "authentication"},
		"no digest":                         {deliver(func(d *Draft) { d.Message.Digest = rem.Digest{} }), "message"},
		"message identifier in brackets":    {deliver(func(d *Draft) { d.Message.ID = "<a@b>" }), "message"},
		"message identifier with a newline": {deliver(func(d *Draft) { d.Message.ID = "a\r\n@b" }), "message"},
		"endless subject":                   {deliver(func(d *Draft) { d.Message.Subject = strings.Repeat("a", maxText+1) }), "message"},
		"submission about a notification":   {submit(func(d *Draft) { d.Notification = d.Message }), "notification"},
		"delivery to an external system":    {deliver(func(d *Draft) { d.ForwardedTo = "mx.posta.test" }), "external system"},
		"log out of order":                  {deliver(func(d *Draft) { d.Log[0].Time = d.EventTime.Add(time.Hour) }), "log"},
		"submission that answers":           {submit(func(d *Draft) { d.Answers = Answer{"_a", rem.DigestOf(nil)} }), "answer"},
		"answer without a digest":           {deliver(func(d *Draft) { d.Answers.Digest = rem.Digest{} }), "answer"},
		"answer to itself":                  {deliver(func(d *Draft) { d.Answers.ID = d.ID }), "answer"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Prepare(test.draft)
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("check %q", test.check)) {
				t.Errorf("error %v, want one of check %q", err, test.check)
			}
		})
	}
}

func TestCheckCountsOnlyBetweenItsDates(t *testing.T) {
	from := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	list := []check{{name: "new rule", from: from, until: from.AddDate(1, 0, 0), broken: func(*Draft) string { return "always" }}}
	for _, test := range []struct {
		name  string
		event time.Time
		want  bool
	}{
		{"the moment before", from.Add(-time.Nanosecond), false},
		{"its first moment", from, true},
		{"its last moment", from.AddDate(1, 0, 0).Add(-time.Nanosecond), true},
		{"the moment after", from.AddDate(1, 0, 0), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := run(list, &Draft{EventTime: test.event}) != nil; got != test.want {
				t.Errorf("the rule counts: %v, want %v", got, test.want)
			}
		})
	}
}

// A subject is what a sender wrote: it may hold anything, and evidence of it
// must still be made and be well formed.
func TestCharactersThatXMLCannotHoldAreReplaced(t *testing.T) {
	d := sampleDraft(SubmissionAcceptanceRejection, Positive)
	d.Message.Subject = "a\x00b\x1bc\xffd\uFFFEe\u0085f\U0001F4A9\r\n"
	got := string(prepare(t, d).XML())
	want := "<MessageSubject>a\uFFFDb\uFFFDc\uFFFDd\uFFFDe\u0085f\U0001F4A9&#xD;\n</MessageSubject>"
	if !strings.Contains(got, want) {
		t.Errorf("evidence %s\nwant in it %q", got, want)
	}
}

func TestTimesAreWrittenInMilliseconds(t *testing.T) {
	for _, at := range []time.Time{
		time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
		time.Date(2026, 2, 9, 8, 7, 6, 54e6, time.UTC), time.Date(2028, 2, 29, 12, 0, 0, 0, time.FixedZone("TRT", 3*3600)),
	} {
		if got, want := string(appendTime(nil, at)), at.UTC().Format("2006-01-02T15:04:05.000Z"); got != want {
			t.Errorf("wrote %s, want %s", got, want)
		}
	}
}

func TestOnlyOurFormatIsWritten(t *testing.T) {
	for _, f := range []Format{TS102640v1, EN319522, 0} {
		if _, err := PrepareAs(f, sampleDraft(SubmissionAcceptanceRejection, Positive)); err == nil {
			t.Errorf("%s: written, want a refusal", f)
		}
	}
}
