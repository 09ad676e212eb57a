package logintest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// Flags of authenticator data, WebAuthn 6.1.
const (
	UserPresent  = 0x01
	UserVerified = 0x04
	Eligible     = 0x08
	Backed       = 0x10
	attested     = 0x40
)

// An Authenticator is a passkey in software, with the browser around it: it
// answers options as navigator.credentials does. A test changes the fields to
// make it misbehave.
type Authenticator struct {
	ID     string // of the relying party
	Origin string
	Flags  byte
	// Counter is what the next answer says.
	Counter    uint32
	Credential []byte
	Handle     []byte // set by Create
	Key        *ecdsa.PrivateKey
	// Client, when set, changes the client data before it is signed.
	Client func(map[string]any)
}

// NewAuthenticator returns one for an origin of the host id.
func NewAuthenticator(id, origin string) *Authenticator {
	a := &Authenticator{ID: id, Origin: origin, Flags: UserPresent | UserVerified, Counter: 1, Credential: make([]byte, 20)}
	rand.Read(a.Credential)
	var err error
	if a.Key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		panic(err)
	}
	return a
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

type publicKey struct {
	PublicKey struct {
		Challenge string `json:"challenge"`
		User      struct {
			ID string `json:"id"`
		} `json:"user"`
	} `json:"publicKey"`
}

func (a *Authenticator) client(what, challenge string) []byte {
	c := map[string]any{"type": what, "challenge": challenge, "origin": a.Origin, "crossOrigin": false}
	if a.Client != nil {
		a.Client(c)
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return b
}

func (a *Authenticator) data(flags byte) []byte {
	hash := sha256.Sum256([]byte(a.ID))
	b := append(hash[:], flags)
	return binary.BigEndian.AppendUint32(b, a.Counter)
}

// cborBytes writes a byte string of up to 65,535 octets, RFC 8949 3.1.
func cborBytes(b []byte) []byte {
	switch n := len(b); {
	case n < 24:
		return append([]byte{0x40 | byte(n)}, b...)
	case n < 256:
		return append([]byte{0x58, byte(n)}, b...)
	default:
		return append([]byte{0x59, byte(n >> 8), byte(n)}, b...)
	}
}

func cborText(s string) []byte { return append([]byte{0x60 | byte(len(s))}, s...) }

// Create answers the options of a registration, with attestation "none".
func (a *Authenticator) Create(options []byte) []byte {
	var o publicKey
	if err := json.Unmarshal(options, &o); err != nil {
		panic(err)
	}
	var err error
	if a.Handle, err = base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID); err != nil {
		panic(err)
	}
	point, err := a.Key.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	// COSE: key type EC2, ES256, P-256, x, y (RFC 9053 2.1, 7.1.1).
	cose := append([]byte{0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21}, cborBytes(point[1:33])...)
	cose = append(append(cose, 0x22), cborBytes(point[33:])...)
	data := append(a.data(a.Flags|attested), make([]byte, 16)...) // the model is not told
	a.Counter++
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.Credential)))
	data = append(append(data, a.Credential...), cose...)
	object := append([]byte{0xA3}, cborText("fmt")...)
	object = append(append(object, cborText("none")...), cborText("attStmt")...)
	object = append(append(object, 0xA0), cborText("authData")...)
	object = append(object, cborBytes(data)...)
	return fmt.Appendf(nil, `{"id":%q,"rawId":%q,"type":"public-key","clientExtensionResults":{},"response":{"clientDataJSON":%q,"attestationObject":%q,"transports":["internal"]}}`,
		b64(a.Credential), b64(a.Credential), b64(a.client("webauthn.create", o.PublicKey.Challenge)), b64(object))
}

// Get answers the options of a log-in, and counts.
func (a *Authenticator) Get(options []byte) []byte {
	var o publicKey
	if err := json.Unmarshal(options, &o); err != nil {
		panic(err)
	}
	client, data := a.client("webauthn.get", o.PublicKey.Challenge), a.data(a.Flags)
	a.Counter++
	digest := sha256.Sum256(client)
	signed := sha256.Sum256(append(append([]byte{}, data...), digest[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.Key, signed[:])
	if err != nil {
		panic(err)
	}
	return fmt.Appendf(nil, `{"id":%q,"rawId":%q,"type":"public-key","clientExtensionResults":{},"response":{"clientDataJSON":%q,"authenticatorData":%q,"signature":%q,"userHandle":%q}}`,
		b64(a.Credential), b64(a.Credential), b64(client), b64(data), b64(signature), b64(a.Handle))
}
