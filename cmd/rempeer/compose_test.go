package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"rem"
	"rem/edge/simulator"
	"rem/internal/setup"
	"rem/internal/testkit"
	"rem/mail/mime"
	"rem/message"
	"rem/message/envelope"
	"rem/message/evidence"
	"rem/trust/cades"
)

// What the other provider writes is an envelope for openssl and for our
// reader, whatever it chooses.
func TestEnvelopesOfEveryDialectHold(t *testing.T) {
	openssl := testkit.Tool(t, "openssl", "openssl")
	dir := t.TempDir()
	w, err := setup.New(filepath.Join(dir, "world"), setup.Options{
		Domains: []string{"hs92.kep.test"}, KeyOf: func(string) simulator.KeyKind { return simulator.RSA2048 },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	original := []byte("From: can@hs92.kep.test\r\n\r\n.\r\nx\r\n")
	address := rem.MustAddress("can@hs92.kep.test")
	r := &message.Record{
		ID: rem.NewMessageID("01jd8f0s2k4w9q7x3v5n6p8r1t", "hs92.kep.test"), Origin: "hs92.kep.test",
		Sender: message.Party{Address: address}, Recipients: []message.Recipient{{Party: message.Party{Address: address}}},
		Digest: rem.DigestOf(original), Size: int64(len(original)),
	}
	for _, fields := range []string{"x-rem", "rem"} {
		for _, coding := range []string{"base64", "qp"} {
			for _, digest := range []string{"sha256", "sha384", "sha512"} {
				for _, odd := range []bool{true, false} {
					p, err := open(dialect{Config: w.Providers[0].File, Fields: fields, Coding: coding, Digest: digest, Oddness: odd})
					if err != nil {
						t.Fatal(err)
					}
					now := p.clock.Now()
					r.Submitted = now
					r.SenderAuthentication = message.Authentication{Time: now, Method: "urn:rem:authentication:application-password"}
					submission, err := p.sign(t.Context(), r, 0, evidence.SubmissionAcceptanceRejection, evidence.Positive, "", nil)
					if err != nil {
						t.Fatal(err)
					}
					for _, content := range [][]byte{original, nil} {
						b, err := p.envelope(t.Context(), r, content, []message.Filed{submission}, "rem-service@hs90.kep.test")
						if err != nil {
							t.Fatal(err)
						}
						file := filepath.Join(dir, "envelope.eml")
						if err := os.WriteFile(file, b, 0o600); err != nil {
							t.Fatal(err)
						}
						if out, err := exec.Command(openssl, "cms", "-verify", "-cades", "-purpose", "any", "-CAfile", w.Anchors(), "-in", file, "-out", os.DevNull).CombinedOutput(); err != nil {
							t.Errorf("%s %s %s %v: %v\n%s\n%s", fields, coding, digest, odd, err, out, b)
						}
						env, err := envelope.Read(mime.Memory(b))
						if err != nil {
							t.Fatalf("%s %s %s %v: %v\n%s", fields, coding, digest, odd, err, b)
						}
						if _, err := env.Verify(cades.VerifyOptions{}); err != nil {
							t.Errorf("%s %s %s %v: %v", fields, coding, digest, odd, err)
						}
						if !bytes.Equal(env.Evidence[0].Content, submission.XML) {
							t.Error("the evidence is not the one that was put in")
						}
						if content != nil && !bytes.Equal(b[env.Original.Start:env.Original.End], content) {
							t.Errorf("the original is %q", b[env.Original.Start:env.Original.End])
						}
					}
				}
			}
		}
	}
}
