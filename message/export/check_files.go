package export

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"rem/mail/mime"
	"rem/message/verification"
	"rem/trust/validation"
)

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
