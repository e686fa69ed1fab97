package apply_test

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/wire"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/providers/budget"
	"rollcall/providers/cloudflare"
	"rollcall/providers/ec2"
	"rollcall/providers/fleet"
	"rollcall/providers/journal"
	"rollcall/providers/providertest"
	"rollcall/providers/rfc2136"
	"rollcall/providers/route53"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
	"rollcall/providers/triton"
)

// The sources of the embedded clouds: two of EC2, two of Triton, a zone of each DNS provider.
const (
	use1, euw1 = "aws-use1", "aws-euw1"
	east, ams  = "joyent-east", "joyent-ams"
	cfZone     = world.CloudflareZone
	sdZone     = world.Route53Zone
	www        = "www." + cfZone
	v1         = "v1._theservice._tcp." + sdZone
	never      = 24 * time.Hour // longer than any test: what bounds a read is the fault that it meets
)

// address holds one unused address for each cloud.
var address = map[string]string{use1: "203.0.113.1", euw1: "203.0.113.2", east: "203.0.113.3", ams: "203.0.113.4"}

// rig is the embedded clouds, and the clock that all share.
type rig struct {
	t    *testing.T
	sim  *sim.Sim
	clk  *providertest.Clock
	bind *bindZone // nil unless onBIND
}

// newRig starts the embedded clouds, with the disagreements that the default world is known for.
func newRig(t *testing.T, o sim.Options) *rig {
	t.Helper()
	return startRig(t, o, providertest.NewClock(time.Now().Truncate(time.Second)))
}

func startRig(t *testing.T, o sim.Options, clk *providertest.Clock) *rig {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	r := &rig{t: t, clk: clk}
	o.Clock, o.Instances = r.clk.Clock, cmp.Or(o.Instances, 30)
	r.sim = simtest.Start(t, o)
	if onBIND {
		r.bind = startBIND(r, o)
	}
	return r
}

func (r *rig) world() *world.World { return r.sim.World() }

func (r *rig) zone(name string) rigZone {
	r.t.Helper()
	zones := r.zones()
	at := slices.IndexFunc(zones, func(z rigZone) bool { return z.Name == name })
	if at < 0 {
		r.t.Fatalf("there is no zone %s", name)
	}
	return zones[at]
}

func (r *rig) fault(k world.FaultKind, sources ...string) {
	r.t.Helper()
	for _, s := range sources {
		if r.bind != nil && s == sdZone {
			r.bind.set(k)
			continue
		}
		if err := r.world().SetFault(s, k); err != nil {
			r.t.Fatal(err)
		}
	}
}

// console is one rollcall: adapters, fleet, journal and engine of its own.
type console struct {
	r *rig
	providers.Clock
	clouds  map[string]providers.Compute
	dns     map[string]providers.WritableDNS
	budgets map[string]*budget.Account
	fleet   *fleet.Fleet
	journal *journal.Journal
	opts    apply.Options
	seen    map[string]time.Time
	quota   int // of the zone at Cloudflare; 0 for its own
}

// console makes a rollcall whose clock is off by skew. It has read nothing yet.
func (r *rig) console(skew time.Duration) *console {
	r.t.Helper()
	return r.consoleAt(r.sim.Endpoints(), skew)
}

// consoleAt is console for clouds that are reached by other endpoints than their own.
func (r *rig) consoleAt(e sim.Endpoints, skew time.Duration) *console {
	r.t.Helper()
	clock := providers.Clock{Time: func() time.Time { return r.clk.Now().Add(skew) }, Wait: r.clk.Wait}
	c := &console{r: r, Clock: clock, clouds: map[string]providers.Compute{}, dns: map[string]providers.WritableDNS{}, budgets: map[string]*budget.Account{}}
	fo := fleet.Options{Clock: clock, Timeout: never, FleetID: r.world().FleetID, KeepUnconfigured: true}
	c.opts = apply.Options{
		Fleet: r.world().FleetID, Who: "me@here", Clock: clock, Timeout: never,
	}
	servers := map[string][]string{}
	for _, z := range r.zones() {
		servers[z.Name] = []string{e.DNS, e.SecondDNS}
		if z.Provider == rfc2136.Provider {
			servers[z.Name] = r.bind.wire[:]
		}
	}
	c.opts.Wire = &wire.Asker{Servers: servers}
	for _, w := range r.world().Clouds() {
		b := c.budget(w.Name)
		var err error
		if w.Provider == providers.EC2 {
			c.clouds[w.Name], err = ec2.New(ec2.Config{Name: w.Name, Endpoint: e.AWS, Budget: b, Clock: clock, AWS: aws4(e, w.Region)})
		} else {
			c.clouds[w.Name], err = triton.New(triton.Config{Name: w.Name, URL: e.Triton[w.Name], Account: e.TritonAccount, KeyID: e.TritonKeyID, AgentSocket: e.AgentSocket, Budget: b, Clock: clock})
		}
		if err != nil {
			r.t.Fatal(err)
		}
		fo.Clouds = append(fo.Clouds, fleet.CloudSource{Name: w.Name, Provider: w.Provider, Traits: adapters.Declared(w.Provider).Traits, Region: w.Region, Compute: c.clouds[w.Name]})
		c.opts.Clouds = append(c.opts.Clouds, apply.CloudTarget{Name: w.Name, Power: c.clouds[w.Name]})
	}
	for _, z := range r.zones() {
		b := c.budget(z.Name)
		var err error
		switch z.Provider {
		case rfc2136.Provider:
			c.dns[z.Name] = rfc2136.New(rfc2136.Config{Zone: z.Name, Server: r.bind.proxy.addr, Key: bindKey, Clock: clock})
		case providers.Cloudflare:
			c.dns[z.Name], err = cloudflare.New(cloudflare.Config{Token: e.CloudflareToken, BaseURL: e.Cloudflare, Budget: b, Clock: clock})
		default:
			c.dns[z.Name], err = route53.New(route53.Config{Endpoint: e.AWS, Budget: b, Clock: clock, AWS: aws4(e, "us-east-1")})
		}
		if err != nil {
			r.t.Fatal(err)
		}
		fo.Zones = append(fo.Zones, fleet.ZoneSource{Name: z.Name, Provider: z.Provider, Traits: adapters.Declared(z.Provider).Traits, DNS: c.dns[z.Name]})
		c.opts.Zones = append(c.opts.Zones, apply.ZoneTarget{Zone: providers.Zone{Name: z.Name, ID: z.ID, Provider: z.Provider, Traits: adapters.Declared(z.Provider).Traits}, DNS: c.dns[z.Name]})
	}
	for _, s := range r.world().Services() {
		d := index.Service{Name: s.Name, Kind: index.ServiceKind(s.Kind), Zone: s.Zone, Port: s.Port, TXT: s.TXT, Select: s.Select}
		if d.Kind == index.DNSSD {
			d.Priority, d.Weight = 10, new(uint16(10))
		}
		c.opts.Services = append(c.opts.Services, d)
	}
	var err error
	folder := r.t.TempDir()
	if c.journal, err = openJournalIn(filepath.Join(filepath.Dir(folder), "store"), filepath.Join(folder, "journal"), clock); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.journal.Close() })
	c.fleet = fleet.New(fo)
	c.opts.Journal, c.opts.Sources = c.journal, c.fleet
	return c
}

// budget is one without a limit: a test need not wait for what it spends. Pauses pass on the
// clock of the test.
func (c *console) budget(source string) *budget.Account {
	c.budgets[source] = budget.New(source, 0, 1, budget.WithClock(c.Clock))
	return c.budgets[source]
}

func aws4(e sim.Endpoints, region string) *aws.Config {
	return &aws.Config{Region: region, Credentials: credentials.NewStaticCredentialsProvider(e.AWSKeyID, e.AWSSecret, "")}
}

// look reads every source anew and inspects what was read, as the console does.
func (c *console) look() *dnsview.View {
	c.r.t.Helper()
	return c.inspect(c.fleet.Refresh(c.r.t.Context()))
}

func (c *console) inspect(s *providers.Snapshot) *dnsview.View {
	if c.quota > 0 {
		own := *s
		own.Zones, s = slices.Clone(s.Zones), &own
		for i := range s.Zones {
			if z := &s.Zones[i].Zone; z.Name == cfZone {
				z.Traits.Quota = c.quota
			}
		}
	}
	v := dnsview.Inspect(s, index.Options{
		Fleet: c.opts.Fleet, Services: c.opts.Services, Now: c.Now(), MaxAge: time.Minute, BootGrace: 5 * time.Minute,
		CreateGrace: cmp.Or(c.opts.Guards.Grace, 10*time.Minute), Allow: c.opts.Allow, Ranges: index.PublishedRanges(), Seen: c.seen, Own: apply.OwnWrites(c.entries(), c.Now().Add(-never)),
	})
	c.seen = v.Seen()
	return v
}

func (c *console) engine() *apply.Engine { return apply.New(c.opts) }

func (c *console) run(p plan.Plan, typed ...string) *apply.Report {
	c.r.t.Helper()
	return c.engine().Run(c.r.t.Context(), p, apply.Confirm{Typed: typed}, nil)
}

// must runs a plan of which every step has to succeed.
func (c *console) must(p plan.Plan, typed ...string) *apply.Report {
	c.r.t.Helper()
	rep := c.run(p, typed...)
	if !rep.OK() || len(rep.Steps) == 0 {
		c.r.t.Fatalf("%q was not carried out:\n%s", p.Title, outcomeText(rep))
	}
	return rep
}

// outcomeText returns the outcome of a plan as text, for a failing test.
func outcomeText(rep *apply.Report) string {
	var b strings.Builder
	for i := range rep.Steps {
		s := &rep.Steps[i]
		fmt.Fprintf(&b, "  %s: %s (%s)\n", s.State, s.Step.Sentence, s.Why)
	}
	for _, s := range rep.Plan.Skipped {
		fmt.Fprintf(&b, "  skipped: %s\n", s)
	}
	return b.String()
}

// held is what the zones hold: "name type value" of every record, with its markers.
type held []string

// held reads the zones as they are, whatever their APIs say.
func (r *rig) held() held {
	r.t.Helper()
	var out held
	for _, z := range r.zones() {
		z.View(func(tx *world.Tx) {
			for _, v := range tx.Values() {
				if strings.Contains(v.Name, "."+providers.MarkerLabel+".") {
					v.TTL = 0 // clients do not query markers
				}
				out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %d %s", providers.CanonicalName(v.Name), v.Type, providers.CanonicalValue(v.Type, v.Value), v.TTL, v.Comment)))
			}
		})
	}
	slices.Sort(out)
	return out
}

// without returns what is held but for what leads to, or marks, the records given.
func (h held) without(records ...*providers.Record) held {
	return slices.DeleteFunc(slices.Clone(h), func(s string) bool {
		return slices.ContainsFunc(records, func(r *providers.Record) bool {
			if strings.HasPrefix(s, r.Name+" "+r.Type+" "+r.Value+" ") {
				return true
			}
			for _, o := range r.Owners {
				if text, err := o.For(r.Type, r.Value).Encode(); err == nil && strings.HasPrefix(s, providers.MarkerName(o.Instance, r.Name)+" TXT \""+text+"\"") {
					return true
				}
			}
			return false
		})
	})
}

// wantHeld compares what the zones hold with what they should.
func (r *rig) wantHeld(when string, want held) {
	r.t.Helper()
	got := r.held()
	for _, s := range want {
		if !slices.Contains(got, s) {
			r.t.Errorf("%s: lost is %s", when, s)
		}
	}
	for _, s := range got {
		if !slices.Contains(want, s) {
			r.t.Errorf("%s: there is %s", when, s)
		}
	}
	if len(got) != len(want) && !r.t.Failed() {
		r.t.Errorf("%s: %d values, want %d", when, len(got), len(want))
	}
}

// dead returns the records of the entries that a view calls dead.
func dead(v *dnsview.View) []*providers.Record {
	var out []*providers.Record
	for i := range v.Findings {
		if f := &v.Findings[i]; f.Class == dnsview.Dead || f.Class == dnsview.Dangling {
			out = append(out, f.Record)
		}
	}
	return out
}

// finding returns the worst finding about a record.
func finding(v *dnsview.View, r *providers.Record) *dnsview.Finding {
	if fs := v.FindingsOf(r.Identity()); len(fs) > 0 {
		return fs[0]
	}
	return &dnsview.Finding{Reason: "there is no finding about " + r.String()}
}

// launch starts an instance that runs at once, a day ago.
func (r *rig) launch(cloud string, spec world.Instance) world.Instance {
	r.t.Helper()
	i, err := r.world().Launch(cloud, spec)
	if err != nil {
		r.t.Fatal(err)
	}
	r.clk.Advance(world.DefaultDelays().Boot)
	if i, err = r.world().Instance(cloud, i.ID); err != nil || i.State != providers.StateRunning {
		r.t.Fatalf("%+v, %v", i, err)
	}
	return i
}

// launch starts an instance through the API of its cloud, and returns its id.
func (c *console) launch(cloud, name string) string {
	c.r.t.Helper()
	req := providers.LaunchRequest{LaunchID: "l-" + name, Name: name, Image: "ami-0d3b1a2f4c5e60718", Size: "t3.small"}
	if cloud == east || cloud == ams {
		req.Image, req.Size = world.DebianImage, "g4-highcpu-1G"
	}
	i, err := c.clouds[cloud].Launch(c.r.t.Context(), req)
	if err != nil {
		c.r.t.Fatal(err)
	}
	return i.ID
}

// owner is the marker of an instance of this fleet that was registered at a time from now.
func (r *rig) owner(cloud, id string, at time.Duration) providers.Owner {
	for _, c := range r.world().Clouds() {
		if c.Name == cloud {
			return providers.Owner{Fleet: r.world().FleetID, Cloud: c.Key, Instance: id, Registered: r.clk.Now().Add(at).UTC().Truncate(time.Second)}
		}
	}
	r.t.Fatalf("there is no cloud %s", cloud)
	return providers.Owner{}
}

// enter writes a record with the markers of its owners into a zone, as an agent would have.
func (r *rig) enter(zone, name, typ, value string, owners ...providers.Owner) *providers.Record {
	r.t.Helper()
	z := r.zone(zone)
	rec := &providers.Record{Zone: zone, Name: providers.CanonicalName(name), Type: typ, TTL: 60, Value: value, Owners: owners}
	_, err := z.Update(func(tx *world.Tx) error {
		comment := ""
		for n, o := range owners {
			text, err := o.For(typ, value).Encode()
			if err != nil {
				return err
			}
			marker := providers.MarkerName(o.Instance, rec.Name)
			switch {
			case z.Provider != providers.Cloudflare:
				tx.Put(withValue(tx, marker, "TXT", providers.FormatTXT([]string{text})))
			case n > 0: // a comment holds one
				tx.AddRecord(&world.Record{Name: marker, Type: "TXT", Content: providers.FormatTXT([]string{text}), TTL: 60})
			default:
				if comment, err = o.Encode(); err != nil {
					return err
				}
			}
		}
		if z.Provider != providers.Cloudflare {
			tx.Put(withValue(tx, rec.Name, typ, value))
		} else {
			tx.AddRecord(&world.Record{Name: name, Type: typ, Content: value, TTL: 60, Comment: comment})
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return rec
}

// withValue is a record set with one value more.
func withValue(tx *world.Tx, name, typ, value string) *world.Set {
	s := &world.Set{Name: name, Type: typ, TTL: 60}
	if old := tx.Set(name, typ, ""); old != nil {
		more := *old
		s = &more
	}
	s.Values = append(slices.Clone(s.Values), value)
	return s
}

// force is a plan that deletes a record as dead, whatever is found about it.
func force(records ...*providers.Record) plan.Plan {
	p := plan.Plan{Verb: index.VerbDeregister, Title: "By force"}
	for n, rec := range records {
		p.Steps = append(p.Steps, plan.Step{
			ID: n + 1, Kind: plan.StepChange, Zone: rec.Zone, Sentence: "Delete " + rec.String(), Change: &providers.Change{Op: providers.OpDelete, Before: *rec},
		})
	}
	return p
}

func (r *rig) do(cloud, id string, p world.Power) {
	r.t.Helper()
	if _, _, err := r.world().Do(cloud, id, p); err != nil {
		r.t.Fatal(err)
	}
}

// record finds the record of a view with a name, type and value.
func record(t *testing.T, v *dnsview.View, name, typ, value string) *providers.Record {
	t.Helper()
	for z := range v.Snapshot.Zones {
		for i := range v.Snapshot.Zones[z].Records {
			if r := &v.Snapshot.Zones[z].Records[i]; r.Name == name && r.Type == typ && providers.FoldValue(typ, r.Value) == providers.FoldValue(typ, value) {
				return r
			}
		}
	}
	t.Fatalf("there is no %s %s %s", name, typ, value)
	return nil
}
