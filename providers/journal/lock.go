package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// lockWait is the longest wait for a lock. The holder only writes some lines and waits for the disk.
const lockWait = 10 * time.Second

// ErrStopped means that the wait for the lock was stopped, ErrHeld that it timed out.
var (
	ErrStopped = errors.New("stopped while another process held the journal")
	ErrHeld    = errors.New("nothing is changed without the journal: let that process go on, or end it, and try again")
)

// waitFor retries to take a lock until it succeeds, stop is closed or lockWait has passed.
func waitFor(stop <-chan struct{}, f *os.File, try func(*os.File) (bool, error)) error {
	deadline := time.Now().Add(lockWait)
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		ok, err := try(f)
		if err != nil {
			return fmt.Errorf("journal: lock %s: %w", f.Name(), err)
		}
		if ok {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("journal: %s has held %s for %d s; %w", holder(f.Name()), f.Name(), int(lockWait/time.Second), ErrHeld)
		}
		select {
		case <-time.After(pause):
		case <-stop:
			return fmt.Errorf("journal: %w: %s holds %s", ErrStopped, holder(f.Name()), f.Name())
		}
	}
}

// holderPath returns the file that names the current or last holder of the lock.
func holderPath(lock string) string { return lock + ".holder" }

// nameHolder records this process as the holder. An error is ignored, since only the name is lost.
func nameHolder(lock string) {
	f, err := openOwn(holderPath(lock), os.O_WRONLY|os.O_CREATE)
	if err != nil {
		return
	}
	text := fmt.Sprintf("%d %s\n", os.Getpid(), filepath.Base(os.Args[0]))
	if _, err := f.WriteAt([]byte(text), 0); err == nil {
		_ = f.Truncate(int64(len(text)))
	}
	_ = f.Close()
}

// holder describes the process that holds a lock: its id, its command and whether it is stopped, as far as known.
func holder(lock string) string {
	f, err := openOwn(holderPath(lock), os.O_RDONLY)
	if err != nil {
		return "another process"
	}
	defer func() { _ = f.Close() }() // it was only read
	text := make([]byte, 256)
	n, _ := f.ReadAt(text, 0)
	number, command, _ := strings.Cut(strings.TrimSpace(string(text[:n])), " ")
	pid, err := strconv.Atoi(number)
	if err != nil {
		return "another process"
	}
	// The state follows the command, which is in parentheses and may contain any character: proc(5).
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if _, none := os.Stat("/proc/self/stat"); err != nil && none == nil {
		return "another process" // the recorded holder is gone, and the current one has not recorded itself
	}
	if _, state, ok := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " "); err == nil && ok && strings.HasPrefix(state, "T") {
		command += ", stopped"
	}
	return fmt.Sprintf("process %d (%s)", pid, command)
}

// openOwn opens a file of the journal. It must be a regular file of this user, because a link could redirect the
// entries and what is cut off.
func openOwn(path string, flag int) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSymlink != 0 {
		return nil, fmt.Errorf("%s is a symbolic link, and must be a file: put the file itself there", path)
	}
	f, err := os.OpenFile(path, flag|noFollow, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file: put the file itself there, or remove what is there", path)
	}
	if uid, other := ownedByOther(f); err == nil && other {
		err = fmt.Errorf("%s belongs to another user (uid %d): change its owner, or name another state folder", path, uid)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
