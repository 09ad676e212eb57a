package web

import (
	"net/http"
	"strings"
)

// A Script is one that a page needs. There are no others, and none is asked for
// from another host.
type Script string

// The scripts.
const (
	// Passkey lets the browser answer the challenge of a passkey: see passkey.js.
	Passkey Script = "passkey.js"
	// Mailbox gives the keys of a mailbox: see mail.js.
	Mailbox Script = "mail.js"
	// Signing speaks with remsign on the visitor's own machine: see signing.js. Its
	// page alone may connect to the ports of that program.
	Signing Script = "signing.js"
	// Compose keeps a draft while it is written, and asks our own server about its
	// recipients: see compose.js.
	Compose Script = "compose.js"
	// Waiting asks our own server how something stands that goes on without the visitor,
	// and loads the page anew when that has changed: see waiting.js.
	Waiting Script = "waiting.js"
)

// signers are where remsign listens, on the visitor's own machine
// (docs/formats/signing.md).
var signers = []string{"http://127.0.0.1:47811", "http://127.0.0.1:47812", "http://127.0.0.1:47813"}

// writeHeaders sets what goes with every answer, also with those of faults.
func writeHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy("", false))
	h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	h.Set("X-Content-Type-Options", "nosniff")
	// Nothing goes to other hosts. Within ours the browser still says where a form
	// came from, which "no-referrer" would turn into "null" (AT-30).
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", permissions(false))
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Embedder-Policy", "require-corp")
	h.Set("X-Frame-Options", "DENY") // for browsers that do not read frame-ancestors
	h.Set("Cache-Control", "no-store")
}

// policy writes the content security policy. No processor of the inventory is
// given anything by a browser, so no other origin is in it (S17, P-09). frames
// lets the page hold documents of ours, such as a message in its sandbox.
func policy(s Script, frames bool) string {
	script, frame := "'none'", "'none'"
	if frames {
		frame = "'self'"
	}
	if s != "" {
		script = "'self'"
	}
	connect := ""
	switch s {
	case Compose, Waiting:
		connect = "connect-src 'self'; "
	case Signing:
		connect = "connect-src 'self' " + strings.Join(signers, " ") + "; "
	}
	return connect + strings.Join([]string{
		"default-src 'none'", "style-src 'self'", "img-src 'self'", "script-src " + script, "frame-src " + frame, "form-action 'self'",
		"frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'", "upgrade-insecure-requests",
	}, "; ")
}

// permissions turns off what no page uses.
func permissions(passkeys bool) string {
	to := "()"
	if passkeys {
		to = "(self)"
	}
	list := []string{"publickey-credentials-get=" + to, "publickey-credentials-create=" + to}
	for _, p := range []string{
		"accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation", "gyroscope", "hid", "idle-detection",
		"magnetometer", "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock", "serial", "usb", "web-share", "xr-spatial-tracking",
		"browsing-topics", "interest-cohort",
	} {
		list = append(list, p+"=()")
	}
	return strings.Join(list, ", ")
}
