package rfc2136

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/miekg/dns"

	"rollcall/providers"
	"rollcall/providers/recordset"
)

const (
	opApply = "change records"
	// maxSetValues is how many addresses fit into the message that replaces them, with room to spare.
	maxSetValues = 1000
	// bindValues is how many values of one name and type BIND takes unless its max-records-per-type is set.
	bindValues = 100
)

// limits are those of a message of 65,535 bytes, without the room of question and signature. A set leaves room for the
// value and the marker that go when it gets smaller.
var limits = recordset.Limits{
	Size: recordset.Size{Elements: 1 << 30, Chars: 64_000}, Values: maxSetValues, SetChars: 60_000, Batch: "an update has 65535 bytes at most",
}

// spelling is that of rollcall: dns.NewRR reads it, and rows have no other.
var spelling = recordset.Spelling{
	Read:     func(_, value string) string { return value },
	Write:    func(r *providers.Record) string { return providers.CanonicalValue(r.Type, r.Value) },
	ParseTXT: providers.ParseTXT, FormatTXT: providers.FormatTXT,
}

// Apply carries out changes by updates whose prerequisites are the record sets as they were read: those that existed
// with all their values, and those that did not; see recordset.Writer. A prerequisite says nothing of TTLs, so that one
// that another writer changes between reading and update is not noticed.
func (a *Account) Apply(ctx context.Context, zone providers.Zone, changes []providers.Change) []providers.Result {
	return a.writer.Apply(ctx, &zoneWriter{a: a, zone: providers.CanonicalName(zone.Name)}, zone, changes)
}

// zoneWriter implements recordset.Provider.
type zoneWriter struct {
	a    *Account
	zone string
	was  *zoneCopy // as last loaded
}

func (w *zoneWriter) Load(ctx context.Context, names []string) (map[string]recordset.Sets, error) {
	z, _, err := w.a.read(ctx, w.zone, opApply, false, func() {})
	if err != nil {
		return nil, err
	}
	w.was = z
	out := map[string]recordset.Sets{}
	for _, n := range names {
		out[n] = z.subjects[n]
	}
	return out, nil
}

func (w *zoneWriter) New(r *providers.Record) (*recordset.Set, error) {
	if r.SetID != "" || r.Weight != 0 || r.Policy != "" {
		return nil, fmt.Errorf("a name server of one's own has no routing policies, weights and set identifiers")
	}
	return &recordset.Set{Key: recordset.Key{Name: r.Name, Type: r.Type}, TTL: r.TTL}, nil
}

// Cost returns at least the bytes that a swap takes in an update.
func (w *zoneWriter) Cost(s *recordset.Swap) recordset.Size {
	const header = 12 // of a record whose name is compressed (RFC 1035 sections 3.2.1 and 4.1.4)
	size := recordset.Size{Chars: len(s.Name) + 2*header}
	had := map[string]bool{}
	if s.Before != nil {
		size.Elements = len(s.Before.Values)
		for _, v := range s.Before.Values {
			had[v] = true
			size.Chars += header + dataBytes(s.Type, v)
		}
	}
	if s.After != nil {
		size.Elements += len(s.After.Values)
		retimed := s.Before != nil && s.Before.TTL != s.After.TTL
		for _, v := range s.After.Values {
			if !had[v] || retimed {
				size.Chars += header + dataBytes(s.Type, v)
			}
			delete(had, v)
		}
	}
	for v := range had { // what goes
		size.Chars += header + dataBytes(s.Type, v)
	}
	return size
}

// dataBytes returns at least the bytes of a value in a message.
func dataBytes(typ, value string) int {
	switch typ {
	case "A":
		return 4
	case "AAAA":
		return 16
	}
	return len(value) + 8
}

// Send makes one update. An update whose answer is lost is KindUncertain.
func (w *zoneWriter) Send(ctx context.Context, swaps []recordset.Swap) (ticket string, err error) {
	m, err := w.update(swaps)
	if err != nil {
		return "", &providers.Error{Kind: providers.KindInvalid, Source: w.zone, Op: opApply, Err: err}
	}
	c, err := w.a.connect(ctx, w.zone, opApply)
	if err != nil {
		return "", err
	}
	defer c.close()
	mac, err := c.send(m)
	if err != nil {
		return "", err
	}
	_, _, err = c.read(m, mac, false)
	e, failed := err.(*providers.Error) //nolint:errorlint // conn returns no other errors
	switch {
	case !failed:
	case e.Code == "" && (e.Kind == providers.KindUnreachable || e.Kind == providers.KindIncomplete):
		e.Kind = providers.KindUncertain
	case e.Code == dns.RcodeToString[dns.RcodeServerFailure] && slices.ContainsFunc(swaps, func(s recordset.Swap) bool { return s.After != nil && len(s.After.Values) > bindValues }):
		e.Kind = providers.KindLimit
		e.Err = fmt.Errorf("%w, as BIND does for more than %d values of one name: raise its max-records-per-type", e.Err, bindValues)
	case e.Code == dns.RcodeToString[dns.RcodeServerFailure]:
		// A server undoes an update that fails (RFC 2136 section 3.5), but one that forwards it to the primary may have lost
		// the primary's answer (section 6).
		e.Kind = providers.KindUncertain
	}
	return "", err
}

// Refusal implements recordset.Provider.
func (w *zoneWriter) Refusal(err error) recordset.Refusal {
	switch providers.KindOf(err) {
	case providers.KindConflict:
		return recordset.Raced
	case providers.KindInvalid, providers.KindLimit, providers.KindAuth: // an update-policy may grant other names
		return recordset.Bad
	}
	return recordset.Other
}

// update returns the update for swaps. What a server would leave out without a word is an error (RFC 2136 section 3.4.2).
func (w *zoneWriter) update(swaps []recordset.Swap) (*dns.Msg, error) {
	m := new(dns.Msg)
	m.SetUpdate(dns.Fqdn(w.zone))
	var gone, come []dns.RR
	wanted := map[recordset.Key]bool{} // the sets that are swapped, and whether they will exist
	for _, s := range swaps {
		wanted[s.Key] = s.After != nil
	}
	for i := range swaps {
		s := &swaps[i]
		if err := w.check(s, wanted); err != nil {
			return nil, err
		}
		require(m, s, wanted, w.siblings(s.Key, nil))
		minus, plus, err := difference(s)
		if err != nil {
			return nil, err
		}
		gone, come = append(gone, minus...), append(come, plus...)
	}
	m.Remove(gone) // first, so that an alias can be replaced by addresses
	m.Insert(come)
	return m, nil
}

// check returns an error for a swap that a name server would not make.
func (w *zoneWriter) check(s *recordset.Swap, wanted map[recordset.Key]bool) error {
	switch {
	case s.Type == "SOA":
		return fmt.Errorf("the SOA record of %s is kept by its name server", s.Name)
	case s.Type == "NS" && s.Name == w.zone && s.After == nil:
		return fmt.Errorf("the zone %s keeps at least one NS record", s.Name)
	case s.After == nil:
		return nil
	}
	for typ := range w.siblings(s.Key, wanted) {
		if s.Type == "CNAME" || typ == "CNAME" {
			return fmt.Errorf("%s has records of type %s, and a CNAME stands alone", s.Name, typ)
		}
	}
	return nil
}

// siblings returns the other types of a name: as they were read, or with wanted as they will be.
func (w *zoneWriter) siblings(k recordset.Key, wanted map[recordset.Key]bool) map[string]bool {
	out := map[string]bool{}
	for other := range w.was.subjects[recordset.Subject(k.Name)] {
		if other.Name == k.Name && other.Type != k.Type {
			out[other.Type] = true
		}
	}
	for other, there := range wanted {
		if other.Name == k.Name && other.Type != k.Type {
			out[other.Type] = there
		}
	}
	maps.DeleteFunc(out, func(_ string, there bool) bool { return !there })
	return out
}

// require adds the prerequisites of a swap: the set is as it was read, and no alias has appeared beside it, nor another
// record beside a new alias.
func require(m *dns.Msg, s *recordset.Swap, wanted map[recordset.Key]bool, siblings map[string]bool) {
	if s.Before != nil {
		var all []dns.RR
		for _, rr := range s.Before.Native.([]dns.RR) {
			all = append(all, dns.Copy(rr))
		}
		m.Used(all)
		return
	}
	absent := func(typ uint16) dns.RR {
		return &dns.ANY{Hdr: dns.RR_Header{Name: dns.Fqdn(s.Name), Rrtype: typ}}
	}
	_, swapped := wanted[recordset.Key{Name: s.Name, Type: "CNAME"}]
	switch {
	case s.Type == "CNAME" && len(siblings) == 0:
		m.NameNotUsed([]dns.RR{absent(dns.TypeANY)})
	case s.Type == "CNAME" || swapped:
		m.RRsetNotUsed([]dns.RR{absent(dns.StringToType[s.Type])})
	default:
		m.RRsetNotUsed([]dns.RR{absent(dns.StringToType[s.Type]), absent(dns.TypeCNAME)})
	}
}

// difference returns the records that a swap deletes and those that it adds. A new TTL is that of all records of a set,
// which are added again with it.
func difference(s *recordset.Swap) (gone, come []dns.RR, err error) {
	had := map[string]dns.RR{}
	retimed := false
	if s.Before != nil {
		for i, v := range s.Before.Values {
			had[v] = s.Before.Native.([]dns.RR)[i]
		}
		retimed = s.After != nil && s.Before.TTL != s.After.TTL
	}
	if s.After != nil {
		for _, v := range s.After.Values {
			_, there := had[v]
			delete(had, v)
			if there && !retimed {
				continue
			}
			rr, err := dns.NewRR(dns.Fqdn(s.Name) + " " + strconv.FormatUint(uint64(s.After.TTL), 10) + " IN " + s.Type + " " + v)
			if err != nil || rr == nil {
				return nil, nil, fmt.Errorf("%q is not a value of a record of type %s", providers.Brief(v), s.Type)
			}
			come = append(come, rr)
		}
	}
	if s.Before != nil {
		for _, v := range s.Before.Values {
			if rr, left := had[v]; left {
				gone = append(gone, dns.Copy(rr))
			}
		}
	}
	return gone, come, nil
}
