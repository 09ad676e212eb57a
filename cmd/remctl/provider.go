package main

import (
	"strings"

	"rem/message"
)

type queueCommand struct {
	Stage string `arg:"" optional:"" help:"relay, delivery, retrieval or return. Default: all."`
	Limit int    `help:"How many of each stage." default:"100"`
}

// Run implements the command.
func (c *queueCommand) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	stages := []string{message.RelayStage.String(), message.DeliveryStage.String(), message.RetrievalStage.String(), message.ReturnStage.String()}
	if c.Stage != "" {
		stages = []string{c.Stage}
	}
	tasks := []message.Task{}
	for _, stage := range stages {
		page, err := provider.Queue(s.ctx, stage, c.Limit)
		if err != nil {
			return err
		}
		tasks = append(tasks, page...)
	}
	return s.show(tasks, func(t *table) {
		t.row(s.words.heads("STAGE DUE ATTEMPTS TARGET MESSAGE")...)
		for _, task := range tasks {
			t.row(s.words.say(task.Stage.String()), moment(task.Due), task.Attempts, task.Target, task.Message)
		}
	})
}

type peersCommand struct{}

// Run implements the command.
func (c *peersCommand) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	list, err := provider.TrustList(s.ctx)
	if err != nil {
		return err
	}
	return s.show(list.Providers, func(t *table) {
		t.row(s.words.heads("CODE STATE DOMAINS RELAYS SERVICE NAME")...)
		for _, p := range list.Providers {
			t.row(p.Code, s.words.say(p.Status), strings.Join(p.Domains, ", "), strings.Join(p.Relays, ", "), p.Service, p.Name)
		}
	})
}

type trustListCommand struct{}

// Run implements the command.
func (c *trustListCommand) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	list, err := provider.TrustList(s.ctx)
	if err != nil {
		return err
	}
	return s.show(list, func(t *table) {
		t.row(s.words.say("sequence"), list.Sequence)
		t.row(s.words.say("issued"), moment(list.IssueTime))
		t.row(s.words.say("next update"), moment(list.NextUpdate))
		t.row(s.words.say("digest"), list.Digest)
	})
}
