package conformance

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rem"
	"rem/edge/config"
	"rem/edge/control"
	"rem/internal/setup"
	"rem/internal/testkit"
	"rem/message"
	"rem/provider"
)

// killsInCI is how many times the real programs are killed with REM_LONG=1.
const killsInCI = 220

// The real programs are killed under load, the sender's and the recipient's
// provider in turn, and begun again. Everything that was answered 250 is there
// in the end: known to its sender with one evidence of each kind, in one
// mailbox once, and verified by a reader that shares no decision with the
// signing path. What was not answered may be there or not, but whole.
func TestKilledUnderLoadLosesAndDoublesNothing(t *testing.T) {
	kills, seed := 4, uint64(time.Now().UnixNano())
	if testkit.Long() {
		kills = killsInCI
	}
	random := testkit.Rand(t, seed)
	b := newBattle(t, 1+kills/20)
	for n := range kills {
		b.use(n / 20)
		b.load(func(enough func(int)) {
			enough(2 + random.IntN(6))
			time.Sleep(time.Duration(random.IntN(60)) * time.Millisecond)
			b.kill(n%2, random.Rand)
		})
	}
	b.settle()
	t.Logf("%d kills, %d messages answered 250, %d known to their senders", kills, len(b.answered), b.known)
	if len(b.answered) < 2*kills {
		t.Errorf("only %d messages were answered: that was no load", len(b.answered))
	}
}

// A pair are the accounts that some of the rounds use, so that no listing
// grows beyond a page.
type pair struct{ from, to, fromPassword, toPassword string }

// A battle is two providers, of which one is always about to be killed.
type battle struct {
	t     *testing.T
	bin   string
	world *setup.World
	run   [2]*exec.Cmd // the sender's provider, the recipient's
	pairs []pair
	pair  pair

	mu       sync.Mutex
	answered map[rem.MessageID]pair // guarded by mu
	tried    int                    // guarded by mu
	known    int
}

func newBattle(t *testing.T, pairs int) *battle {
	b := &battle{t: t, bin: programs(t), answered: map[rem.MessageID]pair{}}
	w, err := setup.New(t.TempDir(), setup.Options{
		Domains: []string{"hs90.kep.test", "hs91.kep.test"},
		Practice: func(_ string, p *config.Practice) {
			p.Signing = provider.SigningAccepted
			p.FirstRetry, p.LastRetry, p.AskAgain = 100*time.Millisecond, time.Second, 5*time.Second
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.world = w
	t.Cleanup(func() {
		for _, cmd := range b.run {
			if cmd != nil {
				cmd.Process.Kill()
				cmd.Wait()
			}
		}
		w.Close()
	})
	for i := range b.run {
		b.start(i)
	}
	for n := range pairs {
		p := pair{fmt.Sprintf("s%d@hs90.kep.test", n), fmt.Sprintf("r%d@hs91.kep.test", n), rand.Text(), rand.Text()}
		for i, a := range []control.NewAccount{
			{Address: p.from, Holder: "Gönderici", Password: p.fromPassword}, {Address: p.to, Holder: "Alıcı", Password: p.toPassword},
		} {
			if _, err := b.ask(i).AddAccount(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
		b.pairs = append(b.pairs, p)
	}
	return b
}

func (b *battle) use(n int) { b.pair = b.pairs[n] }

func (b *battle) ask(i int) *control.Client {
	return control.Dial(b.world.Providers[i].Config.Data, "kill test")
}

// start runs a provider and waits until it is ready.
func (b *battle) start(i int) {
	b.t.Helper()
	p := b.world.Providers[i]
	log, err := os.OpenFile(filepath.Join(filepath.Dir(p.File), "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		b.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(b.bin, "remd"), "serve", "--config", p.File)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.run[i] = cmd
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if res, err := http.Get("http://" + p.Config.Listen.Operations + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log.Name())
			b.t.Fatalf("%s does not get ready:\n%s", p.Domain, text[max(0, len(text)-4000):])
		}
	}
}

// kill ends a provider without warning and begins it again; sometimes it is
// killed once more while it begins.
func (b *battle) kill(i int, random *mathrand.Rand) {
	b.t.Helper()
	end := func() {
		if err := b.run[i].Process.Signal(syscall.SIGKILL); err != nil {
			b.t.Fatal(err)
		}
		b.run[i].Wait() // it says that it was killed
	}
	end()
	if random.IntN(8) == 0 {
		cmd := exec.Command(filepath.Join(b.bin, "remd"), "serve", "--config", b.world.Providers[i].File)
		if err := cmd.Start(); err != nil {
			b.t.Fatal(err)
		}
		b.run[i] = cmd
		time.Sleep(time.Duration(random.IntN(80)) * time.Millisecond)
		end()
	}
	b.start(i)
}

// sessions is how many mail programs submit at once.
const sessions = 4

// load submits while during runs. enough waits until so many more messages
// were answered.
func (b *battle) load(during func(enough func(int))) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	defer cancel()
	var all sync.WaitGroup
	for range sessions {
		all.Go(func() { b.session(ctx, b.pair) })
	}
	during(func(n int) {
		b.t.Helper()
		count := func() int {
			b.mu.Lock()
			defer b.mu.Unlock()
			return len(b.answered)
		}
		before := count()
		for deadline := time.Now().Add(30 * time.Second); count() < before+n; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				b.t.Fatalf("only %d of %d messages were answered in time", count()-before, n)
			}
		}
	})
	cancel()
	all.Wait()
}

// session submits message after message until its connection or ctx ends.
func (b *battle) session(ctx context.Context, p pair) {
	address := b.world.Providers[0].Config.Listen.Submission
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	defer conn.Close()
	c := textproto.NewConn(tls.Client(conn, &tls.Config{RootCAs: b.world.Root(), ServerName: "127.0.0.1"}))
	ask := func(expect int, line string) (string, error) {
		if line != "" {
			if err := c.PrintfLine("%s", line); err != nil {
				return "", err
			}
		}
		_, text, err := c.ReadResponse(expect)
		return text, err
	}
	secret := base64.StdEncoding.EncodeToString([]byte("\x00" + p.from + "\x00" + p.fromPassword))
	for _, step := range []struct {
		expect int
		line   string
	}{{220, ""}, {250, "EHLO [127.0.0.1]"}, {235, "AUTH PLAIN " + secret}} {
		if _, err := ask(step.expect, step.line); err != nil {
			return
		}
	}
	for ctx.Err() == nil {
		b.mu.Lock()
		b.tried++
		b.mu.Unlock()
		letter := fmt.Sprintf("From: %s\r\nTo: %s\r\nSubject: Yük\r\nMessage-ID: <%s@posta.example>\r\n\r\nx\r\n.", p.from, p.to, rand.Text())
		text := ""
		for _, step := range []struct {
			expect int
			line   string
		}{{250, "MAIL FROM:<" + p.from + ">"}, {250, "RCPT TO:<" + p.to + ">"}, {354, "DATA"}, {250, letter}} {
			if text, err = ask(step.expect, step.line); err != nil {
				return
			}
		}
		b.mu.Lock()
		b.answered[rem.MessageID(strings.Fields(text)[1])] = p
		b.mu.Unlock()
	}
}

// settle waits until every message has arrived, and looks at everything.
func (b *battle) settle() {
	b.t.Helper()
	ctx := b.t.Context()
	seen := map[rem.MessageID]bool{}
	for _, p := range b.pairs {
		sent := b.delivered(p)
		inbox, err := b.ask(1).Mailbox(ctx, p.to, p.toPassword)
		if err != nil {
			b.t.Fatal(err)
		}
		got := map[rem.MessageID]int{}
		for _, e := range inbox {
			got[e.Message]++
		}
		for _, m := range sent {
			seen[m.Message] = true
			if got[m.Message] != 1 {
				b.t.Errorf("%s is %d times in the mailbox", m.Message, got[m.Message])
			}
			count := map[string]int{}
			for _, l := range m.Lines {
				count[l.Kind+" "+l.Outcome]++
				if l.Conflict {
					b.t.Errorf("%s: %s contradicts another", m.Message, l.Evidence)
				}
			}
			for _, kind := range []message.Kind{message.SubmissionAcceptanceRejection, message.RelayREMMDAcceptanceRejection, message.DeliveryNonDeliveryToRecipient} {
				if count[kind.String()+" positive"] != 1 || len(m.Lines) != 3 {
					b.t.Errorf("%s has the evidence %v", m.Message, count)
					break
				}
			}
			delete(got, m.Message)
		}
		for id := range got {
			b.t.Errorf("%s arrived and is not known to its sender's provider", id)
		}
		b.known += len(sent)
	}
	for id := range b.answered {
		if !seen[id] {
			b.t.Errorf("%s was answered 250 and is lost", id)
		}
	}
	if b.known > b.tried {
		b.t.Errorf("%d messages of %d submissions: some are doubled", b.known, b.tried)
	}
	b.verify(seen)
}

// delivered waits until everything that an address sent has arrived.
func (b *battle) delivered(p pair) []control.Timeline {
	b.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		sent, err := b.ask(0).Sent(b.t.Context(), p.from, 100_000)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(sent) == 100_000 {
			b.t.Fatalf("%s sent more than a page holds", p.from)
		}
		open := 0
		for _, m := range sent {
			if m.Recipients[0].State != message.Delivered.String() || len(m.Lines) < 3 {
				open++
			}
		}
		if open == 0 {
			return sent
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%d of %d messages of %s do not arrive, such as %+v", open, len(sent), p.from, sent[0])
		}
	}
}

// verify lets both providers audit everything, and shows some to remverify.
func (b *battle) verify(all map[rem.MessageID]bool) {
	b.t.Helper()
	for i := range b.run {
		findings := 0
		if err := b.ask(i).Audit(b.t.Context(), func(f control.Finding) error {
			if f.Problem != "" {
				if findings++; findings < 20 {
					b.t.Errorf("audit of %s: %+v", b.world.Providers[i].Domain, f)
				}
			}
			return nil
		}); err != nil {
			b.t.Fatal(err)
		}
	}
	left := 10
	for id := range all {
		if left--; left < 0 {
			break
		}
		dir := filepath.Join(b.t.TempDir(), "evidence")
		run := func(name string, args ...string) {
			if out, err := exec.Command(filepath.Join(b.bin, name), args...).CombinedOutput(); err != nil {
				b.t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, bytes.TrimSpace(out))
			}
		}
		run("remctl", "--data", b.world.Providers[0].Config.Data, "evidence", "save", string(id), dir)
		files, err := filepath.Glob(filepath.Join(dir, "*.xml"))
		if err != nil || len(files) != 3 {
			b.t.Errorf("%s has %d files of evidence, %v", id, len(files), err)
			continue
		}
		run("remverify", append([]string{"--trust", b.world.Anchors()}, files...)...)
	}
}
