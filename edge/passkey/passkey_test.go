package passkey_test

import (
	"bytes"
	"errors"
	"testing"

	"rem/edge/passkey"
	"rem/internal/testkit/logintest"
	"rem/person/login"
)

const (
	host   = "kep.test"
	origin = "https://kep.test"
)

func open(t testing.TB) *passkey.Passkeys {
	t.Helper()
	p, err := passkey.New(host, origin, "KEP")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// register gives an authenticator's passkey, with the answer that made it.
func register(t testing.TB, p *passkey.Passkeys, a *logintest.Authenticator, handle, challenge []byte) (login.Passkey, []byte) {
	t.Helper()
	options, err := p.Create(handle, challenge, "isil", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer := a.Create(options)
	k, err := p.Created(handle, challenge, answer)
	if err != nil {
		t.Fatal(err)
	}
	return k, answer
}

func TestAPasskeyIsMadeAndUsed(t *testing.T) {
	p, a := open(t), logintest.NewAuthenticator(host, origin)
	a.Flags |= logintest.Eligible | logintest.Backed
	handle, challenge := bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{9}, 48)
	k, made := register(t, p, a, handle, challenge)
	if !k.Eligible || !k.Backed || k.Transports != "internal" || k.Counter != 1 || !bytes.Equal(k.Credential, a.Credential) {
		t.Errorf("%+v", k)
	}
	_, said, err := p.Read(made)
	if err != nil || !bytes.Equal(said, challenge) {
		t.Errorf("%x, %v", said, err)
	}
	if _, err := p.Created(handle, handle, made); !errors.Is(err, login.ErrCeremony) {
		t.Errorf("another challenge: %v", err)
	}
	options, err := p.Get(challenge)
	if err != nil {
		t.Fatal(err)
	}
	answer := a.Get(options)
	use, copied, err := p.Got(handle, challenge, answer, k)
	if err != nil || copied || use.Before != 1 || use.Counter != 2 || !use.Backed {
		t.Errorf("%+v, %t, %v", use, copied, err)
	}
	k.Counter = 2
	if _, copied, err := p.Got(handle, challenge, answer, k); err != nil || !copied {
		t.Errorf("a counter that stood still: %t, %v", copied, err)
	}
	for what, by := range map[string]func(login.Passkey) login.Passkey{
		"another credential": func(k login.Passkey) login.Passkey { k.Credential = []byte("x"); return k },
		"another key": func(k login.Passkey) login.Passkey {
			other, _ := register(t, p, logintest.NewAuthenticator(host, origin), handle, challenge)
			k.Key = other.Key
			return k
		},
		"no key": func(k login.Passkey) login.Passkey { k.Key = nil; return k },
		// An authenticator that begins to copy keys is not the one that was registered.
		"not to be copied": func(k login.Passkey) login.Passkey { k.Eligible = false; return k },
	} {
		if _, _, err := p.Got(handle, challenge, answer, by(k)); !errors.Is(err, login.ErrCeremony) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, _, err := p.Got(challenge, challenge, answer, k); !errors.Is(err, login.ErrCeremony) {
		t.Errorf("another person's: %v", err)
	}
}

func TestAnOriginHasToBeOne(t *testing.T) {
	for _, c := range [][2]string{{"", origin}, {host, ""}, {"https://kep.test", origin}, {"test.kep", origin}, {"ep.test", origin}, {host, "http://kep.test"}, {host, origin + "/"}, {host, "https://kep.test.evil.test"}, {host, "null"}} {
		if _, err := passkey.New(c[0], c[1], "KEP"); err == nil {
			t.Errorf("%q was taken", c)
		}
	}
	for _, c := range [][2]string{{host, origin}, {host, "https://www.kep.test:8443"}, {"localhost", "http://localhost:8080"}} {
		if _, err := passkey.New(c[0], c[1], "KEP"); err != nil {
			t.Errorf("%q: %v", c, err)
		}
	}
}

// Whatever a browser sends, nothing crashes, and what is refused says so.
func FuzzAnswers(f *testing.F) {
	p, a := open(f), logintest.NewAuthenticator(host, origin)
	handle, challenge := bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{9}, 48)
	k, made := register(f, p, a, handle, challenge)
	options, err := p.Get(challenge)
	if err != nil {
		f.Fatal(err)
	}
	good := a.Get(options)
	for _, seed := range [][]byte{made, good, nil, []byte("{}"), []byte(`{"rawId":"","response":{"clientDataJSON":"e30"}}`)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		_, _, err := p.Read(answer)
		_, made := p.Created(handle, challenge, answer)
		_, _, got := p.Got(handle, challenge, answer, k)
		for _, err := range []error{err, made, got} {
			if err != nil && !errors.Is(err, login.ErrCeremony) {
				t.Error(err)
			}
		}
		if got == nil && err != nil {
			t.Error("an answer opens that could not be read")
		}
	})
}
