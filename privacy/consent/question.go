package consent

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"rem"
	"rem/privacy"
	"rem/privacy/canon"
)

// maxText bounds a question's text, in octets of either language.
const maxText = 16 << 10

// Errors of questions.
var (
	// ErrNotAsked says that the purpose is not one to ask consent for.
	ErrNotAsked = errors.New("this purpose does not rest on consent")
	// ErrUnanswered says that there was no answer. It is none of the two.
	ErrUnanswered = errors.New("the question was not answered")
)

// A Question asks for consent to one purpose, in an exact text. It is made by
// [Ask], holds no answer and does not change. The zero Question cannot be
// answered.
type Question struct {
	purpose privacy.PurposeID
	text    rem.Text
}

// Ask makes a question about one purpose. The purpose has to be in use and to
// rest on explicit consent: where the law or the contract is the ground, asking
// would tell people that they can refuse what happens anyhow (ErrNotAsked). The
// text is what people are shown, in both languages; lines are separated by LF.
func Ask(r *privacy.Register, purpose privacy.PurposeID, text rem.Text) (Question, error) {
	if err := restsOnConsent(r, purpose); err != nil {
		return Question{}, fmt.Errorf("asking for consent: %w", err)
	}
	for _, l := range privacy.Languages() {
		if err := checkText(l.In(text)); err != nil {
			return Question{}, fmt.Errorf("asking for consent to %s, text in %s: %w", purpose, l, err)
		}
	}
	return Question{purpose, text}, nil
}

// restsOnConsent says whether consent is what decides about the purpose.
func restsOnConsent(r *privacy.Register, purpose privacy.PurposeID) error {
	p := r.Purpose(purpose)
	switch {
	case p == nil:
		return fmt.Errorf("%w: %q is no purpose", ErrNotAsked, purpose)
	case !slices.Contains(p.Grounds, privacy.Consent):
		return fmt.Errorf("%w: %s rests on %s", ErrNotAsked, purpose, join(p.Grounds))
	case !p.InUse():
		return fmt.Errorf("%w: %s is off (%s)", ErrNotAsked, purpose, p.Off.English)
	}
	return nil
}

func join(grounds []privacy.Ground) string {
	var names []string
	for _, g := range grounds {
		names = append(names, string(g))
	}
	return strings.Join(names, ", ")
}

func checkText(s string) error {
	if s == "" || len(s) > maxText {
		return fmt.Errorf("%w: a text has 1 to %d octets", canon.ErrForm, maxText)
	}
	for line := range strings.SplitSeq(s, "\n") {
		if line == "" {
			continue
		}
		if err := canon.CheckText(line); err != nil {
			return err
		}
	}
	return nil
}

// Purpose is what is asked about.
func (q Question) Purpose() privacy.PurposeID { return q.purpose }

// Text is what is shown in a language.
func (q Question) Text(l privacy.Language) string { return l.In(q.text) }

// An Answer is what somebody chose about one question, as it was shown in one
// language. It is made by a Question alone; the zero Answer is none.
type Answer struct {
	purpose  privacy.PurposeID
	action   Action
	language privacy.Language
	text     string
}

// Give answers yes.
func (q Question) Give(shown privacy.Language) Answer { return q.answer(Give, shown) }

// Refuse answers no. It is recorded as yes is.
func (q Question) Refuse(shown privacy.Language) Answer { return q.answer(Refuse, shown) }

func (q Question) answer(a Action, shown privacy.Language) Answer {
	if q.purpose == "" || shown.In(q.text) == "" {
		return Answer{}
	}
	return Answer{q.purpose, a, shown, shown.In(q.text)}
}

// Read takes what a form sent for the question: "give" or "refuse", and nothing
// else. An empty value, as of a choice that was never made, is ErrUnanswered.
func (q Question) Read(value string, shown privacy.Language) (Answer, error) {
	var a Answer
	switch value {
	case string(Give):
		a = q.Give(shown)
	case string(Refuse):
		a = q.Refuse(shown)
	}
	if a == (Answer{}) {
		return Answer{}, fmt.Errorf("%s: %w", q.purpose, ErrUnanswered)
	}
	return a, nil
}
