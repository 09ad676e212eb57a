package main

import (
	"fmt"
	"io"
	"os"

	"rem"
	"rem/edge/control"
	"rem/privacy/canon"
	"rem/privacy/inventory"
	"rem/privacy/notice"
)

// Sample, check and diff ask no provider: they help whoever writes a version of
// the privacy notice before it is published (S46, S49, P-04).
type noticeCommands struct {
	Sample noticeSampleCommand `cmd:"" help:"Write the sample that comes with the program, with places filled as far as they are given; needs no provider."`
	Check  noticeCheckCommand  `cmd:"" help:"Say whether a notice is complete and agrees with the inventory of personal data; needs no provider."`
	Diff   noticeDiffCommand   `cmd:"" help:"Say what changed between two notices, and what of it is material; needs no provider."`

	Publish noticePublishCommand `cmd:"" help:"Publish a version of the notice. It can neither be changed nor taken back, only followed by the next one."`
	List    noticeListCommand    `cmd:"" help:"List the published versions, and which one is in force."`
}

type noticePublishCommand struct {
	File string `arg:"" help:"The notice." placeholder:"FILE"`
}

// Run implements the command.
func (c *noticePublishCommand) Run(s *session) error {
	_, b, err := readNotice(c.File)
	if err != nil {
		return err
	}
	provider, err := s.provider()
	if err != nil {
		return err
	}
	v, err := provider.PublishNotice(s.ctx, string(b))
	if err != nil {
		return err
	}
	return s.showNotices(v, []control.Notice{*v})
}

type noticeListCommand struct{}

// Run implements the command.
func (c *noticeListCommand) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	list, err := provider.Notices(s.ctx)
	if err != nil {
		return err
	}
	return s.showNotices(list, list)
}

func (s *session) showNotices(answer any, list []control.Notice) error {
	return s.show(answer, func(t *table) {
		for _, v := range list {
			t.row(v.Version, s.words.say("notice "+v.Status), moment(v.Effective), v.Digest)
		}
	})
}

type noticeSampleCommand struct {
	Set map[string]string `help:"Fill the places, all of them: such as --set contact.kep=kvkk@hs90.kep.test." placeholder:"NAME=VALUE" mapsep:"none"`
}

// Run implements the command.
func (c *noticeSampleCommand) Run(s *session) error {
	b := notice.Sample()
	if len(c.Set) > 0 {
		var err error
		if b, err = notice.Fill(b, c.Set); err != nil {
			return err
		}
	}
	if _, err := s.out.Write(b); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

type noticeCheckCommand struct {
	File string `arg:"" help:"The notice." placeholder:"FILE"`
}

// Run implements the command. A sample is checked as what it is to become.
func (c *noticeCheckCommand) Run(s *session) error {
	n, b, err := readNotice(c.File)
	if err != nil {
		return err
	}
	faults := append([]*notice.Fault{}, notice.Lint(n)...) // a list for programs, never null
	faults = append(faults, notice.Compare(n, inventory.Today())...)
	answer := struct {
		Version uint64          `json:"version"`
		Digest  string          `json:"digest"`
		Sample  bool            `json:"sample"`
		Faults  []*notice.Fault `json:"faults"`
	}{n.Version, rem.DigestOf(b).String(), n.Sample, faults}
	err = s.show(answer, func(t *table) {
		t.row(s.words.say("notice version"), n.Version)
		t.row("SHA-256", answer.Digest)
		for _, f := range faults {
			t.row("-", f.Error())
		}
		if n.Sample {
			t.row("!", s.words.say("notice sample"))
		}
		if len(faults) == 0 {
			t.row("+", s.words.say("notice complete"))
		}
	})
	if err == nil && len(faults) > 0 {
		return errNo
	}
	return err
}

type noticeDiffCommand struct {
	Old string `arg:"" help:"The older notice." placeholder:"OLD"`
	New string `arg:"" help:"The newer notice." placeholder:"NEW"`
}

// Run implements the command. That something changed is no fault.
func (c *noticeDiffCommand) Run(s *session) error {
	old, _, err := readNotice(c.Old)
	if err != nil {
		return err
	}
	changed, _, err := readNotice(c.New)
	if err != nil {
		return err
	}
	list := notice.Diff(old, changed)
	return s.show(list, func(t *table) {
		for _, c := range list {
			weight := "notice editorial"
			if c.Material {
				weight = "notice material"
			}
			what := c.What.Turkish
			if s.words == "en" {
				what = c.What.English
			}
			t.row(s.words.say(weight), what)
		}
		if len(list) == 0 {
			t.row(s.words.say("notice same"))
		}
	})
}

func readNotice(name string) (*notice.Notice, []byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, canon.MaxBytes+1))
	if err != nil {
		return nil, nil, err
	}
	n, err := notice.Parse(b)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return n, b, nil
}
