package envelope

import (
	"bytes"
	"context"
	"crypto"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/edge/simulator"
	"rem/internal/testkit/pki"
	"rem/mail/mime"
	"rem/message"
	"rem/provider"
	"rem/trust/cades"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var (
	at  = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	hs9 = provider.REMMD{Domain: "hs90.kep.test", Name: rem.Text{Turkish: "Deneme KEPHS 90", English: "Trial REM-MD 90"}, Service: rem.MustAddress("kep@hs90.kep.test")}
)

// letter is an original message of n bytes or a little more.
func letter(n int) []byte {
	var b bytes.Buffer
	b.WriteString("From: =?utf-8?q?Ay=C5=9Fe?= <ayse@hs90.kep.test>\r\nTo: bora@hs91.kep.test\r\nSubject: x\r\nMessage-ID: <1@ayse.test>\r\n" +
		"In-Reply-To: <0@bora.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
	for b.Len() < n {
		b.WriteString("Sayın Bora Çelik, ekteki sözleşme taslağını görüşlerinize sunarım.\r\n")
	}
	return b.Bytes()
}

// record describes an original as submission would.
func record(original []byte) *message.Record {
	return &message.Record{
		ID: "01kaz3w5x0abcdefghjkmnpqrs@hs90.kep.test", Origin: "hs90.kep.test",
		Sender:      message.Party{Address: rem.MustAddress("ayse@hs90.kep.test"), Name: "Ayşe Yılmaz"},
		Subject:     "Sözleşme taslağı: son hâli",
		UAMessageID: "<1@ayse.test>",
		Digest:      rem.DigestOf(original), Size: int64(len(original)), Submitted: at.Add(-time.Second),
		Recipients: []message.Recipient{
			{Party: message.Party{Address: rem.MustAddress("bora@hs91.kep.test"), Name: "Bora Çelik"}},
			{Party: message.Party{Address: rem.MustAddress("cem@firma.hs91.kep.test")}, Copy: true},
		},
	}
}

// filed stands for an evidence: its XML is any bytes to this package.
func filed(k message.Kind, o message.Outcome, n int, reasons ...rem.Reason) message.Filed {
	xml := []byte("<" + k.String() + " xmlns=\"http://uri.etsi.org/02640/v2#\">" + strings.Repeat("ğ ", 40) + "</" + k.String() + ">")
	return message.Filed{
		ID: rem.NewEvidenceID(record(nil).ID, k.Code(o), n, "hs90"), Kind: k, Outcome: o, Recipient: n, Issuer: "hs90.kep.test",
		Time: at, Reasons: reasons, XML: xml, Digest: rem.DigestOf(xml),
	}
}

func submitted() message.Filed {
	return filed(message.SubmissionAcceptanceRejection, message.Positive, 0)
}

// constant signs with the same bytes always, for golden files.
type constant struct{}

func (constant) Hash() crypto.Hash { return crypto.SHA256 }
func (constant) Sign(_ context.Context, digest []byte, _ time.Time) ([]byte, error) {
	return append([]byte("not a signature, of "), digest...), nil
}

// world is a REM-MD with an operation certificate.
func world(t testing.TB, key simulator.KeyKind) (*Maker, *pki.World) {
	t.Helper()
	w := pki.New(t, simulator.Options{Key: key})
	id := w.REMMD("hs90.kep.test")
	s, err := cades.NewSigner(cades.Options{Key: id.Key, Chain: id.Chain})
	if err != nil {
		t.Fatal(err)
	}
	return &Maker{Provider: hs9, Signer: s}, w
}

// dispatch joins the pieces.
func dispatch(t testing.TB, m *Maker, original []byte) []byte {
	t.Helper()
	e, err := m.Dispatch(t.Context(), record(original), message.InMemory(original), submitted(), at)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Join([][]byte{e.Head, original, e.Tail}, nil)
}

func readBytes(t testing.TB, b []byte) *Envelope {
	t.Helper()
	e, err := Read(mime.Memory(b))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got); rewrite with -update and review:\n%s", name, diff)
	}
}
