package webmail

import (
	"encoding/json"
	"errors"
	"strings"

	"rem"
	"rem/edge/web"
	"rem/message/mailbox"
)

// composeScript is what compose.js is told.
func (p *pages) composeScript(v *visit, w *writing) (string, error) {
	texts := map[string]string{}
	for name, t := range composeSaid {
		texts[name] = v.Say(t)
	}
	known := w.Contacts
	if known == nil {
		known = []suggested{}
	}
	b, err := json.Marshal(map[string]any{
		"keep": v.Link(w.Path + "/keep"), "file": v.Link(w.Path + "/file"), "page": v.Link(w.Path), "check": v.Link("/mail/recipients"),
		"version": w.Draft.Version, "rich": w.Draft.HTML != "" || w.Draft.Text == "", "texts": texts, "contacts": known,
	})
	return string(b), err
}

// composeSaid are the sentences of compose.js.
var composeSaid = map[string]rem.Text{
	"saving":   text("Kaydediliyor…", "Saving…"),
	"saved":    text("Taslak kaydedildi:", "Draft saved:"),
	"unsaved":  text("Taslak kaydedilemedi; bağlantınızı ve oturumunuzu denetleyin. Yazdıklarınız bu sayfada duruyor.", "The draft could not be saved; look at your connection and session. What you wrote is still on this page."),
	"conflict": text("Taslak başka bir yerde değiştirildi. Kendiliğinden kaydetme durdu.", "The draft was changed elsewhere. It is no longer saved by itself."),
	"mine":     text("Benimkini koru", "Keep mine"),
	"theirs":   text("Ötekini göster", "Show the other"),
	"sending":  text("Ekleniyor:", "Attaching:"),
	"attached": text("Eklendi:", "Attached:"),
	"failed":   text("Dosya eklenemedi:", "The file could not be attached:"),
	"remove":   text("Çıkar", "Remove"),
	"link":     text("Bağlantının adresi (https://…)", "Address of the link (https://…)"),
	"checking": text("Alıcılar denetleniyor…", "Checking the recipients…"),
}

// kept is what compose.js is answered.
type keptAnswer struct {
	Version int64       `json:"version"`
	Saved   string      `json:"saved,omitempty"`
	Meter   string      `json:"meter,omitempty"`
	Over    bool        `json:"over,omitempty"`
	Percent int         `json:"percent"`
	Limits  []keptLimit `json:"limits,omitempty"`
	Files   []keptFile  `json:"files"`
	Other   *keptOther  `json:"other,omitempty"`
	Problem string      `json:"problem,omitempty"`
}

type keptLimit struct {
	Says string `json:"says"`
	Over bool   `json:"over,omitempty"`
}

type keptFile struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"`
	Size string `json:"size"`
	Path string `json:"path"`
}

type keptOther struct {
	Version int64  `json:"version"`
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	Saved   string `json:"saved"`
}

func (p *pages) keptOf(v *visit, d *mailbox.Draft) (keptAnswer, error) {
	size, err := p.Box.Measure(v.Context(), v.who, *d)
	if err != nil {
		return keptAnswer{}, err
	}
	m := p.meterOf(size, d)
	a := keptAnswer{Version: d.Version, Saved: d.Saved.In(istanbul).Format("15:04:05"), Meter: v.Say(m.Says), Over: m.Over, Percent: m.Percent, Files: []keptFile{}}
	for _, l := range m.Limits {
		a.Limits = append(a.Limits, keptLimit{v.Say(l.Says), l.Over})
	}
	for _, f := range d.Files {
		x := fileOf(d.ID, f)
		a.Files = append(a.Files, keptFile{x.ID, x.Name, v.Say(x.Kind), v.Say(x.Size), v.Link(x.Path)})
	}
	return a, nil
}

// scripted answers compose.js: a refusal in words, another version as it is.
func (p *pages) scripted(v *visit, d *mailbox.Draft, err error) (web.Answer, error) {
	refusal, refused := errors.AsType[*rem.Refusal](err)
	switch {
	case errors.Is(err, mailbox.ErrChanged):
		return web.JSON{Status: 409, Value: keptAnswer{Files: []keptFile{}, Other: &keptOther{Version: d.Version, To: strings.Join(d.To, ", "), Subject: d.Subject, Text: d.Text, Saved: d.Saved.In(istanbul).Format("15:04:05")}}}, nil
	case refused:
		return web.JSON{Status: 422, Value: keptAnswer{Files: []keptFile{}, Problem: v.Say(refusal.Detail)}}, nil
	case err != nil:
		return nil, err
	}
	a, err := p.keptOf(v, d)
	if err != nil {
		return nil, err
	}
	return web.JSON{Value: a}, nil
}

// keepDraft saves what is being typed, for compose.js.
func (p *pages) keepDraft(v *visit) (web.Answer, error) {
	f, id, version, err := v.draftForm()
	if err != nil {
		return nil, err
	}
	d, err := p.put(v, id, version, func(d *mailbox.Draft) error {
		at := d.SendAt
		fill(v, f, d)
		if err := p.answering(v, f, d); err != nil {
			return err
		}
		if !f.Good() {
			d.SendAt = at // a time that is half typed
		}
		if removed := f.Get("remove"); removed != "" {
			var left []mailbox.File
			for _, x := range d.Files {
				if x.ID != removed {
					left = append(left, x)
				}
			}
			d.Files = left
		}
		return nil
	})
	return p.scripted(v, &d, err)
}
