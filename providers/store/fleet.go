package store

import (
	"context"
	"encoding/json"
	"fmt"

	"rollcall/providers"
)

// fleetKey is the object that names the fleet of a store.
const fleetKey = "fleet/id"

// fleetFormat is the format of that object.
const fleetFormat = 1

// OfFleet returns a Store for the members of one fleet. The first write of any of them creates an object with the id of
// the fleet; every call of a member of another fleet is refused with an error of KindInvalid, since it would take the
// journal of others for its own. It reads that object once. With an empty id it returns s.
func OfFleet(s providers.Store, fleet string) providers.Store {
	if fleet == "" {
		return s
	}
	members := verdictOn(s)
	return &wrapper{s.Name, func(ctx context.Context, op operation) (providers.Store, error) {
		return s, members.get(ctx, func() (bool, error) { return isOfFleet(ctx, s, fleet, op != reads) })
	}}
}

type fleetObject struct {
	Format int    `json:"format"`
	Fleet  string `json:"fleet"`
}

// isOfFleet returns whether the fleet of a store is known, and an error if it could not be read or is another one. If the
// store has none yet, a write creates the object.
func isOfFleet(ctx context.Context, s providers.Store, fleet string, write bool) (known bool, err error) {
	is, err := s.Get(ctx, fleetKey)
	if providers.KindOf(err) == providers.KindNotFound {
		if !write {
			return false, nil
		}
		data, jsonErr := json.Marshal(fleetObject{fleetFormat, fleet})
		if jsonErr != nil {
			return false, jsonErr
		}
		_, err = s.PutIfAbsent(ctx, fleetKey, data)
		is.Data = data
		if k := providers.KindOf(err); k == providers.KindConflict || k == providers.KindUncertain {
			if has, getErr := s.Get(ctx, fleetKey); getErr == nil {
				is, err = has, nil
			}
		}
	}
	if err != nil {
		return false, err
	}
	var has fleetObject
	if err := json.Unmarshal(is.Data, &has); err != nil || has.Fleet == "" {
		return true, refusedFleet(s, fmt.Errorf("its object %s is damaged: it has no fleet id", fleetKey))
	}
	if has.Fleet != fleet {
		return true, refusedFleet(s, fmt.Errorf("it belongs to the fleet %q, and the config has fleet: %s; name another prefix in team:, or the id of the team's fleet", has.Fleet, fleet))
	}
	return true, nil
}

func refusedFleet(s providers.Store, err error) error {
	return &providers.Error{Kind: providers.KindInvalid, Source: "team store " + s.Name(), Op: "compare its fleet", Err: err}
}
