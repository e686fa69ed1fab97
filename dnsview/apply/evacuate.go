package apply

import (
	"time"

	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// evacuationWireWait limits how long an evacuation follows the name servers.
const evacuationWireWait = 2 * time.Minute

// wireWait returns how long to wait for the authoritative answers. An evacuation is done only when no server answers with
// its nodes any more.
func (r *run) wireWait() time.Duration {
	if r.plan.Evacuated != nil {
		return max(r.engine.o.WireWait, evacuationWireWait)
	}
	return r.engine.o.WireWait
}

// isEvacuated reports whether the plan evacuates the cloud with this name. It is not read for the guards, which do not
// need it (guard 12): it may take long to answer, or not answer at all.
func (r *run) isEvacuated(name string) bool {
	return r.plan.Evacuated != nil && r.plan.Evacuated.Cloud == name
}

// evacuationOf returns the marker of an evacuation that a record is.
func evacuationOf(rec *providers.Record) (o providers.Owner, ok bool) {
	if !rec.IsMarker() {
		return o, false
	}
	o, ok = index.OwnerInMarker(rec)
	return o, ok && o.Evacuates()
}

// isSameEvacuation reports whether two records of one name are markers of the evacuation of one cloud that say the same, but
// for since and until when.
func isSameEvacuation(a, b *providers.Record) bool {
	x, ok := evacuationOf(a)
	y, also := evacuationOf(b)
	return ok && also && a.Name == b.Name && providers.SameName(a.Zone, b.Zone) && x.Fleet == y.Fleet && x.Cloud == y.Cloud &&
		x.IsBefore() == y.IsBefore() && (!x.IsBefore() || x.Value == y.Value)
}

// checkEvacuated fails if a change marks a cloud as evacuated that another writer has marked since the plan was made.
func checkEvacuated(p *guard.Evidence) (index.GuardResult, bool) {
	if p.Change.Op != providers.OpCreate {
		return index.GuardResult{}, true
	}
	for i := range p.Found {
		there := &p.Found[i]
		if !isSameEvacuation(there, &p.Change.After) || keyOf(there) == keyOf(&p.Change.After) {
			continue
		}
		o, _ := evacuationOf(there)
		_, name, _ := providers.SplitMarkerName(there.Name)
		why := p.View.Index.CloudLabel(o.Cloud) + " is evacuated from " + index.Clean(name) + " already, since " + o.Registered.Local().Format("15:04:05")
		if until, _ := o.EvacuatedUntil(); !until.IsZero() {
			why += " until " + until.Local().Format("2006-01-02 15:04")
		}
		return index.GuardResult{Guard: index.GuardUnchanged, Why: why, Satisfy: "nothing: it is marked; evacuate it again with --for to change until when"}, false
	}
	return index.GuardResult{}, true
}
