package mrtd

import (
	"bytes"
	"crypto/x509"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/person"
)

var now = testkit.Epoch

// The zones of the example documents that everybody prints: the state UTO is none.
const (
	exampleTD1 = "I<UTOD231458907<<<<<<<<<<<<<<<" + "7408122F1204159UTO<<<<<<<<<<<6" + "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"
	exampleTD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<" + "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
)

func name(t testing.TB, s string) person.Name {
	t.Helper()
	n, err := person.ParseName(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTheExampleZonesAreRead(t *testing.T) {
	for _, c := range []struct {
		zone, number string
		form         Form
	}{{exampleTD1, "D23145890", TD1}, {exampleTD3, "L898902C3", TD3}} {
		z, err := ParseZone(c.zone, now)
		if err != nil {
			t.Fatal(err)
		}
		if z.Form != c.form || z.Number.Reveal() != c.number || z.Issuer != "UTO" || z.Nationality != "UTO" || z.Birth.Reveal() != "1974-08-12" ||
			z.Until.Format(time.DateOnly) != "2012-04-16" {
			t.Errorf("%+v, %s, %s", z, z.Number.Reveal(), z.Birth.Reveal())
		}
		if g, f := z.Names.Match(name(t, "Anna Maria"), name(t, "Eriksson")); !g || !f {
			t.Error("its own names differ")
		}
		if _, ok := z.Identity(); ok {
			t.Error("a number of Türkiye in a document of another state")
		}
	}
}

func TestZonesOfCitizensAreRead(t *testing.T) {
	for i := range simulator.Citizens {
		c := &simulator.Citizens[i]
		for _, passport := range []bool{false, true} {
			z, err := ParseZone(c.Zone(passport), now)
			if err != nil {
				t.Fatalf("%s: %v", c.Zone(passport), err)
			}
			if n, ok := z.Identity(); !ok || n.Reveal() != c.IdentityNumber || z.Birth.Reveal() != c.Birth.Format(time.DateOnly) {
				t.Errorf("%s", c.Zone(passport))
			}
			if g, f := z.Names.Match(name(t, c.GivenName), name(t, c.FamilyName)); !g || !f {
				t.Errorf("%s: given %t, family %t", c.Zone(passport), g, f)
			}
			if g, f := z.Names.Match(name(t, "Deniz"), name(t, "Kaya")); g || f {
				t.Error("another's names are the same")
			}
		}
	}
}

// A changed character of number, dates or optional part is noticed by a check
// digit, unless the two are worth the same to it: its weights do not tell values
// apart that differ by ten (0, A and K).
func TestAZoneWithOneCharacterChangedIsRefused(t *testing.T) {
	for _, passport := range []bool{false, true} {
		zone := simulator.Citizens[3].Zone(passport)
		covered := [][2]int{{5, 30}, {30, 37}, {38, 45}, {48, 60}}
		if passport {
			covered = [][2]int{{44, 54}, {57, 64}, {65, 88}}
		}
		for _, part := range covered {
			for i := part[0]; i < part[1]; i++ {
				for _, c := range []byte("<0123456789ABKTZ") {
					if (value(c)-value(zone[i]))%10 == 0 {
						continue
					}
					b := []byte(zone)
					b[i] = c
					if _, err := ParseZone(string(b), now); err == nil {
						t.Errorf("%q for %q at %d was taken", c, zone[i], i)
					}
				}
			}
		}
	}
}

func value(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case c == '<':
		return 0
	}
	return int(c-'A') + 10
}

func TestNamesMeetInTheSpellingsOfZones(t *testing.T) {
	for _, c := range []struct {
		zone, given, family string
		want                bool
	}{
		{"OGUTCU<<ISIL<CAGRI<<<<<<<<<<<<", "Işıl Çağrı", "Öğütçü", true},
		{"OEGUETCUE<<ISIL<CAGRI<<<<<<<<<", "Işıl Çağrı", "Öğütçü", true},
		{"DOGAN<<UMIT<CAN<<<<<<<<<<<<<<<", "Ümit-Can", "Doğan", true},
		{"DOGAN<<UMITCAN<<<<<<<<<<<<<<<<", "Ümit-Can", "Doğan", true},
		{"MUELLER<<JORG<<<<<<<<<<<<<<<<<", "Jörg", "Müller", true},
		{"STRASSE<<ODD<<<<<<<<<<<<<<<<<<", "Odd", "Straße", true},
		{"OCONNOR<<SEAN<<<<<<<<<<<<<<<<<", "Seán", "O'Connor", true},
		{"DOGAN<<UMIT<<<<<<<<<<<<<<<<<<<", "Ümit-Can", "Doğan", false},
		{"DOGAN<<UMIT<CAN<<<<<<<<<<<<<<<", "Ümit", "Doğan", false},
		{"KARAOSMANOGLUGIL<<ABDURRAHMANS", "Abdurrahmanşah", "Karaosmanoğlugil", true}, // cut
		{"KARAOSMANOGLUGIL<<ABDURRAHMANS", "Abdullah", "Karaosmanoğlugil", false},
		{"DOGAN<<<<<<<<<<<<<<<<<<<<<<<<<", "Ümit", "Doğan", false},
	} {
		n, ok := parseNames(c.zone)
		if !ok {
			t.Errorf("%s is not read", c.zone)
			continue
		}
		if g, f := n.Match(name(t, c.given), name(t, c.family)); (g && f) != c.want {
			t.Errorf("%s and %s %s: given %t, family %t", c.zone, c.given, c.family, g, f)
		}
	}
}

func TestALongNumberOfACardGoesOn(t *testing.T) {
	number := "D23145890734" // nine, three more and the check digit in the optional part
	digit := byte('0')
	for !checks(number, digit) {
		digit++
	}
	one := "I<UTO" + number[:9] + "<" + number[9:] + string(digit) + "<<<<<<<<<<<"
	two := "7408122F1204159UTO<<<<<<<<<<<"
	last := byte('0')
	for !checks(one[5:]+two[:7]+two[8:15]+two[18:29], last) {
		last++
	}
	z, err := ParseZone(one+two+string(last)+"ERIKSSON<<ANNA<MARIA<<<<<<<<<<", now)
	if err != nil || z.Number.Reveal() != number {
		t.Errorf("%v", err)
	}
}

type world struct {
	pki   *simulator.PKI
	state *simulator.State
	files *simulator.ChipFiles
	chip  Chip
}

func newWorld(t testing.TB) *world {
	t.Helper()
	pki, err := simulator.New(simulator.Options{Clock: testkit.NewClock(now)})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{pki: pki}
	if w.state, err = pki.NewState("state"); err != nil {
		t.Fatal(err)
	}
	if w.files, err = w.state.Chip(&simulator.Citizens[0], false); err != nil {
		t.Fatal(err)
	}
	w.chip = Chip{w.files.SOD, w.files.DG1, w.files.DG2}
	return w
}

func (w *world) anchors() []Anchor { return []Anchor{{State: "TUR", Certificate: w.state.Anchor()}} }

// REQ-12.
func TestAChipIsAuthenticWhenItsStateSignedIt(t *testing.T) {
	w := newWorld(t)
	a, err := w.chip.Authenticate(w.anchors(), now)
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := a.Zone.Identity(); !ok || n.Reveal() != simulator.Citizens[0].IdentityNumber || a.Signer.IsZero() || a.Anchor.IsZero() || a.Listed {
		t.Errorf("%+v", a)
	}
}

// openssl reads the same object, and finds the same signature right.
func TestOpensslAgreesAboutTheChip(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal("openssl is not installed")
	}
	w := newWorld(t)
	dir := t.TempDir()
	// The wrapper of the chip's file is not of CMS: tag and length of two octets.
	body := w.files.SOD[4:]
	if w.files.SOD[1] != 0x82 {
		t.Fatalf("the wrapper has another length: %x", w.files.SOD[:4])
	}
	file, anchor := filepath.Join(dir, "sod"), filepath.Join(dir, "csca.pem")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(anchor+".der", w.state.Anchor().Raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("openssl", "x509", "-inform", "DER", "-in", anchor+".der", "-out", anchor).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	out, err := exec.Command("openssl", "cms", "-verify", "-inform", "DER", "-in", file, "-CAfile", anchor, "-purpose", "any", "-attime", "1795417200", "-out", filepath.Join(dir, "content")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v %s", err, out)
	}
	content, err := os.ReadFile(filepath.Join(dir, "content"))
	s, serr := readSOD(w.files.SOD)
	if err != nil || serr != nil || !bytes.Equal(content, s.content) {
		t.Error("it reads another content", err, serr)
	}
}

// Every octet of the three files counts.
func TestAChipWithOneOctetChangedIsNotAuthentic(t *testing.T) {
	w := newWorld(t)
	for name, file := range map[string]*[]byte{"SOD": &w.chip.SOD, "DG1": &w.chip.DG1, "DG2": &w.chip.DG2} {
		whole := *file
		for i := range whole {
			for _, flip := range []byte{0x01, 0x80, 0xff} {
				b := bytes.Clone(whole)
				b[i] ^= flip
				*file = b
				if _, err := w.chip.Authenticate(w.anchors(), now); err == nil {
					t.Errorf("%s: octet %d changed by %#x, and it is authentic", name, i, flip)
				}
			}
		}
		for _, b := range [][]byte{nil, whole[:len(whole)-1], append(bytes.Clone(whole), 0), append([]byte{0}, whole...), bytes.Repeat(whole, 2)} {
			*file = b
			if _, err := w.chip.Authenticate(w.anchors(), now); err == nil {
				t.Errorf("%s of %d octets is authentic", name, len(b))
			}
		}
		*file = whole
	}
}

func TestWhoMayVouchForADocument(t *testing.T) {
	w := newWorld(t)
	other, err := w.pki.NewState("other")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		anchors []Anchor
		at      time.Time
	}{
		{"nobody", nil, now},
		{"another authority of the state", []Anchor{{State: "TUR", Certificate: other.Anchor()}}, now},
		{"the authority, named for another state", []Anchor{{State: "UTO", Certificate: w.state.Anchor()}}, now},
		{"the world's root", []Anchor{{State: "TUR", Certificate: w.pki.Root().Certificate}}, now},
		{"the signer itself", []Anchor{{State: "TUR", Certificate: w.state.Signer.Certificate}}, now},
		{"after the signer's time", w.anchors(), w.state.Signer.Certificate.NotAfter.Add(time.Second)},
		{"before it", w.anchors(), w.state.Signer.Certificate.NotBefore.Add(-time.Second)},
	} {
		if _, err := w.chip.Authenticate(c.anchors, c.at); !errors.Is(err, ErrIssuer) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestASignerThatWasRevokedIsNotBelieved(t *testing.T) {
	w := newWorld(t)
	list := func(a *simulator.Authority) *x509.RevocationList {
		der, err := a.RevocationList()
		if err != nil {
			t.Fatal(err)
		}
		l, err := x509.ParseRevocationList(der)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	anchors := w.anchors()
	anchors[0].Revoked = list(w.state.Authority())
	if a, err := w.chip.Authenticate(anchors, now); err != nil || !a.Listed {
		t.Error("a list without him:", err)
	}
	anchors[0].Revoked = list(w.pki.Root())
	if a, err := w.chip.Authenticate(anchors, now); err != nil || a.Listed {
		t.Error("another's list is believed:", err)
	}
	if err := w.pki.Revoke(w.state.Signer.Certificate, now, 0); err != nil {
		t.Fatal(err)
	}
	anchors[0].Revoked = list(w.state.Authority())
	if _, err := w.chip.Authenticate(anchors, now); !errors.Is(err, ErrIssuer) {
		t.Error("revoked:", err)
	}
}

// The groups of another chip of the same state do not fit.
func TestGroupsOfTwoDocumentsDoNotMix(t *testing.T) {
	w := newWorld(t)
	other, err := w.state.Chip(&simulator.Citizens[1], false)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []Chip{{w.files.SOD, other.DG1, w.files.DG2}, {other.SOD, w.files.DG1, w.files.DG2}} {
		if _, err := c.Authenticate(w.anchors(), now); !errors.Is(err, ErrDigest) {
			t.Errorf("%v", err)
		}
	}
	none, err := w.state.Sign(map[int][]byte{1: w.files.DG1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&Chip{none, w.files.DG1, w.files.DG2}).Authenticate(w.anchors(), now); !errors.Is(err, ErrDigest) {
		t.Errorf("a picture that nobody signed: %v", err)
	}
}

func FuzzParseZone(f *testing.F) {
	f.Add(exampleTD1)
	f.Add(exampleTD3)
	f.Add(simulator.Citizens[0].Zone(true))
	f.Fuzz(func(t *testing.T, s string) {
		z, err := ParseZone(s, now)
		if err != nil {
			if strings.Contains(err.Error(), "ERIKSSON") {
				t.Error("the error quotes the zone")
			}
			return
		}
		if z.Number.IsZero() || z.Issuer == "" || z.Until.IsZero() || !z.Birth.IsZero() && z.Birth.Time().After(now) {
			t.Errorf("%q: %+v", s, z)
		}
	})
}

func FuzzChip(f *testing.F) {
	w := newWorld(f)
	f.Add(w.chip.SOD, w.chip.DG1)
	f.Fuzz(func(t *testing.T, sod, dg1 []byte) {
		c := Chip{sod, dg1, w.chip.DG2}
		if _, err := c.Authenticate(w.anchors(), now); err == nil && !(bytes.Equal(sod, w.chip.SOD) && bytes.Equal(dg1, w.chip.DG1)) {
			t.Error("another chip is authentic")
		}
	})
}
