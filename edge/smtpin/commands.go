package smtpin

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"rem/mail/smtp"
)

// do answers one command. The order of the checks is that of the conversation:
// TLS, then EHLO, then AUTH, then the transaction.
func (n *session) do(ctx context.Context, c smtp.Command) error {
	switch c.Verb {
	case smtp.QUIT:
		n.reply(replyBye)
		return errStop
	case smtp.NOOP:
		n.reply(replyOK)
		return nil
	case smtp.RSET:
		n.reset()
		n.reply(replyOK)
		return nil
	case smtp.HELO, smtp.EHLO:
		n.hello(c)
		return nil
	case smtp.STARTTLS:
		return n.startTLS(ctx)
	}
	if n.TLS == nil {
		return n.mistake(replyTLSFirst)
	}
	if !n.greeted {
		return n.mistake(replyHelloFirst)
	}
	if c.Verb == smtp.AUTH {
		return n.auth(ctx, c)
	}
	if n.srv.face == Submission && n.Principal.IsZero() {
		return n.mistake(replyAuthFirst)
	}
	switch c.Verb {
	case smtp.MAIL:
		return n.mail(ctx, c.Mail)
	case smtp.RCPT:
		return n.rcpt(ctx, c.Rcpt)
	case smtp.DATA:
		return n.message(ctx)
	case smtp.VRFY:
		n.reply(replyVerify)
		return nil
	}
	return n.mistake(smtp.ErrNotOffered)
}

// hello greets back and forgets a transaction (RFC 5321 4.1.4).
func (n *session) hello(c smtp.Command) {
	n.reset()
	n.greeted = true
	n.Name = c.Name
	if c.Verb == smtp.HELO {
		n.reply(&smtp.Reply{Code: 250, Text: n.srv.name})
		return
	}
	text := n.srv.name +
		"\nPIPELINING\n8BITMIME\nENHANCEDSTATUSCODES\nDSN\nSIZE " + strconv.FormatInt(n.srv.limits.MessageSize, 10)
	switch {
	case n.TLS == nil:
		text += "\nSTARTTLS"
	case n.srv.face == Submission && n.Principal.IsZero():
		text += "\nAUTH PLAIN LOGIN"
	}
	n.reply(&smtp.Reply{Code: 250, Text: text})
}

// startTLS begins TLS and forgets everything said before (RFC 3207 4.2).
func (n *session) startTLS(ctx context.Context) error {
	if n.TLS != nil {
		return n.mistake(replyOrder)
	}
	if n.from < n.to {
		// Somebody put octets in that would be read as said under TLS
		// (AT-02). No reply: it would be read as one to them.
		n.srv.stats.Injections.Add(1)
		n.event(ctx, slog.LevelWarn, "smtp octets behind STARTTLS")
		n.out = n.out[:0]
		return errStop
	}
	n.reply(replyReadyTLS)
	if n.flush() != nil || n.handshake(ctx) != nil {
		return errStop
	}
	n.reset()
	n.greeted, n.Name = false, ""
	return n.begin(ctx)
}

func (n *session) mail(ctx context.Context, tx smtp.Transaction) error {
	switch {
	case n.tx != nil:
		return n.mistake(replyOrder)
	case n.transactions >= n.srv.limits.PerConnection:
		n.reply(replyMessages)
		return errStop
	case tx.Size > n.srv.limits.MessageSize:
		n.reply(replyTooBig)
		return nil
	}
	if err := n.srv.backend.Mail(ctx, &n.Session, &tx); err != nil {
		return n.refused(ctx, "asking about the sender", err)
	}
	n.transactions++
	n.tx = &tx
	n.setBusy(true)
	n.reply(replySender)
	return nil
}

func (n *session) rcpt(ctx context.Context, r smtp.Recipient) error {
	switch {
	case n.tx == nil:
		return n.mistake(replyOrder)
	case len(n.tx.Recipients) >= n.srv.limits.Recipients:
		n.reply(replyRecipients)
		return nil
	}
	if err := n.srv.backend.Rcpt(ctx, &n.Session, n.tx, r); err != nil {
		return n.refused(ctx, "asking about a recipient", err)
	}
	n.tx.Recipients = append(n.tx.Recipients, r)
	n.reply(replyRecipient)
	return nil
}

// refused answers what the backend did not want. It is no mistake of the
// client, which may be in the middle of a hundred recipients.
func (n *session) refused(ctx context.Context, what string, err error) error {
	n.fault(ctx, what, err)
	r := answer(err)
	n.reply(r)
	if r.Code == 421 {
		return errStop
	}
	return nil
}

// reset forgets the transaction.
func (n *session) reset() {
	if n.tx != nil {
		n.tx = nil
		n.setBusy(false)
	}
}

// message takes one message in. The order is the promise: the last octet, then
// Commit, then 250 (RFC 5321 6.1).
func (n *session) message(ctx context.Context) error {
	switch {
	case n.tx == nil:
		return n.mistake(replyOrder)
	case len(n.tx.Recipients) == 0:
		return n.mistake(replyNoRcpt)
	case n.from < n.to:
		// DATA is the last of a group (RFC 2920 3.1). Octets behind it would
		// be commands if we refused now, and text if we did not (AT-02).
		n.srv.stats.Injections.Add(1)
		n.event(ctx, slog.LevelWarn, "smtp octets before the go-ahead")
		n.reply(replyEarly)
		return errStop
	}
	tx := *n.tx
	if n.srv.transactions.Add(1) > int64(n.srv.limits.Transactions) {
		n.srv.transactions.Add(-1)
		n.srv.stats.Deferred.Add(1)
		n.reset()
		n.reply(replyBusy)
		return nil
	}
	defer n.srv.transactions.Add(-1)
	sink, err := n.srv.backend.Data(ctx, &n.Session, tx)
	if err != nil {
		n.reset()
		n.count(answer(err))
		return n.refused(ctx, "beginning a message", err)
	}
	n.reply(replyGoOn)
	if err := n.receive(sink); err != nil {
		sink.Abort()
		n.event(ctx, slog.LevelInfo, "smtp message cut off", slog.Int64("octets", n.data.Octets()))
		return err
	}
	var text string
	if err = n.data.Err(); err != nil {
		sink.Abort()
	} else {
		text, err = sink.Commit(ctx)
	}
	n.reset()
	if errors.Is(err, ErrUnanswered) {
		n.event(ctx, slog.LevelError, "smtp message not answered", slog.Int64("octets", n.data.Octets()), slog.String("err", err.Error()))
		return errStop
	}
	if err != nil {
		n.count(answer(err))
		n.event(ctx, slog.LevelInfo, "smtp message not taken", slog.Int("code", answer(err).Code), slog.Int64("octets", n.data.Octets()))
		return n.refused(ctx, "taking a message", err)
	}
	n.srv.stats.Accepted.Add(1)
	n.commands, n.mistakes = 0, 0
	if text == "" {
		text = "Taken"
	}
	n.reply(&smtp.Reply{Code: 250, Enhanced: "2.0.0", Text: text})
	n.event(ctx, slog.LevelInfo, "smtp message taken", slog.Int64("octets", n.data.Size()), slog.Int("recipients", len(tx.Recipients)))
	return nil
}

// receive reads the message to its true end. An error means that the end never
// came, or is too far away to be waited for.
func (n *session) receive(sink Sink) error {
	limits := &n.srv.limits
	n.data.Reset(sink, limits.MessageSize, limits.TextLine)
	until := time.Now().Add(limits.Message)
	for {
		n.from, n.to = 0, 0
		if err := n.fill(min(limits.Block, time.Until(until))); err != nil {
			return n.lost(err)
		}
		used, done := n.data.Take(n.buf[:n.to])
		n.from = used
		if done {
			return nil
		}
		// A message that is too large is read on, so that its client hears
		// why, but not for ever.
		if n.data.Octets() > 3*limits.MessageSize {
			n.srv.stats.Refused.Add(1)
			n.reply(smtp.ErrTooLarge)
			return errStop
		}
	}
}

func (n *session) count(r *smtp.Reply) {
	if r.Permanent() {
		n.srv.stats.Refused.Add(1)
	} else {
		n.srv.stats.Deferred.Add(1)
	}
}
