package validation_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"rem/edge/simulator"
	"rem/trust/validation"
)

func extension(oid string, critical bool) pkix.Extension {
	var id asn1.ObjectIdentifier
	for part := range strings.SplitSeq(oid, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			panic(err)
		}
		id = append(id, n)
	}
	return pkix.Extension{Id: id, Critical: critical, Value: []byte{5, 0}}
}

// AT-22: name constraints, path lengths and purposes of authorities.
func TestConstrainedAuthorities(t *testing.T) {
	permit := func(domain string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.PermittedDNSDomainsCritical = true
			c.PermittedEmailAddresses = []string{domain}
		}
	}
	for _, c := range []struct {
		name      string
		authority func(*x509.Certificate)
		leaf      simulator.Request
		want      validation.Verdict
	}{
		{"an address inside", permit("hs90.kep.test"), simulator.Request{Addresses: []string{"kep@hs90.kep.test"}}, validation.TotalPassed},
		{"an address inside, in capitals", permit("hs90.kep.test"), simulator.Request{Addresses: []string{"kep@HS90.KEP.TEST"}}, validation.TotalPassed},
		{"an address outside", permit("hs90.kep.test"), simulator.Request{Addresses: []string{"kep@hs91.kep.test"}}, validation.Indeterminate},
		{"one inside, one outside", permit("hs90.kep.test"), simulator.Request{Addresses: []string{"kep@hs90.kep.test", "kep@hs91.kep.test"}}, validation.Indeterminate},
		{"an excluded address, in capitals", func(c *x509.Certificate) {
			c.PermittedDNSDomainsCritical = true
			c.ExcludedEmailAddresses = []string{"hs91.kep.test"}
		}, simulator.Request{Addresses: []string{"kep@HS91.KEP.TEST"}}, validation.Indeterminate},
		{"an address in the subject instead", permit("hs90.kep.test"), simulator.Request{Subject: pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, Value: "kep@hs91.kep.test"}}}}, validation.Indeterminate},
		{"an authority for TLS alone", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} },
			simulator.Request{}, validation.Indeterminate},
		{"an authority that may not sign certificates", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign },
			simulator.Request{}, validation.Indeterminate},
		{"an authority with an unknown critical extension", func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, extension("2.999.7", true))
		}, simulator.Request{}, validation.Indeterminate},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			a, err := s.Root().NewAuthority("constrained", c.authority)
			if err != nil {
				t.Fatal(err)
			}
			c.leaf.Change = func(cert *x509.Certificate) {
				cert.KeyUsage = x509.KeyUsageDigitalSignature
				cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
			}
			s.id = s.Must(a.Issue(c.leaf))
			if r := s.validator().Judge(t.Context(), s.signature()); r.Verdict != c.want {
				t.Errorf("got %v, want %v", r, c.want)
			}
		})
	}
}

// AT-22: a path may not be longer than its authorities say.
func TestAnAuthorityBelowAnIssuingAuthorityIsRefused(t *testing.T) {
	s := newScene(t)
	below, err := s.Authority(simulator.Operation).NewAuthority("below", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.id = s.Must(below.Issue(simulator.Request{Change: operational}))
	r := s.validator().Judge(t.Context(), s.signature())
	if r.Sub != validation.ChainConstraintsFailure && r.Sub != validation.NoCertificateChainFound {
		t.Errorf("got %v", r)
	}
}

func operational(c *x509.Certificate) {
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
}

// AT-22: authorities that certify one another in a ring, in both directions
// and many at once, end in a verdict and not in a search without end.
func TestRingsOfAuthoritiesEnd(t *testing.T) {
	s := newScene(t)
	var ring []*simulator.Authority
	for i := range 6 {
		a, err := s.Root().NewAuthority(fmt.Sprintf("ring %d", i), nil)
		if err != nil {
			t.Fatal(err)
		}
		ring = append(ring, a)
	}
	// Cross certificates: each of the ring certifies the keys and names of all
	// others, and the certificates by the root are withheld.
	var carried []*x509.Certificate
	for _, by := range ring {
		for _, of := range ring {
			if by == of {
				continue
			}
			cross := s.Must(by.Issue(simulator.Request{Signer: of.Key, Change: func(c *x509.Certificate) {
				c.RawSubject = of.Certificate.RawSubject
				c.IsCA, c.BasicConstraintsValid = true, true
				c.KeyUsage = x509.KeyUsageCertSign
				c.SubjectKeyId = of.Certificate.SubjectKeyId
			}}))
			carried = append(carried, cross.Certificate)
		}
	}
	s.id = s.Must(ring[0].Issue(simulator.Request{Change: operational}))
	sig := s.signature()
	sig.Carried = append(sig.Carried[:1:1], carried...)
	v := s.validator()
	start := time.Now()
	if r := v.Judge(t.Context(), sig); r.Sub != validation.CertificateChainFailure && r.Sub != validation.NoCertificateChainFound {
		t.Errorf("got %v", r)
	}
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("a ring took %v", d)
	}
	sig.Carried = append(sig.Carried, carried...)
	if r := v.Judge(t.Context(), sig); r.Sub != validation.CertificateChainFailure {
		t.Errorf("a document with %d certificates: got %v", len(sig.Carried), r)
	}
}

// An anchor may be the signer's own certificate, as a trust list gives it.
func TestASignerMayBeItsOwnAnchor(t *testing.T) {
	s := newScene(t)
	s.policy.Operation.Anchors = []*x509.Certificate{s.id.Certificate}
	sig := s.signature()
	sig.Carried = nil
	if r := s.validator().Judge(t.Context(), sig); !r.Passed() {
		t.Errorf("got %v", r)
	}
}

func TestRequiredPolicies(t *testing.T) {
	for _, c := range []struct {
		policy asn1.ObjectIdentifier
		want   bool
	}{
		{asn1.ObjectIdentifier{0, 4, 0, 195223}, true},
		{asn1.ObjectIdentifier{2, 999, 5}, false},
	} {
		s := newScene(t)
		s.policy.Operation.Policies = []asn1.ObjectIdentifier{c.policy}
		if r := s.validator().Judge(t.Context(), s.signature()); r.Passed() != c.want {
			t.Errorf("policy %v: got %v", c.policy, r)
		}
	}
}
