package main

import (
	"rem"
)

type directoryCommands struct {
	Reconcile reconcileCommand `cmd:"" help:"Compare every account with the central directory, and say what is missing there, there alone, or different."`
}

type reconcileCommand struct {
	Again bool `help:"Tell the central directory once more what is missing there or different."`
}

// Run implements the command: one account that differs is enough for the answer no
// (REQ-77).
func (c *reconcileCommand) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	r, err := provider.ReconcileDirectory(s.ctx, c.Again)
	if err != nil {
		return err
	}
	err = s.show(r, func(t *table) {
		for _, list := range []struct {
			word     string
			accounts []rem.AccountID
		}{{"directory missing", r.Missing}, {"directory extra", r.Extra}, {"directory different", r.Different}} {
			for _, a := range list.accounts {
				t.row(s.words.say(list.word), a)
			}
		}
		if listed := len(r.Missing) + len(r.Extra) + len(r.Different); listed < r.Faults {
			t.row(s.words.say("directory more", r.Faults-listed))
		}
		t.row(s.words.say("directory ours"), r.Ours)
		t.row(s.words.say("directory theirs"), r.Theirs)
		t.row(s.words.say("directory pending"), r.Pending)
		t.row(s.words.say("directory faults"), r.Faults)
		if r.Again {
			t.row(s.words.say("directory again", len(r.Missing)+len(r.Different)))
		}
	})
	if err == nil && r.Faults > 0 {
		return errNo
	}
	return err
}
