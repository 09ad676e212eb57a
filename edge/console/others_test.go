package console_test

import (
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit/partnertest"
	"rem/internal/testkit/personledgertest"
	"rem/provider/partner"
)

// requestID is what differs between two pages that say the same.
var requestID = regexp.MustCompile(`<code[^>]*>[^<]*</code>`)

// AT-28, S24: every page of an institution that names a work order, as one of its own,
// one of another institution in each state that its people can move, and one that is
// not there. Another's cannot be told from none, is not moved, and nobody looked at its
// applicant. A route that nobody thought of is asked too.
func TestAnotherInstitutionsOrdersAreNotThere(t *testing.T) {
	w := newWorld(t)
	first, asker := w.kit.First, w.kit.Other
	at := url.Values{"at": {w.clock.Now().UTC().Truncate(time.Second).Format(time.RFC3339)}}

	open, accepted, visited := w.order(1), w.order(2), w.order(3)
	path := func(id partner.OrderID) string { return "/partner/order/" + string(id) }
	for _, id := range []partner.OrderID{accepted, visited} {
		w.leads(w.post(first, path(id)+"/accept", nil), first, path(id))
	}
	own, waiting := w.orderTo(4, w.kit.OtherInstitution), w.orderTo(5, w.kit.OtherInstitution)
	w.leads(w.post(asker, path(own)+"/accept", nil), asker, path(own))
	w.clock.Advance(2 * time.Hour)
	form := w.visitForm()
	signed := w.post(first, path(visited)+"/text", form).Body.Bytes()
	w.leads(w.upload(first, path(visited)+"/result", form, "signature", partnertest.Sign(signed, "10000000146")), first, path(visited))
	for name, values := range at {
		form[name] = values
	}
	form.Set("reason", string(partner.NotThere))

	others := []partner.OrderID{open, accepted, visited}
	history := func() (n int) {
		for _, id := range others {
			steps, err := w.store.OrderHistory(t.Context(), id)
			w.must(err)
			n += len(steps)
		}
		return n
	}
	steps, looks := history(), w.entries(1)+w.entries(2)+w.entries(3)
	const absent = partner.OrderID("01jd0000000000000000000099")
	asked := 0
	for _, route := range w.site.Routes() {
		if !strings.HasPrefix(route.Name, "partner.") || !strings.Contains(route.Pattern, "{") {
			continue
		}
		asked++
		ask := func(id partner.OrderID) (int, string) {
			at := strings.ReplaceAll(route.Pattern, "{id}", string(id))
			if strings.Contains(at, "{") {
				t.Fatalf("%s names an object that this test does not know: %s", route.Name, route.Pattern)
			}
			var rec *httptest.ResponseRecorder
			switch {
			case route.Method == "GET":
				rec = w.get(asker, at)
			case route.Name == "partner.result.signed":
				rec = w.upload(asker, at, form, "signature", partnertest.Sign(signed, "10000000146"))
			default:
				rec = w.post(asker, at, form)
			}
			if to := rec.Header().Get("Location"); rec.Code == 404 && to != "" {
				t.Errorf("%s leads to %s", route.Name, to)
			}
			return rec.Code, requestID.ReplaceAllString(strings.ReplaceAll(rec.Body.String(), at, ""), "")
		}
		none, page := ask(absent)
		if none != 404 {
			t.Errorf("%s: %d for an order that is not there", route.Name, none)
		}
		for _, id := range others {
			if code, other := ask(id); code != 404 || other != page {
				t.Errorf("%s: %d for another's order", route.Name, code)
			}
		}
		if route.Method == "GET" {
			want := 200
			if route.Name == "partner.take" {
				want = 422 // it is his own, and no paper is on its way
			}
			if code, _ := ask(own); code != want {
				t.Errorf("%s: %d for its own order, want %d", route.Name, code, want)
			}
		}
	}
	if asked < 10 {
		t.Errorf("%d routes were asked", asked)
	}
	if history() != steps {
		t.Error("another institution moved an order")
	}
	if w.entries(1)+w.entries(2)+w.entries(3) != looks {
		t.Error("another institution looked at an applicant")
	}
	// Lists have its own alone, wherever they go on from.
	for _, state := range partner.States() {
		for _, after := range slices.Concat(others, []partner.OrderID{"", absent, "0"}) {
			page := w.get(asker, "/partner?"+url.Values{"state": {string(state)}, "after": {string(after)}}.Encode()).Body.String()
			for _, id := range others {
				if id != after {
					hasNot(t, page, string(id))
				}
			}
		}
	}
	has(t, w.get(asker, "/partner").Body.String(), string(waiting))
	has(t, w.get(asker, "/partner?state=accepted").Body.String(), string(own))
}

// AT-28: the desk's pages of institutions, members, cases and papers answer a person
// of an institution alike, whether they are of his own, of another or not there.
func TestAnInstitutionLearnsNothingFromTheDesk(t *testing.T) {
	w := newWorld(t)
	mine, others := w.orderTo(1, w.kit.OtherInstitution), w.order(2)
	asker := w.kit.Other
	sets := [][]string{ // as they stand in an address: application, order, member, institution
		{string(personledgertest.ID(1)), string(mine), string(asker), w.kit.OtherInstitution},
		{string(personledgertest.ID(2)), string(others), string(w.kit.First), w.kit.Institution},
		{"01jd0000000000000000000099", "01jd0000000000000000000099", "per-nobody", "ins-nobody"},
	}
	variable := regexp.MustCompile(`\{[a-z]+\}`)
	looks, asked := len(w.kit.Vault.Log.Entries()), 0
	for _, route := range w.site.Routes() {
		if !strings.HasPrefix(route.Name, "console.") || !strings.Contains(route.Pattern, "{") {
			continue
		}
		asked++
		var codes []int
		var pages []string
		for _, set := range sets {
			name := set[0]
			switch {
			case strings.Contains(route.Pattern, "/orders/"):
				name = set[1]
			case strings.Contains(route.Pattern, "/member/"):
				name = set[2]
			case strings.Contains(route.Pattern, "/partners/"):
				name = set[3]
			}
			at := variable.ReplaceAllString(strings.Replace(route.Pattern, "{id}", name, 1), "close")
			var rec *httptest.ResponseRecorder
			if route.Method == "GET" {
				rec = w.get(asker, at)
			} else {
				rec = w.post(asker, at, url.Values{"document": {rem.DigestOf(nil).String()}})
			}
			to, _, _ := strings.Cut(rec.Header().Get("Location"), "?")
			codes = append(codes, rec.Code)
			pages = append(pages, to+requestID.ReplaceAllString(strings.ReplaceAll(rec.Body.String(), at, ""), ""))
		}
		if codes[0] != 403 && codes[0] != 303 {
			t.Errorf("%s: %d", route.Name, codes[0])
		}
		if codes[0] != codes[1] || codes[1] != codes[2] || pages[0] != pages[1] || pages[1] != pages[2] {
			t.Errorf("%s: %v for its own, another's and none", route.Name, codes)
		}
	}
	if asked < 25 {
		t.Errorf("%d routes were asked", asked)
	}
	if got := len(w.kit.Vault.Log.Entries()); got != looks {
		t.Errorf("the access log has %d entries more", got-looks)
	}
}
