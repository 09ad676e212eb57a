package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rem/message/bulk"
	"rem/message/mailbox"
	"rem/person/token"
)

// maxPackage is how large a ZIP of bulk sending may be, in octets.
const maxPackage = 1 << 30

// A BulkJob is one bulk sending.
type BulkJob struct {
	ID     string         `json:"id"`
	Kind   string         `json:"kind" enum:"template,signed"`
	State  string         `json:"state" enum:"preparing,running,paused,cancelling,done,abandoned"`
	Made   time.Time      `json:"made"`
	Rows   int            `json:"rows"`
	Counts map[string]int `json:"counts" doc:"Adım başına satır sayısı: prepared, to-sign, signed, released, submitted, refused, stopped, cancelled / rows in each step"`
}

func bulkJob(j *bulk.Job) BulkJob {
	out := BulkJob{ID: string(j.ID), Kind: string(j.Kind), State: string(j.State), Made: j.Made, Rows: j.Rows(), Counts: map[string]int{}}
	for step, n := range j.Counts {
		out.Counts[string(step)] = n
	}
	return out
}

// A BulkRemark is something about a row.
type BulkRemark struct {
	Row  int  `json:"row" doc:"1'den; 0: bütünü / from 1; 0: the whole"`
	Text Text `json:"text"`
}

// A BulkReport says what a request would do.
type BulkReport struct {
	Job    string       `json:"job,omitempty" doc:"Deneme değilse ve hata yoksa: gönderimin numarası / the job, where it was no trial and nothing was wrong"`
	Rows   int          `json:"rows"`
	Bytes  int64        `json:"bytes"`
	Faults []BulkRemark `json:"faults" doc:"Bunlar varken gönderilmez / nothing is sent while there are any"`
	Notes  []BulkRemark `json:"notes"`
	More   int          `json:"more,omitempty" doc:"Listede olmayan diğer uyarılar / remarks that are not listed"`
}

func bulkReport(id bulk.ID, r *bulk.Report) BulkReport {
	out := BulkReport{Job: string(id), Rows: r.Rows, Bytes: r.Bytes, More: r.More, Faults: []BulkRemark{}, Notes: []BulkRemark{}}
	for _, x := range r.Faults {
		out.Faults = append(out.Faults, BulkRemark{x.Row, both(x.Text)})
	}
	for _, x := range r.Notes {
		out.Notes = append(out.Notes, BulkRemark{x.Row, both(x.Text)})
	}
	return out
}

// A BulkWish is the part "job" of a request.
type BulkWish struct {
	Kind    string `json:"kind"`
	DryRun  bool   `json:"dryRun"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}

// bulkRequest reads multipart/form-data as it comes: the part "job" first, then "list"
// (CSV) and "package" (ZIP) as there are.
func (p *programs) bulkRequest(body io.Reader, contentType string) (w BulkWish, q bulk.Request, spool mailbox.Spool, err error) {
	form := func(tr, en string) error { return problem(http.StatusBadRequest, "form", text(tr, en)) }
	cut := form("Gövde multipart/form-data olarak okunamıyor veya tamamlanmadı; hiçbir şey yapılmadı.", "The body cannot be read as multipart/form-data, or did not come whole; nothing was done.")
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "multipart/form-data" || params["boundary"] == "" {
		return w, q, nil, problem(http.StatusUnsupportedMediaType, "media-type", text("multipart/form-data gönderiniz.", "Send multipart/form-data."))
	}
	r := multipart.NewReader(body, params["boundary"])
	for n := 0; ; n++ {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) && n > 0 {
			break
		}
		if err != nil {
			return w, q, spool, cut
		}
		name := part.FormName()
		switch {
		case n == 0 && name == "job":
			d := json.NewDecoder(io.LimitReader(part, maxJSON))
			d.DisallowUnknownFields()
			if d.Decode(&w) != nil {
				return w, q, spool, form("“job” parçası geçerli bir JSON değil.", "The part “job” is no valid JSON.")
			}
		case n > 0 && name == "list" && q.List == nil:
			if q.List, err = io.ReadAll(io.LimitReader(part, bulk.MaxList+1)); err != nil {
				return w, q, spool, cut
			}
		case n > 0 && name == "package" && spool == nil:
			spool = p.Box.Spool()
			size, err := io.Copy(spool, io.LimitReader(part, maxPackage+1))
			if err != nil {
				return w, q, spool, cut
			}
			if size > maxPackage {
				return w, q, spool, problem(http.StatusRequestEntityTooLarge, "too-large", text("Paket çok büyük.", "The package is too large."))
			}
			if err := spool.Seal(); err != nil {
				return w, q, spool, err
			}
			q.Package = spool
		default:
			return w, q, spool, form("Parçalar sırasıyla job, list ve package olmalıdır.", "The parts have to be job, list and package, in this order.")
		}
	}
	q.Kind, q.Subject, q.Text, q.HTML = bulk.Kind(w.Kind), w.Subject, w.Text, w.HTML
	return w, q, spool, nil
}

func (p *programs) bulk() {
	if p.Bulk == nil {
		return
	}
	const tag = "Toplu gönderim / bulk"
	type createIn struct {
		Streamed
		ContentType string `header:"Content-Type"`
	}
	type createOut struct {
		Status int
		Body   BulkReport
	}
	op := on(http.MethodPost, "bulk", "createBulk", token.Send, tag,
		"Toplu gönderim başlatır veya (dryRun) yalnız denetler; hata varsa hiçbir şey yapılmaz", "Begins a bulk sending, or checks it alone (dryRun); nothing is done where anything is wrong",
		http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity)
	op.DefaultStatus = http.StatusCreated
	// Its parts are read as they come; so they are described after the operation is made.
	described := &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": described}}
	op.MaxBodyBytes, op.BodyReadTimeout = -1, -1
	huma.Register(p.api, op, func(ctx context.Context, in *createIn) (*createOut, error) {
		w, q, spool, err := p.bulkRequest(in.body, in.ContentType)
		if spool != nil {
			defer spool.Close()
		}
		if err != nil {
			return nil, p.told(in.Language, err)
		}
		var id bulk.ID
		var r bulk.Report
		if w.DryRun {
			r, err = p.Bulk.Check(ctx, visitor(ctx), q)
		} else {
			id, r, err = p.Bulk.Create(ctx, visitor(ctx), q)
		}
		if err != nil {
			return nil, p.told(in.Language, err)
		}
		out := &createOut{Status: http.StatusCreated, Body: bulkReport(id, &r)}
		switch {
		case w.DryRun:
			out.Status = http.StatusOK
		case len(r.Faults) > 0:
			out.Status = http.StatusUnprocessableEntity
		}
		return out, nil
	})
	described.Schema = &huma.Schema{
		Type: "object", Required: []string{"job"}, Properties: map[string]*huma.Schema{
			"job":     {Type: "string", Description: `{"kind":"template"|"signed","dryRun":true,"subject":"…","text":"… {{ad}} …","html":"…"}`},
			"list":    {Type: "string", Description: "UTF-8, başlık satırıyla / with a header row: adres|address, ad|name, dosya|file, …"},
			"package": {Type: "string", Format: "binary", Description: "ZIP: ekler veya imzalı .eml dosyaları / attachments, or signed .eml files"},
		}}
	type listOut struct{ Body []BulkJob }
	huma.Register(p.api, on(http.MethodGet, "bulk", "listBulk", token.Send, tag, "Hesabın toplu gönderimlerini listeler", "Lists the bulk sendings of the account"),
		func(ctx context.Context, in *Spoken) (*listOut, error) {
			jobs, err := p.Bulk.Jobs(ctx, bearer(ctx).Actor)
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			out := &listOut{Body: []BulkJob{}}
			for i := range jobs {
				out.Body = append(out.Body, bulkJob(&jobs[i]))
			}
			return out, nil
		})
	type jobIn struct {
		Spoken
		ID string `path:"job" maxLength:"64"`
	}
	type jobOut struct{ Body BulkJob }
	one := func(ctx context.Context, in *jobIn) (*jobOut, error) {
		j, err := p.Bulk.Job(ctx, bearer(ctx).Actor, bulk.ID(in.ID))
		if err != nil {
			return nil, p.told(in.Language, err)
		}
		return &jobOut{bulkJob(&j)}, nil
	}
	huma.Register(p.api, on(http.MethodGet, "bulk/{job}", "getBulk", token.Send, tag, "Bir toplu gönderimin durumunu verir", "Says where a bulk sending stands", http.StatusNotFound), one)
	act := func(verb, id, tr, en string, do func(ctx context.Context, j bulk.ID) error) {
		huma.Register(p.api, on(http.MethodPost, "bulk/{job}/"+verb, id, token.Send, tag, tr, en, http.StatusNotFound), func(ctx context.Context, in *jobIn) (*jobOut, error) {
			if err := do(ctx, bulk.ID(in.ID)); err != nil {
				return nil, p.told(in.Language, err)
			}
			return one(ctx, in)
		})
	}
	act("pause", "pauseBulk", "Duraklatır", "Pauses", func(ctx context.Context, j bulk.ID) error { return p.Bulk.Pause(ctx, bearer(ctx).Actor, j) })
	act("resume", "resumeBulk", "Sürdürür", "Goes on", func(ctx context.Context, j bulk.ID) error { return p.Bulk.Resume(ctx, bearer(ctx).Actor, j) })
	act("cancel", "cancelBulk", "Gönderilmemiş olanları geri alır", "Takes back what was not submitted", func(ctx context.Context, j bulk.ID) error {
		return p.Bulk.Cancel(ctx, bearer(ctx).Actor, j)
	})
	type batchOut struct {
		Body struct {
			Drafts []string `json:"drafts" doc:"signatures çağrısına verilecek taslaklar; boşsa bekleyiniz veya hepsi verilmiştir / for the call signatures; none: wait, or all were given"`
		}
	}
	huma.Register(p.api, on(http.MethodPost, "bulk/{job}/batch", "nextBatch", token.Send, tag, "İmzalanacak sonraki taslakları verir (en çok 200)", "Gives the next drafts to sign, 200 at most", http.StatusNotFound),
		func(ctx context.Context, in *jobIn) (*batchOut, error) {
			drafts, err := p.Bulk.Batch(ctx, visitor(ctx), bulk.ID(in.ID))
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			out := &batchOut{}
			out.Body.Drafts = []string{}
			for _, d := range drafts {
				out.Body.Drafts = append(out.Body.Drafts, string(d))
			}
			return out, nil
		})
	huma.Register(p.api, on(http.MethodGet, "bulk/{job}/results", "getBulkResults", token.Send, tag, "Satır satır sonucu CSV olarak verir; her an istenebilir", "Gives the results row by row as CSV, at any time", http.StatusNotFound),
		func(ctx context.Context, in *jobIn) (*huma.StreamResponse, error) {
			if _, err := p.Bulk.Job(ctx, bearer(ctx).Actor, bulk.ID(in.ID)); err != nil {
				return nil, p.told(in.Language, err)
			}
			return &huma.StreamResponse{Body: func(to huma.Context) {
				to.SetHeader("Content-Type", "text/csv; charset=utf-8")
				to.SetHeader("Content-Disposition", fmt.Sprintf(`attachment; filename="toplu-%s.csv"`, in.ID))
				if err := p.Bulk.Results(ctx, visitor(ctx), bulk.ID(in.ID), to.BodyWriter()); err != nil {
					p.h.log.Error("api", "err", err)
					panic(http.ErrAbortHandler) // half a list is not to be taken for a whole one
				}
			}}, nil
		})
}
