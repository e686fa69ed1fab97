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
	return &ofFleet{store: s, fleet: fleet, lock: make(lock, 1)}
}

type ofFleet struct {
	store providers.Store
	fleet string

	lock    lock
	known   bool
	refused error
}

type fleetObject struct {
	Format int    `json:"format"`
	Fleet  string `json:"fleet"`
}

// check compares the fleets. If the store has none yet, a write creates the object.
func (o *ofFleet) check(ctx context.Context, write bool) error {
	if err := o.lock.take(ctx, o.store); err != nil {
		return err
	}
	defer o.lock.free()
	if o.known {
		return o.refused
	}
	is, err := o.store.Get(ctx, fleetKey)
	if providers.KindOf(err) == providers.KindNotFound {
		if !write {
			return nil
		}
		data, jsonErr := json.Marshal(fleetObject{fleetFormat, o.fleet})
		if jsonErr != nil {
			return jsonErr
		}
		_, err = o.store.PutIfAbsent(ctx, fleetKey, data)
		if k := providers.KindOf(err); k == providers.KindConflict || k == providers.KindUncertain {
			is, err = o.store.Get(ctx, fleetKey)
		} else {
			is.Data = data
		}
	}
	if err != nil {
		return err
	}
	var has fleetObject
	if err := json.Unmarshal(is.Data, &has); err != nil || has.Fleet == "" {
		o.refused = o.error(fmt.Errorf("its object %s is damaged: it has no fleet id", fleetKey))
	} else if has.Fleet != o.fleet {
		o.refused = o.error(fmt.Errorf("it belongs to the fleet %q, and the config has fleet: %s; name another prefix in team:, or the id of the team's fleet", has.Fleet, o.fleet))
	}
	o.known = true
	return o.refused
}

func (o *ofFleet) error(err error) error {
	return &providers.Error{Kind: providers.KindInvalid, Source: "team store " + o.store.Name(), Op: "compare its fleet", Err: err}
}

// Name implements providers.Store.
func (o *ofFleet) Name() string { return o.store.Name() }

// Get implements providers.Store.
func (o *ofFleet) Get(ctx context.Context, key string) (providers.Object, error) {
	if err := o.check(ctx, false); err != nil {
		return providers.Object{}, err
	}
	return o.store.Get(ctx, key)
}

// GetChanged implements providers.Store.
func (o *ofFleet) GetChanged(ctx context.Context, key, version string) (providers.Object, error) {
	if err := o.check(ctx, false); err != nil {
		return providers.Object{}, err
	}
	return o.store.GetChanged(ctx, key, version)
}

// PutIfAbsent implements providers.Store.
func (o *ofFleet) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	if err := o.check(ctx, true); err != nil {
		return "", err
	}
	return o.store.PutIfAbsent(ctx, key, data)
}

// PutIfMatch implements providers.Store.
func (o *ofFleet) PutIfMatch(ctx context.Context, key string, data []byte, version string) (string, error) {
	if err := o.check(ctx, true); err != nil {
		return "", err
	}
	return o.store.PutIfMatch(ctx, key, data, version)
}

// ListAfter implements providers.Store.
func (o *ofFleet) ListAfter(ctx context.Context, prefix, after string, most int) ([]string, error) {
	if err := o.check(ctx, false); err != nil {
		return nil, err
	}
	return o.store.ListAfter(ctx, prefix, after, most)
}

// ListObjects implements providers.Store.
func (o *ofFleet) ListObjects(ctx context.Context, prefix string, most int) ([]providers.Object, error) {
	if err := o.check(ctx, false); err != nil {
		return nil, err
	}
	return o.store.ListObjects(ctx, prefix, most)
}

// Delete implements providers.Store.
func (o *ofFleet) Delete(ctx context.Context, key string) error {
	if err := o.check(ctx, true); err != nil {
		return err
	}
	return o.store.Delete(ctx, key)
}
