package triton

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/joyent/triton-go/client"

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/itemcache"
)

// maxBody limits how much of an answer is read, and of a list each object: the metadata of 1,000 machines may be more.
const maxBody = 64 << 20

// callTimeout limits one try of one call, including reading the answer.
const callTimeout = 30 * time.Second

// exchange is one request as the transport saw it. The SDK does not return headers, nor the status of an answer without
// JSON.
type exchange struct {
	status int
	header http.Header
	body   []byte
	err    error // no answer, or an answer that broke off
	// object, if not nil, is called with each object of the list in an answer of status 200, which is not kept as body.
	// invalid is its first error, or that the answer is no list.
	object  func([]byte) error
	invalid error
}

type exchangeKey struct{}

// recorder is the transport under the SDK. It reads every answer to its end and closes it, because the SDK leaves the
// bodies of errors open, each of which holds a connection.
type recorder struct{ base http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	x, _ := req.Context().Value(exchangeKey{}).(*exchange)
	if x == nil {
		x = &exchange{}
	}
	resp, err := r.base.RoundTrip(req)
	if err != nil {
		x.err = err
		return nil, err
	}
	x.status, x.header = resp.StatusCode, resp.Header
	x.err = x.readBody(resp.Body)
	_ = resp.Body.Close()
	if x.err != nil {
		return nil, x.err
	}
	resp.Body = io.NopCloser(bytes.NewReader(x.body))
	return resp, nil
}

// readBody reads an answer. A list is read object by object: with the metadata of its machines a page has many megabytes.
func (x *exchange) readBody(body io.Reader) (err error) {
	limited := &io.LimitedReader{R: body, N: maxBody + 1}
	if x.object != nil && x.status == http.StatusOK {
		x.invalid, err = itemcache.ReadJSON(limited, func(item []byte) error {
			limited.N = maxBody + 1
			return x.object(item)
		})
	} else {
		x.body, err = budget.ReadBody(limited, maxBody)
	}
	if err == nil && limited.N <= 0 {
		err = fmt.Errorf("an answer of more than %d bytes", maxBody)
	}
	return err
}

// request is one call: a path below the account, a query, and a body.
type request struct {
	op     string // the operation, for errors
	method string
	path   []string
	query  url.Values
	body   any
	// list, if not nil, is called before each try of a call for a list, and returns what is called with each of its
	// objects, whose bytes are valid until it returns.
	list func() (object func([]byte) error)
}

// do makes one call without retries. An answer outside 2xx is a *providers.Error.
func (c *Cloud) do(ctx context.Context, r request) (*exchange, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	x := &exchange{}
	if r.list != nil {
		x.object = r.list()
	}
	sdk := c.base // a copy: the SDK resets a field of its client in every call
	in := client.RequestInput{Method: r.method, Path: path.Join(append([]string{"/", c.account}, r.path...)...), Body: r.body}
	query := maps.Clone(r.query)
	if c.roles != "" {
		if query == nil {
			query = url.Values{}
		}
		query.Set("as-role", c.roles)
	}
	if len(query) > 0 {
		in.Query = &query
	}
	resp, err := sdk.ExecuteRequestRaw(context.WithValue(ctx, exchangeKey{}, x), in)
	if resp != nil {
		_ = resp.Body.Close() // already read, so an error loses nothing
	}
	switch {
	case x.err != nil:
		return x, providers.Unanswered(c.name, r.op, x.err)
	case x.status == 0: // never sent: the key could not sign
		return x, providers.Unanswered(c.name, r.op, err)
	case x.status >= 200 && x.status < 300:
		return x, nil
	}
	return x, c.refusal(r.op, x)
}

// read makes a call that can be repeated without harm, and decodes its answer into v.
func (c *Cloud) read(ctx context.Context, r request, v any) (*exchange, error) {
	var x *exchange
	err := c.budget.Retry(ctx, func(ctx context.Context) (err error) {
		x, err = c.do(ctx, r)
		return err
	})
	switch {
	case err != nil:
		return x, err
	case x.invalid != nil:
		return x, unreadable(c.name, r.op, x.invalid)
	case v == nil:
		return x, nil
	}
	return x, c.decode(r.op, x.body, v)
}

// repeat makes a call that changes something and can be repeated without harm. It retries like read. received reports
// whether the cloud may have carried out a try, though its reply was lost.
func (c *Cloud) repeat(ctx context.Context, r request) (x *exchange, received bool, err error) {
	err = c.budget.Retry(ctx, func(ctx context.Context) (err error) {
		x, err = c.do(ctx, r)
		sent := (x.err != nil || x.status != 0) && !budget.NotSent(err)
		received = received || sent && providers.KindOf(err).MayHaveHappened()
		return err
	})
	return x, received, err
}

func (c *Cloud) decode(op string, body []byte, v any) error {
	if err := json.Unmarshal(body, v); err != nil {
		return unreadable(c.name, op, err)
	}
	return nil
}

// unreadable returns the error of an answer that is not what was asked for.
func unreadable(cloud, op string, err error) error {
	if _, ok := errors.AsType[*providers.Error](err); ok {
		return err
	}
	return &providers.Error{Kind: providers.KindIncomplete, Source: cloud, Op: op, Err: fmt.Errorf("an answer that cannot be read: %s", providers.Message(err.Error()))}
}

// kindOfCode returns the kind of a CloudAPI code. For an unknown code the status decides.
func kindOfCode(code string) (providers.Kind, bool) {
	switch code {
	case "InvalidCredentials", "NotAuthorized", "InvalidSignature", "InvalidKeyId", "InvalidAuthToken", "InvalidHeader",
		"AuthScheme", "Authorization", "AuthorizationRequired", "AuthSchemeError", "RequestExpired", "AccountBlocked":
		return providers.KindAuth, true
	case "RequestThrottled", "TooManyRequests", "Throttled":
		return providers.KindThrottled, true
	case "ResourceNotFound", "VmNotFound":
		return providers.KindNotFound, true
	case "QuotaExceeded", "InsufficientCapacity", "NotEnoughSpace":
		return providers.KindLimit, true
	case "InvalidState", "InUse", "InUseError", "Conflict", "ConcurrentRequest", "EntityExists", "CannotDestroyMachine", "CannotDestroyMachineError":
		return providers.KindConflict, true
	case "InvalidArgument", "MissingParameter", "InvalidParameters", "ValidationFailed", "BadRequest", "InvalidVersion", "RequestTooLarge":
		return providers.KindInvalid, true
	}
	return "", false
}

// refusal classifies an answer outside 2xx.
func (c *Cloud) refusal(op string, x *exchange) error {
	var body struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		ID      string `json:"id"` // a 410 can contain the machine
		Errors  causes `json:"errors"`
	}
	decoded := json.Unmarshal(x.body, &body) == nil
	kind, known := kindOfCode(body.Code)
	byStatus := providers.KindOfStatus(x.status)
	switch {
	case x.status == http.StatusGone && decoded && (body.ID != "" || body.Code != ""):
		kind = providers.KindGone
	case !known, byStatus == providers.KindThrottled, byStatus == providers.KindUnreachable && kind != providers.KindThrottled:
		kind = byStatus
	case kind == providers.KindNotFound && x.status != http.StatusNotFound:
		kind = byStatus
	}
	msg := providers.Message(strings.Join(append([]string{body.Message}, body.Errors.lines()...), "; "))
	msg = strings.TrimPrefix(msg, "; ")
	msg = cmp.Or(msg, fmt.Sprintf("HTTP %d %s", x.status, http.StatusText(x.status)))
	code := cmp.Or(providers.Brief(body.Code), fmt.Sprintf("HTTP %d", x.status))
	if body.Code == "InvalidCredentials" {
		msg += "; see that account and key_id are right, and that the key is one of those of the account " + c.base.AccountName + " (triton key list)"
	}
	return &providers.Error{
		Kind: kind, Source: c.name, Op: op, Code: code,
		RetryAfter: budget.RetryAfter(x.header, c.clock.Now()), Err: errors.New(msg),
	}
}
