package notice

import (
	"strconv"
	"strings"

	"rem"
)

// The public addresses of notices, below the site's own. They never change
// their meaning: the first leads to whichever version is in force, the others
// to one version for ever (S47).
const (
	CurrentPath  = "/notice"
	versionsPath = "/notice/v"
	digestsPath  = "/notice/sha256/"
)

// PathOf gives the address of a version by its number, such as /notice/v3.
func PathOf(version uint64) string { return versionsPath + strconv.FormatUint(version, 10) }

// PathOfDigest gives the address of a version by the digest of its bytes.
func PathOfDigest(d rem.Digest) string { return digestsPath + d.String() }

// Resolve finds the version that an address leads to at present. There is one
// spelling of each address; the error is ErrNotFound for every other.
func (l *Ledger) Resolve(path string) (*Version, error) {
	if path == CurrentPath {
		return l.InForce(l.publications.Clock().Now())
	}
	if text, ok := strings.CutPrefix(path, versionsPath); ok {
		if n, err := strconv.ParseUint(text, 10, 64); err == nil && PathOf(n) == path {
			return l.Version(n)
		}
	}
	if strings.HasPrefix(path, digestsPath) {
		for _, v := range l.Versions() {
			if PathOfDigest(v.Digest) == path {
				return v, nil
			}
		}
	}
	return nil, ErrNotFound
}
