package submission

import (
	"encoding/json"
	"fmt"

	"rem"
	"rem/message"
)

// intentionVersion is that of the stored form (docs/formats/journal.md).
const intentionVersion = 1

// An intention is what finish needs to go on, whoever calls it and whenever.
type intention struct {
	Record      message.Record
	Fingerprint rem.Digest
	Refusal     *rem.Refusal
}

type storedIntention struct {
	Version     int
	Record      message.Record
	Fingerprint rem.Digest
	Refusal     *rem.Refusal `json:",omitempty"`
}

func (in intention) marshal() ([]byte, error) {
	b, err := json.Marshal(storedIntention{intentionVersion, in.Record, in.Fingerprint, in.Refusal})
	if err != nil {
		return nil, fmt.Errorf("writing an intention: %w", err)
	}
	return b, nil
}

func unmarshal(b []byte) (intention, error) {
	var s storedIntention
	if err := json.Unmarshal(b, &s); err != nil {
		return intention{}, fmt.Errorf("reading an intention: %w", err)
	}
	if s.Version != intentionVersion {
		return intention{}, fmt.Errorf("reading an intention: version %d, this program knows %d", s.Version, intentionVersion)
	}
	return intention{s.Record, s.Fingerprint, s.Refusal}, nil
}
