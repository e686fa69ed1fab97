package cli

import (
	"context"
	"fmt"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
)

// lookOnWire is look with the answers of the name servers: every name is queried once, and with settle again for as
// long as its servers may still be catching up. unknown means that some names got no answer; they are listed on stderr.
func (a *commands) lookOnWire(ctx context.Context, settle bool) (s *app.Session, v *dnsview.View, unknown bool, err error) {
	if s, v, err = a.look(ctx); err != nil {
		return nil, nil, false, err
	}
	s.Observer = s.NewRoundObserver()
	grace := time.Duration(0)
	if settle {
		grace = s.Config.Guards.WireGrace
	}
	if d := s.Observer.Wire.Estimate(v.Snapshot); d > app.OneShotTimeout {
		a.Say("rollcall: asking name servers for every name takes about %s", words.Short(d))
	}
	s.Observer.Wire.Round(ctx, v.Snapshot, grace)
	if err := ctx.Err(); err != nil {
		return nil, nil, false, fmt.Errorf("stopped: %w", err)
	}
	lines, unknown := s.Observer.UnaskedLines()
	for _, l := range lines {
		a.Say("rollcall: %s", l)
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

// look starts a one-shot command: it reads every source once, concurrently and within a limit, and reports the
// incomplete ones.
func (a *commands) look(ctx context.Context) (*app.Session, *dnsview.View, error) {
	s, v, err := a.RefreshOnce(ctx)
	if err == nil {
		a.tellShortfalls(s, v)
	}
	return s, v, err
}

// lookToChange is look for commands that change what this fleet owns.
func (a *commands) lookToChange(ctx context.Context) (*app.Session, *dnsview.View, error) {
	s, v, err := a.look(ctx)
	if err != nil {
		return nil, nil, err
	}
	return s, v, s.NeedFleet()
}

// tellShortfalls reports the sources that were not read completely.
func (a *commands) tellShortfalls(s *app.Session, v *dnsview.View) {
	for _, l := range shortfalls(v.Snapshot, s.Program.Now(), s.StaleAfter()) {
		a.Say("rollcall: %s", l)
	}
	if err := s.RangesErr(); err != nil {
		a.Say("rollcall: %s", words.Clean(err.Error()))
	}
}
