//go:build !unix

package helper

import "os/exec"

// inOwnSession does nothing: this system has no sessions, and only the command itself is ended.
func inOwnSession(*exec.Cmd) {}
