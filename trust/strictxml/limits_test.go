package strictxml_test

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"rem/trust/strictxml"
)

// AT-18.
func TestEveryLimitHoldsToTheLastUnit(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	wide := func(n int) string { return "<a>" + strings.Repeat("<b/>", n-1) + "</a>" }
	attributes := func(n int) string {
		var b strings.Builder
		b.WriteString(`<a xmlns:p="urn:p"`)
		for i := range n - 1 {
			fmt.Fprintf(&b, ` a%d=""`, i)
		}
		return b.String() + "/>"
	}
	scope := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `<a xmlns:p%d="urn:%d">`, i%2, i)
		}
		return b.String() + strings.Repeat("</a>", n)
	}
	deep := strictxml.Limits{MaxDepth: 1000}
	tests := []struct {
		name     string
		limits   strictxml.Limits
		document func(n int) string
		most     int
		rule     strictxml.Rule
	}{
		{"depth", strictxml.Limits{}, nested, strictxml.DefaultMaxDepth, strictxml.TooDeep},
		{"depth of our own", strictxml.Limits{MaxDepth: 3}, nested, 3, strictxml.TooDeep},
		{"elements", strictxml.Limits{}, wide, strictxml.DefaultMaxElements, strictxml.TooManyElements},
		{"elements of our own", strictxml.Limits{MaxElements: 3}, wide, 3, strictxml.TooManyElements},
		{"attributes", strictxml.Limits{}, attributes, strictxml.DefaultMaxAttributes, strictxml.TooManyAttributes},
		{"attributes of our own", strictxml.Limits{MaxAttributes: 3}, attributes, 3, strictxml.TooManyAttributes},
		{"declarations in force", deep, scope, 128, strictxml.TooManyNamespaces},
		{"bytes of our own", strictxml.Limits{MaxBytes: 100}, func(n int) string { return "<a/>" + strings.Repeat(" ", n-4) }, 100, strictxml.TooLarge},
		{"bytes", strictxml.Limits{}, func(n int) string { return "<a>" + strings.Repeat("x", n-7) + "</a>" }, strictxml.DefaultMaxBytes, strictxml.TooLarge},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := strictxml.Parse([]byte(test.document(test.most)), test.limits); err != nil {
				t.Errorf("%d: %v", test.most, err)
			}
			_, err := strictxml.Parse([]byte(test.document(test.most+1)), test.limits)
			if e, ok := errors.AsType[*strictxml.Error](err); !ok || e.Rule != test.rule {
				t.Errorf("%d: got %v, want %q", test.most+1, err, test.rule)
			}
		})
	}
}

// AT-18: two hundred thousand levels are refused at the sixty-fifth.
func TestDepthIsRefusedWhereItBegins(t *testing.T) {
	_, err := strictxml.Parse([]byte(strings.Repeat("<a>", 200_000)), strictxml.Limits{})
	if e, ok := errors.AsType[*strictxml.Error](err); !ok || e.Rule != strictxml.TooDeep || e.Offset != 64*len("<a>") {
		t.Errorf("got %v, want %q at byte %d", err, strictxml.TooDeep, 64*len("<a>"))
	}
}

// AT-07: ten times the document costs at most fifteen times the time, and what
// is allocated, garbage included, is bounded by the source and its elements.
func TestCostGrowsWithLength(t *testing.T) {
	repeated := func(before, unit, after string) func(n int) string {
		return func(n int) string { return before + strings.Repeat(unit, n/len(unit)) + after }
	}
	declared := func() string {
		var b strings.Builder
		for i := range 63 {
			fmt.Fprintf(&b, ` xmlns:p%d="urn:%d"`, i, i)
		}
		return b.String()
	}()
	listed := func() string {
		var b strings.Builder
		for i := range 60 {
			fmt.Fprintf(&b, ` a%d=''`, i)
		}
		return b.String()
	}()
	shapes := []struct {
		name     string
		document func(n int) string
	}{
		{"text", repeated("<a>", "x", "</a>")},
		{"text without an end", repeated("<a>", "x", "")},
		{"brackets", repeated("<a>", "]", "</a>")},
		{"references", repeated("<a>", "&#13;", "</a>")},
		{"references in a value", repeated("<a b='", "&lt;", "'/>")},
		{"reference without an end", repeated("<a>&#", "0", "</a>")},
		{"reference with many zeros", repeated("<a>&#", "0", "65;</a>")},
		{"ampersands", repeated("<a>", "&", "</a>")},
		{"carriage returns", repeated("<a>", "\r", "</a>")},
		{"carriage returns in a value", repeated("<a b='", "\r", "'/>")},
		{"CDATA sections", repeated("<a>", "<![CDATA[]]>", "</a>")},
		{"CDATA without an end", repeated("<a><![CDATA[", "]]", "</a>")},
		{"comments", repeated("<a>", "<!---->", "</a>")},
		{"comments before the root", repeated("", "<!---->", "<a/>")},
		{"hyphens in a comment", repeated("<a><!--", " -", "--></a>")},
		{"elements", repeated("<a>", "<b/>", "</a>")},
		{"elements of an outer prefix", repeated("<a"+declared+">", "<p0:b/>", "</a>")},
		{"attributes", repeated("<a>", "<b"+listed+"/>", "</a>")},
		{"identifiers", func(n int) string { return "<a>" + identified(n/len(`<b Id="i1000"/>`)) + "</a>" }},
		{"white space in tags", repeated("<a", " ", "/>")},
		{"white space after the root", repeated("<a/>", "\n", "")},
		{"a long name", repeated("<", "a", "/>")},
		{"a long name beyond ASCII", repeated("<", "ğ", "/>")},
		{"combining marks in a name", repeated("<a", "\u0323", "/>")},
		{"characters of three bytes", repeated("<a>", "\uFFFD", "</a>")},
	}
	limits := strictxml.Limits{MaxElements: 1 << 20}
	const small = 20_000
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // its pauses belong to no shape
	cost := func(src []byte) time.Duration {
		start := time.Now()
		strictxml.Parse(src, limits)
		return time.Since(start)
	}
	for _, shape := range shapes {
		t.Run(shape.name, func(t *testing.T) {
			one, ten := []byte(shape.document(small)), []byte(shape.document(10*small))
			// A floor, under which a difference is noise of the machine. The best
			// of several runs is what the parser costs; the rest is others' work.
			const floor, rounds = 200 * time.Microsecond, 30
			a, b := cost(one), cost(ten)
			for i := 0; i < rounds && (i < 3 || b > 15*max(a, floor)); i++ {
				runtime.GC()
				a, b = min(a, cost(one)), min(b, cost(ten))
			}
			if b > 15*max(a, floor) {
				t.Errorf("%d bytes took %v, %d bytes %v", len(one), a, len(ten), b)
			}

			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			d, err := strictxml.Parse(ten, limits)
			runtime.ReadMemStats(&after)
			allocated := int(after.TotalAlloc - before.TotalAlloc)
			elements := 0
			if err == nil {
				elements = d.Elements
			}
			if most := 32*len(ten) + 400*elements; allocated > most {
				t.Errorf("%d bytes with %d elements allocated %d, want at most %d", len(ten), elements, allocated, most)
			}
		})
	}
}
