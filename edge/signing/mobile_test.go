package signing_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"rem/edge/simulator"
	"rem/edge/telephone"
	"rem/internal/testkit/signtest"
	"rem/message/signing"
	"rem/person"
)

// line is the number of ayse, as she showed it to be hers.
const line = "+905550000001"

// ring gives a desk telephones: the line of ayse has the key of the n-th synthetic
// person.
func ring(t *testing.T, d *signtest.Desk, n int) *telephone.Telephones {
	t.Helper()
	phones := telephone.New(d.World.Clock)
	if err := phones.Line(line, d.Kit.Identity(t, n, simulator.P256)); err != nil {
		t.Fatal(err)
	}
	var err error
	if d.Phone, err = person.ParseMobile(line); err != nil {
		t.Fatal(err)
	}
	d.Service.Mobile = phones
	return phones
}

// follow gets a page and what it leads to.
func (v *visitor) follow(path string) (at, body string) {
	v.t.Helper()
	for range 3 {
		r, body := v.get(path)
		if r.StatusCode != 303 {
			return path, body
		}
		path = r.Header.Get("Location")
	}
	v.t.Fatalf("%s leads round", path)
	return "", ""
}

// REQ-47: the number is the one that the holder showed to be his, masked, and nothing
// that a page says changes it; the code is the telephone's; what is confirmed is sent
// once.
func TestATelephoneSigns(t *testing.T) {
	d := signtest.New(t, signing.Policy{})
	phones := ring(t, d, 0)
	v := newVisitor(t, d)
	path := v.begin("1")
	_, body := v.get(path)
	if !strings.Contains(body, "***********01") || strings.Contains(body, line) || strings.Contains(body, `name="number"`) {
		t.Errorf("the page: %s", body)
	}
	ask := func() {
		t.Helper()
		if r, body := v.post(path+"/telephone", "number", "+905550000002"); r.StatusCode != 303 || r.Header.Get("Location") != path+"/telephone" {
			t.Fatalf("%d %s", r.StatusCode, body)
		}
		d.LookMobile(t.Context())
	}
	ask()
	shown := phones.Shows()
	if len(shown) != 1 || shown[0].Number != line {
		t.Fatalf("telephones show %+v", shown)
	}
	at, body := v.follow(path)
	if at != path+"/telephone" || !strings.Contains(body, "<code>"+shown[0].Code+"</code>") || !strings.Contains(body, `<meta http-equiv="refresh" content="5">`) || strings.Contains(body, line) {
		t.Errorf("%s: %s", at, body)
	}
	if !strings.Contains(shown[0].Text, shown[0].Code) || strings.Contains(shown[0].Text, "Sozlesme") {
		t.Errorf("the telephone is told %q", shown[0].Text)
	}
	state := func() (s string) {
		t.Helper()
		var told struct{ State string }
		if _, body := v.get(path + "/telephone/state"); json.Unmarshal([]byte(body), &told) != nil {
			t.Errorf("state: %s", body)
		}
		return told.State
	}
	before := state()
	// Pressed twice, it rings once.
	ask()
	if len(phones.Shows()) != 1 || state() != before {
		t.Errorf("asking twice: %+v", phones.Shows())
	}
	if _, err := phones.PressAll(line, false); err != nil {
		t.Fatal(err)
	}
	turn(d)
	if _, body := v.follow(path + "/telephone"); state() == before || !strings.Contains(body, "Telefonda reddedildi") || !strings.Contains(body, "Hiçbir şey gönderilmedi") {
		t.Errorf("declined: %s", body)
	}
	ask()
	if _, err := phones.PressAll(line, true); err != nil {
		t.Fatal(err)
	}
	turn(d)
	turn(d)
	if at, body := v.follow(path + "/telephone"); at != path+"/result" || !strings.Contains(body, "Gönderildi") || len(d.Sent()) != 1 {
		t.Errorf("confirmed: %s, %d sent: %s", at, len(d.Sent()), body)
	}
}

// turn is one look of the provider, after its pause.
func turn(d *signtest.Desk) {
	d.World.Clock.Advance(10 * time.Second)
	d.LookMobile(context.Background())
}

// Each line whose signature would not be the holder's is refused before it rings.
func TestATelephoneThatMayNotSignIsNotAsked(t *testing.T) {
	for name, c := range map[string]struct {
		person int
		number string
		want   string
	}{
		"another's key":   {1, line, "hesap sahibinin ya da gönderme yetkisi olan"},
		"no such service": {0, "+905550000009", "mobil imza hizmeti yok"},
		"no number":       {0, "", "doğrulanmış bir cep telefonu numarası yok"},
	} {
		t.Run(name, func(t *testing.T) {
			d := signtest.New(t, signing.Policy{})
			phones := ring(t, d, c.person)
			d.Phone = person.Phone{}
			if c.number != "" {
				var err error
				if d.Phone, err = person.ParseMobile(c.number); err != nil {
					t.Fatal(err)
				}
			}
			v := newVisitor(t, d)
			path := v.begin("1")
			r, body := v.post(path + "/telephone")
			turn(d)
			if r.StatusCode != 422 || !strings.Contains(body, c.want) || len(phones.Shows()) != 0 {
				t.Errorf("%d %s", r.StatusCode, body)
			}
		})
	}
}

// A request that a restart forgot says so, and neither confirming nor asking again sends.
func TestAfterARestartThePageSaysThatTheRequestIsOver(t *testing.T) {
	d := signtest.New(t, signing.Policy{})
	phones := ring(t, d, 0)
	v := newVisitor(t, d)
	path := v.begin("1")
	v.post(path + "/telephone")
	turn(d)
	d.Service.Close() // what a stop does
	if n, err := phones.PressAll(line, true); n != 1 || err != nil {
		t.Fatalf("%d %v", n, err)
	}
	turn(d)
	for _, p := range []string{path, path + "/telephone", path + "/telephone/state", path + "/result"} {
		if r, body := v.get(p); r.StatusCode != 404 || !strings.Contains(body, "sona erdi") {
			t.Errorf("%s: %d", p, r.StatusCode)
		}
	}
	if r, _ := v.post(path + "/telephone"); r.StatusCode != 404 || len(d.Sent()) != 0 {
		t.Errorf("asking again: %d, %d sent", r.StatusCode, len(d.Sent()))
	}
}
