package mailbox

import (
	"bytes"
	"testing"
	"time"

	"rem"
	"rem/message"
)

// A mail program is told the length of an evidence before anybody reads it.
func TestLengthOfAnEvidenceAsMailIsKnownWithoutItsXML(t *testing.T) {
	r := &message.Record{
		ID: "abc@hs90.kep.test", Subject: "Çağrı: ölçü ve değer", UAMessageID: "<one@example.test>",
		Sender:     message.Party{Address: rem.MustAddress("ayse@hs90.kep.test")},
		Recipients: []message.Recipient{{Party: message.Party{Address: rem.MustAddress("bora@hs91.kep.test")}}},
	}
	f := message.Filed{ID: "abc.D1.hs91", Kind: message.DeliveryNonDeliveryToRecipient, Outcome: message.Positive, Recipient: 1, Issuer: "hs91.kep.test", Time: time.Unix(1_800_000_000, 0)}
	for _, n := range []int{1, 2, 3, 56, 57, 58, 59, 114, 115, 7001, 11_264} {
		f.XML = bytes.Repeat([]byte("<"), n)
		whole, err := EvidenceMail(r, f, "hs90.kep.test")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := evidenceMailSize(r, f, "hs90.kep.test", int64(n)); err != nil || got != int64(len(whole)) {
			t.Errorf("an evidence of %d octets: %d (%v), want %d", n, got, err, len(whole))
		}
	}
}
