package soap

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"rem"
	"rem/edge/throttle"
	"rem/message"
	"rem/message/mailbox"
	"rem/person/token"
	"rem/privacy"
)

const (
	sessionPrefix = "rem_s_"
	sessionTerm   = 30 * time.Minute
	maxSecret     = 400
)

var (
	noToken = bad("“sifre” alanına uygulama belirteci yazılır (hesap sayfalarında “API belirteçleri”). Sayfaların parolası burada geçmez; onu programlara yazmayınız.",
		"A token of the application stands in “sifre” (“API tokens” of the account's pages). The password of the pages is not taken here; do not write it into programs.")
	unknown = bad("Belirteç bu KEP hesabında geçerli değil: hiç verilmemiş, süresi dolmuş, iptal edilmiş veya kişinin yetkisi bitmiş olabilir.",
		"The token does not hold on this account: never given, ended, revoked, or its person may no longer act.")
	failures = bad("Çok fazla yanlış deneme yapıldı.", "Too many wrong attempts.")
	hurried  = bad("Bir dakikada çok fazla istek yapıldı.", "There were too many requests within a minute.")
)

// credentials are those of a request: the one field of an operation that has no
// other, or its field kepHesap.
func (c *call) credentials() *value {
	if c.op.in == "eyKepHesapGirisP" {
		return &c.in
	}
	return c.in.child("kepHesap")
}

// authenticate finds out who asks, before attachments are read.
func (h *Handler) authenticate(r *http.Request, c *call) error {
	given, now := c.credentials(), h.clock.Now()
	secret := ""
	for _, s := range []string{c.in.get("eGuvenlikId"), given.get("parola"), given.get("sifre")} {
		if strings.HasPrefix(s, "rem_") && len(s) <= maxSecret {
			secret = s
		}
	}
	if secret == "" {
		return noToken
	}
	network := "network "
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		network += throttle.AddressKey(at.Addr())
	}
	if !h.failures.Take(now, network, failuresPerNetwork) {
		return failures
	}
	if strings.HasPrefix(secret, sessionPrefix) {
		inner, ok := h.session(secret, now)
		if !ok {
			return bad("Oturum bitti; yeniden Giris çağırınız.", "The session is over; call Giris again.")
		}
		secret = inner
	}
	b, address, err := h.bearer(r.Context(), secret)
	if errors.Is(err, token.ErrUnknown) || err == nil && rem.FoldASCII(given.get("kepHesap")) != rem.FoldASCII(address) {
		return unknown
	}
	h.failures.GiveBack(network)
	switch {
	case err != nil:
		return err
	case !h.requests.Take(now, string(b.Key), requestsPerKey):
		return hurried
	case c.op.scope != "" && !b.May(c.op.scope):
		return bad("Belirtecin bu işlem için kapsamı yok: "+string(c.op.scope), "The token has no scope for this: "+string(c.op.scope))
	}
	c.by, c.shown = b, secret
	c.who = mailbox.Visitor{Actor: b.Actor, Authentication: message.Authentication{Time: b.Since, Method: b.Actor.Method}, Case: privacy.CaseID("api-" + string(b.Key))}
	return nil
}

// bearer gives who shows the token, and the address of his account.
func (h *Handler) bearer(ctx context.Context, secret string) (token.Bearer, string, error) {
	b, err := h.Tokens.Authenticate(ctx, secret)
	if err != nil {
		return b, "", err
	}
	a, err := h.Accounts.Account(ctx, b.Actor.Account)
	return b, a.Address.String(), err
}

// A session is the token itself under a key that only this process has, with the
// time at which it ends: there is nothing to keep, and the token is judged anew at
// each request.
func (h *Handler) open(secret string, now time.Time) string {
	plain := binary.BigEndian.AppendUint64(nil, uint64(now.Add(sessionTerm).Unix()))
	return sessionPrefix + base64.RawURLEncoding.EncodeToString(h.sessions.Seal(nil, nil, append(plain, secret...), nil))
}

func (h *Handler) session(shown string, now time.Time) (secret string, ok bool) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimPrefix(shown, sessionPrefix))
	if err != nil {
		return "", false
	}
	plain, err := h.sessions.Open(nil, nil, sealed, nil)
	if err != nil || len(plain) < 8 || now.Unix() >= int64(binary.BigEndian.Uint64(plain)) {
		return "", false
	}
	return string(plain[8:]), true
}

func (h *Handler) login(_ context.Context, c *call) ([]node, error) {
	if t := c.in.get("girisTur"); t != "" && t != "BASE" {
		return nil, bad("girisTur BASE olmalıdır: programlar SMS kodu veya imzayla değil, belirteçle girer.", "girisTur has to be BASE: programs log in by their token, not by a code or a signature.")
	}
	return []node{is("durum", "0"), is("hataaciklama", ""), is("eGuvenlikId", h.open(c.shown, h.clock.Now()))}, nil
}

func (h *Handler) secureLogin(_ context.Context, c *call) ([]node, error) {
	if code := c.in.child("eCadesBes"); c.in.get("smsKey") != "" || code.text != "" || code.cid != "" {
		return nil, bad("smsKey ve eCadesBes burada alınmaz: programın yetkisi belirtecidir.", "smsKey and eCadesBes are not taken here: a program's authority is its token.")
	}
	return []node{is("durum", "0"), is("hataaciklama", ""), is("eGuvenlikId", h.open(c.shown, h.clock.Now()))}, nil
}
