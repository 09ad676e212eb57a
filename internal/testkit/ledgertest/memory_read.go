package ledgertest

import (
	"cmp"
	"context"
	"io"
	"slices"
	"time"

	"rem"
	"rem/message"
)

func (m *Memory) Message(_ context.Context, id rem.MessageID) (*message.View, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.byID[id]
	if e == nil {
		return nil, message.ErrNotFound
	}
	v := e.view
	v.Standings, v.Filed = slices.Clone(v.Standings), slices.Clone(v.Filed)
	return &v, nil
}

func (m *Memory) Submitted(_ context.Context, fingerprint rem.Digest, now time.Time) (rem.MessageID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	today := now.Unix() / 86400
	for _, p := range slices.Backward(m.prints[fingerprint]) {
		if p.day >= today-2 && p.day <= today {
			return p.id, nil
		}
	}
	return "", message.ErrNotFound
}

func (m *Memory) Envelope(_ context.Context, id rem.MessageID) (message.Envelope, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.byID[id]
	if e == nil || !e.view.Envelope {
		return message.Envelope{}, message.ErrNotFound
	}
	return e.envelope, nil
}

func (m *Memory) Evidence(_ context.Context, id rem.EvidenceID) (message.Filed, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.messages {
		for _, f := range e.view.Filed {
			if f.ID == id {
				return m.load(f)
			}
		}
	}
	return message.Filed{}, message.ErrNotFound
}

func (m *Memory) load(f message.Filed) (message.Filed, error) {
	c := m.contents[f.Ref]
	f.XML = make([]byte, c.Size())
	if _, err := io.ReadFull(io.NewSectionReader(c, 0, c.Size()), f.XML); err != nil {
		return f, err
	}
	return f, nil
}

func (m *Memory) EvidenceOf(_ context.Context, id rem.MessageID) ([]message.Filed, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.byID[id]
	if e == nil {
		return nil, message.ErrNotFound
	}
	var list []message.Filed
	for _, f := range e.view.Filed {
		f, err := m.load(f)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

func (m *Memory) Open(_ context.Context, ref message.Ref) (message.Content, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.contents[ref]
	if c == nil {
		return nil, message.ErrNotFound
	}
	return c, nil
}

func (m *Memory) Due(_ context.Context, stage message.Stage, now time.Time, limit int) ([]message.Task, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []message.Task
	for k, t := range m.tasks {
		if k.stage == stage {
			list = append(list, *t)
		}
	}
	slices.SortFunc(list, func(a, b message.Task) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Target, b.Target))
	})
	n := 0
	for n < len(list) && n < limit && !list[n].Due.After(now) {
		n++
	}
	if n < len(list) {
		return list[:n:n], list[n].Due, nil
	}
	return list, time.Time{}, nil
}

func (m *Memory) Mailbox(_ context.Context, id rem.AccountID, after int64, limit int) ([]message.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []message.Entry
	if box := m.mailboxes[id]; box != nil {
		for _, e := range box.entries {
			if e.UID > after && len(list) < limit {
				list = append(list, e)
			}
		}
	}
	return list, nil
}

func (m *Memory) Usage(_ context.Context, id rem.AccountID) (message.Usage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := message.Usage{Quota: m.accounts[id].Quota}
	if box := m.mailboxes[id]; box != nil {
		u.Messages, u.Bytes = int64(len(box.entries)), box.bytes
	}
	return u, nil
}

func (m *Memory) Sent(_ context.Context, id rem.AccountID, before rem.MessageID, limit int) ([]rem.MessageID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if before != "" && m.byID[before] == nil {
		return nil, message.ErrNotFound
	}
	var list []rem.MessageID
	for _, e := range slices.Backward(m.messages) {
		switch {
		case before != "":
			if e.view.Record.ID == before {
				before = ""
			}
		case id != "" && e.view.Record.Actor.Account == id && len(list) < limit:
			list = append(list, e.view.Record.ID)
		}
	}
	return list, nil
}

func (m *Memory) Messages(_ context.Context, after int64, limit int) ([]rem.MessageID, int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []rem.MessageID
	for after < int64(len(m.messages)) && len(list) < limit {
		list = append(list, m.messages[after].view.Record.ID)
		after++
	}
	return list, after, nil
}

// Notes returns the notes of all steps, in order.
func (m *Memory) Notes() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.notes)
}
