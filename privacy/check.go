package privacy

import (
	"errors"
	"fmt"
	"slices"

	"rem"
)

// Check returns everything that is not complete, each fault with the name of
// what has it. nil means that every entry is classified whole (S05, S27, P-01).
func (r *Register) Check() error {
	c := checker{r: r}
	c.purposes()
	c.retentions()
	c.data()
	c.holdings()
	c.collected()
	return errors.Join(c.faults...)
}

type checker struct {
	r      *Register
	faults []error
}

func (c *checker) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf(format, args...))
}

// text asks for both languages.
func (c *checker) text(t rem.Text, what string, args ...any) {
	if t.Turkish == "" || t.English == "" {
		c.fault("%s: a text is missing in Turkish or English", fmt.Sprintf(what, args...))
	}
}

// known asks that a word is of its closed list.
func known[ID ~string](list []Word[ID], id ID) bool {
	return slices.ContainsFunc(list, func(w Word[ID]) bool { return w.ID == id })
}

func (c *checker) purposes() {
	for i, p := range c.r.Purposes {
		c.text(p.Name, "purpose %q", p.ID)
		if p.ID == "" || slices.ContainsFunc(c.r.Purposes[:i], func(o Purpose) bool { return o.ID == p.ID }) {
			c.fault("purpose %q: its name is empty or stands twice", p.ID)
		}
		if len(p.Grounds) == 0 {
			c.fault("purpose %q has no legal ground (KVKK 5)", p.ID)
		}
		for _, g := range p.Grounds {
			if _, ok := GroundNames[g]; !ok {
				c.fault("purpose %q: %q is no ground of KVKK 5", p.ID, g)
			}
		}
		if len(p.Notice) == 0 {
			c.fault("purpose %q: no statement of the notice names it", p.ID)
		}
		if p.Term == "" {
			c.fault("purpose %q has no term of the vocabulary", p.ID)
		}
		used := slices.ContainsFunc(c.r.Data, func(d Datum) bool { return slices.Contains(d.Purposes, p.ID) })
		switch {
		case !p.InUse():
			c.text(p.Off, "purpose %q, why it is off", p.ID)
			if used {
				c.fault("purpose %q is off, and data is kept for it", p.ID)
			}
		case !used:
			c.fault("purpose %q is in use, and no data is kept for it", p.ID)
		case p.AskedBy == "" && !slices.ContainsFunc(p.Grounds, func(g Ground) bool { return g != Consent }):
			c.fault("purpose %q rests on consent alone and is in use, and nobody asks the ledger of consents at each use (S02, S34)", p.ID)
		}
	}
}

func (c *checker) retentions() {
	for i, t := range c.r.Retentions {
		c.text(t.Name, "retention %q", t.ID)
		c.text(t.Basis, "retention %q, where it comes from", t.ID)
		c.text(t.Enforced, "retention %q, who sees to it", t.ID)
		if t.ID == "" || slices.ContainsFunc(c.r.Retentions[:i], func(o Retention) bool { return o.ID == t.ID }) {
			c.fault("retention %q: its name is empty or stands twice", t.ID)
		}
		if _, ok := ClockNames[t.Clock]; !ok {
			c.fault("retention %q has no clock", t.ID)
		}
		if !t.Ceiling.Given() {
			c.fault("retention %q has no end", t.ID)
		}
		if t.Floor.approximate() > t.Ceiling.approximate() {
			c.fault("retention %q ends before it may", t.ID)
		}
		if !slices.ContainsFunc(c.r.Holdings, func(h Holding) bool { return h.Retention == t.ID }) {
			c.fault("retention %q: nothing is kept by it", t.ID)
		}
	}
}

func (c *checker) data() {
	for i, d := range c.r.Data {
		c.text(d.Name, "datum %q", d.ID)
		if d.ID == "" || slices.ContainsFunc(c.r.Data[:i], func(o Datum) bool { return o.ID == d.ID }) {
			c.fault("datum %q: its name is empty or stands twice", d.ID)
		}
		if !known(Categories(), d.Category) {
			c.fault("datum %q has no category", d.ID)
		}
		if len(d.Subjects) == 0 {
			c.fault("datum %q: whose it is is not said", d.ID)
		}
		for _, s := range d.Subjects {
			if !known(Subjects(), s) {
				c.fault("datum %q: nobody knows the group %q", d.ID, s)
			}
		}
		if len(d.Purposes) == 0 {
			c.fault("datum %q has no purpose (S27)", d.ID)
		}
		for _, p := range d.Purposes {
			if c.r.Purpose(p) == nil {
				c.fault("datum %q: %q is no purpose", d.ID, p)
			}
		}
		if !known(Sources(), d.Source) {
			c.fault("datum %q: where it comes from is not said (S21)", d.ID)
		}
		if !known(Specials(), d.Special) {
			c.fault("datum %q: whether it is of a special category is not said (KVKK 6)", d.ID)
		}
		if !known(Classes(), d.Class) {
			c.fault("datum %q has no security class", d.ID)
		}
		held := c.r.HoldingsOf(d.ID)
		if len(held) == 0 {
			c.fault("datum %q is nowhere", d.ID)
		}
		// REQ-85: what is a legal record is kept as long as one somewhere.
		if slices.Contains(d.Purposes, LegalRecord) && !slices.ContainsFunc(held, func(h *Holding) bool {
			t := c.r.Retention(h.Retention)
			return t != nil && t.Floor.Years >= RecordYears
		}) {
			c.fault("datum %q is a legal record and is kept nowhere for %d years (S43)", d.ID, RecordYears)
		}
	}
}

func (c *checker) holdings() {
	seen := map[string]bool{}
	for i := range c.r.Holdings {
		h := &c.r.Holdings[i]
		what := fmt.Sprintf("%s %s", h.Kind, h.Name)
		if !known(Kinds, h.Kind) || h.Name == "" || seen[what] {
			c.fault("%s: its kind or name is empty or stands twice", what)
		}
		seen[what] = true
		if !h.Personal() {
			if h.Technical == (rem.Text{}) {
				c.fault("%s is not classified", what)
				continue
			}
			c.text(h.Technical, "%s", what)
			if h.Form != "" || h.Place != "" || h.Retention != "" || len(h.Recipients) > 0 {
				c.fault("%s is said to be not personal, and classified as if it were", what)
			}
			continue
		}
		if h.Technical != (rem.Text{}) {
			c.fault("%s is personal and is said not to be", what)
		}
		for _, d := range h.Data {
			if c.r.Datum(d) == nil {
				c.fault("%s: %q is no datum", what, d)
			}
		}
		if !known(Forms(), h.Form) {
			c.fault("%s: how it is written is not said", what)
		}
		place := find(Places(), func(w *Word[PlaceID]) bool { return w.ID == h.Place })
		switch {
		case place == nil:
			c.fault("%s has no place", what)
		case place.Term != "TR":
			c.fault("%s is outside Türkiye (S39)", what)
		}
		if c.r.Retention(h.Retention) == nil {
			c.fault("%s has no retention rule", what)
		}
		if len(h.Recipients) == 0 {
			c.fault("%s: who sees it is not said", what)
		}
		for _, to := range h.Recipients {
			if !known(Recipients(), to) {
				c.fault("%s: nobody knows the recipient %q", what, to)
			}
		}
		if len(h.Recipients) > 1 && slices.Contains(h.Recipients, Nobody) {
			c.fault("%s is seen by nobody and by somebody", what)
		}
	}
}

// collected compares the notice's list with the data (S16, S18).
func (c *checker) collected() {
	for _, k := range c.r.Collected {
		c.text(k.Name, "kind %q", k.ID)
		has := slices.ContainsFunc(c.r.Data, func(d Datum) bool { return d.Collected == k.ID })
		if has != k.Yes {
			c.fault("kind %q of the notice's list: it says collected %t, the data says %t", k.ID, k.Yes, has)
		}
	}
	for _, d := range c.r.Data {
		if d.Collected != "" && !slices.ContainsFunc(c.r.Collected, func(k Collected) bool { return k.ID == d.Collected }) {
			c.fault("datum %q: %q is not on the notice's list", d.ID, d.Collected)
		}
	}
}
