package main

import (
	"bytes"
	"context"
	"crypto"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/message/evidence"
	"rem/trust/trustlist"
	"rem/trust/tsp"
	"rem/trust/xades"
)

var epoch = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

// sample writes an evidence, its changed copies and what to believe into a
// folder.
func sample(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	clock := testkit.NewClock(epoch)
	pki, err := simulator.New(simulator.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	identity := func(id *simulator.Identity, err error) *simulator.Identity {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	operation := identity(pki.Operation("Örnek KEPHS", "hs91.kep.test", simulator.P256))
	tsa := identity(pki.TSA("Damga"))
	authority, err := tsp.NewResponder(tsp.ResponderOptions{Key: tsa.Key, Chain: tsa.Chain, Hash: crypto.SHA256, Policy: asn1.ObjectIdentifier{1, 2, 3}, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	x, err := xades.NewSigner(xades.SignerOptions{Key: operation.Key, Chain: operation.Chain, Authority: authority})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := evidence.NewSigner(x, "hs91", clock)
	if err != nil {
		t.Fatal(err)
	}
	original := []byte("From: ayse@hs90.kep.test\r\nSubject: x\r\n\r\nMerhaba\r\n")
	id := rem.NewMessageID("01jd8f0s2k4w9q7x3v5n6p8r1t", "hs90.kep.test")
	prepared, err := evidence.Prepare(evidence.Draft{
		ID: rem.NewEvidenceID(id, "40", 1, "hs91"), Kind: evidence.DeliveryNonDeliveryToRecipient, Outcome: evidence.Positive,
		PolicyIDs: []string{"urn:oid:1.2.3"}, Issuer: evidence.Party{Name: "Örnek KEPHS", Address: rem.MustAddress("kep@hs91.kep.test")},
		EventTime: epoch, SubmissionTime: epoch, Sender: evidence.Party{Address: rem.MustAddress("ayse@hs90.kep.test")},
		Recipients: []evidence.Party{{Name: "Bora \x1b[31m\u202e", Address: rem.MustAddress("bora@hs91.kep.test")}}, RefersTo: 1,
		Message: evidence.MessageDetails{ID: id, Digest: rem.DigestOf(original)},
	})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := prepared.Sign(t.Context(), signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate := func(raw []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}) }
	operator := identity(pki.Operation("Liste", "hs99.kep.test", simulator.P256))
	listed := func(from time.Time) []byte {
		list := &trustlist.List{
			Sequence: 1, IssueTime: epoch, NextUpdate: epoch.AddDate(0, 1, 0), Operator: rem.Text{Turkish: "Kurum", English: "Authority"},
			Providers: []trustlist.Provider{{
				Code: "hs91", Domains: []string{"hs91.kep.test"}, Name: rem.Text{Turkish: "Örnek", English: "Sample"}, Relays: []string{"relay.hs91.kep.test:465"},
				Operation: []trustlist.Certificate{{Certificate: operation.Certificate, From: from}},
				TLS:       []trustlist.Certificate{{Certificate: operator.Certificate, From: from}},
				Policies:  []string{"urn:oid:1.2.3"}, Profile: trustlist.TS102640, SizeLimit: 25 << 20,
				History: []trustlist.Change{{Status: trustlist.Granted, From: from}},
			}},
		}
		s, err := xades.NewSigner(xades.SignerOptions{Key: operator.Key, Chain: operator.Chain})
		if err != nil {
			t.Fatal(err)
		}
		b, err := list.Sign(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, content := range map[string][]byte{
		"good.xml": signed.XML, "bad.xml": bytes.Replace(signed.XML, []byte("Event#Delivery"), []byte("Event#Delivert"), 1),
		"original.eml": original, "other.eml": bytes.Replace(original, []byte("Merhaba"), []byte("Merhabe"), 1), "noise.bin": {0, 1, 2, 3},
		"anchors.pem": certificate(pki.Root().Certificate.Raw), "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}}),
		"operator.pem": append(certificate(operator.Certificate.Raw), certificate(pki.Root().Certificate.Raw)...),
		"list.xml":     listed(epoch.AddDate(-1, 0, 0).Truncate(time.Second)), "late.xml": listed(epoch.AddDate(0, 0, 1)),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestExitStatusIsTheWorstVerdict(t *testing.T) {
	dir := sample(t)
	tests := map[string]struct {
		args         string
		exit         int
		want, stderr string
	}{
		"passes":                         {"--trust anchors.pem good.xml", 0, "Sonuç: TOTAL-PASSED (geçerli)", ""},
		"one dash":                       {"-trust anchors.pem good.xml", 0, "TOTAL-PASSED", ""},
		"in English":                     {"--lang en --trust anchors.pem good.xml", 0, "Overall: TOTAL-PASSED (valid)", ""},
		"with its original":              {"--trust anchors.pem good.xml original.eml", 0, "Özet", ""},
		"another original":               {"--trust anchors.pem good.xml other.eml", 2, "HASH_FAILURE", ""},
		"nobody is trusted":              {"good.xml", 1, "--trust", ""},
		"changed":                        {"--trust anchors.pem bad.xml", 2, "TOTAL-FAILED (geçersiz) HASH_FAILURE", ""},
		"one good, one changed":          {"--trust anchors.pem good.xml bad.xml", 2, "", ""},
		"before its certificate began":   {"--trust anchors.pem --at 2020-01-01T00:00:00Z good.xml", 1, "", ""},
		"noise":                          {"--trust anchors.pem good.xml noise.bin", 3, "", "noise.bin is neither"},
		"no such file":                   {"--trust anchors.pem none.xml", 3, "", "check the name"},
		"a folder":                       {"--trust anchors.pem .", 3, "", "give the files in it"},
		"a key for an anchor":            {"--trust key.pem good.xml", 3, "", "give certificates alone"},
		"noise for an anchor":            {"--trust noise.bin good.xml", 3, "", "BEGIN CERTIFICATE"},
		"nothing given":                  {"", 3, "", "Try: remverify"},
		"no such option":                 {"--nonsense good.xml", 3, "", "nonsense"},
		"trust list":                     {"--trust operator.pem --trust list.xml good.xml", 0, "TOTAL-PASSED", ""},
		"trust list that nobody pinned":  {"--trust list.xml good.xml", 3, "", "who may sign it"},
		"trust list of somebody else":    {"--trust anchors.pem --trust list.xml good.xml", 3, "", "not signed by a pinned certificate"},
		"trust list that grants later":   {"--trust operator.pem --trust late.xml good.xml", 1, "SIG_CONSTRAINTS_FAILURE", ""},
		"help":                           {"--help", 0, "Examples:", ""},
		"another language":               {"--lang de good.xml", 3, "", "must be one of"},
		"the time of judging is no time": {"--at yesterday good.xml", 3, "", "at"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Chdir(dir)
			var stdout, stderr bytes.Buffer
			args := strings.Fields(test.args)
			if !strings.Contains(test.args, "--at") && len(args) > 0 {
				args = append([]string{"--at", epoch.Add(time.Hour).Format(time.RFC3339)}, args...)
			}
			exit := run(context.Background(), args, &stdout, &stderr)
			if exit != test.exit || !strings.Contains(stdout.String(), test.want) || !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("exit %d, want %d, %q in\n%s\nand %q in\n%s", exit, test.exit, test.want, stdout.String(), test.stderr, stderr.String())
			}
		})
	}
}

// A name inside of evidence must not paint the terminal.
func TestReportHoldsNoControlCharacters(t *testing.T) {
	t.Chdir(sample(t))
	var stdout, stderr bytes.Buffer
	run(context.Background(), []string{"--trust", "anchors.pem", "good.xml"}, &stdout, &stderr)
	if strings.ContainsAny(stdout.String(), "\x1b\u202e") || !strings.Contains(stdout.String(), "Bora") {
		t.Errorf("report:\n%q", stdout.String())
	}
}

func TestJSONHoldsTheWholeReport(t *testing.T) {
	t.Chdir(sample(t))
	var stdout, stderr bytes.Buffer
	if exit := run(context.Background(), []string{"--json", "--at", "2026-11-23T12:00:00Z", "--trust", "anchors.pem", "good.xml"}, &stdout, &stderr); exit != 0 {
		t.Fatalf("exit %d: %s", exit, stderr.String())
	}
	var got struct {
		Version  int
		Verdict  string
		Findings []struct {
			Subject, Verdict string
			Parts            []struct {
				Subject string
				Facts   []struct{ Key, Value string }
			}
		}
	}
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Version != 1 || got.Verdict != "TOTAL-PASSED" || len(got.Findings) != 2 || got.Findings[1].Subject != "chain" {
		t.Errorf("report %+v", got)
	}
}

// Every word of this program's own has both languages.
func TestCatalogueIsComplete(t *testing.T) {
	for key, w := range words {
		if w.Turkish == "" || w.English == "" {
			t.Errorf("%q lacks a language", key)
		}
	}
}
