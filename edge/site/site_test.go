package site

import (
	"os"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/provider"
)

// Every sentence has both languages.
func TestThePagesSpeakBothLanguages(t *testing.T) {
	if words := views.Untranslated(); len(words) > 0 {
		t.Errorf("words in one language: %q", words)
	}
	for verdict, t2 := range meanings {
		if t2.Turkish == "" || t2.English == "" {
			t.Errorf("%v", verdict)
		}
	}
}

// The practice statement shows every value of the practice under a name for people.
func TestEverySettingHasAName(t *testing.T) {
	for _, s := range provider.DefaultPractice().Settings() {
		if n := settingNames[s.Name]; n.Turkish == "" || n.English == "" {
			t.Errorf("%s has no name", s.Name)
		}
	}
}

func TestPeriodsReadAsPeopleSayThem(t *testing.T) {
	for d, want := range map[time.Duration]rem.Text{
		26*time.Hour + 30*time.Minute: {Turkish: "1 gün 2 saat 30 dakika", English: "1 day 2 hours 30 minutes"},
		30 * time.Second:              {Turkish: "30 saniye", English: "30 seconds"},
		0:                             {Turkish: "süresiz", English: "without end"},
	} {
		if got := period(d); got != want {
			t.Errorf("%s: %v, want %v", d, got, want)
		}
	}
	if got := capital(rem.Text{Turkish: "imza değeri", English: "issuer"}); got != (rem.Text{Turkish: "İmza değeri", English: "Issuer"}) {
		t.Errorf("%v", got)
	}
}

// What is uploaded is written nowhere: nothing of this package can.
func TestNothingOfAnUploadCanBeWritten(t *testing.T) {
	for _, file := range []string{"verify.go", "pages.go", "site.go"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, door := range []string{`"os"`, `"database/sql"`, `"log/slog"`, `"net"`} {
			if strings.Contains(string(b), "\n\t"+door+"\n") {
				t.Errorf("%s imports %s", file, door)
			}
		}
	}
}
