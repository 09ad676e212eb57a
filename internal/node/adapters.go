package node

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"rem"
	"rem/edge/config"
	"rem/edge/idproof"
	"rem/edge/outward"
	"rem/person"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/person/mrtd"
)

// adapters are the remote methods that the configuration offers.
func (n *Node) adapters(guard *outward.Guard, judge *identity.SignatureJudge) (map[identity.Method]enrolment.Adapter, error) {
	c, all := &n.Config.Identification, map[identity.Method]enrolment.Adapter{}
	production := n.Config.Mode == config.Production
	if c.Gate.Given() {
		o, err := n.outwardOptions("gate", &c.Gate, guard)
		if err != nil {
			return nil, err
		}
		g, err := idproof.NewGate(idproof.GateOptions{Outward: o, Page: c.GatePage, Return: c.GateReturn})
		if err != nil {
			return nil, err
		}
		all[identity.EDevlet] = gateAdapter{g}
	}
	if len(c.States) > 0 {
		chips, err := n.chips(c, production)
		if err != nil {
			return nil, err
		}
		all[identity.Chip] = chipAdapter{chips}
	}
	if c.Cards != "" && judge != nil {
		anchors, err := readCertificates(c.Cards)
		if err != nil {
			return nil, fmt.Errorf("identification.cards: %w", err)
		}
		cards, err := idproof.NewCards(idproof.CardOptions{Name: "card", Anchors: anchors, Judge: judge, Clock: n.clock, Production: production})
		if err != nil {
			return nil, err
		}
		all[identity.ChipCard] = cardAdapter{cards}
	}
	return all, nil
}

func (n *Node) chips(c *config.Identification, production bool) (*idproof.Chips, error) {
	o := idproof.ChipOptions{Name: "chip", Clock: n.clock, Production: production}
	for i := range c.States {
		s := &c.States[i]
		certs, err := readCertificates(s.Anchors)
		if err != nil {
			return nil, fmt.Errorf("identification.states: %w", err)
		}
		var revoked *x509.RevocationList
		if s.Revoked != "" {
			if revoked, err = readRevoked(s.Revoked); err != nil {
				return nil, fmt.Errorf("identification.states: %w", err)
			}
		}
		for _, cert := range certs {
			o.Anchors = append(o.Anchors, mrtd.Anchor{State: s.State, Certificate: cert, Revoked: revoked})
		}
	}
	attester, err := readCertificates(c.Attester)
	if err != nil || len(attester) == 0 {
		return nil, fmt.Errorf("identification.attester: %w", errors.Join(err, errors.New("one certificate is needed")))
	}
	o.Attester = attester[0]
	return idproof.NewChips(o)
}

func readRevoked(file string) (*x509.RevocationList, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(b); block != nil {
		b = block.Bytes
	}
	return x509.ParseRevocationList(b)
}

// back translates what an adapter answers.
func back(a *identity.Answer, err error) (*identity.Answer, error) {
	for _, known := range []struct{ is, as error }{
		{idproof.ErrMixedUp, enrolment.ErrNotThis}, {idproof.ErrExpired, enrolment.ErrOver}, {idproof.ErrDeclined, enrolment.ErrDeclined},
		{idproof.ErrUnreadable, enrolment.ErrUnreadable}, {identity.ErrUnreadable, enrolment.ErrUnreadable},
		{outward.ErrAway, enrolment.ErrLater}, {identity.ErrLater, enrolment.ErrLater},
	} {
		if errors.Is(err, known.is) {
			return nil, fmt.Errorf("%w: %w", known.as, err)
		}
	}
	return a, err
}

type gateAdapter struct{ gate *idproof.Gate }

// Begin implements enrolment.Adapter.
func (a gateAdapter) Begin(id person.ApplicationID, form rem.Digest) ([]byte, enrolment.Way, error) {
	v, address := a.gate.Begin(id, form)
	return v.Bytes(), enrolment.Way{URL: address, Reference: v.Reference()}, nil
}

// Finish implements enrolment.Adapter.
func (a gateAdapter) Finish(ctx context.Context, visit, _ []byte, r enrolment.Return, said identity.Shown) (*identity.Answer, error) {
	v, err := idproof.ParseVisit(visit)
	if err != nil {
		return nil, err
	}
	return back(a.gate.Finish(ctx, v, r.State, r.Code, said))
}

type chipAdapter struct{ chips *idproof.Chips }

// Begin implements enrolment.Adapter.
func (a chipAdapter) Begin(id person.ApplicationID, form rem.Digest) ([]byte, enrolment.Way, error) {
	v := a.chips.Begin(id, form)
	return v.Bytes(), enrolment.Way{Reference: v.Reference(), Nonce: v.Nonce()}, nil
}

// Finish implements enrolment.Adapter.
func (a chipAdapter) Finish(_ context.Context, visit, _ []byte, r enrolment.Return, said identity.Shown) (*identity.Answer, error) {
	v, err := idproof.ParseVisit(visit)
	if err != nil {
		return nil, err
	}
	return back(a.chips.Finish(v, r.Package, said))
}

type cardAdapter struct{ cards *idproof.Cards }

// Begin implements enrolment.Adapter.
func (a cardAdapter) Begin(id person.ApplicationID, form rem.Digest) ([]byte, enrolment.Way, error) {
	v := a.cards.Begin(id, form)
	return v.Bytes(), enrolment.Way{Reference: v.Reference(), Nonce: v.Nonce(), Challenge: v.Challenge()}, nil
}

// Finish implements enrolment.Adapter.
func (a cardAdapter) Finish(ctx context.Context, visit, form []byte, r enrolment.Return, said identity.Shown) (*identity.Answer, error) {
	v, err := idproof.ParseVisit(visit)
	if err != nil {
		return nil, err
	}
	return back(a.cards.Finish(ctx, v, form, r.Package, said))
}

// registry is the registry of businesses as enrolment asks it.
type registry struct{ registry *idproof.Registry }

// Look implements enrolment.Registry.
func (r registry) Look(ctx context.Context, key string, number person.MERSIS) (*enrolment.Entry, error) {
	e, err := r.registry.Look(ctx, key, number)
	if errors.Is(err, outward.ErrAway) {
		return nil, fmt.Errorf("%w: %w", enrolment.ErrLater, err)
	}
	if err != nil {
		return nil, err
	}
	return &enrolment.Entry{Found: e.Found, Business: e.Business, Simulated: e.Simulated, Answer: e.Evidence}, nil
}
