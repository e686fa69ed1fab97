package index

import (
	"time"

	"rollcall/providers"
)

// WireFresh is how long the answer of a name server says something of now. All
// names of a large zone take a while to ask without being a nuisance.
const WireFresh = 10 * time.Minute

// IsFresh reports whether what name servers answered at a time says something of now.
func (x *Index) IsFresh(at time.Time) bool { return !x.Passed(at.Add(WireFresh + 1)) }

// AddWire makes an answer easy to find from the records that it is about.
func (x *Index) AddWire(z *ZoneState, w *WireState) {
	if x.ByWire == nil {
		x.ByWire = make(map[*providers.Record]*WireState, len(x.Options.Wire))
	}
	for _, r := range z.Named(w.Name) {
		if r.Type == w.Type {
			x.ByWire[r] = w
		}
	}
}

// Threshold returns how many of the last how many checks have to pass, or else to fail: what is declared, otherwise 2 of 3, or all
// where more have to. The agents of new nodes have the same numbers.
func (h *Health) Threshold() (need, of int) {
	if of = h.Of; of <= 0 {
		of = max(3, h.Need)
	}
	if need = h.Need; need <= 0 {
		need = 2
	}
	return min(need, of), of
}

// Failing returns the service whose health check a node fails by an outcome, or nil.
func (x *Index) Failing(h *HealthState) *DeclaredService {
	s := x.ServicesByName[providers.CanonicalName(h.Service)]
	if s == nil || x.Outdated(s, h) {
		return nil
	}
	if need, _ := s.Health.Threshold(); h.Failed < need || h.Of-h.Failed >= need { // what passes counts first, as with the node agent
		return nil
	}
	return s
}

// Outdated reports whether the outcome of a health check says nothing of now any more.
func (x *Index) Outdated(s *DeclaredService, h *HealthState) bool {
	return x.Options.MaxAge > 0 && x.Passed(h.At.Add(max(x.Options.MaxAge, 3*s.Health.Interval)+1))
}

// MarkerSince is when the marker of o on r was written, as far as can be known: see providers.ZoneView.MarkerSince.
func (x *Index) MarkerSince(r *providers.Record, o providers.Owner, gone bool) time.Time {
	if z := x.ZonesByName[r.Zone]; z != nil {
		return z.View.MarkerSince(r, o, x.Options.Own, gone)
	}
	return o.Registered
}
