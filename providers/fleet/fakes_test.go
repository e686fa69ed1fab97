package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"rollcall/providers"
)

// fakeCloud is a cloud whose fields say what it answers. Its fields are set before it is
// read, or by set while it is.
type fakeCloud struct {
	mu       sync.Mutex
	name     string
	account  string
	rows     []providers.Instance // what exists
	leaveOut map[string]bool      // what listings do not show
	page     int                  // rows a page; default 1000
	pause    time.Duration        // before each page
	err      error                // why the listing fails after its first page
	addrs    []providers.Address
	addrErr  error
	hang     chan struct{} // the listing does not return before this is closed, whatever its context says
	askErr   error         // answer to every question by id
	asked    []string
	gone     bool // what does not exist was deleted, and the cloud says so
	reads    int
	inside   int
	overlaps int
}

func (c *fakeCloud) set(f func(c *fakeCloud)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c)
}

func (c *fakeCloud) key() providers.CloudKey {
	return providers.NewCloudKey(providers.EC2, c.account+" "+c.name, "us-east-1")
}

func (c *fakeCloud) Identify(context.Context) (providers.Cloud, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return providers.Cloud{Name: c.name, Provider: providers.EC2, Region: "us-east-1", Account: c.account, Key: c.key()}, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *fakeCloud) Instances(ctx context.Context, page func([]providers.Instance)) providers.Coverage {
	started := time.Now()
	c.mu.Lock()
	c.reads++
	c.inside++
	if c.inside > 1 {
		c.overlaps++
	}
	hang, failure, pause, size := c.hang, c.err, c.pause, max(1, c.page)
	if c.page == 0 {
		size = 1000
	}
	var rows []providers.Instance
	for _, r := range c.rows {
		if !c.leaveOut[r.ID] {
			rows = append(rows, r)
		}
	}
	cov := providers.Coverage{State: providers.CoverageComplete, Key: c.key(), Account: c.account, Expected: -1, Started: started}
	c.mu.Unlock()
	defer c.set(func(c *fakeCloud) { c.inside-- })
	for n := 0; n < len(rows) || n == 0; n += size {
		if err := sleep(ctx, pause); err != nil {
			cov.State, cov.Err = providers.CoveragePartial, err
			return cov
		}
		page(append([]providers.Instance(nil), rows[n:min(n+size, len(rows))]...))
		cov.Rows = min(n+size, len(rows))
		if failure != nil {
			cov.State, cov.Err = providers.CoveragePartial, failure
			return cov
		}
	}
	if hang != nil {
		<-hang
		page([]providers.Instance{{ID: "i-late"}})
	}
	cov.Finished = time.Now()
	return cov
}

func (c *fakeCloud) Addresses(_ context.Context, page func([]providers.Address)) providers.Coverage {
	c.mu.Lock()
	addrs := c.addrs
	c.mu.Unlock()
	page(addrs)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.addrErr != nil {
		return providers.Failed(time.Now(), time.Now(), c.addrErr)
	}
	return providers.Coverage{State: providers.CoverageComplete, Key: c.key(), Expected: -1, Started: time.Now(), Finished: time.Now()}
}

func (c *fakeCloud) Instance(_ context.Context, id string) (providers.Instance, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, id)
	if c.askErr != nil {
		return providers.Instance{}, c.askErr
	}
	for _, r := range c.rows {
		if r.ID == id {
			return r, nil
		}
	}
	if c.gone {
		return providers.Instance{}, providers.Errorf(providers.KindGone, "get", "it was deleted")
	}
	return providers.Instance{}, providers.Errorf(providers.KindNotFound, "get", "no such instance")
}

// fakeZone is a zone whose fields say what it answers.
type fakeZone struct {
	mu      sync.Mutex
	zone    string
	rows    []providers.Record
	list    []providers.Record // what the listing shows; nil for rows
	empties int                // so many listings are empty
	err     error
	hang    chan struct{}
	page    int
	reads   int
}

func (z *fakeZone) Zones(_ context.Context, page func([]providers.Zone)) providers.Coverage {
	page([]providers.Zone{{Name: "other.example", ID: "Z0"}, {Name: z.zone, ID: "Z1"}})
	return providers.Coverage{State: providers.CoverageComplete, Expected: -1}
}

func (z *fakeZone) Records(_ context.Context, _ providers.Zone, page func([]providers.Record)) providers.Coverage {
	z.mu.Lock()
	z.reads++
	hang, rows, err := z.hang, z.rows, z.err
	if z.list != nil {
		rows = z.list
	}
	if z.empties > 0 {
		z.empties--
		rows = nil
	}
	z.mu.Unlock()
	cov := providers.Coverage{State: providers.CoverageComplete, Expected: -1, Started: time.Now()}
	if hang != nil {
		<-hang
	}
	size := max(z.page, 1)
	if z.page == 0 {
		size = 1000
	}
	for n := 0; n < len(rows); n += size {
		page(append([]providers.Record(nil), rows[n:min(n+size, len(rows))]...))
	}
	if err != nil {
		cov.State, cov.Err = providers.CoverageFailed, err
	}
	return cov
}

func (z *fakeZone) Lookup(_ context.Context, _ providers.Zone, name, typ string) ([]providers.Record, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	var out []providers.Record
	for _, r := range z.rows {
		if r.Name == name && r.Type == typ {
			out = append(out, r)
		}
	}
	return out, nil
}

// count returns how often the listing was called.
func (c *fakeCloud) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reads
}

func newFakeCloud(name string, n int) *fakeCloud {
	c := &fakeCloud{name: name, account: "111"}
	for i := range n {
		c.rows = append(c.rows, instance(c, i))
	}
	return c
}

func instance(c *fakeCloud, i int) providers.Instance {
	return providers.Instance{
		Cloud: c.name, Key: c.key(), Provider: providers.EC2, ID: fmt.Sprintf("i-%s-%05d", c.name, i),
		Name: fmt.Sprintf("www-%05d", i), State: providers.StateRunning, PublicIPs: []netip.Addr{addr(i)},
	}
}

func addr(i int) netip.Addr { return netip.AddrFrom4([4]byte{54, 1, byte(i >> 8), byte(i)}) }

// record is an A record of www with the marker of an instance in its comment.
func record(c *fakeCloud, id string, i int) providers.Record {
	return providers.Record{
		Zone: "example.com", Name: "www.example.com", Type: "A", TTL: 60, Value: addr(i).String(),
		Owners: []providers.Owner{{Fleet: "7f3a", Cloud: c.key(), Instance: id, Registered: time.Unix(1_600_000_000, 0).UTC()}},
	}
}

// zoneOf is a zone with one record for each instance of the cloud.
func zoneOf(c *fakeCloud) *fakeZone {
	z := &fakeZone{zone: "example.com"}
	for i, r := range c.rows {
		z.rows = append(z.rows, record(c, r.ID, i))
	}
	return z
}

func sourceOf(c *fakeCloud) CloudSource {
	return CloudSource{Name: c.name, Provider: providers.EC2, Region: "us-east-1", Compute: c}
}

func zoneSourceOf(z *fakeZone) ZoneSource {
	return ZoneSource{Name: z.zone, Provider: providers.Cloudflare, DNS: z}
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
