package apply_test

import (
	"os"

	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/store"
)

// openJournal opens a journal at a path: with the variable ROLLCALL_TEAM that of a team, whose store is the folder beside
// it.
func openJournal(path string, clock providers.Clock) (*journal.Journal, error) {
	return openJournalIn(path+".objects", path, clock)
}

// openJournalIn is openJournal with the folder of the store.
func openJournalIn(folder, path string, clock providers.Clock) (*journal.Journal, error) {
	if os.Getenv("ROLLCALL_TEAM") == "" {
		return journal.Open(path, clock, nil)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	return journal.OpenTeam(journal.TeamOptions{Path: path, Store: store.NewFolder(folder), Who: "me@here", Clock: clock})
}
