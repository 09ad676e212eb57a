package apply

import (
	"io"
	"strconv"

	"rem"
	"rem/edge/web"
	"rem/person/application"
	"rem/person/enrolment"
)

// folder is what the page of papers shows.
type folder struct {
	Slots []slot
	Next  string // where it goes on when all are there
}

// slot is one paper that is needed.
type slot struct {
	Name  rem.Text
	Path  string
	Facts []web.Fact
	Can   bool
	Given bool
	Field web.Field
}

func fileField(k application.PaperKind) string { return "file-" + string(k) }

func (p *pages) papers(v *visit) (web.Answer, error) { return p.papersPage(v, web.NewForm(nil)) }

func (p *pages) papersPage(v *visit, f *web.Form) (web.Answer, error) {
	needed := v.Papers
	if v.State == application.Draft { // the form does not say yet; what is typed does
		d, err := p.draft(v)
		if err != nil {
			return nil, err
		}
		given := needed
		needed = nil
		for _, k := range v.Aim.Papers(v.Kind, d.represented) {
			h := enrolment.Handed{Kind: k, Name: enrolment.PaperName(k)}
			for _, x := range given {
				if x.Kind == k {
					h.At, h.Scan = x.At, x.Scan
				}
			}
			needed = append(needed, h)
		}
	}
	x := folder{}
	missing := 0
	for _, h := range needed {
		s := slot{Name: h.Name, Path: "/apply/papers/" + string(h.Kind), Can: v.can(application.HandIn), Given: !h.At.IsZero()}
		if s.Given {
			s.Facts = []web.Fact{
				{Term: text("Yüklendi", "Handed in"), Value: web.Cell{Time: h.At}},
				{Term: text("Zararlı yazılım taraması", "Scan for malware"), Value: web.Cell{Say: h.Scan.Name(), Badge: true, Tone: web.Good}},
			}
			if h.Scan != application.Scanned {
				s.Facts[1].Value.Tone = web.Attention
			}
		} else {
			missing++
			s.Facts = []web.Fact{{Term: text("Durum", "State"), Value: web.Cell{Say: text("eksik", "missing"), Badge: true, Tone: web.Attention}}}
		}
		label := text("Dosya seçin: "+h.Name.Turkish, "Choose the file: "+h.Name.English)
		s.Field = f.Field(web.Field{Name: fileField(h.Kind), Label: label, Type: web.FileInput, Accept: ".pdf,.jpg,.jpeg,.png,.p7s,.p7m,.xml",
			Help: text("PDF, JPEG, PNG ya da imzalı dosya (p7s, XML); en çok "+paperSize+" MB.", "PDF, JPEG, PNG or a signed file (p7s, XML); at most "+paperSize+" MB.")})
		x.Slots = append(x.Slots, s)
	}
	switch {
	case missing > 0:
	case v.State == application.Draft:
		x.Next = "/apply/form"
	case v.State == application.Submitted:
		x.Next = "/apply/method"
	default:
		x.Next = "/apply/status"
	}
	page := web.Page{View: p.views.Page("papers"), Title: text("Belgeler", "Papers"), Form: f, Data: x,
		Lead: text("Belgeler mühürlenerek saklanır; yalnız başvurunuzu inceleyenler açabilir ve her açılış kaydedilir.", "Papers are kept sealed; only who looks at your application can open them, and each time is recorded.")}
	if len(needed) == 0 {
		page.Lead = text("Bu başvuru için belge gerekmez.", "This application needs no papers.")
	}
	return page, nil
}

var paperSize = strconv.Itoa(enrolment.MaxPaper >> 20)

// handIn takes one paper. It goes to the scanner as it arrives; what is left of
// one that was refused is read to its end, so that its sender gets the answer.
func (p *pages) handIn(v *visit) (web.Answer, error) {
	kind := application.PaperKind(v.Var("paper"))
	if enrolment.PaperName(kind) == (rem.Text{}) {
		return nil, web.ErrNotFound
	}
	field := fileField(kind)
	var refused error
	taken := false
	f, err := v.Upload(func(_ *web.Form, file web.File) error {
		if file.Field != field || taken {
			return web.ErrForm
		}
		taken = true
		_, refused = p.Applicants.HandIn(v.Context(), v.bearer, kind, file)
		_, err := io.Copy(io.Discard, file)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case refused != nil:
		return p.again(v, f, field, refused, p.papersPage)
	case !taken:
		f.Fail(field, text("Bir dosya seçin.", "Choose a file."))
		return p.papersPage(v, f)
	}
	return web.Redirect{To: "/apply/papers"}, nil
}
