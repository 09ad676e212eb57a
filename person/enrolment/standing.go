package enrolment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
)

// A Standing is an application as its applicant sees it: where it stands, until
// when, and what he does next. It holds no value of a person but the address.
type Standing struct {
	Application person.ApplicationID
	Kind        person.Kind
	Aim         application.Aim
	State       application.State
	Words       rem.Text // the state
	Next        rem.Text // what to do now; what happens now where he does nothing
	Since, Due  time.Time
	// Returned is why it last went back, Refused why it was refused.
	Returned, Refused rem.Text
	Method            identity.Method
	Address           rem.Address // as handed in; zero before
	Papers            []Handed
	Appointment       *Appointment
	Account           rem.AccountID // when it is open
	// Can lists what he may do now.
	Can []application.Event
}

// A Handed is a paper that the kind of applicant has to hand in.
type Handed struct {
	Kind application.PaperKind
	Name rem.Text
	At   time.Time // zero: it is missing
	Scan application.Scan
}

var nexts = map[application.State]rem.Text{
	application.Draft:      {Turkish: "Formu doldurup gönderiniz.", English: "Please fill in the form and hand it in."},
	application.Submitted:  {Turkish: "Kimliğinizi nasıl doğrulayacağınızı seçiniz.", English: "Please choose how to show who you are."},
	application.Doubtful:   {Turkish: "Bir görevli başvurunuzu inceliyor; sonucu size bildireceğiz.", English: "An officer is looking at your application; we will tell you."},
	application.Identified: {Turkish: "Başvurunuz onay sırasında; sonucu size bildireceğiz.", English: "Your application waits for approval; we will tell you."},
	application.InReview:   {Turkish: "Başvurunuz inceleniyor; sonucu size bildireceğiz.", English: "Your application is being reviewed; we will tell you."},
	application.Approved:   {Turkish: "E-postanıza gelen bağlantıyı açıp cep telefonunuza gelecek kodu giriniz veya e-imza ile onaylayınız.", English: "Open the link in your mail and enter the code that your phone gets, or sign."},
	application.Refused:    {Turkish: "Gerekçe aşağıdadır. Yeniden başvurabilirsiniz.", English: "The reason is given below. You may apply again."},
	application.Withdrawn:  {Turkish: "Başvurunuzu geri çektiniz. Yeniden başvurabilirsiniz.", English: "You took the application back. You may apply again."},
	application.Expired:    {Turkish: "Süresi içinde tamamlanmadığı için başvuru kapandı. Yeniden başvurabilirsiniz.", English: "It was not completed in time and has ended. You may apply again."},
	application.Activated:  {Turkish: "Hesabınız açıldı; giriş bilgilerinizi belirleyiniz.", English: "Your account is open; please set how you log in."},
}

// aimWords and aimNexts are for who opens no account.
var aimWords = map[application.State]rem.Text{
	application.Approved:  {Turkish: "Onaylandı; tamamlamanız bekleniyor", English: "Approved; waiting for you to complete it"},
	application.Activated: {Turkish: "Tamamlandı", English: "Completed"},
}

var aimNexts = map[application.State]rem.Text{
	application.Approved:  {Turkish: "E-postanıza gelen bağlantıyı açıp cep telefonunuza gelecek kodu giriniz veya e-imza ile onaylayınız.", English: "Open the link in your mail and enter the code that your phone gets, or sign."},
	application.Activated: {Turkish: "Giriş bilgilerinizi belirleyiniz.", English: "Please set how you log in."},
}

var pendings = map[identity.Method]rem.Text{
	identity.Signature: {Turkish: "Başvuru formunu indirip nitelikli sertifikanızla imzalayınız ve imzayı yükleyiniz.", English: "Download the form, sign it with your qualified certificate, and upload the signature."},
	identity.Office:    {Turkish: "Randevu alıp fotoğraflı kimlik belgenizle ofisimize geliniz.", English: "Make an appointment and come to our office with an identity document that has a photograph."},
	identity.OnSite:    {Turkish: "Sözleşmeli kurumun görevlisi başvurudaki adresinize gelecek.", English: "Somebody of a contracted institution will call at the address that you gave."},
	identity.EDevlet:   {Turkish: "e-Devlet Kapısı'na gidip girişinizi onaylayınız.", English: "Go to the e-Devlet gate and confirm."},
	identity.Chip:      {Turkish: "Telefonunuzla belgenizin çipini okutup görüntünüzü kaydediniz.", English: "Read the chip of your document with your phone, and make the recording."},
	identity.ChipCard:  {Turkish: "Kimlik kartınızı okuyucuya takıp formu kartınızla imzalayınız.", English: "Put your identity card into the reader and sign the form with it."},
	identity.Video:     {Turkish: "Görevlimizle görüntülü görüşmeye katılınız.", English: "Join the video call with our officer."},
}

// View says where the application stands.
func (a *Applicants) View(ctx context.Context, b Bearer) (Standing, error) {
	s := a.s
	v, err := s.view(ctx, b)
	if err != nil {
		return Standing{}, err
	}
	st := Standing{
		Application: v.ID, Kind: v.Kind, Aim: v.Aim, State: v.State, Words: v.State.Name(), Next: nexts[v.State], Since: v.Since, Due: v.Due,
		Method: v.Method, Account: v.Account,
	}
	if w, ok := aimWords[v.State]; ok && v.Aim != application.ToOpen {
		st.Words, st.Next = w, aimNexts[v.State]
	}
	if v.State == application.Pending {
		st.Next = pendings[v.Method]
	}
	if v.Returned != "" {
		st.Returned = v.Returned.Text()
	}
	if v.Decision != nil && v.Decision.Reason != "" {
		st.Refused = v.Decision.Text
	}
	if v.Submitted != nil {
		st.Address = v.Submitted.Address
		for _, k := range v.Wanted() {
			h := Handed{Kind: k, Name: PaperName(k)}
			for _, p := range v.Papers {
				if p.Kind == k && p.Usable() {
					h.At, h.Scan = p.At, p.Scan
				}
			}
			st.Papers = append(st.Papers, h)
		}
	}
	switch ap, err := s.Store.Appointment(ctx, v.ID); {
	case err == nil:
		st.Appointment = &ap
	case !errors.Is(err, ErrNone):
		return Standing{}, fmt.Errorf("reading the appointment of application %s: %w", v.ID, err)
	}
	over := !v.Due.IsZero() && !s.Clock.Now().Before(v.Due)
	for _, t := range application.Table {
		if t.From != v.State || t.Who&application.Applicant == 0 || slices.Contains(st.Can, t.On) {
			continue
		}
		// A deadline holds only where the state expires.
		if _, expires := application.Next(v.State, application.Expire); expires && over && t.On != application.Withdraw {
			continue
		}
		if b.shower && t.On != application.Choose && t.On != application.Activate {
			continue
		}
		st.Can = append(st.Can, t.On)
	}
	return st, nil
}
