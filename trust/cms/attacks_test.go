package cms_test

import (
	"bytes"
	"crypto/sha1"
	"testing"

	"rem/internal/testkit/derkit"
)

// families are ways to make signed data that must not be believed. Those whose
// name begins with "signed" carry a right signature of the victim: of a signer
// who errs, or who was made to sign something else.
var families = []struct {
	name string
	make func(f *forgery)
}{
	// The signed attributes.
	{"signed content without attributes", func(f *forgery) {
		content := []byte("original message")
		if len(f.encap().Children) > 1 {
			content = f.encap().At(1, 0).Content
		}
		f.value().Content = f.over(f.victim, content)
		f.info().Remove(3)
	}},
	{"attributes removed and made the content", func(f *forgery) {
		// What was signed is a SET of attributes: shown as content, it has the
		// same signature.
		attributes := &derkit.Node{Tag: 0x31, Children: f.attributes().Children}
		put(f.encap(), sequence(f.encap().At(0), context0(octets(attributes.Bytes()))))
		f.info().Remove(3)
	}},
	{"attributes repeated as content", func(f *forgery) {
		attributes := &derkit.Node{Tag: 0x31, Children: f.attributes().Children}
		put(f.encap(), sequence(f.encap().At(0), context0(octets(attributes.Bytes()))))
	}},
	{"signed empty attributes", func(f *forgery) { f.attributes().Children = nil; f.sign(f.victim, true) }},
	{"signed without content-type", func(f *forgery) { f.without(f.contentType()); f.sign(f.victim, true) }},
	{"signed without message-digest", func(f *forgery) { f.without(f.digest()); f.sign(f.victim, true) }},
	{"signed without signing-certificate-v2", func(f *forgery) { f.without(f.certificates()); f.sign(f.victim, true) }},
	{"signed other content-type", func(f *forgery) { put(f.contentType().At(1, 0), oid(oidOther)); f.sign(f.victim, true) }},
	{"signed content-type with a padded arc", func(f *forgery) {
		put(f.contentType().At(1, 0), oid("\x2a\x80\x86\x48\x86\xf7\x0d\x01\x07\x01"))
		f.sign(f.victim, true)
	}},
	{"signed other message-digest", func(f *forgery) { f.digest().At(1, 0).Content[0] ^= 1; f.sign(f.victim, true) }},
	{"other message-digest", func(f *forgery) { f.digest().At(1, 0).Content[0] ^= 1 }},
	{"signed shorter message-digest", func(f *forgery) {
		d := f.digest().At(1, 0)
		d.Content = d.Content[:31]
		f.sign(f.victim, true)
	}},
	{"signed longer message-digest", func(f *forgery) {
		d := f.digest().At(1, 0)
		d.Content = append(d.Content, 0)
		f.sign(f.victim, true)
	}},
	{"signed empty message-digest", func(f *forgery) { f.digest().At(1, 0).Content = nil; f.sign(f.victim, true) }},
	{"signed message-digest of another type", func(f *forgery) { f.digest().At(1, 0).Tag = 0x0c; f.sign(f.victim, true) }},
	{"signed content-type twice", func(f *forgery) { twice(f, f.contentType()) }},
	{"signed message-digest twice", func(f *forgery) { twice(f, f.digest()) }},
	{"signed another message-digest first", func(f *forgery) {
		other := f.digest().Clone()
		other.At(1, 0).Content[0] = 0
		f.attributes().Insert(0, other)
		f.sign(f.victim, true)
	}},
	{"signed signing-certificate-v2 twice", func(f *forgery) { twice(f, f.certificates()) }},
	{"signed content-type with two values", func(f *forgery) { second(f, f.contentType(), oid(oidOther)) }},
	{"signed message-digest with two values", func(f *forgery) { second(f, f.digest(), octets(make([]byte, 32))) }},
	{"signed signing-certificate-v2 with two values", func(f *forgery) { second(f, f.certificates(), sequence(sequence(f.certID()))) }},
	{"signed algorithm-protection with two values", func(f *forgery) { second(f, f.protection(), sequence()) }},
	{"signed attribute without values", func(f *forgery) { f.protection().At(1).Children = nil; f.sign(f.victim, true) }},
	{"signed attribute with more than values", func(f *forgery) {
		f.protection().Insert(2, set())
		f.sign(f.victim, true)
	}},
	{"signed unsorted attributes", func(f *forgery) {
		c := f.attributes().Children
		c[0], c[1] = c[1], c[0]
		f.sign(f.victim, false)
	}},
	{"unsorted attributes", func(f *forgery) { c := f.attributes().Children; c[0], c[1] = c[1], c[0] }},
	{"signed attributes as a set under their own tag", func(f *forgery) { f.attributes().Tag = 0x31 }},
	{"signed too many attributes", func(f *forgery) {
		for i := range 40 {
			f.attributes().Insert(0, sequence(oid("\x2a\x03"+string(rune(i+1))), set(primitive(5, ""))))
		}
		f.sign(f.victim, true)
	}},
	{"signed deep attribute", func(f *forgery) {
		deep := sequence()
		for range 40 {
			deep = sequence(deep)
		}
		f.attributes().Insert(0, sequence(oid("\x2a\x03\x04"), set(deep)))
		f.sign(f.victim, true)
	}},
	{"signed time with two values", func(f *forgery) {
		f.signTime(primitive(0x17, "261123070000Z"), primitive(0x17, "261123070001Z"))
	}},
	{"signed time in the long form before its year", func(f *forgery) { f.signTime(primitive(0x18, "20261123070000Z")) }},
	{"signed time with a fraction", func(f *forgery) { f.signTime(primitive(0x18, "20561123070000.5Z")) }},
	{"signed time without seconds", func(f *forgery) { f.signTime(primitive(0x17, "2611230700Z")) }},
	{"signed time with an offset", func(f *forgery) { f.signTime(primitive(0x17, "261123070000+0300")) }},
	{"signed time on no day", func(f *forgery) { f.signTime(primitive(0x17, "260230070000Z")) }},
	{"signed time in another type", func(f *forgery) { f.signTime(primitive(0x0c, "261123070000Z")) }},

	// Which certificate signed.
	{"signed signing-certificate of the first version alone", func(f *forgery) {
		sum := sha1.Sum(f.victim.Leaf().Raw)
		put(f.certificates(), sequence(oid("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c"), set(sequence(sequence(sequence(octets(sum[:])))))))
		f.sign(f.victim, true)
	}},
	{"signed identifier of no certificate", func(f *forgery) { put(f.certificates().At(1, 0), sequence(sequence())); f.sign(f.victim, true) }},
	{"signed identifier of another certificate", func(f *forgery) { f.certID().At(0).Content[5] ^= 1; f.sign(f.victim, true) }},
	{"signed identifier with SHA-1", func(f *forgery) {
		sum := sha1.Sum(f.victim.Leaf().Raw)
		put(f.certID(), sequence(sequence(oid(oidSHA1)), octets(sum[:])))
		f.sign(f.victim, true)
	}},
	{"signed identifier cut short", func(f *forgery) {
		d := f.certID().At(0)
		d.Content = d.Content[:20]
		f.sign(f.victim, true)
	}},
	{"signed identifier with another serial number", func(f *forgery) { f.certID().At(1, 1).Content[3] ^= 1; f.sign(f.victim, true) }},
	{"signed identifier with another issuer", func(f *forgery) {
		put(f.certID().At(1, 0, 0, 0), raw(f.victim.Leaf().RawSubject))
		f.sign(f.victim, true)
	}},
	{"signed identifier with two issuers", func(f *forgery) {
		names := f.certID().At(1, 0)
		names.Insert(0, names.At(0).Clone())
		f.sign(f.victim, true)
	}},
	{"signed identifier with an issuer of another form", func(f *forgery) {
		put(f.certID().At(1, 0, 0), primitive(0x82, "tsa.test"))
		f.sign(f.victim, true)
	}},
	{"identifier of the attacker's certificate", func(f *forgery) {
		f.named(f.attacker)
		f.sign(f.attacker, true)
		put(f.info().At(1), sequence(raw(f.victim.Leaf().RawIssuer), serial(f.victim)))
	}},
	{"signer by another serial number", func(f *forgery) { f.info().At(1, 1).Content[2] ^= 1 }},
	{"signer by another issuer", func(f *forgery) { put(f.info().At(1, 0), raw(f.victim.Leaf().RawSubject)) }},
	{"signer by the attacker's number", func(f *forgery) {
		put(f.info().At(1, 1), serial(f.attacker))
	}},
	{"signer by a padded number", func(f *forgery) {
		n := f.info().At(1, 1)
		n.Content = append([]byte{0}, n.Content...)
	}},
	{"signer by key in the wrong version", func(f *forgery) { put(f.info().At(1), primitive(0x80, "key")) }},
	{"signer by a key that is not there", func(f *forgery) {
		put(f.info().At(1), primitive(0x80, "key"))
		f.info().At(0).Content[0] = 3
		f.body().At(0).Content[0] = 3
	}},
	{"signer by an empty key", func(f *forgery) {
		put(f.info().At(1), primitive(0x80, ""))
		f.info().At(0).Content[0] = 3
		f.body().At(0).Content[0] = 3
	}},
	{"signature by the attacker in the victim's name", func(f *forgery) { f.sign(f.attacker, true) }},
	{"attacker's certificate in the victim's place", func(f *forgery) {
		put(f.leaf(), raw(f.attacker.Leaf().Raw))
		f.sign(f.attacker, true)
	}},

	// The bag of certificates.
	{"victim's certificate left out", func(f *forgery) {
		for i, c := range f.bag().Children {
			if bytes.Equal(c.Bytes(), f.victim.Leaf().Raw) {
				f.bag().Remove(i)
				return
			}
		}
	}},
	{"empty bag", func(f *forgery) { f.bag().Children = nil }},
	{"certificate twice", func(f *forgery) { f.bag().Insert(0, f.bag().At(0).Clone()) }},
	{"stranger's certificate", func(f *forgery) {
		f.bag().Insert(0, raw(derkit.Issue(f, derkit.Root(f, derkit.P256, "Elsewhere"), derkit.P256, "Stranger", nil).Leaf().Raw))
	}},
	{"attribute certificate", func(f *forgery) { f.bag().Insert(0, &derkit.Node{Tag: 0xa2, Children: f.bag().At(0).Children}) }},
	{"certificate that is none", func(f *forgery) { f.bag().Insert(0, sequence(primitive(2, "\x01"))) }},
	{"root with a changed signature", func(f *forgery) {
		for _, c := range f.bag().Children {
			if !bytes.Equal(c.Bytes(), f.victim.Leaf().Raw) {
				c.At(2).Content[20] ^= 1
			}
		}
	}},
	{"another root of the same name", func(f *forgery) {
		other := derkit.Root(f, derkit.P256, "Root")
		for _, c := range f.bag().Children {
			if !bytes.Equal(c.Bytes(), f.victim.Leaf().Raw) {
				put(c, raw(other.Leaf().Raw))
			}
		}
	}},
	{"too many certificates", func(f *forgery) {
		for range 40 {
			f.bag().Insert(0, raw(derkit.Issue(f, &derkit.Holder{Key: f.victim.Key, Chain: f.victim.Chain}, derkit.P256, "one more", nil).Leaf().Raw))
		}
	}},
	{"empty revocations", func(f *forgery) { f.body().Insert(4, &derkit.Node{Tag: 0xa1}) }},
	{"revocation of an unknown form", func(f *forgery) {
		f.body().Insert(4, &derkit.Node{Tag: 0xa1, Children: []*derkit.Node{{Tag: 0xa2, Children: []*derkit.Node{oid(oidData)}}}})
	}},

	// Signers and versions.
	{"no signer", func(f *forgery) { f.infos().Children = nil }},
	{"signer twice", func(f *forgery) { f.infos().Insert(0, f.info().Clone()) }},
	{"attacker beside the victim", func(f *forgery) { f.infos().Insert(1, f.byAttacker()) }},
	{"attacker before the victim", func(f *forgery) { f.infos().Insert(0, f.byAttacker()) }},
	{"signer in version 0", func(f *forgery) { f.info().At(0).Content[0] = 0 }},
	{"signer in version 3", func(f *forgery) { f.info().At(0).Content[0] = 3 }},
	{"another version", func(f *forgery) { f.body().At(0).Content[0] ^= 2 }},
	{"version 5", func(f *forgery) { f.body().At(0).Content[0] = 5 }},
	{"padded version", func(f *forgery) { v := f.body().At(0); v.Content = append([]byte{0}, v.Content...) }},
	{"no digest algorithm", func(f *forgery) { f.body().At(1).Children = nil }},
	{"two digest algorithms", func(f *forgery) { f.body().At(1).Insert(1, sequence(oid(oidSHA5))) }},
	{"another digest algorithm outside", func(f *forgery) { put(f.body().At(1, 0), sequence(oid(oidSHA5))) }},

	// Algorithms.
	{"SHA-1", func(f *forgery) { f.digestAlgorithm(oidSHA1) }},
	{"MD5", func(f *forgery) { f.digestAlgorithm(oidMD5) }},
	{"SHA-512 for SHA-256", func(f *forgery) { f.digestAlgorithm(oidSHA5) }},
	{"signed with other digest and no protection", func(f *forgery) {
		f.without(f.protection())
		f.digestAlgorithm(oidSHA5)
		f.sign(f.victim, true)
	}},
	{"signature algorithm of another digest", func(f *forgery) {
		f.without(f.protection())
		f.info().At(4, 0).Content[len(f.info().At(4, 0).Content)-1]++
		f.sign(f.victim, true)
	}},
	{"signature algorithm of another kind of key", func(f *forgery) {
		f.without(f.protection())
		put(f.info().At(4), sequence(oid("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"), primitive(5, "")))
		f.sign(f.victim, true)
	}},
	{"signature algorithm not on the list", func(f *forgery) {
		f.without(f.protection())
		put(f.info().At(4), sequence(oid("\x2b\x65\x70")))
		f.sign(f.victim, true)
	}},
	{"signature algorithm with parameters", func(f *forgery) { f.info().At(4).Insert(1, primitive(4, "x")) }},
	{"digest algorithm with parameters", func(f *forgery) { f.info().At(2).Insert(1, primitive(4, "x")) }},
	{"signed protection of another digest", func(f *forgery) {
		put(f.protection().At(1, 0, 0), sequence(oid(oidSHA5)))
		f.sign(f.victim, true)
	}},
	{"signed protection of another signature", func(f *forgery) {
		put(f.protection().At(1, 0, 1, 0), oid("\x2b\x65\x70"))
		f.sign(f.victim, true)
	}},
	{"signed protection of a message code", func(f *forgery) { f.protection().At(1, 0, 1).Tag = 0xa2; f.sign(f.victim, true) }},
	{"signed empty protection", func(f *forgery) { put(f.protection().At(1, 0), sequence()); f.sign(f.victim, true) }},

	// The value.
	{"empty value", func(f *forgery) { f.value().Content = nil }},
	{"value with a byte more", func(f *forgery) { f.value().Content = append(f.value().Content, 0) }},
	{"value with a byte less", func(f *forgery) { c := f.value().Content; f.value().Content = c[:len(c)-1] }},
	{"value with padded numbers", func(f *forgery) {
		v := derkit.Parse(f, f.value().Content)
		v.At(0).Content = append([]byte{0}, v.At(0).Content...)
		f.value().Content = v.Bytes()
	}},
	{"value of zeros", func(f *forgery) {
		f.value().Content = sequence(primitive(2, "\x00"), primitive(2, "\x00")).Bytes()
	}},
	{"value in pieces", func(f *forgery) { put(f.value(), &derkit.Node{Tag: 0x24, Children: []*derkit.Node{f.value().Clone()}}) }},
	{"value as a bit string", func(f *forgery) { f.value().Tag = 0x03 }},

	// Unsigned attributes.
	{"signed attributes moved to the unsigned ones", func(f *forgery) {
		f.info().Insert(6, &derkit.Node{Tag: 0xa1, Children: f.attributes().Children})
		f.info().Remove(3)
	}},
	{"signing-certificate-v2 unsigned", func(f *forgery) { f.unsigned(f.certificates()) }},
	{"content-type unsigned too", func(f *forgery) { f.unsigned(f.contentType()) }},
	{"message-digest unsigned too", func(f *forgery) { f.unsigned(f.digest()) }},
	{"signing-time unsigned", func(f *forgery) { f.unsigned(sequence(oid(oidTime), set(primitive(0x17, "260101000000Z")))) }},
	{"unknown unsigned attribute", func(f *forgery) { f.unsigned(sequence(oid("\x2a\x03\x04"), set(primitive(5, "")))) }},
	{"countersignature", func(f *forgery) {
		f.unsigned(sequence(oid("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x06"), set(f.info().Clone())))
	}},
	{"empty unsigned attributes", func(f *forgery) { f.info().Insert(6, &derkit.Node{Tag: 0xa1}) }},
	{"time stamp that is none", func(f *forgery) {
		f.unsigned(sequence(oid("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0e"), set(sequence(oid(oidData)))))
	}},

	// The content and its frame.
	{"content of another type", func(f *forgery) { put(f.encap().At(0), oid(oidOther)) }},
	{"signed content of another type", func(f *forgery) {
		put(f.encap().At(0), oid(oidOther))
		put(f.contentType().At(1, 0), oid(oidOther))
		f.sign(f.victim, true)
	}},
	{"content put in or taken out", func(f *forgery) {
		if len(f.encap().Children) > 1 {
			f.encap().Remove(1)
		} else {
			f.encap().Insert(1, context0(octets([]byte("original message"))))
		}
	}},
	{"content in pieces", func(f *forgery) {
		piece := octets([]byte("original message"))
		if len(f.encap().Children) > 1 {
			piece = f.encap().At(1, 0)
		}
		put(f.encap(), sequence(f.encap().At(0), context0(&derkit.Node{Tag: 0x24, Children: []*derkit.Node{piece}})))
	}},
	{"frame of another type", func(f *forgery) { put(f.root.At(0), oid(oidOther)) }},
	{"frame with another tag", func(f *forgery) { f.root.At(1).Tag = 0xa1 }},
	{"no frame", func(f *forgery) { f.root = f.body() }},
	{"frame in a frame", func(f *forgery) { put(f.body(), f.root) }},
	{"something behind the signers", func(f *forgery) { f.body().Insert(5, primitive(5, "")) }},
	{"something behind the signature", func(f *forgery) { f.info().Insert(6, primitive(5, "")) }},
	{"something behind the frame", func(f *forgery) { f.root.Insert(2, primitive(5, "")) }},
	{"bytes behind the whole", func(f *forgery) { f.root = raw(append(f.root.Bytes(), 0)) }},
	{"end of contents behind the whole", func(f *forgery) { f.root = raw(append(f.root.Bytes(), 0, 0)) }},
	{"whole cut short", func(f *forgery) { b := f.root.Bytes(); f.root = raw(b[:len(b)-1]) }},
	{"nothing", func(f *forgery) { f.root = &derkit.Node{Raw: []byte{}} }},
}

func twice(f *forgery, a *derkit.Node) {
	f.attributes().Insert(0, a.Clone())
	f.sign(f.victim, true)
}

func second(f *forgery, a, value *derkit.Node) {
	a.At(1).Insert(1, value.Clone())
	a.At(1).Sort()
	f.sign(f.victim, true)
}

// signTime signs with a signing-time of these values.
func (f *forgery) signTime(values ...*derkit.Node) {
	for _, a := range f.attributes().Children {
		if string(a.Children[0].Content) == oidTime {
			f.without(a)
			break
		}
	}
	f.attributes().Insert(0, sequence(oid(oidTime), set(values...)))
	f.sign(f.victim, true)
}

// named makes signing-certificate-v2 name another holder's certificate.
func (f *forgery) named(h *derkit.Holder) {
	other := f.over256(h.Leaf().Raw)
	put(f.certID(), sequence(octets(other)))
}

// leaf is the victim's certificate in the bag.
func (f *forgery) leaf() *derkit.Node {
	for _, c := range f.bag().Children {
		if bytes.Equal(c.Bytes(), f.victim.Leaf().Raw) {
			return c
		}
	}
	f.Fatal("the victim's certificate is not carried")
	return nil
}

// byAttacker is the part of a second signer, right in itself.
func (f *forgery) byAttacker() *derkit.Node {
	other := &forgery{f.TB, f.subject, f.root.Clone()}
	other.named(f.attacker)
	put(other.info().At(1), sequence(raw(f.attacker.Leaf().RawIssuer), serial(f.attacker)))
	other.sign(f.attacker, true)
	f.bag().Insert(0, raw(f.attacker.Leaf().Raw))
	return other.info()
}

func (f *forgery) unsigned(a *derkit.Node) {
	f.info().Insert(6, &derkit.Node{Tag: 0xa1, Children: []*derkit.Node{a.Clone()}})
}

func (f *forgery) digestAlgorithm(name string) {
	put(f.body().At(1, 0), sequence(oid(name)))
	put(f.info().At(2), sequence(oid(name)))
}

// AT-20: no family is accepted, on a signature and on a token alike.
func TestConfusedSignedDataIsRefused(t *testing.T) {
	if len(families) < 60 {
		t.Errorf("%d families", len(families))
	}
	for _, s := range subjects(t, derkit.P256) {
		for _, family := range families {
			t.Run(s.name+"/"+family.name, func(t *testing.T) {
				f := &forgery{t, s, derkit.Parse(t, s.der)}
				family.make(f)
				der := f.root.Bytes()
				if bytes.Equal(der, s.der) {
					t.Fatal("the family changes nothing")
				}
				if c, err := s.verify(der); err == nil {
					t.Errorf("accepted as signed by %v", c.Subject)
				}
			})
		}
	}
}

// The hand that signs in the families signs rightly: what it signs without a
// change is accepted, so that each family is refused for what it changes.
func TestForgeriesAreSignedRightly(t *testing.T) {
	for _, s := range subjects(t, derkit.P256) {
		f := &forgery{t, s, derkit.Parse(t, s.der)}
		f.sign(f.victim, true)
		if c, err := s.verify(f.root.Bytes()); err != nil || !c.Equal(s.victim.Leaf()) {
			t.Errorf("%s signed anew: %v", s.name, err)
		}
		f.without(f.protection())
		f.sign(f.victim, true)
		if c, err := s.verify(f.root.Bytes()); err != nil || !c.Equal(s.victim.Leaf()) {
			t.Errorf("%s without algorithm-protection: %v", s.name, err)
		}
	}
}

// AT-20: the position of a certificate decides nothing. Where the attacker
// signs in his own name, with the victim's certificate first, he is the signer.
func TestSignerIsTheNamedOneWhereverItStands(t *testing.T) {
	for _, s := range subjects(t, derkit.P256) {
		f := &forgery{t, s, derkit.Parse(t, s.der)}
		f.infos().Children = []*derkit.Node{f.byAttacker()}
		for range len(f.bag().Children) {
			c := f.bag().Children
			f.bag().Children = append(c[1:], c[0])
			got, err := s.verify(f.root.Bytes())
			if err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			if !got.Equal(s.attacker.Leaf()) {
				t.Errorf("%s: signed by %v", s.name, got.Subject)
			}
		}
	}
}

// AT-20: BER in any place, in each of its forms.
func TestBERIsRefused(t *testing.T) {
	for _, s := range subjects(t, derkit.P256) {
		n := 0
		derkit.Parse(t, s.der).Walk(func(*derkit.Node) { n++ })
		for i := range n {
			for _, form := range []struct {
				name  string
				bytes func(*derkit.Node) []byte
			}{{"indefinite", (*derkit.Node).Indefinite}, {"long length", (*derkit.Node).LongLength}} {
				tree := derkit.Parse(t, s.der)
				at, k := (*derkit.Node)(nil), 0
				tree.Walk(func(c *derkit.Node) {
					if k == i {
						at = c
					}
					k++
				})
				at.Raw = form.bytes(at)
				if _, err := s.verify(tree.Bytes()); err == nil {
					t.Errorf("%s: element %d with %s is accepted", s.name, i, form.name)
				}
			}
		}
	}
}
