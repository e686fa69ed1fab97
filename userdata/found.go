package userdata

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"
)

// foundBefore keeps what was found in the texts that were searched last, by a hash of all that it follows from: a launch looks
// at the same script for each cloud, before it is shown and again before it begins. No text and no credential is kept.
type foundBefore struct {
	mu    sync.Mutex
	found map[[sha256.Size]byte][]Secret
}

// mostFound is how many texts are remembered.
const mostFound = 64

var searched foundBefore

// in returns what find finds in a text with these credentials, or what it found before.
func (f *foundBefore) in(what string, text []byte, held []Held, find func() []Secret) []Secret {
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
	found := find() // side by side with others: it takes a while
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.found == nil || len(f.found) >= mostFound {
		f.found = map[[sha256.Size]byte][]Secret{}
	}
	f.found[key] = slices.Clone(found)
	return found
}
