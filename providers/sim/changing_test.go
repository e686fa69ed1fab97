package sim_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
)

func TestANodeThatJoinsOrLeavesDuringAReadLeavesTheReadComplete(t *testing.T) {
	// Before the answer of this number, counted over the pages of a list, a row goes from the first page and one comes at
	// the end.
	for n := range int64(5) {
		var asked, left atomic.Int64
		var change atomic.Value
		s := simtest.Start(t, sim.Options{Page: 9, Clock: providertest.NewClock(time.Now()).Clock, Requested: func(r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/machines") && !strings.HasSuffix(r.URL.Path, "/dns_records") && !strings.HasSuffix(r.URL.Path, "/rrset") {
				return
			}
			if asked.Add(1)-1 == n && left.Add(-1) >= 0 {
				change.Load().(func())()
			}
		}})
		clouds, zones := accounts(t, s)
		rowsOf(t, clouds, zones) // Route 53 is read side by side from the second time on
		w := s.World()
		during := func(f func()) {
			change.Store(f)
			asked.Store(0)
			left.Store(1)
		}
		must := func(err error) {
			if err != nil {
				t.Error(err)
			}
		}

		triton := clouds["joyent-east"]
		machines, _ := w.Instances("joyent-east", func(*world.Instance) bool { return true }, 0, 1000)
		during(func() {
			_, err := w.Launch("joyent-east", world.Instance{Name: "joins", Type: machines[0].Type, Image: machines[0].Image})
			must(err)
		})
		listed := map[string]bool{}
		cov := triton.Instances(t.Context(), func(p []providers.Instance) {
			for i := range p {
				listed[p[i].ID] = true
			}
		})
		if !cov.Complete() {
			t.Errorf("answer %d: a machine joins, and the list is %s: %v", n, cov.State, cov.Err)
		}
		for i := range machines {
			if machines[i].State != providers.StateTerminated && !listed[machines[i].ID] {
				t.Errorf("answer %d: %s is hidden", n, machines[i].ID)
			}
		}

		for name, a := range zones {
			z, err := providers.FindZone(t.Context(), a, name, providers.ZoneChoice{}, "")
			if err != nil {
				t.Fatal(err)
			}
			var before []providers.Record
			a.Records(t.Context(), z, func(p []providers.Record) { before = append(before, p...) })
			held := w.Zones(z.Provider)[0]
			gone := ""
			during(func() {
				_, err := held.Update(func(tx *world.Tx) error {
					if sets := tx.Sets(); len(sets) > 0 {
						gone = sets[5].Name
						tx.Delete(sets[5])
						tx.Put(&world.Set{Name: "zz-joins." + name, Type: "A", TTL: 60, Values: []string{"198.51.100.9"}})
						return nil
					}
					first := tx.Records()[2]
					gone = first.Name
					tx.RemoveRecord(first.ID)
					tx.AddRecord(&world.Record{Name: "zz-joins." + name, Type: "A", TTL: 60, Content: "198.51.100.9"})
					return nil
				})
				must(err)
			})
			now := map[providers.Identity]bool{}
			cov := a.Records(t.Context(), z, func(p []providers.Record) {
				for i := range p {
					now[p[i].Identity()] = true
				}
			})
			if z.Provider == providers.Cloudflare && !cov.Complete() {
				t.Errorf("answer %d: %s changes, and the list is %s: %v", n, name, cov.State, cov.Err)
			}
			for i := range before {
				if cov.Complete() && before[i].Name != gone && !now[before[i].Identity()] {
					t.Errorf("answer %d: %s is hidden", n, before[i].String())
				}
			}
		}
	}
}
