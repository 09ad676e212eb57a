package webmail

import (
	"strconv"

	"rem/edge/web"
	"rem/message/mailbox"
)

type foldersPage struct {
	Form    *web.Form
	Name    web.Field
	Folders []ownFolder
}

type ownFolder struct {
	ID     mailbox.FolderID
	Name   string
	Path   string
	Counts string
	Empty  bool
}

func (p *pages) folders(v *visit) (web.Answer, error) { return p.foldersPage(v, web.NewForm(nil)) }

func (p *pages) foldersPage(v *visit, f *web.Form) (web.Answer, error) {
	all, err := p.Box.Folders(v.Context(), v.who)
	if err != nil {
		return nil, err
	}
	d := foldersPage{Form: f, Name: f.Field(web.Field{Name: "name", Label: text("Yeni klasörün adı", "Name of the new folder"), Max: mailbox.MaxFolderName})}
	for i := range all {
		if _, fixed := mailbox.FixedNames[all[i].ID]; !fixed {
			d.Folders = append(d.Folders, ownFolder{all[i].ID, all[i].Name, folderPath(all[i].ID), v.Say(counts(&all[i])), all[i].Items == 0})
		}
	}
	page := web.Page{
		View: p.views.Page("folders"), Title: text("Klasörlerim", "My folders"), Data: d, Form: f,
		Lead: text("İletilerinizi kendi klasörlerinize ayırın. Bir klasör boşken kaldırılabilir.", "Put messages into folders of your own. A folder can be removed when it is empty."),
	}
	if n := v.done(); n != nil {
		page.Notices = append(page.Notices, *n)
	}
	return page, nil
}

// name reads the name of a folder, and fails the form for one that is none.
func name(f *web.Form) string {
	n := trimmed(f.Get("name"))
	if n == "" {
		f.Fail("name", text("Klasöre bir ad verin.", "Give the folder a name."))
	} else if len([]rune(n)) > mailbox.MaxFolderName {
		f.Fail("name", text("Ad en çok "+strconv.Itoa(mailbox.MaxFolderName)+" karakter olabilir.", "A name has at most "+strconv.Itoa(mailbox.MaxFolderName)+" characters."))
	}
	return n
}

// change carries a change of folders out and shows the page again where it is
// refused.
func (p *pages) change(v *visit, do func(f *web.Form) error) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	if err := do(f); err != nil {
		if err := told(f, "name", err); err != nil {
			return nil, err
		}
	}
	if !f.Good() {
		return p.foldersPage(v, f)
	}
	return web.Redirect{To: "/mail/folders?done=saved"}, nil
}

func (p *pages) createFolder(v *visit) (web.Answer, error) {
	return p.change(v, func(f *web.Form) error {
		n := name(f)
		if !f.Good() {
			return nil
		}
		_, err := p.Box.CreateFolder(v.Context(), v.who, n)
		return err
	})
}

func (p *pages) renameFolder(v *visit) (web.Answer, error) {
	return p.change(v, func(f *web.Form) error {
		n := name(f)
		if !f.Good() {
			return nil
		}
		return p.Box.RenameFolder(v.Context(), v.who, mailbox.FolderID(v.Var("folder")), n)
	})
}

func (p *pages) removeFolder(v *visit) (web.Answer, error) {
	return p.change(v, func(*web.Form) error {
		return p.Box.RemoveFolder(v.Context(), v.who, mailbox.FolderID(v.Var("folder")))
	})
}
