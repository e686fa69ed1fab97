package watcher

import (
	"slices"
	"strings"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// resolved reports whether the absence of a finding means that it is resolved: this scan covered everything that the
// finding depends on.
func resolved(v *dnsview.View, r *rows.FindingObject) bool {
	for _, b := range r.RestsOn {
		zone, ofServers := strings.CutPrefix(b.Source, nameServersOf)
		switch {
		case ofServers && !recentlyAnswered(v, zone, r):
			return false
		case b.Source == healthCheck && !recentlyChecked(v, r):
			return false
		}
		i := slices.IndexFunc(v.Sources, func(s index.Basis) bool { return words.Clean(s.Source) == b.Source })
		if i >= 0 && v.Sources[i].State != providers.CoverageComplete {
			return false
		}
	}
	return true
}

// Other things that findings depend on beside sources; see dnsview.Basis.
const (
	nameServersOf = "name servers of "
	healthCheck   = "health check"
)

// recentlyAnswered reports whether the name servers of a zone have answered recently, and for the name of a finding.
func recentlyAnswered(v *dnsview.View, zone string, r *rows.FindingObject) bool {
	z := v.WireZone(zone)
	if z == nil || z.State != index.WireInSync {
		return false
	}
	if r.Class == string(dnsview.Unresolvable) && (len(z.Unresolved) > 0 || z.Resolving == 0) {
		return false
	}
	for _, w := range v.Options.Wire {
		if words.Clean(w.Name)+" "+w.Type == r.Name && (w.Silent() || w.State == index.WireWaiting) {
			return false
		}
	}
	return true
}

// recentlyChecked reports whether the node of a finding was checked recently, or no longer exists.
func recentlyChecked(v *dnsview.View, r *rows.FindingObject) bool {
	if r.Instance == nil {
		return true
	}
	for i := range v.Options.Health {
		if h := &v.Options.Health[i]; words.Clean(h.ID) == r.Instance.ID && words.Clean(h.Service) == r.Service {
			return true
		}
	}
	for c := range v.Snapshot.Clouds {
		for i := range v.Snapshot.Clouds[c].Instances {
			if inst := &v.Snapshot.Clouds[c].Instances[i]; words.Clean(inst.ID) == r.Instance.ID {
				return inst.State != providers.StateRunning
			}
		}
	}
	return true
}
