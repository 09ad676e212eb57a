package privacy

import "rem"

// A Word is an entry of a closed list that has no rules of its own.
type Word[ID ~string] struct {
	ID   ID
	Name rem.Text
	// Term is the entry's name in another list: that of the registry of data
	// controllers (VERBİS) for categories and groups of people, a country for
	// places; may be empty elsewhere.
	Term string
}

// The identifiers of the closed lists.
type (
	CategoryID  string // a kind of personal data
	SubjectID   string // a group of people
	SourceID    string // where a value comes from, and how it was verified
	RecipientID string // who else may see it
	PlaceID     string // where it is
	SpecialID   string // whether it is of a special category, KVKK 6
	ClassID     string // what its loss would mean
	FormID      string // how it is written
)

// Categories.
const (
	Identity    CategoryID = "identity"
	ContactData CategoryID = "contact"
	Customer    CategoryID = "customer-transaction"
	SecurityLog CategoryID = "transaction-security"
	Legal       CategoryID = "legal-transaction"
	Letters     CategoryID = "correspondence"
)

// Categories returns them with the names that VERBİS uses; correspondence has
// none there.
func Categories() []Word[CategoryID] {
	return []Word[CategoryID]{
		{Identity, rem.Text{Turkish: "Kimlik", English: "Identity"}, "Kimlik"},
		{ContactData, rem.Text{Turkish: "İletişim", English: "Contact"}, "İletişim"},
		{Customer, rem.Text{Turkish: "Müşteri işlem", English: "Customer transaction"}, "Müşteri İşlem"},
		{Legal, rem.Text{Turkish: "Hukuki işlem", English: "Legal transaction"}, "Hukuki İşlem"},
		{SecurityLog, rem.Text{Turkish: "İşlem güvenliği", English: "Transaction security"}, "İşlem Güvenliği"},
		{Letters, rem.Text{Turkish: "Haberleşme içeriği", English: "Correspondence"}, "Diğer Bilgiler (haberleşme içeriği)"},
	}
}

// Groups of people.
const (
	Holders        SubjectID = "holder"
	Operators      SubjectID = "operator"
	Correspondents SubjectID = "correspondent"
	Mentioned      SubjectID = "mentioned"
	Staff          SubjectID = "staff"
	Applicants     SubjectID = "applicant"
	Visitors       SubjectID = "visitor"
	Partners       SubjectID = "partner-staff"
)

// Subjects returns the groups of people.
func Subjects() []Word[SubjectID] {
	return []Word[SubjectID]{
		{Holders, rem.Text{Turkish: "Hesap sahibi", English: "Account holder"}, "Ürün veya Hizmet Alan Kişi"},
		{Operators, rem.Text{Turkish: "İşlem yetkilisi", English: "Operator of an account"}, "Diğer (işlem yetkilisi)"},
		{Correspondents, rem.Text{Turkish: "Başka sağlayıcıdaki gönderici veya alıcı", English: "Sender or recipient at another provider"}, "Diğer (yazışılan kişi)"},
		{Mentioned, rem.Text{Turkish: "İletide adı geçen kişi", English: "Somebody whom a message mentions"}, "Diğer (iletide adı geçen kişi)"},
		{Applicants, rem.Text{Turkish: "Başvuru sahibi ve temsilcisi", English: "Applicant, and who applies for another"}, "Potansiyel Ürün veya Hizmet Alıcısı"},
		{Visitors, rem.Text{Turkish: "Siteyi ziyaret eden", English: "Visitor of the site"}, "Çevrimiçi Ziyaretçi"},
		{Partners, rem.Text{Turkish: "Sözleşmeli kurumun çalışanı", English: "Employee of a contracted institution"}, "Tedarikçi Çalışanı"},
		{Staff, rem.Text{Turkish: "Sağlayıcının çalışanı", English: "Member of the provider's staff"}, "Çalışan"},
	}
}

// Sources. S21: identity is verified, the rest is declared.
const (
	ByStaff      SourceID = "entered-by-staff"
	BySignature  SourceID = "matched-by-signature"
	ByPerson     SourceID = "declared"
	ByProgram    SourceID = "generated"
	ByOtherREMMD SourceID = "other-provider"
)

// Sources returns where values come from and how they are verified.
func Sources() []Word[SourceID] {
	return []Word[SourceID]{
		{ByStaff, rem.Text{Turkish: "çalışan komutla girer; program doğrulamaz", English: "entered by staff with a command; not verified by the program"}, "imported"},
		{BySignature, rem.Text{Turkish: "çalışan girer; her gönderimde nitelikli imza ile karşılaştırılır", English: "entered by staff; compared with the qualified signature at each submission"}, "verified"},
		{ByPerson, rem.Text{Turkish: "kişinin beyanı", English: "declared by the person"}, "declared"},
		{ByProgram, rem.Text{Turkish: "program üretir", English: "made by the program"}, "derived"},
		{ByOtherREMMD, rem.Text{Turkish: "başka bir KEPHS'nin imzaladığı zarf veya delil", English: "an envelope or evidence that another REM-MD signed"}, "imported"},
	}
}

// Recipients.
const (
	Nobody     RecipientID = "nobody"
	OwnPeople  RecipientID = "account-people"
	OtherREMMD RecipientID = "other-remmd"
	Stamper    RecipientID = "tsa"
	Certifier  RecipientID = "certification-authority"
	Scanner    RecipientID = "scanner"
	OwnStaff   RecipientID = "staff"

	// Whom the directory tells.
	DirectoryAskers  RecipientID = "directory-askers"
	CentralDirectory RecipientID = "central-directory"
	Contracted       RecipientID = "contracted-institution"
	// Services that the provider asks, all in Türkiye (S39).
	TextGateway      RecipientID = "sms-gateway"
	NoticeServer     RecipientID = "notice-mail-server"
	IdentityGate     RecipientID = "identity-gate"
	BusinessRegistry RecipientID = "business-registry"
	PhoneOperator    RecipientID = "mobile-signature-operator"
)

// Recipients returns who else may see data.
func Recipients() []Word[RecipientID] {
	return []Word[RecipientID]{
		{Nobody, rem.Text{Turkish: "kimse", English: "nobody"}, ""},
		{OwnPeople, rem.Text{Turkish: "hesabın sahibi ve işlem yetkilileri", English: "the account's holder and operators"}, ""},
		{OtherREMMD, rem.Text{Turkish: "alıcının veya göndericinin KEPHS'si ve onun kullanıcısı", English: "the recipient's or sender's REM-MD, and its user"}, ""},
		{Stamper, rem.Text{Turkish: "zaman damgası sağlayıcısı", English: "the time-stamp authority"}, ""},
		{Certifier, rem.Text{Turkish: "sertifikayı veren ESHS", English: "the certificate's issuer"}, ""},
		{Scanner, rem.Text{Turkish: "aynı işletmedeki zararlı yazılım tarayıcısı", English: "the malware scanner of the same house"}, ""},
		{OwnStaff, rem.Text{Turkish: "sağlayıcının yetkili çalışanı", English: "the provider's staff"}, ""},
		{DirectoryAskers, rem.Text{Turkish: "KEP rehberini sorgulayan kullanıcılar", English: "users who ask the directory"}, ""},
		{CentralDirectory, rem.Text{Turkish: "merkezi KEP rehberi (BTK)", English: "the central directory (BTK)"}, ""},
		{Contracted, rem.Text{Turkish: "başvurucunun seçtiği adreste doğrulama için sözleşmeli kurum", English: "the contracted institution, where the applicant chose to be called on"}, ""},
		{TextGateway, rem.Text{Turkish: "kısa ileti (SMS) hizmeti veren", English: "the gateway of text messages"}, ""},
		{NoticeServer, rem.Text{Turkish: "bildirim e-postalarını taşıyan posta sunucusu", English: "the mail server that takes notices"}, ""},
		{IdentityGate, rem.Text{Turkish: "e-Devlet Kapısı", English: "the e-government gate"}, ""},
		{PhoneOperator, rem.Text{Turkish: "mobil imza işletmecisi ve ona ulaştıran", English: "the operator of mobile signatures, and who reaches it"}, ""},
		{BusinessRegistry, rem.Text{Turkish: "Merkezi Sicil Kayıt Sistemi (MERSİS)", English: "the central registry of businesses (MERSİS)"}, ""},
	}
}

// Places.
const (
	DataFolder PlaceID = "data-folder"
	LogSink    PlaceID = "log"
	Socket     PlaceID = "control-socket"
	Links      PlaceID = "links"
	Browser    PlaceID = "browser"
)

// Places returns where data is, each with its country (S39).
func Places() []Word[PlaceID] {
	return []Word[PlaceID]{
		{DataFolder, rem.Text{Turkish: "sağlayıcının veri klasörü", English: "the provider's data folder"}, "TR"},
		{LogSink, rem.Text{Turkish: "sağlayıcının günlük sunucusu", English: "the provider's log"}, "TR"},
		{Socket, rem.Text{Turkish: "veri klasöründeki denetim yuvası", English: "the control socket in the data folder"}, "TR"},
		{Links, rem.Text{Turkish: "yetkili KEPHS, ESHS ve zaman damgası bağlantıları", English: "links to authorised REM-MDs and trust services"}, "TR"},
		{Browser, rem.Text{Turkish: "ilgili kişinin kendi tarayıcısı", English: "the browser of the person himself"}, "TR"},
	}
}

// Whether data is of a special category (KVKK 6).
const (
	NotSpecial SpecialID = "no"
	// Unseen is content that is carried unread: whoever wrote it decides what it
	// holds, and it may be anything.
	Unseen SpecialID = "unseen"
)

// Specials returns the values.
func Specials() []Word[SpecialID] {
	return []Word[SpecialID]{
		{NotSpecial, rem.Text{Turkish: "özel nitelikli değil", English: "not of a special category"}, ""},
		{Unseen, rem.Text{Turkish: "içeriğine bakılmaz; özel nitelikli veri içerebilir", English: "carried unread; may hold data of special categories"}, ""},
	}
}

// Security classes.
const (
	Public       ClassID = "public"
	Internal     ClassID = "internal"
	Confidential ClassID = "confidential"
	Secret       ClassID = "secret"
)

// Classes returns the security classes.
func Classes() []Word[ClassID] {
	return []Word[ClassID]{
		{Public, rem.Text{Turkish: "açık", English: "public"}, ""},
		{Internal, rem.Text{Turkish: "hizmete özel", English: "internal"}, ""},
		{Confidential, rem.Text{Turkish: "gizli", English: "confidential"}, ""},
		{Secret, rem.Text{Turkish: "çok gizli", English: "secret"}, ""},
	}
}

// Forms in which a holding has its data.
const (
	Plain     FormID = "plain"
	Pseudonym FormID = "pseudonym"
	Hashed    FormID = "hash"
	Encrypted FormID = "in-transit"
	Sealed    FormID = "sealed"
	// ProgramSealed is encrypted between two of the program's own steps, under a
	// key of its own that the key store wraps. Nobody opens it.
	ProgramSealed FormID = "sealed-for-program"
)

// Forms returns the forms.
func Forms() []Word[FormID] {
	return []Word[FormID]{
		{Plain, rem.Text{Turkish: "açık metin, henüz mühürlü değil", English: "in plain, not sealed yet"}, ""},
		{Pseudonym, rem.Text{Turkish: "takma ad", English: "pseudonym"}, ""},
		{Hashed, rem.Text{Turkish: "özet", English: "digest or hash"}, ""},
		{Encrypted, rem.Text{Turkish: "açık metin, TLS içinde", English: "in plain, inside TLS"}, ""},
		{Sealed, rem.Text{Turkish: "mühürlü", English: "sealed"}, ""},
		{ProgramSealed, rem.Text{Turkish: "yalnız program için mühürlü; kişi açamaz", English: "sealed for the program alone; nobody opens it"}, ""},
	}
}
