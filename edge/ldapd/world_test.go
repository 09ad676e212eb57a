package ldapd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rem"
	"rem/edge/clock"
	"rem/internal/testkit/directorytest"
	"rem/internal/testkit/tlskit"
	"rem/person"
	"rem/privacy"
	"rem/provider/directory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const password = "uygulama parolası 7"

// A world is a directory behind both doors.
type world struct {
	*directorytest.World
	start, direct string // ldap:// with StartTLS, ldaps://
	ca            string // file of the anchors
	tls           *tls.Config
	limits        Limits

	mu     sync.Mutex
	fault  error // guarded by mu: of Query
	logins int   // guarded by mu
}

// Login implements Backend.
func (w *world) Login(_ context.Context, _ netip.AddrPort, a rem.Address, given string) (directory.Asker, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.logins++
	if a != directorytest.Company(2, "Soran A.Ş.").Address || given != password {
		return directory.Asker{}, ErrCredentials
	}
	return directorytest.Asker(2), nil
}

// Query implements Backend.
func (w *world) Query(ctx context.Context, who directory.Asker, q directory.Question) (directory.Answer, error) {
	w.mu.Lock()
	fault := w.fault
	w.mu.Unlock()
	if fault != nil {
		return directory.Answer{}, fault
	}
	return w.Directory.Query(ctx, who, q)
}

func (w *world) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = err
}

// serve opens a directory of a few people and companies, without a central directory.
func serve(t testing.TB, limits Limits, edit ...func(*directory.Config)) *world {
	t.Helper()
	w := &world{World: directorytest.New(t, nil, append(edit, func(c *directory.Config) { c.Central = nil })...), limits: limits}
	for n, name := range []string{"Işıl Çağrı/Öğütçü", "Gizli/Kişi"} {
		given, family, _ := strings.Cut(name, "/")
		w.Consents.Give(directorytest.Holder(n), directory.ConsentsOf(person.Natural)...)
		w.Enter(t, n, directorytest.Person(n, given, family), n == 0)
	}
	asker := directorytest.Company(2, "Soran A.Ş.")
	w.Consents.Give("p-operator", privacy.DirectoryOperator)
	asker.Operators = []directory.Operator{{Person: "p-operator", Given: directorytest.Must(person.ParseName("Ayşe")), Family: directorytest.Must(person.ParseName("Yılmaz")), Title: directorytest.Must(person.ParseTitle("Müdür"))}}
	w.Enter(t, 2, asker, false)
	w.Enter(t, 3, directorytest.Company(3, "Öğütçü Gıda San. ve Tic. Ltd. Şti."), false)
	w.Enter(t, 4, directorytest.Company(4, "Öğütçü Nakliyat A.Ş."), false)
	w.Enter(t, 5, directorytest.Body(5, "Ege Üniversitesi"), false)

	own := tlskit.Identity(t, "rehber.test")
	w.ca = filepath.Join(t.TempDir(), "anchors.pem")
	if err := os.WriteFile(w.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Leaf.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(own.Leaf)
	w.tls = &tls.Config{ServerName: "rehber.test", RootCAs: pool}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	for _, implicit := range []bool{false, true} {
		s, err := New(Config{Provider: directorytest.Provider, TLS: &tls.Config{Certificates: []tls.Certificate{own}}, Implicit: implicit, Backend: w, Clock: clock.System{}, Limits: limits})
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		serving.Go(func() {
			if err := s.Serve(ctx, l); err != nil {
				t.Error(err)
			}
		})
		if implicit {
			w.direct = l.Addr().String()
		} else {
			w.start = l.Addr().String()
		}
	}
	t.Cleanup(func() { cancel(); serving.Wait() })
	return w
}

const suffix = "ou=rehber,dc=hs90,dc=kep,dc=test"

// ldapsearch runs Debian's client, and gives what it printed and its code, which is
// that of the result.
func (w *world) ldapsearch(t testing.TB, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, "ldapsearch", append([]string{"-x", "-LLL", "-o", "ldif-wrap=no"}, args...)...)
	c.Env = append(os.Environ(), "LDAPTLS_CACERT="+w.ca, "LDAPTLS_REQCERT=demand")
	out, err := c.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), c.ProcessState.ExitCode()
}

// as are the arguments of somebody who logs in over ldaps.
func (w *world) as(more ...string) []string {
	return append([]string{"-H", "ldaps://" + w.direct, "-D", "mail=firma2@hs90.kep.test," + suffix, "-w", password, "-b", suffix}, more...)
}
