package soap

import (
	"bytes"
	"strings"
	"testing"
)

// Whatever comes, reading it ends, stays within its bounds, and gives either a known
// operation with fields of its type, or a fault with a text.
func FuzzEnvelope(f *testing.F) {
	for _, o := range []string{"Giris", "PaketSorgula", "MimeYap", "KotaSorgula"} {
		for _, x := range []*form{soap11, soap12} {
			f.Add([]byte(`<e:Envelope xmlns:e="` + x.space + `" xmlns:s="` + serviceSpace + `" xmlns:t="` + typesSpace + `"><e:Header/><e:Body><s:` + o +
				`><s:param0><t:kepHesap><t:kepHesap>a@hs90.kep.test</t:kepHesap></t:kepHesap><t:ekler t:fileName="a">YQ==</t:ekler></s:param0></s:` + o + `></e:Body></e:Envelope>`))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		op, in, _, err := parse(b)
		if err != nil {
			if told, ok := err.(*fault); !ok || told.text.Turkish == "" || told.text.English == "" {
				t.Fatalf("%v has no text", err)
			}
			return
		}
		elements := typed(op.in)
		for _, c := range in.children {
			found := false
			for _, e := range elements {
				found = found || e.name == c.name && (e.many || len(in.all(c.name)) == 1)
			}
			if !found {
				t.Fatalf("%s has %q", op.name, c.name)
			}
		}
		// What was read is written so that it is read again.
		var out bytes.Buffer
		escape(&out, in.get("konu"))
		if strings.ContainsAny(out.String(), "<\x00") {
			t.Fatalf("%q is written as %q", in.get("konu"), out.String())
		}
	})
}

// Every type that the table names is there, and every operation is done or says why
// not.
func TestTheTableIsWhole(t *testing.T) {
	for _, x := range types {
		for _, e := range x.elements {
			if !strings.HasPrefix(e.kind, "xs:") && e.kind != attachment && typed(e.kind) == nil {
				t.Errorf("%s.%s has the type %q", x.name, e.name, e.kind)
			}
		}
	}
	if len(operations) < 25 {
		t.Errorf("there are %d operations", len(operations))
	}
	for _, o := range operations {
		if typed(o.in) == nil || typed(o.out) == nil && !strings.HasPrefix(o.out, "xs:") {
			t.Errorf("%s: %s gives %s", o.name, o.in, o.out)
		}
		if (o.do == nil) == (o.not.Turkish == "") || (o.do == nil) == (o.text.Turkish != "") {
			t.Errorf("%s is neither done nor refused, or both", o.name)
		}
	}
}
