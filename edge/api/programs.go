package api

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"rem"
	"rem/edge/apistore"
	"rem/edge/throttle"
	"rem/message"
	"rem/message/bulk"
	"rem/message/happening"
	"rem/message/mailbox"
	"rem/message/signing"
	"rem/message/submission"
	"rem/message/timeline"
	"rem/message/verification"
	"rem/person/account"
	"rem/person/token"
	"rem/privacy"
)

// Answers keeps what was answered to requests with an idempotency key;
// apistore.Store does.
type Answers interface {
	Begin(ctx context.Context, key, request rem.Digest, at time.Time) (a apistore.Answer, begun bool, err error)
	End(ctx context.Context, key rem.Digest, status int, body []byte) error
	Leave(ctx context.Context, key rem.Digest) error
}

// Operators changes who may act; account.Keeper does.
type Operators interface {
	Appoint(ctx context.Context, by account.By, id rem.AccountID, o account.Operator) error
	Remove(ctx context.Context, by account.By, id rem.AccountID, p rem.PersonID) error
}

// A Verifier verifies evidence and envelopes; verification.Verifier does.
type Verifier interface {
	Verify(ctx context.Context, files ...verification.Input) (*verification.Report, error)
}

// Programs are what the door for programs that act for people asks.
type Programs struct {
	Tokens    *token.Service
	Box       *mailbox.Box
	Accounts  mailbox.Accounts
	Operators Operators
	Answers   Answers
	Verifier  Verifier
	// Signing gives digests to sign and takes signatures; nil: only messages that
	// are signed already are taken.
	Signing *signing.Service
	// Login makes the login of somebody who begins a signature.
	Login func(ctx context.Context, who mailbox.Visitor) (submission.Login, error)
	// Events are what happened on accounts, and Hooks the addresses to which they are
	// sent; nil: that is not offered.
	Events happening.Store
	Hooks  *happening.Hooks
	// Bulk sends one letter to many; nil: that is not offered.
	Bulk *bulk.Service
	// MaxSize is that of a message that is taken, in octets.
	MaxSize int64
	// Base is the provider's address, such as https://kep.example.
	Base string
	// Simulated names what is; the page that describes the door says so.
	Simulated []rem.Text
}

// Bounds of programs.
const (
	// requestsPerKey are within a minute. More are told to wait.
	requestsPerKey = 3000
	// maxJSON bounds a body that is not a message or a file.
	maxJSON = 4 << 20
	// bodyTime is how long a large body may take to come.
	bodyTime = 10 * time.Minute
	// answerTime is how long what came may take to be worked on and answered.
	answerTime = 5 * time.Minute
)

// A programs is the part of the door that is described by OpenAPI.
type programs struct {
	Programs
	h        *Handler
	api      huma.API
	requests *throttle.Throttle

	waiting   sync.Mutex
	waiters   int            // guarded by waiting
	waitersOf map[string]int // guarded by waiting; by token
}

// Serve adds the door of programs that act for people. It is called once, before
// the first request.
func (h *Handler) Serve(s Programs) {
	p := &programs{Programs: s, h: h, requests: throttle.New(time.Minute), waitersOf: map[string]int{}}
	c := huma.DefaultConfig("KEP API", "1.0.0")
	c.CreateHooks = nil // no links to schemas in answers
	c.DocsPath, c.SchemasPath, c.OpenAPIPath = "", "", Prefix+"openapi"
	c.Info.Description = "Bir gerçek kişi adına, onun belirteci (token) ile çalışan programlar içindir. " +
		"Her işlem hesabı ve gerçek kişiyi gösterir. / For programs that act for a natural person by his token. Each act names the account and the person."
	c.Servers = []*huma.Server{{URL: s.Base}}
	scopes := map[string]string{}
	for _, x := range token.Scopes {
		scopes[string(x)] = x.Text().Turkish + " / " + x.Text().English
	}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":  {Type: "http", Scheme: "bearer", Description: "Kişisel belirteç veya erişim belirteci / a personal token or an access token"},
		"client": {Type: "oauth2", Flows: &huma.OAuthFlows{ClientCredentials: &huma.OAuthFlow{TokenURL: s.Base + Prefix + "token", Scopes: scopes}}},
	}
	p.api = humago.New(h.mux, c)
	p.api.UseMiddleware(p.authenticate)
	h.mux.HandleFunc("POST "+Prefix+"token", p.exchange)
	h.mux.HandleFunc("GET "+Prefix+"docs", p.docs)
	h.mux.HandleFunc("GET "+Prefix+"docs.css", p.docsFile)
	h.mux.HandleFunc("GET "+Prefix+"docs.js", p.docsFile)
	p.folders()
	p.messages()
	p.drafts()
	p.events()
	p.hooks()
	p.bulk()
	p.account()
	p.directory()
	h.programs = p
}

// OpenAPI returns the description of the door, for tests and documents.
func (h *Handler) OpenAPI() *huma.OpenAPI { return h.programs.api.OpenAPI() }

// A bearerKey is where the bearer stands in a request's context.
type bearerKey struct{}

func bearer(ctx context.Context) token.Bearer { return ctx.Value(bearerKey{}).(token.Bearer) }

// visitor is who acts by the token.
func visitor(ctx context.Context) mailbox.Visitor {
	b := bearer(ctx)
	return mailbox.Visitor{
		Actor: b.Actor, Authentication: message.Authentication{Time: b.Since, Method: b.Actor.Method}, Case: privacy.CaseID("api-" + string(b.Key)),
	}
}

// on describes an operation that needs the scope.
func on(method, path, id string, scope token.Scope, tag, tr, en string, errs ...int) huma.Operation {
	return huma.Operation{
		Method: method, Path: Prefix + path, OperationID: id, Tags: []string{tag}, Summary: tr, Description: en + "\n\nScope: `" + string(scope) + "`",
		Security: []map[string][]string{{"token": {}}, {"client": {string(scope)}}}, Metadata: map[string]any{"scope": scope},
		Errors: append([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable}, errs...), MaxBodyBytes: maxJSON,
	}
}

// authenticate finds out who asks, before anything else is read.
func (p *programs) authenticate(c huma.Context, next func(huma.Context)) {
	scope, _ := c.Operation().Metadata["scope"].(token.Scope)
	b, pr := p.bearer(c.Context(), c.Header("Authorization"), c.RemoteAddr(), scope)
	if pr == nil {
		next(huma.WithValue(c, bearerKey{}, b))
		return
	}
	switch pr.Status {
	case http.StatusUnauthorized:
		c.SetHeader("WWW-Authenticate", `Bearer realm="KEP"`)
	case http.StatusForbidden:
		c.SetHeader("WWW-Authenticate", `Bearer realm="KEP", error="insufficient_scope", scope="`+string(scope)+`"`)
	case http.StatusTooManyRequests:
		c.SetHeader("Retry-After", "60")
	}
	p.write(c, pr)
}

// bearer finds out who shows a token in a field Authorization, and whether it has
// the scope. Attempts with secrets that are none are bounded by network, requests by
// key.
func (p *programs) bearer(ctx context.Context, field, from string, scope token.Scope) (token.Bearer, *Problem) {
	secret, ok := strings.CutPrefix(field, "Bearer ")
	if !ok || len(secret) > 200 {
		return token.Bearer{}, problem(http.StatusUnauthorized, "no-token", text("Authorization: Bearer başlığıyla bir belirteç gönderiniz.", "Send a token in Authorization: Bearer."))
	}
	network, now := "network ", p.h.clock.Now()
	if at, err := netip.ParseAddrPort(from); err == nil {
		network += throttle.AddressKey(at.Addr())
	}
	if !p.h.failures.Take(now, network, failuresPerNetwork) {
		return token.Bearer{}, problem(http.StatusTooManyRequests, "too-many-failures", text("Çok fazla yanlış deneme yapıldı.", "Too many wrong attempts."))
	}
	b, err := p.Tokens.Authenticate(ctx, secret)
	if errors.Is(err, token.ErrUnknown) {
		return b, problem(http.StatusUnauthorized, "unknown-token", text("Belirteç geçerli değil: hiç verilmemiş, süresi dolmuş, iptal edilmiş veya kişinin yetkisi bitmiş olabilir.", "The token does not hold: never given, ended, revoked, or its person may no longer act."))
	}
	p.h.failures.GiveBack(network)
	switch {
	case err != nil:
		p.h.log.Error("api", "err", err)
		return b, fault()
	case !p.requests.Take(now, string(b.Key), requestsPerKey):
		return b, problem(http.StatusTooManyRequests, "too-many-requests", text("Bir dakikada çok fazla istek yapıldı.", "There were too many requests within a minute."))
	case !b.May(scope):
		return b, problem(http.StatusForbidden, "no-scope", text("Belirtecin bu işlem için kapsamı yok: "+string(scope), "The token has no scope for this: "+string(scope)))
	}
	return b, nil
}

// A Problem is an error as programs get it: RFC 9457, in both languages.
type Problem struct {
	Type     string `json:"type" doc:"Hatanın türü; programlar buna bakar / what programs look at" example:"/problems/not-found"`
	Status   int    `json:"status"`
	Title    string `json:"title" doc:"İstenen dilde / in the language that is asked for"`
	TitleTR  string `json:"titleTR"`
	TitleEN  string `json:"titleEN"`
	Evidence string `json:"evidence,omitempty" doc:"Ret deliliyse numarası / the evidence of a refusal"`
	Reason   string `json:"reason,omitempty" doc:"Ret nedeninin standart kodu / the standard's code of the reason"`
	Errors   []At   `json:"errors,omitempty" doc:"Hangi alanın neden geçersiz olduğu / which field is not valid, and why"`
}

// An At is what is wrong with one field.
type At struct {
	Where string `json:"where"`
	What  string `json:"what"`
}

// Error implements error.
func (p *Problem) Error() string { return p.Type + ": " + p.TitleEN }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func problem(status int, kind string, t rem.Text) *Problem {
	return &Problem{Type: "/problems/" + kind, Status: status, Title: t.Turkish, TitleTR: t.Turkish, TitleEN: t.English}
}

func fault() *Problem {
	return problem(http.StatusServiceUnavailable, "fault", text("Şu anda yanıt verilemiyor; daha sonra yeniden deneyiniz.", "No answer can be given now; please try again later."))
}

// What huma finds in a request is told like everything else.
func init() {
	huma.NewErrorWithContext = func(c huma.Context, status int, _ string, errs ...error) huma.StatusError {
		p := problem(status, "bad-request", text("İstek geçerli değil.", "The request is not valid."))
		switch status {
		case http.StatusRequestEntityTooLarge:
			p = problem(status, "too-large", text("Gövde çok büyük.", "The body is too large."))
		case http.StatusUnsupportedMediaType:
			p = problem(status, "media-type", text("Gövdenin türü desteklenmiyor.", "The type of the body is not supported."))
		case http.StatusRequestTimeout:
			p = problem(status, "time-out", text("Gövde süresinde gelmedi.", "The body did not come in time."))
		case http.StatusInternalServerError:
			p = fault()
		}
		for _, err := range errs {
			if d, ok := errors.AsType[*huma.ErrorDetail](err); ok {
				p.Errors = append(p.Errors, At{d.Location, d.Message})
			}
		}
		if c != nil {
			p.in(c.Header("Accept-Language"))
		}
		return p
	}
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return huma.NewErrorWithContext(nil, status, msg, errs...)
	}
}

func (p *Problem) in(language string) {
	if p.Title = p.TitleTR; strings.HasPrefix(rem.FoldASCII(language), "en") {
		p.Title = p.TitleEN
	}
}

func (p *programs) write(c huma.Context, pr *Problem) {
	pr.in(c.Header("Accept-Language"))
	c.SetHeader("Content-Type", "application/problem+json")
	c.SetStatus(pr.Status)
	p.h.write(c.BodyWriter(), pr)
}

// told makes a problem of an error, in the language of the request: a refusal and
// what the mailbox says have their text, everything else is a fault and is logged.
func (p *programs) told(language string, err error) error {
	if err == nil {
		return nil
	}
	pr, ok := errors.AsType[*Problem](err)
	refusal, refused := errors.AsType[*rem.Refusal](err)
	switch {
	case ok:
	case refused:
		pr = problem(http.StatusForbidden, "refused", refusal.Detail)
		pr.Reason = string(refusal.Reason)
	case errors.Is(err, mailbox.ErrNotFound), errors.Is(err, message.ErrNotFound), errors.Is(err, account.ErrNotFound), errors.Is(err, signing.ErrNotFound), errors.Is(err, token.ErrUnknown),
		errors.Is(err, happening.ErrNotFound), errors.Is(err, bulk.ErrNotFound):
		pr = problem(http.StatusNotFound, "not-found", text("Bu hesapta böyle bir kayıt yok.", "There is no such thing on this account."))
	case errors.Is(err, mailbox.ErrChanged), errors.Is(err, account.ErrChanged):
		pr = problem(http.StatusConflict, "changed", text("Okunduktan sonra değiştirilmiş; yeniden okuyunuz.", "It was changed since it was read; read it again."))
	case errors.Is(err, mailbox.ErrTaken):
		pr = problem(http.StatusConflict, "taken", text("Bu adda bir klasör var.", "There is a folder of this name."))
	case errors.Is(err, mailbox.ErrFixed):
		pr = problem(http.StatusConflict, "fixed", text("Bu klasör değiştirilemez veya boş değildir.", "The folder stays, or is not empty."))
	case errors.Is(err, mailbox.ErrTooMany), errors.Is(err, token.ErrTooMany), errors.Is(err, happening.ErrTooMany), errors.Is(err, signing.ErrFull):
		pr = problem(http.StatusConflict, "too-many", text("Sınıra ulaşıldı.", "The limit is reached."))
	case errors.Is(err, signing.ErrBusy):
		pr = problem(http.StatusConflict, "busy", text("İmza isteği üzerinde çalışılıyor.", "The request for a signature is being worked on."))
	case errors.Is(err, submission.ErrUncertain):
		p.h.log.Error("api", "err", err)
		pr = problem(http.StatusServiceUnavailable, "uncertain", text("İletinin alınıp alınmadığı belli değil; aynı Idempotency-Key ile yeniden gönderiniz.", "Whether the message was taken is not certain; send it again with the same Idempotency-Key."))
	case errors.Is(err, context.Canceled):
		pr = fault()
	default:
		p.h.log.Error("api", "err", err)
		pr = fault()
	}
	pr.in(language)
	return pr
}

// A Spoken is the language in which errors are told.
type Spoken struct {
	Language string `header:"Accept-Language" doc:"tr veya en; hata iletilerinin dili / language of errors"`
}

// A download is a content that is sent as it is read.
func download(c message.Content, media, name string) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(to huma.Context) {
		if closer, ok := c.(io.Closer); ok {
			defer closer.Close()
		}
		to.SetHeader("Content-Type", media)
		to.SetHeader("Content-Length", fmt.Sprint(c.Size()))
		to.SetHeader("Content-Disposition", `attachment; filename="`+name+`"`)
		d := c.Digest()
		to.SetHeader("Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(d[:])+":") // RFC 9530 2
		// A reader that stops early has what he has; nothing is written after it.
		_, _ = io.Copy(to.BodyWriter(), io.NewSectionReader(c, 0, c.Size()))
	}}
}

// A Text is said in both languages.
type Text struct {
	TR string `json:"tr"`
	EN string `json:"en"`
}

func both(t rem.Text) Text { return Text{t.Turkish, t.English} }

// judged verifies the evidence of a message.
func (p *programs) judged(ctx context.Context, filed []message.Filed) (timeline.Judgements, error) {
	if p.Verifier == nil {
		return nil, nil
	}
	return timeline.Judge(ctx, p.Verifier, filed)
}

// shown are the recipients that the visitor sees of a message: all of one that the
// account sent, itself otherwise.
func shown(view *message.View, who mailbox.Visitor) []int {
	if view.Record.Actor.Account == who.Actor.Account {
		return nil
	}
	only := []int{}
	for i := range view.Record.Recipients {
		if view.Record.Recipients[i].Account == who.Actor.Account {
			only = append(only, i+1)
		}
	}
	return slices.Clip(only)
}
