package store

import (
	"context"
	"sync"

	"rollcall/providers"
)

// wrapper is a store that passes each call on to the store that before returns for it, or fails with the error of before.
type wrapper struct {
	name   func() string
	before func(context.Context, operation) (providers.Store, error)
}

// operation is what a call does to an object.
type operation int

const (
	reads operation = iota
	puts
	deletes
)

// Opened returns a store that open sets up at the first call, and again at the next one if that fails: a member can be
// without credentials for a while.
func Opened(name string, open func() (providers.Store, error)) providers.Store {
	var mu sync.Mutex
	var opened providers.Store
	return &wrapper{func() string { return name }, func(context.Context, operation) (providers.Store, error) {
		mu.Lock()
		defer mu.Unlock()
		if opened != nil {
			return opened, nil
		}
		s, err := open()
		if err == nil {
			opened = s
		}
		return s, err
	}}
}

// Refusing returns a store that reads from s, and writes to it only while refuse returns nil. Otherwise a write or a
// removal fails with the error of refuse.
func Refusing(s providers.Store, refuse func() error) providers.Store {
	return &wrapper{s.Name, func(_ context.Context, op operation) (providers.Store, error) {
		if op == reads {
			return s, nil
		}
		return s, refuse()
	}}
}

// verdict is whether a store may be used, which is found out once. It is safe for concurrent use.
type verdict struct {
	store   providers.Store
	lock    chan struct{} // has room for one: it is held during calls of the store
	known   bool
	refused error
}

func verdictOn(s providers.Store) *verdict {
	return &verdict{store: s, lock: make(chan struct{}, 1)}
}

// get returns why the store is refused, or nil. It calls find until that returns known; a call that waits for another's
// ends with ctx.
func (f *verdict) get(ctx context.Context, find func() (known bool, err error)) error {
	select {
	case f.lock <- struct{}{}:
	case <-ctx.Done():
		return &providers.Error{Kind: providers.KindUnreachable, Source: "team store " + f.store.Name(), Err: context.Cause(ctx)}
	}
	defer func() { <-f.lock }()
	if !f.known {
		f.known, f.refused = find()
	}
	return f.refused
}

// Name implements providers.Store.
func (w *wrapper) Name() string { return w.name() }

// Get implements providers.Store.
func (w *wrapper) Get(ctx context.Context, key string) (providers.Object, error) {
	s, err := w.before(ctx, reads)
	if err != nil {
		return providers.Object{}, err
	}
	return s.Get(ctx, key)
}

// GetChanged implements providers.Store.
func (w *wrapper) GetChanged(ctx context.Context, key, version string) (providers.Object, error) {
	s, err := w.before(ctx, reads)
	if err != nil {
		return providers.Object{}, err
	}
	return s.GetChanged(ctx, key, version)
}

// PutIfAbsent implements providers.Store.
func (w *wrapper) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	s, err := w.before(ctx, puts)
	if err != nil {
		return "", err
	}
	return s.PutIfAbsent(ctx, key, data)
}

// PutIfMatch implements providers.Store.
func (w *wrapper) PutIfMatch(ctx context.Context, key string, data []byte, version string) (string, error) {
	s, err := w.before(ctx, puts)
	if err != nil {
		return "", err
	}
	return s.PutIfMatch(ctx, key, data, version)
}

// ListAfter implements providers.Store.
func (w *wrapper) ListAfter(ctx context.Context, prefix, after string, most int) ([]string, error) {
	s, err := w.before(ctx, reads)
	if err != nil {
		return nil, err
	}
	return s.ListAfter(ctx, prefix, after, most)
}

// ListObjects implements providers.Store.
func (w *wrapper) ListObjects(ctx context.Context, prefix string, most int) ([]providers.Object, error) {
	s, err := w.before(ctx, reads)
	if err != nil {
		return nil, err
	}
	return s.ListObjects(ctx, prefix, most)
}

// Delete implements providers.Store.
func (w *wrapper) Delete(ctx context.Context, key string) error {
	s, err := w.before(ctx, deletes)
	if err != nil {
		return err
	}
	return s.Delete(ctx, key)
}
