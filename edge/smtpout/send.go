package smtpout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"rem/mail/smtp"
)

// Send sends one message to one peer and tells what became of it. The content
// is read once; all its lines end in CRLF, or it is not sent (smtp.ErrNotClean).
// Ending ctx stops it, with [Unknown] if the end of data had left.
//
// What concerns the connection and not the message (no TLS, a wrong certificate,
// a peer that turns us away) is temporary for every recipient; [Alarming] tells
// which of it somebody must hear of.
func (s *Sender) Send(ctx context.Context, peer Peer, tx smtp.Transaction, content io.Reader) Result {
	result := Result{Recipients: make([]Recipient, len(tx.Recipients))}
	for i, r := range tx.Recipients {
		result.Recipients[i].Path = r.Path
	}
	if n := len(tx.Recipients); n == 0 || n > maxRecipients {
		result.whole(Definite, Permanent, nil, fmt.Errorf("sending to %d recipients: 1 to %d are possible", n, maxRecipients))
		return result
	}
	pool, err := s.enter(ctx, peer.key())
	if err != nil {
		result.whole(Definite, Temporary, nil, err)
		return result
	}
	l, err := s.transact(ctx, pool, peer, &tx, &result)
	if err != nil {
		result.whole(Definite, Temporary, nil, err)
	} else {
		stop := l.obey(ctx)
		s.content(ctx, l, content, &result)
		if !stop() {
			l.broken = true
		}
	}
	s.leave(peer.key(), pool, l)
	return result
}

// transact finds a link and says MAIL, RCPT and DATA on it. An idle link may
// have been closed by the peer meanwhile; as nothing was sent that could be
// taken, another is opened then.
func (s *Sender) transact(ctx context.Context, p *pool, peer Peer, tx *smtp.Transaction, result *Result) (*link, error) {
	for {
		l := s.reuse(p, peer)
		reused := l != nil
		if !reused {
			var err error
			if l, err = s.connect(ctx, peer); err != nil {
				return nil, err
			}
		}
		result.Greeted, result.MaxSize = true, l.offered.MaxSize
		stop := l.obey(ctx)
		err := s.envelope(ctx, l, tx, result)
		stop()
		if err == nil {
			return l, nil
		}
		l.broken = true
		l.quit()
		if !reused || ctx.Err() != nil || errors.Is(err, ErrInjection) || errors.Is(err, ErrProtocol) {
			return nil, fmt.Errorf("sending to %s: %w", peer.Name, err)
		}
		for i := range result.Recipients {
			result.Recipients[i] = Recipient{Path: result.Recipients[i].Path}
		}
	}
}

// envelope says MAIL, RCPT and DATA, in one segment where the peer allows it. It
// notes in result what the peer refused; an error means that the link failed.
// When result has an outcome afterwards there is nothing more to send.
func (s *Sender) envelope(ctx context.Context, l *link, tx *smtp.Transaction, result *Result) error {
	l.uses++
	if most := l.offered.MaxSize; most > 0 && tx.Size > most {
		reply := &smtp.Reply{Code: 552, Enhanced: "5.3.4", Text: fmt.Sprintf("The peer takes at most %d octets", most)}
		result.whole(Definite, Permanent, reply, reply)
		return nil
	}
	commands := make([][]byte, 0, len(tx.Recipients)+2)
	line, err := tx.AppendMail(make([]byte, 0, 256), l.offered)
	if err != nil {
		reply, _ := errors.AsType[*smtp.Reply](err)
		result.whole(Definite, Permanent, reply, err)
		return nil
	}
	commands = append(commands, line)
	for i := range tx.Recipients {
		if line, err = tx.Recipients[i].Append(make([]byte, 0, 128), l.offered); err != nil {
			result.whole(Definite, Permanent, nil, err)
			return nil
		}
		commands = append(commands, line)
	}
	commands = append(commands, []byte("DATA\r\n"))

	if err := l.within(ctx, s.limits.Command); err != nil {
		return err
	}
	if l.offered.Pipelining {
		for _, c := range commands {
			_, _ = l.w.Write(c) // Flush tells
		}
		if err := l.w.Flush(); err != nil {
			return err
		}
	}
	var mail *smtp.Reply
	accepted := 0
	for i, c := range commands {
		last := i == len(commands)-1
		if !l.offered.Pipelining {
			if last && accepted == 0 {
				break
			}
			_, _ = l.w.Write(c)
			if err := l.w.Flush(); err != nil {
				return err
			}
		}
		r, err := l.reply(ctx, s.limits.Command)
		if err != nil {
			return err
		}
		switch {
		case r.Code == 421:
			return fmt.Errorf("%w: %w", ErrTurnedAway, r)
		case i == 0:
			if mail = r; !r.Positive() {
				l.broken = true
				result.whole(Definite, fateOf(r), r, r)
				if !l.offered.Pipelining {
					return nil
				}
			}
		case !last:
			switch to := &result.Recipients[i-1]; {
			case !mail.Positive(): // settled
			case r.Positive():
				to.Fate, to.Reply = Accepted, r
				accepted++
			default:
				to.Fate, to.Reply = fateOf(r), r
			}
		case r.Code == 354 && accepted > 0 && l.r.Buffered() > 0:
			return fmt.Errorf("%w behind the go-ahead", ErrInjection)
		case r.Code == 354 && accepted > 0:
			return nil
		case accepted > 0:
			l.broken = true
			result.whole(Definite, fateOf(r), r, r)
			return nil
		}
	}
	// A go-ahead without a recipient is answered by hanging up: the end of data
	// would send a message of no octets (RFC 2920 3.1).
	l.broken = true
	if result.Outcome == 0 {
		result.whole(Definite, Temporary, nil, errors.New("the peer refused every recipient"))
	}
	return nil
}

var copyBuffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// content sends the message behind the go-ahead and reads the answer. The line
// between Definite and Unknown is drawn where the end of data may leave.
func (s *Sender) content(ctx context.Context, l *link, content io.Reader, result *Result) {
	if result.Outcome != 0 {
		return
	}
	l.broken = true // until the transaction has ended well
	w := smtp.NewWriter(paced{ctx, s, l})
	buffer := copyBuffers.Get().(*[bufferSize]byte)
	if _, whole := content.(*bytes.Reader); !whole {
		// A reader of several would write by itself, with a buffer made for each message.
		content = struct{ io.Reader }{content}
	}
	_, err := io.CopyBuffer(w, content, buffer[:])
	copyBuffers.Put(buffer)
	if err == nil && l.w.Available() < len(".\r\n") {
		err = l.flush(ctx, s)
	}
	if err == nil {
		err = w.End() // into the buffer alone: there is room
	}
	if err == nil && l.r.Buffered() > 0 {
		err = fmt.Errorf("%w before the end of data", ErrInjection)
	}
	if err != nil {
		s.unfinished(ctx, l, err, result)
		return
	}
	if err = l.flush(ctx, s); err == nil {
		var r *smtp.Reply
		if r, err = l.reply(ctx, s.limits.Final); err == nil {
			settle(l, r, result)
			return
		}
	}
	result.whole(Unknown, Unsettled, nil, fmt.Errorf("waiting for the answer to the end of data: %w", err))
}

// settle reads the answer to the end of data.
func settle(l *link, r *smtp.Reply, result *Result) {
	switch {
	case r.Positive():
		result.Outcome = Taken
		for i := range result.Recipients {
			if to := &result.Recipients[i]; to.Fate == Accepted {
				to.Reply = r
			}
		}
		l.broken = false
	case r.Transient() || r.Permanent():
		result.whole(Definite, fateOf(r), r, r)
		l.broken = r.Code == 421
	default:
		result.whole(Unknown, Unsettled, r, fmt.Errorf("%w: %w to the end of data", ErrProtocol, r))
	}
}

// unfinished ends a message whose end of data has not left and never will.
func (s *Sender) unfinished(ctx context.Context, l *link, err error, result *Result) {
	fate := Temporary
	if errors.Is(err, smtp.ErrNotClean) {
		fate = Permanent
	}
	var said *smtp.Reply
	if errors.Is(err, errWrite) && l.within(ctx, maxWait) == nil {
		// The peer hung up; perhaps it told why.
		if r, readErr := l.reply(ctx, maxWait); readErr == nil && !r.Positive() {
			fate, said, err = fateOf(r), r, fmt.Errorf("%w: %w", err, r)
		}
	}
	result.whole(Definite, fate, said, fmt.Errorf("sending the message: %w", err))
}

// errWrite tells errors of the connection from those of the content's reader.
var errWrite = errors.New("writing to the peer")

// paced gives each piece of a message its time to be written.
type paced struct {
	ctx context.Context
	s   *Sender
	l   *link
}

func (p paced) Write(b []byte) (int, error) {
	written := 0
	for len(b) > 0 {
		piece := b[:min(len(b), bufferSize)]
		if len(piece) > p.l.w.Available() {
			if err := p.l.within(p.ctx, p.s.limits.Block); err != nil {
				return written, fmt.Errorf("%w: %w", errWrite, err)
			}
		}
		n, err := p.l.w.Write(piece)
		written += n
		if err != nil {
			return written, fmt.Errorf("%w: %w", errWrite, err)
		}
		b = b[n:]
	}
	return written, nil
}

func (l *link) flush(ctx context.Context, s *Sender) error {
	err := l.within(ctx, s.limits.Block)
	if err == nil {
		err = l.w.Flush()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errWrite, err)
	}
	return nil
}
