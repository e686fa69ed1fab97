package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/providers"
	"rollcall/providers/textfile"
)

// ForgottenCloud is a cloud that left the config and that an operator decided to forget, with its last state, so that
// the decision can be reverted.
type ForgottenCloud struct {
	Cloud      providers.Cloud      `json:"cloud"`
	Production bool                 `json:"production,omitempty"`
	At         time.Time            `json:"at"`
	By         string               `json:"by"`
	RowsFrom   time.Time            `json:"rows_from"`
	Instances  []providers.Instance `json:"instances,omitempty"`
	Addresses  []providers.Address  `json:"addresses,omitempty"`
}

// forgottenName is the file of forgotten clouds in the state folder.
const forgottenName = "forgotten.json"

func (s *Session) forgottenPath() string { return filepath.Join(s.State, forgottenName) }

// ReadForgotten returns the forgotten clouds. A missing file means none.
func (s *Session) ReadForgotten() ([]ForgottenCloud, error) {
	data, err := os.ReadFile(s.forgottenPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []ForgottenCloud
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		return nil, fmt.Errorf("read which clouds were forgotten: %w", err)
	}
	return out, nil
}

// WriteForgotten replaces the forgotten clouds.
func (s *Session) WriteForgotten(all []ForgottenCloud) error {
	if err := os.MkdirAll(s.State, 0o700); err != nil {
		return fmt.Errorf("make the state folder: %w", err)
	}
	return textfile.Write(s.forgottenPath(), func(f *os.File) error { return json.NewEncoder(f).Encode(all) })
}

// Forget records that a cloud that left the config no longer counts, and applies it.
func (s *Session) Forget(c *providers.CloudView) error {
	all, err := s.ReadForgotten()
	if err != nil {
		return err
	}
	err = s.WriteForgotten(append(all, ForgottenCloud{
		Cloud: c.Cloud, Production: c.Production, At: s.Program.Now().UTC(), By: Who(), RowsFrom: c.RowsFrom, Instances: c.Instances, Addresses: c.Addresses,
	}))
	if err == nil {
		s.syncForgotten(s.Fleet.Snapshot())
	}
	return err
}

// forgottenKeys returns the keys of the forgotten clouds. If the file cannot be read, there are none.
func (s *Session) forgottenKeys() []providers.CloudKey {
	all, err := s.ReadForgotten()
	if err != nil {
		s.Report("rollcall: %s; none is forgotten", words.Clean(err.Error()))
	}
	var keys []providers.CloudKey
	for i := range all {
		keys = append(keys, all[i].Cloud.Key)
	}
	slices.Sort(keys)
	return keys
}

// syncForgotten applies what another rollcall has forgotten or restored meanwhile. A forgotten cloud that is in the
// config again counts from then on, even if it leaves the config a second time.
func (s *Session) syncForgotten(snap *providers.Snapshot) {
	if s.Fleet == nil || s.State == "" {
		return
	}
	var at time.Time
	if info, err := os.Stat(s.forgottenPath()); err == nil {
		at = info.ModTime()
	}
	s.mu.Lock()
	same := at.Equal(s.forgottenAt)
	s.forgottenAt = at
	s.mu.Unlock()
	if at.IsZero() && same {
		return
	}
	if !same {
		s.Fleet.SetForgotten(s.forgottenKeys())
	}
	back := func(k providers.CloudKey) bool {
		return slices.ContainsFunc(snap.Clouds, func(c providers.CloudView) bool {
			return !c.Unconfigured && c.Coverage.Complete() && c.Coverage.Key == k
		})
	}
	if !slices.ContainsFunc(snap.Forgotten, back) {
		return
	}
	all, err := s.ReadForgotten()
	if err == nil {
		err = s.WriteForgotten(slices.DeleteFunc(all, func(c ForgottenCloud) bool { return back(c.Cloud.Key) }))
	}
	if err != nil {
		s.Report("rollcall: that a forgotten cloud is back could not be written down: %s", words.Clean(err.Error()))
		return
	}
	s.Fleet.SetForgotten(s.forgottenKeys())
}
