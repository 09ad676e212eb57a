package idproof

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rem"
	"rem/edge/outward"
	"rem/person"
	"rem/person/identity"
)

// A Registry asks the central registry of businesses (MERSİS). It may be used from
// many goroutines.
type Registry struct {
	client *outward.Client
	clock  rem.Clock
}

// NewRegistry prepares the adapter.
func NewRegistry(o outward.Options) (*Registry, error) {
	c, err := outward.NewClient(o)
	if err != nil {
		return nil, err
	}
	return &Registry{c, o.Clock}, nil
}

// A Status is what the registry says of a company's standing.
type Status string

// The statuses. Only an active company is one that acts.
const (
	Active      Status = "active"
	Liquidation Status = "in-liquidation"
	StruckOff   Status = "struck-off"
)

// An Entry is what the registry says of a company.
type Entry struct {
	// Found: there is an entry of the number. Without one the rest is zero.
	Found     bool
	Business  identity.Business
	Status    Status
	Tax       person.VKN // zero: not given
	Asked     time.Time
	Simulated bool
	// Evidence is the answer, to be kept.
	Evidence identity.Kept
}

type registryQuestion struct {
	MERSIS string `json:"mersis"`
}

type registryAnswer struct {
	Simulator       string                   `json:"simulator"`
	Found           bool                     `json:"found"`
	MERSIS          string                   `json:"mersis"`
	Title           string                   `json:"title"`
	Status          Status                   `json:"status"`
	TaxNumber       string                   `json:"tax_number"`
	RegistryOffice  string                   `json:"registry_office"`
	RegistryNumber  string                   `json:"registry_number"`
	Representatives []registryRepresentative `json:"representatives"`
}

type registryRepresentative struct {
	IdentityNumber string `json:"identity_number"`
	GivenNames     string `json:"given_names"`
	FamilyName     string `json:"family_name"`
	Until          string `json:"until"`
}

// maxRepresentatives bounds what is looked at of one company.
const maxRepresentatives = 200

// Look asks about a number. key names the question, the same after a crash. When
// the registry is away the error wraps outward.ErrAway: the case waits, and nothing
// is said about anybody.
func (r *Registry) Look(ctx context.Context, key string, number person.MERSIS) (*Entry, error) {
	if number.IsZero() {
		return nil, errors.New("asking the registry: no number was given")
	}
	var got registryAnswer
	a, err := r.client.Ask(ctx, "v1/company", key, registryQuestion{number.Reveal()}, &got)
	if err != nil {
		return nil, err
	}
	now := r.clock.Now()
	e := &Entry{Found: got.Found, Asked: now, Simulated: a.Simulated, Evidence: identity.KeepBytes(identity.RegistryAnswer, a.Body, now)}
	if !got.Found {
		return e, nil
	}
	if err := e.read(&got); err != nil {
		return nil, fmt.Errorf("asking %s: %w: %w", r.client.Name(), outward.ErrGarbage, err)
	}
	return e, nil
}

// read reads the values. What a register may well write otherwise than we read (a
// representative's name, an office) is left out, and then differs; what names the
// company has to be whole.
func (e *Entry) read(got *registryAnswer) (err error) {
	b := &e.Business
	if b.Number, err = person.ParseMERSIS(got.MERSIS); err != nil {
		return errors.New("its number")
	}
	if b.Title, err = person.ParseTitle(got.Title); err != nil {
		return errors.New("its title")
	}
	switch e.Status = got.Status; e.Status {
	case Active, Liquidation, StruckOff:
		b.Active = e.Status == Active
	default:
		return errors.New("its status")
	}
	if got.TaxNumber != "" {
		if e.Tax, err = person.ParseVKN(got.TaxNumber); err != nil {
			return errors.New("its tax number")
		}
	}
	if len(got.Representatives) > maxRepresentatives {
		return errors.New("how many representatives it has")
	}
	b.Office, _ = person.ParseLine(got.RegistryOffice)
	b.Registry, _ = person.ParseRegistryNumber(got.RegistryNumber)
	for _, p := range got.Representatives {
		r, ok := representative(p)
		if ok {
			b.Representatives = append(b.Representatives, r)
		}
	}
	return nil
}

func representative(p registryRepresentative) (r identity.Representative, ok bool) {
	var errs [4]error
	r.Given, errs[0] = person.ParseName(p.GivenNames)
	r.Family, errs[1] = person.ParseName(p.FamilyName)
	if p.IdentityNumber != "" {
		r.Identity, errs[2] = person.ParseIdentityNumber(p.IdentityNumber)
	}
	if p.Until != "" {
		r.Until, errs[3] = person.ParseDate(p.Until)
	}
	return r, errors.Join(errs[:]...) == nil
}

// Finding holds the entry against what the application says of the company and of
// who applies for it. Nothing that differs decides (REQ-16).
func (e *Entry) Finding(said identity.Business, who identity.Representative) identity.RegistryFinding {
	return identity.RegistryFinding{Asked: e.Asked, Answer: e.Evidence.Digest, Differs: identity.CompareRegistry(said, e.Business, who, e.Asked)}
}
