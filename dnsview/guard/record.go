package guard

import (
	"slices"
	"strconv"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// CheckAccepted fails for a change that the provider would refuse, by the current records of its zone and name.
func (e *Evidence) CheckAccepted() index.GuardResult {
	const g = index.GuardAccepted
	r := e.Change.Record()
	if e.View == nil || e.View.Index.ZonesByName[r.Zone] == nil {
		return index.Passed(g, "nothing is known of its zone")
	}
	x := e.View.Index
	z := x.ZonesByName[r.Zone]
	a := &index.Acceptance{Traits: &z.View.Zone.Traits, Named: map[string][]*providers.Record{}, Sizes: map[index.SetID]index.SetSize{}}
	names := map[string]bool{r.Name: true}
	for _, o := range append(slices.Clone(e.Change.Before.Owners), e.Change.After.Owners...) {
		names[providers.MarkerName(o.Instance, r.Name)] = true
	}
	fresh := e.Reread && e.FoundErr == nil // of the name and type, and read after the zone
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

// CheckWritable fails for a record that its zone would never answer with, and for one in a zone that is not written to.
// Changes of the journal can still be reverted.
func (e *Evidence) CheckWritable() index.GuardResult {
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
func (e *Evidence) CheckOwner() index.GuardResult {
	const g = index.GuardOwner
	if e.Fleet == "" {
		return index.Failed(g, "there is no fleet id here, so nothing is ours", "run rollcall config init")
	}
	r := e.Change.Record()
	mode := ModeOf(e.Verb, e.Change)
	switch {
	case r.IsMarker():
	case len(r.BadMarkers) > 0:
		return index.Unproven(g, "it has a marker that cannot be read, so its owner is unknown", "remove the markers that are wrong")
	case len(r.Owners) > 1:
		return index.Failed(g, "its markers do not say clearly whose it is", "remove the markers that are wrong")
	}
	o, ok := e.owner()
	switch {
	case ok && o.Fleet != e.Fleet:
		return index.Failed(g, "it belongs to fleet "+index.Clean(o.Fleet)+", which is not ours", "")
	case ok && (o.Instance == "" || o.Cloud == ""):
		return index.Failed(g, "its marker names no instance", "")
	case ok && e.Change.Op == providers.OpCreate && e.RelatedErr != nil:
		return index.Unproven(g, "whether "+index.ShortID(o.Instance)+" was taken out on purpose could not be read: "+index.ErrorText(e.RelatedErr), "an answer from the DNS provider")
	case ok && e.Change.Op == providers.OpCreate && index.TakenOut(e.Related, o):
		return index.Failed(g, index.ShortID(o.Instance)+" was taken out of "+index.Clean(r.Name)+" on purpose", "return it instead")
	case ok && e.keptOut(o):
		return index.Failed(g, e.cloudLabel(o.Cloud)+" is evacuated, and its nodes stay out of "+index.Clean(r.Name), "rollcall return --cloud "+e.View.Index.CloudArgument(o.Cloud))
	case ok:
		return index.Passed(g, "its marker names "+index.ShortID(o.Instance)+" of this fleet")
	case mode == ModeRetire, mode == ModeWrite && e.Change.Op == providers.OpCreate && (r.Type == "PTR" || r.Type == "TXT"):
		return index.Passed(g, "it belongs to the incarnation, not to a node")
	case e.Undoes:
		return index.Passed(g, "the journal knows that it was made or changed from here")
	}
	return e.checkUnowned(g)
}

// checkUnowned fails for a record without a marker, and names the program that manages it if one does.
func (e *Evidence) checkUnowned(g index.GuardID) index.GuardResult {
	r := e.Change.Record()
	c, do := index.ControllerInComment(&r), "adopt it first"
	if e.View != nil {
		if now := e.View.Record(r.Identity()); now != nil {
			c = e.View.ControllerOf(now)
			if !e.View.Index.Adoptable(now) {
				do = index.WithoutAdoption
			}
		}
	}
	if c != "" {
		return index.Failed(g, "it is managed by "+c+", which would write it again", "remove it at its source")
	}
	return index.Failed(g, "it has no owner marker, and rollcall changes only what it owns", do)
}

// goneUnmarked reports whether a change that leaves the marker of a quiesced value may find no such marker.
func (e *Evidence) goneUnmarked() bool {
	o, leaves := index.MarkerLeft(e.Change)
	return leaves && mustMark(e.Verb) && (e.RelatedErr != nil || !index.TakenOut(e.Related, o))
}

// CheckUnchanged is guard 5: the record was read again and equals that of the plan.
func (e *Evidence) CheckUnchanged() index.GuardResult {
	const g = index.GuardUnchanged
	switch {
	case e.FoundErr != nil:
		return index.Unproven(g, "it could not be read again: "+index.ErrorText(e.FoundErr), "an answer from the DNS provider")
	case !e.Reread:
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
	case n == 0 && e.goneUnmarked() && e.RelatedErr != nil:
		return index.Unproven(g, "it is not there any more, and whether it is marked as quiesced could not be read: "+index.ErrorText(e.RelatedErr), "an answer from the DNS provider")
	case n == 0 && e.goneUnmarked():
		return index.Failed(g, "it is not there any more, and nothing marks it as quiesced: its node would register it again", "look again once the node is back")
	case n == 0 && e.Change.Op == providers.OpUpdate:
		return index.Failed(g, "it is not there any more", "look again")
	case n == 0 && e.Change.Before.IsMarker():
		return index.Passed(g, "it is not there: an earlier step makes it, or there is nothing to do")
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
	return len(a.BadMarkers) == 0 && slices.EqualFunc(a.Owners, b.Owners, providers.Owner.Same)
}

// CheckGrace is guard 6: the marker is older than the creation grace. It passes for a node that its cloud shows now,
// whatever its age.
func (e *Evidence) CheckGrace() index.GuardResult {
	const g = index.GuardGrace
	o, ok := e.owner()
	since := e.since(o)
	age := e.Now.Sub(since)
	switch {
	case !ok && e.Undoes:
		return index.Passed(g, "it has no marker whose age would matter")
	case !ok:
		return index.Unproven(g, "it has no marker, so its age is not known", "adopt it first")
	case e.evacuates():
		return index.Passed(g, claimsNothing)
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
