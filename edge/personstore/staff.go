package personstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"rem/privacy/chain"
)

// A staffChain is the store as the chain.Store of provider/staff.
type staffChain struct{ s *Store }

// StaffChain returns where the entries of staff are. It is for one staff.Book.
func (s *Store) StaffChain() chain.Store { return staffChain{s} }

// Append implements chain.Store. A step that has begun is not left when ctx ends:
// one of unknown end could come behind a later entry.
func (c staffChain) Append(ctx context.Context, entry []byte) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", chain.ErrNothingKept, err)
	}
	body := bytes.Clone(entry)
	if err := c.s.file.Update(context.WithoutCancel(ctx), func(tx *sql.Tx) error { return exec(tx, "staff.append", body) }); err != nil {
		return fmt.Errorf("keeping an entry of staff: %w", err)
	}
	return nil
}

// Entry implements chain.Store.
func (c staffChain) Entry(ctx context.Context, number uint64) (body []byte, err error) {
	err = c.s.file.Read.QueryRowContext(ctx, queries["staff.entry"], int64(number)).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("entry %d of staff: %w", number, chain.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("reading entry %d of staff: %w", number, err)
	}
	return body, nil
}

// Replay implements chain.Store.
func (c staffChain) Replay(ctx context.Context, visit func([]byte) error) error {
	want := int64(0)
	var stop error
	err := c.s.each(ctx, "staff.all", func(scan func(...any) error) error {
		var number int64
		var body []byte
		if err := scan(&number, &body); err != nil {
			return err
		}
		if want++; number != want {
			return fmt.Errorf("entry %d is missing", want)
		}
		stop = visit(body)
		return stop
	})
	switch {
	case stop != nil:
		return stop
	case err != nil:
		return fmt.Errorf("reading the entries of staff: %w", err)
	}
	return nil
}
