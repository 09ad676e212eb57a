package verification

import (
	"crypto/x509"
	"sync"

	"rem"
	"rem/trust/validation"
)

// A Subject is what a finding is about.
type Subject string

// The subjects.
const (
	File      Subject = "file"
	Envelope  Subject = "envelope"
	Original  Subject = "original"
	Evidence  Subject = "evidence"
	Signature Subject = "signature"
	Token     Subject = "token"
	Digest    Subject = "digest"
	Frame     Subject = "frame" // what an envelope has around its signed part
	Issuer    Subject = "issuer"
	Chain     Subject = "chain"
	Step      Subject = "step"
)

// A Finding is what was found out about one thing.
type Finding struct {
	Subject Subject                  `json:"subject"`
	Name    string                   `json:"name,omitempty"`
	Verdict validation.Verdict       `json:"verdict"`
	Sub     validation.SubIndication `json:"subIndication,omitempty"`
	// Detail says why the verdict is not TOTAL-PASSED, in English.
	Detail string     `json:"detail,omitempty"`
	Facts  []Fact     `json:"facts,omitempty"`
	Checks []Check    `json:"checks,omitempty"`
	Parts  []*Finding `json:"parts,omitempty"`
}

// A Fact is something that the bytes say. The keys are fixed words; the values
// come from the bytes, and those of evidence are covered by its signature.
type Fact struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// A Check is one thing that was looked at.
type Check struct {
	Name   string `json:"name"`
	Passed bool   `json:"passed"`
	Detail string `json:"detail,omitempty"`
}

// A Report is the findings about files that were given together.
type Report struct {
	Verdict  validation.Verdict `json:"verdict"`
	Findings []*Finding         `json:"findings"`
	// Unreadable names the files that are none of what can be verified.
	Unreadable []string `json:"unreadable,omitempty"`
}

// fact adds what the bytes say, unless they say nothing.
func (f *Finding) fact(key, value string) {
	if value != "" {
		f.Facts = append(f.Facts, Fact{key, value})
	}
}

// part adds a finding, whose verdict weighs.
func (f *Finding) part(p *Finding) *Finding {
	f.Parts = append(f.Parts, p)
	return p
}

// passed, unknown and failed make findings with their three verdicts.
func passed(s Subject, name string) *Finding {
	return &Finding{Subject: s, Name: name, Verdict: validation.TotalPassed}
}

func unknown(s Subject, name string, sub validation.SubIndication, detail string) *Finding {
	return &Finding{Subject: s, Name: name, Verdict: validation.Indeterminate, Sub: sub, Detail: detail}
}

func failed(s Subject, name string, sub validation.SubIndication, detail string) *Finding {
	return &Finding{Subject: s, Name: name, Verdict: validation.TotalFailed, Sub: sub, Detail: detail}
}

// conclude gives a finding the worst verdict among its own and its parts'. One
// that found nothing is INDETERMINATE.
func (f *Finding) conclude() *Finding {
	for _, p := range f.Parts {
		p.conclude()
		if worse(p.Verdict, f.Verdict) {
			f.Verdict, f.Sub, f.Detail = p.Verdict, p.Sub, p.Detail
		}
	}
	return f
}

func worse(a, b validation.Verdict) bool { return weight(a) > weight(b) }

func weight(v validation.Verdict) int {
	switch v {
	case validation.TotalPassed:
		return 0
	case validation.TotalFailed:
		return 2
	}
	return 1
}

// judged makes the finding of a signature from validation's report, its tokens
// as parts.
func (v *Verifier) judged(s Subject, name string, r *validation.Report) *Finding {
	f := &Finding{Subject: s, Name: name, Verdict: r.Verdict, Sub: r.Sub}
	f.fact("level", r.Level)
	if r.Certificate != nil {
		c := v.names.of(r.Certificate)
		f.fact("signer", c.subject)
		f.fact("signer certificate", c.digest)
		f.fact("certificate issuer", c.issuer)
	}
	if n := len(r.Chain); n > 0 {
		f.fact("anchor", v.names.of(r.Chain[n-1]).subject)
	}
	if !r.SigningTime.IsZero() && s != Token {
		f.fact("claimed time", stamp(r.SigningTime))
	}
	switch {
	case s == Token && !r.Proof.IsZero():
		f.fact("time", stamp(r.Proof))
	case r.Proven:
		f.fact("proven time", stamp(r.Proof))
	}
	for _, c := range r.Checks {
		f.Checks = append(f.Checks, Check{c.Name, c.Passed, c.Detail})
		if !c.Passed && f.Detail == "" {
			f.Detail = c.Name + ": " + c.Detail
		}
	}
	for _, t := range r.Tokens {
		f.part(v.judged(Token, "", t))
	}
	return f
}

// A name is how a certificate is called in a report.
type name struct{ subject, issuer, digest string }

// names remembers the names of certificates: in bulk few certificates sign much,
// and spelling one takes as long as parsing an evidence. Certificates that are
// one value have one name; another copy is spelled again.
type names struct {
	mu    sync.Mutex
	known map[*x509.Certificate]name // guarded by mu; at most maxCertificates
}

func (n *names) of(c *x509.Certificate) name {
	n.mu.Lock()
	defer n.mu.Unlock()
	if found, ok := n.known[c]; ok {
		return found
	}
	if n.known == nil || len(n.known) >= maxCertificates {
		n.known = make(map[*x509.Certificate]name)
	}
	spelled := name{c.Subject.String(), c.Issuer.String(), rem.DigestOf(c.Raw).String()}
	n.known[c] = spelled
	return spelled
}
