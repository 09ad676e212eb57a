package simulator

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"

	"golang.org/x/crypto/ocsp"
)

// maxRequest bounds an OCSP request: one certificate's takes about 100 bytes.
const maxRequest = 4 << 10

// Handler serves what the certificates point to under the world's BaseURL:
// /ocsp/NAME by GET and POST (RFC 6960 appendix A.1), /crl/NAME.crl and
// /ca/NAME.crt (RFC 5280 4.2.1.13, 4.2.2.1).
func (p *PKI) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /ocsp/{name}", func(w http.ResponseWriter, r *http.Request) {
		der, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		p.answer(w, r.PathValue("name"), der, err)
	})
	mux.HandleFunc("GET /ocsp/{name}/{request...}", func(w http.ResponseWriter, r *http.Request) {
		text := r.PathValue("request")
		if len(text) > maxRequest {
			p.answer(w, r.PathValue("name"), nil, errors.New("request too long"))
			return
		}
		der, err := base64.StdEncoding.DecodeString(text)
		p.answer(w, r.PathValue("name"), der, err)
	})
	mux.HandleFunc("GET /crl/{file}", func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutSuffix(r.PathValue("file"), ".crl")
		a := p.named(name)
		if !ok || a == nil {
			http.NotFound(w, r)
			return
		}
		der, err := a.RevocationList()
		if err != nil {
			http.Error(w, "no list", http.StatusInternalServerError)
			return
		}
		write(w, "application/pkix-crl", der)
	})
	mux.HandleFunc("GET /ca/{file}", func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutSuffix(r.PathValue("file"), ".crt")
		a := p.named(name)
		if !ok || a == nil {
			http.NotFound(w, r)
			return
		}
		write(w, "application/pkix-cert", a.Certificate.Raw)
	})
	return mux
}

// answer gives the response to one OCSP request, or the error response of RFC
// 6960 4.2.1.
func (p *PKI) answer(w http.ResponseWriter, name string, der []byte, err error) {
	a := p.named(name)
	if err != nil || a == nil {
		write(w, "application/ocsp-response", ocsp.MalformedRequestErrorResponse)
		return
	}
	req, err := ocsp.ParseRequest(der)
	if err != nil {
		write(w, "application/ocsp-response", ocsp.MalformedRequestErrorResponse)
		return
	}
	if !a.isIssuerOf(req) {
		write(w, "application/ocsp-response", ocsp.UnauthorizedErrorResponse)
		return
	}
	response, err := a.respond(req.SerialNumber, req.HashAlgorithm)
	if err != nil {
		response = ocsp.InternalErrorErrorResponse
	}
	write(w, "application/ocsp-response", response)
}

// isIssuerOf reports whether the request asks about a certificate of this
// authority: serial numbers mean nothing without their issuer.
func (a *Authority) isIssuerOf(req *ocsp.Request) bool {
	if !req.HashAlgorithm.Available() {
		return false
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(a.Certificate.RawSubjectPublicKeyInfo, &info); err != nil {
		return false
	}
	digest := func(b []byte) []byte {
		h := req.HashAlgorithm.New()
		h.Write(b)
		return h.Sum(nil)
	}
	return bytes.Equal(req.IssuerNameHash, digest(a.Certificate.RawSubject)) &&
		bytes.Equal(req.IssuerKeyHash, digest(info.Key.RightAlign()))
}

func write(w http.ResponseWriter, mediaType string, body []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.Write(body) // a client that has gone away needs no answer
}
