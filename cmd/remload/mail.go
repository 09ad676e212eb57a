package main

import (
	"bytes"
	"context"
	secure "crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"rem/mail/mime"
	"rem/trust/cades"
)

// An original is one message as it goes over the wire after DATA: head, then
// body with its end. Bodies are shared and never written to.
type original struct {
	id         string // its Message-ID
	from, to   string
	head, body []byte
}

// A mailbag holds prepared originals from one holder to one address. Each has
// its own text and its own signature, so that no cache of verified signatures
// knows it; when all were sent, they come again under new Message-IDs, which
// stand outside of what is signed. One goroutine takes from it.
type mailbag struct {
	from, to string
	domain   string
	head     []byte // of all of them, without the Message-ID
	bodies   [][]byte
	next     int
}

// taken numbers messages over all mailbags, rounds and programs of a run.
var taken atomic.Uint64

// run tells the messages of one run from those of another.
var run = secure.Text()

// A bag describes a mailbag.
type bag struct {
	from, name, to string
	size           int // of the whole original, in octets, about
	distinct       int // originals
	signer         *cades.Signer
}

const boundary = "=_original"

// prepare makes and signs the originals: multipart/signed with a text, and for
// more than 16 KB an attachment in base64.
func prepare(ctx context.Context, p bag) (*mailbag, error) {
	_, domain, _ := strings.Cut(p.from, "@")
	b := &mailbag{from: p.from, to: p.to, domain: domain}
	h := mime.NewBuilder(nil)
	h.Mailboxes("From", mime.Mailbox{Name: p.name, Address: p.from})
	h.Mailboxes("To", mime.Mailbox{Address: p.to})
	h.Text("Subject", "Sözleşmenin feshi hakkında")
	h.Date("Date", time.Now())
	h.Word("MIME-Version", "1.0")
	h.Media("Content-Type", "multipart/signed", mime.Param{Name: "boundary", Value: boundary},
		mime.Param{Name: "protocol", Value: "application/pkcs7-signature"}, mime.Param{Name: "micalg", Value: "sha-256"})
	h.End()
	var err error
	if b.head, err = h.Bytes(); err != nil {
		return nil, err
	}
	for i := range p.distinct {
		body, err := p.body(ctx, i, len(b.head)+100)
		if err != nil {
			return nil, fmt.Errorf("preparing original %d of %s: %w", i, p.from, err)
		}
		b.bodies = append(b.bodies, body)
	}
	return b, nil
}

// body writes the signed part and its signature so that all together, with
// what stands before, have about the size that is wanted.
func (p bag) body(ctx context.Context, i, before int) ([]byte, error) {
	const around = 2200 // the boundaries and the signature
	w := mime.NewBuilder(make([]byte, 0, p.size+4096))
	text := fmt.Sprintf("Sayın %s,\n\n%d numaralı sözleşmeyi feshediyorum.\n", p.to, i)
	room := p.size - before - around
	large := room > 16<<10
	if large {
		w.Media("Content-Type", "application/octet-stream", mime.Param{Name: "name", Value: "ek.bin"})
		w.Word("Content-Transfer-Encoding", "base64")
		w.End()
		w.Base64(random(uint64(i), room*57/78))
	} else {
		w.Media("Content-Type", "text/plain", mime.Param{Name: "charset", Value: "utf-8"})
		w.Word("Content-Transfer-Encoding", "quoted-printable")
		w.End()
		w.QuotedPrintable(text + strings.Repeat("Lorem ipsum dolor sit amet, consectetur adipisici elit, sed eiusmod.\n", max(0, room-180)/70))
	}
	content, err := w.Bytes()
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(content)
	signature, err := p.signer.Sign(ctx, digest[:], time.Now())
	if err != nil {
		return nil, err
	}
	out := mime.NewBuilder(make([]byte, 0, len(content)+4096))
	out.Raw([]byte("--" + boundary + "\r\n")...)
	out.Raw(content...)
	out.Delimiter(boundary)
	out.Media("Content-Type", "application/pkcs7-signature", mime.Param{Name: "name", Value: "smime.p7s"})
	out.Word("Content-Transfer-Encoding", "base64")
	out.End()
	out.Base64(signature)
	out.Close(boundary)
	whole, err := out.Bytes()
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(whole, []byte(".")) || bytes.Contains(whole, []byte("\r\n.")) {
		return nil, fmt.Errorf("a line begins with a dot, which would have to be doubled")
	}
	return append(whole, ".\r\n"...), nil
}

// random gives bytes that do not compress, the same for the same seed.
func random(seed uint64, n int) []byte {
	var key [32]byte
	copy(key[:], base64.StdEncoding.EncodeToString(fmt.Append(nil, seed)))
	out := make([]byte, n)
	rand.NewChaCha8(key).Read(out)
	return out
}

// take gives the next message. It stays valid; its body is shared.
func (b *mailbag) take() *original {
	id := fmt.Sprintf("%08d.%s@%s", taken.Add(1), run, b.domain)
	m := &original{id: id, from: b.from, to: b.to, body: b.bodies[b.next%len(b.bodies)]}
	b.next++
	m.head = append(fmt.Appendf(make([]byte, 0, len(b.head)+len(id)+16), "Message-ID: <%s>\r\n", id), b.head...)
	return m
}
