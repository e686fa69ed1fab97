package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rollcall/cmd/rollcall/config"
	"rollcall/providers/journal"
	"rollcall/providers/team"
)

// A store has two folders on a machine if it was reached by two names of which nothing says that they are one: before a
// link was made or repointed, by two names of a server, or by a release that took each spelling for another store. What
// waits in either is sent.

// otherFolders returns the folders of other stores than that of the config.
func otherFolders(c *config.Config, state string) []string {
	folders, err := filepath.Glob(filepath.Join(state, storesName, strings.Repeat("[0-9a-f]", 16)))
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(folders, func(f string) bool { return c.Team.Store() != "" && f == StoreFolder(c, state) })
}

// isPlaceOf reports whether a place, as it was spelled in an earlier run, is the folder that is the store of the config.
func isPlaceOf(c *config.Config, place string) bool {
	return c.Team.Folder != "" && filepath.IsAbs(place) && realPath(place) == realPath(c.Team.Folder)
}

// isStoreOf reports whether a place with an id, which may be empty, is the store of the config.
func isStoreOf(c *config.Config, state, place, id string) bool {
	if c.Team.Store() == "" {
		return false
	}
	if id == "" {
		return isPlaceOf(c, place)
	}
	own, err := journal.StoreID(JournalPath(c, state))
	return err == nil && own == id
}

// takeOverAnnotations moves snoozes and notes that wait in other folders of the config's store into its own.
func (a *Program) takeOverAnnotations(c *config.Config, state string) error {
	to := team.WaitingFolder(StoreFolder(c, state))
	for _, f := range otherFolders(c, state) {
		waiting, err := filepath.Glob(filepath.Join(team.WaitingFolder(f), "*.json"))
		if err != nil || len(waiting) == 0 {
			continue
		}
		w, err := journal.WaitingAt(filepath.Join(f, TeamJournalName), a.Interrupted)
		if err != nil || !isStoreOf(c, state, w.Store, w.ID) {
			continue // an error is reported with what else waits there
		}
		err = os.MkdirAll(to, 0o700)
		for _, file := range waiting {
			if err == nil {
				err = os.Rename(file, filepath.Join(to, filepath.Base(file)))
			}
			if errors.Is(err, fs.ErrNotExist) { // another rollcall has sent it
				err = nil
			}
		}
		if err != nil {
			return fmt.Errorf("take over snoozes and notes that wait for the store of the team: %w", err)
		}
	}
	return nil
}
