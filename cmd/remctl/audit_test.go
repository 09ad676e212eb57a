package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"rem/edge/control"
)

// An auditor is a provider that finds what a test says, and remembers who asked.
type auditor struct {
	control.Provider // nothing else is asked
	findings         []control.Finding
}

func (a auditor) Audit(_ context.Context, report func(control.Finding) error) error {
	for _, f := range a.findings {
		if err := report(f); err != nil {
			return err
		}
	}
	return nil
}

func TestAuditSaysNoForOneFinding(t *testing.T) {
	for name, test := range map[string]struct {
		findings []control.Finding
		exit     int
		want     string
	}{
		"all holds": {[]control.Finding{{Done: 50, Total: 120}, {Done: 120, Total: 120}}, exitYes, "120 messages verified, all hold."},
		"one does not": {[]control.Finding{
			{Message: "m-1", Evidence: "e-1", Problem: "TOTAL-FAILED \x1b[2J", Done: 7, Total: 120}, {Done: 120, Total: 120},
		}, exitNo, "m-1 e-1: TOTAL-FAILED \ufffd[2J\n120 messages verified; 1 findings, above."},
		"it stopped": {[]control.Finding{{Done: 50, Total: 120}, {Problem: "the audit stopped: disk"}}, exitNo, "the audit stopped"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			server, err := control.Listen(dir, auditor{findings: test.findings}, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close(context.Background())
			exit, out, side := ask(t, "--data", dir, "--as", "Denetçi", "--lang", "en", "audit")
			if exit != test.exit || !strings.Contains(out, test.want) {
				t.Errorf("exit %d, want %d, with %q:\n%q\n%s", exit, test.exit, test.want, out, side)
			}
			exit, out, _ = ask(t, "--data", dir, "--as", "Denetçi", "--json", "audit")
			if exit != test.exit || strings.Count(out, "\n") != len(test.findings) {
				t.Errorf("JSON: exit %d, want %d, a line each:\n%s", exit, test.exit, out)
			}
		})
	}
}
