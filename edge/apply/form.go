package apply

import (
	"slices"
	"strings"

	"rem"
	"rem/edge/web"
	"rem/person"
	"rem/person/application"
)

// A step is one page of the form.
type step struct {
	name  string // in its address
	title rem.Text
	lead  rem.Text
	parts []application.Part
}

var steps = []step{
	{"who", text("Hesap sahibi", "Account holder"), text("Hesabın sahibi olacak kişi veya kuruluş.", "The person or body that will have the account."),
		[]application.Part{application.PartPerson, application.PartBusiness, application.PartBody, application.PartSeat}},
	{"representative", text("Temsilci", "Representative"), text("Hesap sahibi adına başvuran ve kimliğini gösterecek kişi.", "Who applies for the holder, and will show who he is."),
		[]application.Part{application.PartRepresentative}},
	{"home", text("Adres", "Address"), text("İsteğe bağlıdır; yalnız adresinizde kimlik doğrulaması isterseniz gereklidir.", "Optional; needed only if somebody is to identify you at your address."),
		[]application.Part{application.PartHome}},
	{"contact", text("İletişim", "Contact"), text("Hesabı açmak için bu telefona kod, bu adrese bağlantı gönderilir.", "To open the account, a code goes to this phone and a link to this address."),
		[]application.Part{application.PartContact}},
	{"account", text("KEP adresi", "Registered address"), text("Adresinizi ve hizmeti nasıl kullanacağınızı seçin.", "Choose your address and how you will use the service."),
		[]application.Part{application.PartAccount}},
}

// fields are what a step asks of an applicant.
func (s *step) fields(aim application.Aim, k person.Kind, represented bool) (list []application.Field) {
	for _, f := range aim.Fields(k, represented) {
		if slices.Contains(s.parts, f.Part) {
			list = append(list, f)
		}
	}
	return list
}

func stepsOf(aim application.Aim, k person.Kind, represented bool) (list []step) {
	for _, s := range steps {
		if len(s.fields(aim, k, represented)) > 0 {
			if aim != application.ToOpen {
				s.title, s.lead = aboutYou[s.name].title, aboutYou[s.name].lead
			}
			list = append(list, s)
		}
	}
	return list
}

// aboutYou are the words of the steps for who opens no account.
var aboutYou = map[string]struct{ title, lead rem.Text }{
	"who":     {text("Siz", "You"), text("Kimliğiniz bu bilgilere göre doğrulanır.", "You are identified by what you write here.")},
	"home":    {text("Adres", "Address"), text("İsteğe bağlıdır; yalnız adresinizde kimlik doğrulaması isterseniz gereklidir.", "Optional; needed only if somebody is to identify you at your address.")},
	"contact": {text("İletişim", "Contact"), text("Tamamlamak için bu telefona kod, bu adrese bağlantı gönderilir.", "To complete it, a code goes to this phone and a link to this address.")},
}

// draft is what was typed so far, with what is wrong with it.
type draft struct {
	in          application.Input
	represented bool
	aim         application.Aim
	problems    person.Problems
}

func (p *pages) draft(v *visit) (d draft, err error) {
	d.aim = v.Aim
	if d.in, d.represented, err = p.Applicants.Typed(v.Context(), v.bearer); err != nil {
		return d, err
	}
	if d.in == nil {
		d.in = application.Input{}
	}
	d.problems, err = p.Applicants.Check(v.Context(), v.bearer, d.represented, d.in)
	return d, err
}

// of are the problems of a step.
func (d *draft) of(s *step, k person.Kind) (list person.Problems) {
	for _, x := range d.problems {
		if slices.ContainsFunc(s.fields(d.aim, k, d.represented), func(f application.Field) bool { return f.Name == x.Field }) {
			list = append(list, x)
		}
	}
	return list
}

// trail shows the steps of the form and where the applicant stands; each can be
// gone to.
func (d *draft) trail(k person.Kind, here string) (list []web.Step) {
	for _, s := range stepsOf(d.aim, k, d.represented) {
		x := web.Step{Name: s.title, Path: "/apply/form/" + s.name}
		typed := slices.ContainsFunc(s.fields(d.aim, k, d.represented), func(f application.Field) bool { return d.in[f.Name] != "" })
		switch {
		case s.name == here:
			x.State = web.Here
		case typed && len(d.of(&s, k)) == 0:
			x.State = web.Done
		}
		list = append(list, x)
	}
	last := web.Step{Name: text("Gözden geçirme", "Review"), Path: "/apply/check"}
	if here == "check" {
		last.State = web.Here
	}
	return append(list, last)
}

func (p *pages) formStart(v *visit) (web.Answer, error) {
	if !v.can(application.Save) {
		return toStatus, nil
	}
	d, err := p.draft(v)
	if err != nil {
		return nil, err
	}
	all := stepsOf(v.Aim, v.Kind, d.represented)
	for _, s := range all { // where there is something left to do
		if len(d.of(&s, v.Kind)) > 0 {
			return web.Redirect{To: "/apply/form/" + s.name}, nil
		}
	}
	return web.Redirect{To: "/apply/form/" + all[0].name}, nil
}

// sheet is what a page of the form shows.
type sheet struct {
	Path   string
	Fields []web.Field
	Last   bool
}

func (p *pages) stepOf(v *visit, d *draft) (*step, error) {
	for _, s := range stepsOf(v.Aim, v.Kind, d.represented) {
		if s.name == v.Var("step") {
			return &s, nil
		}
	}
	return nil, web.ErrNotFound
}

func (p *pages) formStep(v *visit) (web.Answer, error) {
	if !v.can(application.Save) {
		return toStatus, nil
	}
	d, err := p.draft(v)
	if err != nil {
		return nil, err
	}
	s, err := p.stepOf(v, &d)
	if err != nil {
		return nil, err
	}
	return p.stepPage(v, s, &d, web.NewForm(d.in))
}

// chosenAddress is the radio that fills in the wished address; its last choice
// leaves that to the field below.
const (
	chosenAddress = "kep-choice"
	ownAddress    = "own"
)

func (p *pages) stepPage(v *visit, s *step, d *draft, f *web.Form) (web.Answer, error) {
	all := stepsOf(d.aim, v.Kind, d.represented)
	x := sheet{Path: "/apply/form/" + s.name, Last: s.name == all[len(all)-1].name}
	for _, a := range s.fields(v.Aim, v.Kind, d.represented) {
		field := web.FieldOf(a)
		if a.Need == application.OneOf {
			field.Optional = false
			field.Help = rem.Text{Turkish: joined(a.Help.Turkish, "Bu iki numaradan biri yeterlidir."), English: joined(a.Help.English, "One of the two numbers is enough.")}
		}
		switch a.Name {
		case "province", "seat-province":
			field = provinces(field, d.in[a.Name])
		case "kep-address":
			choice, err := p.proposals(v, d)
			if err != nil {
				return nil, err
			}
			if len(choice.Choices) > 1 {
				x.Fields = append(x.Fields, f.Field(choice))
				field.Optional = true
				field.Label = text("Kendi yazdığınız KEP adresi", "The KEP address that you type")
				field.Help = text("Yalnız yukarıda “başka bir adres” seçildiyse.", "Only if “another address” is chosen above.")
			}
		}
		x.Fields = append(x.Fields, f.Field(field))
	}
	page := web.Page{View: p.views.Page("form"), Title: s.title, Lead: s.lead, Form: f, Steps: d.trail(v.Kind, s.name), Data: x}
	if v.Returned != (rem.Text{}) {
		page.Notices = append(page.Notices, web.Notice{Tone: web.Attention, Title: text("Başvuru düzeltilmek üzere geri geldi", "The application came back to be put right"), Text: v.Returned})
	}
	return page, nil
}

func joined(a, b string) string { return strings.TrimSpace(a + " " + b) }

// provinces makes a closed list of the field; what was typed before is found by
// number or name.
func provinces(f web.Field, typed string) web.Field {
	f.Type = web.SelectInput
	was, _ := person.ParseProvince(typed)
	for _, x := range person.Provinces() {
		f.Choices = append(f.Choices, web.Choice{Value: string(x), Label: rem.Text{Turkish: x.Name(), English: x.Name()}, Chosen: x == was})
	}
	return f
}

// mostProposals is how many addresses are proposed: more would not be read.
const mostProposals = 5

func (p *pages) proposals(v *visit, d *draft) (web.Field, error) {
	f := web.Field{Name: chosenAddress, Label: text("İstenen KEP adresi", "Wished KEP address"), Type: web.RadioInput,
		Help: text("Adınıza göre boş olan adresler.", "Addresses by your name that nobody has.")}
	free, err := p.Applicants.Proposals(v.Context(), v.bearer, d.in, mostProposals)
	if err != nil {
		return f, err
	}
	wished, found := d.in["kep-address"], false
	for _, a := range free {
		s := a.String()
		found = found || s == wished
		f.Choices = append(f.Choices, web.Choice{Value: s, Label: rem.Text{Turkish: s, English: s}, Chosen: s == wished})
	}
	f.Choices = append(f.Choices, web.Choice{Value: ownAddress, Label: text("Başka bir adres", "Another address"), Chosen: wished != "" && !found})
	return f, nil
}

// typed is what somebody typed, without what stands around it.
func typed(f *web.Form, name string) string { return strings.TrimSpace(f.Get(name)) }

// formSave keeps what was typed on a step, right or wrong, and leads on when it is
// right.
func (p *pages) formSave(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	if !v.can(application.Save) {
		return toStatus, nil
	}
	d, err := p.draft(v)
	if err != nil {
		return nil, err
	}
	s, err := p.stepOf(v, &d)
	if err != nil {
		return nil, err
	}
	for _, a := range s.fields(v.Aim, v.Kind, d.represented) {
		value := typed(f, a.Name)
		if choice := f.Get(chosenAddress); a.Name == "kep-address" && choice != "" && choice != ownAddress {
			value = choice
		}
		delete(d.in, a.Name)
		if value != "" {
			d.in[a.Name] = value
		}
	}
	if err := p.Applicants.Save(v.Context(), v.bearer, d.represented, d.in); err != nil {
		return p.again(v, f, "", err, func(v *visit, f *web.Form) (web.Answer, error) {
			if !v.can(application.Save) {
				return toStatus, nil
			}
			return p.stepPage(v, s, &d, f)
		})
	}
	if f.Get("then") == "later" {
		return toStatus, nil
	}
	if d.problems, err = p.Applicants.Check(v.Context(), v.bearer, d.represented, d.in); err != nil {
		return nil, err
	}
	if wrong := d.of(s, v.Kind); len(wrong) > 0 {
		f.FailAll(wrong)
		answer, err := p.stepPage(v, s, &d, f)
		if page, ok := answer.(web.Page); ok {
			page.Notices = append(page.Notices, web.Notice{Tone: web.Info, Text: text("Yazdıklarınız kaydedildi; düzeltmeyi sonra da yapabilirsiniz.", "What you typed is kept; you can put it right later, too.")})
			return page, err
		}
		return answer, err
	}
	all := stepsOf(v.Aim, v.Kind, d.represented)
	i := slices.IndexFunc(all, func(x step) bool { return x.name == s.name })
	if i == len(all)-1 {
		return web.Redirect{To: "/apply/check"}, nil
	}
	return web.Redirect{To: "/apply/form/" + all[i+1].name}, nil
}
