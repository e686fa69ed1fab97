package world

import (
	"errors"
	"slices"
	"strings"
	"time"

	"rollcall/providers"
)

// ErrNoZone means that there is no such zone.
var ErrNoZone = errors.New("no such zone")

// VPC is a network in which a private zone is served.
type VPC struct{ ID, Region string }

// ZoneSpec describes a new zone.
type ZoneSpec struct {
	Name        string // canonical
	Provider    providers.Provider
	NameServers []string // canonical; empty for the provider's default
	VPCs        []VPC    // of a private zone of Route 53; empty for a public zone
	Comment     string
	Reference   string // CallerReference
	Pending     bool   // not delegated yet; delegated after Delays.Delegate
}

// Zones returns the zones of one provider, or all if p is empty, in order of creation.
func (w *World) Zones(p providers.Provider) []*Zone {
	var out []*Zone
	for _, z := range w.allZones() {
		if p == "" || z.Provider == p {
			out = append(out, z)
		}
	}
	return out
}

// allZones returns the current list of zones. The caller must not modify it.
func (w *World) allZones() []*Zone { return *w.zones.Load() }

// Zone returns a zone by its id or name.
func (w *World) Zone(idOrName string) (*Zone, error) {
	for _, z := range w.allZones() {
		if z.ID == idOrName || providers.SameName(z.Name, idOrName) {
			return z, nil
		}
	}
	return nil, ErrNoZone
}

// ZoneOf returns the public zone that contains a name. Of several zones of one name it is the first, to whose servers
// the name is delegated.
func (w *World) ZoneOf(name string) (*Zone, bool) {
	var best *Zone
	for _, z := range w.allZones() {
		if !z.Private && providers.InZone(name, z.Name) && (best == nil || len(z.Name) > len(best.Name)) {
			best = z
		}
	}
	return best, best != nil
}

// AddZone adds a zone. A Route 53 zone starts with its SOA and NS record sets.
func (w *World) AddZone(spec ZoneSpec) *Zone {
	w.lock()
	defer w.unlock()
	z := w.newZone(spec)
	if z.Provider == providers.Route53 {
		ns := make([]string, len(z.NameServers))
		for i, n := range z.NameServers {
			ns[i] = n + "."
		}
		z.sets = []*Set{
			{Name: z.Name, Type: "NS", TTL: 172800, Values: ns},
			{Name: z.Name, Type: "SOA", TTL: 900, Values: []string{ns[0] + " hostmaster." + z.Name + ". 1 7200 900 1209600 86400"}},
		}
		z.serve(map[string]bool{z.Name: true})
	}
	if spec.Pending {
		z.pending = true
		w.after(w.delays.Delegate, func() { z.pending = false })
	}
	return z
}

// newZone adds an empty zone. The caller holds the lock.
func (w *World) newZone(spec ZoneSpec) *Zone {
	id := strings.ReplaceAll(w.uuid(), "-", "")
	if spec.Provider == providers.Route53 {
		id = "Z" + strings.ToUpper(id[:19])
	}
	if len(spec.NameServers) == 0 {
		spec.NameServers = usualServers(spec.Provider, w.madeZones)
	}
	z := &Zone{
		w: w, Name: spec.Name, ID: id, Provider: spec.Provider, NameServers: spec.NameServers, Private: len(spec.VPCs) > 0,
		Comment: spec.Comment, Reference: spec.Reference, Created: w.clock.Now(), vpcs: spec.VPCs, serial: 2026110100, number: w.madeZones,
		served: map[string]map[string]ServedSet{}, below: map[string]int{}, changes: map[string]time.Time{},
	}
	w.madeZones++
	all := append(slices.Clone(w.allZones()), z)
	w.zones.Store(&all)
	return z
}

// usualServers returns the names of the servers of a provider's nth zone. Each public zone of Route 53 has its own.
func usualServers(p providers.Provider, n int) []string {
	if p == providers.Cloudflare {
		return []string{"ada.ns.example-cloudflare.net", "bob.ns.example-cloudflare.net"}
	}
	digit := string(rune('0' + n%10))
	return []string{"ns-11" + digit + ".awsdns-12.example.com", "ns-71" + digit + ".awsdns-24.example.net"}
}

// RemoveZone removes a zone. Its name servers no longer answer for it.
func (w *World) RemoveZone(z *Zone) error {
	w.lock()
	defer w.unlock()
	i := slices.Index(w.allZones(), z)
	if i < 0 {
		return ErrNoZone
	}
	all := slices.Delete(slices.Clone(w.allZones()), i, i+1)
	w.zones.Store(&all)
	return nil
}

// VPCs returns the networks in which a private zone is served.
func (z *Zone) VPCs() []VPC {
	z.w.lock()
	defer z.w.unlock()
	return slices.Clone(z.vpcs)
}

// SetVPCs sets the networks in which a private zone is served.
func (z *Zone) SetVPCs(vpcs []VPC) {
	z.w.lock()
	defer z.w.unlock()
	z.vpcs = vpcs
}
