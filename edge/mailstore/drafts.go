package mailstore

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/message"
	"rem/message/mailbox"
	"rem/privacy"
)

// head is what is sealed of a draft beside its text. Its form is durable:
// docs/formats/mailbox.md.
type head struct {
	Draft    mailbox.DraftID `json:"draft"` // so that it opens for no other
	To       []string        `json:"to,omitempty"`
	Cc       []string        `json:"cc,omitempty"`
	Subject  string          `json:"subject,omitempty"`
	Files    []headFile      `json:"files,omitempty"`
	Forwards rem.MessageID   `json:"forwards,omitempty"` // the message that it passes on
	Why      *headWhy        `json:"why,omitempty"`
	Handed   *headHanded     `json:"handed,omitempty"`
}

type headHanded struct {
	Person rem.PersonID `json:"person"`
	Method string       `json:"method"`
	By     string       `json:"by"`   // how he proved to be himself
	Time   int64        `json:"time"` // when, in microseconds
}

type headFile struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	Digest []byte `json:"digest"`
	AsIs   bool   `json:"asIs,omitempty"`
}

type headWhy struct {
	Turkish string `json:"tr"`
	English string `json:"en"`
}

func headOf(d *mailbox.Draft) head {
	h := head{Draft: d.ID, To: d.To, Cc: d.Cc, Subject: d.Subject, Forwards: d.Forwards}
	for _, f := range d.Files {
		h.Files = append(h.Files, headFile{f.ID, f.Name, f.Type, f.Size, slices.Clone(f.Digest[:]), f.AsIs})
	}
	if d.Why != (rem.Text{}) {
		h.Why = &headWhy{d.Why.Turkish, d.Why.English}
	}
	if x := d.Handed; x.Person != "" {
		h.Handed = &headHanded{x.Person, x.Method, x.Authentication.Method, x.Authentication.Time.UnixMicro()}
	}
	return h
}

// errForm: what was opened is not of its form, or of something else.
var errForm = errors.New("what was kept is not of its form")

func (h *head) into(d *mailbox.Draft) error {
	if h.Draft != d.ID {
		return errForm
	}
	d.To, d.Cc, d.Subject, d.Forwards = h.To, h.Cc, h.Subject, h.Forwards
	for _, f := range h.Files {
		file := mailbox.File{ID: f.ID, Name: f.Name, Type: f.Type, Size: f.Size, AsIs: f.AsIs}
		if copy(file.Digest[:], f.Digest) != len(file.Digest) {
			return errForm
		}
		d.Files = append(d.Files, file)
	}
	if h.Why != nil {
		d.Why = rem.Text{Turkish: h.Why.Turkish, English: h.Why.English}
	}
	if x := h.Handed; x != nil {
		d.Handed = mailbox.Handed{Person: x.Person, Method: x.Method, Authentication: message.Authentication{Time: time.UnixMicro(x.Time).UTC(), Method: x.By}}
	}
	return nil
}

// bodyPart is how much of a draft's text one sealed value holds.
const bodyPart = privacy.MaxValue / 2

// sealBody gives HTML and Text as they are kept: sealed parts, each after its
// length, and inside each one which draft's and which part it is.
func (s *Store) sealBody(ctx context.Context, holder rem.PersonID, d *mailbox.Draft) (kept []byte, err error) {
	whole := binary.AppendUvarint(nil, uint64(len(d.HTML)))
	whole = append(append(whole, d.HTML...), d.Text...)
	parts := (len(whole) + bodyPart - 1) / bodyPart
	for i := range parts {
		clear := bodyHead(d.ID, d.Version, i, parts)
		clear = append(clear, whole[i*bodyPart:min((i+1)*bodyPart, len(whole))]...)
		sealed, err := s.seal(ctx, holder, draftBody, clear)
		if err != nil {
			return nil, err
		}
		kept = binary.AppendUvarint(kept, uint64(len(sealed)))
		kept = append(kept, sealed...)
	}
	return kept, nil
}

func bodyHead(id mailbox.DraftID, version int64, i, of int) []byte {
	b := binary.AppendUvarint(nil, uint64(len(id)))
	b = append(b, id...)
	b = binary.AppendUvarint(b, uint64(version))
	b = binary.AppendUvarint(b, uint64(i))
	return binary.AppendUvarint(b, uint64(of))
}

func cutBody(kept []byte, holder rem.PersonID) (parts []sealedPart, err error) {
	for len(kept) > 0 {
		n, k := binary.Uvarint(kept)
		if k <= 0 || n > uint64(len(kept)-k) {
			return nil, errForm
		}
		parts = append(parts, sealedPart{holder, kept[k : k+int(n)]})
		kept = kept[k+int(n):]
	}
	return parts, nil
}

func joinBody(d *mailbox.Draft, parts [][]byte) error {
	var whole []byte
	for i, p := range parts {
		rest, ok := bytes.CutPrefix(p, bodyHead(d.ID, d.Version, i, len(parts)))
		if !ok {
			return errForm
		}
		whole = append(whole, rest...)
	}
	n, k := binary.Uvarint(whole)
	if k <= 0 || n > uint64(len(whole)-k) {
		return errForm
	}
	d.HTML, d.Text = string(whole[k:k+int(n)]), string(whole[k+int(n):])
	return nil
}

// writing is the sitting over a draft: each saving reads it, and each look at it.
func writing(id mailbox.DraftID) privacy.Sitting { return privacy.Sitting("draft " + id) }

// keptDraft is a row.
type keptDraft struct {
	mailbox.Draft
	holder     rem.PersonID
	head, body []byte
}

func scanDraft(scan func(...any) error) (k keptDraft, err error) {
	var saved, sendAt sql.NullInt64
	var original []byte
	d := &k.Draft
	err = scan(&d.ID, &k.holder, &d.Version, &d.Step, &d.Author, &d.Signer, &saved, &d.Answers, &sendAt, &original, &k.head, &k.body)
	d.Saved, d.SendAt = fromMicros(saved), fromMicros(sendAt)
	copy(d.Original[:], original)
	return k, err
}

// Draft implements mailbox.Store.
func (s *Store) Draft(ctx context.Context, by rem.Actor, id mailbox.DraftID) (mailbox.Draft, error) {
	d, err := s.draft(ctx, by, id)
	if err != nil {
		return mailbox.Draft{}, fmt.Errorf("opening a draft: %w", err)
	}
	return d, nil
}

func (s *Store) draft(ctx context.Context, by rem.Actor, id mailbox.DraftID) (mailbox.Draft, error) {
	if err := named(by); err != nil {
		return mailbox.Draft{}, err
	}
	account, err := s.account(ctx, by.Account)
	if err != nil {
		return mailbox.Draft{}, err
	}
	k, err := scanDraft(s.file.Read.QueryRowContext(ctx, queries["draft"], account, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		err = mailbox.ErrNotFound
	}
	if err != nil {
		return mailbox.Draft{}, err
	}
	parts, err := cutBody(k.body, k.holder)
	if err != nil {
		return mailbox.Draft{}, err
	}
	// Head and text are opened in one access.
	items := make([]privacy.Item, 0, 1+len(parts))
	for i, p := range append([]sealedPart{{k.holder, k.head}}, parts...) {
		v, err := privacy.ParseSealed(p.sealed)
		if err != nil {
			return mailbox.Draft{}, err
		}
		field := draftBody
		if i == 0 {
			field = draftHead
		}
		items = append(items, privacy.Item{Person: k.holder, Field: field, Sealed: v})
	}
	values, err := s.Vault.OpenAll(ctx, access(by, writing(id)), items)
	if err != nil {
		return mailbox.Draft{}, err
	}
	var h head
	if err := json.Unmarshal(values[0].Bytes(), &h); err != nil {
		return mailbox.Draft{}, errForm // the fault would quote what was opened
	}
	if err := h.into(&k.Draft); err != nil {
		return mailbox.Draft{}, err
	}
	clear := make([][]byte, len(parts))
	for i := range clear {
		clear[i] = values[i+1].Bytes()
	}
	return k.Draft, joinBody(&k.Draft, clear)
}

// DraftHeads implements mailbox.Store.
func (s *Store) DraftHeads(ctx context.Context, by rem.Actor, ids []mailbox.DraftID) (map[mailbox.DraftID]mailbox.Draft, error) {
	found, err := s.draftHeads(ctx, by, ids)
	if err != nil {
		return nil, fmt.Errorf("opening drafts: %w", err)
	}
	return found, nil
}

func (s *Store) draftHeads(ctx context.Context, by rem.Actor, ids []mailbox.DraftID) (map[mailbox.DraftID]mailbox.Draft, error) {
	if err := named(by); err != nil {
		return nil, err
	}
	account, err := s.account(ctx, by.Account)
	if err != nil {
		return nil, err
	}
	asked, err := list(ids)
	if err != nil {
		return nil, err
	}
	var drafts []keptDraft
	var parts []sealedPart
	err = s.each(ctx, queries["draftHeads"], []any{account, asked}, func(rows *sql.Rows) error {
		k, err := scanDraft(rows.Scan)
		drafts, parts = append(drafts, k), append(parts, sealedPart{k.holder, k.head})
		return err
	})
	if err != nil {
		return nil, err
	}
	over := privacy.Sitting("drafts")
	if len(ids) == 1 {
		over = writing(ids[0])
	}
	opened, err := s.open(ctx, by, over, draftHead, parts)
	if err != nil {
		return nil, err
	}
	found := map[mailbox.DraftID]mailbox.Draft{}
	for i := range drafts {
		d := &drafts[i].Draft
		var h head
		if err := json.Unmarshal(opened[i], &h); err != nil {
			return nil, errForm
		}
		if err := h.into(d); err != nil {
			return nil, err
		}
		found[d.ID] = *d
	}
	return found, nil
}

// SaveDraft implements mailbox.Store.
func (s *Store) SaveDraft(ctx context.Context, by rem.Actor, d mailbox.Draft) (int64, error) {
	if err := errors.Join(named(by), goodID(string(d.ID))); err != nil {
		return 0, fmt.Errorf("saving a draft: %w", err)
	}
	before := d.Version
	d.Version++
	h, err := json.Marshal(headOf(&d))
	if err != nil {
		return 0, fmt.Errorf("saving a draft: %w", err)
	}
	sealed, err := s.seal(ctx, by.Holder, draftHead, h)
	if err != nil {
		return 0, fmt.Errorf("saving a draft: %w", err)
	}
	body, err := s.sealBody(ctx, by.Holder, &d)
	if err != nil {
		return 0, fmt.Errorf("saving a draft: %w", err)
	}
	var original any
	if !d.Original.IsZero() {
		original = slices.Clone(d.Original[:])
	}
	i := mailbox.Item{Kind: mailbox.Drafted, Draft: d.ID, At: d.Saved, Person: d.Author, Attachments: len(d.Files), Flags: mailbox.Seen}
	for _, f := range d.Files {
		i.Size += f.Size
	}
	now := s.Clock.Now()
	return update(ctx, s, "saving a draft", by.Account, func(t step) (int64, error) {
		account, err := t.account(by.Account, now)
		if err != nil {
			return 0, err
		}
		var have, n int64
		there, err := t.row("draftVersion", []any{account, d.ID}, &have)
		if err != nil {
			return 0, err
		}
		if have != before { // 0 when it is new
			return 0, mailbox.ErrChanged
		}
		if !there {
			if _, err := t.row("countDrafts", []any{account}, &n); err != nil {
				return 0, err
			}
			if n >= mailbox.MaxDrafts {
				return 0, mailbox.ErrTooMany
			}
		}
		if err := t.do("saveDraft", account, d.ID, by.Holder, d.Version, d.Step, d.Author, d.Signer, d.Saved.UnixMicro(), d.Answers, micros(d.SendAt), original, sealed, body); err != nil {
			return 0, err
		}
		if !there {
			return d.Version, t.add(account, mailbox.Drafts, i)
		}
		return d.Version, t.saveDraftItem(account, &i)
	})
}

// saveDraftItem renews the item of a draft: another UID in its folder.
func (t step) saveDraftItem(account int64, i *mailbox.Item) error {
	var n, folder, uid, size int64
	if err := t.must("draftItem", []any{account, i.Draft}, &n, &folder, &size); err != nil {
		return err
	}
	if _, err := t.row("nextUID", []any{folder}, &uid); err != nil {
		return err
	}
	if err := t.do("saveDraftItem", n, uid, i.At.UnixMicro(), i.Size, i.Attachments, i.Person); err != nil {
		return err
	}
	return t.count(folder, tally{bytes: i.Size - size})
}

// goodID: identifiers of drafts, files and keepsakes come from people's programs.
func goodID(s string) error {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return errID
		}
	}
	if len(s) < 1 || len(s) > 64 {
		return errID
	}
	return nil
}

var errID = errors.New("an identifier has 1 to 64 letters, digits and hyphens")

// DropDraft implements mailbox.Store.
func (s *Store) DropDraft(ctx context.Context, by rem.Actor, id mailbox.DraftID) error {
	places, err := update(ctx, s, "dropping a draft", by.Account, func(t step) ([]string, error) {
		var account int64
		if there, err := t.row("account", []any{by.Account}, &account); err != nil || !there {
			return nil, err
		}
		var item mailbox.ItemID
		there, err := t.row("draftItemID", []any{account, id}, &item)
		if err != nil {
			return nil, err
		}
		if !there { // its files alone, when it was never saved
			return t.dropDraft(account, id)
		}
		i, n, folder, indexed, _, err := t.item(account, item)
		if err != nil {
			return nil, err
		}
		return t.remove(account, &i, n, folder, indexed)
	})
	if err != nil {
		return err
	}
	return s.discard(places...)
}

func (t step) dropDraft(account int64, id mailbox.DraftID) (places []string, err error) {
	if err := t.do("dropDraft", account, id); err != nil {
		return nil, err
	}
	err = t.each("dropFiles", []any{account, id}, func(rows *sql.Rows) error {
		var p string
		err := rows.Scan(&p)
		places = append(places, p)
		return err
	})
	return places, err
}

// DueDrafts implements mailbox.Store.
func (s *Store) DueDrafts(ctx context.Context, now time.Time, limit int) (due []mailbox.Due, err error) {
	err = s.each(ctx, queries["due"], []any{now.UnixMicro(), limit}, func(rows *sql.Rows) error {
		var d mailbox.Due
		err := rows.Scan(&d.Account, &d.Draft, &d.Signer)
		due = append(due, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading what is due: %w", err)
	}
	return due, nil
}
