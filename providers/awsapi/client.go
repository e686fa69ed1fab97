package awsapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// maxAnswer is the largest size of an answer that is not an object. A page of 1,000 instances with many tags has about 8 MB.
const maxAnswer = 64 << 20

// slowest is the rate, in bytes a second, below which a request is given up.
const slowest = 256 << 10

// sendError is the error of a call without a whole answer.
type sendError struct {
	sent bool // the request may have reached the service
	err  error
}

func (e *sendError) Error() string { return e.err.Error() }
func (e *sendError) Unwrap() error { return e.err }

// sentKey is the key of a *atomic.Bool in the context of a write that becomes true when a request was sent. The SDK replaces
// the error of a request whose context ended by one that does not say.
type sentKey struct{}

// client is the HTTP client under the SDK. It differs from http.Client:
//
//   - The request's body is copied into a new reader on a cloned request. With the SDK's own body, answers of 50 KB
//     and more to POST requests sometimes failed with "use of closed network connection".
//   - The answer is read completely before the SDK sees it. An answer that breaks off is an error, not a short list.
//   - An empty successful answer, or one in XML that is not of an AWS service (a proxy's login page), is an error,
//     because the SDK would read it as an empty list.
//   - An error says whether the request may have been received.
type client struct {
	http    *http.Client
	timeout time.Duration // how long nothing may come, after the request has passed at the slowest rate
	objects bool          // successful answers are of any form, or empty
}

func newClient(rt http.RoundTripper, timeout time.Duration) *client {
	return &client{
		timeout: timeout,
		http: &http.Client{
			Transport:     rt,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Do implements aws.HTTPClient.
func (c *client) Do(req *http.Request) (*http.Response, error) {
	idle := providers.WithIdleTimeout(req.Context(), c.timeout+time.Duration(max(0, req.ContentLength))*time.Second/slowest)
	defer idle.Stop()
	ctx := budget.WithOperation(idle, middleware.GetServiceID(idle)+" "+middleware.GetOperationName(idle))
	var sent atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() {
		sent.Store(true)
		if known, ok := ctx.Value(sentKey{}).(*atomic.Bool); ok {
			known.Store(true)
		}
	}}
	out := req.Clone(httptrace.WithClientTrace(ctx, trace))
	if err := copyBody(out, req); err != nil {
		return nil, &sendError{err: err}
	}
	resp, err := c.http.Do(out)
	if err != nil {
		if idle.Expired() {
			err = fmt.Errorf("%w after %s", context.DeadlineExceeded, c.timeout)
		}
		return nil, &sendError{sent: sent.Load() && !budget.NotSent(err), err: err}
	}
	body, err := c.readAnswer(resp, idle)
	if err != nil {
		return nil, &sendError{sent: true, err: err}
	}
	if resp.StatusCode < 300 && !c.objects {
		if err := checkAnswer(body, strings.HasPrefix(req.Header.Get("Content-Type"), jsonProtocol)); err != nil {
			return nil, &sendError{sent: true, err: err}
		}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

func copyBody(out, req *http.Request) error {
	if req.Body == nil || req.Body == http.NoBody {
		return nil
	}
	body, err := io.ReadAll(req.Body)
	_ = req.Body.Close()
	if err != nil {
		return fmt.Errorf("read the request's own body: %w", err)
	}
	out.Body = io.NopCloser(bytes.NewReader(body))
	out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	out.ContentLength = int64(len(body))
	return nil
}

func (c *client) readAnswer(resp *http.Response, idle *providers.IdleTimeout) ([]byte, error) {
	most := int64(maxAnswer)
	if c.objects {
		most = providers.MaxObject + 1 // the store says what is too large
	}
	body, err := budget.ReadBody(received{resp.Body, idle}, most)
	_ = resp.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("the answer broke off after %d bytes: %w", len(body), err)
	}
	if int64(len(body)) > most {
		return nil, incomplete("the answer is larger than %d bytes", most)
	}
	return body, nil
}

// received reads an answer that may take any time as long as parts of it come.
type received struct {
	io.Reader
	idle *providers.IdleTimeout
}

func (r received) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 0 {
		r.idle.Received()
	}
	return n, err
}

// jsonProtocol is the start of the content type of requests whose answer is JSON.
const jsonProtocol = "application/x-amz-json-"

// checkAnswer checks a successful answer. AWS's XML protocols put it into an element whose name ends in Response, its
// JSON protocols into an object.
func checkAnswer(body []byte, isJSON bool) error {
	b := bytes.TrimSpace(body)
	if len(b) == 0 {
		return incomplete("the answer is empty")
	}
	foreign := func() error {
		return incomplete("the answer is not from an AWS service (it begins %.40q)", Clean(string(b[:min(len(b), 40)])))
	}
	if isJSON {
		if b[0] != '{' {
			return foreign()
		}
		return nil
	}
	for bytes.HasPrefix(b, []byte("<?")) || bytes.HasPrefix(b, []byte("<!")) {
		end := bytes.IndexByte(b, '>')
		if end < 0 {
			return incomplete("the answer is not whole")
		}
		b = bytes.TrimSpace(b[end+1:])
	}
	end := bytes.IndexAny(b, " \t\r\n/>")
	if len(b) == 0 || b[0] != '<' || end < 0 || !bytes.HasSuffix(b[:end], []byte("Response")) {
		return foreign()
	}
	return nil
}

func incomplete(format string, args ...any) error {
	return providers.Errorf(providers.KindIncomplete, "", format, args...)
}

func asSendError(err error) (*sendError, bool) { return errors.AsType[*sendError](err) }
