package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/web"
	"rem/internal/testkit/partnertest"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/account"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/identity"
	"rem/privacy"
	"rem/provider/partner"
	"rem/provider/staff"
)

// has fails the test when a page does not say something.
func has(t *testing.T, page string, all ...string) {
	t.Helper()
	for _, s := range all {
		if !strings.Contains(page, s) {
			t.Errorf("the page does not say %q: %s", s, plain(page))
		}
	}
}

func hasNot(t *testing.T, page string, all ...string) {
	t.Helper()
	for _, s := range all {
		if strings.Contains(page, s) {
			t.Errorf("the page says %q", s)
		}
	}
}

// What the form of application 1 holds, as no page shows it that was only looked at.
var secrets = []string{"10000000146", "Öğütçü", "Çağrı", "Büyükdere", "isil.ogutcu", "0532", "basvuru@example.com"}

// AT-28, S41: each route, asked by everybody whom it is not for, answers with a door
// or a refusal, whatever the case; and by those it is for it does not.
func TestEachRouteIsForThoseOfItsRolesAlone(t *testing.T) {
	w := newWorld(t)
	v := w.walk(1, person.Natural, "identify")
	order := w.order(2)
	fill := strings.NewReplacer("{id}", string(v.ID), "{event}", "block")
	people := []struct {
		name  string
		who   rem.PersonID
		kind  string
		roles []staff.Role
	}{
		{"nobody", "", "", nil}, {"a holder", "per-1", "holder", nil},
		{"a manager", w.kit.Managers[1], "staff", []staff.Role{staff.Manager}}, {"an officer", w.kit.Officer, "staff", []staff.Role{staff.Officer}},
		{"an approver", w.approver, "staff", []staff.Role{staff.Approver}}, {"support", w.support, "staff", []staff.Role{staff.Support}},
		{"an auditor", w.auditor, "staff", []staff.Role{staff.Auditor}}, {"an institution's", w.kit.First, "partner", []staff.Role{staff.Partner}},
	}
	for _, route := range w.site.Routes() {
		if !strings.HasPrefix(route.Name, "console.") && !strings.HasPrefix(route.Name, "partner.") {
			continue
		}
		path := fill.Replace(route.Pattern)
		switch {
		case strings.Contains(path, "/order/"):
			path = strings.ReplaceAll(route.Pattern, "{id}", string(order))
		case strings.Contains(path, "/member/"):
			path = strings.ReplaceAll(route.Pattern, "{id}", string(w.approver))
		case strings.Contains(path, "/partners/"):
			path = strings.ReplaceAll(route.Pattern, "{id}", w.kit.Institution)
		}
		for _, x := range people {
			// Who is let in is asked with an empty form, which does nothing.
			ask := func() *httptest.ResponseRecorder {
				if route.Method == http.MethodGet {
					return w.get(x.who, path)
				}
				return w.post(x.who, path, url.Values{})
			}
			principal, err := sessions{w}.Session(t.Context(), w.cookie(x.who))
			if x.who == "" {
				principal, err = web.Principal{}, nil
			}
			w.must(err)
			if admitted := route.Who.Admits(&principal); admitted {
				if route.Method != http.MethodGet {
					continue // what it does is shown by other tests
				}
				if got := ask().Code; got == http.StatusForbidden || got == http.StatusInternalServerError {
					t.Errorf("%s: %s is let in and gets %d", route.Name, x.name, got)
				}
				continue
			}
			switch rec := ask(); {
			case rec.Code == http.StatusForbidden && x.who != "":
			case rec.Code == http.StatusSeeOther && (strings.HasPrefix(rec.Header().Get("Location"), "/tr/desk/login") || strings.HasPrefix(rec.Header().Get("Location"), "/tr/partner/login")):
			default:
				t.Errorf("%s: %s gets %d %s", route.Name, x.name, rec.Code, rec.Header().Get("Location"))
			}
		}
	}
	if got := w.view(1); got.Steps != v.Steps {
		t.Errorf("the application moved to %s", got.State)
	}
}

// S41, S42: a role alone lets nobody work: without training and acknowledgement
// only the overview opens, which says what is lacking.
func TestWhoIsNotTrainedSeesTheOverviewAlone(t *testing.T) {
	w := newWorld(t)
	w.walk(1, person.Natural, "identify")
	rec := w.get(w.untrained, "/desk")
	has(t, rec.Body.String(), "eğitim")
	for _, path := range []string{"/desk/applications", casePath(1), "/desk/orders"} {
		if rec := w.get(w.untrained, path); rec.Code != http.StatusForbidden {
			t.Errorf("%s answers %d", path, rec.Code)
		}
	}
	w.train(w.untrained)
	if rec := w.get(w.untrained, casePath(1)); rec.Code != http.StatusOK {
		t.Errorf("trained, he gets %d", rec.Code)
	}
	// What ended has ended for the next request.
	w.must(w.kit.Book.EndRole(t.Context(), machine(w.kit.Managers[0]), w.untrained, staff.Officer, staff.Moved, true))
	if rec := w.get(w.untrained, casePath(1)); rec.Code != http.StatusForbidden {
		t.Errorf("after the end of his role he gets %d", rec.Code)
	}
}

// P-21, P-23: looking at a case opens nothing; opening it writes an entry first, and
// without the entry nothing opens.
func TestACaseOpensByAButtonAndWithAnEntryAlone(t *testing.T) {
	w := newWorld(t)
	v := w.walk(1, person.Natural, "identify")
	before := w.entries(1)
	for _, path := range []string{"/desk", "/desk/applications?state=identified", casePath(1)} {
		rec := w.get(w.both, path)
		hasNot(t, rec.Body.String(), secrets...)
		has(t, rec.Body.String(), string(v.ID))
	}
	if got := w.entries(1); got != before {
		t.Fatalf("looking wrote %d entries", got-before)
	}
	rec := w.post(w.kit.Officer, casePath(1)+"/answers", nil)
	has(t, rec.Body.String(), "10000000146", "Öğütçü", "29.10.1990", "İstanbul")
	hasNot(t, rec.Body.String(), "basvuru@example.com") // no purpose of an officer's
	if rec.Header().Get("Cache-Control") != "no-store" {
		t.Error("the opened case may be kept by a browser")
	}
	if got := w.entries(1); got != before+1 {
		t.Fatalf("opening wrote %d entries", got-before)
	}
	last := w.kit.Vault.Log.Entries()
	if e := last[len(last)-1]; e.Actor != w.kit.Officer || e.Role != privacy.AsOfficer || e.Purpose != privacy.Identification {
		t.Errorf("the entry is %+v", e)
	}
}

// REQ-20, REQ-22: an approver takes a case up, decides, and the history says who.
func TestAnApproverTakesUpAndApproves(t *testing.T) {
	w := newWorld(t)
	v := w.walk(1, person.Natural, "identify")
	page := w.get(w.approver, casePath(1)).Body.String()
	has(t, page, "Üstlen")
	page = w.leads(w.post(w.approver, casePath(1)+"/take-up", url.Values{"seen": {seenAt(v)}}), w.approver, casePath(1))
	has(t, page, "Kararınız bekleniyor", "Onayla", "yanıtlarını açıp okumanız gerekir")
	v = w.view(1)
	// Who has not read it does not approve, whatever page he comes from.
	if refused := w.post(w.approver, casePath(1)+"/approve", url.Values{"seen": {seenAt(v)}}); refused.Code != 422 || w.view(1).State != application.InReview {
		t.Errorf("approving unread: %d", refused.Code)
	}
	page = w.post(w.approver, casePath(1)+"/answers", nil).Body.String()
	if strings.Contains(page, "yanıtlarını açıp okumanız gerekir") {
		t.Error("he read it, and the page does not know")
	}
	has(t, w.get(w.approver, casePath(1)+"/approve").Body.String(), "Başvuruyu onayla")
	page = w.leads(w.post(w.approver, casePath(1)+"/approve", url.Values{"seen": {seenAt(v)}}), w.approver, casePath(1))
	has(t, page, "Onaylandı")
	if v = w.view(1); v.State != application.Approved || v.Decision.By != w.approver {
		t.Errorf("it is %s, decided by %+v", v.State, v.Decision)
	}
}

// A decision asks for a log-in that is not long ago.
func TestADecisionNeedsAFreshLogIn(t *testing.T) {
	w := newWorld(t)
	v := w.walk(1, person.Natural, "take up")
	w.stale[w.approver] = true
	for _, rec := range []*httptest.ResponseRecorder{
		w.get(w.approver, casePath(1)+"/approve"), w.post(w.approver, casePath(1)+"/approve", url.Values{"seen": {seenAt(v)}}),
		w.post(w.approver, casePath(1)+"/refuse", url.Values{"seen": {seenAt(v)}, "reason": {string(application.NotShown)}}),
	} {
		if !strings.HasPrefix(rec.Header().Get("Location"), "/tr/login/again") {
			t.Errorf("it answers %d and leads to %q", rec.Code, rec.Header().Get("Location"))
		}
	}
	if got := w.view(1); got.State != application.InReview {
		t.Errorf("it is %s", got.State)
	}
}

// REQ-22: who collected the record sees why he cannot approve it, and cannot by a
// form of his own either, though he is an approver too.
func TestWhoIdentifiedDoesNotApprove(t *testing.T) {
	w := newWorld(t)
	v := w.chosen(1, identity.Office)
	page := w.leads(w.upload(w.both, casePath(1)+"/office", officeForm(v), "capture", pdf), w.both, casePath(1))
	if v = w.view(1); v.State != application.Identified {
		t.Fatalf("it is %s: %s", v.State, plain(page))
	}
	has(t, page, "Üstlen", "yapılamaz", application.ErrSecondOfficer.Text.Turkish)
	hasNot(t, page, casePath(1)+"/take-up")
	rec := w.post(w.both, casePath(1)+"/take-up", url.Values{"seen": {seenAt(v)}})
	if rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("it answers %d", rec.Code)
	}
	has(t, rec.Body.String(), application.ErrSecondOfficer.Text.Turkish)
	if got := w.view(1); got.State != application.Identified {
		t.Errorf("it is %s", got.State)
	}
	// It does not stand among what waits for him, and among what waits for another.
	hasNot(t, w.get(w.both, "/desk").Body.String(), string(v.ID))
	has(t, w.get(w.approver, "/desk").Body.String(), string(v.ID))
}

var pdf = []byte("%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n")

// officeForm is what an officer writes who saw the person of application 1.
func officeForm(v application.View) url.Values {
	f := url.Values{
		"seen": {seenAt(v)}, "document": {"identity-card"}, "number": {"A12B34567"}, "issuer": {"TUR"}, "until": {"01.01.2030"}, "genuine": {"yes"},
		"shown-number": {"10000000146"}, "shown-given": {"Işıl Çağrı"}, "shown-family": {"ÖĞÜTÇÜ"}, "shown-birth": {"29.10.1990"},
		"area-religion": {"masked"}, "area-blood-group": {"not-on-document"},
	}
	for _, i := range identity.Required(identity.Office, false) {
		if i != identity.SpecialCovered {
			f.Set("item-"+string(i), "yes")
		}
	}
	return f
}

// REQ-14, S25: the officer's record has what he saw; the number is masked, and the
// copy is kept only with its areas covered.
func TestAnOfficerRecordsWhatHeSaw(t *testing.T) {
	w := newWorld(t)
	v := w.chosen(1, identity.Office)
	has(t, w.get(w.kit.Officer, casePath(1)+"/office").Body.String(), "Belge numarası", "Din hanesi", "multipart/form-data")

	f := officeForm(v)
	f.Del("area-religion")
	f.Set("until", "01.01.2001")
	rec := w.upload(w.kit.Officer, casePath(1)+"/office", f, "capture", pdf)
	if rec.Code != http.StatusUnprocessableEntity {
		t.Fatalf("it answers %d", rec.Code)
	}
	has(t, rec.Body.String(), `value="Işıl Çağrı"`, person.Expired.Text().Turkish, enrolment.ErrAreas.Text.Turkish)
	if got := w.view(1); len(got.Records) != 0 {
		t.Fatal("a record was made of it")
	}

	page := w.leads(w.upload(w.kit.Officer, casePath(1)+"/office", officeForm(v), "capture", pdf), w.kit.Officer, casePath(1))
	has(t, page, "Kimlik kaydı", "aynı", "67")
	hasNot(t, page, "A12B34567", "10000000146")
	got := w.view(1)
	if got.State != application.Identified || got.Records[0].By.Person != w.kit.Officer || strings.Contains(got.Records[0].Document.Number, "A12B") {
		t.Errorf("it is %s with %+v", got.State, got.Records)
	}
}

// REQ-16: what differs leads to doubts; each has to be ticked to settle them.
func TestEachDoubtIsSettledByItsName(t *testing.T) {
	w := newWorld(t)
	v := w.chosen(1, identity.Office)
	f := officeForm(v)
	f.Set("shown-family", "Öğüt")
	f.Set("genuine", "no")
	w.leads(w.upload(w.kit.Officer, casePath(1)+"/office", f, "capture", pdf), w.kit.Officer, casePath(1))
	if v = w.view(1); v.State != application.Doubtful {
		t.Fatalf("it is %s", v.State)
	}
	has(t, w.get(w.kit.Officer, casePath(1)).Body.String(), identity.DoubtName.Text().Turkish, identity.DoubtDocument.Text().Turkish, "Şüpheleri gider")
	one := url.Values{"seen": {seenAt(v)}, "doubt": {string(identity.DoubtName)}, "reason": {"seen-in-person"}}
	rec := w.post(w.kit.Officer, casePath(1)+"/clear", one)
	if rec.Code != http.StatusUnprocessableEntity || w.view(1).State != application.Doubtful {
		t.Fatalf("with one of two it answers %d, and is %s", rec.Code, w.view(1).State)
	}
	both := url.Values{"seen": {seenAt(v)}, "doubt": {string(identity.DoubtName), string(identity.DoubtDocument)}, "reason": {"seen-in-person"}}
	w.leads(w.post(w.both, casePath(1)+"/clear", both), w.both, casePath(1))
	if v = w.view(1); v.State != application.Identified || v.Newest().Cleared.By != w.both {
		t.Errorf("it is %s", v.State)
	}
}

// REQ-20: a refusal and a return have a reason of the list, and the applicant's text.
func TestARefusalNeedsAReasonOfTheList(t *testing.T) {
	w := newWorld(t)
	v := w.walk(1, person.Natural, "take up")
	approver := personledgertest.Approver.Actor.Person // who has it is not of the book
	if v.Reviewer != approver {
		t.Fatal("another has it")
	}
	for _, reason := range []string{"", "because", "identity-not-shown "} {
		rec := w.post(w.approver, casePath(1)+"/refuse", url.Values{"seen": {seenAt(v)}, "reason": {reason}})
		if rec.Code != http.StatusUnprocessableEntity || w.view(1).State != application.InReview {
			t.Errorf("for %q it answers %d, and is %s", reason, rec.Code, w.view(1).State)
		}
	}
	page := w.leads(w.post(w.approver, casePath(1)+"/refuse", url.Values{"seen": {seenAt(v)}, "reason": {string(application.NotShown)}}), w.approver, casePath(1))
	has(t, page, application.NotShown.Text().Turkish)
	if v = w.view(1); v.State != application.Refused || v.Decision.By != w.approver || v.Decision.Reason != application.NotShown {
		t.Errorf("it is %s: %+v", v.State, v.Decision)
	}
}

// A decision is made on what was shown: when the case moved meanwhile it is shown
// anew, and nothing is decided.
func TestADecisionOnWhatHasMovedIsNotMade(t *testing.T) {
	w := newWorld(t)
	v := w.walk(1, person.Natural, "identify")
	stale := url.Values{"seen": {seenAt(v)}}
	w.leads(w.post(w.approver, casePath(1)+"/take-up", stale), w.approver, casePath(1))
	for _, path := range []string{"/take-up", "/give-back", "/approve"} {
		rec := w.post(w.approver, casePath(1)+path, stale)
		if rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), "başka biri işlem yaptı") {
			t.Errorf("%s answers %d: %s", path, rec.Code, plain(rec.Body.String()))
		}
	}
	if got := w.view(1); got.State != application.InReview {
		t.Errorf("it is %s", got.State)
	}
	w.leads(w.post(w.approver, casePath(1)+"/give-back", url.Values{"seen": {seenAt(w.view(1))}}), w.approver, casePath(1))
}

// REQ-17: a paper is scanned before it is kept, and given out after an entry.
func TestAPaperIsScannedKeptAndGivenOut(t *testing.T) {
	w := newWorld(t)
	v := w.walk(1, person.Private, "choose")
	form := func() url.Values {
		return url.Values{"seen": {seenAt(w.view(1))}, "kind": {string(application.SignatureCircular)}}
	}
	for name, x := range map[string]struct {
		file           []byte
		infected, away bool
		says           string
	}{
		"malware": {pdf, true, false, enrolment.ErrInfected.Text.Turkish}, "nobody scans": {pdf, false, true, "yanıt vermiyor"},
		"a program": {[]byte("MZ\x90\x00 a program"), false, false, enrolment.ErrMedia.Text.Turkish},
	} {
		w.infected, w.away = x.infected, x.away
		rec := w.upload(w.kit.Officer, casePath(1)+"/hand-in", form(), "file", x.file)
		if rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), x.says) {
			t.Errorf("%s: it answers %d: %s", name, rec.Code, plain(rec.Body.String()))
		}
	}
	w.infected, w.away = false, false
	if got := w.view(1); len(got.Papers) != 0 || got.Steps != v.Steps {
		t.Fatalf("it kept %d", len(got.Papers))
	}
	page := w.leads(w.upload(w.kit.Officer, casePath(1)+"/hand-in", form(), "file", pdf), w.kit.Officer, casePath(1))
	has(t, page, "İmza sirküleri", "temiz", "application/pdf")
	digest := w.view(1).Papers[0].Digest.String()
	before := w.entries(1)
	rec := w.post(w.kit.Officer, casePath(1)+"/paper", url.Values{"digest": {digest}})
	if rec.Code != http.StatusOK || rec.Body.String() != string(pdf) || w.entries(1) == before {
		t.Errorf("it gives %d, %d octets and %d entries", rec.Code, rec.Body.Len(), w.entries(1)-before)
	}
	if got := rec.Header().Get("Content-Disposition"); got != "attachment; filename=signature-circular.pdf" {
		t.Errorf("it is called %s", got)
	}
	if rec := w.post(w.kit.Officer, casePath(1)+"/paper", url.Values{"digest": {rem.DigestOf([]byte("x")).String()}}); rec.Code != http.StatusNotFound {
		t.Errorf("of another paper it answers %d", rec.Code)
	}
}

// The queue leads through everything, by state, kind, method and number.
func TestTheQueueIsFilteredAndPaged(t *testing.T) {
	w := newWorld(t)
	for n := range 30 {
		w.walk(n+1, person.Natural, "submit")
	}
	w.chosen(40, identity.OnSite)
	w.chosen(41, identity.Office)
	seen := 0
	for path := "/desk/applications?state=submitted"; path != ""; {
		page := w.get(w.kit.Officer, path).Body.String()
		seen += strings.Count(page, `<th role="rowheader"`)
		_, rest, more := strings.Cut(page, `rel="next"`)
		if path = ""; more {
			before := page[:len(page)-len(rest)]
			i := strings.LastIndex(before, `href="/tr`)
			path, _, _ = strings.Cut(before[i+len(`href="/tr`):], `"`)
			path = strings.ReplaceAll(path, "&amp;", "&")
		}
	}
	if seen != 30 {
		t.Errorf("the pages have %d applications, want 30", seen)
	}
	page := w.get(w.kit.Officer, "/desk/applications?state=identification-pending&method=on-site").Body.String()
	has(t, page, string(personledgertest.ID(40)), "Sözleşmeli kurumun ziyareti bekleniyor")
	hasNot(t, page, string(personledgertest.ID(41)))
	has(t, w.get(w.kit.Officer, "/desk/applications?number="+string(personledgertest.ID(41))).Body.String(), string(personledgertest.ID(41)))
	for _, path := range []string{"?state=nothing", "?kind=x", "?method=x", "?behind=x", "?behind=1."} {
		if rec := w.get(w.kit.Officer, "/desk/applications"+path); rec.Code != http.StatusNotFound {
			t.Errorf("%s answers %d", path, rec.Code)
		}
	}
}

// order issues a work order for application n on the desk.
func (w *world) order(n int) partner.OrderID {
	w.t.Helper()
	return w.orderTo(n, w.kit.Institution)
}

func (w *world) orderTo(n int, institution string) partner.OrderID {
	w.t.Helper()
	v := w.chosen(n, identity.OnSite)
	w.leads(w.post(w.kit.Officer, casePath(n)+"/issue", url.Values{"seen": {seenAt(v)}, "institution": {institution}}), w.kit.Officer, casePath(n))
	list, err := w.store.Orders(w.t.Context(), partner.Filter{Application: v.ID}, "", 10)
	w.must(err)
	if len(list) != 1 {
		w.t.Fatalf("there are %d orders", len(list))
	}
	return list[0].ID
}

// REQ-15, S24: from the order to the record: accepted, seen with an entry, visited
// and signed, the papers handed over, finished. Who is of another institution finds
// nothing.
func TestAnInstitutionVisitsAndHandsOver(t *testing.T) {
	w := newWorld(t)
	id := w.order(1)
	path, desk := "/partner/order/"+string(id), "/desk/orders/"+string(id)
	first, second := w.kit.First, w.kit.Second
	for _, p := range []string{path, path + "/visit", path + "/return", path + "/take"} {
		if rec := w.get(w.kit.Other, p); rec.Code != http.StatusNotFound {
			t.Errorf("the other institution gets %d at %s", rec.Code, p)
		}
	}
	for _, p := range []string{"/accept", "/see", "/give-back"} {
		if rec := w.post(w.kit.Other, path+p, nil); rec.Code != http.StatusNotFound {
			t.Errorf("the other institution gets %d at %s", rec.Code, p)
		}
	}
	hasNot(t, w.get(w.kit.Other, "/partner").Body.String(), string(id))
	has(t, w.get(first, "/partner").Body.String(), string(id))
	page := w.leads(w.post(first, path+"/accept", nil), first, path)
	hasNot(t, page, secrets...)
	before := w.entries(1)
	page = w.post(first, path+"/see", nil).Body.String()
	has(t, page, "Öğütçü", "Büyükdere", "İstanbul")
	hasNot(t, page, "10000000146", "basvuru@example.com", "29.10.1990")
	if w.entries(1) != before+1 {
		t.Error("what a visitor sees is not in the access log")
	}
	if rec := w.post(second, path+"/see", nil); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("a colleague who did not accept it gets %d", rec.Code)
	}

	w.clock.Advance(2 * time.Hour)
	form := w.visitForm()
	bad := w.visitForm()
	bad.Set("visited", "tomorrow")
	if rec := w.post(first, path+"/visit", bad); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("a visit at no time answers %d", rec.Code)
	}
	has(t, w.post(first, path+"/visit", form).Body.String(), "rem-visit-result", "İmzalanacak metin")
	written := w.post(first, path+"/text", form)
	if written.Code != http.StatusOK || !strings.HasPrefix(written.Header().Get("Content-Disposition"), "attachment") {
		t.Fatalf("the text answers %d", written.Code)
	}
	text := written.Body.Bytes()
	for _, s := range append(secrets, "A12B34567") {
		if strings.Contains(string(text), s) {
			t.Errorf("the text to be signed says %q", s)
		}
	}
	// Another's signature, and one over another text, are not believed.
	for _, signature := range [][]byte{partnertest.Sign(text, "12345678950"), partnertest.Sign([]byte("x"), "10000000146")} {
		if rec := w.upload(first, path+"/result", form, "signature", signature); rec.Code != http.StatusUnprocessableEntity {
			t.Errorf("a wrong signature answers %d", rec.Code)
		}
	}
	page = w.leads(w.upload(first, path+"/result", form, "signature", partnertest.Sign(text, "10000000146")), first, path)
	has(t, page, "Belgeler sizde", "TOTAL-PASSED")

	// A colleague takes the papers over, then our officer does; then it is finished.
	at := url.Values{"at": {w.clock.Now().UTC().Truncate(time.Second).Format(time.RFC3339)}}
	has(t, w.get(second, path+"/take").Body.String(), "rem-paper-handover")
	w.leads(w.post(second, path+"/take", at), second, path)
	if rec := w.post(w.kit.Officer, desk+"/finish", nil); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("finished without the papers it answers %d", rec.Code)
	}
	has(t, w.get(w.kit.Officer, "/desk/orders").Body.String(), string(id))
	w.leads(w.post(w.kit.Officer, desk+"/hand-over", at), w.kit.Officer, desk)
	w.leads(w.post(w.kit.Officer, desk+"/finish", nil), w.kit.Officer, desk)
	w.leads(w.post(w.kit.Officer, desk+"/finish", nil), w.kit.Officer, desk) // again: nothing more
	if v := w.view(1); v.State != application.Identified || len(v.Records) != 1 || v.Records[0].By.Person != first {
		t.Errorf("it is %s with %d records", v.State, len(v.Records))
	}
}

func (w *world) visitForm() url.Values {
	f := url.Values{
		"visited": {w.clock.Now().UTC().Add(3*time.Hour - time.Minute).Format("02.01.2006 15:04")}, "there": {"there"},
		"document": {"identity-card"}, "number": {"A12B34567"}, "issuer": {"TUR"}, "until": {"01.01.2030"}, "genuine": {"yes"}, "paper": {"signed-form", "document-copy"},
	}
	for _, i := range identity.Required(identity.OnSite, false) {
		f.Set("item-"+string(i), "yes")
	}
	for _, p := range []identity.Part{identity.PartNumber, identity.PartGiven, identity.PartFamily, identity.PartBirth} {
		f.Set("part-"+string(p), "yes")
	}
	return f
}

// REQ-15: an institution returns an order with a reason of the list.
func TestAnInstitutionReturnsAnOrder(t *testing.T) {
	w := newWorld(t)
	id := w.order(1)
	path := "/partner/order/" + string(id)
	if rec := w.post(w.kit.First, path+"/return", url.Values{"reason": {"tired"}}); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("it answers %d", rec.Code)
	}
	has(t, w.leads(w.post(w.kit.First, path+"/return", url.Values{"reason": {string(partner.NotThere)}}), w.kit.First, path), partner.NotThere.Text().Turkish)
}

// P-19, S41: two managers appoint; the key is shown once; what ends ends at once.
func TestTwoManagersAppointAndOneInvites(t *testing.T) {
	w := newWorld(t)
	a, b := w.kit.Managers[0], w.kit.Managers[1]
	w.train(a)
	const name = "Leyla Ödünç"
	rec := w.post(a, "/desk/staff/new", url.Values{"name": {name}, "role": {string(staff.Officer)}})
	page := w.leads(rec, a, "/desk/staff")
	hasNot(t, page, name)
	has(t, page, staffText(staff.ErrOwnProposal))
	list, err := w.kit.Book.Proposals(t.Context())
	w.must(err)
	if len(list) != 1 {
		t.Fatalf("there are %d proposals", len(list))
	}
	number, who := url.Values{"proposal": {strings.TrimSpace(uintText(list[0].Number))}}, list[0].Person
	if rec := w.post(a, "/desk/staff/confirm", number); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("who proposed gets %d", rec.Code)
	}
	w.leads(w.post(b, "/desk/staff/confirm", number), b, "/desk/staff")
	member := "/desk/staff/member/" + string(who)
	has(t, w.get(b, member).Body.String(), "görev yapamaz")
	now := w.clock.Now()
	w.leads(w.post(b, member+"/train", url.Values{"version": {"1"}, "passed": {now.AddDate(0, 0, -1).Format("02.01.2006")}, "valid": {now.AddDate(1, 0, 0).Format("02.01.2006")}}), b, member)
	rec = w.post(b, member+"/invite", nil)
	has(t, rec.Body.String(), "bir daha gösterilmez")
	_, rest, _ := strings.Cut(rec.Body.String(), "<dt>Anahtar</dt><dd><code>")
	key, _, _ := strings.Cut(rest, "<")
	if got, err := w.kit.Book.Invited(t.Context(), key); err != nil || got != who {
		t.Errorf("the key that was shown is %q's: %v", got, err)
	}
	hasNot(t, w.get(b, member).Body.String(), key)
	// Names open by a button, and that is written.
	before := len(w.kit.Vault.Log.Entries())
	has(t, w.post(b, "/desk/staff/names", nil).Body.String(), name)
	if len(w.kit.Vault.Log.Entries()) == before {
		t.Error("that the names were opened is not in the access log")
	}
	page = w.leads(w.post(b, member+"/end", url.Values{"what": {"service"}, "reason": {"left"}}), b, member)
	has(t, page, "ayrıldı")
	if m, err := w.kit.Book.Member(t.Context(), who); err != nil || m.InService() {
		t.Errorf("he is still in service: %v", err)
	}
}

// A manager contracts an institution and ends the contract; its people are out.
func TestAContractBeginsAndEnds(t *testing.T) {
	w := newWorld(t)
	b := w.kit.Managers[1]
	now := w.clock.Now()
	form := url.Values{"name": {"Üçüncü Kurye A.Ş."}, "contract": {"S-1"}, "from": {now.Format("02.01.2006")}, "until": {now.AddDate(1, 0, 0).Format("02.01.2006")}, "province": {"35"}}
	if rec := w.post(b, "/desk/partners/new", form); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("a contract of another's number answers %d", rec.Code)
	}
	form.Set("contract", "S-3")
	has(t, w.leads(w.post(b, "/desk/partners/new", form), b, "/desk/partners"), "Üçüncü Kurye A.Ş.", "İzmir")
	if rec := w.get(w.kit.First, "/partner"); rec.Code != http.StatusOK {
		t.Fatalf("it answers %d", rec.Code)
	}
	w.leads(w.post(b, "/desk/partners/"+w.kit.Institution+"/end", nil), b, "/desk/partners/"+w.kit.Institution)
	if rec := w.get(w.kit.First, "/partner"); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("after the end its people get %d", rec.Code)
	}
}

// opened makes an account with a sealed name.
func (w *world) opened(address string) account.Account {
	w.t.Helper()
	seal := func(p rem.PersonID, f privacy.FieldID, name string) privacy.SealedValue {
		v, err := w.kit.Vault.Seal(w.t.Context(), p, f, privacy.NewValue(name, privacy.ByDeclaration(w.clock.Now())))
		w.must(err)
		return v
	}
	a := account.Account{
		ID: "acc-7", Address: rem.MustAddress(address), State: account.Open, Created: w.clock.Now().UTC(),
		Holder:    account.Holder{Person: "per-7", Name: seal("per-7", account.HolderName, "Mert Gümüş")},
		Operators: []account.Operator{{Person: "per-7", Name: seal("per-7", account.OperatorName, "Mert Gümüş"), May: account.Everything}},
	}
	w.must(w.accounts.Create(w.t.Context(), a))
	return a
}

// P-23, REQ-34: an account is found by its whole address, its names open for a case
// alone, and its state moves for a reason of the list.
func TestSupportWorksOnAnAccount(t *testing.T) {
	w := newWorld(t)
	a := w.opened("mert.gumus@hs90.kep.test")
	for address, code := range map[string]int{"mert": 422, "nobody@hs90.kep.test": 422} {
		if rec := w.post(w.support, "/desk/accounts", url.Values{"address": {address}}); rec.Code != code {
			t.Errorf("%q answers %d", address, rec.Code)
		}
	}
	path := "/desk/accounts/acc-7"
	page := w.leads(w.post(w.support, "/desk/accounts", url.Values{"address": {a.Address.String()}}), w.support, path)
	has(t, page, "açık", "Gönderime kapat", "per-7")
	hasNot(t, page, "Mert")
	before := len(w.kit.Vault.Log.Entries())
	if rec := w.post(w.support, path+"/names", url.Values{"case": {"Mert Gümüş"}}); rec.Code != http.StatusUnprocessableEntity || len(w.kit.Vault.Log.Entries()) != before {
		t.Errorf("without a case it answers %d", rec.Code)
	}
	has(t, w.post(w.support, path+"/names", url.Values{"case": {"T-2026-17"}}).Body.String(), "Mert Gümüş")
	all := w.kit.Vault.Log.Entries()
	if e := all[len(all)-1]; len(all) != before+1 || e.Case != "T-2026-17" || e.Actor != w.support || e.Role != privacy.AsSupport || e.Person != "per-7" {
		t.Errorf("the access log has %+v", e)
	}
	if rec := w.post(w.support, path+"/move/block", url.Values{"reason": {"whim"}}); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("for a whim it answers %d", rec.Code)
	}
	has(t, w.leads(w.post(w.support, path+"/move/block", url.Values{"reason": {string(account.ByRequest)}}), w.support, path), "gönderime kapalı", "Hesabı yeniden aç")
	has(t, w.leads(w.post(w.support, path+"/move/close", url.Values{"reason": {string(account.ByRequest)}}), w.support, path), "Kapalı bir hesapta yapılacak işlem yok")
	for _, event := range []string{"block", "restore", "renew", "term-over", "reopen", "x"} {
		if rec := w.get(w.support, path+"/move/"+event); rec.Code != http.StatusNotFound {
			t.Errorf("a closed account offers %s: %d", event, rec.Code)
		}
	}
}

// An applicant's appointment stands on the overview of the officers that day.
func TestAppointmentsOfTodayStandOnTheOverview(t *testing.T) {
	w := newWorld(t)
	v := w.chosen(1, identity.Office)
	at := w.clock.Now().UTC().Truncate(24 * time.Hour).Add(11 * time.Hour)
	w.must(w.store.Enrolment().Book(t.Context(), enrolment.Appointment{Application: v.ID, Office: "ankara", At: at, Made: w.clock.Now()}, 2))
	has(t, w.get(w.kit.Officer, "/desk").Body.String(), "Bugünün randevuları", string(v.ID))
	w.clock.Advance(24 * time.Hour)
	hasNot(t, w.get(w.kit.Officer, "/desk").Body.String(), string(v.ID))
}

// S42: who works here acknowledges the text that he was shown, by himself, before
// anything else opens; a newer text takes it away again.
func TestAPolicyIsAcknowledgedOnItsOwnPage(t *testing.T) {
	w := newWorld(t)
	p, now := w.untrained, w.clock.Now()
	w.must(w.kit.Book.Train(t.Context(), machine(w.kit.Managers[0]), p, staff.DataProtection, 1, now, now.AddDate(1, 0, 0)))
	has(t, w.get(p, "/desk").Body.String(), staffText(staff.ErrUnbound), "/desk/policy")
	digest := rem.DigestOf([]byte("politika")).String()
	has(t, w.get(p, "/desk/policy").Body.String(), "politika", digest, "Okudum")
	for _, form := range []url.Values{{}, {"version": {"1"}}, {"version": {"2"}, "digest": {digest}}, {"version": {"1"}, "digest": {rem.DigestOf(nil).String()}}} {
		if rec := w.post(p, "/desk/policy", form); rec.Code != http.StatusUnprocessableEntity {
			t.Errorf("%v answers %d", form, rec.Code)
		}
	}
	if rec := w.get(p, "/desk/applications"); rec.Code != http.StatusForbidden {
		t.Fatalf("unbound, he gets %d", rec.Code)
	}
	page := w.leads(w.post(p, "/desk/policy", url.Values{"version": {"1"}, "digest": {digest}}), p, "/desk/policy")
	hasNot(t, page, "Okudum")
	if rec := w.get(p, "/desk/applications"); rec.Code != http.StatusOK {
		t.Errorf("bound, he gets %d", rec.Code)
	}
	_, err := w.kit.Book.Publish(t.Context(), machine(w.kit.Managers[0]), staff.DataProtection, []byte("politika 2"), time.Time{})
	w.must(err)
	if rec := w.get(p, "/desk/applications"); rec.Code != http.StatusForbidden {
		t.Errorf("after a newer text he gets %d", rec.Code)
	}
}
