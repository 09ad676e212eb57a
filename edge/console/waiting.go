package console

import (
	"time"

	"rem"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
)

// A matter is what pages need of an application to say for what it waits.
type matter struct {
	id       person.ApplicationID
	kind     person.Kind
	state    application.State
	since    time.Time
	due      time.Time
	method   identity.Method
	reviewer rem.PersonID
}

func matterOf(l *application.Listed) matter {
	return matter{l.ID, l.Kind, l.State, l.Since, l.Due, l.Method, l.Reviewer}
}

func matterIn(v *application.View) matter {
	return matter{v.ID, v.Kind, v.State, v.Since, v.Due, v.Method, v.Reviewer}
}

var waitingFor = map[application.State]rem.Text{
	application.Draft:      text("Başvuru sahibi formu henüz göndermedi.", "The applicant has not handed the form in yet."),
	application.Submitted:  text("Başvuru sahibinin doğrulama yöntemi seçmesi bekleniyor.", "The applicant has to choose a method of identification."),
	application.Doubtful:   text("Kimlik kaydında soru var; bir görevlinin bakması bekleniyor.", "The record of identification raises a question; an officer has to look."),
	application.Identified: text("Kimliği doğrulayanlardan başka bir onay görevlisinin üstlenmesi bekleniyor.", "An approver who had no hand in the identification has to take it up."),
	application.InReview:   text("Üstlenen onay görevlisinin kararı bekleniyor.", "The approver who took it up has to decide."),
	application.Approved:   text("Başvuru sahibinin hesabı açması bekleniyor.", "The applicant has to open the account."),
	application.Refused:    text("Bitti: reddedildi.", "Over: it was refused."),
	application.Withdrawn:  text("Bitti: başvuru sahibi geri çekti.", "Over: the applicant withdrew it."),
	application.Expired:    text("Bitti: süresi doldu.", "Over: its time ran out."),
	application.Activated:  text("Bitti: hesap açıldı.", "Over: the account is open."),
}

var pendingFor = map[identity.Method]rem.Text{
	identity.Signature: text("Başvuru sahibinin formu imzalayıp yüklemesi bekleniyor.", "The applicant has to sign the form and hand it in."),
	identity.Office:    text("Başvuru sahibinin ofise gelmesi bekleniyor.", "The applicant has to come to an office."),
	identity.OnSite:    text("Sözleşmeli kurumun ziyareti bekleniyor.", "A contracted institution has to call on the applicant."),
	identity.EDevlet:   text("e-Devlet Kapısından yanıt bekleniyor.", "The e-Devlet gate has to answer."),
	identity.Chip:      text("Çipli belge ve görüntü ile doğrulama bekleniyor.", "The verification by chip and video has to be made."),
	identity.ChipCard:  text("Kimlik kartı ve kart imzası bekleniyor.", "The identity card and its signature are awaited."),
	identity.Video:     text("Görevliyle görüntülü görüşme bekleniyor.", "The video call with an officer has to take place."),
}

// waits says for what it waits, as the person who asks should read it.
func (m matter) waits(me rem.PersonID, now time.Time) rem.Text {
	t := waitingFor[m.state]
	if m.state == application.Pending {
		t = pendingFor[m.method]
	}
	if m.state == application.InReview && m.reviewer == me && me != "" {
		t = text("Kararınız bekleniyor.", "Your decision is awaited.")
	}
	if m.late(now) {
		t = both(t, " ", text("İnceleme süresi aşıldı.", "It has waited longer than it should."))
	}
	return t
}

// late: it waits for us, and has for longer than the practice statement says.
func (m matter) late(now time.Time) bool {
	return !m.due.IsZero() && !now.Before(m.due) && !m.state.Final()
}
