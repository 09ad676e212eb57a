package conformance_test

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/control"
	"rem/edge/simulator"
	"rem/internal/setup"
	"rem/internal/testkit"
	"rem/internal/testkit/browser"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
	"rem/provider/staff"
)

// A walk is one applicant on his way through a whole provider.
type walk struct {
	*stage
	t        *testing.T
	browser  *browser.Browser
	who      *setup.Person
	me       *desk // the applicant's browser
	officer  *desk
	approver *desk
	visitor  visitor // of a contracted institution
	key      string  // of the application
	id       string  // of the case, once somebody of the desk found it
}

// A visitor is somebody of a contracted institution, who signs what he found.
type visitor struct {
	desk *desk
	who  *setup.Person
}

// how are the ways to be identified, from the page of the method on, until the desk
// has a case that waits for approval. The office and the signature have tests of their
// own beside this one.
var how = map[identity.Method]func(w *walk){
	identity.EDevlet:  (*walk).throughTheGate,
	identity.Chip:     (*walk).byChipAndFilm,
	identity.ChipCard: (*walk).byCard,
	identity.Video:    (*walk).inACall,
	identity.OnSite:   (*walk).atHome,
}

// REQ-10, REQ-12, REQ-13, REQ-15, REQ-22, REQ-30: each way to be identified, in a
// browser over the pages of a whole provider, from the form to the first log-in and
// the first registered message.
func TestEachMethodLeadsToAFirstMessage(t *testing.T) {
	if !testkit.Long() {
		t.Skip("REM_LONG=1 runs it; the ordinary run has the office's")
	}
	b := browser.Open(t)
	for _, m := range identity.Methods() {
		identifies, ok := how[m]
		if !ok {
			continue
		}
		t.Run(string(m), func(t *testing.T) {
			citizen := simulator.Citizens[0]
			w := newWalk(t, b, &citizen, "basvuran@"+ownDomain, m == identity.OnSite)
			w.key = w.me.begins("natural")
			typed := w.who.Applicant(false).Typed
			w.me.fills("who", application.Input{"identity-number": typed["identity-number"], "given-names": typed["given-names"], "family-name": typed["family-name"], "birth-date": typed["birth-date"]})
			w.me.fills("home", application.Input{"address": typed["address"], "district": typed["district"], "province": "06", "postal-code": typed["postal-code"]})
			w.me.fills("contact", application.Input{"mobile": typed["mobile"], "mail-address": typed["mail-address"]})
			w.me.choosesAddress()
			w.me.agrees()
			w.me.is("/apply/method")
			w.me.Choose("method", string(m))
			w.me.Submit("main form")
			w.me.is("/apply/method/proof")
			w.me.look("method-" + string(m))
			identifies(w)
			w.approved()
			w.opened(w.me, typed)
			w.sends()
		})
	}
}

// REQ-19, REQ-18, REQ-16: the kinds of applicants whose case differs: somebody who is
// represented comes to the office with the paper of power, a public body's
// representative signs. Each gets an account and sends.
func TestEachKindOfApplicantSendsAFirstMessage(t *testing.T) {
	if !testkit.Long() {
		t.Skip("REM_LONG=1 runs it; the ordinary run has a natural person's")
	}
	b := browser.Open(t)
	t.Run("represented", func(t *testing.T) {
		parent, child := simulator.Citizens[0], simulator.Citizens[2]
		w := newWalk(t, b, &parent, "veli@"+ownDomain, false)
		w.key = w.me.begins("represented")
		w.me.fills("who", application.Input{"identity-number": child.IdentityNumber, "given-names": child.GivenName, "family-name": child.FamilyName, "birth-date": child.Birth.Format("02.01.2006")})
		w.me.fills("representative", application.Input{
			"representative-identity-number": parent.IdentityNumber, "representative-given-names": parent.GivenName, "representative-family-name": parent.FamilyName,
			"representative-birth-date": parent.Birth.Format("02.01.2006"), "representative-capacity": "Veli",
		})
		w.me.is("/apply/form/home")
		w.me.Submit("main form")
		w.me.fills("contact", application.Input{"mobile": w.who.Mobile, "mail-address": w.who.Mail})
		w.me.choosesAddress()
		w.me.agrees()
		w.handsIn(application.Papers(person.Natural, true))
		w.me.chooses("office")
		w.id = w.officer.identifies(&child.Subject, map[string]string{
			"number": parent.Document, "issuer": "TUR", "until": parent.Until.Format("02.01.2006"),
			"shown-number": parent.IdentityNumber, "shown-given": parent.GivenName, "shown-family": parent.FamilyName, "shown-birth": parent.Birth.Format("02.01.2006"),
		})
		w.approved()
		w.opened(w.me, application.Input{"mail-address": w.who.Mail})
		w.sends()
	})
	t.Run("public-body", func(t *testing.T) {
		citizen := simulator.Citizens[0]
		w := newWalk(t, b, &citizen, "basvuran@"+ownDomain, false)
		w.key = w.me.begins("public-body")
		w.me.fills("who", application.Input{
			"detsis": "12345678", "title": "Örnek Belediye Başkanlığı", "activity": "Yerel yönetim", "seat-province": "06",
			"seat-address": "Deneme Meydanı 1", "seat-district": "Çankaya", "seat-postal-code": "06690",
		})
		w.representedBySigner(person.Public)
		w.sends()
	})
	t.Run("company", func(t *testing.T) {
		citizen, company := simulator.Citizens[0], simulator.Companies[0]
		w := newWalk(t, b, &citizen, "basvuran@"+ownDomain, false)
		w.key = w.me.begins("private-legal")
		w.me.fills("who", application.Input{
			"mersis": company.MERSIS, "title": company.Title, "short-name": "Çınaraltı", "activity": "Gıda toptan ticareti",
			"seat-province": "34", "seat-address": "Deneme Caddesi 1", "seat-district": "Sarıyer", "seat-postal-code": "34485",
		})
		w.representedBySigner(person.Private)
		w.sends()
	})
}

// newWalk opens a stage for an applicant, with an institution that calls on people where
// the walk needs one.
func newWalk(t *testing.T, b *browser.Browser, applicant *simulator.Citizen, address string, visited bool) *walk {
	t.Helper()
	s := openStage(t, &applicant.Subject)
	n := 0
	for simulator.Citizens[n].IdentityNumber != applicant.IdentityNumber {
		n++
	}
	who, err := s.world.Person(n, address)
	s.must(err)
	w := &walk{stage: s, t: t, browser: b, who: who, me: s.desk(b)}
	if visited {
		w.contracts()
	}
	w.officer, w.approver = s.hired(b, s.team.Officer, "officer"), s.hired(b, s.team.Approver, "approver")
	return w
}

// choosesAddress takes the first address that is proposed.
func (d *desk) choosesAddress() {
	d.s.t.Helper()
	d.is("/apply/form/account")
	d.tick("kep-choice")
	d.Choose("service", application.SendAndReceive)
	d.Submit("main form")
}

// handsIn hands the papers in and goes on to the methods.
func (w *walk) handsIn(papers []application.PaperKind) {
	w.t.Helper()
	w.me.is("/apply/papers")
	file := filepath.Join(w.t.TempDir(), "belge.pdf")
	w.must(os.WriteFile(file, []byte(copyOfCard), 0o600))
	for _, k := range papers {
		w.me.Attach("file-"+string(k), file)
		w.me.Submit(`main form[action$="/` + string(k) + `"]`)
		w.me.is("/apply/papers")
	}
	w.me.Follow("main .buttons a")
	w.me.is("/apply/method")
}

// says is a value that the page of a method tells the applicant's program.
func (d *desk) says(term string) string {
	d.s.t.Helper()
	got := browser.Eval[string](d.Page, fmt.Sprintf(`(() => {
		const t = [...document.querySelectorAll("main dt")].find(t => t.textContent.trim() === %q);
		return t ? t.nextElementSibling.textContent.trim() : "";
	})()`, term))
	if got == "" {
		d.s.t.Fatalf("%s does not tell %q:\n%s", d.Here(), term, d.Text("main"))
	}
	return got
}

// throughTheGate goes to the e-government gate and comes back.
func (w *walk) throughTheGate() {
	w.t.Helper()
	w.me.Submit(`main form[action$="/method/visit"]`)
	w.me.look("gate-leave")
	w.me.Abroad(func() {
		w.me.Follow(`main a[rel~="noopener"]`)
		if strings.HasPrefix(w.me.Here(), w.me.base) {
			w.t.Fatalf("the gate is at %s", w.me.Here())
		}
		// Who he is: the form is sent by its first button.
		browser.Eval[bool](w.me.Page, fmt.Sprintf(`(() => { document.querySelectorAll("button[name=citizen]").forEach(b => { if (b.value !== %q) b.remove() }); return true })()`, w.who.IdentityNumber))
		w.me.Submit("form")
	})
	w.me.reads("Doğrulamayı tamamlamak için devam edin") // he comes back on a page of ours
	w.me.look("gate-back")
	w.me.Submit(`main form[action$="/method/return"]`)
	w.me.is("/apply/status")
}

// representedBySigner goes on from the second page of a legal person's form: its
// representative, papers, his signature over the form, the decision, and his signature
// that opens the account.
func (w *walk) representedBySigner(k person.Kind) {
	w.t.Helper()
	c := w.who.Citizen
	w.me.fills("representative", application.Input{
		"representative-identity-number": c.IdentityNumber, "representative-given-names": c.GivenName, "representative-family-name": c.FamilyName,
		"representative-birth-date": c.Birth.Format("02.01.2006"), "representative-capacity": "Yetkili temsilci",
	})
	w.me.fills("contact", application.Input{"mobile": w.who.Mobile, "mail-address": w.who.Mail})
	w.me.choosesAddress()
	w.me.agrees()
	w.handsIn(application.Papers(k, false))
	w.me.Choose("method", string(identity.Signature))
	w.me.Submit("main form")
	program := w.signing(w.key, w.who)
	w.me.Attach("signature", program("/apply/method/form"))
	w.me.Submit(`main form[action$="/method/sign"]`)
	w.me.is("/apply/status")
	w.approved()
	w.me.Authenticator()
	w.me.open("/apply/activate/sign")
	w.me.tick("known")
	w.me.Attach("signature", program("/apply/activate/text"))
	w.me.Submit(`main form[action$="/activate/sign"]`)
	w.me.Submit("main form")
	w.me.is("/first")
	w.comesIn(w.me)
}

// hands uploads what a program made of the values of the page.
func (w *walk) hands(name string, b []byte) {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), name)
	w.must(os.WriteFile(file, b, 0o600))
	w.me.Attach("package", file)
	w.me.Submit(`main form[action$="/method/package"]`)
	w.me.is("/apply/status")
}

const (
	attempt   = "Başvurunun bu denemedeki adı"
	once      = "Tek kullanımlık değer"
	challenge = "Kartın imzalayacağı değer (base64)"
)

// byChipAndFilm reads the chip of the identity card; somebody whom we trust compared
// the faces.
func (w *walk) byChipAndFilm() {
	w.t.Helper()
	w.me.Submit(`main form[action$="/method/visit"]`)
	w.me.look("chip")
	files, err := w.world.State.Chip(&w.who.Citizen, false)
	w.must(err)
	handed, err := w.world.Attester.Package(files, simulator.Recording{Reference: w.me.says(attempt), Nonce: w.me.says(once), Live: true, SameFace: true, Picture: files.DG2, At: time.Now()}, nil)
	w.must(err)
	w.hands("cip.json", handed)
}

// byCard puts the identity card into a reader: it answers the challenge, and the form
// is signed.
func (w *walk) byCard() {
	w.t.Helper()
	w.me.Submit(`main form[action$="/method/visit"]`)
	w.me.look("card")
	card, err := w.world.PKI.Card(w.who.Subject)
	w.must(err)
	asked, err := base64.StdEncoding.DecodeString(w.me.says(challenge))
	w.must(err)
	digest := rem.DigestOf(asked)
	answer, err := card.Key.Sign(nil, digest[:], crypto.SHA256)
	w.must(err)
	signature, err := os.ReadFile(w.signing(w.key, w.who)("/apply/method/form"))
	w.must(err)
	p := map[string]any{"version": 1, "reference": w.me.says(attempt), "certificate": card.Certificate.Raw, "answer": answer, "form_signature": signature}
	var chain [][]byte
	for _, c := range card.Chain[1:] {
		chain = append(chain, c.Raw)
	}
	p["chain"] = chain
	b, err := json.Marshal(p)
	w.must(err)
	w.hands("kart.json", b)
}

// inACall is seen by an officer face to face; the recording is the call system's, and
// its digest comes here.
func (w *walk) inACall() {
	w.t.Helper()
	c := w.who.Citizen
	w.officer.open("/desk/applications?state=identification-pending")
	w.id = w.officer.Text(`main table a[href*="/desk/applications/"]`)
	w.officer.FollowText(w.id)
	w.officer.FollowText("Kimlik kaydı gir")
	w.officer.Choose("document", "identity-card")
	w.officer.Choose("genuine", "yes")
	for name, value := range map[string]string{
		"number": c.Document, "issuer": "TUR", "until": c.Until.Format("02.01.2006"),
		"shown-number": c.IdentityNumber, "shown-given": c.GivenName, "shown-family": c.FamilyName, "shown-birth": c.Birth.Format("02.01.2006"),
		"recording": rem.DigestOf([]byte("görüşme kaydı")).String(),
	} {
		w.officer.Fill(name, value)
	}
	for _, i := range identity.Required(identity.Video, false) {
		if w.officer.Count(`[name="item-`+string(i)+`"]`) > 0 {
			w.officer.Choose("item-"+string(i), "yes")
		}
	}
	for _, area := range []string{"religion", "blood-group"} {
		if w.officer.Count(`[name="area-`+area+`"]`) > 0 {
			w.officer.Choose("area-"+area, "not-on-document")
		}
	}
	w.officer.look("call")
	w.officer.Submit("main form")
	w.officer.reads("Kimlik kaydı saklandı", "Kimlik doğrulandı")
}

// A contracted institution and its visitor.
const visitorsAddress = "gorevli@" + ownDomain

// contracts contracts an institution and takes one person of it on, by two managers.
func (w *walk) contracts() {
	w.t.Helper()
	first, second, ctx := w.control(ownDomain, w.team.First), w.control(ownDomain, w.team.Second), w.t.Context()
	now := time.Now()
	id, err := first.AddInstitution(ctx, control.Institution{Name: "Örnek Kurye A.Ş.", Contract: "S-1", From: now.Add(-time.Hour), Until: now.AddDate(1, 0, 0), Provinces: []person.Province{"06", "34"}})
	w.must(err)
	who, err := w.world.Person(1, visitorsAddress)
	w.must(err)
	proposal, err := first.Appoint(ctx, control.NewStaff{Name: who.Name(), Number: who.IdentityNumber, Institution: id, StaffWish: control.StaffWish{Role: staff.Partner}})
	w.must(err)
	w.must(second.Confirm(ctx, proposal.Number))
	w.must(first.Train(ctx, proposal.Person, control.StaffTraining{Subject: staff.DataProtection, Version: 1, Passed: now.AddDate(0, 0, -1), Until: now.AddDate(1, 0, 0)}))
	policies, err := first.StaffPolicies(ctx)
	w.must(err)
	for _, p := range policies {
		if p.Subject == staff.DataProtection {
			w.must(w.control(ownDomain, proposal.Person).Acknowledge(ctx, control.StaffPolicy{Subject: p.Subject, Version: p.Version, Digest: p.Digest}))
		}
	}
	w.again() // a start reads in which provinces somebody calls
	w.visitor = visitor{desk: w.hiredAt(w.browser, proposal.Person, "partner", "/partner"), who: who}
}

// atHome is called on: an officer issues a work order, the institution's person
// accepts it, sees name and address, writes down and signs what he found, and hands
// the papers over; the officer records it with the application.
func (w *walk) atHome() {
	w.t.Helper()
	v := w.visitor
	w.officer.open("/desk/applications?state=identification-pending")
	w.id = w.officer.Text(`main table a[href*="/desk/applications/"]`)
	w.officer.FollowText(w.id)
	w.officer.FollowText("İş emri ver")
	w.officer.tick("institution")
	w.officer.look("issue")
	w.officer.Submit("main form")
	v.desk.open("/partner")
	if said := v.desk.Text("main"); strings.Contains(said, w.who.FamilyName) {
		w.t.Error("the list of orders names the applicant")
	}
	order := v.desk.Text(`main table a[href*="/partner/order/"]`)
	v.desk.FollowText(order)
	v.desk.FollowText("Üstlen")
	v.desk.FollowText("Adı ve adresi aç")
	v.desk.reads(w.who.FamilyName, "Örnek Mahallesi")
	v.desk.look("see")
	v.desk.FollowText("Ziyaret sonucunu gir")
	v.desk.Fill("visited", time.Now().In(time.FixedZone("UTC+3", 3*60*60)).Format("02.01.2006 15:04"))
	v.desk.Choose("there", "there")
	v.desk.Choose("document", "identity-card")
	v.desk.Choose("genuine", "yes")
	v.desk.Fill("number", w.who.Document)
	v.desk.Fill("issuer", "TUR")
	v.desk.Fill("until", w.who.Until.Format("02.01.2006"))
	for _, i := range identity.Required(identity.OnSite, false) {
		if i != identity.AddressAsGiven { // follows from where he was
			v.desk.Choose("item-"+string(i), "yes")
		}
	}
	for _, p := range []identity.Part{identity.PartNumber, identity.PartGiven, identity.PartFamily, identity.PartBirth} {
		v.desk.Choose("part-"+string(p), "yes")
	}
	for _, paper := range []string{"signed-form", "document-copy"} {
		v.desk.Choose("paper", paper)
	}
	v.desk.Submit("main form")
	v.desk.look("result")
	digest := rem.DigestOf([]byte(browser.Eval[string](v.desk.Page, `document.querySelector("main pre").textContent`)))
	signature, err := v.who.Signer.Sign(w.t.Context(), digest[:], time.Now())
	w.must(err)
	file := filepath.Join(w.t.TempDir(), "sonuc.p7s")
	w.must(os.WriteFile(file, signature, 0o600))
	v.desk.Attach("signature", file)
	v.desk.Submit("main form[enctype]")
	v.desk.reads("Ziyaret sonucu imzasıyla kaydedildi", "Belgeler sizde")
	v.desk.look("visited")

	w.officer.open("/desk/orders/" + order)
	w.officer.reads("Belgeler henüz teslim alınmadı") // it is not finished before
	w.officer.FollowText("Belgeleri teslim al")
	w.officer.look("hand-over")
	w.officer.Submit("main form")
	w.officer.FollowText("Tamamla ve başvuruya işle")
	w.officer.look("order-done")
}

// approved is the decision of another one.
func (w *walk) approved() {
	w.t.Helper()
	w.approver.open("/desk/applications?state=identified")
	if w.id == "" {
		w.id = w.approver.Text(`main table a[href*="/desk/applications/"]`)
	}
	w.approver.approves(w.id)
}

// opened opens the account by link and code, sets a password, an app and a passkey,
// leaves, and comes in by the passkey alone.
func (w *walk) opened(d *desk, typed application.Input) {
	w.t.Helper()
	d.Authenticator()
	d.activates(typed, w.who.Mobile)
	w.comesIn(d)
}

func (w *walk) comesIn(d *desk) {
	w.t.Helper()
	d.setsWaysIn("yedi kere sekiz elli alti")
	d.open("/security/passkey")
	d.look("holder-passkey")
	d.Submit("main form")
	d.reads("Geçiş anahtar")
	d.open("/account")
	d.Submit(`form[action$="/logout"]`)
	d.is("/logged-out")
	d.open("/account")
	d.is("/login")
	d.Submit(`main form[data-passkey]`)
	d.is("/account")
}

// sends sends a first message with the account's own password for mail programs, to
// somebody at the other provider.
func (w *walk) sends() {
	w.t.Helper()
	d := w.me
	d.open("/account")
	address := d.Text("main code")
	d.open("/account/mail")
	d.Submit(`main form[action$="/account/mail"]`)
	d.reads("Bir daha gösterilmez")
	password := d.Text(".notice code")
	from, err := w.world.Person(0, address)
	w.must(err)
	to, err := w.world.Person(4, "bora.agaoglu@"+otherDomain)
	w.must(err)
	_, err = w.control(otherDomain, "operator-7").AddAccount(w.t.Context(), control.NewAccount{Address: to.Address, Holder: to.Name(), Identity: to.IdentityNumber, Password: "kanarya-parola 12"})
	w.must(err)
	id := w.send(from, password, to.Address, "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSayın ilgili, bu ilk iletimdir.\r\n")
	w.delivered(id)
	logs := w.log.String()
	if _, after, found := strings.Cut(logs, `"level":"ERROR"`); found {
		line, _, _ := strings.Cut(after, "\n")
		w.t.Errorf("something went wrong unseen: %s", line)
	}
	for _, x := range []string{w.who.IdentityNumber, w.who.FamilyName, address, password, w.key} {
		if strings.Contains(logs, x) {
			w.t.Errorf("the log says %q", x)
		}
	}
}
