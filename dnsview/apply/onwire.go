package apply

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"rollcall/dnsview"
	"rollcall/providers"
)

// awaitWire waits, within bounds, until the authoritative servers answer as the
// changes made so far want it.
func (r *run) awaitWire(ctx context.Context) {
	e := r.engine
	pending := r.asked
	r.asked = map[string][]providers.Change{}
	if e.o.Wire == nil {
		return
	}
	type subject struct{ zone, name, typ string }
	groups := map[subject][]providers.Change{}
	for zone, changes := range pending {
		for _, c := range changes {
			rec := c.Record()
			if rec.IsMarker() || rec.Proxied || c.After.Proxied || c.Op == providers.OpUpdate && providers.FoldValue(c.Before.Type, c.Before.Value) == providers.FoldValue(c.After.Type, c.After.Value) {
				continue // a proxied name answers with the proxy's addresses
			}
			k := subject{zone, rec.Name, rec.Type}
			groups[k] = append(groups[k], c)
		}
	}
	var g errgroup.Group
	g.SetLimit(atOnce)
	for k, changes := range groups {
		t := e.zone(k.zone)
		g.Go(func() error {
			text := r.watchName(ctx, t, k.name, k.typ, changes)
			r.telling.Lock()
			for i := range r.report.Steps {
				s := &r.report.Steps[i]
				if s.Step.Change == nil || s.State != StepDone || s.Already {
					continue
				}
				if rec := s.Step.Change.Record(); rec.Name == k.name && rec.Type == k.typ && s.Step.Zone == k.zone {
					s.Wire = text
				}
			}
			r.telling.Unlock()
			r.emit(Event{Kind: EventWire, Text: text})
			return nil
		})
	}
	_ = g.Wait() // what could not be asked stands in the report
}

func (r *run) watchName(ctx context.Context, t *ZoneTarget, name, typ string, changes []providers.Change) string {
	e := r.engine
	what := dnsview.Clean(name) + " " + typ
	deadline := e.o.Now().Add(e.o.WireWait)
	for {
		values, err := e.o.Wire.Values(ctx, t.Zone, name, typ)
		switch {
		case err != nil:
			return "the authoritative servers could not be asked for " + what + ": " + dnsview.Clean(err.Error())
		case answered(values, typ, changes):
			return "the authoritative servers show the change of " + what
		case !e.o.Now().Before(deadline):
			return fmt.Sprintf("the authoritative servers do not show the change of %s yet, after %s", what, e.o.WireWait)
		}
		if e.o.Sleep(ctx, 250*time.Millisecond) != nil {
			return "the authoritative servers did not show the change of " + what + " yet when the run was stopped"
		}
	}
}

// answered reports whether an answer shows all changes of a name.
func answered(values []string, typ string, changes []providers.Change) bool {
	there := map[string]bool{}
	for _, v := range values {
		there[providers.FoldValue(typ, v)] = true
	}
	want := map[string]bool{}
	for _, c := range changes {
		if c.Op != providers.OpCreate {
			want[providers.FoldValue(typ, c.Before.Value)] = false
		}
		if c.Op != providers.OpDelete {
			want[providers.FoldValue(typ, c.After.Value)] = true
		}
	}
	for v, w := range want {
		if there[v] != w {
			return false
		}
	}
	return true
}
