package main

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

type object = map[string]any

type words struct{ TR, EN string }

// sign signs as a card does. PKCS#11 comes in its place.
func sign(attributes string) string {
	key, err := x509.ParsePKCS8PrivateKey(block(program.Key))
	try(err)
	b, err := base64.StdEncoding.DecodeString(attributes)
	try(err)
	digest := sha256.Sum256(b)
	value, err := key.(crypto.Signer).Sign(rand.Reader, digest[:], crypto.SHA256)
	try(err)
	return base64.StdEncoding.EncodeToString(value)
}

func run() {
	// Is the address there, before anybody signs?
	var checked struct{ Results []struct{ Text string } }
	try(call("POST", "directory/check", object{"addresses": []string{program.To}, "use": "sending"}, &checked))
	fmt.Println(program.To+":", checked.Results[0].Text)

	// Write.
	var draft struct{ ID string }
	try(call("POST", "drafts", object{"version": 0, "to": []string{program.To}, "subject": "Go örneği: ışık faturası", "text": "Fatura ektedir.\n"}, &draft))
	try(call("POST", "drafts/"+draft.ID+"/files?name=fatura.txt&type=text/plain", []byte("On lira\n"), nil))

	// Sign: the message stays there, the key stays here.
	var asked struct {
		ID    string
		Items []struct{ Attributes string }
	}
	try(call("POST", "signatures", object{"drafts": []string{draft.ID}, "certificate": []string{base64.StdEncoding.EncodeToString(block(program.Certificate))}}, &asked))
	var outcome []struct {
		Message string
		Refused *words
	}
	try(call("POST", "signatures/"+asked.ID, object{"values": []string{sign(asked.Items[0].Attributes)}}, &outcome))
	if outcome[0].Refused != nil {
		try(errors.New(outcome[0].Refused.TR))
	}
	message := "messages/" + outcome[0].Message
	fmt.Println("Gönderildi / sent:", outcome[0].Message)

	// Wait until it is in the mailbox.
	var journey struct {
		Recipients []struct {
			State  string
			Stands words
		}
	}
	for cursor, end := int64(0), time.Now().Add(2*time.Minute); ; cursor = wait(cursor) {
		try(call("GET", message, nil, &journey))
		to := journey.Recipients[0]
		if to.State == "delivered" || to.State == "retrieved" {
			fmt.Println(to.Stands.TR)
			break
		}
		if to.State == "refused" || to.State == "not-relayed" || to.State == "relay-refused" || to.State == "not-delivered" || time.Now().After(end) {
			try(errors.New(to.Stands.TR))
		}
	}

	// Download the evidence, and verify it without the provider.
	var proofs []struct {
		ID, Kind, Code, Issuer string
		Name                   words
	}
	try(call("GET", message+"/evidence", nil, &proofs))
	dir, err := os.MkdirTemp("", "kep-")
	try(err)
	args := []string{"--trust", program.Authorities}
	for _, e := range proofs {
		var xml []byte
		try(call("GET", message+"/evidence/"+e.ID, nil, &xml))
		file := filepath.Join(dir, e.Code+"-"+e.Kind+".xml")
		try(os.WriteFile(file, xml, 0o600))
		fmt.Printf("  %s %s · %s\n", e.Code, e.Name.TR, e.Issuer)
		args = append(args, file)
	}
	remverify := os.Getenv("REMVERIFY")
	if remverify == "" {
		remverify = "remverify"
	}
	verify := exec.Command(remverify, args...)
	verify.Stdout, verify.Stderr = os.Stdout, os.Stderr
	try(verify.Run())
}
