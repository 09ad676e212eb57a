package soap

import (
	"context"

	"rem"
	"rem/person/token"
)

// An element of a type. Each may be absent: the public programs send what they
// need, and what an operation cannot do without, it asks for.
type element struct {
	name, kind string // kind is a simple type (xs:…), attachment, or the name of a type
	many       bool
}

// attachment is what a file is: base64 in place, or an xop:Include.
const attachment = "base64Binary"

// types are those of the requests and answers, in the order of the description.
var types = []struct {
	name     string
	elements []element
}{
	{"eyKepHesapGirisP", []element{one("kepHesap"), one("tcno"), one("parola"), one("sifre")}},
	{"eyGiris", []element{credentials, one("girisTur")}},
	{"eyGirisSonuc", []element{one("durum"), one("hataaciklama"), one("eMetin"), one("eHash"), one("eGuvenlikId")}},
	{"eyGuvenliGiris", []element{credentials, one("girisTur"), one("smsKey"), of("eCadesBes", attachment), one("eGuvenlikId")}},
	{"eyGuvenliGirisSonuc", []element{one("durum"), one("hataaciklama"), one("eGuvenlikId")}},
	{"eyMimeYap", []element{credentials, one("ePaketTur"), one("ePaketId"), one("kime"), one("konu"), one("icerik"), one("eIcerikTur"), many("ekler", attachment), one("eOzetAlg")}},
	{"eyMimeYapSonuc", []element{one("durum"), one("hataaciklama"), one("eHash"), one("mesajid")}},
	{"eySmimeGonder", []element{credentials, one("mesajid"), of("imza", attachment)}},
	{"eyDurumSonuc", []element{of("durum", "xs:int"), one("hataaciklama")}},
	{"eyYukle", []element{credentials, of("ePaket", attachment), one("ePaketTur")}},
	{"eyYukleSonuc", []element{of("durum", "xs:int"), one("kepId"), one("hataaciklama")}},
	{"eyPaketSorgula", []element{credentials, of("ilktarih", "xs:dateTime"), of("sontarih", "xs:dateTime"), one("dizin")}},
	{"eyPaketSonuc", []element{
		many("durum", "xs:int"), many("kepId", "xs:string"), many("OrgMesajId", "xs:string"), many("kepSiraNo", "xs:int"), many("from", "xs:string"),
		many("fromKep", "xs:string"), many("konu", "xs:string"), many("tur", "xs:string"), many("turId", "xs:string"), many("hataaciklama", "xs:string"),
	}},
	{"eyIndir", []element{credentials, one("kepId"), of("kepSiraNo", "xs:int"), one("ePart"), one("eGuvenlikId"), one("dizin")}},
	{"eyIndirSonuc", []element{of("durum", "xs:int"), many("ePaket", attachment), one("hataaciklama")}},
	{"eyPaketKepId", []element{credentials, one("kepId"), of("kepSiraNo", "xs:int"), one("dizin")}},
	{"eyPaketDelilSonuc", []element{
		many("durum", "xs:int"), many("delilId", "xs:string"), many("delilTurId", "xs:int"), many("delilaciklama", "xs:string"), many("tarih", "xs:string"),
		many("kephs", "xs:string"), many("hataaciklama", "xs:string"),
	}},
	{"eyPaketDelilId", []element{credentials, one("delilId")}},
	{"eyPaketDelilIndirSonuc", []element{of("durum", "xs:int"), of("eDelil", attachment), one("hataaciklama")}},
	{"eyIstatistikSonuc", []element{
		of("durum", "xs:int"), of("gelen", "xs:long"), of("acilmamis", "xs:long"), of("giden", "xs:long"), of("delil", "xs:long"), of("taslak", "xs:long"), one("hataaciklama"),
	}},
	{"eyRehberGercek", []element{credentials, one("kepAdres"), one("kimlikNo")}},
	{"eyRehberTuzel", []element{credentials, one("kepAdres"), one("unvan"), one("mersisNo"), one("vergiNo"), one("detsisNo")}},
	{"eyRehberBilgi", []element{one("alan"), one("deger")}},
	{"eyRehberKayit", []element{one("kepAdres"), many("bilgi", "eyRehberBilgi")}},
	{"eyRehberSonuc", []element{of("durum", "xs:int"), one("aciklama"), many("kayit", "eyRehberKayit"), one("hataaciklama")}},
	{"eyRehberToplu", []element{credentials, many("kepAdres", "xs:string")}},
	{"eyRehberTopluSonuc", []element{
		many("durum", "xs:int"), many("kepAdres", "xs:string"), many("sonuc", "xs:string"), many("aciklama", "xs:string"), many("hataaciklama", "xs:string"),
	}},
	{"eyYukleTebligat", []element{credentials, of("ePaket", attachment), one("BirimId"), one("BirimAdi"), one("Barkod"), one("Donuslu")}},
	{"eyYetkiliKayit", []element{
		credentials, one("kepYetkiliTCNO"), one("kepYetkiliTel"), one("kepYetkiliEPosta"), one("kepYetkiliAdi"), one("kepYetkiliSoyadi"), one("islemTip"),
	}},
	{"eyYetkiliSil", []element{credentials, one("kepYetkiliTCNO")}},
	{"eyTevdiListesi", []element{credentials}},
	{"eyTevdiListesiSil", []element{credentials}},
}

func one(name string) element        { return element{name: name, kind: "xs:string"} }
func of(name, kind string) element   { return element{name: name, kind: kind} }
func many(name, kind string) element { return element{name: name, kind: kind, many: true} }

var credentials = of("kepHesap", "eyKepHesapGirisP")

// typed finds a type; nil for a simple one.
func typed(name string) []element {
	for i := range types {
		if types[i].name == name {
			return types[i].elements
		}
	}
	return nil
}

// An operation is one of eyServis.
type operation struct {
	name    string
	in, out string
	many    bool // out is repeated
	// scope is what the token needs; "": any token that holds will do.
	scope token.Scope
	text  rem.Text // what it does here
	do    func(*Handler, context.Context, *call) ([]node, error)
	// not says why it is not done; do is nil then.
	not rem.Text
}

func find(name string) *operation {
	for i := range operations {
		if operations[i].name == name {
			return &operations[i]
		}
	}
	return nil
}

// operations are all, in the order of the description. It is filled by init, since
// what they do looks at the table again.
var operations []operation

func init() {
	operations = []operation{
		{name: "Giris", in: "eyGiris", out: "eyGirisSonuc", do: (*Handler).login,
			text: text("Belirteci denetler; yarım saat geçerli bir oturum numarası verir.", "Checks the token; gives a session that holds for half an hour.")},
		{name: "GuvenliGiris", in: "eyGuvenliGiris", out: "eyGuvenliGirisSonuc", do: (*Handler).secureLogin,
			text: text("Giris ile aynıdır; SMS kodu veya imza alınmaz, programın yetkisi belirtecidir.", "The same as Giris; no text-message code and no signature is taken, a program's authority is its token.")},
		{name: "MimeYap", in: "eyMimeYap", out: "eyMimeYapSonuc", scope: token.Send, do: (*Handler).compose,
			text: text("Taslak açar ve imzalanacak bölümün SHA-256 özetini (base64) verir.", "Begins a draft and gives the SHA-256 digest (base64) of the part to be signed.")},
		{name: "SmimeGonder", in: "eySmimeGonder", out: "eyDurumSonuc", scope: token.Send, do: (*Handler).send,
			text: text("Özetin ayrık CAdES imzasını (CMS SignedData, DER) alır ve iletiyi gönderir.", "Takes the detached CAdES signature (CMS SignedData, DER) over the digest and submits the message.")},
		{name: "Yukle", in: "eyYukle", out: "eyYukleSonuc", scope: token.Send, do: (*Handler).upload,
			text: text("İmzalı S/MIME iletisini baytı baytına gönderir; ETebligat yapılmaz.", "Submits a signed S/MIME message byte for byte; ETebligat is not done.")},
		{name: "PaketSorgula", in: "eyPaketSorgula", out: "eyPaketSonuc", scope: token.List, do: (*Handler).packages, text: listing},
		{name: "PaketSorgula2", in: "eyPaketSorgula", out: "eyPaketSonuc", scope: token.List, do: (*Handler).packages, text: listing},
		{name: "PaketSorgula3", in: "eyPaketSorgula", out: "eyPaketSonuc", scope: token.List, do: (*Handler).packages, text: listing},
		{name: "Indir", in: "eyIndir", out: "eyIndirSonuc", scope: token.Read, do: (*Handler).download,
			text: text("İçeriği verir. Gelen iletide bu, okumaktır: açılmamışsa okundu delili oluşur. ALL: ileti ve delilleri; ORGM: ileti; ORGMATTACH: ekleri.",
				"Gives the content. Of a received message this is retrieval: its evidence is made at the first time. ALL: the message and its evidence; ORGM: the message; ORGMATTACH: its attachments.")},
		{name: "AlindiOnay", in: "eyPaketKepId", out: "eyDurumSonuc", scope: token.Read, do: (*Handler).acknowledge,
			text: text("Gelen iletiyi içeriğini vermeden açar: okundu delili oluşur.", "Opens a received message without giving its content: makes the evidence of retrieval.")},
		{name: "PaketSil", in: "eyPaketKepId", out: "eyDurumSonuc", scope: token.Manage, do: (*Handler).discard,
			text: text("Çöp kutusuna taşır; deliller ve kayıtlar saklanır.", "Moves to the trash; evidence and records are kept.")},
		{name: "PaketDelilSorgula", in: "eyPaketKepId", out: "eyPaketDelilSonuc", scope: token.List, do: (*Handler).proofs,
			text: text("İletinin delillerini listeler.", "Lists the evidence of a message.")},
		{name: "PaketDetayDelilSorgula", in: "eyPaketKepId", out: "eyPaketDelilSonuc", scope: token.List, do: (*Handler).proofs,
			text: text("PaketDelilSorgula ile aynıdır.", "The same as PaketDelilSorgula.")},
		{name: "PaketDelilIndir", in: "eyPaketDelilId", out: "eyPaketDelilIndirSonuc", scope: token.List, do: (*Handler).proof,
			text: text("Delilin imzalı XML'ini baytı baytına verir.", "Gives the signed XML of an evidence byte for byte.")},
		{name: "KotaSorgula", in: "eyKepHesapGirisP", out: "xs:int", scope: token.Account, do: (*Handler).quota,
			text: text("Kutunun doluluk yüzdesini verir; kutu dolsa da alım sürer.", "Gives how full the mailbox is, in per cent; reception never stops.")},
		{name: "IstatistikSorgula", in: "eyKepHesapGirisP", out: "eyIstatistikSonuc", scope: token.Account, do: (*Handler).statistics,
			text: text("Klasörlerdeki sayıları verir.", "Counts what is in the folders.")},
		{name: "DizinSorgula", in: "eyKepHesapGirisP", out: "xs:string", many: true, scope: token.List, do: (*Handler).folders,
			text: text("Klasörleri IMAP biçimindeki adlarıyla listeler.", "Lists the folders by names in the manner of IMAP.")},
		{name: "RehberGercekKisiSorgula", in: "eyRehberGercek", out: "eyRehberSonuc", scope: token.Directory, do: (*Handler).natural, text: asking},
		{name: "RehberTuzelKisiSorgula", in: "eyRehberTuzel", out: "eyRehberSonuc", scope: token.Directory, do: (*Handler).legal, text: asking},
		{name: "RehberTopluKontrol", in: "eyRehberToplu", out: "eyRehberTopluSonuc", scope: token.Directory, do: (*Handler).check,
			text: text("Adresleri topluca denetler.", "Checks addresses in a batch.")},
		{name: "KontorSorgula", in: "eyKepHesapGirisP", out: "xs:int", not: credits},
		{name: "TumKontorSorgula", in: "eyKepHesapGirisP", out: "xs:int", not: credits},
		{name: "YukleTebligat", in: "eyYukleTebligat", out: "eyYukleSonuc", not: notices},
		{name: "TevdiListesiOlustur", in: "eyTevdiListesi", out: "eyDurumSonuc", not: notices},
		{name: "TevdiListesiSil", in: "eyTevdiListesiSil", out: "eyDurumSonuc", not: notices},
		{name: "YetkiliKayit", in: "eyYetkiliKayit", out: "eyDurumSonuc", not: text(
			"İşlem yetkilisi bu arayüzden eklenmez: kişinin kimliği doğrulanır ve onayı alınır. Hesap sayfalarında “İşlem yetkilileri” bölümünü kullanınız.",
			"Operators are not added here: the person is identified and agrees. Use “Operators” of the account's pages.")},
		{name: "YetkiliSil", in: "eyYetkiliSil", out: "eyDurumSonuc", not: text(
			"T.C. kimlik numarasıyla kişi aranmaz. Yetkiyi hesap sayfalarında ya da REST arayüzünde (DELETE /api/v1/operators/{person}) sonlandırınız.",
			"Nobody is looked up by an identity number. End the authority on the account's pages, or by REST (DELETE /api/v1/operators/{person}).")},
	}
}

var (
	listing = text("Bir klasörü tarih aralığıyla listeler; okundu delili oluşmaz. Üç biçimi aynıdır.", "Lists a folder between two times; makes no evidence of retrieval. The three forms are the same.")
	asking  = text("Rehberde tam bir bilgiyle arar; sorgular kaydedilir.", "Asks the directory by one exact thing; questions are recorded.")
	credits = text("Bu hizmette kontör yoktur ve bu arayüz ücret bilgisi vermez. Ücret tarifesi sitede yayımlanır.", "There are no credits in this service, and this interface tells no prices. The tariff is published on the site.")
	notices = text("Bu sağlayıcı e-Tebligat ve tevdi listesi işlemi yapmaz.", "This provider carries out no e-Tebligat and no posting lists.")
)

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }
