// Package app opens what a run of the program works with: it reads the config, sets up the configured or discovered
// accounts and sources, and makes the fleet that reads them, the journal, and the engine that carries out plans. Read
// Program, then Session. It imports the config and packages below cmd, and no command.
package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/term"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Program is one run of the program: its input and output, the flags that all commands share, and what must be closed
// at the end.
type Program struct {
	In       *os.File
	Out, Err io.Writer
	Env      providers.Environment // replaced by LoadConfig with --demo
	logging  sync.Mutex            // held while Logf writes
	providers.Clock

	Demo   bool
	Quiet  bool
	ASCII  bool // names are shown as they are on the wire
	Config string
	// StartDemo starts the embedded clouds of --demo in a folder, and returns env as their clients need it.
	StartDemo func(ctx context.Context, dir string, env providers.Environment) (client providers.Environment, stop func() error, err error)

	// Console asks a person at the console. It is nil if none runs, and is set before the console's first read.
	Console    providers.Asker
	questions  sync.Mutex  // held while a question is asked at the terminal
	asking     atomic.Bool // a question waits at the terminal for its answer
	unanswered sync.Map    // texts of questions that were left unanswered
	shared     sync.Map    // what accounts share; see adapter.Opening
	stores     sync.Map    // of teams; see TeamStore

	// Interrupted is closed when the program should stop; then nothing waits for the journal any more.
	Interrupted <-chan struct{}

	writesNothing atomic.Bool // see WritesNothing

	Closers []func() error

	// Calls are the calls to APIs of this run.
	Calls CallLog
}

// Interactive reports whether input and output are terminals.
func (a *Program) Interactive() bool {
	out, ok := a.Out.(*os.File)
	return ok && term.IsTerminal(int(a.In.Fd())) && term.IsTerminal(int(out.Fd()))
}

// Notef is Logf for what --quiet leaves out: progress, and what a person would like to know but need not.
func (a *Program) Notef(format string, args ...any) {
	if !a.Quiet {
		a.Logf(format, args...)
	}
}

// Logf writes a line for a person to stderr, with internationalized names in Unicode unless ASCII is set; stdout is for
// machine output only. A write error cannot be reported and is ignored. It may be called concurrently.
func (a *Program) Logf(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	a.logging.Lock()
	defer a.logging.Unlock()
	_, _ = fmt.Fprintln(a.Err, a.Readable(line))
	a.logLine(line)
}

// Readable returns a text for a person, with internationalized names in Unicode unless ASCII is set.
func (a *Program) Readable(text string) string {
	if a.ASCII {
		return text
	}
	return index.Readable(text)
}

// logLine writes a line to --log-file.
func (a *Program) logLine(line string) {
	if a.Calls.file != nil {
		a.Calls.file.Info(strings.TrimPrefix(line, "rollcall: "))
	}
}
