//go:build unix

package watcher

import (
	"os/exec"
	"syscall"
)

// endWithChildren has the end of its context end a command and all that it has started. It is called
// before the command is started.
func endWithChildren(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
