package envelope

import (
	"bytes"
	"fmt"

	"rem/mail/mime"
	"rem/mail/smime"
)

// The shell is what lies around the signed bytes. No signature covers it, so
// the signed part repeats the header fields (RFC 9788, hp="clear") and the rest
// is always written in one way ([smime.Before], [smime.After]). A reader that
// knows both can tell any change of any byte: see [Envelope.Protected].

// protect reads the repeated header of an envelope that has one, and holds the
// shell against it byte for byte. Fields that the mail's way put on top, such
// as Received, may stand before.
func (e *Envelope) protect(m *mime.Message) error {
	if hp, _ := m.Parts[0].Type.Param("hp"); hp != "clear" {
		return nil
	}
	inner := &mime.Header{Span: m.Parts[0].Header.Span}
	length := 0
	for _, f := range m.Parts[0].Header.Fields {
		if f.Is("Content-Type") || f.Is("Content-Transfer-Encoding") {
			continue
		}
		inner.Fields = append(inner.Fields, f)
		length += len(f.Raw)
	}
	boundary, _ := m.Type.Param("boundary")
	e.micalg, _ = m.Type.Param("micalg")
	b := mime.NewBuilder(make([]byte, 0, 512))
	smime.Before(b, boundary, e.micalg)
	want, err := b.Bytes()
	if err != nil {
		return structure("its shell cannot be ours: %v", err)
	}
	start := e.Signed.Start - int64(len(want)+length)
	if start < 0 {
		return structure("its header is not the one that is signed")
	}
	got, err := mime.Span{Start: start, End: e.Signed.Start}.Bytes(e.src, len(want)+length)
	if err != nil {
		return err
	}
	same := true
	for _, f := range inner.Fields {
		same = same && string(got[:len(f.Raw)]) == f.Raw
		got = got[len(f.Raw):]
	}
	begins := false
	for _, f := range m.Header.Fields {
		if begins = f.Span.Start == start; begins {
			break
		}
		if inner.Count(f.Name) > 0 {
			return structure("%.80q stands before the signed header", f.Name)
		}
	}
	if !begins || !same || !bytes.Equal(got, want) {
		return structure("its header is not the one that is signed")
	}
	b = mime.NewBuilder(make([]byte, 0, 512+len(e.Signature)/2*3))
	smime.After(b, boundary, e.Signature)
	if want, err = b.Bytes(); err != nil {
		return structure("its shell cannot be ours: %v", err)
	}
	got, err = mime.Span{Start: e.Signed.End, End: e.src.Size()}.Bytes(e.src, 2*maxSignature)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStructure, err)
	}
	if !bytes.Equal(got, want) {
		return structure("something stands around its signature")
	}
	e.Header, e.Protected = inner, true
	return nil
}
