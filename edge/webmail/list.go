package webmail

import (
	"fmt"
	"strconv"
	"time"

	"rem"
	"rem/edge/web"
	"rem/message"
	"rem/message/envelope"
	"rem/message/mailbox"
	"rem/message/timeline"
	"rem/person/account"
)

// perPage is how many rows a page has: what is read at a glance, and one step of
// the store.
const perPage = 50

// folderPath is the page of a folder.
func folderPath(f mailbox.FolderID) string {
	switch f {
	case mailbox.Inbox, mailbox.SentBox, mailbox.Drafts, mailbox.Proofs, mailbox.Archive, mailbox.TrashBox:
		return "/mail/" + string(f)
	}
	return "/mail/folder/" + string(f)
}

// folderName is what a folder is called.
func folderName(f *mailbox.Folder) rem.Text {
	if name, fixed := mailbox.FixedNames[f.ID]; fixed {
		return name
	}
	return same(f.Name)
}

func itemPath(id mailbox.ItemID) string {
	return "/mail/message/" + strconv.FormatInt(int64(id), 10)
}

// A line is a row as the page shows it.
type line struct {
	ID      mailbox.ItemID
	Path    string
	Direct  bool // it is opened by a form, without the page that asks before
	Who     rem.Text
	Subject string
	At      time.Time
	Short   string // day and clock in Türkiye
	UTC     string
	Files   int
	// Unopened: nobody of the account opened it.
	Unopened, Marked, Answered, Forwarded bool
	Badges                                []web.Cell
}

// list is a page of rows.
type list struct {
	Title  rem.Text
	Folder mailbox.FolderID // "" of a search
	Found  string           // the search
	Lines  []line
	Empty  rem.Text
	First  string // back to the newest rows; "" where they are shown
	Next   string
	Own    []web.Link // people's own folders
	Moves  []web.Choice
	// What the person may do with rows.
	Archive, Trash, Restore, Remove, Export bool
	Counts                                  rem.Text
	Asked                                   []web.Fact // what was searched for
	// Compose: there is a page for writing, and the person may write.
	Compose bool
}

// Path is the page of the folder; "" of a search.
func (l *list) Path() string {
	if l.Folder == "" {
		return ""
	}
	return folderPath(l.Folder)
}

// Drafts reports whether it is the folder of drafts.
func (l *list) Drafts() bool { return l.Folder == mailbox.Drafts }

// Acts reports whether there is anything that can be done with rows.
func (l *list) Acts() bool {
	return l.Archive || l.Trash || l.Restore || l.Remove || l.Export || len(l.Moves) > 0 || !l.Drafts()
}

// here returns where the cursor of the address stands.
func (v *visit) before() (mailbox.ItemID, error) {
	q := v.Query("before")
	if q == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(q, 10, 64)
	if err != nil || n <= 0 {
		return 0, web.ErrNotFound
	}
	return mailbox.ItemID(n), nil
}

func (p *pages) fixed(f mailbox.FolderID) handler {
	return func(v *visit) (web.Answer, error) { return p.folder(v, f) }
}

func (p *pages) own(v *visit) (web.Answer, error) {
	return p.folder(v, mailbox.FolderID(v.Var("folder")))
}

// folder shows the newest rows of a folder, or those before the cursor.
func (p *pages) folder(v *visit, id mailbox.FolderID) (web.Answer, error) {
	folders, err := p.Box.Folders(v.Context(), v.who)
	if err != nil {
		return nil, err
	}
	var here *mailbox.Folder
	for i := range folders {
		if folders[i].ID == id {
			here = &folders[i]
		}
	}
	if here == nil {
		return nil, web.ErrNotFound
	}
	before, err := v.before()
	if err != nil {
		return nil, err
	}
	l := list{Title: folderName(here), Folder: id, Counts: counts(here), Empty: text("Bu klasörde ileti yok.", "There is no message in this folder.")}
	if err := p.fill(v, &l, folders, mailbox.Query{Folder: id, Before: before}, "", folderPath(id)); err != nil {
		return nil, err
	}
	return p.listPage(v, l), nil
}

func counts(f *mailbox.Folder) rem.Text {
	t := text(fmt.Sprintf("%d öge", f.Items), fmt.Sprintf("%d items", f.Items))
	if f.Items == 1 {
		t.English = "1 item"
	}
	if f.Unopened > 0 {
		t.Turkish += fmt.Sprintf(", %d açılmamış", f.Unopened)
		t.English += fmt.Sprintf(", %d not opened", f.Unopened)
	}
	if f.ID == mailbox.TrashBox {
		days := int(mailbox.TrashKept.Hours() / 24)
		t.Turkish += fmt.Sprintf(". Buradakiler %d gün sonra kaldırılır; hiç açılmamış iletiler kalır.", days)
		t.English += fmt.Sprintf(". What is here goes after %d days; messages that were never opened stay.", days)
	}
	return t
}

// fill gets the rows of a page and what can be done with them.
func (p *pages) fill(v *visit, l *list, folders []mailbox.Folder, q mailbox.Query, question, path string) error {
	prefer, err := p.Box.Preferences(v.Context(), v.who)
	if err != nil {
		return err
	}
	q.Limit = perPage + 1
	rows, err := p.Box.List(v.Context(), v.who, q, question)
	if err != nil {
		return err
	}
	if q.Before > 0 {
		l.First = path
	}
	if len(rows) > perPage {
		rows = rows[:perPage]
		l.Next = path + "?before=" + strconv.FormatInt(int64(rows[perPage-1].ID), 10)
	}
	for i := range rows {
		l.Lines = append(l.Lines, p.line(v, &rows[i], prefer.AskFirst, l.Folder))
	}
	for i := range folders {
		f := &folders[i]
		_, fixed := mailbox.FixedNames[f.ID]
		if !fixed {
			l.Own = append(l.Own, web.Link{Text: folderName(f), Path: folderPath(f.ID)})
		}
		if f.ID != l.Folder && (!fixed || f.ID == mailbox.Inbox || f.ID == mailbox.SentBox || f.ID == mailbox.Proofs) {
			l.Moves = append(l.Moves, web.Choice{Value: string(f.ID), Label: folderName(f)})
		}
	}
	l.Compose = p.composes && v.may&(account.Sending|account.Preparing) != 0
	in := l.Folder
	l.Archive = in != mailbox.Archive && in != mailbox.Drafts && v.may.Has(account.Archiving)
	l.Trash = in != mailbox.TrashBox && in != mailbox.Drafts && v.may.Has(account.Deleting)
	l.Restore = in == mailbox.TrashBox
	l.Remove = (in == mailbox.TrashBox || in == mailbox.Drafts) && v.may.Has(account.Deleting)
	l.Export = in != mailbox.Drafts && p.Record != nil && v.may.Has(account.Exporting)
	if in == mailbox.Drafts || in == mailbox.Archive && !v.may.Has(account.Archiving) {
		l.Moves = nil
	}
	return nil
}

func (p *pages) listPage(v *visit, l list) web.Page {
	page := web.Page{View: p.views.Page("list"), Title: l.Title, Data: &l, Wide: true, Script: web.Mailbox}
	if n := v.done(); n != nil {
		page.Notices = append(page.Notices, *n)
	}
	return page
}

// line makes a row. Nothing of a message's body is in it.
func (p *pages) line(v *visit, r *mailbox.Row, ask bool, folder mailbox.FolderID) line {
	l := line{ID: r.ID, Path: itemPath(r.ID), At: r.At, Files: max(0, r.Attachments), Marked: r.Flags&mailbox.Flagged != 0, Answered: r.Flags&mailbox.Answered != 0, Forwarded: r.Flags&mailbox.Forwarded != 0}
	l.Short, l.UTC = clock(r.At)
	switch r.Kind {
	case mailbox.Received:
		l.Who, l.Subject = same(partyName(r.Record.Sender)), r.Record.Subject
		l.Unopened = !p.isOpened(v, r)
		l.Direct = l.Unopened && !ask
		if l.Unopened {
			l.Badges = append(l.Badges, badge(text("açılmadı", "not opened"), web.Info))
		}
	case mailbox.Sent:
		l.Who, l.Subject = recipients(r.Record.Recipients), r.Record.Subject
		l.Badges = standing(&message.View{Record: *r.Record, Standings: r.Standings})
	case mailbox.Evidence:
		l.Subject = r.Record.Subject
		if r.Filed != nil {
			l.Who, _ = envelope.Told(r.Filed.Kind, r.Filed.Outcome)
			l.Badges = append(l.Badges, outcome(r.Filed))
		}
		if to := r.Record.Recipient(r.Recipient); to != nil {
			l.Subject = to.Address.String() + " · " + l.Subject
		}
	case mailbox.Drafted:
		l.Path = "/mail/compose/" + string(r.Item.Draft)
		if d := r.Draft; d != nil {
			l.Subject = d.Subject
			l.Who = addressees(d.To, d.Cc)
			if step, ok := steps[d.Step]; ok {
				l.Badges = append(l.Badges, step)
			}
		}
	}
	if r.Kind != mailbox.Drafted && folder == "" {
		if name, fixed := mailbox.FixedNames[r.Folder]; fixed {
			l.Badges = append(l.Badges, badge(name, web.Plain))
		}
	}
	if l.Subject == "" {
		l.Subject = v.Say(text("(konu yok)", "(no subject)"))
	}
	return l
}

// steps are where a draft is, as far as it is not simply being written.
var steps = map[mailbox.Step]web.Cell{
	mailbox.ToSign:    badge(text("imza bekliyor", "to be signed"), web.Attention),
	mailbox.Scheduled: badge(text("zamanlandı", "scheduled"), web.Info),
	mailbox.Sending:   badge(text("gönderiliyor", "being sent"), web.Info),
	mailbox.Stopped:   badge(text("gönderilemedi", "could not be sent"), web.Bad),
}

func badge(t rem.Text, tone web.Tone) web.Cell { return web.Cell{Say: t, Badge: true, Tone: tone} }

// standing says where a sent message stands: in counts of recipients, since each
// has his own fate.
func standing(v *message.View) []web.Cell {
	s := timeline.Of(v, timeline.Options{}).Summary
	var list []web.Cell
	add := func(n int, tr, en string, tone web.Tone) {
		if n > 0 {
			list = append(list, badge(text(fmt.Sprintf("%d/%d %s", n, s.Recipients, tr), fmt.Sprintf("%d/%d %s", n, s.Recipients, en)), tone))
		}
	}
	add(s.InMailbox, "teslim", "delivered", web.Good)
	add(s.Read, "okundu", "read", web.Good)
	add(s.NotRead, "süresinde okunmadı", "not read in time", web.Attention)
	add(s.UnderWay, "yolda", "on the way", web.Info)
	add(s.Unknown, "bilgi yok", "no information", web.Attention)
	add(s.Failed, "ulaşmadı", "did not arrive", web.Bad)
	return list
}

func outcome(f *message.Filed) web.Cell {
	if f.Outcome == message.Positive {
		return badge(text("olumlu", "positive"), web.Good)
	}
	return badge(text("olumsuz", "negative"), web.Attention)
}

// partyName is a name with its address: who writes a name is not believed to be it.
func partyName(p message.Party) string {
	address := p.Address.String()
	if address == "" {
		address = p.Raw
	}
	if p.Name == "" {
		return shown(address)
	}
	return shown(p.Name) + " <" + shown(address) + ">"
}

func recipients(all []message.Recipient) rem.Text {
	if len(all) == 0 {
		return rem.Text{}
	}
	return andMore(partyName(all[0].Party), len(all)-1)
}

func addressees(lists ...[]string) rem.Text {
	first, n := "", 0
	for _, l := range lists {
		for _, a := range l {
			if n++; n == 1 {
				first = shown(a)
			}
		}
	}
	if n == 0 {
		return text("(alıcı yok)", "(no recipient)")
	}
	return andMore(first, n-1)
}

func andMore(first string, more int) rem.Text {
	if more == 0 {
		return same(first)
	}
	return text(fmt.Sprintf("%s ve %d alıcı daha", first, more), fmt.Sprintf("%s and %d more", first, more))
}

// clock writes a time as lists do, in Türkiye and in UTC.
func clock(t time.Time) (local, utc string) {
	return t.In(timeline.Türkiye).Format("02.01.2006 15:04"), t.UTC().Format("2006-01-02 15:04:05") + " UTC"
}
