package idproof

import (
	"slices"
	"time"

	"rem"
	"rem/person/identity"
)

// A Call is an officer's record of a face-to-face call with picture: what he saw,
// item by item, and the recording that was made of this transaction (kep.md 1.6).
type Call struct {
	Officer      rem.PersonID
	Begun, Ended time.Time
	Document     identity.Document // its number masked
	// Checklist has every item that the method owes, passed or not.
	Checklist []identity.Checked
	Seen      identity.Shown // what the document shows, as the officer read it
	// Recording is the digest of the recording, Octets its size. The recording is
	// kept sealed elsewhere.
	Recording rem.Digest
	Octets    int64
	Simulated bool
}

// Answer makes what the record of identification takes. The error wraps
// ErrUnreadable and says what the officer left out.
func (c *Call) Answer(said identity.Shown) (*identity.Answer, error) {
	switch {
	case c.Officer == "":
		return nil, unreadable("who the officer is")
	case c.Begun.IsZero() || !c.Ended.After(c.Begun):
		return nil, unreadable("when the call was")
	case c.Recording.IsZero() || c.Octets <= 0:
		return nil, unreadable("which recording was made")
	}
	for _, i := range identity.Required(identity.Video, false) {
		if !slices.ContainsFunc(c.Checklist, func(k identity.Checked) bool { return k.Item == i }) {
			return nil, unreadable("an item of the checklist: " + string(i))
		}
	}
	d := c.Document
	return &identity.Answer{
		By: identity.Collector{Role: identity.ByOfficer, Person: c.Officer, Simulated: c.Simulated}, At: c.Ended,
		Document: &d, Checklist: c.Checklist, Compared: identity.CompareShown(said, c.Seen),
		Evidence: []identity.Kept{{Evidence: identity.Evidence{Kind: identity.Recording, Digest: c.Recording, Size: c.Octets, At: c.Ended}}},
	}, nil
}
