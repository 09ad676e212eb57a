package api_test

import (
	"strconv"
	"testing"
	"time"

	"rem/internal/testkit/world"
	"rem/person/token"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

type eventsAnswer struct {
	Events []struct {
		Number                                int64
		Kind, Message, Evidence, EvidenceKind string
		Recipient                             int
		Positive                              *bool
		At                                    time.Time
	}
	Newest int64
}

func kinds(a eventsAnswer) (list []string) {
	for _, e := range a.Events {
		list = append(list, e.Kind)
	}
	return list
}

// A program follows its account by numbers: nothing is missed, nothing comes twice,
// and other accounts' events are not there (AT-28).
func TestEventsOfAnAccountAreNumberedAndItsOwn(t *testing.T) {
	h := newHouse(t)
	ayse, cem := h.token("ayse", token.List, token.Send), h.token("cem", token.List, token.Read)
	var receipt struct{ Message, Evidence string }
	h.get(h.ask(ayse, "POST", "messages", h.letter("Gizli konu", world.Address("cem", "hs90"))), 201, &receipt)
	h.arrive()
	h.happen()
	var hers, his eventsAnswer
	w := h.ask(ayse, "GET", "events", nil)
	h.get(w, 200, &hers)
	h.get(h.ask(cem, "GET", "events", nil), 200, &his)
	if k := kinds(hers); len(k) < 3 || k[0] != "submitted" || k[1] != "evidence" {
		t.Fatalf("the sender is told %v", k)
	}
	if k := kinds(his); len(k) != 1 || k[0] != "arrived" || his.Events[0].Message != receipt.Message {
		t.Fatalf("the recipient is told %v", k)
	}
	for i, e := range hers.Events {
		if e.Number != int64(i+1) || e.At.IsZero() || e.Message != receipt.Message {
			t.Errorf("event %d is %+v", i+1, e)
		}
	}
	if hers.Events[1].Evidence != receipt.Evidence || hers.Events[1].EvidenceKind != "SubmissionAcceptanceRejection" || hers.Events[1].Positive == nil || !*hers.Events[1].Positive {
		t.Errorf("the evidence of submission is told as %+v", hers.Events[1])
	}

	var inbox page
	h.get(h.ask(cem, "GET", "items?folder=inbox", nil), 200, &inbox)
	for range 2 {
		h.get(h.ask(cem, "POST", "items/"+itoa(inbox.Items[0].ID)+"/acknowledge", nil), 200, nil)
	}
	h.arrive()
	h.happen()
	h.happen()
	var more eventsAnswer
	h.get(h.ask(cem, "GET", "events?after=1", nil), 200, &more)
	if k := kinds(more); len(k) != 1 || k[0] != "opened" || more.Newest != 2 {
		t.Errorf("after opening twice he is told %v", k)
	}
	h.get(h.ask(ayse, "GET", "events?after="+itoa(hers.Newest), nil), 200, &more)
	if k := kinds(more); len(k) != 1 || more.Events[0].EvidenceKind != "RetrievalNonRetrievalByRecipient" {
		t.Errorf("the sender is told %v of the opening", k)
	}
	h.get(h.ask(h.token("ayse", token.Directory), "GET", "events", nil), 403, nil)
}

// Whoever waits is answered when something happens, and not before.
func TestALongPollEndsWithTheEvent(t *testing.T) {
	h := newHouse(t)
	ayse, cem := h.token("ayse", token.Send), h.token("cem", token.List)
	answer := make(chan eventsAnswer, 1)
	go func() {
		var got eventsAnswer
		h.get(h.ask(cem, "GET", "events?after=0&wait=60", nil), 200, &got)
		answer <- got
	}()
	select {
	case got := <-answer:
		t.Fatalf("he was answered with %v before anything happened", kinds(got))
	case <-time.After(50 * time.Millisecond):
	}
	h.get(h.ask(ayse, "POST", "messages", h.letter("Bekleyen", world.Address("cem", "hs90"))), 201, nil)
	h.arrive()
	h.happen()
	if got := <-answer; len(got.Events) != 1 || got.Events[0].Kind != "arrived" {
		t.Errorf("he was answered with %v", kinds(got))
	}
}

// A hook is its account's, its address is one that the provider allows, and its
// secret is told once.
func TestHooksAreOfTheirAccount(t *testing.T) {
	h := newHouse(t)
	ayse, cem := h.token("ayse", token.Hooks), h.token("cem", token.Hooks)
	var made struct{ ID, URL, Secret, State string }
	w := h.ask(ayse, "POST", "hooks", map[string]string{"url": "https://ERP.example/kep"})
	h.get(w, 201, &made)
	if made.URL != "https://erp.example/kep" || made.State != "running" || len(made.Secret) < 40 {
		t.Fatalf("it was made as %+v", made)
	}
	for name, url := range map[string]string{
		"another host": "https://evil.example/kep", "plain": "http://erp.example/kep", "user": "https://a:b@erp.example/", "query": "https://erp.example/?k=1",
		"address": "https://127.0.0.1/kep", "fragment": "https://erp.example/#x",
	} {
		if w := h.ask(ayse, "POST", "hooks", map[string]string{"url": url}); w.Code != 403 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	w = h.ask(ayse, "GET", "hooks", nil)
	var list []struct{ ID, Secret string }
	if h.get(w, 200, &list); len(list) != 1 || list[0].Secret != "" {
		t.Errorf("the list has %s", w.Body)
	}
	if h.get(h.ask(cem, "GET", "hooks", nil), 200, &list); len(list) != 0 {
		t.Error("another account sees it")
	}
	for _, path := range []string{"/pause", "/resume"} {
		h.get(h.ask(cem, "POST", "hooks/"+made.ID+path, nil), 404, nil)
		h.get(h.ask(ayse, "POST", "hooks/"+made.ID+path, nil), 204, nil)
	}
	h.get(h.ask(cem, "DELETE", "hooks/"+made.ID, nil), 404, nil)
	h.get(h.ask(ayse, "POST", "hooks/"+made.ID+"/replay", map[string]int{"after": 7}), 403, nil)
	h.get(h.ask(ayse, "DELETE", "hooks/"+made.ID, nil), 204, nil)
	h.get(h.ask(ayse, "DELETE", "hooks/"+made.ID, nil), 404, nil)
}
