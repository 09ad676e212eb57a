package testkit

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// A Random is a seeded source, as numbers and as an io.Reader. It is not for
// concurrent use.
type Random struct {
	*rand.Rand
	source *rand.ChaCha8
}

// Rand returns a source that depends on the seed alone and logs the seed. The
// environment's REM_SEED takes its place, to run a failure again.
func Rand(t testing.TB, seed uint64) *Random {
	t.Helper()
	if s := os.Getenv("REM_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("REM_SEED is a number: %v", err)
		}
		seed = n
	}
	t.Logf("seed %d", seed)
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	source := rand.NewChaCha8(key)
	return &Random{rand.New(source), source}
}

// Read fills p; it never fails.
func (r *Random) Read(p []byte) (int, error) { return r.source.Read(p) }

// Long reports whether the environment asks for the full sampling that CI does
// (REM_LONG=1); an ordinary run of a package stays under a few seconds.
func Long() bool { return os.Getenv("REM_LONG") == "1" }
