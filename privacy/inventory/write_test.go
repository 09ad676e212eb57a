package inventory_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rem/privacy/inventory"
)

//go:generate go test -run TestDocumentsAreFresh -update .

var update = flag.Bool("update", false, "rewrite the golden files and the pages of docs/operations")

func written(t *testing.T, f inventory.Format, l inventory.Language) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := inventory.Write(&b, inventory.Today(), f, l); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is stale, run go generate ./privacy/inventory (-file +program):\n%s", filepath.Base(file), diff)
	}
}

// The pages for people are the documentation; the other forms are golden files.
func TestDocumentsAreFresh(t *testing.T) {
	golden(t, filepath.Join(moduleRoot, "docs/operations/inventory.md"), written(t, inventory.People, inventory.Turkish))
	golden(t, filepath.Join(moduleRoot, "docs/operations/inventory.en.md"), written(t, inventory.People, inventory.English))
	golden(t, "testdata/verbis.md", written(t, inventory.VERBIS, inventory.Turkish))
	golden(t, "testdata/inventory.csv", written(t, inventory.CSV, inventory.Turkish))
	golden(t, "testdata/inventory.jsonld", written(t, inventory.DPV, inventory.Turkish))
}

// REQ-105: no form of the inventory leaves anything out.
func TestEveryFormHasEverything(t *testing.T) {
	r := inventory.Today()
	page, table := string(written(t, inventory.People, inventory.Turkish)), string(written(t, inventory.VERBIS, inventory.Turkish))
	records, err := csv.NewReader(bytes.NewReader(written(t, inventory.CSV, inventory.Turkish))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, record := range records[1:] {
		rows[record[0]+" "+record[1]]++
	}
	for _, h := range r.Holdings {
		if !strings.Contains(page, "`"+h.Name+"`") {
			t.Errorf("the page lacks %s %s", h.Kind, h.Name)
		}
		if got, want := rows[string(h.Kind)+" "+h.Name], max(1, len(h.Data)); got != want {
			t.Errorf("the CSV has %s %s %d times, want %d", h.Kind, h.Name, got, want)
		}
	}
	for _, d := range r.Data {
		if !strings.Contains(page, "### "+d.Name.Turkish+"\n") || !strings.Contains(table, d.Name.Turkish) {
			t.Errorf("the page or the table lacks %s", d.ID)
		}
	}
	for _, p := range r.Purposes {
		if !strings.Contains(page, p.Name.Turkish) {
			t.Errorf("the page lacks the purpose %s", p.ID)
		}
	}
	if strings.Contains(page, "%!") || strings.Contains(table, "%!") {
		t.Error("a text is not filled in")
	}
	if en := string(written(t, inventory.People, inventory.English)); strings.Contains(en, "Saklama") || !strings.Contains(en, "not sealed yet") {
		t.Error("the English page is not English, or does not say what lies in plain")
	}
}

// The JSON-LD form refers to nothing that is not there, and uses words of the
// Data Privacy Vocabulary that were looked up.
func TestTheGraphHangsTogether(t *testing.T) {
	src := written(t, inventory.DPV, inventory.Turkish)
	var document struct {
		Context map[string]string `json:"@context"`
		Graph   []map[string]any  `json:"@graph"`
	}
	if err := json.Unmarshal(src, &document); err != nil {
		t.Fatal(err)
	}
	defined := map[string]bool{}
	for _, n := range document.Graph {
		id := fmt.Sprint(n["@id"])
		if defined[id] {
			t.Errorf("%s stands twice", id)
		}
		defined[id] = true
	}
	for _, m := range regexp.MustCompile(`"@id": "((?:rem|kvkk):[^"]*)"`).FindAllStringSubmatch(string(src), -1) {
		if !defined[m[1]] {
			t.Errorf("%s is referred to and not there", m[1])
		}
	}
	words := map[string]bool{}
	for w := range strings.FieldsSeq(vocabulary) {
		words["dpv:"+w] = true
	}
	for _, m := range regexp.MustCompile(`"(dpv:[A-Za-z]+)"`).FindAllStringSubmatch(string(src), -1) {
		if !words[m[1]] {
			t.Errorf("%s is not among the words that were looked up", m[1])
		}
	}
	for prefix := range document.Context {
		if !strings.Contains(string(src), `"`+prefix+":") {
			t.Errorf("the prefix %s is not used", prefix)
		}
	}
	if strings.Contains(string(src), "GDPR") || !strings.Contains(string(src), "not by W3C") {
		t.Error("the mapping of KVKK is not marked as ours")
	}
}

// vocabulary are the words of DPV 2.0 that this program may use, as its modules
// legal_basis, process, purposes, entities and storage define them.
const vocabulary = `
	LegalBasis Consent Contract LegalObligation LegitimateInterestOfController VitalInterestOfNaturalPerson
	Purpose AccountManagement RequestedServiceProvision IdentityVerification ServiceRegistration CommunicationManagement EnforceSecurity RecordManagement
	ServiceProvision CustomerCare ServiceOptimisation ServiceUsageAnalytics FulfilmentOfObligation RightsFulfillment ResearchAndDevelopment
	ServicePersonalisation Advertising
	DataSubject Customer User Employee Recipient PersonalData PersonalDataProcess
	StorageDuration StorageLocation TemporalDuration
	hasPersonalData hasDataSubject hasPurpose hasLegalBasis hasRecipient hasStorageCondition hasDuration hasLocation`

func TestAnUnknownFormOrLanguageIsAnError(t *testing.T) {
	if err := inventory.Write(&bytes.Buffer{}, inventory.Today(), "pdf", inventory.Turkish); err == nil {
		t.Error("a form that is none was written")
	}
	if err := inventory.Write(&bytes.Buffer{}, inventory.Today(), inventory.People, "de"); err == nil {
		t.Error("a language that is none was written")
	}
}
