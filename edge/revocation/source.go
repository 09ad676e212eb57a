package revocation

import (
	"bytes"
	"context"
	"crypto"
	_ "crypto/sha1" // the identifier of RFC 6960 4.1.1; it names, it does not protect
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/crypto/ocsp"

	"rem/trust/validation"
)

// Bounds on an answer. A responder's has one to four kilobytes, the lists of
// large authorities reach some megabytes.
const (
	maxOCSP = 64 << 10
	maxCRL  = 16 << 20
	// patience is how long one authority may take. A message waits for it.
	patience = 5 * time.Second
	// maxAddresses bounds the addresses of one certificate that are tried.
	maxAddresses = 3
)

var _ validation.RevocationSource = (*Source)(nil)

// A Source asks over HTTP. It is safe for concurrent use.
type Source struct{ client *http.Client }

// New returns a source. transport may be nil for the default one.
func New(transport http.RoundTripper) *Source {
	return &Source{&http.Client{
		Transport: transport,
		Timeout:   patience,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}}
}

// OCSP asks the responders that cert names, one after the other, until one
// gives an answer.
func (s *Source) OCSP(ctx context.Context, cert, issuer *x509.Certificate) ([]byte, error) {
	// Responders everywhere know the identifier by SHA-1, few know another.
	question, err := ocsp.CreateRequest(cert, issuer, &ocsp.RequestOptions{Hash: crypto.SHA1})
	if err != nil {
		return nil, fmt.Errorf("asking by OCSP: %w", err)
	}
	return s.first(cert.OCSPServer, func(address string) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(question))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/ocsp-request")
		req.Header.Set("Accept", "application/ocsp-response")
		return s.do(req, maxOCSP)
	})
}

// CRL gets the list from the places that cert names, one after the other,
// until one gives it.
func (s *Source) CRL(ctx context.Context, cert, _ *x509.Certificate) ([]byte, error) {
	return s.first(cert.CRLDistributionPoints, func(address string) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		return s.do(req, maxCRL)
	})
}

// first tries addresses. Those of other schemes, such as ldap, are passed over.
func (s *Source) first(addresses []string, ask func(string) ([]byte, error)) ([]byte, error) {
	var problems []error
	tried := 0
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || tried == maxAddresses {
			continue
		}
		tried++
		answer, err := ask(address)
		if err == nil {
			return answer, nil
		}
		problems = append(problems, fmt.Errorf("asking %s: %w", u.Host, err))
	}
	if len(problems) == 0 {
		return nil, validation.ErrNoSource
	}
	return nil, errors.Join(problems...)
}

func (s *Source) do(req *http.Request, limit int64) ([]byte, error) {
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answer %s", resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("the answer has more than %d bytes", limit)
	}
	return body, nil
}
