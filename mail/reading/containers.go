package reading

import (
	"context"
	"errors"
	"io"
	"strings"

	"rem/mail/archive"
	"rem/mail/mime"
)

// A Container is a part of a message that holds files, as a scanner would unpack it.
type Container struct {
	Name   string    // as declared
	Body   mime.Span // where it lies in the source, encoded
	Report *archive.Report
}

// Beyond gives the first finding that keeps a scanner out ([archive.Finding.Beyond]);
// nil where it may go in.
func (c *Container) Beyond() *archive.Finding {
	for i := range c.Report.Findings {
		if f := &c.Report.Findings[i]; f.Beyond() {
			return f
		}
	}
	return nil
}

// Containers looks into every container of a message before a scanner does, also in
// messages within the message, and whatever a part says that it is (AT-09). The limits
// are for all of them together. A message of texts costs its parsing and nothing more.
// Errors are those of mime.Parse, of the source and of ctx.
func Containers(ctx context.Context, src mime.Source, l archive.Limits) ([]Container, error) {
	m, err := mime.Parse(src, mime.Options{Limits: mime.DefaultLimits, Messages: true})
	if err != nil {
		return nil, err
	}
	var list []Container
	left := l.OrDefault()
	for p := range m.All() {
		if len(p.Parts) > 0 || strings.HasPrefix(p.Type.Type, "text/") && p.Encoding != "base64" {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r, err := inspect(ctx, src, p, left)
		if err != nil {
			return nil, err
		}
		if r == nil {
			continue
		}
		list = append(list, Container{p.FileName(), p.Body, r})
		// What is used up leaves the least that is not the default.
		left.Total, left.Entries = max(left.Total-r.Total, 1), max(left.Entries-len(r.Entries), 1)
	}
	return list, nil
}

// inspect looks into one part; nil where it is no container.
func inspect(ctx context.Context, src mime.Source, p *mime.Part, l archive.Limits) (*archive.Report, error) {
	d := p.Decode(src)
	head := make([]byte, archive.HeadBytes)
	n, err := io.ReadFull(d, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	if !holds(archive.Sniff(head[:n])) {
		return nil, nil
	}
	rest, err := io.Copy(io.Discard, d)
	if err != nil {
		return nil, err
	}
	size := int64(n) + rest
	at, err := contentAt(src, p, size)
	var r *archive.Report
	if err == nil {
		r, err = archive.Inspect(ending{ctx, at}, size, l)
	}
	if errors.Is(err, errIrregular) {
		return &archive.Report{Findings: []archive.Finding{{Kind: archive.TooLarge}}}, nil
	}
	return r, err
}

// ending is a source that ends with its context: looking takes no longer than whoever
// asked waits.
type ending struct {
	ctx context.Context
	io.ReaderAt
}

func (e ending) ReadAt(p []byte, off int64) (int, error) {
	if err := e.ctx.Err(); err != nil {
		return 0, err
	}
	return e.ReaderAt.ReadAt(p, off)
}

// Scannable gives what a scanner is to read of a message: everything but the bodies
// of containers that it is kept out of, and how many octets that are.
func Scannable(src mime.Source, list []Container) (io.Reader, int64) {
	var parts []io.Reader
	from, size := int64(0), int64(0)
	add := func(until int64) {
		parts, size = append(parts, io.NewSectionReader(src, from, until-from)), size+until-from
	}
	for i := range list { // in the order of the source
		if c := &list[i]; c.Beyond() != nil {
			add(c.Body.Start)
			from = c.Body.End
		}
	}
	add(src.Size())
	return io.MultiReader(parts...), size
}
