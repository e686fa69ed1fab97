package s3

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rollcall/providers"
)

// front passes requests on to a server, and has faults.
type front struct {
	*httptest.Server
	next http.Handler

	mu    sync.Mutex
	fault func(w http.ResponseWriter, r *http.Request, next http.Handler) // nil for none
	calls int
}

func newFront(t *testing.T, server string) *front {
	t.Helper()
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	// The signature covers the Host of this front, so the request keeps it.
	f := &front{next: &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.Out.URL.Scheme, p.Out.URL.Host = to.Scheme, to.Host
		p.Out.Host = p.In.Host
	}}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	fault := f.fault
	f.calls++
	f.mu.Unlock()
	if fault == nil {
		f.next.ServeHTTP(w, r)
		return
	}
	fault(w, r, f.next)
}

// first has the first n requests of a method fail; n < 0 is all of them. It returns a function that returns the number
// of requests since.
func (f *front) first(n int, method string, fault func(w http.ResponseWriter, r *http.Request, next http.Handler)) (calls func() int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = 0
	f.fault = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		f.mu.Lock()
		hit := r.Method == method && n != 0
		if hit {
			n--
		}
		f.mu.Unlock()
		if hit {
			fault(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	}
	return func() int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.calls
	}
}

// answer is S3's answer with an error.
func answer(status int, code string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>%s, it says</Message></Error>", code, code)
	}
}

// lost carries a request out and closes the connection instead of an answer.
func lost(w http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(httptest.NewRecorder(), r)
	c, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = c.Close()
	}
}

// cut sends half of the answer and closes the connection.
func cut(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Length", fmt.Sprint(rec.Body.Len()))
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
	panic(http.ErrAbortHandler)
}

func TestWhatAServerAnswersIsOneKindOfError(t *testing.T) {
	t.Parallel()
	f := newFront(t, startVersity(t))
	s := newStore(t, f.URL, "ops")
	for i, c := range []struct {
		says    string
		fault   func(http.ResponseWriter, *http.Request, http.Handler)
		times   int
		kind    providers.Kind // of the write; "" if it succeeds
		written bool
	}{
		{"another was first", answer(http.StatusPreconditionFailed, "PreconditionFailed"), 1, providers.KindConflict, false},
		{"another was first, says a proxy", answer(http.StatusPreconditionFailed, ""), 1, providers.KindConflict, false},
		{"another writes now", answer(http.StatusConflict, "ConditionalRequestConflict"), 1, providers.KindConflict, false},
		{"slow down once", answer(http.StatusServiceUnavailable, "SlowDown"), 1, "", true},
		{"slow down", answer(http.StatusServiceUnavailable, "SlowDown"), -1, providers.KindThrottled, false},
		{"not permitted", answer(http.StatusForbidden, "AccessDenied"), -1, providers.KindAuth, false},
		{"no such bucket", answer(http.StatusNotFound, "NoSuchBucket"), -1, providers.KindInvalid, false},
		{"conditions are not known", answer(http.StatusNotImplemented, "NotImplemented"), -1, providers.KindInvalid, false},
		{"an error of the server", answer(http.StatusInternalServerError, "InternalError"), -1, providers.KindUncertain, false},
		{"the reply is lost after the write", lost, -1, providers.KindUncertain, true},
	} {
		t.Run(c.says, func(t *testing.T) {
			key := fmt.Sprintf("journal/%06d", i)
			f.first(c.times, http.MethodPut, c.fault)
			_, err := s.PutIfAbsent(t.Context(), key, []byte(key))
			if got := providers.KindOf(err); got != c.kind || err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("create: %v", err)
			}
			o, err := s.Get(t.Context(), key)
			if c.written != (err == nil && string(o.Data) == key) {
				t.Errorf("read afterwards: %q, %v", o.Data, err)
			}
		})
	}
}

func TestAWriteWithoutAReplyIsNeverSentAgain(t *testing.T) {
	t.Parallel()
	f := newFront(t, startVersity(t))
	s := newStore(t, f.URL, "ops")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	calls := f.first(-1, http.MethodPut, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(httptest.NewRecorder(), r)
		cancel()
		<-r.Context().Done()
	})
	if _, err := s.PutIfAbsent(ctx, "journal/1", []byte("x")); providers.KindOf(err) != providers.KindUncertain {
		t.Errorf("create: %v", err)
	}
	if n := calls(); n != 1 {
		t.Errorf("%d requests", n)
	}
	f.first(0, "", nil)
	if _, err := s.PutIfAbsent(t.Context(), "journal/1", []byte("y")); providers.KindOf(err) != providers.KindConflict {
		t.Errorf("create again: %v", err)
	}
	if o, err := s.Get(t.Context(), "journal/1"); err != nil || string(o.Data) != "x" {
		t.Errorf("%q, %v", o.Data, err)
	}
}

func TestAnEmptyPageOfAListIsNotItsEnd(t *testing.T) {
	t.Parallel()
	const page = `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>ops</Name><IsTruncated>%t</IsTruncated>%s</ListBucketResult>`
	for name, c := range map[string]struct {
		pages []string // by number of the request
		want  string
		kind  providers.Kind
	}{
		"one that is followed by another": {[]string{
			fmt.Sprintf(page, true, "<NextContinuationToken>t1</NextContinuationToken>"),
			fmt.Sprintf(page, false, "<Contents><Key>journal/1</Key><Size>1</Size></Contents>"),
		}, "journal/1", ""},
		"one that leads nowhere": {[]string{fmt.Sprintf(page, true, "")}, "", providers.KindIncomplete},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n := int(calls.Add(1)) - 1
				if n >= len(c.pages) || n > 0 && r.URL.Query().Get("continuation-token") != "t1" {
					http.Error(w, "no", http.StatusBadRequest)
					return
				}
				w.Header().Set("Content-Type", "application/xml")
				_, _ = w.Write([]byte(c.pages[n]))
			}))
			defer srv.Close()
			keys, err := newStore(t, srv.URL, "ops").ListAfter(t.Context(), "journal/", "", 10)
			if strings.Join(keys, " ") != c.want || providers.KindOf(err) != c.kind && err != nil || (err == nil) != (c.kind == "") {
				t.Errorf("%q, %v", keys, err)
			}
		})
	}
}

func TestAReadThatBreaksOffIsRepeatedAndNeverHalf(t *testing.T) {
	t.Parallel()
	f := newFront(t, startVersity(t))
	s := newStore(t, f.URL, "ops")
	text := strings.Repeat("a line of the journal\n", 500)
	if _, err := s.PutIfAbsent(t.Context(), "journal/1", []byte(text)); err != nil {
		t.Fatal(err)
	}
	f.first(1, http.MethodGet, cut)
	if o, err := s.Get(t.Context(), "journal/1"); err == nil && string(o.Data) != text {
		t.Errorf("half of an object: %d bytes", len(o.Data))
	}
	f.first(-1, http.MethodGet, cut)
	if o, err := s.Get(t.Context(), "journal/1"); err == nil {
		t.Errorf("an object of %d bytes from an answer that breaks off", len(o.Data))
	}
	if keys, err := s.ListAfter(t.Context(), "journal/", "", 10); err == nil {
		t.Errorf("a list from an answer that breaks off: %v", keys)
	}
}

func TestAServerWhoseClockDiffersIsServedByItsOwnTime(t *testing.T) {
	t.Parallel()
	const ahead = 40 * time.Minute
	f := newFront(t, startVersity(t))
	f.first(-1, http.MethodPut, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		theirs := time.Now().Add(ahead)
		w.Header().Set("Date", theirs.UTC().Format(http.TimeFormat))
		signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err != nil || theirs.Sub(signed).Abs() > 15*time.Minute {
			answer(http.StatusForbidden, "RequestTimeTooSkewed")(w, r, next)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
	s := newStore(t, f.URL, "ops")
	if _, err := s.PutIfAbsent(t.Context(), "journal/1", []byte("x")); err != nil {
		t.Errorf("create: %v", err)
	}
}
