package node

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"rem"
	"rem/internal/setup"
	"rem/message"
)

// A message that was submitted is in the mailbox; its header opens nothing, its body
// makes the evidence, and a second program gets it without another (REQ-68). A new
// password ends what the old one opened (AT-29).
func TestMailProgramsReadAMailbox(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	from := s.holder(0, isil)
	read := func(secret string) *imapclient.Client {
		t.Helper()
		c, err := imapclient.DialTLS(s.nodes[here].Address("imap").String(), &imapclient.Options{TLSConfig: &tls.Config{RootCAs: s.world.Root(), ServerName: here}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if err := c.Login(isil, secret).Wait(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	raw := s.sign(from, letter{id: "1@ev", subject: "Duyuru", to: []string{isil}})
	if err := s.submit(from, []string{isil}, raw); err != nil {
		t.Fatal(err)
	}
	c := read(password)
	s.until("the inbox", func() (bool, error) {
		data, err := c.Select("INBOX", nil).Wait()
		return err == nil && data.NumMessages == 1, err
	})
	life := s.sent(isil)[0]
	header := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, Peek: true}
	list, err := c.Fetch(imap.SeqSet{{Start: 1, Stop: 1}}, &imap.FetchOptions{Envelope: true, BodyStructure: &imap.FetchItemBodyStructure{Extended: true}, BodySection: []*imap.FetchItemBodySection{header}}).Collect()
	if err != nil || len(list) != 1 || list[0].Envelope.MessageID != "1@ev" || list[0].BodyStructure.MediaType() != "multipart/signed" {
		t.Fatalf("%+v, %v", list, err)
	}
	if life := s.reaches(here, life.Message, message.Delivered); len(life.Lines) != 2 {
		t.Errorf("its header made evidence: %+v", life.Lines)
	}
	for _, program := range []*imapclient.Client{c, read(password)} {
		if _, err := program.Select("INBOX", nil).Wait(); err != nil {
			t.Fatal(err)
		}
		list, err := program.Fetch(imap.SeqSet{{Start: 1, Stop: 1}}, &imap.FetchOptions{RFC822Size: true, BodySection: []*imap.FetchItemBodySection{{}}}).Collect()
		if err != nil || len(list) != 1 || string(list[0].BodySection[0].Bytes) != string(raw) || list[0].RFC822Size != int64(len(raw)) {
			t.Fatalf("the body is another, %v", err)
		}
	}
	opened := s.reaches(here, life.Message, message.Retrieved)
	if len(opened.Lines) != 3 || !strings.Contains(opened.Lines[2].Kind, "Retrieval") {
		t.Errorf("%+v", opened.Lines)
	}
	s.until("the evidence in its folder", func() (bool, error) {
		data, err := c.Select("Deliller", nil).Wait()
		return err == nil && data.NumMessages == 3, err
	})
	evidence, err := c.Fetch(imap.SeqSet{{Start: 3, Stop: 3}}, &imap.FetchOptions{Envelope: true}).Collect()
	if err != nil || len(evidence) != 1 || len(evidence[0].Envelope.InReplyTo) != 1 || evidence[0].Envelope.InReplyTo[0] != "1@ev" {
		t.Errorf("the evidence stands in no thread: %+v, %v", evidence, err)
	}
	a, err := s.nodes[here].Store.ByAddress(t.Context(), rem.MustAddress(isil))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.nodes[here].MailSessions(a.ID)); n != 2 {
		t.Errorf("the account is shown %d sessions", n)
	}
	if err := s.control(here).SetPassword(t.Context(), isil, "yeni parola 1234"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Select("INBOX", nil).Wait(); err == nil {
		t.Error("the session outlives its password")
	}
	read("yeni parola 1234")
}
