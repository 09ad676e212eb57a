package export

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"rem"
	"rem/mail/mime"
	"rem/message/verification"
	"rem/trust/validation"
)

// Bounds of what is read into memory. The list of a part stays far below the
// first, an evidence below the second, and no provider carries messages above the
// third.
const (
	maxList     = 64 << 20
	maxEvidence = 4 << 20
	maxOriginal = 512 << 20
)

// An Archive is an export as somebody has it: a zip file or a folder.
type Archive interface {
	// Names are all files in it; a name that is there twice is there twice.
	Names() ([]string, error)
	// Open gives the first file of the name; fs.ErrNotExist without one.
	Open(name string) (io.ReadCloser, error)
}

// Zip is an export as it was made. An error wraps zip.ErrFormat when it is none.
func Zip(r io.ReaderAt, size int64) (Archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, err
	}
	byName := make(map[string]*zip.File, len(z.File))
	for _, f := range z.File {
		if byName[f.Name] == nil {
			byName[f.Name] = f
		}
	}
	return &zipped{z, byName}, nil
}

// IsZip reports whether a file begins as a zip file does.
func IsZip(begin []byte) bool {
	return bytes.HasPrefix(begin, []byte("PK\x03\x04")) || bytes.HasPrefix(begin, []byte("PK\x05\x06"))
}

type zipped struct {
	z      *zip.Reader
	byName map[string]*zip.File
}

func (a *zipped) Names() (names []string, err error) {
	for _, f := range a.z.File {
		if !strings.HasSuffix(f.Name, "/") {
			names = append(names, f.Name)
		}
	}
	return names, nil
}

func (a *zipped) Open(name string) (io.ReadCloser, error) {
	f, ok := a.byName[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return f.Open()
}

// Folder is an export that was unpacked.
func Folder(fsys fs.FS) Archive { return folder{fsys} }

type folder struct{ fsys fs.FS }

func (a folder) Names() (names []string, err error) {
	err = fs.WalkDir(a.fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

func (a folder) Open(name string) (io.ReadCloser, error) { return a.fsys.Open(name) }

// A Verifier verifies files that belong together; *verification.Verifier is one.
type Verifier interface {
	Verify(ctx context.Context, files ...verification.Input) (*verification.Report, error)
}

// Checked is what was found out about one message.
type Checked struct {
	Message   rem.MessageID      `json:"message"`
	Direction string             `json:"direction"`
	Verdict   validation.Verdict `json:"verdict"`
	Evidence  []CheckedEvidence  `json:"evidence"`
	// Original is the verdict about the original: that it is the one of its
	// evidence, and its sender's signature. nil when none is there.
	Original *CheckedOriginal `json:"original,omitempty"`
	LeftOut  string           `json:"leftOut,omitempty"`
	Problems []Problem        `json:"problems,omitempty"`
}

// CheckedEvidence is one evidence of it.
type CheckedEvidence struct {
	File      string                   `json:"file"`
	ID        rem.EvidenceID           `json:"id"`
	Kind      string                   `json:"kind"`
	Outcome   string                   `json:"outcome"`
	Recipient int                      `json:"recipient"`
	Conflict  bool                     `json:"conflict,omitempty"`
	Verdict   validation.Verdict       `json:"verdict"`
	Sub       validation.SubIndication `json:"subIndication,omitempty"`
}

// CheckedOriginal is the original.
type CheckedOriginal struct {
	File    string                   `json:"file"`
	Verdict validation.Verdict       `json:"verdict"`
	Sub     validation.SubIndication `json:"subIndication,omitempty"`
}

// A Conclusion is what was found out about the whole.
type Conclusion struct {
	Verdict   validation.Verdict `json:"verdict"`
	Made      string             `json:"made"`
	Messages  int                `json:"messages"`
	Originals int                `json:"originals"`
	Evidence  int                `json:"evidence"`
	LeftOut   int                `json:"leftOut"`
	// Stamped: the proof list has a time stamp, and it holds.
	Stamped bool `json:"stamped"`
	// Problems are those that belong to no message.
	Problems []Problem `json:"problems,omitempty"`
}

// Check checks an export, and gives each message to each as it is done, in
// order. What is wrong with the export is in its conclusion, never an error; an
// error is a file that could not be read, or that of each.
func Check(ctx context.Context, a Archive, v Verifier, each func(*Checked) error) (*Conclusion, error) {
	c := &checker{archive: a, verifier: v, each: each, listed: map[string]bool{}, conclusion: &Conclusion{Verdict: validation.TotalPassed}}
	if err := c.check(ctx); err != nil {
		return nil, fmt.Errorf("checking an export: %w", err)
	}
	return c.conclusion, nil
}

type checker struct {
	archive    Archive
	verifier   Verifier
	each       func(*Checked) error
	present    map[string]bool
	listed     map[string]bool
	conclusion *Conclusion
}

func (c *checker) check(ctx context.Context) error {
	names, err := c.archive.Names()
	if err != nil {
		return err
	}
	c.present = make(map[string]bool, len(names))
	for _, n := range names {
		switch {
		case c.present[n]:
			c.problem(n, Twice, "")
		case !ours(n):
			c.problem(n, BadName, "")
		}
		c.present[n] = true
	}
	c.listed[proofsName] = true
	top, list, err := readList[proofs](c, proofsName)
	if err != nil {
		return err
	}
	if top == nil {
		return nil
	}
	c.conclusion.Made = top.Made
	if err := c.stamp(ctx, list); err != nil {
		return err
	}
	for _, l := range top.Files {
		if err := c.file(l); err != nil {
			return err
		}
	}
	for _, l := range top.Parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.part(ctx, l); err != nil {
			return err
		}
	}
	slices.Sort(names)
	for _, n := range slices.Compact(names) {
		if !c.listed[n] && ours(n) {
			c.problem(n, Unlisted, "")
		}
	}
	return nil
}

// ours reports whether an export may have a file of this name.
func ours(name string) bool {
	folder, file, deep := strings.Cut(name, "/")
	if !deep {
		folder, file = "trust", name
	}
	return goodName.MatchString(folder) && goodName.MatchString(file)
}

func (c *checker) problem(file string, t Trouble, detail string) {
	p := Problem{file, t, detail}
	c.conclusion.Problems = append(c.conclusion.Problems, p)
	c.weigh(p.verdict())
}

func (c *checker) weigh(v validation.Verdict) {
	if weight(v) > weight(c.conclusion.Verdict) {
		c.conclusion.Verdict = v
	}
}

func weight(v validation.Verdict) int {
	switch v {
	case validation.TotalPassed:
		return 0
	case validation.TotalFailed:
		return 2
	}
	return 1
}

// readList reads a proof list; nil when it is none.
func readList[L any](c *checker, name string) (*L, []byte, error) {
	b, trouble, err := c.bytes(name, maxList)
	if err != nil {
		return nil, nil, err
	}
	if trouble != "" {
		c.problem(name, trouble, "")
		return nil, nil, nil
	}
	var head struct {
		Version int `json:"version"`
	}
	list := new(L)
	if err := json.Unmarshal(b, &head); err != nil {
		c.problem(name, BadList, err.Error())
		return nil, nil, nil
	}
	if head.Version != version {
		c.problem(name, BadList, fmt.Sprintf("version %d", head.Version))
		return nil, nil, nil
	}
	if err := json.Unmarshal(b, list); err != nil {
		c.problem(name, BadList, err.Error())
		return nil, nil, nil
	}
	return list, b, nil
}

// bytes reads a file of at most limit octets. A trouble says what is wrong with
// it.
func (c *checker) bytes(name string, limit int64) ([]byte, Trouble, error) {
	if !c.present[name] {
		return nil, Missing, nil
	}
	f, err := c.archive.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Missing, nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("opening %s: %w", name, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if trouble := broken(err); trouble != "" {
		return nil, trouble, nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("reading %s: %w", name, err)
	}
	if int64(len(b)) > limit {
		return nil, Changed, nil
	}
	return b, "", nil
}

// broken tells a file that cannot be unpacked from one that cannot be read.
func broken(err error) Trouble {
	if errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrFormat) || errors.Is(err, io.ErrUnexpectedEOF) || err != nil && strings.HasPrefix(err.Error(), "flate:") {
		return Changed
	}
	return ""
}

// list notes that a file is in a list; a trouble when it was before.
func (c *checker) list(name string) Trouble {
	if !ours(name) {
		return BadName
	}
	if c.listed[name] {
		return Twice
	}
	c.listed[name] = true
	return ""
}

// file compares a file with its line of a list.
func (c *checker) file(l listed) error {
	trouble := c.list(l.File)
	if trouble == "" {
		var err error
		if trouble, err = c.compare(l); err != nil {
			return err
		}
	}
	if trouble != "" {
		c.problem(l.File, trouble, "")
	}
	return nil
}

func (c *checker) compare(l listed) (Trouble, error) {
	if !c.present[l.File] {
		return Missing, nil
	}
	f, err := c.archive.Open(l.File)
	if errors.Is(err, fs.ErrNotExist) {
		return Missing, nil
	}
	if err != nil {
		return "", fmt.Errorf("opening %s: %w", l.File, err)
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(f, l.Size+1))
	if trouble := broken(err); trouble != "" {
		return trouble, nil
	}
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", l.File, err)
	}
	if n != l.Size || fmt.Sprintf("%x", sum.Sum(nil)) != l.SHA256 {
		return Changed, nil
	}
	return "", nil
}

// stamp verifies the token over the proof list, when there is one.
func (c *checker) stamp(ctx context.Context, list []byte) error {
	if !c.present[stampName] {
		return nil
	}
	c.listed[stampName] = true
	token, trouble, err := c.bytes(stampName, maxEvidence)
	if err != nil {
		return err
	}
	if trouble != "" {
		c.problem(stampName, trouble, "")
		return nil
	}
	r, err := c.verifier.Verify(ctx, verification.Input{Name: stampName, Source: mime.Memory(token)}, verification.Input{Name: proofsName, Source: mime.Memory(list)})
	if err != nil {
		return err
	}
	// What is no token at all, or one over something else, leaves the list unreadable.
	verdict := r.Verdict
	if len(r.Unreadable) > 0 || len(token) == 0 || token[0] != 0x30 {
		verdict = validation.TotalFailed
	}
	if c.conclusion.Stamped = verdict == validation.TotalPassed; !c.conclusion.Stamped {
		c.problem(stampName, Unstamped, verdict.String())
	}
	return nil
}

// part checks one part: its files first, then its messages.
func (c *checker) part(ctx context.Context, l listed) error {
	before := len(c.conclusion.Problems)
	if err := c.file(l); err != nil || len(c.conclusion.Problems) > before {
		return err
	}
	list, _, err := readList[partProofs](c, l.File)
	if err != nil || list == nil {
		return err
	}
	for _, f := range list.Files {
		if err := c.file(f); err != nil {
			return err
		}
	}
	box := &boxReader{checker: c}
	defer box.close()
	for i := range list.Messages {
		if err := ctx.Err(); err != nil {
			return err
		}
		m, err := c.message(ctx, &list.Messages[i], box)
		if err != nil {
			return fmt.Errorf("message %s: %w", list.Messages[i].Message, err)
		}
		c.weigh(m.Verdict)
		c.conclusion.Messages++
		c.conclusion.Evidence += len(m.Evidence)
		if m.Original != nil {
			c.conclusion.Originals++
		}
		if m.LeftOut != "" {
			c.conclusion.LeftOut++
		}
		if err := c.each(m); err != nil {
			return err
		}
	}
	return nil
}

// message verifies a message's files.
func (c *checker) message(ctx context.Context, m *messageProofs, box *boxReader) (*Checked, error) {
	out := &Checked{Message: m.Message, Direction: m.Direction, LeftOut: m.LeftOut, Verdict: validation.TotalPassed}
	problem := func(file string, t Trouble, detail string) {
		out.Problems = append(out.Problems, Problem{file, t, detail})
		out.Verdict = validation.TotalFailed
	}
	var together []verification.Input
	var alone []int
	sources := make([][]byte, len(m.Evidence))
	for i, e := range m.Evidence {
		out.Evidence = append(out.Evidence, CheckedEvidence{File: e.File, ID: e.ID, Kind: e.Kind, Outcome: e.Outcome, Recipient: e.Recipient, Conflict: e.Conflict})
		trouble := c.list(e.File)
		if trouble == "" {
			var err error
			if sources[i], trouble, err = c.bytes(e.File, maxEvidence); err != nil {
				return nil, err
			}
		}
		if trouble == "" && (rem.DigestOf(sources[i]).String() != e.SHA256 || int64(len(sources[i])) != e.Size) {
			trouble = Changed
		}
		switch {
		case trouble != "":
			problem(e.File, trouble, "")
			out.Evidence[i].Verdict = validation.TotalFailed
		case e.Conflict:
			alone = append(alone, i)
		default:
			together = append(together, verification.Input{Name: e.File, Source: mime.Memory(sources[i])})
		}
	}
	original := ""
	if o := m.Original; o != nil {
		b, trouble, err := c.original(o, box)
		if err != nil {
			return nil, err
		}
		out.Original = &CheckedOriginal{File: o.File}
		if trouble != "" {
			problem(o.File, trouble, "")
			out.Original.Verdict = validation.TotalFailed
		} else {
			original = string(m.Message) + " original"
			together = append(together, verification.Input{Name: original, Source: mime.Memory(b)})
		}
	}
	var reports []*verification.Report
	for _, i := range alone {
		r, err := c.verifier.Verify(ctx, verification.Input{Name: m.Evidence[i].File, Source: mime.Memory(sources[i])})
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	if len(together) > 0 {
		r, err := c.verifier.Verify(ctx, together...)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	seen := original == ""
	for _, r := range reports {
		seen = c.take(out, m, r, original, problem) || seen
	}
	// What nobody said anything about was not verified.
	for _, e := range out.Evidence {
		out.worsen(e.Verdict)
	}
	if !seen || len(m.Evidence) == 0 {
		out.worsen(validation.Indeterminate)
	}
	return out, nil
}

func (m *Checked) worsen(v validation.Verdict) {
	if weight(v) > weight(m.Verdict) {
		m.Verdict = v
	}
}

// take enters what a report found out, and reports whether it is about the
// original, too.
func (c *checker) take(out *Checked, m *messageProofs, r *verification.Report, original string, problem func(string, Trouble, string)) (seen bool) {
	found := map[string]*verification.Finding{}
	refused := false
	for _, f := range r.Findings {
		switch {
		case f.Subject == verification.File:
			found[f.Name] = f
		case f.Subject == verification.Chain:
			out.worsen(f.Verdict)
		}
	}
	for i := range out.Evidence {
		e := &out.Evidence[i]
		f := found[e.File]
		if f == nil {
			if slices.Contains(r.Unreadable, e.File) {
				problem(e.File, Misplaced, "no evidence")
				e.Verdict = validation.TotalFailed
			}
			continue
		}
		e.Verdict, e.Sub = f.Verdict, f.Sub
		if len(f.Parts) != 1 || f.Parts[0].Subject != verification.Evidence {
			problem(e.File, Misplaced, "no evidence")
			continue
		}
		said := f.Parts[0]
		fact := func(key string) string {
			for _, x := range said.Facts {
				if x.Key == key {
					return x.Value
				}
			}
			return ""
		}
		if said.Name != "" && (said.Name != string(e.ID) || fact("kind") != e.Kind || fact("outcome") != e.Outcome) {
			problem(e.File, Misplaced, said.Name)
		}
		if id := fact("message"); said.Name != "" && id != "" && id != string(m.Message) {
			problem(e.File, Foreign, id)
		}
		refused = refused || f.Verdict == validation.TotalPassed && e.Kind == "SubmissionAcceptanceRejection" && e.Outcome == "negative"
	}
	if original == "" {
		return false
	}
	f := found[original]
	switch {
	case f == nil && !slices.Contains(r.Unreadable, original):
		return false
	case f == nil:
		// Bytes that are no mail, and none of the evidence is about them.
		out.Original.Verdict, out.Original.Sub = validation.TotalFailed, validation.HashFailure
		out.worsen(validation.TotalFailed)
	default:
		out.Original.Verdict, out.Original.Sub = f.Verdict, f.Sub
		if refused {
			// It was refused, and perhaps for its signature: only its digest weighs.
			digests(f, out.worsen)
			return true
		}
		out.worsen(f.Verdict)
	}
	return true
}

func digests(f *verification.Finding, worsen func(validation.Verdict)) {
	if f.Subject == verification.Digest {
		worsen(f.Verdict)
	}
	for _, p := range f.Parts {
		digests(p, worsen)
	}
}

// original reads an original, from its own file or out of a mailbox file.
func (c *checker) original(o *originalProof, box *boxReader) (b []byte, trouble Trouble, err error) {
	if o.Size < 0 || o.Size > maxOriginal {
		return nil, BadList, nil
	}
	if o.Mbox {
		b, trouble, err = box.read(o)
	} else {
		if trouble = c.list(o.File); trouble == "" {
			b, trouble, err = c.bytes(o.File, o.Size)
		}
	}
	if err != nil || trouble != "" {
		return nil, trouble, err
	}
	if int64(len(b)) != o.Size || rem.DigestOf(b).String() != o.SHA256 {
		return nil, Changed, nil
	}
	return b, "", nil
}

// A boxReader reads the spans of one mailbox file in their order, unpacking it
// once.
type boxReader struct {
	*checker
	name string
	file io.ReadCloser
	r    *bufio.Reader
	at   int64
}

func (b *boxReader) close() {
	if b.file != nil {
		b.file.Close()
	}
	b.file = nil
}

func (b *boxReader) read(o *originalProof) ([]byte, Trouble, error) {
	if !b.present[o.File] {
		return nil, Missing, nil
	}
	if !ours(o.File) || o.From < 0 || o.Length < o.Size {
		return nil, BadList, nil
	}
	if b.name != o.File || b.at > o.From || b.file == nil {
		b.close()
		f, err := b.archive.Open(o.File)
		if err != nil {
			return nil, "", fmt.Errorf("opening %s: %w", o.File, err)
		}
		b.name, b.file, b.r, b.at = o.File, f, bufio.NewReaderSize(f, 1<<16), 0
	}
	n, err := io.CopyN(io.Discard, b.r, o.From-b.at)
	b.at += n
	if err == nil {
		span := &counting{r: b.r, left: o.Length}
		var out []byte
		out, err = io.ReadAll(io.LimitReader(unquoted(span), o.Size+1))
		b.at += o.Length - span.left
		if err == nil {
			return out, "", nil
		}
	}
	if trouble := broken(err); trouble != "" || errors.Is(err, io.EOF) {
		b.close()
		return nil, Changed, nil
	}
	return nil, "", fmt.Errorf("reading %s: %w", o.File, err)
}

// counting ends after so many octets.
type counting struct {
	r    io.ByteReader
	left int64
}

// ReadByte implements io.ByteReader.
func (c *counting) ReadByte() (byte, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	b, err := c.r.ReadByte()
	if err == nil {
		c.left--
	}
	return b, err
}
