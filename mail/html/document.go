package html

import "strings"

// style is the style sheet of the document. Colours are stated both ways, so that
// what was written for white paper is seen as on white paper.
const style = `:root{color-scheme:light}` +
	`body{margin:12px;background:#fff;color:#000;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}` +
	`img{max-width:100%;height:auto}table{border-collapse:collapse;max-width:100%}pre{white-space:pre-wrap}` +
	`blockquote{margin:8px 0 8px 4px;padding-left:10px;border-left:3px solid #767676}` +
	`a{color:#0b4f9e;text-decoration:underline}` +
	`a[data-target]::after{content:"[" attr(data-target) "]";font-size:12px;font-weight:normal;color:#595959;background:#fff;text-decoration:none;display:inline-block;max-width:100%;max-height:3em;overflow:hidden;vertical-align:text-bottom;margin-left:4px}` +
	`mark[data-hidden]{all:revert;color:#000;background:#fff3bf;outline:1px dashed #8a5a00;font:16px/1.5 system-ui,sans-serif}`

// document puts a body into a whole document.
func document(body, language string) string {
	lang, label := "tr", "gizli: "
	if language == "en" {
		lang, label = "en", "hidden: "
	}
	var b strings.Builder
	b.Grow(len(body) + len(style) + 300)
	b.WriteString(`<!doctype html><html lang="` + lang + `"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer"><style>`)
	b.WriteString(style)
	b.WriteString(`mark[data-hidden]::before{content:"` + label + `";font-size:12px;color:#5c3c00}`)
	b.WriteString(`</style></head><body>`)
	b.WriteString(body)
	b.WriteString(`</body></html>`)
	return b.String()
}
