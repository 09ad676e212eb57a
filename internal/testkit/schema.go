package testkit

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The schemas that documents are validated against, by their place in the
// folder schema.
const (
	SchemaREM      = "rem-v2/TS102640_v2.xsd"                 // TS 102 640-2 evidence
	SchemaREMv1    = "rem-v1/etsirem_v1.xsd"                  // its first edition
	SchemaERDS     = "erds-v1/1952203xmlSchema.xsd"           // EN 319 522-3 evidence
	SchemaBaseline = "rem-532-4/EVIDENCE19352v117-202201.xsd" // EN 319 522-3 with the extensions of EN 319 532-4
	SchemaCSI      = "rem-532-4/CSI19352v117-202201.xsd"      // EN 319 532-4 capability information
	SchemaTSL      = "tsl/ts_119612v020401_xsd.xsd"           // TS 119 612 trusted lists
	SchemaXAdES    = "common/XAdES01903v132-202407.xsd"       // XAdES qualifying properties
	SchemaXMLDSig  = "common/xmldsig-core-schema.xsd"         // XML signatures
)

// ValidateXML fails the test unless xmllint finds that document follows the
// schema, reaching no network.
func ValidateXML(t testing.TB, schema string, document []byte) {
	t.Helper()
	if err := CheckXML(schema, document); err != nil {
		t.Errorf("%v", err)
	}
}

// CheckXML is ValidateXML for tests that expect a document to be refused. A
// tool or schema that is not there is an error as well, wrapping
// [ErrNoValidator], so that a test cannot take it for the refusal.
func CheckXML(schema string, document []byte) error {
	tool, err := exec.LookPath("xmllint")
	if err != nil {
		return fmt.Errorf("%w: install xmllint (Debian: libxml2-utils): %w", ErrNoValidator, err)
	}
	root, err := Root()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoValidator, err)
	}
	file := filepath.Join(root, "internal", "testkit", "schema", filepath.FromSlash(schema))
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("%w: %w", ErrNoValidator, err)
	}
	cmd := exec.Command(tool, "--nonet", "--noout", "--schema", file, "-")
	cmd.Stdin = bytes.NewReader(document)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("validating against %s: %w\n%s", schema, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// ErrNoValidator is wrapped when a document could not be checked at all.
var ErrNoValidator = errors.New("no validator")

// Root returns the folder of the module that the test belongs to: the nearest
// one above with a go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("looking for the module: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("looking for the module: no go.mod above the working directory")
		}
		dir = parent
	}
}

// Tool returns the path of a program that the test needs and fails the test
// when it is not installed: a check that did not run must not look passed.
func Tool(t testing.TB, name, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("this test needs %s: install it (Debian: %s)", name, debianPackage)
	}
	return path
}
