package node

import (
	"context"
	"fmt"

	"rem/privacy/inventory"
)

// classified refuses to work on a ledger with a column that the inventory of
// personal data does not have (S05, P-01).
func (n *Node) classified() error {
	columns, err := n.Store.Columns(context.Background())
	if err == nil {
		err = inventory.Check(columns)
	}
	if err != nil {
		return fmt.Errorf("comparing the ledger with the inventory of personal data: %w", err)
	}
	return nil
}
