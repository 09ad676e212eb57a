package timeline

import (
	"context"
	"fmt"
	"time"

	"rem"
	"rem/mail/mime"
	"rem/message"
	"rem/message/verification"
	"rem/trust/validation"
)

// A Verifier verifies evidence that belongs together; *verification.Verifier is
// one.
type Verifier interface {
	Verify(ctx context.Context, files ...verification.Input) (*verification.Report, error)
}

// Judgements are those of a message's evidence, by the digest of their XML.
type Judgements map[rem.Digest]*Judgement

func (j Judgements) of(f message.Filed) *Judgement { return j[f.Digest] }

// Judge verifies a message's evidence, each by itself and all against each other,
// now and from its bytes alone. filed has the XML ([message.Ledger.EvidenceOf]);
// what contradicts the others is verified apart, so that it does not weigh on
// them.
func Judge(ctx context.Context, v Verifier, filed []message.Filed) (Judgements, error) {
	out := make(Judgements, len(filed))
	var together []message.Filed
	for _, f := range filed {
		if !f.Conflict {
			together = append(together, f)
			continue
		}
		if err := out.add(ctx, v, []message.Filed{f}); err != nil {
			return nil, err
		}
	}
	if len(together) > 0 {
		if err := out.add(ctx, v, together); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (j Judgements) add(ctx context.Context, v Verifier, filed []message.Filed) error {
	in := make([]verification.Input, len(filed))
	for i, f := range filed {
		in[i] = verification.Input{Name: fmt.Sprint(i), Source: mime.Memory(f.XML)}
	}
	r, err := v.Verify(ctx, in...)
	if err != nil {
		return fmt.Errorf("verifying evidence: %w", err)
	}
	byName := make(map[string]*verification.Finding, len(filed))
	for _, f := range r.Findings {
		if f.Subject == verification.File {
			byName[f.Name] = f
		}
	}
	for i, f := range filed {
		found := byName[fmt.Sprint(i)]
		if found == nil {
			// Bytes that are no evidence at all: nothing was found out about them.
			out := &Judgement{Verdict: validation.TotalFailed, Sub: validation.FormatFailure}
			out.Sentence = sentenceOf(out.Verdict, out.Sub)
			j[f.Digest] = out
			continue
		}
		judged := judgement(found)
		// What holding them against each other found out weighs as well.
		for _, chain := range r.Findings {
			if chain.Subject != verification.Chain {
				continue
			}
			for _, step := range chain.Parts {
				if step.Name == string(f.ID) && weight(step.Verdict) > weight(judged.Verdict) {
					judged.Verdict, judged.Sub = step.Verdict, step.Sub
				}
			}
		}
		judged.Sentence = sentenceOf(judged.Verdict, judged.Sub)
		j[f.Digest] = judged
	}
	return nil
}

// Judged makes a judgement of a finding about a file that is one evidence, for
// who has verified by himself.
func Judged(f *verification.Finding) *Judgement {
	j := judgement(f)
	j.Sentence = sentenceOf(j.Verdict, j.Sub)
	return j
}

func judgement(f *verification.Finding) *Judgement {
	j := &Judgement{Verdict: f.Verdict, Sub: f.Sub}
	j.gather(f, "")
	return j
}

// gather takes the checks of a finding and its parts, with what they are of.
func (j *Judgement) gather(f *verification.Finding, of verification.Subject) {
	if f.Subject == verification.Signature || f.Subject == verification.Token {
		of = f.Subject
	}
	for _, fact := range f.Facts {
		switch {
		case f.Subject == verification.Signature && fact.Key == "signer":
			j.Signer = fact.Value
		case f.Subject == verification.Signature && fact.Key == "proven time":
			if at, err := time.Parse(time.RFC3339Nano, fact.Value); err == nil {
				j.Proven = at.UTC()
			}
		}
	}
	for _, c := range f.Checks {
		name, ok := verification.Word(c.Name)
		if !ok {
			name = rem.Text{Turkish: c.Name, English: c.Name}
		}
		if of != "" {
			subject, _ := verification.Word(string(of))
			name = rem.Text{Turkish: subject.Turkish + ": " + name.Turkish, English: subject.English + ": " + name.English}
		}
		j.Checks = append(j.Checks, Check{name, c.Passed, c.Detail})
	}
	if f.Subject == verification.Issuer {
		j.Checks = append(j.Checks, Check{
			rem.Text{Turkish: "İmzalayan, delilin andığı KEPHS'dir", English: "The signer is the REM-MD that the evidence names"},
			f.Verdict == validation.TotalPassed, f.Detail,
		})
	}
	for _, p := range f.Parts {
		j.gather(p, of)
	}
}

func sentenceOf(v validation.Verdict, sub validation.SubIndication) rem.Text {
	switch v {
	case validation.TotalPassed:
		return rem.Text{Turkish: "Geçerli: imzası, zaman damgası ve diğer delillerle uyumu doğrulandı.", English: "Valid: its signature, its time stamp and its agreement with the other evidence hold."}
	case validation.TotalFailed:
		return because(rem.Text{Turkish: "Geçersiz.", English: "Not valid."}, sub)
	}
	return because(rem.Text{Turkish: "Belirsiz: geçerli olduğu söylenemez.", English: "It cannot be said whether it is valid."}, sub)
}

func because(t rem.Text, sub validation.SubIndication) rem.Text {
	if why, ok := verification.Word(string(sub)); ok && sub != "" {
		t.Turkish += " " + why.Turkish
		t.English += " " + why.English
	}
	return t
}
