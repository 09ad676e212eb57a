package eyp

import (
	"fmt"
	"strings"

	"rem"
	"rem/trust/strictxml"
)

// text gives the text of the first child of a name, "" when there is none.
func text(e *strictxml.Element, path ...string) string {
	for _, p := range path {
		var next *strictxml.Element
		if e != nil {
			for c := range e.ChildElements() {
				if c.Local == p && strings.HasPrefix(c.Space, schema) {
					next = c
					break
				}
			}
		}
		e = next
	}
	if e == nil {
		return ""
	}
	s, err := e.Text()
	if err != nil {
		return ""
	}
	return clean(s)
}

// clean makes a value one line that is safe to show.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < ' ', 0x7f <= r && r < 0xa0, 0x202a <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069, r == 0x2028, r == 0x2029:
			return '\uFFFD'
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// metadata reads what the package says of itself. Number and date stand in the
// metadata in 1.x, and in the final metadata in 2.x.
func (r *reader) metadata() error {
	root, err := r.xml(partMetadata)
	if root == nil || err != nil {
		return err
	}
	switch root.Space {
	case schema + "Ustveri-1":
		r.p.Version = "1.x"
	case schema + "Ustveri-2":
		r.p.Version = "2.x"
	default:
		return fmt.Errorf("%w: metadata of another schema", ErrForm)
	}
	m := &r.p.Metadata
	m.ID, m.Subject, m.Number, m.Date = text(root, "BelgeId"), text(root, "Konu"), text(root, "BelgeNo"), text(root, "Tarih")
	m.Security, m.Language, m.FileName = text(root, "GuvenlikKodu"), text(root, "Dil"), text(root, "DosyaAdi")
	final, err := r.xml(partFinal)
	if err != nil {
		return err
	}
	if final != nil && final.Space == schema+"NihaiUstveri-2" {
		if s := text(final, "BelgeNo"); s != "" {
			m.Number = s
		}
		if s := text(final, "Tarih"); s != "" {
			m.Date = s
		}
	}
	m.Time = parseTime(m.Date)
	for e := range root.ChildElements() {
		if !strings.HasPrefix(e.Space, schema) {
			continue
		}
		switch e.Local {
		case "Olusturan":
			m.From = append(m.From, party(e)...)
		case "DagitimListesi":
			for d := range e.ChildElements() {
				list := party(d)
				for i := range list {
					list[i].Role = role(text(d, "DagitimTuru"), text(d, "Ivedilik"))
				}
				m.To = append(m.To, list...)
			}
		case "Ekler":
			for x := range e.ChildElements() {
				l := Listed{ID: text(x, "Id"), Name: text(x, "Ad"), File: text(x, "DosyaAdi"), Kind: text(x, "Tur")}
				if l.File != "" {
					for _, folder := range []string{"/ekler/", "/imzasizekler/"} {
						if p := r.parts[folder+fold(l.File)]; p != nil {
							l.Part = p.Path
						}
					}
				}
				if l.Part == "" && l.Kind == "DED" {
					r.find("missing-attachment", rem.Text{Turkish: "Üst veride adı geçen bir ek pakette bulunamadı.", English: "An attachment that the metadata names was not found in the package."}, l.File)
				}
				m.Attachments = append(m.Attachments, l)
			}
		case "Ilgiler":
			for x := range e.ChildElements() {
				m.References = append(m.References, Reference{Label: text(x, "Etiket"), Number: text(x, "BelgeNo"), Name: text(x, "Ad")})
			}
		}
		if len(m.To)+len(m.Attachments)+len(m.References) > maxNames {
			return fmt.Errorf("%w: more than %d names", ErrForm, maxNames)
		}
	}
	return nil
}

// party reads whom an element names.
func party(e *strictxml.Element) (list []Party) {
	for c := range e.ChildElements() {
		switch c.Local {
		case "KurumKurulus":
			list = append(list, Party{Kind: rem.Text{Turkish: "Kamu kurumu", English: "Public body"}, Name: text(c, "Adi"), ID: text(c, "KKK")})
		case "TuzelSahis":
			id := text(c, "Id")
			for x := range c.ChildElements() {
				if scheme, ok := x.Attr("", "schemeID"); ok && x.Local == "Id" {
					id = clean(scheme) + " " + id
					break
				}
			}
			list = append(list, Party{Kind: rem.Text{Turkish: "Tüzel kişi", English: "Legal person"}, Name: text(c, "Adi"), ID: strings.TrimSpace(id)})
		case "GercekSahis":
			// The number of a person is not taken along: nobody needs it to read a letter.
			list = append(list, Party{Kind: rem.Text{Turkish: "Gerçek kişi", English: "Natural person"}, Name: strings.TrimSpace(text(c, "Kisi", "IlkAdi") + " " + text(c, "Kisi", "Soyadi"))})
		}
	}
	return list
}

// codes gives the words that codes of a distribution stand for.
var codes = map[string]rem.Text{
	"GRG": {Turkish: "Gereği", English: "For action"},
	"BLG": {Turkish: "Bilgi", English: "For information"},
	"IVD": {Turkish: "ivedi", English: "urgent"},
	"CIV": {Turkish: "çok ivedi", English: "very urgent"},
	"GNL": {Turkish: "günlü", English: "by a date"},
	"ACL": {Turkish: "acele", English: "in haste"},
}

// role gives purpose and urgency in words, and codes that are not known as they are.
func role(purpose, urgency string) (t rem.Text) {
	for _, code := range []string{purpose, urgency} {
		word, ok := codes[code]
		switch {
		case code == "" || code == "NRM":
			continue
		case !ok:
			word = rem.Text{Turkish: code, English: code}
		}
		if t.Turkish != "" {
			t.Turkish, t.English = t.Turkish+", ", t.English+", "
		}
		t.Turkish, t.English = t.Turkish+word.Turkish, t.English+word.English
	}
	return t
}

// SecurityText gives the classification in words; codes that are not known are
// shown as they are.
func (m Metadata) SecurityText() rem.Text {
	switch m.Security {
	case "TSD":
		return rem.Text{Turkish: "Tasnif dışı", English: "Unclassified"}
	case "HZO":
		return rem.Text{Turkish: "Hizmete özel", English: "For official use"}
	case "OZL":
		return rem.Text{Turkish: "Özel", English: "Confidential"}
	case "GZL":
		return rem.Text{Turkish: "Gizli", English: "Secret"}
	case "CGZ":
		return rem.Text{Turkish: "Çok gizli", English: "Top secret"}
	}
	return rem.Text{Turkish: m.Security, English: m.Security}
}
