package recordset_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/recordset"
)

const zoneName = "example.org"

var spelling = recordset.Spelling{
	Read:     func(_, value string) string { return value },
	Write:    func(r *providers.Record) string { return r.Value },
	ParseTXT: providers.ParseTXT, FormatTXT: providers.FormatTXT,
}

// memory is a zone in memory whose batches are compared with what it holds.
type memory struct {
	sets  recordset.Sets
	meet  func()          // is called before the next batch, and then no more
	bad   map[string]bool // values that it refuses
	loses int             // so many answers are lost after the batch was made
	slow  [2]int          // so many reads and batches are throttled
	tries int             // reads and batches
}

// throttle returns the error of a read (0) or a batch (1) that is one too many.
func (m *memory) throttle(which int) error {
	if m.tries++; m.slow[which] == 0 {
		return nil
	}
	m.slow[which]--
	return providers.Errorf(providers.KindThrottled, "", "rate exceeded")
}

func (m *memory) Load(_ context.Context, names []string) (map[string]recordset.Sets, error) {
	if err := m.throttle(0); err != nil {
		return nil, err
	}
	out := map[string]recordset.Sets{}
	for _, n := range names {
		out[n] = recordset.Sets{}
		for k, s := range m.sets {
			if recordset.Subject(k.Name) == n {
				out[n][k] = s
			}
		}
	}
	return out, nil
}

func (m *memory) New(r *providers.Record) (*recordset.Set, error) {
	return &recordset.Set{Key: recordset.Key{Name: r.Name, Type: r.Type}, TTL: r.TTL}, nil
}

func (m *memory) Cost(s *recordset.Swap) (z recordset.Size) {
	for _, one := range []*recordset.Set{s.Before, s.After} {
		if one != nil {
			z.Elements += len(one.Values)
		}
	}
	return z
}

func (m *memory) Send(_ context.Context, swaps []recordset.Swap) (string, error) {
	if err := m.throttle(1); err != nil {
		return "", err
	}
	if meet := m.meet; meet != nil {
		m.meet = nil
		meet()
	}
	total := recordset.Size{}
	for i := range swaps {
		s := &swaps[i]
		total.Elements += m.Cost(s).Elements
		if m.sets[s.Key] != s.Before {
			return "", providers.Errorf(providers.KindConflict, "", "%s is another one", s.Name)
		}
		if s.After != nil && slices.ContainsFunc(s.After.Values, func(v string) bool { return m.bad[v] }) {
			return "", providers.Errorf(providers.KindInvalid, "", "a bad value")
		}
	}
	if total.Elements > limits.Elements {
		panic(fmt.Sprintf("a batch of %d values", total.Elements))
	}
	for _, s := range swaps {
		delete(m.sets, s.Key)
		if s.After != nil {
			m.sets[s.Key] = s.After
		}
	}
	if m.loses > 0 {
		m.loses--
		return "", providers.Errorf(providers.KindUncertain, "", "the answer is lost")
	}
	return "T", nil
}

func (m *memory) Refusal(err error) recordset.Refusal {
	switch providers.KindOf(err) {
	case providers.KindConflict:
		return recordset.Raced
	case providers.KindInvalid:
		return recordset.Bad
	}
	return recordset.Other
}

// rows returns what the zone holds, with owners, by name and value.
func (m *memory) rows() map[string]providers.Record {
	out := map[string]providers.Record{}
	for _, r := range spelling.Records(zoneName, m.sets) {
		if !r.IsMarker() {
			out[r.Name+" "+r.Value] = r
		}
	}
	return out
}

var limits = recordset.Limits{Size: recordset.Size{Elements: 40, Chars: 1 << 20}, Values: 6, Batch: "a batch takes 40 values"}

func writer() *recordset.Writer {
	return &recordset.Writer{Spelling: spelling, Limits: limits, Clock: providertest.NewClock(time.Unix(1_770_000_000, 0)).Clock}
}

func record(rt *rapid.T, name, value string) providers.Record {
	r := providers.Record{Zone: zoneName, Name: name, Type: "A", TTL: 60, Value: value}
	if n := rapid.IntRange(0, 2).Draw(rt, "owner"); n > 0 {
		o := providers.Owner{Fleet: "f", Cloud: "0123456789", Instance: fmt.Sprintf("i-%d", n), Registered: time.Unix(1_770_000_000, 0).UTC()}
		r.Owners = []providers.Owner{o.For("A", value)}
	}
	return r
}

// changes returns at most one change of each value, which starts from what there is, or from something else.
func changes(rt *rapid.T, m *memory) (out []providers.Change) {
	held := m.rows()
	for _, name := range []string{"a." + zoneName, "b." + zoneName} {
		for n := range 6 {
			value := fmt.Sprintf("192.0.2.%d", n)
			now, there := held[name+" "+value]
			if rapid.IntRange(0, 9).Draw(rt, "stale") == 0 {
				now = record(rt, name, value)
			}
			switch rapid.IntRange(0, 5).Draw(rt, "op") {
			case 0, 1:
				out = append(out, providers.Change{Op: providers.OpCreate, After: record(rt, name, value)})
			case 2:
				if there {
					out = append(out, providers.Change{Op: providers.OpDelete, Before: now})
				}
			case 3:
				if there {
					after := record(rt, name, value)
					after.TTL = now.TTL
					out = append(out, providers.Change{Op: providers.OpUpdate, Before: now, After: after})
				}
			}
		}
	}
	return out
}

func TestWhatTheResultsSayIsWhatThereIsWhateverAnotherWriterDoesMeanwhile(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &memory{sets: recordset.Sets{}, bad: map[string]bool{}}
		zone := providers.Zone{Name: zoneName, ID: "1"}
		ours, theirs := writer(), writer()
		theirs.Apply(t.Context(), m, zone, changes(rt, m)) // what the zone begins with
		mine := changes(rt, m)
		m.bad[fmt.Sprintf("192.0.2.%d", rapid.IntRange(0, 9).Draw(rt, "bad"))] = len(m.rows()) == 0
		base := m.rows()
		first := base
		if rapid.Bool().Draw(rt, "meets another") {
			other := changes(rt, m)
			m.meet = func() {
				theirs.Apply(t.Context(), m, zone, other)
				base = m.rows()
			}
		}
		lost := rapid.IntRange(0, 4).Draw(rt, "a lost answer") == 0 && m.meet == nil
		if lost {
			m.loses = 1
		}
		results := ours.Apply(t.Context(), m, zone, mine)
		now := m.rows()
		for i, r := range results {
			rec := mine[i].Record()
			k := rec.Name + " " + rec.Value
			was, had := base[k]
			is, has := now[k]
			kind := providers.KindOf(r.Err)
			switch {
			case kind == providers.KindUncertain && lost:
			case r.Already: // when it was read
				if read := first[k]; !r.Record.Equal(&read) && !r.Record.Equal(&was) {
					rt.Fatalf("%s %s is done already: %+v, and it was %+v", mine[i].Op, k, r.Record, read)
				}
			case r.Err != nil && (had != has || !was.Equal(&is)):
				rt.Fatalf("%s %s: %v, and it changed from %+v to %+v", mine[i].Op, k, r.Err, was, is)
			case r.Err == nil && has != (mine[i].Op != providers.OpDelete):
				rt.Fatalf("%s %s is done, and it is there: %v", mine[i].Op, k, has)
			case r.Err == nil && has && len(mine[i].After.Owners) > 0 && !is.OwnedBy(mine[i].After.Owners[0]):
				rt.Fatalf("%s %s is done, and its owners are %+v", mine[i].Op, k, is.Owners)
			case r.Err == nil && has && !r.Record.Equal(&is):
				rt.Fatalf("%s %s returned %+v, and it is %+v", mine[i].Op, k, r.Record, is)
			case r.Err == nil && mine[i].Op != providers.OpCreate && !mine[i].Before.Equal(&was):
				rt.Fatalf("%s %s is done though it was %+v and not %+v", mine[i].Op, k, was, mine[i].Before)
			case r.LookedUp && !lost:
				rt.Fatalf("%s %s was looked up", mine[i].Op, k)
			}
		}
		for k, s := range m.sets { // no marker is left without its value, and none is there twice
			if k.Type != "TXT" {
				continue
			}
			for i, v := range s.Values {
				parts, _ := providers.ParseTXT(v)
				o, err := providers.DecodeOwner(strings.Join(parts, ""))
				_, there := now[recordset.Subject(k.Name)+" "+o.Value]
				if err != nil || !there || slices.Contains(s.Values[:i], v) {
					rt.Fatalf("the marker %s %s", k.Name, v)
				}
			}
		}
	})
}

func TestAValueThatIsDeletedMeanwhileIsNotAdoptedInABatchThatIsFullEither(t *testing.T) {
	m := &memory{sets: recordset.Sets{}}
	zone := providers.Zone{Name: zoneName, ID: "1"}
	var adopt []providers.Change
	for n := range 30 {
		name := fmt.Sprintf("n%02d.%s", n, zoneName)
		m.sets[recordset.Key{Name: name, Type: "A"}] = &recordset.Set{Key: recordset.Key{Name: name, Type: "A"}, TTL: 60, Values: []string{"192.0.2.1"}}
		before := providers.Record{Zone: zoneName, Name: name, Type: "A", TTL: 60, Value: "192.0.2.1"}
		after := before
		after.Owners = []providers.Owner{providers.Owner{Fleet: "f", Cloud: "0123456789", Instance: "i-1", Registered: time.Unix(1_770_000_000, 0).UTC()}.For("A", "192.0.2.1")}
		adopt = append(adopt, providers.Change{Op: providers.OpUpdate, Before: before, After: after})
	}
	gone := recordset.Key{Name: "n13." + zoneName, Type: "A"}
	m.meet = func() { delete(m.sets, gone) }
	for i, r := range writer().Apply(t.Context(), m, zone, adopt) {
		if (providers.KindOf(r.Err) == providers.KindConflict) != (adopt[i].After.Name == gone.Name) {
			t.Errorf("%s: %v", adopt[i].After.Name, r.Err)
		}
	}
	if s := m.sets[recordset.Key{Name: providers.MarkerName("i-1", gone.Name), Type: "TXT"}]; s != nil {
		t.Errorf("a marker without its value: %v", s.Values)
	}
}
