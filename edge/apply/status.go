package apply

import (
	"slices"

	"rem"
	"rem/edge/web"
	"rem/person/application"
)

// standing is what the page of the state shows.
type standing struct {
	Facts    []web.Fact
	Timeline []web.Event
	Next     *web.Link
	Withdraw bool
}

// tones say how a state is meant.
var tones = map[application.State]web.Tone{
	application.Draft: web.Info, application.Submitted: web.Attention, application.Pending: web.Attention, application.Doubtful: web.Info,
	application.Identified: web.Info, application.InReview: web.Info, application.Approved: web.Good, application.Refused: web.Bad,
	application.Withdrawn: web.Plain, application.Expired: web.Plain, application.Activated: web.Good,
}

// next leads to what the applicant does now; nil where he waits.
func (v *visit) next() *web.Link {
	lead := func(t rem.Text, path string) *web.Link { return &web.Link{Text: t, Path: path} }
	missing := slices.ContainsFunc(v.missing(), func(web.Notice) bool { return true })
	switch v.State {
	case application.Draft:
		return lead(text("Formu doldurun", "Fill in the form"), "/apply/form")
	case application.Submitted:
		if missing {
			return lead(text("Belgeleri yükleyin", "Hand in the papers"), "/apply/papers")
		}
		return lead(text("Doğrulama yöntemini seçin", "Choose how to be identified"), "/apply/method")
	case application.Pending:
		return lead(text("Kimlik doğrulamaya geçin", "Go to the identification"), "/apply/method/proof")
	case application.Approved:
		if v.Aim != application.ToOpen {
			return lead(doneTexts[v.Aim].open, "/apply/activate/code")
		}
		return lead(text("Hesabı açın", "Open the account"), "/apply/activate/code")
	case application.Activated:
		return lead(text("Giriş bilgilerini belirleyin", "Set how you log in"), "/apply/activate/code")
	case application.Refused, application.Withdrawn, application.Expired:
		switch v.Aim {
		case application.ToOperate:
			return nil // he waits to be asked again
		case application.ToReturn:
			return lead(text("Yeniden başlayın", "Begin again"), LostPath)
		}
		return lead(text("Yeniden başvurun", "Apply again"), "/apply")
	}
	return nil
}

// stages are the states that an application passes when nothing goes wrong, by
// what is done in each.
var stages = []struct {
	over application.State // behind when the application is past this state
	name rem.Text
}{
	{application.Draft, text("Başvuru formu", "The form")},
	{application.Submitted, text("Doğrulama yönteminin seçilmesi", "Choosing how to be identified")},
	{application.Pending, text("Kimlik doğrulama", "Identification")},
	{application.InReview, text("İkinci görevlinin onayı", "Approval by a second officer")},
	{application.Approved, text("Hesabın açılması", "Opening the account")},
}

// order is how far a state is on that way.
var order = map[application.State]int{
	application.Draft: 0, application.Submitted: 1, application.Pending: 2, application.Doubtful: 2, application.Identified: 3, application.InReview: 3,
	application.Approved: 4, application.Activated: 5,
}

// timeline tells what is behind and what lies ahead. Of one that has ended, only
// that it has.
func (v *visit) timeline() (list []web.Event) {
	if v.State.Final() && v.State != application.Activated {
		return []web.Event{{Time: v.Since, Title: v.Words, Tone: tones[v.State], Text: v.Refused}}
	}
	at := order[v.State]
	for i, s := range stages {
		if s.over == application.Approved && v.Aim != application.ToOpen {
			s.name = doneTexts[v.Aim].open
		}
		e := web.Event{Title: s.name, State: text("sırada", "ahead")}
		switch {
		case i < at:
			e.Tone, e.State = web.Good, text("tamam", "done")
		case i == at:
			e.Tone, e.State, e.Text = web.Attention, text("şimdi", "now"), v.Words
		}
		if i == at-1 {
			e.Time = v.Since
		}
		list = append(list, e)
	}
	return list
}

func (p *pages) status(v *visit) (web.Answer, error) {
	x := standing{Timeline: v.timeline(), Next: v.next(), Withdraw: v.can(application.Withdraw)}
	if v.Aim != application.ToOpen {
		x.Facts = append(x.Facts, web.Fact{Term: text("Başvurunun amacı", "What it is for"), Value: web.Cell{Say: v.Aim.Name()}})
	}
	x.Facts = append(x.Facts, web.Fact{Term: text("Durum", "State"), Value: web.Cell{Say: v.Words, Badge: true, Tone: tones[v.State]}},
		web.Fact{Term: text("Bu duruma geldiği an", "Since"), Value: web.Cell{Time: v.Since}})
	if !v.Due.IsZero() && v.next() != nil && !v.State.Final() {
		x.Facts = append(x.Facts, web.Fact{Term: text("Yapmanız gereken için son an", "You have until"), Value: web.Cell{Time: v.Due}})
	}
	if v.Address != (rem.Address{}) {
		x.Facts = append(x.Facts, web.Fact{Term: text("KEP adresi", "Registered address"), Value: web.Cell{Text: v.Address.String()}})
	}
	if v.Method != "" {
		x.Facts = append(x.Facts, web.Fact{Term: text("Doğrulama yöntemi", "Method"), Value: web.Cell{Say: v.Method.Name()}})
	}
	if a := v.Appointment; a != nil && v.State == application.Pending {
		x.Facts = append(x.Facts, web.Fact{Term: text("Randevu", "Appointment"), Value: web.Cell{Text: clock(a.At, v.Language)}})
	}
	x.Facts = append(x.Facts, web.Fact{Term: text("Başvuru numarası", "Application number"), Value: web.Cell{Text: string(v.Application), Code: true},
		Help: text("Bize yazarken bu numarayı verin.", "Give this number when you write to us.")})
	page := web.Page{View: p.views.Page("status"), Title: text("Başvurunun durumu", "Where the application stands"), Lead: v.Standing.Next, Data: x}
	if v.State == application.Refused {
		page.Notices = append(page.Notices, web.Notice{Tone: web.Bad, Title: text("Ret gerekçesi", "Why it was refused"), Text: v.Refused})
	}
	if v.State == application.Draft || v.State == application.Submitted {
		page.Notices = append(page.Notices, v.backNotice()...)
	}
	if v.can(application.HandIn) && v.State != application.Draft {
		page.Notices = append(page.Notices, v.missing()...)
	}
	return page, nil
}

func (p *pages) withdrawing(v *visit) (web.Answer, error) {
	return p.withdrawPage(v, web.NewForm(nil))
}

func (p *pages) withdrawPage(v *visit, f *web.Form) (web.Answer, error) {
	if !v.can(application.Withdraw) {
		return toStatus, nil
	}
	return web.Confirm{
		Title: text("Başvuruyu geri çek", "Take the application back"), Form: f, Danger: true, Path: "/apply/withdraw", Back: "/apply/status",
		Text:   text("Başvuru kapanır, ayrılan KEP adresi boşa çıkar ve bu işlem geri alınamaz. Dilediğiniz zaman yeniden başvurabilirsiniz.", "The application ends, the address that was kept for you is free again, and this cannot be undone. You may apply again whenever you like."),
		Facts:  []web.Fact{{Term: text("Başvuru numarası", "Application number"), Value: web.Cell{Text: string(v.Application), Code: true}}},
		Button: text("Başvuruyu geri çek", "Take it back"),
	}.Page(), nil
}

func (p *pages) withdraw(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	if err := p.Applicants.Withdraw(v.Context(), v.bearer); err != nil {
		return p.again(v, f, "", err, p.withdrawPage)
	}
	return toStatus, nil
}
