package site

import (
	"errors"
	"strconv"
	"strings"

	"rem"
	"rem/edge/web"
	"rem/privacy/notice"
)

// noticePage is a version as the page shows it.
type noticePage struct {
	Facts    []web.Fact
	Sections []noticeSection
	Changes  string // the path of what changed; "" for the first version
	Bytes    string
	Versions string
}

type noticeSection struct {
	ID    string
	Title rem.Text
	Facts []web.Fact
	Text  []rem.Text
	Items []noticeItem
}

type noticeItem struct {
	Name  rem.Text
	Facts []web.Fact
	Text  []rem.Text
}

// aside is the path of something about a version. It cannot stand below the
// version's own path, where the digests are.
func aside(what string, v *notice.Version) string {
	return "/notice-" + what + "/v" + strconv.FormatUint(v.Notice.Version, 10)
}

func (s *site) noticeNow(r *web.Request) (web.Answer, error) {
	v, err := s.Notices.InForce(r.Now())
	if errors.Is(err, notice.ErrNotFound) {
		return web.Page{View: views.Page("nothing"), Title: text("Aydınlatma bildirimi", "Privacy notice"), Status: 404,
			Data: text("Henüz yayımlanmış bir aydınlatma bildirimi yok. Bildirim yayımlanmadan başvuru alınmaz.", "No privacy notice has been published yet. No application is taken before that.")}, nil
	}
	if err != nil {
		return nil, err
	}
	return s.noticeOf(r, v)
}

// versionOf reads v3 as 3, in one spelling.
func versionOf(r *web.Request) (uint64, error) {
	text, ok := strings.CutPrefix(r.Var("version"), "v")
	n, err := strconv.ParseUint(text, 10, 32)
	if !ok || err != nil || strconv.FormatUint(n, 10) != text {
		return 0, web.ErrNotFound
	}
	return n, nil
}

func (s *site) noticeAt(r *web.Request) (*notice.Version, error) {
	n, err := versionOf(r)
	if err != nil {
		return nil, err
	}
	v, err := s.Notices.Version(n)
	if errors.Is(err, notice.ErrNotFound) {
		return nil, web.ErrNotFound
	}
	return v, err
}

func (s *site) noticeVersion(r *web.Request) (web.Answer, error) {
	v, err := s.noticeAt(r)
	if err != nil {
		return nil, err
	}
	return s.noticeOf(r, v)
}

func (s *site) noticeByDigest(r *web.Request) (web.Answer, error) {
	for _, v := range s.Notices.Versions() {
		if v.Digest.String() == r.Var("digest") {
			return s.noticeOf(r, v)
		}
	}
	return nil, web.ErrNotFound
}

func (s *site) noticeOf(r *web.Request, v *notice.Version) (web.Answer, error) {
	d := noticePage{Versions: "/notice/versions", Bytes: aside("bytes", v)}
	if len(v.Changes) > 0 {
		d.Changes = aside("changes", v)
	}
	d.Facts = []web.Fact{
		{Term: text("Sürüm", "Version"), Value: web.Cell{Text: strconv.FormatUint(v.Notice.Version, 10), Note: noticeStatus(s.Notices.StatusOf(v, r.Now()))}},
		{Term: text("Yayımlandı", "Published"), Value: web.Cell{Time: v.Link.Time}},
		{Term: text("Geçerlilik başlangıcı", "In force from"), Value: web.Cell{Time: v.Effective}},
		{Term: text("Özet (SHA-256)", "Digest (SHA-256)"), Value: web.Cell{Text: v.Digest.String(), Code: true}},
	}
	for i := range v.Notice.Sections {
		x := &v.Notice.Sections[i]
		section := noticeSection{ID: string(x.ID), Title: x.Title, Text: x.Text, Facts: factsOf(r, x.Facts)}
		for j := range x.Items {
			it := &x.Items[j]
			section.Items = append(section.Items, noticeItem{x.NameOf(it), factsOf(r, it.Facts), it.Text})
		}
		d.Sections = append(d.Sections, section)
	}
	p := web.Page{View: views.Page("notice"), Title: v.Notice.Title, Data: d}
	if v.Notice.Sample {
		p.Notices = append(p.Notices, sample)
	}
	if status := s.Notices.StatusOf(v, r.Now()); status != notice.InForce {
		p.Notices = append(p.Notices, web.Notice{Tone: web.Attention, Title: noticeStatus(status), Text: text("Bu, şu anda geçerli olan sürüm değildir.", "This is not the version in force now."),
			Link: web.Link{Text: text("Geçerli sürüme git", "Go to the version in force"), Path: notice.CurrentPath}})
	}
	return p, nil
}

var sample = web.Notice{Tone: web.Attention, Title: text("Bu metin bir örnektir.", "This text is a sample."),
	Text: text("Hiçbir sağlayıcıyı bağlamaz; yalnız gösterim içindir.", "It binds no provider and is there for demonstration alone.")}

func factsOf(r *web.Request, list []notice.Fact) (facts []web.Fact) {
	for _, f := range list {
		if name, value, ok := f.Say(r.Language); ok {
			facts = append(facts, web.Fact{Term: capital(name), Value: web.Cell{Text: value}})
		}
	}
	return facts
}

func noticeStatus(s notice.Status) rem.Text {
	switch s {
	case notice.Announced:
		return text("Duyuruldu, henüz geçerli değil", "Announced, not in force yet")
	case notice.InForce:
		return text("Geçerli", "In force")
	}
	return text("Yerini yeni bir sürüm aldı", "Superseded by a later version")
}

func (s *site) noticeVersions(r *web.Request) (web.Answer, error) {
	t := web.Table{
		Caption: text("Bütün sürümler, en yenisi üstte", "All versions, the newest first"),
		Columns: []web.Column{{Head: text("Sürüm", "Version")}, {Head: text("Geçerlilik başlangıcı", "In force from")}, {Head: text("Durum", "State")}, {Head: text("Önemli değişiklik", "Material changes")}, {Head: text("Özet (SHA-256)", "Digest (SHA-256)")}},
		Empty:   text("Henüz yayımlanmış bir sürüm yok.", "No version has been published yet."),
	}
	versions := s.Notices.Versions()
	for i := len(versions) - 1; i >= 0; i-- {
		v := versions[i]
		status, tone := s.Notices.StatusOf(v, r.Now()), web.Plain
		if status == notice.InForce {
			tone = web.Good
		}
		changed := web.Cell{Say: text("İlk sürüm", "First version")}
		if i > 0 {
			changed = web.Cell{Say: text("Yok", "None"), Path: aside("changes", v), Label: text("Yok: bütün değişiklikleri göster", "None: show all changes")}
			if notice.AnyMaterial(v.Changes) {
				changed.Say, changed.Label = text("Var", "Yes"), text("Var: değişiklikleri göster", "Yes: show the changes")
			}
		}
		number := strconv.FormatUint(v.Notice.Version, 10)
		t.Rows = append(t.Rows, []web.Cell{
			{Say: text("Sürüm "+number, "Version "+number), Path: notice.PathOf(v.Notice.Version)},
			{Time: v.Effective, Day: true}, {Say: noticeStatus(status), Badge: true, Tone: tone}, changed, {Text: v.Digest.String(), Code: true},
		})
	}
	return web.Page{View: views.Page("table"), Title: text("Aydınlatma bildiriminin sürümleri", "Versions of the privacy notice"), Wide: true,
		Lead: text("Yayımlanan hiçbir sürüm değiştirilmez ve silinmez.", "No version that was published is ever changed or removed."), Data: t}, nil
}

func (s *site) noticeChanges(r *web.Request) (web.Answer, error) {
	v, err := s.noticeAt(r)
	if err != nil {
		return nil, err
	}
	if v.Notice.Version == 1 {
		return nil, web.ErrNotFound
	}
	t := web.Table{
		Columns: []web.Column{{Head: text("Ne değişti", "What changed")}, {Head: text("Tür", "Kind")}},
		Empty:   text("Sözlerden başka bir şey değişmedi.", "Nothing changed but words."),
	}
	for _, c := range v.Changes {
		kind := web.Cell{Say: text("sözler", "words"), Badge: true}
		if c.Material {
			kind = web.Cell{Say: text("önemli", "material"), Badge: true, Tone: web.Attention}
		}
		t.Rows = append(t.Rows, []web.Cell{{Say: c.What}, kind})
	}
	before, now := strconv.FormatUint(v.Notice.Version-1, 10), strconv.FormatUint(v.Notice.Version, 10)
	return web.Page{View: views.Page("table"), Title: text("Sürüm "+before+" ile "+now+" arasındaki değişiklikler", "Changes from version "+before+" to "+now),
		Lead: text("Önemli değişiklikler, bildirimin söylediği olgulardadır; ötekiler yalnız sözlerdedir.", "Material changes are in the facts that the notice states; the others are in its words alone."), Data: t}, nil
}

func (s *site) noticeBytes(r *web.Request) (web.Answer, error) {
	v, err := s.noticeAt(r)
	if err != nil {
		return nil, err
	}
	return web.Download{Name: "notice-v" + strconv.FormatUint(v.Notice.Version, 10) + ".txt", Type: "text/plain; charset=utf-8", Body: v.Source, Forever: true}, nil
}
