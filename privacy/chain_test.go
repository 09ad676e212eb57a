package privacy_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/internal/testkit/vaulttest"
	"rem/privacy"
)

func entry(n uint64) privacy.AccessEntry {
	return privacy.AccessEntry{
		Number: n, Time: at.Add(time.Duration(n) * time.Second), Act: privacy.Opened, Actor: "staff-1", Account: "a-1", Role: privacy.AsOfficer,
		Purpose: privacy.Identification, Case: "case-1", Person: "p-1", Fields: []privacy.FieldID{identityField, nameField},
	}
}

const logName = "log-1"

// chainOf links entries as a log does.
func chainOf(entries ...privacy.AccessEntry) (links []privacy.Link) {
	hash := privacy.BeginChain(logName)
	for i := range entries {
		b := privacy.AppendEntry(nil, &entries[i])
		hash = privacy.ChainHash(hash, b)
		links = append(links, privacy.Link{Entry: b, Hash: hash})
	}
	return links
}

func sequence(links []privacy.Link) iter.Seq2[privacy.Link, error] {
	return func(yield func(privacy.Link, error) bool) {
		for _, l := range links {
			if !yield(l, nil) {
				return
			}
		}
	}
}

// AT-26: an entry that is changed, left out, moved, doubled, put in or taken
// from another log is found. One that is taken from the end is not, and is found
// by whoever kept the end.
func TestAChangedLogIsFound(t *testing.T) {
	links := chainOf(entry(1), entry(2), entry(3), entry(4))
	end, err := privacy.Verify(logName, sequence(links))
	if err != nil || end.Number != 4 || end.Hash != links[3].Hash {
		t.Fatalf("%v, %v", end, err)
	}
	forged := entry(3)
	forged.Person = "p-2"
	forgedBytes := privacy.AppendEntry(nil, &forged)
	earlier := entry(3)
	earlier.Time = at
	cases := map[string][]privacy.Link{
		"changed, with the old hash": {links[0], links[1], {Entry: forgedBytes, Hash: links[2].Hash}, links[3]},
		"changed, with its own hash": {links[0], links[1], {Entry: forgedBytes, Hash: privacy.ChainHash(links[1].Hash, forgedBytes)}, links[3]},
		"left out":                   {links[0], links[2], links[3]},
		"the first left out":         links[1:],
		"moved":                      {links[0], links[2], links[1], links[3]},
		"doubled":                    {links[0], links[1], links[1], links[2], links[3]},
		"put in":                     {links[0], {Entry: forgedBytes, Hash: privacy.ChainHash(links[0].Hash, forgedBytes)}, links[1], links[2], links[3]},
		"time that falls":            chainOf(entry(1), entry(2), earlier),
		"a number twice":             chainOf(entry(1), entry(1)),
	}
	for name, c := range cases {
		if _, err := privacy.Verify(logName, sequence(c)); !errors.Is(err, privacy.ErrChain) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := privacy.Verify("log-2", sequence(links)); !errors.Is(err, privacy.ErrChain) {
		t.Errorf("as another log: %v", err)
	}
	if short, err := privacy.Verify(logName, sequence(links[:3])); err != nil || short.Hash == end.Hash {
		t.Errorf("shorter: %v, %v", short, err)
	}
	for i, l := range links {
		for j := range l.Entry {
			b := bytes.Clone(l.Entry)
			b[j] ^= 1
			if _, err := privacy.Verify(logName, sequence(append(slices.Clone(links[:i]), privacy.Link{Entry: b, Hash: l.Hash}))); err == nil {
				t.Fatalf("octet %d of entry %d may be changed", j, i+1)
			}
		}
	}
}

func TestAnEntrySaysWhoWhatWhyAndWhom(t *testing.T) {
	for name, change := range map[string]func(*privacy.AccessEntry){
		"nobody":         func(e *privacy.AccessEntry) { e.Actor = "" },
		"no act":         func(e *privacy.AccessEntry) { e.Act = "" },
		"no purpose":     func(e *privacy.AccessEntry) { e.Purpose = "" },
		"no role":        func(e *privacy.AccessEntry) { e.Role = "" },
		"nobody's":       func(e *privacy.AccessEntry) { e.Person = "" },
		"no field":       func(e *privacy.AccessEntry) { e.Fields = nil },
		"a field unsaid": func(e *privacy.AccessEntry) { e.Fields = []privacy.FieldID{""} },
		"too many":       func(e *privacy.AccessEntry) { e.Fields = make([]privacy.FieldID, privacy.MaxFields+1) },
		"a long case":    func(e *privacy.AccessEntry) { e.Case = privacy.CaseID(strings.Repeat("c", 300)) },
	} {
		e := entry(1)
		change(&e)
		if e.Check() == nil {
			t.Errorf("%s: the entry is taken", name)
		}
		if _, err := privacy.ParseEntry(privacy.AppendEntry(nil, &e)); err == nil {
			t.Errorf("%s: the entry is read", name)
		}
	}
}

// docs/formats/access-log.md: the frozen sample of version 1.
func TestFrozenAccessEntryReads(t *testing.T) {
	b := sampleEntry(t)
	got, err := privacy.ParseEntry(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(entry(1), got); d != "" {
		t.Error(d)
	}
	e := entry(1)
	if !bytes.Equal(privacy.AppendEntry(nil, &e), b) {
		t.Error("the entry is written otherwise")
	}
	const want = "fa29edd34f887ce3" // the first digits of its hash as the first of the log log-1
	if hash := privacy.ChainHash(privacy.BeginChain(logName), b).String(); !strings.HasPrefix(hash, want) {
		t.Errorf("its hash is %s", hash)
	}
}

func sampleEntry(t testing.TB) []byte {
	raw, err := os.ReadFile(filepath.Join("testdata", "v1", "access-entry.hex"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// P-21, S44: what the person concerned reads.
func TestASubjectReadsWhoLooked(t *testing.T) {
	keys := vaulttest.NewKeys()
	viewer := func(log string) *privacy.Viewer {
		v, err := privacy.NewViewer(t.Context(), keys, register(), log)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := viewer(logName)
	e := entry(1)
	staff := v.Look(&e)
	own := entry(2)
	own.Role, own.Actor, own.Case = privacy.AsHolder, "p-1", ""
	erased := entry(3)
	erased.Act, erased.Fields = privacy.Erased, []privacy.FieldID{"class account"}
	unknown := entry(4)
	unknown.Purpose, unknown.Role, unknown.Fields = "gone", "gone", []privacy.FieldID{"gone.Field"}

	text := func(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }
	want := privacy.Look{
		Number: 1, Time: at.Add(time.Second), Act: text("görüntülendi", "opened"), Staff: v.Pseudonym("staff-1"), As: text("başvuru görevlisi", "application officer"),
		Purpose: text("Kimlik ve yetkinin doğrulanması", "Verifying identity and authority"), Case: "case-1",
		Data: []rem.Text{text("kimlik numarası", "identity number"), text("ad", "name")},
	}
	if d := cmp.Diff(want, staff); d != "" {
		t.Error(d)
	}
	if staff.Staff == "staff-1" || staff.Staff != viewer(logName).Pseudonym("staff-1") || staff.Staff == v.Pseudonym("staff-2") {
		t.Errorf("the pseudonym %q shows the person, or is not his alone", staff.Staff)
	}
	if staff.Staff == viewer("log-2").Pseudonym("staff-1") {
		t.Error("the same pseudonym in another log")
	}
	if l := v.Look(&own); !l.Self || l.Person != "p-1" || l.Staff != "" {
		t.Errorf("one's own look is %+v", l)
	}
	if l := v.Look(&erased); l.Act.Turkish != "imha edildi" || l.Data[0].Turkish != "hesap" {
		t.Errorf("an erasure is %+v", l)
	}
	if l := v.Look(&unknown); l.Purpose.Turkish != "gone" || l.Data[0].English != "gone.Field" || l.Staff == "" || l.Person != "" {
		t.Errorf("what is no longer on the lists is %+v", l)
	}
	for _, p := range privacy.Purposes() {
		e.Purpose = p.ID
		if l := v.Look(&e); l.Purpose != p.Name {
			t.Errorf("purpose %s is shown as %v", p.ID, l.Purpose)
		}
	}
}

func FuzzParseEntry(f *testing.F) {
	f.Add(sampleEntry(f))
	e := entry(1 << 40)
	f.Add(privacy.AppendEntry(nil, &e))
	f.Add([]byte{1, 1, 1})
	f.Add([]byte{1, 0x81, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := privacy.ParseEntry(b)
		if err != nil {
			return
		}
		if !bytes.Equal(privacy.AppendEntry(nil, &e), b) {
			t.Fatal("an entry has two spellings")
		}
	})
}
