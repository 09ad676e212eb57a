package apply

import (
	"errors"
	"strconv"

	"rem"
	"rem/edge/web"
	"rem/person"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/provider/publication"
)

// review is all that was answered, and the texts to accept.
type review struct {
	Parts []answered
	Form  *web.Form
	Texts []accepted
	Ready bool // nothing is wrong with the form
}

// answered is one step of the form as it was filled in.
type answered struct {
	Title rem.Text
	Path  string
	Facts []web.Fact
}

// accepted is one text that the applicant accepts, by its version.
type accepted struct {
	Name   rem.Text
	Path   string
	Facts  []web.Fact
	Digest web.Field // hidden: which version stood on the page
	Box    web.Field
}

// boxOf and digestField name the fields of a text.
func boxOf(k application.AgreementKind) string       { return "accept-" + string(k) }
func digestField(k application.AgreementKind) string { return "digest-" + string(k) }

func (p *pages) check(v *visit) (web.Answer, error) {
	if !v.can(application.Submit) {
		return toStatus, nil
	}
	return p.checkPage(v, web.NewForm(nil))
}

// texts are those that the applicant accepts: none where no account is opened.
func (p *pages) texts(v *visit) ([]application.Agreement, error) {
	if len(v.Aim.Agreements()) == 0 {
		return nil, nil
	}
	return p.Texts()
}

func (p *pages) checkPage(v *visit, f *web.Form) (web.Answer, error) {
	if !v.can(application.Submit) {
		return toStatus, nil
	}
	d, err := p.draft(v)
	if err != nil {
		return nil, err
	}
	texts, err := p.texts(v)
	if err != nil {
		return nil, err
	}
	x := review{Form: f, Ready: len(d.problems) == 0}
	for _, s := range stepsOf(v.Aim, v.Kind, d.represented) {
		a := answered{Title: s.title, Path: "/apply/form/" + s.name}
		for _, field := range s.fields(v.Aim, v.Kind, d.represented) {
			fact := web.Fact{Term: field.Label, Value: shownAnswer(&field, d.in[field.Name])}
			if problem := d.problems.Of(field.Name); problem != nil {
				fact.Value.Note = problem.Text()
				if d.in[field.Name] == "" {
					fact.Value = web.Cell{Say: problem.Text(), Badge: true, Tone: web.Bad}
				}
			} else if d.in[field.Name] == "" && field.Need != application.Mandatory {
				continue // what need not be said is not listed
			}
			a.Facts = append(a.Facts, fact)
		}
		x.Parts = append(x.Parts, a)
	}
	for _, t := range texts {
		x.Texts = append(x.Texts, showText(f, t))
	}
	page := web.Page{
		View: p.views.Page("check"), Title: text("Gözden geçirin ve gönderin", "Review and hand in"), Form: f, Data: x, Steps: d.trail(v.Kind, "check"),
		Lead: text("Gönderdikten sonra form değişmez; kimliğiniz bu bilgilere göre doğrulanır.", "Once handed in, the form does not change; you are identified by what it says."),
	}
	if !x.Ready {
		page.Notices = append(page.Notices, web.Notice{Tone: web.Attention, Title: text("Form henüz gönderilemez", "The form cannot be handed in yet"),
			Text: text("Aşağıda işaretlenen yerleri düzeltin.", "Put right what is marked below."), Link: web.Link{Text: text("İlk eksiğe git", "Go to the first one"), Path: "/apply/form"}})
	}
	return page, nil
}

func shownAnswer(f *application.Field, value string) web.Cell {
	for _, c := range f.Choices {
		if c.Value == value {
			return web.Cell{Say: c.Label}
		}
	}
	if f.Name == "province" || f.Name == "seat-province" {
		if p, err := person.ParseProvince(value); err == nil {
			value = p.Name()
		}
	}
	return web.Cell{Text: value}
}

func showText(f *web.Form, t application.Agreement) accepted {
	n := strconv.Itoa(t.Version)
	name := publication.Kind(t.Kind).Name()
	return accepted{
		Name: name, Path: "/documents/" + string(t.Kind) + "/v" + n,
		Facts: []web.Fact{
			{Term: text("Sürüm", "Version"), Value: web.Cell{Text: n}},
			{Term: text("Özet (SHA-256)", "Digest (SHA-256)"), Value: web.Cell{Text: t.Digest.String(), Code: true}},
		},
		Digest: web.Field{Name: digestField(t.Kind), Type: web.HiddenInput, Value: t.Digest.String()},
		Box: f.Field(web.Field{Name: boxOf(t.Kind), Type: web.CheckInput,
			Label: text("Bu sürümü okudum ve kabul ediyorum: "+name.Turkish, "I have read and accept this version: "+name.English)}),
	}
}

// submit hands the form in. What is accepted is what stood on the page; where
// another version is in force meanwhile, its box is not ticked.
func (p *pages) submit(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	if !v.can(application.Submit) {
		return toStatus, nil
	}
	texts, err := p.texts(v)
	if err != nil {
		return nil, err
	}
	changed := false
	for _, t := range texts {
		if digestOf(f.Get(digestField(t.Kind))) != t.Digest {
			changed = true
		}
	}
	if changed {
		f = web.NewForm(nil)
		f.Fail("", enrolment.ErrTexts.Text)
		return p.checkPage(v, f)
	}
	for _, t := range texts {
		if f.Get(boxOf(t.Kind)) != "yes" {
			f.Fail(boxOf(t.Kind), text("Devam etmek için bu metni kabul etmeniz gerekir.", "This text has to be accepted to go on."))
		}
	}
	if !f.Good() {
		return p.checkPage(v, f)
	}
	d, err := p.draft(v)
	if err != nil {
		return nil, err
	}
	if len(d.problems) > 0 {
		return p.checkPage(v, f)
	}
	err = p.Applicants.Submit(v.Context(), v.bearer, d.represented, d.in, texts)
	if errors.Is(err, enrolment.ErrTaken) {
		return p.taken(v, &d)
	}
	if err != nil {
		return p.again(v, f, "", err, p.checkPage)
	}
	if v.Aim == application.ToOpen && len(application.Papers(v.Kind, d.represented)) > 0 {
		return web.Redirect{To: "/apply/papers"}, nil
	}
	return web.Redirect{To: "/apply/method"}, nil
}

// taken shows the step of the address again, with addresses that are free now.
func (p *pages) taken(v *visit, d *draft) (web.Answer, error) {
	f := web.NewForm(d.in)
	f.Fail("kep-address", enrolment.ErrTaken.Text)
	return p.stepPage(v, &steps[len(steps)-1], d, f)
}
