package api

import (
	"errors"
	"net/http"
	"net/netip"
	"time"

	"rem/edge/throttle"
	"rem/person/token"
)

// exchange is the token endpoint: client credentials alone (RFC 6749 4.4, 5). The
// client shows itself by Basic or in the form, never in the address.
func (p *programs) exchange(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	refuse := func(status int, code string) {
		w.Header().Set("Content-Type", "application/json")
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="KEP"`)
		}
		w.WriteHeader(status)
		p.h.write(w, map[string]string{"error": code})
	}
	if err := r.ParseForm(); err != nil || len(r.URL.Query()) > 0 {
		refuse(http.StatusBadRequest, "invalid_request")
		return
	}
	id, secret, ok := r.BasicAuth()
	if !ok {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	switch {
	case r.PostForm.Get("grant_type") != "client_credentials":
		refuse(http.StatusBadRequest, "unsupported_grant_type")
		return
	case id == "" || secret == "" || len(id) > 100 || len(secret) > 200:
		refuse(http.StatusUnauthorized, "invalid_client")
		return
	}
	want, err := token.ParseScopes(r.PostForm.Get("scope"))
	if err != nil {
		refuse(http.StatusBadRequest, "invalid_scope")
		return
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		refuse(http.StatusBadRequest, "invalid_request")
		return
	}
	network, client, now := "network "+throttle.AddressKey(from.Addr()), "client "+id, p.h.clock.Now()
	if !p.h.failures.Take(now, network, failuresPerNetwork) {
		refuse(http.StatusTooManyRequests, "slow_down")
		return
	}
	if !p.h.failures.Take(now, client, failuresPerAccount) {
		p.h.failures.GiveBack(network)
		refuse(http.StatusTooManyRequests, "slow_down")
		return
	}
	x, given, err := p.Tokens.Exchange(r.Context(), token.ID(id), secret, want)
	if errors.Is(err, token.ErrUnknown) {
		refuse(http.StatusUnauthorized, "invalid_client")
		return
	}
	p.h.failures.GiveBack(network)
	p.h.failures.GiveBack(client)
	switch {
	case errors.Is(err, token.ErrScope):
		refuse(http.StatusBadRequest, "invalid_scope")
	case err != nil:
		p.h.fault(w, r, err)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Pragma", "no-cache")
		p.h.write(w, map[string]any{
			"access_token": given.Reveal(), "token_type": "Bearer",
			"expires_in": int(x.Until.Sub(x.Made) / time.Second), "scope": token.JoinScopes(x.Scopes),
		})
	}
}
