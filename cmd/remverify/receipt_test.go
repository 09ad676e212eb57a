package main

import (
	"bytes"
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
	"rem/privacy"
	"rem/privacy/chain"
	"rem/privacy/consent"
	"rem/trust/cades"
	"rem/trust/tsp"
)

// receiptsIn makes a folder with receipts: of the provider they name, changed,
// and of one that signs for another.
func receiptsIn(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	clock := testkit.NewClock(epoch)
	pki, err := simulator.New(simulator.Options{Clock: clock, Key: simulator.P256})
	if err != nil {
		t.Fatal(err)
	}
	id, err := pki.Operation("Örnek KEPHS", "hs91.kep.test", simulator.P256)
	if err != nil {
		t.Fatal(err)
	}
	tsa, err := pki.TSA("Damga")
	if err != nil {
		t.Fatal(err)
	}
	authority, err := tsp.NewResponder(tsp.ResponderOptions{Key: tsa.Key, Chain: tsa.Chain, Hash: crypto.SHA256, Policy: asn1.ObjectIdentifier{1, 2, 3}, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain, Authority: authority})
	if err != nil {
		t.Fatal(err)
	}
	entry := &consent.Entry{
		Link:          chain.Link{Number: 1, Time: epoch.Truncate(time.Microsecond)},
		Circumstances: consent.Circumstances{Person: "p-ayse", Actor: rem.Actor{Person: "p-ayse"}, Capacity: consent.Self, Channel: privacy.Website},
		Purpose:       privacy.DirectoryEntry, Action: consent.Give, NoticeVersion: 1, Notice: rem.DigestOf([]byte("notice")),
		Language: privacy.Turkish, Text: "Rehberde yayımlanmaya açık rıza veriyorum.",
	}
	b, err := entry.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	signed := func(domain string) []byte {
		file, err := consent.Sign(t.Context(), &consent.Receipt{
			Issuer: consent.Issuer{Domain: domain, Controller: rem.Text{Turkish: "Örnek", English: "Sample"}, NoticeAddress: "https://" + domain + "/notice/v1"},
			Issued: entry.Link.Time, Purpose: rem.Text{Turkish: "KEP rehberi", English: "The directory"}, Entry: entry, Digest: rem.DigestOf(b),
		}, signer)
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	good := signed("hs91.kep.test")
	for name, content := range map[string][]byte{
		"good.txt": good, "other.txt": signed("hs90.kep.test"),
		"changed.txt": bytes.Replace(good, []byte("controller-en: Sample"), []byte("controller-en: Simple"), 1),
		"broken.txt":  bytes.Replace(good, []byte("entry: person: p-ayse"), []byte("entry: person: p-bora"), 1),
		"short.txt":   []byte("rem-consent-receipt 1\n"), "noise.bin": {0, 1, 2, 3},
		"anchors.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pki.Root().Certificate.Raw}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// P-05: anyone can check a receipt of consent, offline.
func TestReceiptsOfConsentAreVerified(t *testing.T) {
	dir := receiptsIn(t)
	for name, c := range map[string]struct {
		args string
		exit int
		want string
	}{
		"passes":              {"--trust anchors.pem good.txt", 0, "Açık rıza makbuzu good.txt: TOTAL-PASSED (geçerli)"},
		"says what was shown": {"--trust anchors.pem good.txt", 0, "Rehberde yayımlanmaya açık rıza veriyorum."},
		"in English":          {"--lang en --trust anchors.pem good.txt", 0, "Receipt of consent good.txt: TOTAL-PASSED (valid)"},
		"nobody is trusted":   {"good.txt", 1, "--trust"},
		"changed":             {"--trust anchors.pem changed.txt", 2, "HASH_FAILURE"},
		"another person":      {"--trust anchors.pem broken.txt", 2, "FORMAT_FAILURE"},
		"without a signature": {"--trust anchors.pem short.txt", 2, "FORMAT_FAILURE"},
		"another provider's":  {"--trust anchors.pem other.txt", 1, "imzalayan sağlayıcı adına imzalayabilir"},
		"one good, one not":   {"--trust anchors.pem good.txt changed.txt", 2, "good.txt: TOTAL-PASSED"},
		"and noise":           {"--trust anchors.pem good.txt noise.bin", 3, "good.txt: TOTAL-PASSED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(dir)
			var stdout, stderr bytes.Buffer
			if exit := run(t.Context(), strings.Fields(c.args), &stdout, &stderr); exit != c.exit {
				t.Errorf("exit %d, want %d\n%s%s", exit, c.exit, &stdout, &stderr)
			}
			if !strings.Contains(stdout.String()+stderr.String(), c.want) {
				t.Errorf("want %q in\n%s%s", c.want, &stdout, &stderr)
			}
		})
	}
	t.Run("as JSON", func(t *testing.T) {
		t.Chdir(dir)
		var stdout, stderr bytes.Buffer
		run(t.Context(), []string{"--json", "--trust", "anchors.pem", "good.txt"}, &stdout, &stderr)
		var report struct {
			Verdict  string
			Findings []struct{ Subject string }
		}
		if err := json.Unmarshal(stdout.Bytes(), &report); err != nil || report.Verdict != "TOTAL-PASSED" || report.Findings[0].Subject != "consent receipt" {
			t.Errorf("%v in %s%s", err, &stdout, &stderr)
		}
	})
}
