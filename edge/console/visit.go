package console

import (
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"slices"
	"time"

	"rem"
	"rem/edge/web"
	"rem/person"
	"rem/person/identity"
	"rem/provider/partner"
)

func visitPath(id partner.OrderID) string { return "/partner/order/" + url.PathEscape(string(id)) }

// acting makes who of an institution acts, by the gate and while the contract runs.
func (p *pages) acting(r *web.Request) (partner.Acting, error) {
	return p.Partners.Partner(r.Context(), r.Principal.Person(), method(r))
}

// its reads the order of the address, which is of the institution of who asks. That
// of another is not there.
func (p *pages) its(r *web.Request) (partner.Acting, *partner.Order, error) {
	a, err := p.acting(r)
	if err != nil {
		return a, nil, err
	}
	o, err := p.loadOrder(r)
	if err != nil {
		return a, nil, err
	}
	if o.Institution != a.Institution() {
		return a, nil, web.ErrNotFound
	}
	return a, o, nil
}

// partnerOrders lists the orders of the institution: those that wait, or one state.
func (p *pages) partnerOrders(r *web.Request) (web.Answer, error) {
	a, err := p.acting(r)
	if err != nil {
		return nil, err
	}
	i, err := p.Partners.Institutions.Institution(r.Context(), a.Institution())
	if err != nil {
		return nil, answered(err)
	}
	state := partner.State(r.Query("state"))
	if state == "" {
		state = partner.Open
	}
	if state.Name() == (rem.Text{}) {
		return nil, web.ErrNotFound
	}
	b := block{Title: text("Durum", "State")}
	for _, s := range partner.States() {
		b.Tabs = append(b.Tabs, tab{s.Name(), -1, "/partner?" + url.Values{"state": {string(s)}}.Encode(), s == state})
	}
	after := partner.OrderID(r.Query("after"))
	list, err := p.Partners.List(r.Context(), a, state, after, pageRows+1)
	if err != nil {
		return nil, answered(err)
	}
	t := p.orderTable(list[:min(len(list), pageRows)], "/partner/order/", r.Principal.Person())
	t.Caption, t.Empty = state.Name(), text("Bu durumda iş emri yok.", "There is no work order in this state.")
	if len(list) > pageRows {
		t.Pager = &web.Pager{After: "/partner?" + url.Values{"state": {string(state)}, "after": {string(list[pageRows-1].ID)}}.Encode()}
	}
	return p.page(text("İş emirleri", "Work orders"), plain(i.Name), b, block{Title: text("Liste", "List"), Table: &t}), nil
}

// partnerOrder is the institution's page of an order. Name and address are not on
// it: they open by a button, for who accepted it.
func (p *pages) partnerOrder(r *web.Request) (web.Answer, error) {
	_, o, err := p.its(r)
	if err != nil {
		return nil, err
	}
	return answerPage(p.orderPage(r, o, p.partnerActions(r, o)))
}

func (p *pages) partnerActions(r *web.Request, o *partner.Order) block {
	me, path := r.Principal.Person(), visitPath(o.ID)
	b := block{Title: text("Yapılacaklar", "What to do")}
	press := func(t rem.Text, to string) {
		b.Actions = append(b.Actions, web.Action{Path: path + to, Button: t, About: string(o.ID)})
	}
	link := func(t rem.Text, to string) { b.Links = append(b.Links, web.Link{Text: t, Path: path + to}) }
	over := !p.Clock.Now().Before(o.Expires)
	switch o.State {
	case partner.Open:
		if over {
			b.Cannot = append(b.Cannot, cannot{text("Üstlenmek", "To accept"), staffRefusal(partner.ErrTooLate)})
			break
		}
		press(text("Üstlen", "Accept"), "/accept")
		link(text("İade et", "Return it"), "/return")
	case partner.Accepted:
		if o.Partner != me {
			b.Cannot = append(b.Cannot, cannot{text("Ziyaret", "The visit"), text("İş emrini kurumunuzdan başka bir görevli üstlendi.", "A colleague of yours accepted this order.")})
			break
		}
		if over {
			b.Cannot = append(b.Cannot, cannot{text("Ziyaret", "The visit"), staffRefusal(partner.ErrTooLate)})
			break
		}
		b.Text = text("Adı ve adresi yalnızca ziyaret için açın; açtığınız kaydedilir ve başvuru sahibi bunu görebilir.", "Open name and address for the visit alone; that you do is recorded, and the applicant can see it.")
		press(text("Adı ve adresi aç", "Open name and address"), "/see")
		link(text("Ziyaret sonucunu gir", "Record the visit"), "/visit")
		press(text("Kurumdaki diğer görevlilere bırak", "Leave it to my colleagues"), "/give-back")
		link(text("İade et", "Return it"), "/return")
	}
	if holder, ours := o.Holder(); holder != "" && !ours && holder != me {
		if _, ok := partner.Next(o.State, partner.Take); ok {
			link(text("Belgeleri teslim al", "Take the papers over"), "/take")
		}
	}
	if holder, ours := o.Holder(); holder == me && !ours {
		b.Text = text("Belgeler sizde. Görevlimize elden teslim edin; teslim aldığını o onaylar.", "The papers are with you. Hand them to our officer, who confirms that he has them.")
	}
	if len(b.Actions)+len(b.Links)+len(b.Cannot) == 0 && b.Text == (rem.Text{}) {
		b.Text = text("Bu iş emrinde yapacağınız bir işlem yok.", "There is nothing for you to do with this order.")
	}
	return b
}

// see opens name and address, after the access log has who looks.
func (p *pages) see(r *web.Request) (web.Answer, error) {
	a, o, err := p.its(r)
	if err != nil {
		return nil, err
	}
	s, err := p.Partners.See(r.Context(), a, o.ID)
	if err != nil {
		return nil, answered(err)
	}
	b := p.partnerActions(r, o)
	b.Actions = slices.DeleteFunc(b.Actions, func(x web.Action) bool { return x.Path == visitPath(o.ID)+"/see" })
	b.Title, b.Text = text("Ziyaret edilecek kişi", "Whom to call on"), text("Bu bilgileri görüntülediğiniz kaydedildi. Başka bir yere yazmayın.", "That you looked was recorded. Do not write it down anywhere else.")
	for _, l := range s.Lines {
		v := l.Value.Text()
		if name := person.Province(v).Name(); name != "" {
			v = name
		}
		b.Facts = append(b.Facts, web.Fact{Term: l.Label, Value: web.Cell{Text: v}})
	}
	return answerPage(p.orderPage(r, o, b))
}

func (p *pages) accept(r *web.Request) (web.Answer, error) {
	a, o, err := p.its(r)
	if err != nil {
		return nil, err
	}
	if err := p.Partners.Accept(r.Context(), a, o.ID); err != nil {
		return nil, answered(err)
	}
	return done(visitPath(o.ID), "accepted"), nil
}

func (p *pages) leave(r *web.Request) (web.Answer, error) {
	a, o, err := p.its(r)
	if err != nil {
		return nil, err
	}
	if err := p.Partners.GiveBack(r.Context(), a, o.ID); err != nil {
		return nil, answered(err)
	}
	return done(visitPath(o.ID), "left"), nil
}

func returnPage(o *partner.Order, f *web.Form) web.Page {
	var list []web.Choice
	for _, why := range partner.Reasons() {
		list = append(list, web.Choice{Value: string(why), Label: why.Text()})
	}
	return web.Confirm{
		Title: text("İş emrini iade et", "Return the work order"), Form: f, Path: visitPath(o.ID) + "/return", Button: text("İade et", "Return it"), Danger: true, Back: visitPath(o.ID),
		Text:   text("İade edilen iş emri bir daha üstlenilemez.", "An order that was returned cannot be accepted again."),
		Facts:  []web.Fact{fact("İş emri", "Work order", code(string(o.ID)))},
		Fields: []web.Field{f.Field(web.Field{Name: "reason", Label: text("Gerekçe", "Reason"), Type: web.RadioInput, Choices: list})},
	}.Page()
}

func (p *pages) returnOrder(r *web.Request) (web.Answer, error) {
	_, o, err := p.its(r)
	if err != nil {
		return nil, err
	}
	return returnPage(o, web.NewForm(nil)), nil
}

func (p *pages) orderReturned(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	a, o, err := p.its(r)
	if err != nil {
		return nil, err
	}
	why := partner.Reason(f.Get("reason"))
	if why.Text() == (rem.Text{}) {
		f.Fail("reason", staffRefusal(partner.ErrReason))
		return returnPage(o, f), nil
	}
	if err := p.Partners.Return(r.Context(), a, o.ID, why); err != nil {
		return nil, answered(err)
	}
	return done(visitPath(o.ID), "given-up"), nil
}

// visitPage asks what was found at the visit.
func (p *pages) visitPage(o *partner.Order, f *web.Form) (web.Answer, error) {
	if o.State != partner.Accepted {
		return nil, partner.ErrNotNow
	}
	saw := []web.Choice{{Value: "yes", Label: text("Evet", "Yes")}, {Value: "no", Label: text("Hayır", "No")}}
	same := []web.Choice{{Value: "yes", Label: text("Başvuruyla aynı", "The same as the application's")}, {Value: "no", Label: text("Farklı", "It differs")}}
	fields := []web.Field{
		f.Field(web.Field{Name: "visited", Label: text("Ziyaret günü ve saati", "Day and time of the visit"), Short: true, Max: 16, Help: text("gg.aa.yyyy ss:dd, Türkiye saatiyle; örneğin 24.11.2026 14:30", "dd.mm.yyyy hh:mm, in Türkiye's time; such as 24.11.2026 14:30")}),
		f.Field(web.Field{Name: "there", Label: text("Ziyaret nerede yapıldı?", "Where was the visit?"), Type: web.RadioInput, Choices: []web.Choice{
			{Value: "there", Label: text("Başvurudaki adreste", "At the address of the application")},
			{Value: "elsewhere", Label: text("Başka bir adreste", "Somewhere else"), Help: text("Bu ziyaretle kimlik doğrulanmış sayılmaz.", "Such a visit identifies nobody.")},
		}}),
		f.Field(web.Field{Name: "elsewhere", Label: text("Başka adres", "The other address"), Optional: true, Max: 200, Help: text("Yalnızca özeti saklanır.", "Its digest alone is kept.")}),
	}
	fields = append(fields, documentFields(f)...)
	fields = append(fields, f.Field(web.Field{Name: "genuine", Label: text("Belge gerçek mi?", "Is the document genuine?"), Type: web.RadioInput, Choices: saw}))
	for _, i := range onSite(o) {
		fields = append(fields, f.Field(web.Field{Name: "item-" + string(i), Label: items.of(i), Type: web.RadioInput, Choices: saw}))
	}
	for _, x := range parts {
		fields = append(fields, f.Field(web.Field{Name: "part-" + string(x.value), Label: x.name, Type: web.RadioInput, Choices: same}))
	}
	fields = append(fields, f.Field(web.Field{Name: "paper", Label: text("Teslim aldığınız belgeler", "Papers that you took along"), Type: web.BoxesInput, Optional: true, Choices: choices(visitPapers)}))
	pg := p.page(text("Ziyaret sonucu", "Result of the visit"), plain(string(o.ID)), block{Form: &form{
		Path: visitPath(o.ID) + "/visit", Tight: true, Button: text("İmzalanacak metni hazırla", "Prepare the text to be signed"), Back: visitPath(o.ID), Fields: fields,
	}})
	pg.Form, pg.Wide = f, false
	pg.Steps = visitSteps(0)
	return pg, nil
}

// onSite are the items that a visitor answers; whether the address is the
// application's follows from where he was.
func onSite(o *partner.Order) []identity.Item {
	return slices.DeleteFunc(identity.Required(identity.OnSite, o.Represented), func(i identity.Item) bool { return i == identity.AddressAsGiven })
}

func visitSteps(here int) []web.Step {
	list := []web.Step{{Name: text("Sonuç", "Result")}, {Name: text("İmza", "Signature")}, {Name: text("Belgelerin teslimi", "Handing the papers over")}}
	for i := range list[:here] {
		list[i].State = web.Done
	}
	list[here].State = web.Here
	return list
}

func (p *pages) visit(r *web.Request) (web.Answer, error) {
	_, o, err := p.its(r)
	if err != nil {
		return nil, err
	}
	return p.visitPage(o, web.NewForm(map[string]string{"issuer": "TUR"}))
}

// türkiye is UTC+3, all year.
var türkiye = time.FixedZone("UTC+3", 3*60*60)

// readResult makes the result of what was typed; the same form gives the same text
// to sign. Who visited is who asks.
func (p *pages) readResult(f *web.Form, o *partner.Order, me rem.PersonID) partner.Result {
	res := partner.Result{Order: o.ID, Application: o.Application, Form: o.Form, By: me}
	at, err := time.ParseInLocation("02.01.2006 15:04", f.Get("visited"), türkiye)
	switch {
	case err != nil:
		f.Fail("visited", text("Günü ve saati gg.aa.yyyy ss:dd olarak yazınız.", "Write day and time as dd.mm.yyyy hh:mm."))
	case at.After(p.Clock.Now()):
		f.Fail("visited", person.InTheFuture.Text())
	case at.Before(o.Issued.Truncate(time.Minute)):
		f.Fail("visited", text("Ziyaret, iş emrinden önce olamaz.", "The visit cannot be before the order."))
	}
	// Typed to the minute, of an order that was issued within it.
	if res.At = at.UTC(); res.At.Before(o.Issued) {
		res.At = o.Issued
	}
	switch f.Get("there") {
	case "there":
		res.Visited = partner.There(o)
	case "elsewhere":
		if f.Get("elsewhere") == "" {
			f.Fail("elsewhere", person.Missing.Text())
		}
		res.Visited = p.Partners.Elsewhere(o, f.Get("elsewhere"))
	default:
		f.Fail("there", person.NotAChoice.Text())
	}
	res.Document = readDocument(f, p.Clock.Now())
	res.Document.Genuine = yes(f, "genuine")
	for _, i := range onSite(o) {
		res.Checklist = append(res.Checklist, identity.Checked{Item: i, Passed: yes(f, "item-"+string(i))})
	}
	res.Checklist = append(res.Checklist, identity.Checked{Item: identity.AddressAsGiven, Passed: f.Get("there") == "there"})
	for _, x := range parts {
		res.Compared = append(res.Compared, identity.Comparison{Part: x.value, Same: yes(f, "part-"+string(x.value))})
	}
	for _, k := range visitPapers {
		if contains(f.All("paper"), string(k.value)) {
			res.Papers = append(res.Papers, k.value)
		}
	}
	return res
}

// again are the fields of the result, to be sent along with its signature.
func again(f *web.Form) (list []web.Hidden) {
	for _, name := range f.Names() {
		for _, v := range f.All(name) {
			list = append(list, web.Hidden{Name: name, Value: v})
		}
	}
	return list
}

// signPage shows the text that is to be signed, and takes the signature.
func (p *pages) signPage(r *web.Request, o *partner.Order, f *web.Form, why *rem.Text) (web.Answer, error) {
	res := p.readResult(f, o, r.Principal.Person())
	if !f.Good() {
		return p.visitPage(o, f)
	}
	written, err := res.Write()
	if err != nil {
		return nil, partner.ErrForm
	}
	fields := again(f)
	signature := web.Field{Name: "signature", Label: text("İmza dosyası", "Signature"), Type: web.FileInput, Accept: ".p7s,.p7m,.sig",
		Help: text("Metnin ayrık CAdES imzası (.p7s), en çok 64 KB; imzacı ziyareti yapan kişidir.", "A detached CAdES signature over the text (.p7s), at most 64 KB, by who visited.")}
	pg := p.page(text("Sonucu imzala", "Sign the result"), plain(string(o.ID)),
		block{Title: text("İmzalanacak metin", "The text to be signed"), Pre: string(written),
			Actions: []web.Action{{Path: visitPath(o.ID) + "/text", Button: text("Metni dosya olarak indir", "Download the text"), About: string(o.ID), Hidden: fields}}},
		block{Title: text("İmza", "Signature"), Form: &form{Path: visitPath(o.ID) + "/result", Files: true, Button: text("Gönder", "Send"), Back: visitPath(o.ID) + "/visit", Hidden: fields, Fields: []web.Field{signature}}})
	pg.Wide, pg.Steps = false, visitSteps(1)
	if why != nil {
		pg.Notices = []web.Notice{{Tone: web.Bad, Title: text("Sonuç kaydedilmedi", "The result was not recorded"), Text: *why}}
		pg.Status = 422
	}
	return pg, nil
}

func (p *pages) result(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	_, o, err := p.its(r)
	if err != nil {
		return nil, err
	}
	return p.signPage(r, o, f, nil)
}

// resultText gives the text in exactly the octets that are signed.
func (p *pages) resultText(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	_, o, err := p.its(r)
	if err != nil {
		return nil, err
	}
	res := p.readResult(f, o, r.Principal.Person())
	if !f.Good() {
		return p.visitPage(o, f)
	}
	written, err := res.Write()
	if err != nil {
		return nil, partner.ErrForm
	}
	return web.Download{Name: string(o.ID) + ".txt", Type: "text/plain; charset=utf-8", Body: written}, nil
}

// visited takes the result with the signature over it.
func (p *pages) visited(r *web.Request) (web.Answer, error) {
	a, o, err := p.its(r)
	if err != nil {
		return nil, err
	}
	var signature []byte
	f, err := r.Upload(func(_ *web.Form, file web.File) error {
		if file.Field != "signature" || signature != nil {
			return web.ErrForm
		}
		var err error
		if signature, err = io.ReadAll(io.LimitReader(file, maxSign+1)); err == nil && len(signature) > maxSign {
			err = web.ErrTooLarge
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	res := p.readResult(f, o, r.Principal.Person())
	if !f.Good() {
		return p.visitPage(o, f)
	}
	keep := p.Keep(r.Context(), o.Application)
	if len(signature) == 0 {
		err = partner.ErrSignature
	} else {
		err = p.Partners.Visit(r.Context(), a, res, unwrap(signature), keep)
	}
	if why, ok := errors.AsType[*rem.Refusal](answered(err)); ok {
		return p.signPage(r, o, f, &why.Detail)
	}
	if err != nil {
		return nil, answered(err)
	}
	return done(visitPath(o.ID), "visited"), nil
}

// unwrap takes a signature that a program wrote as base64.
func unwrap(b []byte) []byte {
	if d, err := base64.StdEncoding.DecodeString(string(b)); err == nil && len(d) > 0 && d[0] == 0x30 {
		return d
	}
	return b
}

func (p *pages) take(r *web.Request) (web.Answer, error) {
	_, o, err := p.its(r)
	if err != nil {
		return nil, err
	}
	return p.custody(r, o, false, visitPath(o.ID)+"/take", visitPath(o.ID))
}

func (p *pages) taken(r *web.Request) (web.Answer, error) {
	a, o, err := p.its(r)
	if err != nil {
		return nil, err
	}
	digest, at, err := confirmed(r, o, false)
	if err != nil {
		return nil, err
	}
	if err := p.Partners.Take(r.Context(), a, o.ID, digest, at); err != nil {
		return nil, answered(err)
	}
	return done(visitPath(o.ID), "taken"), nil
}
