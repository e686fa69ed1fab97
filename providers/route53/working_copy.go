package route53

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"rollcall/providers"
)

// defaultTTL is the TTL of new marker sets.
const defaultTTL = 300

// workingCopy is the working copy of the names that the changes touch. Changes are applied to it one after the other, and each
// can be reverted.
type workingCopy struct {
	zone    string
	read    map[string]map[key]*types.ResourceRecordSet // by subject
	current map[string][]providers.Record               // by subject: rows as read, with owners; computed on first use
	sets    map[key]*set
	order   []key                // order in which sets were first touched
	total   size                 // of the batch so far
	own     map[key]sharedFields // as they were before earlier batches of the same call

	undo map[key]*set // sets as they were before the current change; nil for a new one
}

func newWorkingCopy(zone string, read map[string]map[key]*types.ResourceRecordSet, own map[key]sharedFields) *workingCopy {
	w := &workingCopy{zone: zone, own: own, read: read, current: map[string][]providers.Record{}, sets: map[key]*set{}}
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
func (w *workingCopy) try(c *providers.Change) (touched []key, already bool, err error) {
	w.undo = map[key]*set{}
	before := w.total
	switch c.Op {
	case providers.OpCreate:
		already, err = w.create(&c.After)
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
	slices.SortFunc(w.order, compareKeys)
	return touched, false, nil
}

func (w *workingCopy) rollback(total size) {
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
func (w *workingCopy) account(before size) error {
	var biggest key
	for k, old := range w.undo {
		s := w.sets[k]
		if old != nil {
			w.total = w.total.minus(old.cost())
		}
		w.total = w.total.plus(s.cost())
		had := 0
		if s.orig != nil {
			had = len(s.orig.ResourceRecords)
		}
		if n := len(s.values); n > maxSetValues && n > had {
			return &providers.Error{Kind: providers.KindLimit, Err: fmt.Errorf("%s %s can hold %d values and has %d: %d more fit",
				k.name, k.typ, maxSetValues, n-1, max(0, maxSetValues-n+1))}
		}
		if s.cost().chars >= w.sets[biggest].costOrZero().chars {
			biggest = k
		}
	}
	if w.total.fits() {
		return nil
	}
	if before != (size{}) {
		return errNoRoom
	}
	s := w.sets[biggest]
	each := max(1, s.cost().chars/max(1, s.cost().elements))
	return &providers.Error{Kind: providers.KindLimit, Err: fmt.Errorf(
		"%s %s is too large to be replaced in one step: a batch takes %d values and %d characters, old and new ones counted, so about %d values of this length fit",
		biggest.name, biggest.typ, maxElements, maxChars, min(maxElements, maxChars/each)/2)}
}

func (s *set) costOrZero() size {
	if s == nil {
		return size{}
	}
	return s.cost()
}

// touch returns the working copy of a set for changing, or an empty one.
func (w *workingCopy) touch(k key) *set {
	s, there := w.sets[k]
	if _, noted := w.undo[k]; !noted {
		if there {
			w.undo[k] = s.clone()
		} else {
			w.undo[k] = nil
		}
	}
	if !there {
		s = &set{next: types.ResourceRecordSet{Name: aws.String(nameToWire(k.name)), Type: types.RRType(k.typ)}}
		if k.id != "" {
			s.next.SetIdentifier = aws.String(k.id)
		}
		w.sets[k] = s
	}
	return s
}

// create adds a value. An existing set keeps its TTL and other fields, which only an update changes.
func (w *workingCopy) create(r *providers.Record) (already bool, err error) {
	k := key{name: r.Name, typ: r.Type, id: r.SetID}
	w.dependOn(k)
	if s := w.sets[k]; s != nil && s.orig != nil && (s.orig.AliasTarget != nil || s.orig.TrafficPolicyInstanceId != nil) {
		return false, invalid("%s %s is an alias or belongs to a traffic policy, and is read-only here", k.name, k.typ)
	}
	for other, s := range w.sets {
		if other.name == k.name && other.typ == k.typ && (other.id == "") != (k.id == "") && s.wanted() != nil {
			return false, invalid("%s %s has record sets with a routing policy beside which a simple one cannot stand, or the other way round", k.name, k.typ)
		}
	}
	if w.has(k, r.Value) {
		return true, w.sameOwners(r)
	}
	s := w.touch(k)
	if len(s.values) == 0 && s.orig == nil {
		s.next.TTL = aws.Int64(int64(r.TTL))
		if err := setPolicy(&s.next, r.Policy, r.Weight); err != nil {
			return false, invalid("%w", err)
		}
	}
	s.values = append(s.values, wireOf(r))
	return false, w.addMarkers(r, r.Owners)
}

// dependOn makes the change depend on a set without changing it.
func (w *workingCopy) dependOn(k key) {
	if _, noted := w.undo[k]; !noted {
		if s := w.sets[k]; s != nil {
			w.undo[k] = s.clone()
		}
	}
}

// sameOwners checks a create of an existing value: the owners must be equal, or the change must have none.
func (w *workingCopy) sameOwners(r *providers.Record) error {
	have := w.owners(r)
	for _, o := range r.Owners {
		if !slices.ContainsFunc(have, func(h providers.Owner) bool { return h.Same(o) && h.Quiesced == o.Quiesced }) {
			return conflict("%s is there already, %s", r, ownedBy(have))
		}
	}
	if len(r.Owners) > 0 && len(have) != len(r.Owners) {
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
	k := key{name: r.Name, typ: r.Type, id: r.SetID}
	if err := w.verify(r); err != nil {
		return err
	}
	w.removeValue(k, r.Value)
	w.removeMarkers(r)
	return w.addMarkers(r, c.After.Owners)
}

// update changes one record in place. On Route 53, TTL and weight belong to the whole record set and change for all of
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
	k := key{name: b.Name, typ: b.Type, id: b.SetID}
	s := w.touch(k)
	if a.TTL != b.TTL {
		if got := aws.ToInt64(s.next.TTL); got != int64(b.TTL) && got != int64(a.TTL) {
			return invalid("another change of this call gives %s %s a different TTL", k.name, k.typ)
		}
		s.next.TTL = aws.Int64(int64(a.TTL))
	}
	if a.Weight != b.Weight {
		if s.next.Weight == nil {
			return invalid("%s %s is not weighted", k.name, k.typ)
		}
		s.next.Weight = aws.Int64(a.Weight)
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
	if wire := wireOf(a); valueFromWire(a.Type, wire) != b.Value || wire != wireOf(b) {
		s.values[w.find(k, b.Value)] = wire
	}
	if err := w.addMarkers(a, a.Owners); err != nil {
		return err
	}
	// A marker that is written alone needs its value. A set that takes half a batch cannot be replaced, nor pinned.
	need := w.total
	for touched := range w.undo {
		need = need.plus(w.sets[touched].weight())
	}
	s.pinned = s.pinned || need.fits()
	return nil
}

// verify compares all fields of a record with the zone, and checks that no earlier change of this batch removed it.
func (w *workingCopy) verify(r *providers.Record) error {
	k := key{name: r.Name, typ: r.Type, id: r.SetID}
	w.dependOn(k)
	for _, cur := range w.rowsOf(subject(r.Name)) {
		if cur.Name != r.Name || cur.Type != r.Type || cur.SetID != r.SetID || providers.FoldValue(cur.Type, cur.Value) != providers.FoldValue(r.Type, r.Value) {
			continue
		}
		if cur.Alias || strings.Contains(cur.Policy, polTrafficPolicy) {
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
		w.current[name] = records(w.zone, w.read[name])
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
// fields that Route 53 lacks.
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
func (w *workingCopy) find(k key, value string) int {
	s := w.sets[k]
	if s == nil {
		return -1
	}
	want := providers.FoldValue(k.typ, value)
	return slices.IndexFunc(s.values, func(v string) bool {
		return providers.FoldValue(k.typ, valueFromWire(k.typ, v)) == want
	})
}

func (w *workingCopy) has(k key, value string) bool { return w.find(k, value) >= 0 }

func (w *workingCopy) removeValue(k key, value string) {
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
