package node

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"io"
	"slices"

	"rem"
	"rem/edge/notify"
	"rem/edge/report"
	"rem/edge/web"
	"rem/edge/webmail"
	"rem/message"
	"rem/message/arrivals"
	"rem/message/delivery"
	"rem/message/export"
	"rem/message/mailbox"
	"rem/message/timeline"
	"rem/message/verification"
	"rem/person/account"
	"rem/person/news"
	"rem/privacy"
)

// webmail joins the pages of mailboxes with what they ask.
func (n *Node) webmail(verifier *verification.Verifier) web.Part {
	s := webmail.Services{
		Box: n.Mailbox, Accounts: n.Store, Verifier: verifier, Provider: n.Provider.Name, People: n.whoActs, Report: n.report, Record: n.exported,
		Trust: n.trustFiles, Stamp: n.authority, Writing: n.writing(),
	}
	if n.scanner != nil {
		s.Scan = n.scanned
	}
	if n.Config.Listen.IMAP != "" {
		s.Programs = mailPrograms{n}
	}
	if n.People.happenings.bulk != nil {
		s.Bulk = n.People.happenings.bulk
	}
	return webmail.Part(s)
}

// mailPrograms are the sessions at the door of mail programs.
type mailPrograms struct{ n *Node }

var _ webmail.Programs = mailPrograms{}

// Programs implements webmail.Programs.
func (m mailPrograms) Programs(_ context.Context, who mailbox.Visitor) (list []webmail.Program, err error) {
	for _, s := range m.n.MailSessions(who.Actor.Account) {
		if own := s.Person == who.Actor.Person; own || who.Actor.Person == who.Actor.Holder {
			list = append(list, webmail.Program{ID: s.ID, From: s.From.String(), Since: s.Since, Own: own, Who: s.Person})
		}
	}
	slices.SortFunc(list, func(a, b webmail.Program) int { return b.Since.Compare(a.Since) })
	return list, nil
}

// EndProgram implements webmail.Programs.
func (m mailPrograms) EndProgram(ctx context.Context, who mailbox.Visitor, id string) error {
	list, err := m.Programs(ctx, who)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(p webmail.Program) bool { return p.ID == id }) || !m.n.EndMailSession(who.Actor.Account, id) {
		return mailbox.ErrNotFound
	}
	return nil
}

// whoActs opens the names of an account's people for one of them.
func (n *Node) whoActs(ctx context.Context, who mailbox.Visitor, a account.Account) (map[rem.PersonID]string, error) {
	access := privacy.Access{Actor: who.Actor, Role: privacy.AsOperator, Purpose: privacy.AccountUse, Case: privacy.CaseID(a.ID)}
	if who.Actor.Person == a.Holder.Person {
		access.Role = privacy.AsHolder
	}
	names := map[rem.PersonID]string{}
	for some := range slices.Chunk(a.Operators, privacy.MaxItems) {
		var items []privacy.Item
		for _, o := range some {
			items = append(items, privacy.Item{Person: o.Person, Field: account.OperatorName, Sealed: o.Name})
		}
		values, err := n.Records.Vault.OpenAll(ctx, access, items)
		if err != nil {
			return nil, err
		}
		for i, o := range some {
			names[o.Person] = values[i].Text()
		}
	}
	return names, nil
}

// scanned asks the scanner about one attachment, as it is now.
func (n *Node) scanned(ctx context.Context, r io.Reader) (webmail.Scan, error) {
	found, err := n.scanner.Scan(ctx, r, -1)
	switch {
	case ctx.Err() != nil:
		return webmail.Scan{}, ctx.Err()
	case err != nil:
		n.Log.Warn("an attachment was not scanned for a page", "err", err)
		return webmail.Scan{Text: rem.Text{Turkish: "Tarayıcı yanıt vermedi; taranamadı.", English: "The scanner did not answer; it was not scanned."}}, nil
	case found != "":
		return webmail.Scan{Known: true, Text: rem.Text{Turkish: "Zararlı içerik bulundu: " + found, English: "Malware was found: " + found}}, nil
	}
	return webmail.Scan{Known: true, Clean: true, Text: rem.Text{Turkish: "şimdi tarandı, bilinen bir zararlı bulunmadı", English: "scanned now, nothing known was found"}}, nil
}

// report writes a message as PDF for a judge.
func (n *Node) report(ctx context.Context, _ *message.View, filed []message.Filed, t *timeline.Message, l privacy.Language) ([]byte, error) {
	o := report.Options{Message: t, XML: map[rem.Digest][]byte{}, Provider: n.Provider.Name, Made: n.clock.Now(), CheckURL: n.Config.Web.Base + "/verify", English: l == privacy.English}
	for _, f := range filed {
		o.XML[f.Digest] = f.XML
	}
	trust, err := n.trustFiles(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range trust {
		o.Trust = append(o.Trust, report.File{Name: f.Name, Content: f.Content})
	}
	var b bytes.Buffer
	err = report.Write(&b, o)
	if errors.Is(err, report.ErrTooLarge) {
		return nil, rem.Refuse(rem.PolicyViolation, "İleti rapor için çok büyük; dışa aktarma her şeyi içerir.", "The message is too large for a report; an export holds everything.")
	}
	return b.Bytes(), err
}

// trustFiles are the roots by which what we give out is verified.
func (n *Node) trustFiles(context.Context) ([]export.File, error) {
	a, err := readAnchors(n.Config)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, c := range slices.Concat(a.operation, a.timestamp, a.personal) {
		if err := pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}); err != nil {
			return nil, err
		}
	}
	return []export.File{{Name: "anchors.pem", Content: b.Bytes()}}, nil
}

// exported says in the access log that somebody takes messages away.
func (n *Node) exported(ctx context.Context, who mailbox.Visitor, _ webmail.Exported) error {
	role := privacy.AsOperator
	if who.Actor.Person == who.Actor.Holder {
		role = privacy.AsHolder
	}
	return n.Records.Access.Record(ctx, privacy.AccessEntry{
		Act: privacy.Exported, Actor: who.Actor.Person, Account: who.Actor.Account, Role: role, Purpose: privacy.AccountUse, Case: who.Case,
		Person: who.Actor.Holder, Fields: []privacy.FieldID{privacy.AccountMessages},
	})
}

// arrivalNews tells of arrivals, by what people chose.
type arrivalNews struct{ n *Node }

var _ delivery.Notices = arrivalNews{}

// alarmArrivals is raised when somebody could not be told of an arrival.
const alarmArrivals = "people could not be told of arrivals"

func (s arrivalNews) teller() *arrivals.Teller {
	n := s.n
	t := &arrivals.Teller{Accounts: n.Store, Preferences: n.MailboxStore(), Outbox: s, Clock: n.clock, Alarm: n.alarmOf(alarmArrivals)}
	if n.Config.Web.Base != "" {
		t.Link = n.Config.Web.Base + "/mail"
	}
	return t
}

// Arrived implements delivery.Notices.
func (s arrivalNews) Arrived(ctx context.Context, a rem.AccountID) {
	s.n.Log.Info("notice of arrival", "account", string(a))
	s.teller().Arrived(ctx, a)
}

// Filling implements delivery.Notices (REQ-70).
func (s arrivalNews) Filling(ctx context.Context, a rem.AccountID, percent int) {
	s.n.Log.Warn("mailbox is filling", "account", string(a), "percent", percent)
	s.teller().Filling(ctx, a, percent)
}

// Tell implements arrivals.Outbox. A provider without a way has nobody to tell by it.
func (s arrivalNews) Tell(ctx context.Context, by news.Channel, m news.Message) error {
	err := s.n.People.Contacts.Tell(ctx, by, m)
	if errors.Is(err, notify.ErrNoChannel) || errors.Is(err, news.ErrNotFound) {
		return news.ErrNoContact
	}
	return err
}

// Told implements arrivals.Outbox.
func (s arrivalNews) Told(ctx context.Context, id news.ID) (bool, error) {
	_, err := s.n.People.Messenger.Delivery(ctx, id)
	if errors.Is(err, news.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
