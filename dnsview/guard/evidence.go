package guard

import (
	"net/netip"
	"slices"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// InstanceAnswer is what a cloud said just now when it was asked who it is and
// then for one instance by id.
type InstanceAnswer struct {
	Asked    bool
	Key      providers.CloudKey  // the key of the cloud that answered
	Gone     bool                // the cloud's own word
	NotFound bool                // the word was "not found", which a new instance gets too
	Instance *providers.Instance // when the cloud shows it
	Why      string              // why there is no answer
}

// Evidence is what the guards of one change are asked on. It is gathered
// afresh for every change.
type Evidence struct {
	Now   time.Time
	Fleet string
	Verb  index.Verb
	Age   time.Duration // how old a read may be
	Grace time.Duration // how old a marker must be

	View   *dnsview.View     // of reads made for this plan: every configured cloud, and the zone
	Change *providers.Change // what is to be done
	Reason dnsview.Class     // finding that the change is the remedy of; empty for an operator's own wish
	Undoes bool              // the change takes back one that the journal knows as done

	Answer   InstanceAnswer     // about the instance that the marker names
	Found    []providers.Record // the name and type of the record, read just before
	FoundErr error
	Looked   bool
	// Beside is what ReadsBeside names, read just before; BesideErr says why there is none.
	Beside    []providers.Record
	BesideErr error

	// Holders are elastic addresses and network interfaces that clouds named when they were asked, just before, who has
	// an address of LeadsTo; HoldersErr says which cloud did not answer.
	Holders    []providers.Address
	HoldersErr error

	Own providers.OwnWrites // the markers that the journal has written last

	// Removing are the records that this plan takes out, or has taken out already.
	Removing map[providers.Identity]bool
	// Hosts are host names that SRV values lead to which this plan removes, or an earlier one has removed.
	Hosts map[string]bool

	// Strands are the SRV values of others that the plan knows to lead to the name and nowhere else.
	Strands []string

	Owned     int // records of the zone that this fleet owns, or owned ten minutes ago
	Recent    int // deletes in this zone that the journal knows of in the last ten minutes
	RecentErr error
	Planned   int // deletes of this zone in this plan that pass all other guards
	Threshold float64
	From      int

	JournalErr error
}

// owner gives the owner that the change is about.
func (e *Evidence) owner() (providers.Owner, bool) {
	r := e.Change.Record()
	if r.IsMarker() {
		return index.OwnerInMarker(&r)
	}
	if o, ok := r.Owner(); ok {
		return o, true
	}
	if e.Change.Op == providers.OpUpdate { // an adoption
		return e.Change.After.Owner()
	}
	return providers.Owner{}, false
}

// since is when the marker of o was written, as far as can be known: see providers.ZoneView.MarkerSince.
func (e *Evidence) since(o providers.Owner) time.Time {
	r := e.Change.Record()
	if found, n := index.Find(e.Found, e.Change); n == 1 {
		r = *found
	}
	if e.View != nil {
		if z := e.View.Index.ZonesByName[r.Zone]; z != nil {
			return z.View.MarkerSince(&r, o, e.Own, !e.Answer.NotFound)
		}
	}
	return o.Registered
}

func (e *Evidence) cloudLabel(key providers.CloudKey) string {
	if e.View == nil {
		return "cloud " + index.Clean(string(key))
	}
	return e.View.Index.CloudLabel(key)
}

// addresses returns what the record leads to.
func (e *Evidence) addresses() (out []netip.Addr, known bool) {
	r := e.Change.Record()
	if e.View == nil {
		return nil, false
	}
	hosts, known := e.View.Index.AddressesOf(&r)
	if !known {
		// PTR, TXT and the like lead to no address.
		return nil, r.Type != "A" && r.Type != "AAAA" && r.Type != "SRV" && r.Type != "CNAME"
	}
	for _, h := range hosts {
		a, ok := h.Addr()
		if !ok {
			return nil, false
		}
		out = append(out, a)
	}
	return out, true
}

// LeadsTo returns the addresses whose holders have to be asked for before the change: those that a record of a dead
// owner leads to.
func (e *Evidence) LeadsTo() []netip.Addr {
	if ModeOf(e.Verb, e.Change) != ModeDead {
		return nil
	}
	addrs, _ := e.addresses()
	return addrs
}

// whyNoAddress says why it is not known what a record leads to, where the zone of its target is to blame.
func (e *Evidence) whyNoAddress() string {
	r := e.Change.Record()
	srv, ok := providers.ParseSRV(r.Value)
	if !ok || r.Type != "SRV" || e.View == nil {
		return ""
	}
	if z := e.View.Index.ZoneOf(srv.Target); z != nil && z.Why != "" {
		return ": " + z.Why
	}
	return ""
}

func (e *Evidence) holdsAny(i *providers.Instance) bool {
	addrs, known := e.addresses()
	if !known {
		return true
	}
	return slices.ContainsFunc(addrs, func(a netip.Addr) bool {
		return i.HasAddress(a) || e.View.Index.Holds(i, a)
	})
}
