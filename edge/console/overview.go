package console

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"rem"
	"rem/edge/web"
	"rem/person/application"
	"rem/provider/staff"
)

// glance is how many waiting cases the first page shows.
const glance = 20

// overview shows what waits for who asks, the oldest first, and what there is.
func (p *pages) overview(r *web.Request) (web.Answer, error) {
	var blocks []block
	me := &r.Principal
	standing, err := p.standing(r)
	if err != nil {
		return nil, err
	}
	lacking := len(standing.Cannot) > 0
	if lacking {
		blocks = append(blocks, standing)
	}
	if me.Has(staff.Officer, staff.Approver) {
		mine, err := p.waitingForMe(r)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, mine)
	}
	if me.Has(staff.Officer) && len(p.Offices) > 0 {
		today, err := p.today(r)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, today)
	}
	if me.Has(staff.Manager) {
		list, err := p.Staff.Proposals(r.Context())
		if err != nil {
			return nil, err
		}
		t := p.proposals(list, nil, r)
		t.Caption, t.Empty = rem.Text{}, text("Bekleyen öneri yok.", "No proposal is waiting.")
		blocks = append(blocks, block{Title: text("Onay bekleyen görevlendirmeler", "Proposals that wait for a confirmation"), Table: &t, Links: links("Görevliler", "Staff", "/desk/staff")})
	}
	if me.Has(staff.Officer, staff.Approver, staff.Auditor) {
		counts, err := p.Cases.Counts(r.Context())
		if err != nil {
			return nil, err
		}
		t := web.Table{Columns: []web.Column{column("Durum", "State"), {Head: text("Başvuru", "Applications"), Right: true}}}
		for _, s := range application.States() {
			t.Rows = append(t.Rows, []web.Cell{{Say: stateNames.of(s), Path: queuePath(s, "", "", "", false)}, {Text: fmt.Sprint(counts[s])}})
		}
		blocks = append(blocks, block{Title: text("Başvuru sayıları", "Applications by state"), Table: &t})
	}
	if me.Has(staff.Support, staff.Security, staff.Privacy) {
		blocks = append(blocks, block{Title: text("Hesaplar", "Accounts"), Text: text("Bir hesaba tam adresiyle bakabilirsiniz.", "Look an account up by its whole address."), Links: links("Hesap ara", "Look an account up", "/desk/accounts")})
	}
	if !lacking {
		blocks = append(blocks, standing)
	}
	return with(r, p.page(text("Masa", "Desk"), rem.Text{}, blocks...)), nil
}

func links(tr, en, path string) []web.Link { return []web.Link{{Text: text(tr, en), Path: path}} }

// standing says in which roles somebody is here, and what keeps him from acting.
func (p *pages) standing(r *web.Request) (block, error) {
	roles := rem.Text{}
	for _, role := range r.Principal.Roles {
		if roles == (rem.Text{}) {
			roles = role.Name()
			continue
		}
		roles = both(roles, ", ", role.Name())
	}
	facts := []web.Fact{
		fact("Kimliğiniz", "Your identifier", code(string(r.Principal.Person()))),
		fact("Rolleriniz", "Your roles", say(roles)),
	}
	b := block{Title: text("Siz", "You"), Facts: facts}
	if err := p.Staff.Lacks(r.Context(), r.Principal.Person()); err != nil {
		why, ok := errors.AsType[*rem.Refusal](err)
		if !ok {
			return b, err
		}
		b.Cannot = []cannot{{text("İşlem yapmak", "To act"), why.Detail}}
		if errors.Is(err, staff.ErrUnbound) && p.PolicyText != nil {
			b.Links = links("Politikayı oku ve onayla", "Read and acknowledge the policy", "/desk/policy")
		}
	}
	return b, nil
}

// waitingForMe lists what this person can do something about, the oldest first:
// doubts and what is to be issued for an officer, reviews for an approver who had
// no hand in the identification.
func (p *pages) waitingForMe(r *web.Request) (block, error) {
	me, now, ctx := r.Principal.Person(), p.Clock.Now(), r.Context()
	var list []application.Listed
	add := func(f application.Filter) error {
		found, err := p.Cases.List(ctx, f, application.Place{}, glance)
		list = append(list, found...)
		return err
	}
	b := block{Title: text("Sizi bekleyenler", "What waits for you")}
	if r.Principal.Has(staff.Officer) {
		if err := add(application.Filter{State: application.Doubtful}); err != nil {
			return b, err
		}
	}
	if r.Principal.Has(staff.Approver) {
		if err := add(application.Filter{State: application.InReview, Reviewer: me}); err != nil {
			return b, err
		}
		found, err := p.Cases.List(ctx, application.Filter{State: application.Identified}, application.Place{}, glance)
		if err != nil {
			return b, err
		}
		for _, l := range found {
			v, err := p.Cases.Application(ctx, l.ID)
			if err != nil {
				return b, err
			}
			if !slices.Contains(v.Hands, me) {
				list = append(list, l)
			}
		}
	}
	slices.SortFunc(list, func(x, y application.Listed) int { return x.Since.Compare(y.Since) })
	t := listTable(list[:min(len(list), glance)], me, now)
	t.Caption, t.Empty = rem.Text{}, text("Sizi bekleyen başvuru yok.", "No application waits for you.")
	b.Table = &t
	return b, nil
}

// today lists the appointments of the day in Türkiye.
func (p *pages) today(r *web.Request) (block, error) {
	now := p.Clock.Now()
	// The day in Türkiye begins three hours before the one of UTC.
	const ahead = 3 * time.Hour
	begin := now.Add(ahead).Truncate(24 * time.Hour).Add(-ahead)
	t := web.Table{
		Columns: []web.Column{column("Saat", "Time"), column("Ofis", "Office"), column("Başvuru", "Application")},
		Empty:   text("Bugün randevu yok.", "There is no appointment today."),
	}
	by, err := p.act(r, staff.Officer)
	if err != nil {
		// Who may not act now has no appointments; the page says why above.
		if staffRefusal(err) != (rem.Text{}) {
			return block{Title: text("Bugünün randevuları", "Today's appointments"), Table: &t}, nil
		}
		return block{}, err
	}
	for i := range p.Offices {
		o := &p.Offices[i]
		list, err := p.Desk.Appointments(r.Context(), by, o.ID, begin, begin.Add(24*time.Hour))
		if err != nil {
			return block{}, err
		}
		for _, a := range list {
			t.Rows = append(t.Rows, []web.Cell{{Time: a.At}, say(o.Name), {Text: string(a.Application), Path: casePath(a.Application), Code: true}})
		}
	}
	slices.SortStableFunc(t.Rows, func(x, y []web.Cell) int { return x[0].Time.Compare(y[0].Time) })
	return block{Title: text("Bugünün randevuları", "Today's appointments"), Table: &t}, nil
}
