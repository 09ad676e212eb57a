package idproof

import (
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"rem"
	"rem/edge/outward"
	"rem/person"
	"rem/person/identity"
	"rem/person/mrtd"
	"rem/trust/algorithm"
)

// ChipOptions say whom the adapter of document chips believes.
type ChipOptions struct {
	// Name is what records call the adapter.
	Name string
	// Anchors are the authorities of the states whose documents are taken.
	Anchors []mrtd.Anchor
	// Attester signs what came of the recording: that somebody alive was there, and
	// that his face is that of the picture on the chip. It is an operator's or a
	// partner's certificate, named by configuration.
	Attester   *x509.Certificate
	Clock      rem.Clock
	Production bool
}

// Chips judges what a mobile program brings: the files of a document's chip, and an
// attestation about the recording that was made. It asks nobody. It may be used
// from many goroutines.
type Chips struct {
	o         ChipOptions
	algorithm algorithm.Signature
}

// NewChips prepares the adapter.
func NewChips(o ChipOptions) (*Chips, error) {
	if o.Name == "" || o.Clock == nil || len(o.Anchors) == 0 || o.Attester == nil {
		return nil, errors.New("preparing to judge chips: a name, a clock, anchors of states and the attester's certificate are needed")
	}
	s, err := algorithm.For(o.Attester.PublicKey, attestationHash, false)
	if err != nil {
		return nil, fmt.Errorf("preparing to judge chips: the attester: %w", err)
	}
	c := &Chips{o, s}
	if o.Production {
		if simulated(o.Attester) {
			return nil, fmt.Errorf("preparing to judge chips: the attester: %w", outward.ErrSimulator)
		}
		for _, a := range o.Anchors {
			if simulated(a.Certificate) {
				return nil, fmt.Errorf("preparing to judge chips: an anchor: %w", outward.ErrSimulator)
			}
		}
	}
	return c, nil
}

// Begin begins a visit. The mobile program is given its reference and its nonce.
func (c *Chips) Begin(a person.ApplicationID, form rem.Digest) Visit {
	return NewVisit(a, form, c.o.Clock.Now())
}

// A chipPackage is what the mobile program hands in. docs/formats/identification.md.
type chipPackage struct {
	Version     int    `json:"version"`
	Reference   string `json:"reference"`
	SOD         []byte `json:"sod"`
	DG1         []byte `json:"dg1"`
	DG2         []byte `json:"dg2"`
	Attestation []byte `json:"attestation"`
	Signature   []byte `json:"signature"`
}

// An attestation says what came of the recording. No picture is in it.
type attestation struct {
	Version         int    `json:"version"`
	Simulator       string `json:"simulator"`
	Reference       string `json:"reference"`
	Nonce           string `json:"nonce"`
	Live            bool   `json:"live"`
	SameFace        bool   `json:"same_face"`
	PictureSHA256   string `json:"picture_sha256"`
	RecordingSHA256 string `json:"recording_sha256"`
	RecordingOctets int64  `json:"recording_octets"`
	At              string `json:"at"`
}

// A kept package is the evidence: all of the package but the picture.
type keptPackage struct {
	Version       int    `json:"version"`
	Reference     string `json:"reference"`
	SOD           []byte `json:"sod"`
	DG1           []byte `json:"dg1"`
	PictureSHA256 string `json:"picture_sha256"`
	Attestation   []byte `json:"attestation"`
	Signature     []byte `json:"signature"`
}

// MaxPackage bounds what a mobile program or a card's reader hands in, in octets.
const MaxPackage = 1 << 20

// Finish judges a package. A chip that its state did not sign, a face that is
// another, a recording that nobody is alive in: each is an item of the answer that
// did not pass, and a person decides. What cannot be read, or belongs to another
// visit, or was not attested, is an error, and nothing is recorded.
func (c *Chips) Finish(v Visit, handed []byte, said identity.Shown) (*identity.Answer, error) {
	now := c.o.Clock.Now()
	if err := v.live(now); err != nil {
		return nil, err
	}
	var p chipPackage
	if len(handed) > MaxPackage || outward.Decode(handed, &p) != nil || p.Version != 1 {
		return nil, unreadable("the package")
	}
	if !same(p.Reference, v.Reference()) {
		return nil, ErrMixedUp
	}
	t, at, err := c.attested(&v, &p, now)
	if err != nil {
		return nil, err
	}
	picture, recording := rem.DigestOf(p.DG2), rem.Digest{}
	if n, err := hex.Decode(recording[:], []byte(t.RecordingSHA256)); err != nil || n != len(recording) || len(t.RecordingSHA256) != 2*n || t.RecordingOctets <= 0 {
		return nil, unreadable("which recording was made")
	}
	// The attester compared the face with a picture: this one, or it is of no use.
	if t.PictureSHA256 != picture.String() {
		return nil, fmt.Errorf("%w: the picture that was compared is not the chip's", ErrMixedUp)
	}
	chip := mrtd.Chip{SOD: p.SOD, DG1: p.DG1, DG2: p.DG2}
	zone, genuine, err := c.judge(&chip, now)
	if err != nil {
		return nil, err
	}
	kept, err := json.Marshal(keptPackage{1, p.Reference, p.SOD, p.DG1, picture.String(), p.Attestation, p.Signature})
	if err != nil {
		return nil, errors.New("keeping a package: writing it failed")
	}
	marked := t.Simulator != "" || simulated(c.o.Attester) || c.simulatedState(zone.Issuer)
	if marked && c.o.Production {
		return nil, outward.ErrSimulator
	}
	a := &identity.Answer{
		By: identity.Collector{Role: identity.ByAdapter, Adapter: c.o.Name, Simulated: marked}, At: now,
		Document:  &identity.Document{Kind: kindOf(zone), Number: zone.Number.String(), Issuer: zone.Issuer, Until: zone.Until, Genuine: genuine},
		Checklist: []identity.Checked{{Item: identity.ChipAuthentic, Passed: genuine}, {Item: identity.FaceMatches, Passed: t.SameFace}, {Item: identity.LivePicture, Passed: t.Live}},
		Evidence: []identity.Kept{
			identity.KeepBytes(identity.AdapterAnswer, kept, at),
			{Evidence: identity.Evidence{Kind: identity.Recording, Digest: recording, Size: t.RecordingOctets, At: at}},
		},
	}
	a.Compared = compareZone(zone, said)
	return a, nil
}

// judge reads the chip. A zone that can be read of a chip that is not authentic is
// still looked at: a person has to see what was shown.
func (c *Chips) judge(chip *mrtd.Chip, now time.Time) (*mrtd.Zone, bool, error) {
	found, err := chip.Authenticate(c.o.Anchors, now)
	if err == nil {
		return found.Zone, true, nil
	}
	if errors.Is(err, mrtd.ErrStructure) || errors.Is(err, mrtd.ErrZone) {
		return nil, false, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	zone, err := chip.Zone(now)
	if err != nil {
		return nil, false, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return zone, false, nil
}

// attested checks who attested, and that it is about this visit.
func (c *Chips) attested(v *Visit, p *chipPackage, now time.Time) (*attestation, time.Time, error) {
	digest := rem.DigestOf(p.Attestation)
	if c.algorithm.Verify(c.o.Attester.PublicKey, digest[:], p.Signature) != nil || now.Before(c.o.Attester.NotBefore) || now.After(c.o.Attester.NotAfter) {
		return nil, time.Time{}, unreadable("nobody whom we believe attested the recording")
	}
	var t attestation
	if outward.Decode(p.Attestation, &t) != nil || t.Version != 1 {
		return nil, time.Time{}, unreadable("the attestation")
	}
	at, err := time.Parse(time.RFC3339, t.At)
	if !same(t.Reference, v.Reference()) || !same(t.Nonce, v.Nonce()) || err != nil || !v.during(at, now) {
		return nil, time.Time{}, ErrMixedUp
	}
	return &t, at.UTC(), nil
}

func (c *Chips) simulatedState(state string) bool {
	for _, a := range c.o.Anchors {
		if a.State == state && simulated(a.Certificate) {
			return true
		}
	}
	return false
}

// simulated reports whether a certificate is of a simulated authority.
func simulated(c *x509.Certificate) bool {
	for _, o := range append(c.Subject.Organization[:len(c.Subject.Organization):len(c.Subject.Organization)], c.Issuer.Organization...) {
		if strings.HasPrefix(o, outward.MarkedName) {
			return true
		}
	}
	return false
}

func kindOf(z *mrtd.Zone) identity.DocumentKind {
	if z.Form == mrtd.TD3 {
		return identity.PassportBook
	}
	return identity.IdentityCard
}

// compareZone compares what a zone shows. A passport's number is somebody's
// identity when he has no other; a document without the number that the application
// gives shows nothing about it, and the record then owes the comparison.
func compareZone(z *mrtd.Zone, said identity.Shown) []identity.Comparison {
	shown := identity.Shown{Birth: z.Birth}
	if said.Identity.Kind() == person.Passport && z.Form == mrtd.TD3 {
		shown.Identity = person.PassportIdentity(z.Number)
	} else if n, ok := z.Identity(); ok && said.Identity.Kind() != person.Passport {
		shown.Identity = n
	}
	list := identity.CompareShown(said, shown)
	given, family := z.Names.Match(said.Given, said.Family)
	return append(list, identity.Comparison{Part: identity.PartGiven, Same: given}, identity.Comparison{Part: identity.PartFamily, Same: family})
}
