package conformance_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rem/edge/control"
	"rem/person/account"
)

// hostile is a letter that would like to: load from elsewhere, hide words, lead to
// another address than it shows.
const hostile = `<html><head><style>p{color:#333}</style></head><body><h1>Teklif</h1><p>Sayın ilgili, teklifimiz ektedir.</p>
<img src="https://izleme.invalid/1.png"><script>document.title="ele gecirildi"</script>
<div style="display:none">gizli cayma maddesi</div>
<p><a href="https://sahte.invalid/giris">https://www.turkiye.gov.tr</a></p></body></html>`

// offer is an original with a form, attachments of several kinds and an e-Yazışma
// package.
func (m *mailbox) offer(t *testing.T) string {
	t.Helper()
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.Create("çizelge.csv")
	m.must(err)
	_, err = w.Write([]byte("ürün;fiyat\nçay;12\n"))
	m.must(err)
	m.must(z.Close())
	return mixedEntity(t, "Sayın ilgili, teklifimiz ektedir.\r\n", hostile, map[string][]byte{
		"fiyat listesi.pdf": []byte(copyOfCard), "fatura.pdf.exe": append([]byte("MZ\x90\x00"), make([]byte, 200)...), "tablolar.zip": archive.Bytes(), "yazi.eyp": m.eyp(t),
	})
}

// eyp is an e-Yazışma package of version 2, whose summary bora signed with openssl.
func (m *mailbox) eyp(t *testing.T) []byte {
	t.Helper()
	const (
		schema = "urn:dpt:eyazisma:schema:xsd:"
		number = `<t:Tarih>2026-10-08T00:00:00+03:00</t:Tarih><t:BelgeNo>E-06-115-22</t:BelgeNo>`
	)
	parts := [][2]string{
		{"[Content_Types].xml", `<?xml version="1.0" encoding="utf-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="pdf" ContentType="application/pdf"/><Default Extension="xml" ContentType="application/xml"/></Types>`},
		{"_rels/.rels", `<?xml version="1.0" encoding="utf-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Type="http://eyazisma.dpt/iliskiler/ustyazi" Target="/UstYazi/yazi.pdf" Id="IdUstYazi"/><Relationship Type="http://eyazisma.dpt/iliskiler/ustveri" Target="/Ustveri/Ustveri.xml" Id="IdUstveri"/></Relationships>`},
		{"UstYazi/yazi.pdf", copyOfCard},
		{"Ustveri/Ustveri.xml", `<?xml version="1.0" encoding="utf-8"?><UstVeri xmlns="` + schema + `Ustveri-2" xmlns:t="` + schema + `Tipler-2"><t:BelgeId>4B6A2E0C-7E2B-4B0C-9C54-4F6E7D0C1A11</t:BelgeId><t:Konu languageID="TR">Şenlik daveti</t:Konu><t:GuvenlikKodu>TSD</t:GuvenlikKodu><t:MimeTuru>application/pdf</t:MimeTuru>` +
			`<t:DagitimListesi><t:Dagitim><t:KurumKurulus><t:KKK>24301050</t:KKK><t:Adi>Örnek Bakanlığı</t:Adi></t:KurumKurulus><t:Ivedilik>IVD</t:Ivedilik><t:DagitimTuru>GRG</t:DagitimTuru></t:Dagitim></t:DagitimListesi>` +
			`<t:Dil>tur</t:Dil><t:Olusturan><t:TuzelSahis><t:Id schemeID="MERSIS">0123456789012345</t:Id><t:Adi>Örnek Derneği</t:Adi></t:TuzelSahis></t:Olusturan><t:DosyaAdi>yazi.pdf</t:DosyaAdi></UstVeri>`},
		{"NihaiUstveri/NihaiUstveri.xml", `<NihaiUstveri xmlns="` + schema + `NihaiUstveri-2" xmlns:t="` + schema + `Tipler-2">` + number + `</NihaiUstveri>`},
	}
	var summary strings.Builder
	fmt.Fprintf(&summary, `<?xml version="1.0" encoding="utf-8"?><PaketOzeti Id="x" xmlns="%sPaketOzeti-2">`, schema)
	for _, p := range parts[2:4] {
		d := sha256.Sum256([]byte(p[1]))
		fmt.Fprintf(&summary, `<Reference URI="/%s" Type="http://eyazisma.dpt/bilesen#dahili"><DigestItem><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>%s</DigestValue></DigestItem></Reference>`, p[0], base64.StdEncoding.EncodeToString(d[:]))
	}
	summary.WriteString(`</PaketOzeti>`)
	in, out := keeps(t, "ozet.xml", []byte(summary.String())), filepath.Join(t.TempDir(), "ImzaCades.imz")
	runs(t, "openssl", "openssl", "cms", "-sign", "-nodetach", "-binary", "-cades", "-md", "sha256", "-outform", "DER", "-signer", m.bora.who.Certificate, "-inkey", m.bora.who.Key, "-in", in, "-out", out)
	parts = append(parts, [2]string{"PaketOzeti/PaketOzeti.xml", summary.String()}, [2]string{"Imzalar/ImzaCades.imz", string(read(t, out))})
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		w, err := z.Create(p[0])
		m.must(err)
		_, err = w.Write([]byte(p[1]))
		m.must(err)
	}
	m.must(z.Close())
	return b.Bytes()
}

// closes opens an account and closes it.
func (m *mailbox) closes(t *testing.T, n int, address string) {
	t.Helper()
	who, err := m.world.Person(n, address)
	m.must(err)
	c := m.control(ownDomain, "operator-7")
	_, err = c.AddAccount(t.Context(), control.NewAccount{Address: address, Holder: who.Name(), Identity: who.IdentityNumber, Password: mailPassword})
	m.must(err)
	m.must(c.SetState(t.Context(), address, account.Closed, account.ByRequest))
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
