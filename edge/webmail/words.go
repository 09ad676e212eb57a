package webmail

import (
	"fmt"
	"strings"
	"unicode"

	"rem"
	"rem/edge/web"
	"rem/message/timeline"
	"rem/trust/validation"
)

func trimmed(s string) string { return strings.TrimSpace(s) }

// shown keeps what comes from others from turning the order of letters, and from
// taking more than one line.
func shown(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '\t' || c == '\n' || c == '\r' {
			return ' '
		}
		if !unicode.IsPrint(c) {
			return unicode.ReplacementChar
		}
		return c
	}, s)
}

// octets writes a size for people.
func octets(n int64) rem.Text {
	const k = 1024
	switch {
	case n < k:
		return text(fmt.Sprintf("%d bayt", n), fmt.Sprintf("%d bytes", n))
	case n < k*k:
		return same(fmt.Sprintf("%d KB", (n+k-1)/k))
	case n < k*k*k:
		return decimal(float64(n)/(k*k), "MB")
	}
	return decimal(float64(n)/(k*k*k), "GB")
}

func decimal(f float64, unit string) rem.Text {
	s := fmt.Sprintf("%.1f %s", f, unit)
	return text(strings.Replace(s, ".", ",", 1), s)
}

func verdictTone(v validation.Verdict) web.Tone {
	switch v {
	case validation.TotalPassed:
		return web.Good
	case validation.TotalFailed:
		return web.Bad
	}
	return web.Attention
}

var verdictNames = map[validation.Verdict]rem.Text{
	validation.TotalPassed:   text("geçerli", "valid"),
	validation.Indeterminate: text("belirsiz", "indeterminate"),
	validation.TotalFailed:   text("geçersiz", "not valid"),
}

func verdictBadge(v validation.Verdict) web.Cell { return badge(verdictNames[v], verdictTone(v)) }

func progressTone(p timeline.Progress) web.Tone {
	switch p {
	case timeline.Done:
		return web.Good
	case timeline.Failed:
		return web.Bad
	case timeline.Unknown:
		return web.Attention
	}
	return web.Plain
}
