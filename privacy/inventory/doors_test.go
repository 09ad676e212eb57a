package inventory_test

import (
	"fmt"
	"go/ast"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rem/privacy"
	"rem/privacy/inventory"
)

// doors are the calls by which values leave the program or are written down,
// with what the inventory lists them as. A call that is not here may write
// something that nobody classified.
var doors = map[string]string{
	"edge/blobstore/disk.go Disk os.MkdirAll":                   "file names; records",
	"edge/clamd/clamd.go dial net.Dialer":                       "outgoing: clamd stream",
	"edge/control/client.go Dial net.Dialer":                    "control fields",
	"edge/control/client.go do http.NewRequestWithContext":      "control fields",
	"edge/control/client.go do json.Marshal":                    "control fields",
	"edge/control/server.go open net.Dial":                      "asks whether a socket that is there answers",
	"edge/control/server.go open net.Listen":                    "file names: control.sock",
	"edge/control/server.go open os.MkdirTemp":                  "file names: .c*/s",
	"edge/control/server.go open os.Rename":                     "file names: control.sock",
	"edge/control/server.go answer json.NewEncoder":             "control fields",
	"edge/control/server.go audit json.NewEncoder":              "control fields",
	"edge/idproof/chip.go Finish json.Marshal":                  "evidence of identification, without the picture",
	"edge/outward/client.go Ask json.Marshal":                   "outgoing: idproof, notify",
	"edge/outward/client.go once http.NewRequestWithContext":    "outgoing: idproof, notify",
	"edge/outward/guard.go NewGuard net.Dialer":                 "outgoing: hosts of the residency list",
	"edge/outward/guard.go NewGuard net.Resolver":               "outgoing: name look-up of hosts",
	"edge/passkey/passkey.go Create json.Marshal":               "options of a ceremony, to the browser of whom it is about",
	"edge/passkey/passkey.go Get json.Marshal":                  "options of a ceremony, which name nobody",
	"edge/mailstore/drafts.go SaveDraft json.Marshal":           "columns: box_draft.head, sealed whole",
	"edge/mailstore/items.go list json.Marshal":                 "nowhere: identifiers for a query on our own file",
	"edge/mailstore/keepsakes.go Keep json.Marshal":             "columns: box_keepsake.content, sealed whole",
	"edge/personstore/directory.go ByWords json.Marshal":        "nowhere: words for a query on our own file",
	"edge/revocation/source.go OCSP http.NewRequestWithContext": "outgoing: OCSP",
	"edge/revocation/source.go CRL http.NewRequestWithContext":  "outgoing: CRL address",
	"edge/smtpout/config.go New net.Dialer":                     "wire: smtp",
	"edge/sqlitefile/file.go Open os.OpenFile":                  "an empty file; what it gets is columns",
	"edge/trustlistfile/state.go writeState os.CreateTemp":      "file names: trustlist.sequence",
	"edge/trustlistfile/state.go writeState os.Rename":          "file names: trustlist.sequence",
	"edge/tsa/client.go NewClient net.Dialer":                   "outgoing: tsp.Request",
	"edge/tsa/client.go post http.NewRequestWithContext":        "outgoing: tsp.Request",
	"internal/node/health.go operations net.Listen":             "metrics",
	"internal/node/node.go Open os.MkdirAll":                    "file names",
	"internal/node/policies.go keepPolicy os.CreateTemp":        "the provider's own policies",
	"internal/node/policies.go keepPolicy os.MkdirAll":          "the provider's own policies",
	"internal/node/policies.go keepPolicy os.Rename":            "the provider's own policies",
	"internal/node/directory.go ldapServers net.Listen":         "wire: the directory's answers",
	"internal/node/imap.go imapServer net.Listen":               "wire: a mailbox, to who logged in to it",
	"edge/api/api.go write json.NewEncoder":                     "wire: the directory's answers, and problems",
	"edge/apistore/bulk.go set json.Marshal":                    "nowhere: codes for a query on our own file",
	"edge/hook/deliver.go send json.Marshal":                    "outgoing: events, by identifiers alone",
	"edge/hook/deliver.go send http.NewRequestWithContext":      "outgoing: events, to an address of the account's own people",
	"edge/api/submissions.go once json.Marshal":                 "columns: answer.body",
	"edge/signing/pages.go forScript json.Marshal":              "the page of whoever signs: what is signed, as it stands beside it",
	"edge/signing/pages.go upload os.CreateTemp":                "a file without a name, gone with the answer",
	"edge/telephone/http.go tell json.NewEncoder":               "a simulated operator's answer: a certificate and a signature of nobody",
	"edge/signing/programs.go write json.NewEncoder":            "wire: what is to be signed, to the program of whoever signs",
	"edge/web/answer.go send json.Marshal":                      "a page's answer to its own script",
	"message/export/write.go marshal json.MarshalIndent":        "an archive that the holder asked for",
	"edge/webmail/compose_script.go composeScript json.Marshal": "the page of whoever writes: his contacts and the state of his draft",
	"internal/node/node.go doors net.Listen":                    "wire: smtp",
	"internal/node/node.go lock os.OpenFile":                    "file names: lock",
	"person/enrolment/applicants.go Save json.Marshal":          "record fields: application.StepData.Typed, sealed whole",
	"message/relay/in.go marshal json.Marshal":                  "record fields: relay.takeover",
	"message/relay/settle.go settle json.Marshal":               "record fields: relay.storedSettlement",
	"message/submission/intention.go marshal json.Marshal":      "record fields: submission.storedIntention",
	"privacy/inventory/dpv.go writeDPV json.NewEncoder":         "the inventory itself",
	"cmd/remctl/audit.go report json.NewEncoder":                "an answer to the operator who asked",
	"cmd/remctl/bulk.go get http.NewRequestWithContext":         "a question of the holder's own, by a token",
	"cmd/remctl/evidence.go Run os.MkdirAll":                    "a file that the operator asked for",
	"cmd/remctl/output.go keep os.OpenFile":                     "a file that the operator asked for",
	"cmd/remctl/output.go show json.NewEncoder":                 "an answer to the operator who asked",
	"cmd/remctl/submission.go submit net.Dialer":                "a message that the operator submits",
	"cmd/remctl/main.go main os.Stdout":                         "an answer to the operator who asked",
	"cmd/remctl/main.go main os.Stderr":                         "an answer to the operator who asked",
	"cmd/remd/main.go run os.Stderr":                            "what keeps the provider from starting",
	"cmd/remd/main.go logger os.Stderr":                         "log keys",
	"cmd/remsign/main.go main os.Stdout":                        "an answer to whoever signs, on his own computer",
	"cmd/remsign/main.go main os.Stderr":                        "an answer to whoever signs, on his own computer",
	"cmd/remsign/pairing.go save os.MkdirAll":                   "pairings with browsers, on the computer of whoever signs",
	"cmd/remsign/pairing.go save json.MarshalIndent":            "pairings with browsers, on the computer of whoever signs",
	"cmd/remsign/pairing.go save os.CreateTemp":                 "pairings with browsers, on the computer of whoever signs",
	"cmd/remsign/pairing.go save os.Rename":                     "pairings with browsers, on the computer of whoever signs",
	"cmd/remsign/pull.go do http.NewRequestWithContext":         "certificate and signatures of whoever signs, to his provider",
	"cmd/remsign/pull.go ask json.Marshal":                      "certificate and signatures of whoever signs, to his provider",
	"cmd/remsign/pull.go inspect os.WriteFile":                  "a message, where whoever signs asked to read it",
	"cmd/remsign/serve.go listen net.Listen":                    "a loopback address of the computer of whoever signs",
	"cmd/remsign/serve.go send json.Marshal":                    "certificates and signatures, to the page of whoever signs",
	"cmd/remverify/export.go message json.Marshal":              "an answer about files of whoever asks",
	"cmd/remverify/export.go end json.Marshal":                  "an answer about files of whoever asks",
	"cmd/remverify/main.go main os.Stdout":                      "an answer about files of whoever asks",
	"cmd/remverify/main.go main os.Stderr":                      "an answer about files of whoever asks",
	"cmd/remverify/main.go run json.NewEncoder":                 "an answer about files of whoever asks",
}

var doorCalls = map[string]*regexp.Regexp{
	"os":   regexp.MustCompile(`^(Create|CreateTemp|OpenFile|WriteFile|Mkdir|MkdirAll|MkdirTemp|Rename|Link|Symlink|Stdout|Stderr)$`),
	"json": regexp.MustCompile(`^(Marshal|MarshalIndent|NewEncoder|MarshalWrite)$`),
	"xml":  regexp.MustCompile(`^(Marshal|MarshalIndent|NewEncoder)$`),
	"gob":  regexp.MustCompile(`^NewEncoder$`),
	"net":  regexp.MustCompile(`^(Dial\w*|Dialer|Lookup\w*|Listen|Listen(TCP|UDP|Unix|Unixgram|IP|Packet|Config|MulticastUDP)|Resolver)$`),
	"tls":  regexp.MustCompile(`^(Dial\w*|Dialer)$`),
	"http": regexp.MustCompile(`^(NewRequest\w*|Get|Head|Post|PostForm)$`),
	"smtp": regexp.MustCompile(`^(SendMail|Dial)$`),
	"exec": regexp.MustCompile(`^Command\w*$`),
}

// worlds are programs and files that work on made-up people, and none of a
// provider's; examples are for those who write programs of their own.
var worlds = regexp.MustCompile(`^(cmd/remload/|cmd/rempeer/|cmd/remd/demo|internal/setup/|edge/simulator/|examples/)`)

func (code tree) doors() (f found) {
	code.each(func(file, function string, n ast.Node) {
		pkg, name := "", ""
		if e, ok := n.(ast.Expr); ok {
			pkg, name = selected(e)
		}
		if calls := doorCalls[pkg]; calls != nil && calls.MatchString(name) && !worlds.MatchString(file) {
			f.add(fmt.Sprintf("%s %s %s.%s", file, function, pkg, name))
		}
	})
	return f
}

// cookies finds whatever could set one.
func (code tree) cookies() (f found) {
	code.each(func(file, function string, n ast.Node) {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			pkg, _ := selected(n) // privacy.Cookie is the inventory's word
			if n.Sel.Name == "SetCookie" || n.Sel.Name == "Cookie" && pkg != "privacy" {
				f.add(file + " " + function)
			}
		case *ast.BasicLit:
			// What mail/html takes for a sign of a hostile page sets none.
			if s, ok := literal(n); ok && file != "mail/html/attributes.go" && strings.Contains(strings.ToLower(s), "set-cookie") {
				f.add(file + " " + function)
			}
		}
	})
	return f
}

// P-01, S08: whoever opens another door has to say here what goes through it.
func TestNothingLeavesByADoorThatIsNotListed(t *testing.T) {
	there := readTree(t).doors().names
	for _, door := range there {
		if doors[door] == "" {
			t.Errorf("%s: classify what goes through it, and list it here", door)
		}
	}
	for _, door := range slices.Sorted(maps.Keys(doors)) {
		if !slices.Contains(there, door) {
			t.Errorf("%s: it is listed and not there", door)
		}
	}
}

// S31, P-08: cookies are set in one place, which knows their names; the inventory
// has the same ones.
func TestCookiesAreThoseOfTheInventory(t *testing.T) {
	code := readTree(t)
	for _, place := range code.cookies().names {
		if !strings.HasPrefix(place, "edge/web/cookie.go ") && !strings.HasPrefix(place, "edge/web/request.go ") {
			t.Errorf("%s sets a cookie: only the frame does, and it has two", place)
		}
	}
	var names found
	for _, constant := range []string{"sessionCookie", "deviceCookie"} {
		for _, quoted := range code.constants("edge/web/cookie.go", constant).names {
			names.add(strings.Trim(quoted, `"`))
		}
	}
	same(t, privacy.Cookie, names)
}

// Each variable of a route, and each name that a page asks for behind the question
// mark, is looked at: what is about somebody is there as a pseudonym, or not.
func TestWhatStandsInAddressesOfPagesIsClassified(t *testing.T) {
	same(t, privacy.PageAddress, readTree(t).addresses())
	for _, h := range inventory.Today().Holdings {
		if h.Kind == privacy.PageAddress && h.Personal() && h.Form != privacy.Pseudonym {
			t.Errorf("%s is personal and stands in an address in clear", h.Name)
		}
	}
}

var variable = regexp.MustCompile(`\{[a-zA-Z]+\}`)

// addresses finds them in every package that imports the frame, and in the frame.
func (code tree) addresses() (f found) {
	code.each(func(file, function string, n ast.Node) {
		frame := func(i *ast.ImportSpec) bool { return i.Path.Value == `"rem/edge/web"` }
		if !strings.HasPrefix(file, "edge/web/") && !slices.ContainsFunc(code[file].Imports, frame) {
			return
		}
		switch n := n.(type) {
		case *ast.BasicLit:
			// A route's pattern is written where the route is, or given to what makes it.
			if s, ok := literal(n); ok && strings.HasPrefix(s, "/") {
				for _, v := range variable.FindAllString(s, -1) {
					f.add(v)
				}
			}
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Query" && len(n.Args) == 1 {
				if s, ok := literal(n.Args[0]); ok {
					f.add("?" + s)
				} else {
					f.fault("%s, %s: a name in an address is not written out", file, function)
				}
			}
		}
	})
	return f
}
