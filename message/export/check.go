package export

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rem"
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
