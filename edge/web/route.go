package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"rem"
	"rem/person/login"
	"rem/provider/staff"
)

// A Principal is who a session is of, as the frame found it for this request.
// The zero Principal is nobody.
type Principal struct {
	// Session is the log-in's own record.
	Session login.Session
	// Roles are those that somebody of the staff, or a partner, has now.
	Roles []staff.Role
	// Fresh says that he showed who he is a short time ago ([login.Service.Fresh]).
	Fresh bool
}

// Nobody reports whether there is no session.
func (p *Principal) Nobody() bool { return p.Session.Who.Kind == "" }

// Kind is as what he is here; "" for nobody.
func (p *Principal) Kind() login.Kind { return p.Session.Who.Kind }

// Person is who he is; "" for nobody.
func (p *Principal) Person() rem.PersonID { return p.Session.Who.Person }

// Has reports whether he has one of the roles now.
func (p *Principal) Has(roles ...staff.Role) bool {
	return slices.ContainsFunc(roles, func(r staff.Role) bool { return slices.Contains(p.Roles, r) })
}

// Who says who may call a route. The zero Who admits nobody.
type Who struct{ doors []door }

// A door admits sessions of one kind.
type door struct {
	all       bool // nobody is asked
	kind      login.Kind
	enrolling bool         // such sessions only; otherwise never such
	roles     []staff.Role // one of them; none: any
}

// Who may call.
var (
	// Public routes are for everybody, with a session or without.
	Public = Who{[]door{{all: true}}}
	// Applicant routes are for whoever resumed an application.
	Applicant = Who{[]door{{kind: login.Applicant}}}
	// Holder routes are for holders and operators of accounts who are fully in.
	Holder = Who{[]door{{kind: login.Holder}}}
	// Partner routes are for people of contracted institutions.
	Partner = Who{[]door{{kind: login.Partner}}}
	// Enrolling routes are for those who set their first credentials, of all kinds.
	Enrolling = Who{[]door{
		{kind: login.Holder, enrolling: true}, {kind: login.Staff, enrolling: true}, {kind: login.Partner, enrolling: true},
	}}
)

// Staff routes are for the provider's people who have one of the roles now; any
// role when none is given.
func Staff(roles ...staff.Role) Who {
	return Who{[]door{{kind: login.Staff, roles: roles}}}
}

// Either admits whoever one of the given admits.
func Either(all ...Who) (w Who) {
	for _, x := range all {
		w.doors = append(w.doors, x.doors...)
	}
	return w
}

// Public reports whether nobody is asked who he is.
func (w Who) Public() bool {
	return slices.ContainsFunc(w.doors, func(d door) bool { return d.all })
}

// Admits reports whether the principal may call. A session that only sets first
// credentials passes no other door.
func (w Who) Admits(p *Principal) bool {
	return slices.ContainsFunc(w.doors, func(d door) bool {
		switch {
		case d.all:
			return true
		case d.kind == "" || d.kind != p.Kind():
			return false
		case d.enrolling != (p.Session.Level == login.Enrolling):
			return false
		}
		return len(d.roles) == 0 || p.Has(d.roles...)
	})
}

// kinds lists the kinds of sessions that could be admitted, first ones first.
func (w Who) kinds() (list []login.Kind) {
	for _, d := range w.doors {
		if d.kind != "" && !slices.Contains(list, d.kind) {
			list = append(list, d.kind)
		}
	}
	return list
}

// String names who is admitted, for tables.
func (w Who) String() string {
	var all []string
	for _, d := range w.doors {
		switch {
		case d.all:
			all = append(all, "everybody")
		case d.enrolling:
			all = append(all, string(d.kind)+" (enrolling)")
		case len(d.roles) > 0:
			roles := make([]string, len(d.roles))
			for i, r := range d.roles {
				roles[i] = string(r)
			}
			all = append(all, string(d.kind)+" ("+strings.Join(roles, ", ")+")")
		default:
			all = append(all, string(d.kind))
		}
	}
	return strings.Join(all, ", ")
}

// A Handler answers a request. What it returns as an error is answered by the
// frame: a *rem.Refusal with its text, the errors of this package with their
// pages, and everything else as a fault, of which the visitor reads a number.
//
// A handler never says by which of the two something is missing: what is
// another's and what is not there are both [ErrNotFound] (AT-28).
type Handler func(*Request) (Answer, error)

// A Route is one address and who may call it.
type Route struct {
	// Name is unique in the site; logs and tables have it.
	Name string
	// Method is GET or POST. A GET changes nothing (AT-30).
	Method string
	// Pattern is the path without the language, such as "/notice/{version}": the
	// frame serves it under /tr and /en, and leads the path without a language to
	// one of them. A variable holds no personal data.
	Pattern string
	// Who may call.
	Who Who
	// Fresh asks for a log-in that is not long ago.
	Fresh bool
	// Handler answers.
	Handler Handler
	// Plain routes have no language: files with an address of their own.
	Plain bool
	// MaxBody bounds what a POST may send, in octets; 0: [FormSize].
	MaxBody int64
	// MaxValue bounds one value of a form, in octets, where 8 KiB are too few, such as
	// for the text of a message.
	MaxValue int
	// Busy marks what takes much memory or work; few of those run at once.
	Busy bool
}

// A Part is what one page package gives: routes, and a menu that stands on its
// pages.
type Part struct {
	// Name is that of the package; it stands before route names in tables.
	Name string
	// Title stands before the menu, and is its name for a screen reader.
	Title rem.Text
	// Menu shows those entries that lead to what the principal may call.
	Menu []MenuItem
	// Routes are all of them.
	Routes []Route
}

// A MenuItem leads to a route that is called by GET.
type MenuItem struct {
	Text rem.Text
	Path string // without the language
	// Strangers: it is not shown to who is logged in.
	Strangers bool
}

func (r *Route) check() error {
	switch {
	case r.Name == "" || r.Handler == nil:
		return fmt.Errorf("the route %q has no name or no handler", r.Pattern)
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		return fmt.Errorf("the route %s has the method %q", r.Name, r.Method)
	case !strings.HasPrefix(r.Pattern, "/") || strings.ContainsAny(r.Pattern, " \t?#"):
		return fmt.Errorf("the route %s has the pattern %q", r.Name, r.Pattern)
	case len(r.Pattern) > 1 && strings.HasSuffix(r.Pattern, "/") || strings.Contains(r.Pattern, "...}"):
		return fmt.Errorf("the route %s takes whole folders: %q", r.Name, r.Pattern)
	case len(r.Who.doors) == 0:
		return fmt.Errorf("the route %s does not say who may call it", r.Name)
	case r.Plain && r.Method != http.MethodGet:
		return fmt.Errorf("the route %s is a file and is not read", r.Name)
	case r.Fresh && r.Who.Public():
		return fmt.Errorf("the route %s asks everybody for a fresh log-in", r.Name)
	}
	return nil
}
