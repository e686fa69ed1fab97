package rfc2136

import (
	"context"
	"fmt"
	"slices"

	"rollcall/providers"
	"rollcall/providers/recordset"
)

// Zones implements providers.ZoneLister. The account has only the zone of its config, and the key names it.
func (a *Account) Zones(ctx context.Context, page func([]providers.Zone)) providers.Coverage {
	started := a.clock.Now()
	z, skew, err := a.read(ctx, a.zone, "find the zone", false, func() {})
	if err != nil {
		return providers.Failed(started, a.clock.Now(), err)
	}
	page([]providers.Zone{{Name: a.zone, ID: a.zone, Provider: Provider, Traits: traits(), Account: a.key.Name, NameServers: slices.Sorted(slices.Values(z.servers))}})
	return providers.Coverage{State: providers.CoverageComplete, Rows: 1, Expected: -1, Started: started, Finished: a.clock.Now(), Skew: skew}
}

// Records implements providers.RecordLister. The list is complete if the transfer is: it ends with the SOA record with
// which it began, and each of its messages is signed.
func (a *Account) Records(ctx context.Context, zone providers.Zone, page func([]providers.Record)) providers.Coverage {
	started := a.clock.Now()
	z, skew, err := a.read(ctx, providers.CanonicalName(zone.Name), "list records", true, func() { page(nil) })
	if err != nil {
		return providers.Failed(started, a.clock.Now(), err)
	}
	page(slices.Clone(z.rows))
	return providers.Coverage{State: providers.CoverageComplete, Rows: len(z.rows), Expected: -1, Started: started, Finished: a.clock.Now(), Skew: skew}
}

// Lookup implements providers.RecordGetter. It transfers the zone, if that has changed, because markers below a name can
// be found in no other way.
func (a *Account) Lookup(ctx context.Context, zone providers.Zone, name, typ string) ([]providers.Record, error) {
	const op = "look up a name"
	name = providers.CanonicalName(name)
	in := providers.CanonicalName(zone.Name)
	if !providers.InZone(name, in) {
		return nil, &providers.Error{Kind: providers.KindInvalid, Source: zone.Name, Op: op, Err: fmt.Errorf("the name %s does not lie in the zone", name)}
	}
	z, _, err := a.read(ctx, in, op, false, func() {})
	if err != nil {
		return nil, err
	}
	rows := spelling.Records(in, z.subjects[recordset.Subject(name)])
	return slices.DeleteFunc(rows, func(r providers.Record) bool { return r.Name != name || typ != "" && r.Type != typ }), nil
}
