package soap

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"rem"
	"rem/mail/mime"
	"rem/mail/smime"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/submission"
)

// maxSignature bounds a CMS SignedData with its certificates and time-stamps.
const maxSignature = 256 << 10

// kinds of packages that are sent. EYazisma is an ordinary attachment to us.
func sendable(kind string) error {
	switch kind {
	case "", "Standart", "EYazisma":
		return nil
	case "ETebligat":
		return &fault{code: receiver, text: notices}
	}
	return bad("ePaketTur Standart veya EYazisma olmalıdır.", "ePaketTur has to be Standart or EYazisma.")
}

// compose begins a draft with what MimeYap is given, and gives the digest of the
// part that a signature covers.
func (h *Handler) compose(ctx context.Context, c *call) ([]node, error) {
	if err := sendable(c.in.get("ePaketTur")); err != nil {
		return nil, err
	}
	if a := c.in.get("eOzetAlg"); a != "" && strings.ReplaceAll(rem.FoldASCII(a), "-", "") != "sha256" {
		return nil, bad("eOzetAlg SHA256 olmalıdır.", "eOzetAlg has to be SHA256.")
	}
	var b [16]byte
	rand.Read(b[:])
	d := mailbox.Draft{ID: mailbox.DraftID(hex.EncodeToString(b[:])), Step: mailbox.Writing, Subject: c.in.get("konu")}
	switch t := rem.FoldASCII(c.in.get("eIcerikTur")); t {
	case "", "text":
		d.Text = c.in.get("icerik")
	case "html":
		d.HTML = c.in.get("icerik")
	default:
		return nil, bad("eIcerikTur TEXT veya HTML olmalıdır.", "eIcerikTur has to be TEXT or HTML.")
	}
	d.To = strings.FieldsFunc(c.in.get("kime"), func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\n' })
	if len(d.To) == 0 {
		return nil, bad("“kime” alanına en az bir KEP adresi yazılmalıdır.", "“kime” has to name at least one registered address.")
	}
	for n, v := range c.in.all("ekler") {
		content, err := c.binary("ekler", v)
		if err != nil {
			return nil, err
		}
		f := mailbox.File{ID: "ek" + strconv.Itoa(n+1), Name: v.file, Type: v.media}
		if f.Name == "" {
			f.Name = f.ID
		}
		if _, err := mime.ParseMedia(f.Type, mime.DefaultLimits); err != nil || f.Type == "" {
			f.Type = "application/octet-stream"
		}
		if f.Size, f.Digest, err = h.Box.Attach(ctx, c.who, d.ID, f.ID, io.NewSectionReader(content, 0, content.Size()), h.MaxSize); err != nil {
			return nil, err
		}
		d.Files = append(d.Files, f)
	}
	if _, err := h.Box.Save(ctx, c.who, d); err != nil {
		return nil, err
	}
	u, id, err := h.unsigned(ctx, c, d.ID)
	if err != nil {
		return nil, err
	}
	digest, err := u.Digest(crypto.SHA256)
	if err != nil {
		return nil, err
	}
	return []node{is("durum", "0"), is("hataaciklama", ""), is("eHash", base64.StdEncoding.EncodeToString(digest)), is("mesajid", id)}, nil
}

// unsigned is a draft as it will be signed, with its Message-ID. The same saved
// draft gives the same bytes, so that nothing has to be kept between MimeYap and
// SmimeGonder.
func (h *Handler) unsigned(ctx context.Context, c *call, id mailbox.DraftID) (*smime.Unsigned, string, error) {
	d, err := h.Box.Draft(ctx, c.who, id)
	if err != nil {
		return nil, "", err
	}
	original, err := h.Box.Compose(ctx, c.who, id)
	if err != nil {
		return nil, "", err
	}
	if closer, ok := original.(io.Closer); ok {
		c.owned = append(c.owned, closer.Close)
	}
	u, err := smime.Prepare(original, "imza"+string(id))
	if errors.Is(err, smime.ErrForm) {
		return nil, "", own(refused, "Taslak, imzalanacak bir ileti olarak okunamıyor.", "The draft cannot be read as a message to be signed.")
	}
	return u, "<" + string(id) + "." + strconv.FormatInt(d.Version, 10) + "@" + h.Box.Domain + ">", err
}

// send completes a draft with its signature and submits it. The draft goes when
// its message was taken: a crash between the two leaves it, and the same call again
// is answered by the first submission and takes the draft away.
func (h *Handler) send(ctx context.Context, c *call) ([]node, error) {
	asked := c.in.get("mesajid")
	id, _, ok := strings.Cut(strings.TrimPrefix(asked, "<"), ".")
	if _, err := hex.DecodeString(id); !ok || err != nil || len(id) != 32 {
		return nil, own(notFound, "mesajid, MimeYap yanıtındaki mesajid değil.", "mesajid is not one that MimeYap gave.")
	}
	content, err := c.binary("imza", c.in.child("imza"))
	if err != nil {
		return nil, err
	}
	if content.Size() > maxSignature {
		return nil, own(refused, "İmza çok büyük.", "The signature is too large.")
	}
	der := make([]byte, content.Size())
	if _, err := content.ReadAt(der, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading a signature: %w", err)
	}
	if len(der) < 2 || der[0] != 0x30 || !strings.Contains(string(der[:min(len(der), 32)]), signedData) {
		return nil, own(refused, "“imza” alanında eHash özetinin ayrık CAdES imzası (CMS SignedData, DER; .p7s) beklenir; yalın imza değeri yetmez.",
			"“imza” has to hold the detached CAdES signature (CMS SignedData, DER; .p7s) over eHash; a bare signature value is not enough.")
	}
	u, now, err := h.unsigned(ctx, c, mailbox.DraftID(id))
	if err != nil {
		return nil, err
	}
	if now != asked {
		return nil, own(conflict, "Taslak, MimeYap'tan sonra değiştirildi; yeniden hazırlayınız.", "The draft was changed after MimeYap; prepare it anew.")
	}
	signed, err := u.Complete(crypto.SHA256, der)
	if err != nil {
		return nil, err
	}
	s := h.Box.Spool()
	c.owned = append(c.owned, s.Close)
	if _, err := io.Copy(s, io.NewSectionReader(signed, 0, signed.Size())); err != nil {
		return nil, fmt.Errorf("keeping a signed message: %w", err)
	}
	if err := s.Seal(); err != nil {
		return nil, fmt.Errorf("keeping a signed message: %w", err)
	}
	if _, err := h.submit(ctx, c, s); err != nil {
		return nil, err
	}
	if err := h.Box.Drop(ctx, c.who, mailbox.DraftID(id)); err != nil {
		h.log.Error("soap: dropping a draft that was sent", "err", err)
	}
	return []node{is("durum", "0"), is("hataaciklama", "")}, nil
}

// signedData is the object identifier 1.2.840.113549.1.7.2 in DER.
const signedData = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"

// submit hands a message over. A refusal has its evidence, code 11.
func (h *Handler) submit(ctx context.Context, c *call, original message.Content) (submission.Receipt, error) {
	receipt, err := h.Box.Submit(ctx, c.who, original)
	if err != nil {
		return receipt, err
	}
	if r := receipt.Refusal; r != nil {
		return receipt, own(refused, r.Detail.Turkish+" (delil "+string(receipt.Evidence)+")", r.Detail.English+" (evidence "+string(receipt.Evidence)+")")
	}
	return receipt, nil
}

// upload submits a message that was signed elsewhere.
func (h *Handler) upload(ctx context.Context, c *call) ([]node, error) {
	if err := sendable(c.in.get("ePaketTur")); err != nil {
		return nil, err
	}
	content, err := c.binary("ePaket", c.in.child("ePaket"))
	if err != nil {
		return nil, err
	}
	receipt, err := h.submit(ctx, c, content)
	if err != nil {
		return nil, err
	}
	return []node{is("durum", "0"), is("kepId", string(receipt.Message)), is("hataaciklama", "")}, nil
}
