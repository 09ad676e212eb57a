package console

import (
	"rem"
	"rem/edge/web"
	"rem/person"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/person/news"
	"rem/provider/partner"
	"rem/provider/staff"
)

// A named is one word of a closed list with what pages call it.
type named[T comparable] struct {
	value T
	name  rem.Text
}

// words is a closed list in the order in which pages offer it.
type words[T comparable] []named[T]

func (w words[T]) of(v T) rem.Text {
	for _, n := range w {
		if n.value == v {
			return n.name
		}
	}
	return rem.Text{}
}

func (w words[T]) has(v T) bool { return w.of(v) != rem.Text{} }

// choices makes those of a field; only, where given, keeps a part of the list.
func choices[T ~string](w words[T], only ...T) (list []web.Choice) {
	for _, n := range w {
		if len(only) == 0 || contains(only, n.value) {
			list = append(list, web.Choice{Value: string(n.value), Label: n.name})
		}
	}
	return list
}

func contains[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

var kinds = words[person.Kind]{
	{person.Natural, text("Gerçek kişi", "Natural person")},
	{person.Private, text("Özel hukuk tüzel kişisi", "Private legal person")},
	{person.Public, text("Kamu kurumu", "Public body")},
}

var documents = words[identity.DocumentKind]{
	{identity.IdentityCard, text("Kimlik kartı", "Identity card")},
	{identity.PassportBook, text("Pasaport", "Passport")},
	{identity.DrivingLicence, text("Sürücü belgesi", "Driving licence")},
}

var papers = words[application.PaperKind]{
	{application.RegistryCertificate, text("Ticaret sicil belgesi", "Registry certificate")},
	{application.SignatureCircular, text("İmza sirküleri", "Signature circular")},
	{application.Authorisation, text("Yetki belgesi", "Authorisation")},
	{application.RepresentationPaper, text("Yasal temsil belgesi", "Proof of representation")},
}

var visitPapers = words[partner.PaperKind]{
	{partner.SignedForm, text("İmzalı başvuru formu", "Signed application form")},
	{partner.Contract, text("İmzalı sözleşme", "Signed contract")},
	{partner.Copy, text("Belge sureti (özel nitelikli veriler kapatılmış)", "Copy of the document (special categories masked)")},
	{partner.Power, text("Yasal temsil belgesi", "Proof of representation")},
}

var items = words[identity.Item]{
	{identity.FaceMatches, text("Yüz, belgedeki fotoğrafla uyuşuyor", "The face matches the photograph")},
	{identity.DocumentIntact, text("Belge sağlam; silinti, kazıntı yok", "The document is intact")},
	{identity.SecurityMarks, text("Güvenlik işaretleri yerinde", "The security marks are there")},
	{identity.SpecialCovered, text("Din ve kan grubu alanları surette kapatıldı", "Religion and blood group are masked in the capture")},
	{identity.PersonPresent, text("Kişi bizzat geldi ve kendi isteğiyle başvuruyor", "The person is present and willing")},
	{identity.AddressAsGiven, text("Adres, başvurudaki adres", "The address is that of the application")},
	{identity.LivePicture, text("Görüntü canlı", "The picture is live")},
	{identity.ChipAuthentic, text("Çip gerçek", "The chip is authentic")},
	{identity.CardSigned, text("Kartla imzalandı", "Signed with the card")},
	{identity.GateConfirmed, text("Kapı doğruladı", "The gate confirmed")},
	{identity.PowerSeen, text("Yasal temsil belgesinin aslı görüldü", "The original proof of representation was seen")},
}

var parts = words[identity.Part]{
	{identity.PartNumber, text("Kimlik numarası", "Identity number")},
	{identity.PartGiven, text("Ad", "Given names")},
	{identity.PartFamily, text("Soyadı", "Family name")},
	{identity.PartBirth, text("Doğum tarihi", "Date of birth")},
}

var evidences = words[identity.EvidenceKind]{
	{identity.SignedForm, text("imzalanan form", "signed form")},
	{identity.FormSignature, text("formun imzası", "signature of the form")},
	{identity.SignerCert, text("imzacının sertifikası", "signer's certificate")},
	{identity.AuthorityCert, text("sağlayıcının sertifikası", "authority's certificate")},
	{identity.OCSPAnswer, text("OCSP yanıtı", "OCSP answer")},
	{identity.CRLAnswer, text("iptal listesi", "revocation list")},
	{identity.Capture, text("belge sureti", "capture")},
	{identity.Recording, text("görüşme kaydı", "recording")},
	{identity.AdapterAnswer, text("dış sistemin yanıtı", "answer from outside")},
	{identity.PartnerResult, text("ziyaret sonucu", "result of the visit")},
	{identity.OfficerNote, text("görevlinin beyanı", "officer's note")},
	{identity.RegistryAnswer, text("MERSİS yanıtı", "registry's answer")},
}

var lacks = words[identity.Lack]{
	{identity.LacksIdentity, text("kaydın kimlik bilgileri", "what record it is")},
	{identity.LacksMethod, text("yöntem", "the method")},
	{identity.LacksCollector, text("yönteme uygun bir görevli", "a collector who fits the method")},
	{identity.LacksDocument, text("fotoğraflı kimlik belgesi", "a document with a photograph")},
	{identity.LacksValidity, text("geçerliliği süren belge", "a document that is valid")},
	{identity.LacksChecklist, text("denetim listesinin tamamı", "the whole checklist")},
	{identity.LacksComparison, text("numara ve adların karşılaştırması", "the comparison of number and names")},
	{identity.LacksEvidence, text("yöntemin istediği delil", "the evidence that the method owes")},
	{identity.LacksSignature, text("güvenilen bir imza", "a signature that is believed")},
	{identity.LacksOrder, text("tamamlanmış iş emri", "a work order that is whole")},
	{identity.LacksAddress, text("ziyaretin başvurudaki adreste yapılması", "a visit at the application's address")},
	{identity.LacksRegistry, text("MERSİS sorgusunun sonucu", "what the registry answered")},
	{identity.LacksPower, text("yasal temsil belgesi", "the proof of representation")},
	{identity.LacksClearance, text("şüphelerin bir görevlice giderilmesi", "that a person settles the doubts")},
}

var events = words[application.Event]{
	{application.Begin, text("Başvuru başladı", "The application began")},
	{application.Save, text("Yazılanlar kaydedildi", "What was typed was kept")},
	{application.Submit, text("Form gönderildi", "The form was handed in")},
	{application.HandIn, text("Belge verildi", "A paper was handed in")},
	{application.Choose, text("Doğrulama yöntemi seçildi", "A method was chosen")},
	{application.Identify, text("Kimlik doğrulandı", "Identified")},
	{application.Object, text("Kimlik kaydında soru var", "The record raises a question")},
	{application.Clear, text("Şüpheler giderildi", "The doubts were settled")},
	{application.Return, text("Başvuru sahibine geri gönderildi", "It went back to the applicant")},
	{application.TakeUp, text("Onay görevlisi üstlendi", "An approver took it up")},
	{application.GiveBack, text("Onay görevlisi bıraktı", "The approver left it to others")},
	{application.Approve, text("Onaylandı", "Approved")},
	{application.Refuse, text("Reddedildi", "Refused")},
	{application.Withdraw, text("Başvuru sahibi geri çekti", "The applicant withdrew it")},
	{application.Expire, text("Süresi doldu", "Its time was over")},
	{application.Activate, text("Hesap açıldı", "The account was opened")},
}

var orderEvents = words[partner.Event]{
	{partner.Issue, text("İş emri verildi", "Issued")},
	{partner.Accept, text("Üstlenildi", "Accepted")},
	{partner.GiveBack, text("Kurumdaki diğer görevlilere bırakıldı", "Left to the others of the institution")},
	{partner.Visit, text("Ziyaret yapıldı, sonucu imzalandı", "Visited, and the result signed")},
	{partner.Take, text("Belgeler kurum içinde devredildi", "The papers passed to a colleague")},
	{partner.HandOver, text("Belgeler bize teslim edildi", "The papers were handed over to us")},
	{partner.Finish, text("Tamamlandı", "Done")},
	{partner.Return, text("Kurum iade etti", "Returned by the institution")},
	{partner.Expire, text("Süresi doldu", "Its time was over")},
	{partner.Cancel, text("İptal edildi", "Cancelled")},
}

// clearances are the reasons of the practice statement for which an officer may
// settle doubts.
var clearances = words[string]{
	{"spelling", text("Aynı ad farklı yazılmış (harf, kısaltma, ikinci ad)", "The same name, spelt otherwise")},
	{"changed-name", text("Ad veya soyadı değişikliği belgeyle gösterildi", "A change of name was shown by a document")},
	{"registry-behind", text("Sicil kaydı güncel değil; belge sicilin önünde", "The registry is behind what a document shows")},
	{"seen-in-person", text("Görevli aslını gördü, kişiyle görüştü", "An officer saw the original and spoke with the person")},
	{"fault-of-source", text("Yanıt veren sistemin hatası doğrulandı", "The source that answered was found to be wrong")},
}

// masks are the places of a document where special categories stand.
var masks = words[enrolment.Area]{
	{enrolment.Religion, text("Din hanesi", "Religion")},
	{enrolment.BloodType, text("Kan grubu", "Blood group")},
}

var endings = words[staff.Reason]{
	{staff.Left, text("Ayrılıyor", "He leaves")},
	{staff.Moved, text("Başka göreve geçti", "He has another task")},
	{staff.Breach, text("Göreve veya politikaya aykırılık", "Breach of duty or policy")},
	{staff.Contract, text("Kurumun sözleşmesi sona erdi", "The institution's contract ended")},
	{staff.Mistake, text("Yanlışlıkla verilmişti", "It was given by mistake")},
}

var deliveryKinds = words[news.Kind]{
	{news.Code, text("Tek kullanımlık kod", "One-time code")},
	{news.Activation, text("Etkinleştirme bağlantısı", "Activation link")},
	{news.NewDevice, text("Yeni cihazdan giriş", "Log-in from a new device")},
	{news.Application, text("Başvuru haberi", "News of an application")},
	{news.Reminder, text("Hatırlatma", "Reminder")},
	{news.Arrived, text("Yeni ileti", "A message has arrived")},
	{news.Security, text("Güvenlik bildirimi", "Security notice")},
}

var deliveryStates = words[news.State]{
	{news.Waiting, text("bekliyor", "waiting")},
	{news.Sent, text("iletildi", "sent")},
	{news.Failed, text("iletilemedi", "failed")},
	{news.Expired, text("süresi doldu", "expired")},
}

var channels = words[news.Channel]{
	{news.SMS, text("SMS", "SMS")},
	{news.Mail, text("E-posta", "E-mail")},
}

// stateNames are those of the desk, in a word or two; an applicant reads
// application.State.Name.
var stateNames = words[application.State]{
	{application.Draft, text("Taslak", "Draft")},
	{application.Submitted, text("Yöntem seçilecek", "To choose a method")},
	{application.Pending, text("Doğrulama bekliyor", "To be identified")},
	{application.Doubtful, text("Şüpheli", "Doubtful")},
	{application.Identified, text("Onay bekliyor", "To be approved")},
	{application.InReview, text("İncelemede", "In review")},
	{application.Approved, text("Onaylandı", "Approved")},
	{application.Refused, text("Reddedildi", "Refused")},
	{application.Withdrawn, text("Geri çekildi", "Withdrawn")},
	{application.Expired, text("Süresi doldu", "Expired")},
	{application.Activated, text("Hesap açıldı", "Account open")},
}

// stateTone is how a state of an application is meant.
func stateTone(s application.State) web.Tone {
	switch s {
	case application.Doubtful:
		return web.Attention
	case application.Identified, application.InReview, application.Pending:
		return web.Info
	case application.Approved, application.Activated:
		return web.Good
	case application.Refused:
		return web.Bad
	}
	return web.Plain
}
