package provider

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"rem"
)

func TestTheDefaultPracticeIsOneThatCanBe(t *testing.T) {
	if err := DefaultPractice().Validate(); err != nil {
		t.Error(err)
	}
	if err := (Practice{}).Validate(); err == nil {
		t.Error("a practice that says nothing was taken")
	}
}

func TestASettingThatCannotBeIsNamed(t *testing.T) {
	for name, change := range map[string]func(p *Practice){
		"relayPeriod":     func(p *Practice) { p.RelayPeriod = 0 },
		"answerPeriod":    func(p *Practice) { p.AnswerPeriod = -1 },
		"retrievalPeriod": func(p *Practice) { p.RetrievalPeriod = 0 },
		"firstRetry":      func(p *Practice) { p.FirstRetry = 0 },
		"lastRetry":       func(p *Practice) { p.LastRetry = 0 },
		"askAgain":        func(p *Practice) { p.AskAgain = 0 },
		"policyIDs":       func(p *Practice) { p.PolicyIDs = nil },
		"signing":         func(p *Practice) { p.Signing = "" },
		"maxPackage":      func(p *Practice) { p.MaxPackage = 64<<10 - 1 },
		"maxRecipients":   func(p *Practice) { p.MaxRecipients = 0 },
		"deemedRead":      func(p *Practice) { p.DeemedRead = -1 },
		"maxHops":         func(p *Practice) { p.MaxHops = 1 },
	} {
		p := DefaultPractice()
		change(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestPausesDoubleUpToTheLast(t *testing.T) {
	p := DefaultPractice()
	p.FirstRetry, p.LastRetry = time.Second, 10*time.Second
	for failed, want := range map[int]time.Duration{
		-1: time.Second, 0: time.Second, 1: time.Second, 2: 2 * time.Second, 4: 8 * time.Second, 5: 10 * time.Second, 1 << 40: 10 * time.Second,
	} {
		if got := p.Backoff(failed); got != want {
			t.Errorf("after %d: got %v, want %v", failed, got, want)
		}
	}
	p.FirstRetry = time.Minute
	if got := p.Backoff(1); got != p.LastRetry {
		t.Errorf("a first pause over the last gives %v", got)
	}
}

// People see every setting, in both languages, and where it comes from.
func TestEverySettingIsShownWithItsSource(t *testing.T) {
	p := DefaultPractice()
	shown := map[string]Setting{}
	for _, s := range p.Settings() {
		if s.Value == "" || s.Source.Turkish == "" || s.Source.English == "" {
			t.Errorf("%s is shown without value or source: %+v", s.Name, s)
		}
		shown[rem.FoldASCII(s.Name)] = s
	}
	fields := reflect.TypeFor[Practice]()
	for i := range fields.NumField() {
		if name := fields.Field(i).Name; shown[rem.FoldASCII(name)].Name == "" {
			t.Errorf("%s is not shown", name)
		}
	}
	if shown["deemedread"].Value != "off" {
		t.Errorf("the rule of deemed reading is %q without a source of law (REQ-69)", shown["deemedread"].Value)
	}
	p.DeemedRead = 24 * time.Hour
	for _, s := range p.Settings() {
		if s.Name == "deemedRead" && s.Value != "24h0m0s" {
			t.Errorf("deemedRead is shown as %s", s.Value)
		}
	}
}
