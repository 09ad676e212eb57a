package site

import (
	"context"
	"embed"
	"time"

	"rem"
	"rem/edge/web"
	"rem/message/verification"
	"rem/privacy/notice"
	"rem/provider"
	"rem/provider/publication"
)

//go:embed pages
var pages embed.FS

var views = web.MustViews(pages, "pages")

// Notices are the versions of the privacy notice. *notice.Ledger has them.
type Notices interface {
	Versions() []*notice.Version
	Version(n uint64) (*notice.Version, error)
	InForce(at time.Time) (*notice.Version, error)
	StatusOf(v *notice.Version, at time.Time) notice.Status
}

// Documents are what the provider publishes about the service.
// *publication.Ledger has them.
type Documents interface {
	Versions(k publication.Kind) []*publication.Version
	Version(k publication.Kind, n uint64) (*publication.Version, error)
	InForce(k publication.Kind, at time.Time) (*publication.Version, error)
}

// A Verifier says whether files hold. *verification.Verifier is one.
type Verifier interface {
	Verify(ctx context.Context, files ...verification.Input) (*verification.Report, error)
}

// A Condition is how one part of the service is, without anything about anybody.
type Condition struct {
	Name rem.Text
	// Well says that it works; Note says what does not, in our words.
	Well bool
	Note rem.Text
}

// Services are what the pages need.
type Services struct {
	Provider  provider.REMMD
	Practice  provider.Practice
	Notices   Notices
	Documents Documents
	Verifier  Verifier
	// Health tells how the parts of the service are now.
	Health func(context.Context) []Condition
	// Base is where the pages are, such as "https://kep.example".
	Base string
	// Security is where who finds a weakness turns to, such as
	// "mailto:guvenlik@kep.example"; "" gives no security.txt.
	Security string
	// Apply, Login and Directory say whether those pages are there; the first page
	// leads to them then.
	Apply, Login, Directory bool
}

type site struct{ Services }

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

// Menu and Foot are what stands at the head and the end of every page.
func Menu() []web.MenuItem {
	return []web.MenuItem{
		{Text: text("Ana sayfa", "Home"), Path: "/"},
		{Text: text("Başvuru", "Apply"), Path: "/apply", Strangers: true},
		{Text: text("Giriş", "Log in"), Path: "/login", Strangers: true},
		{Text: text("Rehber", "Directory"), Path: "/directory"},
		{Text: text("Delil doğrulama", "Verify an evidence"), Path: "/verify"},
		{Text: text("Tarife", "Tariff"), Path: "/tariff"},
		{Text: text("İletişim", "Contact"), Path: "/contact"},
	}
}

// Foot: see Menu.
func Foot() []web.MenuItem {
	return []web.MenuItem{
		{Text: text("Aydınlatma bildirimi", "Privacy notice"), Path: notice.CurrentPath},
		{Text: text("Uygulama esasları (KEPUE)", "Practice statement"), Path: "/practice"},
		{Text: text("Belgeler", "Documents"), Path: "/documents"},
		{Text: text("Çerezler", "Cookies"), Path: "/cookies"},
		{Text: text("Hizmet durumu", "Status"), Path: "/status"},
		{Text: text("Erişilebilirlik", "Accessibility"), Path: "/accessibility"},
	}
}

// Part gives the pages.
func Part(services Services) web.Part {
	s := &site{services}
	get := func(name, pattern string, h web.Handler) web.Route {
		return web.Route{Name: name, Method: "GET", Pattern: pattern, Who: web.Public, Handler: h}
	}
	file := func(name, pattern string, h web.Handler) web.Route {
		r := get(name, pattern, h)
		r.Plain = true
		return r
	}
	part := web.Part{Name: "site", Routes: []web.Route{
		get("home", "/", s.home),
		get("notice", "/notice", s.noticeNow),
		get("notice.versions", "/notice/versions", s.noticeVersions),
		{Name: "notice.version", Method: "GET", Pattern: "/notice/{version}", Who: web.Public, Handler: s.noticeVersion},
		{Name: "notice.digest", Method: "GET", Pattern: "/notice/sha256/{digest}", Who: web.Public, Handler: s.noticeByDigest},
		{Name: "notice.changes", Method: "GET", Pattern: "/notice-changes/{version}", Who: web.Public, Handler: s.noticeChanges},
		{Name: "notice.bytes", Method: "GET", Pattern: "/notice-bytes/{version}", Who: web.Public, Handler: s.noticeBytes, Plain: true},
		get("practice", "/practice", s.practice),
		get("tariff", "/tariff", s.tariff),
		get("documents", "/documents", s.documents),
		{Name: "document", Method: "GET", Pattern: "/documents/{kind}", Who: web.Public, Handler: s.documentNow},
		{Name: "document.version", Method: "GET", Pattern: "/documents/{kind}/{version}", Who: web.Public, Handler: s.documentVersion},
		{Name: "document.bytes", Method: "GET", Pattern: "/documents/{kind}/{version}/document.txt", Who: web.Public, Handler: s.documentBytes, Plain: true},
		{Name: "document.token", Method: "GET", Pattern: "/documents/{kind}/{version}/document.tst", Who: web.Public, Handler: s.documentToken, Plain: true},
		get("verify", "/verify", s.verifyForm),
		{Name: "verify.file", Method: "POST", Pattern: "/verify", Who: web.Public, Handler: s.verify, MaxBody: maxUpload, Busy: true},
		get("status", "/status", s.status),
		get("contact", "/contact", s.contact),
		get("accessibility", "/accessibility", s.accessibility),
		get("cookies", "/cookies", s.cookies),
		file("robots", "/robots.txt", s.robots),
	}}
	if s.Security != "" {
		part.Routes = append(part.Routes, file("security", "/.well-known/security.txt", s.securityText))
	}
	return part
}
