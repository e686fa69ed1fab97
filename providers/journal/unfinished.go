package journal

import (
	"slices"
	"time"

	"rollcall/providers"
)

// Unfinished is a drain that took a node out of DNS and ended before it terminated the node.
type Unfinished struct {
	Instance providers.InstanceRef
	Run, Who string
	At       time.Time // of its last change
	writer   string
}

// left is the note of the entry by which an operator leaves a drained node as it is.
const left = "left out of DNS, and running, by the operator"

// LeaveDrained records that a drain is not to be finished: UnfinishedDrains does not return it any more.
func (j *Journal) LeaveDrained(who string, drains ...Unfinished) error {
	entries := make([]Entry, len(drains))
	for i := range drains {
		ref := drains[i].Instance
		entries[i] = Entry{
			Run: drains[i].Run, Who: who, Verb: "drain", Kind: KindPower, Action: string(providers.PowerTerminate), Instance: &ref,
			Sentence: "Terminate " + ref.Name, Note: left,
		}
	}
	_, err := j.Refuse(entries...)
	return err
}

// UnfinishedDrains returns, oldest first, the drains of processes that have ended. What was put back, quiesced or
// terminated since is not among them.
func (j *Journal) UnfinishedDrains() ([]Unfinished, error) {
	var out []Unfinished
	err := j.locked(func() error {
		if j.isAway() {
			return nil // which writers live cannot be asked
		}
		for _, u := range unfinished(j.replay.entries) {
			alive, err := j.writerAlive(u.writer)
			if err != nil {
				return err
			}
			if !alive {
				out = append(out, u)
			}
		}
		return nil
	})
	return out, err
}

// unfinished returns the drains of entries whose last step did not follow, in the order of their last changes.
func unfinished(entries []Entry) []Unfinished {
	type node struct {
		cloud providers.CloudKey
		id    string
	}
	open := map[node]Unfinished{}
	for i := range entries {
		e := &entries[i]
		ref, known := e.node()
		var rec providers.Record
		if e.Change != nil {
			rec = e.Change.Record()
		}
		n := node{ref.Key, ref.ID}
		switch {
		case !known:
		case e.Kind == KindPower:
			if e.Action == string(providers.PowerTerminate) && (e.State != Refused && e.State != Failed || e.Note == left) {
				delete(open, n)
			}
		case e.Kind != KindChange || e.State != Done || e.Change == nil || rec.IsMarker():
		case e.Change.Op == providers.OpDelete && e.Verb == "drain":
			open[n] = Unfinished{Instance: ref, Run: e.Run, Who: e.Who, At: e.Time, writer: e.Writer}
		case e.Change.Op == providers.OpCreate, e.Change.Op == providers.OpDelete:
			delete(open, n) // it was put back, or taken out for another reason
		}
	}
	out := make([]Unfinished, 0, len(open))
	for _, u := range open {
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b Unfinished) int { return a.At.Compare(b.At) })
	return out
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
