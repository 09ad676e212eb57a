package simulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"

	"rem"
)

// A CentralDirectory is the central KEP directory, simulated: it speaks the form of
// docs/formats/central-directory.md, keeps what it is told in memory, and marks
// everything that it answers. It may be used from many goroutines.
type CentralDirectory struct {
	mu      sync.Mutex
	records map[string]map[string]centralRecord // guarded by mu; by provider and account
	answers map[string][]byte                   // guarded by mu; what a key was asked for, so that another question is refused
}

// Bounds of what it remembers.
const (
	maxCentralRecords = 1 << 20
	maxCentralKeys    = 1 << 16
	maxCentralFound   = 21
)

type centralField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type centralOperator struct {
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
}

type centralRecord struct {
	Account   string            `json:"account"`
	Number    uint64            `json:"number"`
	State     string            `json:"state"`
	Open      bool              `json:"open"`
	Kind      string            `json:"kind"`
	Fields    []centralField    `json:"fields"`
	Operators []centralOperator `json:"operators,omitempty"`
}

func (r *centralRecord) value(name string) string {
	i := slices.IndexFunc(r.Fields, func(f centralField) bool { return f.Name == name })
	if i < 0 {
		return ""
	}
	return r.Fields[i].Value
}

// NewCentralDirectory makes an empty one.
func NewCentralDirectory() *CentralDirectory {
	return &CentralDirectory{records: map[string]map[string]centralRecord{}, answers: map[string][]byte{}}
}

// Handler serves POST /v1/record, /v1/find and /v1/list. Who asks is the certificate
// that the server demanded; a server without one is refused.
func (c *CentralDirectory) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/record", c.put)
	mux.HandleFunc("POST /v1/find", c.find)
	mux.HandleFunc("POST /v1/list", c.list)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(MarkHeader, Mark)
		w.Header().Set("Cache-Control", "no-store")
		if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
			http.Error(w, Mark, http.StatusForbidden)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxQuestion)
		mux.ServeHTTP(w, r)
	})
}

// provider is whose certificate asks: a provider tells and lists its own records
// alone.
func isProvider(r *http.Request, provider string) bool {
	return provider != "" && r.TLS.PeerCertificates[0].VerifyHostname(provider) == nil
}

func (c *CentralDirectory) put(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Provider string        `json:"provider"`
		Record   centralRecord `json:"record"`
	}
	if !question(w, r, &q) {
		return
	}
	if !isProvider(r, q.Provider) || !strings.HasSuffix(q.Record.value("kep-address"), q.Provider) {
		http.Error(w, Mark, http.StatusForbidden)
		return
	}
	asked, err := json.Marshal(q)
	key := q.Provider + " " + r.Header.Get("Idempotency-Key")
	c.mu.Lock()
	defer c.mu.Unlock()
	before, again := c.answers[key]
	if err != nil || len(c.answers) >= maxCentralKeys && !again || c.size() >= maxCentralRecords {
		http.Error(w, Mark, http.StatusServiceUnavailable)
		return
	}
	// The same key again is the same change, though what may be told of it has become
	// less since: the first is not undone by a later attempt for the same version.
	if again && bytes.Equal(before, asked) {
		tell(w, map[string]any{"taken": true})
		return
	}
	c.answers[key] = asked
	of := c.records[q.Provider]
	if of == nil {
		of = map[string]centralRecord{}
		c.records[q.Provider] = of
	}
	if old, ok := of[q.Record.Account]; !ok || q.Record.Number >= old.Number {
		of[q.Record.Account] = q.Record
	}
	tell(w, map[string]any{"taken": true})
}

// size is called with mu held.
func (c *CentralDirectory) size() (n int) {
	for _, of := range c.records {
		n += len(of)
	}
	return n
}

// found says what a key finds; names are compared as the asker folds them.
func found(r *centralRecord, key, value, number string) bool {
	name := func() string {
		return strings.NewReplacer("-", " ", ".", " ", "'", " ").Replace(rem.FoldName(r.value("name")))
	}
	same := func(a, b string) bool {
		return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
	}
	switch key {
	case "address":
		return r.value("kep-address") == value
	case "identity":
		return r.value("identity-number") == value
	case "mersis", "detsis":
		return r.value(key) == value
	case "name":
		return r.Kind == "natural" && same(name(), value) && (number == "" || r.value("identity-number") == number)
	case "title":
		return r.Kind != "natural" && same(name(), value)
	case "text":
		return same(name(), value)
	}
	return false
}

func (c *CentralDirectory) find(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Provider, Key, Value, Number string
	}
	if !question(w, r, &q) {
		return
	}
	if !isProvider(r, q.Provider) {
		http.Error(w, Mark, http.StatusForbidden)
		return
	}
	entries := []map[string]any{}
	c.mu.Lock()
	for _, of := range c.records {
		for _, x := range of {
			if !x.Open || x.State != "live" || len(entries) >= maxCentralFound || !found(&x, q.Key, q.Value, q.Number) {
				continue
			}
			fields := slices.DeleteFunc(slices.Clone(x.Fields), func(f centralField) bool { return f.Name == "identity-number" })
			e := map[string]any{"kind": x.Kind, "fields": fields}
			if len(x.Operators) > 0 {
				e["operators"] = x.Operators
			}
			entries = append(entries, e)
		}
	}
	c.mu.Unlock()
	tell(w, map[string]any{"entries": entries})
}

func (c *CentralDirectory) list(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Provider, After string
		Limit           int
	}
	if !question(w, r, &q) {
		return
	}
	if !isProvider(r, q.Provider) {
		http.Error(w, Mark, http.StatusForbidden)
		return
	}
	c.mu.Lock()
	records := []centralRecord{}
	for _, x := range c.records[q.Provider] {
		if x.Account > q.After {
			records = append(records, x)
		}
	}
	c.mu.Unlock()
	slices.SortFunc(records, func(a, b centralRecord) int { return strings.Compare(a.Account, b.Account) })
	tell(w, map[string]any{"records": records[:min(max(q.Limit, 0), len(records))]})
}
