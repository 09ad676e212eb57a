package passkey

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"rem/person/login"
)

var _ login.Passkeys = (*Passkeys)(nil)

// Bounds on what a browser sends, in octets.
const (
	maxAnswer     = 64 << 10
	maxCredential = 1023 // WebAuthn 4, credential ID
	maxKey        = 4 << 10
	maxTransports = 8
)

// Passkeys speaks WebAuthn for one origin. It may be used from many goroutines.
type Passkeys struct{ web *webauthn.WebAuthn }

// New returns one for an origin such as "https://kep.example"; id is its host, or
// a domain above it; name is what authenticators show.
func New(id, origin, name string) (*Passkeys, error) {
	if err := fits(id, origin); err != nil {
		return nil, fmt.Errorf("preparing passkeys for %s: %w", origin, err)
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: id, RPDisplayName: name, RPOrigins: []string{origin},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("preparing passkeys for %s: %w", origin, err)
	}
	return &Passkeys{w}, nil
}

// fits says whether passkeys of the domain can be used on pages of the origin. The
// library would find out at the first ceremony.
func fits(id, origin string) error {
	u, err := url.Parse(origin)
	switch {
	case err != nil:
		return err
	case u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost"):
		return errors.New("browsers give passkeys to https and localhost alone")
	case u.Scheme+"://"+u.Host != origin:
		return errors.New("an origin has no path")
	case id == "" || u.Hostname() != id && !strings.HasSuffix(u.Hostname(), "."+id):
		return fmt.Errorf("its host is not in the domain %q", id)
	}
	return nil
}

// user is whom a ceremony is for, as the library wants it.
type user struct {
	handle []byte
	label  string
	keys   []webauthn.Credential
}

func (u *user) WebAuthnID() []byte                         { return u.handle }
func (u *user) WebAuthnName() string                       { return u.label }
func (u *user) WebAuthnDisplayName() string                { return u.label }
func (u *user) WebAuthnCredentials() []webauthn.Credential { return u.keys }

// algorithms that are taken, the wished one first.
var algorithms = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgEdDSA},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// Create implements login.Passkeys.
func (p *Passkeys) Create(handle, challenge []byte, label string, have []login.Passkey) ([]byte, error) {
	var exclude []protocol.CredentialDescriptor
	for _, k := range have {
		c := credential(k)
		exclude = append(exclude, c.Descriptor())
	}
	options, _, err := p.web.BeginRegistration(&user{handle: handle, label: label},
		webauthn.WithExclusions(exclude), webauthn.WithCredentialParameters(algorithms),
		func(o *protocol.PublicKeyCredentialCreationOptions) error {
			o.Challenge = protocol.URLEncodedBase64(challenge)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("beginning a registration: %w", err)
	}
	return json.Marshal(options)
}

// Created implements login.Passkeys.
func (p *Passkeys) Created(handle, challenge, answer []byte) (login.Passkey, error) {
	if len(answer) > maxAnswer {
		return login.Passkey{}, fmt.Errorf("%w: too long", login.ErrCeremony)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return login.Passkey{}, bad(err)
	}
	c, err := p.web.CreateCredential(&user{handle: handle}, webauthn.SessionData{
		Challenge: base64.RawURLEncoding.EncodeToString(challenge), RelyingPartyID: p.web.Config.RPID, UserID: handle,
		UserVerification: protocol.VerificationRequired, CredParams: algorithms,
	}, parsed)
	if err != nil {
		return login.Passkey{}, bad(err)
	}
	switch {
	case len(c.ID) == 0 || len(c.ID) > maxCredential || len(c.PublicKey) > maxKey || len(c.Transport) > maxTransports:
		return login.Passkey{}, fmt.Errorf("%w: too long", login.ErrCeremony)
	case !c.Flags.UserVerified:
		return login.Passkey{}, fmt.Errorf("%w: the user was not verified", login.ErrCeremony)
	}
	var transports []string
	for _, t := range c.Transport {
		// They go back into options; only the words of the standard do.
		if slices.Contains([]string{"usb", "nfc", "ble", "smart-card", "hybrid", "internal"}, string(t)) {
			transports = append(transports, string(t))
		}
	}
	return login.Passkey{
		Credential: c.ID, Key: c.PublicKey, Counter: c.Authenticator.SignCount,
		Eligible: c.Flags.BackupEligible, Backed: c.Flags.BackupState, Transports: strings.Join(transports, " "),
	}, nil
}

// Get implements login.Passkeys.
func (p *Passkeys) Get(challenge []byte) ([]byte, error) {
	options, _, err := p.web.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired),
		func(o *protocol.PublicKeyCredentialRequestOptions) error {
			o.Challenge = protocol.URLEncodedBase64(challenge)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("beginning a log-in by passkey: %w", err)
	}
	return json.Marshal(options)
}

// Read implements login.Passkeys.
func (p *Passkeys) Read(answer []byte) (credential, challenge []byte, err error) {
	if len(answer) > maxAnswer {
		return nil, nil, fmt.Errorf("%w: too long", login.ErrCeremony)
	}
	var a struct {
		RawID    protocol.URLEncodedBase64 `json:"rawId"`
		Response struct {
			ClientData protocol.URLEncodedBase64 `json:"clientDataJSON"`
		} `json:"response"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return nil, nil, bad(err)
	}
	var client struct {
		Challenge string `json:"challenge"`
	}
	if err := json.Unmarshal(a.Response.ClientData, &client); err != nil {
		return nil, nil, bad(err)
	}
	if challenge, err = base64.RawURLEncoding.Strict().DecodeString(client.Challenge); err != nil {
		return nil, nil, bad(err)
	}
	if len(a.RawID) > maxCredential {
		return nil, nil, fmt.Errorf("%w: too long", login.ErrCeremony)
	}
	return a.RawID, challenge, nil
}

// Got implements login.Passkeys.
func (p *Passkeys) Got(handle, challenge, answer []byte, by login.Passkey) (login.PasskeyUse, bool, error) {
	if len(answer) > maxAnswer {
		return login.PasskeyUse{}, false, fmt.Errorf("%w: too long", login.ErrCeremony)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return login.PasskeyUse{}, false, bad(err)
	}
	if string(parsed.RawID) != string(by.Credential) {
		return login.PasskeyUse{}, false, fmt.Errorf("%w: another passkey's", login.ErrCeremony)
	}
	u := &user{handle: handle, keys: []webauthn.Credential{credential(by)}}
	_, c, err := p.web.ValidatePasskeyLogin(func(_, said []byte) (webauthn.User, error) {
		if string(said) != string(handle) {
			return nil, errors.New("another user's")
		}
		return u, nil
	}, webauthn.SessionData{
		Challenge: base64.RawURLEncoding.EncodeToString(challenge), RelyingPartyID: p.web.Config.RPID, UserVerification: protocol.VerificationRequired,
	}, parsed)
	if err != nil {
		return login.PasskeyUse{}, false, bad(err)
	}
	use := login.PasskeyUse{Credential: by.Credential, Before: by.Counter, Counter: c.Authenticator.SignCount, Backed: c.Flags.BackupState}
	return use, c.Authenticator.CloneWarning, nil
}

func credential(k login.Passkey) webauthn.Credential {
	c := webauthn.Credential{
		ID: k.Credential, PublicKey: k.Key,
		Flags:         webauthn.CredentialFlags{UserPresent: true, UserVerified: true, BackupEligible: k.Eligible, BackupState: k.Backed},
		Authenticator: webauthn.Authenticator{SignCount: k.Counter},
	}
	for t := range strings.FieldsSeq(k.Transports) {
		c.Transport = append(c.Transport, protocol.AuthenticatorTransport(t))
	}
	return c
}

func bad(err error) error { return fmt.Errorf("%w: %w", login.ErrCeremony, err) }
