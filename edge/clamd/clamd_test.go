package clamd

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const malware = "REM-TEST-MALWARE-b6d1c7a0"

// streamLimit is the daemon's StreamMaxLength in these tests.
const streamLimit = 1 << 20

// daemon starts a real clamd whose database knows one thing, and gives its
// socket and its port.
func daemon(t *testing.T) (socket, port string) {
	t.Helper()
	program, err := exec.LookPath("clamd")
	if err != nil {
		program = "/usr/sbin/clamd"
		if _, err := os.Stat(program); err != nil {
			t.Fatal("clamd is missing: install clamav-daemon")
		}
	}
	dir, err := os.MkdirTemp("", "clamd") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	database := filepath.Join(dir, "db")
	if err := os.Mkdir(database, 0o755); err != nil {
		t.Fatal(err)
	}
	signature := "Rem.Test.Sample:0:*:" + hex.EncodeToString([]byte(malware)) + "\n"
	if err := os.WriteFile(filepath.Join(database, "test.ndb"), []byte(signature), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port = l.Addr().String()
	l.Close()
	_, number, _ := net.SplitHostPort(port)
	socket = filepath.Join(dir, "s")
	config := filepath.Join(dir, "clamd.conf")
	text := fmt.Sprintf("Foreground yes\nDatabaseDirectory %s\nLocalSocket %s\nTCPSocket %s\nTCPAddr 127.0.0.1\nStreamMaxLength %d\nTemporaryDirectory %s\nAlertExceedsMax yes\nMaxThreads 4\n",
		database, socket, number, streamLimit, dir)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command(program, "--config-file="+config)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() { cmd.Process.Kill(); <-ended })
	for range 300 {
		if v, err := scanner(t, "unix", socket).Version(context.Background()); err == nil {
			if !strings.Contains(v.Engine, ".") {
				t.Errorf("version %+v", v)
			}
			return socket, port
		}
		select {
		case <-ended:
			t.Fatalf("clamd ended:\n%s", &out)
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatalf("clamd does not answer:\n%s", &out)
	return "", ""
}

func scanner(t *testing.T, network, address string) *Scanner {
	t.Helper()
	s, err := New(Config{Network: network, Address: address, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRealScannerGivesVerdicts(t *testing.T) {
	socket, port := daemon(t)
	for _, where := range []struct{ network, address string }{{"unix", socket}, {"tcp", port}} {
		t.Run(where.network, func(t *testing.T) {
			s := scanner(t, where.network, where.address)
			infected := Result{Infected, "Rem.Test.Sample.UNOFFICIAL"}
			for _, c := range []struct {
				name, content string
				want          Result
				err           error
			}{
				{"clean", "Subject: x\r\n\r\nhello\r\n", Result{Verdict: Clean}, nil},
				{"nothing", "", Result{Verdict: Clean}, nil},
				{"infected", "Subject: x\r\n\r\n" + malware + "\r\n", infected, nil},
				{"infected across chunks", strings.Repeat("x", maxChunk-5) + malware, infected, nil},
				{"in base64 in MIME", "MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nUkVNLVRFU1QtTUFMV0FSRS1iNmQxYzdhMA==\r\n", infected, nil},
				{"beyond the limit", strings.Repeat("x", streamLimit+1), Result{}, ErrTooLarge},
				{"far beyond the limit", strings.Repeat("x", 20*streamLimit), Result{}, ErrTooLarge},
			} {
				t.Run(c.name, func(t *testing.T) {
					got, err := s.Scan(context.Background(), strings.NewReader(c.content))
					if got != c.want || !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
						t.Errorf("got %+v, %v; want %+v, %v", got, err, c.want, c.err)
					}
				})
			}
		})
	}
	t.Run("many at once", func(t *testing.T) {
		s := scanner(t, "unix", socket)
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				content, want := "clean", Clean
				if i%2 == 1 {
					content, want = malware, Infected
				}
				if got, err := s.Scan(context.Background(), strings.NewReader(content)); err != nil || got.Verdict != want {
					t.Errorf("%d: got %+v, %v", i, got, err)
				}
			})
		}
		wg.Wait()
	})
	t.Run("in small pieces, while it comes in", func(t *testing.T) {
		stream, err := scanner(t, "unix", socket).Begin(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range []byte(malware) {
			stream.Write(nil) // an empty chunk would end the stream
			if _, err := stream.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := stream.Result(); err != nil || got.Verdict != Infected {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// fake is a scanner that does as each test says.
func fake(t *testing.T, serve func(net.Conn)) *Scanner {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { defer c.Close(); serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return scanner(t, "tcp", l.Addr().String())
}

// Whatever is wrong with the scanner, no message passes for clean.
func TestScannerThatFailsIsAnErrorAndNoVerdict(t *testing.T) {
	for _, c := range []struct {
		name  string
		serve func(net.Conn)
	}{
		{"hangs up", func(c net.Conn) {}},
		{"hangs up at the end", func(c net.Conn) { io.ReadFull(c, make([]byte, len("zINSTREAM\x00")+4+5+4)) }},
		{"says half a verdict", func(c net.Conn) { io.WriteString(c, "stream: OK"); io.Copy(io.Discard, c) }},
		{"says something else", func(c net.Conn) { io.WriteString(c, "stream: OK?\x00"); io.Copy(io.Discard, c) }},
		{"fails", func(c net.Conn) { io.WriteString(c, "stream: Can't allocate memory ERROR\x00"); io.Copy(io.Discard, c) }},
		{"times out", func(c net.Conn) { io.WriteString(c, "COMMAND READ TIMED OUT\x00"); io.Copy(io.Discard, c) }},
		{"talks about another file", func(c net.Conn) { io.WriteString(c, "/etc/passwd: OK\x00"); io.Copy(io.Discard, c) }},
		{"floods", func(c net.Conn) { io.WriteString(c, strings.Repeat("x", 1<<20)); io.Copy(io.Discard, c) }},
		{"says nothing", func(c net.Conn) { io.Copy(io.Discard, c) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := fake(t, c.serve)
			s.timeout = 200 * time.Millisecond
			got, err := s.Scan(context.Background(), strings.NewReader("hello"))
			if err == nil || got != (Result{}) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	s := scanner(t, "unix", filepath.Join(t.TempDir(), "nobody"))
	if got, err := s.Scan(context.Background(), strings.NewReader("hello")); err == nil || got != (Result{}) {
		t.Errorf("away: got %+v, %v", got, err)
	}
}

// A verdict that comes before all was sent cannot say that all is clean.
func TestEarlyCleanIsNoVerdict(t *testing.T) {
	s := fake(t, func(c net.Conn) {
		io.ReadFull(c, make([]byte, 10))
		io.WriteString(c, "stream: OK\x00")
	})
	got, err := s.Scan(context.Background(), strings.NewReader(strings.Repeat("x", 32<<20)))
	if err == nil || got != (Result{}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the blob is gone") }

func TestContentThatCannotBeReadIsAnError(t *testing.T) {
	s := fake(t, func(c net.Conn) { io.WriteString(c, "stream: OK\x00"); io.Copy(io.Discard, c) })
	if got, err := s.Scan(context.Background(), failing{}); err == nil || got != (Result{}) || !strings.Contains(err.Error(), "the blob is gone") {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestScansWaitForTheirTurnAndObeyTheContext(t *testing.T) {
	s := fake(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	s.slots = make(chan struct{}, 1)
	first, err := s.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Begin(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	first.Close()
	first.Close()
	ctx, cancel = context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Scan(ctx, strings.NewReader("x")); err == nil {
		t.Error("a scan outlived its context")
	}
	if len(s.slots) != 0 {
		t.Error("a turn was not given back")
	}
}

func TestVersions(t *testing.T) {
	got, err := parseVersion("ClamAV 1.4.6/27812/Sun Nov 22 09:42:57 2026")
	if want := (Version{"1.4.6", 27812, time.Date(2026, 11, 22, 9, 42, 57, 0, time.UTC)}); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"", "Clam", "ClamAV 1/x/Sun Nov 22 09:42:57 2026", "ClamAV 1/2/soon"} {
		if v, err := parseVersion(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, v)
		}
	}
}

// Only two answers are verdicts, and only one of them says clean.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{"stream: OK", "stream: A FOUND", "stream:  FOUND", "stream: OK FOUND", "INSTREAM size limit exceeded. ERROR", "stream: Heuristics.Limits.Exceeded.MaxScanSize FOUND"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseAnswer(s)
		if err != nil && r != (Result{}) || err == nil && r.Verdict == 0 {
			t.Fatalf("%q: %+v, %v", s, r, err)
		}
		if r.Verdict == Clean && s != "stream: OK" || len(r.Name) > maxName {
			t.Fatalf("%q: %+v", s, r)
		}
		parseVersion(s)
	})
}
