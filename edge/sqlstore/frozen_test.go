package sqlstore_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

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
		Account any
	}{ledgertest.Tell(t, s), told(&a)}, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

// told is what the store says of an account, in a form that can be compared: in
// that of the first release when the record is of the first version.
func told(a *account.Account) any {
	if a.Before != nil {
		return toldInClear(a)
	}
	type operator struct {
		account.Operator
		Name, Identity string
	}
	type holder struct {
		account.Holder
		Name string
	}
	v := struct {
		account.Account
		Holder    holder
		Operators []operator
	}{Account: *a, Holder: holder{a.Holder, hex.EncodeToString(a.Holder.Name.Bytes())}}
	for _, o := range a.Operators {
		v.Operators = append(v.Operators, operator{o, hex.EncodeToString(o.Name.Bytes()), hex.EncodeToString(o.Identity.Bytes())})
	}
	return v
}

func toldInClear(a *account.Account) any {
	type holder struct {
		Person rem.PersonID
		Name   string
		Legal  bool
	}
	type operator struct {
		Person         rem.PersonID
		Name, Identity string
		Send, Read     bool
		From, Until    time.Time
	}
	v := struct {
		ID        rem.AccountID
		Address   rem.Address
		Holder    holder
		State     account.State
		Created   time.Time
		Quota     int64
		Operators []operator
	}{a.ID, a.Address, holder{a.Holder.Person, a.Before.Holder, a.Holder.Legal}, a.State, a.Created, a.Quota, nil}
	for i, o := range a.Operators {
		v.Operators = append(v.Operators, operator{
			o.Person, a.Before.Operators[i].Name, a.Before.Operators[i].Identity, o.May.Has(account.Sending), o.May.Has(account.Reading), o.From, o.Until,
		})
	}
	return v
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
		ID: "acc-1", Address: rem.MustAddress("ayse@hs90.kep.test"), Holder: account.Holder{Person: "per-1", Name: ledgertest.Sealed, Legal: true},
		State: account.Open, Standing: account.Standing{Since: ledgertest.At}, Created: ledgertest.At, Quota: 1 << 20, Until: ledgertest.At.AddDate(1, 0, 0),
		Operators: []account.Operator{
			{Person: "per-1", Name: ledgertest.Sealed, Identity: ledgertest.Token, May: account.Everything},
			{Person: "per-2", May: account.Reading, By: "per-1", Until: ledgertest.At.AddDate(0, 1, 0), Proof: account.Proof{Kind: account.Appointment, Digest: rem.DigestOf([]byte("paper"))}},
		},
		Notices: []account.Notice{{Kind: account.OperatorAppointed, At: ledgertest.At, Person: "per-2", Due: ledgertest.At.AddDate(0, 1, 0)}},
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
