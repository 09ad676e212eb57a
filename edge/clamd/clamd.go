package clamd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// The errors that a scan may wrap, beside those of the network. A message whose
// scan failed is neither clean nor infected.
var (
	// ErrTooLarge: the scanner did not look at the whole message, because of a
	// limit of its own. Trying again does not help, other settings do.
	ErrTooLarge = errors.New("the message is beyond a limit of the scanner")
	// ErrAnswer: the scanner answered something else than a verdict.
	ErrAnswer = errors.New("the scanner gave no verdict")
)

// A Verdict is what the scanner says; the zero Verdict is none.
type Verdict uint8

// The verdicts.
const (
	Clean Verdict = iota + 1
	Infected
)

// A Result is a verdict, and the name of what was found when it is Infected.
// The zero Result is no verdict.
type Result struct {
	Verdict Verdict
	Name    string
}

// Config makes a Scanner. Fields of 0 are the default beside them.
type Config struct {
	// Network is "unix" or "tcp", Address a path or host and port.
	Network, Address string
	// AtOnce is how many scans run at a time (8; clamd has 10 threads by
	// default); more wait for their turn.
	AtOnce int
	// Timeout is for one scan from its first octet to the verdict (5 minutes:
	// a message comes in at its client's speed).
	Timeout time.Duration
}

// A Scanner asks one daemon. Its methods may be called from many goroutines.
type Scanner struct {
	network, address string
	timeout          time.Duration
	slots            chan struct{}
}

// New makes a Scanner. Nothing is asked yet.
func New(c Config) (*Scanner, error) {
	if c.Network != "unix" && c.Network != "tcp" || c.Address == "" {
		return nil, fmt.Errorf("a scanner is at a unix socket or a tcp address, not at %q %q", c.Network, c.Address)
	}
	if c.AtOnce <= 0 {
		c.AtOnce = 8
	}
	if c.Timeout <= 0 {
		c.Timeout = 5 * time.Minute
	}
	return &Scanner{network: c.Network, address: c.Address, timeout: c.Timeout, slots: make(chan struct{}, c.AtOnce)}, nil
}

// Scan reads all of r and returns the verdict. An error of r is returned as it
// is, wrapped.
func (s *Scanner) Scan(ctx context.Context, r io.Reader) (Result, error) {
	stream, err := s.Begin(ctx)
	if err != nil {
		return Result{}, err
	}
	defer stream.Close()
	if _, err := io.CopyBuffer(onlyWriter{stream}, r, make([]byte, maxChunk)); err != nil && stream.broken == nil {
		return Result{}, fmt.Errorf("reading what is to be scanned: %w", err)
	}
	return stream.Result()
}

type onlyWriter struct{ io.Writer }

// A Stream is one scan under way. It belongs to one goroutine, and holds one of
// the Scanner's turns until [Stream.Result] or [Stream.Close].
type Stream struct {
	conn   net.Conn
	stop   func() bool
	done   func()
	broken error
}

// Begin starts a scan, as soon as it is its turn. The end of ctx ends the scan.
func (s *Scanner) Begin(ctx context.Context) (*Stream, error) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for the scanner: %w", ctx.Err())
	}
	conn, stop, err := s.dial(ctx)
	if err == nil {
		if _, err = io.WriteString(conn, "zINSTREAM\x00"); err != nil {
			stop()
			_ = conn.Close()
		}
	}
	if err != nil {
		<-s.slots
		return nil, fmt.Errorf("asking the scanner: %w", err)
	}
	return &Stream{conn: conn, stop: stop, done: func() { <-s.slots }}, nil
}

func (s *Scanner) dial(ctx context.Context) (net.Conn, func() bool, error) {
	until := time.Now().Add(s.timeout)
	conn, err := (&net.Dialer{Deadline: until}).DialContext(ctx, s.network, s.address)
	if err != nil {
		return nil, nil, err
	}
	if err := conn.SetDeadline(until); err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	return conn, context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }), nil
}

// maxChunk bounds one chunk of INSTREAM, in octets.
const maxChunk = 64 << 10

// Write sends p to the scanner. After an error, Result tells what the scanner
// said before it hung up.
func (s *Stream) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 && s.broken == nil {
		piece := p[:min(len(p), maxChunk)] // never empty: that would be the end
		n := len(piece)
		chunk := net.Buffers{{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, piece}
		if _, err := chunk.WriteTo(s.conn); err != nil {
			s.broken = fmt.Errorf("sending to the scanner: %w", err)
			break
		}
		written += n
		p = p[n:]
	}
	return written, s.broken
}

// Result ends the stream and returns the verdict about all that was written.
func (s *Stream) Result() (Result, error) {
	defer s.Close()
	if s.broken == nil {
		if _, err := s.conn.Write([]byte{0, 0, 0, 0}); err != nil {
			s.broken = fmt.Errorf("sending to the scanner: %w", err)
		}
	}
	answer, err := readAnswer(s.conn)
	switch {
	case err != nil && s.broken != nil:
		return Result{}, s.broken
	case err != nil:
		return Result{}, fmt.Errorf("waiting for the scanner: %w", err)
	}
	result, err := parseAnswer(answer)
	if err == nil && s.broken != nil && result.Verdict == Clean {
		return Result{}, s.broken // it cannot have seen all
	}
	return result, err
}

// Close ends the scan without a verdict. It may be called again, and after Result.
func (s *Stream) Close() {
	if s.done == nil {
		return
	}
	s.stop()
	_ = s.conn.Close()
	s.done()
	s.done = nil
	if s.broken == nil {
		s.broken = net.ErrClosed
	}
}

// maxAnswer is far longer than a verdict.
const maxAnswer = 1 << 10

// readAnswer reads up to the NUL that ends an answer.
func readAnswer(r io.Reader) (string, error) {
	var b [maxAnswer]byte
	n := 0
	for n < len(b) {
		got, err := r.Read(b[n:])
		n += got
		if i := bytes.IndexByte(b[:n], 0); i >= 0 {
			return string(b[:i]), nil
		}
		if err == io.EOF {
			return "", fmt.Errorf("%w: it hung up", ErrAnswer)
		}
		if err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("%w: more than %d octets", ErrAnswer, maxAnswer)
}

// parseAnswer reads "stream: OK", "stream: NAME FOUND" and the errors.
func parseAnswer(answer string) (Result, error) {
	said, about := strings.CutPrefix(answer, "stream: ")
	switch name, found := strings.CutSuffix(said, " FOUND"); {
	case about && said == "OK":
		return Result{Verdict: Clean}, nil
	case about && found && strings.HasPrefix(name, "Heuristics.Limits.Exceeded"):
		return Result{}, fmt.Errorf("%w: %s", ErrTooLarge, printable(name))
	case about && found && name != "":
		return Result{Verdict: Infected, Name: printable(name)}, nil
	case strings.HasPrefix(answer, "INSTREAM size limit exceeded"):
		return Result{}, ErrTooLarge
	}
	return Result{}, fmt.Errorf("%w: %q", ErrAnswer, printable(answer))
}

// maxName bounds what we keep of a name; those of ClamAV have some 40 octets.
const maxName = 128

func printable(s string) string {
	b := []byte(s[:min(len(s), maxName)])
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}

// A Version tells how old the scanner's knowledge is.
type Version struct {
	Engine   string
	Database int       // 0 when it has none of its makers' databases
	Built    time.Time // of that database; zero with it
}

// Version asks for the daemon's version, and so whether it is there.
func (s *Scanner) Version(ctx context.Context) (Version, error) {
	conn, stop, err := s.dial(ctx)
	if err != nil {
		return Version{}, fmt.Errorf("asking the scanner: %w", err)
	}
	defer conn.Close()
	defer stop()
	if _, err := io.WriteString(conn, "zVERSION\x00"); err != nil {
		return Version{}, fmt.Errorf("asking the scanner: %w", err)
	}
	answer, err := readAnswer(conn)
	if err != nil {
		return Version{}, fmt.Errorf("waiting for the scanner: %w", err)
	}
	return parseVersion(answer)
}

// parseVersion reads "ClamAV 1.4.6/27812/Sun Nov 22 09:42:57 2026", or the
// engine alone.
func parseVersion(answer string) (Version, error) {
	parts := strings.SplitN(answer, "/", 3)
	engine, ok := strings.CutPrefix(parts[0], "ClamAV ")
	if !ok {
		return Version{}, fmt.Errorf("%w: version %q", ErrAnswer, printable(answer))
	}
	v := Version{Engine: printable(engine)}
	if len(parts) < 3 {
		return v, nil
	}
	number, err := strconv.Atoi(parts[1])
	if err != nil || number < 0 {
		return Version{}, fmt.Errorf("%w: version %q", ErrAnswer, printable(answer))
	}
	built, err := time.Parse(time.ANSIC, parts[2])
	if err != nil {
		return Version{}, fmt.Errorf("%w: version %q", ErrAnswer, printable(answer))
	}
	v.Database, v.Built = number, built
	return v, nil
}
