package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"rem"
	"rem/mail/html"
	"rem/message"
	"rem/person/account"
)

// writer returns the account when the person may write for it: to sign himself, or
// for somebody else to.
func (b *Box) writer(ctx context.Context, who Visitor) (account.Account, error) {
	a, err := b.Accounts.Account(ctx, who.Actor.Account)
	if err != nil {
		return a, fmt.Errorf("looking at account %s: %w", who.Actor.Account, err)
	}
	if !b.writes(who, &a) {
		return a, refuse("Bu hesapta ileti hazırlama yetkiniz yok.", "You have no authority to write messages on this account.")
	}
	return a, nil
}

// writes reports whether the person may write for the account now.
func (b *Box) writes(who Visitor, a *account.Account) bool {
	now := b.Clock.Now()
	return a.MayLogIn(who.Actor.Person, now) && a.Powers(who.Actor.Person, now)&(account.Sending|account.Preparing) != 0
}

// shown narrows a query to what the person sees: drafts are of those who write. It
// reports whether anything is left. Drafts are in their folder alone, so that other
// folders are asked as they were.
func (b *Box) shown(who Visitor, a *account.Account, q *Query) bool {
	if q.Folder != "" && q.Folder != Drafts || b.writes(who, a) {
		return true
	}
	if len(q.Kinds) == 0 {
		q.Kinds = []Kind{Received, Sent, Evidence}
	}
	q.Kinds = slices.DeleteFunc(slices.Clone(q.Kinds), func(k Kind) bool { return k == Drafted })
	return q.Folder == "" && len(q.Kinds) > 0
}

// Draft gives one of the account's drafts.
func (b *Box) Draft(ctx context.Context, who Visitor, id DraftID) (Draft, error) {
	if _, err := b.writer(ctx, who); err != nil {
		return Draft{}, err
	}
	return b.Store.Draft(ctx, who.Actor, id)
}

// Save keeps a draft and returns its version. A Version of 0 is a new one. Formatted
// text is kept as far as it is safe and every mail program shows it, and gives the
// plain text where there is none. What waits for a signer or for its time is taken
// back to writing; what is being sent is refused.
func (b *Box) Save(ctx context.Context, who Visitor, d Draft) (int64, error) {
	if _, err := b.writer(ctx, who); err != nil {
		return 0, err
	}
	var have Draft
	if d.Version > 0 {
		var err error
		if have, err = b.Store.Draft(ctx, who.Actor, d.ID); err != nil {
			return 0, err
		}
	}
	return b.save(ctx, who, have, d)
}

// Edit changes a draft as change says, and returns it as it was kept. version is the
// one that was changed; where somebody saved another since, ErrChanged comes with the
// draft as it is now.
func (b *Box) Edit(ctx context.Context, who Visitor, id DraftID, version int64, change func(*Draft) error) (Draft, error) {
	if _, err := b.writer(ctx, who); err != nil {
		return Draft{}, err
	}
	have, err := b.Store.Draft(ctx, who.Actor, id)
	if err != nil {
		return Draft{}, err
	}
	if have.Version != version {
		return have, ErrChanged
	}
	d := have
	d.To, d.Cc, d.Files = slices.Clone(d.To), slices.Clone(d.Cc), slices.Clone(d.Files)
	if err := change(&d); err != nil {
		return have, err
	}
	d.ID, d.Version, d.Author = have.ID, have.Version, have.Author
	if d.Version, err = b.save(ctx, who, have, d); err != nil {
		return have, err
	}
	return d, nil
}

func (b *Box) save(ctx context.Context, who Visitor, have, d Draft) (int64, error) {
	if have.Step == Sending && have.Version == d.Version {
		return 0, sending()
	}
	if d.HTML != "" {
		if len(d.HTML) > MaxText {
			return 0, tooLong()
		}
		c := html.ForCompose(d.HTML, html.Options{})
		if d.HTML = c.HTML; d.Text == "" {
			d.Text = c.Plain
		}
	}
	switch {
	case len(d.To)+len(d.Cc) > MaxRecipients:
		return 0, refuse("Alıcı sayısı sınırın üstünde.", "There are more recipients than allowed.")
	case utf8.RuneCountInString(d.Subject) > MaxSubject:
		return 0, refuse("Konu çok uzun.", "The subject is too long.")
	case len(d.HTML) > MaxText || len(d.Text) > MaxText:
		return 0, tooLong()
	case len(d.Files) > MaxFiles:
		return 0, refuse("Ek sayısı sınırın üstünde.", "There are more attachments than allowed.")
	}
	if d.Version == 0 {
		d.Author = who.Actor.Person
	}
	d.Step, d.Signer, d.Handed, d.Original, d.Why = Writing, "", Handed{}, rem.Digest{}, rem.Text{}
	d.Saved = b.Clock.Now().UTC()
	version, err := b.Store.SaveDraft(ctx, who.Actor, d)
	if err != nil {
		return version, err
	}
	for _, f := range have.Files {
		if slices.ContainsFunc(d.Files, func(x File) bool { return x.ID == f.ID }) {
			continue
		}
		if err := b.Store.DropFile(ctx, who.Actor, d.ID, f.ID); err != nil {
			return version, err
		}
	}
	if have.Original.IsZero() {
		return version, nil
	}
	// What was signed is no longer this draft.
	return version, b.Store.DropFile(ctx, who.Actor, d.ID, have.Original.String())
}

func tooLong() *rem.Refusal {
	return refuse("Metin çok uzun; belge olarak ekleyebilirsiniz.", "The text is too long; it can be attached as a document.")
}

func sending() *rem.Refusal {
	return refuse("Bu taslak imzalandı ve şu anda gönderiliyor; artık değiştirilemez.", "This draft was signed and is being sent; it cannot be changed any more.")
}

// HandOver gives a draft, in the version that the visitor saw, to who is to sign it;
// "" is everybody who may (REQ-41). It returns the version.
func (b *Box) HandOver(ctx context.Context, who Visitor, id DraftID, version int64, signer rem.PersonID) (int64, error) {
	a, err := b.writer(ctx, who)
	if err != nil {
		return 0, err
	}
	d, err := b.Store.Draft(ctx, who.Actor, id)
	if err != nil {
		return 0, err
	}
	if signer != "" {
		if refusal := a.MaySign(who.Actor.Person, signer, b.Clock.Now()); refusal != nil {
			return 0, refusal
		}
	}
	switch {
	case d.Version != version:
		return 0, ErrChanged
	case d.Step == Sending:
		return 0, sending()
	case d.Step == Scheduled:
		return 0, refuse("Bu taslak imzalandı ve zamanını bekliyor; önce geri alın.", "This draft was signed and waits for its time; take it back first.")
	}
	d.Step, d.Signer, d.Why, d.Original = ToSign, signer, rem.Text{}, rem.Digest{}
	d.Handed = Handed{who.Actor.Person, who.Actor.Method, who.Authentication}
	d.Saved = b.Clock.Now().UTC()
	return b.Store.SaveDraft(ctx, who.Actor, d)
}

// Drop gives a draft up, with its files. What is being sent is refused.
func (b *Box) Drop(ctx context.Context, who Visitor, id DraftID) error {
	if _, err := b.writer(ctx, who); err != nil {
		return err
	}
	return b.drop(ctx, who, id)
}

func (b *Box) drop(ctx context.Context, who Visitor, id DraftID) error {
	d, err := b.Store.Draft(ctx, who.Actor, id)
	switch {
	case errors.Is(err, ErrNotFound): // its files, where it was never saved
	case err != nil:
		return err
	case d.Step == Sending:
		return sending()
	case d.Step == Scheduled:
		// First it is not due any more: what is dropped is never sent.
		d.Step, d.Saved = Writing, b.Clock.Now().UTC()
		if _, err := b.Store.SaveDraft(ctx, who.Actor, d); errors.Is(err, ErrChanged) {
			return sending()
		} else if err != nil {
			return err
		}
	}
	return b.Store.DropDraft(ctx, who.Actor, id)
}

// Attach keeps a file of a draft as it comes; the caller saves the draft with it.
func (b *Box) Attach(ctx context.Context, who Visitor, id DraftID, file string, r io.Reader, limit int64) (int64, rem.Digest, error) {
	if _, err := b.writer(ctx, who); err != nil {
		return 0, rem.Digest{}, err
	}
	heads, err := b.Store.DraftHeads(ctx, who.Actor, []DraftID{id})
	if err != nil {
		return 0, rem.Digest{}, err
	}
	d := heads[id] // zero when it was never saved
	if d.Step == Sending || d.Step == Scheduled {
		return 0, rem.Digest{}, refuse("Bu taslak imzalandı; ek eklemek için önce geri alın.", "This draft was signed; take it back before you attach anything.")
	}
	left := int64(MaxAttached)
	for _, f := range d.Files {
		left -= f.Size
	}
	return b.Store.PutFile(ctx, who.Actor, id, file, r, max(0, min(limit, left)))
}

// Detach gives up a file that no saved draft names.
func (b *Box) Detach(ctx context.Context, who Visitor, id DraftID, file string) error {
	if _, err := b.writer(ctx, who); err != nil {
		return err
	}
	heads, err := b.Store.DraftHeads(ctx, who.Actor, []DraftID{id})
	if err != nil {
		return err
	}
	d := heads[id]
	if slices.ContainsFunc(d.Files, func(f File) bool { return f.ID == file }) || file == d.Original.String() {
		return nil
	}
	return b.Store.DropFile(ctx, who.Actor, id, file)
}

// File gives one of a draft.
func (b *Box) File(ctx context.Context, who Visitor, id DraftID, file string) (message.Content, error) {
	if _, err := b.writer(ctx, who); err != nil {
		return nil, err
	}
	return b.Store.File(ctx, who.Actor, id, file)
}

// Keepsakes are those of the account and of the person.
func (b *Box) Keepsakes(ctx context.Context, who Visitor, kind KeepsakeKind) ([]Keepsake, error) {
	if _, err := b.writer(ctx, who); err != nil {
		return nil, err
	}
	return b.Store.Keepsakes(ctx, who.Actor, kind)
}

// Keep keeps one, and replaces the one with its ID.
func (b *Box) Keep(ctx context.Context, who Visitor, k Keepsake) error {
	if _, err := b.writer(ctx, who); err != nil {
		return err
	}
	return b.Store.Keep(ctx, who.Actor, k)
}

// DropKeepsake removes one.
func (b *Box) DropKeepsake(ctx context.Context, who Visitor, id string) error {
	if _, err := b.writer(ctx, who); err != nil {
		return err
	}
	return b.Store.DropKeepsake(ctx, who.Actor, id)
}
