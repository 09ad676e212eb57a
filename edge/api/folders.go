package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"rem/message/mailbox"
	"rem/person/token"
)

// A Folder is one with what is in it.
type Folder struct {
	ID       string `json:"id" example:"inbox"`
	Name     string `json:"name"`
	Own      bool   `json:"own" doc:"Kişinin kendi klasörü / made by people"`
	Items    int64  `json:"items"`
	Unopened int64  `json:"unopened"`
	Bytes    int64  `json:"bytes"`
}

// A Naming gives a folder its name.
type Naming struct {
	Spoken
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"100"`
	}
}

func (p *programs) folders() {
	const tag = "Klasörler / folders"
	type list struct{ Body []Folder }
	huma.Register(p.api, on(http.MethodGet, "folders", "listFolders", token.List, tag, "Klasörleri listeler", "Lists the folders"),
		func(ctx context.Context, in *Spoken) (*list, error) {
			all, err := p.Box.Folders(ctx, visitor(ctx))
			if err != nil {
				return nil, p.told(in.Language, err)
			}
			out := &list{Body: []Folder{}}
			for _, f := range all {
				one := Folder{ID: string(f.ID), Name: f.Name, Own: f.Name != "", Items: f.Items, Unopened: f.Unopened, Bytes: f.Bytes}
				if !one.Own {
					one.Name = mailbox.FixedNames[f.ID].Turkish
				}
				out.Body = append(out.Body, one)
			}
			return out, nil
		})
	type made struct {
		Body struct {
			ID string `json:"id"`
		}
	}
	create := on(http.MethodPost, "folders", "createFolder", token.Manage, tag, "Klasör açar", "Makes a folder", http.StatusConflict)
	create.DefaultStatus = http.StatusCreated
	huma.Register(p.api, create, func(ctx context.Context, in *Naming) (*made, error) {
		id, err := p.Box.CreateFolder(ctx, visitor(ctx), in.Body.Name)
		out := &made{}
		out.Body.ID = string(id)
		return out, p.told(in.Language, err)
	})
	type renaming struct {
		Naming
		ID string `path:"folder"`
	}
	huma.Register(p.api, on(http.MethodPut, "folders/{folder}", "renameFolder", token.Manage, tag, "Klasörün adını değiştirir", "Renames a folder", http.StatusNotFound, http.StatusConflict),
		func(ctx context.Context, in *renaming) (*struct{}, error) {
			return nil, p.told(in.Language, p.Box.RenameFolder(ctx, visitor(ctx), mailbox.FolderID(in.ID), in.Body.Name))
		})
	type one struct {
		Spoken
		ID string `path:"folder"`
	}
	huma.Register(p.api, on(http.MethodDelete, "folders/{folder}", "removeFolder", token.Manage, tag, "Boş klasörü kaldırır", "Removes an empty folder", http.StatusNotFound, http.StatusConflict),
		func(ctx context.Context, in *one) (*struct{}, error) {
			return nil, p.told(in.Language, p.Box.RemoveFolder(ctx, visitor(ctx), mailbox.FolderID(in.ID)))
		})
}
