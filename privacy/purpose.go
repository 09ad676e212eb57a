package privacy

import "rem"

// A Ground is a condition under which KVKK 5 allows processing.
type Ground string

// The grounds of KVKK 5, by paragraph and letter.
const (
	Consent         Ground = "5/1"
	ByLaw           Ground = "5/2-a"
	Impossibility   Ground = "5/2-b"
	ForContract     Ground = "5/2-c"
	LegalObligation Ground = "5/2-ç"
	MadePublic      Ground = "5/2-d"
	RightsAtLaw     Ground = "5/2-e"
	Interest        Ground = "5/2-f"
)

// GroundNames are the grounds as people read them.
var GroundNames = map[Ground]rem.Text{
	Consent:         {Turkish: "açık rıza", English: "explicit consent"},
	ByLaw:           {Turkish: "kanunlarda açıkça öngörülmesi", English: "expressly provided for by law"},
	Impossibility:   {Turkish: "fiili imkânsızlık hâlinde hayatın korunması", English: "protection of life where consent is impossible"},
	ForContract:     {Turkish: "sözleşmenin kurulması veya ifası", English: "making or carrying out a contract"},
	LegalObligation: {Turkish: "hukuki yükümlülük", English: "legal obligation"},
	MadePublic:      {Turkish: "ilgili kişinin alenileştirmesi", English: "made public by the person"},
	RightsAtLaw:     {Turkish: "bir hakkın tesisi, kullanılması veya korunması", English: "establishing, exercising or defending a right"},
	Interest:        {Turkish: "meşru menfaat", English: "legitimate interest"},
}

// A PurposeID names a purpose in data and tables.
type PurposeID string

// The purposes. Which of them are in use says [Purposes].
const (
	Identification  PurposeID = "identification"
	AccountOpening  PurposeID = "account-opening"
	AccountUse      PurposeID = "account-operation"
	Carriage        PurposeID = "registered-delivery"
	DirectoryEntry  PurposeID = "directory"
	Ease            PurposeID = "ease-of-use"
	Contact         PurposeID = "contact"
	Support         PurposeID = "support"
	Notices         PurposeID = "notices"
	Quality         PurposeID = "quality"
	Development     PurposeID = "development"
	Personalisation PurposeID = "personalisation"
	Statistics      PurposeID = "statistics"
	UsageAnalysis   PurposeID = "usage-analysis"
	Advertisement   PurposeID = "advertising"
	Security        PurposeID = "security"
	LegalRecord     PurposeID = "legal-record"
	Disclosure      PurposeID = "disclosure"
	Rights          PurposeID = "rights"

	// Each optional field of the directory is a purpose of its own, so that it has a
	// consent of its own (REQ-75).
	DirectoryService   PurposeID = "directory-service"
	DirectoryTitle     PurposeID = "directory-title"
	DirectoryPostal    PurposeID = "directory-address"
	DirectorySignature PurposeID = "directory-signature-data"
	DirectoryPhone     PurposeID = "directory-phone"
	DirectoryOperator  PurposeID = "directory-operator"
)

// A Purpose is what data may be used for.
type Purpose struct {
	ID      PurposeID
	Name    rem.Text
	Grounds []Ground
	// Notice are the statements of the privacy notice that name it.
	Notice []string
	// Term is the nearest purpose of the Data Privacy Vocabulary 2.
	Term string
	// Off says why nothing is processed for it today; the zero Text: it is in use.
	Off rem.Text
	// AskedBy is the package that asks the ledger of consents at each use. A purpose
	// that rests on consent alone is in use with one, and not otherwise (S02, S34).
	AskedBy string
}

// InUse reports whether data is processed for the purpose today.
func (p Purpose) InUse() bool { return p.Off == rem.Text{} }

var (
	notBuilt = rem.Text{Turkish: "bu bölüm henüz yok; bu amaçla veri işlenmiyor", English: "not built yet; nothing is processed for it"}
	byChoice = rem.Text{Turkish: "kapalı; ancak açık rıza kaydı varken açılabilir", English: "off; can be switched on only with a recorded consent"}
)

// Purposes returns the closed list: the nine of S27, the account operations of
// S03, the five that S19 mixes into one acceptance and that stand apart here, and
// the duties that follow from S06, S07, S43 and S44.
func Purposes() []Purpose {
	text := func(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }
	return []Purpose{
		{ID: AccountUse, Name: text("Hesap işlemleri", "Operating the account"),
			Grounds: []Ground{ByLaw, ForContract}, Notice: []string{"S03", "S27"}, Term: "AccountManagement"},
		{ID: Carriage, Name: text("Kayıtlı iletinin gönderimi, iletimi, teslimi ve delillendirilmesi", "Submitting, relaying, delivering and evidencing registered messages"),
			Grounds: []Ground{ByLaw, ForContract, RightsAtLaw}, Notice: []string{"S03", "S27"}, Term: "RequestedServiceProvision"},
		{ID: Identification, Name: text("Kimlik ve yetkinin doğrulanması", "Verifying identity and authority"),
			Grounds: []Ground{ByLaw, LegalObligation}, Notice: []string{"S21", "S22", "S27"}, Term: "IdentityVerification"},
		{ID: AccountOpening, Name: text("Doğrulanan kişiye hesap açılması", "Opening an account for who was verified"),
			Grounds: []Ground{ByLaw, ForContract}, Notice: []string{"S27"}, Term: "ServiceRegistration"},
		{ID: Notices, Name: text("Zorunlu hizmet bildirimleri", "Notices that the service owes"),
			Grounds: []Ground{ForContract, LegalObligation}, Notice: []string{"S19", "S29"}, Term: "CommunicationManagement"},
		{ID: Security, Name: text("Bilgi güvenliği ve işlem güvenliği kayıtları", "Information security and its log"),
			Grounds: []Ground{LegalObligation, Interest}, Notice: []string{"S06", "S37"}, Term: "EnforceSecurity"},
		{ID: LegalRecord, Name: text("Yasal kayıtların saklanması", "Keeping the records that the law asks for"),
			Grounds: []Ground{ByLaw, LegalObligation, RightsAtLaw}, Notice: []string{"S43"}, Term: "RecordManagement"},
		{ID: DirectoryEntry, Name: text("KEP rehberi", "The directory"),
			Grounds: []Ground{ByLaw, Consent}, Notice: []string{"S27", "S28"}, Term: "ServiceProvision", AskedBy: "provider/directory"},
		{ID: DirectoryService, Name: text("Rehberde hizmet alma şeklinin gösterilmesi", "Showing the form of service in the directory"),
			Grounds: []Ground{Consent}, Notice: []string{"S28"}, Term: "ServiceProvision", AskedBy: "provider/directory"},
		{ID: DirectoryTitle, Name: text("Rehberde unvanın gösterilmesi", "Showing the title in the directory"),
			Grounds: []Ground{Consent}, Notice: []string{"S28"}, Term: "ServiceProvision", AskedBy: "provider/directory"},
		{ID: DirectoryPostal, Name: text("Rehberde posta adresinin gösterilmesi", "Showing the postal address in the directory"),
			Grounds: []Ground{Consent}, Notice: []string{"S28"}, Term: "ServiceProvision", AskedBy: "provider/directory"},
		{ID: DirectorySignature, Name: text("Rehberde imza doğrulama verisinin gösterilmesi", "Showing the signature-verification data in the directory"),
			Grounds: []Ground{Consent}, Notice: []string{"S28"}, Term: "ServiceProvision", AskedBy: "provider/directory"},
		{ID: DirectoryPhone, Name: text("Rehberde telefonun gösterilmesi", "Showing the phone number in the directory"),
			Grounds: []Ground{Consent}, Notice: []string{"S28"}, Term: "ServiceProvision", AskedBy: "provider/directory"},
		{ID: DirectoryOperator, Name: text("Rehberde işlem yetkilisinin ad ve unvanının gösterilmesi", "Showing an operator's name and title in the directory"),
			Grounds: []Ground{Consent}, Notice: []string{"S28"}, Term: "ServiceProvision", AskedBy: "provider/directory"},
		{ID: Ease, Name: text("Hesap kullanımının kolaylaştırılması", "Making accounts easier to use"),
			Grounds: []Ground{ForContract}, Notice: []string{"S29"}, Term: "ServiceProvision", Off: notBuilt},
		{ID: Contact, Name: text("Talepler ve kullanıcı ile iletişim", "Requests and contact"),
			Grounds: []Ground{ForContract}, Notice: []string{"S29"}, Term: "CustomerCare", Off: notBuilt},
		{ID: Support, Name: text("Müşteri desteği ve teknik destek", "Customer and technical support"),
			Grounds: []Ground{ForContract}, Notice: []string{"S19"}, Term: "CustomerCare", Off: notBuilt},
		{ID: Quality, Name: text("Hizmet kalitesinin ölçülmesi", "Measuring quality"),
			Grounds: []Ground{Interest}, Notice: []string{"S27", "S30"}, Term: "ServiceOptimisation",
			Off: text("yalnızca kişiye bağlanmayan sayaçlar tutulur; kişisel veri işlenmez", "only counters that point at nobody; no personal data is processed")},
		{ID: Statistics, Name: text("İstatistiksel çalışmalar", "Statistics"),
			Grounds: []Ground{Interest}, Notice: []string{"S27", "S30"}, Term: "ServiceUsageAnalytics", Off: notBuilt},
		{ID: Disclosure, Name: text("Yetkili makamlara bilgi verilmesi", "Answering competent authorities"),
			Grounds: []Ground{LegalObligation}, Notice: []string{"S07", "S08"}, Term: "FulfilmentOfObligation", Off: notBuilt},
		{ID: Rights, Name: text("İlgili kişi başvurularının yanıtlanması", "Answering data subjects"),
			Grounds: []Ground{LegalObligation}, Notice: []string{"S44", "S45"}, Term: "RightsFulfillment", Off: notBuilt},
		{ID: Development, Name: text("Yeni hizmet geliştirme", "Developing services"),
			Grounds: []Ground{Consent}, Notice: []string{"S19", "S27", "S30"}, Term: "ResearchAndDevelopment", Off: byChoice},
		{ID: Personalisation, Name: text("Kişiye özel hizmetler", "Personalised services"),
			Grounds: []Ground{Consent}, Notice: []string{"S27", "S30"}, Term: "ServicePersonalisation", Off: byChoice},
		{ID: UsageAnalysis, Name: text("Hizmet kullanımının kişi bazında analizi", "Analysing how persons use the service"),
			Grounds: []Ground{Consent}, Notice: []string{"S17", "S19"}, Term: "ServiceUsageAnalytics", Off: byChoice},
		{ID: Advertisement, Name: text("Reklam", "Advertising"),
			Grounds: []Ground{Consent}, Notice: []string{"S19"}, Term: "Advertising", Off: byChoice},
	}
}
