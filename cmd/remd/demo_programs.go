package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rem"
	"rem/person/token"
)

// A program is what a program of a holder has to know; the clients in examples/ read
// it. The key stands in for a card: outside a demonstration nobody has it in a file.
type program struct {
	Base        string `json:"base"`        // of the provider's pages
	Authorities string `json:"authorities"` // PEM file: whom TLS and remverify trust here
	Address     string `json:"address"`
	Token       string `json:"token"`
	Certificate string `json:"certificate"` // PEM file: who signs
	Key         string `json:"key"`         // PEM file
	To          string `json:"to"`          // to whom there is something to be sent
}

// tokenTerm is how long tokens of a demonstration hold.
const tokenTerm = 7 * 24 * time.Hour

// programs gives each holder a token, in a file that others cannot read, and says
// where.
func (s *stage) programs(ctx context.Context) error {
	dir := filepath.Join(s.world.Dir, "programs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	fmt.Printf("Programlar için belirteçler (examples/ bunları okur) / tokens for programs (read by examples/):\n")
	for i, r := range s.logins {
		n := s.nodes[r.house.Provider.Domain]
		_, secret, err := n.People.Tokens.Create(ctx, rem.Actor{Account: r.Account, Holder: r.Person, Person: r.Person},
			token.Wish{Kind: token.Personal, Label: "demo", Scopes: token.Scopes, Term: tokenTerm})
		if err != nil {
			return err
		}
		b, err := json.MarshalIndent(program{
			Base: r.house.Own.Config.Web.Base, Authorities: s.world.Anchors(), Address: r.who.Address, Token: secret.Reveal(),
			Certificate: r.who.Certificate, Key: r.who.Key, To: s.logins[1-i].who.Address,
		}, "", "  ")
		if err != nil {
			return fmt.Errorf("writing what a program has to know: %w", err)
		}
		name, _, _ := strings.Cut(r.who.Address, "@")
		file := filepath.Join(dir, name+".json")
		if err := os.WriteFile(file, append(b, '\n'), 0o600); err != nil {
			return fmt.Errorf("writing what a program has to know: %w", err)
		}
		fmt.Printf("  %s  %s\n    python3 examples/python/kep.py %[2]s\n", r.who.Address, file)
	}
	fmt.Printf("  REST: %[1]s/api/v1/docs   SOAP (uyumluluk / compatibility): %[1]s/eyServis?wsdl\n\n", s.logins[0].house.Own.Config.Web.Base)
	return nil
}
