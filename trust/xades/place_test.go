package xades

import (
	"bytes"
	"testing"
)

func TestTheFirstSignatureIsFoundWhereItStands(t *testing.T) {
	for _, src := range []string{
		"", "Signature ", "<ds:Signature", "<ds:Signature ", "<a>Signature </a><ds:Signature >", "ds:Signature <ds:Signature ",
		"<ds:Signature <ds:Signature ", "<ds:SignatureValue><xs:Signature ><dsig:Signature ></a>", "SSignature <ds:SSignature <ds:Signature ",
	} {
		if got, want := signatureStart([]byte(src)), bytes.Index([]byte(src), []byte("<ds:Signature ")); got != want {
			t.Errorf("in %q at %d, want %d", src, got, want)
		}
	}
}
