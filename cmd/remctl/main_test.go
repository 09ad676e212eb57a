package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/control"
	"rem/message"
	"rem/person/account"
	"rem/trust/trustlist"
)

func ask(t *testing.T, args ...string) (exit int, out, side string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	exit = run(context.Background(), args, &stdout, &stderr)
	return exit, stdout.String(), stderr.String()
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Setenv("REM_DATA", "")
	t.Setenv("REM_PASSWORD", "")
	empty := t.TempDir()
	eml := filepath.Join(empty, "nobody.eml")
	if err := os.WriteFile(eml, []byte("From: ayse@hs90.kep.test\r\n\r\nx\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no folder":              {[]string{"queue"}, "--data DIR, or set REM_DATA"},
		"no provider there":      {[]string{"--data", empty, "queue"}, "start it with remd serve"},
		"no command":             {nil, "remctl --help"},
		"no such command":        {[]string{"sned"}, "remctl --help"},
		"no such state":          {[]string{"account", "state", "a@hs90.kep.test", "gone"}, "open"},
		"no password":            {[]string{"--data", empty, "mailbox", "list", "--user", "a@hs90.kep.test"}, "--password-file"},
		"nobody to send to":      {[]string{"send", "--server", "127.0.0.1:1", "--user", "ayse@hs90.kep.test", eml}, "--to ADDRESS"},
		"a server without port":  {[]string{"send", "--server", "localhost", "--user", "ayse@hs90.kep.test", "--to", "b@hs91.kep.test", eml}, "127.0.0.1:465"},
		"a wait for anything":    {[]string{"--data", empty, "timeline", "x", "--wait", "Delivery"}, "DeliveryNonDeliveryToRecipient,positive"},
		"a wait for what is not": {[]string{"--data", empty, "timeline", "x", "--wait", "RelayREMMDFailure,positive"}, "KIND,OUTCOME"},
	} {
		t.Run(name, func(t *testing.T) {
			exit, out, side := ask(t, test.args...)
			if exit != exitUnasked || !strings.Contains(side, test.want) {
				t.Errorf("exit %d, want %d with %q:\n%s%s", exit, exitUnasked, test.want, out, side)
			}
		})
	}
}

func TestHelpHasExamples(t *testing.T) {
	exit, out, _ := ask(t, "--help")
	if exit != 0 || !strings.Contains(out, "Examples:") || !strings.Contains(out, "remctl send --server") {
		t.Errorf("exit %d\n%s", exit, out)
	}
}

// Every code that an answer can hold is a word in both languages.
func TestCatalogueIsComplete(t *testing.T) {
	var codes []string
	for s := message.None; s <= message.NotRetrieved; s++ {
		codes = append(codes, s.String())
	}
	for _, s := range []account.State{account.Open, account.SendBlocked, account.Suspended, account.Closed} {
		codes = append(codes, string(s))
	}
	for _, s := range []message.Stage{message.RelayStage, message.DeliveryStage, message.RetrievalStage, message.ReturnStage} {
		codes = append(codes, s.String())
	}
	for _, s := range []trustlist.Status{trustlist.Granted, trustlist.Suspended, trustlist.Ended} {
		codes = append(codes, string(s))
	}
	for _, code := range codes {
		if _, ok := words[code]; !ok {
			t.Errorf("%q is not in the catalogue", code)
		}
	}
	for code, w := range words {
		if w.tr == "" || w.en == "" {
			t.Errorf("%q lacks a language", code)
		}
	}
}

// What a sender wrote must not paint the operator's terminal.
func TestAnswersHoldNoControlCharacters(t *testing.T) {
	var out bytes.Buffer
	s := &session{out: &out, words: "tr"}
	line := control.Timeline{Subject: "x\x1b[31m\u202e", Lines: []control.Line{{Kind: "DeliveryNonDeliveryToRecipient", Outcome: "positive"}}}
	if err := s.showTimeline(&line); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\x1b\u202e") || !strings.Contains(out.String(), "Teslim delili") {
		t.Errorf("%q", out.String())
	}
}

func TestAnswersOfTheDoorNameMessageAndEvidence(t *testing.T) {
	for name, test := range map[string]struct {
		text         string
		id, evidence string
	}{
		"accepted": {"2.0.0 abc@hs90.kep.test accepted, evidence e-1", "abc@hs90.kep.test", "e-1"},
		"refused":  {"5.7.1 Bu olmaz. Delil: e-2\n5.7.1 Not this. Evidence e-2", "", "e-2"},
		"put off":  {"4.3.0 Try again later", "", ""},
	} {
		lines := plain(test.text)
		id, evidence := identifiers(lines)
		if string(id) != test.id || string(evidence) != test.evidence {
			t.Errorf("%s: %q %q of %q", name, id, evidence, lines)
		}
		if slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, ".0.0 ") }) {
			t.Errorf("%s: a status code is left in %q", name, lines)
		}
	}
}

func TestAwaitedEvidenceIsFoundByRecipient(t *testing.T) {
	timeline := &control.Timeline{
		Recipients: []control.Recipient{{Number: 1, Address: "bora@hs91.kep.test"}, {Number: 2, Address: "can@hs91.kep.test"}},
		Lines: []control.Line{
			{Kind: "SubmissionAcceptanceRejection", Outcome: "positive", Time: time.Now()},
			{Kind: "DeliveryNonDeliveryToRecipient", Outcome: "positive", Recipient: 2},
			{Kind: "RetrievalNonRetrievalByRecipient", Outcome: "positive", Recipient: 2, Conflict: true},
		},
	}
	for text, want := range map[string]bool{
		"SubmissionAcceptanceRejection,positive":                     true,
		"SubmissionAcceptanceRejection,positive,bora@hs91.kep.test":  true,
		"DeliveryNonDeliveryToRecipient,positive":                    true,
		"DeliveryNonDeliveryToRecipient,positive,CAN@hs91.kep.test":  true,
		"DeliveryNonDeliveryToRecipient,positive,2":                  true,
		"DeliveryNonDeliveryToRecipient,positive,bora@hs91.kep.test": false,
		"DeliveryNonDeliveryToRecipient,negative,can@hs91.kep.test":  false,
		"RetrievalNonRetrievalByRecipient,positive":                  false, // contradicts, so it is not news
	} {
		a, err := parseAwaited(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.in(timeline); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	if rem.FoldASCII("CAN") != "can" {
		t.Error("addresses fold as ASCII")
	}
}

func TestAListThatIsCutSaysSo(t *testing.T) {
	for _, c := range []struct{ have, limit, want int }{{3, 0, 3}, {3, 3, 3}, {3, 2, 2}, {0, 5, 0}} {
		var side bytes.Buffer
		s := &session{side: &side, words: "en"}
		got := cut(s, make([]int, c.have), c.limit)
		if len(got) != c.want || (side.Len() > 0) != (c.want < c.have) {
			t.Errorf("%d of %d at most %d, with %q", len(got), c.have, c.limit, side.String())
		}
	}
}
