package watcher

import (
	"context"
	"errors"
	"sync"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/words"
	"rollcall/providers/reader"
)

// member is a watch as one of several of a team: of these the one that holds the lease reads the sources, publishes their
// rows and reports, and the others wait and show what it has published.
type member struct {
	s     *app.Session
	lease *reader.Lease
	rows  *app.RowPublisher
	logf  func(string, ...any)

	polled   time.Time
	looked   time.Time // at what other members have changed
	showing  bool      // published rows are shown
	reported string    // last error of publishing
}

// newMember returns nil without a team.
func newMember(a *app.Program, s *app.Session) *member {
	if !s.HasTeam() || a.WritesNothing() { // without a lease it reads and reports by itself
		return nil
	}
	store := a.TeamStore(s.Config)
	return &member{s: s, rows: s.NewRowPublisher(), logf: a.Logf, lease: reader.NewLease(reader.Options{
		Store: store, Who: app.WatchName(), Clock: a.Clock,
		Known: func() uint64 { return reader.Newest(context.Background(), store) },
		Log:   func(line string) { a.Logf("rollcall: %s", words.Clean(line)) },
	})}
}

// works reports whether this watch is the one that reads and reports.
func (m *member) works() bool {
	if m == nil {
		return true
	}
	state, _ := m.lease.State()
	return state != reader.Waiting
}

// begin shows what is published before the first read, so that a watch that waits reads nothing.
func (m *member) begin(ctx context.Context) {
	m.s.PollPublished(ctx)
	m.polled, m.showing = m.s.Program.Now(), true
}

// run takes part until ctx ends.
func (m *member) run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { m.lease.Run(ctx) })
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		m.step(ctx)
		select {
		case <-m.lease.Changes():
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (m *member) step(ctx context.Context) {
	state, _ := m.lease.State()
	if state == reader.Waiting {
		if now := m.s.Program.Now(); now.Sub(m.polled) >= m.s.Config.Refresh/3 {
			m.s.PollPublished(ctx)
			m.polled, m.showing = now, true
		}
		return
	}
	if m.showing {
		m.s.DropPublished() // from now on own reads only
		m.showing = false
	}
	number, ok := m.lease.Held()
	if !ok {
		return
	}
	if now := m.s.Program.Now(); now.Sub(m.looked) >= m.s.Config.Refresh/3 {
		m.looked = now
		m.s.ReadChanged() // the others show what is read here
	}
	err := m.rows.Publish(ctx, number)
	if newer, ok := errors.AsType[*reader.NewerError](err); ok {
		m.lease.Lost(newer.Number)
		return
	}
	if err != nil && ctx.Err() == nil && err.Error() != m.reported {
		m.logf("rollcall: %s", words.Clean(err.Error()))
	}
	m.reported = ""
	if err != nil {
		m.reported = err.Error()
	}
}
