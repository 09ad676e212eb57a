package sqlstore

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"

	"rem/edge/blobstore"
	"rem/message"
)

// intentions are those without a step. They stand in the journal and here; the
// index takes only the ones that outlive their place in the journal's recent
// past, so that an ordinary submission costs it nothing.
type intentions struct {
	byKey map[string]*list.Element
	order *list.List // of *intention, oldest first
}

type intention struct {
	message.Kept
	at      blobstore.Position
	inIndex bool // or about to be; guarded by Store.mu
	synced  *durability
}

func (i *intentions) init() {
	i.byKey = make(map[string]*list.Element)
	i.order = list.New()
}

func (i *intentions) get(key string) *intention {
	if e := i.byKey[key]; e != nil {
		return e.Value.(*intention)
	}
	return nil
}

func (i *intentions) add(in *intention) {
	i.byKey[in.Key] = i.order.PushBack(in)
}

func (i *intentions) remove(key string) {
	if e := i.byKey[key]; e != nil {
		i.order.Remove(e)
		delete(i.byKey, key)
	}
}

// Intend keeps an intention and its content. It returns when the record is
// written and leaves the sync to the step that follows, or to the next 50 ms: a
// step has its place behind its intention, so it is durable only with it. What
// the loss of power may take is an intention whose evidence nobody was given.
// See [message.Ledger].
func (s *Store) Intend(ctx context.Context, in message.Intention) (message.Kept, error) {
	if first := s.standing(in.Key); first != nil {
		return first.Kept, nil
	}
	record := blobstore.Record{Kind: kindIntention, Meta: encodeIntention(&in), Promised: in.Content == nil, Lazy: true}
	if in.Content != nil {
		release, err := s.attach(&record, in.Content)
		if err != nil {
			return message.Kept{}, intending(in.Key, err)
		}
		defer release()
	}
	var stands *intention // set by the writer before it sends
	sent := make(chan error, 2)
	fate := &durability{known: make(chan struct{})}
	err := s.contents.Submit(ctx, []blobstore.Record{record}, blobstore.Watch{Written: func(a blobstore.Appended) {
		s.mu.Lock()
		defer s.mu.Unlock()
		stands = s.intentions.get(in.Key)
		if stands == nil || stands.synced.failed() {
			s.intentions.remove(in.Key)
			stands = &intention{Kept: message.Kept{
				Key: in.Key, Stage: in.Stage, At: fromMicros(micros(in.At)), Body: in.Body, Content: message.Ref(a.Refs[0].String()),
			}, at: a.From, synced: fate}
			s.intentions.add(stands)
		}
		sent <- nil
	}, Then: func(_ blobstore.Appended, err error) {
		fate.err = err
		close(fate.known)
		sent <- err // read only when it was not written
	}})
	if err == nil {
		err = <-sent // bounded by the disk: the bytes belong to the writer until then
	}
	if err != nil {
		return message.Kept{}, intending(in.Key, err)
	}
	return stands.Kept, nil
}

// standing returns the intention of a key unless its record was lost.
func (s *Store) standing(key string) *intention {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in := s.intentions.get(key); in != nil && !in.synced.failed() {
		return in
	}
	return nil
}

func intending(key string, err error) error {
	return fmt.Errorf("recording the intention %s: %w", key, translate(err))
}

// translate gives the errors of the contents the names that the ledger promises.
func translate(err error) error {
	switch {
	case errors.Is(err, blobstore.ErrFull):
		return fmt.Errorf("%w: %w", message.ErrFull, err)
	case errors.Is(err, blobstore.ErrClosed):
		return ErrClosed
	}
	return err
}

// attach gives a record its content without a copy where that can be done.
func (s *Store) attach(record *blobstore.Record, c message.Content) (release func(), err error) {
	release = func() {}
	if spool, ok := c.(*blobstore.Spool); ok {
		record.Spool = spool
		return release, nil
	}
	if c.Size() <= blobstore.SmallContent {
		b := make([]byte, c.Size())
		if n, err := c.ReadAt(b, 0); n < len(b) {
			return release, fmt.Errorf("reading the content: %w", err)
		}
		record.Content, record.Digest = b, c.Digest()
		return release, nil
	}
	spool := s.contents.Spool()
	release = func() { _ = spool.Close() } // it was kept, or nothing is lost
	if _, err := io.Copy(spool, io.NewSectionReader(c, 0, c.Size())); err != nil {
		release()
		return nil, fmt.Errorf("copying the content: %w", err)
	}
	record.Spool = spool
	return release, nil
}

// Abandon forgets an intention. One that is not there is no error.
func (s *Store) Abandon(ctx context.Context, key string) error {
	w := writer{version}
	w.text(key)
	err := s.record(ctx, blobstore.Record{Kind: kindAbandon, Meta: w, Promised: true}, func(blobstore.Appended) (op, error) {
		return abandon(key), nil
	}, nil)
	if err != nil {
		return fmt.Errorf("abandoning %s: %w", key, err)
	}
	return nil
}

// abandon is the applied form of Abandon.
type abandon string

// Unfinished returns the intentions of a stage without a step, oldest first.
func (s *Store) Unfinished(_ context.Context, stage message.Stage) ([]message.Kept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var kept []message.Kept
	for e := s.intentions.order.Front(); e != nil; e = e.Next() {
		if in := e.Value.(*intention); in.Stage == stage && !in.synced.failed() {
			kept = append(kept, in.Kept)
		}
	}
	return kept, nil
}

// addInOrder adds one that is older than some that are there.
func (i *intentions) addInOrder(in *intention) {
	for e := i.order.Front(); e != nil; e = e.Next() {
		if in.at.Before(e.Value.(*intention).at) {
			i.byKey[in.Key] = i.order.InsertBefore(in, e)
			return
		}
	}
	i.add(in)
}
