package node

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"rem"
	"rem/edge/blobstore"
)

// metrics are what operators watch. No label holds anything personal, and each
// has few values (AT-38).
type metrics struct {
	registry  *prometheus.Registry
	submitted prometheus.Counter
	refused   *prometheus.CounterVec // by reason
	relayedIn prometheus.Counter
	full      prometheus.Counter
	alarms    *prometheus.CounterVec // by what
	attempts  *prometheus.CounterVec // by class
}

func newMetrics(n *Node) *metrics {
	m := &metrics{
		registry:  prometheus.NewRegistry(),
		submitted: prometheus.NewCounter(prometheus.CounterOpts{Name: "rem_submissions_accepted_total", Help: "Submissions accepted with evidence."}),
		refused:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rem_submissions_refused_total", Help: "Submissions refused with evidence, by reason."}, []string{"reason"}),
		relayedIn: prometheus.NewCounter(prometheus.CounterOpts{Name: "rem_envelopes_taken_total", Help: "Envelopes of other REM-MDs that were taken."}),
		full:      prometheus.NewCounter(prometheus.CounterOpts{Name: "rem_refused_full_total", Help: "Messages put off because there is no room."}),
		alarms:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rem_alarms_total", Help: "What an operator must look at."}, []string{"what"}),
		attempts:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rem_relay_attempts_total", Help: "Attempts to give something to another REM-MD."}, []string{"class"}),
	}
	m.registry.MustRegister(m.submitted, m.refused, m.relayedIn, m.full, m.alarms, m.attempts,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	counter := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
	}
	counter("rem_journal_syncs_total", "Flushes of the journal to disk.", func() float64 { return float64(n.Store.Stats().Syncs) })
	counter("rem_journal_records_total", "Records written to the journal.", func() float64 { return float64(n.Store.Stats().Records) })
	counter("rem_index_records_total", "Records that the index has.", func() float64 { return float64(n.Store.Stats().Indexed) })
	return m
}

// Ready says why the provider cannot work now, or nil.
func (n *Node) Ready() error {
	if err := n.Store.Fault(); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	list := n.list()
	if list == nil {
		return errors.New("trust list: none was read yet")
	}
	if list.Overdue(n.clock.Now()) {
		return errors.New("trust list: its next update is overdue")
	}
	return nil
}

// Alarm writes what an operator must look at into log and metrics.
func (n *Node) Alarm(what string, id rem.MessageID, detail string) {
	n.metrics.alarms.WithLabelValues(what).Inc()
	n.Log.Warn("alarm", "what", what, "message", string(id), "detail", detail)
}

// The alarms of the ledger itself. Each is a constant: it is a label.
const (
	alarmDamage = "a content of the ledger is damaged"
	alarmLedger = "the ledger is in trouble"
)

// ledgerAlarm is told of damage to what is stored, from any goroutine. It names
// no message: the store below knows none, and an audit finds which it is.
func (n *Node) ledgerAlarm(err error) {
	what := alarmLedger
	if errors.Is(err, blobstore.ErrCorrupt) {
		what = alarmDamage
	}
	n.metrics.alarms.WithLabelValues(what).Inc()
	n.Log.Error("alarm", "what", what, "detail", err.Error())
}

// operations serves /healthz, /readyz and /metrics.
func (n *Node) operations(address string) (*http.Server, net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the operations listener: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := n.Ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(n.metrics.registry, promhttp.HandlerOpts{}))
	return &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}, l, nil
}
