package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rem/message/happening"
	"rem/person/token"
)

// A Hook is an address to which events are sent.
type Hook struct {
	ID        string     `json:"id"`
	URL       string     `json:"url"`
	Kinds     []string   `json:"kinds,omitempty" enum:"arrived,opened,submitted,refused,evidence" doc:"Bildirilen olay türleri; yoksa hepsi / the kinds of event that are sent; none: all"`
	State     string     `json:"state" enum:"running,paused,failed" doc:"failed: üç gün boyunca ulaşılamadı; resume ile sürer / it failed for three days; resume goes on"`
	Made      time.Time  `json:"made"`
	Cursor    int64      `json:"cursor" doc:"Alıcının onayladığı son olay / the newest event that was confirmed"`
	Confirmed *time.Time `json:"confirmed,omitempty"`
	Fault     string     `json:"fault,omitempty" enum:"away,certificate,residency,redirect,status,person" doc:"Son hatanın türü / class of the last failure"`
	Failing   *time.Time `json:"failingSince,omitempty"`
	Attempts  int        `json:"attempts,omitempty"`
	Next      *time.Time `json:"next,omitempty" doc:"Sonraki deneme / the next attempt"`
}

func hookOf(h *happening.Hook) Hook {
	out := Hook{ID: string(h.ID), URL: h.URL, State: string(h.State), Made: h.Made, Cursor: h.Cursor, Confirmed: optional(h.Confirmed), Fault: string(h.Fault), Failing: optional(h.Failing), Attempts: h.Attempts}
	for _, k := range h.Kinds {
		out.Kinds = append(out.Kinds, string(k))
	}
	if h.Fault != happening.NoFault && h.State == happening.Running {
		out.Next = optional(h.Due)
	}
	return out
}

func kindsOf(names []string) (kinds []happening.Kind) {
	for _, n := range names {
		kinds = append(kinds, happening.Kind(n))
	}
	return kinds
}

// A HookDelivery is what became of one batch.
type HookDelivery struct {
	After  int64     `json:"after" doc:"Bu numaradan sonrakiler / the events after this number"`
	Upto   int64     `json:"upto" doc:"bu numaraya kadar / up to this one"`
	Events int       `json:"events"`
	Tries  int       `json:"tries"`
	At     time.Time `json:"at" doc:"Son deneme / the last attempt"`
	Fault  string    `json:"fault,omitempty" enum:"away,certificate,residency,redirect,status,person" doc:"Yoksa alıcı onayladı / none: the receiver confirmed"`
}

func (p *programs) hooks() {
	if p.Hooks == nil {
		return
	}
	const tag = "Bildirimler / webhooks"
	type listOut struct{ Body []Hook }
	huma.Register(p.api, on(http.MethodGet, "hooks", "listHooks", token.Hooks, tag, "Bildirim adreslerini listeler", "Lists the addresses to which events are sent"),
		func(ctx context.Context, in *Spoken) (*listOut, error) {
			all, err := p.Hooks.List(ctx, bearer(ctx).Actor)
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			out := &listOut{Body: []Hook{}}
			for i := range all {
				out.Body = append(out.Body, hookOf(&all[i]))
			}
			return out, nil
		})
	type createIn struct {
		Spoken
		Body struct {
			URL   string   `json:"url" minLength:"9" maxLength:"500" example:"https://erp.example/kep-olaylari" doc:"https; sunucu, sağlayıcının izinli sunucular listesinde olmalıdır / the host has to be on the provider's list"`
			Kinds []string `json:"kinds,omitempty" maxItems:"5" enum:"arrived,opened,submitted,refused,evidence" doc:"Yalnız bu olay türleri; yoksa hepsi / these kinds of event alone; none: all"`
		}
	}
	type createOut struct {
		Body struct {
			Hook
			Secret string `json:"secret" doc:"İmza anahtarı; bir daha gösterilmez / key of the signature, not shown again"`
		}
	}
	op := on(http.MethodPost, "hooks", "createHook", token.Hooks, tag, "Bundan sonraki olayların bildirileceği adresi ekler", "Adds an address to which events are sent from now on", http.StatusConflict)
	op.DefaultStatus = http.StatusCreated
	huma.Register(p.api, op, func(ctx context.Context, in *createIn) (*createOut, error) {
		h, secret, err := p.Hooks.Create(ctx, bearer(ctx).Actor, in.Body.URL, kindsOf(in.Body.Kinds)...)
		if err != nil {
			return nil, p.told(in.Language, err)
		}
		out := &createOut{}
		out.Body.Hook, out.Body.Secret = hookOf(&h), secret
		return out, nil
	})
	type hookIn struct {
		Spoken
		ID string `path:"hook" maxLength:"64"`
	}
	act := func(path, id, tr, en string, do func(ctx context.Context, h happening.HookID) error) {
		method := http.MethodPost
		if path == "" {
			method = http.MethodDelete
		}
		huma.Register(p.api, on(method, "hooks/{hook}"+path, id, token.Hooks, tag, tr, en, http.StatusNotFound), func(ctx context.Context, in *hookIn) (*struct{}, error) {
			return nil, p.told(in.Language, do(ctx, happening.HookID(in.ID)))
		})
	}
	act("", "removeHook", "Adresi kaldırır", "Removes the address", func(ctx context.Context, h happening.HookID) error {
		return p.Hooks.Remove(ctx, bearer(ctx).Actor, h)
	})
	act("/pause", "pauseHook", "Bildirimi durdurur; olaylar birikir", "Pauses; events wait", func(ctx context.Context, h happening.HookID) error {
		return p.Hooks.Pause(ctx, bearer(ctx).Actor, h)
	})
	act("/resume", "resumeHook", "Kaldığı yerden sürdürür", "Goes on where it stopped", func(ctx context.Context, h happening.HookID) error {
		return p.Hooks.Resume(ctx, bearer(ctx).Actor, h)
	})
	type replayIn struct { // not hookIn inside: huma reads no field of a type that is not exported
		Spoken
		ID   string `path:"hook" maxLength:"64"`
		Body struct {
			After int64 `json:"after" minimum:"0" doc:"Bu numaradan sonrakiler yeniden bildirilir / those after this number are sent again"`
		}
	}
	huma.Register(p.api, on(http.MethodPost, "hooks/{hook}/replay", "replayHook", token.Hooks, tag, "Bir numaradan sonraki olayları yeniden bildirir", "Sends the events after a number again", http.StatusNotFound),
		func(ctx context.Context, in *replayIn) (*struct{}, error) {
			return nil, p.told(in.Language, p.Hooks.Replay(ctx, bearer(ctx).Actor, happening.HookID(in.ID), in.Body.After))
		})
	type kindsIn struct {
		Spoken
		ID   string `path:"hook" maxLength:"64"`
		Body struct {
			Kinds []string `json:"kinds" maxItems:"5" enum:"arrived,opened,submitted,refused,evidence" doc:"Boş: hepsi / empty: all"`
		}
	}
	huma.Register(p.api, on(http.MethodPost, "hooks/{hook}/kinds", "chooseHookKinds", token.Hooks, tag, "Bildirilecek olay türlerini seçer", "Chooses the kinds of event that are sent", http.StatusNotFound),
		func(ctx context.Context, in *kindsIn) (*struct{}, error) {
			return nil, p.told(in.Language, p.Hooks.Choose(ctx, bearer(ctx).Actor, happening.HookID(in.ID), kindsOf(in.Body.Kinds)))
		})
	type deliveriesOut struct{ Body []HookDelivery }
	huma.Register(p.api, on(http.MethodGet, "hooks/{hook}/deliveries", "listHookDeliveries", token.Hooks, tag, "Son bildirimleri ve sonuçlarını listeler (en çok 50)", "Lists the last deliveries and what became of them, 50 at most", http.StatusNotFound),
		func(ctx context.Context, in *hookIn) (*deliveriesOut, error) {
			all, err := p.Hooks.Deliveries(ctx, bearer(ctx).Actor, happening.HookID(in.ID))
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			out := &deliveriesOut{Body: []HookDelivery{}}
			for _, d := range all {
				out.Body = append(out.Body, HookDelivery{d.After, d.Upto, d.Events, d.Tries, d.At, string(d.Fault)})
			}
			return out, nil
		})
}
