package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/team"
)

// TeamState is what this rollcall knows of its team. Its texts are not clean.
type TeamState struct {
	Members []team.Member // the others that are here
	// Open are changes of others that the journal has begun and not ended, without those of Members.
	Open []journal.Entry
	// Unfinished are drains of members that are gone.
	Unfinished []journal.Unfinished
	Away       error // why the store cannot be used now, or nil
	Waiting    int   // snoozes and notes on this machine that the store does not have yet
}

// workBoard is what this rollcall changes now.
type workBoard struct {
	mu       sync.Mutex
	presence *team.Presence
	work     map[int]team.Work
	last     int
	running  bool // RunPresence shows it
	latest   *TeamState
}

// presence returns the presence of this rollcall in its team, or nil without a team.
func (s *Session) presence() *team.Presence {
	if s.Config.Team.Store() == "" {
		return nil
	}
	w := &s.work
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.presence == nil {
		w.presence = team.NewPresence(s.Program.TeamStore(s.Config), Who(), s.Program.Clock)
	}
	return w.presence
}

// RunPresence shows to the team that this console runs, and reads who else is here, until ctx ends. It calls changed after
// each read. Every half minute it asks the store for: the list of members, the write of its own object, the next object
// of the journal, and the snoozes and notes if they have changed; the last two every ten seconds. It returns at once without a team.
func (s *Session) RunPresence(ctx context.Context, changed func()) {
	p := s.presence()
	if p == nil {
		return
	}
	s.work.mu.Lock()
	s.work.running = true
	s.work.mu.Unlock()
	p.Run(ctx, func(ctx context.Context) {
		s.SyncShared(ctx)
		if s.Program.WritesNothing() {
			_ = p.Read(ctx) // it is tried again
		} else {
			_ = p.Sync(ctx) // p has the error
		}
		s.noteTeam(p)
		changed()
	}, func(ctx context.Context) { s.look(ctx, p, changed) })
}

// look reads the next object of the journal, and the snoozes and notes if they have changed: two calls that mostly find
// nothing new. It calls changed if there is something.
func (s *Session) look(ctx context.Context, p *team.Presence, changed func()) {
	before := s.teamVersion()
	s.SyncShared(ctx)
	s.noteTeam(p)
	if s.teamVersion() != before {
		changed()
	}
}

// teamVersion is what was read of the team's store.
type teamVersion struct {
	journal uint64
	board   int
	away    bool
}

func (s *Session) teamVersion() (v teamVersion) {
	if j, err := s.OpenJournal(); err == nil {
		v.journal, v.away = j.LastObject(), j.Away() != nil
	}
	if b := s.openBoard(); b != nil {
		_, v.board = b.Annotations()
	}
	return v
}

// WakePresence has RunPresence read and write at once.
func (s *Session) WakePresence() {
	if p := s.presence(); p != nil {
		p.Wake()
	}
}

// noteTeam makes the latest state of the team.
func (s *Session) noteTeam(p *team.Presence) {
	t := &TeamState{Members: p.Members(), Away: p.Away()}
	if b := s.openBoard(); b != nil {
		waiting, err := b.Away()
		t.Waiting = waiting
		if t.Away == nil {
			t.Away = err
		}
	}
	if j, err := s.OpenJournal(); err == nil && t.Away == nil { // a store that does not answer now is not waited for twice
		open, drains, err := j.UnderWay()
		t.Away = j.Away()
		s.reportNotices(j)
		s.readChanged(j)
		if err == nil {
			t.Open = openOfOthers(open, j.Writer(), t.Members, s.Program.Now())
		}
		if err == nil && t.Away == nil {
			own := func(u journal.Unfinished) bool { return u.Writer == j.Writer() } // it was stopped here, where r goes on with it
			t.Unfinished = ofGone(slices.DeleteFunc(drains, own), t.Members, s.Program.Now())
		}
	}
	s.work.mu.Lock()
	s.work.latest = t
	s.work.mu.Unlock()
}

// ReadChanged has the sources read soon that other members have changed.
func (s *Session) ReadChanged() {
	j, err := s.OpenJournal()
	if err != nil {
		return
	}
	if j.ReadNew() == nil {
		s.readChanged(j)
	}
}

// readChanged has the sources read soon that other members have changed by what was read of the journal, but for those
// whose rows a watch of the team publishes, which does the same. A source is read at most twice as often as without changes.
func (s *Session) readChanged(j *journal.Journal) {
	changed := j.Changed()
	if len(changed) == 0 || s.Fleet == nil {
		return
	}
	stale, now := s.Fleet.NotFresh(), s.Program.Now()
	var names []string
	add := func(name string, read time.Time) {
		if now.Sub(read) >= s.Config.Refresh/2 && slices.Contains(stale, name) {
			names = append(names, name)
		}
	}
	own := s.Fleet.Own()
	for i := range own.Clouds {
		c := &own.Clouds[i]
		if key := cmp.Or(c.Coverage.Key, c.Cloud.Key); key != "" && slices.Contains(changed, journal.Changed{Cloud: key}) {
			add(c.Cloud.Name, c.Coverage.Started)
		}
	}
	for i := range own.Zones {
		z := &own.Zones[i]
		if slices.Contains(changed, journal.Changed{Zone: providers.CanonicalName(z.Zone.Name)}) {
			add(z.Zone.Name, z.Coverage.Started)
		}
	}
	s.Fleet.ReadSoon(names...)
}

// Team returns the latest state of the team, or nil if it was not read. It returns at once.
func (s *Session) Team() *TeamState {
	s.work.mu.Lock()
	defer s.work.mu.Unlock()
	return s.work.latest
}

// openOfOthers returns the open entries of writers that are neither this one nor among members, without old ones: their
// writers have died.
func openOfOthers(entries []journal.Entry, own string, members []team.Member, now time.Time) (open []journal.Entry) {
	for i := range entries {
		e := &entries[i]
		if e.State == journal.Begun && e.Writer != own && e.Age(now) < journal.SilentAfter && !isWriterOf(members, e.Writer) {
			open = append(open, *e)
		}
	}
	return open
}

func isWriterOf(members []team.Member, writer string) bool {
	return slices.ContainsFunc(members, func(m team.Member) bool { return m.Writer != "" && m.Writer == writer })
}

// withoutWorkOfOthers returns the drains of stopped rollcalls that no other member works on.
func (s *Session) withoutWorkOfOthers(drains []journal.Unfinished) ([]journal.Unfinished, error) {
	p := s.presence()
	if p == nil {
		return drains, nil
	}
	if err := p.Read(context.Background()); err != nil {
		return nil, err // who is here is not known
	}
	return ofGone(drains, p.Members(), s.Program.Now()), nil
}

// ofGone returns the drains that no member works on. Those of other machines have ended in order, or are old enough that their open entries
// would be looked up. Of this machine the journal knows at once who works on a node, so its members, some of whom may have died since they were
// here, are not asked.
func ofGone(drains []journal.Unfinished, members []team.Member, now time.Time) []journal.Unfinished {
	_, host, _ := strings.Cut(Who(), "@")
	elsewhere := slices.DeleteFunc(slices.Clone(members), func(m team.Member) bool {
		_, itsHost, _ := strings.Cut(m.Who, "@")
		return itsHost == host
	})
	return slices.DeleteFunc(slices.Clone(drains), func(u journal.Unfinished) bool {
		_, itsHost, _ := strings.Cut(u.Who, "@")
		young := itsHost != host && now.Sub(u.Stored) < journal.SilentAfter
		return !u.Ended && (young || isWriterOf(elsewhere, u.Writer)) || worksOn(elsewhere, u.Instance)
	})
}

func worksOn(members []team.Member, ref providers.InstanceRef) bool {
	for i := range members {
		for k := range members[i].Work {
			if slices.ContainsFunc(members[i].Work[k].Instances, func(r providers.InstanceRef) bool { return r.Key == ref.Key && r.ID == ref.ID }) {
				return true
			}
		}
	}
	return false
}

// Working shows to the team what this rollcall changes, until the returned function is called. event takes the events of
// the change. A command, which has no console, is seen from its first wait on. Without a team nothing is done.
func (s *Session) Working(verb index.Verb, refs []providers.InstanceRef, text string) (event func(apply.Event), done func()) {
	p := s.presence()
	if p == nil {
		return func(apply.Event) {}, func() {}
	}
	w := &s.work
	now := team.Work{What: doing(verb), Text: text, Since: s.Program.Now(), Instances: refs}
	w.mu.Lock()
	if w.work == nil {
		w.work = map[int]team.Work{}
	}
	w.last++
	id := w.last
	w.work[id] = now
	command := !w.running
	w.mu.Unlock()
	s.showWork(p)
	var all sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	event = func(ev apply.Event) {
		until := time.Time{}
		switch {
		case ev.Kind == apply.EventWaiting:
			until = ev.At.Add(ev.Left)
		case ev.Kind != apply.EventEnded:
			return
		}
		if until.Sub(now.Until).Abs() <= 2*time.Second {
			return // the same wait
		}
		now.Until = until
		w.mu.Lock()
		w.work[id] = now
		w.mu.Unlock()
		s.showWork(p)
		if command && ev.Kind == apply.EventWaiting {
			command = false
			all.Go(func() { p.Run(ctx, func(ctx context.Context) { _ = p.Sync(ctx) }, nil) }) // it is not needed for the change
		}
	}
	return event, func() {
		w.mu.Lock()
		delete(w.work, id)
		w.mu.Unlock()
		s.showWork(p)
		cancel()
		all.Wait()
	}
}

// showWork passes on what this rollcall changes.
func (s *Session) showWork(p *team.Presence) {
	w := &s.work
	w.mu.Lock()
	var work []team.Work
	for _, one := range w.work {
		work = append(work, one)
	}
	w.mu.Unlock()
	slices.SortFunc(work, func(a, b team.Work) int { return a.Since.Compare(b.Since) })
	writer := ""
	s.opening.Lock()
	if s.journal != nil {
		writer = s.journal.Writer()
	}
	s.opening.Unlock()
	p.SetWork(writer, work)
}

// doing returns a verb as what goes on.
func doing(v index.Verb) string {
	if v == index.VerbPower {
		return "starting or stopping"
	}
	return strings.TrimSuffix(string(v), "e") + "ing"
}
