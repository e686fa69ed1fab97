package boot

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace without a name. It exists as long as a process in it or a file of it does.
type namespace struct{ file *os.File }

const ownNamespace = "/proc/thread-self/ns/net"

// newNamespace returns an empty network namespace with its loopback up.
func newNamespace() (*namespace, error) {
	var n *namespace
	err := onOwnThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		f, err := os.Open(ownNamespace)
		if err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		n = &namespace{f}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return n, n.ip("link set lo up")
}

// onOwnThread runs f on a thread of its own, whose namespace f may change. The thread is restored afterwards, or never
// used again.
func onOwnThread(f func() error) error {
	runtime.LockOSThread()
	home, err := os.Open(ownNamespace)
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("look at the network namespace: %w", err)
	}
	defer home.Close() //nolint:errcheck // it was only read
	done := f()
	if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
		// The thread stays locked, and ends with its goroutine.
		return fmt.Errorf("come back from a network namespace: %w", err)
	}
	runtime.UnlockOSThread()
	return done
}

// in runs f in the namespace. Sockets and processes of f belong to it; goroutines do not.
func (n *namespace) in(f func() error) error {
	return onOwnThread(func() error {
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter a network namespace: %w", err)
		}
		return f()
	})
}

// path returns the path of the namespace for other programs, while this process lives.
func (n *namespace) path() string {
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), n.file.Fd())
}

func (n *namespace) close() { _ = n.file.Close() }

// ip runs commands of ip(8) in the namespace.
func (n *namespace) ip(lines ...string) error {
	return n.in(func() error {
		c := exec.Command("ip", "-batch", "-")
		c.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("ip: %w: %s", err, bytes.TrimSpace(out))
		}
		return nil
	})
}

// listen opens a TCP port in the namespace.
func (n *namespace) listen(address string) (l net.Listener, err error) {
	err = n.in(func() error {
		l, err = net.Listen("tcp4", address)
		return err
	})
	return l, err
}
