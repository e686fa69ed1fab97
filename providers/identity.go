package providers

import (
	"context"
	"sync"
)

type identityKey struct{}

// WithOneIdentity returns a context for one read of one cloud. Every list and lookup that uses the context, or one
// derived from it, shares one identity: the first asks for it, and the others wait for its answer or its error. A later
// read needs a context of its own, because credentials can change while rollcall runs. If a lookup says that an instance
// is gone, the caller asks for the identity once more afterwards: another account knows none of these instances.
func WithOneIdentity(ctx context.Context, identify func(context.Context) (Cloud, error)) context.Context {
	return context.WithValue(ctx, identityKey{}, sync.OnceValues(func() (Cloud, error) { return identify(ctx) }))
}

// IdentityOf returns the identity that the reads with ctx share, and asks identify where they share none. Adapters call
// it where Identify need not be asked again.
func IdentityOf(ctx context.Context, identify func(context.Context) (Cloud, error)) (Cloud, error) {
	if shared, ok := ctx.Value(identityKey{}).(func() (Cloud, error)); ok {
		return shared()
	}
	return identify(ctx)
}

// SharesIdentity reports whether the lookups with ctx share one identity, so that the caller asks for it once more
// afterwards and each lookup need not.
func SharesIdentity(ctx context.Context) bool { return ctx.Value(identityKey{}) != nil }
