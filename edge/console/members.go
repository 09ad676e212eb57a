package console

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rem"
	"rem/edge/web"
	"rem/person"
	"rem/privacy"
	"rem/provider/staff"
)

// staffCase is the case for which a manager opens the names of those whom he
// manages.
const staffCase privacy.CaseID = "staff-roll"

func memberPath(id rem.PersonID) string { return "/desk/staff/member/" + url.PathEscape(string(id)) }

// saidOf puts a refusal into a form, as a whole; anything else is returned.
func saidOf(f *web.Form, err error) error {
	why, ok := errors.AsType[*rem.Refusal](answered(err))
	if !ok {
		return answered(err)
	}
	f.Fail("", why.Detail)
	return nil
}

// staff lists who works for the provider, by identifiers.
func (p *pages) staff(r *web.Request) (web.Answer, error) { return answerPage(p.staffPage(r, nil)) }

// staffNames opens their names for this page alone.
func (p *pages) staffNames(r *web.Request) (web.Answer, error) {
	names, err := p.names(r)
	if err != nil {
		return nil, err
	}
	return answerPage(p.staffPage(r, names))
}

func (p *pages) names(r *web.Request) (map[rem.PersonID]string, error) {
	members, err := p.Staff.Members(r.Context())
	if err != nil {
		return nil, err
	}
	a, err := p.Staff.Access(r.Context(), r.Principal.Person(), staff.Manager, privacy.Security, staffCase)
	if err != nil {
		return nil, err
	}
	all := make([]rem.PersonID, len(members))
	for i, m := range members {
		all[i] = m.Person
	}
	return p.Staff.Names(r.Context(), a, all)
}

func (p *pages) staffPage(r *web.Request, names map[rem.PersonID]string) (web.Page, error) {
	ctx, now := r.Context(), p.Clock.Now()
	members, err := p.Staff.Members(ctx)
	if err != nil {
		return web.Page{}, err
	}
	proposals, err := p.Staff.Proposals(ctx)
	if err != nil {
		return web.Page{}, err
	}
	t := web.Table{Columns: []web.Column{column("Kişi", "Person"), column("Roller", "Roles"), column("Durum", "Standing"), column("Eğitim geçerli", "Training valid until"), column("Görevde", "Since")}}
	for _, m := range members {
		t.Rows = append(t.Rows, p.memberRow(ctx, m, names[m.Person], r.Principal.Person(), now))
	}
	manager := r.Principal.Has(staff.Manager)
	b := block{Title: text("Kişiler", "People"), Table: &t}
	if manager {
		b.Links = links("Yeni kişi öner", "Propose somebody new", "/desk/staff/new")
		if names == nil {
			b.Actions = []web.Action{{Path: "/desk/staff/names", Button: text("Adları göster (kaydedilir)", "Show the names (recorded)")}}
		}
	}
	pt := p.proposals(proposals, names, r)
	pt.Empty = text("Bekleyen öneri yok.", "No proposal is waiting.")
	waiting := block{Title: text("Bekleyen öneriler", "Proposals that wait"), Table: &pt}
	if manager {
		for i := range proposals {
			x := &proposals[i]
			about := string(x.Person) + ", " + r.Say(x.Role.Name())
			hidden := []web.Hidden{{Name: "proposal", Value: strconv.FormatUint(x.Number, 10)}}
			what := both(text("Onayla: ", "Confirm: "), "", x.Role.Name())
			switch me := r.Principal.Person(); {
			case x.By == me:
				waiting.Cannot = append(waiting.Cannot, cannot{what, staffRefusal(staff.ErrOwnProposal)})
			case x.Person == me:
				waiting.Cannot = append(waiting.Cannot, cannot{what, staffRefusal(staff.ErrOwnAppointment)})
			default:
				waiting.Actions = append(waiting.Actions, web.Action{Path: "/desk/staff/confirm", Button: what, About: about, Hidden: hidden})
			}
			waiting.Actions = append(waiting.Actions, web.Action{Path: "/desk/staff/decline", Button: both(text("Kaldır: ", "Take away: "), "", x.Role.Name()), About: about, Hidden: hidden, Tone: web.Bad})
		}
	}
	policies, err := p.policies(ctx, now)
	if err != nil {
		return web.Page{}, err
	}
	return with(r, p.page(text("Görevliler", "Staff"), text("Kimse tek başına görevlendirilmez: biri önerir, başka bir yönetici onaylar.", "Nobody is appointed by one person: one manager proposes, another confirms."), waiting, b, policies)), nil
}

func (p *pages) memberRow(ctx context.Context, m *staff.Member, name string, me rem.PersonID, now time.Time) []web.Cell {
	who := web.Cell{Text: string(m.Person), Path: memberPath(m.Person), Code: name == ""}
	if name != "" {
		who.Text, who.Note = name, plain(string(m.Person))
	}
	if m.Person == me {
		who.Note = both(text("siz", "you"), " · ", who.Note)
	}
	roles := rem.Text{}
	for _, role := range m.Roles(now) {
		if roles == (rem.Text{}) {
			roles = role.Name()
			continue
		}
		roles = both(roles, ", ", role.Name())
	}
	var valid time.Time
	for _, x := range m.Training {
		if x.Subject == staff.DataProtection {
			valid = x.Until
		}
	}
	return []web.Cell{who, say(roles), p.standingOf(ctx, m), lastDay(valid), {Time: m.Joined, Day: true}}
}

// standingOf says whether somebody may act, and what he lacks.
func (p *pages) standingOf(ctx context.Context, m *staff.Member) web.Cell {
	if !m.InService() {
		return badge(text("ayrıldı", "left"), web.Plain)
	}
	err := p.Staff.Lacks(ctx, m.Person)
	if err == nil {
		return badge(text("görev yapabilir", "may act"), web.Good)
	}
	c := badge(text("görev yapamaz", "may not act"), web.Attention)
	c.Note = staffRefusal(err)
	return c
}

// proposals lists those that wait.
func (p *pages) proposals(list []staff.Proposal, names map[rem.PersonID]string, r *web.Request) web.Table {
	t := web.Table{Columns: []web.Column{column("Kişi", "Person"), column("Rol", "Role"), column("Öneren", "Proposed by"), column("Başlangıç", "From"), column("Bitiş", "Until"), column("Öneri geçerli", "Waits until")}}
	for i := range list {
		x := &list[i]
		who, by := code(string(x.Person)), code(string(x.By))
		if n := names[x.Person]; n != "" {
			who = web.Cell{Text: n, Note: plain(string(x.Person))}
		}
		if x.New {
			who.Note = text("yeni kişi", "somebody new")
		}
		if n := names[x.By]; n != "" {
			by = web.Cell{Text: n}
		}
		if x.By == r.Principal.Person() {
			by = say(text("siz", "you"))
		}
		until := lastDay(x.Until)
		if x.Until.IsZero() {
			until = say(text("süresiz", "without end"))
		}
		t.Rows = append(t.Rows, []web.Cell{who, say(x.Role.Name()), by, {Time: x.From, Day: true}, until, {Time: x.At.Add(staff.ProposalTerm), Day: true}})
	}
	return t
}

// policies lists the newest version of each.
func (p *pages) policies(ctx context.Context, now time.Time) (block, error) {
	all, err := p.Staff.Policies(ctx)
	if err != nil {
		return block{}, err
	}
	t := web.Table{Columns: []web.Column{column("Konu", "Subject"), {Head: text("Sürüm", "Version"), Right: true}, column("Yürürlük", "In force from"), column("Özet", "Digest")}, Empty: text("Yayımlanmış politika yok; kimse görev yapamaz.", "No policy is published; nobody may act.")}
	for i := len(all) - 1; i >= 0; i-- {
		x := &all[i]
		t.Rows = append(t.Rows, []web.Cell{say(subject(x.Subject)), {Text: strconv.FormatUint(x.Version, 10)}, {Time: x.From, Day: true}, code(x.Digest.String())})
	}
	return block{Title: text("Onaylanması gereken politikalar", "Policies to be acknowledged"), Table: &t}, nil
}

func subject(s staff.Subject) rem.Text {
	if s == staff.DataProtection {
		return text("Kişisel verilerin korunması", "Data protection")
	}
	return plain(string(s))
}

func roleChoices(but ...staff.Role) (list []web.Choice) {
	for _, role := range staff.Roles() {
		if !slices.Contains(but, role) {
			list = append(list, web.Choice{Value: string(role), Label: role.Name()})
		}
	}
	return list
}

// newMemberPage asks for somebody new.
func (p *pages) newMemberPage(r *web.Request, f *web.Form) (web.Answer, error) {
	all, err := p.Partners.Institutions.AllInstitutions(r.Context())
	if err != nil {
		return nil, err
	}
	var of []web.Choice
	for i := range all {
		if all[i].InForce(p.Clock.Now()) {
			of = append(of, web.Choice{Value: all[i].ID, Label: plain(all[i].Name)})
		}
	}
	pg := p.page(text("Yeni kişi öner", "Propose somebody new"), text("Başka bir yönetici onaylayana kadar bu kişinin hiçbir yetkisi olmaz.", "He may do nothing before another manager has confirmed it."), block{Form: &form{
		Path: "/desk/staff/new", Button: text("Öner", "Propose"), Back: "/desk/staff",
		Fields: append([]web.Field{
			f.Field(web.Field{Name: "name", Label: text("Adı ve soyadı", "Name"), Max: 100, Help: text("Mühürlü saklanır.", "It is kept sealed.")}),
			f.Field(web.Field{Name: "number", Label: text("Kimlik numarası", "Identity number"), Optional: true, Mode: "numeric", Short: true, Max: 20, Help: text("Yalnızca sertifikayla imza atacaklar için; kurum görevlileri imza atar.", "Only for those who sign with a certificate; people of institutions do.")}),
			f.Field(web.Field{Name: "institution", Label: text("Kurumu", "Institution"), Optional: true, Type: web.SelectInput, Choices: of, Help: text("Yalnızca sözleşmeli kurum görevlileri için.", "Only for people of contracted institutions.")}),
		}, wishFields(f)...),
	}})
	pg.Form, pg.Wide = f, false
	return pg, nil
}

// wishFields ask for a role and its term.
func wishFields(f *web.Form, but ...staff.Role) []web.Field {
	return []web.Field{
		f.Field(web.Field{Name: "role", Label: text("Rol", "Role"), Type: web.SelectInput, Choices: roleChoices(but...)}),
		f.Field(web.Field{Name: "until", Label: text("Bitiş", "Until"), Optional: true, Short: true, Max: 10, Mode: "numeric", Help: text("gün.ay.yıl; boşsa süresiz", "day.month.year; empty: without end")}),
	}
}

// readWish reads them.
func readWish(f *web.Form) (w staff.Wish) {
	if w.Role = staff.Role(f.Get("role")); !w.Role.Valid() {
		f.Fail("role", person.NotAChoice.Text())
	}
	w.Until = readDay(f, "until", true)
	return w
}

// readDay reads a day, whose end in Türkiye it returns; zero for an optional one
// that is empty.
func readDay(f *web.Form, name string, optional bool) time.Time {
	v := strings.TrimSpace(f.Get(name))
	if v == "" && optional {
		return time.Time{}
	}
	d, err := person.ParseDate(v)
	if err != nil {
		f.Fail(name, person.CodeOf(err).Text())
		return time.Time{}
	}
	return d.Time().Add(24 * time.Hour).UTC()
}

func (p *pages) newMember(r *web.Request) (web.Answer, error) {
	return p.newMemberPage(r, web.NewForm(nil))
}

func (p *pages) appoint(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	n := staff.NewPerson{Institution: f.Get("institution")}
	if n.Name, err = person.ParseName(f.Get("name")); err != nil {
		f.Fail("name", person.CodeOf(err).Text())
	}
	if f.Get("number") != "" {
		if n.Number, err = person.ParseIdentityNumber(f.Get("number")); err != nil {
			f.Fail("number", person.CodeOf(err).Text())
		}
	}
	w := readWish(f)
	if (w.Role == staff.Partner) != (n.Institution != "") {
		f.Fail("institution", staffRefusal(staff.ErrInstitution))
	}
	if f.Good() {
		if _, _, err = p.Staff.Appoint(r.Context(), hand(r), n, w); err == nil {
			return done("/desk/staff", "proposed"), nil
		}
		if err := saidOf(f, err); err != nil {
			return nil, err
		}
	}
	return p.newMemberPage(r, f)
}

// answerProposal confirms or declines one.
func (p *pages) answerProposal(confirm bool) web.Handler {
	return func(r *web.Request) (web.Answer, error) {
		f, err := r.Form()
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseUint(f.Get("proposal"), 10, 64)
		if err != nil {
			return nil, web.ErrForm
		}
		if confirm {
			if err := p.Staff.Confirm(r.Context(), hand(r), n); err != nil {
				return nil, err
			}
			return done("/desk/staff", "confirmed"), nil
		}
		if err := p.Staff.Decline(r.Context(), hand(r), n); err != nil {
			return nil, err
		}
		return done("/desk/staff", "declined"), nil
	}
}

func (p *pages) loadMember(r *web.Request) (*staff.Member, error) {
	m, err := p.Staff.Member(r.Context(), rem.PersonID(r.Var("id")))
	if err != nil {
		return nil, answered(err)
	}
	return m, nil
}

// member is the page of one person: terms, training, acknowledgements.
func (p *pages) member(r *web.Request) (web.Answer, error) {
	m, err := p.loadMember(r)
	if err != nil {
		return nil, err
	}
	return p.memberPage(r, m, web.NewForm(nil))
}

func (p *pages) memberPage(r *web.Request, m *staff.Member, f *web.Form) (web.Answer, error) {
	now := p.Clock.Now()
	facts := []web.Fact{
		fact("Durum", "Standing", p.standingOf(r.Context(), m)), fact("Görevde", "In service since", web.Cell{Time: m.Joined, Day: true}),
		fact("İlk giriş", "First credentials", web.Cell{Time: m.Enrolled}),
	}
	if m.Institution != "" {
		i, err := p.Partners.Institutions.Institution(r.Context(), m.Institution)
		if err != nil {
			return nil, answered(err)
		}
		facts = append(facts, fact("Kurumu", "Institution", web.Cell{Text: i.Name, Path: "/desk/partners/" + url.PathEscape(i.ID)}))
	}
	if !m.InService() {
		facts = append(facts, fact("Ayrıldı", "Left", web.Cell{Time: m.Left, Note: endings.of(m.Why)}))
	}
	terms := web.Table{Caption: text("Roller", "Roles"), Columns: []web.Column{column("Rol", "Role"), column("Başlangıç", "From"), column("Bitiş", "Until"), column("Öneren ve onaylayan", "Proposed and confirmed by"), column("Durum", "State")}, Empty: text("Rolü yok.", "He has no role.")}
	for _, t := range m.Terms {
		state := badge(text("sürüyor", "runs"), web.Good)
		switch {
		case !t.Ended.IsZero():
			state = badge(text("sona erdirildi", "ended"), web.Plain)
			state.Note = endings.of(t.Why)
		case !t.InForce(now):
			state = badge(text("süresi dışında", "not in its term"), web.Plain)
		}
		until := lastDay(t.Until)
		if t.Until.IsZero() {
			until = say(text("süresiz", "without end"))
		}
		terms.Rows = append(terms.Rows, []web.Cell{say(t.Role.Name()), {Time: t.From, Day: true}, until, {Text: string(t.ProposedBy), Code: true, Note: plain(string(t.ConfirmedBy))}, state})
	}
	training := web.Table{Caption: text("Eğitimler", "Training"), Columns: []web.Column{column("Konu", "Subject"), {Head: text("Sürüm", "Version"), Right: true}, column("Tamamlandı", "Passed"), column("Geçerli", "Valid until"), column("Kaydeden", "Recorded by")}, Empty: text("Eğitim kaydı yok.", "No training is recorded.")}
	for _, x := range m.Training {
		training.Rows = append(training.Rows, []web.Cell{say(subject(x.Subject)), {Text: strconv.FormatUint(x.Version, 10)}, {Time: x.Passed, Day: true}, lastDay(x.Until), code(string(x.By))})
	}
	bound := web.Table{Caption: text("Onayladığı politikalar", "Policies acknowledged"), Columns: []web.Column{column("Konu", "Subject"), {Head: text("Sürüm", "Version"), Right: true}, column("Zaman", "Time"), column("Nasıl", "How")}, Empty: text("Onay kaydı yok.", "None was acknowledged.")}
	for _, x := range m.Acknowledged {
		bound.Rows = append(bound.Rows, []web.Cell{say(subject(x.Subject)), {Text: strconv.FormatUint(x.Version, 10)}, {Time: x.At}, code(x.Method)})
	}
	blocks := []block{{Title: text("Kişi", "Person"), Facts: facts}, {Table: &terms}, {Table: &training}, {Table: &bound}}
	if r.Principal.Has(staff.Manager) && m.InService() {
		blocks = append(blocks, p.manage(r, m, f)...)
	}
	pg := with(r, p.page(text("Görevli", "Member of staff"), plain(string(m.Person)), blocks...))
	pg.Form = f
	return pg, nil
}

// manage are the things that a manager does with somebody.
func (p *pages) manage(r *web.Request, m *staff.Member, f *web.Form) []block {
	path := memberPath(m.Person)
	todo := block{Title: text("Yapılacaklar", "What to do"), Links: []web.Link{{Text: text("Bir rolü veya görevi sona erdir", "End a role, or the service"), Path: path + "/end"}}}
	invite := text("Giriş anahtarı ver", "Give a key for the first log-in")
	if m.Person == r.Principal.Person() {
		todo.Cannot = []cannot{{invite, staffRefusal(staff.ErrHimself)}, {text("Eğitim kaydetmek", "To record training"), staffRefusal(staff.ErrOwnTraining)}}
	} else {
		todo.Links = append(todo.Links, web.Link{Text: invite, Path: path + "/invite"})
	}
	blocks := []block{todo}
	if m.Institution == "" {
		blocks = append(blocks, block{Title: text("Rol öner", "Propose a role"), Form: &form{Path: path + "/propose", Button: text("Öner", "Propose"), Fields: wishFields(f, staff.Partner)}})
	}
	if m.Person != r.Principal.Person() {
		blocks = append(blocks, block{Title: text("Eğitim kaydet", "Record training"), Text: text("Konu: kişisel verilerin korunması.", "Subject: data protection."), Form: &form{
			Path: path + "/train", Button: text("Kaydet", "Record"),
			Fields: []web.Field{
				f.Field(web.Field{Name: "version", Label: text("Eğitimin sürümü", "Version of the course"), Mode: "numeric", Short: true, Max: 6}),
				f.Field(web.Field{Name: "passed", Label: text("Tamamlandığı gün", "Day on which it was passed"), Mode: "numeric", Short: true, Max: 10, Help: text("gün.ay.yıl", "day.month.year")}),
				f.Field(web.Field{Name: "valid", Label: text("Geçerliliğin son günü", "Last day of its validity"), Mode: "numeric", Short: true, Max: 10, Help: text("gün.ay.yıl", "day.month.year")}),
			},
		}})
	}
	return blocks
}

func (p *pages) propose(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	m, err := p.loadMember(r)
	if err != nil {
		return nil, err
	}
	w := readWish(f)
	if f.Good() {
		if _, err = p.Staff.Propose(r.Context(), hand(r), m.Person, w); err == nil {
			return done("/desk/staff", "proposed"), nil
		}
		if err := saidOf(f, err); err != nil {
			return nil, err
		}
	}
	return p.memberPage(r, m, f)
}

func (p *pages) train(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	m, err := p.loadMember(r)
	if err != nil {
		return nil, err
	}
	version, err := strconv.ParseUint(strings.TrimSpace(f.Get("version")), 10, 32)
	if err != nil || version == 0 {
		f.Fail("version", person.NotDigits.Text())
	}
	passed, until := readDay(f, "passed", false), readDay(f, "valid", false)
	if f.Good() {
		// A course of today ends tonight; what was passed is passed by now.
		if now := p.Clock.Now(); passed.After(now) && passed.Sub(now) <= 24*time.Hour {
			passed = now
		}
		if err = p.Staff.Train(r.Context(), hand(r), m.Person, staff.DataProtection, version, passed, until); err == nil {
			return done(memberPath(m.Person), "trained"), nil
		}
		if err := saidOf(f, err); err != nil {
			return nil, err
		}
	}
	return p.memberPage(r, m, f)
}

// endPage asks what is to end, and why.
func (p *pages) endPage(m *staff.Member, f *web.Form) web.Page {
	now := p.Clock.Now()
	list := []web.Choice{{Value: "service", Label: text("Bütün görevi: kişi ayrılır, geri alınamaz", "The whole service: he leaves, for good")}}
	for _, role := range m.Roles(now) {
		list = append(list, web.Choice{Value: string(role), Label: both(text("Rol: ", "Role: "), "", role.Name())})
	}
	return web.Confirm{
		Title: text("Rolü veya görevi sona erdir", "End a role, or the service"), Form: f, Danger: true, Path: memberPath(m.Person) + "/end", Button: text("Sona erdir", "End it"), Back: memberPath(m.Person),
		Text:  text("Hemen geçerli olur; kişinin açık oturumları kapanır.", "It holds at once; his sessions end."),
		Facts: []web.Fact{fact("Kişi", "Person", code(string(m.Person)))},
		Fields: []web.Field{
			f.Field(web.Field{Name: "what", Label: text("Sona erecek olan", "What ends"), Type: web.RadioInput, Choices: list}),
			f.Field(web.Field{Name: "reason", Label: text("Gerekçe", "Reason"), Type: web.RadioInput, Choices: choices(endings)}),
			f.Field(web.Field{Name: "anyway", Label: text("Bu roldeki son kişi olsa da sona erdir", "End it even if he is the last one in the role"), Type: web.CheckInput, Optional: true}),
		},
	}.Page()
}

func (p *pages) ending(r *web.Request) (web.Answer, error) {
	m, err := p.loadMember(r)
	if err != nil {
		return nil, err
	}
	return p.endPage(m, web.NewForm(nil)), nil
}

func (p *pages) ended(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	m, err := p.loadMember(r)
	if err != nil {
		return nil, err
	}
	why, what, anyway := staff.Reason(f.Get("reason")), f.Get("what"), f.Get("anyway") == "yes"
	if !endings.has(why) {
		f.Fail("reason", person.NotAChoice.Text())
	}
	if what != "service" && !staff.Role(what).Valid() {
		f.Fail("what", person.NotAChoice.Text())
	}
	if f.Good() {
		if what == "service" {
			err = p.Staff.Leave(r.Context(), hand(r), m.Person, why, anyway)
		} else {
			err = p.Staff.EndRole(r.Context(), hand(r), m.Person, staff.Role(what), why, anyway)
		}
		if err == nil {
			return done(memberPath(m.Person), "ended"), nil
		}
		if err := saidOf(f, err); err != nil {
			return nil, err
		}
	}
	return p.endPage(m, f), nil
}

func (p *pages) inviting(r *web.Request) (web.Answer, error) {
	m, err := p.loadMember(r)
	if err != nil {
		return nil, err
	}
	return web.Confirm{
		Title: text("Giriş anahtarı ver", "Give a key for the first log-in"), Path: memberPath(m.Person) + "/invite", Button: text("Anahtarı oluştur", "Make the key"), Back: memberPath(m.Person),
		Text:  text("Anahtar bir kez gösterilir ve bir kez kullanılır. Daha önce verilen anahtar geçersiz olur. Kişiye elden verin.", "The key is shown once and good once. One that was given before is void. Hand it over in person."),
		Facts: []web.Fact{fact("Kişi", "Person", code(string(m.Person)))},
	}.Page(), nil
}

// invited shows the key on the page that answers, and nowhere else.
func (p *pages) invited(r *web.Request) (web.Answer, error) {
	m, err := p.loadMember(r)
	if err != nil {
		return nil, err
	}
	key, err := p.Invite(r.Context(), hand(r), m.Person)
	if err != nil {
		return nil, answered(err)
	}
	pg := p.page(text("Tek kullanımlık anahtar", "One-time key"), text("Bu anahtar bir daha gösterilmez.", "This key is not shown again."), block{
		Facts: []web.Fact{fact("Kişi", "Person", code(string(m.Person))), fact("Anahtar", "Key", code(key.Reveal())), fact("Nerede kullanılır", "Where it is used", web.Cell{Text: r.Link("/welcome")})},
		Text:  text("Kişi bu anahtarla geçiş anahtarını tanımlar. Anahtarı e-posta veya mesajla göndermeyin.", "With it he sets his passkey. Do not send it by mail or message."),
		Links: links("Kişiye dön", "Back to the person", memberPath(m.Person)),
	})
	pg.Wide = false
	return pg, nil
}
