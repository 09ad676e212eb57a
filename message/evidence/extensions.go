package evidence

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"rem"
	"rem/trust/strictxml"
)

// readLog reads our entries; others' logs are covered by the signature and
// have no form that is known.
func (e *Evidence) readLog(list *strictxml.Element) error {
	if list == nil {
		return nil
	}
	for c := range list.ChildElements() {
		entry := c.Child(spaceOwn, "Entry")
		if entry == nil {
			continue
		}
		if len(e.Log) == maxLog {
			return fmt.Errorf("more than %d log entries", maxLog)
		}
		t, err := dateTime("time", attribute(entry, "time"))
		if err != nil {
			return err
		}
		e.Log = append(e.Log, LogEntry{attribute(entry, "event"), t, attribute(entry, "actor")})
	}
	return nil
}

// readExtensions reads ours and the two of EN 319 532-4, skips what others
// added, and refuses what they call critical: it changes the meaning, and we
// do not know how.
func (e *Evidence) readExtensions(list *strictxml.Element) error {
	if list == nil {
		return nil
	}
	for ext := range list.ChildElements() {
		known := false
		for c := range ext.ChildElements() {
			ok, err := e.extension(c)
			if err != nil {
				return err
			}
			known = known || ok
		}
		if critical := attribute(ext, "isCritical"); (critical == "true" || critical == "1") && !known {
			return errors.New("a critical extension is not known")
		}
	}
	return nil
}

func (e *Evidence) extension(c *strictxml.Element) (known bool, err error) {
	switch {
	case c.Is(spaceOwn, "Answers"):
		if !e.Answers.IsZero() {
			return true, errors.New("an extension Answers stands twice")
		}
		b, err := hex.DecodeString(attribute(c, "sha256"))
		if err != nil || len(b) != len(e.Answers.Digest) || attribute(c, "evidence") == "" {
			return true, errors.New("an extension Answers names no evidence")
		}
		e.Answers = Answer{rem.EvidenceID(attribute(c, "evidence")), rem.Digest(b)}
	case c.Is(spaceOwn, "MessageSize"):
		e.Message.Size, err = octets(c)
	case c.Is(spaceOwn, "NotificationSize"):
		e.Notification.Size, err = octets(c)
	case c.Is(space532, "GeneralEvidenceInfo"):
		if s := c.Child(space532, "Subject"); s != nil && e.Format == EN319522 {
			e.Message.Subject, err = s.Text()
		}
	case c.Is(space532, "RelayEvidenceInfo"):
		err = e.readRelayInfo(c)
	default:
		return false, nil
	}
	return true, err
}

func octets(c *strictxml.Element) (int64, error) {
	n, err := strconv.ParseInt(attribute(c, "octets"), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s is not a size", c.Local)
	}
	return n, nil
}
