package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/message"
)

// maxQueue is how many tasks of a stage are kept in memory, those that are due
// first, some 200 octets each. A stage may have a task for every message that
// nobody has opened yet; the later ones stay in the index until their time comes.
const maxQueue = 8192

// A queue is the tasks of one stage that are due first, in the order in which
// they are due.
type queue struct {
	tasks []message.Task
	// last is the task behind which nothing is in memory; without it, all are.
	last *message.Task
}

func compareTasks(a, b message.Task) int {
	return cmp.Or(a.Due.Compare(b.Due), strings.Compare(string(a.Message), string(b.Message)), strings.Compare(a.Target, b.Target))
}

// put adds a task.
func (q *queue) put(t message.Task) {
	if q.last != nil && compareTasks(t, *q.last) > 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(q.tasks, t, compareTasks)
	q.tasks = slices.Insert(q.tasks, at, t)
	if len(q.tasks) >= maxQueue {
		// A copy, so that what is cut off is not kept alive.
		q.tasks = slices.Clone(q.tasks[:maxQueue/2])
		last := q.tasks[len(q.tasks)-1]
		q.last = &last
	}
}

// drop takes a task out as it was put in.
func (q *queue) drop(t message.Task) {
	at, ok := slices.BinarySearchFunc(q.tasks, t, compareTasks)
	if ok {
		q.tasks = slices.Delete(q.tasks, at, at+1)
	}
}

// due returns what is due, at most limit tasks, and when the next one is. ok is
// false when the index has to be asked.
func (q *queue) due(now time.Time, limit int) (due []message.Task, next time.Time, ok bool) {
	n := 0
	for n < len(q.tasks) && n < limit && !q.tasks[n].Due.After(now) {
		n++
	}
	switch {
	case n < len(q.tasks):
		next = q.tasks[n].Due
	case q.last != nil && n < limit && !q.last.Due.After(now):
		return nil, time.Time{}, false
	case q.last != nil:
		next = q.last.Due
	}
	if n > 0 {
		due = slices.Clone(q.tasks[:n])
	}
	return due, next, true
}

// Due returns tasks that are due, and when the next one after them is.
func (s *Store) Due(ctx context.Context, stage message.Stage, now time.Time, limit int) ([]message.Task, time.Time, error) {
	if int(stage) >= stages {
		return nil, time.Time{}, nil
	}
	l := &s.live
	l.mu.Lock()
	due, next, ok := l.queues[stage].due(now, limit)
	l.mu.Unlock()
	if ok {
		return due, next, nil
	}
	if err := s.refill(ctx, stage, limit); err != nil {
		return nil, time.Time{}, fmt.Errorf("looking for work of %s: %w", stage, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	due, next, _ = l.queues[stage].due(now, limit)
	return due, next, nil
}

// refill reads the first tasks of a stage from the index, at least limit and one
// more where there are so many. Nothing is applied meanwhile.
func (s *Store) refill(ctx context.Context, stage message.Stage, limit int) error {
	l := &s.live
	l.mu.Lock()
	defer l.mu.Unlock()
	limit = max(limit+1, maxQueue/2)
	var q queue
	read := 0
	err := s.readers.rows(ctx, "due", []any{int64(stage), limit}, func(rows *sql.Rows) error {
		t := message.Task{Stage: stage}
		var at int64
		if err := rows.Scan(&t.Message, &t.Target, &at, &t.Attempts); err != nil {
			return err
		}
		t.Due = fromMicros(at)
		if read++; read == limit {
			q.last = &t
		}
		if _, newer := l.ahead(t.Message); !newer {
			q.tasks = append(q.tasks, t)
		}
		return nil
	})
	if err != nil {
		return err
	}
	// The tasks of what the index does not have yet. It may get it while it is
	// read: what is here stands either way.
	add := func(id rem.MessageID, v *view) {
		for _, t := range v.tasks {
			if t.Stage == stage && (q.last == nil || compareTasks(t, *q.last) <= 0) {
				q.tasks = append(q.tasks, t)
			}
		}
	}
	for id, c := range l.changed {
		add(id, c.after)
	}
	for id, c := range l.flushing.changed {
		if _, again := l.changed[id]; !again {
			add(id, c.after)
		}
	}
	slices.SortFunc(q.tasks, compareTasks)
	l.queues[stage] = q
	return nil
}
