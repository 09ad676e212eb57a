package apply

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"rem"
	"rem/edge/web"
	"rem/person"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/login"
	"rem/privacy/notice"
)

// Corporate is where a company applies for its people (REQ-21);
// *enrolment.Corporate does.
type Corporate interface {
	Apply(ctx context.Context, r enrolment.Requester, file []byte) (enrolment.Receipt, error)
	List(ctx context.Context, requester rem.PersonID, limit int) ([]application.Listed, error)
}

// A Company says for which company somebody who is logged in to its account may
// apply, and as whom. A *web.Forbidden: he may not, and why.
type Company func(ctx context.Context, x login.Session) (rem.Actor, person.Title, error)

// mostListed and mostRows bound what a page shows of applications, and of rows that
// are wrong: who has more of these mends the file first.
const mostListed, mostRows = 100, 200

// batch is what the page of a company's file shows.
type batch struct {
	Form    *web.Form
	Columns []web.Fact
	Notice  told
	Texts   []accepted
	Report  *web.Table
	Listed  web.Table
}

// File asks for the file.
func (b batch) File() web.Field {
	return b.Form.Field(web.Field{Name: "file", Label: text("Dosya (CSV, UTF-8)", "The file (CSV, UTF-8)"), Type: web.FileInput, Accept: ".csv,text/csv",
		Help: text("İlk satır sütun adlarıdır; en çok "+strconv.Itoa(application.MaxBulkRows)+" satır, "+strconv.Itoa(application.MaxBulk>>20)+" MB.",
			"The first line names the columns; at most "+strconv.Itoa(application.MaxBulkRows)+" rows and "+strconv.Itoa(application.MaxBulk>>20)+" MB.")})
}

func (p *pages) bulk(r *web.Request) (web.Answer, error) {
	return p.bulkPage(r, web.NewForm(nil), nil, nil)
}

func (p *pages) bulkPage(r *web.Request, f *web.Form, report *web.Table, notices []web.Notice) (web.Answer, error) {
	actor, _, err := p.Company(r.Context(), r.Principal.Session)
	if err != nil {
		return nil, err
	}
	n, err := p.Notices.InForce(r.Now())
	if errors.Is(err, notice.ErrNotFound) {
		return web.Page{View: p.views.Page("closed"), Title: bulkTitle}, nil
	}
	if err != nil {
		return nil, err
	}
	texts, err := p.Texts()
	if err != nil {
		return nil, err
	}
	b := batch{Form: f, Notice: showNotice(r, n), Report: report}
	for _, t := range texts {
		b.Texts = append(b.Texts, showText(f, t))
	}
	for _, field := range application.Fields(person.Natural, false) {
		x := web.Fact{Term: field.Label, Value: web.Cell{Text: field.Name, Code: true}}
		switch {
		case field.Name == "kep-address":
			x.Help = text("Boş bırakılırsa ada göre önerilir.", "Proposed by the name where it is empty.")
		case field.Need == application.Mandatory:
			x.Help = text("gerekli", "needed")
		}
		b.Columns = append(b.Columns, x)
	}
	listed, err := p.Corporate.List(r.Context(), actor.Person, mostListed)
	if err != nil {
		return nil, err
	}
	b.Listed = web.Table{Caption: text("Yaptığınız başvurular", "The applications that you made"),
		Columns: []web.Column{{Head: text("Başvuru", "Application")}, {Head: text("Durum", "State")}, {Head: text("Bu duruma geldiği an", "Since")}}}
	for _, l := range listed {
		b.Listed.Rows = append(b.Listed.Rows, []web.Cell{{Text: string(l.ID), Code: true}, {Say: l.State.Name(), Badge: true, Tone: tones[l.State]}, {Time: l.Since}})
	}
	return web.Page{View: p.views.Page("bulk"), Title: bulkTitle, Form: f, Data: b, Notices: notices,
		Lead: text("Şirketinizin alan adında, çalışanlarınız için toplu başvuru. Dosyada tek bir satır yanlışsa hiçbir başvuru başlamaz.", "Apply for your people, in your company's domain. Where a single row is wrong, no application begins.")}, nil
}

var bulkTitle = text("Toplu başvuru", "Applications for many")

// applied takes the file. The boxes come first: a file is not read for nothing.
func (p *pages) applied(r *web.Request) (web.Answer, error) {
	actor, company, err := p.Company(r.Context(), r.Principal.Session)
	if err != nil {
		return nil, err
	}
	f, file, err := upload(r, "file", application.MaxBulk)
	if err != nil {
		return nil, err
	}
	texts, err := p.Texts()
	if err != nil {
		return nil, err
	}
	for _, t := range texts {
		switch {
		case digestOf(f.Get(digestField(t.Kind))) != t.Digest:
			f = web.NewForm(nil)
			f.Fail("", enrolment.ErrTexts.Text)
			return p.bulkPage(r, f, nil, nil)
		case f.Get(boxOf(t.Kind)) != "yes":
			f.Fail(boxOf(t.Kind), text("Devam etmek için bu metni kabul etmeniz gerekir.", "This text has to be accepted to go on."))
		}
	}
	if !f.Good() {
		return p.bulkPage(r, f, nil, nil)
	}
	receipt, err := p.Corporate.Apply(r.Context(), enrolment.Requester{Actor: actor, Company: company, Shown: shown(r, f), Accepted: texts}, file)
	switch {
	case errors.Is(err, application.ErrBulk):
		f.Fail("file", text("Dosya okunamadı: UTF-8 CSV olmalı, ilk satırında yalnız aşağıdaki sütun adları bulunmalı.", "The file cannot be read: it has to be CSV in UTF-8, with nothing but the column names below in its first line."))
		return p.bulkPage(r, f, nil, nil)
	case errors.Is(err, enrolment.ErrNotice):
		f.Fail("", otherNotice)
		return p.bulkPage(r, f, nil, nil)
	case err != nil:
		if err := say(f, "file", err); err != nil {
			return nil, err
		}
		return p.bulkPage(r, f, nil, nil)
	case receipt.Batch == "":
		f.Fail("file", rem.Text{
			Turkish: "Hatalı satır: " + strconv.Itoa(receipt.Report.Bad) + ". Hiçbir başvuru başlamadı; aşağıdaki satırları düzeltip dosyayı yeniden yükleyin.",
			English: "Rows that are wrong: " + strconv.Itoa(receipt.Report.Bad) + ". No application has begun; put the rows below right and hand in the file again."})
		return p.bulkPage(r, f, reported(&receipt.Report), nil)
	}
	count := strconv.Itoa(len(receipt.Applications))
	return p.bulkPage(r, web.NewForm(nil), nil, []web.Notice{{Tone: web.Good, Title: rem.Text{Turkish: count + " başvuru başladı", English: count + " applications have begun"},
		Text: text("Her kişiye e-postayla kendi bağlantısı gönderildi; kimliğini her biri kendisi doğrular.", "Each of the people was sent a link of his own by mail; each shows by himself who he is.")}})
}

// reported is the report, row by row, without anything that a row says.
func reported(report *application.Report) *web.Table {
	labels := map[string]rem.Text{}
	for _, f := range application.Fields(person.Natural, false) {
		labels[f.Name] = f.Label
	}
	t := &web.Table{Caption: text("Satır satır sonuç", "Row by row"), Columns: []web.Column{{Head: text("Satır", "Line")}, {Head: text("Sonuç", "Result")}, {Head: text("Düzeltilecek", "To put right")}}}
	for _, row := range report.Rows {
		if len(row.Problems) == 0 || len(t.Rows) >= mostRows {
			continue
		}
		var tr, en []string
		for _, x := range row.Problems {
			label, ok := labels[x.Field]
			if !ok {
				label = rem.Text{Turkish: x.Field, English: x.Field}
			}
			tr, en = append(tr, label.Turkish+": "+x.Text().Turkish), append(en, label.English+": "+x.Text().English)
		}
		t.Rows = append(t.Rows, []web.Cell{
			{Text: strconv.Itoa(row.Line)}, {Say: text("hatalı", "wrong"), Badge: true, Tone: web.Bad}, {Say: rem.Text{Turkish: strings.Join(tr, " "), English: strings.Join(en, " ")}},
		})
	}
	return t
}
