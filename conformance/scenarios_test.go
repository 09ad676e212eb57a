package conformance

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"rem/internal/setup"
	"rem/internal/testkit"
	"rem/internal/testkit/wiretap"
)

// TestMain takes the programs away in the end.
func TestMain(m *testing.M) {
	m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
}

// The scenarios drive the real programs; testdata has one a file. Those of
// testdata/long take longer and need REM_LONG=1. On everything that a scenario
// leaves, the command check asks programs that nobody here wrote.
func TestScenarios(t *testing.T) {
	scenarios(t, "testdata/scenarios")
}

func TestLongScenarios(t *testing.T) {
	if !testkit.Long() {
		t.Skip("REM_LONG=1 runs them")
	}
	scenarios(t, "testdata/long")
}

func scenarios(t *testing.T, dir string) {
	for _, tool := range []struct{ name, debian string }{
		{"xmllint", "libxml2-utils"}, {"xmlsec1", "xmlsec1"}, {"openssl", "openssl"},
		{"swaks", "swaks"}, {"python3", "python3"}, {"clamd", "clamav-daemon"},
	} {
		if tool.name == "clamd" && exists("/usr/sbin/clamd") {
			continue // a daemon's folder is not on everybody's path
		}
		testkit.Tool(t, tool.name, tool.debian)
	}
	bin := programs(t)
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(e *testscript.Env) error {
			s := &scenario{dir: e.WorkDir, running: map[string]*program{}, taps: map[string]*wiretap.Tap{}, people: map[string]*setup.Person{}}
			e.Values[scenarioKey{}] = s
			e.Defer(s.end)
			e.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH")+":/usr/sbin")
			e.Setenv("WORLD", filepath.Join(e.WorkDir, "world"))
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"world": world, "clamd": clamd, "start": start, "terminate": terminate, "crash": crash, "peer": peer,
			"tap": tap, "entry": entry, "holder": holder, "letter": letter, "submit": submit, "waitfor": waitfor, "never": never,
			"list": list, "await": await, "files": files, "check": check, "remctl": remctl, "open": openMessage, "originate": originate,
			"metric": metric, "report": report, "message": pick,
		},
		RequireUniqueNames: true,
	})
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

var built struct {
	once sync.Once
	dir  string
	err  error
}

// programs builds the programs once for all scenarios.
func programs(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "rem-programs"); built.err != nil {
			return
		}
		root, err := testkit.Root()
		if err != nil {
			built.err = err
			return
		}
		cmd := exec.Command("go", "build", "-o", built.dir+string(filepath.Separator), "./cmd/remd", "./cmd/remctl", "./cmd/remverify", "./cmd/rempeer")
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = errors.Join(err, fmt.Errorf("%s", out))
		}
	})
	if built.err != nil {
		t.Fatalf("building the programs: %v", built.err)
	}
	return built.dir
}

type scenarioKey struct{}

// A scenario is what its commands share. It is used by one goroutine.
type scenario struct {
	dir     string
	world   *setup.World
	running map[string]*program      // by the provider's code; "clamd" too
	taps    map[string]*wiretap.Tap  // in front of a provider, by its code
	people  map[string]*setup.Person // by address
}

func of(ts *testscript.TestScript) *scenario { return ts.Value(scenarioKey{}).(*scenario) }

// fatal ends the script when an error is there.
func fatal(ts *testscript.TestScript, err error, doing string) {
	if err != nil {
		ts.Fatalf("%s: %v", doing, err)
	}
}

// plainly refuses ! before commands for which it has no meaning.
func plainly(ts *testscript.TestScript, neg bool) {
	if neg {
		ts.Fatalf("this command knows no !")
	}
}

// end stops everything that runs.
func (s *scenario) end() {
	for _, p := range s.running {
		p.cmd.Process.Kill()
		<-p.ended
	}
	for _, t := range s.taps {
		t.Close() // check has told what went wrong
	}
	if s.world != nil {
		s.world.Close()
	}
}
