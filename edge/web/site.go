package web

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"rem"
	"rem/person/login"
	"rem/privacy"
)

// Sessions says whose session a cookie is. [Logins] makes one of a login.Service.
type Sessions interface {
	// Session returns the principal. login.ErrNoSession: the cookie is nobody's
	// any more. A *rem.Refusal: he may not act now, and reads why. It is asked at
	// each request that has a cookie.
	Session(ctx context.Context, cookie string) (Principal, error)
}

// Limits bound what one visitor, and all of them together, may ask for. A zero
// value stands for the usual.
type Limits struct {
	// Requests at once; above them a visitor is asked to come again. Usual: 512.
	Requests int
	// Busy requests at once (see Route.Busy). Usual: 4.
	Busy int
	// Connections at once, and from one address. Usual: 1024 and 64.
	Connections, PerAddress int
}

// The limits of one request.
const (
	// FormSize is what a form may send unless its route says otherwise, in octets.
	FormSize = 64 << 10
	// headerSize bounds the header of a request; ours are short.
	headerSize = 16 << 10
	// pathSize and querySize bound an address.
	pathSize, querySize = 512, 2048
)

// A Config is what a site works with.
type Config struct {
	// Base is where the pages are, such as "https://kep.example": the only origin
	// that is answered, whatever a browser says in Host (AT-43).
	Base string
	// Name is the provider's.
	Name rem.Text
	// Clock is that of the program.
	Clock rem.Clock
	// Log gets one line for each fault.
	Log *slog.Logger
	// Sessions may be nil: then nobody is logged in.
	Sessions Sessions
	// Doors are the pages, without language, to which somebody without a session
	// is sent, for each kind. Usual: /login, /apply/resume, /desk/login and
	// /partner/login. They get the page he wanted as ?next=.
	Doors map[login.Kind]string
	// Again is the page on which somebody shows again who he is. Usual: /login/again.
	Again string
	// Simulated lists what is a simulator in this program. Each page says so.
	Simulated []rem.Text
	// Menu stands at the head of every page, Foot at its end.
	Menu, Foot []MenuItem
	// Strict turns what a page does wrong (another cookie) into a panic, in tests.
	Strict bool
	Limits Limits
}

// A Site serves pages. It may be used from many goroutines.
type Site struct {
	config   Config
	host     string
	mux      *http.ServeMux
	routes   []Route
	parts    map[string]*Part // by route name
	gets     *http.ServeMux   // the GET routes, by which the language switch finds its way
	origin   *http.CrossOriginProtection
	requests chan struct{}
	busy     chan struct{}
}

// New makes a site of its parts. Routes that overlap, or do not say who may call
// them, are errors.
func New(c Config, parts ...Part) (*Site, error) {
	base, err := url.Parse(c.Base)
	if err != nil || base.Scheme != "https" || base.Host == "" || c.Base != "https://"+base.Host {
		return nil, fmt.Errorf("the address of the pages is %q; write https:// and a host", c.Base)
	}
	if c.Clock == nil || c.Log == nil || c.Name.Turkish == "" || c.Name.English == "" {
		return nil, errors.New("a site needs a clock, a log and the provider's name in both languages")
	}
	doors := map[login.Kind]string{login.Holder: "/login", login.Applicant: "/apply/resume", login.Staff: "/desk/login", login.Partner: "/partner/login"}
	for k, p := range c.Doors {
		doors[k] = p
	}
	c.Doors = doors
	if c.Again == "" {
		c.Again = "/login/again"
	}
	or := func(n *int, usual int) {
		if *n <= 0 {
			*n = usual
		}
	}
	or(&c.Limits.Requests, 512)
	or(&c.Limits.Busy, 4)
	or(&c.Limits.Connections, 1024)
	or(&c.Limits.PerAddress, 64)
	s := &Site{
		config: c, host: base.Host, mux: http.NewServeMux(), gets: http.NewServeMux(), parts: map[string]*Part{}, origin: http.NewCrossOriginProtection(),
		requests: make(chan struct{}, c.Limits.Requests), busy: make(chan struct{}, c.Limits.Busy),
	}
	if err := s.mount(&Part{Name: "web", Routes: assetRoutes()}); err != nil {
		return nil, err
	}
	for i := range parts {
		if err := s.mount(&parts[i]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// mount adds a part. The mux panics when two patterns overlap, which is a fault
// of the table.
func (s *Site) mount(p *Part) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the routes of %s: %v", p.Name, r)
		}
	}()
	for i := range p.Routes {
		r := p.Routes[i]
		r.Name = p.Name + "." + r.Name
		if err := r.check(); err != nil {
			return err
		}
		if s.parts[r.Name] != nil {
			return fmt.Errorf("two routes are called %s", r.Name)
		}
		if r.MaxBody == 0 {
			r.MaxBody = FormSize
		}
		s.parts[r.Name] = p
		s.routes = append(s.routes, r)
		if r.Plain {
			s.mux.Handle(r.Method+" "+r.Pattern, s.serve(&r, ""))
			continue
		}
		for _, l := range privacy.Languages() {
			prefixed := "/" + string(l) + strings.TrimSuffix(r.Pattern, "/")
			s.mux.Handle(r.Method+" "+prefixed, s.serve(&r, l))
			if r.Method == http.MethodGet {
				s.gets.Handle("GET "+prefixed, http.NotFoundHandler())
			}
		}
		if r.Method == http.MethodGet {
			pattern := r.Pattern
			if pattern == "/" {
				pattern = "/{$}"
			}
			s.mux.Handle("GET "+pattern, http.HandlerFunc(s.choose))
		}
	}
	return nil
}

// Routes returns the whole table, from which a test makes the matrix of who may
// call what.
func (s *Site) Routes() []Route { return slices.Clone(s.routes) }

// ServeHTTP answers one request.
func (s *Site) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	id := newID()
	writeHeaders(w.Header())
	r := &Request{site: s, http: q, w: w, ID: id, Language: s.languageOf(q)}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			// What it was about may hold something personal; where it was does not.
			s.config.Log.Error("a page panicked", "request", id, "route", r.routeName(), "panic", fmt.Sprintf("%T", p), "stack", stackOf(debug.Stack()))
			s.fail(r, http.StatusInternalServerError, nil)
		}
	}()
	select {
	case s.requests <- struct{}{}:
		defer func() { <-s.requests }()
	default:
		s.fail(r, http.StatusServiceUnavailable, nil)
		return
	}
	switch {
	case q.Host != s.host:
		// Another name that leads here is none of ours (AT-43).
		s.fail(r, http.StatusMisdirectedRequest, nil)
		return
	case len(q.URL.Path) > pathSize || len(q.URL.RawQuery) > querySize:
		s.fail(r, http.StatusRequestURITooLong, nil)
		return
	case q.URL.Path != path.Clean(q.URL.Path) || strings.ContainsFunc(q.URL.Path, notPrintable):
		s.fail(r, http.StatusNotFound, nil)
		return
	}
	if err := s.sameOrigin(q); err != nil {
		s.fail(r, http.StatusForbidden, &wrongOrigin)
		return
	}
	_, pattern := s.mux.Handler(q)
	if pattern == "" {
		status := http.StatusNotFound
		if allowed := s.methods(q); allowed != "" {
			w.Header().Set("Allow", allowed)
			status = http.StatusMethodNotAllowed
		}
		s.fail(r, status, nil)
		return
	}
	s.mux.ServeHTTP(w, q.WithContext(context.WithValue(q.Context(), requestKey{}, r)))
}

// sameOrigin refuses what changes something and does not come from our own pages.
// The standard library lets pass what names no origin at all, for programs; these
// pages are for browsers, which always name one (AT-30).
func (s *Site) sameOrigin(q *http.Request) error {
	switch q.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	if q.Header.Get("Sec-Fetch-Site") == "" && q.Header.Get("Origin") == "" {
		return errors.New("the request names no origin")
	}
	if o := q.Header.Get("Origin"); o != "" && o != s.config.Base {
		return errors.New("the request comes from another origin")
	}
	return s.origin.Check(q)
}

// methods lists those that the address has.
func (s *Site) methods(q *http.Request) string {
	var list []string
	for _, m := range []string{http.MethodGet, http.MethodPost} {
		other := *q
		other.Method = m
		if _, pattern := s.mux.Handler(&other); pattern != "" {
			list = append(list, m)
		}
	}
	return strings.Join(list, ", ")
}

type requestKey struct{}

// serve answers a route in a language.
func (s *Site) serve(route *Route, l privacy.Language) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r := q.Context().Value(requestKey{}).(*Request)
		r.http, r.route = q, route
		if l != "" {
			r.Language = l
		}
		if err := s.handle(r); err != nil {
			s.refuse(r, err)
		}
	})
}

func (s *Site) handle(r *Request) error {
	if err := s.identify(r); err != nil {
		return err
	}
	if sent, err := s.admit(r); sent || err != nil {
		return err
	}
	if r.route.Busy {
		select {
		case s.busy <- struct{}{}:
			defer func() { <-s.busy }()
		default:
			return ErrBusy
		}
	}
	if r.http.Body != nil {
		r.http.Body = http.MaxBytesReader(r.w, r.http.Body, r.route.MaxBody)
	}
	answer, err := r.route.Handler(r)
	if err != nil {
		return err
	}
	if answer == nil {
		return errors.New("the handler gave no answer")
	}
	return answer.send(r)
}

// identify finds whose session the cookie is. A route for everybody does without
// a session that could not be read.
func (s *Site) identify(r *Request) error {
	cookie := r.cookie(sessionCookie)
	if cookie == "" || s.config.Sessions == nil || r.route.Plain {
		return nil
	}
	p, err := s.config.Sessions.Session(r.http.Context(), cookie)
	if err == nil {
		r.Principal = p
		return nil
	}
	refusal, refused := errors.AsType[*rem.Refusal](err)
	switch {
	case errors.Is(err, login.ErrNoSession):
		r.clear(sessionCookie)
		r.ended = true
	case r.route.Who.Public():
		if !refused {
			s.config.Log.Error("a session could not be read", "request", r.ID, "err", err)
		}
	case refused:
		return &Forbidden{Why: refusal.Detail}
	default:
		return fmt.Errorf("reading the session: %w", err)
	}
	return nil
}

// admit lets the principal in, sends him to a door, or refuses.
func (s *Site) admit(r *Request) (sent bool, err error) {
	who := r.route.Who
	switch {
	case !who.Admits(&r.Principal):
		kinds := who.kinds()
		if !r.Principal.Nobody() && slices.Contains(kinds, r.Principal.Kind()) || len(kinds) == 0 {
			return false, &Forbidden{}
		}
		return true, s.toDoor(r, s.config.Doors[kinds[0]])
	case r.route.Fresh && !r.Principal.Fresh:
		return true, s.toDoor(r, s.config.Again)
	}
	return false, nil
}

// toDoor sends a visitor to log in, and back to the page that he wanted.
func (s *Site) toDoor(r *Request, door string) error {
	if door == "" {
		return &Forbidden{}
	}
	to := door
	if r.http.Method == http.MethodGet || r.http.Method == http.MethodHead {
		to += "?next=" + url.QueryEscape(r.http.URL.RequestURI())
	}
	return Redirect{To: to}.send(r)
}

// languageOf says in which language somebody is answered whose address says
// none: the first of ours that his browser names, or Turkish.
func (s *Site) languageOf(q *http.Request) privacy.Language {
	for _, l := range privacy.Languages() {
		if p := q.URL.Path; p == "/"+string(l) || strings.HasPrefix(p, "/"+string(l)+"/") {
			return l
		}
	}
	best, at := privacy.Turkish, 0.0
	for part := range strings.SplitSeq(limit(q.Header.Get("Accept-Language"), 200), ",") {
		tag, weight, _ := strings.Cut(strings.TrimSpace(part), ";q=")
		tag, _, _ = strings.Cut(rem.FoldASCII(tag), "-")
		q := 1.0
		if weight != "" {
			var err error
			if q, err = strconv.ParseFloat(weight, 64); err != nil {
				continue
			}
		}
		if l := privacy.Language(tag); slices.Contains(privacy.Languages(), l) && q > at {
			best, at = l, q
		}
	}
	return best
}

// choose leads an address without a language to one with it.
func (s *Site) choose(w http.ResponseWriter, q *http.Request) {
	l := s.languageOf(q)
	to := "/" + string(l) + strings.TrimSuffix(q.URL.EscapedPath(), "/")
	if q.URL.RawQuery != "" {
		to += "?" + q.URL.RawQuery
	}
	w.Header().Set("Vary", "Accept-Language")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusFound)
}

// inOther gives the address of the same page in another language; where the page
// came by POST and has no address, that of the first page.
func (s *Site) inOther(r *Request, l privacy.Language) string {
	rest, ok := strings.CutPrefix(r.http.URL.EscapedPath(), "/"+string(r.Language))
	if !ok {
		return "/" + string(l)
	}
	u := &url.URL{Path: "/" + string(l) + rest, RawPath: ""}
	if decoded, err := url.PathUnescape(u.Path); err == nil {
		u.Path = decoded
	}
	if _, pattern := s.gets.Handler(&http.Request{Method: http.MethodGet, URL: u, Host: s.host}); pattern == "" {
		return "/" + string(l)
	}
	to := u.EscapedPath()
	if r.http.Method != http.MethodPost && r.http.URL.RawQuery != "" {
		to += "?" + r.http.URL.RawQuery
	}
	return to
}

// newID names a request in the log and on an error page: 50 bits are enough to
// find one, and say nothing.
func newID() string {
	b := make([]byte, 10)
	rand.Read(b)
	return base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding).EncodeToString(b)[:10]
}

func notPrintable(c rune) bool { return c < 0x20 || c == 0x7f || c == '\\' }

func limit(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// stackOf keeps the functions and lines of a stack, without the values of their
// arguments.
func stackOf(stack []byte) string {
	var out []string
	for line := range strings.Lines(string(stack)) {
		line = strings.TrimSpace(line)
		if i := strings.LastIndexByte(line, '('); i > 0 && !strings.Contains(line, ".go:") {
			line = line[:i]
		}
		if i := strings.Index(line, " +0x"); i > 0 {
			line = line[:i]
		}
		out = append(out, line)
		if len(out) >= 40 {
			break
		}
	}
	return strings.Join(out, " | ")
}
