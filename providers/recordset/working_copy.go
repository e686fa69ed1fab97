package recordset

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rollcall/providers"
)

// defaultTTL is the TTL of new marker sets.
const defaultTTL = 300

// workingCopy is the working copy of the names that the changes touch. Changes are applied to it one after the other, and each
// can be reverted.
type workingCopy struct {
	p       Provider
	spell   *Spelling
	limits  *Limits
	zone    string
	read    map[string]Sets               // by subject
	current map[string][]providers.Record // by subject: rows as read, with owners; computed on first use
	sets    map[Key]*set
	order   []Key                // order in which sets were first touched
	total   Size                 // of the batch so far
	own     map[Key]sharedFields // as they were before earlier batches of the same call

	undo map[Key]*set // sets as they were before the current change; nil for a new one
}

func (r *run) newWorkingCopy(read map[string]Sets) *workingCopy {
	w := &workingCopy{
		p: r.p, spell: &r.w.Spelling, limits: &r.w.Limits, zone: providers.CanonicalName(r.zone.Name), own: r.own, read: read,
		current: map[string][]providers.Record{}, sets: map[Key]*set{},
	}
	for _, sets := range read {
		for k, s := range sets {
			w.sets[k] = newSet(s)
		}
	}
	return w
}

var errNoRoom = errors.New("the batch is full")

// try applies one change to the working copy. touched are the sets that it depends on. With an error, or if already is
// set, the copy is unchanged. errNoRoom means that the change has to wait for a later batch.
func (w *workingCopy) try(c *providers.Change) (touched []Key, already bool, err error) {
	w.undo = map[Key]*set{}
	before := w.total
	switch c.Op {
	case providers.OpCreate:
		already, err = w.create(c)
	case providers.OpDelete:
		err = w.remove(c)
	case providers.OpUpdate:
		err = w.update(c)
	default:
		err = invalid("the operation %q is not known", c.Op)
	}
	if err == nil {
		err = w.account(before)
	}
	for k := range w.undo {
		touched = append(touched, k)
	}
	if err != nil || already {
		w.rollback(before)
		return touched, already, err
	}
	for _, k := range touched {
		if !slices.Contains(w.order, k) {
			w.order = append(w.order, k)
		}
	}
	slices.SortFunc(w.order, Compare)
	return touched, false, nil
}

func (w *workingCopy) rollback(total Size) {
	for k, s := range w.undo {
		if s == nil {
			delete(w.sets, k)
		} else {
			w.sets[k] = s
		}
	}
	w.total = total
}

// account updates the size of the batch and returns an error if a limit is exceeded.
func (w *workingCopy) account(before Size) error {
	var biggest Key
	fits := true
	for k, old := range w.undo {
		s := w.sets[k]
		if old != nil {
			w.total = w.total.minus(w.cost(k, old))
		}
		w.total = w.total.plus(w.cost(k, s))
		had := 0
		if s.orig != nil {
			had = len(s.orig.Values)
		}
		if n := len(s.values); n > w.limits.Values && n > had {
			return &providers.Error{Kind: providers.KindLimit, Err: fmt.Errorf("%s %s can hold %d values and has %d: %d more fit",
				k.Name, k.Type, w.limits.Values, n-1, max(0, w.limits.Values-n+1))}
		}
		if most := w.limits.SetChars; most > 0 && len(s.values) > had && w.cost(k, s).Chars > most {
			fits = false
		}
		if w.cost(k, s).Chars >= w.cost(biggest, w.sets[biggest]).Chars {
			biggest = k
		}
	}
	if fits && w.total.fits(*w.limits) {
		return nil
	}
	if before != (Size{}) {
		return errNoRoom
	}
	all := w.cost(biggest, w.sets[biggest])
	each := max(1, all.Chars/max(1, all.Elements))
	return &providers.Error{Kind: providers.KindLimit, Err: fmt.Errorf(
		"%s %s is too large to be replaced in one step: %s, old and new ones counted, so about %d values of this length fit",
		biggest.Name, biggest.Type, w.limits.Batch, min(w.limits.Elements, w.limits.Chars/each)/2)}
}

// touch returns the working copy of a set for changing, or an empty one.
func (w *workingCopy) touch(k Key) *set {
	s, there := w.sets[k]
	if _, noted := w.undo[k]; !noted {
		if there {
			w.undo[k] = s.clone()
		} else {
			w.undo[k] = nil
		}
	}
	if !there {
		s = &set{next: Set{Key: k}}
		w.sets[k] = s
	}
	return s
}

// create adds a value. An existing set keeps its TTL and other fields, which only an update changes.
func (w *workingCopy) create(c *providers.Change) (already bool, err error) {
	r := &c.After
	k := keyOf(r)
	w.dependOn(k)
	if s := w.sets[k]; s != nil && s.orig != nil && s.orig.ReadOnly {
		return false, invalid("%s %s is an alias or belongs to a traffic policy, and is read-only here", k.Name, k.Type)
	}
	for other, s := range w.sets {
		if other.Name == k.Name && other.Type == k.Type && (other.ID == "") != (k.ID == "") && s.wanted() != nil {
			return false, invalid("%s %s has record sets with a routing policy beside which a simple one cannot stand, or the other way round", k.Name, k.Type)
		}
	}
	if w.has(k, r.Value) {
		return true, w.sameOwners(r)
	}
	if err := w.notQuiesced(c); err != nil {
		return false, err
	}
	s := w.touch(k)
	if len(s.values) == 0 && s.orig == nil {
		made, err := w.p.New(r)
		if err != nil {
			return false, invalid("%w", err)
		}
		s.next = *made
	}
	s.values = append(s.values, w.spell.Write(r))
	return false, w.addMarkers(r, r.Owners)
}

// notQuiesced checks that no marker says of the value that an operator took it out of DNS, but the one that the change
// comes in the place of. It may have been written since the change was planned.
func (w *workingCopy) notQuiesced(c *providers.Change) (err error) {
	var replaced providers.Owner
	if parts, ok := providers.ParseTXT(c.Before.Value); ok && c.Before.IsMarker() {
		replaced, _ = providers.DecodeOwner(strings.Join(parts, "")) // one that cannot be read replaces none
	}
	w.eachMarker(&c.After, w.markerSets(c.After.Name), func(_ Key, _ int, have providers.Owner) {
		if replaced.Same(have) && replaced.Quiesced {
			return
		}
		if have.Quiesced && slices.ContainsFunc(c.After.Owners, func(o providers.Owner) bool { return o.Same(have) && !o.Quiesced }) {
			err = conflict("%s was taken out of DNS by an operator: return its node %s instead", &c.After, have.Instance)
		}
	})
	return err
}

// dependOn makes the change depend on a set without changing it.
func (w *workingCopy) dependOn(k Key) {
	if _, noted := w.undo[k]; !noted {
		if s := w.sets[k]; s != nil {
			w.undo[k] = s.clone()
		}
	}
}

// sameOwners checks a create of an existing value: the owners must be equal, or the change must have none.
func (w *workingCopy) sameOwners(r *providers.Record) error {
	have := w.owners(r)
	if len(r.Owners) > 0 && !(&providers.Record{Owners: have}).SameOwners(&providers.Record{Owners: r.Owners}) {
		return conflict("%s is there already, %s", r, ownedBy(have))
	}
	return nil
}

func ownedBy(have []providers.Owner) string {
	if len(have) == 0 {
		return "without an owner; adopt it instead"
	}
	var names []string
	for _, o := range have {
		state := ""
		if o.Quiesced {
			state = " (quiesced)"
		}
		names = append(names, o.Instance+state)
	}
	return "owned by " + strings.Join(names, ", ")
}

// remove removes a value and its markers. Markers of owners in After stay, so that a quiesced state outlives its value.
func (w *workingCopy) remove(c *providers.Change) error {
	r := &c.Before
	k := keyOf(r)
	if err := w.verify(r); err != nil {
		return err
	}
	w.removeValue(k, r.Value)
	w.removeMarkers(r)
	return w.addMarkers(r, c.After.Owners)
}

// update changes one record in place. TTL and weight belong to the whole record set and change for all of
// its values.
func (w *workingCopy) update(c *providers.Change) error {
	b, a := &c.Before, &c.After
	if b.Name != a.Name || b.Type != a.Type || b.SetID != a.SetID {
		return invalid("an update cannot change name, type or set identifier")
	}
	if a.Policy != b.Policy {
		return invalid("an update cannot change the routing policy")
	}
	if err := w.verify(b); err != nil {
		return err
	}
	k := keyOf(b)
	s := w.touch(k)
	if a.TTL != b.TTL {
		if got := s.next.TTL; got != b.TTL && got != a.TTL {
			return invalid("another change of this call gives %s %s a different TTL", k.Name, k.Type)
		}
		s.next.TTL = a.TTL
	}
	if a.Weight != b.Weight {
		if s.next.Weight == nil {
			return invalid("%s %s is not weighted", k.Name, k.Type)
		}
		s.next.Weight = &a.Weight
	}
	same := providers.FoldValue(a.Type, a.Value) == providers.FoldValue(b.Type, b.Value)
	w.removeMarkers(b)
	if !same && w.has(k, a.Value) {
		if err := w.sameOwners(a); err != nil {
			return err
		}
		w.removeValue(k, b.Value)
		return nil
	}
	if wire := w.spell.Write(a); w.spell.Read(a.Type, wire) != b.Value || wire != w.spell.Write(b) {
		s.values[w.find(k, b.Value)] = wire
	}
	if err := w.addMarkers(a, a.Owners); err != nil {
		return err
	}
	// A marker that is written alone needs its value. A set that takes half a batch cannot be replaced, nor pinned; in a
	// batch that is full otherwise, the change waits for a later one.
	need := Size{}
	for touched := range w.undo {
		need = need.plus(w.weight(touched, w.sets[touched]))
	}
	s.pinned = s.pinned || need.fits(*w.limits)
	return nil
}

// verify compares all fields of a record with the zone, and checks that no earlier change of this batch removed it.
func (w *workingCopy) verify(r *providers.Record) error {
	k := keyOf(r)
	w.dependOn(k)
	for _, cur := range w.rowsOf(Subject(r.Name)) {
		if cur.Name != r.Name || cur.Type != r.Type || cur.SetID != r.SetID || providers.FoldValue(cur.Type, cur.Value) != providers.FoldValue(r.Type, r.Value) {
			continue
		}
		if w.sets[k].orig.ReadOnly {
			return invalid("%s is an alias or belongs to a traffic policy, and is read-only here", r)
		}
		if was, ours := w.own[k]; ours {
			cur.TTL, cur.Weight = was.ttl, was.weight
		}
		if what := differs(&cur, r); what != "" {
			return conflict("%s is not as it was read before: %s", r, what)
		}
		if !w.has(k, r.Value) {
			return conflict("%s was taken away by another change of this call", r)
		}
		return nil
	}
	return conflict("%s is not in the zone any more", r)
}

func (w *workingCopy) rowsOf(name string) []providers.Record {
	if _, made := w.current[name]; !made {
		w.current[name] = w.spell.Records(w.zone, w.read[name])
	}
	return w.current[name]
}

// differs returns the field in which two readings of a record differ, or "".
func differs(cur, r *providers.Record) string {
	a, b := normal(cur), normal(r)
	if a.Equal(&b) {
		return ""
	}
	switch {
	case a.TTL != b.TTL:
		return fmt.Sprintf("its TTL is %d", a.TTL)
	case a.Policy != b.Policy || a.Weight != b.Weight:
		return "its routing policy is another"
	case !slices.Equal(a.Owners, b.Owners):
		return "it is " + ownedBy(a.Owners)
	case !slices.Equal(a.BadMarkers, b.BadMarkers):
		return "its unreadable markers are others"
	}
	return "its fields are others"
}

// normal returns a record in a form in which equivalent readings are equal: sorted, complete owners, UTC times, and no
// fields that sets lack.
func normal(r *providers.Record) providers.Record {
	c := *r
	c.Value = providers.FoldValue(c.Type, c.Value)
	c.ID, c.Comment, c.AutoTTL, c.Proxied = "", "", false, false
	c.Modified = time.Time{}
	c.Owners = nil
	for _, o := range r.Owners {
		o = o.For(r.Type, r.Value)
		o.Registered = time.Unix(o.Registered.Unix(), 0).UTC()
		c.Owners = append(c.Owners, o)
	}
	slices.SortFunc(c.Owners, compareOwners)
	c.BadMarkers = slices.Sorted(slices.Values(r.BadMarkers))
	return c
}

// find returns the index of a value in a set, or -1.
func (w *workingCopy) find(k Key, value string) int {
	s := w.sets[k]
	if s == nil {
		return -1
	}
	want := providers.FoldValue(k.Type, value)
	return slices.IndexFunc(s.values, func(v string) bool {
		return providers.FoldValue(k.Type, w.spell.Read(k.Type, v)) == want
	})
}

func (w *workingCopy) has(k Key, value string) bool { return w.find(k, value) >= 0 }

func (w *workingCopy) removeValue(k Key, value string) {
	if i := w.find(k, value); i >= 0 {
		s := w.touch(k)
		s.values = slices.Delete(s.values, i, i+1)
	}
}

func conflict(format string, args ...any) error {
	return &providers.Error{Kind: providers.KindConflict, Err: fmt.Errorf(format, args...)}
}

func invalid(format string, args ...any) error {
	return &providers.Error{Kind: providers.KindInvalid, Err: fmt.Errorf(format, args...)}
}
