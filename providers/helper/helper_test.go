//go:build unix

package helper

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rollcall/providers"
)

var env = providers.EnvironmentOf("PATH="+os.Getenv("PATH"), "TOKEN=of-the-environment")

func TestAHelperPrintsForUsAndReadsNothing(t *testing.T) {
	t.Parallel()
	out, err := Run(t.Context(), env, `cat; echo "$TOKEN"; echo noise >&2`)
	if err != nil || string(out) != "of-the-environment\n" {
		t.Errorf("%q, %v", out, err)
	}
	if out, err = Run(t.Context(), env, "echo it; sleep 600 &"); err != nil || string(out) != "it\n" {
		t.Errorf("one that leaves a process behind: %q, %v", out, err)
	}
}

func TestWhatAHelperComplainsAboutIsInTheErrorWholeAndWhatItPrintsIsNot(t *testing.T) {
	t.Parallel()
	_, err := Run(t.Context(), env, `printf 'vault is \033[31msealed\n\n  unseal it first\n' >&2; echo SECRET; exit 3`)
	if err == nil || !strings.HasPrefix(err.Error(), "exit status 3: vault is ") || !strings.HasSuffix(err.Error(), " unseal it first") || strings.ContainsAny(err.Error(), "\x1b\n") || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("%v", err)
	}
	if _, err = Run(t.Context(), env, "no-such-helper-here"); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("%v", err)
	}
	if _, err = Run(t.Context(), env, "exit 1"); err == nil || !strings.Contains(err.Error(), "wrote nothing to stderr") {
		t.Errorf("%v", err)
	}
	if _, err = Run(t.Context(), env, "yes | head -c 100000"); err == nil || !strings.Contains(err.Error(), "more than 65536 bytes") {
		t.Errorf("%v", err)
	}
}

func TestAHelperThatIsNotWaitedForIsStoppedWithAllThatItHasStarted(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := Run(ctx, env, "sleep 600 & echo $! > "+file+"; wait")
		done <- err
	}()
	pid := 0
	for end := time.Now().Add(time.Minute); pid == 0 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if text, _ := os.ReadFile(file); strings.HasSuffix(string(text), "\n") {
			pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || pid == 0 {
		t.Fatalf("%v, child %d", err, pid)
	}
	for end := time.Now().Add(time.Minute); runs(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("what the helper has started runs on")
		}
	}
}

// started waits for the number that a helper writes to a file.
func started(t *testing.T, file string) (pid int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); pid == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the helper does not start")
		}
		if text, _ := os.ReadFile(file); strings.HasSuffix(string(text), "\n") {
			pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		}
	}
	return pid
}

func TestAHelperThatRunsAtTheEndOfTheProgramIsStoppedWithAllThatItHasStarted(t *testing.T) {
	t.Parallel()
	var g group
	file := filepath.Join(t.TempDir(), "pid")
	done := make(chan error, 1)
	go func() {
		_, err := g.run(t.Context(), env, "sleep 600 & echo $! > "+file+"; wait", Limit)
		done <- err
	}()
	pid := started(t, file)
	g.stop()
	if err := <-done; !errors.Is(err, errStopped) {
		t.Errorf("%v", err)
	}
	for end := time.Now().Add(time.Minute); runs(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("what the helper has started runs on")
		}
	}
	if _, err := g.run(t.Context(), env, "echo late", Limit); !errors.Is(err, errStopped) {
		t.Errorf("after the end: %v", err)
	}
}

func TestAHelperThatServesTwoSourcesIsRunOnceAndOneOfThemMayGo(t *testing.T) {
	t.Parallel()
	var g group
	dir := t.TempDir()
	file, gate := filepath.Join(dir, "pid"), filepath.Join(dir, "gate")
	command := "echo $$ >> " + file + "; while [ ! -e " + gate + " ]; do sleep 0.01; done; echo token"
	ctx, cancel := context.WithCancel(t.Context())
	gone, stays := make(chan error, 1), make(chan string, 1)
	go func() {
		_, err := g.run(ctx, env, command, Limit)
		gone <- err
	}()
	first := started(t, file)
	go func() {
		out, err := g.run(t.Context(), env, command, Limit)
		if err != nil {
			t.Error(err)
		}
		stays <- string(out)
	}()
	for waiting := 0; waiting < 2; time.Sleep(time.Millisecond) {
		g.mu.Lock()
		for _, s := range g.runs {
			waiting = s.waiting
		}
		g.mu.Unlock()
	}
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := <-stays; out != "token\n" || started(t, file) != first {
		t.Errorf("%q", out)
	}
	if _, err := g.run(t.Context(), env, "exit 1", Limit); err == nil {
		t.Error("a helper that fails")
	}
	if out, err := g.run(t.Context(), env, command, Limit); err != nil || string(out) != "token\n" {
		t.Errorf("a later run: %q, %v", out, err)
	}
	if text, err := os.ReadFile(file); err != nil || strings.Count(string(text), "\n") != 2 {
		t.Errorf("%q, %v", text, err)
	}
}

func TestAHelperThatDidNotEndIsNotWaitedForOnceMoreByTheNextSource(t *testing.T) {
	t.Parallel()
	var g group
	file := filepath.Join(t.TempDir(), "runs")
	for range 2 {
		_, err := g.run(t.Context(), env, "echo x >> "+file+"; sleep 600", 200*time.Millisecond)
		if !errors.Is(err, errLate) {
			t.Errorf("%v", err)
		}
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "x\n" {
		t.Errorf("it ran as often as %q, %v", text, err)
	}
}

// runs reports whether a process is there and is no zombie.
func runs(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func TestAHelperThatDoesNotEndIsStoppedAfterALimitAndSaysSo(t *testing.T) {
	t.Parallel()
	began := time.Now()
	_, err := run(t.Context(), env, "echo waiting for the card >&2; sleep 600", 50*time.Millisecond)
	if err == nil || err.Error() != "it did not end within 50ms and was stopped: waiting for the card" || time.Since(began) > 30*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}
