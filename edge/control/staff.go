package control

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"rem"
	"rem/person"
	"rem/provider/staff"
)

// A NewStaff is somebody who is to be of the staff, or of a contracted institution.
type NewStaff struct {
	Name        string `json:"name"`
	Number      string `json:"number,omitempty"` // identity number, of who signs
	Institution string `json:"institution,omitempty"`
	StaffWish
}

// A StaffWish is a role that somebody is to have.
type StaffWish struct {
	Role  staff.Role `json:"role"`
	From  time.Time  `json:"from,omitzero"`  // zero: at once
	Until time.Time  `json:"until,omitzero"` // zero: without end
}

// A StaffMember is somebody of the staff as it stands.
type StaffMember struct {
	Person      rem.PersonID `json:"person"`
	Name        string       `json:"name,omitempty"` // only where a case was named
	Institution string       `json:"institution,omitempty"`
	Roles       []staff.Role `json:"roles"` // those that run
	Joined      time.Time    `json:"joined"`
	Left        time.Time    `json:"left,omitzero"`
	Enrolled    time.Time    `json:"enrolled,omitzero"`
	// Trained is until when training is valid, Bound the policy version acknowledged.
	Trained time.Time `json:"trained,omitzero"`
	Bound   uint64    `json:"bound,omitempty"`
	// Lacks says what keeps him from acting; empty: nothing.
	Lacks string `json:"lacks,omitempty"`
}

// A StaffProposal waits for a second person.
type StaffProposal struct {
	Number      uint64       `json:"number"`
	Person      rem.PersonID `json:"person"`
	New         bool         `json:"new,omitempty"`
	Institution string       `json:"institution,omitempty"`
	StaffWish
	By rem.PersonID `json:"by,omitempty"`
	At time.Time    `json:"at,omitzero"`
}

// A StaffEnd is how a role, or with no role a whole service, ends.
type StaffEnd struct {
	Role   staff.Role   `json:"role,omitempty"`
	Reason staff.Reason `json:"reason"`
	Anyway bool         `json:"anyway,omitempty"`
}

// A StaffTraining is a course that was passed.
type StaffTraining struct {
	Subject staff.Subject `json:"subject"`
	Version uint64        `json:"version"`
	Passed  time.Time     `json:"passed"`
	Until   time.Time     `json:"until"`
}

// A StaffPolicy is a version of a policy. Text is of one that is published, and is
// not kept: its digest is.
type StaffPolicy struct {
	Subject staff.Subject `json:"subject"`
	Version uint64        `json:"version,omitempty"`
	Digest  string        `json:"digest,omitempty"`
	From    time.Time     `json:"from,omitzero"`
	Text    string        `json:"text,omitempty"`
}

// An Invitation lets a member set his first credentials, once.
type Invitation struct {
	Token string    `json:"token"`
	Until time.Time `json:"until"`
}

// An Institution is a contracted one.
type Institution struct {
	ID        string            `json:"id,omitempty"`
	Name      string            `json:"name"`
	Contract  string            `json:"contract"`
	From      time.Time         `json:"from"`
	Until     time.Time         `json:"until"`
	Provinces []person.Province `json:"provinces"`
	Ended     time.Time         `json:"ended,omitzero"`
}

// Staff is what the socket offers about staff and contracted institutions. by is
// the identifier of a person of the book, as he says himself: whoever can use the
// socket owns the machine, and the book marks what comes this way.
type Staff interface {
	FoundStaff(ctx context.Context, n NewStaff) (rem.PersonID, error)
	Appoint(ctx context.Context, by string, n NewStaff) (*StaffProposal, error)
	ProposeRole(ctx context.Context, by string, p rem.PersonID, w StaffWish) (*StaffProposal, error)
	Confirm(ctx context.Context, by string, proposal uint64) error
	Decline(ctx context.Context, by string, proposal uint64) error
	EndStaff(ctx context.Context, by string, p rem.PersonID, e StaffEnd) error
	Train(ctx context.Context, by string, p rem.PersonID, t StaffTraining) error
	PublishPolicy(ctx context.Context, by string, p StaffPolicy) (*StaffPolicy, error)
	Acknowledge(ctx context.Context, by string, p StaffPolicy) error
	Invite(ctx context.Context, by string, p rem.PersonID) (*Invitation, error)
	// StaffList lists the members. With a case their names are opened, after the
	// access log has who asked.
	StaffList(ctx context.Context, by, matter string) ([]StaffMember, error)
	StaffProposals(ctx context.Context) ([]StaffProposal, error)
	StaffPolicies(ctx context.Context) ([]StaffPolicy, error)
	AddInstitution(ctx context.Context, by string, i Institution) (string, error)
	EndInstitution(ctx context.Context, by, id string) error
	Institutions(ctx context.Context) ([]Institution, error)
}

// staffRoutes are those of [Staff].
func (h handler) staffRoutes(mux *http.ServeMux) {
	by := func(r *http.Request) string { return r.Header.Get(PersonHeader) }
	who := func(r *http.Request) rem.PersonID { return rem.PersonID(r.PathValue("person")) }
	mux.HandleFunc("POST /staff/first", func(w http.ResponseWriter, r *http.Request) {
		answerTo(h, w, r, func(n NewStaff) (StaffMember, error) {
			p, err := h.p.FoundStaff(r.Context(), n)
			return StaffMember{Person: p}, err
		})
	})
	mux.HandleFunc("POST /staff", func(w http.ResponseWriter, r *http.Request) {
		answerTo(h, w, r, func(n NewStaff) (*StaffProposal, error) { return h.p.Appoint(r.Context(), by(r), n) })
	})
	mux.HandleFunc("GET /staff", func(w http.ResponseWriter, r *http.Request) {
		list, err := h.p.StaffList(r.Context(), by(r), r.URL.Query().Get("case"))
		h.answer(w, r, list, err)
	})
	mux.HandleFunc("POST /staff/{person}/roles", func(w http.ResponseWriter, r *http.Request) {
		answerTo(h, w, r, func(v StaffWish) (*StaffProposal, error) { return h.p.ProposeRole(r.Context(), by(r), who(r), v) })
	})
	mux.HandleFunc("POST /staff/{person}/end", func(w http.ResponseWriter, r *http.Request) {
		answerTo(h, w, r, func(v StaffEnd) (struct{}, error) { return struct{}{}, h.p.EndStaff(r.Context(), by(r), who(r), v) })
	})
	mux.HandleFunc("POST /staff/{person}/training", func(w http.ResponseWriter, r *http.Request) {
		answerTo(h, w, r, func(v StaffTraining) (struct{}, error) { return struct{}{}, h.p.Train(r.Context(), by(r), who(r), v) })
	})
	mux.HandleFunc("POST /staff/{person}/invitation", func(w http.ResponseWriter, r *http.Request) {
		i, err := h.p.Invite(r.Context(), by(r), who(r))
		h.answer(w, r, i, err)
	})
	mux.HandleFunc("GET /proposals", func(w http.ResponseWriter, r *http.Request) {
		list, err := h.p.StaffProposals(r.Context())
		h.answer(w, r, list, err)
	})
	decide := func(do func(context.Context, string, uint64) error) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			n, err := strconv.ParseUint(r.PathValue("number"), 10, 64)
			if err != nil {
				err = fmt.Errorf("%w: a proposal has a number", errRequest)
			} else {
				err = do(r.Context(), by(r), n)
			}
			h.answer(w, r, struct{}{}, err)
		}
	}
	mux.HandleFunc("POST /proposals/{number}/confirm", decide(h.p.Confirm))
	mux.HandleFunc("POST /proposals/{number}/decline", decide(h.p.Decline))
	mux.HandleFunc("GET /policies", func(w http.ResponseWriter, r *http.Request) {
		list, err := h.p.StaffPolicies(r.Context())
		h.answer(w, r, list, err)
	})
	mux.HandleFunc("POST /policies", func(w http.ResponseWriter, r *http.Request) {
		answerTo(h, w, r, func(v StaffPolicy) (*StaffPolicy, error) { return h.p.PublishPolicy(r.Context(), by(r), v) })
	})
	mux.HandleFunc("POST /policies/acknowledge", func(w http.ResponseWriter, r *http.Request) {
		answerTo(h, w, r, func(v StaffPolicy) (struct{}, error) { return struct{}{}, h.p.Acknowledge(r.Context(), by(r), v) })
	})
	mux.HandleFunc("POST /institutions", func(w http.ResponseWriter, r *http.Request) {
		answerTo(h, w, r, func(v Institution) (Institution, error) {
			id, err := h.p.AddInstitution(r.Context(), by(r), v)
			v.ID = id
			return v, err
		})
	})
	mux.HandleFunc("GET /institutions", func(w http.ResponseWriter, r *http.Request) {
		list, err := h.p.Institutions(r.Context())
		h.answer(w, r, list, err)
	})
	mux.HandleFunc("POST /institutions/{id}/end", func(w http.ResponseWriter, r *http.Request) {
		h.answer(w, r, struct{}{}, h.p.EndInstitution(r.Context(), by(r), r.PathValue("id")))
	})
}

// answerTo reads a request, asks, and answers.
func answerTo[In, Out any](h handler, w http.ResponseWriter, r *http.Request, ask func(In) (Out, error)) {
	var out Out
	in, err := read[In](r)
	if err == nil {
		out, err = ask(in)
	}
	h.answer(w, r, out, err)
}

// FoundStaff makes the first manager of staff.
func (c *Client) FoundStaff(ctx context.Context, n NewStaff) (rem.PersonID, error) {
	m, err := ask[StaffMember](ctx, c, "POST", "/staff/first", n)
	return m.Person, err
}

// Appoint proposes a new person with a role.
func (c *Client) Appoint(ctx context.Context, n NewStaff) (*StaffProposal, error) {
	return ask[*StaffProposal](ctx, c, "POST", "/staff", n)
}

// ProposeRole proposes a further role.
func (c *Client) ProposeRole(ctx context.Context, p rem.PersonID, w StaffWish) (*StaffProposal, error) {
	return ask[*StaffProposal](ctx, c, "POST", "/staff/"+url.PathEscape(string(p))+"/roles", w)
}

// Confirm confirms another's proposal.
func (c *Client) Confirm(ctx context.Context, proposal uint64) error {
	_, err := ask[struct{}](ctx, c, "POST", fmt.Sprintf("/proposals/%d/confirm", proposal), nil)
	return err
}

// Decline takes a proposal away.
func (c *Client) Decline(ctx context.Context, proposal uint64) error {
	_, err := ask[struct{}](ctx, c, "POST", fmt.Sprintf("/proposals/%d/decline", proposal), nil)
	return err
}

// EndStaff ends a role, or a whole service.
func (c *Client) EndStaff(ctx context.Context, p rem.PersonID, e StaffEnd) error {
	_, err := ask[struct{}](ctx, c, "POST", "/staff/"+url.PathEscape(string(p))+"/end", e)
	return err
}

// Train records training that was passed.
func (c *Client) Train(ctx context.Context, p rem.PersonID, t StaffTraining) error {
	_, err := ask[struct{}](ctx, c, "POST", "/staff/"+url.PathEscape(string(p))+"/training", t)
	return err
}

// Invite makes an invitation to set first credentials.
func (c *Client) Invite(ctx context.Context, p rem.PersonID) (*Invitation, error) {
	return ask[*Invitation](ctx, c, "POST", "/staff/"+url.PathEscape(string(p))+"/invitation", nil)
}

// PublishPolicy publishes the next version of a policy.
func (c *Client) PublishPolicy(ctx context.Context, p StaffPolicy) (*StaffPolicy, error) {
	return ask[*StaffPolicy](ctx, c, "POST", "/policies", p)
}

// Acknowledge binds who asks to a version of a policy.
func (c *Client) Acknowledge(ctx context.Context, p StaffPolicy) error {
	_, err := ask[struct{}](ctx, c, "POST", "/policies/acknowledge", p)
	return err
}

// StaffList lists the members, with a case by name.
func (c *Client) StaffList(ctx context.Context, matter string) ([]StaffMember, error) {
	return ask[[]StaffMember](ctx, c, "GET", "/staff?case="+url.QueryEscape(matter), nil)
}

// StaffProposals lists what waits for a second person.
func (c *Client) StaffProposals(ctx context.Context) ([]StaffProposal, error) {
	return ask[[]StaffProposal](ctx, c, "GET", "/proposals", nil)
}

// StaffPolicies lists the published policies.
func (c *Client) StaffPolicies(ctx context.Context) ([]StaffPolicy, error) {
	return ask[[]StaffPolicy](ctx, c, "GET", "/policies", nil)
}

// AddInstitution contracts an institution.
func (c *Client) AddInstitution(ctx context.Context, i Institution) (string, error) {
	made, err := ask[Institution](ctx, c, "POST", "/institutions", i)
	return made.ID, err
}

// EndInstitution ends a contract before its term.
func (c *Client) EndInstitution(ctx context.Context, id string) error {
	_, err := ask[struct{}](ctx, c, "POST", "/institutions/"+url.PathEscape(id)+"/end", nil)
	return err
}

// Institutions lists the contracted institutions.
func (c *Client) Institutions(ctx context.Context) ([]Institution, error) {
	return ask[[]Institution](ctx, c, "GET", "/institutions", nil)
}
