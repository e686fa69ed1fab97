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
func Checked(s providers.Store) providers.Store {
	conditions := verdictOn(s)
	return &wrapper{s.Name, func(ctx context.Context, op operation) (providers.Store, error) {
		if op != puts {
			return s, nil
		}
		return s, conditions.get(ctx, func() (bool, error) {
			err := Try(ctx, s) // one that could not be reached is tried again at the next write
			return err == nil || providers.KindOf(err) == providers.KindInvalid, err
		})
	}}
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
