package api

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rem"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/signing"
	"rem/person/token"
)

// A Draft is a message that is being written.
type Draft struct {
	ID      string      `json:"id" readOnly:"true"`
	Version int64       `json:"version" doc:"Okunan sürüm; kayıtta değiştiyse 409 / the version that was read"`
	To      []string    `json:"to" nullable:"false" maxItems:"500"`
	CC      []string    `json:"cc,omitempty" maxItems:"500"`
	Subject string      `json:"subject" maxLength:"500"`
	Text    string      `json:"text"`
	HTML    string      `json:"html,omitempty" doc:"Güvenli alt kümeye indirilir / reduced to a safe subset"`
	Answers string      `json:"answers,omitempty" doc:"Yanıtlanan ileti / the message that it answers"`
	Files   []DraftFile `json:"files,omitempty" readOnly:"true"`
	Saved   time.Time   `json:"saved" readOnly:"true"`
}

// A DraftFile is an attachment of one.
type DraftFile struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	Digest string `json:"sha256"`
}

func draft(d *mailbox.Draft) Draft {
	out := Draft{ID: string(d.ID), Version: d.Version, To: d.To, CC: d.Cc, Subject: d.Subject, Text: d.Text, HTML: d.HTML, Answers: string(d.Answers), Saved: d.Saved}
	if out.To == nil {
		out.To = []string{}
	}
	for _, f := range d.Files {
		out.Files = append(out.Files, DraftFile{f.ID, f.Name, f.Type, f.Size, f.Digest.String()})
	}
	return out
}

// A DraftIn names a draft.
type DraftIn struct {
	Spoken
	ID string `path:"draft" maxLength:"64"`
}

type draftOut struct{ Body Draft }

// random names something of ours.
func random() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// save writes what a program sent over a draft as it is kept.
func (p *programs) save(ctx context.Context, id string, in *Draft) (*draftOut, error) {
	who := visitor(ctx)
	d := mailbox.Draft{ID: mailbox.DraftID(id), Step: mailbox.Writing}
	if in.Version > 0 {
		var err error
		if d, err = p.Box.Draft(ctx, who, d.ID); err != nil {
			return nil, err
		}
		d.Step, d.SendAt, d.Original = mailbox.Writing, time.Time{}, rem.Digest{}
	}
	d.Version, d.To, d.Cc, d.Subject, d.Text, d.HTML, d.Answers = in.Version, in.To, in.CC, in.Subject, in.Text, in.HTML, rem.MessageID(in.Answers)
	if _, err := p.Box.Save(ctx, who, d); err != nil {
		return nil, err
	}
	return p.draft(ctx, id)
}

func (p *programs) draft(ctx context.Context, id string) (*draftOut, error) {
	d, err := p.Box.Draft(ctx, visitor(ctx), mailbox.DraftID(id))
	if err != nil {
		return nil, err
	}
	return &draftOut{draft(&d)}, nil
}

func (p *programs) drafts() {
	const tag = "Taslaklar / drafts"
	type create struct {
		Spoken
		Body Draft
	}
	made := on(http.MethodPost, "drafts", "createDraft", token.Send, tag, "Taslak açar", "Begins a draft", http.StatusForbidden)
	made.DefaultStatus = http.StatusCreated
	huma.Register(p.api, made, func(ctx context.Context, in *create) (*draftOut, error) {
		in.Body.Version = 0
		out, err := p.save(ctx, random(), &in.Body)
		return out, p.told(in.Language, err)
	})
	huma.Register(p.api, on(http.MethodGet, "drafts/{draft}", "getDraft", token.Send, tag, "Taslağı verir", "Gives a draft", http.StatusNotFound),
		func(ctx context.Context, in *DraftIn) (*draftOut, error) {
			out, err := p.draft(ctx, in.ID)
			return out, p.told(in.Language, err)
		})
	type replace struct {
		DraftIn
		Body Draft
	}
	huma.Register(p.api, on(http.MethodPut, "drafts/{draft}", "saveDraft", token.Send, tag, "Taslağı kaydeder", "Saves a draft", http.StatusNotFound, http.StatusConflict),
		func(ctx context.Context, in *replace) (*draftOut, error) {
			in.Body.Version = max(in.Body.Version, 1) // what is not there is not begun here
			out, err := p.save(ctx, in.ID, &in.Body)
			return out, p.told(in.Language, err)
		})
	huma.Register(p.api, on(http.MethodDelete, "drafts/{draft}", "dropDraft", token.Send, tag, "Taslaktan vazgeçer", "Gives a draft up", http.StatusNotFound),
		func(ctx context.Context, in *DraftIn) (*struct{}, error) {
			return nil, p.told(in.Language, p.Box.Drop(ctx, visitor(ctx), mailbox.DraftID(in.ID)))
		})
	p.files(tag)
	p.signing()
}

func (p *programs) files(tag string) {
	type attachIn struct {
		ID string `path:"draft" maxLength:"64"`
		Streamed
		Name string `query:"name" required:"true" minLength:"1" maxLength:"255"`
		Type string `query:"type" maxLength:"100" default:"application/octet-stream"`
	}
	op := on(http.MethodPost, "drafts/{draft}/files", "attachFile", token.Send, tag, "Taslağa ek koyar; gövde dosyanın kendisidir", "Attaches a file; the body is the file", http.StatusNotFound, http.StatusConflict, http.StatusRequestEntityTooLarge)
	op.DefaultStatus = http.StatusCreated
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}
	op.MaxBodyBytes, op.BodyReadTimeout = -1, -1
	huma.Register(p.api, op, func(ctx context.Context, in *attachIn) (*draftOut, error) {
		who, id := visitor(ctx), mailbox.DraftID(in.ID)
		language := in.Language
		if _, err := p.Box.Draft(ctx, who, id); err != nil {
			return nil, p.told(language, err)
		}
		file := mailbox.File{ID: random(), Name: in.Name, Type: in.Type}
		var err error
		if file.Size, file.Digest, err = p.Box.Attach(ctx, who, id, file.ID, io.LimitReader(in.body, p.MaxSize+1), p.MaxSize); err != nil {
			return nil, p.told(language, err)
		}
		d, err := p.Box.Draft(ctx, who, id) // it may have been saved while the file came
		if err == nil {
			d.Files = append(d.Files, file)
			_, err = p.Box.Save(ctx, who, d)
		}
		if err != nil {
			return nil, p.told(language, err)
		}
		out, err := p.draft(ctx, in.ID)
		return out, p.told(language, err)
	})
	type fileIn struct {
		DraftIn
		File string `path:"file" maxLength:"64"`
	}
	huma.Register(p.api, on(http.MethodDelete, "drafts/{draft}/files/{file}", "detachFile", token.Send, tag, "Eki kaldırır", "Takes a file off", http.StatusNotFound, http.StatusConflict),
		func(ctx context.Context, in *fileIn) (*draftOut, error) {
			who := visitor(ctx)
			d, err := p.Box.Draft(ctx, who, mailbox.DraftID(in.ID))
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			n := len(d.Files)
			if d.Files = slices.DeleteFunc(d.Files, func(f mailbox.File) bool { return f.ID == in.File }); len(d.Files) == n {
				return nil, p.told(in.Language, mailbox.ErrNotFound)
			}
			if _, err := p.Box.Save(ctx, who, d); err != nil {
				return nil, p.told(in.Language, err)
			}
			out, err := p.draft(ctx, in.ID)
			return out, p.told(in.Language, err)
		})
	huma.Register(p.api, on(http.MethodGet, "drafts/{draft}/original", "composeDraft", token.Send, tag,
		"Taslağın imzasız orijinal iletisini (MIME) verir; kendi programınızla imzalayıp messages'a gönderebilirsiniz", "Gives the unsigned original (MIME) of a draft, to be signed by a program of yours and sent to messages", http.StatusNotFound),
		func(ctx context.Context, in *DraftIn) (*huma.StreamResponse, error) {
			c, err := p.Box.Compose(ctx, visitor(ctx), mailbox.DraftID(in.ID))
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			return download(c, "message/rfc822", "ileti.eml"), nil
		})
}

// A ToSign is what has to be signed, of one draft.
type ToSign struct {
	Draft      string `json:"draft"`
	Attributes string `json:"attributes" doc:"İmzalanacak öznitelikler: DER, base64 / the signed attributes"`
	Digest     string `json:"sha256" doc:"Özniteliklerin özeti; kart bunu imzalar / what a card signs"`
}

// A Signature is a request for a signature.
type Signature struct {
	ID    string   `json:"id"`
	Items []ToSign `json:"items"`
}

func (p *programs) signing() {
	if p.Signing == nil {
		return
	}
	const tag = "İmza / signing"
	type beginIn struct {
		Spoken
		Body struct {
			Drafts      []string `json:"drafts" minItems:"1" maxItems:"200"`
			Certificate []string `json:"certificate" minItems:"1" maxItems:"10" doc:"Sertifika zinciri: DER, base64, imzalayan ilk / the chain, the signer's first"`
		}
	}
	type signatureOut struct{ Body Signature }
	op := on(http.MethodPost, "signatures", "beginSignature", token.Send, tag, "İmzalanacak özetleri verir", "Gives the digests to sign", http.StatusNotFound, http.StatusUnprocessableEntity)
	op.DefaultStatus = http.StatusCreated
	huma.Register(p.api, op, func(ctx context.Context, in *beginIn) (*signatureOut, error) {
		who := visitor(ctx)
		login, err := p.Login(ctx, who)
		if err != nil {
			return nil, p.told(in.Language, err)
		}
		var chain [][]byte
		for _, c := range in.Body.Certificate {
			der, err := base64.StdEncoding.DecodeString(c)
			if err != nil {
				return nil, p.told(in.Language, problem(http.StatusUnprocessableEntity, "certificate", text("Sertifika okunamıyor.", "The certificate cannot be read.")))
			}
			chain = append(chain, der)
		}
		var drafts []signing.Draft
		for _, id := range in.Body.Drafts {
			d, err := p.Box.Draft(ctx, who, mailbox.DraftID(id))
			var original message.Content
			if err == nil {
				original, err = p.Box.ComposeToSign(ctx, who, d.ID)
			}
			if err != nil {
				for _, d := range drafts {
					err = errors.Join(err, d.Close())
				}
				return nil, p.told(in.Language, err)
			}
			drafts = append(drafts, signing.Draft{ID: id, Author: d.Author, Original: original})
		}
		v, err := p.Signing.Begin(ctx, login, drafts)
		if err != nil {
			return nil, p.told(in.Language, err)
		}
		choice, err := p.Signing.Choose(ctx, signing.Access{ID: v.ID, Actor: who.Actor}, chain)
		if err != nil {
			return nil, p.told(in.Language, err)
		}
		out := &signatureOut{Body: Signature{ID: string(v.ID)}}
		for i, x := range choice.Items {
			out.Body.Items = append(out.Body.Items, ToSign{in.Body.Drafts[i], base64.StdEncoding.EncodeToString(x.Attributes), hex.EncodeToString(x.Digest)})
		}
		return out, nil
	})
	type completeIn struct {
		Spoken
		ID   string `path:"signature" maxLength:"64"`
		Body struct {
			Values []string `json:"values" minItems:"1" maxItems:"200" doc:"İmza değerleri: base64, items sırasında / in the order of items"`
		}
	}
	// An Outcome is that of one draft.
	type Outcome struct {
		Draft    string `json:"draft"`
		Message  string `json:"message,omitempty"`
		Evidence string `json:"evidence,omitempty"`
		Refused  *Text  `json:"refused,omitempty"`
	}
	type completeOut struct{ Body []Outcome }
	huma.Register(p.api, on(http.MethodPost, "signatures/{signature}", "completeSignature", token.Send, tag, "İmza değerlerini alır, doğrular ve iletileri gönderir", "Takes the signature values, verifies and submits", http.StatusNotFound, http.StatusConflict),
		func(ctx context.Context, in *completeIn) (*completeOut, error) {
			var values [][]byte
			for _, v := range in.Body.Values {
				b, err := base64.StdEncoding.DecodeString(v)
				if err != nil {
					return nil, p.told(in.Language, problem(http.StatusUnprocessableEntity, "value", text("İmza değeri okunamıyor.", "A signature value cannot be read.")))
				}
				values = append(values, b)
			}
			view, err := p.Signing.Complete(ctx, signing.Access{ID: signing.ID(in.ID), Actor: visitor(ctx).Actor}, values)
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			out := &completeOut{}
			for _, i := range view.Items {
				o := Outcome{Draft: i.Draft}
				if i.Outcome != nil {
					o.Message, o.Evidence = string(i.Outcome.Message), string(i.Outcome.Evidence)
					if i.Outcome.Refusal != nil {
						t := both(i.Outcome.Refusal.Detail)
						o.Refused = &t
					}
				}
				out.Body = append(out.Body, o)
			}
			return out, nil
		})
}
