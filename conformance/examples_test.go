package conformance_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// seen is what a running program has printed so far.
type seen struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (s *seen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *seen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// The clients of examples/ do what their README says, each against one demonstration
// that keeps running: a signed message reaches another provider, and its evidence
// verifies without either.
func TestTheExamplesRunAgainstTheDemonstration(t *testing.T) {
	dir, err := os.MkdirTemp("", "rem") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./cmd/remd", "./cmd/remverify", "./examples/go")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	demo := exec.Command(filepath.Join(dir, "remd"), "demo", "--keep", "--dir", filepath.Join(dir, "d"))
	out := &seen{}
	demo.Stdout, demo.Stderr = out, out
	in, err := demo.StdinPipe() // stays open: its end is no line
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- demo.Wait() }()
	t.Cleanup(func() {
		if err := demo.Process.Signal(os.Interrupt); err == nil {
			<-ended
		}
		in.Close()
	})
	program := filepath.Join(dir, "d", "programs", "isil.ogutcu.json")
	for deadline := time.Now().Add(2 * time.Minute); !strings.Contains(out.String(), "/eyServis?wsdl"); {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the demonstration ended: %v\n%s", err, out)
		case <-time.After(100 * time.Millisecond):
			if time.Now().After(deadline) {
				t.Fatalf("the demonstration is not ready\n%s", out)
			}
		}
	}
	if info, err := os.Stat(program); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the file with the token: %v %v", info, err)
	}
	for name, args := range map[string][]string{
		"python": {"python3", "../examples/python/kep.py"}, "node": {"node", "../examples/node/kep.mjs"}, "go": {filepath.Join(dir, "go")},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(args[0]); err != nil {
				t.Fatal(err)
			}
			c := exec.Command(args[0], append(args[1:], program)...)
			c.Env = append(os.Environ(), "REMVERIFY="+filepath.Join(dir, "remverify"), "TMPDIR="+t.TempDir())
			var told bytes.Buffer
			c.Stdout, c.Stderr = &told, &told
			if err := c.Run(); err != nil {
				t.Fatalf("%v\n%s\n%s", err, told.String(), out)
			}
			for _, want := range []string{"  10 ", "  20 ", "  40 ", "Sonuç: TOTAL-PASSED"} {
				if !strings.Contains(told.String(), want) {
					t.Errorf("%q is not told:\n%s", want, told.String())
				}
			}
		})
	}
	t.Run("eyServis", func(t *testing.T) { callOld(t, program) })
}

// callOld asks for the folders as programs for eyServis do, with the same token.
func callOld(t *testing.T, file string) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var p struct{ Base, Authorities, Address, Token string }
	if err := json.Unmarshal(b, &p); err != nil {
		t.Fatal(err)
	}
	if b, err = os.ReadFile(p.Authorities); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(b)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	body := `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:s="http://ws.apache.org/axis2" xmlns:t="http://ws.apache.org/axis2/xsd"><soap:Body><s:DizinSorgula><s:param0><t:kepHesap>` +
		p.Address + `</t:kepHesap><t:tcno/><t:parola/><t:sifre>` + p.Token + `</t:sifre></s:param0></s:DizinSorgula></soap:Body></soap:Envelope>`
	answer, err := client.Post(p.Base+"/eyServis", "text/xml; charset=utf-8", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if b, err = io.ReadAll(answer.Body); err != nil || answer.StatusCode != http.StatusOK || !bytes.Contains(b, []byte("<s:return>INBOX.Sent</s:return>")) {
		t.Errorf("%v %s %s", err, answer.Status, b)
	}
}
