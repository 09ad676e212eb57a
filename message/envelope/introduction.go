package envelope

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"time"

	"rem"
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

// A line of the introduction: a title, a paragraph, a named value, or a
// command to be typed.
type line struct {
	kind  lineKind
	label string
	text  string
}

type lineKind uint8

const (
	title lineKind = iota
	heading
	paragraph
	value
	command
)

// introduce tells what the envelope holds, first in Turkish, then in English,
// as text and as a page. Both are appended to what the caller brings.
func introduce(plain, page []byte, p provider.REMMD, r *message.Record, filed []message.Filed, dispatch bool) (text, body []byte) {
	lines := make([]line, 0, 48)
	page = append(page, "<!DOCTYPE html>\n<html lang=\"tr\"><head><meta charset=\"utf-8\"><title>KEP</title></head><body>\n"...)
	for i, l := range languages {
		lines = l.introduce(lines[:0], p, r, filed, dispatch)
		if i > 0 {
			plain = append(plain, "\n----------------------------------------\n\n"...)
			page = append(page, "<hr><div lang=\"en\">\n"...)
		}
		how := howTos[i]
		if dispatch {
			how = howTosOriginal[i]
		}
		plain = append(appendText(plain, lines), how.text...)
		page = append(appendPage(page, lines), how.page...)
	}
	return plain, append(page, "</div></body></html>\n"...)
}

// How to check an envelope is the same for all; it is written out once.
var (
	languages              = [2]*language{&turkish, &english}
	howTos, howTosOriginal = written(false), written(true)
)

type both struct{ text, page string }

func written(dispatch bool) (out [2]both) {
	for i, l := range languages {
		lines := l.check(nil, dispatch)
		out[i] = both{string(appendText(nil, lines)), string(appendPage(nil, lines))}
	}
	return out
}

// A language picks one of the two texts and holds the words around them.
type language struct {
	of                                                   func(rem.Text) string
	dispatch, dispatchTold, evidence, evidenceTold       string
	sender, recipients, more, subject, submitted         string
	id, uaID, digest, size, bytes                        string
	attached, what, when, about, all, reason, evidenceID string
	how, howTo                                           string
	whole, signature, xml, original                      string
	messageFile, contentFile, xmlFile, originalFile      string
}

var turkish = language{
	of:           func(t rem.Text) string { return t.Turkish },
	dispatch:     "KEP iletisi",
	evidence:     "KEP delili",
	dispatchTold: "%s size kayıtlı elektronik posta iletti. Göndericinin özgün iletisi, bir baytı değiştirilmeden ektedir.",
	evidenceTold: "%s aşağıdaki ileti hakkında delil düzenledi. Özgün ileti bu zarfta yoktur.",
	sender:       "Gönderici", recipients: "Alıcılar", more: "ve %d alıcı daha (tümü delilde yazılıdır)", subject: "Konu", submitted: "Gönderim zamanı",
	id: "İleti kimliği", uaID: "Göndericinin programının verdiği kimlik", digest: "Özgün iletinin özeti (SHA-256)", size: "Özgün iletinin boyu", bytes: "%d bayt",
	attached: "Ekteki delil %d: %s", what: "Ne oldu", when: "Ne zaman", about: "Kimin için", all: "bütün alıcılar", reason: "Neden", evidenceID: "Delil kimliği",
	how:   "Bize güvenmeden nasıl doğrulanır?",
	howTo: "Bu iletiyi ileti.eml, ekteki delili delil.xml adıyla, sağlayıcıların kök sertifikalarını anchors.pem adıyla kaydedin.",
	whole: "Her şeyi birden:", signature: "Yalnız zarfın imzasını:", xml: "Yalnız delilin imzasını:", original: "Özgün iletinin özetini (ekteki ileti özgun.eml adıyla kaydedilmişse):",
	messageFile: "ileti.eml", contentFile: "icerik.txt", xmlFile: "delil.xml", originalFile: "ozgun.eml",
}

var english = language{
	of:           func(t rem.Text) string { return t.English },
	dispatch:     "Registered message (REM dispatch)",
	evidence:     "Evidence of registered mail (REM-MD message)",
	dispatchTold: "%s conveys registered electronic mail to you. The sender's original message is attached, with no byte of it changed.",
	evidenceTold: "%s made evidence about the message below. The original message is not in this envelope.",
	sender:       "Sender", recipients: "Recipients", more: "and %d more (the evidence names them all)", subject: "Subject", submitted: "Submitted",
	id: "Message identifier", uaID: "Identifier given by the sender's program", digest: "Digest of the original message (SHA-256)", size: "Size of the original message", bytes: "%d bytes",
	attached: "Attached evidence %d: %s", what: "What happened", when: "When", about: "For whom", all: "all recipients", reason: "Why", evidenceID: "Evidence identifier",
	how:   "How to check it without trusting us",
	howTo: "Save this message as message.eml, the attached evidence as evidence.xml and the providers' root certificates as anchors.pem.",
	whole: "Everything at once:", signature: "The envelope's signature alone:", xml: "The evidence's signature alone:", original: "The digest of the original (the attached message saved as original.eml):",
	messageFile: "message.eml", contentFile: "content.txt", xmlFile: "evidence.xml", originalFile: "original.eml",
}

func (l *language) introduce(to []line, p provider.REMMD, r *message.Record, filed []message.Filed, dispatch bool) []line {
	add := func(k lineKind, label, text string) { to = append(to, line{k, label, text}) }
	name := l.of(p.Name)
	if dispatch {
		add(title, "", l.dispatch)
		add(paragraph, "", fmt.Sprintf(l.dispatchTold, name))
	} else {
		add(title, "", l.evidence)
		add(paragraph, "", fmt.Sprintf(l.evidenceTold, name))
	}
	add(value, l.sender, oneLine(person(r.Sender)))
	var named []string
	for i, to := range r.Recipients {
		if i == maxNamed {
			named = append(named, fmt.Sprintf(l.more, len(r.Recipients)-i))
			break
		}
		named = append(named, person(to.Party))
	}
	add(value, l.recipients, oneLine(strings.Join(named, "; ")))
	add(value, l.subject, oneLine(r.Subject))
	add(value, l.submitted, moment(r.Submitted))
	add(value, l.id, oneLine(string(r.ID)))
	if r.UAMessageID != "" {
		add(value, l.uaID, oneLine(r.UAMessageID))
	}
	if !r.Digest.IsZero() {
		add(value, l.digest, r.Digest.String())
		add(value, l.size, fmt.Sprintf(l.bytes, r.Size))
	}
	for i, f := range filed {
		t := tales[happening{f.Kind, f.Outcome}]
		add(heading, "", fmt.Sprintf(l.attached, i+1, l.of(t.name)))
		add(value, l.what, l.of(t.what))
		add(value, l.when, moment(f.Time))
		if to := r.Recipient(f.Recipient); to != nil {
			add(value, l.about, oneLine(person(to.Party)))
		} else {
			add(value, l.about, l.all)
		}
		for _, code := range f.Reasons {
			add(value, l.reason, l.of(evidence.ReasonText(code))+" ("+oneLine(string(code))+")")
		}
		add(value, l.evidenceID, oneLine(string(f.ID)))
	}
	return to
}

// check tells how to check the envelope with programs that others wrote.
func (l *language) check(to []line, dispatch bool) []line {
	add := func(k lineKind, text string) { to = append(to, line{kind: k, text: text}) }
	add(heading, l.how)
	add(paragraph, l.howTo)
	add(paragraph, l.whole)
	add(command, "remverify -trust anchors.pem "+l.messageFile)
	add(paragraph, l.signature)
	add(command, "openssl cms -verify -cades -purpose any -CAfile anchors.pem -in "+l.messageFile+" -out "+l.contentFile)
	add(paragraph, l.xml)
	add(command, "xmlsec1 --verify --trusted-pem anchors.pem --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties "+l.xmlFile)
	if dispatch {
		add(paragraph, l.original)
		add(command, "openssl dgst -sha256 "+l.originalFile)
	}
	return to
}

func person(p message.Party) string {
	address := p.Address.String()
	if address == "" {
		address = p.Raw
	}
	if p.Name == "" {
		return address
	}
	return p.Name + " <" + address + ">"
}

// moment shows both clocks: 23.11.2026 15:33:26 (UTC+3), 2026-11-23T12:33:26Z.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(istanbul).Format("02.01.2006 15:04:05") + " (" + istanbul.String() + "), " + t.UTC().Format(time.RFC3339)
}

func appendText(b []byte, lines []line) []byte {
	for _, l := range lines {
		switch l.kind {
		case title:
			b = append(append(b, l.text...), "\n\n"...)
		case heading:
			b = append(append(append(b, '\n'), l.text...), '\n')
		case paragraph:
			b = append(append(b, l.text...), '\n')
		case value:
			b = append(append(append(b, "  "...), l.label...), ": "...)
			b = append(append(b, l.text...), '\n')
		case command:
			b = append(append(append(b, "    "...), l.text...), '\n')
		}
	}
	return b
}

func appendPage(b []byte, lines []line) []byte {
	for _, l := range lines {
		tag := [...]string{title: "h1", heading: "h2", paragraph: "p", value: "p", command: "pre"}[l.kind]
		b = append(append(append(b, '<'), tag...), '>')
		if l.kind == value {
			b = append(append(append(b, "<b>"...), l.label...), ":</b> "...)
		}
		b = append(b, html.EscapeString(l.text)...)
		b = append(append(append(b, "</"...), tag...), ">\n"...)
	}
	return b
}

// oneLine keeps what came from outside from looking like a line of ours.
func oneLine(s string) string {
	plain := true
	for i := range len(s) {
		plain = plain && ' ' <= s[i] && s[i] <= '~'
	}
	if plain {
		return s
	}
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}
