package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"rem"
)

// A pairing joins a browser's copy of a site with this program: both have the key.
type pairing struct {
	ID     string    `json:"id"`
	Origin string    `json:"origin"`
	Key    string    `json:"key"` // hexadecimal
	Since  time.Time `json:"since"`
}

// pairings are those that are kept, in a file that its owner alone reads.
type pairings struct {
	file string

	mu      sync.Mutex
	list    []pairing // guarded by mu
	waiting *waiting  // guarded by mu
	begun   int       // guarded by mu
}

// A waiting is a pairing whose code was shown and not typed yet.
type waiting struct {
	origin, code string
	until        time.Time
	tries        int
}

const (
	maxPairings  = 50
	maxBegun     = 20 // codes of one run: a page cannot fill the terminal
	codeTerm     = 2 * time.Minute
	codeTries    = 3
	pairingsFile = "pairings.json"
)

// folder is where the pairings are.
func (p *program) folder() (string, error) {
	if p.Dir != "" {
		return p.Dir, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("looking for the folder of settings: %w", err)
	}
	return filepath.Join(dir, "remsign"), nil
}

func (p *program) readPairings() (*pairings, error) {
	dir, err := p.folder()
	if err != nil {
		return nil, err
	}
	s := &pairings{file: filepath.Join(dir, pairingsFile)}
	b, err := os.ReadFile(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the pairings: %w", err)
	}
	if err := json.Unmarshal(b, &s.list); err != nil {
		return nil, fmt.Errorf("reading the pairings in %s: %w", s.file, err)
	}
	return s, nil
}

// save writes the file anew, in one step. The caller holds mu.
func (s *pairings) save() error {
	if err := os.MkdirAll(filepath.Dir(s.file), 0o700); err != nil {
		return fmt.Errorf("keeping the pairings: %w", err)
	}
	b, err := json.MarshalIndent(s.list, "", "  ")
	if err != nil {
		return fmt.Errorf("keeping the pairings: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(s.file), "pairings-*") // 0600
	if err != nil {
		return fmt.Errorf("keeping the pairings: %w", err)
	}
	defer os.Remove(f.Name()) // gone after the renaming
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), s.file)
	}
	if err != nil {
		return fmt.Errorf("keeping the pairings: %w", err)
	}
	return nil
}

func (s *pairings) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.list) == 0
}

func (s *pairings) knows(origin string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.list, func(p pairing) bool { return p.Origin == origin })
}

// find returns the key of a pairing with this origin.
func (s *pairings) find(id, origin string) (key []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.list {
		if p.ID == id && p.Origin == origin {
			key, err := hex.DecodeString(p.Key)
			return key, err == nil && len(key) == sha256.Size
		}
	}
	return nil, false
}

// begin draws a code for an origin. One pairing waits at a time, so that a page cannot
// push itself before the one that its user looks at.
func (s *pairings) begin(origin string, now time.Time) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.waiting; w != nil && now.Before(w.until) && w.origin != origin {
		return "", problemOf("busy", "Başka bir siteyle eşleştirme sürüyor.", "A pairing with another site is going on.")
	}
	if s.begun++; s.begun > maxBegun {
		return "", problemOf("many", "Çok fazla eşleştirme denendi. remsign'ı yeniden başlatın.", "Pairing was tried too often. Start remsign again.")
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", err
	}
	s.waiting = &waiting{origin: origin, code: fmt.Sprintf("%06d", n), until: now.Add(codeTerm), tries: codeTries}
	return s.waiting.code, nil
}

// finish compares a code, and makes the pairing.
func (s *pairings) finish(origin, code string, now time.Time) (pairing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.waiting
	if w == nil || w.origin != origin || !now.Before(w.until) {
		return pairing{}, problemOf("code", "Eşleştirme kodunun süresi doldu. Yeniden deneyin.", "The pairing code has expired. Try again.")
	}
	if w.tries--; w.tries < 0 || subtle.ConstantTimeCompare([]byte(digits(code)), []byte(w.code)) != 1 {
		if w.tries <= 0 {
			s.waiting = nil
		}
		return pairing{}, problemOf("code", "Eşleştirme kodu yanlış.", "The pairing code is wrong.")
	}
	s.waiting = nil
	b := make([]byte, 16+sha256.Size)
	if _, err := rand.Read(b); err != nil {
		return pairing{}, err
	}
	made := pairing{ID: hex.EncodeToString(b[:16]), Origin: origin, Key: hex.EncodeToString(b[16:]), Since: now.UTC().Truncate(time.Second)}
	if len(s.list) >= maxPairings {
		s.list = s.list[1:] // the oldest
	}
	s.list = append(s.list, made)
	return made, s.save()
}

func digits(s string) string {
	var out []byte
	for _, c := range []byte(s) {
		if '0' <= c && c <= '9' {
			out = append(out, c)
		}
	}
	return string(out)
}

// forget is the command.
func (p *program) forget() error {
	s, err := p.readPairings()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.list)
	s.list = slices.DeleteFunc(s.list, func(x pairing) bool { return x.Origin == p.Forget.Origin })
	if len(s.list) == before {
		return problemOf("unpaired", "Bu siteyle eşleştirme yok.", "There is no pairing with this site.")
	}
	p.say(text("Eşleştirme silindi.", "The pairing is gone."))
	return s.save()
}

// mac is the HMAC of a question or an answer.
func mac(key []byte, kind, path, nonce string, body []byte) string {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s\n%s\n%s\n", kind, path, nonce)
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// isOrigin reports whether a text is the origin of pages that may be paired: https,
// a host, perhaps a port, and nothing else.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && s == "https://"+u.Host && len(s) <= 260 && rem.FoldASCII(s) == s
}

func digestOf(s string) ([]byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != sha256.Size {
		return nil, errors.New("no digest of SHA-256")
	}
	return b, nil
}
