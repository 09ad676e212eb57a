package privacy

import (
	"errors"
	"fmt"
	"slices"

	"rem"
)

// A DatumID names a datum.
type DatumID string

// A Datum is one thing that is known about somebody, wherever it is kept.
type Datum struct {
	ID       DatumID
	Name     rem.Text
	Category CategoryID
	Subjects []SubjectID
	Purposes []PurposeID
	Source   SourceID
	Special  SpecialID
	Class    ClassID
	// Collected is the kind of the notice's list that it is of, if of any (S18).
	Collected CollectedID
}

// A Kind is what sort of place a holding is.
type Kind string

// The kinds of holdings (P-01).
const (
	Column       Kind = "column"        // of a table: table.column
	Field        Kind = "record-field"  // of what the journal keeps: package.Type.Field
	Blob         Kind = "journal-kind"  // of a record in the journal
	Setting      Kind = "configuration" // of the configuration file
	LogKey       Kind = "log-key"       // package:key
	Metric       Kind = "metric"        // name
	Label        Kind = "metric-label"  // label
	ControlField Kind = "control-field" // of a request or answer on the control socket
	File         Kind = "file-name"     // pattern of a name in the data folder
	Outgoing     Kind = "outgoing"      // what a question to another service holds
	Wire         Kind = "wire"          // what other providers and users are given
	Cookie       Kind = "cookie"        // name
	PageAddress  Kind = "page-address"  // what stands in the address of a page: {variable}, ?name
)

// Kinds are the kinds with their names, in the order of the tables.
var Kinds = []Word[Kind]{
	{Column, rem.Text{Turkish: "Veritabanı sütunu", English: "Column of the index"}, ""},
	{Field, rem.Text{Turkish: "Kayıt alanı", English: "Field of a record"}, ""},
	{Blob, rem.Text{Turkish: "İşlem günlüğü kaydı", English: "Kind of record in the journal"}, ""},
	{Setting, rem.Text{Turkish: "Yapılandırma alanı", English: "Configuration field"}, ""},
	{LogKey, rem.Text{Turkish: "Günlük anahtarı", English: "Log key"}, ""},
	{Metric, rem.Text{Turkish: "Ölçüm", English: "Metric"}, ""},
	{Label, rem.Text{Turkish: "Ölçüm etiketi", English: "Metric label"}, ""},
	{ControlField, rem.Text{Turkish: "Denetim yuvası alanı", English: "Field on the control socket"}, ""},
	{File, rem.Text{Turkish: "Dosya adı", English: "File name"}, ""},
	{Outgoing, rem.Text{Turkish: "Dış hizmete soru", English: "Question to another service"}, ""},
	{Wire, rem.Text{Turkish: "Diğer sağlayıcıya ve kullanıcıya verilen", English: "What other providers and users get"}, ""},
	{Cookie, rem.Text{Turkish: "Çerez", English: "Cookie"}, ""},
	{PageAddress, rem.Text{Turkish: "Sayfa adresindeki değişken", English: "Variable in the address of a page"}, ""},
}

// A Holding is a place where the program keeps data or lets it out.
type Holding struct {
	Kind Kind
	Name string
	// Data is what it holds about people. When it is empty, Technical says why
	// the holding is not personal.
	Data      []DatumID
	Technical rem.Text

	// The rest is for personal holdings.
	Form       FormID
	Place      PlaceID
	Retention  RetentionID
	Recipients []RecipientID
}

// Personal reports whether the holding holds something about people.
func (h *Holding) Personal() bool { return len(h.Data) > 0 }

// A Register is an inventory with the words it is written in. It is a value:
// nobody changes its slices once it was given away.
type Register struct {
	Purposes   []Purpose
	Retentions []Retention
	Collected  []Collected
	Data       []Datum
	Holdings   []Holding
}

// Datum finds a datum, or nil.
func (r *Register) Datum(id DatumID) *Datum {
	return find(r.Data, func(d *Datum) bool { return d.ID == id })
}

// Purpose finds a purpose, or nil.
func (r *Register) Purpose(id PurposeID) *Purpose {
	return find(r.Purposes, func(p *Purpose) bool { return p.ID == id })
}

// Retention finds a retention rule, or nil.
func (r *Register) Retention(id RetentionID) *Retention {
	return find(r.Retentions, func(t *Retention) bool { return t.ID == id })
}

// Allows reports whether the datum was declared for the purpose and the purpose
// is in use. Whoever opens a value for another purpose is refused (P-03, S03).
func (r *Register) Allows(d DatumID, p PurposeID) bool {
	datum, purpose := r.Datum(d), r.Purpose(p)
	return datum != nil && purpose != nil && purpose.InUse() && slices.Contains(datum.Purposes, p)
}

// Names returns the names of all holdings of a kind, in their order.
func (r *Register) Names(k Kind) (names []string) {
	for i := range r.Holdings {
		if r.Holdings[i].Kind == k {
			names = append(names, r.Holdings[i].Name)
		}
	}
	return names
}

// HoldingsOf returns the holdings of a datum.
func (r *Register) HoldingsOf(id DatumID) (list []*Holding) {
	for i := range r.Holdings {
		if slices.Contains(r.Holdings[i].Data, id) {
			list = append(list, &r.Holdings[i])
		}
	}
	return list
}

func find[T any](list []T, is func(*T) bool) *T {
	for i := range list {
		if is(&list[i]) {
			return &list[i]
		}
	}
	return nil
}

// ErrUnregistered is wrapped when something is there that the register does not
// have, or the other way round.
var ErrUnregistered = errors.New("not in the inventory of personal data")

// Unregistered compares what is there with the register: the names of found
// that no holding of the kind has. A program that finds one does not start
// (P-01).
func (r *Register) Unregistered(k Kind, found []string) error {
	known := r.Names(k)
	var errs []error
	for _, name := range found {
		if !slices.Contains(known, name) {
			errs = append(errs, fmt.Errorf("%s %s: %w", k, name, ErrUnregistered))
		}
	}
	return errors.Join(errs...)
}

// Vanished is the other direction: holdings of the kind that found does not have.
func (r *Register) Vanished(k Kind, found []string) error {
	var errs []error
	for _, name := range r.Names(k) {
		if !slices.Contains(found, name) {
			errs = append(errs, fmt.Errorf("%s %s is in the inventory and nowhere else", k, name))
		}
	}
	return errors.Join(errs...)
}
