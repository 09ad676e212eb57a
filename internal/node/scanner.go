package node

import (
	"context"
	"fmt"
	"io"
	"strings"

	"rem/edge/clamd"
)

// clamdScanner asks clamd as submission wants to be answered: found something,
// nothing, or an error, which defers the message.
type clamdScanner struct{ daemon *clamd.Scanner }

// newScanner reads the address of a configuration: unix:/path or host:port.
func newScanner(address string) (clamdScanner, error) {
	c := clamd.Config{Network: "tcp", Address: address}
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		c.Network, c.Address = "unix", path
	}
	daemon, err := clamd.New(c)
	if err != nil {
		return clamdScanner{}, fmt.Errorf("scanner: %w", err)
	}
	return clamdScanner{daemon}, nil
}

// Scan implements submission.Scanner.
func (s clamdScanner) Scan(ctx context.Context, r io.Reader, _ int64) (string, error) {
	result, err := s.daemon.Scan(ctx, r)
	switch {
	case err != nil:
		return "", err
	case result.Verdict == clamd.Infected:
		return result.Name, nil
	case result.Verdict != clamd.Clean:
		return "", clamd.ErrAnswer
	}
	return "", nil
}
