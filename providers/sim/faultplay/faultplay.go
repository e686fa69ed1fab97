// Package faultplay plays the faults that look the same in every API: no connection, a slow one, one that hangs, one
// that breaks in the middle of an answer, empty answers, and truncated lists. Faults in an API's own form (throttling,
// errors, refused credentials) are played by its front.
package faultplay

import (
	"bytes"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

const (
	// SlowBy is the delay of an answer under world.Slow.
	SlowBy = 2 * time.Second
	// LateBy is the longest delay of an answer under world.Latency.
	LateBy = 50 * time.Millisecond
)

// page is the login page of a proxy.
const page = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in to use this network.</body></html>\n"

// Before plays the faults before any answer: unreachable (it closes the connection by a panic with
// http.ErrAbortHandler, which net/http supports), slow, late, and hang. It returns true if the client has left and
// needs no answer. It replaces the request's body by a copy, because net/http notices that a client has left only after
// the body was read.
func Before(_ http.ResponseWriter, r *http.Request, k world.FaultKind) (handled bool) {
	switch k {
	case world.Unreachable:
		panic(http.ErrAbortHandler)
	case world.Slow:
		return wait(r, SlowBy)
	case world.Latency:
		return wait(r, rand.N(LateBy))
	case world.Hang:
		keepBody(r)
		<-r.Context().Done()
		return true
	}
	return false
}

// wait waits for d, and reports whether the client left meanwhile.
func wait(r *http.Request, d time.Duration) (left bool) {
	keepBody(r)
	return providers.Sleep(r.Context(), d) != nil
}

func keepBody(r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
}

// LostReply carries the request out and closes the connection without an answer.
func LostReply(_ http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	next(newRecording(), r)
	panic(http.ErrAbortHandler)
}

// ResetBody carries the request out, announces the whole answer, sends half of its body and closes the connection.
func ResetBody(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	rec := newRecording()
	next(rec, r)
	maps.Copy(w.Header(), rec.header)
	w.Header().Set("Content-Length", strconv.Itoa(max(rec.body.Len(), 2)))
	w.WriteHeader(rec.status)
	if half := rec.body.Bytes()[:rec.body.Len()/2]; len(half) > 0 {
		_, _ = w.Write(half) // the connection is about to be closed anyway
	}
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// EmptyBody carries the request out and answers 200 without a body.
func EmptyBody(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	next(newRecording(), r)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
}

// ProxyPage answers with a proxy's page. The request does not reach the API.
func ProxyPage(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, page) // the client may have left
}

// Serve plays every fault of this package around next: Before, then ResetBody, EmptyBody, ProxyPage, or LostReply if
// the request is a write. For any other kind it calls next.
func Serve(w http.ResponseWriter, r *http.Request, k world.FaultKind, write bool, next http.HandlerFunc) {
	switch {
	case Before(w, r, k):
	case k == world.LostReply && write:
		LostReply(w, r, next)
	case k == world.Reset:
		ResetBody(w, r, next)
	case k == world.EmptyBody:
		EmptyBody(w, r, next)
	case k == world.ProxyPage:
		ProxyPage(w)
	default:
		next(w, r)
	}
}

// recording is a ResponseWriter that keeps the answer in memory.
type recording struct {
	header http.Header
	body   bytes.Buffer
	status int
}

func newRecording() *recording { return &recording{header: http.Header{}, status: http.StatusOK} }

func (r *recording) Header() http.Header         { return r.header }
func (r *recording) WriteHeader(status int)      { r.status = status }
func (r *recording) Write(b []byte) (int, error) { return r.body.Write(b) }
