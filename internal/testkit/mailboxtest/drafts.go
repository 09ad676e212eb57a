package mailboxtest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit"
	"rem/message"
	"rem/message/mailbox"
)

// Whole is a draft with everything in it.
func Whole(id mailbox.DraftID) mailbox.Draft {
	return mailbox.Draft{
		ID: id, Step: mailbox.Writing, Author: "per-1", Handed: mailbox.Handed{Person: "per-1", Method: "urn:m", Authentication: message.Authentication{Time: At, Method: "urn:a"}}, Signer: "per-2", Saved: At.Add(time.Microsecond), To: []string{"Ayşe <ayse@hs01.kep.tr>", "x"}, Cc: []string{"b@c"},
		Subject: "Işık & ğüşöç", HTML: "<p>" + strings.Repeat("ğ", 400_000), Text: strings.Repeat("ş", 300_000), Answers: "m-1", Forwards: "m-2", SendAt: At.Add(time.Hour), Original: rem.DigestOf([]byte("o")),
		Files: []mailbox.File{{ID: "f1", Name: "çek.pdf", Type: "application/pdf", Size: 10, Digest: rem.DigestOf([]byte("f"))}, {ID: "f2", Size: 5, AsIs: true}}, Why: rem.Text{Turkish: "tr", English: "en"},
	}
}

func drafts(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	ctx := t.Context()
	d := Whole("d-1")
	for n := range 3 {
		v, err := s.SaveDraft(ctx, Holder, d)
		must(t, err)
		same(t, "version", v, int64(n+1))
		_, err = s.SaveDraft(ctx, Operator, d)
		is(t, "saving over another's", err, mailbox.ErrChanged)
		d.Version = v
		got, err := s.Draft(ctx, Operator, "d-1")
		must(t, err)
		same(t, "draft", got, d)
		d.Subject += "!"
		d.Files = d.Files[:2-n]
	}
	list := items(t, s, Holder, mailbox.Query{Folder: mailbox.Drafts})
	same(t, "item", blank(list), []mailbox.Item{{Kind: mailbox.Drafted, Draft: "d-1", Folder: mailbox.Drafts, UID: 3, Flags: mailbox.Seen, At: d.Saved, Size: 10, Person: "per-1", Attachments: 1}})
	f := folderOf(t, s, Holder, mailbox.Drafts)
	same(t, "folder", f, mailbox.Folder{ID: mailbox.Drafts, Items: 1, Next: 4, Validity: f.Validity, Bytes: 10})
	_, err := s.SaveDraft(ctx, Holder, mailbox.Draft{ID: "d-2", Version: 4, Saved: At})
	is(t, "saving what is not there", err, mailbox.ErrChanged)
	small := mailbox.Draft{ID: "d-2", Saved: At, Step: mailbox.Writing}
	_, err = s.SaveDraft(ctx, Holder, small)
	must(t, err)
	small.Version = 1
	got, err := s.Draft(ctx, Holder, "d-2")
	must(t, err)
	same(t, "an empty one", got, small)
	heads, err := s.DraftHeads(ctx, Operator, []mailbox.DraftID{"d-2", "d-1", "d-9"})
	must(t, err)
	d, err = s.Draft(ctx, Holder, "d-1")
	must(t, err)
	d.HTML, d.Text = "", ""
	same(t, "heads", heads, map[mailbox.DraftID]mailbox.Draft{"d-1": d, "d-2": small})
	for _, id := range []mailbox.DraftID{"", "a b", "../x", "ğ", mailbox.DraftID(strings.Repeat("a", 65))} {
		if _, err := s.SaveDraft(ctx, Holder, mailbox.Draft{ID: id, Saved: At}); err == nil {
			t.Errorf("%q was taken as a draft's name", id)
		}
	}
	uids, err := s.Move(ctx, Holder.Account, ids(list), mailbox.TrashBox)
	must(t, err)
	same(t, "moving a draft", uids, []uint32{0})
	for range 2 {
		must(t, s.DropDraft(ctx, Operator, "d-1"))
	}
	_, err = s.Draft(ctx, Holder, "d-1")
	is(t, "after dropping", err, mailbox.ErrNotFound)
	must(t, s.Remove(ctx, Holder.Account, ids(items(t, s, Holder, mailbox.Query{Folder: mailbox.Drafts}))))
	_, err = s.Draft(ctx, Holder, "d-2")
	is(t, "after removing its item", err, mailbox.ErrNotFound)
	same(t, "folder", folderOf(t, s, Holder, mailbox.Drafts).Items, int64(0))
}

func files(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	ctx := t.Context()
	random := testkit.Rand(t, 1)
	for n, size := range []int{0, 1, 57, 1<<16 - 1, 1 << 16, 1<<16 + 1, 3 << 16, 300_000} {
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		file := fmt.Sprint("f", n)
		for range 2 { // the second takes the place of the first
			got, digest, err := s.PutFile(ctx, Holder, "d-1", file, iotest(b), int64(size))
			must(t, err)
			if got != int64(size) || digest != sha256.Sum256(b) {
				t.Fatalf("%d octets were kept as %d", size, got)
			}
		}
		c, err := s.File(ctx, Operator, "d-1", file)
		must(t, err)
		if c.Size() != int64(size) || c.Digest() != rem.DigestOf(b) {
			t.Fatalf("%d octets are %d", size, c.Size())
		}
		read, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
		must(t, err)
		if !bytes.Equal(read, b) {
			t.Errorf("%d octets came back as others", size)
		}
		for range 20 {
			from := random.Int64N(int64(size + 2))
			p := make([]byte, 1+random.IntN(size+2))
			k, err := c.ReadAt(p, from)
			want := b[min(from, int64(size)):min(from+int64(len(p)), int64(size))]
			if !bytes.Equal(p[:k], want) || (k < len(p)) != errors.Is(err, io.EOF) {
				t.Fatalf("reading %d at %d of %d: %d, %v", len(p), from, size, k, err)
			}
		}
		if size > 0 {
			_, _, err = s.PutFile(ctx, Holder, "d-1", file, bytes.NewReader(b), int64(size-1))
			is(t, "too large", err, mailbox.ErrTooLarge)
		}
		broken := errors.New("the line broke")
		_, _, err = s.PutFile(ctx, Holder, "d-1", file, io.MultiReader(bytes.NewReader(b), fails{broken}), 1<<20)
		is(t, "a line that breaks", err, broken)
		c, err = s.File(ctx, Holder, "d-1", file) // the one before is there still
		must(t, err)
		same(t, "size", c.Size(), int64(size))
	}
	_, err := s.SaveDraft(ctx, Holder, mailbox.Draft{ID: "d-1", Saved: At})
	must(t, err)
	for range 2 {
		must(t, s.DropFile(ctx, Holder, "d-1", "f0"))
	}
	_, err = s.File(ctx, Holder, "d-1", "f0")
	is(t, "dropped", err, mailbox.ErrNotFound)
	must(t, s.DropDraft(ctx, Holder, "d-1"))
	_, err = s.File(ctx, Holder, "d-1", "f1")
	is(t, "dropped with the draft", err, mailbox.ErrNotFound)
	if _, _, err := s.PutFile(ctx, Holder, "d-1", "../x", strings.NewReader(""), 1); err == nil {
		t.Error("a path was taken as a name")
	}
}

type fails struct{ err error }

func (f fails) Read([]byte) (int, error) { return 0, f.err }

// iotest gives octets in odd portions.
func iotest(b []byte) io.Reader { return &portions{b: b} }

type portions struct {
	b []byte
	n int
}

func (p *portions) Read(into []byte) (int, error) {
	if len(p.b) == 0 {
		return 0, io.EOF
	}
	p.n = p.n%977 + 1
	k := copy(into, p.b[:min(p.n, len(p.b))])
	p.b = p.b[k:]
	return k, nil
}

func due(t *testing.T, s mailbox.Store, _ *testkit.Clock) {
	ctx := t.Context()
	for n, d := range []mailbox.Draft{
		{ID: "later", Step: mailbox.Scheduled, SendAt: At.Add(2 * time.Hour), Signer: "per-1"}, {ID: "second", Step: mailbox.Scheduled, SendAt: At.Add(time.Minute), Signer: "per-1"},
		{ID: "first", Step: mailbox.Sending, SendAt: At, Signer: "per-2"}, {ID: "writing", Step: mailbox.Writing, SendAt: At},
	} {
		d.Saved = At
		_, err := s.SaveDraft(ctx, []rem.Actor{Holder, Operator, Holder, Holder}[n], d)
		must(t, err)
	}
	want := []mailbox.Due{{Account: "acc-1", Draft: "first", Signer: "per-2"}, {Account: "acc-1", Draft: "second", Signer: "per-1"}}
	for limit := range 3 {
		got, err := s.DueDrafts(ctx, At.Add(time.Hour), limit)
		must(t, err)
		same(t, "due", got, want[:limit])
	}
}
