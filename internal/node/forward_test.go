package node

import (
	"bytes"
	"crypto/tls"
	"io"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"rem"
	"rem/internal/setup"
	"rem/mail/smime"
	"rem/mail/smtp"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/signing"
	"rem/person/login"
)

// REQ-68, RFC 9051 2.3.2: on a whole provider a message that was opened is passed on as
// a whole, signed and sent; who gets it has the same octets, and the message is marked in
// the list and for mail programs, after a stop too.
func TestAMessageIsForwardedAndMarked(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n := s.nodes[here]
	bora := "bora.agaoglu@" + here
	from := s.holder(4, bora)
	me := s.holder(0, isil)
	a, err := n.Store.ByAddress(t.Context(), rem.MustAddress(isil))
	if err != nil {
		t.Fatal(err)
	}
	grant, err := n.People.Login.Grant(t.Context(), login.Granting{Who: login.Who{Kind: login.Holder, Person: a.Holder.Person}, Account: a.ID, Names: []string{isil}})
	if err != nil {
		t.Fatal(err)
	}
	v := s.visitor(here)
	v.enrol(grant.Reveal())
	raw := s.sign(from, letter{id: "ilk@ev", subject: "Yönlendirilecek", to: []string{isil}})
	if err := s.submit(from, []string{isil}, raw); err != nil {
		t.Fatal(err)
	}
	s.until("the message in the list", func() (bool, error) {
		return v.get("/tr/mail") == 200 && strings.Contains(v.page, "Yönlendirilecek"), nil
	})
	item := v.find(`/mail/message/([0-9]+)`)
	if code := v.post("/tr/mail/forward/"+item, "with", "whole"); code != 404 {
		t.Fatalf("passed on before it was opened: %d", code)
	}
	v.must(v.post("/tr/mail/message/"+item+"/open"), "/tr/mail/message/"+item, "İlet")
	v.must(v.get("/tr/mail/compose?item="+item+"&how=forward"), "/tr/mail/compose", "İletinin tamamı", "iletide ek yok")
	if code := v.post("/tr/mail/forward/"+item, "with", "whole"); code != 200 || !strings.Contains(v.page, "ileti.eml") {
		t.Fatalf("the draft: %d %s", code, v.page)
	}
	id := mailbox.DraftID(path.Base(v.at))
	const method = "urn:rem:authentication:test"
	who := mailbox.Visitor{Actor: rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person, Method: method}, Authentication: message.Authentication{Time: time.Now().UTC(), Method: method}, Case: "test"}
	if _, err := n.Mailbox.Edit(t.Context(), who, id, 1, func(d *mailbox.Draft) error { d.To = []string{bora}; return nil }); err != nil {
		t.Fatal(err)
	}
	d, err := n.draftToSign(t.Context(), who.Actor, string(id))
	if err != nil {
		t.Fatal(err)
	}
	u, err := smime.Prepare(d.Original, "imza")
	if err != nil {
		t.Fatal(err)
	}
	hash := me.Signer.Hash()
	digest, err := u.Digest(hash)
	if err != nil {
		t.Fatal(err)
	}
	der, err := me.Signer.Sign(t.Context(), digest, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	signed, err := u.Complete(hash, der)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(signed, 0, signed.Size()))
	if err != nil {
		t.Fatal(err)
	}
	as, err := n.submitting(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := (signingDoor{n}).Submit(t.Context(), as, signing.Draft{ID: d.ID}, smtp.Transaction{}, message.InMemory(b)); err != nil || r.Refusal != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	v.must(v.get("/tr/mail/inbox"), "/tr/mail/inbox", "iletildi")
	s.until("it arrives", func() (bool, error) {
		to, err := n.Store.ByAddress(t.Context(), rem.MustAddress(bora))
		if err != nil {
			return false, err
		}
		items, err := n.MailboxStore().Items(t.Context(), to.ID, mailbox.Query{Folder: mailbox.Inbox, Limit: 1})
		if err != nil || len(items) == 0 {
			return false, err
		}
		c, err := n.Mailbox.Peek(t.Context(), mailbox.Visitor{Actor: rem.Actor{Account: to.ID, Holder: to.Holder.Person, Person: to.Holder.Person}, Case: "test"}, items[0].ID)
		if err != nil {
			return false, err
		}
		got, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
		return bytes.Equal(got, b), err
	})
	s.stop(here)
	s.start(here)
	c, err := imapclient.DialTLS(s.nodes[here].Address("imap").String(), &imapclient.Options{TLSConfig: &tls.Config{RootCAs: s.world.Root(), ServerName: here}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Login(isil, password).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	list, err := c.Fetch(imap.SeqSet{{Start: 1, Stop: 1}}, &imap.FetchOptions{Flags: true}).Collect()
	if err != nil || len(list) != 1 || !slices.Contains(list[0].Flags, imap.FlagForwarded) {
		t.Errorf("a mail program sees %+v, %v", list, err)
	}
}
