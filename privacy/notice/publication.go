package notice

import (
	"fmt"
	"strings"
	"time"

	"rem"
	"rem/privacy/canon"
	"rem/privacy/chain"
)

var publicationKind = chain.Kind{Name: "rem-notice-publication", Version: 1}

// A Publication is the record that a version was published: an entry of the
// chain of publications, with the notice's bytes in it.
type Publication struct {
	Link chain.Link
	By   rem.PersonID // the natural person who published it
	// Effective is from when it holds: the time that the notice states, and never
	// before it was published.
	Effective time.Time
	Digest    rem.Digest // of Source
	Source    []byte     // the notice, in canonical form
}

// write writes what follows the link. Effective stands there only when the
// notice states it; otherwise it is the link's time.
func (p *Publication) write(w *canon.Writer, stated time.Time) {
	w.Word("by", string(p.By))
	if !stated.IsZero() {
		w.Time("effective", stated)
	}
	w.Digest("notice", p.Digest)
	w.Blank()
	w.Lines("source", strings.TrimSuffix(string(p.Source), "\n"))
}

// readPublication reads what write wrote, and holds it against the notice
// itself.
func readPublication(link chain.Link, r *canon.Reader) (*Publication, *Notice, error) {
	p := &Publication{Link: link, By: rem.PersonID(r.Word("by")), Effective: link.Time}
	stated := time.Time{}
	if r.Next() == "effective" {
		stated = r.Time("effective")
		if stated.After(link.Time) {
			p.Effective = stated
		}
	}
	p.Digest = r.Digest("notice")
	r.Blank()
	p.Source = []byte(r.Lines("source") + "\n")
	if err := r.Done(); err != nil {
		return nil, nil, fmt.Errorf("reading a publication: %w", err)
	}
	n, err := Parse(p.Source)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("reading a publication: %w", err)
	case rem.DigestOf(p.Source) != p.Digest, !n.Effective.Equal(stated), n.Version != link.Number:
		return nil, nil, fmt.Errorf("reading a publication: %w: it is not about the notice in it", canon.ErrForm)
	}
	return p, n, nil
}

// ParsePublication reads the bytes of an entry of the chain of publications.
func ParsePublication(entry []byte) (*Publication, error) {
	r := canon.NewReader(entry, publicationKind.Name, publicationKind.Version)
	p, _, err := readPublication(chain.ReadLink(r), r)
	return p, err
}

// Bytes writes the entry.
func (p *Publication) Bytes() ([]byte, error) {
	n, err := Parse(p.Source)
	if err != nil {
		return nil, err
	}
	w := canon.NewWriter(publicationKind.Name, publicationKind.Version)
	p.Link.Write(w)
	p.write(w, n.Effective)
	return w.Bytes()
}
