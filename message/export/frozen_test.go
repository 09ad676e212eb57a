package export_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit"
	"rem/message/export"
	"rem/message/verification"
	"rem/trust/validation"
)

// What a release has written, every later one reads. A frozen sample is never
// made again.
func TestFrozenSamplesHold(t *testing.T) {
	dirs, err := filepath.Glob("testdata/v*")
	if err != nil || len(dirs) == 0 {
		t.Fatal("there are no samples", err)
	}
	for _, dir := range dirs {
		when, err := os.ReadFile(filepath.Join(dir, "time.txt"))
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, strings.TrimSpace(string(when)))
		if err != nil {
			t.Fatal(err)
		}
		for name, stamped := range map[string]bool{"eml.zip": false, "mbox.zip": true} {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			block, _ := pem.Decode(content(t, b, "trust/anchors.pem"))
			root, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			policy := validation.Usual([]*x509.Certificate{root})
			for _, rule := range []*validation.Rule{&policy.Operation, &policy.TimeStamping, &policy.Personal} {
				rule.Revocation = validation.RevocationIfKnown
			}
			v, err := verification.New(verification.Options{Policy: policy, Clock: testkit.NewClock(at)})
			if err != nil {
				t.Fatal(err)
			}
			a, err := export.Zip(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			c, err := export.Check(t.Context(), a, v, func(*export.Checked) error { return nil })
			if err != nil || c.Verdict != validation.TotalPassed || c.Messages != 4 || c.Originals != 3 || c.LeftOut != 1 || c.Stamped != stamped {
				t.Errorf("%s %s: %+v, %v", dir, name, c, err)
			}
		}
	}
}
