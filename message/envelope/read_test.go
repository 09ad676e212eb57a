package envelope

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/internal/testkit/pki"
	"rem/mail/mime"
	"rem/trust/cades"
)

const plainOriginal = "From: a@b.test\r\nMessage-ID: <1@b.test>\r\n\r\nx\r\n\r\n"

// foreign builds an envelope as other makers do. Each field is a piece that a
// case may replace; the signed part is signed by m when it is not nil.
type foreign struct {
	header    string // of the envelope
	intro     string // whole parts, each with its header, without boundaries
	parts     []string
	signature string // header of the signature's part
	protocol  string
}

func kit() foreign {
	return foreign{
		header: "From: \"On behalf of: a@b.test\" <service@b.test>\nTo: <c@d.test>\nSubject: REM Dispatch: x\nMessage-ID: <2@b.test>\n" +
			"REM-MetadataVersion: EN31953203V010201\nREM-MessageType: http://uri.etsi.org/19522/v1#/ERDMessageType/dispatch\n",
		intro: "REM-Section-Type: rem_message/introduction\nContent-Type: multipart/alternative;\n\tboundary=\"----=_Part_3\"\n\n" +
			"------=_Part_3\nContent-Type: text/plain;\n\tcharset=\"UTF-8\"\nContent-Transfer-Encoding: quoted-printable\n\nREM Dispatch\n\n" +
			"------=_Part_3\nContent-Type: text/html;\n\tcharset=\"UTF-8\"\n\n<h1>REM Dispatch</h1>\n\n------=_Part_3--\n",
		parts: []string{
			"Content-Type: message/rfc822; name=AttachedMimeMessage\nContent-Transfer-Encoding: binary\nContent-Disposition: attachment; filename=AttachedMimeMessage\n" +
				"REM-Section-Type: rem_message/original\n\n" + plainOriginal,
			"Content-Type: application/xml; charset=UTF-8; name=\"SubmissionAcceptance.xml\";\nContent-Transfer-Encoding: base64\n" +
				"Content-Disposition: attachment; filename=\"SubmissionAcceptance.xml\"\nREM-Section-Type: rem_message/xml_evidence\n\nPHg+PC94Pg==\n",
		},
		signature: "Content-Type: application/pkcs7-signature; name=smime.p7s; smime-type=signed-data\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=\"smime.p7s\"\n",
		protocol:  " protocol=\"application/pkcs7-signature\"; micalg=sha-256;",
	}
}

// build writes the envelope; a line end that is LF alone becomes CRLF.
func (f foreign) build(t testing.TB, s *cades.Signer) []byte {
	t.Helper()
	signed := "Content-Type: multipart/mixed;\n\tboundary=\"----=_Part_2\"\n\n"
	for _, p := range append([]string{f.intro}, f.parts...) {
		if p != "" {
			signed += "------=_Part_2\n" + p + "\n"
		}
	}
	signed = lines(signed + "------=_Part_2--\n")
	der := []byte("no signature")
	if s != nil {
		h := s.Hash().New()
		io.WriteString(h, signed)
		var err error
		if der, err = s.Sign(context.Background(), h.Sum(nil), at); err != nil {
			t.Fatal(err)
		}
	}
	return []byte(lines(f.header+"MIME-Version: 1.0\nContent-Type: multipart/signed;"+f.protocol+"\n\tboundary=\"----=_Part_1\"\n\nThis is a multi-part message in MIME format.\n\n------=_Part_1\n") +
		signed + lines("\n------=_Part_1\n"+f.signature+"\n"+base64.StdEncoding.EncodeToString(der)+"\n------=_Part_1--\n"))
}

func lines(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n")
}

// The habits of other makers (EN 319 532-3 and the X-REM form of TS 102 640)
// are read, and the original comes out to its last CRLF.
func TestForeignEnvelopesAreRead(t *testing.T) {
	w := pki.New(t, simulator.Options{Key: simulator.RSA2048})
	id := w.REMMD("hs91.kep.test")
	s, err := cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain})
	if err != nil {
		t.Fatal(err)
	}
	original, evidence := kit().parts[0], kit().parts[1]
	noMarks := func(p string) string {
		return strings.ReplaceAll(strings.ReplaceAll(p, "REM-Section-Type: rem_message/original\n", ""), "REM-Section-Type: rem_message/xml_evidence\n", "")
	}
	for _, c := range []struct {
		name   string
		change func(*foreign)
		want   Kind
	}{
		{"a kit's dispatch", func(*foreign) {}, Dispatch},
		{"fields on top from the mail's way", func(f *foreign) { f.header = "Return-Path: <x@y>\nReceived: by z\n" + f.header }, Dispatch},
		{"a signature without disposition and name", func(f *foreign) {
			f.signature = "Content-Type: application/pkcs7-signature\nContent-Transfer-Encoding: base64\n"
		}, Dispatch},
		{"an old name of the signature's type", func(f *foreign) {
			f.signature = "Content-Type: application/x-pkcs7-signature\nContent-Transfer-Encoding: base64\n"
			f.protocol = ""
		}, Dispatch},
		{"binary evidence", func(f *foreign) {
			f.parts[1] = "Content-Type: application/xml\nContent-Transfer-Encoding: binary\nREM-Section-Type: rem_message/xml_evidence\n\n<x></x>"
		}, Dispatch},
		{"quoted-printable evidence of octets", func(f *foreign) {
			f.parts[1] = "Content-Type: application/octet-stream; name=e.xml\nContent-Transfer-Encoding: quoted-printable\nREM-Section-Type: rem_message/xml_evidence\n\n=3Cx></=\nx>"
		}, Dispatch},
		{"X-REM alone, the original last, no marks", func(f *foreign) {
			f.header = "From: <service@b.test>\nX-REM-Msg-Type: Dispatch\nX-REM-Evidence-Type: SubmissionAcceptanceRejection\n"
			f.parts = []string{"Content-Type: application/xml; name=REMExtensions.xml\n\n<e/>", noMarks(evidence), noMarks(original)}
		}, Dispatch},
		{"X-REM marks", func(f *foreign) {
			f.header = "From: <service@b.test>\nX-REM-Msg-Type: Dispatch\n"
			f.parts = []string{strings.ReplaceAll(noMarks(original), "Content-Disposition", "X-REM-Section-Type: Original Message\nContent-Disposition"),
				strings.ReplaceAll(noMarks(evidence), "Content-Disposition", "X-REM-Section-Type: Evidence\nContent-Disposition")}
		}, Dispatch},
		{"a receipt", func(f *foreign) {
			f.header = strings.ReplaceAll(f.header, "/dispatch", "/receipt")
			f.parts = f.parts[1:]
		}, Message},
		{"a receipt with a PDF beside", func(f *foreign) {
			f.header = strings.ReplaceAll(f.header, "/dispatch", "/receipt")
			f.parts = []string{evidence, "Content-Type: application/pdf\nREM-Section-Type: rem_message/pdf_evidence\n\n%PDF"}
		}, Message},
		{"a notification", func(f *foreign) {
			f.header = strings.ReplaceAll(f.header, "/dispatch", "/notification")
			f.parts = nil
		}, Notification},
		{"a payload", func(f *foreign) {
			f.header = strings.ReplaceAll(f.header, "/dispatch", "/payload")
			f.parts = f.parts[:1]
		}, Payload},
		{"a type that nobody knows", func(f *foreign) { f.header = strings.ReplaceAll(f.header, "/dispatch", "/else") }, Dispatch},
	} {
		f := kit()
		c.change(&f)
		e, err := Read(bytes.NewReader(f.build(t, s)))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if e.Kind != c.want || e.Protected {
			t.Errorf("%s: read as %s, protected %v", c.name, e.Kind, e.Protected)
		}
		if e.Kind == Dispatch || e.Kind == Message {
			if len(e.Evidence) != 1 || string(e.Evidence[0].Content) != "<x></x>" {
				t.Errorf("%s: evidence %+v", c.name, e.Evidence)
			}
		}
		if r := e.OriginalReader(); r != nil {
			if got, err := io.ReadAll(r); err != nil || string(got) != plainOriginal {
				t.Errorf("%s: original %q, %v", c.name, got, err)
			}
		}
		if _, err := e.Verify(cades.VerifyOptions{}); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestReadIsStrictAboutStructure(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*foreign)
		want   error
	}{
		{"two originals", func(f *foreign) { f.parts = append(f.parts, f.parts[0]) }, ErrStructure},
		{"two introductions", func(f *foreign) { f.parts = append(f.parts, f.intro) }, mime.ErrSyntax},
		{"an encoded original", func(f *foreign) { f.parts[0] = strings.Replace(f.parts[0], "binary", "base64", 1) }, ErrStructure},
		{"an original of another type", func(f *foreign) { f.parts[0] = strings.Replace(f.parts[0], "message/rfc822", "text/plain", 1) }, ErrStructure},
		{"an empty original", func(f *foreign) { f.parts[0] = strings.Replace(f.parts[0], plainOriginal, "", 1) }, ErrStructure},
		{"stray bytes in evidence", func(f *foreign) { f.parts[1] = strings.Replace(f.parts[1], "PHg+", "PHg+!!!!", 1) }, ErrStructure},
		{"an unknown encoding", func(f *foreign) { f.parts[1] = strings.Replace(f.parts[1], "base64", "uuencode", 1) }, ErrStructure},
		{"evidence with parts", func(f *foreign) {
			f.parts[1] = strings.Replace(f.intro, "introduction", "xml_evidence", 1)
			f.intro = ""
		}, ErrStructure},
		{"a type that is not there", func(f *foreign) { f.parts = f.parts[1:] }, ErrStructure},
		{"no signature", func(f *foreign) { f.signature = "Content-Type: text/plain\n" }, ErrStructure},
		{"another protocol", func(f *foreign) { f.protocol = " protocol=\"application/pgp-signature\";" }, ErrStructure},
		{"two types of one field", func(f *foreign) { f.parts[1] = "Content-Type: text/plain\n" + f.parts[1] }, ErrStructure},
		{"a boundary in the original", func(f *foreign) { f.parts[0] += "------=_Part_2\n\nx\n" }, nil},
		{"a closing boundary in the original", func(f *foreign) { f.parts[0] += "------=_Part_2--\n\nx\n" }, ErrStructure},
		{"the outer boundary in the original", func(f *foreign) { f.parts[0] += "------=_Part_1\n\nx\n" }, ErrStructure},
		{"too many evidences", func(f *foreign) {
			for range MaxEvidence {
				f.parts = append(f.parts, f.parts[1])
			}
		}, ErrStructure},
	} {
		f := kit()
		c.change(&f)
		e, err := Read(mime.Memory(f.build(t, nil)))
		if c.name == "two introductions" {
			if err == nil {
				t.Errorf("%s: read as %s", c.name, e.Kind)
			}
			continue
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

func TestOtherMailIsNoEnvelope(t *testing.T) {
	f := kit()
	f.header = "From: a@b.test\n"
	f.intro = "Content-Type: text/plain\n\nSee the attached.\n"
	f.parts = []string{"Content-Type: message/rfc822\n\n" + plainOriginal, "Content-Type: application/xml; name=x.xml\n\n<x/>"}
	for name, in := range map[string][]byte{
		"a person's signed mail":  f.build(t, nil),
		"plain mail":              letter(300),
		"its header alone":        []byte("X-REM-Msg-Type: Dispatch\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n"),
		"claimed, but not signed": []byte("X-REM-Msg-Type: Dispatch\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"),
	} {
		if e, err := Read(mime.Memory(in)); !errors.Is(err, ErrNotEnvelope) {
			t.Errorf("%s: got %v, %v", name, e, err)
		}
	}
}

// No byte of an envelope of ours can be changed: not in what is signed, not in
// the header, not around the signature. REM_LONG=1 changes each one.
func TestEveryChangedByteIsNoticed(t *testing.T) {
	m, w := world(t, simulator.P256)
	envelope := dispatch(t, m, letter(300))
	holds := func(b []byte) bool {
		e, err := Read(mime.Memory(b))
		if err != nil {
			return false
		}
		v, err := e.Verify(cades.VerifyOptions{})
		if err != nil {
			return false
		}
		// The certificates above the signer's are not signed by it; a changed one
		// breaks the path.
		path := append(v.Chain, w.Root().Certificate)
		for i := range path[:len(path)-1] {
			if path[i].CheckSignatureFrom(path[i+1]) != nil {
				return false
			}
		}
		return true
	}
	if !holds(envelope) {
		t.Fatal("the envelope does not hold unchanged")
	}
	step, r := 13, testkit.Rand(t, 6)
	if testkit.Long() {
		step = 1
	}
	n := 0
	for i := r.IntN(step); i < len(envelope); i += step {
		for _, bit := range []byte{1, 0x20, 0x80, byte(1 + r.IntN(255))} {
			changed := bytes.Clone(envelope)
			changed[i] ^= bit
			n++
			if holds(changed) {
				t.Errorf("byte %d, %q for %q: nobody notices", i, changed[i], envelope[i])
			}
		}
	}
	t.Logf("%d changes", n)
	for i := 0; i < len(envelope); i += step * 5 { // bytes taken out or put in
		for _, changed := range [][]byte{append(bytes.Clone(envelope[:i]), envelope[i+1:]...), append(append(bytes.Clone(envelope[:i]), ' '), envelope[i:]...)} {
			if holds(changed) {
				t.Errorf("byte %d taken out or put in: nobody notices", i)
			}
		}
	}
}

func TestFieldsOnTopAreNoChange(t *testing.T) {
	m, _ := world(t, simulator.P256)
	envelope := dispatch(t, m, letter(300))
	e := readBytes(t, append([]byte("Return-Path: <>\r\nReceived: by x\r\n"), envelope...))
	if _, err := e.Verify(cades.VerifyOptions{}); err != nil || !e.Protected {
		t.Errorf("protected %v: %v", e.Protected, err)
	}
	for _, top := range []string{"Subject: x\r\n", "X-REM-Event: Delivery\r\n", "reply-to: x@y\r\n"} {
		if _, err := Read(mime.Memory(append([]byte(top), envelope...))); !errors.Is(err, ErrStructure) {
			t.Errorf("%q on top: got %v", top, err)
		}
	}
}

func TestReadStopsAtItsLimits(t *testing.T) {
	f := kit()
	f.parts[1] = "Content-Type: application/xml\nREM-Section-Type: rem_message/xml_evidence\n\n" + strings.Repeat("x\n", maxEvidenceBytes/2+1)
	if _, err := Read(mime.Memory(f.build(t, nil))); !errors.Is(err, mime.ErrLimit) {
		t.Errorf("a large evidence: got %v", err)
	}
	f = kit()
	f.parts[1] = "Content-Type: application/xml\nREM-Section-Type: rem_message/xml_evidence\n\n" + strings.Repeat("x", maxEvidenceBytes-1)
	for range maxContentBytes / maxEvidenceBytes {
		f.parts = append(f.parts, f.parts[1])
	}
	if _, err := Read(mime.Memory(f.build(t, nil))); !errors.Is(err, mime.ErrLimit) {
		t.Errorf("much evidence: got %v", err)
	}
}

// A frozen sample of each release stays readable, whatever is written now.
func TestFrozenSamplesAreRead(t *testing.T) {
	for name, want := range map[string]Kind{"testdata/v1/dispatch.eml": Dispatch, "testdata/v1/message.eml": Message} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		e := readBytes(t, b)
		if _, err := e.Verify(cades.VerifyOptions{}); err != nil || e.Kind != want || !e.Protected {
			t.Errorf("%s: %s, protected %v, %v", name, e.Kind, e.Protected, err)
		}
	}
}

// AT-06: an envelope of ours, and a nasty original in it, mean one thing to
// every reader.
func TestEveryReaderSeesTheSameEnvelope(t *testing.T) {
	m := &Maker{hs9, constant{}}
	for _, name := range []string{"a letter", "8-bit", "dots", "an envelope", "what ends an envelope", "over a chunk"} {
		c, err := mime.Compare(mime.Memory(dispatch(t, m, nasty()[name])), mime.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c.Ambiguous() {
			t.Errorf("%s: %s", name, c.Difference())
		}
	}
}

// AT-11: whatever a part calls itself is a text.
func TestNamesOfPartsAreTexts(t *testing.T) {
	for _, name := range []string{"../../etc/passwd", "/etc/passwd", "a\\b", "nul\x01", strings.Repeat("x", 900)} {
		f := kit()
		f.parts[1] = strings.ReplaceAll(f.parts[1], "SubmissionAcceptance.xml", strings.ReplaceAll(name, "\\", "\\\\"))
		e, err := Read(mime.Memory(f.build(t, nil)))
		if err != nil {
			continue
		}
		if got := e.Evidence[0].Name; strings.ContainsAny(got, "\x00\x01\r\n") {
			t.Errorf("%q became %q", name, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(dispatchOf(letter(300)))
	f.Add(kit().build(f, nil))
	receipt := kit()
	receipt.parts = receipt.parts[1:]
	f.Add(receipt.build(f, nil))
	f.Fuzz(func(t *testing.T, in []byte) {
		e, err := Read(mime.Memory(in))
		pieces, err2 := Read(bytes.NewReader(in))
		if (err == nil) != (err2 == nil) {
			t.Fatalf("in memory %v, by pieces %v", err, err2)
		}
		if err != nil {
			return
		}
		if e.Kind != pieces.Kind || e.Original != pieces.Original || e.Signed != pieces.Signed {
			t.Fatal("in memory and by pieces differ")
		}
		inside := func(what string, s mime.Span) {
			if s.Start < e.Signed.Start || s.End > e.Signed.End || s.Start > s.End {
				t.Fatalf("%s %v is outside of %v", what, s, e.Signed)
			}
		}
		if !e.Original.IsZero() {
			inside("original", e.Original)
		}
		for _, p := range e.Evidence {
			inside("evidence", p.Span)
		}
		if (e.Kind == Dispatch || e.Kind == Payload) == e.Original.IsZero() || (e.Kind == Dispatch || e.Kind == Message) != (len(e.Evidence) > 0) {
			t.Fatalf("a %s with original %v and %d evidences", e.Kind, e.Original, len(e.Evidence))
		}
		if _, err := e.Verify(cades.VerifyOptions{}); err == nil {
			t.Fatal("a signature that nobody made holds")
		}
	})
}
