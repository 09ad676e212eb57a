package report

import (
	"errors"
	"fmt"
	"io"
	"time"

	"rem"
	"rem/message/timeline"
)

// A File is attached as it is. Name is ASCII and ours.
type File struct {
	Name    string
	Content []byte
}

// Options say what a report is of.
type Options struct {
	// Message is the timeline, with judgements.
	Message *timeline.Message
	// XML gives the bytes of evidence by their digest; every evidence of the
	// timeline has to be in it.
	XML map[rem.Digest][]byte
	// Trust are certificates and lists for those who verify, such as anchors.pem.
	Trust []File
	// Provider is who writes the report.
	Provider rem.Text
	// Made is when, and the time of the verdicts.
	Made time.Time
	// CheckURL is the address of the public check, for people and as a code. It
	// may hold identifiers and digests, and nothing about a person; "" leaves it
	// out.
	CheckURL string
	English  bool
}

// Bounds of a report: what a mail can carry, and more pages than anybody reads.
const (
	maxRecipients = 1000
	maxAttached   = 64 << 20
)

// ErrTooLarge: a report would pass its bounds; an export holds everything.
var ErrTooLarge = errors.New("the message is too large for a report: export it instead")

// Write writes a report. It reads nothing but the options.
func Write(w io.Writer, o Options) error {
	if len(o.Message.Recipients) > maxRecipients {
		return ErrTooLarge
	}
	d, err := begin(o)
	if err != nil {
		return fmt.Errorf("writing the report of %s: %w", o.Message.ID, err)
	}
	d.head()
	d.recipients()
	d.evidence()
	d.verifying()
	d.limits()
	if err := d.end(w); err != nil {
		return fmt.Errorf("writing the report of %s: %w", o.Message.ID, err)
	}
	return nil
}

// name is what an evidence's attached file is called.
func name(i int, e *timeline.Evidence) string {
	if e.Recipient == 0 {
		return fmt.Sprintf("e%02d-%s.xml", i+1, e.Code)
	}
	return fmt.Sprintf("e%02d-%s-r%d.xml", i+1, e.Code, e.Recipient)
}

func attach(o *Options) (files []File, err error) {
	size := 0
	for i := range o.Message.Evidence {
		e := &o.Message.Evidence[i]
		xml, ok := o.XML[e.Digest]
		if !ok || rem.DigestOf(xml) != e.Digest {
			return nil, fmt.Errorf("the bytes of evidence %s are not given", e.ID)
		}
		size += len(xml)
		files = append(files, File{name(i, e), xml})
	}
	for _, f := range o.Trust {
		size += len(f.Content)
		files = append(files, f)
	}
	if size > maxAttached {
		return nil, ErrTooLarge
	}
	return files, nil
}
