package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"rem"
	"rem/edge/control"
	"rem/message"
)

type evidenceCommands struct {
	List evidenceList `cmd:"" help:"List the evidence of a message."`
	Get  evidenceGet  `cmd:"" help:"Write one evidence, byte for byte as it was signed."`
	Save evidenceSave `cmd:"" help:"Write all evidence of a message into a folder."`
}

type evidenceList struct {
	Message string `arg:"" help:"The message's identifier."`
}

// Run implements the command.
func (c *evidenceList) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	m, err := provider.Timeline(s.ctx, rem.MessageID(c.Message))
	if err != nil {
		return err
	}
	return s.show(m.Lines, func(t *table) { s.lines(t, m.Lines) })
}

type evidenceGet struct {
	Evidence string `arg:"" help:"The evidence's identifier."`
	Out      string `short:"o" help:"File to write; it must not be there yet. Default: standard output." type:"path" placeholder:"FILE"`
}

// Run implements the command.
func (c *evidenceGet) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	xml, err := provider.Evidence(s.ctx, rem.EvidenceID(c.Evidence))
	if err != nil {
		return err
	}
	return s.keep(c.Out, func(w io.Writer) error {
		_, err := w.Write(xml)
		return err
	})
}

type evidenceSave struct {
	Message string `arg:"" help:"The message's identifier."`
	Dir     string `arg:"" help:"The folder; it is made where it is missing." type:"path"`
}

// Run implements the command.
func (c *evidenceSave) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	m, err := provider.Timeline(s.ctx, rem.MessageID(c.Message))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	var names []string
	for i := range m.Lines {
		l := &m.Lines[i]
		xml, err := provider.Evidence(s.ctx, l.Evidence)
		if err != nil {
			return fmt.Errorf("getting %s: %w", l.Evidence, err)
		}
		name := filepath.Join(c.Dir, fileName(i+1, l))
		if err := s.keep(name, func(w io.Writer) error { _, err := w.Write(xml); return err }); err != nil {
			return err
		}
		names = append(names, name)
	}
	return s.show(names, func(t *table) { t.row(s.words.say("saved", len(names), c.Dir)) })
}

// fileName is ours alone: nothing that others wrote is in it (AT-11).
func fileName(n int, l *control.Line) string {
	code := "00"
	if k, ok := message.KindNamed(l.Kind); ok {
		outcome := message.Positive
		if l.Outcome == message.Negative.String() {
			outcome = message.Negative
		}
		code = k.Code(outcome)
	}
	return fmt.Sprintf("%02d-%s-%d.xml", n, code, l.Recipient)
}

type dispatchCommands struct {
	Get dispatchGet `cmd:"" help:"Write the dispatch: as we signed it, or as it came. It has the original inside and takes the password of its sender or of a recipient."`
}

type dispatchGet struct {
	Message string `arg:"" help:"The message's identifier."`
	User    string `required:"" help:"Whose message it is: the address of its sender, or of a recipient, for whom it is an opening." placeholder:"ADDRESS"`
	Out     string `short:"o" help:"File to write; it must not be there yet. Default: standard output." type:"path" placeholder:"FILE"`
	passwordSource
}

// Run implements the command.
func (c *dispatchGet) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	password, err := c.read(s, s.words.say("his", c.User))
	if err != nil {
		return err
	}
	err = s.keep(c.Out, func(w io.Writer) error {
		return provider.Dispatch(s.ctx, c.User, password, rem.MessageID(c.Message), w)
	})
	if answer, ok := errors.AsType[*control.Error](err); ok && answer.Status == 404 {
		return fmt.Errorf("no dispatch of this message: it is not known, all its recipients are ours, or it was not relayed yet (%w)", err)
	}
	return err
}
