package timeline_test

import (
	"bytes"
	"encoding/csv"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rem/message"
	"rem/message/timeline"
)

func TestCellsThatComputeAreDefused(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+90": "'+90", "-5": "'-5", "@SUM": "'@SUM", "\t=1": "'\t=1", "  =1": "'  =1", "＝1": "'＝1", "\u00a0=1": "'\u00a0=1", "\r\n=1": "'\r\n=1",
		"a=b": "a=b", "": "", " ": " ", "Şikâyet": "Şikâyet", "a@b": "a@b",
	} {
		if got := timeline.Defused(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// Whatever a subject is, it stays in its cell, and no cell begins a formula.
func TestEverySubjectStaysInItsCell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := view(message.Outbound, message.Retrieved, time.Time{}, accepted, taken, delivered, read)
		v.Record.Subject = rapid.OneOf(rapid.String(), rapid.StringMatching(`[=+@;"\-, \n\r\t]{0,5}[a-z;"]{0,4}`)).Draw(t, "subject")
		m := timeline.Of(v, timeline.Options{})
		var b bytes.Buffer
		w, err := timeline.Table{Mark: true}.Status(&b)
		if err == nil {
			err = w.Add(m.Rows()[0])
		}
		if err == nil {
			err = w.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
		text, ok := strings.CutPrefix(b.String(), "\uFEFF")
		r := csv.NewReader(strings.NewReader(text))
		r.Comma = ';'
		lines, err := r.ReadAll()
		if err != nil || !ok || len(lines) != 2 || len(lines[0]) != len(lines[1]) {
			t.Fatalf("%v, %d lines of %q", err, len(lines), text)
		}
		for _, c := range lines[1] {
			if c != "" && strings.ContainsAny(c[:1], "=+-@\t\r\n") {
				t.Errorf("the cell %q", c)
			}
		}
	})
}

// Python's csv module reads what we write of messages and of evidence; heads are
// Turkish, or English (REQ-61).
func TestPythonReadsTheLists(t *testing.T) {
	m := timeline.Of(view(message.Outbound, message.Retrieved, time.Time{}, accepted, taken, delivered, read), timeline.Options{})
	m.Subject = "=HYPERLINK(\"x\");\n\"ğüşıöç\""
	for _, english := range []bool{false, true} {
		var b bytes.Buffer
		w, err := timeline.Table{English: english, Comma: ','}.Box(&b)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range m.Box() {
			r.Subject = m.Subject
			if err := w.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		c := exec.Command("python3", "-c", "import csv,sys,io\nfor r in csv.reader(io.TextIOWrapper(sys.stdin.buffer,'utf-8',newline='')): print(len(r), r[1], repr(r[6]))")
		c.Stdin = &b
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		want := map[bool]string{false: "15 Delil 'Konu'", true: "15 Name 'Subject'"}[english]
		if len(lines) != 5 || lines[0] != want || !strings.Contains(lines[1], `'\'=HYPERLINK("x");\r\n"ğüşıöç"'`) {
			t.Errorf("it reads\n%s", out)
		}
	}
}
