package sqlstore_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/edge/sqlstore"
	"rem/internal/testkit/ledgertest"
	"rem/message"
	"rem/person/account"
)

var release = flag.String("freeze", "", "write the sample of this release, such as v2; once")

// The journal of the first release, and what a ledger said about it then. The
// folder is never written again; a new version gets its own.
func TestJournalsOfEveryReleaseAreRead(t *testing.T) {
	if *release != "" {
		freeze(t, filepath.Join("testdata", *release))
	}
	releases, err := filepath.Glob("testdata/v*")
	if err != nil || len(releases) == 0 {
		t.Fatalf("no frozen journals (%v)", err)
	}
	for _, sample := range releases {
		t.Run(filepath.Base(sample), func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(filepath.Join(dir, "contents"), os.DirFS(filepath.Join(sample, "contents"))); err != nil {
				t.Fatal(err)
			}
			s := open(t, sqlstore.Options{Dir: dir, MinFree: -1, Alarm: func(err error) { t.Errorf("alarm: %v", err) }})
			want, err := os.ReadFile(filepath.Join(sample, "told.json"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(tell(t, s))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func tell(t *testing.T, s *sqlstore.Store) []byte {
	a, err := s.Account(t.Context(), "acc-1")
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.MarshalIndent(struct {
		Told    ledgertest.Told
		Account account.Account
	}{ledgertest.Tell(t, s), a}, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func freeze(t *testing.T, folder string) {
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatalf("a frozen sample is never written again: %v", err)
	}
	dir := t.TempDir()
	s := open(t, sqlstore.Options{Dir: dir, MinFree: -1})
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	do(s.Create(ctx, account.Account{
		ID: "acc-1", Address: rem.MustAddress("ayse@hs90.kep.test"), Holder: account.Holder{Person: "per-1", Name: "Ayşe"},
		State: account.Open, Created: ledgertest.At, Quota: 1 << 20, Operators: []account.Operator{{Person: "per-1", Send: true, Read: true}},
	}))
	do(s.SetPassword(ctx, "acc-1", "per-1", "hash"))
	_, err := s.Intend(ctx, message.Intention{Key: "submission/0", Stage: message.SubmissionStage, At: ledgertest.At, Body: []byte("body"), Content: message.InMemory([]byte("original\r\n"))})
	do(err)
	for _, m := range ledgertest.Journey(0)[1:] {
		do(m.Do(ctx, s))
	}
	do(s.Hint(ctx, message.Step{Message: ledgertest.Record(0, 2, "").ID, At: ledgertest.At, Queue: []message.Task{{Stage: message.DeliveryStage, Message: "m", Target: "1", Due: ledgertest.At}}}))
	do(s.Commit(ctx, message.Step{Message: ledgertest.Record(0, 2, "").ID, At: ledgertest.At, Envelope: &message.Envelope{Head: []byte("head"), Tail: []byte("tail")}, Note: "note"}))
	_, err = s.Intend(ctx, message.Intention{Key: "large", Stage: message.SubmissionStage, At: ledgertest.At, Content: message.InMemory(bytes.Repeat([]byte("large\r\n"), 10_000))})
	do(err)
	_, err = s.Intend(ctx, message.Intention{Key: "gone", Stage: message.SubmissionStage, At: ledgertest.At})
	do(err)
	do(s.Abandon(ctx, "gone"))
	told := tell(t, s)
	do(s.Close())
	do(os.Remove(filepath.Join(dir, "contents", "reserve")))
	do(os.Remove(filepath.Join(dir, "contents", "lock")))
	do(os.CopyFS(filepath.Join(folder, "contents"), os.DirFS(filepath.Join(dir, "contents"))))
	do(os.WriteFile(filepath.Join(folder, "told.json"), told, 0o644))
}
