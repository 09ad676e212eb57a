package node

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/smtp"
	"sync/atomic"
	"testing"
	"time"

	"rem"
	"rem/internal/setup"
	"rem/internal/testkit"
	"rem/person/token"
)

// BenchmarkDoors submits the same messages by the API and over SMTP, in turns, each
// by sixteen clients with open connections, and reports what one costs beside the
// other in processor time, clients included: API/SMTP is to be at most 1.11, so that
// the API submits at least 90 % as fast. Run it with -benchtime 5x.
func BenchmarkDoors(b *testing.B) {
	s := newStage(b, setup.Options{Domains: []string{here}})
	s.start(here)
	n := s.nodes[here]
	from, to := s.holder(0, isil), "bora.agaoglu@"+here
	s.holder(4, to)
	a, err := n.Store.ByAddress(b.Context(), rem.MustAddress(isil))
	if err != nil {
		b.Fatal(err)
	}
	const clients, turns = 16, 6
	originals := make([][]byte, 2*turns*clients*100)
	for i := range originals {
		originals[i] = s.sign(from, letter{id: fmt.Sprintf("hiz-%d@%s", i, here), to: []string{to}, subject: "Hız"})
	}
	secrets := make([]string, clients) // each token has so many requests a minute
	for i := range secrets {
		_, secret, err := n.People.Tokens.Create(b.Context(), rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person},
			token.Wish{Kind: token.Personal, Scopes: []token.Scope{token.Send}, Term: time.Hour})
		if err != nil {
			b.Fatal(err)
		}
		secrets[i] = secret.Reveal()
	}
	var next, asked atomic.Int64
	take := func() ([]byte, error) {
		i := next.Add(1) - 1
		if i >= int64(len(originals)) {
			return nil, errors.New("more turns than messages: run it with -benchtime 5x")
		}
		return originals[i], nil
	}
	sessions := make(chan *smtp.Client, clients)
	for range clients {
		c, err := s.mailer(here, isil, password)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		sessions <- c
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.world.Root()}, MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	byAPI := func() error {
		raw, err := take()
		if err != nil {
			return err
		}
		q, err := http.NewRequestWithContext(b.Context(), http.MethodPost, n.Config.Web.Base+"/api/v1/messages", bytes.NewReader(raw))
		if err != nil {
			return err
		}
		q.Header.Set("Authorization", "Bearer "+secrets[asked.Add(1)%clients])
		q.Header.Set("Content-Type", "message/rfc822")
		r, err := client.Do(q)
		if err != nil {
			return err
		}
		answer, err := io.ReadAll(r.Body)
		if err := errors.Join(err, r.Body.Close()); err != nil || r.StatusCode != http.StatusCreated {
			return fmt.Errorf("%d %s: %w", r.StatusCode, answer, err)
		}
		return nil
	}
	bySMTP := func() error {
		raw, err := take()
		if err != nil {
			return err
		}
		c := <-sessions
		defer func() { sessions <- c }()
		return hand(c, isil, []string{to}, raw)
	}
	api, mail := testkit.TakingTurns(b, clients, byAPI, bySMTP)
	b.ReportMetric(api/1e6, "API-ms/msg")
	b.ReportMetric(mail/1e6, "SMTP-ms/msg")
	b.ReportMetric(api/mail, "API/SMTP")
}
