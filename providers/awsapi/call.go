package awsapi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// Read makes a call that changes nothing, with a few retries of throttled and unreachable errors. op is the operation,
// e.g. "list instances". The error is a *providers.Error.
func (s *Session) Read(ctx context.Context, op string, call func(context.Context) error) error {
	if err := s.signIn(ctx, op); err != nil {
		return err
	}
	return s.budget.Retry(ctx, func(ctx context.Context) error { return s.classify(op, call(ctx), false) })
}

// signIn gets the credentials for a call. They have time limits of their own, and a person may be asked for a code, so this time
// does not count for the limits of the call and of the read that it is a part of.
func (s *Session) signIn(ctx context.Context, op string) error {
	defer providers.PauseIdleTimeout(ctx)()
	_, err := s.login.Retrieve(ctx)
	return s.classify(op, err, false)
}

// Call makes one API call as Read or Repeat does, and returns its answer.
func Call[In, Out, Opt any](ctx context.Context, how func(context.Context, string, func(context.Context) error) error, op string,
	call func(context.Context, *In, ...func(*Opt)) (*Out, error), in *In, options ...func(*Opt),
) (out *Out, err error) {
	err = how(ctx, op, func(ctx context.Context) (err error) {
		out, err = call(ctx, in, options...)
		return err
	})
	return out, err
}

// Write makes a call that changes something, without retries. A lost reply or a failure of the service is
// KindUncertain.
func (s *Session) Write(ctx context.Context, op string, call func(context.Context) error) error {
	if err := s.signIn(ctx, op); err != nil {
		return err
	}
	ctx, sent := withSent(ctx)
	return s.classifyWrite(op, call(ctx), sent)
}

// withSent returns a context whose requests make sent true once they leave.
func withSent(ctx context.Context) (context.Context, *atomic.Bool) {
	sent := new(atomic.Bool)
	return context.WithValue(ctx, sentKey{}, sent), sent
}

// classifyWrite is classify for a call that changes something: one whose context ended after its request was sent is
// KindUncertain.
func (s *Session) classifyWrite(op string, err error, sent *atomic.Bool) error {
	err = s.classify(op, err, true)
	if e, ok := errors.AsType[*providers.Error](err); ok && e.Kind == providers.KindUnreachable && sent.Load() {
		e.Kind = providers.KindUncertain
	}
	return err
}

// Repeat makes a call that changes something but can be repeated without harm. It retries like Read. The error is
// KindUncertain only if the tries are used up and the service may have received one.
func (s *Session) Repeat(ctx context.Context, op string, call func(context.Context) error) error {
	if err := s.signIn(ctx, op); err != nil {
		return err
	}
	received := false
	err := s.budget.Retry(ctx, func(ctx context.Context) error {
		ctx, sent := withSent(ctx)
		err := call(ctx)
		received = received || providers.KindOf(s.classifyWrite(op, err, sent)) == providers.KindUncertain
		return s.classify(op, err, false)
	})
	if e, ok := errors.AsType[*providers.Error](err); ok && received && e.Kind.Inconclusive() {
		e.Kind = providers.KindUncertain
	}
	return err
}

// classify returns err of the SDK as a *providers.Error; nil stays nil.
func (s *Session) classify(op string, err error, write bool) error {
	if err == nil {
		return nil
	}
	e := &providers.Error{Kind: providers.KindOther, Source: s.source, Op: op, Err: brief(err)}
	lost := func(k providers.Kind) providers.Kind {
		if write {
			return providers.KindUncertain
		}
		return k
	}
	resp, answered := errors.AsType[*smithyhttp.ResponseError](err)
	if answered && resp.Response != nil && resp.Response.Response != nil {
		e.RetryAfter = budget.RetryAfter(resp.Response.Header, s.Now())
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		e.Code = Clean(api.ErrorCode())
		e.Err = &briefError{text: apiText(api), err: err}
		if k, ok := kindOfCode(api.ErrorCode()); ok {
			e.Kind = k
			if k == providers.KindUnreachable {
				e.Kind = lost(k)
			}
			if k == providers.KindAuth {
				s.refused(e)
			}
			return e
		}
	}
	if known, ok := errors.AsType[*providers.Error](err); ok { // from the budget, the credentials, or this package's client
		e.Kind, e.RetryAfter = known.Kind, max(known.RetryAfter, e.RetryAfter)
		e.Err = known.Err
		if known.Op != "" {
			e.Op = op + ": " + known.Op
		}
		if sent, ok := asSendError(err); ok && sent.sent {
			e.Kind = lost(e.Kind)
		}
		return e
	}
	if sent, ok := asSendError(err); ok {
		e.Kind = providers.KindUnreachable
		e.Err = &briefError{text: Clean(sent.err.Error()), err: err}
		if sent.sent {
			e.Kind = lost(e.Kind)
		}
		return e
	}
	if k := providers.KindOf(err); k == providers.KindUnreachable && (!answered || resp.HTTPStatusCode() == 0) {
		e.Kind = k // the context ended before the request was sent
		return e
	}
	if answered {
		e.Kind = kindOfStatus(resp.HTTPStatusCode())
		if e.Kind == providers.KindUnreachable || e.Kind == providers.KindIncomplete {
			e.Kind = lost(e.Kind)
		}
		return e
	}
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		e.Kind = lost(providers.KindIncomplete)
		return e
	}
	if _, ok := errors.AsType[smithy.InvalidParamsError](err); ok {
		e.Kind = providers.KindInvalid
		return e
	}
	return e
}

// refused completes the error of an API that does not take the credentials: it says what to do. Credentials whose session is over
// are not used again.
func (s *Session) refused(e *providers.Error) {
	switch e.Code {
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired":
		if c, ok := s.login.CredentialsProvider.(*aws.CredentialsCache); ok {
			c.Invalidate()
		}
	case "AuthFailure", "InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSignatureException", "MissingAuthenticationToken":
	default:
		return // it takes them, but they may not do this
	}
	e.Err = &briefError{text: strings.TrimSuffix(e.Err.Error(), ".") + "; the credentials are of " + s.login.from + ": " + s.login.renew, err: e.Err}
}

// kindOfStatus returns the kind of an answer without a known code. It never returns KindNotFound, since a 404 may be a
// proxy's.
func kindOfStatus(status int) providers.Kind {
	switch {
	case status == http.StatusTooManyRequests:
		return providers.KindThrottled
	case status == http.StatusPreconditionFailed:
		return providers.KindConflict
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return providers.KindAuth
	case status >= 500:
		return providers.KindUnreachable
	case status < 300:
		return providers.KindIncomplete // a success that could not be read
	}
	return providers.KindOther
}

// briefError has a short text and the whole cause.
type briefError struct {
	text string
	err  error
}

func (e *briefError) Error() string { return e.text }
func (e *briefError) Unwrap() error { return e.err }

func brief(err error) error { return &briefError{text: Clean(err.Error()), err: err} }

func apiText(api smithy.APIError) string {
	return Clean(cmp.Or(api.ErrorMessage(), api.ErrorCode()))
}

// Clean returns an external message as one printable line; see providers.Message. Query APIs wrap and indent messages.
func Clean(s string) string { return strings.Join(strings.Fields(providers.Message(s)), " ") }
