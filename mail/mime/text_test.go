package mime

import "testing"

func TestDecodeText(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		odd            bool
	}{
		{"plain", "Merhaba", "Merhaba", false},
		{"utf-8 Q", "=?utf-8?q?=C4=B0=C5=9Fte_bu?=", "İşte bu", false},
		{"utf-8 B", "=?UTF-8?B?xLDFn3Rl?=", "İşte", false},
		{"latin5", "=?iso-8859-9?Q?=DD=FEte?=", "İşte", false},
		{"windows-1254", "=?windows-1254?Q?=DD=FEte_=80?=", "İşte €", false},
		{"neighbours lose their space", "a =?utf-8?q?b?= =?utf-8?q?c?= d", "a bc d", false},
		{"a letter cut in two words", "=?utf-8?q?=C4?= =?utf-8?q?=B0?=", "İ", false},
		{"RFC 2231 language", "=?utf-8*tr?q?x?=", "x", false},
		{"a line end inside", "=?utf-8?q?a=0D=0AX-Evil:_b?=", "a\uFFFD\uFFFDX-Evil: b", false},
		{"a line separator inside", "=?utf-8?b?YeKAqGI=?=", "a\uFFFDb", false},
		{"a turned direction", "fatura\u202Efdp.exe", "fatura\uFFFDfdp.exe", false},
		{"not a word", "=?utf-8?x?a?= b =?utf-8?q?a b?=", "=?utf-8?x?a?= b =?utf-8?q?a b?=", false},
		{"an open word", "=?utf-8?q?abc", "=?utf-8?q?abc", false},
		{"an unknown set", "=?klingon?q?=80a?=", "\uFFFDa", true},
		{"raw 8-bit is read as Turkish", "\xdd\xfete", "İşte", true},
		{"bad utf-8 in a word", "=?utf-8?q?=ff?=", "\uFFFD", true},
	} {
		got, odd := DecodeText(c.in)
		if got != c.want || odd != c.odd {
			t.Errorf("%s: got %q, %v; want %q, %v", c.name, got, odd, c.want, c.odd)
		}
	}
}
