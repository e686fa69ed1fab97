package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"rollcall/providers"
)

// Checked returns a Store that tries, before its first write, whether s honours the conditions of writes. There are
// servers that ignore them, or write when they do not hold; with such a one two writers would overwrite each other's
// entries. Then every write is refused with an error of KindInvalid. Reads are passed on.
func Checked(s providers.Store) providers.Store { return &checked{Store: s, lock: make(lock, 1)} }

type checked struct {
	providers.Store

	lock    lock
	known   bool
	refused error
}

// lock is held during calls of a store. It has room for one.
type lock chan struct{}

// take waits for the lock until ctx ends.
func (l lock) take(ctx context.Context, s providers.Store) error {
	select {
	case l <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &providers.Error{Kind: providers.KindUnreachable, Source: "team store " + s.Name(), Err: ctx.Err()}
	}
}

func (l lock) free() { <-l }

// PutIfAbsent implements providers.Store.
func (c *checked) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	if err := c.check(ctx); err != nil {
		return "", err
	}
	return c.Store.PutIfAbsent(ctx, key, data)
}

// PutIfMatch implements providers.Store.
func (c *checked) PutIfMatch(ctx context.Context, key string, data []byte, version string) (string, error) {
	if err := c.check(ctx); err != nil {
		return "", err
	}
	return c.Store.PutIfMatch(ctx, key, data, version)
}

// check tries the store once. A store that could not be reached is tried again at the next write.
func (c *checked) check(ctx context.Context) error {
	if err := c.lock.take(ctx, c.Store); err != nil {
		return err
	}
	defer c.lock.free()
	if c.known {
		return c.refused
	}
	err := Try(ctx, c.Store)
	if err == nil || providers.KindOf(err) == providers.KindInvalid {
		c.known, c.refused = true, err
	}
	return err
}

// triers is the number of writers that try to write at once.
const triers = 4

// Try has several writers create one object below trial/ at once, and then replace it at once, removes it, and returns an error of KindInvalid
// if more or fewer than one of them succeeds, or if the object is not what the successful one wrote.
func Try(ctx context.Context, s providers.Store) error {
	key := "trial/" + rand.Text()
	defer func() { _ = s.Delete(context.WithoutCancel(ctx), key) }() // what stays is never read
	version, err := tryOnce(ctx, s, key, "If-None-Match", func(data []byte) (string, error) { return s.PutIfAbsent(ctx, key, data) })
	if err != nil {
		return err
	}
	_, err = tryOnce(ctx, s, key, "If-Match", func(data []byte) (string, error) { return s.PutIfMatch(ctx, key, data, version) })
	return err
}

// tryOnce has several writers call put at once and returns the version that one of them wrote. condition is the name
// of the condition in HTTP.
func tryOnce(ctx context.Context, s providers.Store, key, condition string, put func(data []byte) (string, error)) (version string, err error) {
	texts, errs := make([]string, triers), make([]error, triers)
	var all sync.WaitGroup
	for i := range triers {
		texts[i] = fmt.Sprintf("%s of writer %d %s", condition, i, rand.Text())
		all.Go(func() { _, errs[i] = put([]byte(texts[i])) })
	}
	all.Wait()
	won, last := 0, ""
	for i, err := range errs {
		switch providers.KindOf(err) {
		case "":
			won++
			last = texts[i]
		case providers.KindConflict:
		default:
			return "", fmt.Errorf("try whether the store honours %s: %w", condition, err)
		}
	}
	is, err := s.Get(ctx, key)
	if err != nil && providers.KindOf(err) != providers.KindNotFound {
		return "", fmt.Errorf("try whether the store honours %s: %w", condition, err)
	}
	if won == 1 && string(is.Data) == last {
		return is.Version, nil
	}
	return "", &providers.Error{
		Kind: providers.KindInvalid, Source: "team store " + s.Name(), Op: "try its conditional writes",
		Err: errors.New(wrong(condition, won) + ": entries of the journal would be lost, so nothing is written to it; use a store that honours If-None-Match and If-Match, such as S3, R2, MinIO or Ceph in their present releases"),
	}
}

func wrong(condition string, won int) string {
	switch won {
	case 0:
		return fmt.Sprintf("of %d writers with %s none could write", triers, condition)
	case 1:
		return fmt.Sprintf("after a write with %s the object was not what was written", condition)
	}
	return fmt.Sprintf("of %d writers with %s at once, of which one may write, %d wrote", triers, condition, won)
}
