package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"rem"
	"rem/mail/mime"
	"rem/mail/smime"
)

func decodeStrictly(body []byte, q any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(q); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows")
	}
	return nil
}

// A provider is asked with a one-time code.
type provider struct {
	base, ticket string
	client       *http.Client
}

const (
	prefix      = "/api/v1/signing/"
	maxAnswer   = 4 << 20
	maxOriginal = 110 << 20 // the largest package of any provider, and some room
)

// reach makes the client: the system's authorities, or those of a file; no redirects.
func (p *program) reach() (*provider, error) {
	base := strings.TrimSuffix(p.Sign.At, "/")
	if !isOrigin(base) {
		return nil, problemOf("address", "Sağlayıcının adresi https:// ile başlayan bir adres olmalı.", "The provider's address has to begin with https://.")
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if p.Sign.CA != "" {
		b, err := os.ReadFile(p.Sign.CA)
		if err != nil {
			return nil, fmt.Errorf("reading the authority: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(b) {
			return nil, fmt.Errorf("reading the authority: there is no certificate in %s", p.Sign.CA)
		}
	}
	return &provider{base: base, client: &http.Client{
		Timeout:       5 * time.Minute,
		Transport:     &http.Transport{TLSClientConfig: t, Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func (s *provider) do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, s.base+prefix+path, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if s.ticket != "" {
		r.Header.Set("Authorization", "Bearer "+s.ticket)
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return nil, &problem{"network", text("Sağlayıcıya ulaşılamadı: "+s.base, "The provider cannot be reached: "+s.base), err}
	}
	if answer.StatusCode == http.StatusOK {
		return answer, nil
	}
	defer answer.Body.Close()
	var w struct {
		Code string
		Text struct{ Turkish, English string }
	}
	b, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil || json.Unmarshal(b, &w) != nil || w.Text.Turkish == "" {
		return nil, problemOf("answer", fmt.Sprintf("Sağlayıcı beklenmeyen bir yanıt verdi (%d).", answer.StatusCode), fmt.Sprintf("The provider gave an unexpected answer (%d).", answer.StatusCode))
	}
	return nil, &problem{w.Code, rem.Text{Turkish: visible(w.Text.Turkish), English: visible(w.Text.English)}, nil}
}

// ask posts a question. Fields that a newer provider adds are passed over.
func (s *provider) ask(ctx context.Context, path string, question, answer any) error {
	b, err := json.Marshal(question)
	if err != nil {
		return err
	}
	r, err := s.do(ctx, http.MethodPost, path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if err := json.NewDecoder(io.LimitReader(r.Body, maxAnswer)).Decode(answer); err != nil {
		return &problem{"answer", text("Sağlayıcının yanıtı okunamadı.", "The provider's answer cannot be read."), err}
	}
	return nil
}

// pull is the command sign.
func (p *program) pull(ctx context.Context) error {
	s, err := p.reach()
	if err != nil {
		return err
	}
	if err := p.open(); err != nil {
		return err
	}
	defer p.keys.close()
	by, err := p.pick()
	if err != nil {
		return err
	}
	var redeemed struct {
		Ticket  string `json:"ticket"`
		Request shown  `json:"request"`
	}
	if err := s.ask(ctx, "redeem", map[string]string{"code": p.Sign.Code}, &redeemed); err != nil {
		return err
	}
	s.ticket = redeemed.Ticket
	request := redeemed.Request
	if len(request.Items) > maxItems {
		return problemOf("answer", "İstekte çok fazla ileti var.", "The request holds too many messages.")
	}
	for n := range request.Items {
		if !request.Items[n].Done {
			if err := p.inspect(ctx, s, n, &request.Items[n]); err != nil {
				return err
			}
		}
	}
	var chain []string
	for _, c := range by.chain {
		chain = append(chain, base64.StdEncoding.EncodeToString(c.Raw))
	}
	var c choice
	if err := s.ask(ctx, "certificate", map[string]any{"chain": chain}, &c); err != nil {
		return err
	}
	j, err := prepare(request, c, by, p.now())
	if err != nil {
		return err
	}
	values, err := p.sign(ctx, j, s.base)
	if err != nil {
		return err
	}
	var results struct {
		Items []struct {
			Message, Evidence string
			Refusal           *struct{ Turkish, English string }
		} `json:"items"`
	}
	if err := s.ask(ctx, "signatures", map[string]any{"values": encode(values)}, &results); err != nil {
		return err
	}
	refused := 0
	for n, r := range results.Items {
		switch {
		case r.Refusal != nil:
			refused++
			fmt.Fprintf(p.terminal, "✗ %d: %s\n", n+1, visible(p.in(rem.Text(*r.Refusal))))
		case r.Message != "":
			fmt.Fprintf(p.terminal, "✓ %d: %s (%s)\n", n+1, p.in(text("gönderildi", "sent")), visible(r.Message))
		}
	}
	if refused > 0 {
		return problemOf("refused", "Kabul edilmeyen ileti var.", "A message was not accepted.")
	}
	return nil
}

// inspect reads a message itself: what is shown then is what is signed, whatever the
// provider said about it.
func (p *program) inspect(ctx context.Context, s *provider, n int, i *shownItem) error {
	r, err := s.do(ctx, http.MethodGet, "original/"+strconv.Itoa(n), nil)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(io.LimitReader(r.Body, maxOriginal+1))
	if err != nil || len(b) > maxOriginal {
		return &problem{"answer", text("İleti alınamadı.", "The message could not be fetched."), err}
	}
	odd := func(err error) error {
		return &problem{"changed", text("Sağlayıcının verdiği ileti okunamıyor ya da bildirilen iletiden farklı. İmzalanmadı.", "The message that the provider gave cannot be read, or is not the one it told of. Nothing was signed."), err}
	}
	u, err := smime.Prepare(mime.Memory(b), "remsign")
	if err != nil {
		return odd(err)
	}
	digest, err := u.Digest(crypto.SHA256)
	if err != nil {
		return odd(err)
	}
	header, err := mime.ReadHeader(mime.Memory(b), mime.DefaultLimits)
	if err != nil {
		return odd(err)
	}
	a, err := header.Addresses(mime.DefaultLimits)
	if err != nil {
		return odd(err)
	}
	subject, _ := mime.DecodeText(header.Get("Subject"))
	if hex.EncodeToString(digest) != i.Digest {
		return odd(nil)
	}
	names := func(list []mime.Mailbox) (out []string) {
		for _, m := range list {
			out = append(out, m.Address)
		}
		return out
	}
	*i = shownItem{Subject: subject, From: a.From.Address, To: names(a.To), Cc: names(a.Cc), Size: int64(len(b)), Digest: hex.EncodeToString(digest)}
	if p.Sign.Keep == "" {
		return nil
	}
	name := filepath.Join(p.Sign.Keep, fmt.Sprintf("%s-%d.eml", i.Digest[:12], n+1))
	if err := os.WriteFile(name, b, 0o600); err != nil {
		return fmt.Errorf("keeping a message: %w", err)
	}
	p.say(text("Okumak için: "+name, "To read it: "+name))
	return nil
}

// pick finds the certificate that signs: the one that was named, the only one, or the
// one that the person chooses.
func (p *program) pick() (*identity, error) {
	list, err := p.keys.list(p.now())
	if err != nil {
		return nil, err
	}
	if p.Sign.Certificate != "" {
		list = slices.DeleteFunc(list, func(i *identity) bool { return !strings.HasPrefix(i.id, rem.FoldASCII(p.Sign.Certificate)) })
	}
	switch len(list) {
	case 0:
		return nil, noCertificate
	case 1:
		return list[0], nil
	}
	for n, i := range list {
		fmt.Fprintf(p.terminal, "%d) ", n+1)
		p.describe(i)
	}
	fmt.Fprint(p.terminal, p.in(text("Hangi sertifika? ", "Which certificate? ")))
	answer, err := p.Line()
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(answer)
	if err != nil || n < 1 || n > len(list) {
		return nil, declined
	}
	return list[n-1], nil
}
