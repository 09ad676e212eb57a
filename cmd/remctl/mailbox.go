package main

import (
	"io"
	"slices"

	"rem/edge/control"
)

type mailboxCommands struct {
	List mailboxList `cmd:"" help:"List a mailbox, newest first. Listing is not opening and makes no evidence."`
	Open mailboxOpen `cmd:"" help:"Open a message. The first opening makes the evidence of retrieval, which names who opened it."`
}

type mailboxList struct {
	User  string `required:"" help:"The mailbox's address." placeholder:"ADDRESS"`
	Limit int    `help:"How many, newest first; 0 for all." default:"0"`
	passwordSource
}

// Run implements the command.
func (c *mailboxList) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	password, err := c.read(s, s.words.say("his", c.User))
	if err != nil {
		return err
	}
	list, err := provider.Mailbox(s.ctx, c.User, password)
	if err != nil {
		return err
	}
	if list == nil {
		list = []control.Entry{}
	}
	slices.Reverse(list)
	list = cut(s, list, c.Limit)
	return s.show(list, func(t *table) {
		t.row(s.words.heads("UID ARRIVED OPENED SENDER SUBJECT BYTES MESSAGE")...)
		for _, e := range list {
			t.row(e.UID, moment(e.Arrived), moment(e.Opened), e.Sender, e.Subject, e.Size, e.Message)
		}
	})
}

type mailboxOpen struct {
	UID  int64  `arg:"" help:"The message's number in the mailbox." name:"uid"`
	User string `required:"" help:"The mailbox's address." placeholder:"ADDRESS"`
	Out  string `short:"o" help:"File to write; it must not be there yet. Default: standard output." type:"path" placeholder:"FILE"`
	passwordSource
}

// Run implements the command.
func (c *mailboxOpen) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	password, err := c.read(s, s.words.say("his", c.User))
	if err != nil {
		return err
	}
	return s.keep(c.Out, func(w io.Writer) error { return provider.Open(s.ctx, c.User, password, c.UID, w) })
}
