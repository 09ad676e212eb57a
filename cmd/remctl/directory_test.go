package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"rem"
	"rem/edge/control"
)

// A comparer is a provider that answers a comparison with a report.
type comparer struct {
	control.Provider // nothing else is asked
	report           control.DirectoryReport
	refusal          error
}

func (c comparer) ReconcileDirectory(_ context.Context, _ string, again bool) (*control.DirectoryReport, error) {
	c.report.Again = again
	return &c.report, c.refusal
}

// REQ-77.
func TestAComparisonSaysNoForOneAccountThatDiffers(t *testing.T) {
	found := control.DirectoryReport{Ours: 1500, Theirs: 1501, Pending: 2, Faults: 1004,
		Missing: []rem.AccountID{"a-1"}, Extra: []rem.AccountID{"a-2\x1b[2J"}, Different: []rem.AccountID{"a-3", "a-4"}}
	for name, test := range map[string]struct {
		provider comparer
		args     string
		exit     int
		want     []string
	}{
		"the same": {comparer{report: control.DirectoryReport{Ours: 3, Theirs: 3}}, "", exitYes, []string{"Differences:  0"}},
		"not":      {comparer{report: found}, "", exitNo, []string{"not in the central directory  a-1", "alone  a-2\ufffd[2J", "different  a-3", "different  a-4", "(1000 accounts more)", "1500", "1501"}},
		"again":    {comparer{report: found}, "--again", exitNo, []string{"3 records are told again."}},
		"in JSON":  {comparer{report: found}, "--json", exitNo, []string{`"faults": 1004`, `"pending": 2`, `"a-3"`}},
		"none":     {comparer{refusal: rem.Refuse(rem.PolicyViolation, "Yok.", "There is none.")}, "", exitNo, []string{"There is none."}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			server, err := control.Listen(dir, test.provider, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close(context.Background())
			args := append([]string{"--data", dir, "--lang", "en", "--as", "op"}, append(strings.Fields(test.args), "directory", "reconcile")...)
			if test.args == "--again" {
				args = []string{"--data", dir, "--lang", "en", "--as", "op", "directory", "reconcile", "--again"}
			}
			exit, out, side := ask(t, args...)
			if exit != test.exit {
				t.Errorf("exit %d, want %d", exit, test.exit)
			}
			words := strings.Join(strings.Fields(out+side), " ")
			for _, want := range test.want {
				if !strings.Contains(words, strings.Join(strings.Fields(want), " ")) {
					t.Errorf("%q is not in:\n%s%s", want, out, side)
				}
			}
		})
	}
}
