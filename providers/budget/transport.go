package budget

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rollcall/providers"
)

// throttlePause is the block after a throttling answer that does not say for how long: the windows in which Route 53
// counts calls and changes are of a second.
const throttlePause = time.Second

// Transport returns a RoundTripper that takes each request from the budget, counts it, and blocks the account for as
// long as an answer asks: by Retry-After (RFC 9110 section 10.2.3) of a 420, 429 or 503, or by Cloudflare's Ratelimit
// header when no calls remain; and for a second after a throttling answer that does not say for how long. A nil base is http.DefaultTransport.
func (a *Account) Transport(base http.RoundTripper) http.RoundTripper {
	return a.TransportFor(base, nil)
}

// TransportFor is Transport for an API that reports throttling in the body of answers with another status, such as
// Amazon's 400 and 503. tooMany receives the beginning of the body of every answer from 400 on.
func (a *Account) TransportFor(base http.RoundTripper, tooMany func(body []byte) bool) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return &transport{account: a, base: base, tooMany: tooMany}
}

type transport struct {
	account *Account
	base    http.RoundTripper
	tooMany func(body []byte) bool
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	asked := t.account.clock.Now()
	if err := t.account.Wait(req.Context()); err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // RoundTrip must close the body on every path; this body was not read
		}
		return nil, err
	}
	sent := t.account.clock.Now()
	resp, err := t.base.RoundTrip(req)
	if s, ok := req.Context().Value(skewKey{}).(*Skew); ok && err == nil {
		s.observe(resp.Header, sent, t.account.clock.Now())
	}
	throttled := err == nil && t.throttles(resp)
	t.account.learn(resp, err, throttled)
	if t.account.called != nil {
		t.account.end(t.account.begin(req, asked, sent), resp, err, throttled)
	}
	return resp, err
}

// maxErrorBody limits how much of an error's body is read to classify it.
const maxErrorBody = 64 << 10

// throttles reports whether an answer says that there were too many requests. Its body remains readable as a whole.
func (t *transport) throttles(resp *http.Response) bool {
	switch {
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == providers.StatusEnhanceYourCalm:
		return true
	case t.tooMany == nil || resp.StatusCode < 400:
		return false
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	var rest io.Reader = resp.Body
	if err != nil {
		rest = failedReader{err} // the caller gets the same read error
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), rest), resp.Body}
	return t.tooMany(body)
}

// CloseIdleConnections forwards http.Client.CloseIdleConnections to the base.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (a *Account) learn(resp *http.Response, err error, throttled bool) {
	a.mu.Lock()
	switch {
	case throttled:
		a.throttles++
	case err != nil || resp.StatusCode >= 500:
		a.failures++
	case resp.StatusCode >= 400:
		a.refused++
	default:
		a.good++
	}
	a.mu.Unlock()
	if err != nil {
		return
	}
	asked := RetryAfter(resp.Header, a.clock.Now())
	switch {
	case throttled:
		a.Block(cmp.Or(asked, throttlePause))
	case resp.StatusCode == http.StatusServiceUnavailable:
		a.Block(asked)
	}
	if remaining, reset, ok := ParseRatelimit(resp.Header.Get("Ratelimit")); ok && remaining <= 0 {
		a.Block(reset)
	}
}

// failedReader is a body whose read failed.
type failedReader struct{ err error }

func (b failedReader) Read([]byte) (int, error) { return 0, b.err }

// RetryAfter returns the Retry-After header: seconds, or an HTTP date, which is taken relative to the answer's Date, if
// any, because clocks may differ. It returns 0 if there is none or it is malformed, and at most MaxBlock.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		return time.Duration(max(0, min(n, int64(MaxBlock/time.Second)))) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return max(0, min(at.Sub(now), MaxBlock))
}

// ParseRatelimit parses Cloudflare's Ratelimit header, `"default";r=50;t=30`: the calls that remain in the window, and
// the time until it ends. Of several policies the strictest counts.
func ParseRatelimit(v string) (remaining int, reset time.Duration, ok bool) {
	for item := range strings.SplitSeq(v, ",") {
		r, t, hasR, hasT := 0, 0, false, false
		for part := range strings.SplitSeq(item, ";") {
			key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			n, err := strconv.Atoi(value)
			if err != nil {
				continue
			}
			switch key {
			case "r":
				r, hasR = n, true
			case "t":
				t, hasT = n, true
			}
		}
		if !hasR || !hasT || t < 0 {
			continue
		}
		d := min(time.Duration(min(t, 1<<30))*time.Second, MaxBlock)
		if !ok || r < remaining || (r == remaining && d > reset) {
			remaining, reset, ok = r, d, true
		}
	}
	return remaining, reset, ok
}
