package app

import (
	"errors"

	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/wire"
	"rollcall/providers"
)

// IsFinal reports whether the same request can never succeed.
func IsFinal(err error) bool {
	if e, ok := errors.AsType[*dnssd.Refusal](err); ok {
		return e.Kind == providers.KindInvalid || e.Kind == providers.KindLimit
	}
	switch providers.KindOf(err) {
	case providers.KindInvalid, providers.KindLimit, providers.KindAuth, providers.KindNotFound:
		return true
	}
	return errors.Is(err, wire.ErrNotServed)
}

// AsRefusal returns err with its exit code, for a request that failed before anything was changed: usage if the request
// can never succeed, unknown if the zone could not be read.
func AsRefusal(err error) error {
	if err == nil {
		return nil
	}
	switch kind := providers.KindOf(err); {
	case kind == providers.KindAuth, kind == providers.KindNotFound:
		return exit.Unknownf("%w; nothing was changed", err)
	case IsFinal(err):
		return &exit.Error{Code: exit.Usage, Err: err}
	case kind != providers.KindOther:
		return exit.Unknownf("%w; nothing was changed", err)
	}
	return err
}

// QueryError returns the error of a query to name servers with its exit code: usage if the query can never be answered,
// else unknown.
func QueryError(err error) error {
	if IsFinal(err) {
		return &exit.Error{Code: exit.Usage, Err: err}
	}
	return exit.Unknownf("%w", err)
}
