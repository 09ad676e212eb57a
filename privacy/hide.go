package privacy

import (
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
)

// The ways in which Go writes a value down, each closed for personal values
// (P-03, AT-34). Printing gives a word in its place; marshalling is an error.

// String returns [Hidden].
func (v Value) String() string { return Hidden }

// GoString returns [Hidden].
func (v Value) GoString() string { return Hidden }

// Format writes [Hidden] for every verb.
func (v Value) Format(s fmt.State, _ rune) { io.WriteString(s, Hidden) }

// LogValue gives a log line [Hidden].
func (v Value) LogValue() slog.Value { return slog.StringValue(Hidden) }

// MarshalJSON returns [ErrHidden].
func (v Value) MarshalJSON() ([]byte, error) { return nil, ErrHidden }

// MarshalText returns [ErrHidden].
func (v Value) MarshalText() ([]byte, error) { return nil, ErrHidden }

// MarshalXML returns [ErrHidden].
func (v Value) MarshalXML(*xml.Encoder, xml.StartElement) error { return ErrHidden }

// MarshalBinary returns [ErrHidden].
func (v Value) MarshalBinary() ([]byte, error) { return nil, ErrHidden }

// GobEncode returns [ErrHidden].
func (v Value) GobEncode() ([]byte, error) { return nil, ErrHidden }

// String returns the pseudonym.
func (s SealedValue) String() string { return s.Pseudonym() }

// GoString returns the pseudonym.
func (s SealedValue) GoString() string { return s.Pseudonym() }

// Format writes the pseudonym for every verb.
func (s SealedValue) Format(to fmt.State, _ rune) { io.WriteString(to, s.Pseudonym()) }

// LogValue gives a log line the pseudonym.
func (s SealedValue) LogValue() slog.Value { return slog.StringValue(s.Pseudonym()) }

// MarshalJSON returns [ErrHidden]; [SealedValue.Bytes] is what is kept.
func (s SealedValue) MarshalJSON() ([]byte, error) { return nil, ErrHidden }

// MarshalText returns [ErrHidden].
func (s SealedValue) MarshalText() ([]byte, error) { return nil, ErrHidden }

// MarshalXML returns [ErrHidden].
func (s SealedValue) MarshalXML(*xml.Encoder, xml.StartElement) error { return ErrHidden }

// MarshalBinary returns [ErrHidden].
func (s SealedValue) MarshalBinary() ([]byte, error) { return nil, ErrHidden }

// GobEncode returns [ErrHidden].
func (s SealedValue) GobEncode() ([]byte, error) { return nil, ErrHidden }
