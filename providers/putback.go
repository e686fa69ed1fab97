package providers

import "context"

type putBackKey struct{}

// WithPutBack returns a context in which an adapter reports what it is about to put back: note is
// called once for each change of a call of Apply whose record was not its Before when it was
// deleted or updated. was is the record as another writer had left it. note returns when was is on
// disk; the adapter puts was back even when note fails, and reports that error in the result.
func WithPutBack(ctx context.Context, note func(change int, was Record) error) context.Context {
	return context.WithValue(ctx, putBackKey{}, note)
}

// NotePutBack calls the function of WithPutBack; without one it does nothing.
func NotePutBack(ctx context.Context, change int, was Record) error {
	note, ok := ctx.Value(putBackKey{}).(func(int, Record) error)
	if !ok {
		return nil
	}
	return note(change, was)
}
