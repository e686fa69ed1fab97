package store

import (
	"context"
	"time"

	"rollcall/providers"
)

const (
	// comparedFor is how long a store that was compared is read, and writtenFor how long it is written and an object counts as absent:
	// a store can be emptied, or be no longer mounted, at any time.
	comparedFor = time.Minute
	writtenFor  = 2 * time.Second
	// refusedFor is how long a store that was refused is not compared again.
	refusedFor = 5 * time.Second
)

// Compared returns a Store that is used only while it is the one that its caller knows. compare is called now and then, and
// with write before a write. It returns as refused, of KindUnreachable, why the store must not be used now, as if it did not
// answer, and as err why it could not be compared.
func Compared(s providers.Store, clock providers.Clock, compare func(ctx context.Context, write bool) (refused, err error)) providers.Store {
	c := &comparison{verdict: verdictOn(s), clock: clock, compare: compare}
	return &wrapper{s.Name, func(ctx context.Context, op operation) (providers.Store, error) {
		if op == reads {
			return &doubting{s, c}, c.get(ctx, comparedFor, false)
		}
		return s, c.get(ctx, writtenFor, op == puts)
	}}
}

// comparison is the last comparison of a store.
type comparison struct {
	*verdict
	clock   providers.Clock
	compare func(ctx context.Context, write bool) (refused, err error)
	at      time.Time // zero before the first
	written bool      // it was compared with write
	why     error     // it was refused
}

// get compares the store, unless that was done within a time, and returns why it must not be used now.
func (c *comparison) get(ctx context.Context, within time.Duration, write bool) error {
	return c.verdict.get(ctx, func() (known bool, err error) {
		if c.why != nil {
			within = refusedFor
		}
		if !c.at.IsZero() && c.clock.Now().Sub(c.at).Abs() < within && (c.why != nil || c.written || !write) {
			return false, c.why
		}
		c.why, err = c.compare(ctx, write)
		if err != nil {
			return false, err
		}
		c.at, c.written = c.clock.Now(), c.why == nil && (write || c.written)
		return false, c.why
	})
}

// doubting compares the store again when it does not have what is read.
type doubting struct {
	providers.Store
	c *comparison
}

func (d *doubting) check(ctx context.Context, empty bool, err error) error {
	if providers.KindOf(err) == providers.KindNotFound || err == nil && empty {
		if refused := d.c.get(ctx, writtenFor, false); refused != nil {
			return refused
		}
	}
	return err
}

// Get implements providers.Store.
func (d *doubting) Get(ctx context.Context, key string) (providers.Object, error) {
	o, err := d.Store.Get(ctx, key)
	return o, d.check(ctx, false, err)
}

// GetChanged implements providers.Store.
func (d *doubting) GetChanged(ctx context.Context, key, version string) (providers.Object, error) {
	o, err := d.Store.GetChanged(ctx, key, version)
	return o, d.check(ctx, false, err)
}

// ListAfter implements providers.Store.
func (d *doubting) ListAfter(ctx context.Context, prefix, after string, most int) ([]string, error) {
	keys, err := d.Store.ListAfter(ctx, prefix, after, most)
	return keys, d.check(ctx, len(keys) == 0, err)
}

// ListObjects implements providers.Store.
func (d *doubting) ListObjects(ctx context.Context, prefix string, most int) ([]providers.Object, error) {
	list, err := d.Store.ListObjects(ctx, prefix, most)
	return list, d.check(ctx, len(list) == 0, err)
}
