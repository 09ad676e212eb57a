package enrolment_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit/enrolmenttest"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/account"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/person/login"
	"rem/person/news"
	"rem/privacy"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// until goes on until the application is in the state.
func (p *traveller) until(s application.State) application.View {
	p.t.Helper()
	for range 60 {
		if !p.begun.Secret.IsZero() {
			if v := p.view(); v.State == s {
				return v
			}
		}
		must(p.t, p.step(context.Background()))
	}
	p.t.Fatalf("it is never %s", s)
	return application.View{}
}

func (p *traveller) view() application.View {
	p.t.Helper()
	v, err := p.w.Ledger.Application(context.Background(), p.begun.Bearer.Application())
	must(p.t, err)
	return v
}

// P-06, S02.
func TestNothingIsAskedBeforeTheNoticeWasShown(t *testing.T) {
	w := enrolmenttest.NewWorld(t)
	s, ctx := w.Service(t), t.Context()
	shown := w.Shown(t)
	shown.Notice = rem.DigestOf([]byte("another notice"))
	_, err := s.Applicants().Begin(ctx, person.Natural, shown)
	is(t, "another version", err, enrolment.ErrNotice)
	counts, err := w.Ledger.Counts(ctx)
	must(t, err)
	if len(counts) > 0 {
		t.Errorf("applications: %v", counts)
	}
	b, err := s.Applicants().Begin(ctx, person.Natural, w.Shown(t))
	must(t, err)
	if !w.Notices.WasTold(b.Bearer.Person(), w.Shown(t).Notice) {
		t.Error("the delivery is not recorded")
	}
}

func TestALinkOpensItsOwnApplicationAndNothingElse(t *testing.T) {
	ctx := t.Context()
	p := newTraveller(t, enrolmenttest.NewWorld(t), person.Natural, false, identity.Signature)
	p.until(application.Approved)
	a := p.s.Applicants()
	_, err := a.Resume(ctx, login.NewSecret())
	is(t, "a guessed secret", err, enrolment.ErrLink)
	_, err = a.Resume(ctx, login.Secret{})
	is(t, "none", err, enrolment.ErrLink)
	mailed, ok := p.w.Link(t, "etkinlestir")
	if !ok {
		t.Fatal("no link came")
	}
	_, err = a.Resume(ctx, mailed)
	is(t, "resuming with the link that opens the account", err, enrolment.ErrLink)
	_, err = a.Arrive(ctx, p.begun.Secret)
	is(t, "opening the account with the link that resumes", err, enrolment.ErrLink)
	back, ok := p.w.Link(t, "devam")
	if !ok {
		t.Fatal("no link back came")
	}
	b, err := a.Resume(ctx, back)
	must(t, err)
	if b != p.begun.Bearer {
		t.Error("the mailed link leads elsewhere")
	}
	again, err := a.Bearer(ctx, b.Person())
	must(t, err)
	if again != b {
		t.Error("the session's person leads elsewhere")
	}
	_, err = a.Bearer(ctx, p.view().Submitted.Shower)
	is(t, "a session of the person whom the form names", err, enrolment.ErrLink)
	p.w.Clock.Advance(400 * 24 * time.Hour)
	_, err = a.Arrive(ctx, mailed)
	is(t, "a year later", err, enrolment.ErrLink)
	for name, call := range map[string]func() error{
		"nobody views":   func() error { _, err := a.View(ctx, enrolment.Bearer{}); return err },
		"nobody saves":   func() error { return a.Save(ctx, enrolment.Bearer{}, false, nil) },
		"nobody submits": func() error { return a.Submit(ctx, enrolment.Bearer{}, false, nil, nil) },
	} {
		if call() == nil {
			t.Error(name)
		}
	}
}

func TestNothingTypedIsLost(t *testing.T) {
	ctx := t.Context()
	p := newTraveller(t, enrolmenttest.NewWorld(t), person.Natural, true, identity.Office)
	must(t, p.step(ctx))
	a, b := p.s.Applicants(), p.begun.Bearer
	typed := application.Input{"identity-number": "12 yanlış", "given-names": "", "mobile": "0532"}
	must(t, a.Save(ctx, b, true, typed))
	got, represented, err := p.w.Service(t).Applicants().Typed(ctx, b)
	must(t, err)
	if fmt.Sprint(got) != fmt.Sprint(typed) || !represented {
		t.Errorf("%v", got)
	}
	problems, err := a.Check(ctx, b, true, typed)
	must(t, err)
	if problems.Of("identity-number") == nil || problems.Of("given-names") == nil {
		t.Errorf("%v", problems)
	}
	var answer person.Problems
	if err := a.Submit(ctx, b, true, typed, nil); !errors.As(err, &answer) {
		t.Errorf("handed in: %v", err)
	}
	p.saved = true
	p.until(application.Submitted)
	got, _, err = a.Typed(ctx, b)
	must(t, err)
	if got["representative-given-names"] != "İbrahim Şükrü" {
		t.Errorf("of the form that was handed in: %q", got["representative-given-names"])
	}
	entries, err := p.w.Log.Concerning(ctx, p.view().Submitted.Holder, 0, 10)
	must(t, err)
	if len(entries) == 0 || entries[0].Role != privacy.AsApplicant || entries[0].Case != privacy.CaseID(b.Application()) {
		t.Errorf("the access log has %v", entries)
	}
}

// REQ-26, REQ-27.
func TestAnAddressThatSomebodyHasIsNotGiven(t *testing.T) {
	ctx, w := t.Context(), enrolmenttest.NewWorld(t)
	first := newTraveller(t, w, person.Natural, false, identity.Office)
	first.until(application.Submitted)
	second := newTraveller(t, w, person.Natural, false, identity.Office)
	must(t, second.step(ctx))
	a, b := second.s.Applicants(), second.begun.Bearer
	texts, err := second.s.Texts()
	must(t, err)
	is(t, "one that is reserved", a.Submit(ctx, b, false, second.in, texts), enrolment.ErrTaken)
	is(t, "without the texts", a.Submit(ctx, b, false, second.in, texts[1:]), enrolment.ErrTexts)
	plain := personledgertest.Forms.Provider
	w.Open(account.Account{ID: "acc-x", Address: rem.MustAddress("isil.cagri.ogutcu@" + plain)})
	list, err := a.Proposals(ctx, b, second.in, 8)
	must(t, err)
	if len(list) == 0 {
		t.Fatal("nothing is proposed")
	}
	for _, address := range list {
		if e, err := w.Ledger.Address(ctx, address, w.Clock.Now()); err != nil || e.State != person.AddressFree || address.String() == "isil.cagri.ogutcu@"+plain {
			t.Errorf("%s is proposed: %s, %v", address, e.State, err)
		}
	}
	in := personledgertest.Input(1, person.Natural, false)
	in["kep-address"] = "isil.cagri.ogutcu@" + plain
	is(t, "one of an account by command", a.Submit(ctx, b, false, in, texts), enrolment.ErrTaken)
	in["kep-address"] = list[0].String()
	must(t, a.Submit(ctx, b, false, in, texts))
	must(t, first.s.Applicants().Withdraw(ctx, first.begun.Bearer))
	e, err := w.Ledger.Address(ctx, rem.MustAddress(first.in["kep-address"]), w.Clock.Now())
	must(t, err)
	if e.State != person.AddressFree {
		t.Errorf("after withdrawing it is %s", e.State)
	}
}

// picture is one of JPEG.
func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil))
	return b.Bytes()
}

func TestWhatAPaperIsIsSeenInIt(t *testing.T) {
	p7 := []byte{0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, 0xa0, 0x02, 0x30, 0x00}
	p7[1] = byte(len(p7) - 2)
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"PDF":                         {pdf, enrolment.PDF},
		"PDF without its end":         {pdf[:9], ""},
		"PNG":                         {png, enrolment.PNG},
		"PNG that is cut":             {png[:20], ""},
		"JPEG":                        {picture(t), enrolment.JPEG},
		"a head of JPEG alone":        {[]byte("\xff\xd8\xff\xe0text"), ""},
		"CMS":                         {p7, enrolment.Signed},
		"CMS with something behind":   {append(slices.Clone(p7), 0), ""},
		"other DER":                   {[]byte{0x30, 0x03, 0x02, 0x01, 0x01}, ""},
		"signed XML":                  {[]byte(`<?xml version="1.0"?><a><s:Signature xmlns:s="http://www.w3.org/2000/09/xmldsig#"/></a>`), enrolment.SignedXML},
		"XML":                         {[]byte(`<a/>`), ""},
		"XML with a document type":    {[]byte(`<!DOCTYPE a><a><s:Signature xmlns:s="http://www.w3.org/2000/09/xmldsig#"/></a>`), ""},
		"HTML":                        {[]byte("<html><body>Signature</body></html>"), ""},
		"a program":                   {[]byte("MZ\x90\x00"), ""},
		"a text that says it is PDF":  {[]byte("belge.pdf %PDF-1.7 %%EOF"), ""},
		"nothing":                     {nil, ""},
		"a picture of a billion dots": {slices.Concat(png[:16], []byte{0, 1, 0, 0, 0, 1, 0, 0}, png[24:]), ""},
	} {
		if got := enrolment.MediaOf(c.b); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func FuzzMediaOf(f *testing.F) {
	f.Add(pdf)
	f.Add(png)
	f.Add([]byte(`<a><s:Signature xmlns:s="http://www.w3.org/2000/09/xmldsig#"/></a>`))
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		switch m := enrolment.MediaOf(b); m {
		case "", enrolment.PDF, enrolment.JPEG, enrolment.PNG, enrolment.Signed, enrolment.SignedXML:
		default:
			t.Errorf("%q", m)
		}
	})
}

// REQ-17, REQ-22.
func TestPapersAreKeptScannedAndSealedOrNotAtAll(t *testing.T) {
	ctx := t.Context()
	p := newTraveller(t, enrolmenttest.NewWorld(t), person.Private, false, identity.Office)
	p.until(application.Submitted)
	a, b := p.s.Applicants(), p.begun.Bearer
	hand := func(r []byte) error {
		_, err := a.HandIn(ctx, b, application.SignatureCircular, bytes.NewReader(r))
		return err
	}
	before := p.view().Steps
	p.w.ScannerAway = true
	is(t, "without a scanner", hand(pdf), enrolment.ErrLater)
	p.w.ScannerAway = false
	is(t, "malware", hand(slices.Concat([]byte("%PDF-1.7\n"), []byte(enrolmenttest.Infected), []byte("%%EOF"))), enrolment.ErrInfected)
	is(t, "too much", hand(make([]byte, enrolment.MaxPaper+1)), enrolment.ErrTooLarge)
	is(t, "a text", hand([]byte("belge")), enrolment.ErrMedia)
	if _, err := a.HandIn(ctx, b, "photo", bytes.NewReader(pdf)); !errors.Is(err, application.ErrPapers) {
		t.Errorf("a kind that nobody asks: %v", err)
	}
	if p.view().Steps != before {
		t.Error("something was kept")
	}
	large := slices.Concat([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("gizli sayfa "), 150_000), []byte("%%EOF"))
	must(t, hand(large))
	steps := p.view().Steps
	must(t, hand(large))
	if got := p.view(); got.Steps != steps || len(got.Papers) == 0 || !got.Papers[0].Usable() || got.Papers[0].Media != enrolment.PDF {
		t.Errorf("%+v", got.Papers)
	}
	d := rem.DigestOf(large)
	sealed, err := p.w.Papers.Get(ctx, b.Application(), d)
	must(t, err)
	for _, chunk := range sealed {
		if bytes.Contains(chunk, []byte("gizli")) {
			t.Fatal("it is kept in clear")
		}
	}
	got, err := a.Paper(ctx, b, d)
	must(t, err)
	if !bytes.Equal(got, large) {
		t.Error("another paper came back")
	}
	got, err = p.s.Desk().Paper(ctx, officer, b.Application(), d)
	must(t, err)
	if !bytes.Equal(got, large) {
		t.Error("another paper came to the desk")
	}
	_, err = p.s.Desk().Paper(ctx, officer, b.Application(), rem.DigestOf(nil))
	is(t, "a paper of nobody", err, enrolment.ErrNoPaper)
}

// REQ-30, REQ-42: tries and time of a code are bounded, and one void the other.
func TestACodeIsGoodOnceAndSoonOver(t *testing.T) {
	ctx := t.Context()
	p := newTraveller(t, enrolmenttest.NewWorld(t), person.Natural, false, identity.Signature)
	p.until(application.Approved)
	a, b := p.s.Applicants(), p.begun.Bearer
	other := func(code string) string {
		if code == "000000" {
			return "000001"
		}
		return "000000"
	}
	is(t, "before one was sent", a.Enter(ctx, b, "000000"), enrolment.ErrCode)
	must(t, a.SendCode(ctx, b))
	first := p.w.Code()
	if len(first) != 6 {
		t.Fatalf("%q", first)
	}
	for range 5 {
		is(t, "a wrong one", a.Enter(ctx, b, other(first)), enrolment.ErrCode)
	}
	is(t, "the right one after five tries", a.Enter(ctx, b, first), enrolment.ErrCode)
	must(t, a.SendCode(ctx, b))
	second := p.w.Code()
	if first != second {
		is(t, "the one before", a.Enter(ctx, b, first), enrolment.ErrCode)
	}
	p.w.Clock.Advance(5 * time.Minute)
	is(t, "after five minutes", a.Enter(ctx, b, second), enrolment.ErrCode)
	for range 3 {
		must(t, a.SendCode(ctx, b))
	}
	is(t, "a sixth in the hour", a.SendCode(ctx, b), enrolment.ErrCodes)
	must(t, a.Enter(ctx, b, p.w.Code()))
	is(t, "the same again", a.Enter(ctx, b, p.w.Code()), enrolment.ErrCode)
	_, err := a.Activate(ctx, b, a.Results().Read)
	is(t, "one channel", err, application.ErrChannels)
	p.w.Clock.Advance(time.Hour)
	must(t, a.SendCode(ctx, b))
	proofs, err := p.w.Store.Proofs(ctx, b.Application())
	must(t, err)
	if strings.Contains(fmt.Sprintf("%+v", proofs), p.w.Code()) {
		t.Error("the code is kept")
	}
}

func TestWhoCameBackLateShowsHisChannelsAgain(t *testing.T) {
	ctx := t.Context()
	p := newTraveller(t, enrolmenttest.NewWorld(t), person.Natural, false, identity.Signature)
	p.until(application.Activated)
	a, b := p.s.Applicants(), p.begun.Bearer
	p.w.Clock.Advance(time.Hour)
	_, err := a.LogIn(ctx, b)
	is(t, "an hour later", err, enrolment.ErrProofs)
	secret, _ := p.w.Link(t, "etkinlestir")
	_, err = a.Arrive(ctx, secret)
	must(t, err)
	must(t, a.SendCode(ctx, b))
	must(t, a.Enter(ctx, b, p.w.Code()))
	grant, err := a.LogIn(ctx, b)
	must(t, err)
	if grant.Secret.IsZero() {
		t.Error("no grant")
	}
	_, err = a.LogIn(ctx, b)
	is(t, "who comes after him with the link alone", err, enrolment.ErrProofs)
	p.w.Ready(p.view().Submitted.Shower)
	p.w.Clock.Advance(time.Second)
	must(t, p.show(ctx))
	_, err = a.LogIn(ctx, b)
	is(t, "who can log in already", err, login.ErrReady)
}

// REQ-14.
func TestAppointmentsAreAtTimesOfTheOffice(t *testing.T) {
	ctx, w := t.Context(), enrolmenttest.NewWorld(t)
	var all []*traveller
	for i := range 3 {
		p := newTraveller(t, w, person.Natural, false, identity.Office)
		p.in = personledgertest.Input(i+1, person.Natural, false)
		p.until(application.Pending)
		all = append(all, p)
	}
	a := all[0].s.Applicants()
	day := w.Clock.Now().AddDate(0, 0, 1)
	slots, err := a.Slots(ctx, all[0].begun.Bearer, "ankara", day)
	must(t, err)
	if len(slots) != 16 || slots[0].Free != 2 {
		t.Fatalf("%d slots, %v", len(slots), slots)
	}
	for i, want := range []error{nil, nil, enrolment.ErrFull} {
		is(t, fmt.Sprint("seat ", i), a.Book(ctx, all[i].begun.Bearer, "ankara", slots[0].At), want)
	}
	for name, at := range map[string]time.Time{
		"in the past": w.Clock.Now().AddDate(0, 0, -1), "at midnight": day.Truncate(24 * time.Hour), "between two": slots[0].At.Add(time.Minute), "in a year": slots[0].At.AddDate(1, 0, 0),
		"on a Sunday": time.Date(2026, 11, 29, 7, 0, 0, 0, time.UTC),
	} {
		is(t, name, a.Book(ctx, all[2].begun.Bearer, "ankara", at), enrolment.ErrFull)
	}
	is(t, "another office", a.Book(ctx, all[2].begun.Bearer, "izmir", slots[1].At), enrolment.ErrFull)
	must(t, a.Cancel(ctx, all[0].begun.Bearer))
	must(t, a.Book(ctx, all[2].begun.Bearer, "ankara", slots[0].At))
	list, err := all[0].s.Desk().Appointments(ctx, officer, "ankara", day.Truncate(24*time.Hour), day.AddDate(0, 0, 1))
	must(t, err)
	if len(list) != 2 {
		t.Errorf("%d are in the desk's list", len(list))
	}
}

// REQ-16, REQ-20: what a machine says against somebody goes to a person.
func TestAnAdaptersNoGoesToAPerson(t *testing.T) {
	ctx := t.Context()
	p := newTraveller(t, enrolmenttest.NewWorld(t), person.Natural, false, identity.EDevlet)
	p.w.AdapterSays = false
	v := p.until(application.Doubtful)
	d := p.s.Desk()
	f, err := d.Open(ctx, officer, v.ID)
	must(t, err)
	if !slices.Contains(f.Doubts, identity.DoubtAnswer) || f.Waits != enrolment.ForTheirMind {
		t.Errorf("%v, %s", f.Doubts, f.Waits)
	}
	is(t, "a reason in free text", d.Clear(ctx, officer, v.ID, "Işıl'ı tanıyorum"), application.ErrReason)
	must(t, d.Clear(ctx, officer, v.ID, "gate-was-wrong"))
	must(t, d.Clear(ctx, officer, v.ID, "gate-was-wrong")) // made again
	himself := approver
	himself.Actor.Person = officer.Actor.Person
	is(t, "who cleared takes it up", d.TakeUp(ctx, himself, v.ID), application.ErrSecondOfficer)
	must(t, d.TakeUp(ctx, approver, v.ID))
	is(t, "who did not read it approves", d.Approve(ctx, approver, v.ID), enrolment.ErrUnread)
	_, err = d.Open(ctx, approver, v.ID)
	must(t, err)
	must(t, d.Approve(ctx, approver, v.ID))
}

func TestADifferentNumberIsNeverCleared(t *testing.T) {
	ctx := t.Context()
	p := newTraveller(t, enrolmenttest.NewWorld(t), person.Natural, false, identity.EDevlet)
	p.w.Says = func(s identity.Shown) identity.Shown {
		return shownOf(personledgertest.Input(1, person.Natural, true), person.Natural, true)
	}
	v := p.until(application.Doubtful)
	is(t, "clearing", p.s.Desk().Clear(ctx, officer, v.ID, "name-changed"), application.ErrIncomplete)
	must(t, p.s.Desk().Return(ctx, officer, v.ID, application.AnotherMethod))
	st, err := p.s.Applicants().View(ctx, p.begun.Bearer)
	must(t, err)
	if st.Returned != application.AnotherMethod.Text() || !slices.Contains(st.Can, application.Choose) {
		t.Errorf("%+v", st)
	}
}

// REQ-16, S44.
func TestTheRegistryIsAskedAboutABusiness(t *testing.T) {
	t.Run("it is away: nothing is recorded, and asked again", func(t *testing.T) {
		p := newTraveller(t, enrolmenttest.NewWorld(t), person.Private, false, identity.EDevlet)
		v := p.until(application.Pending)
		p.w.RegistryAway = true
		is(t, "he comes back", p.step(t.Context()), enrolment.ErrLater)
		if got := p.view(); got.Steps != v.Steps {
			t.Error("something was recorded")
		}
		p.w.RegistryAway = false
		p.until(application.Identified)
	})
	for name, change := range map[string]func(*identity.Business){
		"struck off":             func(b *identity.Business) { b.Active = false },
		"of another number":      func(b *identity.Business) { b.Number = person.MERSIS{} },
		"of other people":        func(b *identity.Business) { b.Representatives = nil },
		"with a term that ended": func(b *identity.Business) { b.Representatives[0].Until, _ = person.ParseDate("01.01.2020") },
	} {
		t.Run(name, func(t *testing.T) {
			p := newTraveller(t, enrolmenttest.NewWorld(t), person.Private, false, identity.Office)
			change(&p.w.Business)
			v := p.until(application.Doubtful)
			if !slices.Contains(v.Newest().Doubts(), identity.DoubtRegistry) {
				t.Errorf("%v", v.Newest().Doubts())
			}
		})
	}
	t.Run("without a number its certificate is seen by an officer", func(t *testing.T) {
		p := newTraveller(t, enrolmenttest.NewWorld(t), person.Private, false, identity.Office)
		delete(p.in, "mersis")
		p.in["registry-number"], p.in["registry-office"] = "123456", "İstanbul"
		v := p.until(application.Identified)
		if r := v.Newest().Registry; r == nil || !r.Certificate {
			t.Errorf("%+v", r)
		}
	})
	t.Run("an adapter sees no certificate", func(t *testing.T) {
		p := newTraveller(t, enrolmenttest.NewWorld(t), person.Private, false, identity.EDevlet)
		delete(p.in, "mersis")
		p.in["registry-number"], p.in["registry-office"] = "123456", "İstanbul"
		p.until(application.Doubtful)
	})
}

// S25, REQ-22.
func TestACopyWithUncoveredAreasIsNotTaken(t *testing.T) {
	ctx := t.Context()
	p := newTraveller(t, enrolmenttest.NewWorld(t), person.Natural, false, identity.Office)
	v := p.until(application.Pending)
	seen, err := p.seen(ctx)
	must(t, err)
	for _, areas := range []map[enrolment.Area]enrolment.Covered{nil, {enrolment.Religion: enrolment.Masked}, {enrolment.Religion: enrolment.Masked, enrolment.BloodType: "visible"}} {
		seen.Areas = areas
		is(t, fmt.Sprint(areas), p.s.Desk().Identify(ctx, officer, v.ID, seen), enrolment.ErrAreas)
	}
	after := p.until(application.Identified)
	kept := false
	for _, e := range after.Newest().Evidence {
		if e.Kind == identity.OfficerNote {
			b, err := p.s.Desk().Paper(ctx, approver, v.ID, e.Digest)
			must(t, err)
			kept = string(b) == "rem-officer-note 1\nreligion: masked\nblood-group: not-on-document\n"
		}
	}
	if !kept {
		t.Error("what was covered is not recorded")
	}
}

// P-21, P-23, REQ-22.
func TestTheDeskSeesWhatItsWorkNeedsAndTheLogHasIt(t *testing.T) {
	ctx := t.Context()
	p := newTraveller(t, enrolmenttest.NewWorld(t), person.Natural, false, identity.Office)
	v := p.until(application.Pending)
	d := p.s.Desk()
	names := func(by application.By) (list []string) {
		f, err := d.Open(ctx, by, v.ID)
		must(t, err)
		for _, a := range f.Answers {
			list = append(list, a.Field.Name)
		}
		return list
	}
	few, all := names(officer), names(approver)
	if slices.Contains(few, "mobile") || slices.Contains(few, "mail-address") || !slices.Contains(few, "identity-number") || !slices.Contains(all, "mobile") {
		t.Errorf("the officer sees %v, the approver %v", few, all)
	}
	entries, err := p.w.Log.Concerning(ctx, v.Submitted.Holder, 0, 2)
	must(t, err)
	if len(entries) != 2 || entries[1].Actor != officer.Actor.Person || entries[1].Role != privacy.AsOfficer || entries[1].Purpose != privacy.Identification || entries[1].Case != privacy.CaseID(v.ID) ||
		entries[0].Role != privacy.AsApprover {
		t.Errorf("%+v", entries)
	}
	own := personledgertest.By(v.Submitted.Shower, application.Officer)
	_, err = d.Open(ctx, own, v.ID)
	is(t, "his own case", err, application.ErrNotYou)
	for _, r := range []application.Role{application.Applicant, application.Partner, application.System, 0} {
		_, err = d.Open(ctx, personledgertest.By("staff-9", r), v.ID)
		is(t, "another role", err, application.ErrNotYou)
		_, _, err = d.List(ctx, personledgertest.By("staff-9", r), enrolment.Queue{Filter: application.Filter{State: application.Pending}}, application.Place{}, 10)
		is(t, "a list", err, application.ErrNotYou)
	}
}

func TestTheQueueSaysWhyEachCaseWaits(t *testing.T) {
	ctx, w := t.Context(), enrolmenttest.NewWorld(t)
	var s *enrolment.Service
	for i := range 7 {
		m := []identity.Method{identity.Office, identity.Video}[i%2]
		p := newTraveller(t, w, person.Natural, false, m)
		p.in = personledgertest.Input(i+1, person.Natural, false)
		p.until(application.Pending)
		s = p.s
	}
	var got []person.ApplicationID
	q := enrolment.Queue{Filter: application.Filter{State: application.Pending}, Waits: enrolment.ForOfficer}
	for behind, pages := (application.Place{}), 0; ; pages++ {
		list, next, err := s.Desk().List(ctx, officer, q, behind, 2)
		must(t, err)
		for _, c := range list {
			if c.Waits != enrolment.ForOfficer || c.Waits.Text().Turkish == "" || slices.Contains(got, c.ID) {
				t.Errorf("%+v", c)
			}
			got = append(got, c.ID)
		}
		if next.IsZero() {
			break
		}
		if behind = next; pages > 10 {
			t.Fatal("there is no end")
		}
	}
	if len(got) != 4 {
		t.Errorf("%d wait for an officer", len(got))
	}
	found, err := s.Desk().Find(ctx, officer, string(got[0]), 5)
	must(t, err)
	if len(found) != 1 {
		t.Errorf("%d are found", len(found))
	}
}

func TestWhatWaitsForTheApplicantExpiresAndHeIsRemindedBefore(t *testing.T) {
	ctx := t.Context()
	p := newTraveller(t, enrolmenttest.NewWorld(t), person.Natural, false, identity.Office)
	v := p.until(application.Pending)
	reminders := func() (n int) {
		for _, m := range p.w.Told() {
			if m.Kind == news.Reminder {
				n++
			}
		}
		return n
	}
	tick := func() time.Time {
		t.Helper()
		next, err := p.s.Tick(ctx)
		must(t, err)
		return next
	}
	tick()
	if reminders() != 0 {
		t.Error("too early")
	}
	p.w.Clock.Set(v.Due.Add(-time.Hour))
	tick()
	if next := tick(); reminders() != 1 || next.After(v.Due) {
		t.Errorf("%d reminders, next at %s", reminders(), next)
	}
	p.w.Clock.Set(v.Due)
	tick()
	tick()
	if got := p.view(); got.State != application.Expired {
		t.Errorf("it is %s", got.State)
	}
	if e, err := p.w.Ledger.Address(ctx, v.Submitted.Address, p.w.Clock.Now()); err != nil || e.State != person.AddressFree {
		t.Errorf("the address is %s, %v", e.State, err)
	}
	left, err := p.w.Ledger.Unfinished(ctx)
	must(t, err)
	if len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	// What waits for us does not expire.
	q := newTraveller(t, p.w, person.Natural, false, identity.Office)
	q.until(application.Identified)
	p.w.Clock.Advance(1000 * 24 * time.Hour)
	tick()
	if got := q.view(); got.State != application.Identified {
		t.Errorf("it is %s", got.State)
	}
	list, _, err := q.s.Desk().List(ctx, approver, enrolment.Queue{Filter: application.Filter{State: application.Identified}}, application.Place{}, 5)
	must(t, err)
	if len(list) != 1 || !list[0].Late {
		t.Errorf("%+v", list)
	}
}

// REQ-29: one number is one person, whoever types it; a passport's is not.
func TestWhoReturnsIsTheSamePerson(t *testing.T) {
	w := enrolmenttest.NewWorld(t)
	view := func(n int, change func(application.Input)) application.View {
		p := newTraveller(t, w, person.Natural, false, identity.Office)
		p.in = personledgertest.Input(n, person.Natural, false)
		if change != nil {
			change(p.in)
		}
		return p.until(application.Submitted)
	}
	first, second := view(1, nil), view(2, nil)
	if first.Submitted.Holder != second.Submitted.Holder || first.Applicant == second.Applicant {
		t.Errorf("%s and %s, applicants %s and %s", first.Submitted.Holder, second.Submitted.Holder, first.Applicant, second.Applicant)
	}
	passport := func(in application.Input) { delete(in, "identity-number"); in["passport-number"] = "U1234567" }
	third, fourth := view(3, passport), view(4, passport)
	if third.Submitted.Holder == fourth.Submitted.Holder {
		t.Error("two passports of one number are one person")
	}
}

func TestProductionTakesNoSimulatorsAnswer(t *testing.T) {
	w := enrolmenttest.NewWorld(t)
	w.Production = true
	p := newTraveller(t, w, person.Natural, false, identity.EDevlet)
	p.until(application.Pending)
	is(t, "a simulator", p.step(t.Context()), application.ErrSimulated)
}

func TestWhatCameOfNoVisitIsNotTaken(t *testing.T) {
	ctx := t.Context()
	p := newTraveller(t, enrolmenttest.NewWorld(t), person.Natural, false, identity.EDevlet)
	v := p.until(application.Pending)
	a, b := p.s.Applicants(), p.begun.Bearer
	is(t, "without a visit", a.Came(ctx, b, enrolment.Return{Code: "good"}), enrolment.ErrNotThis)
	left, err := p.w.Ledger.Unfinished(ctx)
	must(t, err)
	if len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	_, err = a.Visit(ctx, b)
	must(t, err)
	is(t, "another code", a.Came(ctx, b, enrolment.Return{Code: "bad"}), enrolment.ErrNotThis)
	p.w.AdapterErr = enrolment.ErrDeclined
	is(t, "he declined", a.Came(ctx, b, enrolment.Return{Code: "good"}), enrolment.ErrDeclined)
	p.w.AdapterErr = nil
	is(t, "after that", a.Came(ctx, b, enrolment.Return{Code: "good"}), enrolment.ErrNotThis)
	if got := p.view(); got.Steps != v.Steps {
		t.Error("something was recorded")
	}
	_, err = a.Visit(ctx, b)
	must(t, err)
	must(t, a.Came(ctx, b, enrolment.Return{Code: "good"}))
	must(t, a.Came(ctx, b, enrolment.Return{Code: "good"})) // the page is loaded again
}

// Somebody stands at the desk with his document.
func TestTheDeskFindsAnApplicationByItsNumbers(t *testing.T) {
	ctx, w := t.Context(), enrolmenttest.NewWorld(t)
	company := newTraveller(t, w, person.Private, false, identity.Office)
	company.until(application.Submitted)
	passport := newTraveller(t, w, person.Natural, false, identity.Office)
	passport.in = personledgertest.Input(2, person.Natural, false)
	delete(passport.in, "identity-number")
	passport.in["passport-number"] = "U1234567"
	passport.until(application.Submitted)
	d := company.s.Desk()
	for number, want := range map[string]person.ApplicationID{
		"0123456789000016": company.begun.Bearer.Application(), "1234 5678 950": company.begun.Bearer.Application(), "u1234567": passport.begun.Bearer.Application(),
		"10000000146": "", "1234567895": "", "": "", "Öğütçü": "",
	} {
		list, err := d.Numbered(ctx, officer, number, 5)
		must(t, err)
		if want == "" && len(list) > 0 || want != "" && (len(list) != 1 || list[0].ID != want) {
			t.Errorf("%q finds %+v", number, list)
		}
	}
	_, err := d.Numbered(ctx, personledgertest.Partner, "10000000146", 5)
	is(t, "a partner", err, application.ErrNotYou)
}

func TestWhatWaitsForUsTooLongIsLate(t *testing.T) {
	ctx := t.Context()
	p := newTraveller(t, enrolmenttest.NewWorld(t), person.Natural, false, identity.Office)
	v := p.until(application.Identified)
	other := newTraveller(t, p.w, person.Natural, false, identity.Office)
	other.in = personledgertest.Input(2, person.Natural, false)
	other.until(application.Pending) // waits for the applicant
	list, err := p.s.Desk().Late(ctx, approver, 5)
	must(t, err)
	if len(list) != 0 {
		t.Errorf("too early: %+v", list)
	}
	p.w.Clock.Advance(400 * 24 * time.Hour)
	list, err = p.s.Desk().Late(ctx, approver, 5)
	must(t, err)
	if len(list) != 1 || list[0].ID != v.ID || !list[0].Late {
		t.Errorf("%+v", list)
	}
}

// The accounts come from a backup that is older than the applications.
func TestAccountsThatAreMissingAreOpenedAgain(t *testing.T) {
	ctx := t.Context()
	p := newTraveller(t, enrolmenttest.NewWorld(t), person.Natural, false, identity.Office)
	p.travel()
	n, err := p.s.Reopen(ctx)
	must(t, err)
	if n != 0 {
		t.Errorf("%d were missing", n)
	}
	before := p.w.Opened()[0]
	p.w.Forget(before.ID)
	n, err = p.w.Service(t).Reopen(ctx)
	must(t, err)
	if n != 1 {
		t.Errorf("%d were missing", n)
	}
	p.arrived()
	after := p.w.Opened()[0]
	if after.ID != before.ID || after.Address != before.Address || after.Holder.Person != before.Holder.Person || !after.Created.Equal(before.Created) {
		t.Errorf("it is another: %+v", after)
	}
}
