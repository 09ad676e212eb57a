package web

import (
	"slices"
	"time"

	"rem"
	"rem/person/application"
)

// A Tone says how something is meant; a page says it in words too, never by
// colour alone.
type Tone string

// The tones.
const (
	Plain     Tone = ""
	Info      Tone = "info"
	Good      Tone = "good"
	Attention Tone = "attention"
	Bad       Tone = "bad"
)

// A Notice is a box above the content: {{template "notice" .}}.
type Notice struct {
	Tone  Tone
	Title rem.Text
	Text  rem.Text
	// Link leads on; zero: nowhere.
	Link Link
}

// A Link leads to a page of ours, without language.
type Link struct {
	Text rem.Text
	Path string
}

// An Input is what sort of field it is.
type Input string

// The sorts of fields.
const (
	TextInput     Input = "" // one line
	PasswordInput Input = "password"
	MailInput     Input = "email"
	PhoneInput    Input = "tel"
	DateInput     Input = "date"
	AreaInput     Input = "textarea"
	SelectInput   Input = "select"
	RadioInput    Input = "radio"
	BoxesInput    Input = "boxes" // several of a list
	CheckInput    Input = "check" // one box, such as an acceptance; never ticked before
	FileInput     Input = "file"
	HiddenInput   Input = "hidden"
)

// A Field is one question of a form, with label, help and problem:
// {{template "field" .}}.
type Field struct {
	Name  string
	Label rem.Text
	Help  rem.Text
	Type  Input
	// Optional is written beside the label; everything else is needed.
	Optional bool
	Value    string
	Problem  rem.Text
	Choices  []Choice
	// Mode and Auto are the attributes inputmode and autocomplete; Auto is "off"
	// where it is empty.
	Mode, Auto string
	// Accept is that of a file field, such as ".pdf,.png".
	Accept   string
	Multiple bool
	// Short narrows a field whose answers are short.
	Short bool
	// Max is the longest answer in characters; 0: the frame's own limit.
	Max int
}

// A Choice is one answer of a closed list.
type Choice struct {
	Value  string
	Label  rem.Text
	Help   rem.Text
	Chosen bool
	// Closed choices cannot be made, and say why.
	Closed bool
	Why    rem.Text
}

// Failed reports whether there is a problem.
func (f Field) Failed() bool { return f.Problem != (rem.Text{}) }

// Described lists what describes the field to a screen reader.
func (f Field) Described() string {
	switch help := f.Help != (rem.Text{}); {
	case help && f.Failed():
		return f.Name + "-help " + f.Name + "-problem"
	case help:
		return f.Name + "-help"
	case f.Failed():
		return f.Name + "-problem"
	}
	return ""
}

// Completes is the attribute autocomplete.
func (f Field) Completes() string {
	if f.Auto == "" {
		return "off"
	}
	return f.Auto
}

// FieldOf makes a field of a question of the application's form.
func FieldOf(a application.Field) Field {
	f := Field{Name: a.Name, Label: a.Label, Help: a.Help, Optional: a.Need != application.Mandatory, Mode: a.Input, Auto: a.Auto}
	for _, c := range a.Choices {
		f.Choices = append(f.Choices, Choice{Value: c.Value, Label: c.Label})
	}
	if len(f.Choices) > 0 {
		if f.Type = RadioInput; len(f.Choices) > 5 {
			f.Type = SelectInput
		}
	}
	return f
}

// Field returns the field as it was typed, with what is wrong with it. Passwords
// and files come back empty.
func (f *Form) Field(x Field) Field {
	x.Choices = slices.Clone(x.Choices)
	typed := f.values[x.Name]
	for i := range x.Choices {
		if len(typed) > 0 {
			x.Choices[i].Chosen = slices.Contains(typed, x.Choices[i].Value)
		}
	}
	if len(typed) > 0 && x.Type != PasswordInput && x.Type != FileInput {
		x.Value = typed[0]
	}
	if p, ok := f.problem(x.Name); ok {
		x.Problem = p
		for i := range f.problems {
			if f.problems[i].Field == x.Name {
				f.problems[i].Label = x.Label
			}
		}
	}
	return x
}

// A Cell is a value in a table or a list of facts. What is set of it is shown:
// the first of Text, Say, Time; as a link, a badge or as code.
type Cell struct {
	Text string   // from data, in no language of ours
	Say  rem.Text // ours
	Time time.Time
	Day  bool // of Time the day alone
	// Path makes it a link to a page of ours; Label names it for a screen reader
	// where the text alone does not tell.
	Path  string
	Label rem.Text
	// Badge gives it a frame; the text says what the tone means.
	Badge bool
	Tone  Tone
	// Code is for digests, numbers and other texts that are compared.
	Code bool
	Note rem.Text // smaller, under it
}

// A Column of a table.
type Column struct {
	Head  rem.Text
	Right bool // numbers
}

// A Table stacks on narrow screens: {{template "table" .}}. The first cell of a
// row is its head.
type Table struct {
	Caption rem.Text
	Columns []Column
	Rows    [][]Cell
	// Empty stands in place of a table without rows.
	Empty rem.Text
	Pager *Pager
}

// A Pager leads to the pages before and after; empty paths lead nowhere.
type Pager struct{ Before, After string }

// A Fact is one line of a list: {{template "facts" .}} takes a []Fact.
type Fact struct {
	Term  rem.Text
	Value Cell
	// Help stands under the value.
	Help rem.Text
}

// A Step is where a visitor stands: {{template "steps" .}} takes a []Step.
type Step struct {
	Name  rem.Text
	State StepState
	Path  string // of one that he can go back to
}

// A StepState is whether a step is over.
type StepState string

// The states of a step.
const (
	Ahead StepState = ""
	Here  StepState = "here"
	Done  StepState = "done"
)

// An Event of a timeline: {{template "timeline" .}} takes a []Event.
type Event struct {
	Time  time.Time
	Title rem.Text
	Tone  Tone
	// State is the tone in words.
	State rem.Text
	Facts []Fact
	Text  rem.Text
}

// A Card leads to a page: {{template "cards" .}} takes a []Card.
type Card struct {
	Title rem.Text
	Text  rem.Text
	Path  string
}

// An Action is a form that is one button: {{template "action" .}}.
type Action struct {
	Path   string
	Button rem.Text
	// About names what it is done to, for a screen reader.
	About  string
	Hidden []Hidden
	Tone   Tone
}

// Hidden is a value that a form sends along.
type Hidden struct{ Name, Value string }

// A Confirm asks before what cannot be taken back. It works without scripts: the
// page that leads here is called by GET, and its button sends a form.
type Confirm struct {
	Title rem.Text
	Text  rem.Text // what will happen
	Facts []Fact
	// Fields are asked, such as a reason.
	Fields []Field
	Form   *Form
	Path   string
	Button rem.Text
	Hidden []Hidden
	Danger bool
	Back   string // where "no" leads
}

// Page makes the page.
func (c Confirm) Page() Page {
	return Page{View: ours.Page("confirm"), Title: c.Title, Data: c, Form: c.Form}
}
