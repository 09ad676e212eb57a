package apply

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"time"

	"rem"
	"rem/edge/web"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/privacy"
)

// aboutMethods says in a sentence what each method takes.
var aboutMethods = map[identity.Method]rem.Text{
	identity.Signature: text("Nitelikli sertifikanızla başvuru formunu imzalarsınız; hemen sonuçlanır.", "You sign the application form with your qualified certificate; the answer comes at once."),
	identity.Office:    text("Randevu alır, fotoğraflı kimlik belgenizle ofisimize gelirsiniz.", "You make an appointment and come to our office with an identity document that has a photograph."),
	identity.OnSite:    text("Sözleşmeli kurumun görevlisi forma yazdığınız adrese gelir.", "Somebody of a contracted institution calls at the address in the form."),
	identity.EDevlet:   text("e-Devlet Kapısı'na gidip giriş yaparsınız; kimlik bilgileriniz kapıdan bize gelir.", "You go to the e-Devlet gate and log in there; the gate tells us who you are."),
	identity.Chip:      text("Telefonunuzdaki uygulama belgenizin çipini okur ve görüntünüzü kaydeder.", "An app on your phone reads the chip of your document and makes a recording."),
	identity.ChipCard:  text("Kart okuyucunuz ve T.C. kimlik kartınızla formu imzalarsınız.", "With a card reader and your identity card you sign the form."),
	identity.Video:     text("Bir görevlimizle görüntülü görüşür, belgenizi gösterirsiniz.", "In a video call with an officer you show your document."),
}

// ways is what the page of methods shows.
type ways struct {
	Form    *web.Form
	Choices []identity.Choice
	Chosen  identity.Method
}

// Method asks for one of them.
func (w ways) Method() web.Field {
	f := web.Field{Name: "method", Label: text("Kimliğinizi nasıl doğrulamak istersiniz?", "How would you like to show who you are?"), Type: web.RadioInput}
	for _, c := range w.Choices {
		x := web.Choice{Value: string(c.Method), Label: c.Method.Name(), Help: aboutMethods[c.Method], Chosen: c.Method == w.Chosen && c.Possible()}
		if !c.Possible() {
			x.Closed, x.Why = true, c.Why.Text()
		}
		f.Choices = append(f.Choices, x)
	}
	return w.Form.Field(f)
}

func (p *pages) method(v *visit) (web.Answer, error) { return p.methodPage(v, web.NewForm(nil)) }

func (p *pages) methodPage(v *visit, f *web.Form) (web.Answer, error) {
	if !v.can(application.Choose) {
		return toStatus, nil
	}
	choices, err := p.Applicants.Methods(v.Context(), v.bearer)
	if err != nil {
		return nil, err
	}
	page := web.Page{View: p.views.Page("method"), Title: text("Kimlik doğrulama yöntemi", "How to be identified"), Form: f, Data: ways{f, choices, v.Method},
		Lead: text("Seçim sizindir; doğrulama bitene kadar değiştirebilirsiniz.", "The choice is yours, and you can change it until you are identified.")}
	page.Notices = v.backNotice()
	return page, nil
}

// backNotice says why the application went back.
func (v *visit) backNotice() []web.Notice {
	if v.Returned == (rem.Text{}) {
		return nil
	}
	return []web.Notice{{Tone: web.Attention, Title: text("Başvuru size geri geldi", "The application came back to you"), Text: v.Returned}}
}

func (p *pages) choose(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	m := identity.Method(f.Get("method"))
	if !m.Valid() {
		f.Fail("method", text("Bir yöntem seçin.", "Choose a method."))
		return p.methodPage(v, f)
	}
	if err := p.Applicants.Choose(v.Context(), v.bearer, m); err != nil {
		return p.again(v, f, "method", err, p.methodPage)
	}
	return web.Redirect{To: "/apply/method/proof"}, nil
}

// proving is the page of the method that was chosen.
type proving struct {
	Form   *web.Form
	Method identity.Method
	About  rem.Text
	Facts  []web.Fact

	Booked *web.Fact // an appointment
	Office *office

	Way *way // a remote visit that has just begun
}

// Signature asks for the file of a signature over the form.
func (x proving) Signature() web.Field { return signatureField(x.Form) }

func signatureField(f *web.Form) web.Field {
	return f.Field(web.Field{Name: "signature", Label: text("İmza dosyası", "Signature"), Type: web.FileInput, Accept: ".p7s,.p7m,.sig",
		Help: text("Dosyanın ayrık CAdES imzası (.p7s), en çok 512 KB.", "A detached CAdES signature over the file (.p7s), at most 512 KB.")})
}

// Package asks for what a program made.
func (x proving) Package() web.Field {
	return x.Form.Field(web.Field{Name: "package", Label: text("Programın ürettiği dosya", "The file that the program made"), Type: web.FileInput, Accept: ".json",
		Help: text("En çok 1 MB.", "At most 1 MB.")})
}

// Program reports whether a program on the applicant's side makes a file.
func (x proving) Program() bool { return x.Method == identity.Chip || x.Method == identity.ChipCard }

// Gate reports whether the applicant goes to somebody else's page.
func (x proving) Gate() bool { return x.Method == identity.EDevlet }

// Signed reports whether he signs the form here.
func (x proving) Signed() bool { return x.Method == identity.Signature }

// way is where the applicant goes, or what his program needs.
type way struct {
	URL   string
	Facts []web.Fact
}

func (p *pages) identify(v *visit) (web.Answer, error) {
	asked := map[string]string{}
	if o := v.Query("office"); o != "" {
		asked["office"] = o
	}
	if day := v.Query("day"); day != "" {
		asked["day"] = day
	}
	return p.identifyPage(v, web.NewForm(asked))
}

func (p *pages) identifyPage(v *visit, f *web.Form) (web.Answer, error) { return p.proving(v, f, nil) }

func (p *pages) proving(v *visit, f *web.Form, w *way) (web.Answer, error) {
	switch {
	case v.State == application.Submitted:
		return web.Redirect{To: "/apply/method"}, nil
	case v.State != application.Pending:
		return toStatus, nil
	}
	x := proving{Form: f, Method: v.Method, About: aboutMethods[v.Method], Way: w,
		Facts: []web.Fact{{Term: text("En geç", "At the latest"), Value: web.Cell{Time: v.Due}}}}
	if v.Method == identity.Office {
		var err error
		if x.Office, err = p.office(v, f); err != nil {
			return nil, err
		}
		if a := v.Appointment; a != nil {
			x.Booked = &web.Fact{Term: text("Randevunuz", "Your appointment"), Value: web.Cell{Text: clock(a.At, v.Language)}}
			for _, o := range p.Offices() {
				if o.ID == a.Office {
					x.Booked.Value.Note = rem.Text{Turkish: o.Name.Turkish + ", " + o.Address, English: o.Name.English + ", " + o.Address}
				}
			}
		}
	}
	return web.Page{View: p.views.Page("identify"), Title: v.Method.Name(), Lead: v.Standing.Next, Form: f, Data: x, Notices: v.missing()}, nil
}

// missing reminds of papers that are not there yet.
func (v *visit) missing() []web.Notice {
	for _, h := range v.Papers {
		if h.At.IsZero() {
			return []web.Notice{{Tone: web.Attention, Text: text("Yüklenmemiş belgeler var; başvuru onlar olmadan onaylanmaz.", "Papers are missing; without them the application is not approved."),
				Link: web.Link{Text: text("Belgeleri yükleyin", "Hand them in"), Path: "/apply/papers"}}}
		}
	}
	return nil
}

func (p *pages) formToSign(v *visit) (web.Answer, error) {
	if v.State != application.Pending {
		return toStatus, nil
	}
	b, err := p.Applicants.FormToSign(v.Context(), v.bearer)
	if err != nil {
		return nil, err
	}
	return web.Download{Name: "kep-basvuru-formu.txt", Type: "text/plain; charset=utf-8", Body: b}, nil
}

func (p *pages) sign(v *visit) (web.Answer, error) {
	f, signature, err := upload(v.Request, "signature", maxSignature)
	if err != nil {
		return nil, err
	}
	if !f.Good() {
		return p.identifyPage(v, f)
	}
	if err := p.Applicants.Sign(v.Context(), v.bearer, signature); err != nil {
		return p.again(v, f, "signature", err, p.identifyPage)
	}
	return toStatus, nil
}

// visit begins a remote identification. The address that it leads to is another
// host's: the page has a link to it, as no form of ours leads elsewhere.
func (p *pages) visit(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	begun, err := p.Applicants.Visit(v.Context(), v.bearer)
	if err != nil {
		return p.again(v, f, "", err, p.identifyPage)
	}
	w := &way{URL: begun.URL}
	for _, x := range []struct {
		name  rem.Text
		value string
	}{
		{text("Başvurunun bu denemedeki adı", "Name of this attempt"), begun.Reference},
		{text("Tek kullanımlık değer", "One-time value"), begun.Nonce},
		{text("Kartın imzalayacağı değer (base64)", "What the card signs (base64)"), base64.StdEncoding.EncodeToString(begun.Challenge)},
	} {
		if x.value != "" && begun.URL == "" {
			w.Facts = append(w.Facts, web.Fact{Term: x.name, Value: web.Cell{Text: x.value, Code: true}})
		}
	}
	return p.proving(v, f, w)
}

// back is what the gate sends along; it names nobody.
type back struct{ State, Code string }

// returning is where the gate sends people back to. A GET changes nothing, so the
// page has a button that goes on.
func (p *pages) returning(v *visit) (web.Answer, error) {
	if v.State != application.Pending || v.Query("state") == "" {
		return toStatus, nil
	}
	return web.Page{View: p.views.Page("return"), Title: text("e-Devlet Kapısı'ndan döndünüz", "You are back from the e-Devlet gate"), Data: back{v.Query("state"), v.Query("code")},
		Lead: text("Doğrulamayı tamamlamak için devam edin.", "Go on to complete the identification.")}, nil
}

func (p *pages) returned(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	if err := p.Applicants.Came(v.Context(), v.bearer, enrolment.Return{State: f.Get("state"), Code: f.Get("code")}); err != nil {
		return p.again(v, f, "", err, p.identifyPage)
	}
	return toStatus, nil
}

// handed takes what a program or a card's reader made.
func (p *pages) handed(v *visit) (web.Answer, error) {
	f, b, err := upload(v.Request, "package", maxPackage)
	if err != nil {
		return nil, err
	}
	if !f.Good() {
		return p.identifyPage(v, f)
	}
	if err := p.Applicants.Came(v.Context(), v.bearer, enrolment.Return{Package: b}); err != nil {
		if errors.Is(err, identity.ErrUnreadable) {
			err = enrolment.ErrUnreadable
		}
		return p.again(v, f, "package", err, p.identifyPage)
	}
	return toStatus, nil
}

// office is where somebody makes an appointment.
type office struct {
	Find  []web.Field // which office, which day
	Times web.Field
	Asked bool // an office and a day were chosen
	ID    string
}

// zone is the time of Türkiye, in which offices are open.
var zone = time.FixedZone("UTC+3", 3*60*60)

var weekdays = [7]rem.Text{
	text("Pazar", "Sunday"), text("Pazartesi", "Monday"), text("Salı", "Tuesday"), text("Çarşamba", "Wednesday"), text("Perşembe", "Thursday"),
	text("Cuma", "Friday"), text("Cumartesi", "Saturday"),
}

func dayOf(t time.Time, l privacy.Language) string {
	return web.Day(t, l) + ", " + l.In(weekdays[t.In(zone).Weekday()])
}

func clock(t time.Time, l privacy.Language) string {
	return dayOf(t, l) + ", " + t.In(zone).Format("15:04")
}

// bookingDays is how many days ahead are offered; the service has the rule.
const bookingDays = 30

// office makes the two questions and, where both are answered, the free times.
func (p *pages) office(v *visit, f *web.Form) (*office, error) {
	all := p.Offices()
	if len(all) == 0 {
		return nil, nil
	}
	which := web.Field{Name: "office", Label: text("Ofis", "Office"), Type: web.RadioInput}
	chosen := all[0]
	for i, o := range all {
		if string(o.ID) == f.Get("office") {
			chosen = o
		}
		which.Choices = append(which.Choices, web.Choice{Value: string(o.ID), Label: o.Name, Help: rem.Text{Turkish: o.Address, English: o.Address}, Chosen: i == 0})
	}
	// Days of all offices, so that the question needs no script; one on which the
	// chosen office is closed has no times.
	days := web.Field{Name: "day", Label: text("Gün", "Day"), Type: web.SelectInput}
	now := v.Now()
	for i := range bookingDays {
		at := now.AddDate(0, 0, i)
		open := slices.ContainsFunc(all, func(o enrolment.Office) bool { return slices.Contains(o.Days, at.In(zone).Weekday()) })
		if open && at.Before(v.Due) {
			days.Choices = append(days.Choices, web.Choice{Value: at.In(zone).Format(time.DateOnly), Label: rem.Text{Turkish: dayOf(at, privacy.Turkish), English: dayOf(at, privacy.English)}})
		}
	}
	x := &office{Find: []web.Field{f.Field(which), f.Field(days)}, ID: string(chosen.ID)}
	day, err := time.ParseInLocation(time.DateOnly, f.Get("day"), zone)
	if err != nil || day.Before(now.AddDate(0, 0, -1)) || day.After(now.AddDate(0, 0, bookingDays)) {
		return x, nil
	}
	x.Asked = true
	slots, err := p.Applicants.Slots(v.Context(), v.bearer, chosen.ID, day)
	if err != nil {
		return nil, err
	}
	x.Times = web.Field{Name: "at", Label: rem.Text{Turkish: "Boş saatler: " + dayOf(day, privacy.Turkish), English: "Free times: " + dayOf(day, privacy.English)}, Type: web.RadioInput}
	for _, s := range slots {
		if s.At.Before(v.Due) {
			label := s.At.In(zone).Format("15:04")
			x.Times.Choices = append(x.Times.Choices, web.Choice{Value: strconv.FormatInt(s.At.Unix(), 10), Label: rem.Text{Turkish: label, English: label}})
		}
	}
	x.Times = f.Field(x.Times)
	return x, nil
}

// Day is what the form of the times sends along, so that the page can come back.
func (x *office) Day() string { return x.Find[1].Value }

func (p *pages) book(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	at, err := strconv.ParseInt(f.Get("at"), 10, 64)
	if err != nil {
		f.Fail("at", text("Bir saat seçin.", "Choose a time."))
		return p.identifyPage(v, f)
	}
	if err := p.Applicants.Book(v.Context(), v.bearer, enrolment.OfficeID(f.Get("office")), time.Unix(at, 0)); err != nil {
		return p.again(v, f, "at", err, p.identifyPage)
	}
	return web.Redirect{To: "/apply/method/proof"}, nil
}

func (p *pages) cancel(v *visit) (web.Answer, error) {
	if err := p.Applicants.Cancel(v.Context(), v.bearer); err != nil {
		return nil, err
	}
	return web.Redirect{To: "/apply/method/proof"}, nil
}
