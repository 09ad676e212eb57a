package simulator

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
)

// Write puts the world's public side into a folder: anchors.pem, a certificate
// and a CRL for each authority. Keys of authorities are not written: a world
// that was thrown away stays so.
func (p *PKI) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("writing the simulated PKI: %w", err)
	}
	if err := writePEM(filepath.Join(dir, "anchors.pem"), 0o644, "CERTIFICATE", raws(p.Anchors())...); err != nil {
		return err
	}
	p.mu.Lock()
	authorities := p.authorities
	p.mu.Unlock()
	for _, a := range authorities {
		if err := writePEM(filepath.Join(dir, a.Name+".crt.pem"), 0o644, "CERTIFICATE", a.Certificate.Raw); err != nil {
			return err
		}
		list, err := a.RevocationList()
		if err != nil {
			return err
		}
		if err := writePEM(filepath.Join(dir, a.Name+".crl.pem"), 0o644, "X509 CRL", list); err != nil {
			return err
		}
	}
	return nil
}

// Write puts the identity into dir as name.crt.pem, the chain leaf first, and
// name.key.pem, the key in PKCS #8, readable by its owner alone.
func (id *Identity) Write(dir, name string) (certFile, keyFile string, err error) {
	key, err := x509.MarshalPKCS8PrivateKey(id.Key)
	if err != nil {
		return "", "", fmt.Errorf("writing the key of %s: %w", name, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", "", fmt.Errorf("writing %s: %w", name, err)
	}
	certFile, keyFile = filepath.Join(dir, name+".crt.pem"), filepath.Join(dir, name+".key.pem")
	if err := writePEM(certFile, 0o644, "CERTIFICATE", raws(id.Chain)...); err != nil {
		return "", "", err
	}
	if err := writePEM(keyFile, 0o600, "PRIVATE KEY", key); err != nil {
		return "", "", err
	}
	return certFile, keyFile, nil
}

func raws(certs []*x509.Certificate) [][]byte {
	out := make([][]byte, len(certs))
	for i, c := range certs {
		out[i] = c.Raw
	}
	return out
}

func writePEM(file string, mode os.FileMode, kind string, blocks ...[]byte) error {
	var b bytes.Buffer
	for _, block := range blocks {
		if err := pem.Encode(&b, &pem.Block{Type: kind, Bytes: block}); err != nil {
			return fmt.Errorf("writing %s: %w", filepath.Base(file), err)
		}
	}
	if err := os.WriteFile(file, b.Bytes(), mode); err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(file), err)
	}
	return nil
}
