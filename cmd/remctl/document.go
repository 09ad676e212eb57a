package main

import (
	"fmt"
	"io"
	"os"

	"rem/edge/control"
	"rem/privacy/canon"
	"rem/provider/publication"
)

// The documents that a provider publishes about the service (REQ-4, REQ-23,
// REQ-97). The privacy notice has commands of its own.
type documentCommands struct {
	Sample  documentSampleCommand  `cmd:"" help:"Write the sample that comes with the program, with places filled as far as they are given; needs no provider."`
	Publish documentPublishCommand `cmd:"" help:"Publish a version of a document. It can neither be changed nor taken back, only followed by the next one."`
	List    documentListCommand    `cmd:"" help:"List the published versions, and which ones are in force."`
}

type documentSampleCommand struct {
	Kind publication.Kind  `arg:"" help:"One of ${enum}." enum:"practice-statement,contract,undertaking,tariff"`
	Set  map[string]string `help:"Fill the places, all of them: such as --set provider.code=hs90." placeholder:"NAME=VALUE" mapsep:"none"`
}

// Run implements the command.
func (c *documentSampleCommand) Run(s *session) error {
	b := publication.Sample(c.Kind)
	if len(c.Set) > 0 {
		var err error
		if b, err = publication.Fill(b, c.Set); err != nil {
			return err
		}
	}
	if _, err := s.out.Write(b); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

type documentPublishCommand struct {
	File string `arg:"" help:"The document." placeholder:"FILE"`
}

// Run implements the command.
func (c *documentPublishCommand) Run(s *session) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, canon.MaxBytes+1))
	if err != nil {
		return err
	}
	provider, err := s.provider()
	if err != nil {
		return err
	}
	d, err := provider.PublishDocument(s.ctx, string(b))
	if err != nil {
		return err
	}
	return s.showDocuments(d, []control.Document{*d})
}

type documentListCommand struct{}

// Run implements the command.
func (c *documentListCommand) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	list, err := provider.Documents(s.ctx)
	if err != nil {
		return err
	}
	return s.showDocuments(list, list)
}

func (s *session) showDocuments(answer any, list []control.Document) error {
	return s.show(answer, func(t *table) {
		for _, d := range list {
			t.row(d.Kind, d.Version, s.words.say("notice "+d.Status), moment(d.Effective), d.Digest)
		}
	})
}
