package privacy

import (
	"crypto/cipher"
	"sync"

	"rem"
)

// cachedKeys bounds each of the two generations of the cache. A prepared key
// takes about a kilobyte, so both take 32 MB at most.
const cachedKeys = 16384

// A keyCache keeps prepared data keys: unwrapping and preparing one costs ten
// times as much as sealing a value. It has two generations: what is asked for
// moves to the young one, and when that is full the old one goes.
type keyCache struct {
	mu         sync.RWMutex
	young, old map[KeyName]cipher.AEAD // guarded by mu
	newestOf   map[personClass]uint64  // guarded by mu: the serial to seal with, of keys in young
	erased     uint64                  // guarded by mu: how often forget was called
}

type personClass struct {
	person rem.PersonID
	class  PurposeClass
}

// epoch changes with every erasure: what was read before one is not kept after it.
func (c *keyCache) epoch() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.erased
}

func (c *keyCache) newest(person rem.PersonID, class PurposeClass) (uint64, cipher.AEAD) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	serial := c.newestOf[personClass{person, class}]
	return serial, c.young[KeyName{person, class, serial}]
}

func (c *keyCache) get(name KeyName) cipher.AEAD {
	c.mu.RLock()
	aead, epoch := c.young[name], c.erased
	before := c.old[name]
	c.mu.RUnlock()
	if aead == nil && before != nil {
		c.keep(epoch, name, before, false)
		return before
	}
	return aead
}

func (c *keyCache) keep(epoch uint64, name KeyName, aead cipher.AEAD, newest bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.erased != epoch {
		return
	}
	if c.young == nil || len(c.young) >= cachedKeys {
		c.old, c.young, c.newestOf = c.young, map[KeyName]cipher.AEAD{}, map[personClass]uint64{}
	}
	c.young[name] = aead
	if newest {
		c.newestOf[personClass{name.Person, name.Class}] = name.Serial
	}
}

// forget drops every key of a person and class.
func (c *keyCache) forget(person rem.PersonID, class PurposeClass) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erased++
	delete(c.newestOf, personClass{person, class})
	for _, m := range []map[KeyName]cipher.AEAD{c.young, c.old} {
		for name := range m {
			if name.Person == person && name.Class == class {
				delete(m, name)
			}
		}
	}
}
