package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"log/slog"
	"os"
	"testing"

	"rem/edge/api"
	"rem/internal/testkit"
	"rem/message/bulk"
	"rem/message/happening"
	"rem/message/signing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// described is the door with everything that it can offer.
func described(t *testing.T) []byte {
	t.Helper()
	h := api.New(&backend{}, testkit.NewClock(testkit.Epoch), slog.New(slog.DiscardHandler))
	h.Serve(api.Programs{
		Operators: struct{ api.Operators }{}, Signing: &signing.Service{}, Events: struct{ happening.Store }{}, Hooks: &happening.Hooks{}, Bulk: &bulk.Service{},
		MaxSize: 1 << 20, Base: "https://kep.example",
	})
	b, err := json.Marshal(h.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", " "); err != nil {
		t.Fatal(err)
	}
	return append(out.Bytes(), '\n')
}

// The description of the door is what programs are written against: a change of it is
// seen.
func TestTheDescriptionChangesOnPurpose(t *testing.T) {
	got := described(t)
	file := "testdata/openapi.json"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("the description changed: run go test -update ./edge/api and look at the difference")
	}
}

// Each operation has a name of its own, a summary, a text and what it may answer.
func TestEveryOperationIsDescribed(t *testing.T) {
	var spec struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID, Summary, Description string
			Security                          []map[string][]string
			Responses                         map[string]any
		}
	}
	if err := json.Unmarshal(described(t), &spec); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for path, methods := range spec.Paths {
		for method, o := range methods {
			if o.OperationID == "" || seen[o.OperationID] || o.Summary == "" || o.Description == "" || len(o.Security) == 0 || len(o.Responses) == 0 {
				t.Errorf("%s %s: %+v", method, path, o)
			}
			seen[o.OperationID] = true
		}
	}
	if len(seen) < 30 || spec.OpenAPI[:3] != "3.1" {
		t.Errorf("%d operations, OpenAPI %s", len(seen), spec.OpenAPI)
	}
}
