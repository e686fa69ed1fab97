package dnsview

import (
	"slices"
	"strconv"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// CheckAccepted refuses a change that the provider would refuse, by what its zone and the name hold just now.
func (e *GuardEvidence) CheckAccepted() index.GuardResult {
	const g = index.GuardAccepted
	r := e.Change.Record()
	if e.View == nil || e.View.Index.ZonesByName[r.Zone] == nil {
		return index.Passed(g, "nothing is known of its zone")
	}
	x := e.View.Index
	z := x.ZonesByName[r.Zone]
	a := &index.Acceptance{Provider: z.View.Zone.Provider, Named: map[string][]*providers.Record{}, Sizes: map[index.SetID]index.SetSize{}}
	names := map[string]bool{r.Name: true}
	for _, o := range append(slices.Clone(e.Change.Before.Owners), e.Change.After.Owners...) {
		names[providers.MarkerName(o.Instance, r.Name)] = true
	}
	fresh := e.Looked && e.FoundErr == nil // of the name and type, and read after the zone
	for i := range z.View.Records {
		if s := &z.View.Records[i]; names[s.Name] && !(fresh && s.Name == r.Name && s.Type == r.Type) {
			a.Named[s.Name] = append(a.Named[s.Name], s)
		}
	}
	for i := range e.Found {
		a.Named[r.Name] = append(a.Named[r.Name], &e.Found[i])
	}
	if why := a.WhyRefused(e.Change); why != "" {
		return index.Failed(g, why, "")
	}
	return index.Passed(g, "its provider takes it")
}

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
func ModeOf(verb index.Verb, c *providers.Change) GuardMode {
	r := c.Record()
	switch {
	case c.Op == providers.OpDelete && r.IsMarker():
		return ModeMarker
	case c.Op == providers.OpDelete && verb == index.VerbDeregister:
		return ModeDead
	case leaves(verb, c):
		return ModeLeave
	case retires(verb, c):
		return ModeRetire
	case c.Op == providers.OpDelete, c.Op == providers.OpUpdate && !index.IsQuiesced(&c.Before) && index.IsQuiesced(&c.After):
		return ModeTakeOut
	}
	return ModeWrite
}

// AsksAbout names the instance whose state the guards of a change need, by its
// marker. ok is false when they need none, as for a host that joined by hand.
func AsksAbout(verb index.Verb, c *providers.Change) (o providers.Owner, ok bool) {
	r := c.Record()
	if c.Op != providers.OpDelete {
		r = c.After
	}
	if r.IsMarker() {
		// What a quiesced node has left is forgotten only when the node is gone.
		o, ok = index.OwnerInMarker(&r)
		return o, ok && verb == index.VerbDeregister && o.Quiesced && !o.Host()
	}
	o, ok = r.Owner()
	return o, ok && !o.Host()
}

// ReadsBeside names what else has to be read for the guards of a change beside its own record: for a marker
// that is removed, the name that it marks; for a record that is made for a node, the marker of that node
// there, which may say by now that it was taken out on purpose. ok is false when it is nothing.
func ReadsBeside(verb index.Verb, c *providers.Change) (name, typ string, ok bool) {
	r := c.Record()
	if r.IsMarker() {
		_, name, ok = providers.SplitMarkerName(r.Name)
		return name, "", ok && c.Op == providers.OpDelete && verb == index.VerbDeregister
	}
	o, owned := r.Owner()
	switch verb {
	case index.VerbReturn, index.VerbUndo, index.VerbRedo, index.VerbJoin: // the first three mean it so, and a host that joins has looked itself
		return "", "", false
	}
	return providers.MarkerName(o.Instance, r.Name), "TXT", owned && c.Op == providers.OpCreate && !o.Quiesced
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
	Verb  index.Verb
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

// Guards asks all guards of one change but threshold and journal, in their order. Those that
// a change of its mode does not need are left out.
func Guards(e *GuardEvidence) []index.GuardResult {
	guards := e.Numbered()
	if g := e.CheckAccepted(); !g.Pass {
		guards = append(guards, g)
	}
	if g := e.CheckWritable(); !g.Pass { // that it may be written to is the rule, and is not reported
		guards = append(guards, g)
	}
	return guards
}

// Numbered asks those guards of a change that DESIGN numbers.
func (e *GuardEvidence) Numbered() []index.GuardResult {
	switch mode := ModeOf(e.Verb, e.Change); mode {
	case ModeWrite:
		return []index.GuardResult{e.CheckOwner(), e.CheckInstance(), e.CheckUnchanged()}
	case ModeMarker:
		if e.Verb == index.VerbDeregister {
			return []index.GuardResult{e.CheckCoverage(), e.CheckOwner(), e.CheckUnchanged(), e.CheckGrace(), e.CheckOrphaned()}
		}
		return []index.GuardResult{e.CheckOwner(), e.CheckUnchanged()}
	case ModeLeave:
		return []index.GuardResult{e.CheckOwner(), e.CheckInstance(), e.CheckUnchanged()}
	case ModeRetire:
		return []index.GuardResult{e.CheckOwner(), e.CheckUnchanged(), e.CheckRetired()}
	default:
		return []index.GuardResult{e.CheckCoverage(), e.CheckOwner(), e.CheckInstance(), e.CheckAddress(), e.CheckUnchanged(), e.CheckGrace(), e.CheckMinimum()}
	}
}

// CheckWritable refuses a record that its zone would never answer with, and one in a zone that takes
// no changes. What the journal knows as done from here can be taken back all the same.
func (e *GuardEvidence) CheckWritable() index.GuardResult {
	if e.View != nil && !e.Undoes && !e.Verb.TakesBack() {
		why := e.View.Index.Refused(e.Change)
		switch zone := e.Change.Record().Zone; {
		case why == "":
		case e.View.Index.ReadOnlyZones[zone] == "" && !e.View.Index.OnlyListed(zone) && e.View.Index.ZoneRefused(zone) != "":
			return index.Unproven(index.GuardWritable, why, "a read of "+index.Clean(zone))
		default:
			return index.Failed(index.GuardWritable, why, "")
		}
	}
	return index.Passed(index.GuardWritable, "the zone answers for the name")
}

// CheckOwner is guard 2: the marker names this fleet and an instance.
func (e *GuardEvidence) CheckOwner() index.GuardResult {
	const g = index.GuardOwner
	if e.Fleet == "" {
		return index.Failed(g, "there is no fleet id here, so nothing is ours", "run rollcall config init")
	}
	r := e.Change.Record()
	mode := ModeOf(e.Verb, e.Change)
	switch {
	case r.IsMarker():
	case len(r.BadMarkers) > 0:
		return index.Unproven(g, "it has a marker that cannot be read, so nobody can say whose it is", "remove the markers that are wrong")
	case len(r.Owners) > 1:
		return index.Failed(g, "its markers do not say clearly whose it is", "remove the markers that are wrong")
	}
	o, ok := e.owner()
	switch {
	case ok && o.Fleet != e.Fleet:
		return index.Failed(g, "it belongs to fleet "+index.Clean(o.Fleet)+", which is not ours", "")
	case ok && (o.Instance == "" || o.Cloud == ""):
		return index.Failed(g, "its marker names no instance", "")
	case ok && e.Change.Op == providers.OpCreate && e.BesideErr != nil:
		return index.Unproven(g, "whether "+index.ShortID(o.Instance)+" was taken out on purpose could not be read: "+index.ErrorText(e.BesideErr), "an answer from the DNS provider")
	case ok && e.Change.Op == providers.OpCreate && wasTakenOut(e.Beside, o):
		return index.Failed(g, index.ShortID(o.Instance)+" was taken out of "+index.Clean(r.Name)+" on purpose", "return it instead")
	case ok:
		return index.Passed(g, "its marker names "+index.ShortID(o.Instance)+" of this fleet")
	case mode == ModeRetire, mode == ModeWrite && e.Change.Op == providers.OpCreate && (r.Type == "PTR" || r.Type == "TXT"):
		return index.Passed(g, "it belongs to the incarnation, not to a node")
	case e.Undoes:
		return index.Passed(g, "the journal knows that it was made or changed from here")
	}
	return e.unowned(g)
}

// unowned is for a record without a marker: another program may manage it.
func (e *GuardEvidence) unowned(g index.GuardID) index.GuardResult {
	r := e.Change.Record()
	c := index.ControllerInComment(&r)
	if e.View != nil {
		if now := e.View.Record(r.Identity()); now != nil {
			c = e.View.ControllerOf(now)
		}
	}
	if c != "" {
		return index.Failed(g, "it is managed by "+c+", which would write it again", "remove it at its source")
	}
	return index.Failed(g, "it has no owner marker, and rollcall changes only what it owns", "adopt it first")
}

// CheckUnchanged is guard 5: the record was read again and is what the plan saw.
func (e *GuardEvidence) CheckUnchanged() index.GuardResult {
	const g = index.GuardUnchanged
	switch {
	case e.FoundErr != nil:
		return index.Unproven(g, "it could not be read again: "+index.ErrorText(e.FoundErr), "an answer from the DNS provider")
	case !e.Looked:
		return index.Unproven(g, "it was not read again", "an answer from the DNS provider")
	}
	found, n := index.Find(e.Found, e.Change)
	if e.Change.Op == providers.OpCreate {
		want := &e.Change.After
		switch {
		case n == 0:
			return index.Passed(g, "there is no such record yet")
		case !sameOwners(found, want) && !want.IsMarker():
			return index.Failed(g, "there is such a record already, and it is "+index.Whose(found), "adopt it, or remove it")
		}
		return index.Passed(g, "it is there already")
	}
	switch {
	case n == 0:
		return index.Passed(g, "it is not there any more, so there is nothing to do")
	case n > 1:
		return index.Failed(g, "there are "+strconv.Itoa(n)+" such records now", "look again")
	}
	if d := index.Difference(&e.Change.Before, found); d != "" {
		return index.Failed(g, "it was changed since it was read: "+d, "look again")
	}
	return index.Passed(g, "it was read again and is unchanged")
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

// CheckGrace is guard 6: the marker is older than the creation grace. A node
// that its cloud shows just now is known for certain, however young.
func (e *GuardEvidence) CheckGrace() index.GuardResult {
	const g = index.GuardGrace
	o, ok := e.owner()
	since := e.since(o)
	age := e.Now.Sub(since)
	switch {
	case !ok && e.Undoes:
		return index.Passed(g, "it has no marker whose age would matter")
	case !ok:
		return index.Unproven(g, "it has no marker, so its age is not known", "adopt it first")
	case age >= e.Grace:
		return index.Passed(g, "the marker is "+index.Ago(age)+" old")
	case ModeOf(e.Verb, e.Change) == ModeTakeOut && (o.Host() || e.Answer.Instance != nil && !e.Answer.Gone):
		return index.Passed(g, "the instance answered by its id, so that its marker is only "+index.Ago(age)+" old does not matter")
	}
	if age < -providers.FutureMarker {
		return index.Failed(g, "the marker is "+index.Ago(-age)+" in the future by the clock of its provider, so how old it is cannot be said", "let the node that wrote it register again once its clock is right")
	}
	return index.Failed(g, "the marker is only "+index.Ago(age)+" old, and "+index.Ago(e.Grace)+" is the least", "wait "+index.Ago(e.Grace-age))
}
