package verification_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"rem"
	"rem/edge/simulator"
	"rem/mail/mime"
	"rem/message"
	"rem/message/envelope"
	"rem/message/evidence"
	"rem/message/mailbox"
	"rem/message/verification"
	"rem/provider"
	"rem/trust/cades"
	"rem/trust/validation"
)

// maker makes the envelopes of a provider.
func (w *world) maker(hs string) *envelope.Maker {
	w.t.Helper()
	id, err := w.Operation("KEPHS "+hs, hs+".kep.test", simulator.P256)
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain})
	if err != nil {
		w.t.Fatal(err)
	}
	name := rem.Text{Turkish: "KEPHS " + hs, English: "REM-MD " + hs}
	return &envelope.Maker{Provider: provider.REMMD{Domain: hs + ".kep.test", Name: name, Service: rem.MustAddress("kep@" + hs + ".kep.test")}, Signer: s}
}

func record(d evidence.Draft, content []byte) *message.Record {
	r := &message.Record{
		ID: d.Message.ID, Origin: "hs90.kep.test", Sender: message.Party{Address: d.Sender.Address, Name: d.Sender.Name},
		Subject: d.Message.Subject, UAMessageID: d.Message.UAMessageID, Digest: rem.DigestOf(content), Size: int64(len(content)), Submitted: d.SubmissionTime,
	}
	for _, p := range d.Recipients {
		r.Recipients = append(r.Recipients, message.Recipient{Party: message.Party{Address: p.Address}})
	}
	return r
}

// dispatch envelopes an original with the evidence of its submission, or of
// another's.
func (w *world) dispatch(content []byte, submission evidence.Signed) []byte {
	w.t.Helper()
	e, err := w.maker("hs90").Dispatch(w.t.Context(), record(submission.Draft, content), message.InMemory(content), submission.FiledAs(false), w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return bytes.Join([][]byte{e.Head, content, e.Tail}, nil)
}

// answer is a REM-MD message with evidence.
func (w *world) answer(signed ...evidence.Signed) []byte {
	w.t.Helper()
	var filed []message.Filed
	for _, s := range signed {
		filed = append(filed, s.FiledAs(false))
	}
	b, err := w.maker("hs91").Message(w.t.Context(), record(signed[0].Draft, []byte(original)), filed, rem.MustAddress("kep@hs90.kep.test"), w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func TestEnvelopesOfAMessagePass(t *testing.T) {
	w := newWorld(t)
	story := w.story()
	in := []verification.Input{input("dispatch.eml", w.dispatch([]byte(original), story[0])), input("answer.eml", w.answer(story[1:]...))}
	r := w.verify(in...)
	if r.Verdict != validation.TotalPassed {
		t.Errorf("verdict %s:\n%s", r.Verdict, worst(r.Findings))
	}
	if chain := find(r.Findings, verification.Chain); len(chain.Parts) != 5 {
		t.Errorf("%d steps in the chain, want 5", len(chain.Parts))
	}
	if f := find(r.Findings, verification.Digest); f == nil || f.Name != string(story[0].ID) {
		t.Errorf("the original was compared with %+v", f)
	}
}

// What a holder saves from his mail program is judged by the evidence inside: the
// mail is no original, and its words prove nothing (REQ-62).
func TestMailThatShowsAnEvidenceIsJudgedByIt(t *testing.T) {
	w := newWorld(t)
	story := w.story()
	in := []verification.Input{input("dispatch.eml", w.dispatch([]byte(original), story[0]))}
	var mails [][]byte
	for _, s := range story[1:] {
		b, err := mailbox.EvidenceMail(record(s.Draft, []byte(original)), s.FiledAs(false), "hs90.kep.test")
		if err != nil {
			t.Fatal(err)
		}
		mails = append(mails, b)
		in = append(in, input(string(s.ID)+".eml", b))
	}
	r := w.verify(in...)
	if r.Verdict != validation.TotalPassed {
		t.Errorf("verdict %s:\n%s", r.Verdict, worst(r.Findings))
	}
	if chain := find(r.Findings, verification.Chain); chain == nil || len(chain.Parts) != 5 {
		t.Errorf("the chain is %+v, want 5 steps", chain)
	}
	at := bytes.Index(mails[0], []byte("PD94")) // "<?x" in base64
	if at < 0 {
		at = bytes.Index(mails[0], []byte("base64\r\n\r\n")) + len("base64\r\n\r\n")
	}
	for _, off := range []int{at + 400, at + 4000} {
		changed := bytes.Clone(mails[0])
		if changed[off] = 'A'; mails[0][off] == 'A' {
			changed[off] = 'B'
		}
		if r := w.verify(input("changed.eml", changed)); r.Verdict == validation.TotalPassed {
			t.Errorf("a changed evidence in a mail is %s", r.Verdict)
		}
	}
	// A mail that only looks like one is an original, held against evidence.
	other := bytes.Replace(mails[0], []byte("auto-generated"), []byte("no"), 1)
	if r := w.verify(append(in[:1:1], input("other.eml", other))...); r.Verdict != validation.TotalFailed {
		t.Errorf("another mail beside the evidence is %s, want TOTAL-FAILED", r.Verdict)
	}
}

// AT-14: an envelope signed by the right provider around another original.
func TestSwappedOriginalIsFound(t *testing.T) {
	w := newWorld(t)
	other := []byte(strings.Replace(original, "Merhaba", "Elveda!", 1))
	r := w.verify(input("dispatch.eml", w.dispatch(other, w.story()[0])))
	if f := find(r.Findings, verification.Digest); r.Verdict != validation.TotalFailed || f.Sub != validation.HashFailure {
		t.Errorf("verdict %s, digest %+v, want TOTAL-FAILED HASH_FAILURE", r.Verdict, f)
	}
}

func TestSendersSignatureOnTheOriginalIsJudged(t *testing.T) {
	w := newWorld(t)
	person, err := w.Person(simulator.People[0], "ayse@hs90.kep.test", simulator.P256)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change  func([]byte) []byte
		verdict validation.Verdict
	}{
		"as signed":     {bytes.Clone, validation.TotalPassed},
		"another word":  {func(b []byte) []byte { return bytes.Replace(b, []byte("Merhaba"), []byte("Merhabe"), 1) }, validation.TotalFailed},
		"no signature?": {func(b []byte) []byte { return bytes.Replace(b, []byte("MII"), []byte("MIJ"), 1) }, validation.TotalFailed},
	} {
		t.Run(name, func(t *testing.T) {
			content := test.change(signedOriginal(t, w, person))
			d := w.draft("hs90", evidence.SubmissionAcceptanceRejection, evidence.Positive, 0)
			d.Message.Digest, d.Message.Size = rem.DigestOf(content), int64(len(content))
			r := w.verify(input("dispatch.eml", w.dispatch(content, w.sign(d))))
			if r.Verdict != test.verdict {
				t.Errorf("verdict %s, want %s:\n%s", r.Verdict, test.verdict, worst(r.Findings))
			}
			o := find(r.Findings, verification.Original)
			if f := find(o.Parts, verification.Signature); f == nil || f.Verdict != test.verdict {
				t.Errorf("the sender's signature: %+v, want %s", f, test.verdict)
			}
		})
	}
}

// signedOriginal is S/MIME mail signed by a person.
func signedOriginal(t *testing.T, w *world, person *simulator.Identity) []byte {
	t.Helper()
	s, err := cades.NewSigner(cades.Options{Key: person.Key, Chain: person.Chain})
	if err != nil {
		t.Fatal(err)
	}
	part := "Content-Type: text/plain\r\n\r\nMerhaba.\r\n"
	sum := rem.DigestOf([]byte(part))
	der, err := s.Sign(t.Context(), sum[:], w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	b := mime.NewBuilder(nil)
	b.Base64(der)
	p7s, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Appendf(nil, "From: ayse@hs90.kep.test\r\nTo: bora@hs91.kep.test\r\nMessage-ID: <1@posta.test>\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=b\r\n\r\n--b\r\n%s\r\n--b\r\n"+
		"Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n--b--\r\n", part, bytes.TrimRight(p7s, "\r\n"))
}

func TestNoChangedOctetOfAnEnvelopePasses(t *testing.T) {
	w := newWorld(t)
	story := w.story()
	for _, sample := range []struct {
		name string
		src  []byte
	}{
		{"dispatch", w.dispatch([]byte(original), story[0])},
		{"message", w.answer(story[2])},
	} {
		t.Run(sample.name, func(t *testing.T) { mutate(t, w, sample.src, nil) })
	}
}

// An envelope of 1 MB is read where it lies.
func BenchmarkEnvelope(b *testing.B) {
	w := newWorld(b)
	content := append([]byte(original), bytes.Repeat([]byte(strings.Repeat("x", 76)+"\r\n"), 14000)...)
	d := w.draft("hs90", evidence.SubmissionAcceptanceRejection, evidence.Positive, 0)
	d.Message.Digest, d.Message.Size = rem.DigestOf(content), int64(len(content))
	src := w.dispatch(content, w.sign(d))
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if r := w.verify(input("d", src)); r.Verdict != validation.TotalPassed {
			b.Fatal(worst(r.Findings))
		}
	}
}
