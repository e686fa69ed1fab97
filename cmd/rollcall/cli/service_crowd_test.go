package cli

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// processes is how many of a crowd run at a time.
const processes = 40

// crowd is how many hosts join and leave, each a process of its own. The race detector looks into one process and not
// between them.
var crowd = providertest.Amount(200, 40, 8)

// playFaults switches between conflicts and lost replies until end is called.
func playFaults(t *testing.T, s *sim.Sim, zone string) (end func()) {
	t.Helper()
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			_ = s.World().SetFault(zone, []world.FaultKind{world.Conflict, world.LostReply}[i%2])
			select {
			case <-stop:
				_ = s.World().SetFault(zone, world.NoFault)
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return func() {
		close(stop)
		<-done
	}
}

// inProcesses runs one rollcall process for each host and returns what each printed.
func inProcesses(ctx context.Context, env providers.Environment, hosts []string, args func(host string) []string) (reports map[string]string) {
	words := make([]string, len(hosts))
	var g errgroup.Group
	g.SetLimit(processes)
	for i, h := range hosts {
		g.Go(func() error {
			cmd := exec.CommandContext(ctx, "rollcall", args(h)...)
			var errw bytes.Buffer
			cmd.Env, cmd.Stderr = env.List(), &errw
			if err := cmd.Run(); err != nil {
				words[i] = fmt.Sprintf("%v: %s", err, errw.String())
			}
			return nil
		})
	}
	_ = g.Wait() // each has its own word
	reports = map[string]string{}
	for i, h := range hosts {
		reports[h] = words[i]
	}
	return reports
}

func TestNobodyIsLostWhenProcessesJoinAndLeaveFortyAtATime(t *testing.T) {
	s := newWorld(t)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	var hosts []string
	address := map[string]string{}
	for i := range crowd {
		h := fmt.Sprintf("h%03d", i)
		hosts = append(hosts, h)
		address[h] = fmt.Sprintf("198.51.100.%d", i+1)
	}
	// members are the hosts that DNS has, by what Route 53 holds.
	members := func() []string {
		t.Helper()
		var out []string
		z, err := s.World().Zone("unilans.net")
		if err != nil {
			t.Fatal(err)
		}
		z.View(func(tx *world.Tx) {
			set := tx.Set(theV1, "SRV", "")
			for _, v := range set.Values {
				target := strings.TrimSuffix(v[strings.LastIndex(v, " ")+1:], ".")
				if h, ok := strings.CutSuffix(target, ".unilans.net"); ok && strings.HasPrefix(h, "h") {
					if tx.Set(target, "A", "") == nil {
						t.Errorf("%s leads to nowhere", v)
					}
					out = append(out, h)
				}
			}
		})
		slices.Sort(out)
		return out
	}
	seeds := serviceSize(t, s)

	end := playFaults(t, s, "unilans.net")
	began := time.Now()
	reports := inProcesses(ctx, environment(t), hosts, func(h string) []string {
		return []string{"service", "join", "--service", theV1, "--host", h, "--address", address[h], "--port", "4218"}
	})
	end()
	t.Logf("%d joins in %s", crowd, time.Since(began).Round(time.Second))
	there := members()
	for _, h := range hosts {
		if reports[h] != "" {
			t.Errorf("%s was not told yes: %s", h, reports[h])
		} else if _, found := slices.BinarySearch(there, h); !found {
			t.Errorf("%s was told yes, and is not in DNS", h)
		}
	}
	if n := serviceSize(t, s); n != seeds+len(there) {
		t.Errorf("the service has %d values, want the %d of before and %d", n, seeds, len(there))
	}

	end = playFaults(t, s, "unilans.net")
	began = time.Now()
	leaving := hosts[:crowd/2]
	reports = inProcesses(ctx, environment(t), leaving, func(h string) []string {
		return []string{"service", "leave", "--service", theV1, "--host", h}
	})
	end()
	t.Logf("%d leaves in %s", len(leaving), time.Since(began).Round(time.Second))
	there = members()
	for _, h := range leaving {
		if reports[h] != "" {
			t.Errorf("%s was not told that it has left: %s", h, reports[h])
		} else if _, found := slices.BinarySearch(there, h); found {
			t.Errorf("%s was told that it has left, and is in DNS", h)
		}
	}
	if !slices.Equal(there, hosts[crowd/2:]) {
		t.Errorf("%d hosts stay, want the other %d", len(there), crowd-crowd/2)
	}
	for _, e := range objects(t, "journal", "-o", "json") {
		if e["state"] != "done" {
			t.Errorf("the journal has %v", e)
		}
	}
}

// serviceSize is how many values the service has.
func serviceSize(t *testing.T, s *sim.Sim) (n int) {
	t.Helper()
	z, err := s.World().Zone("unilans.net")
	if err != nil {
		t.Fatal(err)
	}
	z.View(func(tx *world.Tx) {
		if set := tx.Set(theV1, "SRV", ""); set != nil {
			n = len(set.Values)
		}
	})
	return n
}
