package budget

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// SideBySide calls read for 0 to n-1, at most atOnce at a time, and returns the results in order. After an error no
// further call begins, the context of those under way ends, and the results that arrived are returned with the error.
func SideBySide[T any](ctx context.Context, n, atOnce int, read func(ctx context.Context, i int) (T, error)) ([]T, error) {
	out := make([]T, n)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i := range n {
		g.Go(func() (err error) {
			if err = context.Cause(ctx); err == nil {
				out[i], err = read(ctx, i)
			}
			return err
		})
	}
	return out, g.Wait()
}
