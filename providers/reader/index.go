package reader

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"rollcall/providers"
)

const (
	indexKey    = "rows/index"
	rowsPrefix  = "rows/"
	indexFormat = 1
	// maxSources is the most sources of an index, and maxIndex its largest size in bytes.
	maxSources = 10_000
	maxIndex   = 16 << 20
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
	if head.Format != indexFormat {
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
