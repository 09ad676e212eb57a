package web

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"

	"rem"
	"rem/person/login"
	"rem/privacy"
	"rem/provider/staff"
)

// A Request is what a handler gets. It belongs to one goroutine.
type Request struct {
	// Language is that of the address, or what the browser would like.
	Language privacy.Language
	// Principal is whose session it is; the zero Principal is nobody.
	Principal Principal
	// ID names the request in the log and on a page about a fault.
	ID string

	site    *Site
	route   *Route
	http    *http.Request
	w       http.ResponseWriter
	cookies []*http.Cookie
	ended   bool // it came with the cookie of a session that is over
	form    *Form
}

// Context ends with the request.
func (r *Request) Context() context.Context { return r.http.Context() }

// Now is the present.
func (r *Request) Now() time.Time { return r.site.config.Clock.Now() }

// Say gives a text in the request's language.
func (r *Request) Say(t rem.Text) string { return r.Language.In(t) }

// Var returns a variable of the pattern.
func (r *Request) Var(name string) string { return r.http.PathValue(name) }

// Query returns the first value of a name behind the question mark, where
// nothing personal may stand; "" for one that is not plain text.
func (r *Request) Query(name string) string {
	v := r.http.URL.Query().Get(name)
	if !plain(v, false) {
		return ""
	}
	return v
}

// Posted reports whether a form was sent.
func (r *Request) Posted() bool { return r.http.Method == http.MethodPost }

// Path is the address of the request without its language.
func (r *Request) Path() string {
	rest := strings.TrimPrefix(r.http.URL.Path, "/"+string(r.Language))
	if rest == "" {
		return "/"
	}
	return rest
}

// Link gives the address of a page of ours in the request's language; path is
// without it.
func (r *Request) Link(path string) string { return localised(path, r.Language) }

func localised(to string, l privacy.Language) string {
	if to == "/" {
		return "/" + string(l)
	}
	if after, ok := strings.CutPrefix(to, "/?"); ok {
		return "/" + string(l) + "?" + after
	}
	return "/" + string(l) + to
}

// Next returns where the visitor wanted to go before he was sent to log in: a
// page of ours, with its language, or "" (AT-43). It reads the form, or the
// address when none was sent.
func (r *Request) Next() string {
	next := r.Query("next")
	if r.Posted() {
		f, err := r.Form()
		if err != nil {
			return ""
		}
		next = f.Get("next")
	}
	if !r.site.local(next) {
		return ""
	}
	return next
}

// local reports whether an address with its language is that of a page of ours
// that is called by GET.
func (s *Site) local(to string) bool {
	if to == "" || to[0] != '/' || len(to) > pathSize || strings.HasPrefix(to, "//") || strings.ContainsFunc(to, notPrintable) {
		return false
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Fragment != "" || u.Path != path.Clean(u.Path) {
		return false
	}
	_, pattern := s.gets.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: u.Path}, Host: s.host})
	return pattern != ""
}

// address is where the connection comes from. Nothing that a browser says in the
// header counts.
func (r *Request) address() netip.Addr {
	a, err := netip.ParseAddrPort(r.http.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}

func (r *Request) routeName() string {
	if r.route == nil {
		return ""
	}
	return r.route.Name
}

// Logins makes Sessions of the log-in's service. roles gives what somebody of the
// staff, or a partner, may do now; nil when there are none.
func Logins(s *login.Service, roles func(context.Context, login.Who) ([]staff.Role, error)) Sessions {
	return logins{s, roles}
}

type logins struct {
	service *login.Service
	roles   func(context.Context, login.Who) ([]staff.Role, error)
}

// Session implements Sessions.
func (l logins) Session(ctx context.Context, cookie string) (p Principal, err error) {
	x, err := l.service.Session(ctx, cookie)
	if err != nil {
		return Principal{}, err
	}
	if l.roles != nil && (x.Who.Kind == login.Staff || x.Who.Kind == login.Partner) {
		if p.Roles, err = l.roles(ctx, x.Who); err != nil {
			return Principal{}, err
		}
	}
	p.Session, p.Fresh = x, l.service.Fresh(x) == nil
	return p, nil
}
