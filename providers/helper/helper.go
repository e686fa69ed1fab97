// Package helper runs the programs that hand out credentials, such as the credential_process of an AWS profile. It imports
// providers only.
package helper

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"rollcall/providers"
)

// Limit is how long a helper may take.
const Limit = 15 * time.Second

// errLate is that of a helper that has had its time.
var errLate = errors.New("it did not end")

const (
	maxOutput = 64 << 10 // bytes of a helper's output, and of its stderr, that are kept
	pipesWait = time.Second
)

// running are the helpers of this process.
var running group

// Stop ends the helpers that run, and waits for that: a program calls it before it exits. A helper that is run afterwards ends
// at once.
func Stop() { running.stop() }

// Run runs a command with sh and returns what it writes to stdout. The command reads nothing on stdin, and runs in a session of
// its own, so that it can neither read from the terminal nor write to it. It sees the variables of env. After Limit, or when ctx
// ends, it is killed with the processes that it has started. The error of a command that fails holds its whole stderr as one
// printable line, and never its stdout, which may hold a secret. Calls with one command and env share a run: a helper that
// serves several sources asks its person once. One that did not end within Limit is not run again for a while, and all its
// sources have its error.
func Run(ctx context.Context, env providers.Environment, command string) ([]byte, error) {
	return running.run(ctx, env, command, Limit)
}

func run(ctx context.Context, env providers.Environment, command string, limit time.Duration) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(limited, "sh", "-c", command)
	inOwnSession(cmd)
	cmd.Env = env.List()
	var out, said capped
	cmd.Stdout, cmd.Stderr = &out, &said
	cmd.WaitDelay = pipesWait // for processes that a helper leaves behind with its pipes
	err := cmd.Run()
	why := strings.Join(strings.Fields(providers.Message(string(said.kept))), " ")
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay) && limited.Err() == nil:
		if out.dropped {
			return nil, fmt.Errorf("it wrote more than %d bytes", maxOutput)
		}
		return out.kept, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case limited.Err() != nil:
		return nil, fmt.Errorf("%w within %s and was stopped: %s", errLate, limit, cmp.Or(why, "it wrote nothing to stderr"))
	case why == "":
		return nil, fmt.Errorf("%w, and it wrote nothing to stderr", err)
	}
	return nil, fmt.Errorf("%w: %s", err, why)
}

// capped keeps the first maxOutput bytes that are written to it.
type capped struct {
	kept    []byte
	dropped bool
}

// Write implements io.Writer.
func (c *capped) Write(p []byte) (int, error) {
	n := min(len(p), maxOutput-len(c.kept))
	c.kept = append(c.kept, p[:n]...)
	c.dropped = c.dropped || n < len(p)
	return len(p), nil
}
