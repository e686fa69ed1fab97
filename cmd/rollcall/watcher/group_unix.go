//go:build unix

package watcher

import (
	"os/exec"
	"syscall"
)

// endWithChildren makes the end of a command's context end all processes that it has started. It must be called before
// the command starts.
func endWithChildren(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
