package inventory

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"rem"
	"rem/privacy"
)

// A Format is a way to write an inventory down.
type Format string

// The formats.
const (
	People Format = "people" // a page for people, in Markdown
	VERBIS Format = "verbis" // the table of the registry of data controllers, KVKK 16/3
	CSV    Format = "csv"    // one line for each datum in each holding
	DPV    Format = "dpv"    // JSON-LD in the words of the Data Privacy Vocabulary 2
)

// A Language is "tr" or "en". CSV has English heads, and DPV both languages.
type Language string

// The languages.
const (
	Turkish Language = "tr"
	English Language = "en"
)

// Write writes a register down. The same register gives the same bytes.
func Write(w io.Writer, r *privacy.Register, f Format, l Language) error {
	if l != Turkish && l != English {
		return fmt.Errorf("writing the inventory: no language %q; there are tr and en", l)
	}
	p := printer{r: r, l: l}
	var err error
	switch f {
	case People:
		err = p.people(w)
	case VERBIS:
		err = p.verbis(w)
	case CSV:
		err = writeCSV(w, r)
	case DPV:
		err = writeDPV(w, r)
	default:
		return fmt.Errorf("writing the inventory: no format %q; there are people, verbis, csv and dpv", f)
	}
	if err != nil {
		return fmt.Errorf("writing the inventory: %w", err)
	}
	return nil
}

// A printer collects a page in one language.
type printer struct {
	r *privacy.Register
	l Language
	b strings.Builder
}

func (p *printer) say(t rem.Text) string {
	if p.l == English {
		return t.English
	}
	return t.Turkish
}

// pick is say for words that stand beside each other.
func (p *printer) pick(tr, en string) string { return p.say(text(tr, en)) }

func (p *printer) line(format string, args ...any) { fmt.Fprintf(&p.b, format+"\n", args...) }

// row writes a row of a table; the cells hold no bar.
func (p *printer) row(cells ...string) {
	for i := range cells {
		cells[i] = strings.ReplaceAll(cells[i], "|", `\|`)
	}
	p.line("| %s |", strings.Join(cells, " | "))
}

// head writes the first two rows of a table.
func (p *printer) head(cells ...string) {
	p.row(cells...)
	p.line("|%s", strings.Repeat(" --- |", len(cells)))
}

// named gives the names of words of a closed list, in the order of the list.
func named[ID ~string](p *printer, list []privacy.Word[ID], ids []ID) string {
	var names []string
	for _, w := range list {
		if slices.Contains(ids, w.ID) {
			names = append(names, p.say(w.Name))
		}
	}
	return strings.Join(names, ", ")
}

func one[ID ~string](p *printer, list []privacy.Word[ID], id ID) string {
	return named(p, list, []ID{id})
}

// collect gives what the holdings say, each once, in their order.
func collect[T comparable](holdings []*privacy.Holding, of func(*privacy.Holding) []T) (all []T) {
	for _, h := range holdings {
		for _, v := range of(h) {
			if !slices.Contains(all, v) {
				all = append(all, v)
			}
		}
	}
	return all
}

// recipients names who sees any of the holdings: nobody, when none of them is
// seen by somebody.
func (p *printer) recipients(held []*privacy.Holding) string {
	to := collect(held, func(h *privacy.Holding) []privacy.RecipientID { return h.Recipients })
	if len(to) > 1 {
		to = slices.DeleteFunc(to, func(id privacy.RecipientID) bool { return id == privacy.Nobody })
	}
	return named(p, privacy.Recipients(), to)
}

func (p *printer) purposes(ids []privacy.PurposeID) string {
	var names []string
	for _, purpose := range p.r.Purposes {
		if slices.Contains(ids, purpose.ID) {
			names = append(names, p.say(purpose.Name))
		}
	}
	return strings.Join(names, "; ")
}

func (p *printer) grounds(of []privacy.Ground) string {
	var names []string
	for _, g := range of {
		names = append(names, fmt.Sprintf("KVKK %s (%s)", g, p.say(privacy.GroundNames[g])))
	}
	return strings.Join(names, "; ")
}

// groundsOf are the grounds of several purposes, each once.
func groundsOf(r *privacy.Register, ids []privacy.PurposeID) (all []privacy.Ground) {
	for _, purpose := range r.Purposes {
		for _, g := range purpose.Grounds {
			if slices.Contains(ids, purpose.ID) && !slices.Contains(all, g) {
				all = append(all, g)
			}
		}
	}
	slices.Sort(all)
	return all
}

// term gives a retention rule in one line.
func (p *printer) term(id privacy.RetentionID) string {
	t := p.r.Retention(id)
	if t.Ceiling == privacy.AtOnce {
		return fmt.Sprintf("%s: %s, %s", p.say(t.Name), p.say(privacy.ClockNames[t.Clock]), p.say(t.Ceiling.Text()))
	}
	floor := ""
	if t.Floor.Given() {
		floor = fmt.Sprintf(p.pick("en az %s, ", "at least %s, "), p.say(t.Floor.Text()))
	}
	return fmt.Sprintf("%s: %s, %s%s %s", p.say(t.Name), p.say(privacy.ClockNames[t.Clock]), floor, p.pick("en çok", "at most"), p.say(t.Ceiling.Text()))
}
