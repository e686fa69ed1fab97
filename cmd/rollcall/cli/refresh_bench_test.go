package cli

import (
	"context"
	"net/http"
	"testing"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/cloudflare"
	"rollcall/providers/ec2"
	"rollcall/providers/fleet"
	"rollcall/providers/route53"
	"rollcall/providers/triton"
)

// slowly delays every request, as the way to a far data centre does.
type slowly struct {
	by   time.Duration
	next http.RoundTripper
}

func (s slowly) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(s.by)
	return s.next.RoundTrip(r)
}

// slowWorld starts a world of 10,000 instances and returns a function that makes a fleet of new adapters for it, to which each call takes 40 ms.
func slowWorld(b *testing.B) (c *config.Config, newFleet func() *fleet.Fleet) {
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	s, err := startWorld(context.Background(), b.TempDir(), 1, 10_000, b.Logf)
	must(err)
	b.Cleanup(func() { _ = s.Close() })
	useWorld(b, s.Env())
	c, err = config.Load(b.Context(), s.Endpoints().Config, app.Rules(providers.Environment{}))
	must(err)
	transport := slowly{by: 40 * time.Millisecond, next: http.DefaultTransport}
	return c, func() *fleet.Fleet { return newFleetFor(b, c, transport, nil) }
}

// newFleetFor returns a fleet of new adapters that send their requests by transport. last are the rows of an earlier
// run, or nil.
func newFleetFor(b testing.TB, c *config.Config, transport http.RoundTripper, last *providers.Snapshot) *fleet.Fleet {
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	client := &http.Client{Transport: transport}
	o := fleet.Options{Timeout: time.Minute, Last: last}
	for _, x := range c.Clouds {
		src := fleet.CloudSource{Name: x.Name, Provider: x.Provider, Region: x.Settings.Get("region")}
		if x.Provider == providers.EC2 {
			cloud, err := ec2.New(ec2.Config{Name: x.Name, Region: x.Settings.Get("region"), HTTPClient: client})
			must(err)
			src.Compute = cloud
		} else {
			cloud, err := triton.New(triton.Config{Name: x.Name, URL: x.Settings.Get("url"), Account: x.Settings.Get("account"), Transport: transport})
			must(err)
			src.Compute = cloud
		}
		o.Clouds = append(o.Clouds, src)
	}
	for _, x := range c.Zones {
		src := fleet.ZoneSource{Name: x.Name, Provider: x.Provider}
		if x.Provider == providers.Cloudflare {
			acc, err := cloudflare.New(cloudflare.Config{Transport: transport})
			must(err)
			src.DNS = acc
		} else {
			acc, err := route53.New(route53.Config{HTTPClient: client, Budget: budget.New("bench", 10, 50)})
			must(err)
			src.DNS = acc
		}
		o.Zones = append(o.Zones, src)
	}
	return fleet.New(o)
}

// readAll reads every source of a fleet once.
func readAll(b *testing.B, f *fleet.Fleet) (snap *providers.Snapshot, rows int) {
	snap = f.Refresh(context.Background())
	for i := range snap.Clouds {
		rows += len(snap.Clouds[i].Instances)
		if !snap.Clouds[i].Coverage.Complete() {
			b.Fatal(snap.Clouds[i].Coverage.Err)
		}
	}
	for i := range snap.Zones {
		if !snap.Zones[i].Coverage.Complete() {
			b.Fatal(snap.Zones[i].Coverage.Err)
		}
	}
	return snap, rows
}

// BenchmarkFullRefreshOf10000InstancesWith40msPerPage reads a world of 10,000
// instances and its zones through the real adapters, from nothing.
func BenchmarkFullRefreshOf10000InstancesWith40msPerPage(b *testing.B) {
	c, newFleet := slowWorld(b)
	var rows int
	for b.Loop() {
		var snap *providers.Snapshot
		snap, rows = readAll(b, newFleet())
		v := dnsview.Inspect(snap, index.Options{Fleet: c.Fleet, Services: c.DeclaredServices(), Now: time.Now()})
		if len(v.Findings) == 0 {
			b.Fatal("no findings")
		}
	}
	b.ReportMetric(float64(rows), "instances")
}

// BenchmarkSteadyRefreshOf10000InstancesWith40msPerPage reads the same world with adapters that have read it before.
func BenchmarkSteadyRefreshOf10000InstancesWith40msPerPage(b *testing.B) {
	_, newFleet := slowWorld(b)
	f := newFleet()
	readAll(b, f)
	for b.Loop() {
		readAll(b, f)
	}
}
