package apply

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"rollcall/providers"
)

// readCloud lists instances and addresses side by side. The read is complete
// only when both lists are, and when one account gave both.
func (e *Engine) readCloud(ctx context.Context, t *CloudTarget) providers.CloudView {
	v := providers.CloudView{Cloud: providers.Cloud{Name: t.Name, Provider: t.Provider}, BudgetLeft: -1, Lookups: map[string]providers.Lookup{}}
	started := e.o.Now()
	if t.Err != nil || t.Reader == nil {
		v.Coverage = providers.Failed(started, started, t.Err)
		return v
	}
	silence := providers.WithSilence(ctx, e.o.Timeout)
	defer silence.Stop()
	var addrs providers.Coverage
	var wg sync.WaitGroup
	wg.Go(func() {
		addrs = t.Reader.Addresses(silence, func(p []providers.Address) {
			silence.Heard()
			v.Addresses = append(v.Addresses, p...)
		})
	})
	v.Coverage = t.Reader.Instances(silence, func(p []providers.Instance) {
		silence.Heard()
		v.Instances = append(v.Instances, p...)
	})
	wg.Wait()
	v.Coverage = silence.Why(t.Name, "list instances", v.Coverage)
	v.Cloud.Key, v.Cloud.Account = v.Coverage.Key, v.Coverage.Account
	v.Coverage.Started = earlier(v.Coverage.Started, addrs.Started)
	if v.Coverage.Started.IsZero() {
		v.Coverage.Started = started
	}
	v.RowsFrom = v.Coverage.Started
	if addrs.Skew.Abs() > v.Coverage.Skew.Abs() {
		v.Coverage.Skew = addrs.Skew
	}
	if v.Coverage.Complete() && !addrs.Complete() {
		v.Coverage.State, v.Coverage.Err = providers.CoveragePartial, fmt.Errorf("addresses: %w", cmpErr(addrs.Err))
	}
	if v.Coverage.Complete() && addrs.Key != "" && addrs.Key != v.Coverage.Key {
		v.Coverage.State, v.Coverage.Err = providers.CoveragePartial, errors.New("instances and addresses are those of two accounts")
	}
	return v
}

func cmpErr(err error) error {
	if err == nil {
		return errors.New("not complete")
	}
	return err
}

func (e *Engine) readZone(ctx context.Context, t *ZoneTarget, name string) providers.ZoneView {
	v := providers.ZoneView{Zone: providers.Zone{Name: providers.CanonicalName(name)}, BudgetLeft: -1}
	started := e.o.Now()
	switch {
	case t == nil:
		v.Coverage = providers.Failed(started, started, errors.New("the zone is not configured"))
		return v
	case t.Err != nil || t.DNS == nil:
		v.Coverage = providers.Failed(started, started, cmpErr(t.Err))
		return v
	}
	v.Zone = t.Zone
	silence := providers.WithSilence(ctx, e.o.Timeout)
	defer silence.Stop()
	v.Coverage = t.DNS.Records(silence, t.Zone, func(p []providers.Record) {
		silence.Heard()
		v.Records = append(v.Records, p...)
	})
	v.Coverage = silence.Why(t.Zone.Name, "list records", v.Coverage)
	if err := providers.DoubtRecords(silence, t.DNS, t.Zone, v.Coverage, v.Records, e.lastRecords(ctx, name), silence.Heard); err != nil {
		v.Coverage.State = providers.CoveragePartial
		v.Coverage.Err = &providers.Error{Kind: providers.KindIncomplete, Source: t.Zone.Name, Op: "list records", Err: err}
	}
	if v.Coverage.Started.IsZero() {
		v.Coverage.Started = started
	}
	v.RowsFrom = v.Coverage.Started
	providers.AttachOwners(v.Records)
	return v
}

// lastRecords returns the records of the last complete listing of a zone; none when there was none.
func (e *Engine) lastRecords(ctx context.Context, name string) []providers.Record {
	if e.o.Fresh == nil {
		return nil
	}
	if last := e.o.Fresh(ctx); last != nil {
		if z := zoneView(last, name); z != nil && z.Whole {
			return z.Records
		}
	}
	return nil
}

// delegation asks the account of a zone afresh whether it is still there, and whether clients are sent
// to it. An account that does not answer leaves what was known.
func (e *Engine) delegation(ctx context.Context, t *ZoneTarget, v *providers.ZoneView) {
	if t == nil || t.Err != nil {
		return
	}
	l, ok := t.DNS.(providers.ZoneLister)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
	defer cancel()
	l.Zones(ctx, func(page []providers.Zone) {
		for i := range page {
			if page[i].ID == t.Zone.ID && providers.SameName(page[i].Name, t.Zone.Name) {
				v.Zone.Pending = page[i].Pending
			}
		}
	})
}
