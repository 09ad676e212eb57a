package soap

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"rem"
	"rem/message"
	"rem/message/mailbox"
	"rem/trust/strictxml"
)

// Namespaces. Those of the operations and types are what the public programs for
// eyServis send.
const (
	serviceSpace  = "http://ws.apache.org/axis2"
	typesSpace    = "http://ws.apache.org/axis2/xsd"
	mediaSpace    = "http://www.w3.org/2005/05/xmlmime"
	xopSpace      = "http://www.w3.org/2004/08/xop/include"
	instanceSpace = "http://www.w3.org/2001/XMLSchema-instance"
)

// A form is a version of SOAP.
type form struct{ space, media string }

var (
	soap11 = &form{"http://schemas.xmlsoap.org/soap/envelope/", "text/xml"}
	soap12 = &form{"http://www.w3.org/2003/05/soap-envelope", "application/soap+xml"}
)

// A post is one request while it is read, and how its answer is written.
type post struct {
	h     *Handler
	r     *http.Request
	form  *form
	parts *multipart.Reader // what follows the XML; nil: nothing
	xop   bool              // the asker reads attachments by MTOM
	limit int64             // octets that attachments may still have
}

var notMedia = bad("İstek text/xml, application/soap+xml ya da multipart/related (MTOM) olmalı, UTF-8 ile yazılmalıdır.",
	"The request has to be text/xml, application/soap+xml or multipart/related (MTOM), in UTF-8.")

// open finds the XML of a request.
func (p *post) open(w http.ResponseWriter) (io.Reader, error) {
	media, params, err := mime.ParseMediaType(p.r.Header.Get("Content-Type"))
	if err != nil {
		return nil, notMedia
	}
	p.form = formOf(media, params)
	p.xop = strings.Contains(rem.FoldASCII(p.r.Header.Get("Accept")), "multipart/related")
	switch {
	case media == "text/xml", media == "application/soap+xml":
		if !utf8(params) {
			return nil, notMedia
		}
		return p.r.Body, nil
	case media != "multipart/related" || params["boundary"] == "" || rem.FoldASCII(params["type"]) != "application/xop+xml":
		return nil, notMedia
	}
	// The fields of parts, and base64 where somebody sends that, come on top.
	p.r.Body = http.MaxBytesReader(w, p.r.Body, 2*p.limit+2*maxEnvelope)
	p.parts, p.xop = multipart.NewReader(p.r.Body, params["boundary"]), true
	root, err := p.parts.NextRawPart()
	if err != nil {
		return nil, p.cut(err)
	}
	start := params["start"]
	if start != "" && start != root.Header.Get("Content-Id") {
		return nil, bad("MTOM isteğinde XML bölümü önce gelmelidir.", "In a request by MTOM the XML has to come first.")
	}
	media, params, err = mime.ParseMediaType(root.Header.Get("Content-Type"))
	if err != nil || media != "application/xop+xml" || !utf8(params) {
		return nil, notMedia
	}
	return decoded(root)
}

// formOf says which version a media type announces; the envelope decides.
func formOf(media string, params map[string]string) *form {
	if media == soap12.media || strings.HasPrefix(rem.FoldASCII(params["start-info"]), soap12.media) {
		return soap12
	}
	return soap11
}

func utf8(params map[string]string) bool {
	c := rem.FoldASCII(params["charset"])
	return c == "" || c == "utf-8"
}

// decoded undoes the transfer encoding of a part.
func decoded(part *multipart.Part) (io.Reader, error) {
	switch rem.FoldASCII(strings.TrimSpace(part.Header.Get("Content-Transfer-Encoding"))) {
	case "", "binary", "8bit", "7bit":
		return part, nil
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, part), nil
	}
	return nil, bad("Bir ekin aktarım kodlaması desteklenmiyor.", "The transfer encoding of an attachment is not supported.")
}

// cut is a request that did not come whole.
func (p *post) cut(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return tooLarge
	}
	return bad("İstek tamamlanmadı veya biçimi bozuk.", "The request did not come whole, or its form is broken.")
}

var (
	tooLarge = bad("İstek çok büyük. 3 MB'tan büyük dosyaları MTOM ile gönderiniz.", "The request is too large. Send files above 3 MB by MTOM.")
	notXML   = bad("XML okunamadı: UTF-8 olmalı, DOCTYPE ve işlem yönergesi bulunmamalıdır.", "The XML cannot be read: it has to be UTF-8, without document type and processing instructions.")
)

// A value is what a request has at one place.
type value struct {
	text     string
	cid      string // of an xop:Include
	media    string // of an attachment, as declared
	file     string
	children []named
}

type named struct {
	name string
	value
}

// get gives the text of a child; "" when it is not there.
func (v *value) get(name string) string { return v.child(name).text }

// child gives a child, or an empty one.
func (v *value) child(name string) *value {
	for i := range v.children {
		if v.children[i].name == name {
			return &v.children[i].value
		}
	}
	return &value{}
}

func (v *value) all(name string) (list []*value) {
	for i := range v.children {
		if v.children[i].name == name {
			list = append(list, &v.children[i].value)
		}
	}
	return list
}

var busy = &fault{code: receiver, text: text("Şu anda çok sayıda büyük istek okunuyor; biraz sonra yeniden deneyiniz veya dosyaları MTOM ile gönderiniz.",
	"Many large requests are being read now; try again in a while, or send files by MTOM.")}

// whole reads the envelope. One that is large takes a place until its call is closed.
func (p *post) whole(body io.Reader, c *call) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(body, smallEnvelope+1))
	if err != nil {
		return nil, p.cut(err)
	}
	if len(b) <= smallEnvelope {
		return b, nil
	}
	select {
	case p.h.large <- struct{}{}:
		c.owned = append(c.owned, func() error { <-p.h.large; return nil })
	default:
		return nil, busy
	}
	rest, err := io.ReadAll(io.LimitReader(body, maxEnvelope+1-int64(len(b))))
	if err != nil {
		return nil, p.cut(err)
	}
	if b = append(b, rest...); len(b) > maxEnvelope {
		return nil, tooLarge
	}
	return b, nil
}

// read reads the envelope: which operation it asks for, and with what.
func (p *post) read(b []byte) (*operation, value, error) {
	op, in, form, err := parse(b)
	if form != nil {
		p.form = form
	}
	return op, in, err
}

// parse reads an envelope. The form is nil when it is none.
func parse(b []byte) (*operation, value, *form, error) {
	doc, err := strictxml.Parse(b, strictxml.Limits{MaxBytes: maxEnvelope, MaxDepth: 16, MaxElements: 4096})
	if err != nil {
		return nil, value{}, nil, notXML
	}
	root := doc.Root
	var f *form
	for _, x := range []*form{soap11, soap12} {
		if root.Is(x.space, "Envelope") {
			f = x
		}
	}
	if f == nil {
		return nil, value{}, nil, &fault{code: version, text: text("SOAP 1.1 veya 1.2 zarfı bekleniyor.", "An envelope of SOAP 1.1 or 1.2 is expected.")}
	}
	var body *strictxml.Element
	for e := range root.ChildElements() {
		switch {
		case e.Is(f.space, "Header") && body == nil:
			for field := range e.ChildElements() {
				if m, _ := field.Attr(f.space, "mustUnderstand"); m == "1" || m == "true" {
					return nil, value{}, f, &fault{code: must, text: text("Zarfın başlığındaki bir bölüm anlaşılmıyor (örneğin WS-Security); bu arayüz yalnızca gövdeyi okur.", "A part of the header is not understood (such as WS-Security); this interface reads the body alone.")}
				}
			}
		case e.Is(f.space, "Body") && body == nil:
			body = e
		default:
			return nil, value{}, f, notXML
		}
	}
	asked := only(body)
	if asked == nil || asked.Space != serviceSpace {
		return nil, value{}, f, bad("Gövdede "+serviceSpace+" ad alanında tek bir işlem bekleniyor.", "One operation of the namespace "+serviceSpace+" is expected in the body.")
	}
	op := find(asked.Local)
	if op == nil {
		return nil, value{}, f, bad("Böyle bir işlem yok; "+Path+"?wsdl adresine bakınız.", "There is no such operation; see "+Path+"?wsdl.")
	}
	param := only(asked)
	if param == nil || !param.Is(serviceSpace, "param0") {
		return nil, value{}, f, bad("İşlemin tek alanı param0 olmalıdır.", "The one field of the operation has to be param0.")
	}
	in, err := structure(param, typed(op.in))
	return op, in, f, err
}

// only gives the one child of an element; nil when it has another number.
func only(e *strictxml.Element) (child *strictxml.Element) {
	if e == nil {
		return nil
	}
	for c := range e.ChildElements() {
		if child != nil {
			return nil
		}
		child = c
	}
	return child
}

// structure reads an element by its type. What the type does not have is refused:
// whoever sent it means something by it.
func structure(e *strictxml.Element, elements []element) (v value, err error) {
	seen := map[string]bool{}
	for i := range e.Children {
		if n := &e.Children[i]; n.Kind == strictxml.TextNode && strings.TrimSpace(n.Text) != "" {
			return v, bad("Bir alanda beklenmeyen metin var.", "There is text where fields are expected.")
		}
	}
	for c := range e.ChildElements() {
		var known *element
		for i := range elements {
			if elements[i].name == c.Local && (c.Space == typesSpace || c.Space == serviceSpace || c.Space == "") {
				known = &elements[i]
			}
		}
		switch {
		case known == nil:
			return v, bad("Bilinmeyen bir alan var; "+Path+"?wsdl adresine bakınız.", "There is an unknown field; see "+Path+"?wsdl.")
		case seen[c.Local] && !known.many:
			return v, bad("“"+known.name+"” alanı birden çok.", "The field “"+known.name+"” is there more than once.")
		}
		seen[c.Local] = true
		if null, _ := c.Attr(instanceSpace, "nil"); null == "true" || null == "1" {
			continue
		}
		child, err := leaf(c, known)
		if err != nil {
			return v, err
		}
		v.children = append(v.children, named{known.name, child})
	}
	return v, nil
}

func leaf(c *strictxml.Element, known *element) (v value, err error) {
	if inner := typed(known.kind); inner != nil {
		return structure(c, inner)
	}
	for _, a := range c.Attrs {
		switch a.Local {
		case "contentType":
			v.media = a.Value
		case "fileName":
			v.file = a.Value
		}
	}
	if known.kind == attachment {
		if include := only(c); include != nil && include.Is(xopSpace, "Include") {
			href, _ := include.Attr("", "href")
			id, ok := strings.CutPrefix(href, "cid:")
			if id, err = url.PathUnescape(id); !ok || err != nil || id == "" {
				return v, bad("“"+known.name+"” alanının xop:Include bağlantısı geçerli değil.", "The xop:Include of “"+known.name+"” is not valid.")
			}
			v.cid = id
			return v, nil
		}
	}
	if v.text, err = c.Text(); err != nil {
		return v, bad("“"+known.name+"” alanında yalnızca metin olmalıdır.", "The field “"+known.name+"” has to hold text alone.")
	}
	if known.kind != attachment {
		v.text = strings.TrimSpace(v.text)
	}
	return v, nil
}

// attachments reads what follows the XML into spools, which the call owns.
func (p *post) attachments(spool func() mailbox.Spool, c *call) error {
	if p.parts == nil {
		return nil
	}
	for n := 0; ; n++ {
		part, err := p.parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return p.cut(err)
		}
		id := strings.TrimSuffix(strings.TrimPrefix(part.Header.Get("Content-Id"), "<"), ">")
		if _, twice := c.parts[id]; twice || id == "" || n >= maxParts {
			return bad("Eklerin Content-ID alanları eksik ya da aynı, veya ekler çok fazla.", "Attachments lack a Content-ID or share one, or there are too many.")
		}
		r, err := decoded(part)
		if err != nil {
			return err
		}
		s := spool()
		c.parts[id], c.owned = s, append(c.owned, s.Close)
		size, err := io.Copy(s, io.LimitReader(r, p.limit+1))
		if p.limit -= size; p.limit < 0 {
			return bad("Ekler çok büyük.", "The attachments are too large.")
		}
		if err != nil {
			return p.cut(err)
		}
		if err := s.Seal(); err != nil {
			return fmt.Errorf("keeping an attachment: %w", err)
		}
	}
}

// bytesOf is a content in memory.
type bytesOf []byte

func (m bytesOf) ReadAt(b []byte, at int64) (int, error) {
	if at >= int64(len(m)) {
		return 0, io.EOF
	}
	n := copy(b, m[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (m bytesOf) Size() int64        { return int64(len(m)) }
func (m bytesOf) Digest() rem.Digest { return rem.DigestOf(m) }

// binary gives what an attachment holds.
func (c *call) binary(name string, v *value) (message.Content, error) {
	if v.cid != "" {
		s, ok := c.parts[v.cid]
		if !ok {
			return nil, bad("“"+name+"” alanının gösterdiği ek gelmedi.", "The attachment that “"+name+"” names did not come.")
		}
		return s, nil
	}
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(v.text), ""))
	if err != nil {
		return nil, bad("“"+name+"” alanı base64 değil.", "The field “"+name+"” is no base64.")
	}
	if len(b) == 0 {
		return nil, bad("“"+name+"” alanı boş.", "The field “"+name+"” is empty.")
	}
	return bytesOf(b), nil
}
