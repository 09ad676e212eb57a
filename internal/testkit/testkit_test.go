package testkit_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit"
)

func TestWaitReturnsWhenTheClockHasMovedFarEnough(t *testing.T) {
	c := testkit.NewClock(time.Time{})
	done := make(chan error, 1)
	go func() { done <- c.Wait(t.Context(), time.Hour) }()
	c.AwaitWaiters(1)
	c.Advance(59 * time.Minute)
	select {
	case err := <-done:
		t.Fatalf("Wait returned a minute early: %v", err)
	default:
	}
	c.Advance(time.Minute)
	if err := <-done; err != nil {
		t.Errorf("Wait: %v", err)
	}
	if got, want := c.Now(), testkit.Epoch.Add(time.Hour); !got.Equal(want) {
		t.Errorf("Now is %v, want %v", got, want)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	c := testkit.NewClock(time.Time{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Wait(ctx, time.Hour) }()
	c.AwaitWaiters(1)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: %v, want %v", err, context.Canceled)
	}
	if err := c.Wait(ctx, 0); err != nil {
		t.Errorf("a wait of nothing: %v", err)
	}
}

func TestOneSeedGivesOneSequence(t *testing.T) {
	read := func(seed uint64) []byte {
		b := make([]byte, 64)
		if _, err := io.ReadFull(testkit.Rand(t, seed), b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	if !bytes.Equal(read(1), read(1)) {
		t.Error("seed 1 gave two sequences")
	}
	if os.Getenv("REM_SEED") == "" && bytes.Equal(read(1), read(2)) {
		t.Error("seeds 1 and 2 gave one sequence")
	}
}

func TestEvidenceIsValidatedOffline(t *testing.T) {
	good, err := os.ReadFile(filepath.Join("testdata", "non-delivery.xml"))
	if err != nil {
		t.Fatal(err)
	}
	testkit.ValidateXML(t, testkit.SchemaREM, good)
	bad := bytes.Replace(good, []byte("<EventTime>"), []byte("<EventTime>yesterday"), 1)
	switch err := testkit.CheckXML(testkit.SchemaREM, bad); {
	case err == nil:
		t.Error("an evidence with a broken time is valid")
	case errors.Is(err, testkit.ErrNoValidator):
		t.Error(err)
	}
	if err := testkit.CheckXML("none.xsd", good); !errors.Is(err, testkit.ErrNoValidator) {
		t.Errorf("a missing schema gives %v, want %v", err, testkit.ErrNoValidator)
	}
}

// Every schema compiles on its own: a document of no schema is refused because
// its element is unknown, not because the schema is broken.
func TestEverySchemaCompiles(t *testing.T) {
	for _, schema := range []string{
		testkit.SchemaREM, testkit.SchemaREMv1, testkit.SchemaERDS, testkit.SchemaBaseline,
		testkit.SchemaCSI, testkit.SchemaTSL, testkit.SchemaXAdES, testkit.SchemaXMLDSig,
	} {
		err := testkit.CheckXML(schema, []byte("<unknown/>"))
		if err == nil || errors.Is(err, testkit.ErrNoValidator) || !strings.Contains(err.Error(), "No matching global declaration") {
			t.Errorf("%s: %v", schema, err)
		}
	}
}

func TestSchemasAreThePublishedBytes(t *testing.T) {
	sums, err := os.ReadFile(filepath.Join("schema", "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string]string)
	for line := range strings.Lines(string(sums)) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			t.Fatalf("a line of SHA256SUMS is not two columns: %q", line)
		}
		known[name] = sum
	}
	files, err := filepath.Glob(filepath.Join("schema", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(known) {
		t.Errorf("%d files, %d sums", len(files), len(known))
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b)
		name, _ := filepath.Rel("schema", file)
		if got, want := hex.EncodeToString(sum[:]), known[filepath.ToSlash(name)]; got != want {
			t.Errorf("%s: digest %s, want %s", name, got, want)
		}
	}
}
