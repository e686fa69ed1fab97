// Package mototest starts moto_server, an emulator of Amazon's APIs that we did
// not write, for tests.
package mototest

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Start runs moto_server on a free loopback port until the test ends, and returns
// its URL. Where it is not installed the test is skipped; where it is, it must
// work.
func Start(t testing.TB) (url string) {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	bin := find()
	if bin == "" {
		t.Skip("moto_server is not installed (pip install 'moto[server]')")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	host, port, _ := net.SplitHostPort(addr)
	var log bytes.Buffer
	cmd := exec.Command(bin, "-H", host, "-p", port)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it may start helpers of its own
	if err := cmd.Start(); err != nil {
		t.Fatalf("moto_server does not start: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
	})
	url = "http://" + addr
	client := &http.Client{Timeout: 2 * time.Second}
	for range 600 { // a minute: a cold Python on a busy machine is slow
		select {
		case <-ended:
			t.Fatalf("moto_server ended: %s", log.String())
		default:
		}
		resp, err := client.Get(url + "/moto-api/")
		if err == nil {
			_ = resp.Body.Close()
			return url
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("moto_server does not answer")
	return ""
}

// find looks on PATH, and where pip puts programs of a user.
func find() string {
	if p, err := exec.LookPath("moto_server"); err == nil {
		return p
	}
	home, _ := os.UserHomeDir()
	for _, p := range []string{filepath.Join(home, ".local/bin/moto_server"), "/usr/local/bin/moto_server"} {
		if info, err := os.Stat(p); err == nil && info.Mode()&0o111 != 0 {
			return p
		}
	}
	return ""
}
