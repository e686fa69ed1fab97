package store

import (
	"context"
	"sync"

	"rollcall/providers"
)

// Opened returns a store that open sets up at the first call, and again at the next one if that fails: a member can be
// without credentials for a while.
func Opened(name string, open func() (providers.Store, error)) providers.Store {
	return &opened{name: name, open: open}
}

type opened struct {
	name string
	open func() (providers.Store, error)

	mu    sync.Mutex
	store providers.Store
}

func (o *opened) get() (providers.Store, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.store != nil {
		return o.store, nil
	}
	s, err := o.open()
	if err == nil {
		o.store = s
	}
	return s, err
}

// Name implements providers.Store.
func (o *opened) Name() string { return o.name }

// Get implements providers.Store.
func (o *opened) Get(ctx context.Context, key string) (providers.Object, error) {
	s, err := o.get()
	if err != nil {
		return providers.Object{}, err
	}
	return s.Get(ctx, key)
}

// GetChanged implements providers.Store.
func (o *opened) GetChanged(ctx context.Context, key, version string) (providers.Object, error) {
	s, err := o.get()
	if err != nil {
		return providers.Object{}, err
	}
	return s.GetChanged(ctx, key, version)
}

// PutIfAbsent implements providers.Store.
func (o *opened) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	s, err := o.get()
	if err != nil {
		return "", err
	}
	return s.PutIfAbsent(ctx, key, data)
}

// PutIfMatch implements providers.Store.
func (o *opened) PutIfMatch(ctx context.Context, key string, data []byte, version string) (string, error) {
	s, err := o.get()
	if err != nil {
		return "", err
	}
	return s.PutIfMatch(ctx, key, data, version)
}

// ListAfter implements providers.Store.
func (o *opened) ListAfter(ctx context.Context, prefix, after string, most int) ([]string, error) {
	s, err := o.get()
	if err != nil {
		return nil, err
	}
	return s.ListAfter(ctx, prefix, after, most)
}

// ListObjects implements providers.Store.
func (o *opened) ListObjects(ctx context.Context, prefix string, most int) ([]providers.Object, error) {
	s, err := o.get()
	if err != nil {
		return nil, err
	}
	return s.ListObjects(ctx, prefix, most)
}

// Delete implements providers.Store.
func (o *opened) Delete(ctx context.Context, key string) error {
	s, err := o.get()
	if err != nil {
		return err
	}
	return s.Delete(ctx, key)
}
