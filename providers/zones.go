package providers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// ZoneGetter returns the current state of one zone by its id. A zone that the credentials cannot see is an error.
type ZoneGetter interface {
	Zone(ctx context.Context, id string) (Zone, error)
}

// FindZone returns the zone of a name in an account; with an id, only the zone of that id counts. Several zones of the
// name, such as a public and a private one, are KindInvalid with an error that lists them, because the intended one is
// unknown.
//
// seen is the id under which the zone was seen before, or empty. If the account's list lacks the zone and the account
// is a ZoneGetter, FindZone queries id or seen: an empty list must not remove a zone whose id and name the account
// confirms.
func FindZone(ctx context.Context, account ZoneLister, name, id, seen string) (Zone, error) {
	var found []Zone
	cov := account.Zones(ctx, func(page []Zone) {
		for _, z := range page {
			if SameName(z.Name, name) && (id == "" || z.ID == id) {
				found = append(found, z)
			}
		}
	})
	fail := func(kind Kind, format string, args ...any) error {
		return &Error{Kind: kind, Source: name, Op: "find the zone", Err: fmt.Errorf(format, args...)}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return Zone{}, ZonesOfOneName(name, found)
	}
	if known := cmp.Or(id, seen); known != "" {
		if g, ok := account.(ZoneGetter); ok {
			if z, err := g.Zone(ctx, known); err == nil && z.ID == known && SameName(z.Name, name) {
				return z, nil
			}
		}
	}
	switch {
	case cov.Complete() && id != "":
		return Zone{}, fail(KindNotFound, "the account that the credentials belong to has no zone of this name with the id %s; correct the id, or use credentials of the account that has it", id)
	case cov.Complete():
		return Zone{}, fail(KindNotFound, "the account that the credentials belong to has no such zone; correct the name, or use credentials of the account that has it")
	case cov.Err != nil:
		return Zone{}, cov.Err
	}
	return Zone{}, fail(KindIncomplete, "the zones were not read to their end")
}

// ZonesOfOneName returns the error for an account with several zones of a name. It lists them and asks for the id.
func ZonesOfOneName(name string, zones []Zone) error {
	var ids []string
	for _, z := range zones {
		kind := "public"
		if z.Private {
			kind = "private"
		}
		ids = append(ids, z.ID+" ("+kind+")")
	}
	slices.Sort(ids)
	return &Error{
		Kind: KindInvalid, Source: name, Op: "find the zone",
		Err: fmt.Errorf("the account has %d zones of this name, %s: say which one is meant with id: in the config", len(ids), strings.Join(ids, " and ")),
	}
}
