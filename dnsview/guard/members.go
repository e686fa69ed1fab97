package guard

import (
	"slices"
	"strconv"
	"strings"

	"rollcall/dnsview/index"
	"rollcall/dnsview/services"
	"rollcall/providers"
)

// CheckMinimum is guard 7: the node of the entry is not alive, or its service keeps its minimum of live members. For
// the last value of a name, a person must type the name.
func (e *Evidence) CheckMinimum() index.GuardResult {
	const g = index.GuardMinimum
	r := e.Change.Record()
	alive := e.Answer.Instance != nil && e.Answer.Instance.State == providers.StateRunning
	if o, ok := e.owner(); ok && o.Host() {
		alive = true
	}
	if e.View == nil || e.FoundErr != nil || !e.Reread {
		return index.Unproven(g, "it is not known what else the name holds", "an answer from the DNS provider")
	}
	if e.evacuates() {
		return e.checkRemaining(&r)
	}
	why := "what is removed is not alive"
	if s := e.View.Index.ServicesByName[r.Name]; s != nil && alive && s.IsMemberValue(&r) {
		left := e.liveMembers(s) + e.Joining
		if left < s.Minimum {
			return index.Failed(g, index.Clean(r.Name)+" would keep "+index.Plural(left, "live member", "live members")+", and its minimum is "+strconv.Itoa(s.Minimum), "more nodes, or a lower minimum in the config")
		}
		why = index.Clean(r.Name) + " keeps " + index.Plural(left, "live member", "live members")
	}
	stay := e.Joining
	for i := range e.Found {
		f := &e.Found[i]
		if f.Name == r.Name && f.Type == r.Type && !e.Removing[f.Identity()] && f.Identity() != r.Identity() {
			stay++
		}
	}
	if stay == 0 && e.KeepsNames {
		return index.Failed(g, index.Clean(r.Name)+" would have no "+r.Type+" record any more, and a watch empties no name", "an operator who removes it")
	}
	if stay > 0 || r.Type == "PTR" || r.Type == "TXT" {
		return index.Passed(g, why)
	}
	if g := e.checkStranded(); !g.Pass {
		return g
	}
	if e.hostName(&r) {
		return index.Passed(g, why+"; the name is that of the node itself")
	}
	return index.GuardResult{Guard: g, Why: index.Clean(r.Name) + " would have no " + r.Type + " record any more", Satisfy: "type the name", Confirm: index.Clean(r.Name)}
}

// hostName reports whether a name is the host name of one node, which is removed with it, and not that of a service.
func (e *Evidence) hostName(r *providers.Record) bool {
	x := e.View.Index
	if x.ServicesByName[r.Name] != nil {
		return false
	}
	if e.Hosts[r.Name] {
		return true
	}
	if _, ok := x.Targets[r.Name]; ok {
		return true
	}
	o, ok := e.owner()
	if !ok {
		return false
	}
	first, _, _ := strings.Cut(r.Name, ".")
	if first == providers.CanonicalName(o.Instance) {
		return true
	}
	i := x.Instance(o.Cloud, o.Instance)
	return i != nil && first == index.HostLabel(i.Name) && first != ""
}

// liveMembers returns the number of live members that a service keeps: by the latest read for the record's name and
// type, and by the view for other records of the name.
func (e *Evidence) liveMembers(s *index.DeclaredService) int {
	x := e.View.Index
	r := e.Change.Record()
	var all []index.Member
	for n := range e.Found {
		if f := &e.Found[n]; f.Name == r.Name && f.Type == r.Type && s.IsMemberValue(f) {
			all = append(all, x.MemberOf(f))
		}
	}
	for _, m := range s.Records {
		if m.Record.Type != r.Type || m.Record.Zone != r.Zone {
			all = append(all, m)
		}
	}
	ms := services.MembershipOf(x, r.Name, all) // with what goes: it may say that a node was taken out
	ms.Records = slices.DeleteFunc(all, func(m index.Member) bool {
		return e.Removing[m.Record.Identity()] || m.Record.Identity() == r.Identity()
	})
	return len(ms.Live())
}

// CheckThreshold is guard 8: with the deletes of the last ten minutes, no more than a share of the zone's owned records
// is removed, unless a person types the count.
func (e *Evidence) CheckThreshold() index.GuardResult {
	const g = index.GuardThreshold
	zone := providers.CanonicalName(e.Change.Record().Zone)
	var z *index.ZoneState
	if e.View != nil {
		z = e.View.Index.ZonesByName[zone]
	}
	switch {
	case z == nil || z.State != providers.CoverageComplete:
		return index.Unproven(g, "it is not known how many records "+index.Clean(zone)+" holds", "a complete read of "+index.Clean(zone))
	case e.RecentErr != nil:
		return index.Unproven(g, "it is not known what went in the last ten minutes: "+index.ErrorText(e.RecentErr), "a journal that can be read")
	case e.Missing != nil:
		return index.GuardResult{
			Guard: g, NoEvidence: true, Satisfy: "type the number of entries that this plan removes from the zone", Confirm: strconv.Itoa(e.Planned),
			Why: "it is not known what went in the last ten minutes, since the journal has lost entries of them: " + index.Clean(e.Missing.Error()),
		}
	}
	base := e.Owned
	total := e.Recent + e.Planned
	allowed := max(0, int(e.Threshold*float64(base)))
	switch {
	case base < e.From:
		return index.Passed(g, "the zone has only "+index.Plural(base, "owned record", "owned records"))
	case total <= allowed:
		return index.Passed(g, strconv.Itoa(total)+" of "+index.Plural(base, "owned record", "owned records")+" in ten minutes, and "+strconv.Itoa(allowed)+" may go")
	}
	return index.GuardResult{
		Guard: g, Satisfy: "type the number of entries that this plan removes from the zone", Confirm: strconv.Itoa(e.Planned),
		Why: strconv.Itoa(total) + " of " + index.Plural(base, "owned record", "owned records") + " would go within ten minutes, and " + strconv.Itoa(allowed) + " is the most",
	}
}

// CheckJournal is guard 9: the journal can be written.
func (e *Evidence) CheckJournal() index.GuardResult {
	switch {
	case e.JournalErr != nil && e.JournalAway != "":
		return index.GuardResult{
			Guard: index.GuardJournal, Why: index.ErrorText(e.JournalErr), Confirm: e.JournalAway, NoEvidence: true,
			Satisfy: "type the place of the store: changes are then journalled on this machine, without what others do meanwhile, and join the journal of the team when it answers again",
		}
	case e.JournalErr != nil && e.JournalUnsigned != "":
		return index.GuardResult{
			Guard: index.GuardJournal, Why: index.Clean(e.JournalErr.Error()), Confirm: e.JournalUnsigned, NoEvidence: true,
			Satisfy: "let the ssh-agent sign, or type the author: the change is then journalled without a signature, and rollcall journal --verify counts it",
		}
	case e.JournalErr != nil && e.JournalLost:
		return index.Unproven(index.GuardJournal, index.Clean(e.JournalErr.Error()), "the store with the objects that it had, or, if the journal was begun anew on purpose, rollcall team set-aside")
	case e.JournalErr != nil:
		return index.Unproven(index.GuardJournal, index.Clean(e.JournalErr.Error()), "a journal that can be written to")
	}
	return index.Passed(index.GuardJournal, "the journal can be written to")
}
