package mailbox_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit/world"
	"rem/mail/mime"
	"rem/mail/reading"
	"rem/message"
	"rem/message/mailbox"
)

// arrived gives users[0] a message with two files, and returns its item.
func (p *pen) arrived(files ...[]byte) (item mailbox.Item, original []byte) {
	p.Helper()
	from, ctx := p.side.visitor(world.Users[1]), p.Context()
	d := mailbox.Draft{ID: "began", To: []string{world.Address(world.Users[0], world.Codes[0])}, Subject: "Sözleşme", Text: "Ekte.\n"}
	for n, f := range files {
		id := fmt.Sprint("f", n)
		size, digest, err := p.side.box.Attach(ctx, from, d.ID, id, bytes.NewReader(f), 1<<30)
		must(p, err)
		d.Files = append(d.Files, mailbox.File{ID: id, Name: fmt.Sprintf("çek %d.pdf", n), Type: "application/pdf", Size: size, Digest: digest})
	}
	_, err := p.side.box.Save(ctx, from, d)
	must(p, err)
	c, err := p.side.box.Compose(ctx, from, d.ID)
	must(p, err)
	original = kit.SignUnsigned(p, mime.Memory(whole(p, c)), 1)
	if r := p.w.Submit(world.Users[1], world.Codes[0], original, d.To...); r.Refusal != nil {
		p.Fatal(r.Refusal)
	}
	p.w.Run(time.Hour)
	p.side.follow(p)
	items, err := p.side.store.Items(ctx, p.me.Actor.Account, mailbox.Query{Kinds: []mailbox.Kind{mailbox.Received}, Limit: 10})
	must(p, err)
	if len(items) != 1 {
		p.Fatalf("arrived: %+v", items)
	}
	return items[0], original
}

// What is passed on goes along octet for octet, is opened for it with evidence, and the
// meter says its size to the octet; others read it (REQ-68).
func TestWhatIsPassedOnGoesAlongOctetForOctet(t *testing.T) {
	p := newPen(t)
	ctx, box := t.Context(), p.side.box
	files := [][]byte{[]byte("%PDF-1.7\n" + strings.Repeat("ekler", 50_000)), {0, 1, 2, 255}}
	item, original := p.arrived(files...)
	if !item.Opened.IsZero() {
		t.Fatal("it was opened already")
	}
	for _, what := range []mailbox.Enclosure{mailbox.NoEnclosure, mailbox.Attachments, mailbox.Whole} {
		d := mailbox.Draft{ID: mailbox.DraftID("on-" + what), To: []string{world.Address(world.Users[1], world.Codes[0])}, Subject: "İlt", Text: "Bilgi için.\n", Forwards: item.Message}
		var err error
		d.Files, err = box.Enclose(ctx, p.me, item.ID, d.ID, what, 1<<20)
		must(t, err)
		_, err = box.Save(ctx, p.me, d)
		must(t, err)
		d, err = box.Draft(ctx, p.me, d.ID)
		must(t, err)
		n, err := box.Measure(ctx, p.me, d)
		must(t, err)
		c, err := box.Compose(ctx, p.me, d.ID)
		must(t, err)
		b := whole(t, c)
		if int64(len(b))+mailbox.Allowance != n {
			t.Errorf("%s: measured %d octets, composed %d", what, n, len(b)+mailbox.Allowance)
		}
		signs(t, b)
		doc, err := reading.Read(mime.Memory(b), reading.Options{})
		must(t, err)
		var got [][]byte
		for i := range doc.Attachments {
			r, err := doc.Open(doc.Attachments[i].Path)
			must(t, err)
			var content bytes.Buffer
			_, err = content.ReadFrom(r)
			must(t, err)
			got = append(got, content.Bytes())
		}
		want := map[mailbox.Enclosure][][]byte{mailbox.Attachments: files, mailbox.Whole: {original}}[what]
		if len(got) != len(want) {
			t.Fatalf("%s: %d files, want %d", what, len(got), len(want))
		}
		for i := range want {
			if !bytes.Equal(got[i], want[i]) {
				t.Errorf("%s: file %d is not what it was", what, i)
			}
		}
		if what == mailbox.Attachments && (d.Files[0].Name != "çek 0.pdf" || d.Files[0].Type != "application/pdf") {
			t.Errorf("files %+v", d.Files)
		}
		if what == mailbox.Whole && (!bytes.Contains(b, original) || doc.Attachments[0].Type != "message/rfc822" || doc.Attachments[0].Message == nil) {
			t.Error("the whole message is not within it as it is")
		}
	}
	p.side.follow(t)
	items, err := p.side.store.ItemsOf(ctx, p.me.Actor.Account, []mailbox.ItemID{item.ID})
	must(t, err)
	if items[0].Opened.IsZero() {
		t.Error("it was opened without evidence")
	}
	// One file is larger than a message carries: nothing is left of the others.
	if list, err := box.Enclose(ctx, p.me, item.ID, "large", mailbox.Attachments, 100); !isRefusal(err) || len(list) != 0 {
		t.Errorf("too large: %v, %v", list, err)
	}
	if _, err := box.Enclose(ctx, p.side.visitor(world.Users[2]), item.ID, "other", mailbox.Whole, 1<<20); err == nil {
		t.Error("another account encloses it")
	}
}

// RFC 2046 5.2.1: a message that is not ASCII in short lines goes as a file, since
// encoding it as a message is not allowed; so does a file that somebody calls one.
func TestAMessageThatIsNotPlainGoesAsAFile(t *testing.T) {
	p := newPen(t)
	ctx, box := t.Context(), p.side.box
	for _, text := range []string{"a: b\r\n\r\nç\r\n", "a: b\n\nc\n", "a: b\r\n\r\n" + strings.Repeat("x", 999) + "\r\n", "a: b\r\n\r\n\x00\r\n", "a: b\r\n\r\nx\r"} {
		if plain, err := mailbox.PlainLines(message.InMemory([]byte(text))); err != nil || plain {
			t.Errorf("%.20q counts as plain: %v", text, err)
		}
	}
	for _, text := range []string{"a: b\r\n\r\nc\r\n", "", "a: b\r\n\r\n" + strings.Repeat("x", 998)} {
		if plain, err := mailbox.PlainLines(message.InMemory([]byte(text))); err != nil || !plain {
			t.Errorf("%.20q does not count as plain: %v", text, err)
		}
	}
	d := mailbox.Draft{ID: "called", To: []string{"x@b.kep.test"}, Text: "t\n"}
	raw := "a: b\n\n--=_rem_m_called\n"
	size, digest, err := box.Attach(ctx, p.me, d.ID, "f", strings.NewReader(raw), 1000)
	must(t, err)
	d.Files = []mailbox.File{{ID: "f", Name: "x.eml", Type: "message/rfc822", Size: size, Digest: digest}}
	_, err = box.Save(ctx, p.me, d)
	must(t, err)
	c, err := box.Compose(ctx, p.me, d.ID)
	must(t, err)
	if b := string(whole(t, c)); strings.Contains(b, raw) || strings.Contains(b, "message/rfc822") || !strings.Contains(b, "application/octet-stream") {
		t.Errorf("composed %s", b)
	}
}

// RFC 9051 2.3.2: what a sent message answered or passed on is marked so, once it was
// sent, wherever the program ended in between.
func TestWhatWasAnsweredOrPassedOnIsMarked(t *testing.T) {
	for at := 1; ; at++ {
		for _, after := range []bool{false, true} {
			p := newPen(t)
			item, _ := p.arrived([]byte("x"))
			ctx := t.Context()
			flags := func() mailbox.Flags {
				items, err := p.side.store.ItemsOf(ctx, p.me.Actor.Account, []mailbox.ItemID{item.ID})
				must(t, err)
				return items[0].Flags & (mailbox.Answered | mailbox.Forwarded)
			}
			d := mailbox.Draft{ID: "on", To: []string{world.Address(world.Users[1], world.Codes[0])}, Subject: "Karar on", Text: "t\n", Forwards: item.Message}
			_, err := p.side.box.Save(ctx, p.me, d)
			must(t, err)
			signed := p.sign(d.ID)
			if flags() != 0 {
				t.Error("it is marked before anything was sent")
			}
			k := &killer{at: at, after: after}
			if _, err := p.sender(k).Send(ctx, p.login(), mailbox.Signed{Draft: d.ID, Original: signed}); err != nil {
				must(t, ignoreDown(err))
			}
			p.w.Clock.Advance(time.Minute)
			s := p.sender(nil)
			must(t, s.Due(ctx))
			if p.step(d.ID) == mailbox.Writing { // it ended before the draft was being sent
				_, err := s.Send(ctx, p.login(), mailbox.Signed{Draft: d.ID, Original: signed})
				must(t, err)
			}
			if got := flags(); got != mailbox.Forwarded || p.sent("on") != 1 {
				t.Errorf("effect %d, %v: marked %b, sent %d times", at, after, got, p.sent("on"))
			}
			_, err = p.side.box.Save(ctx, p.me, mailbox.Draft{ID: "back", To: d.To, Subject: "Karar back", Text: "t\n", Answers: item.Message})
			must(t, err)
			_, err = s.Send(ctx, p.login(), mailbox.Signed{Draft: "back", Original: p.sign("back")})
			must(t, err)
			if got := flags(); got != mailbox.Forwarded|mailbox.Answered {
				t.Errorf("marked %b", got)
			}
			if !k.down {
				return
			}
		}
	}
}
