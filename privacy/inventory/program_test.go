package inventory_test

import (
	"bufio"
	"bytes"
	"go/ast"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/apistore"
	"rem/edge/config"
	"rem/edge/keystore"
	"rem/edge/ldapd"
	"rem/edge/mailstore"
	"rem/edge/personstore"
	"rem/edge/sqlstore"
	"rem/internal/testkit"
	"rem/internal/testkit/broken"
	"rem/internal/testkit/ledgertest"
	"rem/internal/testkit/vaulttest"
	"rem/message"
	"rem/privacy"
	"rem/privacy/inventory"
)

// same fails for what is there without an entry, and for an entry without its
// thing.
func same(t *testing.T, k privacy.Kind, f found) {
	t.Helper()
	r := inventory.Today()
	for _, fault := range f.faults {
		t.Error(fault)
	}
	if err := r.Unregistered(k, f.names); err != nil {
		t.Error(err)
	}
	if err := r.Vanished(k, f.names); err != nil {
		t.Error(err)
	}
}

// S05, S16, S18, S27, P-01, REQ-105.
func TestTheInventoryIsWhole(t *testing.T) {
	if err := inventory.Today().Check(); err != nil {
		t.Error(err)
	}
}

// REQ-105: every column of the database is listed, and nothing else.
func TestEveryColumnIsClassified(t *testing.T) {
	s, err := sqlstore.Open(t.Context(), sqlstore.Options{Dir: t.TempDir(), MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	columns, err := s.Columns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	keys, err := keystore.OpenData(t.Context(), filepath.Join(t.TempDir(), "datakeys.sqlite"), broken.NewFS(), keystore.DataOptions{MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	more, err := keys.Columns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Close(); err != nil {
		t.Fatal(err)
	}
	columns = append(columns, more...)
	persons, err := personstore.Open(t.Context(), filepath.Join(t.TempDir(), "persons.sqlite"), personstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if more, err = persons.Columns(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := persons.Close(); err != nil {
		t.Fatal(err)
	}
	columns = append(columns, more...)
	programs, err := apistore.Open(t.Context(), filepath.Join(t.TempDir(), "api.sqlite"), apistore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if more, err = programs.Columns(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := programs.Close(); err != nil {
		t.Fatal(err)
	}
	columns = append(columns, more...)
	vault := vaulttest.New(t, inventory.Today())
	folders, err := privacy.NewBlindIndexer(t.Context(), vault.Keys, mailstore.FolderIndex)
	if err != nil {
		t.Fatal(err)
	}
	boxes, err := mailstore.Open(t.Context(), mailstore.Config{Path: filepath.Join(t.TempDir(), "mailbox.db"), Files: broken.NewFS(), Vault: vault.Vault, Names: folders, Clock: vault.Clock})
	if err != nil {
		t.Fatal(err)
	}
	if more, err = boxes.Columns(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := boxes.Close(); err != nil {
		t.Fatal(err)
	}
	columns = append(columns, more...)
	same(t, privacy.Column, found{names: columns})
	if err := inventory.Check(columns); err != nil {
		t.Error(err)
	}
	if err := inventory.Check(append(columns, "account.religion")); err == nil {
		t.Error("a stray column was taken")
	}
}

// persisted are the structs that the journal keeps: steps, accounts, and the
// bodies of the stages' intentions; and what stands in the access log and in the
// list of destroyed keys.
var persisted = []typeName{
	{"message", "Step"}, {"message", "Intention"}, {"person/account", "Account"}, {"edge/sqlstore", "accountOp"},
	{"message/submission", "storedIntention"}, {"message/relay", "takeover"}, {"message/relay", "storedSettlement"}, {"message/evidence", "Draft"},
	{"privacy", "AccessEntry"}, {"privacy", "Destruction"}, {"person/application", "StepData"}, {"person/application", "Intention"},
	{"provider/directory", "Version"}, {"provider/directory", "Listing"}, {"provider/directory", "Lookup"}, {"provider/directory", "Transaction"}, {"provider/directory", "Outgoing"}, {"provider/directory", "Sent"},
	{"privacy/notice", "Publication"}, {"provider/publication", "Publication"}, {"privacy/notice", "Delivery"}, {"privacy/consent", "Entry"}, {"provider/staff", "Entry"}, {"provider/partner", "StepData"}, {"provider/partner", "Institution"},
	{"person/enrolment", "Link"}, {"person/enrolment", "Proofs"}, {"person/enrolment", "Appointment"}, {"person/enrolment", "Profile"}, {"person/enrolment", "Paper"}, {"person/enrolment", "batch"},
	{"person/login", "Person"}, {"person/login", "Name"}, {"person/login", "Passkey"}, {"person/login", "Session"}, {"person/login", "Attempt"}, {"person/login", "Device"},
	{"person/login", "Event"}, {"person/login", "Notice"}, {"person/login", "Grant"}, {"person/login", "Failure"}, {"person/login", "Spent"},
	{"person/token", "Key"}, {"person/token", "Access"}, {"edge/mailstore", "sealedFields"}, {"message/bulk", "sealedFields"},
}

func TestEveryFieldOfARecordIsClassified(t *testing.T) {
	same(t, privacy.Field, readTree(t).fields(persisted...))
}

// The journal's writer takes nothing but structs that were looked at.
func TestTheJournalWritesOnlyKnownRecords(t *testing.T) {
	code := readTree(t)
	known := code.fields(persisted...).names
	code.each(func(file, function string, n ast.Node) {
		f, ok := n.(*ast.FuncDecl)
		if !ok || path.Dir(file) != "edge/sqlstore" || f.Recv == nil && !strings.HasPrefix(f.Name.Name, "encode") {
			return
		}
		if f.Recv != nil {
			star, ok := f.Recv.List[0].Type.(*ast.StarExpr)
			if !ok || lastName(star.X) != "writer" {
				return
			}
		}
		for _, p := range f.Type.Params.List {
			e := p.Type
			switch held := e.(type) {
			case *ast.StarExpr:
				e = held.X
			case *ast.ArrayType:
				e = held.Elt
			}
			pkg, name := selected(e)
			if pkg == "" || pkg == "time" || pkg == "rem" && (name == "Digest" || name == "Address") {
				continue
			}
			if !slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, pkg+"."+name+".") }) {
				t.Errorf("%s, %s writes %s.%s, whose fields nobody classified", file, function, pkg, name)
			}
		}
	})
}

func TestEveryKindOfJournalRecordIsClassified(t *testing.T) {
	code := readTree(t)
	f := code.constants("edge/sqlstore/codec.go", "kind")
	for file, journal := range map[string]string{"edge/accesslog/record.go": "access log ", "edge/keystore/destroyed.go": "destroyed keys "} {
		kinds := code.constants(file, "kind")
		for _, name := range kinds.names {
			f.add(journal + name)
		}
		f.faults = append(f.faults, kinds.faults...)
	}
	same(t, privacy.Blob, f)
}

func TestEverySettingIsClassified(t *testing.T) {
	var f found
	var walk func(prefix string, of reflect.Type)
	walk = func(prefix string, of reflect.Type) {
		for i := range of.NumField() {
			field := of.Field(i)
			name, inner := prefix+field.Tag.Get("yaml"), field.Type
			if inner.Kind() == reflect.Slice {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				walk(name+".", inner)
				continue
			}
			f.add(name)
		}
	}
	walk("", reflect.TypeFor[config.Config]())
	same(t, privacy.Setting, f)
}

// P-27, AT-34: no key of a log line is there that nobody looked at.
func TestEveryLogKeyIsClassified(t *testing.T) {
	same(t, privacy.LogKey, readTree(t).logKeys())
}

// AT-38: so are metrics and their labels; none of them is personal.
func TestEveryMetricIsClassifiedAndPointsAtNobody(t *testing.T) {
	names, labels := readTree(t).metrics()
	same(t, privacy.Metric, names)
	same(t, privacy.Label, labels)
	for _, h := range inventory.Today().Holdings {
		if (h.Kind == privacy.Metric || h.Kind == privacy.Label) && h.Personal() {
			t.Errorf("%s %s is personal", h.Kind, h.Name)
		}
	}
}

// controlNames finds what the control socket takes and gives.
func (code tree) controlNames() found {
	f := code.jsonFields("edge/control")
	for _, field := range code.fields(typeName{"message", "Task"}).names {
		f.add(strings.TrimPrefix(field, "message."))
	}
	variable := regexp.MustCompile(`\{[a-z]+\}`)
	code.each(func(file, function string, n ast.Node) {
		if path.Dir(file) != "edge/control" {
			return
		}
		if s, ok := n.(*ast.BasicLit); ok {
			if text, ok := literal(s); ok && strings.Contains(text, " /") {
				for _, v := range variable.FindAllString(text, -1) {
					f.add(v)
				}
			}
		}
		if v, ok := n.(*ast.ValueSpec); ok && strings.HasSuffix(v.Names[0].Name, "Header") {
			s, _ := literal(v.Values[0])
			f.add(s)
		}
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return
		}
		if sel.Sel.Name == "BasicAuth" {
			f.add("Authorization")
		}
		if query, ok := sel.X.(*ast.CallExpr); ok && sel.Sel.Name == "Get" {
			if asked, ok := query.Fun.(*ast.SelectorExpr); ok && asked.Sel.Name == "Query" {
				s, ok := literal(call.Args[0])
				if !ok {
					f.fault("%s, %s: a parameter is not written out", file, function)
				}
				f.add("?" + s)
			}
		}
	})
	return f
}

func TestEveryFieldOnTheControlSocketIsClassified(t *testing.T) {
	f := readTree(t).controlNames()
	// Whole contents have a type and no fields.
	for _, name := range inventory.Today().Names(privacy.ControlField) {
		if strings.HasSuffix(name, "(message/rfc822)") || strings.HasSuffix(name, "(application/xml)") {
			f.add(name)
		}
	}
	same(t, privacy.ControlField, f)
}

// AT-11: the data folder holds files of known names only. What a whole provider
// puts there beside the ledger is written out in docs/operations.
func TestEveryFileNameIsClassified(t *testing.T) {
	dir := t.TempDir()
	s, err := sqlstore.Open(t.Context(), sqlstore.Options{Dir: dir, MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	large := message.InMemory(bytes.Repeat([]byte("büyük\r\n"), 1<<18))
	if _, err := s.Intend(t.Context(), message.Intention{Key: "submission/x", Stage: message.SubmissionStage, At: ledgertest.At, Content: large}); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), ledgertest.Submission(0, 1)); err != nil {
		t.Fatal(err)
	}
	patterns, seen := inventory.Today().Names(privacy.File), 0
	err = filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		seen++
		if !slices.ContainsFunc(patterns, func(p string) bool { ok, _ := path.Match(p, filepath.ToSlash(name)); return ok }) {
			t.Errorf("nobody classified the file %s", name)
		}
		return nil
	})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err != nil || seen < 5 {
		t.Errorf("%d files were seen: %v", seen, err)
	}
}

// RFC 3161 2.4.1: a time-stamp request holds a digest and nothing more.
func TestATimeStampRequestIsClassified(t *testing.T) {
	f := readTree(t).fields(typeName{"trust/tsp", "Request"})
	for _, name := range inventory.Today().Names(privacy.Outgoing) {
		if !strings.HasPrefix(name, "tsp.") {
			f.add(name) // fixed by RFC 6960 and clamd's protocol; the doors are watched
		}
	}
	same(t, privacy.Outgoing, f)
}

// elements finds the elements that evidence is written with.
func (code tree) elements() (f found) {
	open, word := regexp.MustCompile(`<(?:[a-z]+:)?([A-Z][A-Za-z0-9]+)`), regexp.MustCompile(`^[A-Z][A-Za-z0-9]+$`)
	code.each(func(file, function string, n ast.Node) {
		if file != "message/evidence/write.go" {
			return
		}
		if s, ok := n.(*ast.BasicLit); ok {
			text, ok := literal(s)
			if !ok {
				return
			}
			for _, m := range open.FindAllStringSubmatch(text, -1) {
				f.add(m[1])
			}
			if word.MatchString(text) {
				f.add(text)
			}
		}
	})
	return f
}

// Evidence and envelopes go to other providers: each element that is written,
// and each header field of the frozen samples and of the format's page.
func TestEverythingThatOthersAreGivenIsClassified(t *testing.T) {
	var f found
	for _, name := range readTree(t).elements().names {
		f.add("evidence " + name)
	}
	for _, sample := range []string{"dispatch.eml", "message.eml"} {
		raw, err := os.ReadFile(filepath.Join(moduleRoot, "message/envelope/testdata/v1", sample))
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
		for line := range bytes.SplitSeq(head, []byte("\r\n")) {
			if name, _, ok := bytes.Cut(line, []byte(":")); ok && line[0] != ' ' {
				f.add("header " + string(name))
			}
		}
	}
	page, err := os.Open(filepath.Join(moduleRoot, "docs/formats/envelope.md"))
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	inTable := false
	for lines := bufio.NewScanner(page); lines.Scan(); {
		inTable = strings.HasPrefix(lines.Text(), "| field | value |") || inTable && strings.HasPrefix(lines.Text(), "|")
		if cells := strings.Split(lines.Text(), "|"); inTable && len(cells) > 2 && cells[1] != " field " && cells[1] != " --- " {
			for name := range strings.SplitSeq(cells[1], ",") {
				f.add("header " + strings.TrimSpace(name))
			}
		}
	}
	for _, name := range inventory.Today().Names(privacy.Wire) {
		if strings.HasPrefix(name, "smtp ") {
			f.add(name) // RFC 5321; the doors are watched
		}
	}
	for _, name := range ldapd.Attributes() {
		f.add("ldap " + name)
	}
	same(t, privacy.Wire, f)
}

// S18: what the notice allows to be collected is either collected, for a
// purpose, or nowhere.
func TestWhatTheNoticeListsIsCollectedOrNot(t *testing.T) {
	r := inventory.Today()
	for _, k := range r.Collected {
		var of []privacy.DatumID
		for _, d := range r.Data {
			if d.Collected == k.ID {
				of = append(of, d.ID)
			}
		}
		if k.Yes != (len(of) > 0) {
			t.Errorf("%s: collected %t, held as %v", k.ID, k.Yes, of)
		}
	}
	// S16: an address and a network address are personal data.
	for _, h := range r.HoldingsOf("network-address") {
		if h.Form == privacy.Plain {
			t.Errorf("%s %s holds a network address in plain", h.Kind, h.Name)
		}
	}
	if len(r.Collected) != 8 {
		t.Errorf("the notice lists eight kinds, the register %d", len(r.Collected))
	}
}

// The inventory claims a field to be sealed when it is one, and only then; each
// has a purpose class, so that a vault opens over the inventory (P-03, P-12).
func TestWhatLiesInPlainIsSaidSo(t *testing.T) {
	sealed := readTree(t).sealedFields(persisted...)
	if _, err := privacy.NewVault(privacy.VaultConfig{Register: inventory.Today(), Keys: vaulttest.NewKeys(), Data: vaulttest.NewData(), Log: &vaulttest.Log{}, Clock: testkit.NewClock(time.Time{})}); err != nil {
		t.Error(err)
	}
	plain := 0
	for _, h := range inventory.Today().Holdings {
		if is := slices.Contains(sealed, h.Name); is != (h.Form == privacy.Sealed) {
			t.Errorf("%s %s: its type says sealed %t, the inventory says %s", h.Kind, h.Name, is, h.Form)
		}
		if h.Personal() && h.Place == privacy.DataFolder && h.Form == privacy.Plain {
			plain++
		}
	}
	if plain == 0 {
		t.Error("nothing is said to lie in plain")
	}
	if !strings.Contains(rem.FoldASCII(privacy.Forms()[0].Name.English), "not sealed yet") {
		t.Error("plain is not called so")
	}
}
