package budget

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

func TestABurstPassesAtOnceAndTheNextCallWaitsForTheBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, began := New("acct", 2, 3), time.Now()
		for range 3 {
			if err := a.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 0 || a.Left() != 0 {
			t.Fatalf("the burst took %v, and %d are left", took, a.Left())
		}
		if err := a.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 500*time.Millisecond || a.State().Calls != 4 {
			t.Fatalf("%v, want 500ms; %+v", took, a.State())
		}
	})
}

func TestABlockHoldsEveryCallBackUntilItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, end := New("acct", 100, 10), time.Now().Add(3*time.Second)
		a.Block(3 * time.Second)
		a.Block(time.Second) // must not shorten the first
		if s := a.State(); s.Left != 0 || !s.BlockedUntil.Equal(end) {
			t.Fatalf("%+v, want a block until %v", s, end)
		}
		if err := a.Wait(t.Context()); err != nil || !time.Now().Equal(end) {
			t.Fatalf("%v, at %v", err, time.Now())
		}
		if s := a.State(); !s.BlockedUntil.IsZero() || s.Left == 0 {
			t.Fatalf("still blocked: %+v", s)
		}
	})
}

func TestABlockThatBeginsWhileACallWaitsForTheBucketHoldsThatCallToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, began := New("acct", 1, 1), time.Now()
		if err := a.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second/2, func() { a.Block(10 * time.Second) })
		if err := a.Wait(t.Context()); err != nil || time.Since(began) != 10500*time.Millisecond {
			t.Fatalf("%v after %v, want 10.5s", err, time.Since(began))
		}
	})
}

func TestACallWhoseDeadlineLiesBeforeTheEndOfTheBlockFailsAtOnceAndIsCountedAsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, began := New("acct", 100, 10), time.Now()
		a.Block(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := a.Wait(ctx)
		if providers.KindOf(err) != providers.KindThrottled || providers.RetryAfter(err) != time.Minute || !NotSent(err) {
			t.Fatalf("got %v, retry after %v, not sent: %t", err, providers.RetryAfter(err), NotSent(err))
		}
		if s := a.State(); !time.Now().Equal(began) || s.Calls != 0 || s.Withheld != 1 {
			t.Fatalf("after %v: %+v", time.Since(began), s)
		}
	})
}

func TestACallThatGivesUpGivesItsTokenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, began := New("acct", 1, 1), time.Now()
		if err := a.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			err := a.Wait(ctx)
			cancel()
			if providers.KindOf(err) != providers.KindThrottled {
				t.Fatalf("got %v", err)
			}
		}
		if err := a.Wait(t.Context()); err != nil || time.Since(began) != time.Second {
			t.Fatalf("%v; the calls that gave up cost the next one %v", err, time.Since(began))
		}
	})
}

func TestACancelledCallIsNotSent(t *testing.T) {
	a := New("acct", 1, 5)
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
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			err := New("acct", 0, 1).Retry(t.Context(), func(context.Context) error {
				tries++
				return providers.Errorf(kind, "op", "try %d", tries)
			})
			if tries != want || providers.KindOf(err) != kind {
				t.Errorf("%s: %d tries, want %d (%v)", kind, tries, want, err)
			}
		})
	}
}

func TestThePausesBetweenTriesVaryBelowABoundThatDoubles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var longest [tries]time.Duration
		seen := map[time.Duration]bool{}
		a := New("acct", 0, 1, WithNotify(func(r Retrying) { longest[r.Try] = max(longest[r.Try], r.Pause); seen[r.Pause] = true }))
		for range 200 {
			began := time.Now()
			_ = a.Retry(t.Context(), func(context.Context) error { return providers.Errorf(providers.KindUnreachable, "op", "down") })
			if time.Since(began) >= 3*firstPause {
				t.Fatalf("the tries took %v", time.Since(began))
			}
		}
		if longest[1] >= firstPause || longest[2] >= 2*firstPause || longest[2] < firstPause || len(seen) < 100 {
			t.Errorf("%d different pauses, the longest %v", len(seen), longest)
		}
	})
}

func TestRetryWaitsAsLongAsTheProviderAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries, began := 0, time.Now()
		err := New("acct", 0, 1).Retry(t.Context(), func(context.Context) error {
			if tries++; tries == 1 {
				return &providers.Error{Kind: providers.KindThrottled, RetryAfter: 7 * time.Second, Err: errors.New("slow down")}
			}
			return nil
		})
		if err != nil || time.Since(began) < 7*time.Second {
			t.Fatalf("err %v after %v", err, time.Since(began))
		}
	})
}

func TestRetryGivesUpWhenTheContextWouldEndFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries, began := 0, time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		err := New("acct", 0, 1).Retry(ctx, func(context.Context) error {
			tries++
			return &providers.Error{Kind: providers.KindThrottled, RetryAfter: time.Minute, Err: errors.New("slow down")}
		})
		if tries != 1 || !time.Now().Equal(began) || providers.KindOf(err) != providers.KindThrottled {
			t.Fatalf("%d tries in %v, %v", tries, time.Since(began), err)
		}
	})
}

func TestTheTransportBlocksTheAccountAsLongAsTheAnswerAsks(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
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
		{"503 by date", 503, map[string]string{"Retry-After": now.Add(9 * time.Second).Format(http.TimeFormat), "Date": now.Format(http.TimeFormat)}, 9 * time.Second, 0, 1},
		{"429 by date under a skewed clock", 429, map[string]string{"Retry-After": "Mon, 02 Jan 2023 15:04:35 GMT", "Date": "Mon, 02 Jan 2023 15:04:05 GMT"}, 30 * time.Second, 1, 0},
		{"429 without a word", 429, nil, time.Second, 1, 0},
		{"429 with nonsense", 429, map[string]string{"Retry-After": "soon"}, time.Second, 1, 0},
		{"503 without a word", 503, nil, 0, 0, 1},
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
			a := New("acct", 0, 1, WithClock(providertest.NewClock(now).Clock))
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
			resp, err := (&http.Client{Transport: a.Transport(nil)}).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			s := a.State()
			var block time.Duration
			if !s.BlockedUntil.IsZero() {
				block = s.BlockedUntil.Sub(now)
			}
			if block != tc.block || s.Throttles != tc.thr || s.Failures != tc.fail || s.Calls != 1 || s.Good+s.Refused+s.Throttles+s.Failures != 1 {
				t.Fatalf("block %v, want %v; %+v", block, tc.block, s)
			}
		})
	}
}

func TestARequestThatTheBudgetRefusesIsNeverSentAndItsBodyIsClosed(t *testing.T) {
	sent := false
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { sent = true }))
	defer srv.Close()
	a := New("acct", 0, 1)
	a.Block(time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	body := &closeSpy{Reader: strings.NewReader("{}")}
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL, body)
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
	a := New("acct", 0, 1)
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
	long := strings.Repeat("x", 2*maxErrorBody)
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
	a := New("acct", 0, 1)
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
	if looked != maxErrorBody+len("half") || a.State().Refused != 2 {
		t.Errorf("looked at %d bytes, %+v", looked, a.State())
	}
}

func TestAllTriesOfACallTogetherEndWithTheAccountsPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var notices []Retrying
		a := New("aws-use1", 0, 1, WithNotify(func(r Retrying) { notices = append(notices, r) }))
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
		if len(notices) != calls-1 || notices[0].Try != 1 || notices[0].Tries != tries || notices[0].Took != 15*time.Second || notices[0].Err == nil || notices[0].Account != "aws-use1" {
			t.Errorf("told: %+v", notices)
		}
		began, calls, notices = time.Now(), 0, nil
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
		var notices []Retrying
		a := New("joyent-ams", 0, 1, WithNotify(func(r Retrying) { notices = append(notices, r) }))
		a.Block(10 * time.Second)
		if err := a.Wait(t.Context()); err != nil || len(notices) != 1 || notices[0].Pause != 10*time.Second || notices[0].Try != 0 {
			t.Errorf("%v, told %+v", err, notices)
		}
	})
}
