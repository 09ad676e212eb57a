package world

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/edge/blobstore"
	"rem/mail/mime"
	"rem/message"
	"rem/message/evidence"
	"rem/message/verification"
	"rem/trust/algorithm"
	"rem/trust/validation"
	"rem/trust/xades"
)

// A checker walks what is stored. It takes nothing from the stages: what a
// state owes is written down here a second time.
type checker struct {
	w      *World
	verify *verification.Verifier
	faults []string
	// mayConflict allows evidence that was filed as a conflict.
	mayConflict bool
}

// Check walks everything that is stored at every provider, when the world is
// at rest, and returns what does not hold. It is CheckMessage for every message:
// what was accepted is there with its evidence (I1, REQ-94), each recipient came
// to one end (I3) and has one copy (I4).
func (w *World) Check() []string {
	w.t.Helper()
	c := &checker{w: w}
	var err error
	c.verify, err = verification.New(verification.Options{Policy: w.policy(), Clock: w.Clock})
	if err != nil {
		w.fatalf("making a verifier: %v", err)
	}
	messages := map[rem.MessageID]map[string]*kept{}
	for _, p := range w.order {
		for _, id := range c.messages(p) {
			if messages[id] == nil {
				messages[id] = map[string]*kept{}
			}
			messages[id][p.Domain] = c.load(p, id)
		}
		c.mailboxes(p)
		c.intentions(p)
		c.contents(p)
	}
	c.promises(messages)
	c.openings(messages)
	for id, at := range messages {
		c.message(id, at)
	}
	return c.faults
}

// MustHold ends the test when Check finds something.
func (w *World) MustHold() {
	w.t.Helper()
	if faults := w.Check(); len(faults) > 0 {
		for _, f := range faults {
			w.t.Error(f)
		}
		w.fatalf("%d things do not hold", len(faults))
	}
}

// contents sees that every content is on the disk, and that nobody changed what
// was lent to him from memory.
func (c *checker) contents(p *Provider) {
	s := p.Store.Contents()
	if err := s.CheckMemory(); err != nil {
		c.fault("%s: %v", p.Domain, err)
	}
	err := s.Replay(blobstore.Position{}, func(e blobstore.Entry) error {
		if e.Ref.IsZero() {
			return nil
		}
		if err := s.Check(e.Ref); err != nil && !errors.Is(err, blobstore.ErrErased) {
			c.fault("%s: %v", p.Domain, err)
		}
		return nil
	})
	if err != nil {
		c.fault("%s: reading the journal: %v", p.Domain, err)
	}
}

func (c *checker) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// kept is a message as one provider keeps it.
type kept struct {
	*message.View
	p        *Provider
	original []byte // nil when none is kept
	xml      []message.Filed
	tasks    map[string]bool // stage and target
}

func (c *checker) messages(p *Provider) []rem.MessageID {
	ids, _, err := p.Store.Messages(context.Background(), 0, 1<<20)
	if err != nil {
		c.fault("%s: listing messages: %v", p.Domain, err)
	}
	return ids
}

func (c *checker) load(p *Provider, id rem.MessageID) *kept {
	ctx := context.Background()
	k := &kept{p: p, tasks: map[string]bool{}}
	var err error
	if k.View, err = p.Store.Message(ctx, id); err != nil {
		c.fault("%s: reading %s: %v", p.Domain, id, err)
		k.View = &message.View{}
		return k
	}
	if k.xml, err = p.Store.EvidenceOf(ctx, id); err != nil {
		c.fault("%s: reading the evidence of %s: %v", p.Domain, id, err)
	}
	if k.Record.Original != "" {
		whole, err := p.Store.Open(ctx, k.Record.Original)
		if err != nil {
			c.fault("%s: opening the original of %s: %v", p.Domain, id, err)
			return k
		}
		part := message.OriginalIn(whole, &k.Record)
		k.original = make([]byte, part.Size())
		if n, err := part.ReadAt(k.original, 0); n < len(k.original) {
			c.fault("%s: reading the original of %s: %v", p.Domain, id, err)
		}
		if rem.DigestOf(k.original) != k.Record.Digest || int64(len(k.original)) != k.Record.Size {
			c.fault("%s: the original of %s is not the one of its record", p.Domain, id)
		}
	}
	for stage := message.RelayStage; stage <= message.ReturnStage; stage++ {
		tasks, _, err := p.Store.Due(ctx, stage, c.w.Clock.Now().AddDate(10, 0, 0), 1<<16)
		if err != nil {
			c.fault("%s: reading the queue of %s: %v", p.Domain, stage, err)
		}
		for _, t := range tasks {
			if t.Message == id {
				k.tasks[t.Stage.String()+" "+t.Target] = true
			}
		}
	}
	return k
}

// intentions: at rest nothing is half done.
func (c *checker) intentions(p *Provider) {
	for stage := message.SubmissionStage; stage <= message.ReturnStage; stage++ {
		left, err := p.Store.Unfinished(context.Background(), stage)
		if err != nil {
			c.fault("%s: reading intentions: %v", p.Domain, err)
		}
		for _, k := range left {
			c.fault("%s: the intention %s was never finished", p.Domain, k.Key)
		}
	}
}

// promises: what was answered is there, once, byte for byte.
func (c *checker) promises(messages map[rem.MessageID]map[string]*kept) {
	ids := map[string]rem.MessageID{}
	answered := map[rem.MessageID]bool{}
	for _, promise := range c.w.Promises {
		id := promise.Receipt.Message
		answered[id] = true
		same := promise.At.Domain + "\x00" + string(promise.Original) + "\x00" + fmt.Sprint(promise.To)
		if first, ok := ids[same]; ok && first != id {
			c.fault("one submission was answered as %s and as %s", first, id)
		}
		ids[same] = id
		k := messages[id][promise.At.Domain]
		if k == nil {
			c.fault("%s was answered and is not there", id)
			continue
		}
		n := slices.IndexFunc(k.xml, func(f message.Filed) bool { return f.ID == promise.Receipt.Evidence })
		if n < 0 {
			c.fault("the evidence %s was answered and is not there", promise.Receipt.Evidence)
			continue
		}
		if want := promise.Receipt.Refusal == nil; (k.xml[n].Outcome == message.Positive) != want {
			c.fault("%s was answered with accepted=%v and its evidence is %s", id, want, k.xml[n].Outcome)
		}
		if promise.Receipt.Refusal == nil && !bytes.Equal(k.original, promise.Original) {
			c.fault("%s: the original is not what was submitted", id)
		}
		if k.Record.Digest != rem.DigestOf(promise.Original) {
			c.fault("%s: the record has another digest than what was submitted", id)
		}
	}
	// What nobody was told of may still be ours, but not twice.
	byContent := map[string]rem.MessageID{}
	for id, at := range messages {
		for domain, k := range at {
			if k.Record.Origin != domain {
				continue
			}
			// Bytes and recipients are the submission's identity.
			key := domain + k.Record.Digest.String() + fmt.Sprint(k.Record.Recipients) + string(k.Record.Actor.Account)
			if other, ok := byContent[key]; ok && other != id {
				c.fault("%s: %s and %s are one submission", domain, id, other)
			}
			byContent[key] = id
		}
	}
}

// openings: nobody read anything before there was evidence of it, or of the
// period that was over.
func (c *checker) openings(messages map[rem.MessageID]map[string]*kept) {
	for _, o := range c.w.Openings {
		k := messages[o.Message][o.At.Domain]
		if k == nil || !slices.ContainsFunc(k.xml, func(f message.Filed) bool {
			return f.Kind == message.RetrievalNonRetrievalByRecipient && f.Recipient == o.Recipient && !f.Time.After(o.Time)
		}) {
			c.fault("%s: recipient %d read it at %s without evidence", o.Message, o.Recipient, o.Time)
		}
	}
}

// mailboxes: a message arrives once for each recipient.
func (c *checker) mailboxes(p *Provider) {
	for _, user := range Users {
		account := Account(user, p.Domain)
		entries, err := p.Store.Mailbox(context.Background(), account.ID, 0, 1<<20)
		if err != nil {
			c.fault("%s: reading the mailbox of %s: %v", p.Domain, user, err)
		}
		seen := map[string]bool{}
		var last int64
		for _, e := range entries {
			key := fmt.Sprint(e.Message, e.Recipient)
			if seen[key] {
				c.fault("%s: %s arrived twice for %s", p.Domain, e.Message, user)
			}
			if e.UID <= last {
				c.fault("%s: the mailbox of %s is out of order", p.Domain, user)
			}
			seen[key], last = true, e.UID
			v, err := p.Store.Message(context.Background(), e.Message)
			if err != nil {
				c.fault("%s: %s has %s, which is not there: %v", p.Domain, user, e.Message, err)
				continue
			}
			if to := v.Record.Recipient(e.Recipient); to == nil || to.Account != account.ID || to.Address != account.Address {
				c.fault("%s: %s got %s, which is not for him", p.Domain, user, e.Message)
			}
			switch v.Standing(e.Recipient).State {
			case message.Delivered, message.Retrieved, message.NotRetrieved:
			default:
				c.fault("%s: %s has %s, which is %s", p.Domain, user, e.Message, v.Standing(e.Recipient).State)
			}
		}
	}
}

// message checks one message as all providers have it.
func (c *checker) message(id rem.MessageID, at map[string]*kept) {
	var files []verification.Input
	claims := map[int][]said{}
	byID := map[rem.EvidenceID][]byte{}
	var origin *kept
	for domain, k := range at {
		if k.Record.Origin == domain {
			origin = k
		}
		c.one(k, claims, byID)
	}
	for x, b := range byID {
		files = append(files, verification.Input{Name: string(x) + ".xml", Source: mime.Memory(b)})
	}
	for n, list := range claims {
		for i, a := range list {
			for _, b := range list[:i] {
				if message.Disagree(a.Claim, b.Claim) {
					c.fault("%s: for recipient %d, %s of %s and %s of %s disagree", id, n, a.id, a.issuer, b.id, b.issuer)
				}
			}
		}
	}
	if origin == nil {
		c.fault("%s is nobody's own", id)
		return
	}
	for domain, k := range at {
		if k == origin {
			continue
		}
		if k.original != nil && !bytes.Equal(k.original, origin.original) {
			c.fault("%s: the original at %s is another than at its origin", id, domain)
		}
		c.returned(k, origin)
	}
	if origin.original != nil {
		files = append(files, verification.Input{Name: "original.eml", Source: mime.Memory(origin.original)})
	}
	slices.SortFunc(files, func(a, b verification.Input) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	report, err := c.verify.Verify(context.Background(), files...)
	if err != nil {
		c.fault("%s: verifying: %v", id, err)
		return
	}
	if report.Verdict != validation.TotalPassed {
		c.fault("%s: a stranger says %s: %s", id, report.Verdict, worst(report.Findings))
	}
}

// worst writes what did not pass.
func worst(fs []*verification.Finding) (s string) {
	for _, f := range fs {
		if f.Verdict != validation.TotalPassed && len(f.Parts) == 0 {
			s += fmt.Sprintf("\n\t%s %s: %s %s (%s)", f.Subject, f.Name, f.Verdict, f.Sub, f.Detail)
		}
		s += worst(f.Parts)
	}
	return s
}

// said is a claim with who made it.
type said struct {
	message.Claim
	id     rem.EvidenceID
	issuer string
}

// one checks a message at one provider.
func (c *checker) one(k *kept, claims map[int][]said, byID map[rem.EvidenceID][]byte) {
	id, where := k.Record.ID, k.p.Domain
	seen := map[string]bool{}
	for _, f := range k.xml {
		if f.Conflict && !c.mayConflict {
			c.fault("%s: %s at %s was filed as a conflict", id, f.ID, where)
		}
		key := fmt.Sprint(f.Recipient, f.Kind, f.Issuer)
		if seen[key] {
			c.fault("%s: two evidences of %s by %s for recipient %d at %s", id, f.Kind, f.Issuer, f.Recipient, where)
		}
		seen[key] = true
		if rem.DigestOf(f.XML) != f.Digest {
			c.fault("%s: %s at %s has another digest than is kept", id, f.ID, where)
		}
		if b, ok := byID[f.ID]; ok && !bytes.Equal(b, f.XML) {
			c.fault("%s: %s is not the same at two providers", id, f.ID)
		}
		if _, ok := byID[f.ID]; !ok {
			byID[f.ID] = f.XML
			for _, n := range c.concerns(k, &f) {
				claims[n] = append(claims[n], said{f.Claim(), f.ID, f.Issuer})
			}
		}
	}
	for i := range k.Record.Recipients {
		c.standing(k, i+1)
	}
}

// concerns reads an evidence and says for whom it is: its own message, digest
// and recipient, and no other's.
func (c *checker) concerns(k *kept, f *message.Filed) []int {
	r := &k.Record
	e, x, err := evidence.Verify(f.XML, xades.VerifyOptions{})
	if err != nil {
		c.fault("%s: %s does not verify: %v", r.ID, f.ID, err)
		return nil
	}
	for _, err := range []error{
		algorithm.Default.Digest(x.Tokens[0].Hash, f.Time),
		differ("identifier", e.ID, f.ID), differ("message", e.Message.ID, r.ID), differ("digest", e.Message.Digest, r.Digest),
		differ("kind", e.Kind, f.Kind), differ("outcome", e.Outcome, f.Outcome), differ("recipient", e.RefersTo, f.Recipient),
		differ("issuer", e.Issuer.Address.Domain(), f.Issuer), differ("time", x.Tokens[0].Time.UTC(), f.Time.UTC()),
		differ("recipients", len(e.Recipients), len(r.Recipients)), differ("sender", e.Sender.Address, r.Sender.Address),
	} {
		if err != nil {
			c.fault("%s: %s at %s: %v", r.ID, f.ID, k.p.Domain, err)
		}
	}
	for i := range e.Recipients {
		if i < len(r.Recipients) && e.Recipients[i].Address != r.Recipients[i].Address {
			c.fault("%s: %s names another recipient in place %d", r.ID, f.ID, i+1)
		}
	}
	if f.Recipient > 0 {
		return []int{f.Recipient}
	}
	all := make([]int, len(r.Recipients))
	for i := range all {
		all[i] = i + 1
	}
	return all
}

func differ[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("its %s is %v, not %v", what, got, want)
	}
	return nil
}

// final are the states in which nothing more is waited for.
var final = []message.State{
	message.Refused, message.NotRelayed, message.Overdue, message.RelayRefused,
	message.NotDelivered, message.Retrieved, message.NotRetrieved, message.None,
}

// standing checks that a state has the evidence by which it was reached, and
// that something will move it on unless it is final.
func (c *checker) standing(k *kept, n int) {
	r, s := &k.Record, k.Standing(n)
	to := r.Recipient(n)
	own, peer := k.p.Domain, to.Address.Provider()
	if to.Leg == message.Inbound {
		peer = r.Origin
	}
	has := func(kind message.Kind, o message.Outcome, issuer string) bool {
		return slices.ContainsFunc(k.xml, func(f message.Filed) bool {
			return f.Kind == kind && f.Outcome == o && f.Issuer == issuer && (f.Recipient == n || f.Recipient == 0)
		})
	}
	need := func(kind message.Kind, o message.Outcome, issuer string) {
		if !has(kind, o, issuer) {
			c.fault("%s: recipient %d is %s at %s without %s %s of %s", r.ID, n, s.State, own, kind, o, issuer)
		}
	}
	outbound := to.Leg == message.Outbound
	arrived := false
	who := peer // who says what became of the message
	if !outbound {
		who = own
	}
	switch s.State {
	case message.None:
		if outbound || to.Leg == message.Local {
			c.fault("%s: recipient %d has no state at %s", r.ID, n, own)
		}
	case message.Refused:
		need(message.SubmissionAcceptanceRejection, message.Negative, own)
	case message.NotRelayed:
		need(message.RelayREMMDFailure, message.Negative, own)
	case message.Overdue:
		need(message.DeliveryNonDeliveryToRecipient, message.Negative, own)
	case message.Relayed:
		need(message.RelayREMMDAcceptanceRejection, message.Positive, peer)
	case message.TakenOver:
		need(message.RelayREMMDAcceptanceRejection, message.Positive, own)
	case message.RelayRefused:
		need(message.RelayREMMDAcceptanceRejection, message.Negative, own)
	case message.Delivered:
		need(message.DeliveryNonDeliveryToRecipient, message.Positive, who)
		arrived = true
	case message.NotDelivered:
		need(message.DeliveryNonDeliveryToRecipient, message.Negative, who)
	case message.Retrieved:
		need(message.RetrievalNonRetrievalByRecipient, message.Positive, who)
		arrived = true
	case message.NotRetrieved:
		need(message.RetrievalNonRetrievalByRecipient, message.Negative, who)
		arrived = true
	}
	if !outbound && to.Account != "" && s.State != message.None {
		entries, err := k.p.Store.Mailbox(context.Background(), to.Account, 0, 1<<20)
		if err != nil {
			c.fault("%s: reading a mailbox: %v", own, err)
		}
		there := slices.ContainsFunc(entries, func(e message.Entry) bool { return e.Message == r.ID && e.Recipient == n })
		if there != arrived {
			c.fault("%s: recipient %d is %s at %s, and in the mailbox: %v", r.ID, n, s.State, own, there)
		}
	}
	waits := map[string]bool{
		"relay " + peer: outbound, fmt.Sprint("delivery ", n): !outbound && (s.State == message.TakenOver || s.State == message.Accepted),
		fmt.Sprint("retrieval ", n): !outbound && s.State == message.Delivered,
	}
	ends := slices.Contains(final, s.State)
	if outbound && s.State == message.Delivered {
		ends = true // the other REM-MD's retrieval evidence comes, or does not
	}
	for task, owns := range waits {
		if owns && !ends && !k.tasks[task] {
			c.fault("%s: recipient %d is %s at %s, and nothing will move it on", r.ID, n, s.State, own)
		}
	}
}

// returned: what the recipient's REM-MD said came to the sender's, byte for
// byte, unless it is still on its way or could not be returned.
func (c *checker) returned(k, origin *kept) {
	for _, f := range k.xml {
		if f.Issuer != k.p.Domain || k.tasks["return "+string(f.ID)] {
			continue
		}
		i := slices.IndexFunc(origin.xml, func(g message.Filed) bool { return g.ID == f.ID })
		if i < 0 {
			if c.w.Clock.Now().Sub(f.Time) < 30*24*time.Hour || !c.w.gaveUp(k.p, f.ID) {
				c.fault("%s: %s is not at %s", k.Record.ID, f.ID, origin.p.Domain)
			}
			continue
		}
		if !bytes.Equal(origin.xml[i].XML, f.XML) {
			c.fault("%s: %s has other bytes at %s", k.Record.ID, f.ID, origin.p.Domain)
		}
	}
}

// gaveUp tells whether it was alarmed that an evidence could not be returned.
func (w *World) gaveUp(p *Provider, id rem.EvidenceID) bool {
	return slices.ContainsFunc(p.Alarms(), func(a string) bool { return bytes.Contains([]byte(a), []byte(id)) })
}
