package webmail

import (
	"crypto/rand"
	"sync"
	"time"

	"rem"
	"rem/edge/web"
	"rem/message/mailbox"
	"rem/message/timeline"
)

// Bounds of what is kept of searches.
const (
	// searchLife is how long a search can be gone through.
	searchLife = time.Hour
	// maxSearches are those of everybody together; the oldest go first. Each holds
	// a line of text.
	maxSearches = 10_000
	// maxPerPerson are those of one person.
	maxPerPerson = 20
	// maxQuestion is in characters.
	maxQuestion = 200
)

// A search is a question that somebody asked of one account. It is in memory
// alone: words that are searched for are personal, and belong in no address.
type search struct {
	by       rem.Actor
	made     time.Time
	question string
	query    mailbox.Query
}

// searches are those that can be gone through now. Its zero value is empty.
type searches struct {
	mu  sync.Mutex
	all map[string]search // guarded by mu
	old []string          // in the order in which they were made; guarded by mu
}

// keep returns the name of a search.
func (s *searches) keep(x search) string {
	name := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]search{}
	}
	mine := 0
	for i := len(s.old) - 1; i >= 0; i-- {
		k := s.old[i]
		if y, ok := s.all[k]; ok && y.by.Person == x.by.Person {
			if mine++; mine >= maxPerPerson {
				delete(s.all, k)
			}
		}
	}
	for len(s.old) > 0 {
		y, ok := s.all[s.old[0]]
		if ok && len(s.all) < maxSearches && x.made.Sub(y.made) < searchLife {
			break
		}
		delete(s.all, s.old[0])
		s.old = s.old[1:]
	}
	s.all[name] = x
	s.old = append(s.old, name)
	return name
}

// find returns a search of this person on this account.
func (s *searches) find(name string, by rem.Actor, now time.Time) (search, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := s.all[name]
	return x, ok && x.by.Account == by.Account && x.by.Person == by.Person && now.Sub(x.made) < searchLife
}

type searchPage struct {
	Fields []web.Field
	Boxes  []web.Field
}

var progresses = []struct {
	value string
	is    mailbox.Progress
	label rem.Text
}{
	{"waiting", mailbox.Waiting, text("Yolda", "On the way")},
	{"taken-over", mailbox.TakenOver, text("Karşı KEPHS devraldı", "Taken over by the other provider")},
	{"delivered", mailbox.Delivered, text("Kutuda, henüz okunmadı", "In the mailbox, not read yet")},
	{"read", mailbox.Retrieved, text("Okundu", "Read")},
	{"not-read", mailbox.NotOpened, text("Süresinde okunmadı", "Not read in time")},
	{"failed", mailbox.Failed, text("Ulaşmadı", "Did not arrive")},
	{"no-answer", mailbox.NoAnswer, text("Süresinde bilgi gelmedi", "No information in time")},
}

func (p *pages) searching(v *visit) (web.Answer, error) { return p.searchPage(v, web.NewForm(nil)) }

func (p *pages) searchPage(v *visit, f *web.Form) (web.Answer, error) {
	folders, err := p.Box.Folders(v.Context(), v.who)
	if err != nil {
		return nil, err
	}
	where := web.Field{Name: "where", Label: text("Klasör", "Folder"), Type: web.SelectInput, Optional: true, Help: text("Seçilmezse çöp kutusu dışında her yer.", "Without a choice: everywhere but in the trash.")}
	for i := range folders {
		if folders[i].ID != mailbox.Drafts {
			where.Choices = append(where.Choices, web.Choice{Value: string(folders[i].ID), Label: folderName(&folders[i])})
		}
	}
	state := web.Field{Name: "state", Label: text("Gönderilenlerde durum", "State of sent ones"), Type: web.SelectInput, Optional: true}
	for _, x := range progresses {
		state.Choices = append(state.Choices, web.Choice{Value: x.value, Label: x.label})
	}
	d := searchPage{Fields: []web.Field{
		{Name: "q", Label: text("Aranan", "What to look for"), Optional: true, Max: maxQuestion, Help: text("Gönderen, alıcı, konu, metin ve ek adlarında aranır; sözcüğün başı yeter. Büyük küçük harf fark etmez.", "Looked for in sender, recipients, subject, text and names of attachments; the beginning of a word is enough, in either case.")},
		where, state,
		dayField("from", text("İlk gün", "First day")), dayField("until", text("Son gün", "Last day")),
	}}
	if len(v.account.Operators) > 1 {
		names, err := p.people(v)
		if err != nil {
			return nil, err
		}
		who := web.Field{Name: "person", Label: text("İşlemi yapan", "Who acted"), Type: web.SelectInput, Optional: true, Help: text("Gönderilenlerde imzalayıp gönderen, gelenlerde ilk açan kişi.", "Who submitted a sent message, or opened a received one first.")}
		for _, o := range v.account.Operators {
			who.Choices = append(who.Choices, web.Choice{Value: string(o.Person), Label: same(names[o.Person])})
		}
		d.Fields = append(d.Fields, who)
	}
	d.Boxes = []web.Field{
		{Name: "unopened", Label: text("Yalnız hiç açılmamış gelenler", "Only received ones that nobody opened"), Type: web.CheckInput, Optional: true},
		{Name: "attached", Label: text("Yalnız eki olanlar", "Only with attachments"), Type: web.CheckInput, Optional: true},
		{Name: "marked", Label: text("Yalnız işaretliler", "Only marked ones"), Type: web.CheckInput, Optional: true},
	}
	for _, fields := range [][]web.Field{d.Fields, d.Boxes} {
		for i := range fields {
			fields[i] = f.Field(fields[i])
		}
	}
	page := web.Page{
		View: p.views.Page("search"), Title: text("İletilerde arama", "Search messages"), Data: d, Form: f, Script: web.Mailbox,
		Lead: text("Aramak ve listelemek hiçbir iletiyi açmaz. Aradığınız sözcükler adres satırına ve kayıtlara yazılmaz.", "Searching and listing open no message. What you search for stands in no address and no log."),
	}
	if n := v.done(); n != nil {
		page.Notices = append(page.Notices, *n)
	}
	return page, nil
}

// people are the names of who acts on the account.
func (p *pages) people(v *visit) (map[rem.PersonID]string, error) {
	names := map[rem.PersonID]string{}
	if p.People != nil {
		var err error
		if names, err = p.People(v.Context(), v.who, v.account); err != nil {
			return nil, err
		}
	}
	for _, o := range v.account.Operators {
		switch {
		case names[o.Person] != "":
		case o.Person == v.who.Actor.Person:
			names[o.Person] = v.Say(text("siz", "you"))
		default:
			names[o.Person] = string(o.Person)
		}
	}
	return names, nil
}

// dayField asks for a day, as it is written here: a calendar to choose from is worse
// by keyboard and for screen readers than ten characters.
func dayField(name string, label rem.Text) web.Field {
	return web.Field{Name: name, Label: label, Optional: true, Short: true, Max: 10, Mode: "decimal", Help: text("gün.ay.yıl, örneğin 05.03.2026", "day.month.year, such as 05.03.2026")}
}

// day reads a day of Türkiye; zero where nothing was typed.
func day(f *web.Form, field string) (t time.Time) {
	s := trimmed(f.Get(field))
	if s == "" {
		return t
	}
	for _, form := range []string{"2.1.2006", time.DateOnly} {
		if t, err := time.ParseInLocation(form, s, timeline.Türkiye); err == nil {
			return t
		}
	}
	f.Fail(field, text("Günü gün.ay.yıl olarak yazın.", "Write the day as day.month.year."))
	return t
}

// ask keeps a question and leads to what it finds.
func (p *pages) ask(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	x := search{by: v.who.Actor, made: v.Now(), question: trimmed(f.Get("q"))}
	if len([]rune(x.question)) > maxQuestion {
		f.Fail("q", text("Aranan çok uzun.", "That is too long."))
	}
	q := &x.query
	q.Folder = mailbox.FolderID(f.Get("where"))
	r := timeline.Days(day(f, "from"), day(f, "until"))
	if q.From, q.Until = r.From, r.Until; !q.From.IsZero() && !q.Until.IsZero() && !q.From.Before(q.Until) {
		f.Fail("until", text("Son gün ilk günden önce olamaz.", "The last day is before the first."))
	}
	if s := f.Get("state"); s != "" {
		for _, y := range progresses {
			if y.value == s {
				q.Progress = y.is
			}
		}
		if q.Progress == 0 {
			return nil, web.ErrForm
		}
		q.Kinds = []mailbox.Kind{mailbox.Sent}
	}
	if s := rem.PersonID(f.Get("person")); s != "" {
		if v.account.Operator(s) == nil {
			return nil, web.ErrForm
		}
		q.Person = s
	}
	q.Unopened, q.Attached, q.Marked = f.Get("unopened") == "yes", f.Get("attached") == "yes", f.Get("marked") == "yes"
	if !f.Good() {
		return p.searchPage(v, f)
	}
	return web.Redirect{To: "/mail/found/" + p.searches.keep(x)}, nil
}

// found shows what a search finds now.
func (p *pages) found(v *visit) (web.Answer, error) {
	id := v.Var("search")
	x, ok := p.searches.find(id, v.who.Actor, v.Now())
	if !ok {
		return web.Redirect{To: "/mail/search?done=over"}, nil
	}
	folders, err := p.Box.Folders(v.Context(), v.who)
	if err != nil {
		return nil, err
	}
	if x.query.Before, err = v.before(); err != nil {
		return nil, err
	}
	l := list{Title: text("Bulunanlar", "What was found"), Found: id, Empty: text("Buna uyan bir şey bulunamadı.", "Nothing was found.")}
	if x.question != "" {
		l.Asked = append(l.Asked, web.Fact{Term: text("Aranan", "Looked for"), Value: web.Cell{Text: x.question}})
	}
	for i := range folders {
		if folders[i].ID == x.query.Folder {
			l.Asked = append(l.Asked, web.Fact{Term: text("Klasör", "Folder"), Value: web.Cell{Say: folderName(&folders[i])}})
		}
	}
	for _, y := range progresses {
		if y.is == x.query.Progress {
			l.Asked = append(l.Asked, web.Fact{Term: text("Durum", "State"), Value: web.Cell{Say: y.label}})
		}
	}
	for _, b := range []struct {
		is   bool
		says rem.Text
	}{
		{x.query.Unopened, text("hiç açılmamış", "not opened")}, {x.query.Attached, text("eki var", "with attachments")}, {x.query.Marked, text("işaretli", "marked")},
	} {
		if b.is {
			l.Asked = append(l.Asked, web.Fact{Term: text("Yalnız", "Only"), Value: web.Cell{Say: b.says}})
		}
	}
	for _, b := range []struct {
		is   time.Time
		term rem.Text
	}{{x.query.From, text("Bu günden", "From")}, {x.query.Until, text("Bu günden önce", "Before")}} {
		if !b.is.IsZero() {
			l.Asked = append(l.Asked, web.Fact{Term: b.term, Value: web.Cell{Time: b.is, Day: true}})
		}
	}
	if x.query.Person != "" {
		names, err := p.people(v)
		if err != nil {
			return nil, err
		}
		l.Asked = append(l.Asked, web.Fact{Term: text("İşlemi yapan", "Who acted"), Value: web.Cell{Text: names[x.query.Person]}})
	}
	if err := p.fill(v, &l, folders, x.query, x.question, "/mail/found/"+id); err != nil {
		return nil, err
	}
	return p.listPage(v, l), nil
}
