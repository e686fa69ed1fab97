package apply

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
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

var begin = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

type fakeCloud = providertest.Cloud

// fakeDNS is a zone in memory. At Cloudflare markers are comments, at Route 53
// they are TXT records.
type fakeDNS struct {
	mu      sync.Mutex
	clk     *providertest.Clock
	zone    providers.Zone
	rows    []providers.Record
	next    int
	fault   func(c providers.Change) (err error, done bool) // what a change answers, and whether it is made all the same
	onApply func(changes []providers.Change)
	lookErr error
	listErr error
	blind   bool          // lookups find nothing
	slow    time.Duration // what a lookup takes
	applied [][]providers.Change
	lists   int
	// behind is how long reads still show what the zone held before a write, shown; see late.
	behind  time.Duration
	shown   []providers.Record
	wroteAt time.Time
	lies    bool // every create is said to be there already, and not made
	// progress is what GetChange answers of a change; nil for in sync.
	progress func(ticket string) (bool, error)
	tickets  int
}

func (d *fakeDNS) cf() bool { return d.zone.Provider == providers.Cloudflare }

// seen is what reads of the zone show.
func (d *fakeDNS) seen() []providers.Record {
	if d.behind > 0 && !d.wroteAt.IsZero() && d.clk.Now().Sub(d.wroteAt) < d.behind {
		return d.shown
	}
	return d.rows
}

func (d *fakeDNS) read() []providers.Record { return attached(d.rows) }

// attached returns rows with the owners that their markers name.
func attached(rows []providers.Record) []providers.Record {
	out := slices.Clone(rows)
	for i := range out {
		out[i].Owners = slices.Clone(out[i].Owners)
	}
	providers.AttachOwners(out)
	return out
}

// Zones lists the one zone.
func (d *fakeDNS) Zones(_ context.Context, page func([]providers.Zone)) providers.Coverage {
	page([]providers.Zone{d.zone})
	return providers.Coverage{State: providers.CoverageComplete, Expected: -1, Started: d.clk.Now(), Finished: d.clk.Now()}
}

func (d *fakeDNS) Records(_ context.Context, _ providers.Zone, page func([]providers.Record)) providers.Coverage {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lists++
	if d.listErr != nil {
		return providers.Failed(d.clk.Now(), d.clk.Now(), d.listErr)
	}
	rows := slices.Clone(d.seen())
	for i := range rows {
		rows[i].Owners = slices.Clone(rows[i].Owners)
	}
	page(rows)
	return providers.Coverage{State: providers.CoverageComplete, Expected: -1, Started: d.clk.Now(), Finished: d.clk.Now()}
}

func (d *fakeDNS) Lookup(_ context.Context, _ providers.Zone, name, typ string) ([]providers.Record, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lookErr != nil {
		return nil, d.lookErr
	}
	d.clk.Advance(d.slow)
	if d.blind {
		return nil, nil
	}
	return slices.DeleteFunc(attached(d.seen()), func(r providers.Record) bool { return r.Name != name || typ != "" && r.Type != typ }), nil
}

func (d *fakeDNS) Apply(_ context.Context, _ providers.Zone, changes []providers.Change) []providers.Result {
	if d.onApply != nil {
		d.onApply(changes)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.applied = append(d.applied, slices.Clone(changes))
	if d.behind > 0 && d.clk.Now().Sub(d.wroteAt) >= d.behind {
		d.shown, d.wroteAt = slices.Clone(d.rows), d.clk.Now()
	}
	out := make([]providers.Result, len(changes))
	ticket := ""
	if !d.cf() {
		d.tickets++
		ticket = fmt.Sprintf("C%d", d.tickets)
	}
	for n, c := range changes {
		if d.fault != nil {
			if err, done := d.fault(c); err != nil {
				if done {
					d.apply(c)
				}
				out[n] = providers.Result{Err: err}
				continue
			}
		}
		out[n] = d.apply(c)
		if out[n].Err == nil && !out[n].Already {
			out[n].Ticket = ticket
		}
	}
	return out
}

// serves returns the values of a name that the zone has.
func (d *fakeDNS) serves(name, typ string) (out []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.rows {
		if d.rows[i].Name == name && d.rows[i].Type == typ {
			out = append(out, d.rows[i].Value)
		}
	}
	return out
}

// fakeRoute53 is a zone in memory whose provider says how far a change has got.
type fakeRoute53 struct{ *fakeDNS }

// Propagated says that every name server of a zone has every change of it, at once.
func (d fakeRoute53) Propagated(_ context.Context, ticket string) (bool, error) {
	if d.progress != nil {
		return d.progress(ticket)
	}
	return true, nil
}

// servers are name servers that answer what the zones hold, but for what says makes of it.
type servers struct {
	zones []*fakeDNS
	says  func(name, typ string, values []string) ([]index.WireAnswer, error)
}

func (s *servers) Answers(_ context.Context, zone providers.Zone, name, typ string, _ int) ([]index.WireAnswer, error) {
	for _, d := range s.zones {
		if d.zone.Name != zone.Name {
			continue
		}
		v := d.serves(name, typ)
		if s.says != nil {
			return s.says(name, typ, v)
		}
		return []index.WireAnswer{{Server: "ns1", Values: v}, {Server: "ns2", Values: v}}, nil
	}
	return nil, errDown
}

// counting counts the samples that are asked for.
type counting struct {
	*servers
	asked func(samples int)
}

func (c *counting) Answers(ctx context.Context, zone providers.Zone, name, typ string, samples int) ([]index.WireAnswer, error) {
	c.asked(samples)
	return c.servers.Answers(ctx, zone, name, typ, samples)
}

func (d *fakeDNS) find(r *providers.Record) int {
	return slices.IndexFunc(d.rows, func(o providers.Record) bool {
		return o.Name == r.Name && o.Type == r.Type && o.Value == r.Value && (!d.cf() || r.ID == "" || o.ID == r.ID)
	})
}

func (d *fakeDNS) same(before *providers.Record) error {
	for _, now := range d.read() {
		if now.Name == before.Name && now.Type == before.Type && now.Value == before.Value && (before.ID == "" || now.ID == before.ID) {
			if !now.Equal(before) {
				return providers.Errorf(providers.KindConflict, "change", "is %+v, was %+v", now, *before)
			}
			return nil
		}
	}
	return providers.Errorf(providers.KindConflict, "change", "%s is not there", before)
}

func (d *fakeDNS) apply(c providers.Change) providers.Result {
	switch c.Op {
	case providers.OpCreate:
		// Whether it is there already is what a read says, as in an adapter that reads before it writes.
		there := attached(d.seen())
		i := slices.IndexFunc(there, func(o providers.Record) bool {
			return o.Name == c.After.Name && o.Type == c.After.Type && o.Value == c.After.Value
		})
		switch {
		case d.lies:
			return providers.Result{Record: c.After, Already: true}
		case i >= 0:
			return providers.Result{Record: there[i], Already: true}
		}
		return providers.Result{Record: d.add(c.After)}
	case providers.OpDelete:
		if err := d.same(&c.Before); err != nil {
			return providers.Result{Err: err}
		}
		d.drop(&c.Before)
		d.mark(&c.After, c.After.Owners)
		return providers.Result{}
	default:
		if err := d.same(&c.Before); err != nil {
			return providers.Result{Err: err}
		}
		id := d.rows[d.find(&c.Before)].ID
		d.drop(&c.Before)
		c.After.ID = id
		return providers.Result{Record: d.add(c.After)}
	}
}

func (d *fakeDNS) add(r providers.Record) providers.Record {
	owners := r.Owners
	if d.cf() {
		if r.ID == "" {
			d.next++
			r.ID = fmt.Sprintf("id%d", d.next)
		}
		r.Modified = d.clk.Now()
		if len(owners) == 1 {
			if text, _ := owners[0].Bare().Encode(); text != r.Comment {
				panic("comment and owner differ: " + r.Comment)
			}
		}
	} else {
		r.Owners = nil
	}
	d.rows = append(d.rows, r)
	if !d.cf() {
		d.mark(&r, owners)
	}
	for _, now := range d.read() {
		if now.Name == r.Name && now.Type == r.Type && now.Value == r.Value {
			return now
		}
	}
	panic("not there")
}

func (d *fakeDNS) mark(r *providers.Record, owners []providers.Owner) {
	for _, o := range owners {
		text, err := o.For(r.Type, r.Value).Encode()
		if err != nil {
			panic(err)
		}
		d.unmark(r)
		d.rows = append(d.rows, providers.Record{Zone: d.zone.Name, Name: providers.MarkerName(o.Instance, r.Name), Type: "TXT", TTL: 30, Value: providers.FormatTXT([]string{text})})
	}
}

func (d *fakeDNS) unmark(r *providers.Record) {
	d.rows = slices.DeleteFunc(d.rows, func(m providers.Record) bool {
		if !m.IsMarker() {
			return false
		}
		_, name, _ := providers.SplitMarkerName(m.Name)
		parts, _ := providers.ParseTXT(m.Value)
		o, err := providers.DecodeOwner(strings.Join(parts, ""))
		return err == nil && name == r.Name && o.Owns(r.Type, r.Value)
	})
}

func (d *fakeDNS) drop(r *providers.Record) {
	i := d.find(r)
	d.rows = slices.Delete(d.rows, i, i+1)
	if !d.cf() && !r.IsMarker() {
		d.unmark(r)
	}
}

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
		cf:     &fakeDNS{clk: clk, zone: providers.Zone{Name: cfZone, ID: "z1", Provider: providers.Cloudflare, Traits: adapters.Declared(providers.Cloudflare).Traits}},
		sd:     &fakeDNS{clk: clk, zone: providers.Zone{Name: sdZone, ID: "z2", Provider: providers.Route53, Traits: adapters.Declared(providers.Route53).Traits}},
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
		b.sd.add(providers.Record{Zone: sdZone, Name: host + "." + sdZone, Type: "A", TTL: 30, Value: fmt.Sprintf("165.225.128.1%d", n), Owners: []providers.Owner{o}})
		b.sd.add(providers.Record{Zone: sdZone, Name: v1, Type: "SRV", TTL: 45, Value: "10 10 4218 " + host + "." + sdZone, Owners: []providers.Owner{o}})
	}
	b.sd.add(providers.Record{Zone: sdZone, Name: "_services._dns-sd._udp.unilans.net", Type: "PTR", TTL: 3600, Value: "_theservice._tcp.unilans.net"})
	b.sd.add(providers.Record{Zone: sdZone, Name: "_theservice._tcp.unilans.net", Type: "PTR", TTL: 3600, Value: v1})
	b.sd.add(providers.Record{Zone: sdZone, Name: v1, Type: "TXT", TTL: 3600, Value: `"txtvers=1"`})
	j, err := journal.Open(filepath.Join(t.TempDir(), "journal"), clk.Clock, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	b.j = j
	b.opts = Options{
		Fleet:  fleetID,
		Clouds: []CloudTarget{{Name: "aws-use1", Power: b.aws}, {Name: "joyent-east", Power: b.triton}},
		Zones:  []ZoneTarget{{Zone: b.cf.zone, DNS: b.cf}, {Zone: b.sd.zone, DNS: fakeRoute53{b.sd}}},
		Services: []index.Service{
			{Name: www, Kind: index.RoundRobin, TTL: 60, Select: map[string]string{"service": "www"}},
			{Name: v1, Kind: index.DNSSD, TTL: 45, Port: 4218, Priority: 10, Weight: 10, Select: map[string]string{"service": "sd"}, TXT: map[string]string{"txtvers": "1"}},
		},
		Journal: j, Who: "me@here", Clock: clk.Clock, Wire: b.ns,
	}
	return b
}

func (b *bench) node(c *fakeCloud, id, name, ip, service string) {
	c.Rows = append(c.Rows, providers.Instance{
		Cloud: c.Self.Name, Key: c.Self.Key, Provider: c.Self.Provider, ID: id, Name: name, State: providers.StateRunning,
		PublicIPs: []netip.Addr{netip.MustParseAddr(ip)}, Launched: begin.Add(-2 * time.Hour), Tags: map[string]string{"service": service},
	})
}

func (b *bench) serve(c *fakeCloud, id, ip string) {
	o := providers.Owner{Fleet: fleetID, Cloud: c.Self.Key, Instance: id, Registered: begin.Add(-time.Hour)}
	text, err := o.Encode()
	if err != nil {
		b.t.Fatal(err)
	}
	b.cf.add(providers.Record{Zone: cfZone, Name: www, Type: "A", TTL: 60, Value: ip, Comment: text, Owners: []providers.Owner{o}})
	b.cf.rows[len(b.cf.rows)-1].Modified = o.Registered
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
		o.Zones = append(o.Zones, fleet.ZoneSource{Name: z.Zone.Name, ID: z.Zone.ID, Provider: z.Zone.Provider, Traits: z.Zone.Traits, DNS: z.DNS.(fleet.DNS), Err: z.Err})
	}
	return fleet.New(o)
}

// view is what the console would see: a snapshot with every source read.
func (b *bench) view() *dnsview.View {
	b.t.Helper()
	r := newRun(b.engine(), plan.Plan{}, Confirm{}, nil)
	ev := r.gather(b.t.Context(), []string{cfZone, sdZone})
	return dnsview.Inspect(ev.snap, index.Options{Fleet: fleetID, Services: b.opts.Services, Now: b.clk.Now(), MaxAge: time.Minute, CreateGrace: 10 * time.Minute, BootGrace: time.Minute, Allow: b.opts.Allow})
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
	for _, r := range d.read() {
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

var errDown = errors.New("down")
