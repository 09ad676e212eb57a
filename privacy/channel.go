package privacy

import "rem"

// A Language is one that people read here.
type Language string

// The languages. Turkish is first, and leads where two texts differ.
const (
	Turkish Language = "tr"
	English Language = "en"
)

// Languages returns them.
func Languages() []Language { return []Language{Turkish, English} }

// In gives a text in the language; "" for a language that is none of them.
func (l Language) In(t rem.Text) string {
	switch l {
	case Turkish:
		return t.Turkish
	case English:
		return t.English
	}
	return ""
}

// A ChannelID names a way by which people are told and asked something.
type ChannelID string

// The channels.
const (
	Website        ChannelID = "website"
	Portal         ChannelID = "account-pages"
	AtOffice       ChannelID = "office"
	AtAddress      ChannelID = "on-site"
	RegisteredMail ChannelID = "registered-mail"
	OnPaper        ChannelID = "paper"
	ByTelephone    ChannelID = "telephone"
)

// Channels returns the closed list.
func Channels() []Word[ChannelID] {
	return []Word[ChannelID]{
		{Website, rem.Text{Turkish: "internet sitesi", English: "website"}, ""},
		{Portal, rem.Text{Turkish: "hesap sayfaları", English: "account pages"}, ""},
		{AtOffice, rem.Text{Turkish: "ofis", English: "office"}, ""},
		{AtAddress, rem.Text{Turkish: "başvuranın adresi", English: "the applicant's address"}, ""},
		{RegisteredMail, rem.Text{Turkish: "KEP iletisi", English: "registered message"}, ""},
		{OnPaper, rem.Text{Turkish: "kâğıt", English: "paper"}, ""},
		{ByTelephone, rem.Text{Turkish: "telefon", English: "telephone"}, ""},
	}
}

// Known reports whether the channel is on the list.
func (c ChannelID) Known() bool { return known(Channels(), c) }
