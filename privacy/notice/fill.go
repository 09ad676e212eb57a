package notice

import (
	"fmt"

	"rem/privacy/canon"
)

// Fill puts values into the places of a notice, as [canon.Fill] does, and
// returns the notice's canonical bytes.
func Fill(source []byte, values map[string]string) ([]byte, error) {
	filled, err := canon.Fill(source, values)
	if err == nil {
		_, err = Parse(filled)
	}
	if err != nil {
		return nil, fmt.Errorf("filling a notice: %w", err)
	}
	return filled, nil
}
