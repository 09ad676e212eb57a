package pkcs11

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Classes, attributes and mechanisms.
const (
	classCertificate = 1
	classPrivateKey  = 3

	aClass           = 0x0
	aLabel           = 0x3
	aValue           = 0x11
	aCertificateType = 0x80
	aID              = 0x102
	aAlwaysAsk       = 0x202

	mRSA    = 0x1
	mRSAPSS = 0xd
	mECDSA  = 0x1041

	userPIN     = 1
	contextPIN  = 2
	sessionFlag = 0x4 // CKF_SERIAL_SESSION; read only
)

// Bounds on what a token gives.
const (
	maxObjects     = 64
	maxCertificate = 16 << 10
	maxSignature   = 1 << 10
)

// A Session is an open connection with one token. It belongs to one goroutine.
type Session struct {
	module *Module
	token  Token
	handle uint64
	logged bool
}

// Open opens a session on a token, without a PIN.
func (m *Module) Open(t Token) (*Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.open {
		return nil, errClosed
	}
	var p buffers
	defer p.Unpin()
	handle := native.appendULong(nil, 0)
	if err := m.do(fOpenSession, uintptr(t.Slot), sessionFlag, 0, 0, p.address(handle)); err != nil {
		return nil, fmt.Errorf("opening the token %q: %w", t.Label, err)
	}
	return &Session{module: m, token: t, handle: native.uLong(handle)}, nil
}

// Close logs out and ends the session.
func (s *Session) Close() error {
	s.module.mu.Lock()
	defer s.module.mu.Unlock()
	var err error
	if s.logged {
		err = s.module.do(fLogout, uintptr(s.handle))
		s.logged = false
	}
	return errors.Join(err, s.module.do(fCloseSession, uintptr(s.handle)))
}

// Logout takes back what Login gave.
func (s *Session) Logout() error {
	s.module.mu.Lock()
	defer s.module.mu.Unlock()
	s.logged = false
	return s.module.do(fLogout, uintptr(s.handle))
}

// Login gives the PIN; nil where it is typed on the reader. The error is a [Code].
// The caller wipes pin.
func (s *Session) Login(pin []byte) error { return s.login(userPIN, pin) }

func (s *Session) login(user uintptr, pin []byte) error {
	s.module.mu.Lock()
	defer s.module.mu.Unlock()
	var p buffers
	defer p.Unpin()
	err := s.module.do(fLogin, uintptr(s.handle), user, p.address(pin), uintptr(len(pin)))
	if errors.Is(err, alreadyLoggedIn) {
		err = nil
	}
	if err == nil && user == userPIN {
		s.logged = true
	}
	return err
}

// A Certificate is one that a token holds.
type Certificate struct {
	*x509.Certificate
	Label string
	// ID joins it with its key.
	ID []byte
}

// Certificates lists the X.509 certificates that can be read now. Some tokens show
// theirs after Login only.
func (s *Session) Certificates() ([]Certificate, error) {
	s.module.mu.Lock()
	defer s.module.mu.Unlock()
	objects, err := s.find(attribute{aClass, native.appendULong(nil, classCertificate)}, attribute{aCertificateType, native.appendULong(nil, 0)})
	if err != nil {
		return nil, fmt.Errorf("looking for certificates on %q: %w", s.token.Label, err)
	}
	var out []Certificate
	for _, o := range objects {
		der, err := s.get(o, aValue, maxCertificate)
		if err != nil {
			return nil, fmt.Errorf("reading a certificate on %q: %w", s.token.Label, err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			continue // nothing that could sign for anybody
		}
		id, _ := s.get(o, aID, 256)
		label, _ := s.get(o, aLabel, 256)
		out = append(out, Certificate{Certificate: c, Label: padded(label), ID: id})
	}
	return out, nil
}

type attribute struct {
	kind  uint64
	value []byte
}

// find lists objects that have these attributes. The caller holds mu.
func (s *Session) find(like ...attribute) (objects []uint64, err error) {
	m := s.module
	var p buffers
	defer p.Unpin()
	var template []byte
	for _, a := range like {
		template = native.triple(template, a.kind, p.at(a.value), len(a.value))
	}
	if err := m.do(fFindObjectsInit, uintptr(s.handle), p.address(template), uintptr(len(like))); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.do(fFindObjectsFinal, uintptr(s.handle))) }()
	list, count := make([]byte, maxObjects*native.ulong), native.appendULong(nil, 0)
	if err := m.do(fFindObjects, uintptr(s.handle), p.address(list), maxObjects, p.address(count)); err != nil {
		return nil, err
	}
	for i := range min(native.uLong(count), maxObjects) {
		objects = append(objects, native.uLong(list[int(i)*native.ulong:]))
	}
	return objects, nil
}

// get reads one attribute. The caller holds mu.
func (s *Session) get(object, kind uint64, limit int) ([]byte, error) {
	var p buffers
	defer p.Unpin()
	value := make([]byte, limit)
	template := native.triple(nil, kind, p.at(value), limit)
	if err := s.module.do(fGetAttributeValue, uintptr(s.handle), uintptr(object), p.address(template), 1); err != nil {
		return nil, err
	}
	n := native.uLong(template[native.tripleLength():])
	if n > uint64(limit) {
		return nil, attributeInvalid
	}
	return value[:n], nil
}

// A Key is a private key on a token. It is a crypto.Signer, and belongs to its
// session's goroutine.
type Key struct {
	session *Session
	object  uint64
	public  crypto.PublicKey
	// always: the token wants the PIN before each signature.
	always bool
	pin    func() ([]byte, error)
}

// Key finds the private key of a certificate. The session is logged in. pin is asked
// before each signature where the token wants that; its answer is wiped after use,
// and nil where the PIN is typed on the reader.
func (s *Session) Key(c Certificate, pin func() ([]byte, error)) (*Key, error) {
	s.module.mu.Lock()
	defer s.module.mu.Unlock()
	like := []attribute{{aClass, native.appendULong(nil, classPrivateKey)}}
	if len(c.ID) > 0 {
		like = append(like, attribute{aID, c.ID})
	}
	objects, err := s.find(like...)
	if err != nil {
		return nil, fmt.Errorf("looking for a key on %q: %w", s.token.Label, err)
	}
	if len(objects) != 1 {
		return nil, fmt.Errorf("the token %q has %d keys for this certificate", s.token.Label, len(objects))
	}
	k := &Key{session: s, object: objects[0], public: c.PublicKey, pin: pin}
	if b, err := s.get(k.object, aAlwaysAsk, 1); err == nil && len(b) == 1 {
		k.always = b[0] != 0
	}
	return k, nil
}

// Public implements crypto.Signer.
func (k *Key) Public() crypto.PublicKey { return k.public }

// AlwaysAsks reports whether the token wants the PIN before each signature.
func (k *Key) AlwaysAsks() bool { return k.always }

// Sign implements crypto.Signer: PKCS #1 v1.5, PSS with a salt as long as the
// digest, and ECDSA, whose value it gives in DER. The value is not verified here.
func (k *Key) Sign(_ io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	if o.HashFunc() == 0 || len(digest) != o.HashFunc().Size() {
		return nil, errors.New("signing on a token: not a digest")
	}
	kind, parameter, input := uint64(0), []byte(nil), digest
	switch k.public.(type) {
	case *ecdsa.PublicKey:
		kind = mECDSA
	case *rsa.PublicKey:
		h, known := hashes[o.HashFunc()]
		if !known {
			return nil, fmt.Errorf("signing on a token with the digest %v", o.HashFunc())
		}
		if _, pss := o.(*rsa.PSSOptions); pss {
			kind = mRSAPSS
			parameter = native.appendULong(native.appendULong(native.appendULong(nil, h.mechanism), h.mask), uint64(len(digest)))
		} else {
			kind, input = mRSA, append(bytes.Clone(h.prefix), digest...)
		}
	default:
		return nil, fmt.Errorf("signing on a token with a key of type %T", k.public)
	}
	if err := k.begin(kind, parameter); err != nil {
		return nil, fmt.Errorf("signing on the token %q: %w", k.session.token.Label, err)
	}
	value, err := k.sign(input)
	if err != nil {
		return nil, fmt.Errorf("signing on the token %q: %w", k.session.token.Label, err)
	}
	if kind != mECDSA {
		return value, nil
	}
	if len(value) == 0 || len(value)%2 != 0 {
		return nil, errors.New("the token gave no signature of ECDSA")
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(new(big.Int).SetBytes(value[:len(value)/2]))
		b.AddASN1BigInt(new(big.Int).SetBytes(value[len(value)/2:]))
	})
	return b.Bytes()
}

// begin is C_SignInit, and the PIN behind it where the token always asks.
func (k *Key) begin(kind uint64, parameter []byte) error {
	m := k.session.module
	m.mu.Lock()
	var p buffers
	mechanism := native.triple(nil, kind, p.at(parameter), len(parameter))
	err := m.do(fSignInit, uintptr(k.session.handle), p.address(mechanism), uintptr(k.object))
	p.Unpin()
	m.mu.Unlock()
	if err != nil || !k.always {
		return err
	}
	var pin []byte
	if k.pin != nil {
		if pin, err = k.pin(); err != nil {
			return err
		}
	}
	defer clear(pin)
	return k.session.login(contextPIN, pin)
}

func (k *Key) sign(input []byte) ([]byte, error) {
	m := k.session.module
	m.mu.Lock()
	defer m.mu.Unlock()
	var p buffers
	defer p.Unpin()
	value, length := make([]byte, maxSignature), native.appendULong(nil, maxSignature)
	if err := m.do(fSign, uintptr(k.session.handle), p.address(input), uintptr(len(input)), p.address(value), p.address(length)); err != nil {
		return nil, err
	}
	n := native.uLong(length)
	if n > maxSignature {
		return nil, errors.New("the token gave a signature that is too long")
	}
	return value[:n], nil
}

// hashes have their mechanism and mask for PSS, and the beginning of DigestInfo
// (RFC 8017 9.2, note 1).
var hashes = map[crypto.Hash]struct {
	mechanism, mask uint64
	prefix          []byte
}{
	crypto.SHA256: {0x250, 2, []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}},
	crypto.SHA384: {0x260, 3, []byte{0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30}},
	crypto.SHA512: {0x270, 4, []byte{0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40}},
}
