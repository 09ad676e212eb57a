package eyp

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/internal/testkit/pki"
	"rem/mail/archive"
	"rem/trust/cades"
	"rem/trust/cms"
)

// A sample is a package that is written part by part.
type sample struct {
	order []string
	parts map[string]string
}

func (s *sample) put(path, content string) {
	if s.parts == nil {
		s.parts = map[string]string{}
	}
	if _, ok := s.parts[path]; !ok {
		s.order = append(s.order, path)
	}
	s.parts[path] = content
}

func (s *sample) bytes(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, path := range s.order {
		w, err := z.Create(strings.TrimPrefix(path, "/"))
		if err == nil {
			_, err = w.Write([]byte(s.parts[path]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// attached puts the content into a detached signature, as packages carry it.
func attached(t testing.TB, der, content []byte) []byte {
	t.Helper()
	var outer, wrapped, data asn1.RawValue
	var id asn1.ObjectIdentifier
	must := func(rest []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return rest
	}
	must(asn1.Unmarshal(der, &outer))
	must(asn1.Unmarshal(must(asn1.Unmarshal(outer.Bytes, &id)), &wrapped))
	must(asn1.Unmarshal(wrapped.Bytes, &data))
	var body []byte
	for i, rest := 0, data.Bytes; len(rest) > 0; i++ {
		var f asn1.RawValue
		rest = must(asn1.Unmarshal(rest, &f))
		if i == 2 {
			f.FullBytes = cms.Element(0x30, f.Bytes, cms.Element(0xa0, cms.Element(0x04, content)))
		}
		body = append(body, f.FullBytes...)
	}
	oid, err := asn1.Marshal(id)
	if err != nil {
		t.Fatal(err)
	}
	return cms.Element(0x30, oid, cms.Element(0xa0, cms.Element(0x30, body)))
}

func signed(t testing.TB, content string) string {
	t.Helper()
	w := pki.New(t, simulator.Options{})
	id := w.Signatory(0, "yetkili@hs90.kep.test")
	s, err := cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain})
	if err != nil {
		t.Fatal(err)
	}
	if s.Hash() != crypto.SHA256 {
		t.Fatalf("the signer wants %v", s.Hash())
	}
	sum := sha256.Sum256([]byte(content))
	der, err := s.Sign(context.Background(), sum[:], testkit.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	return string(attached(t, der, []byte(content)))
}

func sum256(s string) string {
	d := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(d[:])
}

func sum512(s string) string {
	d := sha512.Sum512([]byte(s))
	return base64.StdEncoding.EncodeToString(d[:])
}

const (
	bom   = "\xef\xbb\xbf"
	types = bom + `<?xml version="1.0" encoding="utf-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="pdf" ContentType="application/pdf"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="imz" ContentType="application/octet-stream"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>`
	rels  = `<?xml version="1.0" encoding="utf-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Type="http://eyazisma.dpt/iliskiler/ustyazi" Target="/UstYazi/yazi.pdf" Id="IdUstYazi"/><Relationship Type="http://eyazisma.dpt/iliskiler/ustveri" Target="/Ustveri/Ustveri.xml" Id="IdUstveri"/></Relationships>`
)

func metadata(version int, number string) string {
	root, tail := "Ustveri", number
	if version == 2 {
		root, tail = "UstVeri", ""
	}
	return fmt.Sprintf(`<?xml version="1.0" encoding="utf-8"?><%[1]s xmlns="urn:dpt:eyazisma:schema:xsd:Ustveri-%[2]d" xmlns:t="urn:dpt:eyazisma:schema:xsd:Tipler-%[2]d">`+
		`<t:BelgeId>4B6A2E0C-7E2B-4B0C-9C54-4F6E7D0C1A11</t:BelgeId><t:Konu languageID="TR">Şenlik daveti</t:Konu>%[3]s<t:GuvenlikKodu>TSD</t:GuvenlikKodu><t:MimeTuru>application/pdf</t:MimeTuru>`+
		`<t:DagitimListesi><t:Dagitim><t:KurumKurulus><t:KKK>24301050</t:KKK><t:Adi>Örnek Bakanlığı</t:Adi></t:KurumKurulus><t:Ivedilik>IVD</t:Ivedilik><t:DagitimTuru>GRG</t:DagitimTuru></t:Dagitim>`+
		`<t:Dagitim><t:GercekSahis><t:Kisi><t:IlkAdi>Bora</t:IlkAdi><t:Soyadi>Deniz</t:Soyadi></t:Kisi><t:TCKN>10000000146</t:TCKN></t:GercekSahis><t:DagitimTuru>BLG</t:DagitimTuru></t:Dagitim></t:DagitimListesi>`+
		`<t:Ekler><t:Ek><t:Id>1</t:Id><t:Tur>DED</t:Tur><t:DosyaAdi>rapor.pdf</t:DosyaAdi><t:Ad>Rapor</t:Ad></t:Ek><t:Ek><t:Tur>FZK</t:Tur><t:Ad>Bir adet CD</t:Ad></t:Ek></t:Ekler>`+
		`<t:Dil>tur</t:Dil><t:Olusturan><t:TuzelSahis><t:Id schemeID="MERSIS">0123456789012345</t:Id><t:Adi>Örnek Derneği</t:Adi></t:TuzelSahis></t:Olusturan><t:DosyaAdi>yazi.pdf</t:DosyaAdi></%[1]s>`,
		root, version, tail)
}

const number = `<t:Tarih>2026-10-08T00:00:00+03:00</t:Tarih><t:BelgeNo>E-06-115-22</t:BelgeNo>`

// build writes a package of a version, signed.
func build(t testing.TB, version int) *sample {
	s := &sample{}
	s.put("/[Content_Types].xml", types)
	s.put("/_rels/.rels", rels)
	s.put("/UstYazi/yazi.pdf", "%PDF-1.7 üst yazı")
	s.put("/Ekler/rapor.pdf", "%PDF-1.7 rapor")
	s.put("/Ustveri/Ustveri.xml", metadata(version, number))
	if version == 2 {
		s.put("/NihaiUstveri/NihaiUstveri.xml", `<NihaiUstveri xmlns="urn:dpt:eyazisma:schema:xsd:NihaiUstveri-2" xmlns:t="urn:dpt:eyazisma:schema:xsd:Tipler-2">`+number+`</NihaiUstveri>`)
	}
	s.summarise(t, version)
	return s
}

func (s *sample) summarise(t testing.TB, version int) {
	var b strings.Builder
	fmt.Fprintf(&b, `%s<?xml version="1.0" encoding="utf-8"?><PaketOzeti Id="x" xmlns="urn:dpt:eyazisma:schema:xsd:PaketOzeti-%d">`, bom, version)
	for _, path := range []string{"/UstYazi/yazi.pdf", "/Ekler/rapor.pdf", "/Ustveri/Ustveri.xml"} {
		c := s.parts[path]
		fmt.Fprintf(&b, `<Reference URI="%s" Type="http://eyazisma.dpt/bilesen#dahili">`, path)
		if version == 1 {
			fmt.Fprintf(&b, `<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>%s</DigestValue>`, sum256(c))
		} else {
			fmt.Fprintf(&b, `<DigestItem><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>%s</DigestValue></DigestItem><DigestItem><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/><DigestValue>%s</DigestValue></DigestItem>`, sum256(c), sum512(c))
		}
		b.WriteString(`</Reference>`)
	}
	b.WriteString(`</PaketOzeti>`)
	s.put("/PaketOzeti/PaketOzeti.xml", b.String())
	s.put("/Imzalar/ImzaCades.imz", signed(t, b.String()))
}

func read(t testing.TB, b []byte) (*Package, error) {
	t.Helper()
	return Read(bytes.NewReader(b), int64(len(b)), Options{})
}

func TestPackagesAreRead(t *testing.T) {
	for version, name := range map[int]string{1: "1.x", 2: "2.x"} {
		t.Run(name, func(t *testing.T) {
			p, err := read(t, build(t, version).bytes(t))
			if err != nil {
				t.Fatal(err)
			}
			m := p.Metadata
			if p.Version != name || p.Encrypted || m.Subject != "Şenlik daveti" || m.Number != "E-06-115-22" || m.Time.Format("2006-01-02") != "2026-10-07" || m.SecurityText().Turkish != "Tasnif dışı" {
				t.Errorf("metadata %+v of %s", m, p.Version)
			}
			if len(m.From) != 1 || m.From[0].Name != "Örnek Derneği" || m.From[0].ID != "MERSIS 0123456789012345" {
				t.Errorf("from %+v", m.From)
			}
			if len(m.To) != 2 || m.To[0].Name != "Örnek Bakanlığı" || m.To[0].Role.Turkish != "Gereği, ivedi" || m.To[1].Name != "Bora Deniz" || m.To[1].ID != "" {
				t.Errorf("to %+v", m.To)
			}
			if len(m.Attachments) != 2 || m.Attachments[0].Part != "/Ekler/rapor.pdf" || m.Attachments[1].Part != "" {
				t.Errorf("attachments %+v", m.Attachments)
			}
			if l := p.Letter; l == nil || l.Name != "yazi.pdf" || l.Type != "application/pdf" || l.Declared != "application/pdf" || l.Sum != SumAgrees {
				t.Errorf("letter %+v", l)
			}
			if len(p.Signatures) != 1 || p.Signatures[0].State != Verified || p.Signatures[0].Signed == nil || p.Signatures[0].Over != "/PaketOzeti/PaketOzeti.xml" {
				t.Errorf("signatures %+v", p.Signatures)
			}
			if len(p.Findings) != 0 {
				t.Errorf("found %v", p.Findings)
			}
			if len(p.Unverified) < 2 {
				t.Errorf("it claims too much: %v", p.Unverified)
			}
		})
	}
}

// What was changed in a package is found, and where it was changed.
func TestAChangedPackageIsFound(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*sample)
		kind   string
		state  State
		sum    Sum
	}{
		{"the letter", func(s *sample) { s.put("/UstYazi/yazi.pdf", "%PDF-1.7 başka") }, "digest-differs", Verified, SumDiffers},
		{"the summary too", func(s *sample) {
			old := s.parts["/UstYazi/yazi.pdf"]
			s.put("/UstYazi/yazi.pdf", "%PDF-1.7 başka")
			sum := s.parts["/PaketOzeti/PaketOzeti.xml"]
			s.put("/PaketOzeti/PaketOzeti.xml", strings.NewReplacer(sum256(old), sum256("%PDF-1.7 başka"), sum512(old), sum512("%PDF-1.7 başka")).Replace(sum))
		}, "signature-broken", Broken, SumAgrees},
		{"an attachment taken away", func(s *sample) {
			delete(s.parts, "/Ekler/rapor.pdf")
			s.order = []string{"/[Content_Types].xml", "/_rels/.rels", "/UstYazi/yazi.pdf", "/Ustveri/Ustveri.xml", "/PaketOzeti/PaketOzeti.xml", "/Imzalar/ImzaCades.imz"}
		}, "missing-part", Verified, SumAgrees},
		{"a program for a letter", func(s *sample) { s.put("/UstYazi/yazi.pdf", "MZ\x00\x00") }, "letter-type", Verified, SumDiffers},
		{"a signature that is none", func(s *sample) { s.put("/Imzalar/ImzaCades.imz", "imza") }, "", Present, SumAgrees},
		{"a value of the signature", func(s *sample) {
			b := []byte(s.parts["/Imzalar/ImzaCades.imz"])
			b[len(b)-1] ^= 1
			s.put("/Imzalar/ImzaCades.imz", string(b))
		}, "signature-broken", Broken, SumAgrees},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := build(t, 2)
			c.change(s)
			p, err := read(t, s.bytes(t))
			if err != nil {
				t.Fatal(err)
			}
			found := c.kind == ""
			for _, f := range p.Findings {
				found = found || f.Kind == c.kind
			}
			if !found || p.Letter.Sum != c.sum || p.Signatures[0].State != c.state {
				t.Errorf("found %v; letter %s; signature %s %s", p.Findings, p.Letter.Sum, p.Signatures[0].State, p.Signatures[0].Reason)
			}
		})
	}
}

// An old digest proves nothing, and is not said to.
func TestSHA1IsNotTakenForProof(t *testing.T) {
	s := build(t, 1)
	s.put("/PaketOzeti/PaketOzeti.xml", strings.ReplaceAll(s.parts["/PaketOzeti/PaketOzeti.xml"], "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"))
	p, err := read(t, s.bytes(t))
	if err != nil || p.Letter.Sum != SumUnknown {
		t.Fatalf("%+v %v", p, err)
	}
}

func TestWhatIsNoPackageIsRefused(t *testing.T) {
	twice := build(t, 1)
	twice.put("/ustveri/USTVERI.xml", "x")
	doctype := build(t, 1)
	doctype.put("/Ustveri/Ustveri.xml", `<!DOCTYPE x [<!ENTITY y "z">]><Ustveri xmlns="urn:dpt:eyazisma:schema:xsd:Ustveri-1"/>`)
	other := build(t, 1)
	other.put("/Ustveri/Ustveri.xml", `<Ustveri xmlns="urn:x"/>`)
	empty := &sample{}
	empty.put("/a.txt", "x")
	bomb := build(t, 1)
	bomb.put("/Ekler/b.bin", strings.Repeat("\x00", 20<<20))
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"no zip": {[]byte("x"), archive.ErrForm}, "a name twice": {twice.bytes(t), ErrForm}, "a document type": {doctype.bytes(t), ErrForm},
		"another schema": {other.bytes(t), ErrForm}, "another zip": {empty.bytes(t), ErrForm}, "a bomb": {bomb.bytes(t), archive.ErrLimit},
	} {
		if _, err := read(t, c.in); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnEncryptedPackageIsSaidToBe(t *testing.T) {
	s := &sample{}
	s.put("/[Content_Types].xml", types)
	s.put("/SifreliIcerik/x.eyp", "şifreli")
	p, err := read(t, s.bytes(t))
	if err != nil || !p.Encrypted || p.Letter != nil {
		t.Fatalf("%+v %v", p, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(build(f, 1).bytes(f))
	f.Add(build(f, 2).bytes(f))
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := Read(bytes.NewReader(in), int64(len(in)), Options{Archive: archive.Limits{Total: 1 << 20, Entries: 100}, XML: 1 << 16})
		if err == nil && (len(p.Findings) > 100 || len(p.Unverified) == 0) {
			t.Fatalf("%+v", p)
		}
	})
}

// FuzzMetadata reaches the XML, which FuzzRead seldom does through a zip.
func FuzzMetadata(f *testing.F) {
	f.Add(metadata(1, number), rels)
	f.Add(metadata(2, ""), rels)
	f.Fuzz(func(t *testing.T, meta, relations string) {
		s := &sample{}
		s.put("/[Content_Types].xml", types)
		s.put("/_rels/.rels", relations)
		s.put("/Ustveri/Ustveri.xml", meta)
		p, err := read(t, s.bytes(t))
		if err == nil && strings.ContainsAny(p.Metadata.Subject+p.Metadata.Number, "\r\n\x00") {
			t.Fatalf("%+v", p.Metadata)
		}
	})
}
