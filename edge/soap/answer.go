package soap

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"

	"rem/message"
)

// A node of an answer, in the order of its type.
type node struct {
	name     string
	text     string
	children []node
	content  message.Content // of an attachment
	media    string
	file     string
}

func is(name, text string) node { return node{name: name, text: text} }

// write sends an answer: one that holds contents by MTOM when the asker reads
// that, as base64 otherwise. Contents are read as they leave.
func (p *post) write(w http.ResponseWriter, op *operation, answer []node) error {
	var all []node
	if p.xop {
		all = contents(answer, nil)
	}
	out := bufio.NewWriterSize(w, 32<<10)
	media := p.form.media + "; charset=utf-8"
	boundary := ""
	if len(all) > 0 {
		var random [16]byte
		rand.Read(random[:])
		boundary = "=_" + hex.EncodeToString(random[:])
		w.Header().Set("MIME-Version", "1.0")
		w.Header().Set("Content-Type", `multipart/related; boundary="`+boundary+`"; type="application/xop+xml"; start="<0@eyservis>"; start-info="`+p.form.media+`"`)
		fmt.Fprintf(out, "--%s\r\nContent-Type: application/xop+xml; charset=utf-8; type=%q\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <0@eyservis>\r\n\r\n", boundary, p.form.media)
	} else {
		w.Header().Set("Content-Type", media)
	}
	x := &writer{out: out, mtom: len(all) > 0}
	x.raw(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<soap:Envelope xmlns:soap="` + p.form.space + `"><soap:Body><s:` + op.name + `Response xmlns:s="` + serviceSpace + `" xmlns:t="` + typesSpace + `" xmlns:m="` + mediaSpace + `">`)
	if typed(op.out) == nil {
		for _, n := range answer {
			n.name = "return"
			x.node("s:", n)
		}
	} else {
		x.node("s:", node{name: "return", children: answer})
	}
	x.raw(`</s:` + op.name + `Response></soap:Body></soap:Envelope>`)
	for i, n := range all {
		x.raw(fmt.Sprintf("\r\n--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <%d@eyservis>\r\n\r\n", boundary, n.media, i+1))
		x.copy(out, n.content)
	}
	if len(all) > 0 {
		x.raw("\r\n--" + boundary + "--\r\n")
	}
	if x.err != nil {
		return x.err
	}
	return out.Flush()
}

// contents gathers what leaves beside the XML, in its order.
func contents(nodes, list []node) []node {
	for _, n := range nodes {
		if n.content != nil {
			list = append(list, n)
		}
		list = contents(n.children, list)
	}
	return list
}

// A writer writes XML; its first error stays.
type writer struct {
	out  *bufio.Writer
	mtom bool
	n    int // contents so far
	err  error
}

func (x *writer) raw(s string) {
	if x.err == nil {
		_, x.err = x.out.WriteString(s)
	}
}

func (x *writer) copy(to io.Writer, c message.Content) {
	if x.err != nil {
		return
	}
	from := &watched{r: io.NewSectionReader(c, 0, c.Size())}
	if _, x.err = io.Copy(to, from); from.err != nil {
		x.err = fmt.Errorf("%w: %w", errContent, from.err)
	}
}

// errContent is a content that could not be read while it left: ours, and not that the
// asker is gone. The answer is cut, which shows: its XML or its last boundary is missing.
var errContent = errors.New("reading what leaves")

// watched keeps the fault of its reader.
type watched struct {
	r   io.Reader
	err error
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

func (x *writer) node(prefix string, n node) {
	x.raw("<" + prefix + n.name)
	if n.content != nil {
		for _, a := range [][2]string{{"contentType", n.media}, {"fileName", n.file}} {
			if a[1] != "" {
				x.raw(` m:` + a[0] + `="`)
				x.escaped(a[1])
				x.raw(`"`)
			}
		}
	}
	x.raw(">")
	switch {
	case n.content != nil && x.mtom:
		x.n++
		x.raw(fmt.Sprintf(`<xop:Include xmlns:xop="%s" href="cid:%d@eyservis"/>`, xopSpace, x.n))
	case n.content != nil:
		e := base64.NewEncoder(base64.StdEncoding, x.out)
		x.copy(e, n.content)
		if err := e.Close(); x.err == nil {
			x.err = err
		}
	default:
		x.escaped(n.text)
	}
	for _, c := range n.children {
		x.node("t:", c)
	}
	x.raw("</" + prefix + n.name + ">")
}

func (x *writer) escaped(s string) {
	if x.err == nil {
		escape(x.out, s)
	}
}
