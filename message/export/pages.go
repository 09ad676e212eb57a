package export

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"path"
	"time"

	"rem"
	"rem/message/timeline"
)

//go:embed pages/*.html
var pageFiles embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"local": func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(timeline.Türkiye).Format("02.01.2006 15:04:05")
	},
	"utc": func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format("2006-01-02 15:04:05")
	},
}).ParseFS(pageFiles, "pages/*.html"))

// page is what every page knows.
type page struct {
	Lang string
	// Index is the name of the first page in this language, and Other that of
	// this page in the other one.
	Index, Other string
	Account      string
	Provider     string
	Made         time.Time
	Mbox         bool
	Stamped      bool
	Trust        []string
	Result       Result
	Parts        []partLine
	Part         int
	Messages     []messageLine
}

type messageLine struct {
	Number   int
	Line     *timeline.Message
	Received bool
	Folder   string
	Original string // the file's name beside the page; "" without content
	Leave    bool
	Files    map[string]string // of evidence, by digest
}

// Say picks the page's language.
func (p page) Say(t rem.Text) string {
	if p.Lang == "en" {
		return t.English
	}
	return t.Turkish
}

// In picks between two texts of a template.
func (p page) In(turkish, english string) string {
	return p.Say(rem.Text{Turkish: turkish, English: english})
}

// Class is the class of a progress.
func (p page) Class(s timeline.Step) string { return "p-" + s.Progress.String() }

var languages = []struct{ lang, name, other string }{
	{"tr", "index.html", "index.en.html"}, {"en", "index.en.html", "index.html"},
}

func (x *exporter) page(lang, other string) page {
	p := page{Lang: lang, Other: other, Account: x.Account, Made: x.Made, Mbox: x.Mbox, Stamped: x.Authority != nil, Result: x.result, Parts: x.parts}
	p.Provider = p.Say(x.Provider)
	for _, f := range x.Trust {
		p.Trust = append(p.Trust, "trust/"+f.Name)
	}
	return p
}

func (x *exporter) partPages(name string, n int, messages []*exported, in *[]listed) error {
	lines := make([]messageLine, len(messages))
	for i, m := range messages {
		lines[i] = messageLine{Number: m.number, Line: m.line, Received: m.Recipient > 0, Folder: m.Folder, Leave: m.leave, Files: map[string]string{}}
		if o := m.proofs.Original; o != nil {
			lines[i].Original = path.Base(o.File)
		}
		for _, e := range m.proofs.Evidence {
			lines[i].Files[e.SHA256] = path.Base(e.File)
		}
	}
	for _, l := range languages {
		p := x.page(l.lang, l.other)
		p.Index, p.Part, p.Messages = "../"+l.name, n, lines
		if err := x.render(name+l.name, "part", p, in); err != nil {
			return err
		}
	}
	return nil
}

// indexes writes the first page, in both languages.
func (x *exporter) indexes() error {
	for _, l := range languages {
		p := x.page(l.lang, l.other)
		p.Index = l.name
		if err := x.render(l.name, "index", p, &x.top.Files); err != nil {
			return err
		}
	}
	return nil
}

func (x *exporter) render(name, of string, p page, in *[]listed) error {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, of, p); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return x.whole(name, b.Bytes(), in)
}
