package webmail

import (
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"rem/edge/web"
	"rem/message/mailbox"
)

// typed reads the addresses of a field: separated by commas, semicolons or lines,
// which within quotation marks and angles are part of a name.
func typed(s string) (list []string) {
	var b strings.Builder
	quoted, angle := false, false
	end := func() {
		if t := strings.Join(strings.Fields(b.String()), " "); t != "" {
			list = append(list, t)
		}
		b.Reset()
	}
	for _, c := range s {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '<' && !quoted:
			angle = true
		case c == '>' && !quoted:
			angle = false
		case c == '\n', (c == ',' || c == ';') && !quoted && !angle:
			end()
			quoted, angle = false, false
			continue
		}
		b.WriteRune(c)
	}
	end()
	return list
}

// fill puts what was sent into a draft.
func fill(v *visit, f *web.Form, d *mailbox.Draft) {
	d.To, d.Cc = typed(f.Get("to")), typed(f.Get("cc"))
	d.Subject = strings.Join(strings.Fields(f.Get("subject")), " ")
	d.SendAt = time.Time{}
	if day := f.Get("day"); day != "" {
		hour := f.Get("hour")
		if hour == "" {
			hour = "09:00"
		}
		at, err := time.ParseInLocation("2006-01-02 15:04", day+" "+hour, istanbul)
		switch now := v.Now(); {
		case err != nil:
			f.Fail("day", text("Gönderim günü ya da saati okunamadı.", "The day or hour of sending cannot be read."))
		case at.Before(now):
			f.Fail("day", text("Gönderim zamanı geçmişte.", "The time of sending is in the past."))
		case at.After(now.Add(mailbox.MaxAhead)):
			f.Fail("day", text("Gönderim zamanı en çok 30 gün sonrası olabilir.", "It can be sent at most 30 days from now."))
		default:
			d.SendAt = at.UTC()
		}
	}
	// Formatted text counts where a script wrote it. Without one, formatting stays as
	// long as nobody touches the text.
	plain := f.Get("text")
	switch {
	case f.Get("rich") == "yes":
		d.HTML, d.Text = f.Get("html"), ""
	case strings.TrimSpace(plain) != strings.TrimSpace(d.Text):
		d.HTML, d.Text = "", plain
	}
}

// whole says whether a draft is within its bounds, on its fields.
func whole(f *web.Form, d *mailbox.Draft) {
	if len(d.To)+len(d.Cc) > mailbox.MaxRecipients {
		f.Fail("to", text("Alıcı sayısı sınırın üstünde.", "There are more recipients than allowed."))
	}
	if utf8.RuneCountInString(d.Subject) > mailbox.MaxSubject {
		f.Fail("subject", text("Konu çok uzun.", "The subject is too long."))
	}
}

func versionOf(f *web.Form) (int64, error) {
	n, err := strconv.ParseInt(f.Get("version"), 10, 64)
	if err != nil || n < 0 {
		return 0, web.ErrForm
	}
	return n, nil
}

// draftForm is a form about the draft that the address names, and its version there.
func (v *visit) draftForm() (f *web.Form, id mailbox.DraftID, version int64, err error) {
	if f, err = v.Form(); err == nil {
		version, err = versionOf(f)
	}
	return f, mailbox.DraftID(v.Var("draft")), version, err
}

// put saves a draft: a new one when version is 0.
func (p *pages) put(v *visit, id mailbox.DraftID, version int64, change func(*mailbox.Draft) error) (mailbox.Draft, error) {
	if version > 0 {
		return p.Box.Edit(v.Context(), v.who, id, version, change)
	}
	d := mailbox.Draft{ID: id, Step: mailbox.Writing}
	err := change(&d)
	if err != nil {
		d.Files = nil
		return d, err
	}
	_, err = p.Box.Save(v.Context(), v.who, d)
	if errors.Is(err, mailbox.ErrChanged) {
		now, readErr := p.Box.Draft(v.Context(), v.who, id)
		return now, errors.Join(err, readErr)
	}
	if err != nil {
		d.Files = nil
		return d, err
	}
	return p.Box.Draft(v.Context(), v.who, id)
}

// saveDraft takes the whole form: text, new files, and what is to be done.
func (p *pages) saveDraft(v *visit) (web.Answer, error) {
	u, err := p.upload(v)
	if err != nil {
		return nil, err
	}
	id, f, files := u.Draft, u.Form, u.Files
	do := f.Get("do")
	removed, _ := strings.CutPrefix(do, "remove ")
	d, err := p.put(v, id, u.Version, func(d *mailbox.Draft) error {
		fill(v, f, d)
		if err := p.answering(v, f, d); err != nil {
			return err
		}
		if err := p.expand(v, d); err != nil {
			return err
		}
		for _, x := range d.Files {
			if x.ID != removed {
				files = append(files, x)
			}
		}
		d.Files = ordered(d.Files, files)
		whole(f, d)
		return p.insert(v, f, d)
	})
	p.detach(v, id, &d, files)
	switch {
	case errors.Is(err, mailbox.ErrChanged):
		// What was typed stays on the page, over the version that is there now.
		mine := d
		fill(v, f, &mine)
		if f.Get("rich") != "yes" {
			mine.HTML, mine.Text = "", f.Get("text")
		}
		return p.writingPage(v, writing{Draft: mine, Form: f, Conflict: &conflict{Subject: d.Subject, Text: d.Text, To: strings.Join(d.To, ", "), Saved: d.Saved}})
	case err != nil:
		if err := told(f, "", err); err != nil {
			return nil, err
		}
		return p.writingPage(v, writing{Draft: d, Form: f})
	case !f.Good():
		return p.writingPage(v, writing{Draft: d, Form: f})
	case do == "review":
		return p.review(v, &d)
	}
	return web.Redirect{To: composePath(id) + "?done=saved"}, nil
}

// takeBack makes a draft on its way one that is written again.
func (p *pages) takeBack(v *visit) (web.Answer, error) {
	_, id, version, err := v.draftForm()
	if err != nil {
		return nil, err
	}
	_, err = p.Box.Edit(v.Context(), v.who, id, version, func(*mailbox.Draft) error { return nil })
	switch {
	case errors.Is(err, mailbox.ErrChanged):
		return web.Redirect{To: composePath(id)}, nil // as it is now
	case errors.Is(err, mailbox.ErrNotFound):
		return web.Redirect{To: "/mail/sent"}, nil
	case err != nil:
		return nil, err
	}
	return web.Redirect{To: composePath(id) + "?done=back"}, nil
}

func (p *pages) dropping(v *visit) (web.Answer, error) {
	d, err := p.Box.Draft(v.Context(), v.who, mailbox.DraftID(v.Var("draft")))
	if err != nil {
		return nil, err
	}
	return web.Confirm{
		Title: text("Taslağı sil", "Give the draft up"), Text: text("Taslak ekleriyle birlikte silinir ve geri getirilemez.", "The draft goes with its attachments, and cannot come back."),
		Facts: []web.Fact{{Term: text("Konu", "Subject"), Value: web.Cell{Text: orNone(v, d.Subject)}}},
		Path:  composePath(d.ID) + "/drop", Button: text("Sil", "Delete"), Danger: true, Back: composePath(d.ID),
	}.Page(), nil
}

func (p *pages) dropDraft(v *visit) (web.Answer, error) {
	if err := p.Box.Drop(v.Context(), v.who, mailbox.DraftID(v.Var("draft"))); err != nil {
		return nil, err
	}
	return web.Redirect{To: "/mail/drafts?done=dropped"}, nil
}
