package journal

import (
	"cmp"
	"slices"
	"time"

	"rollcall/providers"
)

// Unfinished is a drain that took a node out of DNS and ended before it terminated the node, or a node that a replacement
// was to terminate and has not.
type Unfinished struct {
	Instance providers.InstanceRef
	Run, Who string
	At       time.Time // of its last change; of a replacement, of its first launch
	Writer   string    // of that entry; see Journal.Writer
	Stored   time.Time // when that entry was written, by the clock of the store if there is one
	Ended    bool      // a writer of another machine says that its run ended in order, such as by a key

	// Of a replacement:
	Replacement bool
	Launched    *providers.InstanceRef // the node in its place; nil if none was launched, as far as is known
	OutOfDNS    bool                   // the replacement took some of it out of DNS
	MaxOut      int                    // how many nodes may be out of DNS at a time
	Asked       *Asked                 // for the node in its place; may be nil
}

// Replacement is a set of nodes that a command replaces, with a limit of its own.
type Replacement struct {
	Nodes  []providers.InstanceRef // in this order
	MaxOut int                     // how many may be out of DNS at a time
}

// StoppedReplacements returns the replacements among what was not finished, each with its nodes and its own limit, in order.
func StoppedReplacements(list []Unfinished) (out []Replacement) {
	type of struct {
		run    string
		maxOut int
	}
	at := map[of]int{}
	for i := range list {
		u := &list[i]
		if !u.Replacement {
			continue
		}
		k := of{u.Run, max(u.MaxOut, 1)}
		if _, known := at[k]; !known {
			at[k] = len(out)
			out = append(out, Replacement{MaxOut: k.maxOut})
		}
		out[at[k]].Nodes = append(out[at[k]].Nodes, u.Instance)
	}
	return out
}

// The notes of the entries by which an operator leaves a node as it is.
const (
	left        = "left out of DNS, and running, by the operator"
	leftInPlace = "left as it is, and not replaced, by the operator"
)

// LeaveDrained records that drains and replacements are not to be finished: UnfinishedDrains does not return them any more.
func (j *Journal) LeaveDrained(who string, drains ...Unfinished) error {
	entries := make([]Entry, len(drains))
	for i := range drains {
		ref := drains[i].Instance
		entries[i] = Entry{
			Run: drains[i].Run, Who: who, Verb: "drain", Kind: KindPower, Action: string(providers.PowerTerminate), Instance: &ref,
			Sentence: "Terminate " + ref.Name, Note: left,
		}
		if drains[i].Replacement {
			entries[i].Verb, entries[i].Note = "replace", leftInPlace
		}
	}
	_, err := j.Refuse(entries...)
	return err
}

// UnfinishedDrains returns, oldest first, the drains and replacements of runs that have ended, or were stopped. What was put back,
// quiesced or terminated since is not among them, nor is a replacement that has launched nothing.
func (j *Journal) UnfinishedDrains() ([]Unfinished, error) {
	_, out, err := j.UnderWay()
	return out, err
}

// UnderWay returns the entries that have begun and not ended, oldest first, and the UnfinishedDrains. A team's store is
// asked once for what is new, and once for each writer of unfinished drains.
func (j *Journal) UnderWay() (open []Entry, drains []Unfinished, err error) {
	err = j.locked(func() error {
		for i := range j.replay.entries {
			if j.replay.entries[i].State == Begun {
				open = append(open, j.replay.entries[i])
			}
		}
		if j.isAway() {
			return nil // which writers live cannot be asked
		}
		list := unfinished(j.replay.entries)
		j.removeClosed(list)
		for _, u := range list {
			on, err := j.goesOn(&u)
			if err != nil {
				return err
			}
			if !on {
				drains = append(drains, u)
			}
		}
		return nil
	})
	return open, drains, err
}

// nodeKey identifies a node.
type nodeKey struct {
	cloud providers.CloudKey
	id    string
}

func keyOf(ref providers.InstanceRef) nodeKey { return nodeKey{ref.Key, ref.ID} }

// unfinished returns the drains and replacements of entries whose last step did not follow, in the order of their last
// changes, and the nodes of one replacement in its order.
func unfinished(entries []Entry) []Unfinished {
	open, queued := map[nodeKey]Unfinished{}, map[nodeKey]int{}
	launched := map[string]bool{} // by run of a replacement: whether it may have launched a node
	queues := map[string]bool{}   // run and node: a launch of the run had the node in its queue
	for i := range entries {
		e := &entries[i]
		if e.Kind == KindLaunch && e.Launch != nil && e.Launch.Replaces != nil {
			addReplacement(open, queued, launched, queues, e)
			continue
		}
		ref, known := e.node()
		var rec providers.Record
		if e.Change != nil {
			rec = e.Change.Record()
		}
		n := keyOf(ref)
		u, was := open[n]
		switch {
		case !known:
		case e.Kind == KindPower:
			if e.Action == string(providers.PowerTerminate) && (e.State != Refused && e.State != Failed || e.Note == left || e.Note == leftInPlace) {
				delete(open, n)
			}
		case e.Kind != KindChange || e.State != Done || e.Change == nil || rec.IsMarker():
		case e.Change.Op == providers.OpDelete && e.Verb == "replace" && was:
			u.OutOfDNS, u.Writer, u.Stored = true, e.Writer, e.stored()
			open[n] = u
		case e.Change.Op == providers.OpDelete && e.Verb == "drain":
			open[n] = Unfinished{Instance: ref, Run: e.Run, Who: e.Who, At: e.Time, Writer: e.Writer, Stored: e.stored()}
		case e.Change.Op == providers.OpCreate, e.Change.Op == providers.OpDelete:
			delete(open, n) // it was put back, or taken out for another reason
		}
	}
	out := make([]Unfinished, 0, len(open))
	for _, u := range open {
		if !u.Replacement || launched[u.Run] {
			out = append(out, u)
		}
	}
	slices.SortFunc(out, func(a, b Unfinished) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Run, b.Run), cmp.Compare(queued[keyOf(a.Instance)], queued[keyOf(b.Instance)]))
	})
	return out
}

// addReplacement adds, at the first launch of a replacement, all nodes that it is to terminate, and notes what each launch
// started. A run that goes on with several replacements has the first launches of several.
func addReplacement(open map[nodeKey]Unfinished, queued map[nodeKey]int, launched, queues map[string]bool, e *Entry) {
	r := e.Launch.Replaces
	for at, ref := range r.Queue {
		k := keyOf(ref)
		id := e.Run + " " + string(k.cloud) + " " + k.id
		if queues[id] {
			continue
		}
		queues[id] = true
		u := open[k] // of an earlier run that this one continues
		launched[e.Run] = launched[e.Run] || launched[u.Run]
		u.Instance, u.Run, u.Who, u.At, u.Writer, u.Stored = ref, e.Run, e.Who, e.Time, e.Writer, e.stored()
		u.Replacement, u.MaxOut = true, r.MaxOut
		if r.Asked != nil {
			u.Asked = r.Asked
		}
		open[k], queued[k] = u, at
	}
	launched[e.Run] = launched[e.Run] || e.State != Failed && e.State != Refused
	if u, ok := open[keyOf(r.Old)]; ok {
		u.Launched = nil
		if e.State == Done {
			u.Launched = e.Instance
		}
		open[keyOf(r.Old)] = u
	}
}

// ReplacementOf returns the last launch of a node in the place of another one that may have been made, or nil.
func ReplacementOf(entries []Entry, old providers.InstanceRef) *Entry {
	for i := range slices.Backward(entries) {
		e := &entries[i]
		if r := e.Replaces(); r == nil || keyOf(r.Old) != keyOf(old) {
			continue
		}
		if e.State != Failed && e.State != Refused {
			return e
		}
	}
	return nil
}

// node returns the instance that an entry is about: its own, or else the owner of its record.
func (e *Entry) node() (ref providers.InstanceRef, known bool) {
	if e.Instance != nil && e.Instance.ID != "" {
		return *e.Instance, true
	}
	if e.Change == nil {
		return ref, false
	}
	r := e.Change.Record()
	o, owned := r.Owner()
	return providers.InstanceRef{Key: o.Cloud, ID: o.Instance, Name: o.Instance}, owned
}
