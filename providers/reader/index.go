package reader

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"rollcall/providers"
)

const (
	indexKey    = "rows/index"
	rowsPrefix  = "rows/"
	indexFormat = 2
	// maxSources is the most sources of an index, and maxIndex its largest size in bytes.
	maxSources = 10_000
	maxIndex   = 16 << 20
	// maxParts is the most changes of one source that the index names.
	maxParts = 32
)

// Source is what the index says about one source. Durations are in nanoseconds.
type Source struct {
	Kind     string             `json:"kind"` // cloud or zone
	Name     string             `json:"name"` // from the config of the reader
	Provider providers.Provider `json:"provider"`

	// The last finished read:
	State    providers.CoverageState `json:"state"`
	Age      time.Duration           `json:"age"`  // since it began
	Took     time.Duration           `json:"took"` // until its end
	Rows     int                     `json:"rows"`
	Expected int                     `json:"expected"`
	Key      providers.CloudKey      `json:"key,omitempty"`
	Account  string                  `json:"account,omitempty"`
	Error    string                  `json:"error,omitempty"`
	ErrorIs  providers.Kind          `json:"error_kind,omitempty"`

	RowsAge time.Duration `json:"rows_age"` // since the read began that the rows come from
	Object  string        `json:"object"`   // key of the object of the rows
	Sum     string        `json:"sum"`      // SHA-256 of that object in hex
	// Step counts the changes of the rows, and is that of Object; 0 in format 1. Parts are the last changes, each with its step,
	// also those that Object has already, for members that have the rows from before them.
	Step  uint64 `json:"step,omitempty"`
	Parts []Part `json:"parts,omitempty"`
}

// Part is an object of the changes that lead from the step before to Step.
type Part struct {
	Step   uint64 `json:"step"`
	Object string `json:"object"`
	Sum    string `json:"sum"`
}

// latest returns the step of the rows when all parts are applied.
func (s *Source) latest() uint64 {
	if n := len(s.Parts); n > 0 {
		return max(s.Step, s.Parts[n-1].Step)
	}
	return s.Step
}

// after returns the parts that lead on from a step, and whether they do so without a gap.
func (s *Source) after(step uint64) (parts []Part, ok bool) {
	for _, p := range s.Parts {
		if p.Step <= step {
			continue
		}
		if p.Step != step+1 {
			return nil, false
		}
		parts, step = append(parts, p), p.Step
	}
	return parts, step == s.latest()
}

// index is the content of the index object. Ages are those at the moment when it was written.
type index struct {
	Format  int      `json:"format"`
	Fleet   string   `json:"fleet"`
	Lease   uint64   `json:"lease"`
	Who     string   `json:"who"`
	Beat    string   `json:"beat"` // differs with each write, so that the version does
	Sources []Source `json:"sources"`
}

// parseIndex returns the content of the index object. Texts in it are cleaned.
func parseIndex(data []byte, fleet string) (index, error) {
	var x index
	if len(data) > maxIndex {
		return index{}, fmt.Errorf("it has %d bytes, and %d is the most", len(data), maxIndex)
	}
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return index{}, errors.New("it is damaged: it is not what a watch writes")
	}
	if head.Format < 1 || head.Format > indexFormat {
		return index{}, fmt.Errorf("it has the format %d, and this release knows %d", head.Format, indexFormat)
	}
	if err := json.Unmarshal(data, &x); err != nil {
		return index{}, errors.New("it is damaged: it is not what a watch writes")
	}
	if x.Fleet != fleet {
		return index{}, fmt.Errorf("it is that of the fleet %q", providers.Clean(x.Fleet))
	}
	if len(x.Sources) > maxSources {
		return index{}, fmt.Errorf("it has %d sources, and %d is the most", len(x.Sources), maxSources)
	}
	x.Who = providers.Clean(x.Who)
	for i := range x.Sources {
		s := &x.Sources[i]
		if s.Object != objectOf(x.Lease, s) {
			return index{}, fmt.Errorf("it names an object for %s that no watch writes", providers.Clean(s.Name))
		}
		if _, ok := s.after(s.Step); !ok || len(s.Parts) > maxParts || slices.ContainsFunc(s.Parts, func(p Part) bool { return p.Object != partOf(s.Object, p.Step) }) {
			return index{}, fmt.Errorf("it names changes of %s that no watch writes", providers.Clean(s.Name))
		}
		s.Error, s.Account = providers.Clean(s.Error), providers.Clean(s.Account)
		s.Age, s.RowsAge, s.Took = max(s.Age, 0), max(s.RowsAge, 0), max(s.Took, 0)
	}
	return x, nil
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// objectOf returns the key of the object of a source's rows. It has the number of the lease, so that no holder writes
// what another one has written.
func objectOf(lease uint64, s *Source) string {
	return fmt.Sprintf("%s%012d/%s", rowsPrefix, lease, sumOf([]byte(s.Kind + "\x00" + string(s.Provider) + "\x00" + s.Name))[:24])
}

// partOf returns the key of the object of changes.
func partOf(object string, step uint64) string { return fmt.Sprintf("%s-%012d", object, step) }
