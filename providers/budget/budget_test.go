package budget

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
)

// clock is a time that passes only when someone sleeps.
type clock struct {
	mu     sync.Mutex
	t      time.Time
	slept  []time.Duration
	onWait func()
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.onWait != nil {
		f := c.onWait
		c.onWait = nil
		f()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
	c.slept = append(c.slept, d)
	return nil
}

func (c *clock) account(perSecond float64, burst int, opts ...Option) *Account {
	opts = append([]Option{WithClock(c.now), WithSleep(c.sleep), WithJitter(func(d time.Duration) time.Duration { return d })}, opts...)
	return New("acct", perSecond, burst, opts...)
}

func (c *clock) total() time.Duration {
	var sum time.Duration
	for _, d := range c.slept {
		sum += d
	}
	return sum
}

func TestABurstPassesAtOnceAndTheNextCallWaitsForTheBucket(t *testing.T) {
	c := newClock()
	a := c.account(2, 3)
	for range 3 {
		if err := a.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.slept) != 0 {
		t.Fatalf("the burst slept %v", c.slept)
	}
	if a.Left() != 0 {
		t.Fatalf("left %d after the burst", a.Left())
	}
	if err := a.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.total() != 500*time.Millisecond {
		t.Fatalf("slept %v, want 500ms", c.total())
	}
	if s := a.State(); s.Calls != 4 {
		t.Fatalf("calls %d", s.Calls)
	}
}

func TestABlockHoldsEveryCallBackUntilItsEnd(t *testing.T) {
	c := newClock()
	a := c.account(100, 10)
	a.Block(3 * time.Second)
	a.Block(time.Second) // must not shorten the first
	if a.Left() != 0 {
		t.Fatalf("left %d while blocked", a.Left())
	}
	if want := c.now().Add(3 * time.Second); !a.State().BlockedUntil.Equal(want) {
		t.Fatalf("blocked until %v, want %v", a.State().BlockedUntil, want)
	}
	if err := a.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.total() != 3*time.Second {
		t.Fatalf("slept %v", c.total())
	}
	if !a.State().BlockedUntil.IsZero() || a.Left() == 0 {
		t.Fatalf("still blocked: %+v", a.State())
	}
}

func TestABlockThatBeginsWhileACallWaitsForTheBucketHoldsThatCallToo(t *testing.T) {
	c := newClock()
	a := c.account(1, 1)
	if err := a.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.onWait = func() { a.Block(10 * time.Second) }
	if err := a.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.total() != 10*time.Second {
		t.Fatalf("slept %v, want 10s", c.total())
	}
}

func TestACallWhoseDeadlineLiesBeforeTheEndOfTheBlockFailsAtOnce(t *testing.T) {
	c := newClock()
	a := c.account(100, 10)
	a.Block(time.Minute)
	err := a.Wait(fakeDeadline{t.Context(), c.now().Add(time.Second)})
	if providers.KindOf(err) != providers.KindThrottled || providers.RetryAfter(err) != time.Minute {
		t.Fatalf("got %v, retry after %v", err, providers.RetryAfter(err))
	}
	if !NotSent(err) {
		t.Fatal("a call that the budget refused counts as sent")
	}
	if len(c.slept) != 0 || a.State().Calls != 0 {
		t.Fatalf("slept %v, calls %d", c.slept, a.State().Calls)
	}
}

// fakeDeadline is a context with a deadline in the time of a fake clock.
type fakeDeadline struct {
	context.Context
	at time.Time
}

func (f fakeDeadline) Deadline() (time.Time, bool) { return f.at, true }

func TestACallThatGivesUpGivesItsTokenBack(t *testing.T) {
	c := newClock()
	a := c.account(1, 1)
	if err := a.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		err := a.Wait(fakeDeadline{t.Context(), c.now().Add(100 * time.Millisecond)})
		if providers.KindOf(err) != providers.KindThrottled {
			t.Fatalf("got %v", err)
		}
	}
	if err := a.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.total() != time.Second {
		t.Fatalf("the calls that gave up cost the next one %v", c.total())
	}
}

func TestACancelledCallIsNotSent(t *testing.T) {
	a := newClock().account(1, 5)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := a.Wait(ctx)
	if !NotSent(err) || !errors.Is(err, context.Canceled) || a.State().Calls != 0 {
		t.Fatalf("got %v, calls %d", err, a.State().Calls)
	}
}

func TestRetryTriesThrottledAndUnreachableAgainAndNothingElse(t *testing.T) {
	for kind, want := range map[providers.Kind]int{
		providers.KindThrottled: 3, providers.KindUnreachable: 3,
		providers.KindAuth: 1, providers.KindConflict: 1, providers.KindUncertain: 1, providers.KindNotFound: 1,
		providers.KindInvalid: 1, providers.KindIncomplete: 1, providers.KindOther: 1,
	} {
		c := newClock()
		a := c.account(0, 1)
		tries := 0
		err := a.Retry(t.Context(), func(context.Context) error {
			tries++
			return providers.Errorf(kind, "op", "try %d", tries)
		})
		if tries != want || providers.KindOf(err) != kind {
			t.Errorf("%s: %d tries, want %d (%v)", kind, tries, want, err)
		}
		if want == 3 && !slices.Equal(c.slept, []time.Duration{DefaultBackoff, 2 * DefaultBackoff}) {
			t.Errorf("%s: pauses %v do not double", kind, c.slept)
		}
	}
}

func TestRetryWaitsAsLongAsTheProviderAsked(t *testing.T) {
	c := newClock()
	a := c.account(0, 1)
	tries := 0
	err := a.Retry(t.Context(), func(context.Context) error {
		if tries++; tries == 1 {
			return &providers.Error{Kind: providers.KindThrottled, RetryAfter: 7 * time.Second, Err: errors.New("slow down")}
		}
		return nil
	})
	if err != nil || c.total() < 7*time.Second {
		t.Fatalf("err %v after %v", err, c.total())
	}
}

func TestRetryGivesUpWhenTheContextWouldEndFirst(t *testing.T) {
	c := newClock()
	a := c.account(0, 1)
	tries := 0
	err := a.Retry(fakeDeadline{t.Context(), c.now().Add(3 * time.Second)}, func(context.Context) error {
		tries++
		return &providers.Error{Kind: providers.KindThrottled, RetryAfter: time.Minute, Err: errors.New("slow down")}
	})
	if tries != 1 || len(c.slept) != 0 || providers.KindOf(err) != providers.KindThrottled {
		t.Fatalf("%d tries, slept %v, %v", tries, c.slept, err)
	}
}

func TestFullJitterStaysBelowItsBoundAndVaries(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 200 {
		d := fullJitter(time.Second)
		if d < 0 || d >= time.Second {
			t.Fatalf("jitter %v", d)
		}
		seen[d] = true
	}
	if len(seen) < 100 {
		t.Fatalf("only %d different pauses of 200", len(seen))
	}
}

func TestTheTransportBlocksTheAccountAsLongAsTheAnswerAsks(t *testing.T) {
	c := newClock()
	for _, tc := range []struct {
		name   string
		status int
		header map[string]string
		block  time.Duration
		thr    int64
		fail   int64
	}{
		{"429 in seconds", 429, map[string]string{"Retry-After": "12"}, 12 * time.Second, 1, 0},
		{"420 in seconds", 420, map[string]string{"Retry-After": "2"}, 2 * time.Second, 1, 0},
		{"503 by date", 503, map[string]string{"Retry-After": c.t.Add(9 * time.Second).Format(http.TimeFormat), "Date": c.t.Format(http.TimeFormat)}, 9 * time.Second, 0, 1},
		{"429 by date under a skewed clock", 429, map[string]string{"Retry-After": "Mon, 02 Jan 2023 15:04:35 GMT", "Date": "Mon, 02 Jan 2023 15:04:05 GMT"}, 30 * time.Second, 1, 0},
		{"429 without a word", 429, nil, 0, 1, 0},
		{"429 with nonsense", 429, map[string]string{"Retry-After": "soon"}, 0, 1, 0},
		{"429 for a century", 429, map[string]string{"Retry-After": "3155760000"}, MaxBlock, 1, 0},
		{"200 with a Retry-After", 200, map[string]string{"Retry-After": "12"}, 0, 0, 0},
		{"200 with nothing left", 200, map[string]string{"Ratelimit": `"default";r=0;t=30`}, 30 * time.Second, 0, 0},
		{"200 with some left", 200, map[string]string{"Ratelimit": `"default";r=50;t=30`}, 0, 0, 0},
		{"500", 500, nil, 0, 0, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range tc.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(tc.status)
			}))
			defer srv.Close()
			a := c.account(0, 1)
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
			resp, err := (&http.Client{Transport: a.Transport(nil)}).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			s := a.State()
			var block time.Duration
			if !s.BlockedUntil.IsZero() {
				block = s.BlockedUntil.Sub(c.t)
			}
			if block != tc.block || s.Throttles != tc.thr || s.Failures != tc.fail || s.Calls != 1 || s.Good+s.Refused+s.Throttles+s.Failures != 1 {
				t.Fatalf("block %v, want %v; %+v", block, tc.block, s)
			}
		})
	}
}

func TestARequestThatTheBudgetRefusesIsNeverSentAndItsBodyIsClosed(t *testing.T) {
	c := newClock()
	sent := false
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { sent = true }))
	defer srv.Close()
	a := c.account(0, 1)
	a.Block(time.Minute)
	body := &closeSpy{Reader: strings.NewReader("{}")}
	req, _ := http.NewRequestWithContext(fakeDeadline{t.Context(), c.now().Add(time.Second)}, http.MethodPost, srv.URL, body)
	resp, err := a.Transport(nil).RoundTrip(req)
	if resp != nil {
		_ = resp.Body.Close()
	}
	if !NotSent(err) || sent || !body.closed {
		t.Fatalf("err %v, sent %v, body closed %v", err, sent, body.closed)
	}
}

type closeSpy struct {
	io.Reader
	closed bool
}

func (c *closeSpy) Close() error { c.closed = true; return nil }

func TestARefusedConnectionIsNotSentAndALostReplyMayHaveBeen(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	a := newClock().account(0, 1)
	get := func(url string) error {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		resp, err := (&http.Client{Transport: a.Transport(nil)}).Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		return err
	}
	if err := get("http://" + addr); !NotSent(err) {
		t.Fatalf("a refused connection counts as sent: %v", err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		panic(http.ErrAbortHandler) // the request arrived, its answer does not
	}))
	defer srv.Close()
	if err := get(srv.URL); err == nil || NotSent(err) {
		t.Fatalf("a lost reply counts as not sent: %v", err)
	}
	if s := a.State(); s.Failures != 2 {
		t.Fatalf("failures %d", s.Failures)
	}
}

func TestTheTightestRatelimitPolicyCounts(t *testing.T) {
	for v, want := range map[string]struct {
		r  int
		t  time.Duration
		ok bool
	}{
		`"default";r=50;t=30`:                 {50, 30 * time.Second, true},
		`"a";r=50;t=30, "b";r=0;t=5`:          {0, 5 * time.Second, true},
		`"default";r=0;t=99999999`:            {0, MaxBlock, true},
		`"default";r=1`:                       {0, 0, false},
		``:                                    {0, 0, false},
		`nonsense`:                            {0, 0, false},
		`"default"; r=7 ; t=1, "x";r=7;t=120`: {7, 2 * time.Minute, true},
	} {
		r, d, ok := ParseRatelimit(v)
		if ok != want.ok || (ok && (r != want.r || d != want.t)) {
			t.Errorf("%q: %d %v %v", v, r, d, ok)
		}
	}
}

func TestABodyThatWasLookedAtIsReadWholeAndBreaksOffWhereItDid(t *testing.T) {
	long := strings.Repeat("x", 2*maxWord)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/broken" {
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "half")
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, long)
	}))
	defer srv.Close()
	a := newClock().account(0, 1)
	looked := 0
	client := &http.Client{Transport: a.TransportFor(nil, func(b []byte) bool { looked += len(b); return false })}
	for path, want := range map[string]string{"/": long, "/broken": "half"} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+path, nil)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if string(got) != want || (err != nil) != (path == "/broken") {
			t.Errorf("%s: %d bytes, %v", path, len(got), err)
		}
	}
	if looked != maxWord+len("half") || a.State().Refused != 2 {
		t.Errorf("looked at %d bytes, %+v", looked, a.State())
	}
}

func TestACallThatTheBudgetHoldsBackIsCounted(t *testing.T) {
	c := newClock()
	a := c.account(0, 1)
	a.Block(time.Minute)
	ctx, cancel := context.WithDeadline(t.Context(), c.now().Add(time.Second))
	defer cancel()
	if err := a.Wait(ctx); !NotSent(err) {
		t.Fatal(err)
	}
	if s := a.State(); s.Held != 1 || s.Calls != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAllTriesOfACallTogetherEndWithTheAccountsPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []Retrying
		a := New("aws-use1", 0, 1, WithTries(10), WithPatience(40*time.Second), WithNotify(func(r Retrying) { told = append(told, r) }))
		began, calls := time.Now(), 0
		hangs := func(ctx context.Context) error { // each try hangs for a quarter of a minute
			calls++
			ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
			defer cancel()
			<-ctx.Done()
			return providers.Errorf(providers.KindUnreachable, "list instances", "no answer")
		}
		err := a.Retry(t.Context(), hangs)
		if took := time.Since(began); took > 40*time.Second || took < 30*time.Second || providers.KindOf(err) != providers.KindUnreachable {
			t.Errorf("after %s and %d calls: %v", took, calls, err)
		}
		if len(told) != calls-1 || told[0].Try != 1 || told[0].Tries != 10 || told[0].Took != 15*time.Second || told[0].Err == nil || told[0].Account != "aws-use1" {
			t.Errorf("told: %+v", told)
		}
		began, calls, told = time.Now(), 0, nil
		err = a.Retry(t.Context(), func(context.Context) error { // asked to stay away for longer than that
			calls++
			return &providers.Error{Kind: providers.KindThrottled, RetryAfter: 29 * time.Second}
		})
		if took := time.Since(began); took > 40*time.Second || calls != 2 || providers.RetryAfter(err) != 29*time.Second {
			t.Errorf("throttled: after %s and %d calls: %v", took, calls, err)
		}
		a.Block(time.Minute)
		began = time.Now()
		err = a.Retry(t.Context(), a.Wait)
		if providers.KindOf(err) != providers.KindThrottled || !NotSent(err) || time.Since(began) > time.Second {
			t.Errorf("blocked for longer than patience: after %s, %v", time.Since(began), err)
		}
	})
}

func TestALongPauseBeforeACallIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []Retrying
		a := New("joyent-ams", 0, 1, WithNotify(func(r Retrying) { told = append(told, r) }))
		a.Block(10 * time.Second)
		if err := a.Wait(t.Context()); err != nil || len(told) != 1 || told[0].Pause != 10*time.Second || told[0].Try != 0 {
			t.Errorf("%v, told %+v", err, told)
		}
	})
}
