package control

import (
	"context"
	"net/http"
	"time"

	"rem"
)

// A DirectoryReport is what came of holding our directory against the central one.
// The lists are bounded; the counts are not.
type DirectoryReport struct {
	Begun time.Time `json:"begun"`
	Ended time.Time `json:"ended"`
	// Ours and Theirs are how many records each has; Pending are those of ours of
	// which something waits to be told, and which were not compared.
	Ours    int `json:"ours"`
	Theirs  int `json:"theirs"`
	Pending int `json:"pending"`
	// Faults counts the three lists together.
	Faults    int             `json:"faults"`
	Missing   []rem.AccountID `json:"missing"`   // not in the central directory
	Extra     []rem.AccountID `json:"extra"`     // not in ours
	Different []rem.AccountID `json:"different"` // in both, with other values
	// Again: what is missing or different is told once more.
	Again bool `json:"again"`
}

// A DirectoryAsk is what a comparison is to do beside telling.
type DirectoryAsk struct {
	// Again: what is missing or different is told once more.
	Again bool `json:"again"`
}

// Directory is what operators ask about the directory.
type Directory interface {
	// ReconcileDirectory compares every account with the central directory, which may
	// take minutes. With again, what is missing there or different is told once more;
	// what is there alone is for people to look at.
	ReconcileDirectory(ctx context.Context, by string, again bool) (*DirectoryReport, error)
}

// reconcile may take long: it ends when the provider stops.
func (h handler) reconcile(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(h.stopping, cancel)()
	answerTo(h, w, r, func(a DirectoryAsk) (*DirectoryReport, error) {
		return h.p.ReconcileDirectory(ctx, r.Header.Get(PersonHeader), a.Again)
	})
}

// ReconcileDirectory compares our directory with the central one; see
// [Directory.ReconcileDirectory].
func (c *Client) ReconcileDirectory(ctx context.Context, again bool) (*DirectoryReport, error) {
	return ask[*DirectoryReport](ctx, c, "POST", "/directory/reconcile", DirectoryAsk{again})
}
