package main

import (
	"rem"
	"rem/edge/control"
	"rem/person/account"
)

type accountCommands struct {
	Add      accountAdd      `cmd:"" help:"Open an account."`
	List     accountList     `cmd:"" help:"List accounts."`
	Password accountPassword `cmd:"" help:"Give the account's operator an application password."`
	State    accountState    `cmd:"" help:"Change the state of an account."`
	Names    accountNames    `cmd:"" help:"Open the names of an account's people, for a case. Those concerned see that."`
}

type accountAdd struct {
	Address  string `arg:"" help:"KEP address, such as ayse@hs90.kep.test."`
	Holder   string `required:"" help:"Name of the holder." placeholder:"NAME"`
	Legal    bool   `help:"The holder is a company or a public body."`
	Operator string `help:"Natural person who acts for the holder. Default: the holder." placeholder:"NAME"`
	Identity string `help:"serialNumber in the subject of his signing certificate: who may sign for the account." placeholder:"NUMBER"`
	Quota    int64  `help:"Size of the mailbox in octets; 0 for no bound. A full mailbox still receives." placeholder:"OCTETS"`
	Generate bool   `help:"Make an application password and show it once."`
	passwordSource
	Without bool `help:"Set no password yet." name:"no-password"`
}

// Run implements the command.
func (c *accountAdd) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	password, shown := "", ""
	switch {
	case c.Without:
	case c.Generate:
		password = newPassword()
		shown = password
	default:
		if password, err = c.read(s, s.words.say("new")); err != nil {
			return err
		}
	}
	id, err := provider.AddAccount(s.ctx, control.NewAccount{
		Address: c.Address, Holder: c.Holder, Legal: c.Legal, Operator: c.Operator, Identity: c.Identity, Quota: c.Quota, Password: password,
	})
	if err != nil {
		return err
	}
	return s.show(map[string]string{"account": string(id), "password": shown}, func(t *table) {
		t.row(s.words.say("account"), id)
		if shown != "" {
			t.row(s.words.say("password"), shown)
		}
	})
}

type accountList struct{}

// Run implements the command.
func (c *accountList) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	list := []control.Account{}
	for after := rem.AccountID(""); ; {
		page, err := provider.Accounts(s.ctx, after)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		list, after = append(list, page...), page[len(page)-1].ID
	}
	return s.show(list, func(t *table) {
		t.row(s.words.heads("ADDRESS HOLDER STATE MESSAGES BYTES ACCOUNT")...)
		for _, a := range list {
			t.row(a.Address, a.Holder, s.words.say(string(a.State)), a.Messages, a.Bytes, a.ID)
		}
	})
}

type accountPassword struct {
	Address  string `arg:"" help:"The account's address."`
	Generate bool   `help:"Make one and show it once."`
	passwordSource
}

// Run implements the command.
func (c *accountPassword) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	if !c.Generate {
		password, err := c.read(s, s.words.say("new"))
		if err != nil {
			return err
		}
		return provider.SetPassword(s.ctx, c.Address, password)
	}
	password := newPassword()
	if err := provider.SetPassword(s.ctx, c.Address, password); err != nil {
		return err
	}
	return s.show(map[string]string{"password": password}, func(t *table) { t.row(s.words.say("password"), password) })
}

type accountState struct {
	Address string `arg:"" help:"The account's address."`
	State   string `arg:"" help:"${enum}. A closed account stays closed, and its address is given to nobody else." enum:"open,send-blocked,suspended,closed"`
	Reason  string `help:"Why, of the list in docs/operations/accounts.md. Default: the holder's request, or the first that the state allows." placeholder:"REASON"`
}

// Run implements the command.
func (c *accountState) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	return provider.SetState(s.ctx, c.Address, account.State(c.State), account.Reason(c.Reason))
}

type accountNames struct {
	Address string `arg:"" help:"The account's address."`
	Case    string `required:"" help:"The matter for which they are opened, by a number of yours." placeholder:"CASE"`
}

// Run implements the command.
func (c *accountNames) Run(s *session) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	names, err := provider.AccountNames(s.ctx, c.Address, c.Case)
	if err != nil {
		return err
	}
	return s.show(names, func(t *table) {
		t.row(s.words.say("holder"), names.Holder)
		for _, o := range names.Operators {
			t.row(s.words.say("operator"), o)
		}
	})
}
