package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"rem/edge/control"
)

type auditCommand struct{}

// Run implements the command: every finding is a line, and one is enough for
// the answer no.
func (c *auditCommand) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	bar := s.bar()
	var last control.Finding
	findings := 0
	err = provider.Audit(s.ctx, func(f control.Finding) error {
		if last = f; f.Problem != "" {
			findings++
		}
		return s.report(bar, f)
	})
	bar.end(err == nil)
	if err != nil {
		return err
	}
	if !s.json {
		code, args := "audited", []any{last.Done}
		if findings > 0 {
			code, args = "findings", []any{last.Done, findings}
		}
		fmt.Fprintln(s.out, s.words.say(code, args...))
	}
	if findings > 0 {
		return errNo
	}
	return nil
}

// report writes a finding, and moves the bar.
func (s *session) report(bar *progress, f control.Finding) error {
	if s.json {
		if err := json.NewEncoder(s.out).Encode(f); err != nil {
			return fmt.Errorf("writing a finding: %w", err)
		}
	} else if f.Problem != "" {
		if _, err := fmt.Fprintf(bar.lines, "%s %s: %s\n", f.Message, f.Evidence, printable(f.Problem)); err != nil {
			return fmt.Errorf("writing a finding: %w", err)
		}
	}
	bar.to(f.Done, f.Total)
	return nil
}

// A progress is a bar on a terminal, and nothing elsewhere.
type progress struct {
	lines io.Writer // where lines go, so that the bar stays below them
	all   *mpb.Progress
	bar   *mpb.Bar
}

func (s *session) bar() *progress {
	return s.barOf(func(all *mpb.Progress) *mpb.Bar {
		return all.AddBar(0,
			mpb.PrependDecorators(decor.Name(s.words.say("auditing")+" "), decor.CountersNoUnit("%d / %d")),
			mpb.AppendDecorators(decor.Percentage(), decor.Name(" "), decor.AverageETA(decor.ET_STYLE_GO)))
	})
}

func (s *session) barOf(add func(*mpb.Progress) *mpb.Bar) *progress {
	f, ok := s.side.(*os.File)
	if s.json || !ok || !term.IsTerminal(int(f.Fd())) {
		return &progress{lines: s.out}
	}
	all := mpb.New(mpb.WithOutput(f), mpb.WithWidth(40))
	return &progress{all, all, add(all)}
}

func (p *progress) to(done, total int64) {
	if p.bar != nil {
		p.bar.SetTotal(max(total, done+1), false) // the end is said by end
		p.bar.SetCurrent(done)
	}
}

// end lets the bar stand where it ended.
func (p *progress) end(whole bool) {
	if p.bar == nil {
		return
	}
	if whole {
		p.bar.SetTotal(-1, true)
	} else {
		p.bar.Abort(false)
	}
	p.all.Wait()
}
