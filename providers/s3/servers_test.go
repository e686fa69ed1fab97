package s3

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/awsapi/mototest"
	"rollcall/providers/budget"
)

// env has the keys of the servers of these tests.
var env = providers.EnvironmentOf("AWS_ACCESS_KEY_ID=team", "AWS_SECRET_ACCESS_KEY=only-for-tests", "AWS_REGION=us-east-1")

const bucket = "team"

// newStore returns a client of a server.
func newStore(t *testing.T, endpoint, prefix string) *Store {
	t.Helper()
	return newStoreOver(t, endpoint, prefix, nil)
}

func newStoreOver(t *testing.T, endpoint, prefix string, client *http.Client) *Store {
	t.Helper()
	quick := providers.Clock{Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	s, err := New(Config{Bucket: bucket, Prefix: prefix, Endpoint: endpoint, Timeout: 5 * time.Second, Env: env, HTTPClient: client, Budget: budget.New("store", 0, 1, budget.WithClock(quick))})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// oneByOne lets one request pass at a time. moto_server compares the condition of a write and writes in two steps, so of
// writers at once several succeed.
type oneByOne struct{ mu sync.Mutex }

func (o *oneByOne) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// startMoto starts moto_server with the bucket.
func startMoto(t *testing.T) (url string) {
	t.Helper()
	url = mototest.Start(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url+"/"+bucket, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("make the bucket: %v, %v", resp, err)
	}
	_ = resp.Body.Close()
	return url
}

// startVersity starts versitygw, an S3 server over a folder, with the bucket.
func startVersity(t *testing.T) (url string) {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	bin, err := exec.LookPath("versitygw")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("versitygw is not installed; .ci/run installs it")
		}
		t.Skip("versitygw is not installed; .ci/run says how")
	}
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, bucket), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	var log bytes.Buffer
	cmd := exec.Command(bin, "--port", addr, "--quiet", "posix", root)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+env.Getenv("AWS_ACCESS_KEY_ID"), "ROOT_SECRET_KEY="+env.Getenv("AWS_SECRET_ACCESS_KEY"))
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		<-ended
	})
	for range 600 {
		select {
		case <-ended:
			t.Fatalf("versitygw ended: %s", log.String())
		default:
		}
		if c, err := net.Dial("tcp", addr); err == nil {
			_ = c.Close()
			return "http://" + addr
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("versitygw does not answer")
	return ""
}
