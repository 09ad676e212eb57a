package imapd

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-sasl"

	"rem"
	"rem/edge/doorway"
	"rem/message"
	"rem/message/mailbox"
	"rem/person/account"
	"rem/privacy"
)

// A session is one connection as the library sees it. The library runs one command at
// a time; Idle runs beside the goroutine that waits for its end.
type session struct {
	srv    *Server
	conn   *imapserver.Conn
	wire   *wire
	id     string
	ctx    context.Context
	cancel context.CancelFunc
	folder atomic.Value // the mailbox.FolderID that is selected

	// Set once, by Login.
	principal Principal
	who       mailbox.Visitor
	box       mailbox.Box
	since     time.Time
	changed   <-chan struct{}
	unwatch   func()

	mu      sync.Mutex // guards what follows: Idle may outlive its command by a moment
	tries   int
	dirty   bool // something of the account changed since view was read
	stale   bool // and since folders was
	folders []folder
	view    *view
}

func newSession(s *Server, c *imapserver.Conn) *session {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	n := &session{srv: s, conn: c, wire: c.NetConn().(*wire), id: "imap-" + hex.EncodeToString(id[:])}
	n.ctx, n.cancel = context.WithCancel(s.ctx)
	return n
}

// Close implements imapserver.Session.
func (n *session) Close() error {
	n.cancel()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forget()
	if n.unwatch != nil {
		n.unwatch()
		n.unwatch = nil
		n.srv.leave(n)
		n.event(slog.LevelInfo, "imap session over")
	}
	return nil
}

// forget gives the view up. mu is held.
func (n *session) forget() {
	if n.view != nil {
		n.srv.lines.Add(-int64(cap(n.view.lines)))
		n.view = nil
	}
	n.folder.Store(mailbox.FolderID(""))
}

func (n *session) event(level slog.Level, what string, attrs ...slog.Attr) {
	if !n.srv.log.Enabled(n.ctx, level) {
		return
	}
	all := append([]slog.Attr{slog.String("session", n.id), slog.String("from", n.srv.mask.Of(doorway.Remote(n.wire.Conn).Addr()))}, attrs...)
	if n.unwatch != nil {
		all = append(all, slog.Any("actor", n.who.Actor))
	}
	n.srv.log.LogAttrs(n.ctx, level, what, all...)
}

// holds is asked before each command that touches the mailbox. When the log-in is
// gone the client is told, and hears nothing more.
func (n *session) holds() error {
	if n.unwatch == nil {
		return &imap.Error{Type: imap.StatusResponseTypeBad, Code: imap.ResponseCodeClientBug, Text: "Log in first"}
	}
	err := n.srv.backend.Holds(n.ctx, n.principal)
	if err == nil {
		return nil
	}
	if !errors.Is(err, ErrLoggedOut) {
		return n.fail("looking at a login again", err)
	}
	n.event(slog.LevelInfo, "imap login holds no longer")
	_ = n.conn.Bye("Oturum artik gecerli degil, yeniden giris yapin. / Your login holds no longer, log in again.")
	return net.ErrClosed
}

// inASCII writes the letters that IMAP's texts have not.
var inASCII = strings.NewReplacer("ç", "c", "Ç", "C", "ğ", "g", "Ğ", "G", "ı", "i", "İ", "I", "ö", "o", "Ö", "O",
	"ş", "s", "Ş", "S", "ü", "u", "Ü", "U", "â", "a", "Â", "A", "î", "i", "û", "u", "\r", " ", "\n", " ")

// said is a text for a person: Turkish, then English, in one line.
func said(t rem.Text) string {
	tr, en := inASCII.Replace(t.Turkish), inASCII.Replace(t.English)
	switch {
	case tr == "":
		tr = en
	case en != "":
		tr += " / " + en
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= utf8.RuneSelf {
			return '?'
		}
		return r
	}, tr)
}

func no(code imap.ResponseCode, tr, en string) error {
	return &imap.Error{Type: imap.StatusResponseTypeNo, Code: code, Text: said(rem.Text{Turkish: tr, English: en})}
}

// fail is the one place where an error of ours meets a stranger.
func (n *session) fail(what string, err error) error {
	if e, ok := errors.AsType[*imap.Error](err); ok {
		return e
	}
	if refusal, ok := errors.AsType[*rem.Refusal](err); ok {
		return &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeNoPerm, Text: said(refusal.Detail)}
	}
	switch {
	case errors.Is(err, net.ErrClosed), errors.Is(err, context.Canceled):
		return err // nobody is there any more
	case errors.Is(err, mailbox.ErrNotFound), errors.Is(err, message.ErrNotFound), errors.Is(err, account.ErrNotFound):
		return no(imap.ResponseCodeNonExistent, "Böyle bir öğe yok.", "There is no such item.")
	case errors.Is(err, mailbox.ErrTaken):
		return no(imap.ResponseCodeAlreadyExists, "Bu adda bir klasör var.", "There is a folder of this name.")
	case errors.Is(err, mailbox.ErrName):
		return no(imap.ResponseCodeCannot, "Klasöre bu ad verilemez.", "A folder cannot have this name.")
	case errors.Is(err, mailbox.ErrFixed):
		return no(imap.ResponseCodeCannot, "Bu klasör değiştirilemez ya da boş değil.", "This folder stays as it is, or is not empty.")
	case errors.Is(err, mailbox.ErrTooMany):
		return no(imap.ResponseCodeLimit, "Sınıra ulaşıldı.", "A limit is reached.")
	case errors.Is(err, mailbox.ErrTooLarge):
		return no(imap.ResponseCodeTooBig, "Dosya çok büyük.", "The file is too large.")
	case errors.Is(err, message.ErrFull):
		return no(imap.ResponseCodeOverQuota, "Şu anda yer yok.", "There is no room at present.")
	}
	n.event(slog.LevelError, "imap fault", slog.String("while", what), slog.String("err", err.Error()))
	return no(imap.ResponseCodeUnavailable, "Şu anda yapılamıyor, yeniden deneyin.", "This cannot be done at present, try again.")
}

// Login implements imapserver.Session. Every failure looks the same and is told after
// the same time.
func (n *session) Login(user, password string) error {
	began, limits := time.Now(), &n.srv.limits
	if n.tries++; n.tries > limits.AuthTries {
		n.wire.end()
		return no(imap.ResponseCodeLimit, "Çok fazla deneme.", "Too many attempts to log in.")
	}
	remote := doorway.Remote(n.wire.Conn)
	address, who := "address "+throttleKey(remote.Addr()), "account "+rem.FoldASCII(user)
	malformed := user == "" || len(user) > 254 || password == "" || len(password) > 512 || !utf8.ValidString(user+password) || strings.ContainsAny(user+password, "\x00\r\n")
	if !n.srv.failures.Take(began, address, limits.FailuresPerAddress) ||
		!malformed && !n.srv.failures.Take(began, who, limits.FailuresPerAccount) {
		n.event(slog.LevelWarn, "imap authentication throttled")
		return no(imap.ResponseCodeUnavailable, "Şu anda giriş yapılamıyor, daha sonra deneyin.", "Cannot log in at present, try again later.")
	}
	var p Principal
	err := error(ErrCredentials)
	if !malformed {
		p, err = n.srv.backend.Authenticate(n.ctx, n.id, remote, user, password)
	}
	if err != nil && errors.Is(err, ErrCredentials) {
		n.srv.stats.AuthFailures.Add(1)
		n.event(slog.LevelInfo, "imap authentication failed")
		pause := time.NewTimer(limits.FailurePause - time.Since(began))
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-n.ctx.Done():
		}
		return no(imap.ResponseCodeAuthenticationFailed, "Adres ya da uygulama parolası yanlış.", "The address or the application password is wrong.")
	}
	n.srv.failures.GiveBack(address)
	n.srv.failures.GiveBack(who)
	if err != nil {
		return n.fail("logging in", err)
	}
	n.principal, n.who, n.since = p, p.Visitor, time.Now().UTC()
	n.box = *n.srv.box
	n.box.Names = &once{Names: n.srv.box.Names}
	if !n.srv.enter(n, n.who.Actor.Account) {
		n.wire.end()
		return no(imap.ResponseCodeLimit, "Bu hesap için çok fazla bağlantı var.", "Too many connections for this account.")
	}
	n.changed, n.unwatch = n.box.Store.Watch(n.who.Actor.Account)
	n.stale = true
	n.event(slog.LevelInfo, "imap authenticated")
	return nil
}

// once opens the name of the person who acts once for a session, with its entry in the
// access log (docs/decisions/0023).
type once struct {
	mailbox.Names
	mu     sync.Mutex
	opened bool
	name   privacy.Value
}

// Acting implements mailbox.Names.
func (o *once) Acting(ctx context.Context, who mailbox.Visitor, a account.Account) (privacy.Value, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.opened {
		return o.name, nil
	}
	name, err := o.Names.Acting(ctx, who, a)
	if err == nil {
		o.name, o.opened = name, true
	}
	return name, err
}

// AuthenticateMechanisms implements imapserver.SessionSASL.
func (n *session) AuthenticateMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

// Authenticate implements imapserver.SessionSASL. Acting as somebody else is never
// granted (AT-33).
func (n *session) Authenticate(mechanism string) (sasl.Server, error) {
	switch mechanism {
	case sasl.Plain:
		return &plainServer{Server: sasl.NewPlainServer(func(acting, user, password string) error {
			if acting != "" && acting != user {
				password = ""
			}
			return n.Login(user, password)
		})}, nil
	case sasl.Login:
		return &loginServer{n: n}, nil
	}
	return nil, &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeCannot, Text: "Use AUTHENTICATE PLAIN or LOGIN"}
}

// A plainServer has nothing to ask.
type plainServer struct{ sasl.Server }

// Next implements sasl.Server. An empty challenge is no octets (RFC 9051 6.2.2); the
// library would write the "=" that stands for an empty response (RFC 4959 3).
func (p *plainServer) Next(response []byte) (challenge []byte, done bool, err error) {
	challenge, done, err = p.Server.Next(response)
	if len(challenge) == 0 {
		challenge = nil
	}
	return challenge, done, err
}

// A loginServer asks for the address, then for the password, as old programs have it.
type loginServer struct {
	n    *session
	step int
	user string
}

// Next implements sasl.Server.
func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if l.step == 0 && response == nil {
		l.step = 1
		return []byte("Username:"), false, nil
	}
	if l.step < 2 {
		l.user, l.step = string(response), 2
		return []byte("Password:"), false, nil
	}
	return nil, true, l.n.Login(l.user, string(response))
}

// look notices what changed. mu is held.
func (n *session) look() {
	select {
	case <-n.changed:
		n.dirty, n.stale = true, true
	default:
	}
}

// Poll implements imapserver.Session.
func (n *session) Poll(w *imapserver.UpdateWriter, allowExpunge bool) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.poll(w, allowExpunge)
}

// poll tells the client what others changed. A large folder that changes all the time
// is read again so seldom that it takes a small part of the time. mu is held.
func (n *session) poll(w updates, allowExpunge bool) error {
	if n.unwatch == nil {
		return nil
	}
	n.look()
	if n.view == nil || !n.dirty || time.Now().Before(n.view.again) {
		return nil
	}
	began := time.Now()
	n.dirty = false
	fresh, err := n.box.Lines(n.ctx, n.who, n.view.folder)
	if err != nil {
		n.dirty = true
		return n.fail("looking for changes", err)
	}
	before := cap(n.view.lines)
	later, err := n.view.follow(w, fresh, allowExpunge)
	n.srv.lines.Add(int64(cap(n.view.lines) - before))
	n.dirty = n.dirty || later
	if took := time.Since(began); took > lookFree {
		n.view.again = time.Now().Add(lookShare * took)
	}
	return err
}

// lookShare is how many times as long as reading a folder took it is not read again,
// when that was longer than lookFree.
const (
	lookShare = 10
	lookFree  = 20 * time.Millisecond
)

// Idle implements imapserver.Session.
func (n *session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	if err := n.holds(); err != nil {
		return err
	}
	ticker := time.NewTicker(n.srv.limits.Look)
	defer ticker.Stop()
	for {
		n.mu.Lock()
		err := n.poll(w, true)
		wait := time.Duration(-1)
		if n.view != nil && n.dirty {
			wait = time.Until(n.view.again)
		}
		n.mu.Unlock()
		if err != nil {
			return err
		}
		var again <-chan time.Time
		if wait >= 0 {
			again = time.After(wait)
		}
		select {
		case <-stop:
			return nil
		case <-n.ctx.Done():
			return nil
		case <-again:
		case <-n.changed:
			n.mu.Lock()
			n.dirty, n.stale = true, true
			n.mu.Unlock()
		case <-ticker.C:
			if err := n.holds(); err != nil {
				return err
			}
		}
	}
}
