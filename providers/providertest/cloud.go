package providertest

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"rollcall/providers"
)

// Cloud is a cloud in memory that answers from its fields. They are set before it is used, or by Set.
type Cloud struct {
	providers.Clock
	Self      providers.Cloud
	Key       providers.CloudKey   // key of Identify; empty for that of Self
	Rows      []providers.Instance // the existing instances
	Hidden    map[string]bool      // ids that the list omits
	Gone      map[string]bool      // deleted ids that the cloud remembers
	Addrs     []providers.Address
	PageSize  int           // rows per page; 1000 if 0
	PageAfter time.Duration // duration of each page
	Hang      chan struct{} // the list does not end before this is closed, even if its context ends

	ListErr  error // error of the list after CutAfter pages
	CutAfter int
	AddrErr  error
	AskErr   error // error of every query by id
	PowerErr error
	Check    func(id string, a providers.PowerAction) (providers.PowerCheck, error) // result of CheckPower; nil for yes
	Targets  func(ids []string) providers.TargetGroups                              // result of TargetGroups; nil for none

	Lists    int      // number of lists
	Overlaps int      // number of lists during another list
	Asked    []string // ids
	Checks   []string // "terminate i-1"
	Powered  []string // the same

	mu     sync.Mutex
	inside int
}

// Set changes the cloud while it is in use.
func (c *Cloud) Set(f func(c *Cloud)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c)
}

// Count returns the number of lists.
func (c *Cloud) Count() (n int) {
	c.Set(func(c *Cloud) { n = c.Lists })
	return n
}

// Remove removes an instance, as a deletion does: a cloud with KeepsDeleted then answers that it is gone.
func (c *Cloud) Remove(id string) {
	if c.Self.Traits.KeepsDeleted {
		if c.Gone == nil {
			c.Gone = map[string]bool{}
		}
		c.Gone[id] = true
	}
	c.Rows = slices.DeleteFunc(c.Rows, func(i providers.Instance) bool { return i.ID == id })
}

// Identify implements providers.Compute.
func (c *Cloud) Identify(context.Context) (out providers.Cloud, err error) {
	c.Set(func(c *Cloud) {
		if out = c.Self; c.Key != "" {
			out.Key = c.Key
		}
	})
	return out, nil
}

// Instances implements providers.Compute.
func (c *Cloud) Instances(ctx context.Context, page func([]providers.Instance)) providers.Coverage {
	c.mu.Lock()
	c.Lists++
	c.inside++
	c.Overlaps += min(c.inside-1, 1)
	hang, failure, cut, pause, size := c.Hang, c.ListErr, c.CutAfter, c.PageAfter, c.PageSize
	rows := slices.DeleteFunc(slices.Clone(c.Rows), func(i providers.Instance) bool { return c.Hidden[i.ID] })
	cov := providers.Coverage{State: providers.CoverageComplete, Key: c.Self.Key, Account: c.Self.Account, Expected: -1, Started: c.Now()}
	c.mu.Unlock()
	defer c.Set(func(c *Cloud) { c.inside-- })
	if failure != nil && cut == 0 {
		return providers.Failed(cov.Started, c.Now(), failure)
	}
	for p := range slices.Chunk(rows, cmp.Or(size, 1000)) {
		if pause > 0 {
			cov.Err = c.Sleep(ctx, pause)
		}
		if cov.Err == nil {
			page(slices.Clone(p))
			cov.Rows += len(p)
			if cut--; cut == 0 {
				cov.Err = failure
			}
		}
		if cov.Err != nil {
			cov.State = providers.CoveragePartial
			return cov
		}
	}
	if hang != nil {
		<-hang
		page([]providers.Instance{{ID: "i-late"}})
	}
	cov.Finished = c.Now()
	return cov
}

// Addresses implements providers.Compute.
func (c *Cloud) Addresses(_ context.Context, page func([]providers.Address)) providers.Coverage {
	c.mu.Lock()
	defer c.mu.Unlock()
	page(c.Addrs)
	if c.AddrErr != nil {
		return providers.Failed(c.Now(), c.Now(), c.AddrErr)
	}
	return providers.Coverage{State: providers.CoverageComplete, Key: c.Self.Key, Expected: -1, Started: c.Now(), Finished: c.Now()}
}

// Instance implements providers.Compute.
func (c *Cloud) Instance(_ context.Context, id string) (providers.Instance, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Asked = append(c.Asked, id)
	if c.AskErr != nil {
		return providers.Instance{}, c.AskErr
	}
	if n := slices.IndexFunc(c.Rows, func(i providers.Instance) bool { return i.ID == id }); n >= 0 {
		return c.Rows[n], nil
	}
	if c.Gone[id] {
		return providers.Instance{}, providers.Errorf(providers.KindGone, "get instance", "%s was deleted", id)
	}
	return providers.Instance{}, providers.Errorf(providers.KindNotFound, "get instance", "no %s", id)
}

// CheckPower implements providers.Power.
func (c *Cloud) CheckPower(_ context.Context, id string, a providers.PowerAction) (providers.PowerCheck, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Checks = append(c.Checks, string(a)+" "+id)
	if c.Check == nil {
		return providers.PowerCheck{}, nil
	}
	return c.Check(id, a)
}

// TargetGroups implements providers.TargetReader.
func (c *Cloud) TargetGroups(_ context.Context, ids []string) providers.TargetGroups {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Targets == nil {
		return providers.TargetGroups{}
	}
	return c.Targets(ids)
}

func (c *Cloud) power(what, id string, to providers.InstanceState) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.PowerErr != nil {
		return c.PowerErr
	}
	c.Powered = append(c.Powered, what+" "+id)
	for n := range c.Rows {
		if c.Rows[n].ID == id {
			c.Rows[n].State = to
		}
	}
	return nil
}

// Start implements providers.Power.
func (c *Cloud) Start(_ context.Context, id string) error {
	return c.power("start", id, providers.StateRunning)
}

// Stop implements providers.Power.
func (c *Cloud) Stop(_ context.Context, id string) error {
	return c.power("stop", id, providers.StateStopped)
}

// Reboot implements providers.Power.
func (c *Cloud) Reboot(_ context.Context, id string) error {
	return c.power("reboot", id, providers.StateRunning)
}

// Terminate implements providers.Power.
func (c *Cloud) Terminate(_ context.Context, id string) error {
	return c.power("terminate", id, providers.StateTerminated)
}
