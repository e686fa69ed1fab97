package budget

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// Call is one call to an API as its transport saw it. It contains neither a query nor a header nor a body, and so no secret.
type Call struct {
	Account   string // name of the account's budget
	Operation string // the API's name of it, or method, host and path
	Started   time.Time
	Took      time.Duration // until the end of the answer
	Waited    time.Duration // for the budget, before it was sent
	Status    int           // 0 without an answer
	Bytes     int64         // of the answer's body, as far as it was read
	Throttled bool          // the answer reports too many requests
	Err       error         // no answer, or an answer that broke off
}

// WithCalls sets a function that is called after each call has ended, with its answer read. f is called concurrently and must
// not block.
func WithCalls(f func(Call)) Option { return func(a *Account) { a.called = f } }

// operation is the context key of the name of a call.
type operation struct{}

// WithOperation returns a context whose calls have this name in Call.
func WithOperation(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, operation{}, name)
}

// begin returns the Call of a request.
func (a *Account) begin(req *http.Request, asked, sent time.Time) Call {
	name, ok := req.Context().Value(operation{}).(string)
	if !ok {
		name = req.Method + " " + req.URL.Host + req.URL.EscapedPath()
	}
	return Call{Account: a.name, Operation: name, Started: sent, Waited: sent.Sub(asked)}
}

// end reports a call without an answer at once, and another one when its body has been read or closed.
func (a *Account) end(c Call, resp *http.Response, err error, throttled bool) {
	if err != nil {
		c.Took, c.Err = a.clock.Now().Sub(c.Started), err
		a.called(c)
		return
	}
	c.Status, c.Throttled = resp.StatusCode, throttled
	resp.Body = &countedBody{ReadCloser: resp.Body, call: c, account: a}
}

// countedBody is the body of an answer whose end is reported.
type countedBody struct {
	io.ReadCloser
	account *Account
	once    sync.Once
	call    Call // not changed after once
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.call.Bytes += int64(n)
	if err != nil {
		b.report(err)
	}
	return n, err
}

func (b *countedBody) Close() error {
	b.report(io.EOF)
	return b.ReadCloser.Close()
}

func (b *countedBody) report(err error) {
	b.once.Do(func() {
		b.call.Took = b.account.clock.Now().Sub(b.call.Started)
		if err != io.EOF { //nolint:errorlint // Read returns io.EOF itself
			b.call.Err = err
		}
		b.account.called(b.call)
	})
}
