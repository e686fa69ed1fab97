//go:build !unix

package watcher

import "os/exec"

// endWithChildren does nothing: this system has no process groups, and only the command itself is ended.
func endWithChildren(*exec.Cmd) {}
