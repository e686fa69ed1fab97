package store

import (
	"context"

	"rollcall/providers"
)

// Refusing returns a store that reads from s, and writes to it only while refuse returns nil. Otherwise a write or a
// removal fails with the error of refuse.
func Refusing(s providers.Store, refuse func() error) providers.Store { return &refusing{s, refuse} }

type refusing struct {
	providers.Store
	refuse func() error
}

// PutIfAbsent implements providers.Store.
func (r *refusing) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	if err := r.refuse(); err != nil {
		return "", err
	}
	return r.Store.PutIfAbsent(ctx, key, data)
}

// PutIfMatch implements providers.Store.
func (r *refusing) PutIfMatch(ctx context.Context, key string, data []byte, version string) (string, error) {
	if err := r.refuse(); err != nil {
		return "", err
	}
	return r.Store.PutIfMatch(ctx, key, data, version)
}

// Delete implements providers.Store.
func (r *refusing) Delete(ctx context.Context, key string) error {
	if err := r.refuse(); err != nil {
		return err
	}
	return r.Store.Delete(ctx, key)
}
