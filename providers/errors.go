package providers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Kind classifies an error by what the caller can do about it.
type Kind string

// The kinds of error. An adapter maps every answer of its API to one of these; code above the adapters never looks at
// API codes.
const (
	KindAuth        Kind = "auth"        // credentials are missing, wrong or not permitted
	KindThrottled   Kind = "throttled"   // too many requests; RetryAfter may say how long to wait
	KindNotFound    Kind = "not found"   // the API does not know the object
	KindGone        Kind = "gone"        // the API reports that the object existed and no longer does (HTTP 410)
	KindConflict    Kind = "conflict"    // the object is not what the request assumed
	KindInvalid     Kind = "invalid"     // the request can never succeed in this form
	KindLimit       Kind = "limit"       // a quota or a protocol limit is reached
	KindUnreachable Kind = "unreachable" // no answer, or a 5xx answer: nothing was learnt
	KindUncertain   Kind = "uncertain"   // a write was sent and its reply was lost, so it may have happened
	KindIncomplete  Kind = "incomplete"  // the answer is not whole: truncated, a page loop, a wrong count
	KindOther       Kind = "other"       // anything else; guards treat it like unreachable
)

// MayHaveHappened reports whether a write that failed with an error of kind k may have been made all the same: the answer
// is lost, or is not the provider's own refusal. Its outcome has to be looked up.
func (k Kind) MayHaveHappened() bool {
	switch k {
	case KindUncertain, KindUnreachable, KindIncomplete, KindOther:
		return true
	}
	return false
}

// Inconclusive reports whether an error of kind k says nothing about an earlier try of the same write: those of
// MayHaveHappened, and refusals that do not depend on what the write would change. If an earlier try may have been made,
// the write as a whole then is KindUncertain.
func (k Kind) Inconclusive() bool {
	return k.MayHaveHappened() || k == KindThrottled || k == KindAuth
}

// Error is an error of a source, wrapped once with the operation that failed.
type Error struct {
	Kind       Kind
	Source     string        // name of the cloud or zone, or of the account
	Op         string        // the operation, e.g. "list instances"
	Code       string        // the API's own code, e.g. "RequestLimitExceeded", for the evidence
	RetryAfter time.Duration // how long the API asks to wait; 0 if it does not say
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

// KindOf returns the kind of err: that of the first *Error in its chain, KindUnreachable for deadlines, cancellations
// and network errors, else KindOther. It returns "" for nil.
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

// KindOfStatus returns the kind of an HTTP answer outside 2xx whose own code is not known. It never returns KindNotFound
// or KindGone: without a code of the API, a 404 or 410 can be a proxy's and says nothing about the object.
func KindOfStatus(status int) Kind {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return KindAuth
	case StatusEnhanceYourCalm, http.StatusTooManyRequests:
		return KindThrottled
	case http.StatusConflict, http.StatusPreconditionFailed:
		return KindConflict
	case http.StatusRequestTimeout:
		return KindUnreachable
	case http.StatusNotFound, http.StatusGone:
		return KindOther
	}
	switch {
	case status >= 500:
		return KindUnreachable
	case status >= 400:
		return KindInvalid
	}
	return KindOther
}

// StatusEnhanceYourCalm is the status of throttled requests of Triton's CloudAPI.
const StatusEnhanceYourCalm = 420

// Unanswered classifies the error of a call without an answer. A *Error keeps its kind and its cause; any other is
// KindUnreachable, without the method and URL of a *url.Error.
func Unanswered(source, op string, err error) error {
	if err == nil {
		err = errors.New("no answer")
	}
	if e, ok := errors.AsType[*Error](err); ok {
		out := *e
		out.Source, out.Op = source, op
		return &out
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return &Error{Kind: KindUnreachable, Source: source, Op: op, Err: err}
}

// Errorf returns an *Error whose cause is formatted from format and args.
func Errorf(kind Kind, op, format string, args ...any) *Error {
	return &Error{Kind: kind, Op: op, Err: fmt.Errorf(format, args...)}
}

// IsGone reports whether err is the cloud's statement that an instance no longer exists, or never did. No other error
// says anything about the instance.
func IsGone(err error) bool {
	k := KindOf(err)
	return k == KindGone || k == KindNotFound
}

// RetryAfter returns how long the source asked to wait, or 0.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}
