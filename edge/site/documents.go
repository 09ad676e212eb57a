package site

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rem"
	"rem/edge/web"
	"rem/provider"
	"rem/provider/publication"
)

type documentPage struct {
	Facts    []web.Fact
	Document *publication.Document
	Settings []web.Fact
	Bytes    string
	Token    string
	Older    []web.Link
}

func pathOf(k publication.Kind, n uint64) string {
	return "/documents/" + string(k) + "/v" + strconv.FormatUint(n, 10)
}

func (s *site) documents(r *web.Request) (web.Answer, error) {
	t := web.Table{Columns: []web.Column{{Head: text("Belge", "Document")}, {Head: text("Geçerli sürüm", "Version in force")}, {Head: text("Geçerlilik başlangıcı", "In force from")}}}
	for _, k := range publication.Kinds() {
		v, err := s.Documents.InForce(k, r.Now())
		if errors.Is(err, publication.ErrNotFound) {
			t.Rows = append(t.Rows, []web.Cell{{Say: k.Name()}, {Say: text("Yayımlanmadı", "Not published"), Badge: true, Tone: web.Attention}, {}})
			continue
		}
		if err != nil {
			return nil, err
		}
		t.Rows = append(t.Rows, []web.Cell{{Say: k.Name(), Path: "/documents/" + string(k)}, {Text: strconv.FormatUint(v.Document.Version, 10)}, {Time: v.Effective, Day: true}})
	}
	return web.Page{View: views.Page("table"), Title: text("Belgeler", "Documents"),
		Lead: text("Hizmetin bağlı olduğu belgeler, bütün sürümleriyle. Her sürümün yayım zamanını bir zaman damgası gösterir.", "What the service is bound by, in all its versions. A time stamp shows when each of them was published."), Data: t}, nil
}

func (s *site) documentNow(r *web.Request) (web.Answer, error) {
	k := publication.Kind(r.Var("kind"))
	switch {
	case !k.Valid():
		return nil, web.ErrNotFound
	case k == publication.PracticeStatement:
		return web.Redirect{To: "/practice"}, nil
	case k == publication.Tariff:
		return web.Redirect{To: "/tariff"}, nil
	}
	return s.current(r, k, rem.Text{})
}

// current shows the version in force. missing is what stands there without one;
// the zero Text answers that there is no such page.
func (s *site) current(r *web.Request, k publication.Kind, missing rem.Text) (web.Answer, error) {
	v, err := s.Documents.InForce(k, r.Now())
	if errors.Is(err, publication.ErrNotFound) {
		if missing == (rem.Text{}) {
			return nil, web.ErrNotFound
		}
		p := web.Page{View: views.Page("document"), Title: k.Name(), Data: documentPage{Settings: s.settings(k, r)}}
		p.Notices = []web.Notice{{Tone: web.Attention, Text: missing}}
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	return s.documentOf(r, v), nil
}

func (s *site) documentAt(r *web.Request) (*publication.Version, error) {
	k := publication.Kind(r.Var("kind"))
	n, err := versionOf(r)
	if err != nil || !k.Valid() {
		return nil, web.ErrNotFound
	}
	v, err := s.Documents.Version(k, n)
	if errors.Is(err, publication.ErrNotFound) {
		return nil, web.ErrNotFound
	}
	return v, err
}

func (s *site) documentVersion(r *web.Request) (web.Answer, error) {
	v, err := s.documentAt(r)
	if err != nil {
		return nil, err
	}
	return s.documentOf(r, v), nil
}

func (s *site) documentBytes(r *web.Request) (web.Answer, error) {
	v, err := s.documentAt(r)
	if err != nil {
		return nil, err
	}
	return web.Download{Name: fileOf(v) + ".txt", Type: "text/plain; charset=utf-8", Body: v.Source, Forever: true}, nil
}

func (s *site) documentToken(r *web.Request) (web.Answer, error) {
	v, err := s.documentAt(r)
	if err != nil {
		return nil, err
	}
	return web.Download{Name: fileOf(v) + ".tst", Type: "application/octet-stream", Body: v.Token, Forever: true}, nil
}

func fileOf(v *publication.Version) string {
	return string(v.Document.Kind) + "-v" + strconv.FormatUint(v.Document.Version, 10)
}

func (s *site) documentOf(r *web.Request, v *publication.Version) web.Page {
	k, path := v.Document.Kind, pathOf(v.Document.Kind, v.Document.Version)
	d := documentPage{Document: v.Document, Bytes: path + "/document.txt", Token: path + "/document.tst"}
	d.Facts = []web.Fact{
		{Term: text("Sürüm", "Version"), Value: web.Cell{Text: strconv.FormatUint(v.Document.Version, 10)}},
		{Term: text("Yayımlandı", "Published"), Value: web.Cell{Time: v.Link.Time}},
		{Term: text("Geçerlilik başlangıcı", "In force from"), Value: web.Cell{Time: v.Effective}},
		{Term: text("Özet (SHA-256)", "Digest (SHA-256)"), Value: web.Cell{Text: v.Digest.String(), Code: true}},
	}
	now, err := s.Documents.InForce(k, r.Now())
	inForce := err == nil && now.Document.Version == v.Document.Version
	if inForce {
		d.Settings = s.settings(k, r)
	}
	for _, o := range s.Documents.Versions(k) {
		if o.Document.Version != v.Document.Version {
			n := strconv.FormatUint(o.Document.Version, 10)
			d.Older = append(d.Older, web.Link{Text: text("Sürüm "+n, "Version "+n), Path: pathOf(k, o.Document.Version)})
		}
	}
	p := web.Page{View: views.Page("document"), Title: v.Document.Title, Data: d}
	if v.Document.Sample {
		p.Notices = append(p.Notices, sample)
	}
	if !inForce {
		p.Notices = append(p.Notices, web.Notice{Tone: web.Attention, Text: text("Bu, şu anda geçerli olan sürüm değildir.", "This is not the version in force now."),
			Link: web.Link{Text: text("Geçerli sürüme git", "Go to the version in force"), Path: "/documents/" + string(k)}})
	}
	return p
}

func (s *site) tariff(r *web.Request) (web.Answer, error) {
	return s.current(r, publication.Tariff, text("Bu sağlayıcı henüz bir tarife yayımlamadı. Tarife yayımlanmadan hiçbir ücret istenmez.", "This provider has published no tariff yet. Nothing is charged before one is published."))
}

func (s *site) practice(r *web.Request) (web.Answer, error) {
	return s.current(r, publication.PracticeStatement, text("Uygulama esaslarının metni henüz yayımlanmadı. Programın bugün uyguladığı değerler aşağıdadır.", "The text of the practice statement has not been published yet. The values that the program applies today are below."))
}

// settings are the values of the practice, for the practice statement alone.
func (s *site) settings(k publication.Kind, r *web.Request) (facts []web.Fact) {
	if k != publication.PracticeStatement {
		return nil
	}
	for _, x := range s.Practice.Settings() {
		name, ok := settingNames[x.Name]
		if !ok {
			name = text(x.Name, x.Name)
		}
		facts = append(facts, web.Fact{Term: name, Value: web.Cell{Text: spelled(r, x)}, Help: x.Source})
	}
	return facts
}

var settingNames = map[string]rem.Text{
	"policyIDs":        text("İlke kimlikleri", "Policy identifiers"),
	"signing":          text("Orijinal iletinin imzası", "Signature of the original message"),
	"maxPackage":       text("Sağlayıcılar arası en büyük paket", "Largest package between providers"),
	"maxRecipients":    text("Bir iletinin en çok alıcı sayısı", "Recipients of one message at most"),
	"relayPeriod":      text("Başka sağlayıcıya iletmeyi deneme süresi", "How long we try to relay to another provider"),
	"answerPeriod":     text("Başka sağlayıcının delilini bekleme süresi", "How long we wait for another provider's evidence"),
	"retrievalPeriod":  text("Açılmayan iletinin bekleme süresi", "How long an unopened message waits"),
	"deemedRead":       text("Okunmuş sayılma süresi", "When a message is deemed read"),
	"firstRetry":       text("İki deneme arasındaki ilk bekleme", "First pause between two attempts"),
	"lastRetry":        text("İki deneme arasındaki en uzun bekleme", "Longest pause between two attempts"),
	"askAgain":         text("Yanıt vermeyen sağlayıcıya yeniden sorma aralığı", "How often a provider that owes an answer is asked again"),
	"accountTerm":      text("Hesabın süresi", "Term of an account"),
	"accountGrace":     text("Süre bitince kapanmaya kadar bekleme", "From the end of the term to closing"),
	"accountExport":    text("Kapanan hesaptaki iletileri alma süresi", "How long messages can be had after closing"),
	"accountReminders": text("Süre bitmeden hatırlatmalar", "Reminders before the end of a term"),
	"maxHops":          text("Bir iletinin geçebileceği sunucu sayısı", "Servers that a message may pass"),
}

// spelled writes a value for people.
func spelled(r *web.Request, x provider.Setting) string {
	switch x.Name {
	case "maxPackage":
		if n, err := strconv.ParseInt(x.Value, 10, 64); err == nil {
			return fmt.Sprintf("%d MB (%s %s)", n/(1<<20), x.Value, r.Say(text("bayt", "octets")))
		}
	case "signing":
		if x.Value == string(provider.SigningRequired) {
			return r.Say(text("zorunlu", "required"))
		}
		return r.Say(text("kabul edilir", "accepted"))
	case "deemedRead":
		if x.Value == "off" {
			return r.Say(text("kapalı", "off"))
		}
	}
	var words []string
	for _, part := range strings.FieldsFunc(x.Value, func(c rune) bool { return c == ' ' || c == ',' }) {
		d, err := time.ParseDuration(part)
		if err != nil {
			return x.Value
		}
		words = append(words, r.Say(period(d)))
	}
	return strings.Join(words, ", ")
}

// period writes a length of time: 26h is one day and two hours.
func period(d time.Duration) rem.Text {
	if d <= 0 {
		return text("süresiz", "without end")
	}
	var tr, en []string
	for _, unit := range []struct {
		d            time.Duration
		tr, one, all string
	}{{24 * time.Hour, "gün", "day", "days"}, {time.Hour, "saat", "hour", "hours"}, {time.Minute, "dakika", "minute", "minutes"}, {time.Second, "saniye", "second", "seconds"}} {
		n := int64(d / unit.d)
		if d -= time.Duration(n) * unit.d; n == 0 {
			continue
		}
		word := unit.all
		if n == 1 {
			word = unit.one
		}
		tr, en = append(tr, fmt.Sprint(n, " ", unit.tr)), append(en, fmt.Sprint(n, " ", word))
	}
	return text(strings.Join(tr, " "), strings.Join(en, " "))
}
