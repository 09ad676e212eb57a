package html

import (
	"strings"

	"rem"
)

// An anchor is the link that is being read.
type anchor struct {
	depth int
	to    target
	text  strings.Builder
}

// beginLink writes the attributes of a link and remembers it.
func (w *walker) beginLink(a attrs, n *open) string {
	address := a.href
	if address == "" {
		address = a.target
	}
	if strings.TrimSpace(address) == "" {
		n.out = ""
		return ""
	}
	if strings.HasPrefix(address, "#") { // within the page, whose names are not kept
		n.out = ""
		return ""
	}
	t, ok := link(address)
	if !ok {
		switch s := scheme(tidyAddress(address)); s {
		case "javascript", "vbscript", "livescript":
			w.find(Script, s)
		default:
			w.find(OddLink, address)
		}
		n.out = ""
		return ""
	}
	if t.odd {
		w.find(OddHost, t.host+t.mail)
	}
	if t.user {
		w.find(DeceptiveLink, address)
	}
	w.anchor = &anchor{depth: len(w.stack), to: t}
	if w.compose {
		return ` href="` + escape(t.href) + `"`
	}
	s := ""
	if w.o.Links {
		s = ` href="` + escape(t.href) + `" target="_blank" rel="noopener noreferrer nofollow"`
	}
	return s + ` data-target="` + escape(t.href) + `"`
}

// endLink compares what a link says with where it leads.
func (w *walker) endLink() {
	a := w.anchor
	w.anchor = nil
	host, mail := named(a.text.String())
	switch {
	case mail != "" && a.to.mail != "":
		if rem.FoldASCII(mail) != rem.FoldASCII(a.to.mail) {
			w.find(DeceptiveLink, mail+" → "+a.to.mail)
		}
	case host != "" && a.to.host != "":
		if !sameSite(host, a.to.host) {
			w.find(DeceptiveLink, host+" → "+a.to.host)
		}
	case host != "" && mail == "" && a.to.mail != "":
		w.find(DeceptiveLink, host+" → "+a.to.mail)
	}
	w.text.link(a.to, a.text.String())
}
