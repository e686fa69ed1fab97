package route53

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"rollcall/providers"
	"rollcall/providers/recordset"
)

// Lookup implements providers.RecordGetter. It also reads the markers below the name.
func (a *Account) Lookup(ctx context.Context, zone providers.Zone, name, typ string) ([]providers.Record, error) {
	const op = "look up a name"
	name = providers.CanonicalName(name)
	if zone.ID == "" || !providers.InZone(name, zone.Name) {
		return nil, a.fail(providers.KindInvalid, op, "the name %s does not lie in the zone %s, or the zone has no id", name, zone.Name)
	}
	sets, err := a.name(ctx, op, zone.ID, name)
	if err != nil {
		return nil, err
	}
	all := spelling.Records(zone.Name, sets)
	return slices.DeleteFunc(all, func(r providers.Record) bool { return r.Name != name || (typ != "" && r.Type != typ) }), nil
}

// name reads the record sets of one name and the marker sets below _rollcall.<name>. In Route 53's order (labels
// reversed) these soon follow the name itself. If other children come between, a second read starts at the markers.
func (a *Account) name(ctx context.Context, op, zoneID, name string) (recordset.Sets, error) {
	found := recordset.Sets{}
	below := providers.MarkerLabel + "." + name
	marked, all, any := false, false, false
	err := a.sets(ctx, op, zoneID, start{name: nameToWire(name)}, func(list []types.ResourceRecordSet, last bool) bool {
		any = any || len(list) > 0
		for i := range list {
			switch k := keyOf(&list[i]); {
			case k.Name == name:
				found[k] = setOf(&list[i])
			case providers.InZone(k.Name, below):
				found[k] = setOf(&list[i])
				marked = true
			case marked:
				all = true // all markers are adjacent, and this name is past them
				return false
			default:
				// Another name: the markers follow on this page, or a second read finds them.
			}
		}
		all = last
		return !last && (len(list) == 0 || marked || keyOf(&list[len(list)-1]).Name == name)
	})
	if err == nil && !any {
		err = a.populated(ctx, op, zoneID)
	}
	if err != nil || all {
		return found, err
	}
	err = a.sets(ctx, op, zoneID, start{name: nameToWire(below)}, func(list []types.ResourceRecordSet, _ bool) bool {
		for i := range list {
			k := keyOf(&list[i])
			if !providers.InZone(k.Name, below) {
				return false
			}
			found[k] = setOf(&list[i])
		}
		return true
	})
	return found, err
}

// populated verifies an empty answer: a listing from the start of the zone always has its SOA record.
func (a *Account) populated(ctx context.Context, op, zoneID string) error {
	any := false
	err := a.sets(ctx, op, zoneID, start{}, func(list []types.ResourceRecordSet, _ bool) bool {
		any = len(list) > 0
		return false
	})
	if err == nil && !any {
		err = a.incomplete(op, "the zone shows no record at all, and a zone always has its SOA record")
	}
	return err
}

// zoneSets reads the whole zone and groups its sets by subject, so a marker set is grouped with the records it marks.
func (a *Account) zoneSets(ctx context.Context, op, zoneID string, want int64) (map[string]recordset.Sets, error) {
	byName := map[string]recordset.Sets{}
	n := int64(0)
	err := a.sets(ctx, op, zoneID, start{}, func(list []types.ResourceRecordSet, _ bool) bool {
		for i := range list {
			k := keyOf(&list[i])
			owner := recordset.Subject(k.Name)
			if byName[owner] == nil {
				byName[owner] = recordset.Sets{}
			}
			byName[owner][k] = setOf(&list[i])
			n++
		}
		return true
	})
	if err == nil && n != want {
		err = a.incomplete(op, "%d record sets arrived, the zone has %d", n, want)
	}
	return byName, err
}
