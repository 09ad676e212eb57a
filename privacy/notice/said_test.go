package notice

import (
	"testing"

	"rem/privacy"
)

// A fact's name begins a line: in Turkish i becomes İ.
func TestTheNameOfAFactBeginsALine(t *testing.T) {
	name, value, ok := Fact{Name: factAddress, Value: "Ankara"}.Say(privacy.Turkish)
	if !ok || name.Turkish != "Adres" || name.English != "Address" || value != "Ankara" {
		t.Errorf("%+v %q %t", name, value, ok)
	}
	for from, want := range map[string]string{"istenen rızalar": "İstenen rızalar", "ışık": "Işık", "Türkçe unvan": "Türkçe unvan"} {
		if got := begins(from, turkishUpper); got != want {
			t.Errorf("%q becomes %q", from, got)
		}
	}
}
