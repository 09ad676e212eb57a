package webmail

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"rem"
	"rem/edge/web"
	"rem/message/bulk"
	"rem/message/mailbox"
)

// Bounds of bulk sendings that are begun on a page.
const (
	// maxBulkPackage is how large a ZIP may be, in octets: as on the door for programs.
	maxBulkPackage = 1 << 30
	// maxChecked are requests that were checked and wait for their person to begin; the
	// oldest one makes room. Their files lie on the disk.
	maxChecked = 32
	// checkedFor is how long one waits.
	checkedFor = time.Hour
	// maxChecking is how many are received and checked at the same time, by one person
	// only one.
	maxChecking = 4
)

const (
	bulkNewPath   = "/mail/bulk/new"
	bulkCheckPath = "/mail/bulk-check/"
)

// A checked request waits for its person's word. It is used by one at a time: who
// takes it has it.
type checked struct {
	who           rem.Actor
	kind          bulk.Kind
	subject, text string
	list, files   mailbox.Spool // may be nil
	names         [2]string     // of list and files, as their owner calls them
	report        bulk.Report
	at            time.Time
	over          *time.Timer
}

func (c *checked) close() {
	if c.over != nil {
		c.over.Stop()
	}
	for _, s := range []mailbox.Spool{c.list, c.files} {
		if s != nil {
			_ = s.Close() // what is left of it on the disk goes at the next start
		}
	}
}

// request reads the list into memory; its size is bounded.
func (c *checked) request() (bulk.Request, error) {
	q := bulk.Request{Kind: c.kind, Subject: c.subject, Text: c.text}
	if c.files != nil {
		q.Package = c.files
	}
	if c.list == nil {
		return q, nil
	}
	var err error
	q.List, err = io.ReadAll(io.NewSectionReader(c.list, 0, c.list.Size()))
	return q, err
}

// A counter keeps checked requests in memory, by names that nobody guesses. A restart
// forgets them, and their people upload again.
type counter struct {
	mu      sync.Mutex
	waiting map[string]*checked // guarded by mu
	busy    map[rem.Actor]bool  // guarded by mu; who is having one checked
}

func key(a rem.Actor) rem.Actor { return rem.Actor{Account: a.Account, Person: a.Person} }

// enter keeps a second upload of a person, and too many of all, from beginning.
func (k *counter) enter(a rem.Actor) (leave func(), err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.busy == nil {
		k.busy = map[rem.Actor]bool{}
	}
	if k.busy[key(a)] || len(k.busy) >= maxChecking {
		return nil, web.ErrBusy
	}
	k.busy[key(a)] = true
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.busy, key(a))
	}, nil
}

// put keeps one and returns its name. A person has one at a time on an account.
func (k *counter) put(c *checked) string {
	name := rand.Text()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.waiting == nil {
		k.waiting = map[string]*checked{}
	}
	oldest := ""
	for n, x := range k.waiting {
		if key(x.who) == key(c.who) {
			delete(k.waiting, n)
			x.close()
		} else if oldest == "" || x.at.Before(k.waiting[oldest].at) {
			oldest = n
		}
	}
	if len(k.waiting) >= maxChecked {
		k.waiting[oldest].close()
		delete(k.waiting, oldest)
	}
	k.waiting[name] = c
	c.over = time.AfterFunc(checkedFor, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.waiting[name] == c {
			delete(k.waiting, name)
			c.close()
		}
	})
	return name
}

// look returns the report of one that is its person's; false: there is none.
func (k *counter) look(name string, a rem.Actor) (checked, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, ok := k.waiting[name]
	if !ok || key(c.who) != key(a) {
		return checked{}, false
	}
	return *c, true
}

// take gives one to its person for good.
func (k *counter) take(name string, a rem.Actor) (*checked, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, ok := k.waiting[name]
	if !ok || key(c.who) != key(a) {
		return nil, false
	}
	delete(k.waiting, name)
	return c, true
}

type bulkForm struct {
	Fields []web.Field
	Limits []web.Fact
}

// bulkNew is the empty form.
func (p *pages) bulkNew(v *visit) (web.Answer, error) {
	if !v.writes() {
		return nil, &web.Forbidden{Why: text("Bu hesapta ileti hazırlama yetkiniz yok.", "You have no authority to write messages on this account.")}
	}
	return p.bulkForm(web.NewForm(map[string]string{"kind": string(bulk.Templated)}))
}

func (p *pages) bulkForm(f *web.Form) (web.Answer, error) {
	count := func(n int) web.Cell { return web.Cell{Text: fmt.Sprint(n)} }
	d := bulkForm{
		Fields: []web.Field{
			f.Field(web.Field{Name: "kind", Label: text("Ne gönderilecek?", "What is sent?"), Type: web.RadioInput, Choices: []web.Choice{
				{Value: string(bulk.Templated), Label: text("Bir mektup, listedeki her alıcıya kendi bilgileriyle", "One letter, to everybody in a list, with what is his own"), Help: text("İletiler hazırlandıktan sonra burada imzalanır.", "The messages are signed here after they were prepared.")},
				{Value: string(bulk.Presigned), Label: text("Önceden imzalanmış iletiler", "Messages that were signed before"), Help: text("Yalnız ZIP yüklenir; içinde tek alıcılı, imzalı .eml dosyaları bulunur.", "Only a ZIP is uploaded, with signed .eml files of one recipient each.")},
			}}),
			f.Field(web.Field{Name: "subject", Label: text("Konu", "Subject"), Max: mailbox.MaxSubject, Optional: true, Help: text("Önceden imzalanmış iletiler için boş bırakın.", "Leave it empty for messages that were signed before.")}),
			f.Field(web.Field{Name: "text", Label: text("Metin", "Text"), Type: web.AreaInput, Optional: true, Max: mailbox.MaxText,
				Help: text("{{sütun adı}} yazılan yere o alıcının hücresi girer; konuda da. Örneğin: Sayın {{ad}}, borcunuz {{tutar}} TL’dir.", "{{name of a column}} is replaced by that recipient's cell, in the subject too. Such as: Dear {{name}}, you owe {{amount}}.")}),
			f.Field(web.Field{Name: "list", Label: text("Alıcı listesi (CSV)", "List of recipients (CSV)"), Type: web.FileInput, Accept: ".csv,text/csv", Optional: true,
				Help: text("UTF-8, başlık satırıyla. “adres” sütunu gerekir; “ad” alıcının adı, “dosya” ise ZIP’teki ekinin adıdır.", "UTF-8, with a header row. It needs the column “address”; “name” is the recipient's, and “file” names his attachment in the ZIP.")}),
			f.Field(web.Field{Name: "package", Label: text("Ekler veya imzalı iletiler (ZIP)", "Attachments or signed messages (ZIP)"), Type: web.FileInput, Accept: ".zip,application/zip", Optional: true}),
		},
		Limits: []web.Fact{
			{Term: text("Alıcı", "Recipients"), Value: count(bulk.MaxRows), Help: text("bir gönderimde en çok", "at most in one sending")},
			{Term: text("Liste", "List"), Value: web.Cell{Say: octets(bulk.MaxList)}}, {Term: text("ZIP", "ZIP"), Value: web.Cell{Say: octets(maxBulkPackage)}},
			{Term: text("Bir ileti", "One message"), Value: web.Cell{Say: octets(p.limit())}, Help: text("ekleri ve imzasıyla birlikte", "with its attachments and signature")},
		},
	}
	return web.Page{View: p.views.Page("bulk-new"), Title: text("Yeni toplu gönderim", "New bulk sending"), Form: f, Data: d,
		Lead: text("Önce her satır denetlenir ve size gösterilir; siz başlatmadan hiçbir şey hazırlanmaz.", "First every row is checked and shown to you; nothing is prepared before you begin.")}, nil
}

// receive takes one file of the form in, within its bound.
func (p *pages) receive(part web.File, most int64) (mailbox.Spool, error) {
	s := p.Box.Spool()
	n, err := io.Copy(s, io.LimitReader(part, most+1))
	if err == nil && n > most {
		err = web.ErrTooLarge
	}
	if err == nil {
		err = s.Seal()
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// bulkUpload receives the files as they come, and checks the request whole.
func (p *pages) bulkUpload(v *visit) (_ web.Answer, err error) {
	if !v.writes() {
		return nil, &web.Forbidden{Why: text("Bu hesapta ileti hazırlama yetkiniz yok.", "You have no authority to write messages on this account.")}
	}
	leave, err := p.checks.enter(v.who.Actor)
	if err != nil {
		return nil, err
	}
	defer leave()
	c := &checked{who: v.who.Actor}
	kept := false
	defer func() {
		if !kept {
			c.close()
		}
	}()
	f, err := v.Upload(func(_ *web.Form, part web.File) (err error) {
		switch {
		case part.Field == "list" && c.list == nil:
			c.names[0] = part.Name
			c.list, err = p.receive(part, bulk.MaxList)
		case part.Field == "package" && c.files == nil:
			c.names[1] = part.Name
			c.files, err = p.receive(part, maxBulkPackage)
		default:
			err = web.ErrForm
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	c.kind, c.subject, c.text = bulk.Kind(f.Get("kind")), f.Get("subject"), f.Get("text")
	switch {
	case c.kind == bulk.Templated && c.list == nil:
		f.Fail("list", text("Bir liste seçin.", "Choose a list."))
	case c.kind == bulk.Presigned && c.files == nil:
		f.Fail("package", text("Bir ZIP dosyası seçin.", "Choose a ZIP file."))
	case c.kind != bulk.Templated && c.kind != bulk.Presigned:
		f.Fail("kind", text("Birini seçin.", "Choose one."))
	}
	if !f.Good() {
		return p.bulkForm(f)
	}
	q, err := c.request()
	if err != nil {
		return nil, err
	}
	if c.report, err = p.Bulk.Check(v.Context(), v.who, q); err != nil {
		field := "list"
		if c.kind == bulk.Presigned {
			field = "package"
		}
		if err := told(f, field, err); err != nil {
			return nil, err
		}
		return p.bulkForm(f)
	}
	c.at, kept = v.Now(), true
	return web.Redirect{To: bulkCheckPath + p.checks.put(c)}, nil
}

type bulkReport struct {
	Path          string
	Facts         []web.Fact
	Faults, Notes web.Table
	More          web.Notice
	Good          bool
	First         *bulk.Sample
}

func remarks(caption rem.Text, all []bulk.Remark) web.Table {
	t := web.Table{Caption: caption, Columns: []web.Column{{Head: text("Satır", "Row")}, {Head: text("Ne var?", "What is it?")}}}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b bulk.Remark) int { return a.Row - b.Row })
	for _, r := range all {
		row := web.Cell{Text: fmt.Sprint(r.Row)}
		if r.Row == 0 {
			row = web.Cell{Say: text("bütünü", "the whole")}
		}
		t.Rows = append(t.Rows, []web.Cell{row, {Say: r.Text}})
	}
	return t
}

// bulkChecked shows what a request would do.
func (p *pages) bulkChecked(v *visit) (web.Answer, error) {
	name := v.Var("check")
	c, ok := p.checks.look(name, v.who.Actor)
	if !ok {
		return nil, web.ErrNotFound
	}
	return p.bulkReport(name, &c)
}

func (p *pages) bulkReport(name string, c *checked) (web.Answer, error) {
	r := &c.report
	d := bulkReport{
		Path: bulkCheckPath + name, Good: len(r.Faults) == 0, First: r.First,
		Facts: []web.Fact{
			{Term: text("Alıcı", "Recipients"), Value: web.Cell{Text: fmt.Sprint(r.Rows)}, Help: text("başlıktan sonraki ilk satır 1 sayılır", "the first row after the header is number 1")},
			{Term: text("İletilerin toplam boyutu", "Size of all messages"), Value: web.Cell{Say: octets(r.Bytes)}, Help: text("imzalarıyla birlikte, yaklaşık", "with their signatures, about")},
		},
		Faults: remarks(text("Düzeltilmesi gerekenler", "To be put right"), r.Faults), Notes: remarks(text("Bilginize", "To be known"), r.Notes),
	}
	for i, n := range c.names {
		if n != "" {
			d.Facts = append(d.Facts, web.Fact{Term: []rem.Text{text("Liste", "List"), text("ZIP", "ZIP")}[i], Value: web.Cell{Text: n}})
		}
	}
	if r.More > 0 {
		d.More = web.Notice{Tone: web.Attention, Title: text(fmt.Sprint(r.More)+" uyarı daha var", fmt.Sprint(r.More)+" more remarks"), Text: text("Burada ilk "+fmt.Sprint(bulk.MaxRemarks)+" uyarı gösterilir.", "The first "+fmt.Sprint(bulk.MaxRemarks)+" are shown here.")}
	}
	return web.Page{View: p.views.Page("bulk-check"), Title: text("Denetim sonucu", "What was found"), Data: d}, nil
}

// bulkBegin makes the job.
func (p *pages) bulkBegin(v *visit) (web.Answer, error) {
	if _, err := v.Form(); err != nil {
		return nil, err
	}
	leave, err := p.checks.enter(v.who.Actor)
	if err != nil {
		return nil, err
	}
	defer leave()
	c, ok := p.checks.take(v.Var("check"), v.who.Actor)
	if !ok { // it was begun already, or waited too long; the list shows which
		return web.Redirect{To: "/mail/bulk"}, nil
	}
	defer c.close()
	q, err := c.request()
	if err != nil {
		return nil, err
	}
	// Whoever closes the page has begun it nevertheless.
	id, report, err := p.Bulk.Create(context.WithoutCancel(v.Context()), v.who, q)
	switch {
	case err != nil:
		return nil, err
	case len(report.Faults) > 0: // such as a column that a rule of today forbids
		return p.bulkReport("", &checked{report: report, names: c.names})
	}
	return web.Redirect{To: bulkPath(id)}, nil
}

// bulkDrop gives a checked request up.
func (p *pages) bulkDrop(v *visit) (web.Answer, error) {
	if _, err := v.Form(); err != nil {
		return nil, err
	}
	if c, ok := p.checks.take(v.Var("check"), v.who.Actor); ok {
		c.close()
	}
	return web.Redirect{To: bulkNewPath}, nil
}

// bulkSample is a list to begin with.
func (p *pages) bulkSample(*visit) (web.Answer, error) {
	return web.Download{Name: "ornek-liste.csv", Type: "text/csv; charset=utf-8", Body: []byte("\ufeffadres;ad;tutar;dosya\r\nayse.yilmaz@hs01.kep.tr;Ayşe Yılmaz;1.250,00;\r\n")}, nil
}

func (p *pages) bulkNewRoutes() []web.Route {
	upload := p.post("bulk check", bulkNewPath, p.bulkUpload)
	upload.MaxBody, upload.MaxValue = maxBulkPackage+bulk.MaxList+4*mailbox.MaxText, mailbox.MaxText
	one := bulkCheckPath + "{check}"
	return []web.Route{
		p.get("bulk new", bulkNewPath, p.bulkNew), upload, p.get("bulk sample", "/mail/bulk-sample", p.bulkSample),
		p.get("bulk checked", one, p.bulkChecked), p.post("bulk begin", one+"/begin", p.bulkBegin), p.post("bulk drop", one+"/drop", p.bulkDrop),
	}
}
