package trustlist

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rem"
	"rem/trust/strictxml"
)

// The namespaces of the versions of the format (docs/formats/trust-list.md). A
// list is written in the first version that can say what it says, so that
// readers of the first go on where nothing of the second is used.
const (
	Namespace1 = "urn:rem:trust-list:1"
	Namespace2 = "urn:rem:trust-list:2" // names service addresses
)

// namespace is that in which the list is written.
func (l *List) namespace() string {
	if slices.ContainsFunc(l.Providers, func(p Provider) bool { return p.Service != "" }) {
		return Namespace2
	}
	return Namespace1
}

// Limits are those of reading a list. A provider's element is about 6 KB.
var Limits = strictxml.Limits{MaxBytes: MaxBytes, MaxDepth: 16, MaxElements: 1 << 15, MaxAttributes: 8}

const timeForm = "2006-01-02T15:04:05Z"

// Encode checks the list and writes it in its one form, which is its own
// exclusive canonical form, without a signature.
func (l *List) Encode() ([]byte, error) {
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("writing the trust list: %w", err)
	}
	var w writer
	w.raw(`<TrustList xmlns="` + l.namespace() + `">`)
	w.text("SequenceNumber", strconv.FormatUint(l.Sequence, 10))
	w.text("IssueTime", l.IssueTime.Format(timeForm))
	w.text("NextUpdate", l.NextUpdate.Format(timeForm))
	w.raw("<Operator>")
	w.names(l.Operator)
	w.raw("</Operator>")
	for i := range l.Providers {
		w.provider(&l.Providers[i])
	}
	w.raw("</TrustList>")
	if w.Len() > MaxBytes {
		return nil, fmt.Errorf("writing the trust list: it has more than %d bytes", MaxBytes)
	}
	return w.Bytes(), nil
}

type writer struct{ bytes.Buffer }

func (w *writer) raw(s string) { w.WriteString(s) }

// escape is all that canonical XML escapes in text; check keeps CR out.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func (w *writer) text(name, value string) {
	w.raw("<" + name + ">")
	escape.WriteString(&w.Buffer, value)
	w.raw("</" + name + ">")
}

func (w *writer) names(t rem.Text) {
	w.raw(`<Name lang="tr">`)
	escape.WriteString(&w.Buffer, t.Turkish)
	w.raw(`</Name><Name lang="en">`)
	escape.WriteString(&w.Buffer, t.English)
	w.raw(`</Name>`)
}

func (w *writer) provider(p *Provider) {
	w.raw("<Provider>")
	w.text("Code", p.Code)
	for _, d := range p.Domains {
		w.text("Domain", d)
	}
	w.names(p.Name)
	for _, r := range p.Relays {
		w.text("Relay", r)
	}
	if p.Service != "" {
		w.text("Service", p.Service)
	}
	for _, c := range p.Operation {
		w.certificate("OperationCertificate", c)
	}
	for _, c := range p.TLS {
		w.certificate("TLSCertificate", c)
	}
	for _, u := range p.Policies {
		w.text("Policy", u)
	}
	w.text("Profile", string(p.Profile))
	w.text("SizeLimit", strconv.FormatInt(p.SizeLimit, 10))
	for _, c := range p.History {
		w.raw(`<Status from="` + c.From.Format(timeForm) + `">` + string(c.Status) + "</Status>")
	}
	w.raw("</Provider>")
}

func (w *writer) certificate(name string, c Certificate) {
	w.raw("<" + name + ` from="` + c.From.Format(timeForm) + `"`)
	if !c.Until.IsZero() {
		w.raw(` until="` + c.Until.Format(timeForm) + `"`)
	}
	w.raw(">" + base64.StdEncoding.EncodeToString(c.Raw) + "</" + name + ">")
}

// Parse reads a list without its signature, as [List.Encode] writes it and as
// the verification of the signature returns it. It believes nothing: use
// [Verify] for a list that comes from anywhere.
//
// What is read is written again and compared, so that a list has one form
// only: no element more, none in another place, no comment, no other spelling
// of a time or a number.
func Parse(src []byte) (*List, error) {
	doc, err := strictxml.Parse(src, Limits)
	if err != nil {
		return nil, fmt.Errorf("reading the trust list: %w", err)
	}
	return read(doc)
}

// ErrForm is wrapped when a list is well-formed XML and not in its one form.
var ErrForm = errors.New("not in the form of a trust list")

func read(doc *strictxml.Document) (*List, error) {
	if !doc.Root.Is(Namespace1, "TrustList") && !doc.Root.Is(Namespace2, "TrustList") {
		return nil, fmt.Errorf("reading the trust list: %w: the root is %.64q", ErrForm, doc.Root.Local)
	}
	var r reader
	l := r.list(doc.Root)
	if r.err != nil {
		return nil, fmt.Errorf("reading the trust list: %w: %w", ErrForm, r.err)
	}
	again, err := l.Encode()
	if err != nil {
		return nil, fmt.Errorf("reading the trust list: %w: %w", ErrForm, err)
	}
	if !bytes.Equal(again, doc.Source) {
		return nil, fmt.Errorf("reading the trust list: %w: it is not written in the one way", ErrForm)
	}
	return l, nil
}

// A reader keeps the first error; what it returns afterwards means nothing.
type reader struct{ err error }

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *reader) list(root *strictxml.Element) *List {
	l := &List{}
	for e := range root.ChildElements() {
		if r.err != nil {
			break
		}
		switch e.Local {
		case "SequenceNumber":
			l.Sequence = uint64(r.number(e))
		case "IssueTime":
			l.IssueTime = r.time(r.text(e))
		case "NextUpdate":
			l.NextUpdate = r.time(r.text(e))
		case "Operator":
			for n := range e.ChildElements() {
				r.name(n, &l.Operator)
			}
		case "Provider":
			if len(l.Providers) >= maxProviders {
				r.fail("more than %d providers", maxProviders)
				break
			}
			l.Providers = append(l.Providers, r.provider(e))
		}
	}
	return l
}

func (r *reader) provider(provider *strictxml.Element) Provider {
	var p Provider
	for e := range provider.ChildElements() {
		if r.err != nil {
			break
		}
		switch e.Local {
		case "Code":
			p.Code = r.text(e)
		case "Domain":
			p.Domains = append(p.Domains, r.text(e))
		case "Name":
			r.name(e, &p.Name)
		case "Relay":
			p.Relays = append(p.Relays, r.text(e))
		case "Service":
			p.Service = r.text(e)
		case "OperationCertificate":
			p.Operation = append(p.Operation, r.certificate(e))
		case "TLSCertificate":
			p.TLS = append(p.TLS, r.certificate(e))
		case "Policy":
			p.Policies = append(p.Policies, r.text(e))
		case "Profile":
			p.Profile = Profile(r.text(e))
		case "SizeLimit":
			p.SizeLimit = r.number(e)
		case "Status":
			p.History = append(p.History, Change{Status(r.text(e)), r.time(r.attr(e, "from"))})
		}
	}
	return p
}

func (r *reader) certificate(e *strictxml.Element) Certificate {
	der, err := base64.StdEncoding.Strict().DecodeString(r.text(e))
	if err != nil {
		r.fail("%s: %w", e.Local, err)
		return Certificate{}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		r.fail("%s: %w", e.Local, err)
		return Certificate{}
	}
	c := Certificate{Certificate: cert, From: r.time(r.attr(e, "from"))}
	if until := r.attr(e, "until"); until != "" {
		c.Until = r.time(until)
	}
	return c
}

func (r *reader) name(e *strictxml.Element, t *rem.Text) {
	switch r.attr(e, "lang") {
	case "tr":
		t.Turkish = r.text(e)
	case "en":
		t.English = r.text(e)
	}
}

func (r *reader) text(e *strictxml.Element) string {
	s, err := e.Text()
	if err != nil {
		r.fail("%w", err)
	}
	return s
}

// attr returns an attribute's value, "" when it is not there.
func (r *reader) attr(e *strictxml.Element, local string) string {
	i := slices.IndexFunc(e.Attrs, func(a strictxml.Attr) bool { return a.Space == "" && a.Local == local })
	if i < 0 {
		return ""
	}
	return e.Attrs[i].Value
}

func (r *reader) number(e *strictxml.Element) int64 {
	n, err := strconv.ParseInt(r.text(e), 10, 64)
	if err != nil {
		r.fail("%s is not a number", e.Local)
	}
	return n
}

func (r *reader) time(s string) time.Time {
	t, err := time.Parse(timeForm, s)
	if err != nil {
		r.fail("%.40q is not a time", s)
	}
	return t
}
