package s3

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
)

// slowLine is a server of one object, behind a line of 10 Mbit/s that falls silent after so many bytes of an answer, if
// there are.
type slowLine struct {
	object []byte
	silent int // 0 for never
}

const lineRate = 10_000_000 / 8

// pass waits until so many bytes have passed.
func pass(ctx context.Context, n int) error {
	return providers.Sleep(ctx, time.Duration(n)*time.Second/lineRate)
}

func (l *slowLine) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := &http.Response{StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Etag": {`"1"`}}, Body: http.NoBody, Request: r}
	if r.Method == http.MethodPut {
		data, err := io.ReadAll(r.Body)
		if err == nil {
			err = pass(r.Context(), len(data))
		}
		if err != nil {
			return nil, err
		}
		l.object = data
		return answer, nil
	}
	answer.Body = &slowBody{ctx: r.Context(), line: l, left: l.object}
	return answer, nil
}

type slowBody struct {
	ctx  context.Context
	line *slowLine
	left []byte
}

func (b *slowBody) Read(p []byte) (int, error) {
	if len(b.left) == 0 {
		return 0, io.EOF
	}
	if b.line.silent > 0 && len(b.line.object)-len(b.left) >= b.line.silent {
		<-b.ctx.Done()
		return 0, b.ctx.Err()
	}
	n := copy(p[:min(len(p), 64<<10)], b.left)
	b.left = b.left[n:]
	return n, pass(b.ctx, n)
}

func (b *slowBody) Close() error { return nil }

func slowStore(t *testing.T, line *slowLine) *Store {
	t.Helper()
	s, err := New(Config{Bucket: bucket, Endpoint: "http://store.example", Env: env, HTTPClient: &http.Client{Transport: line}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestALargeObjectIsWrittenAndReadOverASlowLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowStore(t, &slowLine{})
		data := bytes.Repeat([]byte("rows"), 70<<20/4) // a minute
		if _, err := s.PutIfAbsent(t.Context(), "rows/1", data); err != nil {
			t.Fatal(err)
		}
		if o, err := s.Get(t.Context(), "rows/1"); err != nil || !bytes.Equal(o.Data, data) {
			t.Errorf("%d bytes, %v", len(o.Data), err)
		}
	})
}

func TestAnAnswerThatFallsSilentEndsAfterSecondsWhateverItsSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowStore(t, &slowLine{object: make([]byte, 20<<20), silent: 10 << 20})
		began := time.Now()
		_, err := s.Get(t.Context(), "rows/1")
		if took := time.Since(began); providers.KindOf(err) != providers.KindUnreachable || took > 70*time.Second {
			t.Errorf("after %s: %v", took, err)
		}
	})
}
