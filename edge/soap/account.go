package soap

import (
	"context"
	"strconv"

	"rem"
	"rem/message/mailbox"
	"rem/person"
	"rem/provider/directory"
)

func (h *Handler) quota(ctx context.Context, c *call) ([]node, error) {
	u, err := h.Box.Usage(ctx, c.who)
	if err != nil {
		return nil, err
	}
	return []node{is("return", strconv.Itoa(u.Percent()))}, nil
}

func (h *Handler) statistics(ctx context.Context, c *call) ([]node, error) {
	all, err := h.Box.Folders(ctx, c.who)
	if err != nil {
		return nil, err
	}
	var received, unopened, sent, proofs, drafts int64
	for _, f := range all {
		unopened += f.Unopened
		switch f.ID {
		case mailbox.SentBox:
			sent += f.Items
		case mailbox.Proofs:
			proofs += f.Items
		case mailbox.Drafts:
			drafts += f.Items
		default:
			received += f.Items
		}
	}
	n := func(name string, v int64) node { return is(name, strconv.FormatInt(v, 10)) }
	return []node{n("durum", 0), n("gelen", received), n("acilmamis", unopened), n("giden", sent), n("delil", proofs), n("taslak", drafts), is("hataaciklama", "")}, nil
}

func (c *call) asker() directory.Asker {
	return directory.Asker{Actor: c.who.Actor, Door: directory.ByREST}
}

var oneThing = bad("Tam bir bilgi, yazılışı doğru olarak verilmelidir.", "Exactly one thing has to be given, written rightly.")

// natural asks for a natural person, by address or identity number.
func (h *Handler) natural(ctx context.Context, c *call) ([]node, error) {
	return h.query(ctx, c, map[string]func(string) (directory.Question, error){
		"kepAdres": byAddress,
		"kimlikNo": func(s string) (directory.Question, error) {
			n, err := person.ParseIdentityNumber(s)
			return directory.ByIdentity(n, directory.ToSend), err
		},
	})
}

// legal asks for a legal person.
func (h *Handler) legal(ctx context.Context, c *call) ([]node, error) {
	return h.query(ctx, c, map[string]func(string) (directory.Question, error){
		"kepAdres": byAddress,
		"unvan": func(s string) (directory.Question, error) {
			t, err := person.ParseTitle(s)
			return directory.ByTitle(t, directory.ToSend), err
		},
		"mersisNo": func(s string) (directory.Question, error) {
			n, err := person.ParseMERSIS(s)
			return directory.ByMERSIS(n, directory.ToSend), err
		},
		"vergiNo": func(s string) (directory.Question, error) {
			n, err := person.ParseVKN(s)
			return directory.ByTax(n, directory.ToSend), err
		},
		"detsisNo": func(s string) (directory.Question, error) {
			n, err := person.ParseDETSIS(s)
			return directory.ByDETSIS(n, directory.ToSend), err
		},
	})
}

func byAddress(s string) (directory.Question, error) {
	a, err := rem.ParseAddress(s)
	return directory.ByAddress(a, directory.ToSend), err
}

func (h *Handler) query(ctx context.Context, c *call, by map[string]func(string) (directory.Question, error)) ([]node, error) {
	var q directory.Question
	asked := 0
	for name, make := range by {
		s := c.in.get(name)
		if s == "" {
			continue
		}
		var err error
		if q, err = make(s); err != nil {
			return nil, oneThing
		}
		asked++
	}
	if asked != 1 {
		return nil, oneThing
	}
	a, err := h.Directory.Query(ctx, c.asker(), q)
	if err != nil {
		return nil, err
	}
	answer := []node{is("durum", "0"), is("aciklama", a.Text.Turkish)}
	for i := range a.Results {
		r := &a.Results[i]
		entry := node{name: "kayit", children: []node{is("kepAdres", r.Address.String())}}
		add := func(field, text string) {
			entry.children = append(entry.children, node{name: "bilgi", children: []node{is("alan", field), is("deger", text)}})
		}
		for _, v := range r.Values {
			add(string(v.Field), v.Text)
		}
		for _, o := range r.Operators {
			add("operator", o.Name)
		}
		answer = append(answer, entry)
	}
	return append(answer, is("hataaciklama", "")), nil
}

// maxBatch are the addresses that are read; the directory's own bound is lower.
const maxBatch = 1000

func (h *Handler) check(ctx context.Context, c *call) ([]node, error) {
	var addresses []rem.Address
	for _, v := range c.in.all("kepAdres") {
		a, err := rem.ParseAddress(v.text)
		if err != nil {
			return nil, bad("“kepAdres” alanlarından biri KEP adresi değil.", "One “kepAdres” is no registered address.")
		}
		addresses = append(addresses, a)
	}
	if len(addresses) == 0 || len(addresses) > maxBatch {
		return nil, bad("En az bir, en çok 1000 adres verilmelidir.", "There have to be one address at least, 1000 at most.")
	}
	list, err := h.Directory.Check(ctx, c.asker(), directory.ToSend, addresses)
	if err != nil {
		return nil, err
	}
	var table [][]string
	for i, s := range list {
		table = append(table, []string{"0", addresses[i].String(), string(s), s.Text().Turkish, ""})
	}
	return parallel([]string{"durum", "kepAdres", "sonuc", "aciklama", "hataaciklama"}, table), nil
}
