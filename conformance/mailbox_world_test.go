package conformance_test

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/smtp"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/config"
	"rem/edge/control"
	"rem/internal/node"
	"rem/internal/setup"
	"rem/internal/testkit"
	"rem/internal/testkit/browser"
	"rem/mail/mime"
	"rem/mail/smime"
	"rem/person"
	"rem/person/account"
	"rem/person/login"
	"rem/person/news"
	"rem/privacy"
)

// malware is what the scanner's own signature database knows.
const malware = "REM-TEST-MALWARE-SAMPLE-5f1c"

// mailPassword is that of everybody's mail program.
const mailPassword = "kanarya-parola 12"

// A post is two whole providers with holders who come in by passkey.
type post struct {
	*stage
	browser *browser.Browser
	bin     string // folder of remsign and remverify
	phones  int    // how many people have one
}

// A holder is somebody at his browser, logged in by a passkey.
type holder struct {
	*desk
	post    *post
	who     *setup.Person
	account rem.AccountID
	person  rem.PersonID
	domain  string
}

// openPost builds the programs, starts a scanner and both providers.
func openPost(t *testing.T) *post {
	t.Helper()
	dir, err := os.MkdirTemp("", "rem") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := scanner(t, dir)
	p := &post{stage: &stage{t: t, nodes: map[string]*node.Node{}, stops: map[string]func() error{}, log: new(safeBuffer)}, bin: dir}
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./cmd/remsign", "./cmd/remverify")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.world, err = setup.New(filepath.Join(dir, "w"), setup.Options{
		Domains: []string{ownDomain, otherDomain}, Change: func(c *config.Config) { c.Scanner = config.Scanner{Clamd: "unix:" + socket} },
	})
	p.must(err)
	t.Cleanup(func() { p.must(p.world.Close()) })
	for _, x := range p.world.Providers {
		p.run(x)
	}
	p.house = &setup.House{World: p.world, Own: p.world.Providers[0]}
	p.browser = browser.Open(t)
	return p
}

// scanner runs a real clamd with a database of one sample, and returns its socket.
func scanner(t *testing.T, dir string) (socket string) {
	t.Helper()
	daemon, err := exec.LookPath("clamd")
	if err != nil {
		daemon = testkit.Tool(t, "/usr/sbin/clamd", "clamav-daemon")
	}
	socket = filepath.Join(dir, "clamd.sock")
	database, file := filepath.Join(dir, "db"), filepath.Join(dir, "clamd.conf")
	if err := errors.Join(os.Mkdir(database, 0o755),
		os.WriteFile(filepath.Join(database, "test.ndb"), []byte("Rem.Test.Sample:0:*:"+hex.EncodeToString([]byte(malware))+"\n"), 0o644),
		os.WriteFile(file, fmt.Appendf(nil, "Foreground yes\nDatabaseDirectory %s\nLocalSocket %s\nTemporaryDirectory %s\n", database, socket, dir), 0o644)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(daemon, "--config-file="+file)
	out := &seen{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
	})
	for end := time.Now().Add(stepTime); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(socket); err == nil {
			return socket
		}
		if time.Now().After(end) {
			t.Fatalf("clamd does not get ready: %s", out)
		}
	}
}

// opens opens an account for the n-th synthetic person, who gets a passkey by a grant
// and comes in with it.
func (p *post) opens(n int, address string) *holder {
	p.t.Helper()
	who, err := p.world.Person(n, address)
	p.must(err)
	_, domain, _ := strings.Cut(address, "@")
	_, err = p.control(domain, "operator-7").AddAccount(p.t.Context(), control.NewAccount{Address: address, Holder: who.Name(), Identity: who.IdentityNumber, Password: mailPassword, Quota: 64 << 20})
	p.must(err)
	a, err := p.nodes[domain].Store.ByAddress(p.t.Context(), rem.MustAddress(address))
	p.must(err)
	return p.enters(&holder{post: p, who: who, account: a.ID, person: a.Holder.Person, domain: domain})
}

// appoints gives somebody else authority on an account; he comes in by a passkey too.
func (h *holder) appoints(n int, may account.Permissions) *holder {
	p, ctx := h.post, h.s.t.Context()
	who, err := p.world.Person(n, fmt.Sprintf("kisi-%d@%s", n, h.domain)) // a file of its own
	p.must(err)
	node := p.nodes[h.domain]
	o := account.Operator{Person: rem.PersonID("per-" + strconv.Itoa(n)), May: may, Identity: account.TokenOf(node.Records.Signatory, who.IdentityNumber), Proof: account.Proof{Kind: account.Appointment, Digest: rem.DigestOf([]byte("atama"))}}
	o.Name, err = node.Records.Vault.Seal(ctx, o.Person, account.OperatorName, privacy.NewValue(who.Name(), privacy.ByDeclaration(time.Now())))
	p.must(err)
	p.must(node.Keeper.Appoint(ctx, account.By{Actor: rem.Actor{Account: h.account, Holder: h.person, Person: h.person, Method: "passkey"}}, h.account, o))
	return p.enters(&holder{post: p, who: who, account: h.account, person: o.Person, domain: h.domain})
}

// reached says where somebody is told of arrivals.
func (h *holder) reached() {
	h.s.t.Helper()
	mail, err := person.ParseMailAddress(h.who.Mail)
	h.s.must(err)
	h.post.phones++
	h.who.Mobile = fmt.Sprintf("+90555001%04d", h.post.phones) // nobody's, and no other holder's
	mobile, err := person.ParsePhone(h.who.Mobile)
	h.s.must(err)
	h.s.must(h.post.nodes[h.domain].People.Contacts.Set(h.s.t.Context(), h.person, news.Contact{Mail: mail, Mobile: mobile}))
}

// enters sets the first passkey of somebody by a grant, leaves, and comes in by it.
func (p *post) enters(h *holder) *holder {
	p.t.Helper()
	n := p.nodes[h.domain]
	h.desk = &desk{p.browser.Page(p.t), p.stage, n.Config.Web.Base}
	grant, err := n.People.Login.Grant(p.t.Context(), login.Granting{Who: login.Who{Kind: login.Holder, Person: h.person}, Account: h.account, Names: []string{h.who.Address}})
	p.must(err)
	h.Authenticator()
	h.open("/welcome")
	h.Fill("grant", grant.Reveal())
	h.Submit(`main form[action$="/welcome"]`)
	h.Follow(`main a[href$="/security/passkey"]`)
	h.Fill("name", "masa")
	h.Submit(`main form[action$="/security/passkey"]`)
	h.Submit(`form[action$="/logout"]`)
	h.open("/account")
	h.is("/login")
	h.Submit(`main form[data-passkey]`)
	h.is("/account")
	return h
}

// posts hands a signed message in as a mail program does: further fields of the header,
// and the entity that is signed.
func (h *holder) posts(to []string, subject, entity string) {
	t := h.s.t
	t.Helper()
	b := mime.NewBuilder(nil)
	b.Text("Subject", subject)
	title, err := b.Bytes()
	h.s.must(err)
	header := fmt.Sprintf("From: %s\r\nTo: %s\r\n%sDate: %s\r\nMessage-ID: <%d@posta.test>\r\n", h.who.Address, strings.Join(to, ", "), title, time.Now().Format(time.RFC1123Z), time.Now().UnixNano())
	raw, err := smime.Sign(t.Context(), []byte(header), []byte(entity), "=_imza", h.who.Signer, time.Now())
	h.s.must(err)
	conn, err := tls.Dial("tcp", h.post.nodes[h.domain].Address("submission").String(), &tls.Config{RootCAs: h.post.world.Root(), ServerName: h.domain})
	h.s.must(err)
	c, err := smtp.NewClient(conn, h.domain)
	h.s.must(err)
	defer c.Close()
	h.s.must(c.Auth(smtp.PlainAuth("", h.who.Address, mailPassword, h.domain)))
	h.s.must(c.Mail(h.who.Address))
	for _, r := range to {
		h.s.must(c.Rcpt(r))
	}
	w, err := c.Data()
	h.s.must(err)
	_, err = w.Write(raw)
	h.s.must(errors.Join(err, w.Close(), c.Quit()))
}

// textEntity is an entity of plain text.
func textEntity(text string) string {
	return "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + text + "\r\n"
}

// mixedEntity is an entity with a text, its form in HTML and files.
func mixedEntity(t *testing.T, text, html string, files map[string][]byte) string {
	t.Helper()
	const outer, inner = "=_mektup", "=_metin"
	b := mime.NewBuilder(nil)
	b.Media("Content-Type", "multipart/mixed", mime.Param{Name: "boundary", Value: outer})
	b.End()
	b.Delimiter(outer)
	b.Media("Content-Type", "multipart/alternative", mime.Param{Name: "boundary", Value: inner})
	b.End()
	for _, x := range [][2]string{{"text/plain", text}, {"text/html", html}} {
		b.Delimiter(inner)
		b.Media("Content-Type", x[0], mime.Param{Name: "charset", Value: "UTF-8"})
		b.Word("Content-Transfer-Encoding", "quoted-printable")
		b.End()
		b.QuotedPrintable(x[1])
	}
	b.Close(inner)
	for name, content := range files {
		b.Delimiter(outer)
		b.Media("Content-Type", "application/octet-stream", mime.Param{Name: "name", Value: name})
		b.Word("Content-Transfer-Encoding", "base64")
		b.Media("Content-Disposition", "attachment", mime.Param{Name: "filename", Value: name})
		b.End()
		b.Base64(content)
	}
	b.Close(outer)
	entity, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(entity)
}

// within runs what follows as a test of its own: its failures are that test's.
func (p *post) within(t *testing.T, name string, run func(t *testing.T), who ...*holder) {
	whole := p.t
	t.Run(name, func(t *testing.T) {
		p.t = t
		for _, h := range who {
			h.For(t)
		}
		defer func() { p.t = whole }()
		run(t)
	})
}

// waits opens a page again and again until it says something.
func (h *holder) waits(path, says string) {
	h.s.t.Helper()
	h.s.until(says, func() bool {
		h.open(path)
		return strings.Contains(h.Text("main"), says)
	})
}

// finds opens a folder, and returns the page of the newest message of a subject.
func (h *holder) finds(folder, subject string) (path string) {
	h.s.t.Helper()
	h.waits("/mail/"+folder, subject)
	href := browser.Eval[string](h.Page, fmt.Sprintf(`(() => {
		const e = [...document.querySelectorAll(".mail [data-open]")].find((e) => e.textContent.includes(%s));
		return e ? e.getAttribute("href") || e.getAttribute("formaction") : "";
	})()`, strconv.Quote(subject)))
	found := regexp.MustCompile(`/mail/(message/[0-9]+|compose/[0-9A-Za-z]+)`).FindString(href)
	if found == "" {
		h.s.t.Fatalf("%s is at %q", subject, href)
	}
	return found
}

// reading opens a message, with evidence where it was not opened before.
func (h *holder) reading(path string) {
	h.s.t.Helper()
	h.open(path)
	if h.Count(`main form[action$="/open"]`) > 0 {
		h.Submit(`main form[action$="/open"]`)
	}
}

// gets fetches what a page links to, as its browser would.
func (h *holder) gets(path string) (name string, body []byte) { return h.sends(path, nil) }

// sends sends a form whose answer is a file.
func (h *holder) sends(path string, form url.Values) (name string, body []byte) {
	h.s.t.Helper()
	a := h.Do(h.post.world.Root(), h.base+"/tr"+path, form)
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	h.s.must(err)
	name = a.Header.Get("Content-Disposition")
	if a.StatusCode != http.StatusOK || !strings.HasPrefix(name, "attachment") {
		h.s.t.Fatalf("%s answers %d, %s: %.300q", path, a.StatusCode, name, body)
	}
	return name, body
}

// keeps writes what was fetched to a file of the test's folder.
func keeps(t *testing.T, name string, body []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// runs runs a tool and returns what it prints.
func runs(t *testing.T, name, debianPackage string, args ...string) string {
	t.Helper()
	out, err := exec.Command(testkit.Tool(t, name, debianPackage), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// verifies runs remverify over files.
func (p *post) verifies(t *testing.T, files ...string) string {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(filepath.Join(p.bin, "remverify"), append([]string{"--trust", p.world.Anchors()}, files...)...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("remverify: %v", err)
	}
	return out.String()
}

// ways are how each page is looked at. An ordinary run has the first two.
var ways = []struct {
	language string
	options  []browser.Option
}{
	{"tr", nil}, {"en", []browser.Option{browser.Phone, browser.Dark}},
	{"en", nil}, {"tr", []browser.Option{browser.Phone}}, {"tr", []browser.Option{browser.Dark}}, {"en", []browser.Option{browser.Dark}},
	{"en", []browser.Option{browser.Phone}}, {"tr", []browser.Option{browser.Phone, browser.Dark}},
}

// checks is [browser.Page.Check], but for what a page of signing asks of remsign on
// the own machine.
func (h *holder) checks() {
	h.s.t.Helper()
	elsewhere := slices.DeleteFunc(h.Elsewhere(), func(x string) bool { return strings.Contains(x, "http://127.0.0.1:4781") })
	for _, problem := range slices.Concat(h.Barriers(), elsewhere, h.Complaints(), h.Inside(), h.Layout()) {
		h.s.t.Errorf("%s: %s", h.Here(), problem)
	}
}

// looks looks at a page in several ways, and keeps pictures. It ends at the page as it is first looked at.
func (h *holder) looks(name, path string) {
	h.s.t.Helper()
	some := ways[:2]
	if os.Getenv("REM_SCREENSHOTS") != "" {
		some = ways
	}
	for _, w := range some {
		h.As(w.options...)
		h.Open(h.base + "/" + w.language + path)
		h.checks()
		h.Shot("mailbox-" + name + "-" + w.language)
	}
	h.As()
	h.open(path)
}

// sees checks and pictures the page as it is now, such as the answer to a form.
func (h *holder) sees(name string) {
	h.s.t.Helper()
	h.checks()
	h.Shot("mailbox-" + name)
	h.As(browser.Phone, browser.Dark)
	h.checks()
	h.Shot("mailbox-" + name)
	h.As()
}
