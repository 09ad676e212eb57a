package webmail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"rem"
	"rem/edge/web"
	"rem/message/bulk"
	"rem/message/mailbox"
)

// Bulk are the account's bulk sendings; bulk.Service has them. They are begun by
// programs (docs/formats/api-events.md) or on a page (bulk_new.go), and followed and
// signed here.
type Bulk interface {
	Check(ctx context.Context, who mailbox.Visitor, q bulk.Request) (bulk.Report, error)
	Create(ctx context.Context, who mailbox.Visitor, q bulk.Request) (bulk.ID, bulk.Report, error)
	Jobs(ctx context.Context, by rem.Actor) ([]bulk.Job, error)
	Job(ctx context.Context, by rem.Actor, id bulk.ID) (bulk.Job, error)
	Batch(ctx context.Context, who mailbox.Visitor, id bulk.ID) ([]mailbox.DraftID, error)
	Pause(ctx context.Context, by rem.Actor, id bulk.ID) error
	Resume(ctx context.Context, by rem.Actor, id bulk.ID) error
	Cancel(ctx context.Context, by rem.Actor, id bulk.ID) error
	Results(ctx context.Context, who mailbox.Visitor, id bulk.ID, w io.Writer) error
}

var bulkStates = map[bulk.State]rem.Text{
	bulk.Preparing:  text("hazırlanıyor", "being prepared"),
	bulk.Running:    text("sürüyor", "under way"),
	bulk.Paused:     text("duraklatıldı", "paused"),
	bulk.Cancelling: text("iptal ediliyor", "being cancelled"),
	bulk.Done:       text("bitti", "done"),
	bulk.Abandoned:  text("hazırlanırken kesildi; hiçbir şey gönderilmedi", "broken off while being prepared; nothing was sent"),
}

// bulkSteps are the steps of items, in order.
var bulkSteps = []struct {
	step bulk.Step
	text rem.Text
}{
	{bulk.Prepared, text("hazırlandı", "prepared")},
	{bulk.ToSign, text("imza bekliyor", "waiting for a signature")},
	{bulk.Signed, text("imzalı, sırasını bekliyor", "signed, waiting for its turn")},
	{bulk.Released, text("gönderiliyor", "being submitted")},
	{bulk.Submitted, text("gönderildi", "submitted")},
	{bulk.Refused, text("reddedildi", "refused")},
	{bulk.Stopped, text("gönderilmedi", "not sent")},
	{bulk.Cancelled, text("iptal edildi", "cancelled")},
}

func bulkPath(id bulk.ID) string { return "/mail/bulk/" + string(id) }

// bulkJobs lists the sendings of the account.
func (p *pages) bulkJobs(v *visit) (web.Answer, error) {
	jobs, err := p.Bulk.Jobs(v.Context(), v.who.Actor)
	if err != nil {
		return nil, err
	}
	t := web.Table{
		Caption: text("Toplu gönderimler", "Bulk sendings"), Empty: text("Toplu gönderim yok.", "There is no bulk sending."),
		Columns: []web.Column{{Head: text("Başlangıç", "Begun")}, {Head: text("Durum", "State")}, {Head: text("Alıcı", "Recipients"), Right: true}, {Head: text("Gönderilen", "Submitted"), Right: true}},
	}
	for i := range jobs {
		j := &jobs[i]
		t.Rows = append(t.Rows, []web.Cell{
			{Time: j.Made, Path: bulkPath(j.ID)}, {Say: bulkStates[j.State]}, {Text: fmt.Sprint(j.Rows())}, {Text: fmt.Sprint(j.Counts[bulk.Submitted])},
		})
	}
	return web.Page{View: p.views.Page("bulk"), Title: text("Toplu gönderim", "Bulk sending"), Data: bulkPage{Jobs: t, New: v.writes()},
		Lead: text("Bir mektup, listedeki herkese kendi bilgileri ve ekiyle gönderilir; her alıcı için ayrı delil oluşur. Programlar da API ile başlatabilir.", "One letter goes to everybody in a list, with what is his own; there is evidence for each of them. Programs begin sendings by the API too."),
	}, nil
}

type bulkPage struct {
	Jobs  web.Table
	New   bool // the visitor may begin one
	Steps web.Table
	Facts []web.Fact
	// Path is that of the job; "": the page is the list.
	Path                   string
	Sign, Pause, Resume    bool
	Cancel, Working, Batch bool
	// To is where a batch is signed, and Drafts what is in it.
	To     string
	Drafts []mailbox.DraftID
}

func (p *pages) job(v *visit) (bulk.Job, error) {
	j, err := p.Bulk.Job(v.Context(), v.who.Actor, bulk.ID(v.Var("job")))
	if errors.Is(err, bulk.ErrNotFound) {
		return j, web.ErrNotFound
	}
	return j, err
}

// bulkJob shows how far one is.
func (p *pages) bulkJob(v *visit) (web.Answer, error) {
	j, err := p.job(v)
	if err != nil {
		return nil, err
	}
	d := bulkPage{
		Path: bulkPath(j.ID), Sign: j.State == bulk.Running && j.Counts[bulk.Prepared]+j.Counts[bulk.ToSign] > 0 && j.Kind == bulk.Templated && p.Sign != "",
		Pause: j.State == bulk.Running, Resume: j.State == bulk.Paused, Cancel: j.State == bulk.Running || j.State == bulk.Paused,
		Working: j.State == bulk.Preparing || j.State == bulk.Running || j.State == bulk.Cancelling,
		Facts: []web.Fact{
			{Term: text("Durum", "State"), Value: web.Cell{Say: bulkStates[j.State], Badge: true}},
			{Term: text("Başlangıç", "Begun"), Value: web.Cell{Time: j.Made}},
			{Term: text("Alıcı", "Recipients"), Value: web.Cell{Text: fmt.Sprint(j.Rows())}},
		},
		Steps: web.Table{Caption: text("İletilerin durumu", "Where the messages are"), Columns: []web.Column{{Head: text("Durum", "State")}, {Head: text("Sayı", "Count"), Right: true}}},
	}
	for _, s := range bulkSteps {
		if n := j.Counts[s.step]; n > 0 {
			d.Steps.Rows = append(d.Steps.Rows, []web.Cell{{Say: s.text}, {Text: fmt.Sprint(n)}})
		}
	}
	return web.Page{View: p.views.Page("bulk"), Title: text("Toplu gönderim", "Bulk sending"), Data: d}, nil
}

// bulkMove pauses, resumes or cancels one.
func (p *pages) bulkMove(move func(context.Context, rem.Actor, bulk.ID) error) handler {
	return func(v *visit) (web.Answer, error) {
		if _, err := v.Form(); err != nil {
			return nil, err
		}
		j, err := p.job(v)
		if err != nil {
			return nil, err
		}
		if err := move(v.Context(), v.who.Actor, j.ID); err != nil {
			return nil, err
		}
		return web.Redirect{To: bulkPath(j.ID)}, nil
	}
}

// bulkBatch gives out what is signed next, and leads to the signing.
func (p *pages) bulkBatch(v *visit) (web.Answer, error) {
	if _, err := v.Form(); err != nil {
		return nil, err
	}
	j, err := p.job(v)
	if err != nil {
		return nil, err
	}
	drafts, err := p.Bulk.Batch(v.Context(), v.who, j.ID)
	if err != nil {
		return nil, err
	}
	d := bulkPage{Path: bulkPath(j.ID), Batch: true, To: p.Sign, Drafts: drafts}
	return web.Page{View: p.views.Page("bulk"), Title: text("Sıradaki iletileri imzala", "Sign the next messages"), Data: d}, nil
}

// bulkResults is the file of results: where every item stands now.
func (p *pages) bulkResults(v *visit) (web.Answer, error) {
	j, err := p.job(v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer // a job's rows are bounded
	if err := p.Bulk.Results(v.Context(), v.who, j.ID, &b); err != nil {
		return nil, err
	}
	return web.Download{Name: "toplu-gonderim.csv", Type: "text/csv; charset=utf-8", Body: b.Bytes()}, nil
}

func (p *pages) bulkRoutes() []web.Route {
	return append(p.bulkNewRoutes(), []web.Route{
		p.get("bulk", "/mail/bulk", p.bulkJobs), p.get("bulk job", "/mail/bulk/{job}", p.bulkJob),
		p.post("bulk batch", "/mail/bulk/{job}/sign", p.bulkBatch), busy(p.get("bulk results", "/mail/bulk/{job}/results", p.bulkResults)),
		p.post("bulk pause", "/mail/bulk/{job}/pause", p.bulkMove(p.Bulk.Pause)), p.post("bulk resume", "/mail/bulk/{job}/resume", p.bulkMove(p.Bulk.Resume)),
		p.post("bulk cancel", "/mail/bulk/{job}/cancel", p.bulkMove(p.Bulk.Cancel)),
	}...)
}
