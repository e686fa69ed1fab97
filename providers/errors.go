package providers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// Kind classifies an error by what the caller can do about it.
type Kind string

// The kinds of error. An adapter maps everything that its API can answer to
// one of these, and nothing above the adapters looks at API codes again.
const (
	KindAuth        Kind = "auth"        // credentials missing, wrong or not allowed
	KindThrottled   Kind = "throttled"   // too many requests; RetryAfter may say when
	KindNotFound    Kind = "not found"   // the API says that it does not know the object
	KindGone        Kind = "gone"        // the API says that the object existed and does not any more (HTTP 410)
	KindConflict    Kind = "conflict"    // the object is not what the request assumed
	KindInvalid     Kind = "invalid"     // the request can never succeed as it is
	KindLimit       Kind = "limit"       // a quota or a protocol limit is reached
	KindUnreachable Kind = "unreachable" // no answer, or an answer of 5xx: nothing was learnt
	KindUncertain   Kind = "uncertain"   // a write was sent and its reply was lost: it may have happened
	KindIncomplete  Kind = "incomplete"  // an answer that is not whole: truncated, a page loop, a wrong count
	KindOther       Kind = "other"       // anything else; treated like unreachable by guards
)

// Error is an error of a source, wrapped once with what was being done.
type Error struct {
	Kind       Kind
	Source     string        // name of the cloud or zone, or of the account
	Op         string        // what was being done, e.g. "list instances"
	Code       string        // the API's own code, e.g. "RequestLimitExceeded", for the evidence
	RetryAfter time.Duration // how long the API asks to stay away; 0 when it did not say
	Err        error
}

// Error returns source, operation, kind and cause in one line.
func (e *Error) Error() string {
	s := string(e.Kind)
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	if e.Source != "" {
		s = e.Source + ": " + s
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of err: that of the first *Error in its chain,
// unreachable for deadlines, cancellations and network errors, else other.
// It returns the empty kind for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return KindUnreachable
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return KindUnreachable
	}
	return KindOther
}

// Errorf makes an *Error whose cause is made from format and args.
func Errorf(kind Kind, op, format string, args ...any) *Error {
	return &Error{Kind: kind, Op: op, Err: fmt.Errorf(format, args...)}
}

// IsGone reports whether err is the cloud's own word that an instance does
// not exist any more, or never did. Any other error is not an answer.
func IsGone(err error) bool {
	k := KindOf(err)
	return k == KindGone || k == KindNotFound
}

// RetryAfter returns how long the source asked to stay away, or 0.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}
