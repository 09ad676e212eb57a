package application

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"rem/person"
)

// Bounds on a file of a corporate application. One that is larger comes in parts.
const (
	MaxBulk     = 4 << 20 // octets
	MaxBulkRows = 5000
)

// ErrBulk is wrapped when a file cannot be read as a whole: too large, another
// encoding, unknown columns. What is wrong with rows is in the [Report].
var ErrBulk = errors.New("not a file of a corporate application")

// A Row is one line of a file that was read.
type Row struct {
	Line int   // in the file, from 1, the head counted
	Form *Form // nil when there are problems
	// Problems are by the columns; they hold nothing of what the row says.
	Problems person.Problems
}

// A Report says what was found in every row, in their order.
type Report struct {
	Rows []Row
	Bad  int // rows with problems
}

// A Bulk is a corporate application: the legal person applies for its people
// (REQ-21). [ReadBulk] is its only maker, and it makes one only when every row is
// good: nothing is half-applied.
type Bulk struct{ forms []*Form }

// Forms lists the forms in the order of the file; each is identified by itself.
func (b *Bulk) Forms() []*Form { return b.forms }

// BulkColumns lists the columns that a file may have: the form's names.
func BulkColumns() (names []string) {
	for _, f := range Fields(person.Natural, false) {
		names = append(names, f.Name)
	}
	return names
}

// ReadBulk reads a file of comma- or semicolon-separated values in UTF-8, as
// spreadsheets write it, the first line of which names the columns. Each row is
// checked as a form of a natural person whose address is in the company's domain;
// a number or an address may stand once. Where a row has no kep-address, its
// first proposal that no row before has is taken.
//
// The report is complete whatever is found; the bulk is nil unless every row is
// good. The error is ErrBulk for a file that has no rows to report on.
func ReadBulk(file []byte, company person.Title, forms person.Forms, now time.Time) (*Bulk, Report, error) {
	table, err := readTable(file)
	if err != nil {
		return nil, Report{}, err
	}
	check := Check{Forms: forms, Now: now, Company: company}
	var report Report
	bulk := &Bulk{}
	numbers, addresses := map[string]bool{}, map[string]bool{}
	for _, record := range table.rows {
		in := Input{}
		for i, name := range table.head {
			in[name] = record.values[i]
		}
		if strings.TrimSpace(in["kep-address"]) == "" {
			in["kep-address"] = proposal(check, in, addresses)
		}
		form, problems := check.Read(person.Natural, false, in)
		row := Row{Line: record.line, Form: form, Problems: problems}
		if form != nil {
			once := func(seen map[string]bool, value, field string) {
				if value != "" && seen[value] {
					row.Problems = append(row.Problems, &person.Problem{Field: field, Code: person.Repeated})
				}
				seen[value] = true
			}
			once(numbers, form.Shower().Identity.Reveal(), "identity-number")
			once(addresses, form.Address().String(), "kep-address")
		}
		if len(row.Problems) > 0 {
			row.Form = nil
			report.Bad++
		} else {
			bulk.forms = append(bulk.forms, form)
		}
		report.Rows = append(report.Rows, row)
	}
	if report.Bad > 0 {
		return nil, report, nil
	}
	return bulk, report, nil
}

// proposal is the first address of the row's naming that no row before has, or
// "" when the row has no names.
func proposal(c Check, in Input, taken map[string]bool) string {
	given, err1 := person.ParseName(in["given-names"])
	family, err2 := person.ParseName(in["family-name"])
	if err1 != nil || err2 != nil {
		return ""
	}
	// Few are needed as a rule; the rest are made for a name that many bear.
	for _, most := range []int{8, person.MaxProposals} {
		list, err := c.Forms.Proposals(person.Naming{Kind: person.Natural, Given: given, Family: family, Company: c.Company}, most)
		if err != nil {
			return ""
		}
		for _, a := range list {
			if !taken[a.String()] {
				return a.String()
			}
		}
	}
	return ""
}

type bulkTable struct {
	head []string
	rows []bulkRow
}

type bulkRow struct {
	line   int
	values []string
}

func readTable(file []byte) (*bulkTable, error) {
	if len(file) > MaxBulk {
		return nil, fmt.Errorf("%w: longer than %d octets", ErrBulk, MaxBulk)
	}
	file = bytes.TrimPrefix(file, []byte("\ufeff")) // spreadsheets mark UTF-8 so
	if !utf8.Valid(file) {
		return nil, fmt.Errorf("%w: it is not in UTF-8", ErrBulk)
	}
	r := csv.NewReader(bytes.NewReader(file))
	first, _, _ := bytes.Cut(file, []byte("\n"))
	if bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		r.Comma = ';' // as spreadsheets in Turkish write it
	}
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%w: it has no head", ErrBulk)
	}
	t := &bulkTable{}
	columns := map[string]bool{}
	for _, name := range BulkColumns() {
		columns[name] = true
	}
	for _, name := range head {
		name = strings.TrimSpace(name)
		if !columns[name] {
			return nil, fmt.Errorf("%w: a column has an unknown name, or one that was there before", ErrBulk)
		}
		columns[name] = false
		t.head = append(t.head, name)
	}
	for {
		values, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil { // its text may hold what the row says
			line := 0
			if p, ok := errors.AsType[*csv.ParseError](err); ok {
				line = p.Line
			}
			return nil, fmt.Errorf("%w: line %d has other columns than the head, or its quotes do not match", ErrBulk, line)
		}
		if len(t.rows) == MaxBulkRows {
			return nil, fmt.Errorf("%w: more than %d rows", ErrBulk, MaxBulkRows)
		}
		line, _ := r.FieldPos(0)
		t.rows = append(t.rows, bulkRow{line, values})
	}
	if len(t.rows) == 0 {
		return nil, fmt.Errorf("%w: it has no rows", ErrBulk)
	}
	return t, nil
}
