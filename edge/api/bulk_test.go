package api_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit/world"
	"rem/mail/mime"
	"rem/message/mailbox"
	"rem/person/token"
)

// form makes a request for bulk sending.
func (h *house) form(secret string, job any, list string, pack []byte) *httptest.ResponseRecorder {
	h.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	p, err := json.Marshal(job)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := w.WriteField("job", string(p)); err != nil {
		h.t.Fatal(err)
	}
	if list != "" {
		if err := w.WriteField("list", list); err != nil {
			h.t.Fatal(err)
		}
	}
	if pack != nil {
		f, err := w.CreateFormFile("package", "paket.zip")
		if err != nil {
			h.t.Fatal(err)
		}
		if _, err := f.Write(pack); err != nil {
			h.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		h.t.Fatal(err)
	}
	return h.ask(secret, "POST", "bulk", b.Bytes(), func(q *http.Request) { q.Header.Set("Content-Type", w.FormDataContentType()) })
}

func packed(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		w, err := z.Create(name)
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
	return b.Bytes()
}

type reported struct {
	Job           string
	Rows          int
	Faults, Notes []struct {
		Row  int
		Text struct{ TR, EN string }
	}
}

type job struct {
	ID, State string
	Rows      int
	Counts    map[string]int
}

// results are by row, then by column.
func (h *house) results(secret, id string) []map[string]string {
	h.t.Helper()
	w := h.ask(secret, "GET", "bulk/"+id+"/results", nil)
	h.get(w, 200, nil)
	all, err := csv.NewReader(w.Body).ReadAll()
	if err != nil {
		h.t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range all[1:] {
		m := map[string]string{}
		for i, name := range all[0] {
			m[name] = row[i]
		}
		out = append(out, m)
	}
	return out
}

// turn lets everything that works behind the door work once.
func (h *house) turn() {
	h.t.Helper()
	if err := h.bulk.Round(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	s := &mailbox.Sender{Box: h.box, Follow: func(ctx context.Context) error { _, err := h.follow.Follow(ctx); return err }, Alarm: func(err error) { h.t.Error(err) }}
	if err := s.Due(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.arrive()
	h.happen()
	if err := h.bulk.Round(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// What is wrong with a list is said row by row, in both languages, and nothing of it
// is kept.
func TestABulkListIsCheckedWholeBeforeAnythingIsKept(t *testing.T) {
	h := newHouse(t)
	ayse := h.token("ayse", token.Send, token.List)
	wish := map[string]any{"kind": "template", "subject": "Sayın {{ad}}", "text": "Borcunuz {{Tutar}} TL.", "html": "<p>Borcunuz <b>{{tutar}}</b> TL.</p>"}
	list := "adres;ad;tutar;dosya\n" +
		world.Address("cem", "hs90") + ";Cem <script>;100;\n" +
		"cem@example.com;Ali;5;\n" +
		world.Address("bora", "hs91") + ";;7;yok.pdf\n" +
		world.Address("bora", "hs91") + ";\"Bo\nra\";7;\n"
	var r reported
	h.get(h.form(ayse, wish, list, nil), 422, &r)
	var said []string
	for _, f := range r.Faults {
		if f.Text.TR == "" || f.Text.EN == "" {
			t.Errorf("row %d is told in one language alone", f.Row)
		}
		said = append(said, fmt.Sprint(f.Row, " ", f.Text.EN))
	}
	for _, want := range []string{"2 “cem@example.com” is no address", "3 “ad” is empty", "3 “yok.pdf” is not in the package", "4 A line end would come into the subject"} {
		if !strings.Contains(strings.Join(said, "\n"), want) {
			t.Errorf("%q is missing in %q", want, said)
		}
	}
	if len(said) != 4 || r.Job != "" || r.Rows != 4 || len(r.Notes) != 1 {
		t.Errorf("the report is %+v", r)
	}
	wish["text"] = "{{yok}} {{"
	h.get(h.form(ayse, wish, list, nil), 403, nil)
	wish["text"] = "{{yok}}"
	h.get(h.form(ayse, wish, list, nil), 422, &r)
	if len(r.Faults) != 1 || !strings.Contains(r.Faults[0].Text.EN, "{{yok}}") {
		t.Errorf("an unknown column is told as %+v", r.Faults)
	}
	var box page
	var jobs []job
	h.get(h.ask(ayse, "GET", "items?kind=draft", nil), 200, &box)
	if h.get(h.ask(ayse, "GET", "bulk", nil), 200, &jobs); len(box.Items)+len(jobs) != 0 {
		t.Errorf("%d drafts and %d jobs are left", len(box.Items), len(jobs))
	}
}

// A template becomes one draft for each recipient, with values that are no markup and
// its file; drafts are given out in batches, and a message is known by its draft.
func TestATemplateBecomesDraftsThatAreSigned(t *testing.T) {
	h := newHouse(t)
	ayse, cem := h.token("ayse", token.Send, token.List), h.token("cem", token.Send, token.List)
	wish := map[string]any{"kind": "template", "subject": "Sayın {{ad}}", "text": "Borcunuz {{tutar}} TL.", "html": "<p>Borcunuz <b>{{tutar}}</b> TL.</p>", "dryRun": true}
	list := "\ufeffAdres,Ad,Tutar,Dosya\r\n" + world.Address("cem", "hs90") + ",Işıl,<img src=x>,a/fatura.pdf\r\n" + world.Address("bora", "hs91") + ",İnci,7,\r\n"
	pack := packed(t, map[string][]byte{"a/fatura.pdf": []byte("%PDF-1.7\nfatura")})
	var r reported
	if h.get(h.form(ayse, wish, list, pack), 200, &r); r.Job != "" || len(r.Faults) != 0 {
		t.Fatalf("the trial says %+v", r)
	}
	delete(wish, "dryRun")
	h.get(h.form(ayse, wish, list, pack), 201, &r)
	var batch struct{ Drafts []string }
	h.get(h.ask(cem, "POST", "bulk/"+r.Job+"/batch", nil), 404, nil) // AT-28
	h.get(h.ask(cem, "GET", "bulk/"+r.Job+"/results", nil), 404, nil)
	h.get(h.ask(ayse, "POST", "bulk/"+r.Job+"/batch", nil), 200, &batch)
	if len(batch.Drafts) != 2 {
		t.Fatalf("the batch has %v", batch.Drafts)
	}
	first := batch.Drafts[0]
	w := h.ask(ayse, "GET", "drafts/"+first, nil)
	var d struct {
		Subject, Text, HTML string
		To                  []string
		Files               []struct{ Name, Type string }
	}
	if h.get(w, 200, &d); d.Subject != "Sayın Işıl" || d.Text != "Borcunuz <img src=x> TL." || !strings.Contains(d.HTML, "&lt;img src=x&gt;") || strings.Contains(d.HTML, "<img") {
		t.Errorf("the draft is %+v", d)
	}
	if len(d.Files) != 1 || d.Files[0].Name != "fatura.pdf" || d.Files[0].Type != "application/pdf" {
		t.Errorf("its files are %+v", d.Files)
	}
	if h.get(h.ask(ayse, "POST", "bulk/"+r.Job+"/batch", nil), 200, &batch); len(batch.Drafts) != 0 {
		t.Errorf("what was given out is given out again: %v", batch.Drafts)
	}
	// It is signed elsewhere and sent; its draft is dropped, as the door for signatures does.
	original := h.ask(ayse, "GET", "drafts/"+first+"/original", nil).Body.Bytes()
	h.get(h.ask(ayse, "POST", "messages", h.kit.SignUnsigned(t, mime.Memory(original), 0)), 201, nil)
	h.get(h.ask(ayse, "DELETE", "drafts/"+first, nil), 204, nil)
	h.turn()
	rows := h.results(ayse, r.Job)
	if len(rows) != 2 || rows[0]["step"] != "submitted" || rows[0]["state"] != "delivered" || rows[0]["message"] == "" || rows[0]["evidence"] == "" || rows[0]["address"] != world.Address("cem", "hs90") || rows[1]["step"] != "to-sign" {
		t.Errorf("the results are %v", rows)
	}
	var j job
	h.get(h.ask(ayse, "POST", "bulk/"+r.Job+"/cancel", nil), 200, &j)
	h.turn()
	if h.get(h.ask(ayse, "GET", "bulk/"+r.Job, nil), 200, &j); j.State != "done" || j.Counts["submitted"] != 1 || j.Counts["cancelled"] != 1 {
		t.Errorf("at the end it is %+v", j)
	}
}

// Messages that were signed beforehand go out at the account's pace, each once,
// through a pause and restarts; one that is refused has its evidence.
func TestSignedMessagesGoOutOnceAtTheirPace(t *testing.T) {
	h := newHouse(t)
	h.bulk.Rate = 2
	ayse := h.token("ayse", token.Send, token.List)
	files := map[string][]byte{}
	for i := range 5 {
		files[fmt.Sprintf("%d.eml", i)] = h.letter(fmt.Sprint("Bildirim ", i), world.Address("cem", "hs90"))
	}
	files["5.eml"] = bytes.Replace(h.letter("Bozuk", world.Address("cem", "hs90")), []byte("Merhaba"), []byte("Merhabb"), 1)
	var r reported
	h.get(h.form(ayse, map[string]any{"kind": "signed"}, "", packed(t, files)), 201, &r)
	h.get(h.ask(ayse, "POST", "bulk/"+r.Job+"/pause", nil), 200, nil)
	h.turn()
	var j job
	if h.get(h.ask(ayse, "GET", "bulk/"+r.Job, nil), 200, &j); j.Counts["signed"] != 6 || j.State != "paused" {
		t.Fatalf("paused it is %+v", j)
	}
	h.get(h.ask(ayse, "POST", "bulk/"+r.Job+"/resume", nil), 200, nil)
	for i := 0; j.State != "done"; i++ {
		if i > 20 {
			t.Fatalf("it does not end: %+v", j)
		}
		h.turn()
		h.get(h.ask(ayse, "GET", "bulk/"+r.Job, nil), 200, &j)
		if went := 6 - j.Counts["signed"]; went > 2*(i+1) {
			t.Errorf("%d went within %d minutes", went, i+1)
		}
		h.bulk = h.service() // the process restarts
		h.bulk.Rate = 2
		h.Clock.Advance(time.Minute)
	}
	refused, seen := 0, map[string]bool{}
	for _, row := range h.results(ayse, r.Job) {
		if seen[row["message"]] || row["message"] == "" {
			t.Errorf("row %s has message %q", row["row"], row["message"])
		}
		seen[row["message"]] = true
		if row["step"] == "refused" {
			refused++
			if row["evidence"] == "" || row["reason_code"] == "" || row["positive"] != "false" {
				t.Errorf("the refusal is told as %v", row)
			}
		}
	}
	var box page
	h.get(h.ask(h.token("cem", token.List), "GET", "items?folder=inbox", nil), 200, &box)
	if refused != 1 || len(box.Items) != 5 {
		t.Errorf("%d were refused, %d arrived", refused, len(box.Items))
	}
}

// Packages that harm a careless reader are refused, and nothing of them is kept.
func TestHostilePackagesAreRefused(t *testing.T) {
	h := newHouse(t)
	ayse := h.token("ayse", token.Send, token.List)
	good := h.letter("İyi", world.Address("cem", "hs90"))
	for name, pack := range map[string][]byte{
		"no zip":    []byte("PK, said the fox"),
		"empty":     packed(t, map[string][]byte{}),
		"a bomb":    packed(t, map[string][]byte{"a.eml": make([]byte, 900<<10)}),
		"too large": packed(t, map[string][]byte{"a.eml": bytes.Repeat([]byte("\x01\x99"), 3<<20)}),
		"a program": packed(t, map[string][]byte{"a.eml": good, "b.exe": []byte("MZ")}),
		"cut":       packed(t, map[string][]byte{"a.eml": good})[:200],
	} {
		if w := h.form(ayse, map[string]any{"kind": "signed"}, "", pack); w.Code != 403 && w.Code != 422 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	var r reported
	h.get(h.form(ayse, map[string]any{"kind": "signed"}, "", packed(t, map[string][]byte{
		"two.eml": h.letter("İki", world.Address("cem", "hs90"), world.Address("bora", "hs91")), "plain.eml": []byte("From: a@hs90.kep.test\r\nTo: " + world.Address("cem", "hs90") + "\r\n\r\nx"), "good.eml": good,
	})), 422, &r)
	if len(r.Faults) != 2 {
		t.Errorf("the report says %+v", r.Faults)
	}
	var jobs []job
	if h.get(h.ask(ayse, "GET", "bulk", nil), 200, &jobs); len(jobs) != 0 {
		t.Errorf("%d jobs are left", len(jobs))
	}
}
