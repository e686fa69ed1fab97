package route53

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// The limits of Route 53 (Developer Guide, "Quotas"). Deleted and created values both count.
const (
	maxElements  = 1000  // ResourceRecord elements in one batch
	maxChars     = 32000 // characters of all values in one batch
	maxSetValues = 400   // values in one record set
)

// set is the working copy of one record set: as read, and as wanted.
type set struct {
	orig   *types.ResourceRecordSet // as returned by Route 53; nil if there was none
	next   types.ResourceRecordSet  // template of the new set, without values
	values []string                 // in wire form
	pinned bool                     // stands in the batch even if unchanged: another change is right only while it is as read
}

func newSet(orig *types.ResourceRecordSet) *set {
	s := &set{orig: orig, next: *orig}
	s.next.ResourceRecords = nil
	for i := range orig.ResourceRecords {
		s.values = append(s.values, aws.ToString(orig.ResourceRecords[i].Value))
	}
	return s
}

func (s *set) clone() *set {
	c := *s
	c.values = slices.Clone(s.values)
	return &c
}

// changed reports whether the set differs from what was read.
func (s *set) changed() bool {
	if s.orig == nil {
		return len(s.values) > 0
	}
	if aws.ToInt64(s.orig.TTL) != aws.ToInt64(s.next.TTL) || aws.ToInt64(s.orig.Weight) != aws.ToInt64(s.next.Weight) || len(s.values) != len(s.orig.ResourceRecords) {
		return true
	}
	had := make(map[string]bool, len(s.values)) // the order of values is irrelevant
	for i := range s.orig.ResourceRecords {
		had[aws.ToString(s.orig.ResourceRecords[i].Value)] = true
	}
	return slices.ContainsFunc(s.values, func(v string) bool { return !had[v] })
}

// written reports whether the set is a part of the batch.
func (s *set) written() bool { return s.changed() || s.pinned && s.orig != nil }

// wanted returns the set as wanted, or nil if it is to be deleted.
func (s *set) wanted() *types.ResourceRecordSet {
	if len(s.values) == 0 {
		return nil
	}
	n := s.next
	n.ResourceRecords = make([]types.ResourceRecord, len(s.values))
	for i := range s.values {
		n.ResourceRecords[i].Value = &s.values[i]
	}
	return &n
}

// size is the cost of a batch: ResourceRecord elements, and characters of values.
type size struct{ elements, chars int }

func (z size) plus(o size) size  { return size{z.elements + o.elements, z.chars + o.chars} }
func (z size) minus(o size) size { return size{z.elements - o.elements, z.chars - o.chars} }
func (z size) fits() bool        { return z.elements <= maxElements && z.chars <= maxChars }

// cost returns the set's share of a batch.
func (s *set) cost() size {
	if !s.written() {
		return size{}
	}
	return s.weight()
}

// weight is the cost of the set in a batch of which it is a part.
func (s *set) weight() (z size) {
	if s.orig != nil {
		for i := range s.orig.ResourceRecords {
			z = z.plus(size{1, len(aws.ToString(s.orig.ResourceRecords[i].Value))})
		}
	}
	for _, v := range s.values {
		z = z.plus(size{1, len(v)})
	}
	return z
}

// batch returns the change batch of all changed and pinned sets. Each is deleted exactly as read and then created, never
// upserted, so that Route 53 refuses the batch if another writer came first.
func batch(sets map[key]*set, order []key) *types.ChangeBatch {
	var deletes, creates []types.Change
	for _, k := range order {
		s := sets[k]
		if !s.written() {
			continue
		}
		if s.orig != nil {
			deletes = append(deletes, types.Change{Action: types.ChangeActionDelete, ResourceRecordSet: s.orig})
		}
		if w := s.wanted(); w != nil {
			creates = append(creates, types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: w})
		}
	}
	return &types.ChangeBatch{Changes: append(deletes, creates...), Comment: aws.String("rollcall")}
}
