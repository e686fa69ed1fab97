package dnsview

import (
	"net/netip"
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
	ModeMarker                   // removal of a marker record, which nobody resolves
	ModeDead                     // removal of an entry as dead
	ModeTakeOut                  // removal of an entry whose node may be alive: quiesce, drain, undo of a create
	// ModeLeave is the removal of what a host that joined by hand takes back
	// itself. It rests on no cloud, and on nothing but the host's own wish.
	ModeLeave
	ModeRetire // removal of what belongs to an incarnation and to none of its nodes
)

// ModeOf gives the form in which a change of a plan is guarded. The update that
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
	case VerbReturn, VerbUndo, VerbJoin: // the first two mean it so, and a host that joins has looked itself
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
	Undoes bool              // the change takes back one that the journal knows as done

	Answer   InstanceAnswer     // about the instance that the marker names
	Found    []providers.Record // the name and type of the record, read just before
	FoundErr error
	Looked   bool
	// Beside is what ReadsBeside names, read just before; BesideErr says why there is none.
	Beside    []providers.Record
	BesideErr error

	// Removing are the records that this plan takes out, or has taken out already.
	Removing map[providers.Identity]bool
	// Hosts are host names that SRV values lead to which this plan removes, or an earlier one has removed.
	Hosts map[string]bool

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

// CheckCoverage is guard 1: every configured cloud was read whole and just now.
func (e *GuardEvidence) CheckCoverage() GuardResult {
	const g = GuardCoverage
	if e.View == nil || len(e.View.index.clouds) == 0 {
		return noEvidence(g, "no cloud is configured, so nothing is known of what runs", "configure the clouds of this fleet")
	}
	oldest := time.Duration(0)
	for _, cs := range e.View.index.clouds {
		age := cs.view.Coverage.Age(e.Now)
		switch {
		case cs.state != providers.CoverageComplete:
			return noEvidence(g, cs.why, "a complete read of "+cs.name)
		case age > e.Age:
			return noEvidence(g, cs.name+" was read "+ago(age)+" ago, and "+ago(e.Age)+" is the most", "a fresh read of "+cs.name)
		}
		oldest = max(oldest, age)
	}
	return pass(g, plural(len(e.View.index.clouds), "cloud was", "clouds were")+" read completely, the oldest "+ago(oldest)+" ago")
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
	return fails(g, "it has no owner marker, and rollcall changes only what it owns", "adopt it first")
}

// wasTakenOut reports whether a marker among some records says that its node was taken out on purpose.
func wasTakenOut(markers []providers.Record, o providers.Owner) bool {
	return slices.ContainsFunc(markers, func(m providers.Record) bool {
		own, ok := ownerInMarker(&m)
		return ok && m.IsMarker() && own.Quiesced && own.Same(o)
	})
}

// CheckInstance is guard 3: the instance was asked for by its id just now, at the
// cloud whose key the marker bears. For an entry that is removed as dead it
// must be gone, or stopped without the address; for one that is taken out
// an answer is enough; for one that is written the instance must run and have the address.
func (e *GuardEvidence) CheckInstance() GuardResult {
	const g = GuardInstance
	mode := ModeOf(e.Verb, e.Change)
	o, ok := e.owner()
	r := e.Change.Record()
	switch {
	case mode == ModeWrite && (e.Undoes || !ok || r.IsMarker() || o.Quiesced):
		return pass(g, "no instance has to be there for this")
	case e.Undoes && !ok:
		return pass(g, "it belongs to no instance")
	case ok && o.Host() && mode == ModeDead:
		return fails(g, shortID(o.Instance)+" joined by hand, and no cloud can say that it is gone", "let it leave with rollcall service leave")
	case mode == ModeLeave:
		return pass(g, shortID(o.Instance)+" joined by hand, and leaving is its own wish")
	case ok && o.Host():
		return pass(g, shortID(o.Instance)+" joined by hand")
	case mode == ModeWrite:
		o, _ = e.Change.After.Owner()
	}
	a := e.Answer
	where := e.cloudLabel(o.Cloud)
	switch {
	case !a.Asked:
		return noEvidence(g, strings.TrimSpace("nobody could be asked for "+shortID(o.Instance)+" "+a.Why), "the cloud with key "+Clean(string(o.Cloud))+", configured and reachable")
	case a.Key != o.Cloud:
		return noEvidence(g, "the credentials of "+where+" belong to another account now", "credentials of the account with key "+Clean(string(o.Cloud)))
	case a.Why != "":
		return noEvidence(g, where+" gave no answer about "+shortID(o.Instance)+": "+a.Why, "an answer from "+where)
	}
	dead := a.Gone || a.Instance != nil && a.Instance.State.Dead()
	if !dead && a.Instance == nil {
		return noEvidence(g, where+" gave no answer about "+shortID(o.Instance), "an answer from "+where)
	}
	switch {
	case mode == ModeWrite:
		return e.mustServe(where, o, dead)
	case dead && a.NotFound && e.Now.Sub(o.Registered) < e.Grace:
		return noEvidence(g, where+" does not find "+shortID(o.Instance)+", but it was registered only "+ago(e.Now.Sub(o.Registered))+" ago and may be too new to be found", "wait until the marker is "+ago(e.Grace)+" old")
	case dead:
		return pass(g, where+" says just now that "+shortID(o.Instance)+" is gone")
	case mode == ModeTakeOut:
		return pass(g, where+" shows "+shortID(o.Instance)+" as "+Clean(string(a.Instance.State))+" just now")
	case a.Instance.State == providers.StateStopped && !e.holdsAny(a.Instance):
		return pass(g, shortID(o.Instance)+" is stopped and does not have the address any more")
	}
	return fails(g, where+" shows "+shortID(o.Instance)+" as "+Clean(string(a.Instance.State))+" just now", "quiesce or drain it to take it out")
}

func (e *GuardEvidence) mustServe(where string, o providers.Owner, dead bool) GuardResult {
	const g = GuardInstance
	i := e.Answer.Instance
	switch {
	case dead:
		return fails(g, where+" says that "+shortID(o.Instance)+" is gone", "")
	case i.State != providers.StateRunning:
		return fails(g, where+" shows "+shortID(o.Instance)+" as "+Clean(string(i.State))+", not running", "start it")
	}
	if a, ok := e.Change.After.Addr(); ok && !i.HasAddress(a) {
		if h := e.View.index.holders[a]; h.inst == nil || h.inst.ID != i.ID || e.View.index.keyOf(h.inst) != o.Cloud {
			return fails(g, shortID(o.Instance)+" does not have "+a.String()+" now", "")
		}
	}
	return pass(g, where+" shows "+shortID(o.Instance)+" as running just now")
}

func (e *GuardEvidence) cloudLabel(key providers.CloudKey) string {
	if e.View == nil {
		return "cloud " + Clean(string(key))
	}
	return e.View.index.cloudLabel(key)
}

// addresses gives what the record leads to.
func (e *GuardEvidence) addresses() (out []netip.Addr, known bool) {
	r := e.Change.Record()
	if e.View == nil {
		return nil, false
	}
	hosts, known := e.View.index.addressesOf(&r)
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

// whyNoAddress says why it is not known what a record leads to, where the zone of its target is to blame.
func (e *GuardEvidence) whyNoAddress() string {
	r := e.Change.Record()
	srv, ok := providers.ParseSRV(r.Value)
	if !ok || r.Type != "SRV" || e.View == nil {
		return ""
	}
	if z := e.View.index.zoneOf(srv.Target); z != nil && z.why != "" {
		return ": " + z.why
	}
	return ""
}

func (e *GuardEvidence) holdsAny(i *providers.Instance) bool {
	addrs, known := e.addresses()
	if !known {
		return true
	}
	return slices.ContainsFunc(addrs, func(a netip.Addr) bool {
		return i.HasAddress(a) || e.View.index.holds(i, a)
	})
}

// CheckAddress is guard 4: the address is in no live inventory and on no
// allow-list. For an entry that is taken out, it may be its own node's.
func (e *GuardEvidence) CheckAddress() GuardResult {
	const g = GuardAddress
	addrs, known := e.addresses()
	if !known {
		return noEvidence(g, "it cannot be told from here which address it leads to"+e.whyNoAddress(), "a complete read of the zone of its target")
	}
	o, _ := e.owner()
	own := ModeOf(e.Verb, e.Change) == ModeTakeOut
	mine := false
	for _, a := range addrs {
		h, held := e.View.index.holders[a]
		isOwn := own && held && (h.inst != nil && h.inst.ID == o.Instance && e.View.index.keyOf(h.inst) == o.Cloud || h.addr != nil && h.addr.Instance == o.Instance)
		if own && !held && e.Answer.Instance != nil && e.Answer.Instance.HasAddress(a) {
			isOwn = true
		}
		if isOwn || own && o.Host() {
			mine = true
			continue
		}
		if held {
			what := ""
			if h.inst != nil {
				what = label(h.inst)
			} else {
				what = addressLabel(h.addr)
			}
			return fails(g, a.String()+" belongs to "+what, "retarget the entry instead")
		}
		if p, ok := e.View.index.allowed(a); ok {
			return fails(g, a.String()+" is on the allow-list ("+p.String()+")", "take it off the allow-list")
		}
	}
	switch {
	case len(addrs) == 0:
		return pass(g, "it leads to no address")
	case mine:
		return pass(g, "the address is the node's own")
	}
	return pass(g, "nobody has "+addrs[0].String())
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

// CheckGrace is guard 6: the marker is older than the creation grace. A node
// that its cloud shows just now is known for certain, however young.
func (e *GuardEvidence) CheckGrace() GuardResult {
	const g = GuardGrace
	o, ok := e.owner()
	age := e.Now.Sub(o.Registered)
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
	return fails(g, "the marker is only "+ago(age)+" old, and "+ago(e.Grace)+" is the least", "wait "+ago(e.Grace-age))
}

// CheckMinimum is guard 7: what is removed is not alive, or its service keeps
// its minimum; and no name becomes empty unless a person types it.
func (e *GuardEvidence) CheckMinimum() GuardResult {
	const g = GuardMinimum
	r := e.Change.Record()
	alive := e.Answer.Instance != nil && e.Answer.Instance.State == providers.StateRunning
	if o, ok := e.owner(); ok && o.Host() {
		alive = true
	}
	if e.View == nil || e.FoundErr != nil || !e.Looked {
		return noEvidence(g, "it is not known what else the name holds", "an answer from the DNS provider")
	}
	why := "what is removed is not alive"
	if s := e.View.index.byName[r.Name]; s != nil && alive && (r.Type == "A" || r.Type == "AAAA" || r.Type == "SRV") {
		left := e.liveMembers()
		if left < s.Minimum {
			return fails(g, Clean(r.Name)+" would keep "+plural(left, "live member", "live members")+", and its minimum is "+strconv.Itoa(s.Minimum), "more nodes, or a lower minimum in the config")
		}
		why = Clean(r.Name) + " keeps " + plural(left, "live member", "live members")
	}
	stay := 0
	for i := range e.Found {
		f := &e.Found[i]
		if f.Name == r.Name && f.Type == r.Type && !e.Removing[f.Identity()] && f.Identity() != r.Identity() {
			stay++
		}
	}
	if stay > 0 || r.Type == "PTR" || r.Type == "TXT" {
		return pass(g, why)
	}
	if e.hostName(&r) {
		return pass(g, why+"; the name is that of the node itself")
	}
	return GuardResult{Guard: g, Why: Clean(r.Name) + " would have no " + r.Type + " record any more", Satisfy: "type the name", Confirm: Clean(r.Name)}
}

// hostName reports whether a name is that of one node, which goes with it, and not
// that of a service.
func (e *GuardEvidence) hostName(r *providers.Record) bool {
	x := e.View.index
	if x.byName[r.Name] != nil {
		return false
	}
	if e.Hosts[r.Name] {
		return true
	}
	if _, ok := x.targets[r.Name]; ok {
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
	i := x.instance(o.Cloud, o.Instance)
	return i != nil && first == hostLabel(i.Name) && first != ""
}

// liveMembers counts the nodes that the name keeps, by the reading made just
// before: those whose instance runs, and hosts that joined by hand.
func (e *GuardEvidence) liveMembers() int {
	x := e.View.index
	r := e.Change.Record()
	nodes := map[string]bool{}
	for n := range e.Found {
		f := &e.Found[n]
		if f.Name != r.Name || f.Type != r.Type || e.Removing[f.Identity()] || f.Identity() == r.Identity() || quiesced(f) {
			continue
		}
		if o, ok := f.Owner(); ok && o.Host() {
			nodes[o.Instance] = true
			continue
		}
		if i := x.instanceOf(f); i != nil && i.State == providers.StateRunning {
			nodes[string(x.keyOf(i))+"/"+i.ID] = true
		}
	}
	return len(nodes)
}

// CheckThreshold is guard 8: with what went in the last ten minutes, no more
// than a share of the zone's owned records goes, unless a person types the count.
func (e *GuardEvidence) CheckThreshold() GuardResult {
	const g = GuardThreshold
	zone := providers.CanonicalName(e.Change.Record().Zone)
	var z *zoneState
	if e.View != nil {
		z = e.View.index.zoneName[zone]
	}
	switch {
	case z == nil || z.state != providers.CoverageComplete:
		return noEvidence(g, "it is not known how many records "+Clean(zone)+" holds", "a complete read of "+Clean(zone))
	case e.RecentErr != nil:
		return noEvidence(g, "it is not known what went in the last ten minutes: "+errorText(e.RecentErr), "a journal that can be read")
	}
	base := e.Owned
	total := e.Recent + e.Planned
	allowed := max(0, int(e.Threshold*float64(base)))
	switch {
	case base < e.From:
		return pass(g, "the zone has only "+plural(base, "owned record", "owned records"))
	case total <= allowed:
		return pass(g, strconv.Itoa(total)+" of "+plural(base, "owned record", "owned records")+" in ten minutes, and "+strconv.Itoa(allowed)+" may go")
	}
	return GuardResult{
		Guard: g, Satisfy: "type the number of entries that this plan removes from the zone", Confirm: strconv.Itoa(e.Planned),
		Why: strconv.Itoa(total) + " of " + plural(base, "owned record", "owned records") + " would go within ten minutes, and " + strconv.Itoa(allowed) + " is the most",
	}
}

// CheckJournal is guard 9: the entry is on disk first.
func (e *GuardEvidence) CheckJournal() GuardResult {
	if e.JournalErr != nil {
		return noEvidence(GuardJournal, errorText(e.JournalErr), "a journal that can be written to")
	}
	return pass(GuardJournal, "the journal can be written to")
}

// OwnedIn counts the records of a zone that this fleet owns.
func (v *View) OwnedIn(zone string) int {
	n := 0
	if z := v.index.zoneName[providers.CanonicalName(zone)]; z != nil {
		for i := range z.view.Records {
			if o, ok := z.view.Records[i].Owner(); ok && o.Fleet == v.Options.Fleet {
				n++
			}
		}
	}
	return n
}
