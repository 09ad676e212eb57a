package console

import (
	"fmt"
	"strconv"

	"rem"
	"rem/edge/web"
	"rem/provider/staff"
)

// newestPolicy is the version that has to be acknowledged; nil: none is published.
func (p *pages) newestPolicy(r *web.Request) (*staff.Policy, error) {
	all, err := p.Staff.Policies(r.Context())
	if err != nil {
		return nil, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Subject == staff.DataProtection {
			return &all[i], nil
		}
	}
	return nil, nil
}

// policy shows the text of the newest version, whose digest is that of the book, to
// whoever works here, trained or not: it is the one thing that he can do before.
func (p *pages) policy(at string) web.Handler {
	return func(r *web.Request) (web.Answer, error) {
		x, err := p.newestPolicy(r)
		if err != nil {
			return nil, err
		}
		title := text("Politika", "Policy")
		if x == nil {
			return p.page(title, rem.Text{}, block{Text: staffRefusal(staff.ErrNoPolicy)}), nil
		}
		written, err := p.PolicyText(r.Context(), x.Digest)
		if err != nil {
			return nil, fmt.Errorf("reading a policy: %w", err)
		}
		if rem.DigestOf(written) != x.Digest {
			return nil, fmt.Errorf("reading a policy: version %d is another text than the one published", x.Version)
		}
		version := strconv.FormatUint(x.Version, 10)
		b := block{Title: subject(x.Subject), Pre: string(written), Facts: []web.Fact{
			fact("Sürüm", "Version", web.Cell{Text: version}), fact("Yürürlük", "In force from", web.Cell{Time: x.From}), fact("Özet", "Digest", code(x.Digest.String())),
		}}
		m, err := p.Staff.Member(r.Context(), r.Principal.Person())
		if err != nil {
			return nil, answered(err)
		}
		bound := false
		for _, a := range m.Acknowledged {
			if a.Subject == x.Subject && a.Version == x.Version {
				bound = true
				b.Facts = append(b.Facts, fact("Onayınız", "You acknowledged it", web.Cell{Time: a.At}))
			}
		}
		if !bound {
			b.Form = &form{Path: at, Button: text("Okudum, uyacağım", "I have read it and will keep to it"), Hidden: []web.Hidden{{Name: "version", Value: version}, {Name: "digest", Value: x.Digest.String()}}}
		}
		pg := with(r, p.page(title, rem.Text{}, b))
		pg.Wide = false
		return pg, nil
	}
}

// acknowledge records that who asks bound himself to the text that he was shown.
func (p *pages) acknowledge(at string) web.Handler {
	return func(r *web.Request) (web.Answer, error) {
		f, err := r.Form()
		if err != nil {
			return nil, err
		}
		x, err := p.newestPolicy(r)
		if err != nil {
			return nil, err
		}
		if x == nil || f.Get("version") != strconv.FormatUint(x.Version, 10) || f.Get("digest") != x.Digest.String() {
			return nil, staff.ErrOtherPolicy
		}
		if err := p.Staff.Acknowledge(r.Context(), hand(r), x.Subject, x.Version, x.Digest); err != nil {
			return nil, answered(err)
		}
		return done(at, "bound"), nil
	}
}
