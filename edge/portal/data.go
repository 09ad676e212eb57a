package portal

import (
	"strconv"
	"strings"

	"rem"
	"rem/edge/web"
	"rem/person/account"
	"rem/privacy"
)

// holdings is what we hold about who looks.
type holdings struct {
	Values web.Table
	Kinds  web.Table
	Told   web.Table
}

// data shows the person's own values, opened for him, and what sorts of data there
// are, why, and until when (S44).
func (p *pages) data(v *visit) (web.Answer, error) {
	me := v.Principal.Person()
	said := []Said{{
		Label: text("Hesap sahibinin adı veya unvanı", "Name or title of the holder"),
		Item:  privacy.Item{Person: v.account.Holder.Person, Field: account.HolderName, Sealed: v.account.Holder.Name},
	}}
	if o := v.account.Operator(me); o != nil {
		said = append(said, Said{Label: text("İşlem yetkilisi olarak adınız", "Your name as an operator"), Item: privacy.Item{Person: me, Field: account.OperatorName, Sealed: o.Name}})
	}
	if p.Answers != nil {
		more, err := p.Answers.AnswersOf(v.Context(), me)
		if err != nil {
			return nil, err
		}
		said = append(said, more...)
	}
	items := make([]privacy.Item, len(said))
	for i := range said {
		items[i] = said[i].Item
	}
	values, err := p.open(v, items)
	if err != nil {
		return nil, err
	}
	h := holdings{
		Values: web.Table{
			Caption: text("Hakkınızda tuttuğumuz bilgiler", "What we hold about you"),
			Columns: []web.Column{{Head: text("Bilgi", "What")}, {Head: text("Değer", "Value")}, {Head: text("Nereden", "Where from")}},
		},
		Kinds: web.Table{
			Caption: text("Veri türleri, amaçları ve süreleri", "Kinds of data, what for, and until when"),
			Columns: []web.Column{{Head: text("Veri", "Data")}, {Head: text("Amaçlar", "Purposes")}},
		},
	}
	for i, value := range values {
		if value == "" {
			continue
		}
		h.Values.Rows = append(h.Values.Rows, []web.Cell{{Say: said[i].Label}, {Text: strings.TrimPrefix(value, said[i].Before)}, {Say: provenance(items[i].Sealed.Provenance())}})
	}
	for i := range p.Register.Data {
		d := &p.Register.Data[i]
		var why rem.Text
		for _, id := range d.Purposes {
			if purpose := p.Register.Purpose(id); purpose != nil && purpose.InUse() {
				why.Turkish, why.English = joined(why.Turkish, purpose.Name.Turkish), joined(why.English, purpose.Name.English)
			}
		}
		if why.Turkish != "" {
			h.Kinds.Rows = append(h.Kinds.Rows, []web.Cell{{Say: d.Name}, {Say: why}})
		}
	}
	if h.Told, err = p.told(v); err != nil {
		return nil, err
	}
	return web.Page{
		View: p.views.Page("data"), Title: text("Verilerim", "My data"), Data: h, Wide: true,
		Lead: text("Bu sayfaya her bakışınız da erişim kaydına yazılır.", "Each time that you look at this page, that is recorded too."),
	}, nil
}

// told lists which versions of the privacy notice the person was shown.
func (p *pages) told(v *visit) (web.Table, error) {
	t := web.Table{
		Caption: text("Size gösterilen aydınlatma bildirimleri", "Privacy notices that you were shown"),
		Columns: []web.Column{{Head: text("Sürüm", "Version")}, {Head: text("Zaman", "Time")}, {Head: text("Özet", "Digest")}},
	}
	list, err := p.Notices.DeliveriesTo(v.Context(), v.Principal.Person())
	if err != nil {
		return t, err
	}
	for _, d := range list {
		n := strconv.FormatUint(d.Version, 10)
		t.Rows = append(t.Rows, []web.Cell{{Text: n, Path: "/notice/" + n}, {Time: d.Link.Time}, {Text: d.Digest.String()[:16] + "…", Code: true}})
	}
	return t, nil
}

func provenance(from privacy.Provenance) rem.Text {
	switch from.Origin() {
	case privacy.Verified:
		return text("doğrulandı", "verified")
	case privacy.Imported:
		return text("bir kayıttan alındı", "taken over from a register")
	case privacy.Derived:
		return text("hesaplandı", "derived")
	}
	return text("beyanınız", "as you said")
}

// looksPage is how many entries stand on one page.
const looksPage = 50

// before is the number of the entry that a page of a list comes before; 0: the
// first page.
func (v *visit) before() (uint64, error) {
	from := v.Query("before")
	if from == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(from, 10, 64)
	if err != nil {
		return 0, web.ErrNotFound
	}
	return n, nil
}

// looks shows who opened values about the person: when, as what, why, in which
// case, and which values. Staff has a pseudonym (P-21, S44).
func (p *pages) looks(v *visit) (web.Answer, error) {
	before, err := v.before()
	if err != nil {
		return nil, err
	}
	list, err := p.Looks.Concerning(v.Context(), v.Principal.Person(), before, looksPage)
	if err != nil {
		return nil, err
	}
	t := web.Table{
		Caption: text("Verilerinize bakanlar", "Who looked at your data"),
		Columns: []web.Column{{Head: text("Zaman", "Time")}, {Head: text("Kim", "Who")}, {Head: text("Ne için", "What for")}, {Head: text("Hangi veri", "Which data")}},
		Empty:   text("Kayıt yok.", "There is no entry."),
	}
	for i := range list {
		l := p.Viewer.Look(&list[i])
		who := web.Cell{Say: text("siz", "you")}
		switch {
		case l.Staff != "":
			who = web.Cell{Text: l.Staff, Code: true, Note: l.As}
		case !l.Self:
			who = web.Cell{Say: text("hesabın bir yetkilisi", "an operator of the account"), Note: l.As}
		}
		why := web.Cell{Say: l.Purpose}
		if l.Case != "" {
			why.Note = rem.Text{Turkish: "dosya " + string(l.Case), English: "case " + string(l.Case)}
		}
		var which rem.Text
		for _, d := range l.Data {
			which.Turkish, which.English = joined(which.Turkish, d.Turkish), joined(which.English, d.English)
		}
		t.Rows = append(t.Rows, []web.Cell{{Time: l.Time}, who, why, {Say: which, Note: l.Act}})
	}
	if len(list) == looksPage {
		t.Pager = &web.Pager{After: "/account/looks?before=" + strconv.FormatUint(list[len(list)-1].Number, 10)}
	}
	return web.Page{
		View: p.views.Page("table"), Title: text("Verilerime bakanlar", "Who looked at my data"), Data: t, Wide: true,
		Lead: text("Hiçbir veri, bu kayda yazılmadan açılamaz. Görevliler takma adla görünür; aynı görevlinin takma adı hep aynıdır.", "Nothing is opened before it is written here. Staff stand under pseudonyms; the same person always has the same one."),
	}, nil
}
