package fleet

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

type fakeCloud = providertest.Cloud

// account makes other credentials see a cloud, with other rows.
func account(c *fakeCloud, id string, rows []providers.Instance) {
	c.Self.Account, c.Self.Key, c.Rows = id, providers.NewCloudKey(providers.EC2, id+" "+c.Self.Name, "us-east-1"), rows
}

type fakeZone = providertest.Zone

// newFakeZone is a zone of an account that has another one too.
func newFakeZone(name string, rows ...providers.Record) *fakeZone {
	return &fakeZone{Self: providers.Zone{Name: name, ID: "Z1"}, Others: []providers.Zone{{Name: "other.example", ID: "Z0"}}, Rows: rows}
}

func newFakeCloud(name string, n int) *fakeCloud {
	c := &fakeCloud{Self: providers.Cloud{Name: name, Provider: providers.EC2, Region: "us-east-1"}, CutAfter: 1}
	account(c, "111", nil)
	for i := range n {
		c.Rows = append(c.Rows, instance(c, i))
	}
	return c
}

func instance(c *fakeCloud, i int) providers.Instance {
	return providers.Instance{
		Cloud: c.Self.Name, Key: c.Self.Key, Provider: providers.EC2, ID: fmt.Sprintf("i-%s-%05d", c.Self.Name, i),
		Name: fmt.Sprintf("www-%05d", i), State: providers.StateRunning, PublicIPs: []netip.Addr{addr(i)},
	}
}

func addr(i int) netip.Addr { return netip.AddrFrom4([4]byte{54, 1, byte(i >> 8), byte(i)}) }

// record is an A record of www with the marker of an instance in its comment.
func record(c *fakeCloud, id string, i int) providers.Record {
	return providers.Record{
		Zone: "example.com", Name: "www.example.com", Type: "A", TTL: 60, Value: addr(i).String(),
		Owners: []providers.Owner{{Fleet: "7f3a", Cloud: c.Self.Key, Instance: id, Registered: time.Unix(1_600_000_000, 0).UTC()}},
	}
}

// zoneOf is a zone with one record for each instance of the cloud.
func zoneOf(c *fakeCloud) *fakeZone {
	z := newFakeZone("example.com")
	for i, r := range c.Rows {
		z.Rows = append(z.Rows, record(c, r.ID, i))
	}
	return z
}

func sourceOf(c *fakeCloud) CloudSource {
	return CloudSource{Name: c.Self.Name, Provider: providers.EC2, Region: "us-east-1", Compute: c}
}

func zoneSourceOf(z *fakeZone) ZoneSource {
	return ZoneSource{Name: z.Self.Name, Provider: providers.Cloudflare, DNS: z}
}

func cloudView(t *testing.T, s *providers.Snapshot, name string) providers.CloudView {
	t.Helper()
	for _, c := range s.Clouds {
		if c.Cloud.Name == name {
			return c
		}
	}
	t.Fatalf("the snapshot has no cloud %s", name)
	return providers.CloudView{}
}

func wantState(t *testing.T, c providers.Coverage, want providers.CoverageState) {
	t.Helper()
	if c.State != want {
		t.Fatalf("coverage is %q (%v), want %q", c.State, c.Err, want)
	}
	if (c.Err == nil) != (want == providers.CoverageComplete) {
		t.Fatalf("coverage %q has error %v", c.State, c.Err)
	}
}

var errThrottled = &providers.Error{Kind: providers.KindThrottled, Source: "fake", RetryAfter: 40 * time.Second, Err: errors.New("slow down")}
