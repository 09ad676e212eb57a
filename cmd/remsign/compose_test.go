package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rem"
	pages "rem/edge/signing"
	"rem/edge/web"
	"rem/edge/webmail"
	"rem/internal/testkit/browser"
	"rem/internal/testkit/mailboxtest"
	"rem/internal/testkit/signtest"
	"rem/internal/testkit/softhsm"
	"rem/internal/testkit/world"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/signing"
	"rem/message/submission"
	"rem/person/account"
	"rem/person/login"
	"rem/privacy"
	"rem/provider/directory"
)

// nameless opens no names.
type nameless struct{}

func (nameless) Acting(context.Context, mailbox.Visitor, account.Account) (privacy.Value, error) {
	return privacy.Value{}, nil
}

func (nameless) Holding(context.Context, mailbox.Visitor, account.Account) (privacy.Value, error) {
	return privacy.Value{}, nil
}

// An office is a desk whose drafts are written in a mailbox.
type office struct {
	*signtest.Desk
	box    *mailbox.Box
	follow *mailbox.Follower
	sender *mailbox.Sender
}

var _ signing.Door = (*office)(nil)

// Submit implements signing.Door.
func (o *office) Submit(ctx context.Context, who submission.Login, d signing.Draft, _ smtp.Transaction, original message.Content) (submission.Receipt, error) {
	id, version, _ := strings.Cut(d.ID, "@")
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return submission.Receipt{}, err
	}
	return o.sender.Send(ctx, who, mailbox.Signed{Draft: mailbox.DraftID(id), Version: n, Original: original})
}

func newOffice(t *testing.T) *office {
	o := &office{Desk: signtest.New(t, signing.Policy{Batch: 20, OnePIN: true})}
	store, p := mailboxtest.NewMemory(), o.Provider
	store.Clock = o.World.Clock
	key := make([]byte, 32)
	o.box = &mailbox.Box{
		Ledger: p.Store, Store: store, Accounts: p.Store, Retriever: p.Retriever, Submitter: p.Submitter, Names: nameless{}, Clock: o.World.Clock,
		Domain: p.Domain, WordKey: key, Spool: func() mailbox.Spool { return p.Store.Spool() },
	}
	o.follow = &mailbox.Follower{Feed: p.Store, Ledger: p.Store, Store: store, Domain: p.Domain, WordKey: key}
	o.sender = &mailbox.Sender{Box: o.box, Alarm: func(err error) { t.Error(err) }, Follow: func(ctx context.Context) error { _, err := o.follow.Follow(ctx); return err }}
	o.Service.Door = o
	return o
}

// site has the pages for writing and those for signing.
func (o *office) site(t *testing.T, base string) http.Handler {
	sign, err := pages.Part(pages.Services{
		Desk: o.Service, Base: base, Back: "/mail/drafts", Sent: "/mail/sent",
		Draft: func(ctx context.Context, who rem.Actor, id string) (signing.Draft, error) {
			v := mailbox.Visitor{Actor: who, Case: "signing"}
			d, err := o.box.Draft(ctx, v, mailbox.DraftID(id))
			if err != nil {
				return signing.Draft{}, err
			}
			c, err := o.box.Compose(ctx, v, d.ID)
			return signing.Draft{ID: id + "@" + strconv.FormatInt(d.Version, 10), Author: d.Author, Original: c}, err
		},
		Login: func(context.Context, login.Session) (submission.Login, error) { return o.Login, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	mail := webmail.Part(webmail.Services{Box: o.box, Accounts: o.Provider.Store, Provider: o.Provider.REMMD.Name, Writing: webmail.Writing{
		Sign: "/sign",
		Check: func(_ context.Context, _ mailbox.Visitor, list []rem.Address) ([]directory.Status, error) {
			all := make([]directory.Status, len(list))
			for i := range all {
				all[i] = directory.Exists
			}
			return all, nil
		},
	}})
	enter := web.Part{Name: "test", Routes: []web.Route{{Name: "enter", Method: "GET", Pattern: "/enter", Who: web.Public, Handler: func(r *web.Request) (web.Answer, error) {
		r.Open(login.Opened{Secret: signtest.Secret("ayse")})
		return web.Redirect{To: "/mail/compose"}, nil
	}}}}
	log := slog.New(slog.DiscardHandler)
	s, err := web.New(web.Config{Base: base, Name: o.Provider.REMMD.Name, Clock: o.World.Clock, Log: log, Sessions: o, Strict: true}, sign, mail, enter)
	if err != nil {
		t.Fatal(err)
	}
	programs := pages.NewPrograms(o.Service, o.World.Clock, log)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, pages.Prefix) {
			programs.ServeHTTP(w, r)
			return
		}
		s.ServeHTTP(w, r)
	})
}

// REQ-47, REQ-49, REQ-55: a message is written in Chromium, gets a file, is checked,
// signed by remsign with a token, and is among the sent ones; one for later waits for
// its time.
func TestAMessageIsWrittenSignedAndSent(t *testing.T) {
	o := newOffice(t)
	token := softhsm.New(t, "Kart")
	token.Put(t, o.Kit.Identity(t, 0, ""))
	prog, h := newProgram(t, token, o.World.Clock)
	serving(t, prog)
	site := browser.Serve(t, func(base string) http.Handler { return o.site(t, base) })
	p := browser.Open(t).Page(t)
	file := filepath.Join(t.TempDir(), "sözleşme.pdf")
	if err := os.WriteFile(file, []byte("%PDF-1.7\n"+strings.Repeat("x", 100_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	paired := false
	send := func(subject, day string) string {
		p.Open(site + "/tr/enter")
		p.Fill("to", world.Address("bora", "hs90"))
		p.Fill("subject", subject)
		p.Attach("file", file)
		until(t, "a file goes up", p, `document.querySelector("[data-compose-files]").textContent.includes("sözleşme.pdf")`)
		browser.Eval[bool](p, `(() => { document.querySelector("[data-compose-editor]").focus(); document.execCommand("insertText", false, "Sözleşme ektedir."); return true; })()`)
		until(t, "the draft is kept", p, `document.querySelector("[data-compose-state]").textContent.includes("kaydedildi")`)
		if day != "" {
			browser.Eval[bool](p, `(() => { document.getElementById("day").value = `+strconv.Quote(day)+`; return true; })()`)
		}
		p.Follow(`button[value="review"]`)
		if got := p.Text("main"); !strings.Contains(got, "geri alınamaz") {
			t.Fatalf("before signing: %s", got)
		}
		p.Submit(`form[action$="/sign"]`)
		p.Click("[data-sign-begin]")
		if !paired {
			until(t, "pairing", p, `!document.querySelector("[data-sign-pair]").hidden`)
			shown := sixDigits.FindStringSubmatch(h.saw())
			if shown == nil {
				t.Fatalf("the terminal shows %s", h.saw())
			}
			p.Fill("code", shown[1]+shown[2])
			p.Click("[data-sign-pair] button")
			paired = true
		}
		until(t, "certificates", p, `document.querySelectorAll("[data-sign-certificates] button").length === 1`)
		h.does([]string{"evet"}, softhsm.PIN)
		p.Follow("[data-sign-certificates] button")
		return p.Text("main")
	}
	sent := func() string {
		t.Helper()
		if _, err := o.follow.Follow(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.Open(site + "/tr/mail/sent")
		return p.Text("main")
	}
	if got := send("Sözleşme", ""); !strings.Contains(got, "Gönderildi") {
		t.Fatalf("sending: %s", got)
	}
	if got := sent(); !strings.Contains(got, "Sözleşme") || strings.Contains(got, "Sonraki") {
		t.Errorf("sent: %s", got)
	}
	p.Open(site + "/tr/mail/drafts")
	if got := p.Text("main"); strings.Contains(got, "Sözleşme") {
		t.Errorf("the draft stays: %s", got)
	}
	o.World.Clock.Advance(time.Second)
	if got := send("Sonraki sözleşme", o.World.Clock.Now().Add(72*time.Hour).Format(time.DateOnly)); !strings.Contains(got, "Zamanını bekliyor") {
		t.Errorf("scheduling: %s", got)
	}
	p.Shot("compose-scheduled-result")
	if got := sent(); strings.Contains(got, "Sonraki") {
		t.Error("it was sent before its time")
	}
	o.World.Clock.Advance(96 * time.Hour)
	if err := o.sender.Due(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := sent(); !strings.Contains(got, "Sonraki sözleşme") {
		t.Errorf("at its time: %s", got)
	}
}

// Without scripts a draft is written, gets a file, and is taken away unsigned, signed
// elsewhere and brought back.
func TestAMessageIsWrittenAndSentWithoutScripts(t *testing.T) {
	o := newOffice(t)
	site := browser.Serve(t, func(base string) http.Handler { return o.site(t, base) })
	p := browser.Open(t).Page(t, browser.NoScript)
	dir := t.TempDir()
	file, signed := filepath.Join(dir, "liste.csv"), filepath.Join(dir, "imzali.eml")
	write := func(name string, b []byte) {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(file, []byte("a;b\n"))
	p.Open(site + "/tr/enter")
	p.Fill("to", world.Address("bora", "hs90"))
	p.Fill("subject", "Betiksiz")
	p.Fill("text", "Ekte.")
	p.Attach("file", file)
	p.Follow(`button[value="review"]`)
	if got := p.Text("main"); !strings.Contains(got, "liste.csv") || !strings.Contains(got, "Rehberde kayıtlı") {
		t.Fatalf("before signing: %s", got)
	}
	p.Submit(`form[action$="/sign"]`)
	at := p.Here()
	id := signing.ID(at[strings.LastIndexByte(at, '/')+1:])
	unsigned, err := o.Unsigned(signing.Access{ID: id, Actor: o.Login.Actor}, 0)
	if err != nil {
		t.Fatal(err)
	}
	write(signed, o.Kit.SignUnsigned(t, unsigned, 0))
	p.Attach("signed", signed)
	p.Submit(`form[action$="/upload"]`)
	if got := p.Text("main"); !strings.Contains(got, "Gönderildi") {
		t.Fatalf("uploading: %s", got)
	}
	if _, err := o.follow.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Open(site + "/tr/mail/sent")
	if got := p.Text("main"); !strings.Contains(got, "Betiksiz") {
		t.Errorf("sent: %s", got)
	}
}
