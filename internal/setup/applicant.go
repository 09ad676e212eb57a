package setup

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"rem"
	"rem/person"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/person/login"
	"rem/privacy"
	"rem/provider/staff"
	"rem/trust/cades"
)

// A Signer signs for an applicant with a qualified certificate.
type Signer interface {
	Sign(ctx context.Context, digest []byte, at time.Time) ([]byte, error)
}

var _ Signer = (*cades.Signer)(nil)

// An Applicant is a synthetic person who applies.
type Applicant struct {
	Address string            // the wished one
	Typed   application.Input // everything else of the form
	Signer  Signer
	// Signs opens the account by a signature; without it by a link that comes by
	// mail and a code that comes by text message.
	Signs bool
	// From is where his browser is; zero: this machine.
	From netip.Addr
}

// Applicant gives what the n-th synthetic person types.
func (p *Person) Applicant(signs bool) Applicant {
	return Applicant{Address: p.Address, Signer: p.Signer, Signs: signs, Typed: application.Input{
		"identity-number": p.IdentityNumber, "given-names": p.GivenName, "family-name": p.FamilyName, "birth-date": p.Birth.Format("02.01.2006"),
		"mobile": p.Mobile, "mail-address": p.Mail, "address": "Örnek Mahallesi, Deneme Sokağı 2", "district": "Çankaya", "province": "Ankara", "postal-code": "06690",
		"service": application.SendAndReceive,
	}}
}

// A Holder has an account and can log in.
type Holder struct {
	Application person.ApplicationID
	Account     rem.AccountID
	Person      rem.PersonID
	Password    string // of the pages
	TOTP, URI   string // the secret of the authenticator app, and what its square code says
}

func (a *Applicant) visitor() login.Visitor {
	v := login.Visitor{Address: a.From, Agent: "rem demonstration"}
	if !v.Address.IsValid() {
		v.Address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return v
}

// waitFor is how long a text message or a mail may take.
const waitFor = 30 * time.Second

// Apply takes an applicant through: the notice, the form, the signature over it, the
// approval by another, the channels, the account, and the credentials.
func (h *House) Apply(ctx context.Context, t Team, a Applicant) (Holder, error) {
	b, err := h.apply(ctx, a)
	if err != nil {
		return Holder{}, fmt.Errorf("applying: %w", err)
	}
	if err := h.approve(ctx, t, b.Bearer.Application()); err != nil {
		return Holder{}, fmt.Errorf("approving: %w", err)
	}
	o := Holder{Application: b.Bearer.Application()}
	if o.Account, err = h.activate(ctx, a, b.Bearer); err != nil {
		return Holder{}, fmt.Errorf("opening the account: %w", err)
	}
	grant, err := h.Enrolment.Applicants().LogIn(ctx, b.Bearer)
	if err != nil {
		return Holder{}, fmt.Errorf("granting the log-in: %w", err)
	}
	return o, h.credentials(ctx, &o, a, grant.Secret)
}

func (h *House) apply(ctx context.Context, a Applicant) (enrolment.Begun, error) {
	b, err := h.HandIn(ctx, a, identity.Signature)
	if err != nil {
		return b, err
	}
	all := h.Enrolment.Applicants()
	form, err := all.FormToSign(ctx, b.Bearer)
	if err != nil {
		return b, err
	}
	signature, err := sign(ctx, a.Signer, form)
	if err != nil {
		return b, err
	}
	return b, all.Sign(ctx, b.Bearer, signature)
}

// HandIn takes an applicant from the notice to the choice of a method.
func (h *House) HandIn(ctx context.Context, a Applicant, m identity.Method) (enrolment.Begun, error) {
	all := h.Enrolment.Applicants()
	_, digest, err := h.Notices.NoticeInForce(time.Now())
	if err != nil {
		return enrolment.Begun{}, err
	}
	b, err := all.Begin(ctx, person.Natural, enrolment.Shown{Notice: digest, Language: privacy.Turkish, Channel: privacy.Website})
	if err != nil {
		return b, err
	}
	in := application.Input{"kep-address": a.Address}
	for name, value := range a.Typed {
		in[name] = value
	}
	if err := all.Save(ctx, b.Bearer, false, in); err != nil {
		return b, err
	}
	texts, err := h.Enrolment.Texts()
	if err != nil {
		return b, err
	}
	if err := all.Submit(ctx, b.Bearer, false, in, texts); err != nil {
		return b, err
	}
	return b, all.Choose(ctx, b.Bearer, m)
}

func sign(ctx context.Context, s Signer, text []byte) ([]byte, error) {
	digest := rem.DigestOf(text)
	return s.Sign(ctx, digest[:], time.Now())
}

// approve is the act of somebody who did not collect.
func (h *House) approve(ctx context.Context, t Team, id person.ApplicationID) error {
	by, err := h.Staff.Act(ctx, t.Approver, staff.Approver, "demonstration")
	if err != nil {
		return err
	}
	desk := h.Enrolment.Desk()
	if err := desk.TakeUp(ctx, by, id); err != nil {
		return err
	}
	if _, err := desk.Open(ctx, by, id); err != nil {
		return err
	}
	return desk.Approve(ctx, by, id)
}

func (h *House) activate(ctx context.Context, a Applicant, b enrolment.Bearer) (rem.AccountID, error) {
	all := h.Enrolment.Applicants()
	if a.Signs {
		text, err := all.ActivationText(ctx, b)
		if err != nil {
			return "", err
		}
		signature, err := sign(ctx, a.Signer, text)
		if err != nil {
			return "", err
		}
		return all.ActivateSigned(ctx, b, signature, all.Results().Read)
	}
	var secret login.Secret
	err := h.arrives(ctx, func() bool {
		for _, m := range h.World.Mails() {
			if m.To == a.Typed["mail-address"] {
				if secret = linked(m.Body); !secret.IsZero() {
					if _, err := all.Arrive(ctx, secret); err == nil {
						return true
					}
				}
			}
		}
		return false
	})
	if err != nil {
		return "", fmt.Errorf("waiting for the mail: %w", err)
	}
	if err := all.SendCode(ctx, b); err != nil {
		return "", err
	}
	mobile, err := person.ParseMobile(a.Typed["mobile"])
	if err != nil {
		return "", err
	}
	code := ""
	err = h.arrives(ctx, func() bool {
		for _, s := range h.Own.Services.Texts() {
			if s.To == mobile.Reveal() {
				code = digits.FindString(s.Body)
			}
		}
		return code != ""
	})
	if err != nil {
		return "", fmt.Errorf("waiting for the text message: %w", err)
	}
	if err := all.Enter(ctx, b, code); err != nil {
		return "", err
	}
	return all.Activate(ctx, b, all.Results().Read)
}

var (
	digits = regexp.MustCompile(`\b[0-9]{6}\b`)
	links  = regexp.MustCompile(`https://\S+`)
)

// linked finds the secret in a link of a mail; zero: there is none.
func linked(body string) login.Secret {
	for _, link := range links.FindAllString(body, -1) {
		u, err := url.Parse(link)
		if err != nil {
			continue
		}
		for _, values := range u.Query() {
			if s, err := login.ParseSecret(values[0]); err == nil {
				return s
			}
		}
	}
	return login.Secret{}
}

// arrives waits until something is there.
func (h *House) arrives(ctx context.Context, there func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, waitFor)
	defer cancel()
	for !there() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// credentials sets what a holder logs in by: a password, and an authenticator app.
func (h *House) credentials(ctx context.Context, o *Holder, a Applicant, grant login.Secret) error {
	fail := func(err error) error { return fmt.Errorf("setting the credentials: %w", err) }
	visitor := a.visitor()
	s, err := h.Login.Redeem(ctx, visitor, grant)
	if err != nil {
		return fail(err)
	}
	o.Person, o.Password = s.Session.Who.Person, Password()
	if s, err = h.Login.SetPassword(ctx, s.Session, visitor, o.Password, a.Address, a.Typed["given-names"], a.Typed["family-name"]); err != nil {
		return fail(err)
	}
	proposed, err := h.Login.ProposeTOTP(ctx, s.Session, visitor, a.Address)
	if err != nil {
		return fail(err)
	}
	o.TOTP, o.URI = strings.ReplaceAll(proposed.Typed, " ", ""), proposed.URI
	// The code of half a minute ago is good too, and leaves the one of now. Where a
	// half minute ends between the two lines it is not, and the next one is.
	for range 2 {
		var code string
		if code, err = totp.GenerateCode(o.TOTP, time.Now().Add(-30*time.Second)); err != nil {
			return fail(err)
		}
		if s, err = h.Login.ConfirmTOTP(ctx, proposed.Session, visitor, code); !errors.Is(err, login.ErrWrong) {
			break
		}
	}
	if err != nil {
		return fail(err)
	}
	if s.Session.Level == login.Enrolling {
		return fail(errors.New("they are not enough to log in by"))
	}
	// What is left of this is a session of nobody's browser.
	if err := h.Login.EndAll(ctx, o.Person); err != nil {
		return fail(err)
	}
	return nil
}

// Code is the holder's one-time code of now.
func (o *Holder) Code() (string, error) { return totp.GenerateCode(o.TOTP, time.Now()) }
