package api

import (
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"rem/person/token"
)

//go:embed docs
var docsFiles embed.FS

var docsPage = template.Must(template.ParseFS(docsFiles, "docs/docs.html"))

// An operation as the page shows it.
type shownOperation struct {
	ID, Method, Path, Summary, Detail, Scope, Tag, Body string
	Parameters                                          []shownParameter
	Media                                               string
}

type shownParameter struct {
	Name, In, Detail string
	Required         bool
}

// docs is the page that shows every operation, and tries it with the reader's own
// token, which stays in the page.
func (p *programs) docs(w http.ResponseWriter, _ *http.Request) {
	var list []shownOperation
	spec := p.api.OpenAPI()
	for path, item := range spec.Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete} {
			if op == nil {
				continue
			}
			scope, _ := op.Metadata["scope"].(token.Scope)
			detail, _, _ := strings.Cut(op.Description, "\n\n")
			one := shownOperation{ID: op.OperationID, Method: method, Path: path, Summary: op.Summary, Detail: detail, Scope: string(scope)}
			if len(op.Tags) > 0 {
				one.Tag = op.Tags[0]
			}
			for _, x := range op.Parameters {
				one.Parameters = append(one.Parameters, shownParameter{x.Name, x.In, x.Description, x.Required})
			}
			if op.RequestBody != nil {
				for media := range op.RequestBody.Content {
					one.Media = media
				}
			}
			list = append(list, one)
		}
	}
	slices.SortFunc(list, func(a, b shownOperation) int {
		return strings.Compare(a.Tag+"\x00"+a.Path+"\x00"+a.Method, b.Tag+"\x00"+b.Path+"\x00"+b.Method)
	})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
	err := docsPage.Execute(w, map[string]any{"Operations": list, "Scopes": token.Scopes, "Prefix": Prefix, "Simulated": p.Simulated})
	if err != nil {
		p.h.log.Debug("api: the asker is gone", "err", err)
	}
}

func (p *programs) docsFile(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, Prefix)
	b, err := docsFiles.ReadFile("docs/" + name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", map[bool]string{true: "text/css; charset=utf-8", false: "text/javascript; charset=utf-8"}[strings.HasSuffix(name, ".css")])
	if _, err := w.Write(b); err != nil {
		p.h.log.Debug("api: the asker is gone", "err", err)
	}
}
