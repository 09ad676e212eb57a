package soap_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/edge/apistore"
	"rem/edge/soap"
	"rem/internal/testkit"
	"rem/internal/testkit/mailboxtest"
	"rem/internal/testkit/vaulttest"
	"rem/internal/testkit/world"
	"rem/message"
	"rem/message/mailbox"
	"rem/person"
	"rem/person/account"
	"rem/person/token"
	"rem/privacy"
	"rem/privacy/inventory"
	"rem/provider/directory"
	"rem/trust/strictxml"
)

var update = flag.Bool("update", false, "write the golden files anew")

// names knows everybody.
type names struct{}

func (names) Acting(context.Context, mailbox.Visitor, account.Account) (privacy.Value, error) {
	return privacy.NewValue("Cem Örnek", privacy.ByDeclaration(time.Now())), nil
}

func (names) Holding(context.Context, mailbox.Visitor, account.Account) (privacy.Value, error) {
	return privacy.NewValue("Ayşe Örnek", privacy.ByDeclaration(time.Now())), nil
}

// listed is a directory with one entry.
type listed struct{}

func (listed) Query(context.Context, directory.Asker, directory.Question) (directory.Answer, error) {
	return directory.Answer{Outcome: directory.Found, Text: rem.Text{Turkish: "Bulundu", English: "Found"}, Results: []directory.Result{{
		Kind: person.Private, Address: rem.MustAddress("ornek@hs90.kep.test"), Values: []directory.Value{{Field: directory.Name, Text: "Örnek & Oğulları A.Ş."}},
	}}}, nil
}

func (listed) Check(_ context.Context, _ directory.Asker, _ directory.Use, addresses []rem.Address) ([]directory.Status, error) {
	list := make([]directory.Status, len(addresses))
	for i := range list {
		list[i] = directory.NotListed
	}
	list[0] = directory.Exists
	return list, nil
}

// A house is two providers, one of which has the door.
type house struct {
	*world.World
	t      *testing.T
	kit    *world.Kit
	here   *world.Provider
	tokens *token.Service
	follow *mailbox.Follower
	box    *mailbox.Box
	url    string
	log    *bytes.Buffer
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, kit: world.NewKit(t), log: &bytes.Buffer{}}
	h.World = h.kit.New(t, world.Options{})
	h.here = h.Providers[world.Domain("hs90")]
	store, err := apistore.Open(t.Context(), filepath.Join(t.TempDir(), "api.sqlite"), apistore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	h.tokens = &token.Service{Store: store.Tokens(), Accounts: h.here.Store, Sealer: vaulttest.New(t, inventory.Today()), Clock: h.Clock}
	boxes := mailboxtest.NewMemory()
	boxes.Clock = h.Clock
	h.box = &mailbox.Box{
		Ledger: h.here.Store, Store: boxes, Accounts: h.here.Store, Retriever: h.here.Retriever, Submitter: h.here.Submitter, Names: names{},
		Spool: func() mailbox.Spool { return h.here.Store.Spool() }, Clock: h.Clock, Domain: h.here.Domain, WordKey: bytes.Repeat([]byte{7}, 32),
	}
	h.follow = &mailbox.Follower{Feed: h.here.Store, Ledger: h.here.Store, Store: boxes, Domain: h.here.Domain, WordKey: h.box.WordKey}
	server := httptest.NewUnstartedServer(nil)
	h.url = "http://" + server.Listener.Addr().String()
	server.Config.Handler, err = soap.New(soap.Services{Tokens: h.tokens, Box: h.box, Accounts: h.here.Store, Directory: listed{}, MaxSize: 1 << 20, Base: h.url},
		h.Clock, slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	server.Start()
	t.Cleanup(server.Close)
	return h
}

// token makes one of a user of hs90.
func (h *house) token(user string, scopes ...token.Scope) string {
	h.t.Helper()
	a := world.Account(user, h.here.Domain)
	_, secret, err := h.tokens.Create(h.t.Context(), rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person},
		token.Wish{Kind: token.Personal, Scopes: scopes, Term: 24 * time.Hour})
	if err != nil {
		h.t.Fatal(err)
	}
	return secret.Reveal()
}

// arrive brings mailboxes up to what happened.
func (h *house) arrive() {
	h.t.Helper()
	h.Now()
	if _, err := h.follow.Follow(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

const (
	tcno     = "12345678950"
	password = "sayfa-parolasi-1"
)

func who(user, secret string) string {
	return fmt.Sprintf(`<x:kepHesap><x:kepHesap>%s</x:kepHesap><x:tcno>%s</x:tcno><x:parola>%s</x:parola><x:sifre>%s</x:sifre></x:kepHesap>`,
		world.Address(user, "hs90"), tcno, password, secret)
}

// envelope is what the public programs for eyServis send, of SOAP 1.1.
func envelope(op, fields string) string {
	return `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:x="http://ws.apache.org/axis2/xsd" xmlns:ns0="http://ws.apache.org/axis2"><soap:Body><ns0:` +
		op + `><ns0:param0>` + fields + `</ns0:param0></ns0:` + op + `></soap:Body></soap:Envelope>`
}

// post sends a body and gives status, media type and answer.
func (h *house) post(media, body string, change ...func(*http.Request)) (int, string, string) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), "POST", h.url+soap.Path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", media)
	for _, c := range change {
		c(r)
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return w.StatusCode, w.Header.Get("Content-Type"), string(b)
}

// ask calls an operation and gives the answer's values by name.
func (h *house) ask(op, fields string) map[string][]string {
	h.t.Helper()
	status, _, body := h.post("text/xml; charset=utf-8", envelope(op, fields))
	if status != 200 {
		h.t.Fatalf("%s: %d %s\n%s", op, status, body, h.log)
	}
	return values(h.t, body)
}

func values(t *testing.T, body string) map[string][]string {
	t.Helper()
	doc, err := strictxml.Parse([]byte(body), strictxml.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	out := map[string][]string{}
	var walk func(*strictxml.Element)
	walk = func(e *strictxml.Element) {
		if text, err := e.Text(); err == nil {
			out[e.Local] = append(out[e.Local], text)
		}
		for c := range e.ChildElements() {
			walk(c)
		}
	}
	walk(doc.Root)
	return out
}

func first(list []string) string {
	if len(list) == 0 {
		return "(none)"
	}
	return list[0]
}

// refusedWith asks for something that is a fault, and gives its text.
func (h *house) refusedWith(op, fields string) string {
	h.t.Helper()
	status, _, body := h.post("text/xml; charset=utf-8", envelope(op, fields))
	if status != 500 || !strings.Contains(body, "<faultcode>soap:") {
		h.t.Fatalf("%s: %d %s", op, status, body)
	}
	return first(values(h.t, body)["faultstring"])
}

func (h *house) letter(subject string, to ...string) []byte {
	return h.kit.Sign(h.t, world.Letter{From: world.Address("ayse", "hs90"), To: to, Subject: subject, Body: "Merhaba.\r\n"}, 0)
}

func (h *house) evidence(id string, kind message.Kind) (n int) {
	h.t.Helper()
	all, err := h.here.Store.EvidenceOf(h.t.Context(), rem.MessageID(id))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, f := range all {
		if f.Kind == kind {
			n++
		}
	}
	return n
}

// What a program for eyServis does all day: log in, build a message, sign its digest,
// send it, see it arrive, acknowledge it, download it, look for evidence. Listing makes
// none; opening makes it once (REQ-68).
func TestAMessageGoesByTheOldOperations(t *testing.T) {
	h := newHouse(t)
	secret := h.token("ayse", token.Scopes...)
	opened := h.ask("Giris", who("ayse", secret)+"<x:girisTur>BASE</x:girisTur>")
	session := first(opened["eGuvenlikId"])
	if first(opened["durum"]) != "0" || !strings.HasPrefix(session, "rem_s_") || strings.Contains(session, secret) {
		t.Fatalf("%v", opened)
	}
	ayse, cem := who("ayse", session), who("cem", h.token("cem", token.Scopes...))
	to := world.Address("cem", "hs90")
	made := h.ask("MimeYap", ayse+`<x:ePaketTur>Standart</x:ePaketTur><x:ePaketId>1</x:ePaketId><x:kime>`+to+`</x:kime><x:konu>Işık &amp; Ğ</x:konu><x:icerik>Merhaba.</x:icerik><x:eIcerikTur>TEXT</x:eIcerikTur>`+
		`<x:ekler contentType="text/plain" fileName="çek.txt">b24gbGlyYQ==</x:ekler>`)
	digest, err := base64.StdEncoding.DecodeString(first(made["eHash"]))
	if err != nil || len(digest) != 32 {
		t.Fatalf("%v", made)
	}
	id := strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(first(made["mesajid"]))
	p7s := base64.StdEncoding.EncodeToString(h.kit.SignDigest(t, digest, 0))
	gone := ayse + `<x:mesajid>` + id + `</x:mesajid><x:imza fileName="i.p7s">` + p7s + `</x:imza>`
	if bare := h.ask("SmimeGonder", ayse+`<x:mesajid>`+id+`</x:mesajid><x:imza>`+base64.StdEncoding.EncodeToString(make([]byte, 256))+`</x:imza>`); first(bare["durum"]) != "1" {
		t.Fatalf("a bare signature value: %v", bare)
	}
	if sent := h.ask("SmimeGonder", gone); first(sent["durum"]) != "0" {
		t.Fatalf("%v", sent)
	}
	if again := h.ask("SmimeGonder", gone); first(again["durum"]) != "2" {
		t.Errorf("a draft that was sent is sent again: %v", again)
	}
	h.arrive()
	sent := h.ask("PaketSorgula", ayse+`<x:ilktarih>2020-01-01T00:00:00</x:ilktarih><x:sontarih>2030-01-01T00:00:00</x:sontarih><x:dizin>INBOX.Sent</x:dizin>`)
	if len(sent["kepId"]) != 1 || first(sent["konu"]) != "Işık & Ğ" || first(sent["OrgMesajId"]) != first(made["mesajid"]) {
		t.Fatalf("%v", sent)
	}
	kep := first(sent["kepId"])
	inbox := h.ask("PaketSorgula", cem)
	if first(inbox["kepId"]) != kep || first(inbox["fromKep"]) != world.Address("ayse", "hs90") {
		t.Fatalf("%v", inbox)
	}
	named := cem + `<x:kepId>` + kep + `</x:kepId>`
	if n := h.evidence(kep, message.RetrievalNonRetrievalByRecipient); n != 0 {
		t.Fatalf("listing made %d evidences of retrieval", n)
	}
	for range 2 {
		if done := h.ask("AlindiOnay", named); first(done["durum"]) != "0" {
			t.Fatalf("%v", done)
		}
	}
	if n := h.evidence(kep, message.RetrievalNonRetrievalByRecipient); n != 1 {
		t.Errorf("acknowledging twice made %d evidences", n)
	}
	whole := h.ask("Indir", named+`<x:kepSiraNo>`+first(inbox["kepSiraNo"])+`</x:kepSiraNo><x:ePart>ORGM</x:ePart><x:dizin>INBOX</x:dizin>`)
	eml, err := base64.StdEncoding.DecodeString(first(whole["ePaket"]))
	if err != nil || !bytes.Contains(eml, []byte("multipart/signed")) {
		t.Fatalf("%v %.200s", err, eml)
	}
	parts := h.ask("Indir", named+`<x:ePart>ORGMATTACH</x:ePart>`)
	if len(parts["ePaket"]) != 1 || first(parts["ePaket"]) != "b24gbGlyYQ==" {
		t.Errorf("the attachments are %v", parts["ePaket"])
	}
	h.arrive()
	proofs := h.ask("PaketDelilSorgula", ayse+`<x:kepId>`+kep+`</x:kepId><x:dizin>INBOX.Sent</x:dizin>`)
	if got := strings.Join(proofs["delilTurId"], " "); got != "10 40 60" {
		t.Errorf("the codes of evidence are %q", got)
	}
	for i, id := range proofs["delilId"] {
		one := h.ask("PaketDelilIndir", ayse+`<x:delilId>`+id+`</x:delilId>`)
		xml, err := base64.StdEncoding.DecodeString(first(one["eDelil"]))
		if err != nil || !bytes.Contains(xml, []byte("http://uri.etsi.org/02640/v2#")) || proofs["tarih"][i] == "" || proofs["kephs"][i] != "hs90.kep.test" {
			t.Errorf("%s: %v %.100s", id, err, xml)
		}
	}
	if s := h.ask("IstatistikSorgula", strip(cem)); first(s["gelen"]) != "1" || first(s["acilmamis"]) != "0" {
		t.Errorf("%v", s)
	}
	if s := h.ask("DizinSorgula", strip(cem)); strings.Join(s["return"], " ") != "INBOX INBOX.Sent INBOX.Drafts INBOX.Evidence INBOX.Archive INBOX.Trash" {
		t.Errorf("%v", s)
	}
	if s := h.ask("KotaSorgula", strip(cem)); first(s["return"]) != "0" {
		t.Errorf("%v", s)
	}
	if s := h.ask("PaketSil", named); first(s["durum"]) != "0" {
		t.Errorf("%v", s)
	}
	if s := h.ask("PaketSorgula3", cem); len(s["kepId"]) != 0 || first(s["durum"]) != "0" {
		t.Errorf("%v", s)
	}
	h.Rest()
	h.MustHold()
}

// strip takes the structure around credentials away, for operations whose one field
// they are.
func strip(credentials string) string {
	return strings.TrimSuffix(strings.TrimPrefix(credentials, "<x:kepHesap>"), "</x:kepHesap>")
}

// What is refused by submission has its evidence, code 11; giving content without
// AlindiOnay is retrieval too.
func TestARefusalStandsInTheAnswer(t *testing.T) {
	h := newHouse(t)
	ayse := who("ayse", h.token("ayse", token.Send, token.List))
	unsigned := world.Letter{From: world.Address("ayse", "hs90"), To: []string{"biri@ornek.example"}, Subject: "KEP dışına", Body: "Merhaba.\r\n"}.Unsigned()
	got := h.ask("Yukle", ayse+`<x:ePaket>`+base64.StdEncoding.EncodeToString(unsigned)+`</x:ePaket>`)
	if first(got["durum"]) != "1" || !strings.Contains(first(got["hataaciklama"]), "delil ") {
		t.Errorf("%v", got)
	}
	cem := h.token("cem", token.List, token.Read)
	sent := h.ask("Yukle", ayse+`<x:ePaket>`+base64.StdEncoding.EncodeToString(h.letter("Bir", world.Address("cem", "hs90")))+`</x:ePaket><x:ePaketTur>Standart</x:ePaketTur>`)
	h.arrive()
	all := h.ask("Indir", who("cem", cem)+`<x:kepId>&lt;`+first(sent["kepId"])+`&gt;</x:kepId><x:ePart>ALL</x:ePart>`)
	if n := h.evidence(first(sent["kepId"]), message.RetrievalNonRetrievalByRecipient); n != 1 || len(all["ePaket"]) < 2 {
		t.Errorf("downloading made %d evidences of retrieval and gave %d files", n, len(all["ePaket"]))
	}
	// AT-28: another account's message is not there.
	other := h.ask("Indir", who("ayse", h.token("ayse", token.Read))+`<x:kepId>`+first(sent["kepId"])+`x</x:kepId>`)
	if first(other["durum"]) != "2" {
		t.Errorf("%v", other)
	}
	h.Rest()
	h.MustHold()
}

// What cannot be done as its name promises says so, and for whom it is nothing.
func TestWhatIsNotDoneSaysSo(t *testing.T) {
	h := newHouse(t)
	me := who("ayse", h.token("ayse", token.Scopes...))
	for op, want := range map[string]string{
		"KontorSorgula": "kontör yoktur", "TumKontorSorgula": "kontör yoktur", "YukleTebligat": "e-Tebligat", "TevdiListesiOlustur": "tevdi listesi",
		"TevdiListesiSil": "tevdi listesi", "YetkiliKayit": "kimliği doğrulanır", "YetkiliSil": "kişi aranmaz",
	} {
		fields := me
		if strings.Contains(op, "Kontor") {
			fields = strip(me)
		}
		if got := h.refusedWith(op, fields); !strings.Contains(got, want) {
			t.Errorf("%s says %q", op, got)
		}
	}
	if got := h.refusedWith("Yukle", me+`<x:ePaket>YQ==</x:ePaket><x:ePaketTur>ETebligat</x:ePaketTur>`); !strings.Contains(got, "e-Tebligat") {
		t.Error(got)
	}
	if got := h.refusedWith("Giris", me+`<x:girisTur>OTP</x:girisTur>`); !strings.Contains(got, "belirteç") {
		t.Error(got)
	}
	if got := h.refusedWith("GuvenliGiris", me+`<x:smsKey>123456</x:smsKey>`); !strings.Contains(got, "belirtec") {
		t.Error(got)
	}
	found := h.ask("RehberTuzelKisiSorgula", me+`<x:unvan>Örnek &amp; Oğulları A.Ş.</x:unvan>`)
	if first(found["kepAdres"]) != "ornek@hs90.kep.test" || first(found["deger"]) != "Örnek & Oğulları A.Ş." {
		t.Errorf("%v", found)
	}
	if got := h.refusedWith("RehberGercekKisiSorgula", me); !strings.Contains(got, "Tam bir bilgi") {
		t.Error(got)
	}
	checked := h.ask("RehberTopluKontrol", me+`<x:kepAdres>a@hs90.kep.test</x:kepAdres><x:kepAdres>b@hs90.kep.test</x:kepAdres>`)
	if len(checked["durum"]) != 2 || checked["sonuc"][0] == checked["sonuc"][1] {
		t.Errorf("%v", checked)
	}
}

// Only a token of the account opens; whatever stands in the fields, nothing of it is
// logged or said again; a session ends with its token (AT-29).
func TestCredentialsAreTokensAndStayUnsaid(t *testing.T) {
	h := newHouse(t)
	good, narrow := h.token("ayse", token.Scopes...), h.token("ayse", token.Directory)
	var said strings.Builder
	list := []struct{ user, secret, want string }{
		{"ayse", password, "API belirteçleri"}, {"ayse", "", "API belirteçleri"}, {"cem", good, "geçerli değil"}, {"ayse", good + "x", "geçerli değil"},
		{"ayse", "rem_p_canary-kanarya", "geçerli değil"}, {"ayse", "rem_s_canary-kanarya", "Oturum bitti"}, {"ayse", narrow, "mail.list"},
	}
	for _, c := range list {
		got := h.refusedWith("PaketSorgula", who(c.user, c.secret))
		said.WriteString(got)
		if !strings.Contains(got, c.want) {
			t.Errorf("%q is answered %q, want %q", c.secret, got, c.want)
		}
	}
	session := first(h.ask("Giris", who("ayse", good))["eGuvenlikId"])
	h.ask("PaketSorgula", who("ayse", session))
	h.ask("PaketSorgula", `<x:kepHesap><x:kepHesap>`+world.Address("ayse", "hs90")+`</x:kepHesap><x:tcno>x</x:tcno><x:parola>`+good+`</x:parola></x:kepHesap>`)
	h.Clock.Advance(31 * time.Minute)
	if got := h.refusedWith("PaketSorgula", who("ayse", session)); !strings.Contains(got, "Oturum bitti") {
		t.Errorf("after its time a session is answered %q", got)
	}
	// A session ends with its token.
	session = first(h.ask("Giris", who("ayse", good))["eGuvenlikId"])
	a := world.Account("ayse", h.here.Domain)
	actor := rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person}
	keys, err := h.tokens.Keys(t.Context(), actor)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if err := h.tokens.Revoke(t.Context(), actor, k.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.refusedWith("PaketSorgula", who("ayse", session)); !strings.Contains(got, "geçerli değil") {
		t.Errorf("a session of a revoked token is answered %q", got)
	}
	for range 40 {
		said.WriteString(h.refusedWith("PaketSorgula", who("ayse", "rem_p_canary-kanarya")))
	}
	if !strings.Contains(said.String(), "Çok fazla") {
		t.Error("guessing is not bounded")
	}
	for _, secret := range []string{good, narrow, session, password, tcno, "kanarya"} {
		if strings.Contains(h.log.String(), secret) || strings.Contains(said.String(), secret) {
			t.Errorf("%q is told again", secret)
		}
	}
}

// A request that could be read in two ways, or is none, is a fault in the form in
// which it came (AT-17, AT-18).
func TestOnlyOneReadingIsTaken(t *testing.T) {
	h := newHouse(t)
	me := who("ayse", h.token("ayse", token.Scopes...))
	good := envelope("PaketSorgula", me)
	for name, c := range map[string]struct{ media, body string }{
		"a document type":            {"text/xml", strings.Replace(good, "?>", `?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>`, 1)},
		"JSON":                       {"application/json", good},
		"another charset":            {"text/xml; charset=iso-8859-9", good},
		"no envelope":                {"text/xml", "<a/>"},
		"two operations":             {"text/xml", strings.Replace(good, "</soap:Body>", `<ns0:Giris><ns0:param0/></ns0:Giris></soap:Body>`, 1)},
		"two bodies":                 {"text/xml", strings.Replace(good, "</soap:Envelope>", "<soap:Body/></soap:Envelope>", 1)},
		"an unknown operation":       {"text/xml", envelope("Sil", me)},
		"an unknown field":           {"text/xml", envelope("PaketSorgula", me+"<x:yok>1</x:yok>")},
		"a field twice":              {"text/xml", envelope("PaketSorgula", me+"<x:dizin>INBOX</x:dizin><x:dizin>INBOX.Sent</x:dizin>")},
		"text between fields":        {"text/xml", envelope("PaketSorgula", me+"INBOX")},
		"a comment in a field":       {"text/xml", envelope("PaketSorgula", me+"<x:dizin>INBOX<!-- -->.Sent</x:dizin>")},
		"a header to be understood":  {"text/xml", strings.Replace(good, "<soap:Body>", `<soap:Header><w:Security xmlns:w="urn:w" soap:mustUnderstand="1"/></soap:Header><soap:Body>`, 1)},
		"a bad time":                 {"text/xml", envelope("PaketSorgula", me+"<x:ilktarih>dün</x:ilktarih>")},
		"an attachment that is gone": {"text/xml", envelope("Yukle", me+`<x:ePaket><i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:a"/></x:ePaket>`)},
		"an address elsewhere":       {"text/xml", envelope("Yukle", me+`<x:ePaket><i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="http://192.0.2.1/a"/></x:ePaket>`)},
		"more than an envelope has":  {"text/xml", envelope("Yukle", me+`<x:ePaket>`+strings.Repeat("YWJj", 2<<20)+`</x:ePaket>`)},
	} {
		status, media, body := h.post(c.media, c.body)
		if status != 500 || !strings.HasPrefix(media, "text/xml") || !strings.Contains(body, "<faultstring>") {
			t.Errorf("%s: %d %s %.300s", name, status, media, body)
		}
	}
	twelve := strings.Replace(envelope("PaketSorgula", me+"<x:yok/>"), "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope", 1)
	status, media, body := h.post("application/soap+xml; charset=utf-8", twelve)
	if status != 400 || !strings.HasPrefix(media, "application/soap+xml") || !strings.Contains(body, `<soap:Value>soap:Sender</soap:Value>`) || !strings.Contains(body, `xml:lang="en"`) {
		t.Errorf("SOAP 1.2: %d %s %s", status, media, body)
	}
	_, _, body = h.post("text/xml", envelope("Sil", me), func(r *http.Request) { r.Header.Set("Accept-Language", "en") })
	if !strings.Contains(body, "no such operation") {
		t.Errorf("in English: %s", body)
	}
}

// mtom writes a request by MTOM.
func mtom(xml string, parts map[string][]byte) (media, body string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part := func(id, media string, content []byte) {
		p, err := w.CreatePart(map[string][]string{"Content-Id": {"<" + id + ">"}, "Content-Type": {media}, "Content-Transfer-Encoding": {"binary"}})
		if err == nil {
			_, err = p.Write(content)
		}
		if err != nil {
			panic(err)
		}
	}
	part("root", `application/xop+xml; charset=utf-8; type="text/xml"`, []byte(xml))
	for id, content := range parts {
		part(id, "application/octet-stream", content)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return `multipart/related; boundary="` + w.Boundary() + `"; type="application/xop+xml"; start="<root>"; start-info="text/xml"`, b.String()
}

const include = `<x:ePaket><i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:a%40b"/></x:ePaket>`

// Attachments come and leave as they are, beside the XML.
func TestAttachmentsPassByMTOM(t *testing.T) {
	h := newHouse(t)
	secret := h.token("ayse", token.Scopes...)
	original := h.letter("Ek", world.Address("cem", "hs90"))
	media, body := mtom(envelope("Yukle", who("ayse", secret)+include), map[string][]byte{"a@b": original})
	status, _, answer := h.post(media, body)
	if got := values(t, answer); status != 200 || first(got["durum"]) != "0" {
		t.Fatalf("%d %s", status, answer)
	}
	kep := first(values(t, answer)["kepId"])
	h.arrive()
	status, media, answer = h.post("text/xml", envelope("Indir", who("ayse", secret)+`<x:kepId>`+kep+`</x:kepId><x:ePart>ALL</x:ePart><x:dizin>INBOX.Sent</x:dizin>`),
		func(r *http.Request) { r.Header.Set("Accept", "multipart/related, text/xml") })
	_, params, err := mime.ParseMediaType(media)
	if err != nil || status != 200 {
		t.Fatalf("%d %s %v", status, media, err)
	}
	parts := multipart.NewReader(strings.NewReader(answer), params["boundary"])
	var got [][]byte
	for {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b)
	}
	if len(got) < 3 || !bytes.Contains(got[0], []byte(`href="cid:1@eyservis"`)) || !bytes.Equal(got[1], original) {
		t.Errorf("%d parts, %.300s", len(got), got[0])
	}
	big := map[string][]byte{"a@b": bytes.Repeat([]byte("x"), 1<<20+1)}
	for name, change := range map[string]func() (string, string){
		"too large": func() (string, string) { return mtom(envelope("Yukle", who("ayse", secret)+include), big) },
		"another id": func() (string, string) {
			return mtom(envelope("Yukle", who("ayse", secret)+include), map[string][]byte{"c": original})
		},
		"cut short": func() (string, string) {
			m, b := mtom(envelope("Yukle", who("ayse", secret)+include), map[string][]byte{"a@b": original})
			return m, b[:len(b)-200]
		},
		"no token": func() (string, string) { return mtom(envelope("Yukle", who("ayse", "")+include), big) },
		"another type": func() (string, string) {
			m, b := mtom(envelope("Yukle", who("ayse", secret)+include), nil)
			return strings.Replace(m, "xop+xml", "zip", 1), b
		},
	} {
		media, body := change()
		if status, _, answer := h.post(media, body); status != 500 || !strings.Contains(answer, "faultstring") {
			t.Errorf("%s: %d %.300s", name, status, answer)
		}
	}
	h.Rest()
	h.MustHold()
}

// The description is stable, and says what this door is.
func TestTheDescriptionIsStable(t *testing.T) {
	h := newHouse(t)
	w, err := http.Get(h.url + soap.Path + "?wsdl")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.ReplaceAll(b, []byte(h.url), []byte("https://kep.example"))
	file := "testdata/eyservis.wsdl"
	if *update {
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, want) {
		t.Error("the description changed: run go test -update ./edge/soap and look at the difference")
	}
	if w.Header.Get("X-KEP-Interface") != "compatibility" || !bytes.Contains(b, []byte("COMPATIBILITY INTERFACE")) || w.Header.Get("Link") == "" {
		t.Errorf("it does not say that it is for compatibility: %v", w.Header)
	}
}

// curl sends the envelope of a public program for eyServis.
func TestCurlCallsIt(t *testing.T) {
	curl := testkit.Tool(t, "curl", "curl")
	h := newHouse(t)
	file := filepath.Join(t.TempDir(), "zarf.xml")
	if err := os.WriteFile(file, []byte(envelope("DizinSorgula", strip(who("ayse", h.token("ayse", token.List))))), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(curl, "-sS", "--fail", "-H", "Content-Type: text/xml; charset=utf-8", "-H", `SOAPAction: ""`, "--data-binary", "@"+file, h.url+soap.Path).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("<s:return>INBOX.Sent</s:return>")) {
		t.Errorf("%v %s", err, out)
	}
}

// zeep is a SOAP client that reads the description and does the rest itself.
func TestZeepReadsTheDescriptionAndCalls(t *testing.T) {
	h := newHouse(t)
	secret := h.token("ayse", token.Scopes...)
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(python, "-c", "import zeep").Run() != nil {
			continue
		}
		c := exec.Command(python, "testdata/zeep_client.py", h.url+soap.Path+"?wsdl", world.Address("ayse", "hs90"), secret, world.Address("cem", "hs90"))
		var outcome, trouble bytes.Buffer
		letter := h.letter("Zeep ile", world.Address("cem", "hs90"))
		c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(letter), &outcome, &trouble
		if err := c.Run(); err != nil {
			t.Fatalf("%v %s\n%s", err, outcome.String(), trouble.String())
		}
		if got := outcome.String(); got != "ok\n" {
			t.Error(got)
		}
		return
	}
	t.Fatal("no Python has zeep (Debian: python3-zeep)")
}

// AT-07: a file of 25 MB arrives without standing in memory: what is allocated for it is
// a small part of it.
func TestMemoryStaysFlatForLargeAttachments(t *testing.T) {
	h := newHouse(t)
	door, err := soap.New(soap.Services{Tokens: h.tokens, Box: h.box, Accounts: h.here.Store, Directory: listed{}, MaxSize: 64 << 20, Base: h.url}, h.Clock, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	h.box.Spool = func() mailbox.Spool { // the world's own disk is in memory
		f, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		return &onDisk{File: f}
	}
	secret := h.token("ayse", token.Scopes...)
	const size = 25 << 20
	head := "--b\r\nContent-Type: application/xop+xml\r\nContent-ID: <r>\r\n\r\n" + envelope("Yukle", who("ayse", secret)+strings.Replace(include, "a%40b", "f", 1)) +
		"\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-ID: <f>\r\n\r\n"
	// A message without a signature: it passes through the spool and is then refused.
	letter := "From: " + world.Address("ayse", "hs90") + "\r\nTo: " + world.Address("cem", "hs90") + "\r\nSubject: 25 MB\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n"
	r := httptest.NewRequest("POST", h.url+soap.Path, io.MultiReader(strings.NewReader(head+letter), io.LimitReader(lines{}, size), strings.NewReader("\r\n--b--\r\n")))
	r.RemoteAddr = "192.0.2.1:4711"
	r.Header.Set("Content-Type", `multipart/related; boundary=b; type="application/xop+xml"; start="<r>"`)
	w := httptest.NewRecorder()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	door.ServeHTTP(w, r)
	runtime.ReadMemStats(&after)
	if got := first(values(t, w.Body.String())["durum"]); w.Code != 200 || got != "1" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > size/2 {
		t.Errorf("a file of %d octets took %d octets of memory", size, used)
	}
}

// AT-07: large envelopes of strangers have so many places and no more; small requests
// are answered while all are taken, and a place that is left is free again.
func TestLargeEnvelopesOfStrangersAreFew(t *testing.T) {
	h := newHouse(t)
	door, err := soap.New(soap.Services{Tokens: h.tokens, Box: h.box, Accounts: h.here.Store, Directory: listed{}, MaxSize: 1 << 20, Base: h.url}, h.Clock, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	me := who("ayse", h.token("ayse", token.Scopes...))
	ask := func(body io.Reader) string {
		r := httptest.NewRequest("POST", h.url+soap.Path, body)
		r.RemoteAddr = "192.0.2.1:4711"
		r.Header.Set("Content-Type", "text/xml")
		w := httptest.NewRecorder()
		door.ServeHTTP(w, r)
		return w.Body.String()
	}
	large := envelope("Yukle", me+"<x:ePaket>"+strings.Repeat("YWJj", 30_000)+"</x:ePaket>")
	var waiting sync.WaitGroup
	var ends []*io.PipeWriter
	for range 32 {
		r, w := io.Pipe()
		ends = append(ends, w)
		waiting.Go(func() { ask(r) })
		if _, err := io.WriteString(w, strings.Repeat(" ", 64<<10+2)); err != nil { // the second octet behind is read by who has a place
			t.Fatal(err)
		}
	}
	if got := ask(strings.NewReader(large)); !strings.Contains(got, "MTOM ile") {
		t.Errorf("one more is answered %.300s", got)
	}
	if got := ask(strings.NewReader(envelope("DizinSorgula", strip(me)))); !strings.Contains(got, "INBOX.Sent") {
		t.Errorf("a small one is answered %.300s", got)
	}
	for _, w := range ends {
		w.Close()
	}
	waiting.Wait()
	if got := ask(strings.NewReader(large)); !strings.Contains(got, "durum") {
		t.Errorf("afterwards one is answered %.300s", got)
	}
}

// onDisk is a spool in a file.
type onDisk struct {
	*os.File
	size   int64
	digest rem.Digest
}

func (d *onDisk) Seal() error {
	sum := sha256.New()
	var err error
	d.size, err = io.Copy(sum, io.NewSectionReader(d.File, 0, 1<<40))
	d.digest = rem.Digest(sum.Sum(nil))
	return err
}

func (d *onDisk) Size() int64        { return d.size }
func (d *onDisk) Digest() rem.Digest { return d.digest }

// lines are text that never ends.
type lines struct{}

func (lines) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = "Merhaba.\r\n"[i%10]
	}
	return len(b) - len(b)%10, nil
}
