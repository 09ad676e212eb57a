package tsp_test

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"testing"
	"time"

	"rem/internal/testkit/derkit"
	"rem/trust/algorithm"
	"rem/trust/cms"
	"rem/trust/tsp"
)

// restamp changes the TSTInfo of a token and signs it anew with its own key: a
// token by an authority that errs.
func restamp(t testing.TB, h *derkit.Holder, der []byte, change func(info *derkit.Node)) []byte {
	t.Helper()
	tree := derkit.Parse(t, der)
	content := tree.At(1, 0, 2, 1, 0)
	info := derkit.Parse(t, content.Content)
	change(info)
	content.Content = info.Bytes()
	signer := tree.At(1, 0, 4, 0)
	sum := sha256.Sum256(content.Content)
	for _, a := range signer.At(3).Children {
		if string(a.At(0).Content) == "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04" {
			a.At(1, 0).Content = sum[:]
		}
	}
	signed := sha256.Sum256((&derkit.Node{Tag: 0x31, Children: signer.At(3).Children}).Bytes())
	value, err := h.Key.Sign(rand.Reader, signed[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	signer.At(5).Content = value
	return tree.Bytes()
}

func node(tag byte, content string) *derkit.Node {
	return &derkit.Node{Tag: tag, Content: []byte(content)}
}

// RFC 3161 2.4.2, and DER: a rightly signed token whose info is not as it has to
// be is refused. The fields of the token are: version, policy, imprint, serial
// number, time, accuracy, nonce.
func TestTokensWithWrongInfoAreRefused(t *testing.T) {
	r, holder := authority(t, derkit.P256, nil)
	request := &tsp.Request{Hash: crypto.SHA256, Imprint: imprint("hello"), Nonce: nonce(), Certificates: true}
	der := token(t, r, request).DER
	extension := func(critical bool) *derkit.Node {
		e := &derkit.Node{Tag: 0x30, Children: []*derkit.Node{node(0x06, "\x2a\x03"), node(0x04, "x")}}
		if critical {
			e.Insert(1, node(0x01, "\xff"))
		}
		return &derkit.Node{Tag: 0xa1, Children: []*derkit.Node{e}}
	}
	subject := &derkit.Node{Raw: holder.Leaf().RawSubject}
	general := func(n *derkit.Node) *derkit.Node {
		return &derkit.Node{Tag: 0xa0, Children: []*derkit.Node{{Tag: 0xa4, Children: []*derkit.Node{n}}}}
	}
	for _, c := range []struct {
		name   string
		change func(info *derkit.Node)
		want   error // nil: accepted
	}{
		{"as it was", func(*derkit.Node) {}, nil},
		{"version 2", func(n *derkit.Node) { n.At(0).Content[0] = 2 }, cms.ErrStructure},
		{"no version", func(n *derkit.Node) { n.Remove(0) }, cms.ErrStructure},
		{"no policy", func(n *derkit.Node) { n.Remove(1) }, cms.ErrStructure},
		{"imprint of SHA-1", func(n *derkit.Node) { n.At(2, 0, 0).Content = []byte("\x2b\x0e\x03\x02\x1a") }, algorithm.ErrUnknown},
		{"imprint of SHA-512 and 32 bytes", func(n *derkit.Node) { n.At(2, 0, 0).Content[8] = 3 }, cms.ErrStructure},
		{"imprint of SHA-384 cut to its size", func(n *derkit.Node) {
			n.At(2, 0, 0).Content[8] = 2
			n.At(2, 1).Content = make([]byte, 48)
		}, tsp.ErrImprint},
		{"imprint with parameters", func(n *derkit.Node) { n.At(2, 0).Insert(1, node(0x04, "x")) }, algorithm.ErrUnknown},
		{"imprint with NULL", func(n *derkit.Node) { n.At(2, 0).Insert(1, node(0x05, "")) }, nil},
		{"shorter imprint", func(n *derkit.Node) { n.At(2, 1).Content = n.At(2, 1).Content[:31] }, cms.ErrStructure},
		{"other imprint", func(n *derkit.Node) { n.At(2, 1).Content[0] ^= 1 }, tsp.ErrImprint},
		{"empty imprint", func(n *derkit.Node) { n.At(2, 1).Content = nil }, cms.ErrStructure},
		{"padded serial number", func(n *derkit.Node) { n.At(3).Content = append([]byte{0}, n.At(3).Content...) }, cms.ErrStructure},
		{"serial number of 40 bytes", func(n *derkit.Node) { n.At(3).Content = append([]byte{1}, make([]byte, 39)...) }, cms.ErrStructure},
		{"no serial number", func(n *derkit.Node) { n.Remove(3) }, cms.ErrStructure},
		{"time in two digits", func(n *derkit.Node) { *n.At(4) = *node(0x17, "261123070000Z") }, cms.ErrStructure},
		{"time without zone", func(n *derkit.Node) { n.At(4).Content = []byte("20261123070000") }, cms.ErrStructure},
		{"time with offset", func(n *derkit.Node) { n.At(4).Content = []byte("20261123070000+0300") }, cms.ErrStructure},
		{"time without seconds", func(n *derkit.Node) { n.At(4).Content = []byte("202611230700Z") }, cms.ErrStructure},
		{"time with zeros behind", func(n *derkit.Node) { n.At(4).Content = []byte("20261123070000.50Z") }, cms.ErrStructure},
		{"time with an empty fraction", func(n *derkit.Node) { n.At(4).Content = []byte("20261123070000.Z") }, cms.ErrStructure},
		{"time with a comma", func(n *derkit.Node) { n.At(4).Content = []byte("20261123070000,5Z") }, cms.ErrStructure},
		{"time in the 61st second", func(n *derkit.Node) { n.At(4).Content = []byte("20261123070061Z") }, cms.ErrStructure},
		{"time with a fraction", func(n *derkit.Node) { n.At(4).Content = []byte("20261123070000.123456789Z") }, nil},
		{"time before the certificate", func(n *derkit.Node) { n.At(4).Content = []byte("20191231235959Z") }, tsp.ErrAuthority},
		{"time after the certificate", func(n *derkit.Node) { n.At(4).Content = []byte("20400101000001Z") }, tsp.ErrAuthority},
		{"accuracy of 1000 ms", func(n *derkit.Node) { n.At(5).Children = []*derkit.Node{node(0x80, "\x03\xe8")} }, cms.ErrStructure},
		{"accuracy of 0 ms", func(n *derkit.Node) { n.At(5).Children = []*derkit.Node{node(0x80, "\x00")} }, cms.ErrStructure},
		{"accuracy of -1 s", func(n *derkit.Node) { n.At(5).Children = []*derkit.Node{node(0x02, "\xff")} }, cms.ErrStructure},
		{"accuracy the wrong way round", func(n *derkit.Node) {
			n.At(5).Children = []*derkit.Node{node(0x81, "\x01"), node(0x80, "\x01")}
		}, cms.ErrStructure},
		{"accuracy with a fourth part", func(n *derkit.Node) { n.At(5).Insert(1, node(0x82, "\x01")) }, cms.ErrStructure},
		{"ordering false in words", func(n *derkit.Node) { n.Insert(6, node(0x01, "\x00")) }, cms.ErrStructure},
		{"ordering 1", func(n *derkit.Node) { n.Insert(6, node(0x01, "\x01")) }, cms.ErrStructure},
		{"nonce twice", func(n *derkit.Node) { n.Insert(6, n.At(6).Clone()) }, cms.ErrStructure},
		{"nonce of 40 bytes", func(n *derkit.Node) { n.At(6).Content = append([]byte{1}, make([]byte, 39)...) }, cms.ErrStructure},
		{"name of the subject", func(n *derkit.Node) { n.Insert(7, general(subject)) }, nil},
		{"name of the issuer", func(n *derkit.Node) { n.Insert(7, general(&derkit.Node{Raw: holder.Leaf().RawIssuer})) }, tsp.ErrAuthority},
		{"name of another host", func(n *derkit.Node) {
			n.Insert(7, &derkit.Node{Tag: 0xa0, Children: []*derkit.Node{node(0x82, "tsa.test")}})
		}, tsp.ErrAuthority},
		{"extension", func(n *derkit.Node) { n.Insert(7, extension(false)) }, nil},
		{"critical extension", func(n *derkit.Node) { n.Insert(7, extension(true)) }, cms.ErrStructure},
		{"unknown field", func(n *derkit.Node) { n.Insert(7, node(0x82, "x")) }, cms.ErrStructure},
		{"no sequence", func(n *derkit.Node) { n.Tag = 0x31; n.Sort() }, cms.ErrStructure},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := verify(restamp(t, holder, der, c.change), "hello", holder.Chain[1])
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// token asks r.
func token(t testing.TB, r *tsp.Responder, request *tsp.Request) *tsp.Token {
	t.Helper()
	der, err := request.DER()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := r.Respond(t.Context(), der)
	if err != nil {
		t.Fatal(err)
	}
	token, err := request.Check(answer, tsp.Expectation{Authorities: []*x509.Certificate{mustCarry(t, answer)}})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// mustCarry gives the certificate of a time-stamping authority in an answer.
func mustCarry(t testing.TB, answer []byte) *x509.Certificate {
	t.Helper()
	for _, n := range derkit.Parse(t, answer).At(1, 1, 0, 3).Children {
		if c, err := x509.ParseCertificate(n.Bytes()); err == nil && !c.IsCA {
			return c
		}
	}
	t.Fatal("no certificate in the answer")
	return nil
}

// RFC 3161 2.3: the extended key usage is timeStamping, alone and critical.
func TestTokensByOtherCertificatesAreRefused(t *testing.T) {
	root := derkit.Root(t, derkit.P256, "Root of time")
	stamping, mail := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 4}
	extended := func(critical bool, usages ...asn1.ObjectIdentifier) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, derkit.ExtendedUsage(critical, usages...))
		}
	}
	good := derkit.Issue(t, root, derkit.P256, "Authority of time", derkit.Stamping)
	for _, c := range []struct {
		name   string
		change func(*x509.Certificate)
	}{
		{"no usage", func(*x509.Certificate) {}},
		{"not critical", extended(false, stamping)},
		{"mail", extended(true, mail)},
		{"mail beside it", extended(true, stamping, mail)},
		{"something unknown beside it", extended(true, stamping, asn1.ObjectIdentifier{1, 2, 3})},
		{"any", extended(true, asn1.ObjectIdentifier{2, 5, 29, 37, 0})},
		{"certificate signing", func(c *x509.Certificate) {
			extended(true, stamping)(c)
			c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			other := derkit.Issue(t, root, derkit.P256, "Other", c.change)
			o := tsp.ResponderOptions{Key: other.Key, Chain: other.Chain, Hash: crypto.SHA256, Policy: policy, Clock: anyClock{}}
			if _, err := tsp.NewResponder(o); !errors.Is(err, tsp.ErrAuthority) {
				t.Errorf("responder: %v", err)
			}
			// A token as if by a responder that did not look.
			der := signedBy(t, stamp(t, responder(t, good, nil), "hello").DER, good, other)
			if err := verify(der, "hello", root.Leaf()); !errors.Is(err, tsp.ErrAuthority) {
				t.Errorf("token: %v", err)
			}
		})
	}
	again := derkit.Issue(t, root, derkit.P256, "Other", derkit.Stamping)
	if err := verify(signedBy(t, stamp(t, responder(t, good, nil), "hello").DER, good, again), "hello", root.Leaf()); err != nil {
		t.Errorf("signed by another authority: %v", err)
	}
}

// signedBy makes a token another one's, in all its parts.
func signedBy(t testing.TB, der []byte, from, to *derkit.Holder) []byte {
	t.Helper()
	tree := derkit.Parse(t, der)
	bag, signer := tree.At(1, 0, 3), tree.At(1, 0, 4, 0)
	for _, c := range bag.Children {
		if string(c.Bytes()) == string(from.Leaf().Raw) {
			*c = derkit.Node{Raw: to.Leaf().Raw}
		}
	}
	serial := derkit.Parse(t, to.Leaf().RawTBSCertificate).At(1)
	*signer.At(1, 1) = *serial
	sum := sha256.Sum256(to.Leaf().Raw)
	for _, a := range signer.At(3).Children {
		if string(a.At(0).Content) == "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f" {
			id := a.At(1, 0, 0, 0)
			id.Children = []*derkit.Node{{Tag: 0x04, Content: sum[:]}}
		}
	}
	signer.At(3).Sort()
	return restamp(t, to, tree.Bytes(), func(*derkit.Node) {})
}

func TestTokenIsReadAsItWasMade(t *testing.T) {
	for _, accuracy := range []time.Duration{0, time.Microsecond, time.Millisecond, time.Second, 3*time.Second + 250*time.Millisecond + 7*time.Microsecond} {
		r, _ := authority(t, derkit.P256, func(o *tsp.ResponderOptions) { o.Accuracy, o.Named, o.Ordering = accuracy, true, true })
		made := stamp(t, r, "hello")
		read, err := tsp.Parse(made.DER)
		if err != nil {
			t.Fatal(err)
		}
		if read.Accuracy != accuracy || made.Accuracy != accuracy || !read.Time.Equal(made.Time) || read.Serial.Cmp(made.Serial) != 0 ||
			!read.Policy.Equal(made.Policy) || string(read.Name) != string(made.Name) || !read.Ordering || !made.Ordering {
			t.Errorf("made %+v, read %+v", made, read)
		}
		for _, token := range []*tsp.Token{made, read} {
			if _, err := token.Verify(crypto.SHA256, imprint("hello"), tsp.VerifyOptions{}); err != nil {
				t.Error(err)
			}
			for name, err := range map[string]error{
				"other bytes":  token.Matches(crypto.SHA256, imprint("hallo")),
				"other digest": token.Matches(crypto.SHA384, imprint("hello")),
				"no imprint":   token.Matches(crypto.SHA256, nil),
			} {
				if !errors.Is(err, tsp.ErrImprint) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}
