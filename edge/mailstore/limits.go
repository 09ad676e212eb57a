package mailstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rem/message/mailbox"
)

// StatedLimits are what other providers last said of how large a message they take, by
// their domains.
func (s *Store) StatedLimits(ctx context.Context) (list []mailbox.StatedLimit, err error) {
	err = s.each(ctx, queries["statedLimits"], nil, func(rows *sql.Rows) error {
		var l mailbox.StatedLimit
		var at int64
		err := rows.Scan(&l.Domain, &l.Octets, &at)
		l.At = time.UnixMicro(at).UTC()
		list = append(list, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the limits of other providers: %w", err)
	}
	return list, nil
}

// KeepStatedLimit keeps what a provider said, in the place of what it said before. It is
// durable when it returns, and harmless when made again; what is older than what is kept
// changes nothing.
func (s *Store) KeepStatedLimit(ctx context.Context, l mailbox.StatedLimit) error {
	if l.Domain == "" || l.Octets < 0 || l.At.IsZero() {
		return errors.New("keeping the limit of another provider: it is not whole")
	}
	_, err := update(ctx, s, "keeping the limit of another provider", "", func(t step) (nothing, error) {
		return nothing{}, t.do("keepStatedLimit", l.Domain, l.Octets, l.At.UnixMicro())
	})
	return err
}
