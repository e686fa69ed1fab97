package world

import (
	"errors"

	"rollcall/providers"
)

// ErrNoZone says that the world has no such zone.
var ErrNoZone = errors.New("no such zone")

// Zones lists the zones of one provider, or all when p is empty.
func (w *World) Zones(p providers.Provider) []*Zone {
	var out []*Zone
	for _, z := range w.zones {
		if p == "" || z.Provider == p {
			out = append(out, z)
		}
	}
	return out
}

// Zone finds a zone by its id or its name.
func (w *World) Zone(idOrName string) (*Zone, error) {
	for _, z := range w.zones {
		if z.ID == idOrName || providers.SameName(z.Name, idOrName) {
			return z, nil
		}
	}
	return nil, ErrNoZone
}

// ZoneOf finds the zone that a name lies in.
func (w *World) ZoneOf(name string) (*Zone, bool) {
	var best *Zone
	for _, z := range w.zones {
		if providers.InZone(name, z.Name) && (best == nil || len(z.Name) > len(best.Name)) {
			best = z
		}
	}
	return best, best != nil
}
