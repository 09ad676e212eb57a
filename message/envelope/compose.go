package envelope

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rem"
	"rem/mail/mime"
	"rem/mail/smime"
	"rem/message"
	"rem/message/evidence"
)

// A draft is an envelope being written.
type draft struct {
	maker      *Maker
	desk       *desk
	record     *message.Record
	filed      []message.Filed
	at         time.Time
	messageID  string
	boundaries [3]string   // for "s", "m" and "a"
	token      string      // in every boundary, and in nothing else
	to         rem.Address // of a REM-MD message
	inReplyTo  []string
	uaID       []string  // the Message-ID of the original, where it is one
	hash       hash.Hash // over what is signed, in its order

	signedFrom int // where in the head the signed bytes begin
}

// A desk is the room that an envelope is written in. What is done is copied
// from there.
type desk struct {
	head, tail, original []byte
	introduction         introduction
}

var desks = sync.Pool{New: func() any { return new(desk) }}

// maxDesk bounds what stays on a desk: more than nearly all envelopes have
// beside their original.
const maxDesk = 256 << 10

// clear gives the desk to the next.
func (k *desk) clear() {
	if cap(k.head)+cap(k.tail)+cap(k.original) <= maxDesk {
		desks.Put(k)
	}
}

func (m *Maker) draft(r *message.Record, filed []message.Filed, at time.Time, attempt int, k *desk) *draft {
	room := append(make([]byte, 0, 128), "rem envelope boundary\x00"...)
	room = append(append(strconv.AppendInt(room, int64(attempt), 10), 0), r.ID...)
	token := rem.DigestOf(room)
	// "=_s-" and the token, and so on, in one text.
	const length = len("=_s-") + 32
	room = room[:0]
	for _, of := range "sma" {
		room = hex.AppendEncode(append(room, '=', '_', byte(of), '-'), token[:16])
	}
	all := string(room)
	return &draft{
		maker: m, desk: k, record: r, filed: filed, at: at,
		boundaries: [3]string{all[:length], all[length : 2*length], all[2*length:]}, token: all[length-32 : length],
		uaID: writable(mime.ParseIDs(r.UAMessageID), 1),
		hash: m.Signer.Hash().New(),
	}
}

// boundary names the boundary of one of the three multiparts. None begins with
// another, and "=_" stands in no encoded body.
func (d *draft) boundary(of string) string { return d.boundaries[strings.Index("sma", of)] }

// ownID makes the Message-ID of a REM-MD message. A message with the same
// evidence to the same address is the same message.
func (d *draft) ownID() string {
	b := append(d.desk.tail[:0], "rem message\x00"...)
	b = append(append(b, d.to.String()...), 0)
	for i := range d.filed {
		f := &d.filed[i]
		b = append(append(b, f.ID...), 0)
		b = append(hex.AppendEncode(b, f.Digest[:]), 0)
	}
	d.desk.tail = b
	sum := rem.DigestOf(b)
	return hex.EncodeToString(sum[:16]) + "@" + d.maker.Provider.Domain
}

// maxThread bounds the identifiers that are carried over from the original.
const maxThread = 20

// threads carries over what the original answers, as EN 319 532-3 table 2
// allows, so that a reader's program shows the conversation. An original that
// cannot be read has none.
func (d *draft) threads(original mime.Source) {
	h, err := mime.ReadHeader(original, mime.DefaultLimits)
	if err != nil {
		return
	}
	d.inReplyTo = writable(mime.ParseIDs(h.Get("In-Reply-To")), maxThread)
}

// writable keeps the identifiers that fit on a line: those of others that do
// not are no reason to stop a message.
func writable(ids []string, most int) []string {
	ids = slices.DeleteFunc(ids, func(id string) bool { return len(id) > 900 })
	return ids[:min(len(ids), most)]
}

// dispatch writes what stands before and after the original. The head from
// signedFrom on is hashed already. Both lie on the desk.
func (d *draft) dispatch() (head, tail []byte, err error) {
	b := mime.NewBuilder(slices.Grow(d.desk.head[:0], 20<<10))
	r := d.record
	if r.Sender.Address.IsZero() {
		return nil, nil, fmt.Errorf("%w: the sender has no address", ErrUnwritable)
	}
	sender := r.Sender.Address.String()
	b.Mailboxes("From", mime.Mailbox{Name: "On behalf of: " + sender, Address: d.maker.Provider.Service.String()})
	for _, f := range []struct {
		name string
		copy bool
	}{{"To", false}, {"Cc", true}} {
		var room [4]mime.Mailbox
		list := room[:0]
		for i := range r.Recipients {
			to := &r.Recipients[i]
			if to.Copy == f.copy && !to.Address.IsZero() {
				list = append(list, mime.Mailbox{Name: to.Name, Address: to.Address.String()})
			}
		}
		b.Mailboxes(f.name, list...)
	}
	b.Mailboxes("Reply-To", mime.Mailbox{Name: r.Sender.Name, Address: sender})
	b.Text("Subject", "REM Dispatch: "+r.Subject)
	b.Date("Date", d.at)
	b.IDs("Message-ID", d.messageID)
	b.IDs("In-Reply-To", d.inReplyTo...)
	var room [maxThread + 1]string
	b.IDs("References", append(append(room[:0], d.inReplyTo...), d.uaID...)...)
	d.rest(b, sender, "Dispatch", "dispatch")

	b.Delimiter(d.boundary("m"))
	b.Media("Content-Type", "message/rfc822", mime.Param{Name: "name", Value: originalName})
	b.Word("Content-Transfer-Encoding", "8bit")
	b.Media("Content-Disposition", "attachment", mime.Param{Name: "filename", Value: originalName})
	b.Word(fieldSection, "Original Message")
	b.Word(fieldSection522, "rem_message/original")
	b.End()
	if head, err = b.Bytes(); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrUnwritable, err)
	}
	d.desk.head = head
	d.hash.Write(head[d.signedFrom:])
	if tail, err = d.evidence(mime.NewBuilder(slices.Grow(d.desk.tail[:0], 8<<10+mime.Base64Len(len(d.filed[0].XML))))); err != nil {
		return nil, nil, err
	}
	d.desk.tail = tail
	return head, tail, nil
}

// message writes a REM-MD message, on the desk.
func (d *draft) message() ([]byte, error) {
	size := 28 << 10 // header twice, introduction, signature
	for i := range d.filed {
		size += mime.Base64Len(len(d.filed[i].XML)) + 512
	}
	b := mime.NewBuilder(slices.Grow(d.desk.head[:0], size))
	r := d.record
	b.Mailboxes("From", mime.Mailbox{Name: d.maker.Provider.Name.Turkish, Address: d.maker.Provider.Service.String()})
	b.Mailboxes("To", mime.Mailbox{Address: d.to.String()})
	var room [4]string
	events := room[:0]
	for i := range d.filed {
		if event := d.event(i); !slices.Contains(events, event) {
			events = append(events, event)
		}
	}
	b.Text("Subject", "REM "+strings.Join(events, ", ")+": "+r.Subject)
	b.Date("Date", d.at)
	b.IDs("Message-ID", d.messageID)
	b.IDs("In-Reply-To", d.uaID...)
	var refs [2]string
	b.IDs("References", append(append(refs[:0], d.uaID...), string(r.ID))...)
	sender := ""
	if !r.Sender.Address.IsZero() {
		sender = r.Sender.Address.String()
	}
	d.rest(b, sender, "Message", "receipt")
	out, err := d.evidence(b)
	if err != nil {
		return nil, err
	}
	d.desk.head = out
	return out, nil
}

// event names what an evidence is about.
func (d *draft) event(i int) string {
	return tales[happening{d.filed[i].Kind, d.filed[i].Outcome}].event
}

// rest writes the fields that both envelopes have, and the introduction. The
// sender is "" when he has no address.
func (d *draft) rest(b *mime.Builder, sender, msgType, type522 string) {
	r := d.record
	b.Word("Auto-Submitted", "auto-generated") // RFC 3834 5: no machine answers this
	b.Word(fieldMsgType, msgType)
	for i := range d.filed {
		f := &d.filed[i]
		b.Word(fieldEvidenceType, f.Kind.String())
		b.Word(fieldEvent, d.event(i))
		if isName(f.ID) {
			b.Word(fieldEvidenceID, string(f.ID))
		}
	}
	b.Word(fieldMessageID, string(r.ID))
	digest := ""
	if !r.Digest.IsZero() {
		digest = base64.StdEncoding.EncodeToString(r.Digest[:])
		b.Word(fieldDigestMethod, sha256URI)
		b.Word(fieldDigestValue, digest)
	}
	b.Word(fieldMessageType522, messageType+type522)
	if digest != "" {
		b.Word(fieldDigestMethod522, sha256URI)
		b.Word(fieldDigestValue522, digest)
	}
	b.IDs(fieldUAID522, d.uaID...)
	for i := range d.filed {
		f := &d.filed[i]
		b.Word(fieldEvent522, eventURIs[happening{f.Kind, f.Outcome}])
		if isName(f.ID) {
			b.IDs(fieldEvidenceID522, string(f.ID))
		}
		for _, code := range f.Reasons {
			b.Word(fieldReason522, evidence.ReasonURI(code))
		}
	}
	if sender != "" {
		b.Mailboxes(fieldSender522, mime.Mailbox{Name: r.Sender.Name, Address: sender})
	}
	fields, _ := b.Bytes()
	smime.Before(b, d.boundary("s"), smime.Micalg(d.maker.Signer.Hash()))
	d.signedFrom = b.Len()

	b.Media("Content-Type", "multipart/mixed", mime.Param{Name: "boundary", Value: d.boundary("m")}, mime.Param{Name: "hp", Value: "clear"})
	b.Word("Content-Transfer-Encoding", "8bit")
	b.Raw(fields...)
	b.End()
	b.Delimiter(d.boundary("m"))
	b.Media("Content-Type", "multipart/alternative", mime.Param{Name: "boundary", Value: d.boundary("a")})
	b.Word(fieldSection, "Introduction")
	b.Word(fieldSection522, "rem_message/introduction")
	b.End()
	introduction, dispatch := &d.desk.introduction, msgType == "Dispatch"
	introduction.write(d.maker.Provider, r, d.filed, dispatch)
	b.Delimiter(d.boundary("a"))
	b.Media("Content-Type", "text/plain", mime.Param{Name: "charset", Value: "UTF-8"})
	b.Word("Content-Transfer-Encoding", "quoted-printable") // to be read even without a mail program
	b.End()
	introduction.quoted(b, dispatch)
	b.Delimiter(d.boundary("a"))
	b.Media("Content-Type", "text/html", mime.Param{Name: "charset", Value: "UTF-8"})
	b.Word("Content-Transfer-Encoding", "base64")
	b.End()
	b.Base64(introduction.page)
	b.Close(d.boundary("a"))
}

// isName reports whether a header can hold an evidence's identifier; one of
// another REM-MD may hold anything, and the header only repeats it.
func isName(id rem.EvidenceID) bool {
	if isVisible(string(id)) && !strings.ContainsAny(string(id), " <>") {
		return id != "" && len(id) <= 900
	}
	return len(id) <= 900 && len(mime.ParseIDs("<"+string(id)+">")) == 1
}

// evidence writes the evidence parts and closes the multipart/mixed.
func (d *draft) evidence(b *mime.Builder) ([]byte, error) {
	var seen [16]int // by kind
	for i := range d.filed {
		f := &d.filed[i]
		if !f.Kind.Allows(f.Outcome) || len(f.XML) == 0 {
			return nil, fmt.Errorf("%w: an evidence without kind or XML", ErrUnwritable)
		}
		name := f.Kind.String()
		if seen[f.Kind]++; seen[f.Kind] > 1 {
			name = fmt.Sprintf("%s-%d", name, seen[f.Kind])
		}
		name += ".xml"
		b.Delimiter(d.boundary("m"))
		b.Media("Content-Type", "application/xml", mime.Param{Name: "charset", Value: "UTF-8"}, mime.Param{Name: "name", Value: name})
		b.Word("Content-Transfer-Encoding", "base64")
		b.Media("Content-Disposition", "attachment", mime.Param{Name: "filename", Value: name})
		b.Word(fieldSection, "Evidence")
		b.Word(fieldSection522, "rem_message/xml_evidence")
		b.End()
		b.Base64(f.XML)
	}
	b.Close(d.boundary("m"))
	out, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnwritable, err)
	}
	return out, nil
}
