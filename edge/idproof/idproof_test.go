package idproof

import (
	"bytes"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/outward"
	"rem/edge/simulator"
	"rem/internal/testkit"
	"rem/person"
	"rem/person/identity"
	"rem/person/mrtd"
)

// REQ-12: the gate's answer is a whole record, marked as a simulator's.
func TestAPersonGoesToTheGateAndComesBack(t *testing.T) {
	w := newWorld(t)
	g := w.gate(t)
	for _, c := range simulator.Citizens {
		v, link := g.Begin("a-1", rem.DigestOf(form))
		kept, err := ParseVisit(v.Bytes()) // as after a restart
		if err != nil || kept != v {
			t.Fatal(kept, err)
		}
		if strings.Contains(link, "a-1") || strings.Contains(link, c.IdentityNumber) {
			t.Errorf("the address says whose it is: %s", link)
		}
		state, code := w.goThere(t, link, c.IdentityNumber)
		for range 2 { // the same again, after a crash
			a, err := g.Finish(t.Context(), kept, state, code, shown(t, c))
			if err != nil {
				t.Fatal(err)
			}
			if !a.By.Simulated || a.By.Adapter != "gate" || len(a.Compared) != 4 || len(a.Evidence) != 1 || a.Evidence[0].Digest != rem.DigestOf(a.Evidence[0].Bytes) {
				t.Errorf("%+v", a)
			}
			if err := complete(a, identity.EDevlet); err != nil {
				t.Error(err)
			}
			if text := fmt.Sprintf("%+v", a.Into(identity.Record{})); strings.Contains(text, c.IdentityNumber) || strings.Contains(text, c.FamilyName) {
				t.Error("the record holds a value")
			}
		}
	}
}

// REQ-111: what the gate says against somebody goes to a person.
func TestWhatTheGateSaysAgainstSomebodyIsADoubt(t *testing.T) {
	w := newWorld(t)
	g := w.gate(t)
	v, link := g.Begin("a-1", rem.DigestOf(form))
	state, code := w.goThere(t, link, simulator.Citizens[1].IdentityNumber)
	a, err := g.Finish(t.Context(), v, state, code, shown(t, simulator.Citizens[0]))
	if err != nil {
		t.Fatal(err)
	}
	r := a.Into(identity.Record{})
	for _, d := range []identity.Doubt{identity.DoubtNumber, identity.DoubtName, identity.DoubtBirth} {
		if !slices.Contains(r.Doubts(), d) {
			t.Errorf("another person, and no doubt %s", d)
		}
	}
	v, link = g.Begin("a-1", rem.DigestOf(form))
	state, code = w.goThere(t, link, "none")
	if a, err = g.Finish(t.Context(), v, state, code, shown(t, simulator.Citizens[0])); err != nil || a.Checklist[0].Passed {
		t.Fatal(a, err)
	}
	r = a.Into(identity.Record{})
	if !slices.Contains(r.Doubts(), identity.DoubtAnswer) || complete(a, identity.EDevlet) == nil {
		t.Errorf("doubts %v", r.Doubts())
	}
	v, link = g.Begin("a-1", rem.DigestOf(form))
	state, code = w.goThere(t, link, "")
	if _, err = g.Finish(t.Context(), v, state, code, shown(t, simulator.Citizens[0])); !errors.Is(err, ErrDeclined) {
		t.Error(err)
	}
}

func TestAReturnOfAnotherVisitIsNotTaken(t *testing.T) {
	w := newWorld(t)
	g := w.gate(t)
	digest := rem.DigestOf(form)
	one, oneLink := g.Begin("a-1", digest)
	two, twoLink := g.Begin("a-2", digest)
	s1, c1 := w.goThere(t, oneLink, simulator.Citizens[0].IdentityNumber)
	s2, c2 := w.goThere(t, twoLink, simulator.Citizens[1].IdentityNumber)
	said := shown(t, simulator.Citizens[0])
	otherForm, otherApplication := one, one
	otherForm.Form, otherApplication.Application = rem.DigestOf([]byte("x")), "a-3"
	for name, c := range map[string]struct {
		v           Visit
		state, code string
		want        error
	}{
		"another application":     {two, s1, c1, ErrMixedUp},
		"another's state":         {one, s2, c1, ErrMixedUp},
		"another's code":          {one, s1, c2, outward.ErrRefused},
		"no state":                {one, "", c1, ErrMixedUp},
		"no code":                 {one, s1, "", ErrUnreadable},
		"a long code":             {one, s1, strings.Repeat("x", maxCode+1), ErrUnreadable},
		"a made-up code":          {one, s1, "AAAA", outward.ErrRefused},
		"the form has changed":    {otherForm, s1, c1, ErrMixedUp},
		"moved to an application": {otherApplication, s1, c1, ErrMixedUp},
	} {
		if _, err := g.Finish(t.Context(), c.v, c.state, c.code, said); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if !one.Of(s1) || one.Of(s2) || two.Of(s1) {
		t.Error("a state is not its visit's")
	}
	if _, err := g.Finish(t.Context(), one, s1, c1, said); err != nil {
		t.Error("its own:", err)
	}
	w.clock.Advance(Patience + time.Second)
	if _, err := g.Finish(t.Context(), two, s2, c2, said); !errors.Is(err, ErrExpired) {
		t.Error("too late:", err)
	}
}

// A gate that goes wrong makes the case wait, or is a fault; it says nothing about
// anybody.
func TestAGateThatGoesWrongSaysNothingAboutAnybody(t *testing.T) {
	w := newWorld(t)
	g := w.gate(t)
	c := simulator.Citizens[0]
	v, link := g.Begin("a-1", rem.DigestOf(form))
	state, code := w.goThere(t, link, c.IdentityNumber)
	sum := v.derive("verifier")
	good := map[string]any{}
	w.before = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/gate/v1/result" {
			return false
		}
		if key := r.Header.Get("Idempotency-Key"); key == "" || strings.Contains(key, "a-1") {
			t.Errorf("the key is %q", key)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || strings.Contains(string(body), c.IdentityNumber) || !strings.Contains(string(body), sum) {
			t.Errorf("%v %s", err, body)
		}
		rw.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(rw).Encode(good); err != nil {
			t.Error(err)
		}
		return true
	}
	fill := func(change func()) {
		clear(good)
		_, l := "", link
		challenge := l[strings.Index(l, "challenge=")+len("challenge="):]
		challenge, _, _ = strings.Cut(challenge, "&")
		for k, x := range map[string]any{"reference": v.Reference(), "challenge": challenge, "result": "confirmed", "at": w.clock.Now().Format(time.RFC3339),
			"identity_number": c.IdentityNumber, "given_names": c.GivenName, "family_name": c.FamilyName, "birth_date": "1984-02-29"} {
			good[k] = x
		}
		change()
	}
	for name, x := range map[string]struct {
		change func()
		want   error
	}{
		"as it should be":       {func() {}, nil},
		"another reference":     {func() { good["reference"] = "x" }, ErrMixedUp},
		"another challenge":     {func() { good["challenge"] = "x" }, ErrMixedUp},
		"no result":             {func() { good["result"] = "" }, outward.ErrGarbage},
		"another time":          {func() { good["at"] = "2020-01-01T00:00:00Z" }, outward.ErrGarbage},
		"no time":               {func() { delete(good, "at") }, outward.ErrGarbage},
		"a wrong number":        {func() { good["identity_number"] = "12345678901" }, outward.ErrGarbage},
		"nobody":                {func() { delete(good, "identity_number") }, outward.ErrGarbage},
		"a name of signs":       {func() { good["family_name"] = "<b>" }, outward.ErrGarbage},
		"no such day":           {func() { good["birth_date"] = "1985-02-29" }, outward.ErrGarbage},
		"a field nobody agreed": {func() { good["religion"] = "x" }, outward.ErrGarbage},
		"a number for a text":   {func() { good["result"] = 7 }, outward.ErrGarbage},
	} {
		fill(x.change)
		_, err := g.Finish(t.Context(), v, state, code, shown(t, c))
		if !errors.Is(err, x.want) || (err == nil) != (x.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
		if err != nil && (strings.Contains(err.Error(), c.IdentityNumber) || strings.Contains(err.Error(), c.FamilyName)) {
			t.Errorf("%s: the error quotes: %v", name, err)
		}
	}
	w.server.Close()
	if _, err := g.Finish(t.Context(), v, state, code, shown(t, c)); !errors.Is(err, outward.ErrAway) {
		t.Error("away:", err)
	}
}

func (w *world) chips(t *testing.T) (*Chips, *simulator.State, *simulator.Attester) {
	t.Helper()
	state, err := w.pki.NewState("documents")
	if err != nil {
		t.Fatal(err)
	}
	attester, err := w.pki.NewAttester()
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewChips(ChipOptions{Name: "chip", Anchors: []mrtd.Anchor{{State: "TUR", Certificate: state.Anchor()}}, Attester: attester.Certificate, Clock: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	return c, state, attester
}

func files(t *testing.T, s *simulator.State, c simulator.Citizen, passport bool) *simulator.ChipFiles {
	t.Helper()
	f, err := s.Chip(&c, passport)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// REQ-12.
func TestAChipShowsItsHolder(t *testing.T) {
	w := newWorld(t)
	chips, state, attester := w.chips(t)
	for _, c := range simulator.Citizens {
		for _, passport := range []bool{false, true} {
			v := chips.Begin("a-1", rem.DigestOf(form))
			f := files(t, state, c, passport)
			handed, err := attester.Package(f, simulator.Recording{Reference: v.Reference(), Nonce: v.Nonce(), Live: true, SameFace: true, Picture: f.DG2, At: w.clock.Now()}, nil)
			if err != nil {
				t.Fatal(err)
			}
			a, err := chips.Finish(v, handed, shown(t, c))
			if err != nil {
				t.Fatal(err)
			}
			if err := complete(a, identity.Chip); err != nil {
				t.Errorf("%s: %v", c.GivenName, err)
			}
			if !a.By.Simulated || !a.Document.Genuine || a.Document.Issuer != "TUR" || strings.Contains(a.Document.Number, "0000") {
				t.Errorf("%+v %+v", a.By, a.Document)
			}
			for _, k := range a.Evidence {
				if bytes.Contains(k.Bytes, f.DG2) || bytes.Contains(k.Bytes, []byte("no picture")) || bytes.Contains(k.Bytes, []byte(`"dg2"`)) {
					t.Error("the picture is kept")
				}
			}
		}
	}
}

func TestWhatSpeaksAgainstAChipIsADoubtOrAnError(t *testing.T) {
	w := newWorld(t)
	chips, state, attester := w.chips(t)
	other, err := w.pki.NewState("strangers")
	if err != nil {
		t.Fatal(err)
	}
	own := files(t, state, simulator.Citizens[0], false)
	stranger := files(t, other, simulator.Citizens[0], false)
	another := files(t, state, simulator.Citizens[1], false)
	v := chips.Begin("a-1", rem.DigestOf(form))
	w2 := chips.Begin("a-2", rem.DigestOf(form))
	now := w.clock.Now()
	good := simulator.Recording{Reference: v.Reference(), Nonce: v.Nonce(), Live: true, SameFace: true, Picture: own.DG2, At: now}
	with := func(change func(*simulator.Recording)) simulator.Recording { r := good; change(&r); return r }
	for name, c := range map[string]struct {
		files  *simulator.ChipFiles
		r      simulator.Recording
		change func(map[string]any)
		failed identity.Item // an item that did not pass
		want   error
	}{
		"as it should be":        {own, good, nil, "", nil},
		"a stranger's chip":      {stranger, good, nil, identity.ChipAuthentic, nil},
		"mixed files":            {&simulator.ChipFiles{SOD: own.SOD, DG1: another.DG1, DG2: own.DG2}, good, nil, identity.ChipAuthentic, nil},
		"another face":           {own, with(func(r *simulator.Recording) { r.SameFace = false }), nil, identity.FaceMatches, nil},
		"nobody alive":           {own, with(func(r *simulator.Recording) { r.Live = false }), nil, identity.LivePicture, nil},
		"another picture":        {own, with(func(r *simulator.Recording) { r.Picture = []byte("x") }), nil, "", ErrMixedUp},
		"another's reference":    {own, with(func(r *simulator.Recording) { r.Reference = w2.Reference() }), nil, "", ErrMixedUp},
		"another's nonce":        {own, with(func(r *simulator.Recording) { r.Nonce = w2.Nonce() }), nil, "", ErrMixedUp},
		"yesterday's recording":  {own, with(func(r *simulator.Recording) { r.At = now.Add(-24 * time.Hour) }), nil, "", ErrMixedUp},
		"tomorrow's recording":   {own, with(func(r *simulator.Recording) { r.At = now.Add(24 * time.Hour) }), nil, "", ErrMixedUp},
		"another version":        {own, good, func(m map[string]any) { m["version"] = 2 }, "", ErrUnreadable},
		"a field more":           {own, good, func(m map[string]any) { m["age"] = 40 }, "", ErrUnreadable},
		"no recording":           {own, good, func(m map[string]any) { m["recording_sha256"] = "" }, "", ErrUnreadable},
		"a recording of nothing": {own, good, func(m map[string]any) { m["recording_octets"] = 0 }, "", ErrUnreadable},
		"no chip":                {&simulator.ChipFiles{SOD: own.SOD, DG2: own.DG2}, good, nil, "", ErrUnreadable},
		"no signed object":       {&simulator.ChipFiles{DG1: own.DG1, DG2: own.DG2}, good, nil, "", ErrUnreadable},
	} {
		handed, err := attester.Package(c.files, c.r, c.change)
		if err != nil {
			t.Fatal(err)
		}
		a, err := chips.Finish(v, handed, shown(t, simulator.Citizens[0]))
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
			continue
		}
		if err != nil {
			continue
		}
		for _, k := range a.Checklist {
			if k.Passed == (k.Item == c.failed) {
				t.Errorf("%s: %s passed %t", name, k.Item, k.Passed)
			}
		}
		if (complete(a, identity.Chip) == nil) != (c.failed == "") {
			t.Errorf("%s: %v", name, complete(a, identity.Chip))
		}
	}
	// A signature of somebody else, and every octet of a package that changes.
	liar, err := w.pki.NewAttester()
	if err != nil {
		t.Fatal(err)
	}
	handed, err := liar.Package(own, good, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chips.Finish(v, handed, shown(t, simulator.Citizens[0])); !errors.Is(err, ErrUnreadable) {
		t.Error("another attester:", err)
	}
	w.clock.Advance(Patience + time.Second)
	if _, err := chips.Finish(v, handed, shown(t, simulator.Citizens[0])); !errors.Is(err, ErrExpired) {
		t.Error("too late:", err)
	}
}

func TestProductionTakesNoSimulatedChip(t *testing.T) {
	w := newWorld(t)
	c, _, _ := w.chips(t)
	o := c.o
	o.Production = true
	if _, err := NewChips(o); !errors.Is(err, outward.ErrSimulator) {
		t.Error(err)
	}
	if _, err := NewCards(CardOptions{Name: "card", Anchors: w.pki.Anchors(), Judge: w.judge(t), Clock: w.clock, Production: true}); !errors.Is(err, outward.ErrSimulator) {
		t.Error(err)
	}
	g := w.outward(t, "/registry")
	g.Production = true
	r, err := NewRegistry(g)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Look(t.Context(), "k", mersis(t, simulator.Companies[0].MERSIS)); !errors.Is(err, outward.ErrSimulator) {
		t.Error(err)
	}
}

type reader struct {
	card *simulator.Identity
	who  simulator.Subject
}

func (w *world) card(t *testing.T, n int) reader {
	t.Helper()
	id, err := w.pki.Card(simulator.People[n])
	if err != nil {
		t.Fatal(err)
	}
	return reader{id, simulator.People[n]}
}

func (r reader) hand(t *testing.T, v Visit, challenge, signature []byte) []byte {
	t.Helper()
	digest := rem.DigestOf(challenge)
	answer, err := r.card.Key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	p := cardPackage{Version: 1, Reference: v.Reference(), Certificate: r.card.Certificate.Raw, Answer: answer, FormSignature: signature}
	for _, c := range r.card.Chain[1:] {
		p.Chain = append(p.Chain, c.Raw)
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// REQ-12.
func TestACardAnswersItsChallengeAndSigns(t *testing.T) {
	w := newWorld(t)
	cards, err := NewCards(CardOptions{Name: "card", Anchors: w.pki.Anchors(), Judge: w.judge(t), Clock: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	mine, said := w.card(t, 0), shown(t, simulator.Citizens[0])
	v, other := cards.Begin("a-1", rem.DigestOf(form)), cards.Begin("a-2", rem.DigestOf(form))
	signature := w.sign(t, simulator.People[0], form)
	a, err := cards.Finish(t.Context(), v, form, mine.hand(t, v, v.Challenge(), signature), said)
	if err != nil {
		t.Fatal(err)
	}
	if err := complete(a, identity.ChipCard); err != nil || !a.By.Simulated {
		t.Error(err)
	}

	fails := func(name string, item identity.Item, handed []byte) {
		t.Helper()
		a, err := cards.Finish(t.Context(), v, form, handed, said)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if !slices.Contains(a.Checklist, identity.Checked{Item: item, Passed: false}) || complete(a, identity.ChipCard) == nil {
			t.Errorf("%s: %+v", name, a.Checklist)
		}
	}
	fails("the challenge of another visit", identity.ChipAuthentic, mine.hand(t, v, other.Challenge(), signature))
	fails("another's signature", identity.CardSigned, mine.hand(t, v, v.Challenge(), w.sign(t, simulator.People[1], form)))
	fails("another's card", identity.CardSigned, w.card(t, 1).hand(t, v, v.Challenge(), signature))
	elsewhere, err := simulator.New(simulator.Options{Clock: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	forged, err := elsewhere.Card(simulator.People[0])
	if err != nil {
		t.Fatal(err)
	}
	fails("a card of nobody's", identity.ChipAuthentic, reader{forged, simulator.People[0]}.hand(t, v, v.Challenge(), signature))

	for name, c := range map[string]struct {
		v      Visit
		form   []byte
		handed []byte
		want   error
	}{
		"another visit":   {other, form, mine.hand(t, v, v.Challenge(), signature), ErrMixedUp},
		"another form":    {v, []byte("x"), mine.hand(t, v, v.Challenge(), signature), ErrMixedUp},
		"nothing":         {v, form, nil, ErrUnreadable},
		"a text":          {v, form, []byte("kart"), ErrUnreadable},
		"no signature":    {v, form, mine.hand(t, v, v.Challenge(), nil), identity.ErrUnreadable},
		"not this form's": {v, form, mine.hand(t, v, v.Challenge(), w.sign(t, simulator.People[0], []byte("x"))), identity.ErrUnreadable},
	} {
		if _, err := cards.Finish(t.Context(), c.v, c.form, c.handed, said); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestACallOwesEveryItem(t *testing.T) {
	said := shown(t, simulator.Citizens[0])
	call := Call{Officer: "s-1", Begun: testkit.Epoch, Ended: testkit.Epoch.Add(10 * time.Minute), Seen: said, Recording: rem.DigestOf([]byte("film")), Octets: 4,
		Document: identity.Document{Kind: identity.IdentityCard, Number: "*******01", Issuer: "TUR", Until: testkit.Epoch.AddDate(5, 0, 0), Genuine: true}}
	if _, err := call.Answer(said); !errors.Is(err, ErrUnreadable) {
		t.Error("without a checklist:", err)
	}
	for _, i := range identity.Required(identity.Video, false) {
		call.Checklist = append(call.Checklist, identity.Checked{Item: i, Passed: true})
	}
	a, err := call.Answer(said)
	if err != nil {
		t.Fatal(err)
	}
	if err := complete(a, identity.Video); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Call){
		"no officer": func(c *Call) { c.Officer = "" }, "no time": func(c *Call) { c.Begun = time.Time{} }, "ended before": func(c *Call) { c.Ended = c.Begun },
		"no recording": func(c *Call) { c.Recording = rem.Digest{} }, "an item less": func(c *Call) { c.Checklist = c.Checklist[1:] },
	} {
		c := call
		change(&c)
		if _, err := c.Answer(said); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func mersis(t *testing.T, s string) person.MERSIS {
	t.Helper()
	m, err := person.ParseMERSIS(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// REQ-16, S26.
func TestTheRegistryIsHeldAgainstTheApplication(t *testing.T) {
	w := newWorld(t)
	r, err := NewRegistry(w.outward(t, "/registry"))
	if err != nil {
		t.Fatal(err)
	}
	title := func(s string) person.Title {
		x, err := person.ParseTitle(s)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	who := func(n int) identity.Representative {
		s := shown(t, simulator.Citizens[n])
		return identity.Representative{Identity: s.Identity, Given: s.Given, Family: s.Family}
	}
	for _, c := range []struct {
		name, number, title string
		who                 int
		want                []identity.Difference
	}{
		{"as it should be", simulator.Companies[0].MERSIS, "ÇINARALTI IŞIKLI GIDA SANAYİ VE TİCARET ANONİM ŞİRKETİ", 0, nil},
		{"a representative with a term", simulator.Companies[0].MERSIS, simulator.Companies[0].Title, 1, nil},
		{"another title", simulator.Companies[0].MERSIS, "Başka A.Ş.", 0, []identity.Difference{identity.OtherTitle}},
		{"somebody else", simulator.Companies[0].MERSIS, simulator.Companies[0].Title, 3, []identity.Difference{identity.NotRepresented}},
		{"by name alone", simulator.Companies[1].MERSIS, simulator.Companies[1].Title, 2, []identity.Difference{identity.NameAlone}},
		{"struck off", simulator.Companies[2].MERSIS, simulator.Companies[2].Title, 3, []identity.Difference{identity.NotActive}},
		{"liquidation, power ended", simulator.Companies[3].MERSIS, simulator.Companies[3].Title, 4, []identity.Difference{identity.NotActive, identity.PowerEnded}},
		{"nobody", "0123456789099999", simulator.Companies[0].Title, 0, []identity.Difference{identity.OtherNumber, identity.OtherTitle, identity.NotActive, identity.NotRepresented}},
	} {
		e, err := r.Look(t.Context(), "a-1.registry", mersis(t, c.number))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		f := e.Finding(identity.Business{Number: mersis(t, c.number), Title: title(c.title)}, who(c.who))
		if !slices.Equal(f.Differs, c.want) || !e.Simulated || f.Answer != rem.DigestOf(e.Evidence.Bytes) || f.Asked.IsZero() {
			t.Errorf("%s: %v, want %v", c.name, f.Differs, c.want)
		}
	}
}

func TestARegistryThatIsAwayMakesTheCaseWait(t *testing.T) {
	w := newWorld(t)
	r, err := NewRegistry(w.outward(t, "/registry"))
	if err != nil {
		t.Fatal(err)
	}
	n := mersis(t, simulator.Companies[0].MERSIS)
	asked := 0
	w.before = func(rw http.ResponseWriter, _ *http.Request) bool {
		if asked++; asked < 3 {
			http.Error(rw, "", http.StatusBadGateway)
			return true
		}
		return false
	}
	if _, err := r.Look(t.Context(), "k", n); err != nil || asked != 3 {
		t.Error("away twice:", err)
	}
	w.before = func(rw http.ResponseWriter, _ *http.Request) bool {
		http.Error(rw, "", http.StatusBadGateway)
		return true
	}
	if _, err := r.Look(t.Context(), "k", n); !errors.Is(err, outward.ErrAway) || strings.Contains(err.Error(), n.Reveal()) {
		t.Error("away:", err)
	}
	for name, body := range map[string]string{
		"no status": `{"found":true,"mersis":"0123456789000001","title":"X A.Ş."}`, "a short number": `{"found":true,"mersis":"1","title":"X A.Ş.","status":"active"}`,
		"no title": `{"found":true,"mersis":"0123456789000001","status":"active"}`, "a wrong tax number": `{"found":true,"mersis":"0123456789000001","title":"X A.Ş.","status":"active","tax_number":"1234567891"}`,
	} {
		w.before = func(rw http.ResponseWriter, _ *http.Request) bool {
			rw.Header().Set("Content-Type", "application/json")
			io.WriteString(rw, body)
			return true
		}
		if _, err := r.Look(t.Context(), "k", n); !errors.Is(err, outward.ErrGarbage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAGateElsewhereIsNotMade(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*GateOptions){
		"its page abroad":       func(o *GateOptions) { o.Page = "https://elsewhere.test/" },
		"its page without TLS":  func(o *GateOptions) { o.Page = "http://127.0.0.1/" },
		"a return with a query": func(o *GateOptions) { o.Return = back + "?x=y" },
		"no return":             func(o *GateOptions) { o.Return = "" },
		"its service abroad":    func(o *GateOptions) { o.Outward.URL = "https://elsewhere.test/" },
	} {
		o := GateOptions{Outward: w.outward(t, "/gate"), Page: w.server.URL + "/gate/", Return: back}
		change(&o)
		if _, err := NewGate(o); err == nil {
			t.Errorf("%s: it was made", name)
		}
	}
}

func FuzzHandedIn(f *testing.F) {
	pki, err := simulator.New(simulator.Options{Clock: testkit.NewClock(testkit.Epoch)})
	if err != nil {
		f.Fatal(err)
	}
	attester, err := pki.NewAttester()
	if err != nil {
		f.Fatal(err)
	}
	chips, err := NewChips(ChipOptions{Name: "chip", Anchors: []mrtd.Anchor{{State: "TUR", Certificate: pki.Root().Certificate}}, Attester: attester.Certificate, Clock: testkit.NewClock(testkit.Epoch)})
	if err != nil {
		f.Fatal(err)
	}
	v := chips.Begin("a-1", rem.DigestOf(form))
	f.Add([]byte(`{"version":1,"reference":"` + v.Reference() + `","sod":"","dg1":"","dg2":"","attestation":"","signature":""}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := chips.Finish(v, b, identity.Shown{}); err == nil {
			t.Error("it was taken")
		}
		if got, err := ParseVisit(b); err == nil && !bytes.Equal(got.Bytes(), b) {
			t.Error("a visit is written otherwise than it was read")
		}
	})
}
