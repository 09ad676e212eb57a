package webmail

import (
	"errors"
	"io"
	"slices"
	"strings"

	"rem"
	"rem/edge/web"
	"rem/mail/archive"
	"rem/message/mailbox"
)

type draftFile struct {
	ID, Name, Type string
	Kind           rem.Text
	Size           rem.Text
	Path           string
}

func fileOf(id mailbox.DraftID, f mailbox.File) draftFile {
	return draftFile{ID: f.ID, Name: shown(f.Name), Type: f.Type, Kind: kindOf(f), Size: octets(f.Size), Path: composePath(id) + "/file/" + f.ID}
}

// kindOf says where a file is not what its name says.
func kindOf(f mailbox.File) rem.Text {
	if archive.Program(f.Name, f.Type) {
		return text("program: alıcının sağlayıcısı reddedebilir", "a program: the recipient's provider may refuse it")
	}
	return same(f.Type)
}

// attach keeps a file as it comes; memory has its beginning, by which its type is told.
func (p *pages) attach(v *visit, id mailbox.DraftID, part web.File) (mailbox.File, error) {
	head := make([]byte, archive.HeadBytes)
	n, err := io.ReadFull(part, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return mailbox.File{}, err
	}
	head = head[:n]
	f := mailbox.File{ID: random(), Name: part.Name, Type: archive.Sniff(head)}
	whole := io.MultiReader(strings.NewReader(string(head)), part)
	f.Size, f.Digest, err = p.Box.Attach(v.Context(), v.who, id, f.ID, whole, p.limit())
	if errors.Is(err, mailbox.ErrTooLarge) {
		return f, rem.Refuse(rem.PolicyViolation, "Dosya, bir iletinin taşıyabileceğinden büyük: "+shown(f.Name), "The file is larger than a message can carry: "+shown(f.Name))
	}
	return f, err
}

// detach gives up files that came and that the draft, as it is now, does not name. One
// that cannot be given up now goes with the draft.
func (p *pages) detach(v *visit, id mailbox.DraftID, d *mailbox.Draft, files []mailbox.File) {
	for _, f := range files {
		if !slices.ContainsFunc(d.Files, func(x mailbox.File) bool { return x.ID == f.ID }) {
			_ = p.Box.Detach(v.Context(), v.who, id, f.ID)
		}
	}
}

// ordered keeps files in the order they came, the new ones last.
func ordered(before, now []mailbox.File) (list []mailbox.File) {
	there := map[string]bool{}
	for _, f := range now {
		there[f.ID] = true
	}
	for _, f := range before {
		if there[f.ID] {
			list = append(list, f)
			delete(there, f.ID)
		}
	}
	for _, f := range now {
		if there[f.ID] {
			list = append(list, f)
			delete(there, f.ID)
		}
	}
	return list
}

// An upload is a form with the files that came beside it. They are kept, and go again
// unless the draft is saved with them.
type upload struct {
	Form    *web.Form
	Draft   mailbox.DraftID
	Version int64
	Files   []mailbox.File
}

// upload takes a form with files; of one that fails nothing is left.
func (p *pages) upload(v *visit) (u upload, err error) {
	if !v.writes() {
		return u, &web.Forbidden{Why: text("Bu hesapta ileti hazırlama yetkiniz yok.", "You have no authority to write messages on this account.")}
	}
	if u.Draft = mailbox.DraftID(v.Var("draft")); !isName(string(u.Draft)) {
		return u, web.ErrNotFound
	}
	u.Form, err = v.Upload(func(_ *web.Form, part web.File) error {
		kept, err := p.attach(v, u.Draft, part)
		if err == nil {
			u.Files = append(u.Files, kept)
		}
		return err
	})
	if err == nil {
		u.Version, err = versionOf(u.Form)
	}
	if err != nil {
		p.detach(v, u.Draft, &mailbox.Draft{}, u.Files)
	}
	return u, err
}

// attachFiles takes files alone, for compose.js.
func (p *pages) attachFiles(v *visit) (web.Answer, error) {
	u, err := p.upload(v)
	if err != nil {
		return p.scripted(v, nil, err)
	}
	d, err := p.put(v, u.Draft, u.Version, func(d *mailbox.Draft) error { d.Files = append(d.Files, u.Files...); return nil })
	p.detach(v, u.Draft, &d, u.Files)
	return p.scripted(v, &d, err)
}

// draftFile gives an attachment of a draft back to whoever writes it.
func (p *pages) draftFile(v *visit) (web.Answer, error) {
	id := mailbox.DraftID(v.Var("draft"))
	d, err := p.Box.Draft(v.Context(), v.who, id)
	if err != nil {
		return nil, err
	}
	for _, f := range d.Files {
		if f.ID != v.Var("file") {
			continue
		}
		c, err := p.Box.File(v.Context(), v.who, id, f.ID)
		if err != nil {
			return nil, err
		}
		return web.Stream{Name: f.Name, Type: "application/octet-stream", Size: c.Size(), ReadCloser: reader(c)}, nil
	}
	return nil, web.ErrNotFound
}

// unsigned gives the message before its signature.
func (p *pages) unsigned(v *visit) (web.Answer, error) {
	c, err := p.Box.Compose(v.Context(), v.who, mailbox.DraftID(v.Var("draft")))
	if err != nil {
		return nil, err
	}
	return web.Stream{Name: "imzasiz.eml", Type: "message/rfc822", Size: c.Size(), ReadCloser: reader(c)}, nil
}
