package verification_test

import (
	"bytes"
	"crypto"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/simulator"
	"rem/message"
	"rem/message/evidence"
	"rem/message/verification"
	"rem/trust/c14n"
	"rem/trust/strictxml"
	"rem/trust/tsp"
	"rem/trust/validation"
	"rem/trust/xades"
)

func TestEveryKindOfEvidencePasses(t *testing.T) {
	w := newWorld(t)
	for k := evidence.SubmissionAcceptanceRejection; k.Valid(); k++ {
		for _, o := range []evidence.Outcome{evidence.Positive, evidence.Negative} {
			if !k.Allows(o) {
				continue
			}
			t.Run(fmt.Sprintf("%s-%s", k, o), func(t *testing.T) {
				d := w.draft("hs91", k, o, 1)
				if k == evidence.ReceivedFromNonREMSystem {
					d.Sender = evidence.Party{Foreign: "biri@posta.test"}
				}
				r := w.verify(files(w.sign(d))...)
				if r.Verdict != validation.TotalPassed {
					t.Errorf("verdict %s:\n%s", r.Verdict, worst(r.Findings))
				}
				for _, s := range []verification.Subject{verification.Signature, verification.Token, verification.Issuer, verification.Step} {
					if find(r.Findings, s) == nil {
						t.Errorf("no finding about a %s", s)
					}
				}
			})
		}
	}
}

func TestStoryOfAMessagePasses(t *testing.T) {
	w := newWorld(t)
	in := append(files(w.story()...), input("original.eml", []byte(original)))
	r := w.verify(in...)
	if r.Verdict != validation.TotalPassed {
		t.Errorf("verdict %s:\n%s", r.Verdict, worst(r.Findings))
	}
	chain := find(r.Findings, verification.Chain)
	if chain == nil || len(chain.Parts) != 5 {
		t.Fatalf("chain %+v, want five steps", chain)
	}
}

// AT-19: without anchors nobody is believed.
func TestNothingPassesWithoutAnchors(t *testing.T) {
	w := newWorld(t)
	v := w.newVerifier(func(o *verification.Options) { o.Policy = validation.Usual(nil) })
	r := verify(t, v, files(w.story()...)...)
	if r.Verdict != validation.Indeterminate {
		t.Errorf("verdict %s, want INDETERMINATE", r.Verdict)
	}
	for _, s := range []verification.Subject{verification.Signature, verification.Token, verification.Evidence, verification.Chain} {
		if f := find(r.Findings, s); f.Verdict != validation.Indeterminate || f.Sub != validation.NoCertificateChainFound {
			t.Errorf("the %s is %s %s, want INDETERMINATE NO_CERTIFICATE_CHAIN_FOUND", s, f.Verdict, f.Sub)
		}
	}
}

func TestEvidenceIsJudgedByItsSigner(t *testing.T) {
	w := newWorld(t)
	other := newWorld(t)
	good := w.draft("hs91", evidence.DeliveryNonDeliveryToRecipient, evidence.Positive, 1)
	sign := func(d evidence.Draft, s *evidence.Signer) []verification.Input {
		p, err := evidence.Prepare(d)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := p.Sign(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		return files(signed)
	}
	// A certificate of hs90 in the hands of somebody who says he is hs91.
	stolen, err := w.Operation("KEPHS hs90", "hs90.kep.test", "")
	if err != nil {
		t.Fatal(err)
	}
	x, err := xades.NewSigner(xades.SignerOptions{Key: stolen.Key, Chain: stolen.Chain, Authority: w.authority})
	if err != nil {
		t.Fatal(err)
	}
	impostor, err := evidence.NewSigner(x, "hs91", w.clock)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		in      []verification.Input
		verdict validation.Verdict
		subject verification.Subject
	}{
		"its own":                    {sign(good, w.signers["hs91"]), validation.TotalPassed, verification.Issuer},
		"a provider of another PKI":  {sign(good, other.signers["hs91"]), validation.Indeterminate, verification.Signature},
		"another provider (AT-19)":   {sign(good, impostor), validation.Indeterminate, verification.Issuer},
		"no token":                   {sign(good, w.signer("hs91", nil)), validation.Indeterminate, verification.Signature},
		"a token of a foreign world": {sign(good, w.signer("hs91", other.authority)), validation.Indeterminate, verification.Token},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := w.verify(test.in...)
			if r.Verdict != test.verdict {
				t.Errorf("verdict %s, want %s:\n%s", r.Verdict, test.verdict, worst(r.Findings))
			}
			if f := find(r.Findings, test.subject); f == nil || f.Verdict != test.verdict {
				t.Errorf("finding about the %s: %+v, want %s", test.subject, f, test.verdict)
			}
		})
	}
}

func TestOriginalIsComparedWithItsEvidence(t *testing.T) {
	w := newWorld(t)
	story := files(w.story()...)
	tests := map[string]struct {
		in      []verification.Input
		verdict validation.Verdict
		sub     validation.SubIndication
	}{
		"its own":            {append(story[:1:1], input("o.eml", []byte(original))), validation.TotalPassed, ""},
		"one letter changed": {append(story[:1:1], input("o.eml", []byte(strings.Replace(original, "Merhaba", "Merhabe", 1)))), validation.TotalFailed, validation.HashFailure},
		"without evidence":   {[]verification.Input{input("o.eml", []byte(original))}, validation.Indeterminate, validation.SignedDataNotFound},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := w.verify(test.in...)
			if r.Verdict != test.verdict {
				t.Errorf("verdict %s, want %s:\n%s", r.Verdict, test.verdict, worst(r.Findings))
			}
			if f := find(r.Findings, verification.Digest); f == nil || f.Sub != test.sub {
				t.Errorf("finding about the digest: %+v, want %q", f, test.sub)
			}
		})
	}
}

func TestTokenIsComparedWithWhatItStamps(t *testing.T) {
	w := newWorld(t)
	document := []byte("a document that is no mail\n")
	sum := rem.DigestOf(document)
	token, err := w.authority.Stamp(t.Context(), crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	query := tsp.Request{Hash: crypto.SHA256, Imprint: sum[:], Certificates: true}
	der, err := query.DER()
	if err != nil {
		t.Fatal(err)
	}
	response, err := w.authority.Respond(t.Context(), der)
	if err != nil {
		t.Fatal(err)
	}
	signed := w.story()[0]
	v, err := xades.Verify(signed.XML, xades.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	other := newWorld(t)
	strange, err := other.authority.Stamp(t.Context(), crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		in         []verification.Input
		verdict    validation.Verdict
		unreadable int
	}{
		"its document":              {[]verification.Input{input("t.tst", token.DER), input("d.txt", document)}, validation.TotalPassed, 0},
		"the response that came":    {[]verification.Input{input("t.tsr", response), input("d.txt", document)}, validation.TotalPassed, 0},
		"alone":                     {[]verification.Input{input("t.tst", token.DER)}, validation.Indeterminate, 0},
		"another document (AT-21)":  {[]verification.Input{input("t.tst", token.DER), input("d.txt", []byte("other\n"))}, validation.Indeterminate, 1},
		"the evidence it is of":     {append(files(signed), input("t.tst", v.Tokens[0].DER)), validation.TotalPassed, 0},
		"another evidence's":        {append(files(signed), input("t.tst", token.DER)), validation.Indeterminate, 0},
		"of a foreign world":        {[]verification.Input{input("t.tst", strange.DER), input("d.txt", document)}, validation.Indeterminate, 0},
		"a document without tokens": {[]verification.Input{input("d.txt", document)}, validation.Indeterminate, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := w.verify(test.in...)
			if r.Verdict != test.verdict || len(r.Unreadable) != test.unreadable {
				t.Errorf("verdict %s and %d unreadable, want %s and %d:\n%s", r.Verdict, len(r.Unreadable), test.verdict, test.unreadable, worst(r.Findings))
			}
		})
	}
}

// A copy with other line ends is another message, and says so by not being
// understood.
func TestFileThatIsNotUnderstoodKeepsTheReportFromPassing(t *testing.T) {
	w := newWorld(t)
	lf := input("o.eml", []byte(strings.ReplaceAll(original, "\r\n", "\n")))
	r := w.verify(append(files(w.story()...), lf)...)
	if r.Verdict == validation.TotalPassed || find(r.Findings, verification.Chain).Verdict != validation.TotalPassed {
		t.Errorf("verdict %s, %d unreadable:\n%s", r.Verdict, len(r.Unreadable), worst(r.Findings))
	}
}

// What disagrees is found although every single evidence is genuine.
func TestEvidencesThatDisagreeDoNotPassTogether(t *testing.T) {
	w := newWorld(t)
	base := func(k evidence.Kind, o evidence.Outcome, n int) evidence.Draft { return w.draft("hs91", k, o, n) }
	change := func(d evidence.Draft, f func(*evidence.Draft)) evidence.Draft {
		f(&d)
		return d
	}
	delivery := base(evidence.DeliveryNonDeliveryToRecipient, evidence.Positive, 1)
	submission := w.sign(w.draft("hs90", evidence.SubmissionAcceptanceRejection, evidence.Positive, 0))
	tests := map[string]struct {
		drafts  []evidence.Draft
		verdict validation.Verdict
	}{
		"delivered to one, not to the other": {[]evidence.Draft{delivery, base(evidence.DeliveryNonDeliveryToRecipient, evidence.Negative, 2)}, validation.TotalPassed},
		"delivered and not delivered":        {[]evidence.Draft{delivery, base(evidence.DeliveryNonDeliveryToRecipient, evidence.Negative, 1)}, validation.TotalFailed},
		"delivered, and nothing was heard": {[]evidence.Draft{delivery, change(w.draft("hs90", evidence.DeliveryNonDeliveryToRecipient, evidence.Negative, 1), func(d *evidence.Draft) {
			d.Reasons = []evidence.Reason{{Code: rem.NoDeliveryInformation}}
		})}, validation.TotalPassed},
		"refused by the provider, and read": {[]evidence.Draft{base(evidence.RelayREMMDAcceptanceRejection, evidence.Negative, 0), base(evidence.RetrievalNonRetrievalByRecipient, evidence.Positive, 1)}, validation.TotalFailed},
		"refused at submission, and relayed": {[]evidence.Draft{w.draft("hs90", evidence.SubmissionAcceptanceRejection, evidence.Negative, 0), base(evidence.RelayREMMDAcceptanceRejection, evidence.Positive, 0)},
			validation.TotalFailed},
		"read and not read":      {[]evidence.Draft{base(evidence.RetrievalNonRetrievalByRecipient, evidence.Positive, 1), base(evidence.RetrievalNonRetrievalByRecipient, evidence.Negative, 1)}, validation.TotalFailed},
		"another sender":         {[]evidence.Draft{delivery, change(base(evidence.RetrievalNonRetrievalByRecipient, evidence.Positive, 1), func(d *evidence.Draft) { d.Sender.Address = rem.MustAddress("eve@hs90.kep.test") })}, validation.TotalFailed},
		"another original":       {[]evidence.Draft{delivery, change(base(evidence.RetrievalNonRetrievalByRecipient, evidence.Positive, 1), func(d *evidence.Draft) { d.Message.Digest = rem.DigestOf(nil) })}, validation.TotalFailed},
		"recipients permuted":    {[]evidence.Draft{delivery, change(base(evidence.RetrievalNonRetrievalByRecipient, evidence.Positive, 2), func(d *evidence.Draft) { d.Recipients = []evidence.Party{d.Recipients[1], d.Recipients[0]} })}, validation.TotalFailed},
		"one identifier, two":    {[]evidence.Draft{delivery, change(delivery, func(d *evidence.Draft) { d.RefersTo = 2 })}, validation.TotalFailed},
		"the same one twice":     {[]evidence.Draft{delivery}, validation.TotalPassed},
		"answers another's":      {[]evidence.Draft{change(delivery, func(d *evidence.Draft) { d.Answers = evidence.Answer{ID: submission.ID, Digest: rem.DigestOf(nil)} })}, validation.TotalFailed},
		"answers the submission": {[]evidence.Draft{change(delivery, func(d *evidence.Draft) { d.Answers = submission.Answer() })}, validation.TotalPassed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var signed []evidence.Signed
			if strings.HasPrefix(name, "answers") {
				signed = append(signed, submission)
			}
			for _, d := range test.drafts {
				signed = append(signed, w.sign(d))
			}
			if name == "the same one twice" {
				signed = append(signed, signed[0])
			}
			r := w.verify(files(signed...)...)
			if r.Verdict != test.verdict {
				t.Errorf("verdict %s, want %s:\n%s", r.Verdict, test.verdict, worst(r.Findings))
			}
			if f := find(r.Findings, verification.Evidence); f.Verdict != validation.TotalPassed {
				t.Errorf("the evidence itself is %s", f.Verdict)
			}
		})
	}
}

// The verifier's own table of contradictions and the one that the stages go by
// were written apart. They agree on every pair.
func TestContradictionsAreThoseOfTheTable(t *testing.T) {
	w := newWorld(t)
	var claims []evidence.Draft
	for k := evidence.SubmissionAcceptanceRejection; k <= evidence.RetrievalNonRetrievalByRecipient; k++ {
		for _, o := range []evidence.Outcome{evidence.Positive, evidence.Negative} {
			if k.Allows(o) && k != evidence.DownloadNonDownloadByRecipient {
				claims = append(claims, w.draft("hs91", k, o, 1))
			}
		}
	}
	silent := w.draft("hs90", evidence.DeliveryNonDeliveryToRecipient, evidence.Negative, 1)
	silent.Reasons = []evidence.Reason{{Code: rem.NoDeliveryInformation}}
	claims = append(claims, silent)
	var signed []evidence.Signed
	for _, d := range claims {
		signed = append(signed, w.sign(d))
	}
	for i := range claims {
		for j := range i {
			want := message.Disagree(claims[i].Claim(), claims[j].Claim())
			r := w.verify(files(signed[i], signed[j])...)
			if got := r.Verdict == validation.TotalFailed; got != want {
				t.Errorf("%+v and %+v contradict: %v, the table says %v", claims[i].Claim(), claims[j].Claim(), got, want)
			}
		}
	}
}

func TestOrderOfProofsIsChecked(t *testing.T) {
	w := newWorld(t)
	late := w.draft("hs91", evidence.RetrievalNonRetrievalByRecipient, evidence.Positive, 1)
	retrieval := w.sign(late)
	w.clock.Advance(time.Hour)
	delivery := w.sign(w.draft("hs91", evidence.DeliveryNonDeliveryToRecipient, evidence.Positive, 1))
	r := w.verify(files(retrieval, delivery)...)
	if f := find(r.Findings, verification.Chain); r.Verdict != validation.Indeterminate || f.Sub != validation.TimestampOrderFailure {
		t.Errorf("read an hour before it was delivered: %s %s, want TIMESTAMP_ORDER_FAILURE:\n%s", r.Verdict, f.Sub, worst(r.Findings))
	}
}

// REQ-64: a certificate that ended long ago signed evidence that still holds,
// since its token proves when.
func TestEvidenceHoldsAfterItsCertificateEnded(t *testing.T) {
	w := newWorld(t)
	in := files(w.story()...)
	w.clock.Advance(5 * 365 * 24 * time.Hour)
	v := w.newVerifier(func(o *verification.Options) {
		for _, rule := range []*validation.Rule{&o.Policy.Operation, &o.Policy.TimeStamping} {
			rule.Revocation = validation.RevocationIfKnown
		}
		o.Revocation = nil
	})
	if r := verify(t, v, in...); r.Verdict != validation.TotalPassed {
		t.Errorf("verdict %s five years later:\n%s", r.Verdict, worst(r.Findings))
	}
}

// Whatever is changed in one octet no longer passes: each octet once, with
// seeded changes; REM_LONG=1 takes several changes of each.
func TestNoChangedOctetPasses(t *testing.T) {
	w := newWorld(t)
	signed := w.story()[4]
	sum := rem.DigestOf([]byte(original))
	token, err := w.authority.Stamp(t.Context(), crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		src    []byte
		beside []verification.Input
	}{
		{"evidence", signed.XML, nil},
		{"token", token.DER, []verification.Input{input("o.eml", []byte(original)), files(w.sign(w.draft("hs90", evidence.SubmissionAcceptanceRejection, evidence.Positive, 0)))[0]}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { mutate(t, w, test.src, test.beside) })
	}
}

// mutate changes octets of a sample that passes, and expects that it no longer
// does.
func mutate(t *testing.T, w *world, src []byte, beside []verification.Input) {
	t.Helper()
	if r := w.verify(append(beside[:len(beside):len(beside)], input("sample", src))...); r.Verdict != validation.TotalPassed {
		t.Fatalf("the sample is %s:\n%s", r.Verdict, worst(r.Findings))
	}
	each, step := 1, len(src)/1500+1
	if long() {
		each, step = max(1, 24000/len(src)), 1
	}
	r := random(t)
	n := 0
	for at := r.IntN(step); at < len(src); at += step {
		for range each {
			changed := bytes.Clone(src)
			if with := byte(1 + r.IntN(255)); r.IntN(3) == 0 {
				changed[at] ^= with
			} else { // a neighbour of the same class is the subtler change
				changed[at] ^= 1 << r.IntN(6)
			}
			n++
			got, err := w.verifier.Verify(t.Context(), append(beside[:len(beside):len(beside)], input("sample", changed))...)
			if err != nil {
				t.Fatal(err)
			}
			if got.Verdict == validation.TotalPassed && len(got.Unreadable) == 0 {
				t.Errorf("octet %d of %d changed from %q to %q, and it still passes; around it: %q", at, len(src), src[at], changed[at], src[max(0, at-40):min(len(src), at+40)])
			}
		}
	}
	t.Logf("%d changes", n)
}

// Evidence of other forms and older namespaces is judged like ours.
func TestEvidenceOfOtherFormsPasses(t *testing.T) {
	w := newWorld(t)
	id, err := w.Operation("Other", "y.example", simulator.P256)
	if err != nil {
		t.Fatal(err)
	}
	x, err := xades.NewSigner(xades.SignerOptions{Key: id.Key, Chain: id.Chain, Authority: w.authority})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"erds-consignment.xml", "erds-relay.xml", "rem-v1.xml"} {
		t.Run(name, func(t *testing.T) {
			src, err := os.ReadFile(filepath.Join("..", "evidence", "testdata", "foreign", name))
			if err != nil {
				t.Fatal(err)
			}
			src = bytes.Replace(src, []byte("https://y.example/"), []byte("rem@y.example"), 1)
			doc, err := strictxml.Parse(src, strictxml.DefaultLimits)
			if err != nil {
				t.Fatal(err)
			}
			root, err := c14n.Append(nil, doc.Root, c14n.Exclusive, c14n.Options{})
			if err != nil {
				t.Fatal(err)
			}
			signed, err := x.Sign(t.Context(), root, w.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			r := w.verify(input(name, signed.XML))
			if r.Verdict != validation.TotalPassed {
				t.Errorf("verdict %s:\n%s", r.Verdict, worst(r.Findings))
			}
		})
	}
}

// An evidence that only says that no information came may be older than what
// the other REM-MD does when the message reaches it at last.
func TestLackOfInformationMayPrecedeWhatIsLearntLater(t *testing.T) {
	w := newWorld(t)
	sent := w.sign(w.draft("hs90", evidence.SubmissionAcceptanceRejection, evidence.Positive, 0))
	w.clock.Advance(time.Hour)
	d := w.draft("hs90", evidence.DeliveryNonDeliveryToRecipient, evidence.Negative, 1)
	d.Reasons = []evidence.Reason{{Code: rem.NoDeliveryInformation}}
	nothing := w.sign(d)
	w.clock.Advance(time.Hour)
	taken := w.sign(w.draft("hs91", evidence.RelayREMMDAcceptanceRejection, evidence.Positive, 1))
	r := w.verify(files(sent, nothing, taken)...)
	if r.Verdict != validation.TotalPassed {
		t.Errorf("got %s, want TOTAL-PASSED\n%s", r.Verdict, worst(r.Findings))
	}
}
