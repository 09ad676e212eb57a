package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"rem/edge/blobstore"
	"rem/message"
)

// replay brings the index up to the journal. It begins at the oldest intention
// that the index does not hold: what comes before the index's own position is
// read for intentions alone, what comes after it is applied.
func (s *Store) replay(ctx context.Context) error {
	a := &s.applier
	var err error
	if a.at, err = readProgress(ctx, a.x); err != nil {
		return err
	}
	p := replay{s: s, ctx: ctx, applied: a.at.applied}
	err = s.contents.Replay(a.at.oldest, p.entry)
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

type replay struct {
	s       *Store
	ctx     context.Context
	applied blobstore.Position
	passed  bool // the index's own intentions were read
	batch   []*request
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
	p.batch = append(p.batch, &request{op: o, from: e.At, next: e.Next, done: func(error) {}})
	if len(p.batch) < maxGroup {
		return nil
	}
	return p.flush()
}

func (p *replay) intention(e blobstore.Entry) error {
	kept, err := decodeIntention(e.Meta, e.Ref)
	if err != nil {
		return fmt.Errorf("record at %v: %w", e.At, err)
	}
	if p.s.intentions.get(kept.Key) != nil {
		// The first one stands, unless a step that waits resolves it.
		if err := p.flush(); err != nil {
			return err
		}
	}
	if p.s.intentions.get(kept.Key) == nil {
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
	return p.s.applier.x.rows(p.ctx, "intentions", nil, func(rows *sql.Rows) error {
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

// flush applies what waits.
func (p *replay) flush() error {
	if len(p.batch) == 0 {
		return nil
	}
	a := &p.s.applier
	if err := a.try(p.batch, true); err != nil {
		return fmt.Errorf("applying the journal: %w", err)
	}
	p.s.stats.replayed.Add(uint64(len(p.batch)))
	p.batch = p.batch[:0]
	a.checkpoint()
	return nil
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
