package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"rem"
	"rem/edge/blobstore"
	"rem/message"
)

// replayed is how many records a replay applies before it tells the index.
const replayed = 4096

// replay brings the state, and the index, up to the journal. It begins at the
// oldest intention that the index does not hold: what comes before the index's
// own position is read for intentions alone, what comes after it is applied.
func (s *Store) replay(ctx context.Context) error {
	l := &s.live
	at, err := readProgress(ctx, s.flusher.x)
	if err == nil {
		_, err = s.flusher.x.row(ctx, "lastMessage", nil, &l.seq)
	}
	if err == nil {
		err = s.loadSieve(ctx)
	}
	if err != nil {
		return err
	}
	l.applied, l.filed = at.applied, at.filed
	p := replay{s: s, ctx: ctx, applied: at.applied}
	err = s.contents.Replay(at.oldest, p.entry)
	if err != nil && !errors.Is(err, blobstore.ErrCorrupt) {
		return fmt.Errorf("reading the journal: %w", err)
	}
	if err != nil {
		// The alarm was raised. What is damaged stays where it is, and stopping
		// would take the rest of the provider with it.
		s.options.Alarm(fmt.Errorf("reading the journal: %w", err))
	}
	if err := p.intentionsOfIndex(); err != nil {
		return err
	}
	return p.flush()
}

// loadSieve reads the fingerprints of the last days.
func (s *Store) loadSieve(ctx context.Context) error {
	sv := &s.live.sieve
	first := true
	return s.flusher.x.rows(ctx, "prints", []any{sieveDays - 1}, func(rows *sql.Rows) error {
		var day int64
		var b sql.RawBytes
		if err := rows.Scan(&day, &b); err != nil {
			return err
		}
		if first { // they come in the order of the days
			first, sv.floor = false, day
		}
		var print rem.Digest
		copy(print[:], b)
		sv.add(day, &print)
		return nil
	})
}

type replay struct {
	s       *Store
	ctx     context.Context
	applied blobstore.Position
	passed  bool // the index's own intentions were read
}

func (p *replay) entry(e blobstore.Entry) error {
	past := e.At.Before(p.applied)
	if !past {
		if err := p.intentionsOfIndex(); err != nil {
			return err
		}
	}
	if e.Kind == kindIntention {
		return p.intention(e)
	}
	o, err := decode(e)
	if err != nil {
		return fmt.Errorf("record at %v: %w", e.At, err)
	}
	if past {
		// One that lost left its intention in the index, which is read next.
		p.s.intentions.remove(resolves(o))
		return nil
	}
	if err := p.s.apply(p.ctx, &request{op: o, next: e.Next}); err != nil {
		return fmt.Errorf("applying the record at %v: %w", e.At, err)
	}
	p.s.stats.replayed.Add(1)
	if p.s.live.records < replayed {
		return nil
	}
	return p.flush()
}

func (p *replay) intention(e blobstore.Entry) error {
	kept, err := decodeIntention(e.Meta, e.Ref)
	if err != nil {
		return fmt.Errorf("record at %v: %w", e.At, err)
	}
	if p.s.intentions.get(kept.Key) == nil { // else the first one stands
		p.s.intentions.add(&intention{Kept: kept, at: e.At})
	}
	return nil
}

// intentionsOfIndex adds those that the index holds, once, when the replay has
// reached the index's own position.
func (p *replay) intentionsOfIndex() error {
	if p.passed {
		return nil
	}
	p.passed = true
	return p.s.flusher.x.rows(p.ctx, "intentions", nil, func(rows *sql.Rows) error {
		var k message.Kept
		var stage, at, segment, offset int64
		if err := rows.Scan(&k.Key, &stage, &at, &k.Body, &k.Content, &segment, &offset); err != nil {
			return err
		}
		if in := p.s.intentions.get(k.Key); in != nil {
			in.inIndex = true
			return nil
		}
		k.Stage, k.At, k.Body = message.Stage(stage), fromMicros(at), bytes.Clone(k.Body)
		p.s.intentions.addInOrder(&intention{Kept: k, at: blobstore.Position{Segment: uint64(segment), Offset: offset}, inIndex: true})
		return nil
	})
}

// flush tells the index what was applied.
func (p *replay) flush() error {
	f := &p.s.flusher
	next, reached, ok := f.begin()
	if !ok {
		return nil
	}
	err := f.write(next, false)
	if err != nil {
		err = f.write(next, true)
	}
	if err != nil {
		return fmt.Errorf("writing the index: %w", err)
	}
	f.end(reached)
	f.checkpoint()
	return nil
}

// resolves returns the intention that an op ends, or "".
func resolves(o op) string {
	switch o := o.(type) {
	case *step:
		return o.Resolves
	case abandon:
		return string(o)
	}
	return ""
}

// decode reads the meaning of a record that is applied.
func decode(e blobstore.Entry) (op, error) {
	switch e.Kind {
	case kindStep:
		return decodeStep(bytes.Clone(e.Meta), e.Ref)
	case kindAbandon:
		r := reader{b: e.Meta}
		r.version()
		key := r.text()
		return abandon(key), r.end("an abandoned intention")
	case kindAccount:
		return decodeAccount(e.Meta)
	}
	return nil, fmt.Errorf("%w: kind %q", errRecord, e.Kind)
}
