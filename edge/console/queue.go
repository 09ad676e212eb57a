package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rem"
	"rem/edge/web"
	"rem/person"
	"rem/person/application"
	"rem/person/identity"
)

// A page of the queue has pageRows rows; a filter by method looks at no more than
// mostSeen applications for them.
const (
	pageRows = 25
	mostSeen = 1000
)

func casePath(id person.ApplicationID) string {
	return "/desk/applications/" + url.PathEscape(string(id))
}

func queuePath(s application.State, k person.Kind, m identity.Method, behind string, mine bool) string {
	q := url.Values{}
	for name, v := range map[string]string{"state": string(s), "kind": string(k), "method": string(m), "behind": behind} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if mine {
		q.Set("mine", "yes")
	}
	return "/desk/applications?" + q.Encode()
}

// A place is written as microseconds and the identifier, which say nothing of a
// person.
func placeText(p application.Place) string {
	return strconv.FormatInt(p.Since.UnixMicro(), 10) + "." + string(p.ID)
}

func parsePlace(s string) (application.Place, error) {
	if s == "" {
		return application.Place{}, nil
	}
	micros, id, ok := strings.Cut(s, ".")
	n, err := strconv.ParseInt(micros, 10, 64)
	if !ok || err != nil || id == "" {
		return application.Place{}, web.ErrNotFound
	}
	return application.Place{Since: time.UnixMicro(n).UTC(), ID: person.ApplicationID(id)}, nil
}

// queue is the list of applications in one state, those longest in it first.
func (p *pages) queue(r *web.Request) (web.Answer, error) {
	ctx, me, now := r.Context(), r.Principal.Person(), p.Clock.Now()
	state, kind, method := application.State(r.Query("state")), person.Kind(r.Query("kind")), identity.Method(r.Query("method"))
	number, mine := strings.TrimSpace(r.Query("number")), r.Query("mine") == "yes"
	if state == "" {
		state = application.Identified
	}
	if !slices.Contains(application.States(), state) || kind != "" && !kind.Valid() || method != "" && !method.Valid() {
		return nil, web.ErrNotFound
	}
	counts, err := p.Cases.Counts(ctx)
	if err != nil {
		return nil, err
	}
	states := block{Title: text("Durum", "State")}
	for _, s := range application.States() {
		states.Tabs = append(states.Tabs, tab{stateNames.of(s), counts[s], queuePath(s, kind, method, "", mine), s == state && number == ""})
	}
	f := web.NewForm(map[string]string{"kind": string(kind), "method": string(method), "number": number})
	filter := block{Title: text("Süzgeç", "Filter"), Form: &form{
		Path: "/desk/applications", Get: true, Button: text("Göster", "Show"), Hidden: []web.Hidden{{Name: "state", Value: string(state)}},
		Fields: []web.Field{
			f.Field(web.Field{Name: "kind", Label: text("Başvuran", "Applicant"), Type: web.SelectInput, Optional: true, Choices: choices(kinds)}),
			f.Field(web.Field{Name: "method", Label: text("Doğrulama yöntemi", "Method"), Type: web.SelectInput, Optional: true, Choices: methodChoices()}),
			{Name: "mine", Label: text("Yalnızca üstlendiklerim", "Only those that I took up"), Type: web.CheckInput, Optional: true, Value: map[bool]string{true: "yes"}[mine]},
		},
	}}
	search := block{Title: text("Numarayla bul", "Find by number"), Form: &form{
		Path: "/desk/applications", Get: true, Button: text("Bul", "Find"),
		Fields: []web.Field{f.Field(web.Field{Name: "number", Label: text("Başvuru numarası", "Application number"), Optional: true, Max: 64, Help: text("En az ilk 6 karakteri.", "At least its first 6 characters.")})},
	}}
	var list []application.Listed
	next := application.Place{}
	if number != "" {
		if list, err = p.Cases.Find(ctx, rem.FoldASCII(number), pageRows); err != nil {
			return nil, err
		}
	} else {
		behind, err := parsePlace(r.Query("behind"))
		if err != nil {
			return nil, err
		}
		filter := application.Filter{State: state, Kind: kind}
		if mine {
			filter.Reviewer = me
		}
		if list, next, err = p.listed(r, filter, method, behind); err != nil {
			return nil, err
		}
	}
	t := listTable(list, me, now)
	t.Caption = stateNames.of(state)
	if number != "" {
		t.Caption = text("Aranan numara", "The number looked for")
	}
	if !next.IsZero() || r.Query("behind") != "" {
		t.Pager = &web.Pager{}
		if !next.IsZero() {
			t.Pager.After = queuePath(state, kind, method, placeText(next), mine)
		}
		if r.Query("behind") != "" {
			t.Pager.Before = queuePath(state, kind, method, "", mine)
		}
	}
	title := text("Başvurular", "Applications")
	return web.Page{View: p.views.Page("blocks"), Title: title, Wide: true,
		Lead: text("Bir durumda en uzun bekleyen en üsttedir.", "Those longest in their state stand first."),
		Data: []block{states, filter, {Title: text("Liste", "List"), Table: &t}, search}}, nil
}

// listed fills a page; a method is not among what the ledger filters by.
func (p *pages) listed(r *web.Request, f application.Filter, method identity.Method, behind application.Place) (list []application.Listed, next application.Place, err error) {
	for seen := 0; seen < mostSeen; {
		found, err := p.Cases.List(r.Context(), f, behind, pageRows+1)
		if err != nil {
			return nil, next, err
		}
		for i := range found {
			if method != "" && found[i].Method != method {
				behind = found[i].Place()
				continue
			}
			if len(list) == pageRows {
				return list, behind, nil
			}
			list, behind = append(list, found[i]), found[i].Place()
		}
		if len(found) <= pageRows {
			return list, application.Place{}, nil
		}
		seen += len(found)
	}
	return list, behind, nil
}

func methodChoices() (list []web.Choice) {
	for _, m := range identity.Methods() {
		list = append(list, web.Choice{Value: string(m), Label: m.Name()})
	}
	return list
}

// listTable shows applications: where they stand and for what they wait, and
// nothing of what the applicant said.
func listTable(list []application.Listed, me rem.PersonID, now time.Time) web.Table {
	t := web.Table{
		Columns: []web.Column{column("Başvuru", "Application"), column("Neyi bekliyor", "Waits for"), column("Bu durumda", "Since"), column("Süre sonu", "Due")},
		Empty:   text("Bu süzgeçle başvuru yok.", "There is no application like that."),
	}
	for i := range list {
		l := &list[i]
		m := matterOf(l)
		due := web.Cell{Time: l.Due, Day: true}
		if m.late(now) {
			due = web.Cell{Say: text("geçti", "over"), Badge: true, Tone: web.Attention}
		}
		t.Rows = append(t.Rows, []web.Cell{
			{Text: string(l.ID), Path: casePath(l.ID), Note: both(kinds.of(l.Kind), " · ", l.Method.Name())}, {Say: m.waits(me, now), Note: stateNames.of(l.State)}, {Time: l.Since}, due,
		})
	}
	return t
}
