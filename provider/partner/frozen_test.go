package partner_test

import (
	"bytes"
	"os"
	"testing"

	"rem/provider/partner"
)

// The steps that version 1 wrote are read for ever, and written as they were:
// docs/formats/work-order.md.
func TestTheFirstVersionIsRead(t *testing.T) {
	b, err := os.ReadFile("testdata/v1/order.txt")
	if err != nil {
		t.Fatal(err)
	}
	var o partner.Order
	for _, step := range bytes.Split(b, []byte("----\n")) {
		d, err := partner.ReadStep(step)
		if err != nil {
			t.Fatal(err)
		}
		again, err := partner.WriteStep(&d)
		if err != nil || !bytes.Equal(again, step) {
			t.Errorf("it is written otherwise: %v\n%s", err, again)
		}
		o = o.After(d)
	}
	holder, ours := o.Holder()
	if o.State != partner.Done || o.Steps != 6 || len(o.Custody) != 3 || holder == "" || !ours || o.Result.Document.Number != "*******99" || len(o.Evidence) != 2 {
		t.Errorf("%+v", o)
	}
	text, err := o.Result.Write()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := os.ReadFile("testdata/v1/result.txt")
	if err != nil || !bytes.Equal(text, signed) {
		t.Errorf("what was signed is written otherwise: %v\n%s", err, text)
	}
}
