package journal

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAJournalWhoseDiskTakesNothingIsSaidToBeSoBeforeARun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := checkRoom(filepath.Join(dir, "journal.jsonl")); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("the check leaves %v, %v", left, err)
	}
	if checkRoom(filepath.Join(dir, "gone", "journal.jsonl")) == nil {
		t.Error("where nothing can be written there is room")
	}
}
