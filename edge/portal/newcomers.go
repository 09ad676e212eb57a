package portal

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/edge/web"
	"rem/person"
	"rem/person/account"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/login"
)

// Crew asks people to act on an account; *enrolment.Crew does.
type Crew interface {
	Invite(ctx context.Context, in enrolment.Invitation) (person.ApplicationID, error)
	Waiting(ctx context.Context, on rem.AccountID) ([]enrolment.Invited, error)
	TakeBack(ctx context.Context, by account.By, id person.ApplicationID) error
}

// Switch changes the account that somebody acts on; *login.Service does.
type Switch interface {
	AccountsOf(ctx context.Context, who login.Who) ([]rem.AccountID, error)
	Use(ctx context.Context, x login.Session, account rem.AccountID) (login.Opened, error)
}

// newcomer is the page by which a new operator is asked.
type newcomer struct{ Fields []web.Field }

// paperless is the answer for an authority that rests on the appointment itself.
var paperless = string(account.Appointment)

// maxPaper bounds the form with its file.
const maxPaper = enrolment.MaxPaper + web.FormSize

func (p *pages) inviting(v *visit) (web.Answer, error) { return p.invitePage(v, web.NewForm(nil)) }

func (p *pages) invitePage(v *visit, f *web.Form) (web.Answer, error) {
	if !v.may.Has(account.Operators) {
		return nil, &web.Forbidden{Why: text("Bu işlem için yetkili atama yetkisi gerekir.", "This needs the permission to appoint operators.")}
	}
	boxes := web.Field{Name: "may", Label: text("Yetkiler", "Permissions"), Type: web.BoxesInput, Help: text("Her yetki tek tek verilir; kendinizde olmayanı veremezsiniz.", "Each permission is given singly; you cannot give what you do not have.")}
	for i, w := range account.AllPermissions() {
		choice := web.Choice{Value: bit(i), Label: w.Text, Chosen: slices.Contains(f.All("may"), bit(i))}
		if !v.may.Has(w.Value) {
			choice.Closed, choice.Why = true, text("bu yetki sizde yok", "you do not have it")
		}
		boxes.Choices = append(boxes.Choices, choice)
	}
	kinds := web.Field{Name: "kind", Label: text("Yetkinin dayanağı", "What the authority rests on"), Type: web.RadioInput}
	for _, w := range account.ProofKinds() {
		c := web.Choice{Value: string(w.Value), Label: w.Text, Chosen: f.Get("kind") == string(w.Value) || f.Get("kind") == "" && w.Value == account.Appointment}
		if w.Value == account.Appointment {
			c.Help = text("Bu sayfada yaptığınız atamanın kendisi; belge yüklenmez.", "The appointment itself that you make on this page; no paper is handed in.")
		} else {
			c.Help = text("Belgeyi aşağıdan yükleyin.", "Hand the paper in below.")
		}
		kinds.Choices = append(kinds.Choices, c)
	}
	n := newcomer{Fields: []web.Field{
		f.Field(web.Field{Name: "identity-number", Label: text("Atanacak kişinin T.C. kimlik numarası veya yabancı kimlik numarası", "His citizen's or foreigner's identity number"), Max: 20, Mode: "numeric", Auto: "off",
			Help: text("Kimliği bu numarayla doğrulanan kişi atanır, başkası değil. Numaranın kendisi saklanmaz.", "Who is identified with this number is appointed, and nobody else. The number itself is not kept.")}),
		f.Field(web.Field{Name: "mail-address", Label: text("E-posta adresi", "E-mail address"), Max: 254, Mode: "email", Auto: "off",
			Help: text("Davet buraya gider; otuz gün içinde kabul edilebilir.", "The invitation goes there; it can be accepted for thirty days.")}),
		f.Field(boxes),
		f.Field(web.Field{Name: "from", Label: text("Yetkinin ilk günü", "First day of the authority"), Type: web.DateInput, Optional: true, Help: text("Boşsa kişi onaylandığında başlar.", "Left empty, it begins when the person was approved.")}),
		f.Field(web.Field{Name: "until", Label: text("Yetkinin son günü", "Last day of the authority"), Type: web.DateInput, Optional: true}),
		f.Field(kinds),
		f.Field(web.Field{Name: "paper", Label: text("Belge", "Paper"), Type: web.FileInput, Optional: true, Accept: ".pdf,.jpg,.jpeg,.png,.p7s,.p7m,.xml",
			Help: text("PDF, JPEG, PNG veya imzalı dosya; en çok 10 MB. Yalnız başvuruyu inceleyen görevliler açabilir.", "PDF, JPEG, PNG or a signed file; at most 10 MB. Only the officers who look at the application can open it.")}),
	}}
	return web.Page{
		View: p.views.Page("newcomer"), Title: text("Yeni işlem yetkilisi", "A new operator"), Data: n, Form: f,
		Lead: text("Kişiye davet gider. Kimliği doğrulanıp ikinci bir görevli onaylayınca kendi giriş bilgileriyle işlem yapmaya başlar.", "He is sent an invitation. Once he was identified and a second officer approved, he acts with credentials of his own."),
	}, nil
}

// day reads an optional day; the zero time for none.
func day(f *web.Form, name string) time.Time {
	s := f.Get(name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.ParseInLocation(time.DateOnly, s, zone)
	if err != nil {
		f.Fail(name, text("Günü YYYY-AA-GG biçiminde yazın.", "Write the day as YYYY-MM-DD."))
		return time.Time{}
	}
	return t.UTC()
}

func (p *pages) invite(v *visit) (web.Answer, error) {
	var paper []byte
	f, err := v.Upload(func(_ *web.Form, file web.File) error {
		if file.Field != "paper" {
			return web.ErrForm
		}
		b, err := io.ReadAll(io.LimitReader(file, enrolment.MaxPaper+1))
		paper = b
		return err
	})
	if err != nil {
		return nil, err
	}
	if !v.may.Has(account.Operators) {
		return p.invitePage(v, f) // which says so
	}
	in := enrolment.Invitation{By: v.by(), Kind: account.ProofKind(f.Get("kind"))}
	if in.Number, err = person.ParseIdentityNumber(strings.TrimSpace(f.Get("identity-number"))); err != nil {
		f.Fail("identity-number", text("11 rakamlı geçerli bir kimlik numarası yazın.", "Write a valid identity number of 11 digits."))
	}
	if in.Mail, err = person.ParseMailAddress(strings.TrimSpace(f.Get("mail-address"))); err != nil {
		f.Fail("mail-address", text("Geçerli bir e-posta adresi yazın; KEP adresi olamaz.", "Write a valid e-mail address; a KEP address will not do."))
	}
	for i, w := range account.AllPermissions() {
		if slices.Contains(f.All("may"), bit(i)) {
			in.May |= w.Value
		}
	}
	in.From, in.Until = day(f, "from"), day(f, "until")
	if !in.Until.IsZero() {
		in.Until = in.Until.AddDate(0, 0, 1) // the day itself is his
	}
	switch {
	case string(in.Kind) == paperless && len(paper) > 0:
		f.Fail("kind", text("Belge yüklediyseniz türünü seçin.", "Choose which kind of paper it is."))
	case string(in.Kind) != paperless && len(paper) == 0:
		f.Fail("paper", text("Seçtiğiniz belgeyi yükleyin.", "Hand the paper in that you chose."))
	case len(paper) > 0:
		in.Paper = bytes.NewReader(paper)
	}
	if !f.Good() {
		return p.invitePage(v, f)
	}
	_, err = p.Crew.Invite(v.Context(), in)
	if denial, ok := errors.AsType[*application.Denial](err); ok {
		field := ""
		switch {
		case errors.Is(err, enrolment.ErrMedia), errors.Is(err, enrolment.ErrTooLarge), errors.Is(err, enrolment.ErrInfected):
			field = "paper"
		case errors.Is(err, enrolment.ErrNumber):
			field = "identity-number"
		}
		f.Fail(field, denial.Text)
		return p.invitePage(v, f)
	}
	if errors.Is(err, enrolment.ErrLater) {
		f.Fail("paper", text("Belge şu anda taranamıyor; biraz sonra yeniden deneyin.", "The paper cannot be scanned now; please try again in a while."))
		return p.invitePage(v, f)
	}
	if err != nil {
		if err := told(f, "may", err); err != nil {
			return nil, err
		}
		return p.invitePage(v, f)
	}
	return web.Redirect{To: "/account/operators"}, nil
}

// invited is an invitation that waits, on the page of operators.
type invited struct {
	Facts []web.Fact
	Back  *web.Action
}

var stages = map[application.State]rem.Text{
	application.None:       text("davet gönderildi", "the invitation was sent"),
	application.Identified: text("kimliği doğrulandı; onay bekliyor", "identified; waits for approval"),
	application.InReview:   text("onay incelemesinde", "being reviewed"),
	application.Approved:   text("onaylandı; kişinin tamamlaması bekleniyor", "approved; waits for him to complete it"),
}

// waiting lists those who were asked and do not act yet.
func (p *pages) waiting(v *visit, names map[rem.PersonID]string) (list []invited, err error) {
	if p.Crew == nil || !v.may.Has(account.Operators) {
		return nil, nil
	}
	all, err := p.Crew.Waiting(v.Context(), v.account.ID)
	if err != nil {
		return nil, err
	}
	for _, w := range all {
		state, ok := stages[w.State]
		if !ok {
			state = text("kimlik doğrulama aşamasında", "on the way to be identified")
		}
		i := invited{Facts: []web.Fact{
			{Term: text("Davet", "Invitation"), Value: web.Cell{Text: string(w.Application), Code: true}},
			{Term: text("Gönderildi", "Sent"), Value: web.Cell{Time: w.Made}},
			{Term: text("Durum", "State"), Value: web.Cell{Say: state, Badge: true, Tone: web.Info}},
			{Term: text("Verilecek yetkiler", "Permissions that it gives"), Value: web.Cell{Say: powers(w.May)}},
			{Term: text("Davet eden", "Asked by"), Value: web.Cell{Text: names[w.By]}},
		}}
		if w.By == v.Principal.Person() || v.account.Under(v.Principal.Person(), w.By) {
			i.Back = &web.Action{Path: "/account/operators/invited/" + string(w.Application) + "/back", Button: text("Daveti geri çek", "Take it back"), About: string(w.Application), Tone: web.Bad}
		}
		list = append(list, i)
	}
	return list, nil
}

func (p *pages) takeBack(v *visit) (web.Answer, error) {
	if _, err := v.Form(); err != nil {
		return nil, err
	}
	err := p.Crew.TakeBack(v.Context(), v.by(), person.ApplicationID(v.Var("id")))
	if errors.Is(err, enrolment.ErrNone) {
		return nil, web.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return web.Redirect{To: "/account/operators"}, nil
}

// crossing is the page on which somebody chooses the account that he acts on.
type crossing struct{ Accounts []web.Action }

// accountsOf are those on which somebody can act now, by their identifiers.
func (p *pages) accountsOf(r *web.Request) (list []account.Account, err error) {
	x := r.Principal.Session
	ids, err := p.Switch.AccountsOf(r.Context(), x.Who)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		a, err := p.Accounts.Account(r.Context(), id)
		if errors.Is(err, account.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if a.MayLogIn(x.Who.Person, r.Now()) {
			list = append(list, a)
		}
	}
	return list, nil
}

func (p *pages) choosing(r *web.Request) (web.Answer, error) {
	list, err := p.accountsOf(r)
	if err != nil {
		return nil, err
	}
	var c crossing
	for _, a := range list {
		c.Accounts = append(c.Accounts, web.Action{Path: "/account/choose", Button: rem.Text{Turkish: a.Address.String(), English: a.Address.String()}, Hidden: []web.Hidden{{Name: "account", Value: string(a.ID)}}})
	}
	return web.Page{View: p.views.Page("crossing"), Title: text("Hesap seçin", "Choose an account"), Data: c,
		Lead: text("Birden çok hesapta yetkiniz var; hangisinde işlem yapacağınızı seçin.", "You can act on several accounts; choose which.")}, nil
}

func (p *pages) chooseAccount(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	list, err := p.accountsOf(r)
	if err != nil {
		return nil, err
	}
	id := rem.AccountID(f.Get("account"))
	if !slices.ContainsFunc(list, func(a account.Account) bool { return a.ID == id }) {
		return nil, web.ErrNotFound // also what is another's
	}
	o, err := p.Switch.Use(r.Context(), r.Principal.Session, id)
	if errors.Is(err, login.ErrWrong) {
		return nil, web.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	r.Open(o)
	return web.Redirect{To: "/account"}, nil
}
