package enrolment

import (
	"bytes"
	"os"
	"testing"
	"time"

	"rem"
	"rem/person/application"
)

// frozen compares with a sample that is never made again (docs/formats/enrolment.md).
func frozen(t *testing.T, name string, got []byte) {
	t.Helper()
	want, err := os.ReadFile("testdata/v1/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is written otherwise:\n%s", name, got)
	}
}

func TestTheTextThatOpensAnAccountIsAsItWas(t *testing.T) {
	b, err := activationText(&application.View{
		ID: "06h0ed2ng2zhe9hd6xnqr1hj94", Submitted: &application.Submission{Address: rem.MustAddress("isil.ogutcu@hs90.kep.test"), Form: rem.DigestOf([]byte("form"))},
		Decision: &application.Decision{Identity: "06h0ed2ng2zhe9hd6xnqr1hj94.id1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	frozen(t, "activation.txt", b)
}

func TestACompanysFileIsWrittenDownAsItWas(t *testing.T) {
	at := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	b := batch{id: "06h0ed2ng2zhe9hd6xnqr1hj94", by: rem.Actor{Account: "acc-1", Holder: "per-1", Person: "per-2"}, made: at,
		notice: application.Notice{Digest: rem.DigestOf([]byte("notice")), Delivery: "notice-delivery-7", At: at}, file: rem.DigestOf([]byte("file")), rows: 3}
	text, err := b.write()
	if err != nil {
		t.Fatal(err)
	}
	frozen(t, "batch.txt", text)
	read, err := readBatch(text)
	if err != nil || *read != b {
		t.Errorf("%+v, %v", read, err)
	}
	for i := range text {
		if _, err := readBatch(text[:i]); err == nil {
			t.Fatalf("%d octets of it were read", i)
		}
	}
	if got := b.row(2); got != "06h0ed2ng2zhe9hd6xnqr1hj94-0003" {
		t.Errorf("the third row is %s", got)
	}
}
