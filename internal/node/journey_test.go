package node

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/smtp"
	"strings"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/control"
	"rem/internal/setup"
	"rem/message"
	"rem/person/account"
	"rem/trust/trustlist"
)

const (
	isil = "kanarya.isil@" + here
	bora = "kanarya.bora@" + there
)

// The whole way over real sockets, and what it leaves in log and metrics: of
// holders, subjects, numbers and passwords nothing (AT-34, S08).
func TestAJourneyLeavesNothingPersonalBehind(t *testing.T) {
	s := newStage(t, setup.Options{})
	s.start(here, there)
	from, to := s.holder(0, isil), s.holder(4, bora)
	ctx := t.Context()

	raw := s.sign(from, letter{id: "kanarya-1@ev", subject: "Kanarya konusu: ığüşöç", to: []string{bora}, file: "kanarya.pdf"})
	if err := s.submit(from, []string{bora}, raw); err != nil {
		t.Fatal(err)
	}
	id := s.sent(isil)[0].Message
	s.reaches(here, id, message.Delivered)
	reader := s.control(there)
	box, err := reader.Mailbox(ctx, bora, password)
	if err != nil || len(box) != 1 {
		t.Fatalf("the mailbox holds %v, %v", box, err)
	}
	if box[0].Sender != isil || box[0].Subject != "Kanarya konusu: ığüşöç" || !box[0].Opened.IsZero() {
		t.Errorf("the mailbox says %+v", box[0])
	}
	var got bytes.Buffer
	if err := reader.Open(ctx, bora, password, box[0].UID, &got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), raw) {
		t.Error("the recipient reads other bytes than were sent")
	}
	life := s.reaches(here, id, message.Retrieved)
	for _, domain := range []string{here, there} {
		life, err := s.control(domain).Timeline(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, l := range life.Lines {
			kinds = append(kinds, l.Kind+" "+l.Outcome)
			if b, err := s.control(domain).Evidence(ctx, l.Evidence); err != nil || !bytes.Contains(b, []byte(l.Evidence)) {
				t.Errorf("%s: evidence %s cannot be read: %v", domain, l.Evidence, err)
			}
		}
		for _, want := range []message.Kind{message.SubmissionAcceptanceRejection, message.RelayREMMDAcceptanceRejection,
			message.DeliveryNonDeliveryToRecipient, message.RetrievalNonRetrievalByRecipient} {
			if n := strings.Count(strings.Join(kinds, "\n"), want.String()+" "+message.Positive.String()); n != 1 {
				t.Errorf("%s has %d of %s: %v", domain, n, want, kinds)
			}
		}
	}
	if life.Subject != "Kanarya konusu: ığüşöç" || life.Digest != rem.DigestOf(raw).String() {
		t.Errorf("the timeline says %+v", life)
	}

	// Other ways to say something personal: refusals, faults, wrong log-ins.
	unsigned := []byte("From: " + isil + "\r\nTo: " + bora + "\r\nSubject: kanarya\r\nMessage-ID: <kanarya-2@ev>\r\n\r\nkanarya\r\n")
	if err := s.submit(from, []string{bora}, unsigned); refusal(err) != 550 || !strings.Contains(err.Error(), "Delil:") {
		t.Errorf("an unsigned message: %v", err)
	}
	for name, l := range map[string]letter{
		"nobody there": {id: "kanarya-3@ev", subject: "kanarya", to: []string{"kanarya.yok@" + there}},
		"not KEP":      {id: "kanarya-4@ev", subject: "kanarya", to: []string{"kanarya@gmail.com"}},
		"no such peer": {id: "kanarya-5@ev", subject: "kanarya", to: []string{"kanarya@hs77.kep.test"}},
	} {
		err := s.submit(from, l.to, s.sign(from, l))
		if accepted := name == "nobody there"; (err == nil) != accepted {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.until("the evidence of non-delivery", func() (bool, error) {
		for _, l := range s.sent(isil) {
			if l.Recipients[0].State == message.NotDelivered.String() {
				return true, nil
			}
		}
		return false, nil
	})
	var wrong sync.WaitGroup
	for _, user := range []string{bora, "kanarya.kimse@" + there, "kanarya"} {
		wrong.Go(func() {
			if _, err := reader.Mailbox(ctx, user, "kanarya yanlış parola"); err == nil || !strings.Contains(err.Error(), control.ErrDenied.Error()) {
				t.Errorf("%s logs in with a wrong password: %v", user, err)
			}
			if _, err := s.mailer(there, user, "kanarya yanlış parola"); refusal(err) != 535 {
				t.Errorf("%s logs in with a wrong password: %v", user, err)
			}
		})
	}
	wrong.Wait()
	if err := reader.SetPassword(ctx, bora, "kanarya"); err == nil {
		t.Error("a short password was taken")
	}
	if _, err := reader.AddAccount(ctx, control.NewAccount{Address: isil, Holder: "Kanarya"}); err == nil {
		t.Error("an account was opened in the other's domain")
	}

	for _, domain := range []string{here, there} {
		if status, text := s.get(domain, "/healthz"); status != 200 || text != "ok\n" {
			t.Errorf("/healthz: %d %s", status, text)
		}
		if status, text := s.get(domain, "/readyz"); status != 200 || text != "ready\n" {
			t.Errorf("/readyz: %d %s", status, text)
		}
		status, metrics := s.get(domain, "/metrics")
		if status != 200 {
			t.Errorf("/metrics: %d", status)
		}
		if domain == here {
			for _, want := range []string{"rem_submissions_accepted_total 2", `rem_submissions_refused_total{reason="InvalidUserSignature"} 1`, `rem_submissions_refused_total{reason="PolicyViolation"} 2`} {
				if !strings.Contains(metrics, want) {
					t.Errorf("/metrics lacks %s", want)
				}
			}
		}
		log := s.logs[domain].String()
		if !strings.Contains(log, "smtp message taken") && !strings.Contains(log, "notice of arrival") {
			t.Errorf("the log of %s is not that of a journey: %s", domain, log)
		}
		for name, canary := range map[string]string{
			"a made-up word": "anarya", "a given name": from.GivenName, "a family name": to.FamilyName,
			"an identity number": from.IdentityNumber, "another": to.IdentityNumber, "a subject": "ığüşöç", "the body": "Sayın",
		} {
			for where, text := range map[string]string{"log": log, "metrics": metrics} {
				for line := range strings.Lines(text) {
					if strings.Contains(line, canary) {
						t.Errorf("%s of %s shows %s: %s", where, domain, name, line)
					}
				}
			}
		}
	}
}

func TestAStopWithMessagesUnderWayLosesNothing(t *testing.T) {
	s := newStage(t, setup.Options{})
	s.start(here, there)
	from, _ := s.holder(0, isil), s.holder(4, bora)
	const messages, senders = 40, 4
	var mu sync.Mutex
	accepted := map[string]bool{} // guarded by mu; by subject
	handed := make(chan int, messages)
	var work sync.WaitGroup
	originals := make([][]byte, messages)
	for n := range messages {
		originals[n] = s.sign(from, letter{id: fmt.Sprintf("m%d@ev", n), subject: fmt.Sprintf("konu %d.", n), to: []string{bora}})
	}
	for k := range senders {
		c, err := s.mailer(here, isil, password)
		if err != nil {
			t.Fatal(err)
		}
		work.Go(func() {
			defer c.Close()
			for n := k; n < messages; n += senders {
				if err := hand(c, isil, []string{bora}, originals[n]); err != nil {
					return // the stop
				}
				mu.Lock()
				accepted[fmt.Sprintf("konu %d.", n)] = true
				mu.Unlock()
				handed <- n
			}
		})
	}
	for range 10 {
		<-handed
	}
	s.stop(there) // the other side first, so that something has to wait
	s.stop(here)
	work.Wait()
	if len(accepted) < 10 {
		t.Fatalf("%d were accepted", len(accepted))
	}
	s.start(here)
	for _, l := range s.sent(isil) {
		if !accepted[l.Subject] {
			// Recorded, and the answer did not get through: it goes its way too.
			accepted[l.Subject] = true
		}
	}
	s.start(there)
	s.until("the arrival of all", func() (bool, error) {
		for _, l := range s.sent(isil) {
			if l.Recipients[0].State != message.Delivered.String() {
				return false, nil
			}
		}
		return true, nil
	})
	box, err := s.control(there).Mailbox(t.Context(), bora, password)
	if err != nil {
		t.Fatal(err)
	}
	arrived := map[string]int{}
	for _, e := range box {
		arrived[e.Subject]++
	}
	for subject := range accepted {
		if arrived[subject] != 1 {
			t.Errorf("%q arrived %d times", subject, arrived[subject])
		}
	}
	if len(arrived) != len(accepted) {
		t.Errorf("%d arrived and %d were accepted", len(arrived), len(accepted))
	}
	t.Logf("%d of %d were accepted before the stop", len(accepted), messages)
	// Nothing is left over.
	for _, domain := range []string{here, there} {
		s.until("empty queues of "+domain, func() (bool, error) {
			for _, queue := range []string{"relay", "delivery", "return"} {
				if tasks, err := s.control(domain).Queue(t.Context(), queue, 10); err != nil || len(tasks) > 0 {
					return false, err
				}
			}
			return true, nil
		})
	}
}

func TestTheOldDoorSpeaksTLSToo(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	from := s.holder(0, isil)
	c, err := smtp.Dial(s.nodes[here].Address("submissionStartTLS").String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if ok, _ := c.Extension("AUTH"); ok {
		t.Error("a password is asked for before TLS")
	}
	if err := c.StartTLS(&tls.Config{RootCAs: s.world.Root(), ServerName: here}); err != nil {
		t.Fatal(err)
	}
	if err := c.Auth(smtp.PlainAuth("", isil, password, "127.0.0.1")); err != nil {
		t.Fatal(err)
	}
	if err := hand(c, isil, []string{isil}, s.sign(from, letter{id: "a@b", subject: "kendime", to: []string{isil}})); err != nil {
		t.Fatal(err)
	}
	s.reaches(here, s.sent(isil)[0].Message, message.Delivered)
}

// REQ-84.
func TestTheTrustListChangesWithoutARestart(t *testing.T) {
	s := newStage(t, setup.Options{})
	s.start(here)
	from := s.holder(0, isil)
	raw := func(n int) []byte {
		return s.sign(from, letter{id: fmt.Sprintf("%d@ev", n), subject: "x", to: []string{bora}})
	}
	if err := s.submit(from, []string{bora}, raw(1)); err != nil {
		t.Fatal(err)
	}
	if err := s.world.ChangeList("hs91", func(p *trustlist.Provider) {
		p.History = append(p.History, trustlist.Change{Status: trustlist.Ended, From: time.Now().UTC().Truncate(time.Second)})
		p.Relays = nil
	}); err != nil {
		t.Fatal(err)
	}
	s.until("the second issue", func() (bool, error) {
		l, err := s.control(here).TrustList(t.Context())
		return err == nil && l.Sequence == 2, err
	})
	if err := s.submit(from, []string{bora}, raw(2)); refusal(err) != 550 {
		t.Errorf("a message to a provider that has ended: %v", err)
	}
	if status, _ := s.get(here, "/readyz"); status != 200 {
		t.Errorf("not ready: %d", status)
	}
}

func TestALogInIsLimited(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	s.holder(0, isil)
	s.holder(1, "diger@"+here)
	var wrong sync.WaitGroup
	for range 20 { // as many as one account has in a window
		wrong.Go(func() {
			if _, err := s.mailer(here, isil, "yanlış parola 12"); refusal(err) != 535 {
				t.Errorf("a wrong password: %v", err)
			}
		})
	}
	wrong.Wait()
	if _, err := s.mailer(here, isil, password); refusal(err) != 454 {
		t.Errorf("after twenty wrong ones the right password is answered %v, want 454", err)
	}
	c, err := s.mailer(here, "diger@"+here, password)
	if err != nil {
		t.Fatalf("another account is kept out too: %v", err)
	}
	c.Close()
}

func TestAnAccountsStateRulesWhatItsPasswordOpens(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	from := s.holder(0, isil)
	c, ctx := s.control(here), t.Context()
	if err := s.submit(from, []string{isil}, s.sign(from, letter{id: "1@ev", subject: "x", to: []string{isil}})); err != nil {
		t.Fatal(err)
	}
	s.reaches(here, s.sent(isil)[0].Message, message.Delivered)
	for n, row := range []struct {
		state      string
		read, send bool
	}{{"send-blocked", true, false}, {"suspended", false, false}, {"open", true, true}, {"closed", false, false}} {
		if err := c.SetState(ctx, isil, account.State(row.state), ""); err != nil {
			t.Fatal(err)
		}
		box, err := c.Mailbox(ctx, isil, password)
		if (err == nil) != row.read || err == nil && len(box) == 0 {
			t.Errorf("%s: listing gives %v, %v", row.state, box, err)
		}
		if err := c.Open(ctx, isil, password, 1, io.Discard); (err == nil) != row.read {
			t.Errorf("%s: opening gives %v", row.state, err)
		}
		if row.state == "closed" {
			if _, err := s.mailer(here, isil, password); refusal(err) != 535 {
				t.Errorf("closed: a log-in gives %v", err)
			}
			continue
		}
		err = s.submit(from, []string{isil}, s.sign(from, letter{id: fmt.Sprintf("s%d@ev", n), subject: "x", to: []string{isil}}))
		if (err == nil) != row.send {
			t.Errorf("%s: sending gives %v", row.state, err)
		}
	}
	if err := c.SetState(ctx, isil, "open", ""); err == nil {
		t.Error("a closed account was opened again")
	}
	if _, err := c.AddAccount(ctx, control.NewAccount{Address: isil, Holder: "Başkası"}); err == nil {
		t.Error("the address of a closed account was given again (REQ-27)")
	}
}

func TestOnlyWhatMayBeAnAccountBecomesOne(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	c, ctx := s.control(here), t.Context()
	for name, a := range map[string]control.NewAccount{
		"no address":           {Address: "kim", Holder: "Kim"},
		"another's domain":     {Address: "kim@" + there, Holder: "Kim"},
		"the provider's own":   {Address: "REM-service@" + here, Holder: "Kim"},
		"nobody's":             {Address: "kim@" + here},
		"a quota below zero":   {Address: "kim@" + here, Holder: "Kim", Quota: -1},
		"a short password":     {Address: "kim@" + here, Holder: "Kim", Password: "kısa"},
		"an endless password":  {Address: "kim@" + here, Holder: "Kim", Password: strings.Repeat("a", 257)},
		"a state that is none": {},
	} {
		if name == "a state that is none" {
			if err := c.SetState(ctx, isil, "sleeping", ""); err == nil {
				t.Error(name)
			}
			continue
		}
		if _, err := c.AddAccount(ctx, a); err == nil {
			t.Errorf("%s: it was opened", name)
		}
	}
	if list, err := c.Accounts(ctx, ""); err != nil || len(list) != 0 {
		t.Errorf("what was refused left %v, %v", list, err)
	}
	// What was refused leaves the address free.
	if _, err := c.AddAccount(ctx, control.NewAccount{Address: "Kim@" + here, Holder: "Kim"}); err != nil {
		t.Error(err)
	}
}
