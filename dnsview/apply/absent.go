package apply

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// absent returns an error unless a record that a lookup by name did not find is really gone. An API that answers with
// empty lists looks the same, and a node is terminated once its records are gone. So the list of the whole zone must
// agree: complete, not empty, and without the record.
func absent(t *ZoneTarget, list func() providers.ZoneView, c *providers.Change) error {
	v := list()
	if !v.Coverage.Complete() {
		return fmt.Errorf("a lookup did not find it, and the list of %s is not complete: %w", t.Zone.Name, orNotComplete(v.Coverage.Err))
	}
	if len(v.Records) == 0 {
		return fmt.Errorf("a lookup did not find it, and %s shows no record at all", t.Zone.Name)
	}
	if _, n := index.Find(v.Records, c); n > 0 {
		return fmt.Errorf("a lookup did not find it, and the list of %s shows it", t.Zone.Name)
	}
	return nil
}

// marked returns an error unless a change whose value is gone has left the marker that it leaves, if it leaves one.
func marked(ctx context.Context, lookUp func(ctx context.Context, zone providers.Zone, name, typ string) ([]providers.Record, error), zone providers.Zone, c *providers.Change) error {
	o, leaves := index.MarkerLeft(c)
	if !leaves {
		return nil
	}
	markers, err := lookUp(ctx, zone, providers.MarkerName(o.Instance, c.Before.Name), "TXT")
	switch {
	case err != nil:
		return fmt.Errorf("whether it is marked as quiesced could not be read: %w", err)
	case !index.TakenOut(markers, o):
		return errors.New("nothing marks it as quiesced: its node may have taken it out, and would register it again")
	}
	return nil
}

// goneByIt returns an error unless a value that is gone was removed by this change: its marker is there, and, if the change names the
// record by the provider's id, no other machine has taken that over.
func (e *Engine) goneByIt(ctx context.Context, t *ZoneTarget, c *providers.Change, byID bool) error {
	if err := marked(ctx, t.DNS.Lookup, t.Zone, c); err != nil || !byID {
		return err
	}
	return e.notTakenOver(ctx, t, c)
}

// listOnce returns a function that lists a zone on its first call and caches the list.
func (e *Engine) listOnce(ctx context.Context, t *ZoneTarget) func() providers.ZoneView {
	return sync.OnceValue(func() providers.ZoneView { return e.readZones(ctx, t.Zone.Name)[0] })
}
