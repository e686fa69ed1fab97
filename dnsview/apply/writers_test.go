package apply_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/sim/world"
)

func TestTwoRollcallsAndTheAgentsOfTheirNodesLoseNobodyAndTouchNothingOfAStranger(t *testing.T) {
	t.Parallel()
	const seed = 4
	s := newScene(t)
	began := time.Now()
	var operators [2]*operator
	for n, c := range s.consoles {
		operators[n] = &operator{scene: s, n: n, c: c, rng: rand.New(rand.NewPCG(seed, uint64(n))), hosts: map[string]intent{}}
		operators[n].look()
	}
	stop := make(chan struct{})
	var writers, sky sync.WaitGroup
	sky.Go(func() { s.weather(rand.New(rand.NewPCG(seed, 2)), stop) })
	for _, o := range operators {
		writers.Go(func() { o.work(operations * consoleShare / 100) })
	}
	writers.Go(func() { s.machines(rand.New(rand.NewPCG(seed, 3)), operations*machinesShare/100) })
	writers.Go(func() { s.stranger(rand.New(rand.NewPCG(seed, 4)), operations*strangerShare/100) })
	writers.Wait()
	close(stop)
	sky.Wait()
	t.Log(s.report(time.Since(began)))

	s.rest(operators)
	s.agents.wait() // from here on nothing is written any more
	s.checkNodes()
	s.checkHosts(operators)
	s.checkStranger()
	s.checkJournals()
	s.checkLosses()
}

// rest lets everything come to rest: no faults, no machine on its way, every host decided, and what the
// consoles find carried out until they find nothing more.
func (s *scene) rest(operators [2]*operator) {
	t := s.t
	for range 200 {
		before := len(s.switches)
		s.startOne(nil)
		s.world().Wake()
		time.Sleep(5 * time.Millisecond)
		moving := 0
		for _, c := range s.world().Clouds() {
			_, n := s.world().Instances(c.Name, func(i *world.Instance) bool {
				return i.State != providers.StateRunning && i.State != providers.StateTerminated
			}, 0, 1)
			moving += n
		}
		if moving == 0 && before == len(s.switches) {
			break
		}
	}
	time.Sleep(2 * time.Second / speed * 5) // the last agents
	s.agents.wait()
	for _, o := range operators {
		for id, state := range o.hosts {
			if state != unclear {
				continue
			}
			k := 0
			for _, d := range id[len(providers.HostPrefix)+1:] {
				k = 10*k + int(d-'0')
			}
			if !o.handle(id, k, k%3 > 0) && !(o.handle(id, k, false) && o.handle(id, k, k%3 > 0)) {
				t.Errorf("%s can neither join nor leave", id)
			}
		}
	}
	c := s.consoles[0]
	for range 60 {
		s.clk.Advance(3 * time.Minute) // no marker is too young any more
		v := c.look()
		if !v.Complete() {
			continue
		}
		var kinds [][]*dnsview.Finding
		at := map[dnsview.Remedy]int{}
		for i := range v.Findings {
			f := &v.Findings[i]
			if f.Remedy == dnsview.NoRemedy || f.Remedy == dnsview.RemedyAdopt || f.Remedy == dnsview.RemedyReturn { // what was taken out on purpose stays out
				continue
			}
			if _, ok := at[f.Remedy]; !ok {
				at[f.Remedy] = len(kinds)
				kinds = append(kinds, nil)
			}
			kinds[at[f.Remedy]] = append(kinds[at[f.Remedy]], f)
		}
		if len(kinds) == 0 && !slices.ContainsFunc(v.Findings, func(f dnsview.Finding) bool { return f.Class == dnsview.OrphanMarker }) {
			return
		}
		for _, some := range kinds {
			p := plan.ForFindings(v, some...)
			var typed []string
			for range 3 { // with the names typed, more go than were counted
				asks := c.run(p, typed...).Asks()
				for _, a := range asks {
					typed = append(typed, a.Text)
				}
				if len(asks) == 0 {
					break
				}
			}
		}
	}
	v := c.look()
	for i := range v.Findings {
		if f := &v.Findings[i]; f.Remedy != dnsview.NoRemedy && f.Remedy != dnsview.RemedyAdopt && f.Remedy != dnsview.RemedyReturn || f.Class == dnsview.OrphanMarker {
			p := plan.ForFindings(v, f)
			t.Errorf("it does not come to rest: %s, %s: %s\n%s%s", f.Class, f.Remedy, f.Reason, outcomeText(c.run(p)), s.past(f.Record))
		}
	}
}

// past returns as text all that was ever done to a record and its markers, and to the records that lead to it.
func (s *scene) past(r *providers.Record) string {
	if r == nil {
		return ""
	}
	s.mu.Lock()
	history := slices.Clone(s.history)
	s.mu.Unlock()
	acts := s.agents.past()
	var b strings.Builder
	owner, owned := r.Owner()
	about := func(v world.ZoneValue) bool {
		return owned && strings.HasPrefix(v.Name, owner.Instance+"."+providers.MarkerLabel+".") || v.Name == r.Name || strings.HasSuffix(v.Name, "."+providers.MarkerLabel+"."+r.Name) || strings.HasSuffix(v.Value, " "+r.Name+".") || strings.Contains(v.Value, " "+r.Name+`"`)
	}
	for i := range history {
		c := &history[i]
		text := ""
		for _, v := range c.Removed {
			if about(v) {
				text += "\n     - " + v.Name + " " + v.Type + " " + v.Value
			}
		}
		for _, v := range c.Added {
			if about(v) {
				text += "\n     + " + v.Name + " " + v.Type + " " + v.Value
			}
		}
		if text == "" {
			continue
		}
		fmt.Fprintf(&b, "   %s %s (the stranger's: %t)%s\n", c.At, c.ID, s.theirs[c.ID], text)
		for n, console := range s.consoles {
			for _, e := range console.entries() {
				if e.Change != nil && e.Zone == c.Zone && during(&e, c.At) && e.State != journal.Refused {
					fmt.Fprintf(&b, "       console %d, %s %s: %s (%s)\n", n, e.Verb, e.State, e.Sentence, e.Note)
				}
			}
		}
		for _, a := range acts {
			if !c.At.Before(a.from) && !c.At.After(a.to) && strings.Contains(text, a.id) {
				fmt.Fprintf(&b, "       agent of %s, up %t: %v\n", a.id, a.up, a.err)
			}
		}
	}
	return b.String()
}
