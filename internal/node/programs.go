package node

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"rem/edge/api"
	"rem/edge/apistore"
	"rem/edge/developer"
	"rem/edge/portal"
	"rem/edge/soap"
	"rem/edge/web"
	"rem/message/mailbox"
	"rem/message/submission"
	"rem/person/token"
	"rem/privacy/inventory"
)

// programFile has what programs need that act for people.
const programFile = "programs.sqlite"

// openPrograms opens the tokens of programs and the door for them.
func (n *Node) openPrograms(ctx context.Context) (err error) {
	p := &n.People
	if p.programs, err = apistore.Open(ctx, filepath.Join(n.Config.Data, programFile), apistore.Options{}); err != nil {
		return err
	}
	columns, err := p.programs.Columns(ctx)
	if err != nil {
		return err
	}
	if err := inventory.Check(columns); err != nil {
		return fmt.Errorf("comparing what programs need with the inventory of personal data: %w", err)
	}
	p.Tokens = &token.Service{Store: p.programs.Tokens(), Accounts: n.Store, Sealer: n.Records.Vault, Clock: n.clock}
	return nil
}

// accountPart are the pages of an account, that of its tokens among them.
func (n *Node) accountPart(mine portal.Services) web.Part {
	part := portal.Part(mine)
	services := developer.Services{Tokens: n.People.Tokens, Accounts: n.Store, Vault: n.Records.Vault, Docs: n.Config.Web.Base + api.Prefix + "docs"}
	if hooks := n.People.happenings.hooks; hooks != nil {
		services.Hooks = hooks
	}
	tokens := developer.Part(services)
	part.Menu, part.Routes = append(part.Menu, tokens.Menu...), append(part.Routes, tokens.Routes...)
	return part
}

// programDoor serves programs: the directory, and what a person does by tokens.
func (n *Node) programDoor() (http.Handler, error) {
	h := api.New(directoryDoor{n}, n.clock, n.Log)
	verifier, err := n.verifier()
	if err != nil {
		return nil, err
	}
	h.Serve(api.Programs{
		Tokens: n.People.Tokens, Box: n.Mailbox, Accounts: n.Store, Operators: n.Keeper, Answers: n.People.programs, Verifier: verifier,
		Signing: n.signing, Login: n.submitting, MaxSize: 2 * n.Practice.MaxPackage, Base: n.Config.Web.Base,
		Simulated: n.simulated(), Events: n.People.programs, Hooks: n.People.happenings.hooks, Bulk: n.People.happenings.bulk,
	})
	return h, nil
}

// compatibleDoor serves programs that speak eyServis.
func (n *Node) compatibleDoor() (http.Handler, error) {
	return soap.New(soap.Services{
		Tokens: n.People.Tokens, Box: n.Mailbox, Accounts: n.Store, Directory: n.People.Directory, MaxSize: n.Practice.MaxPackage, Base: n.Config.Web.Base,
	}, n.clock, n.Log)
}

// submitting is the login of a visitor who begins a signature: with the name of the
// account's holder, which evidence shows.
func (n *Node) submitting(ctx context.Context, who mailbox.Visitor) (submission.Login, error) {
	a, err := n.Store.Account(ctx, who.Actor.Account)
	if err != nil {
		return submission.Login{}, fmt.Errorf("looking at account %s: %w", who.Actor.Account, err)
	}
	name, err := n.Mailbox.Names.Holding(ctx, who, a)
	return submission.Login{Actor: who.Actor, Authentication: who.Authentication, Holder: name}, err
}

// Pauses and terms of what programs leave behind.
const (
	programsEvery = time.Hour
	// answersFor is how long an answer to a request with an idempotency key stays.
	answersFor = 7 * 24 * time.Hour
)

// lookAfterPrograms forgets what is over.
func (n *Node) lookAfterPrograms(ctx context.Context) {
	every := time.NewTicker(programsEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		err := n.People.Tokens.Tick(ctx)
		if err == nil {
			err = n.People.programs.ForgetAnswers(ctx, n.clock.Now().Add(-answersFor))
		}
		if err != nil && ctx.Err() == nil {
			n.alarmOf(alarmLogins)(err)
		}
	}
}
