package timeline_test

import (
	"bytes"
	"testing"

	"rem/internal/testkit/world"
	"rem/message"
	"rem/message/timeline"
	"rem/message/verification"
	"rem/trust/validation"
)

// told is a message that somebody read, with its evidence.
func told(t *testing.T) (*message.View, []message.Filed, *verification.Verifier) {
	t.Helper()
	kit := world.NewKit(t)
	w := kit.New(t, world.Options{})
	to := world.Address("bora", "hs91")
	r := w.Submit("ayse", "hs90", kit.Sign(t, world.Letter{From: world.Address("ayse", "hs90"), To: []string{to}, Subject: "x", Body: "x\r\n"}, 0), to)
	w.Now()
	if _, err := w.Open("bora", "hs91", r.Message, 1); err != nil {
		t.Fatal(err)
	}
	w.Now()
	store := w.Providers[world.Domain("hs90")].Store
	view, err := store.Message(t.Context(), r.Message)
	if err != nil {
		t.Fatal(err)
	}
	filed, err := store.EvidenceOf(t.Context(), r.Message)
	if err != nil {
		t.Fatal(err)
	}
	v, err := verification.New(verification.Options{Policy: w.Policy(), Clock: w.Clock})
	if err != nil {
		t.Fatal(err)
	}
	return view, filed, v
}

func TestEveryEvidenceIsJudged(t *testing.T) {
	view, filed, v := told(t)
	j, err := timeline.Judge(t.Context(), v, filed)
	if err != nil {
		t.Fatal(err)
	}
	m := timeline.Of(view, timeline.Options{Judgements: j})
	if verdict, ok := m.Verdict(); !ok || verdict != validation.TotalPassed || len(m.Evidence) != 4 {
		t.Errorf("verdict %s, %t of %d evidences", verdict, ok, len(m.Evidence))
	}
	for _, e := range m.Evidence {
		if e.Judgement == nil || e.Judgement.Proven.IsZero() || e.Judgement.Signer == "" || len(e.Judgement.Checks) < 10 || e.Judgement.Sentence.Turkish == "" {
			t.Fatalf("%s is judged %+v", e.ID, e.Judgement)
		}
		for _, c := range e.Judgement.Checks {
			if !c.Passed || c.Name.Turkish == "" || c.Name.Turkish == c.Name.English {
				t.Errorf("%s: check %+v", e.ID, c)
			}
		}
	}
	if _, ok := timeline.Of(view, timeline.Options{}).Verdict(); ok {
		t.Error("there is a verdict, and nobody verified anything")
	}
}

// One bad evidence is bad, and what disagrees with the others is seen on it alone.
func TestBadEvidenceIsJudgedBad(t *testing.T) {
	_, filed, v := told(t)
	judge := func(change func(*message.Filed)) timeline.Judgements {
		t.Helper()
		all := append([]message.Filed(nil), filed...)
		change(&all[2])
		j, err := timeline.Judge(t.Context(), v, all)
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	for name, c := range map[string]struct {
		change func(*message.Filed)
		sub    validation.SubIndication
	}{
		"changed": {func(f *message.Filed) {
			f.XML = bytes.Replace(f.XML, []byte("Event#Delivery"), []byte("Event#Delivert"), 1)
		}, validation.HashFailure},
		"no XML":   {func(f *message.Filed) { f.XML = []byte("<broken") }, validation.FormatFailure},
		"no text":  {func(f *message.Filed) { f.XML = []byte("noise") }, validation.FormatFailure},
		"no bytes": {func(f *message.Filed) { f.XML = nil }, validation.FormatFailure},
	} {
		j := judge(c.change)
		for i, f := range filed {
			got := j[f.Digest]
			if i == 2 && (got == nil || got.Verdict != validation.TotalFailed || got.Sub != c.sub || got.Sentence.Turkish == "") {
				t.Errorf("%s: judged %+v", name, got)
			}
			if i != 2 && got.Verdict != validation.TotalPassed {
				t.Errorf("%s: evidence %d is judged %s", name, i, got.Verdict)
			}
		}
	}
}
