package app

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// full is a disk with room for so many bytes.
type full struct {
	bytes.Buffer
	room int
}

func (f *full) Write(p []byte) (int, error) {
	n := min(len(p), f.room)
	f.room -= n
	_, _ = f.Buffer.Write(p[:n])
	if n < len(p) {
		return n, errors.New("no space left on device")
	}
	return n, nil
}

func TestALogFileOnAFullDiskIsSaidOnceAndGoesOnOnceThereIsRoom(t *testing.T) {
	disk, said := &full{room: 7}, 0
	l := &logFile{file: disk, failed: func(error) { said++ }}
	for range 4 {
		_, _ = l.Write([]byte("line\n"))
	}
	disk.room = 100
	_, _ = l.Write([]byte("whole\n"))
	if got := disk.String(); said != 1 || got != "line\nli\nwhole\n" {
		t.Errorf("said %d times, wrote %q", said, got)
	}
}

func TestADeviceThatIsFullIsSaidInOneLine(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /dev/full")
	}
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
