package guard

import (
	"net/netip"
	"slices"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// InstanceAnswer is the answer of a cloud that was just asked for its account and for one instance by id.
type InstanceAnswer struct {
	Asked    bool                // a configured cloud could be asked
	Key      providers.CloudKey  // the key of the cloud that answered
	Gone     bool                // the cloud says that the instance does not exist any more
	NotFound bool                // "not found", which is also the answer for an instance that is too new; with Gone false it proves nothing
	Instance *providers.Instance // nil when the cloud does not show it
	Why      string              // why there is no answer; empty when there is one
}

// Needed is what an undo or a redo needs of the instance of the record that it creates.
type Needed int

// What may be needed.
const (
	NeedsNothing  Needed = iota
	NeedsInstance        // that it is not gone: a marker marks it alone
	NeedsRunning         // that it runs, and has the address: it is put into DNS, and was not taken out as dead; see index.Verb.PutsBackNodes
)

// Evidence is the input of the guards of one change. It is gathered anew for every change; the guards do not modify it.
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
	Needs  Needed            // what it then needs of the instance

	Answer   InstanceAnswer     // about the instance that the marker names
	Found    []providers.Record // the name and type of the record, read just before
	FoundErr error
	Reread   bool // Found was read; without it the guards that need it are unproven
	// Related are the records at the name of RelatedRecords, read just before; RelatedErr says why there are none.
	Related    []providers.Record
	RelatedErr error

	// Holders are the elastic addresses and network interfaces with one of AddressesToVerify, asked for just before;
	// HoldersErr names the cloud that did not answer.
	Holders    []providers.Address
	HoldersErr error

	OwnWrites providers.OwnWrites // the markers that the journal has written last

	// Removing are the records that this plan removes or has removed.
	Removing map[providers.Identity]bool
	// Hosts are the targets of SRV values that this plan removes or an earlier one has removed.
	Hosts map[string]bool

	// Joining are the nodes that, by the plan, come into DNS at the service of the record before the change; of a dry check
	// only, since a run finds them there.
	Joining int

	// Strands are SRV values of other owners, and aliases, that, by the plan, lead only to the name of the record.
	Strands []string

	Owned      int // records of the zone that this fleet owns, or owned ten minutes ago
	Recent     int // deletes in this zone that the journal knows of in the last ten minutes
	RecentErr  error
	Missing    error   // why Recent and Owned may lack deletes of these ten minutes: the journal has lost entries
	Planned    int     // deletes of this zone in this plan that pass all other guards
	Threshold  float64 // share of Owned that may go within ten minutes
	KeepsNames bool    // no typed text lets the last value of a name go, whatever the name is
	From       int     // Threshold counts for zones with at least this many owned records

	OneText string // the one text that answers the guards of an evacuation or a replacement, see plan.Plan.Confirm

	JournalErr error // why the journal cannot be written to; nil when it can
	// JournalAway is the place of the team's store that does not answer, if that is what JournalErr says.
	JournalAway string
	// JournalUnsigned is the author as whom no entry can be signed, if that is what JournalErr says.
	JournalUnsigned string
	// JournalLost means that the store of the team does not have the journal that this machine has read.
	JournalLost bool
}

// owner returns the owner that the change is about.
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

// since returns when the marker of o was written; see providers.ZoneView.MarkerSince.
func (e *Evidence) since(o providers.Owner) time.Time {
	r := e.Change.Record()
	if found, n := index.Find(e.Found, e.Change); n == 1 {
		r = *found
	}
	if e.View != nil {
		if z := e.View.Index.ZonesByName[r.Zone]; z != nil {
			return z.View.MarkerSince(&r, o, e.OwnWrites, !e.Answer.NotFound)
		}
	}
	return o.Registered
}

// cloudLabel returns the name of a cloud in the config, else its key.
func (e *Evidence) cloudLabel(key providers.CloudKey) string {
	if e.View == nil {
		return "cloud " + index.Clean(string(key))
	}
	return e.View.Index.CloudLabel(key)
}

// addresses returns the addresses that the record leads to. known is false if the evidence does not show them.
func (e *Evidence) addresses() (out []netip.Addr, known bool) {
	r := e.Change.Record()
	if e.View == nil {
		return nil, false
	}
	hosts, known := e.View.Index.AddressesOf(&r)
	if !known {
		// Other types, such as PTR and TXT, lead to no address.
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

// AddressesToVerify returns the addresses whose holders the clouds must be asked for before the change: those of a
// record that is removed as dead. For other changes it returns nil.
func (e *Evidence) AddressesToVerify() []netip.Addr {
	if ModeOf(e.Verb, e.Change) != ModeDead {
		return nil
	}
	addrs, _ := e.addresses()
	return addrs
}

// whyNoAddress returns why the addresses of a record are not known if the zone of its target is the cause, else "".
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

// holdsAny reports whether an instance holds an address that the record leads to, or may hold one.
func (e *Evidence) holdsAny(i *providers.Instance) bool {
	addrs, known := e.addresses()
	if !known {
		return true
	}
	return slices.ContainsFunc(addrs, func(a netip.Addr) bool {
		return i.HasAddress(a) || e.View.Index.Holds(i, a)
	})
}
