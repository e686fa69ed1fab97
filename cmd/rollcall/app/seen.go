package app

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/providers/textfile"
)

// The time when a finding was first seen is stored in the state folder, so that a second command or a new console can
// confirm it, as some remedies require.

const (
	seenName  = "seen.json"
	seenBytes = 8 << 20 // of a file to read
)

// MaxSeen is the largest number of stored findings.
const MaxSeen = 20_000

type seenFile struct {
	Format int                  `json:"format"`
	Seen   map[string]time.Time `json:"seen"` // by dnsview's Finding.Key
}

func (s *Session) seenPath() string { return filepath.Join(s.State, seenName) }

// loadSeen reads when findings were first seen. A file that is missing, damaged, too large or of another format counts
// as empty; the next scan is then the first. Times in the future are ignored.
func loadSeen(path string, now time.Time) map[string]time.Time {
	out := map[string]time.Time{}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > seenBytes {
		return out
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return out
	}
	var f seenFile
	if json.Unmarshal(data, &f) != nil || f.Format != 1 {
		return out
	}
	for k, at := range f.Seen {
		if !at.IsZero() && !at.After(now) {
			out[k] = at
		}
	}
	return out
}

// saveSeen atomically writes when findings were first seen. If there are too many, those that wait for a second scan
// are kept first, then the oldest.
func saveSeen(path string, seen map[string]time.Time) error {
	keys := slices.SortedFunc(maps.Keys(seen), func(a, b string) int {
		return cmp.Or(scanOrder(a)-scanOrder(b), seen[a].Compare(seen[b]), strings.Compare(a, b))
	})
	out := seenFile{Format: 1, Seen: make(map[string]time.Time, min(len(keys), MaxSeen))}
	for _, k := range keys[:min(len(keys), MaxSeen)] {
		out.Seen[k] = seen[k].UTC()
	}
	data, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("save when findings were first seen: %w", err)
	}
	err = textfile.Write(path, func(f *os.File) error { _, err := f.Write(data); return err })
	if err != nil {
		return fmt.Errorf("save when findings were first seen: %w", err)
	}
	return nil
}

// scanOrder returns 0 for a finding whose remedy waits for a second scan, else 1, for sorting.
func scanOrder(key string) int {
	if strings.HasPrefix(key, string(dnsview.OrphanMarker)+"|") {
		return 0
	}
	return 1
}

// firstSeen returns when findings were first seen, by this process or an earlier one.
func (s *Session) firstSeen() map[string]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = loadSeen(s.seenPath(), s.Program.Now())
	}
	return s.seen
}

// keepSeen stores when findings were first seen, for the next scan and the next process. It keeps the earlier time of
// another process.
func (s *Session) keepSeen(seen map[string]time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.seen
	s.seen = seen
	if s.State == "" || maps.EqualFunc(before, seen, time.Time.Equal) {
		return
	}
	for k, at := range loadSeen(s.seenPath(), s.Program.Now()) {
		if mine, ok := seen[k]; ok && at.Before(mine) {
			seen[k] = at
		}
	}
	err := os.MkdirAll(s.State, 0o700)
	if err == nil {
		err = saveSeen(s.seenPath(), seen)
	}
	if err != nil && !s.seenReported {
		s.seenReported = true
		s.Report("rollcall: what was seen cannot be kept for the next run: %s", words.Clean(err.Error()))
	}
}
