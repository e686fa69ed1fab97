package dnsview

import (
	"slices"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// An alarm that earlier scans raised on complete evidence stands until it is known to be over: a source that fails
// afterwards takes its remedy away, not its class and severity. Options.Seen is what earlier scans established.

// whenOwnerIsSilent are the classes that can stand for a record whose owner's cloud shows nothing of it, worst first.
var whenOwnerIsSilent = []Finding{
	{Class: Dangling, Severity: Critical}, {Class: Dead, Severity: High}, {Class: Reused, Severity: High}, {Class: Moved, Severity: High}, {Class: Stopped, Severity: Medium},
}

// standing returns the finding as an earlier scan established it, uncertain now; false if none did, or if no source that it
// rests on lacks evidence.
func (in *inspector) standing(f Finding) (Finding, bool) {
	if !in.established(f) {
		return f, false
	}
	if f.Uncertain = in.lackingOf(&f); len(f.Uncertain) == 0 {
		return f, false
	}
	var from []string
	for _, b := range f.Uncertain {
		from = append(from, index.Clean(b.Source)+", "+in.lastRead(b.Source))
	}
	f.Would, f.Remedy, f.OneKey = "", NoRemedy, false
	f.Reason += doubtBegins + index.JoinWhys(from) + ")"
	return f, true
}

// whenGone are the classes of a record whose owner is gone; which it is depends on who has the address.
var whenGone = []Class{Dangling, Dead, Reused}

// established reports whether an earlier scan found what f says, or that its owner is gone, if f says so.
func (in *inspector) established(f Finding) bool {
	if in.readsSeen = true; len(in.Options.Seen) == 0 {
		return false
	}
	if _, ok := in.Options.Seen[f.Key()]; ok || !slices.Contains(whenGone, f.Class) {
		return ok
	}
	return slices.ContainsFunc(whenGone, func(c Class) bool {
		f.Class = c
		_, ok := in.Options.Seen[f.Key()]
		return ok
	})
}

// unsureTarget returns the zone of the target of an SRV record if it was not read completely, and an earlier scan established of
// the record what f says with that class; else nil. The rows that are left of the zone say then what the record led to.
func (in *inspector) unsureTarget(f Finding, r *providers.Record, c Class) *index.ZoneState {
	srv, _ := providers.ParseSRV(r.Value)
	z := in.ZoneOf(srv.Target)
	f.Class = c
	if z == nil || z.State == providers.CoverageComplete || !in.established(f) {
		return nil
	}
	return z
}

// addOwnerUnknown adds a finding of a record of whose owner this scan knows nothing, or what an earlier scan established of it.
func (in *inspector) addOwnerUnknown(f Finding) {
	in.readsSeen = true
	for _, was := range whenOwnerIsSilent {
		g := f
		g.Class, g.Severity = was.Class, was.Severity
		first, ok := in.Options.Seen[g.Key()]
		if !ok {
			continue
		}
		g.Reason = f.Record.Label() + " was found " + string(g.Class) + " by an earlier scan"
		g.Evidence = append(g.Evidence, Evidence{Source: "an earlier scan", Fact: "found it " + string(g.Class), At: first})
		if g, ok = in.standing(g); ok {
			in.add(g)
			return
		}
	}
	in.add(f)
}

// lackingOf returns the coverage of the sources that a finding rests on and that are not complete; of its cloud if all are,
// and what lacks is the cloud's word about one instance.
func (in *inspector) lackingOf(f *Finding) (out []index.Basis) {
	for _, b := range f.RestsOn {
		if b.State != providers.CoverageComplete && !slices.Contains(out, b) {
			out = append(out, b)
		}
	}
	if len(out) == 0 && f.Would == Dead {
		for _, b := range f.RestsOn {
			if b.Source == f.Cloud {
				out = append(out, b)
			}
		}
	}
	return out
}

// lastRead returns how old the rows of a cloud or zone are, such as "40 s"; of another source, that it does not answer.
func (in *inspector) lastRead(source string) string {
	age := func(from time.Time, state providers.CoverageState) string {
		if state == providers.CoverageComplete {
			in.Unsettled() // each read of it makes that another text
		}
		if from.IsZero() {
			return "never read"
		}
		return in.SinceRoughly(from)
	}
	for _, c := range in.Clouds {
		if c.Name == source {
			return age(c.View.RowsFrom, c.State)
		}
	}
	if z := in.ZonesByName[source]; z != nil {
		return age(z.View.RowsFrom, z.State)
	}
	return "no answer"
}
