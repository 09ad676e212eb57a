package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"rem"
	"rem/message/submission"
	"rem/person/token"
)

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
