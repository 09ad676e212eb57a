package webmail

import (
	"slices"
	"strconv"

	"rem"
	"rem/edge/web"
	"rem/message/mailbox"
)

// chosen reads the rows that were ticked.
func chosen(f *web.Form) ([]mailbox.ItemID, error) {
	var ids []mailbox.ItemID
	for _, s := range f.All("item") {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n <= 0 {
			return nil, web.ErrForm
		}
		ids = append(ids, mailbox.ItemID(n))
	}
	if len(ids) > mailbox.MaxPage {
		return nil, web.ErrTooLarge
	}
	return ids, nil
}

// back is the list that a form was sent from. It is made of names of ours alone.
func back(f *web.Form) string {
	if s := f.Get("found"); isName(s) {
		return "/mail/found/" + s
	}
	if s := f.Get("folder"); isName(s) {
		return folderPath(mailbox.FolderID(s))
	}
	return folderPath(mailbox.Inbox)
}

// isName reports whether it can be the name of a folder or of a search.
func isName(s string) bool {
	return s != "" && len(s) <= 64 && !slices.ContainsFunc([]byte(s), func(c byte) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
	})
}

// act does one thing with the rows that were ticked.
func (p *pages) act(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	ids, err := chosen(f)
	if err != nil {
		return nil, err
	}
	to := back(f)
	if len(ids) == 0 {
		return web.Redirect{To: to + "?done=none"}, nil
	}
	what := f.Get("do")
	switch what {
	case "archive":
		_, err = p.Box.Move(v.Context(), v.who, ids, mailbox.Archive)
	case "trash":
		_, err = p.Box.Move(v.Context(), v.who, ids, mailbox.TrashBox)
	case "move":
		into := mailbox.FolderID(f.Get("to"))
		if into == "" {
			return web.Redirect{To: to + "?done=nowhere"}, nil
		}
		_, err = p.Box.Move(v.Context(), v.who, ids, into)
	case "restore":
		err = p.restore(v, ids)
	case "mark":
		err = p.Box.Flag(v.Context(), v.who, ids, mailbox.Flagged, 0)
	case "unmark":
		err = p.Box.Flag(v.Context(), v.who, ids, 0, mailbox.Flagged)
	case "remove":
		return p.removing(v, f, ids), nil
	default:
		return nil, web.ErrForm
	}
	if err != nil {
		return nil, err
	}
	return web.Redirect{To: to + "?done=" + what + "&n=" + strconv.Itoa(len(ids))}, nil
}

// restore takes rows out of the trash, into the folder where each began.
func (p *pages) restore(v *visit, ids []mailbox.ItemID) error {
	into := map[mailbox.FolderID][]mailbox.ItemID{}
	for _, id := range ids {
		row, err := p.Box.Row(v.Context(), v.who, id)
		if err != nil {
			return err
		}
		f := mailbox.Inbox
		switch row.Kind {
		case mailbox.Sent:
			f = mailbox.SentBox
		case mailbox.Evidence:
			f = mailbox.Proofs
		}
		into[f] = append(into[f], id)
	}
	for f, some := range into {
		if _, err := p.Box.Move(v.Context(), v.who, some, f); err != nil {
			return err
		}
	}
	return nil
}

// removing asks before rows are removed for good.
func (p *pages) removing(v *visit, f *web.Form, ids []mailbox.ItemID) web.Answer {
	c := web.Confirm{
		Title: text("Kalıcı olarak kaldır", "Remove for good"),
		Text:  text("Seçilenler kutunuzdan kalıcı olarak kaldırılır ve geri getirilemez. İletilerin kaydı ve delilleri saklama süresi boyunca bizde kalır.", "What you chose leaves your mailbox for good and cannot come back. We keep the record of messages and their evidence for as long as they are to be kept."),
		Facts: []web.Fact{{Term: text("Seçilen", "Chosen"), Value: web.Cell{Text: strconv.Itoa(len(ids))}}},
		Path:  "/mail/remove", Button: text("Kalıcı olarak kaldır", "Remove for good"), Danger: true, Back: back(f),
	}
	for _, name := range []string{"folder", "found", "item"} {
		for _, value := range f.All(name) {
			c.Hidden = append(c.Hidden, web.Hidden{Name: name, Value: value})
		}
	}
	return c.Page()
}

func (p *pages) remove(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	ids, err := chosen(f)
	if err != nil {
		return nil, err
	}
	if err := p.Box.Remove(v.Context(), v.who, ids); err != nil {
		return nil, err
	}
	return web.Redirect{To: back(f) + "?done=remove&n=" + strconv.Itoa(len(ids))}, nil
}

// deeds say what was done, after the list is shown again.
var deeds = map[string]struct {
	says rem.Text
	tone web.Tone
}{
	"archive": {text("Arşive taşındı", "Moved into the archive"), web.Good},
	"trash":   {text("Çöp kutusuna taşındı", "Moved into the trash"), web.Good},
	"move":    {text("Klasöre taşındı", "Moved into the folder"), web.Good},
	"restore": {text("Geri alındı", "Put back"), web.Good},
	"mark":    {text("İşaretlendi", "Marked"), web.Good},
	"unmark":  {text("İşareti kaldırıldı", "No longer marked"), web.Good},
	"remove":  {text("Kalıcı olarak kaldırıldı", "Removed for good"), web.Good},
	"none":    {text("Önce listeden en az bir satır seçin.", "First choose at least one row of the list."), web.Attention},
	"nowhere": {text("Taşınacak klasörü seçin.", "Choose the folder to move into."), web.Attention},
	"saved":   {text("Kaydedildi.", "Saved."), web.Good},
	"dropped": {text("Taslak silindi.", "The draft was given up."), web.Good},
	"back":    {text("Geri alındı; yeniden düzenleyebilirsiniz.", "Taken back; you can edit it again."), web.Good},
	"removed": {text("Silindi.", "Removed."), web.Good},
	"changed": {text("Taslak bu arada değiştirildi; son hâli burada.", "The draft was changed meanwhile; this is how it is now."), web.Attention},
	"handed":  {text("İmzaya gönderildi.", "Handed over to be signed."), web.Good},
	"ended":   {text("Oturum kapatıldı.", "The session was ended."), web.Good},
	"over":    {text("Bu arama sona erdi; yeniden arayın.", "This search is over; please search again."), web.Attention},
}

// done is what the last form did, as the address says; nil: nothing.
func (v *visit) done() *web.Notice {
	d, ok := deeds[v.Query("done")]
	if !ok {
		return nil
	}
	if n, err := strconv.Atoi(v.Query("n")); err == nil && n > 0 && n <= mailbox.MaxPage {
		d.says.Turkish += ": " + strconv.Itoa(n) + "."
		d.says.English += ": " + strconv.Itoa(n) + "."
	}
	return &web.Notice{Tone: d.tone, Text: d.says}
}
