package web

import (
	"net/http"
	"strings"
	"time"

	"rem/person/login"
)

// The cookies; there are no others (S31). Both hold a random secret and nothing
// else (S33), are sent by TLS alone, to this host alone, and no script reads them.
const (
	// sessionCookie holds the secret of a session and ends with the browser.
	sessionCookie = "__Host-session"
	// deviceCookie holds a secret by which a browser is known again at the next
	// log-in, so that somebody who guesses elsewhere cannot lock its user out.
	deviceCookie = "__Host-device"
	// deviceTerm is how long a browser is known after it was last used to log in.
	deviceTerm = 180 * 24 * time.Hour
)

// cookie returns the secret in a cookie, or "". A browser that sends two of one
// name is given nothing for either.
func (r *Request) cookie(name string) string {
	found := r.http.CookiesNamed(name)
	if len(found) != 1 {
		return ""
	}
	if _, err := login.ParseSecret(found[0].Value); err != nil {
		return ""
	}
	return found[0].Value
}

// Open gives the browser the secrets of a log-in, in place of those it had: a
// session has a new secret after each privilege step (AT-29).
func (r *Request) Open(o login.Opened) {
	if !o.Secret.IsZero() {
		r.keep(sessionCookie, o.Secret.Reveal(), 0, http.SameSiteLaxMode)
	}
	if !o.Device.IsZero() {
		r.keep(deviceCookie, o.Device.Reveal(), deviceTerm, http.SameSiteStrictMode)
	}
}

// Close takes the session's cookie from the browser. The session itself is ended
// by the log-in's service.
func (r *Request) Close() { r.clear(sessionCookie) }

func (r *Request) clear(name string) { r.keep(name, "", -1, http.SameSiteLaxMode) }

func (r *Request) keep(name, value string, age time.Duration, site http.SameSite) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: site, MaxAge: int(age / time.Second)}
	if age < 0 {
		c.MaxAge = -1
	}
	r.cookies = append(r.cookies, c)
}

// sendCookies writes those that the request gave, the last of each name, and
// drops whatever else stands there (P-08).
func (r *Request) sendCookies() {
	h := r.w.Header()
	stray := len(h["Set-Cookie"]) > 0
	h.Del("Set-Cookie")
	if stray && r.site.config.Strict {
		panic("a page sets a cookie past the frame")
	}
	last := map[string]*http.Cookie{}
	for _, c := range r.cookies {
		last[c.Name] = c
	}
	for _, name := range []string{sessionCookie, deviceCookie} {
		if c := last[name]; c != nil {
			http.SetCookie(r.w, c)
		}
	}
}

// Visitor is what the log-in is told of who asks.
func (r *Request) Visitor() login.Visitor {
	v := login.Visitor{Agent: limit(r.http.UserAgent(), 400), Address: r.address()}
	if c := r.cookie(deviceCookie); c != "" {
		v.Device, _ = login.ParseSecret(c) // it was read once
	}
	return v
}

// SessionSecret returns what the session's cookie holds, for the log-in's own
// pages; "" without one.
func (r *Request) SessionSecret() string { return strings.Clone(r.cookie(sessionCookie)) }
