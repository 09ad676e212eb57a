package rem_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
)

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

func TestTokensSortByTime(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	times := []time.Time{time.Unix(0, 0), time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), time.Date(2026, 11, 23, 9, 0, 0, 1e6, time.UTC),
		time.Date(2026, 11, 23, 9, 0, 1, 0, time.UTC), time.Date(2046, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2999, 12, 31, 0, 0, 0, 0, time.UTC)}
	seen := map[string]bool{}
	last := ""
	for _, at := range times {
		var of []string
		for range 200 {
			token, err := rem.NewToken(at, random)
			if err != nil {
				t.Fatal(err)
			}
			if len(token) != 26 || strings.Trim(token, alphabet) != "" || seen[token] {
				t.Fatalf("%q, met before: %t", token, seen[token])
			}
			seen[token] = true
			of = append(of, token)
		}
		slices.Sort(of)
		if of[0] <= last {
			t.Errorf("%s sorts before an earlier time: %s after %s", at, of[0], last)
		}
		last = of[len(of)-1]
	}
}

func TestATokenNeedsItsRandomness(t *testing.T) {
	if token, err := rem.NewToken(time.Now(), bytes.NewReader(make([]byte, 9))); err == nil {
		t.Errorf("nine bytes gave %q", token)
	}
}

// hostile makes names that try to be paths, queries, lines and other things.
func hostile(n int) []string {
	random := rand.New(rand.NewPCG(11, 1))
	pieces := []string{"../", "..\\", "/etc/passwd", "\x00", "\r\n", "%2e%2e%2f", "..%c0%af", "C:\\", "\\\\host\\share", "~root/", "$(id)", "`id`", ";rm -rf ", "|",
		"' OR 1=1 --", "\"", "<script>", "CON", "nul.", "a:b", "\u202e", "\u2028", "ﬀ", "İ", "K", "\xff\xfe", "..", ".", "", " ", "-rf", "*", "?", "@", "{}", "%s%n", "lock",
		"control.sock", "trustlist.sequence", strings.Repeat("A", 300), strings.Repeat("../", 40), "01arz3ndektsv4rrffq69g5fav", "0123456789abcdefghjkmnpqrs"}
	names := slices.Clone(pieces)
	for len(names) < n {
		var b strings.Builder
		for range 1 + random.IntN(5) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		if random.IntN(2) == 0 {
			b.WriteString("@" + pieces[random.IntN(len(pieces))])
		}
		names = append(names, b.String())
	}
	return names
}

// AT-11.
func TestHostileIdentifiersGiveTokensOfOurAlphabet(t *testing.T) {
	for _, name := range hostile(5000) {
		id := rem.MessageID(name)
		token := id.Token()
		if len(token) != 26 || strings.Trim(token, alphabet) != "" {
			t.Fatalf("%q gives %q", name, token)
		}
		if got := filepath.Join("/data", token); filepath.Dir(got) != "/data" {
			t.Fatalf("%q leaves the folder: %s", name, got)
		}
		evidence := string(rem.NewEvidenceID(id, "10", 0, "hs90"))
		if !isNCName(evidence) || strings.ContainsAny(evidence, `/\`) {
			t.Fatalf("%q gives evidence %q", name, evidence)
		}
	}
}

// isNCName checks the form of xs:ID within ASCII (XML Namespaces 1.0, 3).
func isNCName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c != '-' && c != '.' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

func TestAnIdentifierOfOurFormKeepsItsToken(t *testing.T) {
	token, err := rem.NewToken(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), rand.NewChaCha8([32]byte{}))
	if err != nil {
		t.Fatal(err)
	}
	if got := rem.NewMessageID(token, "hs90.kep.test").Token(); got != token {
		t.Errorf("got %s, want %s", got, token)
	}
	for name, id := range map[string]rem.MessageID{
		"upper case": rem.MessageID(strings.ToUpper(token) + "@hs90.kep.test"), "longer": rem.MessageID(token + "0@hs90.kep.test"),
		"a letter that we do not use": rem.MessageID("u" + token[1:] + "@hs90.kep.test"), "no domain": rem.MessageID(token),
		"a long domain": rem.MessageID(token + "@" + strings.Repeat("a", 65)),
	} {
		if id.Token() == token {
			t.Errorf("%s: a foreign identifier has our token", name)
		}
	}
}

func TestEvidenceOfDifferentThingsHasDifferentIdentifiers(t *testing.T) {
	const token = "06h0h6dv2e4z2p5rjwxb2jyc58"
	seen := map[rem.EvidenceID]string{}
	for _, id := range append(hostile(500), token+"@hs90.kep.test", token+"@hs91.kep.test", token, strings.ToUpper(token)+"@hs90.kep.test") {
		for _, code := range []string{"10", "11", "20", "60"} {
			for _, recipient := range []int{0, 1, 10, 11} {
				for _, issuer := range []string{"hs90", "hs91"} {
					what := fmt.Sprintf("%q %s %d %s", id, code, recipient, issuer)
					made := rem.NewEvidenceID(rem.MessageID(id), code, recipient, issuer)
					if other, met := seen[made]; met && other != what {
						t.Fatalf("%s and %s are both %s", other, what, made)
					}
					seen[made] = what
				}
			}
		}
	}
}

// An identifier that is chosen to look like the digest of another must not take
// its evidence: whoever sends both would have the first evidence stand for the
// second message (AT-14).
func TestNoIdentifierCanImitateTheTokenOfAnother(t *testing.T) {
	for _, name := range hostile(2000) {
		first := rem.MessageID(name + "@hs91.kep.test")
		second := rem.NewMessageID(first.Token(), "hs91.kep.test")
		if first != second && rem.NewEvidenceID(first, "20", 1, "hs90") == rem.NewEvidenceID(second, "20", 1, "hs90") {
			t.Fatalf("%q and %q have the same evidence", first, second)
		}
	}
}

func TestADigestIsWrittenInHexadecimal(t *testing.T) {
	// The well-known digest of the empty string.
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if got := rem.DigestOf(nil); got.String() != empty || got.IsZero() || !(rem.Digest{}).IsZero() {
		t.Errorf("got %s", got)
	}
}

func TestARefusalIsToldApartFromAFault(t *testing.T) {
	err := fmt.Errorf("submitting: %w", rem.Refuse(rem.MailboxFull, "Kutu dolu.", "The mailbox is full."))
	refusal, ok := errors.AsType[*rem.Refusal](err)
	if !ok || refusal.Reason != rem.MailboxFull {
		t.Fatalf("got %v", refusal)
	}
	if got, want := err.Error(), "submitting: refused (MailboxFull): The mailbox is full."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, ok := errors.AsType[*rem.Refusal](errors.New("disk full")); ok {
		t.Error("a fault is taken for a refusal")
	}
}

func TestATextIsTurkishFirst(t *testing.T) {
	for _, c := range []struct {
		text rem.Text
		want string
	}{
		{rem.Text{Turkish: "Evet", English: "Yes"}, "Evet / Yes"}, {rem.Text{Turkish: "Evet"}, "Evet"}, {rem.Text{English: "Yes"}, "Yes"}, {rem.Text{}, ""},
	} {
		if got := c.text.String(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
