package evidence

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rem"
)

var compareDrafts = cmp.Comparer(func(a, b rem.Address) bool { return a == b })

func TestStoredDraftIsTheDraft(t *testing.T) {
	samples(t, func(t *testing.T, d Draft) {
		got, err := UnmarshalDraft(MarshalDraft(d))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, d, compareDrafts); diff != "" {
			t.Errorf("reloaded draft (-got +want):\n%s", diff)
		}
	})
}

func TestAnyDraftSurvivesStoring(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		moment := rapid.Custom(func(t *rapid.T) time.Time {
			if rapid.Bool().Draw(t, "none") {
				return time.Time{}
			}
			return time.Unix(rapid.Int64Range(0, 1<<40).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC()
		})
		party := rapid.Custom(func(t *rapid.T) Party {
			p := Party{Name: text.Draw(t, "name"), Foreign: text.Draw(t, "foreign"), Person: rem.PersonID(text.Draw(t, "person"))}
			if rapid.Bool().Draw(t, "kep") {
				p.Address = rem.MustAddress("u@hs9" + rapid.StringMatching(`[0-9]`).Draw(t, "hs") + ".kep.test")
			}
			return p
		})
		d := Draft{
			ID: rem.EvidenceID(text.Draw(t, "id")), Kind: Kind(rapid.Byte().Draw(t, "kind")), Outcome: Outcome(rapid.Byte().Draw(t, "outcome")),
			Reasons: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Reason {
				return Reason{rem.Reason(text.Draw(t, "code")), rem.Text{Turkish: text.Draw(t, "tr"), English: text.Draw(t, "en")}}
			}), 0, 3).Draw(t, "reasons"),
			PolicyIDs: rapid.SliceOfN(text, 0, 3).Draw(t, "policies"), Issuer: party.Draw(t, "issuer"),
			SenderAuthentication: Authentication{moment.Draw(t, "login"), text.Draw(t, "method")},
			EventTime:            moment.Draw(t, "event"), SubmissionTime: moment.Draw(t, "submission"), Sender: party.Draw(t, "sender"),
			Recipients: rapid.SliceOfN(party, 0, 4).Draw(t, "recipients"), RefersTo: rapid.Int().Draw(t, "refers"),
			Delegates: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Delegate {
				return Delegate{party.Draw(t, "delegate"), rapid.SliceOfN(rapid.Int(), 0, 3).Draw(t, "places")}
			}), 0, 2).Draw(t, "delegates"),
			Message:     MessageDetails{text.Draw(t, "subject"), text.Draw(t, "ua"), rem.MessageID(text.Draw(t, "mid")), rem.DigestOf([]byte(text.Draw(t, "content"))), rapid.Int64().Draw(t, "size")},
			ForwardedTo: text.Draw(t, "forwarded"), Answers: Answer{rem.EvidenceID(text.Draw(t, "answers")), rem.DigestOf(nil)},
			Log: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) LogEntry {
				return LogEntry{text.Draw(t, "event"), moment.Draw(t, "at"), text.Draw(t, "actor")}
			}), 0, 2).Draw(t, "log"),
		}
		b := MarshalDraft(d)
		got, err := UnmarshalDraft(b)
		if err != nil {
			t.Fatalf("reloading %x: %v", b, err)
		}
		if again := MarshalDraft(got); !bytes.Equal(again, b) {
			t.Fatalf("stored again %x, want %x", again, b)
		}
	})
}

func TestStoredDraftOfTheFirstVersionIsRead(t *testing.T) {
	file := filepath.Join("testdata", "v1", "draft.bin")
	d := sampleDraft(RetrievalNonRetrievalByRecipient, Positive)
	stored, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := UnmarshalDraft(stored)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, d, compareDrafts); diff != "" {
		t.Errorf("draft of the frozen sample (-got +want):\n%s", diff)
	}
}

func TestBytesThatAreNoStoredDraftAreRefused(t *testing.T) {
	good := MarshalDraft(sampleDraft(DeliveryNonDeliveryToRecipient, Negative))
	for n := range good {
		if _, err := UnmarshalDraft(good[:n]); !errors.Is(err, ErrDraft) {
			t.Fatalf("the first %d octets of %d: %v, want ErrDraft", n, len(good), err)
		}
	}
	if _, err := UnmarshalDraft(append(bytes.Clone(good), 0)); !errors.Is(err, ErrDraft) {
		t.Errorf("with an octet behind it: %v, want ErrDraft", err)
	}
	later := bytes.Clone(good)
	later[0] = draftVersion + 1
	if _, err := UnmarshalDraft(later); !errors.Is(err, ErrDraft) {
		t.Errorf("a later version: %v, want ErrDraft", err)
	}
}

func FuzzUnmarshalDraft(f *testing.F) {
	f.Add(MarshalDraft(Draft{}))
	f.Add(MarshalDraft(sampleDraft(RetrievalNonRetrievalByRecipient, Positive)))
	f.Add(MarshalDraft(sampleDraft(RelayToNonREMSystem, Negative)))
	f.Add([]byte{1, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := UnmarshalDraft(b)
		if err != nil {
			return
		}
		if again := MarshalDraft(d); !bytes.Equal(again, b) {
			t.Errorf("stored again %x, want %x", again, b)
		}
	})
}
