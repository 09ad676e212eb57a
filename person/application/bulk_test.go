package application_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/application"
)

const bulkHead = "identity-number,given-names,family-name,birth-date,mobile,mail-address,kep-address\n"

// The persons are the synthetic set of the conventions.
var bulkRows = []string{
	"10000000146,Işıl Çağrı,Öğütçü,29.10.1990,0532 123 45 67,isil@example.com,",
	"12345678950,İbrahim Şükrü,Ünlü,01.02.1980,5321234568,ibrahim@example.com,ibrahim.unlu@ogutcugida.hs90.kep.test",
	"11111111110,Ümit-Can,Doğan,1985-03-04,+905321234569,umit@example.com,",
	"90000000032,Işıl Çağrı,Öğütçü,05.06.1991,0532 123 45 60,isil2@example.com,",
}

func bulk(t testing.TB, file string) (*application.Bulk, application.Report, error) {
	t.Helper()
	company, err := person.ParseTitle("Öğütçü Gıda")
	if err != nil {
		t.Fatal(err)
	}
	return application.ReadBulk([]byte(file), company, personledgertest.Forms, personledgertest.At)
}

// REQ-21.
func TestACompanyAppliesForItsPeople(t *testing.T) {
	comma := bulkHead + strings.Join(bulkRows, "\n") + "\n"
	for name, file := range map[string]string{
		"comma": comma, "semicolon": strings.ReplaceAll(comma, ",", ";"), "marked UTF-8": "\ufeff" + comma, "CRLF": strings.ReplaceAll(comma, "\n", "\r\n"),
	} {
		b, report, err := bulk(t, file)
		if err != nil || report.Bad != 0 || b == nil || len(b.Forms()) != 4 {
			t.Fatalf("%s: %v, %+v", name, err, report)
		}
		var got []string
		for _, f := range b.Forms() {
			got = append(got, f.Address().String())
			written := f.Write(header())
			if back, _, err := application.ParseForm(written, personledgertest.Forms); err != nil || back.Address() != f.Address() {
				t.Errorf("%s: the form of a row does not read as it was: %v", name, err)
			}
		}
		want := "[isil.cagri.ogutcu@ogutcugida.hs90.kep.test ibrahim.unlu@ogutcugida.hs90.kep.test umit.can.dogan@ogutcugida.hs90.kep.test isil.ogutcu@ogutcugida.hs90.kep.test]"
		if fmt.Sprint(got) != want {
			t.Errorf("%s: got  %v\nwant %s", name, got, want)
		}
	}
}

// REQ-21: one row that is not good, and there is nothing to apply; the report
// names every row and every field, and nothing of what stands there.
func TestNothingIsHalfApplied(t *testing.T) {
	rows := append([]string(nil), bulkRows...)
	rows[1] = "12345678951,İbrahim Şükrü,Ünlü,31.02.1980,0212 123 45 67,x,ibrahim.unlu@hs90.kep.test"
	rows[2] = bulkRows[0]
	b, report, err := bulk(t, bulkHead+strings.Join(rows, "\n"))
	if err != nil || b != nil || report.Bad != 2 || len(report.Rows) != 4 {
		t.Fatalf("%v, %v, %+v", b, err, report)
	}
	var got []string
	for _, r := range report.Rows {
		for _, p := range r.Problems {
			got = append(got, fmt.Sprintf("%d %s %s", r.Line, p.Field, p.Code))
		}
		if (r.Form == nil) != (len(r.Problems) > 0) {
			t.Errorf("line %d has a form and problems, or neither", r.Line)
		}
	}
	want := "3 identity-number wrong-check-digit, 3 birth-date no-such-date, 3 mobile not-a-mobile-phone, 3 mail-address not-a-mail-address, 3 kep-address address-not-of-applicant, 4 identity-number repeated"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	if text := fmt.Sprintf("%+v %#v", report, report.Rows); strings.Contains(text, "Öğütçü") || strings.Contains(text, "1000000014") {
		t.Errorf("the report shows %s", text)
	}
}

func TestAFileThatIsNoTableIsRefusedWhole(t *testing.T) {
	many := bulkHead + strings.Repeat(bulkRows[0]+"\n", application.MaxBulkRows+1)
	for name, file := range map[string]string{
		"empty":            "",
		"head alone":       bulkHead,
		"unknown column":   "religion,given-names\nx,y\n",
		"column twice":     "given-names,given-names\nx,y\n",
		"columns missing":  bulkHead + "10000000146,Işıl\n",
		"quotes":           bulkHead + "\"10000000146,Işıl\n",
		"another encoding": bulkHead + "10000000146,I\xfe\xfdl,x,x,x,x,x\n",
		"too long":         bulkHead + strings.Repeat("x", application.MaxBulk),
		"too many rows":    many,
	} {
		b, _, err := bulk(t, file)
		if !errors.Is(err, application.ErrBulk) || b != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "1000000014") {
			t.Errorf("%s: the error shows %v", name, err)
		}
	}
}

func FuzzReadBulk(f *testing.F) {
	f.Add(bulkHead + strings.Join(bulkRows, "\n"))
	f.Add("given-names;family-name\n\"a\nb\";c\n")
	f.Add("=cmd,\n")
	f.Fuzz(func(t *testing.T, file string) {
		b, report, err := bulk(t, file)
		switch {
		case err != nil && (b != nil || !errors.Is(err, application.ErrBulk)):
			t.Fatal(err)
		case b != nil && (report.Bad != 0 || len(b.Forms()) != len(report.Rows)):
			t.Fatalf("half of it is applied: %d of %d", len(b.Forms()), len(report.Rows))
		case err == nil && b == nil && report.Bad == 0:
			t.Fatal("refused, and nothing is wrong")
		}
	})
}
