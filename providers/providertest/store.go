package providertest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"rollcall/providers"
)

// Store is a providers.Store in memory, whose clock a test moves and whose calls fail as the test says. It is safe for
// concurrent use.
type Store struct {
	providers.Clock

	mu      sync.Mutex
	objects map[string]providers.Object
	writes  int
	fault   func(StoreCall) StoreFault
}

// StoreCall is one call of a Store: get, create, replace, list or delete.
type StoreCall struct{ Op, Key string }

// StoreFault is what happens to a call. The zero value is no fault.
type StoreFault struct {
	Before error // the call does nothing and returns this
	After  error // the call is carried out, and returns this all the same
}

// NewStore returns an empty store.
func NewStore(clock providers.Clock) *Store {
	return &Store{Clock: clock, objects: map[string]providers.Object{}}
}

// Away is the error of a store that does not answer.
func Away() error {
	return &providers.Error{Kind: providers.KindUnreachable, Source: "team store", Op: "call", Err: errors.New("connection refused")}
}

// Lost is the error of a write whose reply was lost.
func Lost() error {
	return &providers.Error{Kind: providers.KindUncertain, Source: "team store", Op: "call", Err: errors.New("timeout awaiting the answer")}
}

// Fail has fault decide about each call from now on; nil ends that.
func (s *Store) Fail(fault func(StoreCall) StoreFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// Keys returns the keys of all objects in order.
func (s *Store) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.objects))
}

// Replace writes an object without any condition, as every holder of the bucket's credentials can.
func (s *Store) Replace(key string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(key, data)
}

// Name implements providers.Store.
func (s *Store) Name() string { return "s3://team/ops" }

// call carries out a call, with the fault that the test wants.
func (s *Store) call(ctx context.Context, op, key string, do func() error) error {
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	var f StoreFault
	if fault != nil {
		f = fault(StoreCall{op, key}) // without the lock: it may wait for another call
	}
	if f.Before != nil {
		return f.Before
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := do(); err != nil {
		return err
	}
	return f.After
}

func storeError(kind providers.Kind, op, key, why string) error {
	return &providers.Error{Kind: kind, Source: "team store", Op: op + " " + key, Err: errors.New(why)}
}

// put writes an object. The caller holds the lock.
func (s *Store) put(key string, data []byte) string {
	s.writes++
	version := strconv.Itoa(s.writes)
	s.objects[key] = providers.Object{Key: key, Data: slices.Clone(data), Version: version, Modified: s.Now()}
	return version
}

// Get implements providers.Store.
func (s *Store) Get(ctx context.Context, key string) (o providers.Object, err error) {
	err = s.call(ctx, "get", key, func() error {
		var ok bool
		if o, ok = s.objects[key]; !ok {
			return storeError(providers.KindNotFound, "get", key, "there is none")
		}
		o.Data = slices.Clone(o.Data)
		o.Asked = s.Now()
		return nil
	})
	return o, err
}

// GetChanged implements providers.Store. To faults it is a get.
func (s *Store) GetChanged(ctx context.Context, key, version string) (providers.Object, error) {
	o, err := s.Get(ctx, key)
	if err == nil && o.Version == version {
		return providers.Object{Key: key, Version: version}, nil
	}
	return o, err
}

// PutIfAbsent implements providers.Store.
func (s *Store) PutIfAbsent(ctx context.Context, key string, data []byte) (version string, err error) {
	err = s.call(ctx, "create", key, func() error {
		if _, there := s.objects[key]; there {
			return storeError(providers.KindConflict, "create", key, "it exists")
		}
		version = s.put(key, data)
		return nil
	})
	return version, err
}

// PutIfMatch implements providers.Store.
func (s *Store) PutIfMatch(ctx context.Context, key string, data []byte, version string) (newVersion string, err error) {
	err = s.call(ctx, "replace", key, func() error {
		switch is, there := s.objects[key]; {
		case !there:
			return storeError(providers.KindNotFound, "replace", key, "there is none")
		case is.Version != version:
			return storeError(providers.KindConflict, "replace", key, "it has changed")
		}
		newVersion = s.put(key, data)
		return nil
	})
	return newVersion, err
}

// ListAfter implements providers.Store.
func (s *Store) ListAfter(ctx context.Context, prefix, after string, most int) (keys []string, err error) {
	err = s.call(ctx, "list", prefix, func() error {
		for _, key := range slices.Sorted(maps.Keys(s.objects)) {
			if strings.HasPrefix(key, prefix) && key > after && len(keys) < most {
				keys = append(keys, key)
			}
		}
		return nil
	})
	return keys, err
}

// ListObjects implements providers.Store.
func (s *Store) ListObjects(ctx context.Context, prefix string, most int) (out []providers.Object, err error) {
	err = s.call(ctx, "list", prefix, func() error {
		for _, key := range slices.Sorted(maps.Keys(s.objects)) {
			if o := s.objects[key]; strings.HasPrefix(key, prefix) && len(out) < most {
				o.Data, o.Asked = nil, s.Now()
				out = append(out, o)
			}
		}
		return nil
	})
	return out, err
}

// Delete implements providers.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.call(ctx, "delete", key, func() error {
		delete(s.objects, key)
		return nil
	})
}
