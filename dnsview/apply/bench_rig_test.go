package apply

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/providers/fleet"
	"rollcall/providers/journal"
	"rollcall/providers/providertest"
)

const (
	fleetID = "7f3a9c1e"
	cfZone  = "scalability.expert"
	sdZone  = "unilans.net"
	www     = "www.scalability.expert"
	v1      = "v1._theservice._tcp.unilans.net"
)

var (
	awsKey    = providers.NewCloudKey(providers.EC2, "1", "us-east-1")
	tritonKey = providers.NewCloudKey(providers.Triton, "t", "east-1")
)

// bench is a small world with an engine.
type bench struct {
	t      *testing.T
	clk    *providertest.Clock
	aws    *fakeCloud
	triton *fakeCloud
	cf     *fakeDNS
	sd     *fakeDNS
	ns     *servers
	j      *journal.Journal
	opts   Options
	clouds []fleet.CloudSource
	last   *providers.Snapshot // of an earlier run
}

func newBench(t *testing.T) *bench {
	clk := providertest.NewClock(begin)
	b := &bench{
		t: t, clk: clk,
		aws:    &fakeCloud{Clock: clk.Clock, Self: providers.Cloud{Name: "aws-use1", Provider: providers.EC2, Traits: adapters.Declared(providers.EC2).Traits, Key: awsKey}, Gone: map[string]bool{}, Hidden: map[string]bool{}},
		triton: &fakeCloud{Clock: clk.Clock, Self: providers.Cloud{Name: "joyent-east", Provider: providers.Triton, Traits: adapters.Declared(providers.Triton).Traits, Key: tritonKey}, Gone: map[string]bool{}, Hidden: map[string]bool{}},
		cf:     &fakeDNS{Clock: clk.Clock, Self: providers.Zone{Name: cfZone, ID: "z1", Provider: providers.Cloudflare, Traits: adapters.Declared(providers.Cloudflare).Traits}},
		sd:     &fakeDNS{Clock: clk.Clock, Self: providers.Zone{Name: sdZone, ID: "z2", Provider: providers.Route53, Traits: adapters.Declared(providers.Route53).Traits}},
	}
	b.clouds = []fleet.CloudSource{{Name: "aws-use1", Provider: providers.EC2, Traits: b.aws.Self.Traits, Compute: b.aws}, {Name: "joyent-east", Provider: providers.Triton, Traits: b.triton.Self.Traits, Compute: b.triton}}
	b.ns = &servers{zones: []*fakeDNS{b.cf, b.sd}}
	for n := 1; n <= 4; n++ {
		b.node(b.aws, fmt.Sprintf("i-%d", n), fmt.Sprintf("www-%d", n), fmt.Sprintf("34.200.16.%d", n), "www")
		b.serve(b.aws, fmt.Sprintf("i-%d", n), fmt.Sprintf("34.200.16.%d", n))
	}
	b.node(b.triton, "m-1", "www-5", "165.225.128.1", "www")
	b.serve(b.triton, "m-1", "165.225.128.1")
	for n := 1; n <= 2; n++ {
		id, host := fmt.Sprintf("s-%d", n), fmt.Sprintf("sd-%d", n)
		b.node(b.triton, id, host, fmt.Sprintf("165.225.128.1%d", n), "sd")
		o := providers.Owner{Fleet: fleetID, Cloud: tritonKey, Instance: id, Registered: begin.Add(-time.Hour)}
		b.sd.Add(providers.Record{Zone: sdZone, Name: host + "." + sdZone, Type: "A", TTL: 45, Value: fmt.Sprintf("165.225.128.1%d", n), Owners: []providers.Owner{o}})
		b.sd.Add(providers.Record{Zone: sdZone, Name: v1, Type: "SRV", TTL: 45, Value: "10 10 4218 " + host + "." + sdZone, Owners: []providers.Owner{o}})
	}
	b.sd.Add(providers.Record{Zone: sdZone, Name: "_services._dns-sd._udp.unilans.net", Type: "PTR", TTL: 3600, Value: "_theservice._tcp.unilans.net"})
	b.sd.Add(providers.Record{Zone: sdZone, Name: "_theservice._tcp.unilans.net", Type: "PTR", TTL: 3600, Value: v1})
	b.sd.Add(providers.Record{Zone: sdZone, Name: v1, Type: "TXT", TTL: 3600, Value: `"txtvers=1"`})
	j, err := openJournal(filepath.Join(t.TempDir(), "journal"), clk.Clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	b.j = j
	b.opts = Options{
		Fleet:  fleetID,
		Clouds: []CloudTarget{{Name: "aws-use1", Power: b.aws}, {Name: "joyent-east", Power: b.triton}},
		Zones:  []ZoneTarget{{Zone: b.cf.Self, DNS: b.cf}, {Zone: b.sd.Self, DNS: fakeRoute53{b.sd}}},
		Services: []index.Service{
			{Name: www, Kind: index.RoundRobin, TTL: 60, Select: map[string]string{"service": "www"}},
			{Name: v1, Kind: index.DNSSD, TTL: 45, Port: 4218, Priority: 10, Weight: new(uint16(10)), Select: map[string]string{"service": "sd"}, TXT: map[string]string{"txtvers": "1"}},
		},
		Journal: j, Who: "me@here", Clock: clk.Clock, Wire: b.ns,
	}
	return b
}

func (b *bench) node(c *fakeCloud, id, name, ip, service string) {
	c.Rows = append(c.Rows, providers.Instance{
		Cloud: c.Self.Name, Key: c.Self.Key, Provider: c.Self.Provider, ID: id, Name: name, State: providers.StateRunning,
		PublicIPs: []netip.Addr{netip.MustParseAddr(ip)}, Launched: begin.Add(-2 * time.Hour), Tags: providers.TagsOf(map[string]string{"service": service}),
	})
}

func (b *bench) serve(c *fakeCloud, id, ip string) {
	o := providers.Owner{Fleet: fleetID, Cloud: c.Self.Key, Instance: id, Registered: begin.Add(-time.Hour)}
	text, err := o.Encode()
	if err != nil {
		b.t.Fatal(err)
	}
	b.cf.Add(providers.Record{Zone: cfZone, Name: www, Type: "A", TTL: 60, Value: ip, Comment: text, Owners: []providers.Owner{o}})
	b.cf.Rows[len(b.cf.Rows)-1].Modified = o.Registered
}

// onSleep has f called before each wait of the engine.
func (b *bench) onSleep(f func()) {
	b.opts.Wait = func(ctx context.Context, d time.Duration) error {
		f()
		return b.clk.Sleep(ctx, d)
	}
}

// engine makes an engine whose sources have read nothing yet, unless the options say which it has.
func (b *bench) engine() *Engine {
	o := b.opts
	if o.Sources == nil {
		o.Sources = b.sources()
	}
	return New(o)
}

// sources makes a fleet of the clouds of the bench and of the zones of its options.
func (b *bench) sources() *fleet.Fleet {
	o := fleet.Options{Clouds: b.clouds, Clock: b.clk.Clock, Last: b.last, FleetID: b.opts.Fleet, KeepUnconfigured: true}
	for _, z := range b.opts.Zones {
		o.Zones = append(o.Zones, fleet.ZoneSource{Name: z.Zone.Name, ZoneChoice: providers.ZoneChoice{ID: z.Zone.ID}, Provider: z.Zone.Provider, Traits: z.Zone.Traits, DNS: z.DNS.(fleet.DNS), Err: z.Err})
	}
	return fleet.New(o)
}

// view is what the console would see: a snapshot with every source read.
func (b *bench) view() *dnsview.View {
	b.t.Helper()
	r := newRun(b.engine(), plan.Plan{}, Confirm{}, nil)
	ev := r.gather(b.t.Context(), []string{cfZone, sdZone})
	return dnsview.Inspect(ev.snap, index.Options{Fleet: fleetID, Services: b.opts.Services, Now: b.clk.Now(), MaxAge: time.Minute, CreateGrace: 10 * time.Minute, BootGrace: time.Minute, Allow: b.opts.Allow, Held: Held(entries(b.t, b.opts.Journal), ev.snap.Zones, b.clk.Now()), TakenOut: TakenOut(entries(b.t, b.opts.Journal))})
}

func (b *bench) run(p plan.Plan, typed ...string) *Report {
	b.t.Helper()
	return b.engine().Run(b.t.Context(), p, Confirm{Typed: typed}, nil)
}

// dead is the plan to remove all that is dead.
func (b *bench) dead() plan.Plan { return plan.DeregisterDead(b.view()) }

func ref(c *fakeCloud, id string) providers.InstanceRef {
	for _, i := range c.Rows {
		if i.ID == id {
			return i.Ref()
		}
	}
	return providers.InstanceRef{Cloud: c.Self.Name, Key: c.Self.Key, ID: id}
}

// values lists what a zone serves, marker records left out.
func values(d *fakeDNS) []string {
	var out []string
	for _, r := range d.Owned() {
		if !r.IsMarker() {
			out = append(out, r.Name+"/"+r.Type+"/"+r.Value)
		}
	}
	slices.Sort(out)
	return out
}

func has(d *fakeDNS, s string) bool {
	return slices.ContainsFunc(values(d), func(v string) bool { return strings.Contains(v, s) })
}

func states(r *Report) []string {
	var out []string
	for i := range r.Steps {
		out = append(out, string(r.Steps[i].State))
	}
	return out
}

func wantStates(t *testing.T, r *Report, want ...StepState) {
	t.Helper()
	for i := range r.Steps {
		if i >= len(want) || r.Steps[i].State != want[i] {
			for n := range r.Steps {
				t.Logf("%d %s: %s (%s)", r.Steps[n].Step.ID, r.Steps[n].Step.Sentence, r.Steps[n].State, r.Steps[n].Why)
			}
			t.Fatalf("states %v, want %v", states(r), want)
		}
	}
	if len(r.Steps) != len(want) {
		t.Fatalf("states %v, want %v", states(r), want)
	}
}

// guardNamed returns the result of one guard of one step.
func guardNamed(r *Report, step int, g index.GuardID) index.GuardResult {
	for _, x := range r.Steps[step].Guards {
		if x.Guard == g {
			return x
		}
	}
	return index.GuardResult{Why: "not asked"}
}

func entries(t *testing.T, j *journal.Journal) []journal.Entry {
	t.Helper()
	es, err := j.Entries()
	if err != nil {
		t.Fatal(err)
	}
	return es
}
