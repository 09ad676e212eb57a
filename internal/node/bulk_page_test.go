package node

import (
	"archive/zip"
	"bytes"
	"crypto/tls"
	"encoding/csv"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rem"
	"rem/internal/setup"
	"rem/internal/testkit/browser"
	"rem/message/bulk"
	"rem/message/mailbox"
	"rem/person/login"
)

// REQ-57: on a whole provider somebody uploads a list, reads what is wrong with it,
// uploads a better one, sees the first letter and begins; and he sends messages that
// were signed before, from the file to the results. All of it works without scripts.
func TestABulkSendingGoesFromAFileToItsResults(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n := s.nodes[here]
	from := s.holder(0, isil)
	a, err := n.Store.ByAddress(t.Context(), rem.MustAddress(isil))
	if err != nil {
		t.Fatal(err)
	}
	grant, err := n.People.Login.Grant(t.Context(), login.Granting{Who: login.Who{Kind: login.Holder, Person: a.Holder.Person}, Account: a.ID, Names: []string{isil}})
	if err != nil {
		t.Fatal(err)
	}
	p := browser.Open(t).Page(t)
	at := func(path string) string { return n.Config.Web.Base + "/tr" + path }
	p.Open(at("/welcome"))
	p.Fill("grant", grant.Reveal())
	p.Submit(`main form[action="/tr/welcome"]`)
	p.Authenticator()
	p.Follow(`main a[href$="/security/passkey"]`)
	p.Fill("name", "masa")
	p.Submit(`main form[action="/tr/security/passkey"]`)
	p.As(browser.NoScript)

	folder := t.TempDir()
	file := func(name string, b []byte) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pack := func(name string, files map[string][]byte) string {
		t.Helper()
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for f, content := range files {
			w, err := z.Create(f)
			if err == nil {
				_, err = w.Write(content)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return file(name, b.Bytes())
	}
	const form = `main form[enctype]`
	var to []string
	for i := range 4 {
		to = append(to, fmt.Sprintf("alici-%d@%s", i, here))
		s.holder(1+i, to[i])
	}

	p.Open(at("/mail/bulk"))
	p.Follow(`main a[href$="/mail/bulk/new"]`)
	p.Check()
	p.Shot("bulk-new")
	p.Submit(form) // nothing chosen
	if p.Count(".problems") != 1 {
		t.Errorf("without a list: %s", p.Text("main"))
	}
	fill := func(list string) {
		t.Helper()
		p.Fill("subject", "Sayın {{ad}}, ekstreniz")
		p.Fill("text", "Sayın {{ad}},\n\nBorcunuz {{tutar}} TL'dir.")
		p.Attach("list", file("liste.csv", []byte(list)))
		p.Attach("package", pack("ekler.zip", map[string][]byte{"ayse.pdf": []byte("%PDF-1.7 deneme"), "fazla.pdf": []byte("%PDF-1.7")}))
		p.Submit(form)
	}
	fill("ad;tutar\r\nAyşe;5\r\n")
	if text := p.Text(".problems"); !strings.Contains(text, "adres") {
		t.Errorf("a list without addresses: %s", text)
	}
	fill("adres;ad;tutar;dosya\r\n" + to[0] + ";Ayşe Yılmaz;1.250,00;ayse.pdf\r\nbozuk;Bora;;\r\n" + to[2] + ";Cem;7;yok.pdf\r\n")
	for _, want := range []string{"gönderilemez", "“bozuk” bir KEP adresi değil", "“tutar” boş", "“yok.pdf” pakette yok", "adı geçmeyen 1 dosya"} {
		if text := p.Text("main"); !strings.Contains(text, want) {
			t.Errorf("the report does not say %q: %s", want, text)
		}
	}
	if p.Count(`main form[action$="/begin"]`) != 0 {
		t.Error("what is wrong can be begun")
	}
	p.Check()
	p.Shot("bulk-faults")
	p.Follow(`main a[href$="/mail/bulk/new"]`)
	fill("adres;ad;tutar;dosya\r\n" + to[0] + ";Ayşe Yılmaz;1.250,00;ayse.pdf\r\n" + to[1] + ";Bora;3;\r\n" + to[1] + ";Bora;4;\r\nkimse@" + here + ";Kimse;9;\r\n")
	for _, want := range []string{"Gönderime hazır", "Sayın Ayşe Yılmaz, ekstreniz", "Borcunuz 1.250,00 TL'dir.", "ayse.pdf", "2. satırda da var", "rehberde bulunmuyor"} {
		if text := p.Text("main"); !strings.Contains(text, want) {
			t.Errorf("the report does not say %q: %s", want, text)
		}
	}
	p.Check()
	p.Shot("bulk-ready")
	checked := p.Here()
	for _, look := range []struct {
		name    string
		options []browser.Option
	}{{"dark phone", []browser.Option{browser.Phone, browser.Dark}}, {"zoomed", []browser.Option{browser.Zoomed}}} {
		p.As(append(look.options, browser.NoScript)...)
		for name, path := range map[string]string{"bulk-ready": checked, "bulk-new": at("/mail/bulk/new")} {
			p.Open(strings.Replace(path, "/tr/", "/en/", 1))
			p.Check()
			p.Shot(name)
		}
	}
	p.As(browser.NoScript)
	p.Open(checked)
	if jobs, err := n.People.happenings.bulk.Store.Jobs(t.Context(), a.ID, 10); err != nil || len(jobs) != 0 {
		t.Errorf("before it was begun there are %d jobs: %v", len(jobs), err)
	}
	p.Submit(`main form[action$="/begin"]`)
	if text := p.Text("main"); !strings.Contains(text, "hazırlandı") || !strings.Contains(text, "4") {
		t.Errorf("after beginning: %s", text)
	}
	p.Open(checked) // it is not there a second time
	if text := p.Text("main"); strings.Contains(text, "Gönderime hazır") {
		t.Errorf("it can be begun again: %s", text)
	}
	p.Open(at("/mail/bulk"))
	p.Check()
	p.Shot("bulk-list")
	p.Follow("main table a")
	p.Submit(`main form[action$="/cancel"]`)

	signed := map[string][]byte{}
	for i, r := range to {
		signed[fmt.Sprintf("%d.eml", i)] = s.sign(from, letter{id: fmt.Sprintf("toplu-%d@%s", i, here), to: []string{r}, subject: fmt.Sprint("Toplu ", i)})
	}
	p.Open(at("/mail/bulk/new"))
	p.Click(`input[name="kind"][value="signed"]`)
	p.Attach("package", pack("imzali.zip", signed))
	p.Submit(form)
	p.Submit(`main form[action$="/begin"]`)
	job := p.Here()
	s.until("all of it is submitted", func() (bool, error) {
		p.Open(job)
		text := p.Text("main")
		return strings.Contains(text, "bitti") && strings.Contains(text, "gönderildi"), nil
	})
	p.Check()
	p.Shot("bulk-done")
	// The file of results, which the page leads to.
	if p.Count(`main a[href$="/results"]`) != 1 {
		t.Error("the page leads to no results")
	}
	j := bulk.ID(job[strings.LastIndex(job, "/")+1:])
	var b bytes.Buffer
	who := mailbox.Visitor{Actor: rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person, Method: "passkey"}, Case: "test"}
	s.until("evidence in the results", func() (bool, error) {
		b.Reset()
		err := n.People.happenings.bulk.Results(t.Context(), who, j, &b)
		return strings.Count(b.String(), "DeliveryNonDeliveryToRecipient,true") == len(to), err
	})
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 1+len(to) {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	got := map[string]bool{}
	for _, row := range rows[1:] {
		got[row[1]] = row[2] == "submitted"
	}
	for _, r := range to {
		if !got[r] {
			t.Errorf("%s has no result: %v", r, rows)
		}
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.world.Root()}}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	r, err := client.Get(checked)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode == http.StatusOK {
		t.Error("a stranger reads what was checked")
	}
}
