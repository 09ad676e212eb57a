package node

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"rem/edge/simulator"
	"rem/internal/setup"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/person/login"
)

// REQ-10, REQ-13: who chooses the e-government gate or the chip of his document is
// identified by the services of the world, and the record says that they are none.
func TestTheServicesOfAWorldIdentify(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	h := s.house(here)
	if _, err := h.Found(t.Context(), [4]simulator.Subject(simulator.People[1:5])); err != nil {
		t.Fatal(err)
	}
	apply := h.Enrolment.Applicants()
	for method, how := range map[identity.Method]func(p *setup.Person, secret login.Secret, w enrolment.Way) enrolment.Return{
		identity.EDevlet: func(p *setup.Person, secret login.Secret, w enrolment.Way) enrolment.Return {
			return s.atTheGate(p, secret, w.URL)
		},
		identity.Chip: func(p *setup.Person, _ login.Secret, w enrolment.Way) enrolment.Return {
			files, err := s.world.State.Chip(&p.Citizen, false)
			if err != nil {
				t.Fatal(err)
			}
			handed, err := s.world.Attester.Package(files, simulator.Recording{
				Reference: w.Reference, Nonce: w.Nonce, Live: true, SameFace: true, Picture: files.DG2, At: time.Now(),
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			return enrolment.Return{Package: handed}
		},
	} {
		p, err := s.world.Person(0, "isil.ogutcu."+string(method[0])+"@"+here)
		if err != nil {
			t.Fatal(err)
		}
		b, err := h.HandIn(t.Context(), p.Applicant(false), method)
		if err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		way, err := apply.Visit(t.Context(), b.Bearer)
		if err == nil {
			err = apply.Came(t.Context(), b.Bearer, how(p, b.Secret, way))
		}
		if err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		v, err := s.nodes[here].Records.Persons.Application(t.Context(), b.Bearer.Application())
		if err != nil {
			t.Fatal(err)
		}
		if r := v.Newest(); v.State != application.Identified || r == nil || r.Method != method || !r.By.Simulated {
			t.Errorf("%s: the application is %s, on %+v", method, v.State, r)
		}
	}
}

// atTheGate is a browser at the simulated gate, and what it brings back to us.
func (s *stage) atTheGate(p *setup.Person, secret login.Secret, page string) enrolment.Return {
	s.t.Helper()
	browser := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.world.Root()}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	u, err := url.Parse(page)
	if err != nil {
		s.t.Fatal(err)
	}
	q := u.Query()
	q.Set("citizen", p.IdentityNumber)
	u.RawQuery = ""
	res, err := browser.PostForm(u.JoinPath("choose").String(), q)
	if err != nil {
		s.t.Fatal(err)
	}
	res.Body.Close()
	back, err := res.Location()
	if err != nil || !strings.HasPrefix(back.String(), s.nodes[here].Config.Web.Base+"/") {
		s.t.Fatalf("the gate sends people to %v: %v", back, err)
	}
	v := s.visitor(here)
	v.must(v.get(back.RequestURI()), "/tr/apply/resume") // who has no application open here
	v.must(v.post("/tr/apply/resume", "secret", secret.Reveal()), "/tr/apply/status")
	v.must(v.get(back.RequestURI()), "/tr"+back.Path)
	return enrolment.Return{State: back.Query().Get("state"), Code: back.Query().Get("code")}
}
