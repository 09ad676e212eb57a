package mailbox_test

import (
	"slices"
	"strings"
	"testing"

	"rem/message/mailbox"
)

func TestWordsMeetAsTurkishIsWritten(t *testing.T) {
	w := mailbox.NewWords(key, "acc-1")
	for _, c := range []struct {
		text, question string
		want           bool
	}{
		{"IŞIK", "ışık", true}, {"ışık", "isik", true}, {"İSİK", "ışık", true}, {"faturaların", "FATURA", true}, {"fatura", "faturaların", false}, {"çek", "ce", false}, {"ce", "ce", true},
		{"Ayşe <ayse@hs01.kep.tr>", "hs01", true}, {"bir iki üç", "uc bir", true}, {"bir iki", "bir dört", false}, {strings.Repeat("a", 40), strings.Repeat("a", 30), true},
	} {
		kept := w.Of(c.text)
		found := !slices.ContainsFunc(w.Asked(c.question), func(x mailbox.Word) bool { return !slices.Contains(kept, x) })
		if found != c.want {
			t.Errorf("%q in %q: %t", c.question, c.text, found)
		}
	}
}

func TestWordsOfAnotherAccountAreOthers(t *testing.T) {
	mine, others := mailbox.NewWords(key, "acc-1").Of("ışık faturası"), mailbox.NewWords(key, "acc-2").Of("ışık faturası")
	if len(mine) == 0 || len(mine) != len(others) {
		t.Fatalf("%d and %d words", len(mine), len(others))
	}
	for _, x := range mine {
		if x < 0 || slices.Contains(others, x) {
			t.Errorf("word %d", x)
		}
	}
}

func TestWordsAreBounded(t *testing.T) {
	var b strings.Builder
	for n := range 60_000 {
		b.WriteString(strings.Repeat(string(rune('a'+n%26)), 3))
		for k := n; k > 0; k /= 26 {
			b.WriteRune(rune('a' + k%26))
		}
		b.WriteByte(' ')
	}
	w := mailbox.NewWords(key, "acc-1")
	kept := w.Of("önce", b.String())
	if len(kept) != mailbox.MaxWords || !slices.Contains(kept, w.Asked("önce")[0]) {
		t.Errorf("%d words are kept", len(kept))
	}
	if n := len(w.Asked(b.String())); n != mailbox.MaxAsked {
		t.Errorf("%d words are asked", n)
	}
}
