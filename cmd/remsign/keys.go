package main

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"rem/edge/pkcs11"
)

// keys are the certificates that can sign here: those on cards, and that of a PKCS #12
// file.
type keys struct {
	modules []*pkcs11.Module
	file    *identity
}

// An identity is a certificate with where its key is.
type identity struct {
	id    string // SHA-256 of the certificate, in hexadecimal
	chain []*x509.Certificate

	module *pkcs11.Module // nil: the key is here
	token  pkcs11.Token
	on     pkcs11.Certificate
	key    crypto.Signer
}

func idOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

func (i *identity) name() string { return visible(i.chain[0].Subject.CommonName) }

func (i *identity) where() string {
	if i.module == nil {
		return "PKCS #12"
	}
	return visible(i.token.Label)
}

func (i *identity) until() time.Time { return i.chain[0].NotAfter }

func issuerName(c *x509.Certificate) string {
	if c.Issuer.CommonName != "" {
		return visible(c.Issuer.CommonName)
	}
	return visible(strings.Join(c.Issuer.Organization, " "))
}

// open loads the modules. One that was named has to load; of those in usual places it
// is enough that one does.
func (p *program) open() error {
	p.keys = &keys{}
	if p.P12 != "" {
		i, err := p.readFile()
		if err != nil {
			return err
		}
		p.keys.file = i
	}
	named := len(p.Module) > 0
	paths := p.Module
	if !named && p.P12 == "" {
		for _, path := range pkcs11.Usual(runtime.GOOS) {
			if _, err := os.Stat(path); err == nil {
				paths = append(paths, path)
			}
		}
		if len(paths) == 0 {
			return &problem{"module", text(
				"Kartınızın sürücüsü (PKCS #11 modülü) bilinen yerlerde bulunamadı. Kart üreticisinin programını kurun ya da yolunu verin: remsign --module YOL",
				"The module of your card (PKCS #11) was not found in the usual places. Install the program of the card's maker, or give its path: remsign --module PATH"), nil}
		}
	}
	var failed error
	for _, path := range paths {
		m, err := openModule(path)
		if err != nil {
			failed = err
			if named {
				break
			}
			continue
		}
		p.keys.modules = append(p.keys.modules, m)
	}
	if failed != nil && (named || len(p.keys.modules) == 0) {
		p.keys.close()
		return failed
	}
	return nil
}

func openModule(path string) (*pkcs11.Module, error) {
	if why, ok := pkcs11.Explain(path); !ok {
		return nil, &problem{"module", why, nil}
	}
	m, err := pkcs11.Open(path)
	if err != nil {
		return nil, &problem{"module", text("Kartın sürücüsü yüklenemedi: "+path, "The card's module could not be loaded: "+path), err}
	}
	return m, nil
}

func (k *keys) close() {
	for _, m := range k.modules {
		_ = m.Close() // the program ends
	}
	k.modules = nil
}

const maxFile = 1 << 20

// readFile reads the PKCS #12 file; its password is asked for once.
func (p *program) readFile() (*identity, error) {
	cannot := func(err error) error {
		return &problem{"p12", text("PKCS #12 dosyası açılamadı: "+p.P12, "The PKCS #12 file could not be opened: "+p.P12), err}
	}
	info, err := os.Stat(p.P12)
	if err != nil {
		return nil, cannot(err)
	}
	if info.Size() > maxFile {
		return nil, cannot(errors.New("it is too large"))
	}
	b, err := os.ReadFile(p.P12)
	if err != nil {
		return nil, cannot(err)
	}
	p.say(text("PKCS #12 dosyası yalnızca deneme içindir.", "A PKCS #12 file is for tests only."))
	fmt.Fprint(p.terminal, p.in(text("Dosyanın parolası: ", "The file's password: ")))
	password, err := p.Secret()
	if err != nil {
		return nil, err
	}
	defer clear(password)
	key, leaf, more, err := pkcs12.DecodeChain(b, string(password))
	if err != nil {
		return nil, cannot(err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, cannot(fmt.Errorf("its key is of type %T", key))
	}
	return &identity{id: idOf(leaf), chain: chainOf(leaf, more), key: signer}, nil
}

// list gives what can sign now. Cards may come and go between two calls.
func (k *keys) list(now time.Time) ([]*identity, error) {
	var out []*identity
	if k.file != nil {
		out = append(out, k.file)
	}
	for _, m := range k.modules {
		tokens, err := m.Tokens()
		if err != nil {
			return nil, cardProblem(err)
		}
		for _, t := range tokens {
			found, err := onToken(m, t)
			if err != nil {
				return nil, cardProblem(err)
			}
			out = append(out, found...)
		}
	}
	return slices.DeleteFunc(out, func(i *identity) bool { return !maySign(i.chain[0], now) }), nil
}

func onToken(m *pkcs11.Module, t pkcs11.Token) (out []*identity, err error) {
	s, err := m.Open(t)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	list, err := s.Certificates()
	if err != nil {
		return nil, err
	}
	var all []*x509.Certificate
	for _, c := range list {
		all = append(all, c.Certificate)
	}
	for _, c := range list {
		if !c.IsCA {
			out = append(out, &identity{id: idOf(c.Certificate), chain: chainOf(c.Certificate, all), module: m, token: t, on: c})
		}
	}
	return out, nil
}

// chainOf follows the issuers among the certificates at hand, to where they end.
func chainOf(leaf *x509.Certificate, all []*x509.Certificate) []*x509.Certificate {
	const longest = 5
	chain := []*x509.Certificate{leaf}
	for last := leaf; len(chain) < longest; {
		at := slices.IndexFunc(all, func(c *x509.Certificate) bool {
			return c.IsCA && bytes.Equal(c.RawSubject, last.RawIssuer) && !slices.Contains(chain, c) && last.CheckSignatureFrom(c) == nil
		})
		if at < 0 || bytes.Equal(all[at].RawSubject, all[at].RawIssuer) {
			break // the root is known to whoever verifies
		}
		last = all[at]
		chain = append(chain, last)
	}
	return chain
}

// maySign keeps back certificates that cannot sign mail: of authorities, out of their
// time, for encryption or for logging in only.
func maySign(c *x509.Certificate, now time.Time) bool {
	return !c.IsCA && !now.Before(c.NotBefore) && !now.After(c.NotAfter) &&
		(c.KeyUsage == 0 || c.KeyUsage&(x509.KeyUsageContentCommitment|x509.KeyUsageDigitalSignature) != 0)
}

// cardProblem tells a card's error to the person.
func cardProblem(err error) error {
	if c, ok := errors.AsType[pkcs11.Code](err); ok {
		code := "card"
		switch {
		case c.Locked():
			code = "locked"
		case c.WrongPIN():
			code = "pin"
		}
		return &problem{code, c.Text(), nil}
	}
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	return &problem{"card", text("Kart okunamadı.", "The card could not be read."), err}
}

// certificates is the command.
func (p *program) certificates() error {
	if err := p.open(); err != nil {
		return err
	}
	defer p.keys.close()
	list, err := p.keys.list(p.now())
	if err != nil {
		return err
	}
	if len(list) == 0 {
		p.say(noCertificate.Text)
		return nil
	}
	for _, i := range list {
		p.describe(i)
	}
	return nil
}

var noCertificate = problemOf("none",
	"Takılı kartlarda imzalama sertifikası yok. Kart takılı mı? Bazı kartlar sertifikayı PIN'siz göstermez; onlarla henüz çalışılmıyor.",
	"There is no signing certificate on the cards that are there. Is the card in? Some cards show theirs after the PIN only; remsign does not work with those yet.")

func (p *program) describe(i *identity) {
	fmt.Fprintf(p.terminal, "%s\n  %s: %s\n  %s: %s\n  %s: %s\n  SHA-256: %s\n", i.name(),
		p.in(text("veren", "issuer")), issuerName(i.chain[0]), p.in(text("kart", "card")), i.where(),
		p.in(text("son geçerlilik", "valid until")), i.until().In(zone).Format("02.01.2006 15:04"), i.id)
}

// zone is Türkiye's time, which has no summer time.
var zone = time.FixedZone("UTC+3", 3*60*60)

// check is the command.
func (p *program) check() error {
	paths := p.Module
	if len(paths) == 0 {
		paths = pkcs11.Usual(runtime.GOOS)
	}
	good := 0
	fmt.Fprintf(p.terminal, "remsign: %s/%s\n", runtime.GOOS, runtime.GOARCH)
	for _, path := range paths {
		if why, ok := pkcs11.Explain(path); !ok {
			fmt.Fprintf(p.terminal, "✗ %s\n  %s\n", path, p.in(why))
			continue
		}
		m, err := openModule(path)
		if err != nil {
			fmt.Fprintf(p.terminal, "✗ %s\n  %s\n", path, p.words(err))
			continue
		}
		good++
		fmt.Fprintf(p.terminal, "✓ %s\n", path)
		tokens, err := m.Tokens()
		if err != nil {
			fmt.Fprintf(p.terminal, "  %s\n", p.words(cardProblem(err)))
		}
		if err == nil && len(tokens) == 0 {
			fmt.Fprintf(p.terminal, "  %s\n", p.in(text("Okuyucuda kart yok.", "There is no card in the reader.")))
		}
		for _, t := range tokens {
			fmt.Fprintf(p.terminal, "  %s: %s (%s %s)\n", p.in(text("kart", "card")), visible(t.Label), visible(t.Manufacturer), visible(t.Model))
			if w, ok := warning(t.Tries); ok {
				fmt.Fprintf(p.terminal, "  ! %s\n", p.in(w))
			}
		}
		_ = m.Close() // nothing was changed
	}
	if good == 0 {
		return problemOf("module", "Kullanılabilecek bir kart sürücüsü bulunamadı.", "No card module that can be used was found.")
	}
	return nil
}
