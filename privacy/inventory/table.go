package inventory

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"rem"
	"rem/privacy"
)

// measures are those that the program itself takes today.
var measures = []rem.Text{
	text("dışa açık kapılarda TLS; sağlayıcılar arasında karşılıklı doğrulama", "TLS at every door to the outside, mutual between providers"),
	text("veri klasörü ve denetim yuvası yalnız sahibine açık", "data folder and control socket open to their owner only"),
	text("günlüklerde takma ad; ölçümlerde kişisel etiket yok", "pseudonyms in logs, no personal label in metrics"),
	text("her içeriğin özeti okunurken denetlenir; bozulma alarm verir", "the digest of each content is checked as it is read; damage raises an alarm"),
	text("parolalar argon2id ile; hatalı girişe sınır", "passwords by argon2id; bounds on failed log-ins"),
	text("yapılandırılan tarayıcı ile gelen ve giden iletide zararlı yazılım taraması", "malware scan of what comes and goes, by the configured scanner"),
	text("başvuru, kimlik doğrulama ve giriş verileri kişiye özel anahtarla mühürlü; açılmadan önce erişim kaydı", "data of applications, identification and log-ins sealed under a key of the person; an entry in the access log before any is opened"),
	text("görevliler iki kişiyle atanır; her işlemde rol, eğitim ve politika denetlenir", "staff appointed by two persons; role, training and policy checked at each act"),
	text("iletiyle ilgili her işlemde hesap ve gerçek kişi kaydı", "account and natural person recorded with every act on a message"),
}

// verbis writes what KVKK 16/3 asks of the registry, category by category. The
// controller and the register's own numbers are filled in by the provider.
func (p *printer) verbis(w io.Writer) error {
	p.line("# %s\n", p.pick("VERBİS tablosu (KVKK 16/3)", "Table for VERBİS (KVKK 16/3)"))
	p.line("%s\n", p.pick(
		"Veri sorumlusu ve temsilcisi (a bendi): yapılandırmadaki `provider.nameTR`; adres ve irtibat kişisi elle yazılır. VERBİS'in adları genel bilgidir; başvurudan önce formla karşılaştırın.",
		"Controller and representative (letter a): `provider.nameTR` of the configuration; address and contact person are filled in by hand. The names of VERBİS are from general knowledge: compare them with the form before filing."))
	p.head(p.pick("veri kategorisi (c)", "category (c)"), p.pick("kişi grubu (c)", "group of people (c)"), p.pick("veriler", "data"), p.pick("amaç (b)", "purpose (b)"),
		p.pick("hukuki sebep", "legal ground"), p.pick("alıcı (ç)", "recipient (ç)"), p.pick("yurt dışı (d)", "abroad (d)"), p.pick("azami süre (f)", "longest term (f)"))
	for _, category := range privacy.Categories() {
		var names, groups []string
		var subjects []privacy.SubjectID
		var purposes []privacy.PurposeID
		var held []*privacy.Holding
		for i := range p.r.Data {
			d := &p.r.Data[i]
			if d.Category != category.ID {
				continue
			}
			names = append(names, p.say(d.Name))
			subjects = append(subjects, d.Subjects...)
			purposes = append(purposes, d.Purposes...)
			held = append(held, p.r.HoldingsOf(d.ID)...)
		}
		if len(names) == 0 {
			continue
		}
		for _, s := range privacy.Subjects() {
			if slices.Contains(subjects, s.ID) {
				groups = append(groups, s.Term)
			}
		}
		p.row(category.Term, strings.Join(groups, ", "), strings.Join(names, "; "), p.purposes(purposes), p.grounds(groundsOf(p.r, purposes)),
			p.recipients(held), p.pick("aktarılmaz", "none"), p.longest(held))
	}
	p.line("\n## %s\n", p.pick("Alınan tedbirler (e)", "Measures (e)"))
	for _, m := range measures {
		p.line("- %s", p.say(m))
	}
	p.line("- %s", p.pick("**henüz yok:** ileti ve delillerin diskte şifrelenmesi, süresi dolanın imhası, erişim kaydının dışarıdan tanığı", "**not yet:** encryption of messages and evidence on the disk, destruction at the end of a term, a witness of the access log outside"))
	_, err := io.WriteString(w, p.b.String())
	return err
}

// longest gives the rule that keeps longest among the holdings.
func (p *printer) longest(held []*privacy.Holding) string {
	var last *privacy.Retention
	for _, h := range held {
		if t := p.r.Retention(h.Retention); last == nil || t.Ceiling.Longer(last.Ceiling) {
			last = t
		}
	}
	return fmt.Sprintf("%s (%s)", p.say(last.Ceiling.Text()), p.say(privacy.ClockNames[last.Clock]))
}

// columnsOfCSV are the heads of the CSV form. A column is only ever added at the end.
var columnsOfCSV = []string{
	"kind", "name", "datum", "datum_tr", "category", "subjects", "purposes", "grounds", "recipients", "retention", "clock", "floor", "ceiling",
	"place", "country", "form", "source", "special", "class", "not_personal_because",
}

// writeCSV writes RFC 4180: one record for each datum in each holding, and one
// for each holding that is not personal.
func writeCSV(w io.Writer, r *privacy.Register) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(columnsOfCSV); err != nil {
		return err
	}
	for i := range r.Holdings {
		h := &r.Holdings[i]
		if !h.Personal() {
			record := make([]string, len(columnsOfCSV))
			record[0], record[1], record[len(record)-1] = string(h.Kind), h.Name, h.Technical.Turkish
			if err := out.Write(record); err != nil {
				return err
			}
		}
		for _, id := range h.Data {
			d, t := r.Datum(id), r.Retention(h.Retention)
			floor := ""
			if t.Floor.Given() {
				floor = t.Floor.ISO()
			}
			err := out.Write([]string{
				string(h.Kind), h.Name, string(d.ID), d.Name.Turkish, string(d.Category), joined(d.Subjects), joined(d.Purposes), joined(groundsOf(r, d.Purposes)),
				joined(h.Recipients), string(t.ID), string(t.Clock), floor, t.Ceiling.ISO(), string(h.Place), "TR", string(h.Form), string(d.Source),
				string(d.Special), string(d.Class), "",
			})
			if err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

func joined[ID ~string](ids []ID) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(id))
	}
	return b.String()
}
