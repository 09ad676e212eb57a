// Package person gives the words of a person's journey: the numbers, names,
// dates and addresses by which somebody asks for an account, and the KEP address
// that he gets.
//
// The stages come in this order: person/application (asking, and being
// approved), person/identity (showing who one is), person/account (using it and
// leaving). docs/journeys/person.md numbers the steps.
//
// Each value has a type of its own with one maker, its Parse function; whoever
// has a value that is not zero has one that was checked. The types are
// comparable and never show themselves: what fmt, log/slog, templates and panics
// get is masked, what encoders get is an error, and only Reveal gives the value
// whole, to the page of the person himself or to be sealed (P-03).
//
// What is wrong with an input is a [Problem] with a stable code and a text in
// Turkish and English that fits beside the field; the text never repeats what
// was typed.
//
// Invariants: addresses fold with rem.FoldASCII and nothing else (AT-27); what
// a number's check digits say is not that somebody has it; one address never
// means a second person (REQ-26, REQ-27).
package person
