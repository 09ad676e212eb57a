package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"rem/message/verification"
	"rem/trust/trustlist"
	"rem/trust/validation"
)

// maxTrustFile bounds a file after --trust: hundreds of certificates fit.
const maxTrustFile = 2 * trustlist.MaxBytes

// trusted is what the files after --trust say.
type trusted struct {
	anchors []*x509.Certificate
	list    *trustlist.Verified // nil when none was given
}

// readTrust reads certificates (PEM) and at most one trust list (XML). A list
// counts only when one of the certificates signed it.
func readTrust(names []string) (*trusted, error) {
	var t trusted
	var list []byte
	var listName string
	for _, name := range names {
		b, err := readBounded(name)
		switch {
		case err != nil:
			return nil, fmt.Errorf("reading %s after --trust: %w", name, err)
		case bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("<")):
			if list != nil {
				return nil, fmt.Errorf("%s and %s are both trust lists: give one", listName, name)
			}
			list, listName = b, name
		default:
			found, err := certificates(b)
			if err != nil {
				return nil, fmt.Errorf("reading %s after --trust: %w", name, err)
			}
			t.anchors = append(t.anchors, found...)
		}
	}
	if list == nil {
		return &t, nil
	}
	if len(t.anchors) == 0 {
		return nil, fmt.Errorf("%s is a trust list, and nothing says who may sign it: give its signer's certificate, and the roots of time-stamp authorities, with one more --trust FILE.pem", listName)
	}
	var err error
	if t.list, err = trustlist.Verify(list, t.anchors); err != nil {
		return nil, fmt.Errorf("%s: %w: get the list again from its operator, and his certificate from another source", listName, err)
	}
	return &t, nil
}

func readBounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxTrustFile+1))
	if err == nil && len(b) > maxTrustFile {
		err = fmt.Errorf("over %d octets: it holds neither certificates nor a trust list", maxTrustFile)
	}
	return b, err
}

// certificates reads PEM that holds certificates alone.
func certificates(rest []byte) ([]*x509.Certificate, error) {
	var found []*x509.Certificate
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("it holds a %s: give certificates alone", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(found)+1, err)
		}
		found = append(found, c)
	}
	if len(found) == 0 || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("it is not PEM with certificates (-----BEGIN CERTIFICATE-----) nor a trust list")
	}
	return found, nil
}

// options makes what a verifier believes of it. Offline nobody can be asked
// about revocation; what documents carry is looked at, and a certificate that
// is known to be revoked never passes.
func (t *trusted) options(at time.Time) verification.Options {
	policy := validation.Usual(t.anchors)
	for _, rule := range []*validation.Rule{&policy.Operation, &policy.TimeStamping, &policy.Personal} {
		rule.Revocation = validation.RevocationIfKnown
	}
	o := verification.Options{Policy: policy, Clock: fixed(at)}
	if t.list == nil {
		return o
	}
	o.Policy.Operation.Anchors = nil // with a list, only those on it
	for _, p := range t.list.Providers {
		for _, c := range p.Operation {
			o.Policy.Operation.Anchors = append(o.Policy.Operation.Anchors, c.Certificate)
		}
	}
	o.MayIssue = func(cert *x509.Certificate, domain string, at time.Time) error {
		p, err := t.list.ByOperationCertificate(cert, at)
		if err != nil {
			return err
		}
		if !slices.Contains(p.Domains, domain) {
			return fmt.Errorf("the certificate is one of %s, and the evidence names %s", p.Code, domain)
		}
		return nil
	}
	return o
}
