package html

import (
	"runtime"
	"strings"
	"testing"
)

// AT-07: what is allocated grows with the length, and no faster.
func TestSafeIsLinear(t *testing.T) {
	for name, make := range map[string]func(n int) string{
		"open elements": func(n int) string { return strings.Repeat("<div><b>", n) },
		"formatting":    func(n int) string { return strings.Repeat("<b a=1><p>x</p>", n) },
		"styles":        func(n int) string { return strings.Repeat("<p style='display:none'>x", n) },
		"rules": func(n int) string {
			return "<style>" + strings.Repeat(".x{display:none}", n) + "</style>" + strings.Repeat("<p class='x x x'>", n)
		},
		"attributes":      func(n int) string { return "<p " + strings.Repeat("a=b ", n) + ">" },
		"links":           func(n int) string { return strings.Repeat("<a href='https://a.example/'>b.example", n) },
		"comments":        func(n int) string { return strings.Repeat("<!--[if x]>y<![endif]-->", n) },
		"unclosed":        func(n int) string { return strings.Repeat("<", n) },
		"entities":        func(n int) string { return strings.Repeat("&amp", n) },
		"ends":            func(n int) string { return strings.Repeat("<div>", 100) + strings.Repeat("</b>", n) },
		"tables":          func(n int) string { return strings.Repeat("<table><tr><td>", n) },
		"quotations":      func(n int) string { return strings.Repeat("<blockquote>x", n) },
		"a long word":     func(n int) string { return "<a href=https://a.example>" + strings.Repeat("b.", n) },
		"blank":           func(n int) string { return strings.Repeat("&nbsp;<br>", n) },
		"a declaration":   func(n int) string { return "<p style='" + strings.Repeat("a:b;", n) + "'>" },
		"media in a rule": func(n int) string { return "<style>" + strings.Repeat("@media all{", n) + "</style>" },
	} {
		t.Run(name, func(t *testing.T) {
			used := func(n int) uint64 {
				in := make(n)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				Safe(in, Options{})
				runtime.ReadMemStats(&after)
				return after.TotalAlloc - before.TotalAlloc
			}
			used(100)
			small, large := used(2000), used(20000)
			if large > 15*small+1<<20 {
				t.Errorf("%d bytes for n, %d for ten times n", small, large)
			}
		})
	}
}
