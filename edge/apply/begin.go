package apply

import (
	"context"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"rem"
	"rem/edge/throttle"
	"rem/edge/web"
	"rem/person"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/person/login"
	"rem/privacy"
	"rem/privacy/notice"
)

// A sort is whom an application is for, as the first page offers it: natural
// persons twice, as somebody may apply for one whom he represents at law (REQ-19).
type sort struct {
	value       string
	kind        person.Kind
	represented bool
	name, help  rem.Text
}

var sorts = []sort{
	{"natural", person.Natural, false, text("Kendim (gerçek kişi)", "Myself (a natural person)"), text("18 yaşını doldurmuş kişiler kendileri başvurur.", "Who has turned 18 applies himself.")},
	{"represented", person.Natural, true, text("Yasal temsilcisi olduğum gerçek kişi", "A natural person whom I represent at law"), text("Veli veya vasi olarak.", "As a parent or a guardian.")},
	{"private-legal", person.Private, false, text("Şirket, dernek, vakıf veya başka bir özel hukuk tüzel kişisi", "A company, association, foundation or other private legal person"), text("Temsile yetkili kişi başvurur.", "Somebody with the power to represent it applies.")},
	{"public-body", person.Public, false, text("Kamu kurumu veya kuruluşu", "A public body"), text("Kurumun yetkilendirdiği kişi başvurur.", "Somebody whom the body authorised applies.")},
}

// needs is what one sort of applicant will be asked for.
type needs struct {
	Name    rem.Text
	Papers  []rem.Text
	Methods []web.Fact
}

func (p *pages) needed(ctx context.Context) (list []needs, err error) {
	offer, err := p.Offer(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range sorts {
		n := needs{Name: s.name}
		for _, k := range application.Papers(s.kind, s.represented) {
			n.Papers = append(n.Papers, enrolment.PaperName(k))
		}
		for _, c := range identity.Choices(identity.Case{Kind: s.kind, Identity: person.Citizen, Represented: s.represented}, offer) {
			x := web.Fact{Term: c.Method.Name(), Value: web.Cell{Say: text("Kullanılabilir", "Possible"), Badge: true, Tone: web.Good}}
			switch {
			case c.Why == identity.NeedsAddress:
				x.Help = c.Why.Text()
			case !c.Possible():
				x.Value, x.Help = web.Cell{Say: text("Kullanılamaz", "Not possible"), Badge: true}, c.Why.Text()
			}
			n.Methods = append(n.Methods, x)
		}
		list = append(list, n)
	}
	return list, nil
}

// told is the privacy notice as it stands on a page.
type told struct {
	Facts    []web.Fact
	Sections []section
	Digest   string // what the form sends back: which version stood there
	Path     string
}

type section struct {
	Title rem.Text
	Facts []web.Fact
	Text  []rem.Text
	Items []item
}

type item struct {
	Name  rem.Text
	Facts []web.Fact
	Text  []rem.Text
}

func showNotice(r *web.Request, v *notice.Version) told {
	n := strconv.FormatUint(v.Notice.Version, 10)
	x := told{Digest: v.Digest.String(), Path: "/notice/v" + n, Facts: []web.Fact{
		{Term: text("Sürüm", "Version"), Value: web.Cell{Text: n}},
		{Term: text("Geçerlilik başlangıcı", "In force from"), Value: web.Cell{Time: v.Effective, Day: true}},
		{Term: text("Özet (SHA-256)", "Digest (SHA-256)"), Value: web.Cell{Text: v.Digest.String(), Code: true}},
	}}
	facts := func(all []notice.Fact) (list []web.Fact) {
		for _, f := range all {
			if name, value, ok := f.Say(r.Language); ok {
				list = append(list, web.Fact{Term: name, Value: web.Cell{Text: value}})
			}
		}
		return list
	}
	for i := range v.Notice.Sections {
		s := &v.Notice.Sections[i]
		y := section{Title: s.Title, Text: s.Text, Facts: facts(s.Facts)}
		for j := range s.Items {
			it := &s.Items[j]
			y.Items = append(y.Items, item{s.NameOf(it), facts(it.Facts), it.Text})
		}
		x.Sections = append(x.Sections, y)
	}
	return x
}

// first is what the first page shows.
type first struct {
	Form   *web.Form
	Needs  []needs
	Notice told
}

// Sort asks whom the application is for.
func (x first) Sort() web.Field {
	f := web.Field{Name: "for", Label: text("Hesap kimin için?", "Whom is the account for?"), Type: web.RadioInput}
	for _, s := range sorts {
		f.Choices = append(f.Choices, web.Choice{Value: s.value, Label: s.name, Help: s.help})
	}
	return x.Form.Field(f)
}

func (p *pages) begin(r *web.Request) (web.Answer, error) { return p.beginPage(r, web.NewForm(nil)) }

func (p *pages) beginPage(r *web.Request, f *web.Form) (web.Answer, error) {
	page := web.Page{
		View: p.views.Page("begin"), Title: text("KEP hesabı başvurusu", "Apply for a registered mail account"), Form: f,
		Lead: text("Başvuru buradan yapılır, istediğiniz zaman bırakıp sonra sürdürürsünüz. Formu doldurmak yaklaşık on dakika sürer.", "You apply here, can stop whenever you like, and go on later. The form takes about ten minutes."),
	}
	if r.Principal.Kind() == login.Applicant {
		page.Notices = append(page.Notices, web.Notice{Tone: web.Info, Text: text("Bu tarayıcıda açık bir başvurunuz var.", "You have an application open in this browser."),
			Link: web.Link{Text: text("Başvurunuzu sürdürün", "Go on with it"), Path: "/apply/status"}})
	}
	v, err := p.Notices.InForce(r.Now())
	if errors.Is(err, notice.ErrNotFound) {
		page.View, page.Lead, page.Data = p.views.Page("closed"), rem.Text{}, nil
		return page, nil
	}
	if err != nil {
		return nil, err
	}
	if v.Notice.Sample {
		page.Notices = append(page.Notices, sampleNotice)
	}
	needed, err := p.needed(r.Context())
	if err != nil {
		return nil, err
	}
	page.Data = first{f, needed, showNotice(r, v)}
	return page, nil
}

var sampleNotice = web.Notice{Tone: web.Attention, Title: text("Aydınlatma bildirimi bir örnektir.", "The privacy notice is a sample."),
	Text: text("Hiçbir sağlayıcıyı bağlamaz; yalnız gösterim içindir.", "It binds no provider and is there for demonstration alone.")}

// maxBegins is how many applications may begin from one network within
// beginWindow: a family, or the people of an office.
const (
	maxBegins   = 30
	beginWindow = time.Hour
)

// shown is what stood on the page that the form came from.
func shown(r *web.Request, f *web.Form) enrolment.Shown {
	return enrolment.Shown{Notice: digestOf(f.Get("notice")), Language: r.Language, Channel: privacy.Website}
}

// digestOf reads a digest that a page of ours wrote; the zero Digest, which nothing
// has, for anything else.
func digestOf(s string) (d rem.Digest) {
	if b, err := hex.DecodeString(s); err == nil && len(b) == len(d) {
		copy(d[:], b)
	}
	return d
}

var otherNotice = text("Aydınlatma bildiriminin yeni bir sürümü yürürlüğe girdi; okuyup yeniden gönderin.", "A new version of the privacy notice is in force; read it and send again.")

// begun begins an application, opens its session, and shows its secret, once.
func (p *pages) begun(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	chosen := sort{}
	for _, s := range sorts {
		if s.value == f.Get("for") {
			chosen = s
		}
	}
	if chosen.value == "" {
		f.Fail("for", text("Birini seçin.", "Choose one."))
		return p.beginPage(r, f)
	}
	if !p.begins.Take(r.Now(), throttle.AddressKey(r.Visitor().Address), maxBegins) {
		return nil, web.ErrBusy
	}
	begun, err := p.Applicants.Begin(r.Context(), chosen.kind, shown(r, f))
	if errors.Is(err, enrolment.ErrNotice) {
		f.Fail("", otherNotice)
		return p.beginPage(r, f)
	}
	if err != nil {
		return nil, err
	}
	if chosen.represented {
		if err := p.Applicants.Save(r.Context(), begun.Bearer, true, application.Input{}); err != nil {
			return nil, err
		}
	}
	return p.begunPage(r, begun)
}

// begunPage opens the session of an application that has begun, and shows its secret.
func (p *pages) begunPage(r *web.Request, begun enrolment.Begun) (web.Answer, error) {
	if err := p.enterAs(r, begun.Bearer); err != nil {
		return nil, err
	}
	return web.Page{
		View: p.views.Page("begun"), Title: text("Başvurunuz başladı", "Your application has begun"), Data: begun.Secret.Reveal(),
		Lead: text("Aşağıdaki anahtarı şimdi saklayın: başvuruya yalnız onunla dönülür ve bir daha gösterilmez.", "Keep the key below now: it is the only way back to the application, and is not shown again."),
	}, nil
}

// enterAs opens the session of whoever has just shown the secret of an application.
func (p *pages) enterAs(r *web.Request, b enrolment.Bearer) error {
	o, err := p.Sessions.Resume(r.Context(), r.Visitor(), b.Person())
	if err != nil {
		return err
	}
	r.Open(o)
	return nil
}

// key asks for the secret of an application. Linked says that it came in a link.
type key struct {
	Form   *web.Form
	Next   string
	Linked string
	Mail   bool // the one that came by mail to open the account
}

// Secret asks for it.
func (k key) Secret() web.Field {
	f := web.Field{Name: "secret", Label: text("Başvuru anahtarı", "Key of the application"), Max: 64,
		Help: text("Başvuru başlarken size gösterilen 43 karakter.", "The 43 characters that you were shown when the application began.")}
	if k.Mail {
		f.Label = text("E-postadaki anahtar", "Key from the mail")
		f.Help = text("Bağlantının sonundaki, “s=” işaretinden sonra gelen 43 karakter.", "The 43 characters at the end of the link, after “s=”.")
	}
	return k.Form.Field(f)
}

func (p *pages) resumePage(r *web.Request, f *web.Form, linked string) (web.Answer, error) {
	k := key{Form: f, Next: r.Next(), Linked: linked}
	lead := text("Saklamanız için size verilen anahtarı yazın.", "Type the key that you were given to keep.")
	if linked != "" {
		lead = text("Bağlantınız okundu.", "Your link was read.")
	}
	return web.Page{View: p.views.Page("resume"), Title: text("Başvuruyu sürdür", "Go on with an application"), Lead: lead, Form: f, Data: k}, nil
}

func (p *pages) resume(r *web.Request) (web.Answer, error) {
	linked := r.Query("s")
	if _, err := login.ParseSecret(linked); err != nil {
		linked = ""
	}
	return p.resumePage(r, web.NewForm(nil), linked)
}

func (p *pages) resumed(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	secret, err := login.ParseSecret(typed(f, "secret"))
	if err != nil {
		err = enrolment.ErrLink
	}
	var b enrolment.Bearer
	if err == nil {
		b, err = p.Applicants.Resume(r.Context(), secret)
	}
	if err == nil {
		if err := p.enterAs(r, b); err != nil {
			return nil, err
		}
		if next := r.Next(); next != "" {
			return web.Redirect{To: next}, nil
		}
		return toStatus, nil
	}
	if err := say(f, "secret", err); err != nil {
		return nil, err
	}
	return p.resumePage(r, f, "")
}

// notice tells somebody whose data came from his company, before anything is asked
// of him, and anybody whom the notice in force has to be shown again.
func (p *pages) notice(v *visit) (web.Answer, error) { return p.noticePage(v, web.NewForm(nil)) }

func (p *pages) noticePage(v *visit, f *web.Form) (web.Answer, error) {
	n, err := p.Notices.InForce(v.Now())
	if errors.Is(err, notice.ErrNotFound) {
		return nil, web.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return web.Page{
		View: p.views.Page("notice"), Title: text("Önce aydınlatma bildirimi", "First the privacy notice"), Form: f, Data: showNotice(v.Request, n),
		Lead: text("Verilerinizi bize başvuruyu yapan verdi. Sizden bir şey istemeden önce, onlarla ne yaptığımızı okumanız gerekir.", "Who applied gave us your data. Before anything is asked of you, please read what we do with it."),
	}, nil
}

func (p *pages) told(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	err = p.Applicants.Told(v.Context(), v.bearer, shown(v.Request, f))
	if errors.Is(err, enrolment.ErrNotice) {
		f.Fail("", otherNotice)
		return p.noticePage(v, f)
	}
	if err != nil {
		return nil, err
	}
	return toStatus, nil
}
