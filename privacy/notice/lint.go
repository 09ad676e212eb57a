package notice

import (
	"fmt"
	"slices"
	"strings"

	"rem"
	"rem/privacy"
	"rem/privacy/canon"
)

// A Fault is something that a notice lacks or says wrongly.
type Fault struct {
	Section SectionID // "" for the whole notice
	// Needs is what asks for it, such as "KVKK 10/1-a".
	Needs  string
	Detail string
}

// Error says it for whoever writes the notice.
func (f *Fault) Error() string {
	where := "the notice"
	if f.Section != "" {
		where = "section " + string(f.Section)
	}
	return fmt.Sprintf("%s: %s (%s)", where, f.Detail, f.Needs)
}

type linter struct{ faults []*Fault }

func (l *linter) fault(s SectionID, needs, format string, args ...any) {
	l.faults = append(l.faults, &Fault{s, needs, fmt.Sprintf(format, args...)})
}

// Facts that Lint asks for.
const (
	factNameTR         = "name-tr"
	factNameEN         = "name-en"
	factAddress        = "address"
	factRepresentative = "representative" // "none", or who he is
	factKEP            = "kep"
	factMail           = "mail"
	factPhone          = "phone"
	factMeans          = "means"
	factGrounds        = "grounds"
	factPurposes       = "purposes"
	factAbroad         = "abroad" // "none", or where to and why it may
	factClock          = "clock"
	factAtLeast        = "at-least"
	factAtMost         = "at-most"
	factAsked          = "asked" // "none", or it is a list of purposes
	factUsed           = "used"  // "none", or what
)

// none is the value of a fact that says there is nothing.
const none = "none"

// means are the values of factMeans: KVKK 10/1-ç asks for the method.
var means = []string{"automated", "partly-automated", "not-automated"}

// Lint returns what keeps a notice from being published: every element of KVKK 10
// that it lacks, a contact block that names nobody, and places left to fill
// (S49, P-04). It looks at the notice alone; [Compare] holds it against the
// inventory.
func Lint(n *Notice) []*Fault {
	var l linter
	l.order(n)
	l.unfilled(n)
	l.controller(n.Section(ControllerSection))
	l.contact(n.Section(ContactSection))
	l.list(n, CategorySection, "S18")
	if s := l.list(n, CollectionSection, "KVKK 10/1-ç"); s != nil && !slices.Contains(means, fact(s.Facts, factMeans)) {
		l.fault(s.ID, "KVKK 10/1-ç", "the fact means is none of %s", strings.Join(means, ", "))
	}
	if s := l.list(n, PurposeSection, "KVKK 10/1-b"); s != nil {
		for _, it := range s.Items {
			if fact(it.Facts, factGrounds) == "" {
				l.fault(s.ID, "KVKK 10/1-ç", "the purpose %s has no legal ground", it.ID)
			}
		}
	}
	if s := l.list(n, RecipientSection, "KVKK 10/1-c"); s != nil {
		for _, it := range s.Items {
			if fact(it.Facts, factPurposes) == "" {
				l.fault(s.ID, "KVKK 10/1-c", "what %s is given data for is not said", it.ID)
			}
		}
	}
	if s := n.Section(TransferSection); s != nil && fact(s.Facts, factAbroad) == "" {
		l.fault(s.ID, "S39", "whether data leaves the country is not said")
	}
	if s := l.list(n, RetentionSection, "S43"); s != nil {
		for _, it := range s.Items {
			if fact(it.Facts, factClock) == "" || fact(it.Facts, factAtMost) == "" {
				l.fault(s.ID, "S43", "when %s begins or ends is not said", it.ID)
			}
		}
	}
	l.rights(n)
	return l.faults
}

// order asks for every section that must be there, each in its place and with
// words in both languages.
func (l *linter) order(n *Notice) {
	list := Sections()
	last := -1
	for i := range n.Sections {
		s := &n.Sections[i]
		at := slices.IndexFunc(list, func(w privacy.Word[SectionID]) bool { return w.ID == s.ID })
		switch {
		case at < 0:
			l.fault(s.ID, "P-04", "no notice has such a section")
			continue
		case at < last:
			l.fault(s.ID, "P-04", "it stands behind a section that comes after it")
		}
		last = max(last, at)
		if len(s.Text) == 0 {
			l.fault(s.ID, "P-04", "it has no words")
		}
		for _, it := range s.Items {
			if len(it.Text) == 0 {
				l.fault(s.ID, "P-04", "%s has no words", it.ID)
			}
		}
	}
	for _, w := range list {
		if w.Term != "" && n.Section(w.ID) == nil {
			l.fault(w.ID, w.Term, "it is missing")
		}
	}
}

func (l *linter) unfilled(n *Notice) {
	b, err := n.Bytes()
	if err != nil {
		l.fault("", "P-04", "%v", err)
		return
	}
	for _, name := range canon.Placeholders(b) {
		l.fault("", "P-04", "the place {%s} is not filled", name)
	}
	if canon.StrayBrace(b) {
		l.fault("", "P-04", "a brace stands alone")
	}
}

func (l *linter) controller(s *Section) {
	if s == nil {
		return
	}
	for _, f := range []string{factNameTR, factNameEN, factAddress} {
		if fact(s.Facts, f) == "" {
			l.fault(s.ID, "KVKK 10/1-a", "the controller's %s is not said", f)
		}
	}
	if fact(s.Facts, factRepresentative) == "" {
		l.fault(s.ID, "KVKK 10/1-a", "who represents the controller is not said; where there is nobody, the fact is %q", none)
	}
}

// contact asks for a place on the map, a registered address, and one way for
// everyday use (S49).
func (l *linter) contact(s *Section) {
	if s == nil {
		return
	}
	if len(s.Facts) == 0 {
		l.fault(s.ID, "S49", "the contact block is empty")
		return
	}
	if fact(s.Facts, factAddress) == "" {
		l.fault(s.ID, "S49", "there is no postal address")
	}
	if kep := fact(s.Facts, factKEP); kep == "" {
		l.fault(s.ID, "S49", "there is no registered address")
	} else if _, err := rem.ParseAddress(kep); err != nil && len(canon.Placeholders([]byte(kep))) == 0 {
		l.fault(s.ID, "S49", "the registered address is none")
	}
	if fact(s.Facts, factMail) == "" && fact(s.Facts, factPhone) == "" {
		l.fault(s.ID, "S49", "there is neither mail address nor telephone")
	}
}

// list asks a section for items.
func (l *linter) list(n *Notice, id SectionID, needs string) *Section {
	s := n.Section(id)
	if s != nil && len(s.Items) == 0 {
		l.fault(id, needs, "it lists nothing")
	}
	return s
}

// rights asks for all of KVKK 11, and for no other.
func (l *linter) rights(n *Notice) {
	s := n.Section(RightsSection)
	if s == nil {
		return
	}
	for _, w := range Rights() {
		if s.Item(w.ID) == nil {
			l.fault(s.ID, "KVKK 11/1-"+w.Term, "the right %s is missing", w.ID)
		}
	}
	for _, it := range s.Items {
		if !slices.ContainsFunc(Rights(), func(w privacy.Word[string]) bool { return w.ID == it.ID }) {
			l.fault(s.ID, "KVKK 11", "%s is no right of KVKK 11", it.ID)
		}
	}
}
