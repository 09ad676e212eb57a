package mailbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"rem"
	"rem/mail/mime"
	"rem/message"
)

// A Feed gives the steps of the ledger again, in the order of the journal.
type Feed interface {
	// Steps gives up to limit steps after the position ("": from the first), and
	// the position after them. None, with the same position, is the end for now.
	Steps(ctx context.Context, after string, limit int) (steps []message.Step, next string, err error)
}

// A Follower brings mailboxes up to what happened. One works on a store at a time.
type Follower struct {
	Feed   Feed
	Ledger Ledger
	Store  Store
	// Domain is the provider's.
	Domain string
	// WordKey is the provider's key for words.
	WordKey []byte
	// Texts gives what is searched in the text of a message and its attachments,
	// and how many of these it has; nil: the header alone.
	Texts func(ctx context.Context, original message.Content) (texts []string, attachments int, err error)

	// Octets says how long a content is, without reading it; nil: evidence is read for
	// its length.
	Octets func(message.Ref) (int64, error)

	// unread are items whose words could not be read since the program began; they
	// are in nobody's way, and tried again by the next one.
	unread map[place]bool
}

type place struct {
	account rem.AccountID
	item    ItemID
}

// followed is how many steps are applied at once.
const followed = 256

// Follow applies what happened since the last time, up to the end of the journal,
// and reports whether there was anything. A crash between two calls loses nothing.
// An evidence that cannot be read does not hold up what comes after it: it has its
// place, without a size, and the fault is returned when all was followed.
func (f *Follower) Follow(ctx context.Context) (moved bool, err error) {
	at, err := f.Store.Position(ctx)
	if err != nil {
		return false, fmt.Errorf("following the journal: %w", err)
	}
	var unread error
	for {
		steps, next, err := f.Feed.Steps(ctx, at, followed)
		if err != nil {
			return moved, fmt.Errorf("following the journal: %w", err)
		}
		if next == at {
			return moved, unread
		}
		var news []News
		// A view that is read now knows all of these steps: one serves those of its
		// message.
		views := map[rem.MessageID]*message.View{}
		for i := range steps {
			more, fault, err := f.news(ctx, &steps[i], views)
			if err != nil {
				return moved, err
			}
			if fault != nil {
				unread = fault // the last one stands for all
			}
			news = append(news, more...)
		}
		if err := f.Store.Follow(ctx, news, next); err != nil {
			return moved, fmt.Errorf("following the journal: %w", err)
		}
		at, moved = next, true
	}
}

// news is what a step means for mailboxes; fault says which evidence could not be
// read.
func (f *Follower) news(ctx context.Context, s *message.Step, views map[rem.MessageID]*message.View) (news []News, fault, err error) {
	if s.New == nil && len(s.Changes)+len(s.Filed)+len(s.Arrivals) == 0 && s.Opens == 0 {
		return nil, nil, nil
	}
	view := views[s.Message]
	if view == nil {
		view, err = f.Ledger.Message(ctx, s.Message)
		if errors.Is(err, message.ErrNotFound) {
			return nil, nil, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("following %s: %w", s.Message, err)
		}
		views[s.Message] = view
	}
	r := &view.Record
	for _, a := range s.Arrivals {
		news = append(news, News{Account: a.Account, About: r.ID, Item: &Item{
			Kind: Received, Message: r.ID, Recipient: a.Recipient, At: a.Time, Size: r.Size, Attachments: -1,
		}})
	}
	if s.Opens > 0 {
		if to := r.Recipient(s.Opens); to != nil && to.Account != "" {
			news = append(news, News{Account: to.Account, About: r.ID, Recipient: s.Opens, Opened: s.At, By: s.Actor.Person})
		}
	}
	sender := r.Actor.Account
	if sender == "" {
		return news, fault, nil
	}
	progress := ProgressOfAll(view.Standings)
	if s.New != nil && !slices.ContainsFunc(view.Standings, func(x message.Standing) bool { return x.State == message.Refused }) {
		news = append(news, News{Account: sender, About: r.ID, Item: &Item{
			Kind: Sent, Message: r.ID, At: r.Submitted, Size: r.Size, Person: r.Actor.Person, Progress: progress, Attachments: -1, Flags: Seen,
		}})
	} else if len(s.Changes) > 0 {
		news = append(news, News{Account: sender, About: r.ID, Progress: progress})
	}
	for _, e := range s.Filed {
		if e.Conflict {
			continue // kept, and told to nobody as true
		}
		kept, ok := view.Evidence(e.ID)
		if !ok {
			continue // another form of it was there already
		}
		size, err := f.size(ctx, r, kept)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if err != nil {
			fault = fmt.Errorf("following %s: %w", s.Message, err)
		}
		news = append(news, News{Account: sender, About: r.ID, Item: &Item{
			Kind: Evidence, Message: r.ID, Recipient: e.Recipient, Evidence: e.ID, At: e.Time, Size: size,
		}})
	}
	return news, fault, nil
}

// size is that of an evidence as mail.
func (f *Follower) size(ctx context.Context, r *message.Record, e message.Filed) (int64, error) {
	if f.Octets != nil {
		octets, err := f.Octets(e.Ref)
		if err != nil {
			return 0, err
		}
		return evidenceMailSize(r, e, f.Domain, octets)
	}
	e, err := e.Load(ctx, f.Ledger)
	if err != nil {
		return 0, err
	}
	p, err := EvidenceMail(r, e, f.Domain)
	return int64(len(p)), err
}

// Index keeps the words of up to limit items that have none yet, and reports
// whether there may be more. Reading a message for its words opens it for nobody.
// An item that cannot be read is passed over until the next start, and its fault
// is returned when the others are done.
func (f *Follower) Index(ctx context.Context, limit int) (more bool, err error) {
	items, err := f.Store.Unindexed(ctx, limit+len(f.unread))
	if err != nil {
		return false, fmt.Errorf("indexing mailboxes: %w", err)
	}
	var chosen []Unindexed
	for _, u := range items {
		if !f.unread[place{u.Account, u.Item.ID}] && len(chosen) < limit {
			chosen = append(chosen, u)
		}
	}
	read := make([]Indexing, len(chosen))
	faults := make([]error, len(chosen))
	var workers sync.WaitGroup
	for w := range min(indexers, len(chosen)) {
		workers.Go(func() {
			for i := w; i < len(chosen); i += indexers {
				read[i], faults[i] = f.words(ctx, &chosen[i])
			}
		})
	}
	workers.Wait()
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	var whole []Indexing
	for i, fault := range faults {
		if fault == nil {
			whole = append(whole, read[i])
			continue
		}
		if errors.Is(fault, ErrNotFound) { // somebody removed it meanwhile
			continue
		}
		if f.unread == nil {
			f.unread = map[place]bool{}
		}
		f.unread[place{chosen[i].Account, chosen[i].Item.ID}] = true
		err = errors.Join(err, fmt.Errorf("indexing %s: %w", chosen[i].Item.Message, fault))
	}
	if len(whole) > 0 {
		if fault := f.Store.Index(ctx, whole); fault != nil {
			return false, errors.Join(err, fmt.Errorf("indexing mailboxes: %w", fault))
		}
	}
	return len(chosen) == limit, err
}

// indexers is how many items are read at once.
const indexers = 8

// words are those of an item that is indexed.
func (f *Follower) words(ctx context.Context, u *Unindexed) (Indexing, error) {
	texts, attachments, err := f.texts(ctx, &u.Item)
	if err != nil {
		return Indexing{}, err
	}
	return Indexing{u.Account, u.Item.ID, NewWords(f.WordKey, u.Account).Of(texts...), attachments}, nil
}

// texts are those of an item: who, what about, and what it says.
func (f *Follower) texts(ctx context.Context, item *Item) (texts []string, attachments int, err error) {
	view, err := f.Ledger.Message(ctx, item.Message)
	if err != nil {
		return nil, 0, err
	}
	r := &view.Record
	texts = []string{r.Subject, r.Sender.Address.String(), r.Sender.Name, string(r.ID)}
	for i := range r.Recipients {
		texts = append(texts, r.Recipients[i].Address.String(), r.Recipients[i].Name)
	}
	if item.Kind == Evidence || f.Texts == nil {
		return append(texts, string(item.Evidence)), 0, nil
	}
	whole, err := f.Ledger.Open(ctx, r.Original)
	if errors.Is(err, message.ErrNotFound) { // it was destroyed
		return texts, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	said, attachments, err := f.Texts(ctx, message.OriginalIn(whole, r))
	if err != nil && !errors.Is(err, mime.ErrSyntax) && !errors.Is(err, mime.ErrLimit) {
		return nil, 0, err
	}
	return append(texts, said...), attachments, nil
}
