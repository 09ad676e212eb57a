package notice

import (
	"slices"
	"strings"

	"rem/privacy"
)

// Compare holds a notice against an inventory of personal data, both ways: what
// the notice states is in the inventory, and what is in the inventory is stated.
// Each difference is a fault that names what either side says (S05, S27, P-04).
func Compare(n *Notice, r *privacy.Register) []*Fault {
	c := comparer{r: r}
	c.categories(n.Section(CategorySection))
	c.sources(n.Section(CollectionSection))
	c.purposes(n.Section(PurposeSection))
	c.recipients(n.Section(RecipientSection))
	c.transfer(n.Section(TransferSection))
	c.retention(n.Section(RetentionSection))
	c.consent(n.Section(ConsentSection))
	c.cookies(n.Section(CookieSection))
	return c.faults
}

type comparer struct {
	linter
	r *privacy.Register
}

// items compares the items of a section with what the inventory has, and
// returns those that both have.
func (c *comparer) items(s *Section, what string, has []string) (both []Item) {
	if s == nil {
		return nil // Lint said so
	}
	for _, it := range s.Items {
		if slices.Contains(has, it.ID) {
			both = append(both, it)
			continue
		}
		c.fault(s.ID, "S05", "the notice states the %s %q, and the inventory has: %s", what, it.ID, strings.Join(has, ", "))
	}
	for _, id := range has {
		if s.Item(id) == nil {
			c.fault(s.ID, "S05", "the inventory has the %s %q, and the notice does not state it", what, id)
		}
	}
	return both
}

// same compares one fact.
func (c *comparer) same(s *Section, it *Item, name, inventory string) {
	if states := fact(it.Facts, name); states != inventory {
		c.fault(s.ID, "S05", "%s of %q: the notice states %q, the inventory %q", name, it.ID, states, inventory)
	}
}

// of lists the values that personal data has, each once, in order.
func of[ID ~string, T any](list []T, values func(*T) []ID) (ids []string) {
	for i := range list {
		for _, id := range values(&list[i]) {
			ids = append(ids, string(id))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (c *comparer) categories(s *Section) {
	c.items(s, "category", of(c.r.Data, func(d *privacy.Datum) []privacy.CategoryID { return []privacy.CategoryID{d.Category} }))
}

func (c *comparer) sources(s *Section) {
	c.items(s, "source", of(c.r.Data, func(d *privacy.Datum) []privacy.SourceID { return []privacy.SourceID{d.Source} }))
}

func (c *comparer) purposes(s *Section) {
	inUse := of(c.r.Purposes, func(p *privacy.Purpose) []privacy.PurposeID {
		if !p.InUse() {
			return nil
		}
		return []privacy.PurposeID{p.ID}
	})
	for _, it := range c.items(s, "purpose in use", inUse) {
		var grounds []string
		for _, g := range c.r.Purpose(privacy.PurposeID(it.ID)).Grounds {
			grounds = append(grounds, string(g))
		}
		c.same(s, &it, factGrounds, strings.Join(grounds, " "))
	}
}

// recipients are all but nobody. What each is given data for is some of what the
// data that he is given is kept for.
func (c *comparer) recipients(s *Section) {
	to := of(c.r.Holdings, func(h *privacy.Holding) []privacy.RecipientID { return h.Recipients })
	to = slices.DeleteFunc(to, func(id string) bool { return id == string(privacy.Nobody) })
	for _, it := range c.items(s, "recipient", to) {
		var may []string
		for i := range c.r.Holdings {
			h := &c.r.Holdings[i]
			if !slices.Contains(h.Recipients, privacy.RecipientID(it.ID)) {
				continue
			}
			for _, id := range h.Data {
				if d := c.r.Datum(id); d != nil {
					may = append(may, of([]privacy.Datum{*d}, func(d *privacy.Datum) []privacy.PurposeID { return d.Purposes })...)
				}
			}
		}
		slices.Sort(may)
		may = slices.Compact(may)
		for p := range strings.FieldsSeq(fact(it.Facts, factPurposes)) {
			if !slices.Contains(may, p) {
				c.fault(s.ID, "S05", "the notice states that %q is given data for %q, and the inventory has: %s", it.ID, p, strings.Join(may, ", "))
			}
		}
	}
}

// transfer: a place outside Türkiye is stated, and nothing is stated that is
// not so (S39).
func (c *comparer) transfer(s *Section) {
	if s == nil {
		return
	}
	var abroad []string
	for _, w := range privacy.Places() {
		used := slices.ContainsFunc(c.r.Holdings, func(h privacy.Holding) bool { return h.Place == w.ID })
		if used && w.Term != "TR" {
			abroad = append(abroad, string(w.ID))
		}
	}
	if states := fact(s.Facts, factAbroad); (states == none) != (len(abroad) == 0) {
		c.fault(s.ID, "S39", "abroad: the notice states %q, the inventory has places there: %q", states, strings.Join(abroad, ", "))
	}
}

func (c *comparer) retention(s *Section) {
	rules := of(c.r.Retentions, func(t *privacy.Retention) []privacy.RetentionID { return []privacy.RetentionID{t.ID} })
	for _, it := range c.items(s, "retention rule", rules) {
		t := c.r.Retention(privacy.RetentionID(it.ID))
		c.same(s, &it, factClock, string(t.Clock))
		c.same(s, &it, factAtLeast, t.Floor.ISO())
		c.same(s, &it, factAtMost, t.Ceiling.ISO())
	}
}

// consent: what is asked is what rests on consent, among others or alone.
func (c *comparer) consent(s *Section) {
	if s == nil {
		return
	}
	asked := of(c.r.Purposes, func(p *privacy.Purpose) []privacy.PurposeID {
		if !p.InUse() || !slices.Contains(p.Grounds, privacy.Consent) {
			return nil
		}
		return []privacy.PurposeID{p.ID}
	})
	c.items(s, "purpose that rests on consent", asked)
	if states := fact(s.Facts, factAsked); (states == none) != (len(asked) == 0) {
		c.fault(s.ID, "S34", "asked: the notice states %q, the inventory has %q", states, strings.Join(asked, ", "))
	}
}

func (c *comparer) cookies(s *Section) {
	if s == nil {
		return
	}
	if states, names := fact(s.Facts, factUsed), c.r.Names(privacy.Cookie); (states == none) != (len(names) == 0) {
		c.fault(s.ID, "S31", "used: the notice states %q, the inventory has %q", states, strings.Join(names, ", "))
	}
}
