package wire

import (
	"context"
	"slices"
	"sync"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Scheduler decides when each name of its zones is queried, and keeps the latest answers. Visible and changing names
// are queried more often than the others. It is safe for concurrent use; only Run and the rounds take long.
type Scheduler struct {
	checker *Checker
	o       Options
	names   []string      // of the zones, sorted
	changed chan struct{} // something looks different; coalesced

	mu      sync.Mutex
	changes uint64 // increases with every change
	seq     uint64 // of the latest snapshot
	zones   map[string]*zoneSchedule
	visible map[nameType]bool
}

// nameType is one question: a name and a type.
type nameType struct{ name, typ string }

// NewScheduler returns a Scheduler for zones with these names. It does no I/O.
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

// Changed receives after States would return something that looks different; several changes may cause one receive.
func (s *Scheduler) Changed() <-chan struct{} { return s.changed }

// Changes returns a number that increases whenever States would return something that looks different.
func (s *Scheduler) Changes() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// SetSnapshot sets the snapshot whose names are queried. It ignores a snapshot that is older than the current one.
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

// Prioritize makes the names of these records, and no others, visible: they are queried first.
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

// AskAgain makes every name due now, visible ones first, and has the name servers of the zones found anew. A server that was
// paused because it did not answer is asked once more. Of names without an answer only the visible ones and one other are
// due, as ever.
func (s *Scheduler) AskAgain() {
	s.checker.askAgain()
	now := s.o.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, z := range s.zones {
		z.again = now
		z.wakeUp()
	}
}

// States returns the state of every name, including those not queried yet, and of the zones that were queried. The states must
// not be modified.
func (s *Scheduler) States() (names []*index.WireState, zones []index.WireZone) {
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

// noteChange records that something looks different. The lock is held.
func (s *Scheduler) noteChange() {
	s.changes++
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// recordAnswer stores the result for one name.
func (s *Scheduler) recordAnswer(zone string, r *Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.zones[zone].record(r) {
		s.noteChange()
	}
}

// recordZone stores the result for a zone.
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

// idlePause is the pause after a batch in which not every name was answered.
const idlePause = time.Second

// Run queries until ctx ends, with zones in parallel.
func (s *Scheduler) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, name := range s.names {
		wg.Go(func() { s.runZone(ctx, name) })
	}
}

// runZone queries the names of one zone repeatedly.
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
