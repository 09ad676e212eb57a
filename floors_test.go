package rem_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "rem"

// floors is the plan of the house, ground floor first. A package may import
// the packages of lower floors. The patterns are those of path.Match, and a
// package stands on the first floor that names it.
var floors = [][]string{
	{"."},
	{"trust/*", "mail/*"},
	{"message", "person", "privacy", "provider", "person/account", "message/evidence", "message/envelope"},
	{"message/*", "person/*", "privacy/*", "provider/*"},
	{"edge/*"},
	{"internal/node", "internal/setup"}, // a provider put together from its parts, a world to run it in
	{"internal/testkit"},
	{"cmd/*", "conformance", "examples/*", "internal/testkit/*"},
}

const edge = 4 // the lowest floor that may reach the outside

// beside lists the imports allowed between packages of one floor.
var beside = map[string][]string{
	"trust/c14n":            {"trust/strictxml"},
	"trust/tsp":             {"trust/algorithm", "trust/cms"},
	"trust/cms":             {"trust/algorithm"},
	"trust/xades":           {"trust/algorithm", "trust/c14n", "trust/cms", "trust/strictxml", "trust/tsp"},
	"trust/cades":           {"trust/algorithm", "trust/cms", "trust/tsp"},
	"trust/validation":      {"trust/algorithm", "trust/cades", "trust/cms", "trust/tsp", "trust/xades"},
	"trust/trustlist":       {"trust/algorithm", "trust/c14n", "trust/strictxml", "trust/tsp", "trust/xades"},
	"mail/smime":            {"mail/mime", "trust/cades", "trust/cms"},
	"mail/eyp":              {"mail/archive", "trust/algorithm", "trust/cades", "trust/cms", "trust/strictxml"}, // a package is a zip of XML and signatures
	"mail/reading":          {"mail/archive", "mail/eyp", "mail/html", "mail/mime"},                             // what a page shows of all of them
	"message/evidence":      {"message"},
	"message":               {"provider"}, // how long the table's periods are
	"person/account":        {"privacy"},  // names and signatories are kept sealed
	"message/envelope":      {"message", "message/evidence", "provider"},
	"message/timeline":      {"message/verification"},                                                        // shows its verdicts
	"message/export":        {"message/timeline", "message/verification"},                                    // index and proof list
	"message/mailbox":       {"message/retrieval", "message/submission"},                                     // its doors open and submit by the stages, and in no other way
	"message/bulk":          {"message/happening", "message/mailbox", "message/signing", "message/timeline"}, // its items are drafts, and events tell what became of them
	"message/arrivals":      {"message/delivery", "message/mailbox", "person/news"},                          // whom delivery tells, as people chose
	"privacy/chain":         {"privacy/canon"},
	"privacy/notice":        {"privacy/canon", "privacy/chain"},
	"privacy/consent":       {"privacy/canon", "privacy/chain"},
	"provider/publication":  {"privacy/canon", "privacy/chain"},
	"provider/directory":    {"privacy/canon", "privacy/chain", "privacy/consent"},                        // its entries are records; it knows a refusal of the ledger's
	"provider/staff":        {"person/application", "privacy/canon", "privacy/chain"},                     // the gate makes who moves an application
	"provider/partner":      {"person/application", "person/identity", "privacy/canon", "provider/staff"}, // the same, on site
	"edge/sqlstore":         {"edge/blobstore"},                                                           // the index over the journal
	"edge/chainstore":       {"edge/blobstore"},                                                           // a small journal of its own
	"edge/accesslog":        {"edge/blobstore"},                                                           // a small journal of its own
	"edge/keystore":         {"edge/blobstore", "edge/sqlitefile"},                                        // a small journal of what was destroyed
	"edge/ldapd":            {"edge/throttle"},
	"edge/imapd":            {"edge/doorway", "edge/throttle"},
	"edge/smtpin":           {"edge/doorway", "edge/throttle"},
	"edge/personstore":      {"edge/sqlitefile"},
	"edge/apistore":         {"edge/sqlitefile"},
	"edge/telephone":        {"edge/simulator"},                    // whose keys its telephones have
	"edge/mailstore":        {"edge/blobstore", "edge/sqlitefile"}, // the files of drafts, on its disk
	"edge/config":           {"edge/outward"},                      // the residency list is checked as it will be kept
	"edge/mobile":           {"edge/outward"},                      // the one way by which questions about people leave
	"edge/centraldirectory": {"edge/outward"},                      // the one way by which questions about people leave
	"edge/idproof":          {"edge/outward"},                      // the one way by which questions about people leave
	"edge/notify":           {"edge/outward"},                      // the same
	"edge/site":             {"edge/web"},                          // what everybody sees
	"edge/apply":            {"edge/throttle", "edge/web"},         // the applicant's pages
	"edge/portal":           {"edge/web"},                          // the account holder's
	"edge/entrance":         {"edge/web"},                          // log-in, and how somebody logs in
	"edge/webmail":          {"edge/web"},
	"edge/developer":        {"edge/web"},
	"edge/signing":          {"edge/throttle", "edge/web"},                   // between compose and the signer's program
	"message/signing":       {"message/submission"},                          // what is signed is judged as submission judges it
	"edge/console":          {"edge/web"},                                    // the desk
	"edge/api":              {"edge/apistore", "edge/hook", "edge/throttle"}, // an event looks alike, asked for or sent
	"edge/hook":             {"edge/outward"},                                // the one way out
	"edge/soap":             {"edge/throttle"},

	"person/enrolment": {"person/application", "person/identity", "person/login", "person/news", "privacy/canon", "privacy/notice",
		"provider/directory", "provider/partner", "provider/publication"}, // it carries an application through all of them
	"edge/paperstore":                   {"edge/blobstore"},                                                                                                               // its disk
	"person/application":                {"person/identity"},                                                                                                              // only a completed identification opens an account
	"internal/testkit/directorytest":    {"internal/testkit/vaulttest"},                                                                                                   // its records are sealed
	"internal/testkit/enrolmenttest":    {"internal/testkit/chaintest", "internal/testkit/noticetest", "internal/testkit/personledgertest", "internal/testkit/vaulttest"}, // a whole world
	"internal/testkit/personledgertest": {"internal/testkit/vaulttest"},                                                                                                   // its forms are sealed
	"internal/testkit/partnertest":      {"internal/testkit/chaintest", "internal/testkit/personledgertest", "internal/testkit/vaulttest"},                                // who visits, and whom
	"internal/testkit/world":            {"internal/testkit/broken"},                                                                                                      // providers on folders that break
	"internal/testkit/signtest":         {"internal/testkit/world"},                                                                                                       // a desk at a whole provider
	"cmd/remload":                       {"internal/testkit/postfix"},                                                                                                     // whose speed ours is compared with
}

// outside lists the packages by which a program reaches the outside.
var outside = []string{"database/sql", "net", "net/http", "os", "os/exec", "syscall"}

// wallClock lists the functions of package time that read or wait on the
// machine's clock. Below edge, time comes from a rem.Clock.
var wallClock = []string{"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"}

// TestFloors checks every import of the module's code, tests aside, against
// the plan. It reads the files itself, so that the test cache notices a change
// in any of them.
func TestFloors(t *testing.T) {
	err := filepath.WalkDir(".", func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && (e.Name() == "testdata" || strings.HasPrefix(e.Name(), ".") && file != ".") {
			return filepath.SkipDir
		}
		if e.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(file))
		at := floorOf(pkg)
		if at < 0 {
			t.Errorf("%s: package %s has no place in the plan", file, pkg)
			return nil
		}
		for _, spec := range f.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			switch in, ok := inModule(imp); {
			case !ok && at < edge && slices.Contains(outside, imp):
				t.Errorf("%s imports %q: ask for it through an interface that edge implements", file, imp)
			case ok && floorOf(in) >= at && !slices.Contains(beside[pkg], in):
				t.Errorf("%s imports %q, which is not below %s", file, in, pkg)
			}
		}
		if at < edge {
			ast.Inspect(f, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(wallClock, sel.Sel.Name) {
					t.Errorf("%s: time.%s: take a rem.Clock instead", fset.Position(n.Pos()), sel.Sel.Name)
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func inModule(imp string) (pkg string, ok bool) {
	if imp == module {
		return ".", true
	}
	return strings.CutPrefix(imp, module+"/")
}

func floorOf(pkg string) int {
	return slices.IndexFunc(floors, func(floor []string) bool {
		return slices.ContainsFunc(floor, func(pattern string) bool {
			ok, _ := path.Match(pattern, pkg)
			return ok
		})
	})
}
