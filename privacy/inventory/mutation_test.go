package inventory_test

import (
	"slices"
	"strings"
	"testing"

	"rem/privacy"
	"rem/privacy/inventory"
)

// P-01: a stray of each kind, put into the program, is found.
func TestAStrayOfEachKindIsFound(t *testing.T) {
	code := readTree(t)
	r := inventory.Today()
	for name, test := range map[string]struct {
		file, src string
		scan      func(tree) (privacy.Kind, found)
		want      string // in the error, or in a fault of the scan
	}{
		"a log key":                  {"internal/node/stray.go", `package node; func (n *Node) x() { n.Log.Info("x", "phone", 1) }`, logKeyScan, "node:phone"},
		"a key in an attribute":      {"internal/node/stray.go", `package node; func (n *Node) x() { n.Log.LogAttrs(nil, 0, "x", slog.String("phone", "1")) }`, logKeyScan, "node:phone"},
		"a key behind a known one":   {"internal/node/stray.go", `package node; func (n *Node) x() { n.Log.Warn("x", "account", 1, "phone", 2) }`, logKeyScan, "node:phone"},
		"a key of a derived logger":  {"internal/node/stray.go", `package node; func (n *Node) x() { log := n.Log.With("phone", 1); log.Info("x") }`, logKeyScan, "node:phone"},
		"a key of the default":       {"internal/node/stray.go", `package node; func x() { slog.Info("x", "phone", 1) }`, logKeyScan, "node:phone"},
		"a key from another package": {"edge/clamd/stray.go", `package clamd; func x(log *slog.Logger) { log.Info("x", "account", 1) }`, logKeyScan, "clamd:account"},
		"a key that is a variable":   {"internal/node/stray.go", `package node; func (n *Node) x(k string) { n.Log.Info("x", k, 1) }`, logKeyScan, "not written out"},
		"a logger by another name":   {"internal/node/stray.go", `package node; func x(to *slog.Logger) { to.Info("x", "phone", 1) }`, logKeyScan, "another name than log"},
		"a new logger's other name":  {"internal/node/stray.go", `package node; func x() { to := slog.New(nil); to.Info("x", "phone", 1) }`, logKeyScan, "another name than log"},

		"a method for later":   {"internal/node/stray.go", `package node; func (n *Node) x() { say := n.Log.Info; say("x", "phone", 1) }`, logKeyScan, "goes elsewhere"},
		"an attribute by hand": {"internal/node/stray.go", `package node; func (n *Node) x() { n.Log.Info("x", slog.Attr{Key: "phone"}) }`, logKeyScan, "not made by slog"},
		"a record by hand":     {"internal/node/stray.go", `package node; func x() { slog.NewRecord(now, 0, "x", 0) }`, logKeyScan, "slog.NewRecord"},
		"the old log":          {"internal/node/stray.go", `package node; import "log"; func x() { log.Printf("%s", phone) }`, logKeyScan, "lines go through log/slog"},
		"slog by another name": {"internal/node/stray.go", `package node; import l "log/slog"; func x() { l.Info("x", "phone", 1) }`, logKeyScan, "lines go through log/slog"},

		"a metric": {"internal/node/stray.go", `package node; import "github.com/prometheus/client_golang/prometheus"
			var c = prometheus.NewCounter(prometheus.CounterOpts{Name: "rem_holders_total"})`, metricScan, "rem_holders_total"},
		"a metric without an underscore": {"internal/node/stray.go", `package node; import "github.com/prometheus/client_golang/prometheus"
			var c = prometheus.NewCounter(prometheus.CounterOpts{Name: "holders"})`, metricScan, "holders"},
		"a label": {"internal/node/stray.go", `package node; import "github.com/prometheus/client_golang/prometheus"
			var c = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "rem_alarms_total"}, []string{"what", "address"})`, labelScan, "address"},
		"labels from elsewhere": {"internal/node/stray.go", `package node; import "github.com/prometheus/client_golang/prometheus"
			var c = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "rem_alarms_total"}, labels)`, labelScan, "not written out"},

		"a field of a record":        {"message/stray.go", "package message\ntype Party struct { Name, Phone string }", fieldScan, "message.Party.Phone"},
		"a field of an account":      {"person/account/stray.go", "package account\ntype Operator struct { Name string; Birth int }", fieldScan, "account.Operator.Birth"},
		"a struct in an intention":   {"message/submission/stray.go", "package submission\ntype storedIntention struct { Place place }\ntype place struct { Latitude float64 }", fieldScan, "submission.place.Latitude"},
		"an embedded struct":         {"message/stray.go", "package message\ntype Arrival struct { whereabouts }\ntype whereabouts struct { City string }", fieldScan, "message.whereabouts.City"},
		"a kind of journal record":   {"edge/sqlstore/codec.go", `package sqlstore; const kindVisit = 'V'`, blobScan, "V"},
		"a field on the socket":      {"edge/control/stray.go", "package control\ntype Account struct { Phone string `json:\"phone\"` }", controlScan, "Account.phone"},
		"one of a struct with none":  {"edge/control/stray.go", "package control\nfunc x() { var v struct { P string `json:\"phone,omitempty\"` }; _ = v }", controlScan, "x.phone"},
		"a variable of a route":      {"edge/control/stray.go", `package control; func x(m mux) { m.HandleFunc("GET /people/{phone}", nil) }`, controlScan, "{phone}"},
		"a parameter":                {"edge/control/stray.go", `package control; func x(r *http.Request) { r.URL.Query().Get("phone") }`, controlScan, "?phone"},
		"a header":                   {"edge/control/stray.go", `package control; const PhoneHeader = "Rem-Phone"`, controlScan, "Rem-Phone"},
		"an element of evidence":     {"message/evidence/write.go", `package evidence; func x(w *writer) { w.element("PhoneNumber", "") }`, wireScan, "evidence PhoneNumber"},
		"a part of a time-stamp":     {"trust/tsp/stray.go", "package tsp\ntype Request struct { Requester string }", outgoingScan, "tsp.Request.Requester"},
		"a door":                     {"internal/node/stray.go", `package node; func x() { http.Get("https://statistics.example") }`, doorScan, "internal/node/stray.go x http.Get"},
		"a second door in one place": {"message/relay/in.go", `package relay; func marshal() { os.WriteFile("x", nil, 0) }`, doorScan, "os.WriteFile"},
		"a line on standard error":   {"internal/node/stray.go", `package node; func x() { fmt.Fprintln(os.Stderr, phone) }`, doorScan, "internal/node/stray.go x os.Stderr"},
		"a cookie":                   {"edge/control/stray.go", `package control; func x(w http.ResponseWriter) { http.SetCookie(w, nil) }`, cookieScan, "edge/control/stray.go x"},
		"a cookie written by hand":   {"edge/control/stray.go", `package control; func x(w http.ResponseWriter) { w.Header().Add("Set-Cookie", "a=b") }`, cookieScan, "edge/control/stray.go x"},
	} {
		t.Run(name, func(t *testing.T) {
			kind, f := test.scan(code.with(t, test.file, test.src))
			err := r.Unregistered(kind, f.names)
			if kind == "door" {
				f.names = slices.DeleteFunc(f.names, func(n string) bool { return doors[n] != "" })
				f.faults = append(f.faults, f.names...)
				err = nil
			}
			got := strings.Join(f.faults, "\n")
			if err != nil {
				got += err.Error()
			}
			if !strings.Contains(got, test.want) {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

func logKeyScan(code tree) (privacy.Kind, found) { return privacy.LogKey, code.logKeys() }

func metricScan(code tree) (privacy.Kind, found) {
	names, _ := code.metrics()
	return privacy.Metric, names
}

func labelScan(code tree) (privacy.Kind, found) {
	_, labels := code.metrics()
	return privacy.Label, labels
}

func fieldScan(code tree) (privacy.Kind, found) { return privacy.Field, code.fields(persisted...) }

func blobScan(code tree) (privacy.Kind, found) {
	return privacy.Blob, code.constants("edge/sqlstore/codec.go", "kind")
}

func controlScan(code tree) (privacy.Kind, found) { return privacy.ControlField, code.controlNames() }

func wireScan(code tree) (privacy.Kind, found) {
	f := code.elements()
	for i := range f.names {
		f.names[i] = "evidence " + f.names[i]
	}
	return privacy.Wire, f
}

func outgoingScan(code tree) (privacy.Kind, found) {
	return privacy.Outgoing, code.fields(typeName{"trust/tsp", "Request"})
}

func doorScan(code tree) (privacy.Kind, found) { return "door", code.doors() }

func cookieScan(code tree) (privacy.Kind, found) { return privacy.Cookie, code.cookies() }
