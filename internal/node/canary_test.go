package node

import (
	"bytes"
	"context"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode"

	"rem"
	"rem/edge/simulator"
	"rem/internal/setup"
	"rem/person"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/privacy"
	"rem/trust/cades"
)

// Sizes of the test: how many canaries apply.
const (
	manyCanaries = 1000 // with REM_LONG=1
	someCanaries = 60
)

// A canary is a synthetic person whose every value is found wherever it lies.
type canary struct {
	setup.Applicant
	values map[string]string // what must lie nowhere, by what it is
}

// word spells a number in letters, another for each.
func word(n int) string {
	consonants, vowels := []rune("bcdfghjklmnprstvyz"), []rune("aeiou") // that stay apart in an address
	var b strings.Builder
	for range 3 {
		b.WriteRune(consonants[n%len(consonants)])
		n /= len(consonants)
		b.WriteRune(vowels[n%len(vowels)])
		n /= len(vowels)
	}
	return b.String()
}

// number makes an identity number with its check digits, of nobody.
func number(n int) string {
	digits := fmt.Sprintf("9876%05d", n)
	var odd, even int
	for i, d := range digits {
		if i%2 == 0 {
			odd += int(d - '0')
		} else {
			even += int(d - '0')
		}
	}
	tenth := ((7*odd-even)%10 + 10) % 10
	return fmt.Sprintf("%s%d%d", digits, tenth, (odd+even+tenth)%10)
}

// newCanary makes the n-th; two of them share no value.
func (s *stage) newCanary(n int) (*canary, error) {
	given, family := "Işıl "+strings.ToTitle("ç")+"ağrı"+word(n)+" Gülşah", "Öğütçü"+word(n)+"oğlu"
	c := &canary{}
	name := rem.FoldName(strings.ReplaceAll(given, " ", ".")) + "." + rem.FoldName(family)
	c.Address = name + "@" + here
	c.Signs = n%2 == 1
	c.From = netip.AddrFrom4([4]byte{10, 211, 100 + byte(n/200), 50 + byte(n%200)})
	birth := fmt.Sprintf("%02d.%02d.%d", 1+n%28, 1+n/28%12, 1940+n/336)
	mobile := fmt.Sprintf("55177%05d", n)
	c.Typed = application.Input{
		"identity-number": number(n), "given-names": given, "family-name": family, "birth-date": birth,
		"mobile": "0" + mobile, "mail-address": fmt.Sprintf("posta-%s-%04d@kutu%04d.example.test", rem.FoldName(word(n)), n, n),
		"address": fmt.Sprintf("Kanarya Mahallesi, %s Sokağı %d", word(n), n), "district": "İlçe" + word(n) + "ören", "province": "Ankara", "postal-code": "06690",
		"profession": "Ünvan" + word(n) + "cı", "service": application.SendAndReceive,
	}
	id, err := s.world.PKI.Issue(simulator.Personal, simulator.Request{
		Subject: pkix.Name{CommonName: given + " " + family, SerialNumber: number(n)}, Addresses: []string{c.Address},
	})
	if err != nil {
		return nil, err
	}
	if c.Signer, err = cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain}); err != nil {
		return nil, err
	}
	c.values = map[string]string{
		"mobile phone": mobile, "name": given + " " + family, "name as it is compared": rem.FoldName(given + " " + family),
		"date of birth": fmt.Sprintf("%s-%s-%s", birth[6:], birth[3:5], birth[:2]), "network address": c.From.String(),
	}
	for field, v := range c.Typed {
		if field != "service" && field != "province" && field != "postal-code" { // few people have another one
			c.values[field] = v
		}
	}
	return c, nil
}

// shortest is how long a value has to be to be looked for: every place of every
// file is looked up by this many octets.
const shortest = 8

// A finder finds many values at once.
type finder struct {
	maybe []uint64            // a bit for each hash that some beginning has
	by    map[uint64][]sought // by the first octets
}

type sought struct {
	text []byte
	what string
}

func newFinder() *finder { return &finder{maybe: make([]uint64, 1<<16), by: map[uint64][]sought{}} }

func slot(head uint64) (word, bit uint64) {
	h := head * 0x9e3779b97f4a7c15 >> 42 // 22 bits
	return h >> 6, 1 << (h & 63)
}

// add looks for a value in the spellings that programs give it.
func (f *finder) add(what, value string) {
	spellings := []string{
		value, strings.ToUpperSpecial(unicode.TurkishCase, value), strings.ToLowerSpecial(unicode.TurkishCase, value),
		url.QueryEscape(value), url.PathEscape(value), hex.EncodeToString([]byte(value)),
	}
	escaped, wide := "", []byte{}
	for _, r := range value {
		if r < 0x80 {
			escaped += string(r)
		} else {
			escaped += fmt.Sprintf(`\u%04x`, r)
		}
		wide = append(wide, byte(r), byte(r>>8))
	}
	spellings = append(spellings, escaped, string(wide))
	for shift := range 3 { // base64 has three spellings of what is inside; the ends depend on what is beside
		raw := append(make([]byte, shift), value...)
		inside := base64.RawStdEncoding.EncodeToString(raw)
		inside = inside[(shift*8+5)/6 : len(raw)*8/6]
		spellings = append(spellings, inside, strings.NewReplacer("+", "-", "/", "_").Replace(inside))
	}
	known := map[string]bool{}
	for _, s := range spellings {
		if len(s) < shortest || known[s] {
			continue
		}
		known[s] = true
		head := binary.LittleEndian.Uint64([]byte(s))
		w, bit := slot(head)
		f.maybe[w] |= bit
		f.by[head] = append(f.by[head], sought{[]byte(s), what})
	}
}

// find says what lies in the bytes, each once.
func (f *finder) find(b []byte) (list []string) {
	known := map[string]bool{}
	for i := 0; i+shortest <= len(b); i++ {
		head := binary.LittleEndian.Uint64(b[i:])
		if w, bit := slot(head); f.maybe[w]&bit == 0 {
			continue
		}
		for _, s := range f.by[head] {
			if bytes.HasPrefix(b[i:], s.text) && !known[s.what] {
				known[s.what] = true
				list = append(list, s.what)
			}
		}
	}
	return list
}

// house is a provider as applicants meet it.
func (s *stage) house(domain string) *setup.House {
	n := s.nodes[domain]
	h := &setup.House{
		World: s.world, Provider: n.Provider, Register: n.Records.Register, Notices: n.Records.Notices, Documents: n.Records.Published,
		Staff: n.People.Staff, Enrolment: n.People.Enrolment, Login: n.People.Login,
	}
	for _, p := range s.world.Providers {
		if p.Domain == domain {
			h.Own = p
		}
	}
	return h
}

// P-03, P-12, AT-38: nothing of what a thousand applicants say, sign and are told
// lies in clear in any file of a provider, in its log, its metrics, its errors, its
// answers to operators and the pages that strangers see. The KEP address does: the
// inventory says so, and it shows that this test finds what is there.
func TestNothingOfApplicantsLiesInClear(t *testing.T) {
	many := someCanaries
	if os.Getenv("REM_LONG") != "" {
		many = manyCanaries
	}
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	house := s.house(here)
	team, err := house.Found(t.Context(), [4]simulator.Subject(simulator.People[1:5]))
	if err != nil {
		t.Fatal(err)
	}
	all, f, opened := make([]*canary, many), newFinder(), make([]setup.Holder, many)
	errs := make([]error, many)
	free := make(chan struct{}, 8)
	var working sync.WaitGroup
	for i := range many {
		if all[i], err = s.newCanary(i); err != nil {
			t.Fatal(err)
		}
		working.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			opened[i], errs[i] = house.Apply(t.Context(), team, all[i].Applicant)
		})
	}
	working.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for i, c := range all {
		c.values["password"], c.values["secret of the app"] = opened[i].Password, opened[i].TOTP
		for what, v := range c.values {
			f.add(fmt.Sprintf("the %s of canary %d", what, i), v)
		}
	}
	addresses := newFinder()
	addresses.add("address", all[0].Address)

	if got := f.find([]byte("x " + all[0].Typed["mail-address"] + base64.StdEncoding.EncodeToString([]byte("y"+all[many-1].Typed["identity-number"]+"z")))); len(got) != 2 {
		t.Fatalf("of two values that were put there %q was found", got)
	}
	told := 0
	for _, m := range s.world.Mails() {
		told += len(f.find([]byte(m.To)))
	}
	if told == 0 {
		t.Error("the simulated mailboxes have nobody's address: the search finds nothing")
	}
	clean := func(where string, b []byte) {
		t.Helper()
		for _, what := range f.find(b) {
			t.Errorf("%s has %s", where, what)
		}
	}
	c := s.control(here)
	folder := s.nodes[here].Config.Data
	files := func(when string) {
		t.Helper()
		octets, seen := 0, false
		err := filepath.WalkDir(folder, func(file string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(file)
			if errors.Is(err, fs.ErrNotExist) {
				return nil // a running provider puts files away
			}
			octets += len(b)
			seen = seen || len(addresses.find(b)) > 0
			clean(when+": the file "+strings.TrimPrefix(file, folder)+" ", b)
			clean(when+": the name of a file", []byte(file))
			return err
		})
		if err != nil || !seen {
			t.Errorf("%s: of %d octets nothing has even an address: %v", when, octets, err)
		}
		t.Logf("%s: %d octets were read", when, octets)
	}
	files("running")
	s.askedBadly(t.Context(), house, team, all, clean)
	s.pagesOf(all[:5], func(where string, i int, b []byte) {
		t.Helper()
		for _, what := range f.find(b) {
			// A page may give back what was just sent to it, to who sent it.
			if mine := fmt.Sprintf("of canary %d", i); what != "the identity-number "+mine && what != "the mail-address "+mine {
				t.Errorf("%s has %s", where, what)
			}
		}
	})
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		_, body := s.get(here, path)
		clean(path, []byte(body))
	}
	for name, ask := range map[string]func() (any, error){
		"accounts":  func() (any, error) { return c.Accounts(t.Context(), "") },
		"staff":     func() (any, error) { return c.StaffList(t.Context(), "") },
		"notices":   func() (any, error) { return c.Notices(t.Context()) },
		"documents": func() (any, error) { return c.Documents(t.Context()) },
		"queue":     func() (any, error) { return c.Queue(t.Context(), "relay", 100) },
		"sent":      func() (any, error) { return c.Sent(t.Context(), all[0].Address, 100) },
		"a password": func() (any, error) {
			return nil, c.SetPassword(t.Context(), all[0].Typed["mail-address"], all[0].Typed["identity-number"])
		},
	} {
		v, err := ask()
		b, bad := json.Marshal(v)
		if bad != nil {
			t.Fatal(bad)
		}
		if name == "a password" == (err == nil) {
			t.Errorf("remctl %s: %v", name, err)
		}
		clean("remctl "+name, append(b, fmt.Sprint(err)...))
	}
	s.stop(here)
	files("stopped")
	log := []byte(s.logs[here].String())
	clean("the log", log)
	if len(log) == 0 {
		t.Error("there is no log")
	}
}

// askedBadly asks for what is refused: errors hold nothing of who asked.
func (s *stage) askedBadly(ctx context.Context, h *setup.House, team setup.Team, all []*canary, clean func(string, []byte)) {
	s.t.Helper()
	apply := h.Enrolment.Applicants()
	_, digest, err := h.Notices.NoticeInForce(s.nodes[here].clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	texts, err := h.Enrolment.Texts()
	if err != nil {
		s.t.Fatal(err)
	}
	b, err := apply.Begin(ctx, person.Natural, enrolment.Shown{Notice: digest, Language: privacy.Turkish, Channel: privacy.Website})
	if err != nil {
		s.t.Fatal(err)
	}
	for i, c := range all[:min(len(all), 5)] {
		wrong := application.Input{"kep-address": c.Address}
		for field, v := range c.Typed {
			wrong[field] = v
		}
		tries := map[string]error{"the same address again": apply.Submit(ctx, b.Bearer, false, wrong, texts)}
		for field := range c.Typed {
			before := wrong[field]
			wrong[field] = before + "\x01\x02" // no field takes it
			tries["a bad "+field] = apply.Submit(ctx, b.Bearer, false, wrong, texts)
			wrong[field] = before
		}
		_, tries["the whole way again"] = h.Apply(ctx, team, c.Applicant)
		for what, err := range tries {
			if err == nil {
				s.t.Errorf("canary %d: %s was taken", i, what)
				continue
			}
			clean(what, fmt.Appendf(nil, "%v %+v %#v", err, err, err))
		}
		if m, err := s.mailer(here, c.Typed["mail-address"], c.Typed["identity-number"]); err == nil {
			m.Close()
			s.t.Errorf("canary %d logs in with his number", i)
		} else {
			clean("a mail program's refusal", []byte(err.Error()))
		}
	}
}

// pagesOf asks pages with values where none belongs: no answer has anything more
// of anybody.
func (s *stage) pagesOf(all []*canary, clean func(where string, canary int, b []byte)) {
	s.t.Helper()
	for i, c := range all {
		number, mail := c.Typed["identity-number"], c.Typed["mail-address"]
		v := s.visitor(here)
		look := func(where string, status int) {
			s.t.Helper()
			if status >= 500 {
				s.t.Errorf("%s answers %d", where, status)
			}
			clean("the page of "+where, i, []byte(v.page))
			clean("where "+where+" leads", i, []byte(v.at))
		}
		for where, path := range map[string]string{
			"no such page": "/tr/nowhere/" + number, "the log-in": "/tr/account?who=" + url.QueryEscape(mail), "no such notice": "/en/notice/" + number,
			"the desk": "/tr/desk/" + number, "applications": "/tr/apply/resume?s=" + number, "a refused look-up": "/tr/desk/accounts?q=" + url.QueryEscape(c.Address),
		} {
			look(where, v.get(path))
		}
		for path, fields := range map[string][]string{
			"/tr/login": {"name", mail, "password", number}, "/tr/login/code": {"pending", number, "code", number}, "/tr/welcome": {"grant", number},
			"/tr/desk/login": {"name", mail, "number", number}, "/tr/account/mail": {"who", mail}, "/tr/apply/resume": {"secret", number},
		} {
			look(path, v.post(path, fields...))
		}
		// Wrong for somebody who has an account: nothing of him but what was typed.
		look("a wrong password", v.post("/tr/login", "name", c.Address, "password", number+mail))
	}
}
