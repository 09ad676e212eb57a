package export

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"regexp"
	"slices"
	"time"

	"rem"
	"rem/message"
	"rem/message/timeline"
)

// ErrDamaged: a content is not the one that its record is about. Nothing of it
// is given out as the original.
var ErrDamaged = errors.New("the content is not the original that the evidence is about")

// Write writes an export. An error, such as that of a context that was cancelled,
// leaves what is no zip file; messages that were opened until then stay opened.
func Write(ctx context.Context, w io.Writer, o Options) (Result, error) {
	x := &exporter{Options: o, zip: zip.NewWriter(w)}
	if err := x.write(ctx); err != nil {
		return x.result, fmt.Errorf("exporting: %w", err)
	}
	return x.result, nil
}

type exporter struct {
	Options
	zip    *zip.Writer
	result Result
	top    proofs
	parts  []partLine
	number int // of the message, over all parts
}

// partLine is what the first page says of a part.
type partLine struct {
	Name                        string
	Messages, Evidence, LeftOut int
	First, Last                 time.Time
}

// exported is a message while its part is written.
type exported struct {
	Item
	number int
	proofs messageProofs
	line   *timeline.Message
	leave  bool
}

func (x *exporter) write(ctx context.Context) error {
	x.top = proofs{Version: version, Made: x.Made.UTC().Format(time.RFC3339), Parts: []listed{}}
	for _, f := range x.Trust {
		if !goodName.MatchString(f.Name) {
			return fmt.Errorf("%q is no name for a file of trust", f.Name)
		}
		if err := x.whole("trust/"+f.Name, f.Content, &x.top.Files); err != nil {
			return err
		}
	}
	var part []*exported
	recipients := 0
	for item, err := range x.Source.Items(ctx) {
		if err != nil {
			return err
		}
		x.number++
		part = append(part, &exported{Item: item, number: x.number})
		if item.Recipient == 0 {
			v, err := x.Source.Message(ctx, item.Message)
			if err != nil {
				return fmt.Errorf("reading message %s: %w", item.Message, err)
			}
			recipients += len(v.Record.Recipients)
		}
		if len(part) < PartSize && recipients < partRecipients {
			continue
		}
		if err := x.part(ctx, part); err != nil {
			return err
		}
		part, recipients = nil, 0
	}
	if len(part) > 0 {
		if err := x.part(ctx, part); err != nil {
			return err
		}
	}
	if err := x.indexes(); err != nil {
		return err
	}
	if err := x.lists(ctx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return x.zip.Close()
}

var goodName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*(\.[A-Za-z0-9-]+)*$`)

// An entry is one file of the zip file as it is written.
type entry struct {
	name string
	w    io.Writer
	sum  hash.Hash
	n    int64
}

func (e *entry) Write(p []byte) (int, error) {
	e.sum.Write(p)
	n, err := e.w.Write(p)
	e.n += int64(n)
	return n, err
}

func (e *entry) listed() listed {
	return listed{e.name, fmt.Sprintf("%x", e.sum.Sum(nil)), e.n}
}

// begin begins a file; the one before is complete then.
func (x *exporter) begin(name string) (*entry, error) {
	w, err := x.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: x.Made.UTC()})
	if err != nil {
		return nil, fmt.Errorf("beginning %s: %w", name, err)
	}
	return &entry{name: name, w: w, sum: sha256.New()}, nil
}

// whole writes a file at once and lists it.
func (x *exporter) whole(name string, content []byte, in *[]listed) error {
	e, err := x.begin(name)
	if err == nil {
		_, err = e.Write(content)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	*in = append(*in, e.listed())
	return nil
}

// part writes the contents of its messages first, since opening makes evidence,
// and then their evidence, as it is from there on.
func (x *exporter) part(ctx context.Context, messages []*exported) error {
	n := len(x.top.Parts) + 1
	name := fmt.Sprintf("part-%04d/", n)
	list := partProofs{Version: version, Part: n, Messages: make([]messageProofs, 0, len(messages))}
	if err := x.contents(ctx, name, messages, &list.Files); err != nil {
		return err
	}
	line := partLine{Name: name, Messages: len(messages)}
	for _, m := range messages {
		if err := x.evidence(ctx, name, m); err != nil {
			return err
		}
		list.Messages = append(list.Messages, m.proofs)
		line.Evidence += len(m.proofs.Evidence)
		at := m.line.Submitted
		if line.First.IsZero() || at.Before(line.First) {
			line.First = at
		}
		if at.After(line.Last) {
			line.Last = at
		}
		if m.leave {
			line.LeftOut++
		}
	}
	if err := x.partLists(name, messages, &list.Files); err != nil {
		return err
	}
	if err := x.partPages(name, n, messages, &list.Files); err != nil {
		return err
	}
	// The sums are of every file of the part but the two proof lists themselves.
	if err := x.sums(name+sumsName, list.all(), &list.Files); err != nil {
		return err
	}
	b, err := marshal(list)
	if err != nil {
		return err
	}
	x.parts = append(x.parts, line)
	return x.whole(name+proofsName, b, &x.top.Parts)
}

// all are the files that a part's list names, each once.
func (p *partProofs) all() (files []listed) {
	for _, m := range p.Messages {
		if o := m.Original; o != nil && !o.Mbox {
			files = append(files, listed{o.File, o.SHA256, o.Size})
		}
		for _, e := range m.Evidence {
			files = append(files, e.listed)
		}
	}
	return append(files, p.Files...)
}

func marshal(v any) ([]byte, error) {
	b, err := json.MarshalIndent(v, "", " ")
	return append(b, '\n'), err
}

// sums writes a list as sha256sum reads it.
func (x *exporter) sums(name string, files []listed, in *[]listed) error {
	var b bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&b, "%s  %s\n", f.SHA256, f.File)
	}
	return x.whole(name, b.Bytes(), in)
}

// contents writes the originals of a part.
func (x *exporter) contents(ctx context.Context, name string, messages []*exported, in *[]listed) error {
	var box *entry
	var err error
	if x.Mbox {
		if box, err = x.begin(name + "mail.mbox"); err != nil {
			return err
		}
	}
	for _, m := range messages {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := x.content(ctx, name, box, m); err != nil {
			return fmt.Errorf("writing message %s: %w", m.Message, err)
		}
	}
	if box != nil {
		*in = append(*in, box.listed())
	}
	return nil
}

func (x *exporter) content(ctx context.Context, name string, box *entry, m *exported) error {
	v, err := x.Source.Message(ctx, m.Message)
	if err != nil {
		return err
	}
	m.proofs = messageProofs{Message: m.Message, Direction: "sent", Recipient: m.Recipient, Evidence: []evidenceProofs{}}
	if m.Recipient > 0 {
		m.proofs.Direction = "received"
		if x.LeaveUnopened && unopened(v, m.Item) {
			m.leave, m.proofs.LeftOut = true, "unopened"
			x.result.LeftOut++
			return nil
		}
	}
	content, err := x.open(ctx, v, m.Item)
	if err != nil || content == nil {
		return err
	}
	var file *entry
	var w io.Writer
	var q *quoter
	var start int64
	if box == nil {
		if file, err = x.begin(fmt.Sprintf("%s%06d.eml", name, m.number)); err != nil {
			return err
		}
		w = file
	} else {
		if _, err := io.WriteString(box, separator(address(v.Record.Sender), v.Record.Submitted)); err != nil {
			return err
		}
		start = box.n
		q = newQuoter(box)
		w = q
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, sum), &patient{ctx, io.NewSectionReader(content, 0, content.Size())})
	if err != nil {
		return err
	}
	var got rem.Digest
	sum.Sum(got[:0])
	if got != v.Record.Digest {
		return ErrDamaged
	}
	m.proofs.Original = &originalProof{SHA256: got.String(), Size: n}
	x.result.Originals++
	if box == nil {
		m.proofs.Original.File = file.name
		return nil
	}
	if err := q.Close(); err != nil {
		return err
	}
	o := m.proofs.Original
	o.File, o.Mbox, o.From, o.Length = box.name, true, start, q.n
	// A reader takes one line end before the next separator for its own.
	end := "\n"
	if q.last != '\n' {
		end = "\n\n"
	}
	_, err = io.WriteString(box, end)
	return err
}

func address(p message.Party) string {
	if p.Address.IsZero() {
		return ""
	}
	return p.Address.String()
}

// unopened reports whether nobody of the recipient's account has opened it yet.
func unopened(v *message.View, item Item) bool {
	switch v.Standing(item.Recipient).State {
	case message.Retrieved:
		return false
	case message.NotRetrieved:
		return !item.Opened
	}
	return true
}

// open gives the original, or nil where there is none to give.
func (x *exporter) open(ctx context.Context, v *message.View, item Item) (message.Content, error) {
	if item.Recipient > 0 {
		if x.Opener == nil {
			return nil, errors.New("nobody is given who opens received messages")
		}
		return x.Opener.Open(ctx, item.Message, item.Recipient)
	}
	if v.Record.Original == "" {
		return nil, nil
	}
	whole, err := x.Source.Open(ctx, v.Record.Original)
	if err != nil {
		return nil, err
	}
	return message.OriginalIn(whole, &v.Record), nil
}

// patient ends a copy when the context does.
type patient struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}

// evidence writes a message's evidence and tells its timeline.
func (x *exporter) evidence(ctx context.Context, name string, m *exported) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	filed, err := x.Source.EvidenceOf(ctx, m.Message)
	if err != nil {
		return fmt.Errorf("writing evidence of %s: %w", m.Message, err)
	}
	v, err := x.Source.Message(ctx, m.Message)
	if err != nil {
		return fmt.Errorf("writing evidence of %s: %w", m.Message, err)
	}
	var o timeline.Options
	if m.Recipient > 0 {
		o.Only = []int{m.Recipient}
	}
	filed = slices.DeleteFunc(slices.Clone(filed), func(f message.Filed) bool {
		return m.Recipient > 0 && f.Recipient != 0 && f.Recipient != m.Recipient
	})
	if x.Verifier != nil {
		if o.Judgements, err = timeline.Judge(ctx, x.Verifier, filed); err != nil {
			return err
		}
	}
	for i := range filed {
		f := &filed[i]
		file := fmt.Sprintf("%s%06d-e%02d-%s.xml", name, m.number, i+1, f.Kind.Code(f.Outcome))
		var at []listed
		if err := x.whole(file, f.XML, &at); err != nil {
			return err
		}
		m.proofs.Evidence = append(m.proofs.Evidence, evidenceProof(at[0], f))
	}
	// The timeline shows what is in the file, and nothing that came since.
	view := *v
	view.Filed = filed
	m.line = timeline.Of(&view, o)
	x.result.Messages++
	x.result.Evidence += len(filed)
	return nil
}

// partLists writes the lists of a part for spreadsheets.
func (x *exporter) partLists(name string, messages []*exported, in *[]listed) error {
	table := timeline.Table{Mark: true}
	var status, box, left bytes.Buffer
	rows, err := table.Status(&status)
	if err != nil {
		return err
	}
	proofs, err := table.Box(&box)
	if err != nil {
		return err
	}
	leftOut, err := table.Status(&left)
	if err != nil {
		return err
	}
	any := false
	for _, m := range messages {
		for _, r := range m.line.Rows() {
			if err := rows.Add(r); err != nil {
				return err
			}
			if m.leave {
				any = true
				if err := leftOut.Add(r); err != nil {
					return err
				}
			}
		}
		for _, r := range m.line.Box() {
			if err := proofs.Add(r); err != nil {
				return err
			}
		}
	}
	if err := errors.Join(rows.Flush(), proofs.Flush(), leftOut.Flush()); err != nil {
		return err
	}
	if err := x.whole(name+"status.csv", status.Bytes(), in); err != nil {
		return err
	}
	if err := x.whole(name+"evidence.csv", box.Bytes(), in); err != nil {
		return err
	}
	if !any {
		return nil
	}
	return x.whole(name+"left-out.csv", left.Bytes(), in)
}

// lists writes the proof lists of the whole, which come last.
func (x *exporter) lists(ctx context.Context) error {
	all := slices.Concat(x.top.Parts, x.top.Files)
	if err := x.sums(sumsName, all, &x.top.Files); err != nil {
		return err
	}
	b, err := marshal(x.top)
	if err != nil {
		return err
	}
	if err := x.whole(proofsName, b, new([]listed)); err != nil || x.Authority == nil {
		return err
	}
	digest := rem.DigestOf(b)
	token, err := x.Authority.Stamp(ctx, crypto.SHA256, digest[:])
	if err != nil {
		return fmt.Errorf("stamping the proof list: %w", err)
	}
	return x.whole(stampName, token.DER, new([]listed))
}
