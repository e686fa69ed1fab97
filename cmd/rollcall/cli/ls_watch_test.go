package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// written collects what a command prints while it runs.
type written struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// watchList starts a list that goes on until the test ends. The returned function makes it refresh, and waits until it has
// printed the text.
func watchList(t *testing.T, what, filter, form string) (out *written, refresh func(seen string)) {
	t.Helper()
	out = &written{}
	waits, next := make(chan struct{}, 100), make(chan struct{})
	clock := providers.Clock{Wait: func(ctx context.Context, d time.Duration) error {
		if d != 10*time.Second { // the config's refresh
			return providers.Sleep(ctx, d)
		}
		waits <- struct{}{}
		select {
		case <-next:
		case <-ctx.Done():
		}
		return ctx.Err()
	}}
	ctx, stop := context.WithCancel(t.Context())
	a := &commands{Program: &app.Program{Env: environment(t), In: os.Stdin, Out: out, Err: out, Interrupted: ctx.Done(), Clock: clock}}
	f := &lsFlags{filter: filter, format: &output.Format{Form: form}, watch: true}
	list := map[string]func(context.Context, *lsFlags) error{"instances": a.lsInstances, "findings": a.lsFindings}[what]
	ended := make(chan error, 1)
	go func() { ended <- list(ctx, f) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
	})
	<-waits // the list is printed
	return out, func(seen string) {
		t.Helper()
		select {
		case next <- struct{}{}:
		case err := <-ended:
			ended <- err
			t.Fatalf("it ended: %v", err)
		}
		<-waits
		if !strings.Contains(out.String(), seen) {
			t.Fatalf("no %q in\n%s", seen, out)
		}
	}
}

func TestAListThatIsWatchedPrintsWhatIsNewChangedAndGone(t *testing.T) {
	s := newWorld(t)
	all, _ := s.World().Instances("aws-use1", nil, 0, 100)
	i := slices.IndexFunc(all, func(i world.Instance) bool { return i.State == providers.StateRunning })
	id := all[i].ID
	out, refresh := watchList(t, "instances", "id:"+id, output.Table)
	if err := s.World().SetTags("aws-use1", id, map[string]string{"Name": "renamed"}, nil); err != nil {
		t.Fatal(err)
	}
	refresh("~  aws-use1  renamed")
	if err := s.World().SetTags("aws-use1", id, map[string]string{"Name": "again"}, nil); err != nil {
		t.Fatal(err)
	}
	refresh("~  aws-use1  again")
	if lines := strings.Split(strings.TrimSpace(out.String()), "\n"); len(lines) != 4 || !strings.HasPrefix(lines[0], "CLOUD") {
		t.Errorf("a heading, the row, and a line for each change were expected:\n%s", out)
	}
}

func TestAListThatIsWatchedSaysWhichSourceIsNotReadAnyMoreAndKeepsItsRows(t *testing.T) {
	s := newWorld(t)
	out, refresh := watchList(t, "instances", "cloud:joyent-ams", output.Table)
	if err := s.World().SetFault("joyent-ams", world.Unreachable); err != nil {
		t.Fatal(err)
	}
	refresh("rollcall: joyent-ams is failed")
	if strings.Contains(out.String(), "\n-  ") {
		t.Errorf("rows are gone because their cloud does not answer:\n%s", out)
	}
}

func TestAListThatIsWatchedInJSONHasAnObjectInEachLine(t *testing.T) {
	s := newWorld(t)
	z, err := s.World().Zone(world.CloudflareZone)
	if err != nil {
		t.Fatal(err)
	}
	out, refresh := watchList(t, "findings", "name:stranger", output.JSON)
	update := func(f func(tx *world.Tx) error) {
		t.Helper()
		if _, err := z.Update(f); err != nil {
			t.Fatal(err)
		}
	}
	made := &world.Record{Name: "stranger." + world.CloudflareZone, Type: "A", Content: "203.0.113.77", TTL: 60}
	update(func(tx *world.Tx) error {
		tx.AddRecord(made)
		return nil
	})
	refresh(`{"event":"added","row":{"identity":"scalability.expert:stranger.scalability.expert/A/203.0.113.77"`)
	update(func(tx *world.Tx) error {
		tx.RemoveRecord(made.ID)
		return nil
	})
	refresh(`{"event":"gone","row":{"identity":"scalability.expert:stranger.scalability.expert/A/203.0.113.77"`)
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		if err := json.Unmarshal([]byte(line), new(output.Change)); err != nil {
			t.Errorf("%v: %s", err, line)
		}
	}
}

func TestWhatCannotBeWatchedIsAUsageError(t *testing.T) {
	newWorld(t)
	for _, args := range [][]string{{"-o", "csv"}, {"-o", "yaml"}, {"--wire"}} {
		if r := rollcall(t, append([]string{"ls", "records", "--watch"}, args...)...); r.code != exit.Usage || r.out != "" || !strings.Contains(r.err, "--watch") {
			t.Errorf("%v: exit code %d, %s%s", args, r.code, r.out, r.err)
		}
	}
}

func TestQuietLeavesOutNotesAndKeepsWarningsAndErrors(t *testing.T) {
	s := newWorld(t)
	if r := rollcall(t, "config", "check", "--offline", "-q"); r.code != exit.Done || r.err != "" {
		t.Errorf("exit code %d, %q", r.code, r.err)
	}
	if err := s.World().SetFault("joyent-ams", world.Unreachable); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "ls", "instances", "--quiet"); r.code != exit.Unknown || !strings.Contains(r.err, "joyent-ams") {
		t.Errorf("exit code %d, %q", r.code, r.err)
	}
}
