package webtest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"rem"
	"rem/edge/web"
	"rem/person/login"
	"rem/privacy"
	"rem/provider/staff"
)

// A Principal is somebody with a session, and what to call him.
type Principal struct {
	Name   string
	Cookie string
	web.Principal
}

// Sessions are those of principals, for web.Config.Sessions.
type Sessions []Principal

// Session implements web.Sessions.
func (s Sessions) Session(_ context.Context, cookie string) (web.Principal, error) {
	for i := range s {
		if s[i].Cookie == cookie {
			return s[i].Principal, nil
		}
	}
	return web.Principal{}, login.ErrNoSession
}

// Principals returns a holder, an applicant, somebody of an institution, one of the
// staff for each role and one without any, and for each kind with an enrolment
// somebody who sets his first credentials. Each person has a name of his own.
func Principals() (list Sessions) {
	add := func(name string, kind login.Kind, level login.Level, fresh bool, roles ...staff.Role) {
		person := rem.PersonID("p-" + strings.ReplaceAll(name, " ", "-"))
		session := login.Session{ID: login.NewSecret().ID(), Who: login.Who{Kind: kind, Person: person}, Level: level}
		if kind == login.Holder {
			session.Account = rem.AccountID("a-" + strings.ReplaceAll(name, " ", "-"))
		}
		list = append(list, Principal{name, login.NewSecret().Reveal(), web.Principal{Session: session, Roles: roles, Fresh: fresh}})
	}
	add("holder", login.Holder, login.Strong, true)
	add("holder of long ago", login.Holder, login.TwoFactors, false)
	add("enrolling holder", login.Holder, login.Enrolling, false)
	add("applicant", login.Applicant, login.Resumed, false)
	add("partner", login.Partner, login.Strong, true, staff.Partner)
	add("enrolling partner", login.Partner, login.Enrolling, false, staff.Partner)
	add("staff without a role", login.Staff, login.Strong, true)
	add("enrolling staff", login.Staff, login.Enrolling, false, staff.Manager)
	for _, r := range staff.Roles() {
		if r != staff.Partner {
			add("staff "+string(r), login.Staff, login.Strong, true, r)
		}
	}
	return list
}

var variable = regexp.MustCompile(`\{[^}]+\}`)

// nowhere stands for each variable: something that is not there.
const nowhere = "01jd8f0s2k4w9q7x3v5n6p8r1t"

// Matrix asks every route as every principal and as nobody, in both languages.
// Whoever is not admitted by the table is sent to a door (303), or refused (403),
// and reads nothing else. An answer to somebody who is admitted is his handler's:
// anything but a fault, because what is asked for is not there.
func Matrix(t *testing.T, s *web.Site, base string, principals Sessions) (cells int) {
	t.Helper()
	everybody := append(Sessions{{Name: "nobody"}}, principals...)
	for _, route := range s.Routes() {
		paths := []string{route.Pattern}
		if !route.Plain {
			paths = nil
			for _, l := range privacy.Languages() {
				paths = append(paths, "/"+string(l)+strings.TrimSuffix(route.Pattern, "/"))
			}
		}
		for _, path := range paths {
			path = variable.ReplaceAllString(path, nowhere)
			for i := range everybody {
				p := &everybody[i]
				w := ask(s, route.Method, base, path, p.Cookie)
				cells++
				admitted := route.Who.Admits(&p.Principal) && (!route.Fresh || p.Fresh)
				switch {
				case !admitted && w.Code != http.StatusSeeOther && w.Code != http.StatusForbidden:
					t.Errorf("%s (%s %s) as %s: %d, and the table does not admit him (%s)", route.Name, route.Method, path, p.Name, w.Code, route.Who)
				case !admitted && w.Code == http.StatusSeeOther && !strings.Contains(w.Header().Get("Location"), "/log") && !strings.Contains(w.Header().Get("Location"), "/resume"):
					t.Errorf("%s (%s %s) as %s leads to %s", route.Name, route.Method, path, p.Name, w.Header().Get("Location"))
				case admitted && w.Code >= 500 && w.Code != http.StatusServiceUnavailable:
					t.Errorf("%s (%s %s) as %s: %d for what is not there", route.Name, route.Method, path, p.Name, w.Code)
				}
				if !route.Who.Public() && w.Header().Get("Cache-Control") != "no-store" {
					t.Errorf("%s as %s may be kept: %q", route.Name, p.Name, w.Header().Get("Cache-Control"))
				}
			}
		}
	}
	return cells
}

func ask(s *web.Site, method, base, path, cookie string) *httptest.ResponseRecorder {
	q := httptest.NewRequest(method, base+path, strings.NewReader(""))
	q.RequestURI = path
	if cookie != "" {
		q.AddCookie(&http.Cookie{Name: "__Host-session", Value: cookie})
	}
	if method == http.MethodPost {
		q.Header.Set("Origin", base)
		q.Header.Set("Sec-Fetch-Site", "same-origin")
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, q)
	return w
}
