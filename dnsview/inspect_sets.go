package dnsview

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// recordSet is the values of one name and type while a zone is gone through.
type recordSet struct {
	first, last int32 // chain of rows, by index
	n           int32
}

// sets goes through the record sets of a zone: values that stand there twice,
// and sets that are full or nearly so.
func (in *inspector) sets(z *index.ZoneState) {
	in.values = index.NewTable(0, valueKey.hash)
	type key struct{ name, typ string }
	rows := z.View.Records
	at := index.NewTable(len(rows)/2, func(k key) uint64 { return index.HashName(k.name) })
	next := make([]int32, len(rows))
	sets := make([]recordSet, 0, len(rows)/2)
	ids := 0 // sets beyond the first of their name and type: those with a set identifier
	prev, cur := key{}, int32(-1)
	for i := range rows {
		r := &rows[i]
		next[i] = -1
		if k := (key{r.Name, r.Type}); cur < 0 || k != prev {
			n, first := at.Add(k)
			if first {
				sets = append(sets, recordSet{first: int32(i), last: int32(i)})
			}
			prev, cur = k, n
		}
		s := &sets[cur]
		if s.n > 0 {
			next[s.last] = int32(i)
			s.last = int32(i)
		}
		s.n++
	}
	var members []*providers.Record
	for k := range sets {
		s := &sets[k]
		if s.n < 2 {
			continue
		}
		members = members[:0]
		for i := s.first; i >= 0; i = next[i] {
			members = append(members, &rows[i])
		}
		ids += setIDs(members) - 1
		in.duplicates(z, members)
		if s.n > 20 {
			in.fullSet(z, members)
		}
	}
	in.fullZone(z, len(sets)+ids)
}

// setIDs counts the record sets among records of one name and type: those with
// a routing policy have one for each set identifier.
func setIDs(members []*providers.Record) int {
	if members[0].SetID == "" && members[len(members)-1].SetID == "" {
		return 1
	}
	ids := map[string]bool{}
	for _, r := range members {
		ids[r.SetID] = true
	}
	return len(ids)
}

// fewValues is up to how many values of a record set the table of the last one is used again.
const fewValues = 16

// valueKey is a value of a record set.
type valueKey struct {
	addr       netip.Addr // of an address, which is quicker than its spelling
	value, set string
}

func (k valueKey) hash() uint64 { return index.HashAddr(k.addr) ^ index.HashName(k.value) }

// duplicates finds values that a set holds twice. Record sets with set
// identifiers are different sets, and may hold the same value each.
func (in *inspector) duplicates(z *index.ZoneState, members []*providers.Record) {
	if in.values.Clear(); len(members) > fewValues {
		in.values = index.NewTable(len(members), valueKey.hash)
	}
	first := in.first[:0]
	var twice map[int32][]*providers.Record
	for _, r := range members {
		if r.Alias {
			continue
		}
		k := valueKey{set: r.SetID}
		if a, ok := r.Addr(); ok {
			k.addr = a
		} else {
			k.value = providers.FoldValue(r.Type, r.Value)
		}
		n, added := in.values.Add(k)
		if added {
			first = append(first, r)
			continue
		}
		if twice == nil {
			twice = map[int32][]*providers.Record{}
		}
		if twice[n] == nil {
			twice[n] = []*providers.Record{first[n]}
		}
		twice[n] = append(twice[n], r)
	}
	in.first = first
	for _, same := range twice {
		slices.SortFunc(same, byAge)
		for _, r := range same[1:] {
			in.duplicate(z, same[0], r)
		}
	}
}

// byAge orders records that say the same by age: by what their markers say, then
// by their provider's word, then by what they are.
func byAge(a, b *providers.Record) int {
	oa, okA := index.RegisteredOwner(a)
	ob, okB := index.RegisteredOwner(b)
	if okA && okB {
		if c := oa.Registered.Compare(ob.Registered); c != 0 {
			return c
		}
	}
	if !a.Modified.IsZero() && !b.Modified.IsZero() {
		if c := a.Modified.Compare(b.Modified); c != 0 {
			return c
		}
	}
	return index.CompareRecords(a, b)
}

func (in *inspector) duplicate(z *index.ZoneState, kept, r *providers.Record) {
	in.readsOthers = true
	if in.reportedOf(r) == reportedLeaving || in.reportedOf(kept) == reportedLeaving {
		return
	}
	f := Finding{
		Class: Duplicate, Severity: Low, Record: r, Zone: z.Name, Service: in.ServiceOf(r), RestsOn: z.AllBases,
		Reason: r.Label() + " is there twice",
		Evidence: []Evidence{
			{Source: z.Name, Fact: "holds " + kept.Label() + " as " + index.RecordID(kept), At: kept.Modified},
			{Source: z.Name, Fact: "holds " + r.Label() + " as " + index.RecordID(r), At: r.Modified},
		},
	}
	a, okA := index.RegisteredOwner(kept)
	b, okB := index.RegisteredOwner(r)
	missing := in.MissingEvidence(z)
	switch {
	case !okB:
		f.Reason += "; the younger one has no owner marker, and rollcall changes only what it owns"
	case !okA:
		f.Reason += "; the older one " + in.AdoptOr(kept, "has no owner marker: adopt it, and the younger one can go")
	case !a.Same(b):
		f.Reason += ", as " + index.ShortID(a.Instance) + "'s and as " + index.ShortID(b.Instance) + "'s, and only one of them can have it"
	case in.ForeignFleet(b):
		return
	case a.Quiesced || b.Quiesced || in.reportedOf(r) == reportedOther:
		f.Reason += "; what else was found about it comes first"
	case missing != "":
		f.Reason += "; the younger one can go when all sources are complete: " + missing
	default:
		f.Remedy = RemedyDedupe
		f.Reason += "; the older one stays"
	}
	in.add(f)
}

// fullSet holds a record set against the limits of its provider and of the protocol.
func (in *inspector) fullSet(z *index.ZoneState, members []*providers.Record) {
	r := members[0]
	chars, bytes := 0, index.MessageOverhead
	for _, m := range members {
		chars += len(m.Value) + 1
		bytes += answerBytes(m.Type, m.Value)
	}
	n := len(members)
	most, why := (index.MessageBytes-index.MessageOverhead)*n/max(1, bytes-index.MessageOverhead), "an answer of DNS has "+strconv.Itoa(index.MessageBytes)+" bytes at most"
	at := &z.View.Zone.Traits
	if at.Sets != nil && r.SetID == "" {
		if most > at.Sets.Values {
			most, why = at.Sets.Values, "a record set of "+at.Title+" holds "+strconv.Itoa(at.Sets.Values)+" values"
		}
		if by := at.Sets.BatchChars / 2 * n / max(1, chars); most > by {
			most, why = by, at.Title+" takes "+strconv.Itoa(at.Sets.BatchChars)+" characters at once, old and new values counted"
		}
	}
	what := index.Clean(r.Name) + " " + r.Type + " has " + strconv.Itoa(n) + " values"
	in.limit(z, index.SetKey{Zone: z.Name, Name: r.Name, Type: r.Type}, n, most, what, why, in.ServiceOf(r))
}

// answerBytes is how much a value adds to an answer whose owner name is compressed
// (RFC 1035 section 4.1.4); names in values are not compressed in SRV records (RFC 2782).
func answerBytes(typ, value string) int {
	const head = 12
	switch typ {
	case "A":
		return head + 4
	case "AAAA":
		return head + 16
	case "SRV":
		return head + 8 + len(value) - strings.LastIndexByte(value, ' ') - 1
	}
	return head + 2 + len(value)
}

// fullZone holds a zone against its quota. One that holds more has another one, which is not known here.
func (in *inspector) fullZone(z *index.ZoneState, sets int) {
	n, what := len(z.View.Records), index.Plural(len(z.View.Records), "record", "records")
	at := &z.View.Zone.Traits
	most, why := at.Quota, at.Title+" allows "+strconv.Itoa(at.Quota)+" in a zone"
	if at.Sets != nil {
		n, what = sets, index.Plural(sets, "record set", "record sets")
	}
	if at.QuotaRaised {
		why += " unless its quota was raised"
	}
	if n > most {
		return // the provider let it grow, so its quota is another one
	}
	in.limit(z, index.SetKey{Zone: z.Name}, n, most, z.Name+" has "+what, why, "")
}

// limit remembers how much still fits, and reports what is nine tenths full.
func (in *inspector) limit(z *index.ZoneState, k index.SetKey, n, most int, what, why, service string) {
	if most <= 0 {
		return
	}
	f := Finding{
		Class: OverLimit, Severity: Medium, Zone: z.Name, Service: service, Name: k.Name, RestsOn: []index.Basis{z.Basis},
		Evidence: []Evidence{{Source: z.Name, Fact: "holds " + strconv.Itoa(n), At: z.View.RowsFrom}, {Source: "limits", Fact: why}},
	}
	if k.Type != "" {
		f.Name += " " + k.Type
	}
	switch left := most - n; {
	case left > 0:
		f.Reason = what + ", and " + strconv.Itoa(left) + " more fit: " + why
	case left == 0:
		f.Reason = what + ", and no more fit: " + why
	default:
		f.Reason = what + ", which is " + strconv.Itoa(-left) + " too many: " + why
	}
	if k.Name == "" {
		in.capacity[k.Zone] = index.Capacity{Left: max(0, most-n), Why: f.Reason}
	}
	if n*10 >= most*9 {
		in.add(f)
	}
}
