package wiretap

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rem"
	"rem/edge/smtpin"
	"rem/edge/smtpout"
	"rem/internal/testkit/tlskit"
	"rem/mail/smtp"
)

// keeper keeps what comes, and from whom.
type keeper struct{ got []string } // read when the sender has been answered

func (k *keeper) Begin(_ context.Context, s *smtpin.Session) error {
	k.got = append(k.got, s.TLS.PeerCertificates[0].DNSNames[0])
	return nil
}
func (k *keeper) Authenticate(context.Context, *smtpin.Session, string, string) (smtpin.Principal, error) {
	return smtpin.Principal{}, smtpin.ErrCredentials
}
func (k *keeper) Mail(context.Context, *smtpin.Session, *smtp.Transaction) error { return nil }
func (k *keeper) Rcpt(_ context.Context, _ *smtpin.Session, _ *smtp.Transaction, r smtp.Recipient) error {
	if strings.HasPrefix(string(r.Path), "yok@") {
		return rem.Refuse(rem.UnknownRecipient, "Yok", "None")
	}
	return nil
}
func (k *keeper) Data(context.Context, *smtpin.Session, smtp.Transaction) (smtpin.Sink, error) {
	return &sink{k: k}, nil
}

type sink struct {
	k *keeper
	strings.Builder
}

func (s *sink) Abort() {}
func (s *sink) Commit(context.Context) (string, error) {
	s.k.got = append(s.k.got, s.String())
	return "", nil
}

// Both sides meet each other's certificate, the bytes pass unchanged, and each
// message lies on the disk as it was sent. A stranger gets no further.
func TestATapChangesNothingAndKeepsEveryMessage(t *testing.T) {
	here, there := tlskit.Identity(t, "hs90.kep.test"), tlskit.Identity(t, "hs91.kep.test")
	k := &keeper{}
	server, err := smtpin.New(smtpin.Config{Face: smtpin.Peer, Name: "hs91.kep.test", Implicit: true, Backend: k,
		TLS: &tls.Config{Certificates: []tls.Certificate{there}, ClientAuth: tls.RequireAnyClientCert}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	dir := t.TempDir()
	tap, err := Start(Options{Identity: there, Callers: []tls.Certificate{here}, To: l.Addr().String(), Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	peer := smtpout.Peer{Name: "hs91.kep.test", Address: tap.Address, Implicit: true, Pins: []rem.Digest{tlskit.Pin(there)}}
	send := func(identity tls.Certificate, to, content string) smtpout.Result {
		s, err := smtpout.New(smtpout.Config{Name: "hs90.kep.test", Certificate: identity})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		return s.Send(t.Context(), peer, smtp.Transaction{Recipients: []smtp.Recipient{{Path: smtp.Path(to)}}}, strings.NewReader(content))
	}
	want := []string{"Subject: 1\r\n\r\n.dot\r\n..\r\n354 no answer\r\n", "Subject: 2\r\n\r\n" + strings.Repeat("ş.\r\n", 50_000)}
	if r := send(here, "yok@hs91.kep.test", want[0]); r.Outcome != smtpout.Definite {
		t.Errorf("a recipient who is not there: %v", r.Outcome)
	}
	for _, content := range want {
		if r := send(here, "bora@hs91.kep.test", content); r.Outcome != smtpout.Taken {
			t.Errorf("%v, %v", r.Outcome, r.Err)
		}
	}
	if r := send(tlskit.Identity(t, "hs90.kep.test"), "bora@hs91.kep.test", want[0]); r.Outcome != smtpout.Definite {
		t.Errorf("a stranger: %v", r.Outcome)
	}
	if err := tap.Close(); err != nil {
		t.Error(err)
	}
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	<-served
	if diff := cmp.Diff([]string{"hs90.kep.test", "hs90.kep.test", want[0], "hs90.kep.test", want[1]}, k.got); diff != "" {
		t.Errorf("what came (-want +got):\n%s", diff)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*-hs90.kep.test.eml"))
	if err != nil || len(files) != len(want) {
		t.Fatalf("there are %v, %v", files, err)
	}
	for i, file := range files {
		b, err := os.ReadFile(file)
		if err != nil || string(b) != want[i] {
			t.Errorf("%s holds other bytes, %v", file, err)
		}
	}
}
