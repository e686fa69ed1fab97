package apply_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// operations is how many operations the writers carry out together.
var operations = providertest.Amount(10_000, 1_000, 250)

// The shares of the operations, in hundredths: of each console, of those who launch and switch machines
// off, and of a stranger who has records of his own.
const (
	consoleShare  = 20
	machinesShare = 30
	strangerShare = 30
)

// scene is two rollcalls of one fleet, the agents of its nodes, an operator who launches and ends machines, and a
// stranger, all at the same zones.
type scene struct {
	*rig
	agents   *agents
	consoles [2]*console

	progress atomic.Int64 // operations of both consoles
	stormy   atomic.Bool  // faults are switched on and off

	mu       sync.Mutex
	intents  map[string]intent // by instance: what the console that has a say about it wants of it
	doubts   map[string]int    // by instance: how often that became unclear
	history  []world.ZoneChange
	theirs   map[string]bool // ids of changes that the stranger made
	strange  map[string]world.ZoneValue
	strays   map[string]world.ZoneValue // records with an address of a node, entered by hand
	switches map[string][]flip          // by instance: when it went down and came up
	address  map[netip.Addr]string      // who has, or had, an address
	names    map[string]string          // instance by name
	count    map[string]int             // operations by kind
	played   map[world.FaultKind]int
}

// intent is what became of the last wish of a console about a node.
type intent string

const (
	wantsIn  intent = "in"
	wantsOut intent = "out"
	unclear  intent = "unclear" // it did not succeed as a whole
)

// flip is a moment from which a node is up, or going down.
type flip struct {
	at time.Time
	up bool
}

const speed = 20 // times faster than the real clock

func newScene(t *testing.T) *scene {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	s := &scene{
		theirs: map[string]bool{}, strange: map[string]world.ZoneValue{}, strays: map[string]world.ZoneValue{}, switches: map[string][]flip{},
		address: map[netip.Addr]string{}, names: map[string]string{}, count: map[string]int{}, played: map[world.FaultKind]int{},
		intents: map[string]intent{}, doubts: map[string]int{},
	}
	clk := providertest.NewFastClock(time.Now().Truncate(time.Second), speed)
	s.agents = newAgents(clk)
	s.rig = startRig(t, sim.Options{
		Instances: 24, Delays: world.Delays{Boot: time.Second, Agent: time.Second, Stop: time.Second, Forget: 5 * time.Minute, Propagate: time.Second},
		Node: s.agents.play,
		Changed: func(c world.ZoneChange) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.history = append(s.history, c)
		},
	}, clk)
	s.agents.meet(s.sim)
	for _, c := range s.world().Clouds() {
		page, _ := s.world().Instances(c.Name, nil, 0, 0)
		for _, i := range page {
			s.know(&i)
			s.switched(i.ID, i.State == providers.StateRunning)
		}
	}
	s.foreign(sdZone, func(tx *world.Tx) world.ZoneValue {
		tx.Put(&world.Set{Name: "alias." + sdZone, Type: "A", Alias: &world.Alias{Zone: "Z35SXDOTRQ7X7K", Name: "front.elb.example.com."}})
		return world.ZoneValue{Name: "alias." + sdZone, Type: "A", Value: "front.elb.example.com.", Alias: true}
	})
	for n := range s.consoles {
		c := s.console(0)
		c.opts.Guards = apply.Guards{Age: time.Minute, Grace: 2 * time.Minute, Threshold: 0.9}
		s.consoles[n] = c
	}
	return s
}

// know notes whose an address and a name are.
func (s *scene) know(i *world.Instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names[i.Name] = i.ID
	if i.Public.IsValid() {
		s.address[i.Public] = i.ID
	}
}

// foreign makes a change as the stranger, and notes what the zone holds of it now.
func (s *scene) foreign(zone string, change func(tx *world.Tx) world.ZoneValue) {
	z := s.zone(zone)
	var now world.ZoneValue
	id, err := z.Update(func(tx *world.Tx) error { now = change(tx); return nil })
	if err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.theirs[id] = true
	if now.Type != "" {
		s.strange[zone+" "+now.Name+" "+now.Type+" "+now.Value] = now
	}
}

// forget notes that the stranger has taken a value back.
func (s *scene) forget(zone string, v world.ZoneValue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.strange, zone+" "+v.Name+" "+v.Type+" "+v.Value)
}

func (s *scene) did(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count[what]++
}

// switched notes that a node goes down from now on, or is up.
func (s *scene) switched(id string, up bool) {
	at := s.clk.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.switches[id] = append(s.switches[id], flip{at, up})
}

// doubt notes that it is not clear any more what is wanted of a node. It returns how often that was so.
func (s *scene) doubt(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intents[id] = unclear
	s.doubts[id]++
	return s.doubts[id]
}

// intend notes what is wanted of a node, unless there was a doubt about it since the one that is given.
func (s *scene) intend(id string, want intent, since int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.doubts[id] == since {
		s.intents[id] = want
	}
}

// wished lists the nodes of one console about which anything was ever wanted.
func (s *scene) wished(console int) (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.intents {
		if half(id) == console {
			ids = append(ids, id)
		}
	}
	return ids
}

// keepPace makes a quick operator wait for the consoles.
func (s *scene) keepPace(done, of int) {
	for int64(done)*int64(2*operations*consoleShare/100) > s.progress.Load()*int64(of)+int64(of)*20 {
		time.Sleep(time.Millisecond)
	}
}

// weather switches faults of all sources until stop is closed.
func (s *scene) weather(rng *rand.Rand, stop <-chan struct{}) {
	bad := []world.FaultKind{
		world.Latency, world.Throttle, world.ServerError, world.Reset, world.LostReply, world.LostReply, world.ShortPage, world.EmptyPage, world.Stale, world.Stale,
		world.PageLoop, world.EmptyBody, world.ProxyPage, world.Unreachable, world.AuthError, world.Conflict,
	}
	sources := s.world().Sources()
	s.stormy.Store(true)
	defer s.stormy.Store(false)
	for {
		select {
		case <-stop:
			s.fault(world.NoFault, "all")
			return
		case <-time.After(20 * time.Millisecond):
		}
		k := world.NoFault
		if rng.IntN(3) == 0 {
			k = bad[rng.IntN(len(bad))]
			s.mu.Lock()
			s.played[k]++
			s.mu.Unlock()
		}
		s.fault(k, sources[rng.IntN(len(sources))])
	}
}

// running lists the nodes of services that run, in a fixed order.
func (s *scene) running() (out []providers.InstanceRef, nodes map[string]world.Instance) {
	nodes = map[string]world.Instance{}
	for _, c := range s.world().Clouds() {
		page, _ := s.world().Instances(c.Name, func(i *world.Instance) bool {
			return i.State == providers.StateRunning && (i.Tags["service"] == "www" || i.Tags["service"] == "theservice")
		}, 0, 0)
		for _, i := range page {
			s.know(&i)
			out = append(out, providers.InstanceRef{Cloud: c.Name, Key: c.Key, ID: i.ID, Name: i.Name})
			nodes[i.ID] = i
		}
	}
	slices.SortFunc(out, func(a, b providers.InstanceRef) int { return strings.Compare(a.ID, b.ID) })
	return out, nodes
}

// half says which console has a say about a node: what both wish at once would be no one's wish.
func half(id string) int {
	n := 0
	for _, c := range []byte(id) {
		n += int(c)
	}
	return n % 2
}

func (s *scene) report(took time.Duration) string {
	acts := len(s.agents.past())
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	total, calls, throttles, failures := 0, int64(0), int64(0), int64(0)
	for _, k := range slices.Sorted(maps.Keys(s.count)) {
		fmt.Fprintf(&b, " %s %d,", k, s.count[k])
		total += s.count[k]
	}
	faults := 0
	for _, n := range s.played {
		faults += n
	}
	for _, c := range s.consoles {
		for _, a := range c.budgets {
			st := a.State()
			calls, throttles, failures = calls+st.Calls, throttles+st.Throttles, failures+st.Failures
		}
	}
	return fmt.Sprintf("%d operations in %s:%s %d acts of agents; %d faults switched on; %d calls of the consoles, %d throttled, %d failed; %d changes of zones",
		total, took.Round(time.Second), b.String(), acts, faults, calls, throttles, failures, len(s.history))
}

// quick skips a drain's wait at once.
func quick() <-chan struct{} {
	c := make(chan struct{}, 1)
	c <- struct{}{}
	return c
}

// inspectNow is the console's view of what its fleet knows.
func (c *console) inspectNow() *dnsview.View { return c.inspect(c.fleet.Snapshot()) }
