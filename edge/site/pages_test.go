package site_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rem"
	"rem/edge/site"
	"rem/internal/testkit/webtest"
)

const base = "https://kep.test"

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, base+path, nil))
	return w
}

// S46, S47: each version is found under its number and its digest for ever, and
// what is given out is the text itself, byte for byte.
func TestEveryVersionOfTheNoticeHasItsAddress(t *testing.T) {
	w := newWorld(t)
	h := w.open(t)(base)
	versions := w.services.Notices.Versions()
	if len(versions) != 2 {
		t.Fatal(len(versions))
	}
	for i, number := range []string{"v1", "v2"} {
		v := versions[i]
		for _, path := range []string{"/tr/notice/" + number, "/en/notice/sha256/" + v.Digest.String()} {
			if got := get(h, path); got.Code != 200 || !strings.Contains(got.Body.String(), v.Digest.String()) {
				t.Errorf("%s: %d", path, got.Code)
			}
		}
		got := get(h, "/notice-bytes/"+number)
		if !bytes.Equal(got.Body.Bytes(), v.Source) || rem.DigestOf(got.Body.Bytes()) != v.Digest {
			t.Errorf("the bytes of %s are not its bytes", number)
		}
	}
	if got := get(h, "/tr/notice").Body.String(); !strings.Contains(got, versions[1].Digest.String()) {
		t.Error("the notice in force is another one")
	}
	if got := get(h, "/tr/notice-changes/v2").Body.String(); !strings.Contains(got, "90 312 000 00 01") || !strings.Contains(got, "önemli") {
		t.Error("the change of a telephone is not told as material")
	}
	for _, path := range []string{"/tr/notice/v0", "/tr/notice/v3", "/tr/notice/v01", "/tr/notice/1", "/tr/notice/v+1", "/tr/notice/v99999999999999999999", "/tr/notice-changes/v1", "/tr/notice/sha256/0", "/notice-bytes/v3", "/tr/documents/tariff/v1", "/tr/documents/x", "/documents/contract/v2/document.txt"} {
		if got := get(h, path); got.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

// A provider without a notice or a tariff says so.
func TestWhatIsNotThereIsSaid(t *testing.T) {
	w := newWorld(t)
	h := w.open(t)(base)
	if got := get(h, "/tr/tariff"); got.Code != 200 || !strings.Contains(got.Body.String(), "henüz bir tarife yayımlamadı") {
		t.Errorf("no tariff: %d", got.Code)
	}
	if got := get(h, "/tr/documents").Body.String(); strings.Count(got, "Yayımlanmadı") != 2 {
		t.Error("the documents that are not published are not said")
	}
	if got := get(h, "/.well-known/security.txt"); got.Code != 200 || !strings.Contains(got.Body.String(), "Expires: 2027-") || !strings.Contains(got.Body.String(), "Contact: mailto:") {
		t.Errorf("security.txt: %d %s", got.Code, got.Body)
	}
}

func upload(t *testing.T, files map[string][]byte) *http.Request {
	t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for name, content := range files {
		part, err := m.CreateFormFile("files", name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	q := httptest.NewRequest(http.MethodPost, base+"/en/verify", &body)
	q.Header.Set("Content-Type", m.FormDataContentType())
	q.Header.Set("Origin", base)
	return q
}

// An evidence that somebody changed, and a file that is none, are told as what
// they are; markup in them stays text.
func TestAChangedEvidenceIsToldAsChanged(t *testing.T) {
	w := newWorld(t)
	h := w.open(t)(base)
	changed := bytes.Replace(w.files["teslim.xml"], []byte("Event#Delivery"), []byte("Event#Delivert"), 1)
	for name, c := range map[string]struct {
		files map[string][]byte
		want  []string
		not   string
	}{
		"good":    {w.files, []string{"Valid", "TOTAL-PASSED", "Bora \ufffd&lt;script&gt;"}, "<script>"},
		"changed": {map[string][]byte{"<b>.xml": changed}, []string{"Not valid", "TOTAL-FAILED", "&lt;b&gt;.xml"}, "<b>"},
		"another": {map[string][]byte{"teslim.xml": w.files["teslim.xml"], "x.eml": append(w.original, '!')}, []string{"TOTAL-FAILED"}, "TOTAL-PASSED.</code>"},
		"noise":   {map[string][]byte{"noise.bin": {0, 1, 2}}, []string{"Cannot be said", "noise.bin"}, "TOTAL-PASSED"},
		"nothing": {map[string][]byte{"empty.xml": nil}, []string{"at least one file", "aria-invalid"}, "TOTAL"},
	} {
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, upload(t, c.files))
		for _, want := range c.want {
			if !strings.Contains(answer.Body.String(), want) {
				t.Errorf("%s: %d lacks %q", name, answer.Code, want)
			}
		}
		if strings.Contains(answer.Body.String(), c.not) {
			t.Errorf("%s: has %q", name, c.not)
		}
	}
	large := httptest.NewRecorder()
	h.ServeHTTP(large, upload(t, map[string][]byte{"large.eml": make([]byte, 33<<20)}))
	if large.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("33 MB: %d", large.Code)
	}
}

// The pages of this package are for everybody, and answer everybody.
func TestAllPagesArePublic(t *testing.T) {
	w := newWorld(t)
	w.open(t)(base)
	if n := webtest.Matrix(t, w.site, base, webtest.Principals()); n < 300 {
		t.Errorf("%d cells", n)
	}
	for _, r := range site.Part(newWorld(t).services).Routes {
		if !r.Who.Public() {
			t.Errorf("%s asks who somebody is", r.Name)
		}
	}
}
