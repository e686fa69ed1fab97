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

// AsRefusal gives an error of what was asked before anything was changed its exit code: that of a
// usage error when it can never be done, and that of unknown when the zone could not be read.
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

// Unanswered gives the error of a question to name servers its exit code: that of a usage
// error when the same question can never be answered, else that of unknown.
func Unanswered(err error) error {
	if IsFinal(err) {
		return &exit.Error{Code: exit.Usage, Err: err}
	}
	return exit.Unknownf("%w", err)
}
