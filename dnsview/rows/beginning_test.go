package rows

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// shuffledWorld returns n instances of two clouds, some of them terminated, and a record with a marker for most, in no
// order.
func shuffledWorld(n int) *providers.Snapshot {
	s := &providers.Snapshot{Clouds: make([]providers.CloudView, 2), Zones: make([]providers.ZoneView, 2)}
	random := rand.New(rand.NewPCG(1, 2))
	for c := range s.Clouds {
		v, z := &s.Clouds[c], &s.Zones[c]
		v.Cloud = providers.Cloud{Name: fmt.Sprint("c", c), Provider: providers.EC2, Key: providers.CloudKey(fmt.Sprintf("%010d", c))}
		z.Zone = providers.Zone{Name: fmt.Sprintf("z%d.example", c), Provider: providers.Cloudflare}
		v.RowsFrom, z.RowsFrom = time.Unix(1e9, 0), time.Unix(1e9, 0)
		for i := range n / 2 {
			a := netip.AddrFrom4([4]byte{54, byte(c), byte(i >> 8), byte(i)})
			in := providers.Instance{Cloud: v.Cloud.Name, Key: v.Cloud.Key, ID: fmt.Sprintf("i-%d-%d", c, i), Name: fmt.Sprintf("www-%d", i), State: providers.StateRunning, PublicIPs: []netip.Addr{a}}
			if i%7 == 0 {
				in.State = providers.StateTerminated
			}
			v.Instances = append(v.Instances, in)
			r := providers.Record{Zone: z.Zone.Name, Name: fmt.Sprintf("n%d.%s", (i*31)%n, z.Zone.Name), Type: "A", Value: a.String(), ID: fmt.Sprint(i)}
			if i%3 > 0 {
				r.Owners = []providers.Owner{{Fleet: "f", Cloud: in.Key, Instance: in.ID}}
			}
			z.Records = append(z.Records, r, providers.Record{Zone: z.Zone.Name, Name: "i._rollcall." + r.Name, Type: "TXT", Value: `"x"`})
		}
		random.Shuffle(len(v.Instances), func(i, j int) { v.Instances[i], v.Instances[j] = v.Instances[j], v.Instances[i] })
		random.Shuffle(len(z.Records), func(i, j int) { z.Records[i], z.Records[j] = z.Records[j], z.Records[i] })
	}
	return s
}

func TestTheBeginningHasTheFirstRowsByNameAsTheWholeShowsThem(t *testing.T) {
	const first = 50
	s := shuffledWorld(4000)
	beginning := Beginning(s, first)
	all, some := Join(dnsview.Inspect(s, index.Options{Fleet: "f"})), Join(dnsview.Inspect(beginning, index.Options{Fleet: "f"}))
	if len(some.Instances) < first || len(some.Records) < first || len(some.Instances)+len(some.Records) > 4*first {
		t.Fatalf("%d instances and %d records", len(some.Instances), len(some.Records))
	}
	// Terminated instances without a record of their own are not on the screen.
	shown := slices.DeleteFunc(all.byName.instances, func(n int32) bool { return all.nodes[n].Inst.State.Dead() })
	for i := range first {
		if a, b := &all.nodes[shown[i]], some.Instances[i]; a.Key() != b.Key() || a.CountRecords() != b.CountRecords() || a.Service != b.Service {
			t.Errorf("instance %d: %v with %d records, and of the whole %v with %d", i, b.Key(), b.CountRecords(), a.Key(), a.CountRecords())
		}
		if a, b := &all.values[all.byName.records[i]], some.Records[i]; a.Key() != b.Key() || a.Node != b.Node && !strings.HasSuffix(a.Node, "(gone)") {
			t.Errorf("record %d: %v of %q, and of the whole %v of %q", i, b.Key(), b.Node, a.Key(), a.Node)
		}
	}
	now := time.Unix(2e9, 0)
	whole := Sources(s, now, time.Minute)
	for i, r := range Sources(beginning, now, time.Minute) {
		if r.Shown != whole[i].Shown {
			t.Errorf("%s: %d rows, want %d", r.Name, r.Shown, whole[i].Shown)
		}
	}
}

func TestNothingIsFoundInTheBeginningOfRows(t *testing.T) {
	s := shuffledWorld(4000)
	for i := range s.Clouds { // even if it is claimed that everything was read
		s.Clouds[i].Coverage = providers.Coverage{State: providers.CoverageComplete, Key: s.Clouds[i].Cloud.Key, Started: time.Unix(1e9, 0)}
		s.Zones[i].Coverage = providers.Coverage{State: providers.CoverageComplete, Started: time.Unix(1e9, 0)}
	}
	o := index.Options{Fleet: "f", Now: time.Unix(1e9, 0), MaxAge: time.Minute}
	if v := dnsview.Inspect(s, o); len(v.Findings) == 0 {
		t.Fatal("nothing is found in the whole")
	}
	if v := dnsview.Inspect(Beginning(s, 50), o); len(v.Findings) != 0 {
		t.Errorf("%d findings, such as %s", len(v.Findings), v.Findings[0].Reason)
	}
}

func TestASmallSnapshotHasNoBeginning(t *testing.T) {
	if s := Beginning(shuffledWorld(100), 50); s != nil {
		t.Errorf("%d clouds", len(s.Clouds))
	}
}
