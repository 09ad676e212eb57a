package telephone

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"net/http"
	"time"

	"rem"
	"rem/edge/simulator"
	"rem/message/signing"
	"rem/person"
)

const maxQuestion = 64 << 10

// Handler answers in the form of docs/formats/mobile-signature.md below /v1/, and shows
// at / what telephones show, with a button for each answer. Everything is marked.
func (t *Telephones) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/certificate", t.askCertificate)
	mux.HandleFunc("POST /v1/signature", t.askSignature)
	mux.HandleFunc("POST /v1/answer", t.askAnswer)
	mux.HandleFunc("POST /v1/withdraw", t.askWithdraw)
	mux.HandleFunc("GET /{$}", t.page)
	mux.HandleFunc("POST /press", t.press)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(simulator.MarkHeader, simulator.Mark)
		w.Header().Set("Content-Security-Policy", "default-src 'none'; form-action 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		w.Header().Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxQuestion)
		mux.ServeHTTP(w, r)
	})
}

// A question has the fields of all of them.
type question struct {
	Number string    `json:"number"`
	ID     string    `json:"id"`
	Text   string    `json:"text"`
	Hash   string    `json:"hash"`
	Digest []byte    `json:"digest"`
	Until  time.Time `json:"until"`
}

func read(w http.ResponseWriter, r *http.Request) (q question, ok bool) {
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &q) != nil || r.Header.Get("Idempotency-Key") == "" {
		http.Error(w, simulator.Mark, http.StatusBadRequest)
		return q, false
	}
	return q, true
}

func (t *Telephones) askCertificate(w http.ResponseWriter, r *http.Request) {
	if q, ok := read(w, r); ok {
		number, err := person.ParseMobile(q.Number)
		var chain [][]byte
		if err == nil {
			chain, err = t.Certificate(r.Context(), number)
		}
		if err != nil {
			tell(w, map[string]any{"result": "none"})
			return
		}
		list := []string{}
		for _, c := range chain {
			list = append(list, base64.StdEncoding.EncodeToString(c))
		}
		tell(w, map[string]any{"result": "found", "certificates": list})
	}
}

func (t *Telephones) askSignature(w http.ResponseWriter, r *http.Request) {
	if q, ok := read(w, r); ok {
		number, err := person.ParseMobile(q.Number)
		if err != nil || q.Hash != "SHA-256" || q.ID == "" {
			http.Error(w, simulator.Mark, http.StatusBadRequest)
			return
		}
		err = t.Ask(r.Context(), signing.MobileRequest{Handle: signing.MobileHandle(q.ID), Number: number, Text: q.Text, Digest: q.Digest, Until: q.Until})
		if _, refused := errors.AsType[*rem.Refusal](err); refused {
			tell(w, map[string]any{"result": "refused"})
		} else if err != nil {
			http.Error(w, simulator.Mark, http.StatusServiceUnavailable)
		} else {
			tell(w, map[string]any{"result": "taken"})
		}
	}
}

func (t *Telephones) askAnswer(w http.ResponseWriter, r *http.Request) {
	if q, ok := read(w, r); ok {
		a, _ := t.Answer(r.Context(), signing.MobileHandle(q.ID)) // it never fails
		out := map[string]any{"result": a.Word}
		if a.Word == signing.WordSigned {
			out["value"] = base64.StdEncoding.EncodeToString(a.Value)
		}
		tell(w, out)
	}
}

func (t *Telephones) askWithdraw(w http.ResponseWriter, r *http.Request) {
	if q, ok := read(w, r); ok {
		_ = t.Withdraw(context.WithoutCancel(r.Context()), signing.MobileHandle(q.ID)) // it never fails
		tell(w, map[string]any{"result": "withdrawn"})
	}
}

func tell(w http.ResponseWriter, answer map[string]any) {
	answer["simulator"] = simulator.Mark
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // a client that has gone away needs no answer
}

var pageHTML = template.Must(template.New("telephones").Parse(`<!doctype html><html lang="tr"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="5">
<title>SIMULATOR/BENZETİM: mobil imza telefonları</title>
<style>body{font:1rem/1.5 sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}h1{border:.3rem solid #b00;padding:.5rem}article{border:.15rem solid #555;border-radius:1rem;padding:1rem;margin:1rem 0;max-width:20rem}code{font-size:1.5rem}button{font:inherit;margin:.3rem .5rem .3rem 0;padding:.5rem 1rem}</style>
<main><h1>SIMULATOR/BENZETİM</h1>
<p>Bunlar telefon değildir; mobil imza işletmecilerinin yerine geçen bir benzetimdir. Numaralar kimsenin değildir. <span lang="en">These are no telephones but a simulation of operators of mobile signatures; the numbers are nobody's.</span></p>
{{range .}}<article><p><strong>{{.Number}}</strong></p><p>{{.Text}}</p>
<p>Telefonda görünen kod <span lang="en">(code on the telephone)</span>: <code>{{.Code}}</code></p>
<form method="post" action="press"><input type="hidden" name="request" value="{{.Handle}}">
<button name="answer" value="confirm">Onayla ve imzala <span lang="en">(confirm)</span></button>
<button name="answer" value="decline">Reddet <span lang="en">(decline)</span></button></form></article>
{{else}}<p>Şu anda hiçbir telefonda istek yok. <span lang="en">No telephone shows a request now.</span></p>
{{end}}</main></html>`))

func (t *Telephones) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = pageHTML.Execute(w, t.Shows()) // as in tell
}

func (t *Telephones) press(w http.ResponseWriter, r *http.Request) {
	answer := r.PostFormValue("answer")
	if answer != "confirm" && answer != "decline" || t.Press(signing.MobileHandle(r.PostFormValue("request")), answer == "confirm") != nil {
		http.Error(w, simulator.Mark, http.StatusNotFound)
		return
	}
	w.Header().Set("Location", "./")
	w.WriteHeader(http.StatusSeeOther)
}
