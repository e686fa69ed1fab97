package app

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestADeviceThatIsFullIsSaidInOneLine(t *testing.T) {
	var out bytes.Buffer
	a := &Program{Err: &out}
	if err := a.LogCalls(false, "/dev/full"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { a.Calls.file.Info("x") })
	}
	wg.Wait()
	if strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), "--log-file: write /dev/full: no space left on device") || a.Calls.FileErr() == nil {
		t.Errorf("%q, %v", out.String(), a.Calls.FileErr())
	}
	b := &Program{Err: &out}
	if err := b.LogCalls(false, filepath.Join(t.TempDir(), "log")); err != nil {
		t.Fatal(err)
	}
	b.Calls.file.Info("x")
	if err := b.Calls.FileErr(); err != nil {
		t.Error(err)
	}
	for _, c := range append(a.Closers, b.Closers...) {
		if err := c(); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	}
}
