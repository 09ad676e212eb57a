package envelope

import (
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
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
	maker     *Maker
	record    *message.Record
	filed     []message.Filed
	at        time.Time
	messageID string
	token     string      // in every boundary, and in nothing else
	to        rem.Address // of a REM-MD message
	inReplyTo []string
	hash      hash.Hash // over what is signed, in its order

	signedFrom int // where in the head the signed bytes begin
}

func (m *Maker) draft(r *message.Record, filed []message.Filed, at time.Time, attempt int) *draft {
	token := rem.DigestOf(fmt.Appendf(nil, "rem envelope boundary\x00%d\x00%s", attempt, r.ID))
	return &draft{maker: m, record: r, filed: filed, at: at, token: hex.EncodeToString(token[:16]), hash: m.Signer.Hash().New()}
}

// boundary names the boundary of one of the three multiparts. None begins with
// another, and "=_" stands in no encoded body.
func (d *draft) boundary(of string) string { return "=_" + of + "-" + d.token }

// ownID makes the Message-ID of a REM-MD message. A message with the same
// evidence to the same address is the same message.
func (d *draft) ownID() string {
	h := crypto.SHA256.New()
	fmt.Fprintf(h, "rem message\x00%s\x00", d.to)
	for _, f := range d.filed {
		fmt.Fprintf(h, "%s\x00%s\x00", f.ID, f.Digest)
	}
	return hex.EncodeToString(h.Sum(nil)[:16]) + "@" + d.maker.Provider.Domain
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
// signedFrom on is hashed already.
func (d *draft) dispatch() (head, tail []byte, err error) {
	b := mime.NewBuilder(make([]byte, 0, 20<<10))
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
		var list []mime.Mailbox
		for _, to := range r.Recipients {
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
	b.IDs("References", append(slices.Clone(d.inReplyTo), d.uaID()...)...)
	d.rest(b, "Dispatch", "dispatch")

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
	d.hash.Write(head[d.signedFrom:])
	t := mime.NewBuilder(make([]byte, 0, 8<<10+len(d.filed[0].XML)/2*3))
	tail, err = d.evidence(t)
	return head, tail, err
}

// message writes a REM-MD message; the tail is still empty.
func (d *draft) message() (head, tail []byte, err error) {
	room := 28 << 10 // header twice, introduction, signature
	for _, f := range d.filed {
		room += len(f.XML) / 2 * 3
	}
	b := mime.NewBuilder(make([]byte, 0, room))
	r := d.record
	b.Mailboxes("From", mime.Mailbox{Name: d.maker.Provider.Name.Turkish, Address: d.maker.Provider.Service.String()})
	b.Mailboxes("To", mime.Mailbox{Address: d.to.String()})
	var events []string
	for _, f := range d.filed {
		if event := tales[happening{f.Kind, f.Outcome}].event; !slices.Contains(events, event) {
			events = append(events, event)
		}
	}
	b.Text("Subject", "REM "+strings.Join(events, ", ")+": "+r.Subject)
	b.Date("Date", d.at)
	b.IDs("Message-ID", d.messageID)
	b.IDs("In-Reply-To", d.uaID()...)
	b.IDs("References", append(d.uaID(), string(r.ID))...)
	d.rest(b, "Message", "receipt")
	head, err = d.evidence(b)
	return head, nil, err
}

// uaID is the Message-ID of the original, where it is one.
func (d *draft) uaID() []string {
	return writable(mime.ParseIDs(d.record.UAMessageID), 1)
}

// rest writes the fields that both envelopes have, and the introduction.
func (d *draft) rest(b *mime.Builder, msgType, type522 string) {
	r := d.record
	b.Word("Auto-Submitted", "auto-generated") // RFC 3834 5: no machine answers this
	b.Word(fieldMsgType, msgType)
	for _, f := range d.filed {
		b.Word(fieldEvidenceType, f.Kind.String())
		b.Word(fieldEvent, tales[happening{f.Kind, f.Outcome}].event)
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
	b.IDs(fieldUAID522, d.uaID()...)
	for _, f := range d.filed {
		b.Word(fieldEvent522, evidence.EventURI(f.Kind, f.Outcome))
		if isName(f.ID) {
			b.IDs(fieldEvidenceID522, string(f.ID))
		}
		for _, code := range f.Reasons {
			b.Word(fieldReason522, evidence.ReasonURI(code))
		}
	}
	if a := r.Sender.Address; !a.IsZero() {
		b.Mailboxes(fieldSender522, mime.Mailbox{Name: r.Sender.Name, Address: a.String()})
	}
	fields, _ := b.Bytes()
	fields = slices.Clone(fields)
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
	room := scratch.Get().(*[2][]byte)
	defer scratch.Put(room)
	plain, page := introduce(room[0][:0], room[1][:0], d.maker.Provider, r, d.filed, msgType == "Dispatch")
	*room = [2][]byte{plain, page}
	b.Delimiter(d.boundary("a"))
	b.Media("Content-Type", "text/plain", mime.Param{Name: "charset", Value: "UTF-8"})
	b.Word("Content-Transfer-Encoding", "quoted-printable") // to be read even without a mail program
	b.End()
	b.QuotedPrintableBytes(plain)
	b.Delimiter(d.boundary("a"))
	b.Media("Content-Type", "text/html", mime.Param{Name: "charset", Value: "UTF-8"})
	b.Word("Content-Transfer-Encoding", "base64")
	b.End()
	b.Base64(page)
	b.Close(d.boundary("a"))
}

// isName reports whether a header can hold an evidence's identifier; one of
// another REM-MD may hold anything, and the header only repeats it.
func isName(id rem.EvidenceID) bool {
	return len(id) <= 900 && len(mime.ParseIDs("<"+string(id)+">")) == 1
}

// scratch holds the room that introductions are written in.
var scratch = sync.Pool{New: func() any { return new([2][]byte) }}

// evidence writes the evidence parts and closes the multipart/mixed.
func (d *draft) evidence(b *mime.Builder) ([]byte, error) {
	seen := map[string]int{}
	for _, f := range d.filed {
		if !f.Kind.Allows(f.Outcome) || len(f.XML) == 0 {
			return nil, fmt.Errorf("%w: an evidence without kind or XML", ErrUnwritable)
		}
		name := f.Kind.String()
		if seen[name]++; seen[name] > 1 {
			name = fmt.Sprintf("%s-%d", name, seen[name])
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
