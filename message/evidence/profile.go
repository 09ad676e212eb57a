package evidence

import "fmt"

// A Format is a written form of evidence.
type Format uint8

// The formats that are read. We write TS102640v2.
const (
	TS102640v1 Format = iota + 1 // namespace http://uri.etsi.org/02640/v1#
	TS102640v2                   // namespace http://uri.etsi.org/02640/v2#
	EN319522                     // namespace http://uri.etsi.org/19522/v1#
)

// String names the format.
func (f Format) String() string {
	switch f {
	case TS102640v1:
		return "TS 102 640-2 (v1#)"
	case TS102640v2:
		return "TS 102 640-2 (v2#)"
	case EN319522:
		return "EN 319 522-3 (v1#)"
	}
	return "unknown format"
}

// A profile is what a written form asks of a draft and how it writes one. The
// stages know kinds, outcomes and drafts, so a further profile is an entry in
// profiles and a file of its own.
type profile struct {
	checks []check
	write  func(dst []byte, d *Draft) []byte
}

// profiles holds the formats that we write.
var profiles = map[Format]profile{
	TS102640v2: {checks, write102640},
}

// Prepare checks the draft against the profile in force at its event time and
// writes it in the format that we write now, TS 102 640-2 v2#. The error names
// each check that failed with its source.
func Prepare(d Draft) (*Prepared, error) { return PrepareAs(TS102640v2, d) }

// Check says whether Prepare would take the draft, and writes nothing: so that
// what another wrote is refused before an intention rests on it.
func Check(d Draft) error { return run(profiles[TS102640v2].checks, &d) }

// PrepareAs is Prepare for a named format, for peers whose entry in the trust
// list asks for it.
func PrepareAs(f Format, d Draft) (*Prepared, error) {
	p, ok := profiles[f]
	if !ok {
		return nil, fmt.Errorf("preparing evidence %s: %s is read, not written", d.ID, f)
	}
	if err := run(p.checks, &d); err != nil {
		return nil, fmt.Errorf("preparing evidence %s: %w", d.ID, err)
	}
	// The capacity holds most evidence and spares the copies of growing.
	prepared := &Prepared{draft: d}
	prepared.xml = p.write(make([]byte, 0, 3584+256*len(d.Recipients)), &prepared.draft)
	return prepared, nil
}
