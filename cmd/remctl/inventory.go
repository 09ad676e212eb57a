package main

import "rem/privacy/inventory"

type inventoryCommand struct {
	Format string `help:"${enum}: a page, the table for VERBİS, comma-separated values, JSON-LD." enum:"people,verbis,csv,dpv" default:"people"`
}

// Run implements the command. It asks no provider: the inventory is part of the
// program. --json is the JSON-LD form (REQ-105).
func (c *inventoryCommand) Run(s *session) error {
	format := inventory.Format(c.Format)
	if s.json {
		format = inventory.DPV
	}
	return inventory.Write(s.out, inventory.Today(), format, inventory.Language(s.words))
}
