package envelope

import (
	"bytes"
	"fmt"
	"slices"

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
	inner := &mime.Header{Span: m.Parts[0].Header.Span, Fields: repeated(m.Parts[0].Header.Fields)}
	length := 0
	for i := range inner.Fields {
		length += len(inner.Fields[i].Raw)
	}
	k := desks.Get().(*desk)
	defer k.clear()
	boundary, _ := m.Type.Param("boundary")
	e.micalg, _ = m.Type.Param("micalg")
	b := mime.NewBuilder(k.head[:0])
	smime.Before(b, boundary, e.micalg)
	want, err := b.Bytes()
	if err != nil {
		return structure("its shell cannot be ours: %v", err)
	}
	start := e.Signed.Start - int64(len(want)+length)
	if start < 0 {
		return structure("its header is not the one that is signed")
	}
	k.head = want
	got, err := k.read(e.src, mime.Span{Start: start, End: e.Signed.Start})
	if err != nil {
		return err
	}
	same := true
	for i := range inner.Fields {
		raw := inner.Fields[i].Raw
		same = same && string(got[:len(raw)]) == raw
		got = got[len(raw):]
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
	b = mime.NewBuilder(k.head[:0])
	smime.After(b, boundary, e.Signature)
	if want, err = b.Bytes(); err != nil {
		return structure("its shell cannot be ours: %v", err)
	}
	k.head = want
	around := mime.Span{Start: e.Signed.End, End: e.src.Size()}
	if around.Len() != int64(len(want)) {
		return structure("something stands around its signature")
	}
	if got, err = k.read(e.src, around); err != nil {
		return fmt.Errorf("%w: %w", ErrStructure, err)
	}
	if !bytes.Equal(got, want) {
		return structure("something stands around its signature")
	}
	e.Header, e.Protected = inner, true
	return nil
}

// repeated are the fields of the signed part that repeat the envelope's: all
// but its own two, which stand first where we write them.
func repeated(fields []mime.Field) []mime.Field {
	own := func(f mime.Field) bool { return f.Is("Content-Type") || f.Is("Content-Transfer-Encoding") }
	for len(fields) > 0 && own(fields[0]) {
		fields = fields[1:]
	}
	if !slices.ContainsFunc(fields, own) {
		return fields[:len(fields):len(fields)]
	}
	return slices.DeleteFunc(slices.Clone(fields), own)
}

// read returns bytes of src, which are looked at and not kept.
func (k *desk) read(src mime.Source, s mime.Span) ([]byte, error) {
	if m, ok := src.(mime.Memory); ok {
		return s.Bytes(m, int(s.Len()))
	}
	b, err := s.Append(k.tail[:0], src)
	k.tail = b
	return b, err
}
