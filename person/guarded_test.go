package person

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"strings"
	"testing"
)

// P-03, P-27, AT-34: every way in which a value could come into a line, a page
// or a file by mistake.
func TestNoValueShowsItself(t *testing.T) {
	inputs := map[string]string{
		"tckn": "10000000146", "foreigner": "99999999990", "identity": "12345678950", "vkn": "1234567890", "mersis": "0123456789000016",
		"registry": "987654-3", "detsis": "24308110", "document": "A01Z99999", "postal": "34485", "phone": "+905321234567", "mobile": "+905321234567",
		"mail": "ayse.ogut@example.com", "name": "Işıl Çağrı", "title": "Öğütçü Gıda", "line": "Büyükdere Caddesi 1", "date": "1990-10-29",
	}
	for kind, in := range inputs {
		v, err := parsers[kind](in)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		type record struct {
			Exported any
			hidden   any
			list     []any
		}
		holders := map[string]any{"alone": v, "in a struct": record{v, v, []any{v}}, "behind a pointer": &record{v, v, []any{v}}, "in a map": map[any]any{v: v}}
		for where, h := range holders {
			var b bytes.Buffer
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p", "%t", "%b", "%08.3f", "%U", "%c", "%e"} {
				fmt.Fprintf(&b, verb+"\n", h)
			}
			fmt.Fprintln(&b, fmt.Errorf("with %v: %w", h, errors.New("x")))
			slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", h)
			slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", h)
			if j, err := json.Marshal(h); err == nil {
				b.Write(j)
			}
			if x, err := xml.Marshal(h); err == nil {
				b.Write(x)
			}
			_ = gob.NewEncoder(&b).Encode(h)
			_ = template.Must(template.New("").Parse("{{.}}")).Execute(&b, h)
			func() {
				defer func() { fmt.Fprint(&b, recover()) }()
				panic(h)
			}()
			out := b.String()
			if hex := fmt.Sprintf("%x", in); strings.Contains(out, in) || strings.Contains(out, hex) || strings.Contains(out, strings.ToUpper(hex)) {
				t.Errorf("%s %s shows itself:\n%s", kind, where, out)
			}
		}
		if _, err := json.Marshal(v); !errors.Is(err, ErrGuarded) {
			t.Errorf("%s: JSON: %v", kind, err)
		}
	}
}

// The same for the address of memory that a value's type keeps: two values that
// are equal compare as equal, and stay so as keys.
func TestEqualValuesAreEqual(t *testing.T) {
	a, _ := ParseTCKN("10000000146")
	b, _ := ParseTCKN("1000 0000 146")
	c, _ := ParseTCKN("12345678950")
	if a != b || a == c || (TCKN{}) == a || !(TCKN{}).IsZero() || (TCKN{}).Reveal() != "" {
		t.Error("equality is not that of the numbers")
	}
	if got, want := a.String(), "*********46"; got != want {
		t.Errorf("masked: %q, want %q", got, want)
	}
}
