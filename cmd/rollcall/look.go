package main

import (
	"context"
	"fmt"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
)

// lookOnWire is look with the word of the name servers: every name is asked for
// once, and with settle again as long as its servers may still be catching up.
// unknown says that some names got no answer; they are named on stderr.
func (a *commands) lookOnWire(ctx context.Context, settle bool) (s *session, v *dnsview.View, unknown bool, err error) {
	if s, v, err = a.look(ctx); err != nil {
		return nil, nil, false, err
	}
	s.observer = s.newRoundObserver()
	grace := time.Duration(0)
	if settle {
		grace = s.config.Guards.WireGrace
	}
	if d := s.observer.wire.Estimate(v.Snapshot); d > patience {
		a.say("rollcall: asking name servers for every name takes about %s", words.Short(d))
	}
	s.observer.wire.Round(ctx, v.Snapshot, grace)
	if err := ctx.Err(); err != nil {
		return nil, nil, false, fmt.Errorf("stopped: %w", err)
	}
	lines, unknown := s.observer.unaskedLines()
	for _, l := range lines {
		a.say("rollcall: %s", l)
	}
	if a.now().Sub(v.Snapshot.Taken) < s.staleAfter()/2 {
		return s, s.update(v.Snapshot), unknown, nil
	}
	// The answers took so long that the sources are to be read again.
	if v, err = s.refresh(ctx); err != nil {
		return nil, nil, false, err
	}
	return s, v, unknown, nil
}

// look is what one-shot commands begin with: every source is read once, side by side,
// and given up after a while. Sources that are not complete are reported.
func (a *commands) look(ctx context.Context) (*session, *dnsview.View, error) {
	s, v, err := a.lookInSilence(ctx)
	if err == nil {
		a.tellShortfalls(s, v)
	}
	return s, v, err
}

// lookToChange is look for who is about to change what this fleet owns.
func (a *commands) lookToChange(ctx context.Context) (*session, *dnsview.View, error) {
	s, v, err := a.look(ctx)
	if err != nil {
		return nil, nil, err
	}
	return s, v, s.needFleet()
}

// tellShortfalls reports the sources that were not read completely.
func (a *commands) tellShortfalls(s *session, v *dnsview.View) {
	for _, l := range shortfalls(v.Snapshot, s.app.now(), s.staleAfter()) {
		a.say("rollcall: %s", l)
	}
	if r, failed := rangesRow(s); failed {
		a.say("rollcall: %s", *r.Error)
	}
}
