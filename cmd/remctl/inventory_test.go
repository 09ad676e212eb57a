package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// REQ-105, S05: the inventory is told without a provider, in every form.
func TestInventoryIsToldOffline(t *testing.T) {
	t.Setenv("REM_DATA", "")
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a page":          {nil, "# Kişisel veri envanteri"},
		"in English":      {[]string{"--lang", "en"}, "# Inventory of personal data"},
		"for VERBİS":      {[]string{"--format", "verbis"}, "KVKK 16/3"},
		"as CSV":          {[]string{"--format", "csv"}, "column,account.address,account-address,KEP adresi,contact,holder operator,"},
		"as JSON-LD":      {[]string{"--format", "dpv"}, `"dpv:PersonalDataProcess"`},
		"for programs":    {[]string{"--json"}, `"dpv:PersonalDataProcess"`},
		"what lies there": {nil, "**Mühürlü değil"},
	} {
		t.Run(name, func(t *testing.T) {
			exit, out, side := ask(t, append([]string{"inventory"}, test.args...)...)
			if exit != exitYes || !strings.Contains(out, test.want) {
				t.Errorf("exit %d, want %q in:\n%.300s%s", exit, test.want, out, side)
			}
			if strings.HasSuffix(test.want, `Process"`) && !json.Valid([]byte(out)) {
				t.Error("the answer is no JSON")
			}
		})
	}
	if exit, _, side := ask(t, "inventory", "--format", "pdf"); exit != exitUnasked || !strings.Contains(side, "people") {
		t.Errorf("exit %d: %s", exit, side)
	}
}
