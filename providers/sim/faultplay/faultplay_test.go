package faultplay

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rollcall/providers/sim/world"
)

// serve runs a front that answers "0123456789" under a fault, and counts its writes.
func serve(t *testing.T, k world.FaultKind) (url string, calls *atomic.Int32) {
	t.Helper()
	calls = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Serve(w, r, k, r.Method == http.MethodPost, func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, "0123456789")
		})
	}))
	t.Cleanup(s.Close)
	return s.URL, calls
}

func post(t *testing.T, url string) (string, error) {
	t.Helper()
	res, err := http.Post(url, "text/plain", strings.NewReader("body"))
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return string(b), err
}

func TestAnUnreachableFrontClosesTheConnectionWithoutAnAnswer(t *testing.T) {
	url, calls := serve(t, world.Unreachable)
	if b, err := post(t, url); err == nil || calls.Load() != 0 {
		t.Errorf("answer %q after %d calls", b, calls.Load())
	}
}

func TestALostReplyIsCarriedOutAndNotAnswered(t *testing.T) {
	url, calls := serve(t, world.LostReply)
	if b, err := post(t, url); err == nil || calls.Load() != 1 {
		t.Errorf("answer %q after %d calls", b, calls.Load())
	}
	res, err := http.Get(url)
	if err != nil {
		t.Fatalf("a read lost its reply: %v", err)
	}
	_ = res.Body.Close()
}

func TestAResetBreaksOffInTheMiddleOfTheBody(t *testing.T) {
	url, _ := serve(t, world.Reset)
	b, err := post(t, url)
	if b != "01234" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q, %v", b, err)
	}
}

func TestAHangEndsWhenTheClientLeaves(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan bool, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel() // the client leaves once its request is here: before, it may not have been sent
		done <- Before(w, r, world.Hang)
	}))
	defer s.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	if res, err := http.DefaultClient.Do(req); err == nil {
		_ = res.Body.Close()
		t.Error("it answered")
	}
	if !<-done {
		t.Error("there was something left to answer")
	}
}

func TestListFaultsCutThePageThatTheySayTheyCut(t *testing.T) {
	all := []int{1, 2, 3, 4, 5, 6}
	for _, c := range []struct {
		kind          world.FaultKind
		offset, limit int
		rows          []int
		next          int
	}{
		{world.NoFault, 0, 4, []int{1, 2, 3, 4}, 4},
		{world.NoFault, 4, 4, []int{5, 6}, -1},
		{world.NoFault, 9, 4, nil, -1},
		{world.NoFault, 0, 0, all, -1},
		{world.ShortPage, 0, 4, []int{1, 2, 3, 4}, 4},
		{world.ShortPage, 4, 4, []int{5}, -1},
		{world.ShortPage, 5, 4, nil, -1},
		{world.EmptyPage, 0, 4, nil, -1},
		{world.PageLoop, 0, 4, []int{1, 2, 3, 4}, 0},
		{world.PageLoop, 4, 4, []int{5, 6}, 4},
	} {
		rows, next := Page(c.kind, all, c.offset, c.limit)
		if !slices.Equal(rows, c.rows) || next != c.next {
			t.Errorf("%s from %d: %v, next %d; want %v, next %d", c.kind, c.offset, rows, next, c.rows, c.next)
		}
	}
}

func TestAListingIsBehindTheWritesForSomeSecondsAndThenCatchesUp(t *testing.T) {
	var h History[string]
	at := time.Unix(1_790_000_000, 0)
	if _, ok := h.Read(at); ok {
		t.Error("behind before any write")
	}
	h.Write(at, "one")
	h.Write(at.Add(2*time.Second), "two")
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{0, "one"}, {4 * time.Second, "one"}, {5 * time.Second, "two"}, {6 * time.Second, "two"}, {7 * time.Second, ""}} {
		if got, _ := h.Read(at.Add(c.after)); got != c.want {
			t.Errorf("after %s: %q, want %q", c.after, got, c.want)
		}
	}
}

func TestAnEmptyBodyIsCarriedOutAndAProxysPageIsNot(t *testing.T) {
	for _, c := range []struct {
		kind  world.FaultKind
		begin string
		calls int32
	}{{world.EmptyBody, "", 1}, {world.ProxyPage, "<!DOCTYPE html>", 0}} {
		url, calls := serve(t, c.kind)
		res, err := http.Post(url, "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || !strings.HasPrefix(string(b), c.begin) || len(b) > 0 != (c.begin != "") || calls.Load() != c.calls {
			t.Errorf("%s: %s %q after %d calls, %v", c.kind, res.Status, b, calls.Load(), err)
		}
	}
}
