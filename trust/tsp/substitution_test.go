package tsp_test

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"rem/internal/testkit"
	"rem/internal/testkit/derkit"
	"rem/trust/tsp"
)

// AT-21: 100 messages are stamped by 4 authorities in 3 epochs. The answer to
// one question is shown as the answer to another: no other message, authority,
// epoch or nonce is accepted. An ordinary run takes
// some 7,000 of the pairs, a long one some 200,000.
func TestSubstitutedTokensAreRefused(t *testing.T) {
	type asked struct {
		request   *tsp.Request
		answer    []byte
		message   int
		authority int
		epoch     int
	}
	const messages, authorities = 100, 4
	epochs := []time.Time{derkit.From.AddDate(1, 0, 0), testkit.Epoch, derkit.Until.AddDate(-1, 0, 0)}
	root := derkit.Root(t, derkit.P256, "Root of time")
	var all []asked
	var holders []*derkit.Holder
	for a := range authorities {
		holder := derkit.Issue(t, root, derkit.P256, fmt.Sprintf("Authority %d", a), derkit.Stamping)
		holders = append(holders, holder)
		for e, epoch := range epochs {
			r := responder(t, holder, func(o *tsp.ResponderOptions) { o.Clock = testkit.NewClock(epoch) })
			for m := range messages {
				request := &tsp.Request{
					Hash: crypto.SHA256, Imprint: imprint(fmt.Sprint("message ", m)), Certificates: true,
					Nonce: big.NewInt(int64(len(all) + 1)),
				}
				der, err := request.DER()
				if err != nil {
					t.Fatal(err)
				}
				answer, err := r.Respond(t.Context(), der)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, asked{request, answer, m, a, e})
			}
		}
	}
	expectation := func(q asked) tsp.Expectation {
		return tsp.Expectation{
			Authorities: []*x509.Certificate{holders[q.authority].Leaf()}, Known: []*x509.Certificate{root.Leaf()},
			From: epochs[q.epoch].Add(-time.Minute), Until: epochs[q.epoch].Add(time.Minute),
		}
	}
	pairs := len(all) * len(all)
	step := 211 // of 1200² pairs; prime to 1200, so that rows and columns mix
	if testkit.Long() {
		step = 7
	}
	var accepted, refused int
	for i := 0; i < pairs; i += step {
		q, other := all[i/len(all)], all[i%len(all)]
		_, err := q.request.Check(other.answer, expectation(q))
		switch same := i/len(all) == i%len(all); {
		case same && err != nil:
			t.Fatalf("the right answer is refused: %v", err)
		case same:
			accepted++
		case err == nil:
			t.Fatalf("message %d, authority %d, epoch %d: accepted the answer for %d, %d, %d",
				q.message, q.authority, q.epoch, other.message, other.authority, other.epoch)
		default:
			refused++
		}
		// Without nonces: the imprint, the authority and the epoch alone.
		without := *q.request
		token, err := tsp.ParseKnown(derkit.Parse(t, other.answer).At(1).Bytes(), tsp.VerifyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		without.Nonce = token.Nonce
		if _, err := without.Check(other.answer, expectation(q)); (err == nil) != (q.message == other.message && q.authority == other.authority && q.epoch == other.epoch) {
			t.Fatalf("message %d, authority %d, epoch %d: the answer for %d, %d, %d gives %v",
				q.message, q.authority, q.epoch, other.message, other.authority, other.epoch, err)
		}
	}
	t.Logf("%d accepted, %d refused", accepted, refused)
}

// Each thing that an answer is compared in, alone.
func TestAnswersToOtherQuestionsAreRefused(t *testing.T) {
	r, holder := authority(t, derkit.P256, nil)
	_, stranger := authority(t, derkit.P256, nil)
	request := tsp.Request{Hash: crypto.SHA256, Imprint: imprint("hello"), Nonce: nonce(), Certificates: true, Policy: policy}
	der, err := request.DER()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := r.Respond(t.Context(), der)
	if err != nil {
		t.Fatal(err)
	}
	ours := tsp.Expectation{Authorities: []*x509.Certificate{holder.Leaf()}}
	for _, c := range []struct {
		name   string
		change func(q *tsp.Request, e *tsp.Expectation)
		want   error
	}{
		{"the same", func(*tsp.Request, *tsp.Expectation) {}, nil},
		{"issuer expected", func(_ *tsp.Request, e *tsp.Expectation) { e.Authorities = holder.Chain[1:] }, nil},
		{"other nonce", func(q *tsp.Request, _ *tsp.Expectation) { q.Nonce = big.NewInt(1) }, tsp.ErrAnswer},
		{"no nonce asked", func(q *tsp.Request, _ *tsp.Expectation) { q.Nonce = nil }, tsp.ErrAnswer},
		{"other imprint", func(q *tsp.Request, _ *tsp.Expectation) { q.Imprint = imprint("hallo") }, tsp.ErrImprint},
		{"other digest", func(q *tsp.Request, _ *tsp.Expectation) { q.Hash, q.Imprint = crypto.SHA384, make([]byte, 48) }, tsp.ErrImprint},
		{"other policy", func(q *tsp.Request, _ *tsp.Expectation) { q.Policy = []int{1, 2, 3} }, tsp.ErrAnswer},
		{"unacceptable policy", func(q *tsp.Request, e *tsp.Expectation) {
			q.Policy = nil
			e.Policies = append(e.Policies, []int{1, 2, 3})
		}, tsp.ErrAnswer},
		{"certificates not asked", func(q *tsp.Request, _ *tsp.Expectation) { q.Certificates = false }, tsp.ErrAnswer},
		{"nobody expected", func(_ *tsp.Request, e *tsp.Expectation) { e.Authorities = nil }, tsp.ErrAnswer},
		{"another authority", func(_ *tsp.Request, e *tsp.Expectation) { e.Authorities = stranger.Chain[:1] }, tsp.ErrAnswer},
		{"another issuer of the same name", func(_ *tsp.Request, e *tsp.Expectation) { e.Authorities = stranger.Chain[1:] }, tsp.ErrAnswer},
		{"too early", func(_ *tsp.Request, e *tsp.Expectation) { e.From = testkit.Epoch.Add(2 * time.Second) }, tsp.ErrAnswer},
		{"too late", func(_ *tsp.Request, e *tsp.Expectation) { e.Until = testkit.Epoch.Add(-2 * time.Second) }, tsp.ErrAnswer},
		{"within accuracy", func(_ *tsp.Request, e *tsp.Expectation) {
			e.From, e.Until = testkit.Epoch.Add(time.Second), testkit.Epoch.Add(-time.Second)
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, e := request, ours
			c.change(&q, &e)
			if _, err := q.Check(answer, e); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}
