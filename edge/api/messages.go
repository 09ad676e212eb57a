package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"rem"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/submission"
	"rem/message/timeline"
	"rem/message/verification"
	"rem/person/token"
)

// A Folder is one with what is in it.
type Folder struct {
	ID       string `json:"id" example:"inbox"`
	Name     string `json:"name"`
	Own      bool   `json:"own" doc:"Kişinin kendi klasörü / made by people"`
	Items    int64  `json:"items"`
	Unopened int64  `json:"unopened"`
	Bytes    int64  `json:"bytes"`
}

// A Naming gives a folder its name.
type Naming struct {
	Spoken
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"100"`
	}
}

func (p *programs) folders() {
	const tag = "Klasörler / folders"
	type list struct{ Body []Folder }
	huma.Register(p.api, on(http.MethodGet, "folders", "listFolders", token.List, tag, "Klasörleri listeler", "Lists the folders"),
		func(ctx context.Context, in *Spoken) (*list, error) {
			all, err := p.Box.Folders(ctx, visitor(ctx))
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			out := &list{Body: []Folder{}}
			for _, f := range all {
				one := Folder{ID: string(f.ID), Name: f.Name, Own: f.Name != "", Items: f.Items, Unopened: f.Unopened, Bytes: f.Bytes}
				if !one.Own {
					one.Name = mailbox.FixedNames[f.ID].Turkish
				}
				out.Body = append(out.Body, one)
			}
			return out, nil
		})
	type made struct {
		Body struct {
			ID string `json:"id"`
		}
	}
	create := on(http.MethodPost, "folders", "createFolder", token.Manage, tag, "Klasör açar", "Makes a folder", http.StatusConflict)
	create.DefaultStatus = http.StatusCreated
	huma.Register(p.api, create, func(ctx context.Context, in *Naming) (*made, error) {
		id, err := p.Box.CreateFolder(ctx, visitor(ctx), in.Body.Name)
		out := &made{}
		out.Body.ID = string(id)
		return out, p.told(in.Language, err)
	})
	type renaming struct {
		Naming
		ID string `path:"folder"`
	}
	huma.Register(p.api, on(http.MethodPut, "folders/{folder}", "renameFolder", token.Manage, tag, "Klasörün adını değiştirir", "Renames a folder", http.StatusNotFound, http.StatusConflict),
		func(ctx context.Context, in *renaming) (*struct{}, error) {
			return nil, p.told(in.Language, p.Box.RenameFolder(ctx, visitor(ctx), mailbox.FolderID(in.ID), in.Body.Name))
		})
	type one struct {
		Spoken
		ID string `path:"folder"`
	}
	huma.Register(p.api, on(http.MethodDelete, "folders/{folder}", "removeFolder", token.Manage, tag, "Boş klasörü kaldırır", "Removes an empty folder", http.StatusNotFound, http.StatusConflict),
		func(ctx context.Context, in *one) (*struct{}, error) {
			return nil, p.told(in.Language, p.Box.RemoveFolder(ctx, visitor(ctx), mailbox.FolderID(in.ID)))
		})
}

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

// A Journey is what became of a message.
type Journey struct {
	Message    string             `json:"message"`
	Subject    string             `json:"subject"`
	From       string             `json:"from"`
	Submitted  time.Time          `json:"submitted"`
	Digest     string             `json:"sha256"`
	Recipients []JourneyRecipient `json:"recipients"`
	Summary    Text               `json:"summary"`
}

// A JourneyRecipient is one recipient's part.
type JourneyRecipient struct {
	Number  int           `json:"number"`
	Address string        `json:"address"`
	Copy    bool          `json:"copy"`
	State   string        `json:"state"`
	Stands  Text          `json:"stands"`
	Until   *time.Time    `json:"until,omitempty" doc:"Beklenenin süre sonu / when the awaited has to have come"`
	Steps   []JourneyStep `json:"steps"`
}

// A JourneyStep is one step.
type JourneyStep struct {
	Place    string     `json:"place"`
	Progress string     `json:"progress"`
	Text     Text       `json:"text"`
	Time     *time.Time `json:"time,omitempty"`
	Evidence []Proof    `json:"evidence,omitempty"`
}

// A Proof is an evidence.
type Proof struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind" example:"DeliveryNonDeliveryToRecipient"`
	Code      string    `json:"code" example:"40"`
	Positive  bool      `json:"positive"`
	Name      Text      `json:"name"`
	Recipient int       `json:"recipient" doc:"0: hepsi / all"`
	Issuer    string    `json:"issuer"`
	Time      time.Time `json:"time"`
	Reasons   []string  `json:"reasons,omitempty"`
	Digest    string    `json:"sha256"`
	Verdict   string    `json:"verdict,omitempty" doc:"EN 319 102-1: TOTAL-PASSED, INDETERMINATE, TOTAL-FAILED"`
	Sentence  *Text     `json:"sentence,omitempty"`
	Conflict  bool      `json:"conflict,omitempty"`
}

func proof(e *timeline.Evidence) Proof {
	out := Proof{
		ID: string(e.ID), Kind: e.Kind.String(), Code: e.Code, Positive: e.Outcome == message.Positive, Name: both(e.Name), Recipient: e.Recipient,
		Issuer: e.Issuer, Time: e.Time, Digest: e.Digest.String(), Conflict: e.Conflict,
	}
	for _, r := range e.Reasons {
		out.Reasons = append(out.Reasons, string(r.Code))
	}
	if j := e.Judgement; j != nil {
		t := both(j.Sentence)
		out.Verdict, out.Sentence = j.Verdict.String(), &t
	}
	return out
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// A MessageIn names a message.
type MessageIn struct {
	Spoken
	ID string `path:"message" maxLength:"200"`
}

func (p *programs) journeys() {
	const tag = "Deliller / evidence"
	type journeyOut struct{ Body Journey }
	huma.Register(p.api, on(http.MethodGet, "messages/{message}", "getTimeline", token.List, tag,
		"Alıcı alıcı ne olduğunu delilleriyle verir", "Gives what became of a message, recipient by recipient, with the evidence and its verdicts", http.StatusNotFound),
		func(ctx context.Context, in *MessageIn) (*journeyOut, error) {
			who := visitor(ctx)
			view, err := p.Box.Message(ctx, who, rem.MessageID(in.ID))
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			filed, err := p.Box.EvidenceOf(ctx, who, view.Record.ID)
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			judged, err := p.judged(ctx, filed)
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			m := timeline.Of(view, timeline.Options{Only: shown(view, who), Judgements: judged})
			out := &journeyOut{Body: Journey{
				Message: string(m.ID), Subject: m.Subject, From: m.Sender.Address, Submitted: m.Submitted, Digest: m.Digest.String(),
				Recipients: []JourneyRecipient{}, Summary: both(m.Summary.Text()),
			}}
			for i := range m.Recipients {
				r := &m.Recipients[i]
				one := JourneyRecipient{Number: r.Number, Address: r.Address, Copy: r.Copy, State: r.State.String(), Stands: both(r.Stands), Until: optional(r.Until), Steps: []JourneyStep{}}
				for j := range r.Steps {
					s := &r.Steps[j]
					step := JourneyStep{Place: s.Place.String(), Progress: s.Progress.String(), Text: both(s.Sentence), Time: optional(s.Time)}
					for k := range s.Evidence {
						step.Evidence = append(step.Evidence, proof(&s.Evidence[k]))
					}
					one.Steps = append(one.Steps, step)
				}
				out.Body.Recipients = append(out.Body.Recipients, one)
			}
			return out, nil
		})
	type proofsOut struct{ Body []Proof }
	huma.Register(p.api, on(http.MethodGet, "messages/{message}/evidence", "listEvidence", token.List, tag, "İletinin delillerini listeler", "Lists the evidence of a message", http.StatusNotFound),
		func(ctx context.Context, in *MessageIn) (*proofsOut, error) {
			who := visitor(ctx)
			view, err := p.Box.Message(ctx, who, rem.MessageID(in.ID))
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			out := &proofsOut{Body: []Proof{}}
			for _, e := range timeline.Of(view, timeline.Options{Only: shown(view, who)}).Evidence {
				out.Body = append(out.Body, proof(&e))
			}
			return out, nil
		})
	type evidenceIn struct {
		MessageIn
		Evidence string `path:"evidence"`
	}
	huma.Register(p.api, on(http.MethodGet, "messages/{message}/evidence/{evidence}", "getEvidence", token.List, tag, "Delilin imzalı XML'ini verir, baytı baytına", "Gives the signed XML of an evidence, byte for byte", http.StatusNotFound),
		func(ctx context.Context, in *evidenceIn) (*huma.StreamResponse, error) {
			filed, err := p.Box.EvidenceOf(ctx, visitor(ctx), rem.MessageID(in.ID))
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			for _, f := range filed {
				if string(f.ID) == in.Evidence {
					return download(memory(f.XML), "application/xml", "delil.xml"), nil
				}
			}
			return nil, p.told(in.Language, mailbox.ErrNotFound)
		})
	verify := on(http.MethodPost, "verify", "verifyEvidence", token.List, tag, "Bir delili veya zarfı doğrular; dosya saklanmaz", "Verifies an evidence or an envelope; the file is not kept")
	verify.MaxBodyBytes = 40 << 20
	type verifyIn struct {
		Spoken
		RawBody []byte `contentType:"application/octet-stream"`
	}
	type verifyOut struct {
		Body *verification.Report
	}
	huma.Register(p.api, verify, func(ctx context.Context, in *verifyIn) (*verifyOut, error) {
		if p.Verifier == nil {
			return nil, p.told(in.Language, errors.New("there is no verifier"))
		}
		report, err := p.Verifier.Verify(ctx, verification.Input{Name: "file", Source: memory(in.RawBody)})
		if err != nil {
			return nil, p.told(in.Language, err)
		}
		return &verifyOut{report}, nil
	})
}

// A Receipt is what became of a submission, for good.
type Receipt struct {
	Message  string `json:"message"`
	Evidence string `json:"evidence"`
}

// A Streamed body is read by its handler.
type Streamed struct {
	Spoken
	Key  string `header:"Idempotency-Key" maxLength:"200" doc:"Aynı anahtarla yinelenen istek aynı yanıtı alır / the same request under the same key gets the same answer"`
	body io.Reader
}

// Resolve implements huma.Resolver: it takes the body as it comes.
func (s *Streamed) Resolve(c huma.Context) []error {
	s.body = c.BodyReader()
	_ = c.SetReadDeadline(time.Now().Add(bodyTime)) // where the connection has none, nothing changes
	_, w := humago.Unwrap(c)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(bodyTime + answerTime)) // likewise
	return nil
}

type receiptOut struct {
	Status int
	Body   Receipt
}

func (p *programs) submissions(tag string) {
	op := on(http.MethodPost, "messages", "submitMessage", token.Send, tag,
		"İmzalı orijinal iletiyi (message/rfc822) gönderir; yanıt, gönderim delili kalıcı olduktan sonradır", "Submits a signed original message (message/rfc822); answered after the evidence of submission is durable",
		http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity)
	op.DefaultStatus = http.StatusCreated
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"message/rfc822": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}
	op.MaxBodyBytes, op.BodyReadTimeout = -1, -1
	huma.Register(p.api, op, func(ctx context.Context, in *Streamed) (*receiptOut, error) {
		spool := p.Box.Spool()
		defer spool.Close()
		n, err := io.Copy(spool, io.LimitReader(in.body, p.MaxSize+1))
		switch {
		case n > p.MaxSize:
			return nil, p.told(in.Language, problem(http.StatusRequestEntityTooLarge, "too-large", text("İleti çok büyük.", "The message is too large.")))
		case err != nil:
			return nil, p.told(in.Language, problem(http.StatusBadRequest, "cut", text("Gövde tamamlanmadı; hiçbir şey gönderilmedi.", "The body did not come whole; nothing was submitted.")))
		}
		if err := spool.Seal(); err != nil {
			return nil, p.told(in.Language, err)
		}
		return p.once(ctx, in.Key, in.Language, spool.Digest(), func() (submission.Receipt, error) {
			return p.Box.Submit(ctx, visitor(ctx), spool)
		})
	})
}

// once answers a request with an idempotency key once: a second one under the key
// gets the first one's answer. A request that a crash left open is made again, which
// submission recognises.
func (p *programs) once(ctx context.Context, key, language string, request rem.Digest, do func() (submission.Receipt, error)) (*receiptOut, error) {
	if key == "" {
		r, err := do()
		return p.receipt(r, err, language)
	}
	id := rem.DigestOf([]byte(string(bearer(ctx).Key) + "\x00" + key))
	kept, begun, err := p.Answers.Begin(ctx, id, request, p.h.clock.Now())
	switch {
	case err != nil:
		return nil, p.told(language, err)
	case !begun && kept.Request != request:
		return nil, p.told(language, problem(http.StatusUnprocessableEntity, "key-reused", text("Bu Idempotency-Key başka bir istek için kullanıldı.", "This Idempotency-Key was used for another request.")))
	case !begun && kept.Status != 0:
		return replay(kept.Status, kept.Body)
	}
	r, err := do()
	if err != nil {
		return nil, p.told(language, errors.Join(err, p.Answers.Leave(context.WithoutCancel(ctx), id)))
	}
	out, answer := p.receipt(r, nil, language)
	status, body := http.StatusCreated, any(nil)
	if out != nil {
		body = out.Body
	} else if pr, ok := errors.AsType[*Problem](answer); ok {
		status, body = pr.Status, pr
	}
	bytes, err := json.Marshal(body)
	if err == nil {
		err = p.Answers.End(context.WithoutCancel(ctx), id, status, bytes)
	}
	if err != nil {
		p.h.log.Error("api: keeping an answer", "err", err) // made again, it gives the same
	}
	return out, answer
}

func replay(status int, body []byte) (*receiptOut, error) {
	if status == http.StatusCreated {
		out := &receiptOut{Status: status}
		return out, json.Unmarshal(body, &out.Body)
	}
	pr := &Problem{}
	if err := json.Unmarshal(body, pr); err != nil {
		return nil, err
	}
	return nil, pr
}

// receipt tells what became of a submission: a refusal is a problem with its
// evidence.
func (p *programs) receipt(r submission.Receipt, err error, language string) (*receiptOut, error) {
	if err != nil {
		return nil, p.told(language, err)
	}
	if r.Refusal != nil {
		pr := problem(http.StatusUnprocessableEntity, "submission-refused", r.Refusal.Detail)
		pr.Reason, pr.Evidence = string(r.Refusal.Reason), string(r.Evidence)
		pr.in(language)
		return nil, pr
	}
	return &receiptOut{Status: http.StatusCreated, Body: Receipt{string(r.Message), string(r.Evidence)}}, nil
}

// memory is a content in memory.
type memory []byte

func (m memory) ReadAt(b []byte, off int64) (int, error) {
	if off >= int64(len(m)) {
		return 0, io.EOF
	}
	n := copy(b, m[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (m memory) Size() int64        { return int64(len(m)) }
func (m memory) Digest() rem.Digest { return rem.DigestOf(m) }
