package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rem/internal/testkit/noticetest"
	"rem/privacy/notice"
)

// P-04, S46, S49: a notice is checked and compared before it is published,
// without a provider.
func TestNoticeIsCheckedOffline(t *testing.T) {
	t.Setenv("REM_DATA", "")
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	set := []string{"notice", "sample"}
	for name, value := range noticetest.Values() {
		set = append(set, "--set", name+"="+value)
	}
	exit, filled, side := ask(t, set...)
	if exit != exitYes || filled != string(noticetest.Filled(t)) {
		t.Fatalf("exit %d: %s", exit, side)
	}
	sample := write("sample.txt", []byte(filled))
	unfilled := write("unfilled.txt", notice.Sample())
	own := write("own.txt", noticetest.Own(t, 1, nil))
	empty := write("empty.txt", noticetest.Own(t, 1, func(n *notice.Notice) { n.Section(notice.ContactSection).Facts = nil }))
	broken := write("broken.txt", []byte(filled+"\n"))
	for name, test := range map[string]struct {
		args []string
		exit int
		want string
	}{
		"complete":           {[]string{"check", own}, exitYes, "tamam"},
		"sample":             {[]string{"check", sample}, exitYes, "bu bir örnektir"},
		"empty contact":      {[]string{"check", empty}, exitNo, "the contact block is empty (S49)"},
		"places left":        {[]string{"check", unfilled}, exitNo, "the place {contact.kep} is not filled"},
		"no notice":          {[]string{"check", broken}, exitUnasked, "not in canonical form"},
		"no file":            {[]string{"check", filepath.Join(dir, "none")}, exitUnasked, "none"},
		"material":           {[]string{"diff", own, empty}, exitYes, "esaslı"},
		"material, English":  {[]string{"diff", own, empty, "--lang", "en"}, exitYes, "Contact: telephone was"},
		"the same":           {[]string{"diff", own, own}, exitYes, "değişiklik yok"},
		"for programs":       {[]string{"check", empty, "--json"}, exitNo, `"Needs": "S49"`},
		"one place given":    {[]string{"sample", "--set", "contact.kep=kvkk@hs90.kep.test"}, exitUnasked, "has to be filled is not: {controller.name-tr}"},
		"sample as it comes": {[]string{"sample"}, exitYes, "{contact.kep}"},
	} {
		t.Run(name, func(t *testing.T) {
			exit, out, side := ask(t, append([]string{"notice"}, test.args...)...)
			if exit != test.exit || !strings.Contains(out+side, test.want) {
				t.Errorf("exit %d, want %d and %q in:\n%.600s%s", exit, test.exit, test.want, out, side)
			}
			if strings.Contains(strings.Join(test.args, " "), "--json") && !json.Valid([]byte(out)) {
				t.Error("the answer is no JSON")
			}
		})
	}
}
