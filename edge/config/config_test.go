package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rem/provider"
)

// least is the shortest configuration that production takes.
const least = `mode: production
data: data
provider:
  domain: hs90.kep.test
  nameTR: Sağlayıcı
  nameEN: Provider
operation: {certificate: op.crt.pem, key: op.key.pem}
submissionTLS: {certificate: tls.crt.pem, key: tls.key.pem}
relayTLS: {certificate: /etc/rem/tls.crt.pem, key: tls.key.pem}
timestamp:
  - url: http://tsa.example/
    certificates: tsa.crt.pem
trustList: {file: list.xml, signers: list.crt.pem}
anchors: {operation: a.pem, timestamp: b.pem, personal: c.pem}
revocation: {require: true}
scanner: {clamd: "unix:/run/clamd.sock"}
keys: {passphrase: keys.secret}
`

// file puts a configuration into a folder of its own.
func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "remd.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func read(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Read(file(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnAbsentFieldHasADefaultThatWorks(t *testing.T) {
	c := read(t, least)
	if diff := cmp.Diff(provider.DefaultPractice(), c.PracticeSettings()); diff != "" {
		t.Errorf("the practice differs from its defaults (-want +got):\n%s", diff)
	}
	if want := (Limits{Connections: 512, PerAddress: 64, Workers: 32}); c.Limits != want {
		t.Errorf("got %+v, want %+v", c.Limits, want)
	}
	if c.TrustList.Every != 10*time.Second || c.Log != "info" || c.Provider.Service != "rem-service@hs90.kep.test" {
		t.Errorf("got %v, %s, %s", c.TrustList.Every, c.Log, c.Provider.Service)
	}
	if c.Listen != (Listen{}) {
		t.Errorf("doors are open that nobody asked for: %+v", c.Listen)
	}
	r, err := c.REMMD()
	if err != nil {
		t.Fatal(err)
	}
	if r.Domain != "hs90.kep.test" || r.HSCode() != "hs90" || r.Name.Turkish != "Sağlayıcı" || r.Service.Local() != "rem-service" {
		t.Errorf("got %+v", r)
	}
}

func TestTheModeIsProductionWhenNothingIsSaid(t *testing.T) {
	if c := read(t, strings.Replace(least, "mode: production\n", "", 1)); c.Mode != Production {
		t.Errorf("got %q", c.Mode)
	}
}

func TestRelativePathsAreRelativeToTheFile(t *testing.T) {
	name := file(t, least)
	c, err := Read(name)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(name)
	for what, got := range map[string]string{
		"data": c.Data, "op.crt.pem": c.Operation.Certificate, "op.key.pem": c.Operation.Key, "tls.crt.pem": c.SubmissionTLS.Certificate,
		"tls.key.pem": c.RelayTLS.Key, "tsa.crt.pem": c.Timestamp[0].Certificates, "list.xml": c.TrustList.File, "list.crt.pem": c.TrustList.Signers,
		"a.pem": c.Anchors.Operation, "b.pem": c.Anchors.Timestamp, "c.pem": c.Anchors.Personal,
	} {
		if want := filepath.Join(dir, what); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if c.RelayTLS.Certificate != "/etc/rem/tls.crt.pem" {
		t.Errorf("an absolute path became %s", c.RelayTLS.Certificate)
	}
}

func TestPeriodsAreWrittenAsDurations(t *testing.T) {
	c := read(t, least+"practice:\n  relayPeriod: 36h\n  firstRetry: 1m30s\n  deemedRead: 24h\n")
	if c.Practice.RelayPeriod != 36*time.Hour || c.Practice.FirstRetry != 90*time.Second || c.Practice.DeemedRead != 24*time.Hour {
		t.Errorf("got %+v", c.Practice)
	}
	if got := c.PracticeSettings().AnswerPeriod; got != 24*time.Hour {
		t.Errorf("a period that is not written is %v", got)
	}
}

func TestWhatCannotBeReadIsAnErrorWithItsLine(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a field that does not exist", least + "colour: red\n", "[18:1]"},
		{"a field in another's place", strings.Replace(least, "  domain:", "  domian:", 1), "[4:3]"},
		{"a field in a list", least[:strings.Index(least, "trustList")] + "    polcy: 1.2.3\n" + least[strings.Index(least, "trustList"):], "[13:5]"},
		{"a field twice", least + "mode: test\n", "[18:1]"},
		{"a word for a period", least + "practice:\n  relayPeriod: soon\n", `"soon"`},
		{"a word for a number", least + "limits:\n  workers: many\n", "[19:12]"},
		{"a list for a text", least + "log: [info]\n", "[18:6]"},
		{"no YAML", "mode: [production\n", "[1:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read(file(t, c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want line %s", err, c.want)
			}
		})
	}
}

func TestAFileThatIsNotThereIsNamed(t *testing.T) {
	if _, err := Read("/nowhere/remd.yaml"); err == nil || !strings.Contains(err.Error(), "/nowhere/remd.yaml") {
		t.Errorf("got %v", err)
	}
	if _, err := Read(file(t, "")); err == nil || !strings.Contains(err.Error(), "provider") {
		t.Errorf("an empty file: %v", err)
	}
}

// A second document would be configuration that nobody reads.
func TestASecondDocumentIsRefused(t *testing.T) {
	if _, err := Read(file(t, least+"---\nmode: test\n")); err == nil {
		t.Error("it was left unread")
	}
}

func TestEveryFaultSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(c *Config)
		want   string
	}{
		{"unknown mode", func(c *Config) { c.Mode = "debug" }, `mode is "debug"; write production or test`},
		{"service elsewhere", func(c *Config) { c.Provider.Service = "rem-service@hs91.kep.test" }, "provider.service must be in it"},
		{"service is none", func(c *Config) { c.Provider.Service = "post@example.com" }, "provider.service: not an address"},
		{"a company's domain", func(c *Config) { c.Provider.Domain = "x.hs90.kep.test"; c.Provider.Service = "s@x.hs90.kep.test" }, "provider.domain"},
		{"no Turkish name", func(c *Config) { c.Provider.NameTR = "" }, "provider.nameTR"},
		{"no English name", func(c *Config) { c.Provider.NameEN = "" }, "provider.nameEN"},
		{"no operation key", func(c *Config) { c.Operation.Key = "" }, "operation: give certificate and key"},
		{"no certificate for users", func(c *Config) { c.SubmissionTLS.Certificate = "" }, "submissionTLS: give"},
		{"no certificate for peers", func(c *Config) { c.RelayTLS = KeyPair{} }, "relayTLS: give"},
		{"no authority", func(c *Config) { c.Timestamp = nil }, "timestamp: give at least one"},
		{"an authority without its certificates", func(c *Config) { c.Timestamp[0].Certificates = "" }, "timestamp[0]: give url and certificates"},
		{"an authority without its address", func(c *Config) { c.Timestamp[0].URL = "" }, "timestamp[0]: give url and certificates"},
		{"an authority at no address", func(c *Config) { c.Timestamp[0].URL = "tsa.example" }, "timestamp[0].url"},
		{"an authority by another protocol", func(c *Config) { c.Timestamp[0].URL = "file:///etc/passwd" }, "timestamp[0].url"},
		{"a simulated authority", func(c *Config) { c.Timestamp[0].Simulator = true }, "timestamp[0] is a simulator"},
		{"no list", func(c *Config) { c.TrustList.File = "" }, "trustList: give file and signers"},
		{"no signer of the list", func(c *Config) { c.TrustList.Signers = "" }, "trustList: give file and signers"},
		{"a list that is never read again", func(c *Config) { c.TrustList.Every = 0 }, "trustList.every"},
		{"no anchor", func(c *Config) { c.Anchors.Personal = "" }, "anchors: give operation, timestamp and personal"},
		{"no scanner and no word of it", func(c *Config) { c.Scanner.Clamd = "" }, "scanner: give clamd"},
		{"a scanner at no address", func(c *Config) { c.Scanner.Clamd = "clamd" }, "scanner.clamd"},
		{"a scanner somewhere in the file system", func(c *Config) { c.Scanner.Clamd = "unix:run/clamd.sock" }, "scanner.clamd"},
		{"a scanner and none", func(c *Config) { c.Scanner.None = true }, "scanner: give clamd"},
		{"production without a scanner", func(c *Config) { c.Scanner = Scanner{None: true} }, "scanner.none"},
		{"production without revocation", func(c *Config) { c.Revocation.Require = false }, "revocation.require must be true"},
		{"operations for everybody", func(c *Config) { c.Listen.Operations = "0.0.0.0:9090" }, "listen.operations"},
		{"operations on every address", func(c *Config) { c.Listen.Operations = ":9090" }, "listen.operations"},
		{"operations without a port", func(c *Config) { c.Listen.Operations = "127.0.0.1" }, "listen.operations"},
		{"a door without a port", func(c *Config) { c.Listen.Relay = "127.0.0.1" }, "listen.relay"},
		{"a door that is no address", func(c *Config) { c.Listen.SubmissionStartTLS = "a:b:c" }, "listen.submissionStartTLS"},
		{"no connections", func(c *Config) { c.Limits.Connections = 0 }, "limits: each must be at least 1"},
		{"nothing per address", func(c *Config) { c.Limits.PerAddress = -1 }, "limits: each"},
		{"no workers", func(c *Config) { c.Limits.Workers = 0 }, "limits: each"},
		{"an unknown level", func(c *Config) { c.Log = "all" }, `log is "all"`},
		{"a period of nothing", func(c *Config) { c.Practice.RetrievalPeriod = 0 }, "practice: retrievalPeriod"},
		{"no policy", func(c *Config) { c.Practice.PolicyIDs = nil }, "practice: policyIDs"},
		{"an unknown rule of signing", func(c *Config) { c.Practice.Signing = "maybe" }, "practice: signing"},
		{"a tiny package", func(c *Config) { c.Practice.MaxPackage = 1000 }, "practice: maxPackage"},
		{"too many recipients", func(c *Config) { c.Practice.MaxRecipients = 1001 }, "practice: maxRecipients"},
		{"deemed read before", func(c *Config) { c.Practice.DeemedRead = -time.Hour }, "practice: deemedRead"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := read(t, least)
			c.change(conf)
			if err := conf.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestAllFaultsAreToldAtOnce(t *testing.T) {
	_, err := Read(file(t, "mode: debug\n"))
	if err == nil {
		t.Fatal("it was taken")
	}
	for _, want := range []string{"mode", "provider.service", "provider.nameTR", "operation:", "submissionTLS", "relayTLS", "timestamp", "trustList", "anchors", "scanner"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing is said of %s: %v", want, err)
		}
	}
}

func TestWhatProductionRefusesATestMayHave(t *testing.T) {
	c := read(t, least)
	c.Mode, c.Timestamp[0].Simulator, c.Scanner, c.Revocation.Require = Test, true, Scanner{None: true}, false
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestOperationsAreForLoopbackAlone(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:9090": true, "localhost:9090": true, "[::1]:9090": true, "127.9.9.9:0": true, "": true,
		"192.0.2.1:9090": false, "[::]:9090": false, "localhost.example:9090": false, "[::ffff:192.0.2.1]:9090": false,
	} {
		c := read(t, least)
		c.Listen.Operations = address
		if err := c.Validate(); (err == nil) != want {
			t.Errorf("%q: %v", address, err)
		}
	}
}
