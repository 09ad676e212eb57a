package conformance

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"rem/edge/clock"
	"rem/edge/simulator"
	"rem/mail/mime"
	"rem/mail/smime"
	"rem/trust/cades"
)

// holder CODE ADDRESS N opens an account for the N-th synthetic person. Its
// password lies in ADDRESS.pw.
func holder(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	s := of(ts)
	code, address := args[0], args[1]
	n, err := strconv.Atoi(args[2])
	fatal(ts, err, "reading a number")
	p, err := s.world.Person(n, address)
	fatal(ts, err, "making a person")
	s.people[address] = p
	file := s.passwordFile(address)
	fatal(ts, os.WriteFile(file, []byte(rand.Text()+"\n"), 0o600), "writing a password")
	fatal(ts, ts.Exec("remctl", "--data", s.provider(ts, code).Config.Data, "account", "add", address,
		"--holder", p.Name(), "--identity", p.IdentityNumber, "--password-file", file), "opening an account")
}

func (s *scenario) passwordFile(address string) string { return filepath.Join(s.dir, address+".pw") }

// letter [FLAG]... FILE FROM TO[,TO]... writes a letter with Turkish text that
// its sender signed. Flags: -cc=LIST, -bcc=LIST, -as=ADDRESS (another From),
// -signer=ADDRESS (another holder), -unsigned, -broken (a byte changed after
// signing), -expired, -revoked, -stranger (an authority that nobody trusts),
// -malware, -octets=N, -subject=TEXT, -lf (lines end in LF).
func letter(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	s := of(ts)
	flag, rest := map[string]string{}, args
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
		name, value, _ := strings.Cut(rest[0][1:], "=")
		flag[name], rest = value, rest[1:]
	}
	has := func(name string) bool { _, ok := flag[name]; return ok }
	if len(rest) != 3 {
		ts.Fatalf("usage: letter [FLAG]... FILE FROM TO[,TO]...")
	}
	file, from, to := rest[0], rest[1], strings.Split(rest[2], ",")

	b := mime.NewBuilder(nil)
	shown := from
	if has("as") {
		shown = flag["as"]
	}
	b.Mailboxes("From", mime.Mailbox{Name: "Işıl Öğütçü", Address: shown})
	b.Mailboxes("To", mailboxes(to)...)
	if has("cc") {
		b.Mailboxes("Cc", mailboxes(strings.Split(flag["cc"], ","))...)
	}
	if has("bcc") {
		b.Mailboxes("Bcc", mailboxes(strings.Split(flag["bcc"], ","))...)
	}
	subject := "Şikâyet dilekçesi: ığüşöç İĞÜŞÖÇ"
	if has("subject") {
		subject = flag["subject"]
	}
	b.Text("Subject", subject)
	b.Date("Date", time.Now())
	b.IDs("Message-ID", rand.Text()+"@posta.example")
	header, err := b.Bytes()
	fatal(ts, err, "writing a letter")

	entity := []byte("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSayın yetkili,\r\n\r\n.başında nokta olan satır\r\n..iki nokta\r\nSaygılarımla\r\n")
	if has("malware") {
		entity = append(entity, sample+"\r\n"...)
	}
	if has("octets") {
		n, err := strconv.Atoi(flag["octets"])
		fatal(ts, err, "reading a number")
		line := bytes.Repeat([]byte("0123456789abcdef"), 4)
		for len(entity) < n {
			entity = append(append(entity, line...), '\r', '\n')
		}
	}
	if has("unsigned") {
		fatal(ts, os.WriteFile(ts.MkAbs(file), slices.Concat(header, []byte("MIME-Version: 1.0\r\n"), entity), 0o644), "writing a letter")
		return
	}
	signer, err := s.signer(ts, from, flag)
	fatal(ts, err, "finding a signer")
	whole, err := smime.Sign(context.Background(), header, entity, "=_imza-"+rand.Text(), signer, time.Now())
	fatal(ts, err, "signing a letter")
	if has("broken") {
		at := bytes.Index(whole, []byte("Saygı"))
		whole[at] = 's'
	}
	if has("lf") {
		whole = bytes.ReplaceAll(whole, []byte("\r\n"), []byte("\n"))
	}
	fatal(ts, os.WriteFile(ts.MkAbs(file), whole, 0o644), "writing a letter")
}

func mailboxes(addresses []string) (list []mime.Mailbox) {
	for _, a := range addresses {
		list = append(list, mime.Mailbox{Address: a})
	}
	return list
}

// signer gives the holder's own, or the one that the flags ask for.
func (s *scenario) signer(ts *testscript.TestScript, from string, flag map[string]string) (smime.Signer, error) {
	if other, ok := flag["signer"]; ok {
		from = other
	}
	p := s.people[from]
	if p == nil {
		ts.Fatalf("%s is no holder", from)
	}
	request := simulator.Request{
		Subject:   pkix.Name{CommonName: p.Name(), SerialNumber: p.IdentityNumber},
		Addresses: []string{from},
	}
	pki := s.world.PKI
	_, expired := flag["expired"]
	_, revoked := flag["revoked"]
	_, stranger := flag["stranger"]
	switch {
	case expired:
		request.From, request.Until = time.Now().AddDate(-3, 0, 0), time.Now().AddDate(0, 0, -1)
	case revoked:
	case stranger:
		var err error
		if pki, err = simulator.New(simulator.Options{Clock: clock.System{}}); err != nil {
			return nil, err
		}
	default:
		return p.Signer, nil
	}
	id, err := pki.Issue(simulator.Personal, request)
	if err != nil {
		return nil, err
	}
	if revoked {
		if err := pki.Revoke(id.Certificate, time.Now().Add(-time.Minute), simulator.KeyCompromise); err != nil {
			return nil, err
		}
	}
	return cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain})
}

// submit [FLAG]... CODE ADDRESS FILE submits with remctl send and keeps the
// identifiers in $MESSAGE and $EVIDENCE. Flags are those of remctl send.
func submit(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	n := len(args) - 3
	code, address, file := args[n], args[n+1], args[n+2]
	command := append([]string{"--json", "send", "--server", s.provider(ts, code).Config.Listen.Submission, "--user", address,
		"--password-file", s.passwordFile(address), "--ca", s.world.Anchors()}, args[:n]...)
	err := ts.Exec("remctl", append(command, ts.MkAbs(file))...)
	if (err != nil) != neg {
		ts.Fatalf("submitting: %v", err)
	}
	var out struct{ Message, Evidence string }
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &out); err == nil {
		ts.Setenv("MESSAGE", out.Message)
		ts.Setenv("EVIDENCE", out.Evidence)
	}
}

// waitfor CODE KIND OUTCOME [RECIPIENT] waits for an evidence about $MESSAGE.
func waitfor(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	err := ts.Exec("remctl", "--data", of(ts).provider(ts, args[0]).Config.Data, "timeline", ts.Getenv("MESSAGE"),
		"--wait", strings.Join(args[1:], ","), "--timeout", "20s")
	fatal(ts, err, "waiting for "+strings.Join(args[1:], " "))
}

// never CODE KIND OUTCOME [RECIPIENT] says that there is no such evidence.
func never(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	err := ts.Exec("remctl", "--data", of(ts).provider(ts, args[0]).Config.Data, "timeline", ts.Getenv("MESSAGE"),
		"--wait", strings.Join(args[1:], ","), "--timeout", "1ms")
	if err == nil {
		ts.Fatalf("there is %s", strings.Join(args[1:], " "))
	}
}

// remctl CODE ARG... asks a provider as its operator.
func remctl(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec("remctl", append([]string{"--data", of(ts).provider(ts, args[0]).Config.Data}, args[1:]...)...)
	if (err != nil) != neg {
		ts.Fatalf("remctl: %v", err)
	}
}

// open CODE ADDRESS UID FILE opens a message as its recipient.
func openMessage(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	err := ts.Exec("remctl", "--data", s.provider(ts, args[0]).Config.Data, "mailbox", "open", args[2],
		"--user", args[1], "--password-file", s.passwordFile(args[1]), "--out", ts.MkAbs(args[3]))
	if (err != nil) != neg {
		ts.Fatalf("opening: %v", err)
	}
}

// originate CODE ARG... sends a message of a simulated peer's own holder, and
// keeps its identifier in $MESSAGE.
func originate(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec("rempeer", append([]string{"originate", "--config", of(ts).provider(ts, args[0]).File}, args[1:]...)...)
	if (err != nil) != neg {
		ts.Fatalf("originating: %v", err)
	}
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "message "); ok {
			ts.Setenv("MESSAGE", id)
			return
		}
	}
	ts.Fatalf("no message was made")
}

// message FILE takes $MESSAGE from a file.
func pick(ts *testscript.TestScript, neg bool, args []string) {
	plainly(ts, neg)
	ts.Setenv("MESSAGE", strings.TrimSpace(ts.ReadFile(args[0])))
}
