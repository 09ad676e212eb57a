package bulk_test

import (
	"fmt"
	"html"
	"strings"
	"testing"

	"rem/message/bulk"
)

// A list reads as spreadsheets write it, in both worlds of commas.
func TestListsReadAsSpreadsheetsWriteThem(t *testing.T) {
	for name, in := range map[string]string{
		"comma":     "Adres,AD,Tutar\r\na@hs01.kep.tr,\"Işık, Ali\",5\r\n",
		"semicolon": "\ufeffadres;ad;tutar\na@hs01.kep.tr;Işık, Ali;5\n",
		"tabulator": "ADRES\tAd\tTUTAR\na@hs01.kep.tr\tIşık, Ali\t5",
	} {
		l, err := bulk.ReadList([]byte(in))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(l.Rows) != 1 || l.Rows[0][l.Column("adres")] != "a@hs01.kep.tr" || l.Rows[0][l.Column("ad")] != "Işık, Ali" || l.Rows[0][l.Column("tutar")] != "5" || l.Column("yok") >= 0 {
			t.Errorf("%s: %q", name, l.Rows)
		}
	}
}

// What is no list is refused, and says where.
func TestWhatIsNoListIsRefused(t *testing.T) {
	for name, in := range map[string]string{
		"nothing": "", "a header alone": "adres,ad\n", "twice": "adres,ADRES\na,b\n", "not UTF-8": "adres\n\xff\n", "zeros": "adres\na\x00\n",
		"too few cells": "adres,ad\na\n", "an open quote": "adres\n\"a\n", "a brace": "adres,{{x}}\na,b\n", "columns": strings.Repeat("a,", 60) + "b\n",
		"a long cell": "adres\n" + strings.Repeat("x", bulk.MaxCell+1) + "\n", "rows": "adres\n" + strings.Repeat("a\n", bulk.MaxRows+1),
	} {
		if _, err := bulk.ReadList([]byte(in)); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func FuzzList(f *testing.F) {
	f.Add("adres,ad\na@hs01.kep.tr,\"x\ny\"\n")
	f.Add("\ufeffadres;ad\r\na;b\r\n")
	f.Fuzz(func(t *testing.T, in string) {
		l, err := bulk.ReadList([]byte(in))
		if err != nil {
			if l != nil {
				t.Fatal("a list came with an error")
			}
			return
		}
		if len(l.Rows) == 0 || len(l.Rows) > bulk.MaxRows || len(l.Columns) > bulk.MaxColumns {
			t.Fatalf("%d rows of %d", len(l.Rows), len(l.Columns))
		}
		for _, row := range l.Rows {
			if len(row) != len(l.Columns) {
				t.Fatalf("a row has %d cells of %d", len(row), len(l.Columns))
			}
		}
	})
}

// Whatever a cell says, it adds no markup to a letter.
func FuzzTemplate(f *testing.F) {
	f.Add("Sayın {{ad}}, {{ tutar }} TL", "<script>")
	f.Add("{{{{a}}}}", "\"'&")
	f.Fuzz(func(t *testing.T, in, cell string) {
		p, err := bulk.ParseTemplate(in)
		if err != nil {
			return
		}
		fixed := p.Text(func(string) string { return "" })
		if len(p.Columns()) == 0 && fixed != in {
			t.Fatalf("a template without places gives %q of %q", fixed, in)
		}
		for _, c := range p.Columns() {
			if c == "" || strings.ContainsAny(c, "{}\r\n") {
				t.Fatalf("the column %q", c)
			}
		}
		marks := func(s string) string {
			return fmt.Sprint(strings.Count(s, "<")-strings.Count(s, "<br>"), strings.Count(s, ">")-strings.Count(s, "<br>"), strings.Count(s, `"`))
		}
		got := p.HTML(func(string) string { return cell })
		if marks(got) != marks(fixed) && !strings.Contains(fixed, "<b") {
			t.Fatalf("%q gives markup: %q", cell, got)
		}
		if in == "{{a}}" && !strings.Contains(cell, "\n") && html.UnescapeString(got) != cell {
			t.Fatalf("%q became %q", cell, got)
		}
	})
}
