package notice

import (
	"rem"
	"rem/privacy"
)

// A SectionID names a section.
type SectionID string

// The sections. Those up to RightsSection carry facts, and a notice without one
// of them is not published (KVKK 10, S49); the others are words.
const (
	ControllerSection SectionID = "controller" // who: controller and representative
	ContactSection    SectionID = "contact"    // where to turn to
	CategorySection   SectionID = "categories" // which data
	CollectionSection SectionID = "collection" // how it is collected, and from whom
	PurposeSection    SectionID = "purposes"   // what for, and on which legal ground
	RecipientSection  SectionID = "recipients" // who is given it, and what for
	TransferSection   SectionID = "transfer"   // whether it leaves the country
	RetentionSection  SectionID = "retention"  // how long it is kept
	RightsSection     SectionID = "rights"     // KVKK 11

	ConsentSection  SectionID = "consent"
	SecuritySection SectionID = "security"
	CookieSection   SectionID = "cookies"
	ChangeSection   SectionID = "changes"
	LawSection      SectionID = "law"
)

// Sections returns all of them with their names, in the order in which they
// stand in a notice. Term says what asks for the section; "" where nothing does.
func Sections() []privacy.Word[SectionID] {
	text := func(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }
	return []privacy.Word[SectionID]{
		{ID: ControllerSection, Name: text("Veri sorumlusu", "The controller"), Term: "KVKK 10/1-a"},
		{ID: ContactSection, Name: text("İletişim", "Contact"), Term: "S49"},
		{ID: CategorySection, Name: text("İşlenen veriler", "Data that is processed"), Term: "S18"},
		{ID: CollectionSection, Name: text("Toplama yöntemi", "How data is collected"), Term: "KVKK 10/1-ç"},
		{ID: PurposeSection, Name: text("Amaçlar ve hukuki sebepler", "Purposes and legal grounds"), Term: "KVKK 10/1-b"},
		{ID: RecipientSection, Name: text("Aktarılanlar ve aktarım amacı", "Recipients and what they are given it for"), Term: "KVKK 10/1-c"},
		{ID: TransferSection, Name: text("Yurt dışına aktarım", "Transfers abroad"), Term: "S39"},
		{ID: RetentionSection, Name: text("Saklama süreleri", "How long data is kept"), Term: "S43"},
		{ID: RightsSection, Name: text("Haklar", "Rights"), Term: "KVKK 10/1-d"},
		{ID: ConsentSection, Name: text("Açık rıza", "Consent")},
		{ID: SecuritySection, Name: text("Güvenlik", "Security")},
		{ID: CookieSection, Name: text("Çerezler", "Cookies")},
		{ID: ChangeSection, Name: text("Bildirimin değişmesi", "Changes of the notice")},
		{ID: LawSection, Name: text("Uygulanacak hukuk", "Law")},
	}
}

// Rights returns the nine rights of KVKK 11/1, each under its letter.
func Rights() []privacy.Word[string] {
	text := func(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }
	return []privacy.Word[string]{
		{ID: "learn", Name: text("işlenip işlenmediğini öğrenme", "learning whether data is processed"), Term: "a"},
		{ID: "information", Name: text("bilgi isteme", "asking for information"), Term: "b"},
		{ID: "purpose", Name: text("amacı ve amaca uygunluğu öğrenme", "learning the purpose and whether it is kept"), Term: "c"},
		{ID: "recipients", Name: text("aktarılan üçüncü kişileri bilme", "knowing the third parties"), Term: "ç"},
		{ID: "correction", Name: text("düzeltme isteme", "correction"), Term: "d"},
		{ID: "erasure", Name: text("silme veya yok etme isteme", "erasure or destruction"), Term: "e"},
		{ID: "passing-on", Name: text("düzeltme ve silmenin üçüncü kişilere bildirilmesi", "having correction and erasure passed on"), Term: "f"},
		{ID: "objection", Name: text("otomatik analize dayalı sonuca itiraz", "objecting to a result of automated analysis alone"), Term: "g"},
		{ID: "damages", Name: text("zararın giderilmesini isteme", "compensation"), Term: "ğ"},
	}
}

// nameOf finds an identifier in a list; one that is not there names itself.
func nameOf[ID ~string](list []privacy.Word[ID], id string) rem.Text {
	for _, w := range list {
		if string(w.ID) == id {
			return w.Name
		}
	}
	return rem.Text{Turkish: id, English: id}
}

// nameOfItem gives the name of an item by the list that its section is about.
func nameOfItem(s SectionID, id string) rem.Text {
	switch s {
	case CategorySection:
		return nameOf(privacy.Categories(), id)
	case CollectionSection:
		return nameOf(privacy.Sources(), id)
	case PurposeSection, ConsentSection:
		for _, p := range privacy.Purposes() {
			if string(p.ID) == id {
				return p.Name
			}
		}
	case RecipientSection:
		return nameOf(privacy.Recipients(), id)
	case RetentionSection:
		for _, t := range privacy.Retentions() {
			if string(t.ID) == id {
				return t.Name
			}
		}
	case RightsSection:
		return nameOf(Rights(), id)
	}
	return rem.Text{Turkish: id, English: id}
}
