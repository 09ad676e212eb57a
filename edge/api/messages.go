package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rem"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/timeline"
	"rem/person/token"
)

// An Item is one line of the mailbox.
type Item struct {
	ID          int64      `json:"id"`
	Kind        string     `json:"kind" enum:"received,sent,evidence,draft"`
	Folder      string     `json:"folder"`
	Message     string     `json:"message,omitempty" doc:"KEP ileti numarası / the message's identifier"`
	Draft       string     `json:"draft,omitempty"`
	Evidence    string     `json:"evidence,omitempty"`
	From        string     `json:"from,omitempty"`
	To          []string   `json:"to,omitempty"`
	Subject     string     `json:"subject"`
	At          time.Time  `json:"at" doc:"UTC"`
	Size        int64      `json:"size"`
	Opened      *time.Time `json:"opened,omitempty" doc:"Gelen iletinin ilk açıldığı zaman; yoksa hiç açılmadı / when a received one was first opened"`
	Flagged     bool       `json:"flagged"`
	Attachments int        `json:"attachments" doc:"-1: henüz sayılmadı / not counted yet"`
	Summary     *Text      `json:"summary,omitempty" doc:"Gönderilen iletide alıcı sayıları / counts of recipients of a sent one"`
}

var kinds = map[mailbox.Kind]string{mailbox.Received: "received", mailbox.Sent: "sent", mailbox.Evidence: "evidence", mailbox.Drafted: "draft"}

// A Query is what a list asks for.
type Query struct {
	Folder   string    `json:"folder,omitempty" query:"folder" doc:"Boşsa çöp kutusu dışında hepsi / empty: all but the trash"`
	Cursor   int64     `json:"cursor,omitempty" query:"cursor" doc:"Önceki yanıtın next değeri / the next of the answer before"`
	Limit    int       `json:"limit,omitempty" query:"limit" minimum:"1" maximum:"200" default:"50"`
	Kind     string    `json:"kind,omitempty" query:"kind" enum:"received,sent,evidence,draft"`
	From     time.Time `json:"from,omitempty" query:"from"`
	Until    time.Time `json:"until,omitempty" query:"until"`
	State    string    `json:"state,omitempty" query:"state" enum:"waiting,taken-over,delivered,retrieved,not-opened,failed,no-answer" doc:"En az bir alıcı bu durumda / at least one recipient is in it"`
	Unopened bool      `json:"unopened,omitempty" query:"unopened"`
	Attached bool      `json:"attached,omitempty" query:"attached"`
	Message  string    `json:"message,omitempty" query:"message" doc:"Bu ileti hakkındakiler / what is about this message"`
}

var states = map[string]mailbox.Progress{
	"waiting": mailbox.Waiting, "taken-over": mailbox.TakenOver, "delivered": mailbox.Delivered, "retrieved": mailbox.Retrieved,
	"not-opened": mailbox.NotOpened, "failed": mailbox.Failed, "no-answer": mailbox.NoAnswer,
}

func (q *Query) query() mailbox.Query {
	out := mailbox.Query{
		Folder: mailbox.FolderID(q.Folder), Before: mailbox.ItemID(q.Cursor), Limit: q.Limit, From: q.From, Until: q.Until,
		Progress: states[q.State], Unopened: q.Unopened, Attached: q.Attached, Message: rem.MessageID(q.Message),
	}
	for k, name := range kinds {
		if name == q.Kind {
			out.Kinds = []mailbox.Kind{k}
		}
	}
	if out.Limit == 0 {
		out.Limit = 50
	}
	return out
}

// A Page is a part of a list.
type Page struct {
	Items []Item `json:"items"`
	Next  int64  `json:"next,omitempty" doc:"Sonraki sayfanın cursor değeri; yoksa son sayfadır / cursor of the next page"`
}

type pageOut struct{ Body Page }

type itemIn struct {
	Spoken
	ID int64 `path:"item"`
}

func (p *programs) messages() {
	const tag = "İletiler / messages"
	page := func(ctx context.Context, q *Query, words, language string) (*pageOut, error) {
		asked := q.query()
		rows, err := p.Box.List(ctx, visitor(ctx), asked, words)
		if err != nil {
			return nil, p.told(language, err)
		}
		out := &pageOut{Body: Page{Items: []Item{}}}
		for i := range rows {
			out.Body.Items = append(out.Body.Items, p.item(&rows[i]))
		}
		if len(rows) == asked.Limit {
			out.Body.Next = int64(rows[len(rows)-1].ID)
		}
		return out, nil
	}
	type listIn struct {
		Spoken
		Query
	}
	huma.Register(p.api, on(http.MethodGet, "items", "listItems", token.List, tag, "Posta kutusunu listeler; okundu delili oluşmaz", "Lists the mailbox; makes no evidence"),
		func(ctx context.Context, in *listIn) (*pageOut, error) { return page(ctx, &in.Query, "", in.Language) })
	type searchIn struct {
		Spoken
		Body struct {
			Query
			Words string `json:"words" maxLength:"500" doc:"Aranan sözcükler; hepsi geçmelidir / all must occur"`
		}
	}
	huma.Register(p.api, on(http.MethodPost, "items/search", "searchItems", token.List, tag, "Arar; aranan sözcükler adreste durmaz", "Searches; the words do not stand in an address"),
		func(ctx context.Context, in *searchIn) (*pageOut, error) {
			return page(ctx, &in.Body.Query, in.Body.Words, in.Language)
		})
	type itemOut struct{ Body Item }
	huma.Register(p.api, on(http.MethodGet, "items/{item}", "getItem", token.List, tag, "Bir satırı verir; okundu delili oluşmaz", "Gives one line; makes no evidence", http.StatusNotFound),
		func(ctx context.Context, in *itemIn) (*itemOut, error) {
			row, err := p.Box.Row(ctx, visitor(ctx), mailbox.ItemID(in.ID))
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			return &itemOut{p.item(&row)}, nil
		})
	type acknowledged struct {
		Body struct {
			Opened   time.Time `json:"opened" doc:"İlk açılma zamanı / when it was first opened"`
			Evidence string    `json:"evidence,omitempty" doc:"Okundu delili / the evidence of retrieval"`
		}
	}
	huma.Register(p.api, on(http.MethodPost, "items/{item}/acknowledge", "acknowledgeItem", token.Read, tag,
		"Gelen iletiyi açar: okundu delili oluşur, kişinin adı delilde yer alır", "Opens a received message: makes evidence of retrieval, which names the person", http.StatusNotFound),
		func(ctx context.Context, in *itemIn) (*acknowledged, error) {
			who := visitor(ctx)
			row, err := p.Box.Row(ctx, who, mailbox.ItemID(in.ID))
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			if _, err := p.Box.Open(ctx, who, row.ID); err != nil {
				return nil, p.told(in.Language, err)
			}
			view, err := p.Box.Message(ctx, who, row.Message)
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			out := &acknowledged{}
			for _, f := range view.Filed {
				if f.Kind == message.RetrievalNonRetrievalByRecipient && f.Outcome == message.Positive && f.Recipient == row.Recipient {
					out.Body.Opened, out.Body.Evidence = f.Time, string(f.ID)
				}
			}
			if out.Body.Opened.IsZero() { // opened after its time, which is recorded without evidence
				out.Body.Opened = row.Opened
			}
			return out, nil
		})
	huma.Register(p.api, on(http.MethodGet, "items/{item}/content", "getContent", token.Read, tag,
		"İletinin kendisini verir; gelen ileti önce acknowledge ile açılmış olmalıdır", "Gives the message itself; a received one has to be acknowledged first", http.StatusNotFound, http.StatusConflict),
		func(ctx context.Context, in *itemIn) (*huma.StreamResponse, error) {
			who := visitor(ctx)
			row, err := p.Box.Row(ctx, who, mailbox.ItemID(in.ID))
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			if row.Kind == mailbox.Received {
				view, err := p.Box.Message(ctx, who, row.Message)
				if err != nil {
					return nil, p.told(in.Language, err)
				}
				// A GET opens nothing for the first time (AT-30).
				if view.Standing(row.Recipient).State == message.Delivered {
					return nil, p.told(in.Language, problem(http.StatusConflict, "not-opened", text("İleti henüz açılmadı; önce acknowledge çağırınız.", "The message was not opened yet; call acknowledge first.")))
				}
			}
			c, err := p.Box.Open(ctx, who, row.ID)
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			return download(c, "message/rfc822", fmt.Sprintf("ileti-%d.eml", in.ID)), nil
		})
	p.moves(tag)
	p.journeys()
	p.submissions(tag)
}

func (p *programs) moves(tag string) {
	type moveIn struct {
		Spoken
		Body struct {
			Items  []int64 `json:"items" minItems:"1" maxItems:"1000"`
			Folder string  `json:"folder" doc:"Çöp kutusu trash, arşiv archive / the trash, the archive"`
		}
	}
	ids := func(list []int64) (out []mailbox.ItemID) {
		for _, n := range list {
			out = append(out, mailbox.ItemID(n))
		}
		return out
	}
	huma.Register(p.api, on(http.MethodPost, "items/move", "moveItems", token.Manage, tag, "Klasöre taşır", "Moves into a folder", http.StatusNotFound),
		func(ctx context.Context, in *moveIn) (*struct{}, error) {
			_, err := p.Box.Move(ctx, visitor(ctx), ids(in.Body.Items), mailbox.FolderID(in.Body.Folder))
			return nil, p.told(in.Language, err)
		})
	type flagIn struct {
		Spoken
		Body struct {
			Items   []int64 `json:"items" minItems:"1" maxItems:"1000"`
			Flagged *bool   `json:"flagged,omitempty"`
			Seen    *bool   `json:"seen,omitempty" doc:"Listede okundu görünmesi; delil değildir / a mark of lists, and no evidence"`
		}
	}
	huma.Register(p.api, on(http.MethodPost, "items/flag", "flagItems", token.Manage, tag, "İşaretler", "Marks"),
		func(ctx context.Context, in *flagIn) (*struct{}, error) {
			var add, remove mailbox.Flags
			for flag, want := range map[mailbox.Flags]*bool{mailbox.Flagged: in.Body.Flagged, mailbox.Seen: in.Body.Seen} {
				if want != nil && *want {
					add |= flag
				} else if want != nil {
					remove |= flag
				}
			}
			return nil, p.told(in.Language, p.Box.Flag(ctx, visitor(ctx), ids(in.Body.Items), add, remove))
		})
	type removeIn struct {
		Spoken
		Body struct {
			Items []int64 `json:"items" minItems:"1" maxItems:"1000"`
		}
	}
	huma.Register(p.api, on(http.MethodPost, "items/remove", "removeItems", token.Manage, tag,
		"Posta kutusundan kalıcı olarak kaldırır; delil ve kayıtlar saklanır", "Takes out of the mailbox for good; evidence and records are kept"),
		func(ctx context.Context, in *removeIn) (*struct{}, error) {
			return nil, p.told(in.Language, p.Box.Remove(ctx, visitor(ctx), ids(in.Body.Items)))
		})
}

// item is a row as programs get it.
func (p *programs) item(r *mailbox.Row) Item {
	i := Item{
		ID: int64(r.ID), Kind: kinds[r.Kind], Folder: string(r.Folder), Message: string(r.Message), Draft: string(r.Item.Draft), Evidence: string(r.Evidence),
		At: r.At, Size: r.Size, Flagged: r.Flags&mailbox.Flagged != 0, Attachments: r.Attachments,
	}
	if r.Kind == mailbox.Received && !r.Opened.IsZero() {
		i.Opened = &r.Opened
	}
	if r.Draft != nil {
		i.To, i.Subject = append(append([]string{}, r.Draft.To...), r.Draft.Cc...), r.Draft.Subject
	}
	if r.Record != nil {
		i.From, i.Subject = r.Record.Sender.Address.String(), r.Record.Subject
		for n := range r.Record.Recipients {
			to := &r.Record.Recipients[n]
			if i.Kind == "received" && n+1 != r.Recipient {
				continue // whom else it went to stands in the message, which opens
			}
			i.To = append(i.To, to.Address.String())
		}
		if r.Kind == mailbox.Sent {
			t := both(timeline.Of(&message.View{Record: *r.Record, Standings: r.Standings}, timeline.Options{}).Summary.Text())
			i.Summary = &t
		}
	}
	return i
}
