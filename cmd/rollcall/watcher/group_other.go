//go:build !unix

package watcher

import "os/exec"

// endWithChildren does nothing here: this system has no process groups, and the command alone is ended.
func endWithChildren(*exec.Cmd) {}
