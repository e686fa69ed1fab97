package guard

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// CheckCoverage is guard 1: every configured cloud was just read completely.
func (e *Evidence) CheckCoverage() index.GuardResult {
	const g = index.GuardCoverage
	if e.View == nil || len(e.View.Index.Clouds) == 0 {
		return index.Unproven(g, "no cloud is configured, so nothing is known of what runs", "configure the clouds of this fleet")
	}
	if e.evacuates() {
		return e.checkEvacuated()
	}
	oldest := time.Duration(0)
	// A configured cloud is named before one that left the config, because credentials of another account cause both.
	clouds := slices.Clone(e.View.Index.Clouds)
	slices.SortStableFunc(clouds, func(a, b *index.CloudState) int {
		switch {
		case a.View.Unconfigured == b.View.Unconfigured:
			return 0
		case a.View.Unconfigured:
			return 1
		}
		return -1
	})
	for _, cs := range clouds {
		age := cs.View.Coverage.Age(e.Now)
		switch {
		case cs.State != providers.CoverageComplete:
			return index.Unproven(g, cs.Why, "a complete read of "+cs.Name)
		case age > e.Age:
			return index.Unproven(g, cs.Name+" was read "+index.Ago(age)+" ago, and "+index.Ago(e.Age)+" is the most", "a fresh read of "+cs.Name)
		}
		oldest = max(oldest, age)
	}
	return index.Passed(g, index.Plural(len(e.View.Index.Clouds), "cloud was", "clouds were")+" read completely, the oldest "+index.Ago(oldest)+" ago")
}

// CheckInstance is guard 3: the instance was just asked for by its id, at the cloud with the key in the marker. For an
// entry that is removed as dead it must be gone, or stopped without the address. For one that is taken out of DNS an
// answer is enough. For one that is written the instance must run and have the address.
func (e *Evidence) CheckInstance() index.GuardResult {
	const g = index.GuardInstance
	mode := ModeOf(e.Verb, e.Change)
	o, ok := e.owner()
	r := e.Change.Record()
	switch {
	case e.evacuates():
		return index.Passed(g, claimsNothing)
	case r.IsMarker() && e.Needs != NeedsNothing: // o is the owner that it names
	case mode == ModeWrite && (!ok || r.IsMarker() || (e.Undoes || o.Quiesced) && e.Needs == NeedsNothing):
		return index.Passed(g, "no instance has to be there for this")
	case e.Undoes && !ok:
		return index.Passed(g, "it belongs to no instance")
	case ok && o.Host() && mode == ModeDead:
		return index.Failed(g, index.ShortID(o.Instance)+" joined by hand, and no cloud can say that it is gone", "let it leave with rollcall service leave")
	case mode == ModeLeave:
		return index.Passed(g, index.ShortID(o.Instance)+" joined by hand, and leaving is its own wish")
	case ok && o.Host():
		return index.Passed(g, index.ShortID(o.Instance)+" joined by hand")
	case mode == ModeWrite:
		o, _ = e.Change.After.Owner()
	}
	a := e.Answer
	where := e.cloudLabel(o.Cloud)
	switch {
	case !a.Asked:
		return index.Unproven(g, strings.TrimSpace("no cloud could be asked for "+index.ShortID(o.Instance)+" "+a.Why), "the cloud with key "+index.Clean(string(o.Cloud))+", configured and reachable")
	case a.Key != o.Cloud:
		return index.Unproven(g, "the credentials of "+where+" belong to another account now", "credentials of the account with key "+index.Clean(string(o.Cloud)))
	case a.Why != "":
		return index.Unproven(g, where+" gave no answer about "+index.ShortID(o.Instance)+": "+a.Why, "an answer from "+where)
	}
	if a.NotFound && !a.Gone {
		return index.Unproven(g, where+" "+providers.NotSeen, "its answer that "+index.ShortID(o.Instance)+" is gone, or credentials that see it")
	}
	dead := a.Gone || a.Instance != nil && a.Instance.State.Dead()
	if !dead && a.Instance == nil {
		return index.Unproven(g, where+" gave no answer about "+index.ShortID(o.Instance), "an answer from "+where)
	}
	switch {
	case e.Needs == NeedsInstance && dead:
		return index.Failed(g, where+" says that "+index.ShortID(o.Instance)+" is gone, and its value is not in DNS, so the marker would mark nothing", "")
	case e.Needs == NeedsInstance:
		return index.Passed(g, where+" shows "+index.ShortID(o.Instance)+" as "+index.Clean(string(a.Instance.State))+" just now")
	case mode == ModeWrite:
		return e.checkServes(where, o, dead)
	case dead && a.NotFound && e.Now.Sub(e.since(o)) < e.Grace:
		return index.Unproven(g, where+" does not find "+index.ShortID(o.Instance)+", but it was registered only "+index.Ago(e.Now.Sub(e.since(o)))+" ago and may be too new to be found", "wait until the marker is "+index.Ago(e.Grace)+" old")
	case dead:
		return index.Passed(g, where+" says just now that "+index.ShortID(o.Instance)+" is gone")
	case mode == ModeTakeOut:
		return index.Passed(g, where+" shows "+index.ShortID(o.Instance)+" as "+index.Clean(string(a.Instance.State))+" just now")
	case a.Instance.State == providers.StateStopped && !e.holdsAny(a.Instance):
		return index.Passed(g, index.ShortID(o.Instance)+" is stopped and does not have the address any more")
	}
	return index.Failed(g, where+" shows "+index.ShortID(o.Instance)+" as "+index.Clean(string(a.Instance.State))+" just now", "quiesce or drain it to take it out")
}

// checkServes requires that the instance of a record that is written runs and has the address.
func (e *Evidence) checkServes(where string, o providers.Owner, dead bool) index.GuardResult {
	const g = index.GuardInstance
	i := e.Answer.Instance
	switch {
	case dead:
		return index.Failed(g, where+" says that "+index.ShortID(o.Instance)+" is gone", "")
	case i.State != providers.StateRunning:
		return index.Failed(g, where+" shows "+index.ShortID(o.Instance)+" as "+index.Clean(string(i.State))+", not running", "start it")
	}
	if a, ok := e.Change.After.Addr(); ok && !i.HasAddress(a) {
		if h, _ := e.View.Index.HolderOf(a); h.Instance == nil || h.Instance.ID != i.ID || e.View.Index.KeyOf(h.Instance) != o.Cloud {
			return index.Failed(g, index.ShortID(o.Instance)+" does not have "+a.String()+" now", "")
		}
	}
	return index.Passed(g, where+" shows "+index.ShortID(o.Instance)+" as running just now")
}

// hasAddress reports whether an owner has an address, as its cloud has just answered, or else as it was read. Another node
// may have it too: private addresses of one cloud are given in others as well.
func (e *Evidence) hasAddress(o providers.Owner, a netip.Addr) bool {
	x := e.View.Index
	if i := cmp.Or(e.Answer.Instance, x.Instance(o.Cloud, o.Instance)); i != nil && !i.State.Dead() && i.HasAddress(a) {
		return true
	}
	h, _ := x.HolderOf(a)
	return h.Instance != nil && h.Instance.ID == o.Instance && x.KeyOf(h.Instance) == o.Cloud
}

// CheckAddress is guard 4: the address is in no inventory of a cloud and on no allow-list. For an entry that is taken
// out of DNS, it may be its own node's.
func (e *Evidence) CheckAddress() index.GuardResult {
	const g = index.GuardAddress
	addrs, known := e.addresses()
	if !known {
		return index.Unproven(g, "it cannot be told from here which address it leads to"+e.whyNoAddress(), "a complete read of the zone of its target")
	}
	o, _ := e.owner()
	own := ModeOf(e.Verb, e.Change) == ModeTakeOut
	mine := false
	var typed *index.GuardResult
	r := e.Change.Record()
	if e.HoldersErr != nil {
		return index.Unproven(g, "who has the address is not known: "+index.Clean(e.HoldersErr.Error()), "an answer from the cloud")
	}
	for _, a := range addrs {
		h, held := e.View.Index.HolderOf(a)
		if n := slices.IndexFunc(e.Holders, func(h providers.Address) bool { return h.IP == a }); n >= 0 && !held {
			return index.Failed(g, a.String()+" belongs to "+index.AddressLabel(&e.Holders[n])+", which its cloud names when it is asked for the address, and whose list leaves it out", "look again: the entry is reused")
		}
		if own && (o.Host() || e.hasAddress(o, a) || held && h.Address != nil && h.Address.Instance == o.Instance ||
			held && e.evacuates() && e.cloudOf(h) == o.Cloud) { // in an evacuation, whichever of its cloud's nodes has the address
			mine = true
			continue
		}
		if held {
			what := ""
			if h.Instance != nil {
				what = index.Label(h.Instance)
			} else {
				what = index.AddressLabel(h.Address)
			}
			switch {
			case h.Instance == nil && h.Address.Instance == o.Instance:
				return index.Failed(g, a.String()+" belongs to "+what+", which is left of the owner", "wait until it is released")
			case !e.View.Index.HeldByNoNode(h, &r) && own && r.Type == "SRV" && (e.Reason == dnsview.Reused || e.Reason == dnsview.Stopped):
				// A host name may have several addresses. One that another node has does not keep this value.
				typed = &index.GuardResult{
					Guard: g, Why: a.String() + " belongs to " + what + ", and clients would not come to it by this entry any more",
					Satisfy: "type the name of the entry, or retarget its host name", Confirm: index.Clean(r.Name),
				}
			case !e.View.Index.HeldByNoNode(h, &r):
				return index.Failed(g, a.String()+" belongs to "+what, "retarget the entry instead")
			case e.Reason != dnsview.Reused:
				return index.Failed(g, a.String()+" belongs to "+what, "look again: the entry is reused now")
			case typed == nil:
				typed = &index.GuardResult{
					Guard: g, Why: a.String() + " belongs to " + what + ", which is no running node of " + index.Clean(cmp.Or(e.View.Index.ServiceOf(&r), r.Name)) + " or is there already, and clients would not come to it by this entry any more",
					Satisfy: "type the name of the entry", Confirm: index.Clean(r.Name),
				}
			}
			continue
		}
		if other := e.ofUnread(a); other != nil {
			return index.Failed(g, a.String()+" is that of "+other.Label()+", which belongs to a node of "+e.cloudLabel(other.Owners[0].Cloud), "a complete read of that cloud")
		}
		if p, ok := e.View.Index.Allowed(a); ok {
			return index.Failed(g, a.String()+" is on the allow-list ("+p.String()+")", "take it off the allow-list")
		}
	}
	switch {
	case typed != nil:
		return *typed
	case len(addrs) == 0:
		return index.Passed(g, "it leads to no address")
	case mine:
		return index.Passed(g, "the address is the node's own")
	}
	return index.Passed(g, addrs[0].String()+" is in no inventory")
}
