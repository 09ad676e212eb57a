package node

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"path/filepath"
	"time"

	"rem"
	"rem/edge/apply"
	"rem/edge/blobstore"
	"rem/edge/config"
	"rem/edge/idproof"
	"rem/edge/outward"
	"rem/edge/paperstore"
	"rem/edge/revocation"
	"rem/person"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/provider/partner"
)

// paperFolder holds the papers of applications, sealed.
const paperFolder = "papers"

// openEnrolment opens the way from an application to an account. Without answers
// about revocation no signature of an applicant is believed, and none is taken.
func (n *Node) openEnrolment(ctx context.Context, guard *outward.Guard) error {
	c, r, p := n.Config, &n.Records, &n.People
	if !c.Revocation.Require {
		return nil
	}
	anchors, err := readAnchors(c)
	if err != nil {
		return err
	}
	judge, err := identity.NewSignatureJudge(anchors.policy(c), n.clock, revocation.New(nil))
	if err != nil {
		return err
	}
	p.judge = judge
	disk, err := blobstore.Disk(filepath.Join(c.Data, paperFolder))
	if err != nil {
		return err
	}
	if p.papers, err = paperstore.Open(disk); err != nil {
		return err
	}
	e := enrolment.Config{
		Settings: enrolment.Settings{
			Provider: n.Provider.Name, Domain: n.Provider.Domain, Forms: person.Forms{Provider: n.Provider.Domain},
			Resume:     apply.Link(c.Web.Base, apply.ResumePath),
			Activation: apply.Link(c.Web.Base, apply.ActivationPath),
			Invitation: apply.Link(c.Web.Base, apply.InvitationPath),
			Offices:    offices(c),
			Term:       n.terms().End, DeemedRead: n.Practice.DeemedRead,
		},
		Ledger: r.Persons, Store: r.Persons.Enrolment(), Papers: p.papers, Vault: r.Vault, Keys: r.Keys, Notices: r.Notices, Documents: r.Published,
		Accounts: n.Store, Directory: p.Directory, Logins: p.Login, Keeper: n.Keeper, Messenger: p.Contacts, Scanner: n.scanner, Judge: judge, Looks: r.Access,
		Identity: r.Identity, Signatory: r.Signatory, Clock: n.clock, Random: rand.Reader, Fault: n.alarmOf(alarmEnrolment),
	}
	if e.Scanner == nil {
		e.Scanner = unscanned{}
	}
	if e.Adapters, err = n.adapters(guard, judge); err != nil {
		return err
	}
	if c.Identification.Registry.Given() {
		o, err := n.outwardOptions("registry", &c.Identification.Registry, guard)
		if err != nil {
			return err
		}
		asked, err := idproof.NewRegistry(o)
		if err != nil {
			return err
		}
		e.Registry = registry{asked}
	}
	partners, err := n.Partners(ctx)
	if err != nil {
		return err
	}
	partners.Judge = judge
	p.partners = partners
	e.OnTold = n.ended
	e.Rules = application.Rules{Periods: application.UsualPeriods, Production: c.Mode == config.Production}
	adapters := e.Adapters
	// Contracts begin and end while we run.
	e.Offered = func(ctx context.Context) (identity.Offer, error) {
		provinces, err := partners.Provinces(ctx)
		return offer(c, adapters, provinces), err
	}
	if p.Enrolment, err = enrolment.New(ctx, e); err != nil {
		return err
	}
	if err := p.Enrolment.Finish(ctx); err != nil {
		n.alarmOf(alarmEnrolment)(err) // it is tried again
	}
	return nil
}

// ended cancels the work orders of an application that nobody is to visit any more.
func (n *Node) ended(a person.ApplicationID, who application.Told) {
	if who&application.TellPartner == 0 {
		return
	}
	ctx := context.Background()
	v, err := n.Records.Persons.Application(ctx, a)
	if err == nil && v.State.Final() {
		err = n.cancelOrders(ctx, a)
	}
	if err != nil {
		n.alarmOf(alarmEnrolment)(err)
	}
}

func (n *Node) cancelOrders(ctx context.Context, a person.ApplicationID) error {
	orders, err := n.Records.Persons.Orders(ctx, partner.Filter{Application: a}, "", partner.MaxListed)
	if err != nil {
		return err
	}
	for i := range orders {
		err := n.People.partners.Cancel(ctx, partner.System("application"), orders[i].ID)
		if errors.Is(err, partner.ErrNotNow) || errors.Is(err, partner.ErrMoved) {
			continue // it has ended, or somebody moves it now
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// offer lists the methods that the provider has: what is not configured is not
// offered, and the applicant reads so.
func offer(c *config.Config, adapters map[identity.Method]enrolment.Adapter, provinces []person.Province) identity.Offer {
	o := identity.Offer{Methods: []identity.Method{identity.Signature}, Institutions: provinces}
	if len(c.Identification.Offices) > 0 {
		o.Methods = append(o.Methods, identity.Office)
	}
	if len(provinces) > 0 {
		o.Methods = append(o.Methods, identity.OnSite)
	}
	if c.Identification.VideoCalls {
		o.Methods = append(o.Methods, identity.Video)
	}
	for _, m := range identity.Methods() {
		if adapters[m] != nil {
			o.Methods = append(o.Methods, m)
		}
	}
	return o
}

func offices(c *config.Config) (list []enrolment.Office) {
	week := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	for _, o := range c.Identification.Offices {
		list = append(list, enrolment.Office{
			ID: enrolment.OfficeID(o.ID), Name: rem.Text{Turkish: o.NameTR, English: o.NameEN}, Address: o.Address,
			Days: week, From: o.From, Until: o.Until, Slot: o.Slot, Seats: o.Seats,
		})
	}
	return list
}

// unscanned stands where a configuration says that there is no scanner on purpose,
// which production refuses.
type unscanned struct{}

// Scan implements enrolment.Scanner.
func (unscanned) Scan(_ context.Context, r io.Reader, _ int64) (string, error) {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return "", err
	}
	return "", enrolment.ErrNoScanner
}

// Alarms and pauses of enrolment.
const (
	alarmEnrolment = "an application could not be carried on"
	enrolmentEvery = 30 * time.Second
	sweptOrders    = 200 // work orders whose term has passed, at once
)

// carryOn looks at deadlines and at what waits for somebody outside, and tries
// again what could not be finished.
func (n *Node) carryOn(ctx context.Context) {
	every := time.NewTicker(enrolmentEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		_, err := n.People.Enrolment.Tick(ctx)
		if n.People.partners != nil {
			_, late := n.People.partners.Sweep(ctx, sweptOrders)
			err = errors.Join(err, late)
		}
		if err != nil && ctx.Err() == nil {
			n.alarmOf(alarmEnrolment)(err)
		}
	}
}
