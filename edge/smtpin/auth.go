package smtpin

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"time"
	"unicode/utf8"

	"rem"
	"rem/mail/smtp"
)

// The bounds of credentials, in octets. An address has 254; a password as long
// as the second is a mistake or an attempt to make us hash.
const (
	maxUser     = 254
	maxPassword = 512
)

var (
	replyAuthOK       = &smtp.Reply{Code: 235, Enhanced: "2.7.0", Text: "Authenticated"}
	replyAuthFailed   = &smtp.Reply{Code: 535, Enhanced: "5.7.8", Text: "The user or the password is wrong"}
	replyAuthFault    = &smtp.Reply{Code: 454, Enhanced: "4.7.0", Text: "Cannot authenticate at present, try again later"}
	replyAuthKind     = &smtp.Reply{Code: 504, Enhanced: "5.5.4", Text: "Use AUTH PLAIN or AUTH LOGIN"}
	replyAuthGivenUp  = &smtp.Reply{Code: 501, Enhanced: "5.7.0", Text: "Authentication given up"}
	replyAuthTooMany  = &smtp.Reply{Code: 421, Enhanced: "4.7.0", Text: "Too many attempts to authenticate"}
	replyAskPlain     = &smtp.Reply{Code: 334}
	replyAskUser      = &smtp.Reply{Code: 334, Text: "VXNlcm5hbWU6"} // "Username:"
	replyAskPassword  = &smtp.Reply{Code: 334, Text: "UGFzc3dvcmQ6"} // "Password:"
	errMalformedLogin = errors.New("credentials that are none")
)

// auth leads the exchange of RFC 4954. It is reached over TLS only.
func (n *session) auth(ctx context.Context, c smtp.Command) error {
	if n.srv.face != Submission {
		return n.mistake(smtp.ErrNotOffered)
	}
	if !n.Principal.IsZero() || n.tx != nil {
		return n.mistake(replyOrder)
	}
	var user, password string
	var malformed error
	switch c.Mechanism {
	case "PLAIN":
		response, err := n.response(c, replyAskPlain)
		if response == nil {
			return err
		}
		user, password, malformed = splitPlain(response)
	case "LOGIN":
		name, err := n.response(c, replyAskUser)
		if name == nil {
			return err
		}
		secret, err := n.response(smtp.Command{}, replyAskPassword)
		if secret == nil {
			return err
		}
		user, password = string(name), string(secret)
		malformed = checkCredentials(user, password)
	default:
		return n.mistake(replyAuthKind)
	}
	return n.authenticate(ctx, user, password, malformed)
}

// response returns what the client answers to ask, or what came with the
// command. nil means that the exchange is over, and err whether the session is.
func (n *session) response(c smtp.Command, ask *smtp.Reply) (b []byte, err error) {
	if c.HasInitial {
		return append([]byte{}, c.Initial...), nil
	}
	n.reply(ask)
	line, err := n.line()
	if err != nil {
		return nil, n.lost(err)
	}
	b, cancelled, mistake := smtp.ParseAuthResponse(line)
	switch {
	case mistake == smtp.ErrLineEnd || mistake == smtp.ErrLineTooLong:
		n.reply(mistake)
		return nil, errStop
	case mistake != nil:
		return nil, n.mistake(mistake)
	case cancelled:
		return nil, n.mistake(replyAuthGivenUp)
	}
	return append([]byte{}, b...), nil
}

// splitPlain reads "authzid NUL authcid NUL password" (RFC 4616 2). Acting as
// somebody else is never granted here: an authorization identity other than the
// authentication identity is refused, in whatever way it is written (AT-33).
func splitPlain(b []byte) (user, password string, err error) {
	parts := bytes.Split(b, []byte{0})
	if len(parts) != 3 {
		return "", "", errMalformedLogin
	}
	acting, user, password := string(parts[0]), string(parts[1]), string(parts[2])
	if acting != "" && acting != user {
		return "", "", errMalformedLogin
	}
	return user, password, checkCredentials(user, password)
}

func checkCredentials(user, password string) error {
	if user == "" || len(user) > maxUser || password == "" || len(password) > maxPassword ||
		!utf8.ValidString(user) || !utf8.ValidString(password) || bytes.ContainsAny([]byte(user+password), "\x00\r\n") {
		return errMalformedLogin
	}
	return nil
}

// authenticate asks the backend unless limits forbid it. Every failure looks
// the same and is told after the same time.
func (n *session) authenticate(ctx context.Context, user, password string, malformed error) error {
	limits := &n.srv.limits
	if n.tries++; n.tries > limits.AuthTries {
		n.reply(replyAuthTooMany)
		return errStop
	}
	began := time.Now()
	account := "account " + rem.FoldASCII(user)
	address := "address " + n.addressKey
	if !n.srv.failures.Take(began, address, limits.FailuresPerAddress) ||
		malformed == nil && !n.srv.failures.Take(began, account, limits.FailuresPerAccount) {
		n.event(ctx, slog.LevelWarn, "smtp authentication throttled")
		return n.mistake(replyAuthFault)
	}
	var principal Principal
	err := malformed
	if err == nil {
		principal, err = n.srv.backend.Authenticate(ctx, &n.Session, user, password)
		if err == nil && principal.IsZero() {
			err = errors.New("nobody was authenticated, without an error")
		}
	}
	switch refusal, isRefusal := errors.AsType[*rem.Refusal](err); {
	case err == nil:
		n.srv.failures.GiveBack(address)
		n.srv.failures.GiveBack(account)
		if !n.srv.byAccount.enter(string(principal.Actor.Account), limits.PerAccount) {
			n.reply(replyFullSender)
			return errStop
		}
		n.accountKey = string(principal.Actor.Account)
		n.Principal = principal
		n.event(ctx, slog.LevelInfo, "smtp authenticated")
		n.reply(replyAuthOK)
		return nil
	case isRefusal:
		// The password was right and the account may not send: its holder is
		// told why.
		n.srv.failures.GiveBack(address)
		n.srv.failures.GiveBack(account)
		return n.mistake(&smtp.Reply{Code: 535, Enhanced: "5.7.1", Text: refusalText(refusal.Detail)})
	case !errors.Is(err, ErrCredentials) && err != malformed:
		n.srv.failures.GiveBack(address)
		n.srv.failures.GiveBack(account)
		n.fault(ctx, "authenticating", err)
		return n.mistake(replyAuthFault)
	}
	n.srv.stats.AuthFailures.Add(1)
	n.event(ctx, slog.LevelInfo, "smtp authentication failed")
	timer := time.NewTimer(limits.FailurePause - time.Since(began))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return n.mistake(replyAuthFailed)
}
