package fleet

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"rollcall/providers"
)

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkRefresh10000Instances40msPages reads 10,000 instances in four clouds
// and 10,000 records in two zones, with 40 ms before each page of instances.
func BenchmarkRefresh10000Instances40msPages(b *testing.B) {
	var o Options
	for i := range 4 {
		c := newFakeCloud(fmt.Sprintf("c%d", i), 2500)
		c.PageAfter = 40 * time.Millisecond
		o.Clouds = append(o.Clouds, sourceOf(c))
		if i%2 == 0 {
			z := zoneOf(c)
			z.Rows = append(z.Rows, zoneOf(newFakeCloud("x", 2500)).Rows...)
			z.Self.Name = fmt.Sprintf("z%d.example", i)
			o.Zones = append(o.Zones, zoneSourceOf(z))
		}
	}
	f := New(o)
	b.ReportAllocs()
	for b.Loop() {
		s := f.Refresh(context.Background())
		n := 0
		for _, c := range s.Clouds {
			n += len(c.Instances)
		}
		if n != 10_000 {
			b.Fatalf("%d rows", n)
		}
	}
}

// BenchmarkRefresh100000InstancesWithoutLatency is what a refresh costs this machine.
func BenchmarkRefresh100000InstancesWithoutLatency(b *testing.B) {
	c := newFakeCloud("c", 100_000)
	z := zoneOf(c)
	o := Options{Clouds: []CloudSource{sourceOf(c)}, Zones: []ZoneSource{{Name: z.Self.Name, Provider: providers.Cloudflare, DNS: z}}}
	f := New(o)
	b.ReportAllocs()
	for b.Loop() {
		f.Refresh(context.Background())
	}
}
