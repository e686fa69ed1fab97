package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cloudflare/cloudflare-go/v6/option"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// callTimeout limits one try of one call, including reading the answer.
const callTimeout = 30 * time.Second

// maxError limits how much of an error's body is read.
const maxError = 1 << 20

// envelope wraps every answer of the API.
type envelope struct {
	Success    *bool           `json:"success"`
	Errors     []apiError      `json:"errors"`
	Result     json.RawMessage `json:"result"`
	ResultInfo *resultInfo     `json:"result_info"`
}

type apiError struct {
	Code    int64      `json:"code"`
	Message string     `json:"message"`
	Chain   []apiError `json:"error_chain"`
}

type resultInfo struct {
	Page       int  `json:"page"`
	PerPage    int  `json:"per_page"`
	Count      int  `json:"count"`
	TotalCount *int `json:"total_count"`
	TotalPages int  `json:"total_pages"`
}

// exchange is one request as the transport saw it.
type exchange struct {
	sent   bool // the transport was called
	status int
	header http.Header
	body   []byte
	err    error
}

// errRefused replaces a 4xx or 5xx answer inside the SDK, which would lose the status of an answer that is not JSON.
var errRefused = errors.New("refused")

func (x *exchange) middleware(req *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	x.sent = true
	resp, err := next(req)
	if err != nil {
		x.err = err
		return resp, err
	}
	x.status, x.header = resp.StatusCode, resp.Header
	if resp.StatusCode < 300 {
		return resp, nil
	}
	x.body, x.err = io.ReadAll(io.LimitReader(resp.Body, maxError))
	_ = resp.Body.Close()
	return nil, errRefused
}

// sdkCall calls one method of the SDK with options that divert its answer.
type sdkCall func(ctx context.Context, opts ...option.RequestOption) error

// once makes one SDK call, without retries, and returns the unwrapped answer.
func (a *Account) once(ctx context.Context, op string, call sdkCall) (*envelope, error) {
	value, err := a.token.get(ctx)
	if err != nil {
		return nil, providers.Unanswered(a.name, op, err)
	}
	env, err := a.with(ctx, value, op, call)
	if providers.KindOf(err) == providers.KindAuth {
		// A token that was renewed meanwhile: nothing was done with the old one.
		if fresh, fetchErr := a.token.after(ctx, value); fetchErr == nil && fresh != value {
			return a.with(ctx, fresh, op, call)
		}
	}
	return env, err
}

// with makes one SDK call with a token.
func (a *Account) with(ctx context.Context, token, op string, call sdkCall) (*envelope, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	x := &exchange{}
	var body []byte
	err := call(ctx, option.WithAPIToken(token), option.WithMiddleware(x.middleware), option.WithResponseBodyInto(&body))
	var env envelope
	switch {
	case !x.sent:
		return nil, &providers.Error{Kind: providers.KindInvalid, Source: a.name, Op: op, Err: err}
	case x.err != nil:
		return nil, providers.Unanswered(a.name, op, x.err)
	case x.status >= 300:
		_ = json.Unmarshal(x.body, &env) // if it is not JSON, the status suffices
		return nil, a.refusal(op, x, env.Errors)
	case err != nil: // the answer broke off
		return nil, providers.Unanswered(a.name, op, err)
	}
	if err := json.Unmarshal(body, &env); err != nil {
		return nil, a.incomplete(op, "an answer that cannot be read: %s", providers.Message(err.Error()))
	}
	switch {
	case env.Success == nil:
		return nil, a.incomplete(op, "an answer that does not say whether it succeeded")
	case !*env.Success:
		return nil, a.refusal(op, x, env.Errors)
	}
	return &env, nil
}

// read makes a call that can be repeated without harm.
func (a *Account) read(ctx context.Context, op string, call sdkCall) (*envelope, error) {
	var env *envelope
	err := a.budget.Retry(ctx, func(ctx context.Context) (err error) {
		env, err = a.once(ctx, op, call)
		return err
	})
	return env, err
}

func (a *Account) incomplete(op, format string, args ...any) error {
	return &providers.Error{Kind: providers.KindIncomplete, Source: a.name, Op: op, Err: fmt.Errorf(format, args...)}
}

// API codes that decide more than the kind of an error.
const (
	codeNoRecord   = 81044 // the record does not exist
	codeExists     = 81057 // the record already exists (older answers)
	codeIdentical  = 81058 // an identical record already exists
	codeThrottled  = 971   // please wait and consider throttling your request speed
	codeQuota      = 81045 // the zone's quota of records is reached
	codeRouteID    = 7003  // could not route: an identifier names no object
	codeRoute      = 7000  // no route for that URI
	codeValidation = 1004  // DNS validation error
)

func kindOfCode(code int64) (providers.Kind, bool) {
	switch code {
	case 10000, 10001, 9103, 9106, 9107, 9109, 6003, 6111, 9110, 10013:
		return providers.KindAuth, true
	case codeThrottled, 10429, 10100:
		return providers.KindThrottled, true
	case codeNoRecord, codeRouteID, codeRoute:
		return providers.KindNotFound, true
	case 81053, 81054, 81055, 81056, codeExists, codeIdentical:
		return providers.KindConflict, true
	case codeQuota:
		return providers.KindLimit, true
	case codeValidation:
		return providers.KindInvalid, true
	}
	return "", false
}

// refusal classifies an error answer.
func (a *Account) refusal(op string, x *exchange, errs []apiError) error {
	kind, code, msg := providers.KindOfStatus(x.status), fmt.Sprintf("HTTP %d", x.status), ""
	for i, e := range errs {
		k, known := kindOfCode(e.Code)
		if i == 0 || (known && code == fmt.Sprint(errs[0].Code)) {
			code, msg = fmt.Sprint(e.Code), e.Message
		}
		if !known {
			continue
		}
		// From a failing server, only codes for throttling count.
		if kind != providers.KindThrottled && (kind != providers.KindUnreachable || k == providers.KindThrottled) {
			kind = k
		}
		break
	}
	for _, e := range errs {
		for _, c := range e.Chain {
			msg += ": " + c.Message
		}
	}
	if msg = providers.Message(msg); msg == "" {
		msg = strings.TrimSpace(fmt.Sprintf("HTTP %d %s", x.status, http.StatusText(x.status)))
	}
	if kind == providers.KindAuth {
		msg += "; see in the dashboard (My Profile, API Tokens) that the token of " + a.token.from + " is active and has Zone:Read and DNS:Edit for the zone"
	}
	return &providers.Error{
		Kind: kind, Source: a.name, Op: op, Code: code,
		RetryAfter: budget.RetryAfter(x.header, a.clock.Now()), Err: errors.New(msg),
	}
}

// hasCode reports whether err is a refusal with one of codes.
func hasCode(err error, codes ...int64) bool {
	e, ok := errors.AsType[*providers.Error](err)
	return ok && slices.ContainsFunc(codes, func(c int64) bool { return e.Code == fmt.Sprint(c) })
}
