package simulator

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"rem"
)

// Mark is the value of MarkHeader, and of the field "simulator", in everything that
// simulated services answer.
const (
	Mark       = "SIMULATOR/BENZETIM"
	MarkHeader = "Rem-Simulator"
)

// Bounds of what simulated services remember and read.
const (
	maxVisits   = 1024
	maxTexts    = 1024
	maxQuestion = 64 << 10
)

// Services are the services outside, simulated: the gate of identification, the
// registry of businesses, the gateway of text messages. They speak the forms of
// docs/formats/identification.md and docs/formats/outbox.md, know synthetic people
// and companies alone, and mark everything that they answer. They may be used from
// many goroutines.
type Services struct {
	clock rem.Clock
	back  string // the only page to which the gate sends people back

	mu     sync.Mutex
	visits map[string]*visit // guarded by mu; by code
	texts  []Text            // guarded by mu; the newest last
	sent   map[string]string // guarded by mu; the number of a text by its key
}

type visit struct {
	reference, challenge string
	citizen              *Citizen
	result               string
	at                   time.Time
	key                  string // of the question that was answered
}

// A Text is a text message that the simulated gateway took.
type Text struct {
	ID, To, Body string
	At           time.Time
}

// NewServices makes them. back is the provider's page to which the gate sends
// people.
func NewServices(clock rem.Clock, back string) *Services {
	return &Services{clock: clock, back: back, visits: map[string]*visit{}, sent: map[string]string{}}
}

// Handler serves all: /gate/ and /gate/v1/result, /registry/v1/company,
// /sms/v1/messages and the page /sms/ of what was sent.
func (s *Services) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /gate/", s.gatePage)
	mux.HandleFunc("POST /gate/choose", s.gateChoose)
	mux.HandleFunc("POST /gate/v1/result", s.gateResult)
	mux.HandleFunc("POST /registry/v1/company", s.company)
	mux.HandleFunc("POST /sms/v1/messages", s.takeText)
	mux.HandleFunc("GET /sms/", s.textPage)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(MarkHeader, Mark)
		w.Header().Set("Content-Security-Policy", "default-src 'none'; form-action *; style-src 'unsafe-inline'")
		w.Header().Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxQuestion)
		mux.ServeHTTP(w, r)
	})
}

func question(w http.ResponseWriter, r *http.Request, into any) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, into) != nil || r.Header.Get("Idempotency-Key") == "" {
		http.Error(w, Mark, http.StatusBadRequest)
		return false
	}
	return true
}

func tell(w http.ResponseWriter, answer map[string]any) {
	answer["simulator"] = Mark
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // a client that has gone away needs no answer
}

var gateHTML = template.Must(template.New("gate").Parse(`<!doctype html><html lang="tr"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>SIMULATOR/BENZETİM: kimlik kapısı</title>
<style>body{font:1rem/1.5 sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}h1{border:.3rem solid #b00;padding:.5rem}button{font:inherit;display:block;margin:.5rem 0;padding:.5rem;width:100%;text-align:left}</style>
<main><h1>SIMULATOR/BENZETİM</h1>
<p>Bu sayfa e-Devlet Kapısı değildir; onun yerine geçen bir benzetimdir. Aşağıdaki kişiler yapaydır. <span lang="en">This page is not the e-Devlet gate but a simulation of it; the persons below are synthetic.</span></p>
<form method="post" action="choose">
<input type="hidden" name="reference" value="{{.Reference}}"><input type="hidden" name="state" value="{{.State}}"><input type="hidden" name="challenge" value="{{.Challenge}}">
{{range .People}}<button name="citizen" value="{{.IdentityNumber}}">{{.GivenName}} {{.FamilyName}} ({{.IdentityNumber}})</button>
{{end}}<button name="citizen" value="none">Kimliğim doğrulanamasın <span lang="en">(not confirmed)</span></button>
<button name="citizen" value="">Vazgeç <span lang="en">(decline)</span></button>
</form></main></html>`))

func (s *Services) gatePage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("return") != s.back || q.Get("reference") == "" || q.Get("state") == "" || q.Get("challenge") == "" {
		http.Error(w, Mark, http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = gateHTML.Execute(w, struct {
		Reference, State, Challenge string
		People                      []Citizen
	}{q.Get("reference"), q.Get("state"), q.Get("challenge"), Citizens}) // as in tell
}

func (s *Services) gateChoose(w http.ResponseWriter, r *http.Request) {
	number := r.PostFormValue("citizen")
	v := &visit{reference: r.PostFormValue("reference"), challenge: r.PostFormValue("challenge"), citizen: citizen(number), result: "confirmed", at: s.clock.Now()}
	switch {
	case number == "":
		v.result = "declined"
	case v.citizen == nil:
		v.result = "not-confirmed"
	}
	code := rand.Text()
	s.mu.Lock()
	full := len(s.visits) >= maxVisits
	if !full {
		s.visits[code] = v
	}
	s.mu.Unlock()
	if full {
		http.Error(w, Mark, http.StatusServiceUnavailable)
		return
	}
	back := s.back + "?" + url.Values{"state": {r.PostFormValue("state")}, "code": {code}}.Encode()
	http.Redirect(w, r, back, http.StatusSeeOther)
}

func (s *Services) gateResult(w http.ResponseWriter, r *http.Request) {
	var q struct{ Reference, Code, Verifier string }
	if !question(w, r, &q) {
		return
	}
	key := r.Header.Get("Idempotency-Key")
	sum := sha256.Sum256([]byte(q.Verifier))
	s.mu.Lock()
	v := s.visits[q.Code]
	ok := v != nil && v.reference == q.Reference && subtle.ConstantTimeCompare([]byte(v.challenge), []byte(base64.RawURLEncoding.EncodeToString(sum[:]))) == 1 && (v.key == "" || v.key == key)
	if ok {
		v.key = key // a code is good for one question, however often that is asked
	}
	s.mu.Unlock()
	if !ok {
		http.Error(w, Mark, http.StatusForbidden)
		return
	}
	a := map[string]any{"reference": v.reference, "challenge": v.challenge, "result": v.result, "at": v.at.Format(time.RFC3339)}
	if c := v.citizen; c != nil {
		a["identity_number"], a["given_names"], a["family_name"], a["birth_date"] = c.IdentityNumber, c.GivenName, c.FamilyName, c.Birth.Format(time.DateOnly)
	}
	tell(w, a)
}

// A Company is an entry of the simulated registry. The numbers hold tax numbers of
// the synthetic set (docs/requirements, KEP 7.2, 7.3); their last five digits are
// zeros and one more, as no register writes them.
type Company struct {
	MERSIS, Title, Status, Tax, Office, Number string
	Representatives                            []CompanyRepresentative
}

// A CompanyRepresentative may bind it.
type CompanyRepresentative struct {
	Subject
	Nameless bool   // the registry gives no identity number
	Until    string // "" without term
}

// Companies are all there are.
var Companies = []Company{
	{"0123456789000001", "Çınaraltı Işıklı Gıda Sanayi ve Ticaret A.Ş.", "active", "1234567890", "İstanbul Ticaret Sicili Müdürlüğü", "900001-0", []CompanyRepresentative{{Subject: People[0]}, {Subject: People[1], Until: "2030-12-31"}}},
	{"0111111111400001", "Örnek & Oğulları 34 İnşaat Ltd. Şti.", "active", "1111111114", "Şanlıurfa Ticaret Sicili Müdürlüğü", "900002", []CompanyRepresentative{{Subject: People[2], Nameless: true}}},
	{"0987654321700001", "Kapanmış Örnek Turizm A.Ş.", "struck-off", "9876543217", "İzmir Ticaret Sicili Müdürlüğü", "900003", []CompanyRepresentative{{Subject: People[3]}}},
	{"0000000001900001", "Tasfiye Hâlinde Örnek Tekstil Ltd. Şti.", "in-liquidation", "0000000019", "Bursa Ticaret Sicili Müdürlüğü", "900004", []CompanyRepresentative{{Subject: People[4], Until: "2020-01-01"}}},
}

func (s *Services) company(w http.ResponseWriter, r *http.Request) {
	var q struct{ MERSIS string }
	if !question(w, r, &q) {
		return
	}
	i := slices.IndexFunc(Companies, func(c Company) bool { return c.MERSIS == q.MERSIS })
	if i < 0 {
		tell(w, map[string]any{"found": false})
		return
	}
	c := Companies[i]
	people := []map[string]string{}
	for _, p := range c.Representatives {
		m := map[string]string{"given_names": p.GivenName, "family_name": p.FamilyName}
		if !p.Nameless {
			m["identity_number"] = p.IdentityNumber
		}
		if p.Until != "" {
			m["until"] = p.Until
		}
		people = append(people, m)
	}
	tell(w, map[string]any{"found": true, "mersis": c.MERSIS, "title": c.Title, "status": c.Status, "tax_number": c.Tax, "registry_office": c.Office, "registry_number": c.Number, "representatives": people})
}

func (s *Services) takeText(w http.ResponseWriter, r *http.Request) {
	var q struct{ To, Text string }
	if !question(w, r, &q) {
		return
	}
	key := r.Header.Get("Idempotency-Key")
	s.mu.Lock()
	id, again := s.sent[key]
	if !again {
		if len(s.texts) >= maxTexts {
			s.texts = slices.Delete(s.texts, 0, maxTexts/2)
			clear(s.sent)
		}
		id = rand.Text()
		s.sent[key] = id
		s.texts = append(s.texts, Text{id, q.To, q.Text, s.clock.Now()})
	}
	s.mu.Unlock()
	tell(w, map[string]any{"id": id, "state": "accepted"})
}

// Texts returns the text messages that were taken, the newest last.
func (s *Services) Texts() []Text {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.texts)
}

var textHTML = template.Must(template.New("texts").Parse(`<!doctype html><html lang="tr"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>SIMULATOR/BENZETİM: SMS</title>
<style>body{font:1rem/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}h1{border:.3rem solid #b00;padding:.5rem}td,th{text-align:left;padding:.3rem;vertical-align:top}</style>
<main><h1>SIMULATOR/BENZETİM</h1><p>Gerçek bir telefona hiçbir şey gönderilmedi. <span lang="en">Nothing was sent to a real telephone.</span></p>
<table><thead><tr><th>Zaman<th>Alıcı<th>Metin</thead><tbody>{{range .}}<tr><td>{{.At.Format "2006-01-02 15:04:05"}}<td>{{.To}}<td>{{.Body}}
{{end}}</tbody></table></main></html>`))

func (s *Services) textPage(w http.ResponseWriter, _ *http.Request) {
	list := s.Texts()
	slices.Reverse(list)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = textHTML.Execute(w, list) // as in tell
}
