package userdata

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"
)

// secretCache caches the findings in recently searched texts, by a hash of all inputs. A launch searches the same
// script for each cloud, before it is shown and again before it begins. The cache holds no text and no credential.
type secretCache struct {
	mu    sync.Mutex
	found map[[sha256.Size]byte][]Secret
}

// maxCachedTexts is the number of cached texts.
const maxCachedTexts = 64

var secrets secretCache

// get returns the result of find for a text with these credentials, from the cache if possible.
func (f *secretCache) get(what string, text []byte, held []Credential, find func() []Secret) []Secret {
	h := sha256.New()
	write := func(b []byte) {
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(b)))) // it never fails
		_, _ = h.Write(b)
	}
	write([]byte(what))
	write(text)
	for i := range held {
		write([]byte(held[i].What))
		write(held[i].Value)
	}
	key := [sha256.Size]byte(h.Sum(nil))
	f.mu.Lock()
	was, ok := f.found[key]
	f.mu.Unlock()
	if ok {
		return slices.Clone(was)
	}
	found := find() // without the lock, since it takes a while
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.found == nil || len(f.found) >= maxCachedTexts {
		f.found = map[[sha256.Size]byte][]Secret{}
	}
	f.found[key] = slices.Clone(found)
	return found
}
