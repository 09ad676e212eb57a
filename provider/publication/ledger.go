package publication

import (
	"context"
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"rem"
	"rem/privacy/canon"
	"rem/privacy/chain"
	"rem/trust/tsp"
)

// Errors of the ledger.
var (
	// ErrNotFound: there is no such version, or none in force.
	ErrNotFound = errors.New("there is no such document")
	// ErrRefused is wrapped when a document cannot be published as it is.
	ErrRefused = errors.New("the document cannot be published")
	// ErrBackdated: it says that it holds from a time that is over.
	ErrBackdated = errors.New("a document cannot hold from an earlier time")
)

var entryKind = chain.Kind{Name: "rem-publication", Version: 1}

// A Publication is the entry of one version.
type Publication struct {
	Link chain.Link
	By   rem.PersonID // the natural person who published it
	// Effective is from when it holds, never before it was published.
	Effective time.Time
	Digest    rem.Digest // of Source
	Token     []byte     // DER of an RFC 3161 token over Digest
	Source    []byte     // the document, in canonical form
}

// A Version is a document with its publication.
type Version struct {
	Publication
	Document *Document
}

// A Ledger keeps publications. It may be used from many goroutines. Nobody
// changes what it gives.
type Ledger struct {
	chain *chain.Chain
	stamp tsp.Authority

	publishing sync.Mutex // held while a version is published

	mu       sync.RWMutex
	versions map[Kind][]*Version // guarded by mu
}

// Open reads the whole chain. One that does not fit together, or holds what could
// not have been published, is an error. authority stamps what is published.
func Open(ctx context.Context, store chain.Store, clock rem.Clock, authority tsp.Authority) (*Ledger, error) {
	l := &Ledger{stamp: authority, versions: map[Kind][]*Version{}}
	var err error
	l.chain, err = chain.Open(ctx, store, entryKind, clock, func(link chain.Link, _ rem.Digest, r *canon.Reader) error {
		v, err := readEntry(link, r)
		if err != nil {
			return err
		}
		list := l.versions[v.Document.Kind]
		if v.Document.Version != uint64(len(list))+1 || len(list) > 0 && v.Effective.Before(list[len(list)-1].Effective) {
			return fmt.Errorf("%w: version %d of %s stands behind %d versions", canon.ErrForm, v.Document.Version, v.Document.Kind, len(list))
		}
		l.versions[v.Document.Kind] = append(list, v)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("opening the publications: %w", err)
	}
	return l, nil
}

// tokenLine is how many characters of a token stand in a line.
const tokenLine = 76

func (p *Publication) write(w *canon.Writer, stated time.Time) {
	w.Word("by", string(p.By))
	if !stated.IsZero() {
		w.Time("effective", stated)
	}
	w.Digest("document", p.Digest)
	var lines []string
	for chunk := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(p.Token)), tokenLine) {
		lines = append(lines, string(chunk))
	}
	w.Lines("token", strings.Join(lines, "\n"))
	w.Blank()
	w.Lines("source", strings.TrimSuffix(string(p.Source), "\n"))
}

func readEntry(link chain.Link, r *canon.Reader) (*Version, error) {
	v := &Version{Publication: Publication{Link: link, By: rem.PersonID(r.Word("by")), Effective: link.Time}}
	stated := time.Time{}
	if r.Next() == "effective" {
		if stated = r.Time("effective"); stated.After(link.Time) {
			v.Effective = stated
		}
	}
	v.Digest = r.Digest("document")
	token := r.Lines("token")
	r.Blank()
	v.Source = []byte(r.Lines("source") + "\n")
	err := r.Done()
	if err == nil {
		err = v.read(token, stated)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a publication: %w", err)
	}
	return v, nil
}

// read reads the parts and holds them against each other.
func (v *Version) read(token string, stated time.Time) (err error) {
	if v.Document, err = Parse(v.Source); err != nil {
		return err
	}
	if rem.DigestOf(v.Source) != v.Digest || !v.Document.Effective.Equal(stated) {
		return fmt.Errorf("%w: it is not about the document in it", canon.ErrForm)
	}
	for line := range strings.SplitSeq(token, "\n") {
		if len(line) > tokenLine {
			return fmt.Errorf("%w: a line of the token is too long", canon.ErrForm)
		}
	}
	if v.Token, err = base64.StdEncoding.Strict().DecodeString(strings.ReplaceAll(token, "\n", "")); err != nil {
		return fmt.Errorf("%w: the token: %w", canon.ErrForm, err)
	}
	stamp, err := tsp.Parse(v.Token)
	if err != nil {
		return fmt.Errorf("%w: the token: %w", canon.ErrForm, err)
	}
	if stamp.Hash != crypto.SHA256 || string(stamp.Imprint) != string(v.Digest[:]) {
		return fmt.Errorf("%w: the token is over something else", canon.ErrForm)
	}
	return nil
}

// Terms of a publication.
type Terms struct {
	By rem.PersonID // the natural person who publishes it
	// AllowSample lets a sample be published, in demonstrations.
	AllowSample bool
}

// Publish publishes a document's canonical bytes as the next version of its kind,
// stamped; it is durable when Publish returns. The same bytes as those of the
// newest version are that version. The error wraps [ErrRefused] with every fault,
// or [ErrBackdated].
func (l *Ledger) Publish(ctx context.Context, source []byte, t Terms) (*Version, error) {
	d, err := Parse(source)
	if err != nil {
		return nil, fmt.Errorf("publishing a document: %w: %w", ErrRefused, err)
	}
	l.publishing.Lock()
	defer l.publishing.Unlock()
	versions, digest := l.Versions(d.Kind), rem.DigestOf(source)
	var last *Version
	if n := len(versions); n > 0 {
		if last = versions[n-1]; last.Digest == digest {
			return last, nil
		}
	}
	if err := refuse(d, source, t, uint64(len(versions))+1); err != nil {
		return nil, fmt.Errorf("publishing a document: %w: %w", ErrRefused, err)
	}
	p := Publication{By: t.By, Digest: digest, Source: slices.Clone(source)}
	now := canon.Instant(l.chain.Clock().Now())
	from := d.Effective
	if from.IsZero() {
		from = now
	}
	if from.Before(now) || last != nil && from.Before(last.Effective) {
		return nil, fmt.Errorf("publishing a document: %w: it says %s", ErrBackdated, from.Format(time.RFC3339))
	}
	token, err := l.stamp.Stamp(ctx, crypto.SHA256, digest[:])
	if err != nil {
		return nil, fmt.Errorf("publishing a document: stamping it: %w", err)
	}
	p.Token = token.DER
	if p.Link, _, err = l.chain.Append(ctx, func(w *canon.Writer) { p.write(w, d.Effective) }); err != nil {
		return nil, fmt.Errorf("publishing a document: %w", err)
	}
	p.Effective = p.Link.Time // as reading it again gives
	if d.Effective.After(p.Link.Time) {
		p.Effective = d.Effective
	}
	v := &Version{p, d}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.versions[d.Kind] = append(slices.Clip(l.versions[d.Kind]), v)
	return v, nil
}

// refuse gives every fault of a document that would be the next version.
func refuse(d *Document, source []byte, t Terms, next uint64) error {
	var faults []error
	if t.By == "" {
		faults = append(faults, errors.New("nobody publishes it"))
	}
	if d.Sample && !t.AllowSample {
		faults = append(faults, errors.New("it is a sample, which a provider has to make his own"))
	}
	if d.Version != next {
		faults = append(faults, fmt.Errorf("it says version %d, and the next one is %d", d.Version, next))
	}
	for _, name := range canon.Placeholders(source) {
		faults = append(faults, fmt.Errorf("the place {%s} is not filled", name))
	}
	if canon.StrayBrace(source) {
		faults = append(faults, errors.New("a brace stands alone"))
	}
	if len(d.Sections) == 0 {
		faults = append(faults, errors.New("it has no words"))
	}
	for _, s := range d.Sections {
		if len(s.Text) == 0 {
			faults = append(faults, fmt.Errorf("the section %s has no words", s.ID))
		}
	}
	return errors.Join(faults...)
}

// Versions returns those of a kind, the first one first.
func (l *Ledger) Versions(k Kind) []*Version {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return slices.Clone(l.versions[k])
}

// Version returns one version of a kind, or ErrNotFound.
func (l *Ledger) Version(k Kind, n uint64) (*Version, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if n == 0 || n > uint64(len(l.versions[k])) {
		return nil, fmt.Errorf("version %d of %s: %w", n, k, ErrNotFound)
	}
	return l.versions[k][n-1], nil
}

// InForce returns the version of a kind that holds at a time, or ErrNotFound.
func (l *Ledger) InForce(k Kind, at time.Time) (*Version, error) {
	for _, v := range slices.Backward(l.Versions(k)) {
		if !v.Effective.After(at) {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%s in force at %s: %w", k, at.Format(time.RFC3339), ErrNotFound)
}

// Head returns where the chain stands.
func (l *Ledger) Head() chain.Head { return l.chain.Head() }
