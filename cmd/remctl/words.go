package main

import (
	"fmt"
	"strings"

	"rem"
	"rem/edge/control"
	"rem/message/timeline"
)

// A language is "tr" or "en".
type language string

type word struct{ tr, en string }

// say gives a word of the catalogue, or the code itself for one that is not in
// it.
func (l language) say(code string, args ...any) string {
	w, ok := words[code]
	text := code
	switch {
	case ok && l == "en":
		text = w.en
	case ok:
		text = w.tr
	}
	if len(args) > 0 {
		return fmt.Sprintf(text, args...)
	}
	return text
}

// evidence names an evidence by kind and outcome.
func (l language) evidence(line *control.Line) string {
	f := filed(line)
	name := l.pick(timeline.Name(f.Claim()))
	if line.Conflict {
		name += " " + l.say("conflict")
	}
	for i, reason := range line.Reasons {
		if i == 0 {
			name += ": "
		} else {
			name += ", "
		}
		name += string(reason)
	}
	return name
}

// pick gives the language's text.
func (l language) pick(t rem.Text) string {
	if l == "en" {
		return t.English
	}
	return t.Turkish
}

// about is the recipient's place in a line: his number, or all.
func (l language) about(n int) string {
	if n == 0 {
		return l.say("all")
	}
	return fmt.Sprint(n)
}

// heads gives the heads of a table.
func (l language) heads(codes string) (heads []any) {
	for code := range strings.SplitSeq(codes, " ") {
		heads = append(heads, l.say(code))
	}
	return heads
}

// words is the catalogue: states and evidence as docs/glossary.md has them.
var words = map[string]word{
	"notice version":    {"bildirim sürümü", "version of the notice"},
	"notice sample":     {"bu bir örnektir; sağlayıcı kendi metni yapmadan yalnız gösterimde yayımlanır", "this is a sample; until a provider makes it his own it is published in demonstrations alone"},
	"notice complete":   {"tamam ve kişisel veri envanteriyle uyumlu", "complete, and in agreement with the inventory of personal data"},
	"notice material":   {"esaslı", "material"},
	"notice editorial":  {"yazım", "editorial"},
	"notice announced":  {"ileride yürürlüğe girecek", "announced"},
	"notice in-force":   {"yürürlükte", "in force"},
	"notice superseded": {"yerini yenisi aldı", "superseded"},
	"notice same":       {"değişiklik yok", "nothing changed"},

	"person":                {"Kişi:", "Person:"},
	"proposal":              {"Öneri:", "Proposal:"},
	"waits for another":     {"İkinci bir yöneticinin onayını bekliyor.", "It waits for another manager to confirm."},
	"invitation":            {"Davet (bir kez gösterilir):", "Invitation (shown once):"},
	"good until":            {"Geçerlilik sonu:", "Good until:"},
	"institution":           {"Kurum:", "Institution:"},
	"left":                  {"ayrıldı", "has left"},
	"nothing lacks":         {"tamam", "ready"},
	"lacks training":        {"eğitim geçerli değil", "training is not valid"},
	"lacks acknowledgement": {"politikayı onaylamadı", "policy not acknowledged"},
	"lacks policy":          {"politika yayımlanmadı", "policy not published"},
	"PERSON":                {"KİŞİ", "PERSON"},
	"NUMBER":                {"SIRA", "NUMBER"},
	"STEP":                  {"ADIM", "STEP"},
	"ROLES":                 {"ROLLER", "ROLES"},
	"TRAINED":               {"EĞİTİM SONU", "TRAINED UNTIL"},
	"LACKS":                 {"DURUM", "STANDING"},
	"PROPOSED-BY":           {"ÖNEREN", "PROPOSED BY"},
	"INSTITUTION":           {"KURUM", "INSTITUTION"},
	"CONTRACT":              {"SÖZLEŞME", "CONTRACT"},
	"UNTIL":                 {"BİTİŞ", "UNTIL"},
	"PROVINCES":             {"İLLER", "PROVINCES"},

	"directory missing":   {"merkezî rehberde yok", "not in the central directory"},
	"directory extra":     {"yalnız merkezî rehberde", "in the central directory alone"},
	"directory different": {"farklı", "different"},
	"directory more":      {"(%d hesap daha)", "(%d accounts more)"},
	"directory ours":      {"Bizdeki kayıt:", "Records of ours:"},
	"directory theirs":    {"Merkezî rehberdeki kayıtlarımız:", "Of ours in the central directory:"},
	"directory pending":   {"Bildirilmeyi bekleyen:", "Waiting to be told:"},
	"directory faults":    {"Fark:", "Differences:"},
	"directory again":     {"%d kayıt yeniden bildiriliyor.", "%d records are told again."},

	"none":          {"yok", "none"},
	"refused":       {"reddedildi", "refused"},
	"accepted":      {"kabul edildi", "accepted"},
	"relaying":      {"iletiliyor", "relaying"},
	"attempting":    {"iletim deneniyor", "attempting"},
	"asked":         {"yanıt bekleniyor", "asked"},
	"relayed":       {"alıcının KEPHS'sinde", "relayed"},
	"not-relayed":   {"iletilemedi", "not relayed"},
	"overdue":       {"bilgi gelmedi", "overdue"},
	"taken-over":    {"devralındı", "taken over"},
	"relay-refused": {"devralınmadı", "not taken over"},
	"delivered":     {"teslim edildi", "delivered"},
	"not-delivered": {"teslim edilemedi", "not delivered"},
	"retrieved":     {"okundu", "retrieved"},
	"not-retrieved": {"okunmadı", "not retrieved"},

	"open":         {"açık", "open"},
	"send-blocked": {"gönderime kapalı", "send-blocked"},
	"suspended":    {"askıda", "suspended"},
	"closed":       {"kapalı", "closed"},
	"granted":      {"yürürlükte", "granted"},
	"ended":        {"sona erdi", "ended"},

	"relay":     {"iletim", "relay"},
	"delivery":  {"teslim", "delivery"},
	"retrieval": {"okuma süresi", "retrieval"},
	"return":    {"delil dönüşü", "return"},

	"ADDRESS": {"ADRES", "ADDRESS"}, "HOLDER": {"HESAP SAHİBİ", "HOLDER"}, "STATE": {"DURUM", "STATE"},
	"MESSAGES": {"İLETİ", "MESSAGES"}, "BYTES": {"BAYT", "BYTES"}, "OPERATORS": {"YETKİLİLER", "OPERATORS"},
	"ACCOUNT": {"HESAP", "ACCOUNT"}, "TIME": {"ZAMAN", "TIME"}, "EVIDENCE": {"DELİL", "EVIDENCE"},
	"ISSUER": {"DÜZENLEYEN", "ISSUER"}, "ID": {"KİMLİK", "ID"}, "RECIPIENT": {"ALICI", "RECIPIENT"},
	"SINCE": {"BAŞLANGIÇ", "SINCE"}, "DUE": {"SÜRE SONU", "DUE"}, "SUBJECT": {"KONU", "SUBJECT"},
	"SENDER": {"GÖNDERİCİ", "SENDER"}, "ARRIVED": {"GELİŞ", "ARRIVED"}, "OPENED": {"AÇILIŞ", "OPENED"},
	"MESSAGE": {"İLETİ", "MESSAGE"}, "STAGE": {"AŞAMA", "STAGE"}, "TARGET": {"HEDEF", "TARGET"},
	"ATTEMPTS": {"DENEME", "ATTEMPTS"}, "CODE": {"KOD", "CODE"}, "DOMAINS": {"ALAN ADLARI", "DOMAINS"},
	"NAME": {"AD", "NAME"}, "RELAYS": {"UÇ NOKTALAR", "RELAYS"}, "SERVICE": {"HİZMET ADRESİ", "SERVICE"}, "UID": {"SIRA", "UID"}, "ABOUT": {"KİME", "ABOUT"},

	"message":     {"İleti:", "Message:"},
	"evidence":    {"Delil:", "Evidence:"},
	"sender":      {"Gönderici:", "Sender:"},
	"unscanned":   {"Taranmadı:", "Not scanned:"},
	"subject":     {"Konu:", "Subject:"},
	"submitted":   {"Gönderim:", "Submitted:"},
	"digest":      {"Özet (SHA-256):", "Digest (SHA-256):"},
	"size":        {"Boyut:", "Size:"},
	"octets":      {"%d bayt", "%d octets"},
	"all":         {"tümü", "all"},
	"conflict":    {"(ÇELİŞKİLİ)", "(CONFLICT)"},
	"account":     {"Hesap:", "Account:"},
	"holder":      {"Hesap sahibi:", "Holder:"},
	"operator":    {"İşlem yetkilisi:", "Operator:"},
	"password":    {"Uygulama parolası:", "Application password:"},
	"refusal":     {"Reddedildi:", "Refused:"},
	"saved":       {"%d delil yazıldı: %s", "%d evidences written: %s"},
	"sequence":    {"Liste sırası:", "Sequence:"},
	"issued":      {"Yayım:", "Issued:"},
	"next update": {"Sonraki:", "Next update:"},
	"audited":     {"%d ileti denetlendi, hepsi tutuyor.", "%d messages verified, all hold."},
	"findings":    {"%d ileti denetlendi; %d bulgu var, yukarıda.", "%d messages verified; %d findings, above."},
	"auditing":    {"denetleniyor", "verifying"},
	"more":        {"(%d satır; tümü için: --limit 0)", "(%d lines; for all: --limit 0)"},
	"new":         {"Yeni parola: ", "New password: "},
	"his":         {"%s için parola: ", "Password of %s: "},
}
