package web

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"rem"
	"rem/person/login"
	"rem/privacy"
)

//go:embed all:templates
var templates embed.FS

// ours are the pages of the frame itself: failures and confirmations.
var ours = MustViews(templates, "templates")

// Views are the page templates of a package: each file of a folder is a page and
// defines "main"; those whose names begin with "_" are shared by the others. All
// have the components of this package (components.html) and these functions:
//
//	t "Türkçe" "English"   a sentence; both stand side by side, so none is missing
//	say .Text              a rem.Text
//	link "/notice"         the address of a page of ours in the page's language
//	lang                   "tr" or "en"
//	date .Time             the day, in Türkiye
//	moment .Time           day, hour and minute, in Türkiye, with seconds
//	iso .Time              as an attribute datetime wants it
//	asset "icon.svg"       the address of a file of the frame
//
// A page writes nothing but through these: text of a page outside of t fails a
// test of the package that calls [Views.Untranslated].
type Views struct {
	base  map[privacy.Language]*template.Template // what all pages share; not executed itself
	names []string
	plain map[string]string // the source of each file

	mu sync.Mutex
	of map[privacy.Language]map[string]*template.Template // guarded by mu; of pages that were shown
}

// A View is one page of Views.
type View struct {
	set  *Views
	name string
}

// MustViews reads the templates of a folder. It panics when one cannot be read,
// which is found by the first test or start.
func MustViews(files fs.FS, folder string) *Views {
	v, err := readViews(files, folder)
	if err != nil {
		panic(err)
	}
	return v
}

func readViews(files fs.FS, folder string) (*Views, error) {
	v := &Views{
		base: map[privacy.Language]*template.Template{}, plain: map[string]string{},
		of: map[privacy.Language]map[string]*template.Template{},
	}
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return nil, fmt.Errorf("reading the templates: %w", err)
	}
	for _, l := range privacy.Languages() {
		base, err := template.New("").Funcs(functions(l)).Option("missingkey=error").ParseFS(templates, "templates/_*.html")
		if err != nil {
			return nil, fmt.Errorf("reading the frame's templates: %w", err)
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".html") {
				continue
			}
			b, err := fs.ReadFile(files, path.Join(folder, e.Name()))
			if err == nil {
				v.plain[e.Name()] = string(b)
				if strings.HasPrefix(e.Name(), "_") {
					_, err = base.New(e.Name()).Parse(string(b))
				}
			}
			if err != nil {
				return nil, fmt.Errorf("reading the template %s: %w", e.Name(), err)
			}
		}
		v.base[l], v.of[l] = base, map[string]*template.Template{}
		for _, e := range entries {
			name, ok := strings.CutSuffix(e.Name(), ".html")
			if !ok || strings.HasPrefix(name, "_") {
				continue
			}
			if _, err := v.parse(l, name); err != nil {
				return nil, err
			}
			if l == privacy.Turkish {
				v.names = append(v.names, name)
			}
		}
	}
	return v, nil
}

// parse reads a page with what all share. It was read at the start, so that no fault is
// found later, and was not kept: there are hundreds of pages, and the collector goes
// through each that is kept.
func (v *Views) parse(l privacy.Language, name string) (*template.Template, error) {
	t, err := v.base[l].Clone()
	if err != nil {
		return nil, err
	}
	file := name + ".html"
	if _, err := t.New(file).Parse(v.plain[file]); err != nil {
		return nil, fmt.Errorf("reading the template %s: %w", file, err)
	}
	if t.Lookup("main") == nil {
		return nil, fmt.Errorf("the template %s defines no main", file)
	}
	return t, nil
}

// page gives a page, ready to be shown. It stays ready.
func (v *Views) page(l privacy.Language, name string) (*template.Template, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if t := v.of[l][name]; t != nil {
		return t, nil
	}
	if v.base[l] == nil || !slices.Contains(v.names, name) {
		return nil, fmt.Errorf("there is no page %q", name)
	}
	t, err := v.parse(l, name)
	if err == nil {
		v.of[l][name] = t
	}
	return t, err
}

// Page returns a page by the name of its file without ".html". It panics when
// there is none: views are looked up when a package's routes are made.
func (v *Views) Page(name string) View {
	if !slices.Contains(v.names, name) {
		panic("there is no page " + name)
	}
	return View{v, name}
}

// zone is the time of Türkiye: UTC+3, all year.
var zone = time.FixedZone("UTC+3", 3*60*60)

var months = [12]rem.Text{
	{Turkish: "Ocak", English: "January"}, {Turkish: "Şubat", English: "February"}, {Turkish: "Mart", English: "March"},
	{Turkish: "Nisan", English: "April"}, {Turkish: "Mayıs", English: "May"}, {Turkish: "Haziran", English: "June"},
	{Turkish: "Temmuz", English: "July"}, {Turkish: "Ağustos", English: "August"}, {Turkish: "Eylül", English: "September"},
	{Turkish: "Ekim", English: "October"}, {Turkish: "Kasım", English: "November"}, {Turkish: "Aralık", English: "December"},
}

// Day writes the day on which a time is in Türkiye.
func Day(t time.Time, l privacy.Language) string {
	t = t.In(zone)
	return fmt.Sprintf("%d %s %d", t.Day(), l.In(months[t.Month()-1]), t.Year())
}

// Moment writes a time with day and clock in Türkiye.
func Moment(t time.Time, l privacy.Language) string {
	return Day(t, l) + t.In(zone).Format(" 15:04:05") + " (UTC+3)"
}

func functions(l privacy.Language) template.FuncMap {
	return template.FuncMap{
		"t":      func(tr, en string) string { return l.In(rem.Text{Turkish: tr, English: en}) },
		"say":    l.In,
		"lang":   func() string { return string(l) },
		"link":   func(to string) string { return localised(to, l) },
		"date":   func(t time.Time) string { return Day(t, l) },
		"moment": func(t time.Time) string { return Moment(t, l) },
		"iso":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"asset":  assetPath,
	}
}

// layout is what the frame's own template is given.
type layout struct {
	Language  privacy.Language
	Others    []other
	Provider  rem.Text
	Page      *Page
	Problems  []Problem
	Menu      []entry
	Foot      []entry
	Part      rem.Text
	PartMenu  []entry
	Simulated []rem.Text
	Leave     string // where a form leads that ends the session; "" for nobody
	Known     bool
}

type other struct {
	Language privacy.Language
	Name     string // in itself
	Path     string
}

// entry is a link of a menu.
type entry struct {
	Text rem.Text
	Path string
	Here bool
}

var languageNames = map[privacy.Language]string{privacy.Turkish: "Türkçe", privacy.English: "English"}

func (s *Site) layout(r *Request, p *Page) *layout {
	c := &s.config
	x := &layout{Language: r.Language, Provider: c.Name, Page: p, Simulated: c.Simulated, Known: !r.Principal.Nobody()}
	if p.Form != nil {
		x.Problems = p.Form.problems
	}
	for _, l := range privacy.Languages() {
		if l != r.Language {
			x.Others = append(x.Others, other{l, languageNames[l], s.inOther(r, l)})
		}
	}
	x.Menu, x.Foot = s.entries(r, c.Menu), s.entries(r, c.Foot)
	if r.route != nil {
		part := s.parts[r.route.Name]
		x.Part, x.PartMenu = part.Title, s.entries(r, part.Menu)
	}
	if x.Known {
		x.Leave = s.leaving(r.Principal.Kind())
	}
	return x
}

// leaving is the route that ends a session: /logout where there is one.
func (s *Site) leaving(login.Kind) string {
	for i := range s.routes {
		if s.routes[i].Pattern == "/logout" && s.routes[i].Method == "POST" {
			return "/logout"
		}
	}
	return ""
}

// entries are those of a menu that lead to what the principal may call.
func (s *Site) entries(r *Request, menu []MenuItem) (list []entry) {
	here := r.Path()
	for _, m := range menu {
		if m.Strangers && !r.Principal.Nobody() {
			continue
		}
		may := false
		for i := range s.routes {
			if x := &s.routes[i]; x.Method == "GET" && x.Pattern == m.Path {
				may = x.Who.Admits(&r.Principal)
				break
			}
		}
		if may {
			list = append(list, entry{m.Text, m.Path, here == m.Path || m.Path != "/" && strings.HasPrefix(here, m.Path+"/")})
		}
	}
	// The longest one that fits is where the visitor is.
	longest := -1
	for i := range list {
		if list[i].Here && (longest < 0 || len(list[i].Path) > len(list[longest].Path)) {
			longest = i
		}
	}
	for i := range list {
		list[i].Here = i == longest
	}
	return list
}

// What finds the words that a template has itself.
var (
	actions   = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	tags      = regexp.MustCompile(`(?s)<[^>]*>`)
	letters   = regexp.MustCompile(`\pL{2,}`)
	attribute = regexp.MustCompile(`[a-z-]+="[^"]*"`) // one that a template adds to another's tag
	spoken    = regexp.MustCompile(`(?:alt|title|placeholder|aria-label|label)="[^"{]*\pL{2,}[^"]*"`)
)

// Untranslated lists the words of the templates that stand outside of t and say,
// and so would be read in one language by everybody. A package's test calls it.
func (v *Views) Untranslated() (list []string) {
	for name, source := range v.plain {
		for _, word := range spoken.FindAllString(actions.ReplaceAllString(source, ""), -1) {
			list = append(list, name+": "+word)
		}
		for _, word := range letters.FindAllString(attribute.ReplaceAllString(tags.ReplaceAllString(actions.ReplaceAllString(source, "#"), " "), " "), -1) {
			if !slices.Contains(names, word) {
				list = append(list, name+": "+word)
			}
		}
	}
	slices.Sort(list)
	return list
}

// names are the words that are the same in every language.
var names = []string{"EN", "MB", "KB", "PDF", "CSV", "XML"}
