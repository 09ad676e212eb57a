package entrance

import (
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"strings"

	"rsc.io/qr"

	"rem"
	"rem/edge/web"
	"rem/person/login"
)

func (p *pages) password(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	x := r.Principal.Session
	label, err := p.Label(r.Context(), x)
	if err != nil {
		return nil, err
	}
	if f.Get("password") != f.Get("again") {
		f.Fail("again", text("İki parola aynı değil.", "The two passwords are not the same."))
		return p.waysPage(r, f, nil)
	}
	o, err := p.Login.SetPassword(r.Context(), x, r.Visitor(), f.Get("password"), label)
	if err != nil {
		return p.refused(r, f, "password", err, nil)
	}
	return p.changed(r, o)
}

// app is an authenticator app that waits to be confirmed.
type app struct {
	URI   string
	Typed string
	Code  template.HTML // the square code, as SVG
}

func (p *pages) proposeApp(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	x := r.Principal.Session
	label, err := p.Label(r.Context(), x)
	if err != nil {
		return nil, err
	}
	proposal, err := p.Login.ProposeTOTP(r.Context(), x, r.Visitor(), label)
	if err != nil {
		return p.refused(r, f, "", err, nil)
	}
	r.Open(proposal.Opened)
	r.Principal.Session = proposal.Session
	a := &app{URI: proposal.URI, Typed: proposal.Typed}
	if a.Code, err = square(proposal.URI); err != nil {
		return nil, err
	}
	return p.waysPage(r, f, func(w *ways) { w.App = a })
}

// square draws a square code. Its parts come from the code alone.
func square(s string) (template.HTML, error) {
	code, err := qr.Encode(s, qr.M)
	if err != nil {
		return "", fmt.Errorf("drawing a square code: %w", err)
	}
	const edge = 4 // modules of white around it
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="square" viewBox="0 0 %[1]d %[1]d" width="232" height="232" role="img" aria-hidden="true" shape-rendering="crispEdges"><rect width="%[1]d" height="%[1]d" fill="#fff"/><path fill="#000" d="`, code.Size+2*edge)
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+edge, y+edge)
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return template.HTML(b.String()), nil
}

func (p *pages) confirmApp(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	o, err := p.Login.ConfirmTOTP(r.Context(), r.Principal.Session, r.Visitor(), f.Get("code"))
	if err != nil {
		return p.refused(r, f, "code", err, func(w *ways) { w.App = &app{} })
	}
	return p.changed(r, o)
}

func (p *pages) proposePhone(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	secret, err := p.Login.ProposeSMS(r.Context(), r.Principal.Session)
	if err != nil {
		return p.refused(r, f, "", err, nil)
	}
	return p.waysPage(r, f, func(w *ways) { w.Phone = secret.Reveal() })
}

func (p *pages) confirmPhone(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	secret, err := login.ParseSecret(f.Get("phone"))
	if err != nil {
		return nil, web.ErrForm
	}
	o, err := p.Login.ConfirmSMS(r.Context(), r.Principal.Session, r.Visitor(), secret, f.Get("code"))
	if err != nil {
		return p.refused(r, f, "code", err, func(w *ways) { w.Phone = secret.Reveal() })
	}
	return p.changed(r, o)
}

// passkey is what the page of a new one shows.
type passkey struct {
	Form    *web.Form
	Options string
	First   bool
}

func (p *pages) passkeyPage(r *web.Request, f *web.Form) (web.Answer, error) {
	x := r.Principal.Session
	label, err := p.Label(r.Context(), x)
	if err != nil {
		return nil, err
	}
	options, err := p.Login.NewPasskey(r.Context(), x, label)
	if err != nil {
		return p.refused(r, f, "", err, nil)
	}
	return web.Page{
		View: p.views.Page("passkey"), Title: text("Yeni geçiş anahtarı", "A new passkey"), Form: f, Script: web.Passkey,
		Lead: text("Telefonunuz, bilgisayarınız veya güvenlik anahtarınız ile girersiniz; parolanız varsa silinir.", "You log in by your phone, computer or security key; a password that you have is deleted."),
		Data: passkey{f, string(options), x.Level == login.Enrolling},
	}, nil
}

func (p *pages) newPasskey(r *web.Request) (web.Answer, error) {
	return p.passkeyPage(r, web.NewForm(nil))
}

func (p *pages) addPasskey(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	name := strings.TrimSpace(f.Get("name"))
	if len([]rune(name)) > 60 {
		f.Fail("name", text("Ad en çok 60 karakter olabilir.", "The name has at most 60 characters."))
		return p.passkeyPage(r, f)
	}
	if name == "" {
		name = r.Say(text("Geçiş anahtarı", "Passkey"))
	}
	o, err := p.Login.AddPasskey(r.Context(), r.Principal.Session, r.Visitor(), name, []byte(f.Get("answer")))
	if err != nil {
		if err := said(f, "", err); err != nil {
			return nil, err
		}
		return p.passkeyPage(r, f)
	}
	return p.changed(r, o)
}

func (p *pages) removePasskey(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	credential, err := hex.DecodeString(f.Get("passkey"))
	if err != nil {
		return nil, web.ErrForm
	}
	o, err := p.Login.RemovePasskey(r.Context(), r.Principal.Session, r.Visitor(), credential)
	if err != nil {
		return p.refused(r, f, "", err, nil)
	}
	return p.changed(r, o)
}

// places are the sessions and devices of somebody.
type places struct {
	Sessions, Devices web.Table
	Ends              []web.Action
	Forgets           []web.Action
	Others            bool
}

func (p *pages) sessions(r *web.Request) (web.Answer, error) {
	x := r.Principal.Session
	list, err := p.Login.Sessions(r.Context(), x)
	if err != nil {
		return nil, err
	}
	devices, err := p.Login.Devices(r.Context(), x)
	if err != nil {
		return nil, err
	}
	agents := map[login.ID]string{}
	for _, d := range devices {
		agents[d.ID] = d.Agent
	}
	v := places{
		Sessions: web.Table{
			Caption: text("Açık oturumlar", "Open sessions"),
			Columns: []web.Column{{Head: text("Cihaz", "Device")}, {Head: text("Giriş yolu", "Logged in by")}, {Head: text("Açıldı", "Opened")}, {Head: text("Son kullanım (yaklaşık)", "Last used (roughly)")}},
		},
		Devices: web.Table{
			Caption: text("Bilinen cihazlar", "Known devices"),
			Columns: []web.Column{{Head: text("Cihaz", "Device")}, {Head: text("İlk giriş", "First log-in")}, {Head: text("Son giriş", "Last log-in")}},
			Empty:   text("Bilinen bir cihaz yok.", "No device is known."),
		},
		Others: len(list) > 1,
	}
	for _, s := range list {
		device := web.Cell{Text: agents[s.Device]}
		if device.Text == "" {
			device = web.Cell{Say: text("Bilinmeyen cihaz", "Unknown device")}
		}
		if s.ID == x.ID {
			device.Note = text("bu oturum", "this session")
		} else {
			v.Ends = append(v.Ends, end("/security/sessions/end", "session", s.ID, text("Oturumu bitir", "End session"), fmt.Sprint(device.Text, " ", web.Moment(s.Created, r.Language))))
		}
		v.Sessions.Rows = append(v.Sessions.Rows, []web.Cell{device, {Say: s.Method.Text()}, {Time: s.Created}, {Time: s.Seen}})
	}
	for _, d := range devices {
		cell := web.Cell{Text: d.Agent}
		if d.This {
			cell.Note = text("bu cihaz", "this device")
		}
		v.Devices.Rows = append(v.Devices.Rows, []web.Cell{cell, {Time: d.First}, {Time: d.Last}})
		v.Forgets = append(v.Forgets, end("/security/devices/forget", "device", d.ID, text("Cihazı unut", "Forget device"), fmt.Sprint(d.Agent, " ", web.Moment(d.First, r.Language))))
	}
	return web.Page{
		View: p.views.Page("sessions"), Title: text("Oturumlar ve cihazlar", "Sessions and devices"), Data: v,
		Lead: text("Tanımadığınız bir oturum varsa bitirin ve parolanızı değiştirin.", "End a session that you do not know, and change your password."),
	}, nil
}

func end(path, name string, id login.ID, button rem.Text, about string) web.Action {
	return web.Action{Path: path, Button: button, About: about, Hidden: []web.Hidden{{Name: name, Value: id.Short()}}}
}

func (p *pages) endSession(r *web.Request) (web.Answer, error) {
	return p.named(r, "session", "/security/sessions", func(id login.ID) error { return p.Login.End(r.Context(), r.Principal.Session, id) })
}

func (p *pages) forget(r *web.Request) (web.Answer, error) {
	return p.named(r, "device", "/security/sessions", func(id login.ID) error { return p.Login.Forget(r.Context(), r.Principal.Session, id) })
}

func (p *pages) named(r *web.Request, field, to string, do func(login.ID) error) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	id, err := login.ParseID(f.Get(field))
	if err != nil {
		return nil, web.ErrForm
	}
	if err := do(id); err != nil {
		return nil, err
	}
	return web.Redirect{To: to}, nil
}

func (p *pages) endOthers(r *web.Request) (web.Answer, error) {
	o, err := p.Login.EndOthers(r.Context(), r.Principal.Session, r.Visitor())
	if errors.Is(err, login.ErrOver) || errors.Is(err, login.ErrNoSession) {
		// Somebody ended this one meanwhile.
		r.Close()
		return web.Redirect{To: "/login"}, nil
	}
	if errors.Is(err, login.ErrNotFresh) {
		return web.Redirect{To: "/login/again"}, nil
	}
	if err != nil {
		return nil, err
	}
	r.Open(o)
	return web.Redirect{To: "/security/sessions"}, nil
}

// historyPage is how many entries stand on one page.
const historyPage = 50

func (p *pages) history(r *web.Request) (web.Answer, error) {
	var before login.EventID
	if from := r.Query("before"); from != "" {
		b, err := hex.DecodeString(from)
		if err != nil || len(b) != len(before) {
			return nil, web.ErrNotFound
		}
		copy(before[:], b)
	}
	list, err := p.Login.History(r.Context(), r.Principal.Session, before, historyPage)
	if err != nil {
		return nil, err
	}
	t := web.Table{
		Caption: text("Giriş geçmişi", "History of log-ins"),
		Columns: []web.Column{{Head: text("Zaman", "Time")}, {Head: text("Ne oldu", "What happened")}, {Head: text("Giriş yolu", "By")}, {Head: text("Nereden", "From where")}},
		Empty:   text("Kayıt yok.", "There is no entry."),
	}
	for _, e := range list {
		what := web.Cell{Say: e.What.Text()}
		if e.Outcome == login.Failed {
			what = web.Cell{Say: text("Başarısız: ", "Failed: "), Badge: true, Tone: web.Attention}
			what.Say = rem.Text{Turkish: what.Say.Turkish + e.What.Text().Turkish, English: what.Say.English + e.What.Text().English}
		}
		t.Rows = append(t.Rows, []web.Cell{{Time: e.At}, what, {Say: e.Method.Text()}, {Text: strings.TrimSpace(e.Agent + " " + e.Address)}})
	}
	if len(list) == historyPage {
		last := list[len(list)-1].ID
		t.Pager = &web.Pager{After: "/security/history?before=" + hex.EncodeToString(last[:])}
	}
	return web.Page{
		View: p.views.Page("history"), Title: text("Giriş geçmişi", "History of log-ins"), Data: t, Wide: true,
		Lead: text("Her giriş, başarısız denemeler ve giriş yollarındaki değişiklikler.", "Every log-in, failed attempts, and changes to how you log in."),
	}, nil
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }
