package mailstore_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/edge/blobstore"
	"rem/edge/mailstore"
	"rem/internal/testkit"
	"rem/internal/testkit/mailboxtest"
	"rem/internal/testkit/vaulttest"
	"rem/message/mailbox"
	"rem/privacy"
	"rem/privacy/inventory"
)

var release = flag.String("freeze", "", "write the sample of this release, such as v2; once")

// frozenKeys are a key store whose secret is known to everybody, so that a sample can
// be opened in twenty years.
type frozenKeys struct{ aead cipher.AEAD }

func newFrozenKeys(t *testing.T) frozenKeys {
	block, err := aes.NewCipher([]byte("a key that everybody may know 32"))
	must(t, err)
	aead, err := cipher.NewGCMWithRandomNonce(block)
	must(t, err)
	return frozenKeys{aead}
}

func (frozenKeys) Newest() privacy.KeyNumber { return 1 }
func (frozenKeys) Demo() bool                { return true }

func (k frozenKeys) Wrap(_ context.Context, key, name []byte) (privacy.WrappedKey, error) {
	return privacy.WrappedKey{Number: 1, Bytes: k.aead.Seal(nil, nil, key, name)}, nil
}

func (k frozenKeys) Unwrap(_ context.Context, w privacy.WrappedKey, name []byte) ([]byte, error) {
	return k.aead.Open(nil, nil, w.Bytes, name)
}

func (frozenKeys) IndexKey(_ context.Context, use string, version uint32) ([]byte, error) {
	m := hmac.New(sha256.New, []byte("an index that everybody may know"))
	m.Write(binary.BigEndian.AppendUint32(nil, version))
	m.Write([]byte(use))
	return m.Sum(nil), nil
}

// A frozenKey is a data key of the sample.
type frozenKey struct {
	Name    privacy.KeyName
	Wrapped privacy.WrappedKey
}

// frozenData remembers the keys that were added.
type frozenData struct {
	*vaulttest.Data
	added []frozenKey
}

func (d *frozenData) Add(ctx context.Context, name privacy.KeyName, w privacy.WrappedKey) (privacy.WrappedKey, error) {
	kept, err := d.Data.Add(ctx, name, w)
	if err == nil {
		d.added = append(d.added, frozenKey{name, kept})
	}
	return kept, err
}

// frozenStore opens the mailboxes in a folder with these data keys.
func frozenStore(t *testing.T, dir string, data *frozenData) *mailstore.Store {
	t.Helper()
	clock, keys := testkit.NewClock(mailboxtest.At), newFrozenKeys(t)
	vault, err := privacy.NewVault(privacy.VaultConfig{Register: inventory.Today(), Keys: keys, Data: data, Log: &vaulttest.Log{}, Clock: clock})
	must(t, err)
	names, err := privacy.NewBlindIndexer(t.Context(), keys, mailstore.FolderIndex)
	must(t, err)
	files, err := blobstore.Disk(filepath.Join(dir, "drafts"))
	must(t, err)
	s, err := mailstore.Open(t.Context(), mailstore.Config{Path: filepath.Join(dir, "mailbox.db"), Files: files, Vault: vault, Names: names, Clock: clock})
	must(t, err)
	return s
}

// The mailboxes of every release, and what a store said of them then. The folder is
// never written again; a new version gets its own.
func TestMailboxesOfEveryReleaseAreRead(t *testing.T) {
	if *release != "" {
		freeze(t, filepath.Join("testdata", *release))
	}
	releases, err := filepath.Glob("testdata/v*")
	if err != nil || len(releases) == 0 {
		t.Fatalf("no frozen mailboxes (%v)", err)
	}
	for _, sample := range releases {
		t.Run(filepath.Base(sample), func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.CopyFS(dir, os.DirFS(sample)))
			var keys []frozenKey
			b, err := os.ReadFile(filepath.Join(dir, "keys.json"))
			must(t, err)
			must(t, json.Unmarshal(b, &keys))
			data := &frozenData{Data: vaulttest.NewData()}
			for _, k := range keys {
				_, err := data.Add(t.Context(), k.Name, k.Wrapped)
				must(t, err)
			}
			s := frozenStore(t, dir, data)
			defer s.Close()
			want, err := os.ReadFile(filepath.Join(sample, "told.json"))
			must(t, err)
			var then, now any
			must(t, json.Unmarshal(want, &then))
			must(t, json.Unmarshal(tell(t, s), &now))
			forget(now, then)
			if diff := cmp.Diff(then, now); diff != "" {
				t.Error(diff)
			}
			// And it goes on from there.
			me := mailboxtest.Holder
			must(t, s.Follow(t.Context(), []mailbox.News{mailboxtest.Came(me, 99)}, "next"))
			lines, err := s.Lines(t.Context(), me.Account, mailbox.Inbox)
			must(t, err)
			if n := len(lines); n == 0 || lines[n-1].Size != 199 {
				t.Errorf("the inbox has %v after an arrival", lines)
			}
			mailboxtest.Counted(t, s, me)
		})
	}
}

// forget takes what an older store had no word for out of what is told now, as far as
// it is nothing.
func forget(now, then any) {
	switch now := now.(type) {
	case map[string]any:
		then, _ := then.(map[string]any)
		for k, v := range now {
			if was, told := then[k]; told {
				forget(v, was)
			} else if v == nil || v == "" || v == false || v == 0.0 {
				delete(now, k)
			}
		}
	case []any:
		then, _ := then.([]any)
		for i := range min(len(now), len(then)) {
			forget(now[i], then[i])
		}
	}
}

// tell says everything that a store knows of its accounts.
func tell(t *testing.T, s *mailstore.Store) []byte {
	t.Helper()
	type told struct {
		Folders     []mailbox.Folder
		Items       []mailbox.Item
		Lines       map[string][]mailbox.Line
		Found       map[string][]mailbox.ItemID
		Drafts      []mailbox.Draft
		Files       []string
		Keepsakes   []mailbox.Keepsake
		Preferences mailbox.Preferences
		Trashed     []mailbox.ItemID
	}
	all := struct {
		Position  string
		Accounts  map[rem.AccountID]told
		Unindexed []mailbox.Unindexed
		Due       []mailbox.Due
	}{Accounts: map[rem.AccountID]told{}}
	ctx := t.Context()
	var err error
	all.Position, err = s.Position(ctx)
	must(t, err)
	all.Unindexed, err = s.Unindexed(ctx, 100)
	must(t, err)
	all.Due, err = s.DueDrafts(ctx, mailboxtest.At.AddDate(1, 0, 0), 100)
	must(t, err)
	trashed, err := s.Trashed(ctx, mailboxtest.At.AddDate(1, 0, 0), 100)
	must(t, err)
	for _, who := range []rem.Actor{mailboxtest.Holder, mailboxtest.Other} {
		a := told{Lines: map[string][]mailbox.Line{}, Found: map[string][]mailbox.ItemID{}, Trashed: trashed[who.Account]}
		a.Folders, err = s.Folders(ctx, who)
		must(t, err)
		for _, f := range a.Folders {
			items, err := s.Items(ctx, who.Account, mailbox.Query{Folder: f.ID})
			must(t, err)
			a.Items = append(a.Items, items...)
			lines, err := s.Lines(ctx, who.Account, f.ID)
			must(t, err)
			if len(lines) > 0 {
				a.Lines[string(f.ID)] = lines
			}
		}
		for name, q := range map[string]mailbox.Query{"7": {Words: []mailbox.Word{7}}, "7 and 8": {Words: []mailbox.Word{7, 8}}, "attached": {Attached: true}, "delivered": {Progress: mailbox.Delivered}} {
			items, err := s.Items(ctx, who.Account, q)
			must(t, err)
			for _, i := range items {
				a.Found[name] = append(a.Found[name], i.ID)
			}
		}
		for _, i := range a.Items {
			if i.Kind != mailbox.Drafted {
				continue
			}
			d, err := s.Draft(ctx, who, i.Draft)
			must(t, err)
			a.Drafts = append(a.Drafts, d)
			for _, f := range d.Files {
				c, err := s.File(ctx, who, i.Draft, f.ID)
				must(t, err)
				b, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
				must(t, err)
				a.Files = append(a.Files, string(b))
			}
		}
		for _, k := range []mailbox.KeepsakeKind{mailbox.Contact, mailbox.Group, mailbox.Template, mailbox.Signature} {
			list, err := s.Keepsakes(ctx, who, k)
			must(t, err)
			a.Keepsakes = append(a.Keepsakes, list...)
		}
		a.Preferences, err = s.Preferences(ctx, who.Account, who.Person)
		must(t, err)
		all.Accounts[who.Account] = a
	}
	b, err := json.MarshalIndent(all, "", "\t")
	must(t, err)
	return append(b, '\n')
}

// freeze writes a sample in which each thing that is kept stands once at least.
func freeze(t *testing.T, dir string) {
	must(t, os.MkdirAll(filepath.Dir(dir), 0o755))
	must(t, os.Mkdir(dir, 0o755)) // also when it is there: it is never written again
	data := &frozenData{Data: vaulttest.NewData()}
	s := frozenStore(t, dir, data)
	ctx, me, other, at := t.Context(), mailboxtest.Holder, mailboxtest.Other, mailboxtest.At
	must(t, s.Follow(ctx, []mailbox.News{
		mailboxtest.Came(me, 1), mailboxtest.Came(me, 2), mailboxtest.Came(me, 3), mailboxtest.Went(me, 1, mailbox.Waiting), mailboxtest.Proved(me, 1, 1), mailboxtest.Came(other, 1),
		mailboxtest.Opened(me, 1, at.Add(time.Hour)), mailboxtest.Opened(me, 3, at.Add(time.Hour)), {Account: me.Account, About: "s-00001", Progress: mailbox.Delivered},
	}, "1.4.4096"))
	must(t, s.Index(ctx, []mailbox.Indexing{{Account: me.Account, Item: 1, Words: []mailbox.Word{7, 8}, Attachments: 2}}))
	must(t, s.Index(ctx, []mailbox.Indexing{{Account: me.Account, Item: 2, Words: []mailbox.Word{7}}}))
	must(t, s.Index(ctx, []mailbox.Indexing{{Account: other.Account, Item: 1, Words: []mailbox.Word{7}}}))
	own, err := s.CreateFolder(ctx, me, "İşler Iğdır")
	must(t, err)
	_, err = s.Move(ctx, me.Account, []mailbox.ItemID{1}, own)
	must(t, err)
	_, err = s.Move(ctx, me.Account, []mailbox.ItemID{3}, mailbox.TrashBox)
	must(t, err)
	must(t, s.Flag(ctx, me.Account, []mailbox.ItemID{1}, mailbox.Seen|mailbox.Flagged, 0))
	size, digest, err := s.PutFile(ctx, me, "d-1", "f-1", strings.NewReader("ekin içeriği"), 100)
	must(t, err)
	_, err = s.SaveDraft(ctx, me, mailbox.Draft{
		ID: "d-1", Step: mailbox.Scheduled, Author: me.Person, Signer: me.Person, Saved: at, To: []string{"bora@hs91.kep.test"}, Cc: []string{"cem@hs91.kep.test"}, Subject: "Çağrı", HTML: "<p>Sayın</p>", Text: "Sayın",
		Files: []mailbox.File{{ID: "f-1", Name: "belge.txt", Type: "text/plain", Size: size, Digest: digest}}, Answers: "m-00001", SendAt: at.Add(time.Hour), Original: digest,
		Why: rem.Text{Turkish: "Süre", English: "Term"}, Handed: mailbox.Handed{Person: me.Person, Method: "signature"},
	})
	must(t, err)
	must(t, s.Keep(ctx, me, mailbox.Keepsake{ID: "k-1", Kind: mailbox.Contact, Name: "Bora", Fields: map[string]string{"address": "bora@hs91.kep.test"}}))
	must(t, s.Keep(ctx, me, mailbox.Keepsake{ID: "k-2", Kind: mailbox.Signature, Name: "Kısa", Fields: map[string]string{"html": "<p>A.</p>"}, Person: me.Person}))
	must(t, s.SetPreferences(ctx, me.Account, me.Person, mailbox.Preferences{Mail: true, SMS: true, Digest: 9, QuietFrom: 22, QuietUntil: 7}))
	told := tell(t, s)
	must(t, s.Close())
	keys, err := json.MarshalIndent(data.added, "", "\t")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "keys.json"), append(keys, '\n'), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "told.json"), told, 0o644))
}
