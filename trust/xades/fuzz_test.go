package xades_test

import (
	"testing"

	"rem/trust/strictxml"
	"rem/trust/xades"
)

// Whatever the bytes are: no panic, and what is accepted is one element,
// without a signature in it.
func FuzzVerify(f *testing.F) {
	root := evidence(f)
	f.Add(sign(f, signer(f, signings[0], nil), root))
	f.Add(sign(f, stamped(f, signings[0]), root))
	for _, form := range foreignForms {
		if form.w.key == "" {
			w := form.w
			w.augment = func(d *written) { d.stampValue(); d.values(); d.archive() }
			f.Add(w.sign(f, root))
		}
	}
	f.Add(root)
	f.Add([]byte(`<a xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:Signature Id="x"></ds:Signature></a>`))
	o := xades.VerifyOptions{Cache: xades.NewCache(4)}
	f.Fuzz(func(t *testing.T, src []byte) {
		v, err := xades.Verify(src, o)
		if err != nil {
			if v != nil {
				t.Fatal("a result beside an error")
			}
			return
		}
		again, err := strictxml.Parse(v.Document.Source, strictxml.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		if again.Root.Start != 0 || again.Root.End != len(again.Source) || again.Comments != 0 {
			t.Fatal("more than one element was signed")
		}
		if find(again.Root, "Signature") != nil {
			t.Fatal("the signature signs itself")
		}
	})
}
