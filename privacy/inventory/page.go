package inventory

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"rem"
	"rem/privacy"
)

// people writes the page: what is known about whom, from where, for what, to
// whom, where and until when. Its five verbs are those of S01.
func (p *printer) people(w io.Writer) error {
	personal, plain := 0, 0
	for i := range p.r.Holdings {
		h := &p.r.Holdings[i]
		if h.Personal() {
			personal++
			if h.Form == privacy.Plain && h.Place == privacy.DataFolder {
				plain++
			}
		}
	}
	p.line("# %s\n", p.pick("Kişisel veri envanteri", "Inventory of personal data"))
	p.line("%s\n", fmt.Sprintf(p.pick(
		"Bu programın tuttuğu ve dışarı verdiği her alan burada sınıflandırılmıştır: %d alan, bunların %d tanesi kişisel veri içerir, %d veri türü. Sınıflandırılmamış bir alan eklenirse program derlenme sınamasını geçmez veya açılmaz. Program kaynağından üretilir: `remctl inventory`.",
		"Every field that this program keeps or lets out is classified here: %d fields, %d of which hold personal data, of %d kinds. With a field that nobody classified the program fails its tests or does not start. Made from the program's source: `remctl inventory --lang en`."),
		len(p.r.Holdings), personal, len(p.r.Data)))
	p.line("%s\n", fmt.Sprintf(p.pick(
		"**Mühürlü değil:** veri klasöründeki %d alan kişisel veriyi açık metin olarak tutar; KEP adresleri, iletilerin içerikleri ve delillerdeki adlar bunların arasındadır. Koruyan şey klasörün erişim haklarıdır. Saklama süreleri yazılıdır; giriş geçmişi ile gönderilmiş bildirimler dışında hiçbir şey kendiliğinden silinmez.",
		"**Not sealed:** %d fields in the data folder hold personal data in plain, among them registered addresses, the contents of messages and the names in evidence. What protects them is the folder's permissions. Terms of keeping are written down; nothing but the history of log-ins and news that were sent is deleted by itself."), plain))

	p.line("## %s\n", p.pick("Amaçlar", "Purposes"))
	p.head(p.pick("amaç", "purpose"), p.pick("durum", "state"), p.pick("hukuki sebep", "legal ground"), p.pick("bildiri", "notice"))
	for _, purpose := range p.r.Purposes {
		state := p.pick("kullanılıyor", "in use")
		if !purpose.InUse() {
			state = p.say(purpose.Off)
		}
		p.row(p.say(purpose.Name), state, p.grounds(purpose.Grounds), strings.Join(purpose.Notice, ", "))
	}

	p.line("\n## %s\n", p.pick("Veriler", "Data"))
	for i := range p.r.Data {
		p.datum(&p.r.Data[i])
	}

	p.line("## %s\n", p.pick("Saklama kuralları", "Retention rules"))
	p.head(p.pick("kural", "rule"), p.pick("süre ne zaman başlar", "its clock starts with"), p.pick("en az", "at least"), p.pick("en çok", "at most"),
		p.pick("dayanak", "from"), p.pick("bugün kim uygular", "who sees to it today"))
	for _, t := range p.r.Retentions {
		p.row(p.say(t.Name), p.say(privacy.ClockNames[t.Clock]), p.say(t.Floor.Text()), p.say(t.Ceiling.Text()), p.say(t.Basis), p.say(t.Enforced))
	}

	p.line("\n## %s\n", p.pick("Bildirinin “özel olmayan” dediği bilgiler", "What the notice calls “not private”"))
	p.line("%s\n", p.pick("Hepsi kişisel veridir; yalnız aşağıda “toplanır” denilenler toplanır (S16, S18).", "All of it is personal data; only what is marked so is collected (S16, S18)."))
	p.head(p.pick("bilgi", "kind"), p.pick("durum", "state"))
	for _, k := range p.r.Collected {
		state := p.pick("toplanmaz", "not collected")
		if k.Yes {
			var names []string
			for _, d := range p.r.Data {
				if d.Collected == k.ID {
					names = append(names, p.say(d.Name))
				}
			}
			state = p.pick("toplanır: ", "collected: ") + strings.Join(names, ", ")
		}
		p.row(p.say(k.Name), state)
	}

	p.line("\n## %s\n", p.pick("Çerezler", "Cookies"))
	p.line("%s\n", p.pick("Yalnız oturum için gerekenler; içlerinde rastgele bir gizli değerden başka bir şey yoktur.", "Only what a log-in needs; nothing but a random secret is in them."))
	for _, name := range p.r.Names(privacy.Cookie) {
		p.line("- `%s`", name)
	}
	p.line("")

	p.line("## %s\n", p.pick("Kişisel veri içermeyen alanlar", "Fields without personal data"))
	p.head(p.pick("tür", "kind"), p.pick("neden", "why"), p.pick("alanlar", "fields"))
	for _, k := range privacy.Kinds {
		var reasons []rem.Text
		fields := map[rem.Text][]string{}
		for i := range p.r.Holdings {
			if h := &p.r.Holdings[i]; h.Kind == k.ID && !h.Personal() {
				if !slices.Contains(reasons, h.Technical) {
					reasons = append(reasons, h.Technical)
				}
				fields[h.Technical] = append(fields[h.Technical], "`"+h.Name+"`")
			}
		}
		for _, why := range reasons {
			p.row(p.say(k.Name), p.say(why), strings.Join(fields[why], " "))
		}
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

func (p *printer) datum(d *privacy.Datum) {
	held := p.r.HoldingsOf(d.ID)
	p.line("### %s\n", p.say(d.Name))
	fact := func(tr, en, format string, args ...any) {
		p.line("- **%s:** %s", p.pick(tr, en), fmt.Sprintf(format, args...))
	}
	fact("Kimin", "Whose", "%s", named(p, privacy.Subjects(), d.Subjects))
	fact("Tür", "Kind", "%s; %s; %s", one(p, privacy.Categories(), d.Category), one(p, privacy.Specials(), d.Special), one(p, privacy.Classes(), d.Class))
	fact("Toplanması", "Collected", "%s", one(p, privacy.Sources(), d.Source))
	fact("İşlenmesi", "Processed", "%s; %s", p.purposes(d.Purposes), p.grounds(groundsOf(p.r, d.Purposes)))
	fact("İletilmesi", "Transmitted", "%s", p.recipients(held))
	var where []string
	for _, place := range privacy.Places() {
		at := slices.DeleteFunc(slices.Clone(held), func(h *privacy.Holding) bool { return h.Place != place.ID })
		if len(at) > 0 {
			where = append(where, fmt.Sprintf("%s (%s)", p.say(place.Name),
				named(p, privacy.Forms(), collect(at, func(h *privacy.Holding) []privacy.FormID { return []privacy.FormID{h.Form} }))))
		}
	}
	fact("Saklanması", "Stored", "%s; %s", strings.Join(where, "; "), p.pick("Türkiye", "in Türkiye"))
	var terms []string
	for _, id := range collect(held, func(h *privacy.Holding) []privacy.RetentionID { return []privacy.RetentionID{h.Retention} }) {
		terms = append(terms, p.term(id))
	}
	fact("Silinmesi", "Deleted", "%s", strings.Join(terms, "; "))
	for _, k := range privacy.Kinds {
		var names []string
		for _, h := range held {
			if h.Kind == k.ID {
				names = append(names, "`"+h.Name+"`")
			}
		}
		if len(names) > 0 {
			p.line("- %s: %s", p.say(k.Name), strings.Join(names, " "))
		}
	}
	p.line("")
}
