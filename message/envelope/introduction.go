package envelope

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"rem"
	"rem/mail/mime"
	"rem/message"
	"rem/message/evidence"
	"rem/provider"
)

// istanbul is the time that people in Türkiye live by: UTC+3 all year since
// 2016. Evidence is in UTC; both are shown.
var istanbul = time.FixedZone("UTC+3", 3*60*60)

// maxNamed bounds the recipients that the introduction names; all are in the
// evidence.
const maxNamed = 20

// An introduction is what an envelope tells a person, as text and as a page.
// Nearly all of its words are the same in each; they are written out once (see
// phrases) and only what differs is formed.
type introduction struct {
	plain, page []byte
	check       [2]mime.Span // in plain: how to check the envelope, in each language
}

// write tells what the envelope holds, first in Turkish, then in English. What
// was written before is forgotten.
func (w *introduction) write(p provider.REMMD, r *message.Record, filed []message.Filed, dispatch bool) {
	w.plain, w.page = w.plain[:0], append(w.page[:0], "<!DOCTYPE html>\n<html lang=\"tr\"><head><meta charset=\"utf-8\"><title>KEP</title></head><body>\n"...)
	for i, l := range languages {
		if i > 0 {
			w.fixed(both{"\n----------------------------------------\n\n", "<hr><div lang=\"en\">\n"})
		}
		l.introduce(w, p, r, filed, dispatch)
		from := int64(len(w.plain))
		w.fixed(l.check(dispatch).both)
		w.check[i] = mime.Span{Start: from, End: int64(len(w.plain))}
	}
	w.page = append(w.page, "</div></body></html>\n"...)
}

// quoted writes the text in quoted-printable. That works line by line, so that
// the lines which are always the same are quoted already.
func (w *introduction) quoted(b *mime.Builder, dispatch bool) {
	from := int64(0)
	for i, l := range languages {
		b.QuotedPrintableBytes(w.plain[from:w.check[i].Start])
		b.Raw(l.check(dispatch).quoted...)
		from = w.check[i].End
	}
	b.QuotedPrintableBytes(w.plain[from:])
}

// fixed writes words of ours.
func (w *introduction) fixed(words both) {
	w.plain, w.page = append(w.plain, words.text...), append(w.page, words.page...)
}

// text writes what is not ours to choose.
func (w *introduction) text(s string) {
	w.plain, w.page = append(w.plain, s...), appendEscaped(w.page, s)
}

// line writes it so that it cannot look like a line of ours.
func (w *introduction) line(s string) {
	if !isVisible(s) {
		s = strings.Map(func(r rune) rune {
			if !strconv.IsPrint(r) {
				return utf8.RuneError
			}
			return r
		}, s)
	}
	w.text(s)
}

// raw writes what means the same in a text and in a page.
func (w *introduction) raw(s string) { w.fixed(both{s, s}) }

func (w *introduction) number(n int64) {
	w.plain, w.page = strconv.AppendInt(w.plain, n, 10), strconv.AppendInt(w.page, n, 10)
}

// A language picks one of the two texts and holds the words around them, as
// they are written here. Its phrases are made of them.
type language struct {
	of                                                   func(rem.Text) string
	dispatch, dispatchTold, evidence, evidenceTold       string
	sender, recipients, and, more, subject, submitted    string
	id, uaID, digest, size, bytes                        string
	attached, what, when, about, all, reason, evidenceID string
	how, howTo                                           string
	whole, signature, xml, original                      string
	messageFile, contentFile, xmlFile, originalFile      string

	phrases
}

var turkish = language{
	of:           func(t rem.Text) string { return t.Turkish },
	dispatch:     "KEP iletisi",
	evidence:     "KEP delili",
	dispatchTold: " size kayıtlı elektronik posta iletti. Göndericinin özgün iletisi, bir baytı değiştirilmeden ektedir.",
	evidenceTold: " aşağıdaki ileti hakkında delil düzenledi. Özgün ileti bu zarfta yoktur.",
	sender:       "Gönderici", recipients: "Alıcılar", and: "; ve ", more: " alıcı daha (tümü delilde yazılıdır)", subject: "Konu", submitted: "Gönderim zamanı",
	id: "İleti kimliği", uaID: "Göndericinin programının verdiği kimlik", digest: "Özgün iletinin özeti (SHA-256)", size: "Özgün iletinin boyu", bytes: " bayt",
	attached: "Ekteki delil ", what: "Ne oldu", when: "Ne zaman", about: "Kimin için", all: "bütün alıcılar", reason: "Neden", evidenceID: "Delil kimliği",
	how:   "Bize güvenmeden nasıl doğrulanır?",
	howTo: "Bu iletiyi ileti.eml, ekteki delili delil.xml adıyla, sağlayıcıların kök sertifikalarını anchors.pem adıyla kaydedin.",
	whole: "Her şeyi birden:", signature: "Yalnız zarfın imzasını:", xml: "Yalnız delilin imzasını:", original: "Özgün iletinin özetini (ekteki ileti özgun.eml adıyla kaydedilmişse):",
	messageFile: "ileti.eml", contentFile: "icerik.txt", xmlFile: "delil.xml", originalFile: "ozgun.eml",
}

var english = language{
	of:           func(t rem.Text) string { return t.English },
	dispatch:     "Registered message (REM dispatch)",
	evidence:     "Evidence of registered mail (REM-MD message)",
	dispatchTold: " conveys registered electronic mail to you. The sender's original message is attached, with no byte of it changed.",
	evidenceTold: " made evidence about the message below. The original message is not in this envelope.",
	sender:       "Sender", recipients: "Recipients", and: "; and ", more: " more (the evidence names them all)", subject: "Subject", submitted: "Submitted",
	id: "Message identifier", uaID: "Identifier given by the sender's program", digest: "Digest of the original message (SHA-256)", size: "Size of the original message", bytes: " bytes",
	attached: "Attached evidence ", what: "What happened", when: "When", about: "For whom", all: "all recipients", reason: "Why", evidenceID: "Evidence identifier",
	how:   "How to check it without trusting us",
	howTo: "Save this message as message.eml, the attached evidence as evidence.xml and the providers' root certificates as anchors.pem.",
	whole: "Everything at once:", signature: "The envelope's signature alone:", xml: "The evidence's signature alone:", original: "The digest of the original (the attached message saved as original.eml):",
	messageFile: "message.eml", contentFile: "content.txt", xmlFile: "evidence.xml", originalFile: "original.eml",
}

func (l *language) introduce(w *introduction, p provider.REMMD, r *message.Record, filed []message.Filed, dispatch bool) {
	opening := &l.openings[0]
	if dispatch {
		opening = &l.openings[1]
	}
	w.fixed(opening.before)
	w.text(l.of(p.Name))
	w.fixed(opening.after)
	w.fixed(l.values.sender)
	w.person(&r.Sender)
	w.fixed(endValue)
	w.fixed(l.values.recipients)
	for i := range r.Recipients {
		if i == maxNamed {
			w.raw(l.and)
			w.number(int64(len(r.Recipients) - i))
			w.raw(l.more)
			break
		}
		if i > 0 {
			w.raw("; ")
		}
		w.person(&r.Recipients[i].Party)
	}
	w.fixed(endValue)
	w.fixed(l.values.subject)
	w.line(r.Subject)
	w.fixed(endValue)
	w.fixed(l.values.submitted)
	w.moment(r.Submitted)
	w.fixed(endValue)
	w.fixed(l.values.id)
	w.line(string(r.ID))
	w.fixed(endValue)
	if r.UAMessageID != "" {
		w.fixed(l.values.uaID)
		w.line(r.UAMessageID)
		w.fixed(endValue)
	}
	if !r.Digest.IsZero() {
		w.fixed(l.values.digest)
		w.plain, w.page = hex.AppendEncode(w.plain, r.Digest[:]), hex.AppendEncode(w.page, r.Digest[:])
		w.fixed(endValue)
		w.fixed(l.values.size)
		w.number(r.Size)
		w.raw(l.bytes)
		w.fixed(endValue)
	}
	for i := range filed {
		l.evidenceTells(w, i+1, r, &filed[i])
	}
}

func (l *language) evidenceTells(w *introduction, n int, r *message.Record, f *message.Filed) {
	w.fixed(l.attachedBefore)
	w.number(int64(n))
	w.fixed(l.stories[happening{f.Kind, f.Outcome}])
	w.fixed(l.values.when)
	w.moment(f.Time)
	w.fixed(endValue)
	w.fixed(l.values.about)
	if to := r.Recipient(f.Recipient); to != nil {
		w.person(&to.Party)
	} else {
		w.raw(l.all)
	}
	w.fixed(endValue)
	for _, code := range f.Reasons {
		w.fixed(l.values.reason)
		w.text(l.of(evidence.ReasonText(code)))
		w.raw(" (")
		w.line(string(code))
		w.raw(")")
		w.fixed(endValue)
	}
	w.fixed(l.values.evidenceID)
	w.line(string(f.ID))
	w.fixed(endValue)
}

func (w *introduction) person(p *message.Party) {
	if p.Name != "" {
		w.line(p.Name)
		w.fixed(beforeAddress)
	}
	if a := p.Address; !a.IsZero() {
		w.line(a.Local())
		w.raw("@")
		w.line(a.Domain())
	} else {
		w.line(p.Raw)
	}
	if p.Name != "" {
		w.fixed(afterAddress)
	}
}

// moment shows both clocks: 23.11.2026 15:33:26 (UTC+3), 2026-11-23T12:33:26Z.
func (w *introduction) moment(t time.Time) {
	from := len(w.plain)
	if t.IsZero() {
		w.plain = append(w.plain, '-')
	} else {
		w.plain = t.In(istanbul).AppendFormat(w.plain, "02.01.2006 15:04:05")
		w.plain = append(w.plain, " (UTC+3), "...)
		w.plain = t.UTC().AppendFormat(w.plain, time.RFC3339)
	}
	w.page = append(w.page, w.plain[from:]...)
}

// appendEscaped is html.EscapeString.
func appendEscaped(b []byte, s string) []byte {
	from := 0
	for i := range len(s) {
		escaped := ""
		switch s[i] {
		case '&':
			escaped = "&amp;"
		case '\'':
			escaped = "&#39;"
		case '<':
			escaped = "&lt;"
		case '>':
			escaped = "&gt;"
		case '"':
			escaped = "&#34;"
		default:
			continue
		}
		b = append(append(b, s[from:i]...), escaped...)
		from = i + 1
	}
	return append(b, s[from:]...)
}

// isVisible reports whether s is of visible ASCII and spaces alone.
func isVisible(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || '~' < s[i] {
			return false
		}
	}
	return true
}
