package fleet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"rollcall/providers"
	"rollcall/providers/textfile"
)

// stored is a snapshot as stored on disk: rows and their origin, without coverage.
type stored struct {
	Format int           `json:"format"` // 1; the binary form has no field for it
	Taken  time.Time     `json:"taken"`
	Clouds []storedCloud `json:"clouds"`
	Zones  []storedZone  `json:"zones"`
}

type storedCloud struct {
	Cloud      providers.Cloud      `json:"cloud"`
	Production bool                 `json:"production,omitempty"`
	RowsFrom   time.Time            `json:"rows_from"`
	Instances  []providers.Instance `json:"instances"`
	Addresses  []providers.Address  `json:"addresses,omitempty"`
	Left       int64                `json:"-"`
}

type storedZone struct {
	Zone     providers.Zone     `json:"zone"`
	RowsFrom time.Time          `json:"rows_from"`
	Records  []providers.Record `json:"records"`
	Whole    bool               `json:"whole,omitempty"`
	Since    time.Time          `json:"since,omitzero"`
	Appeared []storedAppearance `json:"appeared,omitempty"`
	Left     int64              `json:"-"`
	Former   []providers.Former `json:"former,omitempty"`
}

type storedAppearance struct {
	providers.MarkerKey
	At time.Time `json:"at"`
}

// Save atomically writes the rows of a snapshot to a file with mode 0600, so that the next run can show them and
// compare its first reads with them. Rows that another member has read are left out: they are for display only. It removes the file of an older version.
func Save(path string, s *providers.Snapshot) error {
	out := stored{Taken: s.Taken}
	for i := range s.Clouds {
		if v := &s.Clouds[i]; !v.RowsFrom.IsZero() && v.ReadBy == "" {
			out.Clouds = append(out.Clouds, storedCloud{v.Cloud, v.Production, v.RowsFrom, v.Instances, v.Addresses, int64(v.Left)})
		}
	}
	for i := range s.Zones {
		if v := &s.Zones[i]; !v.RowsFrom.IsZero() && v.ReadBy == "" {
			z := storedZone{Zone: v.Zone, RowsFrom: v.RowsFrom, Records: v.Records, Whole: v.HasCompleteRead, Since: v.Since, Left: int64(v.Left), Former: v.Former}
			for k, at := range v.Appeared {
				z.Appeared = append(z.Appeared, storedAppearance{k, at})
			}
			out.Zones = append(out.Zones, z)
		}
	}
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("save the last snapshot: %s is a link, or no regular file: put the file itself there, or remove what is there", path)
	}
	if err := textfile.Write(path, func(f *os.File) error {
		_, err := f.Write(encode(&out))
		return err
	}); err != nil {
		return fmt.Errorf("save the last snapshot: %w", err)
	}
	if err := os.Remove(path + oldEnding); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the snapshot of an older rollcall: %w", err)
	}
	return nil
}

// maxStored is the largest file size in bytes. 100,000 instances and as many records take some two hundred million.
const maxStored = 2 << 30

// Load reads a file that Save wrote. The rows have their age but no coverage, because another process read them and no
// conclusion may rest on them. Clouds and zones have the traits that declared says of their providers: the file has
// none. Without the file, that of an older version is read. If there is neither, the error is fs.ErrNotExist.
func Load(path string, declared []providers.Declaration) (*providers.Snapshot, error) {
	data, err := textfile.Read(path, maxStored)
	if errors.Is(err, fs.ErrNotExist) {
		if old, oldErr := textfile.Read(path+oldEnding, maxStored); oldErr == nil {
			path, data, err = path+oldEnding, old, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read the last snapshot: %w", err)
	}
	in, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("read the last snapshot %s: %w", path, err)
	}
	s := &providers.Snapshot{Taken: in.Taken}
	traits := func(p providers.Provider) (t providers.Traits) {
		if d := providers.Declared(declared, p); d != nil {
			t = d.Traits
		}
		return t
	}
	for _, c := range in.Clouds {
		c.Cloud.Traits = traits(c.Cloud.Provider)
		s.Clouds = append(s.Clouds, providers.CloudView{
			Cloud: c.Cloud, Production: c.Production, RowsFrom: c.RowsFrom,
			Instances: c.Instances, Addresses: c.Addresses, Earlier: true, Left: int(c.Left), BudgetLeft: -1,
		})
	}
	for _, z := range in.Zones {
		z.Zone.Traits = traits(z.Zone.Provider)
		v := providers.ZoneView{Zone: z.Zone, RowsFrom: z.RowsFrom, Records: z.Records, Earlier: true, Left: int(z.Left), HasCompleteRead: z.Whole, Since: z.Since, Appeared: map[providers.MarkerKey]time.Time{}, Former: z.Former, BudgetLeft: -1}
		for _, a := range z.Appeared {
			v.Appeared[a.MarkerKey] = a.At
		}
		s.Zones = append(s.Zones, v)
	}
	return s, nil
}
