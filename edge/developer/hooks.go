package developer

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"rem"
	"rem/edge/web"
	"rem/message/happening"
)

// Hooks are the addresses to which an account's events are sent; happening.Hooks has
// them.
type Hooks interface {
	Create(ctx context.Context, by rem.Actor, address string, kinds ...happening.Kind) (happening.Hook, string, error)
	List(ctx context.Context, by rem.Actor) ([]happening.Hook, error)
	Hook(ctx context.Context, by rem.Actor, id happening.HookID) (happening.Hook, int64, error)
	Deliveries(ctx context.Context, by rem.Actor, id happening.HookID) ([]happening.Delivery, error)
	Choose(ctx context.Context, by rem.Actor, id happening.HookID, kinds []happening.Kind) error
	Pause(ctx context.Context, by rem.Actor, id happening.HookID) error
	Resume(ctx context.Context, by rem.Actor, id happening.HookID) error
	Replay(ctx context.Context, by rem.Actor, id happening.HookID, after int64) error
	Remove(ctx context.Context, by rem.Actor, id happening.HookID) error
}

const hooksPath = "/account/hooks"

func hookPath(id happening.HookID) string { return hooksPath + "/" + string(id) }

var kindTexts = map[happening.Kind]rem.Text{
	happening.Arrived:   text("Kutuya ileti geldi", "A message arrived"),
	happening.Opened:    text("Gelen bir ileti ilk kez açıldı", "A message was opened for the first time"),
	happening.Submitted: text("Gönderilen ileti kabul edildi", "A message of the account was accepted"),
	happening.Refused:   text("Gönderilen ileti reddedildi", "A message of the account was refused"),
	happening.Filed:     text("Gönderilen bir ileti için delil geldi", "Evidence came about a message of the account"),
}

var faultTexts = map[happening.Fault]rem.Text{
	happening.Away:        text("Sunucuya ulaşılamadı veya yanıt vermedi", "The host was not reached, or gave no answer"),
	happening.Certificate: text("Sunucunun sertifikası geçerli değil", "The certificate of the host is not valid"),
	happening.Residency:   text("Sunucu, izinli sunucular listesinde değil", "The host is not on the list of hosts"),
	happening.Redirected:  text("Başka bir adrese yönlendirdi; yönlendirmeler izlenmez", "It points to another address; nobody goes there"),
	happening.Answered:    text("2xx dışında bir yanıt verdi", "It answered something else than 2xx"),
	happening.Nobody:      text("Adresi ekleyen kişi bu hesabı artık okuyamıyor", "Who added the address may no longer read the account"),
}

func stateCell(h *happening.Hook) web.Cell {
	c := web.Cell{Say: text("çalışıyor", "running"), Badge: true, Tone: web.Good}
	switch {
	case h.State == happening.Paused:
		c.Say, c.Tone = text("duraklatıldı", "paused"), web.Plain
	case h.State == happening.GivenUp:
		c.Say, c.Tone = text("vazgeçildi", "given up"), web.Bad
	case h.Fault != happening.NoFault:
		c.Say, c.Tone = text("yeniden deneniyor", "being tried again"), web.Attention
	}
	return c
}

// kindsCell are the kinds of a hook in words.
func kindsCell(h *happening.Hook) web.Cell {
	if len(h.Kinds) == 0 {
		return web.Cell{Say: text("Bütün olaylar", "All events")}
	}
	var all rem.Text
	for i, k := range h.Kinds {
		if i > 0 {
			all.Turkish += "; "
			all.English += "; "
		}
		all.Turkish += kindTexts[k].Turkish
		all.English += kindTexts[k].English
	}
	return web.Cell{Say: all}
}

func kindsField(form *web.Form) web.Field {
	f := web.Field{Name: "kind", Label: text("Hangi olaylar bildirilsin?", "Which events are sent?"), Type: web.BoxesInput, Optional: true,
		Help: text("Hiçbiri seçilmezse hepsi bildirilir; sonradan eklenen türler de.", "Where none is chosen all are sent, also kinds that come later.")}
	for _, k := range happening.Kinds {
		f.Choices = append(f.Choices, web.Choice{Value: string(k), Label: kindTexts[k]})
	}
	return form.Field(f)
}

func kindsOf(form *web.Form) (kinds []happening.Kind) {
	for _, k := range form.All("kind") {
		kinds = append(kinds, happening.Kind(k))
	}
	return kinds
}

// A hookList is the page of all of them.
type hookList struct {
	Secret string
	Hooks  web.Table
	Fields []web.Field
	Docs   string
}

func (p *pages) hookList(r *web.Request) (web.Answer, error) {
	_, by, err := p.visit(r)
	if err != nil {
		return nil, err
	}
	return p.hooksPage(r, by, web.NewForm(nil), "")
}

func (p *pages) hooksPage(r *web.Request, by rem.Actor, form *web.Form, secret string) (web.Answer, error) {
	all, err := p.Hooks.List(r.Context(), by)
	if err != nil {
		return nil, denied(err)
	}
	l := hookList{Secret: secret, Docs: p.Docs, Hooks: web.Table{
		Caption: text("Bildirim adresleri", "Webhook addresses"), Empty: text("Henüz bir adres yok.", "There is no address yet."),
		Columns: []web.Column{{Head: text("Adres", "Address")}, {Head: text("Durum", "State")}, {Head: text("Olaylar", "Events")}, {Head: text("Son onay", "Last confirmed")}},
	}}
	for i := range all {
		h := &all[i]
		confirmed := web.Cell{Time: h.Confirmed}
		if h.Confirmed.IsZero() {
			confirmed = web.Cell{Say: text("henüz yok", "not yet")}
		}
		l.Hooks.Rows = append(l.Hooks.Rows, []web.Cell{{Text: h.URL, Path: hookPath(h.ID)}, stateCell(h), kindsCell(h), confirmed})
	}
	l.Fields = []web.Field{
		form.Field(web.Field{Name: "url", Label: text("Adres", "Address"), Max: 500, Mode: "url",
			Help: text("https:// ile başlar, soru işareti içermez; sunucusu, sağlayıcının izinli sunucular listesindedir. Örneğin https://erp.example/kep-olaylari",
				"It begins with https://, has no question mark, and its host is on the provider's list. Such as https://erp.example/kep-events")}),
		kindsField(form),
	}
	return web.Page{
		View: p.views.Page("hooks"), Title: text("Bildirimler (webhook)", "Webhooks"), Form: form, Data: l,
		Lead: text("Hesabınızda olanlar, imzalı olarak programınızın adresine bildirilir. Bildirimde yalnız numaralar bulunur; içerik ve kişi bilgisi bulunmaz.",
			"What happens on your account is sent to an address of your program, signed. It has identifiers alone: no content, and nothing about people."),
	}, nil
}

// denied says on a page what was refused.
func denied(err error) error {
	if refusal, ok := errors.AsType[*rem.Refusal](err); ok {
		return &web.Forbidden{Why: refusal.Detail}
	}
	if errors.Is(err, happening.ErrNotFound) {
		return web.ErrNotFound
	}
	return err
}

func (p *pages) createHook(r *web.Request) (web.Answer, error) {
	form, err := r.Form()
	if err != nil {
		return nil, err
	}
	_, by, err := p.visit(r)
	if err != nil {
		return nil, err
	}
	_, secret, err := p.Hooks.Create(r.Context(), by, form.Get("url"), kindsOf(form)...)
	refusal, refused := errors.AsType[*rem.Refusal](err)
	switch {
	case errors.Is(err, happening.ErrTooMany):
		form.Fail("url", text("Adres sayısı sınırda; birini kaldırın.", "There are as many addresses as one account may have; remove one."))
	case refused:
		form.Fail("url", refusal.Detail)
	case err != nil:
		return nil, err
	default:
		form = web.NewForm(nil)
	}
	return p.hooksPage(r, by, form, secret)
}

// A hookView is the page of one.
type hookView struct {
	Path       string
	Facts      []web.Fact
	Failing    *web.Notice
	Paused     bool
	Kinds      web.Field
	Replay     web.Field
	Deliveries web.Table
}

func (p *pages) hook(r *web.Request) (web.Answer, error) {
	_, by, err := p.visit(r)
	if err != nil {
		return nil, err
	}
	return p.hookPage(r, by, web.NewForm(nil))
}

func (p *pages) hookPage(r *web.Request, by rem.Actor, form *web.Form) (web.Answer, error) {
	id := happening.HookID(r.Var("hook"))
	h, newest, err := p.Hooks.Hook(r.Context(), by, id)
	if err != nil {
		return nil, denied(err)
	}
	tried, err := p.Hooks.Deliveries(r.Context(), by, id)
	if err != nil {
		return nil, denied(err)
	}
	v := hookView{Path: hookPath(id), Paused: h.State != happening.Running, Facts: hookFacts(&h, newest)}
	if h.Fault != happening.NoFault {
		v.Failing = &web.Notice{Tone: web.Attention, Title: text("Son bildirim ulaşmadı", "The last delivery did not arrive"), Text: faultTexts[h.Fault]}
		if h.State == happening.GivenUp {
			v.Failing.Tone, v.Failing.Title = web.Bad, text("Bildirmekten vazgeçildi", "Deliveries were given up")
		}
	}
	if !form.Has("kind") && form.Good() {
		form = web.NewForm(map[string]string{"after": strconv.FormatInt(h.Cursor, 10)})
	}
	v.Kinds = kindsField(form)
	for i := range v.Kinds.Choices {
		c := &v.Kinds.Choices[i]
		c.Chosen = c.Chosen || slices.Contains(h.Kinds, happening.Kind(c.Value))
	}
	v.Replay = form.Field(web.Field{Name: "after", Label: text("Hangi numaradan sonrası yeniden bildirilsin?", "After which number are events sent again?"), Short: true, Mode: "numeric", Max: 18,
		Help: text("0: saklanan bütün olaylar. Duraklatılmış bildirim de yeniden başlar.", "0: all events that are kept. Deliveries that are paused begin again, too.")})
	v.Deliveries = deliveryTable(&h, tried)
	return web.Page{View: p.views.Page("hook"), Title: text("Bildirim adresi", "Webhook address"), Form: form, Data: v}, nil
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func hookFacts(h *happening.Hook, newest int64) []web.Fact {
	facts := []web.Fact{
		{Term: text("Adres", "Address"), Value: web.Cell{Text: h.URL}},
		{Term: text("Durum", "State"), Value: stateCell(h)},
		{Term: text("Olaylar", "Events"), Value: kindsCell(h)},
		{Term: text("Eklendi", "Added"), Value: web.Cell{Time: h.Made}},
		{Term: text("İmleç", "Cursor"), Value: web.Cell{Text: number(h.Cursor)}, Help: text("Bu numaraya kadar bildirildi. Hesabın son olayı: "+number(newest)+".", "Events were sent up to this number. The account's newest one is "+number(newest)+".")},
	}
	if !h.Confirmed.IsZero() {
		facts = append(facts, web.Fact{Term: text("Son onay", "Last confirmed"), Value: web.Cell{Time: h.Confirmed}})
	}
	if h.Fault != happening.NoFault {
		facts = append(facts, web.Fact{Term: text("Başarısız deneme", "Failed attempts"), Value: web.Cell{Text: strconv.Itoa(h.Attempts)}},
			web.Fact{Term: text("Başarısızlığın başlangıcı", "Failing since"), Value: web.Cell{Time: h.Failing}})
		if h.State == happening.Running {
			facts = append(facts, web.Fact{Term: text("Sonraki deneme", "Next attempt"), Value: web.Cell{Time: h.Due},
				Help: text("Üç gün sonunda vazgeçilir; olaylar saklanır.", "After three days it is given up; events are kept.")})
		}
	}
	return facts
}

func deliveryTable(h *happening.Hook, tried []happening.Delivery) web.Table {
	t := web.Table{
		Empty: text("Henüz bir bildirim gönderilmedi.", "Nothing was sent yet."),
		Columns: []web.Column{{Head: text("Olay numaraları", "Numbers of events")}, {Head: text("Sayı", "Events"), Right: true}, {Head: text("Durum", "State")},
			{Head: text("Deneme", "Attempts"), Right: true}, {Head: text("Son deneme", "Last attempt")}, {Head: text("Sonraki deneme", "Next attempt")}},
	}
	for _, d := range tried {
		state := web.Cell{Say: text("onaylandı", "confirmed"), Badge: true, Tone: web.Good}
		next := web.Cell{}
		if d.Fault != happening.NoFault {
			state = web.Cell{Say: text("ulaşmadı", "did not arrive"), Badge: true, Tone: web.Attention, Note: faultTexts[d.Fault]}
			if h.State == happening.Running && h.Upto == d.Upto && h.Cursor == d.After {
				next = web.Cell{Time: h.Due}
			}
		}
		numbers := number(d.After + 1)
		if d.Upto > d.After+1 {
			numbers += "–" + number(d.Upto)
		}
		t.Rows = append(t.Rows, []web.Cell{{Text: numbers}, {Text: strconv.Itoa(d.Events)}, state, {Text: strconv.Itoa(d.Tries)}, {Time: d.At}, next})
	}
	return t
}

// hookAct does something to one and shows it again.
func (p *pages) hookAct(do func(ctx context.Context, by rem.Actor, id happening.HookID, form *web.Form) error) web.Handler {
	return func(r *web.Request) (web.Answer, error) {
		form, err := r.Form()
		if err != nil {
			return nil, err
		}
		_, by, err := p.visit(r)
		if err != nil {
			return nil, err
		}
		id := happening.HookID(r.Var("hook"))
		if err := do(r.Context(), by, id, form); err != nil {
			return nil, denied(err)
		}
		if !form.Good() {
			return p.hookPage(r, by, form)
		}
		return web.Redirect{To: hookPath(id)}, nil
	}
}

func (p *pages) replayHook(ctx context.Context, by rem.Actor, id happening.HookID, form *web.Form) error {
	after, err := strconv.ParseInt(form.Get("after"), 10, 64)
	if err != nil {
		form.Fail("after", text("Bir sayı yazın.", "Write a number."))
		return nil
	}
	err = p.Hooks.Replay(ctx, by, id, after)
	if refusal, ok := errors.AsType[*rem.Refusal](err); ok {
		form.Fail("after", refusal.Detail)
		return nil
	}
	return err
}

// removingHook asks before it is done.
func (p *pages) removingHook(r *web.Request) (web.Answer, error) {
	_, by, err := p.visit(r)
	if err != nil {
		return nil, err
	}
	h, _, err := p.Hooks.Hook(r.Context(), by, happening.HookID(r.Var("hook")))
	if err != nil {
		return nil, denied(err)
	}
	return web.Confirm{
		Title: text("Bildirim adresini kaldır", "Remove the address"), Text: text("Bu adrese artık hiçbir olay bildirilmez ve imza anahtarı silinir. Geri alınamaz.", "No event is sent to it any more, and its secret is deleted. This cannot be taken back."),
		Facts: []web.Fact{{Term: text("Adres", "Address"), Value: web.Cell{Text: h.URL}}},
		Path:  hookPath(h.ID) + "/remove", Button: text("Kaldır", "Remove"), Back: hookPath(h.ID), Danger: true,
	}.Page(), nil
}

func (p *pages) removeHook(r *web.Request) (web.Answer, error) {
	if _, err := r.Form(); err != nil {
		return nil, err
	}
	_, by, err := p.visit(r)
	if err != nil {
		return nil, err
	}
	if err := p.Hooks.Remove(r.Context(), by, happening.HookID(r.Var("hook"))); err != nil {
		return nil, denied(err)
	}
	return web.Redirect{To: hooksPath}, nil
}

func (p *pages) hookRoutes(route func(name, method, pattern string, h web.Handler) web.Route) []web.Route {
	one := hooksPath + "/{hook}"
	return []web.Route{
		route("hooks", "GET", hooksPath, p.hookList), route("hook-made", "POST", hooksPath, p.createHook), route("hook", "GET", one, p.hook),
		route("hook-kinds", "POST", one+"/kinds", p.hookAct(func(ctx context.Context, by rem.Actor, id happening.HookID, form *web.Form) error {
			return p.Hooks.Choose(ctx, by, id, kindsOf(form))
		})),
		route("hook-replayed", "POST", one+"/replay", p.hookAct(p.replayHook)),
		route("hook-paused", "POST", one+"/pause", p.hookAct(func(ctx context.Context, by rem.Actor, id happening.HookID, _ *web.Form) error {
			return p.Hooks.Pause(ctx, by, id)
		})),
		route("hook-resumed", "POST", one+"/resume", p.hookAct(func(ctx context.Context, by rem.Actor, id happening.HookID, _ *web.Form) error {
			return p.Hooks.Resume(ctx, by, id)
		})),
		route("hook-removing", "GET", one+"/remove", p.removingHook), route("hook-removed", "POST", one+"/remove", p.removeHook),
	}
}
