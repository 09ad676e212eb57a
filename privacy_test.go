package rem_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"rem"
)

// AT-34: whatever way an address or an actor goes to the log, only pseudonyms
// and identifiers arrive there.
func TestLogsNeverShowAnAddress(t *testing.T) {
	const local = "canary.isil"
	address := rem.MustAddress(local + "@hs90.kep.test")
	actor := rem.Actor{Account: "a-1", Holder: "h-1", Person: "p-1", Method: "urn:canary.isil"}
	lines := map[string]func(*slog.Logger){
		"an address":          func(l *slog.Logger) { l.Info("x", "to", address) },
		"in a group":          func(l *slog.Logger) { l.WithGroup("g").With("to", address).Info("x") },
		"as any":              func(l *slog.Logger) { l.Info("x", slog.Any("to", address)) },
		"a pointer":           func(l *slog.Logger) { l.Info("x", "to", &address) },
		"an actor":            func(l *slog.Logger) { l.Info("x", "actor", actor) },
		"the error of a copy": func(l *slog.Logger) { _, err := rem.ParseAddress(local + "@gmail.com"); l.Info("x", "err", err) },
		"the error of a long one": func(l *slog.Logger) {
			_, err := rem.ParseAddress(strings.Repeat(local, 60) + "@hs90.kep.test")
			l.Info("x", "err", errors.Join(err))
		},
		"a refusal": func(l *slog.Logger) {
			l.Info("x", "err", fmt.Errorf("submitting: %w", rem.Refuse(rem.UnknownRecipient, "yok", "none")))
		},
	}
	for name, write := range lines {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			write(slog.New(slog.NewJSONHandler(&b, nil)))
			write(slog.New(slog.NewTextHandler(&b, nil)))
			if b.Len() == 0 || strings.Contains(b.String(), "canary") {
				t.Errorf("the log says %s", b.String())
			}
		})
	}
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "to", address, "actor", actor)
	for _, want := range []string{address.Pseudonym(), `"account":"a-1"`, `"person":"p-1"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the log lacks %s: %s", want, b.String())
		}
	}
}
