package webtest_test

import (
	"log/slog"
	"testing"
	"time"

	"rem"
	"rem/edge/web"
	"rem/internal/testkit"
	"rem/internal/testkit/webtest"
	"rem/provider/staff"
)

// The matrix passes a site that keeps its doors, and each principal reaches
// what is his and nothing else.
func TestTheMatrixAsksEverybody(t *testing.T) {
	principals := webtest.Principals()
	reached := map[string]int{}
	handler := func(name string) web.Handler {
		return func(*web.Request) (web.Answer, error) {
			reached[name]++
			return nil, web.ErrNotFound
		}
	}
	s, err := web.New(web.Config{Base: "https://kep.test", Name: rem.Text{Turkish: "x", English: "x"}, Clock: testkit.NewClock(time.Time{}), Log: slog.New(slog.DiscardHandler), Sessions: principals},
		web.Part{Name: "t", Routes: []web.Route{
			{Name: "own", Method: "GET", Pattern: "/own/{id}", Who: web.Holder, Handler: handler("own")},
			{Name: "act", Method: "POST", Pattern: "/own/{id}", Who: web.Holder, Fresh: true, Handler: handler("act")},
			{Name: "desk", Method: "GET", Pattern: "/desk", Who: web.Staff(staff.Officer, staff.Approver), Handler: handler("desk")},
		}})
	if err != nil {
		t.Fatal(err)
	}
	webtest.Matrix(t, s, "https://kep.test", principals)
	for name, want := range map[string]int{"own": 4, "act": 2, "desk": 4} {
		if reached[name] != want {
			t.Errorf("%s was reached %d times, want %d", name, reached[name], want)
		}
	}
}
