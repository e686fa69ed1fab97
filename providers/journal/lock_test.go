//go:build unix

package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

const holderEnv = "ROLLCALL_TEST_JOURNAL_HOLDER"

// hold takes the lock of a journal, says so, and keeps it until it is killed.
func hold(path string) {
	j, err := Open(path, providers.Clock{}, nil)
	if err == nil {
		err = j.locked(func() error {
			fmt.Println("held")
			_, err := io.Copy(io.Discard, os.Stdin) // ends when the test does, unless it is killed before
			return err
		})
	}
	fmt.Println(err)
	os.Exit(1)
}

// holdLock starts a process that holds the lock of a journal, and stops it with SIGSTOP.
func holdLock(t *testing.T, path string) (pid int) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), holderEnv+"="+path)
	providertest.StartProgram(t, c, "held")
	if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	return c.Process.Pid
}

func TestALockThatAStoppedProcessHoldsIsWaitedForTenSecondsAndItsHolderNamed(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	path := file(t)
	j := open(t, path)
	begin(t, j, 1)
	pid := holdLock(t, path)
	for name, do := range map[string]func() error{
		"begin": func() error { _, err := j.Begin(entry(2)); return err },
		"open":  func() error { _, err := Open(path, providers.Clock{}, nil); return err },
		"read":  func() error { _, _, err := Read(path, nil); return err },
		"end":   func() error { return j.End(Outcome{ID: "1", State: Done}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			err := do()
			took := time.Since(begin)
			want := fmt.Sprintf("process %d (%s", pid, filepath.Base(os.Args[0]))
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "nothing is changed without the journal") {
				t.Errorf("%v, want %s", err, want)
			}
			if took < lockWait || took > 4*lockWait {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestWhoIsStoppedWaitsForNoLock(t *testing.T) {
	path := file(t)
	stop := make(chan struct{})
	j, err := Open(path, providers.Clock{}, stop)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	holdLock(t, path)
	time.AfterFunc(50*time.Millisecond, func() { close(stop) })
	begin := time.Now()
	if _, err := j.Begin(entry(1)); !errors.Is(err, ErrStopped) {
		t.Error(err)
	}
	if _, _, err := Read(path, stop); !errors.Is(err, ErrStopped) {
		t.Error(err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestAFileOfTheJournalThatIsNoFileOfItsOwnIsRefused(t *testing.T) {
	for _, name := range []string{"", ".lock"} {
		for what, put := range map[string]func(path string) error{
			"symbolic link":   func(path string) error { return os.Symlink(filepath.Join(filepath.Dir(path), "elsewhere"), path) },
			"no regular file": func(path string) error { return syscall.Mkfifo(path, 0o600) },
			"directory":       func(path string) error { return os.Mkdir(path, 0o700) },
		} {
			path := file(t)
			elsewhere := filepath.Join(filepath.Dir(path), "elsewhere")
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(elsewhere, []byte("precious\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := put(path + name); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(path, providers.Clock{}, nil); err == nil || !strings.Contains(err.Error(), what) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s as %s is opened: %v", what, name, err)
			}
			if _, _, err := Read(path, nil); name == "" && err == nil {
				t.Errorf("%s is read", what)
			}
			if text, err := os.ReadFile(elsewhere); err != nil || string(text) != "precious\n" {
				t.Errorf("%s: the file behind it is %q, %v", what, text, err)
			}
		}
	}
}

func TestAJournalOfAnotherUserIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	path := file(t)
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 12345, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, providers.Clock{}, nil); err == nil || !strings.Contains(err.Error(), "belongs to another user (uid 12345)") {
		t.Error(err)
	}
}
