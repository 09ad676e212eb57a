package bulk

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"rem"
)

// Bounds of a request.
const (
	// MaxRows are recipients of one job; larger lists are several jobs.
	MaxRows = 10_000
	// MaxList is how large a list may be, in octets.
	MaxList = 16 << 20
	// MaxColumns and MaxCell bound a row; a cell is in octets.
	MaxColumns = 50
	MaxCell    = 10_000
)

// A List is what a CSV file says.
type List struct {
	// Columns are the names in the header row, as written; rows have as many cells.
	Columns []string
	Rows    [][]string
	byName  map[string]int
}

// Names of columns with a meaning of their own, folded.
var (
	addressColumns = []string{"address", "adres", "kep", "kep adresi", "kep address"}
	nameColumns    = []string{"name", "ad", "ad soyad", "alıcı"}
	fileColumns    = []string{"file", "dosya", "ek"}
)

func refuse(tr, en string) *rem.Refusal { return rem.Refuse(rem.PolicyViolation, tr, en) }

func columnKey(s string) string { return rem.FoldName(strings.TrimSpace(s)) }

// Column is the place of a column, found by its name without regard to case; -1:
// there is none.
func (l *List) Column(names ...string) int {
	for _, n := range names {
		if i, ok := l.byName[columnKey(n)]; ok {
			return i
		}
	}
	return -1
}

// ReadList reads a CSV file in UTF-8 with a header row (RFC 4180). Cells are parted by
// the comma, semicolon or tabulator that the header row has most of: spreadsheets in
// Turkish write semicolons. Errors are refusals.
func ReadList(in []byte) (*List, error) {
	switch {
	case len(in) > MaxList:
		return nil, refuse("Liste çok büyük.", "The list is too large.")
	case !utf8.Valid(in):
		return nil, refuse("Liste UTF-8 olarak kaydedilmelidir.", "The list has to be saved as UTF-8.")
	case bytes.IndexByte(in, 0) >= 0:
		return nil, refuse("Liste bir CSV dosyası değil.", "The list is no CSV file.")
	}
	in = bytes.TrimPrefix(in, []byte("\ufeff"))
	head, _, _ := bytes.Cut(in, []byte{'\n'})
	comma, most := ',', 0
	for _, c := range ",;\t" {
		if n := bytes.Count(head, []byte(string(c))); n > most {
			comma, most = c, n
		}
	}
	r := csv.NewReader(bytes.NewReader(in))
	r.Comma = comma
	header, err := r.Read()
	if err != nil {
		return nil, refuse("Listenin başlık satırı okunamıyor.", "The header row of the list cannot be read.")
	}
	if len(header) > MaxColumns {
		return nil, refuse("Listede çok fazla sütun var.", "The list has too many columns.")
	}
	l := &List{Columns: header, byName: map[string]int{}}
	for i, name := range header {
		key := columnKey(name)
		if key == "" {
			continue // it can be named by nobody
		}
		if _, twice := l.byName[key]; twice || len(name) > 200 || strings.ContainsAny(name, "{}\r\n") {
			return nil, refuse("Listenin sütun adlarından biri yineleniyor veya geçersiz.", "A name of a column stands twice, or is not valid.")
		}
		l.byName[key] = i
	}
	for {
		row, err := r.Read()
		switch {
		case errors.Is(err, io.EOF) && len(l.Rows) == 0:
			return nil, refuse("Listede alıcı yok.", "There is no recipient in the list.")
		case errors.Is(err, io.EOF):
			return l, nil
		case err != nil:
			return nil, refuse("Listenin "+number(len(l.Rows)+1)+". satırı okunamıyor: hücre sayısı başlıktan farklı veya tırnaklar eksik.",
				"Row "+number(len(l.Rows)+1)+" of the list cannot be read: it has another number of cells than the header, or quotes are missing.")
		case len(l.Rows) == MaxRows:
			return nil, refuse("Listede en çok "+number(MaxRows)+" alıcı olabilir.", "A list has at most "+number(MaxRows)+" recipients.")
		}
		for _, cell := range row {
			if len(cell) > MaxCell {
				return nil, refuse("Listenin "+number(len(l.Rows)+1)+". satırında bir hücre çok uzun.", "A cell of row "+number(len(l.Rows)+1)+" is too long.")
			}
		}
		l.Rows = append(l.Rows, row)
	}
}
