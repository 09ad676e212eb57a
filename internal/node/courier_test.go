package node

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/edge/smtpout"
	"rem/internal/setup"
	"rem/mail/smtp"
	"rem/message/relay"
	"rem/trust/trustlist"
)

// What one recipient was answered says nothing about another (RFC 5321 4.3.2).
func TestEachRecipientsAnswerIsHisOwn(t *testing.T) {
	reply := func(code int, enhanced string) *smtp.Reply {
		return &smtp.Reply{Code: code, Enhanced: enhanced, Text: "x"}
	}
	bora, cem := rem.MustAddress("bora@hs91.kep.test"), rem.MustAddress("cem@hs91.kep.test")
	to := func(a rem.Address, f smtpout.Fate, r *smtp.Reply) smtpout.Recipient {
		return smtpout.Recipient{Path: smtp.Path(a.String()), Fate: f, Reply: r}
	}
	for _, c := range []struct {
		name   string
		result smtpout.Result
		want   relay.Attempt
	}{
		{"one refused for good, one for now", smtpout.Result{Outcome: smtpout.Definite, Recipients: []smtpout.Recipient{
			to(bora, smtpout.Permanent, reply(550, "5.7.1")), to(cem, smtpout.Temporary, reply(450, "4.2.1")),
		}}, relay.Attempt{Class: relay.NotTaken, Reason: rem.PeerUnreachable, Refused: map[rem.Address]rem.Reason{bora: rem.PolicyViolation, cem: ""}}},
		{"one refused for good, one taken", smtpout.Result{Outcome: smtpout.Taken, Recipients: []smtpout.Recipient{
			to(bora, smtpout.Permanent, reply(550, "5.7.1")), to(cem, smtpout.Accepted, reply(250, "2.0.0")),
		}}, relay.Attempt{Class: relay.Taken, Reason: rem.PeerUnreachable, Refused: map[rem.Address]rem.Reason{bora: rem.PolicyViolation}}},
		{"one unknown there, the other's fate not known", smtpout.Result{Outcome: smtpout.Unknown, Err: errors.New("lost"), Recipients: []smtpout.Recipient{
			to(bora, smtpout.Permanent, reply(550, "5.1.1")), to(cem, smtpout.Unsettled, nil),
		}}, relay.Attempt{Class: relay.Unknown, Reason: rem.PeerUnreachable, Detail: "lost", Refused: map[rem.Address]rem.Reason{bora: rem.UnknownRecipient}}},
		{"the message is not wanted", smtpout.Result{Outcome: smtpout.Definite, Recipients: []smtpout.Recipient{
			to(bora, smtpout.Permanent, reply(550, "5.7.1")), to(cem, smtpout.Permanent, reply(550, "5.7.1")),
		}}, relay.Attempt{Class: relay.NotTaken, Permanent: true, Reason: rem.PolicyViolation,
			Refused: map[rem.Address]rem.Reason{bora: rem.PolicyViolation, cem: rem.PolicyViolation}}},
		{"our own address is not wanted", smtpout.Result{Outcome: smtpout.Definite, Recipients: []smtpout.Recipient{
			to(bora, smtpout.Permanent, reply(553, "5.1.8")),
		}}, relay.Attempt{Class: relay.NotTaken, Permanent: true, Reason: rem.PolicyViolation, Refused: map[rem.Address]rem.Reason{bora: rem.PolicyViolation}}},
		{"no connection", smtpout.Result{Outcome: smtpout.Definite, Recipients: []smtpout.Recipient{to(bora, smtpout.Temporary, nil)}},
			relay.Attempt{Class: relay.NotTaken, Reason: rem.PeerUnreachable, Refused: map[rem.Address]rem.Reason{}}},
	} {
		if diff := cmp.Diff(c.want, attempt(c.result), cmp.Comparer(func(a, b rem.Address) bool { return a == b })); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

// A provider that has ended gets no messages any more. What is owed to it about
// its own goes to it as long as it listens.
func TestAProviderThatEndedStillGetsItsAnswers(t *testing.T) {
	s := newStage(t, setup.Options{})
	s.start(here)
	end := func(p *trustlist.Provider) {
		p.History = append(p.History, trustlist.Change{Status: trustlist.Ended, From: time.Now().UTC().Truncate(time.Second)})
	}
	if err := s.world.ChangeList("hs91", end); err != nil {
		t.Fatal(err)
	}
	s.until("the second issue", func() (bool, error) {
		l, err := s.control(here).TrustList(t.Context())
		return err == nil && l.Sequence == 2, err
	})
	c := courier{n: s.nodes[here]}
	if peer, err := c.peer(there, true); err != nil || peer.Address == "" || len(peer.Pins) == 0 {
		t.Errorf("its answers go to %q with %d pins (%v)", peer.Address, len(peer.Pins), err)
	}
	if _, err := c.peer(there, false); !errors.Is(err, trustlist.ErrNotGranted) {
		t.Errorf("a message goes to it: %v, want %v", err, trustlist.ErrNotGranted)
	}
	if _, err := c.peer("hs77.kep.test", true); !errors.Is(err, trustlist.ErrUnknown) {
		t.Errorf("an answer goes to nobody's domain: %v, want %v", err, trustlist.ErrUnknown)
	}
}
