package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"rollcall/dnsview/rows"
	"rollcall/providers/textfile"
)

// lastHourName is the file in the state folder that holds what the overview shows of the last hour.
const lastHourName = "last-hour.json"

// LastHour returns the last hour as it was kept, nil if it was not.
func (b *backend) LastHour() ([]byte, error) {
	text, err := textfile.Read(b.lastHourPath(), rows.TrendBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}

// KeepLastHour replaces the file atomically. Of two consoles with one state folder the later one's file stays.
func (b *backend) KeepLastHour(text []byte) error {
	if b.s.State == "" {
		return nil
	}
	if err := os.MkdirAll(b.s.State, 0o700); err != nil {
		return fmt.Errorf("make the state folder: %w", err)
	}
	return textfile.Write(b.lastHourPath(), func(f *os.File) error {
		_, err := f.Write(text)
		return err
	})
}

func (b *backend) lastHourPath() string { return filepath.Join(b.s.State, lastHourName) }
