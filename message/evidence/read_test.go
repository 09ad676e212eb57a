package evidence

import (
	"crypto"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/internal/testkit"
	"rem/message"
	"rem/trust/strictxml"
)

// parse reads XML whose signature is somebody else's matter.
func parse(t testing.TB, src []byte) (*Evidence, error) {
	t.Helper()
	doc, err := strictxml.Parse(src, strictxml.DefaultLimits)
	if err != nil {
		return nil, err
	}
	return Parse(doc)
}

func TestWrittenEvidenceIsValidAndReadsAsItsDraft(t *testing.T) {
	samples(t, func(t *testing.T, d Draft) {
		src := prepare(t, d).XML()
		testkit.ValidateXML(t, testkit.SchemaREM, src)
		got, err := parse(t, src)
		if err != nil {
			t.Fatal(err)
		}
		if got.Format != TS102640v2 || got.Event != EventURI(d.Kind, d.Outcome) {
			t.Errorf("read as %s, event %s", got.Format, got.Event)
		}
		if d.Kind == RelayToNonREMSystem {
			d.Recipients[1].Foreign = asURI(d.Recipients[1].Foreign)
		}
		if diff := cmp.Diff(got.Draft, d, compareDrafts); diff != "" {
			t.Errorf("read draft (-got +want):\n%s", diff)
		}
		named, equal := got.Digests(func(h crypto.Hash) []byte {
			sum := rem.DigestOf([]byte("original"))
			return sum[:]
		})
		if !named || !equal {
			t.Errorf("digest of the original: named %v, equal %v", named, equal)
		}
	})
}

func TestEverySpellingOfAnEventIsRead(t *testing.T) {
	tests := map[string]struct {
		kind Kind
		code string
		want Outcome
	}{
		"as written":                          {SubmissionAcceptanceRejection, "http:uri.etsi.org/02640/Event#Acceptance", Positive},
		"with two slashes":                    {SubmissionAcceptanceRejection, "http://uri.etsi.org/02640/Event#Rejection", Negative},
		"bare word":                           {RelayREMMDAcceptanceRejection, "Acceptance", Positive},
		"other path":                          {DeliveryNonDeliveryToRecipient, "http:uri.etsi.org/REM/Event#Delivery", Positive},
		"other path, expiration":              {DeliveryNonDeliveryToRecipient, "http:uri.etsi.org/REM/Event#DeliveryExpiration", Negative},
		"non-delivery":                        {DeliveryNonDeliveryToRecipient, "http:uri.etsi.org/02640/Event#NonDelivery", Negative},
		"relay failure":                       {RelayREMMDFailure, "http:uri.etsi.org/02640/Event#DeliveryExpiration", Negative},
		"retrieval expiration":                {RetrievalNonRetrievalByRecipient, "http:uri.etsi.org/02640/Event#RetrievalExpiration", Negative},
		"retrieval's fourth spelling":         {RetrievalNonRetrievalByRecipient, "http:uri.etsi.org/REM/Event#NonRetrievalExpiration", Negative},
		"delivery is no word of a submission": {SubmissionAcceptanceRejection, "http:uri.etsi.org/02640/Event#Delivery", 0},
		"another case is another word":        {SubmissionAcceptanceRejection, "acceptance", 0},
		"another host":                        {SubmissionAcceptanceRejection, "http://uri.etsi.example/02640/Event#Acceptance", 0},
		"empty word":                          {SubmissionAcceptanceRejection, "http:uri.etsi.org/02640/Event#", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got, _ := outcomeOf(test.kind, test.code); got != test.want {
				t.Errorf("%s of %s reads %s, want %s", test.code, test.kind, got, test.want)
			}
		})
	}
}

func TestEverySpellingOfAReasonIsRead(t *testing.T) {
	tests := map[string]struct {
		code    string
		details []string
		want    rem.Reason
	}{
		"as written":                {"http:uri.etsi.org/REM/EventReason#MailboxFull", nil, rem.MailboxFull},
		"with two slashes":          {"http://uri.etsi.org/REM/EventReason#MailboxFull", nil, rem.MailboxFull},
		"bare name":                 {"UnknownRecipient", nil, rem.UnknownRecipient},
		"number, URI in details":    {"10", []string{"http:uri.etsi.org/REM/EventReason#UnknownRecipient"}, rem.UnknownRecipient},
		"number alone":              {"22", nil, rem.Other},
		"missing letter":            {"http:uri.etsi.org/REM/EventReason#R_REMMD_NotIdenified", nil, rem.PeerNotIdentified},
		"wrong letter in the host":  {"http:uri.etXsi.org/REM/EventReason#RegularEmailUnreachable", nil, rem.RegularMailUnreachable},
		"the dictionary's spelling": {"AttachmentFormatNotAccepted", nil, rem.AttachmentNotAccepted},
		"another list":              {"http:uri.eu-spocs.eu/edelivery/v1#DuplicateMsgID", nil, rem.Other},
		"number beyond the list":    {"23", nil, rem.Other},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got, _ := reasonOf(test.code, test.details); got != test.want {
				t.Errorf("reads %q, want %q", got, test.want)
			}
		})
	}
}

// A sender's REM-MD that heard nothing in time must not seem to say that the
// message was not delivered.
func TestNoInformationIsNotNonDelivery(t *testing.T) {
	tests := map[string]struct {
		reasons []Reason
		code    string
		want    bool
	}{
		"nothing was heard":     {[]Reason{{Code: rem.NoDeliveryInformation}}, "DeliveryExpiration", true},
		"nobody of that name":   {[]Reason{{Code: rem.UnknownRecipient}}, "NonDelivery", false},
		"the retention is over": {[]Reason{{Code: rem.RetentionPeriodExpired}}, "NonDelivery", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := sampleDraft(DeliveryNonDeliveryToRecipient, Negative)
			d.Reasons = test.reasons
			e, err := parse(t, prepare(t, d).XML())
			if err != nil {
				t.Fatal(err)
			}
			if e.Event != eventPrefix+test.code || e.Claim().NoInformation != test.want || d.Claim() != e.Claim() {
				t.Errorf("event %s, claims %+v; want %s and no information %v", e.Event, e.Claim(), test.code, test.want)
			}
		})
	}
	if e := (&Evidence{Draft: Draft{Kind: DeliveryNonDeliveryToRecipient, Outcome: Negative}, Event: "DeliveryExpiration"}); !e.Claim().NoInformation {
		t.Error("an expiration without a reason claims more than that nothing was heard")
	}
}

func TestReasonListIsNumberedWithoutGaps(t *testing.T) {
	for i, r := range reasons {
		if r.number != i+1 || r.text.Turkish == "" || r.text.English == "" {
			t.Errorf("place %d of the list has number %d and text %q", i+1, r.number, r.text)
		}
	}
}

func TestForeignEvidenceIsRead(t *testing.T) {
	tests := []struct {
		file      string
		format    Format
		kind      Kind
		outcome   Outcome
		id        rem.EvidenceID
		message   rem.MessageID
		reasons   []Reason
		about     []bool
		digest    crypto.Hash
		sender    string
		recipient string
	}{
		{"rem-v2-quirks.xml", TS102640v2, DeliveryNonDeliveryToRecipient, Negative, "6f1c7d0e-6a0b", "id@hs01.example",
			[]Reason{{Code: rem.MailboxFull}}, []bool{true, false}, 0, "a@hs01.example", "b@hs02.example"},
		{"rem-v1.xml", TS102640v1, RelayREMMDAcceptanceRejection, Positive, "e-1", "m@x.example",
			nil, []bool{true}, crypto.SHA512, "a@x.example", "b@y.example"},
		{"erds-consignment.xml", EN319522, DeliveryNonDeliveryToRecipient, Negative, "e1@y.example", "m@x.example",
			[]Reason{{rem.UnknownRecipient, rem.Text{English: "recipient not registered"}}}, []bool{true}, crypto.SHA256, "a@x.example", "b@y.example"},
		{"erds-relay.xml", EN319522, RelayREMMDAcceptanceRejection, Positive, "e2@y.example", "m@x.example",
			nil, []bool{true, false, true}, crypto.SHA256, "a@x.example", "b@y.example"},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			src, err := os.ReadFile(filepath.Join("testdata", "foreign", test.file))
			if err != nil {
				t.Fatal(err)
			}
			e, err := parse(t, src)
			if err != nil {
				t.Fatal(err)
			}
			if e.Format != test.format || e.Kind != test.kind || e.Outcome != test.outcome || e.ID != test.id || e.Message.ID != test.message {
				t.Errorf("read %s %s %s %s about %s", e.Format, e.Kind, e.Outcome, e.ID, e.Message.ID)
			}
			if diff := cmp.Diff(e.Reasons, test.reasons); diff != "" {
				t.Errorf("reasons (-got +want):\n%s", diff)
			}
			if e.DigestHash != test.digest || (e.DigestHash == crypto.SHA256) == e.Message.Digest.IsZero() {
				t.Errorf("digest by %s, want %s", e.DigestHash, test.digest)
			}
			if e.Sender.String() != test.sender || e.Recipients[0].String() != test.recipient {
				t.Errorf("from %s to %s", e.Sender, e.Recipients[0])
			}
			for i, want := range test.about {
				if e.About(i+1) != want {
					t.Errorf("about recipient %d: %v, want %v", i+1, !want, want)
				}
			}
			if e.About(0) || e.About(len(e.Recipients)+1) {
				t.Error("about somebody beyond the list")
			}
		})
	}
}

// AT-14, AT-16, AT-17: whatever two readers could take differently is refused.
func TestAmbiguousEvidenceIsRefused(t *testing.T) {
	good := string(prepare(t, sampleDraft(DeliveryNonDeliveryToRecipient, Negative)).XML())
	tests := map[string]struct{ old, new string }{
		"identifier twice":           {"<EvidenceIssuerPolicyID>", "<EvidenceIdentifier>other</EvidenceIdentifier><EvidenceIssuerPolicyID>"},
		"event code twice":           {"<EvidenceIdentifier>", "<EventCode>http:uri.etsi.org/02640/Event#Delivery</EventCode><EvidenceIdentifier>"},
		"comment in an address":      {"bora.isik@hs91.kep.test", "bora.isik@hs91<!-- x -->.kep.test"},
		"two addresses":              {`<AttributedElectronicAddress scheme="mailto">bora.isik@hs91.kep.test</AttributedElectronicAddress>`, `<AttributedElectronicAddress scheme="mailto">bora.isik@hs91.kep.test</AttributedElectronicAddress><AttributedElectronicAddress>eve@hs91.kep.test</AttributedElectronicAddress>`},
		"unknown element":            {"<EventTime>", "<EventZone>x</EventZone><EventTime>"},
		"element of another space":   {"<EventTime>", `<EventTime xmlns="urn:x">2026-11-23T09:30:00.125Z</EventTime><EventTime>`},
		"critical extension":         {`<Extension isCritical="false"><r:MessageSize`, `<Extension isCritical="true"><x xmlns="urn:x"></x></Extension><Extension isCritical="false"><r:MessageSize`},
		"time without a zone":        {"<EventTime>2026-11-23T09:30:00.125Z", "<EventTime>2026-11-23T09:30:00.125"},
		"recipient beyond the list":  {"<EvidenceRefersToRecipient>2", "<EvidenceRefersToRecipient>3"},
		"recipient zero":             {"<EvidenceRefersToRecipient>2", "<EvidenceRefersToRecipient>0"},
		"event of another kind":      {"Event#NonDelivery", "Event#Acceptance"},
		"unknown kind":               {"DeliveryNonDeliveryToRecipient", "DeliveryToEverybody"},
		"another namespace":          {`xmlns="http://uri.etsi.org/02640/v2#"`, `xmlns="http://uri.etsi.org/02640/v3#"`},
		"text between elements":      {"<EventTime>", "accepted<EventTime>"},
		"digest of a wrong length":   {"BoLF8gdvCZw0z90VqeBjhJ7UN6SWd+b8xbQZjHZXW+U=", "BoLF"},
		"no recipient":               {"<EntityDetails>", "<x>"},
		"answer without an evidence": {`evidence="_01jd8f0s2k4w9q7x3v5n6p8r1t-aaaaaaaa.10.0.hs90"`, `evidence=""`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			src := strings.ReplaceAll(good, test.old, test.new)
			if test.old == "<EntityDetails>" {
				src = good[:strings.Index(good, "<EntityDetails>")] + good[strings.LastIndex(good, "</EntityDetails>")+len("</EntityDetails>"):]
			}
			if src == good {
				t.Fatal("the change found nothing to change")
			}
			if e, err := parse(t, []byte(src)); !errors.Is(err, ErrEvidence) {
				t.Errorf("read %v with error %v, want ErrEvidence", e, err)
			}
			if _, ok := readOwn([]byte(src), nil); ok {
				t.Error("it was taken for one of ours")
			}
		})
	}
}

func TestEveryEventOfEN319522HasKindAndOutcome(t *testing.T) {
	if len(events522) != 19 {
		t.Errorf("%d events, want the 19 of EN 319 522-1 table 1", len(events522))
	}
	for name, e := range events522 {
		if !e.kind.Allows(e.outcome) {
			t.Errorf("%s maps to %s of %s, which it does not know", name, e.outcome, e.kind)
		}
	}
	for _, r := range reasons522 {
		if _, ok := lookup(r.reason); !ok && r.reason != "" {
			t.Errorf("%s maps to %q, which is not on our list", r.code, r.reason)
		}
	}
}

func FuzzParse(f *testing.F) {
	for k := message.SubmissionAcceptanceRejection; k.Valid(); k++ {
		for _, o := range []Outcome{Positive, Negative} {
			if k.Allows(o) {
				f.Add(prepare(f, sampleDraft(k, o)).XML())
			}
		}
	}
	foreign, err := filepath.Glob(filepath.Join("testdata", "foreign", "*.xml"))
	if err != nil || len(foreign) == 0 {
		f.Fatalf("no foreign samples: %v", err)
	}
	for _, file := range foreign {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		checkOwn(t, src)
		e, err := parse(t, src)
		if err != nil {
			return
		}
		if !e.Kind.Allows(e.Outcome) || e.ID == "" || len(e.Recipients) == 0 || len(e.Recipients) > MaxRecipients {
			t.Errorf("read %s %s %q to %d recipients", e.Kind, e.Outcome, e.ID, len(e.Recipients))
		}
		// What our profile accepts is written and read as the same draft.
		p, err := Prepare(e.Draft)
		if err != nil {
			return
		}
		checkOwn(t, p.XML())
		again, err := parse(t, p.XML())
		if err != nil {
			t.Fatalf("our own evidence is refused: %v\n%s", err, p.XML())
		}
		twice, err := Prepare(again.Draft)
		if err != nil {
			t.Fatalf("our own evidence read again is refused: %v\n%s", err, p.XML())
		}
		if diff := cmp.Diff(string(twice.XML()), string(p.XML())); diff != "" {
			t.Errorf("written, read and written again (-got +want):\n%s", diff)
		}
	})
}
