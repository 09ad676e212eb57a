package soap

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"rem"
	"rem/mail/mime"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/timeline"
)

// fixed are the provider's folders by the names that programs for eyServis use.
var fixed = []struct {
	name string
	id   mailbox.FolderID
}{
	{"INBOX", mailbox.Inbox}, {"INBOX.Sent", mailbox.SentBox}, {"INBOX.Drafts", mailbox.Drafts}, {"INBOX.Evidence", mailbox.Proofs},
	{"INBOX.Archive", mailbox.Archive}, {"INBOX.Trash", mailbox.TrashBox},
}

func (h *Handler) folders(ctx context.Context, c *call) ([]node, error) {
	all, err := h.Box.Folders(ctx, c.who)
	if err != nil {
		return nil, err
	}
	var list []node
	for _, f := range fixed {
		list = append(list, is("return", f.name))
	}
	for _, f := range all {
		if f.Name != "" {
			list = append(list, is("return", "INBOX."+f.Name))
		}
	}
	return list, nil
}

// folder finds one by its name; "" is the inbox.
func (h *Handler) folder(ctx context.Context, c *call, name string) (mailbox.FolderID, error) {
	if name == "" {
		return mailbox.Inbox, nil
	}
	for _, f := range fixed {
		if rem.FoldASCII(f.name) == rem.FoldASCII(name) {
			return f.id, nil
		}
	}
	all, err := h.Box.Folders(ctx, c.who)
	if err != nil {
		return "", err
	}
	for _, f := range all {
		if f.Name != "" && "INBOX."+f.Name == name {
			return f.ID, nil
		}
	}
	return "", own(notFound, "Böyle bir dizin yok; DizinSorgula çağırınız.", "There is no such folder; call DizinSorgula.")
}

// istanbul is Türkiye's time since 2016; a time without a zone is one of it.
var istanbul = time.FixedZone("Europe/Istanbul", 3*60*60)

func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, istanbul); err == nil {
			return t, nil
		}
	}
	return time.Time{}, bad("Tarih 2026-11-24T10:00:00 biçiminde olmalıdır.", "A time has to be written as 2026-11-24T10:00:00.")
}

func (h *Handler) packages(ctx context.Context, c *call) ([]node, error) {
	from, err := parseTime(c.in.get("ilktarih"))
	if err != nil {
		return nil, err
	}
	until, err := parseTime(c.in.get("sontarih"))
	if err != nil {
		return nil, err
	}
	if !until.IsZero() {
		until = until.Add(time.Second) // the second that is named belongs to it
	}
	f, err := h.folder(ctx, c, c.in.get("dizin"))
	if err != nil {
		return nil, err
	}
	q := mailbox.Query{Folder: f, From: from, Until: until, Kinds: []mailbox.Kind{mailbox.Received, mailbox.Sent}, Limit: mailbox.MaxPage}
	var rows []mailbox.Row
	for {
		page, err := h.Box.List(ctx, c.who, q, "")
		if err != nil {
			return nil, err
		}
		rows = append(rows, page...)
		if len(rows) > maxListed {
			return nil, own(conflict, fmt.Sprintf("Bu aralıkta %d iletiden çok var; tarih aralığını daraltınız.", maxListed), fmt.Sprintf("There are more than %d messages; ask for a shorter time.", maxListed))
		}
		if len(page) < q.Limit {
			break
		}
		q.Before = page[len(page)-1].ID
	}
	columns := []string{"durum", "kepId", "OrgMesajId", "kepSiraNo", "from", "fromKep", "konu", "tur", "turId", "hataaciklama"}
	var table [][]string
	for i := range rows {
		r := &rows[i]
		name := r.Record.Sender.Address.String()
		number := ""
		if r.ID <= math.MaxInt32 {
			number = strconv.FormatInt(int64(r.ID), 10)
		}
		table = append(table, []string{"0", string(r.Message), r.Record.UAMessageID, number, name, name, r.Record.Subject, "Standart", "", ""})
	}
	return parallel(columns, table), nil
}

// parallel writes a table column after column, as eyServis has its lists. An empty
// one is one durum.
func parallel(columns []string, table [][]string) (list []node) {
	if len(table) == 0 {
		return []node{is(columns[0], "0")}
	}
	for i, name := range columns {
		for _, row := range table {
			if n := is(name, row[i]); name != "kepSiraNo" || row[i] != "" {
				list = append(list, n)
			}
		}
	}
	return list
}

// item finds the message that a request names, by kepId, kepSiraNo or both. A
// folder that is named has to be its own; without one a received message comes
// before a sent one.
func (h *Handler) item(ctx context.Context, c *call) (mailbox.Row, error) {
	id, number := rem.MessageID(strings.Trim(c.in.get("kepId"), "<>")), c.in.get("kepSiraNo")
	var folder mailbox.FolderID
	if name := c.in.get("dizin"); name != "" {
		f, err := h.folder(ctx, c, name)
		if err != nil {
			return mailbox.Row{}, err
		}
		folder = f
	}
	var rows []mailbox.Row
	switch {
	case id == "" && number == "":
		return mailbox.Row{}, bad("kepId veya kepSiraNo verilmelidir.", "kepId or kepSiraNo has to be given.")
	case number != "":
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return mailbox.Row{}, bad("kepSiraNo bir sayı olmalıdır.", "kepSiraNo has to be a number.")
		}
		row, err := h.Box.Row(ctx, c.who, mailbox.ItemID(n))
		if err != nil {
			return mailbox.Row{}, err
		}
		rows = []mailbox.Row{row}
	default:
		var err error
		rows, err = h.Box.List(ctx, c.who, mailbox.Query{Folder: folder, Message: id, Kinds: []mailbox.Kind{mailbox.Received, mailbox.Sent}, Limit: mailbox.MaxPage}, "")
		if err != nil {
			return mailbox.Row{}, err
		}
		slices.SortStableFunc(rows, func(a, b mailbox.Row) int { return int(a.Kind) - int(b.Kind) })
	}
	for _, r := range rows {
		if (r.Kind == mailbox.Received || r.Kind == mailbox.Sent) && (id == "" || r.Message == id) && (folder == "" || r.Folder == folder) {
			return r, nil
		}
	}
	return mailbox.Row{}, mailbox.ErrNotFound
}

// keep closes a content after the answer has left.
func (c *call) keep(content message.Content) message.Content {
	if closer, ok := content.(io.Closer); ok {
		c.owned = append(c.owned, closer.Close)
	}
	return content
}

// acknowledge opens a message and gives nothing of it.
func (h *Handler) acknowledge(ctx context.Context, c *call) ([]node, error) {
	row, err := h.item(ctx, c)
	if err != nil {
		return nil, err
	}
	if row.Kind != mailbox.Received {
		return nil, own(refused, "Yalnızca gelen ileti onaylanır.", "Only a received message is acknowledged.")
	}
	content, err := h.Box.Open(ctx, c.who, row.ID)
	if err != nil {
		return nil, err
	}
	c.keep(content)
	return []node{is("durum", "0"), is("hataaciklama", "")}, nil
}

// download gives content, which of a received message is retrieval.
func (h *Handler) download(ctx context.Context, c *call) ([]node, error) {
	part := c.in.get("ePart")
	if part != "" && part != "ALL" && part != "ORGM" && part != "ORGMATTACH" {
		return nil, bad("ePart ALL, ORGM veya ORGMATTACH olmalıdır.", "ePart has to be ALL, ORGM or ORGMATTACH.")
	}
	row, err := h.item(ctx, c)
	if err != nil {
		return nil, err
	}
	content, err := h.Box.Open(ctx, c.who, row.ID)
	if err != nil {
		return nil, err
	}
	c.keep(content)
	answer := []node{is("durum", "0")}
	if part == "ORGMATTACH" {
		list, err := h.attached(c, content)
		if err != nil {
			return nil, err
		}
		return append(append(answer, list...), is("hataaciklama", "")), nil
	}
	answer = append(answer, node{name: "ePaket", content: content, media: "message/rfc822", file: fmt.Sprintf("ileti-%d.eml", row.ID)})
	if part != "ORGM" {
		filed, err := h.Box.EvidenceOf(ctx, c.who, row.Message)
		if err != nil {
			return nil, err
		}
		for i, f := range filed {
			answer = append(answer, node{name: "ePaket", content: bytesOf(f.XML), media: "application/xml", file: fmt.Sprintf("delil-%d-%s.xml", i+1, f.Kind.Code(f.Outcome))})
		}
	}
	return append(answer, is("hataaciklama", "")), nil
}

// attached decodes the attachments of a message into spools.
func (h *Handler) attached(c *call, content message.Content) (list []node, err error) {
	m, err := mime.Parse(content, mime.Options{Limits: mime.DefaultLimits})
	if err != nil {
		return nil, own(refused, "İletinin yapısı okunamıyor; ORGM ile tamamını indiriniz.", "The structure of the message cannot be read; download it whole by ORGM.")
	}
	for p := range m.Part.All() {
		name := p.FileName()
		if len(p.Parts) > 0 || name == "" || p.Type.Is("application/pkcs7-signature") || p.Type.Is("application/x-pkcs7-signature") {
			continue
		}
		s := h.Box.Spool()
		c.owned = append(c.owned, s.Close)
		if _, err := io.Copy(s, p.Decode(content)); err != nil {
			return nil, fmt.Errorf("decoding an attachment: %w", err)
		}
		if err := s.Seal(); err != nil {
			return nil, fmt.Errorf("decoding an attachment: %w", err)
		}
		list = append(list, node{name: "ePaket", content: s, media: "application/octet-stream", file: name})
	}
	return list, nil
}

func (h *Handler) discard(ctx context.Context, c *call) ([]node, error) {
	row, err := h.item(ctx, c)
	if err != nil {
		return nil, err
	}
	if _, err := h.Box.Move(ctx, c.who, []mailbox.ItemID{row.ID}, mailbox.TrashBox); err != nil {
		return nil, err
	}
	return []node{is("durum", "0"), is("hataaciklama", "")}, nil
}

func (h *Handler) proofs(ctx context.Context, c *call) ([]node, error) {
	row, err := h.item(ctx, c)
	if err != nil {
		return nil, err
	}
	view, err := h.Box.Message(ctx, c.who, row.Message)
	if err != nil {
		return nil, err
	}
	// Of a message that another account sent, a recipient sees himself alone.
	var only []int
	if view.Record.Actor.Account != c.who.Actor.Account {
		only = []int{}
		for i := range view.Record.Recipients {
			if view.Record.Recipients[i].Account == c.who.Actor.Account {
				only = append(only, i+1)
			}
		}
	}
	var table [][]string
	for _, e := range timeline.Of(view, timeline.Options{Only: only}).Evidence {
		name := e.Name.Turkish
		if e.Recipient > 0 && only == nil {
			name += ": " + view.Record.Recipients[e.Recipient-1].Address.String()
		}
		var why []string
		for _, r := range e.Reasons {
			why = append(why, r.Text.Turkish)
		}
		table = append(table, []string{
			"0", string(row.Message) + "/" + string(e.ID), e.Code, name, e.Time.In(istanbul).Format(time.RFC3339), e.Issuer, strings.Join(why, " "),
		})
	}
	return parallel([]string{"durum", "delilId", "delilTurId", "delilaciklama", "tarih", "kephs", "hataaciklama"}, table), nil
}

// proof gives an evidence. Its name at this door has the message's before it.
func (h *Handler) proof(ctx context.Context, c *call) ([]node, error) {
	asked := c.in.get("delilId")
	at := strings.LastIndexByte(asked, '/')
	if at < 0 {
		return nil, mailbox.ErrNotFound
	}
	filed, err := h.Box.EvidenceOf(ctx, c.who, rem.MessageID(asked[:at]))
	if err != nil {
		return nil, err
	}
	for _, f := range filed {
		if string(f.ID) == asked[at+1:] {
			return []node{is("durum", "0"), {name: "eDelil", content: bytesOf(f.XML), media: "application/xml", file: "delil-" + f.Kind.Code(f.Outcome) + ".xml"}, is("hataaciklama", "")}, nil
		}
	}
	return nil, mailbox.ErrNotFound
}
