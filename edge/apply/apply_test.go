package apply_test

import (
	"errors"
	"strings"
	"testing"

	"rem"
	"rem/edge/apply"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/application"
	"rem/person/enrolment"
	"rem/person/login"
	"rem/person/news"
	"rem/privacy"
	"rem/provider/publication"
)

// REQ-13, REQ-14, REQ-23, REQ-30, REQ-98.
func TestANaturalPersonGetsAnAccountByTheOffice(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(t)
	v.begin("natural")
	v.fill(natural())
	v.at("/apply/check", 200)
	v.says("10000000146", "İstanbul", "isil.ogutcu.1@hs90.kep.test")
	v.submit()
	v.at("/apply/method", 200)
	v.says("Ofisimizde")
	v.post("/apply/method", "method", "office")
	v.at("/apply/method/proof", 200)
	v.get("/apply/method/proof?office=ankara&day=2026-11-24")
	v.says("09:00", "16:00")
	v.post("/apply/method/book", "office", "ankara", "day", "2026-11-24", "at", "1795503600") // 10:00 in Türkiye
	v.at("/apply/method/proof", 200)
	v.says("24 Kasım 2026, Salı, 10:00", "Ankara ofisi")

	id := w.id(t, application.Pending)
	w.identified(t, id, natural())
	v.get("/apply/status")
	v.says("onay bekliyor")
	w.approved(t, id)
	v.get("/apply/status")
	v.says("Hesabı açın")

	// Without the mail's link the code alone opens nothing.
	v.post("/apply/activate/send")
	v.post("/apply/activate/code", "code", w.messenger.last(t, news.Code).Code)
	v.says("Hesabı açmadan önce bunları okumanız gerekir.")
	// Nor is another text than today's taken as read.
	v.post("/apply/activate/code", "results", rem.Digest{1}.String(), "code", w.messenger.last(t, news.Code).Code, "known", "yes")
	v.says(enrolment.ErrResults.Text.Turkish)
	v.post("/apply/activate/code", append(v.hidden(), "code", w.messenger.last(t, news.Code).Code, "known", "yes")...)
	v.says("Şimdi e-postanıza gelen bağlantıyı açın")

	link, ok := strings.CutPrefix(w.messenger.last(t, news.Activation).Link, origin)
	if !ok {
		t.Fatalf("the link leads to %s", link)
	}
	phone := w.visitor(t) // another browser
	phone.ask("GET", link, "", nil)
	if phone.status != 200 || len(phone.cookies) != 0 {
		t.Fatalf("opening the link: %d, cookies %d", phone.status, len(phone.cookies))
	}
	phone.post("/apply/activate", phone.hidden()...)
	phone.at("/apply/activate/code", 200)
	phone.post("/apply/activate/send")
	phone.post("/apply/activate/code", append(phone.hidden(), "code", w.messenger.last(t, news.Code).Code, "known", "yes")...)
	phone.says("Hesabınız açıldı")
	if strings.Contains(phone.where, "?") {
		t.Errorf("the key stands in an address: %s", phone.where)
	}
	phone.post("/welcome", phone.hidden()...)
	phone.at("/first", 200)
	w.id(t, application.Activated)
}

// What was typed is kept on every step, right or wrong.
func TestWhatIsTypedIsKeptAlsoWhenItIsWrong(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(t)
	key := v.begin("natural")
	v.post("/apply/form/who", "identity-number", "10000000147", "given-names", "Işıl", "family-name", "", "birth-date", "31.02.1990")
	v.at("/apply/form/who", 422)
	v.says(`value="10000000147"`, `value="Işıl"`, `value="31.02.1990"`, "Yazdıklarınız kaydedildi")
	for _, field := range []string{"identity-number", "family-name", "birth-date"} {
		v.says(`href="#`+field+`"`, `id="`+field+`-problem"`)
	}
	v.post("/apply/form/contact", "mobile", "0532 123 45 67", "mail-address", "isil", "then", "later")
	v.at("/apply/status", 200)

	// Days later, in another browser.
	other := w.visitor(t)
	other.get("/apply/form/who")
	other.at("/apply/resume?next=%2Ftr%2Fapply%2Fform%2Fwho", 200)
	other.post("/apply/resume", append(other.hidden(), "secret", " "+key+" ")...)
	other.at("/apply/form/who", 200)
	other.says(`value="10000000147"`, `value="Işıl"`, `value="31.02.1990"`)
	other.get("/apply/form/contact")
	other.says(`value="0532 123 45 67"`, `value="isil"`)
	other.get("/apply/check")
	other.says("Form henüz gönderilemez")
	if strings.Contains(other.page, "accept-contract") {
		t.Error("a form that is not right can be handed in")
	}
}

// P-06, S02: the notice stands on the page, and an application begins with the
// version that stood there.
func TestNothingBeginsWithoutTheNoticeThatStoodOnThePage(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(t)
	v.get("/apply")
	current, err := w.notices.InForce(w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range current.Notice.Sections {
		v.says(s.Title.Turkish)
		for _, p := range s.Text {
			v.says(p.Turkish)
		}
	}
	v.says(current.Digest.String(), "Bu bir rıza değildir")
	v.post("/apply", "for", "natural", "notice", strings.Repeat("0", 64))
	v.says("yeni bir sürümü yürürlüğe girdi")
	v.post("/apply", "notice", current.Digest.String())
	v.at("/apply", 422)
	if len(v.cookies) != 0 {
		t.Error("a session was opened")
	}
}

// REQ-23: one box for each text, none ticked before, and only for the version that
// stood there.
func TestEachTextIsAcceptedByItself(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(t)
	v.begin("natural")
	v.fill(natural())
	v.at("/apply/check", 200)
	if n := strings.Count(v.page, `type="checkbox"`); n != 3 || strings.Contains(v.page, " checked") {
		t.Errorf("%d boxes, ticked: %v", n, strings.Contains(v.page, " checked"))
	}
	before := v.hidden()
	v.post("/apply/check", append(before, "accept-contract", "yes")...)
	v.at("/apply/check", 422)
	v.says(`id="accept-undertaking-problem"`, `id="accept-practice-statement-problem"`)
	for i, field := range before {
		if field == "digest-contract" {
			before[i+1] = strings.Repeat("0", 64) // a version that is no longer in force
		}
	}
	v.post("/apply/check", append(before, "accept-contract", "yes", "accept-undertaking", "yes", "accept-practice-statement", "yes")...)
	v.says(enrolment.ErrTexts.Text.Turkish)
	w.id(t, application.Draft)
	v.submit()
	v.at("/apply/method", 200)
	if w.documents.Versions(publication.Contract)[0].Digest.IsZero() {
		t.Error("nothing was accepted")
	}
}

// REQ-17: what is handed in is recognised and scanned, and what is not taken says why.
func TestPapersAreScannedAndListed(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(t)
	v.begin("private-legal")
	v.fill(personledgertest.Input(2, person.Private, false))
	v.submit()
	v.at("/apply/papers", 200)
	v.says("Ticaret sicil belgesi", "İmza sirküleri", "Yetkilendirme yazısı")
	path, field := "/apply/papers/registry-certificate", "file-registry-certificate"
	v.upload(path, field, "virus.pdf", []byte("%PDF-1.7 WORM\n%%EOF\n"))
	v.at(path, 422)
	v.says("zararlı yazılım bulundu", `id="`+field+`-problem"`)
	v.upload(path, field, "program.exe", []byte("MZ"))
	v.says("Belge türü tanınmadı")
	v.upload(path, field, "", nil)
	v.says("Bir dosya seçin")
	v.upload(path, field, "buyuk.pdf", append([]byte("%PDF-1.7"), make([]byte, enrolment.MaxPaper)...))
	v.says("Belge çok büyük.")
	v.upload(path, field, "belge.pdf", []byte("%PDF-1.7 registry\n%%EOF\n"))
	v.at("/apply/papers", 200)
	if n := strings.Count(v.page, ">temiz<"); n != 1 {
		t.Errorf("%d papers are there, want 1", n)
	}
	v.get("/apply/status")
	v.says("Belgeleri yükleyin")
}

// REQ-13: what is not possible is shown, with the reason, and cannot be chosen.
func TestMethodsThatAreNotPossibleSayWhy(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(t)
	v.begin("natural")
	in := natural()
	delete(in, "province")
	delete(in, "address")
	v.fill(in)
	v.submit()
	v.at("/apply/method", 200)
	v.says("başvuruya adres yazılmalıdır", "Bu yöntem şu anda sunulmuyor.")
	v.post("/apply/method", "method", "on-site")
	v.says("Bu yöntem bu başvuru için kullanılamaz.")
	v.post("/apply/method", "method", "by-post")
	v.says("Bir yöntem seçin.")
}

// The gate's page is another host's: a link leads there, and what comes back
// changes something only when it is sent.
func TestTheGateIsReachedByALinkAndItsReturnByAForm(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(t)
	v.begin("natural")
	v.fill(natural())
	v.submit()
	v.post("/apply/method", "method", "e-devlet")
	v.post("/apply/method/visit")
	v.says(`href="https://gate.test/login?state=state-1"`)
	v.get("/apply/method/return?state=state-1&code=abc")
	w.id(t, application.Pending)
	w.gate.fails = errors.Join(enrolment.ErrLater)
	v.post("/apply/method/return", v.hidden()...)
	v.says("ulaşılamıyor")
	w.gate.fails = nil
	v.post("/apply/method/return", "state", "another", "code", "abc")
	v.says(enrolment.ErrNotThis.Text.Turkish)
	v.post("/apply/method/return", "state", "state-1", "code", "abc")
	v.at("/apply/status", 200)
	w.id(t, application.Identified)
}

func TestATakenAddressIsAskedAgainWithFreeOnes(t *testing.T) {
	w := newWorld(t)
	first, second := w.visitor(t), w.visitor(t)
	for _, v := range []*visitor{first, second} {
		v.begin("natural")
		in := natural()
		in["kep-choice"] = "own"
		v.fill(in)
	}
	first.submit()
	second.submit()
	second.says(enrolment.ErrTaken.Text.Turkish, `href="#kep-address"`, `name="kep-choice"`, `value="isil.ogutcu.1@hs90.kep.test"`)
	second.get("/apply/form/account")
	free := strings.SplitN(strings.SplitN(second.page, `name="kep-choice" value="`, 2)[1], `"`, 2)[0]
	second.post("/apply/form/account", "kep-choice", free, "kep-address", "", "service", "receive-only")
	second.at("/apply/check", 200)
	second.says(free)
	second.submit()
	second.at("/apply/method", 200)
}

func TestAnApplicationIsTakenBackAfterAQuestion(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(t)
	key := v.begin("natural")
	v.get("/apply/withdraw")
	v.says("geri alınamaz")
	w.id(t, application.Draft)
	v.post("/apply/withdraw")
	v.at("/apply/status", 200)
	v.says("Geri çekildi", "Yeniden başvurun")
	v.get("/apply/form/who") // there is nothing to type any more
	v.at("/apply/status", 200)
	other := w.visitor(t)
	other.post("/apply/resume", "secret", key)
	other.at("/apply/status", 200) // he may still read how it ended
}

func TestWhyAnApplicationWasRefusedIsRead(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(t)
	v.begin("natural")
	v.fill(natural())
	v.submit()
	id := w.id(t, application.Submitted)
	if err := w.enrolment.Desk().Refuse(t.Context(), officer, id, application.NotEntitled); err != nil {
		t.Fatal(err)
	}
	v.get("/apply/status")
	v.says("Reddedildi", application.NotEntitled.Text().Turkish)
}

func TestWhoTypesAWrongKeyLearnsNothing(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(t)
	key := v.begin("natural")
	wrong := []byte(key)
	wrong[0] ^= 1
	stranger := w.visitor(t)
	for _, k := range []string{"", "abc", string(wrong), strings.Repeat("A", 43)} {
		for _, path := range []string{"/apply/resume", "/apply/activate"} {
			stranger.post(path, "secret", k)
			stranger.at(path, 422)
			stranger.says(enrolment.ErrLink.Text.Turkish)
		}
	}
	stranger.post("/apply/activate", "secret", key) // the applicant's own key is no mail link
	stranger.says(enrolment.ErrLink.Text.Turkish)
	if len(stranger.cookies) != 0 {
		t.Error("a session was opened")
	}
}

// REQ-21: a row that is wrong is named with its reason and nothing begins; a good
// file becomes an application for each row, and each of the people is told first.
func TestACompanyAppliesForItsPeopleWholeOrNotAtAll(t *testing.T) {
	w := newWorld(t)
	w.sessions = boss{"acc-company"}
	v := w.visitor(t)
	v.cookies["__Host-session"] = login.NewSecret().Reveal()
	v.get("/apply/bulk")
	v.at("/apply/bulk", 200)
	head := "identity-number;given-names;family-name;birth-date;mobile;mail-address\r\n"
	good := "10000000146;Işıl Çağrı;Öğütçü;29.10.1990;0532 123 45 67;isil@example.com\r\n"
	fields := v.hidden()
	for _, k := range application.Agreements() {
		fields = append(fields, "accept-"+string(k), "yes")
	}
	send := func(file string, fields ...string) {
		t.Helper()
		v.upload("/apply/bulk", "file", "kisiler.csv", []byte(file), fields...)
	}
	send(head+good, v.hidden()...)
	v.at("/apply/bulk", 422)
	v.says(`id="accept-contract-problem"`)
	send("nonsense", fields...)
	v.says("Dosya okunamadı")
	send(head+good+"12345678951;İbrahim;Ünlü;1.1.1980;0532 123 45 68;ibrahim@example.com\r\n", fields...)
	v.says("Hatalı satır: 1", "denetim rakamı", "Hiçbir başvuru başlamadı")
	if strings.Contains(v.page, "12345678951") {
		t.Error("the report says what the row says")
	}
	if list, err := w.enrolment.Corporate().List(t.Context(), "per-boss", 10); err != nil || len(list) != 0 {
		t.Fatalf("%d applications, %v", len(list), err)
	}
	send(head+good+"12345678950;İbrahim;Ünlü;01.02.1980;0532 123 45 68;ibrahim@example.com\r\n", fields...)
	v.at("/apply/bulk", 200)
	v.says("2 başvuru başladı")

	other := newWorld(t)
	other.sessions = boss{"acc-natural"}
	stranger := other.visitor(t)
	stranger.cookies["__Host-session"] = login.NewSecret().Reveal()
	stranger.get("/apply/bulk")
	stranger.at("/apply/bulk", 403)
}

// Somebody whose data came from his company is told before anything is asked of him.
func TestWhoCameByHisCompanyReadsTheNoticeFirst(t *testing.T) {
	w := newWorld(t)
	actor := rem.Actor{Account: "acc-company", Holder: "per-company", Person: "per-boss", Method: "passkey"}
	current, err := w.notices.InForce(w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	texts, err := w.enrolment.Texts()
	if err != nil {
		t.Fatal(err)
	}
	_, title, err := company(t.Context(), login.Session{Account: "acc-company"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.enrolment.Corporate().Apply(t.Context(), enrolment.Requester{
		Actor: actor, Company: title, Accepted: texts, Shown: enrolment.Shown{Notice: current.Digest, Language: privacy.Turkish, Channel: privacy.Website},
	}, []byte("identity-number;given-names;family-name;birth-date;mobile;mail-address\r\n10000000146;Işıl Çağrı;Öğütçü;29.10.1990;0532 123 45 67;isil@example.com\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	link := ""
	w.messenger.mu.Lock()
	for _, m := range w.messenger.sent {
		if strings.Contains(m.Link, apply.ResumePath+"?s=") {
			link = strings.TrimPrefix(m.Link, origin)
		}
	}
	w.messenger.mu.Unlock()
	if link == "" {
		t.Fatal("he was sent no link")
	}
	v := w.visitor(t)
	v.ask("GET", link, "", nil)
	v.post("/apply/resume", v.hidden()...)
	v.at("/apply/status", 200)
	v.get("/apply/method")
	v.post("/apply/method", "method", "office")
	v.at("/apply/notice", 200)
	v.says(current.Digest.String())
	v.post("/apply/notice", v.hidden()...)
	v.post("/apply/method", "method", "office")
	v.at("/apply/method/proof", 200)
}

// Every page of the part speaks both languages.
func TestNoPageHoldsTextInOneLanguage(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(t)
	v.begin("natural")
	v.fill(natural())
	for _, path := range []string{"/apply", "/apply/resume", "/apply/form/who", "/apply/form/account", "/apply/check", "/apply/papers", "/apply/status", "/apply/withdraw", "/apply/activate"} {
		v.ask("GET", "/en"+path, "", nil)
		if v.status != 200 || !strings.Contains(v.page, `<html lang="en">`) {
			t.Errorf("%s: %d", path, v.status)
		}
	}
}
