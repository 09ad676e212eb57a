// Package softhsm gives tests a token in software: SoftHSM2, a module of PKCS #11
// that others wrote, with keys and certificates of the simulated world on it.
//
// Debian's packages softhsm2 and opensc bring what is run here; without them a
// test fails.
package softhsm

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"rem/edge/simulator"
)

// PIN opens every token, SO is that of its security officer.
const PIN, SO = "1234", "123456"

// A Token is one in a folder of its own.
type Token struct {
	Module string // the module's path
	Config string // the file that SOFTHSM2_CONF names
	Label  string
	n      int
}

// modules is where Debian and others put it.
var modules = []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"}

// New makes a token and sets SOFTHSM2_CONF for the test. As one process has one
// environment, such tests do not run in parallel.
func New(t testing.TB, label string) *Token {
	t.Helper()
	token := &Token{Label: label}
	for _, m := range modules {
		if _, err := os.Stat(m); err == nil {
			token.Module = m
			break
		}
	}
	if token.Module == "" {
		t.Fatalf("SoftHSM2 is not installed (Debian package softhsm2)")
	}
	dir := t.TempDir()
	token.Config = filepath.Join(dir, "softhsm2.conf")
	if err := os.Mkdir(filepath.Join(dir, "tokens"), 0o700); err != nil {
		t.Fatal(err)
	}
	config := "directories.tokendir = " + filepath.Join(dir, "tokens") + "\nobjectstore.backend = file\nlog.level = ERROR\n"
	if err := os.WriteFile(token.Config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", token.Config)
	token.run(t, "softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", SO)
	return token
}

func (k *Token) run(t testing.TB, name string, args ...string) {
	t.Helper()
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), "SOFTHSM2_CONF="+k.Config)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s %v (Debian packages softhsm2, opensc): %v\n%s", name, args, err, out)
	}
}

// Put puts the key and the certificate of somebody on the token.
func (k *Token) Put(t testing.TB, id *simulator.Identity) {
	t.Helper()
	k.n++
	number := fmt.Sprintf("%02x", k.n)
	dir := t.TempDir()
	der, err := x509.MarshalPKCS8PrivateKey(id.Key)
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, "key.pem")
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	k.run(t, "softhsm2-util", "--import", key, "--token", k.Label, "--label", "imza", "--id", number, "--pin", PIN)
	certificate := filepath.Join(dir, "certificate.der")
	if err := os.WriteFile(certificate, id.Chain[0].Raw, 0o600); err != nil {
		t.Fatal(err)
	}
	k.run(t, "pkcs11-tool", "--module", k.Module, "--token-label", k.Label, "--login", "--pin", PIN,
		"--write-object", certificate, "--type", "cert", "--label", "imza", "--id", number)
}
