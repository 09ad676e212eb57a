package partner

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rem"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
	"rem/privacy/canon"
)

const stepKind = "rem-work-order-step"

// roleWords are how the roles are written.
var roleWords = map[application.Role]string{application.Officer: "officer", application.Partner: "partner", application.System: "system"}

// WriteStep gives the written form of a step, which a ledger keeps.
// docs/formats/work-order.md.
func WriteStep(d *StepData) ([]byte, error) {
	w := canon.NewWriter(stepKind, formatVersion)
	w.Word("order", string(d.Order))
	w.Number("number", uint64(d.Number))
	w.Time("at", d.At)
	if d.Who != "" {
		w.Word("who", string(d.Who))
	}
	w.Word("role", roleWords[d.Role])
	w.Field("method", d.Method)
	w.Word("on", string(d.On))
	w.Maybe("from", string(d.From))
	w.Word("to", string(d.To))
	if b := d.Brief; b != nil {
		w.Blank()
		w.Word("application", string(b.Application))
		w.Word("institution", b.Institution)
		w.Digest("form", b.Form)
		w.Word("kind", string(b.Kind))
		w.Word("represented", yes(b.Represented))
		w.Word("subject", string(b.Subject))
		w.Word("province", string(b.Province))
		w.Digest("address", b.Address)
		for _, k := range b.Documents {
			w.Word("document", string(k))
		}
		w.Time("issued", b.Issued)
		w.Time("expires", b.Expires)
	}
	if d.Result != nil {
		w.Blank()
		d.Result.fields(w)
		w.Digest("text", d.Text)
		f := d.Signature
		w.Field("verdict", f.Verdict)
		w.Digest("certificate", f.Certificate)
		for _, c := range f.Chain {
			w.Digest("authority", c)
		}
		at(w, "claimed", f.Claimed)
		w.Time("proof", canon.Instant(f.Proof))
		w.Word("proven", yes(f.Proven))
		for _, e := range d.Evidence {
			stated := "-"
			if !e.At.IsZero() {
				stated = strconv.FormatInt(e.At.UnixMicro(), 10)
			}
			w.Field("evidence", fmt.Sprintf("%s %s %d %s", e.Kind, e.Digest, e.Size, stated))
		}
	}
	if h := d.Custody; h != nil {
		w.Blank()
		for _, p := range h.Papers {
			w.Word("paper", string(p))
		}
		w.Word("paper-from", string(h.From))
		w.Word("paper-to", string(h.To))
		w.Time("paper-at", canon.Instant(h.At))
		w.Word("paper-ours", yes(h.Ours))
		w.Digest("paper-text", h.Text)
		w.Field("paper-method", h.Method)
	}
	if d.Reason != "" {
		w.Word("reason", string(d.Reason))
	}
	b, err := w.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing a step of a work order: %w", err)
	}
	return b, nil
}

func at(w *canon.Writer, name string, t time.Time) {
	if !t.IsZero() {
		w.Time(name, canon.Instant(t))
	}
}

// ReadStep reads what WriteStep wrote.
func ReadStep(b []byte) (StepData, error) {
	r := canon.NewReader(b, stepKind, formatVersion)
	d := StepData{Order: OrderID(r.Word("order")), Number: int(r.Number("number")), At: r.Time("at")}
	if r.Next() == "who" {
		d.Who = rem.PersonID(r.Word("who"))
	}
	written := r.Word("role")
	for role, word := range roleWords {
		if word == written {
			d.Role = role
		}
	}
	d.Method, d.On, d.From, d.To = r.Field("method"), Event(r.Word("on")), State(r.Maybe("from")), State(r.Word("to"))
	if t, ok := Next(d.From, d.On); r.Err() == nil && (!ok || t.To != d.To || t.Who&d.Role == 0 || d.Number < 1) {
		r.Fail("the table has no such step")
	}
	if d.On == Issue {
		r.Blank()
		d.Brief = readBrief(r, d.Order)
	}
	if d.On == Visit {
		r.Blank()
		d.Result = readResult(r)
		d.Text = r.Digest("text")
		d.Signature = readFinding(r)
		for r.Next() == "evidence" {
			d.Evidence = append(d.Evidence, readEvidence(r))
		}
	}
	if d.On == Visit || d.On == Take || d.On == HandOver {
		r.Blank()
		h := &Handover{}
		for r.Next() == "paper" {
			h.Papers = append(h.Papers, PaperKind(r.Word("paper")))
		}
		h.From, h.To, h.At = rem.PersonID(r.Word("paper-from")), rem.PersonID(r.Word("paper-to")), r.Time("paper-at")
		h.Ours, h.Text, h.Method = answer(r, r.Word("paper-ours")), r.Digest("paper-text"), r.Field("paper-method")
		d.Custody = h
	}
	if r.Next() == "reason" {
		d.Reason = Reason(r.Word("reason"))
	}
	if err := r.Done(); err != nil {
		return StepData{}, fmt.Errorf("reading a step of a work order: %w", err)
	}
	return d, nil
}

func readBrief(r *canon.Reader, id OrderID) *Brief {
	b := &Brief{ID: id, Application: person.ApplicationID(r.Word("application")), Institution: r.Word("institution"), Form: r.Digest("form"),
		Kind: person.Kind(r.Word("kind")), Represented: answer(r, r.Word("represented")), Subject: rem.PersonID(r.Word("subject")),
		Province: person.Province(r.Word("province")), Address: r.Digest("address")}
	for r.Next() == "document" {
		b.Documents = append(b.Documents, identity.DocumentKind(r.Word("document")))
	}
	b.Issued, b.Expires = r.Time("issued"), r.Time("expires")
	return b
}

func readFinding(r *canon.Reader) *identity.SignatureFinding {
	f := &identity.SignatureFinding{Verdict: r.Field("verdict"), Certificate: r.Digest("certificate")}
	for r.Next() == "authority" {
		f.Chain = append(f.Chain, r.Digest("authority"))
	}
	if r.Next() == "claimed" {
		f.Claimed = r.Time("claimed")
	}
	f.Proof, f.Proven = r.Time("proof"), answer(r, r.Word("proven"))
	return f
}

func readEvidence(r *canon.Reader) identity.Evidence {
	var e identity.Evidence
	parts := strings.Split(r.Field("evidence"), " ")
	if len(parts) != 4 {
		r.Fail("an evidence has four parts")
		return e
	}
	e.Kind = identity.EvidenceKind(parts[0])
	size, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || size < 0 {
		r.Fail("the size of an evidence is no number")
	}
	e.Size = size
	if parts[3] != "-" {
		n, err := strconv.ParseInt(parts[3], 10, 64)
		if err != nil {
			r.Fail("the time of an evidence is no number")
		}
		e.At = time.UnixMicro(n).UTC()
	}
	i := slices.IndexFunc([]byte(parts[1]), func(c byte) bool { return (c < '0' || c > '9') && (c < 'a' || c > 'f') })
	if len(parts[1]) != 2*len(e.Digest) || i >= 0 {
		r.Fail("the digest of an evidence is none")
		return e
	}
	for i := range e.Digest {
		v, _ := strconv.ParseUint(parts[1][2*i:2*i+2], 16, 8) // both are digits
		e.Digest[i] = byte(v)
	}
	return e
}
