package dnsview

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/providers"
)

// GuardMode says which form of the guards a change must pass.
type GuardMode int

// The modes. Whatever takes a value out of DNS is guarded; what adds or
// changes one only has to be true.
const (
	ModeWrite   GuardMode = iota // create, or an update that keeps the node in DNS
	ModeMarker                   // removal of a marker record, which no one resolves
	ModeDead                     // removal of an entry as dead
	ModeTakeOut                  // removal of an entry whose node may be alive: quiesce, drain, undo of a create
	// ModeLeave is the removal of what a host that joined by hand takes back
	// itself. It rests on no cloud, and on nothing but the host's own wish.
	ModeLeave
	ModeRetire // removal of what belongs to an incarnation and to none of its nodes
)

// ModeOf returns the form in which a change of a plan is guarded. The update that
// announces a quiesce is guarded like the removal that it begins.
func ModeOf(verb Verb, c *providers.Change) GuardMode {
	r := c.Record()
	switch {
	case c.Op == providers.OpDelete && r.IsMarker():
		return ModeMarker
	case c.Op == providers.OpDelete && verb == VerbDeregister:
		return ModeDead
	case leaves(verb, c):
		return ModeLeave
	case retires(verb, c):
		return ModeRetire
	case c.Op == providers.OpDelete, c.Op == providers.OpUpdate && !quiesced(&c.Before) && quiesced(&c.After):
		return ModeTakeOut
	}
	return ModeWrite
}

// AsksAbout names the instance whose state the guards of a change need, by its
// marker. ok is false when they need none, as for a host that joined by hand.
func AsksAbout(verb Verb, c *providers.Change) (o providers.Owner, ok bool) {
	r := c.Record()
	if c.Op != providers.OpDelete {
		r = c.After
	}
	if r.IsMarker() {
		// What a quiesced node has left is forgotten only when the node is gone.
		o, ok = ownerInMarker(&r)
		return o, ok && verb == VerbDeregister && o.Quiesced && !o.Host()
	}
	o, ok = r.Owner()
	return o, ok && !o.Host()
}

// ReadsBeside names what else has to be read for the guards of a change beside its own record: for a marker
// that is removed, the name that it marks; for a record that is made for a node, the marker of that node
// there, which may say by now that it was taken out on purpose. ok is false when it is nothing.
func ReadsBeside(verb Verb, c *providers.Change) (name, typ string, ok bool) {
	r := c.Record()
	if r.IsMarker() {
		_, name, ok = providers.SplitMarkerName(r.Name)
		return name, "", ok && c.Op == providers.OpDelete && verb == VerbDeregister
	}
	o, owned := r.Owner()
	switch verb {
	case VerbReturn, VerbUndo, VerbRedo, VerbJoin: // the first three mean it so, and a host that joins has looked itself
		return "", "", false
	}
	return providers.MarkerName(o.Instance, r.Name), "TXT", owned && c.Op == providers.OpCreate && !o.Quiesced
}

func quiesced(r *providers.Record) bool {
	return slices.ContainsFunc(r.Owners, func(o providers.Owner) bool { return o.Quiesced })
}

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

// GuardEvidence is what the guards of one change are asked on. It is gathered
// afresh for every change.
type GuardEvidence struct {
	Now   time.Time
	Fleet string
	Verb  Verb
	Age   time.Duration // how old a read may be
	Grace time.Duration // how old a marker must be

	View   *View             // of reads made for this plan: every configured cloud, and the zone
	Change *providers.Change // what is to be done
	Reason Class             // finding that the change is the remedy of; empty for an operator's own wish
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
func (e *GuardEvidence) owner() (providers.Owner, bool) {
	r := e.Change.Record()
	if r.IsMarker() {
		return ownerInMarker(&r)
	}
	if o, ok := r.Owner(); ok {
		return o, true
	}
	if e.Change.Op == providers.OpUpdate { // an adoption
		return e.Change.After.Owner()
	}
	return providers.Owner{}, false
}

func ownerInMarker(r *providers.Record) (providers.Owner, bool) {
	parts, ok := providers.ParseTXT(r.Value)
	if !ok {
		return providers.Owner{}, false
	}
	o, err := providers.DecodeOwner(strings.Join(parts, ""))
	return o, err == nil
}

func pass(g GuardID, why string) GuardResult { return GuardResult{Guard: g, Pass: true, Why: why} }

func fails(g GuardID, why, satisfy string) GuardResult {
	return GuardResult{Guard: g, Why: why, Satisfy: satisfy}
}

func noEvidence(g GuardID, why, satisfy string) GuardResult {
	return GuardResult{Guard: g, NoEvidence: true, Why: why, Satisfy: satisfy}
}

// Guards asks all guards of one change but threshold and journal, in their order. Those that
// a change of its mode does not need are left out.
func Guards(e *GuardEvidence) []GuardResult {
	guards := e.numbered()
	if g := e.CheckAccepted(); !g.Pass {
		guards = append(guards, g)
	}
	if g := e.CheckWritable(); !g.Pass { // that it may be written to is the rule, and is not reported
		guards = append(guards, g)
	}
	return guards
}

// numbered asks those guards of a change that DESIGN numbers.
func (e *GuardEvidence) numbered() []GuardResult {
	switch mode := ModeOf(e.Verb, e.Change); mode {
	case ModeWrite:
		return []GuardResult{e.CheckOwner(), e.CheckInstance(), e.CheckUnchanged()}
	case ModeMarker:
		if e.Verb == VerbDeregister {
			return []GuardResult{e.CheckCoverage(), e.CheckOwner(), e.CheckUnchanged(), e.CheckGrace(), e.CheckOrphaned()}
		}
		return []GuardResult{e.CheckOwner(), e.CheckUnchanged()}
	case ModeLeave:
		return []GuardResult{e.CheckOwner(), e.CheckInstance(), e.CheckUnchanged()}
	case ModeRetire:
		return []GuardResult{e.CheckOwner(), e.CheckUnchanged(), e.CheckRetired()}
	default:
		return []GuardResult{e.CheckCoverage(), e.CheckOwner(), e.CheckInstance(), e.CheckAddress(), e.CheckUnchanged(), e.CheckGrace(), e.CheckMinimum()}
	}
}

// CheckWritable refuses a record that its zone would never answer with, and one in a zone that takes
// no changes. What the journal knows as done from here can be taken back all the same.
func (e *GuardEvidence) CheckWritable() GuardResult {
	if e.View != nil && !e.Undoes && !e.Verb.TakesBack() {
		why := e.View.index.refused(e.Change)
		switch zone := e.Change.Record().Zone; {
		case why == "":
		case e.View.index.barred[zone] == "" && e.View.index.zoneRefused(zone) != "":
			return noEvidence(GuardWritable, why, "a read of "+Clean(zone))
		default:
			return fails(GuardWritable, why, "")
		}
	}
	return pass(GuardWritable, "the zone answers for the name")
}

// CheckOwner is guard 2: the marker names this fleet and an instance.
func (e *GuardEvidence) CheckOwner() GuardResult {
	const g = GuardOwner
	if e.Fleet == "" {
		return fails(g, "there is no fleet id here, so nothing is ours", "run rollcall config init")
	}
	r := e.Change.Record()
	mode := ModeOf(e.Verb, e.Change)
	switch {
	case r.IsMarker():
	case len(r.BadMarkers) > 0:
		return noEvidence(g, "it has a marker that cannot be read, so nobody can say whose it is", "remove the markers that are wrong")
	case len(r.Owners) > 1:
		return fails(g, "its markers do not say clearly whose it is", "remove the markers that are wrong")
	}
	o, ok := e.owner()
	switch {
	case ok && o.Fleet != e.Fleet:
		return fails(g, "it belongs to fleet "+Clean(o.Fleet)+", which is not ours", "")
	case ok && (o.Instance == "" || o.Cloud == ""):
		return fails(g, "its marker names no instance", "")
	case ok && e.Change.Op == providers.OpCreate && e.BesideErr != nil:
		return noEvidence(g, "whether "+shortID(o.Instance)+" was taken out on purpose could not be read: "+errorText(e.BesideErr), "an answer from the DNS provider")
	case ok && e.Change.Op == providers.OpCreate && wasTakenOut(e.Beside, o):
		return fails(g, shortID(o.Instance)+" was taken out of "+Clean(r.Name)+" on purpose", "return it instead")
	case ok:
		return pass(g, "its marker names "+shortID(o.Instance)+" of this fleet")
	case mode == ModeRetire, mode == ModeWrite && e.Change.Op == providers.OpCreate && (r.Type == "PTR" || r.Type == "TXT"):
		return pass(g, "it belongs to the incarnation, not to a node")
	case e.Undoes:
		return pass(g, "the journal knows that it was made or changed from here")
	}
	return e.unowned(g)
}

// unowned is for a record without a marker: another program may manage it.
func (e *GuardEvidence) unowned(g GuardID) GuardResult {
	r := e.Change.Record()
	c := controllerInComment(&r)
	if e.View != nil {
		if now := e.View.Record(r.Identity()); now != nil {
			c = e.View.ControllerOf(now)
		}
	}
	if c != "" {
		return fails(g, "it is managed by "+c+", which would write it again", "remove it at its source")
	}
	return fails(g, "it has no owner marker, and rollcall changes only what it owns", "adopt it first")
}

// CheckUnchanged is guard 5: the record was read again and is what the plan saw.
func (e *GuardEvidence) CheckUnchanged() GuardResult {
	const g = GuardUnchanged
	switch {
	case e.FoundErr != nil:
		return noEvidence(g, "it could not be read again: "+errorText(e.FoundErr), "an answer from the DNS provider")
	case !e.Looked:
		return noEvidence(g, "it was not read again", "an answer from the DNS provider")
	}
	found, n := Find(e.Found, e.Change)
	if e.Change.Op == providers.OpCreate {
		want := &e.Change.After
		switch {
		case n == 0:
			return pass(g, "there is no such record yet")
		case !sameOwners(found, want) && !want.IsMarker():
			return fails(g, "there is such a record already, and it is "+whose(found), "adopt it, or remove it")
		}
		return pass(g, "it is there already")
	}
	switch {
	case n == 0:
		return pass(g, "it is not there any more, so there is nothing to do")
	case n > 1:
		return fails(g, "there are "+strconv.Itoa(n)+" such records now", "look again")
	}
	if d := Difference(&e.Change.Before, found); d != "" {
		return fails(g, "it was changed since it was read: "+d, "look again")
	}
	return pass(g, "it was read again and is unchanged")
}

func whose(r *providers.Record) string {
	if o, ok := r.Owner(); ok {
		return "owned by " + shortID(o.Instance) + " of fleet " + Clean(o.Fleet)
	}
	if marked(r) {
		return "not clear whose it is"
	}
	return "not marked as anybody's"
}

func sameOwners(a, b *providers.Record) bool {
	if len(a.BadMarkers) > 0 || len(a.Owners) != len(b.Owners) {
		return false
	}
	for i := range a.Owners {
		if !a.Owners[i].Same(b.Owners[i]) {
			return false
		}
	}
	return true
}

// since is when the marker of o was written, as far as can be known: see providers.ZoneView.MarkerSince.
func (e *GuardEvidence) since(o providers.Owner) time.Time {
	r := e.Change.Record()
	if found, n := Find(e.Found, e.Change); n == 1 {
		r = *found
	}
	if e.View != nil {
		if z := e.View.index.zoneName[r.Zone]; z != nil {
			return z.view.MarkerSince(&r, o, e.Own, !e.Answer.NotFound)
		}
	}
	return o.Registered
}

// CheckGrace is guard 6: the marker is older than the creation grace. A node
// that its cloud shows just now is known for certain, however young.
func (e *GuardEvidence) CheckGrace() GuardResult {
	const g = GuardGrace
	o, ok := e.owner()
	since := e.since(o)
	age := e.Now.Sub(since)
	switch {
	case !ok && e.Undoes:
		return pass(g, "it has no marker whose age would matter")
	case !ok:
		return noEvidence(g, "it has no marker, so its age is not known", "adopt it first")
	case age >= e.Grace:
		return pass(g, "the marker is "+ago(age)+" old")
	case ModeOf(e.Verb, e.Change) == ModeTakeOut && (o.Host() || e.Answer.Instance != nil && !e.Answer.Gone):
		return pass(g, "the instance answered by its id, so that its marker is only "+ago(age)+" old does not matter")
	}
	if age < -providers.FutureMarker {
		return fails(g, "the marker is "+ago(-age)+" in the future by the clock of its provider, so how old it is cannot be said", "let the node that wrote it register again once its clock is right")
	}
	return fails(g, "the marker is only "+ago(age)+" old, and "+ago(e.Grace)+" is the least", "wait "+ago(e.Grace-age))
}
