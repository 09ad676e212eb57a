package happening

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"time"

	"rem"
)

// A HookID names a hook; it begins with the time.
type HookID string

// A Fault is why a delivery failed last, as a class: it quotes nothing that a
// receiver said.
type Fault string

// The faults.
const (
	NoFault     Fault = ""
	Away        Fault = "away"        // no connection, or none in time
	Certificate Fault = "certificate" // not the host's, or from nobody who is trusted
	Residency   Fault = "residency"   // the host is not on the provider's list, or is where it may not be
	Redirected  Fault = "redirect"    // it points elsewhere; nobody goes there
	Answered    Fault = "status"      // it answered something else than 2xx
	Nobody      Fault = "person"      // the hook's person may no longer see the account
)

// A State is whether a hook is served.
type State string

// The states.
const (
	Running State = "running"
	Paused  State = "paused" // by its person
	GivenUp State = "failed" // after GiveUp of failing
)

// A Hook sends the events of an account to an address of one of its people.
type Hook struct {
	ID      HookID
	Account rem.AccountID
	Person  rem.PersonID
	// URL is https, with a host and a path alone.
	URL string
	// Kinds are what is sent; none: everything, also kinds that are not known yet.
	Kinds []Kind
	Made  time.Time
	State State
	// Cursor is the newest number that the receiver confirmed.
	Cursor int64
	// Upto is the last number of the batch that is being tried; 0: none is. A batch
	// is tried as it is until it is confirmed.
	Upto int64
	// Failing is since when deliveries fail, Attempts how many did, and Due when the
	// next one is made; Fault is the last one's.
	Failing  time.Time
	Attempts int
	Due      time.Time
	Fault    Fault
	// Confirmed is when the receiver last confirmed anything.
	Confirmed time.Time
}

// Sends reports whether it is told events of the kind.
func (h *Hook) Sends(k Kind) bool { return len(h.Kinds) == 0 || slices.Contains(h.Kinds, k) }

// A Delivery is what became of one batch.
type Delivery struct {
	// After and Upto bound the numbers of its events; Events is how many of them were
	// sent.
	After, Upto int64
	Events      int
	// Tries are the attempts since it was begun, At is when the last one ended, and
	// Fault what it ended with; none: the receiver confirmed.
	Tries int
	At    time.Time
	Fault Fault
}

// Bounds of hooks.
const (
	// MaxHooks are those of one account.
	MaxHooks = 10
	// MaxBatch is how many events one delivery has.
	MaxBatch = 100
	// GiveUp is how long a receiver may fail.
	GiveUp = 3 * 24 * time.Hour
	// First and Last pause after failures; each is twice the one before.
	First = 5 * time.Second
	Last  = time.Hour
	// MaxDeliveries are those of a hook that are kept to be looked at.
	MaxDeliveries = 50
	// maxURL is in octets.
	maxURL = 500
)

// Pause is how long to wait after the n-th failure, from 1.
func Pause(n int) time.Duration {
	p := First
	for ; n > 1 && p < Last; n-- {
		p *= 2
	}
	return min(p, Last)
}

// ParseURL reads the address of a receiver and returns it as it is kept, and its
// host. What stands in a URL stands in logs on the way, so a URL has no query, and
// its sender is known by the signature.
func ParseURL(s string) (whole, host string, err error) {
	u, parse := url.Parse(s)
	switch {
	case parse != nil || len(s) > maxURL || u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "":
		return "", "", rem.Refuse(rem.PolicyViolation, "Adres, https:// ile başlayan tam bir adres olmalıdır.", "The address has to be a whole one that begins with https://.")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.RawFragment != "":
		return "", "", rem.Refuse(rem.PolicyViolation, "Adreste kullanıcı adı, soru işareti veya # bulunmamalıdır; gönderen, imzadan tanınır.", "The address must have no user name, question mark or #; its sender is known by the signature.")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", "", rem.Refuse(rem.PolicyViolation, "Adresteki kapı (port) numarası geçersiz.", "The port in the address is none.")
		}
	}
	u.Host = rem.FoldASCII(u.Host)
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String(), u.Hostname(), nil
}

// Sign returns the value of X-REM-Signature for a body sent at the time
// (X-REM-Timestamp, seconds of Unix time): "v1=" and the HMAC with SHA-256, in
// hexadecimal, over the digits of the time, a dot and the body. The key is the
// secret's text.
func Sign(secret string, at time.Time, body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write(strconv.AppendInt(nil, at.Unix(), 10))
	m.Write([]byte{'.'})
	m.Write(body)
	return "v1=" + hex.EncodeToString(m.Sum(nil))
}
