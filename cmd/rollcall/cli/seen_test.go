package cli

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// orphan writes a marker that marks nothing into the Route 53 zone of the world, of a node that runs.
func orphan(t *testing.T, s *sim.Sim) (name string) {
	t.Helper()
	c := s.World().Clouds()[0]
	page, _ := s.World().Instances(c.Name, func(i *world.Instance) bool { return i.State == "running" }, 0, 1)
	if len(page) == 0 {
		t.Fatal("no instance runs")
	}
	o := providers.Owner{Fleet: viewOf(t).Options.Fleet, Cloud: c.Key, Instance: page[0].ID, Registered: time.Now().Add(-24 * time.Hour)}
	text, err := o.For("A", "203.0.113.99").Encode()
	if err != nil {
		t.Fatal(err)
	}
	name = providers.MarkerName(o.Instance, "nothing.unilans.net")
	putSets(t, s, "unilans.net", &world.Set{Name: name, Type: "TXT", TTL: 300, Values: []string{`"` + text + `"`}})
	return name
}

func TestAMarkerThatMarksNothingGoesByASecondCommandAfterAFirstHasSeenIt(t *testing.T) {
	s := newWorld(t)
	name := orphan(t, s)
	r := rollcall(t, "remedy", "orphan-marker")
	if r.code == exit.Done || !strings.Contains(r.err, "second scan") || !strings.Contains(strings.Join(allRecords(t), "\n"), name) {
		t.Fatalf("the first command: exit code %d, %s%s", r.code, r.out, r.err)
	}
	if out := must(t, "remedy", "orphan-marker", "--dry-run"); !strings.Contains(out, name) {
		t.Errorf("the dry run shows %s", out)
	}
	must(t, "remedy", "orphan-marker")
	if strings.Contains(strings.Join(allRecords(t), "\n"), name) {
		t.Error("the marker is still there")
	}
}

func TestWhatWasSeenSurvivesDamageFullDisksAndClocksThatGoBack(t *testing.T) {
	now := time.Now()
	path := filepath.Join(t.TempDir(), app.SeenName)
	if got := app.LoadSeen(path, now); len(got) != 0 {
		t.Errorf("no file gives %v", got)
	}
	want := map[string]time.Time{"orphan-marker|a": now.Add(-time.Hour).UTC(), "dead|b": now.Add(-time.Minute).UTC(), "dead|later": now.Add(time.Hour).UTC()}
	if err := app.SaveSeen(path, want); err != nil {
		t.Fatal(err)
	}
	delete(want, "dead|later")
	if got := app.LoadSeen(path, now); !maps.EqualFunc(got, want, time.Time.Equal) {
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
			if got := app.LoadSeen(path, now); len(got) != 0 {
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
	if got := app.LoadSeen(path, now); len(got) != 0 {
		t.Errorf("a folder gives %v", got)
	}
}

func TestOfTooManyFindingsThoseThatWaitForASecondScanAreKept(t *testing.T) {
	now := time.Now()
	path := filepath.Join(t.TempDir(), app.SeenName)
	seen := map[string]time.Time{"orphan-marker|young": now}
	for n := range 2 * app.SeenMost {
		seen[fmt.Sprintf("dead|%d", n)] = now.Add(-time.Hour)
	}
	if err := app.SaveSeen(path, seen); err != nil {
		t.Fatal(err)
	}
	got := app.LoadSeen(path, now)
	if _, ok := got["orphan-marker|young"]; !ok || len(got) != app.SeenMost {
		t.Errorf("%d are kept, and the marker: %v", len(got), ok)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) != 0 {
		t.Errorf("files are left behind: %v", left)
	}
}
