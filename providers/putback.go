package providers

import "context"

type putBackKey struct{}

// WithPutBack returns a context in which an adapter reports a record before it restores it. note is called once for
// each change of an Apply call that deleted or updated a record that differed from its Before. was is the record as
// another writer had left it. note returns once was is on disk. If note fails, the adapter restores was all the same
// and reports the error in the result.
func WithPutBack(ctx context.Context, note func(change int, was Record) error) context.Context {
	return context.WithValue(ctx, putBackKey{}, note)
}

// NotePutBack calls the function of WithPutBack, if there is one.
func NotePutBack(ctx context.Context, change int, was Record) error {
	note, ok := ctx.Value(putBackKey{}).(func(int, Record) error)
	if !ok {
		return nil
	}
	return note(change, was)
}
