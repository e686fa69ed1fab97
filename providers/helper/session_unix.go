//go:build unix

package helper

import (
	"os/exec"
	"syscall"
)

// inOwnSession makes a command start in a session of its own, which has no terminal, and makes the end of its context end all
// processes of that session's first group.
func inOwnSession(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
