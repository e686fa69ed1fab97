package budget

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"rollcall/providers/providertest"
)

type answers func(*http.Request) (*http.Response, error)

func (f answers) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// breaks is a body that breaks off after some bytes.
type breaks struct{ rest io.Reader }

var errBroken = errors.New("broken off")

func (b breaks) Read(p []byte) (int, error) {
	n, err := b.rest.Read(p)
	if err == io.EOF {
		err = errBroken
	}
	return n, err
}

func TestEachCallIsReportedOnceItsAnswerWasReadWithoutItsQuery(t *testing.T) {
	clock := providertest.NewClock(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))
	body := func(status int, r io.Reader) answers {
		return func(*http.Request) (*http.Response, error) {
			clock.Advance(30 * time.Millisecond)
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(r)}, nil
		}
	}
	for _, c := range []struct {
		name   string
		answer answers
		ctx    context.Context
		want   Call
	}{
		{"an answer", body(200, strings.NewReader("12345")), t.Context(), Call{Operation: "GET api.example/my/machines", Status: 200, Bytes: 5}},
		{"an operation with a name", body(404, strings.NewReader("")), WithOperation(t.Context(), "EC2 DescribeInstances"), Call{Operation: "EC2 DescribeInstances", Status: 404}},
		{"throttling", body(429, strings.NewReader("slow")), t.Context(), Call{Operation: "GET api.example/my/machines", Status: 429, Bytes: 4, Throttled: true}},
		{"an answer that breaks off", body(200, breaks{strings.NewReader("123")}), t.Context(), Call{Operation: "GET api.example/my/machines", Status: 200, Bytes: 3, Err: errBroken}},
		{"no answer", func(*http.Request) (*http.Response, error) {
			clock.Advance(30 * time.Millisecond)
			return nil, errBroken
		}, t.Context(), Call{Operation: "GET api.example/my/machines", Err: errBroken}},
	} {
		var got []Call
		a := New("acct", 0, 1, WithClock(clock.Clock), WithCalls(func(c Call) { got = append(got, c) }))
		req, err := http.NewRequestWithContext(c.ctx, http.MethodGet, "https://user:secret@api.example/my/machines?token=secret", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := a.Transport(c.answer).RoundTrip(req)
		if err == nil {
			_, _ = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		c.want.Account, c.want.Took = "acct", 30*time.Millisecond
		if len(got) == 1 {
			c.want.Started = got[0].Started
		}
		if len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
