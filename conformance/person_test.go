package conformance_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"rem"
	"rem/edge/control"
	"rem/edge/simulator"
	"rem/internal/setup"
	"rem/internal/testkit"
	"rem/internal/testkit/browser"
	"rem/message"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
	"rem/provider/staff"
	"rem/trust/validation"
)

var (
	activationLink = regexp.MustCompile(`https://\S+/apply/activate\S*`)
	sixDigits      = regexp.MustCompile(`\b[0-9]{6}\b`)
)

// copyOfCard is the masked copy that an officer keeps of a card.
const copyOfCard = "%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"

// REQ-13, REQ-14, REQ-20, REQ-22, REQ-30, P-21, P-24: in a browser, over the pages
// of a whole provider: a person applies and comes to the office, an officer says
// what he saw and cannot approve, another one approves, the person opens the account
// by mail and text message, logs in, sends a first registered message that is
// evidenced at both providers, and sees who looked at his data.
func TestFromTheNoticeToTheFirstMessage(t *testing.T) {
	citizen := simulator.Citizens[0]
	s := openStage(t, &citizen.Subject)
	b := browser.Open(t)
	who, err := s.world.Person(0, "basvuran@"+ownDomain) // his certificate comes with his address
	s.must(err)
	typed := who.Applicant(false).Typed
	s.must(s.twoRoles(s.team.Officer, staff.Approver))

	officer := s.hired(b, s.team.Officer, "officer")
	approver := s.hired(b, s.team.Approver, "approver")
	applicant := s.desk(b)
	secret := applicant.applies(typed)
	applicant.chooses("office")
	id := officer.identifies(&citizen.Subject, map[string]string{
		"number": citizen.Document, "issuer": "TUR", "until": citizen.Until.Format("02.01.2006"),
		"shown-number": citizen.IdentityNumber, "shown-given": citizen.GivenName, "shown-family": citizen.FamilyName, "shown-birth": citizen.Birth.Format("02.01.2006"),
	})
	officer.cannotApprove(id)
	approver.approves(id)

	// He comes back on a phone, by the link of the mail.
	phone := s.desk(b, browser.Phone, browser.Dark)
	phone.activates(typed, who.Mobile)
	password, app := "yedi kere sekiz elli alti", ""
	app = phone.setsWaysIn(password)
	phone.open("/account")
	address := phone.Text("main code")
	if _, domain, _ := strings.Cut(address, "@"); domain != ownDomain {
		t.Fatalf("the address is %q", address)
	}
	phone.Submit(`form[action$="/logout"]`)
	phone.is("/logged-out")

	applicant.logsIn(address, password, app)
	applicant.look("account")
	applicant.open("/account/mail")
	applicant.Submit(`main form[action$="/account/mail"]`)
	applicant.reads("Bir daha gösterilmez")
	mailPassword := applicant.Text(".notice code")

	if who, err = s.world.Person(0, address); err != nil {
		t.Fatal(err)
	}
	to, err := s.world.Person(4, "bora.agaoglu@"+otherDomain)
	s.must(err)
	const toPassword = "kanarya-parola 12"
	_, err = s.control(otherDomain, "operator-7").AddAccount(t.Context(), control.NewAccount{Address: to.Address, Holder: to.Name(), Identity: to.IdentityNumber, Password: toPassword})
	s.must(err)
	sent := s.send(who, mailPassword, to.Address, "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSayın ilgili, bu ilk iletimdir.\r\n")
	s.delivered(sent)
	report, kinds := s.verdict(sent, to.Address, toPassword)
	if report.Verdict != validation.TotalPassed {
		t.Errorf("anybody who checks gets %s: %+v", report.Verdict, report.Findings)
	}
	for _, k := range []message.Kind{message.SubmissionAcceptanceRejection, message.RelayREMMDAcceptanceRejection, message.DeliveryNonDeliveryToRecipient} {
		if !slices.Contains(kinds, k) {
			t.Errorf("there is no %s: %v", k, kinds)
		}
	}

	applicant.open("/account/looks")
	for _, p := range []rem.PersonID{s.team.Officer, s.team.Approver} {
		applicant.reads(s.nodes[ownDomain].Records.Viewer.Pseudonym(p), "dosya "+id)
	}
	applicant.look("looks")
	if page := applicant.Text("body"); strings.Contains(page, string(s.team.Officer)) || strings.Contains(page, string(s.team.Approver)) {
		t.Error("who looked is named by more than a pseudonym")
	}
	logs := s.log.String()
	if _, after, found := strings.Cut(logs, `"level":"ERROR"`); found {
		line, _, _ := strings.Cut(after, "\n")
		t.Errorf("something went wrong unseen: %s", line)
	}
	for _, x := range []string{citizen.IdentityNumber, citizen.FamilyName, typed["mail-address"], strings.TrimPrefix(who.Mobile, "+90"), address, password, mailPassword, secret, app} {
		if strings.Contains(logs, x) {
			t.Errorf("the log says %q", x)
		}
	}
}

// twoRoles gives somebody another role, as remctl does: one manager proposes, the
// other one confirms.
func (s *stage) twoRoles(p rem.PersonID, role staff.Role) error {
	proposal, err := s.control(ownDomain, s.team.First).ProposeRole(s.t.Context(), p, control.StaffWish{Role: role})
	if err != nil {
		return err
	}
	return s.control(ownDomain, s.team.Second).Confirm(s.t.Context(), proposal.Number)
}

// hired sets the passkey of somebody by an invitation, leaves, and comes in again by
// the passkey.
func (s *stage) hired(b *browser.Browser, p rem.PersonID, name string) *desk {
	s.t.Helper()
	return s.hiredAt(b, p, name, "/desk")
}

// hiredAt is hired for somebody who is at home elsewhere than at the desk.
func (s *stage) hiredAt(b *browser.Browser, p rem.PersonID, name, home string) *desk {
	s.t.Helper()
	invitation, err := s.control(ownDomain, s.team.First).Invite(s.t.Context(), p)
	s.must(err)
	d := s.desk(b)
	d.Authenticator()
	d.open("/welcome")
	d.Fill("grant", invitation.Token)
	d.Submit("main form")
	d.is("/first")
	d.open("/security/passkey")
	d.look(name + "-passkey")
	d.Submit("main form")
	d.is(home)
	d.Submit(`form[action$="/logout"]`)
	d.open(home)
	d.is(home + "/login")
	d.Submit("main form[data-passkey]")
	d.is(home)
	d.look(name + "-desk")

	again := s.desk(b) // the invitation was for once
	again.open("/welcome")
	again.Fill("grant", invitation.Token)
	again.Submit("main form")
	again.is("/welcome")
	return d
}

// applies takes an applicant through the notice, the form, with a field that is
// wrong at first, and the texts; it returns the key of the application.
func (d *desk) applies(in application.Input) (key string) {
	t := d.s.t
	t.Helper()
	key = d.begins("natural")
	d.is("/apply/form/who")
	for _, field := range []string{"given-names", "family-name", "birth-date"} {
		d.Fill(field, in[field])
	}
	wrong := in["identity-number"][:10] + string('0'+(in["identity-number"][10]-'0'+1)%10)
	d.Fill("identity-number", wrong)
	d.Submit("main form")
	d.is("/apply/form/who")
	d.look("who-wrong")
	for field, want := range map[string]string{"identity-number": wrong, "given-names": in["given-names"], "family-name": in["family-name"], "birth-date": in["birth-date"]} {
		if got := d.Attribute(`[name="`+field+`"]`, "value"); got != want {
			t.Errorf("%s was typed and is %q now", field, got)
		}
	}
	d.Fill("identity-number", in["identity-number"])
	d.Submit("main form")
	d.is("/apply/form/home")
	d.Submit("main form") // it is optional at an office
	d.is("/apply/form/contact")
	d.Fill("mobile", in["mobile"])
	d.Fill("mail-address", in["mail-address"])
	d.Submit("main form")
	d.is("/apply/form/account")
	d.look("address")
	d.tick("kep-choice")
	d.Choose("service", in["service"])
	d.Submit("main form")
	d.agrees()
	d.is("/apply/method")
	return key
}

// chooses goes for a method; for the office an appointment is made, too.
func (d *desk) chooses(method string) {
	d.s.t.Helper()
	d.Choose("method", method)
	d.Submit("main form")
	d.is("/apply/method/proof")
	d.Choose("day", time.Now().AddDate(0, 0, 2).Format(time.DateOnly))
	d.Submit(`main form[method="get"]`)
	d.tick("at")
	d.Submit(`main form[action$="/book"]`)
	d.is("/apply/method/proof")
	d.look("booked")
}

// identifies is the officer with the person before him; he finds the case in the
// queue, and writes what the card shows.
func (d *desk) identifies(who *simulator.Subject, card map[string]string) (id string) {
	t := d.s.t
	t.Helper()
	file := filepath.Join(t.TempDir(), "suret.pdf")
	d.s.must(os.WriteFile(file, []byte(copyOfCard), 0o600))
	d.open("/desk/applications?state=identification-pending")
	if strings.Contains(d.Text("main"), who.FamilyName) {
		t.Error("the queue names the applicant")
	}
	if id = d.Text(`main table a[href*="/desk/applications/"]`); id == "" {
		t.Fatalf("the queue is empty: %s", d.Text("main"))
	}
	d.look("queue")
	d.FollowText(id)
	d.FollowText("Yanıtları aç")
	d.reads(who.FamilyName, "kaydedildi; başvuru sahibi bunu görebilir")
	d.look("answers")
	d.FollowText("Kimlik kaydı gir")
	d.Choose("document", "identity-card")
	d.Choose("genuine", "yes")
	for name, value := range card {
		d.Fill(name, value)
	}
	d.Choose("area-religion", "masked")
	d.Choose("area-blood-group", "not-on-document")
	for _, i := range identity.Required(identity.Office, true) {
		// That special areas are covered follows from the two above; the paper of power
		// is asked about where somebody is represented.
		if i != identity.SpecialCovered && (i != identity.PowerSeen || d.Count(`[name="item-`+string(i)+`"]`) > 0) {
			d.Choose("item-"+string(i), "yes")
		}
	}
	d.Attach("capture", file)
	d.look("record")
	d.Submit("main form")
	d.reads("Kimlik kaydı saklandı", "Kimlik doğrulandı")
	return id
}

// cannotApprove shows that whoever collected does not decide, though he is an
// approver too: the page says why, and what he sends nevertheless is refused.
func (d *desk) cannotApprove(id string) {
	t := d.s.t
	t.Helper()
	d.open("/desk/applications/" + id)
	why := application.ErrSecondOfficer.Text.Turkish
	d.reads("Üstlen", why)
	d.look("second-person")
	if d.Count(`main form[action$="/take-up"], main a[href$="/approve"]`) > 0 {
		t.Error("he is offered to decide")
	}
	stands := func() application.View {
		v, err := d.s.nodes[ownDomain].Records.Persons.Application(t.Context(), person.ApplicationID(id))
		d.s.must(err)
		return v
	}
	for act, reason := range map[string]string{"take-up": why, "approve": application.ErrNotNow.Text.Turkish} {
		d.open("/desk/applications/" + id)
		browser.Eval[bool](d.Page, fmt.Sprintf(`(() => {
			const f = document.createElement("form"), b = document.createElement("button"), seen = document.createElement("input");
			f.method = "post"; f.action = location.pathname + "/%s"; f.id = "forged"; b.textContent = "?";
			seen.type = "hidden"; seen.name = "seen"; seen.value = "%d";
			f.append(seen, b);
			document.querySelector("main").prepend(f);
			return true;
		})()`, act, stands().Steps))
		d.Submit("#forged")
		if got := d.Text("main .notice.bad"); !strings.Contains(got, reason) {
			t.Errorf("%s is answered %q, want %q", act, got, reason)
		}
		if v := stands(); v.State != application.Identified {
			t.Fatalf("by %s it came to %s", act, v.State)
		}
	}
}

// approves is somebody else, who takes the case up and decides.
func (d *desk) approves(id string) {
	d.s.t.Helper()
	d.open("/desk/applications?state=identified")
	d.FollowText(id)
	d.FollowText("Üstlen")
	d.reads("Dosya sizde")
	d.FollowText("Yanıtları aç")
	d.look("taken-up")
	d.FollowText("Onayla")
	d.Submit("main form")
	d.reads("Başvuru onaylandı")
	d.look("approved")
}

// activates opens the account by the link that came by mail and the code on the
// phone.
func (d *desk) activates(in application.Input, mobile string) {
	t := d.s.t
	t.Helper()
	d.Open(d.s.mail(in["mail-address"], activationLink.FindString))
	d.look("activate")
	d.Submit("main form")
	d.is("/apply/activate/code")
	before := len(d.s.texts(mobile))
	d.Submit(`main form[action$="/send"]`)
	code := ""
	d.s.until("a text message", func() bool {
		for _, body := range d.s.texts(mobile)[before:] {
			code = sixDigits.FindString(body)
		}
		return code != ""
	})
	d.Fill("code", code)
	d.tick("known")
	d.look("code")
	d.Submit(`main form[action$="/code"]`)
	d.Submit("main form")
	d.is("/first")
}

// setsWaysIn sets a password and an authenticator app, and returns the app's key.
func (d *desk) setsWaysIn(password string) (app string) {
	d.s.t.Helper()
	d.Fill("password", password)
	d.Fill("again", password)
	d.Submit(`main form[action$="/security/password"]`)
	d.is("/first")
	d.Submit(`main form[action$="/security/app"]`)
	d.look("app")
	app = strings.ReplaceAll(d.Text("main code.break"), " ", "")
	// The code of half a minute ago is good too, and leaves the one of now.
	code, err := totp.GenerateCode(app, time.Now().Add(-30*time.Second))
	d.s.must(err)
	d.Fill("code", code)
	d.Submit(`main form[action$="/security/app/confirm"]`)
	d.is("/account")
	d.look("in")
	return app
}

// logsIn is the ordinary log-in.
func (d *desk) logsIn(address, password, app string) {
	d.s.t.Helper()
	d.open("/account")
	d.is("/login")
	d.Fill("name", address)
	d.Fill("password", password)
	d.Submit(`main form:not([data-passkey])`)
	code, err := totp.GenerateCode(app, time.Now())
	d.s.must(err)
	d.Fill("code", code)
	d.Submit(`main form[action$="/login/code"]`)
	d.is("/account")
	d.reads(address)
}

// REQ-16, REQ-18, REQ-22, REQ-30, P-24: a company's representative fills the
// form in, hands in the papers and signs; the registry is asked; an approver decides
// without an officer; the account is opened by signing, and the representative is
// its operator.
func TestACompanySignsAndGetsItsAccount(t *testing.T) {
	if !testkit.Long() {
		t.Skip("REM_LONG=1 runs it; the ordinary run has a natural person's")
	}
	citizen, company := simulator.Citizens[0], simulator.Companies[0]
	s := openStage(t, &citizen.Subject)
	b := browser.Open(t)
	who, err := s.world.Person(0, "basvuran@"+ownDomain)
	s.must(err)
	approver := s.hired(b, s.team.Approver, "approver")
	d := s.desk(b)
	key := d.begins("private-legal")
	d.fills("who", application.Input{
		"mersis": company.MERSIS, "title": company.Title, "short-name": "Çınaraltı", "activity": "Gıda toptan ticareti",
		"seat-province": "34", "seat-address": "Deneme Caddesi 1", "seat-district": "Sarıyer", "seat-postal-code": "34485",
	})
	d.fills("representative", application.Input{
		"representative-identity-number": citizen.IdentityNumber, "representative-given-names": citizen.GivenName, "representative-family-name": citizen.FamilyName,
		"representative-birth-date": citizen.Birth.Format("02.01.2006"), "representative-capacity": "Yönetim kurulu üyesi",
	})
	d.fills("contact", application.Input{"mobile": who.Mobile, "mail-address": who.Mail})
	d.is("/apply/form/account")
	d.tick("kep-choice")
	d.Choose("service", application.SendAndReceive)
	d.Submit("main form")
	d.agrees()
	d.is("/apply/papers")
	file := filepath.Join(t.TempDir(), "belge.pdf")
	s.must(os.WriteFile(file, []byte(copyOfCard), 0o600))
	for _, k := range application.Papers(person.Private, false) {
		d.Attach("file-"+string(k), file)
		d.Submit(`main form[action$="/` + string(k) + `"]`)
		d.is("/apply/papers")
	}
	d.look("company-papers")
	d.Follow("main .buttons a")
	d.is("/apply/method")
	d.Choose("method", string(identity.Signature))
	d.Submit("main form")
	d.look("company-sign")
	program := s.signing(key, who)
	d.Attach("signature", program("/apply/method/form"))
	d.Submit(`main form[action$="/method/sign"]`)
	d.is("/apply/status")
	d.look("company-status")

	approver.open("/desk/applications?state=identified")
	id := approver.Text(`main table a[href*="/desk/applications/"]`)
	approver.FollowText(id)
	approver.reads("TOTAL-PASSED", "MERSİS uyuşuyor")
	approver.look("company-case")
	approver.approves(id)

	d.open("/apply/activate/sign")
	d.look("company-activate")
	d.tick("known")
	d.Attach("signature", program("/apply/activate/text"))
	d.Submit(`main form[action$="/activate/sign"]`)
	d.Submit("main form")
	d.is("/first")
	app := d.setsWaysIn("yedi kere sekiz elli alti")
	if app == "" {
		t.Error("the authenticator app has no key")
	}
	address := d.Text("main code")
	d.open("/account/operators")
	d.reads(citizen.GivenName, citizen.FamilyName)
	d.look("company-operators")
	d.open("/account/data")
	d.reads("Hakkınızda tuttuğumuz bilgiler")
	if _, domain, _ := strings.Cut(address, "@"); domain != ownDomain && !strings.HasSuffix(domain, "."+ownDomain) {
		t.Errorf("the address is %q", address)
	}
	if logs := s.log.String(); strings.Contains(logs, citizen.IdentityNumber) || strings.Contains(logs, company.Title) || strings.Contains(logs, company.MERSIS) {
		t.Error("the log says whose application it was")
	}
}

// begins takes an applicant through the notice; it returns the key of the
// application.
func (d *desk) begins(kind string) (key string) {
	t := d.s.t
	t.Helper()
	d.open("/apply")
	d.look("notice")
	d.Choose("for", kind)
	d.Submit(`main form[action$="/apply"]`)
	if key = d.Text(".notice code"); key == "" {
		t.Fatal("the application has no key")
	}
	d.Follow("main .buttons a")
	return key
}

// fills fills a page of the form in and goes on.
func (d *desk) fills(step string, in application.Input) {
	d.s.t.Helper()
	d.is("/apply/form/" + step)
	for name, value := range in {
		if d.Count(`select[name="`+name+`"]`) > 0 {
			d.Choose(name, value)
		} else {
			d.Fill(name, value)
		}
	}
	d.Submit("main form")
}

// agrees accepts the texts one by one and hands the application in, which is not
// taken while none is accepted.
func (d *desk) agrees() {
	d.s.t.Helper()
	d.is("/apply/check")
	d.Submit("main form")
	d.is("/apply/check")
	d.look("check-unticked")
	for _, k := range application.Agreements() {
		d.tick("accept-" + string(k))
	}
	d.Submit("main form")
}

// signing is the applicant's program: it gets a text by the key of the application
// and signs it. It returns the file of the signature.
func (s *stage) signing(key string, who *setup.Person) func(path string) string {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	s.must(err)
	program := &http.Client{Jar: jar, Timeout: stepTime, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.world.Root()}}}
	base := s.house.Own.Config.Web.Base
	ask := func(method, path string, form url.Values) []byte {
		q, err := http.NewRequestWithContext(s.t.Context(), method, base+"/tr"+path, strings.NewReader(form.Encode()))
		s.must(err)
		q.Header.Set("Origin", base)
		if form != nil {
			q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		a, err := program.Do(q)
		s.must(err)
		defer a.Body.Close()
		b, err := io.ReadAll(a.Body)
		s.must(err)
		if a.StatusCode != http.StatusOK {
			s.t.Fatalf("%s answers %d: %s", path, a.StatusCode, b)
		}
		return b
	}
	ask("POST", "/apply/resume", url.Values{"secret": {key}})
	return func(path string) string {
		digest := rem.DigestOf(ask("GET", path, nil))
		signature, err := who.Signer.Sign(s.t.Context(), digest[:], time.Now())
		s.must(err)
		file := filepath.Join(s.t.TempDir(), "imza.p7s")
		s.must(os.WriteFile(file, signature, 0o600))
		return file
	}
}
