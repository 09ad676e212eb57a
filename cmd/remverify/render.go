package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"

	"rem"
	"rem/message/verification"
	"rem/trust/validation"
)

// render writes the report for people.
func render(w io.Writer, r *verification.Report, lang string, anchors bool) error {
	p := &printer{w: bufio.NewWriter(w), lang: lang}
	for _, f := range r.Findings {
		p.finding(f, 0)
		fmt.Fprintln(p.w)
	}
	if !anchors {
		fmt.Fprintln(p.w, p.say("no anchors"))
	}
	fmt.Fprintf(p.w, "%s: %s\n", p.say("overall"), p.verdict(r.Verdict))
	return p.w.Flush()
}

// A printer writes findings in one language.
type printer struct {
	w    *bufio.Writer
	lang string
}

func (p *printer) finding(f *verification.Finding, depth int) {
	indent := strings.Repeat("  ", depth)
	title := p.say(string(f.Subject))
	if f.Name != "" {
		title += " " + printable(p.say(f.Name))
	}
	fmt.Fprintf(p.w, "%s%s: %s", indent, title, p.verdict(f.Verdict))
	if f.Sub != "" {
		fmt.Fprintf(p.w, " %s", f.Sub)
	}
	fmt.Fprintln(p.w)
	if why := p.why(f.Sub); why != "" && len(f.Parts) == 0 {
		fmt.Fprintf(p.w, "%s  %s\n", indent, why)
	}
	if f.Detail != "" && len(f.Parts) == 0 && len(f.Checks) == 0 {
		fmt.Fprintf(p.w, "%s  (%s)\n", indent, printable(f.Detail))
	}
	for _, fact := range f.Facts {
		fmt.Fprintf(p.w, "%s  %s: %s\n", indent, p.say(fact.Key), printable(p.say(fact.Value)))
	}
	for _, c := range f.Checks {
		mark := "+"
		if !c.Passed {
			mark = "-"
		}
		fmt.Fprintf(p.w, "%s  %s %s", indent, mark, p.say(c.Name))
		if c.Detail != "" {
			fmt.Fprintf(p.w, " (%s)", printable(c.Detail))
		}
		fmt.Fprintln(p.w)
	}
	for _, part := range f.Parts {
		p.finding(part, depth+1)
	}
}

// verdict spells the indication and says it in the reader's language.
func (p *printer) verdict(v validation.Verdict) string {
	return v.String() + " (" + p.say(v.String()) + ")"
}

func (p *printer) why(s validation.SubIndication) string {
	if s == "" {
		return ""
	}
	if t, ok := verification.Word(string(s)); ok {
		return p.pick(t)
	}
	return ""
}

// say translates a fixed word; anything else stays as it is.
func (p *printer) say(word string) string {
	if t, ok := words[word]; ok {
		return p.pick(t)
	}
	if t, ok := verification.Word(word); ok {
		return p.pick(t)
	}
	return word
}

func (p *printer) pick(t rem.Text) string {
	if p.lang == "en" {
		return t.English
	}
	return t.Turkish
}

// printable keeps what comes from others from moving the terminal's cursor or
// turning the order of letters (control and format characters).
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
