package app

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWhatWasSeenSurvivesDamageFullDisksAndClocksThatGoBack(t *testing.T) {
	now := time.Now()
	path := filepath.Join(t.TempDir(), seenName)
	if got := loadSeen(path, now); len(got) != 0 {
		t.Errorf("no file gives %v", got)
	}
	want := map[string]time.Time{"orphan-marker|a": now.Add(-time.Hour).UTC(), "dead|b": now.Add(-time.Minute).UTC(), "dead|later": now.Add(time.Hour).UTC()}
	if err := saveSeen(path, want); err != nil {
		t.Fatal(err)
	}
	delete(want, "dead|later")
	if got := loadSeen(path, now); !maps.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("%v, want %v", got, want)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		for _, bad := range [][]byte{whole[:n], append(append([]byte{}, whole[:n]...), 0xff)} {
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if got := loadSeen(path, now); len(got) != 0 {
				t.Fatalf("a file that is cut off after %d bytes gives %v", n, got)
			}
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := loadSeen(path, now); len(got) != 0 {
		t.Errorf("a folder gives %v", got)
	}
}

func TestOfTooManyFindingsThoseThatWaitForASecondScanAreKept(t *testing.T) {
	now := time.Now()
	path := filepath.Join(t.TempDir(), seenName)
	seen := map[string]time.Time{"orphan-marker|young": now}
	for n := range 2 * MaxSeen {
		seen[fmt.Sprintf("dead|%d", n)] = now.Add(-time.Hour)
	}
	if err := saveSeen(path, seen); err != nil {
		t.Fatal(err)
	}
	got := loadSeen(path, now)
	if _, ok := got["orphan-marker|young"]; !ok || len(got) != MaxSeen {
		t.Errorf("%d are kept, and the marker: %v", len(got), ok)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) != 0 {
		t.Errorf("files are left behind: %v", left)
	}
}
