package cli

import (
	"context"
	"fmt"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
)

// readWire is read with the answers of the name servers. Every name is queried once; with follow, names whose servers
// disagree are queried again until guards.wire has passed. unknown means that some names got no answer; stderr lists
// them.
func (a *commands) readWire(ctx context.Context, follow bool) (s *app.Session, v *dnsview.View, unknown bool, err error) {
	if s, v, err = a.read(ctx); err != nil {
		return nil, nil, false, err
	}
	s.Observer = s.NewRoundObserver()
	grace := time.Duration(0)
	if follow {
		grace = s.Config.Guards.WireGrace
	}
	if d := s.Observer.Wire.Estimate(v.Snapshot); d > app.OneShotTimeout {
		a.Logf("rollcall: asking name servers for every name takes about %s", words.Short(d))
	}
	s.Observer.Wire.Round(ctx, v.Snapshot, grace)
	if err := context.Cause(ctx); err != nil {
		return nil, nil, false, fmt.Errorf("stopped: %w", err)
	}
	lines, unknown := s.Observer.UnaskedLines()
	for _, l := range lines {
		a.Logf("rollcall: %s", l)
	}
	if a.Now().Sub(v.Snapshot.Taken) < s.StaleAfter()/2 {
		return s, s.Update(v.Snapshot), unknown, nil
	}
	// The answers took so long that the sources must be read again.
	if v, err = s.Refresh(ctx); err != nil {
		return nil, nil, false, err
	}
	return s, v, unknown, nil
}

// read reads every source once, concurrently and within a limit, for a one-shot command. It reports the incomplete ones
// on stderr.
func (a *commands) read(ctx context.Context) (*app.Session, *dnsview.View, error) {
	s, v, err := a.RefreshOnce(ctx)
	if err == nil {
		a.reportShortfalls(s, v)
	}
	return s, v, err
}

// readToShow is read for a command that only displays rows: what a watch of the team has published lately is not read
// again.
func (a *commands) readToShow(ctx context.Context) (*app.Session, *dnsview.View, error) {
	s, v, err := a.RefreshToShow(ctx)
	if err == nil {
		a.reportShortfalls(s, v)
	}
	return s, v, err
}

// readToChange is read for commands that change what this fleet owns. It is an error if there is no fleet id.
func (a *commands) readToChange(ctx context.Context) (*app.Session, *dnsview.View, error) {
	s, v, err := a.read(ctx)
	if err != nil {
		return nil, nil, err
	}
	return s, v, s.NeedFleet()
}

// reportShortfalls reports the sources that were not read completely.
func (a *commands) reportShortfalls(s *app.Session, v *dnsview.View) {
	for _, l := range shortfalls(v.Snapshot, s.Program.Now(), s.StaleAfter()) {
		a.Logf("rollcall: %s", l)
	}
	if err := s.RangesErr(); err != nil {
		a.Logf("rollcall: %s", words.Clean(err.Error()))
	}
}
