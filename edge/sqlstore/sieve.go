package sqlstore

import (
	"encoding/binary"
	"maps"
	"slices"

	"rem"
)

const (
	// sieveBits is the size of a day's filter, half a mebioctet: of 100,000
	// submissions a day one in 6,000 new ones is looked for in vain.
	sieveBits = 1 << 22
	// sieveDays is how many days are kept: those in which a repetition is
	// recognised, and the one that begins.
	sieveDays = 4
)

// A sieve says of most fingerprints that no submission with it is in the index,
// without asking: nearly all submissions are new. It is a Bloom filter a day; a
// fingerprint is a digest, so its own octets are the hash values.
type sieve struct {
	floor int64 // days before it are not known
	days  map[int64][]uint64
}

// bit returns the n-th of four places.
func (s *sieve) bit(print *rem.Digest, n int) (word int, mask uint64) {
	at := binary.LittleEndian.Uint32(print[4*n:]) % sieveBits
	return int(at / 64), 1 << (at % 64)
}

// maybe reports whether the index may have the fingerprint under the day.
func (s *sieve) maybe(day int64, print *rem.Digest) bool {
	if day < s.floor {
		return true
	}
	filter := s.days[day]
	if filter == nil {
		return false
	}
	for n := range 4 {
		if word, mask := s.bit(print, n); filter[word]&mask == 0 {
			return false
		}
	}
	return true
}

// add takes a fingerprint in.
func (s *sieve) add(day int64, print *rem.Digest) {
	if day < s.floor {
		return
	}
	if s.days == nil {
		s.days = make(map[int64][]uint64)
	}
	filter := s.days[day]
	if filter == nil {
		filter = make([]uint64, sieveBits/64)
		s.days[day] = filter
		if len(s.days) > sieveDays {
			oldest := slices.Min(slices.Collect(maps.Keys(s.days)))
			delete(s.days, oldest)
			s.floor = oldest + 1
		}
		if day < s.floor {
			return
		}
	}
	for n := range 4 {
		word, mask := s.bit(print, n)
		filter[word] |= mask
	}
}
