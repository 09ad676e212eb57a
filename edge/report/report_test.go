package report_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/report"
	"rem/internal/testkit"
	"rem/internal/testkit/world"
	"rem/message"
	"rem/message/timeline"
	"rem/message/verification"
)

// sample tells a message to three people: one read it, one has it, one does not
// exist.
func sample(t *testing.T) (report.Options, []message.Filed) {
	t.Helper()
	kit := world.NewKit(t)
	w := kit.New(t, world.Options{})
	to := []string{world.Address("bora", "hs91"), world.Address("derya", "hs90"), world.Address("yok", "hs91")}
	subject := "Kira sözleşmesinin yenilenmesi: ĞÜŞİÖÇ ğüşıöç \u202eters\u202c 漢"
	l := world.Letter{From: "Ayşe Yılmaz <" + world.Address("ayse", "hs90") + ">", To: to, Subject: "x", Body: "Merhaba.\r\n"}
	r := w.Submit("ayse", "hs90", kit.Sign(t, l, 0), to...)
	w.Now()
	if _, err := w.Open("bora", "hs91", r.Message, 1); err != nil {
		t.Fatal(err)
	}
	w.Now()
	store := w.Providers[world.Domain("hs90")].Store
	v, err := store.Message(t.Context(), r.Message)
	if err != nil {
		t.Fatal(err)
	}
	filed, err := store.EvidenceOf(t.Context(), r.Message)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := verification.New(verification.Options{Policy: w.Policy(), Clock: w.Clock})
	if err != nil {
		t.Fatal(err)
	}
	judged, err := timeline.Judge(t.Context(), verifier, filed)
	if err != nil {
		t.Fatal(err)
	}
	v.Record.Subject = subject
	var anchors []byte
	for _, c := range kit.Anchors() {
		anchors = append(anchors, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	o := report.Options{
		Message: timeline.Of(v, timeline.Options{Judgements: judged}), XML: map[rem.Digest][]byte{},
		Trust: []report.File{{Name: "anchors.pem", Content: anchors}}, Provider: rem.Text{Turkish: "Örnek KEP Hizmet Sağlayıcısı A.Ş.", English: "Sample REM provider"},
		Made: w.Clock.Now(), CheckURL: "https://www.hs90.kep.test/tr/verify#" + v.Record.Digest.String()[:32],
	}
	for _, f := range filed {
		o.XML[f.Digest] = f.XML
	}
	return o, filed
}

func write(t *testing.T, o report.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.Write(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tool runs one of poppler's programs on a file of a folder.
func tool(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	c := exec.Command(testkit.Tool(t, name, "poppler-utils"), args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

func saved(t *testing.T, b []byte) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "report.pdf"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestReportTellsTheMessageInBothLanguages(t *testing.T) {
	o, filed := sample(t)
	for _, english := range []bool{false, true} {
		o.English = english
		dir := saved(t, write(t, o))
		text := tool(t, dir, "pdftotext", "-layout", "report.pdf", "-")
		words := strings.Join(strings.Fields(text), " ")
		want := []string{
			"Kira sözleşmesinin yenilenmesi: ĞÜŞİÖÇ ğüşıöç \uFFFDters\uFFFD \uFFFD", "bora@hs91.kep.test", "yok@hs91.kep.test", "3 alıcı: 2 kutuda (1 okundu), 1 ulaşmadı",
			"TOTAL-PASSED", "Okundu delili (60)", "Teslim delili (40)", "Türkiye saati", "Bize sormadan nasıl doğrulanır", "remverify --trust anchors.pem", "PDF/A değildir", "Sayfa 1 /", "Geçerli: imzası",
			"İletinin içeriği bu raporda yoktur", "geçti",
		}
		if english {
			want = []string{"Report of a registered message", "3 recipients: 2 in the mailbox (1 read), 1 failed", "Evidence of retrieval (60)", "Time in Türkiye", "How to verify this without us", "not PDF/A", "Page 1 /", "Valid: its signature"}
		}
		want = append(want, o.Message.Digest.String(), string(o.Message.ID), o.Message.Submitted.In(timeline.Türkiye).Format("02.01.2006 15:04:05"), o.Message.Submitted.UTC().Format("2006-01-02 15:04:05")+" UTC")
		for _, f := range filed {
			want = append(want, f.Digest.String())
		}
		squeezed := strings.ReplaceAll(words, " ", "")
		for _, s := range want {
			if !strings.Contains(squeezed, strings.ReplaceAll(s, " ", "")) {
				t.Errorf("english %t: nothing says %q", english, s)
			}
		}
		info := tool(t, dir, "pdfinfo", "report.pdf")
		if !strings.Contains(info, "A4") || !strings.Contains(info, string(o.Message.ID)) {
			t.Error(info)
		}
		if fonts := tool(t, dir, "pdffonts", "report.pdf"); strings.Count(fonts, "Identity-H       yes") != 3 || strings.Count(fonts, "\n") != 5 {
			t.Errorf("fonts that are not embedded:\n%s", fonts)
		}
		if shots := os.Getenv("REM_SCREENSHOTS"); shots != "" {
			prefix := filepath.Join(shots, "report-tr")
			if english {
				prefix = filepath.Join(shots, "report-en")
			}
			tool(t, dir, "pdftoppm", "-r", "70", "-png", "report.pdf", prefix)
		}
	}
}

// The evidence inside is the evidence, byte for byte, and holds by itself.
func TestAttachedEvidenceIsTheEvidence(t *testing.T) {
	o, filed := sample(t)
	dir := saved(t, write(t, o))
	tool(t, dir, "pdfdetach", "-saveall", "report.pdf")
	got := map[rem.Digest]string{}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got[rem.DigestOf(b)] = filepath.Base(name)
	}
	var names []string
	for _, f := range filed {
		if got[f.Digest] == "" {
			t.Errorf("evidence %s is not inside", f.ID)
		}
		names = append(names, got[f.Digest])
	}
	if got[rem.DigestOf(o.Trust[0].Content)] != "anchors.pem" || len(files) != len(filed)+2 {
		t.Errorf("the files are %v", files)
	}
	// The commands that the report names, as it names them.
	slices.Sort(names)
	xmlsec := exec.Command(testkit.Tool(t, "xmlsec1", "xmlsec1"), "--verify", "--enabled-key-data", "x509", "--trusted-pem", "anchors.pem", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", names[0])
	xmlsec.Dir = dir
	if out, err := xmlsec.CombinedOutput(); err != nil {
		t.Errorf("xmlsec1: %v\n%s", err, out)
	}
	subject := exec.Command("sh", "-c", `xmllint --xpath "string((//*[local-name()='X509Certificate'])[1])" `+names[0]+` | base64 -di | openssl x509 -inform DER -noout -subject -dates`)
	subject.Dir = dir
	if out, err := subject.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("KEPHS")) {
		t.Errorf("xmllint, openssl: %v\n%s", err, out)
	}
}

func TestSameInputGivesTheSameBytes(t *testing.T) {
	o, _ := sample(t)
	first := write(t, o)
	for range 3 {
		if !bytes.Equal(write(t, o), first) {
			t.Fatal("two reports of one message differ")
		}
	}
	o.Made = o.Made.Add(time.Second)
	if bytes.Equal(write(t, o), first) {
		t.Error("the time of the report is not in it")
	}
}

// The code holds the address of the check, which a phone reads.
func TestCodeHoldsTheAddressOfTheCheck(t *testing.T) {
	o, _ := sample(t)
	dir := saved(t, write(t, o))
	tool(t, dir, "pdftoppm", "-r", "200", "-f", "1", "-l", "1", "-png", "report.pdf", "page")
	pages, err := filepath.Glob(filepath.Join(dir, "page*.png"))
	if err != nil || len(pages) != 1 {
		t.Fatal(pages, err)
	}
	f, err := os.Open(pages[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := png.Decode(f); err != nil {
		t.Fatal(err)
	}
	read := exec.Command(testkit.Tool(t, "zbarimg", "zbar-tools"), "-q", "--raw", pages[0])
	out, err := read.Output()
	if err != nil || strings.TrimSpace(string(out)) != o.CheckURL {
		t.Errorf("the code says %q, %v", out, err)
	}
	for _, personal := range []string{"ayse", "bora", "Ay%C5%9Fe", "Kira"} {
		if bytes.Contains(out, []byte(personal)) {
			t.Errorf("the code names %s", personal)
		}
	}
}

func TestReportOfWhatIsMissingFails(t *testing.T) {
	o, _ := sample(t)
	whole := o.XML
	o.XML = map[rem.Digest][]byte{}
	if err := report.Write(&bytes.Buffer{}, o); err == nil {
		t.Error("a report without its evidence is written")
	}
	o.XML = map[rem.Digest][]byte{}
	for d, b := range whole {
		o.XML[d] = append([]byte(" "), b...)
	}
	if err := report.Write(&bytes.Buffer{}, o); err == nil {
		t.Error("a report with other bytes is written")
	}
	o.XML = whole
	full := errors.New("disk full")
	if err := report.Write(writerFunc(func([]byte) (int, error) { return 0, full }), o); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	o.Message.Recipients = make([]timeline.Recipient, 1001)
	if err := report.Write(&bytes.Buffer{}, o); !errors.Is(err, report.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
