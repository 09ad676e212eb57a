package web_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"rem"
	"rem/edge/web"
	"rem/internal/testkit"
	"rem/internal/testkit/browser"
)

func both(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

var testViews = web.MustViews(fstest.MapFS{
	"p/all.html": {Data: []byte(`{{define "main"}}
{{template "facts" .Facts}}
<form method="post" action="{{link "/all"}}">{{range .Fields}}{{template "field" .}}{{end}}<div class="buttons"><button class="button">{{t "Kaydet" "Save"}}</button><button class="button quiet" name="later" value="yes">{{t "Sonra" "Later"}}</button></div></form>
<h2>{{t "Çizelge" "Table"}}</h2>{{template "table" .Table}}{{template "table" .Empty}}
<h2>{{t "Çizgi" "Line"}}</h2>{{template "timeline" .Timeline}}
<h2>{{t "Kartlar" "Cards"}}</h2>{{template "cards" .Cards}}
{{template "action" .Action}}{{end}}`)},
	"p/key.html": {Data: []byte(`{{define "main"}}<form method="post" action="{{link "/key"}}" data-passkey="{{.Kind}}" data-options="{{.Options}}"><input type="hidden" name="answer" value="">
<p data-passkey-problem tabindex="-1" hidden>{{t "Olmadı." "It did not work."}}</p><button class="button">{{t "Geçiş anahtarı" "Passkey"}}</button></form>{{end}}`)},
	"p/got.html": {Data: []byte(`{{define "main"}}<pre id="got">{{.}}</pre>{{end}}`)},
}, "p")

// everything is a page with each component in each of its states.
func everything(f *web.Form) web.Page {
	at := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	choices := []web.Choice{
		{Value: "a", Label: both("Güvenli e-imza ile", "By e-signature"), Help: both("Kartınız ve okuyucunuz gerekir.", "You need card and reader.")},
		{Value: "b", Label: both("Başvuru noktasında", "At an office")},
		{Value: "c", Label: both("Uzaktan", "Remotely"), Closed: true, Why: both("Yabancı kimlik numarasıyla yapılamaz.", "Not with a foreigner's number.")},
	}
	name := both("Hesap adresi", "Account address")
	fields := []web.Field{
		{Name: "given", Label: both("Ad", "Given names"), Help: both("Kimlik belgesindeki gibi.", "As on the document."), Auto: "given-name"},
		{Name: "birth", Label: both("Doğum tarihi", "Date of birth"), Help: both("gün.ay.yıl", "day.month.year"), Mode: "numeric", Short: true, Auto: "bday"},
		{Name: "profession", Label: both("Unvan", "Profession"), Optional: true},
		{Name: "word", Label: both("Parola", "Password"), Type: web.PasswordInput, Auto: "new-password"},
		{Name: "province", Label: both("İl", "Province"), Type: web.SelectInput, Choices: choices},
		{Name: "method", Label: both("Kimlik doğrulama yöntemi", "Method"), Type: web.RadioInput, Choices: choices},
		{Name: "powers", Label: both("Yetkiler", "Powers"), Type: web.BoxesInput, Choices: choices[:2], Optional: true},
		{Name: "reason", Label: both("Gerekçe", "Reason"), Type: web.AreaInput},
		{Name: "paper", Label: both("Belge", "Paper"), Type: web.FileInput, Accept: ".pdf"},
		{Name: "accept", Label: both("Sözleşmeyi okudum ve kabul ediyorum.", "I read and accept the contract."), Type: web.CheckInput},
	}
	for i := range fields {
		fields[i] = f.Field(fields[i])
	}
	return web.Page{View: testViews.Page("all"), Title: both("Bütün parçalar", "All components"), Lead: both("Çerçevenin bütün parçaları.", "All parts of the frame."), Form: f,
		Steps: []web.Step{{Name: both("Bildirim", "Notice"), State: web.Done, Path: "/all"}, {Name: both("Form", "Form"), State: web.Here}, {Name: both("Kimlik", "Identity")}},
		Notices: []web.Notice{{Tone: web.Info, Text: both("Bilgi.", "Information.")}, {Tone: web.Good, Title: both("Kaydedildi.", "Saved.")}, {Tone: web.Attention, Text: both("Dikkat.", "Mind.")},
			{Tone: web.Bad, Text: both("Olmadı.", "It failed."), Link: web.Link{Text: both("Devam", "Go on"), Path: "/all"}}},
		Data: map[string]any{
			"Facts":  []web.Fact{{Term: name, Value: web.Cell{Text: "ayse.ornek@hs90.kep.test", Code: true}, Help: both("Değişmez.", "It never changes.")}, {Term: both("Açılış", "Opened"), Value: web.Cell{Time: at}}, {Term: both("Süre", "Term")}},
			"Fields": fields,
			"Table": web.Table{Caption: both("Bekleyenler", "Waiting"), Columns: []web.Column{{Head: name}, {Head: both("Durum", "State")}, {Head: both("Sayı", "Number"), Right: true}},
				Rows: [][]web.Cell{{{Text: "ayse@hs90.kep.test", Path: "/all"}, {Say: both("Onaylandı", "Approved"), Badge: true, Tone: web.Good}, {Text: "12"}},
					{{Text: "bora@hs90.kep.test", Path: "/all"}, {Say: both("Kuşkulu", "Doubtful"), Badge: true, Tone: web.Bad, Note: both("ad uyuşmuyor", "names differ")}, {}}},
				Pager: &web.Pager{Before: "/all?next=1", After: "/all?next=2"}},
			"Empty":    web.Table{Columns: []web.Column{{Head: name}}},
			"Timeline": []web.Event{{Time: at, Title: both("Gönderildi", "Sent"), Tone: web.Good, State: both("kabul edildi", "accepted")}, {Title: both("Teslim", "Delivery"), Tone: web.Attention, State: both("bekleniyor", "awaited")}},
			"Cards":    []web.Card{{Title: both("Profil", "Profile"), Text: both("Bilgileriniz.", "Your data."), Path: "/all"}, {Title: both("Güvenlik", "Security"), Text: both("Girişleriniz.", "Your log-ins."), Path: "/confirm"}},
			"Action":   web.Action{Path: "/all", Button: both("Kapat", "End"), About: "Firefox, Linux", Tone: web.Bad, Hidden: []web.Hidden{{Name: "id", Value: "1"}}},
		}}
}

func part(options *string, kind *string) web.Part {
	return web.Part{Name: "t", Title: both("Hesabım", "My account"), Menu: []web.MenuItem{{Text: both("Parçalar", "Components"), Path: "/all"}, {Text: both("Onay", "Confirmation"), Path: "/confirm"}}, Routes: []web.Route{
		{Name: "home", Method: "GET", Pattern: "/", Who: web.Public, Handler: func(*web.Request) (web.Answer, error) { return web.Redirect{To: "/all"}, nil }},
		{Name: "all", Method: "GET", Pattern: "/all", Who: web.Public, Handler: func(*web.Request) (web.Answer, error) { return everything(web.NewForm(nil)), nil }},
		{Name: "all.post", Method: "POST", Pattern: "/all", Who: web.Public, Handler: func(r *web.Request) (web.Answer, error) {
			f, err := r.Form()
			if err != nil {
				return nil, err
			}
			for _, name := range []string{"given", "birth", "word", "province", "method", "reason", "paper", "accept"} {
				if f.Get(name) == "" {
					f.Fail(name, both("“"+name+"” alanını doldurun.", "Please fill in “"+name+"”."))
				}
			}
			return everything(f), nil
		}},
		{Name: "confirm", Method: "GET", Pattern: "/confirm", Who: web.Public, Handler: func(*web.Request) (web.Answer, error) {
			return web.Confirm{Title: both("Hesabı kapat", "Close the account"), Text: both("Kapanan hesap yeniden açılamaz.", "An account that is closed cannot be opened again."), Path: "/all",
				Facts: []web.Fact{{Term: both("Adres", "Address"), Value: web.Cell{Text: "ayse@hs90.kep.test"}}}, Button: both("Kapat", "Close it"), Danger: true, Back: "/all"}.Page(), nil
		}},
		{Name: "key", Method: "GET", Pattern: "/key", Who: web.Public, Handler: func(*web.Request) (web.Answer, error) {
			return web.Page{View: testViews.Page("key"), Title: both("Anahtar", "Key"), Data: map[string]string{"Kind": *kind, "Options": *options}, Script: web.Passkey}, nil
		}},
		{Name: "key.post", Method: "POST", Pattern: "/key", Who: web.Public, Handler: func(r *web.Request) (web.Answer, error) {
			f, err := r.Form()
			if err != nil {
				return nil, err
			}
			return web.Page{View: testViews.Page("got"), Title: both("Oldu", "Done"), Data: f.Get("answer")}, nil
		}},
	}}
}

func serve(t *testing.T, p web.Part) string {
	return browser.Serve(t, func(base string) http.Handler {
		s, err := web.New(web.Config{Base: base, Name: both("Örnek KEP", "Sample KEP"), Clock: testkit.NewClock(time.Time{}), Log: slog.New(slog.DiscardHandler), Strict: true,
			Menu: []web.MenuItem{{Text: both("Parçalar", "Components"), Path: "/all"}}, Simulated: []rem.Text{both("kısa ileti", "text messages")}}, p)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

// EN 301 549: each component in each state is for everybody, before and after a form
// was sent with everything wrong; the problems lead to their fields.
func TestEveryComponentIsForEverybody(t *testing.T) {
	base := serve(t, part(nil, nil))
	b := browser.Open(t)
	for name, options := range map[string][]browser.Option{
		"desktop": nil, "phone": {browser.Phone}, "dark": {browser.Dark}, "zoomed": {browser.Zoomed},
	} {
		t.Run(name, func(t *testing.T) {
			p := b.Page(t, options...)
			p.Open(base + "/tr/all")
			p.Check()
			p.Shot("components")
			if name != "zoomed" {
				p.Walk()
			}
			p.Fill("reason", "Satır <b>")
			p.Choose("method", "b")
			p.Submit("main form")
			if n := p.Count(".problems li a"); n != 6 {
				t.Errorf("%d problems lead to fields: %s", n, p.Text(".problems"))
			}
			for _, id := range browser.Eval[[]string](p, `[...document.querySelectorAll(".problems a")].map((a) => document.getElementById(a.hash.slice(1)) ? "" : a.hash)`) {
				if id != "" {
					t.Errorf("a problem leads to %s, which is not there", id)
				}
			}
			if got := browser.Eval[string](p, `document.querySelector("[name=reason]").value + document.querySelector("[name=method]:checked").value + document.querySelector("[name=word]").value`); got != "Satır <b>b" {
				t.Errorf("what was typed stands there as %q", got)
			}
			p.Check()
			p.Shot("problems")
			p.Open(base + "/en/confirm")
			p.Check()
			p.Shot("confirm")
		})
	}
}

// passkey.js does what a browser's own methods ask for: what it sends is what the
// device signed, for our challenge and our address.
func TestAPasskeyAnswersThroughAForm(t *testing.T) {
	challenge, user := make([]byte, 32), make([]byte, 16)
	rand.Read(challenge)
	rand.Read(user)
	text := base64.RawURLEncoding.EncodeToString
	options, kind := "", "create"
	base := serve(t, part(&options, &kind))
	options = fmt.Sprintf(`{"publicKey":{"rp":{"name":"KEP","id":"localhost"},"user":{"id":%q,"name":"Ayşe","displayName":"Ayşe"},"challenge":%q,"pubKeyCredParams":[{"type":"public-key","alg":-7}],"authenticatorSelection":{"residentKey":"required","userVerification":"required"}}}`, text(user), text(challenge))
	p := browser.Open(t).Page(t)
	p.Authenticator()
	var first string
	for _, k := range []string{"create", "get"} {
		if kind = k; k == "get" {
			options = fmt.Sprintf(`{"publicKey":{"rpId":"localhost","challenge":%q,"userVerification":"required"}}`, text(challenge))
		}
		p.Open(base + "/en/key")
		p.Check()
		p.Submit("main form")
		var got struct {
			ID       string
			Response struct{ ClientDataJSON, AttestationObject, Signature, UserHandle string }
		}
		if err := json.Unmarshal([]byte(p.Text("#got")), &got); err != nil {
			t.Fatalf("%s: %v: %s", k, err, p.Text("main"))
		}
		client, err := base64.RawURLEncoding.DecodeString(got.Response.ClientDataJSON)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"challenge":"` + text(challenge) + `"`, `"origin":"` + base + `"`, `"type":"webauthn.` + k + `"`} {
			if !strings.Contains(string(client), want) {
				t.Errorf("%s: %s lacks %s", k, client, want)
			}
		}
		if k == "create" {
			first = got.ID
		} else if got.ID != first || got.Response.Signature == "" || got.Response.UserHandle != text(user) {
			t.Errorf("got %+v, made %s", got, first)
		}
	}
	if got := p.Complaints(); len(got) > 0 {
		t.Errorf("the browser complains: %q", got)
	}
}

// AT-30: what a page of somebody else can do with ours in a real browser: its form
// is refused, and it gets no frame.
func TestAHostilePageGetsNothing(t *testing.T) {
	reached := 0
	p := part(nil, nil)
	for i := range p.Routes {
		if h := p.Routes[i].Handler; p.Routes[i].Name == "all.post" {
			p.Routes[i].Handler = func(r *web.Request) (web.Answer, error) { reached++; return h(r) }
		}
	}
	base := serve(t, p)
	hostile := browser.Serve(t, func(string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `<!DOCTYPE html><html lang="en"><title>x</title><iframe src="%[1]s/tr/all"></iframe><form method="post" action="%[1]s/tr/all"><input name="given" value="x"><button>Win</button></form>`, base)
		})
	})
	page := browser.Open(t).Page(t)
	page.Open(hostile)
	if got := strings.Join(page.Complaints(), "\n"); !strings.Contains(got, "frame-ancestors") && !strings.Contains(got, "X-Frame-Options") {
		t.Errorf("our page stands in another's frame: %q", got)
	}
	page.Submit("form")
	if got := page.Text("main"); reached != 0 || !strings.Contains(got, "başka bir sitenin sayfasından") {
		t.Errorf("another's form was taken %d times: %s", reached, got)
	}
	page.Open(base + "/tr/all")
	page.Submit("main form")
	if reached != 1 {
		t.Error("our own form was not taken")
	}
}
