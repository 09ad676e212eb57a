package node

import (
	"context"

	"rem"
	"rem/edge/control"
	"rem/provider/directory"
)

// ReconcileDirectory implements control.Provider. No value is opened: digests are
// compared.
func (c controller) ReconcileDirectory(ctx context.Context, by string, again bool) (*control.DirectoryReport, error) {
	p := &c.n.People
	if p.central == nil {
		return nil, rem.Refuse(rem.PolicyViolation, "Merkezî rehber yapılandırılmamış; karşılaştırılacak bir şey yok.", "No central directory is configured; there is nothing to compare with.")
	}
	r, err := p.Directory.Reconcile(ctx, named(by))
	if err != nil {
		return nil, err
	}
	p.central.Compared(r)
	if again {
		if err := p.Directory.Repair(ctx, r); err != nil {
			return nil, err
		}
	}
	c.n.Log.Info("directory compared with the central one", "by", by, "faults", r.Faults)
	return reportOf(&r, again), nil
}

func reportOf(r *directory.Report, again bool) *control.DirectoryReport {
	list := func(l []rem.AccountID) []rem.AccountID { return append([]rem.AccountID{}, l...) } // never null
	return &control.DirectoryReport{
		Begun: r.Begun, Ended: r.Ended, Ours: r.Ours, Theirs: r.Theirs, Pending: r.Pending, Faults: r.Faults,
		Missing: list(r.Missing), Extra: list(r.Extra), Different: list(r.Different), Again: again,
	}
}
