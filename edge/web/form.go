package web

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"rem"
	"rem/person"
)

// The limits of a form.
const (
	maxFields     = 400     // a bulk page has a few dozen
	maxValue      = 8 << 10 // octets of one value
	maxName       = 64      // octets of a field's name
	maxFiles      = 10      // files of one upload
	maxFileName   = 120     // characters that are kept of a file's name
	partHeader    = 4 << 10 // octets of the header of a part
	maxPartFields = 4       // header fields of a part
)

// A Form is what a page sent, and what is wrong with it. A page shows it again
// as it was typed, passwords and files aside.
type Form struct {
	values   url.Values
	problems []Problem
	longest  int // octets of one value; 0: maxValue
}

// A Problem is what is wrong with one field, or with the form as a whole where
// Field is empty. It holds nothing that was typed.
type Problem struct {
	Field string
	Text  rem.Text
	// Label is what the page calls the field, once [Form.Field] made it.
	Label rem.Text
}

// NewForm returns a form that nobody typed in yet, such as one that shows what
// was saved.
func NewForm(values map[string]string) *Form {
	f := &Form{values: url.Values{}}
	for name, v := range values {
		f.values.Set(name, v)
	}
	return f
}

// Get returns the first value of a field, "" where it was not sent.
func (f *Form) Get(name string) string { return f.values.Get(name) }

// All returns all values of a field, such as of boxes that were ticked.
func (f *Form) All(name string) []string { return slices.Clone(f.values[name]) }

// Has reports whether the field was sent at all.
func (f *Form) Has(name string) bool { return f.values.Has(name) }

// Names lists the fields that were sent, in order.
func (f *Form) Names() []string {
	var names []string
	for n := range f.values {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Fail says what is wrong with a field.
func (f *Form) Fail(field string, t rem.Text) {
	f.problems = append(f.problems, Problem{Field: field, Text: t})
}

// FailAll takes over what a check of package person found.
func (f *Form) FailAll(ps person.Problems) {
	for _, p := range ps {
		f.Fail(p.Field, p.Text())
	}
}

// Problems are all that is wrong, in the order in which it was found.
func (f *Form) Problems() []Problem { return f.problems }

// Good reports whether nothing is wrong.
func (f *Form) Good() bool { return len(f.problems) == 0 }

// problem finds the first one of a field.
func (f *Form) problem(field string) (rem.Text, bool) {
	for _, p := range f.problems {
		if p.Field == field {
			return p.Text, true
		}
	}
	return rem.Text{}, false
}

// Form reads what was sent (application/x-www-form-urlencoded), once. A form that
// is too large is [ErrTooLarge], one that no page of ours sends is [ErrForm].
func (r *Request) Form() (*Form, error) {
	if r.form != nil {
		return r.form, nil
	}
	if !r.Posted() {
		return nil, fmt.Errorf("%w: nothing was sent", ErrForm)
	}
	if t, _, err := mime.ParseMediaType(r.http.Header.Get("Content-Type")); err != nil || t != "application/x-www-form-urlencoded" {
		return nil, fmt.Errorf("%w: it is of another type", ErrForm)
	}
	body, err := io.ReadAll(r.http.Body)
	if err != nil {
		return nil, sizeOr(err)
	}
	f, err := parseForm(string(body), r.route.MaxValue)
	if err != nil {
		return nil, err
	}
	r.form = f
	return f, nil
}

func parseForm(body string, longest int) (*Form, error) {
	if strings.Count(body, "&") >= maxFields {
		return nil, ErrTooLarge
	}
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	f := &Form{values: url.Values{}, longest: longest}
	for name, all := range values {
		for _, v := range all {
			if err := f.add(name, v); err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

// add takes a value in: lines end with LF alone, as whoever typed sees them.
func (f *Form) add(name, value string) error {
	if name == "" || len(name) > maxName || !plain(name, false) {
		return fmt.Errorf("%w: the name of a field", ErrForm)
	}
	if len(value) > f.most() {
		return ErrTooLarge
	}
	value = strings.ReplaceAll(value, "\r\n", "\n")
	if !plain(value, true) {
		return fmt.Errorf("%w: a value that is no text", ErrForm)
	}
	f.values.Add(name, value)
	return nil
}

// most is how long one value may be.
func (f *Form) most() int { return max(f.longest, maxValue) }

// plain reports whether it is text: UTF-8 without control characters, lines and
// tabs aside where they are allowed, and without those that turn its direction.
func plain(s string, lines bool) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, c := range s {
		switch {
		case c == '\n' || c == '\t':
			if !lines {
				return false
			}
		case unicode.IsControl(c), c == '\u2028' || c == '\u2029', '\u202a' <= c && c <= '\u202e', '\u2066' <= c && c <= '\u2069':
			return false
		}
	}
	return true
}

// A File is one that is being uploaded. It is read once, while it arrives, and
// nothing of it is kept by the frame.
type File struct {
	Field string
	// Name is what its owner calls it, for showing it to him again: the last part
	// of what was sent, without what cannot be printed. It is never a path.
	Name string
	io.Reader
}

// Upload reads a form with files (multipart/form-data) in the order in which it
// comes. take gets each file and reads of it what it wants; its error ends the
// upload. A page puts fields that it needs for that before its files. Route.MaxBody
// bounds the whole: [ErrTooLarge]. It may last while a mebibyte comes each minute.
func (r *Request) Upload(take func(*Form, File) error) (*Form, error) {
	if !r.Posted() {
		return nil, fmt.Errorf("%w: nothing was sent", ErrForm)
	}
	t, parameters, err := mime.ParseMediaType(r.http.Header.Get("Content-Type"))
	if err != nil || t != "multipart/form-data" || parameters["boundary"] == "" {
		return nil, fmt.Errorf("%w: it is of another type", ErrForm)
	}
	f, err := readParts(&paced{in: r.http.Body, control: http.NewResponseController(r.w)}, parameters["boundary"], r.route.MaxValue, take)
	if err == nil {
		r.form = f
	}
	return f, err
}

// A paced upload may take as long as it needs while its parts keep coming.
type paced struct {
	in      io.Reader
	control *http.ResponseController
	left    int // before more time is given
}

// Within pacedTime another pacedPart has to come, which takes 140 kbit/s.
const (
	pacedPart = 1 << 20
	pacedTime = time.Minute
)

func (p *paced) Read(b []byte) (int, error) {
	n, err := p.in.Read(b)
	if p.left -= n; p.left <= -pacedPart {
		p.left = 0
		now := time.Now()
		// A connection that cannot be given time keeps what it has.
		_ = p.control.SetReadDeadline(now.Add(pacedTime))
		_ = p.control.SetWriteDeadline(now.Add(writeTime))
	}
	return n, err
}

func readParts(body io.Reader, boundary string, longest int, take func(*Form, File) error) (*Form, error) {
	f := &Form{values: url.Values{}, longest: longest}
	reader := multipart.NewReader(body, boundary)
	fields, files := 0, 0
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return nil, sizeOr(err)
		}
		size := 0
		for name, all := range part.Header {
			size += len(name) + len(strings.Join(all, ""))
		}
		if size > partHeader || len(part.Header) > maxPartFields {
			return nil, ErrTooLarge
		}
		name := part.FormName()
		if _, p, _ := mime.ParseMediaType(part.Header.Get("Content-Disposition")); hasName(p) {
			if files++; files > maxFiles {
				return nil, ErrTooLarge
			}
			if name == "" || len(name) > maxName || !plain(name, false) {
				return nil, fmt.Errorf("%w: the name of a field", ErrForm)
			}
			file := File{Field: name, Name: fileName(p["filename"]), Reader: arriving{part}}
			if file.Name == "" {
				continue // a field that no file was chosen for
			}
			if err := take(f, file); err != nil {
				return nil, err
			}
			continue
		}
		if fields++; fields > maxFields {
			return nil, ErrTooLarge
		}
		value, err := io.ReadAll(io.LimitReader(part, int64(f.most())+1))
		if err != nil {
			return nil, sizeOr(err)
		}
		if err := f.add(name, string(value)); err != nil {
			return nil, err
		}
	}
}

// arriving is a file whose end is its sender's fault and not ours.
type arriving struct{ io.Reader }

func (a arriving) Read(b []byte) (int, error) {
	n, err := a.Reader.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = sizeOr(err)
	}
	return n, err
}

func hasName(parameters map[string]string) bool { _, ok := parameters["filename"]; return ok }

// fileName makes a name that can be shown.
func fileName(s string) string {
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Map(func(c rune) rune {
		if c == utf8.RuneError || !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, s)
	if runes := []rune(s); len(runes) > maxFileName {
		s = string(runes[:maxFileName])
	}
	return strings.TrimSpace(s)
}

// sizeOr tells a body that is too large from one that is broken off or no form.
func sizeOr(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return ErrTooLarge
	}
	return fmt.Errorf("%w: %w", ErrForm, err)
}
