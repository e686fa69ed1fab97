package wire

import (
	"context"
	"slices"
	"sync"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Scheduler decides when each name of some zones is asked for, and keeps the latest answers.
// What is on the screen, and what is on the move, is asked for more often than the rest. It is
// safe for concurrent use; none of its methods takes long but Run and the rounds.
type Scheduler struct {
	checker *Checker
	o       Options
	names   []string      // of the zones, sorted
	changed chan struct{} // something looks different now; coalesced

	mu      sync.Mutex
	changes uint64 // grows with every change
	seq     uint64 // of the latest snapshot
	zones   map[string]*zoneSchedule
	visible map[nameType]bool
}

// nameType is one question: a name and a type.
type nameType struct{ name, typ string }

// NewScheduler makes a Scheduler for zones of these names. It does no I/O.
func NewScheduler(zones []string, o Options) *Scheduler {
	s := &Scheduler{checker: New(o), changed: make(chan struct{}, 1), zones: map[string]*zoneSchedule{}}
	s.o = s.checker.o
	for _, name := range zones {
		name = providers.CanonicalName(name)
		s.zones[name] = newZoneSchedule()
		s.names = append(s.names, name)
	}
	slices.Sort(s.names)
	return s
}

// Changed receives a value after States would return something that looks different; it is
// coalesced.
func (s *Scheduler) Changed() <-chan struct{} { return s.changed }

// Changes returns a number that grows whenever States would return something that looks different.
func (s *Scheduler) Changes() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// SetSnapshot has the names of a snapshot asked for from now on. A snapshot that is older than
// one before changes nothing.
func (s *Scheduler) SetSnapshot(snap *providers.Snapshot) {
	now := s.o.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if snap.Seq < s.seq {
		return
	}
	s.seq = snap.Seq
	for i := range snap.Zones {
		z := &snap.Zones[i]
		if a := s.zones[providers.CanonicalName(z.Zone.Name)]; a != nil {
			a.setRecords(z, s.names, now)
		}
	}
}

// Prioritize has the names of these records, and of no others, asked for first.
func (s *Scheduler) Prioritize(records []providers.Identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.visible = make(map[nameType]bool, len(records))
	for i := range records {
		r := &records[i]
		s.visible[nameType{providers.CanonicalName(r.Name), r.Type}] = true
		if z := s.zones[providers.CanonicalName(r.Zone)]; z != nil {
			z.wakeUp()
		}
	}
}

// States returns what is known of every name, also that it was not asked for yet, and what is
// known of the zones that were asked.
func (s *Scheduler) States() (names []index.WireState, zones []index.WireZone) {
	now := s.o.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range s.names {
		z := s.zones[name]
		if z.state.Zone != "" {
			zones = append(zones, z.state)
		}
		names = z.states(names, now)
	}
	return names, zones
}

// noteChange notes that something looks different now. The lock is held.
func (s *Scheduler) noteChange() {
	s.changes++
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// recordAnswer keeps what the servers said of one name.
func (s *Scheduler) recordAnswer(zone string, r *Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.zones[zone].record(r) {
		s.noteChange()
	}
}

// recordZone keeps what the servers of a zone are.
func (s *Scheduler) recordZone(zone string, r *ZoneResult) {
	s.mu.Lock()
	defer s.mu.Unlock()
	z := s.zones[zone]
	old := z.state
	z.state = r.View()
	if old.State != z.state.State || old.Reason != z.state.Reason || !slices.Equal(old.Problems, z.state.Problems) ||
		old.Confirmed != z.state.Confirmed || !slices.Equal(old.Unresolved, z.state.Unresolved) {
		s.noteChange()
	}
}

// idlePause is the pause after a go in which not every name was answered.
const idlePause = time.Second

// Run asks until ctx ends, zones side by side.
func (s *Scheduler) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, name := range s.names {
		wg.Go(func() { s.runZone(ctx, name) })
	}
}

// runZone goes through the names of one zone, again and again.
func (s *Scheduler) runZone(ctx context.Context, name string) {
	for ctx.Err() == nil {
		s.mu.Lock()
		z := s.zones[name]
		zone := z.zone
		questions, wait := z.due(s.visible, s.o.Now())
		s.mu.Unlock()
		if len(questions) == 0 && wait > 0 {
			select {
			case <-time.After(wait):
			case <-z.wake:
			case <-ctx.Done():
			}
			continue
		}
		got := 0
		r := s.checker.Check(ctx, zone, questions, func(r Result) {
			got++
			s.recordAnswer(name, &r)
		})
		if ctx.Err() != nil {
			return
		}
		s.recordZone(name, &r)
		if got < len(questions) && s.o.Sleep(ctx, idlePause) != nil {
			return
		}
	}
}
