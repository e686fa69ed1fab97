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

// BenchmarkFullRefreshOf10000InstancesWith40msPerPage reads a world of 10,000
// instances and its zones through the real adapters, from nothing.
func BenchmarkFullRefreshOf10000InstancesWith40msPerPage(b *testing.B) {
	for _, name := range []string{"AWS_PROFILE", "XDG_STATE_HOME", "ROLLCALL_CONFIG"} {
		b.Setenv(name, "")
	}
	dir := b.TempDir()
	s, err := startWorld(context.Background(), dir, 1, 10_000, b.Logf)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	c, err := config.Load(b.Context(), s.Endpoints().Config, app.Rules())
	if err != nil {
		b.Fatal(err)
	}
	transport := slowly{by: 40 * time.Millisecond, next: http.DefaultTransport}
	client := &http.Client{Transport: transport}
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	var rows int
	b.ResetTimer()
	for b.Loop() {
		o := fleet.Options{Timeout: time.Minute}
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
		snap := fleet.New(o).Refresh(context.Background())
		rows = 0
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
		v := dnsview.Inspect(snap, index.Options{Fleet: c.Fleet, Services: c.DeclaredServices(), Now: time.Now()})
		if len(v.Findings) == 0 {
			b.Fatal("no findings")
		}
	}
	b.ReportMetric(float64(rows), "instances")
}
